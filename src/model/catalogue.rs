//! The one catalogue of defaults, and how a project's own values go over it.
//!
//! `data/catalogue.toml` is embedded. An entry is a table with a `value`; everything else is a section.
//! A project overrides a key by its path; a key that the catalogue doesn't have is refused.

use super::project::Address;
use super::said::{Bilingual, did_you_mean_zh};
use std::collections::BTreeMap;
use toml::{Table, Value};

const SOURCE: &str = include_str!("../../data/catalogue.toml");

/// How far a figure can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Trust {
    /// Official or standard text.
    O,
    /// Seen in secondary sources.
    S,
    /// Engineering assumption.
    A,
}

/// One default.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The value.
    pub value: Value,
    /// Its unit; empty for none.
    pub unit: String,
    /// Least value allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Greatest value allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// The words allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choices: Option<Vec<String>>,
    /// How far it can be trusted.
    pub trust: Trust,
    /// Where it comes from.
    pub source: String,
    /// What it means, in English.
    pub doc: String,
    /// What it means, in Chinese.
    pub zh: String,
}

/// Why a project's value isn't taken.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CatalogueError {
    /// The key isn't in the catalogue.
    #[error("unknown key `{key}`{}", suggestion.as_ref().map(|s| format!(", did you mean `{s}`?")).unwrap_or_default())]
    UnknownKey {
        /// The key as given.
        key: String,
        /// The nearest key that exists.
        suggestion: Option<String>,
    },
    /// The value has another type than the default.
    #[error("`{key}` takes {}, not {found}", expected.0)]
    WrongType {
        /// The key.
        key: String,
        /// What it takes.
        expected: (&'static str, &'static str),
        /// What was given.
        found: String,
    },
    /// The value is outside the allowed range.
    #[error("`{key}` = {value} is outside {min}..{max} {unit}")]
    OutOfRange {
        /// The key.
        key: String,
        /// The value.
        value: f64,
        /// Least allowed.
        min: f64,
        /// Greatest allowed.
        max: f64,
        /// Unit.
        unit: String,
    },
    /// The word isn't one of those allowed.
    #[error("`{key}` = \"{value}\" is not one of: {}", choices.join(", "))]
    NotAChoice {
        /// The key.
        key: String,
        /// The word.
        value: String,
        /// The words allowed.
        choices: Vec<String>,
    },
    /// A new member of an open group lacks keys.
    #[error("`{group}` lacks {}", list_keys(missing))]
    Incomplete {
        /// The member, such as `radio.carrier.n3`.
        group: String,
        /// What it lacks.
        missing: Vec<String>,
        /// The member of the catalogue to copy from, such as `radio.carrier.n78`.
        sibling: String,
        /// The sibling's keys with their values, as a project file writes them.
        example: String,
    },
    /// The catalogue in the program is broken; a test keeps this from happening.
    #[error("the embedded catalogue is broken: {0}")]
    Broken(String),
}

impl Bilingual for CatalogueError {
    fn zh(&self) -> String {
        match self {
            Self::UnknownKey { key, suggestion } => {
                format!("未知的键 `{key}`{}", did_you_mean_zh(suggestion.as_deref()))
            }
            Self::WrongType { key, expected, found } => {
                format!("`{key}` 应为{}，而不是 {found}", expected.1)
            }
            Self::OutOfRange { key, value, min, max, unit } => {
                format!("`{key}` = {value} 超出范围 {min}..{max} {unit}")
            }
            Self::NotAChoice { key, value, choices } => {
                format!("`{key}` = \"{value}\" 不在可选值之中：{}", choices.join("、"))
            }
            Self::Incomplete { group, missing, .. } => format!("`{group}` 缺少 {}", list_keys(missing)),
            Self::Broken(why) => format!("内置默认值目录已损坏：{why}"),
        }
    }
}

fn list_keys(keys: &[String]) -> String {
    keys.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ")
}

/// Groups that a project may add members to, each with a member whose checks the new ones take.
const OPEN_GROUPS: [(&str, &str); 6] = [
    ("radio.carrier", "n78"),
    ("score.service", "data"),
    ("fiber.pon_class", "xgs_n1"),
    ("outlook.band", "u6g"),
    ("datacenter.workload", "realtime"),
    ("datacenter.node", "identifier"),
];

/// All defaults by path (`radio.noise_figure_ue_db`), in order of path.
#[derive(Clone, Debug)]
pub struct Catalogue {
    entries: BTreeMap<String, Entry>,
}

