//! Tables as CSV: UTF-8 with a byte-order mark (spreadsheets take unmarked Chinese for something else), or
//! GB18030 for programs that know no other; field names in the first row, unknown as an empty cell.

use super::document::{Cell, Table};
use super::layer::{FieldKind, Layer, Layout, Value};
use super::number::fixed;
use std::io::{self, Write};

/// How characters are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8 with a byte-order mark.
    #[default]
    Utf8,
    /// GB 18030, the national standard of China, which holds every character too.
    Gb18030,
}

impl Encoding {
    /// Every encoding.
    pub const ALL: [Self; 2] = [Self::Utf8, Self::Gb18030];

    /// As typed after `--csv-encoding`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Gb18030 => "gb18030",
        }
    }

    fn put(self, table: &[u8], out: &mut (impl Write + ?Sized)) -> io::Result<()> {
        match self {
            Self::Utf8 => {
                out.write_all("\u{feff}".as_bytes())?;
                out.write_all(table)
            }
            Self::Gb18030 => out.write_all(&encoding_rs::GB18030.encode(&String::from_utf8_lossy(table)).0),
        }
    }
}

/// Writes a layer's rows in their own order, without geometry.
///
/// # Errors
/// Whatever the output refuses.
pub fn write(
    layer: &Layer,
    layout: &Layout,
    encoding: Encoding,
    out: &mut (impl Write + ?Sized),
) -> io::Result<()> {
    let mut table = Vec::new();
    let mut csv = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(&mut table);
    csv.write_record(layout.shown.iter().map(|&at| layer.columns[at].field.name.as_ref()))?;
    for row in 0..layer.rows {
        csv.write_record(layout.shown.iter().map(|&at| {
            let column = &layer.columns[at];
            cell(&column.value(row), column.field.kind)
        }))?;
    }
    csv.flush()?;
    drop(csv);
    encoding.put(&table, out)
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
pub fn write_table(table: &Table, encoding: Encoding, out: &mut (impl Write + ?Sized)) -> io::Result<()> {
    let mut bytes = Vec::new();
    let mut csv = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(&mut bytes);
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
    csv.flush()?;
    drop(csv);
    encoding.put(&bytes, out)
}

/// A text that no spreadsheet takes for a formula: one that begins like a formula gets an apostrophe.
#[must_use]
pub fn unarmed(text: &str) -> String {
    // Spreadsheets take the wide signs of a Chinese keyboard for the plain ones.
    const SIGNS: [char; 10] = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r'];
    if text.starts_with(SIGNS) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::layer::tests::sample;
    use super::*;

    #[test]
    fn golden() {
        let layer = sample(&["=1+1", "a,\"b\""], &[Some(12.0), None], &[(0.0, 0.0); 2]);
        let mut out = Vec::new();
        write(&layer, &layer.layout(), Encoding::Utf8, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, "\u{feff}site_id,score\r\n'=1+1,12.0\r\n\"a,\"\"b\"\"\",\r\n");
    }

    #[test]
    fn wide_signs_begin_formulas_too() {
        for sign in ["=", "＝", "＋", "－", "＠"] {
            assert_eq!(unarmed(&format!("{sign}1+1")), format!("'{sign}1+1"));
        }
        assert_eq!(unarmed("甲＝乙"), "甲＝乙");
    }

    #[test]
    fn chinese_reads_back_from_gb18030() {
        // 䶮 and 𠮷 have no place in the older GBK.
        let layer = sample(&["甲厂䶮𠮷", "乙"], &[None; 2], &[(0.0, 0.0); 2]);
        let mut out = Vec::new();
        write(&layer, &layer.layout(), Encoding::Gb18030, &mut out).unwrap();
        let (text, _, wrong) = encoding_rs::GB18030.decode(&out);
        assert!(!wrong && text.contains("甲厂䶮𠮷"), "{text}");
        assert!(std::str::from_utf8(&out).is_err(), "no mark, no UTF-8");
    }
}
