//! FlatGeobuf 3 (flatgeobuf.org): a header with the columns, an index that is passed over, and the features
//! one behind the other, each a FlatBuffers table. The tables are read by a few checked steps of our own, as
//! a file may hold anything.

use super::binding::HeaderNames;
use super::features::{Ask, FeatureFormat, PART_BYTES, PART_ROWS, Rows, Take};
use super::read::OwnedRow;
use super::shape::RawShape;
use super::source::Fault;
use super::values::{MAX_EXACT, Owned};
use super::wkb;
use crate::model::rules;
use crate::model::said::Said;
use rayon::prelude::*;
use std::fs::File;
use std::io::{BufReader, Read};

/// The format.
pub(super) struct FlatGeobuf;

/// What is wrong inside; in Chinese that it is.
fn damaged(what: impl Into<String>) -> Fault {
    Fault::new(&rules::FILE_DAMAGED, (what, "FlatGeobuf 文件不完整或内部结构有误"))
}

/// A table of a buffer; every step is checked, and whatever leads out of the buffer is none.
#[derive(Clone, Copy)]
struct Table<'a> {
    bytes: &'a [u8],
    at: usize,
    slots: usize,
    count: usize,
}

fn fixed<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk::<N>().copied()
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(fixed(bytes, at)?)).ok()
}

impl<'a> Table<'a> {
    fn root(bytes: &'a [u8]) -> Option<Self> {
        Self::at(bytes, u32_at(bytes, 0)?)
    }

    fn at(bytes: &'a [u8], at: usize) -> Option<Self> {
        let back = i32::from_le_bytes(fixed(bytes, at)?);
        let slots = usize::try_from(i64::try_from(at).ok()? - i64::from(back)).ok()?;
        let length = usize::from(u16::from_le_bytes(fixed(bytes, slots)?));
        bytes.get(slots..slots.checked_add(length)?)?;
        Some(Self { bytes, at, slots: slots.checked_add(4)?, count: length.checked_sub(4)? / 2 })
    }

    /// Where a field stands; none when it has its default value.
    fn field(&self, n: usize) -> Option<usize> {
        if n >= self.count {
            return None;
        }
        let offset = usize::from(u16::from_le_bytes(fixed(self.bytes, self.slots + 2 * n)?));
        if offset == 0 { None } else { self.at.checked_add(offset) }
    }

    fn scalar<const N: usize>(&self, n: usize) -> Option<[u8; N]> {
        fixed(self.bytes, self.field(n)?)
    }

    /// Start and length of a list.
    fn list(&self, n: usize) -> Option<(usize, usize)> {
        let at = self.field(n)?;
        let at = at.checked_add(u32_at(self.bytes, at)?)?;
        Some((at.checked_add(4)?, u32_at(self.bytes, at)?))
    }

    /// The bytes of a list of items of that size.
    fn items(&self, n: usize, size: usize) -> Option<&'a [u8]> {
        let (from, count) = self.list(n)?;
        self.bytes.get(from..from.checked_add(count.checked_mul(size)?)?)
    }

    fn text(&self, n: usize) -> Option<String> {
        let bytes = self.items(n, 1)?;
        (!bytes.is_empty()).then(|| String::from_utf8_lossy(bytes).into_owned())
    }

    fn tables(&self, n: usize) -> Option<Vec<Table<'a>>> {
        let (from, _) = self.list(n)?;
        let offsets = self.items(n, 4)?;
        (0..offsets.len() / 4)
            .map(|i| {
                let at = from + 4 * i;
                Table::at(self.bytes, at.checked_add(u32_at(self.bytes, at)?)?)
            })
            .collect()
    }
}

/// What the header says.
struct Header {
    columns: Vec<(HeaderNames, u8)>,
    kind: u8,
    count: u64,
    node: u16,
    crs: Option<String>,
}

impl Header {
    fn new(bytes: &[u8]) -> Option<Self> {
        let t = Table::root(bytes)?;
        let columns = t.tables(7).unwrap_or_default();
        let columns = columns
            .iter()
            .map(|c| Some((vec![c.text(0)?], c.scalar::<1>(1).map_or(0, |[k]| k))))
            .collect::<Option<_>>()?;
        let crs = match t.field(10) {
            Some(at) => {
                let c = Table::at(bytes, at.checked_add(u32_at(bytes, at)?)?)?;
                let code = c.scalar(1).map_or(0, i32::from_le_bytes);
                let org = c.text(0).unwrap_or_else(|| "EPSG".to_owned());
                if code > 0 { Some(format!("{org}:{code}")) } else { c.text(4) }
            }
            None => None,
        };
        Some(Self {
            columns,
            kind: t.scalar::<1>(2).map_or(0, |[k]| k),
            count: t.scalar(8).map_or(0, u64::from_le_bytes),
            node: t.scalar(9).map_or(16, u16::from_le_bytes),
            crs,
        })
    }

