//! The capacitated problem with a single source per client.
//!
//! The bound relaxes the assignment of each client: facility j is then worth its opening cost plus the
//! best fractional knapsack of `c_ij − u_i` within its capacity, and the best set that holds the total
//! demand is bounded by a fractional knapsack again (Geoffrion & McBride 1978; Cornuéjols, Sridharan &
//! Thizy 1991). Each relaxed set of facilities is turned into an assignment by regret, repaired and
//! improved by moving, swapping, opening and closing.

use super::SparseRows;
use super::{Capacity, FacilityError, FacilityProblem, Limit, Lock, Placement, cost};
use crate::optimise::{Certified, Draw, Ended, Meter, TOLERANCE, Work, grid, relative_gap, round_up};

const NOWHERE: u32 = u32::MAX;

pub(super) fn solve(
    problem: &FacilityProblem,
    capacity: &Capacity,
    limit: Limit,
    work: &Work<'_>,
) -> Result<Certified<Placement>, FacilityError> {
    let rows = rows_of(problem, capacity, true)?;
    check_total(problem, capacity, limit)?;
    let scale = grid(problem.service.values().iter().chain(&problem.opening).copied());
    let mut search = Search {
        problem,
        columns: rows.transposed(problem.opening.len()),
        rows,
        capacity,
        limit,
        locks: problem.locks.clone(),
        best: None,
        cost: f64::INFINITY,
        overload: f64::INFINITY,
        bound: f64::NEG_INFINITY,
        scale,
        draw: Draw::new(work.seed),
        work,
    };
    let size = (search.rows.pairs() + search.rows.len() + problem.opening.len()) as u64;
    let mut meter = work.meter(5_000_000 + 100 * size);
    search.run(&mut meter);
    let Some(assignment) = search.best.take() else {
        return Err(FacilityError::NotFound { overload: search.overload });
    };
    let mut open = vec![false; problem.opening.len()];
    for &f in &assignment.at {
        open[f as usize] = true;
    }
    for (f, is_open) in assignment.open.iter().enumerate() {
        open[f] |= *is_open;
    }
    let value = Placement {
        open: (0..open.len() as u32).filter(|&f| open[f as usize]).collect(),
        assignment: assignment.at,
    };
    let objective = cost(problem, &value);
    let bound = round_up(search.bound, scale).min(objective);
    let proven = relative_gap(objective, bound) <= TOLERANCE;
    Ok(Certified {
        value,
        objective,
        bound: if proven { objective } else { bound },
        ended: match (proven, meter.stopped()) {
            (true, _) => Ended::Proven,
            (_, true) => Ended::Stopped,
            _ => Ended::Worked,
        },
    })
}

/// Each client's usable facilities, cheapest first; if it must be whole, only those that can hold it.
pub(super) fn rows_of(
    problem: &FacilityProblem,
    capacity: &Capacity,
    whole: bool,
) -> Result<SparseRows, FacilityError> {
    let mut rows = SparseRows::default();
    let mut clients = Vec::new();
    for client in 0..problem.service.len() {
        let mut row: Vec<(u32, f64)> = problem
            .service
            .row(client)
            .filter(|&(f, _)| {
                let fits = !whole || capacity.of[f as usize] >= capacity.demand[client];
                problem.locks[f as usize] != Lock::Shut && fits
            })
            .collect();
        row.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        row.dedup_by_key(|p| p.0);
        row.sort_unstable_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        if row.is_empty() {
            clients.push(client as u32);
        }
        rows.push_row(row);
    }
    if clients.is_empty() { Ok(rows) } else { Err(FacilityError::TooLarge { clients }) }
}

