//! A layer as the formats see it: flat fields, the sources of values among them, and geometry in the
//! system of the file.

use crate::crs::{Crs, Definition};
use crate::geom::LonLat;
use crate::model::kinds::Lang;
use crate::model::progress::Progress;
use crate::report::geojson::geometry_name;
use crate::report::geometry::{cut_line, rings};
use crate::report::layer::{FieldKind, Layer, Layout, Shape, Value};
use crate::report::number::rounded;
use crate::report::symbology::Style;
use rayon::prelude::*;
use std::borrow::Cow;
use std::io;

/// The one kind of geometry of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GeometryKind {
    /// A point each.
    Point,
    /// A line each.
    Line,
    /// Lines each, because some are cut at the antimeridian.
    Lines,
    /// Areas each.
    Areas,
}

impl GeometryKind {
    /// Its name by OGC 06-103r4.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Point => "Point",
            Self::Line => "LineString",
            Self::Lines => "MultiLineString",
            Self::Areas => "MultiPolygon",
        }
    }

    /// Its code by OGC 06-103r4, which WKB and FlatGeobuf share.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Point => 1,
            Self::Line => 2,
            Self::Lines => 5,
            Self::Areas => 6,
        }
    }
}

/// Geometry of a feature, in the system of the file.
#[derive(Clone, Debug, PartialEq)]
pub enum Geometry {
    /// None, or one without extent.
    None,
    /// A point.
    Point([f64; 2]),
    /// Lines of at least two positions; one unless the layer's kind is [`GeometryKind::Lines`].
    Lines(Vec<Vec<[f64; 2]>>),
    /// Areas: closed rings, the outer one first and counter-clockwise.
    Areas(Vec<Vec<Vec<[f64; 2]>>>),
}

impl Geometry {
    /// West, south, east, north in the numbers of the file.
    #[must_use]
    pub fn bounds(&self) -> Option<[f64; 4]> {
        let mut b = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
        let mut grow = |p: &[f64; 2]| {
            b = [b[0].min(p[0]), b[1].min(p[1]), b[2].max(p[0]), b[3].max(p[1])];
        };
        match self {
            Self::None => {}
            Self::Point(p) => grow(p),
            Self::Lines(lines) => lines.iter().flatten().for_each(grow),
            Self::Areas(areas) => areas.iter().filter_map(|a| a.first()).flatten().for_each(grow),
        }
        (b[0] <= b[2]).then_some(b)
    }
}

/// The smallest box around both.
pub(super) fn joined(a: Option<[f64; 4]>, b: Option<[f64; 4]>) -> Option<[f64; 4]> {
    match (a, b) {
        (Some(a), Some(b)) => Some([a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]),
        (a, b) => a.or(b),
    }
}

/// A field of the file.
pub struct OutField {
    /// Name.
    pub name: String,
    /// Name of at most ten ASCII characters.
    pub short: String,
    /// Heading in the language of the run.
    pub alias: String,
    /// What it means, in the language of the run; may be empty.
    pub about: &'static str,
    /// Unit; may be empty.
    pub unit: &'static str,
    /// Type.
    pub kind: FieldKind,
    at: usize,
    source: bool,
    /// Steps per unit that numbers are rounded to.
    scale: f64,
}

/// Layers whose features may stand far from what a plan is about, as national computing hubs do: one beyond the
/// reach of a file's system has no geometry there, and maps aren't drawn around it.
pub const FAR: [&str; 2] = ["datacenters", "centers"];

