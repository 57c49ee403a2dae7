//! A Lagrangian bound for location, by subgradient steps.
//!
//! The demand that each client is served once is priced with a multiplier `u_i`; what is left falls apart
//! by facility: facility j is worth `ρ_j = f_j + Σ_i min(0, c_ij − u_i)`, and the best set under the
//! limits is found by selection (Cornuéjols, Fisher & Nemhauser 1977; Beasley 1993). Facilities whose ρ
//! shows that they can't be open, or can't be shut, in any better answer are settled on the way.

use super::{Lock, Service};
use crate::optimise::Meter;

/// Multipliers and the bound they prove.
#[derive(Clone, Debug)]
pub(in crate::optimise) struct Multipliers {
    pub(in crate::optimise) bound: f64,
    pub(in crate::optimise) u: Vec<f64>,
    /// How often each facility was open in the relaxed answers, lately: near 0 or 1 where all agree.
    pub(in crate::optimise) share: Vec<f64>,
}

impl Multipliers {
    pub(in crate::optimise) fn new(u: Vec<f64>, facilities: usize) -> Self {
        Self { bound: f64::NEG_INFINITY, u, share: vec![0.5; facilities] }
    }
}

/// How to step.
#[derive(Clone, Copy, Debug)]
pub(in crate::optimise) struct Steps {
    pub(in crate::optimise) rounds: u64,
    /// Length at the start, as a share of Polyak's step to the goal.
    pub(in crate::optimise) first: f64,
    /// Length at which to give up.
    pub(in crate::optimise) last: f64,
    /// Rounds without progress before the length shrinks.
    pub(in crate::optimise) patience: u32,
    /// What is left of the length then, as a share.
    pub(in crate::optimise) shrink: f64,
    /// Rounds between two visits.
    pub(in crate::optimise) visit_every: u64,
}

/// One evaluation of the relaxed problem; the buffers serve all rounds.
#[derive(Default)]
pub(super) struct Relaxed {
    pub(super) value: f64,
    pub(super) worth: Vec<f64>,
    /// Share of each facility that is open in the relaxed answer: 0 or 1, but for one under a budget.
    open: Vec<f64>,
    /// Number of pairs of each client's row that cost less than its multiplier.
    below: Vec<u32>,
    free: Vec<u32>,
    /// The value against which single facilities are judged, and what tipping the balance costs.
    judged: f64,
    tip: Tip,
    touched: u64,
}

/// What it costs to open or shut one facility against the relaxed answer.
#[derive(Clone, Copy, Default)]
enum Tip {
    #[default]
    Unknown,
    /// Worth of the next that would come in, and of the last that is in.
    Count { next: f64, last: f64 },
    /// The price of a unit of budget.
    Budget(f64),
}

