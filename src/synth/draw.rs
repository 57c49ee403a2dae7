//! Random draws. Every item has a stream of its own, made from the seed, a tag and its number, so that no
//! order of work can change a result.

use crate::geom::{LocalFrame, LonLat, Xy};
use rand::RngExt;
use rand_pcg::Pcg32;

/// What a stream is for; keeps the streams of different layers apart.
#[derive(Clone, Copy, Debug)]
pub(super) enum Tag {
    Parks = 1,
    Sites,
    Towers,
    Cells,
    Streets,
    Links,
    Ducts,
    Fiber,
    Facilities,
    Candidates,
    Regions,
    Measurements,
    History,
    Fading,
}

/// One stream of random draws.
pub(super) struct Draw(Pcg32);

impl Draw {
    /// The stream of an item.
    pub(super) fn of(seed: u64, tag: Tag, item: u64) -> Self {
        let mixed = scramble(seed ^ scramble((tag as u64) << 56 ^ item));
        Self(Pcg32::new(mixed, scramble(mixed ^ item)))
    }

    /// Uniform in [0, 1).
    pub(super) fn unit(&mut self) -> f64 {
        self.0.random::<f64>()
    }

    /// Uniform between two numbers.
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Uniform between two positive numbers on a logarithmic scale.
    pub(super) fn log_between(&mut self, low: f64, high: f64) -> f64 {
        (self.between(low.ln(), high.ln())).exp()
    }

    /// Whole number below `n`; zero for zero.
    pub(super) fn below(&mut self, n: usize) -> usize {
        ((self.unit() * n as f64) as usize).min(n.saturating_sub(1))
    }

    /// Whole number in `low..=high`.
    pub(super) fn whole(&mut self, low: u32, high: u32) -> u32 {
        low + self.below((high - low + 1) as usize) as u32
    }

    /// True with a probability.
    pub(super) fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// A known value with probability `share`, else unknown.
    pub(super) fn known<T>(&mut self, share: f64, value: T) -> Option<T> {
        self.chance(share).then_some(value)
    }

    /// A value drawn with probability `share`, else unknown.
    pub(super) fn maybe<T>(&mut self, share: f64, value: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.chance(share).then(|| value(self))
    }

    /// Standard normal (Box–Muller).
    pub(super) fn normal(&mut self) -> f64 {
        let (u, v) = (1.0 - self.unit(), self.unit());
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }

    /// Exponential with mean one, cut at six.
    pub(super) fn exponential(&mut self) -> f64 {
        (-(1.0 - self.unit()).ln()).min(6.0)
    }

    /// One of a slice; the slice must not be empty.
    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// One of a slice by weight; the slice must not be empty.
    pub(super) fn weighted<'a, T>(&mut self, from: &'a [T], weight: impl Fn(&T) -> f64) -> &'a T {
        let mut left = self.unit() * from.iter().map(&weight).sum::<f64>();
        for item in from {
            left -= weight(item);
            if left < 0.0 {
                return item;
            }
        }
        &from[from.len() - 1]
    }

    /// A point at a distance in a uniformly drawn direction.
    pub(super) fn around(&mut self, centre: LonLat, metres: f64) -> LonLat {
        polar(centre, metres, self.unit() * std::f64::consts::TAU)
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): spreads near numbers over all bits.
fn scramble(x: u64) -> u64 {
    let mut z = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The point at a distance in a direction (radians, counter-clockwise from east), on the written grid.
pub(super) fn polar(centre: LonLat, metres: f64, angle: f64) -> LonLat {
    let (sin, cos) = angle.sin_cos();
    on_grid(LocalFrame::new(centre).to_lonlat(Xy { x_m: metres * cos, y_m: metres * sin }))
}

/// The position rounded to the seven decimals that files carry, so that what is written and read again is
/// the same bits and lines that meet still meet.
pub(super) fn on_grid(p: LonLat) -> LonLat {
    let r = |v: f64| (v * 1e7).round() / 1e7;
    LonLat::wrapped(r(p.lon_deg()), r(p.lat_deg()))
}

/// A number rounded to a step such as 0.5 or 10.
pub(super) fn step(v: f64, step: f64) -> f64 {
    if step < 1.0 { (v / step).round() / (1.0 / step).round() } else { (v / step).round() * step }
}

/// Splits a total over weights into whole parts that sum to it exactly, each within one of its share.
pub(super) fn apportion(total: usize, weights: &[f64]) -> Vec<usize> {
    let sum: f64 = weights.iter().sum();
    let (mut upto, mut given) = (0.0, 0);
    let last = weights.len().saturating_sub(1);
    weights
        .iter()
        .enumerate()
        .map(|(i, w)| {
            upto += w;
            let goal = if i == last { total } else { (upto / sum * total as f64).round() as usize };
            let part = goal.min(total).saturating_sub(given);
            given += part;
            part
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_sum_to_the_total() {
        for total in [0, 1, 7, 1000] {
            let parts = apportion(total, &[0.3, 5.0, 0.0, 1.7, 2.0]);
            assert_eq!(parts.iter().sum::<usize>(), total);
            assert_eq!(parts[2], 0);
        }
    }

    #[test]
    fn streams_differ_and_repeat() {
        let first = |seed, item| Draw::of(seed, Tag::Sites, item).unit();
        assert_eq!(first(1, 1).to_bits(), first(1, 1).to_bits());
        assert_ne!(first(1, 1).to_bits(), first(1, 2).to_bits());
        assert_ne!(first(1, 1).to_bits(), first(2, 1).to_bits());
    }
}
