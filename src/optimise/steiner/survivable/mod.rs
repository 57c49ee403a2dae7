//! Survivable networks: every terminal is joined to a core, and some by two routes that no single failure
//! takes both of.
//!
//! What fails alone: an edge; the edges of a group (two cables in one duct); where asked, a node between a
//! terminal and the core. The core itself and the terminals stand.
//!
//! Networks come from cheapest pairs of routes, put in one after the other where what is there already is
//! free, and bettered by taking some out and putting them in again in another order (ruin and recreate); the
//! terminals with one route hang from the pairs by a Steiner tree. The bound orients a network: what two
//! routes join can be oriented so that the core reaches every terminal and every such terminal reaches the
//! core (Robbins 1939), so arcs have to enter each set of nodes with a terminal and leave each with a
//! terminal of two routes, and no edge is paid twice (Chopra, The k-edge-connected spanning subgraph
//! polyhedron, SIAM J. Discrete Math. 7, 1994).

mod bound;
mod pairs;

use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::{SteinerError, check_terminals};
use crate::graph::{Dijkstra, EdgeId, Graph, NodeId, Until};
use crate::optimise::{Certified, Draw, Ended, Meter, TOLERANCE, Work, grid, round_up};
use pairs::{Found, Pair, Pairs};

/// Work that [`Effort::LOW`](crate::optimise::Effort::LOW) buys, in arcs looked at.
const STEPS_FLAT: u64 = 1 << 24;
const STEPS_PER_SIZE: u64 = 1 << 11;
/// First routes tried for one pair where risks are shared.
const TRIES: usize = 48;
/// First routes tried before a terminal is said to have no pair.
const TRIES_TO_REFUSE: usize = 512;
/// What is there already costs this much of its weight, so that of free ways the short one is taken.
const THERE: f64 = 1e-7;
/// Starts of the search.
const STARTS: u64 = 6;
/// How far above the best a search may wander at first.
const BAND: f64 = 0.02;
/// Pairs taken out at once: any few, and those on one edge.
const RUIN: usize = 8;
const MOST_RUIN: usize = 32;
/// How much dearer an edge is that pairs are to be led around.
const SHUNNED: f64 = 16.0;

/// How many routes a terminal needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// One.
    One,
    /// Two that no single failure takes both of.
    Two,
}

/// What is to be joined, and what can fail.
#[derive(Clone, Copy, Debug)]
pub struct Network<'a> {
    /// Edges with their costs.
    pub graph: &'a Graph,
    /// The core, as one node that doesn't fail.
    pub root: NodeId,
    /// Who is to be joined.
    pub terminals: &'a [(NodeId, Need)],
    /// Edges that fail together.
    pub groups: &'a [Vec<EdgeId>],
    /// Nodes fail too.
    pub nodes_fail: bool,
}

/// Why a terminal can't have what it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lack {
    /// No route leads to the core.
    Apart,
    /// Every route takes this edge.
    Edge(EdgeId),
    /// Every route passes this node.
    Node(NodeId),
    /// Every route takes some edge of this group.
    Group(u32),
    /// Any single failure can be survived, but of any two routes both have a part in the same group.
    NoPair,
    /// No pair was found, and that there is none isn't proven.
    NotFound,
}

/// Edges that are built, and the routes of every terminal over them.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Survivable {
    /// The edges, in id order.
    pub edges: Vec<EdgeId>,
    /// One or two routes of each terminal, in the order given, from the terminal to the core.
    pub routes: Vec<Vec<Vec<EdgeId>>>,
}

/// Why there is no network.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum SurvivableError {
    /// A terminal or the core isn't there, or an edge of a group.
    #[error("{what} {index} is not in the graph")]
    NotThere {
        /// `node` or `edge`.
        what: &'static str,
        /// Its index.
        index: u32,
    },
    /// Terminals that can't have the routes that they need.
    #[error("{} of the terminals can't have the routes that they need", .0.len())]
    Lacking(Vec<(usize, Lack)>),
    /// The tree of the terminals with one route.
    #[error(transparent)]
    Tree(#[from] SteinerError),
}

