//! Explains a score, a station, a route, a splitter, a data center or a region from the folder of a finished run:
//! every term, its input, the row that the input stands in, and the formula.

mod route;
mod totals;
mod weight;

use super::document::{Cell, Document, Section, Table, pick, plain};
use super::number::{grouped_decimal, money};
use super::out::ReportError;
use crate::coverage::Term;
use crate::geom::{LonLat, geodesic_m};
use crate::model::catalogue::Catalogue;
use crate::model::kinds::{Basis, Lang};
use crate::model::said::{Bilingual, Said, did_you_mean_zh};
use crate::model::words::counted;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// An explanation: for people, and as it stands in the folder.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// For people.
    pub document: Document,
    /// For programs (`covplan/explain/1`).
    pub json: Value,
}

/// Why nothing can be explained.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// The folder has neither a plan nor an assessment that can be read.
    #[error(transparent)]
    Folder(#[from] ReportError),
    /// The id isn't in it.
    #[error("no site, station, route, splitter, data center or region `{id}` in {}{}", folder.display(),
        suggestion.as_ref().map(|s| format!("; did you mean `{s}`?")).unwrap_or_default())]
    UnknownId {
        /// The id.
        id: String,
        /// The folder.
        folder: PathBuf,
        /// The nearest id that is in it.
        suggestion: Option<String>,
    },
}

impl Bilingual for ExplainError {
    fn zh(&self) -> String {
        match self {
            Self::Folder(e) => e.zh(),
            Self::UnknownId { id, folder, suggestion } => format!(
                "{} 中没有编号为 `{id}` 的企业、基站、光缆段、分光器、数据中心或区域{}",
                folder.display(),
                did_you_mean_zh(suggestion.as_deref())
            ),
        }
    }
}

/// Why JSON can't be read back.
pub(super) fn not_json(e: &serde_json::Error) -> Said {
    (e.to_string(), format!("不是有效的 JSON：“{e}”")).into()
}

/// Lists in the folder's document, with the name of their id.
const LISTS: [(&str, &str); 6] = [
    ("sites", "site_id"),
    ("stations", "id"),
    ("fiber_routes", "id"),
    ("pon_nodes", "id"),
    ("datacenters", "id"),
    ("kpis", "key"),
];

/// Explains one id of a run's folder, or of its `plan.json` or `coverage.json`.
///
/// # Errors
/// [`ExplainError`].
pub fn explain(folder: &Path, id: &str, lang: Lang) -> Result<Explanation, ExplainError> {
    let run = read(folder)?;
    for (list, key) in LISTS {
        let Some(item) = run[list].as_array().into_iter().flatten().find(|i| i[key].as_str() == Some(id))
        else {
            continue;
        };
        let connection =
            run["connections"].as_array().into_iter().flatten().find(|c| c["id"].as_str() == Some(id));
        let sections = match list {
            "sites" => site(&run, item, connection, lang),
            "stations" => planned(&run, item, connection, lang, &["siting.", "energy."], "stations"),
            "fiber_routes" | "pon_nodes" => planned(&run, item, None, lang, &["fiber."], "fiber"),
            "datacenters" => {
                planned(&run, item, None, lang, &["datacenter.", "energy.", "latency."], "datacenters")
            }
            _ => std::iter::once(fields(&run, item, lang)).chain(totals::of_city(&run, id, lang)).collect(),
        };
        let name = item["name"].as_str().map(|n| format!("  {}", plain(n))).unwrap_or_default();
        let document = Document {
            lang,
            front: None,
            title: format!("{}{name}", plain(id)),
            banners: texts(&run["banners"], lang),
            headline: headline(&run, list, item, lang),
            sections,
            next: Vec::new(),
        };
        let json = json!({
            "schema": "covplan/explain/1",
            "kind": list,
            "id": id,
            "item": item,
            "connection": connection,
            "formulas": run["formulas"],
            "redaction": run["redaction"],
        });
        return Ok(Explanation { document, json });
    }
    if let Some((sections, item)) = totals::totals(&run, id, lang) {
        let document = Document {
            lang,
            front: None,
            title: plain(id),
            banners: texts(&run["banners"], lang),
            headline: texts(&run["headline"], lang).into_iter().take(1).collect(),
            sections,
            next: Vec::new(),
        };
        let json = json!({ "schema": "covplan/explain/1", "kind": "total", "id": id, "item": item, "redaction": run["redaction"] });
        return Ok(Explanation { document, json });
    }
    let ids = LISTS
        .iter()
        .flat_map(|(list, key)| run[*list].as_array().into_iter().flatten().filter_map(|i| i[*key].as_str()))
        .chain(totals::names(&run));
    let near = ids
        .map(|other| (strsim::jaro_winkler(other, id), other))
        .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)))
        .filter(|(similarity, _)| *similarity > 0.7);
    Err(ExplainError::UnknownId {
        id: id.to_owned(),
        folder: folder.to_path_buf(),
        suggestion: near.map(|(_, s)| s.to_owned()),
    })
}

