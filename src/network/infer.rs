//! A plausible right of way where no roads are given.

use crate::geom::{EARTH_RADIUS_M, LonLat, sphere_m};
use crate::index::PointIndex;
use crate::model::inputs::Inputs;
use crate::model::kinds::{FiberNodeKind, RegionLevel, RoadClass, SiteStatus};
use crate::model::records::{Origin, Road, Roads};
use crate::model::text::{Known, Text, TextPool};
use geo::Centroid;
use rayon::prelude::*;
use spade::{DelaunayTriangulation, Point2, Triangulation};
use std::collections::BTreeMap;

/// Places nearer to each other than this count as one, metres.
const SAME_PLACE_M: f64 = 1.0;

/// The places that right of way is inferred between: towns (or the middles of cities and counties where
/// there are no towns), factories that aren't closed, and fiber nodes that are no mere city dots.
pub fn inference_places(inputs: &Inputs) -> Vec<LonLat> {
    let mut places: Vec<LonLat> = inputs.towns.iter().map(|t| t.at).collect();
    if places.is_empty() {
        let middle = |r: &crate::model::records::Region| {
            let c = r.shape.centroid()?;
            LonLat::new(c.x(), c.y()).ok()
        };
        let local = |l: RegionLevel| matches!(l, RegionLevel::City | RegionLevel::County | RegionLevel::Town);
        places.extend(inputs.regions.iter().filter(|r| local(r.level)).filter_map(middle));
    }
    let open = inputs.sites.list.iter().filter(|s| s.status != Some(SiteStatus::Closed));
    places.extend(open.map(|s| s.at));
    places.extend(inputs.fiber_nodes.iter().filter(|n| n.kind != FiberNodeKind::City).map(|n| n.at));
    places
}

/// Joins places by their Gabriel graph: two are joined when no third lies within the circle over the line
/// between them (Gabriel & Sokal 1969). The graph is connected, as it contains the minimum spanning tree,
/// and resembles roads between towns in density. It is exact on the sphere.
///
/// The lines are geodesics between places; their route length is longer by `network.infer_detour`. Every
/// output along them is to be marked as inferred ([`Roads::inferred`]).
pub fn infer_roads(places: impl IntoIterator<Item = LonLat>) -> Roads {
    let places = distinct(places);
    let mut joined = neighbours(&places);
    joined.sort_unstable();
    joined.dedup();
    let mut roads = Roads { inferred: true, ..Roads::default() };
    let mut text = TextPool::default();
    for (i, &(a, b)) in joined.iter().enumerate() {
        roads.list.push(Road {
            id: text.push(&format!("inferred-{}", i + 1)),
            name: Text::NONE,
            class: RoadClass::Unclassified,
            bridge: false,
            tunnel: false,
            surface: Text::NONE,
            dig: None,
            no_dig_until: Text::NONE,
            cost_factor: Known::UNKNOWN,
            first: roads.points.len() as u32,
            count: 2,
            origin: Origin::default(),
        });
        for p in [a, b] {
            roads.points.push(places[p as usize]);
            roads.node_ids.push(i64::from(p));
        }
    }
    roads.text = text;
    roads
}

/// The places without those that lie on an earlier one, in the order given.
fn distinct(places: impl IntoIterator<Item = LonLat>) -> Vec<LonLat> {
    // Cells of twice the distance: whatever is that near lies in the same cell or the next.
    let cell = |v: f64| (v * EARTH_RADIUS_M / (2.0 * SAME_PLACE_M)).floor() as i64;
    let limit = (SAME_PLACE_M / EARTH_RADIUS_M).powi(2);
    let mut grid: BTreeMap<[i64; 3], Vec<[f64; 3]>> = BTreeMap::new();
    let mut kept = Vec::new();
    for p in places {
        let u = p.unit();
        let at = u.map(cell);
        let near = |k: usize| {
            let step = |n: usize| (k / 3usize.pow(n as u32) % 3) as i64 - 1;
            grid.get(&[at[0] + step(0), at[1] + step(1), at[2] + step(2)])
        };
        let taken = (0..27)
            .filter_map(near)
            .flatten()
            .any(|v| (0..3).map(|i| (u[i] - v[i]).powi(2)).sum::<f64>() < limit);
        if !taken {
            grid.entry(at).or_default().push(u);
            kept.push(p);
        }
    }
    kept
}

/// Pairs of the Gabriel graph, lower index first.
fn neighbours(places: &[LonLat]) -> Vec<(u32, u32)> {
    let index = PointIndex::new(places);
    let pairs: Vec<(u32, u32)> = delaunay(places);
    pairs
        .into_par_iter()
        .filter(|&(a, b)| {
            let (p, q) = (places[a as usize], places[b as usize]);
            let (u, v) = (p.unit(), q.unit());
            let middle = LonLat::from_unit(std::array::from_fn(|i| u[i] + v[i]));
            let half = sphere_m(p, middle);
            let mut near = Vec::new();
            index.nearest_k(middle, 1, half * (1.0 - 1e-6), &mut near);
            if !near.is_empty() {
                return false;
            }
            // Those on the rim, the two themselves among them, are judged by the angle over the line.
            index.within(middle, half * (1.0 + 1e-6), &mut near);
            near.iter().filter(|h| h.index != a && h.index != b).all(|h| {
                let w = places[h.index as usize].unit();
                (0..3).map(|i| (u[i] - w[i]) * (v[i] - w[i])).sum::<f64>() >= 0.0
            })
        })
        .collect()
}

