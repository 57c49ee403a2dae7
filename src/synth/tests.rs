//! What every study area must hold to.

use super::*;
use crate::graph::{Graph, components};
use crate::io::write_layers::write_layer;
use crate::model::kinds::{FiberNodeKind, Rat, RegionLevel};
use geo::{Area, Contains, Validation};
use std::collections::{BTreeMap, BTreeSet};

fn make(region: &str, sites: usize, cells: usize, seed: u64) -> Inputs {
    generate(&Recipe { region: region.to_owned(), sites, cells, seed }).expect(region)
}

fn bytes(inputs: &Inputs) -> Vec<u8> {
    let mut out = Vec::new();
    for layer in inputs.layers.keys() {
        write_layer(inputs, layer, &mut out).unwrap();
    }
    out
}

fn assert_unique<'a>(what: &str, ids: impl Iterator<Item = &'a str>) {
    let mut seen = BTreeSet::new();
    for id in ids {
        assert!(!id.is_empty() && seen.insert(id), "{what}: {id}");
    }
}

#[test]
fn counts_are_met_exactly() {
    for (region, sites, cells) in [
        ("Jiangsu", 0, 0),
        ("Jiangsu", 1, 1),
        ("Jiangsu", 13, 20),
        ("海南", 777, 3001),
        ("Qinghai", 50, 7),
        ("深圳", 400, 900),
    ] {
        let i = make(region, sites, cells, 3);
        assert_eq!((i.sites.list.len(), i.cells.list.len()), (sites, cells), "{region}");
        assert_eq!(i.layers["cells"].rows_kept, cells as u64);
    }
}

#[test]
fn same_recipe_same_bytes_on_any_number_of_threads() {
    let on = |threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| bytes(&make("Guangdong", 900, 2_700, seed)))
    };
    let once = on(1, 5);
    assert!(once == on(2, 5) && once == on(4, 5));
    assert!(once != on(2, 6));
}

#[test]
fn demo_is_a_plannable_jiangsu() {
    let i = demo();
    assert!(i.sites.list.len() >= 3_000 && i.cells.list.len() >= 9_000);
    assert!(i.layers.iter().all(|(name, l)| l.synthetic != (name == "towns")));
    let mut by_city: BTreeMap<&str, usize> = BTreeMap::new();
    for s in &i.sites.list {
        *by_city.entry(i.sites.text.get(s.city)).or_default() += 1;
    }
    assert_eq!(by_city.len(), 13);
    assert!(by_city.values().all(|n| *n >= 30), "{by_city:?}");
    assert_unique("sites", i.sites.list.iter().map(|s| i.sites.text.get(s.id)));
    assert_unique("cells", i.cells.list.iter().map(|c| i.cells.text.get(c.id)));
    assert_unique("roads", i.roads.list.iter().map(|r| i.roads.text.get(r.id)));
    assert_unique("candidates", i.candidates.iter().map(|c| c.id.as_str()));
    assert_unique("fiber nodes", i.fiber_nodes.iter().map(|n| n.id.as_str()));
    assert_unique("segments", i.fiber_segments.iter().map(|n| n.id.as_str()));
    assert_unique("ducts", i.ducts.iter().map(|n| n.id.as_str()));
    // A tower has one place; a candidate on a tower stands there.
    let mut towers = BTreeMap::new();
    for c in i.cells.list.iter().filter(|c| c.tower.is_some()) {
        assert_eq!(*towers.entry(i.cells.text.get(c.tower)).or_insert(c.at), c.at);
    }
    for c in &i.candidates {
        if let Some(t) = &c.tower_id {
            assert_eq!(towers.get(t.as_str()), Some(&c.at));
        }
    }
    // Gaps worth planning: part of the factories is near 5G and fiber, part is far from either.
    let nr = i.cells.list.iter().filter(|c| c.rat == Rat::Nr && c.is_on_air()).map(|c| c.at);
    let fiber = i.fiber_nodes.iter().filter(|n| n.fibers_free.is_some_and(|f| f > 0)).map(|n| n.at);
    let share_within = |points: Vec<crate::geom::LonLat>, metres: f64| {
        let index = crate::index::PointIndex::new(&points);
        let near = i.sites.list.iter().filter(|s| index.count_within(s.at, metres) > 0).count();
        near as f64 / i.sites.list.len() as f64
    };
    let (radio, joint) = (share_within(nr.collect(), 1_500.0), share_within(fiber.collect(), 1_500.0));
    assert!((0.55..0.9).contains(&radio) && (0.4..0.85).contains(&joint), "{radio} {joint}");
}

#[test]
fn regions_are_valid_cover_their_towns_and_sites_and_do_not_overlap() {
    for i in [demo(), make("Hebei", 300, 300, 1), make("Shanghai", 100, 100, 1)] {
        let cities: Vec<_> = i.regions.iter().filter(|r| r.level == RegionLevel::City).collect();
        for r in &i.regions {
            assert!(
                r.shape.is_valid() && r.shape.unsigned_area() > 0.01,
                "{} {:?}",
                r.name,
                r.shape.validation_errors()
            );
        }
        for t in &i.towns {
            let within = cities.iter().filter(|r| r.shape.contains(&geo::Point::from(t.at))).count();
            assert_eq!(within, 1, "{}", t.name);
        }
        for s in &i.sites.list {
            let code = i.sites.text.get(s.adcode);
            let city = cities.iter().find(|r| r.adcode == code).expect(code);
            assert!(city.shape.contains(&geo::Point::from(s.at)), "{:?}", s.at);
        }
        for p in i.regions.iter().filter(|r| r.level == RegionLevel::Province) {
            let children = cities.iter().filter(|c| c.parent.as_ref() == Some(&p.adcode));
            let sum: f64 = children.map(|c| c.shape.unsigned_area()).sum();
            assert!((sum / p.shape.unsigned_area() - 1.0).abs() < 1e-3, "{}", p.name);
        }
    }
}

