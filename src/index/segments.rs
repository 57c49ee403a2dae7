//! Lines on the unit sphere, as great-circle arcs between their vertices.

use super::descent::descend;
use super::points::{chord2, reach_chord2};
use crate::geom::{LonLat, chord2_to_m};
use rstar::primitives::CachedEnvelope;
use rstar::{AABB, PointDistance, RTree, RTreeObject};

/// The place on a line that is nearest to a position.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LineHit {
    /// Number of the line, as the index was given it.
    pub line: u32,
    /// Segment of that line: between its vertices `segment` and `segment + 1`.
    pub segment: u32,
    /// How far along the segment, 0 at its first vertex and 1 at its second.
    pub share: f64,
    /// The place itself.
    pub at: LonLat,
    /// Great-circle distance from the position asked about, metres.
    pub distance_m: f64,
}

struct Arc {
    a: [f64; 3],
    b: [f64; 3],
    line: u32,
    segment: u32,
}

impl RTreeObject for Arc {
    type Envelope = AABB<[f64; 3]>;

    fn envelope(&self) -> Self::Envelope {
        // An arc bulges out of its chord's box by at most its sagitta: 1 − cos(θ/2), with chord 2 sin(θ/2).
        let half2 = (chord2(&self.a, &self.b) / 4.0).min(1.0);
        let bulge = half2 / (1.0 + (1.0 - half2).sqrt());
        let low = std::array::from_fn(|i| self.a[i].min(self.b[i]) - bulge);
        let high = std::array::from_fn(|i| self.a[i].max(self.b[i]) + bulge);
        AABB::from_corners(low, high)
    }
}

impl PointDistance for Arc {
    fn distance_2(&self, p: &[f64; 3]) -> f64 {
        chord2(&self.foot(p).1, p)
    }
}

impl Arc {
    /// The point nearest to `p`: where along the arc it is, and its unit vector.
    fn foot(&self, p: &[f64; 3]) -> (Foot, [f64; 3]) {
        let d = sub(&self.b, &self.a);
        let normal = cross(&self.a, &d);
        let n2 = dot(&normal, &normal);
        if n2 > 0.0 {
            let off = dot(p, &normal) / n2;
            let q: [f64; 3] = std::array::from_fn(|i| p[i] - off * normal[i]);
            let length = dot(&q, &q).sqrt();
            if length > 0.0 {
                let q = q.map(|v| v / length);
                let after_a = dot(&cross(&self.a, &q), &normal) >= 0.0;
                let before_b = dot(&cross(&q, &self.b), &normal) >= 0.0;
                if after_a && before_b {
                    return (Foot::Between, q);
                }
            }
        }
        if chord2(&self.a, p) <= chord2(&self.b, p) { (Foot::Start, self.a) } else { (Foot::End, self.b) }
    }

    /// How far along the arc a foot is.
    fn share(&self, foot: Foot, q: &[f64; 3]) -> f64 {
        match foot {
            Foot::Start => 0.0,
            Foot::End => 1.0,
            Foot::Between => {
                let whole = chord2_to_m(chord2(&self.a, &self.b));
                let part = chord2_to_m(chord2(&self.a, q));
                if whole > 0.0 { (part / whole).min(1.0) } else { 0.0 }
            }
        }
    }
}

/// Where on an arc its point nearest to another is.
#[derive(Clone, Copy)]
enum Foot {
    Start,
    End,
    Between,
}

/// Lines to be found by nearness. Consecutive vertices are joined by the great circle, never the long way
/// round; lines cross the antimeridian as any other meridian.
pub struct SegmentIndex {
    tree: RTree<CachedEnvelope<Arc>>,
}

impl SegmentIndex {
    /// An index over lines, each with the number that hits name it by. Segments of no length are left out,
    /// as are lines of a single vertex.
    #[must_use]
    pub fn new<'a>(lines: impl IntoIterator<Item = (u32, &'a [LonLat])>) -> Self {
        let mut arcs = Vec::new();
        for (line, vertices) in lines {
            for (segment, w) in vertices.windows(2).enumerate() {
                let (a, b) = (w[0].unit(), w[1].unit());
                if a != b {
                    arcs.push(CachedEnvelope::new(Arc { a, b, line, segment: segment as u32 }));
                }
            }
        }
        Self { tree: RTree::bulk_load(arcs) }
    }

    /// How many segments there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tree.size()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tree.size() == 0
    }

    /// The nearest place on any line within `radius_m`; of several as near, the one of least line and
    /// segment.
    #[must_use]
    pub fn nearest(&self, at: LonLat, radius_m: f64) -> Option<LineHit> {
        self.nearest_of(at, radius_m, |_| true)
    }

    /// The nearest place within `radius_m` on the lines that `wanted` accepts.
    #[must_use]
    pub fn nearest_of(&self, at: LonLat, radius_m: f64, wanted: impl Fn(u32) -> bool) -> Option<LineHit> {
        let from = at.unit();
        let mut best: Option<(f64, &Arc)> = None;
        descend(&self.tree, &from, reach_chord2(radius_m), |arc, bound| {
            let d = arc.distance_2(&from);
            let first = |(least, b): (f64, &Arc)| {
                d < least || (d == least && (arc.line, arc.segment) < (b.line, b.segment))
            };
            if d <= *bound && wanted(arc.line) && best.is_none_or(first) {
                best = Some((d, arc));
                *bound = d;
            }
        });
        best.map(|(_, arc)| hit(arc, &from))
    }

    /// The nearest place on every line within `radius_m`, one per line, by distance and then line.
    #[must_use]
    pub fn within(&self, at: LonLat, radius_m: f64) -> Vec<LineHit> {
        let from = at.unit();
        let near = self.tree.locate_within_distance(from, reach_chord2(radius_m));
        let mut found: Vec<LineHit> = near.map(|arc| hit(arc, &from)).collect();
        found.sort_unstable_by(|a, b| {
            a.line.cmp(&b.line).then(a.distance_m.total_cmp(&b.distance_m)).then(a.segment.cmp(&b.segment))
        });
        found.dedup_by_key(|h| h.line);
        found.sort_by(|a, b| a.distance_m.total_cmp(&b.distance_m));
        found
    }
}

