//! Where antennas could stand: the candidates layer, towers that carry cells already, roofs of factories
//! that lack coverage, and new towers among them.

use super::halls::{IndoorSystem, IndoorSystems};
use crate::coverage::Assessment;
use crate::geom::{LocalFrame, LonLat, Xy};
use crate::index::PointIndex;
use crate::model::inputs::Inputs;
use crate::model::kinds::{CandidateKind, CellKind, Indoor5g, Lock, Rat};
use crate::model::operators::NetworkId;
use crate::model::planned::StationBuild;
use crate::model::records::{Site, SiteId};
use crate::model::settings::Settings;
use std::collections::BTreeSet;

/// New towers stand at least this far from each other: half the reach of an urban macro cell.
const NEW_TOWER_SPACING_M: f64 = 1500.0;

/// A place where a station could be built.
#[derive(Clone, Debug)]
pub struct Place {
    /// `cand_id`, or an id made from what it stands on (`T-…`, `ROOF-…`, `NEW-…`).
    pub id: String,
    /// How it would be built.
    pub build: StationBuild,
    /// Position.
    pub at: LonLat,
    /// Antenna height above ground, metres.
    pub height_m: f64,
    /// Capex, yuan.
    pub capex_cny: f64,
    /// Mean power of what is built there, kW.
    pub kw: f64,
    /// Nodes of an indoor system, where the hall's area is known.
    pub nodes: Option<u32>,
    /// Rent per year, yuan.
    pub rent_cny_yr: f64,
    /// Who pays.
    pub payer: String,
    /// Owner, when the place is another's.
    pub owner: Option<String>,
    /// The planner's decision.
    pub lock: Lock,
    /// Networks that may use it; none: all of them.
    pub networks: Vec<NetworkId>,
    /// Factory whose roof or hall it is.
    pub host: Option<SiteId>,
    /// Whether the place was made from other layers rather than read.
    pub made: bool,
}

fn build_of(kind: CandidateKind) -> StationBuild {
    match kind {
        CandidateKind::Tower => StationBuild::SharedTower,
        CandidateKind::Roof => StationBuild::Roof,
        CandidateKind::Pole | CandidateKind::Lamp => StationBuild::Pole,
        CandidateKind::New => StationBuild::NewTower,
    }
}

