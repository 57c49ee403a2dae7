//! From carrier power to the level of one resource element, and the noise beside it.

use super::refusal::{Refusal, within};
use crate::units::{Db, Dbm, Mhz};

/// Boltzmann's constant, J/K.
const BOLTZMANN_J_K: f64 = 1.380_649e-23;
/// The temperature that noise figures refer to, kelvin.
const REFERENCE_TEMPERATURE_K: f64 = 290.0;
/// Subcarriers in a resource block.
pub const SUBCARRIERS_PER_RB: f64 = 12.0;

/// Air interface whose resource grid is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grid {
    /// 5G NR with its subcarrier spacing, kHz.
    Nr(u32),
    /// LTE: 15 kHz.
    Lte,
}

/// Resource blocks by bandwidth in MHz: FR1, TS 38.101-1 Table 5.3.2-1, per subcarrier spacing.
const NR_FR1: [(u32, &[(f64, u32)]); 3] = [
    (
        15,
        &[
            (3.0, 15),
            (5.0, 25),
            (10.0, 52),
            (15.0, 79),
            (20.0, 106),
            (25.0, 133),
            (30.0, 160),
            (35.0, 188),
            (40.0, 216),
            (45.0, 242),
            (50.0, 270),
        ],
    ),
    (
        30,
        &[
            (5.0, 11),
            (10.0, 24),
            (15.0, 38),
            (20.0, 51),
            (25.0, 65),
            (30.0, 78),
            (35.0, 92),
            (40.0, 106),
            (45.0, 119),
            (50.0, 133),
            (60.0, 162),
            (70.0, 189),
            (80.0, 217),
            (90.0, 245),
            (100.0, 273),
        ],
    ),
    (
        60,
        &[
            (10.0, 11),
            (15.0, 18),
            (20.0, 24),
            (25.0, 31),
            (30.0, 38),
            (35.0, 44),
            (40.0, 51),
            (45.0, 58),
            (50.0, 65),
            (60.0, 79),
            (70.0, 93),
            (80.0, 107),
            (90.0, 121),
            (100.0, 135),
        ],
    ),
];

/// FR2, TS 38.101-2 Table 5.3.2-1.
const NR_FR2: [(u32, &[(f64, u32)]); 2] = [
    (60, &[(50.0, 66), (100.0, 132), (200.0, 264)]),
    (120, &[(50.0, 32), (100.0, 66), (200.0, 132), (400.0, 264)]),
];

/// LTE, TS 36.104 Table 5.6-1.
const LTE: &[(f64, u32)] = &[(1.4, 6), (3.0, 15), (5.0, 25), (10.0, 50), (15.0, 75), (20.0, 100)];

/// Lowest frequency of FR2, MHz (TS 38.104 Table 5.1-1).
const FR2_FROM_MHZ: f64 = 24_250.0;

impl Grid {
    /// Width of a subcarrier, kHz.
    #[must_use]
    pub const fn scs_khz(self) -> u32 {
        match self {
            Self::Nr(scs_khz) => scs_khz,
            Self::Lte => 15,
        }
    }

    /// The subcarrier spacing that networks use at a frequency: 30 kHz in TDD bands of FR1 (from 2300 MHz
    /// on), 15 kHz below, 120 kHz in FR2.
    #[must_use]
    pub fn usual_nr(freq: Mhz) -> Self {
        Self::Nr(if freq.0 >= FR2_FROM_MHZ {
            120
        } else if freq.0 >= 2300.0 {
            30
        } else {
            15
        })
    }

