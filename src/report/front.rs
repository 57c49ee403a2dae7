//! The first page: five numbers and three recommendations with their price, for whoever reads no other.
//!
//! Everything here stands in the chapters too; nothing is counted twice or otherwise.

use super::coverage_document::say;
use super::document::{Advice, Figure, Front, pick, plain};
use super::layers::View;
use super::number::{grouped_decimal, money};
use super::plan_document::payer;
use super::plan_headline::{gap_percent, without_fiber};
use crate::coverage::{Assessment, Kpi, KpiGroup};
use crate::model::kinds::Lang;
use crate::model::planned::{BudgetStep, ItemKind, StationBuild};
use crate::model::words::counted;
use crate::plan::Plan;
use crate::policy::finance::{CashFlow, calendar, cash_flow};
use std::collections::BTreeMap;

fn all(found: &Assessment) -> Option<&Kpi> {
    found.kpis.iter().find(|k| k.group == KpiGroup::All)
}

fn figure(lang: Lang, label: (&str, &str), value: String, note: String) -> Figure {
    Figure { label: pick(lang, label.0, label.1).to_owned(), value, note }
}

/// A share of sites, unless it would give a small count away.
fn share(v: View, k: &Kpi, n: u64) -> Option<String> {
    let told = |n: u64| n == 0 || n >= v.min_count;
    (k.scored > 0 && told(n) && told(k.scored) && told(k.scored - n.min(k.scored)))
        .then(|| format!("{} %", grouped_decimal(n as f64 / k.scored as f64 * 100.0, 1)))
}

/// The first page of a report on today.
pub(super) fn of_coverage(v: View, lang: Lang) -> Option<Front> {
    let k = all(v.found)?;
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let n = |n: u64| say(v, n, lang);
    let target = grouped_decimal(v.settings.score.target, 0);
    let of = |total: u64| match lang {
        Lang::En => format!("of {} scored", counted_said(v, total)),
        Lang::Zh => format!("共评分 {} 家", n(total)),
    };
    let mut figures = vec![
        figure(
            lang,
            ("sites on target", "达标企业占比"),
            share(v, k, k.on_target).unwrap_or_else(|| n(k.on_target)),
            of(k.scored),
        ),
        figure(
            lang,
            ("below target on every network", "各网均不达标"),
            n(k.gaps),
            match lang {
                Lang::En => format!("score below {target}"),
                Lang::Zh => format!("评分低于 {target}"),
            },
        ),
        figure(
            lang,
            ("critical", "严重不达标"),
            n(k.critical),
            match lang {
                Lang::En => format!("score below {}", grouped_decimal(v.settings.score.critical, 0)),
                Lang::Zh => format!("评分低于 {}", grouped_decimal(v.settings.score.critical, 0)),
            },
        ),
        figure(
            lang,
            ("can't be scored", "无法评分"),
            n(k.unknown),
            t("the layers don't tell", "图层数据不足"),
        ),
    ];
    figures.extend(k.mean_score.map(|m| {
        figure(lang, ("mean score", "平均得分"), grouped_decimal(m, 1), t("of 100 points", "满分 100"))
    }));
    Some(Front { figures, advice: Vec::new() })
}

fn counted_said(v: View, n: u64) -> String {
    if n > 0 && n < v.min_count { say(v, n, Lang::En) } else { counted(n, "site") }
}

