//! The layers of an assessment: which fields they have, and where each value comes from.

use super::given;
use super::layer::{Columns, Layer, Shape};
use crate::coverage::score::worst_term;
use crate::coverage::{
    Assessment, Gap, IndoorCover, Kpi, KpiGroup, LossModel, NetworkAtSite, Score, SiteResult, Term,
    TermWeights,
};
use crate::model::inputs::Inputs;
use crate::model::kinds::Basis;
use crate::model::records::{Site, SiteId};
use crate::model::settings::Settings;
use crate::model::text::{Known, Text};
use crate::plan::Plan;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// What the writers look at: inputs and results, redacted already where they must be. Only
/// [`Released`](super::redact::Released) makes one, so that no writer sees what it must not.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// What was read.
    pub(super) inputs: &'a Inputs,
    /// Settings of the run.
    pub(super) settings: &'a Settings,
    /// State of today.
    pub(super) found: &'a Assessment,
    /// The plan, when there is one.
    pub(super) plan: Option<&'a Plan>,
    /// Counts from one to below this are withheld; 1 withholds nothing.
    pub(super) min_count: u64,
}

impl<'a> View<'a> {
    /// Whether the right of way was inferred from places, for want of roads.
    pub(super) fn roads_inferred(&self) -> bool {
        self.inputs.roads.inferred || self.settings.project.roads == "infer"
    }

    pub(super) fn site(&self, i: usize) -> Option<&'a Site> {
        self.inputs.sites.list.get(i)
    }

    fn result(&self, i: usize) -> Option<&'a SiteResult> {
        self.found.sites.get(i)
    }

    pub(super) fn site_text(&self, i: usize, pick: impl Fn(&Site) -> Text) -> Option<&'a str> {
        self.inputs.sites.text.opt(pick(self.site(i)?))
    }

    /// The id of a site.
    #[must_use]
    pub fn site_id(&self, i: usize) -> &'a str {
        self.site_text(i, |s| s.id).unwrap_or("")
    }

    /// The name of a site.
    #[must_use]
    pub fn site_name(&self, i: usize) -> Option<&'a str> {
        self.site_text(i, |s| s.name)
    }

    /// The sector of a site.
    #[must_use]
    pub fn site_sector(&self, i: usize) -> Option<&'a str> {
        self.site_text(i, |s| s.sector)
    }

    /// The city of a site: as its row says, or the region that it lies in.
    #[must_use]
    pub fn site_city(&self, i: usize) -> Option<&'a str> {
        self.site_text(i, |s| s.city).or_else(|| {
            let region = self.result(i)?.city?;
            self.inputs.regions.get(region as usize).map(|r| r.name.as_str())
        })
    }

    /// What a network gives a site.
    #[must_use]
    pub fn at_network(&self, site: usize, network: usize) -> Option<&'a NetworkAtSite> {
        self.found.networks_at(SiteId(site as u32)).get(network)
    }

    /// Name of a region, by adcode; the code itself where it isn't known.
    #[must_use]
    pub fn region_name(&self, adcode: &'a str) -> &'a str {
        self.inputs.regions.iter().find(|r| r.adcode == adcode).map_or(adcode, |r| r.name.as_str())
    }
}

/// A network's name as part of a field name: `cmcc+cbn` is `cmcc_cbn`.
#[must_use]
pub fn network_slugs(networks: &[String]) -> Vec<String> {
    let mut slugs: Vec<String> = Vec::new();
    for (i, name) in networks.iter().enumerate() {
        let ascii: String = name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' })
            .collect();
        let slug = ascii.trim_matches('_').to_owned();
        let readable = !slug.is_empty() && name.is_ascii() && !slugs.contains(&slug);
        slugs.push(if readable { slug } else { format!("n{}", i + 1) });
    }
    slugs
}

