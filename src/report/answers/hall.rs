//! The answer of `covplan hall`: nodes of a factory hall.

use super::Answer;
use crate::model::kinds::Lang;
use crate::model::settings::Settings;
use crate::radio::hall::{Answer as Found, Caution, Cells, Limit, Pattern, Requirement, Solution, Task};
use crate::report::coverage_document::headings;
use crate::report::document::{Cell, Document, Section, Table, pick};
use crate::report::number::grouped_decimal;
use crate::siting::halls::HallAsk;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The answer as a document.
#[must_use]
pub fn hall_answer(ask: &HallAsk, task: &Task, found: &Found, settings: &Settings, lang: Lang) -> Answer {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut sections = vec![Section {
        title: t("What decides", "决定因素"),
        text: vec![method(task, found, lang)],
        tables: vec![requirements(task, found, lang)],
    }];
    if let Some(s) = &found.solution {
        sections.push(Section {
            title: t("Where the nodes stand", "节点位置"),
            text: vec![t(
                "Metres along length and width from a corner of the floor. The loads are shares of a node's cell.",
                "自厂房一角沿长、宽方向的距离（米）；负荷为占所属小区资源的比例。",
            )],
            tables: vec![nodes(task, s, lang)],
        });
    }
    let document = Document {
        lang,
        front: None,
        title: t("Indoor nodes of a hall", "厂房室内节点"),
        banners: found.cautions.iter().map(|c| caution(*c, lang)).collect(),
        headline: headline(task, found, lang),
        sections,
        next: Vec::new(),
    };
    Answer { name: "hall", document, result: hall_json(ask, task, found, settings) }
}

fn caution(c: Caution, lang: Lang) -> String {
    match c {
        Caution::Ceiling => pick(
            lang,
            "The ceiling is outside the 5 to 25 m of TR 38.901's indoor factory: take the figures as rough",
            "层高超出 TR 38.901 室内工厂的 5–25 米范围，结果仅供参考",
        ),
        Caution::FloorArea => pick(
            lang,
            "The floor is outside the 20 to 160,000 m² of TR 38.901's indoor factory: take the figures as rough",
            "面积超出 TR 38.901 室内工厂的 20–160,000 平方米范围，结果仅供参考",
        ),
    }
    .to_owned()
}

/// Name of a requirement for people.
fn name(r: Requirement, lang: Lang) -> &'static str {
    match r {
        Requirement::Uplink => pick(lang, "uplink rate", "上行速率"),
        Requirement::Rsrp => pick(lang, "level (SS-RSRP)", "电平（SS-RSRP）"),
        Requirement::Downlink => pick(lang, "downlink rate", "下行速率"),
        Requirement::Capacity => pick(lang, "capacity for all terminals", "终端总容量"),
    }
}

fn pattern(p: Pattern, lang: Lang) -> &'static str {
    match p {
        Pattern::Lattice => pick(lang, "lattice", "矩形网格"),
        Pattern::Zigzag => pick(lang, "zigzag rows", "交错行"),
        Pattern::Staggered | Pattern::StaggeredShortFirst => pick(lang, "staggered rows", "错位行"),
    }
}

