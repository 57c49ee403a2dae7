//! Closing the gap of one instance: rounds of the relaxation, each fixing arcs and growing trees.

use super::construct::{Grower, tidy};
use super::dual_ascent::{Duals, guide, reduced_distances, symmetric};
use super::exchange::improve;
use super::instance::Instance;
use super::relaxation::Relaxation;
use super::search::Search;
use crate::graph::{EdgeId, NodeId};
use crate::optimise::Meter;

/// Times that prices are given back and raised again before the relaxation starts.
const LOOSEN: usize = 20;
/// Fewer times on larger graphs.
const LOOSEN_TIMES_SIZE: usize = 200_000;
/// Stretches of the relaxation between two rounds of cuts, at first and at most.
pub(super) const STRETCHES: usize = 4;
const MOST_STRETCHES: usize = 40;
/// Rounds without progress before it is given up.
const MOST_IDLE: u32 = 20;

/// Stretches for the next round: few new cuts or no progress ask for a better solution.
pub(super) fn stretches_after(stretches: usize, progress: bool, added: usize) -> usize {
    match (progress, added) {
        (_, 0..100) => MOST_STRETCHES,
        (true, _) => (stretches / 2).max(STRETCHES),
        (false, _) => (stretches * 2).min(MOST_STRETCHES),
    }
}

/// How a round ended.
pub(super) enum Round {
    /// No tree is cheaper than the best known.
    Closed,
    /// Another round may help.
    Open,
    /// Nothing is gained any more.
    Stuck,
}

/// The state between rounds.
#[derive(Clone)]
pub(super) struct Closing<'i> {
    instance: &'i Instance,
    root: NodeId,
    /// The terminals of the instance, and nodes that the tree must hold in this part.
    terminals: Vec<NodeId>,
    guide: Vec<bool>,
    relaxation: Relaxation<'i>,
    /// No tree of the instance costs less, settled edges included.
    pub(super) lower: f64,
    idle: u32,
    rounds: u32,
    /// The tree that the last round grew.
    pub(super) grown: Option<Vec<EdgeId>>,
    /// Stretches of the relaxation in the next round.
    stretches: usize,
}

impl<'i> Closing<'i> {
    /// Ascends, guided by `tree`; none if no tree exists or work ran out.
    pub(super) fn new(
        search: &mut Search<'_, '_>,
        instance: &'i Instance,
        tree: &[EdgeId],
        meter: &mut Meter<'_>,
    ) -> Option<Self> {
        let graph = &instance.graph;
        let root = search.pick_terminal(instance);
        let guide = guide(graph, root, tree);
        let mut duals = Duals::new(graph, symmetric(graph), root, true);
        if !duals.raise(&instance.terminals, &guide, meter) {
            return None;
        }
        let target = search.dearest_of_interest() - instance.fixed_cost;
        let mut draw = search.draw.clone();
        let rounds = LOOSEN.min(LOOSEN_TIMES_SIZE / graph.edge_count().max(1));
        duals.better(&instance.terminals, &guide, &mut draw, rounds, target, meter);
        search.draw = draw;
        let lower = duals.bound() + instance.fixed_cost;
        let relaxation =
            Relaxation::new(graph, symmetric(graph), root, &instance.terminals, &duals.cuts, meter);
        let terminals = instance.terminals.clone();
        Some(Self {
            instance,
            root,
            terminals,
            guide,
            relaxation,
            lower,
            idle: 0,
            rounds: 0,
            grown: None,
            stretches: STRETCHES,
        })
    }

    /// Solves, fixes, grows a tree, adds cuts.
    pub(super) fn round(&mut self, search: &mut Search<'_, '_>, meter: &mut Meter<'_>) -> Round {
        let (graph, fixed) = (&self.instance.graph, self.instance.fixed_cost);
        let gap = search.dearest_of_interest() - self.lower;
        if gap <= 0.0 {
            return Round::Closed;
        }
        let before = self.lower;
        let target = search.dearest_of_interest() - fixed;
        self.relaxation.solve(self.stretches, target, meter);
        let Some(ascent) = self.relaxation.completed(&self.guide, meter) else { return Round::Closed };
        self.lower = self.lower.max(ascent.bound + fixed);
        self.grown = self.grow(search, meter);
        if self.lower >= search.dearest_of_interest() {
            return Round::Closed;
        }
        if !meter.open() {
            return Round::Open;
        }
        let mut forbidden = 0;
        if ascent.complete {
            let limit = search.dearest_of_interest() - ascent.bound - fixed;
            let (from_root, to_terminal) =
                reduced_distances(graph, &ascent.reduced, self.root, &self.terminals);
            meter.spend(4 * (graph.edge_count() + graph.node_count()) as u64);
            for e in graph.edges() {
                let [a, b] = graph.ends(e).map(NodeId::index);
                for (arc, from, to) in [(e.index() * 2, a, b), (e.index() * 2 + 1, b, a)] {
                    if self.relaxation.is_allowed(arc)
                        && from_root[from] + ascent.reduced[arc] + to_terminal[to] >= limit
                    {
                        self.relaxation.forbid(arc);
                        forbidden += 1;
                    }
                }
            }
        }
        let added = self.relaxation.separate(meter);
        self.relaxation.forget();
        let progress = self.lower - before > 0.01 * gap || forbidden * 50 > graph.edge_count();
        self.idle = match (progress, added) {
            (true, _) => 0,
            (false, 0) => self.idle + 6,
            (false, _) if self.relaxation.is_solved() => self.idle + 4,
            (false, _) => self.idle + 1,
        };
        self.stretches = stretches_after(self.stretches, progress, added);
        self.rounds += 1;
        if self.idle > MOST_IDLE { Round::Stuck } else { Round::Open }
    }