/// Texts of a run in a language.
fn texts(v: &Value, lang: Lang) -> Vec<String> {
    v[lang.code()].as_array().into_iter().flatten().filter_map(|t| t.as_str()).map(plain).collect()
}

pub(super) fn read(folder: &Path) -> Result<Value, ReportError> {
    let candidates = if folder.is_file() {
        vec![folder.to_path_buf()]
    } else {
        vec![folder.join("plan.json"), folder.join("coverage.json")]
    };
    let Some(path) = candidates.into_iter().find(|p| p.is_file()) else {
        return Err(ReportError::Unreadable {
            path: folder.to_path_buf(),
            reason: (
                "no plan.json or coverage.json in it; is it the folder of a finished run?",
                "其中没有 plan.json 或 coverage.json；是否为已完成运行的文件夹？",
            )
                .into(),
        });
    };
    let unreadable = |reason: Said| ReportError::Unreadable { path: path.clone(), reason };
    let bytes = std::fs::read(&path).map_err(|e| unreadable(Said::from(&e)))?;
    let run: Value = serde_json::from_slice(&bytes).map_err(|e| unreadable(not_json(&e)))?;
    match run["schema"].as_str() {
        Some("covplan/plan/1" | "covplan/coverage/1") => Ok(run),
        Some(other) => Err(unreadable(
            (
                format!("its schema `{}` is not known here", plain(other)),
                format!("本版本不识别其结构 `{}`", plain(other)),
            )
                .into(),
        )),
        None => Err(unreadable(
            ("it has no schema, so covplan didn't write it", "没有 schema，不是 covplan 写出的文件").into(),
        )),
    }
}

fn headline(run: &Value, list: &str, item: &Value, lang: Lang) -> Vec<String> {
    if list != "sites" {
        return Vec::new();
    }
    let target = run["configuration"]["score"]["target"].as_f64().unwrap_or(0.0);
    let s = &item["score"];
    let network = plain(item["network"].as_str().unwrap_or("–"));
    let one = |v: &Value| {
        v.as_f64().map_or_else(|| pick(lang, "unknown", "未知").to_owned(), |v| grouped_decimal(v, 1))
    };
    let share = grouped_decimal(s["known_share"].as_f64().unwrap_or(0.0) * 100.0, 0);
    let (total, low, high) = (one(&s["total"]), one(&s["low"]), one(&s["high"]));
    let mut lines = vec![match lang {
        Lang::En => format!(
            "score {total} of 100 on {network} (target {target}); between {low} and {high}; {share} % of the weights known"
        ),
        Lang::Zh => format!(
            "评分 {total}（满分 100，网络 {network}，目标 {target}）；区间 {low}–{high}；已知权重 {share} %"
        ),
    }];
    if let Some(rank) = item["gap"]["rank"].as_u64() {
        let (deficit, weight) = (one(&item["gap"]["deficit"]), one(&item["weight"]));
        lines.push(match lang {
            Lang::En => format!("gap number {rank}: {deficit} points below target × weight {weight}"),
            Lang::Zh => format!("不达标排名第 {rank}：差 {deficit} 分 × 权重 {weight}"),
        });
    }
    if item["after"].is_object() {
        let after = one(&item["after"]["score"]["total"]);
        lines.push(match lang {
            Lang::En => format!("after the plan: {after}"),
            Lang::Zh => format!("规划后：{after}"),
        });
    }
    lines
}

fn cell(v: &Value, decimals: u8) -> Cell {
    match v {
        Value::Number(n) => Cell::number(n.as_f64(), decimals),
        Value::String(s) => Cell::words(Some(s)),
        Value::Bool(b) => Cell::Text(b.to_string()),
        _ => Cell::Unknown,
    }
}

fn heads(lang: Lang, pairs: &[(&str, &str)]) -> Vec<String> {
    pairs.iter().map(|(en, zh)| pick(lang, en, zh).to_owned()).collect()
}

