//! `covplan tiles`: the layers of a run's folder as vector tiles in one PMTiles file, for layers too large to
//! draw at once.
//!
//! `source` takes features into a temporary file, `layer_tiles` thins them, cuts them and encodes them
//! zoom level by zoom level, each layer into a temporary file of its own in the order of tiles, and
//! `tiles` puts the parts of a tile together: layers of a vector tile may simply follow each other. So
//! neither features nor tiles ever stand in memory as a whole.

mod cut;
mod mvt;
mod pmtiles;
mod source;

use super::out::{ReportError, write_file};
use crate::model::kinds::Lang;
use crate::model::said::Said;
use cut::side;
use mvt::{EXTENT, Feature, Shape};
use pmtiles::{About, Archive, first_of, gzip, hilbert, tile_at};
use rayon::prelude::*;
use serde_json::{Value, json};
use source::{Kind, Source};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// The closest zoom level that can be asked for: a unit of a tile is then half a centimetre.
pub const CLOSEST: u8 = 20;
/// The last zoom level when none is asked for lies between these: as far in as dense places need.
const LAST: [u8; 2] = [12, 16];
/// Features of a layer in a tile of the last zoom level, if that can be had.
const DENSE: usize = 2_000;
/// Pairs of tile and feature that are worked on at a time.
const BATCH: usize = 1 << 16;
/// Tiles that are compressed at a time.
const TILES: usize = 512;

/// What to make tiles of, and how.
#[derive(Clone, Debug)]
pub struct TilesRequest {
    /// Folder of a run.
    pub folder: PathBuf,
    /// Layers to take; all when empty.
    pub layers: Vec<String>,
    /// Fields to keep; all but the sources of values when empty.
    pub attributes: Vec<String>,
    /// First zoom level.
    pub min_zoom: u8,
    /// Last zoom level; as far in as dense places need when not given.
    pub max_zoom: Option<u8>,
    /// Compressed bytes that a layer may have in a tile.
    pub tile_bytes: usize,
    /// Language of titles.
    pub lang: Lang,
}

/// What became of a layer.
#[derive(Clone, Debug, serde::Serialize)]
pub struct LayerSummary {
    /// Its name.
    pub name: String,
    /// Features read.
    pub features: u64,
    /// Features that even the last zoom level has no room for, counted once a tile.
    pub left_out: u64,
}

/// What was made.
#[derive(Clone, Debug, serde::Serialize)]
pub struct TilesSummary {
    /// The layers.
    pub layers: Vec<LayerSummary>,
    /// First zoom level.
    pub min_zoom: u8,
    /// Last zoom level.
    pub max_zoom: u8,
    /// Tiles that can be asked for.
    pub tiles: u64,
    /// Length of the file.
    pub bytes: u64,
}

/// Who is told how far the work is, and may end it.
pub trait Watch: Sync {
    /// A part of the work begins: `0` reading, `1` cutting; `total` steps.
    fn begin(&self, part: usize, total: u64);
    /// So many steps are done.
    fn done(&self, steps: u64);
    /// Whether to end now.
    fn stop(&self) -> bool;
}

