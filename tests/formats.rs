//! Every layer in every format, through every reader: layer names, counts, types, CRS, Chinese text, empty
//! layers and nulls, all equal to the GeoJSON beside it. The table in docs/outputs.md is this test's answer.
#![allow(clippy::unwrap_used)] // A test that fails says where.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const ALL: &str = "geojson,geojsonl,gpkg,fgb,parquet,shp,kml";

fn run(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_covplan"))
        .args(args)
        .current_dir(dir)
        .env_remove("PROJ_DATA")
        .env_remove("PROJ_LIB")
        .output()
        .unwrap()
}

fn covplan(dir: &Path, args: &[&str]) {
    let out = run(dir, args);
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
}

/// The Python that `make test` sets up, where it has all readers.
fn python() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/readers/bin/python");
    let found = Command::new(&path)
        .args(["-c", "import pyogrio, geopandas, openpyxl, pyarrow.parquet, shapely"])
        .output()
        .is_ok_and(|o| o.status.success());
    let gdal = Command::new("ogr2ogr").arg("--version").output().is_ok();
    if !(found && gdal) {
        eprintln!(
            "skipped: no ogr2ogr, or no Python with geopandas, openpyxl, pyogrio and pyarrow (run `make test`)"
        );
    }
    (found && gdal).then_some(path)
}

/// A synthetic project in the folder `name`.
fn write_synthetic(dir: &Path, name: &str, region: &str, sites: &str, cells: &str) {
    covplan(dir, &["synth", "--region", region, "--sites", sites, "--cells", cells, "-o", name]);
}

/// A plan without a gap, so that its layers are empty.
fn write_empty_project(dir: &Path) {
    for (name, text) in [
        (
            "p.toml",
            "[project]\nname = \"t\"\n[layers.sites]\npath = \"sites.csv\"\n[layers.cells]\npath = \"cells.csv\"\n",
        ),
        ("sites.csv", "site_id,name,lon,lat,has_fiber,indoor_5g\nS1,甲厂,118.8,32.06,yes,pico\n"),
        ("cells.csv", "cell_id,operator,rat,lon,lat,band,azimuth_deg\nC1,cmcc,nr,118.8005,32.0605,n41,220\n"),
    ] {
        std::fs::write(dir.join(name), text).unwrap();
    }
}

#[test]
fn every_reader_sees_what_was_meant_in_every_format() {
    let Some(python) = python() else { return };
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    write_synthetic(at, "j", "Jiangsu", "200", "700");
    covplan(
        at,
        &["plan", "j/covplan.toml", "-o", "full", "--effort", "low", "--formats", ALL, "--lang", "zh"],
    );
    write_empty_project(at);
    covplan(at, &["plan", "p.toml", "-o", "empty", "--formats", ALL]);
    write_synthetic(at, "s", "Suzhou", "60", "200");
    covplan(
        at,
        &[
            "plan",
            "s/covplan.toml",
            "-o",
            "zone",
            "--effort",
            "low",
            "--formats",
            ALL,
            "--output-crs",
            "EPSG:4549",
        ],
    );
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats.py");
    let out = Command::new(python)
        .arg(script)
        .args(["full", "empty", "zone"].map(|f| at.join(f)))
        .output()
        .unwrap();
    let table = String::from_utf8_lossy(&out.stdout).into_owned();
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(out.status.success(), "{said}\n{table}");
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/outputs.md");
    let text = std::fs::read_to_string(&page).unwrap();
    let (begin, end) = ("<!-- readers: made by tests/formats.rs -->\n", "<!-- end of readers -->\n");
    let (head, rest) = text.split_once(begin).unwrap();
    let (old, tail) = rest.split_once(end).unwrap();
    if std::env::var_os("COVPLAN_WRITE_DOCS").is_some() {
        std::fs::write(&page, format!("{head}{begin}\n{table}\n{end}{tail}")).unwrap();
        return;
    }
    assert_eq!(old.trim(), table.trim(), "docs/outputs.md is stale: run this test with COVPLAN_WRITE_DOCS=1");
}

fn bytes(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .map(|p| (p.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(p).unwrap()))
        .collect()
}

#[test]
fn the_same_plan_gives_the_same_bytes_in_every_format() {
    let dir = tempfile::tempdir().unwrap();
    write_synthetic(dir.path(), "s", "Jiangsu", "150", "500");
    for (folder, threads) in [("a", "1"), ("b", "2")] {
        let args = ["plan", "s/covplan.toml", "-o", folder, "--effort", "low"];
        covplan(dir.path(), &[&args[..], &["--threads", threads, "--formats", ALL]].concat());
    }
    let (a, b) = (bytes(&dir.path().join("a")), bytes(&dir.path().join("b")));
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    for (name, bytes) in &a {
        assert!(b[name] == *bytes, "{name} differs");
    }
    for ext in ["geojson", "geojsonl", "fgb", "parquet", "shp", "shx", "dbf", "prj", "cpg", "kml"] {
        assert!(a.contains_key(&format!("sites.{ext}")), "no sites.{ext}");
    }
    assert!(a.contains_key("layers.gpkg"));
}

#[test]
fn what_cannot_be_written_is_said_before_any_work() {
    let dir = tempfile::tempdir().unwrap();
    for (args, wanted) in [
        (["--formats", "dwg"], "the formats are geojson"),
        (["--formats", ""], "the formats are geojson"),
        (["--output-crs", "EPSG:99999"], "unknown coordinate system"),
        (["--output-crs", "gcj02"], "no code that a file could carry"),
        (["--output-crs", "EPSG:4214"], "can't be brought to WGS 84"),
        (["--output-crs", "EPSG:4979"], "it has heights"),
        (["--output-crs", "EPSG:7415"], "it has heights"),
        (["--output-crs", "EPSG:4978"], "geocentric system"),
        (["--output-crs", "EPSG:5773"], "height system"),
        (["--output-crs", "EPSG:6244"], "has no words for its projection"),
    ] {
        let out = run(dir.path(), &[&["demo", "-o", "out"][..], &args[..]].concat());
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(2), "{args:?}: {said}");
        assert!(said.contains(wanted), "{args:?}: {said}");
        assert!(!dir.path().join("out").exists());
    }
    // Jiangsu doesn't lie in Lima's zone: nothing is written, and the message says which feature it is.
    write_synthetic(dir.path(), "s", "Jiangsu", "60", "200");
    let args = ["plan", "s/covplan.toml", "-o", "out", "--effort", "low"];
    let out = run(dir.path(), &[&args[..], &["--formats", "gpkg", "--output-crs", "EPSG:32718"]].concat());
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(2), "{said}");
    assert!(said.contains("can't be put into EPSG:32718"), "{said}");
    assert!(!dir.path().join("out").exists());
}
