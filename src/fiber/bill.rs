//! What is built: stretches of cable, what they cost, and who uses them.

use super::across::Across;
use super::cable;
use super::capacity::Need;
use super::price::{Piece, Pricing};
use super::protect::Pair;
use super::tree::Hung;
use super::ways::Ways;
use super::web::{Link, Web, lead_in_cny, reversed};
use crate::geom::{LonLat, line_length_m};
use crate::graph::{EdgeId, NodeId};
use crate::model::kinds::{Basis, LayMethod};
use crate::model::planned::{Passages, RouteSegment};
use crate::model::settings::Settings;
use crate::network::{AccessPoint, RoadGraph, Snap};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// Terminals that hang from one tree.
pub(super) struct Round {
    pub hung: Hung,
    pub members: Vec<Member>,
}

/// A terminal on the web.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    /// Number among all terminals.
    pub terminal: u32,
    /// Where it meets the road.
    pub node: NodeId,
    /// What it takes from the node that it is joined to.
    pub need: Need,
}

/// Everything that a bill is made from.
pub(super) struct Site<'a, 'r> {
    pub settings: &'a Settings,
    pub roads: &'a RoadGraph<'r>,
    pub ways: &'a Ways,
    pub pricing: &'a Pricing<'a, 'r>,
    pub web: &'a Web,
    pub access: &'a [AccessPoint],
    pub city_of: &'a (dyn Fn(LonLat) -> Option<String> + Sync),
}

/// The segments, and which of them each terminal uses.
#[derive(Default)]
pub(super) struct Bill {
    pub segments: Vec<RouteSegment>,
    /// Segments of each terminal from the building to the node, by terminal number.
    pub routes: BTreeMap<u32, Vec<u32>>,
    /// Segments of second routes, likewise.
    pub seconds: BTreeMap<u32, Vec<u32>>,
    /// The segments of each edge: from one number up to another.
    pub spans: FxHashMap<EdgeId, [u32; 2]>,
}

/// A way of one terminal over the web.
struct Trail<'a> {
    terminal: u32,
    second: bool,
    start: NodeId,
    edges: Box<dyn Iterator<Item = EdgeId> + 'a>,
}

/// The ways of all terminals: one in the trees, two of a pair.
fn trails<'a>(rounds: &'a [Round], pairs: &'a [Pair]) -> impl Iterator<Item = Trail<'a>> {
    let single = rounds.iter().flat_map(|round| {
        round.members.iter().map(move |m| Trail {
            terminal: m.terminal,
            second: false,
            start: m.node,
            edges: Box::new(round.hung.way(m.node)),
        })
    });
    let double = pairs.iter().flat_map(|p| {
        p.branches.iter().zip([false, true]).map(move |(b, second)| Trail {
            terminal: p.terminal,
            second,
            start: b.start,
            edges: Box::new(b.edges.iter().copied()),
        })
    });
    single.chain(double)
}

/// Where the segments of an edge are, in the order of the chain that they were cut from.
#[derive(Clone, Copy)]
struct Span {
    first: u32,
    last: u32,
    /// The chain runs along the edge from its first end to its second.
    forward: bool,
}

#[derive(Clone, Copy, Default)]
struct Use {
    fibers: u32,
    serves: u32,
}

impl Site<'_, '_> {
    /// Route length of an edge, metres.
    pub fn edge_m(&self, edge: EdgeId) -> f64 {
        match self.web.link(edge) {
            Link::Road(_) => self.web.pieces(edge).iter().map(|p| self.pricing.route_m(p)).sum(),
            Link::LeadIn(_) => self.web.lead_in(edge).map_or(0.0, |s| s.distance_m),
            Link::Across(_) => self.web.across(edge).map_or(0.0, |a| a.0.distance_m),
            Link::Root(_) => 0.0,
        }
    }

    /// A further cable along an edge that is built anyway, yuan.
    pub fn cable_cny(&self, edge: EdgeId) -> f64 {
        match self.web.link(edge) {
            Link::Road(_) | Link::Across(_) => self.edge_m(edge) * self.settings.fiber.cable_cny_m,
            Link::LeadIn(_) | Link::Root(_) => 0.0,
        }
    }

    /// Position of a node, which is an end of the edge.
    pub fn position(&self, node: NodeId, edge: EdgeId) -> LonLat {
        let from = self.web.graph.ends(edge)[0] == node;
        match (self.web.link(edge), self.web.pieces(edge)) {
            (Link::Road(_), [first, ..]) if from => self.roads.point_at(first.edge, first.from_m),
            (Link::Road(_), [.., last]) => self.roads.point_at(last.edge, last.to_m),
            (Link::LeadIn(i) | Link::Root(i), _) => {
                let road = self.web.lead_in(edge).filter(|_| from);
                road.map_or(self.access[i as usize].at, |s| s.at)
            }
            (Link::Across(_), _) => {
                let ends = self.web.across(edge).map(|a| a.0.ends);
                ends.map_or(LonLat::wrapped(0.0, 0.0), |e| e[usize::from(!from)].at)
            }
            _ => LonLat::wrapped(0.0, 0.0),
        }
    }

