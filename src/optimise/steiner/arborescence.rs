//! The arborescence problem behind a prize-collecting problem, part by part.

use super::dual_ascent::{Ascent, reduced_distances};
use super::prizes::Search;
use crate::graph::{EdgeId, Graph, NodeId};

/// A part of the solution space.
#[derive(Clone)]
pub(super) struct Part {
    pub(super) alive: Vec<bool>,
    /// Nodes that are in the tree, and nodes that aren't.
    pub(super) forced: Vec<bool>,
    pub(super) banned: Vec<bool>,
    pub(super) bound: f64,
}

impl Part {
    pub(super) fn edges(&self) -> usize {
        self.alive.iter().filter(|a| **a).count()
    }
}

/// The arborescence problem of a part: prize nodes have a terminal each behind them.
pub(super) struct Extended {
    pub(super) graph: Graph,
    pub(super) cost: Vec<f64>,
    pub(super) terminals: Vec<NodeId>,
    /// The edges of the graph that its first edges stand for.
    pub(super) origin: Vec<EdgeId>,
    /// For each prize node in question, the edge by which the root pays for it.
    pub(super) direct: Vec<(NodeId, usize)>,
    /// Prizes lost for sure.
    pub(super) lost: f64,
}

impl Extended {
    pub(super) fn new(search: &Search<'_, '_>, part: &Part) -> Option<Self> {
        let (graph, root, prizes) = (search.graph, search.root, search.prizes);
        let n = graph.node_count();
        let mut edges: Vec<(u32, u32, f64)> = Vec::new();
        let mut origin: Vec<EdgeId> = Vec::new();
        let mut touched = vec![false; n];
        for e in graph.edges().filter(|e| part.alive[e.index()]) {
            let [a, b] = graph.ends(e);
            (touched[a.index()], touched[b.index()]) = (true, true);
            edges.push((a.0, b.0, graph.weight(e)));
            origin.push(e);
        }
        let mut cost: Vec<f64> = edges.iter().flat_map(|e| [e.2, e.2]).collect();
        let (mut terminals, mut direct, mut lost) = (Vec::new(), Vec::new(), 0.0);
        let mut next = n as u32;
        for v in graph.nodes().filter(|v| *v != root) {
            if part.forced[v.index()] {
                terminals.push(v);
            } else if part.banned[v.index()] || !touched[v.index()] {
                lost += prizes[v.index()];
            } else if prizes[v.index()] > 0.0 {
                edges.push((v.0, next, 0.0));
                cost.extend([0.0, f64::INFINITY]);
                direct.push((v, edges.len()));
                edges.push((root.0, next, 0.0));
                cost.extend([prizes[v.index()], f64::INFINITY]);
                terminals.push(NodeId(next));
                next += 1;
            }
        }
        let graph = Graph::from_edges(next as usize, &edges).ok()?;
        Some(Self { graph, cost, terminals, origin, direct, lost })
    }

    /// The arcs of the best tree, as far as it lies in the part.
    pub(super) fn guide(&self, search: &Search<'_, '_>, part: &Part) -> Vec<bool> {
        let mut place = vec![u32::MAX; search.graph.edge_count()];
        for (i, e) in self.origin.iter().enumerate() {
            place[e.index()] = i as u32;
        }
        let edges = search.best.iter().filter(|e| part.alive[e.index()]);
        let mut tree: Vec<EdgeId> = edges.map(|e| EdgeId(place[e.index()])).collect();
        let mut inside = vec![false; self.graph.node_count()];
        for &e in &search.best {
            for v in search.graph.ends(e) {
                inside[v.index()] = true;
            }
        }
        for &(v, direct) in &self.direct {
            // The edge before leads from the node itself.
            tree.push(EdgeId(if inside[v.index()] { direct - 1 } else { direct } as u32));
        }
        super::dual_ascent::guide(&self.graph, search.root, &tree)
    }

    /// Arcs that no tree cheaper than the ascent's bound plus `limit` can hold.
    pub(super) fn useless<'a>(
        &'a self,
        ascent: &'a Ascent,
        root: NodeId,
        limit: f64,
    ) -> impl Iterator<Item = usize> + 'a {
        let (from_root, to_terminal) = reduced_distances(&self.graph, &ascent.reduced, root, &self.terminals);
        self.graph.edges().flat_map(move |e| {
            let [a, b] = self.graph.ends(e).map(NodeId::index);
            let over = |arc: usize, from: usize, to: usize| {
                let least = from_root[from] + ascent.reduced[arc] + to_terminal[to];
                (least >= limit).then_some(arc)
            };
            let arcs = [over(2 * e.index(), a, b), over(2 * e.index() + 1, b, a)];
            arcs.into_iter().flatten()
        })
    }
}
