//! `covplan area`, through the real program.
#![allow(clippy::unwrap_used)] // A test that fails says where.

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const CELLS: &str = "cell_id,operator,rat,lon,lat,band,height_m,power_w,azimuth_deg,etilt_deg,ports\n\
    A,cmcc,nr,1.5218,42.5063,n28,25,80,20,4,4T4R\nB,cmcc,nr,1.5801,42.5346,n28,25,80,200,4,4T4R\n\
    C,ct,nr,1.5330,42.5563,n78,25,200,180,6,64T64R\n";

fn project(dir: &Path, dem: Option<&Path>) -> PathBuf {
    std::fs::write(dir.join("cells.csv"), CELLS).unwrap();
    let dem = dem.map_or(String::new(), |d| format!("[layers.dem]\npath = {:?}\n", d.display().to_string()));
    let text = format!("[project]\nname = \"a\"\n[layers.cells]\npath = \"cells.csv\"\n{dem}");
    let path = dir.join("p.toml");
    std::fs::write(&path, text).unwrap();
    path
}

fn area(project: &Path, out: &str, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_covplan"))
        .arg("area")
        .arg(project)
        .args(["-o", out])
        .args(more)
        .current_dir(project.parent().unwrap())
        .env_remove("PROJ_DATA")
        .env_remove("PROJ_LIB")
        .output()
        .unwrap()
}

fn summary(dir: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(dir.join("area.json")).unwrap()).unwrap()
}

/// Heights of Andorra, where the machine has them.
fn andorra() -> Option<PathBuf> {
    let shared = std::env::var_os("COVPLAN_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let dem = shared.join("data/dem_hgt_andorra/N42E001.hgt.zip");
    if !dem.exists() {
        eprintln!("SKIPPED: no heights at {}: set COVPLAN_SHARED", dem.display());
        return None;
    }
    Some(dem)
}

#[test]
fn without_heights_the_map_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let project = project(dir.path(), None);
    let done = area(&project, "map", &["--step-m", "200"]);
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let map = dir.path().join("map");
    for name in ["rsrp.tif", "ss_sinr.tif", "dl_rate.tif", "contours.geojson", "manifest.json"] {
        assert!(map.join(name).is_file(), "{name}");
    }
    let s = summary(&map);
    assert_eq!(s["unknown_km2"], 0.0);
    assert!(s["served_share"].as_f64().unwrap() > 0.05);
    assert!(s["notes"].to_string().contains("N110"), "{s}");
    // A second run doesn't write over the first.
    assert_eq!(area(&project, "map", &["--step-m", "200"]).status.code(), Some(2));
}

#[test]
fn over_heights_valleys_differ_and_the_edge_is_unknown() {
    let Some(dem) = andorra() else { return };
    let dir = tempfile::tempdir().unwrap();
    let project = project(dir.path(), Some(&dem));
    let box_ = "1.45,42.45,1.65,42.60";
    assert_eq!(
        area(&project, "one", &["--step-m", "200", "--bbox", box_, "--threads", "1"]).status.code(),
        Some(0)
    );
    assert_eq!(
        area(&project, "two", &["--step-m", "200", "--bbox", box_, "--threads", "2"]).status.code(),
        Some(0)
    );
    let read = |folder: &str, name: &str| std::fs::read(dir.path().join(folder).join(name)).unwrap();
    for name in ["rsrp.tif", "contours.geojson", "area.json", "manifest.json"] {
        assert!(read("one", name) == read("two", name), "{name} depends on the number of threads");
    }
    let s = summary(&dir.path().join("one"));
    assert_eq!(s["unknown_km2"], 0.0, "{s}");
    assert!(s["links"]["p1812"].as_u64().unwrap() > 1000);
    let contours: Value = serde_json::from_slice(&read("one", "contours.geojson")).unwrap();
    assert!(contours["features"].as_array().is_some_and(|f| !f.is_empty()));
    // South of 42° N there is no file.
    let done =
        area(&project, "south", &["--step-m", "200", "--bbox", "1.5,41.9,1.6,42.05", "--reach-km", "80"]);
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let s = summary(&dir.path().join("south"));
    let share = s["unknown_km2"].as_f64().unwrap() / s["area_km2"].as_f64().unwrap();
    assert!((0.6..0.75).contains(&share), "{s}");
}

