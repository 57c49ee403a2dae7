//! Wong's dual ascent: a lower bound for the Steiner arborescence problem, and reduced costs.
//!
//! Every set of nodes that holds a terminal but not the root needs an arc into it. The ascent picks such
//! a set (all nodes that can reach some terminal along arcs used up already), pays the cheapest arc into
//! it, lowers all arcs into it by that price, and repeats until the root reaches every terminal
//! (R. T. Wong, A dual ascent approach for Steiner tree problems on a directed graph, Math. Prog. 28,
//! 1984). The prices paid add up to a bound; what is left of the arc costs says how much dearer than the
//! bound a tree with that arc is.
//!
//! Sets that a known good tree enters more than once come late: in an optimal pair no set with a price is
//! entered twice (Pajor, Uchoa & Werneck 2018). The same rule betters a finished ascent: some prices are
//! given back, those that break it first, and the ascent runs on from there.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::graph::{EdgeId, Graph, NodeId};
use crate::optimise::{Draw, Meter};

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
    let mut duals = Duals::new(graph, cost, root, false);
    duals.raise(terminals, &[], meter).then(|| duals.ascent())
}

/// A set of nodes and its price.
#[derive(Clone, Debug)]
pub(super) struct Cut {
    pub(super) members: Vec<NodeId>,
    pub(super) price: f64,
}

/// Prices of node sets under change.
pub(super) struct Duals<'g> {
    graph: &'g Graph,
    root: NodeId,
    reduced: Vec<f64>,
    bound: f64,
    complete: bool,
    noting: bool,
    /// The sets that carry a price, if they are noted.
    pub(super) cuts: Vec<Cut>,
    /// Component membership is a round number, so that nothing needs clearing.
    member: Vec<u32>,
    round: u32,
    active: Vec<bool>,
}

impl<'g> Duals<'g> {
    /// No prices yet. Noting the cuts takes room, but lets them be changed.
    pub(super) fn new(graph: &'g Graph, cost: Vec<f64>, root: NodeId, noting: bool) -> Self {
        let n = graph.node_count();
        Self {
            graph,
            root,
            reduced: cost,
            bound: 0.0,
            complete: false,
            noting,
            cuts: Vec::new(),
            member: vec![0; n],
            round: 0,
            active: vec![false; n],
        }
    }

    pub(super) fn ascent(self) -> Ascent {
        Ascent { bound: self.bound, reduced: self.reduced, complete: self.complete }
    }

