//! Explains sums: the plan as a whole (`plan`), what a party pays, what a kind of work comes to, what a city
//! builds, what a stage of the optimisation proves. Each is taken apart into the lines that it adds up.

use super::{cell, heads};
use crate::model::kinds::Lang;
use crate::model::planned::{Item, ItemKind};
use crate::policy::finance::{calendar, cash_flow};
use crate::report::document::{Cell, Section, Table, pick, plain};
use crate::report::number::{grouped_decimal, money};
use crate::report::plan_document::{money_cell, money_heading, payer};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The id of the whole plan.
const WHOLE: &str = "plan";
/// Costs of the years.
const COSTS: &str = "costs";
/// Electricity and carbon.
const ENERGY: &str = "energy";
/// Value against money; one step of it is `curve-N`.
const CURVE: &str = "curve";
/// What the stages of planning build. A stage that is solved together with others has no bound of its own.
const STAGES: [(&str, &[&str]); 3] = [
    ("stations", &["station", "indoor"]),
    ("fiber", &["trench", "crossing", "submarine", "duct", "pon", "lead-in"]),
    ("datacenters", &["data-center"]),
];

fn list<'a>(run: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    run[key].as_array().into_iter().flatten()
}

/// What a sum is made of, and the same for programs; none when the id names no sum of the run.
pub(super) fn totals(run: &Value, id: &str, lang: Lang) -> Option<(Vec<Section>, Value)> {
    if list(run, "items").next().is_none() && list(run, "certificates").next().is_none() {
        return None;
    }
    if id == WHOLE {
        let mut sections = vec![items(run, &|_| true, lang)];
        sections.extend(years(run, lang));
        sections.push(proofs(run, &|_| true, lang));
        return Some((
            sections,
            json!({ "summary": run["summary"], "items": run["items"], "certificates": run["certificates"] }),
        ));
    }
    match id {
        COSTS => return Some((years(run, lang).into_iter().collect(), json!({ "items": run["items"] }))),
        ENERGY => return energy(run, lang).map(|sections| (sections, json!({ "energy": run["energy"] }))),
        _ => {}
    }
    if id == CURVE {
        return Some((vec![curve(run, None, lang)], json!({ "curve": run["curve"] })));
    }
    if let Some(step) = id.strip_prefix("curve-").and_then(|n| n.parse::<usize>().ok()) {
        let found = run["curve"].get(step.checked_sub(1)?)?;
        return Some((vec![curve(run, Some(step), lang)], json!({ "curve": [found] })));
    }
    let named = |i: &&Value| i["payer"].as_str() == Some(id) || i["kind"].as_str() == Some(id);
    let found: Vec<&Value> = list(run, "items").filter(named).collect();
    // Of a kind that this plan has nothing of, that is the answer.
    if !found.is_empty() || serde_json::from_value::<ItemKind>(json!(id)).is_ok() {
        return Some((vec![items(run, &|i| named(&i), lang)], json!({ "items": found })));
    }
    let own = |c: &Value| c["stage"].as_str() == Some(id);
    let whole = |c: &Value| c["stage"].as_str() == Some(WHOLE);
    let proven = list(run, "certificates").any(own);
    let found: Vec<&Value> =
        list(run, "certificates").filter(|c| if proven { own(c) } else { whole(c) }).collect();
    let Some((_, kinds)) = STAGES.iter().find(|s| s.0 == id) else {
        return proven.then(|| (vec![proofs(run, &own, lang)], json!({ "certificates": found })));
    };
    let built = |i: &Value| i["kind"].as_str().is_some_and(|k| kinds.contains(&k));
    let lines: Vec<&Value> = list(run, "items").filter(|i| built(i)).collect();
    let mut proofs = proofs(run, &|c| if proven { own(c) } else { whole(c) }, lang);
    if !proven {
        proofs.text.push(
            pick(
                lang,
                "This stage is solved together with the others as one problem: its bound is that of the whole plan.",
                "本阶段与其他阶段作为一个整体求解，界限即整个方案的界限。",
            )
            .to_owned(),
        );
    }
    Some((vec![items(run, &built, lang), proofs], json!({ "items": lines, "certificates": found })))
}

