//! Counts for the report's head, and what its reader must be told.

use super::assess::Assessor;
use super::fiber_reach::has_access_fiber;
use super::result::{Assessment, Fact, IndoorCover, LossModel};
use crate::model::kinds::{Basis, Rat};
use crate::model::notes::Note;
use rayon::prelude::*;

/// Counts of the inputs and of what came out.
#[must_use]
pub fn facts(assessor: &Assessor, result: &Assessment) -> Vec<Fact> {
    let inputs = assessor.inputs;
    let rat = |rat: Rat| {
        let of = inputs.cells.list.par_iter().filter(move |c| c.rat == rat && c.is_on_air());
        of.count() as u64
    };
    let sites =
        |pick: &dyn Fn(&super::SiteResult) -> bool| result.sites.iter().filter(|s| pick(s)).count() as u64;
    let mut facts = vec![
        Fact { code: "sites", value: inputs.sites.list.len() as u64 },
        Fact { code: "sites_scored", value: sites(&|s| s.scored) },
        Fact { code: "sites_unknown", value: sites(&|s| s.scored && !s.score.total.is_known()) },
        Fact { code: "gaps", value: result.gaps.len() as u64 },
        Fact { code: "critical", value: result.gaps.iter().filter(|g| g.critical).count() as u64 },
        Fact { code: "cells", value: inputs.cells.list.len() as u64 },
        Fact { code: "nr_cells", value: rat(Rat::Nr) },
        Fact { code: "lte_cells", value: rat(Rat::Lte) },
        Fact { code: "cells_counted", value: assessor.air.counted },
        Fact { code: "towers", value: assessor.air.towers.list.len() as u64 },
        Fact { code: "networks", value: result.networks.len() as u64 },
    ];
    facts.push(Fact { code: "sites_on_full_cells", value: on_full_cells(result) });
    if assessor.air.terrain.is_some() {
        let t = OverTerrain::count(result, assessor.settings.score.target);
        facts.extend([
            Fact { code: "sites_over_terrain", value: t.sites },
            Fact { code: "links_over_terrain", value: t.p1812 + t.p452 },
            Fact { code: "links_too_short_for_terrain", value: t.short },
            Fact { code: "links_over_unknown_ground", value: t.unknown },
            Fact { code: "sites_below_target_by_terrain", value: t.fallen },
            Fact { code: "sites_on_target_by_terrain", value: t.risen },
        ]);
    }
    facts
}

/// Sites whose best network's cell can't carry all that is asked of it.
fn on_full_cells(result: &Assessment) -> u64 {
    let networks = result.networks.len().max(1);
    let full = |(site, at): &(&super::SiteResult, &[super::NetworkAtSite])| {
        let best = site.best_network.and_then(|n| at.get(usize::from(n.0)));
        best.is_some_and(|n| n.served.iter().any(|s| s.get().is_some_and(|s| s < 1.0)))
    };
    result.sites.iter().zip(result.at_network.chunks(networks)).filter(full).count() as u64
}

/// What scoring along the ground came to. Links are those of each site to its server, network by network.
#[derive(Clone, Copy, Debug, Default)]
struct OverTerrain {
    /// Sites scored on a network whose server was predicted along the ground.
    sites: u64,
    p1812: u64,
    p452: u64,
    /// Links by TR 38.901, being shorter than the models over terrain allow.
    short: u64,
    /// Links by TR 38.901 for want of heights.
    unknown: u64,
    /// Sites below target that TR 38.901 has on target.
    fallen: u64,
    /// Sites on target that TR 38.901 has below.
    risen: u64,
}

impl OverTerrain {
    fn count(result: &Assessment, target: f64) -> Self {
        let mut sum = Self::default();
        let networks = result.networks.len().max(1);
        for (site, at) in result.sites.iter().zip(result.at_network.chunks(networks)) {
            for model in at.iter().filter_map(|n| n.model) {
                match model {
                    LossModel::P1812 => sum.p1812 += 1,
                    LossModel::P452 => sum.p452 += 1,
                    LossModel::Tr38901Short => sum.short += 1,
                    LossModel::Tr38901UnknownGround => sum.unknown += 1,
                    LossModel::Tr38901 => {}
                }
            }
            let best = site.best_network.and_then(|n| at.get(usize::from(n.0)));
            sum.sites += u64::from(best.and_then(|n| n.model).is_some_and(LossModel::is_over_terrain));
            if let Some((now, flat)) = site.score.total.get().zip(site.flat_total.get()) {
                sum.fallen += u64::from(now < target && flat >= target);
                sum.risen += u64::from(now >= target && flat < target);
            }
        }
        sum
    }
}

