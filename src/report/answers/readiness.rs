//! The answer of `covplan readiness`: what each scheme of 5G factories can be told of each plant, what is
//! missing, what removing it costs, and who uses 5G.

mod whatif;

use super::Answer;
use crate::model::inputs::Inputs;
use crate::model::kinds::Lang;
use crate::model::presets::{Metric, Preset};
use crate::policy::readiness::{Check, Lift, Plant, State, Use};
use crate::policy::schemes::Scheme;
use crate::policy::services::Services;
use crate::policy::subsidy::Effect;
use crate::report::coverage_document::{MAX_ROWS, banners, headings, say};
use crate::report::document::{Cell, Document, Section, Table, pick, plain};
use crate::report::layers::View;
use crate::report::number::{grouped_decimal, money};
use crate::report::plan_document::{money_cell, money_heading};
use crate::report::write::RunInfo;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What was found, for the answer.
pub struct Readiness<'a> {
    /// Every plant.
    pub plants: &'a [Plant],
    /// The cheapest to lift, when a target was given: for the network part, then for each scheme.
    pub lifts: &'a [Lift],
    /// The scheme that was asked about.
    pub scheme: Option<Scheme>,
    /// What subsidies would bring.
    pub subsidies: &'a [Effect],
    /// Service classes at every plant.
    pub services: &'a Services,
    /// Use of 5G, together.
    pub usage: Use,
    /// And by city and sector.
    pub by_group: &'a BTreeMap<(&'a str, &'a str), Use>,
}

impl Readiness<'_> {
    /// The lift that was asked for.
    fn lift(&self) -> Option<&Lift> {
        self.lifts.iter().find(|l| l.scheme == self.scheme)
    }
}

/// The answer.
#[must_use]
pub fn readiness_answer(v: View, inputs: &Inputs, found: &Readiness, run: &RunInfo) -> Answer {
    let lang = run.lang;
    let mut sections = vec![schemes(v, inputs, found.plants, lang)];
    if let Some(l) = found.lift() {
        sections.push(lift(v, found, l, lang));
    }
    if !found.subsidies.is_empty() {
        sections.push(whatif::subsidies(v, found, lang));
    }
    sections.push(plants(v, found.plants, lang));
    sections.push(whatif::services(v, found.services, lang));
    sections.push(use_of_5g(v, found, lang));
    let document = Document {
        lang,
        front: None,
        title: format!(
            "{} – {}",
            plain(&run.title),
            pick(lang, "5G factories: readiness and use", "5G工厂就绪度与应用")
        ),
        banners: banners(v, lang, false),
        headline: headline(v, inputs, found, lang),
        sections,
        next: vec!["covplan plan PROJECT.toml -o DIR".to_owned()],
    };
    Answer { name: "readiness", document, result: result(v, found) }
}

fn count(plants: &[Plant], of: impl Fn(&Plant) -> bool) -> u64 {
    plants.iter().filter(|p| of(p)).count() as u64
}

fn misses(plants: &[Plant], check: Check) -> u64 {
    count(plants, |p| p.checks[check as usize] == State::Missing)
}

/// Target for the use of 5G: the one of the Set Sail upgrade.
fn use_target() -> Option<f64> {
    let preset = Preset::shipped("set-sail-2027")?;
    preset.targets.iter().find(|t| t.metric == Metric::FirmsUsing5g).map(|t| t.value)
}

