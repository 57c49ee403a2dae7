//! The main job on real input, through the real program: Peru's radio, Jiangsu's and Guizhou's factories,
//! Andorra's and Shenzhen's roads. The data are the shared ones; `COVPLAN_SHARED` says where they lie.
#![allow(clippy::unwrap_used)] // A test that fails says where.

use covplan::geom::{LonLat, geodesic_m};
use covplan::index::SegmentIndex;
use covplan::io;
use covplan::model::records::Road;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn shared() -> Option<PathBuf> {
    let given = std::env::var_os("COVPLAN_SHARED").map(PathBuf::from);
    let dir = given.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"));
    let found = dir.join("data").is_dir();
    if !found {
        eprintln!("skipped: no shared data at {}", dir.display());
    }
    found.then(|| dir.canonicalize().unwrap())
}

/// A folder with the named project, its placeholders filled in.
fn project(shared: &Path, name: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real").join(format!("{name}.toml"));
    let text = std::fs::read_to_string(source)
        .unwrap()
        .replace("{shared}", &shared.display().to_string())
        .replace("{work}", &dir.path().display().to_string());
    std::fs::write(dir.path().join("covplan.toml"), text).unwrap();
    dir
}

fn covplan(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_covplan"))
        .args(args)
        .current_dir(dir)
        .env_remove("PROJ_DATA")
        .env_remove("PROJ_LIB")
        .output()
        .unwrap()
}

fn run(dir: &Path, args: &[&str]) -> Output {
    let out = covplan(dir, args);
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    out
}

