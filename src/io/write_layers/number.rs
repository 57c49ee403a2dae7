//! Numbers with the fewest decimals that read back to the same value.

/// Appends a number. Up to `decimals` places are tried first, which is what nearly all values need and
/// fast; a value that they don't hold is written with all its digits.
pub(super) fn push(v: f64, decimals: u32, out: &mut Vec<u8>) {
    let power = 10u64.pow(decimals);
    let scaled = (v.abs() * power as f64).round();
    // Dividing two whole numbers that doubles hold gives the double nearest to the decimal: what a reader
    // of the text gets, too.
    if scaled < 9e15 && scaled / power as f64 == v.abs() {
        push_decimal(v < 0.0, scaled as u64, power, out);
    } else {
        out.extend_from_slice(format!("{v:?}").as_bytes());
    }
}

/// Appends a number of single precision.
pub(super) fn push_single(v: f32, out: &mut Vec<u8>) {
    let scaled = (f64::from(v.abs()) * 1e3).round();
    if scaled < 9e15 && (scaled / 1e3) as f32 == v.abs() {
        push_decimal(v < 0.0, scaled as u64, 1_000, out);
    } else {
        out.extend_from_slice(format!("{v:?}").as_bytes());
    }
}

/// Appends a whole number.
pub(super) fn push_whole(mut v: u64, out: &mut Vec<u8>) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (v % 10) as u8;
        v /= 10;
        if v == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends `scaled / power`; at least one decimal, so that no reader takes a column for one of integers.
fn push_decimal(negative: bool, scaled: u64, power: u64, out: &mut Vec<u8>) {
    if negative && scaled > 0 {
        out.push(b'-');
    }
    push_whole(scaled / power, out);
    out.push(b'.');
    let mut rest = scaled % power;
    let mut unit = power / 10;
    loop {
        out.push(b'0' + rest.checked_div(unit).unwrap_or(0) as u8);
        rest = rest.checked_rem(unit).unwrap_or(0);
        if rest == 0 {
            break;
        }
        unit /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(v: f64) -> String {
        let mut out = Vec::new();
        push(v, 7, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn as_people_write_them() {
        for (v, expected) in [
            (118.79, "118.79"),
            (-0.0000001, "-0.0000001"),
            (35.0, "35.0"),
            (0.0, "0.0"),
            (-0.0, "0.0"),
            (1e-9, "1e-9"),
            (120.050_000_1, "120.0500001"),
        ] {
            assert_eq!(text(v), expected);
        }
        let mut out = Vec::new();
        push_single(0.1, &mut out);
        push_single(123_456_789.0, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), "0.1123456792.0");
    }

    proptest! {
        #[test]
        fn reads_back_the_same(v in -1e12f64..1e12, w in -200_0000000i64..200_0000000, s in -1e9f32..1e9) {
            prop_assert_eq!(text(v).parse::<f64>().unwrap(), v);
            let degrees = w as f64 / 1e7;
            prop_assert_eq!(text(degrees).parse::<f64>().unwrap(), degrees);
            let mut out = Vec::new();
            push_single(s, &mut out);
            prop_assert_eq!(String::from_utf8(out).unwrap().parse::<f32>().unwrap(), s);
        }
    }
}
