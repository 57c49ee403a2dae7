//! `NAME.fgb`: FlatGeobuf 3 (flatgeobuf.org) with its packed Hilbert R-tree.

use super::hilbert;
use super::table::{Geometry, Table};
use super::{GeometryKind, LayerWriter};
use crate::report::layer::{FieldKind, Value};
use crate::report::out::{OutFolder, ReportError};
use flatbuffers::{FlatBufferBuilder, TableFinishedWIPOffset, VOffsetT, WIPOffset};
use rayon::prelude::*;
use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::ops::Range;
use std::path::Path;

const MAGIC: [u8; 8] = [b'f', b'g', b'b', 3, b'f', b'g', b'b', 0];
/// Children of a node of the index.
const NODE: usize = 16;
/// Features made by one task.
const BLOCK: usize = 1024;
/// Features that are made together, in the order of memory, which is read faster than along the curve.
const GROUP: usize = 32 * BLOCK;

/// Where the vtable of a table holds its field of that number.
const fn slot(n: VOffsetT) -> VOffsetT {
    4 + 2 * n
}

/// The writer.
pub(super) struct FlatGeobuf;

impl LayerWriter for FlatGeobuf {
    fn layer(&mut self, folder: &mut OutFolder, table: &Table) -> Result<(), ReportError> {
        let name = format!("{}.fgb", table.name());
        let path = folder.place(&name);
        write(table, &path).map_err(|source| ReportError::Failed { path: name.clone().into(), source })?;
        folder.adopt(&name)
    }
}

fn write(table: &Table, path: &Path) -> io::Result<()> {
    let bounds = table.bounds()?;
    let (rows, all) = hilbert::order(&bounds);
    let fronts = if table.kind == Some(GeometryKind::Point) { Fronts::new() } else { None };
    let mut file = File::create(path)?;
    file.write_all(&MAGIC)?;
    file.write_all(&header(table, all))?;
    // The index stands before the features, whose lengths it needs: its room is left free until then.
    let room = file.stream_position()?;
    file.seek(io::SeekFrom::Start(room + index_bytes(rows.len())))?;
    let mut starts = Vec::with_capacity(rows.len());
    let mut end = 0u64;
    let mut ready = Group::default();
    for part in rows.chunks(GROUP) {
        // One group is written while the next is made.
        let (written, made) =
            rayon::join(|| ready.write(&mut file), || Group::new(table, fronts.as_ref(), part));
        written?;
        table.told.add(part.len() as u64);
        ready = made?;
        for (_, bytes) in &ready.at {
            starts.push(end);
            end += bytes.len() as u64;
        }
    }
    ready.write(&mut file)?;
    file.seek(io::SeekFrom::Start(room))?;
    file.write_all(&index(&rows, &bounds, &starts))
}

/// Type of a field, by the format's numbers.
const fn column_type(kind: FieldKind) -> u8 {
    match kind {
        FieldKind::Flag => 2,
        FieldKind::Int => 7,
        FieldKind::Float(_) => 10,
        FieldKind::Text => 11,
    }
}

