//! ITU-R P.452-18: interference between stations on the surface of the earth, 0.1 to 50 GHz, clear air.
//!
//! The mechanisms that it shares with P.1812 live in [`terrain_path`](super::terrain_path); here are gases,
//! its own troposcatter and the weight of obstruction. Equation numbers are those of edition 18.

use super::p676;
use super::polarization::Polarization;
use super::profile::Profile;
use super::refusal::{Refusal, within};
use super::terrain_path::diffraction::{TimeShare, Wave, diffraction};
use super::terrain_path::mechanisms::{
    Air, Combination, Ducting, enhancement_db, free_space_db, sight_weight_by_obstruction,
};
use super::terrain_path::{Atmosphere, PathError, Terms, TerrainPath, analysis, climate};
use crate::units::{Db, Mhz};
use std::ops::RangeInclusive;

const MODEL: &str = "p452";

/// Frequencies, MHz.
pub const FREQ_MHZ: RangeInclusive<f64> = 100.0..=50_000.0;
/// Shares of time that it covers, %.
pub const TIME_PERCENT: RangeInclusive<f64> = 0.001..=50.0;
/// Path lengths, m.
pub const DISTANCE_M: RangeInclusive<f64> = 1.0..=1e7;
/// Least number of profile points.
pub const POINTS: usize = 4;
/// Clutter nearer than this to an end doesn't count (eq. (6e) and the note to it), m.
pub const OPEN_M: f64 = 50.0;

/// A link, without its terrain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    /// Frequency.
    pub freq: Mhz,
    /// htg, hrg: antenna heights above ground, m.
    pub height_m: [f64; 2],
    /// Gt, Gr: antenna gains towards the horizon along the path, dBi; for the coupling of troposcatter only.
    pub gain_dbi: [f64; 2],
    /// Polarisation.
    pub polarization: Polarization,
    /// p: share of an average year for which the loss isn't exceeded, %.
    pub time_percent: f64,
    /// The air's refraction.
    pub atmosphere: Atmosphere,
    /// Pressure of dry air, hPa.
    pub pressure_hpa: f64,
    /// Temperature, °C.
    pub temperature_c: f64,
    /// Latitude of the path's centre, degrees.
    pub latitude_deg: f64,
    /// dct, dcr: distance over land to the coast towards the other end, km; without it, as the zones say.
    pub coast_km: Option<[f64; 2]>,
}

/// A link with all that its terrain doesn't change.
#[derive(Clone, Copy, Debug)]
pub struct Prepared {
    link: Link,
    ghz: f64,
    lg_ghz: f64,
    wave: Wave,
    ducting: Ducting,
    radius_km: f64,
    time: TimeShare,
    /// Frequency, N₀, coupling and time in eqs. (45), dB, and the gas of it, dB/km.
    scatter_db: f64,
    scatter_gas_db_per_km: f64,
    /// Gas over land alone, dB/km.
    land_gas_db_per_km: f64,
}

/// What a path costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// Basic transmission loss not exceeded for p % of time, eq. (64).
    pub loss: Db,
    /// What it is made of.
    pub terms: Terms,
}

/// Makes a profile ready for this model.
///
/// # Errors
/// [`PathError`] for a profile that can't be used, or longer than 10 000 km.
pub fn terrain(profile: &Profile) -> Result<TerrainPath, PathError> {
    let path = TerrainPath::new(profile, OPEN_M, POINTS)?;
    check_length(&path)?;
    Ok(path)
}

/// Share of an average year that stands for a share of the worst month, % (§ 3.2.1, step 2): a loss that isn't
/// exceeded for the latter is one that isn't for the former. At least a twelfth of it, at most the 50 % of the
/// model. `sea_share` is the part of the path over water, 0 to 1.
///
/// # Errors
/// [`Refusal`] outside 0.001–50 %.
pub fn annual_percent(worst_month_percent: f64, latitude_deg: f64, sea_share: f64) -> Result<f64, Refusal> {
    let worst = within(MODEL, "time_percent", worst_month_percent, TIME_PERCENT, " %")?;
    let latitude_deg = within(MODEL, "latitude_deg", latitude_deg, -90.0..=90.0, "°")?;
    let swing = (2.0 * latitude_deg.to_radians()).cos().abs().powf(0.7);
    let by_latitude = if latitude_deg.abs() > 45.0 { 1.1 - swing } else { 1.1 + swing };
    let lg = worst.log10() + 0.5 * by_latitude.log10() - 0.186 * sea_share - 0.444;
    let annual = 10f64.powf(lg / (0.816 + 0.078 * sea_share));
    Ok(annual.max(worst / 12.0).clamp(*TIME_PERCENT.start(), *TIME_PERCENT.end()))
}

fn check_length(path: &TerrainPath) -> Result<(), Refusal> {
    within(MODEL, "distance_m", path.length_km() * 1e3, DISTANCE_M, " m")?;
    Ok(())
}

