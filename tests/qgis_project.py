"""Opens folders that covplan wrote in QGIS, without a screen: every layer of the project, its style and its
map tips, the themes and the sheets. Exits 1 when QGIS sees something else than was meant, and draws what it
sees as PNG. The result goes into PAGE, where it has a place for it.

    /usr/bin/python3 tests/qgis_project.py PICTURES PAGE FOLDER...    # needs Debian's qgis and python3-qgis
"""
import json
import os
import pathlib
import sqlite3
import sys

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("XDG_RUNTIME_DIR", "/tmp")

from qgis.core import (  # noqa: E402
    Qgis, QgsApplication, QgsExpression, QgsExpressionContext, QgsExpressionContextUtils, QgsLayoutExporter,
    QgsLayoutItemLabel, QgsLayoutItemLegend, QgsLayoutItemMap, QgsLayoutItemScaleBar, QgsMapRendererParallelJob,
    QgsMapSettings, QgsProject, QgsVectorLayer, NULL)
from qgis.PyQt.QtCore import QSize  # noqa: E402
from qgis.PyQt.QtGui import QColor  # noqa: E402

# The folder whose layers come in every format.
FORMATS_OF = "demo-zh"
QGIS = QgsApplication([], False)
QGIS.initQgis()
failed = []


def expect(true, *said):
    if not true:
        failed.append(" ".join(map(str, said)))


def about(folder, name):
    return json.loads((folder / f"{name}.metadata.json").read_text())


def check_layer(folder, layer):
    """A layer of the project against its metadata: where it stands, what it holds, how it is drawn."""
    path = layer.source().split("|")[0]
    name = layer.id().removeprefix("covplan_").removesuffix("_after")
    meta = about(folder, name)
    expect(layer.isValid(), folder, name, "isn't valid")
    if not layer.isValid():
        return 0
    expect(pathlib.Path(path).parent.samefile(folder), path, "isn't beside the project")
    expect(layer.featureCount() == meta["features"], name, layer.featureCount(), "of", meta["features"])
    system = next(f["crs"] for f in meta["files"] if path.endswith(f["file"]))
    expect(layer.crs().authid() in (system, system.replace("OGC:CRS84", "EPSG:4326")), name, layer.crs().authid())
    fields = [f.name() for f in layer.fields()]
    # GeoJSON without a feature has no fields and, to GDAL, no geometry to draw.
    if not meta["features"] and path.endswith(".geojson"):
        return 0
    own = "short_name" if path.endswith(".shp") else "name"
    for field in meta["fields"]:
        at = fields.index(field[own])
        expect(layer.attributeAlias(at) != "", name, field["name"], "has no alias")
    for feature in layer.getFeatures():
        broken = [v for v in feature.attributes() if isinstance(v, str) and "\ufffd" in v]
        expect(not broken, name, feature.id(), "has texts in another encoding:", broken[:1])
    drawn = check_drawing(name, layer)
    check_tips(name, layer, fields)
    return drawn


def check_drawing(name, layer):
    """Every feature has a class, and what a class asks for parses."""
    renderer = layer.renderer()
    expect(renderer.type() == "RuleRenderer", name, renderer.type())
    rules = renderer.rootRule().children()
    expect(len(rules) > 0, name, "has no class")
    expect(all(r.label() for r in rules), name, "has a class without words")
    for rule in rules:
        expect(not QgsExpression(rule.filterExpression() or "1").hasParserError(), name, rule.filterExpression())
    context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(layer))
    context.setFields(layer.fields())
    drawn = 0
    for feature in layer.getFeatures():
        context.setFeature(feature)
        those = 0
        for rule in rules:
            asked = QgsExpression(rule.filterExpression() or "1")
            holds = asked.evaluate(context)
            expect(not asked.hasEvalError(), name, rule.filterExpression(), asked.evalErrorString())
            # NULL is neither true nor false.
            those += holds in (True, 1)
        expect(those == 1, name, feature.id(), "has", those, "classes")
        drawn += those
    return drawn


def check_tips(name, layer, fields):
    tip = layer.mapTipTemplate()
    expect(len(tip) > 100, name, "has no map tip")
    context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(layer))
    feature = next(layer.getFeatures(), None)
    if feature is None:
        return
    context.setFeature(feature)
    said = QgsExpression.replaceExpressionText(tip, context)
    expect("[%" not in said and str(feature[fields[0 if fields[0] != "id" else 1]]) in said, name, said[:300])
    rows, blank = said.count("<tr>"), said.count("<b></b>")
    expect(rows > 0 and blank == 0, name, "says nothing in", blank, "of", rows, "rows of its map tip")


