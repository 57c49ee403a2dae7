//! The report on today's coverage: which sites lack what, regions against targets, and how good the
//! data are.

use super::document::{Cell, Document, Section, Table, pick, plain, quoted};
use super::layers::{View, printed_points};
use super::number::{grouped, grouped_decimal};
use super::plan_layers::state_label;
use super::tables::withheld;
use super::write::RunInfo;
use crate::coverage::scene::Scene;
use crate::coverage::{Kpi, KpiGroup};
use crate::model::issues::Severity;
use crate::model::kinds::{Basis, Lang, Redaction, RegionLevel};
use crate::model::notes::Note;
use crate::model::schema::Layer;
use crate::policy::kpi::main_level;
use std::collections::{BTreeMap, BTreeSet};

/// Rows of the longest tables that a document holds; the layers hold all.
pub const MAX_ROWS: usize = 50_000;

/// The report of `covplan coverage`.
#[must_use]
pub fn coverage_document(v: View, run: &RunInfo) -> Document {
    let lang = run.lang;
    let mut sections = today(v, lang);
    sections.push(notes(lang, &[&v.found.notes]));
    sections.push(data_quality(v, lang));
    sections.push(super::assumptions::assumptions(v, lang));
    let mut next = vec!["covplan plan PROJECT.toml -o DIR".to_owned()];
    if let Some(gap) = v.found.gaps.first() {
        next.push(format!("covplan explain DIR {}", quoted(&plain(v.site_id(gap.site.at())))));
    }
    Document {
        lang,
        front: super::front::of_coverage(v, lang),
        title: format!("{} – {}", plain(&run.title), pick(lang, "coverage today", "覆盖现状")),
        banners: banners(v, lang, false),
        headline: headline(v, lang),
        sections,
        next,
    }
}

/// Headings from pairs.
pub(super) fn headings(lang: Lang, pairs: &[(&str, &str)]) -> Vec<String> {
    pairs.iter().map(|(en, zh)| pick(lang, en, zh).to_owned()).collect()
}

fn all<'a>(v: View<'a>) -> Option<&'a Kpi> {
    v.found.kpis.iter().find(|k| k.group == KpiGroup::All)
}

fn fact(v: View, code: &str) -> Option<u64> {
    v.found.facts.iter().find(|f| f.code == code).map(|f| f.value)
}

/// A count as a sentence may say it.
pub(super) fn say(v: View, n: u64, lang: Lang) -> String {
    if n > 0 && n < v.min_count {
        return pick(lang, "fewer than ", "少于 ").to_owned() + &v.min_count.to_string();
    }
    grouped(i64::try_from(n).unwrap_or(i64::MAX))
}

/// The head of the report on today.
pub(super) fn headline(v: View, lang: Lang) -> Vec<String> {
    let mut lines = Vec::new();
    if fact(v, "nr_cells") == Some(0) && v.inputs.has("cells") {
        lines.push(
            pick(
                lang,
                "0 NR cells in the cells layer: no 5G coverage can be shown from it",
                "小区图层中 NR 小区为 0：无法据此给出 5G 覆盖",
            )
            .to_owned(),
        );
    }
    if let Some(k) = all(v) {
        // A share would give a small count away.
        // One base for every share of the report: the sites that have a score.
        let left = k.sites.saturating_sub(k.scored + k.unknown);
        let small =
            [k.gaps, k.scored, k.critical, k.unknown, left].into_iter().any(|n| n > 0 && n < v.min_count);
        let share = if k.scored > 0 { k.gaps as f64 / k.scored as f64 } else { 0.0 };
        let (gaps, scored) = (say(v, k.gaps, lang), say(v, k.scored, lang));
        let (critical, unknown) = (say(v, k.critical, lang), say(v, k.unknown, lang));
        let share = if small { String::new() } else { format!(" ({} %)", grouped_decimal(share * 100.0, 1)) };
        let left = match (left, lang) {
            (0, _) => String::new(),
            (n, Lang::En) => format!("; {} more not in operation", say(v, n, lang)),
            (n, Lang::Zh) => format!("；另有 {} 家非在产", say(v, n, lang)),
        };
        lines.push(match lang {
            Lang::En => format!(
                "{gaps} of {scored} scored {}{share} below target on every network; {critical} critical; {unknown} \
                 unknown{left}",
                if k.scored == 1 { "site" } else { "sites" },
            ),
            Lang::Zh => format!(
                "已评分 {scored} 家企业中 {gaps} 家{share}在所有网络上均不达标；其中严重 {critical} 家；未知 {unknown} 家{left}"
            ),
        });
    }
    let (behind, told, stations, residents) = against_target(v);
    if told > 0 && residents > 0.0 {
        let per_10k = grouped_decimal(stations / residents * 1e4, 1);
        lines.push(match lang {
            Lang::En => format!("{per_10k} stations per 10k people as reported; {behind} of {told} regions behind their target"),
            Lang::Zh => format!("上报口径每万人 {per_10k} 个 5G 基站；{told} 个地区中 {behind} 个落后于目标"),
        });
    }
    lines
}

