//! Trees with hubs: one purse for the tree, for customers joined to it, and for hubs on it that serve items.
//!
//! A customer is won when the tree reaches its node and its own cost is paid. A hub costs its price, needs the
//! tree at its node (or nothing at all), and gives each item in its reach a gain; an item takes the best gain
//! among the hubs that are open. Prize-collecting Steiner trees, maximal covering and facility location with
//! a tree between the facilities (connected facility location, Gupta et al. 2001) are special cases.
//!
//! The bound comes from one Steiner arborescence problem: the root reaches every customer through the tree, or
//! forfeits its prize along an arc of its own; it reaches every item through a hub, whose arc costs its price
//! and from which an arc costs what the item misses of its best gain, or forfeits that gain. A budget is
//! priced (m of cost for one of gain): if no arborescence costs less than L at that price, then no choice
//! within budget B gains more than the total of all gains less (L − B) / m. The arborescence problem is bounded
//! by dual ascent (Wong 1984).

mod net;
mod search;
mod state;

use super::SteinerError;
use crate::graph::{EdgeId, Graph, NodeId, components};
use crate::model::said::Bilingual;
use crate::optimise::location::{Lock, SparseRows};
use crate::optimise::{Certified, Work};
use rustc_hash::FxHashSet;
use thiserror::Error;

/// Someone to be joined to the tree.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Customer {
    /// Where the tree must reach.
    pub node: NodeId,
    /// Cost beside the tree.
    pub own: f64,
    /// Gain when joined.
    pub prize: f64,
    /// Must be joined.
    pub must: bool,
}

/// Something that can be opened to serve items.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hub {
    /// Where the tree must reach; nowhere if the hub needs no way.
    pub node: Option<NodeId>,
    /// Cost beside the tree.
    pub price: f64,
    /// Whether it is open in every answer, or in none.
    pub lock: Lock,
}

/// A graph with customers and hubs.
#[derive(Clone, Debug)]
pub struct Hubs<'g> {
    /// The graph; weights are costs.
    pub graph: &'g Graph,
    /// Where the tree begins.
    pub root: NodeId,
    /// Customers.
    pub customers: Vec<Customer>,
    /// Hubs.
    pub hubs: Vec<Hub>,
    /// Per hub its (item, gain) pairs; gains that aren't positive are ignored.
    pub gains: SparseRows,
    /// Number of items; items in `gains` are below it.
    pub items: usize,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Goal {
    /// The most gain for no more than this.
    Within(f64),
    /// Every customer joined and every item served by one of the hubs that gain for it, whatever they gain,
    /// at least cost. Customers and items that nothing can reach make no demand.
    Everything,
}

/// Hubs, customers and the tree that joins them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HubTree {
    /// Indices of the hubs that are open, ascending.
    pub hubs: Vec<u32>,
    /// Indices of the customers that are joined, ascending.
    pub customers: Vec<u32>,
    /// The tree, in order of ids.
    pub edges: Vec<EdgeId>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum HubError {
    /// The graph or a number isn't as it must be.
    #[error(transparent)]
    Steiner(#[from] SteinerError),
    /// Rows, indices or numbers that make no sense.
    #[error("the network problem is not well formed: {0}")]
    Malformed(&'static str),
    /// What is locked costs more than the budget.
    #[error("what must be built costs {cost}, more than the budget of {budget}")]
    LockedBeyondBudget {
        /// The least cost found.
        cost: f64,
        /// The budget.
        budget: f64,
    },
}

impl Bilingual for HubError {
    fn zh(&self) -> String {
        match self {
            Self::Steiner(e) => e.zh(),
            Self::Malformed(why) => format!("网络问题的数据不成立：{why}"),
            Self::LockedBeyondBudget { cost, budget } => format!("必建部分费用 {cost}，超过预算 {budget}"),
        }
    }
}

impl Hubs<'_> {
    /// Sum of the prizes of joined customers and of each item's best gain.
    #[must_use]
    pub fn gain(&self, tree: &HubTree) -> f64 {
        let mut best = vec![0.0f64; self.items];
        for (item, gain) in tree.hubs.iter().flat_map(|&h| self.gains.row(h as usize)) {
            best[item as usize] = best[item as usize].max(gain);
        }
        let won: f64 = tree.customers.iter().map(|&c| self.customers[c as usize].prize).sum();
        best.iter().sum::<f64>() + won
    }

    /// Cost of the tree, of hubs and of customers.
    #[must_use]
    pub fn cost(&self, tree: &HubTree) -> f64 {
        let hubs: f64 = tree.hubs.iter().map(|&h| self.hubs[h as usize].price).sum();
        let own: f64 = tree.customers.iter().map(|&c| self.customers[c as usize].own).sum();
        self.graph.total_weight(&tree.edges) + hubs + own
    }

    /// Checks that edges are a tree at the root that reaches every hub and customer chosen.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn verify(&self, tree: &HubTree) -> Result<(), String> {
        let mut ends: Vec<NodeId> = vec![self.root];
        ends.extend(tree.hubs.iter().filter_map(|&h| self.hubs[h as usize].node));
        ends.extend(tree.customers.iter().map(|&c| self.customers[c as usize].node));
        if tree.edges.is_empty() {
            return match ends.iter().find(|v| **v != self.root) {
                Some(v) => Err(format!("node {} is not joined", v.0)),
                None => Ok(()),
            };
        }
        super::verify(self.graph, &ends, &super::SteinerTree { edges: tree.edges.clone() })
    }

    fn check(&self, goal: Goal) -> Result<(), HubError> {
        let nodes = self.graph.node_count();
        let all = self.customers.iter().map(|c| c.node).chain(self.hubs.iter().filter_map(|h| h.node));
        if let Some(terminal) = all.chain([self.root]).find(|v| v.index() >= nodes) {
            return Err(SteinerError::NoSuchNode { terminal, nodes }.into());
        }
        if self.gains.len() != self.hubs.len() {
            return Err(HubError::Malformed("as many rows of gains as hubs are needed"));
        }
        let bad = |v: f64| !(v.is_finite() && v >= 0.0);
        if self.customers.iter().any(|c| bad(c.own) || bad(c.prize)) || self.hubs.iter().any(|h| bad(h.price))
        {
            return Err(HubError::Malformed("costs and prizes must be finite and not negative"));
        }
        for h in 0..self.hubs.len() {
            if self.gains.row(h).any(|(i, g)| i as usize >= self.items || !g.is_finite()) {
                return Err(HubError::Malformed("gains must be finite and of items that exist"));
            }
        }
        match goal {
            Goal::Within(budget) if budget.is_nan() || budget < 0.0 => {
                Err(SteinerError::BadBudget { budget }.into())
            }
            _ => Ok(()),
        }
    }
}

