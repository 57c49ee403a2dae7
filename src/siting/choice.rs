//! Which places to build on: the cheapest choice that lifts every site that can be lifted, or the choice
//! that gains most within a budget. Both come with a proven bound.

use crate::model::kinds;
use crate::model::operators::NetworkId;
use crate::model::said::Bilingual;
use crate::model::words::yuan;
use crate::model::words::yuan_zh;
use crate::optimise::cover::{self, CoverError, CoverProblem, Lock, SparseRows};
use crate::optimise::set_cover::{self, SetCoverError, SetCoverProblem};
use crate::optimise::{Certified, Work};

/// A site whose best attainable score stays below target is still lifted as far as it goes, if that is at
/// least this many points.
const WORTHWHILE_POINTS: f64 = 5.0;
/// Options within this many points of the best attainable count as reaching it.
const AS_GOOD_POINTS: f64 = 1.0;

/// A station that could be built: a place and the network that it would join.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RadioOption {
    /// Index of the place.
    pub place: u32,
    /// Network.
    pub network: NetworkId,
    /// Price against the budget, yuan.
    pub price_cny: f64,
    /// The planner's decision.
    pub lock: kinds::Lock,
}

/// What one option alone would make of one site.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lift {
    /// Index of the site among [`Problem::sites`].
    pub site: u32,
    /// Its score with that option.
    pub score: f64,
}

/// A site that lacks radio coverage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Need {
    /// Score without any option, points.
    pub now: f64,
    /// Weight.
    pub weight: f64,
}

/// Sites, options, and what each option does for each site.
#[derive(Clone, Debug, Default)]
pub struct Problem {
    /// Sites below target.
    pub sites: Vec<Need>,
    /// Options.
    pub options: Vec<RadioOption>,
    /// Per option the sites that it lifts.
    pub lifts: Vec<Vec<Lift>>,
    /// Score to reach.
    pub target: f64,
    /// Score beyond which points don't count as gain.
    pub cap: f64,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Goal {
    /// Lift every site to target, or as far as it can be lifted, at least cost.
    LiftAll,
    /// Gain as many weighted points as the budget allows.
    Budget {
        /// Yuan.
        cny: f64,
    },
}

/// The options chosen.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// Indices of options, ascending.
    pub options: Vec<u32>,
    /// Per site the chosen option that lifts it most, if any does.
    pub by_site: Vec<Option<u32>>,
    /// Sites that no option lifts far enough to count.
    pub beyond_reach: Vec<u32>,
    /// Weighted points gained, points beyond [`Problem::cap`] not counted.
    pub gain: f64,
    /// Sites at target.
    pub at_target: usize,
}

