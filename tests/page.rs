//! The report as people meet it: in a browser at the widths of a phone, a tablet and a desk, by keyboard,
//! on paper, with names that carry markup. Skipped, and said so, where there is no Chromium.
#![allow(clippy::unwrap_used)] // A test that fails says where.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

const SCRIPT: &str = "<script>parent.hurt=1</script>";
const LINK: &str = "=HYPERLINK(\"http://example.org\",\"x\")";
const IMAGE: &str = "<img src=x onerror=parent.hurt=2>";

fn covplan(dir: &Path, args: &[&str]) {
    let out = Command::new(env!("CARGO_BIN_EXE_covplan"))
        .args(args)
        .current_dir(dir)
        .env_remove("PROJ_DATA")
        .env_remove("PROJ_LIB")
        .output()
        .unwrap();
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
}

/// Chromium over a page, with more arguments; what it prints.
fn chromium(page: &Path, more: &[String]) -> Option<String> {
    let profile = tempfile::tempdir().unwrap();
    let out = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-sync", "--virtual-time-budget=8000"])
        .args(["--allow-file-access-from-files", "--hide-scrollbars"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(more)
        .arg(format!("file://{}", page.display()))
        .output();
    let Ok(out) = out else {
        eprintln!("skipped: chromium isn't installed");
        return None;
    };
    Some(String::from_utf8_lossy(&out.stdout).into_owned())
}

/// A plan of sites whose names try to be code.
fn hostile(lang: &str) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let sites = [SCRIPT, LINK, IMAGE, "甲厂"].map(quoted);
    let rows: Vec<String> =
        sites.iter().enumerate().map(|(i, n)| format!("S{i},{n},118.{},32.06\n", 80 + 4 * i)).collect();
    for (name, text) in [
        ("p.toml", "[project]\nname = \"<b>t</b>\"\n[layers.sites]\npath = \"sites.csv\"\n[layers.cells]\npath = \"cells.csv\"\n[layers.fiber_nodes]\npath = \"nodes.csv\"\n".to_owned()),
        ("sites.csv", format!("site_id,name,lon,lat\n{}", rows.concat())),
        ("cells.csv", "cell_id,operator,rat,lon,lat,band,height_m,power_dbm,azimuth_deg\nC1,cmcc,nr,118.81,32.07,n41,30,53,0\n".to_owned()),
        ("nodes.csv", "node_id,lon,lat,kind,owner\nN1,118.83,32.05,olt,cmcc\n".to_owned()),
    ] {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    covplan(dir.path(), &["plan", "p.toml", "-o", "out", "--lang", lang]);
    let page = dir.path().join("out/report.html");
    (dir, page)
}

/// Asks a page in a frame of a width, as a user would: looks, types, presses keys.
const ASK: &str = include_str!("page/ask.html");

fn unbase64(text: &str) -> Vec<u8> {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let bits: Vec<u8> = text.bytes().filter(|c| *c != b'=').map(digit).collect();
    let mut out = Vec::new();
    for four in bits.chunks(4) {
        let word = (0..4).fold(0u32, |w, k| w << 6 | u32::from(four.get(k).copied().unwrap_or(0)));
        out.extend(word.to_be_bytes()[1..].iter().take(four.len() - 1));
    }
    out
}

#[test]
fn the_page_serves_every_screen_and_harms_none() {
    for lang in ["en", "zh"] {
        let (dir, page) = hostile(lang);
        for width in [390, 820, 1440] {
            let asking = dir.path().join(format!("ask-{width}.html"));
            let text = ASK.replace("WIDTH", &width.to_string()).replace("PAGE", "out/report.html");
            std::fs::write(&asking, text).unwrap();
            let more = ["--dump-dom".to_owned(), "--window-size=1600,1000".to_owned()];
            let Some(dom) = chromium(&asking, &more) else { return };
            let coded = dom.split("@@").nth(1).unwrap_or_else(|| panic!("no answer: {dom}"));
            // The asking script itself stands in the page, too: the answer is the last.
            let coded = dom
                .split("@@")
                .filter(|p| {
                    p.len() > 200 && p.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b))
                })
                .last()
                .unwrap_or(coded);
            let a: Value = serde_json::from_slice(&unbase64(coded)).unwrap();
            let at = format!("{lang} {width}: {a:#}");
            assert!(a["overflow"].as_i64().unwrap() <= 0, "the page is wider than the screen; {at}");
            assert!(a["colours"].as_u64().unwrap() > 5, "nothing is drawn; {at}");
            assert!(a["hurt"].is_null(), "a name ran as code; {at}");
            assert_eq!((&a["scripts"], &a["images"]), (&2.into(), &0.into()), "{at}");
            assert_eq!(a["found"]["<script>"][0], format!("S0 {SCRIPT}"), "{at}");
            assert_eq!(a["found"]["=HYPERLINK"][0], format!("S1 {LINK}"), "{at}");
            assert_eq!(a["found"]["onerror"][0], format!("S2 {IMAGE}"), "{at}");
            assert_eq!(a["found"]["甲"].as_array().unwrap().len(), 1, "{at}");
            // By keyboard from one site to the next.
            let (first, second) = (a["first"].as_str().unwrap(), a["second"].as_str().unwrap());
            assert!(first.starts_with('S') && second.starts_with('S') && first != second, "{at}");
            assert_eq!(a["closed"], "none", "{at}");
            assert!(a["focusable"].as_u64().unwrap() > 10 && a["unnamed"] == 0 && a["small"] == 0, "{at}");
            // Drawn for the measures of paper, 178 mm by 120 mm, so that nothing is stretched.
            assert!((a["paper"].as_f64().unwrap() - 178.0 / 120.0).abs() < 0.01, "{at}");
        }
        let pdf = dir.path().join("report.pdf");
        let more = ["--no-pdf-header-footer".to_owned(), format!("--print-to-pdf={}", pdf.display())];
        if chromium(&page, &more).is_some() {
            let bytes = std::fs::read(&pdf).unwrap();
            assert!(bytes.starts_with(b"%PDF"), "no PDF");
            // A4: upright, and lying for tables of many columns.
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let boxes: Vec<Vec<f64>> = text
                .split("/MediaBox [")
                .skip(1)
                .map(|b| {
                    b.split(']').next().unwrap().split_whitespace().map(|n| n.parse().unwrap()).collect()
                })
                .collect();
            let a4 = |b: &[f64], w: f64, h: f64| (b[2] - w).abs() < 2.0 && (b[3] - h).abs() < 2.0;
            assert!(!boxes.is_empty(), "no pages in sight");
            let upright = boxes.iter().filter(|b| a4(b, 595.0, 842.0)).count();
            let lying = boxes.iter().filter(|b| a4(b, 842.0, 595.0)).count();
            assert!(upright > 0 && lying > 0 && upright + lying == boxes.len(), "{boxes:?}");
        }
    }
}

#[test]
fn ten_thousand_sites_stay_below_five_megabytes() {
    let dir = tempfile::tempdir().unwrap();
    covplan(dir.path(), &["synth", "--sites", "12000", "--cells", "9000", "-o", "p"]);
    covplan(dir.path(), &["plan", "p/covplan.toml", "-o", "out", "--effort", "low", "--lang", "zh"]);
    let text = std::fs::read_to_string(dir.path().join("out/report.html")).unwrap();
    assert!(text.len() < 5_000_000, "{} bytes", text.len());
    // More than are drawn: the page says so, and the layer has all.
    assert!(text.contains("为便于显示已抽稀"));
    let layer: Value =
        serde_json::from_slice(&std::fs::read(dir.path().join("out/sites.geojson")).unwrap()).unwrap();
    assert_eq!(layer["features"].as_array().unwrap().len(), 12_000);
}
