//! Which terminals to join when money doesn't reach for all.

use super::order::{Job, by_value};
use super::tree::{Hung, join};
use crate::graph::{Dijkstra, EdgeId, Graph, NodeId, Until};
use crate::optimise::Work;
use crate::optimise::steiner::SteinerError;
use std::collections::{BTreeMap, BTreeSet};

/// Terminals that are added one by one to a finished tree, at most.
const INSERTIONS: usize = 64;

/// A terminal as the choice sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prize {
    /// Where it meets the road.
    pub node: NodeId,
    /// What joining it is worth.
    pub value: f64,
    /// Its own cost, whatever the route: lead-in and equipment.
    pub own_cny: f64,
    /// Must be joined.
    pub must: bool,
}

/// A choice, by index among the prizes, and what is proven about every other.
#[derive(Clone, Debug, Default)]
pub(super) struct Choice {
    pub chosen: BTreeSet<u32>,
    /// No choice within the budget is worth more.
    pub value_bound: f64,
}

/// Chooses terminals whose tree and own costs stay within `budget`: by value per yuan along the tree over
/// all of them, then again with the money that a fresh tree over the chosen ones saves.
pub(super) fn choose(
    graph: &Graph,
    root: NodeId,
    all: &Hung,
    prizes: &[Prize],
    budget: f64,
    work: Work<'_>,
) -> Result<Choice, SteinerError> {
    let mut chosen = BTreeSet::new();
    let mut built: BTreeSet<EdgeId> = BTreeSet::new();
    let mut spent = 0.0;
    let mut take = |i: u32, spent: &mut f64, force: bool| {
        let p = &prizes[i as usize];
        let new: Vec<EdgeId> = all.way(p.node).take_while(|e| !built.contains(e)).collect();
        let cost = p.own_cny + graph.total_weight(&new);
        if force || *spent + cost <= budget {
            *spent += cost;
            built.extend(new);
            chosen.insert(i);
        }
    };
    for (i, _) in prizes.iter().enumerate().filter(|(_, p)| p.must) {
        take(i as u32, &mut spent, true);
    }
    for i in build_order(graph, all, prizes) {
        if !prizes[i as usize].must {
            take(i, &mut spent, false);
        }
    }
    let value = |chosen: &BTreeSet<u32>| chosen.iter().map(|&i| prizes[i as usize].value).sum::<f64>();
    for _ in 0..2 {
        let more = extend(graph, root, prizes, &chosen, budget, work)?;
        if value(&more) <= value(&chosen) {
            break;
        }
        chosen = more;
    }
    Ok(Choice { chosen, value_bound: value_bound(graph, root, prizes, budget) })
}

/// Terminals by value per yuan along a tree, each after what it hangs from.
pub(super) fn build_order(graph: &Graph, hung: &Hung, prizes: &[Prize]) -> Vec<u32> {
    let mut at: BTreeMap<NodeId, Vec<u32>> = BTreeMap::new();
    for (i, p) in prizes.iter().enumerate() {
        at.entry(p.node).or_default().push(i as u32);
    }
    let mut number: BTreeMap<NodeId, u32> = BTreeMap::new();
    let mut jobs: Vec<Job> = Vec::new();
    let mut of_job: Vec<Option<u32>> = Vec::new();
    for &v in &hung.order {
        let Some((e, above)) = hung.up(v) else { continue };
        number.insert(v, jobs.len() as u32);
        jobs.push(Job { parent: number.get(&above).copied(), cost: graph.weight(e), value: 0.0 });
        of_job.push(None);
    }
    for (v, here) in at {
        for i in here {
            let p = &prizes[i as usize];
            jobs.push(Job { parent: number.get(&v).copied(), cost: p.own_cny, value: p.value });
            of_job.push(Some(i));
        }
    }
    by_value(&jobs).into_iter().flatten().filter_map(|j| of_job[j as usize]).collect()
}

/// A fresh tree over the chosen terminals, and what more fits in the money that it leaves.
fn extend(
    graph: &Graph,
    root: NodeId,
    prizes: &[Prize],
    chosen: &BTreeSet<u32>,
    budget: f64,
    work: Work<'_>,
) -> Result<BTreeSet<u32>, SteinerError> {
    let nodes: Vec<NodeId> = chosen.iter().map(|&i| prizes[i as usize].node).collect();
    let (tree, _) = join(graph, root, &nodes, work)?;
    let mut chosen = chosen.clone();
    let mut spent = tree.cost_cny + chosen.iter().map(|&i| prizes[i as usize].own_cny).sum::<f64>();
    let mut sources: BTreeSet<NodeId> = tree.edges.iter().flat_map(|&e| graph.ends(e)).collect();
    sources.insert(root);
    let mut search = Dijkstra::new(graph);
    for _ in 0..INSERTIONS {
        let left = budget - spent;
        search.run(sources.iter().map(|&v| (v, 0.0)), Until::Within(left.max(0.0)));
        let best = (0..prizes.len() as u32)
            .filter(|i| !chosen.contains(i))
            .filter_map(|i| {
                let p = &prizes[i as usize];
                let cost = search.distance(p.node)? + p.own_cny;
                (cost <= left && p.value > 0.0).then_some((i, cost, p.value / cost.max(1e-9)))
            })
            .max_by(|a, b| a.2.total_cmp(&b.2).then(b.0.cmp(&a.0)));
        let Some((i, cost, _)) = best else { break };
        chosen.insert(i);
        spent += cost;
        sources.extend(search.path_to(prizes[i as usize].node).into_iter().flat_map(|p| p.nodes));
    }
    Ok(chosen)
}

