//! The linear relaxation of coverage, with cuts, by a first-order method.
//!
//! Where service is free, the relaxed problem is to choose shares `x` of facilities within the limits so that
//! openings and what clients miss cost least: each pays its fallback for what its facilities' shares leave of 1.
//! Its multipliers are those of [`lagrange`](super::lagrange), whose bound at best equals the relaxation's value.
//! The [`triples`](super::triples) of clients that are added to it bring its value nearer to that of whole answers.
//!
//! Shares and multipliers move against each other (primal-dual hybrid gradient, Chambolle & Pock 2011, with the
//! diagonal steps of Pock & Chambolle 2011), are averaged and restarted (PDLP, Applegate et al. 2021). Whatever the
//! multipliers, what they prove is a bound: they are brought within what clients pay, and valued against the best
//! whole choice of facilities.

use std::rc::Rc;

use rustc_hash::FxHashSet;

use super::core::Core;
use super::lagrange::{Multipliers, Relaxed, choose, settle};
use super::triples::{self, Triple};
use super::{Lock, Service, SparseRows};
use crate::optimise::Meter;

/// Turns between two looks at the bound.
const STRETCH: u64 = 40;
/// Weight of steps of multipliers against steps of shares at the start, in clients' mean fallbacks.
const WEIGHT: f64 = 5.0;
/// What a stretch's gap must come down to for a restart; and the share of all turns after which there is one.
const FALLEN: f64 = 0.5;
const LONG: f64 = 0.36;
/// Part of the gap between answer and bound below which the relaxation's own gap doesn't matter.
const SMALL: f64 = 0.02;
/// Trials to find the price of the limit in one turn.
const TRIALS: usize = 40;
/// Rounds for which a triple without a price stays.
const IDLE: u8 = 2;

/// Shares and multipliers.
#[derive(Clone)]
struct Point {
    /// Share of each facility that is open.
    x: Vec<f64>,
    /// What clients of triples miss; nothing for the others, whose misses follow from shares.
    missed: Vec<f64>,
    /// Multipliers of clients and of triples.
    u: Vec<f64>,
    v: Vec<f64>,
}

/// The shares that serve a client.
fn served(service: &Service, client: usize, x: &[f64]) -> f64 {
    service.by_client.row_indices(client).iter().map(|&f| x[f as usize]).sum()
}

impl Point {
    fn fields(&mut self) -> [&mut Vec<f64>; 4] {
        [&mut self.x, &mut self.missed, &mut self.u, &mut self.v]
    }
}

/// The relaxation and where it stands.
pub(super) struct Relaxation {
    pub(super) service: Service,
    triples: Vec<Triple>,
    /// Per triple its facilities, and how often each counts.
    counts: SparseRows,
    /// Rounds for which a triple has had no price.
    idle: Vec<u8>,
    /// In how many triples a client is.
    tied: Vec<u32>,
    at: Point,
    sum: Point,
    turns: f64,
    /// What multipliers offer each facility, and each client for its miss.
    offered: Vec<f64>,
    urged: Vec<f64>,
    /// Steps of shares, misses, and multipliers of clients and triples.
    rate: Vec<f64>,
    ease: Vec<f64>,
    pace: Vec<f64>,
    pull: Vec<f64>,
    /// What a facility takes of the limit, and the limit.
    size: Vec<f64>,
    least: f64,
    most: f64,
    /// The limit's price in the last turn.
    price: f64,
    weight: f64,
    wish: Vec<f64>,
    wish_missed: Vec<f64>,
    /// The best bound, and the multipliers that prove it.
    pub(super) bound: f64,
    best: (Vec<f64>, Vec<f64>),
    gap: f64,
    relaxed: Relaxed,
}

