//! Prize-collecting trees: join only those nodes whose prize is worth the way.
//!
//! A tree that holds the root is sought that makes its edges plus the prizes left behind cheapest (the
//! Goemans–Williamson objective). Each prize node v becomes a terminal behind two arcs: one from v, free,
//! and one from the root, at the prize; the prize-collecting problem is then a Steiner arborescence
//! problem, and dual ascent bounds it (Ljubić et al. 2006). Trees are cut back optimally by dynamic
//! programming.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::arborescence::{Extended, Part};
use super::closing::{STRETCHES, stretches_after};
use super::construct::{Grower, touched};
use super::dual_ascent::{Duals, arc_into};
use super::exchange::improve;
use super::instance::Instance;
use super::reduce::needed;
use super::relaxation::Relaxation;
use super::{SteinerError, SteinerTree, verify};
use crate::graph::{EdgeId, Graph, NodeId, minimum_spanning_forest};
use crate::optimise::{Certified, Draw, Ended, Meter, TOLERANCE, Work, grid, relative_gap, round_up};

/// Turns at better trees before the first relaxation.
const FIRST_TURNS: u64 = 6;

/// Finds a tree through `root` with the least sum of its edges and of the prizes it doesn't reach.
///
/// `prizes` has one value per node, zero where there is none; nodes out of reach are forfeited. The root's
/// own prize is always won.
///
/// # Errors
/// A root that isn't a node, a wrong number of prizes, or a prize that is negative or not finite.
///
/// # Example
/// ```
/// use covplan::graph::{Graph, NodeId};
/// use covplan::optimise::{Effort, steiner};
/// let g = Graph::from_edges(3, &[(0, 1, 2.0), (1, 2, 5.0)])?;
/// let tree = steiner::collect(&g, NodeId(0), &[0.0, 3.0, 4.0], Effort::NORMAL.into())?;
/// assert_eq!((tree.objective, tree.bound, tree.value.edges.len()), (6.0, 6.0, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn collect(
    graph: &Graph,
    root: NodeId,
    prizes: &[f64],
    work: Work<'_>,
) -> Result<Certified<SteinerTree>, SteinerError> {
    check(graph, root, prizes)?;
    let size = (graph.node_count() + graph.edge_count()) as u64;
    let mut meter = work.meter(2_000_000 + 100 * size);
    let scale = grid(graph.weights().iter().chain(prizes).copied());
    let found = collect_metered(graph, root, prizes, scale, &work, &mut meter);
    debug_assert_eq!(verify(graph, &[root], &found.value), Ok(()));
    Ok(found)
}

/// Trees that cost this or more aren't worth looking for.
pub(super) fn dearest_of_interest(cost: f64, scale: Option<f64>) -> f64 {
    match scale {
        Some(s) => cost - 1.0 / s + (1e-3 / s).max(1e-12 * cost.abs()),
        None => cost * (1.0 - TOLERANCE),
    }
}

pub(super) fn check(graph: &Graph, root: NodeId, prizes: &[f64]) -> Result<(), SteinerError> {
    let nodes = graph.node_count();
    if root.index() >= nodes {
        return Err(SteinerError::NoSuchNode { terminal: root, nodes });
    }
    if prizes.len() != nodes {
        return Err(SteinerError::WrongPrizeCount { prizes: prizes.len(), nodes });
    }
    match (0..nodes).find(|&v| !(prizes[v].is_finite() && prizes[v] >= 0.0)) {
        Some(v) => Err(SteinerError::BadPrize { node: NodeId(v as u32), prize: prizes[v] }),
        None => Ok(()),
    }
}

/// Edge cost of a tree plus the prizes it leaves behind, from the input alone.
#[must_use]
pub fn collected_cost(graph: &Graph, root: NodeId, prizes: &[f64], tree: &SteinerTree) -> f64 {
    let mut inside = vec![false; graph.node_count()];
    inside[root.index()] = true;
    for &e in &tree.edges {
        for v in graph.ends(e) {
            inside[v.index()] = true;
        }
    }
    let forfeited: f64 = prizes.iter().zip(&inside).filter(|(_, inside)| !**inside).map(|(p, _)| p).sum();
    graph.total_weight(&tree.edges) + forfeited
}

