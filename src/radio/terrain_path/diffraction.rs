//! Diffraction: the Bullington knife edge over the profile, corrected by what a smooth earth of the same
//! heights would add ("delta-Bullington"), § 4.3 of P.1812-8.

use super::TerrainPath;
use super::climate::ENHANCED_RADIUS_KM;
use crate::radio::polarization::Polarization;
use std::f64::consts::FRAC_PI_3;

/// What of the diffraction model depends on frequency and polarisation alone.
#[derive(Clone, Copy, Debug)]
pub struct Wave {
    /// Wavelength, m, with the Recommendations' speed of light, 2.998·10⁸ m/s.
    pub wavelength_m: f64,
    cube_root_ghz: f64,
    land: Surface,
    sea: Surface,
}

/// A ground's admittance K without its dependence on the earth radius, eq. (29): K = k·a^(−1/3).
#[derive(Clone, Copy, Debug)]
struct Surface {
    k: f64,
}

impl Surface {
    fn new(permittivity: f64, conductivity_s_m: f64, ghz: f64, polarization: Polarization) -> Self {
        let loss = 18.0 * conductivity_s_m / ghz;
        let horizontal = 0.036 / ghz.cbrt() / ((permittivity - 1.0).powi(2) + loss * loss).sqrt().sqrt();
        Self {
            k: match polarization {
                Polarization::Horizontal => horizontal,
                Polarization::Vertical => horizontal * permittivity.hypot(loss),
            },
        }
    }
}

impl Wave {
    /// The constants of a frequency in GHz.
    #[must_use]
    pub fn new(ghz: f64, polarization: Polarization) -> Self {
        Self {
            wavelength_m: 0.2998 / ghz,
            cube_root_ghz: ghz.cbrt(),
            land: Surface::new(22.0, 0.003, ghz, polarization),
            sea: Surface::new(80.0, 5.0, ghz, polarization),
        }
    }
}

/// Diffraction loss of a path, dB.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Diffraction {
    /// Ld50, at the median earth radius.
    pub median_db: f64,
    /// Ldp, not exceeded for p % of the time.
    pub db: f64,
}

/// Time percentage p against β₀.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeShare {
    /// p, %, at most 50.
    pub percent: f64,
    /// I(p/100) of Attachment 2: the value that a standard normal variable exceeds with probability p.
    pub exceeded: f64,
}

impl TimeShare {
    /// Wraps a percentage.
    #[must_use]
    pub fn new(percent: f64) -> Self {
        Self { percent, exceeded: exceeded(percent) }
    }

    /// Fi, eq. (40): weight of the enhanced against the median atmosphere.
    #[must_use]
    pub fn enhanced_weight(&self, beta0_percent: f64) -> f64 {
        if self.percent > beta0_percent { self.exceeded / exceeded(beta0_percent) } else { 1.0 }
    }
}

/// I(x) of a percentage, eqs. (96), (97), held within its range of validity.
pub(crate) fn exceeded(percent: f64) -> f64 {
    crate::radio::normal::exceeded_approximate((percent / 100.0).clamp(1e-6, 1.0 - 1e-6))
}

/// § 4.3.5: losses not exceeded for half of the time and for p % of it, between antennas at heights above
/// sea level, with smooth-earth heights under them.
#[must_use]
pub fn diffraction(
    path: &TerrainPath,
    wave: &Wave,
    antenna_m: [f64; 2],
    base_m: [f64; 2],
    median_radius_km: f64,
    time: &TimeShare,
    beta0_percent: f64,
) -> Diffraction {
    let at = |radius_km| delta_bullington_db(path, wave, antenna_m, base_m, radius_km);
    let median_db = at(median_radius_km);
    // Eq. (41); at 50 % the weight of the enhanced atmosphere is nil.
    if time.percent >= 50.0 {
        return Diffraction { median_db, db: median_db };
    }
    let weight = time.enhanced_weight(beta0_percent);
    Diffraction { median_db, db: median_db + weight * (at(ENHANCED_RADIUS_KM) - median_db) }
}

/// § 4.3.4, eqs. (37) to (39).
fn delta_bullington_db(
    path: &TerrainPath,
    wave: &Wave,
    antenna_m: [f64; 2],
    base_m: [f64; 2],
    radius_km: f64,
) -> f64 {
    let actual = over_profile_db(path, wave, antenna_m, radius_km);
    let height_m = [antenna_m[0] - base_m[0], antenna_m[1] - base_m[1]];
    let total = path.length_km();
    let spherical = spherical_earth_db(wave, total, height_m, radius_km, path.cover.sea_share);
    // Where the smooth earth adds nothing there is nothing to take away.
    if spherical <= 0.0 {
        return actual;
    }
    actual + (spherical - over_smooth_db(path, wave, height_m, radius_km)).max(0.0)
}

