//! The two pictures of `covplan centers`: the map, and the trade-off curve. Plain SVG, readable in print.

use super::centers::letter;
use crate::datacenter::Advice;
use crate::geom::{LonLat, sphere_m};
use crate::index::RegionIndex;
use crate::model::inputs::Inputs;
use crate::model::kinds::{DcTier, Lang, RegionLevel};
use crate::report::center_layers::CenterTables;
use crate::report::document::{pick, plain};
use crate::report::number::{fixed, grouped_decimal};
use crate::report::symbology::{CENTER, MET, OUTLINE, ROUTE};
use std::fmt::Write as _;

const WIDTH: f64 = 900.0;
const RIM: f64 = 24.0;
/// Width of the list beside the map.
const LIST: f64 = 440.0;
/// Sites and outlines of regions drawn.
const DOTS: usize = 5_000;
const CORNERS: usize = 20_000;

fn escaped(text: &str) -> String {
    plain(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Degrees on paper: longitudes shrunk by the cosine of the middle latitude.
struct Frame {
    west: f64,
    north: f64,
    scale: [f64; 2],
    height: f64,
}

impl Frame {
    fn around(points: impl Iterator<Item = LonLat>) -> Option<Self> {
        let mut b = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
        for p in points {
            let (x, y) = (p.lon_deg(), p.lat_deg());
            b = [b[0].min(x), b[1].min(y), b[2].max(x), b[3].max(y)];
        }
        if !b[0].is_finite() {
            return None;
        }
        let shrink = ((b[1] + b[3]) / 2.0).to_radians().cos().max(0.05);
        let (w, h) = (((b[2] - b[0]) * shrink).max(0.02), (b[3] - b[1]).max(0.02));
        let scale = (WIDTH / w).min(WIDTH / h);
        Some(Self { west: b[0], north: b[3], scale: [scale * shrink, scale], height: h * scale })
    }

    fn xy(&self, p: LonLat) -> [f64; 2] {
        [(p.lon_deg() - self.west) * self.scale[0], (self.north - p.lat_deg()) * self.scale[1]]
    }

    /// The nearest point of the frame, and whether it had to move.
    fn clamped(&self, p: LonLat) -> ([f64; 2], bool) {
        let [x, y] = self.xy(p);
        let inside = [x.clamp(0.0, WIDTH), y.clamp(0.0, self.height)];
        (inside, inside != [x, y])
    }
}

/// The map: regions, sites, who is served from where, centers with the numbers of the table. A center beyond
/// the sites' surroundings stands at the edge, on the side where it lies.
#[must_use]
pub fn map_svg(inputs: &Inputs, advice: &Advice, tables: &CenterTables, lang: Lang) -> Option<String> {
    let sites = inputs.sites.list.iter().map(|s| s.at);
    let near = |p: LonLat| inputs.sites.list.iter().take(DOTS).any(|s| sphere_m(s.at, p) < 150_000.0);
    let centers: Vec<LonLat> = (0..advice.centers.len() as u32).filter_map(|i| tables.at(i)).collect();
    let drawn = sites.chain(centers.iter().copied().filter(|p| near(*p)));
    let frame = Frame::around(drawn.chain(around_sites(inputs)))?;
    let height = frame.height.max(22.0 * (advice.centers.len() as f64 + 3.0));
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"{:.0} {:.0} {:.0} {:.0}\" font-family=\"sans-serif\" role=\"img\">\n\
         <rect x=\"{:.0}\" y=\"{:.0}\" width=\"{:.0}\" height=\"{:.0}\" fill=\"#fff\"/>\n",
        -RIM,
        -RIM,
        WIDTH + LIST + 2.0 * RIM,
        height + 2.0 * RIM,
        -RIM,
        -RIM,
        WIDTH + LIST + 2.0 * RIM,
        height + 2.0 * RIM,
    );
    // Writing to a String doesn't fail.
    let _ = writeln!(
        svg,
        "<clipPath id=\"m\"><rect x=\"-8\" y=\"-8\" width=\"{:.0}\" height=\"{:.0}\"/></clipPath><g clip-path=\"url(#m)\">",
        WIDTH + 16.0,
        frame.height + 16.0
    );
    outlines(&mut svg, inputs, &frame);
    names(&mut svg, inputs, &frame);
    let lines: Vec<_> = tables.lines().collect();
    let step = lines.len().div_ceil(DOTS).max(1);
    for (i, ends) in lines.iter().step_by(step) {
        let ([x1, y1], [x2, y2]) = (frame.xy(ends[0]), frame.clamped(ends[1]).0);
        let timed = advice.assignments[*i].max_rtt_ms < 40.0;
        let _ = writeln!(
            svg,
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{}\" stroke-width=\"{}\" stroke-opacity=\"{}\"/>",
            ROUTE.hex(),
            if timed { "0.9" } else { "0.4" },
            if timed { "0.55" } else { "0.2" },
        );
    }
    let step = inputs.sites.list.len().div_ceil(DOTS).max(1);
    for s in inputs.sites.list.iter().step_by(step) {
        let [x, y] = frame.xy(s.at);
        let _ = writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2\" fill=\"{}\"/>", MET.hex());
    }
    svg += "</g>\n";
    scale_bar(&mut svg, &frame);
    let mut taken: Vec<[f64; 2]> = Vec::new();
    for (i, c) in (0u32..).zip(&advice.centers) {
        let Some(at) = tables.at(i) else { continue };
        let ([x, mut y], moved) = frame.clamped(at);
        let r = match c.tier {
            DcTier::Edge => 7.0,
            DcTier::Regional => 9.0,
            DcTier::Hub => 11.0,
        };
        // Two at one place, or at one edge, stand below each other.
        while taken.iter().any(|t| (t[0] - x).abs() < 20.0 && (t[1] - y).abs() < 20.0) {
            y += 21.0;
        }
        taken.push([x, y]);
        let fill = if c.existing { CENTER.hex() } else { "#ffffff".to_owned() };
        let shape = if moved {
            format!(
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{fill}\" stroke=\"{}\" stroke-width=\"1.5\"/>",
                x - r,
                y - r,
                2.0 * r,
                2.0 * r,
                CENTER.hex()
            )
        } else {
            format!(
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{r:.1}\" fill=\"{fill}\" stroke=\"{}\" stroke-width=\"1.5\"/>",
                CENTER.hex()
            )
        };
        let _ = writeln!(
            svg,
            "{shape}<text x=\"{x:.1}\" y=\"{:.1}\" font-size=\"10\" text-anchor=\"middle\" fill=\"{}\">{}</text>",
            y + 3.5,
            if c.existing { "#ffffff" } else { "#111111" },
            i + 1
        );
    }
    list(&mut svg, inputs, advice, tables, lang);
    svg += "</svg>\n";
    Some(svg)
}

