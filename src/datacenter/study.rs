//! Which halls serve which demand, under one weighing of cost, latency and carbon.
//!
//! A layout is the answer of a facility-location problem over every pair of a demand and a place within the
//! demand's limit, so its bound holds for all layouts of these places. Three rules come on top: a new hall
//! fills at least `datacenter.use_floor` of the smallest that is built, every demand reaches a second hall
//! within its limit, and no hall takes more than it holds. The bound is that of the problem without the first
//! two, which can only be lower.

use super::demand::Demand;
use super::places::{Place, same_place};
use super::transport::{Access, Transport, Way};
use crate::coverage::latency::beside_transport_ms;
use crate::graph::GraphError;
use crate::model::grid::HOURS_PER_YEAR;
use crate::model::inputs::Inputs;
use crate::model::kinds;
use crate::model::said::Bilingual;
use crate::model::settings::Settings;
use crate::optimise::facility::{self, Capacity, Count, FacilityError, FacilityProblem, Lock, SparseRows};
use crate::optimise::set_cover::{self, SetCoverError, SetCoverProblem};
use crate::optimise::{Certified, Work};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Rounds of shutting halls that stay too empty.
const FLOOR_ROUNDS: usize = 12;

/// Why there is no layout.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum StudyError {
    /// The fiber is no graph.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The location problem has no answer.
    #[error(transparent)]
    Facility(#[from] FacilityError),
    /// The second centers can't be chosen.
    #[error(transparent)]
    SetCover(#[from] SetCoverError),
}

impl Bilingual for StudyError {
    fn zh(&self) -> String {
        match self {
            Self::Graph(e) => e.zh(),
            Self::Facility(e) => e.zh(),
            Self::SetCover(e) => e.zh(),
        }
    }
}

/// What a yuan, a millisecond and a tonne are worth beside each other. The yearly cost counts once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights {
    /// Yuan per standard rack and millisecond of round trip, a year; times the workload's latency value.
    pub ms_cny: f64,
    /// Yuan per tonne of CO2.
    pub carbon_cny_t: f64,
    /// No demand whose latency has a value may be served slower than this, round trip of everything, ms.
    pub worst_rtt_ms: f64,
}

/// A place that may serve a demand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// The place.
    pub place: u32,
    /// The way to it.
    pub way: Way,
}

/// Sites' demand, places, and the ways between them.
pub struct Study<'a> {
    /// Inputs.
    pub inputs: &'a Inputs,
    /// Settings.
    pub settings: &'a Settings,
    /// Fiber.
    pub transport: Transport<'a>,
    /// Demand that some place can serve within its limit.
    pub demands: Vec<Demand>,
    /// Demand that none can.
    pub unmet: Vec<Demand>,
    /// Places.
    pub places: Vec<Place>,
    /// Per demand the places within its limit, ascending.
    pub pairs: Vec<Vec<Pair>>,
    /// Per demand where it joins each owner's network.
    pub access: Vec<Vec<Access>>,
}

/// What a layout amounts to.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Metrics {
    /// Capex as annuity, energy, transport; yuan a year.
    pub cost_cny_yr: f64,
    /// Capex of what is built new, yuan.
    pub capex_cny: f64,
    /// Electricity, kWh a year.
    pub energy_kwh_yr: f64,
    /// Carbon of it, tonnes CO2 a year.
    pub carbon_t_yr: f64,
    /// Round trip of demand whose latency has a value, all parts included: mean by racks and that value, ms.
    pub rtt_mean_ms: f64,
    /// 95th percentile by racks, ms.
    pub rtt_p95_ms: f64,
    /// Longest, ms.
    pub rtt_worst_ms: f64,
}

/// Halls and who serves whom.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// Places that serve or stand by, ascending.
    pub open: Vec<u32>,
    /// Per demand its place among [`Study::pairs`].
    pub serves: Vec<u32>,
    /// Per demand the second place among its pairs; none where there is none, or none is asked for.
    pub second: Vec<Option<u32>>,
    /// New halls that stay emptier than `datacenter.use_floor` asks, because nothing else is near enough.
    pub below_floor: Vec<u32>,
    /// What it amounts to.
    pub metrics: Metrics,
    /// Weighted sum that was to be least, recomputed from the layout; yuan a year.
    pub objective: f64,
    /// No layout of these places does better.
    pub bound: f64,
}

