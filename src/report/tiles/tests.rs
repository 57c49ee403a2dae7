use super::mvt::tests::{Read, Value as Tag};
use super::*;
use std::collections::BTreeSet;

struct Silent;

impl Watch for Silent {
    fn begin(&self, _: usize, _: u64) {}
    fn done(&self, _: u64) {}
    fn stop(&self) -> bool {
        false
    }
}

fn request(folder: &Path) -> TilesRequest {
    TilesRequest {
        folder: folder.to_path_buf(),
        layers: Vec::new(),
        attributes: Vec::new(),
        min_zoom: 0,
        max_zoom: None,
        tile_bytes: 500_000,
        lang: Lang::Zh,
    }
}

/// Tiles by id, decoded.
type Tiles = BTreeMap<u64, BTreeMap<String, Vec<Read>>>;

fn made(request: &TilesRequest) -> (Tiles, Value, TilesSummary, Vec<u8>) {
    let out = request.folder.join("t.pmtiles");
    let summary = tiles(request, &out, true, &Silent).unwrap();
    let file = std::fs::read(&out).unwrap();
    let (all, about) = pmtiles::tests::read(&file);
    let all = all.into_iter().map(|(id, t)| (id, mvt::tests::read(&t))).collect();
    (all, about, summary, file)
}

fn layer(folder: &Path, name: &str, features: &[String]) {
    let text = format!(
        "{{\"type\":\"FeatureCollection\",\"name\":\"{name}\",\"features\":[\n{}\n]}}\n",
        features.join(",\n")
    );
    std::fs::write(folder.join(format!("{name}.geojson")), text).unwrap();
}

fn site(i: usize, lon: f64, lat: f64) -> String {
    let score = if i % 7 == 0 { "null".to_owned() } else { format!("{}.5", i % 100) };
    format!(
        "{{\"type\":\"Feature\",\"id\":\"S{i}\",\"geometry\":{{\"type\":\"Point\",\"coordinates\":[{lon},{lat}]}},\
         \"properties\":{{\"site_id\":\"S{i}\",\"name\":\"南京<厂>{i}\",\"score\":{score},\"score_src\":\"predicted\",\"n\":{i},\"ok\":{}}}}}",
        i % 2 == 0
    )
}

/// Places that look drawn, the same at every run.
fn places(n: usize) -> Vec<[f64; 2]> {
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / (1u64 << 31) as f64
    };
    (0..n).map(|_| [118.0 + 2.0 * next() * next(), 31.0 + 2.0 * next()]).collect()
}

fn at_zoom(all: &Tiles, zoom: u8) -> impl Iterator<Item = (u64, &BTreeMap<String, Vec<Read>>)> {
    let (from, to) = (first_of(zoom), first_of(zoom + 1));
    all.range(from..to).map(move |(id, t)| (id - from, t))
}

