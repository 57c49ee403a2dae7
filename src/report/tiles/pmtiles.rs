//! PMTiles 3 (docs.protomaps.com/pmtiles): one file of tiles, clustered along the Hilbert curve of each zoom level, with
//! a directory at its head and leaf directories behind it. Tiles of the same bytes are stored once.

use flate2::Compression;
use flate2::write::GzEncoder;
use rustc_hash::FxHashMap;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, Write};

const HEADER: usize = 127;
/// Header and root directory come with the first request of a reader.
const HEAD: usize = 16_384;
/// Entries of a leaf directory to begin with.
const LEAF: usize = 4_096;

/// Compressed as tiles, directories and metadata are; the bytes hold no time.
pub(super) fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut out = GzEncoder::new(Vec::with_capacity(bytes.len() / 3 + 64), Compression::default());
    out.write_all(bytes)?;
    out.finish()
}

/// Tiles of all zoom levels before this one.
pub(super) const fn first_of(zoom: u8) -> u64 {
    ((1 << (2 * zoom as u64)) - 1) / 3
}

/// Place of a tile along the Hilbert curve of its zoom level.
pub(super) fn hilbert(zoom: u8, mut x: u32, mut y: u32) -> u64 {
    let mut d = 0;
    for bit in (0..zoom).rev() {
        let side = 1u32 << bit;
        let (right, down) = (x & side != 0, y & side != 0);
        d = d << 2 | u64::from((u32::from(right) * 3) ^ u32::from(down));
        x &= side - 1;
        y &= side - 1;
        if !down {
            if right {
                (x, y) = (side - 1 - x, side - 1 - y);
            }
            std::mem::swap(&mut x, &mut y);
        }
    }
    d
}

/// The tile at a place along the curve.
pub(super) fn tile_at(zoom: u8, d: u64) -> [u32; 2] {
    let (mut x, mut y) = (0u32, 0u32);
    for bit in 0..zoom {
        let side = 1u32 << bit;
        let quadrant = (d >> (2 * bit) & 3) as u32;
        let right = quadrant >> 1;
        let down = (quadrant ^ right) & 1;
        if down == 0 {
            if right == 1 {
                (x, y) = (side - 1 - x, side - 1 - y);
            }
            std::mem::swap(&mut x, &mut y);
        }
        x |= right << bit;
        y |= down << bit;
    }
    [x, y]
}

/// Tiles of the same bytes in a row, or a leaf directory (whose `run` is 0).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    tile: u64,
    offset: u64,
    length: u32,
    run: u32,
}

/// What the head of the file says of all tiles.
pub(super) struct About {
    pub min_zoom: u8,
    pub max_zoom: u8,
    /// West, south, east, north in degrees.
    pub bounds: [f64; 4],
    pub metadata: serde_json::Value,
}

/// An archive under construction; the tiles wait in a temporary file until the directories are known.
pub(super) struct Archive {
    data: BufWriter<File>,
    end: u64,
    entries: Vec<Entry>,
    known: FxHashMap<[u8; 16], (u64, u32)>,
    addressed: u64,
}

