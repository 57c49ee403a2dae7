//! A system in the words of others: what files carry beside their coordinates.

use super::{Crs, CrsError, Kind};
use crate::model::guarded::guarded;
use proj::Proj;
use proj::wkt::WktVersion;

/// How files name a system.
#[derive(Clone, Debug)]
pub struct Definition {
    /// Name for people.
    pub name: String,
    /// Authority and code, such as `("EPSG", 4490)`, where the system has one.
    pub code: Option<(String, u32)>,
    /// WKT 2:2019 (ISO 19162), for GeoPackage's extension and FlatGeobuf.
    pub wkt2: String,
    /// WKT 1, for GeoPackage.
    pub wkt1: String,
    /// WKT 1 with ESRI's names, for `.prj`.
    pub wkt1_esri: String,
    /// PROJJSON, for GeoParquet.
    pub projjson: serde_json::Value,
    /// Whether numbers are angles.
    pub geographic: bool,
}

impl Crs {
    /// The system in the words of PROJ's database.
    ///
    /// # Errors
    /// [`CrsError`] for GCJ-02 and BD-09, which no file format has a name for, for systems with heights, which
    /// the files don't carry, and for systems that PROJ can't put into WKT 1.
    pub fn definition(&self) -> Result<Definition, CrsError> {
        let text = match &self.0 {
            Kind::Wgs84 => "EPSG:4326",
            Kind::Gcj02 | Kind::Bd09 => {
                return Err(CrsError::Unwritten {
                    name: self.name().to_owned(),
                    reason: (
                        "it has no code that a file could carry, so programs would show it displaced",
                        "文件无法标明该坐标系，其他软件打开会有偏移",
                    ),
                    way_out: (
                        "write WGS 84 or CGCS2000, or convert single files with `covplan convert`",
                        "请输出 WGS 84 或 CGCS2000，或用 `covplan convert` 转换单个文件",
                    ),
                });
            }
            Kind::Proj { text, .. } => text,
        };
        let failed = |message: String| CrsError::NoOperation { name: self.name().to_owned(), message };
        let crs = Proj::new(text).map_err(|e| failed(e.to_string()))?;
        let json = crs.to_projjson(Some(false), None, None).map_err(|e| failed(e.to_string()))?;
        let projjson: serde_json::Value = serde_json::from_str(&json).map_err(|e| failed(e.to_string()))?;
        if has_heights(&projjson) {
            return Err(CrsError::Unwritten {
                name: self.name().to_owned(),
                reason: ("it has heights, which the files don't carry", "该坐标系含高程，输出文件不含高程"),
                way_out: (
                    "name its horizontal system, such as EPSG:4326 or EPSG:4490",
                    "请改用对应的平面坐标系，如 EPSG:4326、EPSG:4490",
                ),
            });
        }
        // The binding takes it for a fault of the program when PROJ has no words for a system.
        let wkt = |version| match guarded(|| crs.as_wkt(Some(version), None)) {
            Some(Ok(text)) => Ok(text),
            Some(Err(e)) => Err(failed(e.to_string())),
            None => Err(CrsError::Unwritten {
                name: self.name().to_owned(),
                reason: (
                    "WKT 1, which GeoPackage and Shapefile need, has no words for its projection",
                    "GeoPackage 与 Shapefile 所需的 WKT 1 无法表示其投影",
                ),
                way_out: (
                    "choose another system, such as a Gauss-Krüger or UTM zone",
                    "请改用其他坐标系，如高斯-克吕格或 UTM 投影带",
                ),
            }),
        };
        let id = &projjson["id"];
        let code = id["authority"].as_str().zip(id["code"].as_u64().and_then(|c| u32::try_from(c).ok()));
        Ok(Definition {
            name: self.name().to_owned(),
            code: code.map(|(authority, code)| (authority.to_owned(), code)),
            wkt2: wkt(WktVersion::Wkt2_2019)?,
            wkt1: wkt(WktVersion::Wkt1_Gdal)?,
            wkt1_esri: wkt(WktVersion::Wkt1_Esri)?,
            geographic: self.is_geographic(),
            projjson,
        })
    }
}

/// Whether a system of PROJJSON has a third axis, in itself or in a part.
fn has_heights(system: &serde_json::Value) -> bool {
    match system["type"].as_str() {
        Some("BoundCRS") => has_heights(&system["source_crs"]),
        Some("CompoundCRS") => true,
        _ => system["coordinate_system"]["axis"].as_array().is_some_and(|axes| axes.len() > 2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_have_the_words_of_others() {
        let zone = Crs::epsg(4548).unwrap().definition().unwrap();
        assert_eq!(zone.code, Some(("EPSG".to_owned(), 4548)));
        assert!(!zone.geographic && zone.wkt1_esri.starts_with("PROJCS[\"CGCS2000_3_Degree_GK_CM_117E\""));
        let back: Crs = zone.wkt1_esri.parse().unwrap();
        assert!(!back.is_geographic());
        let plain = Crs::wgs84().definition().unwrap();
        assert!(plain.geographic && plain.wkt2.starts_with("GEOGCRS[") && plain.wkt1.starts_with("GEOGCS["));
        assert_eq!(plain.code, Some(("EPSG".to_owned(), 4326)));
        assert!(Crs::gcj02().definition().is_err());
    }

    #[test]
    fn a_system_that_files_have_no_words_for_is_refused() {
        // Geographic with heights, of the world and of China; compound; projections that WKT 1 lacks.
        for code in [4979, 4480, 7415, 9707, 3139, 6244] {
            let refused = Crs::epsg(code).unwrap().definition();
            assert!(matches!(refused, Err(CrsError::Unwritten { .. })), "EPSG:{code}: {refused:?}");
        }
    }
}