fn json(path: PathBuf) -> Value {
    serde_json::from_slice(&std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
        .unwrap()
}

fn features(dir: &Path, layer: &str) -> Vec<Value> {
    json(dir.join(format!("out/{layer}.geojson")))["features"].as_array().unwrap().clone()
}

fn notes(plan: &Value) -> String {
    plan["notes"].to_string()
}

/// A number from 0 up to 1, the same for the same words (SplitMix64).
fn draw(i: u64) -> f64 {
    let mut z = i.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// Factories around places, three-sector stations at some of them, and a few exchanges with spare fibers.
fn scatter(dir: &Path, places: &[(f64, f64)], per_place: u64, spread_deg: f64, stations: usize) {
    let mut sites = String::from("site_id,name,lon,lat,firm_size,service,indoor_5g,has_fiber\n");
    let mut n = 0;
    for (p, &(lon, lat)) in places.iter().enumerate() {
        for k in 0..per_place {
            n += 1;
            let at = |salt: u64| (draw(salt + 7919 * (p as u64 * per_place + k)) - 0.5) * 2.0 * spread_deg;
            let service = ["data", "video", "robots", "monitoring"][(n % 4) as usize];
            let indoor = ["none", "", "das"][(n % 3) as usize];
            let _ = writeln!(
                sites,
                "P{n:03},Plant {n},{:.6},{:.6},small,{service},{indoor},{}",
                lon + at(1),
                lat + at(2),
                if n % 5 == 0 { "yes" } else { "" }
            );
        }
    }
    let mut cells = String::from("cell_id,station_id,operator,rat,lon,lat,band,height_m,azimuth_deg\n");
    for (p, &(lon, lat)) in places.iter().enumerate().take(stations) {
        for (operator, band) in [("cmcc", "n41"), ("ct", "n78")] {
            for azimuth in [0, 120, 240] {
                let _ = writeln!(
                    cells,
                    "{operator}-{p}-{azimuth},{operator}-{p},{operator},nr,{lon:.6},{lat:.6},{band},30,{azimuth}"
                );
            }
        }
    }
    let mut nodes = String::from("node_id,kind,owner,lon,lat,fibers_total,fibers_free\n");
    for (p, &(lon, lat)) in places.iter().enumerate().step_by(3) {
        let _ = writeln!(nodes, "CO-{p},co,cmcc,{lon:.6},{lat:.6},288,96");
    }
    for (name, text) in [("sites.csv", sites), ("cells.csv", cells), ("nodes.csv", nodes)] {
        std::fs::write(dir.join(name), text).unwrap();
    }
}

/// Every planned route lies on a road: each of its vertices within half a metre of that road's line. The only
/// ones off the roads are the straight ways of fiber nodes onto them, and those across a street.
fn routes_keep_to_roads(dir: &Path) {
    let (_, inputs) = io::load(&dir.join("covplan.toml"), &io::LoadOptions::default()).unwrap();
    let roads = &inputs.roads;
    let by_id: BTreeMap<&str, &Road> = roads.list.iter().map(|r| (roads.text.get(r.id), r)).collect();
    let any_road = SegmentIndex::new((0u32..).zip(roads.list.iter().map(|r| roads.line(r))));
    let is_node = |p: LonLat| inputs.fiber_nodes.iter().any(|n| geodesic_m(n.at, p) < 0.5);
    let routes = features(dir, "fiber_routes");
    let mut on_roads = 0;
    for r in &routes {
        let props = &r["properties"];
        assert_eq!(props["basis"], "given", "{props}");
        let line: Vec<LonLat> = r["geometry"]["coordinates"]
            .as_array()
            .unwrap()
            .iter()
            .map(|v| LonLat::new(v[0].as_f64().unwrap(), v[1].as_f64().unwrap()).unwrap())
            .collect();
        if props["road_id"] == "none" {
            let [a, b] = line[..] else { panic!("{props} wanders off the roads") };
            let on_road = |p| any_road.nearest(p, 0.5).is_some();
            let leads_in = |node, road| is_node(node) && on_road(road);
            let passes_beneath = on_road(a) && on_road(b) && geodesic_m(a, b) < 30.5;
            assert!(
                leads_in(a, b) || leads_in(b, a) || passes_beneath,
                "{props} is neither a way of a node onto a road nor one across a street"
            );
            continue;
        }
        on_roads += 1;
        let index = SegmentIndex::new([(0, roads.line(by_id[props["road_id"].as_str().unwrap()]))]);
        for p in line {
            assert!(index.nearest(p, 0.5).is_some(), "{props} leaves its road at {p:?}");
        }
    }
    assert!(on_roads > 50, "{on_roads} of {}", routes.len());
}

#[test]
fn peru_has_no_5g_and_is_told_so() {
    let Some(shared) = shared() else { return };
    let dir = project(&shared, "peru");
    run(dir.path(), &["plan", "covplan.toml", "-o", "out"]);
    let plan = json(dir.path().join("out/plan.json"));
    let sites = features(dir.path(), "sites");
    assert_eq!(sites.len(), 44);
    assert!(notes(&plan).contains("0 NR cells"), "{}", notes(&plan));
    for s in &sites {
        assert!(!s["properties"].as_object().unwrap().contains_key("fiber_m"), "fiber is unknown here");
    }
    assert!(features(dir.path(), "fiber_routes").iter().all(|r| r["properties"]["basis"] == "inferred"));
}

#[test]
fn peru_lte_is_scored_on_request() {
    let Some(shared) = shared() else { return };
    let dir = project(&shared, "peru_lte");
    run(dir.path(), &["coverage", "covplan.toml", "-o", "out"]);
    let with_level = features(dir.path(), "sites")
        .iter()
        .filter(|s| {
            s["properties"].as_object().unwrap().iter().any(|(k, v)| k.ends_with("rsrp_dbm") && v.is_number())
        })
        .count();
    assert!(with_level >= 5, "{with_level} of 44 sites see LTE");
}

fn province(name: &str, region: &str, sites: usize, cities: usize) {
    let Some(shared) = shared() else { return };
    let dir = project(&shared, name);
    run(dir.path(), &["synth", "--region", region, "--sites", "100", "--cells", "9000", "-o", "synth"]);
    run(dir.path(), &["plan", "covplan.toml", "-o", "out"]);
    let plan = json(dir.path().join("out/plan.json"));
    assert_eq!(features(dir.path(), "sites").len(), sites);
    let said = notes(&plan);
    assert!(said.contains("posting"), "the 0.1° DEM must be refused: {said}");
    assert!(said.contains("backbone"), "a city dot isn't access fiber: {said}");
    let kpi = std::fs::read_to_string(dir.path().join("out/kpi.csv")).unwrap();
    let regions = kpi.lines().filter(|l| l.starts_with("region:")).count();
    assert!(regions >= cities, "{regions} regions in\n{kpi}");
}

/// Where compute should stand on the real sites of a province: figures that add up, limits that hold, reasons,
/// a curve with bounds, clusters, pictures.
fn compute(name: &str, region: &str) {
    let Some(shared) = shared() else { return };
    let dir = project(&shared, name);
    run(dir.path(), &["synth", "--region", region, "--sites", "100", "--cells", "300", "-o", "synth"]);
    run(dir.path(), &["centers", "covplan.toml", "-o", "out"]);
    let result = &json(dir.path().join("out/centers.json"))["result"];
    let centers = result["centers"].as_array().unwrap();
    assert!(centers.len() >= 2, "a second center for each demand");
    let sum = |key: &str| centers.iter().map(|c| c[key].as_f64().unwrap()).sum::<f64>();
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-6 * a.abs().max(1.0);
    let served = result["racks_general"].as_f64().unwrap() + result["racks_ai"].as_f64().unwrap();
    assert!(served > 0.0 && near(sum("racks_used"), served), "{served}");
    for (key, whole) in
        [("energy_kwh_yr", "energy_kwh_yr"), ("carbon_t_yr", "carbon_t_yr"), ("cost_cny_yr", "cost_cny_yr")]
    {
        assert!(near(sum(key), result["metrics"][whole].as_f64().unwrap()), "{key}");
    }
    for c in centers {
        assert!(c["why"].as_str().is_some_and(|w| w.len() > 30) && c["why_zh"].as_str().is_some(), "{c}");
        assert!(c["factor"] != "nation" || c["tier"] != "hub", "a cluster has its province's factor: {c}");
    }
    let assigned = features(dir.path(), "assignments");
    for a in &assigned {
        let p = &a["properties"];
        assert!(p["rtt_ms"].as_f64().unwrap() <= p["limit_ms"].as_f64().unwrap() + 1e-3, "{p}");
        assert!(p["second_id"] != p["center_id"], "{p}");
    }
    let curve = result["curve"].as_array().unwrap();
    assert!(curve.len() >= 4, "{curve:?}");
    for p in curve {
        assert!(p["bound"].as_f64() <= p["objective"].as_f64() && p["gap"].as_f64().unwrap() < 0.5, "{p}");
    }
    let clusters = result["clusters"].as_array().unwrap();
    assert!(!clusters.is_empty());
    let private = result["private_networks"]["clusters"].as_array().unwrap();
    assert_eq!(private.len(), clusters.len());
    for (p, c) in private.iter().zip(clusters) {
        let classes = p["latency_classes"].as_array().unwrap();
        let sites: u64 = classes.iter().map(|x| x["sites"].as_u64().unwrap()).sum();
        assert_eq!((&p["cluster"], Some(sites)), (&c["id"], c["sites"].as_u64()), "{p}");
    }
    for picture in ["map.svg", "tradeoff.svg"] {
        assert!(std::fs::read_to_string(dir.path().join("out").join(picture)).unwrap().contains("</svg>"));
    }
}

#[test]
fn jiangsu_compute() {
    compute("jiangsu", "Jiangsu");
}

#[test]
fn guizhou_compute() {
    compute("guizhou", "Guizhou");
}

/// Bridges, articulation points and latencies of the Topology Zoo backbones against networkx 3.6.1 (`bridges`,
/// `articulation_points`, `all_pairs_dijkstra_path_length`, links as in `policy::backbone`).
#[test]
fn topology_zoo_backbones_as_networkx_has_them() {
    let Some(shared) = shared() else { return };
    for (net, cities, links, weak, mean_ms, worst_ms, stretched) in [
        ("Chinanet", 38, 62, [8, 18], 15.7114, 50.0928, 569),
        ("Cernet", 36, 55, [6, 6], 15.1679, 39.6382, 533),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let file = shared.join(format!("data/fiber_topology_zoo/{net}.geojson"));
        let project = format!(
            "[project]\nname = \"{net}\"\n[layers.fiber]\npath = \"{}\"\ncolumns = {{ id = \"label\" }}\n\
             defaults = {{ kind = \"city\", level = \"backbone\", owner = \"{net}\" }}\n",
            file.display()
        );
        std::fs::write(dir.path().join("covplan.toml"), project).unwrap();
        let out = run(dir.path(), &["failures", "covplan.toml", "--json"]);
        let answer: Value = serde_json::from_slice(&out.stdout).unwrap();
        let b = &answer["result"]["backbones"][0];
        assert_eq!((b["cities"].as_u64(), b["links"].as_u64()), (Some(cities), Some(links)), "{net}");
        let of = |kind: &str| b["weak"].as_array().unwrap().iter().filter(|w| w["kind"] == kind).count();
        assert_eq!([of("city"), of("link")], weak, "{net}");
        // Lengths are geodesic here and great circles there.
        let close = |key: &str, want: f64| (b[key].as_f64().unwrap() / want - 1.0).abs() < 0.006;
        assert!(close("mean_ms", mean_ms) && close("worst_ms", worst_ms), "{net}: {b}");
        assert!(b["stretched"].as_f64().unwrap() / f64::from(stretched) - 1.0 < 0.02);
        let advice = b["advice"].as_array().unwrap();
        assert_eq!(advice.len(), 10);
        assert!(advice.iter().all(|l| l["then_ms"].as_f64() < l["now_ms"].as_f64()));
    }
}

#[test]
fn jiangsu_real_sites() {
    province("jiangsu", "Jiangsu", 200, 13);
}

#[test]
fn guizhou_real_sites() {
    province("guizhou", "Guizhou", 190, 9);
}

#[test]
fn andorra_real_roads() {
    let Some(shared) = shared() else { return };
    let dir = project(&shared, "andorra");
    // The towns of GeoNames: Andorra la Vella, les Escaldes, Encamp, Sant Julià, la Massana, Canillo, Ordino,
    // Pas de la Casa, Arinsal, el Tarter.
    let towns = [
        (1.52109, 42.50779),
        (1.53414, 42.50729),
        (1.58014, 42.53474),
        (1.49129, 42.46372),
        (1.51483, 42.54499),
        (1.59756, 42.5676),
        (1.53319, 42.55623),
        (1.73361, 42.54277),
        (1.48453, 42.57205),
        (1.65362, 42.57952),
    ];
    scatter(dir.path(), &towns, 12, 0.012, 6);
    run(dir.path(), &["plan", "covplan.toml", "-o", "out"]);
    routes_keep_to_roads(dir.path());
    valleys_are_in_shadow(dir.path());
}

/// Andorra's ridges: sites behind them lie below what TR 38.901 says, and the report tells what that changed.
fn valleys_are_in_shadow(dir: &Path) {
    let plan = json(dir.join("out/plan.json"));
    let fact =
        |code: &str| plan["facts"][code].as_u64().unwrap_or_else(|| panic!("{code}: {}", plan["facts"]));
    assert!(notes(&plan).contains("N015"), "{}", notes(&plan));
    assert!(fact("sites_over_terrain") > 60 && fact("links_over_unknown_ground") == 0, "{}", plan["facts"]);
    let sites = plan["sites"].as_array().unwrap();
    let mut shadowed = 0;
    for s in sites {
        let (now, flat) = (s["score"]["total"].as_f64(), s["score_tr38901"].as_f64());
        let Some((now, flat)) = now.zip(flat) else { continue };
        let on = s["networks"].as_array().unwrap().iter().find(|n| n["network"] == s["network"]).unwrap();
        match on["model"].as_str().unwrap_or("nothing in reach") {
            "nothing in reach" => assert_eq!(on["server"], Value::Null),
            "p1812" => shadowed += usize::from(now < flat - 5.0),
            "tr38901-short" => assert!(on["server_m"].as_f64().unwrap() < 250.5, "{on}"),
            other => panic!("n41 and n78 over known ground are P.1812's, not {other}"),
        }
    }
    assert!(shadowed > 5, "{shadowed} sites lie in shadow");
    // The same without heights gives the scores that stand beside, but for what full cells take from them,
    // as those aren't the same cells.
    let toml = std::fs::read_to_string(dir.join("covplan.toml")).unwrap();
    let idle = format!("{toml}\n[radio]\ncell_demand = false\n");
    std::fs::write(dir.join("idle.toml"), &idle).unwrap();
    std::fs::write(dir.join("flat.toml"), format!("{idle}\n[radio.terrain]\nuse = false\n")).unwrap();
    let scored = |name: &str| {
        run(dir, &["coverage", &format!("{name}.toml"), "-o", name]);
        json(dir.join(name).join("coverage.json"))
    };
    let (idle, flat) = (scored("idle"), scored("flat"));
    for (s, f) in idle["sites"].as_array().unwrap().iter().zip(flat["sites"].as_array().unwrap()) {
        assert_eq!(s["score_tr38901"], f["score"]["total"], "{}", s["site_id"]);
    }
    // South of 42° N there is no file: a site there is refused where the settings ask for it.
    let sites = std::fs::read_to_string(dir.join("sites.csv")).unwrap();
    std::fs::write(dir.join("sites.csv"), format!("{sites}P999,Plant 999,1.5,41.99,small,data,none,\n"))
        .unwrap();
    let cells = std::fs::read_to_string(dir.join("cells.csv")).unwrap();
    std::fs::write(dir.join("cells.csv"), format!("{cells}south,south,cmcc,nr,1.5,42.01,n41,30,180\n"))
        .unwrap();
    std::fs::write(dir.join("strict.toml"), format!("{toml}\n[radio.terrain]\nunknown = \"error\"\n"))
        .unwrap();
    let refused = covplan(dir, &["coverage", "strict.toml", "-o", "strict"]);
    assert_eq!(refused.status.code(), Some(3), "{}", String::from_utf8_lossy(&refused.stderr));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("P999"));
    run(dir, &["coverage", "covplan.toml", "-o", "counted"]);
    let counted = json(dir.join("counted/coverage.json"));
    assert!(counted["facts"]["links_over_unknown_ground"].as_u64().unwrap() >= 1);
    assert!(notes(&counted).contains("N017"));
}

#[test]
fn shenzhen_real_roads() {
    let Some(shared) = shared() else { return };
    let dir = project(&shared, "shenzhen");
    let places: Vec<(f64, f64)> =
        (0..12).map(|i| (113.925 + 0.0125 * f64::from(i), 22.54 + 0.01 * f64::from(i % 4))).collect();
    scatter(dir.path(), &places, 10, 0.006, 4);
    run(dir.path(), &["plan", "covplan.toml", "-o", "out"]);
    routes_keep_to_roads(dir.path());
}

#[test]
fn same_input_same_bytes_whatever_the_threads() {
    let Some(shared) = shared() else { return };
    let dir = project(&shared, "peru");
    let hashes = |folder: &str| {
        let mut all: Vec<(String, Vec<u8>)> = std::fs::read_dir(dir.path().join(folder))
            .unwrap()
            .map(|e| e.unwrap().path())
            .filter(|p| p.is_file())
            .map(|p| (p.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&p).unwrap()))
            .collect();
        all.sort();
        all
    };
    for (folder, threads) in [("a", "1"), ("b", "2"), ("c", "2")] {
        run(dir.path(), &["plan", "covplan.toml", "-o", folder, "--threads", threads]);
    }
    let (a, b, c) = (hashes("a"), hashes("b"), hashes("c"));
    assert!(a.len() >= 10);
    for ((name, one), ((_, two), (_, three))) in a.iter().zip(b.iter().zip(&c)) {
        assert!(one == two && two == three, "{name} differs");
    }
}