fn header(table: &Table, bounds: Option<[f64; 4]>) -> Vec<u8> {
    let mut b = FlatBufferBuilder::new();
    let columns: Vec<WIPOffset<TableFinishedWIPOffset>> = table
        .fields
        .iter()
        .map(|f| {
            let name = b.create_string(&f.name);
            let title = b.create_string(&f.alias);
            let about = (!f.about.is_empty()).then(|| b.create_string(f.about));
            let start = b.start_table();
            b.push_slot_always(slot(0), name);
            b.push_slot_always(slot(1), column_type(f.kind));
            b.push_slot_always(slot(2), title);
            if let Some(about) = about {
                b.push_slot_always(slot(3), about);
            }
            b.end_table(start)
        })
        .collect();
    let columns = b.create_vector(&columns);
    let (org, code, crs_name, wkt) = match table.system {
        Some(s) => match &s.code {
            Some((org, code)) => (org.as_str(), *code, s.name.as_str(), s.wkt2.as_str()),
            None => ("", 0, s.name.as_str(), s.wkt2.as_str()),
        },
        None => ("EPSG", 4326, "WGS 84", ""),
    };
    let texts = [org, crs_name, wkt].map(|t| (!t.is_empty()).then(|| b.create_string(t)));
    let start = b.start_table();
    b.push_slot(slot(1), i32::try_from(code).unwrap_or(0), 0);
    for (n, text) in [0, 2, 4].into_iter().zip(texts) {
        if let Some(text) = text {
            b.push_slot_always(slot(n), text);
        }
    }
    let crs = b.end_table(start);
    let name = b.create_string(table.name());
    let title = b.create_string(table.title());
    let envelope = bounds.map(|e| b.create_vector(&e));
    let start = b.start_table();
    b.push_slot(slot(8), table.layer.rows as u64, 0);
    b.push_slot_always(slot(0), name);
    if let Some(envelope) = envelope {
        b.push_slot_always(slot(1), envelope);
    }
    b.push_slot_always(slot(7), columns);
    b.push_slot_always(slot(10), crs);
    b.push_slot_always(slot(11), title);
    // An empty layer has no index; 16 is what a reader assumes.
    b.push_slot(slot(9), if table.layer.rows == 0 { 0u16 } else { NODE as u16 }, NODE as u16);
    b.push_slot(slot(2), table.kind.map_or(0, GeometryKind::code), 0u8);
    let root = b.end_table(start);
    b.finish_size_prefixed(root, None);
    b.finished_data().to_vec()
}

/// Features that are made and written together.
#[derive(Default)]
struct Group {
    blocks: Vec<Vec<u8>>,
    /// Where each feature stands, in the order of the file: its block, and its bytes there.
    at: Vec<(u32, Range<usize>)>,
}

impl Group {
    fn new(table: &Table, fronts: Option<&Fronts>, rows: &[u32]) -> io::Result<Self> {
        let mut order: Vec<u32> = (0..rows.len() as u32).collect();
        order.sort_unstable_by_key(|&i| rows[i as usize]);
        let made: Vec<(Vec<u8>, Vec<u32>)> = order
            .par_chunks(BLOCK)
            .map(|some| block(table, fronts, some.iter().map(|&i| rows[i as usize])))
            .collect::<io::Result<_>>()?;
        let mut at = vec![(0, 0..0); rows.len()];
        let mut blocks = Vec::with_capacity(made.len());
        for ((bytes, lengths), some) in made.into_iter().zip(order.chunks(BLOCK)) {
            let mut start = 0;
            for (&i, length) in some.iter().zip(lengths) {
                let end = start + length as usize;
                at[i as usize] = (blocks.len() as u32, std::mem::replace(&mut start, end)..end);
            }
            blocks.push(bytes);
        }
        Ok(Self { blocks, at })
    }

    fn write(&self, file: &mut File) -> io::Result<()> {
        let mut out = BufWriter::with_capacity(1 << 18, file);
        for (block, bytes) in &self.at {
            out.write_all(&self.blocks[*block as usize][bytes.clone()])?;
        }
        out.flush()
    }
}

/// Features one behind the other, and the length of each.
fn block(
    table: &Table,
    fronts: Option<&Fronts>,
    rows: impl ExactSizeIterator<Item = u32>,
) -> io::Result<(Vec<u8>, Vec<u32>)> {
    let count = rows.len();
    let mut bytes = Vec::new();
    let mut lengths = Vec::with_capacity(count);
    let mut b = FlatBufferBuilder::new();
    let mut properties = Vec::new();
    for row in rows {
        properties.clear();
        table.each_value(row, |n, value| push_property(&mut properties, n as u16, value));
        let before = bytes.len();
        match (table.geometry(row)?, fronts) {
            (Geometry::Point(p), Some(fronts)) => fronts.push(&mut bytes, &p, &properties),
            (shape, _) => bytes.extend_from_slice(feature(&mut b, &shape, table.kind, &properties)),
        }
        lengths.push((bytes.len() - before) as u32);
        if lengths.len() == 1 {
            bytes.reserve(bytes.len() * (count + count / 8));
        }
    }
    Ok((bytes, lengths))
}

