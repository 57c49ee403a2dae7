//! Heights from a single-band GeoTIFF (OGC 19-008r4): strips or tiles, plain, LZW or Deflate, BigTIFF too.
//!
//! The raster is placed by ModelPixelScale and one ModelTiepoint, or by ModelTransformation; the coordinate
//! system comes from the EPSG code in the geo keys or from the caller. What isn't understood in full (several
//! bands, heights in feet, scaled values, control points, a projection without a code) is refused rather than guessed.

use super::broken::BrokenFile;
use super::terrain::{Lattice, Samples, Tile};
use crate::crs::Crs;
use crate::model::said::Said;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::Tag;
use tiff::{ColorType, TiffError};

/// Deflate can't shrink data more than about 1,032 times; a file that claims more is damaged or a trap.
const MAX_COMPRESSION: u64 = 1_100;
/// Largest raster, bytes of decoded samples.
const MAX_DECODED: u64 = 4 << 30;
const GDAL_METADATA: Tag = Tag::Unknown(42112);

const KEY_MODEL_TYPE: u16 = 1024;
const KEY_RASTER_TYPE: u16 = 1025;
const KEY_CITATION: u16 = 1026;
const KEY_GEODETIC_CRS: u16 = 2048;
const KEY_PROJECTED_CRS: u16 = 3072;
const KEY_PROJECTED_CITATION: u16 = 3073;
const KEY_VERTICAL_UNITS: u16 = 4099;
const USER_DEFINED: u16 = 32767;

