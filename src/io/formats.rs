//! The formats of input files. A new one whose rows are features is a file with a `FeatureFormat` and a
//! line in [`FORMATS`].

use super::features::FeatureFormat;
use super::{flatgeobuf, geojson, geopackage, geoparquet, kml, ofds, postgis, shapefile};
use crate::model::project::LayerSpec;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

/// A format of input files.
pub struct Format {
    /// Words that name it in a project, and with which names of files end; the first is its name.
    pub words: &'static [&'static str],
    /// Those of them that are words alone: nobody ends a file's name so.
    words_alone: &'static [&'static str],
    /// What it is, in English and Chinese.
    pub about: (&'static str, &'static str),
    /// Whether a file that begins with these bytes is one.
    begins: fn(&[u8]) -> bool,
    pub(super) how: How,
}

/// How a format's rows become records.
#[derive(Clone, Copy)]
pub(super) enum How {
    /// Separated columns below a header that has to be found.
    Delimited,
    /// Sheets with a header that has to be found.
    Workbook,
    /// Features with named properties.
    Features(&'static dyn FeatureFormat),
    /// A model of its own that feeds several layers.
    Osm,
    /// A backbone's nodes and links.
    Topology,
    /// Heights or classes, not rows.
    Grid,
}

impl PartialEq for Format {
    fn eq(&self, other: &Self) -> bool {
        self.word() == other.word()
    }
}

impl std::fmt::Debug for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

fn text_with(head: &[u8], first: u8, word: &str) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    head.iter().find(|b| !b.is_ascii_whitespace()) == Some(&first)
        && memchr::memmem::find(head, word.as_bytes()).is_some()
}

/// All formats; where the beginning of a file fits several, the first of them.
pub static FORMATS: &[Format] = &[
    Format {
        words: &["csv", "tsv", "txt", "delimited"],
        words_alone: &["delimited"],
        about: ("text with separated columns", "分隔符文本"),
        // What is left when nothing else fits; see `of_content`.
        begins: |_| false,
        how: How::Delimited,
    },
    Format {
        words: &["xlsx", "xls", "xlsb", "xlsm", "ods"],
        words_alone: &[],
        about: ("a workbook", "电子表格"),
        begins: |head| head.starts_with(b"PK") || head.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]),
        how: How::Workbook,
    },
    Format {
        words: &["ofds", "ofds.json"],
        words_alone: &[],
        about: ("Open Fibre Data Standard 0.3, nodes and spans", "开放光纤数据标准 OFDS 0.3，节点与区段"),
        begins: ofds::begins,
        how: How::Features(&ofds::Ofds),
    },
    Format {
        words: &["geojson", "json", "geojsonl", "ndjson", "geojsons", "jsonl"],
        words_alone: &[],
        about: ("GeoJSON, a collection or one feature a line", "GeoJSON，要素集合或逐行要素"),
        begins: |head| text_with(head, b'{', ""),
        how: How::Features(&geojson::GeoJson),
    },
    Format {
        words: &["gpkg"],
        words_alone: &[],
        about: ("GeoPackage, a layer of it", "GeoPackage 中的一个图层"),
        begins: |head| head.starts_with(b"SQLite format 3\0"),
        how: How::Features(&geopackage::GeoPackage),
    },
    Format {
        words: &["fgb", "flatgeobuf"],
        words_alone: &["flatgeobuf"],
        about: ("FlatGeobuf", "FlatGeobuf"),
        begins: |head| head.starts_with(b"fgb"),
        how: How::Features(&flatgeobuf::FlatGeobuf),
    },
    Format {
        words: &["shp", "shapefile"],
        words_alone: &["shapefile"],
        about: (
            "ESRI Shapefile with .shx and .dbf, or a ZIP of them",
            "Shapefile（含 .shx、.dbf），或其 ZIP",
        ),
        begins: |head| head.starts_with(&[0, 0, 0x27, 0x0a]),
        how: How::Features(&shapefile::Shapefile),
    },
    Format {
        words: &["parquet", "geoparquet"],
        words_alone: &[],
        about: ("GeoParquet, or Parquet without geometry", "GeoParquet，或不含几何的 Parquet"),
        begins: |head| head.starts_with(b"PAR1"),
        how: How::Features(&geoparquet::GeoParquet),
    },
    Format {
        words: &["kml", "kmz"],
        words_alone: &[],
        about: ("KML, plain or packed as KMZ", "KML 或 KMZ"),
        begins: |head| text_with(head, b'<', "<kml"),
        how: How::Features(&kml::Kml),
    },
    Format {
        words: &["postgresql", "postgis"],
        words_alone: &["postgresql", "postgis"],
        about: ("a table or query of PostgreSQL with PostGIS", "PostgreSQL/PostGIS 的表或查询"),
        begins: |_| false,
        how: How::Features(&postgis::PostGis),
    },
    Format {
        words: &["osm.pbf", "pbf"],
        words_alone: &[],
        about: ("OpenStreetMap, PBF", "OpenStreetMap PBF"),
        begins: |_| false,
        how: How::Osm,
    },
    Format {
        words: &["osm", "osm.xml"],
        words_alone: &[],
        about: ("OpenStreetMap, XML", "OpenStreetMap XML"),
        begins: |head| text_with(head, b'<', "<osm"),
        how: How::Osm,
    },
    Format {
        words: &["graphml"],
        words_alone: &[],
        about: ("a backbone's topology", "骨干网拓扑"),
        begins: |head| text_with(head, b'<', "<graphml"),
        how: How::Topology,
    },
    Format {
        words: &["hgt"],
        words_alone: &[],
        about: ("heights, SRTM tile", "SRTM 高程图幅"),
        begins: |_| false,
        how: How::Grid,
    },
    Format {
        words: &["tif", "tiff", "geotiff"],
        words_alone: &[],
        about: ("heights, GeoTIFF", "GeoTIFF 高程"),
        begins: |head| head.starts_with(b"II*\0") || head.starts_with(b"MM\0*"),
        how: How::Grid,
    },
];

