//! Horizons, smooth earth and roughness: Attachment 1 to Annex 1 of P.1812-8 (2 of P.452-18).

use super::TerrainPath;

/// A path as its profile shows it to two antennas.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Analysis {
    /// Whether the ground leaves the line of sight free, at the median earth radius.
    pub line_of_sight: bool,
    /// hts, hrs: antenna heights above sea level, m.
    pub antenna_m: [f64; 2],
    /// dlt, dlr: distance of each end's horizon; in line of sight, of the point nearest to the ray, km.
    pub horizon_km: [f64; 2],
    /// θt, θr: elevation of each end's horizon, mrad.
    pub horizon_mrad: [f64; 2],
    /// θ: angular distance, mrad.
    pub angular_distance_mrad: f64,
    /// hstd, hsrd: smooth-earth heights of the diffraction model, m above sea level.
    pub diffraction_base_m: [f64; 2],
    /// hte, hre: effective antenna heights of the ducting model, m.
    pub ducting_height_m: [f64; 2],
    /// hm: terrain roughness between the horizons, m.
    pub roughness_m: f64,
    /// How much steeper than the other antenna the steepest ground is, seen from the transmitter over the
    /// bulge of the earth, mrad.
    pub obstruction_mrad: f64,
}

impl Analysis {
    /// Whether both antennas stand at least so many metres over the smooth earth that diffraction counts from,
    /// where that isn't the ground under them.
    #[must_use]
    pub fn stands_clear(&self, metres: f64, end_ground_m: [f64; 2]) -> bool {
        let ends = self.antenna_m.iter().zip(self.diffraction_base_m).zip(end_ground_m);
        ends.into_iter().all(|((antenna, base), ground)| base >= ground || antenna - base >= metres)
    }
}

/// hst and hsr of the least-squares smooth earth, eqs. (85) to (88), m above sea level.
pub(super) fn smooth_earth(km: &[f64], ground_m: &[f64]) -> [f64; 2] {
    let total = km.last().copied().unwrap_or(0.0);
    let (mut v1, mut v2) = (0.0, 0.0);
    for (d, h) in km.windows(2).zip(ground_m.windows(2)) {
        let step = d[1] - d[0];
        v1 += step * (h[1] + h[0]);
        v2 += step * (h[1] * (2.0 * d[1] + d[0]) + h[0] * (d[1] + 2.0 * d[0]));
    }
    let square = total * total;
    [(2.0 * v1 * total - v2) / square, (v2 - v1 * total) / square]
}

/// Elevation of a direction that rises `m_per_km` over the tangent, mrad.
fn elevation_mrad(m_per_km: f64) -> f64 {
    1e3 * (m_per_km / 1e3).atan()
}

/// Analyses a path of at least three points for antennas at heights above ground.
pub(crate) fn analyse(path: &TerrainPath, height_m: [f64; 2], effective_radius_km: f64) -> Analysis {
    let n = path.km.len();
    let total = path.length_km();
    let ends_m = path.end_ground_m();
    let antenna_m = [ends_m[0] + height_m[0], ends_m[1] + height_m[1]];
    let [hts, hrs] = antenna_m;
    let bulge = 500.0 / effective_radius_km;

    // One pass: the steepest ground from each end, over the curved earth (eqs. (77), (82a)) and over a
    // flat one (eqs. (89b), (89c)), and the highest above the straight line (89a).
    let inner = 1..n - 1;
    let (km, ground) = (&path.km[inner.clone()], &path.ground_m[inner.clone()]);
    let (from_tx, from_rx) = (&path.from_tx[inner.clone()], &path.from_rx[inner]);
    let line = (hrs - hts) / total;
    const LOW: f64 = f64::NEG_INFINITY;
    let (mut tx_top, mut rx_top, mut tx_flat, mut rx_flat, mut above) = (LOW, LOW, LOW, LOW, LOW);
    for ((d, h), (per_tx, per_rx)) in km.iter().zip(ground).zip(from_tx.iter().zip(from_rx)) {
        let tx = (h - hts) * per_tx;
        let rx = (h - hrs) * per_rx;
        let over = h - (hts + line * d);
        tx_flat = if tx > tx_flat { tx } else { tx_flat };
        rx_flat = if rx > rx_flat { rx } else { rx_flat };
        above = if over > above { over } else { above };
        let tx = tx - bulge * d;
        let rx = rx - bulge * (total - d);
        tx_top = if tx > tx_top { tx } else { tx_top };
        rx_top = if rx > rx_top { rx } else { rx_top };
    }

    // Eqs. (76) to (83): horizons, or in line of sight the point with the largest ν.
    let to_rx = line - bulge * total;
    let line_of_sight = !(tx_top > to_rx);
    let (first, last, horizon_km, slopes) = if line_of_sight {
        let i = 1 + nearest_to_ray(km, ground, from_tx, from_rx, [hts, line], bulge);
        (i, i, [path.km[i], total - path.km[i]], [to_rx, -line - bulge * total])
    } else {
        let at_tx = |i: &usize| (ground[*i] - hts) * from_tx[*i] - bulge * km[*i] == tx_top;
        let at_rx = |i: &usize| (ground[*i] - hrs) * from_rx[*i] - bulge * (total - km[*i]) == rx_top;
        let first = 1 + (0..km.len()).find(at_tx).unwrap_or(0);
        let last = 1 + (0..km.len()).rev().find(at_rx).unwrap_or(0);
        (first, last, [path.km[first], total - path.km[last]], [tx_top, rx_top])
    };
    let horizon_mrad = slopes.map(elevation_mrad);

    // Eqs. (89) to (91).
    let [hst, hsr] = path.smooth_m;
    let mut base_m = [hst, hsr];
    if above > 0.0 {
        let (tx, rx) = (tx_flat - line, rx_flat + line);
        base_m = [hst - above * (tx / (tx + rx)), hsr - above * (rx / (tx + rx))];
    }
    let diffraction_base_m = [base_m[0].min(ends_m[0]), base_m[1].min(ends_m[1])];

    // Eqs. (92) to (95).
    let (low_t, low_r) = (hst.min(ends_m[0]), hsr.min(ends_m[1]));
    let slope = (low_r - low_t) / total;
    let between = first.min(last)..=first.max(last);
    let roughness_m = between
        .map(|i| path.ground_m[i] - (low_t + slope * path.km[i]))
        .fold(LOW, |top, h| if h > top { h } else { top });

    Analysis {
        line_of_sight,
        antenna_m,
        horizon_km,
        horizon_mrad,
        angular_distance_mrad: 1e3 * total / effective_radius_km + horizon_mrad[0] + horizon_mrad[1],
        diffraction_base_m,
        ducting_height_m: [antenna_m[0] - low_t, antenna_m[1] - low_r],
        roughness_m,
        obstruction_mrad: tx_top - to_rx,
    }
}

/// Index of the last inner point with the largest diffraction parameter ν, eq. (81). ν has the sign of
/// the height over the ray, and grows with that height squared over d₁·d₂.
fn nearest_to_ray(
    km: &[f64],
    ground: &[f64],
    from_tx: &[f64],
    from_rx: &[f64],
    [start_m, slope]: [f64; 2],
    bulge: f64,
) -> usize {
    let (mut top, mut at) = (f64::NEG_INFINITY, 0);
    for i in 0..km.len() {
        let per_area = from_tx[i] * from_rx[i];
        let over = ground[i] + bulge / per_area - (start_m + slope * km[i]);
        let rank = over * over.abs() * per_area;
        if rank >= top {
            (top, at) = (rank, i);
        }
    }
    at
}
