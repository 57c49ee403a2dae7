//! The answer of `covplan compare`: what changed between two runs, and why.

use super::Answer;
use crate::model::kinds::Lang;
use crate::model::said::Said;
use crate::policy::compare::{Cause, Comparison, Figure, RunRecord};
use crate::report::coverage_document::{MAX_ROWS, headings};
use crate::report::document::{Cell, Document, Section, Table, pick, plain};
use crate::report::explain::not_json;
use crate::report::explain::read;
use crate::report::number::{grouped, grouped_decimal, money};
use crate::report::out::{MANIFEST, ReportError};
use serde_json::{Value, json};
use std::path::Path;

/// Reads the folder of a finished run.
///
/// # Errors
/// When it isn't one, or a file in it is broken.
pub fn read_run(folder: &Path) -> Result<RunRecord, ReportError> {
    let run = read(folder)?;
    let path = folder.join(MANIFEST);
    let fault = |reason: Said| ReportError::Unreadable { path: path.clone(), reason };
    let bytes = std::fs::read(&path).map_err(|e| fault(Said::from(&e)))?;
    let manifest: Value = serde_json::from_slice(&bytes).map_err(|e| fault(not_json(&e)))?;
    Ok(RunRecord { run, manifest })
}

/// The answer.
#[must_use]
pub fn compare_answer(a: &RunRecord, b: &RunRecord, c: &Comparison, lang: Lang) -> Answer {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let title = |r: &RunRecord| plain(r.run["title"].as_str().unwrap_or_default());
    let mut banners: Vec<String> = Vec::new();
    for r in [a, b] {
        for text in r.run["banners"][lang.code()].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let text = plain(text);
            if !banners.contains(&text) {
                banners.push(text);
            }
        }
    }
    let mut sections = vec![figures(c, lang)];
    if c.itemised {
        sections.push(causes(c, lang));
        sections.push(sites(c, lang));
    }
    sections.push(evidence(c, lang));
    let mut headline = vec![headline(c, lang)];
    headline.extend(why(c, lang));
    if !c.itemised {
        headline.push(t(
            "At least one run is redacted: ids are hidden, each run in its own way, so only sums can be compared.",
            "至少一次运行已脱敏：编号各自散列，无法逐项比对，仅比较合计。",
        ));
    }
    Answer {
        name: "compare",
        document: Document {
            lang,
            front: None,
            title: format!("{} → {}", title(a), title(b)),
            banners,
            headline,
            sections,
            next: vec!["covplan explain DIR_B ID".to_owned()],
        },
        result: json!(c),
    }
}

fn signed(v: f64, decimals: usize) -> String {
    let text = grouped_decimal(v.abs(), decimals);
    if v < 0.0 { format!("−{text}") } else { format!("+{text}") }
}

fn headline(c: &Comparison, lang: Lang) -> String {
    let delta = |what: &str| match c.figure(what) {
        (Some(a), Some(b)) => signed(b - a, 0),
        _ => pick(lang, "unknown", "未知").to_owned(),
    };
    let (sites, gaps) = (delta("sites"), delta("gaps"));
    let money = match c.figure("capex_cny") {
        (Some(a), Some(b)) if a > 0.0 => format!("¥ {} %", signed((b - a) / a * 100.0, 1)),
        (Some(a), Some(b)) => format!("¥ {}", signed(b - a, 0)),
        _ => String::new(),
    };
    match lang {
        Lang::En if money.is_empty() => format!("{sites} sites, {gaps} gaps"),
        Lang::En => format!("{sites} sites, {gaps} gaps, {money}"),
        Lang::Zh if money.is_empty() => format!("企业 {sites}，缺口 {gaps}"),
        Lang::Zh => format!("企业 {sites}，缺口 {gaps}，投资 {money}"),
    }
}

/// The causes that count, with their gaps and money.
fn why(c: &Comparison, lang: Lang) -> Option<String> {
    let zh = lang == Lang::Zh;
    let parts: Vec<String> = Cause::ALL
        .into_iter()
        .filter_map(|cause| {
            let gaps = c.gaps.get(&cause).copied().unwrap_or(0);
            let cny: f64 = c.money.iter().filter(|p| p.cause == cause).map(|p| p.capex_cny).sum();
            let mut told = Vec::new();
            if gaps != 0 {
                let n = signed(gaps as f64, 0);
                told.push(match lang {
                    Lang::En => format!("{n} {}", if gaps.abs() == 1 { "gap" } else { "gaps" }),
                    Lang::Zh => format!("缺口 {n}"),
                });
            }
            if cny.abs() >= 0.5 {
                told.push(format!("{}{}", if cny < 0.0 { "−" } else { "+" }, money(cny.abs(), zh)));
            }
            let label = pick(lang, cause.label().0, cause.label().1);
            (!told.is_empty()).then(|| format!("{label} {}", told.join(pick(lang, ", ", "、"))))
        })
        .collect();
    let all = parts.join(pick(lang, "; ", "；"));
    (!parts.is_empty()).then(|| format!("{}{all}", pick(lang, "by cause: ", "按原因：")))
}

