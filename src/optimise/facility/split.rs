//! The capacitated problem whose clients may be split.
//!
//! Sets of facilities are judged by an exact transport problem and improved by closing, opening and
//! exchanging; the prices of the transport problem tell beforehand what an opening can save at most. The
//! bound is that of [`super::relax`]; branching on facilities closes what it leaves open.

use std::collections::BinaryHeap;
use std::rc::Rc;

use super::relax::{Multipliers, Offer, Steps, Table, ascend, check_total, knapsack, rows_of};
use super::transport::{Transport, Units};
use super::{Capacity, FacilityError, FacilityProblem, Limit, Lock, SplitPlacement, split_cost};
use crate::optimise::location::node::Node;
use crate::optimise::{Certified, Draw, Ended, Meter, Stop, TOLERANCE, Work, relative_gap};

pub(super) fn solve(
    problem: &FacilityProblem,
    capacity: &Capacity,
    limit: Limit,
    work: &Work<'_>,
) -> Result<Certified<SplitPlacement>, FacilityError> {
    let rows = rows_of(problem, capacity, false)?;
    check_total(problem, capacity, limit)?;
    let table = Table::new(problem, capacity, rows, limit);
    let units = Units::new(&table);
    let mut search = Search::new(&table, &units, &problem.locks, work);
    let size = (table.rows.pairs() + table.clients() + table.facilities()) as u64;
    let mut meter = work.meter(5_000_000 + 100 * size);
    search.run(&mut meter);
    if search.best.is_empty() {
        return Err(FacilityError::NotFound { overload: table.total });
    }
    let mut free = Meter::new(u64::MAX, Stop::NEVER);
    let value = search.placement(&mut free);
    let objective = split_cost(problem, &value);
    let bound = search.bound.min(objective);
    let proven = relative_gap(objective, bound) <= work.gap.clamp(TOLERANCE, 1e-6);
    Ok(Certified {
        value,
        objective,
        bound,
        ended: match (proven, meter.stopped()) {
            (true, _) => Ended::Proven,
            (_, true) => Ended::Stopped,
            _ => Ended::Worked,
        },
    })
}

/// Good sets of facilities for clients that may be split, best first with their costs, and a bound.
pub(super) fn sets(
    table: &Table<'_>,
    locks: &[Lock],
    work: &Work<'_>,
    meter: &mut Meter<'_>,
) -> (Vec<(f64, Vec<bool>)>, f64) {
    let units = Units::new(table);
    let mut search = Search::new(table, &units, locks, work);
    search.run(meter);
    (search.pool, search.bound)
}

/// Sets kept beside the best one.
const POOL: usize = 16;

struct Search<'a, 'w> {
    table: &'a Table<'a>,
    units: &'a Units,
    /// Clients of no demand.
    weightless: Vec<usize>,
    locks: Vec<Lock>,
    best: Vec<bool>,
    cost: f64,
    bound: f64,
    /// The best sets met, with their costs.
    pool: Vec<(f64, Vec<bool>)>,
    draw: Draw,
    work: &'w Work<'w>,
}

/// A set of open facilities with its flow.
#[derive(Clone)]
struct State<'a> {
    open: Vec<bool>,
    flow: Transport<'a>,
    opening: f64,
    count: usize,
}

impl State<'_> {
    fn close(&mut self, f: usize, table: &Table<'_>) {
        self.open[f] = false;
        self.flow.close(f);
        self.opening -= table.opening[f];
        self.count -= 1;
    }

    fn open(&mut self, f: usize, table: &Table<'_>) {
        self.open[f] = true;
        self.flow.open(f);
        self.opening += table.opening[f];
        self.count += 1;
    }
}

impl<'a, 'w> Search<'a, 'w> {
    fn new(table: &'a Table<'a>, units: &'a Units, locks: &[Lock], work: &'w Work<'w>) -> Self {
        Self {
            table,
            units,
            weightless: (0..table.clients()).filter(|&i| table.demand[i] <= 0.0).collect(),
            locks: locks.to_vec(),
            best: Vec::new(),
            cost: f64::INFINITY,
            bound: f64::NEG_INFINITY,
            pool: Vec::new(),
            draw: Draw::new(work.seed),
            work,
        }
    }

    fn done(&self) -> bool {
        self.enough(self.cost, self.bound)
    }

    fn enough(&self, cost: f64, bound: f64) -> bool {
        cost.is_finite() && self.work.close_enough(cost, bound.min(cost))
    }

