//! Local search on trees: vertices put in, key vertices and key paths exchanged, while that helps.

use super::construct::{tidy, touched};
use super::instance::Instance;
use super::key_moves::exchange_keys;
use super::link_cut::LinkCut;
use super::merges::Merges;
use crate::graph::{EdgeId, Graph, NodeId};
use crate::optimise::Meter;

/// Improves a tree until a pass over all moves gains no more than the share `least` of the cost, or work
/// runs out; never makes it worse.
pub(super) fn improve(
    instance: &Instance,
    tree: Vec<EdgeId>,
    least: f64,
    meter: &mut Meter<'_>,
) -> Vec<EdgeId> {
    let graph = &instance.graph;
    let mut tree = tree;
    let mut cost = graph.total_weight(&tree);
    while meter.open() {
        let next = insert_vertices(graph, tree.clone(), meter);
        let mut next = tidy(graph, &instance.is_terminal, next);
        if let Some(exchanged) = exchange_keys(instance, &next, meter) {
            next = tidy(graph, &instance.is_terminal, exchanged);
        }
        let next_cost = graph.total_weight(&next);
        if next_cost >= cost {
            break;
        }
        let gain = cost - next_cost;
        (tree, cost) = (next, next_cost);
        if gain <= least * cost {
            break;
        }
    }
    tree
}

/// Tries each vertex next to the tree: with it, the minimum spanning tree may be cheaper, although it
/// has one vertex more (Minoux 1990; path maxima as in Uchoa & Werneck 2012).
fn insert_vertices(graph: &Graph, tree: Vec<EdgeId>, meter: &mut Meter<'_>) -> Vec<EdgeId> {
    const IDLE: u32 = u32::MAX;
    let nodes = touched(graph, &tree);
    let mut inside = vec![false; graph.node_count()];
    for &v in &nodes {
        inside[v.index()] = true;
    }
    let mut candidates: Vec<NodeId> =
        nodes.iter().flat_map(|&v| graph.arcs(v).map(|(_, u)| u)).filter(|u| !inside[u.index()]).collect();
    candidates.sort_unstable();
    candidates.dedup();
    // Items: nodes of the tree and candidates, then slots for edges.
    let mut item = vec![IDLE; graph.node_count()];
    let mut items = 0u32;
    for &v in nodes.iter().chain(&candidates) {
        item[v.index()] = items;
        items += 1;
    }
    let slots = nodes.len() + candidates.len();
    let mut keys = vec![f64::NEG_INFINITY; items as usize + slots];
    let mut in_slot = vec![EdgeId(0); slots];
    for (slot, &e) in tree.iter().enumerate() {
        keys[items as usize + slot] = graph.weight(e);
        in_slot[slot] = e;
    }
    let mut free: Vec<u32> = (tree.len() as u32..slots as u32).rev().collect();
    let ends = |e: EdgeId| graph.ends(e).map(|v| item[v.index()]);
    // Often no vertex is worth a try.
    let mut forest = None;
    let mut merges = Merges::new(items as usize);
    let mut sorted = tree.clone();
    sorted.sort_unstable_by(|a, b| graph.weight(*a).total_cmp(&graph.weight(*b)).then(a.cmp(b)));
    for &e in &sorted {
        let [a, b] = ends(e);
        merges.join(a, b, graph.weight(e));
    }
    let mut used = vec![false; slots];
    used[..tree.len()].fill(true);
    let mut log: Vec<(bool, u32, EdgeId)> = Vec::new();
    for &v in &candidates {
        let mut arcs: Vec<(EdgeId, NodeId)> = graph.arcs(v).filter(|(_, u)| inside[u.index()]).collect();
        if arcs.len() < 2 {
            continue;
        }
        if !meter.spend(arcs.len() as u64 * 2) {
            break;
        }
        // Vertices that came before only make the heaviest links lighter, so this is the most that can be saved.
        let Some(&(first, near)) =
            arcs.iter().min_by(|x, y| graph.weight(x.0).total_cmp(&graph.weight(y.0)).then(x.cmp(y)))
        else {
            continue;
        };
        let most_saved = |&(e, u): &(EdgeId, NodeId)| match item[u.index()] as usize {
            u if u < nodes.len() => {
                (merges.heaviest(item[near.index()], u as u32) - graph.weight(e)).max(0.0)
            }
            _ => f64::INFINITY,
        };
        let saved: f64 = arcs.iter().map(most_saved).sum();
        if saved <= graph.weight(first) {
            continue;
        }
        if !meter.spend(arcs.len() as u64 * 14) {
            break;
        }
        let forest = forest.get_or_insert_with(|| {
            let mut forest = LinkCut::new(std::mem::take(&mut keys));
            for (slot, &e) in tree.iter().enumerate() {
                let [a, b] = ends(e);
                forest.link(a, items + slot as u32);
                forest.link(items + slot as u32, b);
            }
            forest
        });
        arcs.sort_unstable_by(|x, y| graph.weight(x.0).total_cmp(&graph.weight(y.0)).then(x.cmp(y)));
        log.clear();
        let mut change = 0.0;
        for (i, &(e, u)) in arcs.iter().enumerate() {
            let weight = graph.weight(e);
            if i > 0 {
                let (heaviest, key) = forest.heaviest_between(item[v.index()], item[u.index()]);
                if key <= weight {
                    continue;
                }
                let slot = heaviest - items;
                let old = in_slot[slot as usize];
                let [a, b] = ends(old);
                forest.cut(a, heaviest);
                forest.cut(heaviest, b);
                change -= key;
                used[slot as usize] = false;
                log.push((false, slot, old));
                free.push(slot);
            }
            let Some(slot) = free.pop() else { break };
            put(forest, items, slot, weight, ends(e));
            in_slot[slot as usize] = e;
            used[slot as usize] = true;
            change += weight;
            log.push((true, slot, e));
        }
        if change < -1e-9 {
            inside[v.index()] = true;
            continue;
        }
        for &(added, slot, e) in log.iter().rev() {
            let [a, b] = ends(e);
            if added {
                forest.cut(a, items + slot);
                forest.cut(items + slot, b);
                used[slot as usize] = false;
                free.push(slot);
            } else {
                // The stack is back where it was right after this slot came free.
                let again = free.pop();
                debug_assert_eq!(again, Some(slot));
                put(forest, items, slot, graph.weight(e), [a, b]);
                in_slot[slot as usize] = e;
                used[slot as usize] = true;
            }
        }
    }
    (0..slots).filter(|&s| used[s]).map(|s| in_slot[s]).collect()
}

fn put(forest: &mut LinkCut, items: u32, slot: u32, weight: f64, [a, b]: [u32; 2]) {
    forest.set_key(items + slot, weight);
    forest.link(a, items + slot);
    forest.link(items + slot, b);
}
