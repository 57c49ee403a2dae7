//! The right of way of a run: roads as read or inferred, and how far fiber is along them.

use super::PlanError;
use crate::coverage::fiber_reach::{FiberDistance, FiberReach};
use crate::fiber::Ways;
use crate::index::RegionIndex;
use crate::io::terrain::{MAX_PROPAGATION_POSTING_M, require_posting};
use crate::model::inputs::Inputs;
use crate::model::kinds::Basis;
use crate::model::notes::Note;
use crate::model::records::{Roads, SiteId};
use crate::model::settings::Settings;
use crate::model::text::Known;
use crate::network::{
    AccessKind, Barriers, FiberAccess, Gap, Reach, RoadGraph, Snapper, infer_roads, inference_places,
    repaired, repairs,
};
use rayon::prelude::*;
use std::borrow::Cow;
use std::sync::OnceLock;

/// Layers that change no score and no plan, with the command whose question they answer.
const FOR_COMMANDS: [(&str, &str); 3] =
    [("power", "covplan energy"), ("projects", "covplan duplicates"), ("questionnaire", "covplan readiness")];

/// Distances of all sites, looked up once.
struct ByRoad(Vec<FiberDistance>);

impl FiberReach for ByRoad {
    fn distance(&self, site: SiteId) -> FiberDistance {
        self.0.get(site.at()).copied().unwrap_or(FiberDistance::UNKNOWN)
    }
}

/// What lies under a plan.
pub struct Ground<'s, 'g, 'r> {
    /// Snapping onto the roads, and the roads themselves.
    pub snapper: &'s Snapper<'g, 'r>,
    /// Joinable fiber.
    pub access: &'s FiberAccess<'s, 'g, 'r>,
    /// Found when routes are first asked for: scores don't need it.
    ways: OnceLock<Ways>,
}

impl Ground<'_, '_, '_> {
    /// Ducts and pole lines along the right of way.
    pub fn ways(&self, inputs: &Inputs, settings: &Settings) -> &Ways {
        self.ways.get_or_init(|| Ways::new(inputs, settings, self.snapper))
    }
}

/// Builds the right of way, asks every site for its distance to joinable fiber, and hands both on.
///
/// # Errors
/// When the roads can't be made a graph.
pub fn with_ground<T>(
    inputs: &Inputs,
    settings: &Settings,
    then: impl FnOnce(Option<&Ground>, Box<dyn FiberReach>, Vec<Note>) -> Result<T, PlanError>,
) -> Result<T, PlanError> {
    let mut notes = Vec::new();
    if let Some(terrain) = &inputs.terrain {
        if let Err(coarse) = require_posting(&**terrain, MAX_PROPAGATION_POSTING_M) {
            notes.push(Note::new(
                "N105",
                format!("heights are refused for propagation: {coarse}; TR 38.901 is used, which needs none"),
                format!(
                    "高程不用于传播计算（格距 {:.0} m，上限 {:.0} m）；采用无需地形的 TR 38.901",
                    coarse.posting_m, coarse.limit_m
                ),
            ));
        }
    }
    // Land cover stands on the ground: without usable heights there are no profiles.
    let fine = |t: &dyn crate::geom::Terrain| require_posting(t, MAX_PROPAGATION_POSTING_M).is_ok();
    let profiles = settings.radio.terrain.r#use && inputs.terrain.as_deref().is_some_and(fine);
    if inputs.has("clutter") && !(profiles && inputs.land_cover.is_some()) {
        notes.push(Note::new(
            "N107",
            "read and checked, but without effect on scores or plan: clutter (it takes a dem of 100 m posting or finer)",
            "已读取并校验，但对评分与规划无影响：clutter（需 100 m 或更细的 dem）",
        ));
    }
    let served: Vec<String> = FOR_COMMANDS
        .iter()
        .filter(|(l, _)| inputs.has(l))
        .map(|(l, command)| format!("{l} ({command})"))
        .collect();
    if !served.is_empty() {
        notes.push(Note::new(
            "N108",
            format!(
                "layers that answer questions of their own and change no score or plan: {}",
                served.join(", ")
            ),
            format!("以下图层用于专门问题，不影响评分与规划：{}", served.join("、")),
        ));
    }
    notes.extend(beside_note(inputs));
    let infer = settings.project.roads == "infer";
    let roads: Cow<Roads> = if infer {
        if inputs.has("roads") {
            notes.push(Note::new(
                "N101",
                "the roads layer is not used: the project asks for an inferred right of way",
                "项目设置为推断路由，未使用道路图层",
            ));
        }
        Cow::Owned(infer_roads(inference_places(inputs)))
    } else {
        Cow::Borrowed(&inputs.roads)
    };
    if roads.list.is_empty() {
        notes.push(Note::new(
            "N102",
            "no roads: distance to fiber and fiber routes can't be answered; give a roads layer, or set roads = \"infer\"",
            "缺少道路图层：无法回答到光纤的距离与路由，请提供 roads 图层或设置 roads = \"infer\"",
        ));
        return then(None, Box::new(crate::coverage::fiber_reach::NoRoads), notes);
    }
    if infer {
        notes.push(Note::new(
            "N103",
            format!(
                "the right of way is inferred from {} places (Gabriel graph, lengths times {}): routes are plausible, not surveyed",
                inference_places(inputs).len(),
                settings.network.infer_detour
            ),
            format!("路由由 {} 个地点推断（Gabriel 图，长度系数 {}），仅供估算", inference_places(inputs).len(), settings.network.infer_detour),
        ));
    }
    let factor = if roads.inferred { settings.network.infer_detour } else { 1.0 };
    let gaps = if infer || settings.network.repair_m <= 0.0 {
        Vec::new()
    } else {
        repairs(&roads, settings.network.repair_m, &Barriers::new(&inputs.barriers))?
    };
    let roads = if gaps.is_empty() { roads } else { Cow::Owned(repaired(&roads, &gaps)) };
    notes.extend(repair_note(&gaps));
    let graph = RoadGraph::new(&roads, factor)?;
    let snapper = Snapper::with_walls(&graph, &inputs.barriers, &settings.network.walls);
    let access = FiberAccess::new(inputs, &settings.fiber, &settings.plan.lock.shut, &snapper)?;
    let by_road = ByRoad(inputs.sites.list.par_iter().map(|s| distance(access.reach(s.at))).collect());
    if !infer {
        let parts = graph.components();
        if parts.len() > 1 {
            let off: u32 = parts.iter().skip(1).map(|p| p.nodes).sum();
            notes.push(Note::new(
                "N104",
                format!(
                    "the roads fall into {} separate parts; {off} junctions lie outside the largest",
                    parts.len()
                ),
                format!("道路网分为 {} 个不连通部分，最大部分之外有 {off} 个路口", parts.len()),
            ));
        }
    }
    then(
        Some(&Ground { snapper: &snapper, access: &access, ways: OnceLock::new() }),
        Box::new(by_road),
        notes,
    )
}

