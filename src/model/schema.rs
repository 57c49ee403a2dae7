//! The columns of every input layer: one table for reading, validation, `inspect` and the documentation.

mod describe;
mod tables;

pub use describe::markdown;
pub use tables::LAYERS;

use super::quantity;

/// Whether a column must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Always: a file without it can't be read, a row without it is dropped.
    Required,
    /// In some cases; where missing, the catalogue's value is taken and flagged, or an id is made.
    InCase,
    /// Never; blank is unknown.
    Optional,
}

impl Need {
    /// `R`, `C` or `O`.
    #[must_use]
    pub const fn letter(self) -> &'static str {
        match self {
            Need::Required => "R",
            Need::InCase => "C",
            Need::Optional => "O",
        }
    }
}

/// What a column holds.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// An id or code: text even when it looks like a number.
    Code,
    /// Free text.
    Text,
    /// A number.
    Number,
    /// A whole number.
    Whole,
    /// Yes or no.
    Flag,
    /// A date.
    Date,
    /// One of the words of a vocabulary.
    Word(Vocabulary),
    /// Longitude, latitude or a plane coordinate.
    Coordinate,
    /// Both coordinates in one text, or WKT.
    Geometry,
}

/// A vocabulary of [`super::kinds`], without its type.
#[derive(Clone, Copy, Debug)]
pub struct Vocabulary {
    /// Its codes.
    pub codes: fn() -> Vec<&'static str>,
    /// The code that a word stands for.
    pub read: fn(&str) -> Option<&'static str>,
}

impl Kind {
    /// The type in one word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Kind::Code => "code",
            Kind::Text => "text",
            Kind::Number => "number",
            Kind::Whole => "whole",
            Kind::Flag => "flag",
            Kind::Date => "date",
            Kind::Word(_) => "word",
            Kind::Coordinate => "coordinate",
            Kind::Geometry => "geometry",
        }
    }
}

/// Last parts of standard names that are a unit.
const UNIT_SUFFIXES: &[&str] = &[
    "cny", "db", "dbi", "dbm", "deg", "gwh", "kv", "kw", "m", "m2", "mbps", "mhz", "ms", "mva", "mw", "pct",
    "w",
];

/// One column of a layer.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Standard name.
    pub name: &'static str,
    /// Chinese name.
    pub zh: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether it must be there.
    pub need: Need,
    /// Unit in which it is stored; empty for none.
    pub unit: &'static str,
    /// Least plausible value, in that unit.
    pub min: f64,
    /// Greatest plausible value.
    pub max: f64,
    /// Other names under which it comes.
    pub aliases: &'static [&'static str],
    /// What it means.
    pub doc: &'static str,
}

impl Column {
    pub(super) const fn new(name: &'static str, zh: &'static str, kind: Kind, need: Need) -> Self {
        let (min, max) = (f64::NEG_INFINITY, f64::INFINITY);
        Self { name, zh, kind, need, unit: "", min, max, aliases: &[], doc: "" }
    }

    pub(super) const fn within(mut self, unit: &'static str, min: f64, max: f64) -> Self {
        self.unit = unit;
        self.min = min;
        self.max = max;
        self
    }

    pub(super) const fn aka(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    pub(super) const fn doc(mut self, doc: &'static str) -> Self {
        self.doc = doc;
        self
    }

    /// Every key (see [`header_key`]) under which a header names this column: its standard name, that
    /// name without its unit, its Chinese name and its aliases.
    pub fn keys(&self) -> impl Iterator<Item = String> + '_ {
        let bare =
            self.name.rsplit_once('_').filter(|(_, last)| UNIT_SUFFIXES.contains(last)).map(|(stem, _)| stem);
        std::iter::once(self.name)
            .chain(bare)
            .chain(std::iter::once(self.zh))
            .chain(self.aliases.iter().copied())
            .map(|n| header_key(n).0)
    }

    /// The words allowed, for a vocabulary.
    #[must_use]
    pub fn words(&self) -> Vec<&'static str> {
        match self.kind {
            Kind::Word(v) => (v.codes)(),
            _ => Vec::new(),
        }
    }
}

/// The geometry that a layer's rows have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A point.
    Point,
    /// A line.
    Line,
    /// An area.
    Area,
    /// A point or a line.
    Any,
    /// None.
    None,
    /// A grid of heights or classes.
    Grid,
    /// Antenna patterns, a file each.
    Patterns,
}

/// One layer.
#[derive(Debug)]
pub struct Layer {
    /// Name, as in `[layers.NAME]`.
    pub name: &'static str,
    /// Chinese name.
    pub zh: &'static str,
    /// What it is.
    pub doc: &'static str,
    /// Geometry of its rows.
    pub shape: Shape,
    /// Its own columns; see [`Layer::columns`] for all.
    pub own: &'static [Column],
}

