//! Facility location: which candidates to open, and who serves whom, at least cost.
//!
//! Clients come with sparse lists of the facilities that may serve them and what that costs, so that a
//! country fits. Three problems share the input: p-median (a number of facilities is given), plain
//! facility location (opening costs decide the number), and, with capacities, the capacitated problem in
//! which each client has a single source.

mod assignment;
mod relax;
mod single;
mod split;
mod transport;

use crate::model::said::Bilingual;
use thiserror::Error;

use super::location::solve::solve as solve_service;
use super::location::{Limit, Service};
pub use super::location::{Lock, SparseRows};
use super::set_cover::{self, SetCoverProblem};
use super::{Certified, Ended, Work, grid};

/// Clients, candidate facilities and the rules between them.
#[derive(Clone, Debug)]
pub struct FacilityProblem {
    /// Per client the (facility, cost) pairs it may be served at; cost is for all of its demand.
    pub service: SparseRows,
    /// Opening cost of each facility; zero for what is open already.
    pub opening: Vec<f64>,
    /// Locks of the facilities. One locked open counts towards the number.
    pub locks: Vec<Lock>,
    /// How many facilities are to be open.
    pub count: Count,
    /// Capacities and demands, where facilities can fill up.
    pub capacity: Option<Capacity>,
    /// Where the lists are cut off: per client a cost that no facility missing from its list undercuts
    /// (infinite where none is missing). Without it, only what is listed can serve.
    pub beyond: Option<Vec<f64>>,
}

/// A rule for the number of open facilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// As many as pay.
    Any,
    /// No more than this.
    AtMost(usize),
    /// This many.
    Exactly(usize),
}

/// Capacities of facilities and demands of clients, in one unit of the caller's choice.
#[derive(Clone, Debug, PartialEq)]
pub struct Capacity {
    /// Capacity of each facility.
    pub of: Vec<f64>,
    /// Demand of each client.
    pub demand: Vec<f64>,
}

/// Open facilities and the facility that serves each client.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Placement {
    /// The open facilities, ascending.
    pub open: Vec<u32>,
    /// Per client the facility that serves it.
    pub assignment: Vec<u32>,
}

/// Why there is no placement.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum FacilityError {
    /// Arrays of unequal length, an index out of range, or a number that is negative or not finite.
    #[error("the facility location problem is not well formed: {0}")]
    Malformed(String),
    /// Clients that no usable facility can serve.
    #[error("{} clients can't be served by any candidate", .clients.len())]
    Unreachable {
        /// The clients.
        clients: Vec<u32>,
    },
    /// Too few facilities may be open to reach every client.
    #[error(
        "{allowed} open facilities can't reach every client: at least {at_least} are needed, {enough} will do"
    )]
    TooFew {
        /// Number allowed.
        allowed: usize,
        /// No smaller number reaches every client.
        at_least: usize,
        /// A number that is known to do.
        enough: usize,
    },
    /// More facilities are locked open, or demanded, than may be or can be.
    #[error("{demanded} facilities are to be open, but only {possible} can be")]
    TooMany {
        /// Number locked or demanded.
        demanded: usize,
        /// Number possible.
        possible: usize,
    },
    /// Total demand exceeds what the usable facilities can hold together.
    #[error("demand of {demand} exceeds the capacity of {capacity} of all facilities that may be open")]
    TooSmall {
        /// Sum of demands.
        demand: f64,
        /// Largest capacity that can be open at once.
        capacity: f64,
    },
    /// Clients larger than any facility that may serve them.
    #[error("{} clients demand more than any of their candidates can hold", .clients.len())]
    TooLarge {
        /// The clients.
        clients: Vec<u32>,
    },
    /// The best set of facilities that was found leaves clients to facilities missing from their lists.
    #[error("the lists of {} clients are too short", .clients.len())]
    ListsTooShort {
        /// The clients.
        clients: Vec<u32>,
    },
    /// No assignment that keeps all capacities was found, nor shown to be impossible.
    #[error("no assignment within the capacities was found; {overload} of demand remained without a place")]
    NotFound {
        /// Demand that stayed over in the best attempt.
        overload: f64,
    },
}

