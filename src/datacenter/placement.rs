//! Which halls serve which sites.

use super::halls::Hall;
use super::study::annuity;
use crate::coverage::latency;
use crate::geom::LonLat;
use crate::index::{PointIndex, RegionIndex};
use crate::model::grid::{Grid, HOURS_PER_YEAR};
use crate::model::inputs::Inputs;
use crate::model::kinds;
use crate::model::notes::Note;
use crate::model::planned::{Center, Certificate};
use crate::model::records::SiteId;
use crate::model::said::Bilingual;
use crate::model::settings::Settings;
use crate::optimise::Work;
use crate::optimise::cover::{Lock, SparseRows};
use crate::optimise::facility::{self, Capacity, Count, FacilityError, FacilityProblem};

/// Halls considered per group of sites, nearest first: farther ones are never the better choice unless all
/// nearer ones are full.
const NEAREST_HALLS: usize = 40;
/// Sites of one cell of this size are served together, degrees: about a kilometre.
const GROUP_DEG: f64 = 0.01;
/// Below this number sites are served one by one.
const UNGROUPED: usize = 4000;

/// Data centers of a plan.
#[derive(Clone, Debug, Default)]
pub struct DcPlan {
    /// Halls that serve somebody: existing ones, then new ones, each in the order of their list.
    pub centers: Vec<Center>,
    /// Per site of the request the index of its center, if any is near enough.
    pub serves: Vec<Option<u32>>,
    /// Yearly cost against its bound; none when there is nothing to place.
    pub certificate: Option<Certificate>,
    /// Remarks.
    pub notes: Vec<Note>,
}

/// Why there is no placement.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PlacementError {
    /// The location problem has no answer.
    #[error(transparent)]
    Facility(#[from] FacilityError),
}

impl Bilingual for PlacementError {
    fn zh(&self) -> String {
        match self {
            Self::Facility(e) => e.zh(),
        }
    }
}

struct Group {
    at: LonLat,
    sites: Vec<usize>,
    racks: f64,
}

