//! Numbers as text: fast and the same everywhere for files, with separators for people.

pub use crate::model::words::grouped;

/// Appends a whole number.
pub fn push_u64(out: &mut Vec<u8>, mut v: u64) {
    if v < 10 {
        out.push(b'0' + v as u8);
        return;
    }
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    while v >= 10 {
        at -= 2;
        digits[at..at + 2].copy_from_slice(&PAIRS[(v % 100) as usize]);
        v /= 100;
    }
    if v > 0 {
        at -= 1;
        digits[at] = b'0' + v as u8;
    }
    out.extend_from_slice(&digits[at..]);
}

/// The digits of the numbers below a hundred.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut i = 0;
    while i < 100 {
        pairs[i] = [b'0' + (i / 10) as u8, b'0' + (i % 10) as u8];
        i += 1;
    }
    pairs
};

/// The nearest whole number of one that isn't negative, half away from zero; `None` from 9·10¹⁵ on. Without the
/// call of a library, which processors of every kind can't spare.
#[must_use]
pub fn rounded(v: f64) -> Option<u64> {
    if v >= 9e15 {
        return None;
    }
    let below = v as i64;
    Some(below as u64 + u64::from(v - below as f64 >= 0.5))
}

/// Appends a number rounded (half away from zero) to at most 9 decimals, without trailing zeros but
/// always with one decimal, so that no reader takes a column of floats for one of integers.
///
/// `v` must be finite.
pub fn push_fixed(out: &mut Vec<u8>, v: f64, decimals: u8) {
    // A division by a constant takes a tenth of one by a variable.
    match decimals {
        0 => push_places::<0>(out, v),
        1 => push_places::<1>(out, v),
        2 => push_places::<2>(out, v),
        3 => push_places::<3>(out, v),
        4 => push_places::<4>(out, v),
        5 => push_places::<5>(out, v),
        6 => push_places::<6>(out, v),
        7 => push_places::<7>(out, v),
        8 => push_places::<8>(out, v),
        _ => push_places::<9>(out, v),
    }
}

#[inline]
fn push_places<const PLACES: usize>(out: &mut Vec<u8>, v: f64) {
    let unit = const { 10u64.pow(PLACES as u32) };
    let Some(scaled) = rounded(v.abs() * unit as f64) else {
        // Beyond the integers that a double holds; the shortest text that reads back the same.
        out.extend_from_slice(format!("{v:?}").as_bytes());
        return;
    };
    // A sign, sixteen digits, a point and nine digits at most, from the end.
    let mut text = [b'0'; 32];
    let mut at = text.len() - PLACES.max(1);
    let mut end = text.len();
    let mut rest = scaled % unit;
    if rest == 0 {
        end = at + 1;
    } else {
        let mut to = text.len();
        while to >= at + 2 {
            text[to - 2..to].copy_from_slice(&PAIRS[(rest % 100) as usize]);
            rest /= 100;
            to -= 2;
        }
        if to > at {
            text[at] = b'0' + (rest % 10) as u8;
        }
        while text[end - 1] == b'0' {
            end -= 1;
        }
    }
    at -= 1;
    text[at] = b'.';
    let mut whole = scaled / unit;
    while whole >= 100 {
        at -= 2;
        text[at..at + 2].copy_from_slice(&PAIRS[(whole % 100) as usize]);
        whole /= 100;
    }
    if whole >= 10 {
        at -= 2;
        text[at..at + 2].copy_from_slice(&PAIRS[whole as usize]);
    } else {
        at -= 1;
        text[at] = b'0' + whole as u8;
    }
    if v < 0.0 && scaled != 0 {
        at -= 1;
        text[at] = b'-';
    }
    out.extend_from_slice(&text[at..end]);
}

/// A number as files write it.
#[must_use]
pub fn fixed(v: f64, decimals: u8) -> String {
    let mut out = Vec::new();
    push_fixed(&mut out, v, decimals);
    String::from_utf8(out).unwrap_or_default()
}

