//! Budgeted trees: the most prize that a tree through the root can collect within a budget.
//!
//! The budget is priced: for any factor m > 0 on the prizes, a bound L(m) of the prize-collecting problem
//! says of every tree T within budget B that `m · prize(T) ≤ m · total − L(m) + B`. A search over m finds
//! the factor where the best trees change from below to above the budget, which gives both a good bound
//! and good trees; what is over the budget is cut back, what is left of it is spent.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rustc_hash::{FxHashMap, FxHashSet};

use super::prizes::{Branches, check, collect_metered};
use super::{SteinerError, SteinerTree};
use crate::graph::{EdgeId, Graph, NodeId};
use crate::optimise::{Certified, Ended, Meter, TOLERANCE, Work, grid, relative_gap};

/// Finds a tree through `root` whose edges weigh at most `budget`, for the largest sum of prizes.
///
/// The objective is that sum, to be maximised; the root's own prize is always won.
///
/// # Errors
/// A root that isn't a node, a wrong number of prizes, or a prize or budget that is
/// negative or no number.
pub fn collect_within(
    graph: &Graph,
    root: NodeId,
    prizes: &[f64],
    budget: f64,
    work: Work<'_>,
) -> Result<Certified<SteinerTree>, SteinerError> {
    check(graph, root, prizes)?;
    if budget.is_nan() || budget < 0.0 {
        return Err(SteinerError::BadBudget { budget });
    }
    let size = (graph.node_count() + graph.edge_count()) as u64;
    let mut meter = work.meter(4_000_000 + 200 * size);
    // Only what the root can reach counts.
    let reach = crate::graph::components(graph, |_| true);
    let prizes: Vec<f64> =
        graph.nodes().map(|v| if reach.connected(v, root) { prizes[v.index()] } else { 0.0 }).collect();
    let mut search =
        Search { graph, root, prizes: &prizes, budget, best: Vec::new(), won: prizes[root.index()] };
    let mut bound = search.run(&work, &mut meter).max(search.won);
    if let Some(scale) = grid(prizes.iter().copied()) {
        bound = ((bound * scale + 1e-4).floor() / scale).max(search.won);
    }
    let proven = relative_gap(search.won, bound) <= TOLERANCE;
    search.best.sort_unstable();
    Ok(Certified {
        value: SteinerTree { edges: search.best },
        objective: search.won,
        bound: if proven { search.won } else { bound },
        ended: match (proven, meter.stopped()) {
            (true, _) => Ended::Proven,
            (_, true) => Ended::Stopped,
            _ => Ended::Worked,
        },
    })
}

struct Search<'g> {
    graph: &'g Graph,
    root: NodeId,
    prizes: &'g [f64],
    budget: f64,
    best: Vec<EdgeId>,
    won: f64,
}

