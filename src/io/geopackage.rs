//! GeoPackage (OGC 12-128r17): tables of features in an SQLite file, and tables without geometry.

use super::features::{Ask, FeatureFormat, PART_BYTES, PART_ROWS, Rows, Take};
use super::read::OwnedRow;
use super::shape::RawShape;
use super::source::Fault;
use super::values::{MAX_EXACT, Owned};
use super::wkb;
use crate::model::rules;
use crate::model::said::Said;
use rayon::prelude::*;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use std::path::Path;

/// The format.
pub(super) struct GeoPackage;

fn damaged(e: &rusqlite::Error) -> Fault {
    Fault::new(&rules::FILE_DAMAGED, (format!("GeoPackage: {e}"), format!("GeoPackage 无法读取：“{e}”")))
}

/// Opens a file that anyone may have made: nothing in it is run or trusted, nothing is written.
fn open(path: &Path) -> Result<Connection, Fault> {
    // SQLite's own words for a missing file don't say what is missing.
    std::fs::File::open(path).map_err(|e| Fault::new(&rules::FILE_UNREADABLE, Said::from(&e)))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let ready = |c: Connection| -> rusqlite::Result<Connection> {
        c.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA query_only = ON; PRAGMA cell_size_check = ON;")?;
        c.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(()))?;
        Ok(c)
    };
    let plain = Connection::open_with_flags(path, flags).and_then(ready);
    match plain {
        // A file with a write-ahead log in a folder that can't be written to.
        Err(rusqlite::Error::SqliteFailure(e, _)) if e.code == rusqlite::ErrorCode::CannotOpen => {
            let name = path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
            let uri = format!("file:{name}?immutable=1");
            Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI).and_then(ready)
        }
        other => other,
    }
    .map_err(|e| damaged(&e))
}

/// A name in SQL.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl FeatureFormat for GeoPackage {
    fn layers(&self, ask: &Ask<'_>) -> Result<Vec<String>, Fault> {
        let c = open(ask.path)?;
        let has_contents = c
            .query_row("SELECT 1 FROM sqlite_master WHERE name = 'gpkg_contents'", [], |_| Ok(()))
            .optional()
            .map_err(|e| damaged(&e))?;
        if has_contents.is_none() {
            return Err(Fault::new(
                &rules::FORMAT_UNFIT,
                ("it is an SQLite file, but not a GeoPackage", "是 SQLite 文件，但不是 GeoPackage"),
            ));
        }
        let tables = |kind: &str| -> rusqlite::Result<Vec<String>> {
            let mut q =
                c.prepare("SELECT table_name FROM gpkg_contents WHERE data_type = ?1 ORDER BY rowid")?;
            q.query_map([kind], |r| r.get(0))?.collect()
        };
        let mut all = tables("features").map_err(|e| damaged(&e))?;
        all.extend(
            tables("attributes").map_err(|e| damaged(&e))?.into_iter().filter(|n| n != "layer_styles"),
        );
        if all.is_empty() {
            return Err(Fault::new(
                &rules::FORMAT_UNFIT,
                ("the GeoPackage has no layer of features", "GeoPackage 中没有要素图层"),
            ));
        }
        Ok(all)
    }

    fn read(&self, ask: &Ask<'_>, layer: Option<&str>, take: &mut Take<'_>) -> Result<(), Fault> {
        let c = open(ask.path)?;
        let table = layer.unwrap_or_default();
        let geometry: Option<(String, i64)> = c
            .query_row(
                "SELECT column_name, srs_id FROM gpkg_geometry_columns WHERE table_name = ?1",
                [table],
                |r| Ok((r.get(0)?, r.get(1)?)),
            )
            .optional()
            .map_err(|e| damaged(&e))?;
        let crs = match &geometry {
            Some((_, srs)) => system(&c, *srs).map_err(|e| damaged(&e))?,
            None => None,
        };
        rows(&c, table, geometry.as_ref().map(|g| g.0.as_str()), crs.as_deref(), take)
    }
}

/// What the file says about one of its systems: its code, or its definition.
fn system(c: &Connection, srs: i64) -> rusqlite::Result<Option<String>> {
    // -1 and 0 stand for "not known".
    if srs <= 0 {
        return Ok(None);
    }
    let found: Option<(String, i64, String)> = c
        .query_row(
            "SELECT organization, organization_coordsys_id, definition FROM gpkg_spatial_ref_sys WHERE srs_id = ?1",
            [srs],
            |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)),
        )
        .optional()?;
    Ok(found.map(
        |(org, code, wkt)| {
            if org.eq_ignore_ascii_case("EPSG") { format!("EPSG:{code}") } else { wkt }
        },
    ))
}

/// A row before its geometry is read.
struct Raw {
    values: Vec<Owned>,
    blob: Option<Vec<u8>>,
}

