//! InF, indoor factory, Tables 7.2-4, 7.4.1-1 and 7.4.2-1.

use super::{Line, LosProbability, Place, Prepared, RangeBasis, Refusal, within};

/// Factory halls by clutter (sparse, dense) and base station height (within or above the clutter).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hall {
    /// InF-SL: sparse clutter, base station within it.
    SparseLow,
    /// InF-DL: dense clutter, base station within it.
    DenseLow,
    /// InF-SH: sparse clutter, base station above it.
    SparseHigh,
    /// InF-DH: dense clutter, base station above it.
    DenseHigh,
    /// InF-HH: both ends above the clutter.
    HighHigh,
}

impl Hall {
    /// The model's name, as requests use it.
    #[must_use]
    pub const fn model(self) -> &'static str {
        match self {
            Self::SparseLow => "tr38901-inf-sl",
            Self::DenseLow => "tr38901-inf-dl",
            Self::SparseHigh => "tr38901-inf-sh",
            Self::DenseHigh => "tr38901-inf-dh",
            Self::HighHigh => "tr38901-inf-hh",
        }
    }
}

/// Machines, racks and stores in a hall.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clutter {
    /// Share of the floor that clutter takes, above 0 and below 1.
    pub density: f64,
    /// Typical size of a clutter object, metres.
    pub size_m: f64,
    /// Height of the clutter, metres.
    pub height_m: f64,
}

impl Clutter {
    /// The TR's own sizes for a hall class (Table 7.2-4): sparse 10 m and 20 %, dense 2 m and 60 %; the
    /// height is an assumption within the table's 0–10 m.
    #[must_use]
    pub const fn typical(hall: Hall) -> Self {
        match hall {
            Hall::SparseLow | Hall::SparseHigh | Hall::HighHigh => {
                Self { density: 0.2, size_m: 10.0, height_m: 3.0 }
            }
            Hall::DenseLow | Hall::DenseHigh => Self { density: 0.6, size_m: 2.0, height_m: 3.0 },
        }
    }
}

pub(super) fn prepare(place: &Place, hall: Hall, clutter: Clutter) -> Result<Prepared, Refusal> {
    place.check_heights(0.5..=50.0, 0.5..=50.0)?;
    let los_probability = los_probability(place, hall, clutter)?;
    let f = 20.0 * place.freq_ghz.log10();
    let los = Line::new(31.84 + 0.95 * f, 21.5);
    let sparse_low = Line::new(33.0 + f, 25.5);
    let (nlos, sigma_nlos_db) = match hall {
        Hall::SparseLow => ([sparse_low, sparse_low], 5.7),
        Hall::DenseLow => ([Line::new(18.6 + f, 35.7), sparse_low], 7.2),
        Hall::SparseHigh => ([Line::new(32.4 + f, 23.0); 2], 5.9),
        Hall::DenseHigh => ([Line::new(33.63 + f, 21.9); 2], 4.0),
        Hall::HighHigh => ([los, los], 4.3),
    };
    Ok(Prepared {
        model: place.model,
        height_difference_squared: place.height_difference_squared(),
        breakpoint_m: f64::INFINITY,
        near: los,
        far: los,
        nlos,
        los_probability,
        sigma_los_near_db: 4.3,
        sigma_los_far_db: 4.3,
        sigma_nlos_db,
        range_basis: RangeBasis::Space,
        min_m: 1.0,
        max_los_m: 600.0,
        max_nlos_m: 600.0,
        always_los: matches!(hall, Hall::HighHigh),
    })
}

fn los_probability(place: &Place, hall: Hall, clutter: Clutter) -> Result<LosProbability, Refusal> {
    within(place.model, "clutter_density", clutter.density, 0.001..=0.999, "")?;
    within(place.model, "clutter_size_m", clutter.size_m, 0.1..=100.0, " m")?;
    within(place.model, "clutter_height_m", clutter.height_m, 0.0..=10.0, " m")?;
    if matches!(hall, Hall::HighHigh) {
        return Ok(LosProbability::Certain);
    }
    let mut decay_m = -clutter.size_m / (1.0 - clutter.density).ln();
    if matches!(hall, Hall::SparseHigh | Hall::DenseHigh) {
        let (above_user, above_clutter) = (clutter.height_m - place.ut_m, place.bs_m - clutter.height_m);
        if above_user <= 0.0 || above_clutter < 0.0 {
            return Err(Refusal::Inconsistent {
                model: place.model,
                reason: format!(
                    "needs user ({} m) below clutter ({} m) below base station ({} m): pick the class of \
                     hall that fits (HH when both ends are above, SL or DL when both are below)",
                    place.ut_m, clutter.height_m, place.bs_m
                ),
            });
        }
        decay_m *= (place.bs_m - place.ut_m) / above_user;
    }
    Ok(LosProbability::Exponential { near_m: 0.0, offset_m: 0.0, decay_m })
}