fn site(run: &Value, item: &Value, connection: Option<&Value>, lang: Lang) -> Vec<Section> {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let best = item["networks"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|n| n["network"] == item["network"])
        .cloned()
        .unwrap_or_default();
    let mut terms = Table::new(
        "terms",
        t("Terms of the score", "评分构成"),
        heads(
            lang,
            &[
                ("term", "项"),
                ("input", "输入"),
                ("unit", "单位"),
                ("asked for", "要求"),
                ("quality", "质量"),
                ("weight", "权重"),
                ("points", "得分"),
                ("after", "规划后"),
                ("source", "来源"),
            ],
        ),
    );
    let after = item["after"]["score"]["terms"].as_array();
    for (k, (term, entry)) in
        Term::ALL.iter().zip(item["score"]["terms"].as_array().into_iter().flatten()).enumerate()
    {
        let need = &item["need"];
        let (input, unit, asked, from) = match term {
            Term::OutdoorRsrp => (&best["rsrp_outdoor_dbm"], "dBm", &Value::Null, &best["server_row"]),
            Term::IndoorRsrp => (&best["rsrp_indoor_dbm"], "dBm", &best["indoor"], &best["server_row"]),
            Term::DlRate => (&best["dl_mbps"], "Mbit/s", &need["dl_mbps"], &best["server_row"]),
            Term::UlRate => (&best["ul_mbps"], "Mbit/s", &need["ul_mbps"], &best["server_row"]),
            Term::Fiber => (&item["fiber"]["distance_m"], "m", &Value::Null, &item["fiber"]["node_row"]),
            Term::Latency => (
                &item["latency"]["rtt_ms"],
                "ms",
                &need["latency_rtt_ms"],
                &item["latency"]["datacenter_row"],
            ),
        };
        let label = term.label();
        terms.push(vec![
            Cell::Text(t(label.0, label.1)),
            // A known quality without an input: there is nothing to measure.
            if input.is_null() && entry["quality"].is_number() { Cell::Nothing } else { cell(input, 2) },
            Cell::Text(unit.to_owned()),
            if asked.is_null() { Cell::Blank } else { cell(asked, 2) },
            cell(&entry["quality"], 3),
            cell(&entry["weight"], 1),
            cell(&entry["points"], 2),
            after.and_then(|a| a.get(k)).map_or(Cell::Blank, |e| cell(&e["points"], 2)),
            if from.is_null() { Cell::Blank } else { cell(from, 0) },
        ]);
    }
    let blank = || Cell::Blank;
    terms.total = Some(vec![
        Cell::Text(t("score", "评分")),
        blank(),
        blank(),
        blank(),
        blank(),
        blank(),
        cell(&item["score"]["total"], 2),
        if after.is_some() { cell(&item["after"]["score"]["total"], 2) } else { blank() },
        cell(&item["row"], 0),
    ]);

    let mut networks = Table::new(
        "networks",
        t("What each network gives", "各网络情况"),
        heads(
            lang,
            &[
                ("network", "网络"),
                ("score", "评分"),
                ("outdoor dBm", "室外 dBm"),
                ("indoor dBm", "室内 dBm"),
                ("indoor", "室内覆盖"),
                ("SS-SINR dB", "SS-SINR dB"),
                ("loaded SINR dB", "加载SINR dB"),
                ("DL Mbit/s", "下行 Mbit/s"),
                ("UL Mbit/s", "上行 Mbit/s"),
                ("DL carried", "下行承载"),
                ("UL carried", "上行承载"),
                ("server", "服务小区"),
                ("at m", "距离 m"),
                ("row", "来源行"),
                ("basis", "依据"),
            ],
        ),
    );
    for n in item["networks"].as_array().into_iter().flatten() {
        // A score without a signal: nothing is in reach, as in the terms above.
        let nothing = n["score"].is_number() && n["rsrp_outdoor_dbm"].is_null();
        let radio = |key: &str| {
            if nothing && n[key].is_null() { Cell::Nothing } else { cell(&n[key], 1) }
        };
        networks.push(vec![
            cell(&n["network"], 0),
            cell(&n["score"], 1),
            radio("rsrp_outdoor_dbm"),
            radio("rsrp_indoor_dbm"),
            cell(&n["indoor"], 0),
            radio("sinr_ssb_db"),
            radio("sinr_data_db"),
            radio("dl_mbps"),
            radio("ul_mbps"),
            n["served_dl"].as_f64().map_or(Cell::Blank, Cell::Share),
            n["served_ul"].as_f64().map_or(Cell::Blank, Cell::Share),
            if n["server"].is_null() { Cell::Blank } else { cell(&n["server"], 0) },
            if n["server_m"].is_null() { Cell::Blank } else { cell(&n["server_m"], 0) },
            if n["server_row"].is_null() { Cell::Blank } else { cell(&n["server_row"], 0) },
            cell(&n["basis"], 0),
        ]);
    }
    let mut sections = vec![
        Section {
            title: t("Score", "评分"),
            text: Vec::new(),
            tables: vec![terms, needs(item, lang), weight::weight(item, lang), networks],
        },
        formulas(run, lang),
    ];
    if item["link"].is_object() {
        sections.insert(1, link(run, &item["link"], item["network"].as_str().unwrap_or("–"), lang));
    }
    if let Some(c) = connection {
        sections.push(joined(run, c, lang));
    }
    let settings = [
        "score.target",
        "score.critical",
        "score.min_",
        "score.pos_",
        "score.fiber_",
        "score.weight.",
        "plan.equity_small",
        "plan.weight.",
    ];
    // Of the service classes, the site's own.
    let class = item["need"]["class"].as_str().map(|c| format!("score.service.{c}."));
    let rest = ["radio.threshold.", "radio.location", "latency."];
    let settings: Vec<&str> = settings.into_iter().chain(class.as_deref()).chain(rest).collect();
    sections.push(assumptions(run, &settings, lang));
    sections
}

