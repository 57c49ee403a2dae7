//! What a file is: format, sheets, header, encoding, coordinates, and the layer that it may serve, with a
//! mapping to start from.

use super::binding::{Binding, HeaderNames};
use super::delimited::Delimited;
use super::features::{Ask, FeatureFormat};
use super::formats::{Format, How};
use super::header::{self, Header};
use super::load::{LoadOptions, load_layers};
use super::place::guess_crs;
use super::source::Fault;
use super::terrain::{MAX_PROPAGATION_POSTING_M, TerrainStore};
use super::values::{Owned, Value};
use super::workbook::Workbook;
use super::{foreign, graphml, osm};
use crate::crs::Crs;
use crate::model::inputs::LayerInfo;
use crate::model::issues::{Issues, Place};
use crate::model::kinds::Lang;
use crate::model::project::{Address, LayerSpec, Project};
use crate::model::rules;
use crate::model::said::Said;
use crate::model::schema::{Kind, LAYERS, Layer, Need, Shape};
use crate::model::words::counted;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
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
    /// Layers in the file, of formats that may hold several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<String>,
    /// Layer that was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inner_layer: Option<String>,
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
    let shown = match database(path) {
        Some(_) => Address::SHOWN.to_owned(),
        None => path.display().to_string(),
    };
    let mut found = Inspection { file: shown.clone(), ..Inspection::default() };
    look(path, lang, &mut found).map_err(|fault| {
        let mut issues = Issues::default();
        let place = Place { file: shown, row: fault.row, column: None };
        issues.add_said(fault.rule, "", place, &fault.message);
        issues
    })?;
    Ok(found)
}

fn look(path: &Path, lang: Lang, found: &mut Inspection) -> Result<(), Fault> {
    let is_database = database(path).is_some();
    if !is_database {
        std::fs::metadata(path).map_err(|e| Fault::new(&rules::FILE_UNREADABLE, Said::from(&e)))?;
    }
    let format = if is_database {
        Format::parse("postgresql")
    } else if path.is_dir() {
        Format::parse("hgt")
    } else {
        let named = Format::of_name(path);
        let told = Format::of_content(path);
        // `.json` may be more than GeoJSON.
        match (named, told) {
            (Some(n), Some(t)) if n.word() == "geojson" && t.word() == "ofds" => told,
            _ => named.or(told),
        }
    };
    let format = format.ok_or_else(|| {
        let all = Format::all();
        let message = (
            format!("neither its name nor its content tells; known are {all}"),
            format!("文件名与内容均看不出格式；可用的有 {all}"),
        );
        Fault::new(&rules::FORMAT_UNKNOWN, message)
    })?;
    found.format = format.word().to_owned();
    let peek = match format.how {
        How::Grid => return grid(path, lang, found),
        How::Osm => return extract(path, lang, found),
        How::Topology => return topology(path, lang, found),
        How::Delimited => {
            let file = Delimited::open(path, None, None)?;
            found.encoding = Some(file.encoding().to_owned());
            found.delimiter = Some(char::from(file.delimiter));
            let (numbers, rows) = file.head(PEEK_ROWS)?.into_iter().unzip();
            Peek { rows, numbers, names: None, shape: None, crs: None }
        }
        How::Features(f) => return feature_layers(path, format, f, lang, found),
        How::Workbook => return workbook(path, format, lang, found),
    };
    let best = guess(&peek, None);
    describe(path, format, lang, &peek, best, found);
    Ok(())
}

