//! Towers, the stations on them and their cells.

use super::draw::{Draw, Tag, on_grid, polar, step};
use super::gazetteer::Gazetteer;
use super::plane::Plane;
use super::sites::{Cluster, ClusterKind};
use crate::geom::LonLat;
use crate::model::kinds::{CellKind, CellStatus, Indoor5g, Rat};
use crate::model::operators::{OperatorId, Operators};
use crate::model::records::{Cell, Cells, Origin, Sites};
use crate::model::text::{Known, Text};

/// A tower as later steps need it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tower {
    /// Code, in the cells' texts.
    pub id: Text,
    /// Position.
    pub at: LonLat,
    /// Cluster that it serves.
    pub cluster: u32,
    /// Its cells.
    pub first_cell: u32,
    /// How many.
    pub cells: u32,
    /// Height of the highest antenna, metres.
    pub height_m: f32,
    /// Macro, rather than a lamp post or pole.
    pub is_macro: bool,
    /// Carries NR of Mobile or Broadnet.
    pub nr_mobile: bool,
    /// Carries NR of Telecom or Unicom.
    pub nr_telecom: bool,
}

/// A carrier: band, downlink centre, bandwidth, technology, carrier power, gains, ports.
#[derive(Clone, Copy)]
struct CarrierPlan {
    freq_mhz: f32,
    bw_mhz: f32,
    rat: Rat,
    power_dbm: f32,
    gain_ssb_dbi: f32,
    gain_traffic_dbi: f32,
    ports: u8,
}

const fn carrier(
    freq_mhz: f32,
    bw_mhz: f32,
    rat: Rat,
    power_dbm: f32,
    gains: (f32, f32),
    ports: u8,
) -> CarrierPlan {
    CarrierPlan { freq_mhz, bw_mhz, rat, power_dbm, gain_ssb_dbi: gains.0, gain_traffic_dbi: gains.1, ports }
}

// Spectrum as the operators hold it; powers and gains of usual equipment.
const N41: CarrierPlan = carrier(2565.0, 100.0, Rat::Nr, 53.0, (18.0, 24.0), 64);
const N41_8T: CarrierPlan = carrier(2565.0, 100.0, Rat::Nr, 54.0, (16.0, 17.0), 8);
const N79: CarrierPlan = carrier(4850.0, 100.0, Rat::Nr, 53.0, (18.0, 24.0), 64);
const N28: CarrierPlan = carrier(773.0, 30.0, Rat::Nr, 54.0, (15.0, 15.0), 4);
const N78_CT: CarrierPlan = carrier(3450.0, 100.0, Rat::Nr, 53.0, (18.0, 24.0), 64);
const N78_CU: CarrierPlan = carrier(3550.0, 100.0, Rat::Nr, 53.0, (18.0, 24.0), 64);
const N1: CarrierPlan = carrier(2130.0, 40.0, Rat::Nr, 52.0, (16.0, 16.0), 4);
const B3_CM: CarrierPlan = carrier(1815.0, 20.0, Rat::Lte, 46.0, (17.0, 17.0), 2);
const B8_CM: CarrierPlan = carrier(944.0, 10.0, Rat::Lte, 46.0, (15.0, 15.0), 2);
const B39_CM: CarrierPlan = carrier(1895.0, 20.0, Rat::Lte, 46.0, (15.0, 15.0), 8);
const B3_CT: CarrierPlan = carrier(1870.0, 20.0, Rat::Lte, 46.0, (17.0, 17.0), 2);
const B5_CT: CarrierPlan = carrier(875.0, 10.0, Rat::Lte, 46.0, (15.0, 15.0), 2);
const B3_CU: CarrierPlan = carrier(1850.0, 20.0, Rat::Lte, 46.0, (17.0, 17.0), 2);
const B8_CU: CarrierPlan = carrier(955.0, 10.0, Rat::Lte, 46.0, (15.0, 15.0), 2);

/// A station to be built: operator, sharing operator, carrier, sectors.
#[derive(Clone, Copy)]
struct StationPlan {
    operator: usize,
    shared_with: Option<usize>,
    carrier: CarrierPlan,
    sectors: u8,
}

/// Operators in the order in which the generator names them.
const OPERATORS: [&str; 4] = ["cmcc", "ct", "cu", "cbn"];
const NET_CODE: [&str; 4] = ["460-00", "460-11", "460-01", "460-15"];
const CM: usize = 0;
const CT: usize = 1;
const CU: usize = 2;
const CBN: usize = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Setting {
    Urban,
    Suburban,
    Rural,
}

fn setting(d: &mut Draw, cluster: &Cluster, g: &Gazetteer) -> Setting {
    let people = g.places[cluster.town].residents;
    match cluster.kind {
        ClusterKind::Town if people > 8e5 && d.chance(0.75) => Setting::Urban,
        ClusterKind::Town if people > 1e5 => Setting::Suburban,
        ClusterKind::Park => Setting::Suburban,
        _ => Setting::Rural,
    }
}