/// The search itself, also for callers that come with many prize vectors.
pub(super) fn collect_metered(
    graph: &Graph,
    root: NodeId,
    prizes: &[f64],
    scale: Option<f64>,
    work: &Work<'_>,
    meter: &mut Meter<'_>,
) -> Certified<SteinerTree> {
    let mut search = Search::new(graph, root, prizes, scale, work);
    search.run(meter);
    let proven = search.done_for_sure() || search.cost <= 0.0;
    Certified {
        objective: search.cost,
        bound: if proven { search.cost } else { search.bound },
        ended: match (proven, meter.stopped()) {
            (true, _) => Ended::Proven,
            (_, true) => Ended::Stopped,
            _ => Ended::Worked,
        },
        value: SteinerTree { edges: search.best },
    }
}

pub(super) struct Search<'g, 'w> {
    pub(super) graph: &'g Graph,
    pub(super) root: NodeId,
    pub(super) prizes: &'g [f64],
    pub(super) best: Vec<EdgeId>,
    pub(super) cost: f64,
    /// The cost of a tree known elsewhere; dearer ones needn't be found.
    pub(super) ceiling: f64,
    pub(super) bound: f64,
    scale: Option<f64>,
    draw: Draw,
    /// Edges that some better tree may still hold.
    alive: Vec<bool>,
    /// Nodes that the tree must leave out.
    pub(super) banned: Vec<bool>,
    /// Whether this is a search within the union of two trees.
    inner: bool,
    /// The graph as an instance whose terminals change.
    base: Option<Instance>,
    work: &'w Work<'w>,
}

impl<'g, 'w> Search<'g, 'w> {
    pub(super) fn new(
        graph: &'g Graph,
        root: NodeId,
        prizes: &'g [f64],
        scale: Option<f64>,
        work: &'w Work<'w>,
    ) -> Self {
        Self {
            graph,
            root,
            prizes,
            best: Vec::new(),
            cost: prizes.iter().enumerate().filter(|(v, _)| *v != root.index()).map(|(_, p)| p).sum(),
            ceiling: f64::INFINITY,
            bound: 0.0,
            scale,
            draw: Draw::new(work.seed),
            alive: vec![true; graph.edge_count()],
            banned: vec![false; graph.node_count()],
            base: None,
            inner: false,
            work,
        }
    }

    fn dearest_of_interest(&self) -> f64 {
        dearest_of_interest(self.cost.min(self.ceiling), self.scale)
    }

    fn done_for_sure(&self) -> bool {
        self.bound >= self.dearest_of_interest()
    }

    fn done(&self) -> bool {
        let gap = self.work.gap;
        self.cost <= 0.0 || self.done_for_sure() || (gap > 0.0 && relative_gap(self.cost, self.bound) <= gap)
    }

    fn raise(&mut self, bound: f64) {
        self.bound = self.bound.max(round_up(bound, self.scale).min(self.cost.min(self.ceiling)));
    }

    fn offer(&mut self, edges: Vec<EdgeId>) {
        let mut tree = SteinerTree { edges };
        tree.edges.sort_unstable();
        let cost = collected_cost(self.graph, self.root, self.prizes, &tree);
        if cost < self.cost {
            self.cost = cost;
            self.best = tree.edges;
        }
    }