/// Corners of the regions that hold sites; nothing where there are so many that the sites would shrink to dots.
fn around_sites(inputs: &Inputs) -> impl Iterator<Item = LonLat> {
    let index = RegionIndex::of(&inputs.regions);
    let mut holds = vec![false; inputs.regions.len()];
    let mut found = Vec::new();
    for s in &inputs.sites.list {
        index.locate(s.at, &mut found);
        found.iter().for_each(|&r| holds[r as usize] = true);
    }
    let few = holds.iter().filter(|h| **h).count() <= 200;
    let regions = inputs.regions.iter().zip(holds).filter(move |(_, holds)| few && *holds);
    regions
        .flat_map(|(r, _)| r.shape.0.iter().flat_map(|p| &p.exterior().0))
        .map(|c| LonLat::wrapped(c.x, c.y))
}

/// Names of cities in the middle of their largest part.
fn names(svg: &mut String, inputs: &Inputs, frame: &Frame) {
    for r in inputs.regions.iter().filter(|r| r.level == RegionLevel::City) {
        let box_of = |p: &geo_types::Polygon<f64>| {
            p.exterior()
                .0
                .iter()
                .fold([f64::INFINITY, f64::INFINITY, -f64::INFINITY, -f64::INFINITY], |b, c| {
                    [b[0].min(c.x), b[1].min(c.y), b[2].max(c.x), b[3].max(c.y)]
                })
        };
        let size = |b: &[f64; 4]| (b[2] - b[0]) * (b[3] - b[1]);
        let largest = r.shape.0.iter().map(box_of).max_by(|a, b| size(a).total_cmp(&size(b)));
        let Some(b) = largest.filter(|b| b[0].is_finite()) else { continue };
        let [x, y] = frame.xy(LonLat::wrapped((b[0] + b[2]) / 2.0, (b[1] + b[3]) / 2.0));
        let _ = writeln!(
            svg,
            "<text x=\"{x:.0}\" y=\"{y:.0}\" font-size=\"12\" text-anchor=\"middle\" fill=\"#888\">{}</text>",
            escaped(&r.name)
        );
    }
}

