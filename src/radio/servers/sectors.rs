//! The cells of a network as all receivers share them: what doesn't depend on the receiver is worked out once.

use super::{Air, Mast, Sector, milliwatts};
use crate::radio::antenna::Pattern;
use crate::radio::coverage_probability::LN_PER_DB;
use crate::radio::fast;

/// Cells, each with the parts of its beam that are the same for every receiver.
#[derive(Clone, Debug, Default)]
pub struct Sectors {
    list: Vec<Sector>,
    rays: Vec<Ray>,
}

impl Sectors {
    /// No cell yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { list: Vec::new(), rays: Vec::new() }
    }

    /// Adds a cell.
    pub fn push(&mut self, sector: Sector, air: &Air) {
        self.rays.push(Ray::new(&sector, air));
        self.list.push(sector);
    }

    /// Leaves the first cells only.
    pub fn truncate(&mut self, len: usize) {
        self.list.truncate(len);
        self.rays.truncate(len);
    }

    /// How many cells there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// A cell.
    #[must_use]
    pub fn get(&self, at: u32) -> Option<&Sector> {
        self.list.get(at as usize)
    }

    /// The cells of a mast with their beams; those that the list doesn't have are left out.
    pub(super) fn of(&self, mast: &Mast) -> impl Iterator<Item = (&Sector, &Ray)> {
        let first = (mast.first as usize).min(self.list.len());
        let end = first.saturating_add(mast.count as usize).min(self.list.len());
        self.list[first..end].iter().zip(&self.rays[first..end])
    }
}

/// An SSB beam in single precision, whose error is some 10⁻⁵ dB. All formulas have one form: the
/// greatest of a parabola each across and upwards, each with a floor, and a floor over both.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ray {
    azimuth_deg: f32,
    tilt_deg: f32,
    /// dB per squared degree off the axis; zero in a plane in which the pattern is round.
    across: f32,
    upwards: f32,
    across_floor_db: f32,
    upwards_floor_db: f32,
    floor_db: f32,
    /// Power per resource element at the peak, mW.
    ssb_mw: f32,
    /// Power of data over that of the SSB, over all elements in use or not.
    pub data_over_ssb: f32,
    /// A beam turned in the vertical, or measured, which has no such form.
    formless: bool,
}

impl Ray {
    fn new(sector: &Sector, air: &Air) -> Self {
        let parabola = |width_deg: f64| (12.0 / (width_deg * width_deg)) as f32;
        let pattern = air.antennas.get(usize::from(sector.antenna)).map(|a| &a.ssb);
        let (across, upwards, floors) = match pattern {
            None | Some(Pattern::Omni | Pattern::Cuts(_)) => (0.0, 0.0, [0.0; 3]),
            Some(&Pattern::Collinear { vertical_deg, floor_db }) => {
                (0.0, parabola(vertical_deg), [0.0, floor_db, floor_db])
            }
            Some(Pattern::Sector(s)) => (
                parabola(s.horizontal_deg),
                parabola(s.vertical_deg),
                [s.front_to_back_db, s.side_lobe_db, s.front_to_back_db],
            ),
        };
        let [across_floor_db, upwards_floor_db, floor_db] = floors.map(|f| f as f32);
        let shift_db = f64::from(sector.data_epre_dbm) - f64::from(sector.ssb_epre_dbm);
        Self {
            azimuth_deg: sector.azimuth_deg,
            tilt_deg: sector.electrical_tilt_deg,
            across,
            upwards,
            across_floor_db,
            upwards_floor_db,
            floor_db,
            ssb_mw: milliwatts(f64::from(sector.ssb_epre_dbm) + f64::from(sector.gain_ssb_dbi)) as f32,
            data_over_ssb: milliwatts(shift_db) as f32 * sector.load,
            formless: sector.mechanical_tilt_deg != 0.0 || matches!(pattern, Some(Pattern::Cuts(_))),
        }
    }

    /// Power per resource element of the SSB towards a receiver, mW.
    #[inline]
    pub fn ssb_mw(&self, sector: &Sector, air: &Air, bearing_deg: f32, elevation_deg: f32) -> f32 {
        let loss_db = if self.formless {
            let pattern = air.antennas.get(usize::from(sector.antenna)).map_or(&Pattern::Omni, |a| &a.ssb);
            let (bearing, elevation) = (f64::from(bearing_deg), f64::from(elevation_deg));
            -pattern.relative_gain(&sector.pointing(), bearing, elevation).get() as f32
        } else {
            let off = bearing_deg - self.azimuth_deg;
            let off = off - 360.0 * fast::round_f32(off * (1.0 / 360.0));
            let up = elevation_deg + self.tilt_deg;
            let across = least(self.across * off * off, self.across_floor_db);
            let upwards = least(self.upwards * up * up, self.upwards_floor_db);
            least(across + upwards, self.floor_db)
        };
        self.ssb_mw * fast::exp_f32(-(LN_PER_DB as f32) * loss_db)
    }
}

/// The lesser of two numbers, neither of them NaN.
#[inline]
fn least(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{air, cell};
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// A ray is the pattern in f64, whatever the antenna.
        #[test]
        fn rays_follow_the_patterns(
            antenna in 0u16..3, azimuth in 0.0f32..360.0, tilt in -2.0f32..12.0, mechanical in 0.0f32..4.0,
            bearing in 0.0f64..360.0, elevation in -90.0f64..10.0,
        ) {
            let mut air = air();
            let around = Pattern::Collinear { vertical_deg: 7.0, floor_db: 20.0 };
            air.antennas.push(super::super::Antenna { ssb: around.clone(), traffic: around });
            for mechanical in [0.0, mechanical] {
                let mut sector = cell(0, 100.0, 0.0).sector;
                sector.antenna = antenna;
                sector.azimuth_deg = azimuth;
                sector.electrical_tilt_deg = tilt;
                sector.mechanical_tilt_deg = mechanical;
                let got = Ray::new(&sector, &air).ssb_mw(&sector, &air, bearing as f32, elevation as f32);
                let pattern = &air.antennas[usize::from(antenna)].ssb;
                let gain = pattern.relative_gain(&sector.pointing(), bearing, elevation).get();
                let want = f64::from(sector.ssb_epre_dbm) + f64::from(sector.gain_ssb_dbi) + gain;
                prop_assert!((super::super::dbm(f64::from(got)) - want).abs() < 1e-3, "{got} {want}");
            }
        }
    }
}