/// The score and its terms' points in whole hundredths that add up: each term is cut off, and the
/// hundredths that are left go to the terms that lost most (largest remainder).
#[must_use]
pub fn printed_points(score: &Score, weights: &TermWeights) -> (Option<f64>, [Option<f64>; 6]) {
    let terms = score.terms(weights);
    let known = terms.map(|t| t.quality.is_known());
    let Some(total) = score.total.get() else {
        return (None, std::array::from_fn(|k| known[k].then(|| f64::from(terms[k].points))));
    };
    let exact = terms.map(|t| f64::from(t.points) * 100.0);
    let target = (total * 100.0).round() as i64;
    let mut whole = exact.map(|v| v.floor() as i64);
    let mut by_loss: Vec<usize> = (0..6).filter(|&k| known[k]).collect();
    by_loss.sort_by(|&a, &b| (exact[b] - exact[b].floor()).total_cmp(&(exact[a] - exact[a].floor())));
    let mut left = target - (0..6).filter(|&k| known[k]).map(|k| whole[k]).sum::<i64>();
    for &k in by_loss.iter().cycle().take(by_loss.len() * 2) {
        if left <= 0 {
            break;
        }
        whole[k] += 1;
        left -= 1;
    }
    (Some(target as f64 / 100.0), std::array::from_fn(|k| known[k].then(|| whole[k] as f64 / 100.0)))
}

/// Beyond this many sites the `sites` layer leaves out each network's score, SINR and server, which would
/// double a file of gigabytes.
pub const FULL_DETAIL_SITES: usize = 100_000;

/// Marks an unknown entry of [`Lookups::points`].
const UNKNOWN_POINTS: u16 = u16::MAX;

/// Bulk lookups for the layers of a view.
pub struct Lookups<'a> {
    /// Score and terms of each site in hundredths, as [`printed_points`] makes them.
    points: Vec<[u16; 7]>,
    /// The same after the plan.
    points_after: Vec<[u16; 7]>,
    /// Rank of each site among the gaps, from one; zero for none.
    pub rank: Vec<u32>,
    /// The gaps.
    pub gaps: &'a [Gap],
    /// Name of each network as part of a field name.
    pub slugs: Vec<String>,
    /// Index of each site's or station's connection, by id.
    pub connections: BTreeMap<&'a str, usize>,
    /// Stations that lift a site, by `site_id`.
    pub lifted_by: BTreeMap<&'a str, &'a str>,
}

impl<'a> Lookups<'a> {
    /// Makes the lookups.
    #[must_use]
    pub fn new(view: &View<'a>) -> Self {
        let mut rank = vec![0; view.inputs.sites.list.len()];
        for (n, gap) in view.found.gaps.iter().enumerate() {
            if let Some(r) = rank.get_mut(gap.site.at()) {
                *r = n as u32 + 1;
            }
        }
        let mut connections = BTreeMap::new();
        let mut lifted_by = BTreeMap::new();
        if let Some(plan) = view.plan {
            connections = plan.connections.iter().enumerate().map(|(i, c)| (c.id.as_str(), i)).collect();
            for station in &plan.stations {
                for site in &station.sites_lifted {
                    lifted_by.entry(site.as_str()).or_insert(station.id.as_str());
                }
            }
        }
        Self {
            points: hundredths(view.found),
            points_after: view.plan.map(|p| hundredths(&p.after)).unwrap_or_default(),
            rank,
            gaps: &view.found.gaps,
            slugs: network_slugs(&view.found.networks),
            connections,
            lifted_by,
        }
    }

    /// Score of a site (`part` 0) or one of its terms (from 1), as printed.
    fn points(&self, site: usize, part: usize) -> Option<f64> {
        self.points.get(site).map(|p| p[part]).filter(|&p| p != UNKNOWN_POINTS).map(|p| f64::from(p) / 100.0)
    }

    /// Score of a site after the plan, as printed.
    fn score_after(&self, site: usize) -> Option<f64> {
        let p = self.points_after.get(site)?[0];
        (p != UNKNOWN_POINTS).then(|| f64::from(p) / 100.0)
    }

    /// Rank among the gaps of a site.
    fn rank_of(&self, site: usize) -> Option<u32> {
        self.rank.get(site).copied().filter(|&r| r > 0)
    }
}

fn hundredths(found: &Assessment) -> Vec<[u16; 7]> {
    let whole = |v: Option<f64>| v.map_or(UNKNOWN_POINTS, |v| (v * 100.0).round() as u16);
    found
        .sites
        .par_iter()
        .map(|s| {
            let (total, terms) = printed_points(&s.score, &found.weights);
            std::array::from_fn(|k| whole(if k == 0 { total } else { terms[k - 1] }))
        })
        .collect()
}