/// Reads the first image of a GeoTIFF as heights in metres; `crs` overrides the file's own.
///
/// # Errors
/// [`BrokenFile`] when the file is damaged, has no place on the earth, or isn't a single band of heights.
pub fn read(path: &Path, crs: Option<&Crs>) -> Result<Tile, BrokenFile> {
    let file = File::open(path).map_err(BrokenFile::unreadable(path))?;
    let file_bytes = file.metadata().map_err(BrokenFile::unreadable(path))?.len();
    let damaged = |e: TiffError| match e {
        TiffError::UnsupportedError(e) => {
            let way_out = "gdal_translate -co COMPRESS=DEFLATE";
            let said = (format!("{e}; rewrite it with {way_out}"), format!("“{e}”；请用 {way_out} 重新写出"));
            BrokenFile::unsupported(path, said)
        }
        e => BrokenFile::damaged(path, None, Said::foreign(&e)),
    };
    let unsupported = |en: &str, zh: &str| BrokenFile::unsupported(path, (en, zh));

    let mut limits = Limits::default();
    limits.decoding_buffer_size = usize::try_from(MAX_DECODED).unwrap_or(usize::MAX);
    limits.intermediate_buffer_size = limits.decoding_buffer_size;
    limits.ifd_value_size = 64 << 20;
    let mut image = Decoder::new(BufReader::new(file)).map_err(damaged)?.with_limits(limits);

    let (columns, rows) = image.dimensions().map_err(damaged)?;
    let bits = match image.colortype().map_err(damaged)? {
        ColorType::Gray(bits) => bits,
        other => {
            return Err(unsupported(
                &format!("{other:?} samples: heights need a single band"),
                &format!("像元为 {other:?}：高程应为单波段"),
            ));
        }
    };
    let decoded = u64::from(columns) * u64::from(rows) * u64::from(bits).div_ceil(8);
    if decoded > MAX_DECODED {
        return Err(unsupported(
            &format!("{columns} × {rows} samples are too many for one file: cut it into tiles"),
            &format!("{columns} × {rows} 个像元超出单个文件的上限：请切分成图幅"),
        ));
    }
    if decoded > file_bytes.saturating_mul(MAX_COMPRESSION) {
        let what = (
            format!("{columns} × {rows} samples announced in a file of {file_bytes} bytes"),
            format!("文件仅 {file_bytes} 字节，却声明有 {columns} × {rows} 个像元"),
        );
        return Err(BrokenFile::damaged(path, None, what));
    }
    let mut numbers = |tag: Tag| -> Result<Option<Vec<f64>>, BrokenFile> {
        let value = image.find_tag(tag).map_err(damaged)?;
        value.map(|v| v.into_f64_vec()).transpose().map_err(damaged)
    };
    let scale = numbers(Tag::ModelPixelScaleTag)?;
    let tiepoints = numbers(Tag::ModelTiepointTag)?;
    let matrix = numbers(Tag::ModelTransformationTag)?;
    let void = match text(&mut image, Tag::GdalNodata).map_err(damaged)? {
        None => None,
        Some(t) => Some(t.trim().parse::<f64>().map_err(|_| {
            let t = t.trim();
            let said = (format!("the no-data value '{t}' isn't a number"), format!("无数据值“{t}”不是数字"));
            BrokenFile::damaged(path, None, said)
        })?),
    };
    if text(&mut image, GDAL_METADATA).ok().flatten().is_some_and(|t| t.contains("role=\"scale\"")) {
        return Err(unsupported(
            "the samples are scaled: convert them to metres (gdal_translate -unscale)",
            "像元值带缩放：请换算为米（gdal_translate -unscale）",
        ));
    }
    let keys = GeoKeys::read(&mut image).map_err(damaged)?;
    match keys.code(KEY_VERTICAL_UNITS) {
        None | Some(0 | 9001 | USER_DEFINED) => {}
        Some(unit) => {
            return Err(unsupported(
                &format!("heights in unit EPSG:{unit}: convert them to metres"),
                &format!("高程单位为 EPSG:{unit}：请换算为米"),
            ));
        }
    }
    // A sample that stands for an area has its centre half a posting in from its corner.
    let half = if keys.code(KEY_RASTER_TYPE) == Some(2) { 0.0 } else { 0.5 };
    let lattice = lattice(scale.as_deref(), tiepoints.as_deref(), matrix.as_deref(), half)
        .map_err(|(en, zh)| unsupported(en, zh))?;
    let crs = match crs {
        Some(crs) => crs.clone(),
        None => keys.crs(path)?,
    };

    let samples = match image.read_image().map_err(damaged)? {
        DecodingResult::I16(v) => Samples::I16(v.into()),
        DecodingResult::I8(v) => Samples::I16(v.into_iter().map(i16::from).collect()),
        DecodingResult::U8(v) => Samples::U8(v.into()),
        DecodingResult::U16(v) => Samples::F32(v.into_iter().map(f32::from).collect()),
        DecodingResult::I32(v) => Samples::F32(v.into_iter().map(|x| x as f32).collect()),
        DecodingResult::U32(v) => Samples::F32(v.into_iter().map(|x| x as f32).collect()),
        DecodingResult::F32(v) => Samples::F32(v.into()),
        DecodingResult::F64(v) => Samples::F32(v.into_iter().map(|x| x as f32).collect()),
        _ => {
            return Err(unsupported(
                "samples of this type aren't read as heights",
                "该类型的像元不能作为高程读取",
            ));
        }
    };
    // A mask of NaN needs no number.
    let void = void.filter(|v| v.is_finite());
    Tile::new(path, columns as usize, rows as usize, samples, void, lattice, crs)
}

fn text(image: &mut Decoder<BufReader<File>>, tag: Tag) -> Result<Option<String>, TiffError> {
    let value = image.find_tag(tag)?;
    Ok(value.map(|v| v.into_string()).transpose()?.map(|t| t.trim_end_matches('\0').to_owned()))
}

fn lattice(
    scale: Option<&[f64]>,
    tiepoints: Option<&[f64]>,
    matrix: Option<&[f64]>,
    half: f64,
) -> Result<Lattice, (&'static str, &'static str)> {
    let (a, b) = match (scale, tiepoints, matrix) {
        (_, _, Some(&[a1, a2, _, a0, b1, b2, _, b0, ..])) => ([a0, a1, a2], [b0, b1, b2]),
        (Some(&[sx, sy, ..]), Some(&[column, row, _, x, y, _]), None) => {
            ([x - column * sx, sx, 0.0], [y + row * sy, 0.0, -sy])
        }
        (_, Some(points), None) if points.len() > 6 => {
            return Err((
                "placed by control points: warp it to a regular raster first (gdalwarp)",
                "以控制点定位：请先校正为规则栅格（gdalwarp）",
            ));
        }
        _ => {
            return Err((
                "no georeference: neither pixel scale and tie point nor a transformation",
                "没有地理参考：既无像元大小与控制点，也无仿射变换",
            ));
        }
    };
    let at_centre = |m: [f64; 3]| [m[0] + half * (m[1] + m[2]), m[1], m[2]];
    Lattice::inverting(at_centre(a), at_centre(b))
        .ok_or(("its georeference is singular", "地理参考的变换不可逆"))
}