fn headline(task: &Task, found: &Found, lang: Lang) -> Vec<String> {
    let percent = grouped_decimal(100.0 * task.location_probability, 1);
    let mut lines = Vec::new();
    match &found.solution {
        Some(s) => {
            let n = s.nodes.len();
            let cells = match (n, s.cells) {
                (1, _) => String::new(),
                (_, Cells::One) => pick(lang, ", one cell", "，合并为一个小区").to_owned(),
                (_, Cells::Each) => pick(lang, ", a cell each", "，每节点一个小区").to_owned(),
            };
            let form = if n == 1 { pick(lang, "in the middle", "居中") } else { pattern(s.layout.pattern, lang) };
            lines.push(match lang {
                Lang::En => format!(
                    "{n} {} ({form}{cells}): {} Mbit/s up, {} down and {} dBm everywhere with {percent} %",
                    if n == 1 { "node" } else { "nodes" },
                    grouped_decimal(task.wanted.ul_mbps, 1),
                    grouped_decimal(task.wanted.dl_mbps, 1),
                    grouped_decimal(task.wanted.rsrp_dbm, 0),
                ),
                Lang::Zh => format!(
                    "需 {n} 个室内节点（{form}{cells}）：全场以 {percent}% 概率满足上行 {}、下行 {} Mbit/s 与 {} dBm",
                    grouped_decimal(task.wanted.ul_mbps, 1),
                    grouped_decimal(task.wanted.dl_mbps, 1),
                    grouped_decimal(task.wanted.rsrp_dbm, 0),
                ),
            });
            lines.push(match lang {
                Lang::En => format!(
                    "No regular layout serves with fewer; no layout at all with fewer than {}",
                    found.bound
                ),
                Lang::Zh => format!("规则布局中无更少节点的方案；任何布局均不少于 {} 个", found.bound),
            });
        }
        None => lines.push(match (found.limit, lang) {
            (Limit::One(r), Lang::En) => {
                format!(
                    "No number of nodes up to {} serves the hall: the {} can't be met",
                    task.max_nodes,
                    name(r, lang)
                )
            }
            (Limit::One(r), Lang::Zh) => {
                format!("{} 个节点以内无法满足：{}达不到要求", task.max_nodes, name(r, lang))
            }
            (_, Lang::En) => format!(
                "No layout of up to {} nodes serves the hall: each requirement can be met, not all together. One cell \
                 can't carry the terminals, and several disturb each other; a wider carrier, more of them or a lower \
                 planned load is the way out",
                task.max_nodes
            ),
            (_, Lang::Zh) => format!(
                "{} 个节点以内无布局可满足全部要求：单小区容量不足，多小区又相互干扰；可增加带宽或载波，或降低规划负荷",
                task.max_nodes
            ),
        }),
    }
    if let (Some(_), limit) = (&found.solution, found.limit) {
        lines.push(match (limit, lang) {
            (Limit::None, Lang::En) => "A single node is enough: nothing limits".to_owned(),
            (Limit::None, Lang::Zh) => "单节点即可，无受限项".to_owned(),
            (Limit::Together, Lang::En) => {
                "No requirement alone decides the number: they do together".to_owned()
            }
            (Limit::Together, Lang::Zh) => "节点数由多项要求共同决定".to_owned(),
            (Limit::One(r), Lang::En) => format!("What limits: the {}", name(r, lang)),
            (Limit::One(r), Lang::Zh) => format!("受限项：{}", name(r, lang)),
        });
    }
    if found.outdoor.is_some() {
        let misses: Vec<&str> = found.outdoor_misses.iter().map(|r| name(*r, lang)).collect();
        lines.push(match (found.outdoor_serves(), lang) {
            (true, Lang::En) => "The station outside serves the hall by itself: no node is needed".to_owned(),
            (true, Lang::Zh) => "室外站可独立覆盖该厂房，无需室内节点".to_owned(),
            (false, Lang::En) => format!("From outside it isn't served: {} missed", misses.join(", ")),
            (false, Lang::Zh) => format!("室外站无法满足：{}", misses.join("、")),
        });
    }
    lines
}

fn method(task: &Task, found: &Found, lang: Lang) -> String {
    let model = found.class.model();
    let (points, spacing) = (found.points.0, grouped_decimal(found.points.1, 1));
    let load = grouped_decimal(100.0 * task.load, 0);
    match lang {
        Lang::En => format!(
            "Model {model}; {points} points at most {spacing} m apart, walls and corners included; cells planned for \
             {load} % load. Each row tells the fewest nodes for that requirement alone."
        ),
        Lang::Zh => format!(
            "模型 {model}；检查点 {points} 个，间距不超过 {spacing} 米（含墙角）；小区规划负荷 {load}%。各行为单项要求所需最少节点数。"
        ),
    }
}

