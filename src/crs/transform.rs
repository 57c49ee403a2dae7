//! One PROJ object per direction and thread, and the checks that PROJ leaves to its caller.

use super::{About, Crs, CrsError, Kind, Shift, Words, gcj02};
use crate::geom::{LonLat, LonLatError};
use crate::model::said::Bilingual;
use proj::{Area, Proj};
use std::cell::RefCell;
use std::rc::Rc;

/// Degrees by which a position may lie beyond its system's area of use. A Gauss-Krüger zone stays exact
/// well beyond its edge, and layers of one city often reach into the next zone.
const AREA_MARGIN_DEG: f64 = 2.0;

/// The roughest datum shift taken: beyond it the position is no better than without one.
const MAX_SHIFT_ERROR_M: f64 = 30.0;

const WGS84_LON_LAT: &str = "OGC:CRS84";

/// Geodetic datums that coincide with WGS 84 within a metre or so, by the name PROJ's database gives
/// them. PROJ itself has only a null ("ballpark") operation for some of them.
const SAME_AS_WGS84: [&str; 4] =
    ["World Geodetic System 1984", "China 2000", "D_China_2000", "International Terrestrial Reference Frame"];

/// Chinese datums whose parameters aren't public: EPSG's few operations cover oil fields and shelves
/// to 15 m, and everywhere else PROJ would return the numbers unchanged, some 50–120 m off.
const UNPUBLISHED: [&str; 4] = ["Beijing 1954", "Xian 1980", "New Beijing", "Xi'an 1980"];

const CHINESE_WAY_OUT: Words = (
    "convert the layer to CGCS2000 with the parameters of the province's surveying office, or give the datum \
     as a PROJ string with +towgs84=",
    "请用省测绘部门的参数把图层转换到 CGCS2000，或用带 +towgs84= 的 PROJ 字符串给出基准",
);
const WAY_OUT: Words = (
    "convert the layer to WGS 84 first, or give the datum as a PROJ string with +towgs84=",
    "请先把图层转换到 WGS 84，或用带 +towgs84= 的 PROJ 字符串给出基准",
);

/// Why one position can't be moved.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PointError {
    /// NaN or infinite.
    #[error("{x}, {y} isn't a pair of finite numbers")]
    NotFinite {
        /// East or longitude as given.
        x: f64,
        /// North or latitude as given.
        y: f64,
    },
    /// Not on the globe.
    #[error(transparent)]
    OutOfRange(#[from] LonLatError),
    /// On the globe, but too far from where the system is meant to be used.
    #[error("{at:?} lies outside the area of the coordinate system ({west}..{east} E, {south}..{north} N)")]
    OutOfArea {
        /// The position found, WGS 84.
        at: LonLat,
        /// Western edge of the area of use, degrees.
        west: f64,
        /// Southern edge.
        south: f64,
        /// Eastern edge.
        east: f64,
        /// Northern edge.
        north: f64,
    },
    /// PROJ has no operation that holds here, or only a rough one.
    #[error("no datum shift to WGS 84 holds here within {MAX_SHIFT_ERROR_M} m")]
    NoDatumShift,
    /// The projection has no answer.
    #[error("outside the domain of the projection ({0})")]
    Projection(Box<str>),
}

impl Bilingual for PointError {
    fn zh(&self) -> String {
        match self {
            Self::NotFinite { x, y } => format!("{x}, {y} 不是一对有限数值"),
            Self::OutOfRange(e) => e.zh(),
            Self::OutOfArea { at, west, south, east, north } => format!(
                "({}, {}) 在坐标系适用范围之外（东经 {west}..{east}，北纬 {south}..{north}）",
                at.lon_deg(),
                at.lat_deg()
            ),
            Self::NoDatumShift => format!("此处没有误差在 {MAX_SHIFT_ERROR_M} m 以内的 WGS 84 基准转换"),
            Self::Projection(why) => format!("超出投影的定义域（{why}）"),
        }
    }
}

/// Brings positions of one system to WGS 84. Bound to its thread; making one takes 10–40 ms.
pub struct ToWgs84(Route);

/// Brings WGS 84 positions to one system. Bound to its thread; making one takes 10–40 ms.
pub struct FromWgs84(Route);

enum Route {
    Wgs84,
    Gcj02,
    Bd09,
    Proj { proj: Proj, check_shift: bool, geographic: bool, area: Option<Area> },
}

impl ToWgs84 {
    /// A transformer from `crs`.
    ///
    /// # Errors
    /// [`CrsError`] when there is no sound way to WGS 84.
    pub fn new(crs: &Crs) -> Result<Self, CrsError> {
        route(crs, true).map(Self)
    }