fn hit(arc: &Arc, from: &[f64; 3]) -> LineHit {
    let (foot, q) = arc.foot(from);
    LineHit {
        line: arc.line,
        segment: arc.segment,
        share: arc.share(foot, &q),
        at: LonLat::from_unit(q),
        distance_m: chord2_to_m(chord2(&q, from)),
    }
}

fn dot(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn sub(a: &[f64; 3], b: &[f64; 3]) -> [f64; 3] {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

fn cross(a: &[f64; 3], b: &[f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::sphere_m;
    use proptest::prelude::*;

    fn p(lon: f64, lat: f64) -> LonLat {
        LonLat::wrapped(lon, lat)
    }

    #[test]
    fn meets_a_line_across_the_antimeridian() {
        let line = [p(179.9, 10.0), p(-179.9, 10.0)];
        let index = SegmentIndex::new([(7, &line[..])]);
        let h = index.nearest(p(180.0, 10.01), 5_000.0).unwrap();
        assert_eq!((h.line, h.segment), (7, 0));
        assert!((h.share - 0.5).abs() < 1e-6 && (h.distance_m - 1111.7).abs() < 1.5, "{h:?}");
        assert!(index.nearest(p(180.0, 10.2), 5_000.0).is_none());
    }

    #[test]
    fn a_vertex_shared_by_two_lines_goes_to_the_first() {
        let (a, b) = ([p(0.0, 0.0), p(1.0, 0.0)], [p(0.0, 0.0), p(-1.0, 0.0)]);
        let index = SegmentIndex::new([(1, &a[..]), (0, &b[..])]);
        let h = index.nearest(p(0.0, 0.5), 1e6).unwrap();
        assert_eq!((h.line, h.share), (0, 0.0));
        assert_eq!(index.nearest_of(p(0.0, 0.5), 1e6, |l| l == 1).unwrap().line, 1);
    }

    proptest! {
        #[test]
        fn no_point_of_any_line_is_nearer(
            origin in (-180.0..180.0f64, -88.0..88.0f64),
            lines in prop::collection::vec(prop::collection::vec((-3.0..3.0f64, -2.0..2.0f64), 2..6), 1..12),
            at in (-3.0..3.0f64, -2.0..2.0f64),
        ) {
            let place = |d: (f64, f64)| p(origin.0 + d.0, (origin.1 + d.1).clamp(-90.0, 90.0));
            let lines: Vec<Vec<LonLat>> =
                lines.iter().map(|l| l.iter().map(|&d| place(d)).collect()).collect();
            let index = SegmentIndex::new(lines.iter().enumerate().map(|(i, l)| (i as u32, &l[..])));
            let at = place(at);
            if let Some(h) = index.nearest(at, f64::INFINITY) {
                prop_assert!((sphere_m(at, h.at) - h.distance_m).abs() < 1e-3);
                // Steps along each arc, by normalised chords.
                let mut least = f64::INFINITY;
                for l in &lines {
                    for w in l.windows(2) {
                        let (a, b) = (w[0].unit(), w[1].unit());
                        for i in 0..=200 {
                            let t = f64::from(i) / 200.0;
                            let q: [f64; 3] = std::array::from_fn(|k| a[k] + t * (b[k] - a[k]));
                            least = least.min(sphere_m(at, LonLat::from_unit(q)));
                        }
                    }
                }
                prop_assert!(h.distance_m <= least + 1e-3, "{} > {}", h.distance_m, least);
                prop_assert!(least - h.distance_m <= 5_000.0);
                let all = index.within(at, h.distance_m + 1.0);
                prop_assert_eq!(all.first().map(|x| x.line), Some(h.line));
            }
        }
    }
}