    /// Raises prices until the root reaches every terminal; earlier terminals come first among equals.
    /// `guide` tells for each arc whether a good tree has it, or is empty. False if a terminal can't be
    /// reached.
    pub(super) fn raise(&mut self, terminals: &[NodeId], guide: &[bool], meter: &mut Meter<'_>) -> bool {
        let (graph, root) = (self.graph, self.root);
        self.active.fill(false);
        self.complete = true;
        let mut queue = BinaryHeap::new();
        for (order, &t) in terminals.iter().enumerate() {
            if t != root && !self.active[t.index()] {
                self.active[t.index()] = true;
                queue.push(Reverse((graph.degree(t), order as u32, t)));
            }
        }
        let mut stack: Vec<NodeId> = Vec::new();
        let mut component: Vec<NodeId> = Vec::new();
        let mut inflow: Vec<(u32, NodeId)> = Vec::new();
        'terminals: while let Some(Reverse((_, order, terminal))) = queue.pop() {
            let limit = queue.peek().map_or(usize::MAX, |Reverse((size, ..))| size + size / 4);
            self.round += 1;
            let round = self.round;
            stack.clear();
            component.clear();
            inflow.clear();
            stack.push(terminal);
            self.member[terminal.index()] = round;
            loop {
                let mut steps = 1;
                while let Some(node) = stack.pop() {
                    component.push(node);
                    for (edge, from) in graph.arcs(node) {
                        steps += 1;
                        if self.member[from.index()] == round {
                            continue;
                        }
                        let arc = arc_into(graph, edge, node);
                        if self.reduced[arc] > 0.0 {
                            inflow.push((arc as u32, from));
                            continue;
                        }
                        // Whoever joins the root to this other terminal joins this one too.
                        if from == root || self.active[from.index()] {
                            self.active[terminal.index()] = false;
                            meter.spend(steps);
                            continue 'terminals;
                        }
                        self.member[from.index()] = round;
                        stack.push(from);
                    }
                }
                inflow.retain(|&(_, from)| self.member[from.index()] != round);
                if !meter.spend(steps + inflow.len() as u64) {
                    self.complete = false;
                    return true;
                }
                let mut size = inflow.len();
                if !guide.is_empty() {
                    let entries = inflow.iter().filter(|&&(arc, _)| guide[arc as usize]).count();
                    size += size * 8 * entries.saturating_sub(1);
                }
                if size > limit {
                    queue.push(Reverse((size, order, terminal)));
                    continue 'terminals;
                }
                let price =
                    inflow.iter().map(|&(arc, _)| self.reduced[arc as usize]).fold(f64::INFINITY, f64::min);
                if price == f64::INFINITY {
                    return false;
                }
                self.bound += price;
                if self.noting {
                    self.cuts.push(Cut { members: component.clone(), price });
                }
                for &(arc, from) in &inflow {
                    let left = &mut self.reduced[arc as usize];
                    *left -= price;
                    if *left <= 0.0 {
                        *left = 0.0;
                        if from == root || self.active[from.index()] {
                            // Noticed here, the search of the next round is saved.
                            self.active[terminal.index()] = false;
                        } else if self.member[from.index()] != round {
                            self.member[from.index()] = round;
                            stack.push(from);
                        }
                    }
                }
                if !self.active[terminal.index()] {
                    continue 'terminals;
                }
            }
        }
        true
    }

    /// How often the guiding tree enters a set.
    fn entries(&mut self, cut: usize, guide: &[bool]) -> usize {
        self.round += 1;
        let members = &self.cuts[cut].members;
        for v in members {
            self.member[v.index()] = self.round;
        }
        let mut count = 0;
        for &v in members {
            for (edge, from) in self.graph.arcs(v) {
                count += usize::from(
                    self.member[from.index()] != self.round && guide[arc_into(self.graph, edge, v)],
                );
            }
        }
        count
    }

    /// Gives back the price of a set.
    fn release(&mut self, cut: usize) {
        self.round += 1;
        let Cut { members, price } = self.cuts.swap_remove(cut);
        for v in &members {
            self.member[v.index()] = self.round;
        }
        for &v in &members {
            for (edge, from) in self.graph.arcs(v) {
                if self.member[from.index()] != self.round {
                    self.reduced[arc_into(self.graph, edge, v)] += price;
                }
            }
        }
        self.bound -= price;
    }

    /// Gives back some prices and raises others, again and again, and keeps what is no worse.
    pub(super) fn better(
        &mut self,
        terminals: &[NodeId],
        guide: &[bool],
        draw: &mut Draw,
        rounds: usize,
        target: f64,
        meter: &mut Meter<'_>,
    ) {
        let mut order = terminals.to_vec();
        for round in 0..rounds {
            if !meter.open() || self.bound >= target {
                return;
            }
            let kept = (self.reduced.clone(), self.bound, self.cuts.clone());
            let share = [0.02, 0.1, 0.3][round % 3];
            let bad: Vec<bool> = (0..self.cuts.len()).map(|c| self.entries(c, guide) > 1).collect();
            for c in (0..self.cuts.len()).rev() {
                let odds = if bad[c] { 0.5 } else { share };
                if draw.unit() < odds {
                    self.release(c);
                }
            }
            for i in (1..order.len()).rev() {
                order.swap(i, draw.below(i + 1));
            }
            let fine = self.raise(&order, guide, meter);
            if !fine || !self.complete || self.bound < kept.1 - 1e-9 * kept.1 {
                (self.reduced, self.bound, self.cuts) = kept;
                self.complete = true;
            }
        }
    }

    pub(super) fn bound(&self) -> f64 {
        self.bound
    }
}

/// The arcs of a tree, away from its root.
pub(super) fn guide(graph: &Graph, root: NodeId, tree: &[EdgeId]) -> Vec<bool> {
    let mut inside = vec![false; graph.edge_count()];
    for e in tree {
        inside[e.index()] = true;
    }
    let mut out = vec![false; graph.edge_count() * 2];
    let mut open = vec![root];
    while let Some(v) = open.pop() {
        for (e, u) in graph.arcs(v) {
            if std::mem::take(&mut inside[e.index()]) {
                out[arc_into(graph, e, u)] = true;
                open.push(u);
            }
        }
    }
    out
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
