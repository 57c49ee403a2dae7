//! The report on a plan: what is built, what it costs, who pays, and what is proven about it.

use super::assumptions::assumptions;
use super::center_layers::hall_label;
use super::center_words::{center_name, pue_from};
use super::chart::{Chart, Lines};
use super::coverage_document::{
    MAX_ROWS, banners, coverage_document, data_quality, headings, headline, notes, today,
};
use super::document::{Cell, Document, Section, Table, pick, plain, quoted};
use super::front;
use super::layers::View;
use super::materials;
use super::number::{grouped, grouped_decimal, money};
use super::other_questions::others;
use super::plan_costs;
use super::plan_headline::{built, gap_percent, proven_line, without_fiber};
use super::plan_layers::{build_label, item_label, split_text};
use super::plan_order;
use super::write::RunInfo;
use crate::coverage::KpiGroup;
use crate::model::kinds::Lang;
use crate::model::operators::operator_zh;
use crate::model::planned::{BudgetStep, ConnectionState, Item, ItemKind, PonKind, Station, StationBuild};
use crate::model::words::counted;
use crate::plan::Plan;
use crate::policy::energy;
use std::collections::BTreeMap;

/// The report of `covplan plan`; of coverage alone when the view has no plan.
#[must_use]
pub fn plan_document(v: View, run: &RunInfo) -> Document {
    let Some(plan) = v.plan else { return coverage_document(v, run) };
    let lang = run.lang;
    let mut head = vec![built(v, plan, lang)];
    head.extend(without_fiber(plan, lang));
    head.extend(headline(v, lang));
    head.extend(proven_line(plan, lang));
    let mut sections = vec![measures(plan, lang), tasks(v, plan, lang)];
    sections.extend(plan_order::order(plan, lang));
    sections.extend([
        plan_costs::cash(v, plan, lang),
        curve(v, plan, lang),
        stations(v, plan, lang),
        fiber(v, plan, lang),
        centers(v, plan, lang),
        energy_section(v, plan, lang),
    ]);
    sections.extend(plan_order::full_cells(v, plan, lang));
    sections.extend(today(v, lang));
    sections.push(others(lang));
    sections.push(certificates(v, plan, lang));
    sections.push(notes(lang, &[&plan.notes, &plan.before.notes]));
    sections.push(data_quality(v, lang));
    sections.push(assumptions(v, lang));
    let mut next = Vec::new();
    if let Some(id) = plan.stations.first().map(|s| &s.id).or(plan.routes.first().map(|r| &r.id)) {
        next.push(format!("covplan explain DIR {}", quoted(&plain(id))));
    }
    if !plan.items.is_empty() {
        next.push("covplan explain DIR plan".to_owned());
    }
    if let Some(gap) = plan.before.gaps.first() {
        next.push(format!("covplan explain DIR {}", quoted(&plain(v.site_id(gap.site.at())))));
    }
    Document {
        lang,
        front: front::of_plan(v, plan, lang),
        title: format!("{} – {}", plain(&run.title), pick(lang, "plan", "规划方案")),
        banners: banners(v, lang, plan.stopped_early),
        headline: head,
        sections,
        next,
    }
}

pub(super) fn zh(lang: Lang) -> bool {
    lang == Lang::Zh
}

/// Heading of a money column, and yuan in its unit.
pub(super) fn money_heading(lang: Lang, en: &str, zh: &str) -> String {
    match lang {
        Lang::En => format!("{en} ¥ M"),
        Lang::Zh => format!("{zh}（万元）"),
    }
}

pub(super) fn money_cell(lang: Lang, cny: f64) -> Cell {
    match lang {
        Lang::En => Cell::Number(cny / 1e6, 3),
        Lang::Zh => Cell::Number(cny / 1e4, 1),
    }
}

pub(super) fn fixed_count(n: usize) -> String {
    grouped(i64::try_from(n).unwrap_or(i64::MAX))
}

/// A party as people call it; names that the catalogue doesn't use stay as they are.
pub(super) fn payer(code: &str, lang: Lang) -> String {
    let (en, chinese) = match code {
        "" => ("nobody named", "未指定"),
        "operator" => ("operator", "运营商"),
        "tower" => ("tower company", "铁塔公司"),
        "firm" => ("firm", "企业"),
        "government" => ("government", "政府"),
        "subsidy" => ("subsidy", "财政补助"),
        // Operators that share a network build it together.
        other if lang == Lang::Zh => {
            let names: Vec<&str> = other.split('+').map(operator_zh).collect();
            return plain(&names.join("＋"));
        }
        other => return plain(other),
    };
    pick(lang, en, chinese).to_owned()
}