impl Format {
    /// The format of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<&'static Self> {
        let word = word.trim().to_ascii_lowercase();
        FORMATS.iter().find(|f| f.words.contains(&word.as_str()))
    }

    /// The format that a file name tells, `.gz` and `.zip` set aside.
    #[must_use]
    pub fn of_name(path: &Path) -> Option<&'static Self> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        let name = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zip")).unwrap_or(&name);
        FORMATS
            .iter()
            .flat_map(|f| f.ends().map(move |w| (f, w)))
            .filter(|(_, w)| name.strip_suffix(w).is_some_and(|stem| stem.ends_with('.')))
            .max_by_key(|(_, w)| w.len())
            .map(|(f, _)| f)
    }

    /// The format of what a ZIP archive holds: a Shapefile, KML, or one file that is read packed.
    fn of_archive(path: &Path) -> Option<&'static Self> {
        let archive = zip::ZipArchive::new(BufReader::new(File::open(path).ok()?)).ok()?;
        let files = super::packed::files(&archive);
        let holds = |word: &str| {
            let format = Self::parse(word)?;
            files.iter().any(|f| Self::of_name(Path::new(&f.name)) == Some(format)).then_some(format)
        };
        holds("shp").or_else(|| holds("kml")).or_else(|| match files.as_slice() {
            [_] => holds("csv").or_else(|| holds("geojson")),
            _ => None,
        })
    }

    /// The format that a file's first bytes tell.
    #[must_use]
    pub fn of_content(path: &Path) -> Option<&'static Self> {
        if let Some(format) = Self::of_archive(path) {
            return Some(format);
        }
        let mut head = Vec::new();
        File::open(path).ok()?.take(4096).read_to_end(&mut head).ok()?;
        FORMATS.iter().find(|f| (f.begins)(&head)).or_else(|| {
            let columns = !head.contains(&0) && head.iter().any(|b| b",;\t|".contains(b));
            FORMATS.first().filter(|_| columns)
        })
    }

    /// The format of one of a layer's files: as the project says, as the name tells, or what an archive
    /// holds that tells nothing by its name.
    pub(super) fn of_file(spec: &LayerSpec, shown: &str, path: &Path) -> Option<&'static Self> {
        let is_archive = || path.extension().is_some_and(|e| e.eq_ignore_ascii_case("zip"));
        match &spec.format {
            Some(word) => Self::parse(word),
            None => Self::of_name(Path::new(shown))
                .or_else(|| is_archive().then(|| Self::of_archive(path)).flatten()),
        }
    }

    /// The files that one of a layer's paths stands for: several where a format is spread over them.
    #[must_use]
    pub fn parts(spec: &LayerSpec, shown: &str, path: &Path) -> Vec<PathBuf> {
        match Self::of_file(spec, shown, path).map(|f| f.how) {
            Some(How::Features(format)) => format.parts(path),
            _ => vec![path.to_path_buf()],
        }
    }

    /// Its name in a project.
    #[must_use]
    pub fn word(&self) -> &'static str {
        self.words.first().copied().unwrap_or_default()
    }

    /// With what the names of its files end.
    pub fn ends(&self) -> impl Iterator<Item = &'static str> {
        self.words.iter().copied().filter(move |w| !self.words_alone.contains(w))
    }

    /// The names of all formats.
    #[must_use]
    pub fn all() -> String {
        FORMATS.iter().map(Self::word).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_formats() {
        for (name, format) in [
            ("a.csv.gz", Some("csv")),
            ("工参.XLSX", Some("xlsx")),
            ("andorra.osm.pbf", Some("osm.pbf")),
            ("x.osm.xml", Some("osm")),
            ("N42E001.hgt.zip", Some("hgt")),
            ("notes", None),
        ] {
            assert_eq!(Format::of_name(Path::new(name)).map(Format::word), format, "{name}");
        }
    }
}