#[test]
fn every_point_is_there_in_its_place_with_its_values() {
    let dir = tempfile::tempdir().unwrap();
    let places = places(5_000);
    let all: Vec<String> = places.iter().enumerate().map(|(i, p)| site(i, p[0], p[1])).collect();
    layer(dir.path(), "sites", &all);
    let (tiles, about, summary, file) = made(&request(dir.path()));
    assert_eq!((summary.max_zoom, summary.layers[0].features, summary.layers[0].left_out), (12, 5_000, 0));
    let mut seen = BTreeSet::new();
    for (d, tile) in at_zoom(&tiles, 12) {
        let [x, y] = tile_at(12, d);
        for f in &tile["sites"] {
            let i = (f.id - 1) as usize;
            assert!(seen.insert(i), "{i} twice");
            let Shape::Points(p) = &f.shape else { panic!() };
            let exact = cut::world(places[i][0], places[i][1]);
            let unit = cut::side(12) / 4096.0;
            for k in 0..2 {
                let got = f64::from([x, y][k]) * 4096.0 + f64::from(p[0][k]);
                assert!((exact[k] / unit - got).abs() <= 1.0, "{i}: {got} {}", exact[k] / unit);
            }
            assert_eq!(f.tags["name"], Tag::Text(format!("南京<厂>{i}")));
            assert_eq!(f.tags["n"], Tag::Int(i as i64));
            assert_eq!(f.tags["ok"], Tag::Flag(i % 2 == 0));
            assert_eq!(
                f.tags.get("score"),
                (i % 7 != 0).then_some(Tag::Float((i % 100) as f64 + 0.5)).as_ref()
            );
            assert!(!f.tags.contains_key("score_src"));
        }
    }
    assert_eq!(seen.len(), 5_000);
    // Each level shows what the one before it showed, and the most urgent ones of a crowd.
    let mut before: BTreeSet<u64> = BTreeSet::new();
    for zoom in 0..=12 {
        let now: BTreeSet<u64> = at_zoom(&tiles, zoom).flat_map(|(_, t)| &t["sites"]).map(|f| f.id).collect();
        assert!(before.is_subset(&now), "{zoom}");
        assert!(
            !now.is_empty() && at_zoom(&tiles, zoom).all(|(_, t)| t["sites"].len() <= 4096 || zoom == 12)
        );
        before = now;
    }
    let top = at_zoom(&tiles, 0).flat_map(|(_, t)| &t["sites"]).map(|f| (f.id - 1) as usize % 100).min();
    assert!(top.is_some_and(|s| s <= 1), "{top:?}");
    let layers = &about["vector_layers"][0];
    assert_eq!((&layers["id"], &layers["fields"]["ok"]), (&"sites".into(), &"Boolean".into()));
    assert_eq!((&layers["fields"]["n"], &layers["fields"]["name"]), (&"Number".into(), &"String".into()));
    // The same bytes on one thread.
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert!(one.install(|| made(&request(dir.path()))).3 == file);
}

#[test]
fn limits_on_tiles_hold_and_say_what_is_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let all: Vec<String> = (0..3_000).map(|i| site(i, 118.5 + 1e-7 * i as f64, 32.0)).collect();
    layer(dir.path(), "sites", &all);
    let asked = TilesRequest {
        tile_bytes: 8_000,
        max_zoom: Some(8),
        attributes: vec!["score".into()],
        ..request(dir.path())
    };
    let none = TilesRequest { attributes: vec!["scroe".into()], ..request(dir.path()) };
    let refused = tiles(&none, &dir.path().join("none.pmtiles"), true, &Silent).unwrap_err().to_string();
    assert!(refused.contains("scroe"), "{refused}");
    let (tiles, _, summary, _) = made(&asked);
    let at_last = at_zoom(&tiles, 8).next().unwrap().1;
    let kept = at_last["sites"].len() as u64;
    assert!(kept > 100 && kept + summary.layers[0].left_out == 3_000, "{kept} {summary:?}");
    for tile in tiles.values() {
        let tags: BTreeSet<&String> = tile["sites"].iter().flat_map(|f| f.tags.keys()).collect();
        assert!(tags.iter().all(|t| ["site_id", "score"].contains(&t.as_str())), "{tags:?}");
    }
}

