//! Coverage by a limited number of facilities: bounds by a relaxation with cuts, answers by exchange.

use std::collections::BinaryHeap;
use std::rc::Rc;

use super::super::core::Core;
use super::super::interchange::Openings;
use super::super::lagrange::Multipliers;
use super::super::node::Node;
use super::super::relaxation::Relaxation;
use super::super::{Lock, covering};
use super::{Search, Style, settled};
use crate::optimise::{Meter, relative_gap};

/// Turns of the relaxation before cuts come in, between two rounds of them, and in a branch.
const TURNS: u64 = 3000;
const MORE: u64 = 200;
const IN_BRANCH: u64 = 160;
/// What a round of cuts must take off the gap between answer and bound, and rounds that may fail to.
const PROGRESS: f64 = 0.01;
const FAILURES: u32 = 3;
/// What a relaxation may lack of its value, as a share of that gap, to count as settled.
const SETTLED: f64 = 0.1;
/// Steps, for each pair, that an answer near a relaxed one is worth.
const ROUNDED: u64 = 20;
/// Relative gap from which on better answers are worth more than branches.
const FAR: f64 = 0.003;
/// Steps of the relaxation that take as long as one of a search.
const STEP: u64 = 4;

/// Facilities that a search for coverage looks at, for each that is open, and how many besides.
const NEAR: usize = 8;
const NEAR_LEAST: usize = 200;
/// Steps of a run of exchanges for each pair, the least that are worth one, and answers that are kept.
const RUN: u64 = 2000;
const RUN_LEAST: u64 = 500;
const POOL: usize = 10;

/// Steps that went into the bound and into searches, and the least that the next search takes.
#[derive(Default)]
struct Time {
    bound: u64,
    search: u64,
    next: u64,
}

impl Search<'_, '_> {
    /// Raises the bound and searches, in turns; then branches.
    pub(super) fn cover(&mut self, meter: &mut Meter<'_>) {
        let start = Multipliers::new(self.first_multipliers(), self.core.service.facilities());
        let mut program = Relaxation::new(self.core.service.clone(), &start);
        let mut time = Time::default();
        let mut failures = 0;
        for round in 0.. {
            let before = (meter.used(), self.bound);
            let found = round == 0 || program.tighten(meter) > 0;
            // Where work is short, searches get their share of it.
            let mut part = meter.part(meter.left() / 2);
            let had = part.used();
            self.raise(&mut program, if round == 0 { TURNS } else { MORE }, &mut part);
            meter.spend(part.used() - had);
            self.bound = self.bound.max(program.bound.min(self.best.cost));
            self.offer_rounded(&program, meter);
            if self.enough(self.bound) || !meter.open() {
                return;
            }
            self.shrink(&mut program, meter);
            time.bound += meter.used() - before.0;
            self.search_coverage(&mut time, 2, meter);
            if self.enough(self.bound) || !meter.open() {
                return;
            }
            // Before multipliers have settled, the lack of progress says nothing.
            let open = self.best.cost - self.bound;
            if round > 0 && self.bound - before.1 < PROGRESS * open && program.gap() < SETTLED * open {
                failures += 1;
            }
            if !found || failures == FAILURES {
                break;
            }
        }
        self.branch_coverage(program, time, meter);
    }

    /// Raises the bound of a relaxation.
    fn raise(&self, program: &mut Relaxation, turns: u64, meter: &mut Meter<'_>) {
        let (style, work, scale, cost) = (self.style, self.work, self.scale, self.best.cost);
        program.raise(turns, cost, meter, |bound| style.enough(work, scale, cost, bound));
    }

    /// Offers the answer near a relaxed one.
    fn offer_rounded(&mut self, program: &Relaxation, meter: &mut Meter<'_>) {
        let set: Vec<bool> = program.shares().iter().map(|&s| s > 0.5).collect();
        let mut state = settled(&program.service, &set, meter);
        if state.cost() < self.best.cost + 0.02 * self.best.cost.abs() {
            let steps = ROUNDED * program.service.by_client.pairs() as u64;
            let mut part = meter.part(steps);
            state.descend(&mut part);
            meter.settle(steps, &part);
        }
        self.best.offer_core(&state, &self.core, self.whole.facilities());
    }

    /// Cuts the core down to what may still be open in a better answer.
    fn shrink(&mut self, program: &mut Relaxation, meter: &mut Meter<'_>) {
        program.settle(self.best.cost - self.grain());
        meter.spend(2 * program.service.by_client.pairs() as u64);
        let free = program.service.lock.iter().filter(|l| **l == Lock::Free).count();
        if 10 * free < 9 * program.service.facilities() {
            self.core = program.shrink().within(&self.core);
            meter.spend(8 * program.service.by_client.pairs() as u64);
        }
        self.worth = program.worth();
    }

