//! Maximal covering: the most gain from a limited number of candidates, or within a budget.
//!
//! Each candidate gives each item it reaches a gain; an item takes the best gain among the chosen
//! candidates (with equal gains: it is covered or not, Church & ReVelle 1974). The value of a choice is
//! the sum over items, a monotone submodular function, so greedy choice with lazy evaluation (Minoux
//! 1978) is a sound start; exchanges improve it. The bound is the better of the Lagrangian one and the
//! online submodular one (Leskovec et al. 2007), which for any choice adds the best marginal gains that
//! fit the limit.

use crate::model::said::Bilingual;
use rustc_hash::{FxHashMap, FxHasher};
use smallvec::SmallVec;
use std::hash::Hasher;
use thiserror::Error;

use super::location::solve::{scale_of, solve as solve_service};
use super::location::{Limit, Service};
pub use super::location::{Lock, SparseRows};
use super::{Certified, Work};

/// Candidates, what they cost and what they gain.
#[derive(Clone, Debug)]
pub struct CoverProblem {
    /// Per candidate its (item, gain) pairs; gains that aren't positive are ignored.
    pub gains: SparseRows,
    /// Number of items; items in `gains` are below it.
    pub items: usize,
    /// Price of each candidate, against the budget.
    pub prices: Vec<f64>,
    /// Locks of the candidates. An open one counts towards the number and, with its price, the budget.
    pub locks: Vec<Lock>,
    /// Largest number of chosen candidates.
    pub count: Option<usize>,
    /// Largest sum of prices of chosen candidates.
    pub budget: Option<f64>,
}

/// A choice of candidates and what it gains.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Choice {
    /// The chosen candidates, ascending.
    pub chosen: Vec<u32>,
    /// Per item the chosen candidate that gains most for it (the lowest of equals).
    pub by_item: Vec<Option<u32>>,
}

/// Why there is no choice.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum CoverError {
    /// Arrays of unequal length, an item out of range, or a number that is negative or not finite.
    #[error("the covering problem is not well formed: {0}")]
    Malformed(String),
    /// The candidates locked open exceed the limit by themselves.
    #[error("the candidates locked open are {count} and cost {cost}, more than the limit allows")]
    LockedTooMuch {
        /// Number of candidates locked open.
        count: usize,
        /// Sum of their prices.
        cost: f64,
    },
}

impl Bilingual for CoverError {
    fn zh(&self) -> String {
        match self {
            Self::Malformed(why) => format!("覆盖问题的数据不成立：{why}"),
            Self::LockedTooMuch { count, cost } => {
                format!("锁定开放的候选有 {count} 个、费用 {cost}，超过限额")
            }
        }
    }
}

/// Chooses candidates for the largest total gain within the limits.
///
/// # Errors
/// A malformed problem, or locks that break the limits by themselves.
///
/// # Example
/// ```
/// use covplan::optimise::{Effort, cover::{self, CoverProblem, Lock, SparseRows}};
/// let problem = CoverProblem {
///     gains: SparseRows::from_rows([vec![(0, 1.0), (1, 1.0)], vec![(1, 1.0), (2, 1.0)], vec![(3, 1.5)]]),
///     items: 4,
///     prices: vec![1.0; 3],
///     locks: vec![Lock::Free; 3],
///     count: Some(2),
///     budget: None,
/// };
/// let best = cover::solve(&problem, Effort::NORMAL.into())?;
/// assert_eq!((best.objective, best.bound), (3.5, 3.5));
/// # Ok::<(), cover::CoverError>(())
/// ```
pub fn solve(problem: &CoverProblem, work: Work<'_>) -> Result<Certified<Choice>, CoverError> {
    let candidates = problem.gains.len();
    check(problem)?;
    let Rows { lost, most, total } = Rows::of(problem);
    let limit = Limit {
        at_most: problem.count.unwrap_or(usize::MAX),
        budget: problem.budget.unwrap_or(f64::INFINITY),
        ..Limit::NONE
    };
    let (prices, locks) = (problem.prices.clone(), problem.locks.clone());
    let service = Service::new(&lost, most, vec![0.0; candidates], prices, locks, limit);
    drop(lost);
    let scale = scale_of(&service, true);
    let Some(opened) = solve_service(&service, scale, None, &work) else {
        let locked = (0..candidates).filter(|&c| problem.locks[c] == Lock::Open);
        return Err(CoverError::LockedTooMuch {
            count: locked.clone().count(),
            cost: locked.map(|c| problem.prices[c]).sum(),
        });
    };
    let chosen: Vec<u32> = (0..candidates as u32).filter(|&c| opened.open[c as usize]).collect();
    let (objective, by_item) = value(problem, &chosen);
    let proven = opened.ended == super::Ended::Proven;
    let bound = if proven { objective } else { (total - opened.bound).min(online_bound(problem, &chosen)) };
    Ok(Certified {
        value: Choice { chosen, by_item },
        objective,
        bound: bound.max(objective),
        ended: opened.ended,
    })
}