/// What stands on a tower. Not every operator is everywhere, and not every station has 5G: that leaves
/// gaps of one network, of all, and places with LTE alone.
fn equip(d: &mut Draw, setting: Setting, is_macro: bool, plan: &mut Vec<StationPlan>) {
    plan.clear();
    let mut add = |operator, shared_with, carrier, sectors| {
        plan.push(StationPlan { operator, shared_with, carrier, sectors });
    };
    let telecom = if d.chance(0.55) { CT } else { CU };
    let partner = if telecom == CT { CU } else { CT };
    let n78 = if telecom == CT { N78_CT } else { N78_CU };
    if !is_macro {
        if d.chance(0.5) {
            add(
                CM,
                None,
                CarrierPlan { power_dbm: 43.0, ports: 4, gain_ssb_dbi: 12.0, gain_traffic_dbi: 12.0, ..N41 },
                1,
            );
        } else {
            add(
                telecom,
                Some(partner),
                CarrierPlan { power_dbm: 43.0, ports: 4, gain_ssb_dbi: 12.0, gain_traffic_dbi: 12.0, ..n78 },
                1,
            );
        }
        return;
    }
    let (mobile_here, mut telecom_here) = (d.chance(0.75), d.chance(0.68));
    telecom_here |= !mobile_here;
    let (nr_mobile, nr_telecom) = match setting {
        Setting::Urban => (0.93, 0.92),
        Setting::Suburban => (0.82, 0.74),
        Setting::Rural => (0.6, 0.4),
    };
    if mobile_here {
        if d.chance(nr_mobile) {
            match setting {
                Setting::Rural if d.chance(0.5) => add(CBN, Some(CM), N28, 3),
                Setting::Rural => add(CM, None, N41_8T, 3),
                _ => {
                    add(CM, None, N41, 3);
                    if d.chance(0.25) {
                        add(CBN, Some(CM), N28, 3);
                    }
                    if d.chance(0.06) {
                        add(CM, None, N79, 3);
                    }
                }
            }
        }
        if d.chance(0.6) {
            add(CM, None, *d.pick(&[B3_CM, B8_CM, B39_CM]), 3);
        }
    }
    if telecom_here {
        let shared = d.chance(0.85).then_some(partner);
        if d.chance(nr_telecom) {
            let low_band = setting == Setting::Rural && d.chance(0.6);
            add(telecom, shared, if low_band { N1 } else { n78 }, 3);
        }
        if d.chance(0.55) {
            let lte = if telecom == CT { [B3_CT, B5_CT] } else { [B3_CU, B8_CU] };
            add(telecom, shared, *d.pick(&lte), 3);
        }
    }
    if plan.is_empty() {
        plan.push(StationPlan { operator: CM, shared_with: None, carrier: B8_CM, sectors: 3 });
    }
}

/// A tower before it has a place: its cluster, its number, how many cells it may carry.
struct Pending {
    cluster: u32,
    number: u64,
    cells: u32,
}

/// Draws towers until the cells are used up; the last tower carries what is left. Clusters are visited in
/// the order of the golden-ratio sequence, so that any number of towers spreads by weight.
fn pending(g: &Gazetteer, clusters: &[Cluster], cells: usize, seed: u64) -> Vec<Pending> {
    let mut upto = 0.0;
    let ends: Vec<f64> = clusters
        .iter()
        .zip(0u64..)
        .map(|(c, i)| {
            // Some parks were built after the towers, and have none.
            let dark = c.kind == ClusterKind::Park && Draw::of(seed, Tag::Towers, i).chance(0.2);
            let share = match c.kind {
                ClusterKind::Town => 1.3,
                ClusterKind::Park => 0.9,
                ClusterKind::Country => 0.8,
            };
            upto += if dark { 0.0 } else { share * c.weight.powf(0.85) };
            upto
        })
        .collect();
    let mut towers = Vec::with_capacity(cells / 6 + 1);
    let (mut plan, mut left) = (Vec::new(), cells);
    let mut number = 0u64;
    while left > 0 && !clusters.is_empty() {
        let u = (number as f64 * 0.618_033_988_749_895).fract() * upto;
        let cluster = ends.partition_point(|e| *e <= u).min(clusters.len() - 1);
        let mut d = Draw::of(seed, Tag::Cells, number);
        let setting = setting(&mut d, &clusters[cluster], g);
        let is_macro = !d.chance(if setting == Setting::Urban { 0.1 } else { 0.02 });
        equip(&mut d, setting, is_macro, &mut plan);
        let wanted: usize = plan.iter().map(|s| usize::from(s.sectors)).sum();
        let take = wanted.min(left);
        towers.push(Pending { cluster: cluster as u32, number, cells: take as u32 });
        left -= take;
        number += 1;
    }
    towers.sort_by_key(|t| (t.cluster, t.number));
    towers
}

