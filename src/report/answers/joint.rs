//! The answer of `covplan joint`: what building together saves, and who pays what of it.

use super::Answer;
use crate::model::kinds::Lang;
use crate::model::operators::operator_zh;
use crate::policy::joint::{Joint, Outcome};
use crate::policy::party::Kind;
use crate::report::chart::{Bars, Chart};
use crate::report::coverage_document::{banners, headings};
use crate::report::document::{Cell, Document, Section, Table, pick, plain};
use crate::report::layers::View;
use crate::report::number::{grouped_decimal, money};
use crate::report::plan_document::{money_cell, money_heading};
use crate::report::write::RunInfo;
use serde_json::json;

fn party_name(found: &Joint, i: usize, kind: Kind, lang: Lang) -> String {
    let name = found.names.get(i).map_or("", String::as_str);
    match (kind, lang) {
        (Kind::Operators, Lang::En) if name == "tower" => "tower company".to_owned(),
        (Kind::Operators, Lang::Zh) => name.split('+').map(operator_zh).collect::<Vec<_>>().join("+"),
        _ => plain(name),
    }
}

/// What building together saves, measure by measure.
fn savings(apart: &Outcome, together: &Outcome, lang: Lang) -> Table {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let head = [
        ("what", "指标"),
        ("unit", "单位"),
        ("each alone", "各自建设"),
        ("together", "共建"),
        ("saved", "节省"),
        ("saved %", "节省比例"),
    ];
    let mut table =
        Table::new("savings", t("What building together saves", "共建节省"), headings(lang, &head)).brief();
    let (unit, name) = if lang == Lang::Zh { (1e4, "万元") } else { (1e6, "¥ M") };
    let mw = |o: &Outcome| o.energy_kwh_yr / 8760.0 / 1e3;
    for (what, of_unit, a, b, decimals) in [
        (
            t("cost, present value", "费用现值"),
            name.to_owned(),
            apart.cost_cny / unit,
            together.cost_cny / unit,
            2,
        ),
        (
            t("of it compute: halls, electricity, worth of latency", "其中算力：机房、用电与时延折价"),
            name.to_owned(),
            apart.compute_cny / unit,
            together.compute_cny / unit,
            2,
        ),
        (t("capex", "建设投资"), name.to_owned(), apart.capex_cny / unit, together.capex_cny / unit, 2),
        (
            t("stations and indoor systems", "基站与室分"),
            t("pcs", "个"),
            apart.stations as f64,
            together.stations as f64,
            0,
        ),
        (t("new trench", "新建沟槽"), "km".to_owned(), apart.trench_m / 1e3, together.trench_m / 1e3, 1),
        (t("mean power", "平均功率"), "MW".to_owned(), mw(apart), mw(together), 3),
        (t("carbon a year", "年碳排放"), "tCO2".to_owned(), apart.carbon_t_yr, together.carbon_t_yr, 1),
        (t("compute hosted", "承载算力"), t("racks", "架"), apart.racks, together.racks, 1),
    ] {
        table.push(vec![
            Cell::Text(what),
            Cell::Text(of_unit),
            Cell::Number(a, decimals),
            Cell::Number(b, decimals),
            Cell::Number(a - b, decimals),
            if a > 0.0 { Cell::Share(1.0 - b / a) } else { Cell::Blank },
        ]);
    }
    table
}

