//! What the cells of a station that doesn't stand yet can carry: a site counts as lifted by it only as far as
//! there is room for it.
//!
//! A site takes a share of the cell of the sector that it lies in ([`Load`]). Where the shares of all sites that
//! an option would lift exceed what the cell's own load leaves free, the option keeps those that gain most for
//! what they take; the others need another one. So whatever is chosen, no planned cell is promised more than
//! it can carry.

use super::choice::{Lift, Problem};

/// What a lift takes of the option's cells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    /// Sector, by its place among the option's cells.
    pub sector: u32,
    /// Share of that cell in the busy hour, down and up.
    pub share: [f64; 2],
}

/// Leaves each option the lifts that its cells can carry, where `free` of each is left by its own load; tells
/// how many were left out. `loads` has one entry per lift, in the same order; none takes nothing.
pub fn fit(problem: &mut Problem, loads: &[Vec<Option<Load>>], free: f64) -> usize {
    let mut out = 0;
    for (option, loads) in loads.iter().enumerate() {
        let Some(row) = problem.lifts.get(option) else { continue };
        let mut order: Vec<usize> = (0..row.len()).collect();
        let worth = |i: usize| {
            let taken = loads.get(i).copied().flatten().map_or(0.0, |l| l.share[0].max(l.share[1]));
            problem.gain(&row[i]) / taken.max(1e-9)
        };
        order.sort_by(|a, b| worth(*b).total_cmp(&worth(*a)).then(a.cmp(b)));
        let sectors = loads.iter().flatten().map(|l| l.sector as usize + 1).max().unwrap_or(0);
        let mut taken = vec![[0.0; 2]; sectors];
        let mut kept = vec![false; row.len()];
        for i in order {
            let Some(load) = loads.get(i).copied().flatten() else {
                kept[i] = true;
                continue;
            };
            let cell = &mut taken[load.sector as usize];
            let then = [cell[0] + load.share[0], cell[1] + load.share[1]];
            // A first site that asks for more than a whole cell still gets all of it.
            let alone = *cell == [0.0; 2];
            if alone || then.iter().all(|t| *t <= free * (1.0 + 1e-9)) {
                *cell = then;
                kept[i] = true;
            }
        }
        out += kept.iter().filter(|k| !**k).count();
        let mut kept = kept.into_iter();
        problem.lifts[option].retain(|_| kept.next().unwrap_or(true));
    }
    out
}

/// Sector of a three-sector station that a bearing lies in: the one whose azimuth is nearest.
#[must_use]
pub fn sector_of(bearing_deg: f64, azimuths: &[f64]) -> u32 {
    let away = |azimuth: f64| {
        let d = (bearing_deg - azimuth).rem_euclid(360.0);
        d.min(360.0 - d)
    };
    (0u32..)
        .zip(azimuths)
        .min_by(|a, b| away(*a.1).total_cmp(&away(*b.1)).then(a.0.cmp(&b.0)))
        .map_or(0, |s| s.0)
}

/// Whether the lifts of an option fit its cells; for checks.
#[must_use]
pub fn fits(lifts: &[(Lift, Option<Load>)], free: f64) -> bool {
    let mut taken: std::collections::BTreeMap<u32, ([f64; 2], usize)> = std::collections::BTreeMap::new();
    for load in lifts.iter().filter_map(|l| l.1) {
        let slot = taken.entry(load.sector).or_default();
        slot.0 = [slot.0[0] + load.share[0], slot.0[1] + load.share[1]];
        slot.1 += 1;
    }
    taken.values().all(|(sum, n)| *n == 1 || sum.iter().all(|s| *s <= free * (1.0 + 1e-6)))
}

#[cfg(test)]
mod tests {
    use super::super::choice::{Goal, Need, RadioOption, choose};
    use super::*;
    use crate::model::kinds::Lock;
    use crate::model::operators::NetworkId;
    use crate::optimise::{Effort, Work};
    use proptest::prelude::*;

    fn problem(sites: usize, options: usize) -> Problem {
        Problem {
            sites: vec![Need { now: 30.0, weight: 1.0 }; sites],
            options: (0..options)
                .map(|p| RadioOption {
                    place: p as u32,
                    network: NetworkId(0),
                    price_cny: 100.0,
                    lock: Lock::Free,
                })
                .collect(),
            lifts: vec![(0..sites as u32).map(|site| Lift { site, score: 80.0 }).collect(); options],
            target: 60.0,
            cap: 60.0,
        }
    }

    fn load(share: f64) -> Option<Load> {
        Some(Load { sector: 0, share: [share / 2.0, share] })
    }

    #[test]
    fn six_sites_need_two_stations_where_one_carries_three() {
        let mut p = problem(6, 2);
        let reach = |p: &Problem| choose(p, Goal::LiftAll, Work::from(Effort::NORMAL)).unwrap().value;
        assert_eq!(reach(&p).options.len(), 1, "one reaches all");
        // The second option prefers the others: its loads are lighter for them.
        let loads = vec![
            [0.2, 0.2, 0.2, 0.3, 0.3, 0.3].map(load).to_vec(),
            [0.3, 0.3, 0.3, 0.2, 0.2, 0.2].map(load).to_vec(),
        ];
        assert_eq!(fit(&mut p, &loads, 0.6), 6);
        let chosen = reach(&p);
        assert_eq!((chosen.options, chosen.at_target), (vec![0, 1], 6));
    }

    #[test]
    fn sectors_by_bearing() {
        let three = [0.0, 120.0, 240.0];
        for (bearing, sector) in [(0.0, 0), (59.0, 0), (61.0, 1), (200.0, 2), (359.0, 0), (-5.0, 0)] {
            assert_eq!(sector_of(bearing, &three), sector, "{bearing}");
        }
        assert_eq!(sector_of(90.0, &[]), 0);
    }

    proptest! {
        #[test]
        fn no_cell_is_promised_more_than_it_carries(
            shares in prop::collection::vec((0u32..3, 0.0..0.9f64, 0.0..0.9f64, any::<bool>()), 0..20),
            free in 0.05..1.0f64,
        ) {
            let mut p = problem(shares.len(), 1);
            let loads: Vec<Option<Load>> = shares
                .iter()
                .map(|&(sector, down, up, shared)| shared.then_some(Load { sector, share: [down, up] }))
                .collect();
            let before = p.lifts[0].clone();
            let left_out = fit(&mut p, std::slice::from_ref(&loads), free);
            prop_assert_eq!(left_out + p.lifts[0].len(), shares.len());
            let kept: Vec<(Lift, Option<Load>)> = p.lifts[0]
                .iter()
                .map(|l| (*l, loads[before.iter().position(|b| b.site == l.site).unwrap()]))
                .collect();
            prop_assert!(fits(&kept, free));
            // Sites that take nothing of shared cells always stay.
            for (l, load) in before.iter().zip(&loads) {
                prop_assert!(load.is_some() || p.lifts[0].contains(l));
            }
        }
    }
}