/// Value against money, all steps or one of them beside the one before it.
fn curve(run: &Value, step: Option<usize>, lang: Lang) -> Section {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut head = heads(lang, &[("step", "步骤")]);
    head.push(money_heading(lang, "cost", "累计投入"));
    head.extend(heads(
        lang,
        &[
            ("sites lifted", "达标企业"),
            ("points gained", "得分增量"),
            ("most possible", "增量上界"),
            ("gap", "差距"),
            ("points more than the step before", "较上一步增加得分"),
        ],
    ));
    head.push(money_heading(lang, "cost more", "较上一步增加投入"));
    head.push(t("points per ¥ M of it", "每百万元增加得分"));
    let mut table = Table::new("curve", t("Value against money", "投入与收益"), head);
    let of = |s: &Value, key: &str| s[key].as_f64().unwrap_or(0.0);
    let mut before = (0.0, 0.0);
    for (n, s) in list(run, "curve").enumerate() {
        let (cost, gain, bound) = (of(s, "cost_cny"), of(s, "gain"), of(s, "gain_bound"));
        let (more_cost, more_gain) = (cost - before.0, gain - before.1);
        before = (cost, gain);
        if step.is_some_and(|step| step != n + 1) {
            continue;
        }
        table.push(vec![
            Cell::Count(n as i64 + 1),
            money_cell(lang, cost),
            cell(&s["sites"], 0),
            Cell::Number(gain, 1),
            Cell::Number(bound, 1),
            if gain > 0.0 { Cell::Share((bound - gain).max(0.0) / gain) } else { Cell::Blank },
            Cell::Number(more_gain, 1),
            money_cell(lang, more_cost),
            if more_cost > 0.0 { Cell::Number(more_gain / more_cost * 1e6, 1) } else { Cell::Blank },
        ]);
    }
    let text = t(
        "Each step is a plan of its own for that money, not the one before with something added. Points: Σ over sites of weight × \
         (score after − score today), as far as below target; most possible: proven, no plan for that money gains more; gap = \
         (most possible − gained) / gained.",
        "每一步为该投入下的独立最优方案，并非上一步的追加。得分增量：Σ 权重 ×（规划后评分 − 现状评分），以不达标部分计；增量上界已证明：同等投入下任何方案不超过该值；\
         差距 =（上界 − 增量）/ 增量。",
    );
    Section { title: t("Value against money", "投入与收益"), text: vec![text], tables: vec![table] }
}

/// Electricity and carbon that the plan adds, line by line; none where the run doesn't tell them.
fn energy(run: &Value, lang: Lang) -> Option<Vec<Section>> {
    run["energy"].as_array()?;
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let head = [
        ("facility", "设施"),
        ("city or center", "地市或数据中心"),
        ("MWh/yr", "兆瓦时/年"),
        ("kg CO2/kWh", "千克CO2/千瓦时"),
        ("tCO2/yr", "吨CO2/年"),
    ];
    let mut table = Table::new("energy", t("Lines that add up", "构成明细"), heads(lang, &head));
    let (mut kwh, mut carbon) = (0.0, 0.0);
    for l in list(run, "energy") {
        let of = |key: &str| l[key].as_f64().unwrap_or(0.0);
        kwh += of("kwh_yr");
        carbon += of("carbon_t_yr");
        let stations = l["what"] == "stations";
        table.push(vec![
            Cell::Text(if stations {
                t("new stations", "新建基站")
            } else {
                t("data center", "数据中心")
            }),
            cell(&l["of"], 0),
            Cell::Number(of("kwh_yr") / 1e3, 1),
            if l["kg_kwh"].is_null() { Cell::Nothing } else { cell(&l["kg_kwh"], 4) },
            Cell::Number(of("carbon_t_yr"), 1),
        ]);
    }
    table.total = Some(vec![
        Cell::Text(t("total", "合计")),
        Cell::Blank,
        Cell::Number(kwh / 1e3, 1),
        Cell::Blank,
        Cell::Number(carbon, 1),
    ]);
    let text = t(
        "Carbon = electricity × the factor of its line. Stations: energy_kwh_yr of each, added up by city (their own figures by id). A \
         center: IT power × PUE × 8,760 hours; its factor is that of the region it stands in, else of the province of its national \
         cluster, else the national one.",
        "碳排放 = 用电量 × 该行因子。基站：各站 energy_kwh_yr 按地市合计（可按编号查看）。数据中心：IT 功率 × PUE × 8760 小时；因子取所在区域，其次国家枢纽集群所在省，再次全国值。",
    );
    let lines =
        Section { title: t("What it adds up", "合计构成"), text: vec![text], tables: vec![table] };
    Some(vec![lines, super::assumptions(run, &["energy.", "siting.station_kw", "datacenter.rack_kw"], lang)])
}

