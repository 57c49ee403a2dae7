//! Irregular Terrain Model (Longley–Rice), NTIA version 1.4: point to point over a terrain profile, and
//! over an area known by its roughness alone.
//!
//! After G. A. Hufford, *The ITS Irregular Terrain Model, version 1.2.2: the Algorithm* (1995), whose
//! equations are meant by "Alg."; TN101 is NBS Technical Note 101 (1967), ERL is ESSA Technical Report
//! ERL 79-ITS 67 (1968). Constants rounded there are kept as rounded.
//!
//! `terrain` reads horizons, effective heights and roughness out of a profile, `reference` gives the
//! median attenuation below which a path has no better one, `variability` spreads it over time, places
//! and situations.

mod reference;
mod terrain;
mod variability;

pub use super::polarization::Polarization;
use super::profile::{Profile, ProfileError};
use super::refusal::{Refusal, within};
use crate::units::{Db, Metres, Mhz};
pub use reference::Mode;
pub use variability::Percentages;

const MODEL: &str = "itm";

/// Frequencies that it covers, MHz.
pub const FREQUENCIES_MHZ: std::ops::RangeInclusive<f64> = 20.0..=20_000.0;
/// Path lengths, metres.
pub const DISTANCES_M: std::ops::RangeInclusive<f64> = 1e3..=2e6;

/// Radio climate, numbered from 1 as in the reference program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Climate {
    /// 1, e.g. Congo.
    Equatorial,
    /// 2, e.g. Sudan.
    ContinentalSubtropical,
    /// 3, e.g. West Africa's coast.
    MaritimeSubtropical,
    /// 4, e.g. Sahara.
    Desert,
    /// 5, the usual one.
    ContinentalTemperate,
    /// 6, e.g. the United Kingdom.
    MaritimeTemperateLand,
    /// 7.
    MaritimeTemperateSea,
}

impl Climate {
    /// The climate of a number 1 to 7.
    #[must_use]
    pub const fn from_number(number: u64) -> Option<Self> {
        Some(match number {
            1 => Self::Equatorial,
            2 => Self::ContinentalSubtropical,
            3 => Self::MaritimeSubtropical,
            4 => Self::Desert,
            5 => Self::ContinentalTemperate,
            6 => Self::MaritimeTemperateLand,
            7 => Self::MaritimeTemperateSea,
            _ => return None,
        })
    }
}

/// How percentages of time, location and situation are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistics {
    /// 0: one message; all in the situation.
    SingleMessage,
    /// 1: interference; location counts as situation.
    Accidental,
    /// 2: a mobile; location counts as time.
    Mobile,
    /// 3: broadcast; all three apart.
    Broadcast,
}

/// Mode of variability with its two switches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VariabilityMode {
    /// How percentages are read.
    pub statistics: Statistics,
    /// +10: both terminals are known places, so locations don't vary.
    pub no_location: bool,
    /// +20: interference, so the direct situation variability is left out.
    pub no_situation: bool,
}

impl VariabilityMode {
    /// The mode of the reference program's number: 0–3, with 10, 20 or 30 added.
    #[must_use]
    pub const fn from_number(number: u64) -> Option<Self> {
        let statistics = match number % 10 {
            0 => Statistics::SingleMessage,
            1 => Statistics::Accidental,
            2 => Statistics::Mobile,
            3 => Statistics::Broadcast,
            _ => return None,
        };
        if number > 33 {
            return None;
        }
        let tens = number / 10;
        Some(Self { statistics, no_location: tens % 2 == 1, no_situation: tens >= 2 })
    }
}

/// Everything about a link but its terrain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    /// Frequency.
    pub freq: Mhz,
    /// Heights of the antennas above ground, transmitter first, metres.
    pub height_m: [f64; 2],
    /// Polarisation.
    pub polarization: Polarization,
    /// Relative permittivity of the ground.
    pub permittivity: f64,
    /// Conductivity of the ground, S/m.
    pub conductivity_s_m: f64,
    /// Surface refractivity at sea level, N-units.
    pub n0: f64,
    /// Climate.
    pub climate: Climate,
    /// Mode of variability.
    pub mode: VariabilityMode,
    /// Percentages for which the loss isn't exceeded.
    pub percentages: Percentages,
}

