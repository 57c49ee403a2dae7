//! The plan of work for one instance: trees, proofs, and the play between them.

use super::SteinerTree;
use super::branch::Branching;
use super::construct::{Grower, tidy};
use super::dual_ascent::{Ascent, ascend, reduced_distances, symmetric};
use super::exchange::improve;
use super::instance::Instance;
use super::reduce::reduce;
use super::subsets::{self, MOST_TERMINALS, Subsets};
use crate::graph::{EdgeId, Graph, NodeId};
use crate::optimise::{Certified, Draw, Ended, Meter, Work, grid, round_up};

/// Steps that the lowest effort buys, per node and edge and flat.
const STEPS_PER_SIZE: u64 = 60;
const STEPS_FLAT: u64 = 2_000_000;
/// Gain of a pass, as a share of the cost, below which a first improvement ends.
const ROUGH: f64 = 5e-4;
/// Steps of one turn at better trees, flat and per node and edge; exact methods take four times that.
const TURN_FLAT: u64 = 500_000;
const TURN_PER_SIZE: u64 = 300;
/// Steps granted to dynamic programming over subsets of terminals.
const SUBSET_STEPS: u64 = 400_000_000;
/// Fewer roots are tried on larger graphs.
const ROOTS_TIMES_SIZE: usize = 1_500_000;

/// Good trees of one instance with their costs, best first.
type Pool = Vec<(f64, Vec<EdgeId>)>;

/// Marks the edges that no tree cheaper than bound plus `limit` can hold.
fn mark_useless(instance: &Instance, root: NodeId, reduced: &[f64], limit: f64, useless: &mut [bool]) {
    let graph = &instance.graph;
    let (from_root, to_terminal) = reduced_distances(graph, reduced, root, &instance.terminals);
    for e in graph.edges() {
        let [a, b] = graph.ends(e).map(NodeId::index);
        let forth = from_root[a] + reduced[e.index() * 2] + to_terminal[b];
        let back = from_root[b] + reduced[e.index() * 2 + 1] + to_terminal[a];
        useless[e.index()] |= forth.min(back) >= limit;
    }
}

/// The instance without the edges that no tree cheaper than the ascent's bound plus `limit` can hold.
pub(super) fn without_useless(
    instance: &Instance,
    root: NodeId,
    ascent: &Ascent,
    limit: f64,
    meter: &mut Meter<'_>,
) -> Option<Instance> {
    let mut useless = vec![false; instance.graph.edge_count()];
    mark_useless(instance, root, &ascent.reduced, limit, &mut useless);
    meter.spend(4 * (instance.graph.edge_count() + instance.graph.node_count()) as u64);
    instance.shrunk(|e| !useless[e.index()]).ok()
}

pub(super) struct Search<'g, 'w> {
    original: &'g Graph,
    best: Vec<EdgeId>,
    cost: f64,
    bound: f64,
    scale: Option<f64>,
    draw: Draw,
    work: &'w Work<'w>,
}

pub(super) fn solve(graph: &Graph, terminals: &[NodeId], work: &Work<'_>) -> Certified<SteinerTree> {
    let whole = Instance::new(graph, terminals);
    let mut search = Search {
        original: graph,
        best: Vec::new(),
        cost: f64::INFINITY,
        bound: 0.0,
        scale: grid(graph.weights().iter().copied()),
        draw: Draw::new(work.seed),
        work,
    };
    let size = (graph.node_count() + graph.edge_count()) as u64;
    let mut meter = work.meter(STEPS_FLAT + STEPS_PER_SIZE * size);
    search.run(whole, &mut meter);
    let proven = search.proven();
    Certified {
        objective: search.cost,
        bound: if proven { search.cost } else { search.bound },
        ended: match (proven, meter.stopped()) {
            (true, _) => Ended::Proven,
            (false, true) => Ended::Stopped,
            (false, false) => Ended::Worked,
        },
        value: SteinerTree { edges: search.best },
    }
}

impl Search<'_, '_> {
    fn proven(&self) -> bool {
        self.bound >= self.dearest_of_interest()
    }

    /// Trees that cost this or more aren't worth looking for.
    pub(super) fn dearest_of_interest(&self) -> f64 {
        match self.scale {
            Some(s) => self.cost - 1.0 / s + (1e-3 / s).max(1e-12 * self.cost),
            None => self.cost * (1.0 - crate::optimise::TOLERANCE),
        }
    }

    fn done(&self) -> bool {
        self.proven() || self.work.close_enough(self.cost, self.bound)
    }

    pub(super) fn offer(&mut self, instance: &Instance, tree: &[EdgeId]) -> bool {
        let edges = instance.original_edges(tree);
        // Shortcuts through settled parts can meet: clean up in the original graph.
        let cost = self.original.total_weight(&edges);
        let better = cost < self.cost;
        if better {
            self.best = edges;
            self.cost = cost;
        }
        better
    }

