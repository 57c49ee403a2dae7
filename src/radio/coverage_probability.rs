//! The level at a place as a distribution, not a number.
//!
//! A receiver is in line of sight or not, and around each state's median the level scatters log-normally.
//! The distribution is a mixture of two normals in dB ([`LossDistribution`]). A level "with 95 % location
//! probability" is a quantile of that mixture, found exactly; averaging the two states in dB, as is often
//! done, misses it by many dB where both are likely. For bulk work [`LossTable`] tabulates the quantiles
//! over the logarithm of distance; it stays within [`LossTable::ACCURACY_DB`] of the exact values.

use super::normal;
use super::tr38901::{Prepared, States};

/// dB into natural logarithm of power.
pub(crate) const LN_PER_DB: f64 = std::f64::consts::LN_10 / 10.0;

/// Nodes (in standard deviations) and weights of the 5-point Gauss–Hermite rule for a normal variable.
const GAUSS_HERMITE: [(f64, f64); 5] = [
    (-2.856_970_013_872_806, 0.011_257_411_327_720_7),
    (-1.355_626_179_974_266, 0.222_075_922_005_612_6),
    (0.0, 0.533_333_333_333_333_3),
    (1.355_626_179_974_266, 0.222_075_922_005_612_6),
    (2.856_970_013_872_806, 0.011_257_411_327_720_7),
];

/// Mixture of two normal distributions in dB: of a path loss, or of any level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LossDistribution {
    /// Probability of the first state (line of sight).
    pub p_first: f64,
    /// Mean and standard deviation of the first state, dB.
    pub first: (f64, f64),
    /// Mean and standard deviation of the second state, dB.
    pub second: (f64, f64),
}

impl From<States> for LossDistribution {
    fn from(s: States) -> Self {
        Self { p_first: s.p_los, first: (s.los_db, s.sigma_los_db), second: (s.nlos_db, s.sigma_nlos_db) }
    }
}

impl LossDistribution {
    /// The distribution behind a further, independent loss such as a building's: `loss` dB more, spread
    /// by `sigma` dB.
    #[must_use]
    pub fn behind(&self, loss_db: f64, sigma_db: f64) -> Self {
        let add = |(mean, sigma): (f64, f64)| (mean + loss_db, sigma.hypot(sigma_db));
        Self { p_first: self.p_first, first: add(self.first), second: add(self.second) }
    }

    /// Probability that the loss is at most `loss` dB: that the level is met.
    #[must_use]
    pub fn probability_below(&self, loss_db: f64) -> f64 {
        let below = |(mean, sigma): (f64, f64)| {
            if sigma > 0.0 {
                normal::cumulative((loss_db - mean) / sigma)
            } else if loss_db >= mean {
                1.0
            } else {
                0.0
            }
        };
        self.p_first * below(self.first) + (1.0 - self.p_first) * below(self.second)
    }

    /// The loss in dB that is not exceeded with probability `p`; `z` is the standard normal's own quantile
    /// of `p` ([`normal::quantile`]), which callers in loops hold ready.
    ///
    /// Newton's method inside a bracket that the two states' own quantiles give, so it can't diverge;
    /// exact to 1e-9 dB.
    #[must_use]
    pub fn quantile_db(&self, p: f64, z: f64) -> f64 {
        let own = |(mean, sigma): (f64, f64)| mean + z * sigma;
        let (a, b) = (own(self.first), own(self.second));
        if self.p_first >= 1.0 {
            return a;
        }
        if self.p_first <= 0.0 {
            return b;
        }
        let (mut low, mut high) = (a.min(b), a.max(b));
        let inverse = (1.0 / self.first.1.max(1e-9), 1.0 / self.second.1.max(1e-9));
        let mut x = if self.p_first > p { a } else { b };
        for _ in 0..60 {
            let (d1, c1) = normal::density_and_cumulative((x - self.first.0) * inverse.0);
            let (d2, c2) = normal::density_and_cumulative((x - self.second.0) * inverse.1);
            let off = self.p_first * c1 + (1.0 - self.p_first) * c2 - p;
            if off > 0.0 {
                high = high.min(x);
            } else {
                low = low.max(x);
            }
            let slope = self.p_first * d1 * inverse.0 + (1.0 - self.p_first) * d2 * inverse.1;
            let newton = x - off / slope;
            let next = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
            if (next - x).abs() < 1e-9 || high - low < 1e-9 {
                return next;
            }
            x = next;
        }
        x
    }

