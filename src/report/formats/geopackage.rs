//! `layers.gpkg`: OGC GeoPackage 1.3 (12-128r17) with all layers, an R-tree each, headings in
//! `gpkg_data_columns`, and a QGIS style each in `layer_styles`.

use super::table::{Table, joined};
use super::{GeometryKind, LayerWriter, wkb};
use super::{hilbert, rtree};
use crate::crs::{Crs, Definition};
use crate::report::layer::{FieldKind, Value};
use crate::report::out::{OutFolder, ReportError};
use crate::report::qgis;
use rayon::prelude::*;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Statement, params};
use std::borrow::Cow;
use std::io;
use std::path::PathBuf;

pub(super) const NAME: &str = "layers.gpkg";

/// No clock in results: the same layers give the same bytes.
const CHANGED: &str = "1970-01-01T00:00:00.000Z";

/// The tables of every GeoPackage (annex C of the standard) and of the extensions that are used.
const SCHEMA: &str = "
PRAGMA page_size = 4096;
PRAGMA encoding = 'UTF-8';
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -65536;
PRAGMA application_id = 1196444487;
PRAGMA user_version = 10300;
CREATE TABLE gpkg_spatial_ref_sys (
  srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY, organization TEXT NOT NULL,
  organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (
  table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,
  description TEXT DEFAULT '',
  last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
  min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
  CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL,
  srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL,
  CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),
  CONSTRAINT uk_gc_table_name UNIQUE (table_name),
  CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
  CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_extensions (
  table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL,
  scope TEXT NOT NULL, CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name));
CREATE TABLE gpkg_data_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT, description TEXT,
  mime_type TEXT, constraint_name TEXT, CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name),
  CONSTRAINT gdc_tn UNIQUE (table_name, name));
CREATE TABLE gpkg_data_column_constraints (
  constraint_name TEXT NOT NULL, constraint_type TEXT NOT NULL, value TEXT, min NUMERIC,
  min_is_inclusive BOOLEAN, max NUMERIC, max_is_inclusive BOOLEAN, description TEXT,
  CONSTRAINT gdcc_ntv UNIQUE (constraint_name, constraint_type, value));
INSERT INTO gpkg_extensions VALUES
  ('gpkg_data_columns', NULL, 'gpkg_schema', 'http://www.geopackage.org/spec121/#extension_schema', 'read-write'),
  ('gpkg_data_column_constraints', NULL, 'gpkg_schema', 'http://www.geopackage.org/spec121/#extension_schema', 'read-write');
INSERT INTO gpkg_spatial_ref_sys VALUES
  ('Undefined Cartesian SRS', -1, 'NONE', -1, 'undefined', 'undefined Cartesian coordinate reference system'),
  ('Undefined geographic SRS', 0, 'NONE', 0, 'undefined', 'undefined geographic coordinate reference system');
";

/// Where QGIS looks for styles in a database; attributes in the eyes of the standard.
const STYLES: &str = "
CREATE TABLE IF NOT EXISTS layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), f_table_schema TEXT(256),
  f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, styleSLD TEXT,
  useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),
  update_time DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')));
";

/// Rows that are made side by side before they are put in.
const BATCH: usize = 4096;
/// Rows that a statement puts in.
const AT_ONCE: usize = 16;

/// The number of a system that has no code.
const OWN_SRS: i64 = 100_000;

/// The writer.
#[derive(Default)]
pub(super) struct GeoPackage(Option<Connection>);

impl LayerWriter for GeoPackage {
    fn layer(&mut self, folder: &mut OutFolder, table: &Table) -> Result<(), ReportError> {
        let run = |open: &mut Option<Connection>| -> Result<(), Broken> {
            if open.is_none() {
                let new = Connection::open(folder.place(NAME))?;
                new.execute_batch(SCHEMA)?;
                // Every GeoPackage knows WGS 84 (requirement 11), whether a layer is in it or not.
                let plain = Crs::wgs84().definition().map_err(|e| io::Error::other(e.to_string()))?;
                describe(&new, &plain)?;
                *open = Some(new);
            }
            let Some(connection) = open else { return Ok(()) };
            connection.execute_batch("BEGIN")?;
            write(connection, table)?;
            connection.execute_batch("COMMIT")?;
            Ok(())
        };
        run(&mut self.0).map_err(Broken::report)
    }

