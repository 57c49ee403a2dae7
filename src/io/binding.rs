//! Which column of a file feeds which column of a layer.

use super::values::{self, Value};
use crate::model::issues::{Issues, Place};
use crate::model::project::LayerSpec;
use crate::model::rules;
use crate::model::said::did_you_mean_zh;
use crate::model::schema::{Column, Kind, Layer, Need, header_key};
use smallvec::SmallVec;
use std::borrow::Cow;

/// Handle of a bound column within a [`Binding`]; the default is bound to nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Col(Option<u16>);

impl Col {
    /// Whether the file or the project's defaults give values.
    pub fn is_bound(self) -> bool {
        self.0.is_some()
    }

    /// As an index into [`Binding::columns`].
    pub fn at(self) -> Option<usize> {
        self.0.map(usize::from)
    }
}

/// A layer's column and where its values come from.
#[derive(Debug)]
pub(super) struct Bound {
    pub column: &'static Column,
    /// Columns of the file, joined by `-` when several; empty when only a default is given.
    pub sources: SmallVec<[u16; 4]>,
    /// From the unit of the header to the stored one.
    pub factor: f64,
    /// Value where the file's is blank.
    pub default: Option<String>,
    /// Name in the file.
    pub header: String,
}

/// One condition of the layer's filter.
#[derive(Debug)]
struct Condition {
    sources: SmallVec<[u16; 4]>,
    /// Set when the condition is on a column of the layer.
    column: Option<&'static Column>,
    allowed: Vec<String>,
}

/// The names under which a file's column may be known: its header, and for two header rows the parts.
pub(super) type HeaderNames = Vec<String>;

/// How the columns of one file serve one layer.
#[derive(Debug)]
pub(super) struct Binding {
    pub layer: &'static Layer,
    pub columns: Vec<Bound>,
    pub width: usize,
    filter: Vec<Condition>,
    unused: Vec<usize>,
    names: Vec<HeaderNames>,
    /// Columns that the project names and the file doesn't have: what for, name, nearest.
    absent: Vec<(String, String, Option<String>)>,
}

impl Binding {
    /// Matches the headers of a file with the columns of a layer: the project's map first, then standard
    /// names and aliases. Where two columns of the file mean the same, the first counts.
    pub fn new(layer: &'static Layer, names: &[HeaderNames], spec: &LayerSpec) -> Self {
        let mut b = Self {
            layer,
            columns: Vec::new(),
            width: names.len(),
            filter: Vec::new(),
            unused: Vec::new(),
            names: names.to_vec(),
            absent: Vec::new(),
        };
        let mut used = vec![false; names.len()];
        for (target, wanted) in &spec.columns {
            let Some(column) = layer.column(target) else { continue };
            let mut sources = SmallVec::new();
            let mut factor = 1.0;
            for name in wanted {
                match b.position(name) {
                    Some(i) => {
                        sources.push(i as u16);
                        used[i] = true;
                        let unit = names[i].first().and_then(|n| header_key(n).1);
                        factor =
                            unit.and_then(|u| crate::model::quantity::factor(column.unit, &u)).unwrap_or(1.0);
                    }
                    None => {
                        let nearest = b.nearest_header(name);
                        b.absent.push((target.clone(), name.clone(), nearest));
                    }
                }
            }
            if sources.len() == wanted.len() && !sources.is_empty() {
                b.push(column, sources, factor, wanted.join("+"));
            }
        }
        // A standard name in the file wins over an alias, whatever their order.
        for exact in [true, false] {
            for (i, alternatives) in names.iter().enumerate() {
                if used[i] {
                    continue;
                }
                let found = alternatives.iter().find_map(|n| {
                    let (column, factor) = layer.match_header(n)?;
                    (!exact || n == column.name).then_some((n, column, factor))
                });
                let Some((name, column, factor)) = found else { continue };
                if b.columns.iter().any(|c| c.column.name == column.name) {
                    continue;
                }
                used[i] = true;
                b.push(column, SmallVec::from_slice(&[i as u16]), factor, name.clone());
            }
        }
        for (target, value) in &spec.defaults {
            let Some(column) = layer.column(target) else { continue };
            match b.columns.iter_mut().find(|c| c.column.name == column.name) {
                Some(bound) => bound.default = Some(value.clone()),
                None => {
                    b.push(column, SmallVec::new(), 1.0, column.name.to_owned());
                    if let Some(bound) = b.columns.last_mut() {
                        bound.default = Some(value.clone());
                    }
                }
            }
        }
        for (name, allowed) in &spec.filter {
            let bound = b.columns.iter().find(|c| c.column.name == *name && !c.sources.is_empty());
            let by_header = b.position(name).map(|i| SmallVec::from_slice(&[i as u16]));
            // The file's own name first: `status` of the file may differ from the column mapped to `status`.
            let (sources, column) = match (by_header, bound) {
                (Some(s), bound) => {
                    let same = bound.filter(|c| c.sources == s).map(|c| c.column);
                    (s, same)
                }
                (None, Some(c)) => (c.sources.clone(), Some(c.column)),
                (None, None) => {
                    let nearest = b.nearest_header(name);
                    b.absent.push(("filter".to_owned(), name.clone(), nearest));
                    continue;
                }
            };
            if let [one] = sources.as_slice() {
                used[usize::from(*one)] = true;
            }
            let allowed = allowed.iter().map(|v| v.trim().to_lowercase()).collect();
            b.filter.push(Condition { sources, column, allowed });
        }
        b.unused = (0..names.len()).filter(|i| !used[*i]).collect();
        b
    }

