//! Local search on the coarse structure of a tree: its key vertices and the paths between them.
//!
//! Key vertices are the terminals and the branching points. A move takes out the path above a key vertex,
//! or a branching point with all its paths, and joins the pieces again as cheaply as the Voronoi cells of
//! the remaining tree vertices show (Uchoa & Werneck, Fast local search for the Steiner problem in
//! graphs, ACM JEA 17, 2012). All moves of a pass are looked for in one sweep from the leaves up, with
//! mergeable heaps of the edges that leave a subtree; then they are tried out one by one, best first, as
//! a move may spoil another.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::instance::Instance;
use super::link_cut::LinkCut;
use crate::graph::{EdgeId, Graph, NodeId};
use crate::optimise::Meter;

const NONE: u32 = u32::MAX;

/// Edges to take out, and paths to put in.
struct Move {
    gain: f64,
    removed: Vec<EdgeId>,
    added: Vec<EdgeId>,
    /// Nodes that must be joined afterwards.
    ends: Vec<NodeId>,
}

/// One pass over all key vertices; the tree may have useless leaves afterwards. None if nothing helped.
pub(super) fn exchange_keys(
    instance: &Instance,
    tree: &[EdgeId],
    meter: &mut Meter<'_>,
) -> Option<Vec<EdgeId>> {
    if tree.is_empty() || !meter.open() {
        return None;
    }
    let graph = &instance.graph;
    meter.spend((graph.node_count() + graph.edge_count()) as u64 * 3);
    let rooted = Rooted::new(instance, tree);
    let cells = Cells::new(graph, &rooted);
    let mut sweep = Sweep::new(instance, &rooted, &cells);
    sweep.run(meter);
    let mut moves = sweep.moves;
    moves.sort_by(|a, b| b.gain.total_cmp(&a.gain));
    apply(graph, tree, &moves)
}

/// Tries the moves one by one; each must keep the tree in one piece and make it cheaper.
fn apply(graph: &Graph, tree: &[EdgeId], moves: &[Move]) -> Option<Vec<EdgeId>> {
    let mut state = Pieces {
        graph,
        inside: vec![false; graph.edge_count()],
        degree: vec![0; graph.node_count()],
        forest: LinkCut::new(vec![0.0; graph.node_count()]),
    };
    for &e in tree {
        state.link(e);
    }
    let mut any = false;
    let mut new_edges: Vec<EdgeId> = Vec::new();
    for m in moves {
        if m.removed.iter().any(|e| !state.inside[e.index()]) {
            continue;
        }
        for &e in &m.removed {
            state.cut(e);
        }
        // An earlier move may have tied something to the inside of a path.
        let mut ends = m.ends.clone();
        ends.extend(m.removed.iter().flat_map(|&e| graph.ends(e)).filter(|v| state.degree[v.index()] > 0));
        let mut linked: Vec<EdgeId> = Vec::new();
        for &e in &m.added {
            let [a, b] = graph.ends(e);
            if !state.forest.connected(a.0, b.0) {
                state.link(e);
                linked.push(e);
            }
        }
        let change = graph.total_weight(&linked) - graph.total_weight(&m.removed);
        let whole = ends.windows(2).all(|w| state.forest.connected(w[0].0, w[1].0));
        if whole && change < -noise(m.gain) {
            new_edges.extend(&linked);
            any = true;
            continue;
        }
        for &e in linked.iter().rev() {
            state.cut(e);
        }
        for &e in &m.removed {
            state.link(e);
        }
    }
    any.then(|| {
        let mut out: Vec<EdgeId> =
            tree.iter().chain(&new_edges).copied().filter(|e| state.inside[e.index()]).collect();
        out.sort_unstable();
        out.dedup();
        out
    })
}

/// A tree while moves are tried on it.
struct Pieces<'g> {
    graph: &'g Graph,
    inside: Vec<bool>,
    degree: Vec<u32>,
    forest: LinkCut,
}

