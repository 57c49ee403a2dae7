//! Real files, where they are at hand.

use super::super::{LoadOptions, load_layers, project};
use super::{counts, found};
use crate::model::inputs::Inputs;
use std::path::PathBuf;

/// The folder of shared data, or `None` with a remark.
fn shared(test: &str) -> Option<PathBuf> {
    let root = std::env::var_os("COVPLAN_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let data = root.join("data");
    if !data.is_dir() {
        eprintln!("skipped: {test}, no shared data");
        return None;
    }
    Some(data)
}

fn read(folder: PathBuf, toml: &str) -> Inputs {
    let mut p = project::parse(toml, "p.toml").unwrap_or_else(|f| panic!("{f:?}"));
    p.folder = folder;
    load_layers(&p, &LoadOptions::default())
}

#[test]
fn demo_province() {
    let Some(data) = shared("demo_province") else { return };
    let i = read(
        data.join("demo_guangdong"),
        "[layers.sites]\npath = \"industrial_sites.geojson\"\nfilter = { operating = true }\n\
         [layers.power]\npath = \"renewable_power.geojson\"\n\
         [layers.towns]\npath = \"cities_geonames.geojson\"\n\
         [layers.fiber]\npath = \"backbone_topologyzoo.geojson\"\ndefaults = { kind = \"city\", level = \"backbone\" }\n\
         [layers.datacenters]\npath = \"cloud_regions.geojson\"\ncolumns = { name = \"city\" }\ndefaults = { tier = \"regional\", city_dot = true }\n",
    );
    for f in found(&i.issues) {
        eprintln!("{f:?}");
    }
    eprintln!("{:#?}", i.layers);
    assert_eq!(counts(&i, "sites"), [182, 30, 0, 152]);
    // Two mines come without an id.
    assert_eq!(i.sites.list.iter().filter(|s| s.id_made).count(), 2);
    assert!(i.sites.list.iter().all(|s| i.sites.text.get(s.id).len() > 3));
}

#[test]
fn opencellid() {
    let Some(data) = shared("opencellid") else { return };
    let i = read(
        data.join("cell_opencellid_samerica"),
        "[layers.cells]\npath = [\"peru_cell_towers.csv.gz\", \"bolivia_cell_towers.csv.gz\"]\n\
         columns = { cell_id = [\"mcc\",\"net\",\"area\",\"cell\"], rat = \"radio\", operator = [\"mcc\",\"net\"] }\n",
    );
    for f in found(&i.issues) {
        eprintln!("{f:?}");
    }
    eprintln!("{:#?}", i.layers);
}

#[test]
fn world_sites() {
    let Some(data) = shared("world_sites") else { return };
    let i = read(
        data.clone(),
        "[layers.sites]\npath = \"stress_world_sites/world_industrial_energy_sites.csv.gz\"\n\
         filter = { country = [\"Peru\"], status = [\"operating\"] }\n\
         [layers.regions]\npath = \"admin_ocha/china_adm2_simpl001.geojson\"\ncolumns = { adcode = \"ADM2_PCODE\", name = \"ADM2_ZH\" }\n\
         defaults = { level = \"city\", code_system = \"OCHA\" }\n\
         [layers.roads]\npath = [\"roads_shenzhen_osm/highways.geojson\", \"osm_andorra/andorra.osm.pbf\"]\n\
         [layers.power]\npath = \"power_wri_gppd/WRI_China_raw.csv\"\ncolumns = { voltage_kv = \"Grid Connection (kV)\"}\n\
         [layers.dem]\npath = \"dem_hgt_andorra\"\n\
         [layers.towns]\npath = \"cities_geonames/geonames_cities1000_world.tsv.gz\"\nheader_row = 0\n\
         columns = { name = \"2\", lat = \"5\", lon = \"6\", population = \"15\", name_zh = \"4\" }\n\
         [layers.fiber]\npath = \"fiber_topology_zoo/Chinanet.graphml\"\n",
    );
    for f in found(&i.issues) {
        eprintln!("{f:?}");
    }
    eprintln!("{:#?}", i.layers);
}

#[test]
fn steel_and_cement() {
    let Some(data) = shared("steel_and_cement") else { return };
    let i = read(
        data.clone(),
        "[layers.sites]\npath = [\"factory_gem/gem_iron_steel_2025-03_china.csv\"]\n\
         columns = { name = \"plant-name-(other-language)\", site_id = \"plant-id\", geometry = \"coordinates\" }\n",
    );
    for f in found(&i.issues) {
        eprintln!("{f:?}");
    }
    eprintln!("{:#?}", i.layers);
    let i = read(
        data,
        "[layers.sites]\npath = \"factory_sfi_cement/SFI-Global-Cement-Database-July-2021.xlsx\"\n\
         columns = { name = \"owner_name\", site_id = \"uid\" }\nfilter = { country = \"China\" }\n",
    );
    for f in found(&i.issues) {
        eprintln!("{f:?}");
    }
    eprintln!("{:#?}", i.layers);
}