    /// Cuts what the rounds use into segments of one road, one method and one load, and prices them.
    /// `fibers` tells how many run along each edge.
    pub fn bill(&self, rounds: &[Round], pairs: &[Pair], fibers: &BTreeMap<EdgeId, u32>) -> Bill {
        let graph = &self.web.graph;
        let mut used: BTreeMap<EdgeId, Use> = BTreeMap::new();
        let mut ends: Vec<NodeId> = Vec::new();
        for t in trails(rounds, pairs) {
            ends.push(t.start);
            for e in t.edges {
                used.entry(e).or_default().serves += 1;
            }
        }
        for (e, u) in &mut used {
            u.fibers = fibers.get(e).copied().unwrap_or(0);
        }
        used.retain(|&e, _| !matches!(self.web.link(e), Link::Root(_)));
        // Ways end at access points, whatever passes on the other side.
        ends.extend(
            used.keys().filter(|&&e| matches!(self.web.link(e), Link::LeadIn(_))).map(|&e| graph.ends(e)[1]),
        );
        let mut at: BTreeMap<NodeId, Vec<EdgeId>> = BTreeMap::new();
        for &e in used.keys() {
            for v in graph.ends(e) {
                at.entry(v).or_default().push(e);
            }
        }
        ends.sort_unstable();
        let breaks = |v: NodeId| at.get(&v).is_none_or(|a| a.len() != 2) || ends.binary_search(&v).is_ok();

        let mut bill = Bill::default();
        let mut spans: FxHashMap<EdgeId, Span> = FxHashMap::default();
        // From every place where chains end; what is left are rings, begun anywhere.
        let starts = at.keys().copied().filter(|&v| breaks(v)).chain(at.keys().copied());
        for start in starts {
            for &first in at.get(&start).map_or(&[][..], Vec::as_slice) {
                if spans.contains_key(&first) {
                    continue;
                }
                let mut chain = Vec::new();
                let (mut v, mut e) = (start, first);
                loop {
                    let forward = graph.ends(e)[0] == v;
                    spans.insert(e, Span { first: 0, last: 0, forward });
                    chain.push((e, forward));
                    v = graph.opposite(e, v);
                    let next = at.get(&v).into_iter().flatten().find(|n| !spans.contains_key(n));
                    match next {
                        Some(&n) if !breaks(v) => e = n,
                        _ => break,
                    }
                }
                self.cut(&chain, used.get(&first).copied().unwrap_or_default(), &mut bill, &mut spans);
            }
        }
        for t in trails(rounds, pairs) {
            let mut route: Vec<u32> = Vec::new();
            let mut v = t.start;
            for e in t.edges {
                let u = graph.opposite(e, v);
                if let Some(s) = spans.get(&e) {
                    let along = (graph.ends(e)[0] == v) == s.forward;
                    let count = s.last - s.first;
                    for k in 0..count {
                        let segment = if along { s.first + k } else { s.last - 1 - k };
                        if route.last() != Some(&segment) {
                            route.push(segment);
                        }
                    }
                }
                v = u;
            }
            if t.second { &mut bill.seconds } else { &mut bill.routes }.insert(t.terminal, route);
        }
        bill.spans = spans.into_iter().map(|(e, s)| (e, [s.first, s.last])).collect();
        bill
    }

    /// Cuts one chain into segments.
    fn cut(&self, chain: &[(EdgeId, bool)], load: Use, bill: &mut Bill, spans: &mut FxHashMap<EdgeId, Span>) {
        let mut open: Vec<(Piece, bool)> = Vec::new();
        for &(e, forward) in chain {
            let pieces = self.web.pieces(e);
            let mut first = None;
            let count = pieces.len();
            for k in 0..count {
                let piece = pieces[if forward { k } else { count - 1 - k }];
                if open.last().is_some_and(|(p, _)| !self.same_kind(p, &piece)) {
                    let done = std::mem::take(&mut open);
                    self.close(&done, load, bill);
                }
                open.push((piece, forward));
                first.get_or_insert(bill.segments.len() as u32);
            }
            if let (Link::LeadIn(i), Some(snap)) = (self.web.link(e), self.web.lead_in(e)) {
                let done = std::mem::take(&mut open);
                self.close(&done, load, bill);
                first = Some(bill.segments.len() as u32);
                self.lead_in(i, snap, forward, load, bill);
            }
            if let Some((across, work_cny)) = self.web.across(e) {
                let done = std::mem::take(&mut open);
                self.close(&done, load, bill);
                first = Some(bill.segments.len() as u32);
                self.across(across, *work_cny, forward, load, bill);
            }
            // The last of an edge's segments may still be open; it will get the next number.
            let last = bill.segments.len() as u32 + u32::from(!open.is_empty());
            let span = Span { first: first.unwrap_or(last), last, forward };
            spans.insert(e, span);
        }
        self.close(&open, load, bill);
    }

