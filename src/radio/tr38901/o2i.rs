//! O2I building penetration, §7.4.3.1: the way from the open air into a building.

use super::{Edition, Refusal, within};
use crate::units::{Db, Metres, Mhz};

/// What a building's facade is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Facade {
    /// Low loss: 30 % plain glass, 70 % concrete.
    Low,
    /// High loss: 70 % IRR (metal-coated) glass, 30 % concrete. Factory halls use this one.
    High,
}

/// Penetration loss with its parts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Penetration {
    /// Loss through the outer wall, PL_tw.
    pub wall: Db,
    /// Loss inside, PL_in: 0.5 dB per metre.
    pub inside: Db,
    /// Spread σ_P of the loss, to be added to the shadow fading as independent.
    pub sigma: Db,
}

impl Penetration {
    /// Wall and inside together.
    #[must_use]
    pub fn loss(&self) -> Db {
        self.wall + self.inside
    }
}

impl Facade {
    /// The model's name, as requests use it.
    #[must_use]
    pub const fn model(self) -> &'static str {
        match self {
            Self::Low => "tr38901-o2i-low",
            Self::High => "tr38901-o2i-high",
        }
    }

    /// Spread σ_P of the penetration loss (Table 7.4.3-2), dB.
    #[must_use]
    pub const fn sigma_db(self) -> f64 {
        match self {
            Self::Low => 4.4,
            Self::High => 6.5,
        }
    }

    /// Median penetration loss at a depth behind the facade (Tables 7.4.3-1 and 7.4.3-2).
    ///
    /// # Errors
    /// [`Refusal`] outside 0.5–100 GHz or 0–100 m.
    pub fn penetration(self, edition: Edition, freq: Mhz, depth: Metres) -> Result<Penetration, Refusal> {
        let f = within(self.model(), "freq_mhz", freq.0, 500.0..=100_000.0, " MHz")? / 1e3;
        let depth_m = within(self.model(), "indoor_distance_m", depth.0, 0.0..=100.0, " m")?;
        let through = |share: f64, material_db: f64| share * 10f64.powf(-material_db / 10.0);
        let concrete_db = 5.0 + 4.0 * f;
        let passed = match (self, edition) {
            (Self::Low, _) => through(0.3, 2.0 + 0.2 * f) + through(0.7, concrete_db),
            (Self::High, Edition::V16) => through(0.7, 23.0 + 0.3 * f) + through(0.3, concrete_db),
            (Self::High, Edition::V19) => through(0.7, 25.4 + 0.11 * f) + through(0.3, concrete_db),
        };
        Ok(Penetration {
            wall: Db(5.0 - 10.0 * passed.log10()),
            inside: Db(0.5 * depth_m),
            sigma: Db(self.sigma_db()),
        })
    }
}
