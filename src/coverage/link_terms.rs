//! The terms of a link, for explanation: from the power of the server to the level at the site.
//!
//! Worked out anew for one site and network by the very steps that scored it, so that what is printed is
//! what was done; a test holds the sum against the assessment.

use super::air::Air;
use super::assess::{Assessor, Desk};
use super::fiber_reach::NoRoads;
use super::reception::hear;
use super::result::{LossModel, Towers};
use super::scene::Scene;
use crate::geom::{LocalFrame, LonLat};
use crate::model::inputs::Inputs;
use crate::model::operators::NetworkId;
use crate::model::records::SiteId;
use crate::model::settings::Settings;
use crate::radio::SPEED_OF_LIGHT_M_S;
use crate::radio::area::ground::Way;
use crate::radio::coverage_probability::LossDistribution;
use crate::radio::normal;
use crate::radio::servers::Asked;
use crate::radio::terrain_path::{Terms, TerrainPath};
use serde::Serialize;

/// One link taken apart. `level_dbm = ssb_epre_dbm + gain_ssb_dbi + pattern_db − loss_db`, with
/// `loss_db = median_loss_db + margin_db`.
#[derive(Clone, Debug, Serialize)]
pub struct LinkTerms {
    /// What the loss rests on.
    pub model: LossModel,
    /// Edition of that model.
    pub edition: String,
    /// Scenario of TR 38.901: its loss, or its probability of line of sight and spread.
    pub scenario: &'static str,
    /// Surroundings of the site.
    pub scene: Scene,
    /// Length along the ground, metres.
    pub distance_m: f64,
    /// Bearing from the mast to the site, degrees from north.
    pub bearing_deg: f64,
    /// Elevation of the site seen from the antenna, degrees.
    pub elevation_deg: f64,
    /// Frequency, MHz.
    pub freq_mhz: f64,
    /// Height of the antenna above ground, metres.
    pub antenna_height_m: f64,
    /// Height of the terminal above ground, metres.
    pub terminal_height_m: f64,
    /// Power per resource element of the SSB, dBm.
    pub ssb_epre_dbm: f64,
    /// Peak gain of the SSB beam, dBi.
    pub gain_ssb_dbi: f64,
    /// Gain towards the site against the peak, dB.
    pub pattern_db: f64,
    /// Probability of line of sight among houses.
    pub p_los: f64,
    /// Median loss in line of sight, and its spread, dB.
    pub los_db: f64,
    /// Likewise.
    pub sigma_los_db: f64,
    /// Median loss out of sight, and its spread, dB.
    pub nlos_db: f64,
    /// Likewise.
    pub sigma_nlos_db: f64,
    /// Median over both, dB.
    pub median_loss_db: f64,
    /// What measurements add to both, dB; already in them.
    pub correction_db: f64,
    /// What the location probability costs on top, dB.
    pub margin_db: f64,
    /// SS-RSRP in the open met with the location probability, dBm.
    pub level_dbm: f64,
    /// Median loss of the site's wall, and its spread, dB.
    pub wall_db: f64,
    /// Likewise.
    pub wall_sigma_db: f64,
    /// SS-RSRP behind it met with the location probability, dBm.
    pub indoor_level_dbm: f64,
    /// The ground on the way, where it counts.
    pub ground: Option<GroundTerms>,
}

/// The ground under a link.
#[derive(Clone, Debug, Serialize)]
pub struct GroundTerms {
    /// Ground at the mast, metres above sea level.
    pub mast_m_asl: f64,
    /// Ground at the site, metres above sea level.
    pub site_m_asl: f64,
    /// Distance between samples, metres.
    pub step_m: f64,
    /// Greatest height of houses and trees on the way, taken out of sight, metres.
    pub clutter_m: f64,
    /// Their height at the edge that weighs most, metres.
    pub edge_clutter_m: f64,
    /// Share of the points on the way whose land cover isn't known and that take the scene's height; `None`
    /// without land cover.
    pub cover_unknown_share: Option<f64>,
    /// Whether the bare ground leaves the ray free.
    pub line_of_sight: bool,
    /// The edge that weighs most.
    pub edge: Edge,
    /// Free space, dB.
    pub free_space_db: f64,
    /// Diffraction over bare ground, dB.
    pub diffraction_db: f64,
    /// Diffraction over ground with houses and trees, dB.
    pub diffraction_behind_houses_db: f64,
    /// Loss by troposcatter, dB.
    pub troposcatter_db: f64,
    /// Loss by ducting, dB.
    pub ducting_db: f64,
}

/// The point of a profile with the largest diffraction parameter ν over the median earth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Edge {
    /// Distance from the mast, metres.
    pub from_mast_m: f64,
    /// Longitude, degrees.
    pub lon: f64,
    /// Latitude, degrees.
    pub lat: f64,
    /// Height above sea level, metres.
    pub m_asl: f64,
    /// Height over the ray, the earth's bulge included, metres; negative below it.
    pub over_ray_m: f64,
    /// ν = h·√(2·d / (λ·d₁·d₂)), ITU-R P.526.
    pub nu: f64,
}

