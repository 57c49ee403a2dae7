//! Scoring over terrain: the loss of the masts that count, along profiles of the ground.
//!
//! Where a DEM of 100 m posting or finer is at hand, the links of a site are predicted along the geodesic
//! from mast to site, by ITU-R P.1812-8 or, where its frequencies end, P.452-18
//! ([`terrain_link`](crate::radio::terrain_link)):
//!
//! - Of each carrier the `radio.terrain.candidates` strongest masts by TR 38.901 are looked at, and on until
//!   the best server has been. All others disturb at the level of TR 38.901.
//! - The two states of TR 38.901 stay, with its probability of line of sight among houses and its shadow
//!   fading: a DEM shows hills, not houses. In sight the path runs over bare ground, out of sight over ground
//!   with what the land cover has standing there on it; without that, and where it is unknown, houses and trees
//!   of the scene's height (`radio.terrain.clutter_*`).
//! - Links shorter than 250 m are TR 38.901's. So are links over ground without heights (gaps of more than
//!   1 km), which is counted and said, or refused (`radio.terrain.unknown`); it is never sea level.
//! - The antenna's pattern is looked up at the elevation that the ground gives.

use super::result::LossModel;
use super::scene::Scene;
use crate::geom::{LandCover, LocalFrame, LonLat, Terrain};
use crate::model::settings::RadioTerrainSettings;
use crate::radio::area::ground::{BRIDGED_M, Way};
use crate::radio::servers::{GroundLoss, Mast};
use crate::radio::terrain_link::{MIN_DISTANCE_M, TerrainModel};
use crate::radio::terrain_path::{Terms, TerrainPath};
use rustc_hash::FxHashMap;

/// Samples of a profile lie this far apart at the least and at the most, metres.
const SPACING_M: [f64; 2] = [10.0, 100.0];

/// The ground under all links, and the models over it.
pub struct TerrainScoring<'a> {
    terrain: &'a dyn Terrain,
    land_cover: Option<&'a dyn LandCover>,
    /// By shape of cells, in the order of the loss tables' thirds; the latitude is set link by link.
    models: Vec<Option<TerrainModel>>,
    /// What measurements add to losses, by table, dB.
    added_db: Vec<f64>,
    spacing_m: f64,
    candidates: usize,
    clutter_m: [f64; 3],
}

/// The ground from a mast to a place, evenly spaced.
#[derive(Clone, Debug)]
pub struct GroundProfile {
    /// Heights above sea level, metres.
    pub heights_m: Vec<f64>,
    /// Heights of what stands there, metres, NaN where unknown; empty without land cover.
    pub cover_m: Vec<f64>,
    /// Distance between two points, metres.
    pub step_m: f64,
}

impl GroundProfile {
    /// Height of what stands at a point, metres, `else_m` where that isn't known.
    #[must_use]
    pub fn clutter_m(&self, point: usize, else_m: f64) -> f64 {
        self.cover_m.get(point).copied().filter(|m| !m.is_nan()).unwrap_or(else_m)
    }
}

/// What a path over the ground costs.
#[derive(Clone, Copy, Debug)]
pub struct OverGround {
    /// Median loss over bare ground, dB, and its terms.
    pub bare: (f64, Terms),
    /// Likewise over houses and trees.
    pub behind_houses: (f64, Terms),
}

impl<'a> TerrainScoring<'a> {
    /// `models` by shape of cells; `added_db` by table what measurements add to losses, dB.
    #[must_use]
    pub fn new(
        terrain: &'a dyn Terrain,
        land_cover: Option<&'a dyn LandCover>,
        settings: &RadioTerrainSettings,
        models: Vec<Option<TerrainModel>>,
        added_db: Vec<f64>,
    ) -> Self {
        Self {
            terrain,
            land_cover,
            models,
            added_db,
            spacing_m: terrain.posting_m().clamp(SPACING_M[0], SPACING_M[1]),
            candidates: settings.candidates as usize,
            clutter_m: [settings.clutter_urban_m, settings.clutter_suburban_m, settings.clutter_rural_m],
        }
    }

    /// Whether land cover tells what stands on the ground.
    #[must_use]
    pub const fn knows_cover(&self) -> bool {
        self.land_cover.is_some()
    }

