//! Mapbox vector tile 2.1: a layer of a tile as protobuf.

use super::pmtiles::varint;
use rustc_hash::FxHashMap;

/// Units of a tile's side.
pub(super) const EXTENT: u32 = 4096;

/// Geometry of a feature in a tile, in its units from its north-western corner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Points(Vec<[i32; 2]>),
    Lines(Vec<Vec<[i32; 2]>>),
    /// Rings without their closing position: outer ones clockwise on the screen, each before its holes.
    Rings(Vec<Vec<[i32; 2]>>),
}

/// A feature of a tile.
pub(super) struct Feature<'r> {
    pub id: u64,
    pub shape: Shape,
    /// Places of keys, and values as [`value_text`] and its like write them.
    pub tags: &'r [u8],
}

fn tagged(out: &mut Vec<u8>, field: u64, wire: u64) {
    varint(out, field << 3 | wire);
}

fn bytes(out: &mut Vec<u8>, field: u64, content: &[u8]) {
    tagged(out, field, 2);
    varint(out, content.len() as u64);
    out.extend_from_slice(content);
}

fn packed(out: &mut Vec<u8>, field: u64, numbers: &[u32], spare: &mut Vec<u8>) {
    spare.clear();
    numbers.iter().for_each(|n| varint(spare, u64::from(*n)));
    bytes(out, field, spare);
}

/// A text as a value.
pub(super) fn value_text(out: &mut Vec<u8>, text: &str) {
    bytes(out, 1, text.as_bytes());
}

/// A number as a value.
pub(super) fn value_float(out: &mut Vec<u8>, v: f64) {
    tagged(out, 3, 1);
    out.extend_from_slice(&v.to_le_bytes());
}

/// A whole number as a value.
pub(super) fn value_int(out: &mut Vec<u8>, v: i64) {
    if v >= 0 {
        tagged(out, 5, 0);
        varint(out, v as u64);
    } else {
        tagged(out, 6, 0);
        varint(out, (v << 1 ^ v >> 63) as u64);
    }
}

/// True or false as a value.
pub(super) fn value_flag(out: &mut Vec<u8>, v: bool) {
    tagged(out, 7, 0);
    varint(out, u64::from(v));
}

/// One tag of a record: the place of its key, its value.
pub(super) fn push_tag(out: &mut Vec<u8>, key: u16, value: &[u8]) {
    varint(out, u64::from(key));
    varint(out, value.len() as u64);
    out.extend_from_slice(value);
}

/// The tags of a record.
fn tags(mut record: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    std::iter::from_fn(move || {
        if record.is_empty() {
            return None;
        }
        let key = take_varint(&mut record)?;
        let length = take_varint(&mut record)? as usize;
        let value = record.get(..length)?;
        record = record.get(length..)?;
        Some((key, value))
    })
}

fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut v = 0;
    for shift in (0..64).step_by(7) {
        let (b, rest) = bytes.split_first()?;
        *bytes = rest;
        v |= u64::from(b & 0x7f) << shift;
        if b & 0x80 == 0 {
            return Some(v);
        }
    }
    None
}

fn zigzag(v: i32) -> u32 {
    (v << 1 ^ v >> 31) as u32
}

/// Commands of a geometry: moves and lines, each position as its way from the one before.
fn commands(shape: &Shape, out: &mut Vec<u32>) -> u64 {
    out.clear();
    let mut at = [0, 0];
    let mut go = |out: &mut Vec<u32>, p: [i32; 2]| {
        out.extend([zigzag(p[0].wrapping_sub(at[0])), zigzag(p[1].wrapping_sub(at[1]))]);
        at = p;
    };
    let command = |id: u32, count: usize| id | (count as u32) << 3;
    match shape {
        Shape::Points(points) => {
            out.push(command(1, points.len()));
            points.iter().for_each(|p| go(out, *p));
            1
        }
        Shape::Lines(lines) | Shape::Rings(lines) => {
            for line in lines {
                let Some((first, rest)) = line.split_first() else { continue };
                out.push(command(1, 1));
                go(out, *first);
                out.push(command(2, rest.len()));
                rest.iter().for_each(|p| go(out, *p));
                if matches!(shape, Shape::Rings(_)) {
                    out.push(command(7, 1));
                }
            }
            if matches!(shape, Shape::Lines(_)) { 2 } else { 3 }
        }
    }
}

