//! Two routes from a terminal to the core that no single failure takes both of.
//!
//! Without shared risks the cheapest two come from two searches, the second on what the first leaves
//! (Suurballe & Tarjan, A quick method for finding shortest pairs of disjoint paths, Networks 14, 1984). With
//! shared risks the question is NP-complete (Hu, Diverse routing in optical mesh networks, IEEE Trans. Comm.
//! 51, 2003): a search over what the first route has to avoid answers it. When nothing can be found because
//! the failures of the first route cut the terminal off, any two routes must have one that avoids a failure
//! on that cut, so trying these one by one misses none.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::{Lack, Network};
use crate::graph::{EdgeId, NodeId};

const NONE: u32 = u32::MAX;
/// Passing through a node, among the ways to come to a state.
const THROUGH: u32 = u32::MAX - 1;

/// Two routes, each from the terminal to the core.
pub(super) type Pair = [Vec<EdgeId>; 2];

/// How a search for two routes ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Found {
    Pair(Pair),
    /// There are none, for this reason.
    None(Lack),
}

/// Something that fails as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Failure {
    Edge(u32),
    Group(u32),
    Node(u32),
}

/// Finds pairs of routes, again and again on one network.
pub(super) struct Pairs<'n> {
    net: &'n Network<'n>,
    groups_of: Vec<SmallVec<[u32; 2]>>,
    /// What may not be used in a search has this number.
    shut: u32,
    shut_edge: Vec<u32>,
    shut_node: Vec<u32>,
    near: Vec<f64>,
    came: Vec<u32>,
    /// Labels of the second search: on the way into a node, on the way out of it.
    far: Vec<f64>,
    via: Vec<u32>,
    /// On the first route: 1 along the edge, 2 against it.
    first: Vec<u8>,
    on_first: Vec<bool>,
    queue: BinaryHeap<Reverse<(u64, u32)>>,
    /// Arcs looked at so far.
    pub(super) steps: u64,
}

impl<'n> Pairs<'n> {
    pub(super) fn new(net: &'n Network<'n>) -> Self {
        let (n, m) = (net.graph.node_count(), net.graph.edge_count());
        let mut groups_of = vec![SmallVec::new(); m];
        for (g, edges) in (0u32..).zip(net.groups) {
            for e in edges {
                let of: &mut SmallVec<[u32; 2]> = &mut groups_of[e.index()];
                if !of.contains(&g) {
                    of.push(g);
                }
            }
        }
        Self {
            net,
            groups_of,
            shut: 0,
            shut_edge: vec![0; m],
            shut_node: vec![0; n],
            near: vec![f64::INFINITY; n],
            came: vec![NONE; n],
            far: vec![f64::INFINITY; 2 * n],
            via: vec![NONE; 2 * n],
            first: vec![0; m],
            on_first: vec![false; n],
            queue: BinaryHeap::new(),
            steps: 0,
        }
    }

    /// A cheap pair of routes at these prices, the cheapest where no risk is shared; tries this many first
    /// routes at most where one is.
    pub(super) fn find(&mut self, from: NodeId, price: &[f64], tries: usize) -> Found {
        if from == self.net.root {
            return Found::Pair([Vec::new(), Vec::new()]);
        }
        self.shut += 1;
        let Some(first) = self.route(from, price) else { return Found::None(Lack::Apart) };
        match self.second(from, &first, price) {
            Err(lack) => Found::None(lack),
            Ok(pair) if self.disjoint(&pair) => Found::Pair(pair),
            Ok(_) => self.search(from, price, tries),
        }
    }

    /// The cheapest route, with none beside it.
    pub(super) fn single(&mut self, from: NodeId, price: &[f64]) -> Found {
        self.shut += 1;
        match self.route(from, price) {
            Some(route) => Found::Pair([route, Vec::new()]),
            None => Found::None(Lack::Apart),
        }
    }

    /// The cheapest route to the core around what is shut.
    fn route(&mut self, from: NodeId, price: &[f64]) -> Option<Vec<EdgeId>> {
        let (graph, root) = (self.net.graph, self.net.root);
        self.near.fill(f64::INFINITY);
        self.came.fill(NONE);
        self.queue.clear();
        self.near[from.index()] = 0.0;
        self.queue.push(Reverse((0, from.0)));
        while let Some(Reverse((bits, v))) = self.queue.pop() {
            let (here, v) = (f64::from_bits(bits), NodeId(v));
            if here > self.near[v.index()] {
                continue;
            }
            if v == root {
                let mut edges = Vec::new();
                let mut at = root;
                while at != from {
                    let e = EdgeId(self.came[at.index()]);
                    edges.push(e);
                    at = graph.opposite(e, at);
                }
                edges.reverse();
                return Some(edges);
            }
            for (e, u) in graph.arcs(v) {
                self.steps += 1;
                if self.shut_edge[e.index()] == self.shut || self.shut_node[u.index()] == self.shut {
                    continue;
                }
                let there = here + price[e.index()];
                if there < self.near[u.index()] {
                    self.near[u.index()] = there;
                    self.came[u.index()] = e.0;
                    self.queue.push(Reverse((there.to_bits(), u.0)));
                }
            }
        }
        None
    }