    /// −10 lg of the mean power that passes, dB: what interference adds up by. Below the median loss, as
    /// strong moments weigh more.
    #[must_use]
    pub fn mean_power_loss_db(&self) -> f64 {
        -self.log_moment(1.0) / LN_PER_DB
    }

    /// −10 lg of the mean squared power that passes, dB.
    #[must_use]
    pub fn mean_square_loss_db(&self) -> f64 {
        -self.log_moment(2.0) / LN_PER_DB
    }

    /// ln E[10^(−k·L/10)].
    fn log_moment(&self, k: f64) -> f64 {
        let state = |(mean, sigma): (f64, f64)| {
            let s = k * LN_PER_DB * sigma;
            -k * LN_PER_DB * mean + 0.5 * s * s
        };
        let (a, b) = (state(self.first), state(self.second));
        let top = a.max(b);
        top + (self.p_first * (a - top).exp() + (1.0 - self.p_first) * (b - top).exp()).ln()
    }

    /// Mean of a function of the loss (dB), by 5-point Gauss–Hermite quadrature in each state.
    #[inline]
    #[must_use]
    pub fn mean_of(&self, mut f: impl FnMut(f64) -> f64) -> f64 {
        let mut sum = 0.0;
        for (weight, (mean, sigma)) in [(self.p_first, self.first), (1.0 - self.p_first, self.second)] {
            if weight > 0.0 {
                for (z, w) in GAUSS_HERMITE {
                    sum += weight * w * f(mean + z * sigma);
                }
            }
        }
        sum
    }
}

/// One line of a [`LossTable`], all in dB of loss between isotropic antennas.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LossRow {
    /// Median outdoors.
    pub median_db: f32,
    /// Not exceeded outdoors with the table's location probability.
    pub outdoor_db: f32,
    /// Likewise behind a low-loss facade; the facade's median loss itself is not in it.
    pub indoor_low_db: f32,
    /// Likewise behind a high-loss facade.
    pub indoor_high_db: f32,
    /// Loss of the mean power outdoors.
    pub mean_power_db: f32,
    /// Loss of the mean squared power outdoors (twice as many dB as a loss).
    pub mean_square_db: f32,
}

impl LossRow {
    #[inline]
    fn mix(&self, other: &Self, share: f32) -> Self {
        let mix = |a: f32, b: f32| a + (b - a) * share;
        Self {
            median_db: mix(self.median_db, other.median_db),
            outdoor_db: mix(self.outdoor_db, other.outdoor_db),
            indoor_low_db: mix(self.indoor_low_db, other.indoor_low_db),
            indoor_high_db: mix(self.indoor_high_db, other.indoor_high_db),
            mean_power_db: mix(self.mean_power_db, other.mean_power_db),
            mean_square_db: mix(self.mean_square_db, other.mean_square_db),
        }
    }

    /// Greatest difference of any column.
    fn difference_db(&self, other: &Self) -> f32 {
        [
            self.median_db - other.median_db,
            self.outdoor_db - other.outdoor_db,
            self.indoor_low_db - other.indoor_low_db,
            self.indoor_high_db - other.indoor_high_db,
            self.mean_power_db - other.mean_power_db,
            self.mean_square_db - other.mean_square_db,
        ]
        .into_iter()
        .fold(0.0, |worst, off| worst.max(off.abs()))
    }
}

/// Tabulated loss over distance for one scenario, frequency and pair of heights.
#[derive(Clone, Debug)]
pub struct LossTable {
    prepared: Prepared,
    /// Pieces between the distances at which the model bends or jumps.
    pieces: Vec<Piece>,
    rows: Vec<LossRow>,
}

#[derive(Clone, Copy, Debug)]
struct Piece {
    /// Greatest ground distance, metres.
    to_m: f64,
    ln_from: f64,
    /// Rows per unit of ln distance.
    density: f64,
    /// First row.
    first: u32,
    /// Steps between the piece's rows.
    steps: u32,
}

/// The quantiles that a [`LossTable`] holds: location probability and the facades' spread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantiles {
    /// Location probability, 0.5 to 0.999.
    pub probability: f64,
    /// σ of the low-loss facade, dB.
    pub sigma_low_db: f64,
    /// σ of the high-loss facade, dB.
    pub sigma_high_db: f64,
}

impl LossTable {
    /// Greatest error of a tabulated value against the exact one, dB (tested).
    pub const ACCURACY_DB: f64 = 0.05;

    /// Rows per decade of distance to begin with.
    const ROWS_PER_DECADE: f64 = 32.0;
    /// Most steps of one piece.
    const MAX_STEPS: usize = 1 << 14;

