//! Trees over the web, hung from the root.

use super::web::{Link, Web};
use crate::graph::{Dijkstra, EdgeId, Graph, NodeId, Path, Until};
use crate::optimise::steiner::{self, SteinerError};
use crate::optimise::{Ended, Work};
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;

/// A tree that hangs from a node: every other node knows the edge towards it.
#[derive(Clone, Debug, Default)]
pub(super) struct Hung {
    up: FxHashMap<NodeId, (EdgeId, NodeId)>,
    /// The nodes below the root, each after the one that it hangs from.
    pub order: Vec<NodeId>,
}

impl Hung {
    /// Hangs the edges of a tree from `root`.
    pub fn new(graph: &Graph, edges: &[EdgeId], root: NodeId) -> Self {
        let mut at: FxHashMap<NodeId, Vec<EdgeId>> = FxHashMap::default();
        for &e in edges {
            for v in graph.ends(e) {
                at.entry(v).or_default().push(e);
            }
        }
        let mut hung = Self::default();
        let mut next = vec![root];
        while let Some(v) = next.pop() {
            for &e in at.get(&v).map_or(&[][..], Vec::as_slice) {
                let u = graph.opposite(e, v);
                if u != root && !hung.up.contains_key(&u) {
                    hung.up.insert(u, (e, v));
                    hung.order.push(u);
                    next.push(u);
                }
            }
        }
        hung
    }

    /// The edge from a node towards the root, and its other end.
    pub fn up(&self, node: NodeId) -> Option<(EdgeId, NodeId)> {
        self.up.get(&node).copied()
    }

    /// The edges from a node to the root.
    pub fn way(&self, node: NodeId) -> impl Iterator<Item = EdgeId> + '_ {
        std::iter::successors(self.up(node), |&(_, v)| self.up(v)).map(|(e, _)| e)
    }
}

/// A tree over some terminals, with what is proven about its cost.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    pub edges: Vec<EdgeId>,
    pub cost_cny: f64,
    /// No tree over the same terminals costs less.
    pub bound_cny: f64,
    /// Work ended by the caller.
    pub stopped: bool,
}

/// What the terminals would cost if each took its own cheapest way.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct OneByOne {
    /// With ways that run together built once.
    pub shared_cny: f64,
    /// With every way paid in full.
    pub unshared_cny: f64,
}

/// The cheapest ways of all terminals, as one tree.
pub(super) fn one_by_one(graph: &Graph, root: NodeId, terminals: &[NodeId]) -> (Vec<EdgeId>, OneByOne) {
    let mut search = Dijkstra::new(graph);
    search.run([(root, 0.0)], Until::All(terminals));
    let mut edges = BTreeSet::new();
    let mut cost = OneByOne::default();
    for path in terminals.iter().filter_map(|&t| search.path_to(t)) {
        let Path { edges: own, length, .. } = path;
        cost.unshared_cny += length;
        edges.extend(own);
    }
    let edges: Vec<EdgeId> = edges.into_iter().collect();
    cost.shared_cny = graph.total_weight(&edges);
    (edges, cost)
}

/// A cheap tree from the root to the terminals: the solver's, or the cheapest ways where those happen to
/// cost no more.
pub(super) fn join(
    graph: &Graph,
    root: NodeId,
    terminals: &[NodeId],
    work: Work<'_>,
) -> Result<(Tree, OneByOne), SteinerError> {
    let mut ends: Vec<NodeId> = terminals.to_vec();
    ends.push(root);
    ends.sort_unstable();
    ends.dedup();
    let (simple, cost) = one_by_one(graph, root, terminals);
    let found = steiner::solve(graph, &ends, work)?;
    let edges = if found.objective <= cost.shared_cny { found.value.edges } else { simple };
    let tree = Tree {
        cost_cny: graph.total_weight(&edges),
        edges,
        bound_cny: found.bound,
        stopped: found.ended == Ended::Stopped,
    };
    Ok((tree, cost))
}

/// The access point through which a node hangs from the root.
pub(super) fn access_of(web: &Web, hung: &Hung, node: NodeId) -> Option<u32> {
    hung.way(node).find_map(|e| match web.link(e) {
        Link::Root(i) => Some(i),
        _ => None,
    })
}
