//! One budget for radio and fiber: the split that buys most points, and a bound on what any split could.

use super::PlanError;
use super::ground::Ground;
use super::radio::Radio;
use crate::fiber::{RoutePlan, RouteRequest, Terminal, plan_routes};
use crate::model::inputs::Inputs;
use crate::model::kinds::Lock;
use crate::model::planned::ConnectionState;
use crate::model::settings::Settings;
use crate::optimise::{Effort, Work};
use crate::siting::{Goal, choose};

/// Steps in which the budget is divided.
const STEPS: usize = 8;

/// How much goes where.
#[derive(Clone, Copy, Debug)]
pub struct Split {
    /// Yuan for stations.
    pub radio_cny: f64,
    /// Upper bound on the weighted points of any split.
    pub bound: f64,
}

/// Tries the budget in eighths. What radio can gain with b and fiber with B − b add up, since score terms
/// do; both grow with money, so the best split between two steps is bounded by radio's bound at the upper
/// step and fiber's at the lower one's rest.
///
/// # Errors
/// Stations locked open that cost more than the budget.
pub fn split(
    budget_cny: f64,
    radio: &Radio,
    terminals: &[Terminal],
    ground: Option<&Ground>,
    inputs: &Inputs,
    settings: &Settings,
    work: Work<'_>,
) -> Result<Split, PlanError> {
    let quick = Work { effort: Effort::LOW, ..work };
    let share = |i: usize| budget_cny * i as f64 / STEPS as f64;
    let locked: f64 =
        radio.problem.options.iter().filter(|o| o.lock == Lock::Open).map(|o| o.price_cny).sum();
    let mut radio_at = Vec::with_capacity(STEPS + 1);
    let mut fiber_at = Vec::with_capacity(STEPS + 1);
    for i in 0..=STEPS {
        let cny = share(i);
        // Below what the locks cost nothing can be chosen; the last step reports it if even all is too little.
        radio_at.push(if cny < locked && i < STEPS {
            (f64::NEG_INFINITY, f64::NEG_INFINITY)
        } else {
            let c = choose(&radio.problem, Goal::Budget { cny }, quick).map_err(|e| radio.refuse(e))?;
            (c.objective, c.bound)
        });
        fiber_at.push(match ground {
            Some(g) if cny > 0.0 && !terminals.is_empty() => {
                let plan = plan_routes(&RouteRequest {
                    inputs,
                    settings,
                    snapper: g.snapper,
                    access: g.access,
                    terminals,
                    budget_cny: Some(cny),
                    city_of: &|_| None,
                    work: quick,
                })?;
                value_of(&plan, terminals)
            }
            _ => (0.0, 0.0),
        });
    }
    let best = (0..=STEPS)
        .max_by(|&a, &b| {
            let value = |i: usize| radio_at[i].0 + fiber_at[STEPS - i].0;
            value(a).total_cmp(&value(b)).then(b.cmp(&a))
        })
        .unwrap_or(0);
    let bound =
        (0..STEPS).map(|i| radio_at[i + 1].1 + fiber_at[STEPS - i].1).fold(f64::NEG_INFINITY, f64::max);
    Ok(Split { radio_cny: share(best), bound })
}

/// Points that the planned connections bring, and the most that could be had for that money.
fn value_of(plan: &RoutePlan, terminals: &[Terminal]) -> (f64, f64) {
    let joined: f64 = terminals
        .iter()
        .zip(&plan.connections)
        .filter(|(_, c)| c.state == ConnectionState::Planned)
        .map(|(t, _)| t.value)
        .sum();
    let bound = plan.certificate.as_ref().filter(|c| c.maximise).map_or(joined, |c| c.bound);
    (joined, bound.max(joined))
}
