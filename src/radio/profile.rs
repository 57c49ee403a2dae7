//! A terrain profile between two terminals.

use super::p2108::Clutter;

/// What the ground of a profile point belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// Land away from the sea.
    Inland,
    /// Land near a coast.
    Coastal,
    /// Sea.
    Sea,
}

impl Zone {
    /// The zone of a word.
    #[must_use]
    pub fn from_code(word: &str) -> Option<Self> {
        match word.trim() {
            "inland" => Some(Self::Inland),
            "coastal" => Some(Self::Coastal),
            "sea" => Some(Self::Sea),
            _ => None,
        }
    }
}

/// Heights along a path, from transmitter to receiver. Columns are of equal length; a column without data
/// is empty and stands for zero clutter, or for inland.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    /// Distance from the transmitter, metres, from 0 strictly upwards.
    pub distance_m: Vec<f64>,
    /// Terrain height above sea level, metres.
    pub height_m: Vec<f64>,
    /// Height of the clutter on it, metres.
    pub clutter_m: Vec<f64>,
    /// Zone.
    pub zone: Vec<Zone>,
}

/// Why a profile can't be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ProfileError {
    /// Fewer than the points that a model needs.
    #[error("a profile needs {need} points, this one has {got}")]
    TooFew {
        /// Points there.
        got: usize,
        /// Points needed.
        need: usize,
    },
    /// Columns of different length.
    #[error("column {column} has {got} values where distance_m has {need}")]
    Length {
        /// The column.
        column: &'static str,
        /// Its length.
        got: usize,
        /// The length of the distances.
        need: usize,
    },
    /// A value that isn't finite, or not possible.
    #[error("column {column}, row {row}: {value} can't be")]
    Value {
        /// The column.
        column: &'static str,
        /// Row, from 1.
        row: usize,
        /// The value.
        value: f64,
    },
    /// A word that is no kind of clutter.
    #[error(
        "column cover, row {row}: {word:?} isn't one of water-sea, open-rural, suburban, urban, trees-forest, \
         dense-urban; what stands there has to be known"
    )]
    Cover {
        /// Row, from 1.
        row: usize,
        /// The word.
        word: String,
    },
    /// Both heights and kinds of clutter.
    #[error("give either clutter_m or cover, not both")]
    Twice,
    /// Distances that don't grow.
    #[error("distance_m, row {row}: distances start at 0 and grow from row to row")]
    Order {
        /// Row, from 1.
        row: usize,
    },
    /// Distances that aren't evenly spaced where a model needs it.
    #[error("distance_m, row {row}: ITM needs evenly spaced points, {step_m} m apart here")]
    Uneven {
        /// Row, from 1.
        row: usize,
        /// Mean spacing, metres.
        step_m: f64,
    },
}

impl Profile {
    /// Takes the height of what stands on each point from its kind of clutter: the representative heights of
    /// ITU-R P.1812-8, table 2, which P.452-18 shares.
    ///
    /// # Errors
    /// [`ProfileError`] for a word that is no kind, and when heights are given too.
    pub fn stand(&mut self, kinds: &[&str]) -> Result<(), ProfileError> {
        if !self.clutter_m.is_empty() {
            return Err(ProfileError::Twice);
        }
        let height = |(i, word): (usize, &&str)| {
            let kind = Clutter::from_code(word.trim());
            let unknown = || ProfileError::Cover { row: i + 1, word: (*word).to_owned() };
            kind.map(Clutter::profile_height_m).ok_or_else(unknown)
        };
        self.clutter_m = kinds.iter().enumerate().map(height).collect::<Result<_, _>>()?;
        Ok(())
    }

    /// Checks lengths, order and values; `need` is the least number of points.
    ///
    /// # Errors
    /// [`ProfileError`], the first one found.
    pub fn check(&self, need: usize) -> Result<(), ProfileError> {
        let n = self.distance_m.len();
        if n < need {
            return Err(ProfileError::TooFew { got: n, need });
        }
        let columns = [
            ("height_m", &self.height_m, false, -1000.0..=10_000.0),
            ("clutter_m", &self.clutter_m, true, 0.0..=1000.0),
        ];
        for (column, values, optional, range) in columns {
            if values.len() != n && !(optional && values.is_empty()) {
                return Err(ProfileError::Length { column, got: values.len(), need: n });
            }
            if let Some(i) = values.iter().position(|v| !range.contains(v)) {
                return Err(ProfileError::Value { column, row: i + 1, value: values[i] });
            }
        }
        if !self.zone.is_empty() && self.zone.len() != n {
            return Err(ProfileError::Length { column: "zone", got: self.zone.len(), need: n });
        }
        for (i, d) in self.distance_m.iter().enumerate() {
            let grows = i == 0 && *d == 0.0 || i > 0 && *d > self.distance_m[i - 1];
            if !grows || !d.is_finite() {
                return Err(ProfileError::Order { row: i + 1 });
            }
        }
        Ok(())
    }

    /// Length of the path, metres.
    #[must_use]
    pub fn length_m(&self) -> f64 {
        self.distance_m.last().copied().unwrap_or(0.0)
    }

    /// The spacing of evenly spaced points, metres, to a tenth of a micrometre: a spacing written in decimals
    /// comes back as it was written.
    ///
    /// # Errors
    /// [`ProfileError::Uneven`] when a point is off its place by more than a hundredth of the spacing.
    pub fn even_step_m(&self) -> Result<f64, ProfileError> {
        let steps = self.distance_m.len().saturating_sub(1).max(1);
        let step_m = (self.length_m() / steps as f64 * 1e7).round() / 1e7;
        let off = |(i, d): (usize, &f64)| (d - step_m * i as f64).abs() > 0.01 * step_m;
        match self.distance_m.iter().enumerate().position(off) {
            None => Ok(step_m),
            Some(i) => Err(ProfileError::Uneven { row: i + 1, step_m }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals() {
        let profile = |d: &[f64], h: &[f64]| Profile {
            distance_m: d.to_vec(),
            height_m: h.to_vec(),
            ..Profile::default()
        };
        assert_eq!(profile(&[0.0, 10.0, 20.0], &[1.0, 2.0, 3.0]).check(3), Ok(()));
        let refused = |d: &[f64], h: &[f64]| profile(d, h).check(3).unwrap_err();
        assert!(matches!(refused(&[0.0, 10.0], &[1.0, 2.0]), ProfileError::TooFew { .. }));
        assert!(matches!(refused(&[0.0, 10.0, 20.0], &[1.0]), ProfileError::Length { .. }));
        assert!(matches!(refused(&[0.0, 20.0, 10.0], &[1.0; 3]), ProfileError::Order { row: 3 }));
        assert!(matches!(refused(&[5.0, 10.0, 20.0], &[1.0; 3]), ProfileError::Order { row: 1 }));
        assert!(matches!(
            refused(&[0.0, 1.0, 2.0], &[1.0, f64::NAN, 1.0]),
            ProfileError::Value { row: 2, .. }
        ));
        assert!(matches!(refused(&[0.0, 1.0, f64::INFINITY], &[1.0; 3]), ProfileError::Order { row: 3 }));
        assert!(profile(&[0.0, 10.0, 30.0], &[1.0; 3]).even_step_m().is_err());
    }
}