/// Whether the largest facilities that may be open together hold the total demand.
pub(super) fn check_total(problem: &FacilityProblem, capacity: &Capacity, limit: Limit) -> Result<(), FacilityError> {
    let demand: f64 = capacity.demand.iter().sum();
    let locked = problem.locks.iter().filter(|l| **l == Lock::Open).count();
    let sizes = |lock: Lock| {
        let mut of: Vec<f64> =
            (0..capacity.of.len()).filter(|&f| problem.locks[f] == lock).map(|f| capacity.of[f]).collect();
        of.sort_unstable_by(|a, b| b.total_cmp(a));
        of
    };
    let most: f64 = sizes(Lock::Open).iter().sum::<f64>()
        + sizes(Lock::Free).iter().take(limit.at_most.saturating_sub(locked)).sum::<f64>();
    if most * (1.0 + 1e-9) < demand {
        Err(FacilityError::TooSmall { demand, capacity: most })
    } else {
        Ok(())
    }
}

/// Who is served where.
#[derive(Clone, Debug)]
struct Assignment {
    at: Vec<u32>,
    open: Vec<bool>,
    left: Vec<f64>,
    clients_at: Vec<Vec<u32>>,
    count: usize,
}

struct Search<'p, 'w> {
    problem: &'p FacilityProblem,
    rows: SparseRows,
    columns: SparseRows,
    capacity: &'p Capacity,
    limit: Limit,
    locks: Vec<Lock>,
    best: Option<Assignment>,
    cost: f64,
    overload: f64,
    bound: f64,
    scale: Option<f64>,
    draw: Draw,
    work: &'w Work<'w>,
}

struct Relaxed {
    value: f64,
    open: Vec<bool>,
    /// Per facility the clients it would take, with the share of each.
    taken: Vec<Vec<(u32, f64)>>,
}

impl Search<'_, '_> {
    fn done(&self) -> bool {
        self.cost.is_finite()
            && self.work.close_enough(self.cost, round_up(self.bound, self.scale).min(self.cost))
    }

    fn run(&mut self, meter: &mut Meter<'_>) {
        let n = self.problem.opening.len();
        let all: Vec<bool> = (0..n).map(|f| self.locks[f] != Lock::Shut).collect();
        let mut free = Meter::new(u64::MAX, crate::optimise::Stop::NEVER);
        self.try_set(&all, &mut free);
        let mut u: Vec<f64> =
            (0..self.rows.len()).map(|i| self.rows.row(i).next().map_or(0.0, |p| p.1)).collect();
        u = self.ascend(u, 600, meter);
        if self.done() || !meter.open() {
            return;
        }
        self.shake(60, meter);
        u = self.ascend(u, 2000, meter);
        let mut idle = 0;
        while meter.open() && !self.done() && idle < 200 {
            let before = self.cost;
            self.shake(50, meter);
            idle = if self.cost < before { 0 } else { idle + 1 };
        }
        drop(u);
    }

    fn ascend(&mut self, start: Vec<f64>, rounds: u32, meter: &mut Meter<'_>) -> Vec<f64> {
        let mut u = start;
        let (mut best, mut best_u) = (f64::NEG_INFINITY, u.clone());
        let (mut step, mut since) = (1.5, 0u32);
        let mut direction = vec![0.0; u.len()];
        for round in 0..rounds {
            let relaxed = self.relax(&u);
            if !meter.spend(2 * self.rows.pairs() as u64) {
                break;
            }
            since += 1;
            if relaxed.value > best + 1e-9 * relaxed.value.abs() {
                since = 0;
                best = relaxed.value;
                best_u.clone_from(&u);
                self.bound = self.bound.max(best);
            }
            if round % 10 == 9 || round == 0 {
                self.try_set(&relaxed.open, meter);
            }
            if self.done() {
                break;
            }
            if since > 15 {
                since = 0;
                step *= 0.6;
                u.clone_from(&best_u);
                direction.fill(0.0);
                if step < 1e-4 {
                    break;
                }
                continue;
            }
            let mut served = vec![0.0; u.len()];
            for (f, taken) in relaxed.taken.iter().enumerate() {
                if relaxed.open[f] {
                    for &(i, share) in taken {
                        served[i as usize] += share;
                    }
                }
            }
            let mut norm = 0.0;
            for (d, s) in direction.iter_mut().zip(&served) {
                *d = 0.7 * (1.0 - s) + 0.3 * *d;
                norm += *d * *d;
            }
            if norm < 1e-12 {
                break;
            }
            let goal = if self.cost.is_finite() { self.cost } else { relaxed.value.abs() * 1.2 + 1.0 };
            let length = step * (goal - relaxed.value).max(1e-6 * goal.abs()) / norm;
            for (v, d) in u.iter_mut().zip(&direction) {
                *v = (*v + length * d).max(0.0);
            }
        }
        best_u
    }