#[test]
fn roads_join_into_one_network() {
    for i in [demo(), make("Gansu", 10, 10, 9), make("Suzhou", 10, 10, 9)] {
        let mut corner: BTreeMap<(u64, u64), u32> = BTreeMap::new();
        let mut edges = Vec::new();
        for r in &i.roads.list {
            let line = i.roads.line(r);
            assert!(line.len() >= 2);
            let nodes: Vec<u32> = line
                .iter()
                .map(|p| {
                    let n = corner.len() as u32;
                    *corner.entry((p.lon_deg().to_bits(), p.lat_deg().to_bits())).or_insert(n)
                })
                .collect();
            edges.extend(nodes.windows(2).map(|w| (w[0], w[1], 1.0)));
        }
        let graph = Graph::from_edges(corner.len(), &edges).unwrap();
        let parts = components(&graph, |_| true);
        let first = crate::graph::NodeId(0);
        assert!(graph.nodes().all(|n| parts.connected(first, n)));
        // Ducts, cables and nodes lie on it.
        let on_road =
            |p: &crate::geom::LonLat| corner.contains_key(&(p.lon_deg().to_bits(), p.lat_deg().to_bits()));
        assert!(i.ducts.iter().all(|d| d.line.len() >= 2 && d.line.iter().all(on_road)));
        assert!(i.fiber_segments.iter().all(|s| s.line.iter().all(on_road)));
        assert!(i.fiber_nodes.iter().all(|n| on_road(&n.at)));
    }
}

#[test]
fn a_cable_starts_and_ends_at_its_nodes() {
    let i = demo();
    let at: BTreeMap<&str, crate::geom::LonLat> =
        i.fiber_nodes.iter().map(|n| (n.id.as_str(), n.at)).collect();
    for s in &i.fiber_segments {
        for (node, end) in [(&s.from_node, s.line.first()), (&s.to_node, s.line.last())] {
            if let Some(id) = node {
                assert_eq!(at.get(id.as_str()), end, "{}", s.id);
            }
        }
    }
}

/// Four quarters that grow to today's count; a province tells the sums of its cities, and what is written
/// has them in a file of their own.
#[test]
fn stations_have_a_history_that_grows_to_today() {
    let i = demo();
    for r in &i.regions {
        let counts: Vec<f64> = r.history.iter().map(|h| h.stations).chain(r.stations_5g_official).collect();
        assert!(counts.len() == 5 && counts.windows(2).all(|w| w[0] < w[1]), "{} {counts:?}", r.name);
        assert!(counts[0] > 0.8 * counts[4], "{} {counts:?}", r.name);
        let dates: Vec<&str> = r.history.iter().map(|h| h.stat_date.as_str()).collect();
        assert_eq!(dates, ["2025-09-30", "2025-12-31", "2026-03-31", "2026-06-30"]);
    }
    let of = |level| i.regions.iter().filter(move |r| r.level == level);
    for (quarter, sum) in of(RegionLevel::Province).flat_map(|p| &p.history).enumerate() {
        let cities: f64 = of(RegionLevel::City).map(|c| c.history[quarter].stations).sum();
        assert_eq!(cities, sum.stations);
    }
    let dir = tempfile::tempdir().unwrap();
    let files = crate::io::write_layers::write_project(&i, &dir.path().join("p"), "p", false).unwrap();
    assert!(files.iter().any(|f| f == "station_counts.csv"));
    let project = std::fs::read_to_string(dir.path().join("p/covplan.toml")).unwrap();
    assert!(project.contains("path = [\"regions.geojson\", \"station_counts.csv\"]"));
    let counts = std::fs::read_to_string(dir.path().join("p/station_counts.csv")).unwrap();
    assert_eq!(counts.lines().count(), 1 + 4 * i.regions.len());
}

/// Exchange points stand beside an office, lend nothing, and a province has the more the more cities it has.
#[test]
fn exchange_points_stand_beside_offices() {
    for (region, points) in [("Jiangsu", 2), ("Guangdong", 3), ("Shanghai", 1)] {
        let i = make(region, 10, 10, 4);
        let of = |kind| i.fiber_nodes.iter().filter(move |n| n.kind == kind);
        let ixps: Vec<_> = of(FiberNodeKind::Ixp).collect();
        assert_eq!(ixps.len(), points, "{region}");
        for x in ixps {
            assert!(of(FiberNodeKind::Co).any(|c| c.at == x.at && c.owner == x.owner), "{}", x.id);
            assert!(x.can_tap == Some(false) && x.rack_free == Some(0.0), "{}", x.id);
        }
    }
}

#[test]
fn an_unknown_region_is_refused_with_a_guess() {
    let recipe = Recipe { region: "Jiangsoo".into(), sites: 1, cells: 1, seed: 1 };
    let error = generate(&recipe).err().unwrap().to_string();
    assert!(error.contains("did you mean `Jiangsu`?"), "{error}");
}