/// Who pays what share of a sum, the largest first.
fn payers(of: &[(String, f64)], whole_cny: f64, lang: Lang) -> String {
    let mut of: Vec<&(String, f64)> = of.iter().collect();
    of.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let share = |cny: f64| 100.0 * cny / whole_cny.max(f64::MIN_POSITIVE);
    let each: Vec<String> =
        of.into_iter().map(|(name, cny)| format!("{} {:.0} %", payer(name, lang), share(*cny))).collect();
    each.join(pick(lang, ", ", "、"))
}

fn measures(plan: &Plan, lang: Lang) -> Section {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut by_kind: BTreeMap<(ItemKind, &str), (f64, f64, f64)> = BTreeMap::new();
    for i in &plan.items {
        let e = by_kind.entry((i.kind, i.unit)).or_default();
        *e = (e.0 + i.quantity, e.1 + i.capex_cny, e.2 + i.opex_cny_yr);
    }
    let mut table = Table::new(
        "measures",
        t("Measures", "建设内容"),
        vec![
            t("measure", "内容"),
            t("quantity", "数量"),
            t("unit", "单位"),
            money_heading(lang, "capex", "投资"),
            money_heading(lang, "opex/yr", "年运营"),
        ],
    )
    .brief();
    for ((kind, unit), (quantity, capex, opex)) in &by_kind {
        let (_, en, chinese) = item_label(*kind);
        let decimals = if *unit == "km" { 2 } else { 0 };
        table.push(vec![
            Cell::Text(t(en, chinese)),
            Cell::Number(*quantity, decimals),
            Cell::Text(t(unit, if *unit == "pcs" { "个" } else { unit })),
            money_cell(lang, *capex),
            money_cell(lang, *opex),
        ]);
    }
    table.total = Some(vec![
        Cell::Text(t("total", "合计")),
        Cell::Blank,
        Cell::Blank,
        money_cell(lang, plan.capex_cny()),
        money_cell(lang, plan.opex_cny_yr()),
    ]);
    let proven = plan.certificates.iter().find(|c| c.stage == "plan").or(plan.certificates.first());
    // A plan within a budget buys points; without one it closes gaps.
    let bought = proven.is_some_and(|c| c.maximise);
    let text = proven.map(|c| {
        let gap = gap_percent(c.gap).unwrap_or_else(|| t("no share", "无法给出"));
        match lang {
            Lang::En => {
                format!(
                    "Proven within {gap} of the optimum ({}: {}).",
                    stage_word(c.stage, lang),
                    c.meaning.0
                )
            }
            Lang::Zh => {
                format!("已证明与最优解相差不超过 {gap}（{}：{}）。", stage_word(c.stage, lang), c.meaning.1)
            }
        }
    });
    Section {
        title: if bought {
            t("What the budget buys", "预算内的最优方案")
        } else {
            t("The cheapest way to close the gaps", "补齐缺口的最省方案")
        },
        text: text.into_iter().collect(),
        tables: vec![table],
    }
}

fn tasks(v: View, plan: &Plan, lang: Lang) -> Section {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    #[derive(Default, Clone, Copy)]
    struct Sum {
        stations: f64,
        km: f64,
        capex: f64,
        opex: f64,
    }
    fn add(s: &mut Sum, i: &Item) {
        if matches!(i.kind, ItemKind::Station | ItemKind::Indoor) {
            s.stations += i.quantity;
        }
        if i.unit == "km" {
            s.km += i.quantity;
        }
        s.capex += i.capex_cny;
        s.opex += i.opex_cny_yr;
    }
    let mut by: BTreeMap<(&str, &str, u32), Sum> = BTreeMap::new();
    let mut total = Sum::default();
    for i in &plan.items {
        add(by.entry((&i.city, &i.payer, i.phase)).or_default(), i);
        add(&mut total, i);
    }
    let cells = |s: &Sum| {
        [
            Cell::Number(s.stations, 0),
            Cell::Number(s.km, 2),
            money_cell(lang, s.capex),
            money_cell(lang, s.opex),
        ]
    };
    let mut table = Table::new(
        "tasks",
        t("Task table: city × party × year", "任务分解表：地市 × 责任方 × 年度"),
        vec![
            t("city", "地市"),
            t("party", "责任方"),
            t("year", "年度"),
            t("stations", "基站数"),
            t("km", "公里"),
            money_heading(lang, "capex", "投资"),
            money_heading(lang, "opex/yr", "年运营"),
        ],
    )
    .short(t("Tasks", "任务分解表"))
    .brief();
    for ((city, party, phase), sum) in &by {
        let name = if *city == "unknown" {
            t("outside the regions", "区划之外")
        } else {
            plain(v.region_name(city))
        };
        let mut row = vec![Cell::Text(name), Cell::Text(payer(party, lang)), Cell::Count(i64::from(*phase))];
        row.extend(cells(sum));
        table.push(row);
    }
    let mut sums = vec![Cell::Text(t("total", "合计")), Cell::Blank, Cell::Blank];
    sums.extend(cells(&total));
    table.total = Some(sums);
    let table = table.drawn(plan_costs::phases(v, plan, lang));
    let text = vec![t(
        "Year by year the plan hangs together: what is built needs only what stands before it. The most weighted points per yuan come first; a trench is dug once, in the first year that anybody needs it.",
        "逐年方案自成体系：当年建设只依赖此前已建成部分；单位投资加权得分高者先建；同一沟槽只挖一次，在最早需要的年份施工。",
    )];
    Section { title: t("Who must build what, when", "任务分解"), text, tables: vec![table] }
}