    fn relax(&self, u: &[f64]) -> Relaxed {
        let n = self.problem.opening.len();
        let demand = &self.capacity.demand;
        let mut worth = self.problem.opening.clone();
        let mut taken: Vec<Vec<(u32, f64)>> = vec![Vec::new(); n];
        let mut offers: Vec<(f64, u32)> = Vec::new();
        for f in 0..n {
            if self.locks[f] == Lock::Shut {
                continue;
            }
            offers.clear();
            offers.extend(
                self.columns.row(f).filter(|&(i, c)| c < u[i as usize]).map(|(i, c)| (u[i as usize] - c, i)),
            );
            let rate = |o: &(f64, u32)| o.0 / demand[o.1 as usize].max(1e-12);
            offers.sort_unstable_by(|a, b| rate(b).total_cmp(&rate(a)).then(a.1.cmp(&b.1)));
            let mut left = self.capacity.of[f];
            for &(gain, i) in &offers {
                let need = demand[i as usize];
                let share = if need <= left { 1.0 } else { left / need };
                worth[f] -= gain * share;
                left -= need * share;
                taken[f].push((i, share));
                if left <= 0.0 {
                    break;
                }
            }
        }
        let mut value: f64 = u.iter().sum();
        let mut open = vec![false; n];
        let (mut count, mut held) = (0usize, 0.0);
        let mut free: Vec<u32> = Vec::new();
        for f in 0..n {
            match self.locks[f] {
                Lock::Open => {
                    open[f] = true;
                    value += worth[f];
                    count += 1;
                    held += self.capacity.of[f];
                }
                Lock::Free => free.push(f as u32),
                Lock::Shut => {}
            }
        }
        let total: f64 = demand.iter().sum();
        value += self.best_set(&worth, &mut free, count, total - held, &mut open);
        Relaxed { value, open, taken }
    }

    /// A lower bound on the worth of the free facilities that are open, and a set near it: by number
    /// alone, and by what capacity the demand needs (fractional knapsack); the better of the two counts.
    fn best_set(&self, worth: &[f64], free: &mut [u32], count: usize, needed: f64, open: &mut [bool]) -> f64 {
        let room = self.limit.at_most.saturating_sub(count).min(free.len());
        let demanded = self.limit.at_least.saturating_sub(count).min(free.len());
        free.sort_unstable_by(|&a, &b| worth[a as usize].total_cmp(&worth[b as usize]).then(a.cmp(&b)));
        let wanted = free.partition_point(|&f| worth[f as usize] < 0.0).min(room).max(demanded);
        let by_number: f64 = free[..wanted].iter().map(|&f| worth[f as usize]).sum();
        let held: f64 = free[..wanted].iter().map(|&f| self.capacity.of[f as usize]).sum();
        for &f in &free[..wanted] {
            open[f as usize] = true;
        }
        if held >= needed {
            return by_number;
        }
        // All that is worth having, then the cheapest capacity until the demand fits.
        let mut by_capacity: f64 = free.iter().map(|&f| worth[f as usize].min(0.0)).sum();
        let mut missing = needed
            - free
                .iter()
                .filter(|&&f| worth[f as usize] < 0.0)
                .map(|&f| self.capacity.of[f as usize])
                .sum::<f64>();
        let mut rest: Vec<u32> = free.iter().copied().filter(|&f| worth[f as usize] >= 0.0).collect();
        let rate = |f: u32| worth[f as usize] / self.capacity.of[f as usize].max(1e-12);
        rest.sort_unstable_by(|&a, &b| rate(a).total_cmp(&rate(b)).then(a.cmp(&b)));
        for &f in &rest {
            if missing <= 0.0 {
                break;
            }
            let size = self.capacity.of[f as usize];
            let share = if size <= missing { 1.0 } else { missing / size };
            by_capacity += share * worth[f as usize];
            missing -= share * size;
            open[f as usize] = true;
        }
        by_number.max(by_capacity)
    }

