//! ITU-R P.525-5: free space.

use super::refusal::{Refusal, within};
use crate::units::{Db, Metres, Mhz};

const MODEL: &str = "fspl";

/// Free-space loss between isotropic antennas, eq. (3): 20 lg(4πd/λ).
///
/// # Errors
/// [`Refusal`] outside 1 MHz to 3 THz, nearer than a wavelength over 2π (where there is no far field), or
/// farther than 10⁹ m.
///
/// # Example
/// ```
/// use covplan::radio::fspl::free_space_loss;
/// use covplan::units::{Metres, Mhz};
/// let loss = free_space_loss(Mhz(3500.0), Metres(1000.0))?;
/// assert!((loss.get() - 103.33).abs() < 0.01);
/// # Ok::<(), covplan::radio::Refusal>(())
/// ```
pub fn free_space_loss(freq: Mhz, distance: Metres) -> Result<Db, Refusal> {
    let mhz = within(MODEL, "freq_mhz", freq.0, 1.0..=3e6, " MHz")?;
    let wavelength_m = super::SPEED_OF_LIGHT_M_S / (mhz * 1e6);
    let nearest = wavelength_m / std::f64::consts::TAU;
    let d = within(MODEL, "distance_m", distance.0, nearest..=1e9, " m")?;
    Ok(Db(20.0 * (4.0 * std::f64::consts::PI * d / wavelength_m).log10()))
}
