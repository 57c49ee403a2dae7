//! The plan of work for one instance: trees, proofs, and the play between them.

use super::SteinerTree;
use super::branch::Branching;
use super::closing::{Closing, Round};
use super::construct::{Grower, tidy};
use super::dual_ascent::{Ascent, ascend, reduced_distances, symmetric};
use super::exchange::improve;
use super::instance::Instance;
use super::reduce::reduce;
use super::regions::rework;
use super::subsets::{self, MOST_TERMINALS, Subsets};
use crate::graph::{EdgeId, Graph, NodeId};
use crate::optimise::{Certified, Draw, Ended, Meter, Work, grid, round_up};

/// Steps that the lowest effort buys, per node and edge and flat.
const STEPS_PER_SIZE: u64 = 60;
const STEPS_FLAT: u64 = 2_000_000;
/// Gain of a pass, as a share of the cost, below which a first improvement ends.
const ROUGH: f64 = 5e-4;
/// Steps of one turn at better trees, flat and per node and edge; exact methods take four times that.
const TURN_FLAT: u64 = 3_000_000;
const TURN_PER_SIZE: u64 = 1500;
/// Steps granted to dynamic programming over subsets of terminals.
const SUBSET_STEPS: u64 = 100_000_000;
/// Nodes of the first, smallest regions.
const REGION: usize = 100;
/// Share of regions to be solved to the end before larger ones are tried.
const MOSTLY: f64 = 0.75;
/// Nodes from which a tree is reworked before further proofs.
const LARGE: usize = 2000;
/// Fewer roots and rounds are tried on larger graphs.
const ROOTS_TIMES_SIZE: usize = 1_500_000;
const ROUNDS_TIMES_SIZE: usize = 20_000;
const ASCENTS_TIMES_SIZE: usize = 200_000;

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
    pub(super) draw: Draw,
    /// Nodes of the regions that come next.
    region: usize,
    work: &'w Work<'w>,
}

