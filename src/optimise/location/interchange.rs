//! Local search for location: open, close, and exchange, with the effect of every move kept up to date.
//!
//! For each client the best and second-best open facility are known; from these follow what closing a
//! facility would lose and what opening one would save, and for a pair the correction where both touch
//! the same client (Resende & Werneck, A fast swap-based local search procedure for location problems,
//! Annals of OR 150, 2007; here on sparse rows).

use super::{Lock, Service};
use crate::optimise::{Draw, Meter};

const NOBODY: u32 = u32::MAX;

/// A set of open facilities and the effect of every move from it.
#[derive(Clone, Debug)]
pub(in crate::optimise) struct Openings<'s> {
    service: &'s Service,
    open: Vec<bool>,
    list: Vec<u32>,
    /// Positions in each client's row of its best and second-best open facility.
    best: Vec<[u32; 2]>,
    /// What closing would add to the clients' costs.
    loss: Vec<f64>,
    cost: f64,
    spent: f64,
    /// Scratch for one candidate: corrections by open facility.
    extra: Vec<f64>,
}

/// Smaller changes than this, relative to the cost, are noise.
const NOISE: f64 = 1e-12;

impl<'s> Openings<'s> {
    /// Starts from a set of open facilities; locked ones are opened or shut as they must be.
    pub(in crate::optimise) fn new(service: &'s Service, open: &[bool]) -> Self {
        let facilities = service.facilities();
        let open: Vec<bool> = (0..facilities)
            .map(|f| match service.lock[f] {
                Lock::Free => open[f],
                Lock::Open => true,
                Lock::Shut => false,
            })
            .collect();
        let mut out = Self {
            service,
            list: (0..facilities as u32).filter(|&f| open[f as usize]).collect(),
            best: vec![[NOBODY; 2]; service.clients()],
            loss: vec![0.0; facilities],
            cost: 0.0,
            spent: 0.0,
            extra: vec![0.0; facilities],
            open,
        };
        out.cost = out.list.iter().map(|&f| service.opening[f as usize]).sum();
        out.spent = out.list.iter().map(|&f| service.price[f as usize]).sum();
        for client in 0..service.clients() {
            let first = out.next_open(client, 0);
            let second = if first == NOBODY { NOBODY } else { out.next_open(client, first + 1) };
            out.best[client] = [first, second];
            let (who, cost) = service.at(client, first);
            out.cost += cost;
            if let Some(f) = who {
                out.loss[f as usize] += service.at(client, second).1 - cost;
            }
        }
        out
    }

    pub(in crate::optimise) fn open(&self) -> &[bool] {
        &self.open
    }

    pub(in crate::optimise) fn cost(&self) -> f64 {
        self.cost
    }

    pub(in crate::optimise) fn count(&self) -> usize {
        self.list.len()
    }

    /// What a client pays now.
    pub(in crate::optimise) fn pays(&self, client: usize) -> f64 {
        self.service.at(client, self.best[client][0]).1
    }

    /// Whether count and budget hold.
    pub(in crate::optimise) fn fits(&self) -> bool {
        self.list.len() >= self.service.limit.at_least && self.within_upper_limits()
    }

    /// Whether not too much is open.
    pub(in crate::optimise) fn within_upper_limits(&self) -> bool {
        self.list.len() <= self.service.limit.at_most && self.within_budget(self.spent)
    }

    /// Closes what is missed least until not too much is open.
    pub(in crate::optimise) fn trim(&mut self) {
        while !self.within_upper_limits() {
            let priced = !self.within_budget(self.spent);
            let missed = |f: usize| {
                let net = self.loss[f] - self.service.opening[f];
                if priced { net / self.service.price[f].max(1e-9) } else { net }
            };
            let least = self
                .list
                .iter()
                .map(|&f| f as usize)
                .filter(|&f| self.service.lock[f] == Lock::Free)
                .min_by(|&a, &b| missed(a).total_cmp(&missed(b)).then(a.cmp(&b)));
            match least {
                Some(f) => self.close(f),
                None => return,
            }
        }
    }

