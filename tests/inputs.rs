//! Every format that features come in: files made by GDAL and by covplan itself are read as what they hold,
//! what covplan wrote gives the same plan in whichever format it is read again, and damaged files are told.
#![allow(clippy::unwrap_used)] // A test that fails says where.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn run(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_covplan"))
        .args(args)
        .current_dir(dir)
        .env_remove("PROJ_DATA")
        .env_remove("PROJ_LIB")
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

fn covplan(dir: &Path, args: &[&str]) -> String {
    let out = run(dir, args);
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{args:?}: {said}");
    String::from_utf8(out.stdout).unwrap()
}

/// What `check` says of a project: its JSON, whatever the findings.
fn checked(dir: &Path, toml: &str) -> Value {
    std::fs::write(dir.join("p.toml"), format!("[project]\nname = \"t\"\n{toml}")).unwrap();
    let out = run(dir, &["check", "p.toml", "--json"]);
    serde_json::from_slice(&out.stdout)
        .unwrap_or_else(|e| panic!("{toml}: {e}: {}", String::from_utf8_lossy(&out.stderr)))
}

fn codes(checked: &Value) -> Vec<String> {
    let mut codes: Vec<String> = checked["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["code"].as_str().unwrap().to_owned())
        .collect();
    codes.sort();
    codes
}

/// A small project of made-up data, its plan in every format beside it.
fn planned(dir: &Path) {
    covplan(dir, &["synth", "--region", "Suzhou", "--sites", "60", "--cells", "200", "-o", "s"]);
    describe(&dir.join("s/sites.csv"));
    let formats = "geojson,geojsonl,gpkg,fgb,parquet,shp,kml";
    covplan(dir, &["plan", "s/covplan.toml", "-o", "out", "--effort", "low", "--formats", formats]);
}

/// Fills the columns of the sites that no made-up site has, so that each column of the layer is filled
/// somewhere and blank somewhere else.
fn describe(sites: &Path) {
    let mut reader = csv::Reader::from_path(sites).unwrap();
    let mut header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let mut rows: Vec<Vec<String>> =
        reader.records().map(|r| r.unwrap().iter().map(str::to_owned).collect()).collect();
    for (name, values) in [
        ("uscc", ["91320500MA1N0A1B2C", ""]),
        ("factory_scheme", ["5G工厂名录", ""]),
        ("factory_level", ["", "二级"]),
        ("ul_mbps", ["12.5", ""]),
        ("dl_mbps", ["80", ""]),
        ("latency_ms", ["", "7.5"]),
        ("latency_basis", ["one-way", "rtt"]),
        ("terminals_5g", ["37", ""]),
        ("ceiling_m", ["9.25", ""]),
        ("wall", ["high", ""]),
        ("area_m2", ["", "15234.75"]),
        ("above_scale", ["false", ""]),
        ("protect", ["yes", ""]),
        ("weight", ["2.375", ""]),
    ] {
        let at = header.iter().position(|h| h == name).unwrap_or_else(|| {
            header.push(name.to_owned());
            rows.iter_mut().for_each(|r| r.push(String::new()));
            header.len() - 1
        });
        for (n, row) in rows.iter_mut().enumerate() {
            // Two of three rows; the others stay as they are.
            if let Some(value) = values.get(n % 3) {
                row[at] = (*value).to_owned();
            }
        }
    }
    let known: Vec<&str> =
        covplan::model::schema::Layer::named("sites").unwrap().own.iter().map(|c| c.name).collect();
    for name in known {
        assert!(header.iter().any(|h| h == name), "no site tells its {name}: the test leaves it out");
    }
    let mut out = csv::Writer::from_path(sites).unwrap();
    out.write_record(&header).unwrap();
    rows.iter().for_each(|r| out.write_record(r).unwrap());
    out.flush().unwrap();
}

/// The GeoJSON layers of a folder.
fn layers_in(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "geojson"))
        .collect();
    files.sort();
    let name = |p: &Path| p.file_name().unwrap().to_string_lossy().into_owned();
    files.iter().map(|p| (name(p), std::fs::read(p).unwrap())).collect()
}

