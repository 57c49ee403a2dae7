//! 3GPP TR 38.901, §7.4: path loss, LOS probability, shadow fading and building entry, 0.5–100 GHz.
//!
//! Every scenario of Table 7.4.1-1 is, for given frequency and heights, a few straight lines over the
//! logarithm of the 3D distance: a LOS line with one breakpoint, and NLOS lines of which the highest
//! counts. [`Scenario::prepare`] works those lines out once ([`Prepared`]); a loss then costs a square
//! root and a logarithm, and less where many are asked for at once ([`Prepared::states_of`]). One file per
//! family holds the coefficients.
//!
//! Editions V16 and V19 differ here in the IRR glass of [`o2i`], and V19 adds the scenario SMa. The TR
//! rounds the speed of light to 3·10⁸ m/s; the exact value is used (0.006 dB past a breakpoint).

mod batch;
mod inf;
mod inh;
pub mod o2i;
mod rma;
mod sma;
mod uma;
mod umi;

use super::refusal::{Refusal, within};
use crate::units::{Db, Metres, Mhz};
pub use batch::StatesOf;
pub use inf::{Clutter, Hall};
pub use inh::Office;
pub use rma::Surroundings;
pub use sma::Suburb;
use std::ops::RangeInclusive;

/// Edition of the TR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edition {
    /// V16 (and V17, V18: the same formulas).
    V16,
    /// V19, with the SMa scenario and a revised IRR glass.
    V19,
}

/// Whether the receiver sees the base station.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LosState {
    /// Line of sight.
    Los,
    /// No line of sight.
    Nlos,
}

/// A scenario of §7.2 with what it needs to know of the place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scenario {
    /// Urban macro: masts above the surrounding roofs.
    Uma,
    /// Urban micro, street canyon: antennas below the surrounding roofs.
    Umi,
    /// Rural macro.
    Rma(Surroundings),
    /// Suburban macro (V19).
    Sma(Suburb),
    /// Indoor hotspot, office.
    Inh(Office),
    /// Indoor factory.
    Inf(Hall, Clutter),
}

/// One line of path loss: `intercept + slope·lg d3D + per_metre·d3D`, in dB and metres.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Line {
    intercept: f64,
    slope: f64,
    per_metre: f64,
}

impl Line {
    const fn new(intercept: f64, slope: f64) -> Self {
        Self { intercept, slope, per_metre: 0.0 }
    }

    #[inline]
    fn at(&self, d3d_m: f64, lg_d3d: f64) -> f64 {
        self.intercept + self.slope * lg_d3d + self.per_metre * d3d_m
    }
}

/// The forms of Table 7.4.2-1.
#[derive(Clone, Copy, Debug, PartialEq)]
enum LosProbability {
    /// `near/d + e^(−d/decay)·(1 − near/d)` beyond `near`, times UMa's bonus for high receivers.
    Street { near_m: f64, decay_m: f64, height_bonus: f64 },
    /// `e^(−(d − offset)/decay)` beyond `near`.
    Exponential { near_m: f64, offset_m: f64, decay_m: f64 },
    /// Two exponentials: `e^(−(d − near)/first)` to `far`, then `share·e^(−(d − far)/second)`.
    Office { near_m: f64, first_m: f64, far_m: f64, second_m: f64, share: f64 },
    /// Always in sight.
    Certain,
}

impl LosProbability {
    #[inline]
    fn at(&self, d: f64) -> f64 {
        match *self {
            Self::Street { near_m, decay_m, height_bonus } => {
                if d <= near_m {
                    return 1.0;
                }
                let near = near_m / d;
                let base = near + (-d / decay_m).exp() * (1.0 - near);
                if height_bonus == 0.0 {
                    return base;
                }
                (base * (1.0 + height_bonus * 1.25 * (d / 100.0).powi(3) * (-d / 150.0).exp())).min(1.0)
            }
            Self::Exponential { near_m, offset_m, decay_m } => {
                if d <= near_m {
                    1.0
                } else {
                    (-(d - offset_m) / decay_m).exp()
                }
            }
            Self::Office { near_m, first_m, far_m, second_m, share } => {
                if d <= near_m {
                    1.0
                } else if d < far_m {
                    (-(d - near_m) / first_m).exp()
                } else {
                    (-(d - far_m) / second_m).exp() * share
                }
            }
            Self::Certain => 1.0,
        }
    }
}

/// Which distance a scenario's range speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RangeBasis {
    /// Along the ground.
    Ground,
    /// Between the antennas.
    Space,
}

/// Loss and spread of both radio states at one distance, and how likely each is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct States {
    /// Median path loss in line of sight, dB.
    pub los_db: f64,
    /// Median path loss without line of sight, dB.
    pub nlos_db: f64,
    /// Probability of line of sight.
    pub p_los: f64,
    /// Shadow fading σ in line of sight, dB.
    pub sigma_los_db: f64,
    /// Shadow fading σ without line of sight, dB.
    pub sigma_nlos_db: f64,
}