/// Knife-edge loss J(ν), eq. (12), and what eq. (21) makes of it over a length.
fn bullington_db(nu: f64, total_km: f64) -> f64 {
    if nu <= -0.78 {
        return 0.0;
    }
    let v = nu - 0.1;
    let edge = 6.9 + 20.0 * ((v * v + 1.0).sqrt() + v).log10();
    edge + (1.0 - (-edge / 6.0).exp()) * (10.0 + 0.02 * total_km)
}

/// § 4.3.1 over ground and clutter, eqs. (13) to (21).
fn over_profile_db(path: &TerrainPath, wave: &Wave, [hts, hrs]: [f64; 2], radius_km: f64) -> f64 {
    let inner = 1..path.km.len() - 1;
    let (km, surface) = (&path.km[inner.clone()], &path.surface_m[inner.clone()]);
    let (from_tx, from_rx) = (&path.from_tx[inner.clone()], &path.from_rx[inner]);
    let total = path.length_km();
    let bulge = 500.0 / radius_km;
    let line = (hrs - hts) / total;

    // Slopes relative to the bulge at the far end: Stim − bulge·D, Srim − bulge·D.
    let tx_top = steepest(surface, from_tx, km, hts, bulge, 0.0);
    let stim = tx_top + bulge * total;
    if stim < line {
        let mut top = f64::NEG_INFINITY;
        for ((d, g), (per_tx, per_rx)) in km.iter().zip(surface).zip(from_tx.iter().zip(from_rx)) {
            let over = g + bulge * d * (total - d) - (hts + line * d);
            // ν² with the sign of ν.
            let rank = over * over.abs() * (per_tx * per_rx);
            top = if rank > top { rank } else { top };
        }
        let nu = (top.abs() * 0.002 * total / wave.wavelength_m).sqrt().copysign(top);
        return bullington_db(nu, total);
    }
    let srim = steepest(surface, from_rx, km, hrs, -bulge, total) + bulge * total;
    knife_edge_between(stim, srim, [hts, hrs], total, wave)
}

/// The largest of (g − from)/d ∓ bulge·d, d being the distance from the end that `per_km` inverts.
#[inline]
fn steepest(surface: &[f64], per_km: &[f64], km: &[f64], from_m: f64, bulge: f64, offset_km: f64) -> f64 {
    // Four running maxima, so that one comparison needn't wait for another.
    let mut top = [f64::NEG_INFINITY; 4];
    let value = |g: f64, per: f64, d: f64| (g - from_m) * per - bulge * (d - offset_km);
    let (mut g, mut p, mut d) = (surface.chunks_exact(4), per_km.chunks_exact(4), km.chunks_exact(4));
    for ((g, p), d) in (&mut g).zip(&mut p).zip(&mut d) {
        for i in 0..4 {
            let v = value(g[i], p[i], d[i]);
            top[i] = if v > top[i] { v } else { top[i] };
        }
    }
    for ((g, p), d) in g.remainder().iter().zip(p.remainder()).zip(d.remainder()) {
        let v = value(*g, *p, *d);
        top[0] = if v > top[0] { v } else { top[0] };
    }
    let larger = |a: f64, b: f64| if a > b { a } else { b };
    larger(larger(top[0], top[1]), larger(top[2], top[3]))
}

/// Loss of the edge where the steepest rays of both ends meet, eqs. (18) to (21).
fn knife_edge_between(stim: f64, srim: f64, [hts, hrs]: [f64; 2], total: f64, wave: &Wave) -> f64 {
    let d = (hrs - hts + srim * total) / (stim + srim);
    let over = hts + stim * d - (hts * (total - d) + hrs * d) / total;
    let nu = over * (0.002 * total / (wave.wavelength_m * d * (total - d))).sqrt();
    bullington_db(nu, total)
}

/// § 4.3.1 over the profile's points with all heights zero.
fn over_smooth_db(path: &TerrainPath, wave: &Wave, height_m: [f64; 2], radius_km: f64) -> f64 {
    match &path.whole {
        Some(whole) => smooth_at(|i| whole.km(i), whole.len(), path.length_km(), wave, height_m, radius_km),
        None => smooth_at(|i| path.km[i], path.km.len(), path.length_km(), wave, height_m, radius_km),
    }
}

/// Both the steepest point and the one nearest to the ray are the only local maximum over a smooth earth,
/// so a binary search finds them.
fn smooth_at(
    km: impl Fn(usize) -> f64,
    points: usize,
    total: f64,
    wave: &Wave,
    [hte, hre]: [f64; 2],
    radius_km: f64,
) -> f64 {
    let last = points - 2;
    let bulge = 500.0 / radius_km;
    let line = (hre - hte) / total;
    let stim = peak(last, |i| bulge * (total - km(i)) - hte / km(i));
    if stim < line {
        let rank = |i: usize| {
            let d = km(i);
            let over = bulge * d * (total - d) - (hte + line * d);
            over * over.abs() / (d * (total - d))
        };
        let top = peak(last, rank);
        let nu = (top.abs() * 0.002 * total / wave.wavelength_m).sqrt().copysign(top);
        return bullington_db(nu, total);
    }
    let srim = peak(last, |i| bulge * km(i) - hre / (total - km(i)));
    knife_edge_between(stim, srim, [hte, hre], total, wave)
}

