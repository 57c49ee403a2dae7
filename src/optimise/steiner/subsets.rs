//! Exact trees for few terminals: dynamic programming over subsets of terminals, guided by dual ascent.
//!
//! A label (v, I) is a tree that joins v and the terminals of I (Dreyfus & Wagner 1971; Erickson, Monma &
//! Veinott 1987), taken up in the order of its cost plus a bound on what is still missing (Hougardy,
//! Silvanus & Vygen, Dijkstra meets Steiner, Math. Prog. Comp. 9, 2017). That bound comes from the cuts that
//! a dual ascent paid for: the missing part has to cross every cut that parts v or an open terminal from
//! the root. Labels that reach the cost of a known tree are dropped, so that few are left where the ascent
//! is tight.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rustc_hash::FxHashMap;

use super::dual_ascent::{Cuts, ascend_noting, symmetric};
use super::instance::Instance;
use crate::graph::{EdgeId, NodeId};
use crate::optimise::Meter;

/// Terminals beside the root, one bit each.
pub(super) const MOST_TERMINALS: usize = 64;
/// Labels kept at most, about 100 bytes each.
const MOST_LABELS: usize = 4_000_000;

/// How the program ended.
pub(super) enum Subsets {
    /// The best tree cheaper than the limit.
    Found(Vec<EdgeId>),
    /// No tree is cheaper than the limit.
    NoBetter,
    /// Work or room ran out; no tree is cheaper than this (without the settled edges).
    Unfinished(f64),
}

#[derive(Clone, Copy)]
enum From {
    Terminal,
    Along(EdgeId, u32),
    Merged(u32, u32),
}

struct Label {
    cost: f64,
    set: u64,
    node: NodeId,
    from: From,
    closed: bool,
}

/// What the cuts of an ascent say of a label's missing part.
struct Missing {
    total: f64,
    /// Sums of prices per set of terminals inside a cut.
    by_set: Vec<(u64, f64)>,
    /// For each node, the cuts that hold it, summed by set.
    first: Vec<u32>,
    at_node: Vec<(u64, f64)>,
    /// Prices of cuts within a set of terminals.
    within: FxHashMap<u64, f64>,
}

impl Missing {
    fn new(nodes: usize, cuts: &Cuts, bit: &[u64], total: f64) -> Self {
        let mut by_set: FxHashMap<u64, f64> = FxHashMap::default();
        let mut all: Vec<(u32, u64, f64)> = Vec::with_capacity(cuts.members.len());
        let mut start = 0;
        for &(end, price) in &cuts.prices {
            let members = &cuts.members[start..end];
            let set = members.iter().fold(0, |s, v| s | bit[v.index()]);
            *by_set.entry(set).or_default() += price;
            all.extend(members.iter().map(|v| (v.0, set, price)));
            start = end;
        }
        all.sort_unstable_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2)));
        let mut first = vec![0u32; nodes + 1];
        let mut at_node: Vec<(u64, f64)> = Vec::new();
        let mut last = None;
        for (v, set, price) in all {
            if last == Some((v, set)) {
                if let Some(entry) = at_node.last_mut() {
                    entry.1 += price;
                }
            } else {
                at_node.push((set, price));
                first[v as usize + 1] += 1;
                last = Some((v, set));
            }
        }
        for v in 0..nodes {
            first[v + 1] += first[v];
        }
        let mut by_set: Vec<(u64, f64)> = by_set.into_iter().collect();
        by_set.sort_unstable_by_key(|s| s.0);
        Self { total, by_set, first, at_node, within: FxHashMap::default() }
    }

    /// A bound on the cost of joining `node` and the terminals outside `set` to the root.
    fn bound(&mut self, node: NodeId, set: u64) -> f64 {
        let by_set = &self.by_set;
        let within = *self
            .within
            .entry(set)
            .or_insert_with(|| by_set.iter().filter(|(s, _)| s & !set == 0).map(|(_, price)| price).sum());
        let range = self.first[node.index()] as usize..self.first[node.index() + 1] as usize;
        let here: f64 =
            self.at_node[range].iter().filter(|(s, _)| s & !set == 0).map(|(_, price)| price).sum();
        self.total - within + here
    }
}

