//! Prize-collecting trees without a given root.
//!
//! Most instances have a node that some best tree holds for certain; it becomes the root. Otherwise a
//! node is in the tree or its prize is lost, and then the next one, until the prizes lost outweigh a known
//! tree.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::prizes::{Search, check, dearest_of_interest};
use super::{SteinerError, SteinerTree};
use crate::graph::{EdgeId, Graph, NodeId};
use crate::optimise::{Certified, Ended, Meter, Work, grid, round_up};

/// Turns at a bound for trees anywhere, before nodes are tried as roots.
const HOOK_TURNS: u64 = 16;

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
    let size = (graph.node_count() + graph.edge_count()) as u64;
    let mut meter = work.meter(2_000_000 + 100 * size);
    let scale = grid(graph.weights().iter().chain(prizes).copied());
    let mut order: Vec<NodeId> = graph.nodes().collect();
    order.sort_by(|a, b| prizes[b.index()].total_cmp(&prizes[a.index()]).then(a.cmp(b)));
    let mut quick = Search::new(graph, order[0], prizes, scale, &work);
    let first = quick.extend(&[], |_| 1.0, &mut meter);
    quick.settle_down(first, &mut meter);
    let known = quick.cost;
    let mut anchors: Vec<(f64, NodeId)> = Vec::new();
    for &v in order.iter().take(20) {
        let short = shortfall(graph, prizes, v, known);
        anchors.push((short, v));
        if short <= 0.0 {
            break;
        }
    }
    let first = order[0];
    let (short, anchor) = anchors.iter().copied().fold(anchors[0], |a, b| if b.0 < a.0 { b } else { a });
    order.retain(|v| *v != anchor);
    order.insert(0, anchor);
    let mut fallback = if short > 0.0 { bound_by_hook(graph, prizes, known, &work, &mut meter) } else { 0.0 };
    // Either the dearest node is in the tree, or its prize is lost and the next may be in it, and so on.
    let mut best = (quick.best, first);
    let (mut cost, mut bound, mut lost) = (known, f64::INFINITY, 0.0);
    let mut banned = vec![false; graph.node_count()];
    for &root in &order {
        let enough = |bound: f64| bound >= dearest_of_interest(cost, scale);
        if enough(lost) || cost <= 0.0 || !meter.open() {
            break;
        }
        let mut search = Search::new(graph, root, prizes, scale, &work);
        search.banned.clone_from(&banned);
        search.ceiling = cost;
        // The first root has most of the work; of the others a look is often enough.
        search.run(&mut meter);
        if search.cost < cost {
            cost = search.cost;
            best = (search.best, root);
        }
        // Trees through the anchor are no dearer than all others that matter, but for the shortfall.
        if root == anchor {
            fallback = fallback.max(search.bound - short);
            if short <= 0.0 {
                break;
            }
        }
        bound = bound.min(search.bound);
        banned[root.index()] = true;
        lost += prizes[root.index()];
    }
    bound = bound.min(lost).max(round_up(fallback.max(0.0), scale)).min(cost);
    let proven = bound >= dearest_of_interest(cost, scale);
    let (edges, root) = best;
    Ok(Certified {
        objective: cost,
        bound: if proven { cost } else { bound },
        ended: match (proven, meter.stopped()) {
            (true, _) => Ended::Proven,
            (_, true) => Ended::Stopped,
            _ => Ended::Worked,
        },
        value: (SteinerTree { edges }, root),
    })
}

/// What no tree can undercut, but those of cost `known` or more: a node outside is joined to all prizes at a
/// price, and a tree through it pays that price once at least. As long as it isn't more than a known tree
/// saves, all trees that matter are among those.
fn bound_by_hook(graph: &Graph, prizes: &[f64], known: f64, work: &Work<'_>, meter: &mut Meter<'_>) -> f64 {
    let hook = prizes.iter().sum::<f64>() - known;
    let outside = graph.node_count() as u32;
    let mut edges: Vec<(u32, u32, f64)> = graph
        .edges()
        .map(|e| {
            let [a, b] = graph.ends(e);
            (a.0, b.0, graph.weight(e))
        })
        .collect();
    edges.extend((0..outside).filter(|&v| prizes[v as usize] > 0.0).map(|v| (outside, v, hook)));
    let Ok(hooked) = Graph::from_edges(graph.node_count() + 1, &edges) else { return 0.0 };
    let prizes: Vec<f64> = prizes.iter().copied().chain([0.0]).collect();
    let size = (hooked.node_count() + hooked.edge_count()) as u64;
    let steps = (HOOK_TURNS * (2_000_000 + 100 * size)).min(meter.left() / 2);
    let mut part = meter.part(steps);
    let mut search = Search::new(&hooked, NodeId(outside), &prizes, None, work);
    search.ceiling = known + hook;
    search.run(&mut part);
    meter.settle(steps, &part);
    search.bound - hook - 1e-9 * search.bound.abs()
}

