//! Files in and out, one format per file. A reader returns what it kept and what it had to leave out; a file that
//! can't be read is a typed error naming the file and the place in it.

mod binding;
pub mod broken;
pub mod convert;
mod datum;
mod delimited;
mod features;
mod findings;
mod flatgeobuf;
mod foreign;
pub mod formats;
mod geojson;
mod geopackage;
mod geoparquet;
pub mod geotiff;
pub mod graphml;
mod header;
pub mod hgt;
pub mod inspect;
mod kml;
pub mod land_cover;
mod load;
#[cfg(test)]
mod load_tests;
pub mod location_files;
pub mod msi;
mod ofds;
pub mod osm;
mod packed;
mod place;
mod postgis;
pub mod project;
mod read;
mod records;
mod row;
mod settle;
mod shape;
mod shapefile;
mod source;
pub mod stp;
pub mod terrain;
pub mod values;
mod wkb;
mod workbook;
pub mod write_layers;
mod xml;

pub use load::{LoadError, LoadOptions, Refused, load, load_layers};
