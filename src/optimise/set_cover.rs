//! Set cover: every item covered, at least cost.
//!
//! Greedy by cost per newly covered item (Chvátal 1979), removal of what became redundant, and exchanges
//! give a cover; Lagrangian multipliers on the items give the bound and, through the reduced costs, a
//! better order for the greedy (Caprara, Fischetti & Toth 1999; Beasley 1990).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use thiserror::Error;

use super::location::{Lock, SparseRows};
use super::{Certified, Draw, Ended, Meter, TOLERANCE, Work, grid, relative_gap, round_up};

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
    let core = Core::new(problem);
    let scale = grid(problem.costs.iter().copied());
    let size = (core.rows.pairs() + core.rows.len() + problem.costs.len()) as u64;
    let mut meter = work.meter(3_000_000 + 60 * size);
    let mut search = Search {
        core: &core,
        best: Vec::new(),
        cost: f64::INFINITY,
        bound: 0.0,
        scale,
        draw: Draw::new(work.seed),
        work: &work,
        shut: core.locked.iter().map(|l| *l == Lock::Shut).collect(),
    };
    search.run(&mut meter);
    let mut chosen = search.best.clone();
    chosen.sort_unstable();
    let objective: f64 = chosen.iter().map(|&s| problem.costs[s as usize]).sum();
    let bound = round_up(search.bound, scale).min(objective);
    let proven = relative_gap(objective, bound) <= TOLERANCE;
    Ok(Certified {
        value: chosen,
        objective,
        bound: if proven { objective } else { bound },
        ended: match (proven, meter.stopped()) {
            (true, _) => Ended::Proven,
            (_, true) => Ended::Stopped,
            _ => Ended::Worked,
        },
    })
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

/// The problem from both sides, without duplicates.
struct Core {
    /// Item → sets.
    rows: SparseRows,
    /// Set → items.
    columns: SparseRows,
    cost: Vec<f64>,
    locked: Vec<Lock>,
}

impl Core {
    fn new(problem: &SetCoverProblem) -> Self {
        let rows = SparseRows::from_rows((0..problem.covered_by.len()).map(|i| {
            let mut sets: Vec<u32> = problem
                .covered_by
                .row(i)
                .map(|(s, _)| s)
                .filter(|&s| problem.locks[s as usize] != Lock::Shut)
                .collect();
            sets.sort_unstable();
            sets.dedup();
            sets.into_iter().map(|s| (s, 1.0))
        }));
        let columns = rows.transposed(problem.costs.len());
        Self { rows, columns, cost: problem.costs.clone(), locked: problem.locks.clone() }
    }
}

struct Search<'c, 'w> {
    core: &'c Core,
    best: Vec<u32>,
    cost: f64,
    bound: f64,
    scale: Option<f64>,
    draw: Draw,
    work: &'w Work<'w>,
    /// Sets that are in no cover worth finding.
    shut: Vec<bool>,
}

impl Search<'_, '_> {
    fn done(&self) -> bool {
        self.work.close_enough(self.cost, round_up(self.bound, self.scale).min(self.cost))
    }

    fn offer(&mut self, cover: Vec<u32>) {
        let cost = cover.iter().map(|&s| self.core.cost[s as usize]).sum();
        if cost < self.cost {
            (self.best, self.cost) = (cover, cost);
        }
    }

    fn run(&mut self, meter: &mut Meter<'_>) {
        let core = self.core;
        let mut free = Meter::new(u64::MAX, super::Stop::NEVER);
        let first = self.greedy(&[], &core.cost.clone(), &mut free);
        self.offer(first);
        // Each item starts at its share in the cheapest set that covers it.
        let mut u: Vec<f64> = (0..core.rows.len())
            .map(|i| {
                core.rows
                    .row(i)
                    .map(|(s, _)| core.cost[s as usize] / core.columns.row(s as usize).len() as f64)
                    .fold(f64::INFINITY, f64::min)
            })
            .collect();
        for pass in 0u32.. {
            u = self.ascend(u, meter);
            if self.done() || !meter.open() || (pass > 2 && core.rows.is_empty()) {
                return;
            }
            let tries = 20 + 20 * pass.min(20);
            for _ in 0..tries {
                self.rebuild_part(meter);
                if self.done() || !meter.open() {
                    return;
                }
            }
            // Start again near the best multipliers, elsewhere.
            for v in &mut u {
                *v *= 0.9 + 0.2 * self.draw.unit();
            }
        }
    }

