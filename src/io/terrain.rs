//! Ground heights from several raster files, behind [`Terrain`].

use super::broken::BrokenFile;
use super::{geotiff, hgt};
use crate::crs::Crs;
use crate::geom::{LonLat, Terrain, geodesic_m};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, RwLock};

/// Coarsest posting on which terrain propagation (P.1812, P.452, ITM) is computed, metres.
pub const MAX_PROPAGATION_POSTING_M: f64 = 100.0;

/// Heights too coarse for what they are asked for.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error(
    "the height data have a posting of {posting_m:.0} m; terrain propagation needs {limit_m:.0} m or finer: \
     leave the layer out, or give a finer one"
)]
pub struct CoarseTerrain {
    /// Distance between samples, metres.
    pub posting_m: f64,
    /// The coarsest that is taken, metres.
    pub limit_m: f64,
}

/// Refuses heights whose posting is coarser than `limit_m`, usually [`MAX_PROPAGATION_POSTING_M`].
///
/// # Errors
/// [`CoarseTerrain`], naming both figures.
pub fn require_posting(terrain: &dyn Terrain, limit_m: f64) -> Result<(), CoarseTerrain> {
    let posting_m = terrain.posting_m();
    if posting_m <= limit_m { Ok(()) } else { Err(CoarseTerrain { posting_m, limit_m }) }
}

/// Heights in the type they came in.
#[derive(Clone, Debug)]
pub enum Samples {
    /// Small whole numbers, as classes are.
    U8(Box<[u8]>),
    /// Whole metres.
    I16(Box<[i16]>),
    /// Metres.
    F32(Box<[f32]>),
}

impl Samples {
    fn bytes(&self) -> usize {
        match self {
            Self::U8(v) => size_of_val(&**v),
            Self::I16(v) => size_of_val(&**v),
            Self::F32(v) => size_of_val(&**v),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::U8(v) => v.len(),
            Self::I16(v) => v.len(),
            Self::F32(v) => v.len(),
        }
    }
}

/// From coordinates to sample columns and rows (whole numbers at sample centres):
/// `column = c[0] + c[1]·x + c[2]·y`, `row = r[0] + r[1]·x + r[2]·y`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lattice {
    c: [f64; 3],
    r: [f64; 3],
}

impl Lattice {
    /// Columns to the east, rows to the south, from the centre of the first sample.
    #[must_use]
    pub fn north_up(x: f64, y: f64, step_x: f64, step_y: f64) -> Self {
        Self { c: [-x / step_x, 1.0 / step_x, 0.0], r: [y / step_y, 0.0, -1.0 / step_y] }
    }

    /// The inverse of `x = a[0] + a[1]·column + a[2]·row`, `y = b[0] + b[1]·column + b[2]·row`;
    /// `None` when it has none.
    #[must_use]
    pub fn inverting(a: [f64; 3], b: [f64; 3]) -> Option<Self> {
        let det = a[1] * b[2] - a[2] * b[1];
        let (cx, cy) = (b[2] / det, -a[2] / det);
        let (rx, ry) = (-b[1] / det, a[1] / det);
        let lattice = Self { c: [-cx * a[0] - cy * b[0], cx, cy], r: [-rx * a[0] - ry * b[0], rx, ry] };
        lattice.c.iter().chain(&lattice.r).all(|v| v.is_finite()).then_some(lattice)
    }

    fn column_row(&self, x: f64, y: f64) -> (f64, f64) {
        (self.c[0] + self.c[1] * x + self.c[2] * y, self.r[0] + self.r[1] * x + self.r[2] * y)
    }

    /// Coordinates of a sample.
    fn x_y(&self, column: f64, row: f64) -> Option<(f64, f64)> {
        let det = self.c[1] * self.r[2] - self.c[2] * self.r[1];
        let (dc, dr) = (column - self.c[0], row - self.r[0]);
        let (x, y) = ((self.r[2] * dc - self.c[2] * dr) / det, (self.c[1] * dr - self.r[1] * dc) / det);
        (x.is_finite() && y.is_finite()).then_some((x, y))
    }
}

