//! `NAME.geojson`.

use super::{LayerWriter, Table};
use crate::report::geojson;
use crate::report::out::{OutFolder, ReportError};

/// The writer.
pub(super) struct GeoJson;

impl LayerWriter for GeoJson {
    fn layer(&mut self, folder: &mut OutFolder, table: &Table) -> Result<(), ReportError> {
        folder.file(&format!("{}.geojson", table.name()), |mut out| {
            geojson::write(table.layer, table.layout, table.own_style(), &table.told, &mut out)
        })
    }
}
