//! A location problem in parts: facilities fall into groups that are decided together.
//!
//! Only the clients that facilities of several groups reach are priced with a multiplier, and what is open
//! in all with a price of its own; each part is then a problem by itself, whose answers are whole. So the
//! bound is no worse than the Lagrangian one of the same multipliers, which is the case of parts of one
//! facility each (cf. Senne, Lorena & Pereira, A branch-and-price approach to p-median location problems,
//! Computers & OR 32, 2005, on clusters in Lagrangian relaxation).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::{Limit, Lock, Service, SparseRows};

const NONE: u32 = u32::MAX;
/// Groups of a client's row, nearest first, that are looked at when groups are joined.
const MOST_GROUPS: usize = 12;

/// One part as a problem of its own.
pub(super) struct Part {
    pub(super) service: Service,
    /// Facility in the part → in the whole.
    pub(super) facility: Vec<u32>,
    /// Client in the part → in the whole.
    pub(super) client: Vec<u32>,
}

/// The group of each facility, and how many groups there are: around the facilities of `open`, at most
/// `most` of which are in one group, so that groups share as little as can be of what clients gain under
/// the multipliers `u`.
pub(super) fn divide(service: &Service, open: &[bool], u: &[f64], most: usize) -> (Vec<u32>, usize) {
    let mut group = vec![NONE; service.facilities()];
    let mut size: Vec<usize> = Vec::new();
    for f in (0..open.len()).filter(|&f| open[f]) {
        group[f] = size.len() as u32;
        size.push(1);
    }
    let server: Vec<u32> = (0..service.clients())
        .map(|i| service.by_client.row(i).find(|p| open[p.0 as usize]).map_or(NONE, |p| group[p.0 as usize]))
        .collect();
    // The others go to the open one whose clients they would gain most by.
    let mut tally = vec![0.0; size.len()];
    let mut touched: Vec<u32> = Vec::new();
    for f in (0..open.len()).filter(|&f| !open[f]) {
        for &(i, _, c) in service.reach(f) {
            let s = server[i as usize];
            if s != NONE && c < u[i as usize] {
                if tally[s as usize] == 0.0 {
                    touched.push(s);
                }
                tally[s as usize] += u[i as usize] - c;
            }
        }
        let best = touched
            .iter()
            .copied()
            .max_by(|&a, &b| tally[a as usize].total_cmp(&tally[b as usize]).then(b.cmp(&a)));
        group[f] = best.unwrap_or(size.len() as u32);
        if best.is_none() {
            size.push(0);
        }
        touched.drain(..).for_each(|s| tally[s as usize] = 0.0);
    }
    let pairs = shared(service, &group, u);
    join(&mut group, size, &pairs, most)
}

/// What each pair of groups shares.
fn shared(service: &Service, group: &[u32], u: &[f64]) -> Vec<(u32, u32, f64)> {
    let mut weight: FxHashMap<(u32, u32), f64> = FxHashMap::default();
    let mut seen: SmallVec<[(u32, f64); MOST_GROUPS]> = SmallVec::new();
    for (i, &most) in u.iter().enumerate() {
        seen.clear();
        for (f, c) in service.by_client.row(i) {
            if c >= most || seen.len() == MOST_GROUPS {
                break;
            }
            let g = group[f as usize];
            if !seen.iter().any(|s| s.0 == g) {
                for &(other, _) in &seen {
                    *weight.entry((g.min(other), g.max(other))).or_default() += most - c;
                }
                seen.push((g, c));
            }
        }
    }
    let mut out: Vec<(u32, u32, f64)> = weight.into_iter().map(|((a, b), w)| (a, b, w)).collect();
    out.sort_unstable_by_key(|p| (p.0, p.1));
    out
}

/// Joins the groups that share most first, and numbers what comes out.
fn join(
    group: &mut [u32],
    mut size: Vec<usize>,
    pairs: &[(u32, u32, f64)],
    most: usize,
) -> (Vec<u32>, usize) {
    let mut links: Vec<BTreeMap<u32, f64>> = vec![BTreeMap::new(); size.len()];
    let mut heap = BinaryHeap::new();
    for &(a, b, w) in pairs {
        links[a as usize].insert(b, w);
        links[b as usize].insert(a, w);
        // Of numbers that aren't negative the bits rise as they do.
        heap.push((w.to_bits(), Reverse((a, b))));
    }
    let mut into: Vec<u32> = (0..size.len() as u32).collect();
    while let Some((bits, Reverse((a, b)))) = heap.pop() {
        let w = f64::from_bits(bits);
        let fresh = links[a as usize].get(&b) == Some(&w) && links[b as usize].contains_key(&a);
        if !fresh || size[a as usize] + size[b as usize] > most {
            continue;
        }
        let (a, b) = if links[a as usize].len() < links[b as usize].len() { (b, a) } else { (a, b) };
        into[b as usize] = a;
        size[a as usize] += size[b as usize];
        for (c, w) in std::mem::take(&mut links[b as usize]) {
            links[c as usize].remove(&b);
            if c != a {
                let sum = links[a as usize].get(&c).copied().unwrap_or(0.0) + w;
                links[a as usize].insert(c, sum);
                links[c as usize].insert(a, sum);
                heap.push((sum.to_bits(), Reverse((a.min(c), a.max(c)))));
            }
        }
    }
    let mut number = vec![NONE; size.len()];
    let mut count = 0u32;
    for g in group.iter_mut() {
        let mut top = *g;
        while into[top as usize] != top {
            top = into[top as usize];
        }
        into[*g as usize] = top;
        if number[top as usize] == NONE {
            number[top as usize] = count;
            count += 1;
        }
        *g = number[top as usize];
    }
    (group.to_vec(), count as usize)
}