fn curve(v: View, plan: &Plan, lang: Lang) -> Section {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut table = Table::new(
        "budget",
        t("Value against money: stations, indoor systems and fiber", "投入与收益：基站、室分与光缆"),
        vec![
            money_heading(lang, "cost", "累计投入"),
            t("sites lifted", "达标企业"),
            t("points gained", "得分增量"),
            t("most possible", "增量上界"),
            t("gap", "差距"),
            money_heading(lang, "per site", "每企业"),
            money_heading(lang, "per further site", "每新增企业"),
            t("payer", "出资方"),
        ],
    )
    .short(t("Value against money", "投入与收益"))
    .brief();
    let mut before = (0.0, 0u64);
    for s in &plan.curve {
        let (more_cny, more) = (s.cost_cny - before.0, s.sites.saturating_sub(before.1));
        before = (s.cost_cny, s.sites);
        let gap = (s.gain > 0.0).then(|| (s.gain_bound - s.gain).max(0.0) / s.gain);
        table.push(vec![
            money_cell(lang, s.cost_cny),
            Cell::count(Some(s.sites)),
            Cell::Number(s.gain, 1),
            Cell::Number(s.gain_bound, 1),
            gap.map_or(Cell::Blank, Cell::Share),
            if s.sites > 0 { money_cell(lang, s.cost_cny / s.sites as f64) } else { Cell::Blank },
            if more > 0 { money_cell(lang, more_cny / more as f64) } else { Cell::Blank },
            Cell::Text(payers(&s.payers, s.cost_cny, lang)),
        ]);
    }
    // A budget is one of capex; without one, running costs count too.
    let made_of = if plan.certificates.iter().any(|c| c.stage == "plan" && c.maximise) {
        t("capex and the way to fiber", "建设投资与光缆接入")
    } else {
        t("capex, the way to fiber, running costs at present value", "建设投资、光缆接入与运维现值")
    };
    let text = front::affordable(v, plan).last().filter(|s| s.sites > 0).map(|s| {
        let (spent, sites) = (money(s.cost_cny, zh(lang)), grouped(i64::try_from(s.sites).unwrap_or(0)));
        let next = s.next_cny.map(|c| money(c, zh(lang)));
        match (lang, next) {
            (Lang::En, Some(n)) => {
                let sites = counted(s.sites, "site");
                format!("{spent} ({made_of}) lifts {sites} to target; the next step costs {n}.")
            }
            (Lang::En, None) => {
                format!("{spent} ({made_of}) lifts {} to target.", counted(s.sites, "site"))
            }
            (Lang::Zh, Some(n)) => {
                format!("投入 {spent}（{made_of}）可使 {sites} 家企业达标；下一步需 {n}。")
            }
            (Lang::Zh, None) => format!("投入 {spent}（{made_of}）可使 {sites} 家企业达标。"),
        }
    });
    let unit = if zh(lang) { 1e4 } else { 1e6 };
    let line = |of: fn(&BudgetStep) -> f64| {
        std::iter::once((0.0, 0.0)).chain(plan.curve.iter().map(|s| (s.cost_cny / unit, of(s)))).collect()
    };
    let table = table.drawn((plan.curve.len() > 1).then(|| {
        Chart::Lines(Lines {
            across: money_heading(lang, "cost", "累计投入"),
            up: t("weighted points gained", "加权得分增量"),
            series: vec![
                (t("this plan", "本方案"), line(|s| s.gain)),
                (t("no plan can gain more", "增量上界"), line(|s| s.gain_bound)),
            ],
        })
    }));
    Section {
        title: t("What money buys", "投资能换来什么"),
        text: text.into_iter().collect(),
        tables: vec![table],
    }
}

