//! What location problems share: clients, each served by the open facility that is best for it.
//!
//! p-median, plain facility location and maximal covering are one problem here: a client that nobody
//! serves pays its fallback; covering is service at `fallback − gain`. On top of it come local searches
//! ([`interchange`], and [`covering`] where service is free), a Lagrangian bound ([`lagrange`], and for coverage
//! [`relaxation`] with cuts from [`triples`]), and [`solve`], which puts them together: `solve/around` seeks
//! better answers, `solve/branch` divides what the bound leaves open in the [`core`], and `solve/coverage` does
//! both where clients are covered or not.

pub(super) mod core;
mod covering;
pub(super) mod interchange;
pub(super) mod lagrange;
pub(in crate::optimise) mod node;
mod relaxation;
pub(super) mod solve;
mod triples;

/// Whether a candidate's state is the solver's to choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Lock {
    /// The solver decides.
    #[default]
    Free,
    /// Open in every answer.
    Open,
    /// Never open.
    Shut,
}

/// Rows of (index, value) pairs, stored one after another.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SparseRows {
    first: Vec<usize>,
    index: Vec<u32>,
    value: Vec<f64>,
}

impl SparseRows {
    /// Stores the rows in the order given.
    pub fn from_rows<R: IntoIterator<Item = (u32, f64)>>(rows: impl IntoIterator<Item = R>) -> Self {
        let mut out = Self { first: vec![0], ..Self::default() };
        for row in rows {
            out.push_row(row);
        }
        out
    }

    /// Adds a row at the end.
    pub fn push_row(&mut self, row: impl IntoIterator<Item = (u32, f64)>) {
        if self.first.is_empty() {
            self.first.push(0);
        }
        for (i, v) in row {
            self.index.push(i);
            self.value.push(v);
        }
        self.first.push(self.index.len());
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.first.len().saturating_sub(1)
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of pairs in all rows.
    #[must_use]
    pub fn pairs(&self) -> usize {
        self.index.len()
    }

    /// The pairs of one row.
    pub fn row(&self, row: usize) -> impl ExactSizeIterator<Item = (u32, f64)> + Clone + '_ {
        let range = self.first[row]..self.first[row + 1];
        self.index[range.clone()].iter().copied().zip(self.value[range].iter().copied())
    }

    /// The indices of one row.
    pub(super) fn row_indices(&self, row: usize) -> &[u32] {
        &self.index[self.first[row]..self.first[row + 1]]
    }

    /// Every index, row by row.
    pub(super) fn indices(&self) -> &[u32] {
        &self.index
    }

    /// Every value, row by row.
    pub(super) fn values(&self) -> &[f64] {
        &self.value
    }

    /// Rows and columns swapped; within a row, by ascending index. Indices must be below `columns`.
    #[must_use]
    pub(super) fn transposed(&self, columns: usize) -> Self {
        let mut first = vec![0usize; columns + 1];
        for &i in &self.index {
            first[i as usize + 1] += 1;
        }
        for c in 0..columns {
            first[c + 1] += first[c];
        }
        let mut next = first.clone();
        let mut index = vec![0u32; self.index.len()];
        let mut value = vec![0f64; self.index.len()];
        for row in 0..self.len() {
            for (i, v) in self.row(row) {
                let slot = next[i as usize];
                next[i as usize] += 1;
                index[slot] = row as u32;
                value[slot] = v;
            }
        }
        Self { first, index, value }
    }
}

/// How much may be open.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Limit {
    /// Least number of open facilities.
    pub(super) at_least: usize,
    /// Largest number of open facilities.
    pub(super) at_most: usize,
    /// Largest sum of prices of open facilities.
    pub(super) budget: f64,
}

impl Limit {
    pub(super) const NONE: Self = Self { at_least: 0, at_most: usize::MAX, budget: f64::INFINITY };
}

