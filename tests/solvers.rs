//! The solvers on public benchmark instances: a few in every run, all of them on request
//! (`cargo test --release --test solvers -- --ignored --nocapture`, `COVPLAN_PICK` to pick by name,
//! `COVPLAN_EFFORT` to choose the effort).

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Instant;

use covplan::graph::{Graph, NodeId};
use covplan::optimise::{Certified, Effort, Work, steiner};

/// The folder of public instances, when this machine has it.
fn instances(kind: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("COVPLAN_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let folder = shared.join("instances").join(kind);
    if !folder.is_dir() {
        eprintln!("skipped: no public instances at {}", folder.display());
        return None;
    }
    Some(folder)
}

fn text(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap();
    let mut out = String::new();
    flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_string(&mut out).unwrap();
    out
}

/// The rows of `instances.csv` as maps from column to value.
fn listed(folder: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(folder.join("instances.csv")).unwrap();
    let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    reader
        .records()
        .map(|r| header.iter().cloned().zip(r.unwrap().iter().map(str::to_owned)).collect())
        .collect()
}

fn effort() -> Work<'static> {
    std::env::var("COVPLAN_EFFORT").map_or(Effort::NORMAL, |e| e.parse().unwrap()).into()
}

fn picked(name: &str) -> bool {
    std::env::var("COVPLAN_PICK").is_ok_and(|p| p.split(',').any(|part| name.contains(part)))
}

/// Prints one line of the quality table; returns the gap to the best known value.
fn report<T>(name: &str, found: &Certified<T>, best: Option<f64>, started: Instant) -> f64 {
    let to_best = best.map_or(0.0, |b| (found.objective - b) / b.abs().max(1e-9));
    println!(
        "{name:40} {:>16.3} best {:>16.3} off {:>8.4}% gap {:>8.4}% {:?} {:.2}s",
        found.objective,
        best.unwrap_or(f64::NAN),
        100.0 * to_best,
        100.0 * found.gap(),
        found.ended,
        started.elapsed().as_secs_f64()
    );
    to_best
}

struct Stp {
    graph: Graph,
    terminals: Vec<NodeId>,
}

fn read_stp(path: &Path) -> Stp {
    let (mut nodes, mut edges, mut terminals) = (0, Vec::new(), Vec::new());
    for line in text(path).lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let node = |i: usize| fields[i].parse::<u32>().unwrap() - 1;
        match fields.as_slice() {
            ["Nodes", n] => nodes = n.parse().unwrap(),
            ["E", ..] => edges.push((node(1), node(2), fields[3].parse().unwrap())),
            ["T", _] => terminals.push(NodeId(node(1))),
            _ => {}
        }
    }
    Stp { graph: Graph::from_edges(nodes, &edges).unwrap(), terminals }
}

fn run_steiner(folder: &Path, row: &BTreeMap<String, String>) -> (f64, bool) {
    let stp = read_stp(&folder.join(&row["file"]));
    let started = Instant::now();
    let found = steiner::solve(&stp.graph, &stp.terminals, effort()).unwrap();
    let best: Option<f64> = row["best_known"].parse().ok();
    let name = format!("{} n{} t{}", row["name"], stp.graph.node_count(), stp.terminals.len());
    let off = report(&name, &found, best, started);
    assert_eq!(steiner::verify(&stp.graph, &stp.terminals, &found.value), Ok(()));
    if let Some(best) = best {
        assert!(found.bound <= best * (1.0 + 1e-9), "bound {} above best {best}", found.bound);
        assert!(row["proven_optimal"] != "yes" || found.objective >= best * (1.0 - 1e-9));
    }
    (off, found.gap() <= 1e-9)
}

#[test]
fn steiner_trees_are_near_the_best_known() {
    let Some(folder) = instances("steiner") else { return };
    for row in listed(&folder) {
        if [
            "pace18t1__instance106",
            "pace18t1__instance125",
            "pace18t2__instance031",
            "pace18t2__instance180",
        ]
        .contains(&row["name"].as_str())
        {
            let (off, _) = run_steiner(&folder, &row);
            assert!(off < 0.005, "{}", row["name"]);
        }
    }
}

#[test]
#[ignore = "a table for people"]
fn steiner_table() {
    let Some(folder) = instances("steiner") else { return };
    let (mut off, mut proven, mut count) = (0.0, 0, 0);
    for row in listed(&folder).iter().filter(|r| r["kind"] == "SPG" && picked(&r["name"])) {
        let (o, p) = run_steiner(&folder, row);
        off += o;
        proven += usize::from(p);
        count += 1;
    }
    println!("mean off {:.4}% proven {proven}/{count}", 100.0 * off / f64::from(count.max(1)));
}
