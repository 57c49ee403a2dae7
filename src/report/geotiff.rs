//! Cloud-optimised GeoTIFF (OGC 21-026): one band of 32-bit floats in Deflate tiles, directories first, then
//! overviews from the smallest up, then the full resolution. NaN is "no data".
//!
//! Written by hand: the order of a cloud-optimised file, directories before data, can't be had from an
//! encoder that writes as it goes. Tiles are kept compressed in a temporary file until all are there.

use crate::radio::area::{TILE, Window};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};

/// Offsets beyond this need the 64-bit form of the format.
const CLASSIC_LIMIT: u64 = 4_000_000_000;

/// A raster under construction.
pub struct Raster {
    window: Window,
    description: &'static str,
    unit: &'static str,
    spool: BufWriter<File>,
    spooled: u64,
    /// Place in the spool and length of every tile of the full resolution, in the order of tiles.
    tiles: Vec<(u64, u64)>,
    /// Every second sample of every second row: the first overview.
    half: Grid,
}

/// Samples in memory.
#[derive(Clone)]
struct Grid {
    columns: usize,
    rows: usize,
    values: Vec<f32>,
}

impl Grid {
    fn unknown(columns: usize, rows: usize) -> Self {
        Self { columns, rows, values: vec![f32::NAN; columns * rows] }
    }

    fn halved(&self) -> Self {
        let mut half = Self::unknown(self.columns.div_ceil(2), self.rows.div_ceil(2));
        for (r, row) in self.values.chunks(self.columns).step_by(2).enumerate() {
            for (c, v) in row.iter().step_by(2).enumerate() {
                half.values[r * half.columns + c] = *v;
            }
        }
        half
    }

    fn tiles(&self) -> impl Iterator<Item = Vec<f32>> + '_ {
        let across = self.columns.div_ceil(TILE);
        (0..across * self.rows.div_ceil(TILE)).map(move |i| {
            let (top, left) = (i / across * TILE, i % across * TILE);
            let mut tile = vec![f32::NAN; TILE * TILE];
            for r in 0..TILE.min(self.rows - top) {
                let n = TILE.min(self.columns - left);
                let from = (top + r) * self.columns + left;
                tile[r * TILE..r * TILE + n].copy_from_slice(&self.values[from..from + n]);
            }
            tile
        })
    }
}

/// A directory's entry: tag, type, number of values, values in the file's byte order.
struct Entry(u16, u16, u64, Vec<u8>);

const SHORT: u16 = 3;
const LONG: u16 = 4;
const DOUBLE: u16 = 12;
const ASCII: u16 = 2;
const LONG8: u16 = 16;

impl Entry {
    fn short(tag: u16, values: &[u16]) -> Self {
        Self(tag, SHORT, values.len() as u64, values.iter().flat_map(|v| v.to_le_bytes()).collect())
    }

    fn long(tag: u16, value: u32) -> Self {
        Self(tag, LONG, 1, value.to_le_bytes().into())
    }

    fn double(tag: u16, values: &[f64]) -> Self {
        Self(tag, DOUBLE, values.len() as u64, values.iter().flat_map(|v| v.to_le_bytes()).collect())
    }

    fn text(tag: u16, text: &str) -> Self {
        let bytes: Vec<u8> = text.bytes().chain([0]).collect();
        Self(tag, ASCII, bytes.len() as u64, bytes)
    }

    fn offsets(tag: u16, values: &[u64], big: bool) -> Self {
        let count = values.len() as u64;
        if big {
            Self(tag, LONG8, count, values.iter().flat_map(|v| v.to_le_bytes()).collect())
        } else {
            Self(tag, LONG, count, values.iter().flat_map(|v| (*v as u32).to_le_bytes()).collect())
        }
    }
}

fn compressed(tile: &[f32]) -> io::Result<Vec<u8>> {
    let mut out = ZlibEncoder::new(Vec::new(), Compression::new(6));
    let bytes: Vec<u8> = tile.iter().flat_map(|v| v.to_le_bytes()).collect();
    out.write_all(&bytes)?;
    out.finish()
}

impl Raster {
    /// A raster over a window, to be given its tiles in the order of [`Window::tiles`].
    ///
    /// # Errors
    /// When no temporary file can be made.
    pub fn new(window: &Window, description: &'static str, unit: &'static str) -> io::Result<Self> {
        Ok(Self {
            window: *window,
            description,
            unit,
            spool: BufWriter::new(tempfile::tempfile()?),
            spooled: 0,
            tiles: Vec::new(),
            half: Grid::unknown(window.columns.div_ceil(2), window.rows.div_ceil(2)),
        })
    }

