//! Well-known binary: ISO (OGC 06-103r4, 8.2; Z and M as thousands in the type) and PostGIS's extension of it
//! (flags for Z, M and a system's number in the type).

use super::shape::RawShape;

/// A geometry with what stands beside it.
#[derive(Debug, PartialEq)]
pub(super) struct Wkb {
    /// None when it is empty.
    pub shape: Option<RawShape>,
    /// Number of its system, in PostGIS's extension.
    pub srid: Option<u32>,
}

/// Members within members beyond this aren't made by any program.
const DEEPEST: usize = 16;

/// Reads one geometry; whatever can't be read is [`RawShape::Broken`], with the reason.
pub(super) fn parse(bytes: &[u8]) -> Wkb {
    let mut cursor = Cursor { rest: bytes, big: false, srid: None };
    let shape = match cursor.geometry(0) {
        Ok(shape) => shape,
        Err(why) => Some(RawShape::Broken((format!("WKB: {why}"), "WKB 几何有误").into())),
    };
    Wkb { shape, srid: cursor.srid }
}

type Line = Vec<[f64; 2]>;

/// A geometry of one of the simple kinds.
enum Part {
    Point(Option<[f64; 2]>),
    Line(Line),
    Area(Vec<Line>),
    Points(Line),
    Lines(Vec<Line>),
    Areas(Vec<Vec<Line>>),
    Other(&'static str),
}

struct Cursor<'a> {
    rest: &'a [u8],
    big: bool,
    srid: Option<u32>,
}

impl Cursor<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], &'static str> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or("it ends too early")?;
        self.rest = rest;
        Ok(*head)
    }

    fn u32(&mut self) -> Result<u32, &'static str> {
        let b = self.take()?;
        Ok(if self.big { u32::from_be_bytes(b) } else { u32::from_le_bytes(b) })
    }

    fn f64(&mut self) -> Result<f64, &'static str> {
        let b = self.take()?;
        Ok(if self.big { f64::from_be_bytes(b) } else { f64::from_le_bytes(b) })
    }

    /// A count of things of at least `least` bytes each, so that no count asks for more than there is.
    fn count(&mut self, least: usize) -> Result<usize, &'static str> {
        let n = self.u32()? as usize;
        if n > self.rest.len() / least { Err("it ends too early") } else { Ok(n) }
    }

    fn position(&mut self, dims: usize) -> Result<[f64; 2], &'static str> {
        let p = [self.f64()?, self.f64()?];
        for _ in 2..dims {
            self.f64()?;
        }
        Ok(p)
    }

    fn line(&mut self, dims: usize) -> Result<Line, &'static str> {
        let n = self.count(8 * dims)?;
        (0..n).map(|_| self.position(dims)).collect()
    }

    fn rings(&mut self, dims: usize) -> Result<Vec<Line>, &'static str> {
        let n = self.count(4)?;
        (0..n).map(|_| self.line(dims)).collect()
    }

    fn members<T>(&mut self, depth: usize, fit: impl Fn(Part) -> Option<T>) -> Result<Vec<T>, &'static str> {
        let n = self.count(5)?;
        (0..n)
            .map(|_| fit(self.part(depth + 1)?).ok_or("a member is of another kind than the whole"))
            .collect()
    }

    fn part(&mut self, depth: usize) -> Result<Part, &'static str> {
        if depth > DEEPEST {
            return Err("nested too deeply");
        }
        self.big = match self.take::<1>()? {
            [0] => true,
            [1] => false,
            _ => return Err("unknown byte order"),
        };
        let code = self.u32()?;
        if code & 0x2000_0000 != 0 {
            let srid = self.u32()?;
            self.srid = self.srid.or(Some(srid));
        }
        let plain = code & 0x0fff_ffff;
        let (kind, thousands) = (plain % 1000, plain / 1000);
        let (z, m) = match thousands {
            0 => (code & 0x8000_0000 != 0, code & 0x4000_0000 != 0),
            1 => (true, false),
            2 => (false, true),
            3 => (true, true),
            _ => return Err("unknown type"),
        };
        let dims = 2 + usize::from(z) + usize::from(m);
        Ok(match kind {
            1 => {
                let p = self.position(dims)?;
                // An empty point has no other form than this.
                Part::Point((!p[0].is_nan() || !p[1].is_nan()).then_some(p))
            }
            2 => Part::Line(self.line(dims)?),
            3 => Part::Area(self.rings(dims)?),
            4 => {
                let points = self.members(depth, |p| match p {
                    Part::Point(p) => Some(p),
                    _ => None,
                })?;
                Part::Points(points.into_iter().flatten().collect())
            }
            5 => Part::Lines(self.members(depth, |p| match p {
                Part::Line(l) => Some(l),
                _ => None,
            })?),
            6 => Part::Areas(self.members(depth, |p| match p {
                Part::Area(a) => Some(a),
                _ => None,
            })?),
            7 => Part::Other("GeometryCollection"),
            8 => Part::Other("CircularString"),
            9 => Part::Other("CompoundCurve"),
            10 => Part::Other("CurvePolygon"),
            11 => Part::Other("MultiCurve"),
            12 => Part::Other("MultiSurface"),
            15 => Part::Other("PolyhedralSurface"),
            16 => Part::Other("TIN"),
            17 => Part::Other("Triangle"),
            _ => return Err("unknown type"),
        })
    }

    fn geometry(&mut self, depth: usize) -> Result<Option<RawShape>, &'static str> {
        Ok(shape_of(self.part(depth)?))
    }
}

