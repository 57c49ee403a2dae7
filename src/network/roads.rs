//! Roads as a graph of junctions.

use crate::geom::{LonLat, along_geodesic, azimuth_deg, geodesic_m};
use crate::graph::{EdgeId, Graph, GraphError, NodeId, components};
use crate::model::kinds::{Basis, RoadClass};
use crate::model::records::{Road, Roads};
use rayon::prelude::*;
use std::ops::Range;

const NONE: u32 = u32::MAX;

/// A stretch of an edge that belongs to one road.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Index in [`Roads::list`].
    pub road: u32,
    /// Last vertex of the stretch, counted along the edge; the stretch starts where the one before it ends.
    pub last_vertex: u32,
}

/// A connected piece of the road network.
#[derive(Clone, Debug, PartialEq)]
pub struct RoadComponent {
    /// Number of junctions and ends.
    pub nodes: u32,
    /// Number of edges.
    pub edges: u32,
    /// Length of its roads, metres.
    pub length_m: f64,
    /// One of its nodes, for finding it on a map.
    pub at: LonLat,
}

/// Roads between junctions, with the geometry and the roads that each edge is made of.
///
/// Roads join where they share a vertex identity, or, in a layer without identities, where vertices coincide
/// at 1e-7°. There, the inner vertices of a bridge and of the road below stay apart even if they coincide.
/// A vertex where only two stretches meet is no junction; an edge runs through it, but for a quay: an edge lies
/// wholly on land or wholly over water ([`RoadClass::Ferry`]).
#[derive(Clone, Debug)]
pub struct RoadGraph<'r> {
    roads: &'r Roads,
    graph: Graph,
    nodes: Box<[LonLat]>,
    points: Box<[LonLat]>,
    /// Geodesic metres from the start of the edge to each of `points`.
    along: Box<[f64]>,
    first_point: Box<[u32]>,
    parts: Box<[Part]>,
    first_part: Box<[u32]>,
    route_factor: f64,
}

impl<'r> RoadGraph<'r> {
    /// The graph of a roads layer. `route_factor` is route length over the length of the lines drawn: 1 for
    /// roads that were surveyed, more for a network that was inferred.
    ///
    /// # Errors
    /// More junctions or edges than a graph can number.
    pub fn new(roads: &'r Roads, route_factor: f64) -> Result<Self, GraphError> {
        let chains = Chains::new(roads);
        let mut first_point = vec![0u32];
        let mut first_part = vec![0u32];
        let mut parts: Vec<Part> = Vec::new();
        let mut points: Vec<LonLat> = Vec::new();
        let mut nodes: Vec<LonLat> = Vec::new();
        let mut node_of = vec![NONE; chains.place_count];
        let mut ends = Vec::new();
        for chain in chains.walk() {
            let from = points.len();
            let mut place_before = NONE;
            let mut chain_ends = [NONE; 2];
            for &(piece, reversed) in &chain {
                let Piece { road, first, last } = chains.pieces[piece as usize];
                for i in 0..=(last - first) {
                    let vertex = (if reversed { last - i } else { first + i }) as usize;
                    let place = chains.place[vertex];
                    if place == place_before {
                        continue;
                    }
                    points.push(roads.points[vertex]);
                    if place_before == NONE {
                        chain_ends[0] = place;
                    }
                    place_before = place;
                    chain_ends[1] = place;
                }
                let last_vertex = (points.len() - from - 1) as u32;
                let mine = first_part.last().map_or(0, |&f| f as usize);
                match parts[mine..].last_mut() {
                    Some(p) if p.road == road => p.last_vertex = last_vertex,
                    _ => parts.push(Part { road, last_vertex }),
                }
            }
            first_point.push(points.len() as u32);
            first_part.push(parts.len() as u32);
            ends.push(chain_ends.map(|place| {
                let node = &mut node_of[place as usize];
                if *node == NONE {
                    *node = nodes.len() as u32;
                    let end = if place == chain_ends[0] { from } else { points.len() - 1 };
                    nodes.push(points[end]);
                }
                *node
            }));
        }
        let along: Vec<f64> = (0..ends.len())
            .into_par_iter()
            .flat_map_iter(|e| {
                let line = &points[first_point[e] as usize..first_point[e + 1] as usize];
                let mut sum = 0.0;
                (0..line.len()).map(move |i| {
                    sum += if i == 0 { 0.0 } else { geodesic_m(line[i - 1], line[i]) };
                    sum
                })
            })
            .collect();
        let edges: Vec<(u32, u32, f64)> = ends
            .iter()
            .enumerate()
            .map(|(e, &[a, b])| (a, b, along[first_point[e + 1] as usize - 1] * route_factor))
            .collect();
        Ok(Self {
            roads,
            graph: Graph::from_edges(nodes.len(), &edges)?,
            nodes: nodes.into(),
            points: points.into(),
            along: along.into(),
            first_point: first_point.into(),
            parts: parts.into(),
            first_part: first_part.into(),
            route_factor,
        })
    }

