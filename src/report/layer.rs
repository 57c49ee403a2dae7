//! What every format writes: a layer is a list of fields, each with the function that gives its value.
//!
//! The fields are defined once (in [`layers`](super::layers) and [`plan_layers`](super::plan_layers)); GeoJSON, CSV, XLSX, the
//! metadata and the data dictionary are all made from the same definitions.

use crate::geom::LonLat;
use crate::model::kinds::Lang;
use crate::model::text::Known;
use rayon::prelude::*;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// Text.
    Text,
    /// True or false.
    Flag,
    /// Whole number.
    Int,
    /// Number, printed with at most that many decimals.
    Float(u8),
}

impl FieldKind {
    /// Name in the metadata.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            FieldKind::Text => "text",
            FieldKind::Flag => "bool",
            FieldKind::Int => "int",
            FieldKind::Float(_) => "float",
        }
    }
}

/// A unit as people read it: symbols are the same in every language, words aren't.
#[must_use]
pub fn unit_word(unit: &'static str, lang: Lang) -> &'static str {
    match (lang, unit) {
        (Lang::Zh, "points") => "分",
        (Lang::Zh, "share") => "比例",
        (Lang::Zh, "racks") => "架",
        (Lang::Zh, "CNY") => "元",
        (Lang::Zh, "CNY/yr") => "元/年",
        (Lang::Zh, "CNY/kWh") => "元/kWh",
        (Lang::Zh, "kWh/yr") => "kWh/年",
        (Lang::Zh, "tCO2/yr") => "tCO2/年",
        (Lang::Zh, "1/10k") => "个/万人",
        (_, unit) => unit,
    }
}

/// A field of a layer.
#[derive(Clone, Debug)]
pub struct Field {
    /// Name in files: ASCII, with the unit at its end where it has one.
    pub name: Cow<'static, str>,
    /// Type.
    pub kind: FieldKind,
    /// Unit; empty for none.
    pub unit: &'static str,
    /// Heading in English and Chinese.
    pub alias: (Cow<'static, str>, Cow<'static, str>),
    /// What it means, where the heading doesn't say it all.
    pub about: (&'static str, &'static str),
}

/// Value of one field in one row.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// Not known; never zero or "no".
    Unknown,
    /// True or false.
    Flag(bool),
    /// Whole number.
    Int(i64),
    /// Number; never NaN or infinite.
    Float(f64),
    /// Text.
    Text(Cow<'a, str>),
}

impl Value<'_> {
    /// Whether there is a value.
    #[must_use]
    pub fn is_known(&self) -> bool {
        !matches!(self, Value::Unknown)
    }
}

type Get<'a> = Box<dyn Fn(usize) -> Value<'a> + Send + Sync + 'a>;

/// Where the values of a column come from, printed in its `<field>_src`.
enum Source<'a> {
    /// One text for every known value, another where there is none.
    Fixed(&'static str, &'static str),
    /// Told row by row, known or not.
    Each(Box<dyn Fn(usize) -> &'static str + Send + Sync + 'a>),
}

/// A field with its values.
pub struct Column<'a> {
    /// The field.
    pub field: Field,
    get: Get<'a>,
    source: Source<'a>,
    always_src: bool,
}

