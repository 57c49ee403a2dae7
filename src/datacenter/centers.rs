//! The centers of a layout, each with what it serves and why it stands where it stands.

use super::places::{FactorSource, same_place};
use super::study::{Layout, Pair, Parts, Study, Weights, percentile};
use crate::geom::LonLat;
use crate::model::kinds::{DcTier, Lock};
use crate::model::settings::HallKind;
use serde::Serialize;
use std::collections::BTreeSet;

/// What keeps a center where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Binding {
    /// The planner's decision.
    Lock,
    /// Some demand reaches no other place within its latency limit.
    Latency,
    /// It only stands by: some demand reaches no other second center within its limit.
    Standby,
    /// It is full.
    Capacity,
    /// It exists, and has room: nothing is built.
    Existing,
    /// Any other place costs more.
    Cost,
}

impl Binding {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Lock, Self::Latency, Self::Standby, Self::Capacity, Self::Existing, Self::Cost];

    /// Code in files.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Lock => "lock",
            Self::Latency => "latency",
            Self::Standby => "standby",
            Self::Capacity => "capacity",
            Self::Existing => "existing",
            Self::Cost => "cost",
        }
    }
}

/// The next best place for what a center does.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NextBest {
    /// Id of the place that would be opened; none where the centers that are open take it all over.
    pub place: Option<String>,
    /// Its name, English and Chinese.
    #[serde(skip)]
    pub name: (String, String),
    /// Whether that name is public.
    #[serde(skip)]
    pub public: bool,
    /// What the objective would rise by, yuan a year; capacities left aside.
    pub extra_cny_yr: f64,
    /// Of what that rise is made.
    pub extra: Parts,
}

/// A center of a layout.
#[derive(Clone, Debug, Serialize)]
pub struct CenterOfLayout {
    /// `dc_id`, or the id of the place with `-AI` where it is a hall for AI.
    pub id: String,
    /// Name, English and Chinese.
    #[serde(skip)]
    pub name: (String, String),
    /// Place among [`Study::places`].
    #[serde(skip)]
    pub place: u32,
    /// Tier.
    #[serde(skip)]
    pub tier: DcTier,
    /// Whether it exists.
    pub existing: bool,
    /// Kind of hall; none where it takes both.
    pub hall: Option<HallKind>,
    /// Position.
    #[serde(skip)]
    pub at: LonLat,
    /// Whether place and name are public: a town or a national cluster.
    #[serde(skip)]
    pub public: bool,
    /// City (adcode), when known.
    pub city: Option<String>,
    /// Standard racks in use by the demand served.
    pub racks_used: f64,
    /// Standard racks kept free for what one failed center serves.
    pub racks_kept: f64,
    /// Standard racks that it has free today, or that are built; none where not known.
    pub racks: Option<f64>,
    /// IT power of the racks used, MW.
    pub it_mw: f64,
    /// Racks used over racks; none where these aren't known.
    pub use_share: Option<f64>,
    /// Racks used by workload.
    pub workloads: Vec<(String, f64)>,
    /// Sites served.
    pub sites: u64,
    /// Sites for which it stands by.
    pub standby_sites: u64,
    /// Round trip, all parts included: mean by racks, ms; none where it serves nobody.
    pub rtt_mean_ms: Option<f64>,
    /// 95th percentile by racks, ms.
    pub rtt_p95_ms: Option<f64>,
    /// Longest, ms.
    pub rtt_worst_ms: Option<f64>,
    /// Mean round trip by the network that sites would use, ms; none where no fiber of it leads here.
    pub rtt_by_network: Vec<(String, Option<f64>)>,
    /// 95th percentile of the fiber to its demand, km.
    pub fiber_p95_km: f64,
    /// Share of racks reached over the fiber of the layers; the rest over an assumed way.
    pub over_fiber: f64,
    /// PUE.
    pub pue: f64,
    /// Whether that PUE is the layer's.
    pub pue_given: bool,
    /// Electricity, kWh a year.
    pub energy_kwh_yr: f64,
    /// Carbon, tonnes CO2 a year.
    pub carbon_t_yr: f64,
    /// Emission factor, kg CO2 per kWh.
    pub kg_kwh: f64,
    /// Where that factor comes from.
    pub factor: FactorSource,
    /// Green power at hand, MW; an indicator.
    pub green_mw: Option<f64>,
    /// Capex, yuan.
    pub capex_cny: f64,
    /// Annuity of the capex, electricity and transport, yuan a year.
    pub cost_cny_yr: f64,
    /// Of it electricity and transport, yuan a year.
    pub opex_cny_yr: f64,
    /// Emptier than the floor asks.
    pub below_floor: bool,
    /// What keeps it here.
    pub binding: Binding,
    /// Racks of demand that reach no other place within their limit.
    pub only_here_racks: f64,
    /// The next best place; none where no other will do.
    pub next: Option<NextBest>,
}