    /// Height of houses and trees in a scene, where no land cover tells it, metres.
    #[must_use]
    pub const fn clutter_m(&self, scene: Scene) -> f64 {
        match scene {
            Scene::Urban => self.clutter_m[0],
            Scene::Suburban => self.clutter_m[1],
            Scene::Rural => self.clutter_m[2],
        }
    }

    /// The ground from a mast to a place. `None` where a gap in the heights is too wide to be bridged.
    #[must_use]
    pub fn profile(&self, from: LonLat, to: LonLat) -> Option<GroundProfile> {
        let frame = LocalFrame::new(from);
        let way = Way::new(&frame, from, to);
        let steps = (way.distance_m / self.spacing_m).ceil().max(4.0);
        let step_m = way.distance_m / steps;
        let place = |i: usize| way.place(&frame, i as f64 / steps);
        let points = 0..=steps as usize;
        let height = |i: usize| self.terrain.height_m(place(i)).unwrap_or(f64::NAN);
        let mut heights_m: Vec<f64> = points.clone().map(height).collect();
        if !bridge(&mut heights_m, (BRIDGED_M / step_m) as usize) {
            return None;
        }
        let clutter = |cover: &dyn LandCover, i: usize| cover.clutter_m(place(i)).unwrap_or(f64::NAN);
        let cover_m = self.land_cover.map(|cover| points.map(|i| clutter(cover, i)).collect());
        Some(GroundProfile { heights_m, cover_m: cover_m.unwrap_or_default(), step_m })
    }

    /// Loss over a profile for a shape of cells in a scene.
    #[must_use]
    pub fn loss(
        &self,
        model: &TerrainModel,
        scene: Scene,
        ground: &GroundProfile,
        path: &mut TerrainPath,
    ) -> Option<OverGround> {
        let mut over = |clutter_m: &dyn Fn(usize) -> f64| {
            let points = ground.heights_m.iter().enumerate();
            path.refill_inland(ground.step_m, points.map(|(i, h)| (*h, clutter_m(i))));
            path.open_ends(model.open_m());
            model.predict(path).ok().map(|(loss, terms)| (loss.get(), terms))
        };
        let scene_m = self.clutter_m(scene);
        Some(OverGround { bare: over(&|_| 0.0)?, behind_houses: over(&|i| ground.clutter_m(i, scene_m))? })
    }

    /// What measurements add to the losses of a table, dB.
    #[must_use]
    pub fn added_db(&self, table: usize) -> f64 {
        self.added_db.get(table).copied().unwrap_or(0.0)
    }

    /// The model of a shape at a latitude, degrees.
    #[must_use]
    pub fn model(&self, shape: usize, latitude_deg: f64) -> Option<TerrainModel> {
        self.models.get(shape)?.map(|m| m.at_latitude(latitude_deg))
    }
}

/// Fills gaps of at most `widest` steps from their rims. False when one is left.
fn bridge(heights: &mut [f64], widest: usize) -> bool {
    let mut i = 0;
    while i < heights.len() {
        if !heights[i].is_nan() {
            i += 1;
            continue;
        }
        let end = (i..heights.len()).find(|&k| !heights[k].is_nan());
        let (Some(before), Some(end)) = (i.checked_sub(1), end) else { return false };
        if end - before > widest {
            return false;
        }
        let (from, to) = (heights[before], heights[end]);
        for (step, height) in heights[i..end].iter_mut().enumerate() {
            *height = from + (to - from) * (step + 1) as f64 / (end - before) as f64;
        }
        i = end;
    }
    true
}

/// A mast's place, as bits.
type Place = (u64, u64);

fn bits(at: LonLat) -> Place {
    (at.lon_deg().to_bits(), at.lat_deg().to_bits())
}

/// The ground on the way; `None` where some heights are unknown.
type Profile = Option<GroundProfile>;

/// What a thread knows of the paths to the place that it works on: a station tried at a site, or another
/// network on the same towers, asks for most of them again.
#[derive(Default)]
pub struct TerrainDesk {
    here: Option<(Place, Scene)>,
    height_m: Option<f64>,
    profiles: FxHashMap<Place, Profile>,
    answers: FxHashMap<(Place, u32), (LossModel, Option<[f64; 2]>)>,
    path: TerrainPath,
}