impl Relaxation {
    pub(super) fn new(service: Service, start: &Multipliers) -> Self {
        let (clients, facilities) = (service.clients(), service.facilities());
        let mean = service.ceiling.iter().sum::<f64>() / clients.max(1) as f64;
        let limit = service.limit;
        let priced = limit.budget.is_finite();
        let at =
            Point { x: start.share.clone(), missed: vec![0.0; clients], u: start.u.clone(), v: Vec::new() };
        let none = Point {
            x: vec![0.0; facilities],
            missed: vec![0.0; clients],
            u: vec![0.0; clients],
            v: Vec::new(),
        };
        let mut out = Self {
            triples: Vec::new(),
            counts: SparseRows { first: vec![0], ..SparseRows::default() },
            idle: Vec::new(),
            tied: vec![0; clients],
            best: (at.u.clone(), Vec::new()),
            at,
            sum: none,
            turns: 0.0,
            offered: vec![0.0; facilities],
            urged: vec![0.0; clients],
            rate: Vec::new(),
            ease: Vec::new(),
            pace: Vec::new(),
            pull: Vec::new(),
            size: if priced { service.price.clone() } else { vec![1.0; facilities] },
            least: if priced { 0.0 } else { limit.at_least as f64 },
            most: if priced { limit.budget } else { limit.at_most as f64 },
            price: 0.0,
            weight: WEIGHT * mean,
            wish: vec![0.0; facilities],
            wish_missed: vec![0.0; clients],
            bound: f64::NEG_INFINITY,
            gap: f64::INFINITY,
            relaxed: Relaxed::default(),
            service,
        };
        out.measure();
        out.begin();
        out
    }

    /// Lengths of steps, by the rows that there are.
    fn measure(&mut self) {
        let service = &self.service;
        let (clients, facilities) = (service.clients(), service.facilities());
        let mean = (service.ceiling.iter().sum::<f64>() / clients.max(1) as f64).max(1e-300);
        let scale: Vec<f64> = service.ceiling.iter().map(|c| (c / mean).max(1e-3)).collect();
        let of_triple = |t: &Triple| t.iter().map(|&i| scale[i as usize]).fold(f64::INFINITY, f64::min);
        let mut reached: Vec<f64> =
            (0..facilities).map(|f| service.reach(f).iter().map(|r| scale[r.0 as usize]).sum()).collect();
        let mut held = scale.clone();
        self.pull.clear();
        for (k, triple) in self.triples.iter().enumerate() {
            let size = of_triple(triple);
            let mut width = triple.len() as f64;
            for (f, count) in self.counts.row(k) {
                reached[f as usize] += size * count;
                width += count;
            }
            triple.iter().for_each(|&i| held[i as usize] += size);
            self.pull.push(size / width);
        }
        let width =
            |i: usize| (service.by_client.row_indices(i).len() + usize::from(self.tied[i] > 0)).max(1) as f64;
        self.pace = (0..clients).map(|i| scale[i] / width(i)).collect();
        self.rate = reached.into_iter().map(|r| 1.0 / r.max(1e-9)).collect();
        self.ease = held.into_iter().map(|h| 1.0 / h).collect();
    }

    /// Adds up what multipliers offer.
    fn offer(&mut self) {
        self.offered.fill(0.0);
        self.urged.fill(0.0);
        for (i, &u) in self.at.u.iter().enumerate().filter(|u| *u.1 > 0.0) {
            self.service.by_client.row_indices(i).iter().for_each(|&f| self.offered[f as usize] += u);
            self.urged[i] += u;
        }
        for (k, &v) in self.at.v.iter().enumerate().filter(|v| *v.1 > 0.0) {
            self.counts.row(k).for_each(|(f, count)| self.offered[f as usize] += v * count);
            self.triples[k].iter().for_each(|&i| self.urged[i as usize] += v);
        }
    }

    fn share(&self, f: usize, price: f64) -> f64 {
        match self.service.lock[f] {
            Lock::Open => 1.0,
            Lock::Shut => 0.0,
            Lock::Free => (self.wish[f] - price * self.size[f] * self.rate[f] / self.weight).clamp(0.0, 1.0),
        }
    }

