//! Places on roads from which buildings are led in.

use super::roads::RoadGraph;
use crate::geom::{LocalFrame, LonLat, Xy, along_geodesic, geodesic_m};
use crate::graph::EdgeId;
use crate::index::{LineHit, SegmentIndex};
use crate::model::records::{Barrier, Road};

/// The place on an edge that a position is led in from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Snap {
    /// Edge.
    pub edge: EdgeId,
    /// Geodesic metres from the start of the edge's line.
    pub offset_m: f64,
    /// The place.
    pub at: LonLat,
    /// Geodesic distance from the position, metres.
    pub distance_m: f64,
    /// Barriers that the straight way there crosses; zero unless there is no way around.
    pub crossings: u32,
}

/// What a barrier does to a line that crosses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Crossing {
    /// Water: passed beneath, at a price.
    Water,
    /// A railway: passed beneath, at a price and with its owner's leave.
    Rail,
    /// Anything that the settings forbid to cross.
    Wall,
}

/// Rivers, railways and walls, to be asked what a straight line crosses.
pub struct Barriers {
    segments: Vec<[LonLat; 2]>,
    kinds: Vec<Crossing>,
    walls: bool,
    index: SegmentIndex,
}

impl Barriers {
    /// An index over the lines of a barriers layer.
    #[must_use]
    pub fn new(barriers: &[Barrier]) -> Self {
        Self::with_walls(barriers, &[])
    }

    /// Like [`new`](Self::new); barriers of the kinds in `walls` are never crossed.
    #[must_use]
    pub fn with_walls(barriers: &[Barrier], walls: &[String]) -> Self {
        let kind = |b: &Barrier| match b.kind.trim().to_lowercase() {
            k if walls.iter().any(|w| w.to_lowercase() == k) => Crossing::Wall,
            k if k.contains("rail") || k.contains("铁路") || k.contains("轨道") => Crossing::Rail,
            _ => Crossing::Water,
        };
        let of = |b: &Barrier| {
            let kind = kind(b);
            b.line.windows(2).map(move |w| ([w[0], w[1]], kind)).collect::<Vec<_>>()
        };
        let (segments, kinds): (Vec<[LonLat; 2]>, Vec<Crossing>) = barriers.iter().flat_map(of).unzip();
        let index = SegmentIndex::new(segments.iter().enumerate().map(|(i, s)| (i as u32, &s[..])));
        Self { walls: kinds.contains(&Crossing::Wall), segments, kinds, index }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// How often the straight line from `a` to `b` crosses a barrier. A line that ends on one, or runs along
    /// it, doesn't cross it.
    #[must_use]
    pub fn crossings(&self, a: LonLat, b: LonLat) -> u32 {
        self.count(a, b, |_| true)
    }

    /// Whether the straight line from `a` to `b` crosses what may not be crossed.
    #[must_use]
    pub fn blocked(&self, a: LonLat, b: LonLat) -> bool {
        self.walls && self.count(a, b, |k| k == Crossing::Wall) > 0
    }

    fn count(&self, a: LonLat, b: LonLat, wanted: impl Fn(Crossing) -> bool) -> u32 {
        if self.is_empty() || a == b {
            return 0;
        }
        let middle = along_geodesic(a, b, 0.5);
        let frame = LocalFrame::new(middle);
        let [a, b] = [a, b].map(|p| frame.to_xy(p));
        // The index measures on the sphere, the frame on the ellipsoid: a hundredth more covers both.
        let near = self.index.within(middle, a.distance_m(b) * 0.505 + 0.01);
        near.iter()
            .filter(|hit| wanted(self.kinds[hit.line as usize]))
            .filter(|hit| {
                let [c, d] = self.segments[hit.line as usize].map(|p| frame.to_xy(p));
                side(a, b, c) * side(a, b, d) <= 0.0
                    && side(a, b, c) != side(a, b, d)
                    // The far vertex of a barrier's segment is the near one of the next: count it once.
                    && side(a, b, d) != 0.0
                    && side(c, d, a) * side(c, d, b) < 0.0
            })
            .count() as u32
    }
}

/// Twice the area of a triangle, positive when its corners turn left.
fn cross(a: Xy, b: Xy, c: Xy) -> f64 {
    (b.x_m - a.x_m) * (c.y_m - a.y_m) - (b.y_m - a.y_m) * (c.x_m - a.x_m)
}

/// −1, 0 or 1: on which side of the line from `a` to `b` the point `c` lies.
fn side(a: Xy, b: Xy, c: Xy) -> f64 {
    let area = cross(a, b, c);
    if area == 0.0 { 0.0 } else { area.signum() }
}

/// Finds the nearest place on any road on land.
pub struct Snapper<'g, 'r> {
    roads: &'g RoadGraph<'r>,
    index: SegmentIndex,
    barriers: Barriers,
}

impl<'g, 'r> Snapper<'g, 'r> {
    /// An index over all edges on land, and barriers.
    #[must_use]
    pub fn new(roads: &'g RoadGraph<'r>, barriers: &[Barrier]) -> Self {
        Self::with_walls(roads, barriers, &[])
    }

