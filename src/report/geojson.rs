//! GeoJSON (RFC 7946): one geometry type per file, the same keys on every feature, flat values.
//!
//! Written by hand rather than through a document tree: blocks of features are formatted side by side
//! while the block before them is written, in order, so that a million features neither wait for one
//! core nor sit in memory.

use super::geometry::{Bounds, cut_line, line_crosses, rings};
use super::layer::{FieldKind, Layer, Layout, Shape, Value};
use super::number::{push_fixed, push_u64};
use super::symbology;
use crate::model::progress::Progress;
use rayon::prelude::*;
use std::io::{self, Write};

/// Features formatted by one task.
const BLOCK: usize = 128;
/// Blocks in flight: so many that no core waits long for the last of them, few enough to stay small in memory.
const BLOCKS: usize = 32;

/// Writes a layer as a FeatureCollection.
///
/// # Errors
/// Whatever the output refuses.
pub fn write(
    layer: &Layer,
    layout: &Layout,
    colours: Option<&symbology::Style>,
    told: &Progress,
    out: &mut (impl Write + Send),
) -> io::Result<()> {
    let style = Style::new(layer, layout, colours);
    let bounds = bounds(layer);

    let mut head = b"{\"type\":\"FeatureCollection\",\"name\":".to_vec();
    push_text(&mut head, layer.name);
    if let Some(corners) = bounds.corners() {
        head.extend_from_slice(b",\"bbox\":[");
        for (i, c) in corners.into_iter().enumerate() {
            if i > 0 {
                head.push(b',');
            }
            push_fixed(&mut head, c, 7);
        }
        head.push(b']');
    }
    head.extend_from_slice(b",\"features\":[");
    // Two sets of buffers: one is written while the other is filled.
    let mut ready = vec![head];
    let mut spare: Vec<Vec<u8>> = Vec::new();
    for rows in layout.order.chunks(BLOCK * BLOCKS) {
        spare.resize_with(rows.len().div_ceil(BLOCK), Vec::new);
        let (written, ()) = rayon::join(
            || ready.iter().try_for_each(|b| out.write_all(b)),
            || rows.par_chunks(BLOCK).zip(&mut spare).for_each(|(r, b)| style.block(r, b)),
        );
        written?;
        told.add(rows.len() as u64);
        std::mem::swap(&mut ready, &mut spare);
        if rows.as_ptr() == layout.order.as_ptr()
            && let Some(first) = ready.first_mut()
        {
            // Each feature brings the comma before it; the very first has none.
            first.remove(0);
        }
    }
    ready.iter().try_for_each(|b| out.write_all(b))?;
    out.write_all(b"\n]}\n")
}

/// Writes a layer as one feature a line, without a collection around them.
///
/// # Errors
/// Whatever the output refuses.
pub fn write_lines(
    layer: &Layer,
    layout: &Layout,
    colours: Option<&symbology::Style>,
    told: &Progress,
    out: &mut (impl Write + ?Sized),
) -> io::Result<()> {
    let style = Style::new(layer, layout, colours);
    let mut blocks: Vec<Vec<u8>> = Vec::new();
    for rows in layout.order.chunks(BLOCK * BLOCKS) {
        blocks.resize_with(rows.len().div_ceil(BLOCK), Vec::new);
        rows.par_chunks(BLOCK).zip(&mut blocks).for_each(|(r, b)| style.block(r, b));
        told.add(rows.len() as u64);
        let written = &blocks[..rows.len().div_ceil(BLOCK)];
        // Each feature brings a comma and a line end before it; no other line end stands unescaped.
        for line in written.iter().flat_map(|b| b.split(|&b| b == b'\n').skip(1)) {
            out.write_all(line.strip_suffix(b",").unwrap_or(line))?;
            out.write_all(b"\n")?;
        }
    }
    Ok(())
}

/// Names of the geometry types: of a layer in which nothing crosses the antimeridian, and with cuts.
#[must_use]
pub fn geometry_name(layer: &Layer) -> &'static str {
    match &layer.shape {
        Shape::None => "None",
        Shape::Points(_) => "Point",
        Shape::Lines(line) if (0..layer.rows).any(|i| line_crosses(line(i))) => "MultiLineString",
        Shape::Lines(_) => "LineString",
        Shape::Areas(_) => "MultiPolygon",
    }
}

