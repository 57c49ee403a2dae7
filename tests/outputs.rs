//! What covplan writes, opened by the programs that its readers use: GDAL, pyogrio, openpyxl, a browser.
//! A program that isn't there is said to be skipped; `make test` installs them.
#![allow(clippy::unwrap_used)] // A test that fails says where.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

fn covplan(dir: &Path, args: &[&str]) {
    let out = Command::new(env!("CARGO_BIN_EXE_covplan"))
        .args(args)
        .current_dir(dir)
        .env_remove("PROJ_DATA")
        .env_remove("PROJ_LIB")
        .output()
        .unwrap();
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
}

/// The demo's folder, made once for all tests.
fn demo() -> &'static Path {
    static DIR: OnceLock<tempfile::TempDir> = OnceLock::new();
    let dir = DIR.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        covplan(dir.path(), &["demo", "-o", "out", "--effort", "low"]);
        dir
    });
    Box::leak(dir.path().join("out").into_boxed_path())
}

/// A plan without a gap, so that its layers are empty: one site under an indoor system, with fiber.
fn nothing_to_do() -> &'static Path {
    static DIR: OnceLock<tempfile::TempDir> = OnceLock::new();
    let dir = DIR.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("p.toml", "[project]\nname = \"t\"\n[layers.sites]\npath = \"sites.csv\"\n[layers.cells]\npath = \"cells.csv\"\n"),
            ("sites.csv", "site_id,name,lon,lat,has_fiber,indoor_5g\nS1,Alpha,118.8,32.06,yes,pico\n"),
            ("cells.csv", "cell_id,operator,rat,lon,lat,band,azimuth_deg\nC1,cmcc,nr,118.8005,32.0605,n41,220\n"),
        ] {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        covplan(dir.path(), &["plan", "p.toml", "-o", "out"]);
        dir
    });
    Box::leak(dir.path().join("out").into_boxed_path())
}

fn layers(dir: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "geojson"))
        .collect();
    found.sort();
    assert!(found.len() >= 5, "{found:?}");
    found
}

fn parsed(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn tool(name: &str) -> bool {
    let found = Command::new(name).arg("--version").output().is_ok();
    if !found {
        eprintln!("skipped: {name} isn't installed");
    }
    found
}

/// The Python that `make test` sets up.
fn python() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/readers/bin/python");
    let found = Command::new(&path)
        .args(["-c", "import pyogrio, openpyxl"])
        .output()
        .is_ok_and(|o| o.status.success());
    if !found {
        eprintln!("skipped: no Python with pyogrio and openpyxl (run `make test`)");
    }
    found.then_some(path)
}

fn run_python(code: &str, args: &[&Path]) {
    let Some(python) = python() else { return };
    let out = Command::new(python).arg("-c").arg(code).args(args).output().unwrap();
    let said = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{said}");
}

#[test]
fn gdal_reads_every_layer() {
    if !tool("ogrinfo") {
        return;
    }
    for path in layers(demo()).into_iter().chain(layers(nothing_to_do())) {
        let layer = parsed(&path);
        let out = Command::new("ogrinfo").args(["-so", "-al"]).arg(&path).output().unwrap();
        let said = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
        let expect =
            |text: String| assert!(said.contains(&text), "{}: no `{text}` in\n{said}", path.display());
        expect(format!("Layer name: {}", layer["name"].as_str().unwrap()));
        let features = layer["features"].as_array().unwrap();
        expect(format!("Feature Count: {}", features.len()));
        if let Some(first) = features.first() {
            let kind = first["geometry"]["type"].as_str().unwrap();
            let shown = match kind {
                "LineString" => "Line String",
                "MultiPolygon" => "Multi Polygon",
                "MultiLineString" => "Multi Line String",
                k => k,
            };
            expect(format!("Geometry: {shown}"));
        }
        assert!(!said.contains("ERROR") && !said.contains("Warning"), "{said}");
    }
}

