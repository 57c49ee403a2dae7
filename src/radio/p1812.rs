//! ITU-R P.1812-8: path-specific point-to-area prediction for terrestrial services, 30 MHz to 6 GHz.
//!
//! The mechanisms that it shares with P.452 live in [`terrain_path`](super::terrain_path); here are its
//! own troposcatter, location variability and building entry. Equation numbers are those of edition 8;
//! the troposcatter of § 4.4 is the one of edition 6 again, as in the validation data of edition 8.

use super::polarization::Polarization;
use super::profile::Profile;
use super::refusal::{Refusal, within};
use super::terrain_path::diffraction::{TimeShare, Wave, diffraction, exceeded};
use super::terrain_path::mechanisms::{
    Air, Combination, Ducting, enhancement_db, free_space_db, sight_weight_by_distance,
};
use super::terrain_path::{Atmosphere, PathError, Terms, TerrainPath, analysis, climate};
use crate::units::{Db, Metres, Mhz};
use std::ops::RangeInclusive;

const MODEL: &str = "p1812";

/// Frequencies, MHz.
pub const FREQ_MHZ: RangeInclusive<f64> = 30.0..=6000.0;
/// Path lengths, m.
pub const DISTANCE_M: RangeInclusive<f64> = 250.0..=3e6;
/// Antenna heights above ground, m.
pub const HEIGHT_M: RangeInclusive<f64> = 1.0..=3000.0;
/// Least number of profile points.
pub const POINTS: usize = 5;

/// How the loss spreads over places near the receiver, § 4.8.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LocationSpread {
    /// σ as given.
    Given(Db),
    /// σ by eqs. (64) to (66), for places within a square of this width.
    Within(Metres),
}

/// A building around the receiver, § 4.9: its median entry loss and spread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BuildingEntry {
    /// Lbe, median, dB.
    pub median: Db,
    /// σbe, dB.
    pub sigma: Db,
}

/// A link, without its terrain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    /// Frequency.
    pub freq: Mhz,
    /// htg, hrg: antenna heights above ground, m.
    pub height_m: [f64; 2],
    /// Polarisation.
    pub polarization: Polarization,
    /// p: share of an average year for which the loss isn't exceeded, %.
    pub time_percent: f64,
    /// pL: share of places for which it isn't, %.
    pub location_percent: f64,
    /// Spread over places.
    pub spread: LocationSpread,
    /// A building around the receiver.
    pub building: Option<BuildingEntry>,
    /// The air.
    pub atmosphere: Atmosphere,
    /// Latitude of the path's centre, degrees.
    pub latitude_deg: f64,
    /// dct, dcr: distance over land to the coast towards the other end, km; without it, as the zones say.
    pub coast_km: Option<[f64; 2]>,
}

/// A link with all that its terrain doesn't change.
#[derive(Clone, Copy, Debug)]
pub struct Prepared {
    link: Link,
    lg_ghz: f64,
    wave: Wave,
    ducting: Ducting,
    radius_km: f64,
    time: TimeShare,
    /// Frequency, N₀ and time in eqs. (44), (45), dB.
    scatter_db: f64,
    /// I(pL/100).
    place: f64,
}

/// What a path costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction {
    /// Basic transmission loss not exceeded for p % of time and pL % of places, eq. (69).
    pub loss: Db,
    /// Median over places, outdoors, Lbc of eq. (63), dB.
    pub median_db: f64,
    /// Spread over places, dB.
    pub sigma_db: f64,
    /// What it is made of.
    pub terms: Terms,
}

/// Makes a profile ready for this model: the clutter of both ends doesn't count, eq. (1).
///
/// # Errors
/// [`PathError`] for a profile that can't be used, or a length outside 0.25–3000 km.
pub fn terrain(profile: &Profile) -> Result<TerrainPath, PathError> {
    let path = TerrainPath::new(profile, 0.0, POINTS)?;
    check_length(&path)?;
    Ok(path)
}

fn check_length(path: &TerrainPath) -> Result<(), Refusal> {
    within(MODEL, "distance_m", path.length_km() * 1e3, DISTANCE_M, " m")?;
    Ok(())
}

