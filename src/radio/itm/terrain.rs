//! Horizons, roughness and effective heights.

use super::{Geometry, Siting};

/// Terrain of a profile of evenly spaced heights, in the model's terms.
pub(super) fn geometry(step_m: f64, heights: &[f64], antenna_m: [f64; 2], earth_m: f64) -> Geometry {
    let n = heights.len() - 1;
    let distance_m = n as f64 * step_m;
    let (mut horizon_rad, mut horizon_m) = horizons(step_m, heights, antenna_m, earth_m);
    // Terrain counts from fifteen antenna heights on, or from a tenth of the way to the horizon.
    let start_m = (15.0 * antenna_m[0]).min(0.1 * horizon_m[0]);
    let end_m = distance_m - (15.0 * antenna_m[1]).min(0.1 * horizon_m[1]);
    let delta_h_m = irregularity(step_m, heights, start_m, end_m);
    let ground = [heights[0], heights[n]];
    let above = |end: usize, fitted: f64| antenna_m[end] + (ground[end] - fitted).max(0.0);

    let mut effective_height_m;
    if horizon_m[0] + horizon_m[1] > 1.5 * distance_m {
        // Well within line of sight: horizons come from the fitted terrain.
        let (tx, rx) = fitted_line(step_m, heights, start_m, end_m);
        effective_height_m = [above(0, tx), above(1, rx)];
        let horizon = |h: f64| (2.0 * h * earth_m).sqrt() * (-0.07 * (delta_h_m / h.max(5.0)).sqrt()).exp();
        horizon_m = effective_height_m.map(horizon);
        let sum = horizon_m[0] + horizon_m[1];
        if sum <= distance_m {
            let stretch = (distance_m / sum).powi(2);
            effective_height_m = effective_height_m.map(|h| h * stretch);
            horizon_m = effective_height_m.map(horizon);
        }
        for end in 0..2 {
            let smooth = (2.0 * effective_height_m[end] * earth_m).sqrt();
            horizon_rad[end] =
                (0.65 * delta_h_m * (smooth / horizon_m[end] - 1.0) - 2.0 * effective_height_m[end]) / smooth;
        }
    } else {
        let (tx, _) = fitted_line(step_m, heights, start_m, 0.9 * horizon_m[0]);
        let (_, rx) = fitted_line(step_m, heights, distance_m - 0.9 * horizon_m[1], end_m);
        effective_height_m = [above(0, tx), above(1, rx)];
    }
    Geometry { distance_m, delta_h_m, effective_height_m, horizon_m, horizon_rad }
}

/// Terrain of an area: Alg. eqs. 3.2 to 3.4.
pub(super) fn area_geometry(
    distance_m: f64,
    delta_h_m: f64,
    antenna_m: [f64; 2],
    siting: [Siting; 2],
    earth_m: f64,
) -> Geometry {
    let mut g = Geometry { distance_m, delta_h_m, ..Geometry::default() };
    for end in 0..2 {
        let h = antenna_m[end];
        let gain = match siting[end] {
            Siting::Random => None,
            Siting::Careful => Some(4.0),
            Siting::VeryCareful => Some(9.0),
        };
        let effective = gain.map_or(h, |b: f64| {
            let b = if h < 5.0 { b * (0.1 * std::f64::consts::PI * h).sin() } else { b };
            h + (1.0 + b) * (-(2.0 * h / delta_h_m.max(1e-3)).min(20.0)).exp()
        });
        let smooth = (2.0 * effective * earth_m).sqrt();
        let horizon = smooth * (-0.07 * (delta_h_m / effective.max(5.0)).sqrt()).exp();
        g.effective_height_m[end] = effective;
        g.horizon_m[end] = horizon;
        g.horizon_rad[end] = (0.65 * delta_h_m * (smooth / horizon - 1.0) - 2.0 * effective) / smooth;
    }
    g
}