impl Link {
    /// Checks the inputs and computes what the terrain doesn't change.
    ///
    /// # Errors
    /// [`Refusal`] outside 0.1–50 GHz, 0.001–50 % of time, or of physical values.
    pub fn prepare(&self) -> Result<Prepared, Refusal> {
        let ghz = within(MODEL, "freq_mhz", self.freq.0, FREQ_MHZ, " MHz")? / 1e3;
        within(MODEL, "tx_height_m", self.height_m[0], 0.1..=10_000.0, " m")?;
        within(MODEL, "rx_height_m", self.height_m[1], 0.1..=10_000.0, " m")?;
        within(MODEL, "tx_gain_dbi", self.gain_dbi[0], -100.0..=100.0, " dBi")?;
        within(MODEL, "rx_gain_dbi", self.gain_dbi[1], -100.0..=100.0, " dBi")?;
        let percent = within(MODEL, "time_percent", self.time_percent, TIME_PERCENT, " %")?;
        let hpa = within(MODEL, "pressure_hpa", self.pressure_hpa, 300.0..=1100.0, " hPa")?;
        let celsius = within(MODEL, "temperature_c", self.temperature_c, -90.0..=60.0, " °C")?;
        self.atmosphere.check(MODEL)?;
        within(MODEL, "latitude_deg", self.latitude_deg, -90.0..=90.0, "°")?;
        if let Some([tx, rx]) = self.coast_km {
            within(MODEL, "tx_coast_km", tx, 0.0..=20_000.0, " km")?;
            within(MODEL, "rx_coast_km", rx, 0.0..=20_000.0, " km")?;
        }
        let lg_ghz = ghz.log10();
        let by_frequency = 25.0 * lg_ghz - 2.5 * (ghz / 2.0).log10().powi(2);
        let coupling = 0.051 * (0.055 * (self.gain_dbi[0] + self.gain_dbi[1])).exp();
        let by_time = -10.1 * (50.0 / percent).log10().powf(0.7);
        let gas = |rho| p676::line_by_line(ghz, hpa, celsius + 273.15, rho).db_per_km();
        Ok(Prepared {
            link: *self,
            ghz,
            lg_ghz,
            wave: Wave::new(ghz, self.polarization),
            ducting: Ducting::new(ghz),
            radius_km: climate::median_radius_km(self.atmosphere.delta_n),
            time: TimeShare::new(percent),
            scatter_db: 190.0 + by_frequency - 0.15 * self.atmosphere.n0 + coupling + by_time,
            scatter_gas_db_per_km: gas(3.0),
            land_gas_db_per_km: gas(7.5),
        })
    }
}

impl Prepared {
    /// The same link at another latitude of its path's centre, degrees.
    #[must_use]
    pub const fn at_latitude(&self, latitude_deg: f64) -> Self {
        Self { link: Link { latitude_deg, ..self.link }, ..*self }
    }

    /// The loss of a path.
    ///
    /// # Errors
    /// [`PathError`] for a length outside the model's, or fewer points than four.
    pub fn predict(&self, path: &TerrainPath) -> Result<Prediction, PathError> {
        if path.len() < POINTS {
            return Err(super::profile::ProfileError::TooFew { got: path.len(), need: POINTS }.into());
        }
        check_length(path)?;
        Ok(self.loss(path))
    }

