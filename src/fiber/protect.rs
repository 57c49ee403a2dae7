//! Two routes to the core for those that are to survive a cut.
//!
//! What may fail alone: a stretch of road with all that is laid in it; a duct, pole line or shared-risk group
//! of the layers wherever it is used, by what is there or by what is planned; a bridge or tunnel with both
//! its carriageways; the existing cables from the node joined to the core. Two cables in one duct fail
//! together. Where the layers tell no cable from a node to the core, its way there fails as one.

use super::Terminal;
use super::bill::{Member, Site};
use super::capacity::{JoinError, Spare};
use super::web::Link;
use crate::geom::{LonLat, geodesic_m};
use crate::graph::{Dijkstra, EdgeId, Graph, GraphError, NodeId, Until};
use crate::index::SegmentIndex;
use crate::model::inputs::Inputs;
use crate::model::kinds::CellStatus;
use crate::model::records::Site as Factory;
use crate::model::settings::{Disjoint, FiberProtectSettings, Settings};
use crate::network::{
    AccessKind, AccessPoint, FiberPlant, RoadGraph, Snap, core_kinds, duct_groups, shared_risks,
};
use crate::optimise::steiner::survivable::{self, Lack, Need, Network, SurvivableError};
use crate::optimise::{Ended, Work};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Carriageways of one bridge lie within this of each other, metres, and run the same way within
/// [`PARALLEL_DEG`].
const ONE_BRIDGE_M: f64 = 30.0;
const PARALLEL_DEG: f64 = 30.0;
/// What the names of bridges and tunnels begin with.
const BRIDGE: &str = "bridge or tunnel ";
/// Spacing of the places at which carriageways are compared, metres.
const STEP_M: f64 = 20.0;
/// Second ways over existing cables are looked for while nodes times cables stay below this.
const PLANT_WORK: usize = 400_000_000;
/// Times that terminals whose nodes have nothing to spare are sent to others.
const ROUNDS: usize = 4;

/// Whether a factory is to have two routes: by its own column, its service class, its size or its id.
#[must_use]
pub fn wants_two_routes(factory: &Factory, id: &str, settings: &FiberProtectSettings) -> bool {
    match factory.protect {
        Some(said) => said,
        None => {
            factory.service.is_some_and(|s| settings.services.contains(&s))
                || factory.firm_size.is_some_and(|s| settings.sizes.contains(&s))
                || settings.ids.iter().any(|i| i == id)
        }
    }
}

/// One of the two routes of a terminal.
#[derive(Clone, Debug)]
pub(super) struct Branch {
    /// Where its lead-in meets the road.
    pub start: NodeId,
    /// Position of that place.
    pub at: LonLat,
    /// Edges of the web from there to the access point.
    pub edges: Vec<EdgeId>,
    /// The access point, by index.
    pub access: u32,
    /// Existing cables from there to the core, by place in the layer.
    pub cables: Vec<u32>,
    /// Lead-in, metres.
    pub lead_in_m: f64,
    /// What the lead-in costs beyond that of the first route, yuan; zero for the first.
    pub lead_in_cny: f64,
}

/// A terminal with its two routes, the shorter one first.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub terminal: u32,
    pub branches: [Branch; 2],
    /// The second leaves the road at a place of its own.
    pub own_entry: bool,
}

/// What a call for pairs comes with.
pub(super) struct Call<'c> {
    pub terminals: &'c [Terminal],
    /// Where terminals meet the road.
    pub snaps: &'c BTreeMap<u32, Snap>,
    /// Whether a barrier lies between two places.
    pub barred: &'c dyn Fn(LonLat, LonLat) -> bool,
    pub work: Work<'c>,
}

/// Why a terminal has one route only, in English and Chinese.
pub(super) type Why = (String, String);

/// The pairs of some terminals, and what is proven about everything that is to be joined.
#[derive(Default)]
pub(super) struct Protected {
    pub pairs: Vec<Pair>,
    /// Those that got none, and why.
    pub failed: BTreeMap<u32, Why>,
    /// No way to give everyone its routes costs less; none when somebody had to go without.
    pub bound_cny: Option<f64>,
    pub stopped: bool,
}

