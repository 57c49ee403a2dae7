//! Physical units as types, for the places where mixing two of them would go unnoticed.
//!
//! Logarithmic levels are the classic trap: a level plus a gain is a level, a level minus a level is a
//! gain, and a level plus a level means nothing. [`Dbm`] and [`Db`] allow just the sums that make sense.
//! Bulk columns keep plain numbers with the unit in their name (`height_m`, `power_dbm`).

use std::fmt;
use std::ops::{Add, AddAssign, Mul, Neg, Sub};

macro_rules! unit {
    ($(#[$doc:meta])* $name:ident, $suffix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Default)]
        pub struct $name(pub f64);

        impl $name {
            /// The bare number, in this type's unit.
            #[must_use]
            pub const fn get(self) -> f64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)?;
                f.write_str(concat!(" ", $suffix))
            }
        }
    };
}

macro_rules! additive {
    ($name:ident) => {
        impl Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(self.0 + other.0)
            }
        }
        impl Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                Self(self.0 - other.0)
            }
        }
        impl AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                self.0 += other.0;
            }
        }
        impl Neg for $name {
            type Output = Self;
            fn neg(self) -> Self {
                Self(-self.0)
            }
        }
        impl Mul<f64> for $name {
            type Output = Self;
            fn mul(self, factor: f64) -> Self {
                Self(self.0 * factor)
            }
        }
        impl std::iter::Sum for $name {
            fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
                Self(iter.map(|v| v.0).sum())
            }
        }
    };
}

unit!(/// A ratio in decibels: gain, loss, SINR.
    Db, "dB");
additive!(Db);
unit!(/// A power level in decibels over one milliwatt.
    Dbm, "dBm");
unit!(/// A length in metres.
    Metres, "m");
additive!(Metres);
unit!(/// A frequency in megahertz.
    Mhz, "MHz");
unit!(/// Money in yuan.
    Cny, "CNY");
additive!(Cny);

impl Add<Db> for Dbm {
    type Output = Dbm;
    fn add(self, gain: Db) -> Dbm {
        Dbm(self.0 + gain.0)
    }
}
impl Sub<Db> for Dbm {
    type Output = Dbm;
    fn sub(self, loss: Db) -> Dbm {
        Dbm(self.0 - loss.0)
    }
}
impl Sub for Dbm {
    type Output = Db;
    fn sub(self, other: Dbm) -> Db {
        Db(self.0 - other.0)
    }
}

impl Dbm {
    /// The level as a linear power.
    #[must_use]
    pub fn milliwatts(self) -> f64 {
        10f64.powf(self.0 / 10.0)
    }

    /// A level from a linear power; zero power gives minus infinity.
    #[must_use]
    pub fn from_milliwatts(mw: f64) -> Self {
        Self(10.0 * mw.log10())
    }

    /// A level from a power in watts.
    #[must_use]
    pub fn from_watts(watts: f64) -> Self {
        Self::from_milliwatts(watts * 1e3)
    }
}

impl Db {
    /// The ratio as a linear factor.
    #[must_use]
    pub fn linear(self) -> f64 {
        10f64.powf(self.0 / 10.0)
    }

    /// A ratio from its linear factor.
    #[must_use]
    pub fn from_linear(ratio: f64) -> Self {
        Self(10.0 * ratio.log10())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_gains() {
        assert_eq!(Dbm(30.0) + Db(3.0) - Db(10.0), Dbm(23.0));
        assert_eq!(Dbm(-80.0) - Dbm(-90.0), Db(10.0));
        assert!((Dbm::from_watts(200.0).0 - 53.0103).abs() < 1e-4);
        assert!((Db::from_linear(Db(7.5).linear()).0 - 7.5).abs() < 1e-12);
    }
}