/// Yearly payment that pays back one yuan over the years at the rate.
#[must_use]
pub fn annuity(rate: f64, years: f64) -> f64 {
    if rate > 0.0 { rate / (1.0 - (1.0 + rate).powf(-years)) } else { 1.0 / years.max(1.0) }
}

impl<'a> Study<'a> {
    /// Works out the ways between demand and places. `joined` tells of a site the node that its own fiber
    /// leads to and that fiber's length, where a plan has laid it.
    ///
    /// # Errors
    /// Fiber that is no graph.
    pub fn new(
        inputs: &'a Inputs,
        settings: &'a Settings,
        demands: Vec<Demand>,
        places: Vec<Place>,
        joined: &BTreeMap<u32, (String, f64)>,
    ) -> Result<Self, StudyError> {
        let transport = Transport::new(inputs, settings)?;
        let access: Vec<Vec<Access>> = demands
            .par_iter()
            .map(|d| {
                let known = d.sites.first().and_then(|s| joined.get(&s.0));
                transport.access(d.at, known.map(|(node, m)| (node.as_str(), *m)))
            })
            .collect();
        let of_place: Vec<Vec<(u32, Way)>> = places
            .par_iter()
            .map(|p| {
                if p.lock == kinds::Lock::Shut {
                    return Vec::new();
                }
                let ways = transport.from_hall(p.at, p.operator.as_deref());
                let able = (0u32..).zip(&demands).filter(|(_, d)| p.takes(d.hall));
                able.map(|(i, d)| (i, ways.to(d.at, &access[i as usize], None)))
                    .filter(|(i, way)| way.one_way_us <= demands[*i as usize].transport_us)
                    .collect()
            })
            .collect();
        let mut pairs: Vec<Vec<Pair>> = vec![Vec::new(); demands.len()];
        for (place, row) in (0u32..).zip(of_place) {
            for (d, way) in row {
                pairs[d as usize].push(Pair { place, way });
            }
        }
        let (mut met, mut unmet) = (Vec::new(), Vec::new());
        let (mut met_pairs, mut met_access) = (Vec::new(), Vec::new());
        for ((d, p), a) in demands.into_iter().zip(pairs).zip(access) {
            if p.is_empty() {
                unmet.push(d);
            } else {
                met.push(d);
                met_pairs.push(p);
                met_access.push(a);
            }
        }
        Ok(Self {
            inputs,
            settings,
            transport,
            demands: met,
            unmet,
            places,
            pairs: met_pairs,
            access: met_access,
        })
    }

    /// IT power of a demand, kW.
    #[must_use]
    pub fn kw(&self, demand: usize) -> f64 {
        self.demands[demand].racks * self.settings.datacenter.rack_kw
    }

    /// Round trip of a demand over a way, all parts included, ms.
    #[must_use]
    pub fn rtt_ms(&self, way: &Way) -> f64 {
        2.0 * way.one_way_us / 1e3 + beside_transport_ms(&self.settings.latency)
    }

    /// Annuity of a yuan of capex.
    #[must_use]
    pub fn annuity(&self) -> f64 {
        annuity(self.settings.plan.discount_rate, f64::from(self.settings.plan.years))
    }

    /// Electricity of a demand at a place, kWh a year.
    #[must_use]
    pub fn kwh_yr(&self, demand: usize, place: u32) -> f64 {
        self.kw(demand) * self.places[place as usize].pue * HOURS_PER_YEAR
    }

    /// Yearly cost of serving a demand at a place, without what the hall costs whatever its load: electricity,
    /// racks as annuity, transport.
    #[must_use]
    pub fn service_cny_yr(&self, demand: usize, pair: &Pair) -> f64 {
        let place = &self.places[pair.place as usize];
        self.kwh_yr(demand, pair.place) * place.grid.price_cny_kwh
            + self.kw(demand) * place.kw_cny * self.annuity()
            + self.demands[demand].racks
                * pair.way.fiber_m
                * 1e-3
                * self.settings.datacenter.transport_cny_rack_km_yr
    }