    /// Branches on facilities, best bound first, in turns with the search.
    fn branch_coverage(&mut self, mut program: Relaxation, mut time: Time, meter: &mut Meter<'_>) {
        let locks: Box<[Lock]> = program.service.lock.clone().into();
        let mut heap = BinaryHeap::from([Node { bound: self.bound, depth: 0, locks, u: program.prices() }]);
        while let Some(node) = heap.pop() {
            self.bound = self.bound.max(node.bound.min(self.best.cost));
            if self.enough(self.bound) || !meter.open() {
                return;
            }
            let before = meter.used();
            program.start(&node.locks, &node.u);
            self.raise(&mut program, IN_BRANCH, meter);
            let bound = node.bound.max(program.bound);
            if !meter.open() {
                // Not settled: its bound holds the whole down.
                return;
            }
            program.settle(self.best.cost - self.grain());
            if bound < self.best.cost && !self.enough(bound) {
                self.offer_rounded(&program, meter);
                let doubt = |f: usize| program.shares()[f].min(1.0 - program.shares()[f]);
                let free =
                    (0..program.service.facilities()).filter(|&f| program.service.lock[f] == Lock::Free);
                // The facility on which the relaxed answer is least sure.
                match free.max_by(|&a, &b| doubt(a).total_cmp(&doubt(b)).then(b.cmp(&a))) {
                    Some(split) => {
                        let u: Rc<[f32]> = program.prices();
                        for way in [Lock::Open, Lock::Shut] {
                            let mut locks: Box<[Lock]> = program.service.lock.clone().into();
                            locks[split] = way;
                            heap.push(Node { bound, depth: node.depth + 1, locks, u: u.clone() });
                        }
                    }
                    // All is decided: what is left costs what it costs, unless the locks keep no limit.
                    None => {
                        let maps = self.core.clone_maps();
                        self.leaf(&program.service, &maps);
                    }
                }
            }
            time.bound += meter.used() - before;
            // Where the bound is far off, branching hardly closes the gap.
            let far = relative_gap(self.best.cost, self.bound) > FAR;
            self.search_coverage(&mut time, if far { 3 } else { 1 }, meter);
        }
        // Nothing is left that could be better.
        self.bound = self.best.cost;
    }

    /// Searches for better answers until that has taken `times` as long as the bound; ever longer, as what is
    /// found depends on how slowly a search cools.
    fn search_coverage(&mut self, time: &mut Time, times: u64, meter: &mut Meter<'_>) {
        let pairs = self.core.service.by_client.pairs() as u64;
        let due = times * time.bound / STEP;
        if due <= time.search || self.core.service.clients() == 0 {
            return;
        }
        let steps = (due - time.search).max(20 * pairs).max(time.next);
        time.next = 2 * steps;
        let before = meter.used();
        if steps >= RUN_LEAST * pairs && covering::counts_only(&self.core.service) {
            self.exchange_coverage(steps, meter);
        } else {
            self.recreate_coverage(steps, meter);
        }
        time.search += meter.used() - before;
    }

    /// The core under other locks, with clients merged; it leads to the whole problem's facilities.
    fn merged(&self, lock: &[Lock], meter: &mut Meter<'_>) -> Core {
        meter.spend(2 * self.core.service.by_client.pairs() as u64);
        Core::merged(&self.core.service, lock).within(&self.core)
    }

    /// Searches for more coverage by exchanges, in runs that each end elsewhere; after each, among the
    /// facilities of the answers so far alone.
    fn exchange_coverage(&mut self, steps: u64, meter: &mut Meter<'_>) {
        let service = &self.core.service;
        let facilities = self.whole.facilities();
        let pairs = service.by_client.pairs() as u64;
        let run = steps.clamp(RUN_LEAST * pairs, RUN * pairs);
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
            let both = self.merged(&lock, meter);
            let start = both.narrow(&self.best.open);
            if let Some((_, set)) = covering::exchange(&both.service, &start, run / 6, &mut self.draw, meter)
            {
                self.best.offer_core(&Openings::new(&both.service, &set), &both, facilities);
            }
        }
    }

    /// Searches for more coverage among the facilities that the multipliers find worth most.
    fn recreate_coverage(&mut self, steps: u64, meter: &mut Meter<'_>) {
        let service = &self.core.service;
        let open = self.core.narrow(&self.best.open);
        let most = NEAR * open.iter().filter(|o| **o).count() + NEAR_LEAST;
        let mut lock = service.lock.clone();
        let mut order: Vec<u32> = (0..service.facilities() as u32)
            .filter(|&f| !open[f as usize] && lock[f as usize] == Lock::Free)
            .collect();
        if order.len() > most {
            order.select_nth_unstable_by(most, |&a, &b| {
                self.worth[a as usize].total_cmp(&self.worth[b as usize]).then(a.cmp(&b))
            });
            order[most..].iter().for_each(|&f| lock[f as usize] = Lock::Shut);
        }
        let near = self.merged(&lock, meter);
        let start = near.narrow(&self.best.open);
        let (facilities, work, scale, bound) = (self.whole.facilities(), self.work, self.scale, self.bound);
        let best = &mut self.best;
        covering::search(&near.service, &start, steps, &mut self.draw, meter, |set| {
            best.offer_core(&Openings::new(&near.service, set), &near, facilities);
            !Style::Service.enough(work, scale, best.cost, bound)
        });
    }
}
