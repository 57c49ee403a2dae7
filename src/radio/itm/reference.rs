//! Reference attenuation: the median that a path has below free space.
//!
//! Three straight or nearly straight pieces over distance: two-ray reflection within the smooth-earth
//! horizon, diffraction behind it, scatter from the troposphere far away.

use super::{Geometry, Ground, Link, roughness_m};
use std::f64::consts::{FRAC_PI_2, PI, SQRT_2};

/// Which piece gave the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Within the smooth-earth horizon.
    LineOfSight,
    /// Behind it.
    Diffraction,
    /// Far behind it.
    Troposcatter,
}

impl Mode {
    /// Name in answers.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::LineOfSight => "line-of-sight",
            Self::Diffraction => "diffraction",
            Self::Troposcatter => "troposcatter",
        }
    }
}

/// What the pieces share.
struct Path<'a> {
    link: &'a Link,
    g: &'a Geometry,
    ground: &'a Ground,
    known_path: bool,
    freq: f64,
    /// Wave number, 1/m.
    wave_number: f64,
    earth_m: f64,
    /// Sum of the horizon distances over the actual terrain.
    horizons_m: f64,
    /// Over a smooth earth.
    smooth_horizons_m: f64,
    /// Angular distance of the line-of-sight region.
    los_rad: f64,
}

/// A straight line of attenuation over distance.
#[derive(Clone, Copy)]
struct Line {
    per_m: f64,
    at_zero: f64,
}

impl Line {
    fn at(self, d: f64) -> f64 {
        self.at_zero + self.per_m * d
    }
}

pub(super) fn attenuation(
    link: &Link,
    ground: &Ground,
    g: &Geometry,
    known_path: bool,
    warnings: &mut Vec<&'static str>,
) -> (f64, Mode) {
    let earth_m = 1.0 / ground.curvature;
    let smooth = g.effective_height_m.map(|h| (2.0 * h * earth_m).sqrt());
    let horizons_m = g.horizon_m[0] + g.horizon_m[1];
    let path = Path {
        link,
        g,
        ground,
        known_path,
        freq: link.freq.0,
        wave_number: link.freq.0 / 47.7,
        earth_m,
        horizons_m,
        smooth_horizons_m: smooth[0] + smooth[1],
        los_rad: -(g.horizon_rad[0] + g.horizon_rad[1]).max(-horizons_m / earth_m),
    };
    path.warn(smooth, warnings);

    // Two distances far behind the horizon give the diffraction line.
    let unit_m = (earth_m * earth_m / path.freq).cbrt();
    let d3 = path.smooth_horizons_m.max(horizons_m + 5.0 * unit_m);
    let d4 = d3 + 10.0 * unit_m;
    let (a3, a4) = (path.diffraction(d3), path.diffraction(d4));
    let per_m = (a4 - a3) / (d4 - d3);
    let diffraction = Line { per_m, at_zero: a3 - per_m * d3 };

    let (attenuation, mode) = if g.distance_m < path.smooth_horizons_m {
        (path.within_horizon(diffraction), Mode::LineOfSight)
    } else {
        path.behind_horizon(diffraction, unit_m)
    };
    (attenuation.max(0.0), mode)
}

