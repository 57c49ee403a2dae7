//! Ways that run side by side in one street, as carriageways do: a cable along one of them serves both sides,
//! where it passes beneath the pavement to the other, and nobody digs twice. Heights aren't looked at: the legs
//! of a hairpin bend are one edge and left alone, streets on terraces count as side by side.

use super::RouteRequest;
use crate::geom::{LonLat, azimuth_deg, geodesic_m};
use crate::graph::{EdgeId, NodeId};
use crate::model::kinds::RoadClass;
use crate::network::{AccessKind, RoadGraph, Snap, Snapper};
use rayon::prelude::*;

/// Largest angle between two ways of one street, degrees.
const PARALLEL_DEG: f64 = 30.0;
/// Least angle between a street and what passes beneath it, degrees.
const SQUARE_DEG: f64 = 60.0;
/// An end of a road is where it is, metres.
const SAME_PLACE_M: f64 = 0.01;
/// Nearer to each other than this, two ways are one line drawn twice, metres.
const LEAST_M: f64 = 1.0;

/// A way beneath the pavement from one side of a street to the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Across {
    /// Where it leaves the two ways.
    pub ends: [Snap; 2],
    /// The two ways, by index of the road.
    pub roads: [u32; 2],
    /// Length, metres.
    pub distance_m: f64,
}

/// What may be passed beneath: from every terminal and node on the roads, and from every junction.
pub(super) fn all(request: &RouteRequest<'_, '_, '_>, on_road: &[Snap]) -> Vec<Across> {
    let reach_m = request.settings.fiber.beside_m;
    if reach_m <= 0.0 || request.snapper.roads().roads().inferred {
        return Vec::new();
    }
    let nodes = request.access.points().iter().filter(|a| matches!(a.kind, AccessKind::Node(_)));
    let places: Vec<Snap> = on_road.iter().copied().chain(nodes.filter_map(|a| a.snap)).collect();
    let mut out: Vec<Across> =
        places.par_iter().flat_map_iter(|s| beside(request.snapper, s, reach_m, |_| true)).collect();
    out.extend(&request.ways.across);
    out
}

/// Ways beneath the pavement from the junctions of streets that are driven on.
pub(super) fn of_junctions(snapper: &Snapper<'_, '_>, reach_m: f64) -> Vec<Across> {
    let roads = snapper.roads();
    if reach_m <= 0.0 || roads.roads().inferred {
        return Vec::new();
    }
    let graph = roads.graph();
    let driven: fn(RoadClass) -> bool =
        |class| !matches!(class, RoadClass::Track | RoadClass::Path | RoadClass::Ferry);
    let junctions: Vec<NodeId> = graph.nodes().filter(|&v| graph.degree(v) > 2).collect();
    let of = |&v: &NodeId| {
        let first = graph.arcs(v).map(|(edge, _)| edge).find(|&e| !roads.is_water(e));
        let place = first.map(|edge| Snap {
            edge,
            offset_m: offset_of(roads, edge, v),
            at: roads.position(v),
            distance_m: 0.0,
            crossings: 0,
        });
        place.into_iter().flat_map(move |p| beside(snapper, &p, reach_m, driven))
    };
    junctions.par_iter().flat_map_iter(of).collect()
}

/// Where on an edge one of its ends lies, metres along it.
fn offset_of(roads: &RoadGraph<'_>, edge: EdgeId, end: NodeId) -> f64 {
    if roads.graph().ends(edge)[0] == end { 0.0 } else { roads.length_m(edge) }
}

/// The road at a place of an edge, if it is one of a wanted class on the ground.
fn ground(roads: &RoadGraph<'_>, edge: EdgeId, at_m: f64, wanted: fn(RoadClass) -> bool) -> Option<u32> {
    let (road, ..) = roads.stretches(edge, at_m - SAME_PLACE_M, at_m + SAME_PLACE_M).next()?;
    let record = roads.roads().list.get(road as usize)?;
    (!record.bridge && !record.tunnel && wanted(record.class)).then_some(road)
}

/// The angle between two directions, whichever way each is walked, degrees.
fn turn_deg(a: f64, b: f64) -> f64 {
    let turn = (a - b).rem_euclid(180.0);
    turn.min(180.0 - turn)
}

/// Ways beneath the pavement from one place to what runs beside it. Where both ways part from one junction
/// near by, they meet there anyway.
fn beside(
    snapper: &Snapper<'_, '_>,
    place: &Snap,
    reach_m: f64,
    wanted: fn(RoadClass) -> bool,
) -> Vec<Across> {
    let roads = snapper.roads();
    let graph = roads.graph();
    let [start, end] = graph.ends(place.edge);
    let junction = match place.offset_m {
        m if m < SAME_PLACE_M => Some(start),
        m if roads.length_m(place.edge) - m < SAME_PLACE_M => Some(end),
        _ => None,
    };
    // What the place lies on, each with where that is.
    let own: Vec<(EdgeId, f64)> = match junction {
        None => vec![(place.edge, place.offset_m)],
        Some(v) => graph.arcs(v).map(|(e, _)| (e, offset_of(roads, e, v))).collect(),
    };
    let parts_near = |hit: &Snap| {
        let near =
            |(edge, at_m): (EdgeId, f64), v: NodeId| (offset_of(roads, edge, v) - at_m).abs() < 2.0 * reach_m;
        let there = (hit.edge, hit.offset_m);
        own.iter().any(|&here| {
            let meets = |v: &NodeId| graph.ends(here.0).contains(v);
            graph.ends(hit.edge).into_iter().filter(meets).any(|v| near(here, v) && near(there, v))
        })
    };
    let square = |from: LonLat, to: LonLat, along: f64| turn_deg(azimuth_deg(from, to), along) >= SQUARE_DEG;
    let mut out = Vec::new();
    for hit in snapper.within(place.at, reach_m) {
        let lies_on = own.iter().any(|o| o.0 == hit.edge);
        if lies_on || hit.crossings > 0 || hit.distance_m < LEAST_M || parts_near(&hit) {
            continue;
        }
        let Some(there) = ground(roads, hit.edge, hit.offset_m, wanted) else { continue };
        let along = roads.azimuth_at(hit.edge, hit.offset_m);
        let along_it = |&(edge, at_m): &(EdgeId, f64)| {
            let road = ground(roads, edge, at_m, wanted)?;
            let own_along = roads.azimuth_at(edge, at_m);
            let runs_with = turn_deg(along, own_along) <= PARALLEL_DEG;
            (runs_with && square(place.at, hit.at, own_along)).then_some(road)
        };
        if let Some(here) = own.iter().find_map(along_it) {
            // Where the stretches are cut, to the bit: what touches is to have the same coordinates.
            let on_line = |s: Snap| Snap { at: roads.point_at(s.edge, s.offset_m), ..s };
            let ends = [*place, hit].map(on_line);
            out.push(Across { ends, roads: [here, there], distance_m: geodesic_m(ends[0].at, ends[1].at) });
        }
    }
    out
}