/// Towers and cells; the count of cells is met exactly.
pub(super) fn cells(
    g: &Gazetteer,
    plane: &Plane,
    clusters: &[Cluster],
    sites: &Sites,
    total: usize,
    seed: u64,
    operators: &mut Operators,
) -> (Cells, Vec<Tower>) {
    let ids: Vec<OperatorId> = OPERATORS.iter().map(|o| operators.add(o)).collect();
    let mut cells = Cells::default();
    cells.list.make_room(total, 0);
    cells.text.reserve(total + total / 2, 24 * total);
    let mut builder = Builder { cells: &mut cells, operators: &ids, stations: [[0; 2]; 4] };
    // Indoor systems first, as far as a twentieth of the cells goes.
    let mut indoor = total / 20;
    for site in &sites.list {
        let has_system = matches!(site.indoor_5g, Some(Indoor5g::Das | Indoor5g::Pico | Indoor5g::Private));
        if has_system && indoor > 0 {
            indoor -= 1;
            builder.indoor(site.at, sites.text.get(site.id), seed);
        }
    }
    let outdoor = total - builder.cells.list.len();
    let pending = pending(g, clusters, outdoor, seed);
    let mut towers = Vec::with_capacity(pending.len());
    for group in pending.chunk_by(|a, b| a.cluster == b.cluster) {
        for (nth, p) in group.iter().enumerate() {
            towers.push(builder.tower(g, plane, clusters, p, (nth, group.len()), seed));
        }
    }
    (cells, towers)
}

struct Builder<'a> {
    cells: &'a mut Cells,
    operators: &'a [OperatorId],
    /// Stations so far by operator and technology.
    stations: [[u32; 2]; 4],
}

