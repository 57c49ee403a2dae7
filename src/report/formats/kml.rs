//! `NAME.kml`: OGC KML 2.2 (12-007r2), WGS 84 by its nature.

use super::{Geometry, LayerWriter, Table};
use crate::report::layer::{FieldKind, Value};
use crate::report::number::fixed;
use crate::report::out::{FillError, OutFolder, ReportError};
use crate::report::xml::escaped;
use rayon::prelude::*;
use std::fmt::Write as _;
use std::io::{self, Write};

/// Placemarks made by one task.
const BLOCK: usize = 1024;
/// Blocks in flight.
const BLOCKS: usize = 16;

/// The writer.
pub(super) struct Kml;

impl LayerWriter for Kml {
    fn layer(&mut self, folder: &mut OutFolder, table: &Table) -> Result<(), ReportError> {
        folder.file(&format!("{}.kml", table.name()), |out| write(table, out).map_err(FillError::from))
    }
}

fn write(table: &Table, out: &mut (dyn Write + Send)) -> io::Result<()> {
    let mut head = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<kml xmlns=\"http://www.opengis.net/kml/2.2\">\n\
         <Document id=\"root_doc\">\n",
    );
    let _ = writeln!(head, "<Schema name=\"{0}\" id=\"{0}\">", table.name());
    for f in &table.fields {
        let kind = match f.kind {
            FieldKind::Text => "string",
            FieldKind::Flag => "bool",
            FieldKind::Int => "int",
            FieldKind::Float(_) => "double",
        };
        let _ = writeln!(
            head,
            "<SimpleField name=\"{}\" type=\"{kind}\"><displayName>{}</displayName></SimpleField>",
            escaped(&f.name),
            escaped(&f.alias)
        );
    }
    let _ = writeln!(head, "</Schema>\n<Folder><name>{}</name>", table.name());
    out.write_all(head.as_bytes())?;
    for part in table.layout.order.chunks(BLOCK * BLOCKS) {
        table.told.add(part.len() as u64);
        let made: Vec<String> = part
            .par_chunks(BLOCK)
            .map(|rows| {
                let mut text = String::new();
                rows.iter().try_for_each(|&r| placemark(table, r, &mut text))?;
                Ok(text)
            })
            .collect::<io::Result<_>>()?;
        made.iter().try_for_each(|t| out.write_all(t.as_bytes()))?;
    }
    out.write_all(b"</Folder>\n</Document></kml>\n")
}

fn placemark(table: &Table, row: u32, out: &mut String) -> io::Result<()> {
    let name = table.fields.iter().find(|f| f.name == "name").map(|f| table.value(row, f));
    let name = match name {
        Some(Value::Text(t)) => t,
        _ => table.id(row),
    };
    // Writing to a String doesn't fail.
    let _ = write!(
        out,
        "<Placemark>\n<name>{}</name>\n<ExtendedData><SchemaData schemaUrl=\"#{}\">\n",
        escaped(&name),
        table.name()
    );
    for f in &table.fields {
        let text = match table.value(row, f) {
            Value::Unknown => continue,
            Value::Flag(v) => u8::from(v).to_string(),
            Value::Int(v) => v.to_string(),
            Value::Float(v) => fixed(v, if let FieldKind::Float(d) = f.kind { d } else { 6 }),
            Value::Text(t) => escaped(&t),
        };
        let _ = writeln!(out, "<SimpleData name=\"{}\">{text}</SimpleData>", escaped(&f.name));
    }
    out.push_str("</SchemaData></ExtendedData>\n");
    match table.geometry(row)? {
        Geometry::None => {}
        Geometry::Point(p) => {
            let _ = write!(out, "<Point><coordinates>{}</coordinates></Point>", list(&[p]));
        }
        Geometry::Lines(lines) => {
            let several = table.kind == Some(super::GeometryKind::Lines);
            out.push_str(if several { "<MultiGeometry>" } else { "" });
            for line in &lines {
                let _ = write!(out, "<LineString><coordinates>{}</coordinates></LineString>", list(line));
            }
            out.push_str(if several { "</MultiGeometry>" } else { "" });
        }
        Geometry::Areas(areas) => {
            out.push_str("<MultiGeometry>");
            for rings in &areas {
                out.push_str("<Polygon>");
                for (n, ring) in rings.iter().enumerate() {
                    let tag = if n == 0 { "outerBoundaryIs" } else { "innerBoundaryIs" };
                    let _ = write!(
                        out,
                        "<{tag}><LinearRing><coordinates>{}</coordinates></LinearRing></{tag}>",
                        list(ring)
                    );
                }
                out.push_str("</Polygon>");
            }
            out.push_str("</MultiGeometry>");
        }
    }
    out.push_str("\n</Placemark>\n");
    Ok(())
}

fn list(line: &[[f64; 2]]) -> String {
    let mut text = String::new();
    for (n, [lon, lat]) in line.iter().enumerate() {
        let _ = write!(text, "{}{},{}", if n > 0 { " " } else { "" }, fixed(*lon, 7), fixed(*lat, 7));
    }
    text
}
