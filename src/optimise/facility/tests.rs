use proptest::prelude::*;

use super::*;
use crate::optimise::Effort;

prop_compose! {
    fn problems()(n in 1usize..7, clients in 1usize..7)(
        rows in prop::collection::vec(prop::collection::vec((0..n as u32, 0u32..20), 1..9), clients),
        opening in prop::collection::vec(0u32..15, n),
        locks in prop::collection::vec(prop_oneof![6 => Just(Lock::Free), 1 => Just(Lock::Open), 1 => Just(Lock::Shut)], n),
        count in prop_oneof![Just(Count::Any), (1usize..5).prop_map(Count::AtMost), (1usize..5).prop_map(Count::Exactly)],
        capacities in prop::option::of((prop::collection::vec(1u32..20, n), prop::collection::vec(0u32..9, clients))),
    ) -> FacilityProblem {
        FacilityProblem {
            service: SparseRows::from_rows(rows.into_iter().map(|r| r.into_iter().map(|(f, c)| (f, f64::from(c))).collect::<Vec<_>>())),
            opening: opening.into_iter().map(f64::from).collect(),
            locks,
            count,
            beyond: None,
            capacity: capacities.map(|(of, demand)| Capacity {
                of: of.into_iter().map(f64::from).collect(),
                demand: demand.into_iter().map(f64::from).collect(),
            }),
        }
    }
}

/// Least cost over all sets of facilities and, with capacities, all assignments.
fn optimum(p: &FacilityProblem) -> Option<f64> {
    fn assign(p: &FacilityProblem, open: u32, client: usize, left: &mut Vec<f64>) -> f64 {
        if client == p.service.len() {
            return 0.0;
        }
        let mut best = f64::INFINITY;
        for (f, c) in p.service.row(client) {
            let need = p.capacity.as_ref().map_or(0.0, |k| k.demand[client]);
            if open >> f & 1 == 1 && left[f as usize] >= need {
                left[f as usize] -= need;
                best = best.min(c + assign(p, open, client + 1, left));
                left[f as usize] += need;
            }
        }
        best
    }
    let n = p.opening.len();
    (0u32..1 << n)
        .filter(|set| {
            let k = set.count_ones() as usize;
            let counted = match p.count {
                Count::Any => true,
                Count::AtMost(m) => k <= m,
                Count::Exactly(m) => k == m,
            };
            counted
                && p.locks.iter().enumerate().all(|(f, l)| match l {
                    Lock::Free => true,
                    Lock::Open => set >> f & 1 == 1,
                    Lock::Shut => set >> f & 1 == 0,
                })
        })
        .map(|set| {
            let mut left = p.capacity.as_ref().map_or(vec![f64::INFINITY; n], |k| k.of.clone());
            let opening: f64 = (0..n).filter(|f| set >> f & 1 == 1).map(|f| p.opening[f]).sum();
            opening + assign(p, set, 0, &mut left)
        })
        .filter(|c| c.is_finite())
        .min_by(f64::total_cmp)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn bound_optimum_and_cost_are_in_order(p in problems()) {
        match (solve(&p, Effort::LOW.into()), optimum(&p)) {
            (Ok(found), Some(best)) => {
                prop_assert_eq!(cost(&p, &found.value), found.objective);
                prop_assert!(found.bound <= best && best <= found.objective, "{} {} {}", found.bound, best, found.objective);
                let open = &found.value.open;
                prop_assert!(found.value.assignment.iter().all(|f| open.contains(f)));
                for (f, l) in p.locks.iter().enumerate() {
                    prop_assert!(*l == Lock::Free || open.contains(&(f as u32)) == (*l == Lock::Open));
                }
                match p.count {
                    Count::Any => {}
                    Count::AtMost(m) => prop_assert!(open.len() <= m),
                    Count::Exactly(m) => prop_assert_eq!(open.len(), m),
                }
                if let Some(k) = &p.capacity {
                    for &f in open {
                        let load: f64 = (0..k.demand.len()).filter(|&i| found.value.assignment[i] == f).map(|i| k.demand[i]).sum();
                        prop_assert!(load <= k.of[f as usize]);
                    }
                } else {
                    prop_assert_eq!(found.objective, best);
                }
                prop_assert!(found.objective <= 1.15 * best + 2.0, "poor: {} {}", found.objective, best);
            }
            (Err(FacilityError::TooFew { at_least, enough, allowed }), None) => {
                prop_assert!(allowed < enough && at_least <= enough);
                let mut q = p.clone();
                q.count = Count::AtMost(enough);
                q.capacity = None;
                prop_assert!(optimum(&q).is_some());
                q.count = Count::AtMost(at_least - 1);
                prop_assert!(optimum(&q).is_none());
            }
            (Err(FacilityError::NotFound { .. }), best) => prop_assert!(p.capacity.is_some() && best.is_none(), "missed {best:?}"),
            (Err(_), None) => {}
            (found, best) => prop_assert!(false, "{found:?} {best:?}"),
        }
    }
}

