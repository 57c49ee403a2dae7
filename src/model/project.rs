//! What a project file says: where the layers are and how they are written, and the settings of the run.

use super::kinds::Lang;
use super::land_cover::ClassMeaning;
use super::settings::Settings;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A project as read from its TOML file.
#[derive(Clone, Debug)]
pub struct Project {
    /// Name, for titles.
    pub name: String,
    /// Language of reports and messages.
    pub lang: Lang,
    /// The file itself.
    pub path: PathBuf,
    /// Folder to which the layers' paths are relative.
    pub folder: PathBuf,
    /// Text of the file, for the manifest.
    pub source: String,
    /// The effective settings.
    pub settings: Settings,
    /// The layers, by name.
    pub layers: BTreeMap<String, LayerSpec>,
}

impl Project {
    /// A project without layers, with default settings, in the current folder.
    ///
    /// # Errors
    /// When the embedded catalogue is broken, which a test keeps from happening.
    pub fn empty(name: &str) -> Result<Self, Vec<super::catalogue::CatalogueError>> {
        Ok(Self {
            name: name.to_owned(),
            lang: Lang::En,
            path: PathBuf::new(),
            folder: PathBuf::new(),
            source: String::new(),
            settings: Settings::with(&toml::Table::new())?,
            layers: BTreeMap::new(),
        })
    }

    /// A layer's path as a path on disk.
    #[must_use]
    pub fn resolve(&self, path: &str) -> PathBuf {
        self.folder.join(Path::new(path))
    }
}

/// Where one layer is and how it is written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LayerSpec {
    /// Files, as written in the project.
    pub paths: Vec<String>,
    /// Address of a database; its entry in `paths` says only that there is one.
    pub database: Option<Address>,
    /// Query whose rows are the layer's, of a database.
    pub query: Option<String>,
    /// Name of the format, when the extension doesn't tell.
    pub format: Option<String>,
    /// Layer within a file that holds several.
    pub layer: Option<String>,
    /// Sheet of a workbook; the first visible one otherwise.
    pub sheet: Option<String>,
    /// Row of the header, counted from one; 0: the file has none, columns are named by their number.
    pub header_row: Option<u32>,
    /// Coordinate reference system.
    pub crs: Option<String>,
    /// Text encoding.
    pub encoding: Option<String>,
    /// Column separator.
    pub delimiter: Option<char>,
    /// Standard column name to the file's column or columns; several are joined by `-`.
    pub columns: BTreeMap<String, Vec<String>>,
    /// Values for columns that are missing or blank, as text.
    pub defaults: BTreeMap<String, String>,
    /// Rows to keep: column (of the file, or standard) to the values allowed.
    pub filter: BTreeMap<String, Vec<String>>,
    /// Of a land-cover raster: what a class stands for, by its number.
    pub classes: BTreeMap<u16, ClassMeaning>,
    /// Order of the two coordinates, when it isn't east before north.
    pub axis: Option<Axis>,
    /// Longitude and latitude are exchanged in the file.
    pub swap_xy: bool,
    /// Date of the data.
    pub as_of: Option<String>,
    /// Source of the data.
    pub source: Option<String>,
    /// Made by the generator.
    pub synthetic: bool,
}

/// Where a database is and who asks: not for other eyes, so that it has no way of being shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    /// What stands in place of an address.
    pub const SHOWN: &'static str = "postgresql://";

    /// The address that a path is, if it is one: of PostgreSQL as its own programs, GDAL (`PG:`), Java
    /// (`jdbc:`) and Python (`postgresql+driver:`) write it. Addresses of others are taken too: the client
    /// refuses them, and a password in them is shown no more than one that works.
    #[must_use]
    pub fn of_path(path: &str) -> Option<Self> {
        let text = path.trim();
        let after = |text: &'_ str, word: &str| {
            let begins = text.get(..word.len()).is_some_and(|t| t.eq_ignore_ascii_case(word));
            begins.then(|| text.get(word.len()..).unwrap_or_default().to_owned())
        };
        if let Some(pairs) = after(text, "pg:") {
            return Some(Self(pairs.trim().trim_matches('"').to_owned()));
        }
        let bare = after(text, "jdbc:").unwrap_or_else(|| text.to_owned());
        if let Some((scheme, rest)) = bare.split_once(':') {
            let system = scheme.split('+').next().unwrap_or_default();
            if ["postgresql", "postgres"].iter().any(|s| system.eq_ignore_ascii_case(s)) {
                return Some(Self(format!("postgresql:{rest}")));
            }
        }
        let pairs: String = text.to_ascii_lowercase().split_whitespace().collect();
        let is_other = bare.len() < text.len()
            || text.contains("://")
            || ["password=", "passwd=", "pwd="].iter().any(|key| pairs.contains(key));
        is_other.then(|| Self(text.to_owned()))
    }

    /// What a format that is a database makes of a path.
    #[must_use]
    pub fn given(path: &str) -> Self {
        Self::of_path(path).unwrap_or_else(|| Self(path.to_owned()))
    }

    /// A text as it may be shown: an address without what it says.
    #[must_use]
    pub fn hidden_in(text: &str) -> String {
        Self::of_path(text).map_or_else(|| text.to_owned(), |_| Self::SHOWN.to_owned())
    }

    /// The text itself, for the client alone.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(Self::SHOWN)
    }
}

/// Order of two plane coordinates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// X is east.
    EastNorth,
    /// X is north.
    NorthEast,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_known_however_they_are_written() {
        for (path, text) in [
            ("postgresql://u:secret@h/d", "postgresql://u:secret@h/d"),
            (" PostgreSQL://u:secret@h/d", "postgresql://u:secret@h/d"),
            ("POSTGRES://u:secret@h/d", "postgresql://u:secret@h/d"),
            ("postgresql+psycopg://u:secret@h/d", "postgresql://u:secret@h/d"),
            ("jdbc:postgresql://h/d?user=u&password=secret", "postgresql://h/d?user=u&password=secret"),
            ("PG:\"host=h password=secret\"", "host=h password=secret"),
            ("mysql://u:secret@h/d", "mysql://u:secret@h/d"),
            ("host=h password = secret", "host=h password = secret"),
            ("jdbc:oracle:thin:u/secret@h", "jdbc:oracle:thin:u/secret@h"),
        ] {
            assert_eq!(Address::of_path(path).as_ref().map(Address::text), Some(text), "{path}");
            assert!(!Address::hidden_in(path).contains("secret"), "{path}");
        }
        for path in ["sites.csv", "C:\\data\\sites.csv", "pg/sites.csv", "数据:一.csv"] {
            assert_eq!(Address::of_path(path), None, "{path}");
            assert_eq!(Address::hidden_in(path), path);
        }
    }
}