impl<'a> Column<'a> {
    /// The value in a row.
    #[must_use]
    pub fn value(&self, row: usize) -> Value<'a> {
        (self.get)(row)
    }

    /// Where the value in a row comes from.
    #[must_use]
    pub fn source(&self, row: usize) -> &'static str {
        self.source_of(row, || self.value(row).is_known())
    }

    /// The same where the value is at hand already.
    #[must_use]
    pub fn source_of(&self, row: usize, known: impl FnOnce() -> bool) -> &'static str {
        match &self.source {
            Source::Each(f) => f(row),
            Source::Fixed(text, unknown) => {
                if known() {
                    text
                } else {
                    unknown
                }
            }
        }
    }

    /// Where every known value comes from; `None` where it differs from row to row.
    #[must_use]
    pub fn one_source(&self) -> Option<&'static str> {
        match self.source {
            Source::Fixed(known, _) => Some(known),
            Source::Each(_) => None,
        }
    }

    /// The source of every known value and of every missing one; `None` where it differs from row to row.
    #[must_use]
    pub fn fixed_sources(&self) -> Option<(&'static str, &'static str)> {
        match self.source {
            Source::Fixed(known, unknown) => Some((known, unknown)),
            Source::Each(_) => None,
        }
    }

    /// Says row by row where a value comes from, or why there is none.
    pub fn src(&mut self, f: impl Fn(usize) -> &'static str + Send + Sync + 'a) -> &mut Self {
        self.source = Source::Each(Box::new(f));
        self
    }

    /// Says where all known values come from, and why the others are missing.
    pub fn from(&mut self, known: &'static str, unknown: &'static str) -> &mut Self {
        self.source = Source::Fixed(known, unknown);
        self
    }

    /// Writes `<field>_src` even where every value is known.
    pub fn with_src(&mut self) -> &mut Self {
        self.always_src = true;
        self
    }

    /// Explains the field, in English and Chinese.
    pub fn about(&mut self, en: &'static str, zh: &'static str) -> &mut Self {
        self.field.about = (en, zh);
        self
    }

    /// The heading in a language.
    #[must_use]
    pub fn alias(&self, zh: bool) -> &str {
        if zh { &self.field.alias.1 } else { &self.field.alias.0 }
    }
}

/// The columns of a layer under construction.
pub struct Columns<'a> {
    list: Vec<Column<'a>>,
    /// Where values come from unless a column says otherwise.
    known: &'static str,
}

impl Default for Columns<'_> {
    /// Of data that were given.
    fn default() -> Self {
        Self { list: Vec::new(), known: "given" }
    }
}

impl<'a> Columns<'a> {
    /// Columns of what a plan has decided.
    #[must_use]
    pub fn planned() -> Self {
        Self { list: Vec::new(), known: "planned" }
    }

    /// Adds a column.
    pub fn add(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        kind: FieldKind,
        unit: &'static str,
        alias: (impl Into<Cow<'static, str>>, impl Into<Cow<'static, str>>),
        get: impl Fn(usize) -> Value<'a> + Send + Sync + 'a,
    ) -> &mut Column<'a> {
        let field =
            Field { name: name.into(), kind, unit, alias: (alias.0.into(), alias.1.into()), about: ("", "") };
        let at = self.list.len();
        self.list.push(Column {
            field,
            get: Box::new(get),
            source: Source::Fixed(self.known, "unknown"),
            always_src: false,
        });
        &mut self.list[at]
    }

    /// Adds a text column whose texts live as long as the data.
    pub fn text(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        alias: (impl Into<Cow<'static, str>>, impl Into<Cow<'static, str>>),
        get: impl Fn(usize) -> Option<&'a str> + Send + Sync + 'a,
    ) -> &mut Column<'a> {
        self.add(name, FieldKind::Text, "", alias, move |i| match get(i) {
            Some(t) if !t.is_empty() => Value::Text(Cow::Borrowed(t)),
            _ => Value::Unknown,
        })
    }

    /// Adds a text column whose texts are made on demand.
    pub fn made_text(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        alias: (impl Into<Cow<'static, str>>, impl Into<Cow<'static, str>>),
        get: impl Fn(usize) -> Option<String> + Send + Sync + 'a,
    ) -> &mut Column<'a> {
        self.add(name, FieldKind::Text, "", alias, move |i| match get(i) {
            Some(t) if !t.is_empty() => Value::Text(Cow::Owned(t)),
            _ => Value::Unknown,
        })
    }

    /// Adds a column of numbers with at most that many decimals.
    pub fn float(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        decimals: u8,
        unit: &'static str,
        alias: (impl Into<Cow<'static, str>>, impl Into<Cow<'static, str>>),
        get: impl Fn(usize) -> Option<f64> + Send + Sync + 'a,
    ) -> &mut Column<'a> {
        self.add(name, FieldKind::Float(decimals), unit, alias, move |i| match get(i) {
            Some(v) if v.is_finite() => Value::Float(v),
            _ => Value::Unknown,
        })
    }

    /// Adds a column of numbers of single precision.
    pub fn known(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        decimals: u8,
        unit: &'static str,
        alias: (impl Into<Cow<'static, str>>, impl Into<Cow<'static, str>>),
        get: impl Fn(usize) -> Known + Send + Sync + 'a,
    ) -> &mut Column<'a> {
        self.float(name, decimals, unit, alias, move |i| get(i).get())
    }

    /// Adds a column of whole numbers.
    pub fn int(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        unit: &'static str,
        alias: (impl Into<Cow<'static, str>>, impl Into<Cow<'static, str>>),
        get: impl Fn(usize) -> Option<i64> + Send + Sync + 'a,
    ) -> &mut Column<'a> {
        self.add(name, FieldKind::Int, unit, alias, move |i| get(i).map_or(Value::Unknown, Value::Int))
    }

    /// Adds a column of true or false.
    pub fn flag(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        alias: (impl Into<Cow<'static, str>>, impl Into<Cow<'static, str>>),
        get: impl Fn(usize) -> Option<bool> + Send + Sync + 'a,
    ) -> &mut Column<'a> {
        self.add(name, FieldKind::Flag, "", alias, move |i| get(i).map_or(Value::Unknown, Value::Flag))
    }

    /// The columns.
    #[must_use]
    pub fn done(self) -> Vec<Column<'a>> {
        self.list
    }
}

