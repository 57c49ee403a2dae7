//! The answer of `covplan centers`: where compute should stand, why, and what less latency and carbon cost.

use super::Answer;
use super::centers_exchange::{self, network};
use super::centers_private;
use crate::datacenter::Advice;
use crate::datacenter::centers::{CenterOfLayout, NextBest};
use crate::datacenter::reasons::{name_zh, reason as in_words};
use crate::datacenter::tradeoff::Aim;
use crate::model::kinds::Lang;
use crate::model::settings::HallKind;
use crate::model::words::{yuan, yuan_zh};
use crate::policy::private_networks::PrivateNetworks;
use crate::report::center_layers::{CenterTables, factor_label, hall_label};
use crate::report::coverage_document::{MAX_ROWS, banners, headings, say};
use crate::report::document::{Cell, Document, Section, Table, pick, plain};
use crate::report::layers::View;
use crate::report::number::{fixed, grouped_decimal};
use crate::report::plan_document::{money_cell, money_heading};
use crate::report::redact::Released;
use crate::report::write::RunInfo;
use serde_json::{Value, json};

/// Why each center stands where it stands, English and Chinese.
#[must_use]
pub fn reasons(released: &Released, advice: &Advice) -> Vec<(String, String)> {
    advice.centers.iter().map(|c| reason(released, c)).collect()
}

fn reason(released: &Released, c: &CenterOfLayout) -> (String, String) {
    let v = released.view();
    let name = |n: &NextBest| {
        let told = released.name(&n.name.0).is_some() || n.public;
        let id = || released.id(n.place.as_deref().unwrap_or_default());
        if told { n.name.clone() } else { (id(), id()) }
    };
    let (en, zh) = in_words(c, &|n, lang| say(v, n, lang), &name);
    (plain(&en), plain(&zh))
}

/// The answer.
#[must_use]
pub fn centers_answer(
    released: &Released,
    advice: &Advice,
    tables: &CenterTables,
    why: &[(String, String)],
    private: &PrivateNetworks,
    stopped: bool,
    run: &RunInfo,
) -> Answer {
    let lang = run.lang;
    let v = released.view();
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut sections = vec![
        Section {
            title: t("Centers", "算力中心"),
            text: method(advice, lang).into_iter().chain([workloads(v, lang)]).collect(),
            tables: vec![center_table(released, advice, tables, lang), why_table(tables, why, lang)],
        },
        Section {
            title: t("What less latency and less carbon cost", "成本、时延与碳排放的权衡"),
            text: vec![t(
                "Each row is a layout of its own: the best found under its weights, and how far no other layout could \
                 better it (gap). Latency is the round trip of what latency matters to, weighted by racks.",
                "每行为一套独立方案：在相应权重下求得，并给出可证差距。时延为对时延敏感业务按机架加权的往返值。",
            )],
            tables: vec![curve_table(advice, lang)],
        },
    ];
    if advice.centers.iter().any(|c| !c.rtt_by_network.is_empty()) {
        sections.push(Section {
            title: t("By network", "分网络时延"),
            text: vec![t(
                "Mean round trip to each center for sites on one owner's fiber alone. Networks are joined at exchange \
                 points and direct connections only.",
                "企业仅使用某一产权方光网时到各中心的平均往返时延；不同产权方网络仅在交换中心与直联点互通。",
            )],
            tables: vec![network_table(released, advice, tables, lang)],
        });
    }
    sections.extend(centers_exchange::section(released, advice, lang));
    sections.push(cluster_section(released, advice, lang));
    if !advice.clusters.list.is_empty() {
        sections.push(centers_private::section(released, advice, private, lang));
    }
    let notes: Vec<String> = advice.notes.iter().map(|n| n.text(lang).to_owned()).collect();
    if !notes.is_empty() {
        sections.push(Section { title: t("Remarks", "说明"), text: notes, tables: Vec::new() });
    }
    let document = Document {
        lang,
        front: None,
        title: format!("{} – {}", plain(&run.title), t("where compute should stand", "算力中心布局")),
        banners: banners(v, lang, stopped),
        headline: headline(released, advice, lang)
            .into_iter()
            .chain(centers_private::headline(released, private, lang))
            .collect(),
        sections,
        next: vec!["covplan energy PROJECT.toml".to_owned()],
    };
    let mut result = result(released, advice, tables, why);
    result["private_networks"] = centers_private::result(released, advice, private);
    Answer { name: "centers", document, result }
}