    fn finish(&mut self, folder: &mut OutFolder) -> Result<(), ReportError> {
        let Some(connection) = self.0.take() else { return Ok(()) };
        connection.close().map_err(|(_, e)| Broken::Sql(e).report())?;
        folder.adopt(NAME)
    }
}

enum Broken {
    Sql(rusqlite::Error),
    Io(io::Error),
}

impl Broken {
    fn report(self) -> ReportError {
        let source = match self {
            Self::Sql(e) => io::Error::other(e.to_string()),
            Self::Io(e) => e,
        };
        ReportError::Failed { path: PathBuf::from(NAME), source }
    }
}

impl From<rusqlite::Error> for Broken {
    fn from(e: rusqlite::Error) -> Self {
        Self::Sql(e)
    }
}

impl From<io::Error> for Broken {
    fn from(e: io::Error) -> Self {
        Self::Io(e)
    }
}

/// A name in SQL.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

const fn column_type(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Text => "TEXT",
        FieldKind::Flag => "BOOLEAN",
        FieldKind::Int => "INTEGER",
        FieldKind::Float(_) => "DOUBLE",
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Value::Unknown => ToSqlOutput::Borrowed(ValueRef::Null),
            Value::Flag(v) => ToSqlOutput::Borrowed(ValueRef::Integer(i64::from(*v))),
            Value::Int(v) => ToSqlOutput::Borrowed(ValueRef::Integer(*v)),
            Value::Float(v) => ToSqlOutput::Borrowed(ValueRef::Real(*v)),
            Value::Text(t) => ToSqlOutput::Borrowed(ValueRef::Text(t.as_bytes())),
        })
    }
}

/// The system's number in this file, described there when it is new.
fn srs(c: &Connection, table: &Table) -> rusqlite::Result<i64> {
    table.system.map_or(Ok(0), |system| describe(c, system))
}

fn describe(c: &Connection, system: &Definition) -> rusqlite::Result<i64> {
    let (org, id) = match &system.code {
        Some((org, code)) => (org.as_str(), i64::from(*code)),
        None => ("NONE", OWN_SRS),
    };
    c.execute(
        "INSERT OR IGNORE INTO gpkg_spatial_ref_sys VALUES (?1, ?2, ?3, ?2, ?4, NULL)",
        params![system.name, id, org, system.wkt1],
    )?;
    Ok(id)
}

fn write(c: &Connection, table: &Table) -> Result<(), Broken> {
    let name = quoted(table.name());
    let mut columns = String::new();
    for f in &table.fields {
        columns += &format!(", {} {}", quoted(&f.name), column_type(f.kind));
    }
    let Some(kind) = table.kind else { return Ok(()) };
    let srs_id = srs(c, table)?;
    let geometry_type = kind.name().to_uppercase();
    c.execute_batch(&format!(
        "CREATE TABLE {name} (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom {geometry_type}{columns})"
    ))?;
    let about = &table.layer.method;
    c.execute(
        "INSERT INTO gpkg_contents VALUES (?1, 'features', ?1, ?2, ?3, NULL, NULL, NULL, NULL, ?4)",
        params![
            table.name(),
            format!("{}. {}", table.title(), table.lang.pick(about.0, about.1)),
            CHANGED,
            srs_id
        ],
    )?;
    c.execute(
        "INSERT INTO gpkg_geometry_columns VALUES (?1, 'geom', ?2, ?3, 0, 0)",
        params![table.name(), geometry_type, srs_id],
    )?;
    for f in &table.fields {
        let about = if f.unit.is_empty() { f.about.to_owned() } else { format!("[{}] {}", f.unit, f.about) };
        c.execute(
            "INSERT INTO gpkg_data_columns VALUES (?1, ?2, ?2, ?3, ?4, NULL, NULL)",
            params![table.name(), f.name, f.alias, Some(about.trim()).filter(|a| !a.is_empty())],
        )?;
    }
    styles(c, table)?;
    let all = rows(c, table, kind, srs_id)?;
    if let Some([w, s, e, n]) = all {
        c.execute(
            "UPDATE gpkg_contents SET min_x = ?2, min_y = ?3, max_x = ?4, max_y = ?5 WHERE table_name = ?1",
            params![table.name(), w, s, e, n],
        )?;
    }
    c.execute_batch(&triggers(table.name()))?;
    c.execute(
        "INSERT INTO gpkg_extensions VALUES (?1, 'geom', 'gpkg_rtree_index', \
         'http://www.geopackage.org/spec120/#extension_rtree', 'write-only')",
        params![table.name()],
    )?;
    Ok(())
}

