//! `project.qgz`: every layer that was written, styled, in groups, with map themes and sheets to print.

use super::layer::{body, has, said};
use super::layout::{Sheet, layouts};
use super::{DOCTYPE, VERSION, number};
use crate::crs::{Crs, Definition};
use crate::geom::LonLat;
use crate::model::kinds::Lang;
use crate::report::formats::{FAR, GeometryKind, Source, Table};
use crate::report::geojson;
use crate::report::geometry::Bounds;
use crate::report::layer::Shape;
use crate::report::out::{FillError, OutFolder, ReportError};
use crate::report::symbology::{Group, Style};
use crate::report::xml::Element;
use std::io::{self, Write};
use zip::write::SimpleFileOptions;

/// Name of the file.
pub const PROJECT: &str = "project.qgz";

/// Which layer lies over which.
const FROM_THE_TOP: [&str; 13] = [
    "centers",
    "clusters",
    "datacenters",
    "stations",
    "pon_nodes",
    "lead_ins",
    "fiber_routes",
    "gaps",
    "sites",
    "towers",
    "assignments",
    "contours",
    "regions",
];

/// A project under construction.
pub struct Project {
    lang: Lang,
    entries: Vec<Entry>,
    /// Around points and lines, around areas, and around what may stand far away.
    bounds: [Bounds; 3],
}

/// A layer of the project: a written layer in one of its styles.
struct Entry {
    layer: &'static str,
    id: String,
    title: String,
    group: Group,
    shown: bool,
    element: Element,
}

impl Project {
    /// An empty project with words in a language.
    #[must_use]
    pub fn new(lang: Lang) -> Self {
        Self { lang, entries: Vec::new(), bounds: std::array::from_fn(|_| Bounds::default()) }
    }

    /// Takes in a layer that stands in `source`.
    pub fn take(&mut self, table: &Table, styles: &[Style], source: &Source) {
        let Some(kind) = table.kind else { return };
        let place = usize::from(matches!(table.layer.shape, Shape::Areas(_)));
        let place = if FAR.contains(&table.name()) { 2 } else { place };
        let around = geojson::bounds(table.layer);
        self.bounds[place] = std::mem::take(&mut self.bounds[place]).with(around);
        for style in styles {
            let style = style.clone().fitted(|name| has(table, name));
            let mut id = format!("covplan_{}", table.name());
            if !style.variant.is_empty() {
                id = format!("{id}_{}", style.variant);
            }
            let title = said(self.lang, &style.title);
            let element = maplayer(table, &style, source, &id, &title, kind);
            let (layer, group, shown) = (table.name(), style.group, style.shown);
            self.entries.push(Entry { layer, id, title, group, shown, element });
        }
    }

    /// Writes the project.
    ///
    /// # Errors
    /// [`ReportError`].
    pub fn write(
        mut self,
        folder: &mut OutFolder,
        sheet: &Sheet,
        wanted: &Crs,
        system: Option<&Definition>,
    ) -> Result<(), ReportError> {
        let rank = |e: &Entry| {
            let group = Group::ALL.iter().position(|g| *g == e.group);
            (group, FROM_THE_TOP.iter().position(|name| *name == e.layer))
        };
        self.entries.sort_by_key(rank);
        let [features, areas, far] = &self.bounds;
        let corners = features.corners().or_else(|| areas.corners()).or_else(|| far.corners());
        let map = MapSystem::around(corners, wanted, system);
        let root = self.root(sheet, &map);
        folder.file(PROJECT, |out| -> Result<(), FillError> {
            Ok(write_zip(out, &format!("{DOCTYPE}{root}\n"))?)
        })
    }