    /// The topology; weights are route metres.
    #[must_use]
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The roads that it was made of.
    #[must_use]
    pub fn roads(&self) -> &'r Roads {
        self.roads
    }

    /// Whether the right of way was given or inferred.
    #[must_use]
    pub fn basis(&self) -> Basis {
        if self.roads.inferred { Basis::Inferred } else { Basis::Given }
    }

    /// Route length over the length of the lines.
    #[must_use]
    pub fn route_factor(&self) -> f64 {
        self.route_factor
    }

    /// Position of a junction.
    #[must_use]
    pub fn position(&self, node: NodeId) -> LonLat {
        self.nodes[node.index()]
    }

    /// The line of an edge, from its first end to its second.
    #[must_use]
    pub fn line(&self, edge: EdgeId) -> &[LonLat] {
        &self.points[self.point_range(edge)]
    }

    /// Geodesic metres from the start of an edge to each vertex of its line.
    #[must_use]
    pub fn along(&self, edge: EdgeId) -> &[f64] {
        &self.along[self.point_range(edge)]
    }

    /// Geodesic length of an edge's line, metres.
    #[must_use]
    pub fn length_m(&self, edge: EdgeId) -> f64 {
        self.along(edge).last().copied().unwrap_or(0.0)
    }

    /// The roads that an edge follows, in the direction of its line.
    #[must_use]
    pub fn parts(&self, edge: EdgeId) -> &[Part] {
        let e = edge.index();
        &self.parts[self.first_part[e] as usize..self.first_part[e + 1] as usize]
    }

    /// Whether an edge lies over water, where nothing is dug or led in.
    #[must_use]
    pub fn is_water(&self, edge: EdgeId) -> bool {
        self.parts(edge).first().is_some_and(|p| is_ferry(self.roads, p.road))
    }

    /// Which ends of an edge over water lie on a shore: where a road meets it, or nothing does.
    #[must_use]
    pub fn shores(&self, edge: EdgeId) -> [bool; 2] {
        let afloat =
            |v: NodeId| self.graph.degree(v) > 1 && self.graph.arcs(v).all(|(e, _)| self.is_water(e));
        self.graph.ends(edge).map(|v| !afloat(v))
    }

    /// The stretches of an edge between two offsets in geodesic metres, each with its road (by index) and its
    /// own two offsets.
    pub fn stretches(
        &self,
        edge: EdgeId,
        from_m: f64,
        to_m: f64,
    ) -> impl Iterator<Item = (u32, f64, f64)> + '_ {
        let along = self.along(edge);
        let mut start = 0.0;
        self.parts(edge).iter().filter_map(move |part| {
            let end = along[part.last_vertex as usize];
            let (a, b) = (from_m.max(start), to_m.min(end));
            start = end;
            (b > a).then_some((part.road, a, b))
        })
    }

    /// The point of an edge at an offset in geodesic metres.
    #[must_use]
    pub fn point_at(&self, edge: EdgeId, offset_m: f64) -> LonLat {
        let (line, along) = (self.line(edge), self.along(edge));
        let next = along.partition_point(|&m| m <= offset_m).clamp(1, line.len() - 1);
        let (start, end) = (along[next - 1], along[next]);
        let share = if end > start { (offset_m - start) / (end - start) } else { 0.0 };
        match share {
            s if s <= 0.0 => line[next - 1],
            s if s >= 1.0 => line[next],
            s => along_geodesic(line[next - 1], line[next], s),
        }
    }

    /// Direction of an edge's line at an offset, degrees clockwise from north.
    #[must_use]
    pub fn azimuth_at(&self, edge: EdgeId, offset_m: f64) -> f64 {
        let (line, along) = (self.line(edge), self.along(edge));
        let next = along.partition_point(|&m| m <= offset_m).clamp(1, line.len() - 1);
        azimuth_deg(line[next - 1], line[next])
    }

    /// The line of an edge between two offsets in geodesic metres, `from_m` ≤ `to_m`.
    #[must_use]
    pub fn line_between(&self, edge: EdgeId, from_m: f64, to_m: f64) -> Vec<LonLat> {
        let (line, along) = (self.line(edge), self.along(edge));
        let mut out = vec![self.point_at(edge, from_m)];
        let inner = along.partition_point(|&m| m <= from_m)..along.partition_point(|&m| m < to_m);
        out.extend(line.get(inner).unwrap_or(&[]));
        out.push(self.point_at(edge, to_m));
        out
    }

    /// The pieces that the network falls into, longest first. Nothing joins them: a gap in the data is
    /// listed, not repaired.
    #[must_use]
    pub fn components(&self) -> Vec<RoadComponent> {
        let parts = components(&self.graph, |_| true);
        let mut list: Vec<RoadComponent> = parts
            .sizes
            .iter()
            .map(|&nodes| RoadComponent { nodes, edges: 0, length_m: 0.0, at: LonLat::wrapped(0.0, 0.0) })
            .collect();
        for (v, &c) in parts.of.iter().enumerate().rev() {
            list[c as usize].at = self.nodes[v];
        }
        for e in self.graph.edges() {
            let c = &mut list[parts.of[self.graph.ends(e)[0].index()] as usize];
            c.edges += 1;
            c.length_m += self.length_m(e);
        }
        list.sort_by(|a, b| b.length_m.total_cmp(&a.length_m));
        list
    }

    fn point_range(&self, edge: EdgeId) -> Range<usize> {
        let e = edge.index();
        self.first_point[e] as usize..self.first_point[e + 1] as usize
    }
}