const NO_CELL: &str = "no-cell-in-reach";

fn network_source(n: Option<&NetworkAtSite>, value: impl Fn(&NetworkAtSite) -> Known) -> &'static str {
    match n {
        Some(n) if value(n).is_known() => n.basis.code(),
        Some(n) if n.indoor == IndoorCover::System => "indoor-system",
        Some(n) if n.server.is_none() && n.basis != Basis::Measured => NO_CELL,
        _ => Basis::Unknown.code(),
    }
}

/// Fields that say which site a row is about.
fn identify<'a>(c: &mut Columns<'a>, v: View<'a>, at: impl Fn(usize) -> usize + Copy + Send + Sync + 'a) {
    c.text("site_id", ("site", "企业编号"), move |i| Some(v.site_id(at(i))));
    c.text("name", ("name", "企业名称"), move |i| v.site_name(at(i)));
    c.text("city", ("city", "地市"), move |i| v.site_city(at(i)));
    c.text("sector", ("sector", "所属行业"), move |i| v.site_sector(at(i)));
}

/// Fields that tell what each network gives.
fn networks<'a>(
    c: &mut Columns<'a>,
    v: View<'a>,
    slugs: &[String],
    at: impl Fn(usize) -> usize + Copy + Send + Sync + 'a,
    all: bool,
) {
    type Pick = fn(&NetworkAtSite) -> Known;
    // Name, decimals, unit, heading, whether only the sites layer has it, value.
    let numbers: [(&str, u8, &'static str, (&str, &str), bool, Pick); 8] = [
        ("score", 2, "points", ("score", "评分"), true, |n| n.score),
        ("rsrp_dbm", 1, "dBm", ("outdoor SS-RSRP", "室外SS-RSRP"), false, |n| n.rsrp_outdoor_dbm),
        ("rsrp_in_dbm", 1, "dBm", ("indoor SS-RSRP", "室内SS-RSRP"), false, |n| n.rsrp_indoor_dbm),
        ("sinr_ssb_db", 1, "dB", ("SS-SINR", "SS-SINR"), true, |n| n.sinr_ssb_db),
        ("sinr_data_db", 1, "dB", ("loaded SINR", "加载SINR"), true, |n| n.sinr_data_db),
        ("dl_mbps", 1, "Mbit/s", ("downlink", "下行速率"), true, |n| n.dl_mbps),
        ("ul_mbps", 1, "Mbit/s", ("uplink", "上行速率"), false, |n| n.ul_mbps),
        ("server_m", 0, "m", ("distance to server", "服务小区距离"), true, |n| n.distance_m),
    ];
    for (k, slug) in slugs.iter().enumerate() {
        let network = v.found.networks.get(k).cloned().unwrap_or_default();
        let heading = |h: (&str, &str)| (format!("{network}: {}", h.0), format!("{network}:{}", h.1));
        for (name, decimals, unit, alias, only_sites, pick) in numbers {
            if only_sites && !all {
                continue;
            }
            let column = c.known(format!("net_{slug}_{name}"), decimals, unit, heading(alias), move |i| {
                v.at_network(at(i), k).map_or(Known::UNKNOWN, pick)
            });
            column.src(move |i| network_source(v.at_network(at(i), k), pick));
            if name == "rsrp_dbm" {
                column.with_src();
            }
        }
        if all {
            c.text(format!("net_{slug}_server"), heading(("server", "服务小区")), move |i| {
                let cell = v.inputs.cells.list.get(v.at_network(at(i), k)?.server?.at())?;
                v.inputs.cells.text.opt(cell.id)
            })
            .from("predicted", NO_CELL);
            c.text(format!("net_{slug}_model"), heading(("loss model", "传播模型")), move |i| {
                v.at_network(at(i), k)?.model.map(LossModel::code)
            })
            .from("predicted", NO_CELL)
            .about(
                "of the server's level: p1812, p452: along the terrain; tr38901: no heights used; tr38901-short: nearer than 250 m; tr38901-unknown-ground: no heights on the way",
                "主服务小区电平所用模型：p1812、p452 按地形剖面；tr38901 未用高程；tr38901-short 距离不足 250 m；tr38901-unknown-ground 剖面缺少高程",
            );
        }
        c.text(format!("net_{slug}_indoor"), heading(("indoor coverage", "室内覆盖")), move |i| {
            v.at_network(at(i), k).map(|n| match n.indoor {
                IndoorCover::System => "system",
                IndoorCover::OutdoorIn => "outdoor-in",
                IndoorCover::Unknown => "unknown",
            })
        })
        .from("predicted", "unknown")
        .about(
            "system: an indoor system is known; outdoor-in: known to have none; unknown: not known",
            "system：已有室分；outdoor-in：已知无室分；unknown：未知",
        );
    }
}

/// Fields of fiber and compute.
fn fiber_and_latency<'a>(
    c: &mut Columns<'a>,
    v: View<'a>,
    at: impl Fn(usize) -> usize + Copy + Send + Sync + 'a,
) {
    c.known("fiber_m", 0, "m", ("to joinable fiber by road", "距可接入光纤"), move |i| {
        v.result(at(i)).map_or(Known::UNKNOWN, |r| r.fiber_m)
    })
    .src(move |i| match v.result(at(i)) {
        Some(r) if r.fiber_m.is_known() || r.fiber_basis == Basis::Unknown => r.fiber_basis.code(),
        Some(_) => "none-in-reach",
        None => Basis::Unknown.code(),
    })
    .with_src()
    .about(
        "route along the right of way; 0 where the building has fiber; none-in-reach: looked for and not found within fiber.join_search_m; unknown without an access fiber layer",
        "沿路由距离；已有光纤为 0；none-in-reach：搜索范围内无可接入光纤；无接入光纤图层则未知",
    );
    c.text("fiber_node", ("fiber node", "接入节点"), move |i| {
        let result = v.result(at(i))?;
        match result.fiber_node {
            Some(node) => v.inputs.fiber_nodes.get(node as usize).map(|n| n.id.as_str()),
            None => result.fiber_m.is_known().then_some("none"),
        }
    })
    .src(move |i| v.result(at(i)).map_or(Basis::Unknown, |r| r.fiber_basis).code());
    c.known("backbone_m", 0, "m", ("to backbone city", "距骨干城市"), move |i| {
        v.result(at(i)).map_or(Known::UNKNOWN, |r| r.backbone_m)
    })
    .from("predicted", "unknown")
    .about("never access fiber: distance to the dot of a backbone city", "非接入光纤：至骨干城市点位的距离");
    c.known("latency_rtt_ms", 2, "ms", ("round trip to compute", "至算力往返时延"), move |i| {
        v.result(at(i)).map_or(Known::UNKNOWN, |r| r.latency_rtt_ms)
    })
    .src(move |i| {
        let known = v.result(at(i)).is_some_and(|r| r.latency_rtt_ms.is_known());
        if known { Basis::Predicted.code() } else { Basis::Unknown.code() }
    })
    .with_src()
    .about("round trip: air interface, transport, UPF and application", "往返：空口、传输、UPF 与应用");
    c.text("datacenter", ("compute at", "算力节点"), move |i| {
        let dc = v.result(at(i))?.datacenter?;
        v.inputs.datacenters.get(dc as usize).map(|d| d.id.as_str())
    })
    .from("predicted", "unknown");
}

