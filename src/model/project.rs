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

    /// The address that a path is, if it is one.
    #[must_use]
    pub fn of_path(path: &str) -> Option<Self> {
        let is_one = ["postgresql:", "postgres:"].iter().any(|scheme| path.starts_with(scheme));
        is_one.then(|| Self(path.to_owned()))
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
