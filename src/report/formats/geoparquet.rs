//! `NAME.parquet`: GeoParquet 1.1 (geoparquet.org): WKB, a `bbox` column with statistics, rows along a
//! Hilbert curve so that a reader can pass over row groups by place.

use super::hilbert;
use super::{GeometryKind, LayerWriter, OutField, Table, wkb};
use crate::report::layer::{FieldKind, Value};
use crate::report::out::{FillError, OutFolder, ReportError};
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::column::writer::{ColumnCloseResult, ColumnWriter, get_column_writer};
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{WriterProperties, WriterPropertiesPtr};
use parquet::file::writer::{SerializedFileWriter, SerializedPageWriter, TrackedWrite};
use parquet::schema::types::{ColumnDescPtr, ColumnPath, Type};
use rayon::prelude::*;
use serde_json::json;
use std::io::{self, Write};
use std::sync::Arc;

/// Rows of a row group.
const GROUP: usize = 65_536;
/// Rows that are made by one task: few enough to stay near the processor.
const BLOCK: usize = 1024;

const EDGES: [&str; 4] = ["xmin", "ymin", "xmax", "ymax"];

/// The writer.
pub(super) struct GeoParquet;

impl LayerWriter for GeoParquet {
    fn layer(&mut self, folder: &mut OutFolder, table: &Table) -> Result<(), ReportError> {
        folder.file(&format!("{}.parquet", table.name()), |out| write(table, out).map_err(FillError::from))
    }
}

fn failed(e: ParquetError) -> io::Error {
    match e {
        ParquetError::External(inner) => io::Error::other(inner),
        e => io::Error::other(e.to_string()),
    }
}

/// What a column holds in some rows: the known values, and which are known.
struct Data {
    known: Vec<i16>,
    values: Values,
}

enum Values {
    /// Texts or shapes one behind the other, and where each ends.
    Bytes(Vec<u8>, Vec<usize>),
    Float(Vec<f64>),
    Int(Vec<i64>),
    Flag(Vec<bool>),
}

impl Data {
    fn new(values: Values) -> Self {
        Self { known: Vec::with_capacity(BLOCK), values }
    }

    fn push(&mut self, value: &Value) {
        self.known.push(i16::from(value.is_known()));
        match (&mut self.values, value) {
            (Values::Bytes(all, ends), Value::Text(t)) => {
                all.extend_from_slice(t.as_bytes());
                ends.push(all.len());
            }
            (Values::Float(list), Value::Float(v)) => list.push(*v),
            (Values::Int(list), Value::Int(v)) => list.push(*v),
            (Values::Flag(list), Value::Flag(v)) => list.push(*v),
            // A field has values of its own type alone.
            _ => {}
        }
    }
}

fn write(table: &Table, out: &mut (dyn Write + Send)) -> io::Result<()> {
    let Some(kind) = table.kind else { return Ok(()) };
    let bounds = table.bounds()?;
    let (rows, all) = hilbert::order(&bounds);
    let mut builder = WriterProperties::builder();
    // No two features lie in one place: a dictionary of places would be their list again.
    let edges = EDGES.map(|edge| vec!["bbox".to_owned(), edge.to_owned()]);
    for path in std::iter::once(vec!["geometry".to_owned()]).chain(edges) {
        builder = builder.set_column_dictionary_enabled(ColumnPath::from(path), false);
    }
    let properties = Arc::new(
        builder
            .set_compression(Compression::SNAPPY)
            .set_created_by(concat!("covplan ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_key_value_metadata(Some(vec![KeyValue::new(
                "geo".to_owned(),
                Some(geo(table, kind, all).to_string()),
            )]))
            .build(),
    );
    let schema = Arc::new(schema(table).map_err(failed)?);
    let mut file = SerializedFileWriter::new(out, schema, Arc::clone(&properties)).map_err(failed)?;
    for rows in rows.chunks(GROUP) {
        let described: Vec<ColumnDescPtr> = file.schema_descr().columns().to_vec();
        // Row by row first, while what a row needs is near; then column by column.
        let blocks: Vec<Vec<Data>> = rows
            .par_chunks(BLOCK)
            .map(|rows| gathered(table, kind, rows, &bounds))
            .collect::<io::Result<_>>()?;
        let made: Vec<(Vec<u8>, ColumnCloseResult)> = described
            .into_par_iter()
            .enumerate()
            .map(|(at, column)| chunk(&blocks, at, column, &properties))
            .collect::<io::Result<_>>()?;
        let mut group = file.next_row_group().map_err(failed)?;
        for (bytes, closed) in made {
            group.append_column(&bytes::Bytes::from(bytes), closed).map_err(failed)?;
        }
        group.close().map_err(failed)?;
    }
    file.close().map_err(failed)?;
    Ok(())
}

