//! Ducts with spare holes and pole lines, matched to the roads that they follow; and which roads are one
//! street.

use super::across::{self, Across};
use crate::geom::{LonLat, along_geodesic, azimuth_deg, geodesic_m};
use crate::graph::EdgeId;
use crate::model::inputs::Inputs;
use crate::model::kinds::{CellStatus, LayMethod};
use crate::model::settings::Settings;
use crate::network::{Snapper, duct_groups, shared_risks};
use rayon::prelude::*;

/// Spacing of the places at which a duct is compared with the roads, metres.
const STEP_M: f64 = 10.0;
/// A gap in the match shorter than this is closed; a match shorter than this is none, metres.
const GAP_M: f64 = 25.0;
/// Largest angle between a duct and the road that it follows, degrees.
const ANGLE_DEG: f64 = 30.0;

/// What can be used along a road.
#[derive(Clone, Debug)]
pub(super) struct Way {
    /// `duct_id`, or `segment_id` of the cable on the poles.
    pub id: String,
    /// Duct or poles.
    pub method: LayMethod,
    /// Its owner, when told.
    pub owner: Option<String>,
    /// Another's: consent and rent.
    pub foreign: bool,
    /// Rent, yuan per kilometre and year; zero for one's own.
    pub rent_cny_km_yr: f64,
    /// Work to lay a cable in it, yuan per metre.
    pub work_cny_m: f64,
    /// What fails with it: the duct or pole line itself, and its shared-risk groups.
    pub risks: Vec<String>,
}

/// A stretch of a road edge along which a way can be used, geodesic metres along the edge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Run {
    pub edge: EdgeId,
    pub from_m: f64,
    pub to_m: f64,
    pub way: u32,
}

/// All ducts and pole lines that a cable may be laid in, and where along the roads they are; and where cable
/// passes from one side of a street to the other.
#[derive(Clone, Debug, Default)]
pub struct Ways {
    pub(super) list: Vec<Way>,
    runs: Vec<Run>,
    /// Ducts that would do but whose spare holes aren't told.
    pub(super) unknown_holes: u32,
    /// Ways beneath the pavement between junctions and what runs beside them.
    pub(super) across: Vec<Across>,
}

impl Ways {
    /// Compares every duct and pole line with the roads near it, and the roads with each other.
    pub fn new(inputs: &Inputs, settings: &Settings, snapper: &Snapper<'_, '_>) -> Self {
        let (list, lines, unknown_holes) = usable(inputs, settings);
        let mut runs: Vec<Run> = lines
            .par_iter()
            .enumerate()
            .flat_map_iter(|(i, line)| follow(i as u32, line, snapper, settings.fiber.duct_match_m))
            .collect();
        runs.sort_by(|a, b| a.edge.cmp(&b.edge).then(a.from_m.total_cmp(&b.from_m)).then(a.way.cmp(&b.way)));
        let runs = runs.chunk_by(|a, b| a.edge == b.edge).flat_map(|r| cheapest(r, &list)).collect();
        let across = across::of_junctions(snapper, settings.fiber.beside_m);
        Self { list, runs, unknown_holes, across }
    }

    /// The runs of an edge, in order along it, without overlap.
    pub(super) fn along(&self, edge: EdgeId) -> &[Run] {
        let start = self.runs.partition_point(|r| r.edge < edge);
        let count = self.runs[start..].partition_point(|r| r.edge == edge);
        &self.runs[start..start + count]
    }
}