    /// The same with latency and carbon at their weights.
    #[must_use]
    pub fn weighted(&self, demand: usize, pair: &Pair, w: &Weights) -> f64 {
        let d = &self.demands[demand];
        let place = &self.places[pair.place as usize];
        self.service_cny_yr(demand, pair)
            + w.ms_cny * d.racks * d.latency_value * self.rtt_ms(&pair.way)
            + w.carbon_cny_t * place.grid.carbon_t(self.kwh_yr(demand, pair.place))
    }

    /// Yearly cost of a hall whatever its load.
    #[must_use]
    pub fn base_cny_yr(&self, place: u32) -> f64 {
        self.places[place as usize].base_cny * self.annuity()
    }

    /// The problem without floor and second centers. `shut` are places that may not serve.
    fn problem(&self, w: &Weights, shut: &[bool]) -> FacilityProblem {
        let s = &self.settings.datacenter;
        let row = |d: usize| {
            let slow = |p: &&Pair| {
                self.demands[d].latency_value > 0.0 && self.rtt_ms(&p.way) > w.worst_rtt_ms + 1e-9
            };
            let usable = self.pairs[d].iter().filter(move |p| !shut[p.place as usize] && !slow(p));
            usable.map(move |p| (p.place, self.weighted(d, p, w))).collect::<Vec<_>>()
        };
        FacilityProblem {
            service: SparseRows::from_rows((0..self.demands.len()).map(row)),
            opening: (0..self.places.len() as u32).map(|p| self.base_cny_yr(p)).collect(),
            locks: (self.places.iter().zip(shut))
                .map(|(p, shut)| match p.lock {
                    _ if *shut => Lock::Shut,
                    kinds::Lock::Free => Lock::Free,
                    kinds::Lock::Open => Lock::Open,
                    kinds::Lock::Shut => Lock::Shut,
                })
                .collect(),
            count: if s.max_centers > 0 { Count::AtMost(s.max_centers as usize) } else { Count::Any },
            capacity: None,
            beyond: None,
        }
    }

    /// Solves a problem; without capacities as long as the answer keeps them, which is the tighter way.
    fn solve(
        &self,
        mut problem: FacilityProblem,
        work: Work<'_>,
    ) -> Result<Certified<facility::Placement>, FacilityError> {
        let demand: Vec<f64> = (0..self.demands.len()).map(|d| self.kw(d)).collect();
        let total: f64 = demand.iter().sum();
        let of: Vec<f64> = self.places.iter().map(|p| p.free_kw.unwrap_or(total).min(total)).collect();
        let loose = facility::solve(&problem, work)?;
        let mut load = vec![0.0; of.len()];
        for (&p, kw) in loose.value.assignment.iter().zip(&demand) {
            load[p as usize] += kw;
        }
        if load.iter().zip(&of).all(|(l, c)| *l <= c * (1.0 + 1e-9)) {
            return Ok(loose);
        }
        problem.capacity = Some(Capacity { of, demand });
        let tight = facility::solve(&problem, work)?;
        // What holds without capacities holds with them.
        Ok(Certified { bound: tight.bound.max(loose.bound.min(tight.objective)), ..tight })
    }

