//! Layers of a run's folder, read feature by feature into a temporary file: what stays in memory is a few
//! dozen bytes a feature.

use super::cut::{Drawing, Part, cell, world};
use super::mvt::{push_tag, value_flag, value_float, value_int, value_text};
use crate::model::said::Said;
use crate::report::out::ReportError;
use rayon::prelude::*;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::Path;

/// Lines that are taken apart together.
const BATCH: usize = 8_192;

/// What values of a field are, as vector tiles call it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Flag,
}

/// A layer ready to be cut into tiles.
pub(super) struct Source {
    pub name: String,
    /// Title in the language of the run.
    pub title: String,
    /// Fields that are kept.
    pub keys: Vec<String>,
    pub kinds: Vec<Kind>,
    /// `Some(true)`: areas, `Some(false)`: lines, `None`: points.
    pub drawn: Option<bool>,
    /// Middle of each feature, in units of the world.
    pub at: Vec<[u32; 2]>,
    /// The larger side of its box; 0 for points.
    pub extent: Vec<u32>,
    /// Place of each feature in the order of importance.
    pub rank: Vec<u32>,
    /// West, south, east, north in degrees.
    pub bounds: [f64; 4],
    file: File,
    starts: Vec<u64>,
}

/// Fields that tell which features matter most where there is room for few, and whether small values do.
const IMPORTANT: [(&str, bool); 5] =
    [("rank", true), ("score", true), ("sites_lifted", false), ("serves", false), ("sites", false)];

impl Source {
    /// Features.
    pub(super) fn len(&self) -> usize {
        self.at.len()
    }

    /// Geometry of a line or an area, and the tags of any feature.
    pub(super) fn record(&self, row: u32) -> io::Result<(Option<Drawing>, Vec<u8>)> {
        let ends = self.starts.get(row as usize).zip(self.starts.get(row as usize + 1));
        let (from, to) = ends.ok_or(io::ErrorKind::UnexpectedEof)?;
        let mut bytes = vec![0; (to - from) as usize];
        read_at(&self.file, &mut bytes, *from)?;
        let Some(area) = self.drawn else { return Ok((None, bytes)) };
        let mut rest = bytes.as_slice();
        let mut word = || -> io::Result<u32> {
            let (head, tail) = rest.split_first_chunk::<4>().ok_or(io::ErrorKind::UnexpectedEof)?;
            rest = tail;
            Ok(u32::from_le_bytes(*head))
        };
        let count = word()?;
        let heads: Vec<(bool, u32)> =
            (0..count).map(|_| Ok((word()? == 1, word()?))).collect::<io::Result<_>>()?;
        let mut parts = Vec::with_capacity(heads.len());
        for (hole, n) in heads {
            let (own, tail) = rest.split_at_checked(16 * n as usize).ok_or(io::ErrorKind::UnexpectedEof)?;
            rest = tail;
            let number = |b: &[u8]| b.first_chunk::<8>().map_or(0.0, |b| f64::from_le_bytes(*b));
            let points = own.chunks_exact(16).map(|p| [number(&p[..8]), number(&p[8..])]).collect();
            parts.push(Part { hole, points });
        }
        Ok((Some(Drawing { area, parts }), rest.to_vec()))
    }
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, at)
}

#[cfg(windows)]
fn read_at(file: &File, mut bytes: &mut [u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let n = std::os::windows::fs::FileExt::seek_read(file, bytes, at)?;
        if n == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes = &mut bytes[n..];
        at += n as u64;
    }
    Ok(())
}

#[derive(serde::Deserialize)]
#[serde(tag = "type", content = "coordinates")]
enum Geometry {
    Point([f64; 2]),
    LineString(Vec<[f64; 2]>),
    MultiLineString(Vec<Vec<[f64; 2]>>),
    Polygon(Vec<Vec<[f64; 2]>>),
    MultiPolygon(Vec<Vec<Vec<[f64; 2]>>>),
}

/// A feature taken apart.
struct Taken {
    bytes: Vec<u8>,
    at: [u32; 2],
    extent: u32,
    important: f64,
    drawn: Option<bool>,
    bounds: [f64; 4],
    /// What each field's value was, where it was known.
    kinds: Vec<Option<Kind>>,
}

/// The fields of the layer, and which are kept.
struct Fields {
    names: Vec<String>,
    /// Place among the kept ones.
    kept: Vec<Option<u16>>,
    important: Option<usize>,
}

/// Reads the properties of a feature into tags.
struct Properties<'f> {
    fields: &'f Fields,
}

