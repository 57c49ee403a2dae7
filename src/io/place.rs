//! From the coordinates of a file to positions on WGS 84, and the signs that a whole file is turned,
//! scaled, or of another system.

use super::binding::{Binding, Col};
use super::row::Row;
use super::shape::{RawShape, parse_wkt};
use super::values::{self, Value};
use crate::crs::gauss_kruger::{AxisOrder, guess_grid};
use crate::crs::{Crs, CrsError};
use crate::geom::LonLat;
use crate::model::issues::{Issues, Place};
use crate::model::kinds::Lang;
use crate::model::project::{Axis, LayerSpec};
use crate::model::rules;
use crate::model::said::{Bilingual, Said};

/// Where a row's position stands.
#[derive(Clone, Copy, Debug)]
enum Source {
    /// Two columns, the first east unless turned.
    Columns { first: Col, second: Col, names: [&'static str; 2] },
    /// One column with WKT or a pair.
    Text(Col),
    /// Only the geometry of the format itself.
    Format,
}

/// How the coordinates of one file are read.
#[derive(Debug)]
pub(super) struct Locator {
    crs: Crs,
    geographic: bool,
    source: Source,
    turned: bool,
}

/// What the coordinates of a file say as a whole.
#[derive(Default)]
pub(super) struct PlaceCounts {
    met: u64,
    swapped: Deferred,
    /// On the globe as they stand, but in the Arctic Ocean, and in China when exchanged.
    suspicious: u64,
    off_globe: Deferred,
    sample: Vec<[f64; 2]>,
}

/// Rows whose rule depends on how many there are in the end.
#[derive(Default)]
struct Deferred {
    count: u64,
    rows: Vec<u32>,
    value: String,
}

impl Deferred {
    fn add(&mut self, row: u32, value: impl FnOnce() -> String) {
        if self.count == 0 {
            self.value = value();
        }
        self.count += 1;
        if self.rows.len() < Issues::MAX_ROWS {
            self.rows.push(row);
        }
    }

    fn append(&mut self, other: Deferred) {
        if self.count == 0 {
            self.value = other.value;
        }
        self.count += other.count;
        let room = Issues::MAX_ROWS.saturating_sub(self.rows.len());
        self.rows.extend(other.rows.into_iter().take(room));
    }
}

/// Pairs kept to guess what a file off the globe might be.
const SAMPLE: usize = 64;

/// What is wrong with the coordinates of a file as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing.
    Sound,
    /// Most rows have longitude and latitude exchanged.
    Swapped,
}

impl PlaceCounts {
    /// Takes in the counts of a later part.
    pub fn append(&mut self, other: PlaceCounts) {
        self.met += other.met;
        self.suspicious += other.suspicious;
        self.swapped.append(other.swapped);
        self.off_globe.append(other.off_globe);
        let room = SAMPLE.saturating_sub(self.sample.len());
        self.sample.extend(other.sample.into_iter().take(room));
    }

    /// Whether most rows are exchanged.
    pub fn verdict(&self) -> Verdict {
        let turned = self.swapped.count + self.suspicious;
        if turned * 2 > self.met { Verdict::Swapped } else { Verdict::Sound }
    }

