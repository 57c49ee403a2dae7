//! Explains sums: the plan as a whole (`plan`), what a party pays, what a kind of work comes to, what a city
//! builds, what a stage of the optimisation proves. Each is taken apart into the lines that it adds up.

use super::{cell, heads};
use crate::model::kinds::Lang;
use crate::model::planned::Item;
use crate::policy::finance::{calendar, cash_flow};
use crate::report::document::{Cell, Section, Table, pick, plain};
use crate::report::number::{grouped_decimal, money};
use crate::report::plan_document::{money_cell, money_heading, payer};
use serde_json::{Value, json};

/// The id of the whole plan.
const WHOLE: &str = "plan";

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
    let named = |i: &&Value| i["payer"].as_str() == Some(id) || i["kind"].as_str() == Some(id);
    let found: Vec<&Value> = list(run, "items").filter(named).collect();
    if !found.is_empty() {
        return Some((vec![items(run, &|i| named(&i), lang)], json!({ "items": found })));
    }
    let of_stage = |c: &Value| c["stage"].as_str() == Some(id);
    let found: Vec<&Value> = list(run, "certificates").filter(|c| of_stage(c)).collect();
    (!found.is_empty()).then(|| (vec![proofs(run, &of_stage, lang)], json!({ "certificates": found })))
}

/// Names of the sums, for suggestions.
pub(super) fn names(run: &Value) -> Vec<&str> {
    let of =
        |list_key: &str, key: &str| list(run, list_key).filter_map(|i| i[key].as_str()).collect::<Vec<_>>();
    let mut names = vec![WHOLE];
    names.extend(of("items", "payer"));
    names.extend(of("items", "kind"));
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
    let (capex, opex) = (money(capex, lang == Lang::Zh), money(opex, lang == Lang::Zh));
    let text = match lang {
        Lang::En => format!(
            "{capex} and {opex} a year: the sum of {n} lines of the task table. A line is the sum of its stations, segments, lead-ins or centers, each of which can be explained by its id."
        ),
        Lang::Zh => format!(
            "{capex}，年运营 {opex}：为任务分解表 {n} 行之和；每行为其基站、光缆段、引入或机房之和，均可按编号解释。"
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
