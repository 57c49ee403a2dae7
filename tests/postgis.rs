//! A layer from a database: a PostgreSQL server of its own, with PostGIS, in a temporary folder on a loopback
//! port. What is read is what was put in, nothing is changed, and nothing of the address is ever shown.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // A test that fails says where.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Words of the address; none of them may be in anything that covplan says or writes.
const USER: &str = "planner_zhang";
const PASSWORD: &str = "s3cret-word";
const DATABASE: &str = "ledger_2026";

struct Server {
    bin: PathBuf,
    folder: tempfile::TempDir,
    port: u16,
}

impl Server {
    /// Starts one, or says what is missing.
    fn start() -> Option<Self> {
        let mut bins: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten()
            .map(|e| e.unwrap().path())
            .filter(|p| {
                let version = p.file_name().unwrap().to_string_lossy().into_owned();
                Path::new("/usr/share/postgresql").join(version).join("extension/postgis.control").exists()
            })
            .map(|p| p.join("bin"))
            .filter(|p| p.join("initdb").exists())
            .collect();
        bins.sort();
        let Some(bin) = bins.pop() else {
            eprintln!("skipped: no PostgreSQL with PostGIS (run `make test`)");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Self { bin, folder, port };
        let data = server.data();
        std::fs::create_dir(&data).unwrap();
        std::fs::write(server.folder.path().join("word"), PASSWORD).unwrap();
        // The server refuses to run as root, and its user must get into the folder.
        Command::new("chmod").arg("755").arg(server.folder.path()).status().unwrap();
        if server.as_root() {
            Command::new("chown").arg("postgres").arg(&data).status().unwrap();
        }
        let word = format!("--pwfile={}", server.folder.path().join("word").display());
        let made = server.run(
            "initdb",
            &["-U", USER, "-A", "scram-sha-256", "-E", "UTF8", "--locale=C.UTF-8", &word, "-N", "-D"],
            true,
        );
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let how =
            format!("-p {port} -c listen_addresses=127.0.0.1 -c fsync=off -c unix_socket_directories=''");
        let log = data.join("log").display().to_string();
        let up = server.run("pg_ctl", &["start", "-w", "-o", &how, "-l", &log, "-D"], true);
        assert!(up.status.success(), "{}", std::fs::read_to_string(data.join("log")).unwrap_or_default());
        server.sql("postgres", &format!("CREATE DATABASE {DATABASE}"));
        Some(server)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn as_root(&self) -> bool {
        Command::new("id").arg("-u").output().is_ok_and(|o| o.stdout.trim_ascii() == b"0")
    }

    fn run(&self, program: &str, args: &[&str], with_data: bool) -> Output {
        let program = self.bin.join(program);
        let mut command = if self.as_root() {
            let mut c = Command::new("runuser");
            c.args(["-u", "postgres", "--"]).arg(program);
            c
        } else {
            Command::new(program)
        };
        command.args(args).current_dir("/").env("PGPASSWORD", PASSWORD);
        if with_data {
            command.arg(self.data());
        }
        command.output().unwrap()
    }

    fn sql(&self, database: &str, text: &str) -> String {
        let port = self.port.to_string();
        let args = [
            "-h",
            "127.0.0.1",
            "-p",
            &port,
            "-U",
            USER,
            "-d",
            database,
            "-v",
            "ON_ERROR_STOP=1",
            "-tAc",
            text,
        ];
        let out = self.run("psql", &args, false);
        assert!(out.status.success(), "{text}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    }

    fn covplan(&self, dir: &Path, args: &[&str], password: &str) -> Output {
        Command::new(env!("CARGO_BIN_EXE_covplan"))
            .args(args)
            .current_dir(dir)
            .env("NO_COLOR", "1")
            .env("PGHOST", "127.0.0.1")
            .env("PGPORT", self.port.to_string())
            .env("PGUSER", USER)
            .env("PGDATABASE", DATABASE)
            .env("PGPASSWORD", password)
            .output()
            .unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.run("pg_ctl", &["stop", "-m", "immediate", "-w", "-D"], true);
        if self.as_root() {
            // Files of the server's user go with the server.
            Command::new("chown").args(["-R", "root"]).arg(self.data()).status().unwrap();
        }
    }
}

const TABLES: &str = "
CREATE EXTENSION postgis;
CREATE TABLE plants (nr text PRIMARY KEY, 企业名称 text, employees int, revenue_cny numeric, above_scale boolean,
                     as_of date, place geometry(PointZ, 4549));
INSERT INTO plants VALUES
 ('0008', '昆山电子', NULL, 12345678.9, false, NULL, ST_Force3D(ST_Transform(ST_SetSRID(ST_MakePoint(120.95, 31.38), 4326), 4549))),
 ('0007', '苏州钢铁', 120, NULL, true, '2026-06-30', ST_Force3D(ST_Transform(ST_SetSRID(ST_MakePoint(120.6, 31.3), 4326), 4549))),
 ('0009', '无处公司', 5, NULL, NULL, NULL, NULL);
CREATE SCHEMA net;
CREATE TABLE net.roads (road_id bigint, class text, geom geography(LineString));
INSERT INTO net.roads VALUES (9007199254740993, 'primary', 'LINESTRING(120.6 31.3, 120.7 31.4)'),
 (2, 'secondary', 'LINESTRING(120.6 31.3, 120.6 31.4)');
CREATE TABLE counts (n int);
CREATE SEQUENCE numbers;";

/// Everything that a run said and wrote.
fn traces(out: &Output, folder: &Path) -> String {
    let mut all = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_file() {
            all.push_str(&String::from_utf8_lossy(&std::fs::read(path).unwrap()));
        }
    }
    all
}

#[test]
fn tables_and_queries_are_read_and_nothing_is_told_or_changed() {
    let Some(server) = Server::start() else { return };
    server.sql(DATABASE, TABLES);
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let url =
        format!("postgresql://{USER}:{PASSWORD}@127.0.0.1:{}/{DATABASE}?connect_timeout=5", server.port);
    let check_silence = |out: &Output, folder: &Path| {
        let all = traces(out, folder);
        let port = server.port.to_string();
        for word in [USER, PASSWORD, DATABASE, "127.0.0.1", port.as_str()] {
            assert!(!all.contains(word), "{word} is told");
        }
        all
    };
    // The address from the environment, in the path, and not at all.
    for (n, path) in ["path = \"postgresql://\"\n", &format!("path = \"{url}\"\n"), "format = \"postgis\"\n"]
        .iter()
        .enumerate()
    {
        let toml = format!(
            "[project]\nname = \"t\"\n[layers.sites]\n{path}layer = \"plants\"\ncolumns = {{ site_id = \"nr\" }}\n\
             filter = {{ above_scale = [true, false] }}\n[layers.roads]\n{path}query = \"SELECT * FROM net.roads ORDER BY road_id;\"\n"
        );
        std::fs::write(at.join("p.toml"), toml).unwrap();
        let name = format!("out{n}");
        let out = server.covplan(at, &["plan", "p.toml", "-o", &name, "--effort", "low"], PASSWORD);
        let all = check_silence(&out, &at.join(&name));
        assert!(out.status.success(), "{all}");
        let sites: Value =
            serde_json::from_str(&std::fs::read_to_string(at.join(&name).join("sites.geojson")).unwrap())
                .unwrap();
        let found = sites["features"].as_array().unwrap();
        let ids: Vec<&str> = found.iter().map(|f| f["id"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), 2, "{ids:?}");
        let steel = found.iter().find(|f| f["id"] == "0007").unwrap();
        assert_eq!(
            (&steel["properties"]["name"], &steel["properties"]["employees"]),
            (&"苏州钢铁".into(), &120.0.into())
        );
        let c = &steel["geometry"]["coordinates"];
        assert!(
            (c[0].as_f64().unwrap() - 120.6).abs() < 2e-7 && (c[1].as_f64().unwrap() - 31.3).abs() < 2e-7,
            "{c}"
        );
        let manifest: Value =
            serde_json::from_str(&std::fs::read_to_string(at.join(&name).join("manifest.json")).unwrap())
                .unwrap();
        assert!(manifest.to_string().contains("postgresql://plants"), "{manifest}");
    }
    // The same rows give the same bytes, whichever way the address came.
    for file in ["sites.geojson", "gaps.geojson"] {
        let read = |n: usize| std::fs::read(at.join(format!("out{n}")).join(file)).unwrap();
        assert!(read(0) == read(1) && read(1) == read(2), "{file}");
    }
    let check = |toml: &str, password: &str| {
        std::fs::write(at.join("q.toml"), format!("[project]\nname = \"t\"\n{toml}\n")).unwrap();
        let out = server.covplan(at, &["check", "q.toml", "--json"], password);
        check_silence(&out, &at.join("nowhere"));
        let found: Value = serde_json::from_slice(&out.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&out.stderr)));
        let mut codes: Vec<String> = found["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|f| f["code"].as_str().unwrap().to_owned())
            .collect();
        codes.dedup();
        (codes, found)
    };
    let (codes, found) = check("[layers.roads]\npath = \"postgresql://\"\nlayer = \"net.roads\"", PASSWORD);
    assert_eq!(found["layers"]["roads"]["rows_kept"], 2, "{codes:?} {found}");
    // What doesn't work is said with a rule, and no more.
    for (toml, password, code) in [
        ("[layers.sites]\npath = \"postgresql://\"\nlayer = \"plants\"", "wrong", "D055"),
        ("[layers.sites]\npath = \"postgresql://127.0.0.1:1/\"\nlayer = \"plants\"", PASSWORD, "D055"),
        ("[layers.sites]\npath = \"postgresql:///nosuchbase\"\nlayer = \"plants\"", PASSWORD, "D055"),
        ("[layers.sites]\npath = \"postgresql://x?sslmode=require\"\nlayer = \"plants\"", PASSWORD, "D055"),
        ("[layers.sites]\npath = \"postgresql://\"\nquery = \"SELECT * FROM nosuch\"", PASSWORD, "D055"),
        (
            "[layers.sites]\npath = \"postgresql://\"\nquery = \"SELECT 1) AS q; DELETE FROM plants; SELECT (1\"",
            PASSWORD,
            "D055",
        ),
        (
            "[layers.sites]\npath = \"postgresql://\"\nquery = \"SELECT nextval('numbers') AS name\"",
            PASSWORD,
            "D055",
        ),
        ("[layers.sites]\npath = \"postgresql://\"\nlayer = \"nosuch\"", PASSWORD, "D054"),
        ("[layers.sites]\npath = \"postgresql://\"", PASSWORD, "D054"),
    ] {
        let (codes, found) = check(toml, password);
        assert!(codes.contains(&code.to_owned()), "{toml}: {found}");
    }
    assert_eq!(server.sql(DATABASE, "SELECT count(*) FROM plants").trim(), "3");
    let out = server.covplan(at, &["convert", &url, "--from", "EPSG:4326", "--to", "EPSG:4490"], "");
    check_silence(&out, &at.join("nowhere"));
    assert_eq!(out.status.code(), Some(2));
    let out = server.covplan(at, &["inspect", &url, "--json"], "");
    check_silence(&out, &at.join("nowhere"));
    let found: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(found["format"], "postgresql", "{found}");
    assert!(found["layers"].as_array().unwrap().iter().any(|l| l == "net.roads"), "{found}");
}
