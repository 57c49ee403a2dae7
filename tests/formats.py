"""Opens every layer that covplan wrote, in every format, by every reader that is there, and compares what
the reader sees with the GeoJSON beside it. Prints a Markdown table; exits 1 when something differs that
isn't the format's or the reader's own limit.

    python formats.py FULL EMPTY ZONE    # folders: a plan, a plan with empty layers, a plan in EPSG:4549
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import geopandas
import openpyxl
import pyarrow.parquet
import pyogrio
import shapely
import shapely.geometry

FORMATS = ["geojson", "geojsonl", "gpkg", "fgb", "parquet", "shp", "kml"]
FULL, EMPTY, ZONE = (pathlib.Path(p) for p in sys.argv[1:4])
failed = False


def file_of(folder, form, layer):
    return folder / (f"{layer}.{form}" if form != "gpkg" else "layers.gpkg")


def truth(folder):
    layers = {}
    for path in sorted(folder.glob("*.geojson")):
        about = json.loads(path.with_suffix(".metadata.json").read_text())
        found = json.loads(path.read_text())
        rows = {f["id"]: (f["properties"], f["geometry"]) for f in found["features"]}
        layers[path.stem] = (rows, about)
    return layers


def debian(path, layer, form):
    """GDAL's command line, as features in WGS 84."""
    # A layer of shapes may hold lines of several parts; the other formats say which kind they are.
    out = subprocess.run(
        ["ogr2ogr", "-f", "GeoJSONSeq", "-lco", "COORDINATE_PRECISION=9", "-t_srs", "EPSG:4326", "/vsistdout/", path, layer],
        capture_output=True, check=True)
    rows = [json.loads(line) for line in out.stdout.decode().split("\n") if line.strip("\x1e ")]
    said = subprocess.run(["ogrinfo", "-so", path, layer], capture_output=True, check=True).stdout.decode()
    return [(f["properties"], f["geometry"]) for f in rows], f"Layer name: {layer}\n" in said, said


def frame_rows(frame):
    frame = frame.to_crs(4326) if frame.crs else frame
    columns = [c for c in frame.columns if c not in ("geometry", "bbox")]
    records = frame[columns].astype(object).where(frame[columns].notna(), None).to_dict("records")
    shapes = [None if g is None else shapely.geometry.mapping(g) for g in frame.geometry]
    return list(zip(records, shapes))


def wheel(path, layer, form):
    """GDAL of pyogrio's wheel, through GeoPandas."""
    named = layer in [n for n, _ in pyogrio.list_layers(path)]
    frame = pyogrio.read_dataframe(path, layer=layer)
    said = str(pyogrio.read_info(path, layer=layer)["crs"])
    return frame_rows(frame), named, said


def parquet(path, layer, form):
    """pyarrow, through GeoPandas; bounds against the bbox column."""
    frame = geopandas.read_parquet(path)
    table = pyarrow.parquet.read_table(path)
    meta = json.loads(table.schema.metadata[b"geo"])
    assert meta["version"] == "1.1.0" and meta["primary_column"] == "geometry", meta
    boxes = table.column("bbox").to_pylist()
    for box, shape in zip(boxes, frame.geometry):
        if shape is None:
            assert box is None, box
        else:
            assert [box[k] for k in ("xmin", "ymin", "xmax", "ymax")] == list(shape.bounds), box
    if len(frame) > 1:
        west, south, east, north = frame.total_bounds
        half = geopandas.read_parquet(path, bbox=(west, south, (west + east) / 2, north))
        assert 0 < len(half) <= len(frame)
    return frame_rows(frame), True, str(frame.crs)


READERS = {
    "GDAL of Debian": (debian, FORMATS[:4] + ["shp", "kml"]),
    "GDAL of pyogrio": (wheel, FORMATS[:4] + ["shp", "kml"]),
    "GeoPandas with pyarrow": (parquet, ["parquet"]),
}


def same_value(a, b, form):
    if hasattr(b, "isoformat"):
        # GDAL takes a text of that form for a date where the format has no types.
        b = b.isoformat()[:10]
    if form == "shp" and isinstance(a, bool):
        return b in (a, "T" if a else "F")
    if form == "shp" and a is None:
        return b in (None, "?")
    if form == "shp" and isinstance(a, str):
        return a == b or len(a.encode("gb18030")) > 254 and a.startswith(b)
    if isinstance(a, bool) or isinstance(b, bool):
        return a is not None and b is not None and bool(a) == bool(b)
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return abs(a - b) <= 1e-9 * max(1, abs(a))
    return a == b


def positions(g):
    if g is None:
        return None
    flat = []

    def walk(c):
        if c and isinstance(c[0], (int, float)):
            flat.append(c[:2])
        else:
            for part in c:
                walk(part)

    walk(g["coordinates"])
    return flat


def same_place(a, b):
    if a is None or b is None:
        return a is None and b is None
    a, b = positions(a), positions(b)
    # Rings may begin elsewhere or turn the other way, which is the format's business.
    a, b = sorted(map(tuple, a)), sorted(map(tuple, b))
    return len(a) == len(b) and all(abs(p[0] - q[0]) + abs(p[1] - q[1]) < 3e-7 for p, q in zip(a, b))