#[test]
fn monaco_real_roads() {
    let Some(shared) = shared() else { return };
    let dir = project(&shared, "monaco");
    let places: Vec<(f64, f64)> = [
        (7.4135, 43.7290),
        (7.4190, 43.7325),
        (7.4246, 43.7384),
        (7.4288, 43.7440),
        (7.4335, 43.7480),
        (7.4220, 43.7360),
    ]
    .to_vec();
    scatter(dir.path(), &places, 24, 0.003, 1);
    run(dir.path(), &["plan", "covplan.toml", "-o", "out"]);
    routes_keep_to_roads(dir.path());
}

/// A place at the precision of the files.
fn place(v: &Value) -> [i64; 2] {
    [0, 1].map(|i| (v[i].as_f64().unwrap() * 1e7).round() as i64)
}

fn coordinates(v: &Value) -> Vec<LonLat> {
    let each = v.as_array().unwrap().iter();
    each.map(|p| LonLat::new(p[0].as_f64().unwrap(), p[1].as_f64().unwrap()).unwrap()).collect()
}

/// The planned fiber as it lies: every segment by its ends, and where each building is led in from.
struct Laid {
    ends: Vec<[[i64; 2]; 2]>,
    core: Vec<[i64; 2]>,
    protected: Vec<(String, Vec<[i64; 2]>)>,
}

