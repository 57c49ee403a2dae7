//! GeoJSON (RFC 7946, and the older `crs` member), as one collection or one feature a line, read in
//! batches so that a large file never stands in memory as a whole.

use super::features::{Ask, Feature, FeatureFormat, Keys, Rows, Take};
use super::shape::RawShape;
use super::source::{self, Fault, Source};
use super::values::{MAX_EXACT, Owned};
use crate::model::rules;
use crate::model::said::Said;
use rayon::prelude::*;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::ops::Range;
use std::path::Path;

/// Bytes of features taken at a time.
const BATCH: usize = 4 << 20;
/// Bytes read at a time.
const FILL: usize = 1 << 20;
/// Nesting beyond this isn't GeoJSON.
const DEEPEST: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Before or between values of the file.
    Top,
    /// Within the list of features.
    Features,
    /// Within the collection, behind its features.
    After,
    End,
}

/// A file of features, cut at their ends.
pub(super) struct FeatureFile {
    source: Source<'static>,
    buf: Vec<u8>,
    at: usize,
    /// Bytes of the file before `buf`.
    before: u64,
    mode: Mode,
    ended: bool,
    /// Features handed out.
    count: u32,
    /// Name of the `crs` member.
    pub crs: Option<String>,
    /// A `crs` member came behind features.
    pub late_crs: bool,
    /// The file isn't a collection but one feature after another.
    pub sequence: bool,
}

/// Features as text.
pub(super) struct Batch {
    bytes: Vec<u8>,
    ranges: Vec<Range<usize>>,
    /// Number of the first.
    first: u32,
}

impl FeatureFile {
    /// Opens a file.
    pub fn open(path: &Path, encoding: Option<&str>) -> Result<Self, Fault> {
        let source = source::open(path, encoding)?;
        Ok(Self {
            source,
            buf: Vec::new(),
            at: 0,
            before: 0,
            mode: Mode::Top,
            ended: false,
            count: 0,
            crs: None,
            late_crs: false,
            sequence: false,
        })
    }

    fn more(&mut self) -> Result<bool, Fault> {
        let old = self.buf.len();
        self.source.fill(&mut self.buf, FILL)?;
        self.ended = self.buf.len() == old;
        Ok(!self.ended)
    }

    /// The byte at `at`, reading on when needed; `None` at the end of the file.
    fn peek(&mut self) -> Result<Option<u8>, Fault> {
        while self.at >= self.buf.len() {
            if self.ended || !self.more()? {
                return Ok(None);
            }
        }
        Ok(self.buf.get(self.at).copied())
    }

    /// Passes over white space and the given separators, and looks at what follows.
    fn skip(&mut self, also: &[u8]) -> Result<Option<u8>, Fault> {
        while let Some(b) = self.peek()? {
            // 0x1e begins a record of a GeoJSON text sequence (RFC 8142).
            if b.is_ascii_whitespace() || b == 0x1e || also.contains(&b) {
                self.at += 1;
            } else {
                return Ok(Some(b));
            }
        }
        Ok(None)
    }

    fn damaged(&self, (en, zh): (&str, &str)) -> Fault {
        let byte = self.before + self.at as u64;
        let said = (format!("{en} (byte {byte})"), format!("第 {byte} 字节处：{zh}"));
        Fault::at(&rules::FILE_DAMAGED, u64::from(self.count) + 1, said)
    }

    fn cut_off(&self) -> Fault {
        self.damaged(("the file ends in the middle of a value", "文件在一个值中间结束"))
    }

    /// Passes over a JSON string that begins at `at`.
    fn string(&mut self) -> Result<Range<usize>, Fault> {
        let start = self.at;
        self.at += 1;
        loop {
            match memchr::memchr2(b'"', b'\\', &self.buf[self.at..]) {
                Some(n) if self.buf[self.at + n] == b'"' => {
                    self.at += n + 1;
                    return Ok(start..self.at);
                }
                Some(n) if self.at + n + 1 < self.buf.len() => self.at += n + 2,
                _ => {
                    if self.ended || !self.more()? {
                        return Err(self.cut_off());
                    }
                }
            }
        }
    }

