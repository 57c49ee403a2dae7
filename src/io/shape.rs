//! Geometry as files give it, before it is placed on the globe: coordinates in the file's system and order.

use crate::model::said::Said;

/// One geometry. Heights are dropped.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum RawShape {
    /// One position.
    Point([f64; 2]),
    /// Lines; one, unless the file's geometry has several parts.
    Lines(Vec<Vec<[f64; 2]>>),
    /// Areas: rings, the outer one first.
    Areas(Vec<Vec<Vec<[f64; 2]>>>),
    /// Several points that are one feature.
    Points(Vec<[f64; 2]>),
    /// Something else: its name.
    Other(String),
    /// There is one, and it can't be read: why.
    Broken(Said),
}

impl RawShape {
    /// What kind of geometry it is.
    pub fn kind(&self) -> &str {
        match self {
            RawShape::Point(_) => "Point",
            RawShape::Points(_) => "MultiPoint",
            RawShape::Lines(l) if l.len() == 1 => "LineString",
            RawShape::Lines(_) => "MultiLineString",
            RawShape::Areas(a) if a.len() == 1 => "Polygon",
            RawShape::Areas(_) => "MultiPolygon",
            RawShape::Other(name) => name,
            RawShape::Broken(_) => "unreadable",
        }
    }

    /// All its positions, in order.
    pub fn positions(&mut self) -> Vec<&mut [f64; 2]> {
        match self {
            RawShape::Point(p) => vec![p],
            RawShape::Points(p) => p.iter_mut().collect(),
            RawShape::Lines(l) => l.iter_mut().flatten().collect(),
            RawShape::Areas(a) => a.iter_mut().flatten().flatten().collect(),
            RawShape::Other(_) | RawShape::Broken(_) => Vec::new(),
        }
    }

    /// As a geometry of GeoJSON; null for what has no form there.
    pub fn geojson(&self) -> serde_json::Value {
        use serde_json::json;
        let coordinates = match self {
            RawShape::Point(p) => json!(p),
            RawShape::Points(p) => json!(p),
            RawShape::Lines(l) => l.first().filter(|_| l.len() == 1).map_or_else(|| json!(l), |l| json!(l)),
            RawShape::Areas(a) => a.first().filter(|_| a.len() == 1).map_or_else(|| json!(a), |a| json!(a)),
            RawShape::Other(_) | RawShape::Broken(_) => return serde_json::Value::Null,
        };
        json!({ "type": self.kind(), "coordinates": coordinates })
    }
}

/// Reads WKT (OGC 06-103r4, section 7): POINT, LINESTRING, POLYGON and their MULTI forms, with or without
/// Z and M. An `SRID=...;` in front is passed over.
pub(super) fn parse_wkt(text: &str) -> Option<RawShape> {
    let text =
        text.split_once(';').filter(|(head, _)| head.starts_with("SRID")).map_or(text, |(_, t)| t).trim();
    let word_end = text.find(|c: char| !c.is_ascii_alphabetic())?;
    let word = text[..word_end].to_ascii_uppercase();
    let mut body = text[word_end..].trim_start();
    for dims in ["ZM", "Z", "M"] {
        let upper = body.get(..dims.len()).map(str::to_ascii_uppercase);
        if upper.as_deref() == Some(dims) {
            body = body[dims.len()..].trim_start();
            break;
        }
    }
    if !matches!(
        word.as_str(),
        "POINT" | "MULTIPOINT" | "LINESTRING" | "MULTILINESTRING" | "POLYGON" | "MULTIPOLYGON"
    ) {
        let known = word == "GEOMETRYCOLLECTION";
        return known.then(|| RawShape::Other("GeometryCollection".to_owned()));
    }
    let mut p = Wkt { rest: body };
    let shape = match word.as_str() {
        "POINT" => p.list(Wkt::position).and_then(|v| v.first().copied()).map(RawShape::Point),
        "MULTIPOINT" => p.list(Wkt::maybe_wrapped).map(RawShape::Points),
        "LINESTRING" => p.list(Wkt::position).map(|l| RawShape::Lines(vec![l])),
        "MULTILINESTRING" => p.list(|p| p.list(Wkt::position)).map(RawShape::Lines),
        "POLYGON" => p.list(|p| p.list(Wkt::position)).map(|a| RawShape::Areas(vec![a])),
        _ => p.list(|p| p.list(|p| p.list(Wkt::position))).map(RawShape::Areas),
    };
    let complete = p.rest.trim().is_empty();
    Some(shape.filter(|_| complete).unwrap_or_else(|| RawShape::Broken(("malformed WKT", "WKT 有误").into())))
}

struct Wkt<'a> {
    rest: &'a str,
}

impl Wkt<'_> {
    fn eat(&mut self, c: char) -> Option<()> {
        self.rest = self.rest.trim_start().strip_prefix(c)?;
        Some(())
    }

    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        self.eat('(')?;
        let mut out = vec![item(self)?];
        while self.eat(',').is_some() {
            out.push(item(self)?);
        }
        self.eat(')')?;
        Some(out)
    }

    fn number(&mut self) -> Option<f64> {
        self.rest = self.rest.trim_start();
        let end = self
            .rest
            .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E')))
            .unwrap_or(self.rest.len());
        let (n, rest) = self.rest.split_at(end);
        self.rest = rest;
        n.parse().ok()
    }

    fn position(&mut self) -> Option<[f64; 2]> {
        let at = [self.number()?, self.number()?];
        while self.number().is_some() {}
        Some(at)
    }

    fn maybe_wrapped(&mut self) -> Option<[f64; 2]> {
        if self.rest.trim_start().starts_with('(') {
            return self.list(Wkt::position)?.first().copied();
        }
        self.position()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wkt_forms() {
        assert_eq!(parse_wkt("POINT (118.5 32)"), Some(RawShape::Point([118.5, 32.0])));
        assert_eq!(parse_wkt("SRID=4326;Point Z(1 2 3)"), Some(RawShape::Point([1.0, 2.0])));
        assert_eq!(
            parse_wkt("LINESTRING(0 0, 1 1)"),
            Some(RawShape::Lines(vec![vec![[0.0, 0.0], [1.0, 1.0]]]))
        );
        assert_eq!(
            parse_wkt("MULTIPOINT((0 0),(1 1))").map(|s| s.kind().to_owned()),
            Some("MultiPoint".into())
        );
        let polygon = parse_wkt("POLYGON((0 0,1 0,1 1,0 0),(.1 .1,.2 .1,.2 .2,.1 .1))");
        assert!(matches!(polygon, Some(RawShape::Areas(a)) if a[0].len() == 2));
        assert!(matches!(parse_wkt("LINESTRING(0 0, 1"), Some(RawShape::Broken(_))));
        assert_eq!(parse_wkt("118.5, 32"), None);
    }
}