    /// The WGS 84 position of (longitude, latitude) or (easting, northing).
    ///
    /// # Errors
    /// [`PointError`] when the numbers have no sound place.
    pub fn at(&self, x: f64, y: f64) -> Result<LonLat, PointError> {
        finite(x, y)?;
        match &self.0 {
            Route::Wgs84 => Ok(LonLat::new(x, y)?),
            Route::Gcj02 => Ok(gcj02::gcj02_to_wgs84(LonLat::new(x, y)?)),
            Route::Bd09 => Ok(gcj02::bd09_to_wgs84(LonLat::new(x, y)?)),
            Route::Proj { geographic, .. } => {
                if *geographic {
                    LonLat::new(x, y)?;
                }
                let (lon, lat) = self.0.convert(x, y)?;
                finite(lon, lat).map_err(|_| PointError::Projection("no finite result".into()))?;
                let p = LonLat::new(lon, lat)?;
                self.0.check_area(p)?;
                Ok(p)
            }
        }
    }
}

impl FromWgs84 {
    /// A transformer to `crs`.
    ///
    /// # Errors
    /// [`CrsError`] when there is no sound way from WGS 84.
    pub fn new(crs: &Crs) -> Result<Self, CrsError> {
        route(crs, false).map(Self)
    }

    /// (longitude, latitude) or (easting, northing) of a WGS 84 position.
    ///
    /// # Errors
    /// [`PointError`] when the position lies where the system doesn't hold.
    pub fn at(&self, p: LonLat) -> Result<[f64; 2], PointError> {
        let pair = |q: LonLat| [q.lon_deg(), q.lat_deg()];
        match &self.0 {
            Route::Wgs84 => Ok(pair(p)),
            Route::Gcj02 => Ok(pair(gcj02::wgs84_to_gcj02(p))),
            Route::Bd09 => Ok(pair(gcj02::wgs84_to_bd09(p))),
            Route::Proj { .. } => {
                self.0.check_area(p)?;
                let (x, y) = self.0.convert(p.lon_deg(), p.lat_deg())?;
                finite(x, y).map_err(|_| PointError::Projection("no finite result".into()))?;
                Ok([x, y])
            }
        }
    }
}

fn finite(x: f64, y: f64) -> Result<(), PointError> {
    if x.is_finite() && y.is_finite() { Ok(()) } else { Err(PointError::NotFinite { x, y }) }
}

impl Route {
    fn convert(&self, x: f64, y: f64) -> Result<(f64, f64), PointError> {
        let Route::Proj { proj, check_shift, .. } = self else { return Ok((x, y)) };
        let result = proj.convert((x, y)).map_err(|e| {
            let text = e.to_string();
            PointError::Projection(text.rsplit("error: ").next().unwrap_or_default().into())
        })?;
        if *check_shift {
            // PROJ picks the operation by the place, so only after the fact is it known which one it was.
            let used = proj.proj_info();
            let ballpark = used.description.is_none_or(|d| d.contains("Ballpark"));
            if ballpark || !(0.0..=MAX_SHIFT_ERROR_M).contains(&used.accuracy) {
                return Err(PointError::NoDatumShift);
            }
        }
        Ok(result)
    }

    fn check_area(&self, p: LonLat) -> Result<(), PointError> {
        let Route::Proj { area: Some(a), .. } = self else { return Ok(()) };
        let m = AREA_MARGIN_DEG;
        let (lon, lat) = (p.lon_deg(), p.lat_deg());
        let width = (a.east - a.west).rem_euclid(360.0);
        let whole_turn = width + 2.0 * m >= 360.0 || (a.east - a.west) >= 360.0;
        let lon_fits = whole_turn || (lon - a.west + m).rem_euclid(360.0) <= width + 2.0 * m;
        if lon_fits && lat >= a.south - m && lat <= a.north + m {
            return Ok(());
        }
        Err(PointError::OutOfArea { at: p, west: a.west, south: a.south, east: a.east, north: a.north })
    }
}

fn route(crs: &Crs, to_wgs84: bool) -> Result<Route, CrsError> {
    let (text, about) = match &crs.0 {
        Kind::Wgs84 => return Ok(Route::Wgs84),
        Kind::Gcj02 => return Ok(Route::Gcj02),
        Kind::Bd09 => return Ok(Route::Bd09),
        Kind::Proj { text, about } => (text, about),
    };
    let no_shift = |reason, way_out| CrsError::NoDatumShift { name: about.name.clone(), reason, way_out };
    match about.shift {
        Shift::Unpublished => {
            return Err(no_shift(
                ("the parameters of this Chinese datum aren't public", "该基准的转换参数未公开"),
                CHINESE_WAY_OUT,
            ));
        }
        Shift::Unknown => {
            return Err(no_shift(
                ("its definition names an ellipsoid but no datum", "其定义只有椭球，没有基准"),
                WAY_OUT,
            ));
        }
        Shift::Given | Shift::Looked => {}
    }
    let failed =
        |e: proj::ProjCreateError| CrsError::NoOperation { name: about.name.clone(), message: e.to_string() };
    let area = Proj::new(text).map_err(failed)?.area_of_use().ok().and_then(|(area, _)| area);
    let (from, to) = if to_wgs84 { (&**text, WGS84_LON_LAT) } else { (WGS84_LON_LAT, &**text) };
    let proj = Proj::new_known_crs(from, to, None).map_err(failed)?;
    let check_shift = about.shift == Shift::Looked;
    Ok(Route::Proj { proj, check_shift, geographic: about.geographic, area })
}

