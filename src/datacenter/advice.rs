//! Everything about where compute should stand: demand, layout, reasons, and the curve of what less latency
//! and less carbon cost.

use super::centers::{CenterOfLayout, centers};
use super::clusters::{Clusters, find, place_nodes};
use super::demand::demands;
use super::exchange::{Exchange, exchange};
use super::places::{Place, places};
use super::study::{Layout, Metrics, Study, StudyError, Weights};
use super::tradeoff::{Point, chosen, curve, fastest_p95_ms, fastest_worst_ms};
use crate::coverage::latency::beside_transport_ms;
use crate::geom::LonLat;
use crate::model::inputs::Inputs;
use crate::model::kinds::Lock;
use crate::model::notes::Note;
use crate::model::planned::Certificate;
use crate::model::records::SiteId;
use crate::model::settings::{HallKind, Settings};
use crate::optimise::facility::FacilityError;
use crate::optimise::{Work, relative_gap};
use std::collections::{BTreeMap, BTreeSet};

/// What is to be least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objective {
    /// Cost, latency at `datacenter.ms_value_cny_yr`, carbon at `energy.carbon_cny_t`.
    Mix,
    /// Cost.
    Cost,
    /// Mean round trip; cost decides between equals.
    Latency,
    /// 95th percentile of the round trip; cost decides between equals.
    P95,
    /// Longest round trip; cost decides between equals.
    Worst,
    /// Carbon; cost decides between equals.
    Carbon,
    /// Electricity; cost decides between equals.
    Energy,
}

impl Objective {
    /// What makes latency or carbon outweigh any cost: yuan per rack and millisecond, yuan per tonne.
    const OUTWEIGHS: f64 = 1e7;
    /// The same of a kilowatt-hour, yuan.
    const KWH_OUTWEIGHS: f64 = 5e3;

    /// The weights; of the two limits on latency the least that there could be.
    fn weights(self, study: &Study) -> Weights {
        match self {
            Self::Mix => chosen(study),
            Self::Cost => Weights::COST,
            Self::Latency => Weights { ms_cny: Self::OUTWEIGHS, ..Weights::COST },
            Self::P95 => Weights { common_rtt_ms: fastest_p95_ms(study), ..Weights::COST },
            Self::Worst => Weights { worst_rtt_ms: fastest_worst_ms(study), ..Weights::COST },
            Self::Carbon => Weights { carbon_cny_t: Self::OUTWEIGHS, ..Weights::COST },
            Self::Energy => Weights { kwh_cny: Self::KWH_OUTWEIGHS, ..Weights::COST },
        }
    }
}

/// Demand at one place and the center that serves it.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// The sites.
    pub sites: Vec<SiteId>,
    /// Workload.
    pub workload: String,
    /// Standard racks.
    pub racks: f64,
    /// Center, by place in the list.
    pub center: u32,
    /// Second center within the limit; none where there is none.
    pub second: Option<u32>,
    /// Round trip, all parts included, ms.
    pub rtt_ms: f64,
    /// Limit, round trip, ms.
    pub max_rtt_ms: f64,
    /// Fiber, km.
    pub fiber_km: f64,
    /// Over the fiber of the layers, or assumed.
    pub over_fiber: bool,
}

/// Demand that no place serves within its limit.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Unmet {
    /// Workload.
    pub workload: String,
    /// Limit, round trip, ms.
    pub max_rtt_ms: f64,
    /// Whether the parts beside the transport exceed the limit by themselves, so that no place on earth helps.
    pub beside_transport: bool,
    /// Sites.
    pub sites: u64,
    /// Standard racks.
    pub racks: f64,
}

/// The answer.
#[derive(Clone, Debug, Default)]
pub struct Advice {
    /// Centers, in the order of their places: existing, edge, regional, hubs.
    pub centers: Vec<CenterOfLayout>,
    /// Who serves whom.
    pub assignments: Vec<Assignment>,
    /// What it amounts to.
    pub metrics: Metrics,
    /// No layout of the places looked at has a 95th percentile or a longest round trip below these, ms.
    pub least_p95_worst_ms: [f64; 2],
    /// Objective against its bound; none without demand.
    pub certificate: Option<Certificate>,
    /// The trade-off curve, from the cheapest point on.
    pub curve: Vec<Point>,
    /// Demand without a place.
    pub unmet: Vec<Unmet>,
    /// Racks served, general and AI.
    pub racks: [f64; 2],
    /// Racks with a second center within their limit that keeps room for them.
    pub backed_racks: f64,
    /// What second centers cost, yuan a year.
    pub standby_cny_yr: f64,
    /// Networks of fiber, by owner.
    pub owners: Vec<String>,
    /// Points where they are joined.
    pub exchanges: usize,
    /// Whether that is enough, and where more would help.
    pub exchange: Exchange,
    /// Racks reached over the fiber of the layers.
    pub over_fiber_racks: f64,
    /// Industrial clusters and their nodes.
    pub clusters: Clusters,
    /// Places looked at.
    pub places: usize,
    /// Remarks.
    pub notes: Vec<Note>,
}

