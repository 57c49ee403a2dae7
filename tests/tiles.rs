//! Vector tiles opened by programs that read them: GDAL (of pyogrio's wheel) and the reference reader of
//! PMTiles. Skipped, and said so, where they aren't installed; `make test` installs them.
#![allow(clippy::unwrap_used)] // A test that fails says where.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

fn run(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_covplan"))
        .args(args)
        .current_dir(dir)
        .env_remove("PROJ_DATA")
        .env_remove("PROJ_LIB")
        .output()
        .unwrap()
}

fn covplan(dir: &Path, args: &[&str]) -> String {
    let out = run(dir, args);
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

/// A plan in `out` and its tiles in `out.pmtiles`.
fn planned() -> &'static Path {
    static DIR: OnceLock<tempfile::TempDir> = OnceLock::new();
    let dir = DIR.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let synthetic = ["synth", "--region", "Jiangsu", "--sites", "600", "--cells", "2000", "-o", "s"];
        covplan(dir.path(), &synthetic);
        covplan(dir.path(), &["plan", "s/covplan.toml", "-o", "out", "--effort", "low"]);
        covplan(dir.path(), &["tiles", "out", "-o", "out.pmtiles", "--lang", "zh"]);
        dir
    });
    dir.path()
}

fn python(needs: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/readers/bin/python");
    let found = Command::new(&path).args(["-c", needs]).output().is_ok_and(|o| o.status.success());
    if !found {
        eprintln!("skipped: {needs:?} fails (run `make test`)");
    }
    found.then_some(path)
}

fn run_python(needs: &str, code: &str, args: &[&Path]) {
    let Some(python) = python(needs) else { return };
    let out = Command::new(python).arg("-c").arg(code).args(args).output().unwrap();
    let said = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{said}");
}

/// Layer names, counts, positions within a unit of a tile, Chinese names: all as in the GeoJSON.
#[test]
fn gdal_reads_the_tiles() {
    let code = "
import sys, json, math, collections, pyogrio
tiles, out = sys.argv[1:]
layers = [n for n, _ in pyogrio.list_layers(tiles)]
geo = {}
for name in layers:
    geo[name] = json.load(open(f'{out}/{name}.geojson', encoding='utf-8'))
assert set(layers) >= {'sites', 'gaps', 'towers', 'stations', 'fiber_routes', 'lead_ins', 'datacenters', 'regions'}, layers
def mercator(lon, lat):
    r = 6378137.0
    return math.radians(lon) * r, math.log(math.tan(math.pi / 4 + math.radians(lat) / 2)) * r
unit = 2 * math.pi * 6378137.0 / 2 ** 12 / 4096
for name in layers:
    features = geo[name]['features']
    meta, _, geometry, columns = pyogrio.raw.read(tiles, layer=name)
    fields = dict(zip(meta['fields'], columns))
    key = next(iter(features[0]['properties']))
    ids = [str(i) for i in fields[key]]
    assert set(ids) == {f['properties'][key] for f in features}, (name, len(set(ids)), len(features))
    kind = features[0]['geometry']['type']
    import shapely
    shapes = shapely.from_wkb(geometry)
    if kind == 'Point':
        # Each once, as points have no margin.
        assert len(ids) == len(features), (name, len(ids), len(features))
        at = {f['properties'][key]: f for f in features}
        for i, s in zip(ids, shapes):
            p = s if s.geom_type == 'Point' else s.geoms[0]
            x, y = mercator(*at[i]['geometry']['coordinates'])
            assert abs(p.x - x) <= unit * 1.01 and abs(p.y - y) <= unit * 1.01, (name, i, p.x - x, p.y - y, unit)
        if 'name' in fields:
            for i, n in zip(ids, fields['name']):
                want = at[i]['properties'].get('name')
                assert (n or None) == want, (name, i, n, want)
        for field in ('score', 'capex_cny'):
            if field in fields:
                for i, v in zip(ids, fields[field]):
                    want = at[i]['properties'][field]
                    assert (want is None and v != v) or v == want, (name, i, field, v, want)
    elif kind == 'LineString':
        # Pieces of tiles overlap by their margins: no less than the line, and not much more.
        length = collections.Counter()
        for i, s in zip(ids, shapes):
            length[i] += s.length
        for f in features:
            c = [mercator(*p) for p in f['geometry']['coordinates']]
            whole = sum(math.dist(a, b) for a, b in zip(c, c[1:]))
            got = length[f['properties'][key]]
            assert got >= whole * 0.97 - 6 * unit and got <= whole * 1.25 + 400 * unit, (name, whole, got)
";
    let dir = planned();
    run_python(
        "import pyogrio, shapely; assert 'PMTiles' in pyogrio.list_drivers()",
        code,
        &[&dir.join("out.pmtiles"), &dir.join("out")],
    );
}