fn figure_label(what: &str) -> (&'static str, &'static str) {
    match what {
        "sites" => ("sites", "企业数"),
        "gaps" => ("sites below target today", "不达标企业"),
        "critical" => ("critical sites", "严重不达标"),
        "unknown" => ("sites of unknown score", "评分未知"),
        "gaps_after_plan" => ("sites below target after the plan", "规划后不达标"),
        "stations" => ("stations and indoor systems of the plan", "规划基站与室分"),
        "fiber_km" => ("fiber of the plan, km", "规划光缆（公里）"),
        "capex_cny" => ("capex, yuan", "投资（元）"),
        _ => ("opex per year, yuan", "年运营（元）"),
    }
}

fn figures(c: &Comparison, lang: Lang) -> Section {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut table = Table::new(
        "figures",
        t("Before and after", "前后对比"),
        headings(
            lang,
            &[
                ("figure", "指标"),
                ("before", "之前"),
                ("after", "之后"),
                ("change", "变化"),
                ("change %", "变化率"),
            ],
        ),
    )
    .brief();
    for Figure { what, before, after } in &c.figures {
        if before.is_none() && after.is_none() {
            continue;
        }
        let decimals = if *what == "fiber_km" { 1 } else { 0 };
        let change = before.zip(*after).map(|(a, b)| b - a);
        let label = figure_label(what);
        table.push(vec![
            Cell::Text(t(label.0, label.1)),
            Cell::number(*before, decimals),
            Cell::number(*after, decimals),
            Cell::number(change, decimals),
            match before.zip(change) {
                // Of nothing there is no share.
                Some((0.0, _)) => Cell::Blank,
                told => Cell::share(told.map(|(a, d)| d / a)),
            },
        ]);
    }
    Section { title: t("What changed", "变化概览"), text: Vec::new(), tables: vec![table] }
}

/// Whole numbers that add up to the rounded sum: what rounding down leaves over goes to those that lost most.
fn whole(parts: &[f64]) -> Vec<i64> {
    let total = parts.iter().sum::<f64>().round() as i64;
    let mut out: Vec<i64> = parts.iter().map(|p| p.floor() as i64).collect();
    let mut by_loss: Vec<usize> = (0..parts.len()).collect();
    by_loss.sort_by(|&a, &b| {
        (parts[b] - parts[b].floor()).total_cmp(&(parts[a] - parts[a].floor())).then(a.cmp(&b))
    });
    let left = total - out.iter().sum::<i64>();
    for &i in by_loss.iter().take(usize::try_from(left).unwrap_or(0)) {
        out[i] += 1;
    }
    out
}

fn causes(c: &Comparison, lang: Lang) -> Section {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let others = c.money.iter().any(|p| p.what == "other");
    let kinds = &["station", "fiber", "lead-in", "datacenter", "other"][..4 + usize::from(others)];
    let mut head = vec![
        t("cause", "原因"),
        t("gaps", "缺口"),
        t("stations, yuan", "基站（元）"),
        t("fiber, yuan", "光缆（元）"),
        t("lead-ins, yuan", "引入（元）"),
        t("data centers, yuan", "数据中心（元）"),
    ];
    head.extend(others.then(|| t("not itemised, yuan", "未分项（元）")));
    head.push(t("together, yuan", "合计（元）"));
    let mut table = Table::new("causes", t("Why: gaps and capex by cause", "原因分解：缺口与投资"), head)
        .short(t("Causes", "原因分解"))
        .brief();
    let sum = |cause: Cause, kind: &str| -> f64 {
        c.money.iter().filter(|p| p.cause == cause && p.what == kind).map(|p| p.capex_cny).sum()
    };
    // Rounded so that every column and the whole add up.
    let cells: Vec<f64> = Cause::ALL.iter().flat_map(|cause| kinds.iter().map(|k| sum(*cause, k))).collect();
    let cells = whole(&cells);
    let mut sums = vec![0i64; kinds.len()];
    let mut gaps = 0;
    for (i, cause) in Cause::ALL.iter().enumerate() {
        let row = &cells[i * kinds.len()..(i + 1) * kinds.len()];
        let n = c.gaps.get(cause).copied().unwrap_or(0);
        gaps += n;
        for (s, v) in sums.iter_mut().zip(row) {
            *s += v;
        }
        let label = cause.label();
        let mut out = vec![Cell::Text(t(label.0, label.1)), Cell::Count(n)];
        out.extend(row.iter().map(|v| Cell::Count(*v)));
        out.push(Cell::Count(row.iter().sum()));
        table.push(out);
    }
    let mut total = vec![Cell::Text(t("together", "合计")), Cell::Count(gaps)];
    total.extend(sums.iter().copied().map(Cell::Count));
    total.push(Cell::Count(sums.iter().sum()));
    table.total = Some(total);
    let text = vec![t(
        "Each site and each item of the plans has one cause, by the evidence in the two runs: its own row, a cell or \
         a fiber that wasn't there, prices, settings, targets. What shows none follows from the other changes.",
        "每家企业与每项建设内容按两次运行中的证据归入唯一原因：企业数据、新开小区或新到光纤、造价、设置、目标；无自身证据者随其他变化调整。",
    )];
    Section { title: t("Why", "原因"), text, tables: vec![table] }
}

