//! Reading the project file: every key is known, or refused with its place and the nearest one that is.

use super::formats::Format;
use crate::model::catalogue::{Catalogue, CatalogueError, shown};
use crate::model::issues::Place;
use crate::model::kinds::Lang;
use crate::model::land_cover::{ClassMeaning, ClutterKind};
use crate::model::project::{Address, Axis, LayerSpec, Project};
use crate::model::said::{Bilingual, Said, did_you_mean_zh};
use crate::model::schema::{self, Layer, Shape};
use crate::model::settings::Settings;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

/// One thing wrong in a project file.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}", message.en)]
pub struct Fault {
    /// File, line and column.
    pub place: Place,
    /// What is wrong, and the nearest key that exists.
    pub message: Said,
    /// The way out.
    pub help: Said,
}

/// Why a project file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// It can't be read.
    #[error("can't read {path}: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// It isn't UTF-8.
    #[error("{path} isn't UTF-8 text; save the project file as UTF-8")]
    NotUtf8 {
        /// The file.
        path: String,
    },
    /// Its contents are refused.
    #[error("{}", list(.0))]
    Faults(Vec<Fault>),
}

impl Bilingual for ProjectError {
    fn zh(&self) -> String {
        match self {
            Self::Unreadable { path, source } => format!("无法读取 {path}：{}", source.zh()),
            Self::NotUtf8 { path } => format!("{path} 不是 UTF-8 文本；请把工程文件另存为 UTF-8"),
            Self::Faults(faults) => {
                let lines: Vec<String> =
                    faults.iter().map(|f| format!("{}：{}", f.place, f.message.zh)).collect();
                lines.join("\n")
            }
        }
    }
}

fn list(faults: &[Fault]) -> String {
    let lines: Vec<String> = faults
        .iter()
        .map(|f| {
            format!(
                "{}: {}{}",
                f.place,
                f.message.en,
                if f.help.is_empty() { String::new() } else { format!(" ({})", f.help.en) }
            )
        })
        .collect();
    lines.join("\n")
}

/// Keys of `[project]` that aren't settings.
const PROJECT_KEYS: &[&str] = &["name", "lang"];
const LAYER_KEYS: &[&str] = &[
    "path",
    "format",
    "layer",
    "query",
    "sheet",
    "header_row",
    "crs",
    "encoding",
    "delimiter",
    "columns",
    "defaults",
    "filter",
    "classes",
    "axis",
    "swap_xy",
    "as_of",
    "source",
    "synthetic",
];

/// Reads a project file.
///
/// # Errors
/// [`ProjectError`] when the file can't be read, or with everything in it that is refused.
pub fn read(path: &Path) -> Result<Project, ProjectError> {
    let shown = Address::hidden_in(&path.display().to_string());
    let bytes =
        std::fs::read(path).map_err(|source| ProjectError::Unreadable { path: shown.clone(), source })?;
    let text = String::from_utf8(bytes).map_err(|_| ProjectError::NotUtf8 { path: shown.clone() })?;
    let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
    let mut project = parse(&text, &shown).map_err(ProjectError::Faults)?;
    project.path = path.to_path_buf();
    project.folder = folder;
    Ok(project)
}

/// Reads a project from text; `shown` names it in messages.
///
/// # Errors
/// Everything that is refused, in order of the file.
pub fn parse(text: &str, shown: &str) -> Result<Project, Vec<Fault>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader { text, shown, spans: BTreeMap::new(), faults: Vec::new() };
    let table: Table = match text.parse() {
        Ok(t) => t,
        Err(e) => {
            let e: toml::de::Error = e;
            let told = e.message().trim();
            let message = (told.to_owned(), format!("不是有效的 TOML：“{told}”"));
            reader.fault(e.span(), message.into(), ("see the TOML syntax", "请检查 TOML 语法").into());
            return Err(reader.faults);
        }
    };
    if let Ok(spanned) = DeTable::parse(text) {
        collect_spans("", spanned.get_ref(), &mut reader.spans);
    }
    let project = reader.project(table);
    reader.faults.sort_by_key(|f| f.place.row);
    if reader.faults.is_empty() { project.ok_or_else(Vec::new) } else { Err(reader.faults) }
}