/// The centers of a layout in the order of its places.
#[must_use]
pub fn centers(study: &Study, layout: &Layout, w: &Weights) -> Vec<CenterOfLayout> {
    let open = layout.open.iter().zip(&layout.kept_kw);
    open.map(|(&p, &kept_kw)| center(study, layout, w, p, kept_kw)).collect()
}

fn center(study: &Study, layout: &Layout, w: &Weights, p: u32, kept_kw: f64) -> CenterOfLayout {
    let place = &study.places[p as usize];
    let s = &study.settings.datacenter;
    let served: Vec<(usize, &Pair)> = layout
        .serves
        .iter()
        .enumerate()
        .map(|(d, &i)| (d, &study.pairs[d][i as usize]))
        .filter(|(_, pair)| pair.place == p)
        .collect();
    let stands_by = |d: usize| layout.second[d].is_some_and(|i| study.pairs[d][i as usize].place == p);
    let mut sites = BTreeSet::new();
    let mut standby = BTreeSet::new();
    let mut by_workload = vec![0.0; s.workload.len()];
    let (mut racks, mut kwh, mut service, mut over_fiber) = (0.0, 0.0, 0.0, 0.0);
    let (mut slowness, mut fiber) = (Vec::new(), Vec::new());
    for &(d, pair) in &served {
        let demand = &study.demands[d];
        sites.extend(demand.sites.iter().copied());
        racks += demand.racks;
        by_workload[usize::from(demand.workload)] += demand.racks;
        kwh += study.kwh_yr(d, p);
        service += study.service_cny_yr(d, pair);
        slowness.push((study.rtt_ms(&pair.way), demand.racks));
        fiber.push((pair.way.fiber_m / 1e3, demand.racks));
        over_fiber += if pair.way.over_fiber { demand.racks } else { 0.0 };
    }
    for d in (0..study.demands.len()).filter(|&d| stands_by(d)) {
        standby.extend(study.demands[d].sites.iter().copied());
    }
    let used_kw = racks * s.rack_kw;
    let built_kw = if place.existing { place.free_kw } else { Some(study.built_kw(p, used_kw, kept_kw)) };
    let mean = slowness.iter().map(|(ms, r)| ms * r).sum::<f64>() / racks;
    let only = |x: &&(usize, &Pair)| {
        !study.pairs[x.0].iter().any(|p| !same_place(&study.places[p.place as usize], place))
    };
    let only_here_racks: f64 = served.iter().filter(only).map(|(d, _)| study.demands[*d].racks).sum();
    let full = place.free_kw.is_some_and(|c| used_kw + kept_kw >= 0.99 * c);
    let binding = match () {
        () if place.lock == Lock::Open => Binding::Lock,
        () if served.is_empty() && !standby.is_empty() => Binding::Standby,
        () if only_here_racks > 0.0 => Binding::Latency,
        () if full => Binding::Capacity,
        () if place.existing => Binding::Existing,
        () => Binding::Cost,
    };
    let all_kw = study.built_kw(p, used_kw, kept_kw);
    let empty_kw = if place.existing { 0.0 } else { (all_kw - used_kw).max(0.0) };
    let base = study.base_cny_yr(p) + empty_kw * place.kw_cny * study.annuity();
    CenterOfLayout {
        id: place.id.clone(),
        name: place.name.clone(),
        place: p,
        tier: place.tier,
        existing: place.existing,
        hall: place.hall,
        at: place.at,
        public: place.public,
        city: place.city.clone(),
        racks_used: racks,
        racks_kept: kept_kw / s.rack_kw,
        racks: built_kw.map(|kw| kw / s.rack_kw),
        it_mw: used_kw / 1e3,
        use_share: built_kw.filter(|kw| *kw > 0.0).map(|kw| used_kw / kw),
        workloads: s.workload.keys().cloned().zip(by_workload).filter(|(_, racks)| *racks > 0.0).collect(),
        sites: sites.len() as u64,
        standby_sites: standby.len() as u64,
        rtt_mean_ms: (racks > 0.0).then_some(mean),
        rtt_p95_ms: (racks > 0.0).then(|| percentile(&mut slowness, 0.95)),
        rtt_worst_ms: slowness.iter().map(|s| s.0).reduce(f64::max),
        rtt_by_network: by_network(study, &served, p),
        fiber_p95_km: percentile(&mut fiber, 0.95),
        over_fiber: if racks > 0.0 { over_fiber / racks } else { 0.0 },
        pue: place.pue,
        pue_given: place.pue_given,
        energy_kwh_yr: kwh,
        carbon_t_yr: place.grid.carbon_t(kwh),
        kg_kwh: place.grid.kg_kwh,
        factor: place.factor,
        green_mw: place.green_mw,
        capex_cny: if place.existing { 0.0 } else { place.base_cny + all_kw * place.kw_cny },
        cost_cny_yr: service + base,
        opex_cny_yr: service - used_kw * place.kw_cny * study.annuity(),
        below_floor: layout.below_floor.contains(&p),
        binding,
        only_here_racks,
        next: next_best(study, layout, w, p, &served),
    }
}