/// One raster of heights.
#[derive(Clone, Debug)]
pub struct Tile {
    path: PathBuf,
    columns: usize,
    rows: usize,
    samples: Samples,
    void: Option<f64>,
    lattice: Lattice,
    crs: Crs,
    posting_m: f64,
    /// West, south, east, north, degrees.
    bounds: [f64; 4],
}

impl Tile {
    /// A raster with its place on the earth. `void` is the value that stands for "no data".
    ///
    /// # Errors
    /// [`BrokenFile`] when the size doesn't fit or the raster has no place in its coordinate system.
    pub fn new(
        path: &Path,
        columns: usize,
        rows: usize,
        samples: Samples,
        void: Option<f64>,
        lattice: Lattice,
        crs: Crs,
    ) -> Result<Self, BrokenFile> {
        if columns < 2 || rows < 2 || columns.checked_mul(rows) != Some(samples.len()) {
            let found = samples.len();
            let what = (
                format!("{columns} × {rows} samples announced, {found} found"),
                format!("声明有 {columns} × {rows} 个像元，实有 {found} 个"),
            );
            return Err(BrokenFile::damaged(path, None, what));
        }
        let mut tile = Self {
            path: path.to_owned(),
            columns,
            rows,
            samples,
            void,
            lattice,
            crs,
            posting_m: f64::NAN,
            bounds: [0.0; 4],
        };
        let misplaced = || {
            let crs = tile.crs.name();
            let what = (
                format!("the raster doesn't lie within the area of {crs}"),
                format!("栅格不在 {crs} 的适用范围内"),
            );
            BrokenFile::damaged(path, None, what)
        };
        let (last_column, last_row) = ((columns - 1) as f64, (rows - 1) as f64);
        let place = |column: f64, row: f64| -> Result<LonLat, BrokenFile> {
            let (x, y) = tile.lattice.x_y(column, row).ok_or_else(misplaced)?;
            let x = if tile.crs.is_geographic() && x > 180.0 { x - 360.0 } else { x };
            let placed = tile.crs.lon_lat(x, y);
            placed
                .map_err(|source| BrokenFile::Crs { path: path.to_owned(), source })?
                .map_err(|_| misplaced())
        };
        let middle = [(last_column / 2.0).floor(), (last_row / 2.0).floor()];
        let centre = place(middle[0], middle[1])?;
        let posting_m = geodesic_m(centre, place(middle[0] + 1.0, middle[1])?)
            .max(geodesic_m(centre, place(middle[0], middle[1] + 1.0)?));
        // Edges may bulge in lon/lat, so points along them are taken; half a posting goes on top.
        let mut bounds = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
        for i in 0..=16 {
            let (column, row) = (last_column * f64::from(i) / 16.0, last_row * f64::from(i) / 16.0);
            for (c, r) in [(column, 0.0), (column, last_row), (0.0, row), (last_column, row)] {
                let p = place(c, r)?;
                bounds[0] = bounds[0].min(p.lon_deg());
                bounds[1] = bounds[1].min(p.lat_deg());
                bounds[2] = bounds[2].max(p.lon_deg());
                bounds[3] = bounds[3].max(p.lat_deg());
            }
        }
        let margin_lat = posting_m / 110_000.0;
        let margin_lon = margin_lat / bounds[1].abs().max(bounds[3].abs()).min(89.0).to_radians().cos();
        tile.posting_m = posting_m;
        tile.bounds =
            [bounds[0] - margin_lon, bounds[1] - margin_lat, bounds[2] + margin_lon, bounds[3] + margin_lat];
        Ok(tile)
    }

    /// The file it came from.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Columns and rows.
    #[must_use]
    pub const fn size(&self) -> (usize, usize) {
        (self.columns, self.rows)
    }

    /// Its coordinate system.
    #[must_use]
    pub const fn crs(&self) -> &Crs {
        &self.crs
    }