impl Laid {
    fn new(plan: &Value, core: &[LonLat]) -> Self {
        let ends = |r: &Value| {
            let line = r["line"].as_array().unwrap();
            [place(&line[0]), place(&line[line.len() - 1])]
        };
        let of = |c: &Value| {
            let second = &c["protection"];
            let entries = || [&c["lead_in"][0], &second["lead_in"][0]].map(place).to_vec();
            (second["met"] == true).then(|| (c["id"].as_str().unwrap().to_owned(), entries()))
        };
        let at = |p: &LonLat| [p.lon_deg(), p.lat_deg()].map(|v| (v * 1e7).round() as i64);
        Self {
            ends: plan["fiber_routes"].as_array().unwrap().iter().map(ends).collect(),
            core: core.iter().map(at).collect(),
            protected: plan["connections"].as_array().unwrap().iter().filter_map(of).collect(),
        }
    }

    /// Protected connections from which no core node is reached when some segments are gone.
    fn lost(&self, gone: &[usize]) -> Vec<&str> {
        let mut near: BTreeMap<[i64; 2], Vec<[i64; 2]>> = BTreeMap::new();
        for (i, [a, b]) in self.ends.iter().enumerate().filter(|(i, _)| !gone.contains(i)) {
            debug_assert!(i < self.ends.len());
            near.entry(*a).or_default().push(*b);
            near.entry(*b).or_default().push(*a);
        }
        let mut seen: std::collections::BTreeSet<[i64; 2]> = self.core.iter().copied().collect();
        let mut open = self.core.clone();
        while let Some(v) = open.pop() {
            for &u in near.get(&v).into_iter().flatten() {
                if seen.insert(u) {
                    open.push(u);
                }
            }
        }
        let cut = |entries: &[[i64; 2]]| entries.iter().all(|e| !seen.contains(e));
        self.protected.iter().filter(|(_, e)| cut(e)).map(|(id, _)| id.as_str()).collect()
    }
}

