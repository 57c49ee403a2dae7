//! Findings of one worker, grouped as they come, so that a broken column of millions of rows stays cheap.

use crate::model::issues::{Issues, Place, Rule};
use crate::model::said::Said;
use crate::model::words::shortened;

/// Findings of one part of a file.
#[derive(Default)]
pub(super) struct Findings {
    groups: Vec<Group>,
}

struct Group {
    rule: &'static Rule,
    column: &'static str,
    value: String,
    /// The value in Chinese, where it is words.
    zh: Option<String>,
    count: u64,
    rows: Vec<u32>,
}

impl Findings {
    /// Notes a finding. `column` is a standard name, or empty for the row as a whole.
    pub fn add(&mut self, rule: &'static Rule, column: &'static str, row: u32, value: &str) {
        let known = self.groups.iter_mut().find(|g| std::ptr::eq(g.rule, rule) && g.column == column);
        if let Some(g) = known {
            g.count += 1;
            if g.rows.len() < Issues::MAX_ROWS {
                g.rows.push(row);
            }
            return;
        }
        let value = shortened(value);
        self.groups.push(Group { rule, column, value, zh: None, count: 1, rows: vec![row] });
    }

    /// The same with a value that is words.
    pub fn add_said(&mut self, rule: &'static Rule, column: &'static str, row: u32, said: &Said) {
        let met = self.groups.len();
        self.add(rule, column, row, &said.en);
        if let Some(new) = self.groups.get_mut(met) {
            new.zh = Some(said.zh.clone());
        }
    }

    /// Hands everything over to `issues`; `header` gives the name that the file uses for a column.
    pub fn pour(self, issues: &mut Issues, layer: &str, file: &str, header: &dyn Fn(&str) -> String) {
        for g in self.groups {
            let column = (!g.column.is_empty()).then(|| header(g.column));
            let place = Place { file: file.to_owned(), row: g.rows.first().map(|r| u64::from(*r)), column };
            let of_group = place.clone();
            issues.add_many(g.rule, layer, place, &g.value, g.count, g.rows.into_iter().map(u64::from));
            if let Some(zh) = g.zh {
                issues.in_chinese(g.rule, layer, &of_group, &zh);
            }
        }
    }
}