/// Takes links of one run apart.
pub struct LinkExplainer<'a> {
    assessor: Assessor<'a>,
}

impl<'a> LinkExplainer<'a> {
    /// For a run's inputs; `towers` are those of its cells.
    #[must_use]
    pub fn new(inputs: &'a Inputs, settings: &'a Settings, towers: &'a Towers) -> Self {
        Self { assessor: Assessor::new(inputs, settings, towers, &NoRoads) }
    }

    /// The link of a site to its server of a network, by level; `None` where there is none.
    #[must_use]
    pub fn terms(&self, id: SiteId, network: NetworkId) -> Option<LinkTerms> {
        let a = &self.assessor;
        let (air, radio) = (&a.air, &a.settings.radio);
        let site = a.inputs.sites.list.get(id.at())?;
        let mut desk = Desk::default();
        let mut near = a.around(network, site.at, 0.0, &mut desk);
        let scene = air.scene(site.at);
        let entry = air.entries.get(super::air::wall_index(site.wall, radio))?;
        let (_, ear) = desk.parts();
        let terrain = air.terrain.as_ref();
        let heard = hear(air, &mut near, site.at, scene, &Asked::outdoors(entry), terrain, ear)?;
        let sector = near.sectors.get(heard.radio.server.sector)?;
        let mast = *ear.mast(heard.radio.server.mast)?;
        let freq_mhz = air.classes.get(heard.server.class as usize)?.filled.freq_mhz;
        let table = (sector.table + scene as u32) as usize;
        let prepared = air.medium.tables.get(table)?.prepared();
        let states = prepared.states(mast.distance_m.max(*prepared.ground_range_m().start()));
        let mut loss = LossDistribution::from(states);
        let mut ground = None;
        if let (true, Some(place)) = (heard.model.is_over_terrain(), ear.place(heard.radio.server.mast)) {
            let (los, nlos, terms) =
                over_ground(air, place, site.at, scene, table, freq_mhz, sector.height_m)?;
            (loss.first.0, loss.second.0) = (los, nlos);
            ground = Some(terms);
        }
        let p = air.medium.location.probability();
        let z = normal::quantile(p);
        let wall = entry.get(usize::from(sector.carrier))?;
        let drop_m = f64::from(sector.height_m) - radio.ue_height_m + mast.rise_m;
        let elevation_deg = -drop_m.atan2(mast.distance_m).to_degrees();
        let antenna = air.medium.antennas.get(usize::from(sector.antenna))?;
        let pattern_db = antenna.ssb.relative_gain(&sector.pointing(), mast.bearing_deg, elevation_deg).get();
        let (power, gain) = (f64::from(sector.ssb_epre_dbm), f64::from(sector.gain_ssb_dbi));
        let eirp = power + gain + pattern_db;
        let median = loss.quantile_db(0.5, 0.0);
        let met = loss.quantile_db(p, z);
        let edition = match heard.model {
            LossModel::P1812 => "8",
            LossModel::P452 => "18",
            _ => &radio.scenario_edition,
        };
        Some(LinkTerms {
            model: heard.model,
            edition: edition.to_owned(),
            scenario: prepared.model(),
            scene,
            distance_m: mast.distance_m,
            bearing_deg: mast.bearing_deg.rem_euclid(360.0),
            elevation_deg,
            freq_mhz,
            antenna_height_m: f64::from(sector.height_m),
            terminal_height_m: radio.ue_height_m,
            ssb_epre_dbm: power,
            gain_ssb_dbi: gain,
            pattern_db,
            p_los: loss.p_first,
            los_db: loss.first.0,
            sigma_los_db: loss.first.1,
            nlos_db: loss.second.0,
            sigma_nlos_db: loss.second.1,
            median_loss_db: median,
            correction_db: air.correction_db(freq_mhz, scene),
            margin_db: met - median,
            level_dbm: eirp - met,
            wall_db: wall.loss_db,
            wall_sigma_db: wall.sigma_db,
            indoor_level_dbm: eirp - loss.behind(wall.loss_db, wall.sigma_db).quantile_db(p, z),
            ground,
        })
    }
}