/// The made-up project with some of its layers taken from the plan in a format; the GeoJSON of its plan.
fn plan_again(dir: &Path, format: &str, layers: &[&str]) -> Vec<(String, Vec<u8>)> {
    let mut project: toml::Table =
        std::fs::read_to_string(dir.join("s/covplan.toml")).unwrap().parse().unwrap();
    for (name, spec) in project["layers"].as_table_mut().unwrap() {
        let path = if !layers.contains(&name.as_str()) {
            format!("../s/{}", spec["path"].as_str().unwrap())
        } else if format == "gpkg" {
            "../out/layers.gpkg".to_owned()
        } else {
            format!("../out/{name}.{format}")
        };
        spec.as_table_mut().unwrap().insert("path".into(), path.into());
    }
    let home = dir.join(format!("{format}-{}", layers.len()));
    std::fs::create_dir(&home).unwrap();
    std::fs::write(home.join("p.toml"), project.to_string()).unwrap();
    covplan(&home, &["plan", "p.toml", "-o", "again", "--effort", "low"]);
    layers_in(&home.join("again"))
}

#[test]
fn out_and_in_again_gives_the_same_plan_in_every_format() {
    let dir = tempfile::tempdir().unwrap();
    planned(dir.path());
    let meant = layers_in(&dir.path().join("out"));
    assert!(meant.iter().any(|(n, b)| n == "stations.geojson" && b.len() > 1000), "a plan that plans");
    for format in ["geojson", "geojsonl", "gpkg", "fgb", "parquet", "shp", "kml"] {
        let again = plan_again(dir.path(), format, &["sites", "regions"]);
        assert_eq!(meant.len(), again.len(), "{format}");
        for ((name, a), (other, b)) in meant.iter().zip(&again) {
            assert_eq!(name, other);
            if a != b {
                let (a, b) = (String::from_utf8_lossy(a), String::from_utf8_lossy(b));
                let differs = a.lines().zip(b.lines()).find(|(a, b)| a != b);
                panic!("{format}: {name} differs: {differs:#?}");
            }
        }
    }
    // Data centers are those that a plan uses, old and new: a plan of its own, the same from every format.
    let layers = ["sites", "regions", "datacenters"];
    let meant = plan_again(dir.path(), "geojson", &layers);
    for format in ["gpkg", "fgb", "parquet", "shp", "kml"] {
        assert!(meant == plan_again(dir.path(), format, &layers), "{format}");
    }
    // The fiber network, as the standard has it: all nodes and all spans with a course.
    let parts = checked(
        dir.path(),
        "[layers.fiber_nodes]\npath = \"out/ofds_nodes.json\"\nformat = \"ofds\"\n\
         defaults = { owner = \"?\", kind = \"closure\" }\n\
         [layers.fiber_segments]\npath = \"out/ofds_spans.json\"\nformat = \"ofds\"\n",
    );
    let count = |file: &str| {
        let text = std::fs::read_to_string(dir.path().join("out").join(file)).unwrap();
        let v: Value = serde_json::from_str(&text).unwrap();
        v["features"].as_array().unwrap().len() as u64
    };
    let nodes = &parts["layers"]["fiber_nodes"];
    assert_eq!(nodes["rows_read"], count("ofds_nodes.json"));
    assert_eq!(parts["layers"]["fiber_segments"]["rows_read"], count("ofds_spans.json"));
}

#[test]
fn inspect_tells_every_format_and_its_layers() {
    let dir = tempfile::tempdir().unwrap();
    planned(dir.path());
    for (file, format) in [
        ("out/layers.gpkg", "gpkg"),
        ("out/sites.fgb", "fgb"),
        ("out/sites.parquet", "parquet"),
        ("out/sites.shp", "shp"),
        ("out/sites.kml", "kml"),
    ] {
        let found: Value = serde_json::from_str(&covplan(dir.path(), &["inspect", file, "--json"])).unwrap();
        assert_eq!((&found["format"], &found["layer"]), (&format.into(), &"sites".into()), "{file}");
        assert_eq!(found["rows"], 60, "{file}");
        assert_eq!(found["reading"]["rows_kept"], 60, "{file}");
        // The content tells where the name doesn't.
        std::fs::copy(dir.path().join(file), dir.path().join("nameless")).unwrap();
        if format != "shp" {
            let found: Value =
                serde_json::from_str(&covplan(dir.path(), &["inspect", "nameless", "--json"])).unwrap();
            assert_eq!(found["format"], format, "{file}");
        }
    }
    let found: Value =
        serde_json::from_str(&covplan(dir.path(), &["inspect", "out/layers.gpkg", "--json"])).unwrap();
    assert!(found["layers"].as_array().unwrap().iter().any(|l| l == "fiber_routes"), "{found}");
    let found: Value =
        serde_json::from_str(&covplan(dir.path(), &["inspect", "out/ofds_spans.json", "--json"])).unwrap();
    assert_eq!((&found["format"], &found["layer"]), (&"ofds".into(), &"fiber_segments".into()));
}