/// A scenario worked out for one frequency and one pair of heights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prepared {
    model: &'static str,
    height_difference_squared: f64,
    /// Ground distance up to which the near LOS line holds; infinite without breakpoint.
    breakpoint_m: f64,
    near: Line,
    far: Line,
    nlos: [Line; 2],
    los_probability: LosProbability,
    sigma_los_near_db: f64,
    sigma_los_far_db: f64,
    sigma_nlos_db: f64,
    range_basis: RangeBasis,
    min_m: f64,
    max_los_m: f64,
    max_nlos_m: f64,
    always_los: bool,
}

impl Scenario {
    /// The model's name, as requests use it.
    #[must_use]
    pub const fn model(&self) -> &'static str {
        match self {
            Self::Uma => "tr38901-uma",
            Self::Umi => "tr38901-umi",
            Self::Rma(_) => "tr38901-rma",
            Self::Sma(_) => "tr38901-sma",
            Self::Inh(_) => "tr38901-inh",
            Self::Inf(hall, _) => hall.model(),
        }
    }

    /// Frequencies that the scenario covers, MHz (Table 7.4.1-1, note 2).
    #[must_use]
    pub const fn frequency_range_mhz(&self) -> RangeInclusive<f64> {
        match self {
            Self::Rma(_) => 500.0..=30_000.0,
            _ => 500.0..=100_000.0,
        }
    }

    /// Works the scenario out for one frequency and the heights above ground of base station and user.
    ///
    /// # Errors
    /// [`Refusal`] when frequency, a height or a property of the place is outside the scenario's range.
    ///
    /// # Example
    /// ```
    /// use covplan::radio::tr38901::{LosState, Scenario};
    /// use covplan::units::{Metres, Mhz};
    ///
    /// let street = Scenario::Umi.prepare(Mhz(3500.0), Metres(10.0), Metres(1.5))?;
    /// let loss = street.path_loss(Metres(200.0), LosState::Nlos)?;
    /// assert!((loss.get() - 115.2).abs() < 0.1);
    /// # Ok::<(), covplan::radio::Refusal>(())
    /// ```
    pub fn prepare(self, freq: Mhz, bs_height: Metres, ut_height: Metres) -> Result<Prepared, Refusal> {
        let model = self.model();
        within(model, "freq_mhz", freq.0, self.frequency_range_mhz(), " MHz")?;
        let place = Place {
            model,
            freq_ghz: freq.0 / 1e3,
            bs_m: bs_height.0,
            ut_m: ut_height.0,
            wavelength_m: super::SPEED_OF_LIGHT_M_S / (freq.0 * 1e6),
        };
        match self {
            Self::Uma => uma::prepare(&place),
            Self::Umi => umi::prepare(&place),
            Self::Rma(surroundings) => rma::prepare(&place, surroundings),
            Self::Sma(suburb) => sma::prepare(&place, suburb),
            Self::Inh(office) => inh::prepare(&place, office),
            Self::Inf(hall, clutter) => inf::prepare(&place, hall, clutter),
        }
    }
}

/// The checked inputs that every family starts from.
struct Place {
    model: &'static str,
    freq_ghz: f64,
    bs_m: f64,
    ut_m: f64,
    wavelength_m: f64,
}

impl Place {
    fn height_difference_squared(&self) -> f64 {
        (self.bs_m - self.ut_m) * (self.bs_m - self.ut_m)
    }

    fn check_heights(&self, bs: RangeInclusive<f64>, ut: RangeInclusive<f64>) -> Result<(), Refusal> {
        within(self.model, "tx_height_m", self.bs_m, bs, " m")?;
        within(self.model, "rx_height_m", self.ut_m, ut, " m")?;
        Ok(())
    }
}

impl Prepared {
    /// The same with so much added to the loss in both states, dB: a correction from measurements.
    #[must_use]
    pub fn shifted(mut self, db: f64) -> Self {
        let [one, other] = &mut self.nlos;
        for line in [&mut self.near, &mut self.far, one, other] {
            line.intercept += db;
        }
        self
    }