impl Builder<'_> {
    /// Code of a new station: gNodeB and eNodeB numbers come from different ranges.
    fn station(&mut self, operator: usize, rat: Rat) -> String {
        let counter = &mut self.stations[operator][usize::from(rat != Rat::Nr)];
        *counter += 1;
        let base = if rat == Rat::Nr { 2_000_000 } else { 100_000 };
        format!("{}-{}", NET_CODE[operator], base + *counter)
    }

    fn push(&mut self, mut cell: Cell, station: &str, number: usize) {
        cell.id = self.cells.text.push(&format!("{station}-{number}"));
        cell.origin = Origin { file: 0, row: self.cells.list.len() as u32 + 2 };
        self.cells.list.push(cell);
    }

    fn indoor(&mut self, at: LonLat, host: &str, seed: u64) {
        let mut d = Draw::of(seed, Tag::Cells, u64::MAX - self.cells.list.len() as u64);
        let operator = *d.pick(&[CM, CM, CT, CU]);
        let carrier = match operator {
            CM => N41,
            CT => N78_CT,
            _ => N78_CU,
        };
        let station = self.station(operator, Rat::Nr);
        let mut cell = Cell::at(Text::NONE, at, self.operators[operator], Rat::Nr);
        cell.station = self.cells.text.push(&station);
        cell.host_site = self.cells.text.push(host);
        cell.kind = Some(CellKind::Indoor);
        cell.status = Some(CellStatus::OnAir);
        cell.freq_mhz = Known::new(carrier.freq_mhz);
        cell.bw_mhz = Known::new(100.0);
        cell.height_m = Known::new(step(d.between(4.0, 8.0), 0.5) as f32);
        cell.tilt_deg = Known::new(0.0);
        cell.power_dbm = Known::new(30.0);
        cell.gain_ssb_dbi = Known::new(3.0);
        cell.gain_traffic_dbi = Known::new(3.0);
        cell.ports = 4;
        cell.load_pct = Known::new(step(d.between(5.0, 60.0), 1.0) as f32);
        self.push(cell, &station, 1);
    }

    fn tower(
        &mut self,
        g: &Gazetteer,
        plane: &Plane,
        clusters: &[Cluster],
        pending: &Pending,
        (nth, of): (usize, usize),
        seed: u64,
    ) -> Tower {
        let cluster = &clusters[pending.cluster as usize];
        let mut d = Draw::of(seed, Tag::Cells, pending.number);
        let setting = setting(&mut d, cluster, g);
        let is_macro = !d.chance(if setting == Setting::Urban { 0.1 } else { 0.02 });
        let mut plan = Vec::new();
        equip(&mut d, setting, is_macro, &mut plan);
        let at = plane.keep_in_city(cluster.town, tower_place(&mut d, g, cluster, nth, of), 0.8);
        let code = format!("T{}-{:06}", g.places[cluster.town].city, pending.number + 1);
        let id = self.cells.text.push(&code);
        let height = step(
            match (is_macro, setting) {
                (false, _) => d.between(7.0, 12.0),
                (_, Setting::Urban) => d.between(20.0, 36.0),
                (_, Setting::Suburban) => d.between(26.0, 42.0),
                (_, Setting::Rural) => d.between(32.0, 52.0),
            },
            0.5,
        );
        let first_cell = self.cells.list.len();
        let first_azimuth = f64::from(d.whole(0, 11)) * 10.0;
        let mut tower = Tower {
            id,
            at,
            cluster: pending.cluster,
            first_cell: first_cell as u32,
            cells: pending.cells,
            height_m: height as f32,
            is_macro,
            nr_mobile: false,
            nr_telecom: false,
        };
        for (level, s) in plan.iter().enumerate() {
            let built = self.cells.list.len() - first_cell;
            if built >= pending.cells as usize {
                break;
            }
            let station = self.station(s.operator, s.carrier.rat);
            let station_text = self.cells.text.push(&station);
            let status = match d.unit() {
                u if u < 0.015 => CellStatus::Building,
                u if u < 0.03 => CellStatus::Planned,
                u if u < 0.035 => CellStatus::Removed,
                _ => CellStatus::OnAir,
            };
            if s.carrier.rat == Rat::Nr && status == CellStatus::OnAir {
                let network =
                    if matches!(s.operator, CM | CBN) { &mut tower.nr_mobile } else { &mut tower.nr_telecom };
                *network = true;
            }
            let busy = match setting {
                Setting::Urban => 38.0,
                Setting::Suburban => 26.0,
                Setting::Rural => 14.0,
            };
            let tilt = if is_macro {
                d.between(3.0, if setting == Setting::Urban { 11.0 } else { 7.0 })
            } else {
                2.0
            };
            for sector in 0..usize::from(s.sectors) {
                if self.cells.list.len() - first_cell >= pending.cells as usize {
                    break;
                }
                let mut cell = Cell::at(Text::NONE, at, self.operators[s.operator], s.carrier.rat);
                cell.station = station_text;
                cell.tower = id;
                cell.shared_with = s.shared_with.map(|o| self.operators[o]);
                cell.kind = Some(if is_macro { CellKind::Macro } else { CellKind::Micro });
                cell.status = Some(status);
                cell.freq_mhz = Known::new(s.carrier.freq_mhz);
                cell.bw_mhz = Known::new(s.carrier.bw_mhz);
                cell.height_m = Known::new((height - 2.0 * level.min(3) as f64).max(4.0) as f32);
                let turn = 360.0 / f64::from(s.sectors) * sector as f64 + step(d.between(-12.0, 12.0), 5.0);
                cell.azimuth_deg = Known::new((first_azimuth + turn).rem_euclid(360.0) as f32);
                cell.tilt_deg = Known::new(step(tilt, 1.0) as f32);
                cell.power_dbm = Known::new(s.carrier.power_dbm);
                cell.gain_ssb_dbi = Known::new(s.carrier.gain_ssb_dbi);
                cell.gain_traffic_dbi = Known::new(s.carrier.gain_traffic_dbi);
                cell.ports = s.carrier.ports;
                let load = (busy * (0.5 * d.normal()).exp()).clamp(1.0, 95.0);
                cell.load_pct = Known::new(step(load, 1.0) as f32);
                self.push(cell, &station, sector + 1);
            }
        }
        tower.cells = (self.cells.list.len() - first_cell) as u32;
        tower
    }
}

/// Where the `nth` of a cluster's towers stands: on a spiral of golden angles, which keeps towers apart as
/// planners do, denser toward the middle of a town.
fn tower_place(d: &mut Draw, g: &Gazetteer, cluster: &Cluster, nth: usize, of: usize) -> LonLat {
    let n = of as f64;
    let u = (nth as f64 + d.between(0.2, 0.8)) / n;
    let people = g.places[cluster.town].residents / 1e6;
    let (reach, metres) = match cluster.kind {
        ClusterKind::Town => {
            let reach = (620.0 * n.sqrt()).clamp(500.0, 6_000.0 + 9_000.0 * people.powf(0.25).min(2.0));
            (reach, reach * u.powf(0.7))
        }
        ClusterKind::Park => {
            let reach = (480.0 * n.sqrt()).clamp(350.0, 4_000.0);
            (reach, reach * u.sqrt())
        }
        ClusterKind::Country => {
            let reach = 6_000.0 + 9_000.0 * people.powf(0.25).clamp(0.45, 2.0);
            (reach, 1_500.0 + reach * u.sqrt())
        }
    };
    let angle = 2.399_963_229_728_653 * nth as f64 + d.between(-0.25, 0.25);
    let jitter = 0.05 * reach / n.sqrt();
    on_grid(polar(d.around(cluster.at, jitter), metres, angle))
}
