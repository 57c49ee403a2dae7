//! What a file is: format, sheets, header, encoding, coordinates, and the layer that it may serve, with a
//! mapping to start from.

use super::binding::{Binding, HeaderNames};
use super::delimited::Delimited;
use super::features::FeatureFile;
use super::header::{self, Header};
use super::load::{LoadOptions, load_layers};
use super::place::guess_crs;
use super::source::Fault;
use super::terrain::{MAX_PROPAGATION_POSTING_M, TerrainStore};
use super::values::{Owned, Value};
use super::workbook::Workbook;
use super::{foreign, graphml, osm};
use crate::model::inputs::LayerInfo;
use crate::model::issues::{Issues, Place};
use crate::model::kinds::Lang;
use crate::model::project::{Format, LayerSpec, Project};
use crate::model::rules;
use crate::model::schema::{Kind, LAYERS, Layer, Need, Shape};
use crate::model::words::counted;
use std::collections::BTreeMap;
use std::path::Path;

/// What was found out about a file.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Inspection {
    /// The file as given.
    pub file: String,
    /// Its format.
    pub format: String,
    /// Encoding of a text file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// Column separator of a text file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<char>,
    /// Sheets of a workbook.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sheets: Vec<SheetInfo>,
    /// Sheet that was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// Row of the header, from one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header_row: Option<u32>,
    /// Rows, features or elements in all.
    pub rows: u64,
    /// Columns with what they seem to hold.
    pub columns: Vec<ColumnInfo>,
    /// Coordinate system, as declared or as the numbers suggest.
    pub crs: String,
    /// The layer that the columns fit best; none when nothing fits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer: Option<String>,
    /// A table for the project file.
    pub toml: String,
    /// What reading it as that layer found.
    #[serde(skip)]
    pub issues: Issues,
    /// Counts of that reading.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reading: Option<LayerInfo>,
    /// What can't be read off the file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// A sheet of a workbook.
#[derive(Clone, Debug, serde::Serialize)]
pub struct SheetInfo {
    /// Name.
    pub name: String,
    /// Hidden sheets are passed over unless named.
    pub visible: bool,
    /// Rows in use.
    pub rows: usize,
}

/// A column of the file.
#[derive(Clone, Debug, serde::Serialize)]
pub struct ColumnInfo {
    /// Name in the file.
    pub name: String,
    /// Column of the layer that it feeds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub feeds: Option<String>,
    /// Its first values.
    pub samples: Vec<String>,
}

/// The first rows of a file.
struct Peek {
    rows: Vec<Vec<Owned>>,
    numbers: Vec<u32>,
    /// Set where the format names its columns itself.
    names: Option<Vec<HeaderNames>>,
    shape: Option<Shape>,
    crs: Option<String>,
}

const SAMPLES: usize = 3;
const PEEK_ROWS: usize = 300;

/// Looks at a file; what is said about it is in the language given.
///
/// # Errors
/// The message of why it can't be read at all, with the rule it breaks.
pub fn inspect(path: &Path, lang: Lang) -> Result<Inspection, Issues> {
    let shown = path.display().to_string();
    let mut found = Inspection { file: shown.clone(), ..Inspection::default() };
    look(path, lang, &mut found).map_err(|fault| {
        let mut issues = Issues::default();
        let place = Place { file: shown, row: fault.row, column: None };
        issues.add(fault.rule, "", place, &fault.message);
        issues
    })?;
    Ok(found)
}

