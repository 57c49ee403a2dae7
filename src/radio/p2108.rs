//! ITU-R P.2108-1: clutter around a terminal. Three methods for three questions.

use super::normal;
use super::refusal::{Refusal, within};
use crate::units::{Db, Metres, Mhz};

const MODEL: &str = "p2108";

/// Kind of clutter, Table 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clutter {
    /// Water or sea.
    Water,
    /// Open or rural.
    Open,
    /// Suburban.
    Suburban,
    /// Urban.
    Urban,
    /// Trees or forest.
    Forest,
    /// Dense urban.
    DenseUrban,
}

impl Clutter {
    /// The kind of a word.
    #[must_use]
    pub fn from_code(word: &str) -> Option<Self> {
        let found = Self::CODES.iter().find(|(code, _)| code.eq_ignore_ascii_case(word));
        found.map(|(_, kind)| *kind)
    }

    /// The words of requests.
    pub const CODES: [(&'static str, Self); 6] = [
        ("water-sea", Self::Water),
        ("open-rural", Self::Open),
        ("suburban", Self::Suburban),
        ("urban", Self::Urban),
        ("trees-forest", Self::Forest),
        ("dense-urban", Self::DenseUrban),
    ];

    /// Representative clutter height on a profile, ITU-R P.1812-8, table 2, and P.452-18, metres: open ground
    /// and water bear nothing there.
    #[must_use]
    pub const fn profile_height_m(self) -> f64 {
        match self {
            Self::Water | Self::Open => 0.0,
            Self::Suburban => 10.0,
            Self::Urban | Self::Forest => 15.0,
            Self::DenseUrban => 20.0,
        }
    }

    /// Representative clutter height R of Table 1, metres.
    #[must_use]
    pub const fn height_m(self) -> f64 {
        match self {
            Self::Water | Self::Open | Self::Suburban => 10.0,
            Self::Urban | Self::Forest => 15.0,
            Self::DenseUrban => 20.0,
        }
    }
}

/// Representative street width of §3.1, metres.
pub const STREET_WIDTH_M: f64 = 27.0;

/// §3.1, height gain: loss of a terminal below the clutter around it, to be added to a path loss computed
/// to the clutter's height. Eqs. (1) and (2).
///
/// # Errors
/// [`Refusal`] outside 0.03–3 GHz, or when a length isn't positive.
pub fn height_gain(
    freq: Mhz,
    height: Metres,
    street_width: Metres,
    clutter_height: Metres,
    clutter: Clutter,
) -> Result<Db, Refusal> {
    let ghz = within(MODEL, "freq_mhz", freq.0, 30.0..=3000.0, " MHz")? / 1e3;
    let smallest = f64::MIN_POSITIVE;
    let h = within(MODEL, "height_m", height.0, smallest..=1e4, " m")?;
    let width = within(MODEL, "street_width_m", street_width.0, smallest..=1e4, " m")?;
    let top = within(MODEL, "clutter_height_m", clutter_height.0, smallest..=1e4, " m")?;
    if h >= top {
        return Ok(Db(0.0));
    }
    Ok(Db(match clutter {
        Clutter::Water | Clutter::Open => -(21.8 + 6.2 * ghz.log10()) * (h / top).log10(),
        _ => {
            let gap = top - h;
            let nu = 0.342 * ghz.sqrt() * (gap * (gap / width).atan().to_degrees()).sqrt();
            knife_edge_db(nu) - 6.03
        }
    }))
}

/// J(ν), eq. (2f); zero below −0.78.
fn knife_edge_db(nu: f64) -> f64 {
    if nu <= -0.78 {
        return 0.0;
    }
    let v = nu - 0.1;
    6.9 + 20.0 * ((v * v + 1.0).sqrt() + v).log10()
}

/// §3.2, terrestrial paths: clutter loss at one end, within urban or suburban clutter, not exceeded at a
/// share of locations. Eqs. (3) to (6); from 2 km on the loss grows no more.
///
/// # Errors
/// [`Refusal`] outside 0.5–67 GHz, nearer than 0.25 km, or outside 0–100 % (both excluded).
pub fn terrestrial(freq: Mhz, distance: Metres, location_percent: f64) -> Result<Db, Refusal> {
    let ghz = within(MODEL, "freq_mhz", freq.0, 500.0..=67_000.0, " MHz")? / 1e3;
    let d = within(MODEL, "distance_m", distance.0, 250.0..=1e7, " m")? / 1e3;
    let z = -exceeded(location_percent)?;
    let at = |km: f64| {
        let long = -2.0 * (10f64.powf(-5.0 * ghz.log10() - 12.5) + 10f64.powf(-16.5)).log10();
        let short = 32.98 + 23.9 * km.log10() + 3.0 * ghz.log10();
        let (l, s) = (10f64.powf(-0.2 * long), 10f64.powf(-0.2 * short));
        let sigma = ((16.0 * l + 36.0 * s) / (l + s)).sqrt();
        -5.0 * (l + s).log10() + sigma * z
    };
    Ok(Db(at(d).min(at(2.0))))
}

/// §3.3, slant paths (to aircraft and satellites): clutter loss not exceeded at a share of locations,
/// eq. (7).
///
/// # Errors
/// [`Refusal`] outside 10–100 GHz, 0–90° of elevation, or 0–100 % (both excluded).
pub fn slant(freq: Mhz, elevation_deg: f64, location_percent: f64) -> Result<Db, Refusal> {
    let ghz = within(MODEL, "freq_mhz", freq.0, 10_000.0..=100_000.0, " MHz")? / 1e3;
    let theta = within(MODEL, "elevation_deg", elevation_deg, 0.0..=90.0, "°")?;
    let q = exceeded(location_percent)?;
    let k1 = 93.0 * ghz.powf(0.175);
    let angle = 0.05 * (1.0 - theta / 90.0) + theta.to_radians();
    let base = -k1 * (1.0 - location_percent / 100.0).ln() / angle.tan();
    Ok(Db(base.powf(0.5 * (90.0 - theta) / 90.0) - 1.0 - 0.6 * q))
}

/// Q⁻¹(p/100): the value that a standard normal variable exceeds with probability p %, by the same
/// approximation as the reference program (NTIA), which is within 0.003 dB of the exact one.
fn exceeded(percent: f64) -> Result<f64, Refusal> {
    within(MODEL, "location_percent", percent, f64::MIN_POSITIVE..=100.0f64.next_down(), " %")?;
    Ok(normal::exceeded_approximate(percent / 100.0))
}
