//! Answers and proof for one location problem: greedy, exchange, Lagrangian bound, a search around the
//! best answer, and branching on what the bound leaves open.

use std::collections::BinaryHeap;
use std::rc::Rc;

use super::core::Core;
use super::interchange::Openings;
use super::lagrange::{Multipliers, Steps, ascend};
use super::{Limit, Lock, Service, covering, parts};
use crate::optimise::set_cover::greedy::greedy;
use crate::optimise::set_cover::{dive, weighting};
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

/// Warmth at which annealing starts, as a share of what an exchange usually costs, and what is left of it
/// at the end.
const HOT: f64 = 0.2;
const COOL: f64 = 0.02;

/// Pairs of clients and facilities from which on a bound by parts is worth its time.
const LARGE: usize = 2_000_000;
/// Facilities that a search for coverage looks at, for each that is open, and how many besides.
const NEAR: usize = 8;
const NEAR_LEAST: usize = 200;
/// Steps of a run of exchanges for each pair, the least that are worth one, and answers that are kept.
const RUN: u64 = 2000;
const RUN_LEAST: u64 = 500;
const POOL: usize = 10;
/// Steps of the bound that take as long as one of a search for coverage in a large problem.
const COVERAGE_STEP: u64 = 6;
/// Relative gap from which on the bound is sought by parts, and facilities that are open in a part.
const FAR: f64 = 0.003;
const IN_PART: [usize; 3] = [6, 12, 24];
/// Relative gap of a part that is good enough, and the least steps it gets, for each of its pairs.
const PART_GAP: f64 = 1e-4;
const PART_STEPS: u64 = 100;

/// What each facility costs, less what clients gain by it under multipliers; by unit of budget where there
/// is one.
fn worth_of(service: &Service, u: &[f64]) -> Vec<f64> {
    let priced = service.limit.budget.is_finite();
    let worth = |f: usize| {
        let gains = service.reach(f).iter().map(|&(i, _, c)| (u[i as usize] - c).max(0.0));
        let net = service.opening[f] - gains.sum::<f64>();
        if priced { net / service.price[f].max(1e-9) } else { net }
    };
    (0..service.facilities()).map(worth).collect()
}

/// What opening a place, or a unit of budget where there is one, is worth at the limit.
fn price_of_opening(service: &Service, worth: &[f64]) -> f64 {
    let size = |f: usize| if service.limit.budget.is_finite() { service.price[f] } else { 1.0 };
    let room =
        if service.limit.budget.is_finite() { service.limit.budget } else { service.limit.at_most as f64 };
    let of = |lock: Lock| (0..service.facilities()).filter(move |&f| service.lock[f] == lock);
    let mut left = room - of(Lock::Open).map(size).sum::<f64>();
    let mut free: Vec<usize> = of(Lock::Free).collect();
    free.sort_unstable_by(|&a, &b| worth[a].total_cmp(&worth[b]).then(a.cmp(&b)));
    for (k, &f) in free.iter().enumerate() {
        left -= size(f);
        if left < 0.0 {
            let last = if k > 0 { worth[free[k - 1]] } else { worth[f] };
            return (-0.5 * (last + worth[f])).max(0.0);
        }
    }
    0.0
}

