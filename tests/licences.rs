//! Every dependency's licence is one that `deny.toml` allows. Works offline: cargo reads what it has.
#![allow(clippy::unwrap_used)] // A test that fails says where.

use std::process::Command;

#[test]
fn every_dependency_has_an_allowed_licence() {
    let deny: toml::Table =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/deny.toml")).unwrap().parse().unwrap();
    let allowed: Vec<spdx::Licensee> = deny["licenses"]["allow"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| spdx::Licensee::parse(v.as_str().unwrap()).unwrap())
        .collect();

    // All platforms' packages where they were fetched, else this platform's, which the build needs anyhow.
    let metadata = |more: &[&str]| {
        Command::new(env!("CARGO"))
            .args(["metadata", "--offline", "--locked", "--format-version", "1"])
            .args(more)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap()
    };
    let mut output = metadata(&[]);
    if !output.status.success() {
        eprintln!("packages of other platforms weren't fetched: this platform's are checked");
        let about = Command::new("rustc").arg("-vV").output().unwrap();
        let about = String::from_utf8(about.stdout).unwrap();
        let host = about.lines().find_map(|l| l.strip_prefix("host: ")).unwrap();
        output = metadata(&["--filter-platform", host]);
    }
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 50, "the check must see the dependencies");

    let mut refused = Vec::new();
    for p in packages {
        let name = format!("{} {}", p["name"].as_str().unwrap(), p["version"].as_str().unwrap());
        let Some(licence) = p["license"].as_str() else {
            refused.push(format!("{name}: no licence given"));
            continue;
        };
        // Old packages write "MIT/Apache-2.0", which means OR.
        let expression = spdx::Expression::parse(&licence.replace('/', " OR ")).unwrap();
        if !expression.evaluate(|req| allowed.iter().any(|a| a.satisfies(req))) {
            refused.push(format!("{name}: {licence}"));
        }
    }
    assert!(refused.is_empty(), "not allowed by deny.toml:\n{}", refused.join("\n"));
}