impl Pieces<'_> {
    fn link(&mut self, e: EdgeId) {
        let [a, b] = self.graph.ends(e);
        self.forest.link(a.0, b.0);
        self.inside[e.index()] = true;
        self.degree[a.index()] += 1;
        self.degree[b.index()] += 1;
    }

    fn cut(&mut self, e: EdgeId) {
        let [a, b] = self.graph.ends(e);
        self.forest.cut(a.0, b.0);
        self.inside[e.index()] = false;
        self.degree[a.index()] -= 1;
        self.degree[b.index()] -= 1;
    }
}

/// A gain below this is rounding.
fn noise(of: f64) -> f64 {
    1e-9 * of.abs().max(1e-9)
}

/// The tree from a root down.
pub(super) struct Rooted {
    root: NodeId,
    /// Edge to the parent.
    pub(super) up: Vec<u32>,
    pub(super) parent: Vec<u32>,
    /// First and last preorder number in the subtree.
    pub(super) enter: Vec<u32>,
    pub(super) leave: Vec<u32>,
    preorder: Vec<NodeId>,
    /// Top of the heavy path a node is on, for common ancestors.
    head: Vec<u32>,
    is_key: Vec<bool>,
}

impl Rooted {
    pub(super) fn new(instance: &Instance, tree: &[EdgeId]) -> Self {
        let graph = &instance.graph;
        let n = graph.node_count();
        let mut degree = vec![0u32; n];
        let mut chosen = vec![false; graph.edge_count()];
        for &e in tree {
            chosen[e.index()] = true;
            for v in graph.ends(e) {
                degree[v.index()] += 1;
            }
        }
        let root = instance.terminals[0];
        let mut out = Self {
            root,
            up: vec![NONE; n],
            parent: vec![NONE; n],
            enter: vec![0; n],
            leave: vec![0; n],
            preorder: Vec::with_capacity(tree.len() + 1),
            head: vec![NONE; n],
            is_key: (0..n).map(|v| degree[v] > 0 && (instance.is_terminal[v] || degree[v] >= 3)).collect(),
        };
        let mut stack = vec![root];
        while let Some(v) = stack.pop() {
            out.enter[v.index()] = out.preorder.len() as u32;
            out.preorder.push(v);
            for (e, u) in graph.arcs(v) {
                if chosen[e.index()] && e.0 != out.up[v.index()] {
                    out.up[u.index()] = e.0;
                    out.parent[u.index()] = v.0;
                    stack.push(u);
                }
            }
        }
        let mut size = vec![0u32; n];
        let mut heavy = vec![NONE; n];
        for &v in out.preorder.iter().rev() {
            size[v.index()] += 1;
            out.leave[v.index()] = out.enter[v.index()] + size[v.index()] - 1;
            let p = out.parent[v.index()];
            if p != NONE {
                size[p as usize] += size[v.index()];
                let h = heavy[p as usize];
                if h == NONE || size[v.index()] > size[h as usize] {
                    heavy[p as usize] = v.0;
                }
            }
        }
        for &v in &out.preorder {
            let p = out.parent[v.index()];
            let on_heavy = p != NONE && heavy[p as usize] == v.0;
            out.head[v.index()] = if on_heavy { out.head[p as usize] } else { v.0 };
        }
        out
    }

    /// Whether the tree holds a node.
    pub(super) fn holds(&self, v: NodeId) -> bool {
        v == self.root || self.parent[v.index()] != NONE
    }

    fn below(&self, v: u32, top: u32) -> bool {
        (self.enter[top as usize]..=self.leave[top as usize]).contains(&self.enter[v as usize])
    }

    fn common_ancestor(&self, mut a: u32, mut b: u32) -> u32 {
        loop {
            let (ha, hb) = (self.head[a as usize], self.head[b as usize]);
            if ha == hb {
                return if self.enter[a as usize] < self.enter[b as usize] { a } else { b };
            }
            if self.enter[ha as usize] > self.enter[hb as usize] {
                a = self.parent[ha as usize];
            } else {
                b = self.parent[hb as usize];
            }
        }
    }
}

