//! The answer of `covplan failures`: what one failure takes down, and what a way around would cost.

use super::Answer;
use crate::model::inputs::Inputs;
use crate::model::kinds::Lang;
use crate::model::words::{counted, grouped};
use crate::policy::backbone::{Backbone, STRETCH};
use crate::policy::failures::{Fails, Failure, Failures};
use crate::report::coverage_document::{MAX_ROWS, banners, say};
use crate::report::document::{Cell, Document, Section, Table, pick, plain};
use crate::report::number::grouped_decimal;
use crate::report::plan_document::{money_cell, money_heading};
use crate::report::redact::Released;
use crate::report::write::RunInfo;
use serde_json::{Value, json};

/// The answer.
#[must_use]
pub fn failures_answer(
    released: &Released,
    inputs: &Inputs,
    found: &Failures,
    backbones: &[Backbone],
    run: &RunInfo,
) -> Answer {
    let lang = run.lang;
    let v = released.view();
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut table = Table::new(
        "failures",
        t("Single failures, the worst first", "单点故障（影响大者在前）"),
        vec![
            t("asset", "对象"),
            t("which is", "类型"),
            t("cables", "光缆数"),
            t("sites lost", "失效企业"),
            t("critical sites", "其中关键业务"),
            t("gap m", "缺口（米）"),
            money_heading(lang, "second way", "第二路由"),
        ],
    )
    .brief();
    for f in found.list.iter().take(MAX_ROWS) {
        let (id, kind) = name(released, inputs, &f.fails);
        table.push(vec![
            Cell::words(Some(&id)),
            Cell::Text(t(kind.0, kind.1)),
            Cell::count(Some(f.cables)),
            Cell::Text(say(v, f.sites_lost, lang)),
            Cell::Text(say(v, f.critical_lost, lang)),
            f.gap_m.map_or(Cell::Blank, |m| Cell::Number(m, 0)),
            f.fix_cny.map_or(Cell::Blank, |c| money_cell(lang, c)),
        ]);
    }
    let m = grouped_decimal(v.settings.policy.attach_m, 0);
    let ms = grouped_decimal(v.settings.datacenter.edge_max_rtt_ms, 0);
    let text = vec![
        match lang {
            Lang::En => format!(
                "Cables join where their ends name one node or lie within a metre. A site with fiber is taken to hang on the \
                 nearest point of the network within {m} m: inferred, the layers don't tell. Cables in one duct or \
                 shared-risk group fail together. The second way is the shortest straight line between what is cut off and \
                 the rest, times the detour factor, as new trench and cable."
            ),
            Lang::Zh => format!(
                "光缆端点同名或相距一米内视为相接；已通光纤企业按最近接入点（{m} 米内）推断挂接，图层未说明。同管道或同路由组的光缆同时失效。第二路由为断开部分与其余网络间最短直线乘迂回系数，按新建沟缆计价。"
            ),
        },
        match lang {
            Lang::En => {
                format!("A data center counts where it is the only one within {ms} ms round trip of a site.")
            }
            Lang::Zh => format!("数据中心：往返时延 {ms} 毫秒内仅此一处的企业计为失效。"),
        },
    ];
    let mut sections = vec![Section { title: t("What breaks?", "故障影响"), text, tables: vec![table] }];
    if !backbones.is_empty() {
        sections.push(backbone_section(released, backbones, lang));
    }
    let mut headline = headline(released, inputs, found, lang);
    headline.extend(backbones.iter().map(|b| backbone_line(released, b, lang)));
    let document = Document {
        lang,
        front: None,
        title: format!("{} – {}", plain(&run.title), t("what breaks if one thing fails", "单点故障分析")),
        banners: banners(v, lang, false),
        headline,
        sections,
        next: vec!["covplan plan PROJECT.toml -o DIR".to_owned()],
    };
    let list: Vec<Value> = found
        .list
        .iter()
        .map(|f| {
            let (id, kind) = name(released, inputs, &f.fails);
            json!({
                "asset": id, "kind": kind.0, "cables": f.cables, "sites_lost": f.sites_lost,
                "critical_lost": f.critical_lost, "gap_m": f.gap_m, "fix_cny": f.fix_cny,
            })
        })
        .collect();
    let result = json!({
        "lacking": found.lacking, "sites_with_fiber": found.with_fiber, "sites_attached": found.attached,
        "backbones": backbones.iter().map(|b| backbone_json(released, b)).collect::<Vec<_>>(),
        "cables": found.cables, "core_nodes": found.core, "sites_near_compute": found.near_compute, "failures": list,
    });
    Answer { name: "failures", document, result }
}

