//! Tests that make an instance smaller without losing all of its optima.
//!
//! An edge goes when its ends can be joined as cheaply otherwise, where a way may pass terminals and only
//! its longest leg between two of them counts (the special distance of Duin & Volgenant 1989). A node of
//! small degree goes when a tree never needs to branch there. An edge that some optimal tree must hold
//! (nearest vertex, short links) is settled. See T. Polzin, Algorithms for the Steiner problem in networks,
//! 2003, chapter 3.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::instance::{Draft, Instance};
use super::merges::Merges;
use crate::graph::{EdgeId, Graph, NodeId};
use crate::optimise::Meter;

const NONE: u32 = u32::MAX;
/// Nearest terminals known per node.
const NEAR: usize = 3;
/// Nodes that a local search may settle.
const REACH: usize = 40;
/// Nodes of higher degree aren't tried to be replaced.
const MOST_DEGREE: usize = 4;

/// Runs all tests until a pass takes out no more than one edge in twelve, or work runs out. An instance of
/// which nothing but terminals is left, as no better tree exists, comes back as it is.
pub(super) fn reduce(instance: &Instance, meter: &mut Meter<'_>) -> Instance {
    let mut draft = Draft::new(instance, |_| true);
    draft.settle();
    loop {
        let before = count(&draft);
        if draft.terminals_left <= 1 || !meter.open() {
            break;
        }
        // What nothing has changed near to is as it was.
        let changed = draft.take_changed();
        let ways = Ways::new(&draft);
        meter.spend(before as u64 * 8);
        drop_edges(&mut draft, &ways, &changed, meter);
        draft.settle();
        if draft.terminals_left > 1 && meter.open() {
            let ways = Ways::new(&draft);
            meter.spend(before as u64 * 8);
            settle_links(&mut draft, &ways);
            draft.settle();
        }
        if draft.terminals_left > 1 && meter.open() {
            let ways = Ways::new(&draft);
            meter.spend(before as u64 * 8);
            replace_nodes(&mut draft, &ways, &changed, meter);
            draft.settle();
        }
        if count(&draft) * 12 >= before * 11 {
            break;
        }
    }
    draft.finish().unwrap_or_else(|_| instance.clone())
}

/// Marks the edges, of those that `alive` holds, that a tree through the terminals may need: the others' ends
/// are as near by another way. What holds for any objective that never minds a node more.
pub(super) fn needed(
    graph: &Graph,
    terminals: &[NodeId],
    alive: &[bool],
    meter: &mut Meter<'_>,
) -> Vec<bool> {
    let base = Instance::new(graph, terminals);
    let mut draft = Draft::new(&base, |e| alive[e.index()]);
    let ways = Ways::new(&draft);
    let all = draft.take_changed();
    drop_edges(&mut draft, &ways, &all, meter);
    let mut out = vec![false; graph.edge_count()];
    if let Ok(left) = draft.finish() {
        let all: Vec<EdgeId> = left.graph.edges().collect();
        for e in left.original_edges(&all) {
            out[e.index()] = true;
        }
    }
    out
}

fn count(draft: &Draft) -> usize {
    draft.at.iter().map(smallvec::SmallVec::len).sum::<usize>() / 2
}

/// Terminals near each node, and the longest leg of the best way between any two terminals.
struct Ways {
    /// Up to [`NEAR`] terminals per node with their distances, nearest first.
    near: Vec<[(u32, f64); NEAR]>,
    /// The spanning tree of the terminals' distance network.
    merges: Merges,
}

impl Ways {
    fn new(draft: &Draft) -> Self {
        let n = draft.at.len();
        let mut near = vec![[(NONE, f64::INFINITY); NEAR]; n];
        let mut queue = BinaryHeap::new();
        for t in (0..n as u32).filter(|&t| draft.is_terminal[t as usize]) {
            queue.push(Reverse((0u64, t, t)));
        }
        while let Some(Reverse((bits, v, t))) = queue.pop() {
            let here = f64::from_bits(bits);
            let slots = &mut near[v as usize];
            let Some(free) = slots.iter().position(|s| s.0 == NONE || s.0 == t) else { continue };
            if slots[free].0 == t {
                continue;
            }
            slots[free] = (t, here);
            // A way through another terminal is told by that terminal's own links.
            if here > 0.0 && draft.is_terminal[v as usize] {
                continue;
            }
            for &e in &draft.at[v as usize] {
                let u = draft.other(e, v);
                let there = here + draft.edges[e as usize].weight;
                let (last, farthest) = near[u as usize][NEAR - 1];
                if (last == NONE || there < farthest) && !near[u as usize].iter().any(|s| s.0 == t) {
                    queue.push(Reverse((there.to_bits(), u, t)));
                }
            }
        }
        let mut links: Vec<(u64, u32, u32)> = Vec::new();
        for e in draft.edges.iter().filter(|e| e.alive) {
            let [a, b] = e.ends.map(|v| near[v as usize][0]);
            if a.0 != b.0 && a.0 != NONE && b.0 != NONE {
                links.push(((a.1 + e.weight + b.1).to_bits(), a.0, b.0));
            }
        }
        links.sort_unstable();
        let mut merges = Merges::new(n);
        for (bits, a, b) in links {
            merges.join(a, b, f64::from_bits(bits));
        }
        Self { near, merges }
    }