/// A layer in the fields and the system of a file.
pub struct Table<'t, 'a> {
    /// The layer.
    pub layer: &'t Layer<'a>,
    /// Order and columns.
    pub layout: &'t Layout,
    /// The fields, in order.
    pub fields: Vec<OutField>,
    /// What the file calls its system; `None` for WGS 84 by nature.
    pub system: Option<&'t Definition>,
    /// Kind of geometry; `None` for a table.
    pub kind: Option<GeometryKind>,
    /// Language of headings.
    pub lang: Lang,
    /// How it is drawn, the usual way first.
    pub styles: &'t [Style],
    /// Whether features carry their own colours (simplestyle) where the format has a place for them.
    pub simplestyle: bool,
    /// Told of every feature that is written.
    pub told: Progress,
    /// Whether the fields of the file go by their short names.
    pub short_names: bool,
    crs: Option<&'t Crs>,
    /// Steps per unit that coordinates are rounded to.
    steps: f64,
}

impl<'t, 'a> Table<'t, 'a> {
    pub(in crate::report) fn new(
        layer: &'t Layer<'a>,
        layout: &'t Layout,
        crs: Option<&'t Crs>,
        system: Option<&'t Definition>,
        lang: Lang,
    ) -> Self {
        let zh = lang == Lang::Zh;
        let short = layer.short_names();
        let count = layer.columns.len();
        let mut fields = Vec::new();
        for (&at, &src) in layout.shown.iter().zip(&layout.with_src) {
            let column = &layer.columns[at];
            let f = &column.field;
            fields.push(OutField {
                name: f.name.to_string(),
                short: short[at].clone(),
                alias: column.alias(zh).to_owned(),
                about: lang.pick(f.about.0, f.about.1),
                unit: f.unit,
                kind: f.kind,
                at,
                source: false,
                scale: if let FieldKind::Float(d) = f.kind { 10f64.powi(i32::from(d.min(9))) } else { 1.0 },
            });
            if src {
                fields.push(OutField {
                    name: format!("{}_src", f.name),
                    short: short[count + at].clone(),
                    alias: format!("{}{}", column.alias(zh), lang.pick(": source", "：来源")),
                    about: "",
                    unit: "",
                    kind: FieldKind::Text,
                    at,
                    source: true,
                    scale: 1.0,
                });
            }
        }
        let kind = match geometry_name(layer) {
            "Point" => Some(GeometryKind::Point),
            "LineString" => Some(GeometryKind::Line),
            "MultiLineString" => Some(GeometryKind::Lines),
            "MultiPolygon" => Some(GeometryKind::Areas),
            _ => None,
        };
        // About a centimetre in degrees, a millimetre in metres.
        let steps = if system.is_none_or(|s| s.geographic) { 1e7 } else { 1e3 };
        let crs = crs.filter(|c| **c != Crs::wgs84());
        let told = Progress::default();
        Self {
            layer,
            layout,
            fields,
            system,
            kind,
            lang,
            styles: &[],
            simplestyle: false,
            told,
            short_names: false,
            crs,
            steps,
        }
    }