/// A layout under its weights.
pub struct Placed<'a> {
    /// Demand, places and ways.
    pub study: Study<'a>,
    /// What was weighed how.
    pub weights: Weights,
    /// Which place serves whom.
    pub layout: Layout,
}

impl Placed<'_> {
    /// Objective against its bound; none without demand.
    #[must_use]
    pub fn certificate(&self) -> Option<Certificate> {
        (!self.study.demands.is_empty()).then(|| Certificate {
            stage: "datacenters",
            meaning: (
                "yearly cost of halls, electricity and transport, with latency and carbon at their weights"
                    .into(),
                "机房、电力与传输的年化成本（含时延与碳的折算）".into(),
            ),
            unit: "CNY/yr",
            objective: self.layout.objective,
            bound: self.layout.bound,
            gap: relative_gap(self.layout.objective, self.layout.bound),
            maximise: false,
        })
    }

    /// Remarks.
    #[must_use]
    pub fn notes(&self) -> Vec<Note> {
        notes(&self.study, &self.layout, &unmet(&self.study))
    }
}

/// Places centers for the given sites. `joined` tells of a site the node that its own fiber leads to and that
/// fiber's length, metres, where a plan has laid it.
///
/// # Errors
/// Locks, a number of centers or capacities that nothing can satisfy.
pub fn place<'a>(
    inputs: &'a Inputs,
    sites: &[SiteId],
    joined: &BTreeMap<u32, (String, f64)>,
    objective: Objective,
    settings: &'a Settings,
    work: Work<'_>,
) -> Result<Placed<'a>, StudyError> {
    let study = study(inputs, sites, joined, None, settings)?;
    let (weights, layout) = least(&study, objective, work)?;
    Ok(Placed { study, weights, layout })
}

/// Demand, places and ways. With `bought` no other place is built on than those, by id, and no more than the
/// smallest hall.
pub(super) fn study<'a>(
    inputs: &'a Inputs,
    sites: &[SiteId],
    joined: &BTreeMap<u32, (String, f64)>,
    bought: Option<&[String]>,
    settings: &'a Settings,
) -> Result<Study<'a>, StudyError> {
    let wanted = demands(inputs, sites, settings.datacenter.edge.max_racks / 4.0, settings);
    let mut places = places(inputs, &wanted, settings);
    if let Some(bought) = bought {
        for p in places.iter_mut().filter(|p| !p.existing) {
            if bought.contains(&p.id) {
                // No more racks than were paid for.
                p.free_kw = Some(p.free_kw.map_or(p.least_kw, |kw| kw.min(p.least_kw)));
            } else {
                p.lock = Lock::Shut;
            }
        }
    }
    Study::new(inputs, settings, wanted, places, joined)
}

/// The layout that an objective asks for. A limit on latency that capacities or the number of centers don't
/// let keep is raised to the least that they do.
pub(super) fn least(
    study: &Study,
    objective: Objective,
    work: Work<'_>,
) -> Result<(Weights, Layout), StudyError> {
    let weights = objective.weights(study);
    let limit_ms = match objective {
        Objective::Worst => weights.worst_rtt_ms,
        Objective::P95 => weights.common_rtt_ms,
        _ => return Ok((weights, study.layout(&weights, work)?)),
    };
    let first = match study.layout(&weights, work) {
        Ok(layout) => return Ok((weights, layout)),
        Err(StudyError::Facility(FacilityError::Malformed(why))) => {
            return Err(FacilityError::Malformed(why).into());
        }
        Err(e) => e,
    };
    let valued = (0..study.demands.len()).filter(|&d| study.demands[d].latency_value > 0.0);
    let mut limits: Vec<f64> = valued
        .flat_map(|d| study.pairs[d].iter().map(|p| study.rtt_ms(&p.way)))
        .filter(|ms| *ms > limit_ms)
        .collect();
    limits.sort_unstable_by(f64::total_cmp);
    limits.dedup();
    let under = |ms: f64| match objective {
        Objective::P95 => Weights { common_rtt_ms: ms, ..weights },
        _ => Weights { worst_rtt_ms: ms, ..weights },
    };
    let mut found = Err(first);
    let (mut low, mut high) = (0, limits.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let w = under(limits[middle]);
        match study.layout(&w, work) {
            Ok(layout) => (found, high) = (Ok((w, layout)), middle),
            Err(e) => {
                if found.is_err() {
                    found = Err(e);
                }
                low = middle + 1;
            }
        }
    }
    found
}