    pub(super) fn run(&mut self, meter: &mut Meter<'_>) {
        for e in self.graph.edges() {
            let [a, b] = self.graph.ends(e).map(NodeId::index);
            self.alive[e.index()] &= !self.banned[a] && !self.banned[b];
        }
        let mut free = Meter::new(u64::MAX, crate::optimise::Stop::NEVER);
        let first = self.extend(&[], |_| 1.0, &mut free);
        self.polish(first, &mut free);
        if self.graph.edge_count() > 4 * self.graph.node_count() {
            self.alive = needed(self.graph, &[], &self.alive, meter);
        }
        let everyone: Vec<bool> =
            (0..self.prizes.len()).map(|v| self.prizes[v] > 0.0 || v == self.root.index()).collect();
        self.try_terminals(&everyone, |_, _| true, meter);
        let mut part = Part {
            alive: self.alive.clone(),
            forced: vec![false; self.graph.node_count()],
            banned: self.banned.clone(),
            bound: 0.0,
        };
        let mut useful = part.edges();
        for round in 0u32.. {
            if self.done() || !meter.open() {
                return;
            }
            match self.ascend(&mut part, round, meter) {
                Some(bound) => self.raise(bound),
                None => {
                    self.bound = self.cost.min(self.ceiling);
                    return;
                }
            }
            self.alive.clone_from(&part.alive);
            let left = part.edges();
            if round >= 3 && left * 20 > useful * 19 {
                break;
            }
            useful = left;
        }
        let turn = 2_000_000 + 100 * (self.graph.node_count() + self.graph.edge_count()) as u64;
        // The relaxation takes longest where a poor tree leaves it many edges.
        self.try_changes(FIRST_TURNS * turn, meter);
        let mut open = vec![part];
        while meter.open() && !self.done() {
            // A part once begun is finished if the meter allows.
            let end = meter.left().saturating_sub(16 * turn);
            while meter.open() && meter.left() > end {
                let Some(part) = open.pop() else { break };
                if part.bound >= self.dearest_of_interest() {
                    continue;
                }
                let first = open.is_empty() && part.bound <= self.bound;
                let (kept, lower) = self.split(part, first, meter, &mut open);
                if let Some(part) = kept {
                    open.push(Part { bound: lower, ..part });
                }
            }
            let lowest = open.iter().map(|p| p.bound).fold(f64::INFINITY, f64::min);
            self.raise(lowest.min(self.cost.min(self.ceiling)));
            if open.is_empty() {
                self.bound = self.cost.min(self.ceiling);
            }
            if !self.done() {
                self.try_changes(turn, meter);
            }
        }
    }

    /// Perturbations of the best tree, as long as they help or the steps last.
    fn try_changes(&mut self, steps: u64, meter: &mut Meter<'_>) {
        let mut part = meter.part(steps);
        let mut idle = 0;
        while part.open() && !self.done() && idle < 400 {
            let before = self.cost;
            self.perturb(&mut part);
            idle = if self.cost < before { 0 } else { idle + 1 };
        }
        meter.settle(steps, &part);
    }