    fn push(&mut self, column: &'static Column, sources: SmallVec<[u16; 4]>, factor: f64, header: String) {
        self.columns.push(Bound { column, sources, factor, default: None, header });
    }

    fn position(&self, name: &str) -> Option<usize> {
        let exact = self.names.iter().position(|n| n.iter().any(|n| n.trim() == name.trim()));
        exact.or_else(|| {
            let key = header_key(name).0;
            self.names.iter().position(|n| n.iter().any(|n| header_key(n).0 == key))
        })
    }

    fn nearest_header(&self, name: &str) -> Option<String> {
        let key = header_key(name).0;
        self.names
            .iter()
            .flatten()
            .map(|n| (strsim::jaro_winkler(&header_key(n).0, &key), n))
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .filter(|(similarity, _)| *similarity > 0.8)
            .map(|(_, n)| n.clone())
    }

    /// The handle of a column, by its standard name.
    pub fn col(&self, name: &str) -> Col {
        debug_assert!(self.layer.column(name).is_some(), "{} has no column {name}", self.layer.name);
        Col(self.columns.iter().position(|c| c.column.name == name).and_then(|i| u16::try_from(i).ok()))
    }

    /// The file's name for a standard column.
    pub fn header(&self, standard: &str) -> String {
        let bound = self.columns.iter().find(|c| c.column.name == standard);
        bound.map_or_else(|| standard.to_owned(), |b| b.header.clone())
    }

    /// Standard names of the columns that are given.
    pub fn given(&self) -> Vec<String> {
        self.columns.iter().map(|c| c.column.name.to_owned()).collect()
    }

    /// Columns of the file that feed nothing.
    pub fn unused(&self) -> Vec<String> {
        self.unused.iter().filter_map(|i| self.names[*i].first().cloned()).filter(|n| !n.is_empty()).collect()
    }

    /// How many columns of the layer the headers alone would give; for guessing header rows and layers.
    pub fn matches(layer: &'static Layer, names: &[HeaderNames], spec: &LayerSpec) -> usize {
        let b = Binding::new(layer, names, spec);
        b.columns.iter().filter(|c| !c.sources.is_empty()).count()
    }