/// Segments that share a risk, found anew: one bridge or tunnel (lines of the same kind within 25 m that run
/// the same way), one duct, or ducts of one group.
fn shared_risks(
    plan: &Value,
    roads: &BTreeMap<String, (bool, bool)>,
    srlg: &BTreeMap<String, String>,
) -> Vec<Vec<usize>> {
    let routes = plan["fiber_routes"].as_array().unwrap();
    let lines: Vec<Vec<LonLat>> = routes.iter().map(|r| coordinates(&r["line"])).collect();
    let of_road = |i: usize| routes[i]["road_id"].as_str().and_then(|id| roads.get(id)).copied();
    let mut out = Vec::new();
    for kind in [0, 1] {
        let is =
            |i: &usize| of_road(*i).is_some_and(|(bridge, tunnel)| if kind == 0 { bridge } else { tunnel });
        let over: Vec<usize> = (0..routes.len()).filter(is).collect();
        for &i in &over {
            let index = SegmentIndex::new([(0, lines[i].as_slice())]);
            let way = |l: &[LonLat]| covplan::geom::azimuth_deg(l[0], l[l.len() - 1]);
            let beside = |j: &usize| {
                let turn = (way(&lines[i]) - way(&lines[*j])).rem_euclid(180.0);
                turn.min(180.0 - turn) < 20.0 && lines[*j].iter().any(|p| index.nearest(*p, 20.0).is_some())
            };
            out.push(over.iter().copied().filter(beside).collect());
        }
    }
    let mut by: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (i, r) in routes.iter().enumerate() {
        if let Some(duct) = r["reuses"].as_str() {
            by.entry(duct).or_default().push(i);
            if let Some(group) = srlg.get(duct) {
                by.entry(group).or_default().push(i);
            }
        }
    }
    out.extend(by.into_values());
    out
}

