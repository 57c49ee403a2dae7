//! Speed and memory on a file named by `COVPLAN_BULK_CELLS` (a CSV of cells); run with `--ignored`.

use super::super::{LoadOptions, load_layers, project};

#[test]
#[ignore = "needs COVPLAN_BULK_CELLS"]
fn millions_of_cells() {
    let Some(path) = std::env::var_os("COVPLAN_BULK_CELLS") else {
        eprintln!("skipped: COVPLAN_BULK_CELLS isn't set");
        return;
    };
    let layer = std::env::var("COVPLAN_BULK_LAYER").unwrap_or_else(|_| "cells".to_owned());
    let toml = format!("[layers.{layer}]\npath = {:?}\n", path.to_string_lossy());
    let p = project::parse(&toml, "p").unwrap();
    let start = std::time::Instant::now();
    let i = load_layers(&p, &LoadOptions::default());
    eprintln!("{:.2} s, {:?}", start.elapsed().as_secs_f64(), i.layers[&layer]);
    for (f, _) in i.issues.iter() {
        eprintln!("{} {} {} {}", f.code, f.count, f.place, f.value);
    }
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        eprintln!("{}", status.lines().find(|l| l.starts_with("VmHWM")).unwrap_or_default());
    }
}
