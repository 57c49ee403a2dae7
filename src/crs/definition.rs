//! A system in the words of others: what files carry beside their coordinates.

use super::{Crs, CrsError, Kind};
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
    /// [`CrsError`] for GCJ-02 and BD-09, which no file format has a name for, and for systems that PROJ
    /// can't put into WKT 1.
    pub fn definition(&self) -> Result<Definition, CrsError> {
        let text = match &self.0 {
            Kind::Wgs84 => "EPSG:4326",
            Kind::Gcj02 | Kind::Bd09 => {
                return Err(CrsError::NoDatumShift {
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
        let wkt = |version| crs.as_wkt(Some(version), None).map_err(|e| failed(e.to_string()));
        let json = crs.to_projjson(Some(false), None, None).map_err(|e| failed(e.to_string()))?;
        let projjson: serde_json::Value = serde_json::from_str(&json).map_err(|e| failed(e.to_string()))?;
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
}