    /// Builds an assignment on a set of facilities, repairs and improves it.
    fn try_set(&mut self, set: &[bool], meter: &mut Meter<'_>) {
        let mut a = self.assign(set, meter);
        self.offer_improved(&mut a, meter);
    }

    fn offer_improved(&mut self, a: &mut Assignment, meter: &mut Meter<'_>) {
        if !self.place_the_rest(a, meter) {
            return;
        }
        self.improve(a, meter);
        self.offer(a);
    }

    fn offer(&mut self, a: &Assignment) {
        if a.count < self.limit.at_least || a.count > self.limit.at_most {
            return;
        }
        let cost = self.cost_of(a);
        if cost < self.cost - 1e-9 * cost.abs() {
            self.cost = cost;
            self.best = Some(a.clone());
        }
    }

    fn cost_of(&self, a: &Assignment) -> f64 {
        let opening: f64 = (0..a.open.len()).filter(|&f| a.open[f]).map(|f| self.problem.opening[f]).sum();
        let service: f64 = (0..a.at.len()).map(|i| self.price(i, a.at[i])).sum();
        opening + service
    }

    fn price(&self, client: usize, facility: u32) -> f64 {
        self.rows.row(client).find(|p| p.0 == facility).map_or(f64::INFINITY, |p| p.1)
    }

    fn empty(&self) -> Assignment {
        let n = self.problem.opening.len();
        Assignment {
            at: vec![NOWHERE; self.rows.len()],
            open: vec![false; n],
            left: self.capacity.of.clone(),
            clients_at: vec![Vec::new(); n],
            count: 0,
        }
    }

    fn fits(&self, a: &Assignment, client: usize, f: u32) -> bool {
        self.capacity.demand[client] <= a.left[f as usize] + 1e-9 * self.capacity.of[f as usize]
    }

    fn put(&self, a: &mut Assignment, client: usize, f: u32) {
        a.at[client] = f;
        a.left[f as usize] -= self.capacity.demand[client];
        a.clients_at[f as usize].push(client as u32);
    }

    fn take(&self, a: &mut Assignment, client: usize) {
        let f = std::mem::replace(&mut a.at[client], NOWHERE) as usize;
        a.left[f] += self.capacity.demand[client];
        a.clients_at[f].retain(|&i| i as usize != client);
    }

    fn set_open(&self, a: &mut Assignment, f: usize, open: bool) {
        if a.open[f] != open {
            a.open[f] = open;
            if open { a.count += 1 } else { a.count -= 1 }
        }
    }

    /// Assigns clients by regret: whoever would lose most by not getting the best open facility first.
    fn assign(&self, set: &[bool], meter: &mut Meter<'_>) -> Assignment {
        let mut a = self.empty();
        for (f, &wanted) in set.iter().enumerate() {
            if self.locks[f] == Lock::Open || (wanted && self.locks[f] == Lock::Free) {
                self.set_open(&mut a, f, true);
            }
        }
        // Too many are open for the rule: those of least capacity go.
        if a.count > self.limit.at_most {
            let mut order: Vec<usize> =
                (0..set.len()).filter(|&f| a.open[f] && self.locks[f] == Lock::Free).collect();
            order.sort_unstable_by(|&x, &y| {
                self.capacity.of[x].total_cmp(&self.capacity.of[y]).then(x.cmp(&y))
            });
            for f in order {
                if a.count > self.limit.at_most {
                    self.set_open(&mut a, f, false);
                }
            }
        }
        let mut open: Vec<usize> = (0..self.rows.len()).collect();
        let regret = |a: &Assignment, i: usize| {
            let mut options = self.rows.row(i).filter(|&(f, _)| a.open[f as usize] && self.fits(a, i, f));
            let first = options.next();
            let second = options.next();
            match (first, second) {
                (Some((f, c)), Some((_, d))) => (d - c, Some(f)),
                (Some((f, _)), None) => (f64::MAX, Some(f)),
                _ => (f64::NEG_INFINITY, None),
            }
        };
        open.sort_by_cached_key(|&i| {
            let (r, _) = regret(&a, i);
            // Larger regret, then larger demand, first.
            std::cmp::Reverse((ordered(r), ordered(self.capacity.demand[i])))
        });
        meter.spend(self.rows.pairs() as u64);
        for i in open {
            if let (_, Some(f)) = regret(&a, i) {
                self.put(&mut a, i, f);
            }
        }
        a
    }