/// Remarks: missing layers, assumptions, what was left out.
#[must_use]
pub fn notes(assessor: &Assessor, result: &Assessment) -> Vec<Note> {
    let (inputs, settings) = (assessor.inputs, assessor.settings);
    let mut notes = Vec::new();
    let mut note = |code, en: String, zh: String| notes.push(Note::new(code, en, zh));
    for said in assessor.weights.notes() {
        note(said.code, said.en, said.zh);
    }
    let rats = &settings.project.rats;
    let names = rats.iter().map(|r| r.code().to_uppercase()).collect::<Vec<_>>().join(" + ");
    let has_cells = inputs.has("cells") || !inputs.cells.list.is_empty();
    if !has_cells {
        note(
            "N001",
            "no cells layer: radio coverage is unknown".into(),
            "未提供小区图层：无线覆盖未知".into(),
        );
    } else if assessor.air.counted == 0 {
        let all = inputs.cells.list.len();
        note(
            "N002",
            format!("0 {names} cells among {all}: the cells layer shows no {names} coverage"),
            format!("{all} 个小区中 {names} 小区为 0：小区图层不显示任何 {names} 覆盖"),
        );
    }
    if rats.iter().any(|r| *r != Rat::Nr) {
        note(
            "N003",
            format!("coverage counts {names}, by choice: it isn't 5G coverage alone"),
            format!("按设置将 {names} 计入覆盖：结果不等同于 5G 覆盖"),
        );
    }
    if !has_access_fiber(inputs) {
        let any = !inputs.fiber_nodes.is_empty() || !inputs.fiber_segments.is_empty();
        if any {
            note(
                "N004",
                "the fiber layers hold backbone only: distance to a backbone city is told, access fiber is \
                 unknown"
                    .into(),
                "光缆图层只有干线：给出到干线城市的距离，接入光纤未知".into(),
            );
        } else {
            note(
                "N005",
                "no access fiber layer: distance to joinable fiber is unknown".into(),
                "未提供接入光纤图层：到可接入光纤的距离未知".into(),
            );
        }
    }
    if inputs.datacenters.is_empty() {
        note(
            "N006",
            "no data centers layer: latency is unknown".into(),
            "未提供数据中心图层：时延未知".into(),
        );
    } else {
        let s = &settings.latency;
        note(
            "N007",
            format!(
                "latency is a round trip: air {} ms, UPF {} ms, application {} ms, transport by great circle \
                 × {} at {} µs/km",
                s.air_rtt_ms, s.upf_rtt_ms, s.app_rtt_ms, s.detour, s.fiber_us_per_km
            ),
            format!(
                "时延为往返值：空口 {} ms、UPF {} ms、应用 {} ms，传输按大圆距离 × {}、{} µs/km 计",
                s.air_rtt_ms, s.upf_rtt_ms, s.app_rtt_ms, s.detour, s.fiber_us_per_km
            ),
        );
        if inputs.datacenters.iter().all(|d| d.city_dot) {
            note(
                "N008",
                "data centers are placed at city centres: latency is to the city, not to the hall".into(),
                "数据中心位置为城市中心点：时延按城市计，而非机房".into(),
            );
        }
    }
    let unscored = result.sites.iter().filter(|s| !s.scored).count();
    if unscored > 0 {
        note(
            "N009",
            format!("{unscored} sites aren't operating and aren't scored"),
            format!("{unscored} 家企业非在产，未评估"),
        );
    }
    let assumed = result.at_network.iter().filter(|n| n.basis == Basis::Assumed).count();
    let predicted = result.at_network.iter().filter(|n| n.server.is_some()).count();
    if assumed > 0 {
        note(
            "N010",
            format!(
                "{assumed} of {predicted} predictions rest on a server whose frequency, height or power comes \
                 from the catalogue"
            ),
            format!("{predicted} 个预测中有 {assumed} 个所依据的主服务小区频率、挂高或功率取自默认目录"),
        );
    }
    if assessor.air.out_of_range > 0 {
        note(
            "N011",
            format!(
                "{} cells lie outside the range of the loss models (0.5–30 GHz) and serve nobody",
                assessor.air.out_of_range
            ),
            format!("{} 个小区超出传播模型适用范围（0.5–30 GHz），不参与服务", assessor.air.out_of_range),
        );
    }
    if assessor.air.heights_rounded() {
        note(
            "N012",
            "antenna heights are rounded by up to 1 % to share loss tables: levels move by at most 0.15 dB"
                .into(),
            "天线挂高按 1 % 以内取整以共用损耗表：电平变化不超过 0.15 dB".into(),
        );
    }
    if has_cells && assessor.air.counted > 0 {
        terrain_notes(assessor, result, &mut note);
    }
    let corrected = super::measured::Corrections::of(&result.measured).count();
    if settings.radio.measured_correction && corrected > 0 {
        note(
            "N018",
            format!(
                "losses of {corrected} bands in a scene are corrected by their bias against measurements"
            ),
            format!("{corrected} 组频段与场景的损耗已按路测偏差修正"),
        );
    }
    let crowded = on_full_cells(result);
    if crowded > 0 {
        note(
            "N020",
            format!(
                "{crowded} sites are served by cells that can't carry what their sites ask for in the busy hour: their \
                 rates count in part (radio.cell_demand)"
            ),
            format!(
                "{crowded} 家企业的服务小区无法承载忙时业务量：其速率按可承载部分计分（radio.cell_demand）"
            ),
        );
    }
    if !inputs.antennas.is_empty() {
        let antennas = super::antennas::Antennas::new(inputs);
        let nameless = |c: &crate::model::records::Cell| {
            c.antenna.is_some() && antennas.number(inputs, c.antenna).is_none()
        };
        let n = inputs.cells.list.par_iter().filter(nameless).count();
        if n > 0 {
            note(
                "N019",
                format!(
                    "{n} cells name an antenna that no file of the antennas layer describes: their patterns are formulas"
                ),
                format!("{n} 个小区的天线型号无对应方向图文件：采用公式方向图"),
            );
        }
    }
    let networks = result.networks.len().max(1);
    let indoor_unknown = result
        .sites
        .iter()
        .zip(result.at_network.chunks(networks))
        .filter(|(s, n)| s.scored && n.iter().all(|n| n.indoor == IndoorCover::Unknown))
        .count();
    if indoor_unknown > 0 && has_cells {
        note(
            "N013",
            format!(
                "whether {indoor_unknown} sites have an indoor system isn't known: a weak level behind their \
                 walls counts as unknown, and their rates are those outdoors"
            ),
            format!("{indoor_unknown} 家企业是否有室分未知：墙内弱信号按未知计，速率按室外计"),
        );
    }
    notes
}