fn stations(v: View, plan: &Plan, lang: Lang) -> Section {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut table = Table::new(
        "stations",
        t("New stations, in the order of choice", "规划基站（按选择次序）"),
        vec![
            t("station", "基站编号"),
            t("built as", "建设方式"),
            t("network", "网络"),
            t("city", "地市"),
            t("sites lifted", "达标企业"),
            t("points gained", "得分增量"),
            money_heading(lang, "capex", "投资"),
            money_heading(lang, "opex/yr", "年运营"),
            t("payer", "出资方"),
            t("year", "年度"),
            t("owner of the place", "产权单位"),
            t("locked", "锁定"),
        ],
    )
    .short(t("New stations", "规划基站"));
    for s in plan.stations.iter().take(MAX_ROWS) {
        let label = build_label(s.build);
        table.push(vec![
            Cell::words(Some(&s.id)),
            Cell::Text(t(label.0, label.1)),
            Cell::words(Some(&s.network)),
            s.city.as_deref().map_or(Cell::Unknown, |c| Cell::Text(plain(v.region_name(c)))),
            Cell::Count(s.sites_lifted.len() as i64),
            Cell::Number(s.gain, 1),
            money_cell(lang, s.capex_cny),
            money_cell(lang, s.opex_cny_yr),
            Cell::Text(payer(&s.payer, lang)),
            Cell::Count(i64::from(s.phase)),
            s.owner.as_deref().map_or(Cell::Blank, |o| Cell::words(Some(o))),
            Cell::Text(if s.locked { t("yes", "是") } else { t("no", "否") }),
        ]);
    }
    table.all_rows = plan.stations.len();
    let standing = |s: &&Station| matches!(s.build, StationBuild::Indoor | StationBuild::Upgrade);
    let outdoor = plan.stations.iter().filter(|s| !standing(s)).count();
    let shared = plan.stations.iter().filter(|s| s.build == StationBuild::SharedTower).count();
    let mut text = Vec::new();
    if outdoor > 0 {
        let share = grouped_decimal(shared as f64 / outdoor as f64 * 100.0, 1);
        text.push(match lang {
            Lang::En => format!("{share} % of the new outdoor stations stand on existing towers."),
            Lang::Zh => format!("新建室外站中 {share} % 利用现有铁塔。"),
        });
    }
    Section { title: t("Stations, and what they share", "基站与共享"), text, tables: vec![table] }
}