#[derive(Default)]
struct Tags {
    bytes: Vec<u8>,
    important: Option<f64>,
    kinds: Vec<Option<Kind>>,
}

struct KeySeed<'f> {
    fields: &'f Fields,
    expected: usize,
}

impl<'de> DeserializeSeed<'de> for KeySeed<'_> {
    type Value = Option<usize>;
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Self::Value, D::Error> {
        d.deserialize_str(self)
    }
}

impl Visitor<'_> for KeySeed<'_> {
    type Value = Option<usize>;
    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("the name of a field")
    }
    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        // Every feature has the same fields in the same order.
        if self.fields.names.get(self.expected).is_some_and(|n| n == name) {
            return Ok(Some(self.expected));
        }
        Ok(self.fields.names.iter().position(|n| n == name))
    }
}

/// One value, as vector tiles have it; nothing for null.
struct ValueSeed<'b>(&'b mut Vec<u8>);

impl<'de> DeserializeSeed<'de> for ValueSeed<'_> {
    type Value = Option<(Kind, f64)>;
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Self::Value, D::Error> {
        d.deserialize_any(self)
    }
}

impl Visitor<'_> for ValueSeed<'_> {
    type Value = Option<(Kind, f64)>;
    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a text, a number, true, false or null")
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_bool<E>(self, v: bool) -> Result<Self::Value, E> {
        value_flag(self.0, v);
        Ok(Some((Kind::Flag, f64::from(u8::from(v)))))
    }
    fn visit_i64<E>(self, v: i64) -> Result<Self::Value, E> {
        value_int(self.0, v);
        Ok(Some((Kind::Number, v as f64)))
    }
    fn visit_u64<E: serde::de::Error>(self, v: u64) -> Result<Self::Value, E> {
        match i64::try_from(v) {
            Ok(v) => self.visit_i64(v),
            Err(_) => self.visit_f64(v as f64),
        }
    }
    fn visit_f64<E>(self, v: f64) -> Result<Self::Value, E> {
        value_float(self.0, v);
        Ok(Some((Kind::Number, v)))
    }
    fn visit_str<E>(self, v: &str) -> Result<Self::Value, E> {
        value_text(self.0, v);
        Ok(Some((Kind::Text, f64::NAN)))
    }
}

impl<'de> DeserializeSeed<'de> for Properties<'_> {
    type Value = Tags;
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Tags, D::Error> {
        d.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Properties<'_> {
    type Value = Tags;
    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("the properties of a feature")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tags, A::Error> {
        let mut tags = Tags { kinds: vec![None; self.fields.names.len()], ..Tags::default() };
        let mut value = Vec::new();
        let mut expected = 0;
        while let Some(field) = map.next_key_seed(KeySeed { fields: self.fields, expected })? {
            let Some(field) = field else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            expected = field + 1;
            value.clear();
            let Some((kind, number)) = map.next_value_seed(ValueSeed(&mut value))? else { continue };
            tags.kinds[field] = Some(kind);
            if self.fields.important == Some(field) {
                tags.important = Some(number);
            }
            if let Some(key) = self.fields.kept[field] {
                push_tag(&mut tags.bytes, key, &value);
            }
        }
        Ok(tags)
    }
}

/// Reads a feature: its geometry and its properties.
struct FeatureSeed<'f>(&'f Fields);

impl<'de> DeserializeSeed<'de> for FeatureSeed<'_> {
    type Value = (Option<Geometry>, Tags);
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Self::Value, D::Error> {
        d.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for FeatureSeed<'_> {
    type Value = (Option<Geometry>, Tags);
    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a GeoJSON feature")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut geometry, mut tags) = (None, Tags::default());
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "geometry" => geometry = map.next_value()?,
                "properties" => tags = map.next_value_seed(Properties { fields: self.0 })?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok((geometry, tags))
    }
}

/// A feature without the comma behind it; `None` for the lines around the features.
fn feature(line: &[u8]) -> Option<&[u8]> {
    let line = line.trim_ascii();
    let line = line.strip_suffix(b",").unwrap_or(line);
    line.starts_with(b"{\"type\":\"Feature\",").then_some(line)
}

