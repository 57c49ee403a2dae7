//! Anything can be wrong with an input. Each case runs the real program in a folder of its own and asks
//! for the documented exit code, a message that names the place, no panic, and no partial output.
#![allow(clippy::unwrap_used)] // A test that fails says where.

use std::path::Path;
use std::process::{Command, Output};

type Bytes = Vec<u8>;

struct Case {
    name: &'static str,
    files: Vec<(&'static str, Bytes)>,
    args: Vec<&'static str>,
    exit: i32,
    /// Each must stand somewhere in stderr or stdout.
    says: Vec<&'static str>,
}

const SITES: &str = "site_id,name,lon,lat\nS1,Alpha,118.80,32.06\nS2,Beta,118.90,32.10\n";
const CELLS: &str = "cell_id,operator,rat,lon,lat,band,height_m,power_dbm,azimuth_deg\n\
    C1,cmcc,nr,118.81,32.07,n41,30,53,0\nC2,ct,nr,118.82,32.05,n78,30,53,120\n";
const PROJECT: &str =
    "[project]\nname = \"t\"\n[layers.sites]\npath = \"sites.csv\"\n[layers.cells]\npath = \"cells.csv\"\n";

fn project(text: &str, more: Vec<(&'static str, Bytes)>) -> Vec<(&'static str, Bytes)> {
    let mut files = vec![("p.toml", text.as_bytes().to_vec())];
    for (name, body) in [("sites.csv", SITES), ("cells.csv", CELLS)] {
        if !more.iter().any(|(n, _)| *n == name) {
            files.push((name, body.as_bytes().to_vec()));
        }
    }
    files.extend(more);
    files
}

fn run(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_covplan"))
        .args(args)
        .current_dir(dir)
        .env_remove("PROJ_DATA")
        .env_remove("PROJ_LIB")
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

fn listing(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(dir)
        .unwrap()
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn check(case: Case) -> Result<(), String> {
    let dir = tempfile::tempdir().unwrap();
    for (name, body) in &case.files {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, body).unwrap();
    }
    let before = listing(dir.path());
    let out = run(dir.path(), &case.args);
    let text = format!("{}{}", String::from_utf8_lossy(&out.stderr), String::from_utf8_lossy(&out.stdout));
    let fail = |why: String| Err(format!("{}: {why}\n--- said:\n{text}", case.name));
    if out.status.code() != Some(case.exit) {
        return fail(format!("exit {:?}, expected {}", out.status.code(), case.exit));
    }
    if text.contains("panicked") || text.contains("RUST_BACKTRACE") {
        return fail("panicked".into());
    }
    for word in &case.says {
        if !text.contains(word) {
            return fail(format!("doesn't say `{word}`"));
        }
    }
    if case.exit >= 2 && listing(dir.path()) != before {
        return fail(format!("left something behind: {:?}", listing(dir.path())));
    }
    Ok(())
}

fn sites(body: impl Into<Bytes>) -> Vec<(&'static str, Bytes)> {
    project(PROJECT, vec![("sites.csv", body.into())])
}

fn cells(body: &str) -> Vec<(&'static str, Bytes)> {
    project(PROJECT, vec![("cells.csv", body.as_bytes().to_vec())])
}

fn with_toml(text: &str) -> Vec<(&'static str, Bytes)> {
    project(text, vec![])
}

fn layer(toml: &str, name: &'static str, body: impl Into<Bytes>) -> Vec<(&'static str, Bytes)> {
    project(&format!("{PROJECT}{toml}"), vec![(name, body.into())])
}

fn gbk_half() -> Bytes {
    // 南京 in GBK, then a lead byte with no trail byte.
    [b"site_id,name,lon,lat\nS1,".as_slice(), &[0xC4, 0xCF, 0xBE, 0xA9, 0xFF, 0xFE], b",118.8,32.0\n"]
        .concat()
}

fn gz(body: &[u8]) -> Bytes {
    use std::io::Write;
    let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    e.write_all(body).unwrap();
    e.finish().unwrap()
}

const CHECK: [&str; 2] = ["check", "p.toml"];
const COVERAGE: [&str; 4] = ["coverage", "p.toml", "-o", "out"];
const PLAN: [&str; 4] = ["plan", "p.toml", "-o", "out"];

fn case(
    name: &'static str,
    files: Vec<(&'static str, Bytes)>,
    args: &[&'static str],
    exit: i32,
    says: &[&'static str],
) -> Case {
    Case { name, files, args: args.to_vec(), exit, says: says.to_vec() }
}

fn usage_cases() -> Vec<Case> {
    vec![
        case("no command", vec![], &[], 2, &["Usage"]),
        case("unknown command", vec![], &["plann"], 2, &["plan"]),
        case("unknown switch", vec![], &["demo", "--fast"], 2, &["--fast"]),
        case("zero threads", vec![], &["demo", "--threads", "0"], 2, &["--threads"]),
        case("negative seed", vec![], &["demo", "--seed", "-4"], 2, &["--seed"]),
        case("bad effort", vec![], &["demo", "--effort", "heroic"], 2, &["heroic"]),
        case("bad time limit", vec![], &["demo", "--time-limit", "-1"], 2, &["--time-limit"]),
        case("NaN time limit", vec![], &["demo", "--time-limit", "nan"], 2, &["--time-limit"]),
        case("bad language", vec![], &["demo", "--lang", "fr"], 2, &["en and zh"]),
        case("bad redaction", vec![], &["demo", "--redact", "secret"], 2, &["inter-agency"]),
        case("project missing", vec![], &["plan", "none.toml"], 2, &["none.toml"]),
        case("project is a folder", vec![("d/x", vec![])], &["plan", "d"], 2, &["d"]),
        case("explain: no folder", vec![], &["explain", "nowhere", "S1"], 2, &["nowhere"]),
        case("explain: not a plan", vec![("d/x", vec![])], &["explain", "d", "S1"], 2, &["plan.json"]),
        case(
            "explain: broken plan",
            vec![("d/plan.json", b"{\"schema\": \"covplan/pl".to_vec())],
            &["explain", "d", "S1"],
            3,
            &["plan.json"],
        ),
        case("kpi: no preset", project(PROJECT, vec![]), &["kpi", "p.toml"], 2, &["--preset"]),
        case(
            "kpi: unknown preset",
            project(PROJECT, vec![]),
            &["kpi", "p.toml", "--preset", "set-sail"],
            2,
            &["C060", "did you mean `set-sail-2027`"],
        ),
        case(
            "kpi: preset file missing",
            project(PROJECT, vec![]),
            &["kpi", "p.toml", "--preset", "none.toml"],
            2,
            &["C061", "none.toml"],
        ),
        case(
            "kpi: not a preset",
            project(PROJECT, vec![("own.toml", b"name = 3".to_vec())]),
            &["kpi", "p.toml", "--preset", "own.toml"],
            2,
            &["C062", "own.toml"],
        ),
        case(
            "kpi: earlier run missing",
            project(PROJECT, vec![]),
            &["kpi", "p.toml", "--preset", "set-sail-2027", "--before", "nowhere"],
            2,
            &["C063", "nowhere"],
        ),
        case("compare: no folders", vec![], &["compare", "a", "b"], 2, &["C064", "plan.json"]),
        case(
            "compare: broken plan",
            vec![("a/plan.json", b"{".to_vec()), ("b/plan.json", b"{".to_vec())],
            &["compare", "a", "b"],
            3,
            &["C065", "plan.json"],
        ),
        case(
            "readiness: bad number",
            project(PROJECT, vec![]),
            &["readiness", "p.toml", "--wanted", "-1"],
            2,
            &["--wanted"],
        ),
        case("duplicates: no project", vec![], &["duplicates", "none.toml"], 2, &["none.toml"]),
        case("inspect: missing file", vec![], &["inspect", "none.csv"], 3, &["none.csv"]),
        case("inspect: empty file", vec![("e.csv", vec![])], &["inspect", "e.csv"], 3, &["e.csv", "empty"]),
        case(
            "convert: bad CRS",
            vec![("s.csv", SITES.into())],
            &["convert", "s.csv", "--from", "EPSG:999999", "--to", "gcj02"],
            2,
            &["999999"],
        ),
        case(
            "convert: no such datum shift",
            vec![("s.csv", SITES.into())],
            &["convert", "s.csv", "--from", "EPSG:4214", "--to", "EPSG:4326"],
            2,
            &["4214"],
        ),
        case(
            "convert: existing output",
            vec![("s.csv", SITES.into()), ("o.csv", b"keep".to_vec())],
            &["convert", "s.csv", "--from", "gcj02", "--to", "EPSG:4326", "-o", "o.csv"],
            2,
            &["o.csv", "--overwrite"],
        ),
        case(
            "convert: no coordinates",
            vec![("s.csv", b"a,b\n1,2\n".to_vec())],
            &["convert", "s.csv", "--from", "gcj02", "--to", "EPSG:4326"],
            3,
            &["s.csv"],
        ),
        case(
            "convert: a summary where the file goes",
            vec![("s.csv", SITES.into())],
            &["convert", "s.csv", "--from", "gcj02", "--to", "EPSG:4326", "--json"],
            2,
            &["-o"],
        ),
        case("link: missing file", vec![], &["link", "--batch", "none.jsonl"], 3, &["none.jsonl"]),
        case(
            "synth: unknown region",
            vec![],
            &["synth", "--region", "Atlantis", "-o", "x"],
            2,
            &["Atlantis", "Zhejiang", "Guizhou"],
        ),
        case(
            "synth: existing folder",
            vec![("x/keep", vec![])],
            &["synth", "--sites", "10", "--cells", "30", "-o", "x"],
            2,
            &["--overwrite"],
        ),
        case("init: existing folder", vec![("x/covplan.toml", vec![])], &["init", "x"], 2, &["x"]),
        case(
            "demo: existing output",
            vec![("out/keep", b"1".to_vec())],
            &["demo", "-o", "out"],
            2,
            &["--overwrite"],
        ),
        case("demo: output under a file", vec![("f", b"1".to_vec())], &["demo", "-o", "f/out"], 2, &["f"]),
    ]
}

fn project_cases() -> Vec<Case> {
    vec![
        case("project: not TOML", with_toml("[project\nname="), &CHECK, 2, &["p.toml:1"]),
        case("project: empty", with_toml(""), &CHECK, 2, &["layers"]),
        case(
            "project: not UTF-8",
            project("", vec![])
                .into_iter()
                .map(|(n, b)| if n == "p.toml" { (n, vec![0xFF, 0xFE, 0x00]) } else { (n, b) })
                .collect(),
            &CHECK,
            2,
            &["p.toml"],
        ),
        case(
            "project: unknown section",
            with_toml(&format!("{PROJECT}[radoi]\nx = 1\n")),
            &CHECK,
            2,
            &["radoi", "radio"],
        ),
        case(
            "project: unknown key",
            with_toml(&format!("{PROJECT}[radio]\nue_power = 23\n")),
            &CHECK,
            2,
            &["ue_power_dbm"],
        ),
        case(
            "project: out of range",
            with_toml(&format!("{PROJECT}[radio]\nue_power_dbm = 99\n")),
            &CHECK,
            2,
            &["ue_power_dbm", "33"],
        ),
        case(
            "project: wrong type",
            with_toml(&format!("{PROJECT}[radio]\nue_power_dbm = \"23\"\n")),
            &CHECK,
            2,
            &["ue_power_dbm"],
        ),
        case(
            "project: not a choice",
            with_toml(&format!("{PROJECT}[redact]\nlevel = \"secret\"\n")),
            &CHECK,
            2,
            &["inter-agency"],
        ),
        case(
            "project: infinite budget",
            with_toml(&format!("{PROJECT}[plan]\nbudget_cny = inf\n")),
            &CHECK,
            2,
            &["budget_cny"],
        ),
        case(
            "project: NaN budget",
            with_toml(&format!("{PROJECT}[plan]\nbudget_cny = nan\n")),
            &CHECK,
            2,
            &["budget_cny"],
        ),
        case(
            "project: a carrier of ones own with one key",
            with_toml(&format!("{PROJECT}[radio.carrier.n3]\nfreq_mhz = 1800\n")),
            &CHECK,
            2,
            &["p.toml:7", "`radio.carrier.n3` lacks", "`bw_mhz`", "help: give every key", "bw_mhz = 100.0"],
        ),
        case(
            "layer: unknown name",
            with_toml(&format!("{PROJECT}[layers.site]\npath = \"x.csv\"\n")),
            &CHECK,
            2,
            &["site", "sites"],
        ),
        case(
            "layer: unknown key",
            with_toml("[layers.sites]\npath = \"sites.csv\"\ncolums = {}\n"),
            &CHECK,
            2,
            &["colums", "columns"],
        ),
        case("layer: no path", with_toml("[layers.sites]\ncrs = \"gcj02\"\n"), &CHECK, 2, &["path"]),
        case(
            "layer: file missing",
            with_toml("[layers.sites]\npath = \"none.csv\"\n"),
            &CHECK,
            3,
            &["none.csv"],
        ),
        case(
            "layer: path is a folder",
            project("[layers.sites]\npath = \"d\"\n", vec![("d/x", vec![])]),
            &CHECK,
            3,
            &["d"],
        ),
        case(
            "layer: unknown format",
            project("[layers.sites]\npath = \"s.xyz\"\n", vec![("s.xyz", SITES.into())]),
            &CHECK,
            3,
            &["s.xyz", "format"],
        ),
        case(
            "layer: bad CRS",
            with_toml("[layers.sites]\npath = \"sites.csv\"\ncrs = \"EPSG:123456789\"\n"),
            &CHECK,
            3,
            &["123456789"],
        ),
        case(
            "layer: datum without a shift",
            with_toml("[layers.sites]\npath = \"sites.csv\"\ncrs = \"EPSG:4214\"\n"),
            &CHECK,
            3,
            &["Beijing 1954", "sites.csv"],
        ),
        case(
            "layer: mapped column absent",
            with_toml("[layers.sites]\npath = \"sites.csv\"\ncolumns = { name = \"名称\" }\n"),
            &CHECK,
            3,
            &["名称"],
        ),
        case(
            "layer: filter on an absent column",
            with_toml("[layers.sites]\npath = \"sites.csv\"\nfilter = { country = [\"Peru\"] }\n"),
            &CHECK,
            3,
            &["country"],
        ),
        case(
            "layer: absent sheet",
            project(
                "[layers.sites]\npath = \"s.xlsx\"\nsheet = \"5G\"\n",
                vec![("s.xlsx", b"PK\x03\x04broken".to_vec())],
            ),
            &CHECK,
            3,
            &["s.xlsx"],
        ),
    ]
}

fn table_cases() -> Vec<Case> {
    let head = "site_id,name,lon,lat\n";
    let row = |r: &str| format!("{head}S0,Zero,118.8,32.0\n{r}\n");
    vec![
        case("sites: empty file", sites(""), &COVERAGE, 3, &["sites.csv", "empty"]),
        case("sites: header only", sites(head), &CHECK, 0, &[]),
        case(
            "sites: no coordinate columns",
            sites("site_id,name\nS1,A\n"),
            &COVERAGE,
            3,
            &["sites.csv", "lon"],
        ),
        case(
            "sites: no name column",
            sites("site_id,lon,lat\nS1,118.8,32.0\n"),
            &COVERAGE,
            3,
            &["sites.csv", "name"],
        ),
        case(
            "sites: swapped axes",
            sites("site_id,name,lon,lat\nS1,A,32.06,118.8\nS2,B,32.1,118.9\nS3,C,31.9,118.7\n"),
            &COVERAGE,
            3,
            &["D012", "sites.csv:2", "--swap-xy"],
        ),
        case(
            "sites: plane coordinates without a system",
            sites("site_id,name,x_m,y_m\nS1,A,3550000,670000\nS2,B,3551000,671000\n"),
            &CHECK,
            3,
            &["D018", "x_m=3550000 y_m=670000; looks like a Gauss-Krueger or UTM zone without its number"],
        ),
        case("sites: NaN", sites(row("S1,A,NaN,32.0")), &CHECK, 1, &["sites.csv:3"]),
        case("sites: infinite", sites(row("S1,A,inf,32.0")), &CHECK, 1, &["sites.csv:3"]),
        case("sites: huge number", sites(row("S1,A,1e300,32.0")), &CHECK, 1, &["sites.csv:3"]),
        case("sites: off the globe", sites(row("S1,A,190.5,32.0")), &CHECK, 1, &["sites.csv:3", "190.5"]),
        case("sites: words for numbers", sites(row("S1,A,east,32.0")), &CHECK, 1, &["sites.csv:3", "east"]),
        case("sites: blank coordinate", sites(row("S1,A,,32.0")), &CHECK, 1, &["sites.csv:3"]),
        case("sites: null island", sites(row("S1,A,0,0")), &CHECK, 1, &["sites.csv:3"]),
        case("sites: same id twice", sites(row("S0,A,118.9,32.1")), &CHECK, 1, &["sites.csv:3", "S0"]),
        case(
            "sites: id eaten by a spreadsheet",
            sites(row("3.20102E+17,A,118.9,32.1")),
            &CHECK,
            3,
            &["sites.csv:3", "3.20102E+17"],
        ),
        case("sites: ragged row", sites(row("S1,A,118.9")), &CHECK, 1, &["sites.csv:3"]),
        case("sites: unclosed quote", sites(row("S1,\"A,118.9,32.0")), &COVERAGE, 3, &["sites.csv"]),
        case(
            "sites: unknown column",
            sites("site_id,name,lon,lat,employes\nS1,A,118.8,32.0,1\n"),
            &CHECK,
            1,
            &["employes", "employees"],
        ),
        case(
            "sites: unknown word",
            sites("site_id,name,lon,lat,firm_size\nS1,A,118.8,32.0,gigantic\n"),
            &CHECK,
            1,
            &["gigantic", "sites.csv:2"],
        ),
        case(
            "sites: negative area",
            sites("site_id,name,lon,lat,area_m2\nS1,A,118.8,32.0,-5\n"),
            &CHECK,
            1,
            &["sites.csv:2"],
        ),
        case("sites: broken GBK", sites(gbk_half()), &CHECK, 3, &["sites.csv"]),
        case(
            "sites: UTF-16",
            sites(
                [0xFFu8, 0xFE]
                    .iter()
                    .copied()
                    .chain("site_id".encode_utf16().flat_map(u16::to_le_bytes))
                    .collect::<Bytes>(),
            ),
            &CHECK,
            3,
            &["sites.csv"],
        ),
        case(
            "sites: binary rubbish",
            sites((0u8..=255).cycle().take(4096).collect::<Bytes>()),
            &CHECK,
            3,
            &["sites.csv"],
        ),
        case(
            "sites: truncated gzip",
            project(
                "[layers.sites]\npath = \"s.csv.gz\"\n",
                vec![("s.csv.gz", {
                    let mut g = gz(SITES.repeat(50).as_bytes());
                    g.truncate(g.len() - 12);
                    g
                })],
            ),
            &CHECK,
            3,
            &["s.csv.gz"],
        ),
        case(
            "sites: not a gzip",
            project("[layers.sites]\npath = \"s.csv.gz\"\n", vec![("s.csv.gz", b"hello".to_vec())]),
            &CHECK,
            3,
            &["s.csv.gz"],
        ),
        case(
            "sites: not a workbook",
            project("[layers.sites]\npath = \"s.xlsx\"\n", vec![("s.xlsx", b"hello".to_vec())]),
            &CHECK,
            3,
            &["s.xlsx"],
        ),
        case(
            "sites: all rows bad",
            sites("site_id,name,lon,lat\nS1,A,x,y\nS2,B,,\n"),
            &CHECK,
            1,
            &["sites.csv:2"],
        ),
        case(
            "cells: no operator",
            cells("cell_id,lon,lat,rat\nC1,118.8,32.0,nr\n"),
            &COVERAGE,
            3,
            &["cells.csv", "operator"],
        ),
        case(
            "cells: unknown technology",
            cells("cell_id,operator,rat,lon,lat\nC1,cmcc,7G,118.8,32.0\n"),
            &CHECK,
            1,
            &["cells.csv:2", "7G"],
        ),
        case(
            "cells: frequency in hertz",
            cells("cell_id,operator,rat,lon,lat,freq_mhz\nC1,cmcc,nr,118.8,32.0,3500000000\n"),
            &CHECK,
            1,
            &["cells.csv:2"],
        ),
        case(
            "cells: height above sea",
            cells("cell_id,operator,rat,lon,lat,height_m\nC1,cmcc,nr,118.8,32.0,3048\n"),
            &CHECK,
            1,
            &["cells.csv:2"],
        ),
        case(
            "cells: power in watts as dBm",
            cells("cell_id,operator,rat,lon,lat,power_dbm\nC1,cmcc,nr,118.8,32.0,320\n"),
            &CHECK,
            1,
            &["cells.csv:2"],
        ),
        case(
            "cells: azimuth off the circle",
            cells("cell_id,operator,rat,lon,lat,azimuth_deg\nC1,cmcc,nr,118.8,32.0,725\n"),
            &CHECK,
            1,
            &["cells.csv:2"],
        ),
    ]
}

/// A height model of 20 × 20 samples around 118° E, 32° N.
fn heights(step_deg: f64) -> Bytes {
    use tiff::encoder::{TiffEncoder, colortype::GrayI16};
    use tiff::tags::Tag;
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut file = TiffEncoder::new(&mut bytes).unwrap();
    let mut image = file.new_image::<GrayI16>(20, 20).unwrap();
    let keys = [1u16, 1, 0, 2, 1024, 0, 1, 2, 2048, 0, 1, 4326];
    image.encoder().write_tag(Tag::GeoKeyDirectoryTag, &keys[..]).unwrap();
    image.encoder().write_tag(Tag::ModelPixelScaleTag, &[step_deg, step_deg, 0.0][..]).unwrap();
    image.encoder().write_tag(Tag::ModelTiepointTag, &[0.0, 0.0, 0.0, 118.0, 32.0, 0.0][..]).unwrap();
    image.write_data(&[7; 400]).unwrap();
    bytes.into_inner()
}

fn geo_cases() -> Vec<Case> {
    let roads = "[layers.roads]\npath = \"r.geojson\"\n";
    let fc = |features: &str| format!("{{\"type\":\"FeatureCollection\",\"features\":[{features}]}}");
    let line = "{\"type\":\"Feature\",\"properties\":{\"road_id\":\"R1\",\"class\":\"primary\"},\"geometry\":{\"type\":\"LineString\",\"coordinates\":[[118.8,32.0],[118.9,32.1]]}}";
    let feature = |geometry: &str| {
        format!(
            "{{\"type\":\"Feature\",\"properties\":{{\"road_id\":\"R2\",\"class\":\"primary\"}},\"geometry\":{geometry}}}"
        )
    };
    let dem =
        |name: &'static str, body: Bytes| layer(&format!("[layers.dem]\npath = \"{name}\"\n"), name, body);
    vec![
        case(
            "roads: cut short",
            layer(roads, "r.geojson", &fc(line).as_bytes()[..90]),
            &COVERAGE,
            3,
            &["r.geojson"],
        ),
        case("roads: not JSON", layer(roads, "r.geojson", "road,road"), &COVERAGE, 3, &["r.geojson"]),
        case("roads: not GeoJSON", layer(roads, "r.geojson", "{\"a\": 1}"), &COVERAGE, 3, &["r.geojson"]),
        case(
            "roads: no geometry",
            layer(roads, "r.geojson", fc(&format!("{line},{}", feature("null")))),
            &CHECK,
            1,
            &["r.geojson:2"],
        ),
        case(
            "roads: empty geometry",
            layer(
                roads,
                "r.geojson",
                fc(&format!("{line},{}", feature("{\"type\":\"LineString\",\"coordinates\":[]}"))),
            ),
            &CHECK,
            1,
            &["r.geojson:2"],
        ),
        case(
            "roads: a point among lines",
            layer(
                roads,
                "r.geojson",
                fc(&format!("{line},{}", feature("{\"type\":\"Point\",\"coordinates\":[118.8,32.0]}"))),
            ),
            &CHECK,
            1,
            &["r.geojson:2"],
        ),
        case(
            "roads: projected numbers",
            layer(
                roads,
                "r.geojson",
                fc(&feature("{\"type\":\"LineString\",\"coordinates\":[[670000,3550000],[670100,3550100]]}")),
            ),
            &CHECK,
            3,
            &["r.geojson:1"],
        ),
        case(
            "regions: open ring",
            layer(
                "[layers.regions]\npath = \"g.geojson\"\n",
                "g.geojson",
                fc(
                    "{\"type\":\"Feature\",\"properties\":{\"adcode\":\"320100\",\"name\":\"N\",\"level\":\"city\"},\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[[118,32],[119,32],[119,33]]]}}",
                ),
            ),
            &CHECK,
            1,
            &["g.geojson:1"],
        ),
        case(
            "roads: truncated PBF",
            layer(
                "[layers.roads]\npath = \"r.osm.pbf\"\n",
                "r.osm.pbf",
                vec![0, 0, 0, 13, 10, 9, b'O', b'S', b'M'],
            ),
            &COVERAGE,
            3,
            &["r.osm.pbf"],
        ),
        case(
            "roads: broken OSM XML",
            layer(
                "[layers.roads]\npath = \"r.osm\"\n",
                "r.osm",
                "<osm><node id='1' lat='32' lon='118'><way></osm>",
            ),
            &COVERAGE,
            3,
            &["r.osm"],
        ),
        case(
            "fiber: broken GraphML",
            layer("[layers.fiber]\npath = \"f.graphml\"\n", "f.graphml", "<graphml><graph><node id=\"0\">"),
            &COVERAGE,
            3,
            &["f.graphml"],
        ),
        case("dem: wrong size", dem("N32E118.hgt", vec![0; 1000]), &COVERAGE, 3, &["N32E118.hgt"]),
        case(
            "dem: name tells no tile",
            dem("heights.hgt", vec![0; 1201 * 1201 * 2]),
            &COVERAGE,
            3,
            &["heights.hgt"],
        ),
        case(
            "dem: too coarse",
            dem("d.tif", heights(0.004)),
            &CHECK,
            1,
            &["D062", "444 m between heights", "at most 100 m"],
        ),
        case(
            "dem: a folder of tiles",
            project(
                &format!("{PROJECT}[layers.dem]\npath = \"tiles\"\n"),
                vec![("tiles/d.tif", heights(0.0005)), ("tiles/README", b"notes".to_vec())],
            ),
            &COVERAGE,
            0,
            &[],
        ),
        case("dem: fine enough", dem("d.tif", heights(0.0005)), &CHECK, 0, &[]),
        case(
            "regions: an OSM extract",
            layer(
                "[layers.regions]\npath = \"r.osm\"\n",
                "r.osm",
                "<osm><node id='1' lat='32' lon='118'/></osm>",
            ),
            &CHECK,
            3,
            &[
                "D053",
                "roads, barriers, candidates (towers) and sites (works), not regions",
                "put it into a layer",
            ],
        ),
        case("dem: not a TIFF", dem("d.tif", b"II*\0".to_vec()), &COVERAGE, 3, &["d.tif"]),
    ]
}

fn output_cases() -> Vec<Case> {
    vec![
        case(
            "coverage: existing output",
            project(PROJECT, vec![("out/keep.txt", b"mine".to_vec())]),
            &COVERAGE,
            2,
            &["out", "--overwrite"],
        ),
        case(
            "plan: existing output",
            project(PROJECT, vec![("out/keep.txt", b"mine".to_vec())]),
            &PLAN,
            2,
            &["out", "--overwrite"],
        ),
        case(
            "plan: output is a file",
            project(PROJECT, vec![("out", b"mine".to_vec())]),
            &["plan", "p.toml", "-o", "out", "--overwrite"],
            2,
            &["out"],
        ),
        case(
            "plan: lock of nothing",
            with_toml(&format!("{PROJECT}[plan.lock]\nopen = [\"NO-SUCH\"]\n")),
            &PLAN,
            2,
            &["NO-SUCH"],
        ),
        case(
            "plan: open and shut",
            with_toml(&format!("{PROJECT}[plan.lock]\nopen = [\"S1\"]\nshut = [\"S1\"]\n")),
            &PLAN,
            2,
            &["S1"],
        ),
        case(
            "plan: a lock beyond the budget",
            project(
                &format!(
                    "{PROJECT}[layers.candidates]\npath = \"k.csv\"\n\
                     [plan]\nbudget_cny = 1000000\n[plan.lock]\nopen = [\"K-MAST\"]\n"
                ),
                vec![
                    (
                        "k.csv",
                        b"cand_id,kind,lon,lat,capex_cny\nK-MAST,new,118.801,32.061,1234567.8\n".to_vec(),
                    ),
                    ("sites.csv", b"site_id,name,lon,lat\nS1,Alpha,118.80,32.06\n".to_vec()),
                    ("cells.csv", CELLS.replace("118.8", "119.8").into()),
                ],
            ),
            &PLAN,
            4,
            &["K-MAST", "1,234,568 yuan", "1,000,000 yuan", "plan.budget_cny"],
        ),
        case(
            "timing: unwritable",
            with_toml(PROJECT),
            &["check", "p.toml", "--timing", "no/such/dir/t.json"],
            2,
            &["t.json"],
        ),
    ]
}

fn all() -> Vec<Case> {
    [usage_cases(), project_cases(), table_cases(), geo_cases(), output_cases()]
        .into_iter()
        .flatten()
        .collect()
}

#[test]
fn every_bad_input_is_answered_in_order() {
    let cases = all();
    assert!(cases.len() >= 60, "{} cases", cases.len());
    let failures: Vec<String> = cases.into_iter().filter_map(|c| check(c).err()).collect();
    assert!(failures.is_empty(), "{} cases fail\n\n{}", failures.len(), failures.join("\n\n"));
}

/// Codes in brackets, such as `[D012]`.
fn codes(text: &str) -> Vec<&str> {
    let mut found: Vec<&str> = text
        .split('[')
        .skip(1)
        .filter_map(|t| t.get(..5))
        .filter(|c| c.ends_with(']') && c[1..4].bytes().all(|b| b.is_ascii_digit()))
        .collect();
    found.sort_unstable();
    found
}

fn han(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

/// Three words of English in a row that aren't quoted: what a library said, handed on as it is.
fn english(line: &str) -> bool {
    let mut bare = String::new();
    let (mut quoted, mut coded) = (0, false);
    for c in line.chars() {
        match c {
            '“' => quoted += 1,
            '”' => quoted -= 1,
            '`' => coded = !coded,
            _ if quoted == 0 && !coded => bare.push(c),
            _ => {}
        }
    }
    let word = |w: &str| w.len() > 1 && w.chars().all(|c| c.is_ascii_alphabetic() || c == '\'');
    let words: Vec<bool> = bare.split(' ').map(word).collect();
    words.windows(3).any(|w| w.iter().all(|is| *is))
}

/// The same codes and the same exit in Chinese, and every complaint in Chinese words.
#[test]
fn every_bad_input_is_answered_in_chinese() {
    let mut failures = Vec::new();
    let mut complaints = 0;
    for case in all() {
        // Without arguments there is only the help.
        if case.args.is_empty() || case.args.contains(&"--lang") || case.args.contains(&"link") {
            continue;
        }
        let said = |lang: &str| {
            let dir = tempfile::tempdir().unwrap();
            for (name, body) in &case.files {
                let path = dir.path().join(name);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, body).unwrap();
            }
            let mut args = case.args.clone();
            args.extend(["--lang", lang]);
            let out = run(dir.path(), &args);
            let text =
                format!("{}{}", String::from_utf8_lossy(&out.stderr), String::from_utf8_lossy(&out.stdout));
            (out.status.code(), text)
        };
        let (en, zh) = (said("en"), said("zh"));
        if en.0 != zh.0 || codes(&en.1) != codes(&zh.1) {
            failures.push(format!("{}: {:?} {:?}\n{}\n{}", case.name, en.0, zh.0, en.1, zh.1));
        }
        for line in zh.1.lines().filter(|l| l.starts_with("错误")) {
            complaints += 1;
            let words = line.trim_start_matches("错误");
            if !han(words) {
                failures.push(format!("{}: {line}", case.name));
            }
        }
        for line in zh.1.lines().filter(|l| l.starts_with("错误") || l.trim_start().starts_with("-->")) {
            if english(line) {
                failures.push(format!("{}: words of English: {line}", case.name));
            }
        }
        if zh.1.contains("error[") || zh.1.contains("\nerror:") || zh.1.starts_with("error:") {
            failures.push(format!("{}: still English: {}", case.name, zh.1));
        }
    }
    assert!(complaints > 60, "{complaints}");
    assert!(failures.is_empty(), "{} cases fail\n\n{}", failures.len(), failures.join("\n\n"));
}

#[test]
fn the_sound_project_is_sound() {
    for args in [&CHECK[..], &COVERAGE, &PLAN] {
        check(case("sound", with_toml(PROJECT), args, 0, &[])).unwrap();
    }
}

fn stdout(dir: &Path, args: &[&str]) -> String {
    let out = run(dir, args);
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

#[test]
fn the_settings_as_printed_are_a_project_with_the_same_settings() {
    let dir = tempfile::tempdir().unwrap();
    let own = "[plan]\nbudget_cny = 5e6\n[plan.lock]\nopen = [\"S1\"]\n[radio.carrier.n3]\nfreq_mhz = 1800\n\
               bw_mhz = 30\nscs_khz = 15\ntdd = false\npower_dbm = 46\ngain_ssb_dbi = 17\n\
               gain_traffic_dbi = 17\nports = 4\n";
    std::fs::write(dir.path().join("own.toml"), own).unwrap();
    std::fs::write(dir.path().join("none.toml"), "").unwrap();
    for (project, lang) in [("none.toml", "en"), ("own.toml", "zh")] {
        let printed = stdout(dir.path(), &["config", project, "--lang", lang]);
        assert!(printed.parse::<toml::Table>().is_ok(), "{printed}");
        std::fs::write(dir.path().join("again.toml"), &printed).unwrap();
        assert_eq!(printed, stdout(dir.path(), &["config", "again.toml", "--lang", lang]));
        assert_eq!(
            printed.contains("budget_cny = 5000000.0") && printed.contains("n3]"),
            project == "own.toml"
        );
    }
    assert_eq!(stdout(dir.path(), &["config"]), stdout(dir.path(), &["config", "none.toml"]));
}

#[test]
fn every_command_has_a_json_answer() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("s.csv"), SITES).unwrap();
    let answer =
        |args: &[&str]| -> serde_json::Value { serde_json::from_str(&stdout(dir.path(), args)).unwrap() };
    let init = answer(&["init", "project", "--json"]);
    assert_eq!((&init["schema"], &init["folder"]), (&"covplan/init/1".into(), &"project".into()));
    assert!(dir.path().join("project").join(init["files"][0].as_str().unwrap()).exists());
    let synth = answer(&["synth", "--sites", "20", "--cells", "60", "-o", "made", "--json"]);
    assert_eq!((&synth["schema"], &synth["layers"]["sites"]), (&"covplan/synth/1".into(), &20.into()));
    let convert =
        answer(&["convert", "s.csv", "--from", "gcj02", "--to", "EPSG:4326", "-o", "o.csv", "--json"]);
    assert_eq!((&convert["schema"], &convert["positions"]), (&"covplan/convert/1".into(), &2.into()));
    assert!(dir.path().join("o.csv").exists());
}

#[test]
fn inspection_says_what_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    let out = run(dir.path(), &["inspect", "none.csv"]);
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!((said.matches("help:").count(), said.contains("nothing was written")), (1, false), "{said}");

    put("text.csv", "企业名称,坐标\n甲厂,\"118.80,32.06\"\n乙厂,\"118.90,32.10\"\n");
    let said = stdout(dir.path(), &["inspect", "text.csv"]);
    assert!(said.contains("degrees, taken as WGS 84") && !said.contains("no coordinates"), "{said}");
    let said = stdout(dir.path(), &["inspect", "text.csv", "--lang", "zh"]);
    assert!(!said.contains("degrees") && said.contains("经纬度"), "{said}");

    // All columns, whether their names are the standard ones or not.
    put("sites.csv", SITES);
    let said = stdout(dir.path(), &["inspect", "sites.csv"]);
    assert!(said.contains("site_id = \"site_id\"") && said.contains("lat = \"lat\""), "{said}");

    put(
        "a.osm",
        "<osm><node id='1' lat='32' lon='118'/><node id='2' lat='32.01' lon='118.01'/>\
         <node id='3' lat='32' lon='118.01'/>\
         <way id='9'><nd ref='1'/><nd ref='2'/><tag k='highway' v='primary'/></way>\
         <way id='8'><nd ref='1'/><nd ref='2'/><nd ref='3'/><nd ref='1'/><tag k='landuse' v='industrial'/></way></osm>",
    );
    let said = stdout(dir.path(), &["inspect", "a.osm"]);
    assert!(said.contains("layer: roads") && said.contains("1 element for roads"), "{said}");
    assert!(!said.contains("[layers.sites]"), "a nameless estate is no list of firms: {said}");
}

#[test]
fn the_files_that_were_turned_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let turned = "site_id,name,lon,lat\nS1,A,32.06,118.8\nS2,B,32.1,118.9\nS3,C,31.9,118.7\n";
    for (name, body) in sites(turned) {
        std::fs::write(dir.path().join(name), body).unwrap();
    }
    let out = run(dir.path(), &["check", "p.toml", "--swap-xy"]);
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(said.contains("longitude and latitude exchanged in sites.csv (sites)"), "{said}");
    assert!(!said.contains("cells.csv"), "{said}");
    let out = run(dir.path(), &["check", "p.toml", "--swap-xy", "--json"]);
    let answer: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(answer["layers"]["sites"]["turned"][0], "sites.csv");
}

#[cfg(unix)]
#[test]
fn a_read_only_folder_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    for (name, body) in with_toml(PROJECT) {
        std::fs::write(dir.path().join(name), body).unwrap();
    }
    let closed = dir.path().join("closed");
    std::fs::create_dir(&closed).unwrap();
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o555)).unwrap();
    if std::fs::write(closed.join("probe"), "").is_ok() {
        // The superuser may write anywhere: a folder that can't be made stands in for one that is closed.
        eprintln!("permissions don't bind this user; using a path below a file");
        std::fs::remove_file(closed.join("probe")).unwrap();
        let out = run(dir.path(), &["coverage", "p.toml", "-o", "sites.csv/out"]);
        assert_eq!(out.status.code(), Some(2), "{out:?}");
        return;
    }
    let out = run(dir.path(), &["coverage", "p.toml", "-o", "closed/out"]);
    assert_eq!(out.status.code(), Some(2), "{out:?}");
    assert!(listing(&closed).is_empty());
}

#[test]
fn existing_output_is_kept_when_a_run_fails() {
    let dir = tempfile::tempdir().unwrap();
    for (name, body) in
        project("[layers.sites]\npath = \"none.csv\"\n", vec![("out/keep.txt", b"mine".to_vec())])
    {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, body).unwrap();
    }
    let out = run(dir.path(), &["plan", "p.toml", "-o", "out", "--overwrite"]);
    assert_eq!(out.status.code(), Some(3));
    assert_eq!(std::fs::read(dir.path().join("out/keep.txt")).unwrap(), b"mine");
}
