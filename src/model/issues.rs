//! What was found wrong in the inputs: rules with stable codes, grouped and counted.

use super::said::Said;
use super::words::shortened;
use std::collections::BTreeMap;

/// What a broken rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The row is kept; the reader is told.
    Warning,
    /// The row is dropped, counted and listed.
    Row,
    /// The run stops with exit code 3.
    Error,
}

/// A validation rule. The table of them is [`crate::model::rules::RULES`].
#[derive(Debug)]
pub struct Rule {
    /// Stable code such as `D012`.
    pub code: &'static str,
    /// What breaking it does.
    pub severity: Severity,
    /// One line in English.
    pub title: &'static str,
    /// One line in Chinese.
    pub title_zh: &'static str,
    /// The way out, in English.
    pub help: &'static str,
    /// The way out, in Chinese.
    pub help_zh: &'static str,
}

/// Where in a file something stands; lines and columns count from one, as editors show them.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Place {
    /// File as the user named it.
    pub file: String,
    /// Line of a text file, row of a sheet, feature number of a GeoJSON file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<u64>,
    /// Column name, or sheet and column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.file)?;
        if let Some(r) = self.row {
            write!(f, ":{r}")?;
        }
        if let Some(c) = &self.column {
            write!(f, ":{c}")?;
        }
        Ok(())
    }
}

/// All findings of one rule in one column of one file.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Finding {
    /// Code of the rule.
    pub code: &'static str,
    /// What it does.
    pub severity: Severity,
    /// Layer that the file belongs to; empty when it isn't a layer.
    pub layer: String,
    /// The first place.
    pub place: Place,
    /// The value there, as read, shortened.
    pub value: String,
    /// The same in Chinese, where the value is words about the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_zh: Option<String>,
    /// How often it was found.
    pub count: u64,
    /// The rows, at most [`Issues::MAX_ROWS`] of them.
    pub rows: Vec<u64>,
}

/// A growing list of findings, grouped by rule, file and column.
#[derive(Clone, Debug, Default)]
pub struct Issues {
    groups: BTreeMap<(String, String, &'static str, String), (Finding, &'static Rule)>,
}

impl Issues {
    /// Rows listed per group; beyond that only the count grows.
    pub const MAX_ROWS: usize = 1000;

    /// Notes one finding.
    pub fn add(&mut self, rule: &'static Rule, layer: &str, place: Place, value: &str) {
        let key = (layer.to_owned(), place.file.clone(), rule.code, place.column.clone().unwrap_or_default());
        let row = place.row;
        let (finding, _) = self.groups.entry(key).or_insert_with(|| {
            let value = shortened(value);
            let f = Finding {
                code: rule.code,
                severity: rule.severity,
                layer: layer.to_owned(),
                place,
                value,
                value_zh: None,
                count: 0,
                rows: Vec::new(),
            };
            (f, rule)
        });
        finding.count += 1;
        if let (Some(r), true) = (row, finding.rows.len() < Self::MAX_ROWS) {
            finding.rows.push(r);
        }
    }

    /// Notes one finding about a file as a whole, which is words rather than a value of its.
    pub fn add_said(&mut self, rule: &'static Rule, layer: &str, place: Place, said: &Said) {
        let key = (layer.to_owned(), place.file.clone(), rule.code, place.column.clone().unwrap_or_default());
        self.add(rule, layer, place, &said.en);
        if let Some((finding, _)) = self.groups.get_mut(&key).filter(|(f, _)| f.count == 1) {
            finding.value_zh = Some(shortened(&said.zh));
        }
    }

    /// Says the value of a group in Chinese, where it is words.
    pub fn in_chinese(&mut self, rule: &'static Rule, layer: &str, place: &Place, zh: &str) {
        let column = place.column.clone().unwrap_or_default();
        let key = (layer.to_owned(), place.file.clone(), rule.code, column);
        if let Some((finding, _)) = self.groups.get_mut(&key) {
            finding.value_zh.get_or_insert_with(|| shortened(zh));
        }
    }

    /// Notes many findings of one rule in one column of one file: the first place and value, how many,
    /// and the first rows.
    pub fn add_many(
        &mut self,
        rule: &'static Rule,
        layer: &str,
        place: Place,
        value: &str,
        count: u64,
        rows: impl IntoIterator<Item = u64>,
    ) {
        let key = (layer.to_owned(), place.file.clone(), rule.code, place.column.clone().unwrap_or_default());
        let (finding, _) = self.groups.entry(key).or_insert_with(|| {
            let value = shortened(value);
            let (code, severity, layer) = (rule.code, rule.severity, layer.to_owned());
            (
                Finding { code, severity, layer, place, value, value_zh: None, count: 0, rows: Vec::new() },
                rule,
            )
        });
        finding.count += count;
        let room = Self::MAX_ROWS.saturating_sub(finding.rows.len());
        finding.rows.extend(rows.into_iter().take(room));
    }

    /// Takes in another list, whose rows come after the ones here.
    pub fn extend(&mut self, other: Issues) {
        for (key, (finding, rule)) in other.groups {
            match self.groups.entry(key) {
                std::collections::btree_map::Entry::Vacant(v) => {
                    v.insert((finding, rule));
                }
                std::collections::btree_map::Entry::Occupied(mut o) => {
                    let mine = &mut o.get_mut().0;
                    mine.count += finding.count;
                    let room = Self::MAX_ROWS.saturating_sub(mine.rows.len());
                    mine.rows.extend(finding.rows.into_iter().take(room));
                }
            }
        }
    }

    /// All groups in a stable order: by layer, file, code, column.
    pub fn iter(&self) -> impl Iterator<Item = (&Finding, &'static Rule)> {
        self.groups.values().map(|(f, r)| (f, *r))
    }

    /// How many findings there are of a severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> u64 {
        self.iter().filter(|(f, _)| f.severity == severity).map(|(f, _)| f.count).sum()
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// The worst severity found.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.iter().map(|(f, _)| f.severity).max()
    }
}
