//! Features in the order of a Hilbert curve, so that what lies together in place lies together in the file.

use super::table::joined;
use rayon::prelude::*;

/// Position of a cell of a 2^16 by 2^16 grid along the Hilbert curve: from the coarsest bit down, each
/// quadrant is turned so that the curve leaves where the next one begins.
fn position(mut x: u32, mut y: u32) -> u32 {
    let mut d = 0;
    for bit in (0..16).rev() {
        let side = 1 << bit;
        let (right, up) = ((x & side) != 0, (y & side) != 0);
        d = (d << 2) | ((u32::from(right) * 3) ^ u32::from(up));
        x &= side - 1;
        y &= side - 1;
        if !up {
            if right {
                (x, y) = (side - 1 - x, side - 1 - y);
            }
            std::mem::swap(&mut x, &mut y);
        }
    }
    d
}

/// The rows in order along the curve through the middles of their bounds; those without geometry last.
/// Also the bounds of all.
pub(super) fn order(bounds: &[Option<[f64; 4]>]) -> (Vec<u32>, Option<[f64; 4]>) {
    let all = bounds.iter().copied().fold(None, joined);
    let mut rows: Vec<u32> = (0..bounds.len() as u32).collect();
    if let Some([west, south, east, north]) = all {
        let cell = |mid: f64, low: f64, high: f64| {
            let share = if high > low { (mid - low) / (high - low) } else { 0.0 };
            (share.clamp(0.0, 1.0) * 65535.0) as u32
        };
        let keys: Vec<u64> = bounds
            .par_iter()
            .map(|b| {
                b.map_or(u64::MAX, |[w, s, e, n]| {
                    let (x, y) = ((w + e) / 2.0, (s + n) / 2.0);
                    u64::from(position(cell(x, west, east), cell(y, south, north)))
                })
            })
            .collect();
        rows.par_sort_by_key(|&r| (keys[r as usize], r));
    }
    (rows, all)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The curve visits every cell once and moves one cell at a time.
    #[test]
    fn neighbours_on_the_curve_are_neighbours_in_place() {
        // The grid's lower left corner of 64 by 64 cells is a whole piece of the curve.
        let mut cells: Vec<(u32, i64, i64)> = (0..64)
            .flat_map(|x| (0..64).map(move |y| (position(x, y), i64::from(x), i64::from(y))))
            .collect();
        cells.sort_unstable();
        for pair in cells.windows(2) {
            let step = (pair[0].1 - pair[1].1).abs() + (pair[0].2 - pair[1].2).abs();
            assert_eq!((pair[1].0 - pair[0].0, step), (1, 1), "{pair:?}");
        }
    }

    #[test]
    fn rows_without_place_come_last() {
        let b = |x: f64| Some([x, 0.0, x, 0.0]);
        let (rows, all) = order(&[None, b(3.0), b(1.0), None, b(2.0)]);
        assert_eq!(rows[3..], [0, 3]);
        assert_eq!(all, Some([1.0, 0.0, 3.0, 0.0]));
        assert_eq!(order(&[]), (vec![], None));
    }
}