/// A bar of a round number of kilometres, about a fifth of the map, in its lower left corner.
fn scale_bar(svg: &mut String, frame: &Frame) {
    let middle = frame.north - frame.height / frame.scale[1] / 2.0;
    let km_per_px = sphere_m(LonLat::wrapped(frame.west, middle), LonLat::wrapped(frame.west + 0.1, middle))
        / 1e3
        / (0.1 * frame.scale[0]);
    let km = nice(km_per_px * WIDTH / 5.0);
    let (y, long) = (frame.height + 14.0, km / km_per_px);
    let _ = writeln!(
        svg,
        "<path d=\"M0 {:.1}V{y:.1}H{long:.1}V{:.1}\" fill=\"none\" stroke=\"#333\"/>\
         <text x=\"{:.1}\" y=\"{:.1}\" font-size=\"11\">{} km</text>",
        y - 5.0,
        y - 5.0,
        long + 6.0,
        y + 1.0,
        grouped_decimal(km, usize::from(km < 1.0))
    );
}

/// The round number (1, 2 or 5 times a power of ten) at or below a value.
fn nice(v: f64) -> f64 {
    let power = 10f64.powf(v.max(1e-12).log10().floor());
    [5.0, 2.0, 1.0].into_iter().map(|m| m * power).find(|n| *n <= v * (1.0 + 1e-9)).unwrap_or(power)
}

fn outlines(svg: &mut String, inputs: &Inputs, frame: &Frame) {
    let corners: usize = inputs.regions.iter().flat_map(|r| &r.shape.0).map(|p| p.exterior().0.len()).sum();
    let step = corners.div_ceil(CORNERS).max(1);
    for ring in inputs.regions.iter().flat_map(|r| &r.shape.0).map(|p| &p.exterior().0) {
        let mut path = String::new();
        for c in ring.iter().step_by(step) {
            let [x, y] = frame.xy(LonLat::wrapped(c.x, c.y));
            let _ = write!(path, "{}{x:.1} {y:.1}", if path.is_empty() { "M" } else { "L" });
        }
        let _ = writeln!(
            svg,
            "<path d=\"{path}Z\" fill=\"#f6f6f2\" stroke=\"{}\" stroke-width=\"0.7\"/>",
            OUTLINE.hex()
        );
    }
}

/// The list beside the map: number, name, tier, racks and round trip.
fn list(svg: &mut String, inputs: &Inputs, advice: &Advice, tables: &CenterTables, lang: Lang) {
    let x = WIDTH + 24.0;
    let key = pick(
        lang,
        "black: exists · white: new · square: lies beyond the map",
        "黑：已有 · 白：新建 · 方：位于图外",
    );
    let _ = writeln!(svg, "<text x=\"{x:.0}\" y=\"4\" font-size=\"12\" fill=\"#555\">{key}</text>");
    let middle = inputs.sites.list.first().map(|s| s.at);
    for (i, c) in (0u32..).zip(&advice.centers) {
        let (name, name_zh) = tables.name(i);
        let away = match (tables.at(i), middle) {
            (Some(a), Some(b)) if sphere_m(a, b) > 300_000.0 => {
                format!(", {} km", grouped_decimal(c.fiber_p95_km, 0))
            }
            _ => String::new(),
        };
        let rtt = c.rtt_mean_ms.map_or_else(
            || pick(lang, "second center only", "仅备份").to_owned(),
            |ms| {
                format!(
                    "{} {} · {} ms{away}",
                    grouped_decimal(c.racks_used, 1),
                    pick(lang, "racks", "架"),
                    fixed(ms, 1)
                )
            },
        );
        let _ = writeln!(
            svg,
            "<text x=\"{x:.0}\" y=\"{:.0}\" font-size=\"13\">{}. {} ({}) <tspan fill=\"#555\">{}</tspan></text>",
            26.0 + 22.0 * f64::from(i),
            i + 1,
            escaped(&shortened(pick(lang, name, name_zh))),
            pick(lang, c.tier.code(), c.tier.zh()),
            escaped(&rtt)
        );
    }
}