fn headline(v: View, inputs: &Inputs, found: &Readiness, lang: Lang) -> Vec<String> {
    let p = found.plants;
    let n = |x: u64| say(v, x, lang);
    let part = |s: State| told_parts(v, p, s).map_or_else(|| withheld(lang), n);
    let ready = part(State::Met);
    let all = n(p.len() as u64);
    let unknown = part(State::Unknown);
    // What most plants miss comes first.
    let mut misses: Vec<(u64, Check)> = Check::ALL.into_iter().map(|c| (misses(p, c), c)).collect();
    misses.retain(|m| m.0 > 0);
    misses.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let misses: Vec<String> = misses
        .iter()
        .map(|(k, c)| {
            let (k, label) = (n(*k), pick(lang, c.label().0, c.label().1));
            match lang {
                Lang::En => format!("{k} miss {label}"),
                Lang::Zh => format!("{label}不足 {k} 家"),
            }
        })
        .collect();
    let misses = match (misses.is_empty(), lang) {
        (true, Lang::En) => "none misses anything known".to_owned(),
        (true, Lang::Zh) => "未发现已知缺项".to_owned(),
        (false, _) => misses.join(pick(lang, ", ", "、")),
    };
    let asked = !inputs.questionnaire.is_empty();
    let process = match (asked, lang) {
        (false, Lang::En) => "process part unknown",
        (true, Lang::En) => "process part as far as the questionnaire goes",
        (false, Lang::Zh) => "工艺与管理部分未知",
        (true, Lang::Zh) => "工艺与管理部分以问卷为限",
    };
    let mut lines = vec![match lang {
        Lang::En => format!("network ready: {ready} of {all} sites; {misses}; {unknown} unknown; {process}"),
        Lang::Zh => format!("网络就绪 {ready} 家（共 {all} 家）；{misses}；未知 {unknown} 家；{process}"),
    }];
    let u = &found.usage;
    let told = u.using + u.not_using;
    let lacking: Vec<&str> = [
        (inputs.sites.list.iter().any(|s| s.uses_5g.is_some()), "sites.uses_5g"),
        (inputs.sites.list.iter().any(|s| s.firm_size.is_some()), "sites.firm_size"),
    ]
    .iter()
    .filter(|(given, _)| !given)
    .map(|(_, c)| *c)
    .collect();
    lines.push(if !lacking.is_empty() {
        let columns = lacking.join(pick(lang, ", ", "、"));
        match lang {
            Lang::En => format!("use of 5G can't be answered from these layers; missing: {columns}"),
            Lang::Zh => format!("5G 应用情况现有图层无法回答，缺少 {columns}"),
        }
    } else if [u.using, u.not_using, told].iter().any(|n| *n > 0 && *n < v.min_count) {
        pick(lang, "use of 5G: too few firms to be told", "5G 应用：企业过少，不予公布").to_owned()
    } else {
        let share = u.share().map_or_else(|| pick(lang, "unknown", "未知").to_owned(), |s| grouped_decimal(s * 100.0, 0));
        let target = use_target().map_or_else(String::new, |t| grouped_decimal(t, 0));
        let unused = n(u.covered_unused);
        match lang {
            Lang::En => format!(
                "{share} % of the large and medium firms that tell use 5G (target {target} %); covered but unused: {unused}"
            ),
            Lang::Zh => format!("已知的大中型企业中 {share} % 应用 5G（目标 {target} %）；已覆盖未应用 {unused} 家"),
        }
    });
    lines.extend(found.subsidies.iter().map(|e| whatif::in_short(v, e, lang)));
    // Wanted less ready is what is lifted: one tells the other.
    let told = told_parts(v, p, State::Met).is_some();
    if let Some(l) = found.lift().filter(|_| told) {
        let (zh, k) = (lang == Lang::Zh, n(l.chosen.len() as u64));
        let cost = money(l.cost_cny, zh);
        let unsure = n(count(p, |p| p.is_unsure() && p.counts_for(l.scheme)));
        lines.push(match (lang, l.short) {
            (Lang::En, 0) => format!("{} ready sites: lift the {k} cheapest for {cost}", l.wanted),
            (Lang::En, s) => format!("{} ready sites can't be counted on: {k} are sure to be lifted, for {cost}; {s} more are short; of {unsure} what is known to be missing has a price, but something else is unknown", l.wanted),
            (Lang::Zh, 0) => format!("达到 {} 家就绪：补齐最省的 {k} 家，需 {cost}", l.wanted),
            (Lang::Zh, s) => format!("无法确保 {} 家就绪：可确定补齐的 {k} 家需 {cost}，仍缺 {s} 家；{unsure} 家的已知缺项有价，但另有未知项", l.wanted),
        });
    }
    lines
}