/// A number with thousands separators and exactly that many decimals.
#[must_use]
pub fn grouped_decimal(v: f64, decimals: usize) -> String {
    if !v.is_finite() {
        return "–".to_owned();
    }
    let text = format!("{:.*}", decimals, v.abs());
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let zero = text.bytes().all(|b| b == b'0' || b == b'.');
    let sign = if v < 0.0 && !zero { "-" } else { "" };
    let mut whole_grouped = String::new();
    for (i, c) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            whole_grouped.push(',');
        }
        whole_grouped.push(c);
    }
    if part.is_empty() { format!("{sign}{whole_grouped}") } else { format!("{sign}{whole_grouped}.{part}") }
}

/// Money for people: `¥ 1.2 M` in English; 万元 or, from a hundred million, 亿元 in Chinese.
#[must_use]
pub fn money(cny: f64, zh: bool) -> String {
    let size = cny.abs();
    match zh {
        true if size >= 1e8 => format!("{} 亿元", grouped_decimal(cny / 1e8, 2)),
        true => format!("{} 万元", grouped_decimal(cny / 1e4, if size < 1e6 { 1 } else { 0 })),
        false if size >= 1e9 => format!("¥{} M", grouped_decimal(cny / 1e6, 0)),
        false if size >= 1e5 => format!("¥{} M", grouped_decimal(cny / 1e6, if size < 1e7 { 2 } else { 1 })),
        false => format!("¥{}", grouped_decimal(cny, 0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn floats_stay_floats() {
        let cases = [
            (12.0, 2, "12.0"),
            (-0.0, 2, "0.0"),
            (-0.001, 2, "0.0"),
            (-85.25, 1, "-85.3"),
            (0.05, 2, "0.05"),
            (118.7969, 7, "118.7969"),
            (-179.99999999, 7, "-180.0"),
            (1e300, 2, "1e300"),
            (3.0, 0, "3.0"),
        ];
        for (v, d, text) in cases {
            assert_eq!(fixed(v, d), text);
        }
    }

    #[test]
    fn people_read_separators_and_units() {
        assert_eq!(grouped(-1_234_567), "-1,234,567");
        assert_eq!(grouped_decimal(1234.5, 1), "1,234.5");
        assert_eq!(grouped_decimal(-0.01, 1), "0.0");
        assert_eq!(money(412_600_000.0, false), "¥412.6 M");
        assert_eq!(money(412_600_000.0, true), "4.13 亿元");
        assert_eq!(money(84_200_000.0, true), "8,420 万元");
        assert_eq!(money(900_000.0, false), "¥0.90 M");
    }

    /// What the standard library prints, brought to the same form.
    fn plainly(v: f64, d: usize) -> String {
        let unit = 10u64.pow(d as u32);
        let scaled = rounded(v.abs() * unit as f64).unwrap();
        let sign = if v < 0.0 && scaled != 0 { "-" } else { "" };
        let part = format!("{:0d$}", scaled % unit);
        let part = if d == 0 { "" } else { part.trim_end_matches('0') };
        format!("{sign}{}.{}", scaled / unit, if part.is_empty() { "0" } else { part })
    }

    proptest! {
        #[test]
        fn fixed_is_the_plain_way(v in prop_oneof![-1e6f64..1e6, -2.0..2.0f64, (-99_999i32..99_999).prop_map(|n| f64::from(n) / 100.0)], d in 0u8..=9) {
            prop_assert_eq!(fixed(v, d), plainly(v, usize::from(d)));
        }

        #[test]
        fn rounding_is_that_of_the_library(v in prop_oneof![0.0..1e4f64, 0.0..9e15f64, (0u32..9999).prop_map(|n| f64::from(n) / 2.0)]) {
            prop_assert_eq!(rounded(v), Some(v.round() as u64));
        }

        #[test]
        fn fixed_reads_back_within_half_a_unit(v in -1e8f64..1e8, d in 0u8..8) {
            let back: f64 = fixed(v, d).parse().unwrap();
            prop_assert!((back - v).abs() <= 0.5 * 10f64.powi(-i32::from(d)) * (1.0 + 1e-6) + 1e-8);
        }
    }
}
