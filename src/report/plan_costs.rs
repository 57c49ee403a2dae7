//! What a plan costs: each year by payer as a chart, year by year and at present value as a table.

use super::chart::{Chart, Columns};
use super::document::{Cell, Section, Table, pick};
use super::layers::View;
use super::number::{grouped_decimal, money};
use super::plan_document::{money_cell, money_heading, payer};
use crate::model::kinds::Lang;
use crate::plan::Plan;
use crate::policy::finance::{calendar, cash_flow};
use std::collections::BTreeMap;

/// A year of the plan as people write it.
fn year_name(v: View, year: u32, lang: Lang) -> String {
    match (calendar(&v.settings.plan.start, year), lang) {
        (Some(y), Lang::En) => y.to_string(),
        (Some(y), Lang::Zh) => format!("{y}年"),
        (None, Lang::En) => format!("year {year}"),
        (None, Lang::Zh) => format!("第{year}年"),
    }
}

/// Capex of each year by payer.
pub(super) fn phases(v: View, plan: &Plan, lang: Lang) -> Option<Chart> {
    let last = plan.items.iter().map(|i| i.phase).max()?;
    let mut by: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    let unit = if lang == Lang::Zh { 1e4 } else { 1e6 };
    for i in &plan.items {
        let years = by.entry(&i.payer).or_insert_with(|| vec![0.0; last.max(1) as usize]);
        if let Some(sum) = years.get_mut(i.phase.max(1) as usize - 1) {
            *sum += i.capex_cny / unit;
        }
    }
    let mut parts: Vec<(String, Vec<f64>)> = by.into_iter().map(|(p, y)| (payer(p, lang), y)).collect();
    parts.retain(|(_, y)| y.iter().any(|v| *v > 0.0));
    parts.sort_by(|a, b| b.1.iter().sum::<f64>().total_cmp(&a.1.iter().sum()));
    let names = (1..=last.max(1)).map(|y| year_name(v, y, lang)).collect();
    (!parts.is_empty())
        .then(|| Chart::Columns(Columns { up: money_heading(lang, "capex", "投资"), names, parts }))
}

/// What it costs year by year, and at present value.
pub(super) fn cash(v: View, plan: &Plan, lang: Lang) -> Section {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let flow = cash_flow(&plan.items, &v.settings.plan);
    let mut table = Table::new(
        "cash",
        t("Costs year by year", "逐年费用"),
        vec![
            t("year", "年度"),
            t("calendar year", "年份"),
            money_heading(lang, "capex", "投资"),
            money_heading(lang, "running costs", "运营费"),
            money_heading(lang, "both at present value", "现值合计"),
        ],
    );
    for y in flow.years.iter().filter(|_| flow.tco_cny() > 0.0) {
        table.push(vec![
            Cell::Count(i64::from(y.year)),
            y.calendar.map_or(Cell::Unknown, |c| Cell::Text(c.to_string())),
            money_cell(lang, y.capex_cny),
            money_cell(lang, y.opex_cny),
            money_cell(lang, y.present_cny),
        ]);
    }
    table.total = Some(vec![
        Cell::Text(t("total", "合计")),
        Cell::Blank,
        money_cell(lang, flow.capex_cny),
        money_cell(lang, flow.opex_cny),
        money_cell(lang, flow.present_cny),
    ]);
    let (tco, present) = (money(flow.tco_cny(), lang == Lang::Zh), money(flow.present_cny, lang == Lang::Zh));
    let (years, rate) = (flow.years.len(), grouped_decimal(flow.rate * 100.0, 1));
    let text = match lang {
        Lang::En => format!(
            "Total cost of ownership over {years} years: {tco}; {present} at present value with a discount rate of {rate} % (plan.discount_rate). Capex is paid at the beginning of a year, running costs at its end."
        ),
        Lang::Zh => format!(
            "{years} 年总拥有成本 {tco}；按折现率 {rate} %（plan.discount_rate）现值 {present}。投资按年初、运营费按年末计。"
        ),
    };
    Section {
        title: t("What it costs over the years", "全周期费用"), text: vec![text], tables: vec![table]
    }
}