    /// Name of the scenario, as requests use it.
    #[must_use]
    pub const fn model(&self) -> &'static str {
        self.model
    }

    /// Median path loss at a ground distance.
    ///
    /// # Errors
    /// [`Refusal`] when the distance is outside the scenario's range.
    pub fn path_loss(&self, ground_distance: Metres, state: LosState) -> Result<Db, Refusal> {
        self.check_distance(ground_distance, state)?;
        let states = self.states(ground_distance.0);
        Ok(Db(match state {
            LosState::Los => states.los_db,
            LosState::Nlos => states.nlos_db,
        }))
    }

    /// Lets a ground distance pass when it is in the range of the state's formula.
    ///
    /// # Errors
    /// [`Refusal`] outside the range; NLOS in a scenario that is always in sight (InF-HH).
    pub fn check_distance(&self, ground_distance: Metres, state: LosState) -> Result<(), Refusal> {
        if self.always_los && state == LosState::Nlos {
            return Err(Refusal::Inconsistent {
                model: self.model,
                reason: "both ends are above the clutter, always in line of sight: ask for los".into(),
            });
        }
        let max = match state {
            LosState::Los => self.max_los_m,
            LosState::Nlos => self.max_nlos_m,
        };
        let d = ground_distance.0;
        let in_place = within(self.model, "distance_2d_m", d, 0.0..=f64::MAX, " m")?;
        match self.range_basis {
            RangeBasis::Ground => within(self.model, "distance_2d_m", in_place, self.min_m..=max, " m")?,
            RangeBasis::Space => {
                within(self.model, "3D distance", self.space_distance_m(d), self.min_m..=max, " m")?
            }
        };
        Ok(())
    }

    /// Ground distances over which both states have a formula, metres. Tables and bulk work stay in it.
    #[must_use]
    pub fn ground_range_m(&self) -> RangeInclusive<f64> {
        let max = if self.always_los { self.max_los_m } else { self.max_los_m.min(self.max_nlos_m) };
        match self.range_basis {
            RangeBasis::Ground => self.min_m..=max,
            RangeBasis::Space => {
                let ground = |space: f64| (space * space - self.height_difference_squared).max(0.0).sqrt();
                ground(self.min_m)..=ground(max)
            }
        }
    }

    /// Ground distances, ascending, at which loss, spread or LOS probability bend or jump; none between
    /// them. Infinite where there is no such bend.
    #[must_use]
    pub fn bends_m(&self) -> [f64; 3] {
        let (first, second) = match self.los_probability {
            LosProbability::Street { near_m, .. } | LosProbability::Exponential { near_m, .. } => {
                (near_m, f64::INFINITY)
            }
            LosProbability::Office { near_m, far_m, .. } => (near_m, far_m),
            LosProbability::Certain => (f64::INFINITY, f64::INFINITY),
        };
        let mut bends = [first, second, self.breakpoint_m];
        bends.sort_by(f64::total_cmp);
        bends
    }

    /// Ground distance of the LOS breakpoint, metres; infinite when the scenario has none.
    #[must_use]
    pub const fn breakpoint_m(&self) -> f64 {
        self.breakpoint_m
    }

    /// The distance between the antennas, metres.
    #[inline]
    #[must_use]
    pub fn space_distance_m(&self, ground_distance_m: f64) -> f64 {
        (ground_distance_m * ground_distance_m + self.height_difference_squared).sqrt()
    }

    /// Probability of line of sight at a ground distance.
    #[inline]
    #[must_use]
    pub fn p_los(&self, ground_distance_m: f64) -> f64 {
        self.los_probability.at(ground_distance_m)
    }

    /// Median path loss in dB, for loops: the ground distance, in metres, isn't checked.
    #[inline]
    #[must_use]
    pub fn loss_db(&self, ground_distance_m: f64, state: LosState) -> f64 {
        let d3d = self.space_distance_m(ground_distance_m);
        let lg = d3d.log10();
        let line = if ground_distance_m <= self.breakpoint_m { &self.near } else { &self.far };
        let los = line.at(d3d, lg);
        match state {
            LosState::Los => los,
            LosState::Nlos => los.max(self.nlos[0].at(d3d, lg)).max(self.nlos[1].at(d3d, lg)),
        }
    }

    /// Shadow fading σ of a state at a ground distance, dB.
    #[inline]
    #[must_use]
    pub fn sigma_db(&self, ground_distance_m: f64, state: LosState) -> f64 {
        match state {
            LosState::Nlos => self.sigma_nlos_db,
            LosState::Los if ground_distance_m <= self.breakpoint_m => self.sigma_los_near_db,
            LosState::Los => self.sigma_los_far_db,
        }
    }

    /// Both states at once, for loops: the ground distance, in metres, isn't checked.
    #[inline]
    #[must_use]
    pub fn states(&self, ground_distance_m: f64) -> States {
        let d3d = self.space_distance_m(ground_distance_m);
        let lg = d3d.log10();
        let near = ground_distance_m <= self.breakpoint_m;
        let los_db = if near { self.near.at(d3d, lg) } else { self.far.at(d3d, lg) };
        States {
            los_db,
            nlos_db: los_db.max(self.nlos[0].at(d3d, lg)).max(self.nlos[1].at(d3d, lg)),
            p_los: self.p_los(ground_distance_m),
            sigma_los_db: if near { self.sigma_los_near_db } else { self.sigma_los_far_db },
            sigma_nlos_db: self.sigma_nlos_db,
        }
    }
}

#[cfg(test)]
mod tests;
