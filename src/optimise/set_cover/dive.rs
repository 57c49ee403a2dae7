//! Covers by fixing sets step by step, with multipliers improved in between (Caprara, Fischetti & Toth, A
//! heuristic method for the set covering problem, Operations Research 47, 1999).

use super::greedy::greedy;
use crate::optimise::location::core::Core;
use crate::optimise::location::lagrange::{Multipliers, Steps, ascend};
use crate::optimise::location::{Lock, Service};
use crate::optimise::{Draw, Meter};

/// Sets per item that stay in play, those of least reduced cost.
const PER_ITEM: usize = 8;
/// Times the number of items, how many sets of least reduced cost stay in play besides.
const PER_ITEM_ALL: usize = 5;

/// Covers that are tried around the multipliers at each level.
const AROUND: u64 = 100;

/// Locks that leave only promising sets: those of least reduced cost, for each item and of all, and those
/// in `also`.
pub(in crate::optimise) fn promising(service: &Service, u: &[f64], also: &[bool]) -> Vec<Lock> {
    let worth: Vec<f64> = (0..service.facilities())
        .map(|s| service.opening[s] - service.reach(s).iter().map(|r| u[r.0 as usize]).sum::<f64>())
        .collect();
    let mut keep: Vec<bool> = (0..service.facilities())
        .map(|s| also.get(s).copied().unwrap_or(false) || worth[s] < 0.0 || service.lock[s] == Lock::Open)
        .collect();
    let mut order: Vec<u32> =
        (0..worth.len() as u32).filter(|&s| service.lock[s as usize] == Lock::Free).collect();
    let most = PER_ITEM_ALL * service.clients();
    if order.len() > most && most > 0 {
        order.select_nth_unstable_by(most, |&a, &b| {
            worth[a as usize].total_cmp(&worth[b as usize]).then(a.cmp(&b))
        });
        order.truncate(most);
    }
    for s in order {
        keep[s as usize] = true;
    }
    let mut row: Vec<u32> = Vec::new();
    for i in 0..service.clients() {
        row.clear();
        row.extend_from_slice(service.by_client.row_indices(i));
        let by_worth = |a: &u32, b: &u32| worth[*a as usize].total_cmp(&worth[*b as usize]).then(a.cmp(b));
        if row.len() > PER_ITEM {
            row.select_nth_unstable_by(PER_ITEM, by_worth);
        }
        for &s in row.iter().take(PER_ITEM) {
            keep[s as usize] = true;
        }
    }
    keep.iter().zip(&service.lock).map(|(&k, &l)| if k { l } else { Lock::Shut }).collect()
}

