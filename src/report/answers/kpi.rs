//! The answer of `covplan kpi`: regions against the targets of a preset.

use super::Answer;
use crate::model::kinds::Lang;
use crate::model::presets::{Metric, Preset, Scope};
use crate::model::records::Region;
use crate::policy::kpi::{Change, Measured, Row, TargetFrom, main_level};
use crate::report::chart::{Bars, Chart};
use crate::report::coverage_document::{banners, headings};
use crate::report::document::{Cell, Document, Section, Table, pick, plain};
use crate::report::layers::View;
use crate::report::number::{grouped_decimal, money};
use crate::report::plan_document::{money_cell, money_heading};
use crate::report::write::RunInfo;
use serde_json::{Value, json};

/// The answer.
#[must_use]
pub fn kpi_answer(v: View, preset: &Preset, measured: &[Measured], run: &RunInfo) -> Answer {
    let lang = run.lang;
    let mut sections: Vec<Section> = measured.iter().filter_map(|m| section(v, preset, m, lang)).collect();
    sections.push(targets(measured, lang));
    let document = Document {
        lang,
        front: None,
        title: format!("{} – {}", plain(&run.title), plain(pick(lang, &preset.en, &preset.zh))),
        banners: banners(v, lang, false),
        headline: measured.iter().filter_map(|m| headline(v, preset, m, lang)).collect(),
        sections,
        next: vec![
            pick(lang, "covplan plan PROJECT.toml -o DIR", "covplan plan PROJECT.toml -o DIR --lang zh")
                .to_owned(),
        ],
    };
    Answer { name: "kpi", document, result: result(v, preset, measured) }
}

fn shown(v: View, m: &Measured, row: &Row) -> bool {
    // Firms are few enough to be told apart; stations and halls aren't firms.
    let of_firms = !matches!(
        m.target.metric,
        Metric::StationsPer10k | Metric::EdgeNodes | Metric::RackUse | Metric::PueMean
    );
    let rest = row.of - row.known;
    let small = |n: u64| n > 0 && n < v.min_count;
    let (yes, no) = match row.value {
        Some(x) if m.target.metric != Metric::DirectoryFactories => {
            let yes = (x / 100.0 * row.known as f64).round() as u64;
            (yes, row.known.saturating_sub(yes))
        }
        Some(x) => (x as u64, 0),
        None => (0, 0),
    };
    !(of_firms && [row.of, row.known, rest, yes, no].into_iter().any(small))
}

/// The rows that may be told, and of each region only what the released inputs still hold.
fn rows<'a>(v: View<'a>, m: &'a Measured) -> impl Iterator<Item = &'a Row> {
    m.rows.iter().filter(move |r| region(v, r).is_some())
}

fn region<'a>(v: View<'a>, row: &Row) -> Option<&'a Region> {
    let code = row.region.as_deref()?;
    v.inputs.regions.iter().find(|r| r.adcode == code)
}

fn name(v: View, row: &Row) -> String {
    region(v, row).map_or_else(String::new, |r| plain(&r.name))
}

fn short(m: &Measured, lang: Lang) -> String {
    plain(pick(lang, &m.target.en, &m.target.zh))
}

fn decimals(metric: Metric) -> u8 {
    match metric {
        Metric::DirectoryFactories | Metric::EdgeNodes => 0,
        Metric::PueMean => 3,
        _ => 1,
    }
}