/// Sites with Chinese words, an id of zeros, heights, blanks, and one without a place.
const SITES: &str = r#"{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"企业编号":"0007","企业名称":"苏州钢铁","所属行业":"黑色金属","employees":120,"above_scale":true,"industry_code":"C31","revenue_cny":6580000.5},"geometry":{"type":"Point","coordinates":[120.6,31.3,12.5]}},
{"type":"Feature","properties":{"企业编号":"0008","企业名称":"昆山电子","所属行业":"计算机","employees":null,"above_scale":false,"industry_code":"C39","revenue_cny":null},"geometry":{"type":"Point","coordinates":[120.95,31.38,3]}},
{"type":"Feature","properties":{"企业编号":"0009","企业名称":"无处公司","所属行业":null,"employees":5,"above_scale":null,"industry_code":"C39","revenue_cny":null},"geometry":null}]}"#;
const ROADS: &str = r#"{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"road_id":"R1","class":"primary"},"geometry":{"type":"MultiLineString","coordinates":[[[120.6,31.3],[120.61,31.31]],[[120.62,31.31],[120.63,31.3]]]}},
{"type":"Feature","properties":{"road_id":"R2","class":"secondary"},"geometry":{"type":"LineString","coordinates":[[120.6,31.3],[120.7,31.4]]}}]}"#;
/// Two islands, one with a lake.
const REGIONS: &str = r#"{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"adcode":"320500","name":"苏州市","level":"city"},"geometry":{"type":"MultiPolygon","coordinates":[
[[[120,31],[121,31],[121,32],[120,32],[120,31]],[[120.4,31.4],[120.4,31.6],[120.6,31.6],[120.6,31.4],[120.4,31.4]]],
[[[122,31],[122.5,31],[122.5,31.5],[122,31]]]]}}]}"#;