/// Clients, facilities, and what service costs; to be minimised: opening costs plus what each client pays.
#[derive(Clone, Debug)]
pub(super) struct Service {
    /// Per client its (facility, cost) pairs, cheapest first; only those below the fallback.
    pub(super) by_client: SparseRows,
    /// Per facility its (client, position in the client's row) pairs, and beside them the costs.
    first: Vec<usize>,
    reach: Vec<(u32, u32, f64)>,
    /// What a client pays when nobody serves it.
    pub(super) fallback: Vec<f64>,
    /// Whether service costs nothing, so that rows tell only who reaches whom.
    plain: bool,
    /// No facility that is missing from a client's row would serve it for less, nor does its fallback:
    /// what its multiplier in a bound may not exceed.
    pub(super) ceiling: Vec<f64>,
    /// What is paid in any case.
    pub(super) base: f64,
    /// Cost of opening, part of the objective.
    pub(super) opening: Vec<f64>,
    /// What opening takes from the budget.
    pub(super) price: Vec<f64>,
    pub(super) lock: Vec<Lock>,
    pub(super) limit: Limit,
}

impl Service {
    /// Sorts and trims the rows. A facility must be at most once in a row.
    pub(super) fn new(
        rows: &SparseRows,
        fallback: Vec<f64>,
        opening: Vec<f64>,
        price: Vec<f64>,
        lock: Vec<Lock>,
        limit: Limit,
    ) -> Self {
        let mut by_client = SparseRows { first: vec![0], ..SparseRows::default() };
        let mut row: Vec<(u32, f64)> = Vec::new();
        for (client, &most) in fallback.iter().enumerate() {
            row.clear();
            row.extend(rows.row(client).filter(|&(f, c)| c < most && lock[f as usize] != Lock::Shut));
            row.sort_unstable_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
            by_client.push_row(row.iter().copied());
        }
        Self::from_sorted(by_client, fallback.clone(), fallback, opening, price, lock, limit)
    }

    /// Takes rows that are sorted by cost.
    fn from_sorted(
        by_client: SparseRows,
        fallback: Vec<f64>,
        ceiling: Vec<f64>,
        opening: Vec<f64>,
        price: Vec<f64>,
        lock: Vec<Lock>,
        limit: Limit,
    ) -> Self {
        let facilities = opening.len();
        let mut first = vec![0usize; facilities + 1];
        for &f in &by_client.index {
            first[f as usize + 1] += 1;
        }
        for f in 0..facilities {
            first[f + 1] += first[f];
        }
        let mut next = first.clone();
        let mut reach = vec![(0, 0, 0.0); by_client.pairs()];
        for client in 0..by_client.len() {
            for (position, (f, c)) in by_client.row(client).enumerate() {
                reach[next[f as usize]] = (client as u32, position as u32, c);
                next[f as usize] += 1;
            }
        }
        let plain = by_client.value.iter().all(|c| *c == 0.0);
        Self { by_client, first, reach, fallback, plain, ceiling, base: 0.0, opening, price, lock, limit }
    }

    /// Nobody and nothing.
    fn empty() -> Self {
        let rows = SparseRows { first: vec![0], ..SparseRows::default() };
        let none = Vec::new;
        Self::from_sorted(rows, none(), none(), none(), none(), Vec::new(), Limit::NONE)
    }

    pub(super) fn clients(&self) -> usize {
        self.fallback.len()
    }

    pub(super) fn facilities(&self) -> usize {
        self.opening.len()
    }

    /// The (client, position, cost) triples of a facility.
    pub(super) fn reach(&self, facility: usize) -> &[(u32, u32, f64)] {
        &self.reach[self.first[facility]..self.first[facility + 1]]
    }

    /// Facility and cost at a position of a client's row; the fallback where the row has ended.
    fn at(&self, client: usize, position: u32) -> (Option<u32>, f64) {
        let slot = self.by_client.first[client] + position as usize;
        if position == u32::MAX || slot >= self.by_client.first[client + 1] {
            (None, self.fallback[client])
        } else {
            (Some(self.by_client.index[slot]), self.by_client.value[slot])
        }
    }

    /// What a set of open facilities costs, computed afresh, and who serves whom.
    pub(super) fn evaluate(&self, open: &[bool]) -> (f64, Vec<Option<u32>>) {
        let opening: f64 = (0..self.facilities()).filter(|&f| open[f]).map(|f| self.opening[f]).sum();
        let mut served = Vec::with_capacity(self.clients());
        let mut cost = self.base + opening;
        for client in 0..self.clients() {
            let best = self.by_client.row(client).find(|&(f, _)| open[f as usize]);
            cost += best.map_or(self.fallback[client], |(_, c)| c);
            served.push(best.map(|(f, _)| f));
        }
        (cost, served)
    }
}
