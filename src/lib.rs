//! covplan: 5G, fiber and data-center planning for industrial regions.
//!
//! ```text
//! cli | report | policy | plan
//! siting  fiber  datacenter
//! coverage
//! network  synth
//! radio  index  optimise  io
//! graph
//! crs
//! model
//! units  geom
//! ```
//! A room uses only rooms below its line; rooms on one line don't know each other.

pub mod cli;
pub mod coverage;
pub mod crs;
pub mod datacenter;
pub mod fiber;
pub mod geom;
pub mod graph;
pub mod index;
pub mod io;
pub mod model;
pub mod network;
pub mod optimise;
pub mod plan;
pub mod radio;
pub mod report;
pub mod siting;
pub mod synth;
pub mod units;
