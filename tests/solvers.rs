//! `covplan solve` on public benchmark instances, a few of every kind: no bound beyond the best known value,
//! no answer below a proven one, and none far above. The instances are the shared ones; `COVPLAN_SHARED`
//! says where they lie.
#![allow(clippy::unwrap_used)] // A test that fails says where.

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Instances of each problem: few enough for every run.
const OF_EACH: usize = 3;
/// Larger ones are for the benchmarks.
const MOST_BYTES: u64 = 60_000;

type Row = BTreeMap<String, String>;

fn listed(kind: &str) -> Option<(PathBuf, Vec<Row>)> {
    let given = std::env::var_os("COVPLAN_SHARED").map(PathBuf::from);
    let shared = given.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"));
    let folder = shared.join("instances").join(kind);
    let Ok(mut reader) = csv::Reader::from_path(folder.join("instances.csv")) else {
        eprintln!("skipped: no shared instances at {}", folder.display());
        return None;
    };
    Some((folder, reader.deserialize().map(Result::unwrap).collect()))
}

fn solve(problem: &str, file: &Path, row: &Row) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_covplan"));
    command.args(["solve", problem]).arg(file).args(["--json", "--quiet", "--effort", "high"]);
    for (switch, column) in [("--p", "p"), ("--radius", "radius"), ("--format", "format")] {
        if let Some(value) = row.get(column).filter(|v| !v.is_empty()) {
            command.args([switch, value]);
        }
    }
    let out = command.output().unwrap();
    serde_json::from_slice(&out.stdout)
        .unwrap_or_else(|_| panic!("{}: {}", file.display(), String::from_utf8_lossy(&out.stderr)))
}

/// Runs the smaller instances of every problem in a list and compares with the best known.
fn near_the_best_known(list: &str, kind: &str, within: f64) {
    let Some((folder, rows)) = listed(list) else { return };
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for row in &rows {
        let file = folder.join(&row["file"]);
        let small = std::fs::metadata(&file).is_ok_and(|m| m.len() <= MOST_BYTES);
        let Some(best) = row["best_known"].parse::<f64>().ok().filter(|_| small) else { continue };
        let met = seen.entry(&row[kind]).or_default();
        if *met == OF_EACH {
            continue;
        }
        *met += 1;
        let problem = match row[kind].as_str() {
            "SPG" => "steiner",
            "SCP" => "set-cover",
            other => &other.to_lowercase(),
        };
        let answer = solve(problem, &file, row);
        let number = |key: &str| answer[key].as_f64().unwrap_or_else(|| panic!("{}: {answer}", row["name"]));
        let (objective, bound) = (number("objective"), number("bound"));
        let slack = 1e-6 * best.abs();
        // Values in the literature are at times printed with few digits.
        let least = problem != "mclp";
        let (short, beyond) =
            if least { (objective - best, bound - best) } else { (best - objective, best - bound) };
        assert!(short <= within * best.abs() + slack, "{}: {objective}, best known {best}", row["name"]);
        let printed = 0.5 * f64::from(row["best_known"].contains('.') && problem == "p-center");
        assert!(beyond <= slack + printed, "{}: bound {bound} beyond {best}", row["name"]);
        let proven = row["proven_optimal"].starts_with("yes");
        assert!(!proven || short >= -slack - printed, "{}: {objective} beats {best}", row["name"]);
    }
    assert!(!seen.is_empty());
}

#[test]
fn trees_are_near_the_best_known() {
    near_the_best_known("steiner", "kind", 0.005);
}

#[test]
fn locations_are_near_the_best_known() {
    near_the_best_known("location", "problem", 0.01);
}
