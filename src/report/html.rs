//! The report as one HTML file: it needs no network, no other file and no server.
//!
//! Every text goes in escaped; the data of the map stand in a JSON block in which `<` is written
//! `\u003c`, and the policy in the head lets no script run but the page's own, by its hash.

use super::answers::Picture;
use super::chart;
use super::document::{Cell, Document, Front, Section, Table, pick, plain};
use super::geometry::rings;
use super::layers::{View, printed_points};
use super::number::{grouped, grouped_decimal, money};
use super::plan_layers::build_label;
use super::small_map::{STATES, maps, state};
use super::write::RunInfo;
use crate::coverage::Term;
use crate::coverage::score::worst_term;
use crate::geom::LonLat;
use crate::model::kinds::Lang;
use geo::{BoundingRect, Simplify};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Rows of a table on the page; the workbook and the layers have all.
const ROWS: usize = 200;
/// Rows on paper of a table without a sum: who prints it wants the first of a list. What is summed up is
/// printed whole, so that the sums can be followed.
const PAPER: usize = 60;
/// Rows of a table that stays on one page of paper.
const SHORT: usize = 20;
/// Columns that an upright page of paper has room for.
const UPRIGHT: usize = 12;
/// Sites drawn; gaps first, then evenly thinned.
const SITES: usize = 10_000;
/// Towers drawn, evenly thinned.
const TOWERS: usize = 10_000;
/// Vertices of routes drawn; the segments that serve most come first.
const VERTICES: usize = 60_000;

const SCRIPT: &str = include_str!("page/map.js");
const STYLE: &str = include_str!("page/report.css");

/// The page of an assessment or a plan, with its map.
#[must_use]
pub fn page(document: &Document, v: View, run: &RunInfo) -> String {
    let lang = document.lang;
    let map = map_data(v, lang);
    shell(document, run, maps(v, lang), Some((map_panel(v, lang, &map), map.data)), &[])
}

/// A page without a map, with pictures before its chapters.
#[must_use]
pub fn pictured_page(document: &Document, run: &RunInfo, pictures: &[Picture]) -> String {
    shell(document, run, None, None, pictures)
}

fn shell(
    document: &Document,
    run: &RunInfo,
    small: Option<Markup>,
    map: Option<(Markup, Value)>,
    pictures: &[Picture],
) -> String {
    let lang = document.lang;
    let t = |en: &'static str, zh: &'static str| pick(lang, en, zh);
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{}'",
        base64(&Sha256::digest(SCRIPT))
    );
    // JSON in HTML ends at the first `</script`; no `<` means no end and no comment.
    let safe = |data: &Value| {
        data.to_string().replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
    };
    let wide = lying(&document.sections);
    html! {
        (DOCTYPE)
        html lang=(match lang { Lang::En => "en", Lang::Zh => "zh-CN" }) {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="generator" content={ "covplan " (env!("CARGO_PKG_VERSION")) };
                title { (document.title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (document.title) }
                    @for b in &document.banners { p class="banner" role="note" { (b) } }
                    @for line in &document.headline { p class="headline" { (line) } }
                }
                main {
                    @if let Some(f) = &document.front { (front(f, small.as_ref(), lang)) }
                    nav aria-label=(t("Chapters", "目录")) {
                        @for (n, s) in document.sections.iter().enumerate() { a href={ "#s" (n) } { (s.title) } }
                    }
                    @if let Some((panel, _)) = &map { (panel) }
                    @for p in pictures { figure class="picture" { figcaption { (p.title) } (PreEscaped(&p.svg)) } }
                    @for (n, s) in document.sections.iter().enumerate() { (section(s, n, wide[n], lang)) }
                    // Commands are for the screen.
                    @if !document.next.is_empty() { h2 class="screen" { (t("Next", "下一步")) } }
                    @for n in &document.next { p class="screen" { code { (n) } } }
                }
                footer {
                    "covplan " (env!("CARGO_PKG_VERSION")) " · " (t("seed", "随机种子")) " " (run.seed) " · "
                    @if map.is_some() {
                        (t("every figure can be taken apart with covplan explain; ", "每个数字均可用 covplan explain 拆解；"))
                    }
                    (t(
                        "inputs and outputs are listed with their hashes in manifest.json",
                        "输入与输出及其散列见 manifest.json",
                    ))
                }
                @if let Some((_, data)) = &map {
                    script type="application/json" id="map-data" { (PreEscaped(safe(data))) }
                    script { (PreEscaped(SCRIPT)) }
                }
            }
        }
    }
    .into_string()
}