/// The `sites` layer: every site with its score, the terms behind it and what each network gives.
#[must_use]
pub fn sites<'a>(v: View<'a>, look: &'a Lookups<'a>) -> Layer<'a> {
    let mut c = Columns::default();
    identify(&mut c, v, |i| i);
    c.text("adcode", ("region code", "行政区划代码"), move |i| {
        v.site_text(i, |s| s.adcode).or_else(|| {
            let region = v.result(i)?.city?;
            v.inputs.regions.get(region as usize).map(|r| r.adcode.as_str())
        })
    });
    given::of_sites(&mut c, v);

    c.flag("scored", ("scored", "参与评分"), move |i| v.result(i).map(|r| r.scored))
        .from("predicted", "unknown")
        .about("closed and planned sites are not scored", "关闭或规划企业不评分");
    c.text("network", ("best network", "最优网络"), move |i| {
        let n = v.result(i)?.best_network?;
        v.found.networks.get(usize::from(n.0)).map(String::as_str)
    })
    .from("predicted", "unknown");
    c.float("score", 2, "points", ("score", "评分"), move |i| look.points(i, 0))
        .src(move |i| score_source(v, i))
        .with_src()
        .about(
            "0-100, the sum of the pts_ fields; on the best network",
            "0-100，等于各 pts_ 字段之和；取最优网络",
        );
    c.known("score_tr38901", 2, "points", ("score by TR 38.901", "TR 38.901 评分"), move |i| {
        v.result(i).map_or(Known::UNKNOWN, |r| r.flat_total)
    })
    .from("predicted", "unknown")
    .about("the score if no link ran over terrain", "不计地形时的评分");
    c.known("score_low", 2, "points", ("score at least", "评分下限"), move |i| {
        v.result(i).map_or(Known::UNKNOWN, |r| r.score.low)
    })
    .from("predicted", "unknown")
    .about("least score that unknown terms and position accuracy allow", "未知项与定位精度允许的最低分");
    c.known("score_high", 2, "points", ("score at most", "评分上限"), move |i| {
        v.result(i).map_or(Known::UNKNOWN, |r| r.score.high)
    })
    .from("predicted", "unknown");
    c.float("known_share", 2, "share", ("share known", "已知权重占比"), move |i| {
        v.result(i).map(|r| f64::from(r.score.known_share))
    })
    .from("predicted", "unknown")
    .about("share of the score's weights whose inputs are known", "输入已知的权重占比");
    for (k, term) in Term::ALL.into_iter().enumerate() {
        let (en, zh) = term.label();
        c.float(
            format!("pts_{}", term.code()),
            2,
            "points",
            (format!("points: {en}"), format!("得分：{zh}")),
            move |i| look.points(i, k + 1),
        )
        .from("predicted", "unknown");
    }
    c.text("worst_term", ("worst term", "最差项"), move |i| {
        let score = &v.result(i)?.score;
        worst_term(score, &v.found.weights).map(Term::code).or(score.total.is_known().then_some("none"))
    })
    .from("predicted", "unknown");
    c.flag("gap", ("below target", "不达标"), move |i| {
        v.result(i)?.score.total.get().map(|_| look.rank_of(i).is_some())
    })
    .from("predicted", "unknown")
    .about("below target on every network", "在所有网络上均不达标");
    fiber_and_latency(&mut c, v, |i| i);
    networks(&mut c, v, &look.slugs, |i| i, v.inputs.sites.list.len() <= FULL_DETAIL_SITES);
    c.float("weight_used", 3, "", ("weight in the plan", "规划权重"), move |i| {
        v.result(i).map(|r| f64::from(r.weight))
    })
    .from("predicted", "unknown")
    .about(
        "the weight given, else 1; times plan.equity_small for small firms",
        "给定权重（缺省为 1），小微企业乘以 plan.equity_small",
    );
    if let Some(plan) = v.plan {
        after(&mut c, v, plan, look);
    }
    Layer {
        name: "sites",
        title: ("Factory sites", "工业企业"),
        method: (
            "path loss per network and site (3GPP TR 38.901; over terrain ITU-R P.1812 or P.452) at the location probability asked for; \
             score = 100 · Σ weight · quality / Σ known weights",
            "按网络逐企业计算路径损耗（3GPP TR 38.901；有地形时 ITU-R P.1812 或 P.452）及给定位置概率下的电平；评分 = 100 · Σ权重·质量 / Σ已知权重",
        ),
        inputs: &["sites", "cells", "fiber", "roads", "datacenters", "regions", "measurements"],
        shape: Shape::Points(Box::new(move |i| v.inputs.sites.list[i].at)),
        rows: v.inputs.sites.list.len(),
        columns: c.done(),
    }
}