    /// Tabulates a prepared scenario over the whole distance that it covers.
    #[must_use]
    pub fn build(prepared: Prepared, quantiles: &Quantiles) -> Self {
        let p = quantiles.probability.clamp(0.5, 0.999);
        let z = normal::quantile(p);
        let range = prepared.ground_range_m();
        let (start, end) = (range.start().max(0.1), *range.end());
        let mut pieces = Vec::new();
        let mut rows = Vec::new();
        let mut from = start;
        for to in prepared.bends_m().into_iter().filter(|d| *d > start && *d < end).chain([end]) {
            let (ln_from, ln_to) = (from.ln(), to.ln());
            // The ends are approached from within: the model may jump there.
            let exact = |share: f64| {
                let d = (ln_from + (ln_to - ln_from) * share).exp();
                exact_row(&prepared, d.clamp(from * (1.0 + 1e-12), to * (1.0 - 1e-12)), p, z, quantiles)
            };
            let decades = (ln_to - ln_from) / std::f64::consts::LN_10;
            let mut steps = ((decades * Self::ROWS_PER_DECADE).ceil() as usize).max(4);
            let mut piece: Vec<LossRow> = (0..=steps).map(|i| exact(i as f64 / steps as f64)).collect();
            loop {
                let middles: Vec<LossRow> =
                    (0..steps).map(|i| exact((i as f64 + 0.5) / steps as f64)).collect();
                let off = piece
                    .windows(2)
                    .zip(&middles)
                    .map(|(ends, middle)| ends[0].mix(&ends[1], 0.5).difference_db(middle))
                    .fold(0.0f32, f32::max);
                if f64::from(off) <= 0.6 * Self::ACCURACY_DB || steps >= Self::MAX_STEPS {
                    break;
                }
                let mut refined = Vec::with_capacity(2 * steps + 1);
                for (row, middle) in piece.iter().zip(&middles) {
                    refined.extend([*row, *middle]);
                }
                refined.extend(piece.last());
                piece = refined;
                steps *= 2;
            }
            pieces.push(Piece {
                to_m: to,
                ln_from,
                density: steps as f64 / (ln_to - ln_from),
                first: rows.len() as u32,
                steps: steps as u32,
            });
            rows.append(&mut piece);
            from = to;
        }
        Self { prepared, pieces, rows }
    }

    /// The scenario behind the table.
    #[must_use]
    pub const fn prepared(&self) -> &Prepared {
        &self.prepared
    }

    /// Greatest ground distance covered, metres; farther away there is no prediction.
    #[must_use]
    pub fn max_distance_m(&self) -> f64 {
        self.pieces.last().map_or(0.0, |piece| piece.to_m)
    }

    /// The row at a ground distance in metres; None beyond the model's range. Nearer than the model's
    /// shortest distance the loss at that distance is given: the true loss is less.
    #[inline]
    #[must_use]
    pub fn at(&self, ground_distance_m: f64) -> Option<LossRow> {
        let piece = self.pieces.iter().find(|piece| ground_distance_m <= piece.to_m)?;
        let place = ((ground_distance_m.ln() - piece.ln_from) * piece.density).max(0.0);
        let step = (place as u32).min(piece.steps - 1);
        let share = (place - f64::from(step)).min(1.0) as f32;
        let at = (piece.first + step) as usize;
        let [low, high] = self.rows.get(at..at + 2)? else { return None };
        Some(low.mix(high, share))
    }

    /// Number of rows held.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows.len()
    }
}

