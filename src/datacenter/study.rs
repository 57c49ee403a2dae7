//! Which halls serve which demand, under one weighing of cost, latency and carbon.
//!
//! A layout is the answer of a facility-location problem over every pair of a demand and a place within the
//! demand's limit, so its bound holds for all layouts of these places. Three rules come on top: a new hall
//! fills at least `datacenter.use_floor` of the smallest that is built, every demand reaches a second hall
//! within its limit that keeps racks free for it should its first one fail, and no hall takes more than it
//! holds. The bound is that of the problem without the first, and with this of the second: for each demand and
//! each place, some other place that could back it is open. Racks kept free are left out of it, and so is the
//! second rule where the layout can't keep it for everybody; both can only lower it.

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
use crate::optimise::{Certified, Effort, Work};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Rounds of shutting halls that stay too empty.
const FLOOR_ROUNDS: usize = 12;
/// Rounds of looking for demand whose only place within reach may fail.
const BACKING_ROUNDS: usize = 6;
/// Rounds of opening halls that stand by: a small one takes only part of what a failed one served.
const STANDBY_ROUNDS: usize = 40;

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
    /// Yuan per kilowatt-hour, beside what it costs.
    pub kwh_cny: f64,
    /// No demand whose latency has a value may be served slower than this, round trip of everything, ms.
    pub worst_rtt_ms: f64,
    /// Nor slower than this, where its nearest place isn't slower either.
    pub common_rtt_ms: f64,
}

impl Weights {
    /// Cost alone.
    pub const COST: Self = Self {
        ms_cny: 0.0,
        carbon_cny_t: 0.0,
        kwh_cny: 0.0,
        worst_rtt_ms: f64::INFINITY,
        common_rtt_ms: f64::INFINITY,
    };
}

/// What weighted cost is made of, yuan a year.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Parts {
    /// Annuity of halls and racks.
    pub halls: f64,
    /// Electricity.
    pub electricity: f64,
    /// Transport.
    pub transport: f64,
    /// Latency at its weight.
    pub latency: f64,
    /// Carbon at its weight, and electricity beyond its price where that has one.
    pub carbon: f64,
}

impl Parts {
    /// All parts, by their place among the fields.
    #[must_use]
    pub const fn list(&self) -> [f64; 5] {
        [self.halls, self.electricity, self.transport, self.latency, self.carbon]
    }

    /// All together.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.list().iter().sum()
    }

    /// These more, `times` over.
    #[must_use]
    pub fn plus(self, other: Self, times: f64) -> Self {
        Self {
            halls: self.halls + times * other.halls,
            electricity: self.electricity + times * other.electricity,
            transport: self.transport + times * other.transport,
            latency: self.latency + times * other.latency,
            carbon: self.carbon + times * other.carbon,
        }
    }
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
    /// Per open place the IT power that it keeps free for what one failed place serves, kW.
    pub kept_kw: Vec<f64>,
    /// What second centers cost: places that only stand by, and racks built to be kept free; yuan a year.
    pub standby_cny_yr: f64,
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

impl Layout {
    /// IT power of the demand that has no second center, kW.
    fn alone(&self, study: &Study) -> f64 {
        self.second.iter().enumerate().filter(|(_, x)| x.is_none()).map(|(d, _)| study.kw(d)).sum()
    }
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

