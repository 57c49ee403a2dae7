//! SRTM height tiles: `N42E001.hgt`, plain, gzipped or zipped; one or three arc seconds.
//!
//! A tile spans one degree, its name gives the south-west corner, and its outermost rows and columns lie on
//! the edges, so neighbouring tiles share them. Samples are big-endian 16-bit metres, north row first;
//! −32768 is a void. (USGS, SRTM Topography, documentation version 2.1, section 3.)

use super::broken::BrokenFile;
use super::terrain::{Lattice, Samples, Tile};
use crate::crs::Crs;
use std::fs::File;
use std::io::Read;
use std::path::Path;

const VOID: i16 = i16::MIN;
/// Samples along an edge: three arc seconds, one arc second.
const EDGES: [usize; 2] = [1201, 3601];

/// Reads one tile.
///
/// # Errors
/// [`BrokenFile`] when the name isn't a tile's, or the size isn't that of a tile.
pub fn read(path: &Path) -> Result<Tile, BrokenFile> {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let lower = name.to_ascii_lowercase();
    let mut file = File::open(path).map_err(BrokenFile::unreadable(path))?;
    let (inner, bytes) = if lower.ends_with(".zip") {
        unzip(path, file)?
    } else if lower.ends_with(".gz") {
        let mut bytes = Vec::new();
        bounded(flate2::read::MultiGzDecoder::new(file), &mut bytes).map_err(|e| {
            BrokenFile::damaged(path, None, (format!("gzip: {e}"), format!("gzip 有误：“{e}”")))
        })?;
        (name, bytes)
    } else {
        let mut bytes = Vec::new();
        bounded(&mut file, &mut bytes).map_err(BrokenFile::unreadable(path))?;
        (name, bytes)
    };
    let (south, west) = corner(&inner).ok_or_else(|| {
        let said = (
            format!("'{inner}' isn't named like a height tile (N42E001.hgt)"),
            format!("“{inner}”不是高程图幅的名称（如 N42E001.hgt）"),
        );
        BrokenFile::damaged(path, None, said)
    })?;
    let Some(edge) = EDGES.into_iter().find(|e| e * e * 2 == bytes.len()) else {
        let n = bytes.len();
        let what = (
            format!("{n} bytes of heights; a tile has 2,884,802 (three arc seconds) or 25,934,402 (one)"),
            format!("高程数据为 {n} 字节；图幅应为 2884802 字节（3 角秒）或 25934402 字节（1 角秒）"),
        );
        return Err(BrokenFile::damaged(path, Some(bytes.len() as u64), what));
    };
    let samples = bytes.chunks_exact(2).map(|b| i16::from_be_bytes([b[0], b[1]])).collect();
    let step = 1.0 / (edge - 1) as f64;
    let lattice = Lattice::north_up(f64::from(west), f64::from(south) + 1.0, step, step);
    Tile::new(path, edge, edge, Samples::I16(samples), Some(f64::from(VOID)), lattice, Crs::wgs84())
}

/// Reads at most one byte more than the largest tile, so that a bomb or a mistaken file stays small.
fn bounded(reader: impl Read, bytes: &mut Vec<u8>) -> std::io::Result<usize> {
    let most = EDGES[1] * EDGES[1] * 2 + 1;
    reader.take(most as u64).read_to_end(bytes)
}

fn unzip(path: &Path, file: File) -> Result<(String, Vec<u8>), BrokenFile> {
    let damaged = |e: &dyn std::fmt::Display| {
        BrokenFile::damaged(path, None, (format!("zip: {e}"), format!("ZIP 压缩包有误：“{e}”")))
    };
    let mut archive = zip::ZipArchive::new(file).map_err(|e| damaged(&e))?;
    let found = super::packed::files(&archive).into_iter().find(|f| f.stem("hgt").is_some());
    let tile = found.ok_or_else(|| {
        BrokenFile::damaged(path, None, ("no .hgt file in the archive", "压缩包中没有 .hgt 文件"))
    })?;
    let mut entry = archive.by_index(tile.index).map_err(|e| damaged(&e))?;
    let name = tile.name.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
    let mut bytes = Vec::new();
    bounded(&mut entry, &mut bytes).map_err(|e| damaged(&e))?;
    Ok((name, bytes))
}