/// A way from an access point to the core.
#[derive(Clone, Debug, Default)]
struct Upstream {
    /// Existing cables, by place in the layer.
    cables: Vec<u32>,
    /// What it shares with others.
    risks: Vec<String>,
}

/// The web as failures see it.
pub(super) struct Shield<'a, 'r> {
    site: &'a Site<'a, 'r>,
    settings: &'a Settings,
    mode: Disjoint,
    /// Access points that are the core itself.
    core: Vec<bool>,
    upstreams: Vec<Vec<Upstream>>,
    /// Edges of the web by what they share.
    risks: BTreeMap<String, Vec<EdgeId>>,
}

/// The graph that pairs are found on.
struct Net {
    graph: Graph,
    /// Edge of the web, and which of the ways upstream where it leads to the root.
    of: Vec<(EdgeId, u32)>,
    groups: Vec<Vec<EdgeId>>,
    names: Vec<String>,
}

/// Places next to those of the terminals where second routes may be led in: `distance_m` along the road to
/// either side, or to the next junction.
pub(super) fn entries(roads: &RoadGraph<'_>, snap: &Snap, distance_m: f64) -> Vec<Snap> {
    let beside = |edge: EdgeId, offset_m: f64| Snap {
        edge,
        offset_m,
        at: roads.point_at(edge, offset_m),
        distance_m: snap.distance_m,
        crossings: 0,
    };
    let length = roads.length_m(snap.edge);
    if distance_m <= 0.0 {
        return Vec::new();
    }
    let [a, b] = roads.graph().ends(snap.edge);
    let mut out = Vec::new();
    // What leaves a junction, seen from the junction.
    let mut around = |node: NodeId| {
        for (edge, _) in roads.graph().arcs(node).filter(|a| !roads.is_water(a.0)) {
            let (length, [from, to]) = (roads.length_m(edge), roads.graph().ends(edge));
            if from == node && length > distance_m {
                out.push(beside(edge, distance_m));
            }
            if to == node && length > distance_m {
                out.push(beside(edge, length - distance_m));
            }
        }
    };
    match snap.offset_m {
        m if m < 0.01 => around(a),
        m if length - m < 0.01 => around(b),
        m => {
            if m > distance_m {
                out.push(beside(snap.edge, m - distance_m));
            }
            if length - m > distance_m {
                out.push(beside(snap.edge, m + distance_m));
            }
        }
    }
    out
}

impl<'a, 'r> Shield<'a, 'r> {
    pub fn new(site: &'a Site<'a, 'r>, inputs: &Inputs) -> Result<Self, GraphError> {
        let settings = site.settings;
        let mode = settings.fiber.protect.disjoint;
        let kinds = core_kinds(inputs);
        let is_core = |a: &AccessPoint| match a.kind {
            AccessKind::Node(i) => {
                inputs.fiber_nodes.get(i as usize).is_some_and(|n| kinds.contains(&n.kind))
            }
            AccessKind::Cable(_) => false,
        };
        let core: Vec<bool> = site.access.iter().map(is_core).collect();
        let upstreams = upstreams(inputs, site.access, &core, mode)?;
        let mut risks: BTreeMap<String, Vec<EdgeId>> = BTreeMap::new();
        for e in site.web.graph.edges() {
            for w in site.web.pieces(e).iter().filter_map(|p| p.way()) {
                for risk in &site.ways.list[w].risks {
                    risks.entry(risk.clone()).or_default().push(e);
                }
            }
        }
        for (n, edges) in bridges(site).into_iter().enumerate() {
            risks.insert(format!("{BRIDGE}{}", n + 1), edges);
        }
        for list in risks.values_mut() {
            list.sort_unstable();
            list.dedup();
        }
        Ok(Self { site, settings, mode, core, upstreams, risks })
    }

