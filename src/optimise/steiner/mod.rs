//! Minimum Steiner trees: the cheapest way to join given nodes of a graph.
//!
//! Trees come from the repeated shortest-path heuristic, local search and crossings, proofs from dual ascent
//! and a relaxation over directed cuts; what a proof shows to be too dear is taken out of the graph, and all
//! is run again on what is left. Few terminals are settled by dynamic programming, the rest by branching.
//! Edges of weight zero (what is built already) are welcome.

mod anywhere;
mod arborescence;
mod branch;
mod budgeted;
mod closing;
mod construct;
mod dual_ascent;
mod exchange;
pub mod hubs;
mod instance;
mod key_moves;
mod link_cut;
mod merges;
mod prizes;
mod reduce;
mod regions;
mod relaxation;
mod search;
mod subsets;
pub mod survivable;

pub use anywhere::collect_anywhere;
pub use budgeted::collect_within;
pub use prizes::{collect, collected_cost};

use crate::model::said::Bilingual;
use thiserror::Error;

use super::{Certified, Work};
use crate::graph::{EdgeId, Graph, NodeId, components};

/// A tree that joins all terminals.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct SteinerTree {
    /// The edges of the tree, in id order.
    pub edges: Vec<EdgeId>,
}

/// Why there is no tree.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum SteinerError {
    /// A terminal that is no node of the graph.
    #[error("terminal {} is not a node: the graph has {nodes} nodes", .terminal.0)]
    NoSuchNode {
        /// The terminal.
        terminal: NodeId,
        /// Number of nodes of the graph.
        nodes: usize,
    },
    /// Prizes and nodes differ in number.
    #[error("{prizes} prizes were given for {nodes} nodes")]
    WrongPrizeCount {
        /// Number of prizes given.
        prizes: usize,
        /// Number of nodes of the graph.
        nodes: usize,
    },
    /// A prize that is negative, infinite or not a number.
    #[error("node {} has prize {prize}; prizes must be finite and not negative", .node.0)]
    BadPrize {
        /// The node.
        node: NodeId,
        /// The prize as given.
        prize: f64,
    },
    /// A budget that is negative or not a number.
    #[error("the budget is {budget}; it must not be negative")]
    BadBudget {
        /// The budget as given.
        budget: f64,
    },
    /// Weights that make no graph.
    #[error(transparent)]
    Graph(#[from] crate::graph::GraphError),
    /// No tree joins all terminals, as the graph falls into parts.
    #[error("{} of the terminals lie apart from the part of the graph that holds most of them", .cut_off.len())]
    Disconnected {
        /// The terminals outside the part that holds most of them (the first such part of equals).
        cut_off: Vec<NodeId>,
    },
}

impl Bilingual for SteinerError {
    fn zh(&self) -> String {
        match self {
            Self::NoSuchNode { terminal, nodes } => {
                format!("终端 {} 不是节点：图中有 {nodes} 个节点", terminal.0)
            }
            Self::WrongPrizeCount { prizes, nodes } => format!("{nodes} 个节点给出了 {prizes} 个奖励值"),
            Self::BadPrize { node, prize } => {
                format!("节点 {} 的奖励值为 {prize}；应为有限的非负数", node.0)
            }
            Self::BadBudget { budget } => format!("预算为 {budget}；不能为负"),
            Self::Graph(e) => e.zh(),
            Self::Disconnected { cut_off } => {
                format!("{} 个终端与图中包含多数终端的部分不连通", cut_off.len())
            }
        }
    }
}

/// Finds a cheap tree that joins `terminals`, and proves how far it can be from the cheapest.
///
/// # Errors
/// Terminals that don't exist, or that no tree can join.
///
/// # Example
/// ```
/// use covplan::graph::{Graph, NodeId};
/// use covplan::optimise::{Effort, steiner};
/// // A star is cheaper than the triangle around it.
/// let g = Graph::from_edges(4, &[(0, 1, 2.0), (1, 2, 2.0), (0, 2, 2.0), (0, 3, 1.0), (1, 3, 1.0), (2, 3, 1.0)])?;
/// let tree = steiner::solve(&g, &[NodeId(0), NodeId(1), NodeId(2)], Effort::NORMAL.into())?;
/// assert_eq!((tree.objective, tree.bound), (3.0, 3.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn solve(
    graph: &Graph,
    terminals: &[NodeId],
    work: Work<'_>,
) -> Result<Certified<SteinerTree>, SteinerError> {
    check_terminals(graph, terminals)?;
    let found = search::solve(graph, terminals, &work);
    debug_assert_eq!(verify(graph, terminals, &found.value), Ok(()));
    Ok(found)
}

fn check_terminals(graph: &Graph, terminals: &[NodeId]) -> Result<(), SteinerError> {
    let nodes = graph.node_count();
    if let Some(&terminal) = terminals.iter().find(|t| t.index() >= nodes) {
        return Err(SteinerError::NoSuchNode { terminal, nodes });
    }
    let parts = components(graph, |_| true);
    let mut held = vec![0usize; parts.sizes.len()];
    for t in terminals {
        held[parts.of[t.index()] as usize] += 1;
    }
    let Some(most) = (0..held.len()).rev().max_by_key(|&c| held[c]) else { return Ok(()) };
    let cut_off: Vec<NodeId> =
        terminals.iter().copied().filter(|t| parts.of[t.index()] as usize != most).collect();
    if cut_off.is_empty() { Ok(()) } else { Err(SteinerError::Disconnected { cut_off }) }
}

/// Checks that a tree is one: no cycle, connected, and holding all terminals.
///
/// # Errors
/// What is wrong, in words.
pub fn verify(graph: &Graph, terminals: &[NodeId], tree: &SteinerTree) -> Result<(), String> {
    let mut chosen = vec![false; graph.edge_count()];
    let mut nodes = vec![false; graph.node_count()];
    for &e in &tree.edges {
        if std::mem::replace(&mut chosen[e.index()], true) {
            return Err(format!("edge {} is there twice", e.0));
        }
        for v in graph.ends(e) {
            nodes[v.index()] = true;
        }
    }
    let parts = components(graph, |e| chosen[e.index()]);
    let count = nodes.iter().filter(|&&inside| inside).count();
    if !tree.edges.is_empty() && tree.edges.len() + 1 != count {
        return Err(format!("{} edges over {count} nodes are no tree", tree.edges.len()));
    }
    let first = tree.edges.first().map(|&e| graph.ends(e)[0]).or(terminals.first().copied());
    match terminals.iter().find(|&&t| first.is_some_and(|f| !parts.connected(f, t))) {
        Some(t) => Err(format!("terminal {} is not joined", t.0)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
