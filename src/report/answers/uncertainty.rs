//! The answer of `covplan uncertainty`: spread, swings, stability of ranks, and what the figures rest on.

use super::Answer;
use crate::model::inputs::Inputs;
use crate::model::kinds::Lang;
use crate::policy::uncertainty::{Parameter, Swing, Uncertainty};
use crate::report::assumptions::radio_rests_on;
use crate::report::chart::{Chart, Spans};
use crate::report::coverage_document::{banners, headings, say};
use crate::report::document::{Cell, Document, Section, Table, pick, plain};
use crate::report::number::{fixed, grouped_decimal, money};
use crate::report::plan_document::{money_cell, money_heading};
use crate::report::redact::Released;
use crate::report::write::RunInfo;
use serde_json::{Value, json};

/// The answer.
#[must_use]
pub fn uncertainty_answer(
    released: &Released,
    inputs: &Inputs,
    found: &Uncertainty,
    stopped: bool,
    run: &RunInfo,
) -> Answer {
    let lang = run.lang;
    let v = released.view();
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let u = v.settings.uncertainty;
    let percent = |share: f64| grouped_decimal(share * 100.0, 0);
    let runs = found.runs.len();
    let text = vec![
        match lang {
            Lang::En => format!(
                "{runs} runs, each a draw of: a bias of predicted losses by scene (σ {} dB), load of cells that don't tell \
                 theirs (σ {} points), rates asked for (±{} %), prices of four groups (±{} %), fiber lengths (±{} %). The plan \
                 stays as it is; today and the state after it are scored and priced again. The ranges are assumptions \
                 (section uncertainty of the settings).",
                fixed(u.radio_bias_db, 1),
                grouped_decimal(u.load_pct, 0),
                percent(u.demand_share),
                percent(u.cost_share),
                percent(u.length_share),
            ),
            Lang::Zh => format!(
                "共 {runs} 次抽样：各场景传播预测系统误差（σ {} dB）、未知负荷（σ {} 个百分点）、业务速率需求（±{} %）、四类单价（±{} %）、光缆长度（±{} %）。规划方案不变，重新评分与计价。各范围均为假设（配置 uncertainty 节）。",
                fixed(u.radio_bias_db, 1),
                grouped_decimal(u.load_pct, 0),
                percent(u.demand_share),
                percent(u.cost_share),
                percent(u.length_share),
            ),
        },
        radio_rests_on(released.view(), lang),
    ];
    let document = Document {
        lang,
        front: None,
        title: format!("{} – {}", plain(&run.title), t("how sure", "可信度")),
        banners: banners(v, lang, stopped),
        headline: headline(released, found, lang),
        sections: vec![Section {
            title: t("How sure are we?", "可信度分析"),
            text,
            tables: vec![spread(found, lang), tornado(found, lang), ranks(released, inputs, found, lang)],
        }],
        next: vec!["covplan check PROJECT.toml".to_owned()],
    };
    let stays: Vec<Value> = found
        .stays
        .iter()
        .filter_map(|(site, share)| {
            let s = inputs.sites.list.get(site.at())?;
            Some(json!({ "site_id": released.id(inputs.sites.text.get(s.id)), "stays": share }))
        })
        .collect();
    let result = json!({ "uncertainty": found, "stability": found.stability(), "top": stays });
    Answer { name: "uncertainty", document, result }
}