/// Elevation (radians) and distance (metres) of the horizon seen from each end: TN101 eq. 6.15.
fn horizons(step_m: f64, heights: &[f64], antenna_m: [f64; 2], earth_m: f64) -> ([f64; 2], [f64; 2]) {
    let n = heights.len() - 1;
    let distance_m = n as f64 * step_m;
    let tx = heights[0] + antenna_m[0];
    let rx = heights[n] + antenna_m[1];
    // To begin with, each sees the other.
    let sag = distance_m / (2.0 * earth_m);
    let mut angle = [(rx - tx) / distance_m - sag, (tx - rx) / distance_m - sag];
    let mut far = [distance_m; 2];
    // Summed up step by step as the reference program does: whether a horizon lies on a point or just before
    // it decides which points count further on.
    let mut from = [0.0, distance_m];
    for ground in heights.iter().take(n).skip(1) {
        from = [from[0] + step_m, from[1] - step_m];
        for (end, antenna) in [tx, rx].into_iter().enumerate() {
            let seen = (ground - antenna) / from[end] - from[end] / (2.0 * earth_m);
            if seen > angle[end] {
                (angle[end], far[end]) = (seen, from[end]);
            }
        }
    }
    (angle, far)
}

/// The straight line that fits a stretch of terrain best, by its heights at both ends of the whole path.
fn fitted_line(step_m: f64, heights: &[f64], start_m: f64, end_m: f64) -> (f64, f64) {
    let n = heights.len() as i64 - 1;
    let back_from_end = |i: f64| n - (n as f64 - i).max(0.0) as i64;
    let mut first = (start_m / step_m).max(0.0) as i64;
    let mut last = back_from_end(end_m / step_m);
    if last <= first {
        first = (first - 1).max(0);
        last = back_from_end(last as f64 + 1.0);
    }
    let length = (last - first) as f64;
    let middle = -0.5 * length;
    let end = last as f64 + middle;
    // The ends of the stretch count half.
    let height = |i: i64| usize::try_from(i).ok().and_then(|i| heights.get(i)).copied().unwrap_or(0.0);
    let mut mean = 0.5 * (height(first) + height(last));
    let mut moment = 0.5 * (height(first) - height(last)) * middle;
    for i in first + 1..last {
        mean += height(i);
        moment += height(i) * (middle + (i - first) as f64);
    }
    mean /= length;
    let slope = moment * 12.0 / ((length * length + 2.0) * length);
    (mean - slope * end, mean + slope * (n as f64 - end))
}

/// Terrain irregularity Δh: the interdecile range of heights about their fitted line, scaled to an infinite
/// path (ERL eq. 3 turned round).
fn irregularity(step_m: f64, heights: &[f64], start_m: f64, end_m: f64) -> f64 {
    let last = heights.len() - 1;
    let (from, to) = (start_m / step_m, end_m / step_m);
    if to - from < 2.0 {
        return 0.0;
    }
    let tenth = ((0.1 * (to - from + 8.0)) as usize).clamp(4, 25);
    let n = 10 * tenth - 5;
    // The stretch, sampled anew at n places.
    let stride = (to - from) / (n as f64 - 1.0);
    let mut i = from as usize;
    let mut beyond = from - (i as f64 + 1.0);
    let mut samples = Vec::with_capacity(n);
    for _ in 0..n {
        while beyond > 0.0 && i + 1 < last {
            beyond -= 1.0;
            i += 1;
        }
        let next = heights[(i + 1).min(last)];
        samples.push(next + (next - heights[i.min(last)]) * beyond);
        beyond += stride;
    }
    let (left, right) = fitted_line(1.0, &samples, 0.0, n as f64 - 1.0);
    let slope = (right - left) / (n as f64 - 1.0);
    let mut line = left;
    for sample in &mut samples {
        *sample -= line;
        line += slope;
    }
    samples.sort_unstable_by(|a, b| b.total_cmp(a));
    let spread = samples[tenth - 1] - samples[n - tenth];
    spread / (1.0 - 0.8 * (-(end_m - start_m) / 50e3).exp())
}