fn ogr(dir: &Path, args: &[&str]) -> bool {
    let out = Command::new("ogr2ogr").args(args).current_dir(dir).output().unwrap();
    if !out.status.success() {
        eprintln!("skipped: ogr2ogr {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    }
    out.status.success()
}

fn has_gdal() -> bool {
    let there = Command::new("ogr2ogr").arg("--version").output().is_ok_and(|o| o.status.success());
    if !there {
        eprintln!("skipped: no ogr2ogr (run `make test`)");
    }
    there
}

fn sources(dir: &Path) {
    for (name, text) in [("sites.geojson", SITES), ("roads.geojson", ROADS), ("regions.geojson", REGIONS)] {
        std::fs::write(dir.join(name), text).unwrap();
    }
}

/// Ids, names and places of the sites that covplan reads from a layer, as its own output tells them.
fn sites_of(dir: &Path, keys: &str) -> Vec<(String, String, [f64; 2], Value, Value)> {
    let toml = format!("[project]\nname = \"t\"\n[layers.sites]\n{keys}\n");
    std::fs::write(dir.join("c.toml"), &toml).unwrap();
    let _ = std::fs::remove_dir_all(dir.join("c"));
    covplan(dir, &["coverage", "c.toml", "-o", "c"]);
    let v: Value =
        serde_json::from_str(&std::fs::read_to_string(dir.join("c/sites.geojson")).unwrap()).unwrap();
    let mut all: Vec<_> = v["features"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| {
            let p = &f["properties"];
            let c = &f["geometry"]["coordinates"];
            (
                f["id"].as_str().unwrap().to_owned(),
                p["name"].as_str().unwrap().to_owned(),
                [c[0].as_f64().unwrap(), c[1].as_f64().unwrap()],
                p["employees"].clone(),
                p["industry_code"].clone(),
            )
        })
        .collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

fn expect_sites(dir: &Path, what: &str, keys: &str) {
    let found = sites_of(dir, keys);
    assert_eq!(found.len(), 2, "{what}: {found:?}");
    for (f, (id, name, at, employees, industry)) in found.iter().zip([
        ("0007", "苏州钢铁", [120.6, 31.3], Value::from(120), "C31"),
        ("0008", "昆山电子", [120.95, 31.38], Value::Null, "C39"),
    ]) {
        assert_eq!((f.0.as_str(), f.1.as_str()), (id, name), "{what}");
        assert!(f.2.iter().zip(at).all(|(a, b)| (a - b).abs() < 2e-7), "{what}: {:?}", f.2);
        assert_eq!(f.3.as_f64(), employees.as_f64(), "{what}");
        assert_eq!(f.4, industry, "{what}");
    }
}

#[test]
fn what_gdal_writes_is_read_as_what_it_is() {
    if !has_gdal() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    sources(at);
    expect_sites(at, "GeoJSON", "path = \"sites.geojson\"");
    // A GeoPackage with several layers, in several systems.
    assert!(ogr(at, &["-f", "GPKG", "many.gpkg", "sites.geojson", "-nln", "企业"]));
    assert!(ogr(at, &["-f", "GPKG", "-update", "many.gpkg", "roads.geojson", "-nln", "roads"]));
    assert!(ogr(
        at,
        &["-f", "GPKG", "-update", "many.gpkg", "regions.geojson", "-nln", "regions", "-t_srs", "EPSG:4549"]
    ));
    expect_sites(at, "GeoPackage", "path = \"many.gpkg\"\nlayer = \"企业\"");
    let all = checked(
        at,
        "[layers.roads]\npath = \"many.gpkg\"\n[layers.regions]\npath = \"many.gpkg\"\n\
         [layers.towns]\npath = \"many.gpkg\"\n[layers.cells]\npath = \"many.gpkg\"\nlayer = \"nosuch\"\n",
    );
    assert_eq!(all["layers"]["roads"]["rows_kept"], 2, "{all}");
    assert_eq!(all["layers"]["regions"]["rows_kept"], 1, "{all}");
    assert!(all["layers"]["regions"]["crs"].as_str().unwrap().contains("CGCS2000"), "{all}");
    // Two parts of a road; towns and cells can't tell which layer they are.
    assert_eq!(codes(&all), ["D022", "D054", "D054"], "{all}");
    // `convert` makes GeoJSON of a layer.
    let args = ["convert", "many.gpkg", "--layer", "regions", "--from", "EPSG:4549", "--to", "EPSG:4326"];
    let text = covplan(at, &args);
    let made: Value = serde_json::from_str(&text).unwrap();
    let area = &made["features"][0];
    assert_eq!(
        (&area["properties"]["name"], &area["geometry"]["type"]),
        (&"苏州市".into(), &"MultiPolygon".into())
    );
    let lake = area["geometry"]["coordinates"][0][1].as_array().unwrap();
    assert!(lake.iter().any(|p| (p[0].as_f64().unwrap() - 120.4).abs() < 1e-8), "{text}");
    let out = run(at, &args[..2].iter().chain(&args[4..]).copied().collect::<Vec<_>>());
    assert_eq!(out.status.code(), Some(3), "several layers, and none named");
    // A FlatGeobuf with and without its index, which leaves features without a place out.
    for (name, index) in [("a.fgb", "YES"), ("b.fgb", "NO")] {
        assert!(ogr(
            at,
            &["-f", "FlatGeobuf", "-lco", &format!("SPATIAL_INDEX={index}"), name, "sites.geojson"]
        ));
        expect_sites(at, name, &format!("path = \"{name}\""));
    }
    assert!(ogr(at, &["-f", "FlatGeobuf", "r.fgb", "regions.geojson", "-t_srs", "EPSG:4490"]));
    assert_eq!(checked(at, "[layers.regions]\npath = \"r.fgb\"\n")["layers"]["regions"]["rows_kept"], 1);
    // KML and KMZ, by both of GDAL's drivers.
    for (driver, name) in [("KML", "a.kml"), ("LIBKML", "b.kml"), ("LIBKML", "b.kmz")] {
        if ogr(at, &["-f", driver, name, "sites.geojson"]) {
            expect_sites(at, name, &format!("path = \"{name}\""));
        }
    }
    if ogr(at, &["-f", "LIBKML", "r.kml", "regions.geojson"]) {
        let found = checked(at, "[layers.regions]\npath = \"r.kml\"\n");
        assert_eq!(found["layers"]["regions"]["rows_kept"], 1, "{found}");
    }
}

#[test]
fn shapefiles_as_they_are_found_in_the_wild() {
    if !has_gdal() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    sources(at);
    // GBK without a .cpg, in a zone of CGCS2000 told by Esri's .prj, names cut to ten bytes.
    for encoding in ["GBK", "UTF-8"] {
        let folder = encoding.to_lowercase();
        let lco = format!("ENCODING={encoding}");
        assert!(ogr(
            at,
            &["-f", "ESRI Shapefile", "-lco", &lco, "-t_srs", "EPSG:4549", &folder, "sites.geojson"]
        ));
        let keys = format!("path = \"{folder}/sites.shp\"");
        expect_sites(at, "with .cpg", &keys);
        std::fs::remove_file(at.join(&folder).join("sites.cpg")).unwrap();
        // Nor does the table's own mark of a code page tell.
        let dbf = at.join(&folder).join("sites.dbf");
        let mut bytes = std::fs::read(&dbf).unwrap();
        bytes[29] = 0x57;
        std::fs::write(&dbf, &bytes).unwrap();
        expect_sites(at, "without .cpg", &keys);
    }
    std::fs::write(at.join("gbk/sites.cpg"), "CP936").unwrap();
    expect_sites(at, "by the number of a code page", "path = \"gbk/sites.shp\"");
    std::fs::write(at.join("gbk/sites.cpg"), "klingon").unwrap();
    assert_eq!(codes(&checked(at, "[layers.sites]\npath = \"gbk/sites.shp\"\n")), ["D003"]);
    expect_sites(at, "as the project says", "path = \"gbk/sites.shp\"\nencoding = \"gbk\"");
    std::fs::remove_file(at.join("gbk/sites.cpg")).unwrap();
    // Plane coordinates without a .prj can't be placed, until the project says where.
    std::fs::remove_file(at.join("gbk/sites.prj")).unwrap();
    let found = checked(at, "[layers.sites]\npath = \"gbk/sites.shp\"\n");
    assert!(codes(&found).iter().any(|c| c == "D018" || c == "D016"), "{found}");
    expect_sites(at, "without .prj", "path = \"gbk/sites.shp\"\ncrs = \"EPSG:4549\"");
    // A row that is marked as deleted is none.
    let dbf = at.join("gbk/sites.dbf");
    let whole = std::fs::read(&dbf).unwrap();
    let mut bytes = whole.clone();
    let head = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    bytes[head] = b'*';
    std::fs::write(&dbf, &bytes).unwrap();
    let found = checked(at, "[layers.sites]\npath = \"gbk/sites.shp\"\ncrs = \"EPSG:4549\"\n");
    assert_eq!(found["layers"]["sites"]["rows_read"], 2, "{found}");
    std::fs::write(&dbf, &whole).unwrap();
    // A part that is missing is named.
    for part in ["shx", "dbf"] {
        let (from, to) = (at.join(format!("gbk/sites.{part}")), at.join("gbk/aside"));
        std::fs::rename(&from, &to).unwrap();
        let found = checked(at, "[layers.sites]\npath = \"gbk/sites.shp\"\n");
        assert_eq!(codes(&found), ["D001"], "{found}");
        assert!(found["findings"][0]["value"].as_str().unwrap().contains(&format!(".{part}")), "{found}");
        let zh = found["findings"][0]["value_zh"].as_str().unwrap();
        assert!(zh.starts_with(&format!("缺少同名的 .{part}")), "{zh}");
        std::fs::rename(&to, &from).unwrap();
    }
    // Every part is an input that the manifest tells, and one of another set is refused.
    covplan(at, &["coverage", "c.toml", "-o", "m"]);
    let manifest = std::fs::read_to_string(at.join("m/manifest.json")).unwrap();
    for part in ["shp", "shx", "dbf"] {
        assert!(manifest.contains(&format!("gbk/sites.{part}\"")), "{part}: {manifest}");
    }
    assert!(ogr(at, &["-f", "ESRI Shapefile", "lines", "roads.geojson"]));
    std::fs::copy(at.join("lines/roads.dbf"), at.join("gbk/sites.dbf")).unwrap();
    let found = checked(at, "[layers.sites]\npath = \"gbk/sites.shp\"\n");
    assert_eq!(codes(&found), ["D002"], "{found}");
    // Lines of several parts, areas with holes, and all of it in one ZIP.
    assert!(ogr(at, &["-f", "ESRI Shapefile", "lines", "regions.geojson"]));
    let zip = at.join("all.shp.zip");
    let mut out = zip::ZipWriter::new(std::fs::File::create(&zip).unwrap());
    for entry in std::fs::read_dir(at.join("lines")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        out.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut out, &std::fs::read(&path).unwrap()).unwrap();
    }
    out.finish().unwrap();
    // An archive is known by what it holds.
    std::fs::copy(&zip, at.join("all.zip")).unwrap();
    for path in ["lines/{}.shp", "all.shp.zip", "all.zip"] {
        let named = |layer: &str| path.replace("{}", layer);
        let found = checked(
            at,
            &format!(
                "[layers.roads]\npath = \"{}\"\n[layers.regions]\npath = \"{}\"\n",
                named("roads"),
                named("regions")
            ),
        );
        assert_eq!(codes(&found), ["D022"], "{found}");
        assert_eq!(found["layers"]["roads"]["rows_kept"], 2, "{found}");
        assert_eq!(found["layers"]["regions"]["rows_kept"], 1, "{found}");
    }
}

/// A ZIP of files; `QQQQ` in their names becomes two characters of GBK, as Windows packs them in China.
fn pack(path: &Path, files: &[(String, Vec<u8>)]) {
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        out.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut out, bytes).unwrap();
    }
    let mut packed = out.finish().unwrap().into_inner();
    for at in 0..packed.len().saturating_sub(4) {
        if &packed[at..at + 4] == b"QQQQ" {
            packed[at..at + 4].copy_from_slice(b"\xb3\xa7\xc7\xf8");
        }
    }
    std::fs::write(path, packed).unwrap();
}