/// The geo-key directory with the texts it points to.
#[derive(Default)]
struct GeoKeys {
    /// Key, tag that holds the value (0: the value itself), count, value or offset.
    entries: Vec<[u16; 4]>,
    ascii: String,
}

impl GeoKeys {
    fn read(image: &mut Decoder<BufReader<File>>) -> Result<Self, TiffError> {
        let Some(value) = image.find_tag(Tag::GeoKeyDirectoryTag)? else { return Ok(Self::default()) };
        let words = value.into_u16_vec()?;
        let entries = words.chunks_exact(4).skip(1).map(|w| [w[0], w[1], w[2], w[3]]).collect();
        let ascii = text(image, Tag::GeoAsciiParamsTag)?.unwrap_or_default();
        Ok(Self { entries, ascii })
    }

    fn code(&self, key: u16) -> Option<u16> {
        self.entries.iter().find(|e| e[0] == key && e[1] == 0).map(|e| e[3])
    }

    fn citation(&self, key: u16) -> Option<&str> {
        let &[_, _, count, offset] = self.entries.iter().find(|e| e[0] == key && e[1] == 34737)?;
        self.ascii.get(usize::from(offset)..usize::from(offset) + usize::from(count))
    }

    fn crs(&self, path: &Path) -> Result<Crs, BrokenFile> {
        let key = match self.code(KEY_MODEL_TYPE) {
            Some(1) => KEY_PROJECTED_CRS,
            Some(2) => KEY_GEODETIC_CRS,
            _ => {
                return Err(BrokenFile::unsupported(
                    path,
                    (
                        "it names no coordinate system: give `crs` for the layer",
                        "未注明坐标系：请在图层中指定 crs",
                    ),
                ));
            }
        };
        let crs = match self.code(key) {
            Some(code) if code != USER_DEFINED && code != 0 => Crs::epsg(u32::from(code)),
            // Esri writes the whole definition where others write a name.
            _ => match [KEY_PROJECTED_CITATION, KEY_CITATION].into_iter().find_map(|k| {
                let text = self.citation(k)?.split("ESRI PE String = ").nth(1)?;
                Some(text.trim_end_matches('|').to_owned())
            }) {
                Some(wkt) => wkt.parse(),
                None => {
                    let what = (
                        "its projection has no EPSG code: give `crs` for the layer",
                        "投影没有 EPSG 代码：请在图层中指定 crs",
                    );
                    return Err(BrokenFile::unsupported(path, what));
                }
            },
        };
        crs.map_err(|source| BrokenFile::Crs { path: path.to_owned(), source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::{LonLat, Terrain};
    use crate::io::terrain::{MAX_PROPAGATION_POSTING_M, TerrainStore, require_posting};
    use std::path::PathBuf;
    use tiff::encoder::{Compression, TiffEncoder, colortype};

    fn at(lon: f64, lat: f64) -> LonLat {
        LonLat::new(lon, lat).expect("test position")
    }

    /// GDAL 3.6.2: gdallocationinfo -wgs84 gives 26.2361 for the sample that covers 118.8, 32.05; gdalinfo the origin
    /// and pixel size from which its centre follows.
    #[test]
    fn gebco_agrees_with_gdal_and_is_too_coarse() {
        let root = std::env::var("COVPLAN_SHARED").unwrap_or_else(|_| "../shared".into());
        let path = Path::new(&root).join("data/demo_jiangsu/dem_gebco_0p1deg.tif");
        if !path.exists() {
            eprintln!("skipped: {} not found", path.display());
            return;
        }
        let store = TerrainStore::open(std::slice::from_ref(&path), None, 0).expect("a sound file");
        assert_eq!(read(&path, None).expect("a sound file").size(), (60, 48));
        let (west, north, dx, dy) = (116.135518595863, 35.379702102804, 0.099905529037, 0.099954569055);
        let centre = |v: f64, origin: f64, step: f64| origin + step * (((v - origin) / step).floor() + 0.5);
        let p = at(centre(118.8, west, dx), centre(32.05, north, -dy));
        let h = store.height_m(p).expect("a height");
        assert!((h - 26.236_110_687).abs() < 1e-4, "{h}");
        let refused = require_posting(&store, MAX_PROPAGATION_POSTING_M).expect_err("0.1° is too coarse");
        assert!((11_000.0..11_200.0).contains(&refused.posting_m), "{refused}");
    }

    struct Made<'a> {
        keys: &'a [u16],
        scale: Option<[f64; 3]>,
        tie: &'a [f64],
        matrix: Option<[f64; 16]>,
        nodata: Option<&'a str>,
        compression: Compression,
    }

    const GEOGRAPHIC: [u16; 12] = [1, 1, 0, 2, 1024, 0, 1, 2, 2048, 0, 1, 4326];

    impl Default for Made<'_> {
        fn default() -> Self {
            Self {
                keys: &GEOGRAPHIC,
                scale: Some([0.001, 0.001, 0.0]),
                tie: &[0.0, 0.0, 0.0, 118.0, 32.0, 0.0],
                matrix: None,
                nodata: None,
                compression: Compression::Uncompressed,
            }
        }
    }

    /// Writes heights 3·column + 7·row, 40 × 30, as 16-bit or 32-bit samples.
    fn make(folder: &Path, name: &str, float: bool, made: &Made) -> PathBuf {
        fn tags<C: colortype::ColorType>(
            image: &mut tiff::encoder::ImageEncoder<'_, File, C, tiff::encoder::TiffKindStandard>,
            made: &Made,
        ) where
            [C::Inner]: tiff::encoder::TiffValue,
        {
            let encoder = image.encoder();
            encoder.write_tag(Tag::GeoKeyDirectoryTag, made.keys).expect("tag");
            if let Some(scale) = made.scale {
                encoder.write_tag(Tag::ModelPixelScaleTag, &scale[..]).expect("tag");
            }
            if !made.tie.is_empty() {
                encoder.write_tag(Tag::ModelTiepointTag, made.tie).expect("tag");
            }
            if let Some(matrix) = made.matrix {
                encoder.write_tag(Tag::ModelTransformationTag, &matrix[..]).expect("tag");
            }
            if let Some(nodata) = made.nodata {
                encoder.write_tag(Tag::GdalNodata, nodata).expect("tag");
            }
        }
        let path = folder.join(name);
        let values: Vec<i16> = (0..30).flat_map(|r| (0..40).map(move |c| 3 * c + 7 * r)).collect();
        let mut encoder = TiffEncoder::new(File::create(&path).expect("created"))
            .expect("encoder")
            .with_compression(made.compression);
        if float {
            let values: Vec<f32> = values.iter().map(|&v| f32::from(v)).collect();
            let mut image = encoder.new_image::<colortype::Gray32Float>(40, 30).expect("image");
            tags(&mut image, made);
            image.write_data(&values).expect("data");
        } else {
            let mut image = encoder.new_image::<colortype::GrayI16>(40, 30).expect("image");
            tags(&mut image, made);
            image.write_data(&values).expect("data");
        }
        path
    }

    #[test]
    fn compressions_sample_types_and_pixel_conventions() {
        let folder = tempfile::tempdir().expect("temporary folder");
        for (i, compression) in
            [Compression::Uncompressed, Compression::Lzw, Compression::Deflate(Default::default())]
                .into_iter()
                .enumerate()
        {
            for float in [false, true] {
                let made = Made { compression, ..Made::default() };
                let path = make(folder.path(), &format!("{i}{float}.tif"), float, &made);
                let tile = read(&path, None).expect("a sound file");
                // Area: the first sample's centre lies half a posting inside the tie point.
                let h = tile.height_m(at(118.0005 + 0.001 * 4.25, 31.9995 - 0.001 * 2.5)).expect("a height");
                assert!((h - (3.0 * 4.25 + 7.0 * 2.5)).abs() < 1e-6, "{h}");
            }
        }
        let keys = [1, 1, 0, 3, 1024, 0, 1, 2, 1025, 0, 1, 2, 2048, 0, 1, 4490];
        let point = make(folder.path(), "point.tif", true, &Made { keys: &keys, ..Made::default() });
        let h = read(&point, None).expect("sound").height_m(at(118.004_25, 31.9975)).expect("a height");
        assert!((h - (3.0 * 4.25 + 7.0 * 2.5)).abs() < 1e-6, "{h}");
    }

    #[test]
    fn a_projected_raster_by_transformation_with_voids() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let keys = [1, 1, 0, 2, 1024, 0, 1, 1, 3072, 0, 1, 4548];
        let mut matrix = [0.0; 16];
        (matrix[0], matrix[3], matrix[5], matrix[7], matrix[15]) = (30.0, 600_000.0, -30.0, 3_550_000.0, 1.0);
        // The value 3·5 + 7·5 = 50 stands for "no data".
        let made = Made {
            keys: &keys,
            scale: None,
            tie: &[],
            matrix: Some(matrix),
            nodata: Some("50"),
            ..Made::default()
        };
        let tile = read(&make(folder.path(), "gk.tif", false, &made), None).expect("a sound file");
        let zone = Crs::epsg(4548).expect("known");
        let height = |column: f64, row: f64| {
            let p = zone
                .lon_lat(600_015.0 + 30.0 * column, 3_549_985.0 - 30.0 * row)
                .expect("a shift")
                .expect("inside");
            tile.height_m(p)
        };
        assert!((height(10.5, 3.0).expect("a height") - 52.5).abs() < 1e-5);
        assert_eq!(height(5.2, 5.2), None);
        assert!((tile.posting_m() - 30.0).abs() < 0.05);
    }