/// Fixes sets until everything is covered; offers every cover on the way, by its cost and the way to it
/// (`offer` returns the least cost known), and stops when no better one can follow.
pub(in crate::optimise) fn dive(
    service: &Service,
    mut locks: Vec<Lock>,
    mut u: Vec<f64>,
    draw: &mut Draw,
    meter: &mut Meter<'_>,
    offer: &mut dyn FnMut(f64, &dyn Fn() -> Vec<bool>) -> f64,
) {
    let all = service.facilities();
    for level in 0u32.. {
        let core = Core::of(service, &locks);
        if core.service.clients() == 0 {
            let open: Vec<bool> = locks.iter().map(|l| *l == Lock::Open).collect();
            let price = (0..all).filter(|&s| open[s]).map(|s| service.opening[s]).sum::<f64>();
            offer(service.base + price, &|| open.clone());
            return;
        }
        if !meter.open() || core.service.base.is_infinite() {
            return;
        }
        let start: Vec<f64> = core.client.iter().map(|&c| u[c as usize]).collect();
        let start = Multipliers::new(start, core.service.facilities());
        let steps = Steps {
            rounds: if level == 0 { 600 } else { 150 },
            first: if level == 0 { 0.5 } else { 0.3 },
            last: 5e-3,
            patience: if level == 0 { 20 } else { 12 },
            shrink: 0.6,
            visit_every: 10,
        };
        let mut small = core.service.clone();
        let priced = |set: &[bool]| {
            let sets = (0..set.len()).filter(|&s| set[s]);
            core.service.base + sets.map(|s| core.service.opening[s]).sum::<f64>()
        };
        let mut cost = f64::INFINITY;
        let near = ascend(
            &mut small,
            start,
            steps,
            meter,
            |service, _, u, meter| {
                let set = greedy(service, u, meter);
                cost = offer(priced(&set), &|| core.widen(&set, all));
                cost
            },
            |cost, bound| bound >= cost,
            0.0,
        );
        if near.bound >= cost {
            return;
        }
        // Covers near the best multipliers, one at every step that leads around them.
        let mut best: Option<(f64, Vec<bool>)> = None;
        let mut around = core.service.clone();
        let aside = near.u.iter().map(|v| v * (0.95 + 0.1 * draw.unit())).collect();
        let steps =
            Steps { rounds: AROUND, first: 0.1, last: 0.0, patience: u32::MAX, shrink: 1.0, visit_every: 1 };
        let start = Multipliers::new(aside, around.facilities());
        ascend(
            &mut around,
            start,
            steps,
            meter,
            |service, _, u, meter| {
                let set = greedy(service, u, meter);
                let price = priced(&set);
                cost = offer(price, &|| core.widen(&set, all));
                if best.as_ref().is_none_or(|b| price < b.0) {
                    best = Some((price, set));
                }
                cost
            },
            |cost, bound| bound >= cost,
            0.0,
        );
        if near.bound >= cost {
            return;
        }
        for (&c, &v) in core.client.iter().zip(&near.u) {
            u[c as usize] = v;
        }
        // Sets that the multipliers want, where no two of them want the same item, and the next few by rate.
        let wants = |s: usize| {
            let paid: f64 = core.service.reach(s).iter().map(|r| near.u[r.0 as usize]).sum();
            core.service.opening[s] - paid
        };
        let wanted: Vec<bool> = (0..core.service.facilities()).map(|s| wants(s) < -1e-3).collect();
        let mut times = vec![0u32; core.service.clients()];
        for (s, _) in wanted.iter().enumerate().filter(|w| *w.1) {
            for r in core.service.reach(s) {
                times[r.0 as usize] += 1;
            }
        }
        let mut fixed = 0usize;
        for s in (0..wanted.len()).filter(|&s| wanted[s]) {
            if core.service.reach(s).iter().all(|r| times[r.0 as usize] == 1) {
                locks[core.facility[s] as usize] = Lock::Open;
                fixed += 1;
            }
        }
        let more = (core.service.clients() / 200).max(1);
        let mut picks: Vec<(f64, u32)> = best
            .iter()
            .flat_map(|b| b.1.iter().enumerate().filter(|s| *s.1).map(|(s, _)| s))
            .filter(|&s| locks[core.facility[s] as usize] == Lock::Free)
            .map(|s| (wants(s) / core.service.reach(s).len().max(1) as f64, core.facility[s]))
            .collect();
        picks.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        for &(_, s) in picks.iter().take(more) {
            locks[s as usize] = Lock::Open;
            fixed += 1;
        }
        if fixed == 0 {
            return;
        }
    }
}

/// Locks open the part of a cover that looks right: sets of small reduced cost whose items are not covered
/// by others too, until a share of the items is covered.
pub(in crate::optimise) fn keep_part(
    service: &Service,
    u: &[f64],
    cover: &[bool],
    share: f64,
    locks: &mut [Lock],
    draw: &mut Draw,
) {
    let mut times = vec![0u32; service.clients()];
    for s in (0..cover.len()).filter(|&s| cover[s]) {
        for r in service.reach(s) {
            times[r.0 as usize] += 1;
        }
    }
    let mut order: Vec<(f64, usize)> = (0..cover.len())
        .filter(|&s| cover[s] && locks[s] == Lock::Free)
        .map(|s| {
            let (mut worth, mut twice) = (service.opening[s], 0.0);
            for r in service.reach(s) {
                let (v, k) = (u[r.0 as usize], f64::from(times[r.0 as usize]));
                worth -= v;
                twice += v * (k - 1.0) / k;
            }
            ((worth.max(0.0) + twice) * (0.75 + 0.5 * draw.unit()), s)
        })
        .collect();
    order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut covered = vec![false; service.clients()];
    let mut left = (share * service.clients() as f64) as usize;
    for (_, s) in order {
        if left == 0 {
            return;
        }
        locks[s] = Lock::Open;
        for r in service.reach(s) {
            if !std::mem::replace(&mut covered[r.0 as usize], true) {
                left = left.saturating_sub(1);
            }
        }
    }
}