fn take(line: &[u8], fields: &Fields) -> Result<Option<Taken>, serde_json::Error> {
    let mut d = serde_json::Deserializer::from_slice(line);
    let (geometry, tags) = FeatureSeed(fields).deserialize(&mut d)?;
    let line = |points: Vec<[f64; 2]>, hole| Part { hole, points };
    let area = |rings: Vec<Vec<[f64; 2]>>| rings.into_iter().enumerate().map(move |(n, r)| line(r, n > 0));
    let (drawn, mut parts) = match geometry {
        None => return Ok(None),
        Some(Geometry::Point(p)) => (None, vec![line(vec![p], false)]),
        Some(Geometry::LineString(l)) => (Some(false), vec![line(l, false)]),
        Some(Geometry::MultiLineString(l)) => (Some(false), l.into_iter().map(|l| line(l, false)).collect()),
        Some(Geometry::Polygon(rings)) => (Some(true), area(rings).collect()),
        Some(Geometry::MultiPolygon(list)) => (Some(true), list.into_iter().flat_map(area).collect()),
    };
    let mut bounds = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
    for p in parts.iter_mut().flat_map(|p| &mut p.points) {
        bounds = [bounds[0].min(p[0]), bounds[1].min(p[1]), bounds[2].max(p[0]), bounds[3].max(p[1])];
        *p = world(p[0], p[1]);
    }
    let drawing = Drawing { area: drawn == Some(true), parts };
    let Some(b) = drawing.bounds() else { return Ok(None) };
    let mut bytes = Vec::with_capacity(tags.bytes.len() + 64);
    if drawn.is_some() {
        bytes.extend_from_slice(&(drawing.parts.len() as u32).to_le_bytes());
        for p in &drawing.parts {
            bytes.extend_from_slice(&u32::from(p.hole).to_le_bytes());
            bytes.extend_from_slice(&(p.points.len() as u32).to_le_bytes());
        }
        for v in drawing.parts.iter().flat_map(|p| &p.points).flatten() {
            bytes.extend_from_slice(&v.to_le_bytes());
        }
    }
    bytes.extend_from_slice(&tags.bytes);
    Ok(Some(Taken {
        bytes,
        at: cell([(b[0] + b[2]) / 2.0, (b[1] + b[3]) / 2.0]),
        extent: (b[2] - b[0]).max(b[3] - b[1]) as u32,
        important: tags.important.unwrap_or(f64::NAN),
        drawn,
        bounds,
        kinds: tags.kinds,
    }))
}

/// Which fields a layer keeps: those asked for, else all but the sources of values; always the id.
fn fields(first: &[u8], wanted: &[String]) -> Fields {
    let names: Vec<String> = serde_json::from_slice::<serde_json::Value>(first)
        .ok()
        .and_then(|f| f["properties"].as_object().map(|p| p.keys().cloned().collect()))
        .unwrap_or_default();
    let source = |n: &str| n.strip_suffix("_src").is_some_and(|stem| names.iter().any(|n| n == stem));
    let mut next = 0;
    let kept = names
        .iter()
        .enumerate()
        .map(|(at, n)| {
            let keep = at == 0 || if wanted.is_empty() { !source(n) } else { wanted.contains(n) };
            keep.then(|| {
                next += 1;
                next - 1
            })
        })
        .collect();
    let important = IMPORTANT.iter().find_map(|(f, _)| names.iter().position(|n| n == f));
    Fields { names, kept, important }
}