impl Link {
    /// A link over average ground of the continental temperate climate (ε 15, σ 0.005 S/m, N₀ 301), vertical
    /// polarisation, at the median of time, places and situations.
    #[must_use]
    pub const fn median(freq: Mhz, height_m: [f64; 2]) -> Self {
        Self {
            freq,
            height_m,
            polarization: Polarization::Vertical,
            permittivity: 15.0,
            conductivity_s_m: 0.005,
            n0: 301.0,
            climate: Climate::ContinentalTemperate,
            mode: VariabilityMode {
                statistics: Statistics::Broadcast,
                no_location: false,
                no_situation: false,
            },
            percentages: Percentages { time: 50.0, location: 50.0, situation: 50.0 },
        }
    }
}

/// How carefully the terminals of an area were placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Siting {
    /// Anywhere.
    Random,
    /// On high ground when it is there.
    Careful,
    /// On the best spot.
    VeryCareful,
}

/// Why ITM gives no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ItmError {
    /// A value out of range.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A profile that can't be used.
    #[error(transparent)]
    Profile(#[from] ProfileError),
}

/// What ITM found.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// Basic transmission loss.
    pub loss: Db,
    /// Free space's share of it.
    pub free_space: Db,
    /// Median attenuation below free space, before variability.
    pub reference: Db,
    /// How the reference attenuation was found. Within the smooth-earth horizon that is always
    /// line-of-sight, whatever stands in between.
    pub mode: Mode,
    /// Terrain as the model saw it.
    pub geometry: Geometry,
    /// Values near or beyond what the model was made for.
    pub warnings: Vec<&'static str>,
}

/// Terrain in the model's terms; pairs are transmitter, receiver.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Geometry {
    /// Length of the path, metres.
    pub distance_m: f64,
    /// Terrain irregularity Δh, metres.
    pub delta_h_m: f64,
    /// Effective heights, metres.
    pub effective_height_m: [f64; 2],
    /// Distances of the horizons, metres.
    pub horizon_m: [f64; 2],
    /// Elevations of the horizons, radians.
    pub horizon_rad: [f64; 2],
}

/// Loss over a terrain profile of evenly spaced points.
///
/// # Errors
/// [`ItmError`] for a value out of range or a profile that can't be used.
pub fn point_to_point(link: &Link, profile: &Profile) -> Result<Prediction, ItmError> {
    profile.check(3)?;
    let step_m = profile.even_step_m()?;
    within(MODEL, "profile length", profile.length_m(), DISTANCES_M, " m")?;
    let warnings = check(link)?;
    let heights = &profile.height_m;
    let n = heights.len() - 1;
    // Mean height of the middle four fifths: where the air of the path is.
    let tenth = (0.1 * n as f64) as usize;
    let middle = &heights[tenth..=n - tenth];
    let mean_m = middle.iter().sum::<f64>() / middle.len() as f64;
    let ground = Ground::new(link, mean_m)?;
    let geometry = terrain::geometry(step_m, heights, link.height_m, 1.0 / ground.curvature);
    predict(link, &ground, geometry, true, warnings)
}

/// Loss at a distance in an area of known roughness Δh.
///
/// # Errors
/// [`ItmError`] for a value out of range.
pub fn area(
    link: &Link,
    distance: Metres,
    delta_h: Metres,
    siting: [Siting; 2],
) -> Result<Prediction, ItmError> {
    let warnings = check(link)?;
    within(MODEL, "distance_m", distance.0, DISTANCES_M, " m")?;
    within(MODEL, "terrain_irregularity_m", delta_h.0, 0.0..=3000.0, " m")?;
    let ground = Ground::new(link, 0.0)?;
    let geometry =
        terrain::area_geometry(distance.0, delta_h.0, link.height_m, siting, 1.0 / ground.curvature);
    predict(link, &ground, geometry, false, warnings)
}

