//! Every rule, broken on purpose.

use super::super::LoadOptions;
use super::{counts, csv, found, load_files};
use crate::model::inputs::Inputs;
use crate::model::issues::Severity;

/// Reads one CSV text and expects exactly these findings: code, column, count, first row.
fn expect(layer: &str, keys: &str, text: &str, expected: &[(&str, &str, u64, u64)]) -> Inputs {
    let inputs = match csv(layer, keys, text) {
        Ok(i) => {
            assert!(i.issues.worst() != Some(Severity::Error));
            i
        }
        Err(i) => {
            assert_eq!(i.issues.worst(), Some(Severity::Error));
            i
        }
    };
    let all = found(&inputs.issues);
    let mut short: Vec<(&str, &str, u64, u64)> =
        all.iter().map(|f| (f.0.as_str(), f.1.as_str(), f.2, f.3)).collect();
    let mut wanted = expected.to_vec();
    short.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(short, wanted, "{all:#?}");
    inputs
}

const HEAD: &str = "site_id,name,lon,lat\n";

fn sites(rows: &str, expected: &[(&str, &str, u64, u64)]) -> Inputs {
    expect("sites", "", &format!("{HEAD}{rows}"), expected)
}

const CELL_HEAD: &str = "cell_id,operator,rat,lon,lat";

fn cells(more: &str, rows: &[&str], expected: &[(&str, &str, u64, u64)]) -> Inputs {
    let rows: Vec<String> =
        rows.iter().enumerate().map(|(i, r)| format!("C{i},移动,5G,118.{i},32.0,{r}")).collect();
    expect("cells", "", &format!("{CELL_HEAD},{more}\n{}\n", rows.join("\n")), expected)
}

#[test]
fn a_plain_table() {
    let text =
        "site_id,name,lon,lat,employees,status\nA,甲,118.5,32.1,\"1,200\",在产\nB,乙,118.6,32.2,—,planned\n";
    let i = expect("sites", "", text, &[]);
    assert_eq!(counts(&i, "sites"), [2, 0, 0, 2]);
    assert_eq!(i.sites.list[0].employees.get(), Some(1200.0));
    assert_eq!(i.sites.list[1].employees.get(), None);
    assert_eq!(i.sites.list[1].origin.row, 3);
}

#[test]
fn coordinates() {
    let i =
        sites("A,甲,118.5,32.1\nB,乙,,32\nC,丙,abc,32\nD,丁,NaN,32\nE,戊,inf,32\n", &[("D010", "lon", 4, 3)]);
    assert_eq!(counts(&i, "sites"), [5, 0, 4, 1]);
    sites("A,甲,118.5,32.1\nB,乙,118.6,32.1\nC,丙,0,0\n", &[("D014", "lon", 1, 4)]);
    sites("A,甲,118.5,32.1\nB,乙,118.6,32.1\nC,丙,190,32\n", &[("D011", "", 1, 4)]);
    sites("A,甲,118.5,32.1\nB,乙,118.6,32.1\nC,丙,32,118\n", &[("D013", "", 1, 4)]);
    sites("A,甲,118.5,32.1\nB,乙,118.5,32.1\n", &[("D015", "lon", 1, 3)]);
    sites("A,甲,118500000,32100000\nB,乙,118600000,32100000\n", &[("D016", "", 2, 2)]);
    sites("A,甲,430798,3555771\nB,乙,430799,3555790\n", &[("D018", "", 2, 2)]);
    let i = sites("A,甲,\"118°30'00\"\"E\",32°6′N\n", &[]);
    assert!((i.sites.list[0].at.lon_deg() - 118.5).abs() < 1e-12);
}