    /// The cheapest two routes that share no edge (and no node, where nodes fail), from the cheapest one,
    /// which has just been found; or the edge or node that every route takes.
    fn second(&mut self, from: NodeId, first: &[EdgeId], price: &[f64]) -> Result<Pair, Lack> {
        let (graph, root) = (self.net.graph, self.net.root);
        let least = self.near[root.index()];
        let mut passed = vec![from];
        for &e in first {
            let v = passed[passed.len() - 1];
            let u = graph.opposite(e, v);
            self.first[e.index()] = if graph.ends(e)[0] == v { 1 } else { 2 };
            passed.push(u);
        }
        for &v in &passed[1..passed.len() - 1] {
            self.on_first[v.index()] = true;
        }
        let reached = self.second_search(from, least, price);
        let lack = if reached {
            None
        } else {
            // What is reached of the first route is its start.
            let stuck = passed.iter().zip(first).find_map(|(&v, &e)| {
                let (into, out) = (v.0 as usize * 2, v.0 as usize * 2 + 1);
                if self.far[out] == f64::INFINITY && self.far[into] < f64::INFINITY {
                    return Some(Lack::Node(v));
                }
                let next = graph.opposite(e, v);
                (self.far[next.index() * 2] == f64::INFINITY).then_some(Lack::Edge(e))
            });
            stuck.or(Some(Lack::Apart))
        };
        let mut arcs: FxHashMap<NodeId, SmallVec<[EdgeId; 2]>> = FxHashMap::default();
        if reached {
            let mut state = root.0 * 2;
            while state != from.0 * 2 + 1 {
                let (via, v) = (self.via[state as usize], NodeId(state / 2));
                if via == THROUGH {
                    state ^= 1;
                    continue;
                }
                let e = EdgeId(via);
                let u = graph.opposite(e, v);
                if state % 2 == 0 {
                    arcs.entry(u).or_default().push(e);
                    state = u.0 * 2 + 1;
                } else {
                    // Back along the first route: neither takes this edge.
                    self.first[e.index()] = 0;
                    state = u.0 * 2;
                }
            }
        }
        for (&v, &e) in passed.iter().zip(first) {
            if std::mem::take(&mut self.first[e.index()]) != 0 {
                arcs.entry(v).or_default().push(e);
            }
            self.on_first[v.index()] = false;
        }
        self.on_first[root.index()] = false;
        if let Some(lack) = lack {
            return Err(lack);
        }
        let mut walk = || {
            let mut edges = Vec::new();
            let mut v = from;
            while v != root {
                let Some(e) = arcs.get_mut(&v).and_then(SmallVec::pop) else { break };
                edges.push(e);
                v = graph.opposite(e, v);
            }
            without_loops(self.net, from, edges)
        };
        Ok([walk(), walk()])
    }

    fn second_search(&mut self, from: NodeId, least: f64, price: &[f64]) -> bool {
        let (graph, root) = (self.net.graph, self.net.root);
        self.far.fill(f64::INFINITY);
        self.via.fill(NONE);
        self.queue.clear();
        let start = from.0 * 2 + 1;
        self.far[start as usize] = 0.0;
        self.queue.push(Reverse((0, start)));
        while let Some(Reverse((bits, state))) = self.queue.pop() {
            let here = f64::from_bits(bits);
            if here > self.far[state as usize] {
                continue;
            }
            let v = NodeId(state / 2);
            let outward = state % 2 == 1;
            if v == root && !outward {
                return true;
            }
            let height = |v: NodeId, near: &[f64]| near[v.index()].min(least);
            let at_v = height(v, &self.near);
            let mut offer = |to: u32, there: f64, via: u32, queue: &mut BinaryHeap<_>| {
                let there = there.max(here);
                if there < self.far[to as usize] {
                    self.far[to as usize] = there;
                    self.via[to as usize] = via;
                    queue.push(Reverse((there.to_bits(), to)));
                }
            };
            let taken = self.on_first[v.index()];
            if v != from && (taken || !outward) && (outward || !taken || !self.net.nodes_fail) {
                offer(state ^ 1, here, THROUGH, &mut self.queue);
            }
            for (e, u) in graph.arcs(v) {
                self.steps += 1;
                if u == v {
                    continue;
                }
                let along = self.first[e.index()];
                let w = price[e.index()];
                if outward && along == 0 {
                    offer(u.0 * 2, here + w + at_v - height(u, &self.near), e.0, &mut self.queue);
                } else if !outward && along != 0 {
                    let enters = (along == 1) == (graph.ends(e)[1] == v);
                    if enters && u != v {
                        let there = here + (at_v - height(u, &self.near) - w).max(0.0);
                        offer(u.0 * 2 + 1, there, e.0, &mut self.queue);
                    }
                }
            }
        }
        false
    }

