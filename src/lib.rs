//! covplan
pub mod geom;
pub mod units;