    /// Passes over any JSON value that begins at `at`.
    fn value(&mut self) -> Result<Range<usize>, Fault> {
        let start = self.at;
        let mut depth = 0usize;
        loop {
            let Some(b) = self.peek()? else { return Err(self.cut_off()) };
            match b {
                b'"' => {
                    self.string()?;
                    if depth == 0 {
                        return Ok(start..self.at);
                    }
                }
                b'{' | b'[' => {
                    depth += 1;
                    if depth > DEEPEST {
                        return Err(self.damaged(("nested too deeply", "嵌套过深")));
                    }
                    self.at += 1;
                }
                b'}' | b']' if depth > 0 => {
                    depth -= 1;
                    self.at += 1;
                    if depth == 0 {
                        return Ok(start..self.at);
                    }
                }
                b',' | b'}' | b']' if depth == 0 => return Ok(start..self.at),
                b if depth == 0 && b.is_ascii_whitespace() => return Ok(start..self.at),
                _ => {
                    self.at += 1;
                    if depth > 0 {
                        // Numbers, commas and white space inside: on to the next byte that matters.
                        while self
                            .buf
                            .get(self.at)
                            .is_some_and(|b| !matches!(b, b'"' | b'{' | b'[' | b'}' | b']'))
                        {
                            self.at += 1;
                        }
                    }
                }
            }
        }
    }

    /// Reads members of the collection object up to its features, or up to its end.
    fn members(&mut self) -> Result<(), Fault> {
        loop {
            match self.skip(b",")? {
                None => return Err(self.cut_off()),
                Some(b'}') => {
                    self.at += 1;
                    self.mode = Mode::Top;
                    return Ok(());
                }
                Some(b'"') => {
                    let key = self.string()?;
                    let key = self.buf[key].to_vec();
                    if self.skip(b":")?.is_none() {
                        return Err(self.cut_off());
                    }
                    if key == b"\"features\"" && self.peek()? == Some(b'[') {
                        self.at += 1;
                        self.mode = Mode::Features;
                        return Ok(());
                    }
                    let range = self.value()?;
                    if key == b"\"crs\"" {
                        let json: serde_json::Value =
                            serde_json::from_slice(&self.buf[range]).unwrap_or(serde_json::Value::Null);
                        let name = json["properties"]["name"].as_str().map(str::to_owned);
                        self.late_crs = self.count > 0 && name.is_some();
                        self.crs = name;
                    }
                }
                Some(_) => return Err(self.damaged(("this isn't JSON", "不是 JSON"))),
            }
        }
    }

    /// The next features, or `None` behind the last.
    pub fn next_batch(&mut self) -> Result<Option<Batch>, Fault> {
        self.before += self.at as u64;
        self.buf.drain(..self.at);
        self.at = 0;
        let first = self.count + 1;
        let mut ranges = Vec::new();
        while self.at < BATCH || ranges.is_empty() {
            match self.mode {
                Mode::End => break,
                Mode::After => self.members()?,
                Mode::Features => match self.skip(b",")? {
                    None => return Err(self.cut_off()),
                    Some(b']') => {
                        self.at += 1;
                        self.mode = Mode::After;
                    }
                    Some(b'{') => {
                        let range = self.value()?;
                        ranges.push(range);
                        self.count += 1;
                    }
                    Some(_) => {
                        return Err(self.damaged(("a feature must be a JSON object", "要素应为 JSON 对象")));
                    }
                },
                Mode::Top => match self.skip(b",")? {
                    None => self.mode = Mode::End,
                    Some(b'{') => {
                        let start = self.at;
                        self.at += 1;
                        self.members()?;
                        if self.mode == Mode::Top && !self.is_collection(start) {
                            ranges.push(start..self.at);
                            self.count += 1;
                            self.sequence = true;
                        }
                    }
                    Some(_) => {
                        return Err(self.damaged((
                            "this isn't GeoJSON: it must begin with {",
                            "不是 GeoJSON：应以 { 开头",
                        )));
                    }
                },
            }
        }
        if ranges.is_empty() {
            return Ok(None);
        }
        let rest = self.buf.split_off(self.at);
        let bytes = std::mem::replace(&mut self.buf, rest);
        self.before += self.at as u64;
        self.at = 0;
        Ok(Some(Batch { bytes, ranges, first }))
    }