fn fiber(v: View, plan: &Plan, lang: Lang) -> Section {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut table = Table::new(
        "fiber",
        t("Fiber, by year", "规划光缆（按年度）"),
        vec![
            t("segment", "光缆段"),
            t("trench km", "新建沟公里"),
            t("hole km", "管孔公里"),
            t("cable km", "皮长公里"),
            t("fibers", "芯数"),
            t("serves", "服务点数"),
            t("laid as", "敷设方式"),
            t("right of way", "路由来源"),
            t("owner", "产权单位"),
            t("consent", "需同意"),
            money_heading(lang, "capex", "投资"),
            t("payer", "出资方"),
            t("city", "地市"),
            t("year", "年度"),
        ],
    );
    let mut order: Vec<_> = plan.routes.iter().collect();
    order.sort_by_key(|r| (r.phase, std::cmp::Reverse(r.serves)));
    for r in order.into_iter().take(MAX_ROWS) {
        table.push(vec![
            Cell::words(Some(&r.id)),
            Cell::Number(r.trench_m / 1e3, 3),
            Cell::Number(r.hole_m / 1e3, 3),
            Cell::Number(r.cable_m / 1e3, 3),
            Cell::Count(i64::from(r.cable_fibers)),
            Cell::Count(i64::from(r.serves)),
            Cell::Text(t(r.method.code(), r.method.zh())),
            Cell::Text(t(r.basis.code(), r.basis.zh())),
            r.owner.as_deref().map_or(Cell::Blank, |o| Cell::words(Some(o))),
            Cell::Text(if r.consent { t("yes", "是") } else { t("no", "否") }),
            money_cell(lang, r.capex_cny),
            Cell::Text(payer(&r.payer, lang)),
            r.city.as_deref().map_or(Cell::Unknown, |c| Cell::Text(plain(v.region_name(c)))),
            Cell::Count(i64::from(r.phase)),
        ]);
    }
    table.all_rows = plan.routes.len();
    let total: f64 = plan.routes.iter().map(|r| r.length_m).sum();
    let reused: f64 = plan.routes.iter().map(|r| r.hole_m).sum();
    let consent: f64 = plan.routes.iter().filter(|r| r.consent).map(|r| r.hole_m).sum();
    let mut text = Vec::new();
    if total > 0.0 {
        let (n, km) = (fixed_count(plan.routes.len()), grouped_decimal(total / 1e3, 1));
        let share = grouped_decimal(reused / total * 100.0, 1);
        let asked = grouped_decimal(if reused > 0.0 { consent / reused * 100.0 } else { 0.0 }, 1);
        text.push(match lang {
            Lang::En => format!(
                "{}, {km} km, {share} % in existing ducts (owner's consent needed for {asked} % of these).",
                counted(plan.routes.len() as u64, "segment"),
            ),
            Lang::Zh => {
                format!("{n} 段，共 {km} km，其中 {share} % 利用既有管道（其中 {asked} % 需产权方同意）。")
            }
        });
    }
    let mut states: BTreeMap<ConnectionState, usize> = BTreeMap::new();
    for c in &plan.connections {
        *states.entry(c.state).or_default() += 1;
    }
    let mut joined = Table::new(
        "connections",
        t("How sites and stations are joined", "接入情况"),
        headings(lang, &[("state", "状态"), ("sites and stations", "点数")]),
    )
    .short(t("How sites are joined", "接入情况"));
    for (state, n) in states {
        let label = super::plan_layers::state_label(state);
        joined.push(vec![Cell::Text(t(label.0, label.1)), Cell::Count(n as i64)]);
    }
    let mut tables = vec![table, joined];
    text.extend(protection_text(plan, lang));
    tables.extend(unprotected(plan, lang));
    tables.extend(structures(plan, lang));
    if plan.connections.iter().any(|c| c.optical.is_some()) {
        text.push(light_text(plan, lang));
        tables.push(light(plan, lang));
    }
    if !plan.routes.is_empty() {
        tables.push(materials::table(plan, v.settings, lang));
        tables.extend(materials::reused(v, plan, lang));
    }
    Section { title: t("Which fiber first", "光缆建设次序"), text, tables }
}

/// One sentence on those that are to survive a cut.
fn protection_text(plan: &Plan, lang: Lang) -> Option<String> {
    let asked = plan.connections.iter().filter(|c| c.protection.is_some()).count();
    let met = plan.connections.iter().filter(|c| c.survives_a_cut()).count();
    let cut = plan.routes.iter().max_by_key(|r| r.cut_lost).filter(|r| r.cut_lost > 0);
    (asked > 0).then(|| match lang {
        Lang::En => {
            let worst = cut.map_or_else(
                || "no single cut takes anyone down".to_owned(),
                |r| format!("the worst single cut ({}) takes down {} others", plain(&r.id), r.cut_lost),
            );
            format!("Protected: {met} of {asked} that are to have two routes; {worst}.")
        }
        Lang::Zh => {
            let worst = cut.map_or_else(
                || "任一段中断均无影响".to_owned(),
                |r| format!("影响最大的单段中断（{}）涉及其余 {} 个接入点", plain(&r.id), r.cut_lost),
            );
            format!("双路由保护：要求 {asked} 个，已满足 {met} 个；{worst}。")
        }
    })
}

/// Those that are to have two routes and have one, with the reason.
fn unprotected(plan: &Plan, lang: Lang) -> Option<Table> {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let list: Vec<_> = plan
        .connections
        .iter()
        .filter_map(|c| Some((c, c.protection.as_ref().filter(|p| !p.met)?)))
        .collect();
    let mut table = Table::new(
        "unprotected",
        t("To have two routes, but without a second", "要求双路由而未满足"),
        headings(lang, &[("site or station", "接入点"), ("joined", "接入"), ("why", "原因")]),
    )
    .short(t("Without a second route", "缺第二路由"));
    for (c, p) in list.iter().take(MAX_ROWS) {
        let label = super::plan_layers::state_label(c.state);
        table.push(vec![
            Cell::words(Some(&c.id)),
            Cell::Text(t(label.0, label.1)),
            p.reason.as_ref().map_or(Cell::Blank, |r| Cell::Text(t(&plain(&r.0), &plain(&r.1)))),
        ]);
    }
    table.all_rows = list.len();
    (!list.is_empty()).then_some(table)
}