/// Looks for the best tree of an instance that is cheaper than `limit` (settled edges not counted).
pub(super) fn best_below(instance: &Instance, limit: f64, meter: &mut Meter<'_>) -> Subsets {
    let graph = &instance.graph;
    let n = graph.node_count();
    // The root with the best bound, of a few.
    let step = instance.terminals.len().div_ceil(8);
    let mut best: Option<(f64, NodeId)> = None;
    for &root in instance.terminals.iter().step_by(step) {
        let found = super::dual_ascent::ascend(graph, symmetric(graph), root, &instance.terminals, meter);
        let Some(found) = found else { return Subsets::NoBetter };
        if !found.complete {
            return Subsets::Unfinished(best.map_or(0.0, |b| b.0));
        }
        if best.is_none_or(|b| found.bound > b.0) {
            best = Some((found.bound, root));
        }
    }
    let Some((bound, root)) = best else { return Subsets::NoBetter };
    if bound >= limit {
        return Subsets::NoBetter;
    }
    let mut cuts = Cuts::default();
    let noted = ascend_noting(graph, symmetric(graph), root, &instance.terminals, Some(&mut cuts), meter);
    let Some(ascent) = noted.filter(|a| a.complete) else { return Subsets::Unfinished(bound) };
    let mut bit = vec![0u64; n];
    let others = instance.terminals.iter().filter(|t| **t != root);
    for (i, t) in others.clone().enumerate() {
        bit[t.index()] = 1 << i;
    }
    let full = bit.iter().fold(0, |a, b| a | b);
    let mut search = Search {
        missing: Missing::new(n, &cuts, &bit, ascent.bound),
        labels: Vec::new(),
        known: FxHashMap::default(),
        closed_at: vec![Vec::new(); n],
        queue: BinaryHeap::new(),
        limit,
    };
    for &t in others {
        search.offer(0.0, bit[t.index()], t, From::Terminal);
    }
    let mut lowest = bound;
    while let Some(Reverse((bits, id))) = search.queue.pop() {
        lowest = f64::from_bits(bits).max(lowest);
        let Label { cost, set, node, closed, .. } = search.labels[id as usize];
        if closed {
            continue;
        }
        search.labels[id as usize].closed = true;
        if node == root && set == full {
            return Subsets::Found(search.tree(id));
        }
        for (edge, next) in graph.arcs(node) {
            search.offer(cost + graph.weight(edge), set, next, From::Along(edge, id));
        }
        let mates = std::mem::take(&mut search.closed_at[node.index()]);
        for &(other_set, other) in &mates {
            if other_set & set == 0 {
                let sum = cost + search.labels[other as usize].cost;
                search.offer(sum, set | other_set, node, From::Merged(id, other));
            }
        }
        let spent = 4 * graph.degree(node) as u64 + mates.len() as u64 / 2 + 4;
        search.closed_at[node.index()] = mates;
        search.closed_at[node.index()].push((set, id));
        if !meter.spend(spent) || search.labels.len() > MOST_LABELS {
            return Subsets::Unfinished(lowest);
        }
    }
    Subsets::NoBetter
}

struct Search {
    missing: Missing,
    labels: Vec<Label>,
    known: FxHashMap<(u64, u32), u32>,
    closed_at: Vec<Vec<(u64, u32)>>,
    queue: BinaryHeap<Reverse<(u64, u32)>>,
    limit: f64,
}

impl Search {
    fn offer(&mut self, cost: f64, set: u64, node: NodeId, from: From) {
        let known = self.known.get(&(set, node.0)).copied();
        if let Some(id) = known {
            let label = &self.labels[id as usize];
            if label.closed || label.cost <= cost {
                return;
            }
        }
        let whole = cost + self.missing.bound(node, set);
        if whole >= self.limit {
            return;
        }
        let id = match known {
            Some(id) => {
                let label = &mut self.labels[id as usize];
                (label.cost, label.from) = (cost, from);
                id
            }
            None => {
                let id = self.labels.len() as u32;
                self.labels.push(Label { cost, set, node, from, closed: false });
                self.known.insert((set, node.0), id);
                id
            }
        };
        self.queue.push(Reverse((whole.max(0.0).to_bits(), id)));
    }

    fn tree(&self, id: u32) -> Vec<EdgeId> {
        let mut edges = Vec::new();
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            match self.labels[id as usize].from {
                From::Terminal => {}
                From::Along(edge, below) => {
                    edges.push(edge);
                    open.push(below);
                }
                From::Merged(a, b) => open.extend([a, b]),
            }
        }
        edges.sort_unstable();
        edges.dedup();
        edges
    }
}
