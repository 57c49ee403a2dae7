//! Dijkstra's algorithm: from one node or many, everywhere, within a radius, or up to given targets.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{EdgeId, Graph, NodeId};

const NONE: u32 = u32::MAX;

/// When a search may end.
#[derive(Clone, Copy, Debug)]
pub enum Until<'a> {
    /// Label everything that can be reached.
    Everywhere,
    /// Label what lies within this distance (inclusive).
    Within(f64),
    /// Stop once any of the targets is reached.
    First(&'a [NodeId]),
    /// Stop once all targets are reached.
    All(&'a [NodeId]),
}

/// A walk through the graph: `edges[i]` joins `nodes[i]` and `nodes[i + 1]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// The nodes passed, source first.
    pub nodes: Vec<NodeId>,
    /// The edges passed, source side first.
    pub edges: Vec<EdgeId>,
    /// Total weight, including what the source started with.
    pub length: f64,
}

/// A shortest-path search whose labels are kept for questions, and cleared cheaply before the next run.
///
/// With several sources every node belongs to the source it is nearest to: the graph's Voronoi cells.
/// A node at equal distance goes to whichever label was set first, in the order of (distance, node id).
///
/// # Example
/// ```
/// use covplan::graph::{Dijkstra, Graph, NodeId, Until};
/// let g = Graph::from_edges(4, &[(0, 1, 1.0), (1, 2, 1.0), (2, 3, 1.0)])?;
/// let mut search = Dijkstra::new(&g);
/// search.run([(NodeId(0), 0.0), (NodeId(3), 0.0)], Until::Everywhere);
/// assert_eq!(search.distance(NodeId(2)), Some(1.0));
/// assert_eq!(search.origin(NodeId(2)), Some(NodeId(3)));
/// # Ok::<(), covplan::graph::GraphError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Dijkstra<'g> {
    graph: &'g Graph,
    distance: Vec<f64>,
    predecessor: Vec<u32>,
    origin: Vec<u32>,
    wanted: Vec<bool>,
    touched: Vec<NodeId>,
    // Non-negative floats sort like their bit patterns.
    queue: BinaryHeap<Reverse<(u64, u32)>>,
    settled: usize,
}

impl<'g> Dijkstra<'g> {
    /// Makes room for searches on `graph`: 17 bytes a node.
    #[must_use]
    pub fn new(graph: &'g Graph) -> Self {
        let n = graph.node_count();
        Self {
            graph,
            distance: vec![f64::INFINITY; n],
            predecessor: vec![NONE; n],
            origin: vec![NONE; n],
            wanted: vec![false; n],
            touched: Vec::new(),
            queue: BinaryHeap::new(),
            settled: 0,
        }
    }

    /// Searches from `sources`, each with the distance it starts at (not negative). Earlier labels go.
    pub fn run(&mut self, sources: impl IntoIterator<Item = (NodeId, f64)>, until: Until<'_>) {
        self.clear();
        for (source, start) in sources {
            debug_assert!(start >= 0.0);
            self.label(source, start + 0.0, NONE, source.0);
        }
        let (radius, targets) = match until {
            Until::Everywhere => (f64::INFINITY, &[][..]),
            Until::Within(radius) => (radius, &[][..]),
            Until::First(targets) | Until::All(targets) => (f64::INFINITY, targets),
        };
        let mut missing = 0usize;
        for t in targets {
            missing += usize::from(!std::mem::replace(&mut self.wanted[t.index()], true));
        }
        if matches!(until, Until::First(_)) {
            missing = missing.min(1);
        }
        let bounded_by_targets = matches!(until, Until::First(_) | Until::All(_));
        if !(bounded_by_targets && missing == 0) {
            self.settle(radius, bounded_by_targets, missing);
        }
        for t in targets {
            self.wanted[t.index()] = false;
        }
        self.drop_tentative();
    }