    /// What shares come to in a triple, without misses.
    fn counted(&self, triple: usize, x: &[f64]) -> f64 {
        self.counts.row(triple).map(|(f, count)| count * x[f as usize]).sum()
    }

    /// The price at which wished shares keep to the limit.
    fn settle_price(&self) -> f64 {
        // Size of what is open at a price, and how fast it falls with it.
        let opened = |price: f64| {
            let (mut sum, mut fall) = (0.0, 0.0);
            for f in 0..self.wish.len() {
                let share = self.share(f, price);
                sum += self.size[f] * share;
                if share > 0.0 && share < 1.0 {
                    fall += self.size[f] * self.size[f] * self.rate[f] / self.weight;
                }
            }
            (sum, fall)
        };
        let at_none = opened(0.0).0;
        let goal = at_none.min(self.most).max(self.least);
        if at_none == goal {
            return 0.0;
        }
        let (mut low, mut high) =
            if at_none > goal { (0.0, f64::INFINITY) } else { (f64::NEG_INFINITY, 0.0) };
        let mut price = self.price.clamp(low, high);
        for _ in 0..TRIALS {
            let (sum, fall) = opened(price);
            if (sum - goal).abs() <= 1e-9 * goal.abs().max(1.0) {
                break;
            }
            if sum > goal {
                low = price;
            } else {
                high = price;
            }
            let next = price + (sum - goal) / fall;
            price = if next > low && next < high {
                next
            } else if low.is_finite() && high.is_finite() {
                0.5 * (low + high)
            } else {
                2.0 * price + if sum > goal { self.weight } else { -self.weight }
            };
        }
        price
    }

    fn turn(&mut self) {
        for (f, wish) in self.wish.iter_mut().enumerate() {
            let worth = self.offered[f] - self.service.opening[f];
            *wish = self.at.x[f] + self.rate[f] / self.weight * worth;
        }
        self.price = self.settle_price();
        // Wishes become what multipliers look at: twice the new share minus the old.
        for f in 0..self.wish.len() {
            let new = self.share(f, self.price);
            self.wish[f] = 2.0 * new - self.at.x[f];
            self.at.x[f] = new;
            self.sum.x[f] += new;
        }
        let service = &self.service;
        self.offered.fill(0.0);
        for i in 0..self.at.u.len() {
            let row = service.by_client.row_indices(i);
            let short = 1.0 - served(service, i, &self.wish);
            let (mut extra, mut most) = (0.0, service.ceiling[i]);
            if self.tied[i] > 0 {
                let old = self.at.missed[i];
                let step = self.ease[i] / self.weight * (self.urged[i] - service.ceiling[i]);
                let new = (old + step).clamp(0.0, 1.0);
                extra = 2.0 * new - old;
                (self.at.missed[i], self.wish_missed[i]) = (new, extra);
                self.sum.missed[i] += new;
                most = f64::INFINITY;
            }
            let u = (self.at.u[i] + self.weight * self.pace[i] * (short - extra)).clamp(0.0, most);
            self.at.u[i] = u;
            self.sum.u[i] += u;
            self.urged[i] = u;
            if u > 0.0 {
                row.iter().for_each(|&f| self.offered[f as usize] += u);
            }
        }
        for (k, triple) in self.triples.iter().enumerate() {
            let missed: f64 = triple.iter().map(|&i| self.wish_missed[i as usize]).sum();
            let short = 2.0 - self.counted(k, &self.wish) - missed;
            let v = (self.at.v[k] + self.weight * self.pull[k] * short).max(0.0);
            self.at.v[k] = v;
            self.sum.v[k] += v;
            if v > 0.0 {
                self.counts.row(k).for_each(|(f, count)| self.offered[f as usize] += v * count);
                triple.iter().for_each(|&i| self.urged[i as usize] += v);
            }
        }
        self.turns += 1.0;
    }