/// The level of a KPI row's region.
fn level_of(v: View, k: &Kpi) -> Option<RegionLevel> {
    v.inputs.regions.iter().find(|r| r.adcode == k.key).map(|r| r.level)
}

/// Regions behind target, regions with a target, their stations and residents.
fn against_target(v: View) -> (usize, usize, f64, f64) {
    let (mut behind, mut told, mut stations, mut residents) = (0, 0, 0.0, 0.0);
    let main = main_level(&v.inputs.regions);
    for k in v.found.kpis.iter().filter(|k| k.group == KpiGroup::Region) {
        if let (Some(per), Some(target), Some(n), Some(pop)) =
            (k.per_10k, k.target_per_10k, k.stations_official, k.residents)
            && level_of(v, k) == main
        {
            told += 1;
            behind += usize::from(per < target);
            stations += n;
            residents += pop;
        }
    }
    (behind, told, stations, residents)
}

/// What a reader must know before any number.
pub(super) fn banners(v: View, lang: Lang, stopped_early: bool) -> Vec<String> {
    let mut b = Vec::new();
    let named = |n: &str| match (lang, Layer::named(n)) {
        (Lang::Zh, Some(layer)) => layer.zh.to_owned(),
        _ => n.to_owned(),
    };
    let synthetic: Vec<String> =
        v.inputs.layers.iter().filter(|(_, l)| l.synthetic).map(|(n, _)| named(n)).collect();
    if !synthetic.is_empty() {
        let all = synthetic.len() == v.inputs.layers.len();
        let layers = synthetic.join(pick(lang, ", ", "、"));
        b.push(match lang {
            Lang::En if all => {
                "Synthetic data: every layer was made by a generator and describes no real firm or network"
                    .into()
            }
            Lang::En => format!(
                "Synthetic data: {layers} were made by a generator and describe no real firm or network"
            ),
            Lang::Zh if all => "合成数据：全部图层由生成器产生，不代表任何真实企业或网络".into(),
            Lang::Zh => format!("合成数据：{layers} 由生成器产生，不代表任何真实企业或网络"),
        });
    }
    if v.roads_inferred() {
        b.push(
            pick(
                lang,
                "Right of way inferred: no road layer was used; routes and road distances are drawn between places",
                "路由为推断：未使用道路图层，路由与沿路距离按点位推断",
            )
            .to_owned(),
        );
    }
    if stopped_early {
        b.push(
            pick(
                lang,
                "Stopped early: this is the best plan found so far",
                "提前终止：此为截至终止时的最优方案",
            )
            .to_owned(),
        );
    }
    let level = v.settings.redact.level;
    let km = grouped_decimal(v.settings.redact.grid_m / 1000.0, 1);
    match (level, lang) {
        (Redaction::Internal, _) => {}
        (Redaction::InterAgency, Lang::En) => b.push(format!(
            "Redacted for inter-agency use: no cell parameters, points moved to a {km} km grid, ids hashed"
        )),
        (Redaction::InterAgency, Lang::Zh) => {
            b.push(format!("部门间版本（已脱敏）：不含小区参数，坐标归并至 {km} km 网格，编号已散列"));
        }
        (Redaction::Public, Lang::En) => b.push(format!(
            "Redacted for the public: no names, no cell parameters, points moved to a {km} km grid, ids hashed, \
             counts below {} withheld",
            v.min_count
        )),
        (Redaction::Public, Lang::Zh) => b.push(format!(
            "公开版本（已脱敏）：不含名称与小区参数，坐标归并至 {km} km 网格，编号已散列，小于 {} 的计数不予公布",
            v.min_count
        )),
    }
    b
}