fn backbone_line(released: &Released, b: &Backbone, lang: Lang) -> String {
    let of = |kind: &str| b.weak.iter().filter(|w| w.kind == kind).count();
    let (cities, links) = (of("city"), of("link"));
    let owner = plain(released.party(&b.owner).unwrap_or("–"));
    let best = b.advice.first().map(|l| {
        let [a, z] = l.names.each_ref().map(|n| city(released, b, n, lang));
        let (us, km) = (grouped_decimal(l.mean_saved_ms * 1e3, 0), grouped_decimal(l.length_km, 0));
        match lang {
            Lang::En => {
                format!("; a direct link {a} – {z} ({km} km) saves {us} µs on the mean pair, one way")
            }
            Lang::Zh => format!("；新增直达链路 {a} – {z}（{km} 公里）可使城市对平均单向时延降低 {us} µs"),
        }
    });
    match lang {
        Lang::En => format!(
            "backbone {owner}: {}, {}; single points of failure: {} and {}{}",
            counted_as(b.cities, "city", "cities"),
            counted(b.links, "link"),
            counted_as(cities as u64, "city", "cities"),
            counted(links as u64, "link"),
            best.unwrap_or_default()
        ),
        Lang::Zh => format!(
            "骨干网 {owner}：{} 个城市、{} 条链路；单点城市 {cities} 个、单点链路 {links} 条{}",
            b.cities,
            b.links,
            best.unwrap_or_default()
        ),
    }
}

/// A place of a backbone as people call it: by its city where the layers don't name it, with its city else.
fn city(released: &Released, b: &Backbone, name: &str, lang: Lang) -> String {
    let city = b.cities_near.get(name).map(|(en, zh)| (pick(lang, en, zh), en == name));
    let told = plain(&told_name(released, b, name));
    match city {
        Some((city, true)) => city.to_owned(),
        // Of a name that is withheld the city is, too.
        Some((city, false)) if told == name => format!("{told} ({city})"),
        _ => told,
    }
}

/// A counted word whose plural isn't made with s.
fn counted_as(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(i64::try_from(n).unwrap_or(i64::MAX)), if n == 1 { one } else { many })
}

fn backbone_section(released: &Released, backbones: &[Backbone], lang: Lang) -> Section {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let owner = |b: &Backbone| released.party(&b.owner).map_or(Cell::Blank, |o| Cell::words(Some(o)));
    let mut whole = Table::new(
        "backbones",
        t("Backbones", "骨干网"),
        vec![
            t("owner", "产权方"),
            t("cities", "城市"),
            t("links", "链路"),
            t("parts", "连通部分"),
            t("weak cities", "单点城市"),
            t("weak links", "单点链路"),
            t("mean ms, one way", "平均单向（ms）"),
            t("longest ms, one way", "最长单向（ms）"),
            t("pairs", "城市对"),
            t("pairs beyond the limit", "超限城市对"),
        ],
    )
    .brief();
    let mut weak = Table::new(
        "weak",
        t("Single points of failure of the backbone", "骨干网单点"),
        vec![t("owner", "产权方"), t("which is", "类型"), t("name", "名称"), t("cities cut off", "断开城市")],
    )
    .brief();
    let mut links = Table::new(
        "links",
        t(
            "Direct links worth adding, the most saved per yuan first",
            "值得新增的直达链路（按单位投资降时延排序）",
        ),
        vec![
            t("owner", "产权方"),
            t("from", "起"),
            t("to", "止"),
            t("km", "公里"),
            money_heading(lang, "trench and cable", "沟缆投资"),
            t("now ms, one way", "现单向（ms）"),
            t("then ms, one way", "新单向（ms）"),
            t("mean saved µs, one way", "平均单向降低（µs）"),
            t("µs per ¥ M", "每百万元降低（µs）"),
            t("single points left", "剩余单点"),
        ],
    )
    .brief();
    for b in backbones {
        let name = |n: &str| Cell::Text(city(released, b, n, lang));
        let of = |kind: &str| Cell::count(Some(b.weak.iter().filter(|w| w.kind == kind).count() as u64));
        let told = |v: f64| if b.too_large { Cell::Blank } else { Cell::Number(v, 2) };
        whole.push(vec![
            owner(b),
            Cell::count(Some(b.cities)),
            Cell::count(Some(b.links)),
            Cell::count(Some(b.parts)),
            of("city"),
            of("link"),
            told(b.mean_ms),
            told(b.worst_ms),
            Cell::count(Some(b.pairs)),
            Cell::count(Some(b.stretched)),
        ]);
        for w in b.weak.iter().take(MAX_ROWS) {
            let names: Vec<String> = w.names.iter().map(|n| city(released, b, n, lang)).collect();
            weak.push(vec![
                owner(b),
                Cell::Text(if w.kind == "city" { t("city", "城市") } else { t("link", "链路") }),
                Cell::Text(names.join(" – ")),
                Cell::count(Some(w.cut_off)),
            ]);
        }
        for l in &b.advice {
            links.push(vec![
                owner(b),
                name(&l.names[0]),
                name(&l.names[1]),
                Cell::Number(l.length_km, 0),
                money_cell(lang, l.cost_cny),
                Cell::Number(l.now_ms, 2),
                Cell::Number(l.then_ms, 2),
                Cell::Number(l.mean_saved_ms * 1e3, 0),
                Cell::Number(l.us_per_million, 2),
                Cell::count(Some(l.weak_left)),
            ]);
        }
    }
    let stretch = grouped_decimal(STRETCH, 1);
    Section {
        title: t("The backbone", "骨干网"),
        text: vec![match lang {
            Lang::En => format!(
                "Links of level backbone and those between cities, as drawn: which trenches they share isn't told. A \
                 straight link counts latency.detour times its length. Latencies are one way: fiber, amplifiers, \
                 regenerators, a switching hop at every city. The limit is {stretch} times fiber along the great circle. \
                 Each new link is judged by itself."
            ),
            Lang::Zh => format!(
                "按图示的骨干链路与城市间链路计算，链路是否同沟未知。直线链路按迂回系数折算长度。时延均为单向，含光纤、光放、电中继与各城市一跳；限值为大圆光纤时延的 {stretch} 倍。各新增链路单独评估。"
            ),
        }],
        tables: vec![whole, weak, links],
    }
}