/// The answer.
#[must_use]
pub fn joint_answer(v: View, found: &Joint, kind: Kind, stopped: bool, run: &RunInfo) -> Answer {
    let lang = run.lang;
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut table = Table::new(
        "parties",
        t("What each pays", "各方分摊"),
        vec![
            t("party", "责任方"),
            money_heading(lang, "alone", "各自建设"),
            money_heading(lang, "together", "共建分摊"),
            money_heading(lang, "Δ", "差额"),
            t("Δ %", "差额比例"),
            money_heading(lang, "± (one σ)", "误差（1σ）"),
            money_heading(lang, "in proportion", "按比例分摊"),
            t("stations alone", "各自基站"),
            t("trench km alone", "各自新沟公里"),
            t("gaps alone", "各自缺口"),
            t("left alone", "各自剩余"),
        ],
    )
    .brief();
    let row = |name: String, alone: &Outcome, share: f64, error: Option<f64>, proportional: f64| {
        let delta = share - alone.cost_cny;
        vec![
            Cell::Text(name),
            money_cell(lang, alone.cost_cny),
            money_cell(lang, share),
            money_cell(lang, delta),
            if alone.cost_cny > 0.0 { Cell::Share(delta / alone.cost_cny) } else { Cell::Blank },
            error.filter(|e| e.is_finite()).map_or(Cell::Blank, |e| money_cell(lang, e)),
            money_cell(lang, proportional),
            Cell::count(Some(alone.stations)),
            Cell::Number(alone.trench_m / 1e3, 1),
            Cell::count(Some(alone.gaps_before)),
            Cell::count(Some(alone.gaps_after)),
        ]
    };
    let drawn = found.split.orders.is_some();
    for (i, alone) in found.alone.iter().enumerate() {
        let error = drawn.then(|| found.split.error_cny[i]);
        table.push(row(
            party_name(found, i, kind, lang),
            alone,
            found.split.share_cny[i],
            error,
            found.proportional_cny[i],
        ));
    }
    let sum = found.alone.iter().fold(Outcome::default(), |s, a| Outcome {
        cost_cny: s.cost_cny + a.cost_cny,
        compute_cny: s.compute_cny + a.compute_cny,
        capex_cny: s.capex_cny + a.capex_cny,
        stations: s.stations + a.stations,
        trench_m: s.trench_m + a.trench_m,
        energy_kwh_yr: s.energy_kwh_yr + a.energy_kwh_yr,
        carbon_t_yr: s.carbon_t_yr + a.carbon_t_yr,
        racks: s.racks + a.racks,
        gaps_before: s.gaps_before + a.gaps_before,
        gaps_after: s.gaps_after + a.gaps_after,
    });
    table.total =
        Some(row(t("together", "合计"), &sum, found.together.cost_cny, None, found.together.cost_cny));
    let unit = if lang == Lang::Zh { 1e4 } else { 1e6 };
    let bars = found.alone.iter().enumerate().map(|(i, a)| {
        (
            party_name(found, i, kind, lang),
            vec![Some(a.cost_cny / unit), Some(found.split.share_cny[i] / unit)],
        )
    });
    let bars = Bars {
        across: money_heading(lang, "cost", "费用"),
        series: vec![t("alone", "各自建设"), t("share of building together", "共建分摊")],
        rows: bars.collect(),
        mark: None,
    };
    let table = table.drawn(Some(Chart::Bars(bars)));
    let saving = savings(&sum, &found.together, lang);
    let (zh, all) = (lang == Lang::Zh, &found.together);
    let saved = if sum.cost_cny > 0.0 { 1.0 - all.cost_cny / sum.cost_cny } else { 0.0 };
    let percent = grouped_decimal(saved * 100.0, 1);
    let km = grouped_decimal((sum.trench_m - all.trench_m) / 1e3, 0);
    let (joint, siloed) = (money(all.cost_cny, zh), money(sum.cost_cny, zh));
    let fewer = sum.stations as i64 - all.stations as i64;
    let mut headline = vec![match lang {
        Lang::En => format!(
            "joint {joint} vs siloed {siloed}: saves {percent} %, {km} km of trench, {fewer} stations"
        ),
        Lang::Zh => {
            format!("共建 {joint}，各自建设 {siloed}：节省 {percent} %，少挖沟 {km} 公里，少建 {fewer} 站")
        }
    }];
    // A year's electricity as a mean power.
    let mw = grouped_decimal((sum.energy_kwh_yr - all.energy_kwh_yr) / 8760.0 / 1e3, 2);
    let tonnes = grouped_decimal(sum.carbon_t_yr - all.carbon_t_yr, 0);
    headline.push(match lang {
        Lang::En => format!("and {mw} MW of mean power, {tonnes} t of CO2 a year"),
        Lang::Zh => format!("平均功率少 {mw} MW，年碳排放少 {tonnes} 吨 CO2"),
    });
    let worse = found.worse_off();
    headline.push(if worse.is_empty() {
        t("no party pays more than alone", "没有一方高于各自建设")
    } else {
        let names: Vec<String> = worse.iter().map(|i| party_name(found, *i, kind, lang)).collect();
        let names = names.join(pick(lang, ", ", "、"));
        match lang {
            Lang::En => format!(
                "this split leaves {names} worse off than alone: compensate them, or split in proportion"
            ),
            Lang::Zh => format!("按此分摊 {names} 高于各自建设：需补偿，或按比例分摊"),
        }
    });
    let mut text = vec![t(
        "Cost: capex, and running costs over plan.years at present value; compute counts at what its placement makes \
         least: halls, electricity near and far, and what latency is worth (compute that no center in reach of a group can host \
         costs it nothing: compare the racks hosted). The same planner works for every group with \
         that group's own places and fiber and those that belong to no party. Shares are Shapley values: what a party \
         adds to the cost, in the mean over all orders of joining; they add up to the whole.",
        "费用为建设投资加 plan.years 内运营费现值；算力按布局的目标计：机房、近端与远端用电、时延折价（组合内无可达机房的算力不计费用，请对照承载架数）。各组合均由同一规划器以其自有及无主的站址与光缆规划。分摊采用沙普利值：各方在所有加入次序下新增费用的平均，合计等于总额。",
    )];
    text.push(match (kind, lang) {
        (Kind::Operators, Lang::En) => "Alone, a network lifts every site on its own radio and hosts an equal part of the plants' compute; together, a cell of any serves the terminals of all.".into(),
        (Kind::Operators, Lang::Zh) => "各自建设时各网须使全部企业在本网达标，并均分企业算力；共建时任一方小区服务各方终端。".into(),
        (Kind::Cities, Lang::En) => "Alone, a city lifts its own sites from places, fiber and new halls within its border; signals and halls that stand serve across borders all the same.".into(),
        (Kind::Cities, Lang::Zh) => "各自建设时各市仅用本市站址、光缆与新建机房补齐本市企业；信号与现有机房跨界照常计入。".into(),
        (Kind::Provinces, Lang::En) => "Alone, a province lifts its own sites from places, fiber and new halls within its border; signals and halls that stand serve across borders all the same.".into(),
        (Kind::Provinces, Lang::Zh) => "各自建设时各省仅用本省站址、光缆与新建机房补齐本省企业；信号与现有机房跨界照常计入。".into(),
    });
    if let Some(own) = &found.planned_together {
        let cost = money(own.cost_cny, zh);
        text.push(match lang {
            Lang::En => format!(
                "The plan made for all together comes to {cost} with {} sites left below target; plans of parts side by side come to {joint} with {}, and count instead.",
                own.gaps_after, all.gaps_after
            ),
            Lang::Zh => format!(
                "为各方统一编制的方案为 {cost}，仍有 {} 家不达标；分组并行建设为 {joint}，仍有 {} 家不达标，故以后者计。",
                own.gaps_after, all.gaps_after
            ),
        });
    }
    if found.left_out > 0 {
        text.push(match lang {
            Lang::En => format!("{} sites lie in no party's border and are left out.", found.left_out),
            Lang::Zh => format!("{} 家企业不在任何一方边界内，未计入。", found.left_out),
        });
    }
    if let Some(n) = found.split.orders {
        let told = found.split.error_cny.iter().any(|e| e.is_finite());
        text.push(match lang {
            Lang::En if !told => format!("{} parties: the mean is over {n} drawn orders, one and its reverse; how far off it may be isn't known: draw more (`--orders`).", found.codes.len()),
            Lang::Zh if !told => format!("共 {} 方：仅取一个随机次序及其逆序的平均，误差未知；请用 `--orders` 增加次序。", found.codes.len()),
            Lang::En => format!("{} parties: the mean is over {n} drawn orders, in pairs with their reverse; ± is its standard error.", found.codes.len()),
            Lang::Zh => format!("共 {} 方：取 {n} 个随机次序（成对取反）的平均，误差为标准误。", found.codes.len()),
        });
    }
    text.push(match (&found.breaks_away, lang) {
        (None, Lang::En) => format!("Of the {} groups planned for, none would do better by itself.", found.planned),
        (None, Lang::Zh) => format!("所规划的 {} 个组合中，没有一个单独建设更省。", found.planned),
        (Some((codes, cny)), Lang::En) => format!(
            "The group {} would do better by itself by {}: these shares don't hold it, and it may have to be compensated.",
            plain(&codes.join(", ")), money(*cny, zh)
        ),
        (Some((codes, cny)), Lang::Zh) => format!("组合 {} 单独建设可省 {}：此分摊留不住它，需另行补偿。", plain(&codes.join("、")), money(*cny, zh)),
    });
    if sum.gaps_after != all.gaps_after {
        text.push(match lang {
            Lang::En => format!(
                "Left below target: {} together, {} in the sum of the parties alone; the sums of money buy different things.",
                all.gaps_after, sum.gaps_after
            ),
            Lang::Zh => format!("仍不达标：共建 {} 家，各自建设合计 {} 家；两笔投资的效果不同。", all.gaps_after, sum.gaps_after),
        });
    }
    let document = Document {
        lang,
        front: None,
        title: format!("{} – {}", plain(&run.title), pick(lang, "joint against siloed", "共建与各自建设")),
        banners: banners(v, lang, stopped),
        headline,
        sections: vec![Section {
            title: t("Build together?", "是否共建"),
            text,
            tables: vec![table, saving],
        }],
        next: vec!["covplan plan PROJECT.toml -o DIR".to_owned()],
    };
    let result = json!({ "joint": found, "siloed": sum, "worse_off": worse, "saved_share": saved });
    Answer { name: "joint", document, result }
}
