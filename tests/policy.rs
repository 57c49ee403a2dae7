//! The questions of an administration through the real program: targets, changes, doubles.
#![allow(clippy::unwrap_used)] // A test that fails says where.

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

fn covplan(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_covplan"))
        .args(args)
        .current_dir(dir)
        .env_remove("PROJ_DATA")
        .env_remove("PROJ_LIB")
        .output()
        .unwrap()
}

fn json(dir: &Path, args: &[&str], exit: i32) -> Value {
    let mut all = args.to_vec();
    all.extend(["--json", "--quiet"]);
    let out = covplan(dir, &all);
    assert_eq!(out.status.code(), Some(exit), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).unwrap()
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    dir
}

const SITES: &str = "site_id,name,lon,lat,firm_size,uses_5g,status\n\
    S1,Alpha,118.80,32.06,large,yes,operating\nS2,Beta,118.82,32.06,medium,no,operating\n\
    S3,Gamma,118.84,32.06,medium,,operating\nS4,Delta,118.86,32.06,small,yes,operating\n\
    S5,Epsilon,118.88,32.06,large,no,operating\n";

/// Two cities; A with five counts, the newest 1,000 stations for 400,000 people.
const REGIONS: &str = "adcode,name,level,pop_resident,pop_year,stations_5g_official,stat_date,target_p10k,geometry\n\
    320100,A,city,400000,2025,1000,2026-09-30,,\"POLYGON((118 31,119 31,119 33,118 33,118 31))\"\n\
    320200,B,city,100000,2025,400,2026-09-30,30,\"POLYGON((119 31,120 31,120 33,119 33,119 31))\"\n";
const COUNTS: &str = "adcode,name,level,pop_resident,pop_year,stations_5g_official,stat_date\n\
    320100,A,city,400000,2025,950,2026-06-30\n320100,A,city,390000,2024,780,2025-09-30\n\
    320100,A,city,395000,2024,860,2025-12-31\n320100,A,city,390000,2024,700,2024-09-30\n";
const PROJECT: &str = "[project]\nname = \"t\"\n[layers.sites]\npath = \"sites.csv\"\n\
    [layers.regions]\npath = [\"regions.csv\", \"counts.csv\"]\n";

fn two_cities() -> tempfile::TempDir {
    folder(&[("p.toml", PROJECT), ("sites.csv", SITES), ("regions.csv", REGIONS), ("counts.csv", COUNTS)])
}

#[test]
fn regions_are_measured_by_their_reported_counts() {
    let dir = two_cities();
    let found = json(dir.path(), &["kpi", "p.toml", "--preset", "set-sail-2027"], 0);
    assert_eq!(found["schema"], "covplan/kpi/1");
    // B is held to the 30 of its own row.
    assert_eq!(
        found["headline"][0],
        "28.0 stations per 10k people (2027 target 38); 1 of 2 cities behind (targets of their own: 1)"
    );
    let stations = &found["result"]["targets"][0];
    let a = &stations["regions"][0];
    // 38 × 40 = 1,520 stations; 520 are missing. On shared towers ¥160,000, new ¥350,000, four fifths shared.
    assert_eq!(
        (a["value"].as_f64(), a["missing"].as_f64(), a["from"].as_str()),
        (Some(25.0), Some(520.0), Some("preset"))
    );
    let cost: Vec<f64> =
        a["stations"]["cost_cny"].as_array().unwrap().iter().map(|c| c.as_f64().unwrap()).collect();
    assert!(
        (cost[0] - 83.2e6).abs() < 1.0 && (cost[1] - 102.96e6).abs() < 1.0 && (cost[2] - 182e6).abs() < 1.0,
        "{cost:?}"
    );
    let change = |k: usize| {
        let c = &a["stations"]["changes"][k];
        (c["since"].as_str().map(str::to_owned), c["stations"].as_f64())
    };
    assert_eq!(change(0), (Some("2026-06-30".into()), Some(50.0)));
    assert_eq!(change(1), (Some("2025-09-30".into()), Some(220.0)));
    assert_eq!(change(2), (Some("2025-12-31".into()), Some(140.0)));
    // B's own target of 30 stands in the layer; 40 per 10k are more than that.
    let b = &stations["regions"][1];
    assert_eq!(
        (b["target"].as_f64(), b["from"].as_str(), b["met"].as_bool()),
        (Some(30.0), Some("layer"), Some(true))
    );
    // Of the three large and medium firms that tell, one uses 5G; 45 % of three is two firms.
    let firms = &found["result"]["targets"][1]["together"];
    assert!((firms["value"].as_f64().unwrap() - 100.0 / 3.0).abs() < 1e-9);
    assert_eq!(
        (firms["known"].as_u64(), firms["of"].as_u64(), firms["missing"].as_f64()),
        (Some(3), Some(4), Some(1.0))
    );
}

