//! A Steiner instance that can be made smaller without losing its optimum, and the way back.

use smallvec::SmallVec;

use crate::graph::{EdgeId, Graph, GraphError, NodeId};

/// What an edge of a reduced instance stands for.
#[derive(Clone, Copy, Debug)]
enum Part {
    Original(EdgeId),
    Joined(u32, u32),
}

/// A graph with terminals, and what its edges mean in the graph it came from.
#[derive(Clone, Debug)]
pub(super) struct Instance {
    pub(super) graph: Graph,
    pub(super) is_terminal: Vec<bool>,
    pub(super) terminals: Vec<NodeId>,
    /// Weight of edges that are settled to be in the tree.
    pub(super) fixed_cost: f64,
    fixed: Vec<u32>,
    part_of: Vec<u32>,
    parts: Vec<Part>,
}

impl Instance {
    /// The instance on the whole of `graph`.
    pub(super) fn new(graph: &Graph, terminals: &[NodeId]) -> Self {
        let mut is_terminal = vec![false; graph.node_count()];
        for t in terminals {
            is_terminal[t.index()] = true;
        }
        Self {
            terminals: graph.nodes().filter(|v| is_terminal[v.index()]).collect(),
            is_terminal,
            fixed_cost: 0.0,
            fixed: Vec::new(),
            part_of: (0..graph.edge_count() as u32).collect(),
            parts: graph.edges().map(Part::Original).collect(),
            graph: graph.clone(),
        }
    }

    /// Nodes and edges.
    pub(super) fn size(&self) -> u64 {
        (self.graph.node_count() + self.graph.edge_count()) as u64
    }

    /// The same with one more terminal.
    pub(super) fn with_terminal(&self, v: NodeId) -> Self {
        let mut out = self.clone();
        if !std::mem::replace(&mut out.is_terminal[v.index()], true) {
            out.terminals.push(v);
            out.terminals.sort_unstable();
        }
        out
    }

    /// The original edges of a tree of this instance, the settled ones included, in id order.
    pub(super) fn original_edges(&self, edges: &[EdgeId]) -> Vec<EdgeId> {
        let mut out = Vec::new();
        let mut open: Vec<u32> = self.fixed.clone();
        open.extend(edges.iter().map(|e| self.part_of[e.index()]));
        while let Some(i) = open.pop() {
            match self.parts[i as usize] {
                Part::Original(e) => out.push(e),
                Part::Joined(a, b) => open.extend([a, b]),
            }
        }
        out.sort_unstable();
        out
    }

    /// For each edge, whether `known` holds all original edges that it stands for.
    pub(super) fn lies_within(&self, known: &[bool]) -> Vec<bool> {
        let mut within: Vec<bool> = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            within.push(match *part {
                Part::Original(e) => known[e.index()],
                Part::Joined(a, b) => within[a as usize] && within[b as usize],
            });
        }
        self.part_of.iter().map(|&p| within[p as usize]).collect()
    }

    /// Applies the degree tests to the edges that `keep` admits: a leaf that is no terminal goes, a
    /// terminal leaf's edge is settled, a node of degree two that is no terminal is passed through, and
    /// of parallel edges the lightest stays. Some optimal tree always survives.
    pub(super) fn shrunk(&self, keep: impl Fn(EdgeId) -> bool) -> Result<Self, GraphError> {
        let mut draft = Draft::new(self, keep);
        draft.settle();
        draft.finish()
    }
}

pub(super) struct DraftEdge {
    pub(super) ends: [u32; 2],
    pub(super) weight: f64,
    part: u32,
    pub(super) alive: bool,
}

/// A graph under change.
pub(super) struct Draft {
    pub(super) edges: Vec<DraftEdge>,
    /// Edges at each node.
    pub(super) at: Vec<SmallVec<[u32; 4]>>,
    pub(super) is_terminal: Vec<bool>,
    pub(super) terminals_left: usize,
    /// Nodes at which edges came or went.
    pub(super) changed: Vec<bool>,
    fixed_cost: f64,
    fixed: Vec<u32>,
    parts: Vec<Part>,
}

impl Draft {
    /// The part of an instance that `keep` admits, without loops and parallels.
    pub(super) fn new(base: &Instance, keep: impl Fn(EdgeId) -> bool) -> Self {
        let mut out = Self {
            edges: Vec::with_capacity(base.graph.edge_count()),
            at: vec![SmallVec::new(); base.graph.node_count()],
            is_terminal: base.is_terminal.clone(),
            terminals_left: base.terminals.len(),
            changed: vec![true; base.graph.node_count()],
            fixed_cost: base.fixed_cost,
            fixed: base.fixed.clone(),
            parts: base.parts.clone(),
        };
        for e in base.graph.edges().filter(|&e| keep(e)) {
            let [a, b] = base.graph.ends(e);
            out.join(a.0, b.0, base.graph.weight(e), base.part_of[e.index()]);
        }
        out
    }