    /// The special distance of two nodes as far as their near terminals tell.
    fn between(&self, a: u32, b: u32, limit: f64) -> f64 {
        let mut best = f64::INFINITY;
        for &(t, to) in self.near[a as usize].iter().take_while(|s| s.1 < limit) {
            for &(s, from) in self.near[b as usize].iter().take_while(|s| s.1 < limit) {
                let ends = to.max(from);
                if ends < best {
                    best = best.min(ends.max(self.merges.heaviest(t, s)));
                }
            }
        }
        best
    }
}

/// Local searches on a draft.
struct Local {
    distance: Vec<f64>,
    via: Vec<u32>,
    touched: Vec<u32>,
    queue: BinaryHeap<Reverse<(u64, u32)>>,
}

impl Local {
    fn new(nodes: usize) -> Self {
        Self {
            distance: vec![f64::INFINITY; nodes],
            via: vec![NONE; nodes],
            touched: Vec::new(),
            queue: BinaryHeap::new(),
        }
    }

    /// Labels the surroundings of `from` within `radius`, not entering `barred` and not passing terminals.
    fn run(&mut self, draft: &Draft, from: u32, radius: f64, barred: u32, meter: &mut Meter<'_>) {
        for v in self.touched.drain(..) {
            self.distance[v as usize] = f64::INFINITY;
        }
        self.queue.clear();
        self.distance[from as usize] = 0.0;
        self.via[from as usize] = NONE;
        self.touched.push(from);
        self.queue.push(Reverse((0, from)));
        let mut settled = 0;
        let mut steps = 0;
        while let Some(Reverse((bits, v))) = self.queue.pop() {
            let here = f64::from_bits(bits);
            if here > self.distance[v as usize] || (v != from && draft.is_terminal[v as usize]) {
                continue;
            }
            settled += 1;
            if settled > REACH {
                break;
            }
            for &e in draft.at[v as usize].iter().take(4 * REACH) {
                let u = draft.other(e, v);
                let there = here + draft.edges[e as usize].weight;
                steps += 1;
                if u != barred && there <= radius && there < self.distance[u as usize] {
                    if self.distance[u as usize] == f64::INFINITY {
                        self.touched.push(u);
                    }
                    self.distance[u as usize] = there;
                    self.via[u as usize] = e;
                    self.queue.push(Reverse((there.to_bits(), u)));
                }
            }
        }
        meter.spend(steps / 2 + 1);
    }
}

/// Takes out edges whose ends are as near by another way.
fn drop_edges(draft: &mut Draft, ways: &Ways, changed: &[bool], meter: &mut Meter<'_>) {
    let mut local = Local::new(draft.at.len());
    for v in 0..draft.at.len() as u32 {
        if !meter.open() {
            return;
        }
        // What the legs between terminals tell holds for all edges at once, as only strictly shorter ways count.
        let mut i = 0;
        while let Some(&e) = draft.at[v as usize].get(i) {
            let (u, weight) = (draft.other(e, v), draft.edges[e as usize].weight);
            if v < u && ways.between(v, u, weight) < weight {
                draft.cut(e);
            } else {
                i += 1;
            }
        }
        let radius = draft.at[v as usize].iter().map(|&e| draft.edges[e as usize].weight).fold(0.0, f64::max);
        if draft.at[v as usize].len() < 2 || !changed[v as usize] {
            continue;
        }
        local.run(draft, v, radius, NONE, meter);
        let mut i = 0;
        while let Some(&e) = draft.at[v as usize].get(i) {
            let (u, weight) = (draft.other(e, v), draft.edges[e as usize].weight);
            if local.via[u as usize] != e && local.distance[u as usize] <= weight {
                let equal = local.distance[u as usize] == weight;
                draft.cut(e);
                // Two edges that are each other's way round must not both go.
                if equal {
                    local.run(draft, v, radius, NONE, meter);
                }
            } else {
                i += 1;
            }
        }
    }
}