def check_styles(folder):
    """The .qml files, and the styles in a GeoPackage, each loaded by itself."""
    for path in sorted(folder.glob("*.qml")):
        source = folder / (path.stem.removesuffix("_after") + ".geojson")
        if source.exists():
            layer = QgsVectorLayer(str(source), "x", "ogr")
            # QGIS takes the style that has the layer's name by itself.
            if layer.featureCount() == 0:
                continue
            if path.stem == source.stem:
                expect(layer.renderer().type() == "RuleRenderer", path, "isn't taken by itself")
            said, ok = layer.loadNamedStyle(str(path))
            expect(ok and layer.renderer().type() == "RuleRenderer", path, said)
    package = folder / "layers.gpkg"
    if package.exists():
        names = [r[0] for r in sqlite3.connect(package).execute("SELECT table_name FROM gpkg_geometry_columns")]
        for name in names:
            layer = QgsVectorLayer(f"{package}|layername={name}", name, "ogr")
            said, ok = layer.loadDefaultStyle()
            expect(ok and layer.renderer().type() == "RuleRenderer", package, name, said)


def meant_value(form, value, seen):
    """Whether QGIS sees what was meant; Debian's GDAL has no type for yes and no in a Shapefile."""
    if seen == NULL or seen is None:
        return value is None
    if hasattr(seen, "toPyDate"):
        # GDAL takes a text of that form for a date where the format has no types.
        seen = seen.toPyDate().isoformat()
    if form == "shp" and (value is None or isinstance(value, bool)):
        return seen == ("?" if value is None else "T" if value else "F")
    if form == "shp" and isinstance(value, str):
        return seen == value or len(value.encode("gb18030")) > 254 and value.startswith(seen)
    if isinstance(value, bool):
        return bool(seen) == value
    if isinstance(value, (int, float)):
        return not isinstance(seen, str) and abs(seen - value) <= 1e-9 * max(1, abs(value))
    return seen == value


def check_formats(folder):
    """Every layer of a folder in every format that QGIS opens, against the GeoJSON: a row of the table each."""
    rows = []
    for form in ("geojson", "geojsonl", "gpkg", "fgb", "shp", "kml"):
        chinese = nulls = empty = 0
        for path in sorted(folder.glob("*.geojson")):
            name, meta = path.stem, about(folder, path.stem)
            found = {f["id"]: f for f in json.loads(path.read_text(encoding="utf-8"))["features"]}
            source = folder / f"{name}.{form}"
            if not found and form in ("geojson", "geojsonl"):
                continue  # To GDAL these have no fields then, or are no file of their kind.
            uri = f"{folder}/layers.gpkg|layername={name}" if form == "gpkg" else str(source)
            layer = QgsVectorLayer(uri, name, "ogr")
            expect(layer.isValid(), form, name, "isn't opened")
            if not layer.isValid():
                continue
            sub = layer.dataProvider().subLayers()
            expect(form == "gpkg" or [s.split("!!::!!")[1] for s in sub] == [name], form, name, "is called", sub)
            expect(layer.crs().authid() == "EPSG:4326", form, name, layer.crs().authid())
            expect(layer.featureCount() == len(found), form, name, layer.featureCount(), "of", len(found))
            empty += not found
            called = {}
            for f in meta["fields"]:
                called[f["name"]] = f["short_name"] if form == "shp" else f["name"]
                if form == "kml" and f["name"] == "name":
                    called["name"] = "Name"
                if "source_field" in f:
                    called[f["source_field"]] = f["source_short_name"] if form == "shp" else f["source_field"]
            key = called[meta["id_field"]]
            for feature in layer.getFeatures():
                one = found.get(feature[key])
                expect(one is not None, form, name, "has", feature[key])
                if one is None:
                    break
                box = feature.geometry().boundingBox()
                flat = positions(one["geometry"])
                expect(not flat or abs(box.xMinimum() - min(p[0] for p in flat)) < 1e-6
                       and abs(box.yMaximum() - max(p[1] for p in flat)) < 1e-6, form, name, feature[key], "lies elsewhere")
                bad = [(n, v, feature[called[n]]) for n, v in one["properties"].items()
                       if not meant_value(form, v, feature[called[n]])]
                expect(not bad, form, name, feature[key], bad[:1])
                if bad:
                    break
                nulls += sum(v is None for v in one["properties"].values())
                chinese += any(isinstance(v, str) and any(ord(c) > 0x2E7F for c in v) for v in one["properties"].values())
        expect(chinese and nulls, form, "nothing compared", chinese, nulls)
        flags = "yes and no as T, F, ? (GDAL 3.6)" if form == "shp" else "yes"
        rows.append([f"`{form}`", "QGIS", "yes", "yes", flags, "yes", "yes", "yes",
                     "yes" if empty else "no fields to see"])
        print(*rows[-1], sep="; ")
    return rows


