//! Facility-location instances in the public benchmark formats: OR-Library graphs, point files, and the
//! tables with headers `UFL`, `CFLP`, `SCP` and `MCLP`. Plain text or gzip; numbers apart by white space.

use crate::model::said::Bilingual;
use flate2::read::MultiGzDecoder;
use std::fmt;
use std::io::Read as _;
use std::path::Path;
use std::str::FromStr;
use thiserror::Error;

/// How a file is laid out, and how its distances are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `n m p`, then `i j cost` per edge; undirected, the last of equal edges counts.
    Graph,
    /// `n`, then `x y`; distances are rounded down.
    XyFloor,
    /// `n`, then `x y`; distances as they are.
    XyReal,
    /// `MCLP m n`, then `latitude longitude demand`, degrees.
    LatlonWeight,
    /// `MCLP m n`, then `x y demand price`.
    XyWeight,
    /// `UFL m n`, m opening costs, n rows of m service costs.
    Ufl,
    /// `CFLP m n`, capacities, opening costs, demands, m rows of n costs of serving all of a demand.
    Cflp,
    /// `SCP rows columns`, costs, per row `k c1 … ck`.
    Scp,
}

const NAMES: [(&str, Format); 8] = [
    ("graph", Format::Graph),
    ("xy-floor", Format::XyFloor),
    ("xy-real", Format::XyReal),
    ("latlon-weight", Format::LatlonWeight),
    ("xy-weight", Format::XyWeight),
    ("ufl", Format::Ufl),
    ("cflp", Format::Cflp),
    ("scp", Format::Scp),
];

impl FromStr for Format {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        NAMES.iter().find(|n| n.0.eq_ignore_ascii_case(text)).map(|n| n.1).ok_or_else(|| {
            let all: Vec<&str> = NAMES.iter().map(|n| n.0).collect();
            format!("no location format is called \"{text}\"; there are {}", all.join(", "))
        })
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAMES.iter().find(|n| n.1 == *self).map_or("", |n| n.0))
    }
}

/// A point with a demand and a price of opening a facility there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weighted {
    /// Latitude in degrees, or x.
    pub a: f64,
    /// Longitude in degrees, or y.
    pub b: f64,
    /// Demand.
    pub demand: f64,
    /// Price; 1 where the format has none.
    pub price: f64,
}

/// What a file holds. Indices start at 0 here, at 1 in the files.
#[derive(Clone, Debug, PartialEq)]
pub enum Instance {
    /// Nodes, undirected edges without duplicates, and the number of facilities.
    Graph {
        /// Number of nodes.
        nodes: usize,
        /// (node, node, length), each pair once.
        edges: Vec<(u32, u32, f64)>,
        /// Number of facilities that the file asks for.
        p: usize,
    },
    /// Points of the plane.
    Points {
        /// x and y.
        xy: Vec<[f64; 2]>,
        /// Whether distances are rounded down.
        floor: bool,
    },
    /// Points with demand, each also a candidate.
    Weighted {
        /// The points.
        points: Vec<Weighted>,
        /// Whether they are latitude and longitude in degrees.
        spherical: bool,
    },
    /// Opening costs, and per customer the cost at each facility.
    Costs {
        /// Per facility.
        opening: Vec<f64>,
        /// Row by customer, one value per facility.
        service: Vec<f64>,
        /// Number of customers.
        customers: usize,
    },
    /// Capacitated facilities.
    Capacitated {
        /// Per facility.
        capacity: Vec<f64>,
        /// Per facility.
        opening: Vec<f64>,
        /// Per customer.
        demand: Vec<f64>,
        /// Row by facility, one value per customer: serving all of its demand.
        service: Vec<f64>,
    },
    /// Rows to cover by columns.
    Covering {
        /// Per column.
        costs: Vec<f64>,
        /// Per row its columns.
        rows: Vec<Vec<u32>>,
    },
}

impl Instance {
    /// Whether every number that costs are made of is whole, so that all costs are.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let whole = |v: f64| v.fract() == 0.0;
        let all = |of: &[f64]| of.iter().all(|&v| whole(v));
        match self {
            Self::Graph { edges, .. } => edges.iter().all(|e| whole(e.2)),
            Self::Points { floor, .. } => *floor,
            Self::Weighted { points, .. } => points.iter().all(|p| whole(p.demand)),
            Self::Costs { opening, service, .. } => all(opening) && all(service),
            Self::Capacitated { opening, service, .. } => all(opening) && all(service),
            Self::Covering { costs, .. } => all(costs),
        }
    }
}

