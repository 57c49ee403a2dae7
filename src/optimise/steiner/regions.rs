//! Better trees part by part: what a tree holds of a region is sought anew while the rest of the tree stays,
//! shrunk to terminals where it touches the region (the frame of Taillard & Voss, POPMUSIC: partial
//! optimization metaheuristic under special intensification conditions, 2002).

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::construct::{prune, touched};
use super::instance::Instance;
use super::key_moves::Rooted;
use super::search::Search;
use crate::graph::{EdgeId, Graph, NodeId};
use crate::optimise::Meter;

const NONE: u32 = u32::MAX;
/// Steps for one region, flat and per node and edge.
const STEPS_FLAT: u64 = 50_000;
const STEPS_PER_SIZE: u64 = 300;
/// Edge ends seen per node of a region at most; denser regions have fewer nodes.
const ENDS_PER_NODE: usize = 12;

/// Goes once over all regions of about `size` nodes, and again over what changed. Returns the tree, and the
/// share of regions that were solved to the end.
pub(super) fn rework(
    search: &mut Search<'_, '_>,
    instance: &Instance,
    tree: Vec<EdgeId>,
    size: usize,
    meter: &mut Meter<'_>,
) -> (Vec<EdgeId>, f64) {
    let graph = &instance.graph;
    let mut walk = Walk::new(instance, tree);
    let mut centers = touched(graph, &walk.tree);
    for i in (1..centers.len()).rev() {
        centers.swap(i, search.draw.below(i + 1));
    }
    let mut queue: VecDeque<NodeId> = centers.into();
    let mut fine = vec![false; graph.node_count()];
    let (mut tried, mut solved) = (0u32, 0u32);
    while let Some(center) = queue.pop_front().filter(|_| meter.open()) {
        if fine[center.index()] || !walk.rooted.holds(center) {
            continue;
        }
        walk.grow(center, size);
        tried += 1;
        match walk.region().map(|r| r.better(search, meter)) {
            Some(Outcome::Better { removed, added }) => {
                for v in &walk.members {
                    fine[v.index()] = false;
                }
                let members = std::mem::take(&mut walk.members);
                walk.exchange(&removed, added);
                meter.spend(walk.tree.len() as u64 * 2);
                search.offer(instance, &walk.tree);
                queue.extend(members.into_iter().filter(|v| walk.rooted.holds(*v)));
                solved += 1;
            }
            other => {
                solved += u32::from(!matches!(other, Some(Outcome::Unsolved)));
                // The rim of this region is inside of others.
                for v in &walk.members[..walk.members.len().div_ceil(2)] {
                    fine[v.index()] = true;
                }
            }
        }
    }
    (walk.tree, f64::from(solved) / f64::from(tried.max(1)))
}

/// How the work on a region ended.
enum Outcome {
    Better { removed: Vec<EdgeId>, added: Vec<EdgeId> },
    Best,
    Unsolved,
}

/// A region as a problem of its own.
struct Region {
    graph: Graph,
    terminals: Vec<NodeId>,
    /// The edges that the edges of the region are.
    origin: Vec<EdgeId>,
    /// What the tree holds of it.
    held: Vec<EdgeId>,
    cost: f64,
}

impl Region {
    fn better(&self, search: &mut Search<'_, '_>, meter: &mut Meter<'_>) -> Outcome {
        let part = Instance::new(&self.graph, &self.terminals);
        let steps = STEPS_FLAT + STEPS_PER_SIZE * part.size();
        match search.best_below(&self.graph, part, self.cost, steps, meter) {
            (Some(tree), _) => Outcome::Better {
                removed: self.held.clone(),
                added: tree.into_iter().map(|e| self.origin[e.index()]).collect(),
            },
            (None, true) => Outcome::Best,
            (None, false) => Outcome::Unsolved,
        }
    }
}

/// A tree under change, with room for the work on its regions.
struct Walk<'i> {
    instance: &'i Instance,
    tree: Vec<EdgeId>,
    rooted: Rooted,
    /// The nodes of the current region, from its center outwards.
    members: Vec<NodeId>,
    inside: Vec<bool>,
    distance: Vec<f64>,
    reached: Vec<NodeId>,
    queue: BinaryHeap<Reverse<(u64, u32)>>,
    /// Names of nodes within the region.
    name: Vec<u32>,
}

impl<'i> Walk<'i> {
    fn new(instance: &'i Instance, tree: Vec<EdgeId>) -> Self {
        let n = instance.graph.node_count();
        Self {
            rooted: Rooted::new(instance, &tree),
            instance,
            tree,
            members: Vec::new(),
            inside: vec![false; n],
            distance: vec![f64::INFINITY; n],
            reached: Vec::new(),
            queue: BinaryHeap::new(),
            name: vec![NONE; n],
        }
    }

    /// Takes the nodes around a center as the region.
    fn grow(&mut self, center: NodeId, size: usize) {
        let graph = &self.instance.graph;
        self.members.clear();
        self.distance[center.index()] = 0.0;
        self.reached.push(center);
        self.queue.push(Reverse((0, center.0)));
        let mut ends = 0;
        while let Some(Reverse((bits, v))) = self.queue.pop() {
            let (here, v) = (f64::from_bits(bits), NodeId(v));
            if here > self.distance[v.index()] {
                continue;
            }
            self.members.push(v);
            ends += graph.degree(v);
            if self.members.len() >= size || ends >= ENDS_PER_NODE * size {
                break;
            }
            for (e, u) in graph.arcs(v) {
                let there = here + graph.weight(e);
                if there < self.distance[u.index()] {
                    if self.distance[u.index()] == f64::INFINITY {
                        self.reached.push(u);
                    }
                    self.distance[u.index()] = there;
                    self.queue.push(Reverse((there.to_bits(), u.0)));
                }
            }
        }
        self.queue.clear();
        for v in self.reached.drain(..) {
            self.distance[v.index()] = f64::INFINITY;
        }
    }

