//! Set cover: every item covered, at least cost.
//!
//! Greedy by cost per newly covered item (Chvátal 1979), removal of what became redundant, and exchanges
//! give a cover; Lagrangian multipliers on the items give the bound and, through the reduced costs, a
//! better order for the greedy (Caprara, Fischetti & Toth 1999; Beasley 1990).

pub(super) mod dive;
pub(super) mod greedy;
mod reduce;
pub(super) mod weighting;

use crate::model::said::Bilingual;
use thiserror::Error;

use self::reduce::Reduced;
use super::location::solve::{Style, allowance, solve_within};
use super::location::{Limit, Lock, Service, SparseRows};
use super::{Certified, Ended, Meter, Work, grid};

/// Sets, what they cost and what they cover.
#[derive(Clone, Debug)]
pub struct SetCoverProblem {
    /// Per item the sets that cover it; the values beside them are ignored.
    pub covered_by: SparseRows,
    /// Cost of each set, not negative.
    pub costs: Vec<f64>,
    /// Locks of the sets.
    pub locks: Vec<Lock>,
}

/// Why there is no cover.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum SetCoverError {
    /// Arrays of unequal length, a set out of range, or a cost that is negative or not finite.
    #[error("the covering problem is not well formed: {0}")]
    Malformed(String),
    /// Items that no set covers, or only sets that are locked shut.
    #[error("{} items can't be covered by any candidate", .items.len())]
    Uncoverable {
        /// The items.
        items: Vec<u32>,
    },
}

impl Bilingual for SetCoverError {
    fn zh(&self) -> String {
        match self {
            Self::Malformed(why) => format!("覆盖问题的数据不成立：{why}"),
            Self::Uncoverable { items } => format!("{} 项无法被任何候选覆盖", items.len()),
        }
    }
}

/// Chooses sets of least total cost that cover every item; the answer lists them in ascending order.
///
/// # Errors
/// A malformed problem, or items that nothing covers.
///
/// # Example
/// ```
/// use covplan::optimise::{Effort, cover::{Lock, SparseRows}, set_cover::{self, SetCoverProblem}};
/// let problem = SetCoverProblem {
///     covered_by: SparseRows::from_rows([vec![(0, 1.0), (2, 1.0)], vec![(1, 1.0), (2, 1.0)]]),
///     costs: vec![1.0, 1.0, 1.5],
///     locks: vec![Lock::Free; 3],
/// };
/// let best = set_cover::solve(&problem, Effort::NORMAL.into())?;
/// assert_eq!((best.value.as_slice(), best.bound), (&[2][..], 1.5));
/// # Ok::<(), set_cover::SetCoverError>(())
/// ```
pub fn solve(problem: &SetCoverProblem, work: Work<'_>) -> Result<Certified<Vec<u32>>, SetCoverError> {
    check(problem)?;
    let rows = usable_rows(problem);
    let reduced = reduce::reduce(&rows, &problem.costs, &problem.locks, MOST_REDUCING);
    let service = service_of(&rows, &problem.costs, &reduced);
    let scale = grid(problem.costs.iter().copied());
    let mut meter = work.meter(allowance(&service));
    let below = 2.0 * problem.costs.iter().sum::<f64>() + 1.0;
    let found = solve_within(&service, scale, None, Style::Cover { below, any: false }, &work, &mut meter);
    let opened = found.filter(|o| o.open.len() == problem.costs.len());
    // Every item has a set that isn't shut, so all sets together are a cover.
    let (open, raw, ended) = opened.map_or_else(
        || (problem.locks.iter().map(|l| *l != Lock::Shut).collect(), 0.0, Ended::Worked),
        |o| (o.open, o.bound, o.ended),
    );
    let value: Vec<u32> = (0..open.len() as u32).filter(|&s| open[s as usize]).collect();
    let objective: f64 = value.iter().map(|&s| problem.costs[s as usize]).sum();
    let bound = if ended == Ended::Proven { objective } else { raw.min(objective) };
    Ok(Certified { value, objective, bound, ended })
}

/// Steps that reductions may take.
const MOST_REDUCING: u64 = 400_000_000;

/// Whether some number of sets covers everything.
pub(super) enum Within {
    /// These do.
    Yes(Vec<u32>),
    /// None do.
    No,
    /// The work ended first.
    Unknown,
}

