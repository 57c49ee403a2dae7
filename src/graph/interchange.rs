//! The visitor traits of `petgraph` for `&Graph`, so that its algorithms run on our arrays directly.

use petgraph::visit::{
    Data, EdgeCount, EdgeRef, GraphBase, GraphProp, IntoEdgeReferences, IntoEdges, IntoNeighbors,
    IntoNodeIdentifiers, IntoNodeReferences, NodeCompactIndexable, NodeCount, NodeIndexable, Visitable,
};
use rustc_hash::FxHashSet;

use super::{EdgeId, Graph, NodeId};

/// An edge as seen from one of its ends.
#[derive(Clone, Copy, Debug)]
pub struct EdgeView<'g> {
    id: EdgeId,
    source: NodeId,
    target: NodeId,
    weight: &'g f64,
}

impl<'g> EdgeRef for EdgeView<'g> {
    type NodeId = NodeId;
    type EdgeId = EdgeId;
    type Weight = f64;
    fn source(&self) -> NodeId {
        self.source
    }
    fn target(&self) -> NodeId {
        self.target
    }
    fn weight(&self) -> &'g f64 {
        self.weight
    }
    fn id(&self) -> EdgeId {
        self.id
    }
}

/// The other ends of the edges at a node.
#[derive(Clone, Debug)]
pub struct Neighbours<'g>(std::slice::Iter<'g, NodeId>);

impl Iterator for Neighbours<'_> {
    type Item = NodeId;
    fn next(&mut self) -> Option<NodeId> {
        self.0.next().copied()
    }
}

/// The edges at a node.
#[derive(Clone, Debug)]
pub struct EdgesAt<'g> {
    graph: &'g Graph,
    source: NodeId,
    slots: std::ops::Range<usize>,
}

impl<'g> Iterator for EdgesAt<'g> {
    type Item = EdgeView<'g>;
    fn next(&mut self) -> Option<Self::Item> {
        let slot = self.slots.next()?;
        let id = self.graph.arc_edge[slot];
        let target = self.graph.head[slot];
        Some(EdgeView { id, source: self.source, target, weight: &self.graph.weight[id.index()] })
    }
}

/// All edges of the graph.
#[derive(Clone, Debug)]
pub struct AllEdges<'g> {
    graph: &'g Graph,
    ids: std::ops::Range<usize>,
}

impl<'g> Iterator for AllEdges<'g> {
    type Item = EdgeView<'g>;
    fn next(&mut self) -> Option<Self::Item> {
        let i = self.ids.next()?;
        let [source, target] = self.graph.ends[i];
        Some(EdgeView { id: EdgeId(i as u32), source, target, weight: &self.graph.weight[i] })
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.ids.size_hint()
    }
}

/// All nodes of the graph.
#[derive(Clone, Debug)]
pub struct AllNodes(std::ops::Range<u32>);

impl Iterator for AllNodes {
    type Item = NodeId;
    fn next(&mut self) -> Option<NodeId> {
        self.0.next().map(NodeId)
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

/// All nodes with their (empty) weights.
#[derive(Clone, Debug)]
pub struct AllNodeReferences(AllNodes);

impl Iterator for AllNodeReferences {
    type Item = (NodeId, &'static ());
    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|v| (v, &()))
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl GraphBase for Graph {
    type NodeId = NodeId;
    type EdgeId = EdgeId;
}

impl GraphProp for Graph {
    type EdgeType = petgraph::Undirected;
}

impl Data for Graph {
    type NodeWeight = ();
    type EdgeWeight = f64;
}

impl NodeCount for Graph {
    fn node_count(&self) -> usize {
        Graph::node_count(self)
    }
}

impl EdgeCount for Graph {
    fn edge_count(&self) -> usize {
        Graph::edge_count(self)
    }
}

impl NodeIndexable for Graph {
    fn node_bound(&self) -> usize {
        Graph::node_count(self)
    }
    fn to_index(&self, node: NodeId) -> usize {
        node.index()
    }
    fn from_index(&self, i: usize) -> NodeId {
        NodeId(i as u32)
    }
}

impl NodeCompactIndexable for Graph {}

impl Visitable for Graph {
    type Map = FxHashSet<NodeId>;
    fn visit_map(&self) -> Self::Map {
        FxHashSet::default()
    }
    fn reset_map(&self, map: &mut Self::Map) {
        map.clear();
    }
}

impl IntoNodeIdentifiers for &Graph {
    type NodeIdentifiers = AllNodes;
    fn node_identifiers(self) -> AllNodes {
        AllNodes(0..Graph::node_count(self) as u32)
    }
}

impl IntoNodeReferences for &Graph {
    type NodeRef = (NodeId, &'static ());
    type NodeReferences = AllNodeReferences;
    fn node_references(self) -> AllNodeReferences {
        AllNodeReferences(self.node_identifiers())
    }
}

impl<'g> IntoNeighbors for &'g Graph {
    type Neighbors = Neighbours<'g>;
    fn neighbors(self, node: NodeId) -> Neighbours<'g> {
        let (from, to) = (self.first_out[node.index()], self.first_out[node.index() + 1]);
        Neighbours(self.head[from as usize..to as usize].iter())
    }
}

impl<'g> IntoEdgeReferences for &'g Graph {
    type EdgeRef = EdgeView<'g>;
    type EdgeReferences = AllEdges<'g>;
    fn edge_references(self) -> AllEdges<'g> {
        AllEdges { graph: self, ids: 0..Graph::edge_count(self) }
    }
}

impl<'g> IntoEdges for &'g Graph {
    type Edges = EdgesAt<'g>;
    fn edges(self, node: NodeId) -> EdgesAt<'g> {
        let (from, to) = (self.first_out[node.index()], self.first_out[node.index() + 1]);
        EdgesAt { graph: self, source: node, slots: from as usize..to as usize }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn petgraph_searches_run_on_our_arrays() {
        let g = Graph::from_edges(4, &[(0, 1, 1.0), (1, 2, 2.0), (0, 2, 5.0)]).unwrap();
        let d = petgraph::algo::dijkstra(&g, NodeId(0), None, |e| *e.weight());
        assert_eq!(d.get(&NodeId(2)), Some(&3.0));
        assert_eq!(d.get(&NodeId(3)), None);
        let bridges: Vec<_> = petgraph::algo::bridges::bridges(&g).map(|e| e.id()).collect();
        assert!(bridges.is_empty());
    }
}
