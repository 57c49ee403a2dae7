//! What else could have been built: for every stretch of a plan the cheapest way to join again what it
//! alone joins.

use super::bill::Site;
use super::protect::Pair;
use super::web::Link;
use super::{Draft, Planner, RoutePlan};
use crate::graph::{Dijkstra, EdgeId, NodeId, Until};
use crate::model::planned::ConnectionState;
use rustc_hash::FxHashMap;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// A way around a stretch.
#[derive(Clone, Debug, PartialEq)]
struct Around {
    /// What it costs at the price of the smallest cables, yuan.
    pub cost_cny: f64,
    /// The edge on which it passes from one side to the other.
    pub via: EdgeId,
}

/// The cheapest way around each edge of some trees (each as edges from below to what they hang from, those
/// nearer to the root first), all else standing. Edges without an entry have none. What stands on pairs of
/// routes is joined however one of its edges fares.
///
/// The cheapest path between the two sides of an edge has one edge on which the nearest node of the trees
/// changes sides; so the shortest ways over each edge outside the trees, taken cheapest first, tell all
/// (as in Tarjan, Sensitivity analysis of minimum spanning trees, Inform. Process. Lett. 14, 1982).
fn around(
    site: &Site<'_, '_>,
    trees: &[(NodeId, EdgeId, NodeId)],
    pairs: &[Pair],
) -> BTreeMap<EdgeId, Around> {
    let graph = &site.web.graph;
    let root = site.web.root;
    // Nodes that need no tree: the root and all that two routes pass.
    let mut top: FxHashMap<NodeId, NodeId> = FxHashMap::default();
    let mut firm: BTreeSet<NodeId> = BTreeSet::from([root]);
    for b in pairs.iter().flat_map(|p| &p.branches) {
        firm.extend(b.edges.iter().flat_map(|&e| graph.ends(e)));
    }
    let mut up: FxHashMap<NodeId, (EdgeId, NodeId)> = FxHashMap::default();
    let mut depth: FxHashMap<NodeId, u32> = FxHashMap::default();
    for &v in &firm {
        top.insert(v, root);
        depth.insert(v, 0);
    }
    for &(below, edge, above) in trees {
        let Some(&d) = depth.get(&above) else { continue };
        if let Entry::Vacant(place) = depth.entry(below) {
            place.insert(d + 1);
            top.insert(below, below);
            up.insert(below, (edge, above));
        }
    }
    let mut sources: Vec<NodeId> = depth.keys().copied().collect();
    sources.sort_unstable();
    let mut near = Dijkstra::new(graph);
    near.run(sources.iter().map(|&v| (v, 0.0)), Until::Everywhere);
    let own: BTreeSet<EdgeId> = up.values().map(|u| u.0).collect();
    let mut ways: Vec<(f64, EdgeId, NodeId, NodeId)> = graph
        .edges()
        .filter(|e| !own.contains(e))
        .filter_map(|e| {
            let [u, v] = graph.ends(e);
            let (a, b) = (near.origin(u)?, near.origin(v)?);
            (a != b).then_some((near.distance(u)? + graph.weight(e) + near.distance(v)?, e, a, b))
        })
        .collect();
    ways.sort_by(|x, y| x.0.total_cmp(&y.0).then(x.1.cmp(&y.1)));
    // The highest node that is joined to a node without any edge that still lacks a way around.
    fn head(top: &mut FxHashMap<NodeId, NodeId>, v: NodeId) -> NodeId {
        let mut at = v;
        while let Some(&t) = top.get(&at).filter(|t| **t != at) {
            at = t;
        }
        let mut from = v;
        while from != at {
            from = top.insert(from, at).unwrap_or(at);
        }
        at
    }
    let mut out = BTreeMap::new();
    for (cost_cny, via, a, b) in ways {
        let (mut a, mut b) = (head(&mut top, a), head(&mut top, b));
        while a != b {
            let level = |v: NodeId| depth.get(&v).copied().unwrap_or(0);
            if level(a) < level(b) {
                std::mem::swap(&mut a, &mut b);
            }
            let Some(&(edge, above)) = up.get(&a) else { break };
            out.insert(edge, Around { cost_cny, via });
            top.insert(a, above);
            a = head(&mut top, above);
        }
    }
    out
}

/// The road, by id, on which a way around passes from one side to the other.
fn road_of(site: &Site<'_, '_>, via: EdgeId) -> Option<String> {
    match site.web.link(via) {
        Link::Road(_) => {
            let roads = site.roads.roads();
            let road = site.web.pieces(via).first()?.road;
            roads.text.opt(roads.list[road as usize].id).map(str::to_owned)
        }
        Link::LeadIn(_) | Link::Root(_) | Link::Across(_) => None,
    }
}

impl Planner<'_, '_, '_> {
    /// What else could have been built: around each segment, and for each connection alone.
    pub(super) fn alternatives(&self, plan: &mut RoutePlan, draft: &Draft) {
        let used =
            |e: &EdgeId| draft.odns.fibers.contains_key(e) || matches!(self.site.web.link(*e), Link::Root(_));
        let mut trees: Vec<(NodeId, EdgeId, NodeId)> = Vec::new();
        for round in &draft.joined.rounds {
            let up =
                round.hung.order.iter().filter_map(|&v| round.hung.up(v).map(|(e, above)| (v, e, above)));
            trees.extend(up.filter(|(_, e, _)| used(e)));
        }
        for (edge, way) in around(self.site, &trees, &draft.protected.pairs) {
            let Some(&[first, last]) = draft.bill.spans.get(&edge) else { continue };
            for s in plan.segments.iter_mut().take(last as usize).skip(first as usize) {
                if s.around_cny.is_none_or(|c| c < way.cost_cny) {
                    s.around_cny = Some(way.cost_cny);
                    s.around_road = road_of(self.site, way.via);
                }
            }
        }
        let graph = &self.site.web.graph;
        let node_of: BTreeMap<u32, NodeId> = self.members.iter().map(|m| (m.0.terminal, m.0.node)).collect();
        let mut search = Dijkstra::new(graph);
        search.run([(self.site.web.root, 0.0)], Until::Everywhere);
        for (i, c) in (0u32..).zip(&mut plan.connections) {
            if c.state == ConnectionState::Planned {
                let way = node_of.get(&i).and_then(|&v| search.distance(v)).unwrap_or(0.0);
                c.alone_cny = way + self.own_cny(i);
            }
        }
    }
}
