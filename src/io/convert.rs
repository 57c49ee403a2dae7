//! Coordinates of a table or GeoJSON file in another reference system; everything else stays as it is. Other
//! files of features become GeoJSON.

use super::features::{self, Ask, FeatureFormat};
use super::formats::{Format, How};
use super::shape::RawShape;
use super::source::Fault;
use super::values::{MAX_EXACT, Owned};
use crate::crs::gauss_kruger::{AxisOrder, guess_grid};
use crate::crs::{Crs, CrsError, PointError};
use crate::geom::LonLat;
use crate::model::project::LayerSpec;
use crate::model::said::{Bilingual, Said};
use crate::model::schema::Layer;
use serde_json::Value;
use std::borrow::Cow;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// A converted file.
#[derive(Clone, Debug)]
pub struct Converted {
    /// The file's bytes, UTF-8.
    pub bytes: Vec<u8>,
    /// Positions converted.
    pub positions: u64,
}

/// Why a file can't be converted.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// A reference system can't be used.
    #[error(transparent)]
    Crs(#[from] CrsError),
    /// The file can't be read.
    #[error("can't read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file isn't what its name says.
    #[error("{}: {}", path.display(), reason.en)]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: Said,
    },
    /// No pair of columns holds coordinates.
    #[error("{}: no coordinate columns; name them lon, lat or x_m, y_m (found: {})", path.display(), columns.join(", "))]
    NoCoordinates {
        /// The file.
        path: PathBuf,
        /// Columns of the file.
        columns: Vec<String>,
    },
    /// A value isn't a position.
    #[error("{}:{row}: {value} isn't a position of the source system: {}", path.display(), reason.en)]
    BadPosition {
        /// The file.
        path: PathBuf,
        /// Line or feature, from one.
        row: usize,
        /// The value.
        value: String,
        /// What is wrong.
        reason: Said,
    },
}

impl Bilingual for ConvertError {
    fn zh(&self) -> String {
        match self {
            Self::Crs(e) => e.zh(),
            Self::Unreadable { path, source } => format!("无法读取 {}：{}", path.display(), source.zh()),
            Self::Malformed { path, reason } => format!("{}：{}", path.display(), reason.zh),
            Self::NoCoordinates { path, columns } => format!(
                "{}：没有坐标列；请命名为 lon、lat 或 x_m、y_m（现有列：{}）",
                path.display(),
                columns.join("、")
            ),
            Self::BadPosition { path, row, value, reason } => {
                format!("{}:{row}：{value} 不是源坐标系中的位置：{}", path.display(), reason.zh)
            }
        }
    }
}

/// Converts all positions of a file. Planar systems are in metres: GeoJSON as east, north; tables of a
/// Gauss-Krüger zone with the northing as `x_m`, unless their values say otherwise, tables of other systems
/// with the easting as `x_m`. `layer` names one of a file that holds several.
///
/// # Errors
/// [`ConvertError`]; nothing is converted in part.
pub fn convert(path: &Path, layer: Option<&str>, from: &Crs, to: &Crs) -> Result<Converted, ConvertError> {
    let format = Format::of_name(path).filter(|f| f.word() != "geojson").map(|f| f.how);
    if let Some(How::Features(format)) = format {
        return of_features(path, format, layer, from, to);
    }
    let bytes = std::fs::read(path)
        .map_err(|source| ConvertError::Unreadable { path: path.to_path_buf(), source })?;
    let name = path.to_string_lossy().to_lowercase();
    if name.ends_with("json") { geojson(path, &bytes, from, to) } else { table(path, &bytes, from, to) }
}

/// As near as positions can be carried there and back: a tenth of a micrometre on the ground.
fn rounded(v: f64, to: &Crs) -> f64 {
    let steps = if to.is_geographic() { 1e12 } else { 1e7 };
    (v * steps).round() / steps
}

fn move_all(
    points: &[[f64; 2]],
    from: &Crs,
    to: &Crs,
    fail: impl Fn(usize, &PointError) -> ConvertError,
) -> Result<Vec<[f64; 2]>, ConvertError> {
    let placed: Vec<LonLat> = from
        .to_wgs84(points)?
        .into_iter()
        .enumerate()
        .map(|(i, p)| p.map_err(|e| fail(i, &e)))
        .collect::<Result<_, _>>()?;
    to.from_wgs84(&placed)?.into_iter().enumerate().map(|(i, p)| p.map_err(|e| fail(i, &e))).collect()
}

