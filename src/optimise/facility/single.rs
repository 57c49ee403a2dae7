//! The capacitated problem with a single source per client.
//!
//! The bound is that of [`super::relax`] with knapsacks of whole clients, and branching on facilities raises
//! it; sets of facilities that it proposes become assignments, and [`super::assignment`] searches around the
//! best.

use std::collections::BinaryHeap;
use std::rc::Rc;

use super::assignment::{Assignment, NOWHERE, Prices};
use super::relax::{Multipliers, Steps, Table, ascend, check_total, rows_of};
use super::split;
use super::{Capacity, FacilityError, FacilityProblem, Limit, Lock, Placement, cost};
use crate::optimise::location::node::Node;
use crate::optimise::{
    Certified, Draw, Effort, Ended, Meter, Stop, TOLERANCE, Work, grid, relative_gap, round_up,
};

pub(super) fn solve(
    problem: &FacilityProblem,
    capacity: &Capacity,
    limit: Limit,
    work: &Work<'_>,
) -> Result<Certified<Placement>, FacilityError> {
    let rows = rows_of(problem, capacity, true)?;
    check_total(problem, capacity, limit)?;
    let scale = grid(problem.service.values().iter().chain(&problem.opening).copied());
    let table = Table::new(problem, capacity, rows, limit);
    let prices = Prices::new(&table);
    let size = (table.rows.pairs() + table.clients() + table.facilities()) as u64;
    let mut meter = work.meter(5_000_000 + 100 * size);
    let mut search = Search {
        table: &table,
        prices: &prices,
        locks: problem.locks.clone(),
        best: None,
        cost: f64::INFINITY,
        least_over: f64::INFINITY,
        bound: f64::NEG_INFINITY,
        scale,
        draw: Draw::new(work.seed),
        work,
    };
    search.run(&mut meter);
    if search.best.is_none() {
        search.fill_by_trial();
    }
    let Some((at, open)) = search.best.take() else {
        return Err(FacilityError::NotFound { overload: search.least_over });
    };
    let value =
        Placement { open: (0..open.len() as u32).filter(|&f| open[f as usize]).collect(), assignment: at };
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

/// Parts of the sets of facilities that are not settled yet, for clients that must stay whole.
struct Tree<'a> {
    table: Table<'a>,
    heap: BinaryHeap<Node>,
    /// The least bound of a part in which all facilities are decided, but not who serves whom.
    floor: f64,
}

impl<'a> Tree<'a> {
    /// None where knapsacks of whole clients would be too large.
    fn of(table: &Table<'a>, locks: &[Lock]) -> Option<Self> {
        let table = table.without_shut(locks).with_whole_clients()?;
        let second = |i: usize| table.rows.row(i).take(2).last().map_or(0.0, |p| p.1);
        let u: Rc<[f32]> = (0..table.clients()).map(|i| second(i) as f32).collect();
        let root = Node { bound: f64::NEG_INFINITY, depth: 0, locks: locks.into(), u };
        Some(Self { table, heap: BinaryHeap::from([root]), floor: f64::INFINITY })
    }

    fn bound(&self) -> f64 {
        self.heap.peek().map_or(f64::INFINITY, |n| n.bound).min(self.floor)
    }
}

/// Share of all demand that rounding may seem to leave over.
const ROUNDING: f64 = 1e-12;

struct Search<'a, 'w> {
    table: &'a Table<'a>,
    prices: &'a Prices,
    locks: Vec<Lock>,
    best: Option<(Vec<u32>, Vec<bool>)>,
    cost: f64,
    least_over: f64,
    bound: f64,
    scale: Option<f64>,
    draw: Draw,
    work: &'w Work<'w>,
}