    /// Notes what was put off until all rows were seen.
    pub fn report(self, issues: &mut Issues, layer: &str, file: &str) {
        let verdict = self.verdict();
        let of_file = Place { file: file.to_owned(), row: None, column: None };
        let put = |issues: &mut Issues, rule, d: Deferred, value: &str| {
            let row = d.rows.first().map(|r| u64::from(*r));
            let place = Place { file: file.to_owned(), row, column: None };
            issues.add_many(rule, layer, place, value, d.count, d.rows.into_iter().map(u64::from));
        };
        if verdict == Verdict::Swapped {
            let value = self.swapped.value.clone();
            put(issues, &rules::COORD_SWAPPED, self.swapped, &value);
        } else if self.swapped.count > 0 {
            let value = self.swapped.value.clone();
            put(issues, &rules::COORD_SWAPPED_ROW, self.swapped, &value);
        }
        if self.off_globe.count == 0 {
            return;
        }
        let value = self.off_globe.value.clone();
        if self.off_globe.count * 2 <= self.met {
            put(issues, &rules::COORD_OUT_OF_RANGE, self.off_globe, &value);
        } else if let Some(grid) = guess_grid(&self.sample) {
            let (guess, zh) = match grid.zone {
                Some(zone) => {
                    let (number, code) = (zone.number(), zone.epsg(true));
                    (
                        format!("{value}; looks like zone {number}: crs = \"EPSG:{code}\""),
                        format!("{value}；似为第 {number} 带：crs = \"EPSG:{code}\""),
                    )
                }
                None => (
                    format!("{value}; looks like a Gauss-Krueger or UTM zone without its number"),
                    format!("{value}；似为高斯-克吕格或 UTM 投影坐标，未含带号"),
                ),
            };
            put(issues, &rules::CRS_MISSING, self.off_globe, &guess);
            issues.in_chinese(&rules::CRS_MISSING, layer, &of_file, &zh);
        } else {
            let scale = [1e6, 1e7, 1e5, 3.6e3].into_iter().find(|s| {
                self.sample.iter().all(|[x, y]| (x / s).abs() <= 180.0 && (y / s).abs() <= 90.0)
                    && self.sample.iter().any(|[x, y]| (x / s).abs() > 1.0 || (y / s).abs() > 1.0)
            });
            let guess = scale.map_or(value.clone(), |s| format!("{value}; looks like degrees times {s}"));
            let zh = scale.map_or(value.clone(), |s| format!("{value}；似为度数乘以 {s}"));
            put(issues, &rules::COORD_UNIT, self.off_globe, &guess);
            issues.in_chinese(&rules::COORD_UNIT, layer, &of_file, &zh);
        }
    }
}

impl Locator {
    /// How a file's coordinates are read: its columns, its CRS (the project's word before the file's), and
    /// for plane coordinates which axis is which (the project's word, then what the first rows say).
    ///
    /// # Errors
    /// [`CrsError`] when the system can't be used.
    pub fn new(
        binding: &Binding,
        spec: &LayerSpec,
        file_crs: Option<&str>,
        sample: &[Vec<Value<'_>>],
        swap: bool,
    ) -> Result<Self, CrsError> {
        let text = spec.crs.as_deref().or(file_crs);
        let crs = match text {
            None => Crs::wgs84(),
            Some(t) if t.to_ascii_uppercase().contains("CRS84") => Crs::wgs84(),
            Some(t) => t.parse()?,
        };
        // A system without a sound way to WGS 84 is refused here, once, not at every row.
        let _ = crs.lon_lat(0.0, 0.0)?;
        let geographic = crs.is_geographic();
        let has = |name: &str| binding.layer.column(name).is_some();
        let col = |name: &str| if has(name) { binding.col(name) } else { Col::default() };
        let (lon, lat, x, y, geometry) = (col("lon"), col("lat"), col("x_m"), col("y_m"), col("geometry"));
        let degrees = Source::Columns { first: lon, second: lat, names: ["lon", "lat"] };
        let plane = Source::Columns { first: x, second: y, names: ["x_m", "y_m"] };
        let source = if lon.is_bound() && lat.is_bound() && (geographic || !(x.is_bound() && y.is_bound())) {
            degrees
        } else if x.is_bound() && y.is_bound() {
            plane
        } else if geometry.is_bound() {
            Source::Text(geometry)
        } else if lon.is_bound() || lat.is_bound() {
            degrees
        } else {
            Source::Format
        };
        let north_first = match (spec.axis, source) {
            (_, Source::Columns { names: ["lon", _], .. }) if geographic => false,
            (Some(axis), _) => axis == Axis::NorthEast,
            (None, Source::Columns { first, second, names }) => {
                let pairs = sampled(sample, |v| {
                    let mut s = String::new();
                    let a = values::angle(binding.value(first, v, &mut s));
                    let mut s = String::new();
                    let b = values::angle(binding.value(second, v, &mut s));
                    Some([a?, b?])
                });
                match guess_grid(&pairs) {
                    Some(g) => g.order == AxisOrder::NorthEast,
                    None => names[0] == "x_m" && crs.is_gauss_kruger(),
                }
            }
            (None, Source::Text(c)) => {
                let pairs = sampled(sample, |v| {
                    let mut s = String::new();
                    let value = binding.value(c, v, &mut s);
                    values::pair(&value.text())
                });
                let beyond = |i: usize| pairs.iter().filter(|p| p[i].abs() > 90.0).count();
                let by_name = binding.header("geometry").to_lowercase();
                let lat_named = by_name.contains("latlon") || by_name.contains("纬经");
                beyond(1) > beyond(0) || (pairs.len() > beyond(0) && beyond(0) == 0 && lat_named)
            }
            (None, Source::Format) => false,
        };
        Ok(Self { crs, geographic, source, turned: north_first != swap })
    }

    /// Name of the coordinate system.
    pub fn crs_name(&self) -> String {
        self.crs.name().to_owned()
    }

    /// Whether the rows can carry coordinates at all.
    pub fn has_columns(&self) -> bool {
        !matches!(self.source, Source::Format)
    }

    fn place(&self, row: &mut Row<'_>, [a, b]: [f64; 2], columns: [&'static str; 2]) -> Option<LonLat> {
        let [x, y] = if self.turned { [b, a] } else { [a, b] };
        // As the file has them: by column where there are columns.
        let show = || match columns {
            [first @ ("lon" | "x_m"), second] => format!("{first}={a} {second}={b}"),
            _ if self.geographic => format!("lon={x} lat={y}"),
            _ => format!("x={x} y={y}"),
        };
        if !x.is_finite() || !y.is_finite() {
            row.note(&rules::COORD_NOT_A_NUMBER, columns[0], &show());
            return None;
        }
        let number = row.number;
        if x == 0.0 && y == 0.0 {
            row.note(&rules::COORD_ZERO, columns[0], &show());
            return None;
        }
        let counts = row.places();
        counts.met += 1;
        if self.geographic {
            if y.abs() > 90.0 && y.abs() <= 180.0 && x.abs() <= 90.0 {
                counts.swapped.add(number, show);
                return None;
            }
            if x.abs() > 180.0 || y.abs() > 90.0 {
                if counts.sample.len() < SAMPLE {
                    counts.sample.push([a, b]);
                }
                counts.off_globe.add(number, show);
                return None;
            }
            if (73.0..=90.0).contains(&y) && (18.0..=54.0).contains(&x) {
                counts.suspicious += 1;
                if counts.swapped.value.is_empty() {
                    counts.swapped.value = show();
                }
            }
        }
        match self.crs.lon_lat(x, y) {
            Ok(Ok(p)) => Some(p),
            Ok(Err(e)) => {
                let at = show();
                let said = (format!("{at}: {e}"), format!("{at}：{}", e.zh()));
                row.note_said(&rules::COORD_OUT_OF_RANGE, columns[0], &said.into());
                None
            }
            Err(e) => {
                row.note_said(&rules::CRS_UNUSABLE, columns[0], &Said::from(&e));
                None
            }
        }
    }

