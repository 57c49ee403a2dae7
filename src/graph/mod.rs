//! Graphs on flat arrays: adjacency, shortest paths, connectivity, spanning trees.
//!
//! The room knows no telecoms and no geography: nodes and edges are dense indices, weights are plain
//! non-negative numbers. It is meant for road networks of millions of edges, so adjacency is stored as
//! offset and target arrays, and searches keep their labels between runs. Every result depends on the
//! input alone: queues break ties by node id, sorts by edge id.
//!
//! `&Graph` implements the visitor traits of `petgraph`, which makes that crate's algorithms available
//! without a copy; components and spanning trees use its disjoint sets.

mod connectivity;
mod interchange;
mod search;

pub use connectivity::{Components, Cuts, Losses, components, cuts, losses, minimum_spanning_forest};
pub use search::{Dijkstra, Path, Until};

use thiserror::Error;

/// A node, as its index in the graph's arrays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

/// An edge, as its index in the graph's arrays; the position in the list the graph was built from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EdgeId(pub u32);

impl NodeId {
    /// The index as used to address arrays.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl EdgeId {
    /// The index as used to address arrays.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Why a list of edges is no graph.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum GraphError {
    /// An edge ends at a node that doesn't exist.
    #[error("edge {edge} ends at node {node}, but there are only {nodes} nodes")]
    NoSuchNode {
        /// Position in the edge list.
        edge: usize,
        /// The end that is out of range.
        node: u32,
        /// Number of nodes of the graph.
        nodes: usize,
    },
    /// A weight that is negative, infinite or not a number.
    #[error("edge {edge} has weight {weight}; weights must be finite and not negative")]
    BadWeight {
        /// Position in the edge list.
        edge: usize,
        /// The weight as given.
        weight: f64,
    },
    /// Weights and edges differ in number.
    #[error("{weights} weights were given for {edges} edges")]
    WrongWeightCount {
        /// Number of weights given.
        weights: usize,
        /// Number of edges of the graph.
        edges: usize,
    },
    /// More nodes or edges than a 32-bit index can name.
    #[error("{nodes} nodes and {edges} edges are more than the graph can index")]
    TooLarge {
        /// Number of nodes asked for.
        nodes: usize,
        /// Number of edges asked for.
        edges: usize,
    },
}

/// An undirected graph with non-negative edge weights.
///
/// Parallel edges and loops are allowed. Topology is fixed once built; weights can be swapped with
/// [`Graph::reweighted`], which keeps ids.
#[derive(Clone, Debug)]
pub struct Graph {
    first_out: Box<[u32]>,
    head: Box<[NodeId]>,
    arc_edge: Box<[EdgeId]>,
    ends: Box<[[NodeId; 2]]>,
    weight: Box<[f64]>,
}

impl Graph {
    /// Builds the graph from `(end, end, weight)` triples; edge ids are positions in `edges`.
    ///
    /// # Errors
    /// An end out of range, a weight that is negative or not finite, or too many edges for 32-bit ids.
    ///
    /// # Example
    /// ```
    /// use covplan::graph::{Graph, NodeId};
    /// let g = Graph::from_edges(3, &[(0, 1, 2.0), (1, 2, 0.5)])?;
    /// assert_eq!(g.arcs(NodeId(1)).count(), 2);
    /// # Ok::<(), covplan::graph::GraphError>(())
    /// ```
    pub fn from_edges(nodes: usize, edges: &[(u32, u32, f64)]) -> Result<Self, GraphError> {
        if nodes >= u32::MAX as usize || edges.len() >= (u32::MAX / 2) as usize {
            return Err(GraphError::TooLarge { nodes, edges: edges.len() });
        }
        let mut first_out = vec![0u32; nodes + 1];
        for (i, &(a, b, w)) in edges.iter().enumerate() {
            for end in [a, b] {
                if end as usize >= nodes {
                    return Err(GraphError::NoSuchNode { edge: i, node: end, nodes });
                }
                first_out[end as usize + 1] += 1;
            }
            check_weight(i, w)?;
        }
        for v in 0..nodes {
            first_out[v + 1] += first_out[v];
        }
        let mut next = first_out.clone();
        let mut head = vec![NodeId(0); edges.len() * 2];
        let mut arc_edge = vec![EdgeId(0); edges.len() * 2];
        for (i, &(a, b, _)) in edges.iter().enumerate() {
            for (from, to) in [(a, b), (b, a)] {
                let slot = next[from as usize] as usize;
                next[from as usize] += 1;
                head[slot] = NodeId(to);
                arc_edge[slot] = EdgeId(i as u32);
            }
        }
        Ok(Self {
            first_out: first_out.into(),
            head: head.into(),
            arc_edge: arc_edge.into(),
            ends: edges.iter().map(|&(a, b, _)| [NodeId(a), NodeId(b)]).collect(),
            // Adding zero turns -0.0 into 0.0, whose bit pattern the queues rely on.
            weight: edges.iter().map(|&(_, _, w)| w + 0.0).collect(),
        })
    }