    /// Like [`new`](Self::new); barriers of the kinds in `walls` are never crossed.
    #[must_use]
    pub fn with_walls(roads: &'g RoadGraph<'r>, barriers: &[Barrier], walls: &[String]) -> Self {
        let on_land = roads.graph().edges().filter(|&e| !roads.is_water(e));
        let lines = on_land.map(|e| (e.0, roads.line(e)));
        Self { roads, index: SegmentIndex::new(lines), barriers: Barriers::with_walls(barriers, walls) }
    }

    /// The roads.
    #[must_use]
    pub fn roads(&self) -> &'g RoadGraph<'r> {
        self.roads
    }

    /// The barriers.
    #[must_use]
    pub fn barriers(&self) -> &Barriers {
        &self.barriers
    }

    /// The nearest place on a road within `radius_m` that is reached without crossing a barrier; if there is
    /// none, the nearest with the fewest crossings. `None`: no road that near, or only behind a wall.
    #[must_use]
    pub fn snap(&self, at: LonLat, radius_m: f64) -> Option<Snap> {
        self.snap_to(at, radius_m, |_| true)
    }

    /// Like [`snap`](Self::snap), on the edges that `usable` admits.
    #[must_use]
    pub fn snap_to(&self, at: LonLat, radius_m: f64, usable: impl Fn(EdgeId) -> bool) -> Option<Snap> {
        let nearest = self.index.nearest_of(at, radius_m, |e| usable(EdgeId(e)))?;
        let first = self.finish(at, &nearest);
        if first.crossings == 0 {
            return Some(first);
        }
        let mut reach = (nearest.distance_m * 2.0).max(50.0);
        loop {
            let hits = self.index.within(at, reach.min(radius_m));
            let best = hits
                .iter()
                .filter(|h| usable(EdgeId(h.line)))
                .map(|h| self.finish(at, h))
                .filter(|s| !self.barriers.blocked(at, s.at))
                .min_by(|a, b| a.crossings.cmp(&b.crossings).then(a.distance_m.total_cmp(&b.distance_m)));
            match best {
                Some(b) if b.crossings == 0 || reach >= radius_m => return Some(b),
                None if reach >= radius_m => return Some(first).filter(|s| !self.barriers.blocked(at, s.at)),
                _ => reach *= 2.0,
            }
        }
    }

    /// Every edge that comes within `radius_m`, with its nearest place, nearest first.
    pub fn within(&self, at: LonLat, radius_m: f64) -> impl Iterator<Item = Snap> + '_ {
        self.index.within(at, radius_m).into_iter().map(move |h| self.finish(at, &h))
    }

    /// Crossings of each edge's line with the barriers, for what is dug along it: none where the road goes
    /// over or under on a bridge or in a tunnel, and none over water. Edge, offset and kind, in order of the first two.
    #[must_use]
    pub fn edge_crossings(&self) -> Vec<(EdgeId, f64, Crossing)> {
        let mut found: Vec<(EdgeId, f64, Crossing)> = Vec::new();
        for (s, &kind) in self.barriers.segments.iter().zip(&self.barriers.kinds) {
            let middle = along_geodesic(s[0], s[1], 0.5);
            let frame = LocalFrame::new(middle);
            let [a, b] = s.map(|p| frame.to_xy(p));
            for hit in self.index.within(middle, a.distance_m(b) * 0.505 + 0.01) {
                let edge = EdgeId(hit.line);
                let (line, along) = (self.roads.line(edge), self.roads.along(edge));
                for (i, w) in line.windows(2).enumerate() {
                    let [c, d] = [w[0], w[1]].map(|p| frame.to_xy(p));
                    let (from, to) = (cross(a, b, c), cross(a, b, d));
                    let parted = side(a, b, c) * side(a, b, d) < 0.0;
                    if parted && side(c, d, a) * side(c, d, b) <= 0.0 && side(c, d, b) != 0.0 {
                        let at = along[i] + from / (from - to) * (along[i + 1] - along[i]);
                        let over = self.roads.stretches(edge, at - 1e-6, at + 1e-6);
                        let ground = |road: &Road| !road.bridge && !road.tunnel;
                        if over.into_iter().all(|(r, ..)| ground(&self.roads.roads().list[r as usize])) {
                            found.push((edge, at, kind));
                        }
                    }
                }
            }
        }
        found.sort_by(|x, y| x.0.cmp(&y.0).then(x.1.total_cmp(&y.1)));
        found
    }

