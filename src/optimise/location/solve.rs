//! Answers and proof for one location problem: greedy, exchange, Lagrangian bound, a search around the
//! best answer, and branching on what the bound leaves open.

mod around;
mod branch;
mod coverage;

use super::core::Core;
use super::interchange::Openings;
use super::lagrange::{Multipliers, Steps, ascend};
use super::{Limit, Service};
use crate::optimise::set_cover::greedy::greedy;
use crate::optimise::{Draw, Ended, Meter, Stop, TOLERANCE, Work, grid, relative_gap, round_up};

/// A set of open facilities that keeps to the limits, its cost and the bound.
#[derive(Clone, Debug)]
pub(in crate::optimise) struct Opened {
    pub(in crate::optimise) open: Vec<bool>,
    pub(in crate::optimise) bound: f64,
    pub(in crate::optimise) ended: Ended,
}

/// What kind of answers there are, and which of them are of interest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::optimise) enum Style {
    /// Clients with different costs: answers are found by exchange.
    Service,
    /// Service is free and must not fail: answers are found as covers.
    Cover {
        /// Only covers cheaper than this are of interest.
        below: f64,
        /// The first of them is good enough.
        any: bool,
    },
}

impl Style {
    /// Whether objective and bound are close enough to end.
    fn enough(self, work: &Work<'_>, scale: Option<f64>, cost: f64, bound: f64) -> bool {
        match self {
            Self::Cover { below, any: true } if cost < below - 1e-9 * below.abs() => true,
            _ => work.close_enough(cost, round_up(bound, scale).min(cost)),
        }
    }
}

/// Solves the problem; none if the locks alone break the limits, or no cover is cheap enough.
///
/// The whole problem must be on one `scale` (see [`grid`]) if one is given.
pub(in crate::optimise) fn solve(
    service: &Service,
    scale: Option<f64>,
    start: Option<&[bool]>,
    work: &Work<'_>,
) -> Option<Opened> {
    let mut meter = work.meter(allowance(service));
    let found = solve_within(service, scale, start, Style::Service, work, &mut meter);
    found.filter(|o| !o.open.is_empty() || service.facilities() == 0)
}

/// Steps that [`crate::optimise::Effort::LOW`] grants.
pub(in crate::optimise) fn allowance(service: &Service) -> u64 {
    3_000_000 + 60 * (service.by_client.pairs() + service.clients() + service.facilities()) as u64
}

/// The same on a meter that others share. The set is empty when nothing of interest was found; the bound
/// then tells whether that is for certain.
pub(in crate::optimise) fn solve_within(
    service: &Service,
    scale: Option<f64>,
    start: Option<&[bool]>,
    style: Style,
    work: &Work<'_>,
    meter: &mut Meter<'_>,
) -> Option<Opened> {
    let mut search = Search::new(service, scale, style, work);
    // The first answer comes whatever the allowance.
    let mut free = Meter::new(u64::MAX, Stop::NEVER);
    match style {
        Style::Service => {
            if let Some(open) = start {
                search.best.offer(&settled(service, open, &mut free));
            }
            for per_price in [false, true] {
                if per_price && service.limit.budget.is_infinite() {
                    continue;
                }
                let mut state = Openings::new(service, &vec![false; service.facilities()]);
                if !state.within_upper_limits() {
                    return None;
                }
                state.fill(per_price, &mut free);
                search.best.offer(&state);
                // On large problems a descent to the end takes long, and the bound would have to wait.
                let steps = allowance(service) / 2;
                let mut part = meter.part(steps);
                state.descend(&mut part);
                meter.settle(steps, &part);
                search.best.offer(&state);
            }
        }
        Style::Cover { below, .. } => {
            search.best.cost = below;
            let first = greedy(service, &[], &mut free);
            for set in start.into_iter().chain([first.as_slice()]) {
                search.best.offer(&Openings::new(service, set));
            }
        }
    }
    if search.best.cost.is_finite() {
        search.run(meter);
    }
    let Search { best, bound, .. } = search;
    let bound = round_up(bound, scale).min(best.cost);
    let proven = relative_gap(best.cost, bound) <= TOLERANCE;
    best.cost.is_finite().then(|| Opened {
        bound,
        open: best.open,
        ended: match (proven, meter.stopped()) {
            (true, _) => Ended::Proven,
            (_, true) => Ended::Stopped,
            _ => Ended::Worked,
        },
    })
}