/// The GeoJSON layers of a folder, by name.
///
/// # Errors
/// [`ReportError::Unreadable`] when there are none, or one that was asked for isn't there.
pub fn layers_of(folder: &Path, wanted: &[String]) -> Result<Vec<PathBuf>, ReportError> {
    let fault = |reason: Said| ReportError::Unreadable { path: folder.to_path_buf(), reason };
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .map_err(|e| {
            let Said { en, zh } = Said::from(&e);
            let way_out = "covplan plan PROJECT.toml -o DIR --formats geojson";
            fault(
                (
                    format!("{en}; name the folder of a run (`{way_out}`)"),
                    format!("{zh}；请给出一次运行的输出文件夹（`{way_out}`）"),
                )
                    .into(),
            )
        })?
        .filter_map(|e| e.ok().map(|e| e.path()))
        .filter(|p| p.extension().is_some_and(|e| e == "geojson"))
        .collect();
    found.sort();
    let name = |p: &PathBuf| p.file_stem().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    if found.is_empty() {
        return Err(fault(
            (
                "no .geojson layers in it; write a run there with --formats geojson",
                "其中没有 .geojson 图层；请用 --formats geojson 写出一次运行",
            )
                .into(),
        ));
    }
    let names: Vec<String> = found.iter().map(name).collect();
    if let Some(missing) = wanted.iter().find(|w| !names.contains(w)) {
        return Err(fault(
            (
                format!("it has no layer `{missing}`; there are {}", names.join(", ")),
                format!("其中没有图层 `{missing}`；现有 {}", names.join("、")),
            )
                .into(),
        ));
    }
    found.retain(|p| wanted.is_empty() || wanted.contains(&name(p)));
    Ok(found)
}

/// Makes the tiles and writes them.
///
/// # Errors
/// [`ReportError`]; nothing is left behind then.
pub fn tiles(
    request: &TilesRequest,
    target: &Path,
    overwrite: bool,
    watch: &dyn Watch,
) -> Result<TilesSummary, ReportError> {
    if !overwrite && std::fs::symlink_metadata(target).is_ok() {
        return Err(ReportError::Exists(target.to_path_buf()));
    }
    let paths = layers_of(&request.folder, &request.layers)?;
    let size = |p: &PathBuf| std::fs::metadata(p).map_or(0, |m| m.len());
    watch.begin(0, paths.iter().map(size).sum());
    let tick = |bytes| {
        watch.done(bytes);
        watch.stop()
    };
    let mut sources = Vec::with_capacity(paths.len());
    for path in &paths {
        sources.push(source::read(path, request.lang, &request.attributes, &tick)?);
    }
    if let Some(missing) =
        request.attributes.iter().find(|a| !sources.iter().any(|s| s.len() == 0 || s.keys.contains(a)))
    {
        return Err(ReportError::Unreadable {
            path: request.folder.clone(),
            reason: (
                format!("no layer that is cut has an attribute `{missing}` (--attributes)"),
                format!("所选图层均没有属性 `{missing}`（--attributes）"),
            )
                .into(),
        });
    }
    // Areas lie under lines, lines under points.
    sources.sort_by_key(|s| match s.drawn {
        Some(true) => 0,
        Some(false) => 1,
        None => 2,
    });
    let sorted: Vec<Vec<u32>> = sources.iter().map(along_the_curve).collect();
    let max_zoom = request.max_zoom.unwrap_or_else(|| last_zoom(&sources, &sorted)).max(request.min_zoom);
    let zooms = request.min_zoom..=max_zoom;
    let shown: Vec<Vec<u8>> = sources
        .iter()
        .zip(&sorted)
        .map(|(s, sorted)| first_zooms(s, sorted, request.min_zoom, max_zoom))
        .collect();
    drop(sorted);
    let visible = |shown: &Vec<u8>| shown.iter().map(|z| u64::from(max_zoom - z) + 1).sum::<u64>();
    watch.begin(1, shown.iter().map(visible).sum());

    let failed = |e: io::Error| ReportError::Failed { path: target.to_path_buf(), source: e };
    let mut summary = Vec::new();
    let mut spools = Vec::new();
    for (source, shown) in sources.iter().zip(&shown) {
        let left_out = AtomicU64::new(0);
        spools.push(
            layer_tiles(source, shown, zooms.clone(), request.tile_bytes, &left_out, watch)
                .map_err(failed)?,
        );
        summary.push(LayerSummary {
            name: source.name.clone(),
            features: source.len() as u64,
            left_out: left_out.into_inner(),
        });
    }
    drop(shown);
    let archive = together(spools, watch).map_err(failed)?;
    let count = archive.tiles();
    let about = About {
        min_zoom: request.min_zoom,
        max_zoom,
        bounds: bounds(&sources),
        metadata: metadata(&sources, &request.folder, request.min_zoom, max_zoom),
    };
    let mut bytes = 0;
    write_file(target, overwrite, |out| {
        bytes = archive.finish(&about, out)?;
        Ok(())
    })?;
    summary.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(TilesSummary { layers: summary, min_zoom: request.min_zoom, max_zoom, tiles: count, bytes })
}