/// The first page: numbers, maps, what to decide.
fn front(f: &Front, small: Option<&Markup>, lang: Lang) -> Markup {
    html! {
        section class="front" {
            div class="figures" {
                @for x in &f.figures {
                    div { p class="label" { (x.label) } p class="value" { (x.value) } p class="note" { (x.note) } }
                }
            }
            @if let Some(maps) = small { (maps) }
            @if !f.advice.is_empty() {
                h2 { (pick(lang, "What to decide now", "当前需决策事项")) }
                ol class="advice" {
                    @for a in &f.advice {
                        li { div { p class="what" { (a.what) } p class="why" { (a.why) } } p class="price" { (a.price) } }
                    }
                }
            }
        }
    }
}

/// Which sections lie on their side on paper: those with tables of many columns, and short ones between two
/// such, which would stand on a page of their own.
fn lying(sections: &[Section]) -> Vec<bool> {
    let mut wide: Vec<bool> = sections.iter().map(|s| shown(s).any(|t| t.headings.len() > UPRIGHT)).collect();
    for at in 1..sections.len().saturating_sub(1) {
        let rows: usize = shown(&sections[at]).map(|t| t.rows.len()).sum();
        wide[at] |= wide[at - 1] && wide[at + 1] && rows <= SHORT;
    }
    wide
}

fn shown(s: &Section) -> impl Iterator<Item = &Table> {
    s.tables.iter().filter(|t| !t.rows.is_empty())
}

fn section(s: &Section, n: usize, wide: bool, lang: Lang) -> Markup {
    html! {
        section class=[wide.then_some("wide")] {
            h2 id={ "s" (n) } { (s.title) }
            @for line in &s.text { p { (line) } }
            @for t in shown(s) { (table(t, lang)) }
        }
    }
}

fn table(t: &Table, lang: Lang) -> Markup {
    let more = t.all_rows.saturating_sub(ROWS);
    let paper = if t.total.is_none() && t.rows.len() > PAPER { PAPER } else { ROWS };
    let numeric: Vec<bool> = (0..t.headings.len()).map(|at| t.is_numeric(at)).collect();
    let cell = |at: usize, c: &Cell| {
        let numeric = numeric.get(at).copied().unwrap_or(false);
        let class = match (c, numeric) {
            (Cell::Unknown | Cell::Nothing, true) => "n u",
            (Cell::Unknown | Cell::Nothing, false) => "u",
            (_, true) => "n",
            (_, false) => "",
        };
        html! { td class=[(!class.is_empty()).then_some(class)] { (c.show(lang)) } }
    };
    html! {
        h3 { (t.title) }
        @for c in &t.charts { (chart::svg(c, &t.title, lang)) }
        div class=(if t.rows.len() <= SHORT { "scroll short" } else { "scroll" }) tabindex="0" role="region" aria-label=(t.title) {
            table {
                thead { tr {
                    @for (at, h) in t.headings.iter().enumerate() {
                        th scope="col" class=[numeric[at].then_some("n")] { (h) }
                    }
                } }
                tbody {
                    @for (n, row) in t.rows.iter().take(ROWS).enumerate() {
                        tr class=[(n >= paper).then_some("screen")] { @for (at, c) in row.iter().enumerate() { (cell(at, c)) } }
                    }
                    @if let Some(total) = &t.total {
                        tr class="total" { @for (at, c) in total.iter().enumerate() { (cell(at, c)) } }
                    }
                }
            }
        }
        @if paper == PAPER {
            p class="small paper" {
                @match lang {
                    Lang::En => { "On paper the first " (PAPER) " of " (t.all_rows.max(t.rows.len())) " rows: all are in report.xlsx and the layers." }
                    Lang::Zh => { "打印仅列前 " (PAPER) " 行，共 " (t.all_rows.max(t.rows.len())) " 行；全部见 report.xlsx 与各图层。" }
                }
            }
        }
        @if more > 0 {
            p class=(if paper == PAPER { "small screen" } else { "small" }) {
                @match lang {
                    Lang::En => { "… and " (more) " more rows: see report.xlsx and the layers." }
                    Lang::Zh => { "……另有 " (more) " 行，见 report.xlsx 与各图层。" }
                }
            }
        }
    }
}