#[test]
fn archives_of_macs_and_of_chinese_windows() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let csv = "site_id,name,lon,lat\nS1,甲,118.7865,32.1242\n".as_bytes().to_vec();
    let kml = "<kml><Document><Placemark><name>甲</name><ExtendedData><Data name=\"site_id\"><value>S1</value>\
               </Data></ExtendedData><Point><coordinates>118.7865, 32.1242, 0</coordinates></Point></Placemark>\
               </Document></kml>"
        .as_bytes()
        .to_vec();
    std::fs::write(at.join("t.csv"), &csv).unwrap();
    std::fs::write(at.join("t.toml"), "[project]\nname = \"t\"\n[layers.sites]\npath = \"t.csv\"\n").unwrap();
    covplan(at, &["coverage", "t.toml", "-o", "o", "--formats", "shp"]);
    let part = |ext: &str| std::fs::read(at.join(format!("o/sites.{ext}"))).unwrap();
    let set = |stem: &str| -> Vec<(String, Vec<u8>)> {
        ["shp", "shx", "dbf", "prj", "cpg"].iter().map(|e| (format!("{stem}.{e}"), part(e))).collect()
    };
    // A Mac adds a shadow of every file, beside it or in a folder of its own.
    let shadow = || b"\0\x05\x16\x07\0\x02\0\0Mac OS X".to_vec();
    let shadows = |files: Vec<(String, Vec<u8>)>| -> Vec<(String, Vec<u8>)> {
        let other = |(name, _): &(String, Vec<u8>)| {
            [(format!("__MACOSX/._{name}"), shadow()), (format!("._{name}"), shadow())]
        };
        files
            .iter()
            .flat_map(other)
            .chain(files.iter().cloned())
            .chain([(".DS_Store".into(), shadow())])
            .collect()
    };
    let one = |name: &str, bytes: &[u8]| vec![(name.to_owned(), bytes.to_vec())];
    pack(&at.join("mac.kmz"), &shadows(one("doc.kml", &kml)));
    pack(&at.join("mac.csv.zip"), &shadows(one("sites.csv", &csv)));
    pack(&at.join("mac.shp.zip"), &shadows(set("plants")));
    pack(&at.join("gbk.kmz"), &one("QQQQ.kml", &kml));
    pack(&at.join("gbk.csv.zip"), &one("QQQQ.csv", &csv));
    let both: Vec<_> = set("QQQQ").into_iter().chain(set("other")).collect();
    pack(&at.join("gbk.shp.zip"), &both);
    for layer in [
        "path = \"mac.kmz\"",
        "path = \"mac.csv.zip\"",
        "path = \"mac.shp.zip\"",
        "path = \"gbk.kmz\"",
        "path = \"gbk.csv.zip\"",
        "path = \"gbk.shp.zip\"\nlayer = \"厂区\"",
    ] {
        let found = checked(at, &format!("[layers.sites]\n{layer}\n"));
        assert_eq!(found["layers"]["sites"]["rows_kept"], 1, "{layer}: {found}");
    }
    let listed = covplan(at, &["inspect", "gbk.shp.zip"]);
    assert!(listed.contains("厂区"), "{listed}");
}