/// Looks at every layer of a file of features, and describes the one that fits best.
fn feature_layers(
    path: &Path,
    format: &'static Format,
    how: &dyn FeatureFormat,
    lang: Lang,
    found: &mut Inspection,
) -> Result<(), Fault> {
    let spec = LayerSpec { database: database(path), ..LayerSpec::default() };
    let ask = Ask { path, spec: &spec, layer: None };
    found.layers = how.layers(&ask)?;
    let mut best: Option<(Option<Guess>, Option<String>, Peek)> = None;
    let all: Vec<Option<String>> =
        if found.layers.is_empty() { vec![None] } else { found.layers.iter().cloned().map(Some).collect() };
    for name in all {
        let peek = peek_features(how, &ask, name.as_deref())?;
        let guessed = guess(&peek, None);
        let score = |g: &Option<Guess>| g.as_ref().map_or(0, |g| g.0);
        if best.as_ref().is_none_or(|b| score(&guessed) > score(&b.0)) {
            best = Some((guessed, name, peek));
        }
    }
    let Some((mut guessed, name, mut peek)) = best else { return Ok(()) };
    if let Some((_, layer, _)) = guessed {
        // Names that the format cut short mean something once the layer is known.
        peek = peek_features(how, &Ask { layer: Some(layer), ..ask }, name.as_deref())?;
        guessed = guess(&peek, None).filter(|g| g.1.name == layer.name).or(guessed);
    }
    found.inner_layer = name;
    describe(path, format, lang, &peek, guessed, found);
    Ok(())
}

/// The address that a path is, if it is one of a database.
fn database(path: &Path) -> Option<Address> {
    Address::of_path(path.to_str()?)
}

fn peek_features(how: &dyn FeatureFormat, ask: &Ask<'_>, layer: Option<&str>) -> Result<Peek, Fault> {
    let mut peek = Peek { rows: Vec::new(), numbers: Vec::new(), names: None, shape: None, crs: None };
    how.read(ask, layer, &mut |part| {
        peek.names = Some(part.names.to_vec());
        peek.crs = part.crs.map(str::to_owned);
        for row in part.rows.into_iter().take(PEEK_ROWS) {
            let this = row.shape.as_ref().map(|s| match s.kind() {
                "Point" | "MultiPoint" => Shape::Point,
                "LineString" | "MultiLineString" => Shape::Line,
                "Polygon" | "MultiPolygon" => Shape::Area,
                _ => Shape::None,
            });
            peek.shape = match (peek.shape, this) {
                (None, s) => s,
                (Some(a), Some(b)) if a != b => Some(Shape::Any),
                (s, _) => s,
            };
            peek.numbers.push(row.number);
            peek.rows.push(row.values);
        }
        Ok(ControlFlow::Break(()))
    })?;
    peek.names.get_or_insert_default();
    Ok(peek)
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

fn workbook(path: &Path, format: &'static Format, lang: Lang, found: &mut Inspection) -> Result<(), Fault> {
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
        (None, None) => {
            return Err(Fault::new(
                &rules::HEADER_MISSING,
                ("no visible sheet has a table", "可见工作表中没有表格"),
            ));
        }
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
    describe(path, format, lang, &peek, guessed, found);
    Ok(())
}

fn describe(
    path: &Path,
    format: &'static Format,
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
        // A definition goes by its name.
        (Some(text), _) => (text.parse::<Crs>().map_or_else(|_| text.clone(), |c| c.to_string()), None),
        (None, Some(b)) if peek.shape.is_none() => guess_crs(b, &rows, &names, lang),
        (None, _) if peek.names.is_some() => {
            (lang.pick("WGS 84, as none is stated", "未注明，按 WGS 84 处理").to_owned(), None)
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
    let spec = match spec.database {
        Some(_) => LayerSpec { format: Some(format.word().to_owned()), ..spec },
        None => spec,
    };
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
    format: &'static Format,
    found: &Inspection,
    binding: &Binding,
    crs: Option<String>,
) -> LayerSpec {
    // Also what would be found without being named: the whole mapping is there to be checked.
    let columns: BTreeMap<String, Vec<String>> =
        binding.columns.iter().map(|b| (b.column.name.to_owned(), vec![b.header.clone()])).collect();
    let named = Format::of_name(path) == Some(format) || database(path).is_some();
    LayerSpec {
        paths: vec![found.file.clone()],
        database: database(path),
        format: (!named).then(|| format.word().to_owned()),
        layer: found.inner_layer.clone().filter(|_| found.layers.len() > 1),
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
    if let Some(f) = &spec.format {
        out.push_str(&format!("format = {}\n", quoted(f)));
    }
    if let Some(l) = &spec.layer {
        out.push_str(&format!("layer = {}\n", quoted(l)));
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
