//! Powers that fade log-normally, added up.
//!
//! Matching mean and variance of the power itself (Fenton 1960) fails here by many dB: a neighbour that is
//! rarely in line of sight, but then twenty decibels stronger, owns the moments and hardly ever the air.
//! Two things help. The moments are matched in dB, pair by pair (Schwartz & Yeh, "On the distribution
//! function and moments of power sums with log-normal components", 1982): with *D* the second level
//! over the first, `sum = first + g(D)`, `g(d) = 10 lg(1 + 10^(d/10))`; the three means over *D* that this
//! takes are tabulated ([`FadingLevel::plus`]). And the sum is kept in two cases, without and with a
//! neighbour in line of sight ([`Interference`]).

use super::coverage_probability::LN_PER_DB;
use std::sync::LazyLock;

/// A level in dB that fades about normally.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FadingLevel {
    /// Mean level, dB.
    pub mean_db: f64,
    /// Variance that is the level's own, dB².
    pub variance_db2: f64,
    /// Standard deviation of the fading that it shares with other levels, dB.
    pub shared_db: f64,
}

impl FadingLevel {
    /// A level that doesn't fade.
    #[must_use]
    pub const fn steady(mean_db: f64) -> Self {
        Self { mean_db, variance_db2: 0.0, shared_db: 0.0 }
    }

    /// The sum of two powers, and the second's share of it (0 to 1): how far the sum follows the second
    /// when that one moves.
    #[inline]
    #[must_use]
    pub fn plus(&self, other: &Self) -> (Self, f64) {
        let m = other.mean_db - self.mean_db;
        let s = (self.variance_db2 + other.variance_db2).sqrt();
        if m < -REACH_DB {
            return (*self, 0.0);
        }
        if m > REACH_DB {
            return (*other, 1.0);
        }
        let g = TABLE.at(m, s);
        // Stein's lemma: cov(first, g(D)) = −σ₁²·E g′(D).
        let variance = self.variance_db2 * (1.0 - 2.0 * g.share) + g.variance;
        let sum = Self {
            mean_db: self.mean_db + g.mean,
            variance_db2: variance.max(0.0),
            shared_db: self.shared_db + (other.shared_db - self.shared_db) * g.share,
        };
        (sum, g.share)
    }
}

/// Interference of many cells, each in line of sight or not: the sum in two cases.
///
/// Rare neighbours in line of sight make a long tail that no single log-normal follows. So the sum without
/// any in sight is kept apart from the sum with one (or, by its mean number, more) of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Interference {
    /// Everything without line of sight.
    quiet: Option<FadingLevel>,
    /// Probability that none is in line of sight.
    p_none: f64,
    /// Sum over cells of the LOS probability, and of it times mean level, its square, own variance and
    /// shared deviation.
    los: [f64; 5],
}

/// The two cases of [`Interference`], each with its probability.
#[derive(Clone, Copy, Debug)]
pub struct Cases {
    /// No neighbour in line of sight.
    pub quiet: (f64, FadingLevel),
    /// At least one.
    pub loud: (f64, FadingLevel),
}

impl Interference {
    /// No cell yet.
    pub const NONE: Self = Self { quiet: None, p_none: 1.0, los: [0.0; 5] };

    /// Adds a cell by its level with and without line of sight.
    #[inline]
    pub fn add(&mut self, p_los: f64, los: &FadingLevel, nlos: &FadingLevel) {
        self.quiet = Some(self.quiet.map_or(*nlos, |sum| sum.plus(nlos).0));
        self.p_none *= 1.0 - p_los;
        let m = los.mean_db;
        for (sum, term) in self.los.iter_mut().zip([1.0, m, m * m, los.variance_db2, los.shared_db]) {
            *sum += p_los * term;
        }
    }

    /// The cases; None without any cell.
    #[must_use]
    pub fn cases(&self) -> Option<Cases> {
        let quiet = self.quiet?;
        let [p, m, square, variance, shared] = self.los;
        if p <= 1e-9 {
            return Some(Cases { quiet: (1.0, quiet), loud: (0.0, quiet) });
        }
        let mean = m / p;
        let p_some = 1.0 - self.p_none;
        // As many in sight as there are on average when there is one.
        let crowd = (p / p_some).max(1.0).log10() * 10.0;
        let seen = FadingLevel {
            mean_db: mean + crowd,
            variance_db2: variance / p + (square / p - mean * mean).max(0.0),
            shared_db: shared / p,
        };
        Some(Cases { quiet: (self.p_none, quiet), loud: (p_some, quiet.plus(&seen).0) })
    }
}

/// Levels farther apart than this don't add.
const REACH_DB: f64 = 40.0;
/// Widest difference tabulated, dB.
const MAX_SIGMA_DB: f64 = 24.0;
const STEP_DB: f64 = 1.0;
const COLUMNS: usize = (2.0 * REACH_DB / STEP_DB) as usize + 2;
const ROWS: usize = (MAX_SIGMA_DB / STEP_DB) as usize + 2;

/// Mean of g(D), mean of g′(D), variance of g(D).
#[derive(Clone, Copy, Debug, Default)]
struct Moments {
    mean: f64,
    share: f64,
    variance: f64,
}

