//! A layer of a million sites in every format, beside pyogrio and GeoPandas writing the same one.
//!
//! Beside seconds by the clock stand seconds of processors (user and system), which other work on the
//! machine changes less. `COVPLAN_SITES` sets the number of sites; `COVPLAN_PYTHON` names a Python with geopandas and pyarrow
//! (default: the one that `make test` sets up). Without one covplan runs alone.

use covplan::crs::Crs;
use covplan::model::kinds::Lang;
use covplan::model::settings::Settings;
use covplan::plan;
use covplan::report::formats::{Format, Wanted, Writers};
use covplan::report::layers::{Lookups, sites};
use covplan::report::symbology;
use covplan::report::{OutFolder, Released};
use covplan::synth::{Recipe, generate};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let count = match std::env::var("COVPLAN_SITES") {
        Ok(n) => n.parse()?,
        Err(_) => 1_000_000,
    };
    let inputs = generate(&Recipe { region: "Jiangsu".into(), sites: count, cells: 2000, seed: 1 })?;
    let settings = Settings::with(&toml::Table::new()).map_err(|e| format!("{e:?}"))?;
    let found = plan::today(&inputs, &settings)?;
    let released = Released::coverage(&inputs, &settings, &found);
    let view = released.view();
    let look = Lookups::new(&view);
    let layer = sites(view, &look);
    let start = Instant::now();
    let layout = layer.layout();
    let styles = symbology::styles(&layer, &settings);
    println!(
        "{} sites, {} fields and {} sources of theirs; order and fields decided in {:.2} s",
        layer.rows,
        layout.shown.len(),
        layout.with_src.iter().filter(|s| **s).count(),
        start.elapsed().as_secs_f64()
    );
    let place = tempfile::tempdir()?;
    let mut ours = Vec::new();
    for word in ["geojson", "fgb", "parquet", "gpkg"] {
        let format = Format::of(word).ok_or("a format that isn't there")?;
        let wanted = Wanted::new(&[format], Crs::wgs84());
        let target = place.path().join(word);
        let before = memory_mb("VmRSS");
        forget_peak();
        let (start, worked) = (Instant::now(), processor_s());
        let mut folder = OutFolder::create(&target, true)?;
        let mut writers = Writers::new(&wanted, Lang::En)?;
        writers.layer(&mut folder, &layer, &layout, &styles)?;
        writers.finish(&mut folder)?;
        let bytes: u64 = folder.commit()?.iter().map(|f| f.bytes).sum();
        let seconds = start.elapsed().as_secs_f64();
        let worked = processor_s() - worked;
        let more = memory_mb("VmHWM") - before;
        println!(
            "  {word:8} {seconds:6.2} s, {worked:6.2} s of processors, {:5.0} MB, {more:5.0} MB of memory more at the peak",
            bytes as f64 / 1e6
        );
        ours.push((word, seconds, worked));
    }
    peer(place.path(), &ours)
}

/// pyogrio (GeoPandas for Parquet) reads what was written and writes it again.
fn peer(place: &Path, ours: &[(&str, f64, f64)]) -> Outcome<()> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = std::env::var_os("COVPLAN_PYTHON")
        .map_or_else(|| here.join("target/readers/bin/python"), PathBuf::from);
    if !python.exists() {
        println!("no {}: covplan alone", python.display());
        return Ok(());
    }
    let out = Command::new(python).arg(here.join("benches/formats_pyogrio.py")).arg(place).output()?;
    if !out.status.success() {
        return Err(String::from_utf8_lossy(&out.stderr).into_owned().into());
    }
    let text = String::from_utf8(out.stdout)?;
    for (word, seconds, worked) in ours {
        let figures = text.lines().find_map(|l| {
            let (s, p) = l.strip_prefix(word)?.trim().split_once(' ')?;
            Some((s.parse::<f64>().ok()?, p.parse::<f64>().ok()?))
        });
        if let Some((theirs, their_work)) = figures {
            println!(
                "  {word:8} pyogrio {theirs:6.2} s, {their_work:6.2} s of processors: {:.1} and {:.1} times covplan's",
                theirs / seconds,
                their_work / worked
            );
        }
    }
    Ok(())
}

/// Seconds that processors have worked for this process, in user and system mode; zero where the system
/// doesn't tell.
fn processor_s() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Behind the name, which may hold anything but ends with the last parenthesis: the 12th and 13th field,
    // in hundredths of a second.
    let rest = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    rest.split_whitespace().skip(11).take(2).filter_map(|t| t.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// A figure of this process's memory; zero where the system doesn't tell.
fn memory_mb(what: &str) -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kb = text.lines().find_map(|l| {
        l.strip_prefix(what)?.trim_start_matches(':').split_whitespace().next()?.parse::<f64>().ok()
    });
    kb.unwrap_or(0.0) / 1e3
}

/// Begins the count of the peak anew, where the system lets it.
fn forget_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}
