//! Building trees: the repeated shortest-path heuristic, and the cleaning of a tree.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::graph::{EdgeId, Graph, NodeId, minimum_spanning_forest};
use crate::optimise::Meter;

/// Scratch space for growing trees on one graph, reused from one root to the next.
#[derive(Debug)]
pub(super) struct Grower<'g> {
    graph: &'g Graph,
    distance: Vec<f64>,
    via: Vec<EdgeId>,
    in_tree: Vec<bool>,
    touched: Vec<NodeId>,
    queue: BinaryHeap<Reverse<(u64, u32)>>,
}

impl<'g> Grower<'g> {
    pub(super) fn new(graph: &'g Graph) -> Self {
        let n = graph.node_count();
        Self {
            graph,
            distance: vec![f64::INFINITY; n],
            via: vec![EdgeId(0); n],
            in_tree: vec![false; n],
            touched: Vec::new(),
            queue: BinaryHeap::new(),
        }
    }

    /// Grows a tree from `root`: always the terminal nearest to the tree is joined by its shortest path
    /// (Takahashi & Matsuyama 1980), in one search whose labels fall to zero along each new path
    /// (Poggi de Aragão & Werneck 2002).
    ///
    /// `length` gives an edge's length in the search, infinite if it must not be used; it may differ from
    /// the graph's weights. Returns the edges, or none if some terminal can't be reached or work ran out.
    pub(super) fn grow(
        &mut self,
        root: NodeId,
        is_terminal: &[bool],
        terminals: usize,
        length: impl Fn(EdgeId, NodeId) -> f64,
        meter: &mut Meter<'_>,
    ) -> Option<Vec<EdgeId>> {
        let mut edges = Vec::new();
        let mut missing = terminals - usize::from(is_terminal[root.index()]);
        self.in_tree[root.index()] = true;
        self.label(root, 0.0);
        let mut pops = 0u64;
        while missing > 0 {
            let Some(Reverse((bits, node))) = self.queue.pop() else { break };
            pops += 1;
            let (here, node) = (f64::from_bits(bits), NodeId(node));
            if here > self.distance[node.index()] {
                continue;
            }
            if is_terminal[node.index()] && !self.in_tree[node.index()] {
                missing -= 1;
                if !meter.spend(std::mem::take(&mut pops) + 1) {
                    missing = usize::MAX;
                    break;
                }
                let mut at = node;
                while !self.in_tree[at.index()] {
                    self.in_tree[at.index()] = true;
                    let edge = self.via[at.index()];
                    edges.push(edge);
                    self.distance[at.index()] = 0.0;
                    self.queue.push(Reverse((0, at.0)));
                    at = self.graph.opposite(edge, at);
                }
                continue;
            }
            pops += self.graph.degree(node) as u64 / 4;
            for (edge, next) in self.graph.arcs(node) {
                let there = here + length(edge, next);
                if there < self.distance[next.index()] {
                    self.via[next.index()] = edge;
                    self.label(next, there);
                }
            }
        }
        meter.spend(pops);
        self.clear();
        (missing == 0).then_some(edges)
    }

    fn label(&mut self, node: NodeId, distance: f64) {
        if self.distance[node.index()] == f64::INFINITY {
            self.touched.push(node);
        }
        self.distance[node.index()] = distance;
        self.queue.push(Reverse((distance.to_bits(), node.0)));
    }

    fn clear(&mut self) {
        for node in self.touched.drain(..) {
            self.distance[node.index()] = f64::INFINITY;
            self.in_tree[node.index()] = false;
        }
        self.queue.clear();
    }
}

/// Replaces a tree by a minimum spanning tree of the nodes it touches and cuts off branches without a
/// terminal, until neither helps. Returns the edges in id order.
pub(super) fn tidy(graph: &Graph, is_terminal: &[bool], edges: Vec<EdgeId>) -> Vec<EdgeId> {
    let mut edges = edges;
    let mut inside = vec![false; graph.node_count()];
    loop {
        let nodes = touched(graph, &edges);
        for &v in &nodes {
            inside[v.index()] = true;
        }
        let before = edges.len();
        let induced = nodes.iter().flat_map(|&v| {
            graph
                .arcs(v)
                .filter(|&(_, u)| inside[u.index()])
                .map(|(e, _)| e)
                .filter(move |&e| graph.ends(e)[0] == v)
        });
        let spanning = minimum_spanning_forest(graph, induced);
        edges = prune(graph, is_terminal, spanning);
        for &v in &nodes {
            inside[v.index()] = false;
        }
        if edges.len() == before {
            edges.sort_unstable();
            return edges;
        }
    }
}

/// Cuts off, again and again, the leaves that are no terminal.
pub(super) fn prune(graph: &Graph, is_terminal: &[bool], edges: Vec<EdgeId>) -> Vec<EdgeId> {
    let mut edges = edges;
    let nodes = touched(graph, &edges);
    let position = |v: NodeId| nodes.binary_search(&v).unwrap_or(0);
    let mut degree = vec![0u32; nodes.len()];
    // The exclusive-or of the edges still at a node names the last one.
    let mut last = vec![0u32; nodes.len()];
    for &e in &edges {
        for v in graph.ends(e) {
            degree[position(v)] += 1;
            last[position(v)] ^= e.0;
        }
    }
    let mut leaves: Vec<usize> =
        (0..nodes.len()).filter(|&i| degree[i] == 1 && !is_terminal[nodes[i].index()]).collect();
    let mut cut = Vec::new();
    while let Some(i) = leaves.pop() {
        if degree[i] != 1 {
            continue;
        }
        let edge = EdgeId(last[i]);
        cut.push(edge);
        let other = graph.opposite(edge, nodes[i]);
        degree[i] = 0;
        let j = position(other);
        degree[j] -= 1;
        last[j] ^= edge.0;
        if degree[j] == 1 && !is_terminal[other.index()] {
            leaves.push(j);
        }
    }
    cut.sort_unstable();
    edges.retain(|e| cut.binary_search(e).is_err());
    edges
}

/// The nodes that edges touch, in id order.
pub(super) fn touched(graph: &Graph, edges: &[EdgeId]) -> Vec<NodeId> {
    let mut nodes: Vec<NodeId> = edges.iter().flat_map(|&e| graph.ends(e)).collect();
    nodes.sort_unstable();
    nodes.dedup();
    nodes
}