#[test]
fn clients_out_of_reach_are_named() {
    let p = FacilityProblem {
        service: SparseRows::from_rows([vec![(0, 1.0)], vec![], vec![(1, 1.0)]]),
        opening: vec![0.0; 2],
        locks: vec![Lock::Free, Lock::Shut],
        count: Count::Any,
        capacity: None,
        beyond: None,
    };
    assert_eq!(solve(&p, Effort::LOW.into()), Err(FacilityError::Unreachable { clients: vec![1, 2] }));
}

/// A number demanded beyond what serves is made up of the cheapest.
#[test]
fn who_serves_nobody_is_cheap() {
    let p = FacilityProblem {
        service: SparseRows::from_rows([vec![(3, 0.0)]]),
        opening: vec![0.0, 0.0, 4.0, 0.0, 0.0, 3.0],
        locks: vec![Lock::Free; 6],
        count: Count::Exactly(2),
        capacity: Some(Capacity { of: vec![1.0; 6], demand: vec![0.0] }),
        beyond: None,
    };
    assert_eq!(solve(&p, Effort::LOW.into()).unwrap().objective, 0.0);
}

/// Least cost of serving all demand, in whole units, from a set of facilities: successive shortest paths on
/// the graph of single units, by Bellman and Ford.
fn transport(p: &FacilityProblem, set: u32) -> Option<f64> {
    let k = p.capacity.as_ref().unwrap();
    let (n, m) = (p.service.len(), p.opening.len());
    let price = |i: usize, f: usize| {
        p.service
            .row(i)
            .filter(|x| x.0 as usize == f)
            .map(|x| x.1 / k.demand[i])
            .fold(f64::INFINITY, f64::min)
    };
    let mut flow = vec![vec![0u32; m]; n];
    let mut cost: f64 = (0..n)
        .filter(|&i| k.demand[i] == 0.0)
        .map(|i| p.service.row(i).filter(|x| set >> x.0 & 1 == 1).map(|x| x.1).fold(f64::INFINITY, f64::min))
        .sum();
    for i in (0..n).filter(|&i| k.demand[i] > 0.0) {
        for _ in 0..k.demand[i] as u32 {
            // Distances of facilities from client i, over clients that may give way.
            let mut dist = vec![f64::INFINITY; m];
            let mut by = vec![None; m];
            for f in (0..m).filter(|f| set >> f & 1 == 1) {
                dist[f] = price(i, f);
            }
            for _ in 0..m {
                for (j, of_j) in flow.iter().enumerate().take(n) {
                    for f in (0..m).filter(|&f| of_j[f] > 0) {
                        for g in (0..m).filter(|g| set >> g & 1 == 1) {
                            let d = dist[f] + price(j, g) - price(j, f);
                            if d < dist[g] - 1e-9 {
                                dist[g] = d;
                                by[g] = Some((j, f));
                            }
                        }
                    }
                }
            }
            let room = |f: usize| flow.iter().map(|r| r[f]).sum::<u32>() < k.of[f] as u32;
            let end = (0..m)
                .filter(|&f| dist[f].is_finite() && room(f))
                .min_by(|&a, &b| dist[a].total_cmp(&dist[b]))?;
            cost += dist[end];
            let mut f = end;
            while let Some((j, from)) = by[f] {
                flow[j][f] += 1;
                flow[j][from] -= 1;
                f = from;
            }
            flow[i][f] += 1;
        }
    }
    cost.is_finite().then_some(cost)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn split_bound_optimum_and_cost_are_in_order(mut p in problems(), count in Just(Count::Any)) {
        p.count = count;
        if p.capacity.is_none() {
            return Ok(());
        }
        let best = (0u32..1 << p.opening.len())
            .filter(|set| p.locks.iter().enumerate().all(|(f, l)| match l {
                Lock::Free => true,
                Lock::Open => set >> f & 1 == 1,
                Lock::Shut => set >> f & 1 == 0,
            }))
            .filter_map(|set| {
                let opening: f64 = (0..p.opening.len()).filter(|f| set >> f & 1 == 1).map(|f| p.opening[f]).sum();
                transport(&p, set).map(|c| c + opening)
            })
            .min_by(f64::total_cmp);
        match (solve_split(&p, Effort::NORMAL.into()), best) {
            (Ok(found), Some(best)) => {
                prop_assert!(found.bound <= best + 1e-6 && best <= found.objective + 1e-6, "{} {} {}", found.bound, best, found.objective);
                prop_assert!((found.objective - best).abs() <= 1e-6 * best.max(1.0), "poor: {} {}", found.objective, best);
                let k = p.capacity.as_ref().unwrap();
                let mut load = vec![0.0; k.of.len()];
                for (i, shares) in found.value.shares.iter().enumerate() {
                    prop_assert!((shares.iter().map(|s| s.1).sum::<f64>() - 1.0).abs() < 1e-9);
                    for &(f, share) in shares {
                        prop_assert!(found.value.open.contains(&f));
                        load[f as usize] += share * k.demand[i];
                    }
                }
                prop_assert!(load.iter().zip(&k.of).all(|(l, c)| *l <= c * (1.0 + 1e-9) + 1e-9));
                for (f, l) in p.locks.iter().enumerate() {
                    prop_assert!(*l == Lock::Free || found.value.open.contains(&(f as u32)) == (*l == Lock::Open));
                }
            }
            (Err(_), None) => {}
            (found, best) => prop_assert!(false, "{found:?} {best:?}"),
        }
    }

    #[test]
    fn lists_that_are_cut_off_keep_the_bound(
        costs in (2usize..7).prop_flat_map(|n| prop::collection::vec(prop::collection::vec(0u32..50, n), 1..8)),
        length in 1usize..5,
        p in 1usize..4,
    ) {
        let n = costs[0].len();
        let mut whole = FacilityProblem {
            service: SparseRows::from_rows(costs.iter().map(|r| (0u32..).zip(r.iter().map(|&c| f64::from(c))))),
            opening: vec![0.0; n],
            locks: vec![Lock::Free; n],
            count: Count::Exactly(p.min(n)),
            capacity: None,
            beyond: None,
        };
        let best = optimum(&whole).unwrap();
        let sorted: Vec<Vec<(u32, f64)>> = (0..costs.len())
            .map(|i| {
                let mut row: Vec<(u32, f64)> = whole.service.row(i).collect();
                row.sort_by(|a, b| a.1.total_cmp(&b.1));
                row
            })
            .collect();
        whole.beyond = Some(sorted.iter().map(|r| r.get(length).map_or(f64::INFINITY, |p| p.1)).collect());
        whole.service = SparseRows::from_rows(sorted.iter().map(|r| r.iter().copied().take(length)));
        match solve(&whole, Effort::LOW.into()) {
            Ok(found) => prop_assert!(found.bound <= best && best <= found.objective, "{} {} {}", found.bound, best, found.objective),
            Err(FacilityError::ListsTooShort { clients }) => prop_assert!(!clients.is_empty()),
            Err(e) => prop_assert!(false, "{e}"),
        }
    }
}

/// The last facility allowed opens without another's having to close.
#[test]
fn the_last_facility_allowed_is_used() {
    let p = FacilityProblem {
        service: SparseRows::from_rows([vec![(1, 0.0)], vec![(5, 0.0), (4, 9.0)], vec![(1, 0.0), (4, 2.0)]]),
        opening: vec![0.0; 6],
        locks: vec![Lock::Free; 6],
        count: Count::AtMost(3),
        capacity: Some(Capacity { of: vec![1.0, 5.0, 1.0, 5.0, 12.0, 7.0], demand: vec![1.0, 0.0, 5.0] }),
        beyond: None,
    };
    assert_eq!(solve(&p, Effort::LOW.into()).unwrap().objective, 2.0);
}
