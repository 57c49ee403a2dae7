//! One row as a layer's reader sees it: typed access to columns, every doubt noted.

use super::binding::{Binding, Col};
use super::findings::Findings;
use super::place::{Locator, PlaceCounts};
use super::shape::RawShape;
use super::values::{self, Value};
use crate::geom::LonLat;
use crate::model::issues::Rule;
use crate::model::rules;
use crate::model::said::Said;
use crate::model::schema::{Column, Need};
use crate::model::text::{Known, Text, TextPool};
use std::borrow::Cow;

/// Counts per column that tell a wrong unit from a wrong value: values met, and values out of range.
#[derive(Clone, Copy, Default)]
pub(super) struct RangeCount {
    pub met: u64,
    pub out: u64,
    /// The first value out of range.
    pub first: f64,
    /// Its row.
    pub row: u32,
}

/// Everything noted while reading rows, beside the records.
#[derive(Default)]
pub(super) struct Notes {
    pub findings: Findings,
    pub ranges: Vec<RangeCount>,
    pub places: PlaceCounts,
}

impl Notes {
    /// Adds the counts of a later part of the file; the findings stay apart.
    pub fn add_ranges(&mut self, other: &[RangeCount]) {
        if self.ranges.len() < other.len() {
            self.ranges.resize(other.len(), RangeCount::default());
        }
        for (mine, theirs) in self.ranges.iter_mut().zip(other) {
            if mine.out == 0 && theirs.out > 0 {
                mine.first = theirs.first;
                mine.row = theirs.row;
            }
            mine.met += theirs.met;
            mine.out += theirs.out;
        }
    }
}

/// A row of a table or the properties of a feature.
pub(super) struct Row<'r> {
    /// Line, row or feature number.
    pub number: u32,
    values: &'r [Value<'r>],
    shape: Option<&'r RawShape>,
    binding: &'r Binding,
    locator: &'r Locator,
    notes: &'r mut Notes,
    joined: String,
}