/// What the map draws, and how much of it there is.
struct MapData {
    data: Value,
    /// Sites by state: critical, gap, met, unknown.
    states: [usize; 4],
    /// Whether less is drawn than there is.
    thinned: bool,
}

fn degrees(p: LonLat) -> [f64; 2] {
    let round = |v: f64| (v * 1e5).round() / 1e5;
    [round(p.lon_deg()), round(p.lat_deg())]
}

fn flat(line: impl IntoIterator<Item = [f64; 2]>) -> Vec<f64> {
    line.into_iter().flatten().collect()
}

/// Of `n` things, which to draw when at most `most` can be: evenly spread, in order.
fn thinned(n: usize, most: usize) -> Vec<usize> {
    if n <= most { (0..n).collect() } else { (0..most).map(|k| k * n / most).collect() }
}

fn map_data(v: View, lang: Lang) -> MapData {
    let sites = &v.inputs.sites.list;
    let mut rank: Vec<Option<usize>> = vec![None; sites.len()];
    for (n, g) in v.found.gaps.iter().enumerate() {
        if let Some(r) = rank.get_mut(g.site.at()) {
            *r = Some(n + 1);
        }
    }
    let mut drawn: Vec<usize> = v.found.gaps.iter().map(|g| g.site.at()).take(SITES).collect();
    let rest: Vec<usize> = (0..sites.len()).filter(|i| rank[*i].is_none()).collect();
    let room = SITES.saturating_sub(drawn.len());
    drawn.extend(thinned(rest.len(), room).into_iter().map(|k| rest[k]));

    let mut states = [0; 4];
    for r in &v.found.sites {
        states[state(&r.score, v.settings)] += 1;
    }
    let mut east = [false; 2];
    let weights = &v.found.weights;
    let list: Vec<Value> = drawn
        .iter()
        .filter_map(|&i| {
            let (s, r) = (sites.get(i)?, v.found.sites.get(i)?);
            let after = v.plan.and_then(|p| p.after.sites.get(i)).map(|r| &r.score);
            let [lon, lat] = degrees(s.at);
            east[usize::from(lon > 90.0)] |= lon.abs() > 90.0;
            Some(json!([
                plain(v.site_id(i)),
                v.site_name(i).map(plain),
                lon,
                lat,
                printed_points(&r.score, weights).0,
                state(&r.score, v.settings),
                after.and_then(|s| printed_points(s, weights).0),
                after.map(|s| state(s, v.settings)),
                rank[i],
                worst_term(&r.score, weights).and_then(|w| Term::ALL.iter().position(|t| *t == w)),
            ]))
        })
        .collect();
    let year = |n: u32| n;
    let stations: Vec<Value> = v
        .plan
        .iter()
        .flat_map(|p| &p.stations)
        .map(|s| {
            let [lon, lat] = degrees(s.at);
            let label = build_label(s.build);
            let cost = money(s.capex_cny, lang == Lang::Zh);
            json!([
                plain(&s.id),
                lon,
                lat,
                pick(lang, label.0, label.1),
                plain(&s.network),
                s.sites_lifted.len(),
                year(s.phase),
                cost
            ])
        })
        .collect();
    let centers: Vec<Value> = v
        .plan
        .iter()
        .flat_map(|p| &p.centers)
        .map(|c| {
            let [lon, lat] = degrees(c.at);
            json!([plain(&c.id), plain(&c.name), lon, lat, c.existing, c.sites])
        })
        .collect();
    let (routes, leads) = lines(v);
    let towers = &v.found.towers.list;
    let (all_routes, all_leads) = v.plan.map_or((0, 0), |p| {
        let drawable = |n: usize| usize::from(n > 1);
        let routes = p.routes.iter().map(|r| drawable(r.line.len())).sum();
        (routes, p.connections.iter().map(|c| drawable(c.lead_in.len())).sum())
    });
    let less = drawn.len() < sites.len()
        || towers.len() > TOWERS
        || routes.len() < all_routes
        || leads.len() < all_leads;
    let towers = flat(thinned(towers.len(), TOWERS).into_iter().map(|i| degrees(towers[i].at)));
    let t = |en: &'static str, zh: &'static str| pick(lang, en, zh);
    let data = json!({
        "turn": east[0] && east[1],
        "states": STATES,
        "terms": Term::ALL.map(|x| t(x.label().0, x.label().1)),
        "words": {
            "score": t("score", "评分"), "after": t("after the plan", "规划后"), "unknown": t("unknown", "未知"),
            "rank": t("gap number", "不达标排名"), "worst": t("worst:", "最差项："), "network": t("network", "网络"),
            "lifts": t("sites lifted:", "达标企业："), "year": t("year", "年度"), "serves": t("serves", "服务"),
            "existing": t("exists", "已有"), "fresh": t("new", "新建"), "reuse": t("cable in existing duct", "利旧管道"),
            "trench": t("new trench", "新建管道"), "inferred": t("right of way inferred", "路由为推断"),
            "length": t("length", "长度"), "none": t("nothing found", "未找到"),
        },
        "sites": list,
        "stations": stations,
        "centers": centers,
        "routes": routes,
        "leads": leads,
        "towers": towers,
        "regions": regions(v),
    });
    MapData { thinned: less, data, states }
}