/// A set for a part of a problem, from one near it, and the bound, from multipliers that are good already.
fn solve_part(
    part: &Service,
    start: &[bool],
    u: &[f64],
    work: &Work<'_>,
    meter: &mut Meter<'_>,
) -> (Vec<bool>, f64) {
    let work = Work { gap: PART_GAP, ..*work };
    let (merged, became) = Core::merged(part, &part.lock);
    let mut sums = vec![0.0; merged.service.clients()];
    became.iter().for_each(|&(from, to)| sums[to as usize] += u[from as usize]);
    let service = &merged.service;
    let mut search = Search { searches: false, ..Search::new(service, None, Style::Service, &work) };
    let mut state = settled(service, start, meter);
    state.descend(meter);
    search.best.offer(&state);
    drop(state);
    let core = &search.core;
    let u =
        core.client.iter().zip(&core.service.ceiling).map(|(&c, most)| sums[c as usize].min(*most)).collect();
    let multipliers = Multipliers::new(u, core.service.facilities());
    let steps = Steps { rounds: 200, first: 0.3, last: 1e-3, patience: 8, shrink: 0.6, visit_every: 20 };
    let multipliers = search.ascend_core(multipliers, steps, meter);
    if !search.enough(search.bound) && meter.open() {
        search.branch(multipliers, meter);
    }
    let Search { best, bound, .. } = search;
    (best.open, bound.min(best.cost))
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
    /// Whether better answers are searched for between the branches; in parts, the bound alone counts.
    searches: bool,
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
            searches: true,
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
        let u = self.first_multipliers();
        // Covers are found along the multipliers, so that good ones are worth more rounds.
        let cover = self.style != Style::Service;
        let mut multipliers = Multipliers::new(u, self.core.service.facilities());
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
                return;
            }
            let spent = (meter.used() - before).max(500_000);
            self.search_around(spent / self.step(), meter);
            if self.enough(self.bound) || !meter.open() {
                return;
            }
        }
        for most in IN_PART {
            if !(self.covers() && self.large()) || relative_gap(self.best.cost, self.bound) < FAR {
                break;
            }
            let steps = meter.used();
            self.bound_by_parts(&multipliers.u, most, steps, meter);
            self.search_around(steps / self.step(), meter);
            if self.enough(self.bound) || !meter.open() {
                return;
            }
        }
        self.branch(multipliers, meter);
    }

    /// Whether clients are covered or not, by a limited number of facilities.
    fn covers(&self) -> bool {
        let service = &self.core.service;
        self.style == Style::Service && service.plain && service.limit != Limit::NONE
    }

    fn large(&self) -> bool {
        self.core.service.by_client.pairs() >= LARGE
    }

    /// Steps of the bound that take as long as one of the search.
    fn step(&self) -> u64 {
        if self.covers() && self.large() { COVERAGE_STEP } else { 1 }
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
        } else {
            self.worth = worth_of(&self.core.service, &result.u);
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

    /// Searches for better answers, starting from the best.
    fn search_around(&mut self, steps: u64, meter: &mut Meter<'_>) {
        let service = &self.core.service;
        if service.clients() == 0 || service.lock.iter().all(|&l| l != Lock::Free) {
            return;
        }
        if self.style != Style::Service {
            self.search_covers(steps, meter);
            return;
        }
        if self.covers() {
            self.search_coverage(steps, meter);
            return;
        }
        // Of the two ways to search, the one that has paid more lately, the other one now and then.
        self.slices += 1;
        let favourite = usize::from(self.paid[1] >= self.paid[0]);
        let way = if self.slices % 4 == 2 { 1 - favourite } else { favourite };
        let before = (self.best.cost, meter.used());
        if way == 0 {
            self.disturb(steps, meter)
        } else {
            self.anneal(steps, meter)
        }
        let gained = (before.0 - self.best.cost) / (meter.used() - before.1).max(1) as f64;
        self.paid[way] = 0.7 * self.paid[way] + 0.3 * gained;
    }

    /// Searches for more coverage by exchanges, in runs that each end elsewhere; after each, among the
    /// facilities of the answers so far alone.
    fn exchange_coverage(&mut self, steps: u64, meter: &mut Meter<'_>) {
        let service = &self.core.service;
        let facilities = self.whole.facilities();
        let run = RUN * service.by_client.pairs() as u64;
        let end = meter.used().saturating_add(steps);
        while meter.used() < end && meter.open() && !self.enough(self.bound) {
            let start = self.core.narrow(&self.best.open);
            // A run that is cut short hasn't cooled.
            let Some((cost, set)) = covering::exchange(service, &start, run, &mut self.draw, meter) else {
                return;
            };
            self.best.offer_core(&Openings::new(service, &set), &self.core, facilities);
            let set = self.core.widen(&set, facilities);
            if !self.pool.iter().any(|p| p.1 == set) {
                self.pool.push((cost, set));
            }
            if self.pool.len() > POOL {
                let costs = self.pool.iter().map(|p| p.0).enumerate();
                let worst = costs.max_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |w| w.0);
                self.pool.swap_remove(worst);
            }
            if self.pool.len() < 2 {
                continue;
            }
            let known = |f: &u32| {
                let f = *f as usize;
                self.best.open[f] || self.pool.iter().any(|p| p.1[f])
            };
            let lock: Vec<Lock> =
                self.core.facility.iter().map(|f| if known(f) { Lock::Free } else { Lock::Shut }).collect();
            let (mut both, _) = Core::merged(service, &lock);
            meter.spend(2 * service.by_client.pairs() as u64);
            for f in &mut both.facility {
                *f = self.core.facility[*f as usize];
            }
            let start = both.narrow(&self.best.open);
            if let Some((_, set)) = covering::exchange(&both.service, &start, run / 6, &mut self.draw, meter)
            {
                self.best.offer_core(&Openings::new(&both.service, &set), &both, facilities);
            }
        }
    }

    /// Searches for more coverage among the facilities that the multipliers find worth most.
    fn search_coverage(&mut self, steps: u64, meter: &mut Meter<'_>) {
        let service = &self.core.service;
        if steps >= RUN_LEAST * service.by_client.pairs() as u64 && covering::counts_only(service) {
            self.exchange_coverage(steps, meter);
            return;
        }
        let open = self.core.narrow(&self.best.open);
        let most = NEAR * open.iter().filter(|o| **o).count() + NEAR_LEAST;
        let mut lock = service.lock.clone();
        let mut order: Vec<u32> = (0..service.facilities() as u32)
            .filter(|&f| !open[f as usize] && lock[f as usize] == Lock::Free)
            .collect();
        if order.len() > most && self.worth.len() == service.facilities() {
            order.select_nth_unstable_by(most, |&a, &b| {
                self.worth[a as usize].total_cmp(&self.worth[b as usize]).then(a.cmp(&b))
            });
            order[most..].iter().for_each(|&f| lock[f as usize] = Lock::Shut);
        }
        let (mut near, _) = Core::merged(service, &lock);
        meter.spend(2 * service.by_client.pairs() as u64);
        for f in &mut near.facility {
            *f = self.core.facility[*f as usize];
        }
        let start = near.narrow(&self.best.open);
        let (facilities, work, scale, bound) = (self.whole.facilities(), self.work, self.scale, self.bound);
        let best = &mut self.best;
        covering::search(&near.service, &start, steps, &mut self.draw, meter, |set| {
            best.offer_core(&Openings::new(&near.service, set), &near, facilities);
            !Style::Service.enough(work, scale, best.cost, bound)
        });
    }

    /// Raises the bound by solving parts of the core, in each of which at most `most` of the facilities are
    /// that are open in the best answer.
    fn bound_by_parts(&mut self, u: &[f64], most: usize, steps: u64, meter: &mut Meter<'_>) {
        let service = &self.core.service;
        let limit = service.limit;
        let open = self.core.narrow(&self.best.open);
        let price = price_of_opening(service, &self.worth);
        let priced = limit.budget.is_finite();
        let size = |f: usize| if priced { service.price[f] } else { 1.0 };
        let opening: Vec<f64> =
            (0..service.facilities()).map(|f| service.opening[f] + price * size(f)).collect();
        let (group, groups) = parts::divide(service, &open, u, most);
        let (mut list, mut bound) = parts::build(service, &group, groups, u, &opening);
        meter.spend(8 * service.by_client.pairs() as u64);
        if price > 0.0 {
            bound -= price * if priced { limit.budget * (1.0 + 1e-12) } else { limit.at_most as f64 };
        }
        // What the small ones leave is for the large ones.
        list.sort_by_key(|p| p.service.by_client.pairs());
        let mut pairs: u64 = list.iter().map(|p| p.service.by_client.pairs() as u64 + 1).sum();
        let mut left = steps.min(meter.left());
        let mut answer = vec![false; service.facilities()];
        for part in &list {
            let size = part.service.by_client.pairs() as u64 + 1;
            let most = ((left as f64 * size as f64 / pairs as f64) as u64).max(PART_STEPS * size);
            pairs -= size;
            let start: Vec<bool> = part.facility.iter().map(|&f| open[f as usize]).collect();
            let ceiling = &part.service.ceiling;
            let u: Vec<f64> = part.client.iter().zip(ceiling).map(|(&c, m)| u[c as usize].min(*m)).collect();
            let mut own = meter.part(most);
            let before = own.used();
            let (set, least) = solve_part(&part.service, &start, &u, self.work, &mut own);
            let spent = own.used() - before;
            left = left.saturating_sub(spent);
            if !meter.spend(spent) || own.stopped() {
                return;
            }
            bound += least;
            part.facility.iter().zip(set).for_each(|(&f, o)| answer[f as usize] = o);
        }
        self.bound = self.bound.max(bound.min(self.best.cost));
        let state = settled(service, &answer, meter);
        self.best.offer_core(&state, &self.core, self.whole.facilities());
    }

    /// Exchanges at random, at first also some that make it worse (simulated annealing).
    fn anneal(&mut self, steps: u64, meter: &mut Meter<'_>) {
        let service = &self.core.service;
        let facilities = self.whole.facilities();
        let start = meter.used();
        let mut state = Openings::new(service, &self.core.narrow(&self.best.open));
        if !state.fits() || service.clients() == 0 {
            return;
        }
        // What an exchange costs usually.
        let (mut usual, mut seen) = (0.0, 0u32);
        for _ in 0..2000 {
            let client = self.draw.below(service.clients());
            if let Some(f) = state.better_for(client, &mut self.draw) {
                let (change, _) = state.weigh_in(f, meter);
                if change > 0.0 && change.is_finite() && seen < 300 {
                    usual += change;
                    seen += 1;
                }
            }
        }
        usual /= f64::from(seen.max(1));
        let mut warmth = HOT * usual;
        let mut turn = 0u32;
        while meter.open() {
            turn += 1;
            if turn % 256 == 0 {
                let done = (meter.used() - start) as f64 / steps.max(1) as f64;
                if done >= 1.0 {
                    break;
                }
                warmth = HOT * usual * COOL.powf(done);
            }
            meter.spend(4);
            let client = self.draw.below(service.clients());
            let Some(f) = state.better_for(client, &mut self.draw) else { continue };
            let (change, out) = state.weigh_in(f, meter);
            if change < -warmth * self.draw.unit().max(1e-12).ln() {
                state.exchange(f, out);
                meter.spend(4 * service.reach(f).len() as u64);
                if self.best.offer_core(&state, &self.core, facilities) && self.enough(self.bound) {
                    return;
                }
            }
        }
    }

    /// Disturbs the best answer here and there, each time followed by a descent nearby; what turns out
    /// worse is taken back.
    fn disturb(&mut self, steps: u64, meter: &mut Meter<'_>) {
        let service = &self.core.service;
        let facilities = self.whole.facilities();
        let until = meter.used().saturating_add(steps);
        let mut state = Openings::new(service, &self.core.narrow(&self.best.open));
        if !state.fits() {
            state = settled(service, &self.core.narrow(&self.best.open), meter);
        }
        state.descend(meter);
        self.best.offer_core(&state, &self.core, facilities);
        state.look_around(meter);
        let mut idle = 0u32;
        while meter.used() < until && meter.open() {
            let before = state.cost();
            let fitted = state.fits();
            state.mark();
            let strength = 1 + self.draw.below(3) + usize::from(idle > 2000) * self.draw.below(4);
            state.shake(strength.min(state.count().max(1)), &mut self.draw);
            meter.spend(20);
            state.descend_nearby(meter);
            idle += 1;
            if self.best.offer_core(&state, &self.core, facilities) {
                idle = 0;
                if self.enough(self.bound) {
                    return;
                }
            }
            let worse = state.cost() - before;
            // Now and then a little worse is taken, to move on.
            let leave = 1e-5 * before.abs() * self.draw.unit() * self.draw.unit();
            if !meter.open() || worse > leave || (fitted && !state.fits()) {
                state.take_back();
            }
            if idle > 0 && idle % 3000 == 0 {
                state = Openings::new(service, &self.core.narrow(&self.best.open));
                if !state.fits() {
                    return;
                }
                state.look_around(meter);
            }
        }
    }

    /// Looks for covers: dives with all sets and around parts of the best cover, and a search with weights.
    fn search_covers(&mut self, steps: u64, meter: &mut Meter<'_>) {
        let service = &self.core.service;
        let facilities = self.whole.facilities();
        let until = meter.used().saturating_add(steps);
        let (bound, scale, work, style) = (self.bound, self.scale, self.work, self.style);
        let (best, core, draw) = (&mut self.best, &self.core, &mut self.draw);
        let u = &self.cover_u;
        while meter.used() < until && meter.open() && !style.enough(work, scale, best.cost, bound) {
            let before = meter.used();
            let have = if best.open.is_empty() { Vec::new() } else { core.narrow(&best.open) };
            let mut locks = dive::promising(service, u, &have);
            if !have.is_empty() && self.kept > 0.0 {
                dive::keep_part(service, u, &have, self.kept, &mut locks, draw);
            }
            let was = best.cost;
            // The search with weights starts from the dive's own best cover: other places than the last.
            let mut nearest: (f64, Vec<bool>) = (f64::INFINITY, Vec::new());
            let mut offer = |cost: f64, set: &dyn Fn() -> Vec<bool>| {
                if cost < nearest.0 {
                    nearest = (cost, set());
                    best.offer_cover(cost, &nearest.1, service, core, facilities);
                }
                best.cost
            };
            dive::dive(service, locks, u.clone(), draw, meter, &mut offer);
            // The more of the best cover is kept, the smaller what is looked at anew.
            self.kept = if best.cost < was || self.kept > 0.9 { 0.3 } else { 0.3f64.max(1.1 * self.kept) };
            if style.enough(work, scale, best.cost, bound) {
                return;
            }
            let tight = Core::of(service, &dive::promising(service, u, &nearest.1));
            let start = if nearest.1.is_empty() {
                greedy(&tight.service, &[], meter)
            } else {
                tight.narrow(&nearest.1)
            };
            let spent = (meter.used() - before).max(100_000);
            weighting::search(&tight.service, &start, best.cost, spent, draw, meter, |set, _| {
                let set = tight.widen(set, service.facilities());
                best.offer_core(&Openings::new(service, &set), core, facilities);
                !style.enough(work, scale, best.cost, bound)
            });
        }
    }

    /// Branches on facilities, best bound first, in turns with the search around the best answer.
    fn branch(&mut self, root: Multipliers, meter: &mut Meter<'_>) {
        let facilities = self.whole.facilities();
        let root_u: Rc<[f32]> = root.u.iter().map(|&v| v as f32).collect();
        let lock: Box<[Lock]> = self.core.service.lock.clone().into();
        let mut heap = BinaryHeap::from([Node { bound: self.bound, depth: 0, lock, u: root_u }]);
        let (mut for_search, mut for_branch, mut long) = (0u64, 0u64, 0u64);
        let pairs = self.core.service.by_client.pairs() as u64;
        // Bounds of nodes that the allowance left unsettled.
        while let Some(node) = heap.pop() {
            self.bound = self.bound.max(node.bound.min(self.best.cost));
            if self.enough(self.bound) {
                return;
            }
            if !meter.open() {
                return;
            }
            let before = meter.used();
            let core = Core::of(&self.core.service, &node.lock);
            meter.spend(2 * core.service.by_client.pairs() as u64 + node.u.len() as u64);
            let u = core
                .client
                .iter()
                .zip(&core.service.ceiling)
                .map(|(&c, most)| f64::from(node.u[c as usize]).clamp(0.0, *most))
                .collect();
            let mut small = core.service.clone();
            let (scale, grain, work, cost, style) =
                (self.scale, self.grain(), self.work, self.best.cost, self.style);
            let start = Multipliers::new(u, small.facilities());
            let steps = Steps {
                rounds: if node.depth == 0 { 400 } else { 60 },
                first: 0.5,
                last: 1e-2,
                patience: 6,
                shrink: 0.6,
                visit_every: u64::MAX,
            };
            let mut last_open: Vec<f64> = Vec::new();
            let result = ascend(
                &mut small,
                start,
                steps,
                meter,
                |_, open, _, _| {
                    last_open = open.to_vec();
                    cost
                },
                |c, b| style.enough(work, scale, c, b),
                grain,
            );
            let bound = node.bound.max(result.bound);
            let finished = meter.open();
            let mut state = if self.style == Style::Service {
                let set: Vec<bool> = result.share.iter().map(|&s| s > 0.5).collect();
                settled(&small, &set, meter)
            } else {
                Openings::new(&small, &greedy(&small, &result.u, meter))
            };
            if self.style == Style::Service && state.cost() < self.best.cost * 1.01 {
                state.descend(meter);
            }
            let whole = Core {
                service: Service::empty(),
                facility: core.facility.iter().map(|&f| self.core.facility[f as usize]).collect(),
                client: Vec::new(),
            };
            self.best.offer_core(&state, &whole, facilities);
            drop(state);
            if !finished {
                // Not settled: its bound holds the whole down.
                heap.push(Node { bound, ..node });
                if let Some(top) = heap.peek() {
                    self.bound = self.bound.max(top.bound.min(self.best.cost));
                }
                return;
            }
            if !(bound >= self.best.cost || self.enough(bound)) {
                // The facility on which the relaxed answers agree least.
                let split =
                    (0..small.facilities()).filter(|&f| small.lock[f] == Lock::Free).max_by(|&a, &b| {
                        let doubt = |f: usize| {
                            let s = result.share[f];
                            s.min(1.0 - s)
                        };
                        doubt(a).total_cmp(&doubt(b)).then(b.cmp(&a))
                    });
                if let Some(split) = split {
                    let mut lock: Vec<Lock> = vec![Lock::Shut; self.core.facility.len()];
                    for (f, &l) in core.facility.iter().zip(&small.lock) {
                        lock[*f as usize] = l;
                    }
                    let mut u: Vec<f32> = node.u.to_vec();
                    for (&c, &v) in core.client.iter().zip(&result.u) {
                        u[c as usize] = v as f32;
                    }
                    let u: Rc<[f32]> = u.into();
                    let at = core.facility[split] as usize;
                    for way in [Lock::Open, Lock::Shut] {
                        let mut lock = lock.clone();
                        lock[at] = way;
                        heap.push(Node { bound, depth: node.depth + 1, lock: lock.into(), u: u.clone() });
                    }
                } else if self.leaf(&small, &whole) {
                    // All is decided, and what is left costs what it costs.
                } else {
                    // Locks that keep no limit: nothing lies here.
                }
            }
            for_branch += meter.used() - before;
            if !self.searches {
                continue;
            }
            // Where the bound is far off, branching hardly closes the gap: better answers are worth more.
            let far = relative_gap(self.best.cost, self.bound) > if self.covers() { FAR } else { 0.015 };
            let share = if far { 3 * for_branch } else { for_branch / 2 };
            if for_search < share && for_branch > 4 * pairs {
                let before = meter.used();
                let mut steps = (share - for_search).max(200_000);
                if self.covers() {
                    // Ever longer, as what a search finds depends on how slowly it cools.
                    steps = steps.max(20 * pairs).max(long);
                    long = 2 * steps;
                }
                self.search_around(steps, meter);
                for_search += (meter.used() - before) * self.step();
            }
        }
        // Nothing is left that could be better.
        self.bound = self.best.cost;
    }

    /// Offers the only answer of a problem in which all is decided.
    fn leaf(&mut self, service: &Service, whole: &Core) -> bool {
        let open: Vec<bool> = service.lock.iter().map(|&l| l == Lock::Open).collect();
        let state = Openings::new(service, &open);
        self.best.offer_core(&state, whole, self.whole.facilities());
        state.fits()
    }
}

/// Part of the answers: those that keep to the locks.
struct Node {
    bound: f64,
    depth: u32,
    lock: Box<[Lock]>,
    u: Rc<[f32]>,
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Node {}
impl PartialOrd for Node {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Node {
    /// Lowest bound first out of a heap; of equals the deepest.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        other.bound.total_cmp(&self.bound).then(self.depth.cmp(&other.depth))
    }
}