/// More value than this can't be had for the budget.
///
/// Around every terminal lies a ball of half the way to the next one, but not reaching the root. The balls
/// don't overlap and every tree has to cross those of its terminals, so it costs at least the sum of their
/// radii; a fractional knapsack with these and the terminals' own costs bounds the value.
pub(super) fn value_bound(graph: &Graph, root: NodeId, prizes: &[Prize], budget: f64) -> f64 {
    let mut members: BTreeMap<NodeId, u32> = BTreeMap::new();
    for p in prizes {
        *members.entry(p.node).or_default() += 1;
    }
    let mut search = Dijkstra::new(graph);
    search.run([(root, 0.0)], Until::Everywhere);
    let mut radius: BTreeMap<NodeId, f64> =
        members.keys().map(|&v| (v, search.distance(v).unwrap_or(0.0))).collect();
    search.run(members.keys().map(|&v| (v, 0.0)), Until::Everywhere);
    for e in graph.edges() {
        let [a, b] = graph.ends(e);
        let (Some(x), Some(y)) = (search.origin(a), search.origin(b)) else { continue };
        if x == y {
            continue;
        }
        let apart = [a, b].iter().filter_map(|&v| search.distance(v)).sum::<f64>() + graph.weight(e);
        for v in [x, y] {
            if let Some(r) = radius.get_mut(&v) {
                *r = r.min(apart / 2.0);
            }
        }
    }
    let least = |p: &Prize| {
        let shared = f64::from(members.get(&p.node).copied().unwrap_or(1));
        p.own_cny + radius.get(&p.node).copied().unwrap_or(0.0) / shared
    };
    let mut left = budget;
    let mut bound = 0.0;
    let mut rest: Vec<(f64, f64)> = Vec::new();
    for p in prizes {
        if p.must {
            left -= least(p);
            bound += p.value;
        } else {
            rest.push((p.value, least(p)));
        }
    }
    rest.sort_by(|a, b| (b.0 * a.1).total_cmp(&(a.0 * b.1)));
    for (value, cost) in rest {
        if left <= 0.0 && cost > 0.0 {
            break;
        }
        let share = if cost > left { left / cost } else { 1.0 };
        bound += value * share;
        left -= cost * share;
    }
    bound
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimise::Effort;
    use proptest::prelude::*;

    /// The dearest set that fits, by trying all, with exact trees by trying all edge sets.
    fn best(graph: &Graph, root: NodeId, prizes: &[Prize], budget: f64) -> f64 {
        use crate::optimise::steiner::{SteinerTree, verify};
        let edges: Vec<EdgeId> = graph.edges().collect();
        let mut best = 0.0f64;
        for set in 0u32..1 << prizes.len() {
            let of: Vec<&Prize> =
                (0..prizes.len()).filter(|i| set >> i & 1 == 1).map(|i| &prizes[i]).collect();
            let mut nodes: Vec<NodeId> = of.iter().map(|p| p.node).chain([root]).collect();
            nodes.sort_unstable();
            nodes.dedup();
            let own: f64 = of.iter().map(|p| p.own_cny).sum();
            let value: f64 = of.iter().map(|p| p.value).sum();
            for pick in 0u32..1 << edges.len() {
                let tree: Vec<EdgeId> = edges.iter().copied().filter(|e| pick >> e.0 & 1 == 1).collect();
                if graph.total_weight(&tree) + own <= budget {
                    let tree = SteinerTree { edges: tree };
                    if (tree.edges.is_empty() && nodes.len() == 1) || verify(graph, &nodes, &tree).is_ok() {
                        best = best.max(value);
                    }
                }
            }
        }
        best
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn stays_within_budget_and_bound(
            weights in prop::collection::vec(0u8..9, 8),
            list in prop::collection::vec((1u32..6, 0u8..9, 0u8..4), 1..5),
            budget in 0u8..40,
        ) {
            let ends = [(0, 1), (1, 2), (2, 3), (3, 0), (1, 3), (3, 4), (4, 5), (5, 2)];
            let edges: Vec<_> = ends.iter().zip(&weights).map(|(&(a, b), &w)| (a, b, f64::from(w))).collect();
            let graph = Graph::from_edges(6, &edges).unwrap();
            let prizes: Vec<Prize> = list
                .iter()
                .map(|&(v, value, own)| Prize {
                    node: NodeId(v),
                    value: f64::from(value),
                    own_cny: f64::from(own),
                    must: false,
                })
                .collect();
            let root = NodeId(0);
            let budget = f64::from(budget);
            let nodes: Vec<NodeId> = prizes.iter().map(|p| p.node).collect();
            let (tree, _) = join(&graph, root, &nodes, Effort::LOW.into()).unwrap();
            let hung = Hung::new(&graph, &tree.edges, root);
            let choice = choose(&graph, root, &hung, &prizes, budget, Effort::LOW.into()).unwrap();
            let chosen: Vec<NodeId> = choice.chosen.iter().map(|&i| prizes[i as usize].node).collect();
            let (tree, _) = join(&graph, root, &chosen, Effort::NORMAL.into()).unwrap();
            let own: f64 = choice.chosen.iter().map(|&i| prizes[i as usize].own_cny).sum();
            prop_assert!(tree.cost_cny + own <= budget + 1e-9);
            let value: f64 = choice.chosen.iter().map(|&i| prizes[i as usize].value).sum();
            let optimum = best(&graph, root, &prizes, budget);
            prop_assert!(value <= optimum + 1e-9 && optimum <= choice.value_bound + 1e-9,
                "{value} {optimum} {}", choice.value_bound);
        }
    }
}