    /// Whether no group of edges has a part in both routes.
    fn disjoint(&self, pair: &Pair) -> bool {
        if self.net.groups.is_empty() {
            return true;
        }
        let groups: BTreeSet<u32> =
            pair[0].iter().flat_map(|e| &self.groups_of[e.index()]).copied().collect();
        !pair[1].iter().flat_map(|e| &self.groups_of[e.index()]).any(|g| groups.contains(g))
    }

    fn shut(&mut self, failure: Failure) {
        match failure {
            Failure::Edge(e) => self.shut_edge[e as usize] = self.shut,
            Failure::Node(v) => self.shut_node[v as usize] = self.shut,
            Failure::Group(g) => {
                let net = self.net;
                for e in &net.groups[g as usize] {
                    self.shut_edge[e.index()] = self.shut;
                }
            }
        }
    }

    /// What takes a route down.
    fn failures(&self, from: NodeId, route: &[EdgeId]) -> BTreeSet<Failure> {
        let mut out = BTreeSet::new();
        let mut v = from;
        for &e in route {
            if self.net.nodes_fail && v != from {
                out.insert(Failure::Node(v.0));
            }
            out.insert(Failure::Edge(e.0));
            out.extend(self.groups_of[e.index()].iter().map(|&g| Failure::Group(g)));
            v = self.net.graph.opposite(e, v);
        }
        out
    }

    /// Tries first routes, shortest first, each with more to avoid than the one that it comes from.
    fn search(&mut self, from: NodeId, price: &[f64], tries: usize) -> Found {
        let graph = self.net.graph;
        let cost = |route: &[EdgeId]| route.iter().map(|e| price[e.index()]).sum::<f64>();
        let mut best: Option<(f64, Pair)> = None;
        let mut seen: BTreeSet<Vec<Failure>> = BTreeSet::new();
        let mut open: BinaryHeap<Reverse<(u64, Vec<Failure>)>> = BinaryHeap::new();
        open.push(Reverse((0, Vec::new())));
        let mut tried = 0;
        while let Some(Reverse((bits, avoid))) = open.pop() {
            if tried >= tries || best.as_ref().is_some_and(|b| f64::from_bits(bits) >= b.0) {
                break;
            }
            tried += 1;
            self.shut += 1;
            for &f in &avoid {
                self.shut(f);
            }
            let Some(first) = self.route(from, price) else { continue };
            let down = self.failures(from, &first);
            self.shut += 1;
            for &f in &down {
                self.shut(f);
            }
            if let Some(second) = self.route(from, price) {
                let total = cost(&first) + cost(&second);
                if best.as_ref().is_none_or(|b| total < b.0) {
                    best = Some((total, [first, second]));
                }
                continue;
            }
            // Some failure is survived by neither route, or one on this cut is avoided by the first.
            let reached = |v: NodeId| self.near[v.index()] < f64::INFINITY;
            let mut on_cut: BTreeSet<Failure> = BTreeSet::new();
            for v in graph.nodes().filter(|&v| reached(v)) {
                for (e, u) in graph.arcs(v).filter(|&(_, u)| !reached(u)) {
                    let groups = self.groups_of[e.index()].iter().map(|&g| Failure::Group(g));
                    let of = groups.chain([Failure::Edge(e.0), Failure::Node(u.0)]);
                    on_cut.extend(of.filter(|f| down.contains(f)));
                }
            }
            let length = cost(&first);
            for f in on_cut {
                let mut more = avoid.clone();
                if let Err(i) = more.binary_search(&f) {
                    more.insert(i, f);
                    if seen.insert(more.clone()) {
                        open.push(Reverse((length.to_bits(), more)));
                    }
                }
            }
        }
        match best {
            Some((_, pair)) => Found::Pair(pair),
            None => Found::None(self.shared_risk(from, price, open.is_empty() && tried < tries)),
        }
    }

    /// Why there is no pair though no single edge or node is on every route.
    fn shared_risk(&mut self, from: NodeId, price: &[f64], all_tried: bool) -> Lack {
        self.shut += 1;
        let Some(first) = self.route(from, price) else { return Lack::Apart };
        for f in self.failures(from, &first) {
            if let Failure::Group(g) = f {
                self.shut += 1;
                self.shut(f);
                if self.route(from, price).is_none() {
                    return Lack::Group(g);
                }
            }
        }
        if all_tried { Lack::NoPair } else { Lack::NotFound }
    }
}

/// A walk without what leads back to where it was.
fn without_loops(net: &Network<'_>, from: NodeId, walk: Vec<EdgeId>) -> Vec<EdgeId> {
    let mut at: FxHashMap<NodeId, usize> = FxHashMap::default();
    at.insert(from, 0);
    let mut out: Vec<(EdgeId, NodeId)> = Vec::new();
    let mut v = from;
    for e in walk {
        v = net.graph.opposite(e, v);
        if let Some(&length) = at.get(&v) {
            for (_, u) in out.drain(length..) {
                at.remove(&u);
            }
        } else {
            out.push((e, v));
            at.insert(v, out.len());
        }
    }
    out.into_iter().map(|(e, _)| e).collect()
}
