//! InH, indoor hotspot (office), Tables 7.4.1-1 and 7.4.2-1.

use super::{Line, LosProbability, Place, Prepared, RangeBasis, Refusal};

/// Kind of office: it shapes the LOS probability.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Office {
    /// Cubicles and closed rooms.
    Mixed,
    /// Open plan.
    Open,
}

pub(super) fn prepare(place: &Place, office: Office) -> Result<Prepared, Refusal> {
    place.check_heights(0.5..=20.0, 0.5..=20.0)?;
    let lg_f = place.freq_ghz.log10();
    let los = Line::new(32.4 + 20.0 * lg_f, 17.3);
    let nlos = Line::new(17.3 + 24.9 * lg_f, 38.3);
    Ok(Prepared {
        model: place.model,
        height_difference_squared: place.height_difference_squared(),
        breakpoint_m: f64::INFINITY,
        near: los,
        far: los,
        nlos: [nlos, nlos],
        los_probability: match office {
            Office::Mixed => {
                LosProbability::Office { near_m: 1.2, first_m: 4.7, far_m: 6.5, second_m: 32.6, share: 0.32 }
            }
            // At 49 m itself the first branch still holds; the two differ there by 0.0027.
            Office::Open => LosProbability::Office {
                near_m: 5.0,
                first_m: 70.8,
                far_m: 49.0f64.next_up(),
                second_m: 211.7,
                share: 0.54,
            },
        },
        sigma_los_near_db: 3.0,
        sigma_los_far_db: 3.0,
        sigma_nlos_db: 8.03,
        range_basis: RangeBasis::Space,
        min_m: 1.0,
        max_los_m: 150.0,
        max_nlos_m: 150.0,
        always_los: false,
    })
}