    /// The same topology with other weights, one per edge id.
    ///
    /// # Errors
    /// A wrong number of weights, or one that is negative or not finite.
    pub fn reweighted(&self, weights: &[f64]) -> Result<Self, GraphError> {
        if weights.len() != self.edge_count() {
            return Err(GraphError::WrongWeightCount { weights: weights.len(), edges: self.edge_count() });
        }
        for (i, &w) in weights.iter().enumerate() {
            check_weight(i, w)?;
        }
        Ok(Self { weight: weights.iter().map(|&w| w + 0.0).collect(), ..self.clone() })
    }

    /// Number of nodes.
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.first_out.len() - 1
    }

    /// Number of edges.
    #[must_use]
    pub fn edge_count(&self) -> usize {
        self.ends.len()
    }

    /// All nodes, in id order.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = NodeId> + use<> {
        (0..self.node_count() as u32).map(NodeId)
    }

    /// All edges, in id order.
    pub fn edges(&self) -> impl ExactSizeIterator<Item = EdgeId> + use<> {
        (0..self.edge_count() as u32).map(EdgeId)
    }

    /// The two ends of an edge, in the order given when the graph was built.
    #[must_use]
    pub fn ends(&self, edge: EdgeId) -> [NodeId; 2] {
        self.ends[edge.index()]
    }

    /// The end of `edge` that isn't `node`; `node` itself for a loop.
    #[must_use]
    pub fn opposite(&self, edge: EdgeId, node: NodeId) -> NodeId {
        let [a, b] = self.ends(edge);
        if a == node { b } else { a }
    }

    /// The weight of an edge.
    #[must_use]
    pub fn weight(&self, edge: EdgeId) -> f64 {
        self.weight[edge.index()]
    }

    /// All weights, addressed by edge id.
    #[must_use]
    pub fn weights(&self) -> &[f64] {
        &self.weight
    }

    /// Number of edge ends at a node (a loop counts twice).
    #[must_use]
    pub fn degree(&self, node: NodeId) -> usize {
        (self.first_out[node.index() + 1] - self.first_out[node.index()]) as usize
    }

    /// The edges at `node` with their other ends, in edge id order.
    pub fn arcs(&self, node: NodeId) -> impl ExactSizeIterator<Item = (EdgeId, NodeId)> + Clone + '_ {
        let range = self.first_out[node.index()] as usize..self.first_out[node.index() + 1] as usize;
        self.arc_edge[range.clone()].iter().copied().zip(self.head[range].iter().copied())
    }

    /// Sum of the weights of `edges`, added in the order given.
    #[must_use]
    pub fn total_weight(&self, edges: &[EdgeId]) -> f64 {
        edges.iter().map(|&e| self.weight(e)).sum()
    }
}

fn check_weight(edge: usize, weight: f64) -> Result<(), GraphError> {
    if weight.is_finite() && weight >= 0.0 { Ok(()) } else { Err(GraphError::BadWeight { edge, weight }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adjacency_lists_every_edge_at_both_ends() {
        let g = Graph::from_edges(4, &[(0, 1, 1.0), (1, 2, 2.0), (0, 1, 3.0), (3, 3, 0.0)]).unwrap();
        let at1: Vec<_> = g.arcs(NodeId(1)).collect();
        assert_eq!(at1, [(EdgeId(0), NodeId(0)), (EdgeId(1), NodeId(2)), (EdgeId(2), NodeId(0))]);
        assert_eq!(g.degree(NodeId(3)), 2);
        assert_eq!(g.opposite(EdgeId(1), NodeId(2)), NodeId(1));
    }

    #[test]
    fn bad_edges_are_named() {
        assert_eq!(
            Graph::from_edges(2, &[(0, 1, 1.0), (0, 2, 1.0)]).unwrap_err(),
            GraphError::NoSuchNode { edge: 1, node: 2, nodes: 2 }
        );
        for w in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(Graph::from_edges(2, &[(0, 1, w)]), Err(GraphError::BadWeight { edge: 0, .. })));
        }
        let g = Graph::from_edges(2, &[(0, 1, 1.0)]).unwrap();
        assert_eq!(g.reweighted(&[7.0]).unwrap().weight(EdgeId(0)), 7.0);
        assert!(g.reweighted(&[]).is_err());
    }
}
