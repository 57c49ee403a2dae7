//! Branch and bound: a node of the graph is in the tree or out of it, and dual ascent bounds both cases
//! (Pajor, Uchoa & Werneck, A robust and scalable algorithm for the Steiner problem in graphs, Math. Prog.
//! Comp. 10, 2018).

use super::closing::{Closing, Round};
use super::construct::{Grower, tidy};
use super::dual_ascent::{Ascent, ascend, symmetric};
use super::instance::Instance;
use super::reduce::reduce;
use super::search::Search;
use crate::graph::{EdgeId, NodeId};
use crate::optimise::Meter;

/// Splitting a relaxation may take that many times the steps that it took itself.
const DIVE: u64 = 4;
/// Entries of rows in all copies of a relaxation at most, eight bytes each.
const MOST_ENTRIES: usize = 40_000_000;

/// A part of the solution space that is still open.
struct Open {
    instance: Instance,
    bound: f64,
}

/// The open parts, the next one last.
pub(super) struct Branching {
    open: Vec<Open>,
}

impl Branching {
    pub(super) fn new(instance: Instance, bound: f64) -> Self {
        Self { open: vec![Open { instance, bound }] }
    }

    /// The parts that are left when a relaxation that is stuck is split for about as many `steps` as it took, or
    /// several times that.
    pub(super) fn onward(
        search: &mut Search<'_, '_>,
        closing: Closing<'_>,
        steps: u64,
        meter: &mut Meter<'_>,
    ) -> Self {
        Self { open: dive(search, closing, steps, meter) }
    }

    /// No tree that isn't known costs less.
    pub(super) fn bound(&self) -> f64 {
        self.open.iter().map(|o| o.bound).fold(f64::INFINITY, f64::min)
    }

    /// Whether all parts are done.
    pub(super) fn is_done(&self) -> bool {
        self.open.is_empty()
    }

    /// Works on open parts until about `steps` are spent; a part once begun is finished if `meter` allows.
    pub(super) fn advance(&mut self, search: &mut Search<'_, '_>, steps: u64, meter: &mut Meter<'_>) {
        let end = meter.left().saturating_sub(steps);
        while meter.open() && meter.left() > end {
            let Some(part) = self.open.pop() else { return };
            if part.bound >= search.dearest_of_interest() {
                continue;
            }
            // What is cut off half-way stays open.
            let before = Open { instance: part.instance.clone(), bound: part.bound };
            match split(search, part, meter) {
                Some(parts) => self.open.extend(parts),
                None => self.open.push(before),
            }
        }
    }
}

/// Bounds a part and splits it; none if work ran out.
fn split(search: &mut Search<'_, '_>, part: Open, meter: &mut Meter<'_>) -> Option<Vec<Open>> {
    let Open { instance, bound: mut lower } = part;
    let mut instance = reduce(&instance, meter);
    for round in 0.. {
        if !meter.open() {
            return None;
        }
        if instance.terminals.len() <= 1 {
            search.offer(&instance, &[]);
            return Some(Vec::new());
        }
        let root = search.pick_terminal(&instance);
        let graph = &instance.graph;
        let Some(ascent) = ascend(graph, symmetric(graph), root, &instance.terminals, meter) else {
            return Some(Vec::new());
        };
        if !ascent.complete {
            return None;
        }
        lower = lower.max(ascent.bound + instance.fixed_cost);
        if lower >= search.dearest_of_interest() {
            return Some(Vec::new());
        }
        let (tree, hub) = try_tree(search, &instance, root, &ascent, meter)?;
        if lower >= search.dearest_of_interest() {
            return Some(Vec::new());
        }
        let limit = search.dearest_of_interest() - ascent.bound - instance.fixed_cost;
        let before = graph.edge_count();
        let smaller = super::search::without_useless(&instance, root, &ascent, limit, meter)?;
        let gone = before - smaller.graph.edge_count();
        if gone * 10 > before || (round < 1 && gone > 0) {
            instance = reduce(&smaller, meter);
            continue;
        }
        let before_closing = meter.left();
        let Some(mut closing) = Closing::new(search, &instance, &tree, meter) else {
            return Some(Vec::new());
        };
        let doubt = loop {
            if !meter.open() {
                return None;
            }
            match closing.round(search, meter) {
                Round::Closed => return Some(Vec::new()),
                Round::Stuck => break closing.hub(),
                Round::Open => {}
            }
        };
        lower = lower.max(closing.lower);
        let smaller = closing.remaining();
        if smaller.graph.edge_count() * 5 < graph.edge_count() * 4 {
            instance = reduce(&smaller, meter);
            continue;
        }
        if doubt.is_some() {
            return Some(dive(search, closing, before_closing - meter.left(), meter));
        }
        let hub = hub.or_else(|| {
            let inner = graph.nodes().filter(|v| !instance.is_terminal[v.index()]);
            inner.fold(None, |best: Option<NodeId>, v| match best {
                Some(b) if graph.degree(b) >= graph.degree(v) => Some(b),
                _ => Some(v),
            })
        });
        // Without inner nodes the tree is a spanning tree.
        let Some(hub) = hub else {
            let tree = tidy(graph, &instance.is_terminal, graph.edges().collect());
            search.offer(&instance, &tree);
            return Some(Vec::new());
        };
        let outside = instance.shrunk(|e| !graph.ends(e).contains(&hub)).ok()?;
        return Some(vec![
            Open { instance: outside, bound: lower },
            Open { instance: instance.with_terminal(hub), bound: lower },
        ]);
    }
    None
}