/// The chapters on today.
pub(super) fn today(v: View, lang: Lang) -> Vec<Section> {
    let hidden = withheld(&v.found.kpis, v.min_count);
    vec![gaps(v, lang), regions(v, lang, &hidden), groups(v, lang, &hidden)]
}

fn gaps(v: View, lang: Lang) -> Section {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut head = headings(
        lang,
        &[
            ("rank", "排名"),
            ("site", "企业编号"),
            ("name", "企业名称"),
            ("city", "地市"),
            ("sector", "行业"),
            ("score", "评分"),
            ("worst term", "最差项"),
        ],
    );
    for name in &v.found.networks {
        let name = plain(name);
        head.push(format!("{name} {}", pick(lang, "outdoor dBm", "室外 dBm")));
        head.push(format!("{name} {}", pick(lang, "indoor dBm", "室内 dBm")));
        head.push(format!("{name} {}", pick(lang, "UL Mbit/s", "上行 Mbit/s")));
    }
    head.extend(headings(lang, &[("fiber m", "距光纤 m"), ("basis", "依据"), ("critical", "严重")]));
    if v.plan.is_some() {
        head.push(t("score after", "规划后评分"));
        head.push(t("fiber connection", "光纤接入"));
    }
    let connections: BTreeMap<&str, _> =
        v.plan.iter().flat_map(|p| &p.connections).map(|c| (c.id.as_str(), c.state)).collect();
    let mut table =
        Table::new("gaps", t("Sites below target, most urgent first", "不达标企业（按优先级）"), head)
            .short(t("Sites below target", "不达标企业"))
            .brief();
    for (n, gap) in v.found.gaps.iter().enumerate().take(MAX_ROWS) {
        let i = gap.site.at();
        let Some(result) = v.found.sites.get(i) else { continue };
        let worst = gap.worst.label();
        let weights = &v.found.weights;
        let mut row = vec![
            Cell::Count(n as i64 + 1),
            Cell::words(Some(v.site_id(i))),
            Cell::words(v.site_name(i)),
            Cell::words(v.site_city(i)),
            Cell::words(v.site_sector(i)),
            Cell::number(printed_points(&result.score, weights).0, 1),
            Cell::Text(t(worst.0, worst.1)),
        ];
        for k in 0..v.found.networks.len() {
            let at = v.at_network(i, k);
            let reached = at.is_some_and(|n| n.server.is_some() || n.rsrp_outdoor_dbm.is_known());
            let level = |v: Option<f64>| if reached { Cell::number(v, 1) } else { Cell::Nothing };
            row.push(level(at.and_then(|n| n.rsrp_outdoor_dbm.get())));
            row.push(level(at.and_then(|n| n.rsrp_indoor_dbm.get())));
            row.push(level(at.and_then(|n| n.ul_mbps.get())));
        }
        let basis = result.best_network.and_then(|n| v.at_network(i, usize::from(n.0))).map(|n| n.basis);
        row.push(match result.fiber_basis {
            // Looked for, and none within the distance of the search.
            b if b != Basis::Unknown && !result.fiber_m.is_known() => Cell::Nothing,
            _ => Cell::number(result.fiber_m.get(), 0),
        });
        row.push(basis.map_or(Cell::Unknown, |b| Cell::Text(t(b.code(), b.zh()))));
        row.push(Cell::Text(if gap.critical { t("yes", "是") } else { t("no", "否") }));
        if let Some(plan) = v.plan {
            let after = plan.after.sites.get(i).and_then(|s| printed_points(&s.score, weights).0);
            row.push(Cell::number(after, 1));
            row.push(connections.get(v.site_id(i)).map_or(Cell::Blank, |s| {
                let label = state_label(*s);
                Cell::Text(t(label.0, label.1))
            }));
        }
        table.push(row);
    }
    table.all_rows = v.found.gaps.len();
    let mut text = Vec::new();
    if v.found.gaps.is_empty() {
        text.push(t("No site is below target.", "没有不达标企业。"));
    }
    Section {
        title: t("Which factories lack adequate 5G or fiber", "哪些企业 5G 或光纤不足"),
        text,
        tables: vec![table],
    }
}