/// The structures that were compared.
fn structures(plan: &Plan, lang: Lang) -> Option<Table> {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut table = Table::new(
        "structures",
        t("Structures compared", "网络结构比较"),
        vec![
            t("structure", "结构"),
            t("chosen", "采用"),
            money_heading(lang, "capex", "投资"),
            money_heading(lang, "opex/yr", "年运营"),
            t("trench km", "沟公里"),
            t("hole km", "孔公里"),
            t("cable km", "皮长公里"),
            t("fiber km", "芯公里"),
            t("new cabinets", "新建光交"),
            t("joined", "接入数"),
            t("with two ways to the core", "双路由保护数"),
            t("worst cut takes down", "单断最多影响"),
            t("a cut takes down on average", "单断平均影响"),
        ],
    )
    .short(t("Structures", "结构比较"));
    for s in &plan.structures {
        table.push(vec![
            Cell::Text(if s.name == "metro" {
                t("feeder rings, distribution, lead-ins", "主干光交环—配线—引入")
            } else {
                t("free tree", "自由树")
            }),
            Cell::Text(if s.chosen { t("yes", "是") } else { t("no", "否") }),
            money_cell(lang, s.capex_cny),
            money_cell(lang, s.opex_cny_yr),
            Cell::Number(s.trench_m / 1e3, 3),
            Cell::Number(s.hole_m / 1e3, 3),
            Cell::Number(s.cable_m / 1e3, 3),
            Cell::Number(s.fiber_m / 1e3, 3),
            Cell::count(Some(s.cabinets)),
            Cell::count(Some(s.joined)),
            Cell::count(Some(s.two_ways)),
            Cell::count(Some(s.worst_cut)),
            Cell::Number(s.mean_cut, 2),
        ]);
    }
    (!plan.structures.is_empty()).then_some(table)
}

/// One sentence on passive networks and loss budgets.
fn light_text(plan: &Plan, lang: Lang) -> String {
    let lit: Vec<_> = plan.connections.iter().filter_map(|c| c.optical.as_ref()).collect();
    let shared = lit.iter().filter(|l| !l.nodes.is_empty()).count();
    let own = lit.iter().filter(|l| l.class == "p2p").count();
    let met = lit.iter().filter(|l| l.met).count();
    let count = |kind| plan.pon.iter().filter(|n| n.kind == kind).count();
    let (ports, splitters) = (count(PonKind::Port), count(PonKind::Splitter));
    match lang {
        Lang::En => format!(
            "{} share {} through {}; {} have fibers of their own; {met} of {} keep loss budget and reach.",
            counted(shared as u64, "site"),
            counted(ports as u64, "OLT port"),
            counted(splitters as u64, "splitter"),
            counted(own as u64, "connection"),
            lit.len(),
        ),
        Lang::Zh => format!(
            "{shared} 家企业经 {splitters} 个分光器共用 {ports} 个 PON 口；{own} 个点对点接入；{} 个接入中 {met} 个满足光功率预算与距离。",
            lit.len(),
        ),
    }
}

/// Connections by what is left of their loss budget, the tightest first.
fn light(plan: &Plan, lang: Lang) -> Table {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let head = [
        ("site or station", "接入点"),
        ("optics", "光路等级"),
        ("splitters", "分光"),
        ("fiber km", "光路 km"),
        ("reach km", "限距 km"),
        ("loss dB", "损耗 dB"),
        ("budget dB", "预算 dB"),
        ("left dB", "余量 dB"),
        ("kept", "满足"),
        ("remark", "说明"),
    ];
    let mut table = Table::new(
        "light",
        t("Light: loss and reach of each connection", "光路：损耗与距离"),
        headings(lang, &head),
    )
    .short(t("Loss and reach", "光路校验"));
    let mut lit: Vec<_> = plan.connections.iter().filter_map(|c| Some((c, c.optical.as_ref()?))).collect();
    lit.sort_by(|a, b| a.1.met.cmp(&b.1.met).then(a.1.margin_db.total_cmp(&b.1.margin_db)));
    for (c, l) in lit.iter().take(MAX_ROWS) {
        table.push(vec![
            Cell::words(Some(&c.id)),
            Cell::words(Some(&l.class)),
            split_text(&l.splits).map_or(Cell::Nothing, Cell::Text),
            Cell::Number(l.optical_m / 1e3, 2),
            Cell::Number(l.reach_m / 1e3, 0),
            Cell::Number(l.loss_db, 2),
            Cell::Number(l.budget_db, 1),
            Cell::Number(l.margin_db, 2),
            Cell::Text(if l.met { t("yes", "是") } else { t("no", "否") }),
            l.reason.as_ref().map_or(Cell::Blank, |r| Cell::Text(t(&plain(&r.0), &plain(&r.1)))),
        ]);
    }
    table.all_rows = lit.len();
    table
}