impl Path<'_> {
    fn warn(&self, smooth: [f64; 2], warnings: &mut Vec<&'static str>) {
        let g = self.g;
        let texts = [
            [
                "the transmitter's horizon is steeper than 0.2 rad",
                "the transmitter's horizon is nearer than a tenth of the smooth earth's",
                "the transmitter's horizon is farther than three times the smooth earth's",
            ],
            [
                "the receiver's horizon is steeper than 0.2 rad",
                "the receiver's horizon is nearer than a tenth of the smooth earth's",
                "the receiver's horizon is farther than three times the smooth earth's",
            ],
        ];
        for end in 0..2 {
            let odd = [
                g.horizon_rad[end].abs() > 0.2,
                g.horizon_m[end] < 0.1 * smooth[end],
                g.horizon_m[end] > 3.0 * smooth[end],
            ];
            warnings.extend(texts[end].iter().zip(odd).filter(|(_, odd)| *odd).map(|(text, _)| *text));
        }
        if self.ground.n_s < 250.0 {
            warnings.push("the surface refractivity of the path is below 250 N-units");
        }
        let [tx, rx] = g.effective_height_m;
        if g.distance_m < (tx - rx).abs() / 0.2 {
            warnings.push("the path is steep for its length");
        }
        if g.distance_m > 1e6 {
            warnings.push("the path is longer than 1000 km");
        }
    }

    /// Up to the smooth-earth horizon: a curve through three points (ERL eqs. 3.16 to 3.21).
    fn within_horizon(&self, diffraction: Line) -> f64 {
        let d = self.g.distance_m;
        let edge = self.smooth_horizons_m;
        let at_edge = diffraction.at(edge);
        let [tx, rx] = self.g.effective_height_m;
        let mut d0 = 0.04 * self.freq * tx * rx;
        let d1 = if diffraction.at_zero >= 0.0 {
            d0 = d0.min(0.5 * self.horizons_m);
            d0 + 0.25 * (self.horizons_m - d0)
        } else {
            (-diffraction.at_zero / diffraction.per_m).max(0.25 * self.horizons_m)
        };
        let a1 = self.two_ray(d1, diffraction);
        let mut curve = None;
        if d0 < d1 {
            let a0 = self.two_ray(d0, diffraction);
            let q = (edge / d0).ln();
            let numerator = (edge - d0) * (a1 - a0) - (d1 - d0) * (at_edge - a0);
            let mut log_part = (numerator / ((edge - d0) * (d1 / d0).ln() - (d1 - d0) * q)).max(0.0);
            if diffraction.at_zero > 0.0 || log_part > 0.0 {
                let mut line_part = (at_edge - a0 - log_part * q) / (edge - d0);
                if line_part < 0.0 {
                    line_part = 0.0;
                    log_part = (at_edge - a0).max(0.0) / q;
                    if log_part == 0.0 {
                        line_part = diffraction.per_m;
                    }
                }
                curve = Some((line_part, log_part));
            }
        }
        let (line_part, log_part) = curve.unwrap_or_else(|| {
            let slope = (at_edge - a1).max(0.0) / (edge - d1);
            (if slope == 0.0 { diffraction.per_m } else { slope }, 0.0)
        });
        at_edge + line_part * (d - edge) + log_part * (d / edge).ln()
    }

    fn behind_horizon(&self, diffraction: Line, unit_m: f64) -> (f64, Mode) {
        let (d5, d6) = (self.horizons_m + 200e3, self.horizons_m + 400e3);
        let far = self.scatter(d6, None);
        let near = self.scatter(d5, far.map(|(_, gain)| gain));
        let d = self.g.distance_m;
        if let (Some((a5, _)), Some((a6, _))) = (near, far) {
            let per_m = (a6 - a5) / 200e3;
            let crossing = (a5 - diffraction.at_zero - per_m * d5) / (diffraction.per_m - per_m);
            let start =
                self.smooth_horizons_m.max(self.horizons_m + 1.088 * unit_m * self.freq.ln()).max(crossing);
            if d > start {
                let at_zero = (diffraction.per_m - per_m) * start + diffraction.at_zero;
                return (Line { per_m, at_zero }.at(d), Mode::Troposcatter);
            }
        } else if d > 10e6 {
            return (diffraction.at(d), Mode::Troposcatter);
        }
        (diffraction.at(d), Mode::Diffraction)
    }

    /// Attenuation of direct and reflected ray, blended into diffraction over rough ground: Alg. eqs. 4.46
    /// to 4.50.
    fn two_ray(&self, d: f64, diffraction: Line) -> f64 {
        let [tx, rx] = self.g.effective_height_m;
        let sigma = first_zone_roughness(roughness_m(d, self.g.delta_h_m));
        let sin_psi = (tx + rx) / d.hypot(tx + rx);
        let (re, im) = self.ground.impedance;
        let (mut r_re, mut r_im) = super::divide((sin_psi - re, -im), (sin_psi + re, im));
        let damping = (-(self.wave_number * sigma * sin_psi).min(10.0)).exp();
        (r_re, r_im) = (r_re * damping, r_im * damping);
        let q = r_re * r_re + r_im * r_im;
        if q < 0.25 || q < sin_psi {
            let lift = (sin_psi / q).sqrt();
            (r_re, r_im) = (r_re * lift, r_im * lift);
        }
        let mut phase = self.wave_number * 2.0 * tx * rx / d;
        if phase > FRAC_PI_2 {
            phase = PI - FRAC_PI_2 * FRAC_PI_2 / phase;
        }
        let (sum_re, sum_im) = (phase.cos() + r_re, -phase.sin() + r_im);
        let rays = -10.0 * (sum_re * sum_re + sum_im * sum_im).log10();
        let weight = 1.0 / (1.0 + self.freq * self.g.delta_h_m / self.smooth_horizons_m.max(10e3));
        weight * rays + (1.0 - weight) * diffraction.at(d)
    }

    /// Diffraction over knife edges and smooth earth, weighted by roughness, with clutter: ERL eqs. 3.23
    /// and 3.38c.
    fn diffraction(&self, d: f64) -> f64 {
        let h = self.link.height_m;
        let [tx, rx] = self.g.effective_height_m;
        let sigma = first_zone_roughness(roughness_m(self.smooth_horizons_m, self.g.delta_h_m));
        let clutter = (5.0 * (1.0 + 1e-5 * h[0] * h[1] * self.freq * sigma).log10()).min(15.0);
        let product = h[0] * h[1];
        let extra = tx * rx - product;
        // Low antennas on a known path.
        let base = if self.known_path { product + 10.0 } else { product };
        let term = (1.0 + extra / base).sqrt();
        let rough = (roughness_m(d, self.g.delta_h_m) * self.freq / 47.7).min(6283.2);
        let q = (term + (-self.los_rad * self.earth_m + self.horizons_m) / d) * rough;
        let weight = 25.1 / (25.1 + q.sqrt());
        weight * self.smooth_earth(d) + (1.0 - weight) * self.knife_edges(d) + clutter
    }

    /// Two knife edges at the horizons: TN101 eqs. I.1 and I.7.
    fn knife_edges(&self, d: f64) -> f64 {
        let bend = d / self.earth_m - self.los_rad;
        let behind = d - self.horizons_m;
        let edge = |horizon: f64| {
            let v2 = 0.079_577_5 * self.wave_number * bend * bend * horizon * behind / (behind + horizon);
            // TN101 eqs. III.24b and c.
            if v2 < 5.76 { 6.02 + 9.11 * v2.sqrt() - 1.27 * v2 } else { 12.953 + 10.0 * v2.log10() }
        };
        edge(self.g.horizon_m[0]) + edge(self.g.horizon_m[1])
    }

    /// Smooth earth by three radii (Vogler 1964; Alg. eq. 4.20).
    fn smooth_earth(&self, d: f64) -> f64 {
        let g = self.g;
        let bend = d / self.earth_m - self.los_rad;
        let radius = [
            (d - self.horizons_m) / bend,
            0.5 * g.horizon_m[0].powi(2) / g.effective_height_m[0],
            0.5 * g.horizon_m[1].powi(2) / g.effective_height_m[1],
        ];
        let length_km = [radius[0] * bend / 1e3, g.horizon_m[0] / 1e3, g.horizon_m[1] / 1e3];
        let third = self.freq.cbrt();
        let impedance = self.ground.impedance.0.hypot(self.ground.impedance.1);
        let mut x = [0.0; 3];
        let mut k = [0.0; 3];
        for i in 0..3 {
            let ratio = (4.0 / 3.0 * 6370e3 / radius[i]).cbrt();
            k[i] = 0.017778 * ratio / third / impedance;
            x[i] = (1.607 - k[i]) * ratio * ratio * third * length_km[i];
        }
        let total = x[0] + x[1] + x[2];
        let over_distance = 0.05751 * total - 10.0 * total.log10();
        over_distance - height_gain(x[1], k[1]) - height_gain(x[2], k[2]) - 20.0
    }

    /// Attenuation by scatter with the frequency gain H₀ it used; None where it isn't defined. `far` is the
    /// gain found farther out, which stands in for one that grows too large: Alg. eq. 4.63 and pages 11, 12.
    fn scatter(&self, d: f64, far: Option<f64>) -> Option<(f64, f64)> {
        let gain = match far {
            Some(gain) if gain > 15.0 => gain,
            _ => {
                let gain = self.frequency_gain(d)?;
                far.filter(|_| gain > 15.0).unwrap_or(gain)
            }
        };
        let n_s = self.ground.n_s;
        let bend = d / self.earth_m - self.los_rad;
        let attenuation = bend_curve(bend * d) + 10.0 * (self.wave_number * 47.7 * bend.powi(4)).log10()
            - 0.1 * (n_s - 301.0) * (-bend * d / 40e3).exp()
            + gain;
        Some((attenuation, gain))
    }

    /// Frequency gain function H₀: TN101 chapter 9, Alg. chapter 6.
    fn frequency_gain(&self, d: f64) -> Option<f64> {
        let g = self.g;
        let [tx, rx] = g.effective_height_m;
        let shift = g.horizon_m[0] - g.horizon_m[1];
        let ratio = if shift < 0.0 { tx / rx } else { rx / tx };
        let ad = shift.abs();
        let theta = g.horizon_rad[0] + g.horizon_rad[1] + d / self.earth_m;
        let r = [tx, rx].map(|h| 2.0 * self.wave_number * theta * h);
        if r[0] < 0.2 && r[1] < 0.2 {
            return None;
        }
        let s = (d - ad) / (d + ad);
        let q = (ratio / s).clamp(0.1, 10.0);
        let s = s.max(0.1);
        let crossing_m = (d - ad) * (d + ad) * theta * 0.25 / d;
        let n_s = self.ground.n_s;
        let eta = crossing_m / 1755.6
            * (1.0
                + (0.031 - n_s * 2.32e-3 + n_s * n_s * 5.67e-6)
                    * (-(crossing_m / 8e3).min(1.7).powi(6)).exp());
        let h00 = (gain_curve(r[0], eta) + gain_curve(r[1], eta)) / 2.0;
        let correction = h00.min(6.0 * (0.6 - eta.max(1.0).log10()) * s.log10() * q.log10());
        let h0 = (h00 + correction).max(0.0);
        if eta >= 1.0 {
            return Some(h0);
        }
        // Towards the special case of no scattering efficiency.
        let at_zero = 10.0
            * (((1.0 + SQRT_2 / r[0]) * (1.0 + SQRT_2 / r[1])).powi(2) * (r[0] + r[1])
                / (r[0] + r[1] + 2.0 * SQRT_2))
                .log10();
        Some(eta * h0 + (1.0 - eta) * at_zero)
    }
}

