//! `covplan solve` on Steiner and point files: answers, exit codes, faults, and the time limit, by the real program.
#![allow(clippy::unwrap_used)] // A test that fails says where.

use serde_json::Value;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Command;
use std::time::Instant;

const STAR: &str = "33D32945 STP File, STP Format Version 1.0\nSECTION Graph\nNodes 5\nEdges 7\nE 1 2 2\nE 2 3 2\nE 1 3 2\n\
    E 1 4 1\nE 2 4 1\nE 3 4 1\nE 3 4 5\nEND\nSECTION Terminals\nTerminals 3\nT 1\nT 2\nT 3\nEND\nEOF\n";

fn run(problem: &str, file: (&str, &[u8]), more: &[&str]) -> (i32, Value, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(file.0);
    std::fs::write(&path, file.1).unwrap();
    let out = Command::new(env!("CARGO_BIN_EXE_covplan"))
        .args(["solve", problem])
        .arg(&path)
        .args(["--json", "--quiet"])
        .args(more)
        .output()
        .unwrap();
    let answer = serde_json::from_slice(&out.stdout).unwrap_or(Value::Null);
    (out.status.code().unwrap(), answer, String::from_utf8(out.stderr).unwrap())
}

/// The hypercube of a dimension with every node of even weight a terminal: easy to state, hard to prove.
fn hypercube(dimension: u32) -> String {
    let nodes = 1u32 << dimension;
    let mut out = format!("SECTION Graph\nNodes {nodes}\nEdges {}\n", nodes / 2 * dimension);
    for v in 0..nodes {
        for bit in (0..dimension).filter(|b| v >> b & 1 == 0) {
            writeln!(out, "E {} {} 1", v + 1, (v | 1 << bit) + 1).unwrap();
        }
    }
    out += "END\nSECTION Terminals\n";
    for v in (0..nodes).filter(|v| v.count_ones() % 2 == 0) {
        writeln!(out, "T {}", v + 1).unwrap();
    }
    out + "END\nEOF\n"
}

#[test]
fn a_tree_is_proven_best_packed_or_not() {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(STAR.as_bytes()).unwrap();
    for file in [("star.stp", STAR.as_bytes().to_vec()), ("star.stp.gz", packed.finish().unwrap())] {
        let (code, answer, _) = run("steiner", (file.0, &file.1), &[]);
        assert_eq!(code, 0);
        assert_eq!(answer["schema"], "covplan/solve/1");
        assert_eq!((&answer["instance"], &answer["status"]), (&"star".into(), &"optimal".into()));
        assert_eq!((answer["objective"].as_f64(), answer["bound"].as_f64()), (Some(3.0), Some(3.0)));
        assert_eq!(answer["solution"]["nodes"], serde_json::json!([1, 2, 3, 4]));
    }
}

#[test]
fn prizes_may_leave_a_single_node() {
    let text = STAR.replace("Terminals 3\nT 1\nT 2\nT 3\n", "Terminals 2\nTP 1 0.5\nTP 2 0.25\n");
    let (code, answer, _) = run("pcstp", ("p.stp", text.as_bytes()), &[]);
    assert_eq!((code, answer["objective"].as_f64(), &answer["status"]), (0, Some(0.25), &"optimal".into()));
    assert_eq!(answer["solution"], serde_json::json!({ "nodes": [1], "edges": [] }));
    let rooted = text.replace("TP 1 0.5", "RootP 3");
    let (code, answer, _) = run("rpcstp", ("p.stp", rooted.as_bytes()), &[]);
    assert_eq!((code, answer["objective"].as_f64()), (0, Some(0.25)));
    assert_eq!(answer["solution"]["nodes"], serde_json::json!([3]));
}

#[test]
fn what_cannot_be_joined_is_infeasible() {
    let text = STAR.replace("T 3\n", "T 5\n");
    let (code, answer, _) = run("steiner", ("s.stp", text.as_bytes()), &[]);
    assert_eq!((code, &answer["status"], &answer["solution"]), (4, &"infeasible".into(), &Value::Null));
}