    /// Notes what is wrong with the columns as a whole. `optional` are required columns that something
    /// else stands in for (an id that is made, a geometry that the format gives).
    pub fn report(
        &self,
        issues: &mut Issues,
        file: &str,
        row: Option<u64>,
        optional: &dyn Fn(&Column) -> bool,
    ) {
        let place = |column: &str| Place { file: file.to_owned(), row, column: Some(column.to_owned()) };
        for (target, name, nearest) in &self.absent {
            let guess = nearest.as_ref().map(|n| format!(", did you mean `{n}`?")).unwrap_or_default();
            let zh = did_you_mean_zh(nearest.as_deref());
            let value = (format!("{target}: `{name}`{guess}"), format!("{target}：`{name}`{zh}")).into();
            issues.add_said(&rules::COLUMN_NOT_IN_FILE, self.layer.name, place(name), &value);
        }
        let given = |name: &str| self.columns.iter().any(|c| c.column.name == name);
        let blamed = |name: &str| self.absent.iter().any(|(target, _, _)| target == name);
        for column in self.layer.columns().filter(|c| c.need == Need::Required) {
            if !given(column.name) && !blamed(column.name) && !optional(column) {
                let value = format!("{} ({})", column.name, column.zh);
                issues.add(&rules::COLUMN_MISSING, self.layer.name, place(column.name), &value);
            }
        }
        for name in self.unused() {
            let Some(nearest) = self.layer.nearest(&name).filter(|n| !given(n) && !blamed(n)) else {
                continue;
            };
            let zh = did_you_mean_zh(Some(nearest));
            let value = (format!("`{name}`, did you mean `{nearest}`?"), format!("`{name}`{zh}")).into();
            issues.add_said(&rules::COLUMN_MISSPELT, self.layer.name, place(&name), &value);
        }
    }

    /// The value of a bound column in a row: its source, or several joined by `-` (blank when all are),
    /// or the default.
    pub fn value<'v>(&'v self, col: Col, row: &[Value<'v>], joined: &'v mut String) -> Value<'v> {
        let Some(bound) = col.at().and_then(|i| self.columns.get(i)) else { return Value::Blank };
        let value = match bound.sources.as_slice() {
            [] => Value::Blank,
            [one] => row.get(usize::from(*one)).copied().unwrap_or(Value::Blank).trimmed(),
            many => {
                joined.clear();
                let mut any = false;
                for (i, s) in many.iter().enumerate() {
                    let part = row.get(usize::from(*s)).copied().unwrap_or(Value::Blank).trimmed();
                    if i > 0 {
                        joined.push('-');
                    }
                    if !part.is_blank() {
                        any = true;
                        match part {
                            Value::Text(s) => joined.push_str(s),
                            other => joined.push_str(&other.text()),
                        }
                    }
                }
                if any { Value::Text(joined) } else { Value::Blank }
            }
        };
        match (&value, &bound.default) {
            (Value::Blank, Some(d)) => Value::Text(d).trimmed(),
            (v, Some(d)) if v.is_blank() => Value::Text(d).trimmed(),
            _ => value,
        }
    }

    /// Whether the filter keeps a row.
    pub fn keeps(&self, row: &[Value<'_>]) -> bool {
        self.filter.iter().all(|c| {
            let value: Cow<'_, str> = match c.sources.as_slice() {
                [one] => row.get(usize::from(*one)).copied().unwrap_or(Value::Blank).trimmed().text(),
                many => {
                    let part =
                        |s: &u16| row.get(usize::from(*s)).copied().unwrap_or(Value::Blank).trimmed().text();
                    Cow::Owned(many.iter().map(part).collect::<Vec<_>>().join("-"))
                }
            };
            c.allows(&value)
        })
    }
}

