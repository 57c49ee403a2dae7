//! Counts of real extracts against pyosmium 4.3.2 (an own script with the same rules of selection), and broken files.
//! GDAL 3.6.2 (ogrinfo) agrees: lines with a `route=ferry` are one, of six nodes, in Monaco; with a `highway`, constructions included, are 1,614 in Andorra and 1,245 in Shenzhen;
//! industrial polygons are 1, 5 (Monaco) and 22.

use super::*;
use crate::geom::line_length_m;
use std::io::Write;
use std::path::PathBuf;

fn shared(path: &str) -> Option<PathBuf> {
    let root = std::env::var("COVPLAN_SHARED").unwrap_or_else(|_| "../shared".into());
    let path = Path::new(&root).join("data").join(path);
    if !path.exists() {
        eprintln!("skipped: {} not found", path.display());
        return None;
    }
    Some(path)
}

fn count(problems: &[OsmProblem], kind: OsmProblemKind) -> u64 {
    problems.iter().find(|p| p.kind == kind).map_or(0, |p| p.count)
}

/// Roads, their nodes, named, bridges, tunnels, other highways, rivers, railways, towers, industrial places.
fn check(path: &str, expected: [usize; 10]) {
    let Some(path) = shared(path) else { return };
    let (osm, problems) = read(&path).expect("a sound extract");
    let barriers =
        |rail: bool| osm.barriers.iter().filter(|b| (b.kind == BarrierKind::Railway) == rail).count();
    let found = [
        osm.roads.len(),
        osm.roads.iter().map(|r| r.nodes.len()).sum(),
        osm.roads.iter().filter(|r| !r.name.is_empty()).count(),
        osm.roads.iter().filter(|r| r.bridge).count(),
        osm.roads.iter().filter(|r| r.tunnel).count(),
        count(&problems, OsmProblemKind::OtherHighway) as usize,
        barriers(false),
        barriers(true),
        osm.towers.len(),
        osm.industry.len(),
    ];
    assert_eq!(found, expected, "{}: {problems:?}", path.display());
    assert!(osm.roads.iter().all(|r| r.line.len() == r.nodes.len() && r.line.len() >= 2));
    for place in &osm.industry {
        let outline = place.outline.as_ref().expect("a polygon");
        use geo::Contains;
        assert!(outline.contains(&geo::Point::from(place.at)), "{}", place.id);
        assert!(place.area_m2.expect("an area") > 10.0, "{}", place.id);
    }
}

#[test]
fn andorra_pbf() {
    check("osm_andorra/andorra.osm.pbf", [1612, 40583, 604, 144, 14, 3, 25, 0, 2, 1]);
}

#[test]
fn monaco_pbf() {
    check("roads/monaco.osm.pbf", [3435, 19079, 905, 60, 272, 56, 0, 11, 0, 5]);
}

#[test]
fn monaco_gzipped_xml() {
    check("osm_andorra/monaco.osm.gz", [860, 5954, 317, 20, 63, 6, 0, 1, 0, 1]);
}

/// One of the 21 industrial ways is the outline of the one industrial multipolygon.
#[test]
fn shenzhen_xml() {
    check("roads_shenzhen_osm/osm_bbox.osm.xml", [1241, 9976, 187, 108, 38, 12, 2, 0, 0, 22]);
}

/// Length of all roads of Andorra: pyproj 3.7.2 (Geod, WGS84) over pyosmium's ways.
#[test]
fn andorra_length_agrees_with_pyproj() {
    let Some(path) = shared("osm_andorra/andorra.osm.pbf") else { return };
    let (osm, _) = read(&path).expect("a sound extract");
    let km: f64 = osm.roads.iter().map(|r| line_length_m(&r.line)).sum::<f64>() / 1e3;
    assert!((km - ANDORRA_KM).abs() < 0.001, "{km}");
}

const ANDORRA_KM: f64 = 854.603780;

fn written(content: &[u8], name: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join(name);
    std::fs::write(&path, content).expect("written");
    (folder, path)
}

const SMALL: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<osm version="0.6">
  <node id="1" lat="32.0" lon="118.0"/><node id="2" lat="32.001" lon="118.0"/>
  <node id="3" lat="32.002" lon="118.0"><tag k="man_made" v="mast"/><tag k="tower:type" v="communication"/>
    <tag k="communication:mobile_phone" v="yes"/><tag k="height" v="45 m"/><tag k="operator" v="铁塔 &amp; 公司"/></node>
  <node id="4" lat="32.003" lon="118.0"/><node id="5" lat="32.004" lon="118.0"/>
  <node id="6" lat="95.0" lon="118.0"/>
  <node id="7" lat="32.0" lon="118.1"><tag k="man_made" v="mast"/><tag k="tower:type" v="lighting"/></node>
  <node id="11" lat="33.0" lon="119.0"/><node id="12" lat="33.0" lon="119.01"/>
  <node id="13" lat="33.01" lon="119.01"/><node id="14" lat="33.01" lon="119.0"/>
  <way id="100"><nd ref="1"/><nd ref="2"/><nd ref="999"/><nd ref="4"/><nd ref="5"/>
    <tag k="highway" v="motorway_link"/><tag k="name" v="沪宁高速"/><tag k="bridge" v="viaduct"/><tag k="tunnel" v="no"/></way>
  <way id="101"><nd ref="1"/><nd ref="6"/><tag k="highway" v="track"/></way>
  <way id="102"><nd ref="1"/><nd ref="2"/><tag k="highway" v="construction"/></way>
  <way id="106"><nd ref="11"/><nd ref="13"/><tag k="route" v="ferry"/><tag k="name" v="江北轮渡"/></way>
  <way id="107"><nd ref="11"/><nd ref="13"/><tag k="route" v="bus"/></way>
  <way id="103"><nd ref="11"/><nd ref="12"/><nd ref="13"/></way>
  <way id="104"><nd ref="11"/><nd ref="14"/><nd ref="13"/></way>
  <way id="105"><nd ref="11"/><nd ref="12"/><tag k="landuse" v="industrial"/></way>
  <relation id="200"><member type="way" ref="103" role="outer"/><member type="way" ref="104" role=""/>
    <member type="node" ref="1" role="label"/><tag k="type" v="multipolygon"/><tag k="man_made" v="works"/><tag k="name" v="一厂"/></relation>