/// The layer as part of a tile: several, one behind the other, are a tile.
pub(super) fn layer(name: &str, keys: &[String], features: &[Feature]) -> Vec<u8> {
    let mut out = Vec::new();
    bytes(&mut out, 1, name.as_bytes());
    let mut key_place: Vec<Option<u32>> = vec![None; keys.len()];
    let mut used = Vec::new();
    let mut value_place: FxHashMap<&[u8], u32> = FxHashMap::default();
    let mut values: Vec<&[u8]> = Vec::new();
    let (mut numbers, mut spare, mut one) = (Vec::new(), Vec::new(), Vec::new());
    for f in features {
        one.clear();
        tagged(&mut one, 1, 0);
        varint(&mut one, f.id);
        numbers.clear();
        for (key, value) in tags(f.tags) {
            let Some(place) = key_place.get_mut(key as usize) else { continue };
            let key = *place.get_or_insert_with(|| {
                used.push(key as usize);
                used.len() as u32 - 1
            });
            let value = *value_place.entry(value).or_insert_with(|| {
                values.push(value);
                values.len() as u32 - 1
            });
            numbers.extend([key, value]);
        }
        if !numbers.is_empty() {
            packed(&mut one, 2, &numbers, &mut spare);
        }
        let kind = commands(&f.shape, &mut numbers);
        tagged(&mut one, 3, 0);
        varint(&mut one, kind);
        packed(&mut one, 4, &numbers, &mut spare);
        bytes(&mut out, 2, &one);
    }
    for key in used.iter().filter_map(|k| keys.get(*k)) {
        bytes(&mut out, 3, key.as_bytes());
    }
    values.iter().for_each(|v| bytes(&mut out, 4, v));
    tagged(&mut out, 5, 0);
    varint(&mut out, u64::from(EXTENT));
    tagged(&mut out, 15, 0);
    varint(&mut out, 2);
    let mut part = Vec::with_capacity(out.len() + 8);
    bytes(&mut part, 3, &out);
    part
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::pmtiles::tests::read_varint;
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// A value as read back.
    #[derive(Clone, Debug, PartialEq)]
    pub(in super::super) enum Value {
        Text(String),
        Float(f64),
        Int(i64),
        Flag(bool),
    }

    /// A feature as read back.
    #[derive(Clone, Debug, PartialEq)]
    pub(in super::super) struct Read {
        pub id: u64,
        pub shape: Shape,
        pub tags: BTreeMap<String, Value>,
    }

    /// Fields of a message: number, and the number or the bytes that it holds.
    fn fields(mut b: &[u8]) -> Vec<(u64, u64, &[u8])> {
        let mut out = Vec::new();
        while !b.is_empty() {
            let tag = read_varint(&mut b);
            match tag & 7 {
                0 => out.push((tag >> 3, read_varint(&mut b), &b[..0])),
                1 => {
                    out.push((tag >> 3, 0, &b[..8]));
                    b = &b[8..];
                }
                2 => {
                    let n = read_varint(&mut b) as usize;
                    out.push((tag >> 3, 0, &b[..n]));
                    b = &b[n..];
                }
                wire => panic!("wire type {wire}"),
            }
        }
        out
    }

    fn numbers(mut b: &[u8]) -> Vec<u32> {
        let mut out = Vec::new();
        while !b.is_empty() {
            out.push(read_varint(&mut b) as u32);
        }
        out
    }

    fn shape(kind: u64, commands: &[u32]) -> Shape {
        let unzig = |v: u32| (v >> 1) as i32 ^ -((v & 1) as i32);
        let mut at = [0, 0];
        let mut lines: Vec<Vec<[i32; 2]>> = Vec::new();
        let mut i = 0;
        while i < commands.len() {
            let (id, n) = (commands[i] & 7, commands[i] >> 3);
            i += 1;
            if id == 7 {
                continue;
            }
            for k in 0..n {
                at = [at[0] + unzig(commands[i]), at[1] + unzig(commands[i + 1])];
                i += 2;
                if id == 1 && (kind != 1 || k == 0) {
                    lines.push(Vec::new());
                }
                lines.last_mut().unwrap().push(at);
            }
        }
        match kind {
            1 => Shape::Points(lines.remove(0)),
            2 => Shape::Lines(lines),
            _ => Shape::Rings(lines),
        }
    }

    /// The layers of a tile.
    pub(in super::super) fn read(tile: &[u8]) -> BTreeMap<String, Vec<Read>> {
        let mut layers = BTreeMap::new();
        for (field, _, layer) in fields(tile) {
            assert_eq!(field, 3);
            let parts = fields(layer);
            let text = |n| -> Vec<String> {
                parts.iter().filter(|p| p.0 == n).map(|p| String::from_utf8(p.2.to_vec()).unwrap()).collect()
            };
            let (name, keys) = (text(1), text(3));
            let number = |n| parts.iter().find(|p| p.0 == n).unwrap().1;
            assert_eq!((number(5), number(15)), (u64::from(EXTENT), 2));
            let values: Vec<Value> = parts
                .iter()
                .filter(|p| p.0 == 4)
                .map(|p| match fields(p.2)[0] {
                    (1, _, t) => Value::Text(String::from_utf8(t.to_vec()).unwrap()),
                    (3, _, b) => Value::Float(f64::from_le_bytes(b.try_into().unwrap())),
                    (5, v, _) => Value::Int(v as i64),
                    (6, v, _) => Value::Int((v >> 1) as i64 ^ -((v & 1) as i64)),
                    (7, v, _) => Value::Flag(v == 1),
                    other => panic!("{other:?}"),
                })
                .collect();
            let features = parts.iter().filter(|p| p.0 == 2).map(|p| {
                let f = fields(p.2);
                let of = |n| f.iter().find(|p| p.0 == n);
                let tags = of(2).map(|t| numbers(t.2)).unwrap_or_default();
                Read {
                    id: of(1).unwrap().1,
                    shape: shape(of(3).unwrap().1, &numbers(of(4).unwrap().2)),
                    tags: tags
                        .chunks(2)
                        .map(|t| (keys[t[0] as usize].clone(), values[t[1] as usize].clone()))
                        .collect(),
                }
            });
            assert!(layers.insert(name[0].clone(), features.collect()).is_none(), "{name:?} twice");
        }
        layers
    }

    fn any_shape() -> impl Strategy<Value = Shape> {
        let place = prop::array::uniform2(-64..4160i32);
        let line = prop::collection::vec(place.clone(), 2..9);
        prop_oneof![
            prop::collection::vec(place, 1..4).prop_map(Shape::Points),
            prop::collection::vec(line.clone(), 1..4).prop_map(Shape::Lines),
            prop::collection::vec(line, 1..4).prop_map(Shape::Rings),
        ]
    }

    fn any_value() -> impl Strategy<Value = Value> {
        prop_oneof![
            "[a-z南京🏭<\"]{0,12}".prop_map(Value::Text),
            any::<i64>().prop_map(Value::Int),
            (-1e12..1e12f64).prop_map(Value::Float),
            any::<bool>().prop_map(Value::Flag),
        ]
    }

    proptest! {
        #[test]
        fn a_layer_reads_back(list in prop::collection::vec(
            (1..u64::MAX, any_shape(), prop::collection::btree_map(0..6u16, any_value(), 0..6)), 0..20)
        ) {
            let keys: Vec<String> = (0..6).map(|k| format!("键{k}")).collect();
            let records: Vec<Vec<u8>> = list.iter().map(|(_, _, tags)| {
                let mut record = Vec::new();
                for (key, v) in tags {
                    let mut value = Vec::new();
                    match v {
                        Value::Text(t) => value_text(&mut value, t),
                        Value::Float(v) => value_float(&mut value, *v),
                        Value::Int(v) => value_int(&mut value, *v),
                        Value::Flag(v) => value_flag(&mut value, *v),
                    }
                    push_tag(&mut record, *key, &value);
                }
                record
            }).collect();
            let features: Vec<Feature> = list.iter().zip(&records)
                .map(|((id, shape, _), tags)| Feature { id: *id, shape: shape.clone(), tags }).collect();
            let back = read(&layer("sites", &keys, &features));
            let expected: Vec<Read> = list.iter().map(|(id, shape, tags)| Read {
                id: *id,
                shape: shape.clone(),
                tags: tags.iter().map(|(k, v)| (keys[*k as usize].clone(), v.clone())).collect(),
            }).collect();
            prop_assert_eq!(&back["sites"], &expected);
        }
    }
}