    /// Subgradient steps; on the way, covers by reduced cost, and sets that are too dear are shut.
    fn ascend(&mut self, start: Vec<f64>, meter: &mut Meter<'_>) -> Vec<f64> {
        let core = self.core;
        let mut u = start;
        let (mut best, mut best_u) = (f64::NEG_INFINITY, u.clone());
        let mut step = 0.5;
        let mut since = 0u32;
        let mut direction = vec![0.0; core.rows.len()];
        for round in 0..1500u32 {
            let (value, reduced) = self.relax(&u);
            if !meter.spend((core.rows.pairs() + core.cost.len()) as u64) {
                break;
            }
            if value > best + 1e-9 * value.abs() {
                if value > best + 1e-4 * value.abs() {
                    since = 0;
                }
                best = value;
                best_u.clone_from(&u);
                self.bound = self.bound.max(value);
            }
            since += 1;
            if round % 12 == 0 {
                let cover = self.greedy(&[], &reduced, meter);
                self.offer(cover);
            }
            self.shut_dear(value, &reduced);
            if self.done() {
                break;
            }
            if since > 25 {
                since = 0;
                step *= 0.6;
                u.clone_from(&best_u);
                direction.fill(0.0);
                if step < 1e-3 {
                    break;
                }
                continue;
            }
            let taken: Vec<bool> = (0..core.cost.len())
                .map(|s| core.locked[s] == Lock::Open || (!self.shut[s] && reduced[s] < 0.0))
                .collect();
            let mut norm = 0.0;
            for (i, d) in direction.iter_mut().enumerate() {
                let covers = core.rows.row(i).filter(|&(s, _)| taken[s as usize]).count();
                let mut slope = 1.0 - covers as f64;
                if u[i] <= 0.0 && slope < 0.0 {
                    slope = 0.0;
                }
                *d = 0.7 * slope + 0.3 * *d;
                norm += *d * *d;
            }
            if norm < 1e-12 {
                break;
            }
            let length = step * (1.01 * self.cost - value).max(1e-6 * self.cost) / norm;
            for (v, d) in u.iter_mut().zip(&direction) {
                *v = (*v + length * d).max(0.0);
            }
        }
        best_u
    }

    fn relax(&self, u: &[f64]) -> (f64, Vec<f64>) {
        let core = self.core;
        let mut value: f64 = u.iter().sum();
        let reduced: Vec<f64> = (0..core.cost.len())
            .map(|s| core.cost[s] - core.columns.row(s).map(|(i, _)| u[i as usize]).sum::<f64>())
            .collect();
        for (s, &r) in reduced.iter().enumerate() {
            match core.locked[s] {
                Lock::Open => value += r,
                _ if !self.shut[s] => value += r.min(0.0),
                _ => {}
            }
        }
        (value, reduced)
    }

    fn shut_dear(&mut self, value: f64, reduced: &[f64]) {
        let limit = self.cost - self.scale.map_or(-1e-9 * self.cost, |s| (1.0 - 1e-3) / s);
        for (s, &r) in reduced.iter().enumerate() {
            if self.core.locked[s] == Lock::Free && value + r.max(0.0) > limit {
                self.shut[s] = true;
            }
        }
    }