def names(about, form):
    """Name in the file of every property."""
    out = {}
    for f in about["fields"]:
        out[f["name"]] = f["short_name"] if form == "shp" else f["name"]
        if form == "kml" and f["name"] == "name":
            # GDAL knows no difference between a placemark's name and a field of that name.
            out["name"] = "Name"
        if "source_field" in f:
            out[f["source_field"]] = f["source_short_name"] if form == "shp" else f["source_field"]
    return out


def note(kind, *what):
    global failed
    failed = True
    print("differs:", kind, *what, file=sys.stderr)


def check(reader, form):
    """One line of the table."""
    read, _ = READERS[reader]
    bare = form == "kml" and reader == "GDAL of pyogrio"  # Without libkml only name and place are read.
    chinese = nulls = 0
    for folder in (FULL, EMPTY, ZONE):
        for layer, (rows, about) in truth(folder).items():
            path = file_of(folder, form, layer)
            where = (reader, path.name, layer)
            if form == "geojsonl" and not rows:
                # No line is a valid file of no features, but GDAL takes it for no file of its kind.
                assert path.stat().st_size == 0, path
                continue
            got, named, crs = read(path, layer, form)
            if not named:
                note("layer name", *where)
            follows = folder == ZONE and form in ("gpkg", "fgb", "parquet", "shp")
            if follows and "CGCS2000" not in crs and "4549" not in crs:
                note("system", *where, crs[:300])
            if not follows and "84" not in crs and "4326" not in crs:
                note("system", *where, crs[:300])
            if len(got) != len(rows):
                note("count", *where, len(got), len(rows))
                continue
            if bare:
                continue
            called = names(about, form)
            id_field = called[about["id_field"]]
            by_id = {r[0].get(id_field): r for r in got}
            if set(by_id) != set(rows):
                note("ids", *where, sorted(map(str, by_id))[:3], sorted(rows)[:3])
                continue
            for key, (properties, geometry) in rows.items():
                values, shape = by_id[key]
                if shape is None and geometry and layer == "datacenters" and follows:
                    # A computing hub far beyond the reach of the zone has no geometry in its files.
                    lon = geometry["coordinates"][0]
                    if not 118.5 <= lon <= 121.5:
                        shape = geometry
                if not same_place(geometry, shape):
                    note("place", *where, key, geometry, shape)
                    break
                for name, meant in properties.items():
                    seen = values.get(called[name])
                    if not same_value(meant, seen, form):
                        note("value", *where, key, name, repr(meant), repr(seen))
                        break
                    nulls += meant is None
                    chinese += isinstance(meant, str) and any(ord(c) > 0x2E7F for c in meant)
    types = {"shp": "true, false, unknown as T, F, ? (GDAL 3.6)" if "Debian" in reader else "yes", "kml": "yes"}.get(form, "yes")
    if bare:
        return ["yes", "yes", "name and place only", "yes", "name only", "–", "yes"]
    if chinese == 0 or nulls == 0:
        note("nothing compared", reader, form, chinese, nulls)
    empty = "an empty file, which GDAL doesn't open" if form == "geojsonl" else "yes"
    return ["yes", "yes", types, "yes", "yes", "yes", empty]


def said_by(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True)
    return done.returncode, (done.stdout + done.stderr).decode()


def check_validity():
    """What validators say of the files; those that aren't there are named."""
    here = pathlib.Path(sys.executable).parent
    # Debian's Python alone knows Debian's GDAL.
    gpkg = ["/usr/bin/python3", "-m", "osgeo_utils.samples.validate_gpkg", "--extra", "-k"]
    parquet, ofds = here / "geoparquet-validator", here / "libcoveofds"
    if said_by("/usr/bin/python3", "-c", "import osgeo_utils.samples.validate_gpkg")[0]:
        print("skipped: no validate_gpkg (python3-gdal)", file=sys.stderr)
        gpkg = None
    for folder in (FULL, EMPTY, ZONE):
        if gpkg:
            code, said = said_by(*gpkg, folder / "layers.gpkg")
            if code or said.strip():
                note("GeoPackage", folder, said[:500])
        for path in folder.glob("*.parquet") if parquet.exists() else []:
            code, said = said_by(parquet, "check", path)
            if code or " FAIL " in said:
                note("GeoParquet", path, said[-900:])
        # Without a node or a span there is no network to check.
        if ofds.exists() and folder != EMPTY:
            net = folder / "ofds.json"
            code, said = said_by(ofds, "gjtoj", folder / "ofds_nodes.json", folder / "ofds_spans.json", net)
            if code:
                note("OFDS", folder, said[-500:])
                continue
            # The checker knows 0.4 of the schema alone; that the files name 0.3 is the one difference.
            faults = [e for e in json.loads(said_by(ofds, "jsv", net)[1]) if "href" not in e.get("schema_path", [])]
            faults += json.loads(said_by(ofds, "pv", net)[1])
            if faults:
                note("OFDS", folder, faults[:2])
            net.unlink()