    /// What shares cost; where a triple is short, one of its clients misses as much.
    fn cost(&self, x: &[f64]) -> f64 {
        let service = &self.service;
        let missed: Vec<f64> =
            (0..service.clients()).map(|i| (1.0 - served(service, i, x)).max(0.0)).collect();
        let pay = |i: usize| service.ceiling[i];
        let mut cost = service.base + service.opening.iter().zip(x).map(|(o, x)| o * x).sum::<f64>();
        cost += missed.iter().enumerate().map(|(i, m)| pay(i) * m).sum::<f64>();
        for (k, triple) in self.triples.iter().enumerate() {
            let short = 2.0 - self.counted(k, x) - triple.iter().map(|&i| missed[i as usize]).sum::<f64>();
            if short > 0.0 {
                cost += short * triple.iter().map(|&i| pay(i as usize)).fold(f64::INFINITY, f64::min);
            }
        }
        cost
    }

    /// Brings multipliers within what clients pay, and values them.
    fn value(&mut self, u: &mut [f64], v: &mut [f64]) -> f64 {
        let service = &self.service;
        let mut asked = vec![0.0; u.len()];
        for (triple, &v) in self.triples.iter().zip(v.iter()) {
            triple.iter().for_each(|&i| asked[i as usize] += v);
        }
        for (triple, v) in self.triples.iter().zip(v.iter_mut()) {
            let share = |&i: &u32| (service.ceiling[i as usize] / asked[i as usize]).min(1.0);
            if *v > 0.0 {
                *v *= triple.iter().map(share).fold(1.0, f64::min);
            }
        }
        asked.fill(0.0);
        let worth = &mut self.relaxed.worth;
        worth.clone_from(&service.opening);
        for (k, (triple, &v)) in self.triples.iter().zip(v.iter()).enumerate() {
            if v > 0.0 {
                triple.iter().for_each(|&i| asked[i as usize] += v);
                self.counts.row(k).for_each(|(f, count)| worth[f as usize] -= v * count);
            }
        }
        for (i, u) in u.iter_mut().enumerate() {
            *u = u.min(service.ceiling[i] - asked[i]).max(0.0);
            if *u > 0.0 {
                service.by_client.row_indices(i).iter().for_each(|&f| worth[f as usize] -= *u);
            }
        }
        choose(service, u.iter().sum::<f64>() + 2.0 * v.iter().sum::<f64>(), &mut self.relaxed);
        self.relaxed.value
    }

    /// The mean of the turns since the last restart.
    fn mean(&self) -> Point {
        let mut out = self.sum.clone();
        for field in out.fields() {
            field.iter_mut().for_each(|v| *v /= self.turns);
        }
        out
    }

    /// Goes on from a point, with steps weighted by how far shares and multipliers have moved since `from`.
    fn restart(&mut self, at: Point, from: &Point) {
        let apart = |a: &[f64], b: &[f64], step: &[f64]| {
            a.iter().zip(b).zip(step).map(|((a, b), s)| (a - b) * (a - b) / s).sum::<f64>()
        };
        let x = apart(&at.x, &from.x, &self.rate) + apart(&at.missed, &from.missed, &self.ease);
        let u = apart(&at.u, &from.u, &self.pace) + apart(&at.v, &from.v, &self.pull);
        if x > 0.0 && u > 0.0 {
            self.weight = (self.weight * (u / x).sqrt()).sqrt();
        }
        self.at = at;
        self.begin();
    }

    fn begin(&mut self) {
        self.offer();
        for field in self.sum.fields() {
            field.fill(0.0);
        }
        self.turns = 0.0;
    }