    /// Goes on from more sources with the labels of the last run, as if they had been among its own: exact for
    /// every node within `radius`, which may not be larger than before. What lies beyond may keep older labels.
    pub fn extend(&mut self, sources: impl IntoIterator<Item = NodeId>, radius: f64) {
        self.settled = 0;
        for source in sources {
            self.label(source, 0.0, NONE, source.0);
        }
        self.settle(radius, false, 0);
        self.drop_tentative();
    }

    /// Tentative labels are no answers.
    fn drop_tentative(&mut self) {
        while let Some(Reverse((bits, node))) = self.queue.pop() {
            if self.distance[node as usize].to_bits() == bits {
                self.reset(NodeId(node));
            }
        }
    }

    fn settle(&mut self, radius: f64, bounded_by_targets: bool, mut missing: usize) {
        let graph = self.graph;
        while let Some(&Reverse((bits, node))) = self.queue.peek() {
            let (here, node) = (f64::from_bits(bits), NodeId(node));
            if here > radius {
                return;
            }
            self.queue.pop();
            if here > self.distance[node.index()] {
                continue;
            }
            self.settled += 1;
            for (edge, next) in graph.arcs(node) {
                let there = here + graph.weight(edge);
                if there < self.distance[next.index()] {
                    self.label(next, there, edge.0, self.origin[node.index()]);
                }
            }
            if bounded_by_targets && self.wanted[node.index()] {
                missing -= 1;
                if missing == 0 {
                    return;
                }
            }
        }
    }

    fn label(&mut self, node: NodeId, distance: f64, edge: u32, origin: u32) {
        let i = node.index();
        if distance >= self.distance[i] {
            return;
        }
        if self.distance[i] == f64::INFINITY {
            self.touched.push(node);
        }
        self.distance[i] = distance;
        self.predecessor[i] = edge;
        self.origin[i] = origin;
        self.queue.push(Reverse((distance.to_bits(), node.0)));
    }

    fn reset(&mut self, node: NodeId) {
        self.distance[node.index()] = f64::INFINITY;
        self.predecessor[node.index()] = NONE;
        self.origin[node.index()] = NONE;
    }

    fn clear(&mut self) {
        let touched = std::mem::take(&mut self.touched);
        for &node in &touched {
            self.reset(node);
        }
        self.touched = touched;
        self.touched.clear();
        self.queue.clear();
        self.settled = 0;
    }

    /// Distance of a node that the last run reached.
    #[must_use]
    pub fn distance(&self, node: NodeId) -> Option<f64> {
        let d = self.distance[node.index()];
        (d < f64::INFINITY).then_some(d)
    }

    /// The source a node was reached from.
    #[must_use]
    pub fn origin(&self, node: NodeId) -> Option<NodeId> {
        let o = self.origin[node.index()];
        (o != NONE).then_some(NodeId(o))
    }

    /// The last edge on the way to a node; none for sources and nodes not reached.
    #[must_use]
    pub fn predecessor(&self, node: NodeId) -> Option<EdgeId> {
        let e = self.predecessor[node.index()];
        (e != NONE).then_some(EdgeId(e))
    }

    /// The nodes the last run reached, in the order they were first seen; some twice where it was extended.
    pub fn reached(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.touched.iter().copied().filter(|&v| self.distance[v.index()] < f64::INFINITY)
    }

    /// How many nodes the last run settled: the measure of its work.
    #[must_use]
    pub fn settled(&self) -> usize {
        self.settled
    }

