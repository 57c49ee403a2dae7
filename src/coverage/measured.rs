//! Measurements against prediction: how far off the levels are, by band and scene, and the correction that
//! follows from it when the planner wants one.
//!
//! Each outdoor measurement of a technology that counts is compared with the median SS-RSRP predicted for its
//! place from the best server of its network. The error is prediction less measurement: a positive bias means
//! a prediction too good. Fewer measurements than `radio.measured_min_samples` in a band and scene are
//! shown, but prove nothing and correct nothing.

use super::air::Air;
use super::assess::{Assessor, Desk};
use super::reception::hear;
use super::scene::Scene;
use crate::model::settings::RadioSettings;
use crate::radio::servers::Asked;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;

/// Measurements that one task compares.
const CHUNK: usize = 512;

/// Prediction less measurement, of one band in one scene.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The catalogue's carrier nearest in frequency to the servers.
    pub band: String,
    /// Scene; `None` for all together.
    pub scene: Option<Scene>,
    /// Measurements compared.
    pub count: u64,
    /// Mean error, dB; positive where the prediction is too good.
    pub bias_db: f64,
    /// Standard deviation of the error, dB; `None` of a single measurement.
    pub sigma_db: Option<f64>,
    /// Root of the mean squared error, dB.
    pub rmse_db: f64,
    /// Whether there are as many as `radio.measured_min_samples`.
    pub enough: bool,
}

impl Comparison {
    fn new(band: &str, scene: Option<Scene>, errors_db: &[f64], least: u64) -> Self {
        let n = errors_db.len() as f64;
        let bias_db = errors_db.iter().sum::<f64>() / n;
        let squares: f64 = errors_db.iter().map(|e| (e - bias_db).powi(2)).sum();
        Self {
            band: band.to_owned(),
            scene,
            count: errors_db.len() as u64,
            bias_db,
            sigma_db: (errors_db.len() > 1).then(|| (squares / (n - 1.0)).sqrt()),
            rmse_db: (errors_db.iter().map(|e| e * e).sum::<f64>() / n).sqrt(),
            enough: errors_db.len() as u64 >= least,
        }
    }
}

/// Name of the catalogue's carrier that is nearest to a frequency.
#[must_use]
pub fn band(radio: &RadioSettings, freq_mhz: f64) -> &str {
    let off = |mhz: f64| (mhz / freq_mhz).ln().abs();
    let nearest = radio.carrier.iter().min_by(|a, b| off(a.1.freq_mhz).total_cmp(&off(b.1.freq_mhz)));
    nearest.map_or("", |(name, _)| name)
}

/// Compares all measurements with what `assessor` predicts: a row per band and scene, and one per band.
#[must_use]
pub fn compare(assessor: &Assessor) -> Vec<Comparison> {
    let (inputs, radio) = (assessor.inputs, &assessor.settings.radio);
    let rats = &assessor.settings.project.rats;
    let outdoors: Vec<_> = inputs
        .measurements
        .iter()
        .filter(|m| rats.contains(&m.rat) && m.indoor != Some(true) && m.ss_rsrp_dbm.is_known())
        .collect();
    let errors: Vec<(f64, Scene, f64)> = outdoors
        .par_chunks(CHUNK)
        .map_init(Desk::default, |desk, some| {
            some.iter()
                .filter_map(|m| {
                    let network = inputs.operators.network(m.operator);
                    let (freq_mhz, scene, median_dbm) = predicted(assessor, network, m.at, desk)?;
                    Some((freq_mhz, scene, median_dbm - m.ss_rsrp_dbm.get()?))
                })
                .collect::<Vec<_>>()
        })
        .flatten()
        .collect();
    // In the order of the file, so that sums don't depend on the threads.
    let mut by: BTreeMap<(&str, Option<Scene>), Vec<f64>> = BTreeMap::new();
    for (freq_mhz, scene, error_db) in errors {
        let band = band(radio, freq_mhz);
        for scene in [None, Some(scene)] {
            by.entry((band, scene)).or_default().push(error_db);
        }
    }
    let least = u64::from(radio.measured_min_samples);
    by.into_iter().map(|((band, scene), errors)| Comparison::new(band, scene, &errors, least)).collect()
}

/// Frequency of the best server at a place, the scene there, and the median level, dBm.
fn predicted(
    assessor: &Assessor,
    network: crate::model::operators::NetworkId,
    at: crate::geom::LonLat,
    desk: &mut Desk,
) -> Option<(f64, Scene, f64)> {
    let air: &Air = &assessor.air;
    let mut near = assessor.around(network, at, 0.0, desk);
    let scene = air.scene(at);
    let asked = Asked { ss_sinr: false, ..Asked::outdoors(&[]) };
    let heard = hear(air, &mut near, at, scene, &asked, air.terrain.as_ref(), desk.parts().1)?;
    let freq_mhz = air.classes.get(heard.server.class as usize)?.filled.freq_mhz;
    Some((freq_mhz, scene, heard.radio.rsrp_median_dbm))
}

/// What is added to losses, by band and scene, dB.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Corrections(BTreeMap<(String, Scene), f64>);

impl Corrections {
    /// The biases that enough measurements stand behind.
    #[must_use]
    pub fn of(found: &[Comparison]) -> Self {
        let sound = found.iter().filter(|c| c.enough);
        Self(sound.filter_map(|c| Some(((c.band.clone(), c.scene?), c.bias_db))).collect())
    }