/// The largest value at the points 1 to `last` of a function that first only grows, then only falls.
#[inline]
fn peak(last: usize, value: impl Fn(usize) -> f64) -> f64 {
    let (mut low, mut high) = (1, last);
    while low < high {
        let middle = usize::midpoint(low, high);
        if value(middle) < value(middle + 1) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    value(low)
}

/// § 4.3.2, eqs. (22) to (27): loss over a spherical earth between antennas at heights above it.
fn spherical_earth_db(wave: &Wave, d: f64, [hte, hre]: [f64; 2], radius_km: f64, sea_share: f64) -> f64 {
    let roots = hte.sqrt() + hre.sqrt();
    // Eq. (22): marginal line of sight, √(2a)·(√(h/1000) + …).
    if d >= (0.002 * radius_km).sqrt() * roots {
        return first_term_db(wave, d, [hte, hre], radius_km, sea_share);
    }
    let sum = hte + hre;
    let c = (hte - hre) / sum;
    let m = 250.0 * d * d / (radius_km * sum);
    let angle = (1.5 * c * (3.0 * m / (m + 1.0).powi(3)).sqrt()).clamp(-1.0, 1.0).acos();
    let b = 2.0 * ((m + 1.0) / (3.0 * m)).sqrt() * (FRAC_PI_3 + angle / 3.0).cos();
    let d1 = 0.5 * d * (1.0 + b);
    let d2 = d - d1;
    let bulge = 500.0 / radius_km;
    let clearance = ((hte - bulge * d1 * d1) * d2 + (hre - bulge * d2 * d2) * d1) / d;
    let needed = 17.456 * (d1 * d2 * wave.wavelength_m / d).sqrt();
    if clearance > needed {
        return 0.0;
    }
    // Eq. (26): the radius of marginal line of sight.
    let marginal_km = 500.0 * (d / roots).powi(2);
    let loss = first_term_db(wave, d, [hte, hre], marginal_km, sea_share);
    if loss <= 0.0 { 0.0 } else { (1.0 - clearance / needed) * loss }
}

/// § 4.3.3, eqs. (28) to (36): first term of the residue series, mixed over land and sea.
fn first_term_db(wave: &Wave, d: f64, height_m: [f64; 2], radius_km: f64, sea_share: f64) -> f64 {
    let root = radius_km.cbrt();
    let over = |surface: Surface| {
        let k = surface.k / root;
        let k2 = k * k;
        let beta = (1.0 + 1.6 * k2 + 0.67 * k2 * k2) / (1.0 + 4.5 * k2 + 1.53 * k2 * k2);
        let x = 21.88 * beta * wave.cube_root_ghz / (root * root) * d;
        let distance = if x >= 1.6 {
            11.0 + 10.0 * x.log10() - 17.6 * x
        } else {
            -20.0 * x.log10() - 5.6488 * x.powf(1.425)
        };
        let y_per_m = 0.9575 * beta * wave.cube_root_ghz * wave.cube_root_ghz / root;
        let floor = 2.0 + 20.0 * k.log10();
        let gain = |h: f64| height_gain_db(beta * y_per_m * h).max(floor);
        -distance - gain(height_m[0]) - gain(height_m[1])
    };
    match sea_share {
        0.0 => over(wave.land),
        1.0 => over(wave.sea),
        _ => sea_share * over(wave.sea) + (1.0 - sea_share) * over(wave.land),
    }
}

/// G of eq. (34), for B of eq. (35).
fn height_gain_db(b: f64) -> f64 {
    if b > 2.0 {
        17.6 * (b - 1.1).sqrt() - 5.0 * (b - 1.1).log10() - 8.0
    } else {
        20.0 * (b + 0.1 * b * b * b).log10()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The search over a smooth earth finds what a look at every point finds.
    #[test]
    fn smooth_earth_peaks_are_the_maxima() {
        let mut path = TerrainPath::default();
        for (points, step_m) in [(3, 400.0), (4, 90.0), (17, 1000.0), (101, 50.0), (800, 500.0)] {
            path.refill_inland(step_m, (0..points).map(|_| (0.0, 0.0)));
            for heights in [[0.5, 1.5], [30.0, 1.5], [1.5, 300.0], [2000.0, 2000.0]] {
                for radius_km in [6371.0, 8500.0, ENHANCED_RADIUS_KM] {
                    let wave = Wave::new(3.5, Polarization::Vertical);
                    let found = over_smooth_db(&path, &wave, heights, radius_km);
                    let all = over_profile_db(&path, &wave, heights, radius_km);
                    assert!((found - all).abs() < 1e-9, "{points} {step_m} {heights:?}: {found} {all}");
                }
            }
        }
    }
}
