//! A Lagrangian bound for location, by subgradient steps.
//!
//! The demand that each client is served once is priced with a multiplier `u_i`; what is left falls apart
//! by facility: facility j is worth `ρ_j = f_j + Σ_i min(0, c_ij − u_i)`, and the best set under the
//! limits is found by sorting (Cornuéjols, Fisher & Nemhauser 1977; Beasley 1993). Facilities whose ρ
//! shows that they can't be open, or can't be shut, in any better answer are settled on the way.

use super::{Lock, Service};
use crate::optimise::Meter;

/// Multipliers and the bound they prove.
#[derive(Clone, Debug)]
pub(in crate::optimise) struct Multipliers {
    pub(in crate::optimise) bound: f64,
    pub(in crate::optimise) u: Vec<f64>,
}

/// One evaluation of the relaxed problem.
struct Relaxed {
    value: f64,
    worth: Vec<f64>,
    /// Share of each facility that is open in the relaxed answer: 0 or 1, but for one under a budget.
    open: Vec<f64>,
    /// Worth of the next facility that would come in, and of the last that is in, when the count binds.
    margin: Option<(f64, f64)>,
}

/// Steps towards the best bound; `visit` sees every relaxed set of open facilities and returns the cost
/// of the best answer known by then. Only answers cheaper than that by `grain` count as better.
pub(in crate::optimise) fn ascend(
    service: &mut Service,
    start: Multipliers,
    rounds: u64,
    meter: &mut Meter<'_>,
    mut visit: impl FnMut(&Service, &[bool], f64, &mut Meter<'_>) -> f64,
    enough: impl Fn(f64, f64) -> bool,
    grain: f64,
) -> Multipliers {
    let mut best = start;
    let mut u = best.u.clone();
    let mut step = 1.5;
    let mut since = 0u32;
    let mut best_cost = f64::INFINITY;
    let mut previous = vec![0.0; service.clients()];
    for round in 0..rounds {
        let relaxed = relax(service, &u);
        let work = service.by_client.pairs() / 4 + service.clients() + service.facilities();
        if !meter.spend(work as u64) {
            break;
        }
        let set: Vec<bool> = relaxed.open.iter().map(|&y| y > 0.5).collect();
        if relaxed.value > best.bound + 1e-9 * relaxed.value.abs() {
            since = 0;
            best = Multipliers { bound: relaxed.value, u: u.clone() };
        } else {
            since += 1;
        }
        if round % 10 == 0 {
            best_cost = visit(service, &set, best.bound, meter);
        }
        if enough(best_cost, best.bound) {
            break;
        }
        settle(service, &relaxed, best_cost - grain);
        if since >= 12 {
            since = 0;
            step *= 0.6;
            u.clone_from(&best.u);
            previous.fill(0.0);
            if step < 1e-4 {
                break;
            }
            continue;
        }
        // The direction keeps some of the last one, which damps the zigzag (Crowder 1976).
        let mut norm = 0.0;
        for client in 0..service.clients() {
            let served: f64 = service
                .by_client
                .row(client)
                .take_while(|&(_, c)| c < u[client])
                .map(|(f, _)| relaxed.open[f as usize])
                .sum();
            // At the fallback a client may stay unserved at no loss.
            let slope = if u[client] >= service.fallback[client] { -served } else { 1.0 - served };
            previous[client] = 0.7 * slope + 0.3 * previous[client];
            norm += previous[client] * previous[client];
        }
        if norm < 1e-12 {
            break;
        }
        let goal = if best_cost.is_finite() { best_cost } else { relaxed.value.abs() * 1.1 + 1.0 };
        let length = step * (goal - relaxed.value).max(1e-6 * goal.abs()) / norm;
        for client in 0..service.clients() {
            u[client] = (u[client] + length * previous[client]).clamp(0.0, service.fallback[client]);
        }
    }
    best
}

fn relax(service: &Service, u: &[f64]) -> Relaxed {
    let mut worth = service.opening.clone();
    for (client, &price) in u.iter().enumerate() {
        for (f, c) in service.by_client.row(client) {
            if c >= price {
                break;
            }
            worth[f as usize] -= price - c;
        }
    }
    let mut value: f64 = u.iter().sum();
    let mut open = vec![0.0; worth.len()];
    let (mut count, mut spent) = (0usize, 0.0);
    let mut free: Vec<u32> = Vec::new();
    for f in 0..worth.len() {
        match service.lock[f] {
            Lock::Open => {
                open[f] = 1.0;
                value += worth[f];
                count += 1;
                spent += service.price[f];
            }
            Lock::Free => free.push(f as u32),
            Lock::Shut => {}
        }
    }
    let limit = service.limit;
    let mut margin = None;
    if limit.budget.is_finite() {
        // Fractional knapsack over what is worth opening; the count is left aside, which only weakens
        // the bound, unless it alone gives a better one.
        free.retain(|&f| worth[f as usize] < 0.0);
        let by_count = count_only(&free, &worth, limit.at_most.saturating_sub(count));
        free.sort_unstable_by(|&a, &b| {
            let rate = |f: u32| worth[f as usize] / service.price[f as usize].max(1e-12);
            rate(a).total_cmp(&rate(b)).then(a.cmp(&b))
        });
        let mut left = (limit.budget - spent).max(0.0);
        let mut gained = 0.0;
        for &f in &free {
            let f = f as usize;
            let share = if service.price[f] <= left { 1.0 } else { left / service.price[f] };
            open[f] = share;
            gained += share * worth[f];
            left -= share * service.price[f];
            if left <= 0.0 {
                break;
            }
        }
        value += gained.max(by_count);
    } else {
        free.sort_unstable_by(|&a, &b| worth[a as usize].total_cmp(&worth[b as usize]).then(a.cmp(&b)));
        let room = limit.at_most.saturating_sub(count).min(free.len());
        let demanded = limit.at_least.saturating_sub(count).min(free.len());
        let wanted = free.partition_point(|&f| worth[f as usize] < 0.0).min(room).max(demanded);
        for &f in &free[..wanted] {
            open[f as usize] = 1.0;
            value += worth[f as usize];
        }
        let next = free.get(wanted).map_or(f64::INFINITY, |&f| worth[f as usize]);
        let last = wanted.checked_sub(1).map_or(f64::NEG_INFINITY, |i| worth[free[i] as usize]);
        // One more may simply come in where there is room, else it displaces the last; one less may
        // simply go where that is allowed, else the next takes its place.
        margin = Some((
            if wanted > demanded { next.min(0.0) } else { next },
            if wanted < room { last.max(0.0) } else { last },
        ));
    }
    Relaxed { value, worth, open, margin }
}

fn count_only(free: &[u32], worth: &[f64], room: usize) -> f64 {
    let mut values: Vec<f64> = free.iter().map(|&f| worth[f as usize]).collect();
    values.sort_unstable_by(f64::total_cmp);
    values.iter().take(room).sum()
}

/// Locks what can't be otherwise in any answer as cheap as `cost`.
fn settle(service: &mut Service, relaxed: &Relaxed, cost: f64) {
    let Some((next, last)) = relaxed.margin else { return };
    let slack = cost + 1e-9 * cost.abs() - relaxed.value;
    if !(0.0..f64::INFINITY).contains(&slack) {
        return;
    }
    for f in 0..service.facilities() {
        if service.lock[f] != Lock::Free {
            continue;
        }
        if relaxed.open[f] > 0.5 {
            // Shut, its worth is lost, and the next one may come in.
            if next - relaxed.worth[f] > slack {
                service.lock[f] = Lock::Open;
            }
        } else if relaxed.worth[f] - last > slack {
            service.lock[f] = Lock::Shut;
        }
    }
}