    /// Whether nothing is corrected.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many bands and scenes are corrected.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// What a frequency in a scene gets added to its losses, dB: what the settings say
    /// (`radio.bias_db`), and the bias that measurements show.
    #[must_use]
    pub fn loss_db(&self, radio: &RadioSettings, freq_mhz: f64, scene: Scene) -> f64 {
        let set_db = match scene {
            Scene::Urban => radio.bias_db.urban,
            Scene::Suburban => radio.bias_db.suburban,
            Scene::Rural => radio.bias_db.rural,
        };
        if self.0.is_empty() {
            return set_db;
        }
        set_db + self.0.get(&(band(radio, freq_mhz).to_owned(), scene)).copied().unwrap_or(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{NoRoads, assess};
    use super::*;
    use crate::model::inputs::Inputs;
    use crate::model::settings::Settings;
    use crate::model::text::Known;
    use crate::synth;

    fn settings(text: &str) -> Settings {
        Settings::with(&toml::from_str(text).unwrap()).unwrap()
    }

    /// The demo with measurements that are its own predictions less `bias_db`, give or take 3 dB.
    fn measured(bias_db: f64) -> Inputs {
        let mut inputs = synth::demo();
        let settings = settings("");
        let towers = super::super::towers::towers(&inputs.cells, settings.siting.cluster_m);
        let levels: Vec<Option<f64>> = {
            let assessor = Assessor::new(&inputs, &settings, &towers, &NoRoads);
            let mut desk = Desk::default();
            let all = inputs.measurements.iter();
            all.map(|m| {
                let network = inputs.operators.network(m.operator);
                predicted(&assessor, network, m.at, &mut desk).map(|p| p.2)
            })
            .collect()
        };
        for (i, (m, level)) in inputs.measurements.iter_mut().zip(levels).enumerate() {
            let off = if i % 2 == 0 { 3.0 } else { -3.0 };
            m.ss_rsrp_dbm = Known::from_f64(level.map(|l| l - bias_db + off));
            m.indoor = Some(false);
        }
        inputs
    }

    #[test]
    fn a_planted_bias_is_found_and_taken_out() {
        let inputs = measured(4.0);
        assert!(inputs.measurements.len() > 60);
        let found = assess(&inputs, &settings("[radio]\nmeasured_min_samples = 10"), &NoRoads).measured;
        for c in found.iter().filter(|c| c.enough) {
            assert!((c.bias_db - 4.0).abs() < 1.5, "{c:?}");
            assert!((c.rmse_db.powi(2) - c.bias_db.powi(2) - 9.0).abs() < 3.0, "{c:?}");
        }
        let all: u64 = found.iter().filter(|c| c.scene.is_none()).map(|c| c.count).sum();
        let parts: u64 = found.iter().filter(|c| c.scene.is_some()).map(|c| c.count).sum();
        assert!(all == parts && all > 0);
        // Corrected, the levels of sites that nothing was measured at are as much lower.
        let text = "[radio]\nmeasured_min_samples = 10\nmeasured_radius_m = 0.0";
        let plain = assess(&inputs, &settings(text), &NoRoads);
        let corrected = assess(&inputs, &settings(&format!("{text}\nmeasured_correction = true")), &NoRoads);
        assert_eq!(plain.measured, corrected.measured, "what is told is the bias before the correction");
        let mut lower = 0;
        for (a, b) in plain.at_network.iter().zip(&corrected.at_network) {
            let (Some(a_dbm), Some(b_dbm)) = (a.rsrp_outdoor_dbm.get(), b.rsrp_outdoor_dbm.get()) else {
                continue;
            };
            // Bands corrected by different amounts may change the best server, and with it the spread.
            if a.server != b.server {
                continue;
            }
            let by = a_dbm - b_dbm;
            let biases = plain.measured.iter().filter(|c| c.enough).map(|c| c.bias_db);
            let most = biases.fold(0.0f64, f64::max);
            assert!((-0.2..=most + 0.2).contains(&by), "{by} {a:?} {b:?}");
            lower += usize::from(by > 2.0);
        }
        assert!(lower > 100, "{lower}");
    }

    /// The generator's drive tests are a few dB worse than what is predicted, and spread as such tests do:
    /// by shadow fading, and by masts that are in sight or not.
    #[test]
    fn the_generators_tests_are_near_the_prediction() {
        let found = assess(&synth::demo(), &settings(""), &NoRoads).measured;
        let many: Vec<&Comparison> = found.iter().filter(|c| c.count >= 200).collect();
        assert!(many.len() >= 4, "{found:?}");
        for c in many {
            let sigma_db = c.sigma_db.unwrap();
            assert!((0.5..6.0).contains(&c.bias_db) && (6.0..12.0).contains(&sigma_db), "{c:?}");
        }
    }

    #[test]
    fn too_few_measurements_correct_nothing() {
        let mut inputs = measured(4.0);
        inputs.measurements.truncate(5);
        let text = "[radio]\nmeasured_radius_m = 0.0";
        let plain = assess(&inputs, &settings(text), &NoRoads);
        assert!(plain.measured.iter().all(|c| !c.enough && c.count <= 5));
        let corrected = assess(&inputs, &settings(&format!("{text}\nmeasured_correction = true")), &NoRoads);
        for (a, b) in plain.at_network.iter().zip(&corrected.at_network) {
            assert_eq!(a.rsrp_outdoor_dbm, b.rsrp_outdoor_dbm);
        }
    }

    #[test]
    fn figures_by_hand() {
        let c = Comparison::new("n78", None, &[1.0, 3.0, 5.0], 3);
        assert_eq!((c.count, c.bias_db, c.sigma_db, c.enough), (3, 3.0, Some(2.0), true));
        assert!((c.rmse_db - (35.0f64 / 3.0).sqrt()).abs() < 1e-12);
        assert_eq!(Comparison::new("n78", None, &[1.0], 3).sigma_db, None);
    }
}