impl Bilingual for FacilityError {
    fn zh(&self) -> String {
        match self {
            Self::Malformed(why) => format!("设施选址问题的数据不成立：{why}"),
            Self::Unreachable { clients } => format!("{} 个需求点无法由任何候选服务", clients.len()),
            Self::TooFew { allowed, at_least, enough } => {
                format!("开放 {allowed} 个设施无法服务所有需求点：至少需要 {at_least} 个，{enough} 个足够")
            }
            Self::TooMany { demanded, possible } => {
                format!("要求开放 {demanded} 个设施，但最多只能开放 {possible} 个")
            }
            Self::TooSmall { demand, capacity } => {
                format!("需求 {demand} 超过可开放设施的总容量 {capacity}")
            }
            Self::TooLarge { clients } => {
                format!("{} 个需求点的需求超过其任一候选的容量", clients.len())
            }
            Self::ListsTooShort { clients } => format!("{} 个需求点的候选列表过短", clients.len()),
            Self::NotFound { overload } => format!("未找到满足容量的分配；仍有 {overload} 的需求无处安置"),
        }
    }
}

/// Chooses facilities and assigns every client to one of them.
///
/// # Errors
/// A malformed problem, or one that has no answer: the error names the clients that can't be reached, or
/// the smallest number of facilities, or the capacity, that is missing.
///
/// # Example
/// ```
/// use covplan::optimise::{Effort, facility::{self, Count, FacilityProblem, Lock, SparseRows}};
/// let problem = FacilityProblem {
///     service: SparseRows::from_rows([
///         [(0, 0.0), (1, 4.0)], [(0, 1.0), (1, 3.0)], [(0, 6.0), (1, 1.0)],
///     ]),
///     opening: vec![0.0, 0.0],
///     locks: vec![Lock::Free; 2],
///     count: Count::Exactly(1),
///     capacity: None,
///     beyond: None,
/// };
/// let best = facility::solve(&problem, Effort::NORMAL.into())?;
/// assert_eq!((best.objective, best.value.open), (7.0, vec![0]));
/// # Ok::<(), facility::FacilityError>(())
/// ```
pub fn solve(problem: &FacilityProblem, work: Work<'_>) -> Result<Certified<Placement>, FacilityError> {
    check(problem)?;
    let limit = limit_of(problem)?;
    if let Some(capacity) = &problem.capacity {
        return match without_demand(problem, capacity) {
            Some(unbound) => solve(&unbound, work),
            None => single::solve(problem, capacity, limit, &work),
        };
    }
    let service = service_of(problem, limit);
    let finite = problem.beyond.iter().flatten().copied().filter(|v| v.is_finite());
    let costs = problem.service.values().iter().chain(&problem.opening).copied();
    let scale = grid(costs.chain(finite));
    let mut opened = solve_service(&service, scale, None, &work);
    let unserved = |open: &[bool]| service.evaluate(open).1.iter().any(Option::is_none);
    if problem.beyond.as_ref().is_some_and(|b| b.iter().any(|v| v.is_finite()))
        && let Some(o) = opened.as_ref().filter(|o| unserved(&o.open))
    {
        let served = service.evaluate(&o.open).1;
        let clients = (0u32..).zip(&served).filter(|(_, by)| by.is_none()).map(|(i, _)| i).collect();
        return Err(FacilityError::ListsTooShort { clients });
    }
    if opened.as_ref().is_none_or(|o| unserved(&o.open)) {
        // The start left clients out: a least cover tells whether any set of that number reaches all.
        let start = cover_within(problem, limit, &work)?;
        opened = solve_service(&service, scale, Some(&start), &work);
    }
    let Some(opened) = opened.filter(|o| !unserved(&o.open)) else {
        return Err(FacilityError::TooMany { demanded: limit.at_least, possible: usable(problem) });
    };
    let assignment = service.evaluate(&opened.open).1.into_iter().flatten().collect();
    let value = Placement {
        open: (0..problem.opening.len() as u32).filter(|&f| opened.open[f as usize]).collect(),
        assignment,
    };
    let objective = cost(problem, &value);
    let bound = if opened.ended == Ended::Proven { objective } else { opened.bound.min(objective) };
    Ok(Certified { value, objective, bound, ended: opened.ended })
}