    fn net(&self, open: &dyn Fn(u32) -> bool, weight: &dyn Fn(EdgeId) -> f64) -> Result<Net, GraphError> {
        let web = self.site.web;
        let merged = |i: u32| self.mode != Disjoint::Office && self.core[i as usize];
        let (mut edges, mut of) = (Vec::new(), Vec::new());
        let mut risks: BTreeMap<&str, Vec<EdgeId>> = BTreeMap::new();
        let mut place: Vec<u32> = vec![u32::MAX; web.graph.edge_count()];
        for e in web.graph.edges() {
            let [a, b] = web.graph.ends(e);
            match web.link(e) {
                Link::Road(_) | Link::Across(_) => {
                    place[e.index()] = edges.len() as u32;
                    edges.push((a.0, b.0, weight(e)));
                    of.push((e, 0));
                }
                Link::LeadIn(i) if open(i) => {
                    let end = if merged(i) { web.root } else { b };
                    edges.push((a.0, end.0, weight(e)));
                    of.push((e, 0));
                }
                Link::Root(i) if open(i) && !merged(i) => {
                    for (k, up) in (0u32..).zip(&self.upstreams[i as usize]) {
                        for risk in &up.risks {
                            risks.entry(risk).or_default().push(EdgeId(edges.len() as u32));
                        }
                        edges.push((a.0, b.0, 0.0));
                        of.push((e, k));
                    }
                }
                Link::LeadIn(_) | Link::Root(_) => {}
            }
        }
        for (risk, list) in &self.risks {
            let here = list.iter().map(|e| EdgeId(place[e.index()])).filter(|e| e.0 != u32::MAX);
            risks.entry(risk).or_default().extend(here);
        }
        risks.retain(|_, list| list.len() > 1);
        Ok(Net {
            graph: Graph::from_edges(web.graph.node_count(), &edges)?,
            of,
            names: risks.keys().map(|n| (*n).to_owned()).collect(),
            groups: risks.into_values().collect(),
        })
    }

    fn network<'n>(&self, net: &'n Net, terminals: &'n [(NodeId, Need)]) -> Network<'n> {
        Network {
            graph: &net.graph,
            root: self.site.web.root,
            terminals,
            groups: &net.groups,
            nodes_fail: self.mode != Disjoint::Trench,
        }
    }

    /// Why each of some terminals can't have two routes, whatever they cost and whatever nodes have to spare.
    pub fn lacking(&self, members: &[Member]) -> Result<BTreeMap<u32, Why>, JoinError> {
        let net = self.net(&|_| true, &|e| self.site.web.graph.weight(e))?;
        let terminals: Vec<(NodeId, Need)> = members.iter().map(|m| (m.node, Need::Two)).collect();
        let lacks = survivable::lacking(&self.network(&net, &terminals)).unwrap_or_default();
        Ok(lacks.into_iter().map(|(i, lack)| (members[i].terminal, self.why(&net, lack))).collect())
    }