/// Bounds of all features.
#[must_use]
pub fn bounds(layer: &Layer) -> Bounds {
    let of = |rows: std::ops::Range<usize>| {
        let mut b = Bounds::default();
        for i in rows {
            match &layer.shape {
                Shape::None => {}
                Shape::Points(at) => {
                    let p = at(i);
                    b.add(p.lon_deg(), p.lat_deg());
                }
                Shape::Lines(line) => line(i).iter().for_each(|p| b.add(p.lon_deg(), p.lat_deg())),
                Shape::Areas(area) => {
                    for r in area(i).iter().map(geo::Polygon::exterior) {
                        r.0.iter().for_each(|c| b.add(c.x, c.y));
                    }
                }
            }
        }
        b
    };
    (0..layer.rows.div_ceil(BLOCK))
        .into_par_iter()
        .map(|b| of(b * BLOCK..((b + 1) * BLOCK).min(layer.rows)))
        .reduce(Bounds::default, Bounds::with)
}

/// What is the same for all features of a layer.
struct Style<'l, 'a> {
    layer: &'l Layer<'a>,
    layout: &'l Layout,
    /// `,"name":` of each shown column, and what is written of its source.
    keys: Vec<(Vec<u8>, Option<SourceKey>)>,
    multi_line: bool,
    colours: Option<Colours>,
}

/// The source of a column's values.
enum SourceKey {
    /// The whole member: of a known value, and of a missing one.
    Fixed(Vec<u8>, Vec<u8>),
    /// `,"name_src":`; the text differs from row to row.
    Each(Vec<u8>),
}

/// The colours that features carry themselves.
struct Colours {
    style: symbology::Style,
    /// Column of each field that a class asks for.
    fields: Vec<(&'static str, usize)>,
    /// Properties of each class, the comma before them included, and behind them those of no class.
    texts: Vec<Vec<u8>>,
}

impl Colours {
    fn new(layer: &Layer, style: &symbology::Style) -> Self {
        let at = |name: &str| layer.columns.iter().position(|c| c.field.name == name);
        let style = style.clone().fitted(|name| at(name).is_some());
        let mut fields: Vec<(&'static str, usize)> = Vec::new();
        for (name, _) in style.classes.iter().flat_map(|c| &c.when) {
            fields.extend(at(name).map(|at| (*name, at)));
        }
        fields.sort_unstable();
        fields.dedup();
        let mut texts: Vec<Vec<u8>> = Vec::new();
        for class in &style.classes {
            let mut text = Vec::new();
            for (name, value, kind) in symbology::simplestyle(&class.symbol) {
                text.push(b',');
                push_text(&mut text, name);
                text.push(b':');
                push_value(&mut text, &value, kind);
            }
            texts.push(text);
        }
        // The same keys on every feature.
        let mut none = Vec::new();
        for (name, ..) in style.classes.first().map(|c| symbology::simplestyle(&c.symbol)).unwrap_or_default()
        {
            none.push(b',');
            push_text(&mut none, name);
            none.extend_from_slice(b":null");
        }
        texts.push(none);
        Self { style, fields, texts }
    }

    fn of(&self, layer: &Layer, row: usize) -> &[u8] {
        let value = |name: &str| {
            let column = self.fields.iter().find(|(field, _)| *field == name);
            column.and_then(|(_, at)| layer.columns.get(*at)).map_or(Value::Unknown, |c| c.value(row))
        };
        let class = self.style.class_of(value).unwrap_or(self.texts.len() - 1);
        self.texts.get(class).map_or(&[], Vec::as_slice)
    }
}

impl<'l, 'a> Style<'l, 'a> {
    fn new(layer: &'l Layer<'a>, layout: &'l Layout, colours: Option<&symbology::Style>) -> Self {
        let key = |name: &str| {
            let mut k = vec![b','];
            push_text(&mut k, name);
            k.push(b':');
            k
        };
        let keys = layout
            .shown
            .iter()
            .zip(&layout.with_src)
            .map(|(&at, &src)| {
                let column = &layer.columns[at];
                let name = &column.field.name;
                let member = |source: &str| {
                    let mut member = key(&format!("{name}_src"));
                    push_text(&mut member, source);
                    member
                };
                let sources = || match column.fixed_sources() {
                    Some((known, unknown)) => SourceKey::Fixed(member(known), member(unknown)),
                    None => SourceKey::Each(key(&format!("{name}_src"))),
                };
                (key(name), src.then(sources))
            })
            .collect();
        let colours = colours.map(|s| Colours::new(layer, s));
        Self { layer, layout, keys, multi_line: geometry_name(layer) == "MultiLineString", colours }
    }