/// The Voronoi cells of the tree's vertices.
struct Cells {
    base: Vec<u32>,
    distance: Vec<f64>,
    via: Vec<u32>,
    /// Nodes grouped by base.
    first: Vec<u32>,
    members: Vec<u32>,
}

impl Cells {
    fn new(graph: &Graph, rooted: &Rooted) -> Self {
        let n = graph.node_count();
        let mut out = Self {
            base: vec![NONE; n],
            distance: vec![f64::INFINITY; n],
            via: vec![NONE; n],
            first: vec![0; n + 1],
            members: vec![0; n],
        };
        let mut queue = BinaryHeap::new();
        for &v in &rooted.preorder {
            out.base[v.index()] = v.0;
            out.distance[v.index()] = 0.0;
            queue.push(Reverse((0u64, v.0)));
        }
        while let Some(Reverse((bits, v))) = queue.pop() {
            let here = f64::from_bits(bits);
            if here > out.distance[v as usize] {
                continue;
            }
            for (e, u) in graph.arcs(NodeId(v)) {
                let there = here + graph.weight(e);
                if there < out.distance[u.index()] {
                    out.distance[u.index()] = there;
                    out.base[u.index()] = out.base[v as usize];
                    out.via[u.index()] = e.0;
                    queue.push(Reverse((there.to_bits(), u.0)));
                }
            }
        }
        for &b in out.base.iter().filter(|b| **b != NONE) {
            out.first[b as usize + 1] += 1;
        }
        for v in 0..n {
            out.first[v + 1] += out.first[v];
        }
        let mut next = out.first.clone();
        for v in 0..n as u32 {
            let b = out.base[v as usize];
            if b != NONE {
                out.members[next[b as usize] as usize] = v;
                next[b as usize] += 1;
            }
        }
        out
    }

    fn cell(&self, base: u32) -> &[u32] {
        &self.members[self.first[base as usize] as usize..self.first[base as usize + 1] as usize]
    }
}

/// A boundary edge in a heap: an edge between two cells.
#[derive(Clone, Copy)]
struct Entry {
    key: f64,
    edge: EdgeId,
    child: u32,
    sibling: u32,
}

/// Pairing heaps in one arena.
struct Heaps {
    entries: Vec<Entry>,
    pairs: Vec<u32>,
}

impl Heaps {
    fn single(&mut self, key: f64, edge: EdgeId) -> u32 {
        self.entries.push(Entry { key, edge, child: NONE, sibling: NONE });
        self.entries.len() as u32 - 1
    }

    fn meld(&mut self, a: u32, b: u32) -> u32 {
        if a == NONE || b == NONE {
            return if a == NONE { b } else { a };
        }
        let order = |x: &Entry| (x.key.to_bits(), x.edge);
        let (top, low) = if order(&self.entries[a as usize]) <= order(&self.entries[b as usize]) {
            (a, b)
        } else {
            (b, a)
        };
        self.entries[low as usize].sibling = self.entries[top as usize].child;
        self.entries[top as usize].child = low;
        top
    }

    fn pop(&mut self, top: u32) -> u32 {
        let mut at = self.entries[top as usize].child;
        self.pairs.clear();
        while at != NONE {
            let next = std::mem::replace(&mut self.entries[at as usize].sibling, NONE);
            let mut merged = at;
            at = next;
            if next != NONE {
                at = std::mem::replace(&mut self.entries[next as usize].sibling, NONE);
                merged = self.meld(merged, next);
            }
            self.pairs.push(merged);
        }
        let mut out = NONE;
        while let Some(h) = self.pairs.pop() {
            out = self.meld(out, h);
        }
        out
    }
}