/// Open facilities and the facilities that serve each client.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct SplitPlacement {
    /// The open facilities, ascending.
    pub open: Vec<u32>,
    /// Per client the facilities that serve it and the share of its demand, summing to 1.
    pub shares: Vec<Vec<(u32, f64)>>,
}

/// Chooses facilities and serves every client from one or several of them, within their capacities.
///
/// # Errors
/// A malformed problem, one without capacities, or one that has no answer.
pub fn solve_split(
    problem: &FacilityProblem,
    work: Work<'_>,
) -> Result<Certified<SplitPlacement>, FacilityError> {
    check(problem)?;
    let limit = limit_of(problem)?;
    let Some(capacity) = &problem.capacity else {
        return Err(FacilityError::Malformed("there are no capacities".into()));
    };
    match without_demand(problem, capacity) {
        Some(unbound) => Ok(solve(&unbound, work)?.map(|p| SplitPlacement {
            open: p.open,
            shares: p.assignment.into_iter().map(|f| vec![(f, 1.0)]).collect(),
        })),
        None => split::solve(problem, capacity, limit, &work),
    }
}

/// The problem without its capacities where nobody demands anything, so that they bind nobody.
fn without_demand(problem: &FacilityProblem, capacity: &Capacity) -> Option<FacilityProblem> {
    let none = capacity.demand.iter().all(|d| *d == 0.0);
    none.then(|| FacilityProblem { capacity: None, ..problem.clone() })
}

/// What a split placement costs, from the problem as given; infinite if somebody is served where he can't be.
#[must_use]
pub fn split_cost(problem: &FacilityProblem, placement: &SplitPlacement) -> f64 {
    let opening: f64 = placement.open.iter().map(|&f| problem.opening[f as usize]).sum();
    let price = |client: usize, at: u32| {
        let pairs = problem.service.row(client).filter(|&(f, _)| f == at);
        pairs.map(|p| p.1).fold(f64::INFINITY, f64::min)
    };
    let shares = placement.shares.iter().enumerate();
    opening + shares.flat_map(|(i, s)| s.iter().map(move |&(f, part)| part * price(i, f))).sum::<f64>()
}

/// What a placement costs, from the problem as given; infinite if a client is assigned where it can't be.
#[must_use]
pub fn cost(problem: &FacilityProblem, placement: &Placement) -> f64 {
    let opening: f64 = placement.open.iter().map(|&f| problem.opening[f as usize]).sum();
    let service: f64 = placement
        .assignment
        .iter()
        .enumerate()
        .map(|(client, &at)| {
            let pairs = problem.service.row(client).filter(|&(f, _)| f == at);
            pairs.map(|p| p.1).fold(f64::INFINITY, f64::min)
        })
        .sum();
    opening + service
}

fn usable(problem: &FacilityProblem) -> usize {
    problem.locks.iter().filter(|l| **l != Lock::Shut).count()
}

