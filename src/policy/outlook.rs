//! What new bands would ask for: how far a station of theirs reaches, how many of today's towers carry over,
//! how many must be built beside, what backhaul each needs.
//!
//! Everything is an interval: three cases, from demanding to lenient, of what the edge asks for and what
//! equipment gives (`outlook.low`, `mid`, `high`). Up to 100 GHz losses are those of TR 38.901 by scene;
//! above there is no validated model, so it is free space, gases (P.676) and rain (P.838) in line of sight,
//! marked as extrapolated.

use crate::coverage::Towers;
use crate::coverage::fiber_reach::is_joinable;
use crate::coverage::scene::{Scene, SceneLimits, edition, scenario};
use crate::geom::{EARTH_RADIUS_M, LonLat, sphere_m};
use crate::graph::{Graph, minimum_spanning_forest};
use crate::index::{Hit, PointIndex};
use crate::model::inputs::Inputs;
use crate::model::kinds::{CellKind, SiteStatus};
use crate::model::settings::{OutlookBand, OutlookCase, Settings};
use crate::optimise::cover::{Lock, SparseRows};
use crate::optimise::set_cover::{self, SetCoverProblem};
use crate::optimise::{Certified, Effort, Ended, Stop, Work};
use crate::radio::capacity::{self, RateCurve, Resources, Terminal};
use crate::radio::coverage_probability::LossDistribution;
use crate::radio::fspl::free_space_loss;
use crate::radio::link_budget::thermal_noise;
use crate::radio::normal;
use crate::radio::p676::{Air, gas_attenuation};
use crate::radio::p838::rain_attenuation;
use crate::radio::tr38901::Prepared;
use crate::radio::tr38901::o2i::Facade;
use crate::units::{Db, Metres, Mhz};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Serialize;

/// Frequency above which no model of obstruction has been validated, MHz.
pub const VALIDATED_MHZ: f64 = 100_000.0;
/// Farthest distance looked at in line of sight, metres.
const FARTHEST_M: f64 = 5000.0;
/// Ratio of neighbouring distances at which a link is looked at.
const STEP: f64 = 1.01;
/// Places per radius along an axis among which stations are chosen: beyond it nothing is gained.
const PLACES_PER_RADIUS: f64 = 4.0;
/// Entries of a covering problem at most; more are thinned out by wider steps between places.
const ENTRIES: f64 = 2e7;

/// The three cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Case {
    /// Much is asked, little given: the smallest radius.
    Low,
    /// Between.
    Mid,
    /// Little is asked, much given: the greatest radius.
    High,
}

impl Case {
    /// Every case, from the smallest radius on.
    pub const ALL: [Case; 3] = [Case::Low, Case::Mid, Case::High];

    fn of(self, settings: &Settings) -> &OutlookCase {
        match self {
            Case::Low => &settings.outlook.low,
            Case::Mid => &settings.outlook.mid,
            Case::High => &settings.outlook.high,
        }
    }
}

/// What ends a radius.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// The uplink rate.
    Uplink,
    /// The downlink rate.
    Downlink,
    /// The range of the model: farther isn't claimed.
    Model,
}

/// How far a band reaches in a scene.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Reach {
    /// Greatest distance up to which the edge rates are met everywhere, metres; zero when nowhere.
    pub radius_m: f64,
    /// What ends it.
    pub limit: Limit,
    /// Whether no validated model stands behind it.
    pub extrapolated: bool,
}

/// A number of stations with what it can't be below among the places looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Count {
    /// Stations.
    pub stations: u64,
    /// Proven least.
    pub bound: u64,
}

/// One band in one case.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// The case.
    pub case: Case,
    /// Reach by scene, in the order of [`Scene::ALL`]; `None` outside the range of the scene's model.
    pub reach: [Option<Reach>; 3],
    /// Today's towers that carry the band, as few as reach every site that towers reach.
    pub carried: Count,
    /// New places for the sites that no tower reaches.
    pub new: Count,
    /// Sites in a scene that the band doesn't work in.
    pub out_of_reach: u64,
    /// Stations over those of the reference band in the same case.
    pub ratio: Option<f64>,
    /// The same for covering area rather than sites: the square of the radii's ratio, in the mean over the
    /// sites' scenes.
    pub area_ratio: Option<f64>,
    /// Backhaul of a station at its busiest, Gbit/s.
    pub backhaul_gbit_s: f64,
    /// Fiber still missing to the new places from today's towers and joinable fiber, metres: a tree over
    /// straight lines times `network.infer_detour`.
    pub fiber_missing_m: f64,
}