#[test]
fn an_earlier_run_gives_the_changes_too() {
    let dir = two_cities();
    let at = |name: &str| dir.path().join(name);
    std::fs::write(at("old.toml"), PROJECT.replace("[\"regions.csv\", \"counts.csv\"]", "\"old.csv\""))
        .unwrap();
    std::fs::write(at("old.csv"), REGIONS.replace("1000,2026-09-30", "940,2026-06-30")).unwrap();
    std::fs::write(at("new.toml"), PROJECT.replace(", \"counts.csv\"", "")).unwrap();
    for (command, out) in [("kpi", "k"), ("coverage", "c")] {
        let mut args = vec![command, "old.toml", "-o", out];
        if command == "kpi" {
            args.extend(["--preset", "gigabit-city-2023"]);
        }
        assert!(covplan(dir.path(), &args).status.success());
        let found = json(dir.path(), &["kpi", "new.toml", "--preset", "set-sail-2027", "--before", out], 0);
        let change = &found["result"]["targets"][0]["regions"][0]["stations"]["changes"][0];
        assert_eq!(
            (change["since"].as_str(), change["stations"].as_f64()),
            (Some("2026-06-30"), Some(60.0)),
            "{out}"
        );
    }
}

#[test]
fn what_no_layer_holds_is_named() {
    let dir = folder(&[
        ("p.toml", "[project]\nname = \"t\"\n[layers.sites]\npath = \"s.csv\"\n"),
        ("s.csv", "site_id,name,lon,lat\nS1,A,118.8,32.0\n"),
    ]);
    let found = json(dir.path(), &["kpi", "p.toml", "--preset", "set-sail-2027"], 0);
    let said = found["headline"].to_string();
    assert!(
        said.contains(
            "can't be answered from these layers; missing: regions.pop_resident, regions.stations_5g_official"
        ),
        "{said}"
    );
    let zh = json(dir.path(), &["kpi", "p.toml", "--preset", "set-sail-2027", "--lang", "zh"], 0);
    assert!(zh["headline"].to_string().contains("现有图层无法回答"));
}

#[test]
fn a_region_may_have_its_own_figure() {
    let dir = two_cities();
    let own = "name = \"own\"\nen = \"Own\"\nzh = \"自定\"\ncollected = \"2026-11\"\ndue = \"2028-12-31\"\n[[target]]\n\
        metric = \"stations_per_10k\"\nvalue = 30.0\nrule = \"min\"\nscope = \"region\"\ntrust = \"A\"\nsource = \"the bureau\"\n\
        en = \"stations\"\nzh = \"基站\"\nregion = { \"320100\" = 24.0 }\n";
    std::fs::write(dir.path().join("own.toml"), own).unwrap();
    let found = json(dir.path(), &["kpi", "p.toml", "--preset", "own.toml"], 0);
    let a = &found["result"]["targets"][0]["regions"][0];
    assert_eq!(
        (a["target"].as_f64(), a["from"].as_str(), a["met"].as_bool()),
        (Some(24.0), Some("preset-region"), Some(true))
    );
}

const CELLS: &str = "cell_id,operator,rat,lon,lat,band,height_m,power_dbm,azimuth_deg\nC1,cmcc,nr,118.801,32.061,n41,30,53,200\n";
const PLANNED: &str = "[project]\nname = \"t\"\nroads = \"infer\"\n[layers.sites]\npath = \"sites.csv\"\n[layers.cells]\npath = \"cells.csv\"\n";

