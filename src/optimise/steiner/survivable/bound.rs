//! What every survivable network costs at least.

use std::collections::BTreeSet;

use super::Network;
use crate::graph::{EdgeId, NodeId};
use crate::optimise::Meter;
use crate::optimise::steiner::dual_ascent::{Cut, Duals, symmetric};
use crate::optimise::steiner::relaxation::{Flow, Relaxation, Term};

/// Looks for violated rows at most.
const ROUNDS: usize = 60;
/// Stretches of the first-order method between two looks.
const STRETCHES: usize = 12;
/// Rows of one kind that a look adds at most.
const MOST_ROWS: usize = 600;
/// Missing or excess use below this is none.
const OFF: f64 = 2e-2;

/// What the relaxation tells.
pub(super) struct Relaxed {
    /// No network costs less.
    pub(super) bound: f64,
    /// How much of each edge it builds, up to one.
    pub(super) usage: Vec<f64>,
}

/// A bound on the cost of every network that gives one route to `ones` and two to `twos`, at least `floor`;
/// `goal` is as much as is of use.
pub(super) fn bound(
    network: &Network<'_>,
    ones: &[NodeId],
    twos: &[NodeId],
    floor: f64,
    goal: f64,
    meter: &mut Meter<'_>,
) -> Relaxed {
    let graph = network.graph;
    let unled = |bound: f64| Relaxed { bound, usage: vec![0.0; graph.edge_count()] };
    let all: Vec<NodeId> = twos.iter().chain(ones).copied().collect();
    let cost = symmetric(graph);
    let Some((value, into, out)) = twice(network, &all, twos, cost.clone(), meter) else {
        return unled(floor);
    };
    let mut best = value.max(floor);
    if best >= goal || !meter.open() {
        return unled(best);
    }
    let prices: Vec<f64> = into.iter().chain(&out).map(|c| c.price).collect();
    let mut program = Relaxation::bare(graph, cost, network.root, &all, prices.into_iter());
    let mut inside = vec![false; graph.node_count()];
    for (cut, enters) in into.iter().map(|c| (c, true)).chain(out.iter().map(|c| (c, false))) {
        add_set(&mut program, &mut inside, &cut.members, enters, cut.price);
    }
    let mut rows = Rows { network, all: &all, twos, inside, paid_once: BTreeSet::new() };
    for _ in 0..ROUNDS {
        let value = program.solve(STRETCHES, goal, meter);
        best = best.max(value);
        if best >= goal || !meter.open() {
            break;
        }
        if rows.add(&mut program, meter) == 0 {
            break;
        }
        program.forget();
    }
    // Another pair of ascents spends what the prices leave.
    let (base, left) = program.remains();
    if let Some((more, ..)) = twice(network, &all, twos, left, meter) {
        best = best.max(base + more);
    }
    let usage = program.usage();
    let of = |e: EdgeId| (usage[e.index() * 2] + usage[e.index() * 2 + 1]).clamp(0.0, 1.0);
    Relaxed { bound: best, usage: graph.edges().map(of).collect() }
}

/// The rows of sets that were entered or left.
fn add_set(program: &mut Relaxation<'_>, inside: &mut [bool], members: &[NodeId], enters: bool, price: f64) {
    for v in members {
        inside[v.index()] = true;
    }
    let row = if enters {
        program.entering(members, |v| inside[v.index()])
    } else {
        program.leaving(members, |v| inside[v.index()])
    };
    for v in members {
        inside[v.index()] = false;
    }
    program.add_row(row, 1.0, price);
}

/// An ascent over what has to enter, and one over what has to leave on what it leaves of the costs: the bound
/// of both, and their sets.
fn twice(
    network: &Network<'_>,
    all: &[NodeId],
    twos: &[NodeId],
    cost: Vec<f64>,
    meter: &mut Meter<'_>,
) -> Option<(f64, Vec<Cut>, Vec<Cut>)> {
    let mut into = Duals::new(network.graph, cost, network.root, true);
    if !into.raise(all, &[], meter) {
        return None;
    }
    let cuts = std::mem::take(&mut into.cuts);
    let first = into.ascent();
    // The other direction of every edge.
    let turned: Vec<f64> = (0..first.reduced.len()).map(|a| first.reduced[a ^ 1]).collect();
    let mut out = Duals::new(network.graph, turned, network.root, true);
    if !out.raise(twos, &[], meter) {
        return None;
    }
    let left = std::mem::take(&mut out.cuts);
    Some((first.bound + out.bound(), cuts, left))
}