fn schema(table: &Table) -> Result<Type, ParquetError> {
    let column = |name: &str, physical, logical| {
        Type::primitive_type_builder(name, physical)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(logical)
            .build()
            .map(Arc::new)
    };
    let mut fields = Vec::new();
    for f in &table.fields {
        fields.push(match f.kind {
            FieldKind::Text => column(&f.name, Physical::BYTE_ARRAY, Some(LogicalType::String))?,
            FieldKind::Flag => column(&f.name, Physical::BOOLEAN, None)?,
            FieldKind::Int => column(&f.name, Physical::INT64, None)?,
            FieldKind::Float(_) => column(&f.name, Physical::DOUBLE, None)?,
        });
    }
    fields.push(column("geometry", Physical::BYTE_ARRAY, None)?);
    let edge = |name: &&str| {
        let double = Type::primitive_type_builder(name, Physical::DOUBLE);
        double.with_repetition(Repetition::REQUIRED).build().map(Arc::new)
    };
    let edges = EDGES.iter().map(edge).collect::<Result<Vec<_>, _>>()?;
    let bbox = Type::group_type_builder("bbox").with_repetition(Repetition::OPTIONAL).with_fields(edges);
    fields.push(Arc::new(bbox.build()?));
    Type::group_type_builder("schema").with_fields(fields).build()
}

/// The metadata of GeoParquet.
fn geo(table: &Table, kind: GeometryKind, all: Option<[f64; 4]>) -> serde_json::Value {
    let covering = |edge: &str| json!(["bbox", edge]);
    let mut column = json!({
        "encoding": "WKB",
        "geometry_types": [kind.name()],
        "orientation": "counterclockwise",
        "covering": { "bbox": {
            "xmin": covering("xmin"), "ymin": covering("ymin"), "xmax": covering("xmax"), "ymax": covering("ymax"),
        } },
    });
    if let Some(all) = all {
        column["bbox"] = json!(all);
    }
    // Without one the system is OGC:CRS84.
    if let Some(system) = table.system.filter(|s| s.code.as_ref().is_none_or(|(_, code)| *code != 4326)) {
        column["crs"] = system.projjson.clone();
    }
    json!({ "version": "1.1.0", "primary_column": "geometry", "columns": { "geometry": column } })
}

/// The columns of some rows.
fn gathered(
    table: &Table,
    kind: GeometryKind,
    rows: &[u32],
    bounds: &[Option<[f64; 4]>],
) -> io::Result<Vec<Data>> {
    let empty = |f: &OutField| {
        Data::new(match f.kind {
            FieldKind::Text => Values::Bytes(Vec::new(), Vec::with_capacity(BLOCK)),
            FieldKind::Flag => Values::Flag(Vec::with_capacity(BLOCK)),
            FieldKind::Int => Values::Int(Vec::with_capacity(BLOCK)),
            FieldKind::Float(_) => Values::Float(Vec::with_capacity(BLOCK)),
        })
    };
    let mut columns: Vec<Data> = table.fields.iter().map(empty).collect();
    let mut shapes = Data::new(Values::Bytes(Vec::new(), Vec::with_capacity(BLOCK)));
    let mut edges: [Vec<f64>; 4] = std::array::from_fn(|_| Vec::with_capacity(BLOCK));
    for &row in rows {
        table.each_value(row, |n, value| columns[n].push(&value));
        let there = bounds[row as usize];
        shapes.known.push(i16::from(there.is_some()));
        if let (Some(b), Values::Bytes(all, ends)) = (there, &mut shapes.values) {
            wkb::push(all, &table.geometry(row)?, kind);
            ends.push(all.len());
            edges.iter_mut().zip(b).for_each(|(e, v)| e.push(v));
        }
    }
    let known = shapes.known.clone();
    columns.push(shapes);
    columns.extend(edges.map(|e| Data { known: known.clone(), values: Values::Float(e) }));
    Ok(columns)
}

/// One column of a row group, by its place among the columns of the blocks.
fn chunk(
    blocks: &[Vec<Data>],
    at: usize,
    column: ColumnDescPtr,
    properties: &WriterPropertiesPtr,
) -> io::Result<(Vec<u8>, ColumnCloseResult)> {
    let mut out = TrackedWrite::new(Vec::new());
    let pages = SerializedPageWriter::new(&mut out);
    let mut writer = get_column_writer(column, Arc::clone(properties), Box::new(pages));
    for data in blocks.iter().filter_map(|b| b.get(at)) {
        let known = Some(data.known.as_slice());
        let written = match (&data.values, &mut writer) {
            (Values::Bytes(all, ends), ColumnWriter::ByteArrayColumnWriter(w)) => {
                // Every value is a view of one copy.
                let all = bytes::Bytes::copy_from_slice(all);
                let mut start = 0;
                let values: Vec<ByteArray> = ends
                    .iter()
                    .map(|&end| ByteArray::from(all.slice(std::mem::replace(&mut start, end)..end)))
                    .collect();
                w.write_batch(&values, known, None)
            }
            (Values::Float(list), ColumnWriter::DoubleColumnWriter(w)) => w.write_batch(list, known, None),
            (Values::Int(list), ColumnWriter::Int64ColumnWriter(w)) => w.write_batch(list, known, None),
            (Values::Flag(list), ColumnWriter::BoolColumnWriter(w)) => w.write_batch(list, known, None),
            _ => Err(ParquetError::General("a column of another type than its field".to_owned())),
        };
        written.map_err(failed)?;
    }
    let closed = writer.close().map_err(failed)?;
    Ok((out.into_inner().map_err(failed)?, closed))
}