/// Names of the sums, for suggestions.
pub(super) fn names(run: &Value) -> Vec<&str> {
    let of =
        |list_key: &str, key: &str| list(run, list_key).filter_map(|i| i[key].as_str()).collect::<Vec<_>>();
    let mut names = vec![WHOLE, COSTS, ENERGY, CURVE];
    names.extend(
        STAGES.iter().flat_map(|(stage, kinds)| std::iter::once(*stage).chain(kinds.iter().copied())),
    );
    names.extend(of("items", "payer"));
    names.extend(of("certificates", "stage"));
    names
}

/// What a city builds, where it builds anything.
pub(super) fn of_city(run: &Value, adcode: &str, lang: Lang) -> Option<Section> {
    let own = |i: &Value| i["city"].as_str() == Some(adcode);
    list(run, "items").any(own).then(|| items(run, &own, lang))
}

/// Lines of the task table, and their sum.
fn items(run: &Value, of: &dyn Fn(&Value) -> bool, lang: Lang) -> Section {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut head = heads(
        lang,
        &[
            ("kind", "内容"),
            ("city", "地市"),
            ("payer", "出资方"),
            ("year", "年度"),
            ("quantity", "数量"),
            ("unit", "单位"),
        ],
    );
    head.push(money_heading(lang, "capex", "投资"));
    head.push(money_heading(lang, "opex/yr", "年运营"));
    let mut table = Table::new("items", t("Lines that add up", "构成明细"), head);
    let (mut capex, mut opex) = (0.0, 0.0);
    for i in list(run, "items").filter(|i| of(i)) {
        let yuan = |key: &str| i[key].as_f64().unwrap_or(0.0);
        capex += yuan("capex_cny");
        opex += yuan("opex_cny_yr");
        table.push(vec![
            cell(&i["kind"], 0),
            cell(&i["city"], 0),
            Cell::Text(payer(i["payer"].as_str().unwrap_or_default(), lang)),
            cell(&i["phase"], 0),
            cell(&i["quantity"], 2),
            cell(&i["unit"], 0),
            money_cell(lang, yuan("capex_cny")),
            money_cell(lang, yuan("opex_cny_yr")),
        ]);
    }
    let mut total = vec![Cell::Text(t("total", "合计"))];
    total.resize(6, Cell::Blank);
    total.extend([money_cell(lang, capex), money_cell(lang, opex)]);
    table.total = Some(total);
    let n = table.rows.len();
    // The task table has a row for each city, party and year; kinds of work share one.
    let key = |i: &Value| [&i["city"], &i["payer"], &i["phase"]].map(Value::to_string);
    let rows = list(run, "items").filter(|i| of(i)).map(key).collect::<BTreeSet<_>>().len();
    let (capex, opex) = (money(capex, lang == Lang::Zh), money(opex, lang == Lang::Zh));
    let text = match lang {
        Lang::En => format!(
            "{capex} and {opex} a year: the sum of {n} lines by kind of work, which stand in {rows} rows of the task table (city × party × year). A line is the sum of its stations, segments, lead-ins or centers, each of which can be explained by its id."
        ),
        Lang::Zh => format!(
            "{capex}，年运营 {opex}：为 {n} 行（按内容）之和，对应任务分解表（地市 × 责任方 × 年度）{rows} 行；每行为其基站、光缆段、引入或机房之和，均可按编号解释。"
        ),
    };
    Section { title: t("What it adds up", "合计构成"), text: vec![text], tables: vec![table] }
}