pub(super) fn solve(graph: &Graph, terminals: &[NodeId], work: &Work<'_>) -> Certified<SteinerTree> {
    let whole = Instance::new(graph, terminals);
    let mut search = Search::new(graph, work);
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

impl<'g, 'w> Search<'g, 'w> {
    /// Nothing known yet.
    pub(super) fn new(graph: &'g Graph, work: &'w Work<'w>) -> Self {
        Self {
            original: graph,
            best: Vec::new(),
            cost: f64::INFINITY,
            bound: 0.0,
            scale: grid(graph.weights().iter().copied()),
            draw: Draw::new(work.seed),
            region: REGION,
            work,
        }
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
        let gap = self.work.gap;
        self.proven() || (gap > 0.0 && crate::optimise::relative_gap(self.cost, self.bound) <= gap)
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
        // A bound early, in case there is no time for more.
        let costs = symmetric(&whole.graph);
        if let Some(ascent) = ascend(&whole.graph, costs, root, &whole.terminals, meter) {
            self.raise(ascent.bound);
        }
        if self.done() {
            return;
        }
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
            if round == 0 && instance.graph.node_count() > LARGE {
                self.rework_regions(&instance, 2 * REGION, meter);
            }
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
            let turns = (ROUNDS_TIMES_SIZE / before.max(1)).clamp(1, 4) as u32;
            if instance.graph.edge_count() * 20 > before * 19 && round >= turns {
                break;
            }
        }
        self.prove(instance, meter);
    }

    /// Exact methods and attempts at better trees, in turn.
    fn prove(&mut self, instance: Instance, meter: &mut Meter<'_>) {
        let mut instance = instance;
        let mut branching;
        loop {
            let turn = TURN_FLAT + TURN_PER_SIZE * instance.size();
            let mut pool = Pool::default();
            if let Some(tree) = self.rework_regions(&instance, usize::MAX, meter) {
                pool.add(&instance.graph, tree);
            }
            self.take_turn(turn, meter, |s, part| s.keep_trying(&instance, &mut pool, None, part));
            if self.done() || !meter.open() {
                return;
            }
            if instance.terminals.len() <= 1 {
                self.offer(&instance, &[]);
                self.bound = self.cost;
                return;
            }
            if instance.terminals.len() <= MOST_TERMINALS && self.try_subsets(&instance, SUBSET_STEPS, meter)
            {
                return;
            }
            let (smaller, parts) = match self.close(&instance, &mut pool, turn, meter) {
                Some(left) => left,
                None => return,
            };
            instance = reduce(&smaller, meter);
            if let Some(parts) = parts {
                branching = parts;
                break;
            }
        }
        if instance.terminals.len() <= MOST_TERMINALS && self.try_subsets(&instance, 10 * SUBSET_STEPS, meter)
        {
            return;
        }
        let turn = TURN_FLAT + TURN_PER_SIZE * instance.size();
        let mut pool = Pool::default();
        if branching.is_done() {
            self.bound = self.cost;
            return;
        }
        while meter.open() && !self.done() {
            branching.advance(self, 8 * turn, meter);
            if branching.is_done() {
                self.bound = self.cost;
                return;
            }
            self.raise(branching.bound());
            if !self.done() {
                self.take_turn(turn, meter, |s, part| s.keep_trying(&instance, &mut pool, None, part));
            }
        }
    }

    /// Grants `steps` of the meter to a piece of work.
    fn take_turn(&mut self, steps: u64, meter: &mut Meter<'_>, work: impl FnOnce(&mut Self, &mut Meter<'_>)) {
        let mut part = meter.part(steps);
        work(self, &mut part);
        meter.settle(steps, &part);
    }

    /// Rounds of the relaxation, with turns at better trees between them; once they are stuck, what is left of
    /// the instance, and its parts unless it has become much smaller. None if the matter is settled or work ran
    /// out.
    fn close(
        &mut self,
        instance: &Instance,
        pool: &mut Pool,
        turn: u64,
        meter: &mut Meter<'_>,
    ) -> Option<(Instance, Option<Branching>)> {
        let before = meter.left();
        let guide = pool.trees.first().map(|p| p.1.clone()).unwrap_or_default();
        let Some(mut closing) = Closing::new(self, instance, &guide, meter) else {
            self.bound = self.cost;
            return None;
        };
        for round in 1u32.. {
            self.raise(closing.lower);
            if self.done() || !meter.open() {
                break;
            }
            match closing.round(self, meter) {
                Round::Closed => {
                    self.bound = self.cost;
                    return None;
                }
                Round::Stuck => {
                    self.raise(closing.lower);
                    let smaller = closing.remaining();
                    let parts = if closing.is_small() {
                        None
                    } else {
                        let parts = Branching::onward(self, closing, before - meter.left(), meter);
                        self.raise(parts.bound());
                        Some(parts)
                    };
                    return Some((smaller, parts));
                }
                Round::Open => {}
            }
            if let Some(tree) = closing.grown.take().filter(|_| !pool.trees.is_empty()) {
                pool.add(&instance.graph, tree);
                let parents = [0, pool.newest].map(|p| &*pool.trees[p].1);
                if pool.newest > 0
                    && let Some(better) = self.best_of_union(instance, parents, meter)
                {
                    self.offer(instance, &better);
                    pool.add(&instance.graph, better);
                }
            }
            if round % 8 == 0 && meter.open() {
                let lengths = closing.lengths();
                self.take_turn(turn, meter, |s, part| s.keep_trying(instance, pool, Some(&lengths), part));
            }
        }
        self.raise(closing.lower);
        None
    }

    /// Dynamic programming over subsets; true if it settled the matter.
    fn try_subsets(&mut self, instance: &Instance, steps: u64, meter: &mut Meter<'_>) -> bool {
        let mut part = meter.part(steps);
        let limit = self.dearest_of_interest() - instance.fixed_cost;
        let found = subsets::best_below(instance, limit, &mut part);
        meter.settle(steps, &part);
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
        let count = (ASCENTS_TIMES_SIZE / graph.edge_count().max(1)).clamp(3, 12);
        for i in 0..count.min(instance.terminals.len()) {
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

    /// The best known tree, as far as a smaller instance still holds it, completed.
    fn carried(&self, instance: &Instance, meter: &mut Meter<'_>) -> Option<Vec<EdgeId>> {
        let graph = &instance.graph;
        let mut known = vec![false; self.original.edge_count()];
        for e in &self.best {
            known[e.index()] = true;
        }
        let follows = instance.lies_within(&known);
        let length = |e: EdgeId, _| graph.weight(e) * if follows[e.index()] { 1e-3 } else { 1.0 };
        let (root, count) = (*instance.terminals.first()?, instance.terminals.len());
        let grown = Grower::new(graph).grow(root, &instance.is_terminal, count, length, meter)?;
        Some(tidy(graph, &instance.is_terminal, grown))
    }

    /// Reworks the best known tree region by region, in ever larger ones while most of them can be solved.
    fn rework_regions(
        &mut self,
        instance: &Instance,
        most: usize,
        meter: &mut Meter<'_>,
    ) -> Option<Vec<EdgeId>> {
        let mut tree = self.carried(instance, meter)?;
        let mut size = self.region;
        while size <= most && 2 * size < instance.graph.node_count() && meter.open() && !self.done() {
            let (next, solved) = rework(self, instance, tree, size, meter);
            tree = improve(instance, next, 0.0, meter);
            self.offer(instance, &tree);
            if solved < MOSTLY {
                break;
            }
            size *= 2;
            self.region = size;
        }
        Some(tree)
    }

    /// New trees, every other one by the `lengths` of a relaxation, and the best of what good trees hold together,
    /// until work runs out.
    fn keep_trying(
        &mut self,
        instance: &Instance,
        pool: &mut Pool,
        lengths: Option<&[f64]>,
        meter: &mut Meter<'_>,
    ) {
        let graph = &instance.graph;
        let mut grower = Grower::new(graph);
        for turn in 0u32.. {
            if !meter.open() || self.done() {
                return;
            }
            let spread = [0.2, 0.5, 1.0][self.draw.below(3)];
            let lengths = lengths.filter(|_| turn % 2 == 0).unwrap_or(graph.weights());
            let varied: Vec<f64> = lengths.iter().map(|l| l * (1.0 + spread * self.draw.unit())).collect();
            let root = self.pick_terminal(instance);
            let length = |e: EdgeId, _| varied[e.index()];
            let Some(edges) =
                grower.grow(root, &instance.is_terminal, instance.terminals.len(), length, meter)
            else {
                return;
            };
            let edges = tidy(graph, &instance.is_terminal, edges);
            let edges = improve(instance, edges, 0.0, meter);
            self.offer(instance, &edges);
            pool.add(graph, edges);
            if pool.trees.len() < 4 {
                continue;
            }
            // The best with the newest, and two of the others.
            for parents in
                [[0, pool.newest], [self.draw.below(pool.trees.len()), self.draw.below(pool.trees.len())]]
            {
                if parents[0] == parents[1] || !meter.open() {
                    continue;
                }
                if let Some(tree) = self.best_of_union(instance, parents.map(|p| &*pool.trees[p].1), meter) {
                    // What neither parent holds may help their child.
                    let tree = improve(instance, tree, 0.0, meter);
                    self.offer(instance, &tree);
                    pool.add(graph, tree);
                }
            }
        }
    }

    /// A tree within the edges of two others that is cheaper than both.
    fn best_of_union(
        &mut self,
        instance: &Instance,
        parents: [&[EdgeId]; 2],
        meter: &mut Meter<'_>,
    ) -> Option<Vec<EdgeId>> {
        let graph = &instance.graph;
        let mut inside = vec![false; graph.edge_count()];
        for e in parents.into_iter().flatten() {
            inside[e.index()] = true;
        }
        let cost = parents.map(|p| graph.total_weight(p)).into_iter().fold(f64::INFINITY, f64::min);
        let union = Instance::new(graph, &instance.terminals).shrunk(|e| inside[e.index()]).ok()?;
        self.best_below(graph, union, cost, 200_000 + 20 * instance.size(), meter).0
    }

    /// A tree of a part of a graph that is cheaper than `cost`, the best if the steps last; and whether they did.
    pub(super) fn best_below(
        &mut self,
        graph: &Graph,
        part: Instance,
        cost: f64,
        steps: u64,
        meter: &mut Meter<'_>,
    ) -> (Option<Vec<EdgeId>>, bool) {
        let mut inner = Search {
            original: graph,
            best: Vec::new(),
            cost,
            bound: 0.0,
            scale: self.scale,
            draw: Draw::new(self.draw.next()),
            region: usize::MAX,
            work: self.work,
        };
        let mut share = meter.part(steps);
        let mut branching = Branching::new(part, 0.0);
        branching.advance(&mut inner, steps, &mut share);
        meter.settle(steps, &share);
        ((!inner.best.is_empty()).then_some(inner.best), branching.is_done())
    }
}

/// Good trees of one instance with their costs, best first.
#[derive(Default)]
struct Pool {
    trees: Vec<(f64, Vec<EdgeId>)>,
    /// Place of the last one added.
    newest: usize,
}

impl Pool {
    const SIZE: usize = 16;

    /// Takes in a tree in id order, unless it is there or too dear.
    fn add(&mut self, graph: &Graph, tree: Vec<EdgeId>) {
        let cost = graph.total_weight(&tree);
        let at = self.trees.partition_point(|t| (t.0, &t.1) < (cost, &tree));
        if self.trees.get(at).is_none_or(|t| t.1 != tree) {
            self.trees.insert(at, (cost, tree));
        }
        // The dearest makes room, though the newest may stay in its place for one round.
        self.trees.truncate(Self::SIZE);
        self.newest = at.min(self.trees.len() - 1);
    }
}
