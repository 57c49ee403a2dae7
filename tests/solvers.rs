//! The solvers on public benchmark instances: a few in every run, all of them on request
//! (`cargo test --release --test solvers -- --ignored --nocapture`, `COVPLAN_PICK` to pick by name,
//! `COVPLAN_EFFORT` to choose the effort).

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Instant;

use covplan::graph::{Graph, NodeId};
use covplan::optimise::cover::{self, CoverProblem};
use covplan::optimise::facility::{self, Capacity, Count, FacilityProblem, Lock, SparseRows};
use covplan::optimise::set_cover::{self, SetCoverProblem};
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
    prizes: Vec<f64>,
    root: Option<NodeId>,
}

fn read_stp(path: &Path) -> Stp {
    let (mut nodes, mut edges, mut terminals, mut prizes, mut root) =
        (0, Vec::new(), Vec::new(), Vec::new(), None);
    for line in text(path).lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let node = |i: usize| fields[i].parse::<u32>().unwrap() - 1;
        match fields.as_slice() {
            ["Nodes", n] => {
                nodes = n.parse().unwrap();
                prizes.resize(nodes, 0.0);
            }
            ["TP", _, prize] => prizes[node(1) as usize] = prize.parse().unwrap(),
            ["RootP", _] => root = Some(NodeId(node(1))),
            ["E", ..] => edges.push((node(1), node(2), fields[3].parse().unwrap())),
            ["T", _] => terminals.push(NodeId(node(1))),
            _ => {}
        }
    }
    Stp { graph: Graph::from_edges(nodes, &edges).unwrap(), terminals, prizes, root }
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
#[ignore = "a table for people"]
fn prize_table() {
    let Some(folder) = instances("steiner") else { return };
    for row in listed(&folder).iter().filter(|r| r["kind"] == "RPCSTP" && picked(&r["name"])) {
        let stp = read_stp(&folder.join(&row["file"]));
        let started = Instant::now();
        let root = stp.root.unwrap();
        let found = steiner::collect(&stp.graph, root, &stp.prizes, effort()).unwrap();
        let best: Option<f64> = field(row, "best_known");
        report(&row["name"], &found, best, started);
        assert!(best.is_none_or(|b| found.bound <= b * (1.0 + 1e-6)));
        if std::env::var_os("COVPLAN_BUDGET").is_some() {
            let budget = 0.5 * stp.graph.total_weight(&found.value.edges);
            let started = Instant::now();
            let found = steiner::collect_within(&stp.graph, root, &stp.prizes, budget, effort()).unwrap();
            report("  with half the money", &found, None, started);
        }
    }
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

type Row = BTreeMap<String, String>;

fn numbers(path: &Path) -> Vec<f64> {
    text(path).split_whitespace().filter_map(|t| t.parse().ok()).collect()
}

fn field<T: std::str::FromStr>(row: &Row, name: &str) -> Option<T> {
    row.get(name).and_then(|v| v.parse().ok())
}

/// All pairs of points with a cost, as rows.
fn matrix(points: &[(f64, f64)], cost: impl Fn((f64, f64), (f64, f64)) -> f64) -> SparseRows {
    SparseRows::from_rows(
        points
            .iter()
            .map(|&a| points.iter().enumerate().map(|(j, &b)| (j as u32, cost(a, b))).collect::<Vec<_>>()),
    )
}

fn p_median(path: &Path, row: &Row) -> FacilityProblem {
    let values = numbers(path);
    let (service, p) = if row["format"] == "graph" {
        let (n, m) = (values[0] as usize, values[1] as usize);
        let mut edges = BTreeMap::new();
        for e in values[3..3 + 3 * m].chunks(3) {
            let (a, b) = (e[0] as u32 - 1, e[1] as u32 - 1);
            edges.insert((a.min(b), a.max(b)), e[2]);
        }
        let edges: Vec<_> = edges.into_iter().map(|((a, b), w)| (a, b, w)).collect();
        let graph = Graph::from_edges(n, &edges).unwrap();
        let mut search = covplan::graph::Dijkstra::new(&graph);
        let rows: Vec<Vec<(u32, f64)>> = graph
            .nodes()
            .map(|s| {
                search.run([(s, 0.0)], covplan::graph::Until::Everywhere);
                graph.nodes().filter_map(|v| Some((v.0, search.distance(v)?))).collect()
            })
            .collect();
        (SparseRows::from_rows(rows), values[2] as usize)
    } else {
        let points: Vec<_> = values[1..].chunks(2).map(|p| (p[0], p[1])).collect();
        (matrix(&points, |a, b| (a.0 - b.0).hypot(a.1 - b.1).floor()), 0)
    };
    let n = service.len();
    FacilityProblem {
        service,
        opening: vec![0.0; n],
        locks: vec![Lock::Free; n],
        count: Count::Exactly(field(row, "p").unwrap_or(p)),
        capacity: None,
    }
}

fn facilities(path: &Path, row: &Row) -> FacilityProblem {
    let values = numbers(path);
    let (m, n) = (values[0] as usize, values[1] as usize);
    let (capacity, opening, service) = if row["format"] == "ufl" {
        let costs = &values[2 + m..];
        let service =
            SparseRows::from_rows((0..n).map(|i| (0..m).map(move |j| (j as u32, costs[i * m + j]))));
        (None, values[2..2 + m].to_vec(), service)
    } else {
        let (of, fixed) = (values[2..2 + m].to_vec(), values[2 + m..2 + 2 * m].to_vec());
        let demand = values[2 + 2 * m..2 + 2 * m + n].to_vec();
        let costs = &values[2 + 2 * m + n..];
        let service =
            SparseRows::from_rows((0..n).map(|i| (0..m).map(move |j| (j as u32, costs[j * n + i]))));
        (Some(Capacity { of, demand }), fixed, service)
    };
    FacilityProblem { service, locks: vec![Lock::Free; m], opening, count: Count::Any, capacity }
}

fn set_cover(path: &Path) -> SetCoverProblem {
    let values = numbers(path);
    let (rows, columns) = (values[0] as usize, values[1] as usize);
    let mut at = 2 + columns;
    let mut covered_by = SparseRows::default();
    for _ in 0..rows {
        let k = values[at] as usize;
        covered_by.push_row(values[at + 1..at + 1 + k].iter().map(|&c| (c as u32 - 1, 1.0)));
        at += 1 + k;
    }
    SetCoverProblem { covered_by, costs: values[2..2 + columns].to_vec(), locks: vec![Lock::Free; columns] }
}

fn covering(path: &Path, row: &Row) -> CoverProblem {
    let values = numbers(path);
    let n = values[0] as usize;
    let radius: f64 = field(row, "radius").unwrap();
    let width = if row["format"] == "latlon-weight" { 3 } else { 4 };
    let points: Vec<&[f64]> = values[2..].chunks(width).collect();
    let reach = |a: &[f64], b: &[f64]| {
        if width == 4 {
            return (a[0] - b[0]).hypot(a[1] - b[1]);
        }
        let (p, q) = (a[0].to_radians(), b[0].to_radians());
        let (dp, dl) = (q - p, (b[1] - a[1]).to_radians());
        let h = (dp / 2.0).sin().powi(2) + p.cos() * q.cos() * (dl / 2.0).sin().powi(2);
        2.0 * 6_378_100.0 * h.sqrt().asin()
    };
    let gains = SparseRows::from_rows(points.iter().map(|a| {
        let near = points.iter().enumerate().filter(|(_, b)| reach(a, b) <= radius);
        near.map(|(i, b)| (i as u32, b[2])).collect::<Vec<_>>()
    }));
    CoverProblem {
        gains,
        items: n,
        prices: vec![1.0; n],
        locks: vec![Lock::Free; n],
        count: field(row, "p"),
        budget: None,
    }
}

/// Runs one location instance; off and gap, or none where the solver doesn't take the problem.
fn run_location(folder: &Path, row: &Row) -> Option<(f64, bool)> {
    let path = folder.join(&row["file"]);
    let best: Option<f64> = field(row, "best_known");
    let name = row["name"].as_str();
    let (off, gap, below) = match row["problem"].as_str() {
        "p-median" | "UFL" | "SSCFLP" => {
            let problem =
                if row["problem"] == "p-median" { p_median(&path, row) } else { facilities(&path, row) };
            let started = Instant::now();
            let found = facility::solve(&problem, effort()).unwrap();
            assert_eq!(facility::cost(&problem, &found.value), found.objective);
            (report(name, &found, best, started), found.gap(), found.bound)
        }
        "SCP" => {
            let problem = set_cover(&path);
            let started = Instant::now();
            let found = set_cover::solve(&problem, effort()).unwrap();
            (report(name, &found, best, started), found.gap(), found.bound)
        }
        "MCLP" => {
            let problem = covering(&path, row);
            let started = Instant::now();
            let found = cover::solve(&problem, effort()).unwrap();
            assert!(best.is_none_or(|b| found.bound >= b * (1.0 - 1e-9)));
            (-report(name, &found, best, started), found.gap(), f64::NEG_INFINITY)
        }
        _ => return None,
    };
    assert!(best.is_none_or(|b| below <= b * (1.0 + 1e-6)), "{name}: bound {below} above {best:?}");
    Some((off, gap <= 1e-6))
}

#[test]
fn locations_are_near_the_best_known() {
    let Some(folder) = instances("location") else { return };
    for row in listed(&folder) {
        let name = row["name"].as_str();
        if ["pmed1", "pmed13", "ufl-cap101", "scp41", "mclp-n500s1-r3.25-p20", "sscflp-holmberg-p1"]
            .contains(&name)
        {
            let (off, _) = run_location(&folder, &row).unwrap();
            assert!(off < 0.01, "{name}");
        }
    }
}

#[test]
#[ignore = "a table for people"]
fn location_table() {
    let Some(folder) = instances("location") else { return };
    let (mut off, mut proven, mut count) = (0.0, 0, 0);
    for row in listed(&folder).iter().filter(|r| picked(&r["name"])) {
        if let Some((o, p)) = run_location(&folder, row) {
            off += o;
            proven += usize::from(p);
            count += 1;
        }
    }
    println!("mean off {:.4}% proven {proven}/{count}", 100.0 * off / f64::from(count.max(1)));
}

#[test]
#[ignore = "one file of one's own"]
fn steiner_file() {
    let Some(path) = std::env::var_os("COVPLAN_FILE") else { return };
    let started = Instant::now();
    let stp = read_stp(Path::new(&path));
    println!("read in {:.2}s", started.elapsed().as_secs_f64());
    let started = Instant::now();
    let found = steiner::solve(&stp.graph, &stp.terminals, effort()).unwrap();
    report(&path.to_string_lossy(), &found, None, started);
    assert_eq!(steiner::verify(&stp.graph, &stp.terminals, &found.value), Ok(()));
}
