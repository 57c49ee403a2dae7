//! Answers and proof for one location problem: greedy, exchange, Lagrangian bound, shaking.

use super::interchange::Openings;
use super::lagrange::{Multipliers, ascend};
use super::{Lock, Service};
use crate::optimise::{Draw, Ended, Meter, Work, grid, round_up};

/// A set of open facilities that keeps to the limits, its cost and the bound.
#[derive(Clone, Debug)]
pub(in crate::optimise) struct Opened {
    pub(in crate::optimise) open: Vec<bool>,
    pub(in crate::optimise) bound: f64,
    pub(in crate::optimise) ended: Ended,
}

/// Solves the problem; none if the locks alone break the limits.
///
/// The whole problem must be on one `scale` (see [`grid`]) if one is given.
pub(in crate::optimise) fn solve(
    service: &Service,
    scale: Option<f64>,
    start: Option<&[bool]>,
    work: &Work<'_>,
) -> Option<Opened> {
    let size = (service.by_client.pairs() + service.clients() + service.facilities()) as u64;
    let mut meter = work.meter(3_000_000 + 60 * size);
    let mut best = Best { open: Vec::new(), cost: f64::INFINITY };
    let mut draw = Draw::new(work.seed);
    // The first answer comes whatever the allowance.
    let mut free = Meter::new(u64::MAX, crate::optimise::Stop::NEVER);
    if let Some(open) = start {
        let state = settled(service, open, &mut free);
        best.offer(&state);
    }
    let priced = service.limit.budget.is_finite();
    for per_price in [false, true] {
        if per_price && !priced {
            continue;
        }
        let mut state = Openings::new(service, &vec![false; service.facilities()]);
        if !state.within_upper_limits() {
            return None;
        }
        state.fill(per_price, &mut free);
        best.offer(&state);
        state.descend(&mut meter);
        best.offer(&state);
    }
    let grain = scale.map_or(0.0, |s| (1.0 - 1e-3) / s);
    let bound_of = |raw: f64, cost: f64| round_up(raw, scale).min(cost);
    let enough = |cost: f64, bound: f64| work.close_enough(cost, round_up(bound, scale).min(cost));
    let mut working = service.clone();
    let mut multipliers = first_multipliers(&working, &best);
    let mut bound = f64::NEG_INFINITY;
    for pass in 0..3u32 {
        if !meter.open() || best.cost.is_infinite() {
            break;
        }
        let rounds = if pass == 0 { 400 } else { 1500 };
        multipliers = ascend(
            &mut working,
            multipliers,
            rounds,
            &mut meter,
            |service, set, _, meter| {
                let mut state = settled(service, set, meter);
                best.offer(&state);
                // A full descent where it can pay: near the best.
                if state.cost() < best.cost + 0.02 * best.cost.abs() {
                    state.descend(meter);
                    best.offer(&state);
                }
                best.cost
            },
            enough,
            grain,
        );
        bound = bound_of(multipliers.bound, best.cost).max(bound);
        if enough(best.cost, bound) {
            break;
        }
        // What was settled shortens the rows for the rounds to come.
        working = Service::new(
            &working.by_client,
            working.fallback,
            working.opening,
            working.price,
            working.lock,
            working.limit,
        );
        let tries = if pass == 0 { 30 } else { 200 };
        shake_around(&working, &mut best, &mut draw, tries, bound, &enough, &mut meter);
    }
    while meter.open() && best.cost.is_finite() && !enough(best.cost, bound) {
        shake_around(&working, &mut best, &mut draw, 100, bound, &enough, &mut meter);
        if working.lock.iter().all(|&l| l != Lock::Free) {
            break;
        }
    }
    let proven =
        crate::optimise::relative_gap(best.cost, bound_of(bound, best.cost)) <= crate::optimise::TOLERANCE;
    best.cost.is_finite().then(|| Opened {
        bound: bound_of(bound, best.cost),
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

struct Best {
    open: Vec<bool>,
    cost: f64,
}

impl Best {
    fn offer(&mut self, state: &Openings<'_>) {
        if state.fits() && state.cost() < self.cost - 1e-12 * self.cost.abs().min(1e12) {
            self.cost = state.cost();
            self.open = state.open().to_vec();
        }
    }
}

/// An answer near `set` that keeps to the limits.
fn settled<'s>(service: &'s Service, set: &[bool], meter: &mut Meter<'_>) -> Openings<'s> {
    let mut state = Openings::new(service, set);
    meter.spend(service.by_client.pairs() as u64 / 4);
    state.trim();
    state.fill(service.limit.budget.is_finite(), meter);
    state
}

/// Multipliers between what clients pay now and what they'd pay without their server.
fn first_multipliers(service: &Service, best: &Best) -> Multipliers {
    let u = if best.cost.is_finite() {
        let state = Openings::new(service, &best.open);
        (0..service.clients()).map(|c| state.pays(c).min(service.fallback[c])).collect()
    } else {
        vec![0.0; service.clients()]
    };
    Multipliers { bound: f64::NEG_INFINITY, u }
}

/// Exchanges at random around the best answer, each followed by a descent.
fn shake_around(
    service: &Service,
    best: &mut Best,
    draw: &mut Draw,
    tries: usize,
    bound: f64,
    enough: &impl Fn(f64, f64) -> bool,
    meter: &mut Meter<'_>,
) {
    let mut state = Openings::new(service, &best.open);
    let mut here = (state.cost(), state.clone());
    for _ in 0..tries {
        if !meter.open() || enough(best.cost, bound) {
            return;
        }
        let strength = 1 + draw.below(1 + state.count().min(60) / 6);
        state.shake(strength, draw);
        state.descend(meter);
        best.offer(&state);
        if state.fits() && state.cost() < here.0 + 1e-4 * here.0.abs() * draw.unit() {
            here = (state.cost(), state.clone());
        } else {
            state.clone_from(&here.1);
        }
    }
}
