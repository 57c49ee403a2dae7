//! The domain: what a planner's inputs mean, and the one catalogue of defaults. Knows nothing of files.

pub mod antennas;
pub mod bands;
pub mod catalogue;
pub mod cell_list;
pub mod clusters;
pub mod grid;
pub mod inputs;
pub mod issues;
pub mod kinds;
pub mod land_cover;
pub mod notes;
pub mod operators;
pub mod planned;
pub mod presets;
pub mod progress;
pub mod project;
pub mod quantity;
pub mod records;
pub mod rules;
pub mod said;
pub mod schema;
pub mod seats;
pub mod settings;
pub mod submissions;
pub mod text;
pub mod words;