/// The first page of a plan.
pub(super) fn of_plan(v: View, plan: &Plan, lang: Lang) -> Option<Front> {
    let (before, after) = (all(&plan.before)?, all(&plan.after)?);
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let zh = lang == Lang::Zh;
    let arrow = |a: String, b: String| format!("{a} → {b}");
    let flow = cash_flow(&plan.items, &v.settings.plan);
    let on_target = match share(v, before, before.on_target).zip(share(v, after, after.on_target)) {
        Some((a, b)) => arrow(a.trim_end_matches(" %").to_owned(), b),
        None => arrow(say(v, before.on_target, lang), say(v, after.on_target, lang)),
    };
    let mut figures = vec![
        figure(
            lang,
            ("sites on target", "达标企业占比"),
            on_target,
            match lang {
                Lang::En => format!("of {} scored, today and after the plan", counted_said(v, before.scored)),
                Lang::Zh => format!("共评分 {} 家，现状与规划后", say(v, before.scored, lang)),
            },
        ),
        figure(
            lang,
            ("critical sites", "严重不达标企业"),
            arrow(say(v, before.critical, lang), say(v, after.critical, lang)),
            match lang {
                Lang::En => format!("score below {}", grouped_decimal(v.settings.score.critical, 0)),
                Lang::Zh => format!("评分低于 {}", grouped_decimal(v.settings.score.critical, 0)),
            },
        ),
        figure(lang, ("investment", "建设投资"), money(flow.capex_cny, zh), invested(&flow, plan, lang)),
    ];
    let lifted = after.on_target.saturating_sub(before.on_target);
    let told = lifted >= v.min_count.max(1);
    figures.push(figure(
        lang,
        ("per site brought to target", "每达标一家"),
        flow.each_cny(lifted).filter(|_| told).map_or_else(|| t("–", "–"), |c| money(c, zh)),
        match lang {
            Lang::En => format!("all costs of {} years at present value", flow.years.len()),
            Lang::Zh => format!("{} 年全部费用现值", flow.years.len()),
        },
    ));
    let proven = plan.certificates.iter().find(|c| c.stage == "plan").or(plan.certificates.first());
    figures.extend(proven.map(|c| {
        let value = gap_percent(c.gap).map_or_else(|| t("–", "–"), |gap| format!("≤ {gap}"));
        let what = if c.stage == "plan" {
            t("from the best plan that can be, proven", "与最优方案的差距，已证明")
        } else {
            match lang {
                Lang::En => format!("from the best that can be, proven for the {}", c.stage),
                Lang::Zh => format!("与最优解的差距，已证明（{}）", stage_zh(c.stage)),
            }
        };
        figure(lang, ("distance to the optimum", "与最优的差距"), value, what)
    }));
    Some(Front { figures, advice: advice(v, plan, lang) })
}

fn stage_zh(stage: &str) -> &str {
    match stage {
        "stations" => "基站",
        "fiber" => "光缆",
        "datacenters" => "数据中心",
        other => other,
    }
}

fn invested(flow: &CashFlow, plan: &Plan, lang: Lang) -> String {
    let opex = money(plan.opex_cny_yr(), lang == Lang::Zh);
    let present = money(flow.present_cny, lang == Lang::Zh);
    let but = without_fiber(plan, lang);
    match lang {
        Lang::En => {
            let but = but.map_or(String::new(), |b| format!("; {b}"));
            format!("and {opex} a year; {present} at present value{but}")
        }
        Lang::Zh => {
            let but = but.map_or(String::new(), |b| format!("；{b}"));
            format!("另年运营 {opex}；现值合计 {present}{but}")
        }
    }
}

/// What is built of a kind, in words: stations, indoor systems, kilometres, data centers.
fn built(sum: &BTreeMap<ItemKind, f64>, lang: Lang) -> String {
    let of = |k: ItemKind| sum.get(&k).copied().unwrap_or(0.0);
    let count = |k: ItemKind| of(k).round() as u64;
    let km = of(ItemKind::Trench) + of(ItemKind::Submarine) + of(ItemKind::Duct);
    let mut parts = Vec::new();
    let mut add = |n: u64, en: &str, zh: String| {
        if n > 0 {
            parts.push(if lang == Lang::Zh { zh } else { counted(n, en) });
        }
    };
    let stations = count(ItemKind::Station);
    add(stations, "station", format!("{stations} 个基站"));
    let indoor = count(ItemKind::Indoor);
    add(indoor, "indoor system", format!("{indoor} 套室分"));
    let centers = count(ItemKind::DataCenter);
    add(centers, "data center", format!("{centers} 个数据中心"));
    if km >= 0.05 {
        let km = grouped_decimal(km, 1);
        parts.push(match lang {
            Lang::Zh => format!("{km} 公里光缆路由"),
            Lang::En => format!("{km} km of fiber routes"),
        });
    }
    parts.join(pick(lang, ", ", "、"))
}

fn advice(v: View, plan: &Plan, lang: Lang) -> Vec<Advice> {
    let mut list: Vec<Advice> = Vec::new();
    list.extend(first_year(v, plan, lang));
    list.extend(short_of_money(v, plan, lang));
    list.extend(consent(v, plan, lang));
    list.extend(others_pay(v, plan, lang));
    list.extend(share_towers(plan, lang));
    list.truncate(3);
    list
}

