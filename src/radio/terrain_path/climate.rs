//! Zones along a path, and how the air over it bends radio.

use super::EARTH_RADIUS_KM;
use crate::geom::LonLat;
use crate::radio::profile::Zone;

/// Which zones a path crosses.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cover {
    /// ω: share of the path over sea, 0 to 1.
    pub sea_share: f64,
    /// dtm: longest continuous section over land, inland and coastal, km.
    pub longest_land_km: f64,
    /// dlm: longest continuous section inland, km.
    pub longest_inland_km: f64,
    /// Whether the transmitter, and the receiver, stands at sea.
    pub at_sea: [bool; 2],
    /// dct, dcr: distance over land from each end to the first sea on the path (to its other end where
    /// there is none), km.
    pub coast_km: [f64; 2],
}

impl Cover {
    /// A path that is inland throughout.
    #[must_use]
    pub const fn inland(length_km: f64) -> Self {
        Self {
            sea_share: 0.0,
            longest_land_km: length_km,
            longest_inland_km: length_km,
            at_sea: [false; 2],
            coast_km: [length_km; 2],
        }
    }

    /// Reads the zones of a profile; without any the path is inland. A zone reaches half-way to the
    /// neighbouring point.
    #[must_use]
    pub fn new(km: &[f64], zones: &[Zone]) -> Self {
        let length_km = km.last().copied().unwrap_or(0.0);
        if zones.len() != km.len() || zones.is_empty() {
            return Self::inland(length_km);
        }
        let runs = |of: fn(Zone) -> bool| {
            let (mut longest, mut sum) = (0.0f64, 0.0f64);
            let mut i = 0;
            while i < zones.len() {
                let first = i;
                while i < zones.len() && of(zones[i]) {
                    i += 1;
                }
                if i > first {
                    let before = if first > 0 { 0.5 * (km[first] - km[first - 1]) } else { 0.0 };
                    let after = if i < km.len() { 0.5 * (km[i] - km[i - 1]) } else { 0.0 };
                    let run = km[i - 1] - km[first] + (before + after);
                    longest = longest.max(run);
                    sum += run;
                } else {
                    i += 1;
                }
            }
            (longest, sum)
        };
        let sea = |zone: &Zone| *zone == Zone::Sea;
        let edge = |i: usize| if i == 0 { km[0] } else { 0.5 * (km[i - 1] + km[i]) };
        let first_sea = zones.iter().position(sea);
        let last_sea = zones.iter().rposition(sea);
        Self {
            sea_share: runs(|zone| zone == Zone::Sea).1 / length_km,
            longest_land_km: runs(|zone| zone != Zone::Sea).0,
            longest_inland_km: runs(|zone| zone == Zone::Inland).0,
            at_sea: [first_sea == Some(0), last_sea == Some(zones.len() - 1)],
            coast_km: [
                first_sea.map_or(length_km, edge),
                last_sea.map_or(
                    length_km,
                    |i| {
                        if i + 1 == zones.len() { 0.0 } else { length_km - edge(i + 1) }
                    },
                ),
            ],
        }
    }

    /// τ, eq. (3).
    #[must_use]
    pub fn tau(&self) -> f64 {
        1.0 - (-4.12e-4 * self.longest_inland_km.powf(2.41)).exp()
    }

    /// β₀, eqs. (2), (4) and (5): time percentage for which the refractive index falls by more than 100
    /// N-units/km in the lowest 100 m, at the latitude of the path's centre.
    #[must_use]
    pub fn beta0_percent(&self, latitude_deg: f64) -> f64 {
        let tau = self.tau();
        let land = 10f64.powf(-self.longest_land_km / (16.0 - 6.6 * tau));
        let mu1 = (land + 10f64.powf(-5.0 * (0.496 + 0.354 * tau))).powf(0.2).min(1.0);
        let lat = latitude_deg.abs();
        if lat <= 70.0 {
            let mu4 = mu1.powf(-0.935 + 0.0176 * lat);
            10f64.powf(-0.015 * lat + 1.67) * mu1 * mu4
        } else {
            4.17 * mu1 * mu1.powf(0.3)
        }
    }
}

/// aβ, eq. (7b): effective earth radius under the strong gradients that β₀ counts, km.
pub const ENHANCED_RADIUS_KM: f64 = 3.0 * EARTH_RADIUS_KM;

/// aₑ, eqs. (6) and (7a): median effective earth radius, km.
#[must_use]
pub fn median_radius_km(delta_n: f64) -> f64 {
    EARTH_RADIUS_KM * (157.0 / (157.0 - delta_n))
}

/// Latitude of the centre of a path, degrees: on the great circle from one position to the other, half
/// the profile's length along (ITU-R P.2001, Attachment H, as the validation data of both
/// Recommendations were made).
#[must_use]
pub fn center_latitude_deg(tx: LonLat, rx: LonLat, length_km: f64) -> f64 {
    let (sin_t, cos_t) = tx.lat_deg().to_radians().sin_cos();
    let (sin_r, cos_r) = rx.lat_deg().to_radians().sin_cos();
    let (sin_lon, cos_lon) = (rx.lon_deg() - tx.lon_deg()).to_radians().sin_cos();
    let r = sin_t * sin_r + cos_t * cos_r * cos_lon;
    let (x, y) = (sin_r - r * sin_t, cos_t * cos_r * sin_lon);
    // One position for both ends has no bearing; H.2 then takes the longitude for it.
    let cos_bearing =
        if x.abs() < 1e-9 && y.abs() < 1e-9 { rx.lon_deg().to_radians().cos() } else { x / x.hypot(y) };
    let (sin_half, cos_half) = (0.5 * length_km / EARTH_RADIUS_KM).sin_cos();
    (sin_t * cos_half + cos_t * sin_half * cos_bearing).clamp(-1.0, 1.0).asin().to_degrees()
}