fn headline(released: &Released, found: &Uncertainty, lang: Lang) -> Vec<String> {
    let v = released.view();
    let zh = lang == Lang::Zh;
    let [low, mid, high] = found.points(|r| r.capex_cny).map(|c| money(c, zh));
    let before = found.points(|r| r.gaps_before as f64).map(|g| say(v, g as u64, lang));
    let after = found.points(|r| r.gaps_after as f64).map(|g| say(v, g as u64, lang));
    let runs = found.runs.len();
    let mut lines = Vec::new();
    lines.push(match lang {
        Lang::En => format!(
            "sites below target {}–{} (planned with {}), after the plan {}–{} ({}); capex {low}–{high}, median {mid} (10 to 90 % of runs)",
            before[0], before[2], say(v, found.nominal.gaps_before, lang),
            after[0], after[2], say(v, found.nominal.gaps_after, lang),
        ),
        Lang::Zh => format!(
            "不达标企业 {}–{}（规划依据 {}），规划后 {}–{}（{}）；投资 {low}–{high}，中位 {mid}（10–90 % 分位）",
            before[0], before[2], say(v, found.nominal.gaps_before, lang),
            after[0], after[2], say(v, found.nominal.gaps_after, lang),
        ),
    });
    if let Some(stable) = found.stability() {
        let (top, share) = (found.stays.len(), grouped_decimal(stable * 100.0, 0));
        let mut line = match lang {
            Lang::En => format!("the {top} most urgent sites stay among them in {share} % of {runs} runs"),
            Lang::Zh => format!("最急迫的 {top} 家在 {runs} 次抽样中平均 {share} % 仍在其列"),
        };
        if found.tied > 0 {
            let tied = say(v, found.tied, lang);
            line += &match lang {
                Lang::En => {
                    format!("; {tied} more are as urgent as the last of them, and only ids tell them apart")
                }
                Lang::Zh => format!("；另有 {tied} 家与末位同样急迫，仅按编号排序"),
            };
        }
        lines.push(line);
    }
    let (sites, widest) = widest(found);
    if sites > 0 {
        let names: Vec<&str> = widest.iter().map(|s| label(s.parameter, lang)).collect();
        let (what, sites) = (names.join(pick(lang, " and ", "、")), say(v, sites, lang));
        let alike = names.len() > 1;
        lines.push(match (lang, alike) {
            (Lang::En, false) => {
                format!("what matters most for who is served after the plan: {what} (swing of {sites} sites)")
            }
            (Lang::En, true) => format!(
                "what matters most for who is served after the plan: {what}, alike (a swing of {sites} sites each)"
            ),
            (Lang::Zh, false) => format!("对规划后达标影响最大的因素：{what}（摆动 {sites} 家）"),
            (Lang::Zh, true) => format!("对规划后达标影响最大的因素：{what}，并列（各摆动 {sites} 家）"),
        });
    }
    if !found.anew.is_empty() {
        let n = found.anew.len();
        let kept = found.anew.iter().map(|a| a.stations_kept).sum::<f64>() / n as f64;
        let kept = grouped_decimal(kept * 100.0, 0);
        lines.push(match lang {
            Lang::En => format!("planned anew in {n} runs: {kept} % of the stations are those of this plan"),
            Lang::Zh => format!("其中 {n} 次重新规划：{kept} % 的基站与本方案相同"),
        });
    }
    lines
}

/// The widest bars of the tornado, sites below target after the plan, in the order of its table; several where
/// they are alike.
fn widest(found: &Uncertainty) -> (u64, Vec<&Swing>) {
    let swing = |s: &Swing| s.gaps_after[0].abs_diff(s.gaps_after[1]);
    let most = found.tornado.iter().map(swing).max().unwrap_or(0);
    (most, in_order(found).into_iter().filter(|s| swing(s) == most).collect())
}

/// The parameters as the tornado shows them: what moves most sites, today or after the plan, comes first, then
/// what moves most money.
fn in_order(found: &Uncertainty) -> Vec<&Swing> {
    let mut list: Vec<&Swing> = found.tornado.iter().collect();
    let gaps = |s: &Swing| {
        s.gaps_after[0].abs_diff(s.gaps_after[1]).max(s.gaps_before[0].abs_diff(s.gaps_before[1]))
    };
    let cny = |s: &Swing| (s.capex_cny[1] - s.capex_cny[0]).abs();
    list.sort_by(|a, b| {
        gaps(b).cmp(&gaps(a)).then(cny(b).total_cmp(&cny(a))).then(a.parameter.cmp(&b.parameter))
    });
    list
}

fn spread(found: &Uncertainty, lang: Lang) -> Table {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut table = Table::new(
        "spread",
        t("Spread over the runs", "抽样分布"),
        headings(
            lang,
            &[
                ("figure", "指标"),
                ("unit", "单位"),
                ("as planned", "规划值"),
                ("10 %", "10 %"),
                ("median", "中位"),
                ("90 %", "90 %"),
            ],
        ),
    )
    .brief();
    let mut counts = |name: String, nominal: u64, points: [f64; 3]| {
        let mut row = vec![Cell::Text(name), Cell::Text(t("sites", "家")), Cell::count(Some(nominal))];
        row.extend(points.map(|p| Cell::Number(p, 0)));
        table.push(row);
    };
    counts(
        t("below target today", "现状不达标"),
        found.nominal.gaps_before,
        found.points(|r| r.gaps_before as f64),
    );
    counts(
        t("below target after the plan", "规划后不达标"),
        found.nominal.gaps_after,
        found.points(|r| r.gaps_after as f64),
    );
    let million = |cny: f64| Cell::Number(cny / 1e6, 2);
    let mut row = vec![
        Cell::Text(t("capex of the plan", "规划投资")),
        Cell::Text(t("¥ M", "百万元")),
        million(found.nominal.capex_cny),
    ];
    row.extend(found.points(|r| r.capex_cny).map(million));
    table.push(row);
    table
}