    /// Pairs for `twos`, cheap together with what joins `ones`. Nodes give what they have to spare to the
    /// first in the order of `twos`; who finds nothing left is sent to other nodes.
    pub fn pairs(
        &self,
        twos: &[Member],
        ones: &[Member],
        call: &Call<'_>,
        spare: &mut BTreeMap<AccessKind, Spare>,
    ) -> Result<Protected, JoinError> {
        let web = self.site.web;
        let mut out = Protected::default();
        let mut open: Vec<Member> = twos.to_vec();
        let mut built: BTreeSet<EdgeId> = BTreeSet::new();
        for round in 0..ROUNDS {
            if open.is_empty() {
                break;
            }
            let has_spare = |i: u32| {
                let kind = self.site.access[i as usize].kind;
                spare.get(&kind).is_some_and(|s| open.iter().any(|m| s.takes(m.need)))
            };
            let usable: Vec<bool> = (0..self.site.access.len() as u32).map(has_spare).collect();
            let weight = |e: EdgeId| {
                if built.contains(&e) { self.site.cable_cny(e) } else { web.graph.weight(e) }
            };
            let net = self.net(&|i| usable[i as usize] || round == 0, &weight)?;
            let mut all: Vec<(NodeId, Need)> = open.iter().map(|m| (m.node, Need::Two)).collect();
            if round == 0 {
                all.extend(ones.iter().map(|m| (m.node, Need::One)));
            }
            let found = match survivable::solve(&self.network(&net, &all), call.work) {
                Ok(found) => found,
                Err(SurvivableError::Lacking(list)) => {
                    let gone: BTreeMap<usize, Lack> = list.into_iter().collect();
                    if gone.keys().all(|&i| i >= open.len()) {
                        break;
                    }
                    let mut left = Vec::new();
                    for (i, m) in open.iter().enumerate() {
                        match gone.get(&i) {
                            Some(_) if round > 0 => drop(out.failed.insert(m.terminal, nothing_spare())),
                            Some(&lack) => drop(out.failed.insert(m.terminal, self.why(&net, lack))),
                            None => left.push(*m),
                        }
                    }
                    open = left;
                    continue;
                }
                Err(SurvivableError::Tree(e)) => return Err(e.into()),
                // All nodes and edges were made here.
                Err(SurvivableError::NotThere { .. }) => break,
            };
            out.stopped |= found.ended == Ended::Stopped;
            if round == 0 {
                out.bound_cny = Some(found.bound);
            }
            let mut left = Vec::new();
            for (m, routes) in open.iter().zip(&found.value.routes) {
                let pair = routes.as_slice().try_into().ok().and_then(|r: &[Vec<EdgeId>; 2]| {
                    let snap = call.snaps.get(&m.terminal)?;
                    self.pair(&net, m, r, snap, call.terminals[m.terminal as usize].at, call.barred)
                });
                let Some(pair) = pair else {
                    out.failed.insert(m.terminal, nothing_spare());
                    continue;
                };
                let kinds = [0, 1].map(|k| self.site.access[pair.branches[k].access as usize].kind);
                let mut trial = spare.clone();
                if kinds.iter().all(|k| trial.get_mut(k).is_some_and(|s| s.take(m.need))) {
                    *spare = trial;
                    built.extend(pair.branches.iter().flat_map(|b| b.edges.iter().copied()));
                    out.pairs.push(pair);
                } else {
                    left.push(*m);
                }
            }
            if left.len() == open.len() && round > 0 {
                break;
            }
            open = left;
        }
        for m in &open {
            out.failed.entry(m.terminal).or_insert_with(nothing_spare);
        }
        if out.failed.is_empty() {
            let trimmed: f64 = out.pairs.iter().map(|p| self.most_trimmed(p.branches[0].start)).sum();
            out.bound_cny = out.bound_cny.map(|b| (b - trimmed).max(0.0));
        } else {
            out.bound_cny = None;
        }
        out.pairs.sort_by_key(|p| p.terminal);
        Ok(out)
    }

    /// Makes routes of the solver a pair: the shorter one first, the second led in beside the first.
    fn pair(
        &self,
        net: &Net,
        m: &Member,
        routes: &[Vec<EdgeId>; 2],
        snap: &Snap,
        building: LonLat,
        barred: &dyn Fn(LonLat, LonLat) -> bool,
    ) -> Option<Pair> {
        let fiber = &self.settings.fiber;
        let mut branches =
            [self.branch(net, &routes[0], m.node, snap)?, self.branch(net, &routes[1], m.node, snap)?];
        let length = |b: &Branch| b.edges.iter().map(|&e| self.site.edge_m(e)).sum::<f64>();
        if length(&branches[1]) < length(&branches[0]) {
            branches.swap(0, 1);
        }
        let second = &mut branches[1];
        let (mut trimmed, mut metres, mut at) = (0usize, 0.0, m.node);
        for &e in &second.edges {
            let next = metres + self.site.edge_m(e);
            if !matches!(self.site.web.link(e), Link::Road(_)) || next > fiber.protect.entry_m + 0.1 {
                break;
            }
            (trimmed, metres, at) = (trimmed + 1, next, self.site.web.graph.opposite(e, at));
        }
        let mut own_entry = false;
        if let Some(&last) = trimmed.checked_sub(1).and_then(|t| second.edges.get(t)) {
            let place = self.site.position(at, last);
            if !barred(building, place) {
                own_entry = true;
                second.edges.drain(..trimmed);
                (second.start, second.at) = (at, place);
                second.lead_in_m = geodesic_m(building, place);
                second.lead_in_cny = second.lead_in_m * fiber.lead_in_cny_m;
            }
        }
        if !own_entry {
            // A second cable in the trench of the first.
            second.lead_in_cny = second.lead_in_m * fiber.cable_cny_m;
        }
        Some(Pair { terminal: m.terminal, branches, own_entry })
    }