#[test]
fn bad_questions_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let project = project(dir.path(), None);
    for more in [
        ["--bbox", "1.8,42.4,1.4,42.7"],
        ["--bbox", "1.4,42.4"],
        ["--step-m", "0"],
        ["--network", "nobody"],
        ["--reach-km", "nan"],
    ] {
        let done = area(&project, "map", &more);
        assert_eq!(done.status.code(), Some(2), "{more:?}");
        assert!(!dir.path().join("map").exists());
    }
    let done = area(&project, "map", &["--step-m", "1", "--bbox", "-20,30,20,60"]);
    assert_eq!(done.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&done.stderr).contains("--bbox"));
}

/// The pixels of a map's rasters, by column and row of the world: as bits.
fn pixels(map: &Path) -> BTreeMap<(i64, i64), [u32; 4]> {
    let s = summary(map);
    let number = |key: &str| s[key].as_f64().unwrap();
    let (columns, rows) = (number("columns") as usize, number("rows") as usize);
    let (west, north) = (s["bbox"][0].as_f64().unwrap(), s["bbox"][3].as_f64().unwrap());
    let first = (
        ((west + 180.0) / number("lon_step_deg")).round() as i64,
        ((90.0 - north) / number("lat_step_deg")).round() as i64,
    );
    let rasters = ["rsrp.tif", "ss_sinr.tif", "dl_rate.tif", "p_served.tif"].map(|name| {
        let file = std::io::BufReader::new(std::fs::File::open(map.join(name)).unwrap());
        let mut image = tiff::decoder::Decoder::new(file).unwrap();
        assert_eq!(image.dimensions().unwrap(), (columns as u32, rows as u32));
        match image.read_image().unwrap() {
            tiff::decoder::DecodingResult::F32(values) => values,
            _ => panic!("32-bit floats"),
        }
    });
    (0..columns * rows)
        .map(|i| {
            let at = (first.0 + (i % columns) as i64, first.1 + (i / columns) as i64);
            (at, [0, 1, 2, 3].map(|k| rasters[k][i].to_bits()))
        })
        .collect()
}

/// A map of a large area is worked out in parts, on several machines if need be: the parts are the whole, bit
/// for bit, however it is cut, on one thread or two, with shared profiles as with exact ones.
#[test]
fn parts_are_the_whole() {
    let Some(dem) = andorra() else { return };
    let dir = tempfile::tempdir().unwrap();
    let project = project(dir.path(), Some(&dem));
    let [west, south, east, north] = [1.46, 42.46, 1.64, 42.60];
    for how in ["exact", "shared"] {
        let map = |out: &str, b: [f64; 4], threads: &str| {
            let bbox = format!("{},{},{},{}", b[0], b[1], b[2], b[3]);
            let step = if how == "exact" { "150" } else { "60" };
            let options = ["--step-m", step, "--bbox", &bbox, "--profiles", how, "--threads", threads];
            let done = area(&project, out, &options);
            assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
            pixels(&dir.path().join(out))
        };
        let whole = map(&format!("{how}-whole"), [west, south, east, north], "2");
        for (n, columns, rows) in [(0, 1, 2), (1, 3, 2)] {
            let mut parts = BTreeMap::new();
            for part in 0..columns * rows {
                let (c, r) = (f64::from(part % columns), f64::from(part / columns));
                let (across, up) = ((east - west) / f64::from(columns), (north - south) / f64::from(rows));
                let corner = [west + c * across, south + r * up];
                let b = [corner[0], corner[1], corner[0] + across, corner[1] + up];
                let threads = if part % 2 == 0 { "1" } else { "2" };
                for (at, bits) in map(&format!("{how}-{n}-{part}"), b, threads) {
                    // Parts share the pixels on their edges.
                    assert_eq!(*parts.entry(at).or_insert(bits), bits, "{at:?}");
                }
            }
            assert!(whole.iter().all(|(at, bits)| parts.get(at) == Some(bits)), "{how}: {columns} × {rows}");
        }
        if how == "shared" {
            let shared = summary(&dir.path().join("shared-whole"))["shared_profiles"].clone();
            assert!(shared["links"].as_u64() > Some(10_000), "{shared}");
            assert!(shared["checked"].as_u64() > Some(40) && shared["beyond"] == 0, "{shared}");
        }
    }
}