/// Steps towards the best bound; `visit` sees relaxed sets of open facilities with the multipliers, and returns the cost of the
/// best answer known by then. Only answers cheaper than that by `grain` count as better.
///
/// A bound of infinity says that no better answer exists under the locks.
pub(in crate::optimise) fn ascend(
    service: &mut Service,
    start: Multipliers,
    steps: Steps,
    meter: &mut Meter<'_>,
    mut visit: impl FnMut(&Service, &[f64], &[f64], &mut Meter<'_>) -> f64,
    enough: impl Fn(f64, f64) -> bool,
    grain: f64,
) -> Multipliers {
    let mut best = start;
    let mut u = best.u.clone();
    let mut share = best.share.clone();
    let mut step = steps.first;
    let mut since = 0u32;
    let mut best_cost = f64::INFINITY;
    let mut previous = vec![0.0; service.clients()];
    let mut served = vec![0.0; service.clients()];
    let mut relaxed = Relaxed::default();
    for round in 0..steps.rounds {
        relax(service, &u, &mut relaxed);
        let work = 4 * relaxed.touched + 2 * (service.clients() + service.facilities()) as u64;
        if !meter.spend(work) {
            break;
        }
        if relaxed.value == f64::INFINITY {
            best.bound = f64::INFINITY;
            break;
        }
        if relaxed.value > best.bound {
            // Progress too small to matter doesn't buy patience.
            if relaxed.value > best.bound + 1e-5 * (best_cost - best.bound).abs().min(best.bound.abs()) {
                since = 0;
            } else {
                since += 1;
            }
            best.bound = relaxed.value;
            best.u.clone_from(&u);
        } else {
            since += 1;
        }
        for (s, &o) in share.iter_mut().zip(&relaxed.open) {
            *s += 0.1 * (o - *s);
        }
        if round % steps.visit_every == 0 {
            best_cost = visit(service, &relaxed.open, &u, meter);
        }
        if enough(best_cost, best.bound) {
            break;
        }
        settle(service, &relaxed, best_cost - grain);
        if since >= steps.patience {
            since = 0;
            step *= steps.shrink;
            u.clone_from(&best.u);
            previous.fill(0.0);
            if step < steps.last {
                break;
            }
            continue;
        }
        // The direction keeps some of the last one, which damps the zigzag (Crowder 1976).
        served.fill(0.0);
        // Few facilities are open, so that their clients are sooner asked than all clients' facilities.
        for (f, &open) in relaxed.open.iter().enumerate().filter(|o| *o.1 > 0.0) {
            for &(client, position, _) in service.reach(f) {
                if position < relaxed.below[client as usize] {
                    served[client as usize] += open;
                }
            }
        }
        let mut norm = 0.0;
        for client in 0..service.clients() {
            let served = served[client];
            // At the ceiling a client may stay unserved at no loss.
            let slope = if u[client] >= service.ceiling[client] { -served } else { 1.0 - served };
            previous[client] = 0.7 * slope + 0.3 * previous[client];
            // Nor does a multiplier go below nothing, so that wish must not shorten the step of the others.
            if u[client] <= 0.0 && previous[client] < 0.0 {
                previous[client] = 0.0;
            }
            norm += previous[client] * previous[client];
        }
        if norm < 1e-12 {
            break;
        }
        let goal = if best_cost.is_finite() { best_cost } else { relaxed.value.abs() * 1.1 + 1.0 };
        let length = step * (goal - relaxed.value).max(1e-6 * goal.abs()) / norm;
        for ((v, d), most) in u.iter_mut().zip(&previous).zip(&service.ceiling) {
            *v = (*v + length * d).clamp(0.0, *most);
        }
    }
    best.share = share;
    best
}

fn relax(service: &Service, u: &[f64], out: &mut Relaxed) {
    let Relaxed { worth, below, touched, .. } = out;
    worth.clone_from(&service.opening);
    below.clear();
    *touched = 0;
    let rows = &service.by_client;
    for (client, &price) in u.iter().enumerate() {
        let (from, to) = (rows.first[client], rows.first[client + 1]);
        if service.plain {
            let n = if price > 0.0 { to - from } else { 0 };
            for &f in &rows.index[from..from + n] {
                worth[f as usize] -= price;
            }
            *touched += n as u64;
            below.push(n as u32);
            continue;
        }
        let mut n = 0u32;
        for (&f, &c) in rows.index[from..to].iter().zip(&rows.value[from..to]) {
            if c >= price {
                break;
            }
            worth[f as usize] -= price - c;
            n += 1;
        }
        *touched += u64::from(n);
        below.push(n);
    }
    choose(service, u.iter().sum(), out);
}

/// The best set under the limits for the `worth` of each facility, where clients pay so much in all.
pub(super) fn choose(service: &Service, paid: f64, out: &mut Relaxed) {
    let Relaxed { value, worth, open, free, judged, tip, .. } = out;
    *value = service.base + paid;
    open.clear();
    open.resize(worth.len(), 0.0);
    free.clear();
    let (mut count, mut spent) = (0usize, 0.0);
    let mut size = paid.abs() + service.base.abs();
    for f in 0..worth.len() {
        match service.lock[f] {
            Lock::Open => {
                open[f] = 1.0;
                *value += worth[f];
                size += worth[f].abs();
                count += 1;
                spent += service.price[f];
            }
            Lock::Free => free.push(f as u32),
            Lock::Shut => {}
        }
    }
    let limit = service.limit;
    if count > limit.at_most || count + free.len() < limit.at_least || spent > limit.budget * (1.0 + 1e-9) {
        *value = f64::INFINITY;
        return;
    }
    if limit.budget.is_finite() {
        // Fractional knapsack over what is worth opening; the count is left aside, which only weakens
        // the bound, unless it alone gives a better one.
        free.retain(|&f| worth[f as usize] < 0.0);
        let by_count = count_only(free, worth, limit.at_most.saturating_sub(count));
        free.sort_unstable_by(|&a, &b| {
            let rate = |f: u32| worth[f as usize] / service.price[f as usize].max(1e-12);
            rate(a).total_cmp(&rate(b)).then(a.cmp(&b))
        });
        let mut left = (limit.budget * (1.0 + 1e-12) - spent).max(0.0);
        let mut gained = 0.0;
        let mut unit = 0.0;
        for &f in free.iter() {
            let f = f as usize;
            let part = if service.price[f] <= left { 1.0 } else { left / service.price[f] };
            open[f] = part;
            gained += part * worth[f];
            left -= part * service.price[f];
            if part < 1.0 {
                unit = -worth[f] / service.price[f];
                break;
            }
        }
        size += gained.abs();
        *judged = *value + gained - 1e-12 * size;
        *tip = Tip::Budget(unit);
        *value += gained.max(by_count);
    } else {
        let by_worth = |a: &u32, b: &u32| worth[*a as usize].total_cmp(&worth[*b as usize]).then(a.cmp(b));
        let room = limit.at_most.saturating_sub(count).min(free.len());
        let demanded = limit.at_least.saturating_sub(count).min(free.len());
        let negative = free.iter().filter(|&&f| worth[f as usize] < 0.0).count();
        let wanted = negative.min(room).max(demanded);
        if wanted > 0 && wanted < free.len() {
            free.select_nth_unstable_by(wanted, by_worth);
        }
        let (taken, rest) = free.split_at(wanted);
        let (mut last, mut sum) = (f64::NEG_INFINITY, 0.0);
        for &f in taken {
            open[f as usize] = 1.0;
            sum += worth[f as usize];
            size += worth[f as usize].abs();
            last = last.max(worth[f as usize]);
        }
        let next = rest.iter().map(|&f| worth[f as usize]).fold(f64::INFINITY, f64::min);
        *value += sum;
        *judged = *value - 1e-12 * size;
        // One more may simply come in where there is room, else it displaces the last; one less may
        // simply go where that is allowed, else the next takes its place.
        *tip = Tip::Count {
            next: if wanted > demanded { next.min(0.0) } else { next },
            last: if wanted < room { last.max(0.0) } else { last },
        };
    }
    // Sums of thousands of floats are off by some of their last digits.
    *value -= 1e-12 * size;
}

fn count_only(free: &[u32], worth: &[f64], room: usize) -> f64 {
    let mut values: Vec<f64> = free.iter().map(|&f| worth[f as usize]).collect();
    values.sort_unstable_by(f64::total_cmp);
    values.iter().take(room).sum()
}

/// Locks what can't be otherwise in any answer as cheap as `cost`.
pub(super) fn settle(service: &mut Service, relaxed: &Relaxed, cost: f64) {
    let slack = cost + 1e-9 * cost.abs() - relaxed.judged;
    if !(0.0..f64::INFINITY).contains(&slack) {
        return;
    }
    for f in 0..service.facilities() {
        if service.lock[f] != Lock::Free {
            continue;
        }
        let worth = relaxed.worth[f];
        let (to_shut, to_open) = match relaxed.tip {
            Tip::Unknown => return,
            // Shut, its worth is lost, and the next one may come in.
            Tip::Count { next, last } => (next - worth, worth - last),
            Tip::Budget(unit) => {
                let net = worth + unit * service.price[f];
                (-net, net)
            }
        };
        if relaxed.open[f] >= 1.0 {
            if to_shut > slack {
                service.lock[f] = Lock::Open;
            }
        } else if relaxed.open[f] <= 0.0 && to_open > slack {
            service.lock[f] = Lock::Shut;
        }
    }
}