    /// The position of a row, or `None` with the reason noted.
    pub fn point(&self, row: &mut Row<'_>, shape: Option<&RawShape>) -> Option<LonLat> {
        match shape {
            Some(RawShape::Point(p)) => return self.place(row, *p, ["", ""]),
            Some(RawShape::Points(p)) if p.len() == 1 => return self.place(row, p[0], ["", ""]),
            Some(RawShape::Broken(why)) => {
                row.note_said(&rules::GEOMETRY_BROKEN, "", why);
                return None;
            }
            Some(other) => {
                row.note(&rules::GEOMETRY_TYPE, "", other.kind());
                return None;
            }
            None => {}
        }
        match self.source {
            Source::Columns { first, second, names } => {
                let mut read = |col: Col, name: &'static str| {
                    row.with(col, |row, v| {
                        let read = values::angle(v);
                        if read.is_none() {
                            row.note(&rules::COORD_NOT_A_NUMBER, name, &v.text());
                        }
                        read
                    })
                };
                let a = read(first, names[0])?;
                let b = read(second, names[1])?;
                self.place(row, [a, b], names)
            }
            Source::Text(col) => {
                let text = row.text(col).unwrap_or_default();
                if let Some(shape) = parse_wkt(&text) {
                    return self.point(row, Some(&shape));
                }
                match values::pair(&text) {
                    Some(pair) => self.place(row, pair, ["geometry", "geometry"]),
                    None => {
                        row.note(&rules::COORD_NOT_A_NUMBER, "geometry", &text);
                        None
                    }
                }
            }
            Source::Format => {
                row.note(&rules::GEOMETRY_MISSING, "", "");
                None
            }
        }
    }