/// The Python that `make test` sets up.
fn python() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/readers/bin/python");
    let found = Command::new(&path)
        .args(["-c", "import geopandas, pyarrow.parquet"])
        .output()
        .is_ok_and(|o| o.status.success());
    if !found {
        eprintln!("skipped: no Python with geopandas and pyarrow (run `make test`)");
    }
    found.then_some(path)
}

#[test]
fn geoparquet_of_others() {
    let Some(python) = python() else { return };
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    sources(at);
    let script = "import geopandas as g, pyarrow.parquet as q\n\
        d = g.read_file('sites.geojson')\n\
        d.to_parquet('a.parquet')\n\
        d.to_crs(4549).to_parquet('b.parquet', compression='zstd', schema_version='1.1.0', write_covering_bbox=True)\n\
        d.to_crs(4549).to_parquet('c.parquet', compression='gzip', row_group_size=1)\n\
        d.assign(lon=d.geometry.x, lat=d.geometry.y).drop(columns='geometry').to_parquet('d.parquet')\n\
        d.set_crs('+proj=tmerc +lon_0=121 +x_0=350000 +ellps=WGS84 +datum=WGS84', allow_override=True).to_parquet('e.parquet')\n\
        d.to_crs('+proj=tmerc +lon_0=121 +x_0=350000 +datum=WGS84').to_parquet('f.parquet')\n\
        d.to_parquet('g.parquet', geometry_encoding='geoarrow')\n\
        d.to_parquet('h.parquet', compression='brotli')\n\
        d.to_parquet('i.parquet', compression='lz4')\n";
    let out = Command::new(python).args(["-c", script]).current_dir(at).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    for name in ["a", "b", "c", "d", "f"] {
        expect_sites(at, name, &format!("path = \"{name}.parquet\""));
    }
    // What can't be read is told, with the way out.
    for (name, word) in [("g", "WKB"), ("h", "brotli"), ("i", "lz4")] {
        let found = checked(at, &format!("[layers.sites]\npath = \"{name}.parquet\"\n"));
        assert_eq!(codes(&found), ["D053"], "{found}");
        assert!(found.to_string().contains(word), "{found}");
    }
}