impl TerrainDesk {
    /// Turns to a place; what was known of another is forgotten.
    pub fn turn_to(&mut self, scoring: &TerrainScoring, at: LonLat, scene: Scene) {
        let here = Some((bits(at), scene));
        if self.here != here {
            self.here = here;
            self.height_m = scoring.terrain.height_m(at);
            self.profiles.clear();
            self.answers.clear();
        }
    }

    /// How much higher a mast's ground lies than that of the place at hand, metres; zero where one isn't
    /// known.
    #[must_use]
    pub fn rise_m(&self, scoring: &TerrainScoring, mast: LonLat) -> f64 {
        scoring.terrain.height_m(mast).zip(self.height_m).map_or(0.0, |(there, here)| there - here)
    }

    /// The model that a mast's loss with the parameters of a table came from.
    #[must_use]
    pub fn model(&self, mast: LonLat, table: u32) -> LossModel {
        self.answers.get(&(bits(mast), table)).map_or(LossModel::Tr38901, |a| a.0)
    }
}

/// The paths from some masts to a place, for the radio room.
pub struct Paths<'a> {
    /// The ground.
    pub scoring: &'a TerrainScoring<'a>,
    /// What is known so far; it has turned to the place.
    pub desk: &'a mut TerrainDesk,
    /// The masts, and where they stand.
    pub masts: &'a [Mast],
    /// Likewise.
    pub places: &'a [LonLat],
    /// The place.
    pub here: LonLat,
    /// Its scene.
    pub scene: Scene,
}

impl GroundLoss for Paths<'_> {
    fn candidates(&self) -> usize {
        self.scoring.candidates
    }

    fn median_db(&mut self, mast: u32, table: u32) -> Option<[f64; 2]> {
        let at = *self.places.get(mast as usize)?;
        let distance_m = self.masts.get(mast as usize)?.distance_m;
        let TerrainDesk { profiles, answers, path, .. } = &mut *self.desk;
        let (scoring, here, scene) = (self.scoring, self.here, self.scene);
        let work_out = || {
            if distance_m < MIN_DISTANCE_M {
                return (LossModel::Tr38901Short, None);
            }
            // Tables of a shape stand side by side, one per scene.
            let latitude_deg = 0.5 * (at.lat_deg() + here.lat_deg());
            let Some(model) = scoring.model(table as usize / Scene::ALL.len(), latitude_deg) else {
                return (LossModel::Tr38901, None);
            };
            let profile = profiles.entry(bits(at)).or_insert_with(|| scoring.profile(at, here));
            let Some(ground) = profile else { return (LossModel::Tr38901UnknownGround, None) };
            match scoring.loss(&model, scene, ground, path) {
                Some(loss) => {
                    let added_db = scoring.added_db(table as usize);
                    let medians = [loss.bare.0, loss.behind_houses.0].map(|db| db + added_db);
                    (LossModel::of(&model), Some(medians))
                }
                // Only the length can be refused here: within metres of the least.
                None => (LossModel::Tr38901Short, None),
            }
        };
        answers.entry((bits(at), table)).or_insert_with(work_out).1
    }
}

#[cfg(test)]
mod tests {
    use super::super::{NoRoads, assess};
    use super::*;
    use crate::geom::Xy;
    use crate::model::inputs::Inputs;
    use crate::model::kinds::Rat;
    use crate::model::records::{Cell, Site, SiteId};
    use crate::model::settings::Settings;
    use crate::model::text::Known;
    use crate::radio::coverage_probability::LossDistribution;
    use crate::radio::link::{LinkOptions, answer};
    use crate::radio::normal;
    use std::sync::Arc;

    /// A plain with a ridge of 300 m along 9° E, and without heights east of 9.2°.
    struct Ridge;

    impl Terrain for Ridge {
        fn height_m(&self, at: LonLat) -> Option<f64> {
            let off_deg = (at.lon_deg() - 9.0).abs();
            (at.lon_deg() < 9.2).then(|| 100.0 + 300.0 * (1.0 - off_deg / 0.003).max(0.0))
        }

        fn posting_m(&self) -> f64 {
            30.0
        }
    }