impl Search<'_> {
    fn run(&mut self, work: &Work<'_>, meter: &mut Meter<'_>) -> f64 {
        let total: f64 = self.prizes.iter().sum();
        self.offer(Vec::new(), meter);
        self.offer_richest_way(meter);
        let mut bound = total;
        let weight: f64 = self.graph.weights().iter().sum();
        let least = self.prizes.iter().copied().filter(|p| *p > 0.0).fold(f64::INFINITY, f64::min);
        if !least.is_finite() || weight <= 0.0 {
            return bound;
        }
        // At the lowest factor nothing pays, at the highest everything does.
        let (mut low, mut high) = (1e-3 * self.budget.max(1e-9 * weight) / total, 2.0 * weight / least);
        let slice = Work { gap: 1e-4, ..*work };
        for _ in 0..40 {
            if !meter.open() || high / low < 1.0 + 1e-4 || work.close_enough(self.won, bound) {
                break;
            }
            let factor = (low * high).sqrt();
            let scaled: Vec<f64> = self.prizes.iter().map(|p| p * factor).collect();
            let mut part = Meter::new(self.part_of(work), work.stop);
            let found = collect_metered(self.graph, self.root, &scaled, None, &slice, &mut part);
            meter.spend(self.part_of(work));
            bound = bound.min(total - (found.bound - self.budget) / factor);
            let cost = self.graph.total_weight(&found.value.edges);
            self.offer(found.value.edges, meter);
            if cost > self.budget {
                high = factor;
            } else {
                low = factor;
            }
        }
        bound
    }

    /// Steps for one prize-collecting problem: a fortieth of the whole.
    fn part_of(&self, work: &Work<'_>) -> u64 {
        let size = (self.graph.node_count() + self.graph.edge_count()) as u64;
        work.effort.scaled(100_000 + 5 * size)
    }

    /// What greed for prizes per cost passes by: the one way that wins most.
    fn offer_richest_way(&mut self, meter: &mut Meter<'_>) {
        let mut search = crate::graph::Dijkstra::new(self.graph);
        search.run([(self.root, 0.0)], crate::graph::Until::Within(self.budget));
        meter.spend(3 * search.settled() as u64);
        let mut inside = vec![false; self.graph.node_count()];
        inside[self.root.index()] = true;
        let ways = self.ways(&search, &inside);
        if let Some(path) = first_greatest(&ways, |w| w.won).and_then(|w| search.path_to(w.to)) {
            self.offer(path.edges, meter);
        }
    }

    /// Ways out of the nodes inside to every node with a prize that the search reached, the shortest first.
    fn ways(&self, search: &crate::graph::Dijkstra<'_>, inside: &[bool]) -> Vec<Way> {
        let length = |v: &NodeId| search.distance(*v).unwrap_or(0.0);
        let mut reached: Vec<NodeId> = search.reached().filter(|v| !inside[v.index()]).collect();
        reached.sort_unstable_by(|a, b| length(a).total_cmp(&length(b)).then(a.cmp(b)));
        // Prizes on the way count for the way's end.
        let mut won: FxHashMap<NodeId, f64> = FxHashMap::default();
        let mut ways = Vec::new();
        for v in reached {
            let (Some(length), Some(e)) = (search.distance(v), search.predecessor(v)) else { continue };
            let before = won.get(&self.graph.opposite(e, v)).copied().unwrap_or(0.0);
            let sum = self.prizes[v.index()] + before;
            won.insert(v, sum);
            if self.prizes[v.index()] > 0.0 {
                ways.push(Way { to: v, length, won: sum });
            }
        }
        ways
    }

    /// Takes a tree as it is, cut back to the budget, and then filled up to it.
    fn offer(&mut self, tree: Vec<EdgeId>, meter: &mut Meter<'_>) {
        let tree = self.cut_to_budget(tree);
        self.keep_if_better(&tree);
        self.fill_up(tree, meter);
    }

    fn keep_if_better(&mut self, tree: &[EdgeId]) {
        let branches = Branches::of(self.graph, self.root, tree);
        let won: f64 = branches.order.iter().map(|(v, _)| self.prizes[v.index()]).sum();
        let cost = self.graph.total_weight(tree);
        if cost <= self.budget && won > self.won {
            self.won = won;
            self.best = tree.to_vec();
        }
    }

    /// Takes leaves off, those that win least per cost first, until the budget holds.
    fn cut_to_budget(&self, tree: Vec<EdgeId>) -> Vec<EdgeId> {
        let graph = self.graph;
        let mut cost = graph.total_weight(&tree);
        let order = Branches::of(graph, self.root, &tree).order;
        let up: FxHashMap<NodeId, EdgeId> = order.iter().filter_map(|&(v, e)| Some((v, e?))).collect();
        let mut children: FxHashMap<NodeId, u32> = FxHashMap::default();
        for (&v, &e) in &up {
            *children.entry(graph.opposite(e, v)).or_default() += 1;
        }
        let mut gone: FxHashSet<NodeId> = FxHashSet::default();
        let mut leaves: BinaryHeap<Reverse<(u64, NodeId)>> = BinaryHeap::new();
        // The path above a leaf up to the next node that keeps the tree together goes with it.
        let rate = |v: NodeId, children: &FxHashMap<NodeId, u32>| {
            let (mut at, mut won, mut saved) = (v, 0.0, 0.0);
            while let Some(&e) = up.get(&at) {
                won += self.prizes[at.index()];
                saved += graph.weight(e);
                at = graph.opposite(e, at);
                if self.prizes[at.index()] > 0.0 || children.get(&at) != Some(&1) {
                    break;
                }
            }
            (won / saved.max(1e-300)).min(f64::MAX).to_bits()
        };
        for &(v, e) in &order {
            if e.is_some() && !children.contains_key(&v) {
                leaves.push(Reverse((rate(v, &children), v)));
            }
        }
        while cost > self.budget {
            let Some(Reverse((_, v))) = leaves.pop() else { break };
            let mut at = v;
            while let Some(&e) = up.get(&at) {
                gone.insert(at);
                cost -= graph.weight(e);
                at = graph.opposite(e, at);
                let left = children.entry(at).or_default();
                *left -= 1;
                if *left > 0 {
                    break;
                }
                if self.prizes[at.index()] > 0.0 {
                    if up.contains_key(&at) {
                        leaves.push(Reverse((rate(at, &children), at)));
                    }
                    break;
                }
            }
        }
        order.iter().filter(|(v, _)| !gone.contains(v)).filter_map(|&(_, e)| e).collect()
    }

    /// Adds, as long as the budget allows, the way that wins most per cost.
    fn fill_up(&mut self, tree: Vec<EdgeId>, meter: &mut Meter<'_>) {
        let graph = self.graph;
        let mut tree = tree;
        let mut left = self.budget - graph.total_weight(&tree);
        let mut inside = vec![false; graph.node_count()];
        for (v, _) in Branches::of(graph, self.root, &tree).order {
            inside[v.index()] = true;
        }
        let mut search = crate::graph::Dijkstra::new(graph);
        while meter.open() {
            let sources: Vec<_> = graph.nodes().filter(|v| inside[v.index()]).map(|v| (v, 0.0)).collect();
            search.run(sources, crate::graph::Until::Within(left.max(0.0)));
            meter.spend(3 * search.settled() as u64);
            let rate = |way: &Way| way.won / way.length.max(1e-300);
            let ways = self.ways(&search, &inside);
            let Some(path) = first_greatest(&ways, rate).and_then(|w| search.path_to(w.to)) else { break };
            for v in path.nodes {
                inside[v.index()] = true;
            }
            left -= path.length;
            tree.extend(path.edges);
        }
        // Sums in another order may differ in the last place.
        if graph.total_weight(&tree) <= self.budget {
            self.keep_if_better(&tree);
        }
    }
}

