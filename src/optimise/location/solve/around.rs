//! Better answers, sought around the best one.

use super::super::Lock;
use super::super::core::Core;
use super::super::interchange::Openings;
use super::{Search, Style, settled};
use crate::optimise::Meter;
use crate::optimise::set_cover::greedy::greedy;
use crate::optimise::set_cover::{dive, weighting};

/// Warmth at which annealing starts, as a share of what an exchange usually costs, and what is left of it
/// at the end.
const HOT: f64 = 0.2;
const COOL: f64 = 0.02;

impl Search<'_, '_> {
    /// Searches for better answers, starting from the best.
    pub(super) fn search_around(&mut self, steps: u64, meter: &mut Meter<'_>) {
        let service = &self.core.service;
        if service.clients() == 0 || service.lock.iter().all(|&l| l != Lock::Free) {
            return;
        }
        if self.style != Style::Service {
            self.search_covers(steps, meter);
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
}