fn headline(released: &Released, a: &Advice, lang: Lang) -> Vec<String> {
    let m = &a.metrics;
    let new = a.centers.iter().filter(|c| !c.existing).count();
    let served: f64 = a.racks.iter().sum();
    if served <= 0.0 {
        return vec![
            pick(lang, "no demand for compute that any place could serve", "没有可由机房服务的算力需求")
                .to_owned(),
        ];
    }
    let unmet: f64 = a.unmet.iter().map(|u| u.racks).sum();
    let share = |part: f64, of: f64| grouped_decimal(if of > 0.0 { 100.0 * part / of } else { 0.0 }, 1);
    // Mean, p95 and worst are of what latency matters to; a center's own row counts everything.
    let farthest_ms = a.centers.iter().filter_map(|c| c.rtt_worst_ms).fold(0.0, f64::max);
    let rest = match lang {
        _ if farthest_ms < m.rtt_worst_ms + 0.005 => String::new(),
        Lang::En => format!("; what latency doesn't matter to takes up to {} ms", fixed(farthest_ms, 2)),
        Lang::Zh => format!("；时延不敏感业务最长 {} ms", fixed(farthest_ms, 2)),
    };
    let mut lines = vec![match lang {
        Lang::En => format!(
            "{} centers ({new} new) serve {} racks, {} % of the demand, within its latency limits; what latency matters to: {} ms mean, {} ms p95 (no layout: below {}), {} ms worst round trip (below {}){rest}",
            a.centers.len(),
            grouped_decimal(served, 1),
            share(served, served + unmet),
            fixed(m.rtt_mean_ms, 2),
            fixed(m.rtt_p95_ms, 2),
            fixed(a.least_p95_worst_ms[0], 2),
            fixed(m.rtt_worst_ms, 2),
            fixed(a.least_p95_worst_ms[1], 2),
        ),
        Lang::Zh => format!(
            "{} 处算力中心（新建 {new} 处）承载 {} 架，占需求 {} %，均满足时延限值；时延敏感业务往返平均 {} ms、95% {} ms（任何方案不低于 {}）、最长 {} ms（不低于 {}）{rest}",
            a.centers.len(),
            grouped_decimal(served, 1),
            share(served, served + unmet),
            fixed(m.rtt_mean_ms, 2),
            fixed(m.rtt_p95_ms, 2),
            fixed(a.least_p95_worst_ms[0], 2),
            fixed(m.rtt_worst_ms, 2),
            fixed(a.least_p95_worst_ms[1], 2),
        ),
    }];
    lines.push(match lang {
        Lang::En => format!(
            "{} a year (capex {}), {} GWh and {} t CO2 a year{}",
            yuan(m.cost_cny_yr),
            yuan(m.capex_cny),
            grouped_decimal(m.energy_kwh_yr / 1e6, 2),
            grouped_decimal(m.carbon_t_yr, 0),
            a.certificate
                .as_ref()
                .map(|c| {
                    let (gap, whole) = (grouped_decimal(c.gap * 100.0, 2), yuan(c.objective));
                    format!("; proven within {gap} % of the optimum (objective {whole} a year, latency and carbon at their weights)")
                })
                .unwrap_or_default()
        ),
        Lang::Zh => format!(
            "年化成本 {}（投资 {}），年用电 {} GWh、碳排放 {} 吨{}",
            yuan_zh(m.cost_cny_yr),
            yuan_zh(m.capex_cny),
            grouped_decimal(m.energy_kwh_yr / 1e6, 2),
            grouped_decimal(m.carbon_t_yr, 0),
            a.certificate
                .as_ref()
                .map(|c| {
                    let (gap, whole) = (grouped_decimal(c.gap * 100.0, 2), yuan_zh(c.objective));
                    format!("；可证与最优相差不超过 {gap} %（目标值 {whole}，含时延与碳权重）")
                })
                .unwrap_or_default()
        ),
    });
    lines.push(match lang {
        Lang::En => format!(
            "{} % of racks have a second center within their limit that keeps room for them ({} a year, which the bound leaves out); {} % are reached over fiber of the layers, the rest over assumed ways",
            share(a.backed_racks, served),
            yuan(a.standby_cny_yr),
            share(a.over_fiber_racks, served),
        ),
        Lang::Zh => format!(
            "{} % 的机架在限值内有预留容量的备份中心（每年 {}，最优界未计此项）；{} % 按现有光缆计算，其余路径为假设",
            share(a.backed_racks, served),
            yuan_zh(a.standby_cny_yr),
            share(a.over_fiber_racks, served),
        ),
    });
    lines.extend(centers_exchange::headline(released, a, lang));
    lines
}