/// Sites whose network part stands so, where that may be told: of three counts that add up to what everybody
/// knows, one alone can't be kept back.
fn told_parts(v: View, plants: &[Plant], state: State) -> Option<u64> {
    let of = |s: State| count(plants, |p| p.network_part() == s);
    let small = |n: u64| n > 0 && n < v.min_count;
    let mut all: Vec<(u64, State)> = [State::Met, State::Missing, State::Unknown].map(|s| (of(s), s)).into();
    all.retain(|n| n.0 > 0);
    all.sort_by_key(|n| n.0);
    let kept_back = all.iter().filter(|n| small(n.0)).count();
    let hidden = if kept_back == 1 { 2 } else { kept_back };
    let n = of(state);
    (n == 0 || !all.iter().take(hidden).any(|a| a.1 == state)).then_some(n)
}

fn withheld(lang: Lang) -> String {
    pick(lang, "withheld", "不予公布").to_owned()
}

fn schemes(v: View, inputs: &Inputs, plants: &[Plant], lang: Lang) -> Section {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut table = Table::new(
        "schemes",
        t("Three schemes, each for itself", "三种评价体系（互不换算）"),
        headings(
            lang,
            &[
                ("scheme", "评价体系"),
                ("listed, as given", "已列入（按数据）"),
                ("network part met", "网络部分满足"),
                ("network part missing", "网络部分缺失"),
                ("network part unknown", "网络部分未知"),
                ("sites with answers", "有问卷企业"),
                ("items met", "满足项"),
                ("items not met", "不满足项"),
                ("items unclear", "不明项"),
                ("what layers can't tell", "图层无法判断的部分"),
            ],
        ),
    )
    .short(t("Schemes", "评价体系"))
    .brief();
    let part =
        |s: State| Cell::Text(told_parts(v, plants, s).map_or_else(|| withheld(lang), |n| say(v, n, lang)));
    for (k, scheme) in Scheme::ALL.into_iter().enumerate() {
        let label = scheme.label();
        let answers = plants.iter().map(|p| p.answers[k]);
        let sum = |of: fn(&crate::policy::readiness::Answers) -> u32| -> u64 {
            answers.clone().map(|a| u64::from(of(&a))).sum()
        };
        let rest = match scheme {
            Scheme::Directory => {
                ("application, local recommendation, expert review", "申报、地方推荐、专家评审")
            }
            Scheme::Association => (
                "site environment, key-process applications, network security; clause thresholds aren't public, so no grade",
                "现场环境、关键环节应用、网络安全；条款阈值未公开，不予评级",
            ),
            Scheme::Star => ("the certifier's own rules", "认证机构规则"),
        };
        table.push(vec![
            Cell::Text(t(label.0, label.1)),
            Cell::Text(say(v, count(plants, |p| p.listed == Some(scheme)), lang)),
            part(State::Met),
            part(State::Missing),
            part(State::Unknown),
            Cell::Text(say(v, count(plants, |p| p.answers[k] != Default::default()), lang)),
            Cell::Text(say(v, sum(|a| a.met), lang)),
            Cell::Text(say(v, sum(|a| a.not_met), lang)),
            Cell::Text(say(v, sum(|a| a.unclear), lang)),
            Cell::Text(t(rest.0, rest.1)),
        ]);
    }
    let other =
        inputs.questionnaire.iter().filter(|a| a.scheme.as_deref().and_then(Scheme::parse).is_none()).count()
            as u64;
    let mut text = vec![t(
        "The network part is the same question for all three: outdoor and indoor level, rates, latency and fiber that \
         the plant's service asks for. No grade follows from it, and a grade of one scheme says nothing about another.",
        "网络部分三者同问：企业业务所需的室内外电平、速率、时延与光纤。由此不得出任何等级，各体系等级互不换算。",
    )];
    if other > 0 {
        let n = say(v, other, lang);
        text.push(match lang {
            Lang::En => format!("{n} answers name none of the three schemes and count for none."),
            Lang::Zh => format!("{n} 条问卷未注明三种体系之一，未计入。"),
        });
    }
    Section {
        title: t("Ready for which 5G-factory scheme?", "5G工厂各评价体系就绪度"),
        text,
        tables: vec![table],
    }
}