/// The link to the server, from its power to the level at the site, and why its model was taken.
fn link(run: &Value, l: &Value, network: &str, lang: Lang) -> Section {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let number = |v: &Value, decimals| grouped_decimal(v.as_f64().unwrap_or(f64::NAN), decimals);
    let edition = plain(l["edition"].as_str().unwrap_or(""));
    let mhz = number(&l["freq_mhz"], 0);
    let tr = |en: &str, zh: &str| match lang {
        Lang::En => format!("3GPP TR 38.901 V{edition}: {en}"),
        Lang::Zh => format!("3GPP TR 38.901 V{edition}：{zh}"),
    };
    let why = match (l["model"].as_str().unwrap_or(""), lang) {
        ("p1812", Lang::En) => format!(
            "ITU-R P.1812-{edition}: heights are at hand, {mhz} MHz lies within its 30-6,000 MHz and the link is longer than 250 m"
        ),
        ("p1812", Lang::Zh) => {
            format!("ITU-R P.1812-{edition}：有高程，{mhz} MHz 在 30–6000 MHz 内，且链路长于 250 m")
        }
        ("p452", Lang::En) => format!(
            "ITU-R P.452-{edition}: heights are at hand, and {mhz} MHz lies above the 6,000 MHz of P.1812"
        ),
        ("p452", Lang::Zh) => format!("ITU-R P.452-{edition}：有高程，{mhz} MHz 高于 P.1812 的 6000 MHz"),
        ("tr38901-short", _) => {
            tr("the link is shorter than the 250 m of P.1812", "链路短于 P.1812 的 250 m")
        }
        ("tr38901-unknown-ground", _) => {
            tr("part of the ground on the way has no heights", "剖面部分缺少高程")
        }
        _ => tr("no heights are used", "未使用高程"),
    };
    let mut text = vec![match lang {
        Lang::En => format!("model: {why}"),
        Lang::Zh => format!("模型：{why}"),
    }];
    let g = &l["ground"];
    if g.is_object() {
        let e = &g["edge"];
        let (at, asl) = (number(&e["from_mast_m"], 0), number(&e["m_asl"], 0));
        let over = e["over_ray_m"].as_f64().unwrap_or(f64::NAN);
        let by = grouped_decimal(over.abs(), 0);
        let place = format!(
            "{:.5}, {:.5}",
            e["lon"].as_f64().unwrap_or(f64::NAN),
            e["lat"].as_f64().unwrap_or(f64::NAN)
        );
        text.push(match (over > 0.0, lang) {
            (true, Lang::En) => format!("main obstacle: {at} m from the mast at {place}, {asl} m above sea level, {by} m over the ray"),
            (false, Lang::En) => format!("no hill in the way: the ground comes nearest to the ray {at} m from the mast at {place}, {asl} m above sea level, {by} m below it"),
            (true, Lang::Zh) => format!("主要障碍：距站 {at} m（{place}），海拔 {asl} m，高出射线 {by} m"),
            (false, Lang::Zh) => format!("无山体阻挡：距站 {at} m（{place}）处最接近射线，海拔 {asl} m，低于射线 {by} m"),
        });
    }
    text.extend(match (g["cover_unknown_share"].as_f64(), lang) {
        (None, _) => None,
        (Some(0.0), Lang::En) => Some("houses and trees: those of the land cover".to_owned()),
        (Some(0.0), Lang::Zh) => Some("地物：取自地物图层".to_owned()),
        (Some(share), Lang::En) => Some(format!(
            "houses and trees: those of the land cover; where it is unknown, on {:.0} % of the way, those of the surroundings",
            100.0 * share
        )),
        (Some(share), Lang::Zh) => {
            Some(format!("地物：取自地物图层；其中 {:.0}% 未知，按周边环境取值", 100.0 * share))
        }
    });
    let share = run["configuration"]["radio"]["location_probability"].as_f64().unwrap_or(f64::NAN) * 100.0;
    let correction =
        Some(&l["correction_db"]).filter(|v| v.as_f64() != Some(0.0)).cloned().unwrap_or_default();
    let mut table = Table::new(
        "link",
        match lang {
            Lang::En => format!("The link to the server of {}", plain(network)),
            Lang::Zh => format!("到 {} 主服务小区的链路", plain(network)),
        },
        heads(lang, &[("term", "项"), ("value", "取值"), ("unit", "单位")]),
    );
    for (v, decimals, unit, en, zh) in [
        (&l["scenario"], 0, "", "scenario of TR 38.901", "TR 38.901 场景"),
        (&l["scene"], 0, "", "surroundings of the site", "周边环境"),
        (&l["distance_m"], 0, "m", "length of the path", "路径长度"),
        (&l["bearing_deg"], 1, "°", "bearing from the mast", "自站方位"),
        (&l["elevation_deg"], 1, "°", "elevation from the antenna", "自天线仰角"),
        (&l["antenna_height_m"], 1, "m", "antenna above ground", "天线挂高"),
        (&l["terminal_height_m"], 1, "m", "terminal above ground", "终端高度"),
        (&g["mast_m_asl"], 0, "m", "ground at the mast", "站址海拔"),
        (&g["site_m_asl"], 0, "m", "ground at the site", "企业海拔"),
        (&g["free_space_db"], 1, "dB", "free space", "自由空间损耗"),
        (&g["diffraction_db"], 1, "dB", "diffraction over bare ground", "裸地绕射损耗"),
        (&g["diffraction_behind_houses_db"], 1, "dB", "diffraction with houses and trees", "含地物绕射损耗"),
        (&g["clutter_m"], 0, "m", "greatest height of houses and trees", "地物最大高度"),
        (&g["edge_clutter_m"], 0, "m", "height of houses and trees at the obstacle", "障碍处地物高度"),
        (&g["troposcatter_db"], 1, "dB", "loss by troposcatter", "对流层散射损耗"),
        (&g["ducting_db"], 1, "dB", "loss by ducting", "大气波导损耗"),
        (&l["p_los"], 3, "", "probability of line of sight among houses", "视距概率"),
        (&l["los_db"], 1, "dB", "median loss in sight", "视距中值损耗"),
        (&l["sigma_los_db"], 1, "dB", "spread in sight", "视距标准差"),
        (&l["nlos_db"], 1, "dB", "median loss out of sight", "非视距中值损耗"),
        (&l["sigma_nlos_db"], 1, "dB", "spread out of sight", "非视距标准差"),
        (&l["ssb_epre_dbm"], 1, "dBm", "power per resource element of the SSB", "SSB 每 RE 功率"),
        (&l["gain_ssb_dbi"], 1, "dBi", "+ gain of the SSB beam", "+ SSB 波束增益"),
        (&l["pattern_db"], 1, "dB", "+ pattern towards the site", "+ 方向图衰减"),
        (&l["median_loss_db"], 1, "dB", "− median loss", "− 中值损耗"),
        (&correction, 1, "dB", "of it correction from measurements", "其中路测修正"),
        (&l["margin_db"], 1, "dB", "− margin of the location probability", "− 位置概率余量"),
        (&l["level_dbm"], 1, "dBm", "= SS-RSRP in the open", "= 室外 SS-RSRP"),
        (&l["wall_db"], 1, "dB", "median loss of the wall", "墙体中值损耗"),
        (&l["wall_sigma_db"], 1, "dB", "its spread", "墙体标准差"),
        (&l["indoor_level_dbm"], 1, "dBm", "SS-RSRP behind it", "室内 SS-RSRP"),
    ] {
        if !v.is_null() {
            table.push(vec![Cell::Text(t(en, zh)), cell(v, decimals), Cell::Text(unit.to_owned())]);
        }
    }
    text.push(match lang {
        Lang::En => format!("levels are met with {} % location probability: quantiles of the mixture of both states; predicted, before any drive test", grouped_decimal(share, 1)),
        Lang::Zh => format!("电平按 {} % 位置概率取两种状态混合分布的分位数；为预测值，未计路测", grouped_decimal(share, 1)),
    });
    Section { title: t("The link", "链路"), text, tables: vec![table] }
}