/// The scale on which all costs of a problem lie, leaving out fallbacks that only stand for "must".
pub(in crate::optimise) fn scale_of(service: &Service, with_fallback: bool) -> Option<f64> {
    let fallback = if with_fallback { &service.fallback[..] } else { &[] };
    grid(service.by_client.values().iter().chain(&service.opening).chain(fallback).copied())
}

/// The best answer, in facilities of the whole problem.
struct Best {
    open: Vec<bool>,
    cost: f64,
}

impl Best {
    fn offer(&mut self, state: &Openings<'_>) -> bool {
        let better = state.fits() && state.cost() < self.cost - 1e-12 * self.cost.abs().min(1e12);
        if better {
            self.cost = state.cost();
            self.open = state.open().to_vec();
        }
        better
    }

    /// The same for a cover of known cost, looked at closely only where that is better.
    fn offer_cover(&mut self, cost: f64, set: &[bool], service: &Service, core: &Core, facilities: usize) {
        if cost < self.cost {
            self.offer_core(&Openings::new(service, set), core, facilities);
        }
    }

    fn offer_core(&mut self, state: &Openings<'_>, core: &Core, facilities: usize) -> bool {
        let better = state.fits() && state.cost() < self.cost - 1e-12 * self.cost.abs().min(1e12);
        if better {
            self.cost = state.cost();
            self.open = core.widen(state.open(), facilities);
        }
        better
    }
}

struct Search<'s, 'w> {
    whole: &'s Service,
    core: Core,
    best: Best,
    bound: f64,
    scale: Option<f64>,
    style: Style,
    /// Multipliers of the items of the core, for covers.
    cover_u: Vec<f64>,
    /// Share of the best cover that the next dive keeps.
    kept: f64,
    /// What each way of searching gained per step lately.
    paid: [f64; 2],
    slices: u32,
    /// Answers for coverage of earlier runs, with their costs.
    pool: Vec<(f64, Vec<bool>)>,
    draw: Draw,
    /// What the multipliers find each facility of the core worth; the less, the better.
    worth: Vec<f64>,
    work: &'w Work<'w>,
}

/// An answer near `set` that keeps to the limits.
fn settled<'s>(service: &'s Service, set: &[bool], meter: &mut Meter<'_>) -> Openings<'s> {
    let mut state = Openings::new(service, set);
    meter.spend(service.by_client.pairs() as u64 / 8 + service.clients() as u64);
    state.trim();
    state.fill(service.limit.budget.is_finite(), meter);
    state
}

impl<'s, 'w> Search<'s, 'w> {
    /// Nothing known yet.
    fn new(whole: &'s Service, scale: Option<f64>, style: Style, work: &'w Work<'w>) -> Self {
        Self {
            whole,
            core: Core::of(whole, &whole.lock),
            best: Best { open: Vec::new(), cost: f64::INFINITY },
            bound: f64::NEG_INFINITY,
            scale,
            style,
            cover_u: Vec::new(),
            kept: 0.0,
            paid: [0.0; 2],
            slices: 0,
            pool: Vec::new(),
            draw: Draw::new(work.seed),
            worth: Vec::new(),
            work,
        }
    }
}

impl Search<'_, '_> {
    fn enough(&self, bound: f64) -> bool {
        self.style.enough(self.work, self.scale, self.best.cost, bound)
    }

    fn grain(&self) -> f64 {
        self.scale.map_or(0.0, |s| (1.0 - 1e-3) / s)
    }

    fn run(&mut self, meter: &mut Meter<'_>) {
        if self.covers() {
            self.cover(meter);
            return;
        }
        let start = Multipliers::new(self.first_multipliers(), self.core.service.facilities());
        let multipliers = self.ascend(start, meter);
        if !self.enough(self.bound) && meter.open() {
            self.branch(multipliers, meter);
        }
    }

    /// Raises the bound by subgradient steps, in turns with the search around the best answer.
    fn ascend(&mut self, mut multipliers: Multipliers, meter: &mut Meter<'_>) -> Multipliers {
        // Covers are found along the multipliers, so that good ones are worth more rounds.
        let cover = self.style != Style::Service;
        for pass in 0..3u32 {
            let before = meter.used();
            let steps = Steps {
                rounds: if cover { [600, 3000, 5000] } else { [300, 1000, 3000] }[pass as usize],
                first: if pass == 0 { 1.5 } else { 0.5 },
                last: 1e-4,
                patience: if cover { 30 } else { 12 },
                shrink: if cover { 0.75 } else { 0.6 },
                visit_every: [10, 40, 100][pass as usize],
            };
            multipliers = self.ascend_core(multipliers, steps, meter);
            if self.enough(self.bound) || !meter.open() {
                break;
            }
            let spent = (meter.used() - before).max(500_000);
            self.search_around(spent, meter);
            if self.enough(self.bound) || !meter.open() {
                break;
            }
        }
        multipliers
    }