    /// Bounds a part of the solution space by the relaxation, and splits it where that doesn't close it.
    /// Gives the part back with its bound when work runs out.
    fn split(
        &mut self,
        part: Part,
        resume: bool,
        meter: &mut Meter<'_>,
        open: &mut Vec<Part>,
    ) -> (Option<Part>, f64) {
        let mut part = part;
        let mut lower = part.bound;
        for round in 1..=3u32 {
            if resume {
                break;
            }
            let before = part.edges();
            match self.ascend(&mut part, round, meter) {
                None => return (None, lower),
                Some(bound) => lower = lower.max(bound),
            }
            if lower >= self.dearest_of_interest() {
                return (None, lower);
            }
            if !meter.open() {
                return (Some(part), lower);
            }
            if part.edges() * 10 > before * 9 {
                break;
            }
        }
        let Some(extended) = Extended::new(self, &part) else { return (None, lower) };
        let graph = &extended.graph;
        let guide = extended.guide(self, &part);
        let mut duals = Duals::new(graph, extended.cost.clone(), self.root, true);
        if !duals.raise(&extended.terminals, &guide, meter) {
            return (None, lower);
        }
        let target = self.dearest_of_interest() - extended.lost;
        let mut draw = self.draw.clone();
        duals.better(&extended.terminals, &guide, &mut draw, 20, target, meter);
        self.draw = draw;
        lower = lower.max(duals.bound() + extended.lost);
        let mut relaxation =
            Relaxation::new(graph, extended.cost.clone(), self.root, &extended.terminals, &duals.cuts, meter);
        let (mut idle, mut stretches) = (0, STRETCHES);
        let size = part.edges();
        while idle <= 6 {
            if lower >= self.dearest_of_interest() {
                return (None, lower);
            }
            if !meter.open() {
                return (Some(part), lower);
            }
            let before = lower;
            let gap = self.dearest_of_interest() - lower;
            let target = self.dearest_of_interest() - extended.lost;
            relaxation.solve(stretches, target, meter);
            let Some(ascent) = relaxation.completed(&guide, meter) else { return (None, lower) };
            lower = lower.max(ascent.bound + extended.lost);
            self.follow(&extended, relaxation.usage(), meter);
            if lower >= self.dearest_of_interest() {
                return (None, lower);
            }
            let mut forbidden = 0;
            if ascent.complete {
                let limit = self.dearest_of_interest() - ascent.bound - extended.lost;
                for arc in extended.useless(&ascent, self.root, limit) {
                    if relaxation.is_allowed(arc) {
                        relaxation.forbid(arc);
                        forbidden += 1;
                    }
                }
                for (i, e) in extended.origin.iter().enumerate() {
                    part.alive[e.index()] &= relaxation.is_allowed(2 * i) || relaxation.is_allowed(2 * i + 1);
                }
                for &(v, direct) in &extended.direct {
                    part.forced[v.index()] |= !relaxation.is_allowed(2 * direct);
                }
                meter.spend(4 * (graph.edge_count() + graph.node_count()) as u64);
            }
            self.thin(&mut part, meter);
            if part.edges() * 5 < size * 4 {
                part.bound = lower;
                open.push(part);
                return (None, lower);
            }
            let added = relaxation.separate(meter);
            relaxation.forget();
            let progress = lower - before > 0.01 * gap || forbidden * 50 > graph.edge_count();
            stretches = stretches_after(stretches, progress, added);
            idle = match (progress, added) {
                (true, _) => 0,
                (false, 0) => idle + 2,
                (false, _) => idle + 1,
            };
        }
        // The node that the relaxation is least sure of is in, or out.
        let entering = |v: NodeId| -> f64 {
            graph.arcs(v).map(|(e, _)| relaxation.usage()[arc_into(graph, e, v)]).sum()
        };
        let doubt = |v: NodeId| {
            let x = entering(v);
            x.min(1.0 - x)
        };
        let free = self
            .graph
            .nodes()
            .filter(|v| *v != self.root && !part.forced[v.index()] && !part.banned[v.index()])
            .filter(|v| self.graph.arcs(*v).any(|(e, _)| part.alive[e.index()]));
        let Some(hub) = free.max_by(|a, b| doubt(*a).total_cmp(&doubt(*b)).then(b.cmp(a))) else {
            return (None, lower);
        };
        part.bound = lower;
        let mut without = part.clone();
        without.banned[hub.index()] = true;
        for (e, _) in self.graph.arcs(hub) {
            without.alive[e.index()] = false;
        }
        part.forced[hub.index()] = true;
        open.push(without);
        open.push(part);
        (None, lower)
    }

    /// A tree that follows the arcs which the relaxation uses.
    fn follow(&mut self, extended: &Extended, usage: &[f64], meter: &mut Meter<'_>) {
        let mut used = vec![0.0f64; self.graph.edge_count()];
        for (i, e) in extended.origin.iter().enumerate() {
            used[e.index()] = usage[2 * i].max(usage[2 * i + 1]).min(1.0);
        }
        let grown = self.extend(&[], |e| 1.001 - used[e.index()], meter);
        let tree = self.polish(grown, meter);
        self.cross(&tree, meter);
        // The prize nodes that are in rather than out, joined.
        let mut wanted = vec![false; self.graph.node_count()];
        wanted[self.root.index()] = true;
        for t in extended.terminals.iter().filter(|t| t.index() < self.graph.node_count()) {
            wanted[t.index()] = true;
        }
        for &(v, direct) in &extended.direct {
            wanted[v.index()] = usage[2 * direct] < 0.5;
        }
        let reach = crate::graph::components(self.graph, |e| self.alive[e.index()]);
        for v in self.graph.nodes() {
            wanted[v.index()] &= reach.connected(v, self.root);
        }
        let count = wanted.iter().filter(|w| **w).count();
        let length = |e: EdgeId, _| {
            if self.alive[e.index()] {
                self.graph.weight(e) * (1.001 - used[e.index()])
            } else {
                f64::INFINITY
            }
        };
        if let Some(tree) = Grower::new(self.graph).grow(self.root, &wanted, count, length, meter) {
            let tree = self.polish(tree, meter);
            self.cross(&tree, meter);
        }
    }