/// Routes and lead-ins, as many as the vertices allow.
fn lines(v: View) -> (Vec<Value>, Vec<Vec<f64>>) {
    let Some(plan) = v.plan else { return (Vec::new(), Vec::new()) };
    let mut order: Vec<_> = plan.routes.iter().filter(|r| r.line.len() > 1).collect();
    order.sort_by_key(|r| std::cmp::Reverse(r.serves));
    let mut left = VERTICES;
    let mut routes = Vec::new();
    for r in order {
        let line: geo::LineString = r.line.iter().map(|p| (p.lon_deg(), p.lat_deg())).collect();
        // About ten metres: less than the width of the line at any useful zoom.
        let line = line.simplify(1e-4);
        let Some(rest) = left.checked_sub(line.0.len()) else { break };
        left = rest;
        let way = flat(line.0.iter().map(|c| degrees(LonLat::wrapped(c.x, c.y))));
        let reuse = r.reuses.is_some();
        let inferred = r.basis == crate::model::kinds::Basis::Inferred;
        let length = if r.length_m < 1000.0 {
            format!("{} m", grouped_decimal(r.length_m, 0))
        } else {
            format!("{} km", grouped_decimal(r.length_m / 1000.0, 2))
        };
        routes.push(json!([plain(&r.id), way, reuse, inferred, length, r.serves, r.phase]));
    }
    let leads = plan
        .connections
        .iter()
        .filter(|c| c.lead_in.len() > 1)
        .take(left / 2)
        .map(|c| flat(c.lead_in.iter().map(|p| degrees(*p))))
        .collect();
    (routes, leads)
}

/// Outlines, simplified to what a screen shows.
fn regions(v: View) -> Vec<Value> {
    let mut list = Vec::new();
    for r in &v.inputs.regions {
        let Some(bounds) = r.shape.bounding_rect() else { continue };
        let tolerance = (bounds.width().max(bounds.height()) / 400.0).min(0.02);
        let shape = r.shape.simplify(tolerance);
        let outlines: Vec<Vec<f64>> = rings(&shape)
            .into_iter()
            .flatten()
            .map(|ring| flat(ring.into_iter().map(|[x, y]| degrees(LonLat::wrapped(x, y)))))
            .collect();
        list.push(json!([plain(&r.name), outlines, r.level as u8]));
    }
    list
}

