//! What stands in a cell: blank, text, number or truth value, and how planners write each.

use crate::model::quantity;
use crate::model::schema::half_width;
use std::borrow::Cow;

/// One cell of a table, or one property of a feature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// Nothing.
    Blank,
    /// Text.
    Text(&'a str),
    /// A number, where the format knows numbers.
    Number(f64),
    /// True or false, where the format knows them.
    Flag(bool),
}

/// A cell that owns its text.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Owned {
    /// Nothing.
    #[default]
    Blank,
    /// Text.
    Text(String),
    /// A number.
    Number(f64),
    /// True or false.
    Flag(bool),
}

impl Owned {
    /// The cell, borrowed.
    #[must_use]
    pub fn borrow(&self) -> Value<'_> {
        match self {
            Owned::Blank => Value::Blank,
            Owned::Text(s) => Value::Text(s),
            Owned::Number(n) => Value::Number(*n),
            Owned::Flag(b) => Value::Flag(*b),
        }
    }
}

/// Words for "not known". They end or begin with these; longer texts are never blank.
const BLANK_WORDS: &[&str] = &[
    "-", "--", "—", "——", "–", "－", "/", "\\", "无", "暂无", "空", "不详", "未知", "N/A", "n/a", "NA",
    "#N/A", "NULL", "null", "None", "nan", "NaN", "NAN", "unknown", "Unknown", "?", "？",
];

impl<'a> Value<'a> {
    /// The value without blanks around it; [`Value::Blank`] for an empty text.
    #[must_use]
    pub fn trimmed(self) -> Self {
        match self {
            Value::Text(s) => {
                let t = trim(s);
                if t.is_empty() { Value::Blank } else { Value::Text(t) }
            }
            v => v,
        }
    }

    /// Whether it stands for "not known". Expects a trimmed value.
    #[must_use]
    pub fn is_blank(self) -> bool {
        match self {
            Value::Blank => true,
            Value::Text(s) => {
                // Most texts can be told by their first byte.
                let may_be = |b: u8| b >= 0x80 || b"-/\\#?NnUu".contains(&b);
                s.len() <= 7 && s.bytes().next().is_some_and(may_be) && BLANK_WORDS.contains(&s)
            }
            Value::Number(n) => n.is_nan(),
            Value::Flag(_) => false,
        }
    }

    /// As text: whole numbers without a decimal point.
    #[must_use]
    pub fn text(self) -> Cow<'a, str> {
        match self {
            Value::Blank => Cow::Borrowed(""),
            Value::Text(s) => Cow::Borrowed(s),
            Value::Number(n) if n.fract() == 0.0 && n.abs() < MAX_EXACT => {
                Cow::Owned(format!("{}", n as i64))
            }
            Value::Number(n) => Cow::Owned(n.to_string()),
            Value::Flag(b) => Cow::Borrowed(if b { "true" } else { "false" }),
        }
    }
}

fn trim(s: &str) -> &str {
    match s.as_bytes() {
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => s,
        _ => s.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}' || c == '\u{200b}'),
    }
}

/// From here on doubles don't hold every whole number: 2^53.
pub const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// Whether an id lost digits: a number that doubles don't hold, or a text such as `3.20102E+17`.
#[must_use]
pub fn id_is_damaged(value: Value<'_>) -> bool {
    match value {
        Value::Number(n) => n.abs() >= MAX_EXACT,
        Value::Text(s) => {
            let b = s.as_bytes();
            if b.len() < 5 || !b[0].is_ascii_digit() || !b.iter().any(|c| matches!(c, b'E' | b'e')) {
                return false;
            }
            let Some((mantissa, exponent)) = s.split_once(['E', 'e']) else { return false };
            let digits = mantissa.bytes().filter(u8::is_ascii_digit).count();
            let plain = mantissa.bytes().all(|c| c.is_ascii_digit() || c == b'.');
            let power: Option<usize> = exponent.strip_prefix('+').and_then(|e| e.parse().ok());
            plain && power.is_some_and(|p| p + 1 >= digits)
        }
        _ => false,
    }
}

