//! The answer of `covplan outlook`: reach, stations and backhaul of new bands, as intervals.

use super::Answer;
use crate::coverage::scene::Scene;
use crate::model::kinds::Lang;
use crate::policy::outlook::{BandOutlook, Case, Limit, Outcome, Outlook};
use crate::report::chart::{Chart, Spans};
use crate::report::coverage_document::{banners, headings};
use crate::report::document::{Cell, Document, Section, Table, pick, plain};
use crate::report::layers::View;
use crate::report::number::{fixed, grouped_decimal};
use crate::report::write::RunInfo;
use serde_json::json;

/// The answer.
#[must_use]
pub fn outlook_answer(v: View, found: &Outlook, stopped: bool, run: &RunInfo) -> Answer {
    let lang = run.lang;
    let document = Document {
        lang,
        front: None,
        title: format!(
            "{} – {}",
            plain(&run.title),
            pick(lang, "outlook: 5G-A, U6G, 6G", "5G-A、U6G 与 6G 展望")
        ),
        banners: banners(v, lang, stopped),
        headline: headline(found, lang),
        sections: vec![Section {
            title: pick(lang, "New bands", "新频段").to_owned(),
            text: notes(v, found, lang),
            tables: vec![stations(v, found, lang), reach(found, lang)],
        }],
        next: vec!["covplan plan PROJECT.toml -o DIR".to_owned()],
    };
    let settings = &v.settings.outlook;
    let result = json!({
        "outlook": found,
        "assumptions": {
            "wall": settings.wall, "sectors": settings.sectors,
            "cases": [settings.low, settings.mid, settings.high],
        },
    });
    Answer { name: "outlook", document, result }
}

/// `low–high`, or one figure where they are alike.
fn range(values: [f64; 3], decimals: u8) -> String {
    let (low, high) =
        (values.iter().copied().fold(f64::INFINITY, f64::min), values.iter().copied().fold(0.0, f64::max));
    let text = |v: f64| grouped_decimal(v, usize::from(decimals));
    let (low, high) = (text(low), text(high));
    if low == high { low } else { format!("{low}–{high}") }
}

/// `1.02–1.20×`.
fn times(values: &[f64]) -> String {
    let low = fixed(values.iter().copied().fold(f64::INFINITY, f64::min), 2);
    let high = fixed(values.iter().copied().fold(0.0, f64::max), 2);
    if low == high { format!("{low}×") } else { format!("{low}–{high}×") }
}

fn case_name(case: Case, lang: Lang) -> &'static str {
    match case {
        Case::Low => pick(lang, "low", "低"),
        Case::Mid => pick(lang, "mid", "中"),
        Case::High => pick(lang, "high", "高"),
    }
}

fn band_name(b: &BandOutlook, lang: Lang) -> String {
    let name = plain(&b.band);
    if b.reference { format!("{name} ({})", pick(lang, "today", "现网")) } else { name }
}

fn extrapolated(b: &BandOutlook) -> bool {
    b.cases.iter().flat_map(|c| c.reach).flatten().any(|r| r.extrapolated)
}

fn headline(found: &Outlook, lang: Lang) -> Vec<String> {
    if found.sites == 0 || found.towers == 0 {
        let what = if found.sites == 0 { "sites" } else { "cells" };
        return vec![match lang {
            Lang::En => format!(
                "can't be answered from these layers: `{what}` is missing or empty; radii stand below"
            ),
            Lang::Zh => format!("现有图层无法回答：缺少 {what} 图层或图层为空；半径见下表"),
        }];
    }
    let validated = found.bands.iter().filter(|b| !b.reference && !extrapolated(b));
    validated
        .map(|b| {
            let ratios: Vec<f64> = b.cases.iter().filter_map(|c| c.ratio).collect();
            let areas: Vec<f64> = b.cases.iter().filter_map(|c| c.area_ratio).collect();
            let area = if areas.is_empty() { pick(lang, "unknown", "未知").to_owned() } else { times(&areas) };
            let name = plain(&b.band);
            let over = |of: fn(&Outcome) -> u64| range([0, 1, 2].map(|k| of(&b.cases[k]) as f64), 0);
            let (carried, new) = (over(|o| o.carried.stations), over(|o| o.new.stations));
            match (ratios.is_empty(), lang) {
                (false, Lang::En) => format!(
                    "{name}: {} the stations of {} for these sites, {area} for an area, under the stated assumptions (low to high \
                     case): {carried} of today's towers, {new} new",
                    times(&ratios), plain(&found.bands[0].band),
                ),
                (false, Lang::Zh) => format!(
                    "{name}：在所列假设下，覆盖这些企业的基站数为 {} 的 {}，按面积为 {area}（低至高情景）：利用现有站址 {carried}，新建 {new}",
                    plain(&found.bands[0].band), times(&ratios),
                ),
                (true, Lang::En) => format!("{name}: doesn't reach every site in any case"),
                (true, Lang::Zh) => format!("{name}：各情景均无法覆盖全部企业"),
            }
        })
        .collect()
}

