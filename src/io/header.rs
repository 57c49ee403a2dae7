//! Finding the header of a table among title rows, and reading two header rows as one.

use super::binding::{Binding, HeaderNames};
use super::values::{self, Owned, Value};
use crate::model::project::LayerSpec;
use crate::model::schema::Layer;

/// Rows looked at for a header.
pub(super) const HEAD_ROWS: usize = 40;

/// A header that was found.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Header {
    /// Index of its first row among the rows given.
    pub first: usize,
    /// How many rows it has: 0, 1 or 2.
    pub rows: usize,
    /// The names of each column.
    pub names: Vec<HeaderNames>,
}

impl Header {
    /// Index of the first row of data.
    pub fn data(&self) -> usize {
        self.first + self.rows
    }
}

fn text(v: &Owned) -> String {
    match v.borrow().trimmed() {
        Value::Blank => String::new(),
        v => v.text().split_whitespace().collect::<Vec<_>>().join(" "),
    }
}

fn one(row: &[Owned]) -> Vec<HeaderNames> {
    row.iter().map(|c| vec![text(c)]).collect()
}

/// Names of two header rows: a blank of the upper row takes its left neighbour's (a merged cell).
fn two(upper: &[Owned], lower: &[Owned]) -> Vec<HeaderNames> {
    let mut above = String::new();
    (0..upper.len().max(lower.len()))
        .map(|i| {
            let up = upper.get(i).map(text).unwrap_or_default();
            let low = lower.get(i).map(text).unwrap_or_default();
            if !up.is_empty() {
                above = up.clone();
            }
            if low.is_empty() || low == up {
                vec![up]
            } else {
                vec![low.clone(), format!("{above}{low}"), format!("{above}_{low}")]
            }
        })
        .collect()
}

fn has_numbers(row: &[Owned]) -> bool {
    row.iter().any(|v| values::angle(v.borrow().trimmed()).is_some())
}

fn filled(row: &[Owned]) -> usize {
    row.iter().filter(|v| v.borrow().trimmed() != Value::Blank).count()
}

/// The header of a table, given its first rows. Without a `header_row` in the project the row with most
/// columns of the layer is taken; when no row has any, the first with two texts and no number.
pub(super) fn find(
    rows: &[Vec<Owned>],
    layer: &'static Layer,
    spec: &LayerSpec,
    numbers: &[u32],
) -> Option<Header> {
    let score = |names: &[HeaderNames]| Binding::matches(layer, names, spec);
    if let Some(row) = spec.header_row {
        if row == 0 {
            let width = rows.iter().map(Vec::len).max()?;
            return Some(Header {
                first: 0,
                rows: 0,
                names: (1..=width).map(|i| vec![i.to_string()]).collect(),
            });
        }
        let first = numbers.iter().position(|n| *n >= row)?;
        return Some(widest(rows, first, &score));
    }
    let mut best: Option<(usize, usize)> = None;
    for (i, row) in rows.iter().enumerate().take(HEAD_ROWS) {
        let s = score(&one(row));
        if s > best.map_or(0, |b| b.1) {
            best = Some((i, s));
        }
    }
    let first = match best {
        Some((i, _)) => i,
        None => {
            rows.iter().take(HEAD_ROWS).position(|r| filled(r) >= 2 && !has_numbers(r)).or_else(|| {
                // A table of one column, or one whose header has numbers in it.
                (rows.iter().all(|r| filled(r) <= 1))
                    .then(|| rows.iter().position(|r| filled(r) == 1))
                    .flatten()
            })?
        }
    };
    Some(widest(rows, first, &score))
}

/// The header at a row, with the row above or below when together they name more columns.
fn widest(rows: &[Vec<Owned>], first: usize, score: &dyn Fn(&[HeaderNames]) -> usize) -> Header {
    let alone = one(&rows[first]);
    let mut best = (score(&alone), Header { first, rows: 1, names: alone });
    let mut consider = |upper: usize| {
        let (Some(up), Some(low)) = (rows.get(upper), rows.get(upper + 1)) else { return };
        if has_numbers(low) || filled(low) < 2 || filled(up) < 2 {
            return;
        }
        let names = two(up, low);
        let s = score(&names);
        // Cells merged over both rows say that they are one header.
        let merged = up.iter().zip(low).any(|(u, l)| !text(u).is_empty() && text(u) == text(l));
        if s > best.0 || (s == best.0 && merged && best.1.rows == 1) {
            best = (s, Header { first: upper, rows: 2, names });
        }
    };
    consider(first);
    if first > 0 {
        consider(first - 1);
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<Vec<Owned>> {
        text.lines().map(|l| l.split(',').map(|c| Owned::Text(c.to_owned())).collect()).collect()
    }

    fn found(text: &str) -> Header {
        let rows = rows(text);
        let numbers: Vec<u32> = (1..=rows.len() as u32).collect();
        let layer = Layer::named("cells").unwrap();
        find(&rows, layer, &LayerSpec::default(), &numbers).unwrap()
    }

    #[test]
    fn title_rows_are_passed_over() {
        let h = found("某市5G工参表,,\n制表日期：2026-06,,\n小区标识,运营商,制式\n1,移动,5G\n");
        assert_eq!((h.first, h.rows), (2, 1));
    }

    #[test]
    fn two_rows_make_one_header() {
        let h = found("小区标识,运营商,位置,,天线,\n,,经度,纬度,挂高,方位角\n1,移动,118,32,30,120\n");
        assert_eq!((h.first, h.rows), (0, 2));
        assert_eq!(h.names[0], ["小区标识"]);
        assert_eq!(h.names[3][..2], ["纬度".to_owned(), "位置纬度".to_owned()]);
    }

    #[test]
    fn data_is_no_second_header() {
        let h = found("小区标识,运营商,制式\nA,移动,5G\nB,电信,5G\n");
        assert_eq!((h.first, h.rows), (0, 1));
    }
}
