//! Regions around a position.

use crate::geom::LonLat;
use crate::model::kinds::RegionLevel;
use crate::model::records::Region;
use geo::MultiPolygon;
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

/// How far outside every region a position still counts as in the nearest one, metres: borders are drawn coarsely,
/// and plants stand on river banks and shores.
pub const MARGIN_M: f64 = 10_000.0;

/// A degree of latitude, metres; as good as a border drawn coarsely.
const DEGREE_M: f64 = 111_195.0;

/// A region's edges, sorted into bands of latitude so that a test looks at a few of them only.
struct Banded {
    low: f64,
    per_deg: f64,
    first: Vec<u32>,
    edges: Vec<[f64; 4]>,
    /// Edges along a parallel.
    level: Vec<[f64; 4]>,
}

impl Banded {
    fn new(shape: &MultiPolygon<f64>) -> Self {
        let rings = shape.0.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors()));
        let (mut edges, mut level) = (Vec::new(), Vec::new());
        for ring in rings {
            for w in ring.0.windows(2) {
                let e = [w[0].x, w[0].y, w[1].x, w[1].y];
                // A level edge is never crossed by the half-open rule below.
                if e.iter().all(|v| v.is_finite()) {
                    if e[1] == e[3] { level.push(e) } else { edges.push(e) }
                }
            }
        }
        let low = edges.iter().map(|e| e[1].min(e[3])).fold(f64::INFINITY, f64::min);
        let high = edges.iter().map(|e| e[1].max(e[3])).fold(f64::NEG_INFINITY, f64::max);
        let bands = (edges.len() / 4).clamp(1, 4096);
        let per_deg = if high > low { bands as f64 / (high - low) } else { 0.0 };
        let band = |y: f64| (((y - low) * per_deg) as usize).min(bands - 1);
        let mut count = vec![0u32; bands + 1];
        for e in &edges {
            for b in band(e[1].min(e[3]))..=band(e[1].max(e[3])) {
                count[b + 1] += 1;
            }
        }
        for b in 0..bands {
            count[b + 1] += count[b];
        }
        let first = count.clone();
        let mut sorted = vec![[0.0; 4]; first.last().map_or(0, |&n| n as usize)];
        for e in &edges {
            for b in band(e[1].min(e[3]))..=band(e[1].max(e[3])) {
                sorted[count[b] as usize] = *e;
                count[b] += 1;
            }
        }
        Self { low, per_deg, first, edges: sorted, level }
    }

    /// Even-odd rule with half-open edges: a position on a border shared by two regions is in one of them.
    fn contains(&self, x: f64, y: f64) -> bool {
        let bands = self.first.len().saturating_sub(1);
        if bands == 0 || !(y >= self.low) {
            return false;
        }
        let b = (((y - self.low) * self.per_deg) as usize).min(bands - 1);
        let edges = self.edges.get(self.first[b] as usize..self.first[b + 1] as usize).unwrap_or(&[]);
        let mut inside = false;
        for &[x1, y1, x2, y2] in edges {
            if (y1 > y) != (y2 > y) && x < x1 + (y - y1) / (y2 - y1) * (x2 - x1) {
                inside = !inside;
            }
        }
        inside
    }

    /// Distance to the border if it is at most so many metres, in the plane around the position.
    fn within(&self, x: f64, y: f64, most_m: f64) -> Option<f64> {
        let bands = self.first.len().saturating_sub(1);
        if bands == 0 {
            return None;
        }
        let band = |y: f64| (((y - self.low) * self.per_deg).max(0.0) as usize).min(bands - 1);
        let reach = most_m / DEGREE_M;
        let edges = self.first[band(y - reach)] as usize..self.first[band(y + reach) + 1] as usize;
        let (wide, high) = (DEGREE_M * y.to_radians().cos(), DEGREE_M);
        let to = |&[x1, y1, x2, y2]: &[f64; 4]| {
            let (a, b) = ([(x1 - x) * wide, (y1 - y) * high], [(x2 - x1) * wide, (y2 - y1) * high]);
            let long = b[0] * b[0] + b[1] * b[1];
            let t = (-(a[0] * b[0] + a[1] * b[1]) / long.max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
            (a[0] + t * b[0]).hypot(a[1] + t * b[1])
        };
        let nearest = self.edges.get(edges)?.iter().chain(&self.level).map(to).fold(f64::INFINITY, f64::min);
        (nearest <= most_m).then_some(nearest)
    }
}