fn tornado(found: &Uncertainty, lang: Lang) -> Table {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let table = Table::new(
        "tornado",
        t("One at a time, from its 10 % to its 90 % point", "单因素摆动（10 % 至 90 % 分位）"),
        vec![
            t("parameter", "因素"),
            t("gaps today, low", "现状不达标（低）"),
            t("high", "（高）"),
            t("gaps after, low", "规划后不达标（低）"),
            t("high", "（高）"),
            money_heading(lang, "capex, low", "投资（低）"),
            money_heading(lang, "high", "（高）"),
        ],
    )
    .brief();
    let list = in_order(found);
    let unit = if lang == Lang::Zh { 1e4 } else { 1e6 };
    // What moves nothing has no bar.
    let swing = |across: String, planned: f64, of: &dyn Fn(&Swing) -> [f64; 2]| {
        let rows: Vec<(String, f64, f64)> = list
            .iter()
            .map(|s| (label(s.parameter, lang).to_owned(), of(s)))
            .filter(|(_, [low, high])| (high - low).abs() > 0.0)
            .map(|(name, [low, high])| (name, low, high))
            .collect();
        let middle = Some((t("as planned", "规划值"), planned));
        (!rows.is_empty()).then_some(Chart::Spans(Spans { across, middle, rows }))
    };
    let gaps_after = swing(
        t("sites below target after the plan", "规划后不达标企业"),
        found.nominal.gaps_after as f64,
        &|s| s.gaps_after.map(|g| g as f64),
    );
    let capex = swing(money_heading(lang, "capex", "投资"), found.nominal.capex_cny / unit, &|s| {
        s.capex_cny.map(|c| c / unit)
    });
    let mut table = table.drawn(gaps_after.into_iter().chain(capex));
    for s in list {
        table.push(vec![
            Cell::Text(label(s.parameter, lang).to_owned()),
            Cell::count(Some(s.gaps_before[0])),
            Cell::count(Some(s.gaps_before[1])),
            Cell::count(Some(s.gaps_after[0])),
            Cell::count(Some(s.gaps_after[1])),
            money_cell(lang, s.capex_cny[0]),
            money_cell(lang, s.capex_cny[1]),
        ]);
    }
    table
}

fn ranks(released: &Released, inputs: &Inputs, found: &Uncertainty, lang: Lang) -> Table {
    let mut table = Table::new(
        "ranks",
        pick(lang, "Most urgent sites: how often they stay so", "最急迫企业的排名稳定度").to_owned(),
        headings(
            lang,
            &[("rank", "排名"), ("site", "企业编号"), ("name", "名称"), ("stays among them", "仍在其列")],
        ),
    );
    for (n, (site, share)) in found.stays.iter().enumerate() {
        let Some(s) = inputs.sites.list.get(site.at()) else { continue };
        let text = &inputs.sites.text;
        table.push(vec![
            Cell::Count(n as i64 + 1),
            Cell::words(Some(&released.id(text.get(s.id)))),
            released.name(text.get(s.name)).map_or(Cell::Blank, |n| Cell::words(Some(n))),
            Cell::Share(*share),
        ]);
    }
    table
}

fn label(p: Parameter, lang: Lang) -> &'static str {
    let (en, zh) = match p {
        Parameter::RadioUrban => ("predicted losses, urban", "传播预测（城区）"),
        Parameter::RadioSuburban => ("predicted losses, suburban", "传播预测（郊区）"),
        Parameter::RadioRural => ("predicted losses, rural", "传播预测（农村）"),
        Parameter::Load => ("load of cells not told", "未知负荷"),
        Parameter::Demand => ("rates asked for", "业务速率需求"),
        Parameter::StationPrices => ("prices of stations", "基站单价"),
        Parameter::TrenchPrices => ("prices of trenches", "管沟单价"),
        Parameter::CablePrices => ("prices of cables and lead-ins", "光缆与引入单价"),
        Parameter::CenterPrices => ("prices of data centers", "数据中心单价"),
        Parameter::Lengths => ("fiber lengths", "光缆长度"),
    };
    pick(lang, en, zh)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::uncertainty::Run;

    /// Two bars of four sites after the plan and one of one: both are named, in the order of the table, where
    /// what moves more sites today comes first.
    #[test]
    fn widest_bars_are_named_together() {
        let swing = |parameter, gaps_before, gaps_after| Swing {
            parameter,
            gaps_before,
            gaps_after,
            capex_cny: [1.0, 1.0],
        };
        let nominal = Run { gaps_before: 197, gaps_after: 0, capex_cny: 1.0, top: Vec::new() };
        let mut found = Uncertainty {
            nominal,
            runs: Vec::new(),
            anew: Vec::new(),
            tornado: vec![
                swing(Parameter::Load, [197, 197], [0, 1]),
                swing(Parameter::Demand, [195, 197], [0, 4]),
                swing(Parameter::RadioRural, [192, 197], [4, 0]),
            ],
            stays: Vec::new(),
            tied: 0,
        };
        let of = |found: &Uncertainty| {
            let (sites, list) = widest(found);
            (sites, list.iter().map(|s| s.parameter).collect::<Vec<_>>())
        };
        assert_eq!(of(&found), (4, vec![Parameter::RadioRural, Parameter::Demand]));
        found.tornado[2].gaps_after = [5, 0];
        assert_eq!(of(&found), (5, vec![Parameter::RadioRural]));
    }
}