/// Mean round trip to a center by the network that its sites would use.
fn by_network(study: &Study, served: &[(usize, &Pair)], p: u32) -> Vec<(String, Option<f64>)> {
    let owners = study.transport.owners();
    if served.is_empty() || owners.len() < 2 {
        return Vec::new();
    }
    let place = &study.places[p as usize];
    let ways = study.transport.from_hall(place.at, place.operator.as_deref());
    (0u16..)
        .zip(owners)
        .map(|(o, name)| {
            let (mut sum, mut racks) = (0.0, 0.0);
            for &(d, _) in served {
                let way = ways.to(study.demands[d].at, &study.access[d], Some(o));
                if way.over_fiber {
                    sum += study.rtt_ms(&way) * study.demands[d].racks;
                    racks += study.demands[d].racks;
                }
            }
            (name.clone(), (racks > 0.0).then(|| sum / racks))
        })
        .collect()
}

/// What the objective would be without this center: its demand goes to the open centers and at most one place
/// that is opened in its stead. Capacities are left aside.
fn next_best(
    study: &Study,
    layout: &Layout,
    w: &Weights,
    p: u32,
    served: &[(usize, &Pair)],
) -> Option<NextBest> {
    if served.is_empty() {
        return None;
    }
    // What only stands by would need a second center itself: it counts as one to be opened. Another hall at
    // the same place is no other place.
    let mut is_open = vec![false; study.places.len()];
    for (d, &i) in layout.serves.iter().enumerate() {
        is_open[study.pairs[d][i as usize].place as usize] = true;
    }
    let here: Vec<bool> = study.places.iter().map(|x| same_place(x, &study.places[p as usize])).collect();
    let now: f64 =
        served.iter().map(|(d, pair)| study.weighted(*d, pair, w)).sum::<f64>() + study.base_cny_yr(p);
    // What each demand would cost at the best of the open ones; and what a newcomer saves against that.
    let fallback: Vec<Option<f64>> = served
        .iter()
        .map(|(d, _)| {
            let others =
                study.pairs[*d].iter().filter(|x| !here[x.place as usize] && is_open[x.place as usize]);
            others.map(|x| study.weighted(*d, x, w)).min_by(f64::total_cmp)
        })
        .collect();
    let lost = fallback.iter().filter(|f| f.is_none()).count();
    let kept: f64 = fallback.iter().flatten().sum();
    let mut best: Option<(f64, Option<u32>)> = (lost == 0).then_some((kept, None));
    // Per newcomer: how many of the lost it serves, what they cost there, and what the others save.
    let mut serves = vec![0usize; study.places.len()];
    let mut cost = vec![0.0f64; study.places.len()];
    for ((d, _), fallback) in served.iter().zip(&fallback) {
        for x in study.pairs[*d].iter().filter(|x| !here[x.place as usize] && !is_open[x.place as usize]) {
            let here = study.weighted(*d, x, w);
            match fallback {
                None => {
                    serves[x.place as usize] += 1;
                    cost[x.place as usize] += here;
                }
                Some(other) => cost[x.place as usize] += (here - other).min(0.0),
            }
        }
    }
    for (c, n) in (0u32..).zip(&serves) {
        if *n == lost && (lost > 0 || cost[c as usize] < 0.0) {
            let total = kept + cost[c as usize] + study.base_cny_yr(c);
            if best.is_none_or(|b| total < b.0) {
                best = Some((total, Some(c)));
            }
        }
    }
    best.map(|(total, c)| {
        // Who goes where then, for the parts of the difference.
        let base = |p: u32| Parts { halls: study.base_cny_yr(p), ..Parts::default() };
        let mut extra = c.map_or_else(Parts::default, base).plus(base(p), -1.0);
        for (d, pair) in served {
            let then = study.pairs[*d].iter().filter(|x| {
                let taken = is_open[x.place as usize] && !here[x.place as usize];
                taken || Some(x.place) == c
            });
            let then = then.min_by(|a, b| study.weighted(*d, a, w).total_cmp(&study.weighted(*d, b, w)));
            let then = then.map_or_else(Parts::default, |x| study.parts(*d, x, w));
            extra = extra.plus(then, 1.0).plus(study.parts(*d, pair, w), -1.0);
        }
        let place = c.map(|c| &study.places[c as usize]);
        NextBest {
            place: place.map(|p| p.id.clone()),
            name: place.map_or_else(Default::default, |p| p.name.clone()),
            public: place.is_some_and(|p| p.public),
            extra_cny_yr: total - now,
            extra,
        }
    })
}
