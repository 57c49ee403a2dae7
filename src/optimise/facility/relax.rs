//! The bound of problems with capacities, by subgradient steps.
//!
//! The assignment of each client is priced with a multiplier `u_i`: facility j is then worth its opening
//! cost plus the best fractional knapsack of `c_ij − u_i` within its capacity, and the best set that holds
//! the total demand is bounded by a fractional knapsack again (Geoffrion & McBride 1978; Cornuéjols,
//! Sridharan & Thizy 1991). Where clients must stay whole, so do they in the knapsacks, which raises the bound
//! (Holmberg, Rönnqvist & Yuan, An exact algorithm for the capacitated facility location problems with single
//! sourcing, EJOR 113, 1999). Facilities whose worth shows what they must be in any better answer are
//! settled on the way.

use super::{Capacity, FacilityError, FacilityProblem, Limit, Lock, SparseRows};
use crate::optimise::{Meter, grid};

/// The problem as both solvers read it.
#[derive(Debug)]
pub(super) struct Table<'p> {
    /// Per client its usable facilities, cheapest first.
    pub(super) rows: SparseRows,
    pub(super) opening: &'p [f64],
    pub(super) capacity: &'p [f64],
    pub(super) demand: &'p [f64],
    pub(super) total: f64,
    pub(super) limit: Limit,
    /// Where clients must stay whole, their demands and the capacities in whole units.
    pub(super) whole: Option<Whole>,
}

/// Demands and capacities in whole units.
#[derive(Clone, Debug)]
pub(super) struct Whole {
    demand: Vec<u32>,
    capacity: Vec<u32>,
}

impl Whole {
    /// None where the units would be too many for tables.
    pub(super) fn of(demand: &[f64], capacity: &[f64]) -> Option<Self> {
        let scale = grid(demand.iter().copied())?;
        let unit = demand.iter().fold(0, |g, d| common_divisor(g, (d * scale).round() as u64)).max(1);
        let units = |v: f64| v * scale / unit as f64;
        let most = units(capacity.iter().copied().fold(0.0, f64::max));
        (most <= MOST_UNITS).then(|| Self {
            demand: demand.iter().map(|&d| units(d).round() as u32).collect(),
            capacity: capacity.iter().map(|&c| (units(c) + 1e-6).floor() as u32).collect(),
        })
    }
}

/// Units of the largest capacity that tables are made for.
const MOST_UNITS: f64 = 20_000.0;

fn common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

impl<'p> Table<'p> {
    pub(super) fn new(
        problem: &'p FacilityProblem,
        capacity: &'p Capacity,
        rows: SparseRows,
        limit: Limit,
    ) -> Self {
        Self {
            rows,
            opening: &problem.opening,
            capacity: &capacity.of,
            demand: &capacity.demand,
            total: capacity.demand.iter().sum(),
            limit,
            whole: None,
        }
    }

    /// The same for clients that must stay whole, if their demands are multiples of one unit.
    pub(super) fn with_whole_clients(&self) -> Option<Self> {
        let whole = Whole::of(self.demand, self.capacity)?;
        Some(Self { rows: self.rows.clone(), whole: Some(whole), ..*self })
    }

    /// The same without the facilities that are shut.
    pub(super) fn without_shut(&self, locks: &[Lock]) -> Self {
        let usable = |p: &(u32, f64)| locks[p.0 as usize] != Lock::Shut;
        Self {
            rows: SparseRows::from_rows((0..self.clients()).map(|i| self.rows.row(i).filter(usable))),
            whole: self.whole.clone(),
            ..*self
        }
    }

    pub(super) fn facilities(&self) -> usize {
        self.opening.len()
    }

