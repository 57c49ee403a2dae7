//! The normal distribution, to double precision.

/// 1/√(2π).
const INV_SQRT_TAU: f64 = 0.398_942_280_401_432_7;

/// Probability that a standard normal variable is below `x`: Hart's rational approximation (Hart et al.,
/// *Computer Approximations*, 1968, no. 5666), absolute error below 1e-14, relative error in
/// the lower tail below 1e-8.
#[must_use]
pub fn cumulative(x: f64) -> f64 {
    cumulative_given(x, (-0.5 * x * x).exp())
}

/// As [`cumulative`], when e^(−x²/2) is already known.
#[inline]
fn cumulative_given(x: f64, exp_half_square: f64) -> f64 {
    let t = x.abs();
    let tail = if t > 37.0 {
        0.0
    } else if t < 7.071_067_811_865_475 {
        let mut p = 3.526_249_659_989_11e-2 * t + 0.700_383_064_443_688;
        p = p * t + 6.373_962_203_531_65;
        p = p * t + 33.912_866_078_383;
        p = p * t + 112.079_291_497_871;
        p = p * t + 221.213_596_169_931;
        p = p * t + 220.206_867_912_376;
        let mut q = 8.838_834_764_831_84e-2 * t + 1.755_667_163_182_64;
        q = q * t + 16.064_177_579_207;
        q = q * t + 86.780_732_202_946_1;
        q = q * t + 296.564_248_779_674;
        q = q * t + 637.333_633_378_831;
        q = q * t + 793.826_512_519_948;
        q = q * t + 440.413_735_824_752;
        exp_half_square * p / q
    } else {
        let continued = t + 1.0 / (t + 2.0 / (t + 3.0 / (t + 4.0 / (t + 0.65))));
        exp_half_square * INV_SQRT_TAU / continued
    };
    if x > 0.0 { 1.0 - tail } else { tail }
}

/// Density and cumulative probability of the standard normal at `x`, sharing one exponential.
#[inline]
#[must_use]
pub fn density_and_cumulative(x: f64) -> (f64, f64) {
    let e = (-0.5 * x * x).exp();
    (e * INV_SQRT_TAU, cumulative_given(x, e))
}

/// As [`density_and_cumulative`], to a relative 1e-8: for searches in inner loops.
#[inline]
pub(super) fn density_and_cumulative_fast(x: f64) -> (f64, f64) {
    let e = super::fast::exp(-0.5 * x * x);
    (e * INV_SQRT_TAU, cumulative_given(x, e))
}

/// The `x` that a standard normal variable exceeds with probability `q`, by the rational approximation
/// (Abramowitz & Stegun 26.2.23, absolute error below 4.5e-4) that ITU-R and NTIA programs compute with.
/// Models whose published values rest on it use it; everything else uses [`quantile`].
#[must_use]
pub fn exceeded_approximate(q: f64) -> f64 {
    let x = if q > 0.5 { 1.0 - q } else { q };
    let t = (-2.0 * x.ln()).sqrt();
    let excess = t
        - (2.515_516_698 + 0.802_853 * t + 0.010_328 * t * t)
            / (1.0 + 1.432_788 * t + 0.189_269 * t * t + 0.001_308 * t * t * t);
    if q > 0.5 { -excess } else { excess }
}

/// The `x` below which a standard normal variable falls with probability `p`: a rational first guess
/// (Abramowitz & Stegun 26.2.23, error below 4.5e-4) polished by Halley steps to double precision.
/// `p` ≤ 0 gives −∞, `p` ≥ 1 gives +∞, NaN gives NaN.
#[must_use]
pub fn quantile(p: f64) -> f64 {
    if p.is_nan() {
        return f64::NAN;
    }
    if p <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if p >= 1.0 {
        return f64::INFINITY;
    }
    // Working in the lower tail keeps the relative accuracy of the cumulative probability.
    if p > 0.5 {
        return -quantile(1.0 - p);
    }
    let t = (-2.0 * p.ln()).sqrt();
    let mut x = -(t
        - (2.515_517 + 0.802_853 * t + 0.010_328 * t * t)
            / (1.0 + 1.432_788 * t + 0.189_269 * t * t + 0.001_308 * t * t * t));
    for _ in 0..3 {
        let (density, below) = density_and_cumulative(x);
        if density <= 0.0 {
            break;
        }
        let step = (below - p) / density;
        x -= step / (1.0 + 0.5 * x * step);
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of the error function to 15 digits (Abramowitz & Stegun, table 7.1, and its tails).
    #[test]
    fn cumulative_against_tables() {
        for (x, want) in [
            (0.0, 0.5),
            (1.0, 0.841_344_746_068_542_9),
            (-1.0, 0.158_655_253_931_457_1),
            (1.644_853_626_951_472_2, 0.95),
            (-3.0, 1.349_898_031_630_094_6e-3),
            (-6.0, 9.865_876_450_376_946e-10),
            (-8.0, 6.220_960_574_271_785e-16),
            (-20.0, 2.753_624_118_606_233_7e-89),
        ] {
            let off = (cumulative(x) - want).abs();
            assert!(off < 1e-14 && off < 1e-8 * want, "{x}: {} {want}", cumulative(x));
        }
    }

    #[test]
    fn quantile_inverts_cumulative() {
        for i in 1..2000 {
            let p = f64::from(i) / 2000.0;
            assert!((cumulative(quantile(p)) - p).abs() < 1e-14, "{p}");
        }
        for x in [-30.0, -12.0, -7.5, -4.0] {
            assert!((quantile(cumulative(x)) - x).abs() < 1e-10, "{x} {}", quantile(cumulative(x)));
        }
        assert_eq!(quantile(0.0), f64::NEG_INFINITY);
        assert!(quantile(f64::NAN).is_nan());
    }
}