    /// Takes the next tile, its samples row by row.
    ///
    /// # Errors
    /// Whatever the disk refuses.
    pub fn push(&mut self, tile: &Window, values: &[f32]) -> io::Result<()> {
        let mut padded = vec![f32::NAN; TILE * TILE];
        for (r, row) in values.chunks(tile.columns).take(tile.rows.min(TILE)).enumerate() {
            let n = row.len().min(TILE);
            padded[r * TILE..r * TILE + n].copy_from_slice(&row[..n]);
        }
        let left = (tile.first_column - self.window.first_column) as usize;
        let top = (tile.first_row - self.window.first_row) as usize;
        for r in (0..tile.rows).step_by(2) {
            for c in (0..tile.columns).step_by(2) {
                let to = (top + r) / 2 * self.half.columns + (left + c) / 2;
                if let Some(slot) = self.half.values.get_mut(to) {
                    *slot = values[r * tile.columns + c];
                }
            }
        }
        let bytes = compressed(&padded)?;
        self.spool.write_all(&bytes)?;
        self.tiles.push((self.spooled, bytes.len() as u64));
        self.spooled += bytes.len() as u64;
        Ok(())
    }

    /// The first overview: every second sample of every second row; columns, rows and samples.
    #[must_use]
    pub fn overview(&self) -> (usize, usize, &[f32]) {
        (self.half.columns, self.half.rows, &self.half.values)
    }