fn rows(
    c: &Connection,
    table: &str,
    geometry: Option<&str>,
    crs: Option<&str>,
    take: &mut Take<'_>,
) -> Result<(), Fault> {
    // First, as it refuses names that are no text, on which the library would panic below.
    let declared = declared(c, table).map_err(|e| damaged(&e))?;
    let mut query = c.prepare(&format!("SELECT * FROM {}", quoted(table))).map_err(|e| damaged(&e))?;
    let at = |name: &str| query.column_names().iter().position(|n| n.eq_ignore_ascii_case(name));
    let shape_at = geometry.and_then(at);
    let id = declared.iter().find(|d| d.is_key).and_then(|d| at(&d.name));
    let names: Vec<_> = query
        .column_names()
        .iter()
        .enumerate()
        // The number that SQLite gives a row is the file's business, unless it is all the id there is.
        .filter(|(i, n)| Some(*i) != shape_at && !(Some(*i) == id && matches!(**n, "fid" | "ogc_fid")))
        .map(|(i, n)| (i, vec![(*n).to_owned()]))
        .collect();
    let (places, names): (Vec<usize>, Vec<_>) = names.into_iter().unzip();
    let is_flag = |i: &usize| declared.iter().any(|d| d.is_flag && at(&d.name) == Some(*i));
    let flags: Vec<bool> = places.iter().map(is_flag).collect();
    let mut cursor = query.query([]).map_err(|e| damaged(&e))?;
    let mut number = 0u32;
    let mut more = true;
    while more {
        let mut part: Vec<Raw> = Vec::new();
        let mut bytes = 0;
        // Large rows make smaller parts.
        while part.len() < PART_ROWS && bytes < PART_BYTES {
            let at = number.saturating_add(part.len() as u32).saturating_add(1);
            let fault = |e: &rusqlite::Error| Fault { row: Some(u64::from(at)), ..damaged(e) };
            let Some(row) = cursor.next().map_err(|e| fault(&e))? else {
                more = false;
                break;
            };
            let mut values = Vec::with_capacity(places.len());
            for (i, flag) in places.iter().zip(&flags) {
                values.push(own(row.get_ref(*i).map_err(|e| fault(&e))?, *flag));
            }
            let blob = match shape_at {
                Some(i) => match row.get_ref(i).map_err(|e| fault(&e))? {
                    ValueRef::Null => None,
                    ValueRef::Blob(b) => Some(b.to_vec()),
                    _ => Some(Vec::new()),
                },
                None => None,
            };
            let texts = values.iter().map(|v| if let Owned::Text(t) = v { t.len() } else { 0 });
            bytes += blob.as_ref().map_or(0, Vec::len) + texts.sum::<usize>();
            part.push(Raw { values, blob });
        }
        let first = number;
        number = number.saturating_add(part.len() as u32);
        let rows = part
            .into_par_iter()
            .enumerate()
            .map(|(i, raw)| OwnedRow {
                number: first.saturating_add(i as u32).saturating_add(1),
                values: raw.values,
                shape: raw.blob.as_deref().and_then(shape),
            })
            .collect();
        if take(Rows { names: &names, crs, rows })?.is_break() {
            return Ok(());
        }
    }
    Ok(())
}

/// What a table says about one of its columns.
struct Declared {
    name: String,
    is_flag: bool,
    /// SQLite numbers rows by it.
    is_key: bool,
}

fn declared(c: &Connection, table: &str) -> rusqlite::Result<Vec<Declared>> {
    let mut q = c.prepare("SELECT name, upper(type), pk FROM pragma_table_xinfo(?1)")?;
    q.query_map([table], |r| {
        let (kind, pk): (String, i64) = (r.get(1)?, r.get(2)?);
        Ok(Declared { name: r.get(0)?, is_flag: kind == "BOOLEAN", is_key: pk == 1 && kind == "INTEGER" })
    })?
    .collect()
}

fn own(value: ValueRef<'_>, flag: bool) -> Owned {
    match value {
        ValueRef::Null | ValueRef::Blob(_) => Owned::Blank,
        ValueRef::Integer(i) if flag => Owned::Flag(i != 0),
        // Whole numbers beyond 2^53 keep their digits as text.
        ValueRef::Integer(i) if (i as f64).abs() < MAX_EXACT => Owned::Number(i as f64),
        ValueRef::Integer(i) => Owned::Text(i.to_string()),
        ValueRef::Real(x) => Owned::Number(x),
        ValueRef::Text(t) => Owned::Text(String::from_utf8_lossy(t).into_owned()),
    }
}

/// A geometry blob (2.1.3 of the standard): a header of known length, then WKB.
fn shape(blob: &[u8]) -> Option<RawShape> {
    let broken = || Some(RawShape::Broken(("not a GeoPackage geometry", "不是 GeoPackage 几何").into()));
    let [b'G', b'P', _, flags, ..] = blob else { return broken() };
    if flags & 0b0010_0000 != 0 {
        return Some(RawShape::Other("a geometry of an extension".to_owned()));
    }
    if flags & 0b0001_0000 != 0 {
        return None;
    }
    let envelope = match (flags >> 1) & 0b111 {
        0 => 0,
        1 => 32,
        2 | 3 => 48,
        4 => 64,
        _ => return broken(),
    };
    match blob.get(8 + envelope..) {
        Some(body) => wkb::parse(body).shape,
        None => broken(),
    }
}