/// A name of the layers as it may be told; that of a city is public.
fn told_name(released: &Released, b: &Backbone, name: &str) -> String {
    if b.cities_near.get(name).is_some_and(|c| c.0 == name) { name.to_owned() } else { released.id(name) }
}

fn backbone_json(released: &Released, b: &Backbone) -> Value {
    let mut told = serde_json::to_value(b).unwrap_or_default();
    told["owner"] = json!(released.party(&b.owner));
    let near = b.cities_near.iter().filter(|(name, _)| told_name(released, b, name) == **name);
    let near = near.map(|(name, city)| (name.clone(), json!(city)));
    told["cities_near"] = near.collect::<serde_json::Map<_, _>>().into();
    for list in ["weak", "advice"] {
        for item in told[list].as_array_mut().into_iter().flatten() {
            for name in item["names"].as_array_mut().into_iter().flatten() {
                *name = json!(name.as_str().map(|n| told_name(released, b, n)));
            }
        }
    }
    told
}

fn headline(released: &Released, inputs: &Inputs, found: &Failures, lang: Lang) -> Vec<String> {
    let v = released.view();
    let told = |f: &Failure| (plain(&name(released, inputs, &f.fails).0), say(v, f.sites_lost, lang));
    let mut lines = Vec::new();
    if found.lacking.is_empty() {
        let fiber: Vec<&Failure> =
            found.list.iter().filter(|f| !matches!(f.fails, Fails::Center(_))).collect();
        let worst =
            fiber.iter().max_by(|a, b| a.sites_lost.cmp(&b.sites_lost).then_with(|| b.fails.cmp(&a.fails)));
        let (n, attached) = (fiber.len(), say(v, found.attached, lang));
        lines.push(match (worst.map(|f| told(f)), lang) {
            (Some((id, sites)), Lang::En) => format!(
                "N-1: {n} single points of failure; the worst, {id}, takes {sites} of {attached} sites off their fiber"
            ),
            (Some((id, sites)), Lang::Zh) => {
                format!("N-1：{n} 个单点；影响最大的 {id} 使 {attached} 家中 {sites} 家断纤")
            }
            (None, Lang::En) => format!("N-1: no single failure takes any of {attached} sites off their fiber"),
            (None, Lang::Zh) => format!("N-1：任一单点故障均不致 {attached} 家企业断纤"),
        });
    } else {
        let missing = found.lacking.join(pick(lang, ", ", "、"));
        lines.push(match lang {
            Lang::En => {
                format!("fiber: can't be answered from these layers; missing or not physical: {missing}")
            }
            Lang::Zh => format!("光缆部分现有图层无法回答，缺少或非实际路由：{missing}"),
        });
    }
    lines.push(match (found.worst(true), found.near_compute, lang) {
        (_, 0, Lang::En) => "data centers: none near enough to any site, or none given".to_owned(),
        (_, 0, Lang::Zh) => "数据中心：时延范围内无数据中心，或未给出".to_owned(),
        (Some(f), _, lang) => {
            let (id, sites) = told(f);
            match lang {
                Lang::En => format!("data centers: {sites} sites have {id} alone near enough"),
                Lang::Zh => format!("数据中心：{sites} 家企业仅有 {id} 一处达标"),
            }
        }
        (None, n, Lang::En) => {
            format!("data centers: each of {} sites has a second one near enough", say(v, n, lang))
        }
        (None, n, Lang::Zh) => format!("数据中心：{} 家企业均有第二处达标", say(v, n, lang)),
    });
    lines
}

fn name(released: &Released, inputs: &Inputs, fails: &Fails) -> (String, (&'static str, &'static str)) {
    let id = |id: Option<&String>| id.map_or_else(String::new, |id| released.id(id));
    match fails {
        Fails::Cable(i) => (id(inputs.fiber_segments.get(*i as usize).map(|s| &s.id)), ("cable", "光缆")),
        Fails::Group(code) => (released.id(code), ("duct or shared-risk group", "管道或同路由组")),
        Fails::Node(i) => {
            (id(inputs.fiber_nodes.get(*i as usize).map(|n| &n.id)), ("fiber node", "光纤节点"))
        }
        Fails::Center(i) => {
            (id(inputs.datacenters.get(*i as usize).map(|d| &d.id)), ("data center", "数据中心"))
        }
    }
}
