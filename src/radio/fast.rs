//! Elementary functions for inner loops: a few nanoseconds, inlined, the same on every machine. Their
//! error is far below that of any model that uses them (tested).

use std::f64::consts::{FRAC_PI_2, LN_2, LOG2_E, PI, SQRT_2};

/// Added and taken away again, it rounds a double to a whole number, which stands in the sum's low bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// The nearest whole number (of two as near the even one) of a value below 2^51.
#[inline]
#[must_use]
pub fn round(x: f64) -> f64 {
    (x + ROUND) - ROUND
}

/// e^x, relative error below 1e-9. Beyond ±700 the value there.
#[inline]
#[must_use]
pub fn exp(x: f64) -> f64 {
    let x = x.clamp(-700.0, 700.0);
    let shifted = x * LOG2_E + ROUND;
    let r = x - (shifted - ROUND) * LN_2;
    // The exponential series to the eighth power, in pairs.
    let r2 = r * r;
    let r4 = r2 * r2;
    let low = (1.0 + r) + r2 * (0.5 + r * (1.0 / 6.0));
    let high = (1.0 / 24.0 + r * (1.0 / 120.0)) + r2 * (1.0 / 720.0 + r * (1.0 / 5040.0));
    let series = low + r4 * (high + r4 * (1.0 / 40320.0));
    let power = f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52);
    series * power
}

/// Likewise for single precision, up to 2^22.
const ROUND_F32: f32 = 12_582_912.0;

/// The nearest whole number (of two as near the even one) of a value below 2^22.
#[inline]
#[must_use]
pub fn round_f32(x: f32) -> f32 {
    (x + ROUND_F32) - ROUND_F32
}

/// e^x in single precision, relative error below 5e-7. Beyond ±87 the value there. Without a branch, so that
/// loops over it run in vectors.
#[inline]
#[must_use]
pub fn exp_f32(x: f32) -> f32 {
    let x = if x > 87.0 { 87.0 } else { x };
    let x = if x < -87.0 { -87.0 } else { x };
    let shifted = x * std::f32::consts::LOG2_E + ROUND_F32;
    let n = shifted - ROUND_F32;
    // ln 2 in two parts, the first with few digits.
    let r = (x - n * 0.693_359_4) + n * 2.121_944_4e-4;
    let r2 = r * r;
    let low = (1.0 + r) + r2 * (0.5 + r * (1.0 / 6.0));
    let high = (1.0 / 24.0 + r * (1.0 / 120.0)) + r2 * (1.0 / 720.0);
    let power = f32::from_bits(shifted.to_bits().wrapping_add(127) << 23);
    (low + r2 * r2 * high) * power
}

/// ln x of a positive normal number in single precision, error below 5e-7 of the result or of one; something
/// finite for any other.
#[inline]
#[must_use]
pub fn ln_f32(x: f32) -> f32 {
    let bits = x.to_bits();
    let exponent = ((bits >> 23) & 0xff) as i32 - 127;
    let mantissa = f32::from_bits((bits & 0x007f_ffff) | 0x3f80_0000);
    let halve = mantissa > std::f32::consts::SQRT_2;
    let m = if halve { 0.5 * mantissa } else { mantissa };
    let e = if halve { exponent + 1 } else { exponent };
    let s = (m - 1.0) / (m + 1.0);
    let s2 = s * s;
    let series = (1.0 + s2 * (1.0 / 3.0)) + s2 * s2 * (1.0 / 5.0 + s2 * (1.0 / 7.0));
    2.0 * s * series + e as f32 * std::f32::consts::LN_2
}

/// ln x of a positive normal number, absolute error below 1e-10; something finite for any other.
#[inline]
#[must_use]
pub fn ln(x: f64) -> f64 {
    let bits = x.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i32 - 1023;
    let mantissa = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) | 0x3ff0_0000_0000_0000);
    let (m, e) = if mantissa > SQRT_2 { (0.5 * mantissa, exponent + 1) } else { (mantissa, exponent) };
    // ln m = 2·artanh((m − 1)/(m + 1)).
    let s = (m - 1.0) / (m + 1.0);
    let s2 = s * s;
    let s4 = s2 * s2;
    let series = (1.0 + s2 * (1.0 / 3.0))
        + s4 * ((1.0 / 5.0 + s2 * (1.0 / 7.0)) + s4 * (1.0 / 9.0 + s2 * (1.0 / 11.0)));
    2.0 * s * series + f64::from(e) * LN_2
}

/// The angle of (x, y) as `y.atan2(x)` gives it, radians, absolute error below 1e-7; zero at the origin.
#[inline]
#[must_use]
pub fn atan2(y: f64, x: f64) -> f64 {
    let (ax, ay) = (x.abs(), y.abs());
    let (small, large) = if ay > ax { (ax, ay) } else { (ay, ax) };
    let t = if large > 0.0 { small / large } else { 0.0 };
    // atan t / t as a polynomial in t², fitted for least greatest error on 0..1 (3.8e-8).
    let u = t * t;
    let u2 = u * u;
    let low = (0.999_999_335_536_743 - 0.333_298_606_231_364_7 * u)
        + u2 * (0.199_465_638_611_243_95 - 0.139_086_208_384_938_38 * u);
    let high = (0.096_421_756_609_607_29 - 0.055_912_039_077_440_8 * u)
        + u2 * (0.021_862_763_801_129_042 - 0.004_054_514_940_463_686 * u);
    let angle = t * (low + u2 * u2 * high);
    let angle = if ay > ax { FRAC_PI_2 - angle } else { angle };
    let angle = if x < 0.0 { PI - angle } else { angle };
    if y < 0.0 { -angle } else { angle }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn close_to_the_exact_functions(x in -600.0f64..600.0, d in -1e4f64..1e4, y in -1e4f64..1e4) {
            prop_assert!((exp(x) / x.exp() - 1.0).abs() < 1e-9);
            let e = x.exp();
            prop_assert!((ln(e) - e.ln()).abs() < 1e-10);
            prop_assert_eq!(round(x), x.round_ties_even());
            prop_assert!((atan2(y, d) - y.atan2(d)).abs() < 1e-7);
        }

        #[test]
        fn close_in_single_precision(x in -86.0f32..86.0) {
            let exact = f64::from(x).exp();
            prop_assert!((f64::from(exp_f32(x)) / exact - 1.0).abs() < 5e-7);
            let e = exact as f32;
            let ln = f64::from(e).ln();
            prop_assert!((f64::from(ln_f32(e)) - ln).abs() < 5e-7 * ln.abs().max(1.0));
            prop_assert_eq!(round_f32(x), x.round_ties_even());
        }
    }

    #[test]
    fn ends_and_axes() {
        assert_eq!((exp(0.0), ln(1.0), atan2(0.0, 0.0)), (1.0, 0.0, 0.0));
        assert!(exp(-1e9) < 1e-300 && exp(1e9).is_finite());
        for (y, x) in [(0.0, 1.0), (1.0, 0.0), (0.0, -1.0), (-1.0, 0.0), (1.0, 1.0), (-1.0, -1.0)] {
            assert!((atan2(y, x) - f64::atan2(y, x)).abs() < 1e-7, "{y} {x}");
        }
    }
}