/// Approve the first year.
fn first_year(v: View, plan: &Plan, lang: Lang) -> Option<Advice> {
    let zh = lang == Lang::Zh;
    let first: Vec<_> = plan.items.iter().filter(|i| i.phase <= 1).collect();
    let capex: f64 = first.iter().map(|i| i.capex_cny).sum();
    if first.is_empty() || plan.items.iter().all(|i| i.phase <= 1) && capex <= 0.0 {
        return None;
    }
    let mut kinds: BTreeMap<ItemKind, f64> = BTreeMap::new();
    let mut cities: BTreeMap<&str, f64> = BTreeMap::new();
    let mut payers: BTreeMap<&str, f64> = BTreeMap::new();
    for i in &first {
        *kinds.entry(i.kind).or_default() += i.quantity;
        *payers.entry(&i.payer).or_default() += i.capex_cny;
        if i.city != "unknown" {
            *cities.entry(&i.city).or_default() += i.capex_cny;
        }
    }
    let mut most: Vec<(&str, f64)> = cities.into_iter().collect();
    most.sort_by(|a, b| b.1.total_cmp(&a.1));
    let names: Vec<String> = most.iter().take(3).map(|(c, _)| plain(v.region_name(c))).collect();
    let mut payers: Vec<(&str, f64)> = payers.into_iter().filter(|p| p.1 > 0.0).collect();
    payers.sort_by(|a, b| b.1.total_cmp(&a.1));
    let who: Vec<String> =
        payers.iter().map(|(p, c)| format!("{} {}", payer(p, lang), money(*c, zh))).collect();
    let what = built(&kinds, lang);
    let year = calendar(&v.settings.plan.start, 1).map_or_else(String::new, |y| y.to_string());
    let years = plan.items.iter().map(|i| i.phase).max().unwrap_or(1);
    let whole = plan.capex_cny();
    let share = grouped_decimal(if whole > 0.0 { capex / whole * 100.0 } else { 0.0 }, 0);
    Some(Advice {
        what: match lang {
            Lang::En => format!("Approve the first year ({year}): {what}"),
            Lang::Zh => format!("批准首年（{year} 年）建设：{what}"),
        },
        why: {
            let names = names.join(pick(lang, ", ", "、"));
            let who = who.join(pick(lang, ", ", "、"));
            let place = match (names.is_empty(), lang) {
                (true, _) => String::new(),
                (false, Lang::En) => format!(", most of it in {names}"),
                (false, Lang::Zh) => format!("，重点在{names}"),
            };
            match lang {
                Lang::En => format!(
                    "The most points per yuan come first: {share} % of the money of {years} years{place}. Paid by: {who}."
                ),
                Lang::Zh => {
                    format!("单位投资收益最高者先建，占 {years} 年总投资的 {share} %{place}。出资：{who}。")
                }
            }
        },
        price: money(capex, zh),
    })
}

/// Where to stop when money is short: the last step whose sites cost no more than twice the cheapest step's.
fn short_of_money(v: View, plan: &Plan, lang: Lang) -> Option<Advice> {
    let steps: Vec<&BudgetStep> = affordable(v, plan).filter(|s| s.sites > 0).collect();
    let last = steps.last()?;
    let knee = steps
        .iter()
        .take(steps.len().saturating_sub(1))
        .max_by(|a, b| saved(a, last).total_cmp(&saved(b, last)).then(b.cost_cny.total_cmp(&a.cost_cny)))?;
    if saved(knee, last) < 0.05 || knee.sites < v.min_count || last.sites - knee.sites < v.min_count.max(1) {
        return None;
    }
    let zh = lang == Lang::Zh;
    let (n, all) = (say(v, knee.sites, lang), say(v, last.sites, lang));
    let rest = (last.cost_cny - knee.cost_cny) / (last.sites - knee.sites) as f64;
    let each = money(knee.cost_cny / knee.sites as f64, zh);
    let rest = money(rest, zh);
    Some(Advice {
        what: match lang {
            Lang::En => format!("If money is short, stop at {n} of the {all} sites that all of it lifts"),
            Lang::Zh => format!("若资金不足，先补齐 {all} 家中的 {n} 家"),
        },
        why: match lang {
            Lang::En => {
                format!("These cost {each} each; the rest {rest} each (stations, indoor systems and fiber).")
            }
            Lang::Zh => format!("这些企业每家 {each}，其余每家 {rest}（基站、室分与光缆）。"),
        },
        price: money(knee.cost_cny, zh),
    })
}

/// Steps of the curve that the budget reaches; all of them without one.
pub(super) fn affordable<'p>(v: View, plan: &'p Plan) -> impl Iterator<Item = &'p BudgetStep> {
    let budget = v.settings.plan.budget_cny;
    let most = if budget > 0.0 { budget * (1.0 + 1e-9) } else { f64::INFINITY };
    plan.curve.iter().filter(move |s| s.cost_cny <= most)
}

/// How far a step lies above the straight line to the last one: share of sites less share of money.
fn saved(step: &BudgetStep, last: &BudgetStep) -> f64 {
    step.sites as f64 / last.sites.max(1) as f64 - step.cost_cny / last.cost_cny.max(f64::MIN_POSITIVE)
}