/// Settles edges that some optimal tree holds.
fn settle_links(draft: &mut Draft, ways: &Ways) {
    let n = draft.at.len();
    // The two lightest edges that leave each terminal's cell, and how far the lightest reaches.
    let mut leaving = vec![[(f64::INFINITY, NONE); 2]; n];
    for (i, e) in draft.edges.iter().enumerate().filter(|(_, e)| e.alive) {
        let cells = e.ends.map(|v| ways.near[v as usize][0].0);
        if cells[0] == cells[1] {
            continue;
        }
        for cell in cells.into_iter().filter(|c| *c != NONE) {
            let slots = &mut leaving[cell as usize];
            if e.weight < slots[0].0 {
                slots[1] = slots[0];
                slots[0] = (e.weight, i as u32);
            } else if e.weight < slots[1].0 {
                slots[1] = (e.weight, i as u32);
            }
        }
    }
    let mut touched = vec![false; n];
    let mut chosen = Vec::new();
    for z in (0..n as u32).filter(|&z| draft.is_terminal[z as usize]) {
        let [(_, short), (second, _)] = leaving[z as usize];
        if short == NONE || touched[z as usize] {
            continue;
        }
        let edge = &draft.edges[short as usize];
        let reach: f64 = edge.ends.iter().map(|&v| ways.near[v as usize][0].1).sum::<f64>() + edge.weight;
        let cells = edge.ends.map(|v| ways.near[v as usize][0].0);
        if reach <= second && cells.iter().all(|&c| !touched[c as usize]) {
            for c in cells {
                touched[c as usize] = true;
            }
            chosen.push(short);
            continue;
        }
        // The lightest edge at the terminal itself, when its far end is nearer to another terminal than any
        // other edge here leads.
        let mut here: Vec<(f64, u32)> =
            draft.at[z as usize].iter().map(|&e| (draft.edges[e as usize].weight, e)).collect();
        if here.len() < 2 {
            continue;
        }
        here.select_nth_unstable_by(1, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let ((first, e), second) = (here[0], here[1].0);
        let v = draft.other(e, z);
        let other = ways.near[v as usize].iter().find(|s| s.0 != z && s.0 != NONE);
        if let Some(&(t, _)) = other.filter(|o| first + o.1 <= second) {
            let cell = ways.near[v as usize][0].0;
            if !touched[t as usize] && !touched[cell as usize] {
                (touched[z as usize], touched[t as usize], touched[cell as usize]) = (true, true, true);
                chosen.push(e);
            }
        }
    }
    for e in chosen {
        if draft.edges[e as usize].alive && draft.terminals_left > 1 {
            draft.contract(e);
        }
    }
}

/// Takes out nodes at which no tree needs to branch.
fn replace_nodes(draft: &mut Draft, ways: &Ways, changed: &[bool], meter: &mut Meter<'_>) {
    let mut local = Local::new(draft.at.len());
    for v in 0..draft.at.len() as u32 {
        let here = draft.at[v as usize].clone();
        let k = here.len();
        let near = changed[v as usize] || draft.changed[v as usize];
        if draft.is_terminal[v as usize] || !near || !(3..=MOST_DEGREE).contains(&k) {
            continue;
        }
        if !meter.open() {
            return;
        }
        let weight: Vec<f64> = here.iter().map(|&e| draft.edges[e as usize].weight).collect();
        let ends: Vec<u32> = here.iter().map(|&e| draft.other(e, v)).collect();
        let far = detours(draft, ways, &mut local, v, &ends, &weight, meter);
        if !never_branches(&far, &weight) {
            continue;
        }
        let place = |e: u32| here.iter().position(|&f| f == e).unwrap_or(0);
        let pairs: Vec<(usize, usize)> = (0..k).flat_map(|i| (i + 1..k).map(move |j| (i, j))).collect();
        let wanted = |i: usize, j: usize| far[i][j] > weight[i] + weight[j];
        if pairs.iter().filter(|&&(i, j)| wanted(i, j)).count() <= k {
            draft.pass_through(v, |e, f| wanted(place(e), place(f)));
        }
    }
}

type Square = [[f64; MOST_DEGREE]; MOST_DEGREE];

/// Special distances between the neighbours of `v` on ways that avoid `v`.
fn detours(
    draft: &Draft,
    ways: &Ways,
    local: &mut Local,
    v: u32,
    ends: &[u32],
    weight: &[f64],
    meter: &mut Meter<'_>,
) -> Square {
    let mut sorted = weight.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    // A leg shorter than this can't lead through `v`.
    let safe = sorted[0] + sorted[1];
    let dearest = sorted[sorted.len() - 1];
    let mut far = [[f64::INFINITY; MOST_DEGREE]; MOST_DEGREE];
    for i in 0..ends.len() {
        local.run(draft, ends[i], weight[i] + dearest, v, meter);
        for j in 0..ends.len() {
            if i != j {
                let legs = ways.between(ends[i], ends[j], safe);
                let legs = if legs < safe { legs } else { f64::INFINITY };
                let best = local.distance[ends[j] as usize].min(legs);
                far[i][j] = far[i][j].min(best);
                far[j][i] = far[i][j];
            }
        }
    }
    far
}

/// Whether every three or more neighbours are joined no dearer by detours than through the node.
fn never_branches(far: &Square, weight: &[f64]) -> bool {
    let k = weight.len();
    (0u32..1 << k).filter(|set| set.count_ones() >= 3).all(|set| {
        let members: Vec<usize> = (0..k).filter(|i| set >> i & 1 == 1).collect();
        let star: f64 = members.iter().map(|&i| weight[i]).sum();
        let mut joined = vec![members[0]];
        let mut total = 0.0;
        while joined.len() < members.len() {
            let next = members
                .iter()
                .filter(|m| !joined.contains(m))
                .map(|&m| (joined.iter().map(|&j| far[j][m]).fold(f64::INFINITY, f64::min), m))
                .min_by(|a, b| a.0.total_cmp(&b.0));
            let Some((leg, m)) = next else { return false };
            total += leg;
            joined.push(m);
        }
        total <= star
    })
}