impl Link {
    /// Checks the inputs and computes what the terrain doesn't change.
    ///
    /// # Errors
    /// [`Refusal`] outside Table 1: 30 MHz–6 GHz, heights of 1–3000 m, 1–50 % of time, 1–99 % of places.
    pub fn prepare(&self) -> Result<Prepared, Refusal> {
        let ghz = within(MODEL, "freq_mhz", self.freq.0, FREQ_MHZ, " MHz")? / 1e3;
        within(MODEL, "tx_height_m", self.height_m[0], HEIGHT_M, " m")?;
        within(MODEL, "rx_height_m", self.height_m[1], HEIGHT_M, " m")?;
        let percent = within(MODEL, "time_percent", self.time_percent, 1.0..=50.0, " %")?;
        within(MODEL, "location_percent", self.location_percent, 1.0..=99.0, " %")?;
        match self.spread {
            LocationSpread::Given(sigma) => {
                within(MODEL, "sigma_location_db", sigma.0, 0.0..=100.0, " dB")?;
            }
            LocationSpread::Within(width) => {
                within(MODEL, "resolution_m", width.0, 1.0..=1000.0, " m")?;
            }
        }
        self.atmosphere.check(MODEL)?;
        // ±80° holds for the terminals (checked where they are known); the centre may lie beyond both.
        within(MODEL, "latitude_deg", self.latitude_deg, -90.0..=90.0, "°")?;
        if let Some([tx, rx]) = self.coast_km {
            within(MODEL, "tx_coast_km", tx, 0.0..=20_000.0, " km")?;
            within(MODEL, "rx_coast_km", rx, 0.0..=20_000.0, " km")?;
        }
        let lg_ghz = ghz.log10();
        // Eq. (45) and the terms of eq. (44) without distance and angle.
        let by_frequency = 25.0 * lg_ghz - 2.5 * (ghz / 2.0).log10().powi(2);
        let by_time = -10.125 * (50.0 / percent).log10().powf(0.7);
        Ok(Prepared {
            link: *self,
            lg_ghz,
            wave: Wave::new(ghz, self.polarization),
            ducting: Ducting::new(ghz),
            radius_km: climate::median_radius_km(self.atmosphere.delta_n),
            time: TimeShare::new(percent),
            scatter_db: 190.1 + by_frequency - 0.15 * self.atmosphere.n0 + by_time,
            place: exceeded(self.location_percent),
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
    /// [`PathError`] for a length outside 0.25–3000 km, or fewer points than five.
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
        let free_space = free_space_db(self.lg_ghz, total_km, seen.antenna_m);
        let diffracted = diffraction(
            path,
            &self.wave,
            seen.antenna_m,
            seen.diffraction_base_m,
            self.radius_km,
            &self.time,
            beta0_percent,
        );
        let mut coast_km = link.coast_km.unwrap_or(cover.coast_km);
        for (coast, at_sea) in coast_km.iter_mut().zip(cover.at_sea) {
            if at_sea {
                *coast = 0.0;
            }
        }
        let air = Air { total_km, radius_km: self.radius_km, beta0_percent, percent: self.time.percent };
        let ducting = self.ducting.loss_db(&seen, cover, coast_km, &air);
        let scatter = self.scatter_db + 20.0 * total_km.log10() + 0.573 * seen.angular_distance_mrad;
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
        let median_db = Combination {
            terms: &terms,
            time: &self.time,
            total_km,
            sea_share: cover.sea_share,
            los_beta0_db: free_space + enhancement_db(&seen, beta0_percent),
            sight_weight: sight_weight_by_distance(seen.angular_distance_mrad),
        }
        .loss_db();
        let sigma_db = self.sigma_db(path);
        let entry_db = link.building.map_or(0.0, |b| b.median.0);
        let loss_db = (median_db + entry_db - self.place * sigma_db).max(terms.los_db);
        Prediction { loss: Db(loss_db), median_db, sigma_db, terms }
    }

    /// Spread over places, § 4.8 and 4.9: none at sea, less the higher the receiver stands over clutter,
    /// with that of the building.
    fn sigma_db(&self, path: &TerrainPath) -> f64 {
        let outdoors = match self.link.spread {
            _ if path.cover().at_sea[1] => 0.0,
            LocationSpread::Given(sigma) => sigma.0,
            LocationSpread::Within(width) => {
                let over = self.link.height_m[1] - path.receiver_clutter_m();
                let share = (1.0 - over / 10.0).clamp(0.0, 1.0);
                share * (0.024 * self.link.freq.0 / 1e3 + 0.52) * width.0.powf(0.28)
            }
        };
        self.link.building.map_or(outdoors, |b| outdoors.hypot(b.sigma.0))
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
            polarization: Polarization::Vertical,
            time_percent,
            location_percent: 50.0,
            spread: LocationSpread::Within(Metres(50.0)),
            building: None,
            atmosphere: Atmosphere::TEMPERATE,
            latitude_deg: 42.5,
            coast_km: None,
        }
    }

    fn loss(link: &Link, profile: &Profile) -> f64 {
        link.prepare().unwrap().predict(&terrain(profile).unwrap()).unwrap().loss.get()
    }

    fn reversed(profile: &Profile) -> Profile {
        let total = profile.length_m();
        Profile {
            distance_m: profile.distance_m.iter().rev().map(|d| total - d).collect(),
            height_m: profile.height_m.iter().rev().copied().collect(),
            clutter_m: profile.clutter_m.iter().rev().copied().collect(),
            zone: profile.zone.iter().rev().copied().collect(),
        }
    }

    prop_compose! {
        /// Hills, clutter and zones along 0.25 to 300 km.
        fn profiles()(
            points in prop::collection::vec((0.2f64..1.0, 0.0f64..1.0, 0.0f64..30.0, 0u8..12), 5..150),
            log_km in -0.6f64..2.4,
            relief_m in 0.0f64..2500.0,
        ) -> Profile {
            let sum: f64 = points[1..].iter().map(|p| p.0).sum();
            let step_m = 10f64.powf(log_km) * 1e3 / sum;
            let mut profile = Profile::default();
            let mut at = 0.0;
            for (i, (gap, height, clutter, zone)) in points.iter().enumerate() {
                if i > 0 {
                    at += gap * step_m;
                }
                profile.distance_m.push(at);
                profile.height_m.push(height * relief_m);
                profile.clutter_m.push(*clutter);
                profile.zone.push(match zone { 0 => Zone::Sea, 1 => Zone::Coastal, _ => Zone::Inland });
            }
            profile
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(600))]

        #[test]
        fn sane_everywhere_in_range(
            profile in profiles(),
            lg_mhz in 1.4772f64..3.7781,
            tx in 0.0f64..3.477, rx in 0.0f64..3.477,
            percent in 1.0f64..50.0, place in 1.0f64..99.0,
            delta_n in 20.0f64..120.0, latitude_deg in -80.0f64..80.0,
        ) {
            let at = |time_percent, location_percent| {
                let mut link = link(10f64.powf(lg_mhz), [10f64.powf(tx), 10f64.powf(rx)], time_percent);
                link.location_percent = location_percent;
                link.atmosphere.delta_n = delta_n;
                link.latitude_deg = latitude_deg;
                link
            };
            let l = loss(&at(percent, place), &profile);
            prop_assert!(l.is_finite() && l > 20.0, "{l}");
            // More places to serve cost more.
            prop_assert!(loss(&at(percent, (place + 1.0).min(99.0)), &profile) >= l - 1e-9);
            // A hair's change of frequency moves the loss by a hair.
            let mut beside = at(percent, place);
            beside.freq.0 = (beside.freq.0 * (1.0 + 1e-7)).min(6000.0);
            prop_assert!((loss(&beside, &profile) - l).abs() < 1e-3);
        }

        /// What goes one way comes the other: all mechanisms are symmetric in the terminals.
        #[test]
        fn reciprocal(
            profile in profiles(),
            mhz in 30.0f64..6000.0, tx in 1.0f64..300.0, rx in 1.0f64..300.0, percent in 1.0f64..50.0,
        ) {
            let there = loss(&link(mhz, [tx, rx], percent), &profile);
            let back = loss(&link(mhz, [rx, tx], percent), &reversed(&profile));
            prop_assert!((there - back).abs() < 1e-6, "{there} {back}");
        }
    }