    /// A dual ascent on a part, trees along what it leaves free, and edges taken out; the bound, or none if
    /// the part holds no tree or work ran out.
    fn ascend(&mut self, part: &mut Part, round: u32, meter: &mut Meter<'_>) -> Option<f64> {
        let graph = self.graph;
        let mut extended = Extended::new(self, part)?;
        // Other orders lead to other bounds and other trees.
        if round > 0 {
            for i in (1..extended.terminals.len()).rev() {
                extended.terminals.swap(i, self.draw.below(i + 1));
            }
        }
        let guide = if round % 2 == 1 { extended.guide(self, part) } else { Vec::new() };
        let mut duals = Duals::new(&extended.graph, extended.cost.clone(), self.root, false);
        if !duals.raise(&extended.terminals, &guide, meter) {
            return None;
        }
        let ascent = duals.ascent();
        let bound = ascent.bound + extended.lost;
        if !ascent.complete || bound >= self.dearest_of_interest() {
            return Some(bound);
        }
        // Terminals whose direct arc wasn't used up were joined through the graph.
        let mut joined = part.forced.clone();
        joined[self.root.index()] = true;
        for &(v, direct) in &extended.direct {
            joined[v.index()] = ascent.reduced[direct * 2] > 0.0;
        }
        let mut place = vec![u32::MAX; graph.edge_count()];
        for (i, e) in extended.origin.iter().enumerate() {
            place[e.index()] = i as u32;
        }
        let free = |e: EdgeId, to: NodeId| {
            let i = place[e.index()];
            i != u32::MAX && ascent.reduced[arc_into(&extended.graph, EdgeId(i), to)] <= 0.0
        };
        self.try_terminals(&joined, free, meter);
        let limit = self.dearest_of_interest() - bound;
        meter.spend(4 * (extended.graph.edge_count() + extended.graph.node_count()) as u64);
        let mut useless = vec![false; extended.graph.edge_count() * 2];
        for arc in extended.useless(&ascent, self.root, limit) {
            useless[arc] = true;
        }
        for (i, e) in extended.origin.iter().enumerate() {
            if useless[2 * i] && useless[2 * i + 1] {
                part.alive[e.index()] = false;
            }
        }
        // A node whose prize nobody can afford to lose is in the tree.
        let mut more = false;
        for &(v, _) in extended.direct.iter().filter(|(_, direct)| useless[2 * direct]) {
            part.forced[v.index()] = true;
            more = true;
        }
        if more {
            let certain: Vec<NodeId> =
                graph.nodes().filter(|v| part.forced[v.index()] || *v == self.root).collect();
            part.alive = needed(graph, &certain, &part.alive, meter);
        }
        self.thin(part, meter);
        Some(bound)
    }

    /// Takes out the edges to leaves that don't pay for themselves.
    fn thin(&self, part: &mut Part, meter: &mut Meter<'_>) {
        let graph = self.graph;
        let mut degree = vec![0u32; graph.node_count()];
        for e in graph.edges().filter(|e| part.alive[e.index()]) {
            graph.ends(e).into_iter().for_each(|v| degree[v.index()] += 1);
        }
        meter.spend(graph.edge_count() as u64 / 4);
        let mut leaves: Vec<NodeId> = graph.nodes().filter(|v| degree[v.index()] == 1).collect();
        while let Some(v) = leaves.pop() {
            if v == self.root || part.forced[v.index()] {
                continue;
            }
            let Some((e, u)) = graph.arcs(v).find(|(e, _)| part.alive[e.index()]) else { continue };
            if self.prizes[v.index()] <= graph.weight(e) {
                part.alive[e.index()] = false;
                degree[u.index()] -= 1;
                if degree[u.index()] == 1 {
                    leaves.push(u);
                }
            }
        }
    }