impl Archive {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            data: BufWriter::with_capacity(1 << 20, tempfile::tempfile()?),
            end: 0,
            entries: Vec::new(),
            known: FxHashMap::default(),
            addressed: 0,
        })
    }

    /// Tiles that can be asked for.
    pub(super) fn tiles(&self) -> u64 {
        self.addressed
    }

    /// Adds a compressed tile; ids come in ascending order.
    pub(super) fn add(&mut self, tile: u64, bytes: &[u8]) -> io::Result<()> {
        let digest = Sha256::digest(bytes);
        let mut key = [0; 16];
        key.copy_from_slice(&digest[..16]);
        let (offset, length) = match self.known.get(&key) {
            Some(place) => *place,
            None => {
                self.data.write_all(bytes)?;
                let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
                self.known.insert(key, (self.end, length));
                self.end += u64::from(length);
                (self.end - u64::from(length), length)
            }
        };
        self.addressed += 1;
        match self.entries.last_mut() {
            Some(e) if e.tile + u64::from(e.run) == tile && (e.offset, e.length) == (offset, length) => {
                e.run += 1;
            }
            _ => self.entries.push(Entry { tile, offset, length, run: 1 }),
        }
        Ok(())
    }

    /// Writes the whole file; gives its length.
    pub(super) fn finish(self, about: &About, out: &mut (dyn Write + Send)) -> io::Result<u64> {
        let (root, leaves) = directories(&self.entries)?;
        let metadata = gzip(about.metadata.to_string().as_bytes())?;
        let starts = [
            HEADER as u64,
            (HEADER + root.len()) as u64,
            (HEADER + root.len() + metadata.len()) as u64,
            (HEADER + root.len() + metadata.len() + leaves.len()) as u64,
        ];
        let lengths = [root.len() as u64, metadata.len() as u64, leaves.len() as u64, self.end];
        let mut head = Vec::with_capacity(HEADER);
        head.extend_from_slice(b"PMTiles\x03");
        for (start, length) in starts.iter().zip(lengths) {
            head.extend_from_slice(&start.to_le_bytes());
            head.extend_from_slice(&length.to_le_bytes());
        }
        for count in [self.addressed, self.entries.len() as u64, self.known.len() as u64] {
            head.extend_from_slice(&count.to_le_bytes());
        }
        // Clustered; directories and tiles gzipped; tiles are MVT.
        head.extend_from_slice(&[1, 2, 2, 1, about.min_zoom, about.max_zoom]);
        let [west, south, east, north] = about.bounds;
        let degrees = |v: f64| ((v * 1e7).round() as i32).to_le_bytes();
        [west, south, east, north].iter().for_each(|v| head.extend_from_slice(&degrees(*v)));
        // Where the whole is about as large as a screen of three tiles by three.
        let span = ((east - west) / 360.0).max((north - south) / 170.0).max(1e-6);
        let fits = (3.0 / span).log2().floor().clamp(0.0, 30.0) as u8;
        head.push(fits.clamp(about.min_zoom, about.max_zoom));
        head.extend_from_slice(&degrees((west + east) / 2.0));
        head.extend_from_slice(&degrees((south + north) / 2.0));
        out.write_all(&head)?;
        out.write_all(&root)?;
        out.write_all(&metadata)?;
        out.write_all(&leaves)?;
        let mut data = self.data.into_inner().map_err(io::IntoInnerError::into_error)?;
        data.rewind()?;
        let mut buffer = vec![0; 1 << 20];
        loop {
            let n = data.read(&mut buffer)?;
            if n == 0 {
                return Ok(starts[3] + self.end);
            }
            out.write_all(&buffer[..n])?;
        }
    }
}

/// The root directory, which fits into the head of the file, and the leaves that it names.
fn directories(entries: &[Entry]) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let root = gzip(&directory(entries))?;
    if root.len() <= HEAD - HEADER {
        return Ok((root, Vec::new()));
    }
    let mut size = LEAF;
    loop {
        let (mut above, mut leaves) = (Vec::new(), Vec::new());
        for part in entries.chunks(size) {
            let leaf = gzip(&directory(part))?;
            let tile = part.first().map_or(0, |e| e.tile);
            let length = u32::try_from(leaf.len()).map_err(io::Error::other)?;
            above.push(Entry { tile, offset: leaves.len() as u64, length, run: 0 });
            leaves.extend(leaf);
        }
        let root = gzip(&directory(&above))?;
        if root.len() <= HEAD - HEADER {
            return Ok((root, leaves));
        }
        size *= 2;
    }
}

/// Columns of numbers, each as its difference where that is small.
fn directory(entries: &[Entry]) -> Vec<u8> {
    let mut out = Vec::with_capacity(entries.len() * 8);
    varint(&mut out, entries.len() as u64);
    let mut last = 0;
    for e in entries {
        varint(&mut out, e.tile - last);
        last = e.tile;
    }
    entries.iter().for_each(|e| varint(&mut out, u64::from(e.run)));
    entries.iter().for_each(|e| varint(&mut out, u64::from(e.length)));
    let mut next = None;
    for e in entries {
        // Zero: right behind the entry before it.
        varint(&mut out, if next == Some(e.offset) { 0 } else { e.offset + 1 });
        next = Some(e.offset + u64::from(e.length));
    }
    out
}