    /// Finds places for clients left over: by moving others aside, or by opening a facility.
    fn place_the_rest(&mut self, a: &mut Assignment, meter: &mut Meter<'_>) -> bool {
        let demand = &self.capacity.demand;
        let mut rest: Vec<usize> = (0..a.at.len()).filter(|&i| a.at[i] == NOWHERE).collect();
        rest.sort_unstable_by(|&x, &y| demand[x].total_cmp(&demand[y]).then(y.cmp(&x)));
        let mut tries = 20 * a.at.len() + 1000;
        while let Some(i) = rest.pop() {
            meter.spend(self.rows.row(i).len() as u64);
            if self.place(a, i) {
                continue;
            }
            if tries == 0 {
                rest.push(i);
                break;
            }
            tries -= 1;
            // Make room by force at a random open facility: the smallest that suffices leave.
            let options: Vec<u32> = self.rows.row(i).map(|p| p.0).filter(|&f| a.open[f as usize]).collect();
            if options.is_empty() {
                rest.push(i);
                break;
            }
            let f = options[self.draw.below(options.len())];
            while !self.fits(a, i, f) {
                let there = &a.clients_at[f as usize];
                if there.is_empty() {
                    break;
                }
                let out = there[self.draw.below(there.len())] as usize;
                self.take(a, out);
                rest.push(out);
            }
            if self.fits(a, i, f) {
                self.put(a, i, f);
            } else {
                rest.push(i);
            }
        }
        let over: f64 = rest.iter().map(|&i| demand[i]).sum();
        self.overload = self.overload.min(if rest.is_empty() { 0.0 } else { over });
        rest.is_empty()
    }

    fn place(&self, a: &mut Assignment, i: usize) -> bool {
        if let Some((f, _)) = self.rows.row(i).find(|&(f, _)| a.open[f as usize] && self.fits(a, i, f)) {
            self.put(a, i, f);
            return true;
        }
        if a.count < self.limit.at_most {
            let new = self
                .rows
                .row(i)
                .filter(|&(f, _)| !a.open[f as usize] && self.locks[f as usize] == Lock::Free)
                .min_by(|x, y| {
                    let total = |p: &(u32, f64)| {
                        let size = self.capacity.of[p.0 as usize].max(1e-12);
                        p.1 + self.problem.opening[p.0 as usize] * (self.capacity.demand[i] / size).min(1.0)
                    };
                    total(x).total_cmp(&total(y)).then(x.0.cmp(&y.0))
                });
            if let Some((f, _)) = new {
                self.set_open(a, f as usize, true);
                self.put(a, i, f);
                return true;
            }
        }
        // Move one client aside from a facility that would then have room.
        let options: Vec<(u32, f64)> = self.rows.row(i).filter(|p| a.open[p.0 as usize]).collect();
        for (f, _) in options {
            let short = self.capacity.demand[i] - a.left[f as usize];
            let candidates = a.clients_at[f as usize].clone();
            for j in candidates {
                let j = j as usize;
                if self.capacity.demand[j] < short {
                    continue;
                }
                let other =
                    self.rows.row(j).find(|&(g, _)| g != f && a.open[g as usize] && self.fits(a, j, g));
                if let Some((g, _)) = other {
                    self.take(a, j);
                    self.put(a, j, g);
                    if self.fits(a, i, f) {
                        self.put(a, i, f);
                        return true;
                    }
                }
            }
        }
        false
    }