fn centers(v: View, plan: &Plan, lang: Lang) -> Section {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut table = Table::new(
        "centers",
        t("Data centers of the plan", "数据中心"),
        vec![
            t("center", "编号"),
            t("name", "名称"),
            t("exists", "已有"),
            t("tier", "层级"),
            t("hall", "类型"),
            t("city", "地市"),
            t("sites", "服务企业"),
            t("second for", "备份企业"),
            t("IT MW", "IT功率 MW"),
            t("racks used", "占用机架"),
            t("racks used %", "上架率"),
            t("mean RTT ms", "平均往返 ms"),
            t("95 % RTT ms", "95%往返 ms"),
            "PUE".to_owned(),
            t("PUE is", "PUE 来源"),
            t("tCO2/yr", "吨CO2/年"),
            money_heading(lang, "capex", "投资"),
            t("payer", "出资方"),
            t("year", "年度"),
            t("why here", "选址理由"),
        ],
    );
    for c in plan.centers.iter().take(MAX_ROWS) {
        let used = c.racks.filter(|r| *r > 0.0).map(|r| c.racks_used / r);
        table.push(vec![
            Cell::words(Some(&c.id)),
            Cell::words(Some(&center_name(v, &c.name, &c.place, lang))),
            Cell::Text(if c.existing { t("yes", "是") } else { t("no", "否") }),
            Cell::Text(t(c.tier.code(), c.tier.zh())),
            Cell::Text(t(hall_label(c.hall).1, hall_label(c.hall).2)),
            c.city.as_deref().map_or(Cell::Unknown, |k| Cell::Text(plain(v.region_name(k)))),
            Cell::count(Some(c.sites)),
            Cell::count(Some(c.standby_sites)),
            Cell::Number(c.it_mw, 3),
            Cell::Number(c.racks_used, 1),
            Cell::share(used),
            c.rtt_mean_ms.map_or(Cell::Nothing, |ms| Cell::Number(ms, 2)),
            c.rtt_p95_ms.map_or(Cell::Nothing, |ms| Cell::Number(ms, 2)),
            Cell::Number(c.pue, 2),
            Cell::Text(t(pue_from(v, c).0, pue_from(v, c).1)),
            Cell::Number(c.carbon_t_yr, 1),
            money_cell(lang, c.capex_cny),
            if c.existing { Cell::Nothing } else { Cell::Text(payer(&c.payer, lang)) },
            if c.existing { Cell::Nothing } else { Cell::Count(i64::from(c.phase)) },
            Cell::Text(t(&plain(&c.reason.0), &plain(&c.reason.1))),
        ]);
    }
    table.all_rows = plan.centers.len();
    let limit = v.settings.datacenter.edge_max_rtt_ms;
    let (mut near, mut known) = (0usize, 0usize);
    for ms in plan.after.sites.iter().filter_map(|s| s.latency_rtt_ms.get()) {
        known += 1;
        near += usize::from(ms <= limit);
    }
    let mut text = Vec::new();
    if known > 0 {
        let (n, share) =
            (fixed_count(plan.centers.len()), grouped_decimal(near as f64 / known as f64 * 100.0, 1));
        let limit = grouped_decimal(limit, 1);
        text.push(match lang {
            Lang::En => format!(
                "{}; {share} % of the sites whose latency is known are within {limit} ms round trip.",
                counted(plan.centers.len() as u64, "center"),
            ),
            Lang::Zh => format!("{n} 个中心；时延已知的企业中 {share} % 往返时延不超过 {limit} ms。"),
        });
    }
    let standing: f64 = plan.centers.iter().filter(|c| c.existing).map(|c| c.opex_cny_yr).sum();
    if standing > 0.0 {
        let cost = money(standing, zh(lang));
        text.push(match lang {
            Lang::En => format!(
                "Of the running costs of this plan {cost} a year are for the load on centers that stand (electricity, \
                 transport), from the first year on."
            ),
            Lang::Zh => format!(
                "本方案年运营费中 {cost} 为现有数据中心承载的负荷（电费与传输），自首年起计。"
            ),
        });
    }
    Section { title: t("Is compute near enough", "算力是否够近"), text, tables: vec![table] }
}