    /// The layout that costs least under the weights.
    ///
    /// # Errors
    /// Locks, a number of centers, capacities or a worst latency that nothing can satisfy.
    pub fn layout(&self, w: &Weights, work: Work<'_>) -> Result<Layout, StudyError> {
        if self.demands.is_empty() {
            return Ok(self.settle(w, &[], Vec::new(), 0.0));
        }
        let mut shut = vec![false; self.places.len()];
        let mut found = self.solve(self.problem(w, &shut), work)?;
        let bound = found.bound;
        let mut kept = vec![false; self.places.len()];
        for _ in 0..FLOOR_ROUNDS {
            let load = self.load(&found.value.assignment);
            let mut low: Vec<u32> = (0..self.places.len() as u32)
                .filter(|&p| load[p as usize] > 0.0 && !kept[p as usize] && self.is_low(p, &load))
                .collect();
            if low.is_empty() || work.stop.requested() {
                break;
            }
            // The emptier half goes first: what it served may fill the others.
            low.sort_by(|a, b| load[*a as usize].total_cmp(&load[*b as usize]).then(a.cmp(b)));
            low.truncate(low.len().div_ceil(2));
            let before = shut.clone();
            for &p in &low {
                shut[p as usize] = true;
            }
            let missing = self.left_out(w, &shut);
            for &p in &low {
                let needed = missing.iter().any(|&d| self.pairs[d].iter().any(|x| x.place == p));
                if needed {
                    (shut[p as usize], kept[p as usize]) = (false, true);
                }
            }
            if shut == before {
                continue;
            }
            match self.solve(self.problem(w, &shut), work) {
                Ok(other) => found = other,
                // Capacity or count are short without them: they stay.
                Err(_) => {
                    for &p in &low {
                        (shut[p as usize], kept[p as usize]) = (before[p as usize], true);
                    }
                }
            }
        }
        let seconds = if self.settings.datacenter.standby {
            self.standby(&found.value.assignment, &shut, work)?
        } else {
            Vec::new()
        };
        let mut open: Vec<u32> = found.value.assignment.clone();
        open.extend(seconds);
        open.extend((0u32..).zip(&self.places).filter(|(_, p)| p.lock == kinds::Lock::Open).map(|(i, _)| i));
        open.sort_unstable();
        open.dedup();
        Ok(self.settle(w, &found.value.assignment, open, bound))
    }

    fn is_low(&self, place: u32, load: &[f64]) -> bool {
        let p = &self.places[place as usize];
        !p.existing
            && p.lock != kinds::Lock::Open
            && load[place as usize] < p.least_kw * self.settings.datacenter.use_floor * (1.0 - 1e-9)
    }

    /// Demand that no place serves once some are shut.
    fn left_out(&self, w: &Weights, shut: &[bool]) -> Vec<usize> {
        let slow = |d: usize, p: &Pair| {
            self.demands[d].latency_value > 0.0 && self.rtt_ms(&p.way) > w.worst_rtt_ms + 1e-9
        };
        let served = |d: usize| self.pairs[d].iter().any(|p| !shut[p.place as usize] && !slow(d, p));
        (0..self.demands.len()).filter(|&d| !served(d)).collect()
    }

    /// IT power by place, kW.
    fn load(&self, assignment: &[u32]) -> Vec<f64> {
        let mut load = vec![0.0; self.places.len()];
        for (d, &p) in assignment.iter().enumerate() {
            load[p as usize] += self.kw(d);
        }
        load
    }

    /// Places to open besides, so that every demand reaches a second one within its limit, where there is one:
    /// a least cover. Existing halls come first, since they cost nothing to keep.
    fn standby(&self, assignment: &[u32], shut: &[bool], work: Work<'_>) -> Result<Vec<u32>, StudyError> {
        let mut open = vec![false; self.places.len()];
        assignment.iter().for_each(|&p| open[p as usize] = true);
        let mut rows = Vec::new();
        for (d, &at) in assignment.iter().enumerate() {
            let first = &self.places[at as usize];
            let mut others = self.pairs[d]
                .iter()
                .filter(|p| !shut[p.place as usize] && !same_place(&self.places[p.place as usize], first))
                .peekable();
            if others.peek().is_some() && !others.clone().any(|p| open[p.place as usize]) {
                rows.push(others.map(|p| (p.place, 1.0)).collect::<Vec<_>>());
            }
        }
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let least = |p: &Place| p.least_kw * p.kw_cny * self.annuity();
        let cover = set_cover::solve(
            &SetCoverProblem {
                covered_by: SparseRows::from_rows(rows),
                costs: (0u32..).zip(&self.places).map(|(i, p)| self.base_cny_yr(i) + least(p)).collect(),
                locks: shut.iter().map(|s| if *s { Lock::Shut } else { Lock::Free }).collect(),
            },
            work,
        )?;
        Ok(cover.value)
    }