    fn block(&self, rows: &[u32], out: &mut Vec<u8>) {
        out.clear();
        for (n, &row) in rows.iter().enumerate() {
            self.feature(out, row);
            if n == 0 {
                out.reserve(out.len() * (rows.len() + rows.len() / 8));
            }
        }
    }

    fn feature(&self, out: &mut Vec<u8>, row: u32) {
        let i = row as usize;
        let id = self.layer.id(i);
        let id = match self.layout.repeats.get(&row) {
            Some(n) => std::borrow::Cow::Owned(format!("{id}#{n}")),
            None => id,
        };
        out.extend_from_slice(b",\n{\"type\":\"Feature\",\"id\":");
        push_text(out, &id);
        out.extend_from_slice(b",\"geometry\":");
        self.geometry(out, i);
        out.extend_from_slice(b",\"properties\":{");
        for (n, (&at, (key, src_key))) in self.layout.shown.iter().zip(&self.keys).enumerate() {
            let column = &self.layer.columns[at];
            out.extend_from_slice(if n == 0 { &key[1..] } else { key });
            let value = if at == 0 { Value::Text(id.clone()) } else { column.value(i) };
            push_value(out, &value, column.field.kind);
            match src_key {
                None => {}
                Some(SourceKey::Fixed(known, unknown)) => {
                    out.extend_from_slice(if value.is_known() { known } else { unknown });
                }
                Some(SourceKey::Each(key)) => {
                    out.extend_from_slice(key);
                    push_text(out, column.source_of(i, || value.is_known()));
                }
            }
        }
        if let Some(colours) = &self.colours {
            out.extend_from_slice(colours.of(self.layer, i));
        }
        out.extend_from_slice(b"}}");
    }