/// Ranges of the reference program: beyond the outer ones it refuses, beyond the inner ones it warns.
fn check(link: &Link) -> Result<Vec<&'static str>, Refusal> {
    let mut warnings = Vec::new();
    let [tx, rx] = link.height_m;
    within(MODEL, "tx_height_m", tx, 0.5..=3000.0, " m")?;
    within(MODEL, "rx_height_m", rx, 0.5..=3000.0, " m")?;
    within(MODEL, "freq_mhz", link.freq.0, FREQUENCIES_MHZ, " MHz")?;
    within(MODEL, "n0", link.n0, 250.0..=400.0, " N-units")?;
    within(MODEL, "ground_permittivity", link.permittivity, 1.0..=1e4, "")?;
    within(MODEL, "ground_conductivity_s_per_m", link.conductivity_s_m, f64::MIN_POSITIVE..=1e4, " S/m")?;
    let Percentages { time, location, situation } = link.percentages;
    for (name, percent) in
        [("time_percent", time), ("location_percent", location), ("situation_percent", situation)]
    {
        within(MODEL, name, percent, f64::MIN_POSITIVE..=100.0f64.next_down(), " %")?;
    }
    let comfortable = 1.0..=1000.0;
    if !comfortable.contains(&tx) {
        warnings.push("tx_height_m is outside 1 to 1000 m, near the model's limits");
    }
    if !comfortable.contains(&rx) {
        warnings.push("rx_height_m is outside 1 to 1000 m, near the model's limits");
    }
    if !(40.0..=10_000.0).contains(&link.freq.0) {
        warnings.push("freq_mhz is outside 40 to 10000 MHz, near the model's limits");
    }
    Ok(warnings)
}

/// Air and ground of a path.
struct Ground {
    /// Curvature of the effective earth, 1/m.
    curvature: f64,
    /// Surface refractivity at the path's height.
    n_s: f64,
    /// Ground impedance, real and imaginary part.
    impedance: (f64, f64),
}

impl Ground {
    fn new(link: &Link, mean_height_m: f64) -> Result<Self, Refusal> {
        // TN101 eq. 4.3 and, reworked, 4.4.
        let n_s = link.n0 * (-mean_height_m / 9460.0).exp();
        within(MODEL, "surface refractivity of the path", n_s, 150.0..=400.0, " N-units")?;
        let curvature = 157e-9 * (1.0 - 0.04665 * (n_s / 179.3).exp());
        within(MODEL, "effective earth radius", 1.0 / curvature, 4e6..=13_333_333.0, " m")?;
        let permittivity = (link.permittivity, 18_000.0 * link.conductivity_s_m / link.freq.0);
        let horizontal = complex_sqrt((permittivity.0 - 1.0, permittivity.1));
        let impedance = match link.polarization {
            Polarization::Horizontal => horizontal,
            Polarization::Vertical => divide(horizontal, permittivity),
        };
        if impedance.0 <= impedance.1.abs() {
            return Err(Refusal::Inconsistent {
                model: MODEL,
                reason: "the ground's impedance is more reactive than resistive: check permittivity and \
                         conductivity"
                    .into(),
            });
        }
        Ok(Self { curvature, n_s, impedance })
    }
}

fn complex_sqrt((re, im): (f64, f64)) -> (f64, f64) {
    let modulus = re.hypot(im);
    let root = ((modulus + re.abs()) / 2.0).sqrt();
    if root == 0.0 {
        (0.0, 0.0)
    } else if re >= 0.0 {
        (root, im / (2.0 * root))
    } else {
        (im.abs() / (2.0 * root), root.copysign(im))
    }
}

fn divide(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    let square = b.0 * b.0 + b.1 * b.1;
    ((a.0 * b.0 + a.1 * b.1) / square, (a.1 * b.0 - a.0 * b.1) / square)
}

fn predict(
    link: &Link,
    ground: &Ground,
    geometry: Geometry,
    known_path: bool,
    mut warnings: Vec<&'static str>,
) -> Result<Prediction, ItmError> {
    let (reference, mode) = reference::attenuation(link, ground, &geometry, known_path, &mut warnings);
    let free_space = 32.45 + 20.0 * link.freq.0.log10() + 20.0 * (geometry.distance_m / 1e3).log10();
    let attenuation = variability::attenuation(link, &geometry, reference, &mut warnings);
    Ok(Prediction {
        loss: Db(free_space + attenuation),
        free_space: Db(free_space),
        reference: Db(reference),
        mode,
        geometry,
        warnings,
    })
}

/// Roughness over a shorter distance: ERL eq. 3, in metres.
fn roughness_m(distance_m: f64, delta_h_m: f64) -> f64 {
    delta_h_m * (1.0 - 0.8 * (-distance_m / 50e3).exp())
}