/// The terminals, by index, that can't have the routes that they need, each with what is in the way.
///
/// # Errors
/// Nodes or edges that don't exist.
pub fn lacking(network: &Network<'_>) -> Result<Vec<(usize, Lack)>, SurvivableError> {
    check(network)?;
    let graph = network.graph;
    let mut reach = Dijkstra::new(graph);
    reach.run([(network.root, 0.0)], Until::Everywhere);
    let mut pairs = Pairs::new(network);
    let mut known: FxHashMap<NodeId, Option<Lack>> = FxHashMap::default();
    let mut out = Vec::new();
    for (i, &(node, need)) in network.terminals.iter().enumerate() {
        let lack = match need {
            _ if reach.distance(node).is_none() => Some(Lack::Apart),
            Need::One => None,
            Need::Two => *known.entry(node).or_insert_with(|| {
                match pairs.find(node, graph.weights(), TRIES_TO_REFUSE) {
                    Found::Pair(_) => None,
                    Found::None(lack) => Some(lack),
                }
            }),
        };
        out.extend(lack.map(|l| (i, l)));
    }
    Ok(out)
}

fn check(network: &Network<'_>) -> Result<(), SurvivableError> {
    let nodes = network.terminals.iter().map(|t| t.0).chain([network.root]);
    for v in nodes {
        if v.index() >= network.graph.node_count() {
            return Err(SurvivableError::NotThere { what: "node", index: v.0 });
        }
    }
    match network.groups.iter().flatten().find(|e| e.index() >= network.graph.edge_count()) {
        Some(e) => Err(SurvivableError::NotThere { what: "edge", index: e.0 }),
        None => Ok(()),
    }
}

/// Finds a cheap network that gives every terminal its routes, and proves how far it can be from the
/// cheapest.
///
/// # Errors
/// Terminals that can't have their routes, each with the reason, and ids that don't exist.
///
/// # Example
/// ```
/// use covplan::graph::{Graph, NodeId};
/// use covplan::optimise::Effort;
/// use covplan::optimise::steiner::survivable::{Need, Network, solve};
/// // Two terminals on a ring around the core; the chord would make a tree, but no second route.
/// let g = Graph::from_edges(4, &[(0, 1, 2.0), (1, 2, 3.0), (2, 3, 2.0), (3, 0, 2.0), (0, 2, 1.0)])?;
/// let terminals = [(NodeId(1), Need::Two), (NodeId(2), Need::One)];
/// let network =
///     Network { graph: &g, root: NodeId(0), terminals: &terminals, groups: &[], nodes_fail: false };
/// let found = solve(&network, Effort::NORMAL.into())?;
/// assert_eq!((found.objective, found.bound), (6.0, 6.0));
/// assert_eq!(found.value.routes[0].len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn solve(network: &Network<'_>, work: Work<'_>) -> Result<Certified<Survivable>, SurvivableError> {
    let lacks = lacking(network)?;
    if !lacks.is_empty() {
        return Err(SurvivableError::Lacking(lacks));
    }
    let graph = network.graph;
    let of = |need: Need| {
        let nodes: BTreeSet<NodeId> =
            network.terminals.iter().filter(|t| t.1 == need && t.0 != network.root).map(|t| t.0).collect();
        nodes
    };
    let twos = of(Need::Two);
    let ones: Vec<NodeId> = of(Need::One).difference(&twos).copied().collect();
    let twos: Vec<NodeId> = twos.into_iter().collect();
    let mut all: Vec<NodeId> = ones.iter().chain(&twos).copied().chain([network.root]).collect();
    all.sort_unstable();
    check_terminals(graph, &all)?;

    let tree = super::solve(graph, &all, work)?;
    let size = (graph.node_count() + graph.edge_count()) as u64;
    let mut meter = work.meter(STEPS_FLAT + STEPS_PER_SIZE * size);
    let scale = grid(graph.weights().iter().copied());
    let mut search = Search {
        network,
        pairs: Pairs::new(network),
        two: twos.iter().copied().collect(),
        usage: vec![0.0; graph.edge_count()],
        draw: Draw::new(work.seed),
        scale,
    };
    let (best, bound) = if twos.is_empty() {
        let base = flags(graph, &tree.value.edges);
        (State::new(graph, &[], base), tree.bound)
    } else {
        let order = search.order(&ones);
        let first = search.first(&order, &tree.value.edges, &mut meter)?;
        let goal = search.enough(first.cost);
        let half = meter.left() / 2;
        let mut part = meter.part(half);
        let relaxed = bound::bound(network, &ones, &twos, tree.bound, goal, &mut part);
        meter.settle(half, &part);
        let bound = round_up(relaxed.bound, scale);
        search.usage = relaxed.usage;
        (search.bettered(first, &ones, &order, bound, work, &mut meter)?, bound)
    };
    let value = search.answer(&best);
    let objective = graph.total_weight(&value.edges);
    let bound = round_up(bound, scale).min(objective);
    let proven = bound >= search.enough(objective);
    Ok(Certified {
        value,
        objective,
        bound: if proven { objective } else { bound },
        ended: match (proven, meter.stopped() || work.stop.requested()) {
            (true, _) => Ended::Proven,
            (false, true) => Ended::Stopped,
            (false, false) => Ended::Worked,
        },
    })
}