/// One band.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BandOutlook {
    /// Its name.
    pub band: String,
    /// Whether it is today's band that the others are held against.
    pub reference: bool,
    /// Its parameters.
    pub parameters: OutlookBand,
    /// Low, mid, high.
    pub cases: [Outcome; 3],
}

/// The outlook.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outlook {
    /// Sites looked at.
    pub sites: u64,
    /// Of them by scene.
    pub by_scene: [u64; 3],
    /// Today's towers.
    pub towers: u64,
    /// The bands: the reference first, then by frequency.
    pub bands: Vec<BandOutlook>,
}

/// Looks ahead. `towers` are those of the cells layer. `None` when `outlook.reference` is no carrier of the
/// catalogue.
#[must_use]
pub fn outlook(inputs: &Inputs, settings: &Settings, towers: &Towers, stop: Stop<'_>) -> Option<Outlook> {
    let reference = reference(settings)?;
    let ground = Ground::new(inputs, settings, towers);
    let mut bands: Vec<(String, OutlookBand)> =
        settings.outlook.band.iter().map(|(name, band)| (name.clone(), *band)).collect();
    bands.sort_by(|a, b| a.1.freq_mhz.total_cmp(&b.1.freq_mhz).then_with(|| a.0.cmp(&b.0)));
    let today = Case::ALL.map(|case| outcome(&ground, &reference, case, settings, stop));
    let stations = |o: &Outcome| o.carried.stations + o.new.stations;
    let needed = [0, 1, 2].map(|i| stations(&today[i]));
    let by_scene = Scene::ALL.map(|s| ground.sites.iter().filter(|(_, scene)| *scene == s).count() as u64);
    let ratio = |mut o: Outcome, i: usize| {
        let same_sites = o.out_of_reach == today[i].out_of_reach;
        o.ratio = (same_sites && needed[i] > 0).then(|| stations(&o) as f64 / needed[i] as f64);
        o.area_ratio = area_ratio(&today[i], &o, &by_scene);
        o
    };
    let mut list = vec![BandOutlook {
        band: settings.outlook.reference.clone(),
        reference: true,
        parameters: reference,
        cases: std::array::from_fn(|i| ratio(today[i].clone(), i)),
    }];
    for (band, parameters) in bands {
        let cases =
            std::array::from_fn(|i| ratio(outcome(&ground, &parameters, Case::ALL[i], settings, stop), i));
        list.push(BandOutlook { band, reference: false, parameters, cases });
    }
    Some(Outlook {
        sites: ground.sites.len() as u64,
        by_scene,
        towers: towers.list.len() as u64,
        bands: list,
    })
}

/// Stations that the same area asks for, over those of today's band.
fn area_ratio(today: &Outcome, new: &Outcome, by_scene: &[u64; 3]) -> Option<f64> {
    let all: u64 = by_scene.iter().sum();
    let mut sum = 0.0;
    for ((then, now), sites) in today.reach.iter().zip(&new.reach).zip(by_scene) {
        if *sites > 0 {
            let (then, now) = ((*then)?.radius_m, (*now)?.radius_m);
            sum += *sites as f64 * (then / now).powi(2);
        }
    }
    (all > 0 && sum.is_finite()).then(|| sum / all as f64)
}

/// Today's band in the form of a new one.
fn reference(settings: &Settings) -> Option<OutlookBand> {
    let carrier = settings.radio.carrier.get(&settings.outlook.reference)?;
    Some(OutlookBand {
        freq_mhz: carrier.freq_mhz,
        bw_mhz: carrier.bw_mhz,
        scs_khz: carrier.scs_khz,
        power_dbm: carrier.power_dbm,
        gain_bs_dbi: carrier.gain_traffic_dbi,
        ue_power_dbm: settings.radio.ue_power_dbm,
        gain_ue_dbi: 0.0,
        noise_extra_db: 0.0,
    })
}

/// A link of a band in a case, but for its loss.
struct Budget {
    resources: Resources,
    terminal: Terminal,
    downlink: RateCurve,
    uplink: RateCurve,
    /// Downlink SINR without loss, dB.
    down_db: f64,
    /// Uplink SNR of the whole power on one resource block without loss, dB.
    up_db: f64,
    ul_mbps: f64,
    dl_mbps: f64,
}