/// Default capex, yearly rent, height and payer of a way to build.
fn defaults(build: StationBuild, s: &Settings) -> (f64, f64, f64, String) {
    let (siting, h, payer) = (&s.siting, &s.radio.height_m, &s.plan.payer);
    match build {
        StationBuild::SharedTower => {
            (siting.shared_station_cny, siting.tower_rent_cny_yr, h.r#macro, payer.station.clone())
        }
        StationBuild::Roof => (siting.roof_station_cny, 0.0, siting.roof_height_m, payer.station.clone()),
        StationBuild::Pole => (siting.pole_station_cny, 0.0, h.micro, payer.station.clone()),
        StationBuild::NewTower => (siting.new_station_cny, 0.0, h.r#macro, payer.tower.clone()),
        // Height and mast are the station's own; no slot more is rented.
        StationBuild::Upgrade => (siting.upgrade_cny, 0.0, h.r#macro, payer.station.clone()),
        StationBuild::Indoor => (siting.indoor_system_cny, 0.0, h.indoor, payer.indoor.clone()),
    }
}

/// Every place that the plan may use near the given sites, in a stable order: candidates as read, towers,
/// indoor systems, roofs, new towers.
///
/// Candidates without a free slot and places shut by `lock = shut` or `plan.lock.shut` are left out.
/// Towers of the cells layer that a candidate names, or that stand within `siting.cluster_m` of one, are
/// not listed twice.
#[must_use]
pub fn places(inputs: &Inputs, today: &Assessment, needy: &[SiteId], settings: &Settings) -> Vec<Place> {
    let shut = |id: &str| settings.plan.lock.shut.iter().any(|s| s == id);
    let opened = |id: &str| settings.plan.lock.open.iter().any(|s| s == id);
    let mut out = Vec::new();
    let make = |id: String, build: StationBuild, at: LonLat, made: bool| {
        let (capex_cny, rent_cny_yr, height_m, payer) = defaults(build, settings);
        let lock = if opened(&id) { Lock::Open } else { Lock::Free };
        let kw = match build {
            StationBuild::Pole | StationBuild::Indoor => settings.siting.station_kw * 0.3,
            StationBuild::Upgrade => settings.siting.upgrade_kw,
            _ => settings.siting.station_kw,
        };
        Place {
            id,
            build,
            at,
            height_m,
            capex_cny,
            kw,
            nodes: None,
            rent_cny_yr,
            payer,
            owner: None,
            lock,
            networks: Vec::new(),
            host: None,
            made,
        }
    };
    let reach_m = settings.radio.search_radius_m;
    let near_need = PointIndex::of((0..).zip(needy.iter().map(|s| inputs.sites.list[s.at()].at)));
    let useful = |at: LonLat| near_need.nearest(at).is_some_and(|hit| hit.distance_m <= reach_m);

    for c in &inputs.candidates {
        let locked_open = c.lock == Lock::Open || opened(&c.id);
        if c.lock == Lock::Shut || shut(&c.id) || c.slots_free == Some(0) && !locked_open {
            continue;
        }
        if !locked_open && !useful(c.at) {
            continue;
        }
        let mut p = make(c.id.clone(), build_of(c.kind), c.at, c.made);
        p.height_m = c.height_m.unwrap_or(p.height_m);
        p.capex_cny = c.capex_cny.unwrap_or(p.capex_cny);
        p.rent_cny_yr = c.rent_cny_yr.unwrap_or(p.rent_cny_yr);
        p.payer = c.payer.clone().unwrap_or(p.payer);
        p.owner = c.owner.clone();
        p.lock = if locked_open { Lock::Open } else { Lock::Free };
        out.push(p);
    }

    let listed = PointIndex::of((0..).zip(inputs.candidates.iter().map(|c| c.at)));
    for tower in &today.towers.list {
        let id = format!("T-{}", tower.id);
        let named = inputs.candidates.iter().any(|c| c.tower_id.as_deref() == Some(tower.id.as_str()));
        let beside = listed.nearest(tower.at).is_some_and(|hit| hit.distance_m <= settings.siting.cluster_m);
        if named || beside || shut(&id) || !(useful(tower.at) || opened(&id)) {
            continue;
        }
        out.push(make(id, StationBuild::SharedTower, tower.at, true));
    }

    for tower in upgradable(inputs, today, settings) {
        let id = format!("UP-{}", tower.id);
        if shut(&id) || !(useful(tower.at) || opened(&id)) {
            continue;
        }
        let mut p = make(id, StationBuild::Upgrade, tower.at, true);
        (p.height_m, p.networks) = (tower.height_m.unwrap_or(p.height_m), tower.networks);
        out.push(p);
    }

    // An indoor system is offered only where the data say that there is none: unknown is no gap.
    let bare = |s: &Site| s.indoor_5g == Some(Indoor5g::None);
    let halls = needy.iter().map(|s| &inputs.sites.list[s.at()]).filter(|s| bare(s));
    let systems = IndoorSystems::new(halls, settings);
    for &site in needy {
        let s = &inputs.sites.list[site.at()];
        let name = inputs.sites.text.get(s.id);
        for (prefix, build) in [("IN", StationBuild::Indoor), ("ROOF", StationBuild::Roof)] {
            let system = match build {
                StationBuild::Indoor if bare(s) => systems.of(s),
                _ => None,
            };
            if build == StationBuild::Indoor && system.is_none() {
                continue;
            }
            let id = format!("{prefix}-{name}");
            if shut(&id) || shut(name) {
                continue;
            }
            let mut p = make(id, build, s.at, true);
            p.host = Some(site);
            if let Some(IndoorSystem { nodes, capex_cny, kw }) = system {
                (p.nodes, p.capex_cny, p.kw) = (nodes, capex_cny, kw);
            }
            out.push(p);
        }
    }

    for (n, at) in spread(inputs, needy).into_iter().enumerate() {
        let id = format!("NEW-{:05}", n + 1);
        if !shut(&id) {
            out.push(make(id, StationBuild::NewTower, at, true));
        }
    }
    out
}

/// A station that could get another carrier.
struct Upgradable<'a> {
    id: &'a str,
    at: LonLat,
    height_m: Option<f64>,
    networks: Vec<NetworkId>,
}

/// Towers with macro cells of NR, and the networks among theirs that lack `siting.upgrade_carrier` there.
fn upgradable<'a>(
    inputs: &'a Inputs,
    today: &'a Assessment,
    settings: &'a Settings,
) -> impl Iterator<Item = Upgradable<'a>> {
    let carrier = settings.radio.carrier.get(&settings.siting.upgrade_carrier);
    let carrier = carrier.filter(|_| settings.project.rats.contains(&Rat::Nr));
    let towers = today.towers.list.iter().filter(move |_| carrier.is_some());
    towers.filter_map(move |tower| {
        let carrier = carrier?;
        let cells = today.towers.cells.get(tower.places())?;
        let cells = cells.iter().filter_map(|c| inputs.cells.list.get(c.at()));
        let of_nr =
            cells.filter(|c| c.rat == Rat::Nr && !matches!(c.kind, Some(CellKind::Indoor | CellKind::Micro)));
        let (mut here, mut has): (BTreeSet<NetworkId>, BTreeSet<NetworkId>) = Default::default();
        let mut heights = Vec::new();
        for c in of_nr {
            let network = inputs.operators.network(c.operator);
            here.insert(network);
            heights.extend(c.height_m.get());
            // Carriers whose bands overlap are one.
            let apart_mhz = (c.freq_mhz.or(0.0) - carrier.freq_mhz).abs();
            if apart_mhz < (c.bw_mhz.or(0.0) + carrier.bw_mhz) / 2.0 {
                has.insert(network);
            }
        }
        let networks: Vec<NetworkId> = here.difference(&has).copied().collect();
        let height_m = (!heights.is_empty()).then(|| heights.iter().sum::<f64>() / heights.len() as f64);
        (!networks.is_empty()).then_some(Upgradable { id: &tower.id, at: tower.at, height_m, networks })
    })
}

/// Places for new towers: the needy sites gathered around leaders, each group's mean position.
fn spread(inputs: &Inputs, needy: &[SiteId]) -> Vec<LonLat> {
    let points: Vec<LonLat> = needy.iter().map(|s| inputs.sites.list[s.at()].at).collect();
    let index = PointIndex::new(&points);
    let mut hits = Vec::new();
    let mut taken = vec![false; points.len()];
    let mut out = Vec::new();
    for (i, &leader) in points.iter().enumerate() {
        if taken[i] {
            continue;
        }
        let frame = LocalFrame::new(leader);
        let (mut sum, mut count) = (Xy::default(), 0.0);
        index.within(leader, NEW_TOWER_SPACING_M, &mut hits);
        for hit in &hits {
            let slot = &mut taken[hit.index as usize];
            if !*slot {
                *slot = true;
                let xy = frame.to_xy(points[hit.index as usize]);
                sum = Xy { x_m: sum.x_m + xy.x_m, y_m: sum.y_m + xy.y_m };
                count += 1.0;
            }
        }
        out.push(frame.to_lonlat(Xy { x_m: sum.x_m / count, y_m: sum.y_m / count }));
    }
    out
}
