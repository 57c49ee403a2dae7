//! Counts for the report's head, and what its reader must be told.

use super::assess::Assessor;
use super::fiber_reach::has_access_fiber;
use super::result::{Assessment, Fact, IndoorCover};
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
    vec![
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
    ]
}

/// Remarks: missing layers, assumptions, what was left out.
#[must_use]
pub fn notes(assessor: &Assessor, result: &Assessment) -> Vec<Note> {
    let (inputs, settings) = (assessor.inputs, assessor.settings);
    let mut notes = Vec::new();
    let mut note = |code, en: String, zh: String| notes.push(Note::new(code, en, zh));
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