/// Serves the compute of the given sites at least yearly cost: annuity of new halls, energy, and what
/// latency is worth. Only halls within `datacenter.transport_max_rtt_ms` of a site may serve it.
///
/// # Errors
/// Locks or a number of centers that nothing can satisfy.
pub fn place(
    inputs: &Inputs,
    sites: &[SiteId],
    halls: &[Hall],
    settings: &Settings,
    work: Work<'_>,
) -> Result<DcPlan, PlacementError> {
    let s = &settings.datacenter;
    let mut plan = DcPlan { serves: vec![None; sites.len()], ..DcPlan::default() };
    if sites.is_empty() {
        return Ok(plan);
    }
    let groups = group(inputs, sites, s.site_racks);
    let index = PointIndex::of((0u32..).zip(halls.iter().map(|h| h.at)));
    let regions = RegionIndex::new(inputs.regions.iter().map(|r| &r.shape));
    let grid_at = |at: LonLat| {
        let mut found = Vec::new();
        regions.locate(at, &mut found);
        let around = found.iter().map(|&i| &inputs.regions[i as usize]);
        (
            Grid::of(around.clone(), &settings.energy),
            around.into_iter().find(|r| r.level == kinds::RegionLevel::City),
        )
    };
    let carbon_cny_t = settings.energy.carbon_cny_t;
    let kwh_per_rack = |h: &Hall| s.rack_kw * h.pue * HOURS_PER_YEAR;
    let energy_cny: Vec<f64> =
        halls.iter().map(|h| kwh_per_rack(h) * grid_at(h.at).0.cny_kwh(carbon_cny_t)).collect();

    // A hall far away serves whoever a nearer one isn't worth its cost for: the last column.
    let far_cny =
        s.rack_kw * s.pue * HOURS_PER_YEAR * Grid::of([].iter(), &settings.energy).cny_kwh(carbon_cny_t)
            + s.far_rtt_ms * s.ms_value_cny_yr;
    let reach_m = latency::reach_m(s.transport_max_rtt_ms, &settings.latency);
    let mut near = Vec::new();
    let mut served: Vec<usize> = Vec::new();
    let mut rows = Vec::new();
    for (g, group) in groups.iter().enumerate() {
        index.nearest_k(group.at, NEAREST_HALLS, reach_m, &mut near);
        if near.is_empty() {
            continue;
        }
        served.push(g);
        rows.push(
            std::iter::once((halls.len() as u32, group.racks * far_cny))
                .chain(near.iter().map(|hit| {
                    let ms = latency::transport_rtt_ms(hit.distance_m, &settings.latency);
                    let per_rack = energy_cny[hit.index as usize] + ms * s.ms_value_cny_yr;
                    (hit.index, group.racks * per_rack)
                }))
                .collect::<Vec<_>>(),
        );
    }
    let beyond: usize = groups.iter().map(|g| g.sites.len()).sum::<usize>()
        - served.iter().map(|&g| groups[g].sites.len()).sum::<usize>();
    if beyond > 0 {
        plan.notes.push(Note::new(
            "N301",
            format!(
                "{beyond} sites have no hall or room within {} ms of transport, round trip",
                s.transport_max_rtt_ms
            ),
            format!("{beyond} 家企业在传输往返 {} ms 内没有机房", s.transport_max_rtt_ms),
        ));
    }
    if served.is_empty() {
        return Ok(plan);
    }
    let annuity = annuity(settings.plan.discount_rate, f64::from(settings.plan.years));
    let mut problem = FacilityProblem {
        service: SparseRows::from_rows(rows),
        opening: halls.iter().map(|h| h.capex_cny * annuity).chain([0.0]).collect(),
        locks: halls
            .iter()
            .map(|h| match h.lock {
                kinds::Lock::Free => Lock::Free,
                kinds::Lock::Open => Lock::Open,
                kinds::Lock::Shut => Lock::Shut,
            })
            .chain([Lock::Open])
            .collect(),
        count: if s.max_centers > 0 { Count::AtMost(s.max_centers as usize + 1) } else { Count::Any },
        capacity: None,
        beyond: None,
    };
    // Without capacities the bound is tighter; where the answer keeps them anyway, it is the answer.
    let demand: Vec<f64> = served.iter().map(|&g| groups[g].racks).collect();
    let total: f64 = demand.iter().sum();
    let capacity: Vec<f64> = halls.iter().map(|h| h.racks_free.unwrap_or(total)).chain([total]).collect();
    let mut found = facility::solve(&problem, work)?;
    let mut load = vec![0.0; halls.len() + 1];
    for (&hall, racks) in found.value.assignment.iter().zip(&demand) {
        load[hall as usize] += racks;
    }
    if load.iter().zip(&capacity).any(|(l, c)| *l > c * (1.0 + 1e-9)) {
        problem.capacity = Some(Capacity { of: capacity, demand });
        found = facility::solve(&problem, work)?;
    }
    plan.certificate = Some(Certificate {
        stage: "datacenters",
        meaning: ("yearly cost of halls, energy and latency".into(), "机房、能耗与时延的年化成本".into()),
        unit: "CNY/yr",
        objective: found.objective,
        bound: found.bound,
        gap: found.gap(),
        maximise: false,
    });

    let mut number = vec![None; halls.len() + 1];
    let used: Vec<usize> =
        (0..halls.len()).filter(|&h| found.value.assignment.contains(&(h as u32))).collect();
    for (n, &h) in used.iter().enumerate() {
        number[h] = Some(n as u32);
    }
    for (&g, hall) in served.iter().zip(&found.value.assignment) {
        for &site in &groups[g].sites {
            plan.serves[site] = number[*hall as usize];
        }
    }
    let far = plan.serves.iter().filter(|s| s.is_none()).count() - beyond;
    if far > 0 {
        plan.notes.push(Note::new(
            "N302",
            format!("{far} sites are left to halls far away ({} ms): a nearer one would cost more than it is worth", s.far_rtt_ms),
            format!("{far} 家企业由远端机房（{} ms）服务：就近新建的成本高于收益", s.far_rtt_ms),
        ));
    }
    let mut new = 0;
    for (n, &h) in used.iter().enumerate() {
        let hall = &halls[h];
        let mut rtt: Vec<f64> = Vec::new();
        let mut racks = 0.0;
        for (&site, _) in sites.iter().zip(&plan.serves).filter(|(_, by)| **by == Some(n as u32)) {
            let m = crate::geom::sphere_m(inputs.sites.list[site.at()].at, hall.at);
            rtt.push(latency::round_trip_ms(m, &settings.latency));
            racks += s.site_racks;
        }
        rtt.sort_unstable_by(f64::total_cmp);
        let kwh = racks * kwh_per_rack(hall);
        let (grid, city) = grid_at(hall.at);
        if !hall.existing {
            new += 1;
        }
        let name = city.map_or_else(|| hall.name.clone(), |c| format!("{} ({})", hall.name, c.name));
        let mean = rtt.iter().sum::<f64>() / rtt.len().max(1) as f64;
        plan.centers.push(Center {
            id: if hall.existing { hall.id.clone() } else { format!("DC-{new:05}") },
            name,
            existing: hall.existing,
            tier: hall.tier,
            at: hall.at,
            place: hall.id.clone(),
            city: city.map(|c| c.adcode.clone()),
            racks_used: racks,
            racks: hall.racks_free,
            it_mw: racks * s.rack_kw / 1e3,
            pue: hall.pue,
            sites: rtt.len() as u64,
            rtt_mean_ms: mean,
            rtt_p95_ms: rtt.get((rtt.len() * 95).div_ceil(100).saturating_sub(1)).copied().unwrap_or(mean),
            energy_kwh_yr: kwh,
            carbon_t_yr: grid.carbon_t(kwh),
            capex_cny: hall.capex_cny,
            opex_cny_yr: kwh * grid.cny_kwh(carbon_cny_t),
            payer: settings.plan.payer.datacenter.clone(),
            phase: 0,
            reason: reason(hall, rtt.len(), mean, halls, &index),
        });
    }
    Ok(plan)
}