    /// Distance between samples at its middle along the coarser axis, metres on the ground.
    #[must_use]
    pub const fn posting_m(&self) -> f64 {
        self.posting_m
    }

    /// West, south, east, north in degrees, with a posting to spare.
    #[must_use]
    pub const fn bounds_deg(&self) -> [f64; 4] {
        self.bounds
    }

    /// Height by bilinear interpolation between the four samples around, metres. `None` outside the raster or
    /// where a sample that counts is void. Up to half a posting beyond the outermost samples, which still lies
    /// within the area they stand for, the nearest one holds.
    #[must_use]
    pub fn height_m(&self, at: LonLat) -> Option<f64> {
        let [x, y] = self.crs.xy(at).ok()?.ok()?;
        self.interpolate(x, y).or_else(|| {
            // Rasters of the whole earth may count longitudes from 0 to 360.
            (self.crs.is_geographic() && x < 0.0).then(|| self.interpolate(x + 360.0, y)).flatten()
        })
    }

    /// The sample nearest to a place, for rasters of classes; `None` outside and where it is void.
    #[must_use]
    pub fn nearest(&self, at: LonLat) -> Option<f64> {
        let [x, y] = self.crs.xy(at).ok()?.ok()?;
        let sample = |x: f64| {
            let (column, row) = self.within(x, y)?;
            self.sample(column.round() as usize, row.round() as usize)
        };
        sample(x).or_else(|| (self.crs.is_geographic() && x < 0.0).then(|| sample(x + 360.0)).flatten())
    }

    /// Column and row of a point of the area that the samples stand for, between the outermost ones.
    fn within(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        let (column, row) = self.lattice.column_row(x, y);
        let (last_column, last_row) = ((self.columns - 1) as f64, (self.rows - 1) as f64);
        // A thousandth of a posting forgives rounding in the transformation.
        const HALF: f64 = 0.501;
        let inside =
            (-HALF..=last_column + HALF).contains(&column) && (-HALF..=last_row + HALF).contains(&row);
        inside.then(|| (column.clamp(0.0, last_column), row.clamp(0.0, last_row)))
    }

    fn interpolate(&self, x: f64, y: f64) -> Option<f64> {
        let (column, row) = self.within(x, y)?;
        let (last_column, last_row) = ((self.columns - 1) as f64, (self.rows - 1) as f64);
        // On a sample, rounding must not give its neighbour a say: that one may be void.
        let snapped = |v: f64| if (v - v.round()).abs() < 1e-7 { v.round() } else { v };
        let (column, row) = (snapped(column), snapped(row));
        let (c, r) = (column.floor().min(last_column - 1.0), row.floor().min(last_row - 1.0));
        let (fc, fr) = (column - c, row - r);
        let mut height = 0.0;
        for (dc, dr, weight) in [
            (0, 0, (1.0 - fc) * (1.0 - fr)),
            (1, 0, fc * (1.0 - fr)),
            (0, 1, (1.0 - fc) * fr),
            (1, 1, fc * fr),
        ] {
            if weight > 0.0 {
                height += weight * self.sample(c as usize + dc, r as usize + dr)?;
            }
        }
        Some(height)
    }

    fn sample(&self, column: usize, row: usize) -> Option<f64> {
        let i = row * self.columns + column;
        let value = match &self.samples {
            Samples::U8(v) => f64::from(*v.get(i)?),
            Samples::I16(v) => f64::from(*v.get(i)?),
            Samples::F32(v) => f64::from(*v.get(i)?),
        };
        (value.is_finite() && self.void.is_none_or(|void| (value - void).abs() > void.abs() * 1e-6))
            .then_some(value)
    }
}

