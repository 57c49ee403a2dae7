//! ITU-R P.838-3: specific attenuation by rain, 1–1000 GHz.

use super::refusal::{Refusal, within};
use crate::units::Mhz;

const MODEL: &str = "p838";

/// One of the sums of eqs. (2) and (3): terms (a, b, c), then slope m and constant c.
struct Curve<const N: usize> {
    terms: [(f64, f64, f64); N],
    slope: f64,
    constant: f64,
}

impl<const N: usize> Curve<N> {
    fn at(&self, lg_f: f64) -> f64 {
        let bells: f64 = self.terms.iter().map(|(a, b, c)| a * (-((lg_f - b) / c).powi(2)).exp()).sum();
        bells + self.slope * lg_f + self.constant
    }
}

/// Table 1, lg k for horizontal polarisation.
const K_H: Curve<4> = Curve {
    terms: [
        (-5.33980, -0.10008, 1.13098),
        (-0.35351, 1.26970, 0.45400),
        (-0.23789, 0.86036, 0.15354),
        (-0.94158, 0.64552, 0.16817),
    ],
    slope: -0.18961,
    constant: 0.71147,
};
/// Table 2, lg k for vertical polarisation.
const K_V: Curve<4> = Curve {
    terms: [
        (-3.80595, 0.56934, 0.81061),
        (-3.44965, -0.22911, 0.51059),
        (-0.39902, 0.73042, 0.11899),
        (0.50167, 1.07319, 0.27195),
    ],
    slope: -0.16398,
    constant: 0.63297,
};
/// Table 3, α for horizontal polarisation.
const ALPHA_H: Curve<5> = Curve {
    terms: [
        (-0.14318, 1.82442, -0.55187),
        (0.29591, 0.77564, 0.19822),
        (0.32177, 0.63773, 0.13164),
        (-5.37610, -0.96230, 1.47828),
        (16.1721, -3.29980, 3.43990),
    ],
    slope: 0.67849,
    constant: -1.95537,
};
/// Table 4, α for vertical polarisation.
const ALPHA_V: Curve<5> = Curve {
    terms: [
        (-0.07771, 2.33840, -0.76284),
        (0.56727, 0.95545, 0.54039),
        (-0.20238, 1.14520, 0.26809),
        (-48.2991, 0.791669, 0.116226),
        (48.5833, 0.791459, 0.116479),
    ],
    slope: -0.053739,
    constant: 0.83433,
};

/// Attenuation by rain: γ = k·R^α.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rain {
    /// Factor k.
    pub k: f64,
    /// Exponent α.
    pub alpha: f64,
    /// Specific attenuation γ, dB/km.
    pub db_per_km: f64,
}

/// Specific attenuation at a rain rate (mm/h) for a path's elevation and a polarisation tilt against the
/// horizontal (0° horizontal, 45° circular, 90° vertical): eqs. (1) to (5).
///
/// # Errors
/// [`Refusal`] outside 1–1000 GHz, or for a rain rate below 0 or above 1000 mm/h.
pub fn rain_attenuation(
    freq: Mhz,
    elevation_deg: f64,
    polarization_tilt_deg: f64,
    rain_rate_mm_h: f64,
) -> Result<Rain, Refusal> {
    let ghz = within(MODEL, "freq_mhz", freq.0, 1e3..=1e6, " MHz")? / 1e3;
    within(MODEL, "elevation_deg", elevation_deg, -90.0..=90.0, "°")?;
    within(MODEL, "polarization_tilt_deg", polarization_tilt_deg, -90.0..=180.0, "°")?;
    let rate = within(MODEL, "rain_rate_mm_h", rain_rate_mm_h, 0.0..=1000.0, " mm/h")?;
    let lg_f = ghz.log10();
    let (k_h, k_v) = (10f64.powf(K_H.at(lg_f)), 10f64.powf(K_V.at(lg_f)));
    let (alpha_h, alpha_v) = (ALPHA_H.at(lg_f), ALPHA_V.at(lg_f));
    let mix = elevation_deg.to_radians().cos().powi(2) * (2.0 * polarization_tilt_deg.to_radians()).cos();
    let k = (k_h + k_v + (k_h - k_v) * mix) / 2.0;
    let alpha = (k_h * alpha_h + k_v * alpha_v + (k_h * alpha_h - k_v * alpha_v) * mix) / (2.0 * k);
    Ok(Rain { k, alpha, db_per_km: k * rate.powf(alpha) })
}