/// The items as clients who pay what they miss of their best gain.
struct Rows {
    /// Per client what each candidate misses.
    lost: SparseRows,
    /// Per client what it misses when nobody is chosen.
    most: Vec<f64>,
    /// The best gains of all items.
    total: f64,
}

impl Rows {
    /// Of each item the candidates that aren't shut; duplicates count once, at their best. Items that the
    /// same candidates gain the same share of become one client: where coverage counts, whatever lies
    /// within reach of the same candidates.
    fn of(problem: &CoverProblem) -> Self {
        let by_item = problem.gains.transposed(problem.items);
        let mut known: FxHashMap<u64, SmallVec<[u32; 1]>> = FxHashMap::default();
        // Per client its candidates and their shares of the best gain, and the sum of best gains.
        let mut shares = SparseRows::default();
        let mut out = Self { lost: SparseRows::default(), most: Vec::new(), total: 0.0 };
        let mut row: Vec<(u32, f64)> = Vec::new();
        for i in 0..problem.items {
            row.clear();
            row.extend(by_item.row(i).filter(|&(c, g)| g > 0.0 && problem.locks[c as usize] != Lock::Shut));
            if !row.is_sorted_by(|a, b| a.0 < b.0) {
                row.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
                row.dedup_by_key(|p| p.0);
            }
            let most = row.iter().map(|p| p.1).fold(0.0, f64::max);
            out.total += most;
            if row.is_empty() {
                continue;
            }
            row.iter_mut().for_each(|p| p.1 /= most);
            let mut hash = FxHasher::default();
            for &(c, share) in &row {
                hash.write_u32(c);
                hash.write_u64(share.to_bits());
            }
            let same = known.entry(hash.finish()).or_default();
            match same.iter().find(|&&k| shares.row(k as usize).eq(row.iter().copied())) {
                Some(&k) => out.most[k as usize] += most,
                None => {
                    same.push(out.most.len() as u32);
                    shares.push_row(row.iter().copied());
                    out.most.push(most);
                }
            }
        }
        drop(by_item);
        for (k, &most) in out.most.iter().enumerate() {
            out.lost.push_row(shares.row(k).map(|(c, share)| (c, most - most * share)));
        }
        out
    }
}

/// The total gain of a choice, from the problem as given, and the best chosen candidate per item.
#[must_use]
pub fn value(problem: &CoverProblem, chosen: &[u32]) -> (f64, Vec<Option<u32>>) {
    let mut best: Vec<(f64, Option<u32>)> = vec![(0.0, None); problem.items];
    for &c in chosen {
        for (item, gain) in problem.gains.row(c as usize) {
            if gain > best[item as usize].0 {
                best[item as usize] = (gain, Some(c));
            }
        }
    }
    (best.iter().map(|b| b.0).sum(), best.into_iter().map(|b| b.1).collect())
}

/// Per item the best gain among the chosen candidates.
fn best_gains(problem: &CoverProblem, chosen: &[u32]) -> Vec<f64> {
    let mut best = vec![0.0f64; problem.items];
    for &c in chosen {
        for (item, gain) in problem.gains.row(c as usize) {
            best[item as usize] = best[item as usize].max(gain);
        }
    }
    best
}

/// What no choice within the limits can exceed, by the marginal gains on top of `chosen`: for any choice
/// T, value(T) ≤ value(chosen ∪ T) ≤ value(chosen) + the sum of T's marginal gains.
#[must_use]
pub fn online_bound(problem: &CoverProblem, chosen: &[u32]) -> f64 {
    let best = best_gains(problem, chosen);
    let base: f64 = best.iter().sum();
    let (mut room, mut left) = (problem.count.unwrap_or(usize::MAX), problem.budget.unwrap_or(f64::INFINITY));
    let mut offers: Vec<(f64, f64)> = Vec::new();
    let mut bound = base;
    for c in 0..problem.gains.len() {
        let marginal: f64 = problem.gains.row(c).map(|(i, g)| (g - best[i as usize]).max(0.0)).sum();
        match problem.locks[c] {
            Lock::Shut => {}
            Lock::Open => {
                bound += marginal;
                room = room.saturating_sub(1);
                left -= problem.prices[c];
            }
            Lock::Free if marginal > 0.0 => offers.push((marginal, problem.prices[c])),
            Lock::Free => {}
        }
    }
    offers.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let by_count: f64 = offers.iter().take(room).map(|o| o.0).sum();
    offers.sort_unstable_by(|a, b| (b.0 * a.1.max(1e-12)).total_cmp(&(a.0 * b.1.max(1e-12))));
    let mut by_budget = 0.0;
    for (gain, price) in offers {
        let share = if price <= left { 1.0 } else { (left / price).max(0.0) };
        by_budget += share * gain;
        left -= share * price;
    }
    bound + by_count.min(by_budget)
}