/// Why a file can't be used.
#[derive(Debug, Error)]
pub enum LocationFileError {
    /// The file can't be read.
    #[error("it can't be read: {0}")]
    Io(#[from] std::io::Error),
    /// A value that can't be where it is.
    #[error("line {line}: {what}, found `{found}`")]
    Value {
        /// Line, from 1.
        line: usize,
        /// What was expected.
        what: String,
        /// What is there.
        found: String,
    },
    /// The file ends too early, or goes on too long.
    #[error("{0}")]
    Length(String),
    /// No format fits.
    #[error(
        "the layout isn't one of the known ones: it starts with `{0}`; give --format if it is meant as one"
    )]
    Unknown(String),
}

impl Bilingual for LocationFileError {
    fn zh(&self) -> String {
        match self {
            Self::Io(e) => format!("无法读取：{}", e.zh()),
            Self::Value { line, what, found } => format!("第 {line} 行不合格式（{what}），实际为 `{found}`"),
            Self::Length(what) => format!("长度不符：{what}"),
            Self::Unknown(start) => {
                format!("无法识别文件布局：开头为 `{start}`；如属某一格式，请用 --format 指定")
            }
        }
    }
}

/// Reads a file. Without a format the header tells; points without a header are taken as `points`.
///
/// # Errors
/// A file that can't be read, or whose values don't fit the format, with line and value.
pub fn read(
    path: &Path,
    format: Option<Format>,
    points: Format,
) -> Result<(Format, Instance), LocationFileError> {
    let mut bytes = std::fs::read(path)?;
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut plain = Vec::new();
        MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut plain)?;
        bytes = plain;
    }
    parse(&String::from_utf8_lossy(&bytes), format, points)
}

/// Reads a file's text; see [`read`].
///
/// # Errors
/// Values that don't fit the format, with line and value.
pub fn parse(
    text: &str,
    format: Option<Format>,
    points: Format,
) -> Result<(Format, Instance), LocationFileError> {
    let format = format.map_or_else(|| detect(text, points), Ok)?;
    let mut values = Values { text, at: 0 };
    let instance = match format {
        Format::Graph => graph(&mut values)?,
        Format::XyFloor | Format::XyReal => {
            let n = values.count("a number of points")?;
            values.expect_room(n, 2)?;
            let mut xy = Vec::with_capacity(n);
            for _ in 0..n {
                xy.push([values.number("an x")?, values.number("a y")?]);
            }
            Instance::Points { xy, floor: format == Format::XyFloor }
        }
        Format::LatlonWeight | Format::XyWeight => weighted(&mut values, format)?,
        Format::Ufl => {
            let (m, n) = values.header("UFL")?;
            values.expect_room(m, n.saturating_add(1))?;
            let opening = values.amounts(m, "an opening cost")?;
            let service = values.amounts(m * n, "a service cost")?;
            Instance::Costs { opening, service, customers: n }
        }
        Format::Cflp => {
            let (m, n) = values.header("CFLP")?;
            values.expect_room(m, n.saturating_add(2))?;
            Instance::Capacitated {
                capacity: values.amounts(m, "a capacity")?,
                opening: values.amounts(m, "an opening cost")?,
                demand: values.amounts(n, "a demand")?,
                service: values.amounts(m * n, "a service cost")?,
            }
        }
        Format::Scp => covering(&mut values)?,
    };
    values.end()?;
    Ok((format, instance))
}

fn detect(text: &str, points: Format) -> Result<Format, LocationFileError> {
    let first = text.lines().find(|l| !l.trim().is_empty()).unwrap_or_default();
    let words: Vec<&str> = first.split_whitespace().collect();
    let number = |w: &&str| w.parse::<f64>().is_ok();
    let format = match words.first().map(|w| w.to_ascii_uppercase()).as_deref() {
        Some("UFL") => Some(Format::Ufl),
        Some("CFLP") => Some(Format::Cflp),
        Some("SCP") => Some(Format::Scp),
        Some("MCLP") => {
            let points = words.get(2).and_then(|w| w.parse::<usize>().ok()).unwrap_or(0);
            let rest = text.split_whitespace().count().saturating_sub(3);
            Some(if rest == points.saturating_mul(4) { Format::XyWeight } else { Format::LatlonWeight })
        }
        Some(_) if words.iter().all(number) && words.len() == 3 => Some(Format::Graph),
        Some(_) if words.iter().all(number) && words.len() == 1 => Some(points),
        _ => None,
    };
    format.ok_or_else(|| LocationFileError::Unknown(first.chars().take(60).collect()))
}