/// Splits a relaxation that is stuck, on and on as its cuts and prices serve all parts, until [`DIVE`] times
/// `steps` are spent; returns what is left open, the next part last.
fn dive(search: &mut Search<'_, '_>, closing: Closing<'_>, steps: u64, meter: &mut Meter<'_>) -> Vec<Open> {
    let end = meter.left().saturating_sub(DIVE.saturating_mul(steps));
    let as_part = |c: &Closing<'_>| Open { instance: c.remaining(), bound: c.lower };
    let mut open = Vec::new();
    let mut stack = vec![(closing, true)];
    while let Some((mut part, mut stuck)) = stack.pop() {
        let mut closed = false;
        while !stuck && !closed && meter.open() {
            match part.round(search, meter) {
                Round::Closed => closed = true,
                Round::Stuck => stuck = true,
                Round::Open => {}
            }
        }
        if closed {
            continue;
        }
        let hub = part
            .hub()
            .filter(|_| stuck && meter.left() > end && !part.is_small())
            .filter(|_| stack.len() * part.entries() < MOST_ENTRIES);
        match hub {
            Some(hub) => {
                let [with, without] = part.parted(hub);
                stack.extend([(without, false), (with, false)]);
            }
            None => open.push(as_part(&part)),
        }
    }
    // Parts with the lowest bounds come first.
    open.sort_by(|a, b| b.bound.total_cmp(&a.bound));
    open
}

/// A tree along the arcs that the ascent used up, and its inner node of highest degree.
fn try_tree(
    search: &mut Search<'_, '_>,
    instance: &Instance,
    root: NodeId,
    ascent: &Ascent,
    meter: &mut Meter<'_>,
) -> Option<(Vec<EdgeId>, Option<NodeId>)> {
    let graph = &instance.graph;
    let length = |e, to| {
        let free = ascent.reduced[super::dual_ascent::arc_into(graph, e, to)] <= 0.0;
        if free { graph.weight(e) } else { f64::INFINITY }
    };
    let count = instance.terminals.len();
    let grown = Grower::new(graph).grow(root, &instance.is_terminal, count, length, meter)?;
    let tree = tidy(graph, &instance.is_terminal, grown);
    search.offer(instance, &tree);
    let tree = super::exchange::improve(instance, tree, 1e-4, meter);
    search.offer(instance, &tree);
    let mut degree = vec![0usize; graph.node_count()];
    for &e in &tree {
        for v in graph.ends(e) {
            degree[v.index()] += 1;
        }
    }
    let inner = graph.nodes().filter(|v| !instance.is_terminal[v.index()] && degree[v.index()] >= 2);
    let hub = inner.max_by_key(|v| (degree[v.index()], graph.degree(*v), std::cmp::Reverse(v.0)));
    Some((tree, hub))
}