    /// The geometry of a row as the format or a WKT column gives it.
    pub fn shape<'s>(
        &self,
        row: &mut Row<'_>,
        shape: Option<&'s RawShape>,
    ) -> Option<std::borrow::Cow<'s, RawShape>> {
        if let Some(s) = shape {
            return Some(std::borrow::Cow::Borrowed(s));
        }
        if let Source::Text(col) = self.source {
            let text = row.text(col)?;
            return parse_wkt(&text).map(std::borrow::Cow::Owned);
        }
        None
    }

    /// The lines of a row: parts with at least two different points. `None`, with the reason noted, when
    /// it has none.
    pub fn lines(&self, row: &mut Row<'_>, shape: &RawShape) -> Option<Vec<Vec<LonLat>>> {
        let parts = match shape {
            RawShape::Lines(parts) => parts,
            RawShape::Broken(why) => {
                row.note_said(&rules::GEOMETRY_BROKEN, "", why);
                return None;
            }
            other => {
                row.note(&rules::GEOMETRY_TYPE, "", other.kind());
                return None;
            }
        };
        let mut out = Vec::with_capacity(parts.len());
        for part in parts {
            let mut line: Vec<LonLat> = Vec::with_capacity(part.len());
            for p in part {
                line.push(self.place(row, *p, ["", ""])?);
            }
            line.dedup();
            if line.len() >= 2 {
                out.push(line);
            }
        }
        if out.is_empty() {
            row.note(&rules::LINE_TOO_SHORT, "", "");
            return None;
        }
        Some(out)
    }

    /// The area of a row: rings closed, outer ones counter-clockwise. `None`, with the reason noted, when
    /// it has none.
    pub fn area(&self, row: &mut Row<'_>, shape: &RawShape) -> Option<geo::MultiPolygon<f64>> {
        use geo::{Orient, Validation, orient::Direction};
        let areas = match shape {
            RawShape::Areas(a) => a,
            RawShape::Broken(why) => {
                row.note_said(&rules::GEOMETRY_BROKEN, "", why);
                return None;
            }
            other => {
                row.note(&rules::GEOMETRY_TYPE, "", other.kind());
                return None;
            }
        };
        let mut polygons = Vec::with_capacity(areas.len());
        for rings in areas {
            let mut placed = Vec::with_capacity(rings.len());
            for ring in rings {
                if ring.first() != ring.last() {
                    row.note(&rules::RING_OPEN, "", "");
                }
                let mut line = Vec::with_capacity(ring.len());
                for p in ring {
                    let at = self.place(row, *p, ["", ""])?;
                    line.push(geo::Coord { x: at.lon_deg(), y: at.lat_deg() });
                }
                if line.len() >= 3 {
                    placed.push(geo::LineString::new(line));
                }
            }
            let mut placed = placed.into_iter();
            if let Some(outer) = placed.next() {
                polygons.push(geo::Polygon::new(outer, placed.collect()));
            }
        }
        if polygons.is_empty() {
            row.note(&rules::GEOMETRY_MISSING, "", "");
            return None;
        }
        let area = geo::MultiPolygon::new(polygons);
        if !area.is_valid() {
            row.note(&rules::AREA_INVALID, "", "");
        }
        Some(area.orient(Direction::Default))
    }
}