fn headline(v: View, preset: &Preset, m: &Measured, lang: Lang) -> Option<String> {
    let t = &m.target;
    if t.metric == Metric::Other {
        return None;
    }
    if !m.lacking.is_empty() {
        let columns = m.lacking.join(pick(lang, ", ", "、"));
        return Some(match lang {
            Lang::En => {
                format!("{}: can't be answered from these layers; missing: {columns}", short(m, lang))
            }
            Lang::Zh => format!("{}：现有图层无法回答，缺少 {columns}", short(m, lang)),
        });
    }
    let level = main_level(&v.inputs.regions);
    let at_level: Vec<&Row> = m.at_level(&v.inputs.regions, level).collect();
    let behind = at_level.iter().filter(|r| r.met == Some(false)).count();
    let unknown = at_level.iter().filter(|r| r.met.is_none()).count();
    let whole = m.whole.as_ref()?;
    let value = whole.value.filter(|_| shown(v, m, whole))?;
    let value = grouped_decimal(value, usize::from(decimals(t.metric)));
    let year = preset.due_year();
    let goal = format!(
        "{} {}",
        t.rule.sign(),
        grouped_decimal(t.value, if t.metric == Metric::PueMean { 2 } else { 0 })
    );
    // The form that administrations use: a plain figure where it is a floor.
    let goal = goal.trim_start_matches("≥ ").to_owned();
    let level_name = |n: usize| match level {
        Some(l) if l.code() == "city" => {
            pick(lang, if n == 1 { "city" } else { "cities" }, "个地市").to_owned()
        }
        _ => pick(lang, if n == 1 { "region" } else { "regions" }, "个地区").to_owned(),
    };
    let regional = t.scope == Scope::Region && !at_level.is_empty();
    // A region's own target goes before the preset's figure for all: then the figure above isn't what it is held to.
    let own = at_level.iter().filter(|r| r.target.is_some_and(|x| x != t.value)).count();
    let tail = match (regional, lang) {
        (false, Lang::En) => " (a target of the country; no share of it is given to regions)".to_owned(),
        (false, Lang::Zh) => "（全国目标，未分解到地区）".to_owned(),
        (true, Lang::En) => format!(
            "; {behind} of {} {} behind{}{}",
            at_level.len(),
            level_name(at_level.len()),
            if own > 0 { format!(" (targets of their own: {own})") } else { String::new() },
            if unknown > 0 { format!(", {unknown} unknown") } else { String::new() }
        ),
        (true, Lang::Zh) => format!(
            "；{} {}中 {behind} 个落后{}{}",
            at_level.len(),
            level_name(at_level.len()),
            if own > 0 { format!("（其中 {own} 个按自有目标）") } else { String::new() },
            if unknown > 0 { format!("，{unknown} 个未知") } else { String::new() }
        ),
    };
    let tail = if t.scope == Scope::Region && at_level.is_empty() { String::new() } else { tail };
    let due = |en: &str, zh: &str| match (year, lang) {
        (Some(y), Lang::En) => format!("{y} {en}"),
        (None, Lang::En) => en.to_owned(),
        (Some(y), Lang::Zh) => format!("{y} 年{zh}"),
        (None, Lang::Zh) => zh.to_owned(),
    };
    Some(match (t.metric, lang) {
        (Metric::StationsPer10k, Lang::En) => {
            format!("{value} stations per 10k people ({} {goal}){tail}", due("target", ""))
        }
        (Metric::StationsPer10k, Lang::Zh) => {
            format!("每万人 {value} 个 5G 基站（{} {goal}）{tail}", due("", "目标"))
        }
        (_, Lang::En) => format!("{}: {value} ({} {goal}){tail}", short(m, lang), due("target", "")),
        (_, Lang::Zh) => format!("{}：{value}（{} {goal}）{tail}", short(m, lang), due("", "目标")),
    })
}

fn from_label(from: TargetFrom, lang: Lang) -> String {
    match from {
        TargetFrom::Preset => pick(lang, "preset", "预设"),
        TargetFrom::PresetRegion => pick(lang, "preset, this region", "预设（本地区）"),
        TargetFrom::Layer => pick(lang, "regions layer", "区划图层"),
    }
    .to_owned()
}

fn met_cell(met: Option<bool>, lang: Lang) -> Cell {
    match met {
        None => Cell::Unknown,
        Some(true) => Cell::Text(pick(lang, "met", "达标").to_owned()),
        Some(false) => Cell::Text(pick(lang, "behind", "落后").to_owned()),
    }
}

fn change_cell(c: Option<&Change>) -> Cell {
    c.map_or(Cell::Unknown, |c| Cell::Number(c.stations, 0))
}

fn section(v: View, preset: &Preset, m: &Measured, lang: Lang) -> Option<Section> {
    if m.rows.is_empty() {
        return None;
    }
    if m.target.metric == Metric::StationsPer10k {
        Some(stations(v, preset, m, lang))
    } else {
        Some(other(v, m, lang))
    }
}