    fn root(&self, sheet: &Sheet, map: &MapSystem) -> Element {
        let lang = self.lang;
        let text = |name, t: &str| Element::new(name).text(t);
        let groups: Vec<Group> =
            Group::ALL.into_iter().filter(|g| self.entries.iter().any(|e| e.group == *g)).collect();
        let themes: Vec<(Group, &str)> =
            groups.iter().map(|g| (*g, lang.pick(g.label().0, g.label().1))).collect();
        let tree = Element::new("layer-tree-group").children(groups.iter().map(|g| self.group(*g)));
        let presets = Element::new("visibility-presets").children(themes.iter().map(|(g, name)| {
            Element::new("visibility-preset").with("name", (*name).to_owned()).children(
                self.entries.iter().filter(|e| self.in_theme(e, *g)).map(|e| {
                    Element::new("layer").with("id", e.id.clone()).all(&[
                        ("visible", "1"),
                        ("expanded", "1"),
                        ("style", "default"),
                    ])
                }),
            )
        }));
        let canvas = Element::new("mapcanvas")
            .all(&[("name", "theMapCanvas"), ("annotationsVisible", "1")])
            .child(text("units", map.units()))
            .child(extent("extent", map.bounds))
            .child(text("rotation", "0"))
            .child(Element::new("destinationsrs").child(map.srs.clone()));
        let [w, s, e, n] = map.bounds.map(number);
        let view =
            Element::new("ProjectViewSettings").all(&[("UseProjectScales", "0"), ("rotation", "0")]).child(
                Element::new("DefaultViewExtent")
                    .with("xmin", w)
                    .with("ymin", s)
                    .with("xmax", e)
                    .with("ymax", n)
                    .child(map.srs.clone()),
            );
        let properties = Element::new("properties")
            .child(
                Element::new("SpatialRefSys")
                    .child(Element::new("ProjectionsEnabled").with("type", "int").text("1")),
            )
            .child(Element::new("Paths").child(Element::new("Absolute").with("type", "bool").text("false")))
            .child(
                Element::new("Gui")
                    .child(Element::new("CanvasColorRedPart").with("type", "int").text("255"))
                    .child(Element::new("CanvasColorGreenPart").with("type", "int").text("255"))
                    .child(Element::new("CanvasColorBluePart").with("type", "int").text("255")),
            );
        let about = Element::new("projectMetadata")
            .child(text("title", &sheet.title))
            .child(text("language", lang.pick("en", "zh-CN")))
            .child(text("abstract", &sheet.lines.join("\n")))
            .child(text("author", "covplan"));
        // Sheets show the plan where there is one.
        let theme = themes.first().map_or("", |(_, name)| name);
        let order = |name| {
            Element::new(name)
                .children(self.entries.iter().map(|e| Element::new("layer").with("id", e.id.clone())))
        };
        Element::new("qgis")
            .with("version", VERSION)
            .with("projectname", sheet.title.clone())
            .child(text("title", &sheet.title))
            .child(Element::new("projectCrs").child(map.srs.clone()))
            .child(tree)
            .child(canvas)
            .child(Element::new("projectlayers").children(self.entries.iter().map(|e| e.element.clone())))
            .child(order("layerorder"))
            .child(properties)
            .child(presets)
            .child(about)
            .child(layouts(sheet, map, theme, lang))
            .child(view)
    }

    fn group(&self, group: Group) -> Element {
        let layers = self.entries.iter().filter(|e| e.group == group).map(|e| {
            Element::new("layer-tree-layer")
                .with("id", e.id.clone())
                .with("name", e.title.clone())
                .with("checked", checked(e.shown))
                .all(&[("expanded", "1"), ("providerKey", "ogr")])
        });
        let label = group.label();
        Element::new("layer-tree-group")
            .with("name", self.lang.pick(label.0, label.1).to_owned())
            .with("expanded", if group == Group::After { "0" } else { "1" })
            .with("checked", checked(group != Group::After))
            .children(layers)
    }

    /// What a theme shows: its own group, over the state that it starts from, over the regions.
    fn in_theme(&self, e: &Entry, theme: Group) -> bool {
        let base = e.layer == "regions";
        match theme {
            Group::Today => e.group == Group::Today && (e.shown || base),
            Group::Plan => e.shown && e.group != Group::After,
            // The sites after the plan stand in for those of today.
            Group::After => e.group == Group::After || base || e.layer == "datacenters",
        }
    }
}

const fn checked(yes: bool) -> &'static str {
    if yes { "Qt::Checked" } else { "Qt::Unchecked" }
}

fn extent(name: &'static str, [w, s, e, n]: [f64; 4]) -> Element {
    let text = |name, v| Element::new(name).text(number(v));
    Element::new(name)
        .child(text("xmin", w))
        .child(text("ymin", s))
        .child(text("xmax", e))
        .child(text("ymax", n))
}

/// A system as QGIS reads it: by its WKT.
fn defined(system: &Definition) -> Element {
    let code = system.code.as_ref().map(|(a, c)| Element::new("authid").text(format!("{a}:{c}")));
    Element::new("spatialrefsys")
        .with("nativeFormat", "Wkt")
        .child(Element::new("wkt").text(system.wkt2.clone()))
        .children(code)
        .child(Element::new("description").text(system.name.clone()))
        .child(Element::new("geographicflag").text(if system.geographic { "true" } else { "false" }))
}

/// WGS 84; without its definition, which PROJ always has, QGIS asks the file.
fn wgs84() -> Element {
    Crs::wgs84().definition().map_or_else(|_| Element::new("spatialrefsys"), |d| defined(&d))
}