    /// Bytes of the index: a packed R-tree of 40 bytes a node.
    fn index_bytes(&self) -> Option<u64> {
        if self.node < 2 || self.count == 0 {
            return Some(0);
        }
        let (mut level, mut nodes) = (self.count, self.count);
        loop {
            level = level.div_ceil(u64::from(self.node));
            nodes = nodes.checked_add(level)?;
            if level <= 1 {
                return nodes.checked_mul(40);
            }
        }
    }
}

/// An open file, and what of it isn't read yet.
struct Input {
    file: BufReader<File>,
    left: u64,
}

impl Input {
    /// The next bytes, where there are so many.
    fn take(&mut self, n: u64, what: &str) -> Result<Vec<u8>, Fault> {
        if n > self.left {
            return Err(damaged(format!("the file ends within {what}")));
        }
        let mut out = vec![0; usize::try_from(n).unwrap_or(0)];
        self.file.read_exact(&mut out).map_err(|e| Fault::reading(&e))?;
        self.left -= n;
        Ok(out)
    }

    fn length(&mut self, what: &str) -> Result<u64, Fault> {
        let bytes = self.take(4, what)?;
        Ok(u32_at(&bytes, 0).unwrap_or(0) as u64)
    }
}

impl FeatureFormat for FlatGeobuf {
    fn read(&self, ask: &Ask<'_>, _layer: Option<&str>, take: &mut Take<'_>) -> Result<(), Fault> {
        let file = File::open(ask.path).map_err(|e| Fault::new(&rules::FILE_UNREADABLE, Said::from(&e)))?;
        let left = file.metadata().map_err(|e| Fault::reading(&e))?.len();
        let mut input = Input { file: BufReader::with_capacity(1 << 18, file), left };
        let magic = input.take(8, "its first bytes")?;
        if !magic.starts_with(b"fgb") || magic.get(4..7) != Some(&b"fgb"[..]) {
            return Err(damaged("it isn't a FlatGeobuf file: its first bytes are others"));
        }
        if magic.get(3) != Some(&3) {
            return Err(Fault::new(
                &rules::FORMAT_UNFIT,
                ("a FlatGeobuf of another version than 3", "不是第 3 版的 FlatGeobuf"),
            ));
        }
        let length = input.length("its header")?;
        let header = input.take(length, "its header")?;
        let header = Header::new(&header).ok_or_else(|| damaged("the header leads out of itself"))?;
        let index = header.index_bytes().filter(|n| *n <= input.left);
        let Some(index) = index else { return Err(damaged("the file ends within its index")) };
        input.file.seek_relative(i64::try_from(index).unwrap_or(i64::MAX)).map_err(|e| Fault::reading(&e))?;
        input.left -= index;
        let names: Vec<HeaderNames> = header.columns.iter().map(|c| c.0.clone()).collect();
        let mut number = 0u64;
        loop {
            let mut raw = Vec::new();
            let mut bytes = 0;
            let first = number;
            // A count of zero stands for "not known".
            let more = |number, left| if header.count > 0 { number < header.count } else { left > 0 };
            while raw.len() < PART_ROWS && bytes < PART_BYTES && more(number, input.left) {
                number += 1;
                let what = format!("feature {number}");
                let length = input.length(&what)?;
                let feature = input.take(length, &what)?;
                bytes += feature.len();
                raw.push(feature);
            }
            let last = raw.is_empty();
            let rows = raw
                .into_par_iter()
                .enumerate()
                .map(|(i, bytes)| {
                    let number = first + i as u64 + 1;
                    feature(&bytes, &header, u32::try_from(number).unwrap_or(u32::MAX)).ok_or_else(|| {
                        Fault::at(
                            &rules::FILE_DAMAGED,
                            number,
                            ("the feature leads out of itself", "要素超出自身范围"),
                        )
                    })
                })
                .collect::<Result<_, _>>()?;
            let flow = take(Rows { names: &names, crs: header.crs.as_deref(), rows })?;
            if last || flow.is_break() {
                return Ok(());
            }
        }
    }
}