impl Condition {
    fn allows(&self, value: &str) -> bool {
        let lower = value.to_lowercase();
        if self.allowed.contains(&lower) {
            return true;
        }
        if let Some(Kind::Word(v)) = self.column.map(|c| c.kind)
            && let Some(code) = (v.read)(value)
        {
            return self.allowed.iter().any(|a| a == code || (v.read)(a) == Some(code));
        }
        let as_number = |s: &str| values::number(Value::Text(s), "");
        if let Some(n) = as_number(value) {
            return self.allowed.iter().any(|a| as_number(a) == Some(n));
        }
        let as_flag = |s: &str| values::flag(Value::Text(s));
        let truth = ["true", "false"];
        as_flag(value).is_some_and(|f| {
            self.allowed.iter().any(|a| truth.contains(&a.as_str()) && as_flag(a) == Some(f))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(headers: &[&str]) -> Vec<HeaderNames> {
        headers.iter().map(|h| vec![(*h).to_owned()]).collect()
    }

    fn spec(text: &str) -> LayerSpec {
        let text = format!("[layers.sites]\npath = \"x.csv\"\n{text}");
        crate::io::project::parse(&text, "p").unwrap().layers["sites"].clone()
    }

    #[test]
    fn map_then_standard_then_alias() {
        let sites = Layer::named("sites").unwrap();
        let headers = names(&["名称", "name", "经度", "纬度", "营业收入(万元)", "remark"]);
        let b = Binding::new(
            sites,
            &headers,
            &spec("columns = { city = \"remark\" }\ndefaults = { status = \"operating\" }"),
        );
        let mut s = String::new();
        let row = ["旧名", "新名", "118", "32", "5", "南京"].map(Value::Text);
        assert_eq!(b.value(b.col("name"), &row, &mut s), Value::Text("新名"));
        assert_eq!(b.value(b.col("city"), &row, &mut s), Value::Text("南京"));
        assert_eq!(b.value(b.col("status"), &row, &mut s), Value::Text("operating"));
        assert_eq!(b.columns[b.col("revenue_cny").at().unwrap()].factor, 1e4);
        assert_eq!(b.unused(), ["名称"]);
    }

    #[test]
    fn filters_compare_texts_numbers_and_truth() {
        let sites = Layer::named("sites").unwrap();
        let headers = names(&["country", "status", "net", "on"]);
        let keeps = |filter: &str, row: [Value<'_>; 4]| {
            Binding::new(sites, &headers, &spec(&format!("filter = {{ {filter} }}"))).keeps(&row)
        };
        let row = [Value::Text("Peru"), Value::Text("在产"), Value::Number(1.0), Value::Flag(true)];
        assert!(keeps("country = [\"peru\"]", row));
        assert!(!keeps("country = [\"Chile\"]", row));
        assert!(keeps("status = \"operating\", net = 1, on = true", row));
        assert!(!keeps("on = false", row));
        let texts = ["x", "OPERATING", "1.0", "True"].map(Value::Text);
        assert!(keeps("status = \"operating\", net = [1, 2], on = true", texts));
    }

    #[test]
    fn what_is_missing_or_misspelt_is_said() {
        let sites = Layer::named("sites").unwrap();
        let headers = names(&["lon", "lat", "employes", "unrelated"]);
        let b = Binding::new(sites, &headers, &spec("columns = { site_id = \"cod\" }"));
        let mut issues = Issues::default();
        b.report(&mut issues, "a.csv", Some(1), &|_| false);
        let found: Vec<(&str, String)> = issues.iter().map(|(f, _)| (f.code, f.value.clone())).collect();
        assert!(found.iter().any(|(c, v)| *c == "D006" && v.contains("cod")), "{found:?}");
        assert!(found.iter().any(|(c, v)| *c == "D005" && v.contains("name")), "{found:?}");
        assert!(found.iter().any(|(c, v)| *c == "D007" && v.contains("`employees`")), "{found:?}");
        assert_eq!(found.len(), 3, "{found:?}");
    }
}
