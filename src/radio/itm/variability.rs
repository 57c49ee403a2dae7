//! Spread of the attenuation over time, locations and situations: Alg. chapter 5.

use super::{Geometry, Link, Statistics, roughness_m};
use crate::radio::normal::exceeded_approximate;

/// Percentages for which the loss isn't exceeded, each above 0 and below 100.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Percentages {
    /// Of time.
    pub time: f64,
    /// Of locations.
    pub location: f64,
    /// Of situations: how sure one wants to be.
    pub situation: f64,
}

/// One curve of TN101, Fig. 10.13 and after: two coefficients and three distances in metres.
struct Curve(f64, f64, f64, f64, f64);

impl Curve {
    fn at(&self, d: f64) -> f64 {
        let Self(c1, c2, x1, x2, x3) = self;
        let near = (d / x1).powi(2);
        (c1 + c2 / (1.0 + ((d - x2) / x3).powi(2))) * near / (1.0 + near)
    }
}

/// A climate's curves.
struct Coefficients {
    /// Shift of the median over all years.
    median: Curve,
    /// Spread for small and for large percentages of time.
    sigma: [Curve; 2],
    /// Where the tail of large percentages begins, and its spread there against the curve.
    tail: (f64, f64),
    /// Frequency factors of both spreads.
    frequency: [(f64, f64, f64); 2],
}

/// In the order of the climates.
#[rustfmt::skip]
const CLIMATES: [Coefficients; 7] = [
    Coefficients {
        median: Curve(-9.67, 12.7, 144.9e3, 190.3e3, 133.8e3),
        sigma: [Curve(2.13, 159.5, 762.2e3, 123.6e3, 94.5e3), Curve(2.11, 102.3, 636.9e3, 134.8e3, 95.6e3)],
        tail: (1.282, 1.224),
        frequency: [(1.0, 0.0, 0.0), (1.0, 0.0, 0.0)],
    },
    Coefficients {
        median: Curve(-0.62, 9.19, 228.9e3, 205.2e3, 143.6e3),
        sigma: [Curve(2.66, 7.67, 100.4e3, 172.5e3, 136.4e3), Curve(6.87, 15.53, 138.7e3, 143.7e3, 98.6e3)],
        tail: (2.161, 0.801),
        frequency: [(1.0, 0.0, 0.0), (0.93, 0.31, 2.00)],
    },
    Coefficients {
        median: Curve(1.26, 15.5, 262.6e3, 185.2e3, 99.8e3),
        sigma: [Curve(6.11, 6.65, 138.2e3, 242.2e3, 178.6e3), Curve(10.08, 9.60, 165.3e3, 225.7e3, 129.7e3)],
        tail: (1.282, 1.380),
        frequency: [(1.0, 0.0, 0.0), (1.0, 0.0, 0.0)],
    },
    Coefficients {
        median: Curve(-9.21, 9.05, 84.1e3, 101.1e3, 98.6e3),
        sigma: [Curve(1.98, 13.11, 139.1e3, 132.7e3, 193.5e3), Curve(3.68, 159.3, 464.4e3, 93.1e3, 94.2e3)],
        tail: (20.0, 1.000),
        frequency: [(1.0, 0.0, 0.0), (0.93, 0.19, 1.79)],
    },
    Coefficients {
        median: Curve(-0.62, 9.19, 228.9e3, 205.2e3, 143.6e3),
        sigma: [Curve(2.68, 7.16, 93.7e3, 186.8e3, 133.5e3), Curve(4.75, 8.12, 93.2e3, 135.9e3, 113.4e3)],
        tail: (1.282, 1.224),
        frequency: [(0.92, 0.25, 1.77), (0.93, 0.31, 2.00)],
    },
    Coefficients {
        median: Curve(-0.39, 2.86, 141.7e3, 315.9e3, 167.4e3),
        sigma: [Curve(6.86, 10.38, 187.8e3, 169.6e3, 108.9e3), Curve(8.58, 13.97, 216.0e3, 152.0e3, 122.7e3)],
        tail: (1.282, 1.518),
        frequency: [(1.0, 0.0, 0.0), (1.0, 0.0, 0.0)],
    },
    Coefficients {
        median: Curve(3.15, 857.9, 2222e3, 164.8e3, 116.3e3),
        sigma: [Curve(8.51, 169.8, 609.8e3, 119.9e3, 106.6e3), Curve(8.43, 8.19, 136.2e3, 188.5e3, 122.9e3)],
        tail: (1.282, 1.518),
        frequency: [(1.0, 0.0, 0.0), (1.0, 0.0, 0.0)],
    },
];

