//! Where numbers lie on the earth: coordinate reference systems, web-map datums, and signs of a wrong one.
//!
//! [`Crs`] names a system; [`Crs::to_wgs84`] and [`Crs::from_wgs84`] move many positions on all
//! threads, [`ToWgs84`] and [`FromWgs84`] one at a time. All of PROJ stays behind this room, which adds
//! what PROJ leaves out: GCJ-02 and BD-09, the refusal of a datum shift that is silently none, and a check
//! that the result is finite and within the system's area of use.

mod definition;
pub mod gauss_kruger;
pub mod gcj02;
pub mod suspicion;
mod transform;

pub use definition::Definition;
pub use transform::{FromWgs84, PointError, ToWgs84};

use crate::geom::LonLat;
use crate::model::said::Bilingual;
use rayon::prelude::*;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A coordinate reference system that PROJ knows, or one of the two Chinese web-map datums.
///
/// Numbers are always given east before north (longitude, latitude; easting, northing), whatever order the
/// authority prescribes: a table whose X is north is turned by [`gauss_kruger::AxisOrder`].
///
/// # Example
/// ```
/// use covplan::crs::Crs;
/// let zone: Crs = "EPSG:4548".parse()?;
/// let places = zone.to_wgs84(&[[669693.6554, 3549946.6791]])?;
/// let p = places[0].as_ref().expect("inside the zone");
/// assert!((p.lon_deg() - 118.796877).abs() < 1e-8);
/// # Ok::<(), covplan::crs::CrsError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Crs(Kind);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Kind {
    Wgs84,
    Gcj02,
    Bd09,
    /// Text that PROJ understands, and what it says about it.
    Proj {
        text: Arc<str>,
        about: Arc<About>,
    },
}

/// What PROJ's database says about a system.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct About {
    name: String,
    geographic: bool,
    shift: Shift,
}

/// How the system's datum goes to WGS 84.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Shift {
    /// The same within a metre or so, or stated by whoever wrote the definition.
    Given,
    /// By an operation of the database: to be checked at every point.
    Looked,
    /// By parameters that aren't public.
    Unpublished,
    /// The definition names no datum.
    Unknown,
}

/// A phrase in English and Chinese.
type Words = (&'static str, &'static str);

/// Why a system can't be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum CrsError {
    /// The text names nothing known.
    #[error(
        "unknown coordinate system '{text}': use EPSG:n, wgs84, cgcs2000, gcj02, bd09, a WKT or a PROJ string"
    )]
    Unknown {
        /// The text as given, cut to a readable length.
        text: String,
    },
    /// A system, but not one of places on the ground.
    #[error("'{name}' is a {}: positions need a geographic or a projected system", kind.0)]
    NotHorizontal {
        /// Name of the system.
        name: String,
        /// What it is instead.
        kind: Words,
    },
    /// Between its datum and WGS 84 PROJ has no operation that moves anything, or none fit to use.
    #[error("'{name}' can't be brought to WGS 84: {}; {}", reason.0, way_out.0)]
    NoDatumShift {
        /// Name of the system.
        name: String,
        /// What is missing.
        reason: Words,
        /// What the user can do.
        way_out: Words,
    },
    /// No file of an output can say which system it is.
    #[error("'{name}' can't be named in the files that are written: {}; {}", reason.0, way_out.0)]
    Unwritten {
        /// Name of the system.
        name: String,
        /// What stands in the way.
        reason: Words,
        /// What the user can do.
        way_out: Words,
    },
    /// Even EPSG:4326 is unknown: a `proj.db` of another PROJ stands in the way.
    #[error(
        "the PROJ database can't be used: {cause} points to files of another PROJ version; \
         unset it and run again"
    )]
    ProjDatabase {
        /// The environment variable or folder at fault.
        cause: String,
    },
    /// PROJ refused to connect this system with WGS 84.
    #[error("'{name}' can't be connected with WGS 84: {message}")]
    NoOperation {
        /// Name of the system.
        name: String,
        /// PROJ's words.
        message: String,
    },
}