#[test]
fn kml_as_people_draw_it() {
    let dir = tempfile::tempdir().unwrap();
    let text = r#"<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2"><Document><name>图</name>
<Folder><name>sites</name>
<Placemark><name>甲 &amp; 乙<![CDATA[ <厂>]]></name><ExtendedData><Data name="site_id"><value>007</value></Data></ExtendedData>
<Point><coordinates> 120.6,31.3,5 </coordinates></Point></Placemark>
<Placemark><name>丙</name><ExtendedData><Data name="site_id"><value>8</value></Data><Data name="city"><value>苏州</value></Data></ExtendedData>
<MultiGeometry><Point><coordinates>120.7,31.3</coordinates></Point></MultiGeometry></Placemark>
<Placemark><name>丁</name><Point><coordinates>here</coordinates></Point></Placemark>
<Placemark><name>戊</name><gx:Track><gx:coord>1 2 3</gx:coord></gx:Track></Placemark>
<Placemark><name>己</name></Placemark>
</Folder>
<Folder><name>区划</name><Placemark><name>某市</name><ExtendedData><Data name="adcode"><value>320500</value></Data><Data name="level"><value>city</value></Data></ExtendedData>
<Polygon><innerBoundaryIs><LinearRing><coordinates>120.4,31.4 120.4,31.6 120.6,31.6 120.4,31.4</coordinates></LinearRing></innerBoundaryIs>
<outerBoundaryIs><LinearRing><coordinates>120,31 121,31 121,32 120,32 120,31</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark></Folder>
</Document></kml>"#;
    std::fs::write(dir.path().join("a.kml"), text).unwrap();
    let found = checked(
        dir.path(),
        "[layers.sites]\npath = \"a.kml\"\n[layers.regions]\npath = \"a.kml\"\nlayer = \"区划\"\n",
    );
    let l = &found["layers"]["sites"];
    assert_eq!((&l["rows_read"], &l["rows_kept"]), (&5.into(), &2.into()), "{found}");
    assert_eq!(found["layers"]["regions"]["rows_kept"], 1, "{found}");
    assert_eq!(codes(&found), ["D020", "D021", "D026"], "{found}");
    let found = sites_of(dir.path(), "path = \"a.kml\"");
    assert_eq!(
        (found[0].0.as_str(), found[0].1.as_str(), found[0].2),
        ("007", "甲 & 乙 <厂>", [120.6, 31.3])
    );
    // All folders at once, where one isn't enough.
    let found = checked(dir.path(), "[layers.candidates]\npath = \"a.kml\"\n");
    assert!(codes(&found).contains(&"D054".to_owned()), "{found}");
    assert!(found.to_string().contains("layer = \\\"*\\\""), "{found}");
    let found = checked(dir.path(), "[layers.sites]\npath = \"a.kml\"\nlayer = \"*\"\n");
    assert_eq!(found["layers"]["sites"]["rows_read"], 6, "{found}");
    // Other encodings, declared, marked or told by the project.
    let drawn = |declared: &str| {
        format!(
            "<?xml version=\"1.0\" encoding=\"{declared}\"?>\n<kml><Placemark><name>南京钢铁厂</name><ExtendedData><Data name=\"site_id\"><value>1</value></Data></ExtendedData><Point><coordinates>118.8,32.06</coordinates></Point></Placemark></kml>"
        )
    };
    let gbk = |text: &str| encoding_rs::GBK.encode(text).0.into_owned();
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    for (bytes, more) in [
        (gbk(&drawn("GBK")), ""),
        (gbk(&drawn("gb2312")), ""),
        (gbk(&drawn("UTF-8")), ""),
        (gbk(&drawn("UTF-8")), "encoding = \"gbk\""),
        (wide(&format!("\u{feff}{}", drawn("UTF-16"))), ""),
        (drawn("GBK").into_bytes(), ""),
    ] {
        std::fs::write(dir.path().join("e.kml"), bytes).unwrap();
        let found = sites_of(dir.path(), &format!("path = \"e.kml\"\n{more}"));
        assert_eq!(found[0].1, "南京钢铁厂");
    }
    // A table has no layers to choose from.
    std::fs::write(dir.path().join("s.csv"), "site_id,name,lon,lat\nS1,A,118.8,32.06\n").unwrap();
    assert_eq!(codes(&checked(dir.path(), "[layers.sites]\npath = \"s.csv\"\nlayer = \"x\"\n")), ["D054"]);
}

