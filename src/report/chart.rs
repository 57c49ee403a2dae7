//! Charts of the report: what a table holds, drawn as SVG within the page. They need no script, and print.
//!
//! Every chart has words for those who can't see it, and its numbers stand in the table below it. Colours
//! are those of the map (Okabe and Ito), told apart without colour sight; lines differ in their dashes too.

use super::document::{pick, plain};
use super::number::grouped_decimal;
use crate::model::kinds::Lang;
use maud::{Markup, html};
use std::fmt::Write;

/// Blue, orange, green, purple, grey: in the order of use.
const COLOURS: [&str; 5] = ["#0072b2", "#e69f00", "#009e73", "#aa3377", "#8c959f"];
/// Width of every chart in its own units; letters are 12 of these high.
const WIDTH: f64 = 560.0;

/// A picture of a table.
#[derive(Clone, Debug)]
pub enum Chart {
    /// Lines over a number.
    Lines(Lines),
    /// Columns of parts, side by side.
    Columns(Columns),
    /// Bars that lie, each with a mark or a partner.
    Bars(Bars),
    /// From a low to a high value, about a middle.
    Spans(Spans),
}

/// Lines over a number.
#[derive(Clone, Debug)]
pub struct Lines {
    /// What the axis along the bottom counts.
    pub across: String,
    /// What the axis at the side counts.
    pub up: String,
    /// Name and points, from left to right; a second line is dashed.
    pub series: Vec<(String, Vec<(f64, f64)>)>,
}

/// Columns of parts.
#[derive(Clone, Debug)]
pub struct Columns {
    /// What the axis at the side counts.
    pub up: String,
    /// Names of the columns.
    pub names: Vec<String>,
    /// Name of each part, and its height in every column.
    pub parts: Vec<(String, Vec<f64>)>,
}

/// Bars that lie.
#[derive(Clone, Debug)]
pub struct Bars {
    /// What the axis along the bottom counts.
    pub across: String,
    /// Names of the series, one or two.
    pub series: Vec<String>,
    /// Name of each bar, and its length in every series; none where it isn't known.
    pub rows: Vec<(String, Vec<Option<f64>>)>,
    /// A mark at a length of each bar, such as a target, and what it is.
    pub mark: Option<(String, Vec<Option<f64>>)>,
}

/// Spans.
#[derive(Clone, Debug)]
pub struct Spans {
    /// What the axis along the bottom counts.
    pub across: String,
    /// Where the middle lies, and what it is.
    pub middle: Option<(String, f64)>,
    /// Name, low, high.
    pub rows: Vec<(String, f64, f64)>,
}

/// Steps of an axis that people can read: 1, 2 or 5 times a power of ten, about `wanted` of them from 0 or
/// below to at least `high`.
fn steps(low: f64, high: f64, wanted: usize) -> Vec<f64> {
    let (low, high) = (low.min(0.0), if high > low.min(0.0) { high } else { low.min(0.0) + 1.0 });
    let raw = (high - low) / wanted.max(1) as f64;
    let power = 10f64.powf(raw.log10().floor());
    let step =
        [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|s| *s >= raw * 0.999).unwrap_or(raw);
    let (first, last) = ((low / step).floor() as i64, (high / step - 1e-9).ceil() as i64);
    (first..=last).map(|k| k as f64 * step).collect()
}

/// Steps around values that all lie far from zero.
fn steps_between(low: f64, high: f64, wanted: usize) -> Vec<f64> {
    let width = high - low;
    if low > 0.0 && width > 0.0 && low > width {
        let shifted = steps(0.0, width * 1.2, wanted);
        let step = shifted.get(1).copied().unwrap_or(width);
        let (first, last) =
            (((low - 0.1 * width) / step).floor() as i64, ((high + 0.1 * width) / step).ceil() as i64);
        return (first..=last).map(|k| k as f64 * step).collect();
    }
    steps(low, high, wanted)
}

fn label(v: f64, ticks: &[f64]) -> String {
    let step = ticks.windows(2).map(|w| w[1] - w[0]).next().unwrap_or(1.0);
    let decimals = if step >= 1.0 { 0 } else { (-step.log10()).ceil().clamp(0.0, 6.0) as usize };
    grouped_decimal(v, decimals)
}