#[test]
fn pyogrio_reads_every_layer() {
    let code = "
import sys, json, pyogrio
for p in sys.argv[1:]:
    d = json.load(open(p, encoding='utf-8'))
    info = pyogrio.read_info(p)
    assert info['features'] == len(d['features']), (p, info)
    assert info['layer_name'] == d['name'], (p, info['layer_name'])
    if d['features']:
        meta, _, geometry, columns = pyogrio.raw.read(p)
        assert all(g is not None for g in geometry), p
        # GDAL shows a feature's own id as one more field.
        fields = [f for f in meta['fields'] if f != 'id']
        assert fields == list(d['features'][0]['properties']), (p, fields)
        kinds = dict(zip(meta['fields'], info['dtypes']))
        for k in kinds:
            if k == 'id':
                continue
            values = [f['properties'][k] for f in d['features'] if f['properties'][k] is not None]
            if values and all(isinstance(v, float) for v in values):
                assert kinds[k].startswith('float'), (p, k, kinds[k])
";
    let all: Vec<PathBuf> = layers(demo()).into_iter().chain(layers(nothing_to_do())).collect();
    run_python(code, &all.iter().map(PathBuf::as_path).collect::<Vec<_>>());
}

/// The rules of the product for GeoJSON, checked from the outside.
#[test]
fn layers_keep_the_rules() {
    for path in layers(demo()).into_iter().chain(layers(nothing_to_do())) {
        let layer = parsed(&path);
        let name = path.display();
        assert!(layer.get("crs").is_none(), "{name}: crs member");
        let features = layer["features"].as_array().unwrap();
        if features.is_empty() {
            continue;
        }
        assert_eq!(layer["bbox"].as_array().map(Vec::len), Some(4), "{name}: bbox");
        let keys: Vec<&String> = features[0]["properties"].as_object().unwrap().keys().collect();
        let kind = &features[0]["geometry"]["type"];
        let mut ids = std::collections::BTreeSet::new();
        for f in features {
            let props = f["properties"].as_object().unwrap();
            assert_eq!(props.keys().collect::<Vec<_>>(), keys, "{name}: keys");
            assert_eq!(&f["geometry"]["type"], kind, "{name}: geometry type");
            let id = f["id"].as_str().unwrap_or_else(|| panic!("{name}: id isn't a string"));
            assert!(ids.insert(id.to_owned()), "{name}: {id} twice");
            assert!(props.values().any(|v| v.as_str() == Some(id)), "{name}: id isn't a property");
            for (k, v) in props {
                assert!(!v.is_object() && !v.is_array(), "{name}: {k} is nested");
                if v.is_null() {
                    assert!(props.contains_key(&format!("{k}_src")), "{name}: {k} is null without {k}_src");
                }
            }
            rings_turn_left(&f["geometry"], &name.to_string());
        }
        for k in keys {
            assert!(features.iter().any(|f| !f["properties"][k].is_null()), "{name}: {k} is never known");
        }
        assert!(path.with_extension("metadata.json").exists(), "{name}: no metadata");
    }
}

/// To build compute for all of it, where nobody told what stands, would be to invent a need.
#[test]
fn without_a_layer_of_data_centers_none_is_opened() {
    let plan = parsed(&nothing_to_do().join("plan.json"));
    assert_eq!(plan["datacenters"].as_array().map(Vec::len), Some(0), "{}", plan["datacenters"]);
    let notes = plan["notes"].as_array().unwrap();
    assert!(notes.iter().any(|n| n["code"] == "N319"), "{notes:?}");
}

fn rings_turn_left(geometry: &Value, name: &str) {
    let polygons: Vec<&Value> = match geometry["type"].as_str() {
        Some("Polygon") => vec![&geometry["coordinates"]],
        Some("MultiPolygon") => geometry["coordinates"].as_array().unwrap().iter().collect(),
        _ => return,
    };
    for p in polygons {
        for (i, ring) in p.as_array().unwrap().iter().enumerate() {
            let at: Vec<[f64; 2]> = ring
                .as_array()
                .unwrap()
                .iter()
                .map(|c| [c[0].as_f64().unwrap(), c[1].as_f64().unwrap()])
                .collect();
            assert_eq!(at.first(), at.last(), "{name}: open ring");
            let area: f64 = at.windows(2).map(|w| w[0][0] * w[1][1] - w[1][0] * w[0][1]).sum();
            assert!((area > 0.0) == (i == 0), "{name}: ring {i} turns the wrong way");
        }
    }
}