/// Ask the owners of ducts.
fn consent(v: View, plan: &Plan, lang: Lang) -> Option<Advice> {
    let asked: Vec<_> = plan.routes.iter().filter(|r| r.consent).collect();
    let km = asked.iter().map(|r| r.hole_m.max(if r.trench_m > 0.0 { 0.0 } else { r.length_m })).sum::<f64>()
        / 1e3;
    if km < 0.05 {
        return None;
    }
    let zh = lang == Lang::Zh;
    let capex: f64 = asked.iter().map(|r| r.capex_cny).sum();
    let opex: f64 = asked.iter().map(|r| r.opex_cny_yr).sum();
    let f = &v.settings.fiber;
    let dug: f64 = asked.iter().map(|r| r.length_m * (f.trench_cny_m + f.cable_cny_m)).sum();
    let owners: std::collections::BTreeSet<&str> = asked.iter().filter_map(|r| r.owner.as_deref()).collect();
    let (km, n) = (grouped_decimal(km, 1), owners.len());
    Some(Advice {
        what: match (lang, n) {
            (Lang::En, 0) => format!("Get the owners' consent for {km} km of existing ducts and poles"),
            (Lang::En, _) => format!(
                "Get the consent of {} for {km} km of existing ducts and poles",
                counted(n as u64, "owner")
            ),
            (Lang::Zh, 0) => format!("取得产权方同意，利用既有管道杆路 {km} 公里"),
            (Lang::Zh, _) => format!("取得 {n} 家产权方同意，利用既有管道杆路 {km} 公里"),
        },
        why: {
            let dug = money(dug, zh);
            match lang {
                Lang::En => {
                    format!("New trenches of the same length would cost {dug} and double what is there.")
                }
                Lang::Zh => format!("同长度新建管道需 {dug}，且属重复建设。"),
            }
        },
        price: match lang {
            Lang::En => format!("{} and {} a year", money(capex, zh), money(opex, zh)),
            Lang::Zh => format!("{}，另年付 {}", money(capex, zh), money(opex, zh)),
        },
    })
}

/// Agree with whoever pays most after the first payer.
fn others_pay(_: View, plan: &Plan, lang: Lang) -> Option<Advice> {
    let mut sums: BTreeMap<&str, (f64, BTreeMap<ItemKind, f64>)> = BTreeMap::new();
    for i in &plan.items {
        let s = sums.entry(&i.payer).or_default();
        s.0 += i.capex_cny;
        *s.1.entry(i.kind).or_default() += i.quantity;
    }
    let mut order: Vec<_> = sums.into_iter().filter(|s| s.1.0 > 0.0).collect();
    order.sort_by(|a, b| b.1.0.total_cmp(&a.1.0));
    let (party, (capex, kinds)) = order.into_iter().nth(1)?;
    let zh = lang == Lang::Zh;
    let (who, what) = (payer(party, lang), built(&kinds, lang));
    let share = grouped_decimal(capex / plan.capex_cny().max(f64::MIN_POSITIVE) * 100.0, 1);
    Some(Advice {
        what: match lang {
            Lang::En => format!("Agree with the {who} on its part: {what}"),
            Lang::Zh => format!("与{who}商定其承担部分：{what}"),
        },
        why: match lang {
            Lang::En => format!("{share} % of the investment isn't the first payer's to decide."),
            Lang::Zh => format!("占总投资 {share} %，不由主要出资方决定。"),
        },
        price: money(capex, zh),
    })
}

/// Use the towers that stand.
fn share_towers(plan: &Plan, lang: Lang) -> Option<Advice> {
    let on: Vec<_> = plan.stations.iter().filter(|s| s.build == StationBuild::SharedTower).collect();
    if on.is_empty() {
        return None;
    }
    let (n, capex) = (on.len() as u64, on.iter().map(|s| s.capex_cny).sum::<f64>());
    let rent: f64 = on.iter().map(|s| s.opex_cny_yr).sum();
    let zh = lang == Lang::Zh;
    Some(Advice {
        what: match lang {
            Lang::En => format!("Reserve room on existing towers for {}", counted(n, "station")),
            Lang::Zh => format!("在存量铁塔上预留 {n} 个基站位置"),
        },
        why: match lang {
            Lang::En => format!("No new tower there; running costs are {} a year.", money(rent, zh)),
            Lang::Zh => format!("无需新建铁塔；年运营 {}。", money(rent, zh)),
        },
        price: money(capex, zh),
    })
}
