//! The formats of layers for maps. A new one is a file with a [`LayerWriter`] and a line in [`FORMATS`].

mod dictionary;
mod flatgeobuf;
mod geojson;
mod geojsonl;
mod geopackage;
mod geoparquet;
mod hilbert;
mod kml;
mod rtree;
mod shapefile;
mod table;
mod wkb;

pub use table::{FAR, Geometry, GeometryKind, OutField, Table};

use super::layer::{Layer, Layout};
use super::out::{OutFolder, ReportError};
use super::symbology::Style;
use crate::crs::{Crs, CrsError, Definition};
use crate::model::kinds::Lang;
use crate::model::progress::Progress;

/// Writes layers in one format.
pub trait LayerWriter {
    /// Takes a layer.
    ///
    /// # Errors
    /// [`ReportError`].
    fn layer(&mut self, folder: &mut OutFolder, table: &Table) -> Result<(), ReportError>;

    /// Closes what holds all layers.
    ///
    /// # Errors
    /// [`ReportError`].
    fn finish(&mut self, _folder: &mut OutFolder) -> Result<(), ReportError> {
        Ok(())
    }
}

/// A format that layers can be written in.
pub struct Format {
    /// As typed after `--formats`.
    pub word: &'static str,
    /// What it is and whom it serves, in English and Chinese.
    pub about: (&'static str, &'static str),
    /// Whether it follows `--output-crs`; the others are WGS 84 by their nature.
    pub any_crs: bool,
    make: fn() -> Box<dyn LayerWriter>,
}

/// All formats.
pub static FORMATS: &[Format] = &[
    Format {
        word: "geojson",
        about: ("GeoJSON (RFC 7946), a file a layer; read by everything", "GeoJSON，每图层一个文件，通用"),
        any_crs: false,
        make: || Box::new(geojson::GeoJson),
    },
    Format {
        word: "geojsonl",
        about: (
            "newline-delimited GeoJSON, a feature a line; for streams",
            "逐行 GeoJSON，每行一个要素，便于流式处理",
        ),
        any_crs: false,
        make: || Box::new(geojsonl::GeoJsonLines),
    },
    Format {
        word: "gpkg",
        about: (
            "GeoPackage 1.3, one file with all layers, indexed; for QGIS and ArcGIS",
            "GeoPackage 1.3，单文件含全部图层与索引，适合 QGIS、ArcGIS",
        ),
        any_crs: true,
        make: || Box::new(geopackage::GeoPackage::default()),
    },
    Format {
        word: "fgb",
        about: (
            "FlatGeobuf, indexed; fastest to open and to query by place",
            "FlatGeobuf，带空间索引，打开与按范围查询最快",
        ),
        any_crs: true,
        make: || Box::new(flatgeobuf::FlatGeobuf),
    },
    Format {
        word: "parquet",
        about: (
            "GeoParquet 1.1 with bbox columns; for DuckDB, pandas, Spark",
            "GeoParquet 1.1，含 bbox 列，适合 DuckDB、pandas、Spark",
        ),
        any_crs: true,
        make: || Box::new(geoparquet::GeoParquet),
    },
    Format {
        word: "shp",
        about: (
            "ESRI Shapefile in GB18030, names of at most 10 characters; for old programs",
            "Shapefile（GB18030，字段名不超过 10 字符），适合旧软件",
        ),
        any_crs: true,
        make: || Box::new(shapefile::Shapefile),
    },
    Format {
        word: "kml",
        about: ("KML 2.2; to look at in a globe", "KML 2.2，用于地球浏览器"),
        any_crs: false,
        make: || Box::new(kml::Kml),
    },
];

impl Format {
    /// Name of the file that holds a layer.
    fn file_of(&self, layer: &str) -> String {
        if self.word == "gpkg" { geopackage::NAME.to_owned() } else { format!("{layer}.{}", self.word) }
    }

    /// The format of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<&'static Self> {
        FORMATS.iter().find(|f| f.word == word.trim().to_ascii_lowercase())
    }
}

impl std::fmt::Debug for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word)
    }
}

/// Which formats layers are written in, and in which system.
#[derive(Clone, Debug)]
pub struct Wanted {
    formats: Vec<&'static Format>,
    crs: Crs,
    simplestyle: bool,
}

impl Default for Wanted {
    /// GeoJSON alone.
    fn default() -> Self {
        Self { formats: FORMATS.iter().take(1).collect(), crs: Crs::wgs84(), simplestyle: false }
    }
}

impl Wanted {
    /// The formats in the order of [`FORMATS`], each once, GeoJSON where none is named; `crs` for those
    /// that follow it.
    #[must_use]
    pub fn new(formats: &[&'static Format], crs: Crs) -> Self {
        let mut wanted = Self { crs, ..Self::default() };
        if !formats.is_empty() {
            wanted.formats = FORMATS.iter().filter(|f| formats.iter().any(|w| w.word == f.word)).collect();
        }
        wanted
    }

    /// With simplestyle properties in GeoJSON, or without.
    #[must_use]
    pub fn with_simplestyle(self, simplestyle: bool) -> Self {
        Self { simplestyle, ..self }
    }

    /// What files call the system.
    ///
    /// # Errors
    /// [`CrsError`] when a file can't carry it, or WGS 84 can't be brought to it.
    pub fn definition(&self) -> Result<Option<Definition>, CrsError> {
        if self.crs == Crs::wgs84() && !self.formats.iter().any(|f| f.any_crs) {
            return Ok(None);
        }
        crate::crs::FromWgs84::new(&self.crs)?;
        self.crs.definition().map(Some)
    }

    /// How many formats there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.formats.len()
    }