    /// Whether the object just passed is a collection (whose features were seen) rather than a feature.
    fn is_collection(&self, start: usize) -> bool {
        #[derive(serde::Deserialize)]
        struct Kind {
            #[serde(rename = "type")]
            kind: Option<String>,
        }
        let kind: Option<Kind> = self.buf.get(start..self.at).and_then(|b| serde_json::from_slice(b).ok());
        kind.and_then(|k| k.kind).is_some_and(|k| k == "FeatureCollection")
    }
}

impl Batch {
    /// The features.
    pub fn parse(&self) -> Result<Vec<Feature>, Fault> {
        self.ranges
            .par_iter()
            .enumerate()
            .map(|(i, r)| {
                let number = u64::from(self.first) + i as u64;
                let bad = |e: &dyn fmt::Display| {
                    let said = (format!("feature: {e}"), format!("要素有误：“{e}”"));
                    Fault::at(&rules::FILE_DAMAGED, number, said)
                };
                let text = std::str::from_utf8(&self.bytes[r.clone()]).map_err(|_| {
                    Fault::at(
                        &rules::ENCODING_UNKNOWN,
                        number,
                        (
                            "GeoJSON must be UTF-8 (or name the encoding)",
                            "GeoJSON 应为 UTF-8（或指定 encoding）",
                        ),
                    )
                })?;
                let json: FeatureJson = serde_json::from_str(text).map_err(|e| bad(&e))?;
                Ok(json.feature())
            })
            .collect()
    }
}

/// The format.
pub(super) struct GeoJson;

impl FeatureFormat for GeoJson {
    fn read(&self, ask: &Ask<'_>, _layer: Option<&str>, take: &mut Take<'_>) -> Result<(), Fault> {
        let mut file = FeatureFile::open(ask.path, ask.spec.encoding.as_deref())?;
        let mut keys = Keys::default();
        while let Some(batch) = file.next_batch()? {
            let rows = keys.rows(batch.parse()?, batch.first);
            if take(Rows { names: &keys.names, crs: file.crs.as_deref(), rows })?.is_break() {
                return Ok(());
            }
        }
        if file.late_crs && ask.spec.crs.is_none() {
            let message = (
                "the `crs` member stands behind the features; name the system in the project (`crs`)",
                "`crs` 成员写在要素之后；请在项目中用 `crs` 指定坐标系",
            );
            return Err(Fault::new(&rules::CRS_UNUSABLE, message));
        }
        Ok(())
    }
}

#[derive(Default)]
struct FeatureJson {
    kind: String,
    id: Option<Owned>,
    properties: Vec<(String, Owned)>,
    geometry: Option<RawShape>,
    coordinates: Option<Nest>,
}

impl FeatureJson {
    fn feature(self) -> Feature {
        let mut properties = self.properties;
        if let Some(id) = self.id
            && !properties.iter().any(|(k, _)| k == "id")
        {
            properties.push(("id".to_owned(), id));
        }
        // A bare geometry in a sequence is a feature without properties.
        let bare = self.coordinates.map(|c| shape_of(&self.kind, Some(c)));
        Feature { properties, shape: self.geometry.or(bare) }
    }
}

impl<'de> Deserialize<'de> for FeatureJson {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = FeatureJson;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a feature")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FeatureJson, A::Error> {
                let mut out = FeatureJson::default();
                while let Some(key) = map.next_key::<std::borrow::Cow<'_, str>>()? {
                    match key.as_ref() {
                        "type" => {
                            out.kind =
                                map.next_value::<serde_json::Value>()?.as_str().unwrap_or_default().to_owned()
                        }
                        "id" => out.id = Some(own(map.next_value()?)),
                        "properties" => {
                            if let serde_json::Value::Object(o) = map.next_value()? {
                                out.properties = o.into_iter().map(|(k, v)| (k, own(v))).collect();
                            }
                        }
                        "geometry" => out.geometry = map.next_value::<Option<GeometryJson>>()?.map(|g| g.0),
                        "coordinates" => out.coordinates = Some(map.next_value()?),
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(out)
            }
        }
        d.deserialize_map(V)
    }
}