#[test]
fn the_reference_reader_reads_the_tiles() {
    let code = "
import sys, json, gzip
from pmtiles.reader import Reader, MmapSource, all_tiles
from pmtiles.tile import zxy_to_tileid, Compression, TileType
with open(sys.argv[1], 'rb') as f:
    source = MmapSource(f)
    reader = Reader(source)
    h = reader.header()
    assert h['clustered'] and h['tile_type'] == TileType.MVT and h['tile_compression'] == Compression.GZIP, h
    assert h['min_zoom'] == 0 and h['max_zoom'] == 12, h
    # Jiangsu.
    assert 115e7 < h['min_lon_e7'] < h['max_lon_e7'] < 123e7 and 30e7 < h['min_lat_e7'] < h['max_lat_e7'] < 36e7, h
    meta = reader.metadata()
    titles = {l['id']: l['description'] for l in meta['vector_layers']}
    assert any('\\u4e00' <= c <= '\\u9fff' for c in titles['sites']), titles
    n, last = 0, -1
    for (z, x, y), data in all_tiles(source):
        i = zxy_to_tileid(z, x, y)
        assert i > last, (z, x, y)
        last = i
        assert len(data) < 500_000 * 10 and gzip.decompress(data)
        assert reader.get(z, x, y) == data
        n += 1
    assert n == h['addressed_tiles_count'] and n > 500, (n, h)
    assert reader.get(12, 0, 0) is None
";
    run_python("import pmtiles", code, &[&planned().join("out.pmtiles")]);
}

#[test]
fn the_command_keeps_the_conventions() {
    let dir = planned();
    let json: Value = serde_json::from_str(&covplan(
        dir,
        &[
            "tiles",
            "out",
            "-o",
            "few.pmtiles",
            "--layers",
            "gaps,regions",
            "--attributes",
            "name",
            "--max-zoom",
            "6",
            "--json",
        ],
    ))
    .unwrap();
    assert_eq!((&json["schema"], &json["max_zoom"]), (&"covplan/tiles/1".into(), &6.into()));
    assert_eq!(json["layers"].as_array().unwrap().len(), 2);
    let size = std::fs::metadata(dir.join("few.pmtiles")).unwrap().len();
    assert_eq!(json["bytes"].as_u64(), Some(size));
    // Twice the same bytes, on any number of threads.
    let once = std::fs::read(dir.join("out.pmtiles")).unwrap();
    covplan(dir, &["tiles", "out", "-o", "again.pmtiles", "--lang", "zh", "--threads", "1"]);
    assert!(once == std::fs::read(dir.join("again.pmtiles")).unwrap());
    for (args, code, says) in [
        (vec!["tiles", "out", "-o", "out.pmtiles"], 2, "--overwrite"),
        (vec!["tiles", "out", "-o", "x", "--layers", "sits"], 2, "no layer `sits`"),
        (vec!["tiles", "none", "-o", "x"], 2, "none"),
        (vec!["tiles", "out", "-o", "x", "--min-zoom", "9", "--max-zoom", "3"], 2, "C080"),
        (vec!["tiles", "out", "-o", "x", "--max-zoom", "40"], 2, "40"),
    ] {
        let out = run(dir, &args);
        let said = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(code), "{args:?}: {said}");
        assert!(said.contains(says), "{args:?}: {said}");
        assert!(!dir.join("x").exists());
    }
}