    /// A Steiner tree for the given nodes along the arcs admitted, then polished.
    fn try_terminals(
        &mut self,
        wanted: &[bool],
        admitted: impl Fn(EdgeId, NodeId) -> bool,
        meter: &mut Meter<'_>,
    ) {
        let graph = self.graph;
        // Nodes out of reach would end the growth without a tree.
        let reach = crate::graph::components(graph, |e| self.alive[e.index()]);
        let wanted: Vec<bool> =
            graph.nodes().map(|v| wanted[v.index()] && reach.connected(v, self.root)).collect();
        let count = wanted.iter().filter(|w| **w).count();
        let length = |e: EdgeId, to: NodeId| {
            if self.alive[e.index()] && admitted(e, to) { graph.weight(e) } else { f64::INFINITY }
        };
        let grown = Grower::new(graph).grow(self.root, &wanted, count, length, meter);
        if let Some(edges) = grown {
            self.polish(edges, meter);
        }
    }

    /// Spanning tree of the nodes touched, cut back, and grown again, as long as that helps.
    fn polish(&mut self, edges: Vec<EdgeId>, meter: &mut Meter<'_>) -> Vec<EdgeId> {
        let (mut tree, mut cost) = self.settle_down(edges, meter);
        // Moves for the prize nodes that the tree holds, where it is among the best.
        let near = if self.graph.edge_count() < 50_000 { 2e-2 } else { 5e-3 };
        while cost <= self.cost * (1.0 + near) && meter.open() && !tree.is_empty() {
            let mut fixed = self.base.take().unwrap_or_else(|| Instance::new(self.graph, &[]));
            fixed.is_terminal.fill(false);
            fixed.is_terminal[self.root.index()] = true;
            for v in touched(self.graph, &tree) {
                fixed.is_terminal[v.index()] |= self.prizes[v.index()] > 0.0;
            }
            fixed.terminals = self.graph.nodes().filter(|v| fixed.is_terminal[v.index()]).collect();
            let moved = improve(&fixed, tree.clone(), 0.0, meter);
            self.base = Some(fixed);
            if moved.iter().any(|&e| self.graph.ends(e).iter().any(|v| self.banned[v.index()])) {
                break;
            }
            let (next, next_cost) = self.settle_down(moved, meter);
            if next_cost >= cost - 1e-12 * cost.abs() {
                break;
            }
            (tree, cost) = (next, next_cost);
        }
        tree
    }

    /// Looks for the best tree within the edges of `tree` and of the best one.
    fn cross(&mut self, tree: &[EdgeId], meter: &mut Meter<'_>) {
        if self.inner || tree.is_empty() || self.best.is_empty() || tree == self.best || !meter.open() {
            return;
        }
        let mut alive = vec![false; self.graph.edge_count()];
        for e in tree.iter().chain(&self.best) {
            alive[e.index()] = true;
        }
        let mut inner = Search::new(self.graph, self.root, self.prizes, self.scale, self.work);
        (inner.inner, inner.cost, inner.ceiling) = (true, self.cost, self.ceiling);
        inner.best.clone_from(&self.best);
        inner.alive.clone_from(&alive);
        inner.banned.clone_from(&self.banned);
        inner.base = self.base.take();
        let forced = vec![false; self.graph.node_count()];
        let mut open = vec![Part { alive, forced, banned: self.banned.clone(), bound: 0.0 }];
        let steps = 200_000 + 20 * (self.graph.edge_count() + self.graph.node_count()) as u64;
        let mut left = meter.part(steps);
        while let Some(part) = open.pop().filter(|_| left.open()) {
            if part.bound < inner.dearest_of_interest() {
                inner.split(part, false, &mut left, &mut open);
            }
        }
        meter.settle(steps, &left);
        self.base = inner.base.take();
        if inner.cost < self.cost {
            self.offer(inner.best);
        }
    }

    /// Spanning tree, cut back, grown again; the best tree on the way and its cost.
    pub(super) fn settle_down(&mut self, edges: Vec<EdgeId>, meter: &mut Meter<'_>) -> (Vec<EdgeId>, f64) {
        let mut edges = edges;
        let (mut best, mut cost) = (Vec::new(), f64::INFINITY);
        loop {
            let cut = self.cut_back(&self.respan(&edges));
            let next =
                collected_cost(self.graph, self.root, self.prizes, &SteinerTree { edges: cut.clone() });
            if next >= cost - 1e-12 * cost.abs().min(1e12) {
                return (best, cost);
            }
            (best, cost) = (cut.clone(), next);
            self.offer(cut.clone());
            if !meter.open() {
                return (best, cost);
            }
            edges = self.extend(&cut, |_| 1.0, meter);
        }
    }