/// How the rows of a layer lie on the map.
pub enum Shape<'a> {
    /// Not at all: a table.
    None,
    /// A point each.
    Points(Box<dyn Fn(usize) -> LonLat + Send + Sync + 'a>),
    /// A line each; fewer than two positions give no geometry.
    Lines(Box<dyn Fn(usize) -> &'a [LonLat] + Send + Sync + 'a>),
    /// An area each.
    Areas(Box<dyn Fn(usize) -> &'a geo::MultiPolygon<f64> + Send + Sync + 'a>),
}

/// A layer, or a table when it has no shape. The first column is the id.
pub struct Layer<'a> {
    /// Name of the layer and of its files.
    pub name: &'static str,
    /// Title in English and Chinese.
    pub title: (&'static str, &'static str),
    /// How it was made, in English and Chinese.
    pub method: (&'static str, &'static str),
    /// Input layers that it draws on.
    pub inputs: &'static [&'static str],
    /// Geometry.
    pub shape: Shape<'a>,
    /// Number of rows.
    pub rows: usize,
    /// Fields; the first one is the id.
    pub columns: Vec<Column<'a>>,
}

/// How the rows and columns of a layer are laid out in files.
pub struct Layout {
    /// Rows in order of id, but a fully known one first.
    pub order: Vec<u32>,
    /// Columns that are written, by index.
    pub shown: Vec<usize>,
    /// Whether a shown column is followed by its `<field>_src`.
    pub with_src: Vec<bool>,
    /// Columns that are known nowhere, by index.
    pub left_out: Vec<usize>,
    /// Rows whose id repeats an earlier one, with their number (from two): written `ID#2`.
    pub repeats: BTreeMap<u32, u32>,
}

