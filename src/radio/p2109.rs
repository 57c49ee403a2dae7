//! ITU-R P.2109-2: building entry loss, 0.08–100 GHz.

use super::normal;
use super::refusal::{Refusal, within};
use crate::units::{Db, Mhz};

const MODEL: &str = "p2109";

/// Kind of building: by its thermal insulation, whose metal stops radio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Building {
    /// Traditional.
    Traditional,
    /// Thermally efficient: metallised glass, foil-backed panels.
    ThermallyEfficient,
}

/// Coefficients r to z of Table 1.
struct Coefficients {
    r: f64,
    s: f64,
    t: f64,
    u: f64,
    v: f64,
    w: f64,
    x: f64,
    y: f64,
    z: f64,
}

impl Building {
    const fn coefficients(self) -> Coefficients {
        match self {
            Self::Traditional => {
                Coefficients { r: 12.64, s: 3.72, t: 0.96, u: 9.6, v: 2.0, w: 9.1, x: -3.0, y: 4.5, z: -2.0 }
            }
            Self::ThermallyEfficient => Coefficients {
                r: 28.19,
                s: -3.00,
                t: 8.48,
                u: 13.5,
                v: 3.8,
                w: 27.8,
                x: -2.9,
                y: 9.4,
                z: -2.1,
            },
        }
    }
}

/// Building entry loss not exceeded with a probability, for a path that arrives at an elevation at the
/// facade: eqs. (1) to (10). The distribution is over buildings of the kind and over places inside.
///
/// # Errors
/// [`Refusal`] outside 0.08–100 GHz, ±90°, or 0–100 % (both excluded).
///
/// # Example
/// ```
/// use covplan::radio::p2109::{Building, entry_loss};
/// use covplan::units::Mhz;
/// let median = entry_loss(Mhz(3500.0), Building::Traditional, 0.0, 50.0)?;
/// assert!((median.get() - 15.6).abs() < 0.5);
/// # Ok::<(), covplan::radio::Refusal>(())
/// ```
pub fn entry_loss(
    freq: Mhz,
    building: Building,
    elevation_deg: f64,
    probability_percent: f64,
) -> Result<Db, Refusal> {
    let lg_f = (within(MODEL, "freq_mhz", freq.0, 80.0..=100_000.0, " MHz")? / 1e3).log10();
    let theta = within(MODEL, "elevation_deg", elevation_deg, -90.0..=90.0, "°")?;
    let p = within(
        MODEL,
        "probability_percent",
        probability_percent,
        f64::MIN_POSITIVE..=100.0f64.next_down(),
        " %",
    )?;
    let z = normal::quantile(p / 100.0);
    let c = building.coefficients();
    let horizontal = c.r + c.s * lg_f + c.t * lg_f * lg_f;
    let first = horizontal + 0.212 * theta.abs() + z * (c.u + c.v * lg_f);
    let second = c.w + c.x * lg_f + z * (c.y + c.z * lg_f);
    let sum = 10f64.powf(0.1 * first) + 10f64.powf(0.1 * second) + 10f64.powf(-0.3);
    Ok(Db(10.0 * sum.log10()))
}