fn regions(v: View, lang: Lang, hidden: &BTreeSet<usize>) -> Section {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut table = Table::new(
        "regions",
        t("Regions against their target", "各地区目标完成情况"),
        headings(
            lang,
            &[
                ("region", "地区"),
                ("level", "级别"),
                ("residents", "常住人口"),
                ("reported 5G stations", "上报5G基站"),
                ("stations in the layer", "图层内基站"),
                ("per 10k", "每万人"),
                ("target", "目标"),
                ("missing", "缺口"),
                ("done", "完成率"),
                ("sites", "企业数"),
                ("on target", "达标率"),
                ("below target", "不达标"),
                ("critical", "严重"),
                ("mean score", "平均分"),
            ],
        ),
    )
    .brief();
    let main = main_level(&v.inputs.regions);
    let mut rows: Vec<_> = v
        .found
        .kpis
        .iter()
        .enumerate()
        .filter(|(_, k)| k.group == KpiGroup::Region)
        .map(|(at, k)| (at, k, level_of(v, k)))
        .collect();
    rows.sort_by_key(|(at, _, level)| (*level != main, *level, *at));
    for (at, k, level) in rows {
        let missing = match (k.target_per_10k, k.residents, k.stations_official) {
            (Some(target), Some(pop), Some(n)) => Some((target * pop / 1e4 - n).ceil().max(0.0)),
            _ => None,
        };
        let done = k.per_10k.zip(k.target_per_10k).filter(|(_, t)| *t > 0.0).map(|(p, t)| p / t);
        let shown = (!hidden.contains(&at)).then_some(k);
        table.push(vec![
            Cell::words(Some(&k.name)),
            level.map_or(Cell::Unknown, |l| Cell::Text(t(l.code(), l.zh()))),
            Cell::number(k.residents, 0),
            Cell::number(k.stations_official, 0),
            shown.map_or(Cell::Blank, |k| Cell::count(k.stations_layer)),
            Cell::number(k.per_10k, 1),
            Cell::number(k.target_per_10k, 1),
            Cell::number(missing, 0),
            Cell::share(done),
            shown.map_or(Cell::Blank, |k| Cell::count(Some(k.sites))),
            shown.map_or(Cell::Blank, |k| Cell::share(k.on_target_share)),
            shown.map_or(Cell::Blank, |k| Cell::count(Some(k.gaps))),
            shown.map_or(Cell::Blank, |k| Cell::count(Some(k.critical))),
            shown.map_or(Cell::Blank, |k| Cell::number(k.mean_score, 1)),
        ]);
    }
    let text = vec![if table.rows.is_empty() {
        t("No regions layer: targets per region can't be checked.", "无行政区图层，无法核对地区目标。")
    } else {
        t(
            "Per 10k uses the reported stations and residents; the count of the cells layer stands beside it.",
            "每万人指标采用上报基站数与常住人口；图层统计数并列给出。",
        )
    }];
    Section { title: t("Are we on target", "目标完成情况"), text, tables: vec![table] }
}

