//! Files in and out, one format per file. A reader returns what it kept and what it had to leave out; a file that
//! can't be read is a typed error naming the file and the place in it.

mod binding;
pub mod broken;
mod delimited;
mod findings;
pub mod geotiff;
pub mod graphml;
mod header;
pub mod hgt;
pub mod osm;
mod place;
pub mod project;
mod read;
mod records;
mod row;
mod shape;
mod source;
pub mod terrain;
pub mod write_layers;
pub mod values;
mod xml;