/// A stretch of one road between places where it may branch; `first..=last` in [`Roads::points`].
#[derive(Clone, Copy)]
struct Piece {
    road: u32,
    first: u32,
    last: u32,
}

/// Pieces of roads, and which of them continue each other.
struct Chains {
    place: Vec<u32>,
    place_count: usize,
    pieces: Vec<Piece>,
    /// For each piece's start (2i) and end (2i + 1) the end of the only other piece there.
    mate: Vec<u32>,
}

impl Chains {
    fn new(roads: &Roads) -> Self {
        let (place, place_count) = places(roads);
        let mut degree = vec![0u8; place_count];
        for road in &roads.list {
            for w in place[vertices(roads, road)].windows(2).filter(|w| w[0] != w[1]) {
                for &p in w {
                    degree[p as usize] = degree[p as usize].saturating_add(1);
                }
            }
        }
        let mut pieces = Vec::new();
        for (r, road) in roads.list.iter().enumerate() {
            let Range { mut start, end } = vertices(roads, road);
            let mut moved = false;
            for v in start + 1..end {
                let step = place[v] != place[v - 1];
                moved |= step;
                if moved && (v + 1 == end || (step && degree[place[v] as usize] != 2)) {
                    pieces.push(Piece { road: r as u32, first: start as u32, last: v as u32 });
                    start = v;
                    moved = false;
                }
            }
        }
        let mut joints: Vec<(u32, u32)> = Vec::new();
        for (i, p) in pieces.iter().enumerate() {
            for (side, v) in [p.first, p.last].into_iter().enumerate() {
                let at = place[v as usize];
                if degree[at as usize] == 2 {
                    joints.push((at, (2 * i + side) as u32));
                }
            }
        }
        joints.sort_unstable();
        let mut mate = vec![NONE; pieces.len() * 2];
        let afloat = |end: u32| is_ferry(roads, pieces[end as usize / 2].road);
        for pair in joints.chunk_by(|a, b| a.0 == b.0) {
            if let [(_, a), (_, b)] = *pair
                && afloat(a) == afloat(b)
            {
                mate[a as usize] = b;
                mate[b as usize] = a;
            }
        }
        Self { place, place_count, pieces, mate }
    }

    /// The chains from junction to junction, then the rings that touch none.
    fn walk(&self) -> impl Iterator<Item = Vec<(u32, bool)>> + '_ {
        let mut used = vec![false; self.pieces.len()];
        let count = self.pieces.len() as u32;
        let open = (0..count).map(|p| (p, false));
        let rings = (0..count).map(|p| (p, true));
        open.chain(rings).filter_map(move |(p, ring)| {
            if used[p as usize] {
                return None;
            }
            let reversed = match (self.mate[2 * p as usize], self.mate[2 * p as usize + 1]) {
                (NONE, _) => false,
                (_, NONE) => true,
                _ if ring => false,
                _ => return None,
            };
            let mut chain = vec![(p, reversed)];
            used[p as usize] = true;
            let mut end = 2 * p + u32::from(!reversed);
            loop {
                let next = self.mate[end as usize];
                let (piece, enters_at_end) = (next / 2, next % 2 == 1);
                if next == NONE || std::mem::replace(&mut used[piece as usize], true) {
                    break;
                }
                chain.push((piece, enters_at_end));
                end = 2 * piece + u32::from(!enters_at_end);
            }
            Some(chain)
        })
    }
}