fn score_source(v: View, i: usize) -> &'static str {
    let Some(r) = v.result(i) else { return Basis::Unknown.code() };
    if !r.scored {
        return "not-scored";
    }
    if !r.score.total.is_known() {
        return Basis::Unknown.code();
    }
    let basis = r.best_network.and_then(|n| v.at_network(i, usize::from(n.0))).map(|n| n.basis);
    match basis {
        Some(b) if b != Basis::Unknown => b.code(),
        _ => Basis::Predicted.code(),
    }
}

fn after<'a>(c: &mut Columns<'a>, v: View<'a>, plan: &'a Plan, look: &'a Lookups<'a>) {
    c.float("score_after", 2, "points", ("score after the plan", "规划后评分"), move |i| {
        look.score_after(i)
    })
    .from("predicted", "unknown");
    c.text("station", ("lifted by station", "规划基站"), move |i| {
        Some(look.lifted_by.get(v.site_id(i)).copied().unwrap_or("none"))
    })
    .from("planned", "unknown");
    c.text("fiber_state", ("fiber connection", "光纤接入方式"), move |i| {
        let c = look.connections.get(v.site_id(i)).and_then(|&c| plan.connections.get(c));
        Some(c.map_or("not-planned", |c| super::plan_layers::state_code(c.state)))
    })
    .from("planned", "unknown");
}