/// The parts of a problem whose clients of several parts pay `u` at most in each of them, and whose
/// facilities cost `opening`; and what is to be added to the sum of their values.
pub(super) fn build(
    service: &Service,
    group: &[u32],
    groups: usize,
    u: &[f64],
    opening: &[f64],
) -> (Vec<Part>, f64) {
    struct Draft {
        rows: SparseRows,
        client: Vec<u32>,
        fallback: Vec<f64>,
        ceiling: Vec<f64>,
        facility: Vec<u32>,
    }
    let mut drafts: Vec<Draft> = (0..groups)
        .map(|_| Draft {
            rows: SparseRows { first: vec![0], ..SparseRows::default() },
            client: Vec::new(),
            fallback: Vec::new(),
            ceiling: Vec::new(),
            facility: Vec::new(),
        })
        .collect();
    let mut number = vec![NONE; service.facilities()];
    for f in (0..group.len()).filter(|&f| service.lock[f] != Lock::Shut) {
        let facility = &mut drafts[group[f] as usize].facility;
        number[f] = facility.len() as u32;
        facility.push(f as u32);
    }
    let mut constant = service.base;
    let mut seen: SmallVec<[u32; 16]> = SmallVec::new();
    for (i, &price) in u.iter().enumerate() {
        let row = service.by_client.row(i).filter(|p| service.lock[p.0 as usize] != Lock::Shut);
        seen.clear();
        for (f, _) in row.clone() {
            let g = group[f as usize];
            if !seen.contains(&g) {
                seen.push(g);
            }
        }
        let alone = seen.len() < 2;
        let most = if alone { service.fallback[i] } else { price };
        seen.clear();
        for (f, c) in row {
            if c >= most {
                break;
            }
            let g = group[f as usize];
            let draft = &mut drafts[g as usize];
            if !seen.contains(&g) {
                seen.push(g);
                draft.client.push(i as u32);
                draft.fallback.push(most);
                draft.ceiling.push(if alone { service.ceiling[i] } else { price });
            }
            draft.rows.index.push(number[f as usize]);
            draft.rows.value.push(c);
        }
        for &g in &seen {
            let rows = &mut drafts[g as usize].rows;
            rows.first.push(rows.index.len());
        }
        constant += most * (1.0 - seen.len() as f64);
    }
    let parts = drafts.into_iter().map(|d| {
        let pick = |f: &u32| opening[*f as usize];
        let lock = d.facility.iter().map(|&f| service.lock[f as usize]).collect();
        let (opening, price) = (d.facility.iter().map(pick).collect(), vec![0.0; d.facility.len()]);
        let service = Service::from_sorted(d.rows, d.fallback, d.ceiling, opening, price, lock, Limit::NONE);
        Part { service, facility: d.facility, client: d.client }
    });
    (parts.collect(), constant)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The least cost of all sets that the limit allows.
    fn optimum(service: &Service) -> f64 {
        let n = service.facilities();
        let sets = (0u32..1 << n).filter(|set| set.count_ones() as usize <= service.limit.at_most);
        let cost = |set: u32| {
            let open: Vec<bool> = (0..n).map(|f| set >> f & 1 == 1).collect();
            service.evaluate(&open).0
        };
        sets.map(cost).fold(f64::INFINITY, f64::min)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn parts_are_worth_no_more_than_the_whole(
            rows in prop::collection::vec(
                (prop::collection::btree_map(0u32..7, 0u32..9, 1..5), 4u32..12, 0u32..12), 1..9),
            opening in prop::collection::vec(0u32..3, 7),
            open in prop::collection::vec(any::<bool>(), 7),
            (at_most, most, price) in (1usize..5, 1usize..4, 0u32..6),
        ) {
            let costs = SparseRows::from_rows(
                rows.iter().map(|r| r.0.iter().map(|(&f, &c)| (f, f64::from(c))).collect::<Vec<_>>()));
            let fallback: Vec<f64> = rows.iter().map(|r| f64::from(r.1)).collect();
            let u: Vec<f64> = rows.iter().map(|r| f64::from(r.2.min(r.1))).collect();
            let opening: Vec<f64> = opening.into_iter().map(f64::from).collect();
            let limit = Limit { at_most, ..Limit::NONE };
            let service =
                Service::new(&costs, fallback, opening.clone(), vec![0.0; 7], vec![Lock::Free; 7], limit);
            let (group, groups) = divide(&service, &open, &u, most);
            prop_assert!(group.iter().all(|&g| (g as usize) < groups));
            let price = f64::from(price);
            let priced: Vec<f64> = opening.iter().map(|o| o + price).collect();
            let (parts, constant) = build(&service, &group, groups, &u, &priced);
            prop_assert_eq!(parts.iter().map(|p| p.facility.len()).sum::<usize>(), 7);
            let value = parts.iter().map(|p| optimum(&p.service)).sum::<f64>();
            prop_assert!(value + constant - price * at_most as f64 <= optimum(&service) + 1e-9);
            // One part with all of them, and no price, is the whole without its limit.
            let (all, rest) = build(&service, &[0; 7], 1, &u, &opening);
            let free = Service { limit: Limit::NONE, ..service };
            prop_assert!((optimum(&all[0].service) + rest - optimum(&free)).abs() < 1e-9);
        }
    }
}