#[test]
fn swapped_columns_and_the_way_out() {
    let rows = "A,甲,32.1,118.5\nB,乙,32.2,118.6\nC,丙,32.3,118.7\n";
    let i = sites(rows, &[("D012", "", 3, 2)]);
    assert_eq!(found(&i.issues)[0].4, "lon=32.1 lat=118.5");
    // Kashgar: both orders are on the globe, one is in the Arctic Ocean.
    sites("A,甲,39.47,75.99\nB,乙,39.5,76.0\n", &[("D012", "", 0, 0)]);
    let i = expect("sites", "swap_xy = true", &format!("{HEAD}{rows}"), &[]);
    assert!((i.sites.list[0].at.lat_deg() - 32.1).abs() < 1e-12);
    let files: [(&str, &[u8]); 2] = [
        ("a.csv", b"site_id,name,lon,lat\nA,x,32.1,118.5\n"),
        ("b.csv", b"site_id,name,lon,lat\nB,y,118.6,32.2\n"),
    ];
    let toml = "[layers.sites]\npath = [\"a.csv\", \"b.csv\"]\n";
    let i = load_files(&files, toml, LoadOptions { swap_xy: true, ..LoadOptions::default() })
        .unwrap_or_else(|i| panic!("{:?}", found(&i.issues)));
    let lats: Vec<f64> = i.sites.list.iter().map(|s| s.at.lat_deg()).collect();
    assert_eq!(lats, [32.1, 32.2], "only the swapped file is turned");
}

#[test]
fn columns_of_the_file() {
    expect("sites", "", "site_id,lon,lat\nA,118,32\n", &[("D005", "name", 1, 1), ("D031", "name", 1, 2)]);
    expect("sites", "", "site_id,name\nA,x\n", &[("D005", "lon", 1, 1), ("D020", "", 1, 2)]);
    expect(
        "sites",
        "columns = { city = \"ctiy\" }",
        "site_id,name,lon,lat,city_of\nA,x,118,32,y\n",
        &[("D006", "ctiy", 1, 1)],
    );
    expect(
        "sites",
        "filter = { contry = \"x\" }",
        "site_id,name,lon,lat,country\nA,x,118,32,y\n",
        &[("D006", "contry", 1, 1)],
    );
    let i = expect(
        "sites",
        "",
        "site_id,name,lon,lat,employes,colour\nA,x,118,32,5,red\n",
        &[("D007", "employes", 1, 1)],
    );
    assert_eq!(i.layers["sites"].unknown_columns, ["employes", "colour"]);
    expect("cells", "defaults = { rat = \"nr\" }", "cell_id,operator,lon,lat\nA,移动,118,32\n", &[]);
}

#[test]
fn rows_of_odd_shape() {
    let i = sites(
        "A,甲,118.5,32.1\n合计,,2,\n\nB,乙,118.6,32.1,extra\nC,丙,118.7\n",
        &[("D008", "", 1, 3), ("D009", "", 1, 5), ("D010", "lat", 1, 6), ("D038", "", 1, 6)],
    );
    assert_eq!(counts(&i, "sites"), [4, 0, 3, 1]);
    let i = sites("A,甲,118.5,32.1\nB,乙,118.6,32.1,,\n", &[]);
    assert_eq!(i.sites.list.len(), 2);
}

#[test]
fn ids() {
    let i = sites(
        "A,甲,118.5,32.1\nA,乙,118.6,32.1\n,丙,118.7,32\n,丙,118.7,32\n",
        &[("D015", "lon", 1, 5), ("D041", "site_id", 2, 4), ("D042", "site_id", 1, 3)],
    );
    let ids: Vec<&str> = i.sites.list.iter().map(|s| i.sites.text.get(s.id)).collect();
    assert_eq!(ids.len(), 3);
    assert_eq!(ids[2], format!("{}-2", ids[1]));
    assert!(i.sites.list[1].id_made && !i.sites.list[0].id_made);
    assert_eq!(counts(&i, "sites"), [4, 0, 1, 3]);
    sites("3.20102E+17,甲,118.5,32.1\n", &[("D040", "site_id", 1, 2)]);
    expect("sites", "", "site_id,name,lon,lat,adcode\nA,甲,118,32,3.2E+05\n", &[("D040", "adcode", 1, 2)]);
}