    /// A mast 1.5 km west of the ridge; sites on both sides of it, one close by, one beyond all heights.
    fn valley() -> Inputs {
        let mut inputs = Inputs::default();
        let mast = LonLat::wrapped(8.98, 46.0);
        let frame = LocalFrame::new(mast);
        let id = inputs.cells.text.push("A");
        let operator = inputs.operators.add("cmcc");
        let mut cell = Cell::at(id, mast, operator, Rat::Nr);
        cell.height_m = Known::new(25.0);
        inputs.cells.list.push(cell);
        for (name, x_m) in [("behind", 3000.0), ("before", -3000.0), ("close", 150.0)] {
            let at = frame.to_lonlat(Xy { x_m, y_m: 200.0 });
            let (id, name) = (inputs.sites.text.push(name), inputs.sites.text.push(name));
            inputs.sites.list.push(Site::at(id, name, at));
        }
        inputs
    }

    fn settings(text: &str) -> Settings {
        Settings::with(&toml::from_str(text).unwrap()).unwrap()
    }

    #[test]
    fn a_ridge_shadows_and_the_figures_are_those_of_link() {
        let mut inputs = valley();
        let settings = settings("");
        let flat = assess(&inputs, &settings, &NoRoads);
        inputs.terrain = Some(Arc::new(Ridge));
        let hilly = assess(&inputs, &settings, &NoRoads);
        let level =
            |a: &super::super::Assessment, i: u32| a.networks_at(SiteId(i))[0].rsrp_outdoor_dbm.or(0.0);
        let model = |i: u32| hilly.networks_at(SiteId(i))[0].model;
        assert_eq!(model(0), Some(LossModel::P1812));
        assert_eq!(model(1), Some(LossModel::P1812));
        assert_eq!(model(2), Some(LossModel::Tr38901Short));
        assert_eq!(level(&flat, 2), level(&hilly, 2), "a short link is TR 38.901's");
        assert!(level(&hilly, 0) < level(&hilly, 1) - 15.0);
        assert!((level(&flat, 0) - level(&flat, 1)).abs() < 0.5);
        for s in 0..3 {
            assert_eq!(hilly.sites[s].flat_total, flat.sites[s].score.total);
            assert_eq!(flat.sites[s].flat_total, Known::UNKNOWN);
        }
        let fact = |code: &str| hilly.facts.iter().find(|f| f.code == code).map(|f| f.value);
        assert_eq!(fact("links_over_terrain"), Some(2));
        assert_eq!(fact("links_too_short_for_terrain"), Some(1));
        assert!(flat.notes.iter().any(|n| n.code == "N014") && hilly.notes.iter().any(|n| n.code == "N015"));

        // The level again, from two answers of `covplan link` over the same ground.
        let (mast, site) = (inputs.cells.list.get(0).unwrap().at, inputs.sites.list[0].at);
        let towers = super::super::towers::towers(&inputs.cells, 50.0);
        let air = super::super::air::Air::new(&inputs, &settings, &towers, &[], Default::default());
        let scene = air.scene(site);
        let ground = air.terrain.as_ref().unwrap().profile(mast, site).unwrap();
        let (heights, step) = (ground.heights_m, ground.step_m);
        let ask = |clutter: f64| -> f64 {
            let n = heights.len();
            let request = serde_json::json!({
                "model": "p1812", "freq_mhz": 3500.0, "tx_height_m": 25.0, "rx_height_m": 1.5,
                "time_percent": 50.0, "delta_n": 45.0, "n0": 325.0, "latitude_deg": 46.0,
                "sigma_location_db": 0.0,
                "profile": {
                    "distance_m": (0..n).map(|i| i as f64 * step).collect::<Vec<_>>(),
                    "height_m": heights,
                    "clutter_m": vec![clutter; n],
                },
            });
            let answer = answer(&request, &LinkOptions::default());
            answer["loss_db"].as_f64().unwrap_or_else(|| panic!("{answer}"))
        };
        let medians = [ask(0.0), ask(5.0)];
        let states = air.medium.tables[scene as usize].prepared().states(crate::geom::geodesic_m(mast, site));
        let loss = LossDistribution {
            p_first: states.p_los,
            first: (medians[0], states.sigma_los_db),
            second: (medians[1], states.sigma_nlos_db),
        };
        let class = &air.classes[0].filled;
        let want = class.epre_dbm + class.gain_ssb_dbi - loss.quantile_db(0.95, normal::quantile(0.95));
        assert!((level(&hilly, 0) - want).abs() < 0.1, "{} {want}", level(&hilly, 0));
    }

