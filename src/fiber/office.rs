//! The office behind each node that is joined: where light comes from, and over how much existing cable.

use crate::geom::{LonLat, geodesic_m, line_length_m};
use crate::graph::{Dijkstra, Graph, GraphError, NodeId, Until};
use crate::index::PointIndex;
use crate::model::inputs::Inputs;
use crate::model::kinds::{Basis, CellStatus, FiberNodeKind};
use crate::model::records::FiberNode;
use crate::model::settings::Settings;
use crate::network::{AccessKind, AccessPoint};
use std::collections::BTreeMap;

/// The far end of a node's fibers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Office {
    /// Index of the node, when the data have an office.
    pub node: Option<u32>,
    /// Existing cable from there to the node joined, metres.
    pub upstream_m: f64,
    /// [`Basis::Given`] along cables in the data; [`Basis::Assumed`] when it is only the nearest office,
    /// or none is in the data and the OLT is taken to stand at the node joined.
    pub basis: Basis,
}

/// Whether an OLT can stand in a node.
fn houses_olt(node: &FiberNode) -> bool {
    matches!(node.kind, FiberNodeKind::Co | FiberNodeKind::Agg | FiberNodeKind::Olt)
}

/// The office of every access point: along existing cables to the nearest; where no cable in the data leads
/// to one, the nearest in a straight line, lengthened as inferred routes are.
pub(super) fn offices(
    inputs: &Inputs,
    settings: &Settings,
    access: &[AccessPoint],
) -> Result<Vec<Office>, GraphError> {
    let nodes = &inputs.fiber_nodes;
    let number: BTreeMap<&str, u32> = (0u32..).zip(nodes).map(|(i, n)| (n.id.as_str(), i)).collect();
    let standing = |status: &Option<String>| {
        status.as_deref().and_then(CellStatus::parse).is_none_or(|s| s == CellStatus::OnAir)
    };
    let mut edges = Vec::new();
    for s in inputs.fiber_segments.iter().filter(|s| standing(&s.status)) {
        let end = |id: &Option<String>| id.as_deref().and_then(|id| number.get(id)).copied();
        if let (Some(a), Some(b)) = (end(&s.from_node), end(&s.to_node)) {
            edges.push((a, b, s.length_m.unwrap_or_else(|| line_length_m(&s.line)).max(0.0)));
        }
    }
    let graph = Graph::from_edges(nodes.len(), &edges)?;
    let mut search = Dijkstra::new(&graph);
    let sources = (0u32..).zip(nodes).filter(|(_, n)| houses_olt(n)).map(|(i, _)| i);
    search.run(sources.clone().map(|i| (NodeId(i), 0.0)), Until::Everywhere);
    let near = PointIndex::of(sources.map(|i| (i, nodes[i as usize].at)));
    let along = |i: u32| {
        let node = search.origin(NodeId(i))?.0;
        Some(Office { node: Some(node), upstream_m: search.distance(NodeId(i))?, basis: Basis::Given })
    };
    let straight = |at: LonLat| match near.nearest(at) {
        Some(hit) => Office {
            node: Some(hit.index),
            upstream_m: geodesic_m(at, nodes[hit.index as usize].at) * settings.network.infer_detour,
            basis: Basis::Assumed,
        },
        None => Office { node: None, upstream_m: 0.0, basis: Basis::Assumed },
    };
    let of = |a: &AccessPoint| match a.kind {
        AccessKind::Node(i) => along(i).unwrap_or_else(|| straight(a.at)),
        AccessKind::Cable(i) => {
            let ends = inputs.fiber_segments.get(i as usize).map(|s| [&s.from_node, &s.to_node]);
            let ends = ends.into_iter().flatten().flatten().filter_map(|id| number.get(id.as_str()));
            let office = ends.filter_map(|&e| {
                let to_end = geodesic_m(a.at, nodes[e as usize].at) * settings.network.infer_detour;
                along(e).map(|o| Office { upstream_m: o.upstream_m + to_end, basis: Basis::Assumed, ..o })
            });
            office.min_by(|x, y| x.upstream_m.total_cmp(&y.upstream_m)).unwrap_or_else(|| straight(a.at))
        }
    };
    Ok(access.iter().map(of).collect())
}