/// Sites outside every region that count in the nearest.
fn beside_note(inputs: &Inputs) -> Option<Note> {
    let index = RegionIndex::of(&inputs.regions);
    let outside: Vec<f64> = inputs.sites.list.par_iter().filter_map(|s| index.outside_m(s.at)).collect();
    let (n, km) = (outside.len(), outside.iter().copied().fold(0.0, f64::max) / 1e3);
    (n > 0).then(|| {
        Note::new(
            "N109",
            format!("{n} sites lie outside every region, by up to {km:.1} km; without a code or name of a region in their rows they count in the nearest"),
            format!("{n} 家企业位于所有区划边界之外（最远 {km:.1} km）；行内无区划代码或名称者计入最近的区划"),
        )
    })
}

/// Lists the gaps in the roads that are bridged. Routes over them are segments of the roads `repair-N`, each
/// with its length and price.
fn repair_note(gaps: &[Gap]) -> Option<Note> {
    const LISTED: usize = 20;
    let length_m: f64 = gaps.iter().map(|g| g.length_m).sum();
    let each: Vec<String> = (1..)
        .zip(gaps)
        .take(LISTED)
        .map(|(n, g)| {
            let [a, b] = [g.from, g.to].map(|p| format!("{:.5} {:.5}", p.lon_deg(), p.lat_deg()));
            format!("repair-{n}: {a} – {b}, {:.1} m", g.length_m)
        })
        .collect();
    let more = gaps.len().saturating_sub(LISTED);
    let (tail, tail_zh) = match more {
        0 => (String::new(), String::new()),
        n => (format!("; and {n} more"), format!("；另有 {n} 处")),
    };
    let each = each.join("; ");
    (!gaps.is_empty()).then(|| {
        Note::new(
            "N108",
            format!(
                "{} gaps in the roads, {length_m:.0} m in all, are bridged as network.repair_m asks: {each}{tail}",
                gaps.len()
            ),
            format!("按 network.repair_m 修补道路断点 {} 处，共 {length_m:.0} 米：{each}{tail_zh}", gaps.len()),
        )
    })
}

fn distance(reach: Reach) -> FiberDistance {
    match reach {
        Reach::NoAccessFiber => FiberDistance::UNKNOWN,
        Reach::NoRoad | Reach::Beyond => {
            FiberDistance { distance_m: Known::UNKNOWN, node: None, basis: Basis::Predicted }
        }
        Reach::Found { route_m, access, basis } => FiberDistance {
            distance_m: Known::new(route_m as f32),
            node: match access {
                AccessKind::Node(i) => Some(i),
                AccessKind::Cable(_) => None,
            },
            basis,
        },
    }
}