fn exact_row(prepared: &Prepared, d: f64, p: f64, z: f64, quantiles: &Quantiles) -> LossRow {
    let outdoor = LossDistribution::from(prepared.states(d));
    let indoor = |sigma: f64| outdoor.behind(0.0, sigma).quantile_db(p, z) as f32;
    LossRow {
        median_db: outdoor.quantile_db(0.5, 0.0) as f32,
        outdoor_db: outdoor.quantile_db(p, z) as f32,
        indoor_low_db: indoor(quantiles.sigma_low_db),
        indoor_high_db: indoor(quantiles.sigma_high_db),
        mean_power_db: outdoor.mean_power_loss_db() as f32,
        mean_square_db: outdoor.mean_square_loss_db() as f32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::radio::tr38901::{Clutter, Hall, Office, Scenario, Suburb, Surroundings};
    use crate::units::{Metres, Mhz};
    use proptest::prelude::*;

    const QUANTILES: Quantiles = Quantiles { probability: 0.95, sigma_low_db: 4.4, sigma_high_db: 6.5 };

    #[test]
    fn one_state_is_a_normal() {
        let z = normal::quantile(0.95);
        for p_first in [1.0, 0.0] {
            let d = LossDistribution { p_first, first: (100.0, 4.0), second: (100.0, 4.0) };
            assert!((d.quantile_db(0.95, z) - 106.579_414).abs() < 1e-5);
            // Mean power of a log-normal: median + σ²·ln(10)/20.
            assert!((d.mean_power_loss_db() - (100.0 - 16.0 * LN_PER_DB / 2.0)).abs() < 1e-9);
        }
    }

    /// The states' means averaged in dB and the larger σ, as is often done, is far off.
    #[test]
    fn averaging_in_db_misses() {
        let d = LossDistribution { p_first: 0.7, first: (80.0, 4.0), second: (105.0, 6.0) };
        let exact = d.quantile_db(0.95, normal::quantile(0.95));
        let averaged = 0.7 * 80.0 + 0.3 * 105.0 + 1.645 * 6.0;
        assert!((d.probability_below(exact) - 0.95).abs() < 1e-9);
        assert!(exact - averaged > 10.0, "{exact} {averaged}");
    }

    proptest! {
        #[test]
        fn quantile_inverts_the_mixture(
            p_first in 0.0f64..1.0, a in 60.0f64..120.0, gap in 0.0f64..60.0, s1 in 0.5f64..10.0,
            s2 in 0.5f64..12.0, p in 0.01f64..0.999,
        ) {
            let d = LossDistribution { p_first, first: (a, s1), second: (a + gap, s2) };
            let x = d.quantile_db(p, normal::quantile(p));
            prop_assert!((d.probability_below(x) - p).abs() < 1e-7, "{x} {}", d.probability_below(x));
        }

        /// Quadrature: exact for polynomials, here the mean and the variance.
        #[test]
        fn quadrature_keeps_moments(p_first in 0.0f64..1.0, a in -20.0f64..20.0, s in 0.1f64..9.0) {
            let d = LossDistribution { p_first, first: (a, s), second: (a + 3.0, s) };
            let mean = d.mean_of(|x| x);
            prop_assert!((mean - (p_first * a + (1.0 - p_first) * (a + 3.0))).abs() < 1e-9);
            prop_assert!((d.mean_of(|_| 1.0) - 1.0).abs() < 1e-12);
        }
    }

    fn scenarios() -> Vec<(Scenario, f64)> {
        let mut all = vec![];
        for height in [15.0, 30.0, 60.0] {
            all.push((Scenario::Uma, height));
            all.push((Scenario::Rma(Surroundings::RURAL), height));
            all.push((Scenario::Sma(Suburb::TYPICAL), height));
        }
        all.push((Scenario::Umi, 10.0));
        all.push((Scenario::Inh(Office::Mixed), 3.0));
        all.push((Scenario::Inh(Office::Open), 3.0));
        for hall in [Hall::SparseLow, Hall::DenseLow, Hall::SparseHigh, Hall::DenseHigh, Hall::HighHigh] {
            all.push((Scenario::Inf(hall, Clutter::typical(hall)), 8.0));
        }
        all
    }

    /// Every column, everywhere, also right at bends: within the stated accuracy.
    #[test]
    fn tables_are_accurate() {
        let (p, z) = (0.95, normal::quantile(0.95));
        let mut worst = (0.0f64, String::new());
        for (scenario, height) in scenarios() {
            for freq in [700.0, 1850.0, 3500.0, 26_000.0] {
                let prepared = scenario.prepare(Mhz(freq), Metres(height), Metres(1.5)).unwrap();
                let table = LossTable::build(prepared, &QUANTILES);
                let range = prepared.ground_range_m();
                let start = range.start().max(0.1);
                for i in 0..20_011 {
                    let d = start * (range.end() / start).powf((f64::from(i) + 0.37) / 20_011.0);
                    let (got, want) = (table.at(d).unwrap(), exact_row(&prepared, d, p, z, &QUANTILES));
                    let off = f64::from(got.difference_db(&want));
                    if off > worst.0 {
                        worst = (off, format!("{} {freq} MHz {height} m at {d:.2} m", scenario.model()));
                    }
                }
                assert!(table.at(range.end() * 1.001).is_none());
                assert_eq!(table.at(0.0), table.at(start), "nearer than the model goes");
            }
        }
        eprintln!("worst tabulated value: {:.4} dB off, {}", worst.0, worst.1);
        assert!(worst.0 <= LossTable::ACCURACY_DB);
    }
}