    /// Woods between mast and site take level from it, where the land cover says so; where it says nothing the
    /// scene's houses stay, and that is told.
    #[test]
    fn land_cover_counts_on_the_way() {
        struct Cover(fn(LonLat) -> Option<f64>);
        impl LandCover for Cover {
            fn clutter_m(&self, at: LonLat) -> Option<f64> {
                self.0(at)
            }
            fn posting_m(&self) -> f64 {
                10.0
            }
        }
        let mut inputs = valley();
        inputs.terrain = Some(Arc::new(Ridge));
        let settings = settings("");
        let level = |inputs: &Inputs, i: u32| {
            let found = assess(inputs, &settings, &NoRoads);
            let told = found
                .notes
                .iter()
                .find(|n| n.code == "N021")
                .map(|n| n.text(crate::model::kinds::Lang::En).to_owned());
            (found.networks_at(SiteId(i))[0].rsrp_outdoor_dbm.or(0.0), told)
        };
        let scenes = level(&inputs, 1);
        assert_eq!(scenes.1, None);
        // Rural houses are five metres high: land cover of that height changes nothing.
        inputs.land_cover = Some(Arc::new(Cover(|_| Some(5.0))));
        assert_eq!(level(&inputs, 1).0, scenes.0);
        inputs.land_cover = Some(Arc::new(Cover(|_| None)));
        let unknown = level(&inputs, 1);
        assert_eq!(unknown.0, scenes.0);
        assert!(unknown.1.is_some_and(|t| t.contains("3 of 3 sites and 1 of 1 towers")));
        inputs.land_cover = Some(Arc::new(Cover(|at| Some(if at.lon_deg() < 8.96 { 25.0 } else { 0.0 }))));
        let wooded = level(&inputs, 1);
        assert!(wooded.0 < scenes.0 - 3.0, "{} {}", wooded.0, scenes.0);
        assert!(wooded.1.is_some_and(|t| t.contains("0 of 3 sites and 0 of 1 towers")));
        inputs.land_cover = Some(Arc::new(Cover(|_| Some(0.0))));
        assert!(level(&inputs, 1).0 > scenes.0);
    }

    #[test]
    fn ground_without_heights_is_counted_and_never_sea_level() {
        let mut inputs = valley();
        for site in &mut inputs.sites.list {
            site.at = LonLat::wrapped(site.at.lon_deg() + 0.26, 46.0);
        }
        let mast = inputs.cells.list.get(0).unwrap();
        inputs.cells.list.set(0, Cell { at: LonLat::wrapped(9.215, 46.01), ..mast });
        let flat = assess(&inputs, &settings(""), &NoRoads);
        inputs.terrain = Some(Arc::new(Ridge));
        let hilly = assess(&inputs, &settings(""), &NoRoads);
        let unknown =
            hilly.at_network.iter().filter(|n| n.model == Some(LossModel::Tr38901UnknownGround)).count();
        assert!(unknown >= 2, "{:?}", hilly.at_network);
        for (a, b) in hilly.at_network.iter().zip(&flat.at_network) {
            if a.model == Some(LossModel::Tr38901UnknownGround) {
                assert_eq!(a.rsrp_outdoor_dbm, b.rsrp_outdoor_dbm);
            }
        }
        assert!(hilly.notes.iter().any(|n| n.code == "N017"));
        let off = assess(&inputs, &settings("[radio.terrain]\nuse = false"), &NoRoads);
        assert!(
            off.at_network
                .iter()
                .zip(&flat.at_network)
                .all(|(a, b)| a.rsrp_outdoor_dbm == b.rsrp_outdoor_dbm)
        );
    }

    #[test]
    fn gaps_are_bridged_from_both_rims_only() {
        let nan = f64::NAN;
        let mut h = [10.0, nan, nan, 40.0, 50.0];
        assert!(bridge(&mut h, 3));
        assert_eq!(h, [10.0, 20.0, 30.0, 40.0, 50.0]);
        assert!(!bridge(&mut [10.0, nan, nan, 40.0], 2));
        assert!(!bridge(&mut [nan, 10.0, 20.0], 3));
        assert!(!bridge(&mut [10.0, nan], 3));
    }
}
