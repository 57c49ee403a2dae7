//! The centers of a plan: the same layout that [`advise`](super::advise) tells of, as parts of a plan.

use super::advice::{Objective, Placed, least, study};
use super::centers::centers;
use super::demand::demands;
use super::places::{Place, places};
use super::reasons::reason;
use super::study::StudyError;
use super::tradeoff::chosen;
use crate::model::inputs::Inputs;
use crate::model::kinds::{Lang, Lock};
use crate::model::notes::Note;
use crate::model::planned::{Center, Certificate, Connection, ConnectionState};
use crate::model::records::SiteId;
use crate::model::settings::Settings;
use crate::model::words::grouped;
use crate::optimise::Work;
use std::collections::BTreeMap;

/// Data centers of a plan.
#[derive(Clone, Debug, Default)]
pub struct DcPlan {
    /// Centers that serve or stand by: existing ones, then edge nodes, regional centers and hubs.
    pub centers: Vec<Center>,
    /// Yearly cost against its bound; none when there is nothing to place.
    pub certificate: Option<Certificate>,
    /// Remarks.
    pub notes: Vec<Note>,
}

/// The node that each site's own fiber leads to, and that fiber's length in metres, as a plan lays it.
#[must_use]
pub fn joined(inputs: &Inputs, connections: &[Connection]) -> BTreeMap<u32, (String, f64)> {
    let number: BTreeMap<&str, u32> =
        (0u32..).zip(&inputs.sites.list).map(|(i, s)| (inputs.sites.text.get(s.id), i)).collect();
    let laid = connections.iter().filter(|c| c.state == ConnectionState::Planned);
    laid.filter_map(|c| {
        let route_m = c.route_m? + c.lead_in_m.unwrap_or(0.0);
        Some((*number.get(c.id.as_str())?, (c.node.clone()?, route_m)))
    })
    .collect()
}

/// Where a plan for the given sites may open centers, as [`planned`] looks at it; those that exist come first.
#[must_use]
pub fn offered(inputs: &Inputs, sites: &[SiteId], settings: &Settings) -> Vec<Place> {
    let wanted = demands(inputs, sites, settings.datacenter.edge.max_racks / 4.0, settings);
    places(inputs, &wanted, settings)
}

/// Places the compute of the given sites, whose fiber is what stands and what `connections` lay. With `bought`
/// the new places of those ids are opened and no others, and demand that then finds no room is left out.
///
/// # Errors
/// Locks, a number of centers or capacities that nothing can satisfy.
pub fn planned(
    inputs: &Inputs,
    sites: &[SiteId],
    connections: &[Connection],
    bought: Option<&[String]>,
    settings: &Settings,
    work: Work<'_>,
) -> Result<DcPlan, StudyError> {
    if sites.is_empty() {
        return Ok(DcPlan::default());
    }
    // Where compute is today isn't known: to build some for it all would be to invent a need.
    if inputs.datacenters.is_empty() && offered(inputs, sites, settings).iter().all(|p| p.lock != Lock::Open)
    {
        let note = Note::new(
            "N319",
            "without a datacenters layer nobody knows where compute stands, so this plan opens none; `covplan centers` tells where it should stand",
            "缺少 datacenters 图层，现有算力位置未知，本规划不新建数据中心；`covplan centers` 可给出布局建议",
        );
        return Ok(DcPlan { notes: vec![note], ..DcPlan::default() });
    }
    let ways = joined(inputs, connections);
    let mut settings = settings.clone();
    settings.plan.lock.open.extend(bought.into_iter().flatten().cloned());
    let mut study = study(inputs, sites, &ways, bought, &settings)?;
    let mut over = None;
    let (weights, layout) = match least(&study, Objective::Mix, work) {
        Err(StudyError::Facility(_)) if bought.is_some() => {
            let racks = study.leave_out(&chosen(&study));
            over = Some(Note::new(
                "N318",
                format!(
                    "{racks:.1} racks find no room in the centers that exist and those that the budget opens"
                ),
                format!("{racks:.1} 架需求在现有机房与预算内新建机房中无容量"),
            ));
            least(&study, Objective::Mix, work)?
        }
        found => found?,
    };
    let placed = Placed { study, weights, layout };
    let say = |n: u64, _: Lang| grouped(i64::try_from(n).unwrap_or(i64::MAX));
    let mut new = 0;
    let list = centers(&placed.study, &placed.layout, &placed.weights);
    let centers = list.into_iter().map(|c| {
        let place = &placed.study.places[c.place as usize];
        let reason = reason(&c, &say, &|next| next.name.clone());
        new += u32::from(!c.existing);
        let city = c.city.as_ref().and_then(|code| inputs.regions.iter().find(|r| r.adcode == *code));
        Center {
            id: if c.existing { place.id.clone() } else { format!("DC-{new:05}") },
            name: city.map_or_else(|| c.name.1.clone(), |city| format!("{} ({})", c.name.1, city.name)),
            existing: c.existing,
            tier: c.tier,
            hall: c.hall,
            at: c.at,
            place: place.id.clone(),
            city: c.city,
            racks_used: c.racks_used,
            racks: c.racks,
            it_mw: c.it_mw,
            pue: c.pue,
            sites: c.sites,
            standby_sites: c.standby_sites,
            rtt_mean_ms: c.rtt_mean_ms,
            rtt_p95_ms: c.rtt_p95_ms,
            energy_kwh_yr: c.energy_kwh_yr,
            carbon_t_yr: c.carbon_t_yr,
            capex_cny: c.capex_cny,
            opex_cny_yr: c.opex_cny_yr,
            payer: settings.plan.payer.datacenter.clone(),
            phase: 0,
            reason,
        }
    });
    Ok(DcPlan {
        centers: centers.collect(),
        certificate: placed.certificate(),
        notes: placed.notes().into_iter().chain(over).collect(),
    })
}