impl Budget {
    fn new(band: &OutlookBand, case: &OutlookCase, settings: &Settings) -> Self {
        let radio = &settings.radio;
        let block_mhz = 12.0 * f64::from(band.scs_khz) / 1e3;
        let resources = Resources {
            // About a twentieth of a channel is guard band.
            resource_blocks: ((0.95 * band.bw_mhz / block_mhz).floor() as u32).max(1),
            scs_khz: band.scs_khz,
            dl_share: radio.dl_share_tdd,
            ul_share: radio.ul_share_tdd,
        };
        let terminal = Terminal {
            power_dbm: band.ue_power_dbm,
            noise_figure_db: radio.noise_figure_ue_db + band.noise_extra_db,
            dl_layers: radio.dl_layers,
            max_bandwidth_mhz: band.bw_mhz,
        };
        let gains_db = band.gain_bs_dbi + band.gain_ue_dbi + case.budget_db;
        let element_hz = f64::from(band.scs_khz) * 1e3;
        let noise_dbm = thermal_noise(element_hz, Db(terminal.noise_figure_db)).get();
        let epre_dbm = band.power_dbm - 10.0 * (12.0 * f64::from(resources.resource_blocks)).log10();
        let station_noise = Db(radio.noise_figure_bs_db + band.noise_extra_db);
        let load = radio.default_load_pct / 100.0;
        let block_noise_dbm = capacity::uplink_noise_per_block(&resources, station_noise, load).get();
        Self {
            resources,
            terminal,
            downlink: RateCurve::DOWNLINK.with_alpha(radio.shannon_alpha_dl),
            uplink: RateCurve::UPLINK.with_alpha(radio.shannon_alpha_ul),
            down_db: epre_dbm + gains_db - noise_dbm - case.interference_db,
            up_db: band.ue_power_dbm + gains_db - block_noise_dbm,
            ul_mbps: case.ul_mbps,
            dl_mbps: case.dl_mbps,
        }
    }

    /// What fails first at a loss, if anything does.
    fn fails(&self, loss_db: f64) -> Option<Limit> {
        let up = capacity::uplink(
            &self.uplink,
            &self.resources,
            &self.terminal,
            Db(self.up_db - loss_db).linear(),
        );
        let sinr = Db(self.down_db - loss_db).linear();
        let down = capacity::downlink_mbps(&self.downlink, &self.resources, &self.terminal, sinr);
        if up.mbps < self.ul_mbps {
            Some(Limit::Uplink)
        } else {
            (down < self.dl_mbps).then_some(Limit::Downlink)
        }
    }

    /// Reach when `loss_db` is the loss at a distance that counts, from `from_m` to `to_m`.
    fn reach(&self, from_m: f64, to_m: f64, loss_db: impl Fn(f64) -> f64) -> (f64, Limit) {
        let mut good_m = 0.0;
        let mut d = from_m;
        loop {
            if let Some(limit) = self.fails(loss_db(d)) {
                return (good_m, limit);
            }
            good_m = d;
            if d >= to_m {
                return (good_m, Limit::Model);
            }
            d = (d * STEP).min(to_m);
        }
    }
}

/// How far a band reaches in a scene.
fn reach(band: &OutlookBand, case: &OutlookCase, scene: Scene, settings: &Settings) -> Option<Reach> {
    let radio = &settings.radio;
    let budget = Budget::new(band, case, settings);
    if band.freq_mhz > VALIDATED_MHZ {
        if settings.outlook.wall != "none" {
            return None;
        }
        let gases = gas_attenuation(Mhz(band.freq_mhz), &Air::REFERENCE).ok()?.db_per_km();
        let rain = rain_attenuation(Mhz(band.freq_mhz), 0.0, 45.0, case.rain_mm_h).ok()?.db_per_km;
        let loss_db = |d: f64| {
            let spread = free_space_loss(Mhz(band.freq_mhz), Metres(d)).map_or(f64::INFINITY, Db::get);
            spread + (gases + rain) * d / 1e3
        };
        let (radius_m, limit) = budget.reach(1.0, FARTHEST_M, loss_db);
        return Some(Reach { radius_m, limit, extrapolated: true });
    }
    let height_m = radio.height_m.r#macro.clamp(10.0, 150.0);
    let prepared: Prepared = scenario(scene, CellKind::Macro, height_m, edition(radio))
        .prepare(Mhz(band.freq_mhz), Metres(height_m), Metres(radio.ue_height_m))
        .ok()?;
    let facade = match settings.outlook.wall.as_str() {
        "low" => Some(Facade::Low),
        "high" => Some(Facade::High),
        _ => None,
    };
    let wall = match facade {
        None => (0.0, 0.0),
        Some(f) => {
            let p = f.penetration(edition(radio), Mhz(band.freq_mhz), Metres(radio.indoor_depth_m)).ok()?;
            (p.loss().get(), p.sigma.get())
        }
    };
    let z = normal::quantile(case.location_probability);
    let loss_db = |d: f64| {
        let loss = LossDistribution::from(prepared.states(d)).behind(wall.0, wall.1);
        loss.quantile_db(case.location_probability, z)
    };
    let range = prepared.ground_range_m();
    let (radius_m, limit) = budget.reach(range.start().max(1.0), *range.end(), loss_db);
    Some(Reach { radius_m, limit, extrapolated: false })
}