    fn state(&self, set: &[bool], meter: &mut Meter<'_>) -> State<'a> {
        let open: Vec<bool> = set
            .iter()
            .zip(&self.locks)
            .map(|(&o, l)| match l {
                Lock::Free => o,
                Lock::Open => true,
                Lock::Shut => false,
            })
            .collect();
        State {
            flow: Transport::new(self.table, self.units, &open, meter),
            opening: (0..open.len()).filter(|&f| open[f]).map(|f| self.table.opening[f]).sum(),
            count: open.iter().filter(|o| **o).count(),
            open,
        }
    }

    fn cost_of(&self, s: &State<'_>) -> f64 {
        let weightless: f64 = self
            .weightless
            .iter()
            .map(|&i| {
                self.table.rows.row(i).find(|p| s.open[p.0 as usize]).map_or(self.units.missing, |p| p.1)
            })
            .sum();
        s.opening + s.flow.service() + weightless
    }

    fn offer(&mut self, s: &State<'_>) {
        let limit = self.table.limit;
        if s.count > limit.at_most || s.count < limit.at_least {
            return;
        }
        let cost = self.cost_of(s);
        let served = |i: &usize| self.table.rows.row(*i).any(|p| s.open[p.0 as usize]);
        let entry = (cost, s.open.clone());
        let at = self.pool.partition_point(|p| p.0 < cost);
        let known = self.pool[at.saturating_sub(1)..].iter().take(3).any(|p| p.1 == entry.1);
        if at < POOL && !known && s.flow.feasible() {
            self.pool.insert(at, entry);
            self.pool.truncate(POOL);
        }
        if cost < self.cost - 1e-9 * cost.abs() && s.flow.feasible() && self.weightless.iter().all(served) {
            self.cost = cost;
            self.best.clone_from(&s.open);
        }
    }

    fn run(&mut self, meter: &mut Meter<'_>) {
        let m = self.table.facilities();
        let mut free = Meter::new(u64::MAX, Stop::NEVER);
        let mut first = self.state(&vec![true; m], &mut free);
        self.close_idle(&mut first);
        self.trim(&mut first);
        self.offer(&first);
        drop(first);
        let u: Vec<f64> = (0..self.table.clients())
            .map(|i| {
                let mut row = self.table.rows.row(i);
                let first = row.next().map_or(0.0, |p| p.1);
                row.next().map_or(first, |p| p.1)
            })
            .collect();
        let mut multipliers = Multipliers { bound: f64::NEG_INFINITY, u, share: vec![0.5; m] };
        for pass in 0..3usize {
            let before = meter.used();
            let steps = Steps {
                rounds: [300, 1000, 3000][pass],
                first: if pass == 0 { 1.5 } else { 0.5 },
                last: 1e-4,
                patience: 15,
                visit_every: 20,
            };
            let mut locks = self.locks.clone();
            let (table, work) = (self.table, self.work);
            let narrow = table.without_shut(&locks);
            multipliers.bound = f64::NEG_INFINITY;
            multipliers = ascend(
                &narrow,
                &mut locks,
                multipliers,
                steps,
                meter,
                |open, meter| {
                    let set: Vec<bool> = open.iter().map(|&y| y > 0.0).collect();
                    let mut state = self.state(&set, meter);
                    self.close_idle(&mut state);
                    self.trim(&mut state);
                    self.offer(&state);
                    self.cost
                },
                |cost, bound| cost.is_finite() && work.close_enough(cost, bound.min(cost)),
            );
            self.locks = locks;
            self.bound = self.bound.max(multipliers.bound.min(self.cost));
            if self.done() || !meter.open() {
                return;
            }
            let spent = (meter.used() - before).max(2_000_000);
            self.search_around(spent, meter);
            if self.done() || !meter.open() {
                return;
            }
        }
        self.branch(multipliers, meter);
    }

    /// Closes what serves nobody.
    fn close_idle(&self, s: &mut State<'_>) {
        for f in 0..s.open.len() {
            let may = s.open[f] && self.locks[f] == Lock::Free && s.count > self.table.limit.at_least;
            if may && s.flow.load(f) <= 1e-9 * self.table.capacity[f] && !self.needed(s, f) {
                s.close(f, self.table);
            }
        }
    }

    /// Whether clients of no demand would pay more for another facility than this one costs.
    fn needed(&self, s: &State<'_>, f: usize) -> bool {
        let loss: f64 = self
            .weightless
            .iter()
            .map(|&i| {
                let mut open = self.table.rows.row(i).filter(|p| s.open[p.0 as usize]);
                match (open.next(), open.next()) {
                    (Some(p), next) if p.0 as usize == f => next.map_or(self.units.missing, |n| n.1) - p.1,
                    _ => 0.0,
                }
            })
            .sum();
        loss > self.table.opening[f]
    }

    /// Closes what carries least until not too much is open.
    fn trim(&self, s: &mut State<'_>) {
        while s.count > self.table.limit.at_most {
            let least = (0..s.open.len())
                .filter(|&f| s.open[f] && self.locks[f] == Lock::Free)
                .min_by(|&a, &b| s.flow.load(a).total_cmp(&s.flow.load(b)).then(a.cmp(&b)));
            let Some(f) = least else { return };
            s.close(f, self.table);
        }
    }

    /// What opening each shut facility can save at most, net, by the prices of the flow.
    fn savings(
        &self,
        s: &mut State<'_>,
        offers: &mut Vec<Vec<Offer>>,
        prices: &mut Vec<f64>,
    ) -> Vec<(f64, u32)> {
        s.flow.prices(prices);
        offers.resize_with(self.table.facilities(), Vec::new);
        for o in offers.iter_mut() {
            o.clear();
        }
        for (i, &price) in prices.iter().enumerate() {
            let need = self.table.demand[i];
            for (f, c) in self.table.rows.row(i) {
                if c >= price * need {
                    break;
                }
                if !s.open[f as usize] {
                    offers[f as usize].push(Offer { gain: price * need - c, need, client: i as u32 });
                }
            }
        }
        let mut out: Vec<(f64, u32)> = (0..self.table.facilities())
            .filter(|&f| !s.open[f] && self.locks[f] == Lock::Free)
            .filter_map(|f| {
                let gain = knapsack(&mut offers[f], self.table.capacity[f]).2;
                (gain > 0.0).then(|| (gain - self.table.opening[f], f as u32))
            })
            .collect();
        out.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        out
    }

    /// Opens, closes and exchanges until nothing helps.
    fn improve(&mut self, s: &mut State<'a>, meter: &mut Meter<'_>) {
        let (mut offers, mut prices) = (Vec::new(), Vec::new());
        let limit = self.table.limit;
        let m = self.table.facilities();
        let start = self.draw.below(m);
        let (mut idle, mut k) = (0usize, start);
        self.close_idle(s);
        let mut cost = self.cost_of(s);
        let mut try_adding = true;
        while idle < m && meter.open() {
            if try_adding && s.count < limit.at_most {
                try_adding = false;
                for (most, f) in self.savings(s, &mut offers, &mut prices).into_iter().take(12) {
                    if most <= 1e-9 * cost.abs() {
                        break;
                    }
                    let mut with = s.clone();
                    with.open(f as usize, self.table);
                    self.close_idle(&mut with);
                    let new = self.cost_of(&with);
                    meter.spend(with.flow.steps() + 2 * self.table.clients() as u64);
                    if new < cost - 1e-9 * cost.abs() {
                        *s = with;
                        cost = new;
                        idle = 0;
                        try_adding = true;
                        break;
                    }
                }
                if try_adding {
                    continue;
                }
            }
            let f = k;
            k = if k + 1 == m { 0 } else { k + 1 };
            idle += 1;
            if !s.open[f] || self.locks[f] != Lock::Free {
                continue;
            }
            let mut without = s.clone();
            without.close(f, self.table);
            let new = self.cost_of(&without);
            meter.spend(without.flow.steps() + 2 * self.table.clients() as u64);
            if s.count > limit.at_least && new < cost - 1e-9 * cost.abs() {
                *s = without;
                cost = new;
                idle = 0;
                try_adding = true;
                continue;
            }
            let options = self.savings(&mut without, &mut offers, &mut prices);
            meter.spend(without.flow.steps() + 6 * self.table.clients() as u64);
            for (most, g) in options.into_iter().take(4) {
                if g as usize == f || new - most >= cost - 1e-9 * cost.abs() {
                    continue;
                }
                let mut swapped = without.clone();
                swapped.open(g as usize, self.table);
                self.close_idle(&mut swapped);
                let new = self.cost_of(&swapped);
                meter.spend(swapped.flow.steps() + 2 * self.table.clients() as u64);
                if new < cost - 1e-9 * cost.abs() {
                    *s = swapped;
                    cost = new;
                    idle = 0;
                    try_adding = true;
                    break;
                }
            }
        }
        self.offer(s);
    }

    /// From the best set: opens and closes a few at random, then improves.
    fn search_around(&mut self, steps: u64, meter: &mut Meter<'_>) {
        if self.best.is_empty() {
            return;
        }
        let until = meter.used().saturating_add(steps);
        let mut here = self.state(&self.best.clone(), meter);
        self.improve(&mut here, meter);
        let mut here_cost = self.cost_of(&here);
        let free: Vec<usize> = (0..self.locks.len()).filter(|&f| self.locks[f] == Lock::Free).collect();
        if free.is_empty() {
            return;
        }
        while meter.used() < until && meter.open() && !self.done() {
            let mut s = here.clone();
            for _ in 0..2 + self.draw.below(3) {
                let f = free[self.draw.below(free.len())];
                if s.open[f] {
                    if s.count > self.table.limit.at_least {
                        s.close(f, self.table);
                    }
                } else if s.count < self.table.limit.at_most {
                    s.open(f, self.table);
                }
            }
            meter.spend(s.flow.steps() + self.table.clients() as u64);
            self.improve(&mut s, meter);
            let cost = self.cost_of(&s);
            if cost < here_cost * (1.0 + 1e-4 * self.draw.unit()) {
                here = s;
                here_cost = cost;
            }
        }
    }

    /// Branches on facilities, lowest bound first, in turns with the search around the best set.
    fn branch(&mut self, root: Multipliers, meter: &mut Meter<'_>) {
        let table = self.table.without_shut(&self.locks);
        let u: Rc<[f32]> = root.u.iter().map(|&v| v as f32).collect();
        let mut heap =
            BinaryHeap::from([Node { bound: self.bound, depth: 0, locks: self.locks.clone().into(), u }]);
        let (mut for_search, mut for_branch) = (0u64, 0u64);
        while let Some(node) = heap.pop() {
            self.bound = self.bound.max(node.bound.min(self.cost));
            if self.done() || !meter.open() {
                return;
            }
            let before = meter.used();
            let mut locks = node.locks.to_vec();
            let start = Multipliers {
                bound: f64::NEG_INFINITY,
                u: node.u.iter().map(|&v| f64::from(v)).collect(),
                share: vec![0.5; locks.len()],
            };
            let steps = Steps {
                rounds: if node.depth == 0 { 400 } else { 60 },
                first: 0.5,
                last: 1e-2,
                patience: 6,
                visit_every: u64::MAX,
            };
            let (work, cost) = (self.work, self.cost);
            let result = ascend(
                &table,
                &mut locks,
                start,
                steps,
                meter,
                |_, _| cost,
                |cost, bound| cost.is_finite() && work.close_enough(cost, bound.min(cost)),
            );
            let bound = node.bound.max(result.bound);
            if !meter.open() {
                heap.push(Node { bound, ..node });
                if let Some(top) = heap.peek() {
                    self.bound = self.bound.max(top.bound.min(self.cost));
                }
                return;
            }
            if bound < self.cost && !self.enough(self.cost, bound) {
                let doubt = |f: usize| result.share[f].min(1.0 - result.share[f]);
                let split = (0..locks.len())
                    .filter(|&f| locks[f] == Lock::Free)
                    .max_by(|&a, &b| doubt(a).total_cmp(&doubt(b)).then(b.cmp(&a)));
                let set: Vec<bool> = (0..locks.len())
                    .map(|f| locks[f] == Lock::Open || (locks[f] == Lock::Free && result.share[f] > 0.5))
                    .collect();
                if split.is_none() || node.depth % 8 == 1 {
                    let mut state = self.state(&set, meter);
                    self.close_idle(&mut state);
                    self.offer(&state);
                    meter.spend(state.flow.steps());
                }
                if let Some(split) = split {
                    let u: Rc<[f32]> = result.u.iter().map(|&v| v as f32).collect();
                    for way in [Lock::Open, Lock::Shut] {
                        let mut locks = locks.clone();
                        locks[split] = way;
                        heap.push(Node { bound, depth: node.depth + 1, locks: locks.into(), u: u.clone() });
                    }
                }
            }
            for_branch += meter.used() - before;
            if for_search < for_branch / 2 {
                let before = meter.used();
                self.search_around((for_branch / 2 - for_search).max(3_000_000), meter);
                for_search += meter.used() - before;
            }
        }
        self.bound = self.cost;
    }

    /// The best set with its flow as shares.
    fn placement(&self, meter: &mut Meter<'_>) -> SplitPlacement {
        let flow = Transport::new(self.table, self.units, &self.best, meter);
        let shares = (0..self.table.clients())
            .map(|i| {
                let need = self.table.demand[i];
                let mut shares: Vec<(u32, f64)> = if need > 0.0 {
                    flow.flows(i).map(|(f, amount)| (f, amount / need)).collect()
                } else {
                    let open = self.table.rows.row(i).find(|p| self.best[p.0 as usize]);
                    open.map(|p| (p.0, 1.0)).into_iter().collect()
                };
                shares.sort_unstable_by_key(|s| s.0);
                shares
            })
            .collect();
        SplitPlacement {
            open: (0..self.best.len() as u32).filter(|&f| self.best[f as usize]).collect(),
            shares,
        }
    }
}