fn graph(values: &mut Values<'_>) -> Result<Instance, LocationFileError> {
    let (nodes, m) = (values.count("a number of nodes")?, values.count("a number of edges")?);
    let p = values.count("a number of facilities")?;
    if nodes > u32::MAX as usize {
        return Err(LocationFileError::Length(format!("{nodes} nodes are more than can be numbered")));
    }
    values.expect_room(m, 3)?;
    let mut edges = Vec::with_capacity(m);
    for _ in 0..m {
        let (i, j) = (values.index(nodes, "a node")?, values.index(nodes, "a node")?);
        let length = values.amount("a length")?;
        if i != j {
            edges.push((i.min(j), i.max(j), length));
        }
    }
    // Stable, so that among equal pairs the last one comes last.
    edges.sort_by_key(|e| (e.0, e.1));
    edges.reverse();
    edges.dedup_by_key(|e| (e.0, e.1));
    edges.reverse();
    Ok(Instance::Graph { nodes, edges, p })
}

fn weighted(values: &mut Values<'_>, format: Format) -> Result<Instance, LocationFileError> {
    let (m, n) = values.header("MCLP")?;
    if m != n {
        return Err(LocationFileError::Length(format!(
            "the header names {m} candidates and {n} points; in this format every point is a candidate"
        )));
    }
    let spherical = format == Format::LatlonWeight;
    values.expect_room(n, if spherical { 3 } else { 4 })?;
    let mut points = Vec::with_capacity(n);
    for _ in 0..n {
        let a = if spherical { values.within(90.0, "a latitude")? } else { values.number("an x")? };
        let b = if spherical { values.within(360.0, "a longitude")? } else { values.number("a y")? };
        let demand = values.amount("a demand")?;
        let price = if spherical { 1.0 } else { values.amount("a price")? };
        points.push(Weighted { a, b, demand, price });
    }
    Ok(Instance::Weighted { points, spherical })
}

fn covering(values: &mut Values<'_>) -> Result<Instance, LocationFileError> {
    let (m, n) = values.header("SCP")?;
    values.expect_room(n, 1)?;
    values.expect_room(m, 1)?;
    let costs = values.amounts(n, "a cost")?;
    let mut rows = Vec::with_capacity(m);
    for _ in 0..m {
        let k = values.count("a number of columns")?;
        values.expect_room(k, 1)?;
        let mut row = Vec::with_capacity(k);
        for _ in 0..k {
            row.push(values.index(n, "a column")?);
        }
        rows.push(row);
    }
    Ok(Instance::Covering { costs, rows })
}