    fn branch(&self, net: &Net, route: &[EdgeId], start: NodeId, snap: &Snap) -> Option<Branch> {
        let mut edges = Vec::with_capacity(route.len());
        let (mut access, mut cables) = (None, Vec::new());
        for e in route {
            let (of, way) = net.of[e.index()];
            match self.site.web.link(of) {
                Link::Road(_) | Link::Across(_) => edges.push(of),
                Link::LeadIn(i) => {
                    edges.push(of);
                    access = Some(i);
                }
                Link::Root(i) => {
                    access = Some(i);
                    cables = self.upstreams[i as usize].get(way as usize)?.cables.clone();
                }
            }
        }
        Some(Branch {
            start,
            at: snap.at,
            edges,
            access: access?,
            cables,
            lead_in_m: snap.distance_m,
            lead_in_cny: 0.0,
        })
    }

    /// The most that leaving the road beside the first entry can save, yuan.
    fn most_trimmed(&self, start: NodeId) -> f64 {
        fn dearest(shield: &Shield<'_, '_>, at: NodeId, left_m: f64, seen: &mut Vec<NodeId>) -> f64 {
            let graph = &shield.site.web.graph;
            seen.push(at);
            let mut most = 0.0f64;
            for (e, next) in graph.arcs(at) {
                let metres = shield.site.edge_m(e);
                if matches!(shield.site.web.link(e), Link::Road(_))
                    && metres <= left_m
                    && !seen.contains(&next)
                {
                    most = most.max(graph.weight(e) + dearest(shield, next, left_m - metres, seen));
                }
            }
            seen.pop();
            most
        }
        dearest(self, start, self.settings.fiber.protect.entry_m + 0.1, &mut Vec::new())
    }

    /// What is in the way, in words.
    fn why(&self, net: &Net, lack: Lack) -> Why {
        let web = self.site.web;
        let place = |p: LonLat| format!("{:.5}, {:.5}", p.lon_deg(), p.lat_deg());
        match lack {
            Lack::Apart => ("no route leads to the core".into(), "没有通往核心的路由".into()),
            Lack::Edge(e) => {
                let (of, _) = net.of[e.index()];
                match web.link(of) {
                    Link::Road(_) => {
                        let piece = web.pieces(of).first();
                        let roads = self.site.roads.roads();
                        let id =
                            piece.and_then(|p| roads.text.opt(roads.list[p.road as usize].id)).unwrap_or("");
                        let at = place(self.site.position(web.graph.ends(of)[0], of));
                        (
                            format!("every route takes road {id} at {at}"),
                            format!("所有路由都经过道路 {id}（{at}）"),
                        )
                    }
                    Link::Across(_) => {
                        let at = place(self.site.position(web.graph.ends(of)[0], of));
                        (
                            format!("every route passes beneath the street at {at}"),
                            format!("所有路由都在同一处（{at}）横穿街道"),
                        )
                    }
                    Link::LeadIn(i) | Link::Root(i) => {
                        let at = place(self.site.access[i as usize].at);
                        (
                            format!(
                                "every route ends at the one node at {at}, whose way to the core fails as one"
                            ),
                            format!("所有路由都止于同一节点（{at}），其上联为单路由"),
                        )
                    }
                }
            }
            Lack::Node(v) => {
                let edge = web.graph.arcs(v).next().map(|(e, _)| e);
                let at = edge.map_or_else(String::new, |e| place(self.site.position(v, e)));
                (
                    format!("every route passes the junction or node at {at}"),
                    format!("所有路由都经过同一路口或节点（{at}）"),
                )
            }
            Lack::Group(g) => {
                let name = net.names.get(g as usize).map_or("", String::as_str);
                let first = net.groups.get(g as usize).and_then(|l| l.first());
                let at =
                    first.map(|e| net.of[e.index()].0).map(|e| self.site.position(web.graph.ends(e)[0], e));
                match (name.strip_prefix(BRIDGE), at) {
                    (Some(_), Some(at)) => (
                        format!("every route takes the bridge or tunnel at {}", place(at)),
                        format!("所有路由都经过同一桥梁或隧道（{}）", place(at)),
                    ),
                    _ => (
                        format!("every route shares one risk: {name}"),
                        format!("所有路由都经过同一风险组：{name}"),
                    ),
                }
            }
            Lack::NoPair => (
                "of any two routes both have a part in one shared-risk group".into(),
                "任意两条路由总有共同的风险组".into(),
            ),
            Lack::NotFound => (
                "no second route was found; that there is none isn't proven".into(),
                "未找到第二路由（未证明不存在）".into(),
            ),
        }
    }
}