fn bounds(sources: &[Source]) -> [f64; 4] {
    let all =
        sources.iter().fold([f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY], |a, s| {
            let b = s.bounds;
            [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]
        });
    if all[0] <= all[2] { opened(all) } else { [-180.0, -85.0, 180.0, 85.0] }
}

/// Bounds of which no side is zero, which readers refuse: at least two of the steps in which PMTiles holds them.
fn opened([west, south, east, north]: [f64; 4]) -> [f64; 4] {
    const STEP_DEG: f64 = 1e-7;
    let side = |low: f64, high: f64| if high - low < STEP_DEG { STEP_DEG } else { 0.0 };
    let (wide, high) = (side(west, east), side(south, north));
    [west - wide, south - high, east + wide, north + high]
}

fn metadata(sources: &[Source], folder: &Path, min_zoom: u8, max_zoom: u8) -> Value {
    let manifest: Value = std::fs::read(folder.join(super::out::MANIFEST))
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok())
        .unwrap_or_default();
    let layers: Vec<Value> = sources
        .iter()
        .map(|s| {
            let kind = |k: &Kind| match k {
                Kind::Text => "String",
                Kind::Number => "Number",
                Kind::Flag => "Boolean",
            };
            let fields: serde_json::Map<String, Value> =
                s.keys.iter().zip(&s.kinds).map(|(n, k)| (n.clone(), kind(k).into())).collect();
            json!({ "id": s.name, "description": s.title, "minzoom": min_zoom, "maxzoom": max_zoom, "fields": fields })
        })
        .collect();
    let mut about = json!({
        "name": "covplan",
        "format": "pbf",
        "type": "overlay",
        "generator": concat!("covplan ", env!("CARGO_PKG_VERSION")),
        "vector_layers": layers,
    });
    if let Some(level) = manifest["redaction"].as_str() {
        about["redaction"] = level.into();
    }
    about
}

/// Bits of both numbers in turn: neighbours on the map are mostly neighbours in this order, and the places
/// in a square of a power of two follow each other.
fn interleaved([x, y]: [u32; 2]) -> u64 {
    let spread = |v: u32| {
        let mut v = u64::from(v);
        for (shift, mask) in [
            (16, 0x0000_ffff_0000_ffff),
            (8, 0x00ff_00ff_00ff_00ff),
            (4, 0x0f0f_0f0f_0f0f_0f0f),
            (2, 0x3333_3333_3333_3333),
            (1, 0x5555_5555_5555_5555u64),
        ] {
            v = (v | v << shift) & mask;
        }
        v
    };
    spread(x) | spread(y) << 1
}

/// The rows so that those in a square follow each other.
fn along_the_curve(source: &Source) -> Vec<u32> {
    let mut keyed: Vec<(u64, u32)> =
        source.at.par_iter().enumerate().map(|(row, at)| (interleaved(*at), row as u32)).collect();
    keyed.par_sort_unstable();
    keyed.into_iter().map(|k| k.1).collect()
}

/// Runs of rows that share a square of `2^bits` a side.
fn squares<'s>(source: &'s Source, sorted: &'s [u32], bits: u32) -> impl Iterator<Item = &'s [u32]> {
    sorted.chunk_by(move |a, b| {
        let square = |r: &u32| source.at[*r as usize].map(|v| u64::from(v) >> bits);
        square(a) == square(b)
    })
}