/// A value of JSON as a cell: lists and objects are their text.
pub(super) fn own(v: serde_json::Value) -> Owned {
    match v {
        serde_json::Value::Null => Owned::Blank,
        serde_json::Value::Bool(b) => Owned::Flag(b),
        serde_json::Value::String(s) => Owned::Text(s),
        serde_json::Value::Number(n) => match n.as_f64() {
            // Whole numbers beyond 2^53 keep their digits as text.
            Some(f) if f.abs() < MAX_EXACT || n.is_f64() => Owned::Number(f),
            _ => Owned::Text(n.to_string()),
        },
        other => Owned::Text(other.to_string()),
    }
}

/// A geometry of GeoJSON that stands within other JSON.
pub(super) fn shape_of_json(geometry: &serde_json::Value) -> RawShape {
    match GeometryJson::deserialize(geometry) {
        Ok(g) => g.0,
        Err(e) => RawShape::Broken(Said::foreign(&e)),
    }
}

struct GeometryJson(RawShape);

impl<'de> Deserialize<'de> for GeometryJson {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = GeometryJson;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a geometry")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<GeometryJson, A::Error> {
                let (mut kind, mut coordinates) = (String::new(), None);
                while let Some(key) = map.next_key::<std::borrow::Cow<'_, str>>()? {
                    match key.as_ref() {
                        "type" => {
                            kind =
                                map.next_value::<serde_json::Value>()?.as_str().unwrap_or_default().to_owned()
                        }
                        "coordinates" => coordinates = Some(map.next_value::<Nest>()?),
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(GeometryJson(shape_of(&kind, coordinates)))
            }
        }
        d.deserialize_map(V)
    }
}

/// Nested coordinates of any depth; whatever isn't a position or a list is bad.
enum Nest {
    Number(f64),
    Position([f64; 2]),
    List(Vec<Nest>),
    Bad,
}

impl<'de> Deserialize<'de> for Nest {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Nest;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("coordinates")
            }
            fn visit_f64<E>(self, v: f64) -> Result<Nest, E> {
                Ok(Nest::Number(v))
            }
            fn visit_i64<E>(self, v: i64) -> Result<Nest, E> {
                Ok(Nest::Number(v as f64))
            }
            fn visit_u64<E>(self, v: u64) -> Result<Nest, E> {
                Ok(Nest::Number(v as f64))
            }
            fn visit_str<E>(self, _: &str) -> Result<Nest, E> {
                Ok(Nest::Bad)
            }
            fn visit_bool<E>(self, _: bool) -> Result<Nest, E> {
                Ok(Nest::Bad)
            }
            fn visit_unit<E>(self) -> Result<Nest, E> {
                Ok(Nest::Bad)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Nest, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Nest::Bad)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Nest, A::Error> {
                match seq.next_element::<Nest>()? {
                    None => Ok(Nest::List(Vec::new())),
                    Some(Nest::Number(x)) => {
                        let second = seq.next_element::<Nest>()?;
                        // A height, if any, is dropped.
                        while seq.next_element::<IgnoredAny>()?.is_some() {}
                        Ok(match second {
                            Some(Nest::Number(y)) => Nest::Position([x, y]),
                            _ => Nest::Bad,
                        })
                    }
                    Some(first) => {
                        let mut list = vec![first];
                        while let Some(next) = seq.next_element()? {
                            list.push(next);
                        }
                        Ok(Nest::List(list))
                    }
                }
            }
        }
        d.deserialize_any(V)
    }
}

fn position(n: &Nest) -> Option<[f64; 2]> {
    match n {
        Nest::Position(p) => Some(*p),
        _ => None,
    }
}

fn list<T>(n: &Nest, item: impl Fn(&Nest) -> Option<T>) -> Option<Vec<T>> {
    match n {
        Nest::List(l) => l.iter().map(item).collect(),
        _ => None,
    }
}