fn sites(c: &Comparison, lang: Lang) -> Section {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut table = Table::new(
        "sites",
        t("Sites that came, went or crossed the target", "新增、退出或跨越达标线的企业"),
        headings(
            lang,
            &[
                ("site", "企业编号"),
                ("name", "企业名称"),
                ("change", "变化"),
                ("score before", "之前评分"),
                ("score after", "之后评分"),
                ("cause", "原因"),
                ("evidence", "依据"),
            ],
        ),
    )
    .short(t("Sites", "企业"))
    .brief();
    for s in c.sites.iter().take(MAX_ROWS) {
        let change = match (s.was_there, s.is_there, s.was_gap, s.is_gap) {
            (false, _, _, true) => t("new, below target", "新增，不达标"),
            (false, ..) => t("new", "新增"),
            (_, false, true, _) => t("gone, was below target", "退出，原不达标"),
            (_, false, ..) => t("gone", "退出"),
            (_, _, true, _) => t("no longer below target", "转为达标"),
            _ => t("now below target", "转为不达标"),
        };
        table.push(vec![
            Cell::words(Some(&s.site)),
            Cell::words(s.name.as_deref()),
            Cell::Text(change),
            Cell::number(s.score[0], 1),
            Cell::number(s.score[1], 1),
            Cell::Text(t(s.cause.label().0, s.cause.label().1)),
            Cell::Text(plain(pick(lang, &s.evidence.0, &s.evidence.1))),
        ]);
    }
    table.all_rows = c.sites.len();
    let n = grouped(c.sites.len() as i64);
    let text = vec![match lang {
        Lang::En => format!("{n} sites came, went or crossed the target."),
        Lang::Zh => format!("共 {n} 家企业新增、退出或跨越达标线。"),
    }];
    Section { title: t("Which sites", "涉及企业"), text, tables: vec![table] }
}

fn evidence(c: &Comparison, lang: Lang) -> Section {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut inputs = Table::new(
        "inputs",
        t("Inputs that differ", "有变化的输入"),
        headings(lang, &[("layer", "图层"), ("change", "变化"), ("files", "文件")]),
    );
    for i in &c.inputs {
        let layer = if i.layer.is_empty() { t("project file", "项目文件") } else { plain(&i.layer) };
        let change = match i.change {
            "added" => t("added", "新增"),
            "gone" => t("gone", "移除"),
            _ => t("changed", "变更"),
        };
        inputs.push(vec![Cell::Text(layer), Cell::Text(change), Cell::words(Some(&i.files.join(", ")))]);
    }
    let mut settings = Table::new(
        "settings",
        t("Settings that differ", "有变化的设置"),
        headings(lang, &[("setting", "设置"), ("before", "之前"), ("after", "之后"), ("kind", "类别")]),
    )
    .brief();
    for s in &c.settings {
        settings.push(vec![
            Cell::words(Some(&s.key)),
            Cell::words(Some(&s.before.to_string())),
            Cell::words(Some(&s.after.to_string())),
            Cell::Text(t(s.cause.label().0, s.cause.label().1)),
        ]);
    }
    let text = if c.inputs.is_empty() && c.settings.is_empty() {
        vec![t("Neither inputs nor settings differ.", "输入与设置均无变化。")]
    } else {
        Vec::new()
    };
    Section {
        title: t("What the runs were made from", "输入与设置"), text, tables: vec![inputs, settings]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_add_up() {
        for parts in [vec![0.4, 0.4, 0.4], vec![-1.5, 2.25, 0.25], vec![], vec![-0.5, -0.5, 1e9 + 0.3]] {
            let sum: f64 = parts.iter().sum();
            assert_eq!(whole(&parts).iter().sum::<i64>(), sum.round() as i64, "{parts:?}");
        }
    }
}