    fn within_budget(&self, spent: f64) -> bool {
        spent <= self.service.limit.budget * (1.0 + 1e-12)
    }

    fn next_open(&self, client: usize, from: u32) -> u32 {
        let rows = &self.service.by_client;
        let start = rows.first[client];
        rows.index[start + from as usize..rows.first[client + 1]]
            .iter()
            .position(|&f| self.open[f as usize])
            .map_or(NOBODY, |p| p as u32 + from)
    }

    fn who(&self, client: usize, position: u32) -> Option<usize> {
        self.service.at(client, position).0.map(|f| f as usize)
    }

    pub(in crate::optimise) fn add(&mut self, facility: usize) {
        let service = self.service;
        debug_assert!(!self.open[facility]);
        self.open[facility] = true;
        self.list.push(facility as u32);
        self.cost += service.opening[facility];
        self.spent += service.price[facility];
        self.loss[facility] = 0.0;
        for &(client, position, c) in service.reach(facility) {
            let client = client as usize;
            let [first, second] = self.best[client];
            if position < first {
                let d1 = service.at(client, first).1;
                if let Some(old) = self.who(client, first) {
                    self.loss[old] -= service.at(client, second).1 - d1;
                }
                self.cost += c - d1;
                self.loss[facility] += d1 - c;
                self.best[client] = [position, first];
            } else if position < second {
                if let Some(served_by) = self.who(client, first) {
                    self.loss[served_by] += c - service.at(client, second).1;
                }
                self.best[client][1] = position;
            }
        }
    }

    pub(in crate::optimise) fn close(&mut self, facility: usize) {
        let service = self.service;
        debug_assert!(self.open[facility]);
        self.open[facility] = false;
        self.list.retain(|&f| f as usize != facility);
        self.cost -= service.opening[facility];
        self.spent -= service.price[facility];
        for &(client, position, c) in service.reach(facility) {
            let client = client as usize;
            let [first, second] = self.best[client];
            if position != first && position != second {
                continue;
            }
            let d2 = service.at(client, second).1;
            let third = if second == NOBODY { NOBODY } else { self.next_open(client, second + 1) };
            let d3 = service.at(client, third).1;
            if position == first {
                self.cost += d2 - c;
                self.best[client] = [second, third];
                if let Some(next) = self.who(client, second) {
                    self.loss[next] += d3 - d2;
                }
            } else {
                self.best[client][1] = third;
                if let Some(served_by) = self.who(client, first) {
                    self.loss[served_by] += d3 - d2;
                }
            }
        }
        self.loss[facility] = 0.0;
    }

    /// What opening would save the clients.
    pub(in crate::optimise) fn saving(&self, facility: usize) -> f64 {
        let mut saving = 0.0;
        for &(client, position, c) in self.service.reach(facility) {
            let first = self.best[client as usize][0];
            if position < first {
                saving += self.service.at(client as usize, first).1 - c;
            }
        }
        saving
    }

    /// Opens facilities while that pays or is demanded, by saving per price (or plain saving), lazily:
    /// savings only ever fall, so an old value that is beaten needs no refresh.
    pub(in crate::optimise) fn fill(&mut self, per_price: bool, meter: &mut Meter<'_>) {
        #[derive(PartialEq)]
        struct Offer(f64, u32);
        impl Eq for Offer {}
        impl PartialOrd for Offer {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }
        impl Ord for Offer {
            fn cmp(&self, other: &Self) -> std::cmp::Ordering {
                self.0.total_cmp(&other.0).then(other.1.cmp(&self.1))
            }
        }
        let service = self.service;
        let worth = |net: f64, f: usize| {
            if per_price && net > 0.0 { net / service.price[f].max(1e-9) } else { net }
        };
        let limit = service.limit;
        let mut queue: std::collections::BinaryHeap<Offer> = (0..service.facilities())
            .filter(|&f| !self.open[f] && service.lock[f] == Lock::Free)
            .map(|f| Offer(worth(self.saving(f) - service.opening[f], f), f as u32))
            .collect();
        meter.spend(service.reach.len() as u64);
        while let Some(Offer(_, f)) = queue.pop() {
            let f = f as usize;
            if self.list.len() >= limit.at_most {
                return;
            }
            if !self.within_budget(self.spent + service.price[f]) {
                continue;
            }
            let net = self.saving(f) - service.opening[f];
            meter.spend(service.reach(f).len() as u64);
            let fresh = Offer(worth(net, f), f as u32);
            if queue.peek().is_some_and(|next| *next > fresh) {
                queue.push(fresh);
            } else if net > 0.0 || self.list.len() < limit.at_least {
                self.add(f);
            } else {
                return;
            }
        }
    }