    /// Over a smooth earth loss grows with distance, through the horizon and on.
    #[test]
    fn grows_with_distance_over_smooth_land() {
        for (mhz, heights) in [(700.0, [30.0, 1.5]), (3500.0, [60.0, 1.5]), (100.0, [200.0, 10.0])] {
            let prepared = link(mhz, heights, 50.0).prepare().unwrap();
            let mut path = TerrainPath::default();
            let mut before = 0.0;
            for i in 1..400 {
                let km = 0.5 * f64::from(i);
                path.refill_inland(km * 1e3 / 200.0, (0..=200).map(|_| (10.0, 0.0)));
                let now = prepared.predict(&path).unwrap().loss.get();
                assert!(now > before, "{mhz} MHz at {km} km: {now} after {before}");
                before = now;
            }
        }
    }

    /// An edge that grows through the line of sight raises the loss without a jump.
    #[test]
    fn continuous_where_sight_is_lost() {
        let prepared = link(2600.0, [30.0, 1.5], 50.0).prepare().unwrap();
        let mut path = TerrainPath::default();
        let mut at = |edge_m: f64| {
            path.refill_inland(50.0, (0..=100).map(|i| (if i == 60 { edge_m } else { 0.0 }, 0.0)));
            prepared.predict(&path).unwrap().loss.get()
        };
        let mut before = at(0.0);
        for cm in 1..6000 {
            let now = at(f64::from(cm) / 100.0);
            assert!((-0.02..0.05).contains(&(now - before)), "{cm} cm: {before} {now}");
            before = now;
        }
    }
}