fn reason(hall: &Hall, sites: usize, mean_ms: f64, halls: &[Hall], index: &PointIndex) -> (String, String) {
    let mut near = Vec::new();
    index.nearest_k(hall.at, 2, f64::INFINITY, &mut near);
    let next = near.iter().find(|n| halls[n.index as usize].id != hall.id);
    let next_en = next.map_or(String::new(), |n| {
        format!("; the next place, {}, is {:.0} km away", halls[n.index as usize].name, n.distance_m / 1e3)
    });
    let next_zh = next.map_or(String::new(), |n| {
        format!("；最近的另一处 {} 相距 {:.0} km", halls[n.index as usize].name, n.distance_m / 1e3)
    });
    let (why, why_zh) = if hall.existing {
        ("exists and has room", "已建且有余量")
    } else {
        (
            "opening it costs less per year than the latency and energy it saves, or no hall is near enough",
            "年化成本低于其节省的时延与能耗，或附近没有可用机房",
        )
    };
    (
        format!("{why}; serves {sites} sites at {mean_ms:.1} ms mean round trip{next_en}"),
        format!("{why_zh}；服务 {sites} 家企业，平均往返 {mean_ms:.1} ms{next_zh}"),
    )
}

/// Sites one by one, or gathered by cells of a kilometre when there are many. The order is that of the
/// first site of each group.
fn group(inputs: &Inputs, sites: &[SiteId], racks_per_site: f64) -> Vec<Group> {
    let position = |s: SiteId| inputs.sites.list[s.at()].at;
    if sites.len() <= UNGROUPED {
        return sites
            .iter()
            .enumerate()
            .map(|(i, &s)| Group { at: position(s), sites: vec![i], racks: racks_per_site })
            .collect();
    }
    let mut by_cell = std::collections::BTreeMap::new();
    let mut groups: Vec<Group> = Vec::new();
    for (i, &s) in sites.iter().enumerate() {
        let at = position(s);
        let cell = ((at.lon_deg() / GROUP_DEG).floor() as i64, (at.lat_deg() / GROUP_DEG).floor() as i64);
        let g = *by_cell.entry(cell).or_insert(groups.len());
        if g == groups.len() {
            groups.push(Group { at, sites: Vec::new(), racks: 0.0 });
        }
        groups[g].sites.push(i);
        groups[g].racks += racks_per_site;
    }
    groups
}