fn shape_of(kind: &str, coordinates: Option<Nest>) -> RawShape {
    let Some(c) = coordinates else {
        return if kind == "GeometryCollection" {
            RawShape::Other(kind.to_owned())
        } else {
            RawShape::Broken((format!("{kind} without coordinates"), format!("{kind} 没有坐标")).into())
        };
    };
    let line = |n: &Nest| list(n, position);
    let rings = |n: &Nest| list(n, line);
    let shape = match kind {
        "Point" => position(&c).map(RawShape::Point),
        "MultiPoint" => line(&c).map(RawShape::Points),
        "LineString" => line(&c).map(|l| RawShape::Lines(vec![l])),
        "MultiLineString" => rings(&c).map(RawShape::Lines),
        "Polygon" => rings(&c).map(|a| RawShape::Areas(vec![a])),
        "MultiPolygon" => list(&c, rings).map(RawShape::Areas),
        other => Some(RawShape::Other(other.to_owned())),
    };
    shape.unwrap_or_else(|| {
        RawShape::Broken((format!("coordinates don't fit a {kind}"), format!("坐标与 {kind} 不符")).into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shapes(text: &str) -> Result<Vec<Option<RawShape>>, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.geojson");
        std::fs::write(&path, text).unwrap();
        let mut file = FeatureFile::open(&path, None).map_err(|f| f.message.en)?;
        let mut out = Vec::new();
        while let Some(batch) = file.next_batch().map_err(|f| f.message.en)? {
            out.extend(batch.parse().map_err(|f| f.message.en)?.into_iter().map(|f| f.shape));
        }
        Ok(out)
    }

    const POINT: &str =
        r#"{"type":"Feature","properties":{"n":"a}\"]"},"geometry":{"type":"Point","coordinates":[1,2,3]}}"#;

    #[test]
    fn collections_sequences_and_single_features() {
        let p = Some(RawShape::Point([1.0, 2.0]));
        let collection =
            format!(r#"{{"type":"FeatureCollection","name":"x","features":[{POINT}, {POINT}],"more":[1]}}"#);
        assert_eq!(shapes(&collection), Ok(vec![p.clone(), p.clone()]));
        assert_eq!(shapes(&format!("{POINT}\n{POINT}\n")), Ok(vec![p.clone(), p.clone()]));
        assert_eq!(shapes(&format!("\u{1e}{POINT}\n\u{1e}{POINT}\n")), Ok(vec![p.clone(), p.clone()]));
        assert_eq!(shapes(POINT), Ok(vec![p.clone()]));
        assert_eq!(shapes(r#"{"type":"Point","coordinates":[1,2]}"#), Ok(vec![p]));
        assert_eq!(shapes(r#"{"type":"FeatureCollection","features":[]}"#), Ok(vec![]));
    }

    #[test]
    fn a_cut_file_is_damaged() {
        let whole = format!(r#"{{"type":"FeatureCollection","features":[{POINT},{POINT}]}}"#);
        for cut in [whole.len() - 1, whole.len() - 20, 60] {
            assert!(shapes(&whole[..cut]).unwrap_err().contains("ends"), "{cut}");
        }
        assert!(shapes("[1,2]").is_err());
        assert!(shapes("hello").is_err());
        assert!(shapes(r#"{"type":"FeatureCollection","features":[{"type":"Feature",}]}"#).is_err());
    }

    #[test]
    fn odd_geometry_is_broken_not_fatal() {
        let one = |g: &str| {
            let f = format!(r#"{{"type":"Feature","properties":null,"geometry":{g}}}"#);
            shapes(&f).unwrap().remove(0)
        };
        assert_eq!(one("null"), None);
        assert!(matches!(one(r#"{"type":"Point","coordinates":["a",2]}"#), Some(RawShape::Broken(_))));
        assert!(matches!(one(r#"{"type":"LineString","coordinates":[1,2]}"#), Some(RawShape::Broken(_))));
        assert!(matches!(one(r#"{"type":"GeometryCollection","geometries":[]}"#), Some(RawShape::Other(_))));
    }
}