/// Reads a layer; `tick` is told of every batch's bytes, and may ask for an end.
///
/// # Errors
/// [`ReportError::Unreadable`] naming the line that is no feature as covplan writes it.
pub(super) fn read(
    path: &Path,
    lang: crate::model::kinds::Lang,
    wanted: &[String],
    tick: &dyn Fn(u64) -> bool,
) -> Result<Source, ReportError> {
    let fault = |reason: Said| ReportError::Unreadable { path: path.to_path_buf(), reason };
    let io_fault = |e: io::Error| fault(Said::from(&e));
    let mut input = BufReader::with_capacity(1 << 20, File::open(path).map_err(io_fault)?);
    let store = tempfile::tempfile().map_err(io_fault)?;
    let mut out = BufWriter::with_capacity(1 << 20, store);
    let name = path.file_stem().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let mut source = Source {
        title: title(path, lang).unwrap_or_else(|| name.clone()),
        name,
        keys: Vec::new(),
        kinds: Vec::new(),
        drawn: None,
        at: Vec::new(),
        extent: Vec::new(),
        rank: Vec::new(),
        bounds: [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY],
        file: out.get_ref().try_clone().map_err(io_fault)?,
        starts: vec![0],
    };
    let mut end = 0u64;
    let mut important: Vec<f64> = Vec::new();
    let mut kinds: Vec<Option<Kind>> = Vec::new();
    let mut known: Option<Fields> = None;
    let mut row = 0u64;
    loop {
        let mut lines: Vec<Vec<u8>> = Vec::with_capacity(BATCH);
        let (first_row, mut bytes) = (row, 0);
        while lines.len() < BATCH {
            let mut line = Vec::new();
            if input.read_until(b'\n', &mut line).map_err(io_fault)? == 0 {
                break;
            }
            row += 1;
            bytes += line.len() as u64;
            lines.push(line);
        }
        if lines.is_empty() {
            break;
        }
        if known.is_none()
            && let Some(first) = lines.iter().find_map(|l| feature(l))
        {
            let made = fields(first, wanted);
            kinds = vec![None; made.names.len()];
            known = Some(made);
        }
        let strange = |n: usize, why: &str| {
            let at = first_row + n as u64 + 1;
            fault(
                (
                    format!("line {at} is no feature as covplan writes it{why}"),
                    format!("第 {at} 行不是 covplan 写出的要素{why}"),
                )
                    .into(),
            )
        };
        let Some(fields) = &known else {
            // A collection all in one line, or not GeoJSON at all; an empty layer has a head and a foot.
            let around = |l: &[u8]| {
                let l = l.trim_ascii();
                l.is_empty()
                    || l.starts_with(b"]}")
                    || l.starts_with(b"{\"type\":\"FeatureCollection\"") && l.len() < 4096
            };
            if let Some(n) = lines.iter().position(|l| !around(l)) {
                return Err(strange(n, ""));
            }
            continue;
        };
        let taken: Vec<Result<Option<Taken>, serde_json::Error>> =
            lines.par_iter().map(|l| feature(l).map_or(Ok(None), |f| take(f, fields))).collect();
        for (n, t) in taken.into_iter().enumerate() {
            let Some(t) = t.map_err(|e| strange(n, &format!(": {e}")))? else { continue };
            if source.at.is_empty() {
                source.drawn = t.drawn;
            } else if source.drawn != t.drawn {
                return Err(strange(n, ""));
            }
            out.write_all(&t.bytes).map_err(io_fault)?;
            end += t.bytes.len() as u64;
            source.starts.push(end);
            source.at.push(t.at);
            source.extent.push(t.extent);
            important.push(t.important);
            let (a, b) = (source.bounds, t.bounds);
            source.bounds = [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])];
            for (known, new) in kinds.iter_mut().zip(t.kinds) {
                *known = known.or(new);
            }
        }
        if tick(bytes) {
            return Err(ReportError::Failed {
                path: path.to_path_buf(),
                source: io::ErrorKind::Interrupted.into(),
            });
        }
    }
    out.flush().map_err(io_fault)?;
    if u32::try_from(source.at.len()).is_err() {
        return Err(fault(("it has more features than can be numbered", "要素过多，无法编号").into()));
    }
    if let Some(fields) = known {
        let least = fields.important.and_then(|f| IMPORTANT.iter().find(|(n, _)| *n == fields.names[f]));
        let sign = if least.is_some_and(|(_, least)| *least) { 1.0 } else { -1.0 };
        source.rank = ranks(&important, sign);
        for ((name, kept), kind) in fields.names.into_iter().zip(fields.kept).zip(kinds) {
            if kept.is_some() {
                source.keys.push(name);
                source.kinds.push(kind.unwrap_or(Kind::Text));
            }
        }
    }
    Ok(source)
}

/// Places in the order of importance; unknown ones last, equals as they stand in the file.
fn ranks(important: &[f64], sign: f64) -> Vec<u32> {
    let key = |row: &u32| {
        let v = sign * important[*row as usize];
        (v.is_nan(), v)
    };
    let mut order: Vec<u32> = (0..important.len() as u32).collect();
    order.par_sort_by(|a, b| {
        let (a, b) = (key(a), key(b));
        a.0.cmp(&b.0).then(if a.0 { std::cmp::Ordering::Equal } else { a.1.total_cmp(&b.1) })
    });
    let mut rank = vec![0; order.len()];
    for (place, row) in order.into_iter().enumerate() {
        rank[row as usize] = place as u32;
    }
    rank
}

/// The layer's title, from the metadata beside it.
fn title(path: &Path, lang: crate::model::kinds::Lang) -> Option<String> {
    let text = std::fs::read(path.with_extension("metadata.json")).ok()?;
    let about: serde_json::Value = serde_json::from_slice(&text).ok()?;
    about["title"][lang.code()].as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_important_come_first_and_the_unknown_last() {
        assert_eq!(ranks(&[3.0, f64::NAN, 1.0, 3.0], 1.0), [1, 3, 0, 2]);
        assert_eq!(ranks(&[3.0, f64::NAN, 1.0, 3.0], -1.0), [0, 3, 2, 1]);
        assert_eq!(ranks(&[f64::NAN; 3], -1.0), [0, 1, 2]);
    }
}
