//! Files in and out, one format per file. A reader returns what it kept and what it had to leave out; a file that
//! can't be read is a typed error naming the file and the place in it.

mod binding;
pub mod broken;
pub mod convert;
mod datum;
mod delimited;
mod features;
mod findings;
mod foreign;
pub mod geotiff;
pub mod graphml;
mod header;
pub mod hgt;
pub mod inspect;
mod load;
#[cfg(test)]
mod load_tests;
pub mod location_files;
pub mod msi;
pub mod osm;
mod place;
pub mod project;
mod read;
mod records;
mod row;
mod settle;
mod shape;
mod source;
pub mod stp;
pub mod terrain;
pub mod values;
mod workbook;
pub mod write_layers;
mod xml;

pub use load::{LoadError, LoadOptions, Refused, load, load_layers};