fn states(plant: &Plant, wanted: State, lang: Lang) -> Cell {
    let names: Vec<&str> = Check::ALL
        .into_iter()
        .zip(plant.checks)
        .filter(|(_, s)| *s == wanted)
        .map(|(c, _)| pick(lang, c.label().0, c.label().1))
        .collect();
    if names.is_empty() { Cell::Blank } else { Cell::Text(names.join(pick(lang, ", ", "、"))) }
}

fn plant_cells(v: View, p: &Plant, lang: Lang) -> Vec<Cell> {
    let i = p.site as usize;
    let network = p.network.and_then(|n| v.found.networks.get(usize::from(n)));
    vec![
        Cell::words(Some(v.site_id(i))),
        v.site_name(i).map_or(Cell::Blank, |n| Cell::words(Some(n))),
        Cell::words(v.site_city(i)),
        network.map_or(Cell::Nothing, |n| Cell::words(Some(n))),
        states(p, State::Met, lang),
        states(p, State::Missing, lang),
        states(p, State::Unknown, lang),
        if p.network_part() == State::Missing {
            p.cost_cny.map_or(Cell::Unknown, |c| money_cell(lang, c))
        } else {
            Cell::Blank
        },
    ]
}

fn plant_headings(lang: Lang) -> Vec<String> {
    let mut h = headings(
        lang,
        &[
            ("site", "企业编号"),
            ("name", "企业名称"),
            ("city", "地市"),
            ("network", "网络"),
            ("met", "满足"),
            ("missing", "缺失"),
            ("unknown", "未知"),
        ],
    );
    h.push(money_heading(lang, "to unblock", "补齐投资"));
    h
}

fn plants(v: View, plants: &[Plant], lang: Lang) -> Section {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut table =
        Table::new("plants", t("Plant by plant: the network part", "逐企业：网络部分"), plant_headings(lang))
            .short(t("Plants", "企业"))
            .brief();
    let mut head = plant_headings(lang);
    for scheme in Scheme::ALL {
        let name = match scheme {
            Scheme::Directory => ("directory: items met / not / unclear", "名录：满足/不满足/不明"),
            Scheme::Association => ("association: items met / not / unclear", "团标：满足/不满足/不明"),
            Scheme::Star => ("star: items met / not / unclear", "星级：满足/不满足/不明"),
        };
        head.push(t(name.0, name.1));
    }
    table.headings = head;
    let mut order: Vec<&Plant> = plants.iter().collect();
    // What blocks comes first, then what isn't known.
    order.sort_by_key(|p| match p.network_part() {
        State::Missing => 0,
        State::Unknown => 1,
        State::Met => 2,
    });
    for p in order.into_iter().take(MAX_ROWS) {
        let mut row = plant_cells(v, p, lang);
        for a in p.answers {
            row.push(if a == Default::default() {
                Cell::Unknown
            } else {
                Cell::Text(format!("{} / {} / {}", a.met, a.not_met, a.unclear))
            });
        }
        table.push(row);
    }
    table.all_rows = plants.len();
    let text = vec![t(
        "Costs are of each plant for itself: a station on its roof where it is dark outside, an indoor system where rates \
         or the level inside are too low, its own way to fiber. `covplan plan` shares stations and trenches and comes \
         out cheaper. Where only a nearer edge node helps, or the way to fiber isn't known, there is no price.",
        "造价按各企业单独计：室外无覆盖建楼面站，速率或室内电平不足建室分，光纤单独引入；`covplan plan` 统筹共享后更省。需更近边缘节点或光纤路由未知者不单独定价。",
    )];
    Section {
        title: t("What is met, missing, unknown", "满足、缺失与未知"), text, tables: vec![table]
    }
}

