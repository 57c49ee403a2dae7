//! UMa, Tables 7.4.1-1 and 7.4.2-1.

use super::{Line, LosProbability, Place, Prepared, RangeBasis, Refusal};

/// Effective environment height h_E. For receivers below 13 m it is 1 m with certainty (note 1); above,
/// the TR draws it at random per link and 1 m is the value kept here.
const ENVIRONMENT_HEIGHT_M: f64 = 1.0;

pub(super) fn prepare(place: &Place) -> Result<Prepared, Refusal> {
    place.check_heights(10.0..=150.0, 1.5..=22.5)?;
    let f = 20.0 * place.freq_ghz.log10();
    let height_difference_squared = place.height_difference_squared();
    let breakpoint_m =
        4.0 * (place.bs_m - ENVIRONMENT_HEIGHT_M) * (place.ut_m - ENVIRONMENT_HEIGHT_M) / place.wavelength_m;
    let far = 28.0 + f - 9.0 * (breakpoint_m * breakpoint_m + height_difference_squared).log10();
    let nlos = Line::new(13.54 + f - 0.6 * (place.ut_m - 1.5), 39.08);
    Ok(Prepared {
        model: place.model,
        height_difference_squared,
        breakpoint_m,
        near: Line::new(28.0 + f, 22.0),
        far: Line::new(far, 40.0),
        nlos: [nlos, nlos],
        los_probability: LosProbability::Street {
            near_m: 18.0,
            decay_m: 63.0,
            height_bonus: if place.ut_m <= 13.0 { 0.0 } else { ((place.ut_m - 13.0) / 10.0).powf(1.5) },
        },
        sigma_los_near_db: 4.0,
        sigma_los_far_db: 4.0,
        sigma_nlos_db: 6.0,
        range_basis: RangeBasis::Ground,
        min_m: 10.0,
        max_los_m: 5000.0,
        max_nlos_m: 5000.0,
        always_los: false,
    })
}