fn collect_spans(prefix: &str, table: &DeTable<'_>, out: &mut BTreeMap<String, Range<usize>>) {
    for (key, value) in table {
        let path = join(prefix, key.get_ref());
        out.insert(path.clone(), key.span());
        if let DeValue::Table(t) = value.get_ref() {
            collect_spans(&path, t, out);
        }
    }
}

fn join(prefix: &str, key: &str) -> String {
    if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") }
}

struct Reader<'a> {
    text: &'a str,
    shown: &'a str,
    spans: BTreeMap<String, Range<usize>>,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    fn fault(&mut self, span: Option<Range<usize>>, message: Said, help: Said) {
        let mut place = Place { file: self.shown.to_owned(), row: None, column: None };
        if let Some(head) = span.and_then(|s| self.text.get(..s.start)) {
            let line = head.bytes().filter(|b| *b == b'\n').count() + 1;
            let column = head.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            place.row = Some(line as u64);
            place.column = Some(column.to_string());
        }
        self.faults.push(Fault { place, message, help });
    }

    fn fault_at(&mut self, path: &str, message: impl Into<Said>, help: impl Into<Said>) {
        let span = self.spans.get(path).cloned();
        self.fault(span, message.into(), help.into());
    }

    /// A class of land cover without a meaning.
    fn class_fault(&mut self, path: &str, class: &str, text: &str) {
        let kinds = ClutterKind::ALL.iter().map(|k| k.code()).collect::<Vec<_>>();
        let message = (
            format!(
                "a class is a whole number from 0 to 65535 with a kind of clutter or a height of 0 to 300 m, not {class} = \"{text}\""
            ),
            format!(
                "类别应为 0 至 65535 的整数，取值为地物类型或 0 至 300 米的高度，而不是 {class} = \"{text}\""
            ),
        );
        let help = (format!("kinds are: {}", kinds.join(", ")), format!("地物类型有：{}", kinds.join("、")));
        self.fault_at(path, message, help);
    }

    fn wrong_type(&mut self, path: &str, takes: (&str, &str), given: &Value) {
        let given = shown(given);
        let message = (
            format!("`{path}` takes {}, not {given}", takes.0),
            format!("`{path}` 应为{}，而不是 {given}", takes.1),
        );
        self.fault_at(path, message, Said::default());
    }

    fn unknown(&mut self, path: &str, key: &str, nearest: Option<String>, help: impl Into<Said>) {
        let guess = nearest.as_ref().map(|n| format!(", did you mean `{n}`?")).unwrap_or_default();
        let guess_zh = did_you_mean_zh(nearest.as_deref());
        let message = (format!("unknown key `{key}`{guess}"), format!("未知的键 `{key}`{guess_zh}"));
        self.fault_at(path, message, help);
    }

    fn project(&mut self, mut table: Table) -> Option<Project> {
        let (mut name, mut lang) = (String::new(), Lang::En);
        if let Some(Value::Table(t)) = table.get_mut("project") {
            if let Some(v) = t.remove("name") {
                match v {
                    Value::String(s) => name = s,
                    other => {
                        let given = shown(&other);
                        let message = (
                            format!("`name` takes a text, not {given}"),
                            format!("`name` 应为文本，而不是 {given}"),
                        );
                        self.fault_at("project.name", message, Said::default());
                    }
                }
            }
            if let Some(v) = t.remove("lang") {
                match v.as_str().and_then(Lang::parse) {
                    Some(l) => lang = l,
                    None => {
                        let given = shown(&v);
                        let message = (
                            format!("`lang` = {given} is not one of: en, zh"),
                            format!("`lang` = {given} 不在可选值之中：en、zh"),
                        );
                        self.fault_at("project.lang", message, Said::default());
                    }
                }
            }
        }
        let mut layers = BTreeMap::new();
        match table.remove("layers") {
            None => {}
            Some(Value::Table(t)) => {
                for (key, value) in t {
                    let path = join("layers", &key);
                    let Some(layer) = Layer::named(&key) else {
                        let all: Vec<&str> = schema::LAYERS.iter().map(|l| l.name).collect();
                        let nearest = schema::nearest_layer(&key).map(str::to_owned);
                        self.unknown(
                            &path,
                            &path,
                            nearest,
                            (
                                format!("layers are: {}", all.join(", ")),
                                format!("图层有：{}", all.join("、")),
                            ),
                        );
                        continue;
                    };
                    match value {
                        Value::Table(spec) => {
                            if let Some(spec) = self.layer(layer, &path, spec) {
                                layers.insert(key, spec);
                            }
                        }
                        Value::String(file) => {
                            let mut spec = LayerSpec { paths: vec![file], ..LayerSpec::default() };
                            self.database(&path, &mut spec);
                            layers.insert(key, spec);
                        }
                        _ => self.fault_at(
                            &path,
                            (
                                format!("`{path}` takes a table with a `path`"),
                                format!("`{path}` 应为含 `path` 的表"),
                            ),
                            Said::default(),
                        ),
                    }
                }
            }
            Some(_) => self.fault_at(
                "layers",
                ("`layers` takes tables, one a layer", "`layers` 应为表，每个图层一个"),
                Said::verbatim("[layers.sites]"),
            ),
        }
        let settings = self.settings(&table);
        Some(Project {
            name,
            lang,
            path: Default::default(),
            folder: Default::default(),
            source: self.text.to_owned(),
            settings: settings?,
            layers,
        })
    }

    fn settings(&mut self, overrides: &Table) -> Option<Settings> {
        let errors = match Settings::with(overrides) {
            Ok(s) => return Some(s),
            Err(e) => e,
        };
        let sections = Catalogue::embedded().map(|c| c.sections().join(", ")).unwrap_or_default();
        for e in errors {
            let (key, help) = match &e {
                CatalogueError::UnknownKey { key, .. } => {
                    let leaf = key.rsplit('.').next().unwrap_or(key);
                    let own = PROJECT_KEYS.iter().find(|k| strsim::jaro_winkler(k, leaf) > 0.85);
                    if key.starts_with("project.") && own.is_some() {
                        let nearest = own.map(|k| (*k).to_owned());
                        self.unknown(key, key, nearest, Said::default());
                        continue;
                    }
                    (
                        key.clone(),
                        (
                            format!("sections are: project, layers, {sections}"),
                            format!("可用的节：project、layers、{}", sections.replace(", ", "、")),
                        )
                            .into(),
                    )
                }
                CatalogueError::WrongType { key, .. }
                | CatalogueError::OutOfRange { key, .. }
                | CatalogueError::NotAChoice { key, .. } => (key.clone(), Said::default()),
                CatalogueError::Incomplete { group, sibling, example, .. } => (
                    group.clone(),
                    (
                        format!("give every key; `{sibling}` has: {example}"),
                        format!("请写全每个键；`{sibling}` 为：{example}"),
                    )
                        .into(),
                ),
                CatalogueError::Broken(_) => (String::new(), Said::default()),
            };
            // The key itself, or the nearest table that is in the file.
            let mut path = key.as_str();
            while !self.spans.contains_key(path) {
                match path.rsplit_once('.') {
                    Some((up, _)) => path = up,
                    None => break,
                }
            }
            let span = self.spans.get(path).cloned();
            self.fault(span, Said::from(&e), help);
        }
        None
    }

    fn layer(&mut self, layer: &'static Layer, path: &str, table: Table) -> Option<LayerSpec> {
        let mut spec = LayerSpec::default();
        for (key, value) in table {
            let at = join(path, &key);
            match key.as_str() {
                "path" => spec.paths = self.texts(&at, value),
                "format" => {
                    let word = self.text_of(&at, value);
                    spec.format = Format::parse(&word).map(|f| f.word().to_owned());
                    if spec.format.is_none() && !word.is_empty() {
                        let all = Format::all();
                        self.fault_at(
                            &at,
                            (
                                format!("`format` = \"{word}\" is not one of: {all}"),
                                format!("`format` = \"{word}\" 不在可选值之中：{all}"),
                            ),
                            Said::default(),
                        );
                    }
                }
                "query" => spec.query = Some(self.raw_text(&at, value)),
                "layer" => spec.layer = Some(self.text_of(&at, value)),
                "sheet" => spec.sheet = Some(self.text_of(&at, value)),
                "header_row" => match value.as_integer().and_then(|i| u32::try_from(i).ok()) {
                    Some(row) => spec.header_row = Some(row),
                    None => self.fault_at(
                        &at,
                        (
                            "`header_row` takes a row number from 1, or 0 for none",
                            "`header_row` 应为从 1 起的行号，0 表示无表头",
                        ),
                        Said::default(),
                    ),
                },
                "crs" => spec.crs = Some(self.text_of(&at, value)),
                "encoding" => spec.encoding = Some(self.text_of(&at, value)),
                "delimiter" => {
                    let word = self.text_of(&at, value);
                    let word = if word.eq_ignore_ascii_case("tab") { "\t".to_owned() } else { word };
                    match (word.len(), word.chars().next()) {
                        (1, c @ Some(_)) => spec.delimiter = c,
                        _ => self.fault_at(
                            &at,
                            ("`delimiter` takes one ASCII character", "`delimiter` 应为一个 ASCII 字符"),
                            Said::default(),
                        ),
                    }
                }
                "columns" => {
                    for (column, value) in self.table(&at, value) {
                        let column_at = join(&at, &column);
                        self.known_column(layer, &column_at, &column);
                        let sources = self.texts(&column_at, value);
                        spec.columns.insert(column, sources);
                    }
                }
                "defaults" => {
                    for (column, value) in self.table(&at, value) {
                        let column_at = join(&at, &column);
                        self.known_column(layer, &column_at, &column);
                        let text = self.scalar(&column_at, value);
                        spec.defaults.insert(column, text);
                    }
                }
                "filter" => {
                    for (column, value) in self.table(&at, value) {
                        let column_at = join(&at, &column);
                        let values = match value {
                            Value::Array(a) => a.into_iter().map(|v| self.scalar(&column_at, v)).collect(),
                            v => vec![self.scalar(&column_at, v)],
                        };
                        spec.filter.insert(column, values);
                    }
                }
                "classes" if layer.name == "clutter" => {
                    for (class, value) in self.table(&at, value) {
                        let class_at = join(&at, &class);
                        let text = self.scalar(&class_at, value);
                        match (class.parse(), ClassMeaning::parse(&text)) {
                            (Ok(class), Some(meaning)) => {
                                spec.classes.insert(class, meaning);
                            }
                            _ => self.class_fault(&class_at, &class, &text),
                        }
                    }
                }
                "axis" => match self.text_of(&at, value).to_ascii_lowercase().as_str() {
                    "xy" | "en" | "east-north" | "lonlat" => spec.axis = Some(Axis::EastNorth),
                    "yx" | "ne" | "north-east" | "latlon" => spec.axis = Some(Axis::NorthEast),
                    word => {
                        let message = (
                            format!("`axis` = \"{word}\" is not one of: xy, yx"),
                            format!("`axis` = \"{word}\" 不在可选值之中：xy、yx"),
                        );
                        self.fault_at(
                            &at,
                            message,
                            ("xy: first east, then north; yx: first north", "xy：先东后北；yx：先北后东"),
                        );
                    }
                },
                "swap_xy" => match value.as_bool() {
                    Some(b) => spec.swap_xy = b,
                    None => self.fault_at(
                        &at,
                        ("`swap_xy` takes true or false", "`swap_xy` 应为 true 或 false"),
                        Said::default(),
                    ),
                },
                "synthetic" => match value.as_bool() {
                    Some(b) => spec.synthetic = b,
                    None => self.fault_at(
                        &at,
                        ("`synthetic` takes true or false", "`synthetic` 应为 true 或 false"),
                        Said::default(),
                    ),
                },
                "as_of" => spec.as_of = Some(self.scalar(&at, value)),
                "source" => spec.source = Some(self.text_of(&at, value)),
                _ => {
                    let nearest = LAYER_KEYS
                        .iter()
                        .map(|k| (strsim::jaro_winkler(k, &key), *k))
                        .max_by(|a, b| a.0.total_cmp(&b.0))
                        .filter(|(s, _)| *s > 0.8)
                        .map(|(_, k)| k.to_owned());
                    self.unknown(
                        &at,
                        &at,
                        nearest,
                        (
                            format!("keys of a layer are: {}", LAYER_KEYS.join(", ")),
                            format!("图层的键有：{}", LAYER_KEYS.join("、")),
                        ),
                    );
                }
            }
        }
        self.database(path, &mut spec);
        if spec.paths.is_empty() {
            if !(layer.shape == Shape::Grid && spec == LayerSpec::default()) {
                self.fault_at(
                    path,
                    (format!("`{path}` needs a `path`"), format!("`{path}` 需要 `path`")),
                    Said::verbatim("path = \"file.csv\""),
                );
            }
            return None;
        }
        Some(spec)
    }

    /// Sets a database's address apart from the paths, which are shown.
    fn database(&mut self, path: &str, spec: &mut LayerSpec) {
        let of_postgres = spec.format.as_deref() == Some("postgresql");
        let taken = |path: &String| match of_postgres {
            true => Some(Address::given(path)),
            false => Address::of_path(path),
        };
        let addresses: Vec<Address> = spec.paths.iter().filter_map(taken).collect();
        let given = !addresses.is_empty();
        if given && spec.paths.len() > 1 {
            self.fault_at(
                &join(path, "path"),
                ("a database stands alone in `path`", "数据库在 `path` 中须单独给出"),
                Said::default(),
            );
        }
        if spec.query.is_some() && !given && !spec.paths.is_empty() {
            let message =
                ("`query` asks a database, and `path` names a file", "`query` 用于数据库，而 `path` 是文件");
            self.fault_at(&join(path, "query"), message, Said::verbatim("path = \"postgresql://\""));
            return;
        }
        if given || of_postgres || spec.query.is_some() {
            spec.database = addresses.into_iter().next();
            spec.format = Some("postgresql".to_owned());
            // What other layers of the same database may be told from it by.
            let of = spec.layer.as_deref().unwrap_or(if spec.query.is_some() { "query" } else { "" });
            spec.paths = vec![format!("{}{of}", Address::SHOWN)];
        }
    }

    fn known_column(&mut self, layer: &'static Layer, path: &str, column: &str) {
        if layer.column(column).is_some() {
            return;
        }
        let nearest = layer.nearest(column).map(str::to_owned);
        let all: Vec<&str> = layer.columns().map(|c| c.name).collect();
        self.unknown(
            path,
            path,
            nearest,
            (
                format!("columns of {} are: {}", layer.name, all.join(", ")),
                format!("{} 的列有：{}", layer.name, all.join("、")),
            ),
        );
    }

    fn table(&mut self, path: &str, value: Value) -> Table {
        match value {
            Value::Table(t) => t,
            other => {
                self.wrong_type(path, ("a table", "表"), &other);
                Table::new()
            }
        }
    }

    /// A text that may be shown.
    fn text_of(&mut self, path: &str, value: Value) -> String {
        Address::hidden_in(&self.raw_text(path, value))
    }

    fn raw_text(&mut self, path: &str, value: Value) -> String {
        match value {
            Value::String(s) => s,
            other => {
                self.wrong_type(path, ("a text in quotes", "带引号的文本"), &other);
                String::new()
            }
        }
    }

    fn texts(&mut self, path: &str, value: Value) -> Vec<String> {
        match value {
            Value::Array(a) => a.into_iter().map(|v| self.raw_text(path, v)).collect(),
            v => vec![self.raw_text(path, v)],
        }
    }

    fn scalar(&mut self, path: &str, value: Value) -> String {
        match value {
            Value::String(s) => s,
            Value::Integer(i) => i.to_string(),
            Value::Float(f) => f.to_string(),
            Value::Boolean(b) => b.to_string(),
            Value::Datetime(d) => d.to_string(),
            other => {
                self.wrong_type(path, ("a text or a number", "文本或数字"), &other);
                String::new()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_project() {
        let p = parse(
            "[project]\nname = \"南京\"\nlang = \"zh\"\nroads = \"infer\"\n\n[layers.cells]\npath = [\"a.xlsx\", \"b.xlsx\"]\n\
             sheet = \"5G\"\nheader_row = 2\ncrs = \"gcj02\"\ndefaults = { rat = \"nr\" }\n\
             columns = { cell_id = [\"mcc\", \"net\"], height_m = \"挂高\" }\nfilter = { operating = true, net = [1, 2] }\n\
             as_of = 2026-06-30\n[layers]\nsites = \"sites.csv\"\n[plan.lock]\nopen = [\"C1\"]\n[radio]\nue_power_dbm = 26\n",
            "p.toml",
        );
        let p = p.unwrap_or_else(|f| panic!("{f:?}"));
        assert_eq!((p.name.as_str(), p.lang), ("南京", Lang::Zh));
        assert_eq!(p.settings.project.roads, "infer");
        assert_eq!(p.settings.plan.lock.open, ["C1"]);
        let cells = &p.layers["cells"];
        assert_eq!(cells.paths, ["a.xlsx", "b.xlsx"]);
        assert_eq!(cells.columns["cell_id"], ["mcc", "net"]);
        assert_eq!(cells.filter["operating"], ["true"]);
        assert_eq!(cells.filter["net"], ["1", "2"]);
        assert_eq!(cells.as_of.as_deref(), Some("2026-06-30"));
        assert_eq!(p.layers["sites"].paths, ["sites.csv"]);
    }

    #[test]
    fn everything_wrong_is_told_with_its_place() {
        let text = "[project]\nnmae = \"x\"\n[layers.site]\npath = \"a.csv\"\n[layers.sites]\npth = \"a.csv\"\n\
                    [layers.cells]\npath = \"c.csv\"\ncolumns = { heigth_m = \"h\" }\n[radio]\nue_power = 23\n[scroe]\ntarget = 1\n";
        let faults = parse(text, "p.toml").unwrap_err();
        let find = |needle: &str| {
            let f = faults
                .iter()
                .find(|f| f.message.en.contains(needle))
                .unwrap_or_else(|| panic!("{needle}: {faults:#?}"));
            (f.place.row.unwrap_or(0), f.message.en.clone())
        };
        assert_eq!(find("did you mean `name`").0, 2);
        assert_eq!(find("did you mean `sites`").0, 3);
        assert_eq!(find("did you mean `path`").0, 6);
        assert_eq!(find("needs a `path`").0, 5);
        assert_eq!(find("did you mean `height_m`").0, 9);
        assert_eq!(find("`radio.ue_power_dbm`").0, 11);
        assert!(find("scroe.target").0 >= 12);
    }

    #[test]
    fn bad_syntax_names_line_and_column() {
        let faults = parse("[project]\nname = \n", "p.toml").unwrap_err();
        assert_eq!(faults[0].place.to_string(), "p.toml:2:8");
    }
}
