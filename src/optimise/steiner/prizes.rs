//! Prize-collecting trees: join only those nodes whose prize is worth the way.
//!
//! A tree that holds the root is sought that makes its edges plus the prizes left behind cheapest (the
//! Goemans–Williamson objective). Each prize node v becomes a terminal behind two arcs: one from v, free,
//! and one from the root, at the prize; the prize-collecting problem is then a Steiner arborescence
//! problem, and dual ascent bounds it (Ljubić et al. 2006). Trees are cut back optimally by dynamic
//! programming.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::construct::{Grower, touched};
use super::dual_ascent::{Ascent, arc_into, ascend, reduced_distances};
use super::{SteinerError, SteinerTree, verify};
use crate::graph::{EdgeId, Graph, NodeId, minimum_spanning_forest};
use crate::optimise::{Certified, Draw, Ended, Meter, TOLERANCE, Work, grid, relative_gap, round_up};

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

/// Finds a tree anywhere in the graph, one node at least, with the least sum of its edges and of the
/// prizes it doesn't reach. Returns a node of the tree beside it, as a tree of one node has no edges.
///
/// # Errors
/// A graph without nodes, a wrong number of prizes, or a prize that is negative or not finite.
pub fn collect_anywhere(
    graph: &Graph,
    prizes: &[f64],
    work: Work<'_>,
) -> Result<Certified<(SteinerTree, NodeId)>, SteinerError> {
    check(graph, NodeId(0), prizes)?;
    let dearest = |best: NodeId, v: NodeId| if prizes[v.index()] > prizes[best.index()] { v } else { best };
    let root = graph.nodes().fold(NodeId(0), dearest);
    let mut found = collect(graph, root, prizes, work)?;
    // The bound of one root says nothing of trees that leave it out.
    found.bound = 0.0;
    found.ended = Ended::Worked;
    Ok(found.map(|t| (t, root)))
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
    let mut search = Search {
        graph,
        root,
        prizes,
        best: Vec::new(),
        cost: prizes.iter().enumerate().filter(|(v, _)| *v != root.index()).map(|(_, p)| p).sum(),
        bound: 0.0,
        scale,
        draw: Draw::new(work.seed),
        alive: vec![true; graph.edge_count()],
        work,
    };
    search.run(meter);
    let proven = relative_gap(search.cost, search.bound) <= TOLERANCE || search.cost <= 0.0;
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

struct Search<'g, 'w> {
    graph: &'g Graph,
    root: NodeId,
    prizes: &'g [f64],
    best: Vec<EdgeId>,
    cost: f64,
    bound: f64,
    scale: Option<f64>,
    draw: Draw,
    /// Edges that some better tree may still hold.
    alive: Vec<bool>,
    work: &'w Work<'w>,
}

impl Search<'_, '_> {
    fn done(&self) -> bool {
        self.cost <= 0.0 || self.work.close_enough(self.cost, self.bound)
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

    fn run(&mut self, meter: &mut Meter<'_>) {
        let mut free = Meter::new(u64::MAX, crate::optimise::Stop::NEVER);
        let first = self.extend(&[], |_| 1.0, &mut free);
        self.polish(first, &mut free);
        let everyone: Vec<bool> =
            (0..self.prizes.len()).map(|v| self.prizes[v] > 0.0 || v == self.root.index()).collect();
        self.try_terminals(&everyone, |_, _| true, meter);
        let mut useful = self.alive.iter().filter(|a| **a).count();
        for round in 0u32.. {
            if self.done() || !meter.open() || !self.ascend(round, meter) || self.done() {
                break;
            }
            let left = self.alive.iter().filter(|a| **a).count();
            if round >= 3 && left * 20 > useful * 19 {
                break;
            }
            useful = left;
        }
        let mut idle = 0;
        while meter.open() && !self.done() && idle < 400 {
            let before = self.cost;
            self.perturb(meter);
            idle = if self.cost < before { 0 } else { idle + 1 };
        }
    }

    /// A dual ascent, trees along what it leaves free, and edges taken out; false if nothing is left.
    fn ascend(&mut self, round: u32, meter: &mut Meter<'_>) -> bool {
        let graph = self.graph;
        let n = graph.node_count() as u32;
        let mut edges: Vec<(u32, u32, f64)> = Vec::new();
        let mut origin: Vec<EdgeId> = Vec::new();
        for e in graph.edges().filter(|e| self.alive[e.index()]) {
            let [a, b] = graph.ends(e);
            edges.push((a.0, b.0, graph.weight(e)));
            origin.push(e);
        }
        let winners: Vec<u32> =
            (0..n).filter(|&v| self.prizes[v as usize] > 0.0 && v != self.root.0).collect();
        let mut terminals: Vec<NodeId> = (0..winners.len() as u32).map(|k| NodeId(n + k)).collect();
        let mut cost: Vec<f64> = edges.iter().flat_map(|e| [e.2, e.2]).collect();
        for (k, &v) in winners.iter().enumerate() {
            let t = n + k as u32;
            edges.push((v, t, 0.0));
            cost.extend([0.0, f64::INFINITY]);
            edges.push((self.root.0, t, 0.0));
            cost.extend([self.prizes[v as usize], f64::INFINITY]);
        }
        // Other orders lead to other bounds and other trees.
        if round > 0 {
            for i in (1..terminals.len()).rev() {
                terminals.swap(i, self.draw.below(i + 1));
            }
        }
        let Ok(extended) = Graph::from_edges(n as usize + winners.len(), &edges) else { return false };
        let Some(Ascent { bound, reduced, complete }) = ascend(&extended, cost, self.root, &terminals, meter)
        else {
            return false;
        };
        self.bound = self.bound.max(round_up(bound, self.scale).min(self.cost));
        if !complete {
            return false;
        }
        // Terminals whose direct arc wasn't used up were joined through the graph.
        let mut joined = vec![false; n as usize];
        joined[self.root.index()] = true;
        for (k, &v) in winners.iter().enumerate() {
            joined[v as usize] = reduced[(origin.len() + 2 * k + 1) * 2] > 0.0;
        }
        let mut place = vec![u32::MAX; graph.edge_count()];
        for (i, e) in origin.iter().enumerate() {
            place[e.index()] = i as u32;
        }
        let free = |e: EdgeId, to: NodeId| {
            let i = place[e.index()];
            i != u32::MAX && reduced[arc_into(&extended, EdgeId(i), to)] <= 0.0
        };
        self.try_terminals(&joined, free, meter);
        let (from_root, to_terminal) = reduced_distances(&extended, &reduced, self.root, &terminals);
        meter.spend(4 * (edges.len() + extended.node_count()) as u64);
        let limit = self.cost - self.scale.map_or(self.cost * 1e-9, |s| (1.0 - 1e-3) / s) - bound;
        for (i, e) in origin.iter().enumerate() {
            let [a, b] = graph.ends(*e).map(NodeId::index);
            let forth = from_root[a] + reduced[2 * i] + to_terminal[b];
            let back = from_root[b] + reduced[2 * i + 1] + to_terminal[a];
            if forth.min(back) >= limit {
                self.alive[e.index()] = false;
            }
        }
        true
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
    fn polish(&mut self, edges: Vec<EdgeId>, meter: &mut Meter<'_>) {
        let mut edges = edges;
        let mut cost = f64::INFINITY;
        loop {
            let cut = self.cut_back(&self.respan(&edges));
            let next =
                collected_cost(self.graph, self.root, self.prizes, &SteinerTree { edges: cut.clone() });
            if next >= cost - 1e-12 * cost.abs().min(1e12) {
                return;
            }
            cost = next;
            self.offer(cut.clone());
            if !meter.open() {
                return;
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
    fn extend(&self, tree: &[EdgeId], factor: impl Fn(EdgeId) -> f64, meter: &mut Meter<'_>) -> Vec<EdgeId> {
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
        self.polish(grown, meter);
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
