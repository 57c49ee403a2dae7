//! From the whole problem to stations that stand and fiber that is laid: what is chosen is built, priced as
//! built, and chosen again where that doesn't work out.

use super::PlanError;
use super::edge::{self, Edge};
use super::ground::Ground;
use super::radio::{self, Radio};
use super::run::Cities;
use super::whole::{Want, Whole, needs_fiber};
use crate::fiber::{RoutePlan, RouteRequest, Terminal, plan_routes};
use crate::model::inputs::Inputs;
use crate::model::kinds::Lock;
use crate::model::planned::{Certificate, Connection, ConnectionState, Station};
use crate::model::progress::Progress;
use crate::model::settings::Settings;
use crate::optimise::steiner::hubs::{self, Goal, HubError, HubTree};
use crate::optimise::{Effort, Work, relative_gap};
use crate::siting::{self, Choice, choose};
use std::collections::BTreeSet;

/// Times that a choice is made again: money that the model doesn't know of, or fiber that isn't there.
const ROUNDS: usize = 8;

/// Gap at which the usual effort ends.
const GOOD_ENOUGH: f64 = 0.01;
/// Gap at which high effort ends; more than that asks for the best there is.
const CLOSE: f64 = 0.005;

/// Stations, and the fiber that joins them and the sites.
pub struct Built {
    /// The problem that they were chosen from.
    pub whole: Whole,
    /// Sites, by index, for which no fiber is left.
    pub dry: BTreeSet<u32>,
    /// The options chosen.
    pub choice: Choice,
    /// Edge nodes bought, by their place among those offered.
    pub edges: Vec<u32>,
    /// The choice as an answer of the whole problem, where it was built as chosen.
    pub tree: Option<HubTree>,
    /// Each with the option that it is.
    pub stations: Vec<(u32, Station)>,
    /// Sites, then stations.
    pub terminals: Vec<Terminal>,
    /// Routes; one connection per terminal.
    pub fiber: RoutePlan,
    /// What is proven of the whole.
    pub certificate: Certificate,
}

/// What a plan is built from.
pub struct Builder<'a, 'g, 's, 'r> {
    /// The layers.
    pub inputs: &'a Inputs,
    /// The settings.
    pub settings: &'a Settings,
    /// The right of way.
    pub ground: Option<&'a Ground<'s, 'g, 'r>>,
    /// Sites that fiber would help.
    pub sites: &'a [Terminal],
    /// Edge nodes that compete for the budget.
    pub edges: &'a [Edge],
    /// Number of sites below target.
    pub gaps: usize,
    /// Work granted.
    pub work: Work<'a>,
}

/// A choice as built.
struct Draft {
    /// What was chosen, where all of it was built.
    tree: Option<HubTree>,
    choice: Choice,
    edges: Vec<u32>,
    stations: Vec<(u32, Station)>,
    terminals: Vec<Terminal>,
    fiber: RoutePlan,
    capex_cny: f64,
    /// Weighted points gained.
    points: f64,
}

