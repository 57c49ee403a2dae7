//! Parquet, with the geometry that GeoParquet's metadata names (geoparquet.org, 1.1), or without one.

use super::binding::HeaderNames;
use super::features::{Ask, FeatureFormat, PART_ROWS, Rows, Take};
use super::read::OwnedRow;
use super::source::Fault;
use super::values::{MAX_EXACT, Owned, civil};
use super::wkb;
use crate::model::rules;
use crate::model::said::Said;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};
use rayon::prelude::*;
use std::fs::File;
use std::path::Path;

/// The format.
pub(super) struct GeoParquet;

fn damaged(e: &ParquetError) -> Fault {
    match e {
        ParquetError::NYI(what) => Fault::new(
            &rules::FORMAT_UNFIT,
            (format!("Parquet: {what}"), format!("Parquet 中有不支持的内容：“{what}”")),
        ),
        e => Fault::new(&rules::FILE_DAMAGED, (format!("Parquet: {e}"), format!("Parquet 无法读取：“{e}”"))),
    }
}

/// Runs a step of the library, which gives up on some damaged files by a panic.
fn guarded<T>(step: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, Fault> {
    let unread =
        || Fault::new(&rules::FILE_DAMAGED, ("Parquet: its pages can't be read", "Parquet 的数据页无法读取"));
    crate::model::guarded::guarded(step).ok_or_else(unread)?.map_err(|e| damaged(&e))
}

fn open(path: &Path) -> Result<SerializedFileReader<File>, Fault> {
    let file = File::open(path).map_err(|e| Fault::new(&rules::FILE_UNREADABLE, Said::from(&e)))?;
    let reader = guarded(|| SerializedFileReader::new(file))?;
    let mut chunks = reader.metadata().row_groups().iter().flat_map(|g| g.columns());
    match chunks.find_map(|c| unread_codec(c.compression())) {
        None => Ok(reader),
        Some(codec) => {
            let what = (
                format!(
                    "its columns are packed with {codec}, which isn't read; write it again with snappy, zstd or gzip, such as `ogr2ogr -lco COMPRESSION=ZSTD new.parquet old.parquet`"
                ),
                format!(
                    "各列以 {codec} 压缩，无法读取；请改用 snappy、zstd 或 gzip 重新写出，例如 `ogr2ogr -lco COMPRESSION=ZSTD new.parquet old.parquet`"
                ),
            );
            Err(Fault::new(&rules::FORMAT_UNFIT, what))
        }
    }
}

/// The name of a codec that isn't read.
fn unread_codec(codec: Compression) -> Option<&'static str> {
    match codec {
        Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::GZIP(_) | Compression::ZSTD(_) => None,
        Compression::BROTLI(_) => Some("brotli"),
        Compression::LZ4 | Compression::LZ4_RAW => Some("lz4"),
        Compression::LZO => Some("lzo"),
    }
}

/// The column of geometry and its system, as the metadata tell.
#[derive(Default)]
struct Geometry {
    column: Option<String>,
    crs: Option<String>,
}

/// Names under which other programs leave WKB without metadata.
const USUAL: [&str; 4] = ["geometry", "geom", "wkb_geometry", "wkb"];

fn geometry(metadata: Option<&str>, columns: &[String]) -> Result<Geometry, Fault> {
    let Some(text) = metadata else {
        let column = columns.iter().find(|c| USUAL.contains(&c.to_lowercase().as_str()));
        return Ok(Geometry { column: column.cloned(), crs: None });
    };
    let geo: serde_json::Value = serde_json::from_str(text).map_err(|e| {
        Fault::new(
            &rules::FILE_DAMAGED,
            (format!("metadata of GeoParquet: {e}"), format!("GeoParquet 元数据有误：“{e}”")),
        )
    })?;
    let name = geo["primary_column"].as_str().unwrap_or("geometry");
    let about = &geo["columns"][name];
    let encoding = about["encoding"].as_str().unwrap_or("WKB");
    if !encoding.eq_ignore_ascii_case("WKB") {
        let what = (
            format!("its geometry is encoded as {encoding}; write it again as WKB"),
            format!("几何编码为 {encoding}；请重新写成 WKB"),
        );
        return Err(Fault::new(&rules::FORMAT_UNFIT, what));
    }
    // Without a system it is WGS 84, with null it is unknown.
    let crs = match about.get("crs") {
        None => Some("WGS 84".to_owned()),
        Some(crs) if crs.is_object() => {
            let id = &crs["id"];
            Some(match (id["authority"].as_str(), &id["code"]) {
                (Some(authority), serde_json::Value::Number(code)) => format!("{authority}:{code}"),
                (Some(authority), serde_json::Value::String(code)) => format!("{authority}:{code}"),
                _ => crs.to_string(),
            })
        }
        Some(_) => None,
    };
    Ok(Geometry { column: Some(name.to_owned()), crs })
}