/// The ways that a cable may be laid in, with their lines.
fn usable<'i>(inputs: &'i Inputs, settings: &Settings) -> (Vec<Way>, Vec<&'i [LonLat]>, u32) {
    let fiber = &settings.fiber;
    let in_use = |status: &Option<String>| {
        status.as_deref().and_then(CellStatus::parse).is_none_or(|s| s == CellStatus::OnAir)
    };
    let shut = |id: &String| settings.plan.lock.shut.contains(id);
    let foreign = |owner: &str| !fiber.own_owners.iter().any(|o| same_owner(o, owner));
    let named = |owner: &str| (!owner.is_empty()).then(|| owner.to_owned());
    let (mut list, mut lines, mut unknown) = (Vec::new(), Vec::new(), 0);
    let groups = duct_groups(inputs);
    for d in inputs.ducts.iter().filter(|d| in_use(&d.status) && !shut(&d.id)) {
        let foreign = foreign(&d.owner);
        if foreign && d.shareable == Some(false) {
            continue;
        }
        match d.holes_free {
            None => unknown += 1,
            Some(0) => {}
            Some(_) => {
                let rent = d.rent_cny_km_yr.unwrap_or(fiber.duct_rent_cny_km_yr);
                list.push(Way {
                    id: d.id.clone(),
                    method: LayMethod::Duct,
                    owner: named(&d.owner),
                    foreign,
                    rent_cny_km_yr: if foreign { rent } else { 0.0 },
                    work_cny_m: fiber.duct_reuse_cny_m,
                    risks: [Some(&d.id), d.srlg.as_ref()].into_iter().flatten().cloned().collect(),
                });
                lines.push(&d.line[..]);
            }
        }
    }
    let aerial = |m: Option<LayMethod>| m == Some(LayMethod::Aerial);
    for s in inputs.fiber_segments.iter().filter(|s| aerial(s.method) && !s.line_made) {
        if in_use(&s.status) && !shut(&s.id) {
            let foreign = foreign(&s.owner);
            list.push(Way {
                id: s.id.clone(),
                method: LayMethod::Aerial,
                owner: named(&s.owner),
                foreign,
                rent_cny_km_yr: if foreign { fiber.pole_rent_cny_km_yr } else { 0.0 },
                work_cny_m: fiber.pole_reuse_cny_m,
                risks: shared_risks(s, &groups)
                    .into_iter()
                    .map(str::to_owned)
                    .chain([format!("cable {}", s.id)])
                    .collect(),
            });
            lines.push(&s.line[..]);
        }
    }
    (list, lines, unknown)
}

fn same_owner(a: &str, b: &str) -> bool {
    use crate::model::operators::operator_code;
    operator_code(a).eq_ignore_ascii_case(operator_code(b))
}

/// The stretches of road that a line follows, one per road edge and stretch.
fn follow(way: u32, line: &[LonLat], snapper: &Snapper<'_, '_>, reach_m: f64) -> Vec<Run> {
    let roads = snapper.roads();
    let mut marks: Vec<(EdgeId, f64, f64)> = Vec::new();
    for w in line.windows(2) {
        let length = geodesic_m(w[0], w[1]);
        let steps = (length / STEP_M).ceil().clamp(1.0, 1e6);
        let half = length / steps / 2.0;
        let direction = azimuth_deg(w[0], w[1]);
        for k in 0..steps as u32 {
            let at = along_geodesic(w[0], w[1], (f64::from(k) + 0.5) / steps);
            for snap in snapper.within(at, reach_m) {
                let road = roads.azimuth_at(snap.edge, snap.offset_m);
                let turn = (road - direction).rem_euclid(180.0);
                if turn.min(180.0 - turn) <= ANGLE_DEG {
                    marks.push((snap.edge, snap.offset_m - half, snap.offset_m + half));
                }
            }
        }
    }
    marks.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let mut runs: Vec<Run> = Vec::new();
    for (edge, from_m, to_m) in marks {
        match runs.last_mut() {
            Some(r) if r.edge == edge && from_m <= r.to_m + GAP_M => r.to_m = r.to_m.max(to_m),
            _ => runs.push(Run { edge, from_m, to_m, way }),
        }
    }
    for r in &mut runs {
        // A duct goes on through the junctions at both ends.
        let length = roads.length_m(r.edge);
        r.from_m = if r.from_m < GAP_M { 0.0 } else { r.from_m };
        r.to_m = if r.to_m > length - GAP_M { length } else { r.to_m };
    }
    runs.retain(|r| r.to_m - r.from_m >= GAP_M.min(roads.length_m(r.edge)) - 1e-9);
    runs
}

/// Of overlapping runs on one edge the one that costs least, in order along the edge.
fn cheapest(runs: &[Run], list: &[Way]) -> Vec<Run> {
    let mut borders: Vec<f64> = runs.iter().flat_map(|r| [r.from_m, r.to_m]).collect();
    borders.sort_by(f64::total_cmp);
    borders.dedup();
    let mut out: Vec<Run> = Vec::new();
    for w in borders.windows(2) {
        let over = runs.iter().filter(|r| r.from_m <= w[0] && r.to_m >= w[1]);
        let best = over.min_by(|a, b| {
            let rank = |r: &Run| {
                let way = &list[r.way as usize];
                (way.work_cny_m, way.rent_cny_km_yr)
            };
            let (x, y) = (rank(a), rank(b));
            x.0.total_cmp(&y.0).then(x.1.total_cmp(&y.1)).then(a.way.cmp(&b.way))
        });
        let Some(&best) = best else { continue };
        match out.last_mut() {
            Some(r) if r.way == best.way && r.to_m == w[0] => r.to_m = w[1],
            _ => out.push(Run { from_m: w[0], to_m: w[1], ..best }),
        }
    }
    out
}