    fn raise(&mut self, bound: f64) {
        let bound = round_up(bound, self.scale).min(self.cost);
        self.bound = self.bound.max(bound);
    }

    fn run(&mut self, whole: Instance, meter: &mut Meter<'_>) {
        // A first tree whatever the allowance: there must be an answer.
        let mut free = Meter::new(u64::MAX, crate::optimise::Stop::NEVER);
        let Some(&root) = whole.terminals.first() else {
            (self.cost, self.bound) = (0.0, 0.0);
            return;
        };
        let first = Grower::new(&whole.graph).grow(
            root,
            &whole.is_terminal,
            whole.terminals.len(),
            |e, _| whole.graph.weight(e),
            &mut free,
        );
        self.offer(&whole, &tidy(&whole.graph, &whole.is_terminal, first.unwrap_or_default()));
        let mut instance = reduce(&whole, meter);
        drop(whole);
        let mut round = 0u32;
        loop {
            if instance.terminals.len() <= 1 {
                self.offer(&instance, &[]);
                self.raise(self.cost.min(instance.fixed_cost));
                return;
            }
            let size = instance.graph.edge_count().max(1);
            self.try_roots(&instance, (ROOTS_TIMES_SIZE / size).clamp(1, 8), meter);
            if self.done() || !meter.open() {
                return;
            }
            let before = instance.graph.edge_count();
            match self.ascend_and_fix(&instance, round, meter) {
                Some(smaller) => instance = reduce(&smaller, meter),
                None => return,
            }
            round += 1;
            if self.done() || !meter.open() {
                return;
            }
            if instance.graph.edge_count() * 20 > before * 19 && round >= 4 {
                break;
            }
        }
        self.prove(instance, meter);
    }

    /// Exact methods and attempts at better trees, in turn.
    fn prove(&mut self, instance: Instance, meter: &mut Meter<'_>) {
        let size = (instance.graph.node_count() + instance.graph.edge_count()) as u64;
        let mut pool = Pool::default();
        let turn = TURN_FLAT + TURN_PER_SIZE * size;
        let mut part = meter.part(turn);
        self.keep_trying(&instance, &mut pool, &mut part);
        meter.settle(turn, &part);
        if instance.terminals.len() <= MOST_TERMINALS && self.try_subsets(&instance, meter) {
            return;
        }
        let mut branching = Branching::new(instance.clone(), self.bound);
        while meter.open() && !self.done() {
            let mut part = meter.part(4 * turn);
            branching.advance(self, &mut part);
            meter.settle(4 * turn, &part);
            if branching.is_done() {
                self.bound = self.cost;
                return;
            }
            self.raise(branching.bound());
            if self.done() {
                return;
            }
            let mut part = meter.part(turn);
            self.keep_trying(&instance, &mut pool, &mut part);
            meter.settle(turn, &part);
        }
    }

    /// Dynamic programming over subsets; true if it settled the matter.
    fn try_subsets(&mut self, instance: &Instance, meter: &mut Meter<'_>) -> bool {
        let mut part = meter.part(SUBSET_STEPS);
        let limit = self.dearest_of_interest() - instance.fixed_cost;
        let found = subsets::best_below(instance, limit, &mut part);
        meter.settle(SUBSET_STEPS, &part);
        match found {
            Subsets::Found(tree) => {
                self.offer(instance, &tree);
                self.bound = self.cost;
                true
            }
            Subsets::NoBetter => {
                self.bound = self.cost;
                true
            }
            Subsets::Unfinished(bound) => {
                self.raise(bound + instance.fixed_cost);
                false
            }
        }
    }

    /// A terminal drawn at random.
    pub(super) fn pick_terminal(&mut self, instance: &Instance) -> NodeId {
        instance.terminals[self.draw.below(instance.terminals.len())]
    }

    /// Grows trees from several roots and improves the best.
    fn try_roots(&mut self, instance: &Instance, count: usize, meter: &mut Meter<'_>) {
        let mut grower = Grower::new(&instance.graph);
        let mut found: Option<(f64, Vec<EdgeId>)> = None;
        for i in 0..count.min(instance.graph.node_count()) {
            let root = if i == 0 {
                instance.terminals[0]
            } else if i % 2 == 0 {
                instance.terminals[self.draw.below(instance.terminals.len())]
            } else {
                NodeId(self.draw.below(instance.graph.node_count()) as u32)
            };
            let weight = |e: EdgeId, _| instance.graph.weight(e);
            let Some(edges) =
                grower.grow(root, &instance.is_terminal, instance.terminals.len(), weight, meter)
            else {
                break;
            };
            let edges = tidy(&instance.graph, &instance.is_terminal, edges);
            let cost = instance.graph.total_weight(&edges);
            if found.as_ref().is_none_or(|(best, _)| cost < *best) {
                found = Some((cost, edges));
            }
        }
        if let Some((_, edges)) = found {
            self.offer(instance, &edges);
            let rough = improve(instance, edges, ROUGH, meter);
            self.offer(instance, &rough);
        }
    }