/// The sweep from the leaves up.
struct Sweep<'a> {
    instance: &'a Instance,
    graph: &'a Graph,
    rooted: &'a Rooted,
    cells: &'a Cells,
    heaps: Heaps,
    /// Heap of a key vertex: boundary edges that leave its subtree.
    heap_of: Vec<u32>,
    /// Key vertices below a key vertex.
    keys_below: Vec<Vec<u32>>,
    /// Boundary edges grouped by the common ancestor of their bases, for branching points.
    level: Vec<(u32, EdgeId)>,
    /// New labels of nodes whose base is taken out, valid where the stamp is current.
    stamp: Vec<u32>,
    round: u32,
    new_base: Vec<u32>,
    new_distance: Vec<f64>,
    new_via: Vec<u32>,
    moves: Vec<Move>,
}

impl<'a> Sweep<'a> {
    fn new(instance: &'a Instance, rooted: &'a Rooted, cells: &'a Cells) -> Self {
        let graph = &instance.graph;
        let n = graph.node_count();
        let mut level = Vec::new();
        for e in graph.edges() {
            let [a, b] = graph.ends(e).map(|v| cells.base[v.index()]);
            if a == b || a == NONE || b == NONE {
                continue;
            }
            let top = rooted.common_ancestor(a, b);
            if !instance.is_terminal[top as usize] && rooted.is_key[top as usize] && top != a && top != b {
                level.push((top, e));
            }
        }
        level.sort_unstable();
        Self {
            instance,
            graph,
            rooted,
            cells,
            heaps: Heaps { entries: Vec::new(), pairs: Vec::new() },
            heap_of: vec![NONE; n],
            keys_below: vec![Vec::new(); n],
            level,
            stamp: vec![0; n],
            round: 0,
            new_base: vec![NONE; n],
            new_distance: vec![0.0; n],
            new_via: vec![NONE; n],
            moves: Vec::new(),
        }
    }

    fn run(&mut self, meter: &mut Meter<'_>) {
        let rooted = self.rooted;
        for &v in rooted.preorder.iter().rev() {
            if !rooted.is_key[v.index()] {
                continue;
            }
            if !meter.open() {
                return;
            }
            let before = self.heaps.entries.len();
            let (above, inner) = self.path_above(v.0);
            if !self.instance.is_terminal[v.index()] {
                self.try_without(v.0, above, &inner, meter);
            }
            let mut heap = self.cell_edges(v.0);
            for c in std::mem::take(&mut self.keys_below[v.index()]) {
                heap = self.heaps.meld(heap, self.heap_of[c as usize]);
                let (_, between) = self.path_above(c);
                for u in between {
                    let part = self.cell_edges(u);
                    heap = self.heaps.meld(heap, part);
                }
            }
            self.heap_of[v.index()] = heap;
            if v != rooted.root {
                self.keys_below[above as usize].push(v.0);
                self.try_other_path(v.0, above, &inner, meter);
            }
            meter.spend((self.heaps.entries.len() - before) as u64 + 4);
        }
    }

    /// The next key vertex above, and the nodes strictly between.
    fn path_above(&self, v: u32) -> (u32, Vec<u32>) {
        let mut inner = Vec::new();
        let mut at = self.rooted.parent[v as usize];
        while at != NONE && !self.rooted.is_key[at as usize] {
            inner.push(at);
            at = self.rooted.parent[at as usize];
        }
        (at, inner)
    }

    fn edges_above(&self, v: u32, inner: &[u32]) -> Vec<EdgeId> {
        std::iter::once(v).chain(inner.iter().copied()).map(|u| EdgeId(self.rooted.up[u as usize])).collect()
    }

    fn is_tree_edge(&self, e: EdgeId) -> bool {
        self.graph.ends(e).into_iter().any(|v| self.rooted.up[v.index()] == e.0)
    }

    /// A heap of the boundary edges of one cell.
    fn cell_edges(&mut self, base: u32) -> u32 {
        let mut heap = NONE;
        let cells = self.cells;
        for &x in cells.cell(base) {
            for (e, y) in self.graph.arcs(NodeId(x)) {
                if cells.base[y.index()] != base && !self.is_tree_edge(e) {
                    let key = cells.distance[x as usize] + self.graph.weight(e) + cells.distance[y.index()];
                    let one = self.heaps.single(key, e);
                    heap = self.heaps.meld(heap, one);
                }
            }
        }
        heap
    }