/// A feature, its length before it.
fn feature<'b>(
    b: &'b mut FlatBufferBuilder,
    shape: &Geometry,
    kind: Option<GeometryKind>,
    properties: &[u8],
) -> &'b [u8] {
    b.reset();
    // A string of bytes is a vector of them, copied at once.
    let properties = b.create_byte_string(properties);
    let geometry = geometry(b, shape, kind);
    let start = b.start_table();
    if let Some(geometry) = geometry {
        b.push_slot_always(slot(0), geometry);
    }
    b.push_slot_always(slot(1), properties);
    let root = b.end_table(start);
    b.finish_size_prefixed(root, None);
    b.finished_data()
}

/// Features of a point: but for place, properties and lengths all have the same bytes, with eight ways to
/// align them. What the builder makes of one serves the others.
struct Fronts([Front; 8]);

struct Front {
    /// The feature up to its properties.
    head: Vec<u8>,
    /// Where the coordinates stand in it.
    place: usize,
    /// Bytes behind the properties.
    tail: usize,
}

impl Fronts {
    /// `None` when the builder lays features out in another way than expected.
    fn new() -> Option<Self> {
        let mut all = Vec::new();
        for class in 0..8 {
            let (p, filling) = ([-1.5, 2.25], vec![0xa5; 16 + class]);
            let mut b = FlatBufferBuilder::new();
            let made = feature(&mut b, &Geometry::Point(p), Some(GeometryKind::Point), &filling);
            let place: Vec<u8> = p.iter().flat_map(|v: &f64| v.to_le_bytes()).collect();
            let find = |what: &[u8]| made.windows(what.len()).position(|w| w == what);
            let start = find(&filling)?;
            all.push(Front {
                head: made.get(..start)?.to_vec(),
                place: find(&place).filter(|at| at + 16 <= start)?,
                tail: made.len() - start - filling.len(),
            });
        }
        all.try_into().ok().map(Self)
    }

    fn push(&self, out: &mut Vec<u8>, p: &[f64; 2], properties: &[u8]) {
        let Front { head, place, tail } = &self.0[properties.len() % 8];
        let start = out.len();
        out.extend_from_slice(head);
        out.extend_from_slice(properties);
        out.resize(out.len() + tail, 0);
        let length = (out.len() - start - 4) as u32;
        let mut patch = |at: usize, bytes: &[u8]| {
            out[start + at..start + at + bytes.len()].copy_from_slice(bytes);
        };
        patch(0, &length.to_le_bytes());
        patch(head.len() - 4, &(properties.len() as u32).to_le_bytes());
        patch(*place, &p[0].to_le_bytes());
        patch(*place + 8, &p[1].to_le_bytes());
    }
}

fn push_property(out: &mut Vec<u8>, n: u16, value: &Value) {
    if !value.is_known() {
        return;
    }
    out.extend_from_slice(&n.to_le_bytes());
    match value {
        Value::Unknown => {}
        Value::Flag(v) => out.push(u8::from(*v)),
        Value::Int(v) => out.extend_from_slice(&v.to_le_bytes()),
        Value::Float(v) => out.extend_from_slice(&v.to_le_bytes()),
        Value::Text(t) => {
            out.extend_from_slice(&(t.len() as u32).to_le_bytes());
            out.extend_from_slice(t.as_bytes());
        }
    }
}

type Finished = WIPOffset<TableFinishedWIPOffset>;