fn requirements(task: &Task, found: &Found, lang: Lang) -> Table {
    let mut table = Table::new(
        "requirements",
        pick(lang, "Requirements", "各项要求"),
        headings(
            lang,
            &[
                ("requirement", "要求"),
                ("wanted", "目标"),
                ("unit", "单位"),
                ("reach m", "可达距离（米）"),
                ("fewest nodes", "最少节点数"),
                ("worst place inside", "室内最差点"),
                ("from outside", "室外覆盖"),
            ],
        ),
    )
    .brief();
    let w = &task.wanted;
    let worst = found.solution.as_ref().map(|s| s.worst);
    for (i, r) in Requirement::ALL.into_iter().enumerate() {
        let of = |s: Option<crate::radio::hall::Service>| {
            s.map(|s| match r {
                Requirement::Uplink => s.ul_mbps,
                Requirement::Rsrp => s.rsrp_dbm,
                Requirement::Downlink => s.dl_mbps,
                Requirement::Capacity => f64::NAN,
            })
        };
        let (wanted, unit) = match r {
            Requirement::Uplink => (w.ul_mbps, "Mbit/s"),
            Requirement::Rsrp => (w.rsrp_dbm, "dBm"),
            Requirement::Downlink => (w.dl_mbps, "Mbit/s"),
            Requirement::Capacity => (task.terminals, pick(lang, "terminals", "终端")),
        };
        let capacity = r == Requirement::Capacity;
        let value = |v: Option<f64>| match v {
            _ if capacity => Cell::Blank,
            Some(v) => Cell::number(Some(v), 1),
            None => Cell::Nothing,
        };
        table.push(vec![
            Cell::Text(name(r, lang).to_owned()),
            Cell::Number(wanted, 1),
            Cell::Text(unit.to_owned()),
            if capacity { Cell::Blank } else { value(found.reach_m.get(i).copied().flatten()) },
            found.needed.get(i).copied().flatten().map_or(Cell::Nothing, |n| Cell::Count(i64::from(n))),
            value(of(worst)),
            found.outdoor.map_or(Cell::Blank, |o| value(of(Some(o)))),
        ]);
    }
    table
}

fn nodes(task: &Task, s: &Solution, lang: Lang) -> Table {
    let mut table = Table::new(
        "nodes",
        pick(lang, "Nodes", "节点"),
        headings(
            lang,
            &[
                ("node", "节点"),
                ("x m", "x（米）"),
                ("y m", "y（米）"),
                ("height m", "高度（米）"),
                ("share of floor", "覆盖面积占比"),
                ("uplink load", "上行负荷"),
                ("downlink load", "下行负荷"),
            ],
        ),
    )
    .brief();
    for (i, n) in (1i64..).zip(&s.nodes) {
        table.push(vec![
            Cell::Count(i),
            Cell::Number(n.x_m, 1),
            Cell::Number(n.y_m, 1),
            Cell::Number(task.node.height_m, 1),
            Cell::Share(n.share),
            Cell::Share(n.ul_load),
            Cell::Share(n.dl_load),
        ]);
    }
    table
}