#[test]
fn the_workbook_opens() {
    let code = "
import sys, openpyxl
b = openpyxl.load_workbook(sys.argv[1])
assert len(b.sheetnames) >= 4, b.sheetnames
texts = numbers = 0
for n, s in enumerate(b):
    assert s.freeze_panes, (s.title, 'no frozen panes')
    # One page wide, which is what no width stands for.
    wide = s.sheet_properties.pageSetUpPr.fitToPage and s.page_setup.fitToWidth in (None, 1)
    assert wide and int(s.page_setup.fitToHeight) == 0 and s.print_title_rows, (s.title, 'no page')
    last = s.cell(s.max_row, s.max_column).coordinate
    assert s.print_area.replace('$', '').split('!')[1] == f'A1:{last}', (s.title, s.print_area, last)
    if n:
        assert s.auto_filter.ref, (s.title, 'no filter')
    for row in s.iter_rows():
        for c in row:
            assert c.data_type != 'f', (s.title, c.coordinate, c.value)
            if n and c.row > 1 and isinstance(c.value, (int, float)):
                assert c.number_format != 'General', (s.title, c.coordinate, 'has no format')
                numbers += 1
            if n and c.row > 1 and isinstance(c.value, str):
                texts += 1
assert texts > 100 and numbers > 100, (texts, numbers)
";
    run_python(code, &[&demo().join("report.xlsx")]);
}

#[test]
fn a_browser_draws_the_report() {
    if !tool("chromium") {
        return;
    }
    let profile = tempfile::tempdir().unwrap();
    let out = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-sync", "--virtual-time-budget=5000"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg("--dump-dom")
        .arg(format!("file://{}", demo().join("report.html").display()))
        .output()
        .unwrap();
    let dom = String::from_utf8_lossy(&out.stdout);
    assert!(dom.contains("</html>"), "{}", String::from_utf8_lossy(&out.stderr));
    assert!(dom.contains("<svg") || dom.contains("<canvas"), "no map was drawn");
    let size = std::fs::metadata(demo().join("report.html")).unwrap().len();
    assert!(size < 5_000_000, "{size} bytes");
    let text = std::fs::read_to_string(demo().join("report.html")).unwrap();
    for outside in ["src=\"http", "href=\"http://", "@import", "url(http"] {
        assert!(!text.contains(outside), "the report loads {outside}");
    }
}

#[test]
fn the_manifest_names_every_output_with_its_digest() {
    use sha2::{Digest, Sha256};
    let manifest = parsed(&demo().join("manifest.json"));
    let outputs = manifest["outputs"].as_array().unwrap();
    let mut named: Vec<String> = outputs.iter().map(|o| o["name"].as_str().unwrap().to_owned()).collect();
    named.push("manifest.json".into());
    named.sort();
    let mut there: Vec<String> = std::fs::read_dir(demo())
        .unwrap()
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    there.sort();
    assert_eq!(named, there);
    for name in
        ["sites.geojson", "gaps.geojson", "stations.geojson", "fiber_routes.geojson", "datacenters.geojson"]
            .into_iter()
            .chain(["kpi.csv", "report.html", "report.md", "report.xlsx", "plan.json"])
    {
        assert!(there.iter().any(|t| t == name), "no {name}");
    }
    for o in outputs {
        let bytes = std::fs::read(demo().join(o["name"].as_str().unwrap())).unwrap();
        let digest: String = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(o["sha256"].as_str(), Some(digest.as_str()), "{o}");
    }
}

/// Every file of a folder as text; the parts of the workbook and of the QGIS project one by one, as they are
/// compressed in them.
fn texts(folder: &Path) -> Vec<(String, String)> {
    use std::io::Read;
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).unwrap();
        if ![".xlsx", ".qgz"].iter().any(|end| name.ends_with(end)) {
            found.push((name, String::from_utf8(bytes).unwrap()));
            continue;
        }
        let mut book = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
        for i in 0..book.len() {
            let mut part = book.by_index(i).unwrap();
            let mut text = String::new();
            part.read_to_string(&mut text).unwrap();
            found.push((format!("{name}/{i}"), text));
        }
    }
    found
}

