//! Areas above a level, out of a raster: marching squares with the crossing placed by interpolation.

use geo_types::{Coord, LineString, MultiPolygon, Polygon};
use std::collections::BTreeMap;

/// A raster of samples, row by row from the north-west, NaN where unknown.
pub struct Samples<'a> {
    /// Number of columns.
    pub columns: usize,
    /// Number of rows.
    pub rows: usize,
    /// The samples.
    pub values: &'a [f32],
    /// Lowest value that is a level; what lies below is only "less".
    pub lowest: f32,
}

impl Samples<'_> {
    /// A sample of the raster with a rim of nothing around it.
    fn at(&self, column: usize, row: usize) -> f32 {
        if column == 0 || row == 0 || column > self.columns || row > self.rows {
            return f32::NEG_INFINITY;
        }
        let v = self.values.get((row - 1) * self.columns + column - 1).copied().unwrap_or(f32::NAN);
        if v.is_nan() { f32::NEG_INFINITY } else { v }
    }

    /// Where a level is crossed between two samples, as a share of the way. Beside nothing, and beside what
    /// is below all levels, halfway: at the edge of the pixel.
    fn crossing(&self, a: f32, b: f32, level: f32) -> f64 {
        if !(a > self.lowest && b > self.lowest) {
            return 0.5;
        }
        // Off the samples themselves, where rings would touch.
        f64::from((level - a) / (b - a)).clamp(0.01, 0.99)
    }
}

/// An edge of the padded raster: twice the number of its western or northern sample, plus one if it runs
/// south.
type Edge = u64;

/// The area with at least `level`, in a plane where sample (column, row) lies at `place(column, row)`, x to
/// the east and y to the north; outer rings counter-clockwise.
#[must_use]
pub fn at_least(samples: &Samples, level: f32, place: impl Fn(f64, f64) -> (f64, f64)) -> MultiPolygon<f64> {
    let width = samples.columns as u64 + 2;
    let across = |c: usize, r: usize| 2 * (r as u64 * width + c as u64);
    let down = |c: usize, r: usize| across(c, r) + 1;
    let mut next: BTreeMap<Edge, Edge> = BTreeMap::new();
    for r in 0..=samples.rows {
        for c in 0..=samples.columns {
            let corners = [(c, r), (c + 1, r), (c + 1, r + 1), (c, r + 1)];
            let inside = corners.map(|(c, r)| samples.at(c, r) >= level);
            let [top, right, bottom, left] = [across(c, r), down(c + 1, r), across(c, r + 1), down(c, r)];
            // From edge to edge with the inside on the left; corners from the north-west clockwise.
            let steps: &[(Edge, Edge)] = match inside {
                [false, false, false, false] | [true, true, true, true] => &[],
                [true, false, false, false] => &[(left, top)],
                [false, true, false, false] => &[(top, right)],
                [false, false, true, false] => &[(right, bottom)],
                [false, false, false, true] => &[(bottom, left)],
                [true, true, false, false] => &[(left, right)],
                [false, true, true, false] => &[(top, bottom)],
                [false, false, true, true] => &[(right, left)],
                [true, false, false, true] => &[(bottom, top)],
                [false, true, true, true] => &[(top, left)],
                [true, false, true, true] => &[(right, top)],
                [true, true, false, true] => &[(bottom, right)],
                [true, true, true, false] => &[(left, bottom)],
                [true, false, true, false] => &[(left, top), (right, bottom)],
                [false, true, false, true] => &[(top, right), (bottom, left)],
            };
            next.extend(steps.iter().copied());
        }
    }
    let point = |edge: Edge| {
        let node = edge / 2;
        let (c, r) = ((node % width) as usize, (node / width) as usize);
        let (c2, r2) = if edge % 2 == 0 { (c + 1, r) } else { (c, r + 1) };
        let share = samples.crossing(samples.at(c, r), samples.at(c2, r2), level);
        let (dc, dr) = ((c2 - c) as f64, (r2 - r) as f64);
        let (x, y) = place(c as f64 + dc * share - 1.0, r as f64 + dr * share - 1.0);
        Coord { x, y }
    };
    let mut rings = Vec::new();
    while let Some((first, mut edge)) = next.pop_first() {
        let mut ring = vec![point(first)];
        while edge != first {
            ring.push(point(edge));
            match next.remove(&edge) {
                Some(e) => edge = e,
                None => break,
            }
        }
        ring.push(ring[0]);
        rings.push(LineString(ring));
    }
    assemble(rings)
}

/// Twice the signed area of a ring, counter-clockwise positive.
fn doubled_area(ring: &LineString<f64>) -> f64 {
    ring.0.windows(2).map(|w| w[0].x * w[1].y - w[1].x * w[0].y).sum()
}

