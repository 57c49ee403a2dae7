//! Counts and figures in sentences for people, and texts cut to a length.

/// A whole number with thousands separators.
#[must_use]
pub fn grouped(v: i64) -> String {
    let digits = v.unsigned_abs().to_string();
    let mut out = String::new();
    if v < 0 {
        out.push('-');
    }
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// Yuan in full, as a limit and what exceeds it are compared: `1,280,598 yuan`.
#[must_use]
pub fn yuan(cny: f64) -> String {
    // A cast of a float saturates; no sum of money comes near the edge.
    format!("{} yuan", grouped(cny.round() as i64))
}

/// [`yuan`] in Chinese.
#[must_use]
pub fn yuan_zh(cny: f64) -> String {
    format!("{} 元", grouped(cny.round() as i64))
}

/// A counted word in English: `1 row`, `2,048 rows`. `one` is a noun whose plural is made with s.
#[must_use]
pub fn counted(n: u64, one: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{} {one}{plural}", grouped(i64::try_from(n).unwrap_or(i64::MAX)))
}

/// Ids that a list names.
const NAMED: usize = 5;

/// A list of ids, at most five of them by name.
#[must_use]
pub fn listed(ids: &[String]) -> String {
    let named: Vec<&str> = ids.iter().take(NAMED).map(String::as_str).collect();
    let more = if ids.len() > NAMED { format!(" and {} more", ids.len() - NAMED) } else { String::new() };
    named.join(", ") + &more
}

/// [`listed`] in Chinese.
#[must_use]
pub fn listed_zh(ids: &[String]) -> String {
    let named: Vec<&str> = ids.iter().take(NAMED).map(String::as_str).collect();
    let more = if ids.len() > NAMED { format!("等 {} 个", ids.len()) } else { String::new() };
    named.join("、") + &more
}

/// Characters of a value that a finding keeps.
const VALUE: usize = 200;

/// A value for a finding: whole when it is short, else cut between two words, or inside one when it is a
/// single long word, with `…` behind it.
#[must_use]
pub fn shortened(text: &str) -> String {
    let Some((end, _)) = text.char_indices().nth(VALUE) else { return text.to_owned() };
    let head = &text[..end];
    let word = head.rfind(char::is_whitespace).filter(|at| head[..*at].chars().count() > VALUE / 2);
    format!("{}…", head[..word.unwrap_or(end)].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_row_and_two_rows() {
        assert_eq!(counted(1, "row"), "1 row");
        assert_eq!([counted(0, "row"), counted(12_345, "hidden sheet")], ["0 rows", "12,345 hidden sheets"]);
        assert_eq!(yuan(1_280_597.742_798_564_7), "1,280,598 yuan");
        let ids: Vec<String> = (1..=7).map(|i| format!("C{i}")).collect();
        assert_eq!(listed(&ids[..2]), "C1, C2");
        assert_eq!(listed(&ids), "C1, C2, C3, C4, C5 and 2 more");
        assert_eq!(
            (listed_zh(&ids), yuan_zh(1234.4)),
            ("C1、C2、C3、C4、C5等 7 个".into(), "1,234 元".into())
        );
    }

    #[test]
    fn long_values_end_at_a_word() {
        assert_eq!(shortened("lon=190.5 lat=32"), "lon=190.5 lat=32");
        let cut = shortened(&"coordinates ".repeat(40));
        assert!(cut.ends_with("coordinates…") && cut.chars().count() <= 201, "{cut}");
        assert_eq!(shortened(&"坐标".repeat(300)).chars().count(), 201);
    }
}