/// Every two numbers that stand side by side in a list, as coordinates do.
fn pairs(value: &Value, found: &mut Vec<[f64; 2]>) {
    match value {
        Value::Array(list) => {
            found.extend(list.windows(2).filter_map(|w| Some([w[0].as_f64()?, w[1].as_f64()?])));
            list.iter().for_each(|v| pairs(v, found));
        }
        Value::Object(map) => map.values().for_each(|v| pairs(v, found)),
        _ => {}
    }
}

#[test]
fn a_public_plan_names_no_firm_and_no_place() {
    let dir = tempfile::tempdir().unwrap();
    covplan(dir.path(), &["synth", "--sites", "150", "--cells", "300", "-o", "p"]);
    covplan(
        dir.path(),
        &["plan", "p/covplan.toml", "-o", "out", "--effort", "low", "--redact", "public", "--lang", "zh"],
    );
    let table = |file: &str| -> Vec<std::collections::BTreeMap<String, String>> {
        csv::Reader::from_path(dir.path().join("p").join(file))
            .unwrap()
            .deserialize()
            .map(Result::unwrap)
            .collect()
    };
    let (sites, cells) = (table("sites.csv"), table("cells.csv"));
    let mut secrets = std::collections::BTreeSet::new();
    let mut told = |rows: &[std::collections::BTreeMap<String, String>], columns: &[&str]| {
        for column in columns {
            let values: Vec<String> = rows
                .iter()
                .filter_map(|r| r.get(*column))
                .filter(|v| v.chars().count() > 2)
                .cloned()
                .collect();
            assert!(!values.is_empty(), "the project has no {column}");
            secrets.extend(values);
        }
    };
    told(&sites, &["site_id", "name", "park"]);
    told(&cells, &["cell_id", "station_id", "tower_id"]);
    told(&table("fiber_nodes.csv"), &["node_id"]);
    told(&table("candidates.csv"), &["cand_id"]);
    let exact: Vec<[f64; 2]> =
        sites.iter().chain(&cells).map(|r| [r["lon"].parse().unwrap(), r["lat"].parse().unwrap()]).collect();
    let fields = ["\"pos_acc_m\"", "\"park\"", "\"uscc\"", "\"address", "\"industry\"", "\"employees\""];
    for (name, text) in texts(&dir.path().join("out")) {
        for s in &secrets {
            assert!(!text.contains(s.as_str()), "{name} tells {s}");
        }
        for f in fields.iter().filter(|_| name.ends_with(".geojson")) {
            assert!(!text.contains(f), "{name} has {f}");
        }
        let json = if name.ends_with("json") {
            text.clone()
        } else if let Some((_, rest)) = text.split_once("id=\"map-data\">") {
            rest.split_once("</script>").unwrap().0.to_owned()
        } else {
            continue;
        };
        let mut found = Vec::new();
        pairs(&serde_json::from_str(&json).unwrap(), &mut found);
        for p in found {
            let near = |e: &&[f64; 2]| (e[0] - p[0]).abs() < 2e-5 && (e[1] - p[1]).abs() < 2e-5;
            assert!(exact.iter().find(near).is_none(), "{name} has the position {p:?}");
        }
    }
    // What explains one of its sites reads from the same folder.
    let plan = parsed(&dir.path().join("out/plan.json"));
    assert!(
        plan["sites"].as_array().unwrap().iter().all(|s| s["pos_acc_m"].is_null() && s["park"].is_null())
    );
    assert!(plan["kpis"].as_array().unwrap().iter().all(|k| k["group"] != "park"));
}

#[test]
fn the_same_demo_twice_is_the_same_to_the_byte() {
    let dir = tempfile::tempdir().unwrap();
    for (folder, threads) in [("a", "1"), ("b", "2")] {
        covplan(dir.path(), &["demo", "-o", folder, "--effort", "low", "--threads", threads]);
    }
    for entry in std::fs::read_dir(dir.path().join("a")).unwrap() {
        let path = entry.unwrap().path();
        let other = dir.path().join("b").join(path.file_name().unwrap());
        assert!(std::fs::read(&path).unwrap() == std::fs::read(other).unwrap(), "{} differs", path.display());
    }
}
