//! Value against money: what each part of it buys at most, made anew, with its bound.

use super::PlanError;
use super::build::Built;
use super::radio::Radio;
use super::whole::Want;
use crate::model::planned::BudgetStep;
use crate::model::settings::Settings;
use crate::optimise::steiner::hubs::{self, HubTree, Hubs};
use crate::optimise::{Effort, Work};
use std::collections::BTreeMap;

/// Steps up to what the plan costs.
const STEPS: u32 = 10;
/// Steps beyond a budget: what more money would buy.
const BEYOND: u32 = 2;

/// Gap at which a point of the curve is good enough.
const GOOD_ENOUGH: f64 = 0.02;

/// A site below target, as the curve counts it.
pub struct Person<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its score today.
    pub now: f64,
    /// Its weight.
    pub weight: f64,
    /// Points that fiber in the building would add.
    pub fiber_points: f64,
    /// Its number among the sites that radio could lift.
    pub item: Option<u32>,
}

impl Built {
    /// The points of the curve. Costs are those of the model: stations, their ways and the fiber of sites, with
    /// the smallest cables and without ports.
    ///
    /// # Errors
    /// Numbers that make no problem.
    pub fn curve(
        &self,
        radio: &Radio,
        people: &[Person<'_>],
        settings: &Settings,
        work: Work<'_>,
    ) -> Result<Vec<BudgetStep>, PlanError> {
        let problem = self.whole.problem(radio, Want::Points, &self.dry);
        let (whole_cny, last) = if settings.plan.budget_cny > 0.0 {
            (settings.plan.budget_cny, STEPS + BEYOND)
        } else {
            let stations: f64 = self.stations.iter().map(|(o, _)| radio.alone_cny[*o as usize]).sum();
            (stations + self.fiber.capex_cny, STEPS)
        };
        let who = self.whole.customers(&self.dry);
        let customer: BTreeMap<&str, u32> =
            who.iter().zip(0u32..).map(|(&i, c)| (self.terminals[i as usize].id.as_str(), c)).collect();
        let sites = radio.problem.sites.len();
        let lifted = |tree: &HubTree| lifted(&problem, sites, tree, people, &customer, settings.score.target);
        let work = Work { effort: Effort::LOW, gap: work.gap.max(GOOD_ENOUGH), ..work };
        let budgets: Vec<f64> = (1..=last).map(|i| whole_cny * f64::from(i) / f64::from(STEPS)).collect();
        let (found, frontier) =
            hubs::curve(&problem, &budgets, self.tree.as_ref(), work).map_err(PlanError::Whole)?;
        // A step below what the locks cost is left out.
        let found = found.into_iter().flatten().filter(|f| f.objective > 0.0);
        let mut steps: Vec<BudgetStep> = Vec::new();
        for found in found {
            let cost_cny = problem.cost(&found.value);
            // What is proven of the plan holds for less money too.
            let whole = &self.certificate;
            let budget = settings.plan.budget_cny;
            let proven = if whole.maximise && cost_cny <= budget { whole.bound } else { f64::INFINITY };
            let step = BudgetStep {
                cost_cny,
                sites: lifted(&found.value),
                gain: found.objective,
                gain_bound: found.bound.min(frontier.bound(cost_cny)).min(proven).max(found.objective),
                next_cny: None,
                payers: payers(&problem, radio, &found.value, settings),
            };
            match steps.last_mut() {
                // What less money buys, more buys too; and what bounds more money bounds less.
                Some(last) if step.gain <= last.gain => {
                    last.gain_bound = last.gain_bound.min(step.gain_bound.max(last.gain));
                    continue;
                }
                Some(last) => last.next_cny = Some((step.cost_cny - last.cost_cny).max(0.0)),
                None => {}
            }
            steps.push(step);
        }
        for i in (1..steps.len()).rev() {
            steps[i - 1].gain_bound = steps[i - 1].gain_bound.min(steps[i].gain_bound);
        }
        Ok(steps)
    }
}

/// Who pays what of a choice: stations and indoor systems by their places, edge nodes and fiber by the settings.
fn payers(problem: &Hubs<'_>, radio: &Radio, tree: &HubTree, settings: &Settings) -> Vec<(String, f64)> {
    let by = &settings.plan.payer;
    let of_hub = |h: usize| match radio.problem.options.get(h) {
        Some(option) => radio.places[option.place as usize].payer.as_str(),
        None => by.datacenter.as_str(),
    };
    let mut sums: BTreeMap<&str, f64> = BTreeMap::new();
    for &h in &tree.hubs {
        *sums.entry(of_hub(h as usize)).or_default() += problem.hubs[h as usize].price;
    }
    let own: f64 = tree.customers.iter().map(|&c| problem.customers[c as usize].own).sum();
    *sums.entry(by.fiber.as_str()).or_default() += own + problem.graph.total_weight(&tree.edges);
    sums.into_iter().filter(|s| s.1 > 0.0).map(|(name, cny)| (name.to_owned(), cny)).collect()
}

/// Sites at target with what a choice gives them.
fn lifted(
    problem: &Hubs<'_>,
    sites: usize,
    tree: &HubTree,
    people: &[Person<'_>],
    customer: &BTreeMap<&str, u32>,
    target: f64,
) -> u64 {
    let mut gain = vec![0.0f64; problem.items];
    for (item, g) in tree.hubs.iter().flat_map(|&h| problem.gains.row(h as usize)) {
        gain[item as usize] = gain[item as usize].max(g);
    }
    let at_target = people.iter().enumerate().filter(|(i, p)| {
        let joined = customer.get(p.id).is_some_and(|c| tree.customers.binary_search(c).is_ok());
        let fiber = if joined { p.fiber_points } else { 0.0 };
        let radio = p.item.map_or(0.0, |i| gain[i as usize]) / p.weight.max(f64::MIN_POSITIVE);
        // After the items of radio come those of the sites below target, in their order.
        let latency = gain.get(sites + i).copied().unwrap_or(0.0) / p.weight.max(f64::MIN_POSITIVE);
        p.now + fiber + radio + latency >= target - 1e-6
    });
    at_target.count() as u64
}