/// Which model the levels rest on, and what the ground changed.
fn terrain_notes(
    assessor: &Assessor,
    result: &Assessment,
    note: &mut impl FnMut(&'static str, String, String),
) {
    let radio = &assessor.settings.radio;
    let edition = &radio.scenario_edition;
    if assessor.air.terrain.is_none() {
        let (why, why_zh) = match &assessor.inputs.terrain {
            None => ("no dem layer", "无高程图层"),
            Some(_) if !radio.terrain.r#use => ("radio.terrain.use is false", "radio.terrain.use 为 false"),
            Some(_) => ("the dem layer is too coarse", "高程格距过粗"),
        };
        note(
            "N014",
            format!("levels are predicted by TR 38.901 V{edition}, which knows no hills ({why})"),
            format!("电平由 TR 38.901 V{edition} 预测，不含地形遮挡（{why_zh}）"),
        );
        return;
    }
    let t = OverTerrain::count(result, assessor.settings.score.target);
    let scored = result.sites.iter().filter(|s| s.scored).count();
    let candidates = radio.terrain.candidates;
    note(
        "N015",
        format!(
            "{} of {scored} sites are scored over terrain (links to servers: {} by ITU-R P.1812-8, {} by P.452-18 \
             above its 6 GHz), the {candidates} strongest masts of each carrier along their profiles, all others by \
             TR 38.901 V{edition}; against TR 38.901 alone {} sites fall below target and {} rise to it",
            t.sites, t.p1812, t.p452, t.fallen, t.risen
        ),
        format!(
            "{scored} 家企业中 {} 家按地形评估（主服务链路：P.1812-8 {} 条，6 GHz 以上 P.452-18 {} 条；每载波最强 \
             {candidates} 个站址计算剖面，其余采用 TR 38.901 V{edition}）；与仅用 TR 38.901 相比，{} 家降至目标以下，\
             {} 家升至达标",
            t.sites, t.p1812, t.p452, t.fallen, t.risen
        ),
    );
    let inputs = assessor.inputs;
    if let Some(cover) = inputs.land_cover.as_deref() {
        let lost = inputs.sites.list.par_iter().filter(|s| cover.clutter_m(s.at).is_none()).count();
        let towers = &assessor.air.towers.list;
        let lost_towers = towers.par_iter().filter(|t| cover.clutter_m(t.at).is_none()).count();
        note(
            "N021",
            format!(
                "houses and trees on the profiles are those of the clutter layer; it has no class with a meaning at \
                 {lost} of {} sites and {lost_towers} of {} towers, and where it has none profiles take the height \
                 of the surroundings (radio.terrain.clutter_*)",
                inputs.sites.list.len(),
                towers.len()
            ),
            format!(
                "剖面上的树木与建筑取自地物图层；{} 家企业中 {lost} 家、{} 个站址中 {lost_towers} 个处类别缺失或无含义，\
                 缺失处按周边环境取值（radio.terrain.clutter_*）",
                inputs.sites.list.len(),
                towers.len()
            ),
        );
    }
    if t.short > 0 {
        note(
            "N016",
            format!(
                "{} links to servers are shorter than the 250 m of P.1812: TR 38.901 predicts them",
                t.short
            ),
            format!("{} 条主服务链路短于 P.1812 的 250 m 下限：采用 TR 38.901", t.short),
        );
    }
    if t.unknown > 0 {
        note(
            "N017",
            format!(
                "{} links to servers run over ground without heights (gaps wider than 1 km): TR 38.901 predicts \
                 them, which knows no hills; radio.terrain.unknown = \"error\" refuses them",
                t.unknown
            ),
            format!(
                "{} 条主服务链路剖面缺少高程（空洞超过 1 km）：采用不含地形的 TR 38.901；\
                 设 radio.terrain.unknown = \"error\" 可拒绝",
                t.unknown
            ),
        );
    }
}