    /// Raises the bound by `turns` at most; ends early when it is `enough`, or when the relaxation has little
    /// more to give against an answer that costs `cost`.
    pub(super) fn raise(
        &mut self,
        turns: u64,
        cost: f64,
        meter: &mut Meter<'_>,
        enough: impl Fn(f64) -> bool,
    ) {
        let service = &self.service;
        let size = service.by_client.pairs() + self.counts.pairs() + service.clients();
        let work = (size + 4 * service.facilities()) as u64;
        let mut origin = self.at.clone();
        let mut last = f64::INFINITY;
        let mut done = 0;
        while done < turns {
            for _ in 0..STRETCH.min(turns - done) {
                self.turn();
                done += 1;
                if !meter.spend(work) {
                    break;
                }
            }
            meter.spend(2 * work);
            let mut least = f64::INFINITY;
            let mut at = self.at.clone();
            for mut point in [self.at.clone(), self.mean()] {
                let cost = self.cost(&point.x);
                let from = point.clone();
                let bound = self.value(&mut point.u, &mut point.v);
                if bound > self.bound {
                    self.bound = bound;
                    self.best = (point.u, point.v);
                }
                if cost - bound < least {
                    (least, at) = (cost - bound, from);
                }
            }
            self.gap = least;
            if !meter.open() {
                break;
            }
            let over = enough(self.bound) || least <= SMALL * (cost - self.bound) || done >= turns;
            if over || least < FALLEN * last || self.turns >= LONG * done as f64 {
                last = least;
                self.restart(at.clone(), &origin);
                origin = at;
            }
            if over {
                break;
            }
        }
    }

    /// How far shares and multipliers were apart at the last look.
    pub(super) fn gap(&self) -> f64 {
        self.gap
    }

    /// How much of each facility is open.
    pub(super) fn shares(&self) -> &[f64] {
        &self.at.x
    }

    /// The multipliers that prove the best bound: of clients, then of triples.
    pub(super) fn prices(&self) -> Rc<[f32]> {
        self.best.0.iter().chain(&self.best.1).map(|&v| v as f32).collect()
    }

    /// What each facility costs under the best multipliers, by unit of budget where there is one.
    pub(super) fn worth(&mut self) -> Vec<f64> {
        let (mut u, mut v) = self.best.clone();
        self.value(&mut u, &mut v);
        let priced = self.service.limit.budget.is_finite();
        let size = |f: usize| if priced { self.service.price[f].max(1e-9) } else { 1.0 };
        self.relaxed.worth.iter().enumerate().map(|(f, w)| w / size(f)).collect()
    }

    /// Starts over under other locks, from multipliers in the order of [`prices`](Self::prices).
    pub(super) fn start(&mut self, locks: &[Lock], prices: &[f32]) {
        self.service.lock.copy_from_slice(locks);
        let (u, v) = prices.split_at(self.service.clients());
        self.at.u = u.iter().map(|&u| f64::from(u)).collect();
        self.at.v = v.iter().map(|&v| f64::from(v)).collect();
        self.bound = f64::NEG_INFINITY;
        self.best = (self.at.u.clone(), self.at.v.clone());
        self.begin();
    }

    /// Leaves out what is decided; the maps tell where facilities and clients were before.
    pub(super) fn shrink(&mut self) -> Core {
        let core = Core::of(&self.service, &self.service.lock);
        let mut number = vec![u32::MAX; self.service.clients()];
        core.client.iter().zip(0..).for_each(|(&old, new)| number[old as usize] = new);
        let keep = |t: &Triple| t.iter().all(|&i| number[i as usize] != u32::MAX);
        self.keep(&self.triples.iter().map(keep).collect::<Vec<bool>>());
        let pick = |of: &[f64], from: &[u32]| from.iter().map(|&i| of[i as usize]).collect::<Vec<f64>>();
        let start = Multipliers {
            bound: self.bound,
            u: pick(&self.at.u, &core.client),
            share: pick(&self.at.x, &core.facility),
        };
        let mut new = Self {
            bound: self.bound,
            best: (pick(&self.best.0, &core.client), std::mem::take(&mut self.best.1)),
            weight: self.weight,
            price: self.price,
            triples: self.triples.iter().map(|t| t.map(|i| number[i as usize])).collect(),
            idle: std::mem::take(&mut self.idle),
            ..Self::new(core.service.clone(), &start)
        };
        new.at.v = std::mem::take(&mut self.at.v);
        new.count();
        *self = new;
        core
    }