/// How much cheaper a best tree can be than a best one through `node`, given that trees of cost `known` or
/// more don't matter; 0 if nothing is lost by taking `node` as the root.
///
/// From the node a tree is grown to ever farther prizes. Any tree that meets a node so reached can be joined
/// to `node` for the edges, less the prizes won on the way and the node's own; one that meets none loses all
/// their prizes, so that the growth ends once these add up to `known`.
fn shortfall(graph: &Graph, prizes: &[f64], node: NodeId, known: f64) -> f64 {
    let n = graph.node_count();
    let mut distance = vec![f64::INFINITY; n];
    let mut via: Vec<Option<EdgeId>> = vec![None; n];
    let mut inside = vec![false; n];
    let mut queue = BinaryHeap::new();
    (inside[node.index()], distance[node.index()]) = (true, 0.0);
    queue.push(Reverse((0u64, node.0)));
    let (mut deficit, mut reached) = (0.0, prizes[node.index()]);
    let enough = known.min(prizes.iter().sum::<f64>() * (1.0 - 1e-12));
    let mut most = 0.0f64;
    while let Some(Reverse((bits, v))) = queue.pop() {
        let (here, v) = (f64::from_bits(bits), NodeId(v));
        if here > distance[v.index()] {
            continue;
        }
        if reached >= enough {
            break;
        }
        if !inside[v.index()] && prizes[v.index()] > 0.0 {
            let (mut at, before) = (v, deficit);
            while !inside[at.index()] {
                inside[at.index()] = true;
                distance[at.index()] = 0.0;
                queue.push(Reverse((0, at.0)));
                deficit -= prizes[at.index()];
                reached += prizes[at.index()];
                let Some(e) = via[at.index()] else { break };
                at = graph.opposite(e, at);
            }
            deficit += here;
            most = most.max(before + here);
            continue;
        }
        for (e, u) in graph.arcs(v) {
            let there = here + graph.weight(e);
            if there < distance[u.index()] {
                distance[u.index()] = there;
                via[u.index()] = Some(e);
                queue.push(Reverse((there.to_bits(), u.0)));
            }
        }
    }
    // Prizes out of reach are lost either way, unless a tree lies among them alone.
    if reached >= enough { (most - prizes[node.index()]).max(0.0) } else { f64::INFINITY }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::prizes::collected_cost;
    use super::super::prizes::tests::enumerate;
    use super::super::tests::instances;
    use super::super::verify;
    use super::*;
    use crate::optimise::Effort;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn trees_anywhere_are_best_over_all_roots(
            (g, _) in instances(),
            prizes in prop::collection::vec(prop_oneof![Just(0u32), 0u32..15], 14),
        ) {
            let n = g.node_count();
            let prizes: Vec<f64> = prizes[..n].iter().map(|&p| f64::from(p)).collect();
            let total: f64 = prizes.iter().sum();
            let best = g
                .nodes()
                .flat_map(|r| enumerate(&g, r, &prizes))
                .map(|(c, w)| c + total - w)
                .fold(f64::INFINITY, f64::min);
            let found = collect_anywhere(&g, &prizes, Effort::LOW.into()).unwrap();
            let (tree, root) = &found.value;
            prop_assert_eq!(verify(&g, &[*root], tree), Ok(()));
            prop_assert_eq!(collected_cost(&g, *root, &prizes, tree), found.objective);
            prop_assert!(found.bound <= best && best <= found.objective, "{} {} {}", found.bound, best, found.objective);
            prop_assert_eq!(found.objective, best);
        }
    }
}