/// Median losses in sight and out of it along the ground, and what they are made of.
fn over_ground(
    air: &Air,
    mast: LonLat,
    site: LonLat,
    scene: Scene,
    table: usize,
    freq_mhz: f64,
    antenna_m: f32,
) -> Option<(f64, f64, GroundTerms)> {
    let scoring = air.terrain.as_ref()?;
    let model = scoring.model(table / Scene::ALL.len(), 0.5 * (mast.lat_deg() + site.lat_deg()))?;
    let profile = scoring.profile(mast, site)?;
    let (heights, step_m) = (&profile.heights_m, profile.step_m);
    let loss = scoring.loss(&model, scene, &profile, &mut TerrainPath::default())?;
    let (los_db, bare) = &loss.bare;
    let (nlos_db, houses) = &loss.behind_houses;
    let ends = [f64::from(antenna_m), air.settings.radio.ue_height_m];
    let mut edge = main_edge(heights, step_m, ends, freq_mhz, bare)?;
    let frame = LocalFrame::new(mast);
    let way = Way::new(&frame, mast, site);
    let at = way.place(&frame, edge.from_mast_m / (step_m * (heights.len() - 1) as f64));
    (edge.lon, edge.lat) = (at.lon_deg(), at.lat_deg());
    let inner = || 1..heights.len().saturating_sub(1);
    let clutter_m = |point: usize| profile.clutter_m(point, scoring.clutter_m(scene));
    let terms = GroundTerms {
        mast_m_asl: *heights.first()?,
        site_m_asl: *heights.last()?,
        step_m,
        clutter_m: inner().map(clutter_m).fold(0.0, f64::max),
        edge_clutter_m: clutter_m((edge.from_mast_m / step_m).round() as usize),
        cover_unknown_share: scoring.knows_cover().then(|| {
            let unknown = inner().filter(|i| profile.cover_m.get(*i).is_none_or(|m| m.is_nan())).count();
            unknown as f64 / inner().len().max(1) as f64
        }),
        line_of_sight: bare.analysis.line_of_sight,
        edge,
        free_space_db: bare.free_space_db,
        diffraction_db: bare.diffraction_db,
        diffraction_behind_houses_db: houses.diffraction_db,
        troposcatter_db: bare.troposcatter_db,
        ducting_db: bare.ducting_db,
    };
    let added_db = scoring.added_db(table);
    Some((los_db + added_db, nlos_db + added_db, terms))
}

/// The inner point with the largest ν; its position on earth is left to the caller.
fn main_edge(heights_m: &[f64], step_m: f64, ends_m: [f64; 2], freq_mhz: f64, terms: &Terms) -> Option<Edge> {
    let last = heights_m.len().checked_sub(1)?;
    let (from, to) = (heights_m.first()? + ends_m[0], heights_m.last()? + ends_m[1]);
    let total_m = step_m * last as f64;
    let wavelength_m = SPEED_OF_LIGHT_M_S / (freq_mhz * 1e6);
    (1..last)
        .map(|i| {
            let (d1, m_asl) = (step_m * i as f64, heights_m[i]);
            let d2 = total_m - d1;
            let bulge_m = d1 * d2 / (2e3 * terms.effective_radius_km);
            let over_ray_m = m_asl + bulge_m - (from + (to - from) * d1 / total_m);
            let nu = over_ray_m * (2.0 * total_m / (wavelength_m * d1 * d2)).sqrt();
            Edge { from_mast_m: d1, lon: 0.0, lat: 0.0, m_asl, over_ray_m, nu }
        })
        .max_by(|a, b| a.nu.total_cmp(&b.nu))
}

#[cfg(test)]
mod tests {
    use super::super::{NoRoads, assess};
    use super::*;
    use crate::synth;

    /// What is explained adds up, and is what was assessed.
    #[test]
    fn the_terms_are_those_of_the_assessment() {
        let settings = Settings::with(&toml::Table::new()).unwrap();
        let mut inputs = synth::demo();
        inputs.measurements.clear();
        let found = assess(&inputs, &settings, &NoRoads);
        let explainer = LinkExplainer::new(&inputs, &settings, &found.towers);
        let mut seen = 0;
        for i in (0..found.sites.len()).step_by(37).filter(|i| found.sites[*i].scored) {
            for (k, n) in found.networks_at(SiteId(i as u32)).iter().enumerate() {
                let t = explainer.terms(SiteId(i as u32), NetworkId(k as u16));
                assert_eq!(t.is_some(), n.server.is_some());
                let Some(t) = t else { continue };
                seen += 1;
                let sum = t.ssb_epre_dbm + t.gain_ssb_dbi + t.pattern_db - t.median_loss_db - t.margin_db;
                assert!((sum - t.level_dbm).abs() < 1e-9);
                assert!((t.level_dbm - n.rsrp_outdoor_dbm.or(0.0)).abs() < 0.1, "{t:?} {n:?}");
                assert!((t.indoor_level_dbm - n.rsrp_indoor_dbm.or(t.indoor_level_dbm)).abs() < 0.1, "{t:?}");
                assert_eq!(Some(t.model), n.model);
                assert!(t.ground.is_none());
            }
        }
        assert!(seen > 50);
    }

    /// A knife edge half-way, by hand.
    #[test]
    fn the_edge_is_where_the_ridge_is() {
        let mut heights = vec![100.0; 41];
        heights[20] = 250.0;
        let terms = Terms { effective_radius_km: 8500.0, ..Terms::default() };
        let e = main_edge(&heights, 100.0, [30.0, 2.0], 3000.0, &terms).unwrap();
        assert_eq!((e.from_mast_m, e.m_asl), (2000.0, 250.0));
        let over = 150.0 - 16.0 + 2000.0 * 2000.0 / (2.0 * 8.5e6);
        assert!((e.over_ray_m - over).abs() < 1e-9);
        let wavelength: f64 = 0.299_792_458 / 3.0;
        assert!((e.nu - over * (2.0 * 4000.0 / (wavelength * 4e6)).sqrt()).abs() < 1e-9);
    }
}
