//! `NAME.shp` with `.shx`, `.dbf`, `.prj` and `.cpg`: ESRI Shapefile (white paper of July 1998), dBASE III
//! attributes in GB18030, names of at most ten characters.

use super::table::joined;
use super::{Geometry, GeometryKind, LayerWriter, OutField, Table};
use crate::report::layer::{FieldKind, Value};
use crate::report::number::fixed;
use crate::report::out::{FillError, OutFolder, ReportError};
use encoding_rs::GB18030;
use rayon::prelude::*;
use std::io::{self, Write};

/// Longest text of a dBASE field, bytes.
const LONGEST: usize = 254;
/// Most fields of a dBASE table, by the readers.
const MOST_FIELDS: usize = 255;
/// Beyond it readers take offsets for negative ones.
const MOST_BYTES: u64 = 1 << 31;
/// What a file for WGS 84 says.
const WGS84: &str = "GEOGCS[\"GCS_WGS_1984\",DATUM[\"D_WGS_1984\",SPHEROID[\"WGS_1984\",6378137.0,298.257223563]],\
     PRIMEM[\"Greenwich\",0.0],UNIT[\"Degree\",0.0174532925199433]]";

/// The writer.
pub(super) struct Shapefile;

impl LayerWriter for Shapefile {
    fn layer(&mut self, folder: &mut OutFolder, table: &Table) -> Result<(), ReportError> {
        let name = |ext: &str| format!("{}.{ext}", table.name());
        let made =
            records(table).map_err(|source| ReportError::Failed { path: name("shp").into(), source })?;
        folder.file(&name("shp"), |out| -> io::Result<()> {
            head(out, &made, made.bytes, table.kind)?;
            for (n, r) in made.list.iter().enumerate() {
                out.write_all(&(n as u32 + 1).to_be_bytes())?;
                out.write_all(&(r.len() as u32 / 2).to_be_bytes())?;
                out.write_all(r)?;
            }
            Ok(())
        })?;
        folder.file(&name("shx"), |out| -> io::Result<()> {
            head(out, &made, 100 + 8 * made.list.len() as u64, table.kind)?;
            let mut at = 100u32;
            for r in &made.list {
                out.write_all(&(at / 2).to_be_bytes())?;
                out.write_all(&(r.len() as u32 / 2).to_be_bytes())?;
                at += 8 + r.len() as u32;
            }
            Ok(())
        })?;
        drop(made);
        folder.file(&name("dbf"), |out| dbf(table, out).map_err(FillError::from))?;
        let prj = table.system.map_or(WGS84, |s| &s.wkt1_esri);
        folder.file(&name("prj"), |out| out.write_all(prj.as_bytes()))?;
        folder.file(&name("cpg"), |out| out.write_all(b"GB18030"))
    }
}

struct Records {
    list: Vec<Vec<u8>>,
    bounds: Option<[f64; 4]>,
    bytes: u64,
}

fn too_large(what: &str) -> io::Error {
    io::Error::other(format!("{what}, which no Shapefile holds; write gpkg, fgb or parquet instead"))
}

fn records(table: &Table) -> io::Result<Records> {
    let made: Vec<(Vec<u8>, Option<[f64; 4]>)> = table
        .layout
        .order
        .par_iter()
        .map(|&row| {
            let geometry = table.geometry(row)?;
            Ok((record(&geometry), geometry.bounds()))
        })
        .collect::<io::Result<_>>()?;
    let bounds = made.iter().map(|(_, b)| *b).fold(None, joined);
    let list: Vec<Vec<u8>> = made.into_iter().map(|(r, _)| r).collect();
    let bytes = 100 + list.iter().map(|r| 8 + r.len() as u64).sum::<u64>();
    if bytes >= MOST_BYTES {
        return Err(too_large(&format!("the shapes take {bytes} bytes")));
    }
    Ok(Records { list, bounds, bytes })
}

/// The main header; lengths count words of two bytes.
fn head(
    out: &mut (dyn Write + Send),
    made: &Records,
    bytes: u64,
    kind: Option<GeometryKind>,
) -> io::Result<()> {
    let shape: u32 = match kind {
        None => 0,
        Some(GeometryKind::Point) => 1,
        Some(GeometryKind::Line | GeometryKind::Lines) => 3,
        Some(GeometryKind::Areas) => 5,
    };
    out.write_all(&9994u32.to_be_bytes())?;
    out.write_all(&[0; 20])?;
    out.write_all(&((bytes / 2) as u32).to_be_bytes())?;
    out.write_all(&1000u32.to_le_bytes())?;
    out.write_all(&shape.to_le_bytes())?;
    for v in made.bounds.unwrap_or_default() {
        out.write_all(&v.to_le_bytes())?;
    }
    out.write_all(&[0; 32])
}

