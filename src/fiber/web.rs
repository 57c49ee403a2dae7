//! The graph that routes are chosen on: priced stretches of road, the ways from the roads to fiber that can
//! be joined, and one root behind all of that fiber.

use super::across::Across;
use super::price::{Piece, Pieces, Pricing};
use crate::geom::LonLat;
use crate::graph::{Components, EdgeId, Graph, GraphError, NodeId, components};
use crate::model::settings::FiberSettings;
use crate::network::{AccessPoint, Snap, SplitGraph};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

/// What an edge of the web is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// A stretch of road, by edge of the split graph.
    Road(EdgeId),
    /// The way from the road to an access point, by index.
    LeadIn(u32),
    /// From an access point, by index, to the root; costs nothing.
    Root(u32),
    /// Beneath the pavement from one way of a street to the other, by index.
    Across(u32),
}

/// The graph.
pub(super) struct Web {
    /// Weights are yuan: work and one cable of the size that the catalogue prices.
    pub graph: Graph,
    links: Vec<Link>,
    pieces: Vec<Piece>,
    first_piece: Vec<u32>,
    /// The node behind all access points.
    pub root: NodeId,
    /// The node of each terminal's snap.
    pub terminals: Vec<NodeId>,
    /// Where each way to an access point leaves the road.
    lead_ins: FxHashMap<EdgeId, Snap>,
    /// Ways beneath the pavement, each with its work without the cable, yuan.
    across: Vec<(Across, f64)>,
    parts: Components,
}

impl Web {
    /// Builds the web over the places where terminals and access points meet the roads. `more` are further
    /// ways from the road to access points, by index; `across` are ways from one side of a street to the other.
    pub fn new(
        pricing: &Pricing<'_, '_>,
        terminals: &[Snap],
        access: &[AccessPoint],
        more: &[(u32, Snap)],
        across: Vec<Across>,
    ) -> Result<Self, GraphError> {
        let (roads, settings) = pricing.ground();
        let mut snaps = terminals.to_vec();
        let joined: Vec<(u32, Snap)> =
            access.iter().enumerate().filter_map(|(i, a)| Some((i as u32, a.snap?))).collect();
        snaps.extend(joined.iter().chain(more).map(|j| j.1));
        let mut across: Vec<(Across, f64)> =
            across.into_iter().filter_map(|a| Some((a, pricing.across_cny(&a)?))).collect();
        snaps.extend(across.iter().flat_map(|a| a.0.ends));
        let split = SplitGraph::new(roads, &snaps)?;
        let lays: Vec<Option<Pieces>> = split
            .graph()
            .edges()
            .collect::<Vec<_>>()
            .par_iter()
            .map(|&e| pricing.lay(split.edge(e)))
            .collect();
        let (mut links, mut edges) = (Vec::new(), Vec::new());
        let (mut pieces, mut first_piece) = (Vec::new(), vec![0u32]);
        for (e, lay) in split.graph().edges().zip(lays) {
            let Some(lay) = lay else { continue };
            let [a, b] = split.graph().ends(e);
            links.push(Link::Road(e));
            edges.push((a.0, b.0, pricing.capex_cny(&lay)));
            pieces.extend(lay);
            first_piece.push(pieces.len() as u32);
        }
        let mut nodes = split.graph().node_count();
        let root = NodeId(nodes as u32);
        nodes += 1;
        let on_road = &split.nodes_of_snaps()[terminals.len()..];
        let mut node_of: FxHashMap<u32, u32> = FxHashMap::default();
        let mut lead_ins = FxHashMap::default();
        for (&(i, snap), node) in joined.iter().zip(on_road) {
            lead_ins.insert(EdgeId(edges.len() as u32), snap);
            links.extend([Link::LeadIn(i), Link::Root(i)]);
            edges.push((node.0, nodes as u32, lead_in_cny(&snap, settings)));
            edges.push((nodes as u32, root.0, 0.0));
            first_piece.extend([pieces.len() as u32; 2]);
            node_of.insert(i, nodes as u32);
            nodes += 1;
        }
        let on_streets = &on_road[joined.len() + more.len()..];
        for (&(i, snap), node) in more.iter().zip(&on_road[joined.len()..]) {
            let Some(&at) = node_of.get(&i) else { continue };
            lead_ins.insert(EdgeId(edges.len() as u32), snap);
            links.push(Link::LeadIn(i));
            edges.push((node.0, at, lead_in_cny(&snap, settings)));
            first_piece.push(pieces.len() as u32);
        }
        let mut ends = on_streets.chunks_exact(2);
        across.retain(|_| ends.next().is_some_and(|e| e[0] != e[1]));
        let ends = on_streets.chunks_exact(2).filter(|e| e[0] != e[1]);
        for (k, ((a, work_cny), ends)) in (0u32..).zip(across.iter().zip(ends)) {
            links.push(Link::Across(k));
            edges.push((ends[0].0, ends[1].0, work_cny + a.distance_m * settings.cable_cny_m));
            first_piece.push(pieces.len() as u32);
        }
        let graph = Graph::from_edges(nodes, &edges)?;
        let parts = components(&graph, |_| true);
        let terminals = split.nodes_of_snaps()[..terminals.len()].to_vec();
        Ok(Self { graph, links, pieces, first_piece, root, terminals, lead_ins, across, parts })
    }

    /// What an edge is.
    pub fn link(&self, edge: EdgeId) -> Link {
        self.links[edge.index()]
    }

    /// The pieces of an edge, from its first end to its second; none for links to access points.
    pub fn pieces(&self, edge: EdgeId) -> &[Piece] {
        let e = edge.index();
        &self.pieces[self.first_piece[e] as usize..self.first_piece[e + 1] as usize]
    }

    /// Where a way to an access point leaves the road; none for other edges.
    pub fn lead_in(&self, edge: EdgeId) -> Option<&Snap> {
        self.lead_ins.get(&edge)
    }

    /// A way beneath the pavement with its work without the cable, yuan; none for other edges.
    pub fn across(&self, edge: EdgeId) -> Option<&(Across, f64)> {
        match self.link(edge) {
            Link::Across(k) => self.across.get(k as usize),
            _ => None,
        }
    }

    /// Whether fiber can be reached from a node at any cost.
    pub fn reaches_fiber(&self, node: NodeId) -> bool {
        self.parts.connected(node, self.root)
    }
}

/// The way in from the road, without terminal equipment, yuan.
pub(super) fn lead_in_cny(snap: &Snap, settings: &FiberSettings) -> f64 {
    snap.distance_m * settings.lead_in_cny_m + f64::from(snap.crossings) * settings.crossing_cny
}

/// A line with its vertices in reverse order.
pub(super) fn reversed(mut line: Vec<LonLat>) -> Vec<LonLat> {
    line.reverse();
    line
}