#[test]
fn values_of_cells() {
    cells("height_m", &["30", "3000", "35", "28"], &[("D034", "height_m", 1, 3)]);
    cells("height_m", &["30", "-5", "35"], &[("D037", "height_m", 1, 3)]);
    cells("height_m", &["30", "tall", "35"], &[("D030", "height_m", 1, 3)]);
    cells("freq_mhz", &["3.5", "2.6", "3.5"], &[("D034", "freq_mhz", 3, 2), ("D035", "freq_mhz", 3, 2)]);
    cells(
        "freq_mhz",
        &["3500000000", "2600000000"],
        &[("D034", "freq_mhz", 2, 2), ("D035", "freq_mhz", 2, 2)],
    );
    cells("power_dbm", &["200", "320"], &[("D034", "power_dbm", 2, 2), ("D035", "power_dbm", 2, 2)]);
    cells("azimuth_deg", &["120", "400"], &[("D034", "azimuth_deg", 1, 3)]);
    cells("kind", &["宏站", "teapot"], &[("D033", "kind", 1, 3)]);
    cells("on_air", &["2024-01-05", "2024-02-30"], &[("D036", "on_air", 1, 3)]);
    cells("pci", &["1007", "1008"], &[("D034", "pci", 1, 3)]);
    let i = cells("freq (GHz),发射功率(W),方位角,通道数", &["3.5,200,全向,64T64R"], &[]);
    let c = i.cells.list.get(0).unwrap();
    assert_eq!((c.freq_mhz.get(), c.azimuth_deg.get(), c.ports), (Some(3500.0), None, 64));
    assert!((c.power_dbm.or(0.0) - 53.0103).abs() < 1e-4);
}

#[test]
fn required_values_of_cells() {
    let text = format!(
        "{CELL_HEAD}\nA,移动,5G,118,32\nB,,5G,118,32\nC,移动,6G,118,32\nD,移动,,118,32\n,移动,5G,118,32\n"
    );
    let i = expect(
        "cells",
        "",
        &text,
        &[
            ("D031", "operator", 1, 3),
            ("D031", "rat", 1, 5),
            ("D032", "rat", 1, 4),
            ("D041", "cell_id", 1, 6),
        ],
    );
    assert_eq!(counts(&i, "cells"), [5, 0, 3, 2]);
}

#[test]
fn frequencies_of_bands_and_channels() {
    let i = cells("band,nrarfcn", &["n78,", "n41,513000", "2600,", "3.5,", "2.6GHz,", "78,"], &[]);
    let f: Vec<f64> = i.cells.list.iter().map(|c| c.freq_mhz.or(0.0)).collect();
    assert_eq!(f, [3500.0, 2565.0, 2600.0, 3500.0, 2600.0, 3500.0]);
}

#[test]
fn composed_ids_and_operators() {
    let text = "radio,mcc,net,area,cell,unit,lon,lat,range,samples\nLTE,716,6,7308,285111,0,-80.6,-5.1,1000,24\n\
                NR,460,0,1,2,0,118.6,32.1,1000,24\n";
    let keys = "columns = { cell_id = [\"mcc\",\"net\",\"area\",\"cell\"], rat = \"radio\", operator = [\"mcc\",\"net\"] }";
    let i = expect("cells", keys, text, &[]);
    assert_eq!(i.cells.text.get(i.cells.list.get(0).unwrap().id), "716-6-7308-285111");
    assert_eq!(i.operators.code(i.cells.list.get(1).unwrap().operator), "460-0");
    assert_ne!(
        i.operators.network(i.cells.list.get(0).unwrap().operator),
        i.operators.network(i.cells.list.get(1).unwrap().operator)
    );
}

#[test]
fn filters_count_what_they_leave_out() {
    let text = "site_id,name,lon,lat,country,status\nA,x,-77,-12,Peru,operating\nB,y,-77.1,-12,PERU,cancelled\nC,z,-70,-30,Chile,operating\n";
    let i = expect("sites", "filter = { country = [\"peru\"], status = [\"operating\"] }", text, &[]);
    assert_eq!(counts(&i, "sites"), [3, 2, 0, 1]);
}