    /// Completes `kept` to a cover, cheapest per newly covered item first, by the costs given (sets of
    /// negative cost come in at once); then takes out what is redundant, dearest first.
    ///
    /// Sets ruled out take part only where nothing else covers an item.
    fn greedy(&self, kept: &[u32], price: &[f64], meter: &mut Meter<'_>) -> Vec<u32> {
        let core = self.core;
        let mut times = vec![0u32; core.rows.len()];
        let mut inside = vec![false; core.cost.len()];
        let mut cover: Vec<u32> = Vec::new();
        let mut missing = core.rows.len();
        let take = |s: u32, cover: &mut Vec<u32>, inside: &mut Vec<bool>, times: &mut Vec<u32>| {
            if std::mem::replace(&mut inside[s as usize], true) {
                return 0;
            }
            cover.push(s);
            let mut fresh = 0;
            for (i, _) in core.columns.row(s as usize) {
                fresh += usize::from(times[i as usize] == 0);
                times[i as usize] += 1;
            }
            fresh
        };
        let all = (0..core.cost.len() as u32).filter(|&s| core.locked[s as usize] == Lock::Open);
        for s in all.chain(kept.iter().copied()) {
            missing -= take(s, &mut cover, &mut inside, &mut times);
        }
        let mut steps = (core.rows.len() + core.cost.len()) as u64;
        for allow_shut in [false, true] {
            if missing == 0 {
                break;
            }
            let fresh = |s: u32, times: &[u32]| {
                core.columns.row(s as usize).filter(|&(i, _)| times[i as usize] == 0).count()
            };
            let rate = |s: u32, fresh: usize| {
                let p = price[s as usize];
                if p > 0.0 { p / fresh as f64 } else { p * fresh as f64 }
            };
            let mut queue: BinaryHeap<Reverse<(Rate, u32)>> = (0..core.cost.len() as u32)
                .filter(|&s| {
                    (allow_shut || !self.shut[s as usize])
                        && core.locked[s as usize] != Lock::Shut
                        && !inside[s as usize]
                })
                .filter_map(|s| {
                    let n = fresh(s, &times);
                    (n > 0).then(|| Reverse((Rate(rate(s, n)), s)))
                })
                .collect();
            steps += core.rows.pairs() as u64;
            while missing > 0 {
                let Some(Reverse((_, s))) = queue.pop() else { break };
                let n = fresh(s, &times);
                steps += core.columns.row(s as usize).len() as u64;
                if n == 0 {
                    continue;
                }
                let now = Reverse((Rate(rate(s, n)), s));
                if queue.peek().is_some_and(|next| *next > now) {
                    queue.push(now);
                } else {
                    missing -= take(s, &mut cover, &mut inside, &mut times);
                }
            }
        }
        meter.spend(steps);
        cover.sort_unstable_by(|&a, &b| {
            core.cost[b as usize].total_cmp(&core.cost[a as usize]).then(b.cmp(&a))
        });
        cover.retain(|&s| {
            let redundant = core.locked[s as usize] != Lock::Open
                && core.columns.row(s as usize).all(|(i, _)| times[i as usize] > 1);
            if redundant {
                for (i, _) in core.columns.row(s as usize) {
                    times[i as usize] -= 1;
                }
            }
            !redundant
        });
        cover
    }

    /// Takes some sets out of the best cover, most of them near one another, and completes it anew.
    fn rebuild_part(&mut self, meter: &mut Meter<'_>) {
        let core = self.core;
        if self.best.is_empty() {
            return;
        }
        let share = 0.1 + 0.4 * self.draw.unit();
        let kept: Vec<u32> = self.best.iter().copied().filter(|_| self.draw.unit() > share).collect();
        let price: Vec<f64> = core.cost.iter().map(|c| c * (0.9 + 0.2 * self.draw.unit())).collect();
        let cover = self.greedy(&kept, &price, meter);
        self.offer(cover);
    }
}

/// A float with a total order.
#[derive(Clone, Copy, PartialEq)]
struct Rate(f64);
impl Eq for Rate {}
impl PartialOrd for Rate {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Rate {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
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