    /// Resource blocks of a channel.
    ///
    /// # Errors
    /// [`Refusal`] when the standard has no such channel.
    ///
    /// # Example
    /// ```
    /// use covplan::radio::link_budget::Grid;
    /// use covplan::units::Mhz;
    /// assert_eq!(Grid::Nr(30).resource_blocks(Mhz(3500.0), Mhz(100.0)), Ok(273));
    /// assert_eq!(Grid::Lte.resource_blocks(Mhz(1850.0), Mhz(20.0)), Ok(100));
    /// ```
    pub fn resource_blocks(self, freq: Mhz, bandwidth: Mhz) -> Result<u32, Refusal> {
        let table: Option<&[(f64, u32)]> = match self {
            Self::Lte => Some(LTE),
            Self::Nr(scs) if freq.0 >= FR2_FROM_MHZ => {
                NR_FR2.iter().find(|(khz, _)| *khz == scs).map(|(_, rows)| *rows)
            }
            Self::Nr(scs) => NR_FR1.iter().find(|(khz, _)| *khz == scs).map(|(_, rows)| *rows),
        };
        let rows = table.ok_or_else(|| Refusal::Inconsistent {
            model: "resource grid",
            reason: format!("no subcarrier spacing of {} kHz at {freq}", self.scs_khz()),
        })?;
        rows.iter().find(|(mhz, _)| (mhz - bandwidth.0).abs() < 1e-6).map(|(_, n)| *n).ok_or_else(|| {
            let known: Vec<String> = rows.iter().map(|(mhz, _)| mhz.to_string()).collect();
            Refusal::Inconsistent {
                model: "resource grid",
                reason: format!(
                    "no channel of {bandwidth} at {} kHz and {freq}; there are {}",
                    self.scs_khz(),
                    known.join(", ")
                ),
            }
        })
    }
}

/// Energy per resource element: carrier power − 10 lg(12·N_RB).
///
/// # Errors
/// [`Refusal`] without resource blocks.
///
/// # Example
/// ```
/// use covplan::radio::link_budget::reference_power;
/// use covplan::units::Dbm;
/// let epre = reference_power(Dbm(53.0), 273)?;
/// assert!((epre.get() - (53.0 - 35.15)).abs() < 0.005);
/// # Ok::<(), covplan::radio::Refusal>(())
/// ```
pub fn reference_power(carrier: Dbm, resource_blocks: u32) -> Result<Dbm, Refusal> {
    within("resource grid", "resource blocks", f64::from(resource_blocks), 1.0..=1000.0, "")?;
    Ok(carrier - Db::from_linear(SUBCARRIERS_PER_RB * f64::from(resource_blocks)))
}

/// Thermal noise in a bandwidth after a receiver's noise figure: k·T₀·B·F with T₀ = 290 K.
#[must_use]
pub fn thermal_noise(bandwidth_hz: f64, noise_figure: Db) -> Dbm {
    Dbm::from_watts(BOLTZMANN_J_K * REFERENCE_TEMPERATURE_K * bandwidth_hz) + noise_figure
}

/// SS-RSRP: reference power with the gain of the **SSB** beam (never the traffic beam's) in the receiver's
/// direction, less the path's loss.
#[must_use]
pub fn ss_rsrp(ssb_reference_power: Dbm, ssb_gain: Db, relative_gain: Db, loss: Db) -> Dbm {
    ssb_reference_power + ssb_gain + relative_gain - loss
}

#[cfg(test)]
mod tests {
    use super::*;

    /// −35.15 dB for 273 resource blocks; −174 dBm/Hz of noise.
    #[test]
    fn well_known_figures() {
        let epre = |n| reference_power(Dbm(0.0), n).unwrap().get();
        assert!((epre(273) + 35.153).abs() < 5e-4);
        assert!((epre(100) + 30.792).abs() < 5e-4);
        assert!(reference_power(Dbm(0.0), 0).is_err());
        assert!((thermal_noise(1.0, Db(0.0)).get() + 173.975).abs() < 1e-3);
        assert!((thermal_noise(30e3, Db(7.0)).get() + 122.204).abs() < 1e-3);
    }

    /// Every channel leaves guard bands, and most of it in use.
    #[test]
    fn channels_fit_their_bandwidth() {
        let channels = NR_FR1.iter().map(|row| (row, 3500.0)).chain(NR_FR2.iter().map(|row| (row, 26_000.0)));
        for ((scs, rows), freq) in channels {
            for (mhz, n) in *rows {
                let used = f64::from(*n) * 12.0 * f64::from(*scs) / 1e3;
                assert!(used < *mhz && used > 0.72 * mhz, "{scs} kHz {mhz} MHz {n}");
                assert_eq!(Grid::Nr(*scs).resource_blocks(Mhz(freq), Mhz(*mhz)), Ok(*n));
            }
        }
        assert!(Grid::Nr(30).resource_blocks(Mhz(3500.0), Mhz(33.0)).is_err());
        assert!(Grid::Nr(45).resource_blocks(Mhz(3500.0), Mhz(20.0)).is_err());
        assert!(Grid::Nr(30).resource_blocks(Mhz(26_000.0), Mhz(100.0)).is_err());
        assert_eq!(Grid::usual_nr(Mhz(758.0)), Grid::Nr(15));
    }
}