impl Catalogue {
    /// The embedded catalogue.
    ///
    /// # Errors
    /// [`CatalogueError::Broken`] when the embedded text isn't well formed.
    pub fn embedded() -> Result<Self, CatalogueError> {
        let table: Table = SOURCE.parse().map_err(|e| CatalogueError::Broken(format!("{e}")))?;
        let mut entries = BTreeMap::new();
        collect("", &table, &mut entries)?;
        Ok(Self { entries })
    }

    /// Every default with its path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(k, e)| (k.as_str(), e))
    }

    /// One default.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.get(key)
    }

    /// The top-level sections, such as `radio`.
    #[must_use]
    pub fn sections(&self) -> Vec<&str> {
        let mut s: Vec<&str> = self.entries.keys().filter_map(|k| k.split('.').next()).collect();
        s.dedup();
        s
    }

    /// The defaults as one table with the project's values put over them, each checked.
    ///
    /// New members of the open groups (`radio.carrier.NAME`, `score.service.NAME`,
    /// `fiber.pon_class.NAME`, `outlook.band.NAME`) take the checks of a sibling and must be complete.
    ///
    /// # Errors
    /// Every value that can't be taken, in order of path.
    pub fn merged(&self, overrides: &Table) -> Result<Table, Vec<CatalogueError>> {
        let mut errors = Vec::new();
        let mut values: BTreeMap<String, Value> =
            self.entries.iter().map(|(k, e)| (k.clone(), e.value.clone())).collect();
        let mut flat = Vec::new();
        flatten("", overrides, &|path| self.entries.contains_key(path), &mut flat);
        for (path, value) in flat {
            match self.entry_for(&path) {
                None => {
                    errors.push(CatalogueError::UnknownKey { suggestion: self.nearest(&path), key: path })
                }
                Some(entry) => match check(&path, entry, value) {
                    Ok(v) => {
                        values.insert(path, v);
                    }
                    Err(e) => errors.push(e),
                },
            }
        }
        errors.extend(self.incomplete(&values));
        if errors.is_empty() { Ok(nest(&values)) } else { Err(errors) }
    }

    /// Every setting of a table as [`merged`](Self::merged) makes it, by path, with the entry that describes
    /// it; for a member that the project added, the entry is its sibling's.
    #[must_use]
    pub fn described(&self, settings: &Table) -> Vec<(String, &Entry, Value)> {
        let mut flat = Vec::new();
        flatten("", settings, &|path| self.entries.contains_key(path), &mut flat);
        let mut found: Vec<_> =
            flat.into_iter().filter_map(|(path, v)| self.entry_for(&path).map(|e| (path, e, v))).collect();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        found
    }

    /// What describes a path: its own entry, or in an open group the sibling's.
    fn entry_for(&self, path: &str) -> Option<&Entry> {
        self.entries.get(path).or_else(|| {
            let (member, key) = path.rsplit_once('.')?;
            let (group, _) = member.rsplit_once('.')?;
            let (_, sibling) = OPEN_GROUPS.iter().find(|(g, _)| *g == group)?;
            self.entries.get(&format!("{group}.{sibling}.{key}"))
        })
    }

    /// Members of open groups without all the keys of their sibling.
    fn incomplete(&self, values: &BTreeMap<String, Value>) -> Vec<CatalogueError> {
        let mut found = Vec::new();
        for (group, sibling) in OPEN_GROUPS {
            let inside = format!("{group}.");
            let mut members: Vec<&str> = values
                .keys()
                .filter_map(|k| k.strip_prefix(&inside)?.rsplit_once('.').map(|(member, _)| member))
                .collect();
            members.dedup();
            let model = format!("{group}.{sibling}.");
            let keys = || self.entries.iter().filter_map(|(k, e)| Some((k.strip_prefix(&model)?, &e.value)));
            for member in members {
                let lacks = |key: &str| !values.contains_key(&format!("{group}.{member}.{key}"));
                let missing: Vec<String> = keys().filter(|(k, _)| lacks(k)).map(|(k, _)| k.into()).collect();
                if !missing.is_empty() {
                    found.push(CatalogueError::Incomplete {
                        group: format!("{group}.{member}"),
                        missing,
                        sibling: format!("{group}.{sibling}"),
                        example: keys().map(|(k, v)| format!("{k} = {v}")).collect::<Vec<_>>().join(", "),
                    });
                }
            }
        }
        found
    }

    fn nearest(&self, key: &str) -> Option<String> {
        let leaf = key.rsplit('.').next().unwrap_or(key);
        self.entries
            .keys()
            .map(|k| {
                let whole = strsim::jaro_winkler(k, key);
                let by_leaf = strsim::jaro_winkler(k.rsplit('.').next().unwrap_or(k), leaf) - 0.02;
                (whole.max(by_leaf), k)
            })
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .filter(|(similarity, _)| *similarity > 0.8)
            .map(|(_, k)| k.clone())
    }
}