/// A number as planners write it, in the column's unit: full-width digits, thousands separators, a unit
/// behind it (`35米`, `2.6GHz`, `1.2万`). `None` when it isn't one, or isn't finite.
#[must_use]
pub fn number(value: Value<'_>, unit: &str) -> Option<f64> {
    match value {
        Value::Number(n) => n.is_finite().then_some(n),
        Value::Text(s) => match plain(s).map_or_else(|| s.parse::<f64>(), Ok) {
            Ok(n) => n.is_finite().then_some(n),
            Err(_) => written_number(s, unit),
        },
        Value::Blank | Value::Flag(_) => None,
    }
}

/// A number of at most 15 digits without an exponent: whole number and power of ten are then exact, and
/// their quotient is the double nearest to the text, as the standard parser finds it.
fn plain(s: &str) -> Option<f64> {
    const POWERS: [f64; 16] =
        [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
    let (negative, digits) = match s.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        all => (false, all),
    };
    if digits.is_empty() || digits.len() > 16 {
        return None;
    }
    let (mut whole, mut count, mut point) = (0u64, 0usize, None);
    for &b in digits {
        match b {
            b'0'..=b'9' => {
                whole = whole * 10 + u64::from(b - b'0');
                count += 1;
            }
            b'.' if point.is_none() => point = Some(count),
            _ => return None,
        }
    }
    if count == 0 || count > 15 {
        return None;
    }
    let n = whole as f64 / POWERS.get(point.map_or(0, |p| count - p))?;
    Some(if negative { -n } else { n })
}

fn written_number(s: &str, unit: &str) -> Option<f64> {
    let text: String = s.chars().map(half_width).map(|c| if c == '−' { '-' } else { c }).collect();
    let text = text.trim();
    let end =
        text.find(|c: char| !matches!(c, '0'..='9' | '.' | ',' | '+' | '-' | '\'')).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let plain = without_separators(digits)?;
    let n: f64 = plain.parse().ok()?;
    let rest = rest.trim();
    let factor = if rest.is_empty() { 1.0 } else { quantity::factor(unit, rest)? };
    let n = n * factor;
    n.is_finite().then_some(n)
}

/// `1,234,567.8` as `1234567.8`; `None` where a comma stands elsewhere than before three digits.
fn without_separators(s: &str) -> Option<Cow<'_, str>> {
    if !s.contains([',', '\'']) {
        return Some(Cow::Borrowed(s));
    }
    let (whole, fraction) = s.split_once('.').map_or((s, ""), |(w, f)| (w, f));
    let groups: Vec<&str> = whole.split([',', '\'']).collect();
    let head = groups.first()?.trim_start_matches(['+', '-']);
    let sound = (1..=3).contains(&head.len())
        && groups[1..].iter().all(|g| g.len() == 3)
        && !fraction.contains([',', '\'']);
    if !sound {
        return None;
    }
    let mut plain = groups.concat();
    if !fraction.is_empty() {
        plain.push('.');
        plain.push_str(fraction);
    }
    Some(Cow::Owned(plain))
}

/// An angle in degrees: decimal, or degrees, minutes and seconds, with or without a letter or word for
/// the quarter of the globe.
#[must_use]
pub fn angle(value: Value<'_>) -> Option<f64> {
    match value {
        Value::Number(n) => n.is_finite().then_some(n),
        Value::Text(s) => match plain(s).map_or_else(|| s.parse::<f64>(), Ok) {
            Ok(n) => n.is_finite().then_some(n),
            Err(_) => written_angle(s),
        },
        Value::Blank | Value::Flag(_) => None,
    }
}

fn written_angle(s: &str) -> Option<f64> {
    let mut text: String = s.chars().map(half_width).collect();
    for word in ["东经", "北纬", "西经", "南纬"] {
        if text.contains(word) {
            let sign = if word.starts_with(['西', '南']) { "-" } else { "" };
            text = text.replace(word, sign);
        }
    }
    let upper = text.trim().to_uppercase();
    let west = upper.contains(['S', 'W']);
    let bare = upper.trim_matches(|c: char| matches!(c, 'N' | 'E' | 'S' | 'W') || c.is_whitespace());
    let negative = bare.starts_with(['-', '−']);
    let bare =
        bare.trim_start_matches(['-', '+', '−']).trim_end_matches(|c: char| !c.is_ascii_digit() && c != '.');
    let mut parts = [0.0f64; 3];
    let mut count = 0;
    for part in bare.split(|c: char| !c.is_ascii_digit() && c != '.').filter(|p| !p.is_empty()) {
        *parts.get_mut(count)? = part.parse().ok()?;
        count += 1;
    }
    // Only signs of an angle may stand between the numbers.
    let separators_ok =
        bare.chars().all(|c| c.is_ascii_digit() || c.is_whitespace() || ".°º˚'′’\"″”:度分秒-".contains(c));
    if count == 0 || !separators_ok || parts[1] >= 60.0 || parts[2] >= 60.0 {
        return None;
    }
    let whole_before = parts[..count - 1].iter().all(|p| p.fract() == 0.0);
    if !whole_before {
        return None;
    }
    let degrees = parts[0] + parts[1] / 60.0 + parts[2] / 3600.0;
    Some(if west || negative { -degrees } else { degrees })
}