fn last_zoom(sources: &[Source], sorted: &[Vec<u32>]) -> u8 {
    let crowded = |zoom: u8| {
        sources
            .iter()
            .zip(sorted)
            .any(|(s, sorted)| squares(s, sorted, 32 - u32::from(zoom)).any(|tile| tile.len() > DENSE))
    };
    (LAST[0]..LAST[1]).find(|z| !crowded(*z)).unwrap_or(LAST[1])
}

/// The zoom level from which each feature is shown. The last one shows all. Before it, a feature of two
/// pixels or more is shown; of smaller ones the most important of each square of four pixels (two for lines
/// and areas), as long as none is shown there already.
fn first_zooms(source: &Source, sorted: &[u32], min_zoom: u8, max_zoom: u8) -> Vec<u8> {
    let mut first = vec![max_zoom; source.len()];
    for zoom in min_zoom..max_zoom {
        // A tile is 256 pixels wide.
        let pixel_bits = 32 - u32::from(zoom) - 8;
        let (square_bits, large) = match source.drawn {
            None => (pixel_bits + 2, u64::MAX),
            Some(_) => (pixel_bits + 1, 2u64 << pixel_bits),
        };
        for rows in squares(source, sorted, square_bits) {
            let mut best: Option<u32> = None;
            let mut taken = false;
            for &row in rows {
                let at = row as usize;
                let is_large = u64::from(source.extent[at]) >= large;
                if is_large {
                    first[at] = first[at].min(zoom);
                } else if first[at] <= zoom {
                    taken = true;
                } else if best.is_none_or(|b| source.rank[at] < source.rank[b as usize]) {
                    best = Some(row);
                }
            }
            if let (Some(row), false) = (best, taken) {
                first[row as usize] = zoom;
            }
        }
    }
    first
}

/// Tiles of a layer with its own part of each, in order of tiles, in a temporary file.
struct Spool(BufReader<File>);

impl Spool {
    fn next(&mut self) -> io::Result<Option<(u64, Vec<u8>)>> {
        let mut head = [0; 12];
        match self.0.read_exact(&mut head) {
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            other => other?,
        }
        let (mut tile, mut length) = ([0; 8], [0; 4]);
        tile.copy_from_slice(&head[..8]);
        length.copy_from_slice(&head[8..]);
        let mut bytes = vec![0; u32::from_le_bytes(length) as usize];
        self.0.read_exact(&mut bytes)?;
        Ok(Some((u64::from_le_bytes(tile), bytes)))
    }
}