    fn same_kind(&self, a: &Piece, b: &Piece) -> bool {
        let id = |p: &Piece| self.roads.roads().list[p.road as usize].id;
        let same_road = a.road == b.road || (id(a).is_some() && id(a) == id(b));
        same_road && a.way() == b.way() && a.method == b.method
    }

    /// Makes one segment of pieces that follow each other.
    fn close(&self, pieces: &[(Piece, bool)], load: Use, bill: &mut Bill) {
        let Some(&(kind, _)) = pieces.first() else { return };
        let mut line: Vec<LonLat> = Vec::new();
        let (mut route_m, mut work_cny, mut passages) = (0.0, 0.0, Passages::default());
        for (p, forward) in pieces {
            let part = self.roads.line_between(p.edge, p.from_m, p.to_m);
            line.extend(if *forward { part } else { reversed(part) });
            route_m += self.pricing.route_m(p);
            work_cny += p.work_cny;
            passages += p.passages(&self.settings.fiber);
        }
        line.dedup();
        let way = kind.way().map(|w| &self.ways.list[w]);
        let rent_cny_yr = way.map_or(0.0, |w| w.rent_cny_km_yr * route_m / 1e3);
        let roads = self.roads.roads();
        let road = &roads.list[kind.road as usize];
        self.push(bill, load, line, route_m, work_cny + route_m * self.settings.fiber.cable_cny_m, |s| {
            s.road_id = roads.text.opt(road.id).map(str::to_owned);
            s.method = kind.method;
            s.passages = passages;
            s.permit = way.is_none() && self.pricing.needs_permit(kind.road);
            s.basis = self.roads.basis();
            s.trench_m = if kind.digs() { route_m } else { 0.0 };
            s.hole_m = if way.is_some() && kind.method == LayMethod::Duct { route_m } else { 0.0 };
            s.reuses = way.map(|w| w.id.clone());
            s.rent_cny_yr = rent_cny_yr;
            s.owner = way.and_then(|w| w.owner.clone());
            s.consent = way.is_some_and(|w| w.foreign);
            s.opex_cny_yr += rent_cny_yr;
        });
    }

    /// The way beneath the pavement from one side of a street to the other.
    fn across(&self, across: &Across, work_cny: f64, forward: bool, load: Use, bill: &mut Bill) {
        let line = across.ends.map(|s| s.at).to_vec();
        let line = if forward { line } else { reversed(line) };
        let metres = across.distance_m;
        let base_cny = work_cny + metres * self.settings.fiber.cable_cny_m;
        self.push(bill, load, line, metres, base_cny, |s| {
            s.trench_m = metres;
            s.permit = across.roads.iter().any(|&road| self.pricing.needs_permit(road));
            s.basis = self.roads.basis();
        });
    }

    /// The way from the road to an access point.
    fn lead_in(&self, access: u32, snap: &Snap, forward: bool, load: Use, bill: &mut Bill) {
        let point = &self.access[access as usize];
        if snap.distance_m < 0.01 {
            return;
        }
        // The edge runs from the road to the point.
        let line = vec![snap.at, point.at];
        let line = if forward { line } else { reversed(line) };
        self.push(bill, load, line, snap.distance_m, lead_in_cny(snap, &self.settings.fiber), |s| {
            s.trench_m = snap.distance_m;
            s.passages = Passages::new(snap.crossings, 0, 0, &self.settings.fiber);
            s.basis = self.roads.basis();
        });
    }

    fn push(
        &self,
        bill: &mut Bill,
        load: Use,
        line: Vec<LonLat>,
        route_m: f64,
        base_cny: f64,
        fill: impl FnOnce(&mut RouteSegment),
    ) {
        let fiber = &self.settings.fiber;
        let cables = cable::size(load.fibers, fiber.spare_factor);
        let capex_cny = base_cny + route_m * cable::surcharge_cny_m(cables, fiber);
        let city = line.get(line.len() / 2).and_then(|&p| (self.city_of)(p));
        let mut segment = RouteSegment {
            id: format!("FR-{:05}", bill.segments.len() + 1),
            length_m: line_length_m(&line),
            line,
            road_id: None,
            method: LayMethod::Duct,
            basis: Basis::Given,
            trench_m: 0.0,
            hole_m: 0.0,
            cable_m: route_m * f64::from(cables.count),
            fiber_m: route_m * f64::from(cables.fibers),
            fibers: load.fibers,
            cable_fibers: cables.fibers,
            serves: load.serves,
            cut_lost: 0,
            permit: false,
            passages: Passages::default(),
            around_cny: None,
            around_road: None,
            reuses: None,
            rent_cny_yr: 0.0,
            owner: None,
            consent: false,
            capex_cny,
            opex_cny_yr: capex_cny * fiber.opex_share,
            payer: self.settings.plan.payer.fiber.clone(),
            city,
            phase: 1,
        };
        fill(&mut segment);
        bill.segments.push(segment);
    }
}