    fn loss(&self, path: &TerrainPath) -> Prediction {
        let link = &self.link;
        let total_km = path.length_km();
        let cover = path.cover();
        let seen = analysis::analyse(path, link.height_m, self.radius_km);
        let beta0_percent = cover.beta0_percent(link.latitude_deg);
        // Eqs. (9), (9a): water vapour grows with the share of sea.
        let gas_db_per_km = if cover.sea_share == 0.0 {
            self.land_gas_db_per_km
        } else {
            let rho = 7.5 + 2.5 * cover.sea_share;
            let kelvin = link.temperature_c + 273.15;
            p676::line_by_line(self.ghz, link.pressure_hpa, kelvin, rho).db_per_km()
        };
        let ray_km = total_km.hypot((seen.antenna_m[0] - seen.antenna_m[1]) / 1e3);
        let free_space = free_space_db(self.lg_ghz, total_km, seen.antenna_m) + gas_db_per_km * ray_km;
        let diffracted = diffraction(
            path,
            &self.wave,
            seen.antenna_m,
            seen.diffraction_base_m,
            self.radius_km,
            &self.time,
            beta0_percent,
        );
        let air = Air { total_km, radius_km: self.radius_km, beta0_percent, percent: self.time.percent };
        let ducting = self.ducting.loss_db(&seen, cover, link.coast_km.unwrap_or(cover.coast_km), &air)
            + gas_db_per_km * total_km;
        let scatter = self.scatter_db
            + 20.0 * total_km.log10()
            + 0.573 * seen.angular_distance_mrad
            + self.scatter_gas_db_per_km * total_km;
        let terms = Terms {
            analysis: seen,
            effective_radius_km: self.radius_km,
            beta0_percent,
            free_space_db: free_space,
            los_db: free_space + enhancement_db(&seen, self.time.percent),
            diffraction_median_db: diffracted.median_db,
            diffraction_db: diffracted.db,
            troposcatter_db: scatter,
            ducting_db: ducting,
        };
        let loss = Combination {
            terms: &terms,
            time: &self.time,
            total_km,
            sea_share: cover.sea_share,
            los_beta0_db: free_space + enhancement_db(&seen, beta0_percent),
            sight_weight: sight_weight_by_obstruction(seen.obstruction_mrad),
        }
        .loss_db();
        Prediction { loss: Db(loss), terms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::radio::profile::Zone;
    use proptest::prelude::*;

    fn link(freq_mhz: f64, height_m: [f64; 2], time_percent: f64) -> Link {
        Link {
            freq: Mhz(freq_mhz),
            height_m,
            gain_dbi: [0.0; 2],
            polarization: Polarization::Horizontal,
            time_percent,
            atmosphere: Atmosphere::TEMPERATE,
            pressure_hpa: 1013.25,
            temperature_c: 15.0,
            latitude_deg: 42.5,
            coast_km: None,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn sane_everywhere_in_range(
            heights in prop::collection::vec((0.0f64..1.0, 0.0f64..30.0, 0u8..3), 4..200),
            lg_km in -2.0f64..4.0, relief_m in 0.0f64..6000.0,
            lg_mhz in 2.0f64..4.6989, tx in 0.2f64..3000.0, rx in 0.2f64..3000.0,
            lg_percent in -3.0f64..1.69, latitude_deg in -90.0f64..90.0,
        ) {
            let step_m = 10f64.powf(lg_km) * 1e3 / (heights.len() - 1) as f64;
            let mut profile = Profile::default();
            for (i, (height, clutter, zone)) in heights.iter().enumerate() {
                profile.distance_m.push(i as f64 * step_m);
                profile.height_m.push(height * relief_m);
                profile.clutter_m.push(*clutter);
                profile.zone.push([Zone::Inland, Zone::Coastal, Zone::Sea][usize::from(*zone)]);
            }
            let path = terrain(&profile).unwrap();
            let at = |percent| {
                let mut link = link(10f64.powf(lg_mhz), [tx, rx], percent);
                link.latitude_deg = latitude_deg;
                link.prepare().unwrap().predict(&path).unwrap().loss.get()
            };
            let loss = at(10f64.powf(lg_percent));
            prop_assert!(loss.is_finite() && loss > 0.0, "{loss}");
        }
    }

    /// Gas and ducts are what sets P.452 apart: more air, more loss, and the rare case costs less.
    #[test]
    fn gas_costs_and_rare_conditions_help() {
        let mut path = TerrainPath::default();
        path.refill_inland(500.0, (0..=300).map(|i| (f64::from(i % 9) * 12.0, 5.0)));
        let at = |mhz, percent| {
            link(mhz, [30.0, 30.0], percent).prepare().unwrap().predict(&path).unwrap().loss.get()
        };
        assert!(at(22_235.0, 20.0) > at(18_000.0, 20.0) + 10.0);
        for mhz in [200.0, 2000.0, 20_000.0] {
            let steps = [0.001, 0.01, 0.1, 1.0, 10.0, 50.0].map(|percent| at(mhz, percent));
            assert!(steps.is_sorted(), "{mhz}: {steps:?}");
        }
    }

    /// A path over sea near grazing, where the weight of the line of sight is neither one nor nil; the value
    /// is that of an independent program.
    #[test]
    fn near_grazing() {
        let profile = Profile {
            distance_m: vec![
                0.0, 3935.746, 7034.009, 8849.806, 10994.194, 12782.375, 16440.902, 20604.013, 24802.527,
                28341.77, 30265.979, 32030.677, 35213.519, 38387.241, 40123.926,
            ],
            height_m: vec![0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            clutter_m: vec![
                0.0, 2.27, 0.0, 15.97, 11.41, 13.27, 2.52, 13.4, 20.79, 5.69, 1.0, 18.91, 0.0, 0.0, 0.0,
            ],
            zone: vec![Zone::Sea; 15],
        };
        let path = terrain(&profile).unwrap();
        let tx = crate::geom::LonLat::wrapped(95.01453609837267, -19.831399576730192);
        let rx = crate::geom::LonLat::wrapped(94.32541469049457, -18.748058966659222);
        let link = Link {
            gain_dbi: [4.384971490936952, 15.819831810813916],
            polarization: Polarization::Vertical,
            atmosphere: Atmosphere { delta_n: 85.0464727111977, n0: 366.5024688622416 },
            pressure_hpa: 996.8034967958359,
            temperature_c: 8.371756468649941,
            latitude_deg: climate::center_latitude_deg(tx, rx, path.length_km()),
            coast_km: Some([0.0, 0.0]),
            ..link(2267.0022812985126, [19.698858285212356, 1.2593891519357783], 0.001)
        };
        let loss = link.prepare().unwrap().predict(&path).unwrap().loss.get();
        assert!((loss - 122.377254054).abs() < 1e-6, "{loss}");
    }
}