fn table(path: &Path, bytes: &[u8], from: &Crs, to: &Crs) -> Result<Converted, ConvertError> {
    let malformed = |reason: Said| ConvertError::Malformed { path: path.to_path_buf(), reason };
    let text = decode(bytes)
        .ok_or_else(|| malformed(("neither UTF-8 nor GB18030 text", "不是 UTF-8 或 GB18030 文本").into()))?;
    let first = text.lines().next().unwrap_or_default();
    let delimiter = [b',', b'\t', b';']
        .into_iter()
        .max_by_key(|d| first.bytes().filter(|b| b == d).count())
        .unwrap_or(b',');
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text.as_bytes());
    let headers = reader.headers().map_err(|e| malformed(Said::foreign(&e)))?.clone();
    let sites = Layer::named("sites");
    let names = |h: &str, standard: &str| {
        sites.and_then(|l| l.match_header(h)).is_some_and(|(column, _)| column.name == standard)
    };
    let find = |standard: &str| headers.iter().position(|h| names(h, standard));
    let pair = find("lon").zip(find("lat")).or_else(|| find("x_m").zip(find("y_m")));
    let Some((x, y)) = pair else {
        return Err(ConvertError::NoCoordinates {
            path: path.to_path_buf(),
            columns: headers.iter().map(str::to_owned).collect(),
        });
    };
    let mut rows = Vec::new();
    let mut points = Vec::new();
    for (i, record) in reader.records().enumerate() {
        let record = record.map_err(|e| malformed(Said::foreign(&e)))?;
        let number = |column: usize| -> Result<f64, ConvertError> {
            let value = record.get(column).unwrap_or_default();
            value.trim().parse().map_err(|_| ConvertError::BadPosition {
                path: path.to_path_buf(),
                row: i + 2,
                value: format!("\"{value}\""),
                reason: ("not a number", "不是数字").into(),
            })
        };
        points.push([number(x)?, number(y)?]);
        rows.push(record);
    }
    let plane = |crs: &Crs, sample: &[[f64; 2]]| match guess_grid(sample) {
        _ if crs.is_geographic() => AxisOrder::EastNorth,
        Some(guess) => guess.order,
        None if crs.is_gauss_kruger() => AxisOrder::NorthEast,
        None => AxisOrder::EastNorth,
    };
    let order = plane(from, &points);
    for p in &mut points {
        *p = order.east_north(p[0], p[1]);
    }
    let moved = move_all(&points, from, to, |i, e| ConvertError::BadPosition {
        path: path.to_path_buf(),
        row: i + 2,
        value: format!("{}, {}", points[i][0], points[i][1]),
        reason: e.into(),
    })?;
    let order = plane(to, &[]);
    let names = if to.is_geographic() { ("lon", "lat") } else { ("x_m", "y_m") };
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).flexible(true).from_writer(Vec::new());
    let write_failed = |e: csv::Error| malformed(Said::foreign(&e));
    let header: Vec<&str> = headers
        .iter()
        .enumerate()
        .map(|(c, h)| {
            if c == x {
                names.0
            } else if c == y {
                names.1
            } else {
                h
            }
        })
        .collect();
    writer.write_record(header).map_err(write_failed)?;
    for (record, p) in rows.iter().zip(&moved) {
        let [first, second] = order.east_north(p[0], p[1]);
        let (px, py) = (rounded(first, to).to_string(), rounded(second, to).to_string());
        let row: Vec<&str> = record
            .iter()
            .enumerate()
            .map(|(c, v)| {
                if c == x {
                    &px
                } else if c == y {
                    &py
                } else {
                    v
                }
            })
            .collect();
        writer.write_record(row).map_err(write_failed)?;
    }
    let bytes = writer.into_inner().map_err(|e| malformed(Said::foreign(&e)))?;
    Ok(Converted { bytes, positions: moved.len() as u64 })
}

/// The text of a table: UTF-8 with or without BOM, else GB18030.
fn decode(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Some(Cow::Borrowed(text));
    }
    encoding_rs::GB18030.decode_without_bom_handling_and_without_replacement(bytes)
}