impl Builder<'_, '_, '_, '_> {
    /// Chooses, builds, and chooses again: places and sites for which no fiber is left are shut, money that
    /// ports, large cables and detours take is kept back, money that is left over is given out. Tells so many
    /// `steps`: how many rounds there will be isn't known, so that each is half of what is left.
    ///
    /// # Errors
    /// Locks that cost more than the budget; a graph too large.
    pub fn build(&self, radio: &mut Radio, progress: &Progress, steps: u64) -> Result<Built, PlanError> {
        let mut rest = steps;
        let mut tell = || {
            let step = rest.div_ceil(2);
            rest -= step;
            progress.add(step);
        };
        let budget = self.settings.plan.budget_cny;
        let want = if budget > 0.0 { Want::Points } else { Want::Target };
        let edges = (self.edges, self.gaps);
        let whole = Whole::new(radio, self.sites, edges, self.ground, self.inputs, self.settings, self.work)?;
        let mut dry = BTreeSet::new();
        let mut purse = budget;
        let mut start = self.stations_alone(radio, want);
        tell();
        let mut bound: Option<f64> = None;
        let mut best: Option<Draft> = None;
        // The purse is known to be too large from here on.
        let mut too_much = f64::INFINITY;
        let asked = self.work.effort;
        let thorough = asked == Effort::UNBOUNDED || asked > Effort::NORMAL;
        for round in 1..=ROUNDS {
            // Where everything is wanted, what can't be had shows with little effort as well.
            let scout = asked != Effort::LOW && want == Want::Target && round == 1;
            let effort = match round {
                1 if scout && thorough => Effort::NORMAL,
                1 if scout => Effort::LOW,
                1 => asked,
                2 if want == Want::Target => asked,
                _ => Effort::LOW,
            };
            let least = if !thorough || effort != asked {
                GOOD_ENOUGH
            } else if asked == Effort::UNBOUNDED || asked > Effort::HIGH {
                0.0
            } else {
                CLOSE
            };
            let gap = self.work.gap.max(least);
            let work = Work { effort, gap, ..self.work };
            let problem = whole.problem(radio, want, &dry);
            let goal = if want == Want::Points { Goal::Within(purse) } else { Goal::Everything };
            let found = match hubs::solve(&problem, goal, start.as_ref(), work) {
                Err(HubError::LockedBeyondBudget { .. }) if best.is_some() => break,
                other => other.map_err(|e| self.refuse(radio, e))?,
            };
            // Of a budget the first bound counts: it knows of no place or site that was shut since.
            if want == Want::Target || bound.is_none() {
                bound = Some(found.bound);
            }
            let who = whole.customers(&dry);
            let chosen: BTreeSet<u32> = found.value.customers.iter().map(|&c| who[c as usize]).collect();
            let by = Builder { work: if scout { work } else { self.work }, ..*self };
            let mut draft = by.draft(radio, &whole, found.value.hubs.clone(), &chosen, None)?;
            draft.tree = Some(found.value.clone());
            start = Some(found.value);
            tell();
            let last = round == ROUNDS || self.work.stop.requested();
            if !last && self.shut(radio, &draft, &chosen, &mut dry) {
                // Customers are numbered anew.
                start = None;
                continue;
            }
            if scout && !last {
                continue;
            }
            if want == Want::Target {
                best = Some(draft);
                break;
            }
            let left = budget - draft.capex_cny;
            let all_of_it = draft.points >= bound.unwrap_or(f64::INFINITY) * (1.0 - 1e-9);
            if left < 0.0 {
                too_much = too_much.min(purse);
                let excess = left * 1.05;
                // Rings cost much more than the problem knows: all of the excess taken off would leave money
                // unspent, so the purse shrinks in proportion.
                let rings = draft.fiber.structures.iter().any(|s| s.chosen && s.name == "metro");
                let in_proportion = purse * (budget / draft.capex_cny * 0.99 - 1.0);
                purse += if rings { excess.max(in_proportion) } else { excess };
            } else {
                if best.as_ref().is_none_or(|b| draft.points > b.points) {
                    best = Some(draft);
                }
                if all_of_it || last || left < 2e-3 * budget {
                    break;
                }
                purse = (purse + 0.8 * left).min(too_much - 0.5 * (too_much - purse).min(left));
            }
            if purse < 0.0 || last {
                break;
            }
        }
        let draft = match best {
            Some(draft) => draft,
            // Nothing fitted: stations that the money reaches for, and as much fiber as it allows.
            None => {
                let options = start.map_or(Vec::new(), |s| s.hubs);
                self.draft(radio, &whole, options, &(0..self.sites.len() as u32).collect(), Some(budget))?
            }
        };
        let mut draft = draft;
        self.strike_without_fiber(radio, &whole, &mut draft)?;
        // What was given up for want of fibers isn't a matter of money.
        for &i in &dry {
            let given_up = draft.fiber.connections.get_mut(i as usize);
            if let Some(c) = given_up.filter(|c| c.state == ConnectionState::Budget) {
                c.state = ConnectionState::NoSpare;
            }
        }
        let certificate = self.certificate(radio, want, &draft, bound.unwrap_or(f64::INFINITY));
        progress.add(rest);
        let Draft { tree, choice, edges, stations, terminals, fiber, .. } = draft;
        Ok(Built { whole, dry, choice, edges, tree, stations, terminals, fiber, certificate })
    }

    /// The cheapest stations by themselves, as something to start from.
    fn stations_alone(&self, radio: &Radio, want: Want) -> Option<HubTree> {
        let quick = Work { effort: Effort::LOW, ..self.work };
        let found = match want {
            Want::Target => choose(&radio.problem, siting::Goal::LiftAll, quick).ok()?,
            Want::Points => return None,
        };
        let customers = (0..self.sites.len() as u32).collect();
        Some(HubTree { hubs: found.value.options, customers, edges: Vec::new() })
    }

