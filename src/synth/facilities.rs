//! Data centers, power, places for antennas.

use super::cells::Tower;
use super::draw::{Draw, Tag, on_grid, step};
use super::gazetteer::Gazetteer;
use super::sites::Cluster;
use super::streets::Network;
use crate::geom::LonLat;
use crate::model::kinds::{CandidateKind, DcTier, FirmSize, Lock, PowerKind, SiteStatus};
use crate::model::records::{Candidate, Cells, DataCenter, Origin, PowerPlant, Sites};

/// Data centers: a regional one in most cities, a hub in the first, edge rooms in some county seats.
pub(super) fn datacenters(g: &Gazetteer, seed: u64) -> Vec<DataCenter> {
    let mut all: Vec<DataCenter> = Vec::new();
    let largest = g
        .cities
        .iter()
        .map(|c| c.1)
        .max_by(|&a, &b| g.places[a].residents.total_cmp(&g.places[b].residents).then(b.cmp(&a)));
    for (i, place) in g.places.iter().enumerate() {
        let mut d = Draw::of(seed, Tag::Facilities, i as u64);
        let is_seat = g.cities.iter().any(|c| c.1 == i);
        let tier = match (is_seat, place.is_county_seat) {
            (true, _) if Some(i) == largest => DcTier::Hub,
            (true, _) if d.chance(0.7) => DcTier::Regional,
            (false, true) if d.chance(0.15) => DcTier::Edge,
            _ => continue,
        };
        let (racks, word) = match tier {
            DcTier::Hub => (d.log_between(8_000.0, 30_000.0), "枢纽"),
            DcTier::Regional => (d.log_between(800.0, 5_000.0), ""),
            DcTier::Edge => (d.log_between(20.0, 120.0), "边缘"),
        };
        let racks = racks.round();
        let pue = step(d.between(1.18, if tier == DcTier::Edge { 1.6 } else { 1.42 }), 0.01);
        let n = all.len() as u32 + 1;
        all.push(DataCenter {
            id: format!("DC{n:03}"),
            name: format!("{}{word}数据中心", place.label()),
            operator: Some((*d.pick(&["ct", "cmcc", "cu"])).to_owned()),
            tier: Some(tier),
            at: on_grid(d.around(place.at, 3_000.0)),
            city_dot: false,
            racks_std: Some(racks),
            rack_use_pct: d.maybe(0.8, |d| step(d.between(35.0, 80.0), 1.0)),
            it_mw: Some(step(racks * 0.0025, 0.01)),
            pue: d.known(0.85, pue),
            pue_basis: Some((*d.pick(&["design", "measured"])).to_owned()),
            cooling: Some((*d.pick(&["风冷", "水冷", "间接蒸发", "液冷"])).to_owned()),
            origin: Origin { file: 0, row: n + 1 },
        });
    }
    all
}

/// Substations around every larger town, and plants here and there.
pub(super) fn power(g: &Gazetteer, seed: u64) -> Vec<PowerPlant> {
    let mut all: Vec<PowerPlant> = Vec::new();
    for (i, place) in g.places.iter().enumerate() {
        let mut d = Draw::of(seed, Tag::Facilities, 1 << 32 | i as u64);
        let stations =
            if place.is_county_seat || place.residents > 1e5 { 1 + d.below(2) } else { d.below(2) };
        for k in 0..stations {
            let high = place.residents > 3e5 && k == 0;
            let capacity = if high { 360.0 } else { 100.0 };
            let n = all.len() as u32 + 1;
            all.push(PowerPlant {
                id: format!("P{n:04}"),
                name: format!("{}{}变电站", place.label(), ["", "东", "西"][k]),
                kind: PowerKind::Substation,
                at: on_grid(d.around(place.at, 1_000.0 + 4_000.0 * k as f64)),
                capacity_mw: Some(capacity),
                voltage_kv: Some(if high { 220.0 } else { 110.0 }),
                free_mva: d.maybe(0.8, |d| step(capacity * d.between(0.05, 0.5), 1.0)),
                annual_gwh: None,
                status: Some(SiteStatus::Operating),
                origin: Origin { file: 0, row: n + 1 },
            });
        }
        if !d.chance(0.22) {
            continue;
        }
        let kinds = [
            (PowerKind::Solar, 0.45),
            (PowerKind::Wind, 0.25),
            (PowerKind::Bio, 0.1),
            (PowerKind::Gas, 0.1),
            (PowerKind::Coal, 0.1),
        ];
        let kind = d.weighted(&kinds, |k| k.1).0;
        let (low, high, hours) = match kind {
            PowerKind::Solar => (5.0, 120.0, 1_150.0),
            PowerKind::Wind => (40.0, 300.0, 2_300.0),
            PowerKind::Bio => (12.0, 40.0, 5_000.0),
            PowerKind::Gas => (200.0, 900.0, 2_500.0),
            _ => (300.0, 2_000.0, 4_600.0),
        };
        let capacity = step(d.log_between(low, high), 1.0);
        let n = all.len() as u32 + 1;
        all.push(PowerPlant {
            id: format!("P{n:04}"),
            name: format!("{}{}电站", place.label(), kind.zh()),
            kind,
            at: on_grid(d.around(place.at, 9_000.0)),
            capacity_mw: Some(capacity),
            voltage_kv: None,
            free_mva: None,
            annual_gwh: Some(step(capacity * hours / 1e3, 0.1)),
            status: Some(if d.chance(0.88) { SiteStatus::Operating } else { SiteStatus::Building }),
            origin: Origin { file: 0, row: n + 1 },
        });
    }
    all
}