fn stations(v: View, preset: &Preset, m: &Measured, lang: Lang) -> Section {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut table = Table::new(
        "stations",
        t("Reported 5G stations against the target", "5G基站（上报口径）与目标"),
        vec![
            t("region", "地区"),
            t("level", "级别"),
            t("residents", "常住人口"),
            t("reported stations", "上报基站数"),
            t("as of", "统计日期"),
            t("per 10k", "每万人"),
            t("target", "目标"),
            t("target from", "目标来源"),
            t("done", "完成率"),
            t("state", "状态"),
            t("missing", "缺口"),
            money_heading(lang, "to get there, low", "补齐投资下限"),
            money_heading(lang, "mid", "中值"),
            money_heading(lang, "high", "上限"),
            t("since last quarter", "较上季度"),
            t("since last year", "较上年同期"),
            t("since start of year", "较年初"),
            t("stations in the cells layer", "图层内基站数"),
        ],
    )
    .short(t("Stations", "基站"))
    .brief();
    let cells = |name: String, level: Cell, r: &Row| -> Vec<Cell> {
        let s = r.stations.as_ref();
        let cost = |k: usize| s.and_then(|s| s.cost_cny).map_or(Cell::Unknown, |c| money_cell(lang, c[k]));
        let mut row = vec![
            Cell::words(Some(&name)),
            level,
            Cell::number(s.and_then(|s| s.residents), 0),
            Cell::number(s.and_then(|s| s.reported), 0),
            Cell::words(s.and_then(|s| s.stat_date.as_deref())),
            Cell::number(r.value, 1),
            r.target.map_or(Cell::Blank, |t| Cell::Number(t, 1)),
            if r.region.is_some() { Cell::Text(from_label(r.from, lang)) } else { Cell::Blank },
            Cell::share(r.done),
            if r.region.is_some() { met_cell(r.met, lang) } else { Cell::Blank },
            Cell::number(r.missing, 0),
        ];
        row.extend([cost(0), cost(1), cost(2)]);
        row.extend((0..3).map(|k| change_cell(s.and_then(|s| s.changes[k].as_ref()))));
        row.push(Cell::count(s.and_then(|s| s.layer)));
        row
    };
    for r in rows(v, m) {
        let level = region(v, r).map_or(Cell::Blank, |x| Cell::Text(t(x.level.code(), x.level.zh())));
        table.push(cells(name(v, r), level, r));
    }
    table.total = m.whole.as_ref().map(|w| cells(t("together", "合计"), Cell::Blank, w));
    let level = main_level(&v.inputs.regions);
    let at_level: Vec<&Row> = m.at_level(&v.inputs.regions, level).take(40).collect();
    let table = table.drawn((at_level.len() > 1).then(|| {
        Chart::Bars(Bars {
            across: t("reported stations per 10,000 residents", "每万人5G基站数（上报）"),
            series: vec![t("reported", "上报")],
            rows: at_level.iter().map(|r| (name(v, r), vec![r.value])).collect(),
            mark: Some((t("target", "目标"), at_level.iter().map(|r| r.target).collect())),
        })
    }));
    let mut text = Vec::new();
    if let Some(w) = &m.whole
        && let (Some(missing), Some(cost)) = (w.missing, w.stations.as_ref().and_then(|s| s.cost_cny))
    {
        let zh = lang == Lang::Zh;
        let [low, mid, high] = cost.map(|c| money(c, zh));
        let n = grouped_decimal(missing, 0);
        let share = grouped_decimal(v.settings.policy.shared_tower_share * 100.0, 0);
        text.push(match lang {
            Lang::En => format!(
                "{n} stations are missing; they cost {mid} with {share} % of them on existing towers ({low} if all, {high} if none). \
                 Radio and towers only: `covplan plan` adds fiber and says where they stand."
            ),
            Lang::Zh => format!(
                "共缺 {n} 个基站；按 {share} % 利用存量铁塔计需 {mid}（全部利用 {low}，全部新建 {high}）。仅含无线与铁塔，光缆及站址由 `covplan plan` 给出。"
            ),
        });
        if w.known < w.of {
            let left = w.of - w.known;
            text.push(match lang {
                Lang::En => format!("{left} regions give no count or no residents and are in no sum."),
                Lang::Zh => format!("{left} 个地区缺上报数或常住人口，未计入合计。"),
            });
        }
    }
    text.push(t(
        "Counts are the reported ones over residents; what the cells layer holds is another count and stands beside.",
        "以上报基站数除以常住人口计；小区图层的统计口径不同，仅并列参考。",
    ));
    let title = plain(pick(lang, &preset.en, &preset.zh));
    Section { title: format!("{}: {title}", t("On target?", "是否达标")), text, tables: vec![table] }
}