    /// Labels anew the nodes whose bases are taken out; returns them.
    fn relabel(&mut self, out: &[u32], meter: &mut Meter<'_>) -> Vec<u32> {
        self.round += 1;
        let (graph, cells) = (self.graph, self.cells);
        let nodes: Vec<u32> = out.iter().flat_map(|&b| cells.cell(b)).copied().collect();
        for &x in &nodes {
            self.stamp[x as usize] = self.round;
            self.new_base[x as usize] = NONE;
            self.new_distance[x as usize] = f64::INFINITY;
            self.new_via[x as usize] = NONE;
        }
        let mut queue = BinaryHeap::new();
        for &x in &nodes {
            for (e, y) in graph.arcs(NodeId(x)) {
                if self.stamp[y.index()] == self.round {
                    continue;
                }
                let there = cells.distance[y.index()] + graph.weight(e);
                if there < self.new_distance[x as usize] {
                    self.new_distance[x as usize] = there;
                    self.new_base[x as usize] = cells.base[y.index()];
                    self.new_via[x as usize] = e.0;
                }
            }
            if self.new_distance[x as usize] < f64::INFINITY {
                queue.push(Reverse((self.new_distance[x as usize].to_bits(), x)));
            }
        }
        while let Some(Reverse((bits, x))) = queue.pop() {
            let here = f64::from_bits(bits);
            if here > self.new_distance[x as usize] {
                continue;
            }
            for (e, y) in graph.arcs(NodeId(x)) {
                let there = here + graph.weight(e);
                if self.stamp[y.index()] == self.round && there < self.new_distance[y.index()] {
                    self.new_distance[y.index()] = there;
                    self.new_base[y.index()] = self.new_base[x as usize];
                    self.new_via[y.index()] = e.0;
                    queue.push(Reverse((there.to_bits(), y.0)));
                }
            }
        }
        meter.spend(4 * nodes.len() as u64);
        nodes
    }

    /// Base and distance of a node under the new labels.
    fn label(&self, v: NodeId) -> (u32, f64) {
        if self.stamp[v.index()] == self.round {
            (self.new_base[v.index()], self.new_distance[v.index()])
        } else {
            (self.cells.base[v.index()], self.cells.distance[v.index()])
        }
    }

    /// The edges from the base of one end of a boundary edge to the base of the other.
    fn whole_path(&self, edge: EdgeId) -> Vec<EdgeId> {
        let mut out = vec![edge];
        for end in self.graph.ends(edge) {
            let mut at = end;
            loop {
                let via = if self.stamp[at.index()] == self.round {
                    self.new_via[at.index()]
                } else {
                    self.cells.via[at.index()]
                };
                if via == NONE {
                    break;
                }
                out.push(EdgeId(via));
                at = self.graph.opposite(EdgeId(via), at);
            }
        }
        out
    }

    /// The best edge in the heap of `v` from its subtree to the rest, not into the cells taken out.
    /// What is passed over on the way is of no use further up either.
    fn best_leaving(&mut self, v: u32) -> Option<(f64, EdgeId)> {
        loop {
            let top = self.heap_of[v as usize];
            if top == NONE {
                return None;
            }
            let Entry { key, edge, .. } = self.heaps.entries[top as usize];
            let [a, b] = self.graph.ends(edge);
            let taken_out = |x: NodeId| self.stamp[x.index()] == self.round;
            let crosses = self.rooted.below(self.cells.base[a.index()], v)
                != self.rooted.below(self.cells.base[b.index()], v);
            if crosses && !taken_out(a) && !taken_out(b) {
                return Some((key, edge));
            }
            self.heap_of[v as usize] = self.heaps.pop(top);
        }
    }