#[test]
fn lines_and_areas_are_in_the_tiles_that_they_touch() {
    let dir = tempfile::tempdir().unwrap();
    let line = |i: usize, from: [f64; 2], to: [f64; 2]| {
        format!(
            "{{\"type\":\"Feature\",\"id\":\"L{i}\",\"geometry\":{{\"type\":\"LineString\",\"coordinates\":[[{},{}],[{},{}]]}},\"properties\":{{\"segment_id\":\"L{i}\",\"serves\":{i}}}}}",
            from[0], from[1], to[0], to[1]
        )
    };
    let mut lines = vec![line(0, [117.0, 31.0], [120.0, 33.0])];
    // A chain of short pieces, each below a pixel from afar.
    lines.extend((1..400).map(|i| {
        let x = |k: usize| 118.0 + 0.002 * k as f64;
        line(i, [x(i), 32.5], [x(i + 1), 32.5])
    }));
    layer(dir.path(), "fiber_routes", &lines);
    let area = "{\"type\":\"Feature\",\"id\":\"320100\",\"geometry\":{\"type\":\"MultiPolygon\",\"coordinates\":[[[[118.0,31.5],[119.0,31.5],[119.0,32.5],[118.0,32.5],[118.0,31.5]],[[118.4,31.9],[118.4,32.1],[118.6,32.1],[118.6,31.9],[118.4,31.9]]]]},\"properties\":{\"adcode\":\"320100\",\"name\":\"南京市\"}}";
    layer(dir.path(), "regions", &[area.to_owned()]);
    layer(dir.path(), "gaps", &[]);
    let (tiles, about, summary, _) = made(&request(dir.path()));
    assert_eq!(summary.layers.iter().map(|l| l.features).collect::<Vec<_>>(), [400, 0, 1]);
    let names: Vec<&str> =
        about["vector_layers"].as_array().unwrap().iter().map(|l| l["id"].as_str().unwrap()).collect();
    assert_eq!(names, ["regions", "fiber_routes", "gaps"]);
    for zoom in 0..=12 {
        let ids: BTreeSet<u64> = at_zoom(&tiles, zoom)
            .filter_map(|(_, t)| t.get("fiber_routes"))
            .flatten()
            .map(|f| f.id)
            .collect();
        // From afar the chain is thinned, but never gone.
        assert!(ids.contains(&1) && ids.len() > 2, "{zoom}: {}", ids.len());
        assert!(at_zoom(&tiles, zoom).any(|(_, t)| t.contains_key("regions")), "{zoom}");
    }
    let last: BTreeSet<u64> =
        at_zoom(&tiles, 12).filter_map(|(_, t)| t.get("fiber_routes")).flatten().map(|f| f.id).collect();
    assert_eq!(last.len(), 400);
    // Inside the area but not its hole; outer rings turn clockwise on the screen.
    let tile_of = |lon: f64, lat: f64| {
        let p = cut::world(lon, lat).map(|v| (v / cut::side(12)) as u32);
        tiles.get(&(first_of(12) + hilbert(12, p[0], p[1])))
    };
    assert!(tile_of(118.2, 31.7).is_some_and(|t| t.contains_key("regions")));
    assert!(tile_of(118.5, 32.0).is_none_or(|t| !t.contains_key("regions")));
    for (_, tile) in at_zoom(&tiles, 12) {
        for f in tile.get("regions").into_iter().flatten() {
            let Shape::Rings(rings) = &f.shape else { panic!() };
            let next = rings[0].iter().cycle().skip(1);
            let twice: i64 = rings[0]
                .iter()
                .zip(next)
                .map(|(a, b)| i64::from(a[0]) * i64::from(b[1]) - i64::from(b[0]) * i64::from(a[1]))
                .sum();
            assert!(twice > 0);
        }
    }
}

#[test]
fn what_isnt_a_layer_is_refused_with_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let said = |text: &str| {
        std::fs::write(dir.path().join("sites.geojson"), text).unwrap();
        tiles(&request(dir.path()), &dir.path().join("t"), false, &Silent).unwrap_err().to_string()
    };
    let head = "{\"type\":\"FeatureCollection\",\"features\":[\n";
    let bad = site(1, 118.0, 32.0).replace("[118,32]", "[118,\"x\"]");
    assert!(said(&format!("{head}{},\n{bad}\n]}}\n", site(0, 118.0, 32.0))).contains("line 3 "));
    assert!(said("{\"a\":1}").contains("line 1 "));
    assert!(said(&format!("{head}{}", &site(0, 118.0, 32.0)[..90])).contains("line 2 "));
    assert!(!dir.path().join("t").exists());
    std::fs::remove_file(dir.path().join("sites.geojson")).unwrap();
    assert!(
        tiles(&request(dir.path()), &dir.path().join("t"), false, &Silent)
            .unwrap_err()
            .to_string()
            .contains("no .geojson")
    );
}

#[test]
fn bounds_of_one_point_have_sides() {
    let point = opened([118.8, 32.06, 118.8, 32.06]);
    assert!(point[0] < 118.8 && point[1] < 32.06 && point[2] > 118.8 && point[3] > 32.06);
    assert!(point[2] - point[0] < 1e-6);
    let meridian = opened([118.8, 31.0, 118.8, 32.0]);
    assert_eq!((meridian[1], meridian[3]), (31.0, 32.0));
    assert!(meridian[0] < meridian[2]);
}