def check_workbook():
    """report.xlsx in openpyxl: the sites below target and the fields, against the GeoJSON and its metadata."""
    chinese = unknown = 0
    for folder in (FULL, EMPTY, ZONE):
        book = openpyxl.load_workbook(folder / "report.xlsx")
        meant = []
        for layer, (_, about) in truth(folder).items():
            for f in about["fields"]:
                meant.append((layer, f["name"], f["short_name"]))
                if "source_field" in f:
                    meant.append((layer, f["source_field"], f["source_short_name"]))
        sheet = book["数据字典" if "数据字典" in book.sheetnames else "Data dictionary"]
        seen = [(r[0].rsplit("(", 1)[1].rstrip(")"), r[1], r[6]) for r in sheet.iter_rows(min_row=2, values_only=True)]
        if sorted(meant) != sorted(r for r in seen if r[0] != "kpi"):
            note("data dictionary", folder, set(meant) ^ set(seen))
        gaps = json.loads((folder / "gaps.geojson").read_text())["features"]
        gaps = {g["id"]: g["properties"] for g in gaps}
        heads = ("site", "企业编号")
        listed = [s for s in book if s.cell(1, 2).value in heads and s.cell(1, 1).value in ("rank", "排名", "#")]
        if bool(listed) != bool(gaps):
            note("sheet of gaps", folder, book.sheetnames)
        for sheet in listed[:1]:
            rows = [r for r in sheet.iter_rows(min_row=2) if isinstance(r[0].value, (int, float))]
            if not rows or len(rows) > len(gaps):
                note("rows", folder, len(rows), len(gaps))
            for row in rows:
                site = gaps.get(row[1].value, {})
                if (row[0].value, row[2].value) != (site.get("rank"), site.get("name")):
                    note("row", folder, row[1].value, row[2].value, site.get("name"))
                chinese += any(ord(c) > 0x2E7F for c in str(row[2].value))
                unknown += any(c.value in ("unknown", "未知") for c in row)
    if chinese == 0 or unknown == 0:
        note("nothing compared", "xlsx", chinese, unknown)
    return ["a sheet a table", "yes", "yes", "–", "yes", "the word for unknown", "no sheet"]


def check_page():
    """report.html as a browser has it once its script has run: what the map holds against the layers."""
    if not shutil.which("chromium"):
        print("skipped: no chromium", file=sys.stderr)
        return None
    chinese = unknown = 0
    for folder in (FULL, EMPTY, ZONE):
        with tempfile.TemporaryDirectory() as profile:
            done = subprocess.run(
                ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                 "--disable-background-networking", "--disable-sync", "--virtual-time-budget=8000",
                 f"--user-data-dir={profile}", "--dump-dom", f"file://{folder / 'report.html'}"],
                capture_output=True, timeout=300)
        dom = done.stdout.decode()
        data = json.loads(re.search(r'id="map-data">(.*?)</script>', dom, re.S).group(1))
        layers = truth(folder)
        for part, layer in [("sites", "sites"), ("stations", "stations"), ("centers", "datacenters")]:
            rows = layers[layer][0]
            seen = {row[0]: row for row in data[part]}
            if set(seen) != set(rows) or len(seen) != len(data[part]):
                note("page", folder, layer, len(data[part]), len(rows))
                continue
            for key, row in seen.items():
                lon, lat = (row[2:4] if layer != "stations" else row[1:3])
                at = rows[key][1]["coordinates"]
                if abs(lon - at[0]) + abs(lat - at[1]) > 3e-5:
                    note("place on the page", folder, key, row, at)
                    break
                if layer == "sites":
                    p = rows[key][0]
                    if (row[1], row[4], row[8]) != (p["name"], p.get("score"), None if not p.get("gap") else row[8]):
                        note("value on the page", folder, key, row, p["name"], p.get("score"), p.get("gap"))
                        break
                    chinese += any(ord(c) > 0x2E7F for c in row[1])
                    unknown += row[4] is None
        if "</table>" not in dom or "<canvas" not in dom:
            note("page", folder, "has no table or no map")
    if chinese == 0 or unknown == 0:
        note("nothing compared", "html", chinese, unknown)
    return ["yes", "yes", "yes", "WGS 84", "yes", "yes", "yes"]


check_validity()
heads = ["Format", "Reader", "Layer names", "Counts, ids, places", "Types and values", "CRS", "Chinese", "Nulls", "Empty layers"]
print("| " + " | ".join(heads) + " |")
print("|" + "---|" * len(heads))
for form in FORMATS:
    for reader, (_, forms) in READERS.items():
        if form in forms:
            print("| " + " | ".join([f"`{form}`", reader, *check(reader, form)]) + " |")
print("| " + " | ".join(["`report.xlsx`", "openpyxl", *check_workbook()]) + " |")
if page := check_page():
    print("| " + " | ".join(["`report.html`", "Chromium", *page]) + " |")
sys.exit(failed)