/// Height tiles found by place, the finest first where several cover a point.
///
/// Tiles that were read from files stay in memory within a budget: when another one is needed, those that
/// weren't asked for longest go, and are read again when they are. So memory stays within the budget, and within
/// one tile where that alone is larger; answers don't depend on it. A file that can't be read again is unknown
/// ground, and [`lost`](Terrain::lost) tells which.
#[derive(Debug)]
pub struct TerrainStore {
    tiles: Vec<Held>,
    /// Tiles by whole degree (west, south).
    by_degree: FxHashMap<(i16, i16), SmallVec<[u32; 2]>>,
    posting_m: f64,
    budget_bytes: usize,
    /// CRS that overrides what files say of themselves.
    crs: Option<Crs>,
    /// Tiles read so far: the time by which uses are told.
    reads: AtomicU64,
    /// Held while tiles come and go: bytes in memory.
    loading: Mutex<usize>,
    /// The first file that was gone when it was needed again.
    lost: OnceLock<String>,
}

/// A tile, in memory or put away.
#[derive(Debug)]
struct Held {
    path: PathBuf,
    bounds: [f64; 4],
    posting_m: f64,
    bytes: usize,
    /// For good, where all tiles fit the budget: no lock to take.
    kept: Option<Tile>,
    tile: RwLock<Option<Tile>>,
    /// [`TerrainStore::reads`] when it was last asked for.
    used: AtomicU64,
}

impl Held {
    fn holds(&self, at: LonLat) -> bool {
        let [west, south, east, north] = self.bounds;
        let (lon, lat) = (at.lon_deg(), at.lat_deg());
        (south..=north).contains(&lat)
            && (-1..=1).any(|turn| (west..=east).contains(&(lon + 360.0 * f64::from(turn))))
    }
}

impl From<Tile> for Held {
    fn from(tile: Tile) -> Self {
        Self {
            path: tile.path.clone(),
            bounds: tile.bounds,
            posting_m: tile.posting_m,
            bytes: tile.samples.bytes(),
            kept: None,
            tile: RwLock::new(Some(tile)),
            used: AtomicU64::new(0),
        }
    }
}

impl TerrainStore {
    /// A store of tiles that all stay in memory. Finer tiles answer first, equally fine ones in the order given.
    #[must_use]
    pub fn new(tiles: Vec<Tile>) -> Self {
        Self::holding(tiles.into_iter().map(Held::from).collect(), usize::MAX, None)
    }

    fn holding(mut tiles: Vec<Held>, budget_bytes: usize, crs: Option<Crs>) -> Self {
        tiles.sort_by(|a, b| a.posting_m.total_cmp(&b.posting_m));
        let mut by_degree: FxHashMap<(i16, i16), SmallVec<[u32; 2]>> = FxHashMap::default();
        for (i, tile) in (0u32..).zip(&tiles) {
            let [west, south, east, north] = tile.bounds.map(|v| v.floor() as i16);
            for lat in south..=north {
                for lon in west..=east {
                    by_degree.entry((lon, lat)).or_default().push(i);
                }
            }
        }
        let posting_m = tiles.last().map_or(f64::INFINITY, |t| t.posting_m);
        let (mut all_here, mut bytes) = (true, 0);
        for held in &mut tiles {
            let here = held.tile.get_mut().is_ok_and(|tile| tile.is_some());
            all_here &= here;
            bytes += if here { held.bytes } else { 0 };
        }
        for held in tiles.iter_mut().filter(|_| all_here) {
            held.kept = held.tile.get_mut().ok().and_then(Option::take);
        }
        Self {
            tiles,
            by_degree,
            posting_m,
            budget_bytes,
            crs,
            reads: AtomicU64::new(0),
            loading: Mutex::new(bytes),
            lost: OnceLock::new(),
        }
    }

