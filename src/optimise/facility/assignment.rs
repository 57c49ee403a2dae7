//! An assignment of whole clients to open facilities, and the search around it.
//!
//! Capacities may be exceeded at a price per unit that is raised while the search stays outside of them
//! and lowered while it stays inside. Moves: a client changes over, two change places, a client pushes
//! another one on (an ejection chain of two); facilities open and close with what follows from it (cf.
//! Ahuja et al., A multi-exchange heuristic for the single-source capacitated facility location problem,
//! Management Science 50, 2004).

use smallvec::SmallVec;

use super::Lock;
use super::relax::Table;
use crate::optimise::{Draw, Meter};

pub(super) const NOWHERE: u32 = u32::MAX;
/// Open facilities that a client considers, nearest first.
const NEAREST: usize = 7;
/// Clients of a facility, nearest first, that look again when room comes free there.
const WAKE: usize = 14;
/// Largest dense table of costs.
const MOST_DENSE: usize = 40_000_000;

/// Costs by client and facility.
#[derive(Debug)]
pub(super) struct Prices {
    facilities: usize,
    dense: Vec<f64>,
    /// Without a dense table: each client's facilities ascending, with costs.
    sparse: Vec<Vec<(u32, f64)>>,
    /// Per facility its clients, those that it costs least first.
    columns: Vec<Vec<u32>>,
}

impl Prices {
    pub(super) fn new(table: &Table<'_>) -> Self {
        let (n, m) = (table.clients(), table.facilities());
        let mut columns: Vec<Vec<(f64, u32)>> = vec![Vec::new(); m];
        for i in 0..n {
            let least = table.rows.row(i).next().map_or(0.0, |p| p.1);
            for (f, c) in table.rows.row(i) {
                columns[f as usize].push((c - least, i as u32));
            }
        }
        let columns = columns
            .into_iter()
            .map(|mut c| {
                c.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                c.truncate(WAKE);
                c.into_iter().map(|p| p.1).collect()
            })
            .collect();
        let mut out = Self { facilities: m, dense: Vec::new(), sparse: Vec::new(), columns };
        if n.saturating_mul(m) <= MOST_DENSE {
            out.dense = vec![f64::INFINITY; n * m];
            for i in 0..n {
                for (f, c) in table.rows.row(i) {
                    out.dense[i * m + f as usize] = c;
                }
            }
        } else {
            out.sparse = (0..n)
                .map(|i| {
                    let mut row: Vec<(u32, f64)> = table.rows.row(i).collect();
                    row.sort_unstable_by_key(|p| p.0);
                    row
                })
                .collect();
        }
        out
    }

    /// Clients that a facility suits best.
    pub(super) fn near(&self, facility: u32) -> &[u32] {
        &self.columns[facility as usize]
    }

    pub(super) fn at(&self, client: usize, facility: u32) -> f64 {
        if facility == NOWHERE {
            f64::INFINITY
        } else if self.dense.is_empty() {
            let row = &self.sparse[client];
            row.binary_search_by_key(&facility, |p| p.0).map_or(f64::INFINITY, |k| row[k].1)
        } else {
            self.dense[client * self.facilities + facility as usize]
        }
    }
}

fn nearest_of(table: &Table<'_>, open: &[bool], client: usize) -> SmallVec<[(u32, f64); NEAREST]> {
    table.rows.row(client).filter(|p| open[p.0 as usize]).take(NEAREST).collect()
}

fn nearest_open(table: &Table<'_>, open: &[bool]) -> Vec<SmallVec<[(u32, f64); NEAREST]>> {
    (0..table.clients()).map(|i| nearest_of(table, open, i)).collect()
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Moved { client: u32, from: u32 },
    Opened(u32),
    Closed(u32),
}

/// Everybody's place. Every client is at an open facility that may serve it.
#[derive(Clone, Debug)]
pub(super) struct Assignment<'a> {
    table: &'a Table<'a>,
    prices: &'a Prices,
    pub(super) at: Vec<u32>,
    pub(super) open: Vec<bool>,
    pub(super) count: usize,
    load: Vec<f64>,
    clients: Vec<Vec<u32>>,
    place: Vec<u32>,
    service: f64,
    opening: f64,
    over: f64,
    /// Price of a unit beyond a capacity.
    pub(super) fine: f64,
    waiting: Vec<u32>,
    waits: Vec<bool>,
    journal: Vec<Step>,
    /// Per client its nearest open facilities with costs.
    near: Vec<SmallVec<[(u32, f64); NEAREST]>>,
}

