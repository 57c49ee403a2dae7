//! The answer of `covplan failures`: what one failure takes down, and what a way around would cost.

use super::Answer;
use crate::model::inputs::Inputs;
use crate::model::kinds::Lang;
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
pub fn failures_answer(released: &Released, inputs: &Inputs, found: &Failures, run: &RunInfo) -> Answer {
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
    let document = Document {
        lang,
        title: format!("{} – {}", plain(&run.title), t("what breaks if one thing fails", "单点故障分析")),
        banners: banners(v, lang, false),
        headline: headline(released, inputs, found, lang),
        sections: vec![Section { title: t("What breaks?", "故障影响"), text, tables: vec![table] }],
        next: Vec::new(),
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
        "cables": found.cables, "core_nodes": found.core, "sites_near_compute": found.near_compute, "failures": list,
    });
    Answer { name: "failures", document, result }
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