fn groups(v: View, lang: Lang, hidden: &BTreeSet<usize>) -> Section {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let kinds = [
        (KpiGroup::Network, "networks", "By network", "按网络"),
        (KpiGroup::Sector, "sectors", "By sector", "按行业"),
        (KpiGroup::FirmSize, "firm_sizes", "By firm size", "按企业规模"),
        (KpiGroup::DigLevel, "dig_levels", "By digitisation level", "按数字化等级"),
        (KpiGroup::Park, "parks", "By park", "按园区"),
    ];
    let mut tables = Vec::new();
    for (group, key, en, zh) in kinds {
        let mut table = Table::new(
            key,
            t(en, zh),
            headings(
                lang,
                &[
                    ("group", "分组"),
                    ("sites", "企业数"),
                    ("unknown", "未知"),
                    ("on target", "达标率"),
                    ("below target", "不达标"),
                    ("critical", "严重"),
                    ("mean score", "平均分"),
                    ("outdoor signal", "室外覆盖率"),
                    ("fiber near", "光纤覆盖率"),
                    ("use 5G", "5G应用率"),
                ],
            ),
        );
        table.brief = group == KpiGroup::Network;
        let mut left_out = 0;
        for (at, k) in v.found.kpis.iter().enumerate().filter(|(_, k)| k.group == group) {
            if hidden.contains(&at) {
                left_out += 1;
                continue;
            }
            if table.rows.len() == MAX_ROWS {
                table.all_rows += 1;
                continue;
            }
            table.push(vec![
                Cell::words(Some(if k.key == "unknown" { pick(lang, "unknown", "未知") } else { &k.name })),
                Cell::count(Some(k.sites)),
                Cell::count(Some(k.unknown)),
                Cell::share(k.on_target_share),
                Cell::count(Some(k.gaps)),
                Cell::count(Some(k.critical)),
                Cell::number(k.mean_score, 1),
                Cell::share(k.outdoor_share),
                Cell::share(k.fiber_share),
                Cell::share(k.uses_5g_share),
            ]);
        }
        if left_out > 0 {
            table.title += &match lang {
                Lang::En => format!(" ({left_out} small groups withheld)"),
                Lang::Zh => format!("（隐去 {left_out} 个小分组）"),
            };
        }
        if !table.rows.is_empty() || left_out > 0 {
            tables.push(table);
        }
    }
    Section { title: t("Who is behind", "分组指标"), text: Vec::new(), tables }
}

/// Remarks of the stages.
pub(super) fn notes(lang: Lang, lists: &[&[Note]]) -> Section {
    let mut text: Vec<String> = Vec::new();
    for n in lists.iter().flat_map(|l| l.iter()) {
        let line = format!("{}: {}", n.code, plain(n.text(lang)));
        if !text.contains(&line) {
            text.push(line);
        }
    }
    Section {
        title: pick(lang, "Notes and assumptions", "说明与假设").to_owned(), text, tables: Vec::new()
    }
}

/// The chapter on the inputs: rows read, left out and dropped, and what was wrong.
pub(super) fn data_quality(v: View, lang: Lang) -> Section {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut layers = Table::new(
        "inputs",
        t("What was read", "读取情况"),
        headings(
            lang,
            &[
                ("layer", "图层"),
                ("rows read", "读取行数"),
                ("filtered out", "过滤"),
                ("dropped", "剔除"),
                ("kept", "保留"),
                ("CRS", "坐标系"),
                ("as of", "统计日期"),
                ("source", "来源"),
                ("synthetic", "合成"),
            ],
        ),
    );
    for (name, l) in &v.inputs.layers {
        layers.push(vec![
            Cell::Text(name.clone()),
            Cell::count(Some(l.rows_read)),
            Cell::count(Some(l.rows_filtered)),
            Cell::count(Some(l.rows_dropped)),
            Cell::count(Some(l.rows_kept)),
            Cell::words(Some(&l.crs)),
            Cell::words(l.as_of.as_deref()),
            Cell::words(l.source.as_deref()),
            Cell::Text(if l.synthetic { t("yes", "是") } else { t("no", "否") }),
        ]);
    }
    let mut issues = Table::new(
        "issues",
        t("What was wrong, most frequent first", "数据问题（按次数）"),
        headings(
            lang,
            &[
                ("rule", "规则"),
                ("what", "问题"),
                ("level", "级别"),
                ("layer", "图层"),
                ("first place", "首处位置"),
                ("value there", "该处取值"),
                ("count", "次数"),
            ],
        ),
    )
    .short(t("What was wrong", "数据问题"));
    let mut found: Vec<_> = v.inputs.issues.iter().collect();
    found.sort_by_key(|(f, _)| (std::cmp::Reverse(f.severity), std::cmp::Reverse(f.count)));
    for (f, rule) in found {
        let level = match f.severity {
            Severity::Error => t("error", "错误"),
            Severity::Row => t("row dropped", "剔除该行"),
            Severity::Warning => t("warning", "警告"),
        };
        issues.push(vec![
            Cell::Text(f.code.to_owned()),
            Cell::Text(t(rule.title, rule.title_zh)),
            Cell::Text(level),
            Cell::words(Some(&f.layer)),
            Cell::words(Some(&f.place.to_string())),
            Cell::Text(plain(&f.value)),
            Cell::count(Some(f.count)),
        ]);
    }
    let compared = against_measurements(v, lang);
    let dropped: u64 = v.inputs.layers.values().map(|l| l.rows_dropped).sum();
    let kept: u64 = v.inputs.layers.values().map(|l| l.rows_kept).sum();
    let (dropped, kept) = (say(v, dropped, lang), say(v, kept, lang));
    let mut text = vec![match lang {
        Lang::En => {
            let rows = if kept == "1" { "row" } else { "rows" };
            format!("{kept} {rows} kept, {dropped} dropped because a rule was broken.")
        }
        Lang::Zh => format!("保留 {kept} 行，因违反规则剔除 {dropped} 行。"),
    }];
    let mut tables = vec![layers, issues];
    if let Some((line, table)) = compared {
        text.extend(line);
        tables.push(table);
    }
    Section { title: t("Data quality", "数据质量"), text, tables }
}