impl Moments {
    #[inline]
    fn mix(&self, other: &Self, t: f64) -> Self {
        let mix = |a: f64, b: f64| a + (b - a) * t;
        Self {
            mean: mix(self.mean, other.mean),
            share: mix(self.share, other.share),
            variance: mix(self.variance, other.variance),
        }
    }

    /// By the trapezoidal rule over ±6 σ, which for a smooth function against a normal density converges
    /// beyond any need.
    fn exact(m: f64, s: f64) -> Self {
        const HALF: i32 = 60;
        let (mut weight, mut mean, mut share, mut square) = (0.0, 0.0, 0.0, 0.0);
        for i in -HALF..=HALF {
            let z = 6.0 * f64::from(i) / f64::from(HALF);
            let w = (-0.5 * z * z).exp();
            let ratio = (LN_PER_DB * (m + s * z)).exp();
            let g = ratio.ln_1p() / LN_PER_DB;
            weight += w;
            mean += w * g;
            share += w * ratio / (1.0 + ratio);
            square += w * g * g;
        }
        let mean = mean / weight;
        Self { mean, share: share / weight, variance: (square / weight - mean * mean).max(0.0) }
    }
}

/// Moments over the mean (columns) and the spread (rows) of the difference.
struct Table(Vec<Moments>);

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let cell = |i: usize| {
        let (row, column) = (i / COLUMNS, i % COLUMNS);
        Moments::exact(column as f64 * STEP_DB - REACH_DB, row as f64 * STEP_DB)
    };
    Table((0..ROWS * COLUMNS).map(cell).collect())
});

impl Table {
    #[inline]
    fn at(&self, m: f64, s: f64) -> Moments {
        let x = (m + REACH_DB) / STEP_DB;
        let y = s.min(MAX_SIGMA_DB) / STEP_DB;
        let (column, row) = (x as usize, y as usize);
        let at = row * COLUMNS + column;
        let (Some([a, b]), Some([c, d])) =
            (self.0.get(at..at + 2), self.0.get(at + COLUMNS..at + COLUMNS + 2))
        else {
            return Moments::default();
        };
        let t = x - column as f64;
        a.mix(b, t).mix(&c.mix(d, t), y - row as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn steady_powers_add() {
        let add = |a: f64, b: f64| FadingLevel::steady(a).plus(&FadingLevel::steady(b)).0.mean_db;
        assert!((add(0.0, 0.0) - 3.0103).abs() < 1e-3);
        assert!((add(10.0, 0.0) - 10.4139).abs() < 1e-3);
        assert!((add(0.0, 10.0) - 10.4139).abs() < 1e-3);
        assert_eq!(add(0.0, -50.0), 0.0);
        assert_eq!(add(-50.0, 0.0), 0.0);
    }

    proptest! {
        /// Order matters little, and a sum is no less than its parts.
        #[test]
        fn symmetric_and_monotone(
            a in -20.0f64..20.0, b in -20.0f64..20.0, va in 0.0f64..150.0, vb in 0.0f64..150.0,
        ) {
            let x = FadingLevel { mean_db: a, variance_db2: va, shared_db: 4.0 };
            let y = FadingLevel { mean_db: b, variance_db2: vb, shared_db: 6.0 };
            let ((xy, share), (yx, _)) = (x.plus(&y), y.plus(&x));
            prop_assert!((xy.mean_db - yx.mean_db).abs() < 0.05, "{xy:?} {yx:?}");
            prop_assert!((xy.variance_db2 - yx.variance_db2).abs() < 1.0, "{xy:?} {yx:?}");
            prop_assert!(xy.mean_db >= a.max(b) - 1e-9);
            prop_assert!((0.0..=1.0).contains(&share));
            prop_assert!((4.0..=6.0).contains(&xy.shared_db));
        }
    }

    /// The published case of many equal components: its mean and spread, by drawing.
    #[test]
    fn six_equal_powers_against_drawing() {
        use rand::{RngExt, SeedableRng};
        let one = FadingLevel { mean_db: 0.0, variance_db2: 64.0, shared_db: 0.0 };
        let sum = (1..6).fold(one, |acc, _| acc.plus(&one).0);
        let mut rng = rand_pcg::Pcg64::seed_from_u64(3);
        let n = 100_000;
        let drawn: Vec<f64> = (0..n)
            .map(|_| {
                let power: f64 = (0..6)
                    .map(|_| {
                        let z = crate::radio::normal::quantile(rng.random_range(1e-12..1.0 - 1e-12));
                        (LN_PER_DB * 8.0 * z).exp()
                    })
                    .sum();
                power.ln() / LN_PER_DB
            })
            .collect();
        let mean = drawn.iter().sum::<f64>() / f64::from(n);
        let variance = drawn.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / f64::from(n);
        assert!((sum.mean_db - mean).abs() < 0.1, "{sum:?} {mean}");
        assert!((sum.variance_db2.sqrt() - variance.sqrt()).abs() < 0.15, "{sum:?} {variance}");
    }
}
