//! Geometry on the square of the world in Web Mercator, 2³² units a side from its north-western corner:
//! simplified for a zoom level, cut to tiles.

use super::mvt::{EXTENT, Shape};
use super::pmtiles::hilbert;
use geo::{LineString, Simplify};

/// Side of the world.
pub(super) const WORLD: f64 = 4_294_967_296.0;
/// What a tile shows beyond its edges, so that lines have no seams: a 64th of its side.
const MARGIN: f64 = 1.0 / 64.0;

/// A position; latitudes beyond those of the map lie on its edge.
pub(super) fn world(lon: f64, lat: f64) -> [f64; 2] {
    let s = lat.clamp(-85.051_128_779_806_59, 85.051_128_779_806_59).to_radians().sin();
    let y = 0.5 - ((1.0 + s) / (1.0 - s)).ln() / (4.0 * std::f64::consts::PI);
    [(lon + 180.0) / 360.0 * WORLD, y * WORLD].map(|v| v.clamp(0.0, WORLD))
}

/// Its cell in whole units.
pub(super) fn cell(p: [f64; 2]) -> [u32; 2] {
    // A cast of a float saturates, so the far edge belongs to the last cell.
    p.map(|v| v as u32)
}

/// Side of a tile of a zoom level.
pub(super) fn side(zoom: u8) -> f64 {
    WORLD / f64::from(1u32 << zoom)
}

/// A line or an area.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Drawing {
    pub area: bool,
    /// Lines, or closed rings: outer ones each before its holes.
    pub parts: Vec<Part>,
}

/// A line, or a ring of an area.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Part {
    pub hole: bool,
    pub points: Vec<[f64; 2]>,
}

impl Drawing {
    /// Left, top, right, bottom.
    pub(super) fn bounds(&self) -> Option<[f64; 4]> {
        let mut b = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
        for p in self.parts.iter().flat_map(|p| &p.points) {
            b = [b[0].min(p[0]), b[1].min(p[1]), b[2].max(p[0]), b[3].max(p[1])];
        }
        (b[0] <= b[2]).then_some(b)
    }

    /// As a zoom level shows it: a quarter of a pixel may be lost, at the last level nothing that its units
    /// can tell.
    pub(super) fn simplified(&self, zoom: u8, last: bool) -> Self {
        let unit = side(zoom) / f64::from(EXTENT);
        let tolerance = if last { unit / 2.0 } else { unit * 4.0 };
        let part = |p: &Part| {
            let line: LineString = p.points.iter().map(|[x, y]| (*x, *y)).collect();
            let points = line.simplify(tolerance).0.iter().map(|c| [c.x, c.y]).collect();
            Part { hole: p.hole, points }
        };
        Self { area: self.area, parts: self.parts.iter().map(part).collect() }
    }

    /// What lies in a tile and its margin.
    pub(super) fn cut(&self, zoom: u8, [x, y]: [u32; 2]) -> Self {
        let side = side(zoom);
        let (left, top) = (f64::from(x) * side, f64::from(y) * side);
        let m = side * MARGIN;
        let window = [left - m, top - m, left + side + m, top + side + m];
        let inside =
            |p: &[f64; 2]| (window[0]..=window[2]).contains(&p[0]) && (window[1]..=window[3]).contains(&p[1]);
        let mut parts = Vec::new();
        // Holes of an outer ring that is gone go with it.
        let mut open = true;
        for p in &self.parts {
            if self.area {
                if p.hole && !open {
                    continue;
                }
                let points =
                    if p.points.iter().all(inside) { p.points.clone() } else { cut_ring(&p.points, window) };
                let there = points.len() >= 4;
                if !p.hole {
                    open = there;
                }
                if there {
                    parts.push(Part { hole: p.hole, points });
                }
            } else if p.points.iter().all(inside) {
                parts.push(p.clone());
            } else {
                let pieces = cut_line(&p.points, window);
                parts.extend(pieces.into_iter().map(|points| Part { hole: false, points }));
            }
        }
        Self { area: self.area, parts }
    }