    /// Reads `.hgt` (also `.gz`, `.zip`) and GeoTIFF files; a folder stands for all such files in it, by
    /// name. `crs` overrides what a GeoTIFF says of itself. Every file is read once, to tell what is wrong with
    /// it; at most `budget_bytes` of them stay in memory.
    ///
    /// # Errors
    /// [`BrokenFile`] of the first file that can't be read.
    pub fn open(paths: &[PathBuf], crs: Option<&Crs>, budget_bytes: usize) -> Result<Self, BrokenFile> {
        let mut files = Vec::new();
        for path in paths {
            if path.is_dir() {
                let inside = rasters_in(path).map_err(BrokenFile::unreadable(path))?;
                if inside.is_empty() {
                    return Err(BrokenFile::unsupported(
                        path,
                        ("no .hgt or .tif file in this folder", "文件夹中没有 .hgt 或 .tif 文件"),
                    ));
                }
                files.extend(inside);
            } else {
                files.push(path.clone());
            }
        }
        let mut held: Vec<Held> = Vec::with_capacity(files.len());
        let mut bytes = 0usize;
        for file in &files {
            let mut tile = Held::from(read(file, crs)?);
            if bytes.saturating_add(tile.bytes) > budget_bytes {
                tile.tile = RwLock::new(None);
            } else {
                bytes += tile.bytes;
            }
            held.push(tile);
        }
        Ok(Self::holding(held, budget_bytes, crs.cloned()))
    }

    /// How many tiles there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tiles.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tiles.is_empty()
    }

    /// Bytes of samples in memory.
    #[must_use]
    pub fn bytes_held(&self) -> usize {
        self.loading.lock().map_or(0, |bytes| *bytes)
    }

    /// The sample nearest to a place, of the finest raster that has one.
    #[must_use]
    pub fn nearest(&self, at: LonLat) -> Option<f64> {
        self.first(at, |tile| tile.nearest(at))
    }

    /// The first answer of the tiles over a place, the finest first.
    fn first(&self, at: LonLat, question: impl Fn(&Tile) -> Option<f64>) -> Option<f64> {
        let degree = (at.lon_deg().floor() as i16, at.lat_deg().floor() as i16);
        let here = self.by_degree.get(&degree)?.iter().filter_map(|&i| self.tiles.get(i as usize));
        here.filter(|held| held.holds(at)).find_map(|held| self.ask(held, &question))
    }

    /// A tile's answer, the tile read again where it was put away.
    fn ask(&self, held: &Held, question: &impl Fn(&Tile) -> Option<f64>) -> Option<f64> {
        if let Some(tile) = &held.kept {
            return question(tile);
        }
        let now = self.reads.load(Ordering::Relaxed);
        if held.used.load(Ordering::Relaxed) != now {
            held.used.store(now, Ordering::Relaxed);
        }
        if let Some(tile) = held.tile.read().ok()?.as_ref() {
            return question(tile);
        }
        self.fetch(held, question)
    }

    /// Reads a tile again and answers, others put away to make room: those asked for longest ago first.
    fn fetch(&self, held: &Held, question: &impl Fn(&Tile) -> Option<f64>) -> Option<f64> {
        let mut bytes = self.loading.lock().ok()?;
        // Another thread may have been first; while this one holds the lock nothing is put away.
        if let Some(tile) = held.tile.read().ok()?.as_ref() {
            return question(tile);
        }
        let mut others: Vec<(u64, usize)> =
            self.tiles.iter().enumerate().map(|(i, t)| (t.used.load(Ordering::Relaxed), i)).collect();
        others.sort_unstable();
        for (_, i) in others {
            if bytes.saturating_add(held.bytes) <= self.budget_bytes {
                break;
            }
            let Some(other) = self.tiles.get(i) else { continue };
            if other.tile.write().is_ok_and(|mut tile| tile.take().is_some()) {
                *bytes -= other.bytes;
            }
        }
        let Ok(tile) = read(&held.path, self.crs.as_ref()) else {
            self.lost.get_or_init(|| held.path.display().to_string());
            return None;
        };
        let answer = question(&tile);
        held.used.store(self.reads.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
        if let Ok(mut slot) = held.tile.write() {
            *slot = Some(tile);
            *bytes += held.bytes;
        }
        answer
    }
}

/// Reads a file of heights.
fn read(file: &Path, crs: Option<&Crs>) -> Result<Tile, BrokenFile> {
    match format_of(file) {
        Some(Format::Hgt) => hgt::read(file),
        Some(Format::GeoTiff) => geotiff::read(file, crs),
        None => {
            let said = (
                "heights are read from .hgt (.gz, .zip) and GeoTIFF (.tif)",
                "高程读自 .hgt（.gz、.zip）和 GeoTIFF（.tif）",
            );
            Err(BrokenFile::unsupported(file, said))
        }
    }
}