    pub(super) fn clients(&self) -> usize {
        self.demand.len()
    }
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
pub(super) fn check_total(
    problem: &FacilityProblem,
    capacity: &Capacity,
    limit: Limit,
) -> Result<(), FacilityError> {
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

/// Multipliers, the bound they prove, and how often each facility was open lately.
#[derive(Clone, Debug)]
pub(super) struct Multipliers {
    pub(super) bound: f64,
    pub(super) u: Vec<f64>,
    pub(super) share: Vec<f64>,
}

/// How to step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Steps {
    pub(super) rounds: u64,
    pub(super) first: f64,
    pub(super) last: f64,
    pub(super) patience: u32,
    pub(super) visit_every: u64,
}

#[derive(Default)]
struct Relaxed {
    value: f64,
    worth: Vec<f64>,
    open: Vec<f64>,
    /// What single facilities are judged by: an answer's least value, and what tipping one costs.
    judged: f64,
    tip: Tip,
    /// Per facility the clients that gain by it; those from `kept` on are left out, but for a part of one.
    offers: Vec<Vec<Offer>>,
    kept: Vec<usize>,
    part: Vec<f64>,
    order: Vec<u32>,
    packing: Packing,
    touched: u64,
}

/// Tables for exact knapsacks.
#[derive(Default)]
struct Packing {
    best: Vec<f64>,
    took: Vec<bool>,
    steps: u64,
}

/// What it costs to open or shut one facility against the relaxed answer.
#[derive(Clone, Copy)]
enum Tip {
    /// The price of a unit of capacity.
    Capacity(f64),
    /// Worth of the next that would come in, and of the last that is in.
    Count { next: f64, last: f64 },
}

impl Default for Tip {
    fn default() -> Self {
        Self::Capacity(0.0)
    }
}

/// What a client would gain by a facility, and what it needs there.
#[derive(Clone, Copy)]
pub(super) struct Offer {
    pub(super) gain: f64,
    pub(super) need: f64,
    pub(super) client: u32,
}

impl Offer {
    fn rate(&self) -> f64 {
        self.gain / self.need.max(1e-300)
    }
}

/// Steps towards the best bound; `visit` sees the relaxed set and returns the cost of the best answer
/// known. A bound of infinity says that no better answer exists under the locks.
pub(super) fn ascend(
    table: &Table<'_>,
    locks: &mut [Lock],
    start: Multipliers,
    steps: Steps,
    meter: &mut Meter<'_>,
    mut visit: impl FnMut(&[f64], &mut Meter<'_>) -> f64,
    enough: impl Fn(f64, f64) -> bool,
) -> Multipliers {
    let mut best = start;
    let mut u = best.u.clone();
    let mut share = best.share.clone();
    let (mut step, mut since) = (steps.first, 0u32);
    let mut cost = f64::INFINITY;
    let mut direction = vec![0.0; u.len()];
    let mut served = vec![0.0; u.len()];
    let mut relaxed = Relaxed::default();
    let least = least_count(table, locks);
    for round in 0..steps.rounds {
        relax(table, locks, least, &u, &mut relaxed);
        if !meter.spend(8 * relaxed.touched + 2 * (table.clients() + table.facilities()) as u64) {
            break;
        }
        if relaxed.value == f64::INFINITY {
            best.bound = f64::INFINITY;
            break;
        }
        since += 1;
        if relaxed.value > best.bound {
            if relaxed.value > best.bound + 1e-5 * (cost - best.bound).abs().min(best.bound.abs()) {
                since = 0;
            }
            best.bound = relaxed.value;
            best.u.clone_from(&u);
        }
        for (s, &o) in share.iter_mut().zip(&relaxed.open) {
            *s += 0.1 * (o - *s);
        }
        if round % steps.visit_every == 0 {
            cost = visit(&relaxed.open, meter);
        }
        if enough(cost, best.bound) {
            break;
        }
        settle(table, locks, &relaxed, cost);
        if since >= steps.patience {
            since = 0;
            step *= 0.6;
            u.clone_from(&best.u);
            direction.fill(0.0);
            if step < steps.last {
                break;
            }
            continue;
        }
        served.fill(0.0);
        for (f, offers) in relaxed.offers.iter().enumerate() {
            let y = relaxed.open[f];
            if y > 0.0 {
                for o in &offers[..relaxed.kept[f]] {
                    served[o.client as usize] += y;
                }
                if let Some(o) = offers.get(relaxed.kept[f]) {
                    served[o.client as usize] += y * relaxed.part[f];
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
        let goal = if cost.is_finite() { cost } else { relaxed.value.abs() * 1.2 + 1.0 };
        let length = step * (goal - relaxed.value).max(1e-6 * goal.abs()) / norm;
        for (v, d) in u.iter_mut().zip(&direction) {
            *v = (*v + length * d).max(0.0);
        }
    }
    best.share = share;
    best
}

/// No fewer facilities hold the demand: as many as it takes of the largest.
fn least_count(table: &Table<'_>, locks: &[Lock]) -> usize {
    let mut missing = table.total * (1.0 - 1e-9);
    let mut count = 0;
    let mut free: Vec<f64> = Vec::new();
    for (f, lock) in locks.iter().enumerate() {
        match lock {
            Lock::Open => {
                missing -= table.capacity[f];
                count += 1;
            }
            Lock::Free => free.push(table.capacity[f]),
            Lock::Shut => {}
        }
    }
    free.sort_unstable_by(|a, b| b.total_cmp(a));
    for size in free {
        if missing <= 0.0 {
            break;
        }
        missing -= size;
        count += 1;
    }
    count.max(table.limit.at_least)
}

fn relax(table: &Table<'_>, locks: &[Lock], least: usize, u: &[f64], out: &mut Relaxed) {
    let m = table.facilities();
    out.offers.resize_with(m, Vec::new);
    for o in &mut out.offers {
        o.clear();
    }
    out.worth.clear();
    out.worth.extend_from_slice(table.opening);
    out.kept.clear();
    out.kept.resize(m, 0);
    out.part.clear();
    out.part.resize(m, 0.0);
    out.open.clear();
    out.open.resize(m, 0.0);
    out.touched = 0;
    let mut paid = 0.0;
    for (i, &price) in u.iter().enumerate() {
        paid += price;
        for (f, c) in table.rows.row(i) {
            if c >= price {
                break;
            }
            out.touched += 1;
            if locks[f as usize] != Lock::Shut {
                let offer = Offer { gain: price - c, need: table.demand[i], client: i as u32 };
                out.offers[f as usize].push(offer);
            }
        }
    }
    for f in 0..m {
        let offers = &mut out.offers[f];
        let (mut kept, mut part, mut gain) = knapsack(offers, table.capacity[f]);
        if let Some(whole) = &table.whole
            && part > 0.0
        {
            (kept, gain) = pack(offers, kept, gain, whole, f, &mut out.packing);
            part = 0.0;
            out.touched += out.packing.steps;
        }
        out.kept[f] = kept;
        out.part[f] = part;
        out.worth[f] -= gain;
    }
    let mut value = paid;
    let mut size = paid;
    let (mut count, mut held) = (0usize, 0.0);
    out.order.clear();
    for (f, lock) in locks.iter().enumerate() {
        match lock {
            Lock::Open => {
                out.open[f] = 1.0;
                value += out.worth[f];
                size += out.worth[f].abs();
                count += 1;
                held += table.capacity[f];
            }
            Lock::Free => out.order.push(f as u32),
            Lock::Shut => {}
        }
    }
    let free = &mut out.order;
    let (worth, capacity) = (&out.worth, table.capacity);
    let needed = table.total * (1.0 - 1e-9) - held;
    let possible: f64 = free.iter().map(|&f| capacity[f as usize]).sum();
    let limit = table.limit;
    if count > limit.at_most || count + free.len() < least || possible < needed {
        out.value = f64::INFINITY;
        return;
    }
    // By number: the best set of as many as there may or must be, whatever it holds.
    let room = limit.at_most.saturating_sub(count).min(free.len());
    let demanded = least.saturating_sub(count).min(free.len());
    let negative = free.iter().filter(|&&f| worth[f as usize] < 0.0).count();
    let wanted = negative.min(room).max(demanded);
    if wanted > 0 && wanted < free.len() {
        free.select_nth_unstable_by(wanted, |&a, &b| {
            worth[a as usize].total_cmp(&worth[b as usize]).then(a.cmp(&b))
        });
    }
    let by_number: f64 = free[..wanted].iter().map(|&f| worth[f as usize]).sum();
    // By capacity: all that is worth having, then the cheapest capacity until the demand fits.
    let mut missing = needed;
    let mut by_capacity = 0.0;
    for &f in free.iter() {
        if worth[f as usize] < 0.0 {
            by_capacity += worth[f as usize];
            missing -= capacity[f as usize];
        }
    }
    let mut unit = 0.0;
    let mut rest: Vec<u32> = Vec::new();
    let mut last_part = 1.0;
    if missing > 0.0 {
        rest.extend(free.iter().filter(|&&f| worth[f as usize] >= 0.0 && capacity[f as usize] > 0.0));
        let rate = |f: u32| worth[f as usize] / capacity[f as usize];
        rest.sort_unstable_by(|&a, &b| rate(a).total_cmp(&rate(b)).then(a.cmp(&b)));
        let mut taken = 0;
        for &f in &rest {
            last_part = (missing / capacity[f as usize]).min(1.0);
            by_capacity += last_part * worth[f as usize];
            missing -= capacity[f as usize];
            unit = rate(f);
            taken += 1;
            if missing <= 0.0 {
                break;
            }
        }
        rest.truncate(taken);
    }
    size += by_capacity.abs() + by_number.abs();
    if by_number > by_capacity {
        for &f in &free[..wanted] {
            out.open[f as usize] = 1.0;
        }
        let last = free[..wanted].iter().map(|&f| worth[f as usize]).fold(f64::NEG_INFINITY, f64::max);
        let next = free[wanted..].iter().map(|&f| worth[f as usize]).fold(f64::INFINITY, f64::min);
        out.tip = Tip::Count {
            next: if wanted > demanded { next.min(0.0) } else { next },
            last: if wanted < room { last.max(0.0) } else { last },
        };
        value += by_number;
    } else {
        for &f in free.iter().filter(|&&f| worth[f as usize] < 0.0) {
            out.open[f as usize] = 1.0;
        }
        for &f in &rest {
            out.open[f as usize] = 1.0;
        }
        if let Some(&f) = rest.last() {
            out.open[f as usize] = last_part;
        }
        out.tip = Tip::Capacity(unit);
        value += by_capacity;
    }
    out.value = value - 1e-12 * size;
    out.judged = out.value;
}

/// Puts the offers first that a fractional knapsack takes whole; returns their number, the part of the
/// next, and the gain.
pub(super) fn knapsack(offers: &mut [Offer], capacity: f64) -> (usize, f64, f64) {
    let (mut gain, mut need) = (0.0, 0.0);
    for o in offers.iter() {
        gain += o.gain;
        need += o.need;
    }
    if need <= capacity {
        return (offers.len(), 0.0, gain);
    }
    let (mut from, mut to) = (0usize, offers.len());
    let (mut left, mut sure) = (capacity, 0.0);
    // Those before `from` are in, those from `to` on are out.
    while to - from > 1 {
        let middle = from + (to - from) / 2;
        offers[from..to].select_nth_unstable_by(middle - from, |a, b| {
            b.rate().total_cmp(&a.rate()).then(a.client.cmp(&b.client))
        });
        let half = &offers[from..middle];
        let need: f64 = half.iter().map(|o| o.need).sum();
        if need <= left {
            left -= need;
            sure += half.iter().map(|o| o.gain).sum::<f64>();
            from = middle;
        } else {
            to = middle;
        }
    }
    let Some(o) = offers.get(from) else { return (from, 0.0, sure) };
    if o.need <= left {
        (from + 1, 0.0, sure + o.gain)
    } else {
        let part = left / o.need;
        (from, part, sure + part * o.gain)
    }
}

/// Puts the offers first that a knapsack of whole clients takes; returns their number and the gain. `kept`
/// and `most` are what the fractional knapsack takes and gains: clients whose being in or out would cost
/// more than what the simplest fill loses against it stay where they are, a table decides on the others.
fn pack(
    offers: &mut [Offer],
    kept: usize,
    most: f64,
    whole: &Whole,
    facility: usize,
    tables: &mut Packing,
) -> (usize, f64) {
    let units = |o: &Offer| whole.demand[o.client as usize];
    let mut left = whole.capacity[facility];
    let mut least = 0.0;
    for (k, o) in offers.iter().enumerate() {
        if k < kept || units(o) <= left {
            left = left.saturating_sub(units(o));
            least += o.gain;
        }
    }
    let rate = offers[kept].rate();
    let slack = most - least + 1e-9 * most.abs();
    // Sure ones to the front, then those in question.
    let (mut sure, mut gain) = (0usize, 0.0);
    let mut left = whole.capacity[facility];
    for k in 0..kept {
        let o = offers[k];
        if o.gain - rate * o.need > slack {
            left = left.saturating_sub(units(&o));
            gain += o.gain;
            offers.swap(sure, k);
            sure += 1;
        }
    }
    let mut end = kept;
    for k in kept..offers.len() {
        let o = offers[k];
        if rate * o.need - o.gain <= slack {
            offers.swap(end, k);
            end += 1;
        }
    }
    let width = left as usize + 1;
    let open = &mut offers[sure..end];
    tables.best.clear();
    tables.best.resize(width, 0.0);
    tables.took.clear();
    tables.took.resize(width * open.len(), false);
    tables.steps = (width * open.len()) as u64 / 4;
    for (o, took) in open.iter().zip(tables.took.chunks_mut(width)) {
        let need = units(o) as usize;
        for w in (need..width).rev() {
            let with = tables.best[w - need] + o.gain;
            if with > tables.best[w] {
                tables.best[w] = with;
                took[w] = true;
            }
        }
    }
    gain += tables.best[width - 1];
    // Those that the table took, last first, end up behind the sure ones.
    let mut at = width - 1;
    let mut taken: Vec<bool> = vec![false; open.len()];
    for k in (0..open.len()).rev() {
        if tables.took[k * width + at] {
            taken[k] = true;
            at -= units(&open[k]) as usize;
        }
    }
    let mut count = 0;
    for (k, took) in taken.into_iter().enumerate() {
        if took {
            open.swap(count, k);
            count += 1;
        }
    }
    (sure + count, gain)
}

/// Locks what can't be otherwise in any answer as cheap as `cost`.
fn settle(table: &Table<'_>, locks: &mut [Lock], relaxed: &Relaxed, cost: f64) {
    let slack = cost + 1e-9 * cost.abs() - relaxed.judged;
    if !(0.0..f64::INFINITY).contains(&slack) {
        return;
    }
    for (f, lock) in locks.iter_mut().enumerate() {
        if *lock != Lock::Free {
            continue;
        }
        let worth = relaxed.worth[f];
        let (to_shut, to_open) = match relaxed.tip {
            Tip::Capacity(unit) => {
                let net = worth - unit * table.capacity[f];
                (-net, net)
            }
            Tip::Count { next, last } => (next - worth, worth - last),
        };
        if relaxed.open[f] >= 1.0 && to_shut > slack {
            *lock = Lock::Open;
        } else if relaxed.open[f] <= 0.0 && to_open > slack {
            *lock = Lock::Shut;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]
        #[test]
        fn a_table_packs_best(offers in prop::collection::vec((1u32..40, 1u32..15), 1..12), capacity in 0u32..60) {
            let need: Vec<f64> = offers.iter().map(|o| f64::from(2 * o.1)).collect();
            let whole = Whole::of(&need, &[f64::from(2 * capacity + 1)]).unwrap();
            let mut list: Vec<Offer> = (0u32..)
                .zip(&offers)
                .map(|(client, o)| Offer { gain: f64::from(o.0), need: f64::from(2 * o.1), client })
                .collect();
            let best = (0u32..1 << offers.len())
                .map(|set| offers.iter().enumerate().filter(move |(k, _)| set >> k & 1 == 1).map(|o| o.1))
                .filter(|set| set.clone().map(|o| o.1).sum::<u32>() <= capacity)
                .map(|set| set.map(|o| o.0).sum::<u32>())
                .max();
            let (kept, part, gain) = knapsack(&mut list, f64::from(2 * capacity + 1));
            let (kept, gain) = if part > 0.0 {
                pack(&mut list, kept, gain, &whole, 0, &mut Packing::default())
            } else {
                (kept, gain)
            };
            prop_assert_eq!(Some(gain.round() as u32), best);
            prop_assert!((list[..kept].iter().map(|o| o.gain).sum::<f64>() - gain).abs() < 1e-9);
            prop_assert!(list[..kept].iter().map(|o| o.need).sum::<f64>() <= f64::from(2 * capacity + 1));
        }
    }
}
