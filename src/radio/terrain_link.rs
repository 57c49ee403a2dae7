//! The model over terrain that a frequency allows: ITU-R P.1812-8, and where that doesn't reach P.452-18.
//!
//! One choice for maps and for scores, made of what the models themselves refuse: P.1812 covers
//! 30 MHz–6 GHz, P.452 100 MHz–50 GHz; the registry prints the same ranges. Both at 50 % of time, P.1812 at
//! 50 % of places, in the mean atmosphere of mid-latitudes, with vertical polarisation.

use super::polarization::Polarization;
use super::registry::{self, ModelInfo};
use super::terrain_path::{Atmosphere, PathError, Terms, TerrainPath};
use super::{p452, p1812};
use crate::units::{Db, Mhz};

/// Shortest path over terrain, metres: that of P.1812. Shorter links are TR 38.901's, whichever model over
/// terrain the frequency asks for: at such lengths houses count, not hills.
pub const MIN_DISTANCE_M: f64 = *p1812::DISTANCE_M.start();

/// The model over terrain of one frequency and pair of antenna heights.
#[derive(Clone, Copy, Debug)]
pub enum TerrainModel {
    /// ITU-R P.1812-8.
    P1812(p1812::Prepared),
    /// ITU-R P.452-18.
    P452(p452::Prepared),
}

impl TerrainModel {
    /// The model for a frequency and the heights of both antennas above ground, metres (below one metre
    /// taken as one); `None` where neither covers the frequency. `latitude_deg` is that of the path.
    #[must_use]
    pub fn new(freq: Mhz, height_m: [f64; 2], latitude_deg: f64) -> Option<Self> {
        let height_m = height_m.map(|h| h.max(1.0));
        let p1812 = p1812::Link {
            freq,
            height_m,
            polarization: Polarization::Vertical,
            time_percent: 50.0,
            location_percent: 50.0,
            spread: p1812::LocationSpread::Given(Db(0.0)),
            building: None,
            atmosphere: Atmosphere::TEMPERATE,
            latitude_deg: latitude_deg.clamp(-80.0, 80.0),
            coast_km: None,
        };
        let p452 = p452::Link {
            freq,
            height_m,
            gain_dbi: [0.0; 2],
            polarization: Polarization::Vertical,
            time_percent: 50.0,
            atmosphere: Atmosphere::TEMPERATE,
            pressure_hpa: 1013.25,
            temperature_c: 15.0,
            latitude_deg,
            coast_km: None,
        };
        p1812.prepare().map(Self::P1812).or_else(|_| p452.prepare().map(Self::P452)).ok()
    }

    /// The same at another latitude, degrees.
    #[must_use]
    pub const fn at_latitude(&self, latitude_deg: f64) -> Self {
        match self {
            Self::P1812(p) => Self::P1812(p.at_latitude(latitude_deg)),
            Self::P452(p) => Self::P452(p.at_latitude(latitude_deg)),
        }
    }

    /// Clutter nearer than this to an antenna doesn't count, metres.
    #[must_use]
    pub const fn open_m(&self) -> f64 {
        match self {
            Self::P1812(_) => 0.0,
            Self::P452(_) => p452::OPEN_M,
        }
    }

    /// Name of the model in requests and in the registry.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::P1812(_) => "p1812",
            Self::P452(_) => "p452",
        }
    }

    /// Its entry in the registry: source, edition, range.
    #[must_use]
    pub fn info(&self) -> Option<&'static ModelInfo> {
        registry::find(self.name())
    }

    /// Median basic transmission loss of a path, and what it is made of.
    ///
    /// # Errors
    /// [`PathError`] for a path shorter or longer than the model's, or of too few points.
    pub fn predict(&self, path: &TerrainPath) -> Result<(Db, Terms), PathError> {
        match self {
            Self::P1812(p) => p.predict(path).map(|p| (p.loss, p.terms)),
            Self::P452(p) => p.predict(path).map(|p| (p.loss, p.terms)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registry_and_the_choice_agree() {
        let chosen = |mhz: f64| TerrainModel::new(Mhz(mhz), [30.0, 1.5], 42.5);
        for (mhz, want) in [
            (30.0, Some("p1812")),
            (3500.0, Some("p1812")),
            (6000.0, Some("p1812")),
            (6700.0, Some("p452")),
            (26_000.0, Some("p452")),
            (50_000.0, Some("p452")),
            (60_000.0, None),
        ] {
            let model = chosen(mhz);
            assert_eq!(model.map(|m| m.name()), want, "{mhz} MHz");
            if let Some(info) = model.and_then(|m| m.info()) {
                let range = info.ranges.iter().find(|r| r.input == "freq_mhz").unwrap();
                assert!((range.min..=range.max).contains(&mhz), "{mhz} MHz in {}", info.name);
            }
        }
    }
}