    /// Takes out demand that finds no room: one after the other goes to its cheapest place with room left.
    /// Tells the racks taken out.
    pub fn leave_out(&mut self, w: &Weights) -> f64 {
        let mut load = vec![0.0; self.places.len()];
        let mut stays = vec![true; self.demands.len()];
        let mut racks = 0.0;
        for (d, stays) in stays.iter_mut().enumerate() {
            let kw = self.kw(d);
            let with_room = self.pairs[d].iter().filter(|p| {
                let free_kw = self.places[p.place as usize].free_kw;
                free_kw.is_none_or(|c| load[p.place as usize] + kw <= c)
            });
            let cheapest = with_room.min_by(|a, b| self.weighted(d, a, w).total_cmp(&self.weighted(d, b, w)));
            match cheapest {
                Some(p) => load[p.place as usize] += kw,
                None => {
                    racks += self.demands[d].racks;
                    *stays = false;
                }
            }
        }
        let mut kept = stays.iter();
        self.pairs.retain(|_| kept.next() == Some(&true));
        let mut kept = stays.iter();
        self.access.retain(|_| kept.next() == Some(&true));
        let mut kept = stays.iter();
        self.demands.retain(|_| kept.next() == Some(&true));
        racks
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

    /// What a demand at a place amounts to under the weights, part by part, without what the hall costs
    /// whatever its load; yuan a year.
    #[must_use]
    pub fn parts(&self, demand: usize, pair: &Pair, w: &Weights) -> Parts {
        let d = &self.demands[demand];
        let place = &self.places[pair.place as usize];
        let kwh = self.kwh_yr(demand, pair.place);
        let km = pair.way.fiber_m * 1e-3;
        Parts {
            halls: self.kw(demand) * place.kw_cny * self.annuity(),
            electricity: kwh * place.grid.price_cny_kwh,
            transport: d.racks * km * self.settings.datacenter.transport_cny_rack_km_yr,
            latency: w.ms_cny * d.racks * d.latency_value * self.rtt_ms(&pair.way),
            carbon: w.carbon_cny_t * place.grid.carbon_t(kwh) + w.kwh_cny * kwh,
        }
    }

    /// Yearly cost of serving a demand at a place, without what the hall costs whatever its load: electricity,
    /// racks as annuity, transport.
    #[must_use]
    pub fn service_cny_yr(&self, demand: usize, pair: &Pair) -> f64 {
        let p = self.parts(demand, pair, &Weights::COST);
        p.electricity + p.halls + p.transport
    }

    /// The same with latency and carbon at their weights.
    #[must_use]
    pub fn weighted(&self, demand: usize, pair: &Pair, w: &Weights) -> f64 {
        self.parts(demand, pair, w).sum()
    }

    /// Round trip to the nearest place of a demand, ms.
    #[must_use]
    pub fn nearest_ms(&self, demand: usize) -> f64 {
        self.pairs[demand].iter().map(|p| self.rtt_ms(&p.way)).fold(f64::INFINITY, f64::min)
    }

    /// Round trip within which a demand is to be served under the weights, beside its own limit, ms.
    fn limit_ms(&self, demand: usize, w: &Weights) -> f64 {
        if self.demands[demand].latency_value <= 0.0 {
            return f64::INFINITY;
        }
        let common = w.common_rtt_ms.is_finite() && self.nearest_ms(demand) <= w.common_rtt_ms + 1e-9;
        w.worst_rtt_ms.min(if common { w.common_rtt_ms } else { f64::INFINITY }) + 1e-9
    }

    /// Yearly cost of a hall whatever its load.
    #[must_use]
    pub fn base_cny_yr(&self, place: u32) -> f64 {
        self.places[place as usize].base_cny * self.annuity()
    }

    /// IT power of the racks of a new hall that serves so much and keeps so much free, kW.
    #[must_use]
    pub fn built_kw(&self, place: u32, load_kw: f64, kept_kw: f64) -> f64 {
        (load_kw + kept_kw).max(self.places[place as usize].least_kw)
    }

    /// Places whose smallest hall holds all demand within reach: its racks are paid for whatever the load.
    fn roomy(&self) -> Vec<bool> {
        let mut reach_kw = vec![0.0; self.places.len()];
        for (d, pairs) in self.pairs.iter().enumerate() {
            for p in pairs {
                reach_kw[p.place as usize] += self.kw(d);
            }
        }
        self.places.iter().zip(reach_kw).map(|(p, kw)| kw <= p.least_kw).collect()
    }

    /// The problem without floor. `shut` are places that may not serve; of each of the sets in `backing` some
    /// place is to be open: demand that costs nothing to serve, after the real one.
    fn problem(&self, w: &Weights, shut: &[bool], backing: &[Vec<u32>]) -> FacilityProblem {
        let s = &self.settings.datacenter;
        let roomy = self.roomy();
        let racks_cny = |d: usize, p: &Pair| {
            let place = &self.places[p.place as usize];
            if roomy[p.place as usize] { self.kw(d) * place.kw_cny * self.annuity() } else { 0.0 }
        };
        let row = |d: usize| {
            let most_ms = self.limit_ms(d, w);
            let usable = self.pairs[d].iter();
            let usable = usable.filter(move |p| !shut[p.place as usize] && self.rtt_ms(&p.way) <= most_ms);
            usable.map(|p| (p.place, (self.weighted(d, p, w) - racks_cny(d, p)).max(0.0))).collect::<Vec<_>>()
        };
        let backs = backing
            .iter()
            .map(|set| set.iter().filter(|p| !shut[**p as usize]).map(|&p| (p, 0.0)).collect::<Vec<_>>());
        let least = |p: u32| {
            let place = &self.places[p as usize];
            if roomy[p as usize] { place.least_kw * place.kw_cny * self.annuity() } else { 0.0 }
        };
        FacilityProblem {
            service: SparseRows::from_rows(
                (0..self.demands.len()).map(row).chain(backs.filter(|set| !set.is_empty())),
            ),
            opening: (0..self.places.len() as u32).map(|p| self.base_cny_yr(p) + least(p)).collect(),
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
        let mut demand: Vec<f64> = (0..self.demands.len()).map(|d| self.kw(d)).collect();
        demand.resize(problem.service.len(), 0.0);
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
        let mut backing = if self.settings.datacenter.standby { self.backing(w, work) } else { Vec::new() };
        let mut found = match self.solve(self.problem(w, &shut, &backing), work) {
            Err(_) if !backing.is_empty() => {
                // Too few centers are allowed to back everybody.
                backing.clear();
                self.solve(self.problem(w, &shut, &backing), work)?
            }
            other => other?,
        };
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
            match self.solve(self.problem(w, &shut, &backing), work) {
                Ok(other) => found = other,
                // Capacity or count are short without them: they stay.
                Err(_) => {
                    for &p in &low {
                        (shut[p as usize], kept[p as usize]) = (before[p as usize], true);
                    }
                }
            }
        }
        let (mut layout, stand_by) = self.backed(w, &found.value.assignment, &shut, bound, work)?;
        // What is opened to stand by has paid for its walls: it may as well serve.
        if !stand_by.is_empty() && !work.stop.requested() {
            let mut problem = self.problem(w, &shut, &backing);
            for &p in &stand_by {
                problem.locks[p as usize] = Lock::Open;
            }
            if let Ok(other) = self.solve(problem, work) {
                let assignment = other.value.assignment;
                let load = self.load(&assignment);
                let low = |p: u32| load[p as usize] > 0.0 && !kept[p as usize] && self.is_low(p, &load);
                if !assignment.iter().any(|p| low(*p)) {
                    let (other, _) = self.backed(w, &assignment, &shut, bound, work)?;
                    if other.alone(self) <= layout.alone(self) && other.objective < layout.objective {
                        layout = other;
                    }
                }
            }
        }
        if !backing.is_empty() && self.could_be_backed(&layout) {
            // It does without what the bound counts on.
            let plain = self.solve(self.problem(w, &vec![false; self.places.len()], &[]), work)?;
            layout.bound = plain.bound.min(layout.objective);
        }
        Ok(layout)
    }

    /// Whether a demand without a second center has a place that could be one.
    fn could_be_backed(&self, layout: &Layout) -> bool {
        let first = |d: usize| self.pairs[d][layout.serves[d] as usize].place;
        (0..self.demands.len())
            .any(|d| layout.second[d].is_none() && self.backs(d, first(d)).next().is_some())
    }

    /// Places that have room for a demand should the one that serves it fail.
    fn backs(&self, demand: usize, first: u32) -> impl Iterator<Item = u32> + '_ {
        let first = &self.places[first as usize];
        let kw = self.kw(demand) * self.settings.datacenter.standby_share;
        self.pairs[demand].iter().map(|p| p.place).filter(move |&p| {
            let other = &self.places[p as usize];
            !same_place(other, first) && other.free_kw.is_none_or(|c| kw <= c)
        })
    }

