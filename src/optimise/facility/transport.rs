//! Who is served where by given facilities at least cost, customers split at will: a transport problem,
//! kept optimal while facilities open and close.
//!
//! Facilities are the nodes of a small graph; the arc from a to b costs what it costs to move one unit of
//! demand of the client at a that minds least. Successive shortest paths in it keep the flow optimal
//! (Ahuja, Magnanti & Orlin 1993, ch. 9). What no facility holds goes to one of no limit that is dearer
//! than any.

use smallvec::SmallVec;

use super::relax::Table;
use crate::optimise::Meter;

const NONE: u32 = u32::MAX;

/// Costs per unit of demand, dense.
#[derive(Debug)]
pub(super) struct Units {
    facilities: usize,
    of: Vec<f64>,
    /// Cost per unit of what nobody can hold.
    pub(super) missing: f64,
    noise: f64,
}

impl Units {
    pub(super) fn new(table: &Table<'_>) -> Self {
        let m = table.facilities();
        let mut largest = 0.0f64;
        let mut of = vec![f64::INFINITY; m * table.clients()];
        for i in 0..table.clients() {
            let need = table.demand[i];
            for (f, c) in table.rows.row(i) {
                // What needs no capacity is served apart.
                let unit = if need > 0.0 { c / need } else { 0.0 };
                of[i * m + f as usize] = unit;
                largest = largest.max(unit);
            }
        }
        let dearest = table.opening.iter().copied().fold(0.0, f64::max);
        let missing = 10.0 * largest + 10.0 * dearest + 1.0;
        for v in &mut of {
            // A client that can't be served there is a little dearer still.
            if v.is_infinite() {
                *v = 4.0 * missing;
            }
        }
        Self { facilities: m, of, missing, noise: 1e-11 * (largest + 1e-3) }
    }

    fn at(&self, client: usize, facility: u32) -> f64 {
        if facility == NONE { self.missing } else { self.of[client * self.facilities + facility as usize] }
    }
}

/// An optimal flow over a set of open facilities.
#[derive(Clone, Debug)]
pub(super) struct Transport<'a> {
    table: &'a Table<'a>,
    units: &'a Units,
    /// Facility in each slot; slot 0 takes what nobody holds. Closed slots wait for use.
    facility: Vec<u32>,
    live: Vec<bool>,
    slot: Vec<u32>,
    left: Vec<f64>,
    clients: Vec<Vec<u32>>,
    at: Vec<SmallVec<[(u32, f64); 2]>>,
    /// Cheapest way to move a unit from slot to slot, and whose.
    arc: Vec<(f64, u32)>,
    stale: Vec<bool>,
    service: f64,
    distance: Vec<f64>,
    next: Vec<u32>,
    steps: u64,
}

impl<'a> Transport<'a> {
    pub(super) fn new(table: &'a Table<'a>, units: &'a Units, open: &[bool], meter: &mut Meter<'_>) -> Self {
        let mut facility = vec![NONE];
        let mut slot = vec![NONE; table.facilities()];
        for (f, _) in open.iter().enumerate().filter(|o| *o.1) {
            slot[f] = facility.len() as u32;
            facility.push(f as u32);
        }
        let n = facility.len();
        let mut out = Self {
            table,
            units,
            live: vec![true; n],
            slot,
            left: facility
                .iter()
                .map(|&f| if f == NONE { 1e3 * table.total + 1.0 } else { table.capacity[f as usize] })
                .collect(),
            clients: vec![Vec::new(); n],
            at: vec![SmallVec::new(); table.clients()],
            arc: vec![(f64::INFINITY, NONE); n * n],
            stale: vec![true; n],
            service: 0.0,
            distance: Vec::new(),
            next: Vec::new(),
            facility,
            steps: 0,
        };
        for i in 0..table.clients() {
            if table.demand[i] <= 0.0 {
                continue;
            }
            let best = (0..n).min_by(|&a, &b| out.cost_at(i, a).total_cmp(&out.cost_at(i, b)));
            out.put(i, best.unwrap_or(0), table.demand[i]);
        }
        out.steps += (table.clients() * n) as u64;
        // The overloaded pass on what is cheapest to move, until none is.
        loop {
            out.measure(None);
            let over = (0..n).filter(|&a| out.left[a] < -out.dust(a));
            let Some(from) = over.min_by(|&a, &b| out.distance[a].total_cmp(&out.distance[b])) else { break };
            if !out.distance[from].is_finite() || !meter.spend(std::mem::take(&mut out.steps)) {
                break;
            }
            let excess = -out.left[from];
            out.push(from, excess);
        }
        meter.spend(std::mem::take(&mut out.steps));
        out
    }