impl Bilingual for CrsError {
    fn zh(&self) -> String {
        match self {
            Self::Unknown { text } => {
                format!("未知坐标系“{text}”：可用 EPSG:n、wgs84、cgcs2000、gcj02、bd09、WKT 或 PROJ 字符串")
            }
            Self::NotHorizontal { name, kind } => {
                format!("“{name}”是{}：位置需要地理坐标系或投影坐标系", kind.1)
            }
            Self::NoDatumShift { name, reason, way_out } => {
                format!("“{name}”无法转换到 WGS 84：{}；{}", reason.1, way_out.1)
            }
            Self::Unwritten { name, reason, way_out } => {
                format!("“{name}”无法写入输出文件：{}；{}", reason.1, way_out.1)
            }
            Self::ProjDatabase { cause } => {
                format!("PROJ 数据库无法使用：{cause} 指向其他版本 PROJ 的文件；取消该设置后重新运行")
            }
            Self::NoOperation { name, message } => {
                format!("“{name}”与 WGS 84 之间没有可用的转换：“{message}”")
            }
        }
    }
}

/// Below this many positions other threads cost more (a PROJ object each) than they save.
const PARALLEL_FROM: usize = 20_000;
const CHUNK: usize = 8_192;

impl Crs {
    /// WGS 84 longitude and latitude.
    #[must_use]
    pub const fn wgs84() -> Self {
        Self(Kind::Wgs84)
    }

    /// GCJ-02 longitude and latitude.
    #[must_use]
    pub const fn gcj02() -> Self {
        Self(Kind::Gcj02)
    }

    /// BD-09 longitude and latitude.
    #[must_use]
    pub const fn bd09() -> Self {
        Self(Kind::Bd09)
    }

    /// The system of an EPSG code.
    ///
    /// # Errors
    /// [`CrsError`] when the code is unknown to PROJ or isn't of a horizontal system.
    pub fn epsg(code: u32) -> Result<Self, CrsError> {
        format!("EPSG:{code}").parse()
    }

    /// Its name for people.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.0 {
            Kind::Wgs84 => "WGS 84",
            Kind::Gcj02 => "GCJ-02",
            Kind::Bd09 => "BD-09",
            Kind::Proj { about, .. } => &about.name,
        }
    }

    /// Whether its numbers are angles (longitude, latitude) rather than lengths.
    #[must_use]
    pub fn is_geographic(&self) -> bool {
        match &self.0 {
            Kind::Wgs84 | Kind::Gcj02 | Kind::Bd09 => true,
            Kind::Proj { about, .. } => about.geographic,
        }
    }

    /// Whether it is a Gauss-Krüger zone, of CGCS2000 or one of its forebears: Chinese tables of such a zone
    /// write the northing as X.
    #[must_use]
    pub fn is_gauss_kruger(&self) -> bool {
        let Kind::Proj { text, about } = &self.0 else { return false };
        let code = text.to_ascii_uppercase().strip_prefix("EPSG:").and_then(|c| c.trim().parse().ok());
        code.is_some_and(|c| gauss_kruger::Zone::of_epsg(c).is_some())
            || about.name.to_ascii_uppercase().contains("GAUSS")
    }

    /// Positions of this system as WGS 84, in the same order; each on its own may fail.
    ///
    /// # Errors
    /// [`CrsError`] when the system as a whole can't be brought to WGS 84.
    pub fn to_wgs84(&self, points: &[[f64; 2]]) -> Result<Vec<Result<LonLat, PointError>>, CrsError> {
        let convert = |chunk: &[[f64; 2]]| {
            transform::with_to_wgs84(self, |t| chunk.iter().map(|&[x, y]| t.at(x, y)).collect::<Vec<_>>())
        };
        in_chunks(points, convert)
    }

    /// WGS 84 positions in this system, in the same order; each on its own may fail.
    ///
    /// # Errors
    /// [`CrsError`] when WGS 84 as a whole can't be brought to the system.
    pub fn from_wgs84(&self, points: &[LonLat]) -> Result<Vec<Result<[f64; 2], PointError>>, CrsError> {
        let convert = |chunk: &[LonLat]| {
            transform::with_from_wgs84(self, |t| chunk.iter().map(|&p| t.at(p)).collect::<Vec<_>>())
        };
        in_chunks(points, convert)
    }

    /// One position as WGS 84, by this thread's cached transformer.
    ///
    /// # Errors
    /// [`CrsError`] for the system; the inner [`PointError`] for the position.
    pub fn lon_lat(&self, x: f64, y: f64) -> Result<Result<LonLat, PointError>, CrsError> {
        transform::with_to_wgs84(self, |t| t.at(x, y))
    }

    /// One WGS 84 position in this system, by this thread's cached transformer.
    ///
    /// # Errors
    /// [`CrsError`] for the system; the inner [`PointError`] for the position.
    pub fn xy(&self, p: LonLat) -> Result<Result<[f64; 2], PointError>, CrsError> {
        transform::with_from_wgs84(self, |t| t.at(p))
    }
}