fn nothing_spare() -> Why {
    (
        "the nodes that a second route could end at have no fibers to spare".into(),
        "第二路由可达节点无空闲纤芯".into(),
    )
}

/// The ways from every access point to the core: over existing cables, shortest first, and a second one that
/// shares nothing with the first where there is one. A node without any in the data has one way that nothing
/// is known of; a part of the core has the one of no length.
fn upstreams(
    inputs: &Inputs,
    access: &[AccessPoint],
    core: &[bool],
    mode: Disjoint,
) -> Result<Vec<Vec<Upstream>>, GraphError> {
    let plant = FiberPlant::new(inputs)?;
    let ducts = duct_groups(inputs);
    let cable = |e: usize| &inputs.fiber_segments[plant.cables()[e] as usize];
    let risks_of = |e: usize| -> Vec<String> {
        let s = cable(e);
        let shared = shared_risks(s, &ducts).into_iter().map(str::to_owned);
        shared.chain([format!("cable {}", s.id)]).collect()
    };
    let usable = |e: usize| {
        let s = cable(e);
        let status = s.status.as_deref().and_then(CellStatus::parse);
        s.fibers_free != Some(0) && status.is_none_or(|s| s == CellStatus::OnAir)
    };
    let graph = plant.graph();
    let all: Vec<usize> = (0..graph.edge_count()).filter(|&e| usable(e)).collect();
    let sub = |keep: &[usize]| {
        let edges: Vec<(u32, u32, f64)> = keep
            .iter()
            .map(|&e| {
                let [a, b] = graph.ends(EdgeId(e as u32));
                (a.0, b.0, graph.weight(EdgeId(e as u32)))
            })
            .collect();
        Graph::from_edges(graph.node_count(), &edges)
    };
    let near = sub(&all)?;
    let mut first = Dijkstra::new(&near);
    first.run(plant.roots().iter().map(|&r| (r, 0.0)), Until::Everywhere);
    // A way as cables and risks; nodes on the way are risks where they may not be shared.
    let name = |v: NodeId| {
        let here = plant.nodes().get(&v.0).and_then(|l| l.first());
        here.and_then(|&i| inputs.fiber_nodes.get(i as usize)).map(|n| format!("node {}", n.id))
    };
    let way = |edges: &[EdgeId], nodes: &[NodeId], ids: &[usize], own: Option<String>| {
        let mut risks: Vec<String> = edges.iter().flat_map(|e| risks_of(ids[e.index()])).collect();
        if mode != Disjoint::Trench {
            let between = nodes.iter().filter(|v| mode == Disjoint::Office || !plant.roots().contains(v));
            risks.extend(between.filter_map(|&v| name(v)));
            risks.extend(own);
        }
        risks.sort_unstable();
        risks.dedup();
        Upstream { cables: edges.iter().map(|e| plant.cables()[ids[e.index()]]).collect(), risks }
    };
    let look_twice = access.len().saturating_mul(all.len()) <= PLANT_WORK;
    let of = |(i, a): (usize, &AccessPoint)| -> Result<Vec<Upstream>, GraphError> {
        let own = match a.kind {
            AccessKind::Node(k) => inputs.fiber_nodes.get(k as usize).map(|n| format!("node {}", n.id)),
            AccessKind::Cable(_) => None,
        };
        let tapped = match a.kind {
            AccessKind::Cable(c) => inputs.fiber_segments.get(c as usize),
            AccessKind::Node(_) => None,
        };
        if let Some(s) = tapped {
            let shared = shared_risks(s, &ducts).into_iter().map(str::to_owned);
            let risks = shared.chain([format!("cable {}", s.id)]).collect();
            return Ok(vec![Upstream { cables: Vec::new(), risks }]);
        }
        let unknown = || {
            let risks = own.iter().filter(|_| mode != Disjoint::Trench).cloned().collect();
            vec![Upstream { cables: Vec::new(), risks }]
        };
        if core[i] {
            return Ok(unknown());
        }
        let AccessKind::Node(k) = a.kind else { return Ok(unknown()) };
        let Some(path) = plant.node_of(k).and_then(|v| first.path_to(v)) else { return Ok(unknown()) };
        let mut ways = vec![way(&path.edges, &path.nodes, &all, own.clone())];
        if look_twice && !path.edges.is_empty() {
            let taken: BTreeSet<String> = path.edges.iter().flat_map(|e| risks_of(all[e.index()])).collect();
            let rest: Vec<usize> =
                all.iter().copied().filter(|&e| risks_of(e).iter().all(|r| !taken.contains(r))).collect();
            let graph = sub(&rest)?;
            let mut second = Dijkstra::new(&graph);
            second.run(plant.roots().iter().map(|&r| (r, 0.0)), Until::Everywhere);
            if let Some(path) = plant.node_of(k).and_then(|v| second.path_to(v)) {
                ways.push(way(&path.edges, &path.nodes, &rest, own));
            }
        }
        Ok(ways)
    };
    access.par_iter().enumerate().map(of).collect()
}