/// Where things stand.
struct Ground {
    sites: Vec<(LonLat, Scene)>,
    towers: Vec<LonLat>,
    tower_index: PointIndex,
    /// Where fiber can be had: today's towers, and nodes that can be joined.
    fiber: PointIndex,
}

impl Ground {
    fn new(inputs: &Inputs, settings: &Settings, towers: &Towers) -> Self {
        let places: Vec<LonLat> = towers.list.iter().map(|t| t.at).collect();
        let tower_index = PointIndex::new(&places);
        let limits = SceneLimits::new(&settings.radio);
        let radius_m = settings.radio.urban_radius_m;
        let counted =
            |s: &SiteStatus| !settings.project.require_operating || matches!(s, SiteStatus::Operating);
        let sites = inputs
            .sites
            .list
            .par_iter()
            .filter(|s| s.status.as_ref().is_none_or(counted))
            .map(|s| {
                let scene = if tower_index.has_within(s.at, radius_m, limits.urban) {
                    Scene::Urban
                } else if tower_index.has_within(s.at, radius_m, limits.suburban) {
                    Scene::Suburban
                } else {
                    Scene::Rural
                };
                (s.at, scene)
            })
            .collect();
        let joinable = inputs.fiber_nodes.iter().filter(|n| is_joinable(n)).map(|n| n.at);
        let fiber = PointIndex::of((0u32..).zip(places.iter().copied().chain(joinable)));
        Self { sites, towers: places, tower_index, fiber }
    }
}

fn outcome(ground: &Ground, band: &OutlookBand, case: Case, settings: &Settings, stop: Stop<'_>) -> Outcome {
    let figures = case.of(settings);
    let reach = Scene::ALL.map(|scene| reach(band, figures, scene, settings));
    let radius = |scene: Scene| reach[scene as usize].map_or(0.0, |r| r.radius_m);
    let mut by_tower: Vec<(LonLat, f64)> = Vec::new();
    let mut by_new: Vec<(LonLat, f64)> = Vec::new();
    let mut out_of_reach = 0;
    for &(at, scene) in &ground.sites {
        let radius_m = radius(scene);
        if radius_m <= 0.0 {
            out_of_reach += 1;
        } else if ground.tower_index.has_within(at, radius_m, 1) {
            by_tower.push((at, radius_m));
        } else {
            by_new.push((at, radius_m));
        }
    }
    let own: Vec<LonLat> = by_new.iter().map(|s| s.0).collect();
    let (carried, _) = least(&by_tower, &ground.towers, stop);
    let (new, chosen) = least(&by_new, &own, stop);
    let places: Vec<LonLat> = chosen.iter().filter_map(|&i| own.get(i as usize).copied()).collect();
    let bit_s_hz = figures.efficiency_bit_s_hz * settings.radio.dl_share_tdd;
    Outcome {
        case,
        reach,
        carried,
        new,
        out_of_reach,
        ratio: None,
        area_ratio: None,
        backhaul_gbit_s: f64::from(settings.outlook.sectors) * band.bw_mhz * bit_s_hz / 1e3,
        fiber_missing_m: tree_m(&places, &ground.fiber) * settings.network.infer_detour,
    }
}