#[test]
fn a_new_station_shows_as_built_and_the_money_adds_up() {
    let dir = folder(&[("p.toml", PLANNED), ("sites.csv", SITES), ("cells.csv", CELLS)]);
    assert!(covplan(dir.path(), &["plan", "p.toml", "-o", "q2"]).status.success());
    // A station beside S5 is built, S2 leaves the list, and a roof becomes dearer.
    std::fs::write(
        dir.path().join("cells.csv"),
        format!(
            "{CELLS}C9,cmcc,nr,118.8805,32.0605,n41,30,53,220\nC8,cmcc,nr,118.8805,32.0605,n41,30,53,100\n"
        ),
    )
    .unwrap();
    std::fs::write(
        dir.path().join("sites.csv"),
        SITES.replace("S2,Beta,118.82,32.06,medium,no,operating\n", ""),
    )
    .unwrap();
    std::fs::write(
        dir.path().join("p.toml"),
        format!("{PLANNED}[siting]\nroof_station_cny = 250000.0\nindoor_system_cny = 130000.0\n"),
    )
    .unwrap();
    assert!(covplan(dir.path(), &["plan", "p.toml", "-o", "q3"]).status.success());
    let found = json(dir.path(), &["compare", "q2", "q3", "-o", "diff"], 0);
    let r = &found["result"];
    let figure = |what: &str| {
        let f = r["figures"].as_array().unwrap().iter().find(|f| f["what"] == what).unwrap();
        f["after"].as_f64().unwrap() - f["before"].as_f64().unwrap()
    };
    let money: f64 = r["money"].as_array().unwrap().iter().map(|m| m["capex_cny"].as_f64().unwrap()).sum();
    assert!((money - figure("capex_cny")).abs() < 1e-6, "{money}");
    let gaps: i64 = r["gaps"].as_object().unwrap().values().map(|v| v.as_i64().unwrap()).sum();
    assert_eq!(gaps as f64, figure("gaps"));
    assert_eq!(figure("sites"), -1.0);
    let site = |id: &str| r["sites"].as_array().unwrap().iter().find(|s| s["site"] == id).cloned().unwrap();
    assert_eq!(site("S2")["cause"], "data");
    assert_eq!(site("S5")["cause"], "built");
    assert!(
        site("S5")["evidence"].to_string().contains("C9")
            || site("S5")["evidence"].to_string().contains("C8")
    );
    assert!(r["settings"].to_string().contains("siting.roof_station_cny"));
    let files: Vec<String> = std::fs::read_dir(dir.path().join("diff"))
        .unwrap()
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    for name in ["compare.json", "causes.csv", "report.html", "report.md", "report.xlsx", "manifest.json"] {
        assert!(files.iter().any(|f| f == name), "{name} of {files:?}");
    }
}

#[test]
fn a_run_against_itself_shows_nothing() {
    let dir = folder(&[("p.toml", PLANNED), ("sites.csv", SITES), ("cells.csv", CELLS)]);
    assert!(covplan(dir.path(), &["plan", "p.toml", "-o", "q2"]).status.success());
    let found = json(dir.path(), &["compare", "q2", "q2"], 0);
    let r = &found["result"];
    for list in ["sites", "settings", "inputs"] {
        assert_eq!(r[list].as_array().unwrap().len(), 0, "{list}");
    }
    assert!(r["money"].as_array().unwrap().is_empty() && r["gaps"].as_object().unwrap().is_empty());
    assert_eq!(found["headline"][0], "+0 sites, +0 gaps, ¥ +0.0 %");
}

const DUCTS: &str =
    "duct_id,owner,holes_total,holes_free,geometry\nD1,cmcc,6,2,\"LINESTRING(118.80 32.06,118.82 32.06)\"\n";
const PROJECTS: &str = "project_id,name,kind,party,geometry\n\
    P1,Same way,fiber,ct,\"LINESTRING(118.80 32.0605,118.82 32.0605)\"\n\
    P2,Elsewhere,fiber,ct,\"LINESTRING(118.80 32.09,118.82 32.09)\"\n\
    P3,Mast,station,cu,\"POINT(118.8012 32.0612)\"\n";