fn layer_tiles(
    source: &Source,
    shown: &[u8],
    zooms: std::ops::RangeInclusive<u8>,
    tile_bytes: usize,
    left_out: &AtomicU64,
    watch: &dyn Watch,
) -> io::Result<Spool> {
    let mut row_of = vec![0; source.len()];
    for (row, rank) in source.rank.iter().enumerate() {
        row_of[*rank as usize] = row as u32;
    }
    let mut out = BufWriter::with_capacity(1 << 20, tempfile::tempfile()?);
    let last = *zooms.end();
    for zoom in zooms {
        let all = (0..source.len() as u32).into_par_iter().filter(|row| shown[*row as usize] <= zoom);
        // Each tile with the ranks of its features.
        let mut pairs: Vec<(u64, u32)> = match source.drawn {
            None => all
                .map(|row| {
                    let [x, y] =
                        source.at[row as usize].map(|v| (u64::from(v) >> (32 - u32::from(zoom))) as u32);
                    (hilbert(zoom, x, y), source.rank[row as usize])
                })
                .collect(),
            Some(_) => all
                .map(|row| {
                    let (drawing, _) = source.record(row)?;
                    let mut tiles =
                        drawing.map(|d| d.simplified(zoom, zoom == last).tiles(zoom)).unwrap_or_default();
                    let own = own_tile(source, row, zoom);
                    if let Err(at) = tiles.binary_search(&own) {
                        tiles.insert(at, own);
                    }
                    Ok(tiles.into_iter().map(move |t| (t, source.rank[row as usize])).collect::<Vec<_>>())
                })
                .collect::<io::Result<Vec<_>>>()?
                .into_iter()
                .flatten()
                .collect(),
        };
        pairs.par_sort_unstable();
        // Squares of sixteen tiles a side stay together: what is cut to them once is cut to each tile then.
        let squares: Vec<&[(u64, u32)]> = pairs.chunk_by(|a, b| a.0 >> 8 == b.0 >> 8).collect();
        let mut from = 0;
        while from < squares.len() {
            let mut to = from;
            let mut work = 0;
            while to < squares.len() && (work == 0 || work + squares[to].len() <= BATCH) {
                work += squares[to].len();
                to += 1;
            }
            if watch.stop() {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let made: Vec<Vec<(u64, Vec<u8>)>> = squares[from..to]
                .par_iter()
                .map(|s| square(source, s, &row_of, zoom, last, tile_bytes, left_out))
                .collect::<io::Result<_>>()?;
            for (tile, bytes) in made.into_iter().flatten() {
                out.write_all(&(first_of(zoom) + tile).to_le_bytes())?;
                out.write_all(&u32::try_from(bytes.len()).map_err(io::Error::other)?.to_le_bytes())?;
                out.write_all(&bytes)?;
            }
            from = to;
        }
        watch.done(shown.iter().filter(|z| **z <= zoom).count() as u64);
    }
    let mut file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.rewind()?;
    Ok(Spool(BufReader::with_capacity(1 << 20, file)))
}

/// The tile in which the middle of a feature lies.
fn own_tile(source: &Source, row: u32, zoom: u8) -> u64 {
    let [x, y] = source.at[row as usize].map(|v| (u64::from(v) >> (32 - u32::from(zoom))) as u32);
    hilbert(zoom, x, y)
}

/// A line or an area cut to a square of tiles.
struct Cut {
    drawing: cut::Drawing,
    tags: Vec<u8>,
    /// The tile in which it is a dot where it is too small to have a shape.
    dot_in: Option<u64>,
}

/// The tiles of a square.
fn square(
    source: &Source,
    pairs: &[(u64, u32)],
    row_of: &[u32],
    zoom: u8,
    last: u8,
    tile_bytes: usize,
    left_out: &AtomicU64,
) -> io::Result<Vec<(u64, Vec<u8>)>> {
    let mut out = Vec::new();
    // Lines and areas of this square by rank, cut to it.
    let mut cut: BTreeMap<u32, Cut> = BTreeMap::new();
    if source.drawn.is_some() {
        let up = zoom.min(4);
        let above = pairs.first().map_or([0, 0], |p| tile_at(zoom - up, p.0 >> (2 * up)));
        for (_, rank) in pairs {
            if let Entry::Vacant(free) = cut.entry(*rank) {
                let row = row_of[*rank as usize];
                let (drawing, tags) = source.record(row)?;
                let drawing = drawing.unwrap_or_default().simplified(zoom, zoom == last);
                let own = own_tile(source, row, zoom);
                let small = f64::from(source.extent[row as usize]) < side(zoom) / 256.0;
                let vanishes = small || drawing.in_tile(zoom, tile_at(zoom, own)).is_none();
                let dot_in = vanishes.then_some(own);
                free.insert(Cut { drawing: drawing.cut(zoom - up, above), tags, dot_in });
            }
        }
    }
    for tile in pairs.chunk_by(|a, b| a.0 == b.0) {
        let d = tile[0].0;
        let at = tile_at(zoom, d);
        let mut records: Vec<(u32, Shape, Vec<u8>)> = Vec::with_capacity(tile.len());
        for (_, rank) in tile {
            let row = row_of[*rank as usize];
            match cut.get(rank) {
                None => {
                    let (_, tags) = source.record(row)?;
                    records.push((row, point(source.at[row as usize], zoom, at), tags));
                }
                Some(Cut { drawing, tags, dot_in }) => {
                    let shape = drawing
                        .cut(zoom, at)
                        .in_tile(zoom, at)
                        .or_else(|| (*dot_in == Some(d)).then(|| dot(source, row, zoom, at)));
                    if let Some(shape) = shape {
                        records.push((row, shape, tags.clone()));
                    }
                }
            }
        }
        if records.is_empty() {
            continue;
        }
        // The most important come last, so that they are drawn on top.
        let features: Vec<Feature> = records
            .iter()
            .rev()
            .map(|(row, shape, tags)| Feature { id: u64::from(*row) + 1, shape: shape.clone(), tags })
            .collect();
        let (bytes, kept) = fitting(source, &features, tile_bytes)?;
        if zoom == last {
            left_out.fetch_add((features.len() - kept) as u64, Ordering::Relaxed);
        }
        out.push((d, bytes));
    }
    Ok(out)
}

/// The layer of a tile with as many of its features, the most important ones, as the limit allows; and how
/// many these are. One always is.
fn fitting(source: &Source, features: &[Feature], limit: usize) -> io::Result<(Vec<u8>, usize)> {
    let mut kept = features.len();
    loop {
        let bytes = mvt::layer(&source.name, &source.keys, &features[features.len() - kept..]);
        // Compression only makes it smaller.
        if bytes.len() <= limit || kept <= 1 {
            return Ok((bytes, kept));
        }
        let packed = gzip(&bytes)?.len();
        if packed <= limit {
            return Ok((bytes, kept));
        }
        let share = 0.95 * limit as f64 / packed as f64;
        kept = ((kept as f64 * share) as usize).clamp(1, kept - 1);
    }
}

fn point(at: [u32; 2], zoom: u8, tile: [u32; 2]) -> Shape {
    // A unit of the tile is this many units of the world, less than one beyond level 20.
    let bits = 32 - u32::from(zoom) - EXTENT.ilog2();
    let local = |k: usize| {
        let from = u64::from(tile[k]) << (32 - u32::from(zoom));
        ((u64::from(at[k]) - from) >> bits) as i32
    };
    Shape::Points(vec![[local(0), local(1)]])
}

/// A line or an area of one unit.
fn dot(source: &Source, row: u32, zoom: u8, tile: [u32; 2]) -> Shape {
    let [x, y] = match point(source.at[row as usize], zoom, tile) {
        Shape::Points(p) => p.first().copied().unwrap_or_default(),
        _ => [0, 0],
    };
    if source.drawn == Some(true) {
        Shape::Rings(vec![vec![[x, y], [x + 1, y], [x + 1, y + 1], [x, y + 1]]])
    } else {
        Shape::Lines(vec![vec![[x, y], [x + 1, y]]])
    }
}

/// Puts the layers of each tile together.
fn together(mut spools: Vec<Spool>, watch: &dyn Watch) -> io::Result<Archive> {
    let mut archive = Archive::new()?;
    let mut heads = spools.iter_mut().map(Spool::next).collect::<io::Result<Vec<_>>>()?;
    loop {
        let mut batch: Vec<(u64, Vec<u8>)> = Vec::with_capacity(TILES);
        while batch.len() < TILES {
            let Some(tile) = heads.iter().flatten().map(|h| h.0).min() else { break };
            let mut bytes = Vec::new();
            for (head, spool) in heads.iter_mut().zip(&mut spools) {
                if head.as_ref().is_some_and(|h| h.0 == tile) {
                    let next = spool.next()?;
                    if let Some((_, part)) = std::mem::replace(head, next) {
                        bytes.extend(part);
                    }
                }
            }
            batch.push((tile, bytes));
        }
        if batch.is_empty() {
            return Ok(archive);
        }
        if watch.stop() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let packed: Vec<Vec<u8>> = batch.par_iter().map(|(_, b)| gzip(b)).collect::<io::Result<_>>()?;
        for ((tile, _), bytes) in batch.iter().zip(packed) {
            archive.add(*tile, &bytes)?;
        }
    }
}

#[cfg(test)]
mod tests;