/// The `gaps` layer: sites below target on every network.
#[must_use]
pub fn gaps<'a>(v: View<'a>, look: &'a Lookups<'a>) -> Layer<'a> {
    let gaps = look.gaps;
    let at = move |i: usize| gaps[i].site.at();
    let mut c = Columns::default();
    identify(&mut c, v, at);
    c.int("rank", "", ("rank", "排名"), |i| Some(i as i64 + 1))
        .from("predicted", "unknown")
        .about("most urgent first, by priority", "按优先级从高到低");
    c.float("score", 2, "points", ("score", "评分"), move |i| look.points(at(i), 0))
        .src(move |i| score_source(v, at(i)))
        .with_src();
    c.float("deficit", 2, "points", ("points missing", "差距"), move |i| Some(f64::from(gaps[i].deficit)))
        .from("predicted", "unknown");
    c.float("priority", 2, "", ("priority", "优先级"), move |i| Some(f64::from(gaps[i].priority)))
        .from("predicted", "unknown")
        .about("points missing × weight of the site", "差距 × 权重");
    c.flag("critical", ("critical", "严重"), move |i| Some(gaps[i].critical)).from("predicted", "unknown");
    c.text("worst_term", ("worst term", "最差项"), move |i| Some(gaps[i].worst.code()))
        .from("predicted", "unknown");
    fiber_and_latency(&mut c, v, at);
    networks(&mut c, v, &look.slugs, at, false);
    if v.plan.is_some() {
        c.float("score_after", 2, "points", ("score after the plan", "规划后评分"), move |i| {
            look.score_after(at(i))
        })
        .from("predicted", "unknown");
        c.text("station", ("lifted by station", "规划基站"), move |i| {
            Some(look.lifted_by.get(v.site_id(at(i))).copied().unwrap_or("none"))
        })
        .from("planned", "unknown");
    }
    Layer {
        name: "gaps",
        title: ("Sites below target", "不达标企业"),
        method: (
            "sites below score.target on every network, by points missing × weight",
            "在所有网络上均低于目标分的企业，按差距 × 权重排序",
        ),
        inputs: &["sites", "cells", "fiber", "roads", "datacenters"],
        shape: Shape::Points(Box::new(move |i| v.inputs.sites.list[at(i)].at)),
        rows: gaps.len(),
        columns: c.done(),
    }
}