fn feature(bytes: &[u8], header: &Header, number: u32) -> Option<OwnedRow> {
    let t = Table::root(bytes)?;
    let mut values = vec![Owned::Blank; header.columns.len()];
    if t.field(1).is_some() {
        let mut properties = Reader(t.items(1, 1)?);
        while let Some(n) = properties.next_column() {
            let kind = header.columns.get(usize::from(n))?.1;
            *values.get_mut(usize::from(n))? = properties.value(kind)?;
        }
    }
    let shape = match t.field(0) {
        Some(at) => {
            let g = Table::at(bytes, at.checked_add(u32_at(bytes, at)?)?)?;
            geometry(&g, header.kind)?
        }
        None => None,
    };
    Some(OwnedRow { number, values, shape })
}

/// Properties: a column's number, then a value of the column's type.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn next_column(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    fn value(&mut self, kind: u8) -> Option<Owned> {
        let whole = |n: i128| {
            // Whole numbers beyond 2^53 keep their digits as text.
            if (n as f64).abs() < MAX_EXACT { Owned::Number(n as f64) } else { Owned::Text(n.to_string()) }
        };
        Some(match kind {
            0 => whole(i8::from_le_bytes(self.take()?).into()),
            1 => whole(u8::from_le_bytes(self.take()?).into()),
            2 => Owned::Flag(self.take::<1>()? != [0]),
            3 => whole(i16::from_le_bytes(self.take()?).into()),
            4 => whole(u16::from_le_bytes(self.take()?).into()),
            5 => whole(i32::from_le_bytes(self.take()?).into()),
            6 => whole(u32::from_le_bytes(self.take()?).into()),
            7 => whole(i64::from_le_bytes(self.take()?).into()),
            8 => whole(u64::from_le_bytes(self.take()?).into()),
            9 => Owned::Number(f32::from_le_bytes(self.take()?).into()),
            10 => Owned::Number(f64::from_le_bytes(self.take()?)),
            11..=14 => {
                let n = u32::from_le_bytes(self.take()?) as usize;
                let (text, rest) = self.0.split_at_checked(n)?;
                self.0 = rest;
                if kind == 14 {
                    Owned::Blank
                } else {
                    Owned::Text(String::from_utf8_lossy(text).into_owned())
                }
            }
            _ => return None,
        })
    }
}

/// The outer `None` is a damaged one, the inner an empty one.
fn geometry(g: &Table<'_>, of_layer: u8) -> Option<Option<RawShape>> {
    let kind = g.scalar::<1>(6).map_or(0, |[k]| k);
    let kind = if kind == 0 { of_layer } else { kind };
    Some(match kind {
        1 => match positions(g)?.as_slice() {
            [] => None,
            [p, ..] if p[0].is_nan() && p[1].is_nan() => None,
            [p, ..] => Some(RawShape::Point(*p)),
        },
        2 => wkb::lines(vec![positions(g)?]),
        3 => wkb::areas(vec![pieces(g)?]),
        4 => Some(RawShape::Points(positions(g)?)).filter(|s| *s != RawShape::Points(Vec::new())),
        5 => wkb::lines(pieces(g)?),
        6 => {
            // A file may leave the list out where there is one polygon.
            let parts = match g.field(7) {
                Some(_) => g.tables(7)?,
                None => vec![*g],
            };
            // Parts that share their positions would make much of little.
            let mut room = g.bytes.len() / 16;
            let part = |p: &Table<'_>| {
                let rings = pieces(p)?;
                room = room.checked_sub(rings.iter().map(Vec::len).sum())?;
                Some(rings)
            };
            wkb::areas(parts.iter().map(part).collect::<Option<_>>()?)
        }
        7 => Some(RawShape::Other("GeometryCollection".to_owned())),
        8..=17 => Some(RawShape::Other("a curve or surface".to_owned())),
        _ => return None,
    })
}

fn positions(g: &Table<'_>) -> Option<Vec<[f64; 2]>> {
    if g.field(1).is_none() {
        return Some(Vec::new());
    }
    let number = |b: &[u8]| b.first_chunk::<8>().map(|b| f64::from_le_bytes(*b));
    let (pairs, rest) = g.items(1, 8)?.as_chunks::<16>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|p| Some([number(&p[..8])?, number(&p[8..])?])).collect()
}

/// The positions, cut where the geometry says; whole where it says nothing.
fn pieces(g: &Table<'_>) -> Option<Vec<Vec<[f64; 2]>>> {
    let all = positions(g)?;
    if g.field(0).is_none() {
        return Some(vec![all]);
    }
    let (ends, _) = g.items(0, 4)?.as_chunks::<4>();
    let mut from = 0;
    ends.iter()
        .map(|e| {
            let end = u32::from_le_bytes(*e) as usize;
            let piece = all.get(from..end)?.to_vec();
            from = end;
            Some(piece)
        })
        .collect()
}