/// Finds rows that the program's solution violates.
struct Rows<'n> {
    network: &'n Network<'n>,
    all: &'n [NodeId],
    twos: &'n [NodeId],
    inside: Vec<bool>,
    /// Edges with a row that they are paid once.
    paid_once: BTreeSet<EdgeId>,
}

impl Rows<'_> {
    fn add(&mut self, program: &mut Relaxation<'_>, meter: &mut Meter<'_>) -> usize {
        let graph = self.network.graph;
        let usage: Vec<f64> = program.usage().iter().map(|&x| if x > 1e-3 { x } else { 0.0 }).collect();
        let of = |e: EdgeId| usage[e.index() * 2] + usage[e.index() * 2 + 1];
        let mut added = 0;
        for e in graph.edges().filter(|&e| of(e) > 1.0 + OFF) {
            if self.paid_once.insert(e) {
                program.add_row([0, 1].map(|way| Term::minus(e.index() * 2 + way)).to_vec(), -1.0, 0.0);
                added += 1;
            }
        }
        let mut flow = Flow::new(graph, usage.clone());
        let enter = self.all.iter().map(|&t| (t, true));
        let leave = self.twos.iter().map(|&t| (t, false));
        let mut sets = 0;
        for (t, enters) in enter.chain(leave) {
            let root = self.network.root;
            let (value, steps) = if enters { flow.run(root, t) } else { flow.run(t, root) };
            if value < 1.0 - OFF && sets < MOST_ROWS {
                let members = flow.reach(t, enters);
                add_set(program, &mut self.inside, &members, enters, 0.0);
                sets += 1;
            }
            flow.reset();
            if !meter.spend(steps) {
                return added + sets;
            }
        }
        added + sets + self.survivors(program, &usage, meter)
    }

    /// What is left after the failure of a group or a node still joins every terminal of two routes.
    fn survivors(&self, program: &mut Relaxation<'_>, usage: &[f64], meter: &mut Meter<'_>) -> usize {
        let graph = self.network.graph;
        let of = |e: EdgeId| (usage[e.index() * 2] + usage[e.index() * 2 + 1]).min(1.0);
        let both: Vec<f64> = graph.edges().flat_map(|e| [of(e); 2]).collect();
        let mut failures: Vec<(Option<NodeId>, Vec<EdgeId>)> = Vec::new();
        for group in self.network.groups {
            if group.iter().map(|&e| of(e)).sum::<f64>() > 1.0 + OFF {
                failures.push((None, group.clone()));
            }
        }
        if self.network.nodes_fail {
            for v in graph.nodes().filter(|&v| v != self.network.root) {
                let edges: Vec<EdgeId> = graph.arcs(v).map(|(e, _)| e).collect();
                // Two routes that both pass take at least four edge ends.
                if edges.iter().map(|&e| of(e)).sum::<f64>() > 2.0 + OFF {
                    failures.push((Some(v), edges));
                }
            }
        }
        let mut added = 0;
        let mut inside = vec![false; graph.node_count()];
        for (node, edges) in failures {
            let mut capacity = both.clone();
            for e in &edges {
                capacity[e.index() * 2] = 0.0;
                capacity[e.index() * 2 + 1] = 0.0;
            }
            let mut flow = Flow::new(graph, capacity);
            meter.spend(graph.edge_count() as u64);
            for &t in self.twos.iter().filter(|t| Some(**t) != node) {
                let (value, steps) = flow.run(self.network.root, t);
                let open = meter.spend(steps);
                if value < 1.0 - OFF {
                    let members = flow.reach(t, true);
                    for v in &members {
                        inside[v.index()] = true;
                    }
                    let mut row = program.entering(&members, |v| inside[v.index()]);
                    row.extend(program.leaving(&members, |v| inside[v.index()]));
                    row.retain(|t| !edges.contains(&EdgeId(t.arc() as u32 / 2)));
                    for v in &members {
                        inside[v.index()] = false;
                    }
                    program.add_row(row, 1.0, 0.0);
                    added += 1;
                }
                flow.reset();
                if !open || added >= MOST_ROWS {
                    return added;
                }
            }
        }
        added
    }
}
