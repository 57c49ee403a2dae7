//! Wong's dual ascent: a lower bound for the Steiner arborescence problem, and reduced costs.
//!
//! Every set of nodes that holds a terminal but not the root needs an arc into it. The ascent picks such
//! a set (all nodes that can reach some terminal along arcs used up already), pays the cheapest arc into
//! it, lowers all arcs into it by that price, and repeats until the root reaches every terminal
//! (R. T. Wong, A dual ascent approach for Steiner tree problems on a directed graph, Math. Prog. 28,
//! 1984). The prices paid add up to a bound; what is left of the arc costs says how much dearer than the
//! bound a tree with that arc is.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::graph::{EdgeId, Graph, NodeId};
use crate::optimise::Meter;

/// The index of the arc that enters `to` along `edge`.
pub(super) fn arc_into(graph: &Graph, edge: EdgeId, to: NodeId) -> usize {
    edge.index() * 2 + usize::from(graph.ends(edge)[0] == to)
}

/// Costs in both directions of every edge, as the ascent wants them.
pub(super) fn symmetric(graph: &Graph) -> Vec<f64> {
    graph.weights().iter().flat_map(|&w| [w, w]).collect()
}

/// What an ascent found.
#[derive(Clone, Debug)]
pub(super) struct Ascent {
    /// No tree costs less.
    pub(super) bound: f64,
    /// What is left of each arc's cost, addressed by [`arc_into`].
    pub(super) reduced: Vec<f64>,
    /// False if work ran out before the root reached every terminal; the bound holds all the same.
    pub(super) complete: bool,
}

/// The sets of nodes that an ascent paid for: disjoint prices that any tree has to pay.
#[derive(Debug, Default)]
pub(super) struct Cuts {
    /// Members of all cuts, one after the other.
    pub(super) members: Vec<NodeId>,
    /// Where each cut ends in `members`, and its price.
    pub(super) prices: Vec<(usize, f64)>,
}

/// Runs the ascent on arc costs (`cost`, infinite for arcs that don't exist).
///
/// Returns none if some terminal can't be reached from the root at all.
pub(super) fn ascend(
    graph: &Graph,
    cost: Vec<f64>,
    root: NodeId,
    terminals: &[NodeId],
    meter: &mut Meter<'_>,
) -> Option<Ascent> {
    ascend_noting(graph, cost, root, terminals, None, meter)
}

/// The same, noting every cut where `cuts` is given.
pub(super) fn ascend_noting(
    graph: &Graph,
    cost: Vec<f64>,
    root: NodeId,
    terminals: &[NodeId],
    mut cuts: Option<&mut Cuts>,
    meter: &mut Meter<'_>,
) -> Option<Ascent> {
    let n = graph.node_count();
    let mut reduced = cost;
    let mut bound = 0.0;
    let mut active = vec![false; n];
    let mut queue = BinaryHeap::new();
    for &t in terminals {
        if t != root && !active[t.index()] {
            active[t.index()] = true;
            queue.push(Reverse((graph.degree(t), t)));
        }
    }
    // Component membership is a round number, so that nothing needs clearing.
    let mut member = vec![0u32; n];
    let mut round = 0u32;
    let mut stack: Vec<NodeId> = Vec::new();
    let mut component: Vec<NodeId> = Vec::new();
    let mut inflow: Vec<(u32, NodeId)> = Vec::new();
    let mut complete = true;
    'terminals: while let Some(Reverse((_, terminal))) = queue.pop() {
        let limit = queue.peek().map_or(usize::MAX, |Reverse((size, _))| size + size / 4);
        round += 1;
        stack.clear();
        component.clear();
        inflow.clear();
        stack.push(terminal);
        member[terminal.index()] = round;
        loop {
            let mut steps = 1;
            while let Some(node) = stack.pop() {
                component.push(node);
                for (edge, from) in graph.arcs(node) {
                    steps += 1;
                    if member[from.index()] == round {
                        continue;
                    }
                    let arc = arc_into(graph, edge, node);
                    if reduced[arc] > 0.0 {
                        inflow.push((arc as u32, from));
                        continue;
                    }
                    // Whoever joins the root to this other terminal joins this one too.
                    if from == root || active[from.index()] {
                        active[terminal.index()] = false;
                        meter.spend(steps);
                        continue 'terminals;
                    }
                    member[from.index()] = round;
                    stack.push(from);
                }
            }
            inflow.retain(|&(_, from)| member[from.index()] != round);
            if !meter.spend(steps + inflow.len() as u64) {
                complete = false;
                break 'terminals;
            }
            if inflow.len() > limit {
                queue.push(Reverse((inflow.len(), terminal)));
                continue 'terminals;
            }
            let price = inflow.iter().map(|&(arc, _)| reduced[arc as usize]).fold(f64::INFINITY, f64::min);
            if price == f64::INFINITY {
                return None;
            }
            bound += price;
            if let Some(cuts) = cuts.as_deref_mut().filter(|_| price > 0.0) {
                cuts.members.extend_from_slice(&component);
                cuts.prices.push((cuts.members.len(), price));
            }
            for &(arc, from) in &inflow {
                let left = &mut reduced[arc as usize];
                *left -= price;
                if *left <= 0.0 {
                    *left = 0.0;
                    if from == root || active[from.index()] {
                        // Noticed here, the search of the next round is saved.
                        active[terminal.index()] = false;
                    } else if member[from.index()] != round {
                        member[from.index()] = round;
                        stack.push(from);
                    }
                }
            }
            if !active[terminal.index()] {
                continue 'terminals;
            }
        }
    }
    Some(Ascent { bound, reduced, complete })
}

/// For each node, the least reduced cost of a way from the root, and of a way on to any terminal but
/// the root.
pub(super) fn reduced_distances(
    graph: &Graph,
    reduced: &[f64],
    root: NodeId,
    terminals: &[NodeId],
) -> (Vec<f64>, Vec<f64>) {
    let from_root = search(graph, [root].into_iter(), |edge, from, to| {
        debug_assert_eq!(graph.opposite(edge, from), to);
        reduced[arc_into(graph, edge, to)]
    });
    let ends = terminals.iter().copied().filter(|&t| t != root);
    let to_terminal = search(graph, ends, |edge, from, _| reduced[arc_into(graph, edge, from)]);
    (from_root, to_terminal)
}

fn search(
    graph: &Graph,
    sources: impl Iterator<Item = NodeId>,
    length: impl Fn(EdgeId, NodeId, NodeId) -> f64,
) -> Vec<f64> {
    let mut distance = vec![f64::INFINITY; graph.node_count()];
    let mut queue = BinaryHeap::new();
    for s in sources {
        distance[s.index()] = 0.0;
        queue.push(Reverse((0u64, s.0)));
    }
    while let Some(Reverse((bits, node))) = queue.pop() {
        let (here, node) = (f64::from_bits(bits), NodeId(node));
        if here > distance[node.index()] {
            continue;
        }
        for (edge, next) in graph.arcs(node) {
            let there = here + length(edge, node, next);
            if there < distance[next.index()] {
                distance[next.index()] = there;
                queue.push(Reverse((there.to_bits(), next.0)));
            }
        }
    }
    distance
}