fn in_chunks<A: Sync, B: Send>(
    points: &[A],
    convert: impl Fn(&[A]) -> Result<Vec<B>, CrsError> + Send + Sync,
) -> Result<Vec<B>, CrsError> {
    if points.len() < PARALLEL_FROM {
        return convert(points);
    }
    let parts = points.par_chunks(CHUNK).map(convert).collect::<Result<Vec<_>, _>>()?;
    Ok(parts.into_iter().flatten().collect())
}

impl fmt::Display for Crs {
    /// A short text that parses back to the same system (a WKT or PROJJSON is shown by its name).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Wgs84 => f.write_str("EPSG:4326"),
            Kind::Gcj02 => f.write_str("gcj02"),
            Kind::Bd09 => f.write_str("bd09"),
            Kind::Proj { text, about } if is_wkt(text) || is_projjson(text) => f.write_str(&about.name),
            Kind::Proj { text, .. } => f.write_str(text),
        }
    }
}

/// A system that has a name of its own.
pub struct Named {
    /// What it may be called, in lower case without blanks, `-` and `_`; the first is the usual one.
    pub words: &'static [&'static str],
    /// What it is, in English and Chinese.
    pub about: (&'static str, &'static str),
    make: fn() -> Result<Crs, CrsError>,
}

/// The systems with names of their own; all others go by code, WKT or PROJ string.
pub static NAMED: &[Named] = &[
    Named {
        words: &[
            "wgs84",
            "crs84",
            "ogc:crs84",
            "urn:ogc:def:crs:ogc:1.3:crs84",
            "urn:ogc:def:crs:ogc::crs84",
        ],
        about: ("WGS 84 longitude and latitude: GPS, OpenStreetMap", "WGS 84 经纬度：GPS、OpenStreetMap"),
        make: || Ok(Crs::wgs84()),
    },
    Named {
        words: &["cgcs2000", "国家2000", "2000国家大地坐标系", "国家大地坐标系2000"],
        about: ("CGCS2000 longitude and latitude, EPSG:4490", "2000 国家大地坐标系经纬度，EPSG:4490"),
        make: || Crs::epsg(4490),
    },
    Named {
        words: &["gcj02", "火星坐标", "火星坐标系", "国测局坐标"],
        about: ("GCJ-02: maps of Amap and Tencent", "GCJ-02：高德、腾讯地图"),
        make: || Ok(Crs::gcj02()),
    },
    Named {
        words: &["bd09", "bd09ll", "百度坐标", "百度坐标系"],
        about: ("BD-09: maps of Baidu", "BD-09：百度地图"),
        make: || Ok(Crs::bd09()),
    },
];

/// PROJ as it is found on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proj {
    /// Its version.
    pub version: String,
    /// An environment variable that leads it to files other than its own, and its value.
    pub led_by: Option<(&'static str, String)>,
}

/// Whether PROJ works: a known place is moved into a Gauss-Krüger zone, which needs its database.
///
/// # Errors
/// [`CrsError`] when the database can't be used or gives another place.
pub fn proj_at_work() -> Result<Proj, CrsError> {
    let failed = |message: String| CrsError::NoOperation { name: "EPSG:4548".into(), message };
    let zone = Crs::epsg(4548)?;
    let nanjing = LonLat::new(118.796_877, 32.060_255).map_err(|e| failed(e.to_string()))?;
    let [x, y] = zone.xy(nanjing)?.map_err(|e| failed(e.to_string()))?;
    let back = zone.lon_lat(x, y)?.map_err(|e| failed(e.to_string()))?;
    let close = (back.lon_deg() - nanjing.lon_deg()).abs() < 1e-8 && (x - 669_693.6).abs() < 100.0;
    if !close {
        return Err(failed(format!("a known place came out at {x:.1}, {y:.1}")));
    }
    Ok(Proj { version: transform::version().unwrap_or_default(), led_by: transform::led_by() })
}