    /// Writes the file. Tiles never given are unknown.
    ///
    /// # Errors
    /// Whatever the disk refuses.
    pub fn finish(mut self, out: &mut dyn Write) -> io::Result<()> {
        let wanted = self.window.tiles(TILE).count();
        while self.tiles.len() < wanted {
            let blank = compressed(&[f32::NAN; TILE * TILE])?;
            self.spool.write_all(&blank)?;
            self.tiles.push((self.spooled, blank.len() as u64));
            self.spooled += blank.len() as u64;
        }
        // Overviews until one tile holds everything.
        let mut overviews: Vec<(Grid, Vec<Vec<u8>>)> = Vec::new();
        if self.window.columns > TILE || self.window.rows > TILE {
            let mut grid = self.half.clone();
            loop {
                let tiles = grid.tiles().map(|t| compressed(&t)).collect::<io::Result<Vec<_>>>()?;
                let smaller = (grid.columns > TILE || grid.rows > TILE).then(|| grid.halved());
                overviews.push((grid, tiles));
                match smaller {
                    Some(s) => grid = s,
                    None => break,
                }
            }
        }
        let data: u64 =
            self.spooled + overviews.iter().flat_map(|o| &o.1).map(|t| t.len() as u64).sum::<u64>();
        let big = data > CLASSIC_LIMIT;
        // Directories have the same length whatever the offsets in them.
        let lengths = |overviews: &[(Grid, Vec<Vec<u8>>)]| -> Vec<(usize, usize, Vec<u64>)> {
            let full = (self.window.columns, self.window.rows, self.tiles.iter().map(|t| t.1).collect());
            let less = overviews
                .iter()
                .map(|(g, t)| (g.columns, g.rows, t.iter().map(|b| b.len() as u64).collect::<Vec<u64>>()));
            std::iter::once(full).chain(less).collect()
        };
        let levels = lengths(&overviews);
        let header = if big { 16u64 } else { 8 };
        let directories: u64 = levels
            .iter()
            .enumerate()
            .map(|(i, l)| directory_bytes(&self.directory(i, l, &vec![0; l.2.len()], big), big))
            .sum();
        let mut at = header + directories;
        let mut offsets: Vec<Vec<u64>> = vec![Vec::new(); levels.len()];
        for (level, list) in levels.iter().zip(&mut offsets).rev() {
            for length in &level.2 {
                list.push(at);
                at += length;
            }
        }

        if big {
            out.write_all(b"II\x2b\0\x08\0\0\0")?;
            out.write_all(&header.to_le_bytes())?;
        } else {
            out.write_all(b"II\x2a\0")?;
            out.write_all(&(header as u32).to_le_bytes())?;
        }
        let mut place = header;
        for (i, (level, offsets)) in levels.iter().zip(&offsets).enumerate() {
            let entries = self.directory(i, level, offsets, big);
            let length = directory_bytes(&entries, big);
            let next = if i + 1 < levels.len() { place + length } else { 0 };
            write_directory(out, &entries, place, next, big)?;
            place += length;
        }
        for (_, tiles) in overviews.iter().rev() {
            tiles.iter().try_for_each(|t| out.write_all(t))?;
        }
        let mut spool = self.spool.into_inner().map_err(io::IntoInnerError::into_error)?;
        spool.seek(SeekFrom::Start(0))?;
        let copied = io::copy(&mut spool.take(self.spooled), out)?;
        if copied == self.spooled { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    fn directory(
        &self,
        level: usize,
        (columns, rows, lengths): &(usize, usize, Vec<u64>),
        offsets: &[u64],
        big: bool,
    ) -> Vec<Entry> {
        let mut entries = Vec::new();
        if level > 0 {
            entries.push(Entry::long(254, 1));
        }
        entries.extend([
            Entry::long(256, *columns as u32),
            Entry::long(257, *rows as u32),
            Entry::short(258, &[32]),
            Entry::short(259, &[8]),
            Entry::short(262, &[1]),
            Entry::short(277, &[1]),
            Entry::short(284, &[1]),
            Entry::long(322, TILE as u32),
            Entry::long(323, TILE as u32),
            Entry::offsets(324, offsets, big),
            Entry::offsets(325, lengths, big),
            Entry::short(339, &[3]),
        ]);
        if level == 0 {
            let [west, _, _, north] = self.window.bounds_deg();
            let lattice = self.window.lattice;
            let about = format!(
                "<GDALMetadata><Item name=\"DESCRIPTION\" sample=\"0\" role=\"description\">{}</Item>\
                 <Item name=\"UNITTYPE\" sample=\"0\" role=\"unittype\">{}</Item></GDALMetadata>",
                self.description, self.unit
            );
            entries.extend([
                Entry::double(33_550, &[lattice.lon_step_deg, lattice.lat_step_deg, 0.0]),
                Entry::double(33_922, &[0.0, 0.0, 0.0, west, north, 0.0]),
                // Geographic (2), a sample is an area (1), WGS 84.
                Entry::short(34_735, &[1, 1, 0, 3, 1024, 0, 1, 2, 1025, 0, 1, 1, 2048, 0, 1, 4326]),
                Entry::text(42_112, &about),
            ]);
        }
        entries.push(Entry::text(42_113, "nan"));
        entries
    }
}

/// Length of a directory with the values that don't fit into it, bytes; even.
fn directory_bytes(entries: &[Entry], big: bool) -> u64 {
    let (count, entry, next, inline) = if big { (8, 20, 8, 8) } else { (2, 12, 4, 4) };
    let outside: usize = entries.iter().map(|e| e.3.len()).filter(|n| *n > inline).map(|n| n + n % 2).sum();
    count + entry * entries.len() as u64 + next + outside as u64
}

fn write_directory(out: &mut dyn Write, entries: &[Entry], at: u64, next: u64, big: bool) -> io::Result<()> {
    let inline = if big { 8 } else { 4 };
    let number = |v: u64| if big { v.to_le_bytes().to_vec() } else { (v as u32).to_le_bytes().to_vec() };
    let fixed = if big { 16 + 20 * entries.len() } else { 6 + 12 * entries.len() } as u64;
    let mut outside = Vec::new();
    if big {
        out.write_all(&(entries.len() as u64).to_le_bytes())?;
    } else {
        out.write_all(&(entries.len() as u16).to_le_bytes())?;
    }
    for Entry(tag, kind, count, bytes) in entries {
        out.write_all(&tag.to_le_bytes())?;
        out.write_all(&kind.to_le_bytes())?;
        out.write_all(&number(*count))?;
        if bytes.len() <= inline {
            let mut value = bytes.clone();
            value.resize(inline, 0);
            out.write_all(&value)?;
        } else {
            out.write_all(&number(at + fixed + outside.len() as u64))?;
            outside.extend_from_slice(bytes);
            outside.resize(outside.len() + bytes.len() % 2, 0);
        }
    }
    out.write_all(&number(next))?;
    out.write_all(&outside)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::radio::area::Lattice;
    use tiff::decoder::{Decoder, DecodingResult};

    /// Read back by another hand: every level, every sample.
    #[test]
    fn all_levels_come_back() {
        let window = Lattice::new(100.0, 42.5).window([1.4, 42.4, 2.2, 43.1]);
        let value = |c: i64, r: i64| if c % 41 == 7 { f32::NAN } else { (c * 3 + r) as f32 * 0.25 };
        let mut raster = Raster::new(&window, "test", "dBm").unwrap();
        for tile in window.tiles(TILE) {
            let pixels: Vec<f32> = (0..tile.columns * tile.rows)
                .map(|i| {
                    let (c, r) = ((i % tile.columns) as i64, (i / tile.columns) as i64);
                    value(tile.first_column - window.first_column + c, tile.first_row - window.first_row + r)
                })
                .collect();
            raster.push(&tile, &pixels).unwrap();
        }
        let mut file = Vec::new();
        raster.finish(&mut file).unwrap();
        let mut decoder = Decoder::new(io::Cursor::new(&file)).unwrap();
        let (mut columns, mut rows, mut step) = (window.columns, window.rows, 1i64);
        loop {
            assert_eq!(decoder.dimensions().unwrap(), (columns as u32, rows as u32));
            let DecodingResult::F32(values) = decoder.read_image().unwrap() else { panic!("floats") };
            for (i, v) in values.iter().enumerate() {
                let want = value((i % columns) as i64 * step, (i / columns) as i64 * step);
                assert!(*v == want || v.is_nan() && want.is_nan(), "{i} at {step}: {v} {want}");
            }
            if !decoder.more_images() {
                break;
            }
            decoder.next_image().unwrap();
            (columns, rows, step) = (columns.div_ceil(2), rows.div_ceil(2), step * 2);
        }
        assert!(columns <= TILE && rows <= TILE && step > 1);
    }
}