fn icon(shape: &str) -> Markup {
    html! {
        svg width="18" height="16" viewBox="0 0 18 16" aria-hidden="true" {
            @match shape {
                "critical" => path d="M9 2 15 13H3z" fill="#d55e00" {},
                "gap" => rect x="4" y="3" width="10" height="10" fill="#e69f00" {},
                "met" => circle cx="9" cy="8" r="5" fill="#0072b2" {},
                "unknown" => circle cx="9" cy="8" r="4.5" fill="none" stroke="#6e7781" stroke-width="1.6" {},
                "stations" => path d="M9 1 16 8 9 15 2 8z" fill="#fff" stroke="#009e73" stroke-width="1.6" {},
                "centers" => path d="M9 0l2 6h6l-5 4 2 6-5-4-5 4 2-6-5-4h6z" fill="#111" {},
                "routes" => path d="M1 12 8 5 17 4" fill="none" stroke="#aa3377" stroke-width="2.4" {},
                "towers" => rect x="7" y="6" width="4" height="4" fill="#b6bec7" {},
                _ => rect x="2" y="3" width="14" height="10" fill="#eef2f5" stroke="#8c959f" {},
            }
        }
    }
}

fn map_panel(v: View, lang: Lang, map: &MapData) -> Markup {
    let t = |en: &'static str, zh: &'static str| pick(lang, en, zh);
    let n = |n: usize| {
        let small = n > 0 && (n as u64) < v.min_count;
        if small { format!("<{}", v.min_count) } else { grouped(i64::try_from(n).unwrap_or(i64::MAX)) }
    };
    let target = grouped_decimal(v.settings.score.target, 0);
    let critical = grouped_decimal(v.settings.score.critical, 0);
    let states = [
        ("critical", format!("{} (< {critical})", t("critical", "严重")), map.states[0]),
        ("gap", format!("{} (< {target})", t("below target", "不达标")), map.states[1]),
        ("met", format!("{} (≥ {target})", t("on target", "达标")), map.states[2]),
        ("unknown", t("unknown or not scored", "未知或未评分").to_owned(), map.states[3]),
    ];
    let (stations, centers, routes) =
        v.plan.map_or((0, 0, 0), |p| (p.stations.len(), p.centers.len(), p.routes.len()));
    let others = [
        ("stations", t("new stations", "规划基站"), stations, true),
        ("routes", t("planned fiber (dashed: existing duct)", "规划光缆（虚线：利旧）"), routes, true),
        ("centers", t("data centers", "数据中心"), centers, true),
        ("towers", t("towers of today", "现有站址"), v.found.towers.list.len(), false),
        ("regions", t("regions", "行政区"), v.inputs.regions.len(), true),
    ];
    let check = |name: &str, label: &str, count: usize, on: bool| {
        html! {
            label {
                input type="checkbox" id={ "layer-" (name) } checked[on];
                (icon(name)) span { (label) } span class="count" { (n(count)) }
            }
        }
    };
    html! {
        section class="map" aria-label=(t("Map", "地图")) {
            div class="stage" id="stage" {
                canvas id="map" tabindex="0" role="application" aria-label=(t(
                    "Map of sites and plan; arrow keys move, plus and minus zoom, 0 shows all, n and p step through the sites below target. The tables below hold the same data.",
                    "企业与规划地图；方向键平移，加减键缩放，0 键显示全部，n 与 p 键逐个查看不达标企业。下方表格含相同数据。",
                )) {}
                div class="zoom" {
                    button type="button" id="zoom-in" aria-label=(t("zoom in", "放大")) { "+" }
                    button type="button" id="zoom-out" aria-label=(t("zoom out", "缩小")) { "−" }
                    button type="button" id="zoom-all" aria-label=(t("show all", "显示全部")) { "⤢" }
                }
                div class="tip" id="tip" role="status" aria-live="polite" {}
                noscript { p class="small" { (t("The map needs JavaScript; the tables below don't.", "地图需要 JavaScript；下方表格不需要。")) } }
            }
            div class="panel" {
                fieldset class="find" {
                    legend { label for="search" { (t("Search id or name", "按编号或名称查找")) } }
                    input type="search" id="search" autocomplete="off";
                    ul id="hits" {}
                }
                @if v.plan.is_some() {
                    fieldset {
                        legend { (t("Colour by score", "评分时点")) }
                        label { input type="radio" name="when" id="when-today" checked; (t("today", "现状")) }
                        label { input type="radio" name="when" id="when-after"; (t("after the plan", "规划后")) }
                    }
                }
                fieldset {
                    legend { (t("Sites today", "企业（现状）")) }
                    @for (name, label, count) in &states { (check(name, label, *count, true)) }
                }
                fieldset {
                    legend { (t("Layers", "图层")) }
                    @for (name, label, count, on) in others {
                        @if count > 0 { (check(name, label, count, on)) }
                    }
                }
                @if map.thinned {
                    p class="small" { (t(
                        "Thinned for the screen: every gap, then an even share of the rest. The layers hold everything.",
                        "为便于显示已抽稀：优先显示不达标企业，其余均匀抽取。完整数据见各图层。",
                    )) }
                }
            }
        }
    }
}

