//! Two small maps side by side, today and after the plan, drawn as SVG: they need no script, and print.

use super::document::pick;
use super::geometry::rings;
use super::layers::View;
use super::number::grouped;
use crate::coverage::Score;
use crate::geom::LonLat;
use crate::model::kinds::Lang;
use crate::model::settings::Settings;
use geo::{BoundingRect, Simplify};
use maud::{Markup, html};
use std::fmt::Write;

/// Width of a map in its own units.
const WIDTH: f64 = 400.0;
/// Room around what is drawn.
const MARGIN: f64 = 14.0;
/// Sites drawn; the rest is thinned evenly, but of each state in its share.
const SITES: usize = 4_000;
/// Vertices of fiber drawn.
const VERTICES: usize = 8_000;

/// States of a site, as the large map has them.
pub(super) const STATES: [&str; 4] = ["critical", "gap", "met", "unknown"];
const COLOURS: [&str; 4] = ["#d55e00", "#e69f00", "#0072b2", "#6e7781"];

/// The state of a score, by its place in [`STATES`].
pub(super) fn state(score: &Score, settings: &Settings) -> usize {
    let s = &settings.score;
    match score.total.get() {
        None => 3,
        Some(x) if x < s.critical => 0,
        Some(x) if x < s.target => 1,
        Some(_) => 2,
    }
}

/// Degrees to the units of the picture: lengths are true along the middle latitude.
struct Frame {
    west: f64,
    north: f64,
    /// Units per degree of latitude, and of longitude.
    scale: [f64; 2],
    height: f64,
    /// Western longitudes move east: the sites straddle the antimeridian.
    turned: bool,
}

impl Frame {
    fn around(points: impl Iterator<Item = LonLat> + Clone) -> Option<Self> {
        let sides = points.clone().filter(|p| p.lon_deg().abs() > 90.0).fold([false; 2], |mut s, p| {
            s[usize::from(p.lon_deg() > 0.0)] = true;
            s
        });
        let turned = sides[0] && sides[1];
        let lon = |p: LonLat| if turned && p.lon_deg() < 0.0 { p.lon_deg() + 360.0 } else { p.lon_deg() };
        let mut b = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
        for p in points {
            b = [b[0].min(lon(p)), b[1].min(p.lat_deg()), b[2].max(lon(p)), b[3].max(p.lat_deg())];
        }
        if b[0] > b[2] {
            return None;
        }
        let shrink = (0.5 * (b[1] + b[3])).to_radians().cos().max(0.05);
        // A single place gets a neighbourhood of some kilometres.
        let (wide, tall) = (((b[2] - b[0]) * shrink).max(0.05), (b[3] - b[1]).max(0.05));
        let inner = WIDTH - 2.0 * MARGIN;
        // No picture is more than a quarter higher than wide, or lower than half of that.
        let scale = (inner / wide).min(inner * 1.15 / tall);
        let height = (tall * scale + 2.0 * MARGIN).max(WIDTH * 0.55);
        let (mid_x, mid_y) = (0.5 * (b[0] + b[2]), 0.5 * (b[1] + b[3]));
        Some(Self {
            west: mid_x - WIDTH / 2.0 / (scale * shrink),
            north: mid_y + height / 2.0 / scale,
            scale: [scale, scale * shrink],
            height,
            turned,
        })
    }

    fn at(&self, p: LonLat) -> (f64, f64) {
        let lon = if self.turned && p.lon_deg() < 0.0 { p.lon_deg() + 360.0 } else { p.lon_deg() };
        ((lon - self.west) * self.scale[1], (self.north - p.lat_deg()) * self.scale[0])
    }

    /// A line as path data, none when it stays outside the picture.
    fn path(&self, line: impl Iterator<Item = LonLat>, out: &mut String) {
        let points: Vec<(f64, f64)> = line.map(|p| self.at(p)).collect();
        let outside = |f: &dyn Fn(&(f64, f64)) -> bool| points.iter().all(f);
        if outside(&|p| p.0 < 0.0)
            || outside(&|p| p.0 > WIDTH)
            || outside(&|p| p.1 < 0.0)
            || outside(&|p| p.1 > self.height)
        {
            return;
        }
        for (k, (x, y)) in points.iter().enumerate() {
            let _ = write!(out, "{}{x:.1} {y:.1}", if k == 0 { "M" } else { "L" });
        }
    }
}