    /// The minimum spanning tree of the nodes that a tree touches.
    fn respan(&self, edges: &[EdgeId]) -> Vec<EdgeId> {
        let nodes = touched(self.graph, edges);
        let mut inside = vec![false; self.graph.node_count()];
        for v in &nodes {
            inside[v.index()] = true;
        }
        let inside = &inside;
        let induced = nodes.iter().flat_map(|&v| {
            let arcs =
                self.graph.arcs(v).filter(move |&(e, u)| inside[u.index()] && self.graph.ends(e)[0] == v);
            arcs.map(|(e, _)| e)
        });
        minimum_spanning_forest(self.graph, induced)
    }

    /// The best part of a tree that holds the root: branches that cost more than they win go.
    fn cut_back(&self, edges: &[EdgeId]) -> Vec<EdgeId> {
        let Branches { order, .. } = Branches::of(self.graph, self.root, edges);
        let mut worth: rustc_hash::FxHashMap<NodeId, f64> = rustc_hash::FxHashMap::default();
        let mut dropped: rustc_hash::FxHashSet<NodeId> = rustc_hash::FxHashSet::default();
        for &(node, up) in order.iter().rev() {
            let value = self.prizes[node.index()] + worth.get(&node).copied().unwrap_or(0.0);
            let Some(edge) = up else { continue };
            let net = value - self.graph.weight(edge);
            if net > 0.0 {
                *worth.entry(self.graph.opposite(edge, node)).or_default() += net;
            } else {
                dropped.insert(node);
            }
        }
        let mut kept = Vec::new();
        for &(node, up) in &order {
            let Some(edge) = up else { continue };
            if dropped.contains(&node) || dropped.contains(&self.graph.opposite(edge, node)) {
                dropped.insert(node);
            } else {
                kept.push(edge);
            }
        }
        kept
    }

    /// Grows a tree by ways to nodes whose prizes pay for them; prizes on the way count.
    pub(super) fn extend(
        &self,
        tree: &[EdgeId],
        factor: impl Fn(EdgeId) -> f64,
        meter: &mut Meter<'_>,
    ) -> Vec<EdgeId> {
        let graph = self.graph;
        let n = graph.node_count();
        let mut edges = tree.to_vec();
        let mut due = vec![f64::INFINITY; n];
        let mut via: Vec<Option<EdgeId>> = vec![None; n];
        let mut inside = vec![false; n];
        let mut settled = vec![false; n];
        let mut queue = BinaryHeap::new();
        for v in touched(graph, tree).into_iter().chain([self.root]) {
            inside[v.index()] = true;
            due[v.index()] = 0.0;
            queue.push(Reverse((0u64, v.0)));
        }
        let mut steps = 0u64;
        while let Some(Reverse((bits, node))) = queue.pop() {
            let node = NodeId(node);
            let mut here = f64::from_bits(bits);
            if here > due[node.index()] || (settled[node.index()] && !inside[node.index()]) {
                continue;
            }
            steps += 1;
            settled[node.index()] = true;
            if !inside[node.index()] {
                let prize = self.prizes[node.index()];
                if prize > 0.0 && prize >= here {
                    let mut at = node;
                    while !inside[at.index()] {
                        inside[at.index()] = true;
                        due[at.index()] = 0.0;
                        queue.push(Reverse((0, at.0)));
                        let Some(edge) = via[at.index()] else { break };
                        edges.push(edge);
                        at = graph.opposite(edge, at);
                    }
                    continue;
                }
                here -= prize;
            }
            for (edge, next) in graph.arcs(node) {
                if !self.alive[edge.index()] || settled[next.index()] {
                    continue;
                }
                let there = here + graph.weight(edge) * factor(edge);
                if there < due[next.index()] {
                    due[next.index()] = there;
                    via[next.index()] = Some(edge);
                    queue.push(Reverse((there.to_bits(), next.0)));
                }
            }
        }
        meter.spend(steps * 2);
        edges
    }