fn maplayer(
    table: &Table,
    style: &Style,
    source: &Source,
    id: &str,
    title: &str,
    kind: GeometryKind,
) -> Element {
    let srs = source.system.map_or_else(wgs84, defined);
    // What a project says counts for more than the .cpg beside a Shapefile.
    let encoding = if table.short_names { "GB18030" } else { "UTF-8" };
    let geometry = match kind {
        GeometryKind::Point => "Point",
        GeometryKind::Line | GeometryKind::Lines => "Line",
        GeometryKind::Areas => "Polygon",
    };
    let about = Element::new("resourceMetadata")
        .child(Element::new("type").text("dataset"))
        .child(Element::new("title").text(table.title()))
        .child(Element::new("abstract").text(table.lang.pick(table.layer.method.0, table.layer.method.1)));
    Element::new("maplayer")
        .with("type", "vector")
        .with("geometry", geometry)
        .with("wkbType", kind.name())
        .with("labelsEnabled", if style.naming.is_some() { "1" } else { "0" })
        .with("styleCategories", "AllStyleCategories")
        .child(Element::new("id").text(id))
        .child(Element::new("datasource").text(source.uri.clone()))
        .child(Element::new("layername").text(title))
        .child(Element::new("srs").child(srs))
        .child(about)
        .child(Element::new("provider").with("encoding", encoding).text("ogr"))
        .children(body(table, style))
}

/// The system of the map, and what of it the map shows.
pub(super) struct MapSystem {
    srs: Element,
    /// Its name, for the foot of a sheet.
    pub(super) name: String,
    /// West, south, east, north in its numbers, with a margin.
    pub(super) bounds: [f64; 4],
    /// Whether its numbers are metres.
    pub(super) metres: bool,
}

impl MapSystem {
    /// The system that the run asked for where it is in metres, else the UTM zone of the middle; Web
    /// Mercator where a zone would be stretched.
    fn around(corners: Option<[f64; 4]>, wanted: &Crs, system: Option<&Definition>) -> Self {
        let world = || Self {
            srs: wgs84(),
            name: "WGS 84".to_owned(),
            bounds: [-180.0, -90.0, 180.0, 90.0],
            metres: false,
        };
        let Some([w, s, e, n]) = corners else { return world() };
        // Across the antimeridian the east is left of the west.
        let e = if e < w { e + 360.0 } else { e };
        let mut tried: Vec<(Crs, Element)> = Vec::new();
        if let Some(system) = system.filter(|s| !s.geographic) {
            tried.push((wanted.clone(), defined(system)));
        }
        let middle = ((w + e) / 2.0, (s + n) / 2.0);
        let zone = (((middle.0 + 180.0) / 6.0).floor().rem_euclid(60.0)) as u32 + 1;
        let utm = if middle.1 < 0.0 { 32_700 } else { 32_600 } + zone;
        let codes = if e - w <= 12.0 && s > -80.0 && n < 84.0 { vec![utm, 3857] } else { vec![3857] };
        for code in codes {
            if let Ok(crs) = Crs::epsg(code)
                && let Ok(system) = crs.definition()
            {
                tried.push((crs, defined(&system)));
            }
        }
        let fitting = tried.into_iter().find_map(|(crs, srs)| {
            let bounds = projected([w, s, e, n], &crs)?;
            Some(Self { srs, name: crs.name().to_owned(), bounds: widened(bounds), metres: true })
        });
        fitting.unwrap_or_else(|| Self { bounds: widened([w, s, e, n]), ..world() })
    }

    const fn units(&self) -> &'static str {
        if self.metres { "meters" } else { "degrees" }
    }
}

/// Bounds in a system, by points along the edges; `None` where one of them has no place in it.
fn projected([w, s, e, n]: [f64; 4], crs: &Crs) -> Option<[f64; 4]> {
    const STEPS: u32 = 8;
    let mut around: Option<[f64; 4]> = None;
    for k in 0..=STEPS {
        let t = f64::from(k) / f64::from(STEPS);
        let (x, y) = (w + (e - w) * t, s + (n - s) * t);
        for (lon, lat) in [(x, s), (x, n), (w, y), (e, y)] {
            let [x, y] = crs.xy(LonLat::wrapped(lon, lat)).ok()?.ok()?;
            let b = around.unwrap_or([x, y, x, y]);
            around = Some([b[0].min(x), b[1].min(y), b[2].max(x), b[3].max(y)]);
        }
    }
    around
}

/// With a margin of a twentieth; a single point gets some ground around it.
fn widened([w, s, e, n]: [f64; 4]) -> [f64; 4] {
    let side = (e - w).max(n - s);
    let margin = if side > 0.0 {
        side / 20.0
    } else if w.abs() <= 180.0 {
        0.01
    } else {
        1000.0
    };
    [w - margin, s - margin, e + margin, n + margin]
}

/// The project in its archive: one file, without the time of day.
fn write_zip(out: &mut (dyn Write + Send), text: &str) -> io::Result<()> {
    let mut zip = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
    let plain = SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated)
        .last_modified_time(zip::DateTime::default());
    zip.start_file("project.qgs", plain)?;
    zip.write_all(text.as_bytes())?;
    out.write_all(&zip.finish()?.into_inner())
}