/// Checks that every terminal has its routes over the edges, and that no failure takes both of two.
///
/// # Errors
/// What is wrong, in words.
pub fn verify(network: &Network<'_>, answer: &Survivable) -> Result<(), String> {
    let graph = network.graph;
    if answer.routes.len() != network.terminals.len() {
        return Err(format!("{} routes for {} terminals", answer.routes.len(), network.terminals.len()));
    }
    for (&(node, need), routes) in network.terminals.iter().zip(&answer.routes) {
        let wanted = if need == Need::Two { 2 } else { 1 };
        if routes.len() != wanted {
            return Err(format!("terminal {} has {} routes", node.0, routes.len()));
        }
        let mut hit: BTreeMap<(u8, u32), usize> = BTreeMap::new();
        for (k, route) in routes.iter().enumerate() {
            let mut risks = BTreeSet::new();
            let mut v = node;
            for e in route {
                if answer.edges.binary_search(e).is_err() {
                    return Err(format!("edge {} of a route of {} isn't built", e.0, node.0));
                }
                if !graph.ends(*e).contains(&v) {
                    return Err(format!("edge {} of a route of {} doesn't follow", e.0, node.0));
                }
                risks.insert((0, e.0));
                for (g, _) in (0u32..).zip(network.groups).filter(|(_, g)| g.contains(e)) {
                    risks.insert((1, g));
                }
                v = graph.opposite(*e, v);
                if network.nodes_fail && v != network.root {
                    risks.insert((2, v.0));
                }
            }
            if v != network.root {
                return Err(format!("route {k} of {} ends at {}", node.0, v.0));
            }
            for r in risks {
                *hit.entry(r).or_default() += 1;
            }
        }
        if let Some((risk, _)) = hit.iter().find(|(_, n)| **n > 1) {
            return Err(format!("both routes of {} share {risk:?}", node.0));
        }
    }
    Ok(())
}

fn flags(graph: &Graph, edges: &[EdgeId]) -> Vec<bool> {
    let mut out = vec![false; graph.edge_count()];
    for e in edges {
        out[e.index()] = true;
    }
    out
}

/// Pairs of routes and the tree of the others, with what all of it costs.
#[derive(Clone)]
struct State {
    ways: BTreeMap<NodeId, Pair>,
    /// How many pairs use an edge.
    used: Vec<u32>,
    /// Edges that are there whatever the pairs do.
    base: Vec<bool>,
    /// What an edge costs a route: next to nothing where it is there.
    price: Vec<f64>,
    cost: f64,
}

impl State {
    fn new(graph: &Graph, ways: &[(NodeId, Pair)], base: Vec<bool>) -> Self {
        let there = |e: EdgeId| if base[e.index()] { THERE } else { 1.0 };
        let mut out = Self {
            ways: BTreeMap::new(),
            used: vec![0; graph.edge_count()],
            price: graph.edges().map(|e| graph.weight(e) * there(e)).collect(),
            cost: graph.edges().filter(|e| base[e.index()]).map(|e| graph.weight(e)).sum(),
            base,
        };
        for (v, pair) in ways {
            out.put(graph, *v, pair.clone());
        }
        out
    }

    fn put(&mut self, graph: &Graph, node: NodeId, pair: Pair) {
        for e in pair.iter().flatten() {
            let i = e.index();
            self.used[i] += 1;
            if self.used[i] == 1 && !self.base[i] {
                self.cost += graph.weight(*e);
                self.price[i] = graph.weight(*e) * THERE;
            }
        }
        self.ways.insert(node, pair);
    }