fn record(geometry: &Geometry) -> Vec<u8> {
    let mut out = Vec::new();
    let (kind, parts): (u32, Vec<Vec<[f64; 2]>>) = match geometry {
        Geometry::None => return 0u32.to_le_bytes().to_vec(),
        Geometry::Point(p) => {
            out.extend_from_slice(&1u32.to_le_bytes());
            p.iter().for_each(|v| out.extend_from_slice(&v.to_le_bytes()));
            return out;
        }
        Geometry::Lines(lines) => (3, lines.clone()),
        // Outer rings run clockwise here, against all other formats.
        Geometry::Areas(areas) => {
            (5, areas.iter().flatten().map(|r| r.iter().rev().copied().collect()).collect())
        }
    };
    out.extend_from_slice(&kind.to_le_bytes());
    geometry.bounds().unwrap_or_default().iter().for_each(|v| out.extend_from_slice(&v.to_le_bytes()));
    out.extend_from_slice(&(parts.len() as u32).to_le_bytes());
    let points: usize = parts.iter().map(Vec::len).sum();
    out.extend_from_slice(&(points as u32).to_le_bytes());
    let mut at = 0u32;
    for part in &parts {
        out.extend_from_slice(&at.to_le_bytes());
        at += part.len() as u32;
    }
    parts.iter().flatten().flatten().for_each(|v| out.extend_from_slice(&v.to_le_bytes()));
    out
}

/// A text in the file's encoding, cut at a character to what a field holds.
fn encoded(text: &str) -> std::borrow::Cow<'_, [u8]> {
    let (bytes, _, _) = GB18030.encode(text);
    if bytes.len() <= LONGEST {
        return bytes;
    }
    let mut out = Vec::new();
    let mut one = [0; 4];
    for c in text.chars() {
        let (bytes, _, _) = GB18030.encode(c.encode_utf8(&mut one));
        if out.len() + bytes.len() > LONGEST {
            break;
        }
        out.extend_from_slice(&bytes);
    }
    out.into()
}

fn cell(value: &Value, kind: FieldKind) -> Vec<u8> {
    match value {
        Value::Unknown => Vec::new(),
        Value::Flag(v) => if *v { b"T" } else { b"F" }.to_vec(),
        Value::Int(v) => v.to_string().into_bytes(),
        Value::Float(v) => fixed(*v, decimals(kind)).into_bytes(),
        Value::Text(t) => encoded(t).into_owned(),
    }
}

/// A number of a field without decimals would be taken for a whole one.
fn decimals(kind: FieldKind) -> u8 {
    if let FieldKind::Float(d) = kind { d.max(1) } else { 0 }
}

fn width(table: &Table, field: &OutField) -> usize {
    let least = match field.kind {
        FieldKind::Flag => return 1,
        // Enough for readers to take the field for one of whole numbers of 64 bits.
        FieldKind::Int => 18,
        FieldKind::Float(_) => 12,
        FieldKind::Text => 1,
    };
    let longest = table
        .layout
        .order
        .par_iter()
        .map(|&row| match table.value(row, field) {
            Value::Unknown => 0,
            // GB18030 takes no more bytes than UTF-8, but for rare characters: four each.
            Value::Text(t) if t.is_ascii() => t.len(),
            v => cell(&v, field.kind).len(),
        })
        .max();
    longest.unwrap_or(0).clamp(least, LONGEST)
}

fn dbf(table: &Table, out: &mut (dyn Write + Send)) -> io::Result<()> {
    if table.fields.len() > MOST_FIELDS {
        return Err(too_large(&format!("layer {} has {} fields", table.name(), table.fields.len())));
    }
    let widths: Vec<usize> = table.fields.iter().map(|f| width(table, f)).collect();
    let length = 1 + widths.iter().sum::<usize>();
    let head = 32 + 32 * table.fields.len() + 1;
    let bytes = (head + length * table.layer.rows) as u64;
    if bytes >= MOST_BYTES || length > usize::from(u16::MAX) {
        return Err(too_large(&format!("the attributes take {bytes} bytes")));
    }
    // dBASE III, no date of the run: the first day of 1970.
    out.write_all(&[3, 70, 1, 1])?;
    out.write_all(&(table.layer.rows as u32).to_le_bytes())?;
    out.write_all(&(head as u16).to_le_bytes())?;
    out.write_all(&(length as u16).to_le_bytes())?;
    out.write_all(&[0; 20])?;
    for (f, &width) in table.fields.iter().zip(&widths) {
        let mut name = [0u8; 11];
        for (to, from) in name.iter_mut().zip(f.short.bytes().take(10)) {
            *to = from;
        }
        let kind = match f.kind {
            FieldKind::Text => b'C',
            FieldKind::Flag => b'L',
            FieldKind::Int | FieldKind::Float(_) => b'N',
        };
        out.write_all(&name)?;
        out.write_all(&[kind, 0, 0, 0, 0, width as u8, decimals(f.kind)])?;
        out.write_all(&[0; 14])?;
    }
    out.write_all(b"\r")?;
    let mut line = Vec::with_capacity(length);
    for &row in &table.layout.order {
        table.told.add(1);
        line.clear();
        line.push(b' ');
        for (f, &width) in table.fields.iter().zip(&widths) {
            let value = table.value(row, f);
            let mut bytes = cell(&value, f.kind);
            bytes.truncate(width);
            let blanks = std::iter::repeat_n(b' ', width - bytes.len());
            match f.kind {
                FieldKind::Text => {
                    line.extend_from_slice(&bytes);
                    line.extend(blanks);
                }
                FieldKind::Flag if bytes.is_empty() => line.push(b'?'),
                _ => {
                    line.extend(blanks);
                    line.extend_from_slice(&bytes);
                }
            }
        }
        out.write_all(&line)?;
    }
    out.write_all(&[0x1a])
}