/// Two coordinates in one text (`31.2298930, 118.1508670`), in the order written.
#[must_use]
pub fn pair(text: &str) -> Option<[f64; 2]> {
    let mut parts = text.split([',', '，', ';', '；', '|']).map(str::trim).filter(|p| !p.is_empty());
    let mut next = || parts.next().and_then(|p| angle(Value::Text(p)));
    match (next(), next(), next()) {
        (Some(a), Some(b), None) => Some([a, b]),
        (None, None, None) | (Some(_), None, None) => {
            let mut words = text.split_whitespace();
            let mut next = || words.next().and_then(|p| angle(Value::Text(p)));
            match (next(), next()) {
                (Some(a), Some(b)) if words.next().is_none() => Some([a, b]),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Yes or no. 有 and 无 count as such here.
#[must_use]
pub fn flag(value: Value<'_>) -> Option<bool> {
    match value {
        Value::Flag(b) => Some(b),
        Value::Number(n) => (n == 0.0 || n == 1.0).then_some(n == 1.0),
        Value::Text(s) => {
            const YES: &[&str] =
                &["是", "有", "1", "true", "yes", "y", "t", "√", "✓", "☑", "on", "已应用", "已接入", "可"];
            const NO: &[&str] = &[
                "否",
                "无",
                "没有",
                "0",
                "false",
                "no",
                "n",
                "f",
                "×",
                "✗",
                "off",
                "未应用",
                "未接入",
                "不可",
                "不",
            ];
            let is = |list: &[&str]| list.iter().any(|w| s.eq_ignore_ascii_case(w));
            if is(YES) {
                Some(true)
            } else if is(NO) {
                Some(false)
            } else {
                None
            }
        }
        Value::Blank => None,
    }
}

/// A date as ISO text (`2026-06-30`, `2026-06`, `2026`): Chinese and Western forms, eight digits, a
/// spreadsheet's serial number. A time of day is dropped.
#[must_use]
pub fn date(value: Value<'_>) -> Option<String> {
    match value {
        Value::Number(n) => {
            let whole = n.floor();
            if (1900.0..2200.0).contains(&whole) {
                return Some(format!("{whole}"));
            }
            if (19_000_101.0..22_000_101.0).contains(&whole) {
                let d = whole as i64;
                return iso(d / 10_000, Some(d / 100 % 100), Some(d % 100));
            }
            // Days since 1899-12-30, as spreadsheets count from March 1900 on.
            (61.0..110_000.0).contains(&whole).then(|| civil(whole as i64 - 25_569))
        }
        Value::Text(s) => {
            let text: String = s.chars().map(half_width).collect();
            let day = text.split(['T', ' ']).next().unwrap_or_default();
            let whole = day.split('.').next().unwrap_or_default();
            let serial = whole.len() == 5 && day.matches('.').count() < 2;
            if !day.is_empty()
                && (serial || whole == day)
                && day.bytes().all(|b| b.is_ascii_digit() || b == b'.')
            {
                return date(Value::Number(day.parse().ok()?));
            }
            let mut parts = day
                .split(['-', '/', '.', '年', '月', '日'])
                .filter(|p| !p.is_empty())
                .map(|p| p.parse::<i64>());
            let year = parts.next()?.ok()?;
            let month = parts.next().transpose().ok()?;
            let date = parts.next().transpose().ok()?;
            if parts.next().is_some() || !(1900..2200).contains(&year) {
                return None;
            }
            iso(year, month, date)
        }
        Value::Blank | Value::Flag(_) => None,
    }
}

fn iso(year: i64, month: Option<i64>, day: Option<i64>) -> Option<String> {
    let Some(month) = month else { return Some(year.to_string()) };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    match day {
        None => Some(format!("{year:04}-{month:02}")),
        Some(d) if (1..=days).contains(&d) => Some(format!("{year:04}-{month:02}-{d:02}")),
        Some(_) => None,
    }
}

/// The date of a day counted from 1970-01-01 (Hinnant, "chrono-compatible low-level date algorithms").
pub(super) fn civil(days: i64) -> String {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(s: &str) -> Value<'_> {
        Value::Text(s)
    }

    proptest::proptest! {
        #[test]
        fn plain_numbers_are_read_as_the_standard_parser_does(text in "-?[0-9]{0,9}(\\.[0-9]{0,8})?") {
            if let Some(n) = plain(&text) {
                proptest::prop_assert_eq!(n.to_bits(), text.parse::<f64>().unwrap().to_bits());
            }
        }
    }

    #[test]
    fn numbers_as_planners_write_them() {
        for (written, unit, expected) in [
            ("1,234", "", Some(1234.0)),
            ("1，234，567.5", "", Some(1_234_567.5)),
            ("１２３．５", "", Some(123.5)),
            ("35米", "m", Some(35.0)),
            ("2.6 GHz", "MHz", Some(2600.0)),
            ("1.2万", "count", Some(12_000.0)),
            ("45%", "%", Some(45.0)),
            ("−12", "", Some(-12.0)),
            ("12,5", "", None),
            ("1,23,4", "", None),
            ("35 apples", "m", None),
            ("inf", "", None),
            ("NaN", "", None),
            ("1e3", "", Some(1000.0)),
            ("", "", None),
            (",", "", None),
        ] {
            assert_eq!(number(text(written), unit), expected, "{written}");
        }
    }

    #[test]
    fn angles() {
        for (written, expected) in [
            ("118.5", Some(118.5)),
            ("118°30'", Some(118.5)),
            ("118°30′00″E", Some(118.5)),
            ("东经118度30分", Some(118.5)),
            ("N 32°3'36\"", Some(32.06)),
            ("16.5S", Some(-16.5)),
            ("118:30:00", Some(118.5)),
            ("118°75'", None),
            ("一百一十八", None),
            ("118.5°30'", None),
        ] {
            let found = angle(text(written));
            let same = match (found, expected) {
                (Some(a), Some(b)) => (a - b).abs() < 1e-9,
                (a, b) => a.is_none() && b.is_none(),
            };
            assert!(same, "{written}: {found:?}");
        }
        assert_eq!(pair("31.2298930, 118.1508670"), Some([31.229893, 118.150867]));
        assert_eq!(pair("118.15 31.2"), Some([118.15, 31.2]));
        assert_eq!(pair("31.2"), None);
    }

    #[test]
    fn dates() {
        for (value, expected) in [
            (text("2026-03-01"), Some("2026-03-01")),
            (text("2026/3/1 08:00"), Some("2026-03-01")),
            (text("2026年3月1日"), Some("2026-03-01")),
            (text("20260301"), Some("2026-03-01")),
            (text("2026.3"), Some("2026-03")),
            (text("46082.5"), Some("2026-03-01")),
            (text("2026-03"), Some("2026-03")),
            (text("46082"), Some("2026-03-01")),
            (Value::Number(46082.0), Some("2026-03-01")),
            (Value::Number(2026.0), Some("2026")),
            (text("2026-02-30"), None),
            (text("soon"), None),
        ] {
            assert_eq!(date(value).as_deref(), expected, "{value:?}");
        }
    }

    #[test]
    fn ids_that_a_spreadsheet_broke() {
        assert!(id_is_damaged(text("3.20102E+17")));
        assert!(id_is_damaged(Value::Number(4.6e17)));
        for sound in ["P100000120068", "12E3", "1E+5X", "320102198001011234", "A1E+05"] {
            assert!(!id_is_damaged(text(sound)), "{sound}");
        }
        assert_eq!(Value::Number(320_102.0).text(), "320102");
    }

    #[test]
    fn blank_words_and_flags() {
        for word in ["—", "无", "暂无", "空", "N/A", "null"] {
            assert!(text(word).trimmed().is_blank(), "{word}");
        }
        assert_eq!(text(" \u{3000} ").trimmed(), Value::Blank);
        assert!(!text("0").is_blank());
        assert_eq!(
            (flag(text("是")), flag(text("无")), flag(text("maybe"))),
            (Some(true), Some(false), None)
        );
    }
}