/// Measurements against prediction: the bias of each band in a line, and band by scene in a table.
fn against_measurements(v: View, lang: Lang) -> Option<(Option<String>, Table)> {
    let told: Vec<_> = v.found.measured.iter().filter(|c| c.count >= v.min_count).collect();
    if told.is_empty() {
        return None;
    }
    let least = v.settings.radio.measured_min_samples;
    let mut table = Table::new(
        "measured",
        pick(lang, "Prediction less measurement (SS-RSRP outdoors)", "预测减实测（室外 SS-RSRP）").to_owned(),
        headings(
            lang,
            &[
                ("band", "频段"),
                ("scene", "场景"),
                ("measurements", "路测点数"),
                ("bias dB", "偏差 dB"),
                ("sigma dB", "标准差 dB"),
                ("RMSE dB", "均方根误差 dB"),
                ("enough", "样本充足"),
            ],
        ),
    )
    .short(pick(lang, "Against measurements", "与路测对比").to_owned());
    for c in &told {
        let scene = match (c.scene, lang) {
            (None, Lang::En) => "all",
            (None, Lang::Zh) => "全部",
            (Some(s), Lang::En) => s.code(),
            (Some(Scene::Urban), Lang::Zh) => "城区",
            (Some(Scene::Suburban), Lang::Zh) => "郊区",
            (Some(Scene::Rural), Lang::Zh) => "农村",
        };
        let enough = match (c.enough, lang) {
            (true, Lang::En) => "yes".to_owned(),
            (true, Lang::Zh) => "是".to_owned(),
            (false, Lang::En) => format!("no, fewer than {least}"),
            (false, Lang::Zh) => format!("否，少于 {least}"),
        };
        table.push(vec![
            Cell::Text(plain(&c.band)),
            Cell::Text(scene.to_owned()),
            Cell::count(Some(c.count)),
            Cell::number(Some(c.bias_db), 1),
            Cell::number(c.sigma_db, 1),
            Cell::number(Some(c.rmse_db), 1),
            Cell::Text(enough),
        ]);
    }
    let bands: Vec<String> = told
        .iter()
        .filter(|c| c.scene.is_none() && c.enough)
        .map(|c| match lang {
            Lang::En => format!("bias {:+.1} dB on {}", c.bias_db, plain(&c.band)),
            Lang::Zh => format!("{} 偏差 {:+.1} dB", plain(&c.band), c.bias_db),
        })
        .collect();
    let line = (!bands.is_empty()).then(|| match lang {
        Lang::En => format!(
            "Prediction less measurement: {} (positive: the prediction is too good).",
            bands.join(", ")
        ),
        Lang::Zh => format!("预测减实测：{}（正值表示预测偏乐观）。", bands.join("，")),
    });
    Some((line, table))
}