    /// In the units of a tile. What vanishes in the rounding is left out; `None` when nothing is left.
    pub(super) fn in_tile(&self, zoom: u8, [x, y]: [u32; 2]) -> Option<Shape> {
        let side = side(zoom);
        let (left, top) = (f64::from(x) * side, f64::from(y) * side);
        let scale = f64::from(EXTENT) / side;
        let mut out: Vec<Vec<[i32; 2]>> = Vec::new();
        let mut open = true;
        // Where the outer ring stands, and what its holes leave of it.
        let (mut outer, mut left_over) = (0, 0);
        for part in &self.parts {
            if part.hole && !open {
                continue;
            }
            let place = |p: &[f64; 2]| {
                [((p[0] - left) * scale).round() as i32, ((p[1] - top) * scale).round() as i32]
            };
            let mut points: Vec<[i32; 2]> = part.points.iter().map(place).collect();
            points.dedup();
            if !self.area {
                if points.len() >= 2 {
                    out.push(points);
                }
                continue;
            }
            if points.first() == points.last() {
                points.pop();
            }
            let area = twice_area(&points);
            let there = points.len() >= 3 && area != 0;
            if !part.hole {
                open = there;
                (outer, left_over) = (out.len(), area.abs());
            } else {
                left_over -= area.abs();
                if left_over <= 0 {
                    // The tile lies in the hole.
                    out.truncate(outer);
                    open = false;
                    continue;
                }
            }
            if there {
                // Clockwise as the screen shows it is positive where y points down.
                if (area > 0) == part.hole {
                    points.reverse();
                }
                out.push(points);
            }
        }
        (!out.is_empty()).then_some(if self.area { Shape::Rings(out) } else { Shape::Lines(out) })
    }

