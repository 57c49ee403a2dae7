//! Cable sizes.

use crate::model::settings::FiberSettings;

/// Sizes that are made, fibers.
pub const SIZES: [u32; 7] = [6, 12, 24, 48, 96, 144, 288];

/// The size that the cable price of the catalogue is for, fibers.
const PRICED_SIZE: u32 = 24;

/// Cables side by side on one stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cables {
    /// Number of cables.
    pub count: u32,
    /// Fibers of all of them.
    pub fibers: u32,
}

/// The cables for a number of fibers in use: what is needed with the spare share on top, rounded up to a size
/// that is made; beyond the largest, as many of the largest as go in whole and one for the rest.
#[must_use]
pub fn size(fibers: u32, spare_factor: f64) -> Cables {
    let needed = (f64::from(fibers) * spare_factor).ceil() as u32;
    let largest = SIZES[SIZES.len() - 1];
    let (full, rest) = (needed / largest, needed % largest);
    match SIZES.iter().find(|&&s| s >= rest) {
        Some(s) if rest > 0 || full == 0 => Cables { count: full + 1, fibers: full * largest + s },
        _ => Cables { count: full, fibers: full * largest },
    }
}

/// What a metre of these cables costs more than one cable of the size that the catalogue prices, yuan.
#[must_use]
pub fn surcharge_cny_m(cables: Cables, settings: &FiberSettings) -> f64 {
    let more = cables.fibers.saturating_sub(PRICED_SIZE * cables.count);
    f64::from(cables.count - 1) * settings.cable_cny_m + f64::from(more) * settings.cable_fiber_cny_m
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::settings::Settings;

    #[test]
    fn sizes_and_prices() {
        let of = |n| {
            let c = size(n, 1.2);
            (c.count, c.fibers)
        };
        assert_eq!([of(0), of(5), of(6), of(20), of(21)], [(1, 6), (1, 6), (1, 12), (1, 24), (1, 48)]);
        assert_eq!([of(240), of(241), of(480), of(500)], [(1, 288), (2, 294), (2, 576), (3, 600)]);
        let settings = Settings::with(&toml::Table::new()).unwrap().fiber;
        assert_eq!(surcharge_cny_m(size(10, 1.2), &settings), 0.0);
        let want = settings.cable_cny_m + (294.0 - 48.0) * settings.cable_fiber_cny_m;
        assert!((surcharge_cny_m(size(241, 1.2), &settings) - want).abs() < 1e-9);
    }
}