/// The words of a text, one after another.
struct Values<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Values<'t> {
    fn next(&mut self) -> Option<&'t str> {
        let bytes = self.text.as_bytes();
        while self.at < bytes.len() && bytes[self.at].is_ascii_whitespace() {
            self.at += 1;
        }
        let start = self.at;
        while self.at < bytes.len() && !bytes[self.at].is_ascii_whitespace() {
            self.at += 1;
        }
        (start < self.at).then(|| &self.text[start..self.at])
    }

    fn wrong(&self, what: &str, found: &str) -> LocationFileError {
        let line = 1 + self.text.as_bytes()[..self.at].iter().filter(|b| **b == b'\n').count();
        let found = found.chars().take(40).collect();
        LocationFileError::Value { line, what: format!("expected {what}"), found }
    }

    fn word(&mut self, what: &str) -> Result<&'t str, LocationFileError> {
        self.next()
            .ok_or_else(|| LocationFileError::Length(format!("the file ends where {what} should stand")))
    }

    fn number(&mut self, what: &str) -> Result<f64, LocationFileError> {
        let word = self.word(what)?;
        match word.parse::<f64>() {
            // Sums of larger numbers would lose whole units.
            Ok(v) if v.abs() <= 1e15 => Ok(v),
            _ => Err(self.wrong(what, word)),
        }
    }

    fn amount(&mut self, what: &str) -> Result<f64, LocationFileError> {
        let start = self.at;
        match self.number(what)? {
            v if v >= 0.0 => Ok(v),
            _ => Err(self.wrong(&format!("{what} that isn't negative"), self.text[start..self.at].trim())),
        }
    }

    fn within(&mut self, most: f64, what: &str) -> Result<f64, LocationFileError> {
        let start = self.at;
        match self.number(what)? {
            v if v.abs() <= most => Ok(v),
            _ => Err(self.wrong(&format!("{what} in degrees"), self.text[start..self.at].trim())),
        }
    }

    fn amounts(&mut self, n: usize, what: &str) -> Result<Vec<f64>, LocationFileError> {
        (0..n).map(|_| self.amount(what)).collect()
    }

    fn count(&mut self, what: &str) -> Result<usize, LocationFileError> {
        let word = self.word(what)?;
        // Some writers print whole numbers with a decimal point.
        let whole = word.parse::<f64>().ok().filter(|v| v.fract() == 0.0 && (0.0..=4e9).contains(v));
        whole.map(|v| v as usize).ok_or_else(|| self.wrong(what, word))
    }

    fn index(&mut self, below: usize, what: &str) -> Result<u32, LocationFileError> {
        let start = self.at;
        match self.count(what)? {
            i if (1..=below).contains(&i) => Ok(i as u32 - 1),
            _ => Err(self.wrong(&format!("{what} from 1 to {below}"), self.text[start..self.at].trim())),
        }
    }

    fn header(&mut self, name: &str) -> Result<(usize, usize), LocationFileError> {
        let word = self.word(name)?;
        if !word.eq_ignore_ascii_case(name) {
            return Err(self.wrong(&format!("the header {name}"), word));
        }
        Ok((self.count("a number from the header")?, self.count("a number from the header")?))
    }

    /// Refuses counts that the rest of the file can't hold, before memory is asked for.
    fn expect_room(&self, rows: usize, each: usize) -> Result<(), LocationFileError> {
        let left = self.text.len() - self.at;
        let words = rows.saturating_mul(each);
        if words > left {
            return Err(LocationFileError::Length(format!(
                "the file announces {words} values but has only {left} bytes left"
            )));
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), LocationFileError> {
        match self.next() {
            None => Ok(()),
            Some(word) => Err(self.wrong("the end of the file", word)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        match parse(text, None, Format::XyFloor) {
            Ok((format, _)) => format.to_string(),
            Err(e) => e.to_string(),
        }
    }

    #[test]
    fn the_header_tells_the_format() {
        for (text, expect) in [
            ("3 1 2\n1 2 5\n", "graph"),
            ("2\n0 0\n3 4\n", "xy-floor"),
            ("UFL 1 2\n5\n1\n2\n", "ufl"),
            ("CFLP 1 1\n9\n5\n3\n2\n", "cflp"),
            ("SCP 1 2\n1 1\n2 1 2\n", "scp"),
            ("MCLP 1 1\n40.5 -73.9 7\n", "latlon-weight"),
            ("MCLP 1 1\n1 2 7 3\n", "xy-weight"),
        ] {
            assert_eq!(told(text), expect, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (text, expect) in [
            ("3 1 2\n1 4 5\n", "line 2: expected a node from 1 to 3, found `4`"),
            ("2\n0 0\n3 four\n", "line 3: expected a y, found `four`"),
            ("UFL 1 1\n5\n-1\n", "line 3: expected a service cost that isn't negative, found `-1`"),
            ("UFL 1 1\n5\n", "the file ends where a service cost should stand"),
            ("2\n0 0\n3 4\n5\n", "line 4: expected the end of the file, found `5`"),
            ("2\n0 0\nnan 4\n", "line 3: expected an x, found `nan`"),
            ("SCP 9 99999999\n1", "the file announces 99999999 values but has only 2 bytes left"),
            ("MCLP 1 1\n95 0 7\n", "line 2: expected a latitude in degrees, found `95`"),
            (
                "hello",
                "the layout isn't one of the known ones: it starts with `hello`; give --format if it is meant as one",
            ),
        ] {
            assert_eq!(told(text), expect, "{text}");
        }
    }

    #[test]
    fn the_last_of_equal_edges_counts() {
        let text = "3 3 1\n1 2 5\n2 1 9\n2 3 1\n";
        let Ok((_, Instance::Graph { edges, .. })) = parse(text, None, Format::XyFloor) else { panic!() };
        assert_eq!(edges, [(0, 1, 9.0), (1, 2, 1.0)]);
    }

    #[test]
    fn cut_files_are_refused_and_never_panic() {
        let whole = "CFLP 2 2\n9 9\n5 5\n3 3\n2 1\n1 2\n";
        for end in 0..whole.len() - 2 {
            assert!(parse(&whole[..end], Some(Format::Cflp), Format::XyFloor).is_err(), "{end}");
        }
    }
}
