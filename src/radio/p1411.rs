//! ITU-R P.1411-12, §4.1.1: site-general loss between two terminals or a base station below the rooftops.

use super::refusal::{Refusal, within};
use super::tr38901::LosState;
use crate::units::{Db, Metres, Mhz};
use std::ops::RangeInclusive;

const MODEL: &str = "p1411";

/// What stands around.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    /// Urban, high-rise.
    UrbanHighRise,
    /// Urban, low-rise, or suburban.
    UrbanLowRise,
    /// Residential.
    Residential,
}

/// One row of Table 4: where it holds, and `L = 10α·lg d + β + 10γ·lg f` with spread σ.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Frequencies, GHz.
    pub freq_ghz: RangeInclusive<f64>,
    /// Distances between the antennas, metres.
    pub distance_m: RangeInclusive<f64>,
    alpha: f64,
    beta: f64,
    gamma: f64,
    /// Spread, dB.
    pub sigma_db: f64,
}

/// The row of an environment and a state; None where the Recommendation has none (residential LOS).
#[must_use]
pub const fn row(environment: Environment, state: LosState) -> Option<Row> {
    let (f, d, alpha, beta, gamma, sigma_db) = match (environment, state) {
        (Environment::UrbanHighRise | Environment::UrbanLowRise, LosState::Los) => {
            ((0.8, 82.0), (5.0, 660.0), 2.12, 29.2, 2.11, 5.06)
        }
        (Environment::UrbanHighRise, LosState::Nlos) => ((0.8, 82.0), (30.0, 715.0), 4.00, 10.2, 2.36, 7.60),
        (Environment::UrbanLowRise, LosState::Nlos) => ((10.0, 73.0), (30.0, 250.0), 5.06, -4.68, 2.02, 9.33),
        (Environment::Residential, LosState::Nlos) => ((0.8, 73.0), (30.0, 170.0), 3.01, 18.8, 2.07, 3.07),
        (Environment::Residential, LosState::Los) => return None,
    };
    Some(Row { freq_ghz: f.0..=f.1, distance_m: d.0..=d.1, alpha, beta, gamma, sigma_db })
}

/// Median basic transmission loss over a distance between the antennas.
///
/// # Errors
/// [`Refusal`] outside the row's own ranges, and where there is no row.
pub fn below_rooftop(
    freq: Mhz,
    distance: Metres,
    environment: Environment,
    state: LosState,
) -> Result<Db, Refusal> {
    let row = row(environment, state).ok_or_else(|| Refusal::Inconsistent {
        model: MODEL,
        reason: "Table 4 has no line of sight in residential surroundings".into(),
    })?;
    let (low, high) = (row.freq_ghz.start() * 1e3, row.freq_ghz.end() * 1e3);
    let ghz = within(MODEL, "freq_mhz", freq.0, low..=high, " MHz")? / 1e3;
    let d = within(MODEL, "distance_m", distance.0, row.distance_m, " m")?;
    Ok(Db(10.0 * row.alpha * d.log10() + row.beta + 10.0 * row.gamma * ghz.log10()))
}