fn lift(v: View, found: &Readiness, l: &Lift, lang: Lang) -> Section {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut by_scheme = Table::new(
        "lifts",
        t("The cheapest way to the target, scheme by scheme", "各评价体系达到目标的最省方案"),
        headings(
            lang,
            &[
                ("counts for", "口径"),
                ("wanted", "目标家数"),
                ("ready now", "现已就绪"),
                ("to lift", "需补齐"),
                ("still short", "仍差"),
                ("held back by an answer", "因问卷不满足项受限"),
            ],
        ),
    )
    .short(t("By scheme", "分体系方案"));
    by_scheme.headings.push(money_heading(lang, "cost", "投资"));
    by_scheme.headings.push(money_heading(lang, "no set costs less than", "下界"));
    for one in found.lifts {
        let name =
            one.scheme.map_or_else(|| t("network part alone", "仅网络部分"), |s| t(s.label().0, s.label().1));
        by_scheme.push(vec![
            Cell::Text(name),
            Cell::count(Some(one.wanted)),
            Cell::Text(say(v, one.ready, lang)),
            Cell::Text(say(v, one.chosen.len() as u64, lang)),
            Cell::Text(say(v, one.short, lang)),
            Cell::Text(say(v, one.held, lang)),
            money_cell(lang, one.cost_cny),
            money_cell(lang, one.cost_cny),
        ]);
    }
    let mut table =
        Table::new("lift", t("The cheapest sites to lift", "最省的补齐企业"), plant_headings(lang)).brief();
    for i in l.chosen.iter().take(MAX_ROWS) {
        if let Some(p) = found.plants.get(*i as usize) {
            table.push(plant_cells(v, p, lang));
        }
    }
    table.all_rows = l.chosen.len();
    let text = vec![t(
        "Each plant is priced for itself, so no other choice of as many is cheaper: the cost is its own lower bound; \
         sharing in a plan can only lower the sum. Plants with anything unknown aren't counted on. For a scheme a plant \
         counts while no item of its questionnaire is answered no; what was never asked stays unknown, and nothing here is a grade.",
        "各企业单独计价，故同样家数不存在更省的组合，费用即为下界；统筹共享只会降低总价。含未知项的企业不计入。某评价体系下，问卷无“不满足”项的企业才计入；未问及的仍属未知，本表不构成评级。",
    )];
    Section { title: t("Whom to lift", "优先补齐企业"), text, tables: vec![table, by_scheme] }
}