/// The `towers` layer: places with antennas, as clustered from the cells.
#[must_use]
pub fn towers<'a>(v: View<'a>) -> Layer<'a> {
    let towers = &v.found.towers;
    let cells = move |i: usize| {
        let list = towers.cells_of(crate::model::records::TowerId(i as u32));
        list.iter().filter_map(|c| v.inputs.cells.list.get(c.at()))
    };
    let mut c = Columns::default();
    c.text("tower_id", ("tower", "站址编码"), move |i| Some(towers.list[i].id.as_str()));
    c.text("id_basis", ("code", "编码来源"), move |i| {
        Some(if towers.list[i].id_made { "made" } else { "given" })
    })
    .about("made: from the position, because the cells have no tower code", "made：无站址编码，按位置生成");
    c.int("cells", "", ("cells", "小区数"), move |i| Some(i64::from(towers.list[i].count)));
    c.int("nr_cells", "", ("NR cells", "5G小区数"), move |i| {
        Some(cells(i).filter(|c| c.rat == crate::model::kinds::Rat::Nr).count() as i64)
    });
    c.made_text("operators", ("operators", "运营商"), move |i| {
        let mut codes: Vec<&str> = cells(i).map(|c| v.inputs.operators.code(c.operator)).collect();
        codes.sort_unstable();
        codes.dedup();
        Some(codes.join("+"))
    });
    c.made_text("rats", ("technologies", "制式"), move |i| {
        let mut rats: Vec<_> = cells(i).map(|c| c.rat).collect();
        rats.sort_unstable();
        rats.dedup();
        Some(rats.iter().map(|r| r.code()).collect::<Vec<_>>().join("+"))
    });
    Layer {
        name: "towers",
        title: ("Towers of today", "现有站址"),
        method: (
            "cells with one tower code, or closer than siting.cluster_m",
            "同一站址编码或距离小于 siting.cluster_m 的小区",
        ),
        inputs: &["cells"],
        shape: Shape::Points(Box::new(move |i| towers.list[i].at)),
        rows: towers.list.len(),
        columns: c.done(),
    }
}

/// The `regions` layer: areas with their KPIs.
#[must_use]
pub fn regions<'a>(v: View<'a>) -> Layer<'a> {
    let by_code: BTreeMap<&str, &Kpi> =
        v.found.kpis.iter().filter(|k| k.group == KpiGroup::Region).map(|k| (k.key.as_str(), k)).collect();
    let rows: Vec<Option<&Kpi>> =
        v.inputs.regions.iter().map(|r| by_code.get(r.adcode.as_str()).copied()).collect();
    let region = move |i: usize| &v.inputs.regions[i];
    let mut c = Columns::default();
    c.text("adcode", ("region code", "行政区划代码"), move |i| Some(region(i).adcode.as_str()));
    c.text("name", ("name", "名称"), move |i| Some(region(i).name.as_str()));
    c.text("level", ("level", "级别"), move |i| Some(region(i).level.code()));
    c.text("parent", ("parent", "上级"), move |i| region(i).parent.as_deref());
    given::of_regions(&mut c, &v.inputs.regions);
    super::tables::kpi_columns(&mut c, v, rows);
    Layer {
        name: "regions",
        title: ("Regions", "行政区"),
        method: (
            "KPIs of the sites inside; reported stations over residents",
            "区内企业指标；上报基站数与常住人口之比",
        ),
        inputs: &["regions", "sites", "cells"],
        shape: Shape::Areas(Box::new(move |i| &region(i).shape)),
        rows: v.inputs.regions.len(),
        columns: c.done(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn slugs_are_ascii_and_differ() {
        let names = ["cbn+cmcc", "716-6", "716+6", "某公司"].map(str::to_owned);
        assert_eq!(network_slugs(&names), ["cbn_cmcc", "716_6", "n3", "n4"]);
    }

    proptest! {
        #[test]
        fn printed_terms_add_up(q in proptest::array::uniform6(proptest::option::of(0f32..=1.0))) {
            let known: f32 = 100.0 / 6.0 * q.iter().flatten().count() as f32;
            let mut score = Score::default();
            let mut total = 0.0;
            for (k, q) in q.iter().enumerate() {
                let quality = q.map_or(Known::UNKNOWN, Known::new);
                score.quality[k] = quality;
                total += q.map_or(0.0, |q| 100.0 * (100.0 / 6.0) * q / known);
            }
            let weights = [100.0 / 6.0; 6];
            score.total = if known > 0.0 { Known::new(total) } else { Known::UNKNOWN };
            let (sum, terms) = printed_points(&score, &weights);
            if let Some(sum) = sum {
                let added: f64 = terms.iter().flatten().sum();
                prop_assert!((added - sum).abs() < 1e-9, "{added} {sum}");
                for (t, s) in terms.iter().zip(score.terms(&weights)) {
                    if let Some(t) = t {
                        prop_assert!((t - f64::from(s.points)).abs() < 0.0101);
                    }
                }
            }
        }
    }
}