/// The fewest of `places` within reach of every point, each of which some place reaches.
fn least(points: &[(LonLat, f64)], places: &[LonLat], stop: Stop<'_>) -> (Count, Vec<u32>) {
    if points.is_empty() {
        return (Count::default(), Vec::new());
    }
    let shortest_m = points.iter().map(|p| p.1).fold(f64::INFINITY, f64::min);
    let per_point = (ENTRIES / points.len() as f64).max(2.0 * std::f64::consts::PI);
    let step_m = shortest_m / PLACES_PER_RADIUS.min((per_point / std::f64::consts::PI).sqrt());
    let kept = thinned(places, step_m);
    let index = PointIndex::of(kept.iter().filter_map(|&i| Some((i, *places.get(i as usize)?))));
    let all = PointIndex::new(places);
    let rows: Vec<Vec<u32>> = points
        .par_iter()
        .map_init(Vec::<Hit>::new, |found, &(at, radius_m)| {
            index.within(at, radius_m, found);
            let mut row: Vec<u32> = found.iter().map(|h| h.index).collect();
            if row.is_empty() {
                // Thinning took its only place.
                row.extend(all.nearest(at).map(|h| h.index));
            }
            row.sort_unstable();
            row
        })
        .collect();
    let mut used: Vec<u32> = rows.iter().flatten().copied().collect();
    used.sort_unstable();
    used.dedup();
    let number: FxHashMap<u32, u32> = used.iter().copied().zip(0u32..).collect();
    let numbered =
        rows.iter().map(|row| row.iter().filter_map(|i| Some((*number.get(i)?, 1.0))).collect::<Vec<_>>());
    let problem = SetCoverProblem {
        covered_by: SparseRows::from_rows(numbered),
        costs: vec![1.0; used.len()],
        locks: vec![Lock::Free; used.len()],
    };
    let work = Work { effort: Effort::LOW, seed: 1, gap: 0.0, stop };
    let found = set_cover::solve(&problem, work).unwrap_or_else(|_| Certified {
        value: (0..used.len() as u32).collect(),
        objective: used.len() as f64,
        bound: 0.0,
        ended: Ended::Worked,
    });
    let chosen = found.value.iter().filter_map(|&i| used.get(i as usize).copied()).collect();
    (Count { stations: found.value.len() as u64, bound: (found.bound - 1e-6).ceil().max(0.0) as u64 }, chosen)
}

/// Of places closer together than a step, one.
fn thinned(places: &[LonLat], step_m: f64) -> Vec<u32> {
    let step = (step_m / EARTH_RADIUS_M).max(1e-9);
    let mut taken = FxHashSet::default();
    (0u32..)
        .zip(places)
        .filter(|(_, p)| taken.insert(p.unit().map(|v| (v / step).floor() as i64)))
        .map(|(i, _)| i)
        .collect()
}

