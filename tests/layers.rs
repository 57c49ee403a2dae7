//! Layers point one way: a room may use only rooms of lower layers. Read from the imports themselves.
#![allow(clippy::unwrap_used)] // A test that fails says where.

use std::path::{Path, PathBuf};

/// From the top down; rooms on one line don't know each other.
const LAYERS: &[&[&str]] = &[
    &["cli"],
    &["report"],
    &["policy"],
    &["plan"],
    &["siting", "fiber", "datacenter"],
    &["coverage"],
    &["network", "synth"],
    &["radio", "index", "optimise", "io"],
    &["graph"],
    &["crs"],
    &["model"],
    &["units", "geom"],
];

/// Rooms that may touch files.
const FILES: &[&str] = &["cli", "report", "io"];

fn level(room: &str) -> Option<usize> {
    LAYERS.iter().position(|l| l.contains(&room))
}

fn sources() -> Vec<(String, PathBuf)> {
    fn walk(dir: &Path, out: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, out);
            } else if path.extension().is_some_and(|e| e == "rs") {
                out.push(path);
            }
        }
    }
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&src, &mut files);
    files.sort();
    let room = |p: &Path| {
        let first = p.strip_prefix(&src).unwrap().components().next().unwrap();
        first.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
    };
    let is_test = |p: &Path| p.file_stem().is_some_and(|n| n == "tests" || n == "fixture");
    files
        .into_iter()
        .filter(|p| !is_test(p))
        .map(|p| (room(&p), p))
        .filter(|(r, _)| r != "main" && r != "lib")
        .collect()
}

/// Code lines of a file outside its tests (which close every file) and outside comments.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .take_while(|(_, l)| !l.starts_with("#[cfg(test)]"))
        .filter(|(_, l)| !l.trim_start().starts_with("//"))
}

/// Rooms named in a line as `crate::room` or, in a braced import, as `crate::{a::…, b::…}`.
fn rooms_named(line: &str) -> Vec<String> {
    let word = |s: &str| s.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut rooms = Vec::new();
    for (at, _) in line.match_indices("crate::") {
        let rest = &line[at + 7..];
        if let Some(inner) = rest.strip_prefix('{') {
            rooms.extend(inner.split(',').map(|p| word(p.trim())));
        } else {
            rooms.push(word(rest));
        }
    }
    rooms
}

#[test]
fn imports_point_down() {
    let mut breaches = Vec::new();
    let mut seen = 0;
    for (room, path) in sources() {
        let Some(own) = level(&room) else {
            breaches.push(format!("{}: room `{room}` has no layer", path.display()));
            continue;
        };
        let text = std::fs::read_to_string(&path).unwrap();
        for (n, line) in code(&text) {
            for used in rooms_named(line) {
                let Some(other) = level(&used) else { continue };
                seen += 1;
                if used != room && other <= own {
                    breaches.push(format!("{}:{}: {room} uses {used}", path.display(), n + 1));
                }
            }
        }
    }
    assert!(seen > 20, "the test must see the imports");
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn special_crates_and_files_have_one_door() {
    let mut breaches = Vec::new();
    for (room, path) in sources() {
        let text = std::fs::read_to_string(&path).unwrap();
        for (n, line) in code(&text) {
            let mut only = |word: &str, rooms: &[&str]| {
                if line.contains(word) && !rooms.contains(&room.as_str()) {
                    breaches.push(format!("{}:{}: `{word}` in {room}", path.display(), n + 1));
                }
            };
            only("proj::", &["crs"]);
            only("rstar::", &["index"]);
            only("std::fs", FILES);
            only("File::", FILES);
            only("SystemTime", &["cli"]);
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}