    /// Builds a choice of hubs (options, then edge nodes) and sites. `limit` is for all of it together; without
    /// one all that is chosen is joined.
    fn draft(
        &self,
        radio: &Radio,
        whole: &Whole,
        mut options: Vec<u32>,
        chosen: &BTreeSet<u32>,
        limit: Option<f64>,
    ) -> Result<Draft, PlanError> {
        let own = radio.problem.options.len() as u32;
        let rooms = options.split_off(options.partition_point(|h| *h < own));
        let edges = self.fewer(rooms.into_iter().map(|h| h - own).collect());
        let edges_cny: f64 = edges.iter().map(|&e| self.edges[e as usize].price_cny).sum();
        let choice = radio.problem.outcome(options);
        let stations = radio::stations(radio, &choice, self.inputs, self.settings);
        let limit = limit.map(|cny| (cny - edges_cny).max(0.0));
        let (terminals, fiber) = self.join(whole, &stations, chosen, limit)?;
        let capex_cny = stations.iter().map(|(_, s)| s.capex_cny).sum::<f64>() + fiber.capex_cny + edges_cny;
        let joined: f64 = self
            .sites
            .iter()
            .zip(&fiber.connections)
            .filter(|(_, c)| c.state == ConnectionState::Planned)
            .map(|(t, _)| t.value)
            .sum();
        let points = choice.gain + joined + edge::points(self.edges, &edges, self.gaps).0;
        Ok(Draft { tree: None, points, choice, edges, stations, terminals, fiber, capex_cny })
    }

    /// Edge nodes chosen, of which the planner may allow no more than so many: those stay that add most.
    fn fewer(&self, mut chosen: Vec<u32>) -> Vec<u32> {
        let most = self.settings.datacenter.max_centers as usize;
        if most > 0 && chosen.len() > most {
            let adds = edge::points(self.edges, &chosen, self.gaps).1;
            let locked = |e: u32| self.edges[e as usize].lock == Lock::Open;
            let mut order: Vec<(f64, u32)> = adds.into_iter().zip(chosen).collect();
            order.sort_by(|a, b| locked(b.1).cmp(&locked(a.1)).then(b.0.total_cmp(&a.0)).then(a.1.cmp(&b.1)));
            chosen = order.into_iter().take(most).map(|o| o.1).collect();
            chosen.sort_unstable();
        }
        chosen
    }

    /// Joins stations and chosen sites; sites that could be joined but aren't chosen are left for lack of money.
    fn join(
        &self,
        whole: &Whole,
        stations: &[(u32, Station)],
        chosen: &BTreeSet<u32>,
        limit: Option<f64>,
    ) -> Result<(Vec<Terminal>, RoutePlan), PlanError> {
        let cities = Cities::new(self.inputs);
        let city_of = |at| cities.at(at);
        let mut terminals = self.sites.to_vec();
        terminals.extend(stations.iter().filter(|(_, s)| needs_fiber(s.build)).map(|(_, s)| Terminal {
            id: s.id.clone(),
            at: s.at,
            fibers: self.settings.fiber.station_fibers,
            shared: false,
            value: s.gain,
            must: s.locked,
            protect: self.settings.fiber.protect.stations || self.settings.fiber.protect.ids.contains(&s.id),
            equipment_cny: None,
        }));
        let Some(g) = self.ground.filter(|_| !terminals.is_empty()) else {
            return Ok((terminals, RoutePlan::default()));
        };
        let asked =
            |i: usize| i >= self.sites.len() || chosen.contains(&(i as u32)) || whole.out(i).is_some();
        let who: Vec<usize> = (0..terminals.len()).filter(|&i| asked(i)).collect();
        let some: Vec<Terminal> = who.iter().map(|&i| terminals[i].clone()).collect();
        let capex: f64 = stations.iter().map(|(_, s)| s.capex_cny).sum();
        let mut fiber = plan_routes(&RouteRequest {
            inputs: self.inputs,
            settings: self.settings,
            snapper: g.snapper,
            ways: g.ways(self.inputs, self.settings),
            access: g.access,
            terminals: &some,
            budget_cny: limit.map(|cny| (cny - capex).max(0.0)),
            city_of: &city_of,
            work: self.work,
        })?;
        let mut found = fiber.connections.into_iter().zip(std::mem::take(&mut fiber.lead_in_cny));
        (fiber.connections, fiber.lead_in_cny) = (0..terminals.len())
            .map(|i| {
                let none = || (Connection::without(&terminals[i].id, ConnectionState::Budget), 0.0);
                if asked(i) { found.next().unwrap_or_else(none) } else { none() }
            })
            .unzip();
        for step in &mut fiber.order {
            step.connection = who[step.connection as usize] as u32;
        }
        Ok((terminals, fiber))
    }