fn use_of_5g(v: View, found: &Readiness, lang: Lang) -> Section {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut table = Table::new(
        "use",
        t("Use of 5G by large and medium firms", "大中型企业5G应用"),
        headings(
            lang,
            &[
                ("city", "地市"),
                ("sector", "行业"),
                ("firms", "企业数"),
                ("covered", "已覆盖"),
                ("using", "已应用"),
                ("not using", "未应用"),
                ("not told", "未知"),
                ("covered but unused", "覆盖未应用"),
                ("share using", "应用率"),
            ],
        ),
    )
    .short(t("Use of 5G", "5G应用"))
    .brief();
    let cells = |city: &str, sector: &str, u: &Use| {
        let silent = u.firms - u.using - u.not_using;
        let small = [u.firms, u.covered, u.using, u.not_using, silent, u.covered_unused]
            .iter()
            .any(|n| *n > 0 && *n < v.min_count);
        let mut row = vec![Cell::words(Some(city)), Cell::words(Some(sector))];
        if small {
            row.push(Cell::Text(t("withheld", "不予公布")));
            row.resize(9, Cell::Blank);
        } else {
            row.extend(
                [u.firms, u.covered, u.using, u.not_using, silent, u.covered_unused]
                    .map(|n| Cell::count(Some(n))),
            );
            row.push(Cell::share(u.share()));
        }
        row
    };
    for ((city, sector), u) in found.by_group {
        table.push(cells(city, sector, u));
    }
    if found.usage.firms > 0 {
        let mut total = cells("", "", &found.usage);
        total[0] = Cell::Text(t("together", "合计"));
        total[1] = Cell::Blank;
        table.total = Some(total);
    }
    let text = vec![t(
        "Share of the firms that tell. Covered: outdoor 5G of some network at or above the threshold.",
        "应用率以已知企业为分母。已覆盖指任一网络室外 5G 电平达到门限。",
    )];
    Section { title: t("Who uses 5G at all?", "谁在应用5G"), text, tables: vec![table] }
}

fn result(v: View, found: &Readiness) -> Value {
    let shown = |n: u64| if n > 0 && n < v.min_count { Value::Null } else { json!(n) };
    let p = found.plants;
    let part = |s: State| told_parts(v, p, s).map_or(Value::Null, |n| json!(n));
    let missing: serde_json::Map<String, Value> =
        Check::ALL.into_iter().map(|c| (c.label().0.to_owned(), shown(misses(p, c)))).collect();
    let told = told_parts(v, p, State::Met).is_some();
    let u = &found.usage;
    let usage = if [u.firms, u.covered, u.using, u.not_using, u.covered_unused]
        .iter()
        .any(|n| *n > 0 && *n < v.min_count)
    {
        json!({ "withheld": true })
    } else {
        json!({ "counts": u, "share": u.share(), "target_pct": use_target() })
    };
    let plants: Vec<Value> = p
        .iter()
        .map(|p| {
            json!({
                "site_id": v.site_id(p.site as usize),
                "network": p.network.and_then(|n| v.found.networks.get(usize::from(n))),
                "network_part": p.network_part(),
                "checks": Check::ALL.iter().zip(p.checks).map(|(c, s)| (c.label().0.to_owned(), json!(s))).collect::<serde_json::Map<_, _>>(),
                "cost_cny": p.cost_cny,
                "answers": Scheme::ALL.iter().zip(p.answers).map(|(s, a)| (s.code().to_owned(), json!(a))).collect::<serde_json::Map<_, _>>(),
                "listed": p.listed,
            })
        })
        .collect();
    json!({
        "ready": part(State::Met), "blocked": part(State::Missing), "unknown": part(State::Unknown),
        "missing": missing, "usage": usage,
        "scheme": found.scheme,
        "lifts": found.lifts.iter().map(|l| json!({
            "scheme": l.scheme, "wanted": l.wanted, "ready": shown(l.ready),
            "chosen": if told { shown(l.chosen.len() as u64) } else { Value::Null },
            "short": l.short, "held": shown(l.held), "cost_cny": l.cost_cny, "bound_cny": l.cost_cny,
        })).collect::<Vec<_>>(),
        "subsidies": found.subsidies,
        "services": found.services.classes.iter().map(|c| json!({
            "name": c.name, "need": c.need, "never": c.never,
            "today": c.today.map(shown), "after": c.after.map(|n| n.map(shown)),
        })).collect::<Vec<_>>(),
        "lift": found.lift().map(|l| json!({
            "wanted": l.wanted, "ready": shown(l.ready), "cost_cny": l.cost_cny, "short": l.short,
            "sites": l.chosen.iter().filter_map(|i| p.get(*i as usize)).map(|p| v.site_id(p.site as usize)).collect::<Vec<_>>(),
        })),
        "sites": plants,
    })
}