def positions(geometry):
    flat = []

    def walk(c):
        if c and isinstance(c[0], (int, float)):
            flat.append(c[:2])
        else:
            for part in c:
                walk(part)

    walk(geometry["coordinates"] if geometry else [])
    return flat


def draw_theme(project, theme, to):
    settings = QgsMapSettings()
    settings.setLayers(project.mapThemeCollection().mapThemeVisibleLayers(theme))
    settings.setDestinationCrs(project.crs())
    settings.setExtent(project.viewSettings().defaultViewExtent())
    settings.setOutputSize(QSize(1500, 1100))
    settings.setOutputDpi(110)
    settings.setBackgroundColor(QColor("white"))
    job = QgsMapRendererParallelJob(settings)
    job.start()
    job.waitForFinished()
    expect(not job.errors(), theme, [e.message for e in job.errors()])
    job.renderedImage().save(str(to))


def check_sheet(layout, folder, to):
    items = layout.items()
    kinds = [QgsLayoutItemMap, QgsLayoutItemLegend, QgsLayoutItemScaleBar, QgsLayoutItemLabel]
    for kind in kinds:
        expect(any(isinstance(i, kind) for i in items), folder, layout.name(), "has no", kind.__name__)
    page = layout.pageCollection().page(0).pageSize()
    wanted = {"A4": (297, 210), "A3": (420, 297)}[layout.name()]
    expect((round(page.width()), round(page.height())) == wanted, layout.name(), page)
    image = QgsLayoutExporter.ImageExportSettings()
    image.dpi = 130
    done = QgsLayoutExporter(layout).exportToImage(str(to), image)
    expect(done == QgsLayoutExporter.Success, layout.name(), "can't be drawn")
    legend = next(i for i in items if isinstance(i, QgsLayoutItemLegend))
    bottom = legend.pos().y() + legend.rect().height()
    expect(bottom <= wanted[1], folder, layout.name(), "has a legend that leaves the sheet:", bottom)


def main():
    pictures, page = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    folders = [pathlib.Path(f) for f in sys.argv[3:]]
    pictures.mkdir(parents=True, exist_ok=True)
    print("QGIS", Qgis.QGIS_VERSION)
    lines = []
    for folder in folders:
        project = QgsProject.instance()
        expect(project.read(str(folder / "project.qgz")), folder, project.error())
        layers = project.mapLayers().values()
        written = {p.name.split(".")[0] for p in folder.glob("*.metadata.json")}
        opened = {layer.id().removeprefix("covplan_").removesuffix("_after") for layer in layers}
        expect(written == opened, folder, "opens", sorted(opened), "of", sorted(written))
        drawn = sum(check_layer(folder, layer) for layer in layers)
        check_styles(folder)
        themes = project.mapThemeCollection().mapThemes()
        for n, theme in enumerate(themes):
            draw_theme(project, theme, pictures / f"{folder.name}-theme-{n + 1}.png")
        sheets = project.layoutManager().printLayouts()
        expect({s.name() for s in sheets} == {"A4", "A3"}, folder, [s.name() for s in sheets])
        for sheet in sheets:
            check_sheet(sheet, folder, pictures / f"{folder.name}-{sheet.name()}.png")
        system = project.crs().description() or project.crs().authid()
        lines.append([folder.name, len(layers), drawn, ", ".join(themes), len(sheets), system])
        print(*lines[-1], sep="; ")
        project.clear()
    formats = check_formats(next(f for f in folders if f.name == FORMATS_OF))
    for line in failed[:40]:
        print("differs:", line, file=sys.stderr)
    if failed:
        sys.exit(1)
    keep(page, lines, formats)


def as_table(heads, lines):
    return "".join("| " + " | ".join(map(str, row)) + " |\n" for row in [heads, ["---"] * len(heads), *lines])


def keep(page, lines, formats):
    """The result as tables of the documentation."""
    table = as_table(["Folder", "Layers opened", "Features, each with one class", "Themes", "Sheets", "Map in"], lines)
    table += f"\nThe layers of `{FORMATS_OF}` in every format, opened one by one and compared value by value:\n\n"
    table += as_table(["Format", "Reader", "Layer names", "Counts, ids, places", "Types and values", "CRS", "Chinese",
                       "Nulls", "Empty layers"], formats)
    begin, end = "<!-- qgis: made by make qgis -->\n", "<!-- end of qgis -->"
    head, rest = page.read_text(encoding="utf-8").split(begin)
    tail = rest.split(end)[1]
    page.write_text(head + begin + "\n" + table + "\n" + end + tail, encoding="utf-8")


main()
# QGIS may crash while Python takes it apart, when all is said.
sys.stdout.flush()
os._exit(0)