/// [`place`], with reasons, the curve and the clusters.
///
/// # Errors
/// As [`place`].
pub fn advise(
    inputs: &Inputs,
    sites: &[SiteId],
    joined: &BTreeMap<u32, (String, f64)>,
    objective: Objective,
    settings: &Settings,
    work: Work<'_>,
) -> Result<Advice, StudyError> {
    let placed = place(inputs, sites, joined, objective, settings, work)?;
    let (certificate, notes) = (placed.certificate(), placed.notes());
    let Placed { study, weights, layout } = placed;
    let curve = if study.demands.is_empty() {
        Vec::new()
    } else {
        let mixed =
            if objective == Objective::Mix { None } else { Some(study.layout(&chosen(&study), work)?) };
        curve(&study, mixed.as_ref().unwrap_or(&layout), work)?
    };
    let centers = centers(&study, &layout, &weights);
    let assignments = assignments(&study, &layout);
    let of = |kind| study.demands.iter().filter(move |d| d.hall == kind).map(|d| d.racks).sum::<f64>();
    let backed = |a: &&Assignment| a.second.is_some();
    let unmet = unmet(&study);
    Ok(Advice {
        metrics: layout.metrics,
        least_p95_worst_ms: [fastest_p95_ms(&study), fastest_worst_ms(&study)],
        certificate,
        racks: [of(HallKind::General), of(HallKind::Ai)],
        backed_racks: assignments.iter().filter(backed).map(|a| a.racks).sum(),
        standby_cny_yr: layout.standby_cny_yr,
        over_fiber_racks: assignments.iter().filter(|a| a.over_fiber).map(|a| a.racks).sum(),
        owners: study.transport.owners().to_vec(),
        exchanges: study.transport.exchanges(),
        exchange: exchange(inputs, sites, settings, work)?,
        clusters: place_nodes(
            inputs,
            find(inputs, sites, settings),
            opened(&study, &layout),
            settings,
            work,
        )?,
        places: study.places.len(),
        notes,
        centers,
        assignments,
        curve,
        unmet,
    })
}

/// The open places, their walls paid for, with the room that is left there.
fn opened(study: &Study, layout: &Layout) -> Vec<Place> {
    let mut used_kw: BTreeMap<u32, f64> =
        layout.open.iter().copied().zip(layout.kept_kw.iter().copied()).collect();
    for (d, &i) in layout.serves.iter().enumerate() {
        *used_kw.entry(study.pairs[d][i as usize].place).or_insert(0.0) += study.kw(d);
    }
    let with_room = used_kw.into_iter().map(|(p, used_kw)| {
        let place = &study.places[p as usize];
        let free_kw = place.free_kw.map(|kw| (kw - used_kw).max(0.0));
        Place { base_cny: 0.0, least_kw: 0.0, free_kw, ..place.clone() }
    });
    with_room.collect()
}

fn assignments(study: &Study, layout: &Layout) -> Vec<Assignment> {
    let number = |place: u32| layout.open.binary_search(&place).map_or(0, |i| i as u32);
    let names: Vec<&String> = study.settings.datacenter.workload.keys().collect();
    study
        .demands
        .iter()
        .enumerate()
        .map(|(d, demand)| {
            let pair = &study.pairs[d][layout.serves[d] as usize];
            Assignment {
                sites: demand.sites.clone(),
                workload: names[usize::from(demand.workload)].clone(),
                racks: demand.racks,
                center: number(pair.place),
                second: layout.second[d].map(|i| number(study.pairs[d][i as usize].place)),
                rtt_ms: study.rtt_ms(&pair.way),
                max_rtt_ms: demand.max_rtt_ms,
                fiber_km: pair.way.fiber_m / 1e3,
                over_fiber: pair.way.over_fiber,
            }
        })
        .collect()
}

