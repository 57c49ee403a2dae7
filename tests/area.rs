//! `covplan area`, through the real program.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const CELLS: &str = "cell_id,operator,rat,lon,lat,band,height_m,power_w,azimuth_deg,etilt_deg,ports\n\
    A,cmcc,nr,1.5218,42.5063,n28,25,80,20,4,4T4R\nB,cmcc,nr,1.5801,42.5346,n28,25,80,200,4,4T4R\n\
    C,ct,nr,1.5330,42.5563,n78,25,200,180,6,64T64R\n";

fn project(dir: &Path, dem: Option<&Path>) -> PathBuf {
    std::fs::write(dir.join("cells.csv"), CELLS).unwrap();
    let dem = dem.map_or(String::new(), |d| format!("[layers.dem]\npath = {:?}\n", d.display().to_string()));
    let text = format!("[project]\nname = \"a\"\n[layers.cells]\npath = \"cells.csv\"\n{dem}");
    let path = dir.join("p.toml");
    std::fs::write(&path, text).unwrap();
    path
}

fn area(project: &Path, out: &str, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_covplan"))
        .arg("area")
        .arg(project)
        .args(["-o", out])
        .args(more)
        .current_dir(project.parent().unwrap())
        .env_remove("PROJ_DATA")
        .env_remove("PROJ_LIB")
        .output()
        .unwrap()
}

fn summary(dir: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(dir.join("area.json")).unwrap()).unwrap()
}

/// Heights of Andorra, where the machine has them.
fn andorra() -> Option<PathBuf> {
    let shared = std::env::var_os("COVPLAN_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let dem = shared.join("data/dem_hgt_andorra/N42E001.hgt.zip");
    if !dem.exists() {
        eprintln!("SKIPPED: no heights at {}: set COVPLAN_SHARED", dem.display());
        return None;
    }
    Some(dem)
}

#[test]
fn without_heights_the_map_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let project = project(dir.path(), None);
    let done = area(&project, "map", &["--step-m", "200"]);
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let map = dir.path().join("map");
    for name in ["rsrp.tif", "ss_sinr.tif", "dl_rate.tif", "contours.geojson", "manifest.json"] {
        assert!(map.join(name).is_file(), "{name}");
    }
    let s = summary(&map);
    assert_eq!(s["unknown_km2"], 0.0);
    assert!(s["served_share"].as_f64().unwrap() > 0.05);
    assert!(s["notes"].to_string().contains("N110"), "{s}");
    // A second run doesn't write over the first.
    assert_eq!(area(&project, "map", &["--step-m", "200"]).status.code(), Some(2));
}

#[test]
fn over_heights_valleys_differ_and_the_edge_is_unknown() {
    let Some(dem) = andorra() else { return };
    let dir = tempfile::tempdir().unwrap();
    let project = project(dir.path(), Some(&dem));
    let box_ = "1.45,42.45,1.65,42.60";
    assert_eq!(
        area(&project, "one", &["--step-m", "200", "--bbox", box_, "--threads", "1"]).status.code(),
        Some(0)
    );
    assert_eq!(
        area(&project, "two", &["--step-m", "200", "--bbox", box_, "--threads", "2"]).status.code(),
        Some(0)
    );
    let read = |folder: &str, name: &str| std::fs::read(dir.path().join(folder).join(name)).unwrap();
    for name in ["rsrp.tif", "contours.geojson", "area.json", "manifest.json"] {
        assert!(read("one", name) == read("two", name), "{name} depends on the number of threads");
    }
    let s = summary(&dir.path().join("one"));
    assert_eq!(s["unknown_km2"], 0.0, "{s}");
    assert!(s["links"]["p1812"].as_u64().unwrap() > 1000);
    let contours: Value = serde_json::from_slice(&read("one", "contours.geojson")).unwrap();
    assert!(contours["features"].as_array().is_some_and(|f| !f.is_empty()));
    // South of 42° N there is no file.
    let done =
        area(&project, "south", &["--step-m", "200", "--bbox", "1.5,41.9,1.6,42.05", "--reach-km", "80"]);
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let s = summary(&dir.path().join("south"));
    let share = s["unknown_km2"].as_f64().unwrap() / s["area_km2"].as_f64().unwrap();
    assert!((0.6..0.75).contains(&share), "{s}");
}

#[test]
fn bad_questions_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let project = project(dir.path(), None);
    for more in [
        ["--bbox", "1.8,42.4,1.4,42.7"],
        ["--bbox", "1.4,42.4"],
        ["--step-m", "0"],
        ["--network", "nobody"],
        ["--reach-km", "nan"],
    ] {
        let done = area(&project, "map", &more);
        assert_eq!(done.status.code(), Some(2), "{more:?}");
        assert!(!dir.path().join("map").exists());
    }
    let done = area(&project, "map", &["--step-m", "1", "--bbox", "-20,30,20,60"]);
    assert_eq!(done.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&done.stderr).contains("--bbox"));
}