    fn dust(&self, slot: usize) -> f64 {
        let f = self.facility[slot];
        1e-9 * if f == NONE { 1.0 } else { self.table.capacity[f as usize] }
    }

    fn cost_at(&self, client: usize, slot: usize) -> f64 {
        self.units.at(client, self.facility[slot])
    }

    fn put(&mut self, client: usize, slot: usize, amount: f64) {
        self.service += amount * self.cost_at(client, slot);
        self.left[slot] -= amount;
        if let Some(a) = self.at[client].iter_mut().find(|a| a.0 == slot as u32) {
            a.1 += amount;
        } else {
            self.at[client].push((slot as u32, amount));
            self.clients[slot].push(client as u32);
            self.stale[slot] = true;
        }
    }

    fn take(&mut self, client: usize, slot: usize, amount: f64) {
        self.service -= amount * self.cost_at(client, slot);
        self.left[slot] += amount;
        let Some(k) = self.at[client].iter().position(|a| a.0 == slot as u32) else { return };
        let rest = self.at[client][k].1 - amount;
        if rest <= 1e-12 * self.table.demand[client] {
            // The last digits go with it.
            self.service -= rest * self.cost_at(client, slot);
            self.left[slot] += rest;
            self.at[client].swap_remove(k);
            self.clients[slot].retain(|&c| c as usize != client);
            self.stale[slot] = true;
        } else {
            self.at[client][k].1 = rest;
        }
    }

    fn amount(&self, client: u32, slot: usize) -> f64 {
        self.at[client as usize].iter().find(|a| a.0 == slot as u32).map_or(0.0, |a| a.1)
    }

    fn refresh(&mut self, a: usize) {
        let n = self.facility.len();
        let arcs = &mut self.arc[a * n..(a + 1) * n];
        arcs.fill((f64::INFINITY, NONE));
        for &client in &self.clients[a] {
            let here = self.units.at(client as usize, self.facility[a]);
            for (b, arc) in arcs.iter_mut().enumerate() {
                let change = self.units.at(client as usize, self.facility[b]) - here;
                if change < arc.0 {
                    *arc = (change, client);
                }
            }
        }
        self.steps += (self.clients[a].len() * n + n) as u64;
        self.stale[a] = false;
    }

    /// Shortest distances to the slots with room, or to one.
    fn measure(&mut self, to: Option<usize>) {
        let n = self.facility.len();
        for a in 0..n {
            if self.stale[a] && self.live[a] {
                self.refresh(a);
            }
        }
        self.distance.clear();
        self.distance.resize(n, f64::INFINITY);
        self.next.clear();
        self.next.resize(n, NONE);
        for a in 0..n {
            let goal = to.map_or(self.left[a] > self.dust(a), |t| t == a);
            if goal && self.live[a] {
                self.distance[a] = 0.0;
            }
        }
        for _ in 0..=n {
            let mut changed = false;
            for a in 0..n {
                if !self.live[a] {
                    continue;
                }
                let arcs = &self.arc[a * n..(a + 1) * n];
                let (mut best, mut way) = (self.distance[a] - self.units.noise, NONE);
                for (b, arc) in arcs.iter().enumerate() {
                    let d = arc.0 + self.distance[b];
                    if d < best && self.live[b] && to != Some(a) {
                        best = d;
                        way = b as u32;
                    }
                }
                if way != NONE {
                    self.distance[a] = best;
                    self.next[a] = way;
                    changed = true;
                }
            }
            self.steps += (n * n) as u64;
            if !changed {
                break;
            }
        }
    }

    /// Moves up to an amount along the shortest path from a slot; returns how much went.
    fn push(&mut self, from: usize, most: f64) -> f64 {
        let n = self.facility.len();
        let mut path: SmallVec<[(u32, u32, u32); 16]> = SmallVec::new();
        let mut amount = most;
        let mut a = from;
        while self.next[a] != NONE && path.len() <= n {
            let b = self.next[a] as usize;
            let client = self.arc[a * n + b].1;
            if client == NONE {
                return 0.0;
            }
            amount = amount.min(self.amount(client, a));
            path.push((client, a as u32, b as u32));
            a = b;
        }
        amount = amount.min(self.left[a].max(0.0));
        if path.len() > n || amount <= 0.0 {
            return 0.0;
        }
        for (client, a, b) in path {
            self.take(client as usize, a as usize, amount);
            self.put(client as usize, b as usize, amount);
        }
        amount
    }