/// Finds hubs, customers and a tree for a goal. The objective is the gain, to be most, for
/// [`Goal::Within`], and the cost, to be least, for [`Goal::Everything`].
///
/// `start` is an answer known elsewhere; its tree needn't be good.
///
/// # Errors
/// Numbers out of range, or locks that break the budget.
///
/// # Example
/// ```
/// use covplan::graph::{Graph, NodeId};
/// use covplan::optimise::{Effort, cover::{Lock, SparseRows}, steiner::hubs::{Customer, Goal, Hub, Hubs, solve}};
/// // A customer at the end of a way, and a hub beside the way that serves an item.
/// let graph = Graph::from_edges(3, &[(0, 1, 4.0), (1, 2, 1.0)])?;
/// let problem = Hubs {
///     graph: &graph,
///     root: NodeId(0),
///     customers: vec![Customer { node: NodeId(2), own: 1.0, prize: 5.0, must: false }],
///     hubs: vec![Hub { node: Some(NodeId(1)), price: 2.0, lock: Lock::Free }],
///     gains: SparseRows::from_rows([vec![(0, 3.0)]]),
///     items: 1,
/// };
/// let both = solve(&problem, Goal::Within(8.0), None, Effort::NORMAL.into())?;
/// assert_eq!((both.objective, both.bound), (8.0, 8.0));
/// let one = solve(&problem, Goal::Within(7.0), None, Effort::NORMAL.into())?;
/// assert_eq!((one.objective, one.value.customers), (5.0, vec![0]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn solve(
    problem: &Hubs<'_>,
    goal: Goal,
    start: Option<&HubTree>,
    work: Work<'_>,
) -> Result<Certified<HubTree>, HubError> {
    problem.check(goal)?;
    let parts = components(problem.graph, |_| true);
    let field = state::Field::new(problem, goal, |v| parts.connected(v, problem.root));
    search::run(problem, &field, goal, start, &work)
}

/// What is proven of every budget at once: the most that can be gained, and bounds at prices of the budget.
#[derive(Clone, Debug, Default)]
pub struct Frontier {
    total: f64,
    /// A price (cost for one of gain), and what no choice costs less than when what it leaves is paid for at it.
    at: Vec<(f64, f64)>,
}

impl Frontier {
    /// No choice that costs no more than this gains more.
    #[must_use]
    pub fn bound(&self, budget: f64) -> f64 {
        let at = |&(price, least): &(f64, f64)| self.total - (least - budget) / price;
        self.at.iter().map(at).fold(self.total, f64::min).max(0.0)
    }
}

/// The most that each of some budgets buys, as [`solve`] finds it for one, with what they have in common worked
/// out once; none where what is locked costs more. Also what is proven of all other budgets. `known` is an answer of
/// the problem from elsewhere, whatever it costs.
///
/// # Errors
/// Numbers out of range.
pub fn curve(
    problem: &Hubs<'_>,
    budgets: &[f64],
    known: Option<&HubTree>,
    work: Work<'_>,
) -> Result<(Vec<Option<Certified<HubTree>>>, Frontier), HubError> {
    for &budget in budgets {
        problem.check(Goal::Within(budget))?;
    }
    let parts = components(problem.graph, |_| true);
    let field = state::Field::new(problem, Goal::Within(0.0), |v| parts.connected(v, problem.root));
    search::curve(problem, &field, budgets, known, &work)
}

impl HubTree {
    fn state(&self, field: &state::Field<'_>) -> state::State {
        let mut active = field.locked.clone();
        let customers = self.customers.iter().map(|c| field.hubs + *c as usize);
        for e in self.hubs.iter().map(|&h| h as usize).chain(customers) {
            if let Some(a) = active.get_mut(e) {
                *a |= field.usable[e];
            }
        }
        state::State { active, edges: self.edges.clone() }
    }

    fn of(field: &state::Field<'_>, state: &state::State) -> Self {
        let hubs = field.hubs;
        let chosen = |from: usize, to: usize| -> Vec<u32> {
            (from..to).filter(|&e| state.active[e]).map(|e| (e - from) as u32).collect()
        };
        let mut edges = state.edges.clone();
        edges.sort_unstable();
        Self { hubs: chosen(0, hubs), customers: chosen(hubs, state.active.len()), edges }
    }
}

/// Nodes of a set of edges.
fn ends(graph: &Graph, edges: &[EdgeId]) -> FxHashSet<NodeId> {
    edges.iter().flat_map(|&e| graph.ends(e)).collect()
}

#[cfg(test)]
mod tests;