fn method(a: &Advice, lang: Lang) -> Vec<String> {
    vec![match lang {
        Lang::En => format!(
            "{} places were looked at: existing data centers, rooms at exchanges or in towns, regional centers, national \
             clusters. Every latency is a round trip of air interface, transport, user plane and application; transport \
             runs over the fiber graph with its switching hops, amplifiers and regenerators. Racks are standard ones \
             (2.5 kW); halls for AI are apart. PUE of new halls follows the climate (an assumption); green power at hand \
             is an indicator, apart from what is bought, which these layers don't tell.",
            a.places
        ),
        Lang::Zh => format!(
            "共比较 {} 处位置：存量数据中心、局房或城镇边缘机房、区域中心、国家枢纽集群。时延均为往返，含空口、传输、UPF 与应用；传输沿光网计算，含交换跳数、光放与电中继。机架按 2.5 kW 标准机架折算，智算机房单列。新建机房 PUE 随气候估算（假设）；就近绿电仅作参考，与外购绿电无关（图层未说明外购量）。",
            a.places
        ),
    }]
}

fn center_table(released: &Released, a: &Advice, tables: &CenterTables, lang: Lang) -> Table {
    let v = released.view();
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut columns = headings(
        lang,
        &[
            ("no.", "序号"),
            ("center", "算力中心"),
            ("tier", "层级"),
            ("hall", "类型"),
            ("exists", "已有"),
            ("racks used", "占用机架"),
            ("kept free", "备用机架"),
            ("of racks", "机架"),
            ("IT MW", "IT功率（MW）"),
            ("sites", "服务企业"),
            ("second for", "备份企业"),
            ("mean RTT ms", "平均往返（ms）"),
            ("p95 RTT ms", "95%往返（ms）"),
            ("PUE", "PUE"),
            ("tCO2/yr", "吨CO2/年"),
        ],
    );
    columns.push(money_heading(lang, "capex", "投资"));
    columns.push(money_heading(lang, "cost/yr", "年化成本"));
    columns.extend(headings(
        lang,
        &[
            ("MWh/yr", "兆瓦时/年"),
            ("p95 fiber km", "95%光路（公里）"),
            ("green power at hand MW", "就近绿电（MW）"),
            ("PUE is", "PUE 来源"),
        ],
    ));
    let mut table = Table::new("centers", t("Centers", "算力中心"), columns).brief();
    for (i, c) in (0u32..).zip(&a.centers).take(MAX_ROWS) {
        let (name, name_zh) = tables.name(i);
        table.push(vec![
            Cell::Count(i64::from(i) + 1),
            Cell::words(Some(pick(lang, name, name_zh))),
            Cell::Text(t(c.tier.code(), c.tier.zh())),
            Cell::Text(t(hall_label(c.hall).1, hall_label(c.hall).2)),
            Cell::Text(if c.existing { t("yes", "是") } else { t("no", "否") }),
            Cell::Number(c.racks_used, 1),
            Cell::Number(c.racks_kept, 1),
            Cell::number(c.racks, 1),
            Cell::Number(c.it_mw, 3),
            Cell::Text(say(v, c.sites, lang)),
            Cell::Text(say(v, c.standby_sites, lang)),
            c.rtt_mean_ms.map_or(Cell::Nothing, |m| Cell::Number(m, 2)),
            c.rtt_p95_ms.map_or(Cell::Nothing, |m| Cell::Number(m, 2)),
            Cell::Number(c.pue, 2),
            Cell::Number(c.carbon_t_yr, 0),
            money_cell(lang, c.capex_cny),
            money_cell(lang, c.cost_cny_yr),
            Cell::Number(c.energy_kwh_yr / 1e3, 0),
            c.rtt_mean_ms.map_or(Cell::Nothing, |_| Cell::Number(c.fiber_p95_km, 1)),
            Cell::number(c.green_mw, 0),
            Cell::Text(match (c.existing, c.pue_given) {
                (false, _) => t("as planned", "规划值"),
                (true, true) => t("given", "数据给定"),
                (true, false) => t("assumed", "假设"),
            }),
        ]);
    }
    let sum = |f: fn(&CenterOfLayout) -> f64| a.centers.iter().map(f).sum::<f64>();
    let mut total = vec![Cell::Blank; table.headings.len()];
    total[1] = Cell::Text(t("total", "合计"));
    total[5] = Cell::Number(sum(|c| c.racks_used), 1);
    total[6] = Cell::Number(sum(|c| c.racks_kept), 1);
    total[8] = Cell::Number(sum(|c| c.it_mw), 3);
    total[14] = Cell::Number(sum(|c| c.carbon_t_yr), 0);
    total[15] = money_cell(lang, sum(|c| c.capex_cny));
    total[16] = money_cell(lang, sum(|c| c.cost_cny_yr));
    total[17] = Cell::Number(sum(|c| c.energy_kwh_yr) / 1e3, 0);
    table.total = Some(total);
    table
}