fn check(problem: &CoverProblem) -> Result<(), CoverError> {
    let n = problem.gains.len();
    let malformed = |what: &str| Err(CoverError::Malformed(what.to_owned()));
    if problem.prices.len() != n || problem.locks.len() != n {
        return malformed("prices and locks must have one value per candidate");
    }
    if problem.gains.indices().iter().any(|&i| i as usize >= problem.items) {
        return malformed("an item is out of range");
    }
    if problem.gains.values().iter().any(|g| !g.is_finite()) {
        return malformed("a gain is not finite");
    }
    if problem.prices.iter().any(|p| !p.is_finite() || *p < 0.0) {
        return malformed("a price is negative or not finite");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::optimise::Effort;

    prop_compose! {
        fn problems()(n in 1usize..9, items in 1usize..10)(
            items in Just(items),
            gains in prop::collection::vec(prop::collection::vec((0..items as u32, 0u32..9), 0..7), n),
            prices in prop::collection::vec(0u32..8, n),
            locks in prop::collection::vec(prop_oneof![6 => Just(Lock::Free), 1 => Just(Lock::Open), 1 => Just(Lock::Shut)], n),
            count in prop::option::of(1usize..6),
            budget in prop::option::of(3u32..20),
        ) -> CoverProblem {
            CoverProblem {
                gains: SparseRows::from_rows(gains.into_iter().map(|r| r.into_iter().map(|(i, g)| (i, f64::from(g) / 4.0)).collect::<Vec<_>>())),
                items,
                prices: prices.into_iter().map(f64::from).collect(),
                locks,
                count,
                budget: budget.map(f64::from),
            }
        }
    }

    fn optimum(p: &CoverProblem) -> Option<f64> {
        (0u32..1 << p.gains.len())
            .filter_map(|set| {
                let chosen: Vec<u32> = (0..p.gains.len() as u32).filter(|c| set >> c & 1 == 1).collect();
                let cost: f64 = chosen.iter().map(|&c| p.prices[c as usize]).sum();
                let locks = p.locks.iter().enumerate().all(|(c, l)| match l {
                    Lock::Free => true,
                    Lock::Open => set >> c & 1 == 1,
                    Lock::Shut => set >> c & 1 == 0,
                });
                let fits = chosen.len() <= p.count.unwrap_or(99) && cost <= p.budget.unwrap_or(f64::INFINITY);
                (locks && fits).then(|| value(p, &chosen).0)
            })
            .max_by(f64::total_cmp)
    }

    #[test]
    fn items_within_reach_of_the_same_candidates_are_one_client() {
        let p = CoverProblem {
            gains: SparseRows::from_rows([
                vec![(0, 2.0), (1, 3.0), (2, 4.0), (3, 1.0), (5, 1.0)],
                vec![(0, 2.0), (1, 3.0), (2, 4.0), (3, 2.0), (5, 2.0)],
                vec![(2, 4.0), (1, 0.0), (5, 7.0)],
            ]),
            items: 6,
            prices: vec![1.0; 3],
            locks: vec![Lock::Free, Lock::Free, Lock::Shut],
            count: Some(1),
            budget: None,
        };
        // 0, 1 and 2 are covered by the first two alike; 3 and 5 by half as much by the first.
        let rows = Rows::of(&p);
        assert_eq!((rows.most, rows.total), (vec![9.0, 4.0], 13.0));
        assert_eq!(rows.lost, SparseRows::from_rows([[(0, 0.0), (1, 0.0)], [(0, 2.0), (1, 0.0)]]));
        assert_eq!(solve(&p, Effort::LOW.into()).unwrap().objective, 13.0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn value_optimum_and_bound_are_in_order(p in problems()) {
            match (solve(&p, Effort::LOW.into()), optimum(&p)) {
                (Ok(found), Some(best)) => {
                    prop_assert_eq!(value(&p, &found.value.chosen).0, found.objective);
                    let cost: f64 = found.value.chosen.iter().map(|&c| p.prices[c as usize]).sum();
                    prop_assert!(cost <= p.budget.unwrap_or(f64::INFINITY));
                    prop_assert!(found.value.chosen.len() <= p.count.unwrap_or(usize::MAX));
                    for (c, l) in p.locks.iter().enumerate() {
                        let chosen = found.value.chosen.contains(&(c as u32));
                        prop_assert!(*l == Lock::Free || chosen == (*l == Lock::Open));
                    }
                    prop_assert!(found.objective <= best && best <= found.bound + 1e-9, "{} {} {}", found.objective, best, found.bound);
                    prop_assert!(online_bound(&p, &found.value.chosen) >= best - 1e-9);
                    prop_assert!(found.objective >= 0.9 * best, "poor: {} {}", found.objective, best);
                }
                (Err(CoverError::LockedTooMuch { .. }), None) => {}
                (found, best) => prop_assert!(false, "{found:?} {best:?}"),
            }
        }
    }
}