#[test]
fn faults_name_the_line_and_the_value() {
    let check = |problem: &str, from: &str, to: &str, exit: i32, says: &str| {
        let (code, _, err) = run(problem, ("s.stp", STAR.replace(from, to).as_bytes()), &[]);
        assert!(code == exit && err.contains(says), "{problem} {to}: {code} {err}");
    };
    check("steiner", "E 1 3 2", "E 1 7 2", 3, "s.stp:7");
    check("steiner", "E 1 3 2", "E 1 3 x", 3, "got \"x\"");
    check("steiner", "END\nEOF\n", "", 3, "cut short");
    check("pcstp", "T 1\n", "T 1\n", 3, "prize");
    check("rpcstp", "T 1\nT 2\nT 3\n", "TP 1 3\n", 3, "RootP");
    check("steiner", "T 1\nT 2\nT 3\n", "TP 1 3\n", 3, "pcstp");
    let (code, ..) = run("steiner", ("s.stp", STAR.as_bytes()), &["--p", "3"]);
    assert_eq!(code, 2);
}

#[test]
fn the_time_limit_is_kept_and_the_best_so_far_is_given() {
    let text = hypercube(8);
    let from = Instant::now();
    let (code, answer, _) = run("steiner", ("hc8.gr", text.as_bytes()), &["--time-limit", "1"]);
    assert!(from.elapsed().as_secs_f64() < 1.05 + 1.5, "{:?}", from.elapsed());
    assert_eq!((code, &answer["status"]), (5, &"limit".into()));
    let (objective, bound) = (answer["objective"].as_f64().unwrap(), answer["bound"].as_f64().unwrap());
    assert!(bound < objective && objective < 200.0 && bound > 100.0, "{bound} {objective}");
}

#[test]
fn effort_decides_the_answer_and_threads_do_not() {
    let text = hypercube(6);
    let answer = |threads: &str| {
        let more = ["--effort", "1", "--threads", threads];
        let (code, mut answer, _) = run("steiner", ("hc6.gr", text.as_bytes()), &more);
        assert_eq!(code, 0);
        answer["seconds"] = Value::Null;
        answer
    };
    assert_eq!(answer("1"), answer("2"));
    let (_, rough, _) = run("steiner", ("hc6.gr", text.as_bytes()), &["--gap", "0.5"]);
    assert!(rough["gap"].as_f64().unwrap() <= 0.5);
}

/// Points on a spiral, in whole numbers.
fn spiral(n: u32) -> Vec<(i64, i64)> {
    let at = |k: u32| (f64::from(k).sqrt(), 2.4 * f64::from(k));
    (0..n).map(at).map(|(r, t)| ((900.0 * r * t.cos()) as i64, (900.0 * r * t.sin()) as i64)).collect()
}

#[test]
fn there_is_an_answer_even_when_the_time_is_up_before_the_lists_are_made() {
    let points = spiral(6000);
    let mut text = "6000\n".to_owned();
    points.iter().for_each(|(x, y)| writeln!(text, "{x} {y}").unwrap());
    for problem in ["p-median", "p-center"] {
        let from = Instant::now();
        let (code, answer, err) =
            run(problem, ("points.txt", text.as_bytes()), &["--p", "40", "--time-limit", "0.001"]);
        assert!(from.elapsed().as_secs_f64() < 4.0, "{problem}: {:?}", from.elapsed());
        assert_eq!((code, &answer["status"]), (5, &"limit".into()), "{problem}: {err}");
        let (objective, bound) = (answer["objective"].as_f64().unwrap(), answer["bound"].as_f64().unwrap());
        assert!(0.0 <= bound && bound < objective, "{problem}: {bound} {objective}");
        assert_eq!(answer["solution"]["open"].as_array().unwrap().len(), 40);
    }
    let mut text = "MCLP 6000 6000\n".to_owned();
    points.iter().for_each(|(x, y)| writeln!(text, "{x} {y} 3 2").unwrap());
    for (limit, most) in [(["--p", "9"], 9), (["--budget", "10"], 5)] {
        let more = [&limit[..], &["--radius", "4000", "--time-limit", "0.001"]].concat();
        let (code, answer, err) = run("mclp", ("points.txt", text.as_bytes()), &more);
        assert_eq!((code, &answer["status"]), (5, &"limit".into()), "{err}");
        let (objective, bound) = (answer["objective"].as_f64().unwrap(), answer["bound"].as_f64().unwrap());
        assert!(0.0 < objective && objective <= bound, "{bound} {objective}");
        assert!(answer["solution"]["open"].as_array().unwrap().len() <= most);
    }
}
