//! Why a model gives no answer.

use std::ops::RangeInclusive;

/// A request that a model can't answer. A model never extrapolates: outside its range it refuses.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// A number outside the model's range, or not a number at all.
    #[error("{quantity} {value}{unit} is outside the {min} to {max}{unit} of {model}")]
    OutOfRange {
        /// The model's name.
        model: &'static str,
        /// What was asked, as the request names it (with its unit).
        quantity: &'static str,
        /// The value asked.
        value: f64,
        /// Lowest value that the model covers.
        min: f64,
        /// Highest value that the model covers.
        max: f64,
        /// The unit, with a leading space.
        unit: &'static str,
    },
    /// Inputs that are each in range but contradict each other.
    #[error("{model}: {reason}")]
    Inconsistent {
        /// The model's name.
        model: &'static str,
        /// What doesn't fit, and the way out.
        reason: String,
    },
}

impl Refusal {
    /// The stable rule code of this kind of refusal.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::OutOfRange { .. } => "R001",
            Self::Inconsistent { .. } => "R002",
        }
    }
}

/// Lets `value` pass when it lies in `range`.
///
/// # Errors
/// [`Refusal::OutOfRange`] outside the range and for NaN.
pub(crate) fn within(
    model: &'static str,
    quantity: &'static str,
    value: f64,
    range: RangeInclusive<f64>,
    unit: &'static str,
) -> Result<f64, Refusal> {
    if range.contains(&value) {
        Ok(value)
    } else {
        Err(Refusal::OutOfRange { model, quantity, value, min: *range.start(), max: *range.end(), unit })
    }
}