/// A raster of classes over the box of the tests: woods west of 1.55°, an unknown class north of 42.55°.
fn land_cover(path: &Path, class: u8) {
    use tiff::encoder::{TiffEncoder, colortype::Gray8};
    use tiff::tags::Tag;
    let (columns, rows, step) = (800u32, 600u32, 0.0005);
    let mut encoder = TiffEncoder::new(std::fs::File::create(path).unwrap()).unwrap();
    let mut image = encoder.new_image::<Gray8>(columns, rows).unwrap();
    let tags = image.encoder();
    let keys: [u16; 12] = [1, 1, 0, 2, 1024, 0, 1, 2, 2048, 0, 1, 4326];
    tags.write_tag(Tag::GeoKeyDirectoryTag, &keys[..]).unwrap();
    tags.write_tag(Tag::ModelPixelScaleTag, &[step, step, 0.0][..]).unwrap();
    tags.write_tag(Tag::ModelTiepointTag, &[0.0, 0.0, 0.0, 1.35, 42.70, 0.0][..]).unwrap();
    let of = |i: u32| {
        let (lon, lat) = (1.35 + step * f64::from(i % columns), 42.70 - step * f64::from(i / columns));
        if lat > 42.55 {
            99
        } else if lon < 1.55 {
            class
        } else {
            30
        }
    };
    image.write_data(&(0..columns * rows).map(of).collect::<Vec<u8>>()).unwrap();
}

/// Land cover counts on maps: woods take level, what they don't cover is told, and so is a raster without use.
#[test]
fn land_cover_counts() {
    let Some(dem) = andorra() else { return };
    let dir = tempfile::tempdir().unwrap();
    let path = project(dir.path(), Some(&dem));
    let bare = std::fs::read_to_string(&path).unwrap();
    let options = ["--step-m", "200", "--bbox", "1.46,42.46,1.64,42.60"];
    let map = |out: &str, more: &str, extra: &[&str]| {
        std::fs::write(&path, format!("{bare}{more}")).unwrap();
        let done = area(&path, out, &[&options[..], extra].concat());
        let said =
            format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        (done.status.code(), said)
    };
    let level = |out: &str| {
        let known = pixels(&dir.path().join(out));
        let levels: Vec<f64> = known
            .values()
            .map(|bits| f64::from(f32::from_bits(bits[0])))
            .filter(|dbm| dbm.is_finite() && *dbm > -199.0)
            .collect();
        levels.iter().sum::<f64>() / levels.len() as f64
    };
    land_cover(&dir.path().join("cover.tif"), 10);
    let layer = "[layers.clutter]\npath = \"cover.tif\"\n";
    assert_eq!(map("bare", "", &[]).0, Some(0));
    let (code, said) = map("woods", layer, &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("N114") && said.contains("land cover unknown on 3"), "{said}");
    assert!(!said.contains("N112"), "{said}");
    let share = summary(&dir.path().join("woods"))["cover_unknown_share"].as_f64().unwrap();
    assert!((0.33..0.39).contains(&share), "{share}");
    assert!(level("woods") < level("bare") - 2.0, "{} {}", level("woods"), level("bare"));
    // A class of the layer's own, and a height given for what has none.
    land_cover(&dir.path().join("cover.tif"), 77);
    assert_eq!(map("none", &format!("{layer}classes = {{ 77 = 0, 99 = \"open-rural\" }}\n"), &[]).0, Some(0));
    assert!((level("none") - level("bare")).abs() < 1e-9, "nothing stands there");
    assert_eq!(map("even", layer, &["--clutter-m", "15"]).0, Some(0));
    assert!(level("even") < level("none") - 2.0, "{} {}", level("even"), level("none"));
    let (code, said) = map("odd", &format!("{layer}classes = {{ 77 = \"lawn\" }}\n"), &[]);
    assert!(code == Some(2) && said.contains("kinds are: water-sea") && said.contains("p.toml:"), "{said}");
    let (code, said) = map("odd", &format!("{layer}[radio.land_cover]\nlegend = \"mine\"\n"), &[]);
    assert!(code == Some(2) && said.contains("worldcover"), "{said}");
    // Without heights there is nothing to stand on.
    let flat = bare.split("[layers.dem]").next().unwrap();
    std::fs::write(&path, format!("{flat}{layer}")).unwrap();
    let done = area(&path, "flat", &options);
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success() && said.contains("N115") && !said.contains("N114"), "{said}");
}