/// On real roads, with ducts that share risks: whatever single thing fails, all protected sites reach a core
/// office. Every planned segment is cut in turn, every duct and group, every bridge and tunnel.
#[test]
fn andorra_rings_survive_every_cut() {
    let Some(shared) = shared() else { return };
    let dir = project(&shared, "andorra_rings");
    let towns = [
        (1.52109, 42.50779),
        (1.53414, 42.50729),
        (1.51483, 42.54499),
        (1.49129, 42.46372),
        (1.53319, 42.55623),
        (1.528, 42.512),
    ];
    scatter(dir.path(), &towns, 16, 0.008, 2);
    // Ducts along what would be built without any, by threes in one group.
    let none = r#"{"type":"FeatureCollection","features":[]}"#;
    std::fs::write(dir.path().join("ducts.geojson"), none).unwrap();
    run(dir.path(), &["plan", "covplan.toml", "-o", "bare"]);
    let bare = json(dir.path().join("bare/plan.json"));
    let (mut ducts, mut srlg) = (Vec::new(), BTreeMap::new());
    for (n, r) in bare["fiber_routes"].as_array().unwrap().iter().enumerate() {
        if r["length_m"].as_f64().unwrap() > 150.0 && n % 3 == 0 {
            let (id, group) = (format!("D{n}"), format!("G{}", n / 9));
            ducts.push(serde_json::json!({
                "type": "Feature",
                "properties": { "duct_id": id, "owner": "cmcc", "holes_free": 2, "srlg": group },
                "geometry": { "type": "LineString", "coordinates": r["line"] },
            }));
            srlg.insert(id, group);
        }
    }
    assert!(ducts.len() > 5);
    let layer = serde_json::json!({ "type": "FeatureCollection", "features": ducts });
    std::fs::write(dir.path().join("ducts.geojson"), layer.to_string()).unwrap();
    run(dir.path(), &["plan", "covplan.toml", "-o", "out", "--quiet"]);
    routes_keep_to_roads(dir.path());
    let plan = json(dir.path().join("out/plan.json"));
    let (_, inputs) = io::load(&dir.path().join("covplan.toml"), &io::LoadOptions::default()).unwrap();
    let text = |r: &Road| inputs.roads.text.get(r.id).to_owned();
    let roads: BTreeMap<String, (bool, bool)> =
        inputs.roads.list.iter().map(|r| (text(r), (r.bridge, r.tunnel))).collect();
    let core: Vec<LonLat> = inputs.fiber_nodes.iter().map(|n| n.at).collect();
    let laid = Laid::new(&plan, &core);
    let asked =
        plan["connections"].as_array().unwrap().iter().filter(|c| c["protection"].is_object()).count();
    eprintln!("{} of {asked} protected; {} segments", laid.protected.len(), laid.ends.len());
    assert!(laid.protected.len() >= 8, "{} of {asked}", laid.protected.len());
    assert_eq!(laid.lost(&[]), Vec::<&str>::new());
    for i in 0..laid.ends.len() {
        assert_eq!(laid.lost(&[i]), Vec::<&str>::new(), "segment {i}");
    }
    let risks = shared_risks(&plan, &roads, &srlg);
    eprintln!("{} shared risks", risks.len());
    assert!(risks.iter().any(|r| r.len() > 1));
    for risk in &risks {
        assert_eq!(laid.lost(risk), Vec::<&str>::new(), "{risk:?}");
    }
    // The check can fail: without a whole office's surroundings somebody is lost.
    let all: Vec<usize> = (0..laid.ends.len()).collect();
    assert_eq!(laid.lost(&all).len(), laid.protected.len());
    // Whoever has one route only is told why.
    for c in plan["connections"].as_array().unwrap().iter().filter(|c| c["protection"]["met"] == false) {
        assert!(c["protection"]["reason"][0].as_str().unwrap().len() > 10, "{c}");
    }
    let fiber = plan["certificates"].as_array().unwrap().iter().find(|c| c["stage"] == "fiber").unwrap();
    eprintln!("gap {}", fiber["gap"]);
    assert!(fiber["gap"].as_f64().unwrap() < 0.4, "{fiber}");
}