    /// Closes a facility; its clients go where that costs least in all.
    pub(super) fn close(&mut self, facility: usize) {
        let k = self.slot[facility] as usize;
        let n = self.facility.len();
        let leaving: Vec<(u32, f64)> = self.clients[k].iter().map(|&c| (c, self.amount(c, k))).collect();
        for &(client, amount) in &leaving {
            self.take(client as usize, k, amount);
        }
        self.live[k] = false;
        self.slot[facility] = NONE;
        self.clients[k].clear();
        self.arc[k * n..(k + 1) * n].fill((f64::INFINITY, NONE));
        for (client, amount) in leaving {
            let i = client as usize;
            let mut rest = amount;
            while rest > 1e-12 * self.table.demand[i] {
                self.measure(None);
                let total = |s: &Self, b: usize| s.cost_at(i, b) + s.distance[b];
                let best = (0..n)
                    .filter(|&b| self.live[b])
                    .min_by(|&a, &b| total(self, a).total_cmp(&total(self, b)));
                let Some(to) = best else { break };
                // The path from there takes as much as it can; what it can't is for the next round.
                let room =
                    if self.next[to] == NONE { self.left[to].min(rest) } else { self.bottleneck(to, rest) };
                if room <= 0.0 {
                    self.put(i, 0, rest);
                    break;
                }
                self.put(i, to, room);
                if self.next[to] != NONE {
                    self.push(to, room);
                }
                rest -= room;
            }
        }
    }

    fn bottleneck(&self, from: usize, most: f64) -> f64 {
        let n = self.facility.len();
        let (mut amount, mut a) = (most, from);
        for _ in 0..=n {
            if self.next[a] == NONE {
                return amount.min(self.left[a].max(0.0));
            }
            let b = self.next[a] as usize;
            let client = self.arc[a * n + b].1;
            amount = amount.min(if client == NONE { 0.0 } else { self.amount(client, a) });
            a = b;
        }
        0.0
    }

    /// Opens a facility; clients come as long as that is cheaper.
    pub(super) fn open(&mut self, facility: usize) {
        let free = (1..self.facility.len()).find(|&k| !self.live[k]);
        let k = free.unwrap_or_else(|| self.grow());
        self.facility[k] = facility as u32;
        self.slot[facility] = k as u32;
        self.live[k] = true;
        self.left[k] = self.table.capacity[facility];
        let n = self.facility.len();
        // Every arc into the slot is new.
        for a in 0..n {
            self.stale[a] = true;
        }
        let dust = self.dust(k);
        for _ in 0..4 * self.table.clients() + 100 {
            if self.left[k] <= dust {
                break;
            }
            self.measure(Some(k));
            let from = (0..n)
                .filter(|&a| a != k && self.live[a])
                .min_by(|&a, &b| self.distance[a].total_cmp(&self.distance[b]));
            let Some(from) = from else { break };
            if self.distance[from] >= -4.0 * self.units.noise || self.push(from, f64::INFINITY) <= 0.0 {
                break;
            }
        }
    }

    fn grow(&mut self) -> usize {
        let n = self.facility.len();
        self.facility.push(NONE);
        self.live.push(false);
        self.left.push(0.0);
        self.clients.push(Vec::new());
        self.stale = vec![true; n + 1];
        self.arc = vec![(f64::INFINITY, NONE); (n + 1) * (n + 1)];
        n
    }

    /// Cost of service, with what nobody holds at its price; without opening costs and clients of no demand.
    pub(super) fn service(&self) -> f64 {
        self.service
    }

    /// Whether everybody has a place that may serve him.
    pub(super) fn feasible(&self) -> bool {
        let dust = 1e-9 * self.table.total;
        self.clients[0].iter().map(|&c| self.amount(c, 0)).sum::<f64>() <= dust
            && self.at.iter().enumerate().all(|(i, at)| {
                at.iter().all(|a| a.0 == 0 || self.cost_at(i, a.0 as usize) < self.units.missing)
            })
    }

    /// Per client what one more unit of its demand would cost in all.
    pub(super) fn prices(&mut self, out: &mut Vec<f64>) {
        self.measure(None);
        let n = self.facility.len();
        out.clear();
        out.extend((0..self.table.clients()).map(|i| {
            (0..n)
                .filter(|&b| self.live[b])
                .map(|b| self.cost_at(i, b) + self.distance[b].max(0.0))
                .fold(f64::INFINITY, f64::min)
        }));
        self.steps += (self.table.clients() * n) as u64;
    }

    /// Load of a facility that is open.
    pub(super) fn load(&self, facility: usize) -> f64 {
        let k = self.slot[facility] as usize;
        self.clients[k].iter().map(|&c| self.amount(c, k)).sum()
    }

    /// Per client its facilities and amounts.
    pub(super) fn flows(&self, client: usize) -> impl Iterator<Item = (u32, f64)> + '_ {
        self.at[client].iter().filter(|a| a.0 != 0).map(|a| (self.facility[a.0 as usize], a.1))
    }

    pub(super) fn steps(&mut self) -> u64 {
        std::mem::take(&mut self.steps)
    }
}
