//! Files of features with bytes cut off or changed: read, or refused with a rule; never a panic, and never
//! more memory than the file gives reason for.
#![allow(clippy::unwrap_used)] // A test that fails says where.

use covplan::io::inspect::inspect;
use covplan::model::kinds::Lang;
use proptest::prelude::*;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

fn covplan(dir: &Path, args: &[&str]) {
    let out = Command::new(env!("CARGO_BIN_EXE_covplan")).args(args).current_dir(dir).output().unwrap();
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
}

/// One sound file of every format: its name, the part that is damaged, and the bytes of all parts.
type Sample = (&'static str, &'static str, Vec<(String, Vec<u8>)>);

fn samples() -> &'static [Sample] {
    static MADE: OnceLock<Vec<Sample>> = OnceLock::new();
    MADE.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path();
        covplan(at, &["synth", "--region", "Suzhou", "--sites", "20", "--cells", "40", "-o", "s"]);
        let formats = "gpkg,fgb,parquet,shp,kml";
        covplan(at, &["plan", "s/covplan.toml", "-o", "out", "--effort", "low", "--formats", formats]);
        let bytes = |names: &[&str]| {
            let read = |n: &&str| ((*n).to_owned(), std::fs::read(at.join("out").join(n)).unwrap());
            names.iter().map(read).collect::<Vec<_>>()
        };
        let areas = ["regions.shp", "regions.shx", "regions.dbf", "regions.prj", "regions.cpg"];
        let lines = ["lead_ins.shp", "lead_ins.shx", "lead_ins.dbf"];
        vec![
            ("layers.gpkg", "layers.gpkg", bytes(&["layers.gpkg"])),
            ("sites.fgb", "sites.fgb", bytes(&["sites.fgb"])),
            ("regions.fgb", "regions.fgb", bytes(&["regions.fgb"])),
            ("sites.parquet", "sites.parquet", bytes(&["sites.parquet"])),
            ("regions.shp", "regions.shp", bytes(&areas)),
            ("regions.shp", "regions.shx", bytes(&areas)),
            ("regions.shp", "regions.dbf", bytes(&areas)),
            ("regions.shp", "regions.prj", bytes(&areas)),
            ("lead_ins.shp", "lead_ins.shp", bytes(&lines)),
            ("regions.kml", "regions.kml", bytes(&["regions.kml"])),
            ("ofds_nodes.json", "ofds_nodes.json", bytes(&["ofds_nodes.json"])),
        ]
    })
}

/// Writes a sample whose damaged part has those bytes; the path of the file to read.
fn put(dir: &Path, (name, part, files): &Sample, damaged: &[u8]) -> PathBuf {
    for (file, bytes) in files {
        let bytes = if file == part { damaged } else { bytes.as_slice() };
        std::fs::write(dir.join(file), bytes).unwrap();
    }
    dir.join(name)
}

fn sound(sample: &Sample) -> &[u8] {
    sample.2.iter().find(|(n, _)| n == sample.1).map(|(_, b)| b.as_slice()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_damage_makes_a_panic(
        which in 0usize..11,
        cut in proptest::option::of(0.0..1.0f64),
        // Headers are where most can go wrong.
        changes in proptest::collection::vec((prop_oneof![0.0..1.0f64, 0.0..0.02f64], any::<u8>()), 0..6),
        words in proptest::collection::vec(0.0..1.0f64, 0..2),
    ) {
        let sample = &samples()[which];
        let mut bytes = sound(sample).to_vec();
        let at = |share: f64, n: usize| ((share * n as f64) as usize).min(n.saturating_sub(1));
        for (share, byte) in changes {
            let i = at(share, bytes.len());
            bytes[i] = byte;
        }
        for share in words {
            // A length or count that asks for all there can be.
            let i = at(share, bytes.len().saturating_sub(4)) & !3;
            bytes[i..i + 4].fill(0xff);
        }
        if let Some(share) = cut {
            bytes.truncate(at(share, bytes.len()));
        }
        let dir = tempfile::tempdir().unwrap();
        let path = put(dir.path(), sample, &bytes);
        if let Err(issues) = inspect(&path, Lang::En) {
            prop_assert!(issues.iter().all(|(f, _)| f.code.starts_with('D')));
        }
    }
}

#[test]
fn sound_samples_are_read_and_cut_ones_refused() {
    for sample in samples() {
        let dir = tempfile::tempdir().unwrap();
        let whole = sound(sample);
        let found = inspect(&put(dir.path(), sample, whole), Lang::En);
        let found = found.unwrap_or_else(|e| panic!("{}: {e:?}", sample.1));
        assert!(found.rows > 0, "{}", sample.1);
        if sample.1.ends_with("prj") {
            continue;
        }
        for share in [1, 5, 9] {
            let path = put(dir.path(), sample, &whole[..whole.len() * share / 10]);
            let refused = match inspect(&path, Lang::En) {
                Err(issues) => issues,
                Ok(found) => found.issues,
            };
            let told = refused.iter().any(|(f, _)| ["D001", "D002", "D003", "D053"].contains(&f.code));
            assert!(told, "{} cut to {share} tenths is read as if whole: {refused:?}", sample.1);
        }
    }
}

/// Every field that counts something, set to as much as it holds: the program runs in little memory.
#[cfg(target_os = "linux")]
#[test]
fn no_count_makes_the_program_take_all_memory() {
    for sample in samples().iter().filter(|s| !s.1.ends_with("kml") && !s.1.ends_with("json")) {
        let whole = sound(sample);
        for at in (0..whole.len().min(2048) / 4).step_by(9).map(|i| i * 4) {
            let mut bytes = whole.to_vec();
            bytes[at..at + 4].copy_from_slice(&0x7fff_ff00u32.to_le_bytes());
            let dir = tempfile::tempdir().unwrap();
            let path = put(dir.path(), sample, &bytes);
            let out = Command::new("sh")
                .args(["-c", "ulimit -v 6000000; exec \"$0\" inspect \"$1\" --threads 1"])
                .arg(env!("CARGO_BIN_EXE_covplan"))
                .arg(&path)
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&out.stderr);
            let ended = out.status.code();
            assert!(matches!(ended, Some(0 | 3)), "{} at {at}: {ended:?} {said}", sample.1);
        }
    }
}

/// Whatever is damaged, the program says it in its own words: no library's panic on the screen.
#[test]
fn no_panic_of_a_library_is_heard() {
    for sample in samples().iter().filter(|s| s.1.ends_with("parquet")) {
        let whole = sound(sample);
        for at in (0..whole.len()).step_by(whole.len() / 60) {
            let mut bytes = whole.to_vec();
            let end = (at + 6).min(bytes.len());
            bytes[at..end].fill(0x7e);
            let dir = tempfile::tempdir().unwrap();
            let path = put(dir.path(), sample, &bytes);
            let out = Command::new(env!("CARGO_BIN_EXE_covplan")).arg("inspect").arg(&path).output().unwrap();
            let said = String::from_utf8_lossy(&out.stderr);
            assert!(!said.contains("panicked"), "at {at}: {said}");
            assert!(matches!(out.status.code(), Some(0 | 3)), "at {at}: {said}");
        }
    }
}