/// What the site asks for, and where each figure comes from: its own row, or its service class.
fn needs(item: &Value, lang: Lang) -> Table {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let need = &item["need"];
    let class = plain(need["class"].as_str().unwrap_or("–"));
    let assumed = need["class_basis"].as_str() == Some(Basis::Assumed.code());
    let of_class = match (lang, assumed) {
        (Lang::En, false) => format!("service class {class}, given in the site's row"),
        (Lang::En, true) => format!("service class {class}, assumed because the site's row gives none"),
        (Lang::Zh, false) => format!("业务类型 {class}（企业数据给定）"),
        (Lang::Zh, true) => format!("业务类型 {class}（企业数据未给定，按此假定）"),
    };
    let title = match lang {
        Lang::En => format!("What the site asks for: service class {class}"),
        Lang::Zh => format!("企业需求：业务类型 {class}"),
    };
    let head = [("figure", "指标"), ("value", "取值"), ("unit", "单位"), ("comes from", "来源")];
    let mut table = Table::new("needs", title, heads(lang, &head));
    let own: Vec<&str> = need["own"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (key, en, zh, unit) in [
        ("ul_mbps", "uplink rate", "上行速率", "Mbit/s"),
        ("dl_mbps", "downlink rate", "下行速率", "Mbit/s"),
        ("latency_rtt_ms", "round trip", "往返时延", "ms"),
    ] {
        let from =
            if own.contains(&key) { t("the site's own row", "企业自报") } else { of_class.clone() };
        table.push(vec![
            Cell::Text(t(en, zh)),
            cell(&need[key], 1),
            Cell::Text(unit.into()),
            Cell::Text(from),
        ]);
    }
    table
}

fn formulas(run: &Value, lang: Lang) -> Section {
    let mut text = Vec::new();
    for (key, formula) in run["formulas"].as_object().into_iter().flatten() {
        text.push(format!("{}: {}", plain(key), plain(formula.as_str().unwrap_or(""))));
    }
    Section { title: pick(lang, "Formulas", "公式").to_owned(), text, tables: Vec::new() }
}

fn joined(run: &Value, c: &Value, lang: Lang) -> Section {
    let mut rest = c.clone();
    let mut part = |name: &str| rest.as_object_mut().and_then(|c| c.remove(name)).filter(Value::is_object);
    let light = part("optical");
    let mut second = part("protection");
    let second_light = second
        .as_mut()
        .and_then(Value::as_object_mut)
        .and_then(|c| c.remove("optical"))
        .filter(Value::is_object);
    let mut s = fields(run, &rest, lang);
    let more = [
        (light, "light", "As light sees it", "光路"),
        (second, "second", "Second route", "第二路由"),
        (second_light, "second_light", "The second route as light sees it", "第二路由光路"),
    ];
    for (item, key, en, zh) in more {
        for mut t in item.map(|i| fields(run, &i, lang).tables).into_iter().flatten() {
            (t.key, t.title) = (key, pick(lang, en, zh).to_owned());
            s.tables.push(t);
        }
    }
    s.title = pick(lang, "Fiber connection", "光纤接入").to_owned();
    s
}

/// A planned thing: its own figures, how it is joined, what is proven about its stage, what was assumed.
fn planned(
    run: &Value,
    item: &Value,
    connection: Option<&Value>,
    lang: Lang,
    settings: &[&str],
    stage: &str,
) -> Vec<Section> {
    let mut sections = vec![fields(run, item, lang)];
    sections.extend(route::why_here(run, item, lang));
    if let Some(c) = connection {
        sections.push(joined(run, c, lang));
    }
    let mut text = Vec::new();
    for c in run["certificates"].as_array().into_iter().flatten() {
        let name = c["stage"].as_str().unwrap_or("");
        if name != stage && name != "plan" {
            continue;
        }
        let number = |v: &Value| grouped_decimal(v.as_f64().unwrap_or(f64::NAN), 2);
        let meaning = c["meaning"][usize::from(lang == Lang::Zh)].as_str().unwrap_or("");
        text.push(format!(
            "{name}: {} {} {}; {} {}; {} {} %",
            plain(meaning),
            number(&c["objective"]),
            plain(c["unit"].as_str().unwrap_or("")),
            pick(lang, "no plan does better than", "任何方案不优于"),
            number(&c["bound"]),
            pick(lang, "gap", "差距"),
            grouped_decimal(c["gap"].as_f64().unwrap_or(f64::NAN) * 100.0, 1),
        ));
    }
    if !text.is_empty() {
        sections.push(Section {
            title: pick(lang, "What is proven about its stage", "所在阶段的最优性证明").to_owned(),
            text,
            tables: Vec::new(),
        });
    }
    sections.push(assumptions(run, settings, lang));
    sections
}

/// Everything that is said of an item, field by field.
fn fields(run: &Value, item: &Value, lang: Lang) -> Section {
    let mut table = Table::new(
        "fields",
        pick(lang, "All that is said of it", "全部字段"),
        heads(lang, &[("field", "字段"), ("value", "取值")]),
    );
    for (key, value) in item.as_object().into_iter().flatten() {
        let shown = match value {
            // A stretch that is built anew has nothing there before it, nor an owner.
            Value::Null
                if matches!(
                    key.as_str(),
                    "reuses" | "road_id" | "cabinet" | "around_cny" | "around_road"
                ) =>
            {
                Cell::Nothing
            }
            Value::Null if key == "owner" && item.get("reuses").is_some_and(Value::is_null) => Cell::Nothing,
            Value::Null => Cell::Unknown,
            _ if key == "at" => position(value)
                .map_or(Cell::Unknown, |p| Cell::Text(format!("{:.7}, {:.7}", p.lon_deg(), p.lat_deg()))),
            Value::Array(list) if matches!(key.as_str(), "line" | "lead_in") => line(list, lang),
            // Segments, by their place in the list of the plan.
            Value::Array(list) if matches!(key.as_str(), "route" | "ring") => {
                let id = |v: &Value| run["fiber_routes"].get(v.as_u64()? as usize)?["id"].as_str().map(plain);
                let ids: Vec<String> = list.iter().filter_map(id).collect();
                if ids.is_empty() { Cell::Nothing } else { Cell::Text(ids.join(", ")) }
            }
            // Splitters and ports, likewise.
            Value::Array(list) if key == "nodes" => {
                let id = |v: &Value| run["pon_nodes"].get(v.as_u64()? as usize)?["id"].as_str().map(plain);
                let ids: Vec<String> = list.iter().filter_map(id).collect();
                if ids.is_empty() { Cell::Nothing } else { Cell::Text(ids.join(", ")) }
            }
            Value::Number(n) if key == "fed_by" => {
                let id = n.as_u64().and_then(|n| run["pon_nodes"].get(n as usize)?["id"].as_str());
                Cell::words(id)
            }
            // One text in two languages.
            Value::Array(list) if key == "reason" => {
                cell(list.get(usize::from(lang == Lang::Zh)).unwrap_or(&Value::Null), 0)
            }
            Value::Number(n) if key.contains("cny") => {
                Cell::Text(money(n.as_f64().unwrap_or(0.0), lang == Lang::Zh))
            }
            Value::Number(n) if n.is_f64() => Cell::number(n.as_f64(), 2),
            Value::Number(n) => Cell::Text(n.to_string()),
            Value::Array(list) if list.iter().all(Value::is_string) => {
                let words: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
                Cell::Text(plain(&words.join(", ")))
            }
            other if other.is_object() || other.is_array() => Cell::Text(plain(&other.to_string())),
            other => cell(other, 0),
        };
        table.push(vec![Cell::Text(plain(key)), shown]);
    }
    Section { title: pick(lang, "Figures", "数据").to_owned(), text: Vec::new(), tables: vec![table] }
}

fn position(v: &Value) -> Option<LonLat> {
    LonLat::new(v.get(0)?.as_f64()?, v.get(1)?.as_f64()?).ok()
}

/// A line of positions: how many there are, and how long it is. The layers hold the line itself.
fn line(list: &[Value], lang: Lang) -> Cell {
    let points: Vec<LonLat> = list.iter().filter_map(position).collect();
    if points.is_empty() {
        return Cell::Nothing;
    }
    let length_m: f64 = points.windows(2).map(|w| geodesic_m(w[0], w[1])).sum();
    let length = grouped_decimal(length_m, 0);
    Cell::Text(match lang {
        Lang::En => format!("{}, {length} m", counted(points.len() as u64, "point")),
        Lang::Zh => format!("{} 个点，长 {length} m", points.len()),
    })
}

/// The settings behind it: value of this run, unit, trust, source.
fn assumptions(run: &Value, prefixes: &[&str], lang: Lang) -> Section {
    let mut table = Table::new(
        "assumptions",
        pick(lang, "Settings behind it", "所用参数"),
        heads(
            lang,
            &[
                ("setting", "参数"),
                ("value", "取值"),
                ("unit", "单位"),
                ("trust", "可信度"),
                ("source", "来源"),
                ("meaning", "含义"),
            ],
        ),
    );
    if let Ok(catalogue) = Catalogue::embedded() {
        for (path, entry) in catalogue.iter().filter(|(p, _)| prefixes.iter().any(|x| p.starts_with(x))) {
            let value = path.split('.').fold(&run["configuration"], |v, part| &v[part]);
            let default = serde_json::to_value(&entry.value).unwrap_or(Value::Null);
            let of_user = *value != default;
            table.push(vec![
                Cell::Text(path.to_owned()),
                Cell::Text(plain(&value.to_string())),
                Cell::Text(entry.unit.clone()),
                if of_user { Cell::Blank } else { Cell::Text(format!("{:?}", entry.trust)) },
                Cell::Text(if of_user {
                    pick(lang, "the project", "项目设定").to_owned()
                } else {
                    entry.source.clone()
                }),
                Cell::Text(pick(lang, &entry.doc, &entry.zh).to_owned()),
            ]);
        }
    }
    Section {
        title: pick(
            lang,
            "Assumptions (O official, S secondary, A engineering)",
            "假设（O 官方，S 二手，A 工程）",
        )
        .to_owned(),
        text: Vec::new(),
        tables: vec![table],
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::super::text::full_text;
    use super::super::write::{OutOptions, write_plan};
    use super::*;

    fn folder(base: &Path) -> PathBuf {
        let folder = base.join("run");
        let options = OutOptions {
            folder: folder.clone(),
            overwrite: false,
            wanted: crate::report::formats::Wanted::default(),
            csv: crate::report::csv::Encoding::default(),
            progress: crate::model::progress::Progress::default(),
        };
        let (inputs, settings) = (fixture::inputs(), fixture::settings(""));
        write_plan(&inputs, &settings, &fixture::run(Lang::En), &fixture::plan(), &options).unwrap();
        folder
    }

    #[test]
    fn every_term_with_its_input_row_and_formula() {
        let base = tempfile::tempdir().unwrap();
        let folder = folder(base.path());
        let e = explain(&folder, "SITE-0412", Lang::En).unwrap();
        let t = full_text(&e.document, None);
        assert!(t.contains("score 59.5") || t.contains("score 5") || t.contains("score 6"), "{t}");
        // The link of the fixture's server, term by term.
        assert!(t.contains("3GPP TR 38.901 V19: no heights are used"), "{t}");
        assert!(
            t.contains("power per resource element of the SSB") && t.contains("= SS-RSRP in the open"),
            "{t}"
        );
        for part in
            ["secret_sites.csv:2", "secret_cells.csv:2", "nodes.csv:2", "quality = clamp(", "-88.5", "850"]
        {
            assert!(t.contains(part), "{part} in {t}");
        }
        let points: f64 = e.json["item"]["score"]["terms"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|t| t["points"].as_f64())
            .sum();
        assert!((points - e.json["item"]["score"]["total"].as_f64().unwrap()).abs() < 1e-4);
        for id in ["ST-00001", "FR-00002", "SP-00001", "DC-SECRET", "320100"] {
            let e = explain(&folder, id, Lang::Zh).unwrap();
            assert!(full_text(&e.document, None).contains(id));
        }
    }

    /// Stages, kinds, costs, energy and the curve, whether the plan has any of it or not.
    #[test]
    fn sums_of_the_report_are_reached() {
        let base = tempfile::tempdir().unwrap();
        let folder = folder(base.path());
        let told = |id: &str| {
            let e = explain(&folder, id, Lang::En).unwrap();
            (full_text(&e.document, None), e.json)
        };
        for id in ["plan", "costs", "curve", "curve-2", "operator"] {
            told(id);
        }
        for stage in ["stations", "fiber", "datacenters"] {
            assert!(told(stage).0.contains("its bound is that of the whole plan"), "{stage}");
        }
        assert!(told("duct").0.contains("the sum of 0 lines"), "a kind that the plan has nothing of");
        // A station and a trench of one city, party and year are one row of the task table.
        assert!(told("plan").0.contains("3 lines by kind of work, which stand in 2 rows of the task table"));
        let (_, energy) = told("energy");
        let lines = energy["item"]["energy"].as_array().unwrap().clone();
        let sum = |key: &str| lines.iter().filter_map(|l| l[key].as_f64()).sum::<f64>();
        let plan = fixture::plan();
        let kwh = plan.stations.iter().map(|s| s.energy_kwh_yr).sum::<f64>()
            + plan.centers.iter().map(|c| c.energy_kwh_yr).sum::<f64>();
        assert!((sum("kwh_yr") - kwh).abs() < 1e-6);
        assert!(matches!(explain(&folder, "curve-9", Lang::En), Err(ExplainError::UnknownId { .. })));
    }

    #[test]
    fn an_unknown_id_gets_the_nearest() {
        let base = tempfile::tempdir().unwrap();
        let folder = folder(base.path());
        let e = explain(&folder, "SITE-0413", Lang::En).unwrap_err().to_string();
        assert!(e.contains("did you mean `SITE-0412`?"), "{e}");
        assert!(matches!(explain(base.path(), "x", Lang::En), Err(ExplainError::Folder(_))));
        std::fs::write(base.path().join("plan.json"), "{\"schema\":\"other/1\"").unwrap();
        assert!(matches!(explain(base.path(), "x", Lang::En), Err(ExplainError::Folder(_))));
    }
}