fn why_table(tables: &CenterTables, why: &[(String, String)], lang: Lang) -> Table {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut table = Table::new(
        "why",
        t("Why each center stands where it stands", "各中心选址理由"),
        headings(lang, &[("no.", "序号"), ("center", "算力中心"), ("why here", "理由")]),
    )
    .brief();
    for (i, (en, zh)) in (0u32..).zip(why).take(MAX_ROWS) {
        let (name, name_zh) = tables.name(i);
        table.push(vec![
            Cell::Count(i64::from(i) + 1),
            Cell::words(Some(pick(lang, name, name_zh))),
            Cell::Text(t(en, zh)),
        ]);
    }
    table
}

fn curve_table(a: &Advice, lang: Lang) -> Table {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut columns = headings(lang, &[("point", "点"), ("looked for", "目标")]);
    columns.push(money_heading(lang, "cost/yr", "年化成本"));
    columns.extend(headings(
        lang,
        &[
            ("mean RTT ms", "平均往返（ms）"),
            ("p95 RTT ms", "95%往返（ms）"),
            ("worst RTT ms", "最长往返（ms）"),
            ("tCO2/yr", "吨CO2/年"),
            ("centers", "中心数"),
            ("new", "新建"),
            ("gap", "差距"),
        ],
    ));
    let mut table = Table::new("tradeoff", t("The trade-off curve", "权衡曲线"), columns).brief();
    for (i, p) in a.curve.iter().enumerate() {
        let (_, en, zh) = p.aim.label();
        let weight = match p.aim {
            Aim::Latency => format!(" ({} {})", grouped_decimal(p.ms_cny, 0), t("¥/rack/ms", "元/架/ms")),
            Aim::Carbon if p.ms_cny > 0.0 => format!(
                " ({} {}, {} {})",
                grouped_decimal(p.carbon_cny_t, 0),
                t("¥/t", "元/吨"),
                grouped_decimal(p.ms_cny, 0),
                t("¥/rack/ms", "元/架/ms")
            ),
            Aim::Carbon => format!(" ({} {})", grouped_decimal(p.carbon_cny_t, 0), t("¥/t", "元/吨")),
            Aim::Worst => format!(" (≤ {} ms)", fixed(p.worst_rtt_ms.unwrap_or(0.0), 2)),
            Aim::Chosen | Aim::Cost => String::new(),
        };
        table.push(vec![
            Cell::Text(letter(i)),
            Cell::Text(t(en, zh) + &weight),
            money_cell(lang, p.metrics.cost_cny_yr),
            Cell::Number(p.metrics.rtt_mean_ms, 3),
            Cell::Number(p.metrics.rtt_p95_ms, 3),
            Cell::Number(p.metrics.rtt_worst_ms, 3),
            Cell::Number(p.metrics.carbon_t_yr, 1),
            Cell::count(Some(p.centers)),
            Cell::count(Some(p.new)),
            Cell::Share(p.gap),
        ]);
    }
    table
}

/// What a rack of a site's demand is made of: factors, which needn't add up to one.
fn workloads(v: View, lang: Lang) -> String {
    let all = &v.settings.datacenter.workload;
    let sum = |hall: HallKind| all.values().filter(|w| w.hall == hall).map(|w| w.share).sum::<f64>();
    let [general, dense] = [HallKind::General, HallKind::Ai].map(sum);
    let parts: Vec<String> = all
        .iter()
        .map(|(name, w)| format!("{} {}", plain(pick(lang, name, name_zh(name))), fixed(w.share, 2)))
        .collect();
    let parts = parts.join(pick(lang, ", ", "、"));
    let [general, dense, whole] = [general, dense, general + dense].map(|n| fixed(n, 2));
    match lang {
        Lang::En => format!(
            "Each rack of a site's demand (datacenter.site_racks × datacenter.firm) asks for {parts}: {general} racks in general \
             halls and {dense} beside them in halls for AI, {whole} in all. These are factors, not shares of one."
        ),
        Lang::Zh => format!(
            "企业每架需求（datacenter.site_racks × datacenter.firm）对应：{parts}，即通用机房 {general} 架，另加智算机房 {dense} 架，合计 {whole} 架；\
             以上为系数，不要求合计为 1。"
        ),
    }
}