fn notes(v: View, found: &Outlook, lang: Lang) -> Vec<String> {
    let s = &v.settings.outlook;
    let cases: Vec<String> = Case::ALL
        .iter()
        .zip([&s.low, &s.mid, &s.high])
        .map(|(case, c)| {
            let (p, ul, dl) =
                (grouped_decimal(c.location_probability * 100.0, 0), grouped_decimal(c.ul_mbps, 0), grouped_decimal(c.dl_mbps, 0));
            match lang {
                Lang::En => format!(
                    "{}: {ul} Mbit/s up and {dl} down at the edge with {p} %, interference {} dB, equipment {} dB",
                    case_name(*case, lang), grouped_decimal(c.interference_db, 0), grouped_decimal(c.budget_db, 0)
                ),
                Lang::Zh => format!(
                    "{}：边缘上行 {ul}、下行 {dl} Mbit/s，位置概率 {p} %，干扰余量 {} dB，设备偏差 {} dB",
                    case_name(*case, lang), grouped_decimal(c.interference_db, 0), grouped_decimal(c.budget_db, 0)
                ),
            }
        })
        .collect();
    let walls = match (s.wall.as_str(), lang) {
        ("none", Lang::En) => "terminals in the open at the plant".to_owned(),
        ("none", Lang::Zh) => "终端在厂区室外".to_owned(),
        (w, Lang::En) => format!("terminals behind a {w}-loss wall"),
        (w, Lang::Zh) => format!("终端在{}墙后", if w == "low" { "低损耗" } else { "高损耗" }),
    };
    let mut text = vec![
        match lang {
            Lang::En => format!("Assumptions, not forecasts; {walls}. Cases: {}.", cases.join("; ")),
            Lang::Zh => format!("以下为假设情景而非预测；{walls}。情景：{}。", cases.join("；")),
        },
        pick(
            lang,
            "Towers carry over where they reach a site; as few as reach all such sites are counted, whoever owns them. \
             New places stand at sites that no tower reaches. \"At least\" is proven among the places looked at. A band \
             needs backhaul for its busy hour: sectors × bandwidth × downlink share × efficiency. Missing fiber joins the \
             new places with today's towers and joinable fiber, as a tree of straight lines times the detour factor; \
             whether a tower of today has fiber isn't told by the layers.",
            "站址利旧：凡能覆盖企业的现有站址取最少数量，不分产权；无站址可覆盖的企业就地新建。“至少”为所考察位置中的可证下限。\
             回传按忙时计：扇区数×带宽×下行占比×频谱效率。缺失光缆为新建点与现有站址、可接入光缆之间的直线树乘迂回系数；现有站址是否通光缆，图层未说明。",
        )
        .to_owned(),
    ];
    if found.bands.iter().any(extrapolated) {
        text.push(
            pick(
                lang,
                "* Extrapolated: above 100 GHz no model of obstruction has been validated. These are free space, gases \
                 (ITU-R P.676) and rain (P.838) in line of sight: the farthest it could be, not what to expect.",
                "* 外推：100 GHz 以上无经验证的遮挡模型，仅计自由空间、大气（ITU-R P.676）与雨衰（P.838）的视距上限，并非预期值。",
            )
            .to_owned(),
        );
    }
    text
}