/// Places for antennas: towers with free slots, factory roofs, lamp posts, plots in parks without a tower.
pub(super) fn candidates(
    clusters: &[Cluster],
    sites: &Sites,
    cells: &Cells,
    towers: &[Tower],
    network: &Network,
    seed: u64,
) -> Vec<Candidate> {
    let mut all: Vec<Candidate> = Vec::new();
    let mut has_tower = vec![false; clusters.len()];
    for (i, t) in towers.iter().enumerate() {
        has_tower[t.cluster as usize] = true;
        let mut d = Draw::of(seed, Tag::Candidates, i as u64);
        // Towers where a network has no 5G yet are what the next station is for.
        let lacks = !(t.nr_mobile && t.nr_telecom);
        if !t.is_macro || !d.chance(if lacks { 0.75 } else { 0.15 }) {
            continue;
        }
        all.push(Candidate {
            kind: CandidateKind::Tower,
            owner: Some("tower".to_owned()),
            tower_id: Some(cells.text.get(t.id).to_owned()),
            height_m: Some(f64::from(t.height_m)),
            slots_free: d.maybe(0.9, |d| d.whole(1, 3)),
            power_kw: d.maybe(0.6, |d| step(d.between(4.0, 20.0), 0.5)),
            rent_cny_yr: d.maybe(0.7, |d| f64::from(d.whole(10, 28)) * 1_000.0),
            months: Some(f64::from(d.whole(1, 3))),
            ..blank(t.at)
        });
    }
    for (i, s) in sites.list.iter().enumerate() {
        let share = match s.firm_size {
            Some(FirmSize::Large) => 0.6,
            Some(FirmSize::Medium) => 0.35,
            Some(FirmSize::Small) => 0.06,
            _ => 0.0,
        };
        let mut d = Draw::of(seed, Tag::Candidates, 1 << 40 | i as u64);
        if share == 0.0 || !d.chance(share) {
            continue;
        }
        all.push(Candidate {
            kind: CandidateKind::Roof,
            owner: Some(sites.text.get(s.name).to_owned()),
            height_m: Some(step(d.between(9.0, 26.0), 0.5)),
            power_kw: d.known(0.4, 15.0),
            rent_cny_yr: d.maybe(0.5, |d| f64::from(d.whole(5, 20)) * 1_000.0),
            months: Some(f64::from(d.whole(2, 5))),
            host_site_id: Some(sites.text.get(s.id).to_owned()),
            ..blank(s.at)
        });
    }
    for (i, hub) in network.hubs.iter().enumerate() {
        let mut d = Draw::of(seed, Tag::Candidates, 2 << 40 | i as u64);
        let lamps = if hub.park.is_some() { d.below(3) } else { d.below(hub.half as usize) };
        for _ in 0..lamps {
            let width = 2 * hub.half as usize + 1;
            let corner = (d.below(width) as i32 - hub.half, d.below(width) as i32 - hub.half);
            all.push(Candidate {
                kind: CandidateKind::Lamp,
                owner: Some("市政".to_owned()),
                height_m: Some(step(d.between(8.0, 12.0), 0.5)),
                slots_free: Some(1),
                power_kw: d.known(0.5, 2.0),
                months: Some(f64::from(d.whole(1, 4))),
                ..blank(hub.corner(corner.0, corner.1))
            });
        }
        let dark_park = hub.park.is_some_and(|c| !has_tower[c]);
        if dark_park || d.chance(0.12) {
            all.push(Candidate {
                kind: CandidateKind::New,
                owner: None,
                height_m: Some(step(d.between(28.0, 42.0), 0.5)),
                months: Some(f64::from(d.whole(6, 12))),
                ..blank(on_grid(d.around(hub.at, 250.0)))
            });
        }
    }
    for (c, n) in all.iter_mut().zip(1u32..) {
        c.id = format!("C{n:06}");
        c.origin = Origin { file: 0, row: n + 1 };
    }
    all
}

fn blank(at: LonLat) -> Candidate {
    Candidate {
        id: String::new(),
        kind: CandidateKind::New,
        at,
        owner: None,
        tower_id: None,
        height_m: None,
        slots_free: None,
        power_kw: None,
        capex_cny: None,
        rent_cny_yr: None,
        payer: None,
        months: None,
        lock: Lock::Free,
        host_site_id: None,
        made: false,
        origin: Origin::default(),
    }
}