    /// The way from the nearest source to `node`, if the last run reached it.
    #[must_use]
    pub fn path_to(&self, node: NodeId) -> Option<Path> {
        let length = self.distance(node)?;
        let mut nodes = vec![node];
        let mut edges = Vec::new();
        let mut at = node;
        while let Some(edge) = self.predecessor(at) {
            at = self.graph.opposite(edge, at);
            edges.push(edge);
            nodes.push(at);
        }
        nodes.reverse();
        edges.reverse();
        Some(Path { nodes, edges, length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Bellman–Ford, to check against.
    fn relax_until_stable(g: &Graph, sources: &[NodeId]) -> Vec<f64> {
        let mut d = vec![f64::INFINITY; g.node_count()];
        for s in sources {
            d[s.index()] = 0.0;
        }
        for _ in 0..g.node_count() {
            for e in g.edges() {
                let [a, b] = g.ends(e).map(NodeId::index);
                d[b] = d[b].min(d[a] + g.weight(e));
                d[a] = d[a].min(d[b] + g.weight(e));
            }
        }
        d
    }

    prop_compose! {
        fn graphs()(n in 1usize..12)(
            n in Just(n),
            edges in prop::collection::vec((0..n as u32, 0..n as u32, 0u32..6), 0..30),
        ) -> Graph {
            let edges: Vec<_> = edges.into_iter().map(|(a, b, w)| (a, b, f64::from(w))).collect();
            Graph::from_edges(n, &edges).unwrap()
        }
    }

    proptest! {
        #[test]
        fn distances_paths_and_cells_agree_with_relaxation(g in graphs(), picks in prop::collection::vec(0u32..12, 1..4)) {
            let sources: Vec<_> = picks.iter().map(|p| NodeId(p % g.node_count() as u32)).collect();
            let want = relax_until_stable(&g, &sources);
            let mut search = Dijkstra::new(&g);
            search.run(sources.iter().map(|&s| (s, 0.0)), Until::Everywhere);
            for v in g.nodes() {
                prop_assert_eq!(search.distance(v).unwrap_or(f64::INFINITY), want[v.index()]);
                if let Some(path) = search.path_to(v) {
                    prop_assert_eq!(g.total_weight(&path.edges), want[v.index()]);
                    prop_assert_eq!(Some(path.nodes[0]), search.origin(v));
                    for (i, &e) in path.edges.iter().enumerate() {
                        prop_assert_eq!(g.opposite(e, path.nodes[i]), path.nodes[i + 1]);
                    }
                }
            }
            // A bounded run knows exactly the nodes in reach, with the same labels.
            search.run(sources.iter().map(|&s| (s, 0.0)), Until::Within(4.0));
            for v in g.nodes() {
                prop_assert_eq!(search.distance(v), Some(want[v.index()]).filter(|&d| d <= 4.0));
            }
            prop_assert_eq!(search.reached().count(), want.iter().filter(|&&d| d <= 4.0).count());
            // Sources that come later count as if they had been there.
            search.run([(sources[0], 0.0)], Until::Within(4.0));
            search.extend(sources.iter().copied(), 3.0);
            for v in g.nodes().filter(|v| want[v.index()] <= 3.0) {
                prop_assert_eq!(search.path_to(v).map(|p| p.length), Some(want[v.index()]));
                prop_assert!(search.reached().any(|r| r == v));
            }
            // Targets are labelled when the run ends, and nothing has a wrong label.
            let targets: Vec<_> = g.nodes().filter(|v| v.0 % 3 == 1).collect();
            search.run(sources.iter().map(|&s| (s, 0.0)), Until::All(&targets));
            for v in g.nodes() {
                let d = search.distance(v).unwrap_or(f64::INFINITY);
                prop_assert!(d == want[v.index()] || d == f64::INFINITY);
            }
            for t in &targets {
                prop_assert_eq!(search.distance(*t).unwrap_or(f64::INFINITY), want[t.index()]);
            }
            search.run(sources.iter().map(|&s| (s, 0.0)), Until::First(&targets));
            let first = targets.iter().filter_map(|&t| search.distance(t)).fold(f64::INFINITY, f64::min);
            prop_assert_eq!(first, targets.iter().map(|t| want[t.index()]).fold(f64::INFINITY, f64::min));
        }
    }

    #[test]
    fn sources_may_start_late() {
        let g = Graph::from_edges(3, &[(0, 1, 1.0), (1, 2, 1.0)]).unwrap();
        let mut search = Dijkstra::new(&g);
        search.run([(NodeId(0), 0.0), (NodeId(2), 1.5)], Until::Everywhere);
        assert_eq!(search.origin(NodeId(1)), Some(NodeId(0)));
        assert_eq!(search.path_to(NodeId(2)).unwrap().length, 1.5);
    }
}