fn check(problem: &FacilityProblem) -> Result<(), FacilityError> {
    let n = problem.opening.len();
    let malformed = |what: &str| Err(FacilityError::Malformed(what.to_owned()));
    let bad = |v: &f64| !v.is_finite() || *v < 0.0;
    if problem.locks.len() != n {
        return malformed("locks must have one value per facility");
    }
    if problem.service.indices().iter().any(|&f| f as usize >= n) {
        return malformed("a facility is out of range");
    }
    if problem.service.values().iter().any(bad) || problem.opening.iter().any(bad) {
        return malformed("a cost is negative or not finite");
    }
    if let Some(c) = &problem.capacity {
        if c.of.len() != n || c.demand.len() != problem.service.len() {
            return malformed("capacities and demands must have one value per facility and client");
        }
        if problem.beyond.is_some() {
            return malformed("lists that are cut off can't go with capacities");
        }
        if c.of.iter().any(bad) || c.demand.iter().any(bad) {
            return malformed("a capacity or demand is negative or not finite");
        }
    }
    if problem
        .beyond
        .as_ref()
        .is_some_and(|b| b.len() != problem.service.len() || b.iter().any(|v| v.is_nan()))
    {
        return malformed("the cut-off of lists must have one value per client");
    }
    let open_to = |f: u32| problem.locks[f as usize] != Lock::Shut;
    let clients: Vec<u32> = (0..problem.service.len() as u32)
        .filter(|&i| !problem.service.row(i as usize).any(|(f, _)| open_to(f)))
        .collect();
    if clients.is_empty() { Ok(()) } else { Err(FacilityError::Unreachable { clients }) }
}

fn limit_of(problem: &FacilityProblem) -> Result<Limit, FacilityError> {
    let locked = problem.locks.iter().filter(|l| **l == Lock::Open).count();
    let possible = usable(problem);
    let limit = match problem.count {
        Count::Any => Limit::NONE,
        Count::AtMost(p) => Limit { at_most: p, ..Limit::NONE },
        Count::Exactly(p) => Limit { at_least: p, at_most: p, ..Limit::NONE },
    };
    if limit.at_least > possible {
        return Err(FacilityError::TooMany { demanded: limit.at_least, possible });
    }
    if locked > limit.at_most {
        return Err(FacilityError::TooMany { demanded: locked, possible: limit.at_most });
    }
    Ok(limit)
}

/// The problem without capacities; a client left out costs more than everything else together.
fn service_of(problem: &FacilityProblem, limit: Limit) -> Service {
    let dearest = |i: usize| problem.service.row(i).map(|p| p.1).fold(0.0, f64::max);
    let total: f64 =
        problem.opening.iter().sum::<f64>() + (0..problem.service.len()).map(dearest).sum::<f64>();
    let rows = SparseRows::from_rows((0..problem.service.len()).map(|i| {
        let mut row: Vec<(u32, f64)> = problem.service.row(i).collect();
        row.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        row.dedup_by_key(|p| p.0);
        row
    }));
    let mut service = Service::new(
        &rows,
        vec![1.0 + total; problem.service.len()],
        problem.opening.clone(),
        vec![0.0; problem.opening.len()],
        problem.locks.clone(),
        limit,
    );
    for (i, &beyond) in problem.beyond.iter().flatten().enumerate() {
        if beyond.is_finite() {
            // Whoever is left to a facility that isn't listed pays at least this. So the bound holds for
            // the whole problem, and an answer that leaves nobody to it is an answer of the whole.
            service.ceiling[i] = beyond;
            service.fallback[i] = beyond;
        }
    }
    service
}

/// A set of facilities that reaches every client and keeps to the number allowed.
fn cover_within(
    problem: &FacilityProblem,
    limit: Limit,
    work: &Work<'_>,
) -> Result<Vec<bool>, FacilityError> {
    let cover = set_cover::solve(
        &SetCoverProblem {
            covered_by: problem.service.clone(),
            costs: vec![1.0; problem.opening.len()],
            locks: problem.locks.clone(),
        },
        *work,
    )
    .map_err(|e| FacilityError::Malformed(e.to_string()))?;
    if cover.value.len() > limit.at_most {
        return Err(FacilityError::TooFew {
            allowed: limit.at_most,
            at_least: cover.bound.ceil() as usize,
            enough: cover.value.len(),
        });
    }
    let mut open = vec![false; problem.opening.len()];
    for f in cover.value {
        open[f as usize] = true;
    }
    Ok(open)
}

#[cfg(test)]
mod tests;