/// Base 64 with padding, for the hash of the script.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let word = (0..3).fold(0u32, |w, k| w << 8 | u32::from(three.get(k).copied().unwrap_or(0)));
        for k in 0..4 {
            let digit = DIGITS[(word >> (18 - 6 * k) & 63) as usize];
            out.push(if k <= three.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::super::plan_document::plan_document;
    use super::super::redact::Released;
    use super::*;

    #[test]
    fn names_with_markup_do_no_harm() {
        let (inputs, settings, plan) = (fixture::inputs(), fixture::settings(""), fixture::plan());
        let released = Released::plan(&inputs, &settings, &plan);
        let run = fixture::run(Lang::Zh);
        let p = page(&plan_document(released.view(), &run), released.view(), &run);
        assert_eq!(p.matches("<script").count(), 2, "the data and the page's own");
        assert_eq!(p.matches("</script").count(), 2);
        assert!(p.contains("南京&lt;script&gt;alert(1)"));
        assert!(p.contains("南京\\u003cscript>alert(1)"));
        assert!(
            !p.contains("http://") || p.matches("http://").count() == p.matches("http://example.org").count()
        );
        assert!(!p.contains("https://"));
    }

    #[test]
    fn paper_holds_the_first_of_a_list_and_the_whole_of_a_sum() {
        let mut list = Table::new("k", "t", vec!["a".into()]);
        for n in 0..70 {
            list.push(vec![Cell::Count(n)]);
        }
        let page = table(&list, Lang::En).into_string();
        assert_eq!(page.matches("<tr class=\"screen\">").count(), 10);
        assert!(page.contains("On paper the first 60 of 70 rows"), "{page}");
        list.total = Some(vec![Cell::Count(2415)]);
        let page = table(&list, Lang::En).into_string();
        assert!(!page.contains("screen") && !page.contains("On paper"), "{page}");
    }

    #[test]
    fn a_short_section_between_lying_ones_lies_too() {
        let with = |columns: usize, rows: usize| {
            let mut t = Table::new("k", "t", vec!["a".into(); columns]);
            for _ in 0..rows {
                t.push(vec![Cell::Blank; columns]);
            }
            Section { title: String::new(), text: Vec::new(), tables: vec![t] }
        };
        assert_eq!(lying(&[with(20, 9), with(3, 4), with(20, 9), with(3, 4)]), [true, true, true, false]);
        assert_eq!(lying(&[with(20, 9), with(3, 40), with(20, 9)]), [true, false, true]);
        assert_eq!(lying(&[with(3, 4), with(20, 0)]), [false, false]);
        assert!(lying(&[]).is_empty());
    }

    #[test]
    fn base64_as_in_rfc_4648() {
        for (text, code) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(text.as_bytes()), code);
        }
    }
}