#[test]
fn files_that_cannot_be_read() {
    expect("sites", "", "", &[("D002", "", 1, 0)]);
    expect("sites", "encoding = \"klingon\"", HEAD, &[("D003", "", 1, 0)]);
    expect("sites", "crs = \"EPSG:999999\"", &format!("{HEAD}A,x,1,2\n"), &[("D017", "", 1, 0)]);
    expect("sites", "crs = \"EPSG:2379\"", &format!("{HEAD}A,x,1,2\n"), &[("D017", "", 1, 0)]);
    let gone =
        load_files(&[], "[layers.sites]\npath = \"gone.csv\"\n", LoadOptions::default()).err().unwrap();
    assert_eq!(found(&gone.issues)[0].0, "D001");
    let odd = load_files(&[("a.doc", b"x")], "[layers.sites]\npath = \"a.doc\"\n", LoadOptions::default())
        .err()
        .unwrap();
    assert_eq!(found(&odd.issues)[0].0, "D004");
    let cut = load_files(
        &[("a.xlsx", b"PK\x03\x04junk")],
        "[layers.sites]\npath = \"a.xlsx\"\n",
        LoadOptions::default(),
    );
    assert_eq!(found(&cut.err().unwrap().issues)[0].0, "D002");
}

#[test]
fn datums_and_grids() {
    // 118.796877 E 32.060255 N in CGCS2000 / 3-degree Gauss-Krueger CM 117E; X north, Y east.
    let text = "site_id,name,x_m,y_m\nA,x,3549946.6791,669693.6554\n";
    for keys in ["crs = \"EPSG:4548\"", "crs = \"EPSG:4548\"\naxis = \"yx\""] {
        let i = expect("sites", keys, text, &[]);
        assert!((i.sites.list[0].at.lon_deg() - 118.796_877).abs() < 1e-7, "{keys}");
    }
    let turned = "site_id,name,x_m,y_m\nA,x,669693.6554,3549946.6791\n";
    let i = expect("sites", "crs = \"EPSG:4548\"", turned, &[]);
    assert!((i.sites.list[0].at.lon_deg() - 118.796_877).abs() < 1e-7);
    let i = expect("sites", "crs = \"gcj02\"", &format!("{HEAD}A,x,118.802,32.058\n"), &[]);
    let shift =
        crate::geom::geodesic_m(i.sites.list[0].at, crate::geom::LonLat::new(118.802, 32.058).unwrap());
    assert!((300.0..800.0).contains(&shift), "{shift}");
    expect("sites", "crs = \"EPSG:4548\"", "site_id,name,x_m,y_m\nA,x,1,2\n", &[("D011", "x_m", 1, 2)]);
}

fn one_feature(layer: &str, keys: &str, geometry: &str, properties: &str) -> Result<Inputs, Inputs> {
    let text = format!(
        "{{\"type\":\"FeatureCollection\",\"features\":[{{\"type\":\"Feature\",\"properties\":{{{properties}}},\"geometry\":{geometry}}}]}}"
    );
    let toml = format!("[layers.{layer}]\npath = \"t.geojson\"\n{keys}\n");
    load_files(&[("t.geojson", text.as_bytes())], &toml, LoadOptions::default())
}

fn codes(r: &Result<Inputs, Inputs>) -> Vec<String> {
    let i = match r {
        Ok(i) | Err(i) => i,
    };
    found(&i.issues).into_iter().map(|f| f.0).collect()
}