/// Each phase is a connected extension of what stands before it: what is built so far leads from every
/// connection of the phase to a node that exists.
#[test]
fn every_phase_hangs_together() {
    let Some(shared) = shared() else { return };
    let dir = project(&shared, "andorra");
    let towns = [(1.52109, 42.50779), (1.53414, 42.50729), (1.49129, 42.46372), (1.51483, 42.54499)];
    scatter(dir.path(), &towns, 12, 0.01, 2);
    run(dir.path(), &["plan", "covplan.toml", "-o", "out"]);
    let plan = json(dir.path().join("out/plan.json"));
    let routes = plan["fiber_routes"].as_array().unwrap();
    let (_, inputs) = io::load(&dir.path().join("covplan.toml"), &io::LoadOptions::default()).unwrap();
    let at = |p: LonLat| [p.lon_deg(), p.lat_deg()].map(|v| (v * 1e7).round() as i64);
    let phases = routes.iter().map(|r| r["phase"].as_u64().unwrap()).max().unwrap();
    assert!(phases > 1);
    for phase in 1..=phases {
        let mut seen: std::collections::BTreeSet<[i64; 2]> =
            inputs.fiber_nodes.iter().map(|n| at(n.at)).collect();
        let mut open: Vec<(usize, [[i64; 2]; 2])> = routes
            .iter()
            .enumerate()
            .filter(|(_, r)| r["phase"].as_u64().unwrap() <= phase)
            .map(|(i, r)| {
                let line = r["line"].as_array().unwrap();
                (i, [place(&line[0]), place(&line[line.len() - 1])])
            })
            .collect();
        loop {
            let before = open.len();
            open.retain(|(_, [a, b])| {
                let joined = seen.contains(a) || seen.contains(b);
                if joined {
                    seen.extend([*a, *b]);
                }
                !joined
            });
            if open.len() == before {
                break;
            }
        }
        assert!(open.is_empty(), "phase {phase}: {} segments hang in the air", open.len());
        for c in plan["connections"].as_array().unwrap() {
            if c["state"] == "planned" && c["phase"].as_u64().unwrap() <= phase {
                assert!(seen.contains(&place(&c["lead_in"][0])), "phase {phase}: {}", c["id"]);
            }
        }
    }
}