    /// Sets of places of which one must be open where every demand is to be backed that can be: those that
    /// cheap layouts would leave shut.
    fn backing(&self, w: &Weights, work: Work<'_>) -> Vec<Vec<u32>> {
        let quick = Work { effort: Effort::LOW, ..work };
        let none = vec![false; self.places.len()];
        let mut sets: BTreeSet<Vec<u32>> = BTreeSet::new();
        for _ in 0..BACKING_ROUNDS {
            let list: Vec<Vec<u32>> = sets.iter().cloned().collect();
            let Ok(found) = self.solve(self.problem(w, &none, &list), quick) else { return Vec::new() };
            let mut open = none.clone();
            found.value.open.iter().for_each(|&p| open[p as usize] = true);
            let before = sets.len();
            for (d, &first) in found.value.assignment.iter().take(self.demands.len()).enumerate() {
                if !self.backs(d, first).any(|p| open[p as usize]) {
                    sets.insert(self.backs(d, first).collect());
                }
            }
            sets.remove(&Vec::new());
            if sets.len() == before || work.stop.requested() {
                break;
            }
        }
        sets.into_iter().collect()
    }

    /// The layout of an assignment with what it takes to back it, and the places opened for that alone.
    fn backed(
        &self,
        w: &Weights,
        assignment: &[u32],
        shut: &[bool],
        bound: f64,
        work: Work<'_>,
    ) -> Result<(Layout, Vec<u32>), StudyError> {
        let mut open = vec![false; self.places.len()];
        assignment.iter().for_each(|&p| open[p as usize] = true);
        for (o, p) in open.iter_mut().zip(&self.places) {
            *o |= p.lock == kinds::Lock::Open;
        }
        // Of what serves nobody, the demand that stands for backing opened it.
        let assignment = &assignment[..self.demands.len()];
        let stand_by = if self.settings.datacenter.standby {
            self.standby(assignment, &mut open, shut, work)?
        } else {
            Vec::new()
        };
        let open = (0u32..).zip(open).filter(|(_, o)| *o).map(|(p, _)| p).collect();
        Ok((self.settle(w, assignment, open, bound), stand_by))
    }