    /// The current region as a problem; none if there is nothing to gain.
    fn region(&mut self) -> Option<Region> {
        for v in &self.members {
            self.inside[v.index()] = true;
        }
        let out = self.problem();
        for v in &self.members {
            self.inside[v.index()] = false;
        }
        out
    }

    fn problem(&mut self) -> Option<Region> {
        const SEEN: u32 = NONE - 1;
        let (graph, rooted, inside) = (&self.instance.graph, &self.rooted, &self.inside);
        // The tree's nodes in the region, and those right outside, from the root down.
        let mut met: Vec<NodeId> = Vec::new();
        for &v in &self.members {
            if rooted.holds(v) {
                met.push(v);
            }
            for (_, u) in graph.arcs(v) {
                if !inside[u.index()] && rooted.holds(u) && self.name[u.index()] == NONE {
                    self.name[u.index()] = SEEN;
                    met.push(u);
                }
            }
        }
        met.sort_unstable_by_key(|v| rooted.enter[v.index()]);
        // Without the edges inside the region the tree falls into pieces, each a node of the problem.
        let mut is_terminal: Vec<bool> = Vec::new();
        let mut open: Vec<(u32, u32)> = vec![(NONE, NONE)];
        let mut held = Vec::new();
        for &v in &met {
            while open.len() > 1 && open[open.len() - 1].0 < rooted.enter[v.index()] {
                open.pop();
            }
            let parent = rooted.parent[v.index()];
            if inside[v.index()] && parent != NONE && inside[parent as usize] {
                held.push(EdgeId(rooted.up[v.index()]));
                open.push((rooted.leave[v.index()], NONE));
            }
            let top = open.len() - 1;
            if open[top].1 == NONE {
                open[top].1 = is_terminal.len() as u32;
                is_terminal.push(false);
            }
            let name = open[top].1;
            self.name[v.index()] = name;
            is_terminal[name as usize] |= self.instance.is_terminal[v.index()] || !inside[v.index()];
        }
        for &v in self.members.iter().filter(|v| !rooted.holds(**v)) {
            self.name[v.index()] = is_terminal.len() as u32;
            is_terminal.push(false);
        }
        let (mut edges, mut origin) = (Vec::new(), Vec::new());
        for &v in &self.members {
            for (e, u) in graph.arcs(v) {
                let whole = inside[u.index()];
                let (a, b) = (self.name[v.index()], self.name[u.index()]);
                if (whole && v < u || !whole && rooted.holds(u)) && a != b {
                    edges.push((a, b, graph.weight(e)));
                    origin.push(e);
                }
            }
        }
        for v in self.members.iter().chain(&met) {
            self.name[v.index()] = NONE;
        }
        let cost = graph.total_weight(&held);
        let terminals: Vec<NodeId> =
            (0..is_terminal.len() as u32).map(NodeId).filter(|v| is_terminal[v.index()]).collect();
        if terminals.len() < 2 || cost <= 0.0 {
            return None;
        }
        let graph = Graph::from_edges(is_terminal.len(), &edges).ok()?;
        Some(Region { graph, terminals, origin, held, cost })
    }

    /// Takes edges out of the tree and others in.
    fn exchange(&mut self, removed: &[EdgeId], added: Vec<EdgeId>) {
        let mut gone = removed.to_vec();
        gone.sort_unstable();
        self.tree.retain(|e| gone.binary_search(e).is_err());
        self.tree.extend(added);
        let tree = std::mem::take(&mut self.tree);
        self.tree = prune(&self.instance.graph, &self.instance.is_terminal, tree);
        self.tree.sort_unstable();
        self.rooted = Rooted::new(self.instance, &self.tree);
    }
}

#[cfg(test)]
mod tests {
    use super::super::construct::{Grower, tidy};
    use super::super::{SteinerTree, verify};
    use super::*;
    use crate::optimise::{Draw, Effort, Stop, Work};
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn reworked_trees_hold_and_are_no_dearer(seed in 0u64..10_000, side in 6u32..12, size in 8usize..60) {
            let mut draw = Draw::new(seed);
            let mut edges = Vec::new();
            for v in 0..side * side {
                let right = (v % side + 1 < side).then_some(v + 1);
                for u in right.into_iter().chain((v + side < side * side).then_some(v + side)) {
                    edges.push((v, u, draw.below(9) as f64));
                }
            }
            let graph = Graph::from_edges((side * side) as usize, &edges).unwrap();
            let terminals: Vec<NodeId> =
                graph.nodes().filter(|v| v.0 == 0 || draw.below(4) == 0).collect();
            let instance = Instance::new(&graph, &terminals);
            let mut meter = Meter::new(u64::MAX, Stop::NEVER);
            let any = |_, _| 1.0;
            let tree = Grower::new(&graph)
                .grow(NodeId(0), &instance.is_terminal, terminals.len(), any, &mut meter)
                .unwrap();
            let tree = tidy(&graph, &instance.is_terminal, tree);
            let before = graph.total_weight(&tree);
            let work: Work<'_> = Effort::LOW.into();
            let mut search = Search::new(&graph, &work);
            let (edges, solved) = rework(&mut search, &instance, tree, size, &mut meter);
            prop_assert_eq!(solved, 1.0);
            prop_assert!(graph.total_weight(&edges) <= before);
            prop_assert_eq!(verify(&graph, &terminals, &SteinerTree { edges }), Ok(()));
        }
    }
}