fn sampled(
    sample: &[Vec<Value<'_>>],
    mut pair: impl FnMut(&[Value<'_>]) -> Option<[f64; 2]>,
) -> Vec<[f64; 2]> {
    sample.iter().filter_map(|v| pair(v)).collect()
}

/// The first position of a geometry.
fn first_position(shape: &RawShape) -> Option<[f64; 2]> {
    match shape {
        RawShape::Point(p) => Some(*p),
        RawShape::Points(points) => points.first().copied(),
        RawShape::Lines(lines) => lines.first()?.first().copied(),
        RawShape::Areas(areas) => areas.first()?.first()?.first().copied(),
        RawShape::Other(_) | RawShape::Broken(_) => None,
    }
}

/// What headers and numbers suggest about the coordinate system: words for the reader, and what to write
/// in the project when the numbers alone decide.
pub(super) fn guess_crs(
    binding: &Binding,
    rows: &[Vec<Value<'_>>],
    names: &[&str],
    lang: Lang,
) -> (String, Option<String>) {
    let told = |en: &str, zh: &str| lang.pick(en, zh).to_owned();
    let col =
        |name: &str| if binding.layer.column(name).is_some() { binding.col(name) } else { Col::default() };
    let read = |a: Col, b: Col| {
        sampled(rows, |v| {
            let (mut s, mut t) = (String::new(), String::new());
            let x = values::angle(binding.value(a, v, &mut s))?;
            Some([x, values::angle(binding.value(b, v, &mut t))?])
        })
    };
    let words = names.join(" ").to_lowercase();
    let said = |list: &[&str]| list.iter().any(|w| words.contains(w));
    let mut pairs = read(col("lon"), col("lat"));
    if pairs.is_empty() {
        pairs = read(col("x_m"), col("y_m"));
    }
    if pairs.is_empty() {
        // Both coordinates in one text, or WKT.
        pairs = sampled(rows, |v| {
            let mut s = String::new();
            let text = binding.value(col("geometry"), v, &mut s).text();
            values::pair(&text).or_else(|| first_position(&parse_wkt(&text)?))
        });
    }
    if let Some(grid) = guess_grid(&pairs) {
        return match grid.zone {
            Some(zone) => {
                let (code, n) = (format!("EPSG:{}", zone.epsg(true)), zone.number());
                let text = match lang {
                    Lang::En => format!("CGCS2000 Gauss-Krueger zone {n} by its prefix ({code})"),
                    Lang::Zh => format!("按带号判断为 CGCS2000 高斯-克吕格第 {n} 带（{code}）"),
                };
                (text, Some(code))
            }
            None => (
                told(
                    "a Gauss-Krueger or UTM zone; its number isn't in the data: give `crs`",
                    "高斯-克吕格或 UTM 投影，数据中没有带号：请指定 crs",
                ),
                None,
            ),
        };
    }
    if said(&["gcj", "火星", "高德", "amap", "腾讯"]) {
        return (told("GCJ-02 by the header", "按表头判断为 GCJ-02"), Some("gcj02".to_owned()));
    }
    if said(&["bd09", "bd-09", "百度", "baidu"]) {
        return (told("BD-09 by the header", "按表头判断为 BD-09"), Some("bd09".to_owned()));
    }
    if pairs.is_empty() {
        return (told("no coordinates", "没有坐标"), None);
    }
    if said(&["wgs", "gps"]) {
        return (told("WGS 84 by the header", "按表头判断为 WGS 84"), None);
    }
    // A text may hold latitude first.
    let in_china = |x: f64, y: f64| (73.0..136.0).contains(&x) && (3.0..54.0).contains(&y);
    let china = pairs.iter().filter(|[x, y]| in_china(*x, *y) || in_china(*y, *x)).count();
    if china * 2 > pairs.len() {
        return (
            told(
                "degrees, taken as WGS 84; GCJ-02 and BD-09 look the same: ask where the data come from",
                "经纬度，按 WGS 84 处理；GCJ-02 与 BD-09 数值相近：请确认数据来源",
            ),
            None,
        );
    }
    (told("degrees, taken as WGS 84", "经纬度，按 WGS 84 处理"), None)
}