fn geojson(path: &Path, bytes: &[u8], from: &Crs, to: &Crs) -> Result<Converted, ConvertError> {
    let malformed = |reason: Said| ConvertError::Malformed { path: path.to_path_buf(), reason };
    let mut document: Value = serde_json::from_slice(bytes)
        .map_err(|e| malformed((format!("not GeoJSON: {e}"), format!("不是 GeoJSON：{e}")).into()))?;
    let mut points = Vec::new();
    each_position(&mut document, &mut |p| points.push(*p));
    if points.is_empty() && document["type"] != "FeatureCollection" {
        return Err(malformed(("not GeoJSON: no coordinates", "不是 GeoJSON：没有坐标").into()));
    }
    let moved = move_all(&points, from, to, |i, e| ConvertError::BadPosition {
        path: path.to_path_buf(),
        row: i + 1,
        value: format!("{}, {}", points[i][0], points[i][1]),
        reason: e.into(),
    })?;
    let mut next = moved.iter();
    each_position(&mut document, &mut |p| {
        if let Some(q) = next.next() {
            *p = [rounded(q[0], to), rounded(q[1], to)];
        }
    });
    if let Some(object) = document.as_object_mut() {
        object.remove("crs");
        object.remove("bbox");
    }
    let mut bytes = serde_json::to_vec(&document).map_err(|e| malformed(Said::foreign(&e)))?;
    bytes.push(b'\n');
    Ok(Converted { bytes, positions: moved.len() as u64 })
}

/// A file of features as GeoJSON.
fn of_features(
    path: &Path,
    format: &dyn FeatureFormat,
    layer: Option<&str>,
    from: &Crs,
    to: &Crs,
) -> Result<Converted, ConvertError> {
    let malformed = |reason: Said| ConvertError::Malformed { path: path.to_path_buf(), reason };
    let faulty = |f: Fault| {
        let row = f.row.map(|r| format!("row {r}: ")).unwrap_or_default();
        let row_zh = f.row.map(|r| format!("第 {r} 行：")).unwrap_or_default();
        let reason = (format!("{row}{}", f.message.en), format!("{row_zh}{}", f.message.zh)).into();
        ConvertError::Malformed { path: path.to_path_buf(), reason }
    };
    let spec = LayerSpec { layer: layer.map(str::to_owned), ..LayerSpec::default() };
    let ask = Ask { path, spec: &spec, layer: None };
    let chosen = features::choose(format, &ask).map_err(faulty)?;
    let mut bytes = b"{\"type\":\"FeatureCollection\",\"features\":[".to_vec();
    let (mut positions, mut first) = (0, true);
    let mut failed = None;
    let mut part = |part: features::Rows<'_>| -> Result<(), ConvertError> {
        for mut row in part.rows {
            let at = row.number as usize;
            if let Some(shape @ (RawShape::Other(_) | RawShape::Broken(_))) = &row.shape {
                let kind = shape.kind();
                return Err(malformed(
                    (
                        format!("row {at}: a geometry that can't be moved: {kind}"),
                        format!("第 {at} 行：无法转换的几何：{kind}"),
                    )
                        .into(),
                ));
            }
            let mut places: Vec<&mut [f64; 2]> =
                row.shape.as_mut().map(RawShape::positions).unwrap_or_default();
            let points: Vec<[f64; 2]> = places.iter().map(|p| **p).collect();
            let moved = move_all(&points, from, to, |i, e| ConvertError::BadPosition {
                path: path.to_path_buf(),
                row: at,
                value: format!("{}, {}", points[i][0], points[i][1]),
                reason: Said::from(e),
            })?;
            positions += moved.len() as u64;
            for (place, q) in places.iter_mut().zip(moved) {
                **place = q.map(|v| rounded(v, to));
            }
            let properties: serde_json::Map<String, Value> = part
                .names
                .iter()
                .zip(row.values)
                .filter_map(|(names, v)| Some((names.first()?.clone(), json(v))))
                .collect();
            let feature = serde_json::json!({
                "type": "Feature",
                "properties": properties,
                "geometry": row.shape.as_ref().map(RawShape::geojson),
            });
            bytes.extend_from_slice(if std::mem::take(&mut first) { b"\n" } else { b",\n" });
            serde_json::to_writer(&mut bytes, &feature).map_err(|e| malformed(Said::foreign(&e)))?;
        }
        Ok(())
    };
    format
        .read(&ask, chosen.as_deref(), &mut |rows| {
            Ok(match part(rows) {
                Ok(()) => ControlFlow::Continue(()),
                Err(e) => {
                    failed = Some(e);
                    ControlFlow::Break(())
                }
            })
        })
        .map_err(faulty)?;
    if let Some(e) = failed {
        return Err(e);
    }
    bytes.extend_from_slice(b"\n]}\n");
    Ok(Converted { bytes, positions })
}