fn energy_section(v: View, plan: &Plan, lang: Lang) -> Section {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let lines = energy::lines(v.inputs, v.settings, plan);
    let [stations, centers] = ["stations", "datacenters"].map(|what| energy::sum_of(&lines, what));
    let mut table = Table::new(
        "energy",
        t("Energy per year", "年用电量"),
        headings(lang, &[("facility", "设施"), ("MWh/yr", "兆瓦时/年"), ("tCO2/yr", "吨CO2/年")]),
    );
    table.push(vec![
        Cell::Text(t("new stations", "新建基站")),
        Cell::Number(stations.kwh_yr / 1e3, 1),
        Cell::Number(stations.carbon_t_yr, 1),
    ]);
    table.push(vec![
        Cell::Text(t("data centers, load of this plan", "数据中心（本规划负荷）")),
        Cell::Number(centers.kwh_yr / 1e3, 1),
        Cell::Number(centers.carbon_t_yr, 1),
    ]);
    let gwh = grouped_decimal((stations.kwh_yr + centers.kwh_yr) / 1e6, 2);
    let text = match lang {
        Lang::En => format!("+{gwh} GWh a year."),
        Lang::Zh => format!("年用电增加 {gwh} GWh。"),
    };
    Section { title: t("Energy and carbon", "能耗与碳排放"), text: vec![text], tables: vec![table] }
}

fn certificates(v: View, plan: &Plan, lang: Lang) -> Section {
    let shown = |n: u64| if n > 0 && n < v.min_count { Cell::Blank } else { Cell::count(Some(n)) };
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut table = Table::new(
        "certificates",
        t("What is proven", "最优性证明"),
        headings(
            lang,
            &[
                ("stage", "阶段"),
                ("objective", "目标"),
                ("unit", "单位"),
                ("reached", "达到"),
                ("no plan does better than", "任何方案不优于"),
                ("gap", "差距"),
            ],
        ),
    )
    .brief();
    for c in &plan.certificates {
        table.push(vec![
            Cell::Text(stage_word(c.stage, lang).to_owned()),
            Cell::Text(t(&plain(&c.meaning.0), &plain(&c.meaning.1))),
            Cell::Text(c.unit.to_owned()),
            Cell::number(Some(c.objective), 2),
            Cell::number(Some(c.bound), 2),
            gap_percent(c.gap).map_or(Cell::Nothing, |_| Cell::Share(c.gap)),
        ]);
    }
    let before = plan.before.kpis.iter().find(|k| k.group == KpiGroup::All);
    let after = plan.after.kpis.iter().find(|k| k.group == KpiGroup::All);
    let mut tables = vec![table];
    if let (Some(b), Some(a)) = (before, after) {
        let mut change = Table::new(
            "change",
            t("Today and after the plan", "规划前后"),
            headings(lang, &[("figure", "指标"), ("today", "现状"), ("after", "规划后")]),
        );
        change.push(vec![Cell::Text(t("sites below target", "不达标企业")), shown(b.gaps), shown(a.gaps)]);
        change.push(vec![Cell::Text(t("critical sites", "严重企业")), shown(b.critical), shown(a.critical)]);
        change.push(vec![Cell::Text(t("sites unknown", "未知企业")), shown(b.unknown), shown(a.unknown)]);
        change.push(vec![
            Cell::Text(t("mean score", "平均分")),
            Cell::number(b.mean_score, 1),
            Cell::number(a.mean_score, 1),
        ]);
        tables.push(change);
    }
    Section {
        title: t("What is proven, and what changes", "证明与变化"),
        text: vec![t(
            "Each bound holds for every plan under the same assumptions; the gap is |reached − bound| / |reached|.",
            "各界限对相同假设下的任何方案成立；差距 = |达到 − 界限| / |达到|。",
        )],
        tables,
    }
}

/// The part of a plan that a certificate is of.
fn stage_word(stage: &'static str, lang: Lang) -> &'static str {
    match stage {
        "plan" => pick(lang, "the whole budget", "总预算"),
        "stations" => pick(lang, "stations", "基站"),
        "fiber" => pick(lang, "fiber", "光缆"),
        "datacenters" => pick(lang, "data centers", "数据中心"),
        other => other,
    }
}
