//! Formats with a model of their own, turned into layers: OpenStreetMap extracts and GraphML backbones.

use super::formats::{Format, How};
use super::graphml;
use super::load::broken;
use super::osm::{self, BarrierKind, IndustryKind, OsmBarrier, OsmExtract, OsmIndustry, OsmProblemKind};
use super::source::Fault;
use crate::model::inputs::Inputs;
use crate::model::issues::Place;
use crate::model::kinds::{CandidateKind, CoordSource, FiberLevel, FiberNodeKind, Lock};
use crate::model::project::LayerSpec;
use crate::model::records::{Barrier, Candidate, FiberNode, FiberSegment, Origin, Road, Site};
use crate::model::rules;
use crate::model::schema::Layer;
use crate::model::text::{Known, Text};
use std::path::Path;

/// A file and the layer that it feeds.
pub(super) struct Given<'a> {
    pub layer: &'static Layer,
    pub spec: &'a LayerSpec,
    pub shown: &'a str,
    pub path: &'a Path,
    pub file: u16,
    pub format: &'static Format,
}

/// How many elements there were, and how many records they gave.
pub(super) struct Counts {
    pub read: u64,
    pub kept: u64,
}

/// Reads a file into its layer.
pub(super) fn read(given: &Given<'_>, inputs: &mut Inputs) -> Result<Counts, Fault> {
    match given.format.how {
        How::Topology => topology(given, inputs),
        _ => extract(given, inputs),
    }
}

fn wrong_layer(given: &Given<'_>, allowed: &str) -> Fault {
    let (word, layer) = (given.format.word(), given.layer.name);
    let message =
        (format!("{word} feeds {allowed}, not {layer}"), format!("{word} 用于 {allowed}，不能用于 {layer}"));
    Fault::new(&rules::FORMAT_UNFIT, message)
}

/// Nothing has to be crossed above a tunnel.
fn is_crossed(barrier: &OsmBarrier) -> bool {
    !barrier.tunnel
}

/// An estate holds many firms, and a nameless hall is none that a list could name.
fn is_firm(place: &OsmIndustry) -> bool {
    place.kind != IndustryKind::Estate && !(place.name.is_empty() && place.operator.is_empty())
}

