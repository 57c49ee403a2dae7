//! Radio: propagation models, antennas, link budgets, and what a receiver gets out of them.
//!
//! Pure arithmetic: no files, no maps, no notion of a project. Propagation models live one per file (or
//! small folder) with the numbers of their equations; each states its valid range and refuses what lies
//! outside ([`Refusal`]).
//!
//! From the ground up: [`normal`] and [`tr38901`] give a path loss and its spread;
//! [`coverage_probability`] turns both radio states into one distribution and tabulates it for bulk work;
//! [`antenna`], [`link_budget`] and [`capacity`] make levels and rates of losses; [`servers`] puts them
//! together for one receiver among many cells. [`registry`] and [`link`] answer single requests by name.

pub mod antenna;
pub mod area;
pub mod capacity;
pub mod coverage_probability;
pub mod fast;
pub mod fspl;
pub mod hall;
pub mod interference;
pub mod itm;
pub mod link;
pub mod link_budget;
pub mod normal;
pub mod p1411;
pub mod p1812;
pub mod p2108;
pub mod p2109;
pub mod p452;
pub mod p676;
pub mod p838;
pub mod polarization;
pub mod profile;
pub mod refusal;
pub mod registry;
pub mod servers;
pub mod terrain_link;
pub mod terrain_path;
pub mod tr38901;

pub use refusal::Refusal;

/// Speed of light in vacuum, m/s.
pub const SPEED_OF_LIGHT_M_S: f64 = 299_792_458.0;