    /// Shuts places and sites that were to be joined and couldn't be; tells whether there were any.
    fn shut(
        &self,
        radio: &mut Radio,
        draft: &Draft,
        chosen: &BTreeSet<u32>,
        dry: &mut BTreeSet<u32>,
    ) -> bool {
        // No fiber anywhere in the data says nothing about a station's.
        if self.ground.is_none_or(|g| g.access.points().is_empty()) {
            return false;
        }
        let planned = |i: usize| draft.fiber.connections[i].state == ConnectionState::Planned;
        let sites: Vec<u32> = chosen.iter().copied().filter(|&i| !planned(i as usize)).collect();
        let without = without_fiber(draft, self.sites.len());
        let shut: BTreeSet<u32> = draft
            .stations
            .iter()
            .filter(|(_, s)| without.contains(s.id.as_str()))
            .map(|(o, _)| radio.problem.options[*o as usize].place)
            .collect();
        radio.cut_off += shut.len();
        for option in radio.problem.options.iter_mut().filter(|o| shut.contains(&o.place)) {
            option.lock = Lock::Shut;
        }
        let any = !shut.is_empty() || !sites.is_empty();
        dry.extend(sites);
        any
    }

    /// What is still without fiber in the end isn't built.
    fn strike_without_fiber(
        &self,
        radio: &mut Radio,
        whole: &Whole,
        draft: &mut Draft,
    ) -> Result<(), PlanError> {
        if self.ground.is_none_or(|g| g.access.points().is_empty()) {
            return Ok(());
        }
        let without: BTreeSet<String> =
            without_fiber(draft, self.sites.len()).into_iter().map(str::to_owned).collect();
        if without.is_empty() {
            return Ok(());
        }
        radio.cut_off += without.len();
        let own = radio.problem.options.len() as u32;
        let mut options: BTreeSet<u32> =
            draft.stations.iter().filter(|(_, s)| !without.contains(&s.id)).map(|s| s.0).collect();
        options.extend(draft.edges.iter().map(|e| e + own));
        let joined: BTreeSet<u32> = (0u32..)
            .zip(&draft.fiber.connections[..self.sites.len()])
            .filter(|(_, c)| c.state == ConnectionState::Planned)
            .map(|x| x.0)
            .collect();
        *draft = self.draft(radio, whole, options.into_iter().collect(), &joined, None)?;
        Ok(())
    }

    fn certificate(&self, radio: &Radio, want: Want, draft: &Draft, bound: f64) -> Certificate {
        let (meaning, unit, objective, bound) = match want {
            Want::Points => (
                (
                    "weighted points that stations, fiber and edge nodes gain within the budget",
                    "预算内基站、光缆与边缘节点带来的加权得分",
                ),
                "points",
                draft.points,
                bound.max(draft.points),
            ),
            Want::Target => {
                let stations: f64 = draft.stations.iter().map(|(o, _)| radio.alone_cny[*o as usize]).sum();
                let cost = stations + draft.fiber.capex_cny;
                (
                    (
                        "cost of lifting and joining every site that can be: stations with running costs at present value, capex of fiber",
                        "补齐全部可补缺口的费用：基站（含运维现值）与光缆投资",
                    ),
                    "CNY",
                    cost,
                    bound.min(cost),
                )
            }
        };
        Certificate {
            stage: "plan",
            meaning: (meaning.0.into(), meaning.1.into()),
            unit,
            objective,
            bound,
            gap: if objective == bound { 0.0 } else { relative_gap(objective, bound) },
            maximise: want == Want::Points,
        }
    }

    /// Names what is locked.
    fn refuse(&self, radio: &Radio, e: HubError) -> PlanError {
        match e {
            HubError::LockedBeyondBudget { cost, budget } => {
                let mut ids: Vec<String> = radio.locked_open();
                ids.extend(self.sites.iter().filter(|t| t.must).map(|t| t.id.clone()));
                let rooms = self.edges.iter().filter(|e| e.lock == Lock::Open);
                ids.extend(rooms.map(|e| e.id.clone()));
                PlanError::LockedBeyondBudget { ids, cost_cny: cost, budget_cny: budget }
            }
            other => PlanError::Whole(other),
        }
    }
}

/// Stations that got no fiber although they need it, but for those that the planner locked.
fn without_fiber(draft: &Draft, sites: usize) -> BTreeSet<&str> {
    draft
        .terminals
        .iter()
        .zip(&draft.fiber.connections)
        .skip(sites)
        .filter(|(t, c)| !t.must && c.state != ConnectionState::Planned)
        .map(|(t, _)| t.id.as_str())
        .collect()
}
