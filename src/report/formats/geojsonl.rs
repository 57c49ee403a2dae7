//! `NAME.geojsonl`: one feature a line.

use super::{LayerWriter, Table};
use crate::report::geojson;
use crate::report::out::{OutFolder, ReportError};

/// The writer.
pub(super) struct GeoJsonLines;

impl LayerWriter for GeoJsonLines {
    fn layer(&mut self, folder: &mut OutFolder, table: &Table) -> Result<(), ReportError> {
        folder.file(&format!("{}.geojsonl", table.name()), |out| {
            geojson::write_lines(table.layer, table.layout, table.own_style(), &table.told, out)
        })
    }
}
