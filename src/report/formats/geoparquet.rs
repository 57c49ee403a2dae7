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
use parquet::schema::types::{ColumnDescPtr, Type};
use rayon::prelude::*;
use serde_json::json;
use std::io::{self, Write};
use std::sync::Arc;

/// Rows of a row group.
const GROUP: usize = 65_536;

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

/// What a column of the file holds.
#[derive(Clone, Copy)]
enum Part<'t> {
    Field(&'t OutField),
    Geometry,
    /// An edge of the bounds, by its place in west, south, east, north.
    Edge(usize),
}

fn write(table: &Table, out: &mut (dyn Write + Send)) -> io::Result<()> {
    let Some(kind) = table.kind else { return Ok(()) };
    let bounds = table.bounds()?;
    let (rows, all) = hilbert::order(&bounds);
    let properties = Arc::new(
        WriterProperties::builder()
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
    let mut parts: Vec<Part> = table.fields.iter().map(Part::Field).collect();
    parts.push(Part::Geometry);
    parts.extend((0..4).map(Part::Edge));
    for rows in rows.chunks(GROUP) {
        let described: Vec<ColumnDescPtr> = file.schema_descr().columns().to_vec();
        let made: Vec<(Vec<u8>, ColumnCloseResult)> = parts
            .par_iter()
            .zip(described)
            .map(|(part, column)| chunk(table, kind, *part, rows, &bounds, column, &properties))
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

/// One column of a row group.
fn chunk(
    table: &Table,
    kind: GeometryKind,
    part: Part,
    rows: &[u32],
    bounds: &[Option<[f64; 4]>],
    column: ColumnDescPtr,
    properties: &WriterPropertiesPtr,
) -> io::Result<(Vec<u8>, ColumnCloseResult)> {
    let mut out = TrackedWrite::new(Vec::new());
    let pages = SerializedPageWriter::new(&mut out);
    let writer = get_column_writer(column, Arc::clone(properties), Box::new(pages));
    let mut known: Vec<i16> = Vec::with_capacity(rows.len());
    let field_values = |field: &OutField, known: &mut Vec<i16>, take: &mut dyn FnMut(Value)| {
        for &row in rows {
            let value = table.value(row, field);
            known.push(i16::from(value.is_known()));
            take(value);
        }
    };
    let closed = match (part, writer) {
        (Part::Field(f), ColumnWriter::ByteArrayColumnWriter(mut w)) => {
            let mut values: Vec<ByteArray> = Vec::with_capacity(rows.len());
            field_values(f, &mut known, &mut |v| {
                if let Value::Text(t) = v {
                    values.push(ByteArray::from(t.as_bytes().to_vec()));
                }
            });
            w.write_batch(&values, Some(&known), None).and_then(|_| w.close())
        }
        (Part::Field(f), ColumnWriter::DoubleColumnWriter(mut w)) => {
            let mut values = Vec::with_capacity(rows.len());
            field_values(f, &mut known, &mut |v| {
                if let Value::Float(x) = v {
                    values.push(x);
                }
            });
            w.write_batch(&values, Some(&known), None).and_then(|_| w.close())
        }
        (Part::Field(f), ColumnWriter::Int64ColumnWriter(mut w)) => {
            let mut values = Vec::with_capacity(rows.len());
            field_values(f, &mut known, &mut |v| {
                if let Value::Int(x) = v {
                    values.push(x);
                }
            });
            w.write_batch(&values, Some(&known), None).and_then(|_| w.close())
        }
        (Part::Field(f), ColumnWriter::BoolColumnWriter(mut w)) => {
            let mut values = Vec::with_capacity(rows.len());
            field_values(f, &mut known, &mut |v| {
                if let Value::Flag(x) = v {
                    values.push(x);
                }
            });
            w.write_batch(&values, Some(&known), None).and_then(|_| w.close())
        }
        (Part::Geometry, ColumnWriter::ByteArrayColumnWriter(mut w)) => {
            let mut values: Vec<ByteArray> = Vec::with_capacity(rows.len());
            for &row in rows {
                let there = bounds[row as usize].is_some();
                known.push(i16::from(there));
                if there {
                    let mut blob = Vec::new();
                    wkb::push(&mut blob, &table.geometry(row)?, kind);
                    values.push(ByteArray::from(blob));
                }
            }
            w.write_batch(&values, Some(&known), None).and_then(|_| w.close())
        }
        (Part::Edge(at), ColumnWriter::DoubleColumnWriter(mut w)) => {
            known.extend(rows.iter().map(|r| i16::from(bounds[*r as usize].is_some())));
            let values: Vec<f64> = rows.iter().filter_map(|r| bounds[*r as usize]).map(|b| b[at]).collect();
            w.write_batch(&values, Some(&known), None).and_then(|_| w.close())
        }
        _ => Err(ParquetError::General("a column of another type than its field".to_owned())),
    };
    let closed = closed.map_err(failed)?;
    Ok((out.into_inner().map_err(failed)?, closed))
}