impl FeatureFormat for GeoParquet {
    fn read(&self, ask: &Ask<'_>, _layer: Option<&str>, take: &mut Take<'_>) -> Result<(), Fault> {
        let reader = open(ask.path)?;
        let file = reader.metadata().file_metadata();
        let geo = file.key_value_metadata().into_iter().flatten().find(|kv| kv.key == "geo");
        let all = file.schema().get_fields();
        // Columns of columns, such as the bounds of every row, are no values.
        let plain = |f: &&parquet::schema::types::TypePtr| f.is_primitive();
        let columns: Vec<String> = all.iter().filter(plain).map(|f| f.name().to_owned()).collect();
        let geometry = geometry(geo.and_then(|kv| kv.value.as_deref()), &columns)?;
        let wanted: Vec<_> = all.iter().filter(plain).cloned().collect();
        let shape_at = geometry.column.as_ref().and_then(|g| columns.iter().position(|c| c == g));
        let names: Vec<HeaderNames> = columns
            .into_iter()
            .enumerate()
            .filter(|(i, _)| Some(*i) != shape_at)
            .map(|(_, name)| vec![name])
            .collect();
        let projection = guarded(|| {
            parquet::schema::types::Type::group_type_builder(file.schema().name()).with_fields(wanted).build()
        })?;
        let mut number = 0u32;
        let mut rows = guarded(|| reader.get_row_iter(Some(projection)))?;
        loop {
            let part = guarded(|| rows.by_ref().take(PART_ROWS).collect::<Result<Vec<Row>, _>>())?;
            let last = part.len() < PART_ROWS;
            let first = number;
            number = number.saturating_add(part.len() as u32);
            let made = part
                .into_par_iter()
                .enumerate()
                .map(|(i, row)| own_row(row, shape_at, first.saturating_add(i as u32).saturating_add(1)))
                .collect();
            if take(Rows { names: &names, crs: geometry.crs.as_deref(), rows: made })?.is_break() || last {
                return Ok(());
            }
        }
    }
}

fn own_row(row: Row, shape_at: Option<usize>, number: u32) -> OwnedRow {
    let mut shape = None;
    let mut values = Vec::with_capacity(row.len());
    for (i, (_, field)) in row.into_columns().into_iter().enumerate() {
        if Some(i) == shape_at {
            if let Field::Bytes(bytes) = &field {
                shape = wkb::parse(bytes.data()).shape;
            }
        } else {
            values.push(own(field));
        }
    }
    OwnedRow { number, values, shape }
}

/// A day of the common era, or nothing.
fn day(days: i64) -> Option<String> {
    (-800_000..3_000_000).contains(&days).then(|| civil(days))
}

fn moment(seconds: i64) -> Owned {
    let Some(date) = day(seconds.div_euclid(86_400)) else { return Owned::Blank };
    Owned::Text(match seconds.rem_euclid(86_400) {
        0 => date,
        s => format!("{date} {:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60),
    })
}

fn own(field: Field) -> Owned {
    let whole = |n: i128| {
        // Whole numbers beyond 2^53 keep their digits as text.
        if (n as f64).abs() < MAX_EXACT { Owned::Number(n as f64) } else { Owned::Text(n.to_string()) }
    };
    match field {
        Field::Null => Owned::Blank,
        Field::Bool(b) => Owned::Flag(b),
        Field::Byte(n) => whole(n.into()),
        Field::Short(n) => whole(n.into()),
        Field::Int(n) => whole(n.into()),
        Field::Long(n) => whole(n.into()),
        Field::UByte(n) => whole(n.into()),
        Field::UShort(n) => whole(n.into()),
        Field::UInt(n) => whole(n.into()),
        Field::ULong(n) => whole(n.into()),
        Field::Float16(x) => Owned::Number(x.into()),
        Field::Float(x) => Owned::Number(x.into()),
        Field::Double(x) => Owned::Number(x),
        Field::Decimal(d) => decimal(&d),
        Field::Str(s) => Owned::Text(s),
        // Text written without saying that it is text.
        Field::Bytes(b) => std::str::from_utf8(b.data()).map_or(Owned::Blank, |s| Owned::Text(s.to_owned())),
        Field::Date(days) => day(days.into()).map_or(Owned::Blank, Owned::Text),
        Field::TimestampMillis(ms) => moment(ms.div_euclid(1000)),
        Field::TimestampMicros(us) => moment(us.div_euclid(1_000_000)),
        // A time of day without its day serves no column.
        Field::TimeMillis(_) | Field::TimeMicros(_) => Owned::Blank,
        Field::Group(_) | Field::ListInternal(_) | Field::MapInternal(_) => Owned::Blank,
    }
}

/// A big-endian whole number with its point moved.
fn decimal(d: &parquet::data_type::Decimal) -> Owned {
    let bytes = d.data();
    let Some(first) = bytes.first().filter(|_| bytes.len() <= 16) else { return Owned::Blank };
    let sign = if *first >= 0x80 { -1 } else { 0i128 };
    let n = bytes.iter().fold(sign, |n, b| n << 8 | i128::from(*b));
    // Parsed as written, so that the nearest double is found.
    format!("{n}e{}", -i64::from(d.scale())).parse().map_or(Owned::Blank, Owned::Number)
}