impl Layer {
    /// The layer of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Layer> {
        LAYERS.iter().find(|l| l.name == name)
    }

    /// All columns: the layer's own, those of its geometry, and those that every layer may have.
    pub fn columns(&self) -> impl Iterator<Item = &'static Column> {
        let place: &'static [Column] = match self.shape {
            Shape::Point | Shape::Any => tables::POINT,
            Shape::Line | Shape::Area => tables::GEOMETRY,
            Shape::None | Shape::Grid | Shape::Patterns => &[],
        };
        self.own.iter().chain(place).chain(tables::EVERY)
    }

    /// A column by its standard name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&'static Column> {
        self.columns().find(|c| c.name == name)
    }

    /// The column that a header means, and the factor from the header's unit to the stored one. A unit
    /// in the header decides between columns that share a name (`发射功率(W)`, `发射功率(dBm)`).
    #[must_use]
    pub fn match_header(&self, header: &str) -> Option<(&'static Column, f64)> {
        let (key, unit) = header_key(header);
        if key.is_empty() {
            return None;
        }
        let named: Vec<&'static Column> = self.columns().filter(|c| c.keys().any(|k| k == key)).collect();
        let by_unit = unit.and_then(|unit| {
            named.iter().find_map(|c| quantity::factor(c.unit, &unit).map(|factor| (*c, factor)))
        });
        by_unit.or_else(|| named.first().map(|c| (*c, 1.0)))
    }

    /// The standard name most like a word, when one is.
    #[must_use]
    pub fn nearest(&self, word: &str) -> Option<&'static str> {
        let key = header_key(word).0;
        self.columns()
            .map(|c| (c.keys().map(|k| strsim::jaro_winkler(&k, &key)).fold(0.0, f64::max), c.name))
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .filter(|(similarity, _)| *similarity > 0.88)
            .map(|(_, name)| name)
    }
}

/// The layer name most like a word, when one is.
#[must_use]
pub fn nearest_layer(word: &str) -> Option<&'static str> {
    LAYERS
        .iter()
        .map(|l| (strsim::jaro_winkler(l.name, &word.to_lowercase()), l.name))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(similarity, _)| *similarity > 0.75)
        .map(|(_, name)| name)
}

/// A header in the form in which headers are compared (half width, lower case, without blanks and
/// punctuation), and the unit that it gives in brackets.
#[must_use]
pub fn header_key(header: &str) -> (String, Option<String>) {
    let (mut key, mut unit, mut depth) = (String::new(), String::new(), 0u32);
    for c in header.chars().map(half_width) {
        match c {
            '(' | '[' | '【' | '〔' => depth += 1,
            ')' | ']' | '】' | '〕' => depth = depth.saturating_sub(1),
            _ if depth > 0 => unit.push(c),
            '_' | '-' | '.' | '/' | ':' | '*' | '、' | '"' | '\'' | '\u{feff}' => {}
            c if c.is_whitespace() => {}
            c => key.extend(c.to_lowercase()),
        }
    }
    let unit = unit.trim().to_owned();
    (key, (!unit.is_empty()).then_some(unit))
}

/// A name in at most ten ASCII characters, as dBASE tables have them: every word is cut to its share. Names
/// that fall together are told apart by whoever has all of them.
#[must_use]
pub fn short_name(name: &str) -> String {
    let name: String = name.chars().filter(char::is_ascii).collect();
    if name.len() <= 10 {
        return name;
    }
    let words: Vec<&str> = name.split('_').filter(|w| !w.is_empty()).collect();
    let each = (10 / words.len().max(1)).max(1);
    words.iter().flat_map(|w| w.chars().take(each)).take(10).collect()
}

/// The half-width form of a full-width character; others stay.
#[must_use]
pub fn half_width(c: char) -> char {
    match c {
        '\u{3000}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn headers_of_planners_find_their_column() {
        let cases = [
            ("sites", "企业名称", "name", 1.0),
            ("sites", "营业收入（万元）", "revenue_cny", 1e4),
            ("sites", "占地面积(亩)", "area_m2", 10_000.0 / 15.0),
            ("sites", "经度", "lon", 1.0),
            ("sites", "Longitude", "lon", 1.0),
            ("sites", "ｌａｔ", "lat", 1.0),
            ("cells", "天线挂高(米)", "height_m", 1.0),
            ("cells", "发射功率(W)", "power_w", 1.0),
            ("cells", "发射功率(dBm)", "power_dbm", 1.0),
            ("cells", "发射功率", "power_dbm", 1.0),
            ("cells", "Freq (GHz)", "freq_mhz", 1e3),
            ("regions", "常住人口(万人)", "pop_resident", 1e4),
            ("fiber_segments", "皮长(公里)", "length_m", 1e3),
            ("power", "Capacity (MW)", "capacity_mw", 1.0),
            ("ducts", "租金(元/孔公里·年)", "rent_cny_km_yr", 1.0),
        ];
        for (layer, header, column, factor) in cases {
            let (found, f) =
                Layer::named(layer).unwrap().match_header(header).unwrap_or_else(|| panic!("{header}"));
            assert_eq!((found.name, f), (column, factor), "{layer}: {header}");
        }
    }

    #[test]
    fn a_header_means_one_column_unless_a_unit_decides() {
        for layer in LAYERS {
            let mut seen: BTreeMap<String, &Column> = BTreeMap::new();
            for column in layer.columns() {
                assert!(!column.doc.is_empty(), "{}.{}", layer.name, column.name);
                for key in column.keys().collect::<std::collections::BTreeSet<_>>() {
                    if let Some(other) = seen.insert(key.clone(), column) {
                        assert!(
                            other.unit != column.unit && !other.unit.is_empty(),
                            "{}: `{key}` means {} and {}",
                            layer.name,
                            other.name,
                            column.name
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn misspelt_names_are_guessed() {
        let cells = Layer::named("cells").unwrap();
        assert_eq!(cells.nearest("heigth_m"), Some("height_m"));
        assert_eq!(cells.nearest("remarks"), None);
        assert_eq!(nearest_layer("site"), Some("sites"));
    }
}