</osm>"#;

#[test]
fn every_rule_on_a_small_file() {
    let (_folder, path) = written(SMALL.as_bytes(), "small.osm");
    let (osm, problems) = read(&path).expect("a sound file");
    assert_eq!(osm.roads.len(), 3, "way 100 in two pieces, way 101 nowhere, the ferry");
    assert_eq!((osm.roads[0].nodes.as_slice(), osm.roads[1].nodes.as_slice()), (&[1, 2][..], &[4, 5][..]));
    let road = &osm.roads[0];
    assert_eq!(
        (road.class, road.name.as_str(), road.bridge, road.tunnel),
        (RoadClass::Motorway, "沪宁高速", true, false)
    );
    let ferry = &osm.roads[2];
    assert_eq!((ferry.class, ferry.name.as_str(), ferry.nodes.len()), (RoadClass::Ferry, "江北轮渡", 2));
    assert_eq!(osm.towers.len(), 1);
    let tower = &osm.towers[0];
    assert_eq!((tower.operator.as_str(), tower.height_m), ("铁塔 & 公司", Some(45.0)));
    assert_eq!(tower.services, ["mobile_phone"]);
    assert_eq!(osm.industry.len(), 1);
    let works = &osm.industry[0];
    assert_eq!(
        (works.id, works.kind, works.name.as_str()),
        (OsmId::Relation(200), IndustryKind::Works, "一厂")
    );
    // 0.01° by 0.01° at 33° N: about 934 m by 1,109 m.
    assert!((works.area_m2.expect("an area") - 934.0 * 1109.0).abs() < 3_000.0, "{:?}", works.area_m2);
    for (kind, n) in [
        (OsmProblemKind::MissingNodes, 2),
        (OsmProblemKind::NoLine, 1),
        (OsmProblemKind::NoArea, 1),
        (OsmProblemKind::OtherHighway, 1),
    ] {
        assert_eq!(count(&problems, kind), n, "{kind}");
    }
}

#[test]
fn truncated_and_damaged_xml_names_the_byte() {
    let mut gzipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzipped.write_all(SMALL.as_bytes()).expect("compressed");
    let gzipped = gzipped.finish().expect("compressed");
    for (name, content) in [
        ("empty.osm", &b""[..]),
        ("cut.osm", &SMALL.as_bytes()[..SMALL.len() / 2]),
        ("almost.osm", &SMALL.as_bytes()[..SMALL.len() - 6]),
        ("html.osm", b"<html><body>404</body></html>"),
        ("cut.osm.gz", &gzipped[..gzipped.len() / 2]),
        ("nolat.osm", b"<osm><node id=\"1\" lon=\"2\"/></osm>"),
        ("badid.osm", b"<osm><node id=\"x\" lon=\"2\" lat=\"2\"/></osm>"),
        ("nan.osm", b"<osm><node id=\"1\" lon=\"NaN\" lat=\"2\"/></osm>"),
        ("entity.osm", b"<osm><node id=\"1\" lon=\"2\" lat=\"2\"><tag k=\"a\" v=\"&nosuch;\"/></node></osm>"),
        (
            "latin1.osm",
            b"<osm><node id=\"1\" lon=\"2\" lat=\"2\"><tag k=\"name\" v=\"caf\xe9\"/></node></osm>",
        ),
    ] {
        let (_folder, path) = written(content, name);
        match read(&path) {
            Err(BrokenFile::Damaged { path, offset: Some(_), .. }) => assert!(path.ends_with(name)),
            other => panic!("{name}: {other:?}"),
        }
    }
    let (_folder, path) = written(b"BZh91AY", "x.osm.bz2");
    assert!(matches!(read(&path), Err(BrokenFile::Unsupported { .. })));
}

#[test]
fn a_damaged_pbf_is_an_error_wherever_it_is_cut() {
    let Some(path) = shared("osm_andorra/andorra.osm.pbf") else { return };
    let whole = std::fs::read(path).expect("read");
    let (_folder, path) = written(b"", "cut.osm.pbf");
    for keep in [1, 3, 4, 50, 100, 1_000, 100_000, whole.len() - 1, whole.len() - 3] {
        std::fs::write(&path, &whole[..keep]).expect("written");
        match read(&path) {
            Err(BrokenFile::Damaged { offset: Some(at), .. }) => assert!(at <= keep as u64, "{keep}: {at}"),
            other => panic!("{keep} bytes: {:?}", other.map(|o| o.0.roads.len())),
        }
    }
    // Flipped bytes: an error or an extract, never a panic.
    for i in (0..whole.len()).step_by(whole.len() / 60) {
        let mut bytes = whole.clone();
        bytes[i] ^= 0x5a;
        std::fs::write(&path, &bytes).expect("written");
        let _ = read(&path);
    }
    for content in [&b"PK\x03\x04 a zip"[..], &[0u8; 64][..], b"lon,lat\n1,2\n", &[0xff; 100]] {
        std::fs::write(&path, content).expect("written");
        assert!(matches!(read(&path), Err(BrokenFile::Damaged { .. })));
    }
}