/// Polygons to be found by a position inside them, for many positions.
///
/// Polygons are taken in the plane of longitude and latitude, as the layers draw them; one that spans the
/// antimeridian must be cut there (RFC 7946, section 3.1.9).
pub struct RegionIndex {
    tree: RTree<GeomWithData<Rectangle<[f64; 2]>, u32>>,
    shapes: Vec<Banded>,
    /// Of regions, whose borders have a margin; empty for bare shapes.
    levels: Vec<RegionLevel>,
}

impl RegionIndex {
    /// An index over regions. A position outside all of them counts as in the nearest of each level, if that is
    /// no farther than 10 km.
    #[must_use]
    pub fn of(regions: &[Region]) -> Self {
        let levels = regions.iter().map(|r| r.level).collect();
        Self { levels, ..Self::new(regions.iter().map(|r| &r.shape)) }
    }

    /// An index over shapes; hits name them by their place in the order given.
    #[must_use]
    pub fn new<'a>(shapes: impl IntoIterator<Item = &'a MultiPolygon<f64>>) -> Self {
        let mut banded = Vec::new();
        let mut boxes = Vec::new();
        for (i, shape) in shapes.into_iter().enumerate() {
            let b = Banded::new(shape);
            let x = |f: fn(f64, f64) -> f64, from: f64| b.edges.iter().fold(from, |m, e| f(m, f(e[0], e[2])));
            let y = |f: fn(f64, f64) -> f64, from: f64| b.edges.iter().fold(from, |m, e| f(m, f(e[1], e[3])));
            if !b.edges.is_empty() {
                let low = [x(f64::min, f64::INFINITY), y(f64::min, f64::INFINITY)];
                let high = [x(f64::max, f64::NEG_INFINITY), y(f64::max, f64::NEG_INFINITY)];
                boxes.push(GeomWithData::new(Rectangle::from_corners(low, high), i as u32));
            }
            banded.push(b);
        }
        Self { tree: RTree::bulk_load(boxes), shapes: banded, levels: Vec::new() }
    }

    /// The regions that a position lies in or counts in, in the order given, into `found` (cleared first).
    pub fn locate(&self, at: LonLat, found: &mut Vec<u32>) {
        self.around(at, found);
        if found.is_empty() {
            found.extend(self.beside(at).into_iter().map(|b| b.1));
            found.sort_unstable();
        }
    }

    /// How far a position is from the regions that it counts in without lying in any, metres.
    #[must_use]
    pub fn outside_m(&self, at: LonLat) -> Option<f64> {
        let mut found = Vec::new();
        self.around(at, &mut found);
        if !found.is_empty() {
            return None;
        }
        self.beside(at).into_iter().map(|b| b.0).reduce(f64::min)
    }

    /// The nearest region of each level within the margin, with its distance in metres.
    fn beside(&self, at: LonLat) -> Vec<(f64, u32)> {
        let (x, y) = (at.lon_deg(), at.lat_deg());
        let high = MARGIN_M / DEGREE_M;
        let wide = high / y.to_radians().cos().max(0.01);
        let near = AABB::from_corners([x - wide, y - high], [x + wide, y + high]);
        let mut nearest: Vec<(f64, u32)> = Vec::new();
        if self.levels.is_empty() {
            return nearest;
        }
        let level = |i: u32| self.levels.get(i as usize).copied();
        for i in self.tree.locate_in_envelope_intersecting(near).map(|b| b.data) {
            let Some(m) = self.shapes.get(i as usize).and_then(|s| s.within(x, y, MARGIN_M)) else {
                continue;
            };
            match nearest.iter_mut().find(|n| level(n.1) == level(i)) {
                Some(n) if (m, i) < *n => *n = (m, i),
                Some(_) => {}
                None => nearest.push((m, i)),
            }
        }
        nearest
    }

    /// The regions that a position lies in, in the order given, into `found` (cleared first).
    pub fn around(&self, at: LonLat, found: &mut Vec<u32>) {
        found.clear();
        let (x, y) = (at.lon_deg(), at.lat_deg());
        let near = self.tree.locate_in_envelope_intersecting(AABB::from_point([x, y])).map(|b| b.data);
        found.extend(near.filter(|&i| self.shapes.get(i as usize).is_some_and(|s| s.contains(x, y))));
        found.sort_unstable();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::{Contains, Coord, LineString, Point, Polygon};
    use proptest::prelude::*;

    /// A star around a centre: simple whatever the radii.
    fn star(centre: (f64, f64), radii: &[f64]) -> LineString<f64> {
        let n = radii.len() as f64;
        let mut ring: Vec<Coord<f64>> = radii
            .iter()
            .enumerate()
            .map(|(i, r)| {
                let a = std::f64::consts::TAU * i as f64 / n;
                Coord { x: centre.0 + r * a.cos(), y: centre.1 + r * a.sin() }
            })
            .collect();
        ring.push(ring[0]);
        LineString(ring)
    }

    proptest! {
        #[test]
        fn agrees_with_geo(
            radii in prop::collection::vec(1.0..3.0f64, 3..60),
            hole in prop::collection::vec(0.1..0.4f64, 3..20),
            centres in prop::collection::vec((-8.0..8.0f64, -8.0..8.0f64), 1..6),
            at in prop::collection::vec((-10.0..10.0f64, -10.0..10.0f64), 40),
        ) {
            let shapes: Vec<MultiPolygon<f64>> = centres
                .iter()
                .map(|&c| MultiPolygon(vec![Polygon::new(star(c, &radii), vec![star(c, &hole)])]))
                .collect();
            let index = RegionIndex::new(&shapes);
            let mut found = Vec::new();
            for (x, y) in at.into_iter().chain(centres.iter().copied()) {
                index.locate(LonLat::wrapped(x, y), &mut found);
                let expect: Vec<u32> =
                    (0..shapes.len() as u32).filter(|&i| shapes[i as usize].contains(&Point::new(x, y))).collect();
                prop_assert_eq!(&found, &expect);
            }
        }
    }

    #[test]
    fn what_stands_a_little_outside_counts_in_the_nearest() {
        let region = |level, x: f64, width: f64| {
            let r = vec![(x, 30.0), (x + width, 30.0), (x + width, 31.0), (x, 31.0), (x, 30.0)];
            let shape = MultiPolygon(vec![Polygon::new(LineString::from(r), vec![])]);
            Region { level, shape, ..crate::synth::demo().regions[0].clone() }
        };
        let (city, province) = (RegionLevel::City, RegionLevel::Province);
        let index = RegionIndex::of(&[
            region(city, 118.0, 1.0),
            region(city, 119.0, 1.0),
            region(province, 118.0, 2.0),
        ]);
        let mut found = Vec::new();
        let mut at = |x, y| {
            index.locate(LonLat::wrapped(x, y), &mut found);
            found.clone()
        };
        assert_eq!(at(118.5, 30.5), [0, 2]);
        // 5.6 km south of the middle of a border, 4.8 km east of one; 16.7 km south.
        assert_eq!(at(119.5, 29.95), [1, 2]);
        assert_eq!(at(120.05, 30.5), [1, 2]);
        assert_eq!(at(119.5, 29.85), [0; 0]);
        assert_eq!(index.outside_m(LonLat::wrapped(118.5, 30.5)), None);
        let m = index.outside_m(LonLat::wrapped(119.5, 29.95)).unwrap();
        assert!((m - 5_544.0).abs() < 30.0, "{m}");
    }

    #[test]
    fn a_shared_border_belongs_to_one_side() {
        let square = |x: f64| {
            let r = vec![(x, 0.0), (x + 1.0, 0.0), (x + 1.0, 1.0), (x, 1.0), (x, 0.0)];
            MultiPolygon(vec![Polygon::new(LineString::from(r), vec![])])
        };
        let index = RegionIndex::new(&[square(0.0), square(1.0)]);
        let mut found = Vec::new();
        for y in [0.0, 0.25, 0.5, 0.999] {
            index.locate(LonLat::wrapped(1.0, y), &mut found);
            assert_eq!(found.len(), 1, "{y}");
        }
    }
}