    fn finish(&self, at: LonLat, hit: &LineHit) -> Snap {
        let edge = EdgeId(hit.line);
        let (line, along) = (self.roads.line(edge), self.roads.along(edge));
        let i = hit.segment as usize;
        let offset_m = along[i] + hit.share * (along[i + 1] - along[i]);
        // A hit on a vertex is that vertex, to the bit.
        let place = match hit.share {
            s if s <= 0.0 => line[i],
            s if s >= 1.0 => line[i + 1],
            _ => hit.at,
        };
        Snap {
            edge,
            offset_m,
            at: place,
            distance_m: geodesic_m(at, place),
            crossings: self.barriers.crossings(at, place),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::roads::sample::{p, roads};
    use super::*;
    use crate::model::records::Origin;

    fn river(points: &[(f64, f64)]) -> Barrier {
        let line = points.iter().map(|&(x, y)| p(x, y)).collect();
        Barrier { kind: "river".into(), line, origin: Origin::default() }
    }

    #[test]
    fn snaps_between_vertices_and_within_reach() {
        let r = roads(&[&[(0.0, 0.0), (10.0, 0.0), (20.0, 0.0)], &[(10.0, 0.0), (10.0, 10.0)]]);
        let g = RoadGraph::new(&r, 1.0).unwrap();
        let snapper = Snapper::new(&g, &[]);
        let s = snapper.snap(p(4.0, 1.0), 500.0).unwrap();
        assert!((s.distance_m - geodesic_m(p(4.0, 1.0), p(4.0, 0.0))).abs() < 0.01, "{s:?}");
        assert!((s.offset_m - geodesic_m(p(0.0, 0.0), p(4.0, 0.0))).abs() < 0.01);
        assert!(geodesic_m(g.point_at(s.edge, s.offset_m), s.at) < 0.01);
        assert_eq!(snapper.snap(p(4.0, 1.0), 100.0), None);
    }

    #[test]
    fn goes_round_a_river_when_it_can() {
        let r = roads(&[&[(0.0, 0.0), (10.0, 0.0)], &[(0.0, 5.0), (10.0, 5.0)]]);
        let g = RoadGraph::new(&r, 1.0).unwrap();
        let bent = [river(&[(-5.0, 1.0), (5.0, 1.0), (15.0, 1.2)])];
        let snapper = Snapper::new(&g, &bent);
        // The nearer road lies beyond the river.
        let s = snapper.snap(p(5.0, 2.0), 1_000.0).unwrap();
        assert_eq!((s.crossings, (s.at.lat_deg() * 1e4).round()), (0, (p(5.0, 5.0).lat_deg() * 1e4).round()));
        // With no road on this side in reach, the river is crossed and counted, at its vertex once.
        let s = snapper.snap(p(5.0, 2.0), 300.0).unwrap();
        assert_eq!((s.crossings, s.edge), (1, EdgeId(0)));
    }

    #[test]
    fn nothing_is_led_in_from_the_water() {
        // A street to the quay at 5, a ferry from there that bends, and a street on the far shore.
        let mut r = roads(&[
            &[(0.0, 0.0), (5.0, 0.0)],
            &[(5.0, 0.0), (10.0, 1.0), (20.0, 0.0)],
            &[(20.0, 0.0), (25.0, 0.0)],
        ]);
        r.list[1].class = crate::model::kinds::RoadClass::Ferry;
        let g = RoadGraph::new(&r, 1.0).unwrap();
        // The quays are junctions though only two lines meet there.
        let water: Vec<EdgeId> = g.graph().edges().filter(|&e| g.is_water(e)).collect();
        assert_eq!((g.graph().edge_count(), water.len(), g.shores(water[0])), (3, 1, [true, true]));
        let snapper = Snapper::new(&g, &[river(&[(12.0, -5.0), (12.0, 5.0)])]);
        let s = snapper.snap(p(8.0, 1.0), 2_000.0).unwrap();
        assert_eq!(s.at, p(5.0, 0.0));
        assert_eq!(snapper.edge_crossings(), []);
        assert_eq!(snapper.within(p(12.0, 0.8), 200.0).count(), 0);
    }

    #[test]
    fn what_is_dug_across_a_river_is_counted_unless_a_bridge_carries_it() {
        let mut r = roads(&[&[(0.0, -4.0), (0.0, 4.0)], &[(5.0, -4.0), (5.0, 4.0)]]);
        r.list[1].bridge = true;
        let g = RoadGraph::new(&r, 1.0).unwrap();
        let snapper = Snapper::new(&g, &[river(&[(-9.0, 1.0), (0.0, 1.0), (9.0, 1.0)])]);
        let found = snapper.edge_crossings();
        assert_eq!(found.len(), 1);
        assert!((found[0].1 - geodesic_m(p(0.0, -4.0), p(0.0, 1.0))).abs() < 0.01);
    }
}