    fn geometry(&self, out: &mut Vec<u8>, i: usize) {
        match &self.layer.shape {
            Shape::None => out.extend_from_slice(b"null"),
            Shape::Points(at) => {
                out.extend_from_slice(b"{\"type\":\"Point\",\"coordinates\":");
                let p = at(i);
                push_position(out, p.lon_deg(), p.lat_deg());
                out.push(b'}');
            }
            Shape::Lines(line) => {
                let line = line(i);
                let parts = if self.multi_line { cut_line(line) } else { vec![] };
                if line.len() < 2 || (self.multi_line && parts.is_empty()) {
                    out.extend_from_slice(b"null");
                } else if self.multi_line {
                    out.extend_from_slice(b"{\"type\":\"MultiLineString\",\"coordinates\":");
                    push_list(out, &parts, |out, part| {
                        push_list(out, part, |out, p| push_position(out, p.lon_deg(), p.lat_deg()));
                    });
                    out.push(b'}');
                } else {
                    out.extend_from_slice(b"{\"type\":\"LineString\",\"coordinates\":");
                    push_list(out, line, |out, p| push_position(out, p.lon_deg(), p.lat_deg()));
                    out.push(b'}');
                }
            }
            Shape::Areas(area) => {
                let polygons = rings(area(i));
                if polygons.is_empty() {
                    out.extend_from_slice(b"null");
                    return;
                }
                out.extend_from_slice(b"{\"type\":\"MultiPolygon\",\"coordinates\":");
                push_list(out, &polygons, |out, polygon| {
                    push_list(out, polygon, |out, ring| {
                        push_list(out, ring, |out, &[lon, lat]| push_position(out, lon, lat));
                    });
                });
                out.push(b'}');
            }
        }
    }
}

fn push_list<T>(out: &mut Vec<u8>, items: &[T], mut each: impl FnMut(&mut Vec<u8>, &T)) {
    out.push(b'[');
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        each(out, item);
    }
    out.push(b']');
}

fn push_position(out: &mut Vec<u8>, lon: f64, lat: f64) {
    out.push(b'[');
    push_fixed(out, lon, 7);
    out.push(b',');
    push_fixed(out, lat, 7);
    out.push(b']');
}

fn push_value(out: &mut Vec<u8>, value: &Value, kind: FieldKind) {
    match value {
        Value::Unknown => out.extend_from_slice(b"null"),
        Value::Flag(b) => out.extend_from_slice(if *b { b"true" } else { b"false" }),
        Value::Int(v) => {
            if *v < 0 {
                out.push(b'-');
            }
            push_u64(out, v.unsigned_abs());
        }
        Value::Float(v) => {
            let decimals = if let FieldKind::Float(d) = kind { d } else { 6 };
            push_fixed(out, *v, decimals);
        }
        Value::Text(t) => push_text(out, t),
    }
}

/// Whether a JSON string can't hold the bytes as they are; eight at a time, and always all of them.
fn needs_escape(bytes: &[u8]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // The high bit of every byte that is less than `n` (at most 128); a byte above one that is may be marked too.
    let below = |word: u64, n: u64| word.wrapping_sub(ONES * n) & !word & HIGH;
    let marks = |word: u64| {
        below(word, 0x20)
            | below(word ^ (ONES * u64::from(b'"')), 1)
            | below(word ^ (ONES * u64::from(b'\\')), 1)
    };
    let (words, rest) = bytes.as_chunks::<8>();
    let found = words.iter().fold(0, |found, word| found | marks(u64::from_le_bytes(*word)));
    found != 0 || rest.iter().fold(false, |bad, &b| bad | (b < 0x20) | (b == b'"') | (b == b'\\'))
}

/// Appends a JSON string.
pub fn push_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let bytes = text.as_bytes();
    if !needs_escape(bytes) {
        out.extend_from_slice(bytes);
    } else {
        for &b in bytes {
            match b {
                b'"' => out.extend_from_slice(b"\\\""),
                b'\\' => out.extend_from_slice(b"\\\\"),
                b'\n' => out.extend_from_slice(b"\\n"),
                b'\r' => out.extend_from_slice(b"\\r"),
                b'\t' => out.extend_from_slice(b"\\t"),
                0..0x20 => out.extend_from_slice(format!("\\u{b:04x}").as_bytes()),
                _ => out.push(b),
            }
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::super::layer::tests::sample;
    use super::*;
    use proptest::prelude::*;

    fn text(layer: &Layer) -> String {
        let mut out = Vec::new();
        write(layer, &layer.layout(), None, &Progress::default(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn golden() {
        let layer = sample(&["b\"<", "a"], &[Some(12.0), None], &[(118.7969, 32.06), (-0.5, 10.0)]);
        assert_eq!(
            text(&layer),
            "{\"type\":\"FeatureCollection\",\"name\":\"sites\",\"bbox\":[-0.5,10.0,118.7969,32.06],\
             \"features\":[\n\
             {\"type\":\"Feature\",\"id\":\"b\\\"<\",\"geometry\":{\"type\":\"Point\",\"coordinates\":\
             [118.7969,32.06]},\"properties\":{\"site_id\":\"b\\\"<\",\"score\":12.0,\"score_src\":\"given\"}},\n\
             {\"type\":\"Feature\",\"id\":\"a\",\"geometry\":{\"type\":\"Point\",\"coordinates\":\
             [-0.5,10.0]},\"properties\":{\"site_id\":\"a\",\"score\":null,\"score_src\":\"unknown\"}}\n]}\n"
        );
    }

    proptest! {
        #[test]
        fn texts_are_those_of_a_json_library(text in prop_oneof![".*", "[ -~]{0,30}", "[a-z\u{4e00}-\u{4e20}]{0,30}[\"\\\\\u{0}-\u{1f}]?[a-z]{0,9}"]) {
            let mut out = Vec::new();
            push_text(&mut out, &text);
            let out = String::from_utf8(out).unwrap();
            prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), &*text);
            // Nothing is escaped that need not be.
            let shorter = text.chars().filter(|c| matches!(u32::from(*c), 8 | 12)).count();
            let most = serde_json::to_string(&text).unwrap().len() + 4 * shorter;
            prop_assert!(out.len() <= most, "{}", out);
        }
    }

    #[test]
    fn empty_is_valid() {
        let t = text(&sample(&[], &[], &[]));
        assert_eq!(t, "{\"type\":\"FeatureCollection\",\"name\":\"sites\",\"features\":[\n]}\n");
    }

    #[test]
    fn repeated_ids_are_told_apart() {
        let t = text(&sample(&["x", "x"], &[Some(1.0); 2], &[(0.0, 0.0); 2]));
        assert!(t.contains("\"id\":\"x\"") && t.contains("\"id\":\"x#2\""), "{t}");
    }
}
