//! SMa (V19), Tables 7.4.1-1 and 7.4.2-1: RMa's path loss with denser, lower clutter in the LOS
//! probability.
//!
//! No reference program with SMa is known to the authors; constants follow the table of V19.

use super::rma::{Surroundings, prepare_path_loss};
use super::{LosProbability, Place, Prepared, Refusal, within};

/// A suburb: streets, houses, and trees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Suburb {
    /// Streets and houses.
    pub surroundings: Surroundings,
    /// Share of the ground under trees: 0 none, 0.1 sparse, 0.2 dense.
    pub vegetation_density: f64,
}

impl Suburb {
    /// The TR's own values: streets of 10 m, houses of 10 m, sparse trees.
    pub const TYPICAL: Self = Self {
        surroundings: Surroundings { street_width_m: 10.0, building_height_m: 10.0 },
        vegetation_density: 0.1,
    };
}

/// Mean size of a clutter object, metres.
const CLUTTER_SIZE_M: f64 = 30.0;
/// Density and height in metres of commercial buildings.
const COMMERCIAL: (f64, f64) = (0.02, 20.0);
/// Density and height in metres of houses.
const RESIDENTIAL: (f64, f64) = (0.18, 8.0);
/// Height of trees, metres.
const TREE_HEIGHT_M: f64 = 15.0;

pub(super) fn prepare(place: &Place, suburb: Suburb) -> Result<Prepared, Refusal> {
    let mut prepared = prepare_path_loss(place, suburb.surroundings)?;
    let trees = within(place.model, "vegetation_density", suburb.vegetation_density, 0.0..=0.5, "")?;
    if place.bs_m <= place.ut_m {
        return Err(Refusal::Inconsistent {
            model: place.model,
            reason: "the base station must stand higher than the user".into(),
        });
    }
    // Each kind of clutter blocks like that of InF-SH: a share of the path lies below its height.
    let blocking: f64 = [COMMERCIAL, RESIDENTIAL, (trees, TREE_HEIGHT_M)]
        .into_iter()
        .map(|(density, height)| -(1.0 - density).ln() * (height - place.ut_m).max(0.0))
        .sum::<f64>()
        / (CLUTTER_SIZE_M * (place.bs_m - place.ut_m));
    prepared.los_probability = LosProbability::Exponential {
        near_m: 10.0,
        offset_m: 0.0,
        decay_m: if blocking > 0.0 { 1.0 / blocking } else { f64::INFINITY },
    };
    Ok(prepared)
}