impl<'r> Row<'r> {
    pub fn new(
        number: u32,
        values: &'r [Value<'r>],
        shape: Option<&'r RawShape>,
        (binding, locator): (&'r Binding, &'r Locator),
        notes: &'r mut Notes,
    ) -> Self {
        Self { number, values, shape, binding, locator, notes, joined: String::new() }
    }

    /// What the coordinates of the file say so far.
    pub fn places(&mut self) -> &mut PlaceCounts {
        &mut self.notes.places
    }

    /// The row's position, or `None` with the reason noted.
    pub fn point(&mut self) -> Option<LonLat> {
        self.locator.point(self, self.shape)
    }

    /// Whether the row has something that may be a position.
    pub fn has_position(&self) -> bool {
        self.shape.is_some() || self.locator.has_columns()
    }

    /// The row's geometry as the file gives it, when it gives one.
    pub fn shape(&mut self) -> Option<Cow<'r, RawShape>> {
        self.locator.shape(self, self.shape)
    }

    /// The row's lines, or `None` with the reason noted.
    pub fn lines(&mut self) -> Option<Vec<Vec<LonLat>>> {
        match self.shape() {
            Some(shape) => self.locator.lines(self, &shape),
            None => {
                self.note(&rules::GEOMETRY_MISSING, "", "");
                None
            }
        }
    }

    /// The row's area, or `None` with the reason noted.
    pub fn area(&mut self) -> Option<geo::MultiPolygon<f64>> {
        match self.shape() {
            Some(shape) => self.locator.area(self, &shape),
            None => {
                self.note(&rules::GEOMETRY_MISSING, "", "");
                None
            }
        }
    }

    /// Notes a finding about this row. An empty column means the row as a whole.
    pub fn note(&mut self, rule: &'static Rule, column: &'static str, value: &str) {
        self.notes.findings.add(rule, column, self.number, value);
    }

    /// The same with a value that is words.
    pub fn note_said(&mut self, rule: &'static Rule, column: &'static str, said: &Said) {
        self.notes.findings.add_said(rule, column, self.number, said);
    }

    fn column(&self, col: Col) -> Option<&'static Column> {
        col.at().and_then(|i| self.binding.columns.get(i)).map(|b| b.column)
    }

    /// Hands the value of a column over: blank words stay, texts are trimmed.
    pub fn with<R>(&mut self, col: Col, run: impl FnOnce(&mut Self, Value<'_>) -> R) -> R {
        if col.at().is_none() {
            return run(self, Value::Blank);
        }
        let mut joined = std::mem::take(&mut self.joined);
        let binding = self.binding;
        let values = self.values;
        let value = binding.value(col, values, &mut joined);
        let result = run(self, value);
        self.joined = joined;
        result
    }

    /// A text of the layer's pool that many rows share.
    pub fn shared(&mut self, col: Col, pool: &mut TextPool) -> Text {
        self.with(col, |_, v| if v.is_blank() { Text::NONE } else { pool.intern(&v.text()) })
    }

    /// A code that many rows share.
    pub fn shared_code(&mut self, col: Col, pool: &mut TextPool) -> Text {
        self.with(col, |row, v| if row.blank_code(col, v) { Text::NONE } else { pool.intern(&v.text()) })
    }

    /// A code that mostly differs from row to row.
    pub fn unique_code(&mut self, col: Col, pool: &mut TextPool) -> Text {
        self.with(col, |row, v| if row.blank_code(col, v) { Text::NONE } else { pool.push(&v.text()) })
    }

    /// A text that mostly differs from row to row.
    pub fn unique(&mut self, col: Col, pool: &mut TextPool) -> Text {
        self.with(col, |_, v| if v.is_blank() { Text::NONE } else { pool.push(&v.text()) })
    }

    fn blank_code(&mut self, col: Col, v: Value<'_>) -> bool {
        if v.is_blank() {
            return true;
        }
        if values::id_is_damaged(v)
            && let Some(c) = self.column(col)
        {
            self.note(&rules::ID_DAMAGED, c.name, &v.text());
        }
        false
    }

    /// A text, if given.
    pub fn text(&mut self, col: Col) -> Option<String> {
        self.with(col, |_, v| (!v.is_blank()).then(|| v.text().into_owned()))
    }

    /// A code, if given; one that a spreadsheet damaged is an error.
    pub fn code(&mut self, col: Col) -> Option<String> {
        self.with(col, |row, v| (!row.blank_code(col, v)).then(|| v.text().into_owned()))
    }

    /// Notes that a required value is blank. Gives `None`, so that callers can return it.
    pub fn blank<T>(&mut self, column: &'static str) -> Option<T> {
        self.note(&rules::REQUIRED_BLANK, column, "");
        None
    }

    /// A required text; without it the row goes.
    pub fn required_text(&mut self, col: Col, column: &'static str) -> Option<String> {
        self.text(col).or_else(|| self.blank(column))
    }

    /// A number in the column's unit, within its range; else unknown.
    pub fn number(&mut self, col: Col) -> Option<f64> {
        self.with(col, |row, v| row.number_of(col, v))
    }

    /// A number, where some words stand for none.
    pub fn number_unless(&mut self, col: Col, words: &[&str]) -> Option<f64> {
        self.with(col, |row, v| match v {
            Value::Text(s) if words.contains(&s) => None,
            v => row.number_of(col, v),
        })
    }

    /// A number in four bytes.
    pub fn known(&mut self, col: Col) -> Known {
        Known::from_f64(self.number(col))
    }

    fn number_of(&mut self, col: Col, v: Value<'_>) -> Option<f64> {
        if v.is_blank() {
            return None;
        }
        let at = col.at()?;
        let bound = self.binding.columns.get(at)?;
        let column = bound.column;
        let Some(n) = values::number(v, column.unit) else {
            self.note(&rules::VALUE_UNREADABLE, column.name, &v.text());
            return None;
        };
        let n = n * bound.factor;
        let sound = n >= column.min && n <= column.max;
        if self.notes.ranges.len() <= at {
            self.notes.ranges.resize(self.binding.columns.len(), RangeCount::default());
        }
        let count = &mut self.notes.ranges[at];
        count.met += 1;
        if sound {
            return Some(n);
        }
        if count.out == 0 {
            count.first = n;
            count.row = self.number;
        }
        count.out += 1;
        let rule =
            if n < 0.0 && column.min >= 0.0 { &rules::VALUE_NEGATIVE } else { &rules::VALUE_IMPLAUSIBLE };
        self.note(rule, column.name, &v.text());
        None
    }

    /// A whole number; one with a fraction is unknown.
    pub fn whole(&mut self, col: Col) -> Option<u32> {
        let n = self.number(col)?;
        if n.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&n) {
            return Some(n as u32);
        }
        if let Some(c) = self.column(col) {
            self.note(&rules::VALUE_UNREADABLE, c.name, &n.to_string());
        }
        None
    }

    /// A year.
    pub fn year(&mut self, col: Col) -> Option<i32> {
        self.whole(col).and_then(|y| i32::try_from(y).ok())
    }

    /// Yes or no; blank is unknown.
    pub fn flag(&mut self, col: Col) -> Option<bool> {
        self.with(col, |row, v| {
            let read = values::flag(v);
            if read.is_none()
                && !v.is_blank()
                && let Some(c) = row.column(col)
            {
                row.note(&rules::VALUE_UNREADABLE, c.name, &v.text());
            }
            read
        })
    }

    /// A date as ISO text; blank is unknown.
    pub fn date(&mut self, col: Col) -> Option<String> {
        self.with(col, |row, v| {
            if v.is_blank() {
                return None;
            }
            let read = values::date(v);
            if read.is_none()
                && let Some(c) = row.column(col)
            {
                row.note(&rules::DATE_INVALID, c.name, &v.text());
            }
            read
        })
    }

    /// A word of a vocabulary. The vocabulary comes before the words for blank: 无 may be a member.
    pub fn word<T>(&mut self, col: Col, parse: fn(&str) -> Option<T>) -> Option<T> {
        let required = self.column(col).is_some_and(|c| c.need == Need::Required);
        self.word_of(col, parse, required)
    }

    fn word_of<T>(&mut self, col: Col, parse: fn(&str) -> Option<T>, required: bool) -> Option<T> {
        self.with(col, |row, v| {
            if v == Value::Blank {
                return None;
            }
            let read = parse(&v.text());
            if read.is_none()
                && !v.is_blank()
                && let Some(c) = row.column(col)
            {
                let rule = if required { &rules::REQUIRED_UNREADABLE } else { &rules::WORD_UNKNOWN };
                row.note(rule, c.name, &v.text());
            }
            read
        })
    }

    /// A required word; without it the row goes.
    pub fn required_word<T>(
        &mut self,
        col: Col,
        column: &'static str,
        parse: fn(&str) -> Option<T>,
    ) -> Option<T> {
        let blank = self.with(col, |_, v| v == Value::Blank || (v.is_blank() && parse(&v.text()).is_none()));
        if blank { self.blank(column) } else { self.word_of(col, parse, true) }
    }

    /// The first value of the row that isn't blank.
    pub fn first_value(&self) -> Option<Value<'r>> {
        self.values.iter().map(|v| v.trimmed()).find(|v| !v.is_blank())
    }
}