/// Tells whether at most `most` of `sets` cover all rows, which hold no duplicates.
pub(super) fn within(
    rows: &SparseRows,
    sets: usize,
    most: usize,
    work: &Work<'_>,
    meter: &mut Meter<'_>,
) -> Within {
    let (costs, locks) = (vec![1.0; sets], vec![Lock::Free; sets]);
    if (0..rows.len()).any(|i| rows.row(i).len() == 0) {
        return Within::No;
    }
    let reduced = reduce::reduce(rows, &costs, &locks, MOST_REDUCING);
    let service = service_of(rows, &costs, &reduced);
    let below = most as f64 + 1.0;
    let found = solve_within(&service, Some(1.0), None, Style::Cover { below, any: true }, work, meter);
    match found {
        Some(o) if o.open.len() == sets && sets > 0 => {
            Within::Yes((0..sets as u32).filter(|&s| o.open[s as usize]).collect())
        }
        Some(o) if o.bound < below => Within::Unknown,
        _ => Within::No,
    }
}

/// The rows without duplicates and without sets that are shut.
fn usable_rows(problem: &SetCoverProblem) -> SparseRows {
    SparseRows::from_rows((0..problem.covered_by.len()).map(|i| {
        let row = problem.covered_by.row(i).map(|p| p.0);
        let mut sets: Vec<u32> = row.filter(|&s| problem.locks[s as usize] != Lock::Shut).collect();
        sets.sort_unstable();
        sets.dedup();
        sets.into_iter().map(|s| (s, 1.0))
    }))
}

/// Items as clients that are served for nothing; one that isn't costs more than all sets.
fn service_of(rows: &SparseRows, costs: &[f64], reduced: &Reduced) -> Service {
    let kept = (0..rows.len()).filter(|&i| reduced.items[i]);
    let free = SparseRows::from_rows(kept.map(|i| rows.row(i).map(|p| (p.0, 0.0))));
    let fallback = vec![1.0 + costs.iter().sum::<f64>(); free.len()];
    Service::new(&free, fallback, costs.to_vec(), vec![0.0; costs.len()], reduced.locks.clone(), Limit::NONE)
}

fn check(problem: &SetCoverProblem) -> Result<(), SetCoverError> {
    let n = problem.costs.len();
    let malformed = |what: &str| Err(SetCoverError::Malformed(what.to_owned()));
    if problem.locks.len() != n {
        return malformed("locks must have one value per set");
    }
    if problem.covered_by.indices().iter().any(|&s| s as usize >= n) {
        return malformed("a set is out of range");
    }
    if problem.costs.iter().any(|c| !c.is_finite() || *c < 0.0) {
        return malformed("a cost is negative or not finite");
    }
    let usable = |s: u32| problem.locks[s as usize] != Lock::Shut;
    let items: Vec<u32> = (0..problem.covered_by.len() as u32)
        .filter(|&i| !problem.covered_by.row(i as usize).any(|(s, _)| usable(s)))
        .collect();
    if items.is_empty() { Ok(()) } else { Err(SetCoverError::Uncoverable { items }) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::optimise::Effort;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn cover_optimum_and_bound_are_in_order(
            rows in prop::collection::vec(prop::collection::vec(0u32..9, 0..5), 1..9),
            costs in prop::collection::vec(0u32..7, 9),
            locks in prop::collection::vec(prop_oneof![6 => Just(Lock::Free), 1 => Just(Lock::Open), 1 => Just(Lock::Shut)], 9),
        ) {
            let p = SetCoverProblem {
                covered_by: SparseRows::from_rows(rows.iter().map(|r| r.iter().map(|&s| (s, 1.0)))),
                costs: costs.iter().map(|&c| f64::from(c)).collect(),
                locks: locks.clone(),
            };
            let best = (0u32..1 << 9)
                .filter(|set| {
                    locks.iter().enumerate().all(|(s, l)| match l {
                        Lock::Free => true,
                        Lock::Open => set >> s & 1 == 1,
                        Lock::Shut => set >> s & 1 == 0,
                    }) && rows.iter().all(|r| r.iter().any(|s| set >> s & 1 == 1))
                })
                .map(|set| (0..9).filter(|s| set >> s & 1 == 1).map(|s| p.costs[s]).sum::<f64>())
                .min_by(f64::total_cmp);
            match (solve(&p, Effort::LOW.into()), best) {
                (Ok(found), Some(best)) => {
                    for r in &rows {
                        prop_assert!(r.iter().any(|s| found.value.contains(s)));
                    }
                    for (s, l) in locks.iter().enumerate() {
                        prop_assert!(*l == Lock::Free || found.value.contains(&(s as u32)) == (*l == Lock::Open));
                    }
                    prop_assert!(found.bound <= best && best <= found.objective);
                    prop_assert_eq!(found.objective, best);
                }
                (Err(SetCoverError::Uncoverable { items }), None) => {
                    for i in items {
                        prop_assert!(rows[i as usize].iter().all(|&s| locks[s as usize] == Lock::Shut));
                    }
                }
                (found, best) => prop_assert!(false, "{found:?} {best:?}"),
            }
        }
    }
}