/// The maps: today alone, or today and after the plan; nothing where there is no site.
#[must_use]
pub(super) fn maps(v: View, lang: Lang) -> Option<Markup> {
    let sites = &v.inputs.sites.list;
    let frame = Frame::around(sites.iter().map(|s| s.at))?;
    let mut outlines = String::new();
    for r in &v.inputs.regions {
        let Some(bounds) = r.shape.bounding_rect() else { continue };
        // A third of a unit of the picture.
        let tolerance = (0.4 / frame.scale[0]).min(bounds.width().max(bounds.height()) / 8.0);
        for ring in rings(&r.shape.simplify(tolerance)).into_iter().flatten() {
            frame.path(ring.into_iter().map(|[x, y]| LonLat::wrapped(x, y)), &mut outlines);
        }
    }
    let mut fiber = String::new();
    let mut left = VERTICES;
    for r in v.plan.iter().flat_map(|p| &p.routes) {
        let line: geo::LineString = r.line.iter().map(|p| (p.lon_deg(), p.lat_deg())).collect();
        let line = line.simplify(0.5 / frame.scale[0]);
        let Some(rest) = left.checked_sub(line.0.len()) else { break };
        left = rest;
        frame.path(line.0.iter().map(|c| LonLat::wrapped(c.x, c.y)), &mut fiber);
    }
    let stations = v.plan.iter().flat_map(|p| &p.stations).take(SITES).fold(String::new(), |mut d, s| {
        let (x, y) = frame.at(s.at);
        let _ = write!(d, "M{x:.1} {y:.1}h0");
        d
    });
    let t = |en: &'static str, zh: &'static str| pick(lang, en, zh);
    let mut panels = vec![(t("Today", "现状"), &v.found.sites, false)];
    panels.extend(v.plan.map(|p| (t("After the plan", "规划后"), &p.after.sites, true)));
    let step = sites.len().div_ceil(SITES).max(1);
    let said =
        |n: u64| if n > 0 && n < v.min_count { format!("<{}", v.min_count) } else { grouped(n as i64) };
    let names =
        [t("critical", "严重"), t("below target", "不达标"), t("on target", "达标"), t("unknown", "未知")];
    Some(html! {
        div class="maps" {
            @for (title, results, after) in panels {
                @let drawn = dots(v, results, &frame, step);
                figure {
                    figcaption { (title) }
                    svg viewBox={ "0 0 " (WIDTH) " " (format!("{:.0}", frame.height)) } role="img" aria-label={ (t("Map of the sites: ", "企业分布图：")) (title) } {
                        path d=(outlines) fill="#eef2f5" stroke="#b6bec7" stroke-width="0.8" {}
                        @if after {
                            path d=(fiber) fill="none" stroke="#aa3377" stroke-width="1.2" {}
                            path d=(stations) fill="none" stroke="#009e73" stroke-width="7" stroke-linecap="square" opacity="0.55" {}
                        }
                        @for k in [3, 2, 1, 0] {
                            path d=(drawn.0[k]) fill="none" stroke=(COLOURS[k]) stroke-width=(if k == 0 { "6.5" } else { "5.5" }) stroke-linecap="round" {}
                        }
                    }
                    p class="key" {
                        @for k in 0..4 {
                            @if drawn.1[k] > 0 {
                                span { svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true" { circle cx="5" cy="5" r="4" fill=(COLOURS[k]) {} } (names[k]) " " b { (said(drawn.1[k])) } }
                            }
                        }
                        @if after && !stations.is_empty() {
                            span { svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true" { rect width="10" height="10" fill="#009e73" opacity="0.55" {} } (t("new station or indoor system", "新建基站或室分")) }
                        }
                        @if after && !fiber.is_empty() {
                            span { svg width="14" height="10" viewBox="0 0 14 10" aria-hidden="true" { path d="M0 5h14" stroke="#aa3377" stroke-width="2" {} } (t("planned fiber", "规划光缆")) }
                        }
                    }
                }
            }
        }
    })
}

/// Dots by state as path data, and how many sites there are of each, drawn or not.
fn dots(
    v: View,
    results: &[crate::coverage::SiteResult],
    frame: &Frame,
    step: usize,
) -> ([String; 4], [u64; 4]) {
    let (mut paths, mut count) = (<[String; 4]>::default(), [0u64; 4]);
    for (site, r) in v.inputs.sites.list.iter().zip(results) {
        let k = state(&r.score, v.settings);
        if count[k] % step as u64 == 0 {
            let (x, y) = frame.at(site.at);
            let _ = write!(paths[k], "M{x:.1} {y:.1}h0");
        }
        count[k] += 1;
    }
    (paths, count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(lon: f64, lat: f64) -> LonLat {
        LonLat::new(lon, lat).unwrap()
    }

    #[test]
    fn everything_lies_within_the_picture_and_north_is_up() {
        let places = [at(118.0, 31.0), at(121.0, 35.0), at(120.0, 33.0)];
        let f = Frame::around(places.into_iter()).unwrap();
        for p in places {
            let (x, y) = f.at(p);
            let inside = |v: f64, most: f64| (MARGIN - 0.01..=most - MARGIN + 0.01).contains(&v);
            assert!(inside(x, WIDTH) && inside(y, f.height));
        }
        assert!(f.at(places[1]).1 < f.at(places[0]).1 && f.at(places[1]).0 > f.at(places[0]).0);
        // One place, and places on both sides of the antimeridian.
        let one = Frame::around([at(10.0, 50.0)].into_iter()).unwrap();
        let (x, y) = one.at(at(10.0, 50.0));
        assert!((x - WIDTH / 2.0).abs() < 0.01 && (y - one.height / 2.0).abs() < 0.01);
        let far = Frame::around([at(179.0, 0.0), at(-179.0, 0.0)].into_iter()).unwrap();
        assert!(far.turned && far.at(at(-179.0, 0.0)).0 - far.at(at(179.0, 0.0)).0 > WIDTH / 2.0);
        assert!(Frame::around(std::iter::empty()).is_none());
    }
}
