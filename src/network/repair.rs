//! Gaps between parts of a road network, bridged where that is asked for.

use super::roads::RoadGraph;
use super::snap::Barriers;
use crate::geom::{LonLat, geodesic_m};
use crate::graph::{GraphError, NodeId, components};
use crate::index::PointIndex;
use crate::model::kinds::RoadClass;
use crate::model::records::{Origin, Road, Roads};
use crate::model::text::{Known, Text};

/// A gap: from the end of a road to the nearest vertex of a road in another part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gap {
    /// The end.
    pub from: LonLat,
    /// The vertex.
    pub to: LonLat,
    /// Between them, metres.
    pub length_m: f64,
    /// Where both are among [`Roads::points`].
    vertices: [u32; 2],
}

/// The gaps that join parts of the network: from dead ends to vertices of other parts no farther than
/// `most_m`, shortest first, as long as they join what isn't joined yet. Gaps behind a barrier stay.
///
/// # Errors
/// More junctions or edges than a graph can number.
pub fn repairs(roads: &Roads, most_m: f64, barriers: &Barriers) -> Result<Vec<Gap>, GraphError> {
    let graph = RoadGraph::new(roads, 1.0)?;
    let parts = components(graph.graph(), |_| true);
    if parts.sizes.len() < 2 {
        return Ok(Vec::new());
    }
    // The vertices in use, each with its part.
    let at = |p: LonLat| ((p.lon_deg() * 1e7).round() as i64, (p.lat_deg() * 1e7).round() as i64);
    let mut vertex_of: Vec<((i64, i64), u32)> =
        (0u32..).zip(&roads.points).map(|(i, &p)| (at(p), i)).collect();
    vertex_of.sort_unstable();
    let vertex = |p: LonLat| {
        let i = vertex_of.partition_point(|v| v.0 < at(p));
        vertex_of.get(i).filter(|v| v.0 == at(p)).map(|v| v.1)
    };
    let (mut points, mut part) = (Vec::new(), Vec::new());
    for e in graph.graph().edges() {
        let own = parts.of[graph.graph().ends(e)[0].index()];
        let line = graph.line(e);
        // A ferry is met at its quays.
        let step = if graph.is_water(e) { line.len().saturating_sub(1).max(1) } else { 1 };
        for &p in line.iter().step_by(step) {
            points.push(p);
            part.push(own);
        }
    }
    let index = PointIndex::new(&points);
    let mut found: Vec<(f64, u32, u32, Gap)> = Vec::new();
    let mut near = Vec::new();
    for v in graph.graph().nodes().filter(|&v| graph.graph().degree(v) == 1) {
        let (from, own) = (graph.position(v), parts.of[NodeId::index(v)]);
        index.within(from, most_m, &mut near);
        // One for each other part.
        let mut nearest: std::collections::BTreeMap<u32, (f64, LonLat)> = std::collections::BTreeMap::new();
        for hit in near.iter().filter(|h| part[h.index as usize] != own) {
            let to = points[hit.index as usize];
            let best = nearest.entry(part[hit.index as usize]).or_insert((f64::INFINITY, to));
            if hit.distance_m < best.0 {
                *best = (hit.distance_m, to);
            }
        }
        for (other, (_, to)) in nearest {
            let length_m = geodesic_m(from, to);
            let (Some(a), Some(b)) = (vertex(from), vertex(to)) else { continue };
            if length_m <= most_m && barriers.crossings(from, to) == 0 {
                found.push((length_m, own, other, Gap { from, to, length_m, vertices: [a, b] }));
            }
        }
    }
    found.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.3.vertices.cmp(&b.3.vertices)));
    let mut top: Vec<u32> = (0..parts.sizes.len() as u32).collect();
    fn head(top: &mut [u32], mut i: u32) -> u32 {
        while top[i as usize] != i {
            top[i as usize] = top[top[i as usize] as usize];
            i = top[i as usize];
        }
        i
    }
    let mut out = Vec::new();
    for (_, a, b, gap) in found {
        let (a, b) = (head(&mut top, a), head(&mut top, b));
        if a != b {
            top[a.max(b) as usize] = a.min(b);
            out.push(gap);
        }
    }
    Ok(out)
}

/// The roads with a road `repair-N` over each gap.
#[must_use]
pub fn repaired(roads: &Roads, gaps: &[Gap]) -> Roads {
    let mut out = roads.clone();
    let identified = out.node_ids.len() == out.points.len() && !out.points.is_empty();
    for (n, gap) in (1..).zip(gaps) {
        let id = out.text.push(&format!("repair-{n}"));
        out.list.push(Road {
            id,
            name: Text::NONE,
            class: RoadClass::Unclassified,
            bridge: false,
            tunnel: false,
            surface: Text::NONE,
            dig: None,
            no_dig_until: Text::NONE,
            cost_factor: Known::UNKNOWN,
            first: out.points.len() as u32,
            count: 2,
            origin: Origin::default(),
        });
        for (place, vertex) in [gap.from, gap.to].into_iter().zip(gap.vertices) {
            out.points.push(place);
            if identified {
                out.node_ids.push(out.node_ids[vertex as usize]);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::roads::sample::{p, roads};
    use super::*;
    use crate::model::records::Barrier;

    #[test]
    fn short_gaps_are_bridged_and_long_ones_stay() {
        // 20 m between the first two, 1 km to the third.
        let mut r = roads(&[
            &[(0.0, 0.0), (5.0, 0.0)],
            &[(5.2, 0.0), (8.0, 0.0), (9.0, 3.0)],
            &[(19.0, 3.0), (25.0, 3.0)],
        ]);
        let none = Barriers::new(&[]);
        let found = repairs(&r, 50.0, &none).unwrap();
        assert_eq!(found.len(), 1);
        assert!((found[0].length_m - geodesic_m(p(5.0, 0.0), p(5.2, 0.0))).abs() < 1e-6);
        let whole = |r: &Roads| RoadGraph::new(r, 1.0).unwrap().components().len();
        assert_eq!((whole(&r), whole(&repaired(&r, &found))), (3, 2));
        let far = repairs(&r, 1_100.0, &none).unwrap();
        assert_eq!((far.len(), whole(&repaired(&r, &far))), (2, 1));
        // With identities of their own as without.
        r.node_ids = (0..r.points.len() as i64).collect();
        let found = repairs(&r, 50.0, &none).unwrap();
        assert_eq!(whole(&repaired(&r, &found)), 2);
        // Not across a wall.
        let wall =
            Barrier { kind: "wall".into(), line: vec![p(5.1, -1.0), p(5.1, 1.0)], origin: Origin::default() };
        assert_eq!(repairs(&r, 50.0, &Barriers::new(&[wall])).unwrap(), []);
    }

    #[test]
    fn what_is_joined_needs_no_repair() {
        let r = roads(&[&[(0.0, 0.0), (5.0, 0.0)], &[(5.0, 0.0), (5.0, 5.0)], &[(0.1, 0.1), (0.1, 5.0)]]);
        assert_eq!(repairs(&r, 5.0, &Barriers::new(&[])).unwrap(), []);
        assert_eq!(repairs(&roads(&[]), 5.0, &Barriers::new(&[])).unwrap(), []);
    }
}