    /// A tree that follows the arcs which the relaxation uses.
    fn grow(&self, search: &mut Search<'_, '_>, meter: &mut Meter<'_>) -> Option<Vec<EdgeId>> {
        let (instance, graph) = (self.instance, &self.instance.graph);
        let lengths = self.lengths();
        let length = |e: EdgeId, _| lengths[e.index()];
        let root = search.pick_terminal(instance);
        let tree =
            Grower::new(graph).grow(root, &instance.is_terminal, instance.terminals.len(), length, meter)?;
        let tree = tidy(graph, &instance.is_terminal, tree);
        search.offer(instance, &tree);
        let tree = improve(instance, tree, if self.rounds % 4 == 0 { 0.0 } else { 1e-4 }, meter);
        search.offer(instance, &tree);
        Some(tree)
    }

    /// The edges' weights, shorter the more the relaxation uses them.
    pub(super) fn lengths(&self) -> Vec<f64> {
        let usage = self.relaxation.usage();
        let graph = &self.instance.graph;
        let short = |e: EdgeId| 1.001 - usage[e.index() * 2].max(usage[e.index() * 2 + 1]).min(1.0);
        graph.edges().map(|e| graph.weight(e) * short(e)).collect()
    }

    /// The instance without the edges that are forbidden both ways.
    pub(super) fn remaining(&self) -> Instance {
        let open = |e: EdgeId| {
            self.relaxation.is_allowed(e.index() * 2) || self.relaxation.is_allowed(e.index() * 2 + 1)
        };
        let mut base = self.instance.clone();
        for &v in &self.terminals[self.instance.terminals.len()..] {
            base = base.with_terminal(v);
        }
        base.shrunk(open).unwrap_or(base)
    }

    /// Whether so few edges are left that it is worth while to start again without the others.
    pub(super) fn is_small(&self) -> bool {
        let all = self.instance.graph.edge_count();
        let open =
            (0..all).filter(|e| self.relaxation.is_allowed(e * 2) || self.relaxation.is_allowed(e * 2 + 1));
        open.count() * 5 < all * 3
    }

    /// Entries of all rows.
    pub(super) fn entries(&self) -> usize {
        self.relaxation.entries()
    }

    /// The part of the solutions that hold a node, and the part of those that don't.
    pub(super) fn parted(self, v: NodeId) -> [Self; 2] {
        let mut without = self.clone();
        for (e, _) in self.instance.graph.arcs(v) {
            without.relaxation.forbid(e.index() * 2);
            without.relaxation.forbid(e.index() * 2 + 1);
        }
        let mut with = self;
        with.relaxation.demand(v);
        with.terminals.push(v);
        [with, without].map(|part| Self { idle: 0, stretches: STRETCHES, grown: None, ..part })
    }

    /// The inner node that the relaxation is least sure of.
    pub(super) fn hub(&self) -> Option<NodeId> {
        let graph = &self.instance.graph;
        let mut best: Option<(f64, NodeId)> = None;
        for v in graph.nodes().filter(|v| !self.terminals.contains(v)) {
            let entering: f64 = graph
                .arcs(v)
                .map(|(e, _)| self.relaxation.usage()[super::dual_ascent::arc_into(graph, e, v)])
                .sum();
            let doubt = entering.min(1.0 - entering) * (1.0 + 0.05 * graph.degree(v) as f64);
            if doubt > 0.01 && best.is_none_or(|b| doubt > b.0) {
                best = Some((doubt, v));
            }
        }
        best.map(|b| b.1)
    }
}