#[test]
fn doubles_are_findings() {
    let toml = format!(
        "{PLANNED}[layers.ducts]\npath = \"ducts.csv\"\n[layers.projects]\npath = \"projects.csv\"\n"
    );
    let dir = folder(&[
        ("p.toml", &toml),
        ("sites.csv", SITES),
        ("cells.csv", CELLS),
        ("ducts.csv", DUCTS),
        ("projects.csv", PROJECTS),
    ]);
    let found = json(dir.path(), &["duplicates", "p.toml"], 1);
    assert_eq!(found["headline"][0], "2 of 3 applications overlap what stands or each other");
    assert_eq!(found["headline"][1], "P1: 100 % overlaps D1 within 200 m; 2 spare duct holes there");
    let verdicts: Vec<&str> = found["result"]["projects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["verdict"].as_str().unwrap())
        .collect();
    assert_eq!(verdicts, ["duplicate", "clear", "duplicate"]);
    // Nothing overlaps: exit code 0.
    std::fs::write(
        dir.path().join("projects.csv"),
        PROJECTS
            .lines()
            .filter(|l| !l.starts_with("P1") && !l.starts_with("P3"))
            .collect::<Vec<_>>()
            .join("\n"),
    )
    .unwrap();
    json(dir.path(), &["duplicates", "p.toml"], 0);
    // Redacted for the public: neither ids, names, owners nor applicants.
    std::fs::write(dir.path().join("projects.csv"), PROJECTS).unwrap();
    let out = covplan(dir.path(), &["duplicates", "p.toml", "--json", "--redact", "public"]);
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    for secret in ["P1", "D1", "Same way", "Mast", "\"ct\"", "cmcc"] {
        assert!(!text.contains(secret), "tells {secret}: {text}");
    }
}

#[test]
fn plants_are_ready_blocked_or_unknown_and_no_grade_is_given() {
    let sites = "site_id,name,lon,lat,city,sector,firm_size,uses_5g,indoor_5g,has_fiber,service,factory_scheme,factory_level\n\
        S1,Alpha,118.8005,32.0605,A,steel,large,no,pico,yes,data,\u{540d}\u{5f55},2024\n\
        S2,Beta,118.801,32.0615,A,steel,medium,yes,none,yes,data,,\nS3,Gamma,118.95,32.20,A,paper,medium,no,none,yes,data,,\n";
    let answers = "site_id,scheme,item,answer\nS1,T/CCIASC 0025,security,yes\nS1,T/CCIASC 0025,process,no\nS1,star,audit,partly\nS2,provincial,x,yes\n";
    let toml = format!(
        "{PLANNED}[layers.questionnaire]\npath = \"answers.csv\"\n[layers.datacenters]\npath = \"dc.csv\"\n"
    );
    let dc = "dc_id,name,lon,lat,tier\nDC1,Hall,118.81,32.06,edge\n";
    let dir = folder(&[
        ("p.toml", &toml),
        ("sites.csv", sites),
        ("cells.csv", CELLS),
        ("answers.csv", answers),
        ("dc.csv", dc),
    ]);
    let found = json(dir.path(), &["readiness", "p.toml", "--wanted", "3"], 0);
    let r = &found["result"];
    let site =
        |id: &str| r["sites"].as_array().unwrap().iter().find(|s| s["site_id"] == id).cloned().unwrap();
    assert_eq!(site("S1")["network_part"], "met", "{}", site("S1"));
    assert_eq!(site("S1")["answers"]["association"]["met"], 1);
    assert_eq!(site("S1")["answers"]["association"]["not_met"], 1);
    assert_eq!(site("S1")["answers"]["directory"]["met"], 0);
    assert_eq!(
        (site("S1")["listed"].as_str(), site("S3")["checks"]["outdoor"].as_str()),
        (Some("directory"), Some("missing"))
    );
    // S3 is dark: a roof station and an indoor system, by the catalogue.
    assert_eq!(site("S3")["cost_cny"].as_f64(), Some(340_000.0));
    // One of three uses 5G; of the two that don't only S1 is covered.
    assert_eq!(r["usage"]["counts"]["covered_unused"], 1);
    assert!((r["usage"]["share"].as_f64().unwrap() - 1.0 / 3.0).abs() < 1e-12);
    let said = found["headline"].to_string();
    assert!(
        said.contains(
            "33 % of the large and medium firms that tell use 5G (target 45 %); covered but unused: 1"
        ),
        "{said}"
    );
    assert!(!found.to_string().to_lowercase().contains("\"grade"), "no grade");
    let lift = &r["lift"];
    assert_eq!(
        lift["short"].as_u64().unwrap()
            + lift["sites"].as_array().unwrap().len() as u64
            + r["ready"].as_u64().unwrap(),
        3
    );
}

#[test]
fn energy_failures_and_outlook_answer_on_every_layer_and_on_none() {
    let dir = tempfile::tempdir().unwrap();
    let made = covplan(
        dir.path(),
        &["synth", "--region", "Guizhou", "--sites", "120", "--cells", "400", "-o", "synth", "--quiet"],
    );
    assert!(made.status.success());
    let project = "synth/covplan.toml";
    let used = json(dir.path(), &["energy", project, "--today"], 0);
    assert_eq!(used["schema"], "covplan/energy/1");
    let networks = used["result"]["energy"]["networks"].as_array().unwrap();
    let sum: f64 = networks.iter().map(|n| n["energy"]["kwh_yr"].as_f64().unwrap()).sum();
    assert!((used["result"]["today"]["kwh_yr"].as_f64().unwrap() - sum).abs() < 1e-3 && sum > 0.0);
    assert!(used["result"]["energy"]["added"].is_null());
    let planned = json(dir.path(), &["energy", project], 0);
    let added = &planned["result"]["energy"]["added"];
    assert!(added["stations"]["kwh_yr"].as_f64().unwrap() > 0.0);
    assert!(added["on_towers"].as_u64().unwrap() <= added["outdoor"].as_u64().unwrap());

    let broken = json(dir.path(), &["failures", project], 0);
    let list = broken["result"]["failures"].as_array().unwrap();
    assert!(broken["result"]["lacking"].as_array().unwrap().is_empty() && !list.is_empty());
    let attached = broken["result"]["sites_attached"].as_u64().unwrap();
    assert!(list.iter().filter(|f| f["kind"] != "data center").all(|f| {
        let (lost, critical) = (f["sites_lost"].as_u64().unwrap(), f["critical_lost"].as_u64().unwrap());
        (1..=attached).contains(&lost) && critical <= lost
    }));

    let ahead = json(dir.path(), &["outlook", project], 0);
    let bands = ahead["result"]["outlook"]["bands"].as_array().unwrap();
    let names: Vec<&str> = bands.iter().map(|b| b["band"].as_str().unwrap()).collect();
    assert_eq!(names, ["n78", "u6g", "fr3", "mmwave", "subthz"]);
    for band in bands {
        for case in band["cases"].as_array().unwrap() {
            for count in ["carried", "new"] {
                assert!(case[count]["bound"].as_u64() <= case[count]["stations"].as_u64());
            }
        }
    }
    assert!(bands[0]["cases"].as_array().unwrap().iter().all(|c| c["ratio"] == 1.0));

    // Two cities with nothing but sites and counts.
    let bare = two_cities();
    let broken = json(bare.path(), &["failures", "p.toml"], 0);
    let lacking = broken["result"]["lacking"].as_array().unwrap();
    assert_eq!(lacking.len(), 3);
    assert!(broken["headline"][0].as_str().unwrap().contains("can't be answered"));
    let ahead = json(bare.path(), &["outlook", "p.toml"], 0);
    assert!(ahead["headline"][0].as_str().unwrap().contains("can't be answered"));
    let used = json(bare.path(), &["energy", "p.toml", "--today"], 0);
    assert_eq!(used["result"]["today"]["kwh_yr"], 0.0);

    // A carrier that isn't there is a usage error with the ones that are.
    std::fs::write(bare.path().join("q.toml"), format!("{PROJECT}[outlook]\nreference = \"n99\"\n")).unwrap();
    let out = covplan(bare.path(), &["outlook", "q.toml", "--quiet"]);
    assert_eq!(out.status.code(), Some(2));
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(said.contains("C067") && said.contains("n78"), "{said}");
}

#[test]
fn draws_are_the_same_on_any_number_of_threads() {
    let dir = tempfile::tempdir().unwrap();
    let made = covplan(
        dir.path(),
        &["synth", "--region", "Guizhou", "--sites", "60", "--cells", "200", "-o", "synth", "--quiet"],
    );
    assert!(made.status.success());
    let with = |threads: &str, seed: &str| {
        let args = ["uncertainty", "synth/covplan.toml", "--runs", "20", "--anew", "2", "--seed", seed];
        json(dir.path(), &[&args[..], &["--threads", threads]].concat(), 0)
    };
    let (one, two, other) = (with("1", "5"), with("2", "5"), with("2", "6"));
    assert_eq!(one, two);
    assert_ne!(one["result"]["uncertainty"]["runs"], other["result"]["uncertainty"]["runs"]);
    let seen = &one["result"]["uncertainty"];
    assert_eq!(seen["runs"].as_array().unwrap().len(), 20);
    assert_eq!((seen["anew"].as_array().unwrap().len(), seen["tornado"].as_array().unwrap().len()), (2, 10));
    let stable = one["result"]["stability"].as_f64().unwrap();
    assert!((0.0..=1.0).contains(&stable));
}

/// Rows of a sheet of a workbook, as numbers and texts.
fn sheet(path: &Path, name: &str) -> Vec<Vec<calamine::Data>> {
    use calamine::Reader;
    let mut book: calamine::Xlsx<_> = calamine::open_workbook(path).unwrap();
    // Names are cut to what a tab holds.
    let found = book.sheet_names().into_iter().find(|n| n.starts_with(name)).unwrap();
    book.worksheet_range(&found).unwrap().rows().map(<[calamine::Data]>::to_vec).collect()
}

fn number(cell: &calamine::Data) -> f64 {
    match cell {
        calamine::Data::Float(v) => *v,
        calamine::Data::Int(v) => *v as f64,
        other => panic!("{other:?} is no number"),
    }
}

#[test]
fn the_task_table_and_the_costs_of_the_years_reconcile() {
    let dir = tempfile::tempdir().unwrap();
    let made = covplan(
        dir.path(),
        &["synth", "--region", "Jiangsu", "--sites", "80", "--cells", "300", "-o", "synth", "--quiet"],
    );
    assert!(made.status.success());
    let project = dir.path().join("synth/covplan.toml");
    let text = std::fs::read_to_string(&project).unwrap();
    std::fs::write(&project, format!("{text}\n[plan]\nannual_budget_cny = [1.5e7, 1e7, 9e8]\n")).unwrap();
    assert!(
        covplan(dir.path(), &["plan", "synth/covplan.toml", "-o", "out", "--effort", "low"]).status.success()
    );
    let plan: Value =
        serde_json::from_slice(&std::fs::read(dir.path().join("out/plan.json")).unwrap()).unwrap();
    let items = plan["items"].as_array().unwrap();
    let sum = |key: &str, of: &dyn Fn(&Value) -> bool| -> f64 {
        items.iter().filter(|i| of(i)).map(|i| i[key].as_f64().unwrap()).sum()
    };
    let capex = plan["summary"]["capex_cny"].as_f64().unwrap();
    assert!(capex > 1e6 && (sum("capex_cny", &|_| true) - capex).abs() < 1e-6 * capex);
    // City, party, year, stations, km, capex and opex in ¥ M; the last row is their sum.
    let tasks = sheet(&dir.path().join("out/report.xlsx"), "Task");
    let (total, rows) = tasks[1..].split_last().unwrap();
    assert!(rows.len() > 3);
    for column in 3..7 {
        let added: f64 = rows.iter().map(|r| number(&r[column])).sum();
        assert!((added - number(&total[column])).abs() < 1e-6 * added.max(1.0), "column {column}");
    }
    assert!((number(&total[5]) * 1e6 - capex).abs() < 1e-6 * capex);
    // The same years in the table of costs; no year takes more than it may.
    let cash = sheet(&dir.path().join("out/report.xlsx"), "Costs year by year");
    for year in 1..=3u64 {
        let of_year = sum("capex_cny", &|i| i["phase"].as_u64() == Some(year));
        assert!((number(&cash[year as usize][2]) * 1e6 - of_year).abs() < 1.0);
        assert!(of_year <= [1.5e7, 1e7, 9e8][year as usize - 1] * (1.0 + 1e-9), "year {year}: {of_year}");
    }
    assert!((number(&cash.last().unwrap()[2]) * 1e6 - capex).abs() < 1.0);
}

#[test]
fn suppliers_weigh_more_and_explain_says_why() {
    let links = "from_site,to_site,volume_cny\nS4,S1,5000000\nS2,S4,\nX9,S1,1\n";
    let toml = format!("{PLANNED}[layers.supply_links]\npath = \"links.csv\"\n");
    let own = "[plan]\nequity_small = 1.5\n[plan.weight]\nsupply = 0.4\nlarge = 2.0\n";
    let dir = folder(&[
        ("p.toml", &format!("{toml}{own}")),
        ("q.toml", &toml),
        ("sites.csv", SITES),
        ("cells.csv", CELLS),
        ("links.csv", links),
    ]);
    for (project, out) in [("p.toml", "p"), ("q.toml", "q")] {
        assert!(covplan(dir.path(), &["coverage", project, "-o", out]).status.success());
    }
    // S4 is small: 1 × 1.5, and 0.4 of the weight 2 of the large firm that it supplies.
    let told = json(dir.path(), &["explain", "p", "S4"], 0);
    assert!((told["item"]["weight"].as_f64().unwrap() - 2.3).abs() < 1e-6, "{}", told["item"]["weight"]);
    let parts = told["item"]["weight_parts"].as_array().unwrap();
    let reasons: Vec<&str> = parts.iter().map(|p| p["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["own", "equity", "supply"]);
    assert_eq!(parts[2]["by"], "S1");
    assert_eq!(json(dir.path(), &["explain", "q", "S4"], 0)["item"]["weight"].as_f64(), Some(1.0));
    // Redacted, neither links nor what makes the weights leave the house.
    assert!(
        covplan(dir.path(), &["coverage", "p.toml", "-o", "r", "--redact", "inter-agency"]).status.success()
    );
    let text = std::fs::read_to_string(dir.path().join("r/coverage.json")).unwrap();
    assert!(!text.contains("weight_parts") && !text.contains("\"S1\""));
}

#[test]
fn a_subsidy_brings_what_is_assumed() {
    let sites = "site_id,name,lon,lat,firm_size,indoor_5g,has_fiber,service\n\
        S1,Alpha,118.95,32.20,small,none,yes,data\nS2,Beta,118.96,32.21,large,none,yes,data\n";
    let toml = format!("{PLANNED}[layers.datacenters]\npath = \"dc.csv\"\n");
    let dc = "dc_id,name,lon,lat,tier\nDC1,Hall,118.81,32.06,edge\n";
    let dir = folder(&[("p.toml", &toml), ("sites.csv", sites), ("cells.csv", CELLS), ("dc.csv", dc)]);
    let args =
        ["readiness", "p.toml", "--subsidy", "0.5:85000:small", "--subsidy", "0.5", "--scheme", "star"];
    let found = json(dir.path(), &args, 0);
    let offers = found["result"]["subsidies"].as_array().unwrap();
    // A roof station and an indoor system, 340,000 each; 85,000 are a quarter: 5 % and a quarter of 55 points.
    let mid = &offers[0]["cases"][1];
    assert_eq!(offers[0]["eligible"], 1);
    assert!((mid["lifted"].as_f64().unwrap() - 0.1875).abs() < 1e-9, "{mid}");
    assert!((mid["public_cny"].as_f64().unwrap() - 0.1875 * 85_000.0).abs() < 1e-6);
    assert_eq!(offers[1]["eligible"], 2);
    assert!(found["headline"].to_string().contains("by the uptake assumed"));
    let never =
        found["result"]["services"].as_array().unwrap().iter().find(|c| c["name"] == "motion").unwrap();
    assert_eq!(never["never"], true);
    assert_eq!(covplan(dir.path(), &["readiness", "p.toml", "--subsidy", "1.5"]).status.code(), Some(2));
}