/// Edges of the web on one bridge or in one tunnel: stretches that touch, or run beside each other.
fn bridges(site: &Site<'_, '_>) -> Vec<Vec<EdgeId>> {
    let roads = site.roads;
    let list = &roads.roads().list;
    let mut over: Vec<(EdgeId, Vec<LonLat>, bool)> = Vec::new();
    for e in site.web.graph.edges() {
        for p in site.web.pieces(e) {
            let road = &list[p.road as usize];
            if road.bridge || road.tunnel {
                over.push((e, roads.line_between(p.edge, p.from_m, p.to_m), road.bridge));
            }
        }
    }
    let index = SegmentIndex::new((0u32..).zip(over.iter().map(|o| o.1.as_slice())));
    let mut of: Vec<u32> = (0..over.len() as u32).collect();
    fn top(of: &mut [u32], mut i: u32) -> u32 {
        while of[i as usize] != i {
            of[i as usize] = of[of[i as usize] as usize];
            i = of[i as usize];
        }
        i
    }
    for (i, (_, line, bridge)) in (0u32..).zip(&over) {
        for w in line.windows(2) {
            let steps = (geodesic_m(w[0], w[1]) / STEP_M).ceil().clamp(1.0, 1e5);
            let direction = crate::geom::azimuth_deg(w[0], w[1]);
            for k in 0..=steps as u32 {
                let at = crate::geom::along_geodesic(w[0], w[1], f64::from(k) / steps);
                for hit in index.within(at, ONE_BRIDGE_M).iter().filter(|h| h.line != i) {
                    let (_, other, other_bridge) = &over[hit.line as usize];
                    let s = hit.segment as usize;
                    let turn =
                        (crate::geom::azimuth_deg(other[s], other[s + 1]) - direction).rem_euclid(180.0);
                    if other_bridge == bridge && turn.min(180.0 - turn) <= PARALLEL_DEG {
                        let (a, b) = (top(&mut of, i), top(&mut of, hit.line));
                        of[a.max(b) as usize] = a.min(b);
                    }
                }
            }
        }
    }
    let mut groups: BTreeMap<u32, Vec<EdgeId>> = BTreeMap::new();
    for i in 0..over.len() as u32 {
        let first = top(&mut of, i);
        groups.entry(first).or_default().push(over[i as usize].0);
    }
    groups
        .into_values()
        .map(|mut g| {
            g.sort_unstable();
            g.dedup();
            g
        })
        .filter(|g| g.len() > 1)
        .collect()
}