    /// Drops the other triples.
    fn keep(&mut self, which: &[bool]) {
        fn filter<T>(list: &mut Vec<T>, which: &[bool]) {
            let mut which = which.iter();
            list.retain(|_| which.next().is_none_or(|keep| *keep));
        }
        filter(&mut self.triples, which);
        filter(&mut self.idle, which);
        filter(&mut self.at.v, which);
        filter(&mut self.best.1, which);
    }

    /// Adds the triples that shares break most, and drops those that have had no price for long; how many are new.
    pub(super) fn tighten(&mut self, meter: &mut Meter<'_>) -> usize {
        for (idle, v) in self.idle.iter_mut().zip(&self.at.v) {
            *idle = if *v > 0.0 { 0 } else { *idle + 1 };
        }
        let mut left = self.service.ceiling.clone();
        for (triple, v) in self.triples.iter().zip(&self.best.1) {
            triple.iter().for_each(|&i| left[i as usize] -= v);
        }
        let found = triples::broken(&self.service, &self.at.x, &left, meter);
        self.keep(&self.idle.iter().map(|&idle| idle <= IDLE).collect::<Vec<bool>>());
        let known: FxHashSet<Triple> = self.triples.iter().copied().collect();
        let before = self.triples.len();
        self.triples.extend(found.into_iter().filter(|t| !known.contains(t)));
        let all = self.triples.len();
        self.idle.resize(all, 0);
        self.at.v.resize(all, 0.0);
        self.best.1.resize(all, 0.0);
        self.count();
        meter.spend(2 * self.counts.pairs() as u64);
        all - before
    }

    /// Rows and steps of the triples that there are.
    fn count(&mut self) {
        self.counts = SparseRows { first: vec![0], ..SparseRows::default() };
        self.tied.fill(0);
        for triple in &self.triples {
            self.counts.push_row(triples::counts(&self.service, triple));
            triple.iter().for_each(|&i| self.tied[i as usize] += 1);
        }
        // Clients that come into their first triple miss what shares leave of them.
        for i in 0..self.tied.len() {
            let tied = self.tied[i] > 0;
            self.at.missed[i] =
                if tied { (1.0 - served(&self.service, i, &self.at.x)).max(0.0) } else { 0.0 };
        }
        self.sum.v = vec![0.0; self.triples.len()];
        self.measure();
        self.begin();
    }