impl FromStr for Crs {
    type Err = CrsError;

    /// Reads `EPSG:n`, a bare code, an OGC URN or URL, `wgs84`, `cgcs2000`, `gcj02`, `bd09`, a WKT (as in a
    /// `.prj` file), PROJJSON (as in GeoParquet) or a PROJ string.
    fn from_str(text: &str) -> Result<Self, CrsError> {
        let text = text.trim().trim_start_matches('\u{feff}');
        let unknown = || CrsError::Unknown { text: text.chars().take(80).collect() };
        let short = fold(text);
        if let Some(named) = NAMED.iter().find(|n| n.words.contains(&short.as_str())) {
            return (named.make)();
        }
        if let Some(named) = geographic_name(text).and_then(|name| {
            let name = fold(name);
            NAMED.iter().find(|n| OBFUSCATED.iter().any(|w| n.words.contains(w) && name.contains(w)))
        }) {
            return (named.make)();
        }
        let proj_text = if is_wkt(text) || is_projjson(text) {
            text.to_owned()
        } else if text.contains("+proj=") || text.contains("+init=") {
            if text.contains("type=crs") { text.to_owned() } else { format!("{text} +type=crs") }
        } else {
            let (authority, code) = authority_code(text).ok_or_else(unknown)?;
            if authority == "EPSG" && code == "4326" {
                return Ok(Self::wgs84());
            }
            format!("{authority}:{code}")
        };
        let about = transform::describe(&proj_text, &unknown)?;
        Ok(Self(Kind::Proj { text: proj_text.into(), about: Arc::new(about) }))
    }
}

/// Systems that no datum of PROJ stands for; software that writes a `.prj` for them names them all the same.
const OBFUSCATED: [&str; 2] = ["gcj02", "bd09"];

/// A name without what is written now in one way and now in another.
fn fold(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !"-_".contains(*c)).flat_map(char::to_lowercase).collect()
}

/// What a WKT of longitude and latitude is called.
fn geographic_name(wkt: &str) -> Option<&str> {
    let is_one = wkt.get(..3).is_some_and(|head| head.eq_ignore_ascii_case("GEO")) && is_wkt(wkt);
    wkt.split('"').nth(1).filter(|_| is_one)
}

fn is_projjson(text: &str) -> bool {
    text.starts_with('{') && text.ends_with('}')
}

fn is_wkt(text: &str) -> bool {
    const HEADS: [&str; 14] = [
        "GEOGCS",
        "PROJCS",
        "COMPD_CS",
        "LOCAL_CS",
        "GEOCCS",
        "GEOGCRS",
        "PROJCRS",
        "GEODCRS",
        "COMPOUNDCRS",
        "BOUNDCRS",
        "GEODETICCRS",
        "GEOGRAPHICCRS",
        "PROJECTEDCRS",
        "ENGCRS",
    ];
    let head = text.split(['[', '(']).next().unwrap_or_default().trim();
    text.len() > head.len() && HEADS.iter().any(|h| head.eq_ignore_ascii_case(h))
}