    fn is_low(&self, place: u32, load: &[f64]) -> bool {
        let p = &self.places[place as usize];
        !p.existing
            && p.lock != kinds::Lock::Open
            && load[place as usize] < p.least_kw * self.settings.datacenter.use_floor * (1.0 - 1e-9)
    }

    /// Demand that no place serves once some are shut.
    fn left_out(&self, w: &Weights, shut: &[bool]) -> Vec<usize> {
        let served = |d: usize| {
            let most_ms = self.limit_ms(d, w);
            self.pairs[d].iter().any(|p| !shut[p.place as usize] && self.rtt_ms(&p.way) <= most_ms)
        };
        (0..self.demands.len()).filter(|&d| !served(d)).collect()
    }

    /// IT power by place, kW.
    fn load(&self, assignment: &[u32]) -> Vec<f64> {
        let mut load = vec![0.0; self.places.len()];
        for (d, &p) in assignment.iter().take(self.demands.len()).enumerate() {
            load[p as usize] += self.kw(d);
        }
        load
    }

    /// Opens places besides, so that every demand reaches a second one within its limit that has room for it,
    /// where there is one: least covers, until nothing more can be backed. Existing halls come first, since
    /// they cost nothing to keep. Returns what it opened.
    fn standby(
        &self,
        assignment: &[u32],
        open: &mut [bool],
        shut: &[bool],
        work: Work<'_>,
    ) -> Result<Vec<u32>, StudyError> {
        let s = &self.settings.datacenter;
        let mut opened = Vec::new();
        for _ in 0..STANDBY_ROUNDS {
            let mut rows = Vec::new();
            for (d, _) in self.seconds(assignment, open).0.iter().enumerate().filter(|(_, x)| x.is_none()) {
                let others = self.backs(d, assignment[d]);
                let others: Vec<(u32, f64)> =
                    others.filter(|&p| !shut[p as usize] && !open[p as usize]).map(|p| (p, 1.0)).collect();
                if !others.is_empty() {
                    rows.push(others);
                }
            }
            let count = open.iter().filter(|o| **o).count();
            let most =
                if s.max_centers > 0 { (s.max_centers as usize).saturating_sub(count) } else { usize::MAX };
            if rows.is_empty() || most == 0 || work.stop.requested() {
                break;
            }
            let least = |p: &Place| p.least_kw * p.kw_cny * self.annuity();
            let mut backs = vec![0u32; self.places.len()];
            rows.iter().flatten().for_each(|(p, _)| backs[*p as usize] += 1);
            let problem = SetCoverProblem {
                covered_by: SparseRows::from_rows(rows),
                costs: (0u32..).zip(&self.places).map(|(i, p)| self.base_cny_yr(i) + least(p)).collect(),
                locks: shut.iter().map(|s| if *s { Lock::Shut } else { Lock::Free }).collect(),
            };
            let quick = Work { effort: Effort::LOW, ..work };
            let mut cover = set_cover::solve(&problem, quick)?.value;
            if cover.len() > most {
                // As many as may be: those first that back most.
                cover.sort_by_key(|p| (std::cmp::Reverse(backs[*p as usize]), *p));
                cover.truncate(most);
            }
            for p in cover {
                open[p as usize] = true;
                opened.push(p);
            }
        }
        Ok(opened)
    }