thread_local! {
    static TO: RefCell<Vec<(Crs, Rc<ToWgs84>)>> = const { RefCell::new(Vec::new()) };
    static FROM: RefCell<Vec<(Crs, Rc<FromWgs84>)>> = const { RefCell::new(Vec::new()) };
}

/// Transformers kept per thread; a run meets a handful of systems.
const KEPT: usize = 8;

fn cached<T, R>(
    store: &RefCell<Vec<(Crs, Rc<T>)>>,
    crs: &Crs,
    make: impl FnOnce(&Crs) -> Result<T, CrsError>,
    run: impl FnOnce(&T) -> R,
) -> Result<R, CrsError> {
    let known = store.borrow().iter().find(|(c, _)| c == crs).map(|(_, t)| Rc::clone(t));
    let transformer = match known {
        Some(t) => t,
        None => {
            let t = Rc::new(make(crs)?);
            let mut store = store.borrow_mut();
            if store.len() >= KEPT {
                store.remove(0);
            }
            store.push((crs.clone(), Rc::clone(&t)));
            t
        }
    };
    Ok(run(&transformer))
}

pub(super) fn with_to_wgs84<R>(crs: &Crs, run: impl FnOnce(&ToWgs84) -> R) -> Result<R, CrsError> {
    TO.with(|store| cached(store, crs, ToWgs84::new, run))
}

pub(super) fn with_from_wgs84<R>(crs: &Crs, run: impl FnOnce(&FromWgs84) -> R) -> Result<R, CrsError> {
    FROM.with(|store| cached(store, crs, FromWgs84::new, run))
}

/// What PROJ says about a definition; `unknown` makes the error for a text it can't read.
pub(super) fn describe(text: &str, unknown: &dyn Fn() -> CrsError) -> Result<About, CrsError> {
    let crs = match Proj::new(text) {
        Ok(crs) => crs,
        Err(_) => return Err(foreign_database().unwrap_or_else(unknown)),
    };
    let json: serde_json::Value = crs
        .to_projjson(Some(false), None, None)
        .ok()
        .and_then(|json| serde_json::from_str(&json).ok())
        .ok_or_else(unknown)?;
    let name = json["name"].as_str().filter(|n| *n != "unknown").unwrap_or(text).to_owned();
    // A bound system wraps one whose shift its author states; a compound one starts with the horizontal part.
    let mut part = &json;
    let mut bound = false;
    let (kind, horizontal) = loop {
        match part["type"].as_str().unwrap_or_default() {
            "BoundCRS" => {
                bound = true;
                part = &part["source_crs"];
            }
            "CompoundCRS" => part = &part["components"][0],
            kind @ ("GeographicCRS" | "ProjectedCRS") => break (kind, true),
            kind => break (kind, false),
        }
    };
    if !horizontal {
        let kind = match kind {
            "GeodeticCRS" => ("geocentric system", "地心坐标系"),
            "VerticalCRS" => ("height system", "高程系统"),
            "EngineeringCRS" => ("local system", "局部坐标系"),
            "" => return Err(unknown()),
            // A pipeline or a bare operation: reads well, names no system.
            _ => ("coordinate operation", "坐标运算"),
        };
        return Err(CrsError::NotHorizontal { name, kind });
    }
    let geographic = kind == "GeographicCRS";
    let base = if geographic { part } else { &part["base_crs"] };
    let bound = bound || base["type"] == "BoundCRS";
    let base = if base["type"] == "BoundCRS" { &base["source_crs"] } else { base };
    let datum = if base["datum"].is_null() { &base["datum_ensemble"] } else { &base["datum"] };
    let datum = datum["name"].as_str().unwrap_or_default();
    let shift = if bound || SAME_AS_WGS84.iter().any(|d| datum.starts_with(d)) {
        Shift::Given
    } else if UNPUBLISHED.iter().any(|d| datum.starts_with(d)) {
        Shift::Unpublished
    } else if datum.is_empty() || datum.to_ascii_lowercase().starts_with("unknown") {
        Shift::Unknown
    } else {
        Shift::Looked
    };
    Ok(About { name, geographic, shift })
}

/// The variable that leads PROJ to files other than its own, and its value.
pub(super) fn led_by() -> Option<(&'static str, String)> {
    ["PROJ_DATA", "PROJ_LIB"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()).map(|v| (name, v)))
}

/// PROJ's version.
pub(super) fn version() -> Option<String> {
    proj::ProjBuilder::new().lib_info().ok().map(|info| info.version)
}

/// The reason when not even WGS 84 can be made: some other PROJ's files are found before the embedded ones.
fn foreign_database() -> Option<CrsError> {
    let probe = Proj::new("EPSG:4326");
    if probe.is_ok() {
        return None;
    }
    let variable = led_by().map(|(name, value)| format!("{name}={value}"));
    let cause = variable.or_else(|| proj::ProjBuilder::new().lib_info().ok().map(|info| info.searchpath));
    Some(CrsError::ProjDatabase { cause: cause.unwrap_or_else(|| "PROJ's search path".into()) })
}