/// Name of a point of the curve: A to Z, then numbers.
pub(super) fn letter(i: usize) -> String {
    u8::try_from(i)
        .ok()
        .filter(|i| *i < 26)
        .map_or_else(|| (i + 1).to_string(), |i| char::from(b'A' + i).to_string())
}

fn cluster_section(released: &Released, a: &Advice, lang: Lang) -> Section {
    let v = released.view();
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let s = &v.settings.datacenter;
    let kinds: Vec<&String> = s.node.keys().collect();
    let mut columns = headings(
        lang,
        &[
            ("cluster", "集群编号"),
            ("near", "邻近城镇"),
            ("sites", "企业数"),
            ("radius km", "半径（公里）"),
            ("main sector", "主要行业"),
            ("share of it", "占比"),
        ],
    );
    for k in &kinds {
        let name = plain(pick(lang, k, name_zh(k)));
        columns.push(format!("{name}{}", t(" node at", "节点")));
        columns.push(format!("{name}{}", t(" RTT ms", "往返（ms）")));
    }
    let mut table =
        Table::new("clusters", t("Industrial clusters and their nodes", "产业集群及其节点"), columns).brief();
    for (i, c) in (0u32..).zip(&a.clusters.list).take(MAX_ROWS) {
        let mut row = vec![
            Cell::Text(c.id.clone()),
            Cell::words(Some(pick(lang, &c.name.0, &c.name.1))),
            Cell::Text(say(v, c.sites.len() as u64, lang)),
            Cell::Number(c.radius_m / 1e3, 1),
            c.sector.as_ref().map_or(Cell::Unknown, |s| Cell::words(Some(&s.0))),
            c.sector
                .as_ref()
                .map_or(Cell::Unknown, |s| Cell::Share(s.1 as f64 / c.sites.len().max(1) as f64)),
        ];
        for k in &kinds {
            let node = a.clusters.nodes.iter().find(|n| n.cluster == i && n.node == **k);
            match node.and_then(|n| Some((n, n.place.as_ref()?))) {
                Some((n, id)) => {
                    let told = n.public || released.name(&n.place_name.0).is_some();
                    let name = pick(lang, &n.place_name.0, &n.place_name.1);
                    row.push(Cell::Text(if told { plain(name) } else { released.id(id) }));
                    row.push(Cell::number(n.rtt_ms, 2));
                }
                None => row.extend([Cell::Nothing, Cell::Nothing]),
            }
        }
        table.push(row);
    }
    let (m, least) = (grouped_decimal(s.cluster_m, 0), s.cluster_sites);
    let gap = grouped_decimal(a.clusters.gap * 100.0, 2);
    Section {
        title: t("Industrial clusters", "产业集群"),
        text: vec![match lang {
            Lang::En => format!(
                "{} clusters, found by density (DBSCAN): sites within {m} m of one that has {least} within that distance, \
                 itself counted. Each has nodes of its own, placed at least cost within the round trip that their sites may \
                 take (proven within {gap} %); clusters may share a place.",
                a.clusters.list.len()
            ),
            Lang::Zh => format!(
                "按密度（DBSCAN）识别出 {} 个产业集群：{m} 米内不少于 {least} 家企业。各集群的标识解析与平台节点在时延限值内按最低成本选址（可证差距 {gap} %），多个集群可共用一处。",
                a.clusters.list.len()
            ),
        }],
        tables: vec![table],
    }
}

