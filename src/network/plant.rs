//! The physical fiber of the layers as a graph: cables between nodes, and the nodes that are the core.

use crate::geom::{LonLat, line_length_m};
use crate::graph::{EdgeId, Graph, GraphError, NodeId};
use crate::model::inputs::Inputs;
use crate::model::kinds::{FiberLevel, FiberNodeKind};
use crate::model::records::FiberSegment;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// Cables in the ground and the nodes that they join.
///
/// Cables join where their ends name the same node or lie within a metre of each other. A line that was
/// made from its ends counts between named nodes, as it says who is joined, but not as a backbone between
/// cities.
#[derive(Clone, Debug)]
pub struct FiberPlant {
    graph: Graph,
    cable: Vec<u32>,
    at: Vec<LonLat>,
    nodes: FxHashMap<u32, Vec<u32>>,
    node_of: FxHashMap<u32, u32>,
    roots: Vec<NodeId>,
}

impl FiberPlant {
    /// The plant of the layers.
    ///
    /// # Errors
    /// More nodes or cables than a graph can number.
    pub fn new(inputs: &Inputs) -> Result<Self, GraphError> {
        let mut number: FxHashMap<(i64, i64), u32> = FxHashMap::default();
        let mut at: Vec<LonLat> = Vec::new();
        let mut node = |p: LonLat| {
            let key = ((p.lon_deg() * 1e5).round() as i64, (p.lat_deg() * 1e5).round() as i64);
            *number.entry(key).or_insert_with(|| {
                at.push(p);
                at.len() as u32 - 1
            })
        };
        let mut by_id: FxHashMap<&str, u32> = FxHashMap::default();
        let mut nodes: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
        let mut node_of: FxHashMap<u32, u32> = FxHashMap::default();
        for (f, i) in inputs.fiber_nodes.iter().zip(0u32..).filter(|(f, _)| f.kind != FiberNodeKind::City) {
            let n = node(f.at);
            by_id.entry(&f.id).or_insert(n);
            nodes.entry(n).or_default().push(i);
            node_of.insert(i, n);
        }
        let (mut edges, mut cable) = (Vec::new(), Vec::new());
        for (s, i) in inputs.fiber_segments.iter().zip(0u32..) {
            let named = |id: &Option<String>| id.as_deref().and_then(|id| by_id.get(id)).copied();
            let (Some(first), Some(last)) = (s.line.first(), s.line.last()) else { continue };
            if s.line_made && (named(&s.from_node).is_none() || named(&s.to_node).is_none()) {
                continue;
            }
            if s.line_made && s.level == Some(FiberLevel::Backbone) {
                continue;
            }
            let a = named(&s.from_node).unwrap_or_else(|| node(*first));
            let b = named(&s.to_node).unwrap_or_else(|| node(*last));
            edges.push((a, b, line_length_m(&s.line)));
            cable.push(i);
        }
        let graph = Graph::from_edges(at.len(), &edges)?;
        let core = core_kinds(inputs);
        let is_core = |i: &u32| inputs.fiber_nodes.get(*i as usize).is_some_and(|f| core.contains(&f.kind));
        // Nodes that no cable ends at are places, not a network.
        let mut roots: Vec<NodeId> = nodes
            .iter()
            .filter(|(_, on)| on.iter().any(is_core))
            .map(|(n, _)| NodeId(*n))
            .filter(|r| graph.degree(*r) > 0)
            .collect();
        roots.sort_unstable();
        Ok(Self { graph, cable, at, nodes, node_of, roots })
    }

    /// The topology; weights are metres of cable.
    #[must_use]
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The cable of each edge, by its place in the layer.
    #[must_use]
    pub fn cables(&self) -> &[u32] {
        &self.cable
    }

    /// Position of each node of the graph.
    #[must_use]
    pub fn positions(&self) -> &[LonLat] {
        &self.at
    }

    /// The fiber nodes, by their place in the layer, at each node of the graph that holds some.
    #[must_use]
    pub fn nodes(&self) -> &FxHashMap<u32, Vec<u32>> {
        &self.nodes
    }

    /// The node of the graph at which a fiber node stands.
    #[must_use]
    pub fn node_of(&self, fiber_node: u32) -> Option<NodeId> {
        self.node_of.get(&fiber_node).copied().map(NodeId)
    }

    /// The nodes of the core that a cable ends at.
    #[must_use]
    pub fn roots(&self) -> &[NodeId] {
        &self.roots
    }

    /// Nodes that a root reaches when some edges, and a node, are gone.
    #[must_use]
    pub fn reached(&self, gone: &dyn Fn(EdgeId) -> bool, lost: Option<NodeId>) -> Vec<bool> {
        let mut seen = vec![false; self.graph.node_count()];
        let mut stack: Vec<NodeId> = self.roots.iter().copied().filter(|r| Some(*r) != lost).collect();
        stack.iter().for_each(|r| seen[r.index()] = true);
        while let Some(node) = stack.pop() {
            for (edge, next) in self.graph.arcs(node) {
                if !seen[next.index()] && Some(next) != lost && !gone(edge) {
                    seen[next.index()] = true;
                    stack.push(next);
                }
            }
        }
        seen
    }

    /// Edges by what they share: a duct, or the shared-risk group of the cable or of its duct.
    #[must_use]
    pub fn groups(&self, inputs: &Inputs) -> BTreeMap<String, Vec<u32>> {
        let ducts = duct_groups(inputs);
        let mut groups: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for (cable, e) in self.cable.iter().zip(0u32..) {
            let Some(s) = inputs.fiber_segments.get(*cable as usize) else { continue };
            for code in shared_risks(s, &ducts) {
                groups.entry(code.to_owned()).or_default().push(e);
            }
        }
        groups
    }
}

/// Shared-risk group of each duct that has one.
#[must_use]
pub fn duct_groups(inputs: &Inputs) -> FxHashMap<&str, &str> {
    inputs.ducts.iter().filter_map(|d| Some((d.id.as_str(), d.srlg.as_deref()?))).collect()
}

/// What a cable shares with others: its duct, its own shared-risk group, that of its duct.
#[must_use]
pub fn shared_risks<'i>(cable: &'i FiberSegment, ducts: &FxHashMap<&'i str, &'i str>) -> Vec<&'i str> {
    let duct = cable.duct_id.as_deref();
    let mut codes: Vec<&str> = [duct, cable.srlg.as_deref(), duct.and_then(|d| ducts.get(d).copied())]
        .into_iter()
        .flatten()
        .collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// The kinds of nodes that count as the core: offices, aggregation rooms, exchange points and user planes;
/// in data without any, OLTs and baseband pools.
#[must_use]
pub fn core_kinds(inputs: &Inputs) -> &'static [FiberNodeKind] {
    use FiberNodeKind::{Agg, BbuPool, Co, Ixp, Olt, Upf};
    const CORE: &[FiberNodeKind] = &[Co, Agg, Ixp, Upf];
    if inputs.fiber_nodes.iter().any(|n| CORE.contains(&n.kind)) { CORE } else { &[Olt, BbuPool] }
}