fn is_ferry(roads: &Roads, road: u32) -> bool {
    roads.list.get(road as usize).is_some_and(|r| r.class == RoadClass::Ferry)
}

/// Indices of a road's vertices in [`Roads::points`]; empty when the record points outside.
fn vertices(roads: &Roads, road: &Road) -> Range<usize> {
    let first = road.first as usize;
    first..first + roads.line(road).len()
}

/// Marks the first and last vertex of a road in [`heights`].
const END: u8 = 4;

/// Height of every vertex: 0 on the ground, 1 on a bridge, 2 in a tunnel; with [`END`] at ends of roads.
fn heights(roads: &Roads) -> Vec<u8> {
    let mut height = vec![0u8; roads.points.len()];
    for road in &roads.list {
        let range = vertices(roads, road);
        let own = if road.bridge { 1 } else { 2 * u8::from(road.tunnel) };
        for v in range.clone() {
            height[v] = own | if v == range.start || v + 1 == range.end { END } else { 0 };
        }
    }
    height
}

/// The place of every vertex, as a dense number: vertices of one place are joined.
fn places(roads: &Roads) -> (Vec<u32>, usize) {
    let n = roads.points.len();
    let by_identity = roads.node_ids.len() == n && n > 0;
    let mut keyed: Vec<(u64, u32)> = if by_identity {
        roads.node_ids.par_iter().enumerate().map(|(i, &id)| (id.cast_unsigned(), i as u32)).collect()
    } else {
        let cell = |deg: f64| u64::from(((deg * 1e7).round() as i32).cast_unsigned());
        let key = |p: &LonLat| (cell(p.lon_deg()) << 32) | cell(p.lat_deg());
        roads.points.par_iter().enumerate().map(|(i, p)| (key(p), i as u32)).collect()
    };
    keyed.par_sort_unstable();
    let height = if by_identity { vec![0; n] } else { heights(roads) };
    let mut place = vec![0u32; n];
    let mut count = 0u32;
    for group in keyed.chunk_by(|a, b| a.0 == b.0) {
        let at = |i: u32| height[i as usize];
        let pass = group.iter().map(|g| at(g.1)).filter(|h| h & END == 0).fold(0u8, |m, h| m | 1 << h);
        // Roads that pass here at different heights don't meet. A road that ends here meets those of its
        // own height, or the lowest.
        let meets = |i: u32| match at(i) & !END {
            _ if pass.count_ones() < 2 => 0,
            own if pass & (1 << own) != 0 => own,
            _ => pass.trailing_zeros() as u8,
        };
        let mut of_height = [NONE; 3];
        for &(_, i) in group {
            let slot = &mut of_height[usize::from(meets(i))];
            if *slot == NONE {
                *slot = count;
                count += 1;
            }
            place[i as usize] = *slot;
        }
    }
    (place, count as usize)
}

/// Streets for tests.
#[cfg(test)]
pub(crate) mod sample {
    use super::*;
    use crate::model::text::{Known, Text};

    /// A thousandth of a degree is one.
    pub(crate) fn p(x: f64, y: f64) -> LonLat {
        LonLat::wrapped(114.0 + x / 1000.0, 22.5 + y / 1000.0)
    }

    /// Residential streets through the given points.
    pub(crate) fn roads(lines: &[&[(f64, f64)]]) -> Roads {
        let mut roads = Roads::default();
        for line in lines {
            let first = roads.points.len() as u32;
            roads.points.extend(line.iter().map(|&(x, y)| p(x, y)));
            roads.list.push(Road {
                id: Text::NONE,
                name: Text::NONE,
                class: RoadClass::Residential,
                bridge: false,
                tunnel: false,
                surface: Text::NONE,
                dig: None,
                no_dig_until: Text::NONE,
                cost_factor: Known::UNKNOWN,
                first,
                count: line.len() as u32,
                origin: Default::default(),
            });
        }
        roads
    }
}

