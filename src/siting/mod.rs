//! Base-station placement: where antennas could stand, what each place would lift, and the choice.
//!
//! [`places`] lists what there is to choose from, existing towers first; [`choose`] picks from it with a
//! proven bound. What a place would give a site comes in as a function, so that the choice knows nothing
//! of propagation.

pub mod capacity;
mod choice;
pub mod halls;
mod places;
mod sectors;

pub use choice::{Choice, Goal, Lift, Need, Problem, RadioOption, SitingError, choose};
pub use places::{Place, places};
pub use sectors::{SECTORS, carrier_name, sectors};
