//! Tables as CSV: UTF-8 with a byte-order mark (spreadsheets take unmarked Chinese for something else),
//! field names in the first row, unknown as an empty cell.

use super::document::{Cell, Table};
use super::layer::{FieldKind, Layer, Layout, Value};
use super::number::fixed;
use std::io::{self, Write};

/// Writes a layer's rows in their own order, without geometry.
///
/// # Errors
/// Whatever the output refuses.
pub fn write(layer: &Layer, layout: &Layout, out: &mut (impl Write + ?Sized)) -> io::Result<()> {
    out.write_all("\u{feff}".as_bytes())?;
    let mut csv = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    csv.write_record(layout.shown.iter().map(|&at| layer.columns[at].field.name.as_ref()))?;
    for row in 0..layer.rows {
        csv.write_record(layout.shown.iter().map(|&at| {
            let column = &layer.columns[at];
            cell(&column.value(row), column.field.kind)
        }))?;
    }
    csv.flush()
}

fn cell(value: &Value, kind: FieldKind) -> String {
    match value {
        Value::Unknown => String::new(),
        Value::Flag(b) => b.to_string(),
        Value::Int(v) => v.to_string(),
        Value::Float(v) => fixed(*v, if let FieldKind::Float(d) = kind { d } else { 6 }),
        Value::Text(t) => unarmed(t),
    }
}

/// Writes a table of the report: headings in its language, numbers without grouping, shares of one.
///
/// # Errors
/// Whatever the output refuses.
pub fn write_table(table: &Table, out: &mut (impl Write + ?Sized)) -> io::Result<()> {
    out.write_all("\u{feff}".as_bytes())?;
    let mut csv = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    csv.write_record(table.headings.iter().map(|h| unarmed(h)))?;
    for row in table.rows.iter().chain(&table.total) {
        csv.write_record(row.iter().map(|c| match c {
            Cell::Blank | Cell::Unknown | Cell::Nothing => String::new(),
            Cell::Text(t) => unarmed(t),
            Cell::Count(n) => n.to_string(),
            Cell::Number(v, 0) => format!("{v:.0}"),
            Cell::Number(v, d) => fixed(*v, *d),
            Cell::Share(v) => fixed(*v, 4),
        }))?;
    }
    csv.flush()
}

/// A text that no spreadsheet takes for a formula: one that begins like a formula gets an apostrophe.
#[must_use]
pub fn unarmed(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::layer::tests::sample;
    use super::*;

    #[test]
    fn golden() {
        let layer = sample(&["=1+1", "a,\"b\""], &[Some(12.0), None], &[(0.0, 0.0); 2]);
        let mut out = Vec::new();
        write(&layer, &layer.layout(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, "\u{feff}site_id,score\r\n'=1+1,12.0\r\n\"a,\"\"b\"\"\",\r\n");
    }
}
