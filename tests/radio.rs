//! Halls and measured antennas through the real program.
#![allow(clippy::unwrap_used)] // A test that fails says where.

use serde_json::Value;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn covplan(dir: &Path, args: &[&str], stdin: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_covplan"))
        .args(args)
        .current_dir(dir)
        .env_remove("PROJ_DATA")
        .env_remove("PROJ_LIB")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn told(out: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
}

/// One hall by options, the same by a line of JSON, and in Chinese.
#[test]
fn a_hall_by_options_and_by_json() {
    let dir = tempfile::tempdir().unwrap();
    let options = ["hall", "--length-m", "240", "--width-m", "90", "--ceiling-m", "9", "--service", "video"];
    let one = covplan(dir.path(), &[&options[..], &["--json", "--quiet", "-o", "out"]].concat(), "");
    assert_eq!(one.status.code(), Some(0), "{}", told(&one));
    let json: Value = serde_json::from_slice(&one.stdout).unwrap();
    assert_eq!(json["schema"], "covplan/hall/1");
    let result = &json["result"];
    let nodes = result["nodes"].as_array().unwrap();
    assert_eq!(result["nodes_needed"].as_u64(), Some(nodes.len() as u64));
    assert!(result["nodes_bound"].as_u64() <= result["nodes_needed"].as_u64());
    assert_eq!(result["capex_cny"].as_f64(), Some(40_000.0 + 12_000.0 * nodes.len() as f64));
    let line = r#"{"length_m":240,"width_m":90,"ceiling_m":9,"service":"video"}"#;
    let batch = format!("{line}\n{{\"id\":\"b\",\"length_m\":-1,\"width_m\":90}}\nnonsense\n");
    let many = covplan(dir.path(), &["hall", "--batch", "-", "--quiet"], &batch);
    assert_eq!(many.status.code(), Some(0), "{}", told(&many));
    let lines: Vec<Value> =
        String::from_utf8(many.stdout).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(&lines[0], result);
    assert_eq!((&lines[1]["id"], &lines[1]["error"]["code"]), (&"b".into(), &"R001".into()));
    assert_eq!(lines[2]["error"]["code"], "R003");
    for file in ["hall.json", "nodes.csv", "requirements.csv", "plan.svg", "report.md", "manifest.json"] {
        assert!(dir.path().join("out").join(file).is_file(), "{file}");
    }
    let zh = covplan(dir.path(), &[&options[..], &["--lang", "zh"]].concat(), "");
    assert!(told(&zh).contains("个室内节点"), "{}", told(&zh));
}

/// A hall that nothing serves ends with 4; outside the model it is refused with 2.
#[test]
fn halls_that_cannot_be_served() {
    let dir = tempfile::tempdir().unwrap();
    let hall = ["hall", "--length-m", "60", "--width-m", "40", "--quiet"];
    let greedy = covplan(dir.path(), &[&hall[..], &["--ul-mbps", "900"]].concat(), "");
    assert_eq!(greedy.status.code(), Some(4), "{}", told(&greedy));
    assert!(told(&greedy).contains("uplink rate can't be met"), "{}", told(&greedy));
    let high = covplan(dir.path(), &[&hall[..], &["--ceiling-m", "90"]].concat(), "");
    assert_eq!(high.status.code(), Some(2), "{}", told(&high));
    assert!(told(&high).contains("R001"), "{}", told(&high));
    let word = covplan(dir.path(), &[&hall[..], &["--service", "dance"]].concat(), "");
    assert!(told(&word).contains("R002") && word.status.code() == Some(2), "{}", told(&word));
}

const SITES: &str = "site_id,name,lon,lat,status\nS1,Alpha,118.80,32.06,operating\n";

/// A cell 1 km east of the site that looks east: the site is right behind it.
const CELLS: &str = "cell_id,operator,rat,lon,lat,band,height_m,azimuth_deg,etilt_deg,power_dbm,ports,antenna\n\
                     C1,cmcc,nr,118.8106,32.06,n78,30,90,0,53,8,b-90\n";
const PROJECT: &str = "[project]\nname = \"t\"\n[layers.sites]\npath = \"sites.csv\"\n\
                       [layers.cells]\npath = \"cells.csv\"\n[layers.antennas]\npath = \"patterns\"\n";

fn msi(back_db: f64) -> String {
    let cut = |name: &str, deepest: f64| {
        let rows = (0..360).map(|a| {
            let half = 1.0 - (f64::from(a).to_radians()).cos();
            format!("{a} {:.2}", 0.5 * deepest * half)
        });
        format!("{name} 360\n{}\n", rows.collect::<Vec<_>>().join("\n"))
    };
    format!(
        "NAME B-90\nFREQUENCY 3500\nGAIN 15 dBd\n{}{}",
        cut("HORIZONTAL", back_db),
        cut("VERTICAL", back_db)
    )
}

fn project(pattern: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("patterns")).unwrap();
    for (name, text) in
        [("p.toml", PROJECT), ("sites.csv", SITES), ("cells.csv", CELLS), ("patterns/x.msi", pattern)]
    {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    dir
}

fn number(v: &Value, key: &str) -> Option<f64> {
    match v {
        Value::Object(map) => {
            map.get(key).and_then(Value::as_f64).or_else(|| map.values().find_map(|v| number(v, key)))
        }
        Value::Array(list) => list.iter().find_map(|v| number(v, key)),
        _ => None,
    }
}

/// The pattern measured is the one that scores and maps are made with, gain included.
#[test]
fn measured_antennas_count() {
    let levels: Vec<[f64; 3]> = [25.0, 10.0]
        .into_iter()
        .map(|back_db| {
            let dir = project(&msi(back_db));
            let out = covplan(dir.path(), &["coverage", "p.toml", "-o", "out", "--quiet"], "");
            assert_eq!(out.status.code(), Some(0), "{}", told(&out));
            let why = covplan(dir.path(), &["explain", "out", "S1", "--json", "--quiet"], "");
            let why: Value = serde_json::from_slice(&why.stdout).unwrap();
            let of = |key| number(&why, key).unwrap_or_else(|| panic!("no {key} in {why:#}"));
            [of("pattern_db"), of("gain_ssb_dbi"), of("level_dbm")]
        })
        .collect();
    // Behind the antenna, and 1.6° below it.
    assert!((levels[0][0] + 25.0).abs() < 0.1 && (levels[1][0] + 10.0).abs() < 0.1, "{levels:?}");
    assert!((levels[0][1] - 17.15).abs() < 1e-4, "{levels:?}");
    let difference = levels[1][2] - levels[0][2] - (levels[1][0] - levels[0][0]);
    assert!(difference.abs() < 1e-3, "{levels:?}");
}

/// A damaged pattern is an error with its file and line; a word that no file has is told.
#[test]
fn damaged_patterns_are_refused() {
    let dir = project(&msi(25.0).replacen("\n7 0.09", "", 1));
    let out = covplan(dir.path(), &["coverage", "p.toml"], "");
    assert_eq!(out.status.code(), Some(3), "{}", told(&out));
    assert!(told(&out).contains("patterns/x.msi") && told(&out).contains("at 7°"), "{}", told(&out));
    let dir = project(&msi(25.0).replace("B-90", "other"));
    let out = covplan(dir.path(), &["coverage", "p.toml", "--json", "--quiet"], "");
    assert!(told(&out).contains("N019"), "{}", told(&out));
}