fn collect(prefix: &str, table: &Table, out: &mut BTreeMap<String, Entry>) -> Result<(), CatalogueError> {
    for (key, value) in table {
        let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            Value::Table(t) if t.contains_key("value") && t.contains_key("trust") => {
                let entry: Entry = value
                    .clone()
                    .try_into()
                    .map_err(|e: toml::de::Error| CatalogueError::Broken(format!("{path}: {e}")))?;
                out.insert(path, entry);
            }
            Value::Table(t) => collect(&path, t, out)?,
            _ => return Err(CatalogueError::Broken(format!("{path} is neither an entry nor a section"))),
        }
    }
    Ok(())
}

fn flatten(prefix: &str, table: &Table, is_entry: &dyn Fn(&str) -> bool, out: &mut Vec<(String, Value)>) {
    for (key, value) in table {
        let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            Value::Table(t) if !is_entry(&path) => flatten(&path, t, is_entry, out),
            _ => out.push((path, value.clone())),
        }
    }
}

fn nest(values: &BTreeMap<String, Value>) -> Table {
    let mut root = Table::new();
    for (path, value) in values {
        let mut at = &mut root;
        let mut parts = path.split('.').peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                at.insert(part.to_owned(), value.clone());
                break;
            }
            let next = at.entry(part.to_owned()).or_insert_with(|| Value::Table(Table::new()));
            match next {
                Value::Table(t) => at = t,
                _ => break,
            }
        }
    }
    root
}

fn kind(value: &Value) -> (&'static str, &'static str) {
    match value {
        Value::String(_) => ("a text in quotes", "带引号的文本"),
        Value::Integer(_) => ("a whole number", "整数"),
        Value::Float(_) => ("a number", "数字"),
        Value::Boolean(_) => ("true or false", " true 或 false"),
        Value::Array(_) => ("a list", "列表"),
        Value::Datetime(_) => ("a date", "日期"),
        Value::Table(_) => ("a table", "表"),
    }
}

/// A value of a project as a message may show it: a table may hold what isn't for other eyes.
#[must_use]
pub fn shown(value: &Value) -> String {
    match value {
        Value::Table(_) => "{…}".to_owned(),
        Value::Array(list) => format!("[{}]", list.iter().map(shown).collect::<Vec<_>>().join(", ")),
        Value::String(text) => Value::String(Address::hidden_in(text)).to_string(),
        other => other.to_string(),
    }
}

