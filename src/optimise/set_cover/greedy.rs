//! Covers built one set after another.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::optimise::Meter;
use crate::optimise::location::{Lock, Service};

/// A float with a total order.
#[derive(Clone, Copy, PartialEq)]
struct Rate(f64);
impl Eq for Rate {}
impl PartialOrd for Rate {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Rate {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// A cover by sets of least price per newly covered item, from which the dearest redundant sets are taken
/// out again. The price is the cost less the multipliers `u` of the newly covered items (Caprara, Fischetti
/// & Toth 1999; without multipliers, Chvátal 1979). Both only ever rise as items get covered, so old rates
/// that are beaten need no refresh.
pub(in crate::optimise) fn greedy(service: &Service, u: &[f64], meter: &mut Meter<'_>) -> Vec<bool> {
    let sets = service.facilities();
    let mut times = vec![0u32; service.clients()];
    let mut inside = vec![false; sets];
    let mut cover: Vec<u32> = Vec::new();
    let mut missing = times.len();
    let take = |s: usize, inside: &mut Vec<bool>, times: &mut Vec<u32>| {
        inside[s] = true;
        let mut fresh = 0;
        for &(i, _, _) in service.reach(s) {
            fresh += usize::from(times[i as usize] == 0);
            times[i as usize] += 1;
        }
        fresh
    };
    for s in 0..sets {
        if service.lock[s] == Lock::Open {
            missing -= take(s, &mut inside, &mut times);
            cover.push(s as u32);
        }
    }
    let rate = |s: usize, times: &[u32]| {
        let (mut n, mut price) = (0usize, service.opening[s]);
        for &(i, _, _) in service.reach(s) {
            if times[i as usize] == 0 {
                n += 1;
                price -= u.get(i as usize).copied().unwrap_or(0.0);
            }
        }
        (n > 0).then(|| if price > 0.0 { price / n as f64 } else { price * n as f64 })
    };
    let mut queue: BinaryHeap<Reverse<(Rate, u32)>> = (0..sets)
        .filter(|&s| service.lock[s] == Lock::Free && !inside[s])
        .filter_map(|s| rate(s, &times).map(|r| Reverse((Rate(r), s as u32))))
        .collect();
    let mut steps = 2 * service.by_client.pairs() as u64 + sets as u64;
    while missing > 0 {
        let Some(Reverse((_, s))) = queue.pop() else { break };
        steps += service.reach(s as usize).len() as u64 + 4;
        let Some(r) = rate(s as usize, &times) else { continue };
        let now = Reverse((Rate(r), s));
        if queue.peek().is_some_and(|next| *next > now) {
            queue.push(now);
        } else {
            missing -= take(s as usize, &mut inside, &mut times);
            cover.push(s);
        }
    }
    meter.spend(steps);
    cover.sort_unstable_by(|&a, &b| {
        service.opening[b as usize].total_cmp(&service.opening[a as usize]).then(b.cmp(&a))
    });
    for s in cover {
        let s = s as usize;
        let redundant =
            service.lock[s] != Lock::Open && service.reach(s).iter().all(|&(i, _, _)| times[i as usize] > 1);
        if redundant {
            inside[s] = false;
            for &(i, _, _) in service.reach(s) {
                times[i as usize] -= 1;
            }
        }
    }
    inside
}
