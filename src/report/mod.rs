//! Everything that covplan writes: layers for maps, the report in several formats, the manifest.
//!
//! [`layers`], [`plan_layers`] and [`tables`] define what there is to write; one file per format writes
//! it. [`write_coverage`] and [`write_plan`] make a whole folder; [`area`] makes that of a map.

pub mod answers;
pub mod area;
mod assumptions;
pub mod center_layers;
mod center_words;
pub mod chart;
pub mod contours;
pub mod coverage_document;
pub mod csv;
pub mod dictionary;
pub mod document;
pub mod explain;
#[cfg(test)]
pub(crate) mod fixture;
pub mod formats;
mod front;
pub mod geojson;
pub mod geometry;
pub mod geotiff;
mod given;
pub mod html;
pub mod issues;
pub mod layer;
pub mod layers;
pub mod manifest;
pub mod markdown;
pub mod materials;
pub mod metadata;
pub mod number;
pub mod ofds;
pub(crate) mod other_questions;
pub mod out;
mod plan_costs;
pub mod plan_document;
mod plan_headline;
pub mod plan_json;
pub mod plan_layers;
mod plan_order;
pub mod qgis;
pub mod redact;
mod small_map;
pub mod symbology;
pub mod tables;
pub mod text;
pub mod tiles;
pub mod write;
pub mod xlsx;
pub mod xml;

pub use answers::Answer;
pub use coverage_document::coverage_document;
pub use document::Document;
pub use explain::{ExplainError, Explanation, explain};
pub use issues::{issues_json, issues_text};
pub use layers::View;
pub use out::{OutFolder, OutputFile, ReportError};
pub use plan_document::plan_document;
pub use redact::Released;
pub use text::{full_text, text};
pub use write::{InputFile, OutOptions, RunInfo, write_coverage, write_plan};