fn unmet(study: &Study) -> Vec<Unmet> {
    let names: Vec<&String> = study.settings.datacenter.workload.keys().collect();
    let beside_ms = beside_transport_ms(&study.settings.latency);
    let mut by: BTreeMap<(u16, u64), (BTreeSet<SiteId>, f64)> = BTreeMap::new();
    for d in &study.unmet {
        let slot = by.entry((d.workload, d.max_rtt_ms.to_bits())).or_default();
        slot.0.extend(d.sites.iter().copied());
        slot.1 += d.racks;
    }
    by.into_iter()
        .map(|((workload, limit), (sites, racks))| Unmet {
            workload: names[usize::from(workload)].clone(),
            max_rtt_ms: f64::from_bits(limit),
            beside_transport: f64::from_bits(limit) < beside_ms,
            sites: sites.len() as u64,
            racks,
        })
        .collect()
}

fn notes(study: &Study, layout: &Layout, unmet: &[Unmet]) -> Vec<Note> {
    let mut notes = Vec::new();
    let s = &study.settings.datacenter;
    if study.transport.is_empty() {
        notes.push(Note::new(
            "N310",
            "no fiber is known: every way follows the great circle times latency.detour, with a switching hop at either end",
            "无光缆数据：所有路径按大圆距离乘迂回系数估算，两端各计一跳",
        ));
    } else if study.transport.owners().len() > 1 && study.transport.exchanges() == 0 {
        notes.push(Note::new(
            "N311",
            "the layers hold no exchange point (ixp) and no direct connection: networks of different owners aren't joined anywhere",
            "图层中无交换中心（ixp）或直联点：不同产权方的网络互不相通",
        ));
    }
    for u in unmet {
        let ms = u.max_rtt_ms;
        notes.push(if u.beside_transport {
            Note::new(
                "N312",
                format!("{} sites ask for {} within {ms} ms round trip, which air interface, user plane and application exceed before any transport: such control has to stay at the plant, or reach it by wire", u.sites, u.workload),
                format!("{} 家企业的 {} 业务要求往返 {ms} ms，空口、UPF 与应用本身已超过，须在厂内或有线解决", u.sites, u.workload),
            )
        } else {
            Note::new(
                "N313",
                format!("{} sites ask for {} within {ms} ms round trip, and no place is near enough by fiber", u.sites, u.workload),
                format!("{} 家企业的 {} 业务要求往返 {ms} ms，现有光路下无可用机房", u.sites, u.workload),
            )
        });
    }
    if s.standby {
        let alone = layout.second.iter().filter(|x| x.is_none()).count();
        if alone > 0 {
            let racks: f64 = (layout.second.iter().zip(&study.demands))
                .filter(|(x, _)| x.is_none())
                .map(|(_, d)| d.racks)
                .sum();
            notes.push(Note::new(
                "N314",
                format!("{racks:.2} racks reach no second place with room within their limit: if their center fails, so do they"),
                format!("{racks:.2} 架需求在时延限值内没有容量充足的第二机房：主用机房故障即中断"),
            ));
        }
    }
    if !layout.below_floor.is_empty() {
        notes.push(Note::new(
            "N315",
            format!(
                "{} new halls stay below the {:.0} % that datacenter.use_floor asks: nothing else is near enough for what they serve",
                layout.below_floor.len(),
                s.use_floor * 100.0
            ),
            format!("{} 处新建机房上架率低于 {:.0} %：其服务对象无其他可用机房", layout.below_floor.len(), s.use_floor * 100.0),
        ));
    }
    let unknown = layout.open.iter().filter(|&&p| {
        let place = &study.places[p as usize];
        place.existing && place.free_kw.is_none()
    });
    let unknown = unknown.count();
    if unknown > 0 {
        notes.push(Note::new(
            "N316",
            format!("{unknown} existing centers that serve don't tell their racks or power: they are taken to have room"),
            format!("{unknown} 处在用数据中心未给出机架或功率，按容量充足处理"),
        ));
    }
    notes
}

/// The site that stands for a group on a map.
#[must_use]
pub fn first_site_at(inputs: &Inputs, assignment: &Assignment) -> Option<LonLat> {
    assignment.sites.first().and_then(|s| inputs.sites.list.get(s.at())).map(|s| s.at)
}