    /// What the file calls a field.
    #[must_use]
    pub fn called<'f>(&self, field: &'f OutField) -> &'f str {
        if self.short_names { &field.short } else { &field.name }
    }

    /// Name of the layer.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.layer.name
    }

    /// Title in the language of the run.
    #[must_use]
    pub fn title(&self) -> &'static str {
        self.lang.pick(self.layer.title.0, self.layer.title.1)
    }

    /// The style whose colours features carry themselves, where they are to.
    #[must_use]
    pub fn own_style(&self) -> Option<&Style> {
        self.styles.first().filter(|_| self.simplestyle)
    }

    /// Id of a row: as given, numbered where it repeats an earlier one.
    #[must_use]
    pub fn id(&self, row: u32) -> Cow<'a, str> {
        let id = self.layer.id(row as usize);
        match self.layout.repeats.get(&row) {
            Some(n) => Cow::Owned(format!("{id}#{n}")),
            None => id,
        }
    }

    /// Value of a field, rounded as GeoJSON prints it.
    #[must_use]
    pub fn value(&self, row: u32, field: &OutField) -> Value<'a> {
        let column = &self.layer.columns[field.at];
        if field.source {
            return Value::Text(Cow::Borrowed(column.source(row as usize)));
        }
        if field.at == 0 {
            return Value::Text(self.id(row));
        }
        // Rounded where it stands: a hundred million times over, moving it costs more than working it out.
        let mut value = column.value(row as usize);
        if let Value::Float(v) = &mut value
            && let Some(scaled) = rounded(v.abs() * field.scale)
        {
            *v = (scaled as f64 / field.scale).copysign(*v) + 0.0;
        }
        value
    }

    /// All values of a row in the order of the fields; each is worked out once, for its source too. What is taken
    /// out of a value isn't missed.
    pub fn each_value(&self, row: u32, mut take: impl FnMut(usize, &mut Value<'a>)) {
        let mut known = false;
        for (n, field) in self.fields.iter().enumerate() {
            if field.source {
                let column = &self.layer.columns[field.at];
                take(n, &mut Value::Text(Cow::Borrowed(column.source_of(row as usize, || known))));
            } else {
                let mut value = self.value(row, field);
                known = value.is_known();
                take(n, &mut value);
            }
        }
    }

    /// Geometry of a row.
    ///
    /// # Errors
    /// When a position lies where the system of the file doesn't hold, unless the layer is one of [`FAR`].
    pub fn geometry(&self, row: u32) -> io::Result<Geometry> {
        let i = row as usize;
        let rounded = |v: f64| (v * self.steps).round() / self.steps;
        let place = |p: LonLat| -> io::Result<[f64; 2]> {
            let Some(crs) = self.crs else { return Ok([rounded(p.lon_deg()), rounded(p.lat_deg())]) };
            let refused = |reason: String| {
                io::Error::other(format!(
                    "{} of layer {} can't be put into {crs}: {reason}; choose an --output-crs that holds \
                     there",
                    self.id(row),
                    self.name()
                ))
            };
            let at = crs.xy(p).map_err(|e| refused(e.to_string()))?.map_err(|e| refused(e.to_string()))?;
            Ok(at.map(rounded))
        };
        let line_at = |line: &[LonLat]| line.iter().map(|p| place(*p)).collect::<io::Result<Vec<_>>>();
        Ok(match &self.layer.shape {
            Shape::None => Geometry::None,
            Shape::Points(at) if FAR.contains(&self.layer.name) => {
                place(at(i)).map_or(Geometry::None, Geometry::Point)
            }
            Shape::Points(at) => Geometry::Point(place(at(i))?),
            Shape::Lines(line) if self.kind == Some(GeometryKind::Lines) => {
                let parts = cut_line(line(i)).iter().map(|l| line_at(l)).collect::<io::Result<Vec<_>>>()?;
                if parts.is_empty() { Geometry::None } else { Geometry::Lines(parts) }
            }
            Shape::Lines(line) if line(i).len() < 2 => Geometry::None,
            Shape::Lines(line) => Geometry::Lines(vec![line_at(line(i))?]),
            Shape::Areas(area) => {
                let areas = rings(area(i));
                let ring = |r: Vec<[f64; 2]>| -> io::Result<Vec<[f64; 2]>> {
                    r.into_iter().map(|[lon, lat]| place(LonLat::wrapped(lon, lat))).collect()
                };
                let areas: Vec<Vec<Vec<[f64; 2]>>> = if self.crs.is_none() {
                    areas
                } else {
                    areas
                        .into_iter()
                        .map(|a| a.into_iter().map(ring).collect::<io::Result<_>>())
                        .collect::<io::Result<_>>()?
                };
                if areas.is_empty() { Geometry::None } else { Geometry::Areas(areas) }
            }
        })
    }

    /// Bounds of every row, in the order of the rows.
    ///
    /// # Errors
    /// As [`geometry`](Self::geometry).
    pub fn bounds(&self) -> io::Result<Vec<Option<[f64; 4]>>> {
        (0..self.layer.rows as u32).into_par_iter().map(|row| Ok(self.geometry(row)?.bounds())).collect()
    }
}
