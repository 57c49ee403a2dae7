//! Files in and out, one format per file. A reader returns what it kept and what it had to leave out; a file that
//! can't be read is a typed error naming the file and the place in it.

pub mod broken;
pub mod geotiff;
pub mod graphml;
pub mod hgt;
pub mod osm;
pub mod project;
pub mod terrain;
pub mod write_layers;
mod xml;
