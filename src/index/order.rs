//! An order of places in which neighbours follow each other.

use crate::geom::LonLat;
use rayon::prelude::*;

/// Side of the square that the curve fills, as a power of two: steps of 0.3 m along a meridian.
const LEVELS: u32 = 26;

/// Position of a cell on the Hilbert curve.
fn hilbert(mut x: u32, mut y: u32) -> u64 {
    let mut place = 0u64;
    let mut s = 1u32 << (LEVELS - 1);
    while s > 0 {
        let (right, upper) = (u32::from(x & s > 0), u32::from(y & s > 0));
        place += u64::from(s) * u64::from(s) * u64::from((3 * right) ^ upper);
        // Turn the quadrant so that the curve runs through it the same way.
        if upper == 0 {
            if right == 1 {
                x = (s - 1).wrapping_sub(x) & ((1 << LEVELS) - 1);
                y = (s - 1).wrapping_sub(y) & ((1 << LEVELS) - 1);
            }
            std::mem::swap(&mut x, &mut y);
        }
        s >>= 1;
    }
    place
}

/// Indices of the places along a Hilbert curve over longitude and latitude; places at the same spot keep
/// their order.
#[must_use]
pub fn hilbert_order(places: &[LonLat]) -> Vec<u32> {
    let scale = f64::from(1u32 << LEVELS) - 1.0;
    let mut keyed: Vec<(u64, u32)> = places
        .par_iter()
        .enumerate()
        .map(|(i, p)| {
            let x = (p.lon_deg() + 180.0) / 360.0 * scale;
            let y = (p.lat_deg() + 90.0) / 180.0 * scale;
            (hilbert(x as u32, y as u32), i as u32)
        })
        .collect();
    keyed.par_sort_unstable();
    keyed.into_iter().map(|k| k.1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_steps_to_neighbours_only() {
        // The curve over the lowest 32 × 32 cells, walked in order.
        let mut cells: Vec<(u64, i64, i64)> = Vec::new();
        for x in 0..32u32 {
            for y in 0..32u32 {
                cells.push((hilbert(x, y), i64::from(x), i64::from(y)));
            }
        }
        cells.sort_unstable();
        assert!(cells.windows(2).all(|w| w[1].0 == w[0].0 + 1));
        assert!(cells.windows(2).all(|w| (w[1].1 - w[0].1).abs() + (w[1].2 - w[0].2).abs() == 1));
    }

    #[test]
    fn every_place_once() {
        let places: Vec<LonLat> = (0..500)
            .map(|i| LonLat::wrapped(f64::from(i * 37 % 360) - 180.0, f64::from(i * 11 % 180) - 90.0))
            .collect();
        let mut order = hilbert_order(&places);
        order.sort_unstable();
        assert!(order.iter().enumerate().all(|(i, &o)| i as u32 == o));
    }
}