/// `EPSG:n`, `n`, `urn:ogc:def:crs:EPSG:version:n`, `http://www.opengis.net/def/crs/EPSG/0/n`.
fn authority_code(text: &str) -> Option<(String, &str)> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return Some(("EPSG".into(), text));
    }
    let lower = text.to_ascii_lowercase();
    let is_url = lower.starts_with("http://www.opengis.net/def/crs/")
        || lower.starts_with("https://www.opengis.net/def/crs/");
    let mut parts: Vec<&str> = text.split(if is_url { '/' } else { ':' }).map(str::trim).collect();
    let code = parts.pop().filter(|c| !c.is_empty() && c.bytes().all(|b| b.is_ascii_alphanumeric()))?;
    let authority = match parts.as_slice() {
        [authority] if !is_url => authority,
        [.., authority, _version] if is_url || lower.starts_with("urn:ogc:def:crs:") => authority,
        _ => return None,
    };
    let authority = authority.to_ascii_uppercase();
    ["EPSG", "ESRI", "OGC", "IGNF"].contains(&authority.as_str()).then_some((authority, code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::geodesic_m;

    fn crs(text: &str) -> Crs {
        text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    fn at(lon: f64, lat: f64) -> LonLat {
        LonLat::new(lon, lat).expect("test position")
    }

    #[test]
    fn one_system_many_spellings() {
        for text in
            ["EPSG:4326", "epsg:4326", "4326", "WGS84", "wgs 84", "WGS-84", "urn:ogc:def:crs:OGC:1.3:CRS84"]
        {
            assert_eq!(crs(text), Crs::wgs84(), "{text}");
        }
        for text in
            ["urn:ogc:def:crs:EPSG::4490", "http://www.opengis.net/def/crs/EPSG/0/4490", "CGCS2000", "4490"]
        {
            assert_eq!(crs(text).to_string(), "EPSG:4490", "{text}");
        }
        assert_eq!(crs("GCJ-02"), Crs::gcj02());
        let prj = |name: &str| {
            format!(
                "GEOGCS[\"GCS_{name}\",DATUM[\"D_{name}\",SPHEROID[\"S\",6378245.0,298.3]],\
                 PRIMEM[\"Greenwich\",0.0],UNIT[\"Degree\",0.0174532925199433]]"
            )
        };
        assert_eq!((crs(&prj("GCJ_02")), crs(&prj("BD-09"))), (Crs::gcj02(), Crs::bd09()));
        assert_eq!(crs("百度坐标系"), Crs::bd09());
        assert!(crs("EPSG:4490").is_geographic() && !crs("EPSG:4547").is_geographic());
        assert_eq!(crs("EPSG:4547").name(), "CGCS2000 / 3-degree Gauss-Kruger CM 114E");
    }

    #[test]
    fn nonsense_is_refused_with_a_way_out() {
        for text in [
            "",
            "garbage",
            "EPSG:",
            "EPSG:99999",
            "bd09mc",
            "EPSG:4326;DROP",
            "a:b:c",
            "GEOGCS[",
            "+proj=nosuch",
        ] {
            let error = text.parse::<Crs>().expect_err(text);
            assert!(matches!(error, CrsError::Unknown { .. }), "{text}: {error}");
        }
        for text in ["EPSG:4978", "EPSG:5773"] {
            let error = text.parse::<Crs>().expect_err(text);
            assert!(matches!(error, CrsError::NotHorizontal { .. }), "{text}: {error}");
        }
    }

    /// Values computed by pyproj 3.7.2 with PROJ 9.5.1, OGC:CRS84 to the zone.
    #[test]
    fn gauss_kruger_zones_and_others_agree_with_pyproj() {
        for (code, lon, lat, east, north) in [
            (4547, 113.324520, 23.099994, 430798.0762, 2555771.4332),
            (4526, 113.324520, 23.099994, 38430798.0762, 2555771.4332),
            (4548, 118.796877, 32.060255, 669693.6554, 3549946.6791),
            (4549, 120.619585, 31.299379, 558_987.871, 3464332.7816),
            (4509, 118.796877, 32.060255, 669693.6554, 3549946.6791),
            (4498, 118.796877, 32.060255, 20669693.6554, 3549946.6791),
            (4491, 75.9, 39.5, 13577412.6921, 4374400.8652),
            (4513, 75.9, 39.5, 25577412.6921, 4374400.8652),
            (4554, 134.9, 48.3, 492580.8332, 5351790.4013),
            (4533, 134.9, 48.3, 45492580.8332, 5351790.4013),
            (32718, -77.03, -12.05, 279014.3668, 8667099.9294),
            (2326, 114.17, 22.30, 835559.6421, 817895.7547),
            (3857, 118.796877, 32.060255, 13224407.8555, 3771222.6336),
            (3826, 121.5, 25.03, 300_458.15, 2769193.5765),
        ] {
            let zone = Crs::epsg(code).expect("known code");
            let p = at(lon, lat);
            let [x, y] = zone.xy(p).expect("a shift").expect("inside");
            assert!((x - east).abs() < 1e-3 && (y - north).abs() < 1e-3, "EPSG:{code}: {x} {y}");
            let back = zone.lon_lat(east, north).expect("a shift").expect("inside");
            assert!(geodesic_m(p, back) < 1e-3, "EPSG:{code}: {back:?}");
        }
    }

    /// On a central meridian the northing is the arc from the equator, which geographiclib knows without PROJ.
    #[test]
    fn northing_is_the_meridian_arc() {
        use geographiclib_rs::{Geodesic, InverseGeodesic};
        let ellipsoid = Geodesic::new(6_378_137.0, 1.0 / 298.257_222_101);
        for lat in [23.0, 32.5, 49.0] {
            let arc: f64 = ellipsoid.inverse(0.0, 117.0, lat, 117.0);
            let [x, y] = crs("EPSG:4548").xy(at(117.0, lat)).expect("a shift").expect("inside");
            assert!((x - 500_000.0).abs() < 1e-6 && (y - arc).abs() < 1e-5, "{lat}: {y} {arc}");
        }
    }

    #[test]
    fn a_datum_shift_that_is_none_is_refused() {
        for text in ["EPSG:4214", "EPSG:2437", "EPSG:4610", "EPSG:2344", "EPSG:4555"] {
            let error = crs(text).to_wgs84(&[[116.4, 39.9]]).expect_err(text);
            assert!(matches!(error, CrsError::NoDatumShift { .. }), "{text}: {error}");
            let error = crs(text).from_wgs84(&[at(116.4, 39.9)]).expect_err(text);
            assert!(matches!(error, CrsError::NoDatumShift { .. }), "{text}: {error}");
        }
        // Esri's spelling of Xian 1980, as .prj files have it.
        let prj = "GEOGCS[\"GCS_Xian_1980\",DATUM[\"D_Xian_1980\",SPHEROID[\"Xian_1980\",6378140.0,298.257]],\
                   PRIMEM[\"Greenwich\",0.0],UNIT[\"Degree\",0.0174532925199433]]";
        assert!(matches!(crs(prj).to_wgs84(&[]), Err(CrsError::NoDatumShift { .. })));
        // An ellipsoid alone is no datum; with the shift stated it is one.
        let bare = crs("+proj=longlat +ellps=krass");
        assert!(matches!(bare.lon_lat(116.4, 39.9), Err(CrsError::NoDatumShift { .. })));
        let stated = crs("+proj=longlat +ellps=krass +towgs84=15.8,-154.4,-82.3");
        let p = stated.lon_lat(116.4, 39.9).expect("stated shift").expect("inside");
        let moved = geodesic_m(p, at(116.4, 39.9));
        assert!((20.0..200.0).contains(&moved), "{moved}");
    }

    #[test]
    fn a_real_shift_is_made_where_it_holds_and_nowhere_else() {
        // Hong Kong 1980 geographic: EPSG's own note gives a shift of about 270 m; PROJ 9.5.1 agrees.
        let hk = crs("EPSG:4611");
        let p = hk.lon_lat(114.2, 22.3).expect("a shift").expect("inside");
        assert!(geodesic_m(p, at(114.2, 22.3)) > 200.0);
        assert!(matches!(hk.lon_lat(120.0, 33.0), Ok(Err(PointError::OutOfArea { .. }))));
        // Pulkovo 1942 is real in Kazakhstan; Nanjing lies outside its area of use.
        let pulkovo = crs("EPSG:4284");
        assert!(pulkovo.lon_lat(71.4, 51.1).expect("a shift").is_ok());
        assert!(matches!(pulkovo.lon_lat(118.8, 32.0), Ok(Err(PointError::OutOfArea { .. }))));
    }

    #[test]
    fn bounds_and_finiteness_are_checked() {
        let gk = crs("EPSG:4547");
        for (x, y) in [(f64::NAN, 1.0), (500_000.0, f64::INFINITY)] {
            assert!(matches!(gk.lon_lat(x, y), Ok(Err(PointError::NotFinite { .. }))), "{x} {y}");
        }
        // Zone-prefixed numbers in a zone without prefix, degrees in metres' place, axes swapped.
        for (x, y) in [(38_430_798.0, 2_555_771.0), (113.3, 23.1), (2_555_771.0, 430_798.0)] {
            assert!(gk.lon_lat(x, y).expect("a shift").is_err(), "{x} {y}");
        }
        assert!(matches!(crs("4490").lon_lat(-77.0, -12.0), Ok(Err(PointError::OutOfArea { .. }))));
        assert!(matches!(crs("4490").lon_lat(23.1, 113.3), Ok(Err(PointError::OutOfRange(_)))));
        assert!(matches!(Crs::wgs84().lon_lat(23.1, 113.3), Ok(Err(PointError::OutOfRange(_)))));
        assert!(matches!(Crs::gcj02().lon_lat(f64::NAN, 3.3), Ok(Err(PointError::NotFinite { .. }))));
    }

    #[test]
    fn esri_prj_of_a_gauss_kruger_zone() {
        let prj = "PROJCS[\"CGCS2000_3_Degree_GK_CM_120E\",GEOGCS[\"GCS_China_Geodetic_Coordinate_System_2000\",\
            DATUM[\"D_China_2000\",SPHEROID[\"CGCS2000\",6378137.0,298.257222101]],PRIMEM[\"Greenwich\",0.0],\
            UNIT[\"Degree\",0.0174532925199433]],PROJECTION[\"Gauss_Kruger\"],PARAMETER[\"False_Easting\",500000.0],\
            PARAMETER[\"False_Northing\",0.0],PARAMETER[\"Central_Meridian\",120.0],PARAMETER[\"Scale_Factor\",1.0],\
            PARAMETER[\"Latitude_Of_Origin\",0.0],UNIT[\"Meter\",1.0]]";
        let p = crs(prj).lon_lat(558_987.871, 3464332.7816).expect("a shift").expect("inside");
        assert!(geodesic_m(p, at(120.619585, 31.299379)) < 1e-3);
    }

    #[test]
    fn a_long_batch_keeps_order_and_values() {
        let gk = crs("EPSG:4548");
        let points: Vec<[f64; 2]> =
            (0..50_000).map(|i| [500_000.0 + f64::from(i), 3_500_000.0 + f64::from(i % 977)]).collect();
        let all = gk.to_wgs84(&points).expect("a shift");
        assert_eq!(all.len(), points.len());
        for i in [0, 8_191, 8_192, 33_333, 49_999] {
            let one = gk.lon_lat(points[i][0], points[i][1]).expect("a shift");
            assert_eq!(all[i], one);
        }
    }

    #[test]
    fn web_map_datums_go_through_the_same_door() {
        let p = at(118.796877, 32.060255);
        for text in ["gcj02", "bd09"] {
            let [x, y] = crs(text).xy(p).expect("known").expect("inside");
            assert!(geodesic_m(at(x, y), p) > 400.0);
            let back = crs(text).lon_lat(x, y).expect("known").expect("inside");
            assert!(geodesic_m(back, p) < 1e-6);
        }
    }

    /// A folder with the database of another PROJ must be named, not turned into "unknown EPSG code".
    #[test]
    fn a_foreign_proj_database_is_named() {
        const INNER: &str = "COVPLAN_TEST_FOREIGN_PROJ";
        if std::env::var_os(INNER).is_some() {
            match "EPSG:4547".parse::<Crs>() {
                Err(CrsError::ProjDatabase { cause }) => assert!(cause.contains("PROJ_DATA"), "{cause}"),
                other => panic!("{other:?}"),
            }
            return;
        }
        let folder = tempfile::tempdir().expect("temporary folder");
        std::fs::write(folder.path().join("proj.db"), b"not a database").expect("written");
        let this = std::env::current_exe().expect("path of the test binary");
        let status = std::process::Command::new(this)
            .args(["--exact", "crs::tests::a_foreign_proj_database_is_named"])
            .env(INNER, "1")
            .env("PROJ_DATA", folder.path())
            .output()
            .expect("test binary runs");
        assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stdout));
    }
}