fn look(path: &Path, lang: Lang, found: &mut Inspection) -> Result<(), Fault> {
    std::fs::metadata(path).map_err(|e| Fault::new(&rules::FILE_UNREADABLE, e.to_string()))?;
    let format =
        if path.is_dir() { Some(Format::Hgt) } else { Format::of_name(path).or_else(|| by_content(path)) };
    let format = format.ok_or_else(|| {
        let all: Vec<&str> = Format::WORDS.iter().map(|(f, _)| f.word()).collect();
        Fault::new(
            &rules::FORMAT_UNKNOWN,
            format!("neither its name nor its content tells; known are {}", all.join(", ")),
        )
    })?;
    found.format = format.word().to_owned();
    let peek = match format {
        Format::Hgt | Format::GeoTiff => return grid(path, lang, found),
        Format::OsmPbf | Format::OsmXml => return extract(path, lang, found),
        Format::GraphMl => return topology(path, lang, found),
        Format::Delimited => {
            let file = Delimited::open(path, None, None)?;
            found.encoding = Some(file.encoding().to_owned());
            found.delimiter = Some(char::from(file.delimiter));
            let (numbers, rows) = file.head(PEEK_ROWS)?.into_iter().unzip();
            Peek { rows, numbers, names: None, shape: None, crs: None }
        }
        Format::GeoJson => peek_features(path)?,
        Format::Workbook => return workbook(path, lang, found),
    };
    let best = guess(&peek, None);
    describe(path, format, lang, &peek, best, found);
    Ok(())
}

/// The format that a file's first bytes tell.
fn by_content(path: &Path) -> Option<Format> {
    use std::io::Read;
    let mut head = Vec::new();
    std::fs::File::open(path).ok()?.take(4096).read_to_end(&mut head).ok()?;
    if head.starts_with(b"PK") || head.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        return Some(Format::Workbook);
    }
    if head.starts_with(b"II*\0") || head.starts_with(b"MM\0*") {
        return Some(Format::GeoTiff);
    }
    match head.iter().find(|b| !b.is_ascii_whitespace())? {
        b'{' => Some(Format::GeoJson),
        b'<' if memchr::memmem::find(&head, b"<graphml").is_some() => Some(Format::GraphMl),
        b'<' if memchr::memmem::find(&head, b"<osm").is_some() => Some(Format::OsmXml),
        _ if !head.contains(&0) && head.iter().any(|b| b",;\t|".contains(b)) => Some(Format::Delimited),
        _ => None,
    }
}

fn peek_features(path: &Path) -> Result<Peek, Fault> {
    let mut file = FeatureFile::open(path, None)?;
    let (mut names, mut rows): (Vec<HeaderNames>, Vec<Vec<Owned>>) = (Vec::new(), Vec::new());
    let mut shape = None;
    if let Some(batch) = file.next_batch()? {
        let (keys, owned) = batch.table()?;
        names = keys;
        for row in owned.into_iter().take(PEEK_ROWS) {
            let this = row.shape.as_ref().map(|s| match s.kind() {
                "Point" | "MultiPoint" => Shape::Point,
                "LineString" | "MultiLineString" => Shape::Line,
                "Polygon" | "MultiPolygon" => Shape::Area,
                _ => Shape::None,
            });
            shape = match (shape, this) {
                (None, s) => s,
                (Some(a), Some(b)) if a != b => Some(Shape::Any),
                (s, _) => s,
            };
            rows.push(row.values);
        }
    }
    let numbers = (1..).take(rows.len()).collect();
    Ok(Peek { rows, numbers, names: Some(names), shape, crs: file.crs })
}