/// Why there is no choice.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SitingError {
    /// The options locked open cost more than the budget.
    #[error("the options locked open cost {}, more than the budget of {}", yuan(*cost_cny), yuan(*budget_cny))]
    LockedBeyondBudget {
        /// Indices of the options locked open.
        options: Vec<u32>,
        /// What they cost.
        cost_cny: f64,
        /// The budget.
        budget_cny: f64,
    },
    /// The covering problem can't be solved.
    #[error(transparent)]
    Cover(#[from] CoverError),
    /// The set-covering problem can't be solved.
    #[error(transparent)]
    SetCover(#[from] SetCoverError),
}

impl Bilingual for SitingError {
    fn zh(&self) -> String {
        match self {
            Self::LockedBeyondBudget { cost_cny, budget_cny, .. } => {
                format!("锁定开放的方案费用为 {}，超过预算 {}", yuan_zh(*cost_cny), yuan_zh(*budget_cny))
            }
            Self::Cover(e) => e.zh(),
            Self::SetCover(e) => e.zh(),
        }
    }
}

impl Problem {
    /// What a set of options, ascending, comes to.
    #[must_use]
    pub fn outcome(&self, options: Vec<u32>) -> Choice {
        let goals = self.goals();
        let beyond_reach = (0u32..).zip(&goals).filter(|(_, g)| g.is_none()).map(|(i, _)| i).collect();
        let (gain, by_site) = cover::value(&self.covering(None), &options);
        let reaches = |site: u32, option: u32| {
            self.lifts[option as usize].iter().any(|l| l.site == site && l.score >= self.target)
        };
        let at_target =
            (0u32..).zip(&by_site).filter(|(site, by)| by.is_some_and(|o| reaches(*site, o))).count();
        Choice { options, by_site, beyond_reach, gain, at_target }
    }

    /// Weighted points that a lift is worth.
    #[must_use]
    pub fn gain(&self, lift: &Lift) -> f64 {
        let need = &self.sites[lift.site as usize];
        need.weight * (lift.score.min(self.cap) - need.now.min(self.cap)).max(0.0)
    }

    fn locked_open(&self) -> Vec<u32> {
        let open = |(_, o): &(u32, &RadioOption)| o.lock == kinds::Lock::Open;
        (0u32..).zip(&self.options).filter(open).map(|(i, _)| i).collect()
    }

    fn covering(&self, budget: Option<f64>) -> CoverProblem {
        CoverProblem {
            gains: SparseRows::from_rows(
                self.lifts.iter().map(|row| row.iter().map(|l| (l.site, self.gain(l)))),
            ),
            items: self.sites.len(),
            prices: self.options.iter().map(|o| o.price_cny).collect(),
            locks: self.options.iter().map(|o| lock(o.lock)).collect(),
            count: None,
            budget,
        }
    }

    /// Least score at which each site counts as lifted; `None` when nothing worthwhile is in reach.
    #[must_use]
    pub fn goals(&self) -> Vec<Option<f64>> {
        let mut best = vec![f64::NEG_INFINITY; self.sites.len()];
        let open = self.options.iter().zip(&self.lifts).filter(|(o, _)| o.lock != kinds::Lock::Shut);
        for lift in open.flat_map(|(_, row)| row) {
            let b = &mut best[lift.site as usize];
            *b = b.max(lift.score);
        }
        best.iter()
            .zip(&self.sites)
            .map(|(&best, need)| {
                if best >= self.target {
                    Some(self.target)
                } else {
                    (best >= need.now + WORTHWHILE_POINTS).then_some(best - AS_GOOD_POINTS)
                }
            })
            .collect()
    }
}

fn lock(lock: kinds::Lock) -> Lock {
    match lock {
        kinds::Lock::Free => Lock::Free,
        kinds::Lock::Open => Lock::Open,
        kinds::Lock::Shut => Lock::Shut,
    }
}

/// Chooses options for a goal. The objective is yuan to be least ([`Goal::LiftAll`]) or weighted points to
/// be most ([`Goal::Budget`]).
///
/// # Errors
/// Locks that break the budget by themselves.
pub fn choose(problem: &Problem, goal: Goal, work: Work<'_>) -> Result<Certified<Choice>, SitingError> {
    let goals = problem.goals();
    let found = match goal {
        Goal::Budget { cny } => cover::solve(&problem.covering(Some(cny)), work)
            .map_err(|e| match e {
                CoverError::LockedTooMuch { cost, .. } => SitingError::LockedBeyondBudget {
                    options: problem.locked_open(),
                    cost_cny: cost,
                    budget_cny: cny,
                },
                other => other.into(),
            })?
            .map(|c| c.chosen),
        Goal::LiftAll => {
            // Sites out of reach make no demand; the rest are numbered anew.
            let mut number = vec![None; problem.sites.len()];
            let mut wanted = 0u32;
            for (slot, goal) in number.iter_mut().zip(&goals) {
                if goal.is_some() {
                    *slot = Some(wanted);
                    wanted += 1;
                }
            }
            let mut covered_by = vec![Vec::new(); wanted as usize];
            for (option, row) in (0u32..).zip(&problem.lifts) {
                for l in row.iter().filter(|l| goals[l.site as usize].is_some_and(|g| l.score >= g)) {
                    if let Some(item) = number[l.site as usize] {
                        covered_by[item as usize].push((option, 1.0));
                    }
                }
            }
            let task = SetCoverProblem {
                covered_by: SparseRows::from_rows(covered_by),
                costs: problem.options.iter().map(|o| o.price_cny).collect(),
                locks: problem.options.iter().map(|o| lock(o.lock)).collect(),
            };
            set_cover::solve(&task, work)?
        }
    };
    Ok(found.map(|options| problem.outcome(options)))
}