fn other(v: View, m: &Measured, lang: Lang) -> Section {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let d = decimals(m.target.metric);
    let key = match m.target.metric {
        Metric::FirmsUsing5g => "firms_using_5g",
        Metric::DirectoryFactories => "directory_factories",
        Metric::EdgeNodes => "edge_nodes",
        Metric::RackUse => "rack_use",
        Metric::PueMean => "pue_mean",
        Metric::SitesOnTarget => "sites_on_target",
        Metric::SitesFiber => "sites_fiber",
        _ => "sites_outdoor",
    };
    let regional = m.target.scope == Scope::Region;
    let mut table = Table::new(
        key,
        short(m, lang),
        headings(
            lang,
            &[
                ("region", "地区"),
                ("value", "数值"),
                ("target", "目标"),
                ("done", "完成率"),
                ("state", "状态"),
                ("missing", "缺口"),
                ("known of", "已知"),
                ("all", "总数"),
            ],
        ),
    )
    .brief();
    let cells = |name: String, r: &Row| {
        if !shown(v, m, r) {
            let mut row = vec![Cell::words(Some(&name)), Cell::Text(t("withheld", "不予公布"))];
            row.resize(8, Cell::Blank);
            return row;
        }
        vec![
            Cell::words(Some(&name)),
            Cell::number(r.value, d),
            if regional { Cell::number(r.target, if d == 3 { 2 } else { d }) } else { Cell::Blank },
            if regional { Cell::share(r.done) } else { Cell::Blank },
            if regional { met_cell(r.met, lang) } else { Cell::Blank },
            if regional { r.missing.map_or(Cell::Blank, |m| Cell::Number(m, 0)) } else { Cell::Blank },
            Cell::count(Some(r.known)),
            Cell::count(Some(r.of)),
        ]
    };
    for r in rows(v, m) {
        table.push(cells(name(v, r), r));
    }
    table.total = m.whole.as_ref().map(|w| cells(t("together", "合计"), w));
    Section { title: short(m, lang), text: Vec::new(), tables: vec![table] }
}

/// Every figure of the preset with its source, and what would answer those that no layer does.
fn targets(measured: &[Measured], lang: Lang) -> Section {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut table = Table::new(
        "targets",
        t("The targets, their sources, and what isn't in the layers", "目标、来源与未覆盖事项"),
        headings(
            lang,
            &[
                ("target", "指标"),
                ("figure", "目标值"),
                ("for", "适用范围"),
                ("trust", "可信度"),
                ("source", "来源"),
                ("needed to answer it", "回答所需数据"),
            ],
        ),
    )
    .short(t("Targets", "目标"))
    .brief();
    for m in measured {
        let x = &m.target;
        let needs = match (x.needs.as_deref(), x.needs_zh.as_deref()) {
            (Some(en), zh) => plain(pick(lang, en, zh.unwrap_or(en))),
            (None, _) => m.lacking.join(", "),
        };
        table.push(vec![
            Cell::Text(short(m, lang)),
            Cell::Text(format!("{} {}", x.rule.sign(), x.value)),
            Cell::Text(match x.scope {
                Scope::Region => t("each region", "各地区"),
                Scope::Nation => t("the country", "全国"),
            }),
            Cell::Text(format!("{:?}", x.trust)),
            Cell::words(Some(&x.source)),
            if needs.is_empty() { Cell::Blank } else { Cell::Text(needs) },
        ]);
    }
    Section {
        title: t("Where the targets come from", "目标来源"),
        text: vec![t(
            "Trust: O official text, S seen in secondary sources (check before quoting), A assumption.",
            "可信度：O 官方文本，S 二手来源（引用前请核对），A 工程假设。",
        )],
        tables: vec![table],
    }
}

fn result(v: View, preset: &Preset, measured: &[Measured]) -> Value {
    let row = |m: &Measured, r: &Row| {
        let region = region(v, r);
        let mut j = if shown(v, m, r) { json!(r) } else { json!({ "withheld": true }) };
        j["region"] = json!(region.map(|r| &r.adcode));
        j["name"] = json!(region.map(|r| &r.name));
        j
    };
    let targets: Vec<Value> = measured
        .iter()
        .map(|m| {
            json!({
                "target": m.target,
                "lacking": m.lacking,
                "regions": rows(v, m).map(|r| row(m, r)).collect::<Vec<_>>(),
                "together": m.whole.as_ref().map(|w| row(m, w)),
            })
        })
        .collect();
    // Dated counts, for a later run's --before.
    let regions: Vec<Value> = v
        .inputs
        .regions
        .iter()
        .map(|r| {
            json!({
                "adcode": r.adcode,
                "name": r.name,
                "level": r.level.code(),
                "stations_official": r.stations_5g_official,
                "stat_date": r.stat_date,
                "residents": r.pop_resident,
            })
        })
        .collect();
    json!({ "preset": preset.name, "collected": preset.collected, "due": preset.due, "targets": targets, "regions": regions })
}