/// South-west corner from a name such as `N42E001.hgt` or `s12w078.SRTMGL1.hgt.zip`: latitude, longitude.
fn corner(name: &str) -> Option<(i16, i16)> {
    let name = name.get(..7)?.to_ascii_uppercase();
    let sign = |letter: &str, plus: &str, minus: &str| match letter {
        l if l == plus => Some(1),
        l if l == minus => Some(-1),
        _ => None,
    };
    let lat = sign(name.get(..1)?, "N", "S")? * name.get(1..3)?.parse::<i16>().ok()?;
    let lon = sign(name.get(3..4)?, "E", "W")? * name.get(4..7)?.parse::<i16>().ok()?;
    ((-90..90).contains(&lat) && (-180..180).contains(&lon)).then_some((lat, lon))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::{LonLat, Terrain};
    use crate::io::terrain::TerrainStore;
    use std::io::Write;
    use std::path::PathBuf;

    pub(crate) fn shared(path: &str) -> Option<PathBuf> {
        let root = std::env::var("COVPLAN_SHARED").unwrap_or_else(|_| "../shared".into());
        let path = Path::new(&root).join(path);
        if !path.exists() {
            eprintln!("skipped: {} not found", path.display());
            return None;
        }
        Some(path)
    }

    fn at(lon: f64, lat: f64) -> LonLat {
        LonLat::new(lon, lat).expect("test position")
    }

    #[test]
    fn names_give_corners() {
        for (name, corner_of) in [
            ("N42E001.hgt", Some((42, 1))),
            ("s12w078.SRTMGL1.hgt.gz", Some((-12, -78))),
            ("N91E001.hgt", None),
            ("dem.hgt", None),
            ("高程N42E001", None),
            ("N4+E001.hgt", None),
        ] {
            assert_eq!(corner(name), corner_of, "{name}");
        }
    }

    /// Values by GDAL 3.6.2 (gdallocationinfo -wgs84) at sample positions, and by hand-written bilinear
    /// interpolation in Python between them.
    #[test]
    fn andorra_agrees_with_gdal() {
        let Some(path) = shared("data/dem_hgt_andorra/N42E001.hgt.zip") else { return };
        let store = TerrainStore::new(vec![read(&path).expect("a sound tile")]);
        for (lon, lat, height) in [
            (1.5, 42.5, 1095.0),
            (1.52, 42.505, 1005.0),
            (1.0, 42.0, 828.0),
            (2.0, 43.0, 360.0),
            (1.0, 43.0, 838.0),
            (2.0, 42.0, 707.0),
            (1.52137, 42.50731, 1034.107008),
            (1.6003, 42.5401, 1849.6368),
        ] {
            match store.height_m(at(lon, lat)) {
                Some(h) => assert!((h - height).abs() < 1e-6, "{lon} {lat}: {h}"),
                None => panic!("{lon} {lat}: no height"),
            }
        }
        // A void (row 92, column 114), a missing tile: unknown, never sea level.
        assert_eq!(store.height_m(at(1.0 + 114.0 / 1200.0, 43.0 - 92.0 / 1200.0)), None);
        assert_eq!(store.height_m(at(2.5, 42.5)), None);
        // Three arc seconds of latitude are 92.6 m at 42.5° N.
        assert!((store.posting_m() - 92.56).abs() < 0.05, "{}", store.posting_m());
    }

    #[test]
    fn plain_gzipped_and_broken_tiles() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let bytes: Vec<u8> = (0..1201u32 * 1201).flat_map(|i| ((i % 1201) as i16).to_be_bytes()).collect();
        let plain = folder.path().join("S13W078.hgt");
        std::fs::write(&plain, &bytes).expect("written");
        let tile = read(&plain).expect("a sound tile");
        assert!((tile.height_m(at(-77.5, -12.25)).expect("a height") - 600.0).abs() < 1e-9);

        let zipped = folder.path().join("S13W077.hgt.gz");
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&bytes).expect("compressed");
        let compressed = encoder.finish().expect("compressed");
        std::fs::write(&zipped, &compressed).expect("written");
        assert!(
            (read(&zipped).expect("sound").height_m(at(-76.5, -12.25)).expect("a height") - 600.0).abs()
                < 1e-9
        );

        for (name, content) in [
            ("N00E000.hgt", &bytes[..1000]),
            ("N00E001.hgt", &[][..]),
            ("N00E002.hgt.gz", &compressed[..compressed.len() / 2]),
            ("N00E003.hgt.zip", &bytes[..100]),
            ("heights.hgt", &bytes[..]),
        ] {
            let path = folder.path().join(name);
            std::fs::write(&path, content).expect("written");
            let error = read(&path).err().unwrap_or_else(|| panic!("{name} was read"));
            assert!(error.to_string().contains(name), "{error}");
        }
        assert!(matches!(read(&folder.path().join("N01E001.hgt")), Err(BrokenFile::Unreadable { .. })));
    }
}