    /// The tiles that it touches, by their places along the curve, in order.
    pub(super) fn tiles(&self, zoom: u8) -> Vec<u64> {
        let side = side(zoom);
        let last = f64::from((1u32 << zoom) - 1);
        let tile = |v: f64| (v / side).floor().clamp(0.0, last) as u32;
        let margin = side * MARGIN;
        let mut found: Vec<u64> = Vec::new();
        for part in &self.parts {
            for w in part.points.windows(2) {
                let mut open = vec![(w[0], w[1])];
                while let Some((a, b)) = open.pop() {
                    let xs = [tile(a[0].min(b[0]) - margin), tile(a[0].max(b[0]) + margin)];
                    let ys = [tile(a[1].min(b[1]) - margin), tile(a[1].max(b[1]) + margin)];
                    if xs[1] - xs[0] > 1 || ys[1] - ys[0] > 1 {
                        // A slanted piece touches few of the tiles around it: look at its halves.
                        let middle = [(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0];
                        open.extend([(a, middle), (middle, b)]);
                        continue;
                    }
                    for x in xs[0]..=xs[1] {
                        for y in ys[0]..=ys[1] {
                            let d = hilbert(zoom, x, y);
                            if found.last() != Some(&d) {
                                found.push(d);
                            }
                        }
                    }
                }
            }
        }
        if let (true, Some(b)) = (self.area, self.bounds()) {
            // Tiles whose middle lies inside, row by row.
            for y in tile(b[1])..=tile(b[3]) {
                let level = (f64::from(y) + 0.5) * side;
                let mut at: Vec<f64> = Vec::new();
                for w in self.parts.iter().flat_map(|p| p.points.windows(2)) {
                    if (w[0][1] <= level) != (w[1][1] <= level) {
                        at.push(w[0][0] + (level - w[0][1]) / (w[1][1] - w[0][1]) * (w[1][0] - w[0][0]));
                    }
                }
                at.sort_by(f64::total_cmp);
                for pair in at.chunks_exact(2) {
                    let first = (pair[0] / side - 0.5).ceil().clamp(0.0, last) as u32;
                    let beyond = (pair[1] / side - 0.5).floor().clamp(-1.0, last) as i64;
                    for x in i64::from(first)..=beyond {
                        found.push(hilbert(zoom, x as u32, y));
                    }
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// Twice the area; positive where the way is clockwise on the screen.
fn twice_area(ring: &[[i32; 2]]) -> i64 {
    let next = ring.iter().cycle().skip(1);
    let cross = |(a, b): (&[i32; 2], &[i32; 2])| {
        i64::from(a[0]) * i64::from(b[1]) - i64::from(b[0]) * i64::from(a[1])
    };
    ring.iter().zip(next).map(cross).sum()
}

/// The pieces of a line inside a window (Liang and Barsky, 1984).
fn cut_line(points: &[[f64; 2]], window: [f64; 4]) -> Vec<Vec<[f64; 2]>> {
    let mut pieces: Vec<Vec<[f64; 2]>> = Vec::new();
    let mut going = false;
    for w in points.windows(2) {
        let (a, b) = (w[0], w[1]);
        let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
        let (mut from, mut to) = (0.0f64, 1.0f64);
        let edges = [
            (-dx, a[0] - window[0]),
            (dx, window[2] - a[0]),
            (-dy, a[1] - window[1]),
            (dy, window[3] - a[1]),
        ];
        let mut outside = false;
        for (p, q) in edges {
            if p == 0.0 {
                outside |= q < 0.0;
            } else if p < 0.0 {
                from = from.max(q / p);
            } else {
                to = to.min(q / p);
            }
        }
        if outside || from > to {
            going = false;
            continue;
        }
        let at = |t: f64| [a[0] + t * dx, a[1] + t * dy];
        let end = if to < 1.0 { at(to) } else { b };
        match pieces.last_mut() {
            Some(piece) if going && from <= 0.0 => piece.push(end),
            _ => pieces.push(vec![if from > 0.0 { at(from) } else { a }, end]),
        }
        going = to >= 1.0;
    }
    pieces
}

/// A closed ring inside a window (Sutherland and Hodgman, 1974): along the window's edge where it leaves.
fn cut_ring(points: &[[f64; 2]], window: [f64; 4]) -> Vec<[f64; 2]> {
    let mut ring: Vec<[f64; 2]> = points.to_vec();
    for (axis, limit, above) in
        [(0, window[0], true), (0, window[2], false), (1, window[1], true), (1, window[3], false)]
    {
        let inside = |p: &[f64; 2]| if above { p[axis] >= limit } else { p[axis] <= limit };
        let mut next: Vec<[f64; 2]> = Vec::with_capacity(ring.len() + 4);
        for w in ring.windows(2) {
            let (a, b) = (w[0], w[1]);
            if inside(&a) != inside(&b) {
                let t = (limit - a[axis]) / (b[axis] - a[axis]);
                let mut p = [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])];
                p[axis] = limit;
                next.push(p);
            }
            if inside(&b) {
                next.push(b);
            }
        }
        if let Some(first) = next.first().copied() {
            next.push(first);
        }
        ring = next;
    }
    ring.dedup();
    ring
}

#[cfg(test)]
mod tests {
    use super::super::pmtiles::tile_at;
    use super::*;
    use proptest::prelude::*;

    fn line(points: &[[f64; 2]]) -> Drawing {
        Drawing { area: false, parts: vec![Part { hole: false, points: points.to_vec() }] }
    }

    #[test]
    fn known_places_on_the_map() {
        assert_eq!(world(-180.0, 0.0), [0.0, WORLD / 2.0]);
        assert_eq!(cell(world(180.0, -90.0)), [u32::MAX; 2]);
        // By the arithmetic of OpenStreetMap's wiki: (1 - asinh(tan(lat)) / pi) / 2 of 4096 rows.
        let p = world(118.8, 32.06);
        assert_eq!([(p[0] / side(12)) as u32, (p[1] / side(12)) as u32], [3399, 1662]);
    }

    #[test]
    fn a_long_line_touches_few_tiles_and_no_tile_is_missed() {
        let l = line(&[world(116.0, 31.0), world(121.0, 34.0)]);
        let tiles = l.tiles(12);
        assert!((40..400).contains(&tiles.len()), "{}", tiles.len());
        for i in 0..=5000 {
            let t = f64::from(i) / 5000.0;
            let (a, b) = (l.parts[0].points[0], l.parts[0].points[1]);
            let p = [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])];
            let d = hilbert(12, (p[0] / side(12)) as u32, (p[1] / side(12)) as u32);
            assert!(tiles.binary_search(&d).is_ok());
        }
    }

    #[test]
    fn an_area_with_a_hole_is_cut_in_tiles_that_sum_up() {
        let ring = |b: [f64; 4]| {
            [[b[0], b[1]], [b[0], b[3]], [b[2], b[3]], [b[2], b[1]], [b[0], b[1]]]
                .map(|[x, y]| world(x, y))
                .to_vec()
        };
        let area = Drawing {
            area: true,
            parts: vec![
                Part { hole: false, points: ring([117.0, 31.0, 119.0, 33.0]) },
                Part { hole: true, points: ring([117.5, 31.5, 118.5, 32.5]) },
            ],
        };
        let zoom = 9;
        let mut sum = 0.0;
        for d in area.tiles(zoom) {
            let tile = tile_at(zoom, d);
            let Some(Shape::Rings(rings)) = area.cut(zoom, tile).in_tile(zoom, tile) else { continue };
            for ring in rings {
                // What lies in the margin belongs to the neighbour, too.
                let own: Vec<[f64; 2]> = ring.iter().chain(ring.first()).map(|p| p.map(f64::from)).collect();
                let own = cut_ring(&own, [0.0, 0.0, 4096.0, 4096.0]);
                let own: Vec<[i32; 2]> = own.iter().map(|p| p.map(|v| v.round() as i32)).collect();
                sum += twice_area(&own) as f64 / 2.0;
            }
        }
        let unit = side(zoom) / f64::from(EXTENT);
        let whole = |p: &Part| {
            let w = p.points.iter().fold([f64::MAX, f64::MIN, f64::MAX, f64::MIN], |b, q| {
                [b[0].min(q[0]), b[1].max(q[0]), b[2].min(q[1]), b[3].max(q[1])]
            });
            (w[1] - w[0]) / unit * ((w[3] - w[2]) / unit)
        };
        let expected = whole(&area.parts[0]) - whole(&area.parts[1]);
        assert!((sum / expected - 1.0).abs() < 1e-3, "{sum} {expected}");
    }

    proptest! {
        /// Inside a tile every position of a line is kept to half a unit, and pieces stay in its margin.
        #[test]
        fn lines_are_cut_where_the_window_is(list in prop::collection::vec((118.0..118.2f64, 32.0..32.2f64), 2..12)) {
            let l = line(&list.iter().map(|p| world(p.0, p.1)).collect::<Vec<_>>());
            let zoom = 13;
            let tiles = l.tiles(zoom);
            for &d in &tiles {
                let tile = tile_at(zoom, d);
                let Some(Shape::Lines(pieces)) = l.cut(zoom, tile).in_tile(zoom, tile) else { continue };
                for p in pieces.iter().flatten() {
                    prop_assert!(p.iter().all(|v| (-64..=4160).contains(v)), "{p:?}");
                }
            }
            for p in &l.parts[0].points {
                let tile = [(p[0] / side(zoom)) as u32, (p[1] / side(zoom)) as u32];
                prop_assert!(tiles.binary_search(&hilbert(zoom, tile[0], tile[1])).is_ok());
                let Some(Shape::Lines(pieces)) = l.cut(zoom, tile).in_tile(zoom, tile) else { continue };
                let at = [0, 1].map(|k| (p[k] - f64::from(tile[k]) * side(zoom)) * 4096.0 / side(zoom));
                let near = pieces.iter().flatten().any(|q| (0..2).all(|k| (f64::from(q[k]) - at[k]).abs() <= 0.51));
                prop_assert!(near, "{at:?} {pieces:?}");
            }
        }
    }
}