/// Deviation of terrain within the first Fresnel zone: ERL eq. 3.6a.
fn first_zone_roughness(delta_h_m: f64) -> f64 {
    0.78 * delta_h_m * (-0.5 * delta_h_m.powf(0.25)).exp()
}

/// Height gain of Vogler's smooth earth.
fn height_gain(x: f64, k: f64) -> f64 {
    let far = |x: f64| 17.372 * x.ln() - 117.0;
    if x < 200.0 {
        let w = -k.ln();
        if k < 1e-5 || x * w.powi(3) > 5495.0 {
            if x > 1.0 { far(x) } else { -117.0 }
        } else {
            2.5e-5 * x * x / k - 8.686 * w - 15.0
        }
    } else {
        let near = 0.05751 * x - 4.343 * x.ln();
        if x < 2000.0 {
            let w = 0.0134 * x * (-0.005 * x).exp();
            (1.0 - w) * near + w * far(x)
        } else {
            near
        }
    }
}

/// F(θd), Alg. eq. 6.9.
fn bend_curve(theta_d: f64) -> f64 {
    let (a, b, c) = if theta_d <= 10e3 {
        (133.4, 0.332e-3, -10.0)
    } else if theta_d <= 70e3 {
        (104.6, 0.212e-3, -2.5)
    } else {
        (71.8, 0.157e-3, 5.0)
    };
    a + b * theta_d + c * theta_d.log10()
}

/// H₀₁(r, η) between its tabulated curves, Alg. eq. 6.13.
fn gain_curve(r: f64, eta: f64) -> f64 {
    const CURVES: [(f64, f64); 5] =
        [(25.0, 24.0), (80.0, 45.0), (177.0, 68.0), (395.0, 80.0), (705.0, 105.0)];
    let eta = eta.clamp(1.0, 5.0);
    let lower = (eta as usize).clamp(1, 5);
    let share = eta - lower as f64;
    let curve = |i: usize| {
        let (a, b) = CURVES[i.min(4)];
        let inverse = 1.0 / r;
        10.0 * (1.0 + a * inverse.powi(4) + b * inverse * inverse).log10()
    };
    let low = curve(lower - 1);
    if share == 0.0 { low } else { (1.0 - share) * low + share * curve(lower) }
}