/// The files of heights that a folder stands for, by name.
///
/// # Errors
/// When the folder can't be listed.
pub fn rasters_in(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut inside = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let file = entry?.path();
        if format_of(&file).is_some() {
            inside.push(file);
        }
    }
    inside.sort();
    Ok(inside)
}

#[derive(Clone, Copy)]
enum Format {
    Hgt,
    GeoTiff,
}

fn format_of(path: &Path) -> Option<Format> {
    let name = path.file_name()?.to_string_lossy().to_ascii_lowercase();
    if [".hgt", ".hgt.gz", ".hgt.zip"].iter().any(|e| name.ends_with(e)) {
        Some(Format::Hgt)
    } else if [".tif", ".tiff"].iter().any(|e| name.ends_with(e)) {
        Some(Format::GeoTiff)
    } else {
        None
    }
}

impl Terrain for TerrainStore {
    fn height_m(&self, at: LonLat) -> Option<f64> {
        self.first(at, |tile| tile.height_m(at))
    }

    /// The coarsest tile's posting; infinite for an empty store.
    fn posting_m(&self) -> f64 {
        self.posting_m
    }

    fn lost(&self) -> Option<&str> {
        self.lost.get().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(lon: f64, lat: f64) -> LonLat {
        LonLat::new(lon, lat).expect("test position")
    }

    fn tile(name: &str, n: usize, step: f64, value: f32) -> Tile {
        let lattice = Lattice::north_up(118.0, 33.0, step, step);
        let samples = Samples::F32(vec![value; n * n].into());
        Tile::new(Path::new(name), n, n, samples, Some(-9999.0), lattice, Crs::wgs84()).expect("a sound tile")
    }

    #[test]
    fn the_finest_tile_answers_and_the_coarsest_gives_the_posting() {
        let store = TerrainStore::new(vec![tile("coarse", 11, 0.1, 1.0), tile("fine", 101, 0.0008, 2.0)]);
        assert_eq!(store.height_m(at(118.04, 32.96)), Some(2.0));
        assert_eq!(store.height_m(at(118.5, 32.5)), Some(1.0));
        assert_eq!(store.height_m(at(119.5, 32.5)), None);
        let refused = require_posting(&store, MAX_PROPAGATION_POSTING_M).expect_err("too coarse");
        assert!((refused.posting_m - 11_090.0).abs() < 20.0, "{refused}");
        let fine = TerrainStore::new(vec![tile("fine", 101, 0.0008, 2.0)]);
        assert!(require_posting(&fine, MAX_PROPAGATION_POSTING_M).is_ok());
        assert!(require_posting(&TerrainStore::new(Vec::new()), MAX_PROPAGATION_POSTING_M).is_err());
    }

    /// Three files, and room for two, one, none: answers are those of a store that holds all, whatever the
    /// order and the threads, and memory stays within the budget.
    #[test]
    fn tiles_stay_within_the_budget() {
        let folder = tempfile::tempdir().expect("a folder");
        let files: Vec<PathBuf> = (0..3i16)
            .map(|i| {
                let path = folder.path().join(format!("N10E10{i}.hgt"));
                let samples = (0..1201u32 * 1201).flat_map(|k| (i * 1000 + (k % 997) as i16).to_be_bytes());
                std::fs::write(&path, samples.collect::<Vec<u8>>()).expect("written");
                path
            })
            .collect();
        let one = 1201 * 1201 * 2;
        let all = TerrainStore::open(&files, None, usize::MAX).expect("sound files");
        assert_eq!(all.bytes_held(), 3 * one);
        for budget in [2 * one, one, 0] {
            let few = TerrainStore::open(&files, None, budget).expect("sound files");
            assert!(few.bytes_held() <= budget && few.len() == 3);
            let ask = |from: u32| {
                for k in 0..120u32 {
                    let k = k.wrapping_mul(2_654_435_761).wrapping_add(from);
                    let (x, y) = (f64::from(k % 2900) / 1000.0, f64::from(k % 983) / 1000.0);
                    let here = at(100.02 + x, 10.005 + y);
                    assert_eq!(few.height_m(here), all.height_m(here), "{here:?}");
                    assert!(few.bytes_held() <= budget.max(one));
                }
            };
            std::thread::scope(|scope| {
                scope.spawn(|| ask(1));
                ask(7);
            });
        }
        // What was put away and is gone is unknown, never sea level, and told.
        let few = TerrainStore::open(&files, None, one).expect("sound files");
        files.iter().for_each(|f| std::fs::remove_file(f).expect("removed"));
        assert!(few.height_m(at(100.5, 10.5)).is_some());
        assert_eq!(few.lost(), None);
        assert_eq!(few.height_m(at(102.5, 10.5)), None);
        assert!(few.lost().is_some_and(|file| file.ends_with("N10E102.hgt")), "{:?}", few.lost());
    }

    #[test]
    fn a_void_spreads_to_what_it_touches_only() {
        let mut values = vec![10i16; 9];
        values[4] = -32768;
        let lattice = Lattice::north_up(0.0, 2.0, 1.0, 1.0);
        let t = Tile::new(
            Path::new("t"),
            3,
            3,
            Samples::I16(values.into()),
            Some(-32768.0),
            lattice,
            Crs::wgs84(),
        )
        .expect("a sound tile");
        assert_eq!(t.height_m(at(0.0, 0.5)), Some(10.0));
        assert_eq!(t.height_m(at(0.5, 0.5)), None);
        assert_eq!(t.height_m(at(1.0, 1.0)), None);
        assert_eq!(t.height_m(at(2.0, 2.0)), Some(10.0));
        assert_eq!(t.height_m(at(2.4, 2.4)), Some(10.0));
        assert_eq!(t.height_m(at(2.6, 2.0)), None);
    }

    #[test]
    fn longitudes_from_0_to_360() {
        let rows: Vec<i16> = (0..361).chain(0..361).collect();
        let t = Tile::new(
            Path::new("t"),
            361,
            2,
            Samples::I16(rows.into()),
            None,
            Lattice::north_up(0.0, 1.0, 1.0, 1.0),
            Crs::wgs84(),
        )
        .expect("a sound tile");
        assert_eq!(t.height_m(at(-77.5, 0.5)), Some(282.5));
        assert_eq!(t.height_m(at(77.5, 0.5)), Some(77.5));
    }

    proptest! {
        /// Bilinear interpolation reproduces a plane exactly, through a turned lattice in a projected system too.
        #[test]
        fn a_plane_is_reproduced(column in 0.0..19.0f64, row in 0.0..29.0f64, turn in -0.7..0.7f64) {
            let crs = Crs::epsg(4548).expect("known");
            let (sin, cos) = turn.sin_cos();
            let a = [500_000.0, 30.0 * cos, 30.0 * sin];
            let b = [3_500_000.0, 30.0 * sin, -30.0 * cos];
            let values: Vec<f32> = (0..30).flat_map(|r| (0..20).map(move |c| (3 * c + 7 * r) as f32)).collect();
            let lattice = Lattice::inverting(a, b).expect("invertible");
            let t = Tile::new(Path::new("t"), 20, 30, Samples::F32(values.into()), None, lattice, crs.clone()).expect("sound");
            let (x, y) = (a[0] + a[1] * column + a[2] * row, b[0] + b[1] * column + b[2] * row);
            let p = crs.lon_lat(x, y).expect("a shift").expect("inside");
            let h = t.height_m(p).expect("a height");
            prop_assert!((h - (3.0 * column + 7.0 * row)).abs() < 1e-5, "{h}");
            prop_assert!((t.posting_m() - 30.0).abs() < 0.01);
        }
    }
}