    fn take(&mut self, graph: &Graph, node: NodeId) -> Option<Pair> {
        let pair = self.ways.remove(&node)?;
        for e in pair.iter().flatten() {
            let i = e.index();
            self.used[i] -= 1;
            if self.used[i] == 0 && !self.base[i] {
                self.cost -= graph.weight(*e);
                self.price[i] = graph.weight(*e);
            }
        }
        Some(pair)
    }

    fn pairs(&self) -> Vec<(NodeId, Pair)> {
        self.ways.iter().map(|(v, p)| (*v, p.clone())).collect()
    }
}

struct Search<'n> {
    network: &'n Network<'n>,
    pairs: Pairs<'n>,
    /// Who needs two routes.
    two: BTreeSet<NodeId>,
    /// How much of each edge the relaxation builds.
    usage: Vec<f64>,
    draw: Draw,
    scale: Option<f64>,
}

impl Search<'_> {
    /// A bound that proves a network of this cost best.
    fn enough(&self, cost: f64) -> f64 {
        match self.scale {
            Some(s) => cost - 1.0 / s + (1e-3 / s).max(1e-12 * cost),
            None => cost * (1.0 - TOLERANCE),
        }
    }

    /// All terminals: those with two routes first, the far ones of each kind before the near ones.
    fn order(&self, ones: &[NodeId]) -> Vec<NodeId> {
        let mut order: Vec<NodeId> = self.two.iter().chain(ones).copied().collect();
        let mut near = Dijkstra::new(self.network.graph);
        near.run([(self.network.root, 0.0)], Until::All(&order));
        let distance = |v: NodeId| near.distance(v).unwrap_or(0.0);
        order.sort_by(|&a, &b| distance(b).total_cmp(&distance(a)).then(a.cmp(&b)));
        order.sort_by_key(|v| Reverse(self.two.contains(v)));
        order
    }

    /// Everyone put in once: from scratch, or beside the tree that joins all.
    fn first(
        &mut self,
        order: &[NodeId],
        tree: &[EdgeId],
        meter: &mut Meter<'_>,
    ) -> Result<State, SurvivableError> {
        let graph = self.network.graph;
        let nothing = || vec![false; graph.edge_count()];
        let mut best = State::new(graph, &[], nothing());
        self.put_in(&mut best, order, None, meter)?;
        if meter.open() {
            let mut beside = State::new(graph, &[], flags(graph, tree));
            self.put_in(&mut beside, order, None, meter)?;
            let beside = State::new(graph, &beside.pairs(), nothing());
            if beside.cost < best.cost {
                best = beside;
            }
        }
        Ok(best)
    }

    /// The best network found from a first one; the bound tells when there is no better.
    fn bettered(
        &mut self,
        first: State,
        ones: &[NodeId],
        order: &[NodeId],
        bound: f64,
        work: Work<'_>,
        meter: &mut Meter<'_>,
    ) -> Result<State, SurvivableError> {
        let graph = self.network.graph;
        let mut best = first;
        if bound >= self.enough(best.cost) || !meter.open() {
            return Ok(best);
        }
        // Once more from scratch, where the relaxation would build.
        let mut led = State::new(graph, &[], vec![false; graph.edge_count()]);
        let bias = self.led(0.95);
        self.put_in(&mut led, order, Some(&bias), meter)?;
        if led.cost < best.cost {
            best = led;
        }
        // Then from other starts; each gets what the ones before leave.
        for start in 0..STARTS {
            let mut state = if start == 0 {
                best.clone()
            } else {
                let mut state = State::new(graph, &[], vec![false; graph.edge_count()]);
                let bias = self.bias();
                let mut order = order.to_vec();
                for i in (1..order.len()).rev() {
                    order.swap(i, self.draw.below(i + 1));
                }
                self.put_in(&mut state, &order, bias.as_deref(), meter)?;
                state
            };
            let share = meter.left() / (STARTS - start);
            let mut part = meter.part(share);
            self.better(&mut state, order, bound, &mut part)?;
            meter.settle(share, &part);
            if !ones.is_empty() && bound < self.enough(state.cost) {
                let with = self.with_tree(&state, ones, work)?;
                if with.cost < state.cost {
                    state = with;
                }
            }
            if state.cost < best.cost {
                best = state;
            }
            if bound >= self.enough(best.cost) || !meter.open() {
                break;
            }
        }
        Ok(best)
    }

    /// Price factors that are low where the relaxation builds.
    fn led(&self, share: f64) -> Vec<f64> {
        self.usage.iter().map(|x| 1.0 - share * x).collect()
    }

    /// Price factors for a try: none, drawn ones, those of the relaxation, or both.
    fn bias(&mut self) -> Option<Vec<f64>> {
        let kind = self.draw.below(4);
        let mut out = match kind {
            0 => return None,
            1 => vec![1.0; self.usage.len()],
            _ => self.led(0.9),
        };
        if kind != 2 {
            for f in &mut out {
                *f *= 0.25 + 1.5 * self.draw.unit();
            }
        }
        Some(out)
    }

    /// The pairs of a state with the cheapest tree of the others found.
    fn with_tree(&self, state: &State, ones: &[NodeId], work: Work<'_>) -> Result<State, SurvivableError> {
        let (graph, root) = (self.network.graph, self.network.root);
        let mut pairs = state.pairs();
        pairs.retain(|(v, _)| self.two.contains(v));
        let bare = State::new(graph, &pairs, vec![false; graph.edge_count()]);
        let there = |e: EdgeId| if bare.used[e.index()] > 0 { 0.0 } else { graph.weight(e) };
        let weights: Vec<f64> = graph.edges().map(there).collect();
        let ends: Vec<NodeId> = ones.iter().copied().chain([root]).collect();
        let priced = graph.reweighted(&weights).map_err(SteinerError::from)?;
        let tree = super::solve(&priced, &ends, work)?;
        let mut above: FxHashMap<NodeId, (EdgeId, NodeId)> = FxHashMap::default();
        let mut left = flags(graph, &tree.value.edges);
        let mut open = vec![root];
        while let Some(v) = open.pop() {
            for (e, u) in graph.arcs(v) {
                if std::mem::take(&mut left[e.index()]) {
                    above.insert(u, (e, v));
                    open.push(u);
                }
            }
        }
        for &v in ones {
            let way = std::iter::successors(above.get(&v), |(_, u)| above.get(u)).map(|(e, _)| *e);
            pairs.push((v, [way.collect(), Vec::new()]));
        }
        Ok(State::new(graph, &pairs, vec![false; graph.edge_count()]))
    }

    /// Puts pairs in, each at the price of what isn't there yet, times a factor where there are some.
    fn put_in(
        &mut self,
        state: &mut State,
        order: &[NodeId],
        bias: Option<&[f64]>,
        meter: &mut Meter<'_>,
    ) -> Result<(), SurvivableError> {
        let mut biased: Vec<f64> = Vec::new();
        for &v in order {
            if let Some(bias) = bias {
                biased.clear();
                biased.extend(state.price.iter().zip(bias).map(|(p, f)| p * f));
            }
            let price = if bias.is_some() { &biased } else { &state.price };
            let before = self.pairs.steps;
            let found = if self.two.contains(&v) {
                match self.pairs.find(v, price, TRIES) {
                    Found::None(_) => self.pairs.find(v, self.network.graph.weights(), TRIES_TO_REFUSE),
                    found => found,
                }
            } else {
                self.pairs.single(v, price)
            };
            meter.spend(self.pairs.steps - before);
            match found {
                Found::Pair(pair) => state.put(self.network.graph, v, pair),
                Found::None(lack) => {
                    let at = self.network.terminals.iter().position(|t| t.0 == v).unwrap_or(0);
                    return Err(SurvivableError::Lacking(vec![(at, lack)]));
                }
            }
        }
        Ok(())
    }

    /// Takes pairs out and puts them in again, alone and then by the handful. A change for the worse is
    /// kept too while it stays near the best, the less so the more work is done (record-to-record travel,
    /// Dueck 1993).
    fn better(
        &mut self,
        best: &mut State,
        all: &[NodeId],
        bound: f64,
        meter: &mut Meter<'_>,
    ) -> Result<(), SurvivableError> {
        let mut alone: Vec<NodeId> = all.to_vec();
        let mut state = best.clone();
        let mut idle = 0;
        let work = meter.left().min(u64::MAX / 2) as f64;
        // By then every pair has been tried with many others.
        let most_idle = 400 + 80 * all.len();
        while meter.open() && idle < most_idle && bound < self.enough(best.cost) {
            let (out, bias) = match alone.pop() {
                Some(v) => (vec![v], None),
                None => {
                    let (out, shunned) = self.handful(&state, all);
                    let mut bias = self.bias();
                    if let Some(e) = shunned {
                        let factors = bias.get_or_insert_with(|| vec![1.0; self.usage.len()]);
                        factors[e.index()] *= SHUNNED;
                    }
                    (out, bias)
                }
            };
            let before = state.cost;
            let old: Vec<(NodeId, Pair)> =
                out.iter().filter_map(|&v| Some((v, state.take(self.network.graph, v)?))).collect();
            self.put_in(&mut state, &out, bias.as_deref(), meter)?;
            let left = (meter.left() as f64 / work).min(1.0 - idle as f64 / most_idle as f64);
            let band = best.cost * (1.0 + BAND * left);
            idle += 1;
            if state.cost < best.cost * (1.0 - TOLERANCE) {
                best.clone_from(&state);
                idle = 0;
            } else if state.cost > before * (1.0 + TOLERANCE) && state.cost > band {
                for &v in &out {
                    state.take(self.network.graph, v);
                }
                for (v, pair) in old {
                    state.put(self.network.graph, v, pair);
                }
            }
        }
        Ok(())
    }

    /// Pairs that share an edge, which is to be shunned then, or any few, in a drawn order.
    fn handful(&mut self, state: &State, all: &[NodeId]) -> (Vec<NodeId>, Option<EdgeId>) {
        let middle = all[self.draw.below(all.len())];
        let mut out = vec![middle];
        let edges: Vec<EdgeId> = state.ways.get(&middle).into_iter().flatten().flatten().copied().collect();
        let mut shunned = None;
        if !edges.is_empty() && self.draw.below(3) > 0 {
            let e = edges[self.draw.below(edges.len())];
            let with = |p: &Pair| p.iter().flatten().any(|f| *f == e);
            out.extend(state.ways.iter().filter(|(v, p)| **v != middle && with(p)).map(|(v, _)| *v));
            shunned = Some(e).filter(|_| self.draw.below(3) > 0);
        }
        let more = self.draw.below(RUIN.min(all.len()));
        for _ in 0..more {
            let v = all[self.draw.below(all.len())];
            if !out.contains(&v) {
                out.push(v);
            }
        }
        for i in (1..out.len()).rev() {
            out.swap(i, self.draw.below(i + 1));
        }
        out.truncate(MOST_RUIN);
        (out, shunned)
    }

    /// The edges of a state that some route takes, and the routes.
    fn answer(&self, state: &State) -> Survivable {
        let (graph, root) = (self.network.graph, self.network.root);
        let built: Vec<f64> =
            graph
                .edges()
                .map(|e| {
                    if state.used[e.index()] > 0 || state.base[e.index()] {
                        graph.weight(e)
                    } else {
                        f64::MAX
                    }
                })
                .collect();
        let mut search = graph.reweighted(&built).ok();
        let ones: Vec<NodeId> = self.network.terminals.iter().map(|t| t.0).collect();
        let mut single: BTreeMap<NodeId, Vec<EdgeId>> = BTreeMap::new();
        if let Some(graph) = search.as_mut() {
            let mut near = Dijkstra::new(graph);
            near.run([(root, 0.0)], Until::All(&ones));
            for &v in &ones {
                if let Some(mut path) = near.path_to(v) {
                    path.edges.reverse();
                    single.insert(v, path.edges);
                }
            }
        }
        let routes: Vec<Vec<Vec<EdgeId>>> = self
            .network
            .terminals
            .iter()
            .map(|(v, need)| match need {
                Need::One => vec![single.get(v).cloned().unwrap_or_default()],
                Need::Two => state.ways.get(v).map_or_else(|| vec![Vec::new(); 2], |p| p.to_vec()),
            })
            .collect();
        let edges: BTreeSet<EdgeId> = routes.iter().flatten().flatten().copied().collect();
        Survivable { edges: edges.into_iter().collect(), routes }
    }
}

#[cfg(test)]
mod tests;
