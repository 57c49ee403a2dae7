//! Many distances at once, in loops without a branch, so that they run in vectors.

use super::{LosProbability, Prepared};
use crate::radio::fast;

/// lg x over ln x.
const LG_PER_LN: f64 = std::f64::consts::LOG10_E;

/// Both states at `N` distances.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StatesOf<const N: usize> {
    /// Median path loss in line of sight, dB.
    pub los_db: [f64; N],
    /// Median path loss without line of sight, dB.
    pub nlos_db: [f64; N],
    /// Probability of line of sight.
    pub p_los: [f64; N],
}

impl Prepared {
    /// Median losses in line of sight and without at many ground distances, in metres, which aren't checked:
    /// as [`states`](Self::states), within 10⁻⁸ dB.
    #[inline]
    #[must_use]
    pub fn losses_of<const N: usize>(&self, ground_distance_m: &[f64; N]) -> ([f64; N], [f64; N]) {
        let mut square = [0.0; N];
        let mut lg = [0.0; N];
        for ((square, lg), d) in square.iter_mut().zip(&mut lg).zip(ground_distance_m) {
            *square = d * d + self.height_difference_squared;
            *lg = 0.5 * LG_PER_LN * fast::ln(*square);
        }
        let [one, other] = self.nlos;
        // Most scenarios have no term in the distance itself, and need no root.
        let straight = [self.near, self.far, one, other].iter().all(|line| line.per_metre == 0.0);
        let d3d = if straight { [0.0; N] } else { square.map(f64::sqrt) };
        let (mut los_db, mut nlos_db) = ([0.0; N], [0.0; N]);
        let places = ground_distance_m.iter().zip(&d3d).zip(&lg);
        for ((los_db, nlos_db), ((d, d3d), lg)) in los_db.iter_mut().zip(&mut nlos_db).zip(places) {
            let (near, far) = (self.near.at(*d3d, *lg), self.far.at(*d3d, *lg));
            let los = if *d <= self.breakpoint_m { near } else { far };
            let (one, other) = (one.at(*d3d, *lg), other.at(*d3d, *lg));
            let nlos = if one > other { one } else { other };
            *los_db = los;
            *nlos_db = if nlos > los { nlos } else { los };
        }
        (los_db, nlos_db)
    }

    /// Both states at many ground distances, in metres, which aren't checked: as [`states`](Self::states), losses
    /// within 10⁻⁸ dB, probabilities within 10⁻⁹.
    #[inline]
    #[must_use]
    pub fn states_of<const N: usize>(&self, ground_distance_m: &[f64; N]) -> StatesOf<N> {
        let (los_db, nlos_db) = self.losses_of(ground_distance_m);
        StatesOf { los_db, nlos_db, p_los: self.los_probability.of(ground_distance_m) }
    }
}

impl LosProbability {
    fn of<const N: usize>(&self, d: &[f64; N]) -> [f64; N] {
        let mut p = [1.0; N];
        match *self {
            Self::Street { near_m, decay_m, height_bonus: 0.0 } => {
                for (p, d) in p.iter_mut().zip(d) {
                    let far = if *d > near_m { *d } else { near_m };
                    let near = near_m / far;
                    let fallen = near + fast::exp(-far / decay_m) * (1.0 - near);
                    *p = if *d <= near_m { 1.0 } else { fallen };
                }
            }
            Self::Exponential { near_m, offset_m, decay_m } => {
                for (p, d) in p.iter_mut().zip(d) {
                    let fallen = fast::exp(-(*d - offset_m) / decay_m);
                    *p = if *d <= near_m { 1.0 } else { fallen };
                }
            }
            Self::Certain => {}
            // Offices, and high receivers among high houses: rare enough to go one by one.
            Self::Street { .. } | Self::Office { .. } => {
                p.iter_mut().zip(d).for_each(|(p, d)| *p = self.at(*d));
            }
        }
        p
    }
}
