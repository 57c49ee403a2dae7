//! The order of building step by step, and the sites whose cells are full.

use super::coverage_document::{MAX_ROWS, headings, say};
use super::document::{Cell, Section, Table, pick, plain};
use super::layers::View;
use super::number::grouped_decimal;
use super::plan_document::{money_cell, money_heading};
use super::plan_layers::build_label;
use crate::coverage::{Assessment, NetworkAtSite};
use crate::model::kinds::Lang;
use crate::model::planned::{Held, Station};
use crate::plan::Plan;
use std::collections::{BTreeMap, BTreeSet};

/// Every step in its order, with what decides its place.
pub(super) fn order(plan: &Plan, lang: Lang) -> Option<Section> {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut table = Table::new(
        "order",
        t("Steps of building, in their order", "建设次序（逐项）"),
        vec![
            t("step", "序号"),
            t("station or site", "基站或企业"),
            t("what", "内容"),
            t("year", "年度"),
            t("points gained", "得分增量"),
            money_heading(lang, "capex of what is new", "新增投资"),
            t("trench km that is new", "新挖沟公里"),
            t("points per ¥ M", "每百万元得分"),
            t("moved on by", "顺延原因"),
        ],
    )
    .short(t("Order of building", "建设次序"));
    let stations: BTreeMap<&str, &Station> = plan.stations.iter().map(|s| (s.id.as_str(), s)).collect();
    for step in plan.order.iter().take(MAX_ROWS) {
        let label = match stations.get(step.id.as_str()) {
            Some(s) => build_label(s.build),
            None if plan.centers.iter().any(|c| c.id == step.id) => ("edge node", "边缘节点"),
            None => ("fiber to a factory", "企业光纤接入"),
        };
        table.push(vec![
            Cell::Count(i64::from(step.rank)),
            Cell::words(Some(&step.id)),
            Cell::Text(t(label.0, label.1)),
            Cell::Count(i64::from(step.phase)),
            Cell::Number(step.gain, 1),
            money_cell(lang, step.capex_cny),
            Cell::Number(step.trench_m / 1e3, 3),
            Cell::Number(step.points_per_mcny, 1),
            step.held_by.map_or(Cell::Nothing, |h| {
                let why = match h {
                    Held::Budget => ("the year's money", "年度额度"),
                    Held::Stations => ("stations a year", "年度建站能力"),
                    Held::Trench => ("trench a year", "年度施工能力"),
                };
                Cell::Text(t(why.0, why.1))
            }),
        ]);
    }
    table.all_rows = plan.order.len();
    let text = t(
        "Each step is the one that gains most points per yuan of what isn't there yet: what an earlier step has dug or lit is free to the later ones.",
        "每一步选取单位新增投资得分最高者：前序步骤已开挖、已开通的部分，后续步骤不再计费。",
    );
    (!plan.order.is_empty()).then(|| Section {
        title: t("In which order, and why", "建设次序与依据"),
        text: vec![text],
        tables: vec![table],
    })
}

/// The network that a site is best on.
fn best(found: &Assessment, site: usize) -> Option<&NetworkAtSite> {
    let networks = found.networks.len().max(1);
    let of = usize::from(found.sites.get(site)?.best_network?.0);
    found.at_network.get(site * networks + of)
}

/// The least part, down or up, of what a site asks for that its cell can carry; none where that isn't known or
/// nothing is missing.
fn short(found: &Assessment, site: usize) -> Option<f64> {
    let parts = best(found, site)?.served;
    parts.iter().filter_map(|s| s.get()).filter(|s| *s < 1.0).reduce(f64::min)
}

/// Sites that more capacity would help, and what the plan does for them.
pub(super) fn full_cells(v: View, plan: &Plan, lang: Lang) -> Option<Section> {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut sites: Vec<(f64, usize)> =
        (0..plan.before.sites.len()).filter_map(|i| Some((short(&plan.before, i)?, i))).collect();
    sites.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut table = Table::new(
        "full_cells",
        t("Sites on full cells, the shortest served first", "服务小区已满的企业（承载比例低者在前）"),
        headings(
            lang,
            &[
                ("site", "企业编号"),
                ("name", "企业名称"),
                ("city", "地市"),
                ("network", "网络"),
                ("carried", "可承载"),
                ("carried after", "规划后可承载"),
                ("score", "评分"),
                ("score after", "规划后评分"),
            ],
        ),
    )
    .short(t("Full cells", "满载小区企业"));
    for &(part, i) in sites.iter().take(MAX_ROWS) {
        let network = plan.before.sites[i].best_network.and_then(|n| v.found.networks.get(usize::from(n.0)));
        let score = |a: &Assessment| a.sites.get(i).and_then(|s| s.score.total.get());
        table.push(vec![
            Cell::words(Some(v.site_id(i))),
            Cell::words(v.site_name(i)),
            Cell::words(v.site_city(i)),
            network.map_or(Cell::Unknown, |n| Cell::Text(plain(n))),
            Cell::Share(part),
            Cell::Share(short(&plan.after, i).unwrap_or(1.0)),
            Cell::number(score(&plan.before), 1),
            Cell::number(score(&plan.after), 1),
        ]);
    }
    table.all_rows = sites.len();
    let count = |n: usize| say(v, n as u64, lang);
    let still = count(sites.iter().filter(|(_, i)| short(&plan.after, *i).is_some()).count());
    let below = |a: &Assessment| {
        let gaps: BTreeSet<usize> = a.gaps.iter().map(|g| g.site.at()).collect();
        count(sites.iter().filter(|s| gaps.contains(&s.1)).count())
    };
    let (n, before, after) = (count(sites.len()), below(&plan.before), below(&plan.after));
    let mean = sites.iter().map(|s| s.0).sum::<f64>() / sites.len().max(1) as f64;
    let share = grouped_decimal(mean * 100.0, 0);
    let text = match lang {
        Lang::En => format!(
            "{n} sites are on cells that can't carry all that is asked of them in the busy hour ({share} % on average); after the \
             plan {still} of them still are. Below target: {before} before, {after} after. What a cell lacks lowers \
             the rates and with them the score, so that capacity competes like any other gap; \
             siting.upgrade_carrier offers another carrier on the masts that stand."
        ),
        Lang::Zh => format!(
            "{n} 家企业的服务小区在忙时无法承载全部业务（平均可承载 {share} %）；规划后仍有 {still} 家。其中不达标企业：规划前 \
             {before} 家，规划后 {after} 家。小区容量不足会降低速率与评分，与其他缺口同等参与优选；设置 \
             siting.upgrade_carrier 后可在存量站增加载波。"
        ),
    };
    (!sites.is_empty()).then(|| Section {
        title: t("Whose cells are full", "哪些企业的小区已满"),
        text: vec![text],
        tables: vec![table],
    })
}