    /// Moves and swaps of clients, closing and opening of facilities, until nothing helps.
    fn improve(&self, a: &mut Assignment, meter: &mut Meter<'_>) {
        loop {
            let moved = self.move_clients(a, meter) | self.swap_clients(a, meter);
            let closed = self.close_facilities(a, meter);
            let opened = self.open_facilities(a, meter);
            if !(moved || closed || opened) || !meter.open() {
                return;
            }
        }
    }

    fn move_clients(&self, a: &mut Assignment, meter: &mut Meter<'_>) -> bool {
        let mut any = false;
        for i in 0..a.at.len() {
            let here = a.at[i];
            let better = self
                .rows
                .row(i)
                .take_while(|p| p.0 != here)
                .find(|&(f, _)| a.open[f as usize] && self.fits(a, i, f));
            meter.spend(4);
            if let Some((f, c)) = better.filter(|p| p.1 < self.price(i, here)) {
                let _ = c;
                self.take(a, i);
                self.put(a, i, f);
                any = true;
            }
        }
        any
    }

    /// Exchanges of two clients between facilities where one of them would rather be.
    fn swap_clients(&self, a: &mut Assignment, meter: &mut Meter<'_>) -> bool {
        let mut any = false;
        for i in 0..a.at.len() {
            if !meter.open() {
                break;
            }
            let here = a.at[i];
            let now = self.price(i, here);
            let options: Vec<(u32, f64)> =
                self.rows.row(i).take_while(|p| p.1 < now).filter(|p| a.open[p.0 as usize]).take(8).collect();
            'options: for (f, c) in options {
                meter.spend(4 * a.clients_at[f as usize].len() as u64 + 4);
                for k in 0..a.clients_at[f as usize].len() {
                    let j = a.clients_at[f as usize][k] as usize;
                    let (di, dj) = (self.capacity.demand[i], self.capacity.demand[j]);
                    if di > a.left[f as usize] + dj || dj > a.left[here as usize] + di {
                        continue;
                    }
                    let change = c - now + self.price(j, here) - self.price(j, f);
                    if change < -1e-9 * now.abs().max(1e-9) {
                        self.take(a, i);
                        self.take(a, j);
                        self.put(a, i, f);
                        self.put(a, j, here);
                        any = true;
                        break 'options;
                    }
                }
            }
        }
        any
    }

    /// Closes a facility when its clients find places elsewhere for less than it costs.
    fn close_facilities(&self, a: &mut Assignment, meter: &mut Meter<'_>) -> bool {
        let mut any = false;
        for f in 0..a.open.len() {
            if !a.open[f] || self.locks[f] != Lock::Free || a.count <= self.limit.at_least {
                continue;
            }
            let mut clients: Vec<usize> = a.clients_at[f].iter().map(|&i| i as usize).collect();
            let demand = &self.capacity.demand;
            clients.sort_unstable_by(|&x, &y| demand[y].total_cmp(&demand[x]).then(x.cmp(&y)));
            let mut change = -self.problem.opening[f];
            let mut undo = Vec::new();
            for &i in &clients {
                meter.spend(8);
                let next = self
                    .rows
                    .row(i)
                    .find(|&(g, _)| g as usize != f && a.open[g as usize] && self.fits(a, i, g));
                let Some((g, c)) = next else {
                    change = f64::INFINITY;
                    break;
                };
                change += c - self.price(i, f as u32);
                if change >= 0.0 {
                    break;
                }
                self.take(a, i);
                self.put(a, i, g);
                undo.push(i);
            }
            if change < -1e-9 * self.problem.opening[f].max(1e-9) {
                self.set_open(a, f, false);
                any = true;
            } else {
                for i in undo {
                    self.take(a, i);
                    self.put(a, i, f as u32);
                }
            }
        }
        any
    }

    /// Opens a facility when clients that prefer it save more than it costs.
    fn open_facilities(&self, a: &mut Assignment, meter: &mut Meter<'_>) -> bool {
        let mut any = false;
        for f in 0..a.open.len() {
            if a.open[f] || self.locks[f] != Lock::Free || a.count >= self.limit.at_most {
                continue;
            }
            meter.spend(2 * self.columns.row(f).len() as u64);
            let mut wish: Vec<(f64, usize)> = self
                .columns
                .row(f)
                .map(|(i, c)| (self.price(i as usize, a.at[i as usize]) - c, i as usize))
                .filter(|w| w.0 > 0.0)
                .collect();
            let rate = |w: &(f64, usize)| w.0 / self.capacity.demand[w.1].max(1e-12);
            wish.sort_unstable_by(|x, y| rate(y).total_cmp(&rate(x)).then(x.1.cmp(&y.1)));
            let mut left = self.capacity.of[f];
            wish.retain(|&(_, i)| {
                let fits = self.capacity.demand[i] <= left;
                if fits {
                    left -= self.capacity.demand[i];
                }
                fits
            });
            let saved: f64 = wish.iter().map(|w| w.0).sum();
            if saved > self.problem.opening[f] * (1.0 + 1e-9) + 1e-9 {
                self.set_open(a, f, true);
                for (_, i) in wish {
                    self.take(a, i);
                    self.put(a, i, f as u32);
                }
                any = true;
            }
        }
        any
    }

    /// From the best assignment: closes, opens or empties a few facilities at random, then improves.
    fn shake(&mut self, tries: usize, meter: &mut Meter<'_>) {
        let Some(mut here) = self.best.clone() else { return };
        let mut here_cost = self.cost;
        for _ in 0..tries {
            if !meter.open() || self.done() {
                return;
            }
            let mut a = here.clone();
            for _ in 0..1 + self.draw.below(3) {
                let f = self.draw.below(a.open.len());
                if self.locks[f] != Lock::Free {
                    continue;
                }
                if a.open[f] {
                    for i in a.clients_at[f].clone() {
                        self.take(&mut a, i as usize);
                    }
                    self.set_open(&mut a, f, false);
                } else if a.count < self.limit.at_most {
                    self.set_open(&mut a, f, true);
                    // Those who'd rather be here come, whatever the opening costs.
                    let wish: Vec<(u32, f64)> = self.columns.row(f).collect();
                    for (i, c) in wish {
                        let i = i as usize;
                        if a.at[i] != NOWHERE && c < self.price(i, a.at[i]) && self.fits(&a, i, f as u32) {
                            self.take(&mut a, i);
                            self.put(&mut a, i, f as u32);
                        }
                    }
                }
            }
            for i in 0..a.at.len() {
                if a.at[i] != NOWHERE && self.draw.below(20) == 0 {
                    self.take(&mut a, i);
                }
            }
            self.fill_number(&mut a);
            self.offer_improved(&mut a, meter);
            if a.at.contains(&NOWHERE) || a.count < self.limit.at_least {
                continue;
            }
            let cost = self.cost_of(&a);
            if cost < here_cost * (1.0 + 1e-3 * self.draw.unit()) {
                here_cost = cost;
                here = a;
            }
        }
    }

    /// Opens the cheapest shut facilities until the demanded number is open.
    fn fill_number(&self, a: &mut Assignment) {
        while a.count < self.limit.at_least {
            let next = (0..a.open.len())
                .filter(|&f| !a.open[f] && self.locks[f] == Lock::Free)
                .min_by(|&x, &y| self.problem.opening[x].total_cmp(&self.problem.opening[y]).then(x.cmp(&y)));
            match next {
                Some(f) => self.set_open(a, f, true),
                None => return,
            }
        }
    }
}

/// A non-negative-or-infinite float as a key that sorts.
fn ordered(v: f64) -> i64 {
    let bits = v.to_bits() as i64;
    bits ^ ((bits >> 63) as u64 >> 1) as i64
}