    /// Per demand its second place among its pairs, if any open one elsewhere has room for it; and per place
    /// the IT power to be kept free there, kW. One place fails at a time: what is kept for one is kept for
    /// another too. Second places are those that no rack has to be built for, and of these the nearest.
    fn seconds(&self, assignment: &[u32], open: &[bool]) -> (Vec<Option<u32>>, Vec<f64>) {
        let share = self.settings.datacenter.standby_share;
        let load = self.load(assignment);
        let mut kept = vec![0.0f64; self.places.len()];
        let mut second = vec![None; assignment.len()];
        // Halls at one place fail together.
        let mut failing: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        let mut of_place: BTreeMap<u32, u32> = BTreeMap::new();
        for (d, &p) in assignment.iter().enumerate() {
            let first = *of_place.entry(p).or_insert_with(|| {
                let here = failing.keys().copied();
                let mut same =
                    here.filter(|q| same_place(&self.places[*q as usize], &self.places[p as usize]));
                same.next().unwrap_or(p)
            });
            failing.entry(first).or_default().push(d);
        }
        for (_, mut demands) in failing {
            demands.sort_by(|a, b| self.kw(*b).total_cmp(&self.kw(*a)).then(a.cmp(b)));
            let mut taken: BTreeMap<u32, f64> = BTreeMap::new();
            for d in demands {
                let kw = self.kw(d) * share;
                let first = &self.places[assignment[d] as usize];
                let built_cny = |p: u32| -> Option<f64> {
                    let (at, place) = (p as usize, &self.places[p as usize]);
                    if !open[at] || same_place(place, first) {
                        return None;
                    }
                    let wanted = taken.get(&p).copied().unwrap_or(0.0) + kw;
                    if place.free_kw.is_some_and(|c| load[at] + wanted > c * (1.0 + 1e-9)) {
                        return None;
                    }
                    let has_kw = (load[at] + kept[at]).max(place.least_kw);
                    Some((load[at] + wanted - has_kw).max(0.0) * place.kw_cny)
                };
                let best = (0u32..)
                    .zip(&self.pairs[d])
                    .filter_map(|(i, p)| Some((built_cny(p.place)?, p.way.one_way_us, i, p.place)))
                    .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)));
                if let Some((_, _, i, p)) = best {
                    second[d] = Some(i);
                    *taken.entry(p).or_insert(0.0) += kw;
                }
            }
            for (p, kw) in taken {
                kept[p as usize] = kept[p as usize].max(kw);
            }
        }
        (second, kept)
    }

    /// Fills in the second places and recomputes what the layout amounts to, from the inputs.
    fn settle(&self, w: &Weights, assignment: &[u32], open: Vec<u32>, bound: f64) -> Layout {
        let mut is_open = vec![false; self.places.len()];
        open.iter().for_each(|&p| is_open[p as usize] = true);
        let position = |d: usize, place: u32| {
            self.pairs[d].iter().position(|p| p.place == place).map_or(0, |i| i as u32)
        };
        let serves: Vec<u32> = assignment.iter().enumerate().map(|(d, &p)| position(d, p)).collect();
        let (second, kept) = if self.settings.datacenter.standby {
            self.seconds(assignment, &is_open)
        } else {
            (vec![None; assignment.len()], vec![0.0; self.places.len()])
        };
        let kept_kw: Vec<f64> = open.iter().map(|&p| kept[p as usize]).collect();
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
        let mut standby_cny_yr = 0.0;
        for (&p, kept_kw) in open.iter().zip(&kept_kw) {
            let place = &self.places[p as usize];
            let load_kw = load[p as usize];
            m.cost_cny_yr += self.base_cny_yr(p);
            // Racks that make up the smallest hall and stand empty, or are kept free.
            let built_kw = self.built_kw(p, load_kw, *kept_kw);
            m.cost_cny_yr += (built_kw - load_kw).max(0.0) * place.kw_cny * self.annuity();
            standby_cny_yr += if load_kw <= 0.0 && place.lock != kinds::Lock::Open {
                self.base_cny_yr(p) + built_kw * place.kw_cny * self.annuity()
            } else {
                (built_kw - self.built_kw(p, load_kw, 0.0)) * place.kw_cny * self.annuity()
            };
            if !place.existing {
                m.capex_cny += place.base_cny + built_kw * place.kw_cny;
            }
        }
        let valued: f64 = (self.demands.iter()).map(|d| d.racks * d.latency_value).sum();
        m.rtt_mean_ms = if valued > 0.0 { latency / valued } else { 0.0 };
        m.rtt_p95_ms = percentile(&mut slowness, 0.95);
        let objective =
            m.cost_cny_yr + w.ms_cny * latency + w.carbon_cny_t * m.carbon_t_yr + w.kwh_cny * m.energy_kwh_yr;
        let bound = bound.min(objective);
        Layout { open, serves, second, kept_kw, standby_cny_yr, below_floor, metrics: m, objective, bound }
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