fn shortened(name: &str) -> String {
    const MOST: usize = 16;
    if name.chars().count() <= MOST {
        return name.to_owned();
    }
    name.chars().take(MOST - 1).chain(['…']).collect()
}

/// The trade-off curve in two panels: mean round trip over yearly cost, and carbon over yearly cost.
#[must_use]
pub fn curve_svg(advice: &Advice, lang: Lang) -> Option<String> {
    const PANEL: f64 = 520.0;
    const HIGH: f64 = 330.0;
    const LEFT: f64 = 70.0;
    if advice.curve.len() < 2 {
        return None;
    }
    let cost: Vec<f64> = advice.curve.iter().map(|p| p.metrics.cost_cny_yr).collect();
    let panels = [
        (
            pick(lang, "mean round trip, ms", "平均往返时延（ms）"),
            advice.curve.iter().map(|p| p.metrics.rtt_mean_ms).collect::<Vec<_>>(),
        ),
        (
            pick(lang, "carbon, t CO2 a year", "碳排放（吨CO2/年）"),
            advice.curve.iter().map(|p| p.metrics.carbon_t_yr).collect::<Vec<_>>(),
        ),
    ];
    let (unit, scale): (&str, f64) = match lang {
        Lang::En => ("cost, ¥ M a year", 1e6),
        Lang::Zh => ("年化成本（万元）", 1e4),
    };
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {:.0} {:.0}\" font-family=\"sans-serif\" role=\"img\">\n\
         <rect width=\"{:.0}\" height=\"{:.0}\" fill=\"#fff\"/>\n",
        2.0 * PANEL + 2.0 * LEFT,
        HIGH + 90.0,
        2.0 * PANEL + 2.0 * LEFT,
        HIGH + 90.0
    );
    let log = ends(&cost)[1] > 3.0 * ends(&cost)[0].max(1e-9);
    let across = |v: f64| if log { v.max(1e-9).log10() } else { v };
    let x_ends = ends(&cost.iter().map(|c| across(*c)).collect::<Vec<_>>());
    for (n, (title, values)) in panels.iter().enumerate() {
        let (left, wide) = (LEFT + n as f64 * (PANEL + LEFT), PANEL - 30.0);
        let y_ends = ends(values);
        let x = |c: f64| left + (across(c) - x_ends[0]) / (x_ends[1] - x_ends[0]) * wide;
        let y = |v: f64| 30.0 + HIGH - (v - y_ends[0]) / (y_ends[1] - y_ends[0]) * HIGH;
        let _ = writeln!(
            svg,
            "<path d=\"M{left:.0} 30V{:.0}H{:.0}\" fill=\"none\" stroke=\"#333\"/>\
             <text x=\"{left:.0}\" y=\"18\" font-size=\"13\">{title}</text>\
             <text x=\"{:.0}\" y=\"{:.0}\" font-size=\"13\" text-anchor=\"end\">{unit}{}</text>",
            30.0 + HIGH,
            left + wide,
            left + wide,
            HIGH + 76.0,
            if log { pick(lang, ", logarithmic", "，对数") } else { "" },
        );
        let digits = |v: f64| if v.abs() < 10.0 { 2 } else { usize::from(v.abs() < 100.0) };
        for v in ticks(y_ends, false) {
            let _ = writeln!(
                svg,
                "<path d=\"M{left:.0} {:.1}H{:.0}\" stroke=\"#ddd\"/>\
                 <text x=\"{:.0}\" y=\"{:.1}\" font-size=\"11\" text-anchor=\"end\">{}</text>",
                y(v),
                left + wide,
                left - 6.0,
                y(v) + 4.0,
                grouped_decimal(v, digits(v)),
            );
        }
        for a in ticks(x_ends.map(|e| e - if log { scale.log10() } else { 0.0 }), log) {
            let c = if log { 10f64.powf(a) * scale } else { a };
            let _ = writeln!(
                svg,
                "<path d=\"M{:.1} {:.0}v4\" stroke=\"#333\"/>\
                 <text x=\"{:.1}\" y=\"{:.0}\" font-size=\"11\" text-anchor=\"middle\">{}</text>",
                x(c),
                30.0 + HIGH,
                x(c),
                HIGH + 50.0,
                grouped_decimal(c / scale, digits(c / scale)),
            );
        }
        // What no point beats in both: from one to the next.
        let mut best = f64::INFINITY;
        let mut path = String::new();
        for (c, v) in cost.iter().zip(values) {
            if *v < best * (1.0 - 1e-9) {
                let _ = match path.is_empty() {
                    true => write!(path, "M{:.1} {:.1}", x(*c), y(*v)),
                    false => write!(path, "H{:.1}V{:.1}", x(*c), y(*v)),
                };
                best = *v;
            }
        }
        let _ = writeln!(
            svg,
            "<path d=\"{path}\" fill=\"none\" stroke=\"{}\" stroke-opacity=\"0.6\"/>",
            MET.hex()
        );
        for (i, (c, v)) in cost.iter().zip(values).enumerate() {
            let _ = writeln!(
                svg,
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"4\" fill=\"{}\"/><text x=\"{:.1}\" y=\"{:.1}\" font-size=\"12\">{}</text>",
                x(*c),
                y(*v),
                if advice.curve[i].aim == crate::datacenter::tradeoff::Aim::Chosen {
                    ROUTE.hex()
                } else {
                    MET.hex()
                },
                x(*c) + 6.0,
                // Neighbours on the curve stand close: every other letter goes below.
                y(*v) + if i % 2 == 0 { -6.0 } else { 15.0 },
                letter(i)
            );
        }
    }
    let _ = writeln!(
        svg,
        "<circle cx=\"{:.0}\" cy=\"{:.0}\" r=\"4\" fill=\"{}\"/><text x=\"{:.0}\" y=\"{:.0}\" font-size=\"12\">{}</text>",
        LEFT + 6.0,
        HIGH + 72.0,
        ROUTE.hex(),
        LEFT + 16.0,
        HIGH + 76.0,
        pick(
            lang,
            "as the settings weigh it; line: no point beats these in both",
            "按设置权重；连线：两项均不被其他方案超越"
        ),
    );
    svg += "</svg>\n";
    Some(svg)
}

/// Round numbers between two ends; of a logarithmic axis, whose ends are logarithms, the logarithms of round
/// numbers.
fn ticks(ends: [f64; 2], log: bool) -> Vec<f64> {
    if log {
        let low = ends[0].floor() as i32;
        let decades =
            (low..=ends[1].ceil() as i32).flat_map(|p| [1.0, 1.5, 2.0, 3.0, 5.0, 7.0].map(|m| (m, p)));
        let all: Vec<f64> = decades
            .map(|(m, p): (f64, i32)| m.log10() + f64::from(p))
            .filter(|a| (ends[0]..=ends[1]).contains(a))
            .collect();
        if all.len() >= 2 {
            return all;
        }
    }
    let step = nice((ends[1] - ends[0]) / 3.0);
    let first = (ends[0] / step).ceil() as i64;
    (first..first + 12).map(|k| k as f64 * step).take_while(|v| *v <= ends[1]).collect()
}

/// Least and greatest, apart from each other.
fn ends(values: &[f64]) -> [f64; 2] {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let room = ((high - low) * 0.06).max(high.abs() * 1e-3).max(1e-6);
    [low - room, high + room]
}