fn shape_of(part: Part) -> Option<RawShape> {
    match part {
        Part::Point(p) => p.map(RawShape::Point),
        Part::Points(p) => (!p.is_empty()).then_some(RawShape::Points(p)),
        Part::Line(l) => lines(vec![l]),
        Part::Lines(l) => lines(l),
        Part::Area(a) => areas(vec![a]),
        Part::Areas(a) => areas(a),
        Part::Other(name) => Some(RawShape::Other(name.to_owned())),
    }
}

/// Lines as a shape; empty ones are none.
pub(super) fn lines(mut lines: Vec<Line>) -> Option<RawShape> {
    lines.retain(|l| !l.is_empty());
    (!lines.is_empty()).then_some(RawShape::Lines(lines))
}

/// Areas as a shape; empty ones are none.
pub(super) fn areas(mut areas: Vec<Vec<Line>>) -> Option<RawShape> {
    areas.retain(|a| a.first().is_some_and(|r| !r.is_empty()));
    (!areas.is_empty()).then_some(RawShape::Areas(areas))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()).collect()
    }

    /// As shapely 2 writes them.
    const CASES: [(&str, &str, Option<u32>); 8] = [
        ("0101000000000000000000F03F0000000000000040", "POINT (1 2)", None),
        ("0101000020E6100000000000000000F03F0000000000000040", "POINT (1 2)", Some(4326)),
        ("01010000A0E6100000000000000000F03F00000000000000400000000000000840", "POINT (1 2)", Some(4326)),
        ("01E9030000000000000000F03F00000000000000400000000000000840", "POINT (1 2)", None),
        ("00000000013FF00000000000004000000000000000", "POINT (1 2)", None),
        (
            "010200000002000000000000000000000000000000000000000000000000000040000000000000F03F",
            "LINESTRING (0 0, 2 1)",
            None,
        ),
        (
            "010400000002000000010100000000000000000000000000000000000000010100000000000000000000400000000000000040",
            "MULTIPOINT (0 0, 2 2)",
            None,
        ),
        (
            "01060000000100000001030000000100000004000000000000000000000000000000000000000000000000000040000000000000000000000000000000400000000000000040000000000000000000000000000000 00",
            "MULTIPOLYGON (((0 0, 2 0, 2 2, 0 0)))",
            None,
        ),
    ];

    #[test]
    fn all_kinds_and_both_dialects() {
        for (bytes, wkt, srid) in CASES {
            let found = parse(&hex(&bytes.replace(' ', "")));
            assert_eq!(found, Wkb { shape: super::super::shape::parse_wkt(wkt), srid }, "{wkt}");
        }
    }

    #[test]
    fn empty_is_none_and_damage_is_told() {
        assert_eq!(parse(&hex("0101000000000000000000F87F000000000000F87F")).shape, None);
        assert_eq!(parse(&hex("010200000000000000")).shape, None);
        let huge = parse(&hex("0102000000FFFFFFFF0000000000000000"));
        assert!(matches!(huge.shape, Some(RawShape::Broken(_))));
        let nested: Vec<u8> = hex("0104000000FFFFFF00").repeat(64);
        assert!(matches!(parse(&nested).shape, Some(RawShape::Broken(_))));
        assert!(matches!(parse(&[]).shape, Some(RawShape::Broken(_))));
        assert!(matches!(parse(&hex("010700000000000000")).shape, Some(RawShape::Other(_))));
    }

    proptest! {
        #[test]
        fn damaged_bytes_never_panic(case in 0..CASES.len(), at in 0usize..80, byte: u8, cut in 0usize..90) {
            let mut bytes = hex(&CASES[case].0.replace(' ', ""));
            bytes.truncate(cut);
            if let Some(b) = bytes.get_mut(at) {
                *b = byte;
            }
            parse(&bytes);
        }
    }
}