    /// Improves a tree roughly, and to the end if it comes near the best.
    fn descend(&mut self, instance: &Instance, edges: Vec<EdgeId>, meter: &mut Meter<'_>) {
        let rough = improve(instance, edges, ROUGH, meter);
        self.offer(instance, &rough);
        let cost = instance.graph.total_weight(&rough) + instance.fixed_cost;
        if cost <= self.cost * (1.0 + 3e-4) {
            let fine = improve(instance, rough, 0.0, meter);
            self.offer(instance, &fine);
        }
    }

    /// Dual ascents from a few roots; trees along what they leave free; then without what is too dear.
    fn ascend_and_fix(&mut self, instance: &Instance, round: u32, meter: &mut Meter<'_>) -> Option<Instance> {
        let graph = &instance.graph;
        let mut useless = vec![false; graph.edge_count()];
        for i in 0..3usize {
            let pick = if i == 0 && round == 0 { 0 } else { self.draw.below(instance.terminals.len()) };
            let root = instance.terminals[pick];
            let Some(Ascent { bound, reduced, complete }) =
                ascend(graph, symmetric(graph), root, &instance.terminals, meter)
            else {
                // What was taken out were trees no better than the best: there is no better one.
                self.bound = self.cost;
                return None;
            };
            self.raise(bound + instance.fixed_cost);
            if !complete {
                return None;
            }
            self.grow_along(instance, root, &reduced, meter);
            if self.done() {
                return None;
            }
            let limit = self.dearest_of_interest() - bound - instance.fixed_cost;
            mark_useless(instance, root, &reduced, limit, &mut useless);
            meter.spend(4 * (graph.edge_count() + graph.node_count()) as u64);
            if !meter.open() {
                break;
            }
        }
        instance.shrunk(|e| !useless[e.index()]).ok()
    }

    /// Trees within the arcs that an ascent used up.
    fn grow_along(&mut self, instance: &Instance, root: NodeId, reduced: &[f64], meter: &mut Meter<'_>) {
        let graph = &instance.graph;
        let mut grower = Grower::new(graph);
        let length = |e: EdgeId, to: NodeId| {
            let free = reduced[super::dual_ascent::arc_into(graph, e, to)] <= 0.0;
            if free { graph.weight(e) } else { f64::INFINITY }
        };
        let grown = grower.grow(root, &instance.is_terminal, instance.terminals.len(), length, meter);
        if let Some(edges) = grown {
            let edges = tidy(graph, &instance.is_terminal, edges);
            self.offer(instance, &edges);
            self.descend(instance, edges, meter);
        }
    }

    /// Trees from perturbed weights, and unions of good trees, until work runs out.
    fn keep_trying(&mut self, instance: &Instance, pool: &mut Pool, meter: &mut Meter<'_>) {
        const POOL: usize = 12;
        let graph = &instance.graph;
        let mut grower = Grower::new(graph);
        while meter.open() && !self.done() {
            let mut factor = vec![1.0; graph.edge_count()];
            if pool.len() < POOL {
                for f in &mut factor {
                    *f = 1.0 + 0.5 * self.draw.unit();
                }
            } else {
                // Crossing two trees: their shared edges are cheap, those of one are near, others far.
                let (a, b) = (self.draw.below(POOL), self.draw.below(POOL));
                factor.fill(50.0);
                for (k, parent) in [a, b].into_iter().enumerate() {
                    for e in &pool[parent].1 {
                        let shared = k == 1 && factor[e.index()] < 50.0;
                        factor[e.index()] = if shared { 1.0 } else { 2.0 + 6.0 * self.draw.unit() };
                    }
                }
            }
            let root = instance.terminals[self.draw.below(instance.terminals.len())];
            let length = |e: EdgeId, _| graph.weight(e) * factor[e.index()];
            let Some(edges) =
                grower.grow(root, &instance.is_terminal, instance.terminals.len(), length, meter)
            else {
                return;
            };
            let edges = tidy(graph, &instance.is_terminal, edges);
            let edges = improve(instance, edges, 0.0, meter);
            self.offer(instance, &edges);
            let cost = graph.total_weight(&edges);
            if pool.iter().any(|(c, t)| *c == cost && *t == edges) {
                continue;
            }
            pool.push((cost, edges));
            pool.sort_by(|x, y| x.0.total_cmp(&y.0).then_with(|| x.1.cmp(&y.1)));
            pool.truncate(POOL);
        }
    }
}