fn check(key: &str, entry: &Entry, value: Value) -> Result<Value, CatalogueError> {
    let value = match (&entry.value, value) {
        (Value::Float(_), Value::Integer(i)) => Value::Float(i as f64),
        // A table of numbers under names of the user's own.
        (Value::Table(_), Value::Table(named)) => {
            let member = Entry { value: Value::Float(0.0), choices: None, ..entry.clone() };
            let checked = named.into_iter().map(|(name, v)| {
                let key = format!("{key}.{name}");
                check(&key, &member, v).map(|v| (name, v))
            });
            Value::Table(checked.collect::<Result<Table, _>>()?)
        }
        (_, v) => v,
    };
    if std::mem::discriminant(&entry.value) != std::mem::discriminant(&value) {
        return Err(CatalogueError::WrongType {
            key: key.to_owned(),
            expected: kind(&entry.value),
            found: shown(&value),
        });
    }
    let number = value.as_float().or_else(|| value.as_integer().map(|i| i as f64));
    if let Some(v) = number {
        let (min, max) = (entry.min.unwrap_or(f64::MIN), entry.max.unwrap_or(f64::MAX));
        if !(v >= min && v <= max) {
            let unit = entry.unit.clone();
            return Err(CatalogueError::OutOfRange { key: key.to_owned(), value: v, min, max, unit });
        }
    }
    for v in value.as_array().into_iter().flatten() {
        let number = v.as_float().or_else(|| v.as_integer().map(|i| i as f64));
        let (min, max) = (entry.min.unwrap_or(f64::MIN), entry.max.unwrap_or(f64::MAX));
        if let Some(v) = number.filter(|v| !(*v >= min && *v <= max)) {
            let unit = entry.unit.clone();
            return Err(CatalogueError::OutOfRange { key: key.to_owned(), value: v, min, max, unit });
        }
    }
    if let Some(choices) = &entry.choices {
        let words: Vec<&Value> = match &value {
            Value::Array(a) => a.iter().collect(),
            v => vec![v],
        };
        for w in words {
            let word = w.as_str().unwrap_or_default();
            if !choices.iter().any(|c| c == word) {
                return Err(CatalogueError::NotAChoice {
                    key: key.to_owned(),
                    value: w.as_str().map_or_else(|| shown(w), Address::hidden_in),
                    choices: choices.clone(),
                });
            }
        }
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merge(text: &str) -> Result<Table, Vec<CatalogueError>> {
        Catalogue::embedded().unwrap().merged(&text.parse().unwrap())
    }

    #[test]
    fn defaults_lie_in_their_own_ranges() {
        let c = Catalogue::embedded().unwrap();
        for (key, e) in c.iter() {
            check(key, e, e.value.clone()).unwrap();
            assert!(!e.doc.is_empty() && !e.zh.is_empty() && !e.source.is_empty(), "{key}");
        }
    }

    #[test]
    fn refuses_with_a_way_out() {
        let errors =
            merge("[radio]\nnoise_figure_ue = 7\n[score]\ntarget = 130\n[project]\nroads = \"guess\"");
        let text: Vec<String> = errors.unwrap_err().iter().map(ToString::to_string).collect();
        assert!(text.iter().any(|t| t.contains("did you mean `radio.noise_figure_ue_db`?")), "{text:?}");
        assert!(text.iter().any(|t| t.contains("outside 0..100")), "{text:?}");
        assert!(text.iter().any(|t| t.contains("layer, infer")), "{text:?}");
    }

    #[test]
    fn whole_numbers_serve_as_numbers_and_open_groups_grow() {
        let n78: Vec<String> = Catalogue::embedded()
            .unwrap()
            .iter()
            .filter_map(|(k, e)| Some(format!("{} = {}\n", k.strip_prefix("radio.carrier.n78.")?, e.value)))
            .filter(|l| !l.starts_with("freq_mhz"))
            .collect();
        let own = format!("[radio.carrier.n1]\nfreq_mhz = 2140\n{}", n78.concat());
        let t = merge(&format!("[radio]\nue_power_dbm = 26\n{own}")).unwrap();
        assert_eq!(t["radio"]["ue_power_dbm"].as_float(), Some(26.0));
        assert_eq!(t["radio"]["carrier"]["n1"]["freq_mhz"].as_float(), Some(2140.0));
    }

    #[test]
    fn tables_and_lists_of_numbers_are_checked_one_by_one() {
        let t =
            merge("[plan]\nannual_budget_cny = [5e6, 4000000]\n[plan.weight.sector]\n36 = 2\n\"汽车\" = 1.5")
                .unwrap();
        assert_eq!(t["plan"]["weight"]["sector"]["36"].as_float(), Some(2.0));
        for wrong in ["[plan.weight.sector]\n36 = -2", "[plan]\nannual_budget_cny = [-1.0]"] {
            assert!(matches!(&merge(wrong).unwrap_err()[..], [CatalogueError::OutOfRange { .. }]), "{wrong}");
        }
        let errors = merge("[plan.weight.park]\nEast = \"twice\"").unwrap_err();
        assert!(
            matches!(&errors[..], [CatalogueError::WrongType { key, .. }] if key == "plan.weight.park.East"),
            "{errors:?}"
        );
    }

    #[test]
    fn a_carrier_of_ones_own_must_be_complete() {
        let errors = merge("[radio.carrier.n3]\nfreq_mhz = 1800").unwrap_err();
        let [CatalogueError::Incomplete { group, missing, sibling, example }] = &errors[..] else {
            panic!("{errors:?}")
        };
        assert_eq!((group.as_str(), sibling.as_str()), ("radio.carrier.n3", "radio.carrier.n78"));
        assert!(missing.contains(&"bw_mhz".to_owned()) && !missing.contains(&"freq_mhz".to_owned()));
        assert!(example.contains("bw_mhz = "), "{example}");
    }
}