fn json(value: Owned) -> Value {
    match value {
        Owned::Blank => Value::Null,
        Owned::Text(t) => t.into(),
        Owned::Flag(b) => b.into(),
        Owned::Number(n) if n.fract() == 0.0 && n.abs() < MAX_EXACT => (n as i64).into(),
        Owned::Number(n) => n.into(),
    }
}

/// Visits every position below a `coordinates` member; Z stays.
fn each_position(value: &mut Value, visit: &mut impl FnMut(&mut [f64; 2])) {
    fn coordinates(value: &mut Value, visit: &mut impl FnMut(&mut [f64; 2])) {
        let Some(list) = value.as_array_mut() else { return };
        if let (Some(x), Some(y)) =
            (list.first().and_then(Value::as_f64), list.get(1).and_then(Value::as_f64))
        {
            let mut p = [x, y];
            visit(&mut p);
            list[0] = p[0].into();
            list[1] = p[1].into();
        } else {
            list.iter_mut().for_each(|v| coordinates(v, visit));
        }
    }
    match value {
        Value::Object(map) => {
            for (key, v) in map.iter_mut() {
                if key == "coordinates" {
                    coordinates(v, visit)
                } else if key != "properties" {
                    each_position(v, visit)
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|v| each_position(v, visit)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        (dir, path)
    }

    #[test]
    fn there_and_back() {
        let (wgs, gcj): (Crs, Crs) = ("EPSG:4326".parse().unwrap(), "gcj02".parse().unwrap());
        let (_d, path) = file("p.csv", "name,经度,纬度\n\"a,b\",118.79,32.06\n");
        let there = convert(&path, None, &wgs, &gcj).unwrap();
        let (_d, path) = file("q.csv", std::str::from_utf8(&there.bytes).unwrap());
        let back = convert(&path, None, &gcj, &wgs).unwrap();
        assert_eq!(String::from_utf8(back.bytes).unwrap(), "name,lon,lat\n\"a,b\",118.79,32.06\n");
    }

    #[test]
    fn gauss_kruger_tables_have_the_northing_first() {
        let (wgs, zone): (Crs, Crs) = ("EPSG:4326".parse().unwrap(), "EPSG:4548".parse().unwrap());
        let (_d, path) = file("p.csv", "lon,lat\n118.796877,32.060255\n");
        let there = String::from_utf8(convert(&path, None, &wgs, &zone).unwrap().bytes).unwrap();
        assert!(there.starts_with("x_m,y_m\n3549946."), "{there}");
        let (_d, path) = file("q.csv", &there);
        let back = String::from_utf8(convert(&path, None, &zone, &wgs).unwrap().bytes).unwrap();
        assert!(back.starts_with("lon,lat\n118.79687"), "{back}");
        // Values that tell win.
        let (_d, path) = file("r.csv", "x,y\n669693.6554,3549946.6791\n");
        let east_first = String::from_utf8(convert(&path, None, &zone, &wgs).unwrap().bytes).unwrap();
        assert!(east_first.starts_with("lon,lat\n118.79687"), "{east_first}");
    }

    #[test]
    fn geojson_keeps_its_properties_and_heights() {
        let text = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"coordinates":[1,2]},
            "geometry":{"type":"Point","coordinates":[118.79,32.06,7.0]}}]}"#;
        let (_d, path) = file("p.geojson", text);
        let got = convert(&path, None, &"EPSG:4326".parse().unwrap(), &"EPSG:4548".parse().unwrap()).unwrap();
        let v: Value = serde_json::from_slice(&got.bytes).unwrap();
        assert_eq!(v["features"][0]["properties"]["coordinates"][0], 1);
        assert_eq!(v["features"][0]["geometry"]["coordinates"][2], 7.0);
        assert!(v["features"][0]["geometry"]["coordinates"][0].as_f64().unwrap() > 1e5);
    }
}
