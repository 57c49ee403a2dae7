//! Everything that covplan writes: layers for maps, the report in several formats, the manifest.
//!
//! [`layers`], [`plan_layers`] and [`tables`] define what there is to write; one file per format writes
//! it. [`write_coverage`] and [`write_plan`] make a whole folder.

pub mod csv;
#[cfg(test)]
pub(crate) mod fixture;
pub mod geojson;
pub mod geometry;
pub mod layer;
pub mod layers;
pub mod manifest;
pub mod metadata;
pub mod number;
pub mod out;
pub mod plan_layers;
pub mod tables;
pub mod write;

pub use out::{OutFolder, OutputFile, ReportError};
pub use write::{InputFile, OutOptions, RunInfo, write_coverage, write_plan};