fn geometry(b: &mut FlatBufferBuilder, geometry: &Geometry, kind: Option<GeometryKind>) -> Option<Finished> {
    match geometry {
        Geometry::None => None,
        Geometry::Point(p) => Some(part(b, &[], p, 0)),
        Geometry::Lines(lines) => {
            let xy: Vec<f64> = lines.iter().flatten().flatten().copied().collect();
            let several = kind == Some(GeometryKind::Lines);
            Some(part(b, if several { lines } else { &[] }, &xy, 0))
        }
        Geometry::Areas(areas) => {
            let parts: Vec<Finished> = areas
                .iter()
                .map(|rings| {
                    let xy: Vec<f64> = rings.iter().flatten().flatten().copied().collect();
                    part(b, if rings.len() > 1 { rings } else { &[] }, &xy, 3)
                })
                .collect();
            let parts = b.create_vector(&parts);
            let start = b.start_table();
            b.push_slot_always(slot(7), parts);
            b.push_slot_always(slot(6), 6u8);
            Some(b.end_table(start))
        }
    }
}

/// A run of coordinates, cut after each of the `pieces`; a kind where it isn't that of the layer.
fn part(b: &mut FlatBufferBuilder, pieces: &[Vec<[f64; 2]>], xy: &[f64], kind: u8) -> Finished {
    let mut end = 0;
    let ends: Vec<u32> = pieces
        .iter()
        .map(|p| {
            end += p.len() as u32;
            end
        })
        .collect();
    let ends = (!ends.is_empty()).then(|| b.create_vector(&ends));
    let xy = b.create_vector(xy);
    let start = b.start_table();
    if let Some(ends) = ends {
        b.push_slot_always(slot(0), ends);
    }
    b.push_slot_always(slot(1), xy);
    b.push_slot(slot(6), kind, 0);
    b.end_table(start)
}

/// Nodes of each level of the index, from the leaves up.
fn level_sizes(features: usize) -> Vec<usize> {
    let mut counts = vec![features];
    let mut last = features;
    // A single feature has a root above it all the same.
    while last > 1 || counts.len() == 1 {
        last = last.div_ceil(NODE);
        counts.push(last);
    }
    counts
}

/// Length of the index; an empty layer has none.
fn index_bytes(features: usize) -> u64 {
    if features == 0 { 0 } else { level_sizes(features).iter().sum::<usize>() as u64 * 40 }
}

/// The R-tree, from its root down; leaves name the features by place, nodes their first child by number.
fn index(rows: &[u32], bounds: &[Option<[f64; 4]>], starts: &[u64]) -> Vec<u8> {
    if rows.is_empty() {
        return Vec::new();
    }
    const EMPTY: [f64; 4] = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
    let counts = level_sizes(rows.len());
    let total: usize = counts.iter().sum();
    let leaves: Vec<([f64; 4], u64)> =
        rows.iter().zip(starts).map(|(&r, &s)| (bounds[r as usize].unwrap_or(EMPTY), s)).collect();
    let mut levels = vec![leaves];
    let mut first = total - rows.len();
    for &count in &counts[1..] {
        let below = &levels[levels.len() - 1];
        let level = below
            .chunks(NODE)
            .enumerate()
            .map(|(n, children)| {
                let around = children.iter().fold(EMPTY, |a, (c, _)| {
                    [a[0].min(c[0]), a[1].min(c[1]), a[2].max(c[2]), a[3].max(c[3])]
                });
                (around, (first + n * NODE) as u64)
            })
            .collect();
        levels.push(level);
        first -= count;
    }
    let mut out = Vec::with_capacity(total * 40);
    for (b, at) in levels.iter().rev().flatten() {
        b.iter().for_each(|v| out.extend_from_slice(&v.to_le_bytes()));
        out.extend_from_slice(&at.to_le_bytes());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fronts_give_what_the_builder_makes() {
        let fronts = Fronts::new().unwrap();
        let mut b = FlatBufferBuilder::new();
        for n in [0, 1, 2, 3, 4, 5, 6, 7, 8, 63, 1000, 1021] {
            let properties: Vec<u8> = (0..n).map(|i| (i * 7) as u8).collect();
            let p = [118.75 + f64::from(n), -0.0];
            let mut out = vec![9];
            fronts.push(&mut out, &p, &properties);
            let meant = feature(&mut b, &Geometry::Point(p), Some(GeometryKind::Point), &properties);
            assert_eq!(&out[1..], meant, "{n}");
        }
    }
}