#[test]
fn ofds_as_its_own_json() {
    let dir = tempfile::tempdir().unwrap();
    let provider = r#""physicalInfrastructureProvider":{"id":"o1","name":"中国电信"}"#;
    let text = format!(
        r#"{{"networks":[{{"id":"n","name":"网","crs":{{"name":"urn:ogc:def:crs:OGC::CRS84"}},
        "nodes":[{{"id":"A","name":"局","type":["exchange"],"accessPoint":true,{provider},"location":{{"type":"Point","coordinates":[120.6,31.3]}}}},
                 {{"id":"B","type":["cabinet"],{provider},"location":{{"type":"Point","coordinates":[120.7,31.4]}}}},
                 {{"id":"C","type":["spaceport"],{provider},"location":{{"type":"Point","coordinates":[120.8,31.4]}}}}],
        "spans":[{{"id":"S","start":{{"id":"A"}},"end":{{"id":"B"}},{provider},"fibreCount":48,"fibreLength":14.2,"status":"operational",
                  "deployment":["aboveGround"],"route":{{"type":"LineString","coordinates":[[120.6,31.3],[120.7,31.4]]}}}}]}}]}}"#
    );
    std::fs::write(dir.path().join("n.ofds.json"), &text).unwrap();
    let found = checked(dir.path(), "[layers.fiber]\npath = \"n.ofds.json\"\n");
    let l = &found["layers"]["fiber"];
    // A kind that covplan has no word for is listed, not guessed.
    assert_eq!((&l["rows_read"], &l["rows_kept"]), (&4.into(), &3.into()), "{found}");
    assert_eq!(codes(&found), ["D032"], "{found}");
    for (layer, rows) in [("fiber_nodes", 3), ("fiber_segments", 1)] {
        let found = checked(dir.path(), &format!("[layers.{layer}]\npath = \"n.ofds.json\"\n"));
        assert_eq!(found["layers"][layer]["rows_read"], rows, "{found}");
    }
    let found = checked(dir.path(), "[layers.sites]\npath = \"n.ofds.json\"\n");
    assert_eq!(codes(&found), ["D053"], "{found}");
}