/// A layer with how well a table fits it.
type Guess = (i64, &'static Layer, Header);

/// The layer whose columns a table has most of; required ones count more, and a column of words only
/// where its values are such words.
fn guess(peek: &Peek, best: Option<Guess>) -> Option<Guess> {
    let spec = LayerSpec::default();
    let mut best = best;
    for layer in LAYERS.iter().filter(|l| !matches!(l.shape, Shape::Grid | Shape::Patterns)) {
        let fits = match (peek.shape, layer.shape) {
            (Some(a), b) => a == b || b == Shape::Any && a != Shape::Area,
            (None, _) => peek.names.is_none() || layer.shape == Shape::None,
        };
        let header = match &peek.names {
            Some(names) => Some(Header { first: 0, rows: 0, names: names.clone() }),
            None => header::find(&peek.rows, layer, &spec, &peek.numbers),
        };
        let (true, Some(header)) = (fits, header) else { continue };
        let binding = Binding::new(layer, &header.names, &spec);
        let mut score = 0i64;
        for bound in &binding.columns {
            let source = bound.sources.first().map(|s| usize::from(*s));
            let values = peek
                .rows
                .iter()
                .skip(header.data())
                .filter_map(|r| r.get(source?))
                .map(|v| v.borrow().trimmed());
            let values: Vec<Value<'_>> = values.filter(|v| !v.is_blank()).collect();
            let understood = match bound.column.kind {
                Kind::Word(v) => {
                    values.iter().filter(|x| (v.read)(&x.text()).is_some()).count() * 2 >= values.len()
                }
                Kind::Number | Kind::Whole => {
                    values.iter().filter(|x| super::values::number(**x, bound.column.unit).is_some()).count()
                        * 2
                        >= values.len()
                }
                _ => true,
            };
            let own = layer.own.iter().any(|c| c.name == bound.column.name);
            let worth = match (own, bound.column.need) {
                (false, _) => 1,
                (true, Need::Required) => 4,
                (true, _) => 3,
            };
            score += if understood { worth } else { -worth };
        }
        for c in layer.own.iter().filter(|c| c.need == Need::Required) {
            if !binding.columns.iter().any(|b| b.column.name == c.name) {
                score -= 2;
            }
        }
        if score > best.as_ref().map_or(0, |b| b.0) {
            best = Some((score, layer, header));
        }
    }
    best
}

fn workbook(path: &Path, lang: Lang, found: &mut Inspection) -> Result<(), Fault> {
    let mut book = Workbook::open(path)?;
    let mut best: Option<(Guess, String, Peek)> = None;
    let mut first: Option<(String, Peek)> = None;
    for (name, visible) in book.names.clone() {
        let sheet = book.sheet(&name)?;
        found.sheets.push(SheetInfo { name: name.clone(), visible, rows: sheet.rows.len() });
        if !visible {
            continue;
        }
        let rows: Vec<Vec<Owned>> = sheet.rows.into_iter().take(PEEK_ROWS).collect();
        let numbers = sheet.numbers.into_iter().take(PEEK_ROWS).collect();
        let peek = Peek { rows, numbers, names: None, shape: None, crs: None };
        match guess(&peek, None) {
            Some(g) if best.as_ref().is_none_or(|b| g.0 > b.0.0) => best = Some((g, name, peek)),
            _ if first.is_none() => first = Some((name, peek)),
            _ => {}
        }
    }
    let (guessed, name, peek) = match (best, first) {
        (Some((g, name, peek)), _) => (Some(g), name, peek),
        (None, Some((name, peek))) => (None, name, peek),
        (None, None) => return Err(Fault::new(&rules::HEADER_MISSING, "no visible sheet has a table")),
    };
    found.sheet = Some(name);
    let hidden = found.sheets.iter().filter(|s| !s.visible).count();
    if hidden > 0 {
        found.remarks.push(match lang {
            Lang::En => {
                format!("{} passed over; `sheet = \"...\"` reads one", counted(hidden as u64, "hidden sheet"))
            }
            Lang::Zh => format!("跳过 {hidden} 个隐藏工作表；可用 `sheet = \"...\"` 读取"),
        });
    }
    describe(path, Format::Workbook, lang, &peek, guessed, found);
    Ok(())
}

fn describe(
    path: &Path,
    format: Format,
    lang: Lang,
    peek: &Peek,
    best: Option<Guess>,
    found: &mut Inspection,
) {
    let (layer, header) = match best {
        Some((_, layer, header)) => (Some(layer), Some(header)),
        None => {
            let any = LAYERS.first();
            let header = match &peek.names {
                Some(names) => Some(Header { first: 0, rows: 0, names: names.clone() }),
                None => any.and_then(|l| header::find(&peek.rows, l, &LayerSpec::default(), &peek.numbers)),
            };
            (None, header)
        }
    };
    let Some(header) = header else { return };
    if peek.names.is_none() && header.rows > 0 {
        found.header_row = peek.numbers.get(header.first).copied();
    }
    let binding = layer.map(|l| Binding::new(l, &header.names, &LayerSpec::default()));
    for (i, names) in header.names.iter().enumerate() {
        let name = names.first().cloned().unwrap_or_default();
        let feeds = binding.as_ref().and_then(|b| {
            let bound = b.columns.iter().find(|c| c.sources.iter().any(|s| usize::from(*s) == i));
            bound.map(|c| c.column.name.to_owned())
        });
        let values =
            peek.rows.iter().skip(header.data()).filter_map(|r| r.get(i)).map(|v| v.borrow().trimmed());
        let samples =
            values.filter(|v| *v != Value::Blank).take(SAMPLES).map(|v| v.text().chars().take(40).collect());
        found.columns.push(ColumnInfo { name, feeds, samples: samples.collect() });
    }
    let rows: Vec<Vec<Value<'_>>> =
        peek.rows.iter().skip(header.data()).map(|r| r.iter().map(Owned::borrow).collect()).collect();
    let names: Vec<&str> = header.names.iter().filter_map(|n| n.first().map(String::as_str)).collect();
    let (crs, code) = match (&peek.crs, &binding) {
        (Some(crs), _) => (crs.clone(), None),
        (None, Some(b)) if peek.shape.is_none() => guess_crs(b, &rows, &names, lang),
        (None, _) if peek.names.is_some() => {
            (lang.pick("WGS 84 (GeoJSON)", "WGS 84（GeoJSON）").to_owned(), None)
        }
        (None, _) => (lang.pick("not told by the columns", "无法由列名判断").to_owned(), None),
    };
    found.crs = crs;
    let Some((layer, binding)) = layer.zip(binding) else {
        let remark = lang.pick(
            "the columns fit no layer; name the layer and map its columns in `columns`",
            "各列与任何图层都不匹配；请指定图层并在 `columns` 中映射",
        );
        found.remarks.push(remark.to_owned());
        return;
    };
    found.layer = Some(layer.name.to_owned());
    let spec = propose(path, format, found, &binding, code);
    found.toml = toml_of(layer, &spec, &binding, lang);
    if let Ok(mut project) = Project::empty("inspect") {
        project.layers.insert(layer.name.to_owned(), spec);
        let inputs = load_layers(&project, &LoadOptions::default());
        found.reading = inputs.layers.get(layer.name).cloned();
        found.rows = found.reading.as_ref().map_or(0, |l| l.rows_read);
        found.issues = inputs.issues;
    }
}

fn propose(
    path: &Path,
    format: Format,
    found: &Inspection,
    binding: &Binding,
    crs: Option<String>,
) -> LayerSpec {
    // Also what would be found without being named: the whole mapping is there to be checked.
    let columns: BTreeMap<String, Vec<String>> =
        binding.columns.iter().map(|b| (b.column.name.to_owned(), vec![b.header.clone()])).collect();
    let named = Format::of_name(path) == Some(format);
    LayerSpec {
        paths: vec![path.display().to_string()],
        format: (!named).then_some(format),
        sheet: found.sheet.clone().filter(|_| found.sheets.iter().filter(|s| s.visible).count() > 1),
        header_row: found.header_row.filter(|r| *r > 1),
        crs,
        columns,
        ..LayerSpec::default()
    }
}

fn quoted(s: &str) -> String {
    toml::Value::String(s.to_owned()).to_string()
}

fn toml_of(layer: &'static Layer, spec: &LayerSpec, binding: &Binding, lang: Lang) -> String {
    let mut out = format!("[layers.{}]\npath = {}\n", layer.name, quoted(&spec.paths.join("")));
    if let Some(f) = spec.format {
        out.push_str(&format!("format = {}\n", quoted(f.word())));
    }
    if let Some(s) = &spec.sheet {
        out.push_str(&format!("sheet = {}\n", quoted(s)));
    }
    if let Some(r) = spec.header_row {
        out.push_str(&format!("header_row = {r}\n"));
    }
    if let Some(c) = &spec.crs {
        out.push_str(&format!("crs = {}\n", quoted(c)));
    }
    if !spec.columns.is_empty() {
        let pairs: Vec<String> =
            spec.columns.iter().map(|(k, v)| format!("{k} = {}", quoted(&v.join("+")))).collect();
        out.push_str(&format!("columns = {{ {} }}\n", pairs.join(", ")));
    }
    let lacking: Vec<String> = layer
        .own
        .iter()
        .filter(|c| c.need == Need::Required && !c.name.ends_with("_id"))
        .filter(|c| !binding.columns.iter().any(|b| b.column.name == c.name))
        .map(|c| format!("{} = \"...\"", c.name))
        .collect();
    if !lacking.is_empty() {
        let say = lang.pick(
            "required, and not found; map a column or give one value for all rows:",
            "缺少以下必填列；请映射列，或为所有行指定同一取值：",
        );
        out.push_str(&format!("# {say}\n# defaults = {{ {} }}\n", lacking.join(", ")));
    }
    out
}

fn grid(path: &Path, lang: Lang, found: &mut Inspection) -> Result<(), Fault> {
    let store = TerrainStore::open(&[path.to_path_buf()], None, 0).map_err(|e| super::load::broken(e).1)?;
    found.rows = store.len() as u64;
    found.layer = Some("dem".to_owned());
    let posting = crate::geom::Terrain::posting_m(&store);
    found.crs = lang.pick("as the file says", "以文件所载为准").to_owned();
    found.remarks.push(match lang {
        Lang::En => format!("{}, {posting:.0} m between heights", counted(found.rows, "tile")),
        Lang::Zh => format!("{} 个图幅，格距 {posting:.0} m", found.rows),
    });
    if posting > MAX_PROPAGATION_POSTING_M {
        let limit = MAX_PROPAGATION_POSTING_M;
        found.remarks.push(match lang {
            Lang::En => {
                format!("too coarse for propagation: models with terrain need {limit:.0} m or finer")
            }
            Lang::Zh => format!("格距过粗，不能用于传播计算：地形模型要求不超过 {limit:.0} m"),
        });
    }
    found.toml = format!("[layers.dem]\npath = {}\n", quoted(&found.file));
    Ok(())
}

fn extract(path: &Path, lang: Lang, found: &mut Inspection) -> Result<(), Fault> {
    let (data, _) = osm::read(path).map_err(|e| super::load::broken(e).1)?;
    found.crs = "WGS 84".to_owned();
    let parts = foreign::feeds(&data);
    found.rows = parts.iter().map(|p| p.1 as u64).sum();
    found.layer = parts.iter().find(|p| p.1 > 0).map(|p| p.0.to_owned());
    for (layer, n) in parts.iter().filter(|p| p.1 > 0) {
        found.remarks.push(match lang {
            Lang::En => format!("{} for {layer}", counted(*n as u64, "element")),
            Lang::Zh => format!("{layer} 图层可用 {n} 个要素"),
        });
        found.toml.push_str(&format!("[layers.{layer}]\npath = {}\n\n", quoted(&found.file)));
    }
    Ok(())
}

fn topology(path: &Path, lang: Lang, found: &mut Inspection) -> Result<(), Fault> {
    let (net, problems) = graphml::read(path).map_err(|e| super::load::broken(e).1)?;
    found.crs = "WGS 84".to_owned();
    found.rows = (net.nodes.len() + net.links.len()) as u64;
    found.layer = Some("fiber".to_owned());
    let (nodes, links) = (net.nodes.len() as u64, net.links.len() as u64);
    found.remarks.push(match lang {
        Lang::En => {
            format!("{}, {}; a backbone isn't access fiber", counted(nodes, "node"), counted(links, "link"))
        }
        Lang::Zh => format!("{nodes} 个节点、{links} 条链路；骨干网不是接入光纤"),
    });
    found.remarks.extend(problems.iter().map(ToString::to_string));
    found.toml = format!("[layers.fiber]\npath = {}\n", quoted(&found.file));
    Ok(())
}