/// A number in groups of seven bits, the lowest first.
pub(super) fn varint(out: &mut Vec<u8>, mut v: u64) {
    while v >= 0x80 {
        out.push(v as u8 | 0x80);
        v >>= 7;
    }
    out.push(v as u8);
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// A number written by [`varint`]; moves past it.
    pub(in super::super) fn read_varint(bytes: &mut &[u8]) -> u64 {
        let mut v = 0;
        for shift in (0..64).step_by(7) {
            let (b, rest) = bytes.split_first().unwrap();
            *bytes = rest;
            v |= u64::from(b & 0x7f) << shift;
            if b & 0x80 == 0 {
                break;
            }
        }
        v
    }

    fn gunzip(bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        flate2::read::GzDecoder::new(bytes).read_to_end(&mut out).unwrap();
        out
    }

    fn entries(bytes: &[u8]) -> Vec<Entry> {
        let text = gunzip(bytes);
        let b = &mut text.as_slice();
        let n = read_varint(b) as usize;
        let mut tile = 0;
        let tiles: Vec<u64> = (0..n)
            .map(|_| {
                tile += read_varint(b);
                tile
            })
            .collect();
        let runs: Vec<u64> = (0..n).map(|_| read_varint(b)).collect();
        let lengths: Vec<u64> = (0..n).map(|_| read_varint(b)).collect();
        let mut out: Vec<Entry> = Vec::new();
        for i in 0..n {
            let code = read_varint(b);
            let offset = match (code, out.last()) {
                (0, Some(e)) => e.offset + u64::from(e.length),
                _ => code - 1,
            };
            out.push(Entry { tile: tiles[i], offset, length: lengths[i] as u32, run: runs[i] as u32 });
        }
        assert!(b.is_empty());
        out
    }

    /// Every tile of a file, by id, uncompressed; also the metadata.
    pub(in super::super) fn read(file: &[u8]) -> (BTreeMap<u64, Vec<u8>>, serde_json::Value) {
        assert_eq!(&file[..8], b"PMTiles\x03");
        let u = |at: usize| u64::from_le_bytes(file[at..at + 8].try_into().unwrap()) as usize;
        let part = |at: usize| &file[u(at)..u(at) + u(at + 8)];
        assert!(u(8) + u(16) <= HEAD, "the root lies in the head");
        let (leaves, data) = (part(40), part(56));
        let mut all = BTreeMap::new();
        let mut take = |e: &Entry| {
            let tile = gunzip(&data[e.offset as usize..][..e.length as usize]);
            for i in 0..u64::from(e.run) {
                assert!(all.insert(e.tile + i, tile.clone()).is_none());
            }
        };
        for e in entries(part(8)) {
            if e.run == 0 {
                entries(&leaves[e.offset as usize..][..e.length as usize]).iter().for_each(&mut take);
            } else {
                take(&e);
            }
        }
        assert_eq!(u(72), all.len(), "addressed tiles");
        (all, serde_json::from_slice(&gunzip(part(24))).unwrap())
    }

    #[test]
    fn ids_are_those_of_the_specification() {
        // Examples of the specification's text.
        for (z, x, y, id) in [
            (0, 0, 0, 0),
            (1, 0, 0, 1),
            (1, 0, 1, 2),
            (1, 1, 1, 3),
            (1, 1, 0, 4),
            (2, 0, 0, 5),
            (12, 3423, 1763, 19_078_479),
        ] {
            assert_eq!(first_of(z) + hilbert(z, x, y), id, "{z}/{x}/{y}");
            assert_eq!(tile_at(z, id - first_of(z)), [x, y]);
        }
    }

    #[test]
    fn what_goes_in_comes_out_through_leaves_too() {
        let about = || About {
            min_zoom: 0,
            max_zoom: 9,
            bounds: [1.0, 2.0, 3.0, 4.0],
            metadata: serde_json::json!({ "a": "南京" }),
        };
        for n in [0u64, 1, 300, 60_000] {
            let mut archive = Archive::new().unwrap();
            let mut put = BTreeMap::new();
            let mut id = 0;
            for i in 0..n {
                id += 1 + (i * i) % 7;
                // Some tiles repeat their neighbour, some an earlier one.
                let tile = format!("tile {}", if i % 5 == 0 { 0 } else { i / 3 }).into_bytes();
                archive.add(id, &gzip(&tile).unwrap()).unwrap();
                put.insert(id, tile);
            }
            let mut file = Vec::new();
            let length = archive.finish(&about(), &mut file).unwrap();
            assert_eq!(length as usize, file.len());
            let (tiles, metadata) = read(&file);
            assert!(tiles == put, "{n} tiles");
            assert_eq!(metadata["a"], "南京");
        }
    }
}
