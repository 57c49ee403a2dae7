//! What is kind to people at a terminal: help on topics, the doctor, completions, manual pages, progress.
#![allow(clippy::unwrap_used)] // A test that fails says where.

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

fn covplan() -> Command {
    let mut c = Command::new(env!("CARGO_BIN_EXE_covplan"));
    c.env_remove("PROJ_DATA").env_remove("PROJ_LIB").env("LC_ALL", "C.UTF-8");
    c
}

fn run(args: &[&str]) -> Output {
    covplan().args(args).output().unwrap()
}

fn stdout(args: &[&str]) -> String {
    let out = run(args);
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

fn json(args: &[&str]) -> Value {
    serde_json::from_str(&stdout(args)).unwrap()
}

#[test]
fn topics_are_told_from_the_code() {
    let formats = json(&["help", "formats", "--json"]);
    assert_eq!(formats["schema"], "covplan/help/1");
    let words = |part: &Value| -> Vec<String> {
        part.as_array().unwrap().iter().map(|f| f["format"].as_str().unwrap().to_owned()).collect()
    };
    assert!(words(&formats["written"]).iter().any(|w| w == "gpkg"));
    assert!(words(&formats["read"]).iter().any(|w| w == "osm.pbf"));
    // What help names, the option takes.
    for word in words(&formats["written"]) {
        let out = run(&["check", "none.toml", "--lang", "en"]);
        assert_eq!(out.status.code(), Some(2));
        let out = run(&["coverage", "none.toml", "--formats", &word]);
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(said.contains("none.toml"), "{word}: {said}");
    }
    assert!(stdout(&["help", "layers"]).contains("fiber_segments"));
    let sites = stdout(&["help", "layers", "sites", "--lang", "zh"]);
    assert!(sites.contains("site_id") && sites.contains("企业编号"), "{sites}");
    assert!(stdout(&["help", "crs", "--lang", "zh"]).contains("百度地图"));
    assert!(stdout(&["help", "crs"]).contains("EPSG:4513–4533"));
    let codes = json(&["help", "exit-codes", "--json", "--lang", "zh"]);
    let codes: Vec<&str> =
        codes["codes"].as_array().unwrap().iter().map(|c| c["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["0", "1", "2", "3", "4", "5", "130"]);
    assert!(stdout(&["help", "plan"]).starts_with("Examples:\n  covplan plan"));
    assert!(stdout(&["help", "--lang", "zh"]).contains("专题"));
    let out = run(&["help", "formts"]);
    assert_eq!(out.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&out.stderr).contains("did you mean `formats`?"));
}

#[test]
fn every_help_begins_with_examples() {
    let all = json(&["help", "--json"]);
    let commands = all["commands"].as_array().unwrap();
    assert!(commands.len() > 20);
    for c in commands {
        let name = c["name"].as_str().unwrap();
        assert!(stdout(&[name, "--help"]).starts_with("Examples:\n  "), "{name}");
        let zh = stdout(&[name, "--help", "--lang", "zh"]);
        assert!(zh.starts_with("示例：\n  ") && zh.contains("用法："), "{zh}");
        for english in ["Usage:", "Options:", "Arguments:", "[default", "[possible", "Print help"] {
            assert!(!zh.contains(english), "{name}: {english} in\n{zh}");
        }
    }
}

#[test]
fn the_doctor_tells_what_is_wrong() {
    let report = json(&["doctor", "--json"]);
    assert_eq!((&report["schema"], &report["ready"]), (&"covplan/doctor/1".into(), &true.into()));
    let keys: Vec<&str> =
        report["checks"].as_array().unwrap().iter().map(|c| c["check"].as_str().unwrap()).collect();
    for key in ["program", "proj", "terminal", "fonts", "memory", "threads", "temp", "here"] {
        assert!(keys.contains(&key), "{keys:?}");
    }
    // Files of another PROJ in the environment.
    let old = tempfile::tempdir().unwrap();
    std::fs::write(old.path().join("proj.db"), "not a database").unwrap();
    let out = covplan().args(["doctor", "--lang", "zh"]).env("PROJ_DATA", old.path()).output().unwrap();
    let said = String::from_utf8(out.stdout).unwrap();
    assert_eq!(out.status.code(), Some(2), "{said}");
    assert!(said.contains("故障") && said.contains("PROJ_DATA"), "{said}");
    // A temporary folder that isn't there, and a terminal that knows no UTF-8.
    let out = covplan().arg("doctor").env("TMPDIR", "/no/such/folder").env("LC_ALL", "C").output().unwrap();
    let said = String::from_utf8(out.stdout).unwrap();
    if cfg!(unix) {
        assert_eq!(out.status.code(), Some(2), "{said}");
        assert!(said.contains("/no/such/folder can't be written") && said.contains("TMPDIR"), "{said}");
    }
    if cfg!(target_os = "linux") {
        assert!(said.contains("locale C,") && said.contains("UTF-8"), "{said}");
    }
}

#[test]
fn shells_take_the_completions() {
    let dir = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = stdout(&["completions", shell]);
        for word in ["duplicates", "output-crs", "doctor"] {
            assert!(script.contains(word), "{shell}: no {word}");
        }
        let file = dir.path().join(shell);
        std::fs::write(&file, &script).unwrap();
        // `-n`: read, don't run.
        match Command::new(shell).arg("-n").arg(&file).output() {
            Ok(out) if shell != "powershell" && shell != "elvish" => {
                assert!(out.status.success(), "{shell}: {}", String::from_utf8_lossy(&out.stderr));
            }
            _ => eprintln!("skipped: no {shell} to read its script"),
        }
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn every_command_has_a_manual_page() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("man1");
    let made = json(&["man", "-o", folder.to_str().unwrap(), "--json"]);
    let pages = names(&folder);
    assert_eq!(made["files"].as_array().unwrap().len(), pages.len());
    let commands = json(&["help", "--json"])["commands"].as_array().unwrap().len();
    assert_eq!(pages.len(), commands + 1);
    let page = std::fs::read_to_string(folder.join("covplan-plan.1")).unwrap();
    assert!(page.contains(".TH covplan-plan 1") && page.contains(".SH EXAMPLES"), "{page}");
    // Others' pages stay, and nothing is replaced unasked.
    std::fs::write(folder.join("other.1"), "x").unwrap();
    assert_eq!(run(&["man", "-o", folder.to_str().unwrap()]).status.code(), Some(2));
    stdout(&["man", "-o", folder.to_str().unwrap(), "--overwrite"]);
    assert!(names(&folder).contains(&"other.1".to_owned()));
    if Command::new("groff").arg("--version").output().is_err() {
        eprintln!("skipped: no groff to set the pages");
        return;
    }
    for page in pages {
        let out = Command::new("groff")
            .args(["-Kutf8", "-man", "-Tutf8", "-ww", "-z"])
            .arg(folder.join(&page))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(out.status.success() && said.is_empty(), "{page}: {said}");
    }
}

#[test]
fn nothing_moves_on_stderr_when_it_is_piped() {
    let out = run(&["demo", "--effort", "low"]);
    let said = String::from_utf8(out.stderr).unwrap();
    assert!(!said.contains('\u{1b}') && !said.contains('\r'), "{said:?}");
    let out = run(&["demo", "--effort", "low", "--quiet"]);
    assert!(out.status.success() && out.stderr.is_empty(), "{}", String::from_utf8_lossy(&out.stderr));
}

/// On a terminal a bar with the time left; `script` lends one.
#[test]
fn a_terminal_sees_the_time_left() {
    let dir = tempfile::tempdir().unwrap();
    let line = format!("{} demo --time-limit 4 --effort 1000 --lang zh", env!("CARGO_BIN_EXE_covplan"));
    let out = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .current_dir(&dir)
        .env("TERM", "xterm")
        .env_remove("PROJ_DATA")
        .env_remove("PROJ_LIB")
        .output();
    let Ok(out) = out else {
        eprintln!("skipped: no script(1) to lend a terminal");
        return;
    };
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(said.contains("规划") && said.contains('░') && said.contains("剩余 ≤ "), "{said}");
}