    /// Moves to a local optimum: no single opening, closing or exchange makes it cheaper.
    pub(in crate::optimise) fn descend(&mut self, meter: &mut Meter<'_>) {
        let service = self.service;
        let n = service.facilities();
        let mut idle = 0usize;
        let mut f = 0usize;
        while idle < n && meter.open() {
            let noise = NOISE * self.cost.abs().max(1.0);
            let moved = if service.lock[f] != Lock::Free {
                false
            } else if self.open[f] {
                let may = self.list.len() > service.limit.at_least;
                let helps = may && self.loss[f] - service.opening[f] < -noise;
                if helps {
                    self.close(f);
                }
                helps
            } else {
                self.try_in(f, noise, meter)
            };
            idle = if moved { 0 } else { idle + 1 };
            f = if f + 1 == n { 0 } else { f + 1 };
        }
    }

    /// Opens `f`, alone or in exchange for the best open one, if that is cheaper.
    fn try_in(&mut self, f: usize, noise: f64, meter: &mut Meter<'_>) -> bool {
        let service = self.service;
        let mut saving = -service.opening[f];
        for &(client, position, c) in service.reach(f) {
            let client = client as usize;
            let [first, second] = self.best[client];
            if position >= second && second != NOBODY {
                continue;
            }
            let (who, d1) = service.at(client, first);
            if position < first {
                saving += d1 - c;
            }
            if let Some(out) = who {
                self.extra[out as usize] += service.at(client, second).1 - c.max(d1);
            }
        }
        meter.spend(service.reach(f).len() as u64 + self.list.len() as u64 / 4);
        let spent = self.spent + service.price[f];
        let may_add = self.list.len() < service.limit.at_most && self.within_budget(spent);
        let mut best = (if may_add { -saving } else { f64::INFINITY }, None);
        for &out in &self.list {
            let out = out as usize;
            if service.lock[out] == Lock::Free && self.within_budget(spent - service.price[out]) {
                let change = self.loss[out] - self.extra[out] - service.opening[out] - saving;
                if change < best.0 {
                    best = (change, Some(out));
                }
            }
        }
        for &out in &self.list {
            self.extra[out as usize] = 0.0;
        }
        if best.0 >= -noise {
            return false;
        }
        if let Some(out) = best.1 {
            self.close(out);
        }
        self.add(f);
        true
    }

    /// Exchanges a few facilities at random, within the limits.
    pub(in crate::optimise) fn shake(&mut self, strength: usize, draw: &mut Draw) {
        let service = self.service;
        for _ in 0..strength {
            if self.list.is_empty() {
                return;
            }
            let out = self.list[draw.below(self.list.len())] as usize;
            // A facility near the one that goes: among those that serve one of its clients.
            let reach = service.reach(out);
            let next = if reach.is_empty() {
                draw.below(service.facilities())
            } else {
                let client = reach[draw.below(reach.len())].0 as usize;
                let row: Vec<u32> = service.by_client.row(client).take(40).map(|(f, _)| f).collect();
                row[draw.below(row.len())] as usize
            };
            let fits = self.within_budget(self.spent - service.price[out] + service.price[next]);
            if fits && !self.open[next] && service.lock[next] == Lock::Free && service.lock[out] == Lock::Free
            {
                self.close(out);
                self.add(next);
            }
        }
    }
}