fn stations(v: View, found: &Outlook, lang: Lang) -> Table {
    let mut table = Table::new(
        "outlook",
        pick(lang, "Stations and backhaul", "站点与回传").to_owned(),
        headings(
            lang,
            &[
                ("band", "频段"),
                ("MHz", "频率（MHz）"),
                ("case", "情景"),
                ("stations", "基站总数"),
                ("today's towers", "利旧站址"),
                ("new", "新建"),
                ("at least", "至少"),
                ("× today", "相对现网倍数"),
                ("× by area", "按面积倍数"),
                ("sites out of reach", "无法覆盖企业"),
                ("backhaul Gbit/s", "单站回传（Gbit/s）"),
                ("fiber missing km", "缺失光缆（公里）"),
            ],
        ),
    )
    .short(pick(lang, "Stations", "站点"))
    .brief();
    let hidden = |n: u64| n > 0 && n < v.min_count;
    let count = |n: u64| if hidden(n) { Cell::Unknown } else { Cell::count(Some(n)) };
    for b in &found.bands {
        for o in &b.cases {
            let star = if o.reach.iter().flatten().any(|r| r.extrapolated) { "*" } else { "" };
            table.push(vec![
                Cell::Text(format!("{}{star}", band_name(b, lang))),
                Cell::Number(b.parameters.freq_mhz, 0),
                Cell::Text(case_name(o.case, lang).to_owned()),
                count(o.carried.stations + o.new.stations),
                count(o.carried.stations),
                count(o.new.stations),
                count(o.carried.bound + o.new.bound),
                Cell::number(o.ratio, 2),
                Cell::number(o.area_ratio, 2),
                count(o.out_of_reach),
                Cell::Number(o.backhaul_gbit_s, 1),
                Cell::Number(o.fiber_missing_m / 1e3, 1),
            ]);
        }
    }
    let rows: Vec<(String, f64, f64)> = found
        .bands
        .iter()
        .filter(|b| !b.reference && !extrapolated(b))
        .filter_map(|b| {
            let of = || b.cases.iter().filter_map(|c| c.area_ratio);
            let (low, high) = (of().fold(f64::INFINITY, f64::min), of().fold(0.0, f64::max));
            (low <= high).then(|| (band_name(b, lang), low, high))
        })
        .collect();
    let across = pick(lang, "times today's stations, by area", "按面积，相对现网基站数的倍数").to_owned();
    table.drawn((!rows.is_empty()).then_some(Chart::Spans(Spans { across, middle: None, rows })))
}

fn reach(found: &Outlook, lang: Lang) -> Table {
    let mut table = Table::new(
        "outlook_reach",
        pick(lang, "Radius, metres: low to high", "覆盖半径（米）：低至高").to_owned(),
        headings(
            lang,
            &[
                ("band", "频段"),
                ("urban", "城区"),
                ("suburban", "郊区"),
                ("rural", "农村"),
                ("mid urban", "城区中情景"),
                ("ends by", "受限于"),
                ("towers carried over", "利旧站址"),
                ("new", "新建"),
            ],
        ),
    )
    .short(pick(lang, "Radius", "半径"))
    .brief();
    for b in &found.bands {
        let radii = |scene: Scene| -> Cell {
            let of = |o: &Outcome| o.reach[scene as usize].map(|r| r.radius_m);
            match [of(&b.cases[0]), of(&b.cases[1]), of(&b.cases[2])] {
                [Some(low), Some(mid), Some(high)] => Cell::Text(range([low, mid, high], 0)),
                _ => Cell::Text(pick(lang, "outside the model", "超出模型范围").to_owned()),
            }
        };
        let mid = b.cases[1].reach[Scene::Urban as usize];
        let numbers = |of: fn(&Outcome) -> u64| range([0, 1, 2].map(|i| of(&b.cases[i]) as f64), 0);
        let star = if extrapolated(b) { "*" } else { "" };
        table.push(vec![
            Cell::Text(format!("{}{star}", band_name(b, lang))),
            radii(Scene::Urban),
            radii(Scene::Suburban),
            radii(Scene::Rural),
            Cell::number(mid.map(|r| r.radius_m), 0),
            mid.map_or(Cell::Unknown, |r| Cell::Text(limit(r.limit, lang).to_owned())),
            Cell::Text(numbers(|o| o.carried.stations)),
            Cell::Text(numbers(|o| o.new.stations)),
        ]);
    }
    table
}

fn limit(limit: Limit, lang: Lang) -> &'static str {
    match limit {
        Limit::Uplink => pick(lang, "uplink", "上行"),
        Limit::Downlink => pick(lang, "downlink", "下行"),
        Limit::Model => pick(lang, "range of the model", "模型范围"),
    }
}