/// Pairs of the Delaunay triangulation of the stereographic images. That projection turns circles into
/// circles, so every Gabriel pair of the sphere is among them.
fn delaunay(places: &[LonLat]) -> Vec<(u32, u32)> {
    let units: Vec<[f64; 3]> = places.iter().map(|p| p.unit()).collect();
    let mean: [f64; 3] = std::array::from_fn(|i| units.iter().map(|u| u[i]).sum());
    let length = mean.iter().map(|v| v * v).sum::<f64>().sqrt();
    // Places all round the globe have no middle; any point but their antipodes serves.
    let centre = if length > 1e-6 {
        LonLat::from_unit(mean.map(|v| v / length))
    } else {
        LonLat::wrapped(0.123, 0.456)
    };
    let (sin_lat, cos_lat) = centre.lat_deg().to_radians().sin_cos();
    let (sin_lon, cos_lon) = centre.lon_deg().to_radians().sin_cos();
    let (east, north) = ([-sin_lon, cos_lon, 0.0], [-sin_lat * cos_lon, -sin_lat * sin_lon, cos_lat]);
    let axis = centre.unit();
    let dot = |a: &[f64; 3], b: &[f64; 3]| a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    // Tiny numbers that aren't zero are refused by the triangulation.
    let clean = |v: f64| if v.abs() < 1e-30 { 0.0 } else { v };
    let flat: Vec<Point2<f64>> = units
        .iter()
        .map(|u| {
            let k = 2.0 / (1.0 + dot(u, &axis)).max(1e-12);
            Point2::new(clean(k * dot(u, &east)), clean(k * dot(u, &north)))
        })
        .collect();
    // All images are finite, which is all that the triangulation asks.
    let Ok(mesh) = DelaunayTriangulation::<Point2<f64>>::bulk_load_stable(flat) else { return Vec::new() };
    mesh.undirected_edges()
        .map(|e| {
            let [a, b] = e.vertices().map(|v| v.fix().index() as u32);
            (a.min(b), a.max(b))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::roads::RoadGraph;
    use super::*;
    use crate::graph::{EdgeId, Graph, components, minimum_spanning_forest};
    use proptest::prelude::*;

    /// Every pair and every third place, in three dimensions: the ball over the chord cuts the sphere in
    /// just the circle over the arc.
    fn by_definition(places: &[LonLat]) -> Vec<(u32, u32)> {
        let u: Vec<[f64; 3]> = places.iter().map(|p| p.unit()).collect();
        let inside = |a: usize, b: usize, c: usize| {
            (0..3).map(|i| (u[a][i] - u[c][i]) * (u[b][i] - u[c][i])).sum::<f64>() < 0.0
        };
        let n = places.len();
        let pairs = (0..n).flat_map(|a| (a + 1..n).map(move |b| (a, b)));
        pairs
            .filter(|&(a, b)| (0..n).all(|c| c == a || c == b || !inside(a, b, c)))
            .map(|(a, b)| (a as u32, b as u32))
            .collect()
    }

    proptest! {
        #[test]
        fn joins_just_the_gabriel_pairs(
            origin in (-180.0..180.0f64, -80.0..80.0f64),
            at in prop::collection::vec((-6.0..6.0f64, -6.0..6.0f64), 0..40),
        ) {
            let places: Vec<LonLat> =
                at.iter().map(|d| LonLat::wrapped(origin.0 + d.0, origin.1 + d.1)).collect();
            let places = distinct(places);
            let mut found = neighbours(&places);
            found.sort_unstable();
            prop_assert_eq!(&found, &by_definition(&places));
            // Connected, with the minimum spanning tree inside.
            let edges: Vec<_> = found.iter().map(|&(a, b)| (a, b, 1.0)).collect();
            let graph = Graph::from_edges(places.len(), &edges).unwrap();
            prop_assert!(components(&graph, |_| true).sizes.len() <= 1);
            let all: Vec<_> = (0..places.len() as u32)
                .flat_map(|a| (0..a).map(move |b| (b, a)))
                .map(|(a, b)| (a, b, crate::geom::sphere_m(places[a as usize], places[b as usize])))
                .collect();
            let complete = Graph::from_edges(places.len(), &all).unwrap();
            for e in minimum_spanning_forest(&complete, complete.edges()) {
                let [a, b] = complete.ends(EdgeId(e.0)).map(|v| v.0);
                prop_assert!(found.contains(&(a.min(b), a.max(b))));
            }
        }
    }

    #[test]
    fn places_on_one_line_or_one_spot() {
        let line: Vec<LonLat> = (0..5).map(|i| LonLat::wrapped(f64::from(i), 0.0)).collect();
        assert_eq!(infer_roads(line).list.len(), 4);
        let spot = [LonLat::wrapped(1.0, 1.0), LonLat::wrapped(1.0, 1.0), LonLat::wrapped(1.000_001, 1.0)];
        assert_eq!(infer_roads(spot).list.len(), 0);
        assert_eq!(infer_roads([]).list.len(), 0);
    }

    #[test]
    fn a_hundred_thousand_places() {
        let mut seed = 7u64;
        let mut draw = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 11) as f64 / (1u64 << 53) as f64
        };
        let n = 100_000;
        let places: Vec<LonLat> =
            (0..n).map(|_| LonLat::wrapped(-80.0 + 10.0 * draw(), -15.0 + 12.0 * draw())).collect();
        let roads = infer_roads(places);
        assert!(roads.inferred);
        let graph = RoadGraph::new(&roads, 1.35).unwrap();
        assert_eq!(graph.components().len(), 1);
        // Of random places, a Gabriel graph has two edges a place.
        assert!((1.9..2.1).contains(&(roads.list.len() as f64 / f64::from(n))));
    }
}