fn contains(ring: &LineString<f64>, p: Coord<f64>) -> bool {
    let crosses = |w: &&[Coord<f64>]| {
        (w[0].y > p.y) != (w[1].y > p.y)
            && p.x < (w[1].x - w[0].x) * (p.y - w[0].y) / (w[1].y - w[0].y) + w[0].x
    };
    ring.0.windows(2).filter(crosses).count() % 2 == 1
}

/// Puts every hole into the smallest outer ring around it.
fn assemble(rings: Vec<LineString<f64>>) -> MultiPolygon<f64> {
    struct Outer {
        ring: LineString<f64>,
        area: f64,
        low: Coord<f64>,
        high: Coord<f64>,
        holes: Vec<LineString<f64>>,
    }
    let (outer, holes): (Vec<_>, Vec<_>) = rings.into_iter().partition(|r| doubled_area(r) > 0.0);
    let mut outer: Vec<Outer> = outer
        .into_iter()
        .map(|ring| {
            let fold = |f: fn(f64, f64) -> f64, of: fn(&Coord<f64>) -> f64, start: f64| {
                ring.0.iter().map(of).fold(start, f)
            };
            let low = Coord {
                x: fold(f64::min, |c| c.x, f64::INFINITY),
                y: fold(f64::min, |c| c.y, f64::INFINITY),
            };
            let high = Coord {
                x: fold(f64::max, |c| c.x, f64::NEG_INFINITY),
                y: fold(f64::max, |c| c.y, f64::NEG_INFINITY),
            };
            Outer { area: doubled_area(&ring), low, high, holes: Vec::new(), ring }
        })
        .collect();
    // The smallest first: the first one around a hole is its own.
    outer.sort_by(|a, b| a.area.total_cmp(&b.area));
    for hole in holes {
        let p = hole.0[0];
        let around = outer.iter_mut().find(|o| {
            (o.low.x..=o.high.x).contains(&p.x)
                && (o.low.y..=o.high.y).contains(&p.y)
                && o.area > -doubled_area(&hole)
                && contains(&o.ring, p)
        });
        if let Some(outer) = around {
            outer.holes.push(hole);
        }
    }
    outer.reverse();
    MultiPolygon(outer.into_iter().map(|o| Polygon::new(o.ring, o.holes)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::{Area, Contains, Point, Validation};
    use proptest::prelude::*;

    fn shape(columns: usize, values: &[f32], level: f32) -> MultiPolygon<f64> {
        let samples = Samples { columns, rows: values.len() / columns, values, lowest: -200.0 };
        at_least(&samples, level, |c, r| (c, -r))
    }

    #[test]
    fn squares_rings_and_holes() {
        assert!(shape(2, &[1.0, 2.0, 3.0, 4.0], 9.0).0.is_empty());
        let whole = shape(2, &[f32::NAN, 2.0, 3.0, 4.0], 1.0);
        assert_eq!(whole.0.len(), 1);
        // Four pixels of which one is cut off along the diagonals between centres.
        assert!(
            (whole.unsigned_area() - (3.0 - 4.0 * 0.125 + 0.125)).abs() < 1.0,
            "{}",
            whole.unsigned_area()
        );
        let mut ring = [5.0f32; 49];
        ring[24] = -300.0;
        let ring = shape(7, &ring, 0.0);
        assert_eq!((ring.0.len(), ring.0[0].interiors().len()), (1, 1));
        assert!(!ring.contains(&Point::new(3.0, -3.0)) && ring.contains(&Point::new(1.0, -1.0)));
        // An island in the lake.
        let mut nested = [5.0f32; 81];
        for (i, v) in nested.iter_mut().enumerate() {
            let (c, r) = (i % 9, i / 9);
            if (2..7).contains(&c) && (2..7).contains(&r) && (c, r) != (4, 4) {
                *v = -300.0;
            }
        }
        let nested = shape(9, &nested, 0.0);
        assert_eq!(nested.0.iter().map(|p| p.interiors().len()).collect::<Vec<_>>(), [1, 0]);
    }

    proptest! {
        #[test]
        fn valid_and_around_the_right_samples(
            columns in 1usize..9,
            values in prop::collection::vec(prop_oneof![4 => -120.0f32..-60.0, 1 => Just(f32::NAN), 1 => Just(-200.0)], 1..70),
        ) {
            let values = &values[..values.len() / columns * columns];
            prop_assume!(!values.is_empty());
            let found = shape(columns, values, -95.0);
            prop_assert!(found.is_valid(), "{found:?}");
            for p in &found.0 {
                prop_assert!(doubled_area(p.exterior()) > 0.0);
                prop_assert!(p.interiors().iter().all(|h| doubled_area(h) < 0.0));
            }
            for (i, v) in values.iter().enumerate() {
                let at = Point::new((i % columns) as f64, -((i / columns) as f64));
                prop_assert_eq!(found.contains(&at), *v >= -95.0, "{} {}", i, v);
            }
        }
    }
}