/// Puts the styles beside the layer; QGIS draws it by the first.
fn styles(c: &Connection, table: &Table) -> rusqlite::Result<()> {
    if table.styles.is_empty() {
        return Ok(());
    }
    c.execute_batch(STYLES)?;
    c.execute(
        "INSERT OR IGNORE INTO gpkg_contents VALUES \
         ('layer_styles', 'attributes', 'layer_styles', '', ?1, NULL, NULL, NULL, NULL, NULL)",
        params![CHANGED],
    )?;
    for style in table.styles {
        let name = if style.variant.is_empty() { "default" } else { style.variant };
        c.execute(
            "INSERT INTO layer_styles VALUES (NULL, '', '', ?1, 'geom', ?2, ?3, NULL, ?4, ?5, '', NULL, ?6)",
            params![
                table.name(),
                name,
                qgis::qml(table, style),
                style.variant.is_empty(),
                table.lang.pick(&style.title.0, &style.title.1),
                CHANGED
            ],
        )?;
    }
    Ok(())
}

/// Bounds of a row, its geometry and its values.
type Made<'a> = (Option<[f64; 4]>, Vec<u8>, Vec<Value<'a>>);

/// A statement that puts in so many rows.
struct Insert<'c, 'a> {
    statement: Statement<'c>,
    rows: usize,
    /// What each place for a value holds: it stays there, and isn't copied again for the next row that has the same.
    held: Vec<Option<Value<'a>>>,
}

impl<'c, 'a> Insert<'c, 'a> {
    fn new(c: &'c Connection, table: &Table, rows: usize) -> rusqlite::Result<Self> {
        let row = format!("({})", vec!["?"; table.fields.len() + 2].join(", "));
        let list = vec![row; rows].join(", ");
        let statement = c.prepare(&format!("INSERT INTO {} VALUES {list}", quoted(table.name())))?;
        let mut held = Vec::new();
        held.resize_with(table.fields.len() * rows, || None);
        Ok(Self { statement, rows, held })
    }

    fn bind(
        &mut self,
        at: usize,
        fid: i64,
        blob: Option<&[u8]>,
        row: Vec<Value<'a>>,
    ) -> rusqlite::Result<()> {
        let first = at * (row.len() + 2) + 1;
        self.statement.raw_bind_parameter(first, fid)?;
        self.statement.raw_bind_parameter(first + 1, blob)?;
        let held = self.held.iter_mut().skip(at * row.len());
        for ((i, value), held) in row.into_iter().enumerate().zip(held) {
            if !held.as_ref().is_some_and(|h| same(h, &value)) {
                self.statement.raw_bind_parameter(first + 2 + i, &value)?;
                *held = Some(value);
            }
        }
        Ok(())
    }
}

/// Whether two values are plainly the same; of texts, whether they are one.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Text(Cow::Borrowed(a)), Value::Text(Cow::Borrowed(b))) => std::ptr::eq(*a, *b),
        (Value::Text(_), _) => false,
        (Value::Float(a), Value::Float(b)) => a.to_bits() == b.to_bits(),
        _ => a == b,
    }
}