    /// Locks what can't be otherwise in any answer as cheap as `cost`.
    pub(super) fn settle(&mut self, cost: f64) {
        let (mut u, mut v) = self.best.clone();
        if self.value(&mut u, &mut v).is_finite() {
            settle(&mut self.service, &self.relaxed, cost);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::optimise::Stop;
    use crate::optimise::location::Limit;

    fn service(rows: &[(Vec<u32>, u32)], opening: Vec<f64>, price: Vec<f64>, limit: Limit) -> Service {
        let free = SparseRows::from_rows(rows.iter().map(|r| r.0.iter().map(|&f| (f, 0.0))));
        let most = rows.iter().map(|r| f64::from(r.1)).collect();
        let lock = vec![Lock::Free; opening.len()];
        Service::new(&free, most, opening, price, lock, limit)
    }

    fn start(service: &Service) -> Multipliers {
        Multipliers::new(service.ceiling.iter().map(|c| 0.5 * c).collect(), service.facilities())
    }

    /// All sets that limits and locks allow, with their costs.
    fn answers(service: &Service) -> Vec<(u32, f64)> {
        let n = service.facilities();
        let open = |set: u32| (0..n).map(|f| set >> f & 1 == 1).collect::<Vec<bool>>();
        let limit = service.limit;
        let allowed = |set: &u32| {
            let of = open(*set);
            let price: f64 = (0..n).filter(|&f| of[f]).map(|f| service.price[f]).sum();
            let locks = (0..n).all(|f| match service.lock[f] {
                Lock::Free => true,
                Lock::Open => of[f],
                Lock::Shut => !of[f],
            });
            let count = set.count_ones() as usize;
            locks && (limit.at_least..=limit.at_most).contains(&count) && price <= limit.budget
        };
        (0u32..1 << n).filter(allowed).map(|set| (set, service.evaluate(&open(set)).0)).collect()
    }

    fn optimum(service: &Service) -> f64 {
        answers(service).iter().map(|a| a.1).fold(f64::INFINITY, f64::min)
    }

    #[test]
    fn a_triple_rules_halves_out() {
        // Three halves serve all three clients, each of whom would rather pay 10 than go without.
        let rows = [(vec![0, 1], 10), (vec![1, 2], 10), (vec![0, 2], 10)];
        let limit = Limit { at_most: 3, ..Limit::NONE };
        let service = service(&rows, vec![1.0; 3], vec![0.0; 3], limit);
        let mut meter = Meter::new(u64::MAX, Stop::NEVER);
        let mut program = Relaxation::new(service.clone(), &start(&service));
        program.raise(2000, 2.0, &mut meter, |_| false);
        assert!((1.49..=1.5).contains(&program.bound), "{}", program.bound);
        assert_eq!(program.tighten(&mut meter), 1);
        program.raise(2000, 2.0, &mut meter, |_| false);
        assert!((1.99..=2.0).contains(&program.bound), "{}", program.bound);
        assert_eq!(optimum(&service), 2.0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn bounds_hold_and_what_is_settled_leaves_the_best(
            rows in prop::collection::vec((prop::collection::btree_set(0u32..8, 1..5), 1u32..9), 1..14),
            opening in prop::collection::vec(0u32..3, 8),
            price in prop::collection::vec(1u32..5, 8),
            (at_least, more, budget) in (0usize..3, 0usize..4, prop::option::of(4u32..12)),
            lock in prop::collection::vec(
                prop_oneof![8 => Just(Lock::Free), 1 => Just(Lock::Open), 1 => Just(Lock::Shut)], 8),
        ) {
            let rows: Vec<_> = rows.into_iter().map(|r| (r.0.into_iter().collect(), r.1)).collect();
            let limit = Limit {
                at_least: if budget.is_some() { 0 } else { at_least },
                at_most: at_least + more,
                budget: budget.map_or(f64::INFINITY, f64::from),
            };
            let decimal = |of: &[u32]| of.iter().map(|&v| f64::from(v)).collect::<Vec<f64>>();
            let mut service = service(&rows, decimal(&opening), decimal(&price), limit);
            service.lock = lock;
            let best = optimum(&service);
            prop_assume!(best.is_finite());
            let mut meter = Meter::new(u64::MAX, Stop::NEVER);
            let mut program = Relaxation::new(service.clone(), &start(&service));
            let all = service.lock.clone();
            for round in 0..4 {
                if round > 0 {
                    program.tighten(&mut meter);
                }
                program.raise(200, best, &mut meter, |_| false);
                prop_assert!(program.bound <= best + 1e-9, "{} beyond {best}", program.bound);
                program.settle(best);
                let left = optimum(&program.service);
                prop_assert!((left - best).abs() < 1e-9, "{left} is left of {best}");
                if round == 1 {
                    program.shrink();
                    prop_assert!((optimum(&program.service) - best).abs() < 1e-9);
                }
            }
            // From prices alone, under the locks of the start, the bound holds too.
            let mut again = Relaxation::new(service.clone(), &start(&service));
            again.raise(100, best, &mut meter, |_| false);
            again.tighten(&mut meter);
            let prices = again.prices();
            again.start(&all, &prices);
            again.raise(1, best, &mut meter, |_| false);
            prop_assert!(again.bound <= best + 1e-9);
        }
    }
}