    /// Another path in place of the one above a key vertex.
    fn try_other_path(&mut self, v: u32, above: u32, inner: &[u32], meter: &mut Meter<'_>) {
        let removed = self.edges_above(v, inner);
        let cost = self.graph.total_weight(&removed);
        let nodes = self.relabel(inner, meter);
        let mut best = self.best_leaving(v);
        for &x in &nodes {
            let (bx, dx) = self.label(NodeId(x));
            if bx == NONE {
                continue;
            }
            for (e, y) in self.graph.arcs(NodeId(x)) {
                let (by, dy) = self.label(y);
                if by == NONE || self.rooted.below(bx, v) == self.rooted.below(by, v) {
                    continue;
                }
                let key = dx + self.graph.weight(e) + dy;
                if best.is_none_or(|(k, f)| (key, e) < (k, f)) {
                    best = Some((key, e));
                }
            }
        }
        if let Some((key, edge)) = best.filter(|b| b.0 < cost - noise(cost)) {
            let added = self.whole_path(edge);
            self.moves.push(Move { gain: cost - key, removed, added, ends: vec![NodeId(v), NodeId(above)] });
        }
    }

    /// The tree without a branching point.
    fn try_without(&mut self, v: u32, above: u32, inner: &[u32], meter: &mut Meter<'_>) {
        let below = self.keys_below[v as usize].clone();
        let mut out: Vec<u32> = vec![v];
        out.extend(inner);
        let mut removed = self.edges_above(v, inner);
        for &c in &below {
            let (_, between) = self.path_above(c);
            removed.extend(self.edges_above(c, &between));
            out.extend(between);
        }
        let cost = self.graph.total_weight(&removed);
        let nodes = self.relabel(&out, meter);
        let rooted = self.rooted;
        // Pieces: one per subtree, and the rest of the tree last.
        let piece = |base: u32| below.iter().position(|&c| rooted.below(base, c)).unwrap_or(below.len());
        let mut offers: Vec<(f64, EdgeId, usize, usize)> = Vec::new();
        for (i, &c) in below.iter().enumerate() {
            while let Some((key, edge)) = self.best_leaving(c) {
                let [a, b] = self.graph.ends(edge).map(|x| piece(self.cells.base[x.index()]));
                if a == below.len() || b == below.len() {
                    offers.push((key, edge, i, below.len()));
                    break;
                }
                // Between two of the subtrees: kept apart by level, and inside for all further up.
                let top = self.heap_of[c as usize];
                self.heap_of[c as usize] = self.heaps.pop(top);
            }
        }
        let from = self.level.partition_point(|l| l.0 < v);
        for &(_, e) in self.level[from..].iter().take_while(|l| l.0 == v) {
            let [x, y] = self.graph.ends(e);
            if self.stamp[x.index()] == self.round || self.stamp[y.index()] == self.round {
                continue;
            }
            let key = self.cells.distance[x.index()] + self.graph.weight(e) + self.cells.distance[y.index()];
            offers.push((key, e, piece(self.cells.base[x.index()]), piece(self.cells.base[y.index()])));
        }
        for &x in &nodes {
            let (bx, dx) = self.label(NodeId(x));
            if bx == NONE {
                continue;
            }
            for (e, y) in self.graph.arcs(NodeId(x)) {
                let (by, dy) = self.label(y);
                if by != NONE && bx != by {
                    offers.push((dx + self.graph.weight(e) + dy, e, piece(bx), piece(by)));
                }
            }
        }
        meter.spend(2 * offers.len() as u64);
        offers.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut group: Vec<usize> = (0..=below.len()).collect();
        let (mut total, mut added, mut joins) = (0.0, Vec::new(), 0);
        for (key, edge, a, b) in offers {
            if group[a] == group[b] {
                continue;
            }
            let (keep, gone) = (group[a], group[b]);
            for g in &mut group {
                if *g == gone {
                    *g = keep;
                }
            }
            total += key;
            if total >= cost {
                return;
            }
            joins += 1;
            added.extend(self.whole_path(edge));
        }
        if joins == below.len() && total < cost - noise(cost) {
            let ends = below.iter().copied().chain([above]).map(NodeId).collect();
            self.moves.push(Move { gain: cost - total, removed, added, ends });
        }
    }
}