/// Writes the features in the order of the layer, then their index along a Hilbert curve.
fn rows<'a>(
    c: &Connection,
    table: &Table<'_, 'a>,
    kind: GeometryKind,
    srs_id: i64,
) -> Result<Option<[f64; 4]>, Broken> {
    // Of a statement's cost much is the same for one row and for many.
    let mut one = Insert::new(c, table, 1)?;
    let mut many = Insert::new(c, table, AT_ONCE)?;
    let mut bounds = Vec::with_capacity(table.layer.rows);
    let make = |&row: &u32| -> io::Result<Made<'a>> {
        let geometry = table.geometry(row)?;
        let b = geometry.bounds();
        let mut blob = Vec::new();
        if let Some(b) = b {
            head(&mut blob, srs_id, (kind != GeometryKind::Point).then_some(b));
            wkb::push(&mut blob, &geometry, kind);
        }
        let mut values = Vec::with_capacity(table.fields.len());
        table.each_value(row, |_, value| values.push(std::mem::replace(value, Value::Unknown)));
        Ok((b, blob, values))
    };
    let made = |part: &[u32]| part.par_iter().map(make).collect::<io::Result<Vec<_>>>();
    let mut put = |batch: Vec<Made<'a>>| -> rusqlite::Result<()> {
        table.told.add(batch.len() as u64);
        let mut batch = batch.into_iter();
        while batch.len() > 0 {
            let insert = if batch.len() < AT_ONCE { &mut one } else { &mut many };
            for at in 0..insert.rows {
                let Some((b, blob, values)) = batch.next() else { break };
                insert.bind(at, bounds.len() as i64 + 1, b.map(|_| blob.as_slice()), values)?;
                bounds.push(b);
            }
            insert.statement.raw_execute()?;
        }
        Ok(())
    };
    let mut parts = table.layout.order.chunks(BATCH);
    let mut next = parts.next().map(made).transpose()?;
    while let Some(batch) = next.take() {
        let part = parts.next();
        if rayon::current_num_threads() < 2 {
            put(batch)?;
            next = part.map(made).transpose()?;
            continue;
        }
        // The statement can't leave this thread: another makes the next batch meanwhile.
        next = std::thread::scope(|s| -> Result<_, Broken> {
            let maker = part.map(|part| s.spawn(move || made(part)));
            put(batch)?;
            let end = |e| std::panic::resume_unwind(e);
            Ok(maker.map(|m| m.join().unwrap_or_else(end)).transpose()?)
        })?;
    }
    let index = format!("rtree_{}_geom", table.name());
    c.execute_batch(&format!(
        "CREATE VIRTUAL TABLE {} USING rtree(id, minx, maxx, miny, maxy)",
        quoted(&index)
    ))?;
    let (order, all) = hilbert::order(&bounds);
    rtree::fill(c, &index, &order, &bounds)?;
    debug_assert_eq!(all, bounds.iter().copied().fold(None, joined));
    Ok(all)
}

/// Header of a geometry blob (2.1.3 of the standard), with an envelope where it isn't plain from the point.
fn head(out: &mut Vec<u8>, srs_id: i64, envelope: Option<[f64; 4]>) {
    out.extend_from_slice(b"GP\0");
    out.push(if envelope.is_some() { 0b011 } else { 0b001 });
    out.extend_from_slice(&(srs_id as i32).to_le_bytes());
    if let Some([w, s, e, n]) = envelope {
        for v in [w, e, s, n] {
            out.extend_from_slice(&v.to_le_bytes());
        }
    }
}

/// The triggers that keep the index true when other programs edit the layer (annex F.3 of the standard, 1.3).
fn triggers(table: &str) -> String {
    let r = format!("rtree_{table}_geom");
    let (t, q) = (quoted(table), quoted(&r));
    let name = |what: &str| quoted(&format!("{r}_{what}"));
    let row = "NEW.fid, ST_MinX(NEW.geom), ST_MaxX(NEW.geom), ST_MinY(NEW.geom), ST_MaxY(NEW.geom)";
    let full = "NEW.geom NOT NULL AND NOT ST_IsEmpty(NEW.geom)";
    let none = "(NEW.geom ISNULL OR ST_IsEmpty(NEW.geom))";
    format!(
        "CREATE TRIGGER {insert} AFTER INSERT ON {t} WHEN ({full})
         BEGIN INSERT OR REPLACE INTO {q} VALUES ({row}); END;
         CREATE TRIGGER {update1} AFTER UPDATE OF geom ON {t} WHEN OLD.fid = NEW.fid AND ({full})
         BEGIN INSERT OR REPLACE INTO {q} VALUES ({row}); END;
         CREATE TRIGGER {update2} AFTER UPDATE OF geom ON {t} WHEN OLD.fid = NEW.fid AND {none}
         BEGIN DELETE FROM {q} WHERE id = OLD.fid; END;
         CREATE TRIGGER {update3} AFTER UPDATE ON {t} WHEN OLD.fid != NEW.fid AND ({full})
         BEGIN DELETE FROM {q} WHERE id = OLD.fid; INSERT OR REPLACE INTO {q} VALUES ({row}); END;
         CREATE TRIGGER {update4} AFTER UPDATE ON {t} WHEN OLD.fid != NEW.fid AND {none}
         BEGIN DELETE FROM {q} WHERE id IN (OLD.fid, NEW.fid); END;
         CREATE TRIGGER {delete} AFTER DELETE ON {t} WHEN OLD.geom NOT NULL
         BEGIN DELETE FROM {q} WHERE id = OLD.fid; END;",
        insert = name("insert"),
        update1 = name("update1"),
        update2 = name("update2"),
        update3 = name("update3"),
        update4 = name("update4"),
        delete = name("delete"),
    )
}