    /// Takes branches out of the best tree at random and grows it again with changed weights.
    fn perturb(&mut self, meter: &mut Meter<'_>) {
        let factors: Vec<f64> = (0..self.graph.edge_count()).map(|_| 0.6 + 0.6 * self.draw.unit()).collect();
        meter.spend(self.graph.edge_count() as u64 / 4);
        let share = 0.3 * self.draw.unit();
        let Branches { order, .. } = Branches::of(self.graph, self.root, &self.best.clone());
        let mut dropped: rustc_hash::FxHashSet<NodeId> = rustc_hash::FxHashSet::default();
        let mut kept = Vec::new();
        for &(node, up) in &order {
            let Some(edge) = up else { continue };
            if dropped.contains(&self.graph.opposite(edge, node)) || self.draw.unit() < share * 0.3 {
                dropped.insert(node);
            } else {
                kept.push(edge);
            }
        }
        let grown = self.extend(&kept, |e| factors[e.index()], meter);
        let tree = self.polish(grown, meter);
        self.cross(&tree, meter);
    }
}

/// A tree from its root down: each node with the edge above it, parents before children.
pub(super) struct Branches {
    pub(super) order: Vec<(NodeId, Option<EdgeId>)>,
}

impl Branches {
    pub(super) fn of(graph: &Graph, root: NodeId, edges: &[EdgeId]) -> Self {
        let mut at: rustc_hash::FxHashMap<NodeId, smallvec::SmallVec<[EdgeId; 4]>> =
            rustc_hash::FxHashMap::default();
        for &e in edges {
            for v in graph.ends(e) {
                at.entry(v).or_default().push(e);
            }
        }
        let mut order = vec![(root, None)];
        let mut next = 0;
        while let Some(&(node, up)) = order.get(next) {
            next += 1;
            for &e in at.get(&node).into_iter().flatten() {
                if Some(e) != up {
                    order.push((graph.opposite(e, node), Some(e)));
                }
            }
        }
        Self { order }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::super::tests::instances;
    use super::*;
    use crate::optimise::Effort;

    /// All subsets of nodes with the root whose induced graph is connected: the spanning tree's cost plus
    /// the prizes outside; with a budget, the largest prize.
    pub(in crate::optimise::steiner) fn enumerate(
        g: &Graph,
        root: NodeId,
        prizes: &[f64],
    ) -> Vec<(f64, f64)> {
        let n = g.node_count();
        (0u32..1 << n)
            .filter(|set| set >> root.0 & 1 == 1)
            .filter_map(|set| {
                let inside = |v: NodeId| set >> v.0 & 1 == 1;
                let induced = g.edges().filter(|&e| g.ends(e).into_iter().all(inside));
                let tree = minimum_spanning_forest(g, induced);
                let won: f64 = (0..n).filter(|&v| set >> v & 1 == 1).map(|v| prizes[v]).sum();
                (tree.len() as u32 + 1 == set.count_ones()).then(|| (g.total_weight(&tree), won))
            })
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(150))]
        #[test]
        fn bound_optimum_and_cost_are_in_order(
            (g, _) in instances(),
            prizes in prop::collection::vec(prop_oneof![Just(0u32), 0u32..15], 14),
            pick in 0u32..14,
        ) {
            let n = g.node_count();
            let prizes: Vec<f64> = prizes[..n].iter().map(|&p| f64::from(p)).collect();
            let root = NodeId(pick % n as u32);
            let total: f64 = prizes.iter().sum();
            let best = enumerate(&g, root, &prizes).into_iter().map(|(c, w)| c + total - w).fold(f64::INFINITY, f64::min);
            let found = collect(&g, root, &prizes, Effort::LOW.into()).unwrap();
            prop_assert_eq!(verify(&g, &[root], &found.value), Ok(()));
            prop_assert_eq!(collected_cost(&g, root, &prizes, &found.value), found.objective);
            prop_assert!(found.bound <= best && best <= found.objective, "{} {} {}", found.bound, best, found.objective);
            prop_assert_eq!(found.objective, best);
        }
    }
}