fn coord(v: f64) -> String {
    let text = format!("{v:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// Roughly how wide a text is, in units of the chart.
fn width_of(text: &str) -> f64 {
    7.0 * super::text::display_width(text) as f64
}

/// A text cut to a width.
fn short(text: &str, width: f64) -> String {
    let text = plain(text);
    if width_of(&text) <= width {
        return text;
    }
    let mut out = String::new();
    for c in text.chars() {
        if width_of(&out) + 13.0 > width {
            break;
        }
        out.push(c);
    }
    out + "…"
}

/// A chart as SVG; `title` is read out to those who can't see it.
#[must_use]
pub fn svg(chart: &Chart, title: &str, lang: Lang) -> Markup {
    let (body, height, words) = match chart {
        Chart::Lines(c) => lines(c, lang),
        Chart::Columns(c) => columns(c),
        Chart::Bars(c) => bars(c),
        Chart::Spans(c) => spans(c, lang),
    };
    let said = format!("{title}{} {words}", pick(lang, ".", "。"));
    html! {
        div class="chart" {
            svg viewBox={ "0 0 " (WIDTH) " " (coord(height)) } role="img" aria-label=(said) { (body) }
        }
    }
}

/// A legend in one line, or as many as it takes, and the height that it takes.
fn legend(names: &[(String, usize, bool)], left: f64, top: f64) -> (Markup, f64) {
    let (mut x, mut y) = (left, top);
    let mut placed = Vec::new();
    for (name, colour, dashed) in names {
        let wide = 34.0 + width_of(name);
        if x > left && x + wide > WIDTH {
            (x, y) = (left, y + 18.0);
        }
        placed.push((x, y, name, *colour, *dashed));
        x += wide;
    }
    let markup = html! {
        @for (x, y, name, colour, dashed) in &placed {
            @if *dashed {
                path d={ "M" (coord(*x)) " " (coord(y - 4.0)) "h18" } stroke=(COLOURS[colour % 5]) stroke-width="2.5" stroke-dasharray="5 3" fill="none" {}
            } @else {
                rect x=(coord(*x)) y=(coord(y - 9.0)) width="14" height="10" fill=(COLOURS[colour % 5]) {}
            }
            text x=(coord(x + 22.0)) y=(coord(*y)) { (name) }
        }
    };
    (markup, if names.is_empty() { 0.0 } else { y - top + 18.0 })
}

/// A frame with numbers along the bottom, for charts whose bars lie.
fn floor(ticks: &[f64], across: &str, left: f64, right: f64, top: f64, bottom: f64) -> Markup {
    let (first, last) = (ticks.first().copied().unwrap_or(0.0), ticks.last().copied().unwrap_or(1.0));
    let x = |v: f64| left + (right - left) * (v - first) / (last - first).max(f64::MIN_POSITIVE);
    html! {
        @for t in ticks {
            path class="grid" d={ "M" (coord(x(*t))) " " (coord(top)) "V" (coord(bottom)) } {}
            text x=(coord(x(*t))) y=(coord(bottom + 15.0)) text-anchor="middle" { (label(*t, ticks)) }
        }
        text class="soft" x=(coord(0.5 * (left + right))) y=(coord(bottom + 32.0)) text-anchor="middle" { (across) }
    }
}

/// A frame with numbers at the side.
fn wall(ticks: &[f64], up: &str, left: f64, right: f64, top: f64, bottom: f64) -> Markup {
    let (first, last) = (ticks.first().copied().unwrap_or(0.0), ticks.last().copied().unwrap_or(1.0));
    let y = |v: f64| bottom - (bottom - top) * (v - first) / (last - first).max(f64::MIN_POSITIVE);
    html! {
        text class="soft" x="0" y=(coord(top - 12.0)) { (up) }
        @for t in ticks {
            path class="grid" d={ "M" (coord(left)) " " (coord(y(*t))) "H" (coord(right)) } {}
            text x=(coord(left - 6.0)) y=(coord(y(*t) + 4.0)) text-anchor="end" { (label(*t, ticks)) }
        }
    }
}

/// Room that the numbers at the side take.
fn margin(ticks: &[f64]) -> f64 {
    10.0 + ticks.iter().map(|t| width_of(&label(*t, ticks))).fold(0.0, f64::max)
}

fn lines(c: &Lines, lang: Lang) -> (Markup, f64, String) {
    let points = || c.series.iter().flat_map(|(_, p)| p.iter());
    let across = steps(0.0, points().map(|p| p.0).fold(0.0, f64::max), 6);
    let up = steps(0.0, points().map(|p| p.1).fold(0.0, f64::max), 5);
    let (left, right, bottom) = (margin(&up), WIDTH - 16.0, 262.0);
    let names: Vec<_> = c.series.iter().enumerate().map(|(n, (name, _))| (name.clone(), n, n > 0)).collect();
    let (legend, high) = legend(&names, left, 14.0);
    let top = 36.0 + high;
    let (wide, tall) = (across.last().copied().unwrap_or(1.0), up.last().copied().unwrap_or(1.0));
    let at = |p: &(f64, f64)| (left + (right - left) * p.0 / wide, bottom - (bottom - top) * p.1 / tall);
    let body = html! {
        (legend)
        (wall(&up, &c.up, left, right, top, bottom))
        (floor(&across, &c.across, left, right, top, bottom))
        @for (n, (_, points)) in c.series.iter().enumerate() {
            @let path = points.iter().enumerate().fold(String::new(), |mut d, (k, p)| {
                let (x, y) = at(p);
                let _ = write!(d, "{}{} {}", if k == 0 { "M" } else { "L" }, coord(x), coord(y));
                d
            });
            path d=(path) fill="none" stroke=(COLOURS[n % 5]) stroke-width="2.5" stroke-dasharray=[(n > 0).then_some("5 3")] {}
            @if n == 0 {
                @for p in points.iter().skip(1) {
                    @let (x, y) = at(p);
                    circle cx=(coord(x)) cy=(coord(y)) r="3" fill=(COLOURS[0]) {}
                }
            }
        }
    };
    let words = c.series.first().and_then(|(_, p)| p.last()).map_or_else(String::new, |(x, y)| {
        let (x, y) = (grouped_decimal(*x, 1), grouped_decimal(*y, 0));
        match lang {
            Lang::En => format!("At {}: {x}, {}: {y}", c.across, c.up),
            Lang::Zh => format!("{} {x} 时，{} {y}", c.across, c.up),
        }
    });
    (body, bottom + 40.0, words)
}

fn columns(c: &Columns) -> (Markup, f64, String) {
    let sum = |at: usize| c.parts.iter().filter_map(|(_, v)| v.get(at)).sum::<f64>();
    // Room for the sums above the columns.
    let up = steps(0.0, 1.06 * (0..c.names.len()).map(sum).fold(0.0, f64::max), 5);
    let (left, right, bottom) = (margin(&up), WIDTH - 16.0, 250.0);
    let names: Vec<_> = c.parts.iter().enumerate().map(|(n, (name, _))| (name.clone(), n, false)).collect();
    let (legend, high) = legend(&names, left, 14.0);
    let top = 36.0 + high;
    let tall = up.last().copied().unwrap_or(1.0);
    let slot = (right - left) / c.names.len().max(1) as f64;
    let wide = (slot * 0.6).min(90.0);
    let y = |v: f64| bottom - (bottom - top) * v / tall;
    let stacked = |at: usize| {
        let mut below = 0.0;
        let mut parts = Vec::new();
        for (n, (_, values)) in c.parts.iter().enumerate() {
            let v = values.get(at).copied().unwrap_or(0.0);
            if v > 0.0 {
                parts.push((n, y(below + v), (y(below) - y(below + v)).max(0.5)));
                below += v;
            }
        }
        parts
    };
    let body = html! {
        (legend)
        (wall(&up, &c.up, left, right, top, bottom))
        @for (at, name) in c.names.iter().enumerate() {
            @let x = left + slot * (at as f64 + 0.5);
            @for (n, y, height) in stacked(at) {
                rect x=(coord(x - wide / 2.0)) y=(coord(y)) width=(coord(wide)) height=(coord(height)) fill=(COLOURS[n % 5]) {}
            }
            @if sum(at) > 0.0 {
                text class="strong" x=(coord(x)) y=(coord(y(sum(at)) - 5.0)) text-anchor="middle" { (grouped_decimal(sum(at), if tall < 10.0 { 2 } else { 1 })) }
            }
            text x=(coord(x)) y=(coord(bottom + 16.0)) text-anchor="middle" { (short(name, slot)) }
        }
    };
    let words = (0..c.names.len()).map(|n| format!("{}: {}", c.names[n], grouped_decimal(sum(n), 1)));
    (body, bottom + 26.0, format!("{} – {}", c.up, words.collect::<Vec<_>>().join(", ")))
}

/// Room that names at the left take.
fn names_margin<'a>(names: impl Iterator<Item = &'a String>) -> f64 {
    8.0 + names.map(|n| width_of(n)).fold(50.0, f64::max).min(190.0)
}

fn bars(c: &Bars) -> (Markup, f64, String) {
    let all = || {
        c.rows
            .iter()
            .flat_map(|(_, v)| v.iter().flatten())
            .chain(c.mark.iter().flat_map(|m| m.1.iter().flatten()))
    };
    let ticks = steps(all().copied().fold(0.0, f64::min), all().copied().fold(0.0, f64::max), 6);
    let mut names: Vec<_> = if c.series.len() > 1 {
        c.series.iter().enumerate().map(|(n, name)| (name.clone(), n, false)).collect()
    } else {
        Vec::new()
    };
    names.extend(c.mark.iter().map(|(name, _)| (name.clone(), 3, true)));
    let (left, right) = (names_margin(c.rows.iter().map(|r| &r.0)), WIDTH - 18.0);
    let (legend, high) = legend(&names, left, 14.0);
    let (top, each) = (8.0 + high, if c.series.len() > 1 { 30.0 } else { 21.0 });
    let bottom = top + each * c.rows.len() as f64;
    let (first, last) = (ticks.first().copied().unwrap_or(0.0), ticks.last().copied().unwrap_or(1.0));
    let x = |v: f64| left + (right - left) * (v - first) / (last - first).max(f64::MIN_POSITIVE);
    let thick = (each - 8.0) / c.series.len().max(1) as f64;
    let body = html! {
        (legend)
        (floor(&ticks, &c.across, left, right, top, bottom))
        @for (at, (name, values)) in c.rows.iter().enumerate() {
            @let y = top + each * at as f64 + 4.0;
            text x=(coord(left - 6.0)) y=(coord(y + (each - 8.0) / 2.0 + 4.0)) text-anchor="end" { (short(name, left - 8.0)) }
            @for (n, v) in values.iter().enumerate() {
                @if let Some(v) = v {
                    rect x=(coord(x(v.min(0.0)))) y=(coord(y + thick * n as f64)) width=(coord((x(v.max(0.0)) - x(v.min(0.0))).max(0.5))) height=(coord(thick - 1.0)) fill=(COLOURS[n % 5]) {}
                }
            }
            @if let Some(m) = c.mark.as_ref().and_then(|(_, m)| m.get(at).copied().flatten()) {
                path d={ "M" (coord(x(m))) " " (coord(y - 3.0)) "V" (coord(y + each - 5.0)) } stroke=(COLOURS[3]) stroke-width="2.5" stroke-dasharray="5 3" fill="none" {}
            }
        }
    };
    let words = c.rows.iter().take(20).map(|(name, v)| {
        let v: Vec<String> =
            v.iter().map(|v| v.map_or_else(|| "–".into(), |v| grouped_decimal(v, 1))).collect();
        format!("{}: {}", plain(name), v.join(" / "))
    });
    (body, bottom + 40.0, format!("{} – {}", c.across, words.collect::<Vec<_>>().join(", ")))
}

fn spans(c: &Spans, lang: Lang) -> (Markup, f64, String) {
    let low =
        c.rows.iter().map(|r| r.1.min(r.2)).chain(c.middle.iter().map(|m| m.1)).fold(f64::INFINITY, f64::min);
    let high = c
        .rows
        .iter()
        .map(|r| r.1.max(r.2))
        .chain(c.middle.iter().map(|m| m.1))
        .fold(f64::NEG_INFINITY, f64::max);
    let ticks = if low <= high { steps_between(low, high, 6) } else { vec![0.0, 1.0] };
    let (left, right) = (names_margin(c.rows.iter().map(|r| &r.0)), WIDTH - 18.0);
    let mut names = vec![
        (pick(lang, "at its 10 % point", "取 10 % 分位").to_owned(), 0, false),
        (pick(lang, "at its 90 % point", "取 90 % 分位").to_owned(), 1, false),
    ];
    if c.middle.is_none() {
        names = vec![(pick(lang, "low to high", "低至高").to_owned(), 0, false)];
    }
    names.extend(c.middle.iter().map(|(name, _)| (name.clone(), 3, true)));
    let (legend, tall) = legend(&names, left, 14.0);
    let (top, each) = (8.0 + tall, 24.0);
    let bottom = top + each * c.rows.len() as f64;
    let (first, last) = (ticks.first().copied().unwrap_or(0.0), ticks.last().copied().unwrap_or(1.0));
    let x = |v: f64| left + (right - left) * (v - first) / (last - first).max(f64::MIN_POSITIVE);
    let bar = |from: f64, to: f64, y: f64, colour: usize| {
        let (a, b) = (x(from.min(to)), x(from.max(to)));
        html! { rect x=(coord(a)) y=(coord(y)) width=(coord((b - a).max(1.0))) height=(coord(each - 8.0)) fill=(COLOURS[colour]) {} }
    };
    let body = html! {
        (legend)
        (floor(&ticks, &c.across, left, right, top, bottom))
        @for (at, (name, from, to)) in c.rows.iter().enumerate() {
            @let y = top + each * at as f64 + 4.0;
            text x=(coord(left - 6.0)) y=(coord(y + 12.0)) text-anchor="end" { (short(name, left - 8.0)) }
            @match &c.middle {
                Some((_, m)) => { (bar(*m, *from, y, 0)) (bar(*m, *to, y, 1)) }
                None => { (bar(*from, *to, y, 0)) }
            }
        }
        @if let Some((_, m)) = &c.middle {
            path d={ "M" (coord(x(*m))) " " (coord(top)) "V" (coord(bottom)) } stroke=(COLOURS[3]) stroke-width="2.5" stroke-dasharray="5 3" fill="none" {}
        }
    };
    let words = c
        .rows
        .iter()
        .map(|(n, a, b)| format!("{}: {}–{}", plain(n), grouped_decimal(*a, 1), grouped_decimal(*b, 1)));
    (body, bottom + 40.0, format!("{} – {}", c.across, words.collect::<Vec<_>>().join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn steps_are_round_and_hold_everything() {
        assert_eq!(steps(0.0, 70.8, 5), [0.0, 20.0, 40.0, 60.0, 80.0]);
        assert_eq!(steps(0.0, 1.0, 5), [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]);
        assert_eq!(steps(-3.0, 4.0, 4), [-4.0, -2.0, 0.0, 2.0, 4.0]);
        assert_eq!(steps(0.0, 0.0, 5).last(), Some(&1.0));
        let near = steps_between(68.0, 73.0, 6);
        assert!(
            near.len() < 10 && near[0] <= 68.0 && near[near.len() - 1] >= 73.0 && near[0] > 50.0,
            "{near:?}"
        );
    }

    #[test]
    fn names_with_markup_are_escaped_and_every_number_is_one() {
        let bars = Bars {
            across: "¥ M".into(),
            series: vec!["<a>".into(), "b".into()],
            rows: vec![
                ("x<script>".into(), vec![Some(3.0), None]),
                ("y".into(), vec![Some(-1.0), Some(2.0)]),
            ],
            mark: Some(("target".into(), vec![Some(4.0), None])),
        };
        let drawn = svg(&Chart::Bars(bars), "Title \"q\"", Lang::En).into_string();
        assert!(
            !drawn.contains("<script") && !drawn.contains("NaN") && drawn.contains("x&lt;script&gt;"),
            "{drawn}"
        );
        assert_eq!(drawn.matches("<rect").count(), 2 + 3, "two in the legend, three bars");
        let nothing = Lines { across: String::new(), up: String::new(), series: Vec::new() };
        assert!(!svg(&Chart::Lines(nothing), "", Lang::Zh).into_string().contains("NaN"));
    }

    proptest! {
        #[test]
        fn columns_stay_within_the_picture(v in proptest::collection::vec(0.0..1e9f64, 1..20)) {
            let names = v.iter().map(f64::to_string).collect();
            let c = Columns { up: "u".into(), names, parts: vec![("p".into(), v)] };
            let drawn = svg(&Chart::Columns(c), "t", Lang::En).into_string();
            for y in drawn.split(" y=\"").skip(1).filter_map(|t| t.split('"').next()) {
                let y: f64 = y.parse().unwrap();
                prop_assert!((0.0..=290.0).contains(&y), "{y}");
            }
        }
    }
}