/// Attenuation below free space that isn't exceeded for the percentages asked.
pub(super) fn attenuation(
    link: &Link,
    g: &Geometry,
    reference: f64,
    warnings: &mut Vec<&'static str>,
) -> f64 {
    let climate = &CLIMATES[link.climate as usize];
    let statistics = link.mode.statistics;
    let z_situation = exceeded_approximate(link.percentages.situation / 100.0);
    let mut z_time = exceeded_approximate(link.percentages.time / 100.0);
    let mut z_location = exceeded_approximate(link.percentages.location / 100.0);
    match statistics {
        Statistics::SingleMessage => (z_time, z_location) = (z_situation, z_situation),
        Statistics::Accidental => z_location = z_situation,
        Statistics::Mobile => z_location = z_time,
        Statistics::Broadcast => {}
    }
    if [z_time, z_location, z_situation].iter().any(|z| z.abs() > 3.10) {
        warnings.push("a percentage lies far in the tail of its distribution");
    }

    // Effective distance, Alg. eq. 5.3.
    let wave_number = link.freq.0 / 47.7;
    let smooth = |h: f64| (2.0 * 9000e3 * h).sqrt();
    let threshold_m =
        smooth(g.effective_height_m[0]) + smooth(g.effective_height_m[1]) + (575.7e12 / wave_number).cbrt();
    let d = if g.distance_m < threshold_m {
        130e3 * g.distance_m / threshold_m
    } else {
        130e3 + g.distance_m - threshold_m
    };

    let sigma_situation = if link.mode.no_situation { 0.0 } else { 5.0 + 3.0 * (-d / 100e3).exp() };
    let sigma_location = if link.mode.no_location {
        0.0
    } else {
        let rough = wave_number * roughness_m(g.distance_m, g.delta_h_m);
        10.0 * rough / (rough + 13.0)
    };

    let q = (0.133 * wave_number).ln();
    let spread = |i: usize| {
        let (f1, f2, f3) = climate.frequency[i];
        climate.sigma[i].at(d) * (f1 + f2 / ((f3 * q).powi(2) + 1.0))
    };
    let (z_tail, tail_ratio) = climate.tail;
    let sigma_time = if z_time < 0.0 {
        spread(0)
    } else if z_time <= z_tail {
        spread(1)
    } else {
        let (body, tail) = (spread(1), tail_ratio * spread(1));
        tail + (body - tail) * z_tail / z_time
    };

    // Alg. eq. 5.11.
    let (y_time, y_location) = (sigma_time * z_time, sigma_location * z_location);
    let z2 = z_situation * z_situation;
    let rest = sigma_situation.powi(2) + y_time * y_time / (7.8 + z2) + y_location * y_location / (24.0 + z2);
    let (direct, situation) = match statistics {
        Statistics::SingleMessage => (0.0, (sigma_time.powi(2) + sigma_location.powi(2) + rest).sqrt()),
        Statistics::Accidental => (y_time, (sigma_location.powi(2) + rest).sqrt()),
        Statistics::Mobile => (sigma_time.hypot(sigma_location) * z_time, rest.sqrt()),
        Statistics::Broadcast => (y_time + y_location, rest.sqrt()),
    };
    let attenuation = reference - climate.median.at(d) - direct - situation * z_situation;
    // A gain over free space is damped.
    if attenuation < 0.0 {
        attenuation * (29.0 - attenuation) / (29.0 - 10.0 * attenuation)
    } else {
        attenuation
    }
}
