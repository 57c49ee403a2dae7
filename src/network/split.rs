//! The road graph with nodes where buildings are led in.

use super::roads::RoadGraph;
use super::snap::Snap;
use crate::geom::LonLat;
use crate::graph::{EdgeId, Graph, GraphError, NodeId};

/// Places nearer to each other than this along an edge are one node, metres.
const SAME_PLACE_M: f64 = 0.01;

/// A stretch of an edge of the road graph, in geodesic metres from that edge's start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SplitEdge {
    /// Edge of the [`RoadGraph`].
    pub parent: EdgeId,
    /// Where the stretch starts.
    pub from_m: f64,
    /// Where it ends.
    pub to_m: f64,
}

/// A road graph whose edges are split at given places. Its first nodes are the junctions, under their own
/// numbers; the places follow in the order of edge and offset.
#[derive(Clone, Debug)]
pub struct SplitGraph {
    graph: Graph,
    edges: Box<[SplitEdge]>,
    /// First stretch of each edge of the road graph, and behind the last one the number of all.
    first: Box<[u32]>,
    node_of: Box<[NodeId]>,
    places: Box<[LonLat]>,
}

impl SplitGraph {
    /// Splits edges at the places of `snaps`.
    ///
    /// # Errors
    /// More nodes or edges than a graph can number.
    pub fn new(roads: &RoadGraph<'_>, snaps: &[Snap]) -> Result<Self, GraphError> {
        let mut order: Vec<u32> = (0..snaps.len() as u32).collect();
        order.sort_by(|&a, &b| {
            let (s, t) = (&snaps[a as usize], &snaps[b as usize]);
            s.edge.cmp(&t.edge).then(s.offset_m.total_cmp(&t.offset_m)).then(a.cmp(&b))
        });
        let base = roads.graph();
        let mut node_of = vec![NodeId(0); snaps.len()];
        let mut places = Vec::new();
        let mut edges = Vec::with_capacity(base.edge_count() + snaps.len());
        let mut ends = Vec::with_capacity(edges.capacity());
        let mut first = Vec::with_capacity(base.edge_count() + 1);
        let mut next = order.into_iter().peekable();
        for e in base.edges() {
            first.push(edges.len() as u32);
            let [a, b] = base.ends(e);
            let length = roads.length_m(e);
            let (mut start, mut start_m) = (a, 0.0);
            while let Some(s) = next.next_if(|&s| snaps[s as usize].edge == e) {
                let snap = &snaps[s as usize];
                let m = snap.offset_m.clamp(0.0, length);
                node_of[s as usize] = if m - start_m < SAME_PLACE_M {
                    start
                } else if length - m < SAME_PLACE_M {
                    b
                } else {
                    let node = NodeId((base.node_count() + places.len()) as u32);
                    places.push(snap.at);
                    edges.push(SplitEdge { parent: e, from_m: start_m, to_m: m });
                    ends.push((start.0, node.0, (m - start_m) * roads.route_factor()));
                    (start, start_m) = (node, m);
                    node
                };
            }
            edges.push(SplitEdge { parent: e, from_m: start_m, to_m: length });
            ends.push((start.0, b.0, (length - start_m) * roads.route_factor()));
        }
        first.push(edges.len() as u32);
        Ok(Self {
            graph: Graph::from_edges(base.node_count() + places.len(), &ends)?,
            edges: edges.into(),
            first: first.into(),
            node_of: node_of.into(),
            places: places.into(),
        })
    }

    /// The topology; weights are route metres.
    #[must_use]
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// What an edge is a stretch of.
    #[must_use]
    pub fn edge(&self, edge: EdgeId) -> SplitEdge {
        self.edges[edge.index()]
    }

    /// The node of each snap, in the order they were given.
    #[must_use]
    pub fn nodes_of_snaps(&self) -> &[NodeId] {
        &self.node_of
    }

    /// Position of a node.
    #[must_use]
    pub fn position(&self, roads: &RoadGraph<'_>, node: NodeId) -> LonLat {
        let junctions = self.graph.node_count() - self.places.len();
        match node.index().checked_sub(junctions) {
            Some(i) => self.places[i],
            None => roads.position(node),
        }
    }

    /// The stretches of a road graph's edge, in order along it.
    #[must_use]
    pub fn stretches_of(&self, parent: EdgeId) -> &[SplitEdge] {
        &self.edges[self.range_of(parent)]
    }

    /// The stretch of `parent` that holds an offset, with its number.
    #[must_use]
    pub fn edge_at(&self, parent: EdgeId, offset_m: f64) -> Option<(EdgeId, SplitEdge)> {
        let range = self.range_of(parent);
        let inside = self.edges[range.clone()].partition_point(|s| s.to_m < offset_m);
        let i = (range.start + inside).min(range.end.checked_sub(1)?);
        Some((EdgeId(i as u32), self.edges[i]))
    }

    fn range_of(&self, parent: EdgeId) -> std::ops::Range<usize> {
        match self.first.get(parent.index()..parent.index() + 2) {
            Some(&[start, end]) => start as usize..end as usize,
            _ => 0..0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::roads::sample::{p, roads};
    use super::super::snap::Snapper;
    use super::*;
    use crate::graph::{Dijkstra, Until};

    #[test]
    fn splits_in_order_and_keeps_lengths() {
        let r =
            roads(&[&[(0.0, 0.0), (10.0, 0.0)], &[(10.0, 0.0), (10.0, 9.0)], &[(10.0, 0.0), (12.0, -4.0)]]);
        let g = RoadGraph::new(&r, 1.0).unwrap();
        let snapper = Snapper::new(&g, &[]);
        let at = [p(7.0, 1.0), p(3.0, 1.0), p(7.0, -1.0), p(-1.0, 0.0), p(9.0, 5.0)];
        let snaps: Vec<Snap> = at.iter().map(|&a| snapper.snap(a, 500.0).unwrap()).collect();
        let split = SplitGraph::new(&g, &snaps).unwrap();
        let nodes = split.nodes_of_snaps();
        // Two of the places are the same, one is an end of the road.
        assert_eq!(nodes[0], nodes[2]);
        assert_eq!(split.graph().node_count(), g.graph().node_count() + 3);
        assert_eq!(split.position(&g, nodes[3]), p(0.0, 0.0));
        let whole: f64 = g.graph().weights().iter().sum();
        assert!((split.graph().weights().iter().sum::<f64>() - whole).abs() < 1e-6);
        let mut search = Dijkstra::new(split.graph());
        search.run([(nodes[1], 0.0)], Until::Everywhere);
        let want = crate::geom::line_length_m(&[p(3.0, 0.0), p(10.0, 0.0), p(10.0, 5.0)]);
        assert!((search.distance(nodes[4]).unwrap() - want).abs() < 0.02);
        for (i, s) in snaps.iter().enumerate() {
            let (e, stretch) = split.edge_at(s.edge, s.offset_m).unwrap();
            assert_eq!(split.edge(e), stretch);
            assert!(split.graph().ends(e).contains(&nodes[i]));
        }
    }
}