/// The items of a run as the plan had them.
fn planned_items(run: &Value) -> Vec<Item> {
    list(run, "items")
        .filter_map(|i| {
            Some(Item {
                kind: serde_json::from_value(i["kind"].clone()).ok()?,
                city: i["city"].as_str().unwrap_or_default().to_owned(),
                payer: i["payer"].as_str().unwrap_or_default().to_owned(),
                phase: u32::try_from(i["phase"].as_u64()?).ok()?,
                quantity: i["quantity"].as_f64()?,
                unit: if i["unit"] == "km" { "km" } else { "pcs" },
                capex_cny: i["capex_cny"].as_f64()?,
                opex_cny_yr: i["opex_cny_yr"].as_f64()?,
            })
        })
        .collect()
}

/// The costs of the years, with the formula.
fn years(run: &Value, lang: Lang) -> Option<Section> {
    let plan = serde_json::from_value(run["configuration"]["plan"].clone()).ok()?;
    let flow = cash_flow(&planned_items(run), &plan);
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut head = heads(lang, &[("year", "年度"), ("calendar year", "年份")]);
    head.push(money_heading(lang, "capex", "投资"));
    head.push(money_heading(lang, "running costs", "运营费"));
    head.push(money_heading(lang, "present value", "现值"));
    let mut table = Table::new("years", t("Costs year by year", "逐年费用"), head);
    for y in &flow.years {
        table.push(vec![
            Cell::Count(i64::from(y.year)),
            calendar(&plan.start, y.year).map_or(Cell::Unknown, |c| Cell::Text(c.to_string())),
            money_cell(lang, y.capex_cny),
            money_cell(lang, y.opex_cny),
            money_cell(lang, y.present_cny),
        ]);
    }
    let zh = lang == Lang::Zh;
    let (present, tco) = (money(flow.present_cny, zh), money(flow.tco_cny(), zh));
    let rate = grouped_decimal(flow.rate * 100.0, 1);
    let text = match lang {
        Lang::En => format!(
            "present value {present} = Σ capex of year t / (1 + {rate} %)^(t − 1) + Σ running costs of year t / (1 + {rate} %)^t; total cost of ownership {tco}"
        ),
        Lang::Zh => format!(
            "现值 {present} = Σ 第 t 年投资 / (1 + {rate} %)^(t − 1) + Σ 第 t 年运营费 / (1 + {rate} %)^t；总拥有成本 {tco}"
        ),
    };
    Some(Section { title: t("Present value", "现值"), text: vec![text], tables: vec![table] })
}

/// What is proven.
fn proofs(run: &Value, of: &dyn Fn(&Value) -> bool, lang: Lang) -> Section {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let head = [
        ("stage", "阶段"),
        ("objective", "目标"),
        ("unit", "单位"),
        ("reached", "达到"),
        ("bound", "界限"),
        ("gap", "差距"),
    ];
    let mut table = Table::new("proofs", t("What is proven", "最优性证明"), heads(lang, &head));
    for c in list(run, "certificates").filter(|c| of(c)) {
        let meaning = c["meaning"].get(usize::from(lang == Lang::Zh)).and_then(Value::as_str);
        table.push(vec![
            cell(&c["stage"], 0),
            meaning.map_or(Cell::Unknown, |m| Cell::Text(plain(m))),
            cell(&c["unit"], 0),
            cell(&c["objective"], 2),
            cell(&c["bound"], 2),
            Cell::share(c["gap"].as_f64()),
        ]);
    }
    let text = t(
        "gap = |reached − bound| / |reached|; no plan under the same assumptions does better than the bound.",
        "差距 = |达到 − 界限| / |达到|；相同假设下没有方案优于界限。",
    );
    Section { title: t("Bounds", "界限"), text: vec![text], tables: vec![table] }
}