impl<'a> Search<'a, '_> {
    fn enough(&self) -> bool {
        self.cost.is_finite()
            && self.work.close_enough(self.cost, round_up(self.bound, self.scale).min(self.cost))
    }

    /// A fine at which one unit beyond a capacity costs what serving it costs about.
    fn first_fine(&self) -> f64 {
        let table = self.table;
        let service: f64 = (0..table.clients()).filter_map(|i| table.rows.row(i).nth(1)).map(|p| p.1).sum();
        let opening: f64 = table.opening.iter().sum::<f64>() / table.facilities().max(1) as f64;
        let capacity: f64 = table.capacity.iter().sum::<f64>() / table.facilities().max(1) as f64;
        service / table.total.max(1e-9) + opening / capacity.max(1e-9) + 1e-6
    }

    fn build(&self, set: &[bool], fine: f64) -> Option<Assignment<'a>> {
        let mut open: Vec<bool> = set
            .iter()
            .zip(&self.locks)
            .map(|(&o, l)| match l {
                Lock::Free => o,
                Lock::Open => true,
                Lock::Shut => false,
            })
            .collect();
        let mut count = open.iter().filter(|o| **o).count();
        // By size: the smallest go where too many are open, the largest come where too few are.
        let mut order: Vec<usize> = (0..open.len()).filter(|&f| self.locks[f] == Lock::Free).collect();
        let capacity = self.table.capacity;
        order.sort_by(|&a, &b| capacity[a].total_cmp(&capacity[b]).then(a.cmp(&b)));
        for &f in &order {
            if count > self.table.limit.at_most && open[f] {
                open[f] = false;
                count -= 1;
            }
        }
        for &f in order.iter().rev() {
            if count < self.table.limit.at_least && !open[f] {
                open[f] = true;
                count += 1;
            }
        }
        Assignment::new(self.table, self.prices, &open, fine)
    }

    fn offer(&mut self, a: &mut Assignment<'_>) -> bool {
        let over = a.over();
        self.least_over = self.least_over.min(over);
        let limit = self.table.limit;
        // What sums of many small demands leave over by rounding is no demand.
        let none = ROUNDING * self.table.total;
        if over > none
            || a.cost() >= self.cost - 1e-9 * self.cost.abs().min(1e12)
            || a.count > limit.at_most
            || a.count < limit.at_least
        {
            return false;
        }
        a.recount();
        if a.over() > none {
            return false;
        }
        self.cost = a.cost();
        self.best = Some((a.at.clone(), a.open.clone()));
        true
    }

    fn run(&mut self, meter: &mut Meter<'_>) {
        let m = self.table.facilities();
        let fine = self.first_fine();
        let mut free = Meter::new(u64::MAX, Stop::NEVER);
        let all = vec![true; m];
        if let Some(mut a) = self.build(&all, 10.0 * fine) {
            a.settle(&mut free);
            a.close_idle(&self.locks);
            self.offer(&mut a);
        }
        // Where clients may be split, sets of facilities can be judged exactly: the best of them are where
        // to look, and their least cost is a bound.
        let mut here: Option<Assignment<'a>> = None;
        let mut tree = None;
        for share in [1, 25] {
            let most = (share * self.share_for_sets()).min(meter.left() / 2);
            let mut limited = Meter::new(most, meter.caller());
            let (pool, bound) = split::sets(self.table, &self.locks, self.work, &mut limited);
            meter.spend(limited.used());
            self.bound = self.bound.max(bound.min(self.cost));
            let slice = (limited.used() / 16).clamp(2_000_000, 100_000_000);
            // A limited search does more for the answer than branching would for its bound.
            if tree.is_none() && self.work.effort == Effort::UNBOUNDED {
                tree = Tree::of(self.table, &self.locks);
            }
            if let Some(tree) = &mut tree {
                self.branch(tree, limited.used(), meter);
            }
            for (least, set) in pool {
                // No assignment on this set costs less than its split one.
                if least >= self.cost || !meter.open() || self.enough() {
                    continue;
                }
                let Some(mut a) = self.build(&set, fine) else { continue };
                a.settle(meter);
                self.offer(&mut a);
                let found = self.search_around(Some(a), slice, false, meter);
                if let Some(a) = found
                    && here.as_ref().is_none_or(|h| a.fined() < h.fined())
                {
                    here = Some(a);
                }
            }
            if self.enough() || !meter.open() {
                return;
            }
            here = self.search_around(here.take(), 8 * slice, true, meter);
            if limited.open() {
                // The split problem is solved; more work on it tells nothing new.
                break;
            }
        }
        let mut turn = 100_000_000;
        while meter.open() && !self.enough() {
            let spent = match &mut tree {
                None => u64::MAX / 4,
                Some(tree) => {
                    let before = meter.used();
                    self.branch(tree, turn, meter);
                    (meter.used() - before).max(turn)
                }
            };
            here = self.search_around(here.take(), spent, true, meter);
            if here.is_none() {
                return;
            }
            turn = turn.saturating_mul(2).min(1 << 30);
        }
    }

    /// Steps for finding sets.
    fn share_for_sets(&self) -> u64 {
        let size = (self.table.rows.pairs() + self.table.clients()) as u64;
        60_000_000 + 4000 * size
    }

    /// Branches on facilities, lowest bound first.
    fn branch(&mut self, tree: &mut Tree<'a>, steps: u64, meter: &mut Meter<'_>) {
        let until = meter.used().saturating_add(steps);
        while meter.used() < until && meter.open() && !self.enough() {
            let Some(node) = tree.heap.pop() else { break };
            let mut locks = node.locks.to_vec();
            let root = node.depth == 0;
            let start = Multipliers {
                bound: f64::NEG_INFINITY,
                u: node.u.iter().map(|&v| f64::from(v)).collect(),
                share: vec![0.5; locks.len()],
            };
            let steps = Steps {
                rounds: if root { 1500 } else { 60 },
                first: if root { 1.0 } else { 0.3 },
                last: if root { 1e-3 } else { 1e-2 },
                patience: if root { 15 } else { 6 },
                visit_every: if root { 25 } else { u64::MAX },
            };
            let (work, scale) = (self.work, self.scale);
            let enough = |cost: f64, bound: f64| {
                cost.is_finite() && work.close_enough(cost, round_up(bound, scale).min(cost))
            };
            let (cost, fine) = (self.cost, self.first_fine());
            let mut tried: Vec<bool> = Vec::new();
            let result = ascend(
                &tree.table,
                &mut locks,
                start,
                steps,
                meter,
                |open, meter| {
                    let set: Vec<bool> = open.iter().map(|&y| y > 0.0).collect();
                    if root
                        && set != tried
                        && let Some(mut a) = self.build(&set, fine)
                    {
                        a.settle(meter);
                        self.offer(&mut a);
                        tried = set;
                    }
                    if root { self.cost } else { cost }
                },
                enough,
            );
            let bound = node.bound.max(result.bound);
            if !meter.open() {
                tree.heap.push(Node { bound, ..node });
                break;
            }
            if bound < self.cost && !enough(self.cost, bound) {
                let doubt = |f: usize| result.share[f].min(1.0 - result.share[f]);
                let split = (0..locks.len())
                    .filter(|&f| locks[f] == Lock::Free)
                    .max_by(|&a, &b| doubt(a).total_cmp(&doubt(b)).then(b.cmp(&a)));
                if split.is_none() || node.depth % 4 == 1 {
                    let set: Vec<bool> = (0..locks.len())
                        .map(|f| locks[f] == Lock::Open || (locks[f] == Lock::Free && result.share[f] > 0.5))
                        .collect();
                    if let Some(mut a) = self.build(&set, fine) {
                        a.settle(meter);
                        self.offer(&mut a);
                    }
                }
                if let Some(split) = split {
                    let u: Rc<[f32]> = result.u.iter().map(|&v| v as f32).collect();
                    for way in [Lock::Open, Lock::Shut] {
                        let mut locks = locks.clone();
                        locks[split] = way;
                        tree.heap.push(Node {
                            bound,
                            depth: node.depth + 1,
                            locks: locks.into(),
                            u: u.clone(),
                        });
                    }
                } else {
                    tree.floor = tree.floor.min(bound);
                }
            }
            self.bound = self.bound.max(tree.bound().min(self.cost));
        }
        self.bound = self.bound.max(tree.bound().min(self.cost));
    }

    /// Disturbs the assignment here and there, and keeps what turns out no worse, or a little worse.
    fn search_around(
        &mut self,
        start: Option<Assignment<'a>>,
        steps: u64,
        facilities: bool,
        meter: &mut Meter<'_>,
    ) -> Option<Assignment<'a>> {
        let until = meter.used().saturating_add(steps);
        let fine = start.as_ref().map_or(self.first_fine(), |s| s.fine);
        let mut a = match (&self.best, start) {
            (_, Some(start)) if !facilities => start,
            (Some((at, open)), _) => Assignment::of(self.table, self.prices, at, open, fine),
            (None, Some(start)) => start,
            (None, None) => self.build(&vec![true; self.table.facilities()], fine)?,
        };
        a.wait_all();
        a.settle(meter);
        let free: Vec<u32> =
            (0..self.locks.len() as u32).filter(|&f| self.locks[f as usize] == Lock::Free).collect();
        let limit = self.table.limit;
        let (mut inside, mut outside, mut idle) = (0u32, 0u32, 0u32);
        let mut turn = self.draw.below(free.len().max(1));
        // How much worse is let pass: falls from round to round.
        let mut warmth = 2e-3;
        while meter.used() < until && meter.open() && !self.enough() {
            a.mark();
            let before = a.fined();
            let kind = if free.is_empty() || !facilities { 9 } else { self.draw.below(10) };
            let mut whole = true;
            match kind {
                0..=3 => {
                    turn = (turn + 1) % free.len();
                    let f = free[turn];
                    if a.open[f as usize] {
                        whole = a.count > limit.at_least && a.close(f);
                        if whole && kind < 2 && a.count < limit.at_most {
                            let g = self.near(&a, f);
                            if let Some(g) = g {
                                a.open(g, meter);
                            }
                        }
                    } else {
                        // Beyond the number allowed it must take another's place, else it may.
                        let full = a.count >= limit.at_most;
                        a.open(f, meter);
                        if kind < 2 || full {
                            whole = match self.open_near(&a, f) {
                                Some(out) => a.close(out),
                                None => !full,
                            };
                        }
                    }
                }
                _ => {
                    let count = 1 + self.draw.below(4);
                    a.scatter(count, &mut self.draw);
                }
            }
            meter.spend(50);
            if whole {
                a.settle(meter);
                a.close_idle(&self.locks);
            }
            idle += 1;
            if whole && self.offer(&mut a) {
                idle = 0;
            }
            let after = a.fined();
            let leave = warmth * before.abs() * self.draw.unit().powi(4);
            if !whole || !meter.open() || after > before + leave {
                a.take_back();
            }
            if a.over() > 0.0 {
                outside += 1;
            } else {
                inside += 1;
            }
            if inside + outside >= 40 {
                // Some of the time outside of the capacities, most of it inside.
                a.fine *= if outside > 25 {
                    1.3
                } else if outside < 8 {
                    0.8
                } else {
                    1.0
                };
                a.fine = a.fine.clamp(1e-3 * fine.max(1e-9), 1e6 * fine.max(1e-9));
                (inside, outside) = (0, 0);
                a.recount();
                warmth *= 0.97;
                if warmth < 2e-6 {
                    warmth = 1e-3;
                    if let Some((at, open)) = self.best.as_ref().filter(|_| idle > 500) {
                        a = Assignment::of(self.table, self.prices, at, open, a.fine);
                    }
                }
            }
        }
        Some(a)
    }

    /// A shut facility near another one.
    fn near(&mut self, a: &Assignment<'_>, f: u32) -> Option<u32> {
        let client = self.client_of(a, f);
        let row = self.table.rows.row(client);
        let shut: Vec<u32> = row
            .map(|p| p.0)
            .filter(|&g| !a.open[g as usize] && g != f && self.locks[g as usize] == Lock::Free)
            .take(6)
            .collect();
        (!shut.is_empty()).then(|| shut[self.draw.below(shut.len())])
    }

    /// An open facility near another one.
    fn open_near(&mut self, a: &Assignment<'_>, f: u32) -> Option<u32> {
        let client = self.client_of(a, f);
        let row = self.table.rows.row(client);
        let open: Vec<u32> = row
            .map(|p| p.0)
            .filter(|&g| a.open[g as usize] && g != f && self.locks[g as usize] == Lock::Free)
            .take(4)
            .collect();
        (!open.is_empty()).then(|| open[self.draw.below(open.len())])
    }

    /// A client that lies near a facility.
    fn client_of(&mut self, a: &Assignment<'_>, f: u32) -> usize {
        let near = self.prices.near(f);
        if near.is_empty() {
            self.draw.below(a.at.len())
        } else {
            near[self.draw.below(near.len().min(8))] as usize
        }
    }

    /// Looks for any assignment within the capacities, client after client, as far as a number of trials
    /// goes.
    fn fill_by_trial(&mut self) {
        let table = self.table;
        let mut order: Vec<usize> = (0..table.clients()).collect();
        order.sort_by(|&a, &b| table.demand[b].total_cmp(&table.demand[a]).then(a.cmp(&b)));
        let mut left = table.capacity.to_vec();
        let mut at = vec![NOWHERE; table.clients()];
        let mut users = vec![0u32; table.facilities()];
        let mut count = 0usize;
        for (f, lock) in self.locks.iter().enumerate() {
            if *lock == Lock::Open {
                users[f] = 1;
                count += 1;
            }
        }
        let mut tries = 300_000u32;
        if !fill(table, &order, &mut left, &mut at, &mut users, &mut count, &mut tries) {
            return;
        }
        let mut open: Vec<bool> = self.locks.iter().map(|l| *l == Lock::Open).collect();
        for &f in &at {
            open[f as usize] = true;
        }
        let mut a = Assignment::of(table, self.prices, &at, &open, 1e6 * self.first_fine());
        let mut free: Vec<u32> = (0..open.len() as u32)
            .filter(|&f| !open[f as usize] && self.locks[f as usize] == Lock::Free)
            .collect();
        free.sort_by(|&x, &y| {
            table.opening[y as usize].total_cmp(&table.opening[x as usize]).then(x.cmp(&y))
        });
        let mut meter = Meter::new(u64::MAX, Stop::NEVER);
        while a.count < table.limit.at_least {
            let Some(f) = free.pop() else { return };
            a.open(f, &mut meter);
        }
        a.wait_all();
        a.settle(&mut meter);
        a.close_idle(&self.locks);
        self.offer(&mut a);
    }
}

fn fill(
    table: &Table<'_>,
    order: &[usize],
    left: &mut [f64],
    at: &mut [u32],
    users: &mut [u32],
    count: &mut usize,
    tries: &mut u32,
) -> bool {
    // One frame per client: which option of its row is tried next.
    let mut option = vec![0usize; order.len() + 1];
    let mut depth = 0usize;
    while depth < order.len() {
        let i = order[depth];
        let need = table.demand[i];
        let next = table.rows.row(i).enumerate().skip(option[depth]).find(|&(_, (f, _))| {
            let f = f as usize;
            left[f] >= need && (users[f] > 0 || *count < table.limit.at_most)
        });
        if *tries == 0 {
            return false;
        }
        *tries -= 1;
        match next {
            Some((k, (f, _))) => {
                option[depth] = k + 1;
                at[i] = f;
                left[f as usize] -= need;
                *count += usize::from(users[f as usize] == 0);
                users[f as usize] += 1;
                depth += 1;
                option[depth] = 0;
            }
            None if depth == 0 => return false,
            None => {
                depth -= 1;
                let i = order[depth];
                let f = at[i] as usize;
                left[f] += table.demand[i];
                users[f] -= 1;
                *count -= usize::from(users[f] == 0);
            }
        }
    }
    true
}