/// The layers that an extract feeds, each with the records that reading it as that layer gives.
pub(super) fn feeds(data: &OsmExtract) -> [(&'static str, usize); 4] {
    [
        ("roads", data.roads.len()),
        ("barriers", data.barriers.iter().filter(|b| is_crossed(b)).count()),
        ("candidates", data.towers.len()),
        ("sites", data.industry.iter().filter(|p| is_firm(p)).count()),
    ]
}

fn extract(given: &Given<'_>, inputs: &mut Inputs) -> Result<Counts, Fault> {
    let (data, problems) = osm::read(given.path).map_err(|e| broken(e).1)?;
    let origin = |i: usize| Origin { file: given.file, row: u32::try_from(i + 1).unwrap_or(u32::MAX) };
    let text = |s: &str| (!s.is_empty()).then(|| s.to_owned());
    let kept = match given.layer.name {
        "roads" => {
            let roads = &mut inputs.roads;
            let mut parts: std::collections::BTreeMap<i64, u32> = std::collections::BTreeMap::new();
            for r in &data.roads {
                *parts.entry(r.way).or_default() += 1;
            }
            let mut part_of: std::collections::BTreeMap<i64, u32> = std::collections::BTreeMap::new();
            // Node identities only serve when every road has them.
            let identified = roads.node_ids.len() == roads.points.len();
            for (i, r) in data.roads.iter().enumerate() {
                let part = part_of.entry(r.way).or_default();
                *part += 1;
                let id = if parts.get(&r.way).is_some_and(|n| *n > 1) {
                    format!("{}-{part}", r.way)
                } else {
                    r.way.to_string()
                };
                let road = Road {
                    id: roads.text.push(&id),
                    name: roads.text.intern(&r.name),
                    class: r.class,
                    bridge: r.bridge,
                    tunnel: r.tunnel,
                    surface: roads.text.intern(&r.surface),
                    dig: None,
                    no_dig_until: Text::NONE,
                    cost_factor: Known::UNKNOWN,
                    first: u32::try_from(roads.points.len()).unwrap_or(u32::MAX),
                    count: u32::try_from(r.line.len()).unwrap_or(u32::MAX),
                    origin: origin(i),
                };
                roads.points.extend(&r.line);
                if identified {
                    roads.node_ids.extend(&r.nodes);
                }
                roads.list.push(road);
            }
            if roads.node_ids.len() != roads.points.len() {
                roads.node_ids.clear();
            }
            data.roads.len()
        }
        "barriers" => {
            let kinds = |k| match k {
                BarrierKind::River => "river",
                BarrierKind::Canal => "canal",
                BarrierKind::Railway => "rail",
            };
            let open = data.barriers.into_iter().enumerate().filter(|(_, b)| is_crossed(b));
            let before = inputs.barriers.len();
            inputs.barriers.extend(open.map(|(i, b)| Barrier {
                kind: kinds(b.kind).to_owned(),
                line: b.line,
                origin: origin(i),
            }));
            inputs.barriers.len() - before
        }
        "candidates" => {
            inputs.candidates.extend(data.towers.iter().enumerate().map(|(i, t)| Candidate {
                id: format!("osm-{}", t.id),
                kind: CandidateKind::Tower,
                at: t.at,
                owner: text(&t.operator),
                tower_id: None,
                height_m: t.height_m,
                slots_free: None,
                power_kw: None,
                capex_cny: None,
                rent_cny_yr: None,
                payer: None,
                months: None,
                lock: Lock::Free,
                host_site_id: None,
                made: false,
                origin: origin(i),
            }));
            data.towers.len()
        }
        "sites" => {
            let before = inputs.sites.list.len();
            for (i, place) in data.industry.iter().enumerate() {
                if !is_firm(place) {
                    continue;
                }
                let name = if place.name.is_empty() { &place.operator } else { &place.name };
                let id = inputs.sites.text.push(&format!("osm-{}", place.id));
                let name = inputs.sites.text.push(name);
                let mut site = Site::at(id, name, place.at);
                site.area_m2 = Known::from_f64(place.area_m2);
                site.coord_src = place.outline.is_some().then_some(CoordSource::Centroid);
                site.origin = origin(i);
                inputs.sites.list.push(site);
            }
            inputs.sites.list.len() - before
        }
        _ => return Err(wrong_layer(given, "roads, barriers, candidates (towers) and sites (works)")),
    };
    for p in problems {
        let concerns = match p.kind {
            OsmProblemKind::BadPosition => true,
            OsmProblemKind::NoLine => matches!(given.layer.name, "roads" | "barriers"),
            OsmProblemKind::NoArea | OsmProblemKind::PartialArea => given.layer.name == "sites",
            // Every extract cuts lines at its edge, and a platform is no road: nobody has to do anything.
            OsmProblemKind::MissingNodes | OsmProblemKind::OtherHighway => false,
        };
        if concerns {
            let place = Place { file: given.shown.to_owned(), row: None, column: None };
            let first = p.first.first().map(ToString::to_string).unwrap_or_default();
            let value = format!("{}: {first}", p.kind);
            inputs.issues.add_many(&rules::OSM_LEFT_OUT, given.layer.name, place, &value, p.count, []);
        }
    }
    Ok(Counts { read: kept as u64, kept: kept as u64 })
}

fn topology(given: &Given<'_>, inputs: &mut Inputs) -> Result<Counts, Fault> {
    if !matches!(given.layer.name, "fiber" | "fiber_nodes" | "fiber_segments") {
        return Err(wrong_layer(given, "fiber, fiber_nodes and fiber_segments"));
    }
    let (net, problems) = graphml::read(given.path).map_err(|e| broken(e).1)?;
    let word = |column: &str| given.spec.defaults.get(column).map(String::as_str);
    let owner = word("owner").unwrap_or(&net.name).to_owned();
    let kind = word("kind").and_then(FiberNodeKind::parse).unwrap_or(FiberNodeKind::City);
    let level = word("level").and_then(FiberLevel::parse).unwrap_or(FiberLevel::Backbone);
    let origin = |i: usize| Origin { file: given.file, row: u32::try_from(i + 1).unwrap_or(u32::MAX) };
    let (mut read, mut kept) = (0, 0);
    let prefix = if net.name.is_empty() { "topology" } else { &net.name };
    if given.layer.name != "fiber_segments" {
        for (i, n) in net.nodes.iter().enumerate().filter(|(_, n)| n.internal) {
            read += 1;
            let Some(at) = n.at else { continue };
            kept += 1;
            inputs.fiber_nodes.push(FiberNode {
                id: format!("{prefix}-{}", n.id),
                kind,
                owner: owner.clone(),
                at,
                fibers_total: None,
                fibers_free: None,
                can_tap: None,
                pon: None,
                ports_free: None,
                rack_free: None,
                power_free_kw: None,
                origin: origin(i),
            });
        }
    }
    if given.layer.name != "fiber_nodes" {
        for (i, l) in net.links.iter().enumerate() {
            let (Some(a), Some(b)) = (net.nodes.get(l.from), net.nodes.get(l.to)) else { continue };
            if !a.internal || !b.internal {
                continue;
            }
            read += 1;
            let (Some(p), Some(q)) = (a.at, b.at) else { continue };
            if p == q {
                continue;
            }
            kept += 1;
            inputs.fiber_segments.push(FiberSegment {
                id: format!("{prefix}-{}-{}-{}", a.id, b.id, i + 1),
                line: vec![p, q],
                line_made: true,
                from_node: Some(format!("{prefix}-{}", a.id)),
                to_node: Some(format!("{prefix}-{}", b.id)),
                owner: owner.clone(),
                level: Some(level),
                method: None,
                fibers_total: None,
                fibers_free: None,
                length_m: None,
                duct_id: None,
                srlg: None,
                status: None,
                origin: origin(i),
            });
        }
    }
    for p in problems {
        let place = Place { file: given.shown.to_owned(), row: None, column: None };
        inputs.issues.add(&rules::TOPOLOGY_LEFT_OUT, given.layer.name, place, &p.to_string());
    }
    Ok(Counts { read, kept })
}