#[cfg(test)]
mod tests {
    use super::sample::{p, roads};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn crossings_split_and_chains_contract() {
        // A cross whose one road comes in two pieces that bend, plus a ring that touches nothing.
        let r = roads(&[
            &[(-2.0, 0.0), (-1.0, 0.5), (0.0, 0.0), (2.0, 0.0)],
            &[(0.0, -3.0), (0.0, -1.0)],
            &[(0.0, 3.0), (0.0, 0.0), (0.0, -1.0)],
            &[(8.0, 8.0), (9.0, 8.0), (9.0, 9.0), (8.0, 8.0)],
        ]);
        let g = RoadGraph::new(&r, 1.0).unwrap();
        assert_eq!((g.graph().node_count(), g.graph().edge_count()), (6, 5));
        let south = g.graph().edges().find(|&e| g.parts(e).len() == 2).unwrap();
        assert_eq!(g.line(south), [p(0.0, -3.0), p(0.0, -1.0), p(0.0, 0.0)]);
        assert_eq!(g.parts(south).iter().map(|x| x.road).collect::<Vec<_>>(), [1, 2]);
        let stretches: Vec<_> = g.stretches(south, 100.0, 300.0).map(|s| (s.1, s.2)).collect();
        let border = geodesic_m(p(0.0, -3.0), p(0.0, -1.0));
        assert_eq!(stretches, [(100.0, border), (border, 300.0)]);
        let list = g.components();
        assert_eq!(list.len(), 2);
        assert_eq!((list[0].edges, list[1].edges, list[1].nodes), (4, 1, 1));
    }

    #[test]
    fn bridges_pass_over_and_are_joined_at_their_ends() {
        let mut r = roads(&[
            &[(-1.0, 0.0), (0.0, 0.0), (1.0, 0.0)],
            &[(0.0, -1.0), (0.0, 0.0), (0.0, 1.0)],
            &[(0.0, 1.0), (0.0, 2.0)],
            &[(5.0, 5.0), (0.0, 0.0)],
        ]);
        r.list[1].bridge = true;
        r.list[3].bridge = true;
        let g = RoadGraph::new(&r, 1.0).unwrap();
        // The bridge carries a junction with the ramp that ends on it; the road below runs through.
        assert_eq!(g.components().len(), 2);
        assert_eq!(g.graph().edge_count(), 4);
        r.node_ids = vec![1, 2, 3, 4, 2, 5, 5, 6, 7, 2];
        assert_eq!(RoadGraph::new(&r, 1.0).unwrap().components().len(), 1);
        r.node_ids[4] = 9;
        r.node_ids[9] = 10;
        assert_eq!(RoadGraph::new(&r, 1.0).unwrap().components().len(), 3);
    }

    #[test]
    fn odd_roads_do_no_harm() {
        let r =
            roads(&[&[], &[(0.0, 0.0)], &[(1.0, 1.0), (1.0, 1.0)], &[(0.0, 0.0), (0.0, 0.0), (1.0, 0.0)]]);
        let g = RoadGraph::new(&r, 1.0).unwrap();
        assert_eq!((g.graph().node_count(), g.graph().edge_count()), (2, 1));
        assert_eq!(RoadGraph::new(&Roads::default(), 1.0).unwrap().components(), []);
    }

    proptest! {
        #[test]
        fn no_road_is_lost_or_made(lines in prop::collection::vec(
            prop::collection::vec((0u8..5, 0u8..5), 1..8), 0..12,
        )) {
            let lines: Vec<Vec<(f64, f64)>> =
                lines.iter().map(|l| l.iter().map(|&(x, y)| (f64::from(x), f64::from(y))).collect()).collect();
            let slices: Vec<&[(f64, f64)]> = lines.iter().map(Vec::as_slice).collect();
            let r = roads(&slices);
            let g = RoadGraph::new(&r, 1.0).unwrap();
            let whole: f64 = r.list.iter().map(|x| crate::geom::line_length_m(r.line(x))).sum();
            let edges: f64 = g.graph().edges().map(|e| g.length_m(e)).sum();
            prop_assert!((whole - edges).abs() < 1e-6 * whole.max(1.0));
            for e in g.graph().edges() {
                let [a, b] = g.graph().ends(e);
                prop_assert_eq!(g.line(e).first(), Some(&g.position(a)));
                prop_assert_eq!(g.line(e).last(), Some(&g.position(b)));
                prop_assert_eq!(g.parts(e).last().unwrap().last_vertex as usize + 1, g.line(e).len());
                let (l, line) = (g.length_m(e), g.line_between(e, 0.0, g.length_m(e)));
                prop_assert_eq!(&line[..], g.line(e));
                let halves = [g.line_between(e, 0.0, l / 3.0), g.line_between(e, l / 3.0, l)];
                let sum: f64 = halves.iter().map(|h| crate::geom::line_length_m(h)).sum();
                prop_assert!((sum - l).abs() < 1e-6);
            }
            // Contracted: only ring starts keep degree two.
            for v in g.graph().nodes() {
                let mut around = g.graph().arcs(v);
                prop_assert!(g.graph().degree(v) != 2 || around.all(|(_, u)| u == v));
            }
        }
    }
}