fn network_table(released: &Released, a: &Advice, tables: &CenterTables, lang: Lang) -> Table {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut columns = headings(lang, &[("no.", "序号"), ("center", "算力中心")]);
    columns.extend(a.owners.iter().map(|o| network(released, a, o, lang) + " ms"));
    let mut table = Table::new("networks", t("Mean round trip by network", "分网络平均往返时延"), columns);
    for (i, c) in (0u32..).zip(&a.centers).filter(|(_, c)| !c.rtt_by_network.is_empty()).take(MAX_ROWS) {
        let (name, name_zh) = tables.name(i);
        let mut row = vec![Cell::Count(i64::from(i) + 1), Cell::words(Some(pick(lang, name, name_zh)))];
        row.extend(c.rtt_by_network.iter().map(|(_, ms)| ms.map_or(Cell::Nothing, |ms| Cell::Number(ms, 2))));
        table.push(row);
    }
    table
}

fn result(released: &Released, a: &Advice, tables: &CenterTables, why: &[(String, String)]) -> Value {
    let v = released.view();
    let count = |n: u64| (n == 0 || n >= v.min_count).then_some(n);
    let centers: Vec<Value> = (0u32..)
        .zip(&a.centers)
        .map(|(i, c)| {
            let mut told = serde_json::to_value(c).unwrap_or_default();
            let (name, name_zh) = tables.name(i);
            told["id"] = json!(tables.id(i));
            (told["name"], told["name_zh"]) = (json!(name), json!(name_zh));
            let by = c.rtt_by_network.iter().map(|(o, ms)| json!([network(released, a, o, Lang::En), ms]));
            told["rtt_by_network"] = by.collect();
            told["tier"] = json!(c.tier.code());
            told["hall"] = json!(hall_label(c.hall).0);
            told["factor"] = json!(factor_label(c.factor).0);
            (told["sites"], told["standby_sites"]) = (json!(count(c.sites)), json!(count(c.standby_sites)));
            if let Some(at) = tables.at(i) {
                (told["lon"], told["lat"]) = (json!(at.lon_deg()), json!(at.lat_deg()));
            }
            if let Some(n) = c.next.as_ref().and_then(|n| n.place.as_ref()) {
                let public = c.next.as_ref().is_some_and(|n| n.public);
                told["next"]["place"] = json!(if public { n.clone() } else { released.id(n) });
            }
            if let Some((en, zh)) = why.get(i as usize) {
                (told["why"], told["why_zh"]) = (json!(en), json!(zh));
            }
            told
        })
        .collect();
    let nodes = |i: u32| -> Vec<Value> {
        let of = a.clusters.nodes.iter().filter(|n| n.cluster == i);
        of.map(|n| {
            let id = n.place.as_ref().map(|p| if n.public { p.clone() } else { released.id(p) });
            json!({ "node": n.node, "racks": n.racks, "place": id, "existing": n.existing, "rtt_ms": n.rtt_ms })
        })
        .collect()
    };
    let clusters: Vec<Value> = (0u32..)
        .zip(&a.clusters.list)
        .map(|(i, c)| {
            let at = released.position(c.at);
            json!({
                "id": c.id, "name": c.name.0, "name_zh": c.name.1, "sites": count(c.sites.len() as u64),
                "lon": at.lon_deg(), "lat": at.lat_deg(), "radius_m": c.radius_m,
                "sector": c.sector.as_ref().map(|s| &s.0), "nodes": nodes(i),
            })
        })
        .collect();
    let unmet: Vec<Value> = a
        .unmet
        .iter()
        .map(|u| {
            let mut told = serde_json::to_value(u).unwrap_or_default();
            told["sites"] = json!(count(u.sites));
            told
        })
        .collect();
    json!({
        "centers": centers,
        "metrics": a.metrics,
        "least_rtt_p95_ms": a.least_p95_worst_ms[0],
        "least_rtt_worst_ms": a.least_p95_worst_ms[1],
        "certificate": a.certificate,
        "curve": a.curve,
        "unmet": unmet,
        "clusters": clusters,
        "cluster_nodes_cny_yr": a.clusters.cost_cny_yr.0,
        "cluster_nodes_bound_cny_yr": a.clusters.cost_cny_yr.1,
        "racks_general": a.racks[0],
        "racks_ai": a.racks[1],
        "racks_with_second_center": a.backed_racks,
        "second_centers_cny_yr": a.standby_cny_yr,
        "racks_over_fiber": a.over_fiber_racks,
        "networks": a.owners.iter().map(|o| network(released, a, o, Lang::En)).collect::<Vec<_>>(),
        "exchange_points": a.exchanges,
        "exchange": centers_exchange::result(released, a),
        "places": a.places,
        "notes": a.notes.iter().map(|n| json!({ "code": n.code, "en": n.en, "zh": n.zh })).collect::<Vec<_>>(),
    })
}
