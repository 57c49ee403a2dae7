//! UMi street canyon, Tables 7.4.1-1 and 7.4.2-1.

use super::{Line, LosProbability, Place, Prepared, RangeBasis, Refusal};

/// Effective environment height h_E (note 1).
const ENVIRONMENT_HEIGHT_M: f64 = 1.0;

pub(super) fn prepare(place: &Place) -> Result<Prepared, Refusal> {
    place.check_heights(3.0..=50.0, 1.5..=22.5)?;
    let lg_f = place.freq_ghz.log10();
    let height_difference_squared = place.height_difference_squared();
    let breakpoint_m =
        4.0 * (place.bs_m - ENVIRONMENT_HEIGHT_M) * (place.ut_m - ENVIRONMENT_HEIGHT_M) / place.wavelength_m;
    let far = 32.4 + 20.0 * lg_f - 9.5 * (breakpoint_m * breakpoint_m + height_difference_squared).log10();
    let nlos = Line::new(22.4 + 21.3 * lg_f - 0.3 * (place.ut_m - 1.5), 35.3);
    Ok(Prepared {
        model: place.model,
        height_difference_squared,
        breakpoint_m,
        near: Line::new(32.4 + 20.0 * lg_f, 21.0),
        far: Line::new(far, 40.0),
        nlos: [nlos, nlos],
        los_probability: LosProbability::Street { near_m: 18.0, decay_m: 36.0, height_bonus: 0.0 },
        sigma_los_near_db: 4.0,
        sigma_los_far_db: 4.0,
        sigma_nlos_db: 7.82,
        range_basis: RangeBasis::Ground,
        min_m: 10.0,
        max_los_m: 5000.0,
        max_nlos_m: 5000.0,
        always_los: false,
    })
}