impl<'a> Layer<'a> {
    /// The id of a row as text.
    #[must_use]
    pub fn id(&self, row: usize) -> Cow<'a, str> {
        match self.columns.first().map(|c| c.value(row)) {
            Some(Value::Text(t)) => t,
            _ => Cow::Owned(format!("row-{}", row + 1)),
        }
    }

    /// Decides order and columns.
    #[must_use]
    pub fn layout(&self) -> Layout {
        let rows = self.rows;
        let mut shown = Vec::new();
        let mut with_src = Vec::new();
        let mut left_out = Vec::new();
        let mut some_unknown = Vec::new();
        for (at, column) in self.columns.iter().enumerate() {
            let any = |known: bool| (0..rows).into_par_iter().any(|i| column.value(i).is_known() == known);
            // The id is always there; an empty layer shows its whole schema.
            if at > 0 && rows > 0 && !any(true) {
                left_out.push(at);
                continue;
            }
            let unknown = at > 0 && any(false);
            shown.push(at);
            with_src.push(unknown || column.always_src);
            if unknown {
                some_unknown.push(at);
            }
        }

        let mut order: Vec<u32> = (0..rows).map(|i| i as u32).collect();
        let rises = |i: usize| i == 0 || self.id(i - 1) < self.id(i);
        let mut repeats = BTreeMap::new();
        if !(0..rows).into_par_iter().all(rises) {
            let mut keyed: Vec<(Cow<'a, str>, u32)> =
                order.par_iter().map(|&i| (self.id(i as usize), i)).collect();
            keyed.par_sort_unstable();
            for pair in keyed.windows(2) {
                if pair[0].0 == pair[1].0 {
                    let earlier = repeats.get(&pair[0].1).copied().unwrap_or(1);
                    repeats.insert(pair[1].1, earlier + 1);
                }
            }
            order = keyed.into_iter().map(|k| k.1).collect();
        }
        let full = order
            .par_iter()
            .position_first(|&i| some_unknown.iter().all(|&c| self.columns[c].value(i as usize).is_known()));
        if let Some(at) = full {
            order[..=at].rotate_right(1);
        }
        Layout { order, shown, with_src, left_out, repeats }
    }

    /// Names of at most ten ASCII characters for formats that allow no more (see [`shortened`]): of the
    /// columns, and behind them of the sources of all columns.
    #[must_use]
    pub fn short_names(&self) -> Vec<String> {
        let sources: Vec<String> = self.columns.iter().map(|c| format!("{}_src", c.field.name)).collect();
        let columns = self.columns.iter().map(|c| c.field.name.as_ref());
        shortened(columns.chain(sources.iter().map(String::as_str)))
    }
}

/// Names cut to at most ten ASCII characters: words are shortened, then numbered where two fall together.
#[must_use]
pub fn shortened<'n>(names: impl IntoIterator<Item = &'n str>) -> Vec<String> {
    let mut taken: Vec<String> = Vec::new();
    for name in names {
        let mut short = crate::model::schema::short_name(name);
        let mut n = 1;
        let stem = short.clone();
        while taken.contains(&short) {
            n += 1;
            let tail = n.to_string();
            short = format!("{}{tail}", &stem[..stem.len().min(10 - tail.len())]);
        }
        taken.push(short);
    }
    taken
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A small layer of points for the tests of the writers.
    pub(crate) fn sample(
        ids: &'static [&'static str],
        scores: &'static [Option<f64>],
        points: &'static [(f64, f64)],
    ) -> Layer<'static> {
        let mut c = Columns::default();
        c.text("site_id", ("id", "编号"), move |i| Some(ids[i]));
        c.float("score", 2, "points", ("score", "评分"), move |i| scores[i]);
        c.text("park", ("park", "园区"), |_| None);
        Layer {
            name: "sites",
            title: ("sites", "企业"),
            method: ("", ""),
            inputs: &["sites"],
            shape: Shape::Points(Box::new(move |i| LonLat::wrapped(points[i].0, points[i].1))),
            rows: ids.len(),
            columns: c.done(),
        }
    }

    #[test]
    fn ids_order_the_rows_but_a_known_one_leads() {
        let l = sample(&["B", "C", "A", "C"], &[Some(1.0), Some(2.0), None, None], &[(0.0, 0.0); 4]);
        let p = l.layout();
        assert_eq!(p.order, [0, 2, 1, 3]);
        assert_eq!((p.shown, p.with_src, p.left_out), (vec![0, 1], vec![false, true], vec![2]));
        assert_eq!(p.repeats.into_iter().collect::<Vec<_>>(), [(3, 2)]);
    }

    #[test]
    fn short_names_are_short_and_differ() {
        let mut c = Columns::default();
        for name in ["net_cmcc_cbn_rsrp_dbm", "net_cmcc_cbn_rsrp_indoor_dbm", "net_ct_cu_rsrp_dbm", "score"] {
            c.int(name, "", ("", ""), |_| None);
        }
        let l = Layer { columns: c.done(), ..sample(&[], &[], &[]) };
        let names = l.short_names();
        assert!(names.iter().all(|n| n.len() <= 10), "{names:?}");
        let mut unique = names.clone();
        unique.sort();
        unique.dedup();
        // The columns and, behind them, their sources.
        assert_eq!((unique.len(), names.len()), (8, 8));
    }
}