/// Length of a tree of straight lines that joins places with each other and with what is there.
fn tree_m(places: &[LonLat], fiber: &PointIndex) -> f64 {
    const NEIGHBOURS: usize = 7;
    let index = PointIndex::new(places);
    let mut found = Vec::new();
    // Node 0 is whatever is there.
    let mut edges: Vec<(u32, u32, f64)> = Vec::new();
    for (i, &at) in (1u32..).zip(places) {
        edges.extend(fiber.nearest(at).map(|h| (0, i, h.distance_m)));
        index.nearest_k(at, NEIGHBOURS, f64::INFINITY, &mut found);
        let others = found.iter().filter(|h| h.index + 1 > i);
        edges.extend(
            others.filter_map(|h| Some((i, h.index + 1, sphere_m(at, *places.get(h.index as usize)?)))),
        );
    }
    Graph::from_edges(places.len() + 1, &edges)
        .map_or(0.0, |graph| graph.total_weight(&minimum_spanning_forest(&graph, graph.edges())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn settings() -> Settings {
        Settings::with(&toml::Table::new()).unwrap()
    }

    /// n78 at 30 m, downlink: 53 − 10 lg(12 · 263) = 18.0 dBm an element, + 24 dBi − 3 dB, against
    /// −174 + 44.77 + 8 = −121.2 dBm and 6 dB of interference.
    #[test]
    fn budget_by_hand() {
        let s = settings();
        let b = Budget::new(&reference(&s).unwrap(), &s.outlook.low, &s);
        assert_eq!(b.resources.resource_blocks, 263);
        let epre = 53.0 - 10.0 * (12.0f64 * 263.0).log10();
        let noise = -173.975 + 10.0 * 30_000f64.log10() + 8.0;
        assert!((b.down_db - (epre + 24.0 - 3.0 - noise - 6.0)).abs() < 0.05, "{}", b.down_db);
        // Uplink: 23 + 24 − 3 against −174 + 10 lg 360 kHz + 3.5 and a rise of 1 / (1 − 0.25).
        let noise = -173.975 + 10.0 * 360_000f64.log10() + 3.5 + 10.0 * (1.0f64 / 0.75).log10();
        assert!((b.up_db - (44.0 - noise)).abs() < 0.05, "{}", b.up_db);
    }

    #[test]
    fn radii_are_ordered() {
        let s = settings();
        let bands: Vec<OutlookBand> =
            [reference(&s).unwrap()].into_iter().chain(s.outlook.band.values().copied()).collect();
        for band in &bands {
            for scene in Scene::ALL {
                let r: Vec<f64> = Case::ALL
                    .iter()
                    .filter_map(|c| reach(band, c.of(&s), scene, &s))
                    .map(|r| r.radius_m)
                    .collect();
                assert!(r.windows(2).all(|w| w[0] <= w[1]), "{band:?} {scene:?} {r:?}");
            }
        }
        let far = |name: &str| reach(&s.outlook.band[name], &s.outlook.mid, Scene::Urban, &s).unwrap();
        assert!(far("mmwave").radius_m < far("u6g").radius_m);
        assert!(far("subthz").extrapolated && !far("mmwave").extrapolated);
    }

    /// Free space and nothing else: FSPL = 20 lg d + 20 lg f − 27.55.
    #[test]
    fn line_of_sight_by_hand() {
        let mut s = settings();
        let band = s.outlook.band["subthz"];
        (s.outlook.high.rain_mm_h, s.outlook.high.ul_mbps) = (0.0, 1000.0);
        let r = reach(&band, &s.outlook.high, Scene::Urban, &s).unwrap();
        let b = Budget::new(&band, &s.outlook.high, &s);
        let gases = gas_attenuation(Mhz(140_000.0), &Air::REFERENCE).unwrap().db_per_km();
        let loss = |d: f64| 20.0 * d.log10() + 20.0 * 140_000f64.log10() - 27.55 + gases * d / 1e3;
        assert!(r.radius_m < FARTHEST_M && r.limit == Limit::Uplink);
        assert!(b.fails(loss(r.radius_m * 0.99)).is_none() && b.fails(loss(r.radius_m * 1.02)).is_some());
    }

    proptest! {
        /// Against every choice of places.
        #[test]
        fn fewest_stations(at in prop::collection::vec((0.0..0.05f64, 0.0..0.05f64), 1..9)) {
            let points: Vec<(LonLat, f64)> =
                at.iter().map(|(x, y)| (LonLat::wrapped(118.0 + x, 32.0 + y), 1500.0)).collect();
            let places: Vec<LonLat> = points.iter().map(|p| p.0).collect();
            let (count, chosen) = least(&points, &places, Stop::NEVER);
            let reaches = |set: u32| points.iter().all(|(p, r)| {
                places.iter().enumerate().any(|(i, q)| set >> i & 1 == 1 && sphere_m(*p, *q) <= *r)
            });
            let chosen_set = chosen.iter().fold(0u32, |s, i| s | 1 << i);
            prop_assert!(reaches(chosen_set));
            let best = (0u32..1 << places.len()).filter(|s| reaches(*s)).map(u32::count_ones).min().unwrap();
            prop_assert!(count.bound <= count.stations && count.stations >= u64::from(best));
            // Thinning by a quarter of the radius may cost a station, never two of so few.
            prop_assert!(count.stations <= u64::from(best) + 1);
        }

        #[test]
        fn trees_are_no_longer_than_stars(at in prop::collection::vec((0.0..0.2f64, 0.0..0.2f64), 0..12)) {
            let places: Vec<LonLat> = at.iter().map(|(x, y)| LonLat::wrapped(118.0 + x, 32.0 + y)).collect();
            let hub = LonLat::wrapped(118.1, 32.1);
            let star: f64 = places.iter().map(|p| sphere_m(*p, hub)).sum();
            let tree = tree_m(&places, &PointIndex::new(&[hub]));
            prop_assert!(tree <= star * 1.01 + 1e-6);
            let farthest = places.iter().map(|p| sphere_m(*p, hub)).fold(0.0, f64::max);
            prop_assert!(tree >= farthest * 0.99);
        }
    }
}