    #[test]
    fn what_isnt_understood_is_refused_with_its_reason() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let feet = [1, 1, 0, 3, 1024, 0, 1, 2, 2048, 0, 1, 4326, 4099, 0, 1, 9002];
        let no_code = [1, 1, 0, 2, 1024, 0, 1, 1, 3072, 0, 1, 32767];
        let unknown_code = [1, 1, 0, 2, 1024, 0, 1, 1, 3072, 0, 1, 9];
        let xian = [1, 1, 0, 2, 1024, 0, 1, 2, 2048, 0, 1, 4610];
        let control = [0.0, 0.0, 0.0, 118.0, 32.0, 0.0, 39.0, 0.0, 0.0, 118.1, 32.0, 0.0];
        for (name, made, reason) in [
            ("feet.tif", Made { keys: &feet, ..Made::default() }, "metres"),
            ("nocode.tif", Made { keys: &no_code, ..Made::default() }, "EPSG code"),
            ("nokeys.tif", Made { keys: &[1, 1, 0, 0], ..Made::default() }, "no coordinate system"),
            ("unknown.tif", Made { keys: &unknown_code, ..Made::default() }, "EPSG:9"),
            ("xian.tif", Made { keys: &xian, ..Made::default() }, "Xian 1980"),
            ("control.tif", Made { tie: &control, scale: None, ..Made::default() }, "control points"),
            ("noplace.tif", Made { tie: &[], scale: None, ..Made::default() }, "no georeference"),
            ("zero.tif", Made { scale: Some([0.0; 3]), ..Made::default() }, "singular"),
            ("nan.tif", Made { scale: Some([f64::NAN; 3]), ..Made::default() }, "singular"),
            ("void.tif", Made { nodata: Some("none"), ..Made::default() }, "no-data"),
            ("far.tif", Made { tie: &[0.0, 0.0, 0.0, 118.0, 95.0, 0.0], ..Made::default() }, "area"),
        ] {
            let path = make(folder.path(), name, true, &made);
            let error = read(&path, None).err().unwrap_or_else(|| panic!("{name} was read"));
            let text = error.to_string();
            assert!(text.contains(reason) && text.contains(name), "{text}");
        }
        // The caller's word stands above the file's.
        let path = folder.path().join("nocode.tif");
        assert!(read(&path, Some(&Crs::wgs84())).is_ok());
    }

    #[test]
    fn damaged_files_are_errors() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let made = Made { compression: Compression::Deflate(Default::default()), ..Made::default() };
        let whole = std::fs::read(make(folder.path(), "whole.tif", true, &made)).expect("read");
        let path = folder.path().join("cut.tif");
        for keep in [0, 4, 8, 20, whole.len() / 2, whole.len() - 1] {
            std::fs::write(&path, &whole[..keep]).expect("written");
            assert!(read(&path, None).is_err(), "{keep} bytes of {} were read", whole.len());
        }
        // Any byte may be wrong: an error or a raster, never a panic.
        for i in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[i] ^= 0x55;
            std::fs::write(&path, &bytes).expect("written");
            let _ = read(&path, None);
        }
    }
}