/// The answer for programs: `result` of `hall --json`, and a line of `hall --batch`.
#[must_use]
pub fn hall_json(ask: &HallAsk, task: &Task, found: &Found, settings: &Settings) -> Value {
    let by_code = |values: &[Option<Value>]| {
        let named = Requirement::ALL.into_iter().zip(values);
        named
            .map(|(r, v)| (r.code().to_owned(), v.clone().unwrap_or(Value::Null)))
            .collect::<serde_json::Map<_, _>>()
    };
    let limit = match found.limit {
        Limit::One(r) => r.code(),
        Limit::Together => "together",
        Limit::None => "none",
    };
    let s = found.solution.as_ref();
    let count = s.map(|s| s.nodes.len() as u32);
    let siting = &settings.siting;
    json!({
        "id": ask.id,
        "model": found.class.model(),
        "cautions": found.cautions,
        "nodes_needed": count,
        "nodes_bound": found.bound,
        "layouts_tried": found.tried,
        "limit": limit,
        "needed": by_code(&found.needed.map(|n| n.map(|n| json!(n)))),
        "reach_m": by_code(&found.reach_m.map(|m| m.map(|m| json!(m))))
            .into_iter().filter(|(k, _)| k != "capacity").collect::<serde_json::Map<_, _>>(),
        "layout": s.map(|s| s.layout),
        "cells": s.map(|s| s.cells),
        "nodes": s.map(|s| &s.nodes),
        "farthest_m": s.map(|s| s.farthest_m),
        "worst": s.map(|s| s.worst),
        "mean_ul_mbps": s.map(|s| s.mean_mbps[0]),
        "mean_dl_mbps": s.map(|s| s.mean_mbps[1]),
        "area_probability": s.map(|s| s.area_probability),
        "outdoor": found.outdoor,
        "outdoor_serves": found.outdoor.map(|_| found.outdoor_serves()),
        "outdoor_misses": found.outdoor_misses,
        "capex_cny": count.map(|n| siting.indoor_base_cny + f64::from(n) * siting.indoor_node_cny),
        "used": {
            "length_m": task.floor.length_m, "width_m": task.floor.width_m, "ceiling_m": task.ceiling_m,
            "clutter_density": task.clutter.density, "clutter_size_m": task.clutter.size_m,
            "clutter_height_m": task.clutter.height_m, "ue_height_m": task.terminal_height_m,
            "node_height_m": task.node.height_m, "freq_mhz": task.node.freq.0, "power_dbm": task.node.power_dbm,
            "gain_dbi": task.node.gain_dbi, "terminals": task.terminals, "ul_mbps": task.wanted.ul_mbps,
            "dl_mbps": task.wanted.dl_mbps, "rsrp_dbm": task.wanted.rsrp_dbm, "load": task.load,
            "location_probability": task.location_probability, "max_nodes": task.max_nodes,
        },
        "points": found.points.0,
        "spacing_m": found.points.1,
    })
}

/// The floor as a picture: nodes with their numbers, and how far they reach.
#[must_use]
pub fn hall_svg(task: &Task, found: &Found) -> String {
    const ACROSS: f64 = 900.0;
    const RIM: f64 = 30.0;
    let (length, width) = (task.floor.length_m, task.floor.width_m);
    let scale = ACROSS / length.max(width);
    let (w, h) = (length * scale, width * scale);
    let reach = found.reach_m.iter().flatten().copied().reduce(f64::min);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"{:.1} {:.1} {:.1} {:.1}\" font-family=\"sans-serif\">\n\
         <clipPath id=\"floor\"><rect width=\"{w:.1}\" height=\"{h:.1}\"/></clipPath>\n\
         <rect width=\"{w:.1}\" height=\"{h:.1}\" fill=\"#f6f6f2\" stroke=\"#333\" stroke-width=\"2\"/>\n",
        -RIM,
        -RIM,
        w + 2.0 * RIM,
        h + 2.0 * RIM
    );
    let nodes = found.solution.iter().flat_map(|s| &s.nodes);
    // Writing to a String doesn't fail; y grows upwards on the floor.
    for (i, n) in nodes.enumerate() {
        let (x, y) = (n.x_m * scale, h - n.y_m * scale);
        if let Some(reach) = reach {
            let _ = writeln!(
                svg,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{:.1}\" fill=\"#2a7ab0\" fill-opacity=\"0.10\" \
                 stroke=\"#2a7ab0\" stroke-opacity=\"0.5\" clip-path=\"url(#floor)\"/>",
                reach * scale
            );
        }
        let _ = writeln!(
            svg,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\" fill=\"#b03a2e\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" font-size=\"16\">{} ({:.1}, {:.1})</text>",
            x + 8.0,
            y - 6.0,
            i + 1,
            n.x_m,
            n.y_m
        );
    }
    let _ = writeln!(
        svg,
        "<text x=\"0\" y=\"{:.1}\" font-size=\"16\">{length:.0} m × {width:.0} m</text>\n</svg>",
        h + 22.0
    );
    svg
}