impl<'a> Assignment<'a> {
    /// Opens a set and puts everybody where it costs least, the fine included; none if somebody has no
    /// place in the set.
    pub(super) fn new(table: &'a Table<'a>, prices: &'a Prices, set: &[bool], fine: f64) -> Option<Self> {
        let (n, m) = (table.clients(), table.facilities());
        let mut out = Self {
            table,
            prices,
            at: vec![NOWHERE; n],
            open: set.to_vec(),
            count: set.iter().filter(|o| **o).count(),
            load: vec![0.0; m],
            clients: vec![Vec::new(); m],
            place: vec![0; n],
            service: 0.0,
            opening: (0..m).filter(|&f| set[f]).map(|f| table.opening[f]).sum(),
            over: 0.0,
            fine,
            waiting: Vec::new(),
            waits: vec![false; n],
            journal: Vec::new(),
            near: nearest_open(table, set),
        };
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&a, &b| table.demand[b].total_cmp(&table.demand[a]).then(a.cmp(&b)));
        for i in order {
            let f = out.best_place(i, NOWHERE)?;
            out.put(i, f);
            out.wait(i as u32);
        }
        out.journal.clear();
        Some(out)
    }

    /// The same assignment, of which the parts are given.
    pub(super) fn of(table: &'a Table<'a>, prices: &'a Prices, at: &[u32], open: &[bool], fine: f64) -> Self {
        let (n, m) = (table.clients(), table.facilities());
        let mut out = Self {
            table,
            prices,
            at: vec![NOWHERE; n],
            open: open.to_vec(),
            count: open.iter().filter(|o| **o).count(),
            load: vec![0.0; m],
            clients: vec![Vec::new(); m],
            place: vec![0; n],
            service: 0.0,
            opening: (0..m).filter(|&f| open[f]).map(|f| table.opening[f]).sum(),
            over: 0.0,
            fine,
            waiting: Vec::new(),
            waits: vec![false; n],
            journal: Vec::new(),
            near: nearest_open(table, open),
        };
        for (i, &f) in at.iter().enumerate() {
            out.put(i, f);
        }
        out.journal.clear();
        out
    }

    /// Opening and service, without fines.
    pub(super) fn cost(&self) -> f64 {
        self.opening + self.service
    }

    /// The same with fines.
    pub(super) fn fined(&self) -> f64 {
        self.opening + self.service + self.fine * self.over.max(0.0)
    }

    /// Demand beyond capacities.
    pub(super) fn over(&self) -> f64 {
        if self.load.iter().zip(self.table.capacity).all(|(l, c)| *l <= *c) {
            return 0.0;
        }
        self.load.iter().zip(self.table.capacity).map(|(l, c)| (l - c).max(0.0)).sum()
    }

    /// Loads and sums afresh, against the digits that sums lose.
    pub(super) fn recount(&mut self) {
        self.service = (0..self.at.len()).map(|i| self.prices.at(i, self.at[i])).sum();
        self.opening = (0..self.open.len()).filter(|&f| self.open[f]).map(|f| self.table.opening[f]).sum();
        for f in 0..self.open.len() {
            let mut clients = self.clients[f].clone();
            clients.sort_unstable();
            self.load[f] = clients.iter().map(|&i| self.table.demand[i as usize]).sum();
        }
        self.over = self.over();
    }

    fn excess(&self, f: u32, change: f64) -> f64 {
        (self.load[f as usize] + change - self.table.capacity[f as usize]).max(0.0)
    }

    fn put(&mut self, i: usize, f: u32) {
        let need = self.table.demand[i];
        self.over += self.excess(f, need) - self.excess(f, 0.0);
        self.at[i] = f;
        self.load[f as usize] += need;
        self.place[i] = self.clients[f as usize].len() as u32;
        self.clients[f as usize].push(i as u32);
        self.service += self.prices.at(i, f);
    }

    fn take(&mut self, i: usize) {
        let (f, need) = (self.at[i], self.table.demand[i]);
        self.over += self.excess(f, -need) - self.excess(f, 0.0);
        self.load[f as usize] -= need;
        let at = self.place[i] as usize;
        self.clients[f as usize].swap_remove(at);
        if let Some(&moved) = self.clients[f as usize].get(at) {
            self.place[moved as usize] = at as u32;
        }
        self.service -= self.prices.at(i, f);
        self.at[i] = NOWHERE;
    }

    fn relocate(&mut self, i: usize, f: u32) {
        self.journal.push(Step::Moved { client: i as u32, from: self.at[i] });
        self.take(i);
        self.put(i, f);
    }

    fn set_open(&mut self, f: u32, open: bool) {
        if std::mem::replace(&mut self.open[f as usize], open) != open {
            if open {
                self.count += 1;
                self.opening += self.table.opening[f as usize];
            } else {
                self.count -= 1;
                self.opening -= self.table.opening[f as usize];
            }
            let prices = self.prices;
            for i in 0..self.near.len() {
                let near = &mut self.near[i];
                if open {
                    let cost = prices.at(i, f);
                    if cost.is_finite() && (near.len() < NEAREST || near.last().is_some_and(|l| cost < l.1)) {
                        near.truncate(NEAREST - 1);
                        let at = near.iter().position(|p| cost < p.1).unwrap_or(near.len());
                        near.insert(at, (f, cost));
                    }
                } else if near.iter().any(|p| p.0 == f) {
                    self.near[i] = nearest_of(self.table, &self.open, i);
                }
            }
        }
    }

    /// From here on, changes can be taken back.
    pub(super) fn mark(&mut self) {
        self.journal.clear();
    }

    /// Takes back every change since the mark.
    pub(super) fn take_back(&mut self) {
        while let Some(step) = self.journal.pop() {
            match step {
                Step::Moved { client, from } => {
                    self.take(client as usize);
                    self.put(client as usize, from);
                }
                Step::Opened(f) => self.set_open(f, false),
                Step::Closed(f) => self.set_open(f, true),
            }
        }
        for i in self.waiting.drain(..) {
            self.waits[i as usize] = false;
        }
    }

    fn wait(&mut self, i: u32) {
        if !std::mem::replace(&mut self.waits[i as usize], true) {
            self.waiting.push(i);
        }
    }

    /// Lets everybody look again.
    pub(super) fn wait_all(&mut self) {
        for i in 0..self.at.len() as u32 {
            self.wait(i);
        }
    }

    /// Lets those look again whom a change at a facility may concern.
    fn stir(&mut self, f: u32) {
        let prices = self.prices;
        for &i in &prices.columns[f as usize] {
            self.wait(i);
        }
    }

    /// The open facility where a client costs least, fines included.
    fn best_place(&self, i: usize, besides: u32) -> Option<u32> {
        let need = self.table.demand[i];
        let mut best: Option<(f64, u32)> = None;
        for (f, c) in self.table.rows.row(i) {
            if best.is_some_and(|b| c >= b.0) {
                break;
            }
            if self.open[f as usize] && f != besides {
                let total = c + self.fine * (self.excess(f, need) - self.excess(f, 0.0));
                if best.is_none_or(|b| total < b.0) {
                    best = Some((total, f));
                }
            }
        }
        best.map(|b| b.1)
    }

    /// Moves, swaps and chains of the clients that wait, until none of them helps.
    pub(super) fn settle(&mut self, meter: &mut Meter<'_>) {
        let mut next = 0;
        while next < self.waiting.len() && meter.open() {
            let i = self.waiting[next] as usize;
            next += 1;
            self.waits[i] = false;
            let from = self.at[i];
            if self.better(i, meter) {
                let to = self.at[i];
                self.stir(from);
                self.stir(to);
                self.wait(i as u32);
            }
            if next > 8192 {
                self.waiting.drain(..next);
                next = 0;
            }
        }
        let next = next.min(self.waiting.len());
        self.waiting.drain(..next);
    }

    /// Makes the best move that starts with a client, if one helps.
    fn better(&mut self, i: usize, meter: &mut Meter<'_>) -> bool {
        let (a, need) = (self.at[i], self.table.demand[i]);
        let here = self.prices.at(i, a);
        let fine = self.fine;
        let relief = fine * (self.excess(a, -need) - self.excess(a, 0.0));
        let mut steps = 20u64;
        let noise = -1e-9 * (here.abs() + 1e-6);
        let mut best = (noise, NOWHERE, NOWHERE, NOWHERE);
        for &(b, there) in self.near[i].iter().filter(|p| p.0 != a) {
            let gain = there - here;
            let shift = gain + relief + fine * (self.excess(b, need) - self.excess(b, 0.0));
            if shift < best.0 {
                best = (shift, b, NOWHERE, NOWHERE);
            }
            // Where there is room, nobody has to go for it.
            if self.excess(b, need) <= 0.0 && relief >= 0.0 {
                continue;
            }
            let (over_a, over_b) = (self.excess(a, 0.0), self.excess(b, 0.0));
            steps += 2 * self.clients[b as usize].len() as u64;
            for &j in &self.clients[b as usize] {
                let j = j as usize;
                let other = self.table.demand[j];
                let there_j = self.prices.at(j, b);
                let over_b_after = self.excess(b, need - other) - over_b;
                // The two change places.
                let swap = gain + self.prices.at(j, a) - there_j
                    + fine * (self.excess(a, other - need) - over_a + over_b_after);
                if swap < best.0 {
                    best = (swap, b, j as u32, a);
                }
                // The other one goes on to a third place.
                let rest = gain + relief - there_j + fine * over_b_after;
                for &(c, cost) in self.near[j].iter().take(5) {
                    if rest + cost >= best.0 {
                        break;
                    }
                    if c == a || c == b {
                        continue;
                    }
                    steps += 1;
                    let chain = rest + cost + fine * (self.excess(c, other) - self.excess(c, 0.0));
                    if chain < best.0 {
                        best = (chain, b, j as u32, c);
                    }
                }
            }
        }
        meter.spend(steps);
        let (_, b, j, c) = best;
        if b == NOWHERE {
            return false;
        }
        if j != NOWHERE {
            self.relocate(j as usize, c);
            self.stir(c);
            self.wait(j);
        }
        self.relocate(i, b);
        true
    }

    /// Closes a facility and sends its clients where each costs least; false if somebody has no place.
    pub(super) fn close(&mut self, f: u32) -> bool {
        let mut leaving = self.clients[f as usize].clone();
        leaving.sort_unstable_by(|&a, &b| {
            self.table.demand[b as usize].total_cmp(&self.table.demand[a as usize]).then(a.cmp(&b))
        });
        for i in leaving {
            let Some(to) = self.best_place(i as usize, f) else { return false };
            self.relocate(i as usize, to);
            self.wait(i);
            self.stir(to);
        }
        self.set_open(f, false);
        self.journal.push(Step::Closed(f));
        true
    }

    /// Opens a facility; clients that gain by it come, the most gainful per demand first, while they fit.
    pub(super) fn open(&mut self, f: u32, meter: &mut Meter<'_>) {
        self.set_open(f, true);
        self.journal.push(Step::Opened(f));
        let mut wish: Vec<(f64, u32)> = Vec::new();
        for i in 0..self.at.len() {
            let cost = self.prices.at(i, f);
            if cost.is_finite() {
                let (at, need) = (self.at[i], self.table.demand[i]);
                let relief = self.fine * (self.excess(at, 0.0) - self.excess(at, -need));
                let gain = self.prices.at(i, at) - cost + relief;
                if gain > 0.0 {
                    wish.push((gain / need.max(1e-9), i as u32));
                }
            }
        }
        meter.spend(self.at.len() as u64 / 2);
        wish.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        for (_, i) in wish {
            if self.excess(f, self.table.demand[i as usize]) <= 0.0 {
                let from = self.at[i as usize];
                self.relocate(i as usize, f);
                self.stir(from);
                self.wait(i);
            }
        }
    }

    /// Sends a few clients of a facility, or of its neighbours, to a random near place.
    pub(super) fn scatter(&mut self, count: usize, draw: &mut Draw) {
        let n = self.at.len();
        let center = draw.below(n);
        let prices = self.prices;
        let around = &prices.columns[self.at[center] as usize];
        for k in 0..count {
            let i =
                if k == 0 || around.is_empty() { center } else { around[draw.below(around.len())] as usize };
            let at = self.at[i];
            let near: SmallVec<[u32; 4]> =
                self.near[i].iter().map(|p| p.0).filter(|&f| f != at).take(4).collect();
            if near.is_empty() {
                continue;
            }
            let to = near[draw.below(near.len())];
            self.relocate(i, to);
            self.wait(i as u32);
            self.stir(at);
            self.stir(to);
        }
    }

    /// Closes what serves nobody, the dearest first. Where the number demanded keeps some of it open, the
    /// cheapest of all that serves nobody stands in.
    pub(super) fn close_idle(&mut self, locks: &[Lock]) {
        let opening = &self.table.opening;
        let free = |open: bool, a: &Self| -> Vec<u32> {
            let mut list: Vec<u32> = (0..locks.len() as u32)
                .filter(|&f| locks[f as usize] == Lock::Free && a.open[f as usize] == open)
                .filter(|&f| a.clients[f as usize].is_empty())
                .collect();
            list.sort_by(|&x, &y| opening[x as usize].total_cmp(&opening[y as usize]).then(x.cmp(&y)));
            list
        };
        let mut idle = free(true, self);
        while self.count > self.table.limit.at_least
            && let Some(f) = idle.pop()
        {
            self.set_open(f, false);
            self.journal.push(Step::Closed(f));
        }
        if idle.is_empty() {
            return;
        }
        for (&dear, cheap) in idle.iter().rev().zip(free(false, self)) {
            if opening[cheap as usize] < opening[dear as usize] {
                self.set_open(dear, false);
                self.journal.push(Step::Closed(dear));
                self.set_open(cheap, true);
                self.journal.push(Step::Opened(cheap));
            }
        }
    }
}