    /// Whether clients are covered or not, by a limited number of facilities.
    fn covers(&self) -> bool {
        let service = &self.core.service;
        self.style == Style::Service && service.plain && service.limit != Limit::NONE
    }

    fn first_multipliers(&self) -> Vec<f64> {
        let service = &self.core.service;
        let rows = &service.by_client;
        match self.style {
            // Between what clients pay now and what they'd pay without their server.
            Style::Service => {
                let state = Openings::new(service, &self.core.narrow(&self.best.open));
                (0..service.clients())
                    .map(|i| {
                        let dearest = rows.row(i).last().map_or(0.0, |p| p.1);
                        let most = service.ceiling[i].min(dearest.max(state.pays(i)));
                        (0.5 * (state.pays(i) + state.pays_else(i).min(most))).min(service.ceiling[i])
                    })
                    .collect()
            }
            // Each item starts at its share in the cheapest set that covers it.
            Style::Cover { .. } => (0..service.clients())
                .map(|i| {
                    let share =
                        |f: u32| service.opening[f as usize] / service.reach(f as usize).len().max(1) as f64;
                    rows.row(i).map(|p| share(p.0)).fold(f64::INFINITY, f64::min).min(service.ceiling[i])
                })
                .collect(),
        }
    }

    /// Raises the bound on the core; on the way, offers answers, and cuts the core down.
    fn ascend_core(&mut self, start: Multipliers, steps: Steps, meter: &mut Meter<'_>) -> Multipliers {
        let (scale, grain) = (self.scale, self.grain());
        let work = self.work;
        let facilities = self.whole.facilities();
        let shape = self.core.clone_maps();
        let best = std::cell::RefCell::new(std::mem::replace(
            &mut self.best,
            Best { open: Vec::new(), cost: f64::INFINITY },
        ));
        let mut service = std::mem::replace(&mut self.core.service, Service::empty());
        let (mut full, mut descents, began) = (0u32, 0u64, meter.used());
        let style = self.style;
        let cover = style != Style::Service;
        let mut result = ascend(
            &mut service,
            Multipliers { bound: f64::NEG_INFINITY, ..start },
            steps,
            meter,
            |service, open, u, meter| {
                if cover {
                    let set = greedy(service, u, meter);
                    let sets = (0..set.len()).filter(|&s| set[s]);
                    let cost = service.base + sets.map(|s| service.opening[s]).sum::<f64>();
                    best.borrow_mut().offer_cover(cost, &set, service, &shape, facilities);
                    return best.borrow().cost;
                }
                let set: Vec<bool> = open.iter().map(|&y| y > 0.5).collect();
                let mut state = settled(service, &set, meter);
                let mut best = best.borrow_mut();
                best.offer_core(&state, &shape, facilities);
                // A full descent where it can pay: near the best, and neither too often nor for too long.
                full += 1;
                let rounds = (meter.used() - began).saturating_sub(descents);
                if full % 3 == 1 && descents <= rounds && state.cost() < best.cost + 0.02 * best.cost.abs() {
                    let before = meter.used();
                    state.descend(meter);
                    descents += meter.used() - before;
                    best.offer_core(&state, &shape, facilities);
                }
                best.cost
            },
            |cost, bound| style.enough(work, scale, cost, bound),
            grain,
        );
        self.best = best.into_inner();
        self.core.service = service;
        self.bound = self.bound.max(result.bound.min(self.best.cost));
        // What was settled shortens the rows for the rounds to come.
        let old: Vec<u32> = self.core.client.clone();
        let old_facilities = self.core.facility.clone();
        self.core = self.core.again();
        let mut at = 0;
        result.u = self
            .core
            .client
            .iter()
            .enumerate()
            .map(|(new, c)| {
                while old[at] != *c {
                    at += 1;
                }
                result.u[at].min(self.core.service.ceiling[new])
            })
            .collect();
        if cover {
            self.cover_u.clone_from(&result.u);
        }
        let mut at = 0;
        result.share = self
            .core
            .facility
            .iter()
            .map(|f| {
                while old_facilities[at] != *f {
                    at += 1;
                }
                result.share[at]
            })
            .collect();
        result
    }
}