    /// Whether a format is among them.
    #[must_use]
    pub fn has(&self, word: &str) -> bool {
        self.formats.iter().any(|f| f.word == word)
    }

    /// The system of the formats that follow it.
    #[must_use]
    pub fn crs(&self) -> &Crs {
        &self.crs
    }
}

/// Where a layer was written to, for programs that are to open it there.
pub struct Source<'s> {
    /// As GDAL names it, from the folder of the outputs.
    pub uri: String,
    /// The system of its numbers; `None` for WGS 84.
    pub system: Option<&'s Definition>,
    /// Whether its fields go by their short names.
    pub short_names: bool,
}

/// The formats that a QGIS project had best open, by word: those that hold whole names and codes first; last
/// the one that many a QGIS comes without a driver for.
const OPENED: [&str; 7] = ["geojson", "gpkg", "fgb", "geojsonl", "shp", "kml", "parquet"];

/// The writers of a run's formats.
pub struct Writers<'w> {
    wanted: &'w Wanted,
    system: Option<Definition>,
    lang: Lang,
    open: Vec<(&'static Format, Box<dyn LayerWriter>)>,
    told: Progress,
}

impl<'w> Writers<'w> {
    /// Writers of the formats that are wanted; headings that a format has room for come in `lang`.
    ///
    /// # Errors
    /// [`ReportError`] when the system can't be written.
    pub fn new(wanted: &'w Wanted, lang: Lang) -> Result<Self, ReportError> {
        let system = wanted.definition().map_err(|e| ReportError::Failed {
            path: wanted.crs.to_string().into(),
            source: std::io::Error::other(e.to_string()),
        })?;
        let open = wanted.formats.iter().map(|f| (*f, (f.make)())).collect();
        Ok(Self { wanted, system, lang, open, told: Progress::default() })
    }

    /// Tells of every feature that is written.
    pub fn tell(&mut self, progress: &Progress) {
        self.told = progress.clone();
    }

    /// Writes a layer in every format.
    ///
    /// # Errors
    /// [`ReportError`].
    pub fn layer(
        &mut self,
        folder: &mut OutFolder,
        layer: &Layer,
        layout: &Layout,
        styles: &[Style],
    ) -> Result<(), ReportError> {
        for (format, writer) in &mut self.open {
            let system = self.system.as_ref().filter(|_| format.any_crs);
            let crs = system.is_some().then_some(&self.wanted.crs);
            let mut table = Table::new(layer, layout, crs, system, self.lang);
            table.styles = styles;
            table.told = self.told.clone();
            table.simplestyle = self.wanted.simplestyle;
            writer.layer(folder, &table)?;
        }
        Ok(())
    }

    /// The system of the formats that follow the one asked for.
    #[must_use]
    pub fn system(&self) -> Option<&Definition> {
        self.system.as_ref()
    }

    /// The file of a layer that a QGIS project opens.
    #[must_use]
    pub fn source(&self, layer: &str) -> Source<'_> {
        let open = OPENED.iter().find_map(|word| self.wanted.formats.iter().find(|f| f.word == *word));
        let format = open.copied().unwrap_or(&FORMATS[0]);
        let part = if format.word == "gpkg" { format!("|layername={layer}") } else { String::new() };
        Source {
            uri: format!("./{}{part}", format.file_of(layer)),
            system: self.system.as_ref().filter(|_| format.any_crs),
            short_names: format.word == "shp",
        }
    }

    /// The files that hold a layer, each with its format and its system, and the system of them all: that
    /// of RFC 7946 where they differ.
    #[must_use]
    pub fn files(&self, layer: &str) -> (Vec<serde_json::Value>, String) {
        const PLAIN: &str = "OGC:CRS84";
        let name = |system: Option<&Definition>| match system {
            None => PLAIN.to_owned(),
            Some(Definition { code: Some((authority, code)), .. }) => format!("{authority}:{code}"),
            Some(own) => own.name.clone(),
        };
        let systems: Vec<String> =
            self.open.iter().map(|(f, _)| name(self.system.as_ref().filter(|_| f.any_crs))).collect();
        let files = self.open.iter().zip(&systems).map(|((format, _), crs)| {
            serde_json::json!({ "file": format.file_of(layer), "format": format.word, "crs": crs })
        });
        let one = systems.first().filter(|first| systems.iter().all(|s| s == *first));
        (files.collect(), one.cloned().unwrap_or_else(|| PLAIN.to_owned()))
    }

    /// Closes all formats.
    ///
    /// # Errors
    /// [`ReportError`].
    pub fn finish(mut self, folder: &mut OutFolder) -> Result<(), ReportError> {
        self.open.iter_mut().try_for_each(|(_, w)| w.finish(folder))
    }
}
