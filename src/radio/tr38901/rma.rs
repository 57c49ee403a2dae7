//! RMa, Tables 7.4.1-1 and 7.4.2-1. SMa shares its path loss.

use super::{Line, LosProbability, Place, Prepared, RangeBasis, Refusal, within};

/// What stands around a rural base station.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Surroundings {
    /// Average street width W, 5–50 m.
    pub street_width_m: f64,
    /// Average building height h, 5–50 m.
    pub building_height_m: f64,
}

impl Surroundings {
    /// The TR's own values for RMa: streets of 20 m, houses of 5 m.
    pub const RURAL: Self = Self { street_width_m: 20.0, building_height_m: 5.0 };
}

pub(super) fn prepare(place: &Place, surroundings: Surroundings) -> Result<Prepared, Refusal> {
    let mut prepared = prepare_path_loss(place, surroundings)?;
    // A NLOS loss below the LOS loss can't be: the LOS line is the floor.
    prepared.max_los_m = 10_000.0;
    prepared.los_probability = LosProbability::Exponential { near_m: 10.0, offset_m: 10.0, decay_m: 1000.0 };
    Ok(prepared)
}

/// The path loss that RMa and SMa share; LOS probability and LOS range are RMa's and SMa's own.
pub(super) fn prepare_path_loss(place: &Place, surroundings: Surroundings) -> Result<Prepared, Refusal> {
    place.check_heights(10.0..=150.0, 1.0..=10.0)?;
    let Surroundings { street_width_m: w, building_height_m: h } = surroundings;
    within(place.model, "street_width_m", w, 5.0..=50.0, " m")?;
    within(place.model, "building_height_m", h, 5.0..=50.0, " m")?;
    let (bs, ut) = (place.bs_m, place.ut_m);
    let h_172 = h.powf(1.72);
    let near = Line {
        intercept: 20.0 * (40.0 * std::f64::consts::PI * place.freq_ghz / 3.0).log10()
            - (0.044 * h_172).min(14.77),
        slope: 20.0 + (0.03 * h_172).min(10.0),
        per_metre: 0.002 * h.log10(),
    };
    let breakpoint_m = std::f64::consts::TAU * bs * ut / place.wavelength_m;
    let lg_breakpoint = breakpoint_m.log10();
    let slope = 43.42 - 3.1 * bs.log10();
    let nlos = Line::new(
        161.04 - 7.1 * w.log10() + 7.5 * h.log10()
            - (24.37 - 3.7 * (h / bs).powi(2)) * bs.log10()
            - 3.0 * slope
            + 20.0 * place.freq_ghz.log10()
            - (3.2 * (11.75 * ut).log10().powi(2) - 4.97),
        slope,
    );
    Ok(Prepared {
        model: place.model,
        height_difference_squared: place.height_difference_squared(),
        breakpoint_m,
        near,
        far: Line::new(near.at(breakpoint_m, lg_breakpoint) - 40.0 * lg_breakpoint, 40.0),
        nlos: [nlos, nlos],
        los_probability: LosProbability::Certain,
        sigma_los_near_db: 4.0,
        sigma_los_far_db: 6.0,
        sigma_nlos_db: 8.0,
        range_basis: RangeBasis::Ground,
        min_m: 10.0,
        max_los_m: 5000.0,
        max_nlos_m: 5000.0,
        always_los: false,
    })
}