#[test]
fn geometry_of_features() {
    let road = |g: &str| one_feature("roads", "", g, r#""road_id":"1","class":"primary""#);
    assert_eq!(codes(&road(r#"{"type":"LineString","coordinates":[[1,1],[2,2]]}"#)), [""; 0]);
    assert_eq!(codes(&road("null")), ["D020"]);
    assert_eq!(codes(&road(r#"{"type":"Point","coordinates":[1,1]}"#)), ["D021"]);
    assert_eq!(codes(&road(r#"{"type":"LineString","coordinates":[[1,1],[1,1]]}"#)), ["D023"]);
    assert_eq!(codes(&road(r#"{"type":"LineString","coordinates":[[1,1],"x"]}"#)), ["D026"]);
    let r = road(r#"{"type":"MultiLineString","coordinates":[[[1,1,9],[2,2,9]],[[3,3],[4,4]]]}"#);
    assert_eq!(codes(&r), ["D022"]);
    let i = r.unwrap_or_else(|i| panic!("{:?}", found(&i.issues)));
    let ids: Vec<&str> = i.roads.list.iter().map(|r| i.roads.text.get(r.id)).collect();
    assert_eq!(ids, ["1-1", "1-2"]);
    assert_eq!(i.roads.line(&i.roads.list[1])[0].lon_deg(), 3.0);

    let region = |ring: &str| {
        let g = format!(r#"{{"type":"Polygon","coordinates":[{ring}]}}"#);
        one_feature("regions", "", &g, r#""adcode":320100,"name":"南京市","level":"city""#)
    };
    assert_eq!(codes(&region("[[0,1],[0,2],[1,2],[0,1]]")), [""; 0]);
    assert_eq!(codes(&region("[[0,1],[0,2],[1,2]]")), ["D024"]);
    assert_eq!(codes(&region("[[0,1],[1,2],[1,1],[0,2],[0,1]]")), ["D025"]);
    let site =
        one_feature("sites", "", r#"{"type":"Point","coordinates":[32.1,118.5]}"#, r#""id":"A","name":"x""#);
    assert_eq!(codes(&site), ["D012"]);
    let big = one_feature(
        "sites",
        "",
        r#"{"type":"Point","coordinates":[118.5,32.1]}"#,
        r#""id":1.5e17,"name":"x""#,
    );
    assert_eq!(codes(&big), ["D040"]);
}

#[test]
fn a_crs_member_counts() {
    let text = r#"{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::4548"}},
        "features":[{"type":"Feature","properties":{"site_id":"A","name":"x"},"geometry":{"type":"Point","coordinates":[669693.6554,3549946.6791]}}]}"#;
    let toml = "[layers.sites]\npath = \"t.geojson\"\n";
    let i = load_files(&[("t.geojson", text.as_bytes())], toml, LoadOptions::default())
        .unwrap_or_else(|i| panic!("{:?}", found(&i.issues)));
    assert!((i.sites.list[0].at.lon_deg() - 118.796_877).abs() < 1e-7);
    assert!(i.layers["sites"].crs.contains("CGCS2000"), "{}", i.layers["sites"].crs);
}

#[test]
fn columns_that_come_late() {
    let mut text = String::new();
    for n in 0..40_000 {
        let size = if n >= 39_000 { r#","firm_size":"large""# } else { "" };
        text.push_str(&format!(
            r#"{{"type":"Feature","properties":{{"name":"厂{n}","employees":-1{size},"site_id":"S{n}"}},"geometry":{{"type":"Point","coordinates":[{},32.1]}}}}"#,
            100.0 + f64::from(n) / 1e4
        ));
        text.push('\n');
    }
    let toml = "[layers.sites]\npath = \"t.geojsonl\"\n";
    let i = load_files(&[("t.geojsonl", text.as_bytes())], toml, LoadOptions::default())
        .unwrap_or_else(|i| panic!("{:?}", found(&i.issues)));
    assert_eq!(i.sites.list.iter().filter(|s| s.firm_size.is_some()).count(), 1000);
    assert_eq!(found(&i.issues)[0].2, 40_000);
}

#[test]
fn segments_between_nodes() {
    let files: [(&str, &[u8]); 2] = [
        ("n.csv", b"node_id,kind,owner,lon,lat\nA,olt,ct,118,32\nB,fdt,ct,118.1,32\n"),
        ("s.csv", b"segment_id,owner,from_node,to_node,level\n1,ct,A,B,feeder\n2,ct,A,X,feeder\n"),
    ];
    let toml = "[layers.fiber_nodes]\npath = \"n.csv\"\n[layers.fiber_segments]\npath = \"s.csv\"\n";
    let i =
        load_files(&files, toml, LoadOptions::default()).unwrap_or_else(|i| panic!("{:?}", found(&i.issues)));
    let short: Vec<(String, u64)> = found(&i.issues).into_iter().map(|f| (f.0, f.3)).collect();
    assert_eq!(short, [("D027".to_owned(), 2), ("D028".to_owned(), 3)]);
    assert!(i.fiber_segments.len() == 1 && i.fiber_segments[0].line_made);
    assert_eq!(counts(&i, "fiber_segments"), [2, 0, 1, 1]);
}

#[test]
fn regions_join_areas_with_figures() {
    let areas = r#"{"type":"FeatureCollection","features":[
        {"type":"Feature","properties":{"adcode":"320100","name":"南京市","level":"city"},"geometry":{"type":"Polygon","coordinates":[[[118,31],[119,31],[119,32],[118,31]]]}},
        {"type":"Feature","properties":{"adcode":"320500","name":"苏州市","level":"city"},"geometry":{"type":"Polygon","coordinates":[[[120,31],[121,31],[121,32],[120,31]]]}}]}"#;
    let figures = "地市,常住人口(万人),5G基站数(上报)\n南京市,954.7,30000\n苏州市,1291.1,45000\n无锡市,750,20000\n合计,2995.8,95000\n";
    let files: [(&str, &[u8]); 2] = [("a.geojson", areas.as_bytes()), ("f.csv", figures.as_bytes())];
    let toml = "[layers.regions]\npath = [\"a.geojson\", \"f.csv\"]\n";
    let i =
        load_files(&files, toml, LoadOptions::default()).unwrap_or_else(|i| panic!("{:?}", found(&i.issues)));
    assert_eq!(i.regions.len(), 2);
    assert_eq!(i.regions[0].pop_resident, Some(9_547_000.0));
    assert_eq!(i.regions[1].stations_5g_official, Some(45_000.0));
    let short: Vec<String> = found(&i.issues).into_iter().map(|f| f.0).collect();
    assert_eq!(short, ["D008", "D031"]);
}

#[test]
fn gbk_semicolons_and_titles() {
    let text = "某市重点企业台账;;;;\n填报单位：工信局;;;;\n企业编号;企业名称;经度;纬度;营业收入(万元)\n\
                001;南京钢铁;118.7;32.2;１，２００\n002;扬子石化;118.8;32.3;无\n合 计;;;;1200\n";
    let (bytes, _, _) = encoding_rs::GBK.encode(text);
    let toml = "[layers.sites]\npath = \"t.csv\"\n";
    let i = load_files(&[("t.csv", &bytes)], toml, LoadOptions::default())
        .unwrap_or_else(|i| panic!("{:?}", found(&i.issues)));
    assert_eq!(i.sites.text.get(i.sites.list[0].id), "001");
    assert_eq!(i.sites.list[0].revenue_cny.get(), Some(1.2e7));
    assert_eq!(i.sites.list[0].origin.row, 4);
    assert_eq!(found(&i.issues)[0].0, "D008");
}

/// Blocks read on many threads give what one row after another gives.
#[test]
fn blocks_and_rows_agree() {
    let mut csv = String::from("site_id,name,lon,lat,city,employees,status\n");
    let mut json = String::from("{\"type\":\"FeatureCollection\",\"features\":[\n");
    for n in 0..60_000u32 {
        let (lon, lat) = (100.0 + f64::from(n % 977) / 100.0, 20.0 + f64::from(n % 1013) / 100.0);
        let status = ["operating", "在产", "teapot", ""][n as usize % 4];
        let name = if n % 7 == 0 { format!("\"厂, \"\"{n}\"\"\n二\"") } else { format!("厂{n}") };
        csv.push_str(&format!("S{n},{name},{lon},{lat},市{},{},{status}\n", n % 13, i64::from(n) - 100));
        let name = if n % 7 == 0 { format!("厂, \\\"{n}\\\"\\n二") } else { format!("厂{n}") };
        json.push_str(&format!(
            "{{\"type\":\"Feature\",\"properties\":{{\"site_id\":\"S{n}\",\"name\":\"{name}\",\"city\":\"市{}\",\"employees\":{},\"status\":\"{status}\"}},\"geometry\":{{\"type\":\"Point\",\"coordinates\":[{lon},{lat}]}}}}{}\n",
            n % 13,
            i64::from(n) - 100,
            if n == 59_999 { "" } else { "," }
        ));
    }
    json.push_str("]}");
    let read = |name: &str, bytes: &[u8]| {
        let toml = format!("[layers.sites]\npath = \"{name}\"\n");
        load_files(&[(name, bytes)], &toml, LoadOptions::default())
            .unwrap_or_else(|i| panic!("{:?}", found(&i.issues)))
    };
    let (a, b) = (read("t.csv", csv.as_bytes()), read("t.geojson", json.as_bytes()));
    assert_eq!(a.sites.list.len(), 60_000);
    for (s, t) in a.sites.list.iter().zip(&b.sites.list) {
        assert_eq!(a.sites.text.get(s.id), b.sites.text.get(t.id));
        assert_eq!(a.sites.text.get(s.name), b.sites.text.get(t.name));
        assert_eq!(a.sites.text.get(s.city), b.sites.text.get(t.city));
        assert_eq!((s.at, s.employees, s.status), (t.at, t.employees, t.status));
    }
    let short =
        |i: &Inputs| -> Vec<(String, u64)> { found(&i.issues).into_iter().map(|f| (f.0, f.2)).collect() };
    assert_eq!(short(&a), short(&b));
    let one = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap()
        .install(|| read("t.csv", csv.as_bytes()));
    let rows = |i: &Inputs| i.issues.iter().map(|(f, _)| f.rows.clone()).collect::<Vec<_>>();
    assert_eq!(rows(&a), rows(&one));
    assert_eq!(a.sites.list.last().map(|s| s.origin.row), one.sites.list.last().map(|s| s.origin.row));
}

/// A ledger copied from a web map, beside plants by GPS: the shift is told with its evidence, the other way
/// round not.
#[test]
fn a_layer_in_the_datum_of_a_web_map_is_suspected() {
    use crate::crs::gcj02::wgs84_to_gcj02;
    use crate::geom::LonLat;
    let mut sites = String::from(HEAD);
    let mut candidates = String::from("cand_id,kind,owner,lon,lat\n");
    for n in 0..80u32 {
        let (lon, lat) = (118.5 + f64::from(n * 37 % 80) / 100.0, 31.8 + f64::from(n * 53 % 80) / 120.0);
        let q = wgs84_to_gcj02(LonLat::new(lon, lat).unwrap());
        sites += &format!("S{n},厂{n},{lon},{lat}\n");
        candidates += &format!("T{n},roof,x,{:.7},{:.7}\n", q.lon_deg(), q.lat_deg());
    }
    let read = |crs: &str| {
        let toml = format!("[layers.sites]\npath = \"s.csv\"\n[layers.candidates]\npath = \"c.csv\"\n{crs}");
        let files = [("s.csv", sites.as_bytes()), ("c.csv", candidates.as_bytes())];
        load_files(&files, &toml, LoadOptions::default()).unwrap_or_else(|i| panic!("{:?}", found(&i.issues)))
    };
    let told = found(&read("").issues);
    assert_eq!(told.iter().map(|f| f.0.as_str()).collect::<Vec<_>>(), ["D019"], "{told:?}");
    assert!(told[0].4.contains("against sites, 80 of 80") && told[0].4.contains("gcj02"), "{told:?}");
    assert!(found(&read("crs = \"gcj02\"\n").issues).is_empty());
}