    /// Fills in the second places and recomputes what the layout amounts to, from the inputs.
    fn settle(&self, w: &Weights, assignment: &[u32], open: Vec<u32>, bound: f64) -> Layout {
        let mut is_open = vec![false; self.places.len()];
        open.iter().for_each(|&p| is_open[p as usize] = true);
        let position = |d: usize, place: u32| {
            self.pairs[d].iter().position(|p| p.place == place).map_or(0, |i| i as u32)
        };
        let serves: Vec<u32> = assignment.iter().enumerate().map(|(d, &p)| position(d, p)).collect();
        let second: Vec<Option<u32>> = assignment
            .iter()
            .enumerate()
            .map(|(d, &at)| {
                if !self.settings.datacenter.standby {
                    return None;
                }
                let first = &self.places[at as usize];
                (0u32..)
                    .zip(&self.pairs[d])
                    .filter(|(_, p)| is_open[p.place as usize])
                    .filter(|(_, p)| !same_place(&self.places[p.place as usize], first))
                    .min_by(|a, b| a.1.way.one_way_us.total_cmp(&b.1.way.one_way_us))
                    .map(|(i, _)| i)
            })
            .collect();
        let load = self.load(assignment);
        let below_floor: Vec<u32> =
            open.iter().copied().filter(|&p| load[p as usize] > 0.0 && self.is_low(p, &load)).collect();
        let mut m = Metrics::default();
        let mut latency = 0.0;
        let mut slowness: Vec<(f64, f64)> = Vec::new();
        for (d, &i) in serves.iter().enumerate() {
            let (demand, pair) = (&self.demands[d], &self.pairs[d][i as usize]);
            let kwh = self.kwh_yr(d, pair.place);
            m.cost_cny_yr += self.service_cny_yr(d, pair);
            m.energy_kwh_yr += kwh;
            m.carbon_t_yr += self.places[pair.place as usize].grid.carbon_t(kwh);
            if demand.latency_value > 0.0 {
                let ms = self.rtt_ms(&pair.way);
                latency += demand.racks * demand.latency_value * ms;
                slowness.push((ms, demand.racks));
                m.rtt_worst_ms = m.rtt_worst_ms.max(ms);
            }
        }
        for &p in &open {
            let place = &self.places[p as usize];
            m.cost_cny_yr += self.base_cny_yr(p);
            // Racks that are built to make up the smallest hall, and stand empty.
            let empty_kw = (place.least_kw - load[p as usize]).max(0.0);
            m.cost_cny_yr += empty_kw * place.kw_cny * self.annuity();
            if !place.existing {
                m.capex_cny += place.base_cny + place.least_kw.max(load[p as usize]) * place.kw_cny;
            }
        }
        let valued: f64 = (self.demands.iter()).map(|d| d.racks * d.latency_value).sum();
        m.rtt_mean_ms = if valued > 0.0 { latency / valued } else { 0.0 };
        m.rtt_p95_ms = percentile(&mut slowness, 0.95);
        let objective = m.cost_cny_yr + w.ms_cny * latency + w.carbon_cny_t * m.carbon_t_yr;
        let bound = bound.min(objective);
        Layout { open, serves, second, below_floor, metrics: m, objective, bound }
    }
}

/// The value that a share of the weight doesn't exceed; 0 without any.
pub(super) fn percentile(values: &mut [(f64, f64)], share: f64) -> f64 {
    values.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: f64 = values.iter().map(|v| v.1).sum();
    let mut seen = 0.0;
    for &(v, weight) in values.iter() {
        seen += weight;
        if seen >= share * total - 1e-12 * total {
            return v;
        }
    }
    0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_annuity_pays_back() {
        let a = annuity(0.06, 10.0);
        let back: f64 = (1..=10).map(|y| a / 1.06f64.powi(y)).sum();
        assert!((back - 1.0).abs() < 1e-12);
        assert!((annuity(0.0, 10.0) - 0.1).abs() < 1e-12);
    }

    #[test]
    fn percentiles_weigh() {
        let mut v = vec![(3.0, 1.0), (1.0, 94.0), (2.0, 5.0)];
        assert_eq!(percentile(&mut v, 0.94), 1.0);
        assert_eq!(percentile(&mut v, 0.95), 2.0);
        assert_eq!(percentile(&mut v, 1.0), 3.0);
        assert_eq!(percentile(&mut [], 0.95), 0.0);
    }
}