    /// Adds an edge unless a parallel one is as light.
    fn join(&mut self, a: u32, b: u32, weight: f64, part: u32) {
        if a == b {
            return;
        }
        let (few, many) =
            if self.at[a as usize].len() <= self.at[b as usize].len() { (a, b) } else { (b, a) };
        let twin =
            self.at[few as usize].iter().copied().find(|&e| self.edges[e as usize].ends.contains(&many));
        if let Some(e) = twin {
            let edge = &mut self.edges[e as usize];
            if weight < edge.weight {
                edge.weight = weight;
                edge.part = part;
                (self.changed[a as usize], self.changed[b as usize]) = (true, true);
            }
            return;
        }
        (self.changed[a as usize], self.changed[b as usize]) = (true, true);
        let id = self.edges.len() as u32;
        self.edges.push(DraftEdge { ends: [a, b], weight, part, alive: true });
        self.at[a as usize].push(id);
        self.at[b as usize].push(id);
    }

    pub(super) fn cut(&mut self, e: u32) {
        self.edges[e as usize].alive = false;
        for v in self.edges[e as usize].ends {
            self.changed[v as usize] = true;
            self.at[v as usize].retain(|f| *f != e);
        }
    }

    /// Settles an edge: its ends become one terminal, the first of them.
    pub(super) fn contract(&mut self, e: u32) {
        let [a, b] = self.edges[e as usize].ends;
        self.cut(e);
        self.fixed_cost += self.edges[e as usize].weight;
        self.fixed.push(self.edges[e as usize].part);
        let before = usize::from(self.is_terminal[a as usize]) + usize::from(self.is_terminal[b as usize]);
        for f in std::mem::take(&mut self.at[b as usize]) {
            let u = self.other(f, b);
            self.edges[f as usize].alive = false;
            self.at[u as usize].retain(|g| *g != f);
            self.join(a, u, self.edges[f as usize].weight, self.edges[f as usize].part);
        }
        (self.is_terminal[a as usize], self.is_terminal[b as usize]) = (true, false);
        self.terminals_left = self.terminals_left + 1 - before;
    }

    /// Takes out a node that isn't a terminal and is passed through at most: every two edges at it that
    /// `wanted` admits become one.
    pub(super) fn pass_through(&mut self, v: u32, wanted: impl Fn(u32, u32) -> bool) {
        let here = std::mem::take(&mut self.at[v as usize]);
        for &e in &here {
            let u = self.other(e, v);
            self.edges[e as usize].alive = false;
            self.changed[u as usize] = true;
            self.at[u as usize].retain(|g| *g != e);
        }
        for (i, &e) in here.iter().enumerate() {
            for &f in &here[i + 1..] {
                if wanted(e, f) {
                    let (a, b) = (self.other(e, v), self.other(f, v));
                    let weight = self.edges[e as usize].weight + self.edges[f as usize].weight;
                    let part = self.parts.len() as u32;
                    self.parts.push(Part::Joined(self.edges[e as usize].part, self.edges[f as usize].part));
                    self.join(a, b, weight, part);
                }
            }
        }
    }

    /// The nodes at which edges came or went since the last call, and those next to them.
    pub(super) fn take_changed(&mut self) -> Vec<bool> {
        let mut out = self.changed.clone();
        for e in self.edges.iter().filter(|e| e.alive) {
            let [a, b] = e.ends.map(|v| v as usize);
            out[a] |= self.changed[b];
            out[b] |= self.changed[a];
        }
        self.changed.fill(false);
        out
    }

    pub(super) fn other(&self, e: u32, v: u32) -> u32 {
        let [a, b] = self.edges[e as usize].ends;
        if a == v { b } else { a }
    }

    /// The degree tests, until none applies.
    pub(super) fn settle(&mut self) {
        let mut open: Vec<u32> = (0..self.at.len() as u32).rev().collect();
        while let Some(v) = open.pop() {
            let here = &self.at[v as usize];
            match (here.len(), self.is_terminal[v as usize]) {
                (1, terminal) => {
                    if terminal && self.terminals_left == 1 {
                        continue;
                    }
                    let e = here[0];
                    let u = self.other(e, v);
                    self.cut(e);
                    if terminal {
                        self.fixed_cost += self.edges[e as usize].weight;
                        self.fixed.push(self.edges[e as usize].part);
                        self.is_terminal[v as usize] = false;
                        if self.is_terminal[u as usize] {
                            self.terminals_left -= 1;
                        }
                        self.is_terminal[u as usize] = true;
                    }
                    open.push(u);
                }
                (2, false) => {
                    let ends = [here[0], here[1]].map(|e| self.other(e, v));
                    self.pass_through(v, |_, _| true);
                    open.extend(ends);
                }
                _ => {}
            }
        }
    }

    pub(super) fn finish(self) -> Result<Instance, GraphError> {
        let mut number = vec![u32::MAX; self.at.len()];
        let mut is_terminal = Vec::new();
        for (v, at) in self.at.iter().enumerate() {
            if !at.is_empty() || self.is_terminal[v] {
                number[v] = is_terminal.len() as u32;
                is_terminal.push(self.is_terminal[v]);
            }
        }
        let alive: Vec<&DraftEdge> = self.edges.iter().filter(|e| e.alive).collect();
        let edges: Vec<_> = alive
            .iter()
            .map(|e| (number[e.ends[0] as usize], number[e.ends[1] as usize], e.weight))
            .collect();
        let graph = Graph::from_edges(is_terminal.len(), &edges)?;
        Ok(Instance {
            terminals: graph.nodes().filter(|v| is_terminal[v.index()]).collect(),
            graph,
            is_terminal,
            fixed_cost: self.fixed_cost,
            fixed: self.fixed,
            part_of: alive.iter().map(|e| e.part).collect(),
            parts: self.parts,
        })
    }
}