/// A way to a prize and what it wins.
struct Way {
    to: NodeId,
    length: f64,
    won: f64,
}

/// The first of those for which a value is greatest.
fn first_greatest(ways: &[Way], value: impl Fn(&Way) -> f64) -> Option<&Way> {
    ways.iter().reduce(|best, w| if value(w) > value(best) { w } else { best })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::prizes::tests::enumerate;
    use super::super::tests::instances;
    use super::super::verify;
    use super::*;
    use crate::optimise::Effort;

    /// A cheap small prize doesn't use up the budget for a dear large one.
    #[test]
    fn a_dear_prize_is_seen() {
        let g = Graph::from_edges(3, &[(0, 1, 8.0), (0, 2, 1.0)]).unwrap();
        let found = collect_within(&g, NodeId(0), &[0.0, 13.0, 5.0], 8.0, Effort::LOW.into()).unwrap();
        assert_eq!((found.objective, found.value.edges), (13.0, vec![EdgeId(0)]));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(150))]
        #[test]
        fn prize_optimum_and_bound_are_in_order(
            (g, _) in instances(),
            prizes in prop::collection::vec(prop_oneof![Just(0u32), 0u32..15], 14),
            budget in 0u32..30,
            pick in 0u32..14,
        ) {
            let n = g.node_count();
            let prizes: Vec<f64> = prizes[..n].iter().map(|&p| f64::from(p)).collect();
            let root = NodeId(pick % n as u32);
            let budget = f64::from(budget);
            let best = enumerate(&g, root, &prizes).into_iter().filter(|t| t.0 <= budget).map(|t| t.1).fold(0.0, f64::max);
            let found = collect_within(&g, root, &prizes, budget, Effort::LOW.into()).unwrap();
            prop_assert_eq!(verify(&g, &[root], &found.value), Ok(()));
            prop_assert!(g.total_weight(&found.value.edges) <= budget);
            let won: f64 = Branches::of(&g, root, &found.value.edges).order.iter().map(|t| prizes[t.0.index()]).sum();
            prop_assert_eq!(won, found.objective);
            prop_assert!(found.objective <= best && best <= found.bound, "{} {} {}", found.objective, best, found.bound);
            prop_assert!(found.objective >= 0.4 * best, "poor {} {}", found.objective, best);
        }
    }
}
