//! Antenna patterns of base stations: how much less goes elsewhere than at the peak.
//!
//! A gain is a peak times a pattern. The peak differs by use: the SSB beam is several dB below the traffic
//! beam, and only the SSB beam makes SS-RSRP. Patterns follow TR 38.901, Table 7.3-1 (the parabolic form
//! that TR 36.814 also uses), or two measured cuts ([`Cuts`]).

use crate::units::Db;
use std::sync::Arc;

/// A pattern: attenuation against the peak, 0 dB at boresight.
#[derive(Clone, Debug, PartialEq)]
pub enum Pattern {
    /// The same in all directions.
    Omni,
    /// The same all around, a beam in the vertical.
    Collinear {
        /// Width of the vertical beam at −3 dB, degrees.
        vertical_deg: f64,
        /// Greatest attenuation, dB.
        floor_db: f64,
    },
    /// A sector.
    Sector(SectorPattern),
    /// As measured.
    Cuts(Arc<Cuts>),
}

/// A pattern measured in two planes. In between the attenuations add up, as in TR 38.901's own form, down to
/// the greatest that either cut has: `A = min(A_H(φ) + A_V(θ), max(A_H, A_V))`, linear in dB between
/// samples.
///
/// Each cut counts from its own least value: makers take the horizontal cut at the horizon or through the
/// beam, and what is lost between the two is in the vertical cut already.
#[derive(Clone, Debug, PartialEq)]
pub struct Cuts {
    /// Around the horizon: the first towards the front, then clockwise in equal steps, dB.
    horizontal_db: Box<[f32]>,
    /// In the vertical plane: the first towards the front, then downwards in equal steps, dB.
    vertical_db: Box<[f32]>,
    floor_db: f64,
    tilt_deg: f64,
}

impl Cuts {
    /// A pattern of its cuts; `None` unless both have values, all of them finite.
    #[must_use]
    pub fn new(horizontal_db: &[f32], vertical_db: &[f32]) -> Option<Self> {
        let levelled = |cut: &[f32]| {
            let least = cut.iter().copied().reduce(f32::min).filter(|_| cut.iter().all(|v| v.is_finite()))?;
            Some(cut.iter().map(|v| v - least).collect::<Box<[f32]>>())
        };
        let (horizontal_db, vertical_db) = (levelled(horizontal_db)?, levelled(vertical_db)?);
        let floor_db = horizontal_db.iter().chain(&vertical_db).copied().fold(0.0f32, f32::max);
        let tilt_deg = beam_deg(&vertical_db);
        Some(Self { horizontal_db, vertical_db, floor_db: f64::from(floor_db), tilt_deg })
    }

    /// How far below the horizon the beam looks by itself, degrees.
    #[must_use]
    pub const fn tilt_deg(&self) -> f64 {
        self.tilt_deg
    }

    /// The same beam in the vertical, all around alike: for an antenna whose azimuth isn't known.
    #[must_use]
    pub fn round(&self) -> Self {
        Self { horizontal_db: Box::new([0.0]), ..self.clone() }
    }

    /// Attenuation at an azimuth from the front, and at an elevation off the beam's own, degrees.
    #[must_use]
    pub fn attenuation_db(&self, azimuth_deg: f64, off_beam_deg: f64) -> f64 {
        (at_angle(&self.horizontal_db, azimuth_deg)
            + at_angle(&self.vertical_db, self.tilt_deg - off_beam_deg))
        .min(self.floor_db)
    }
}

/// A cut at an angle, linear between samples.
fn at_angle(cut: &[f32], angle_deg: f64) -> f64 {
    let place = angle_deg.rem_euclid(360.0) / 360.0 * cut.len() as f64;
    let at = place as usize;
    let value = |i: usize| f64::from(cut.get(i % cut.len().max(1)).copied().unwrap_or(0.0));
    let (low, high) = (value(at), value(at + 1));
    low + (high - low) * (place - at as f64)
}

/// The angle of the beam in a vertical cut's front half: the middle of its least values next to each other.
fn beam_deg(cut: &[f32]) -> f64 {
    let n = cut.len() as i64;
    let (step, quarter) = (360.0 / n as f64, n / 4);
    let value = |i: i64| cut.get(i.rem_euclid(n) as usize).copied().unwrap_or(f32::INFINITY);
    // Of equal values the one nearest to the horizon.
    let first =
        (-quarter..=quarter).min_by(|a, b| value(*a).total_cmp(&value(*b)).then(a.abs().cmp(&b.abs())));
    let Some(first) = first else { return 0.0 };
    let alike = |i: &i64| i.abs() <= quarter && value(*i) == value(first);
    let up = (0..).map(|k| first - k).take_while(|i| alike(i)).count() as i64;
    let down = (0..).map(|k| first + k).take_while(|i| alike(i)).count() as i64;
    (first as f64 + 0.5 * (down - up) as f64) * step
}

/// The parabolic sector pattern: `A = −min(A_V + A_H, A_max)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SectorPattern {
    /// Horizontal width at −3 dB, degrees.
    pub horizontal_deg: f64,
    /// Vertical width at −3 dB, degrees.
    pub vertical_deg: f64,
    /// Greatest attenuation over all, and in the horizontal cut (A_max), dB.
    pub front_to_back_db: f64,
    /// Greatest attenuation in the vertical cut (SLA_V), dB.
    pub side_lobe_db: f64,
}

/// Peak gain of the element of TR 38.901, Table 7.3-1, dBi.
pub const ELEMENT_GAIN_DBI: f64 = 8.0;

impl SectorPattern {
    /// One element of a panel (TR 38.901, Table 7.3-1): 65° × 65°, 30 dB. It is also the envelope of a
    /// panel whose beams are steered over the sector.
    pub const ELEMENT: Self =
        Self { horizontal_deg: 65.0, vertical_deg: 65.0, front_to_back_db: 30.0, side_lobe_db: 30.0 };

    /// A passive panel of a given peak gain: 65° wide, as high as the gain leaves room for, by
    /// `G ≈ 10 lg(27 000 / (θ_h·θ_v))`; front-to-back 25 dB and side lobes 20 dB of TR 36.814,
    /// Table A.2.1.1-2.
    #[must_use]
    pub fn panel(peak_gain_dbi: f64) -> Self {
        let horizontal_deg = 65.0;
        let vertical_deg = (27_000.0 / (horizontal_deg * 10f64.powf(peak_gain_dbi / 10.0))).clamp(3.0, 65.0);
        Self { horizontal_deg, vertical_deg, front_to_back_db: 25.0, side_lobe_db: 20.0 }
    }
}

/// Where an antenna points.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Pointing {
    /// Azimuth of boresight, degrees clockwise from north; no matter for an omni.
    pub azimuth_deg: f64,
    /// Electrical downtilt, degrees: lowers the beam alike in all azimuths. Of measured cuts it is the tilt
    /// that the beam shall have, in the place of the cuts' own.
    pub electrical_tilt_deg: f64,
    /// Mechanical downtilt, degrees: turns the antenna, so that its back points up.
    pub mechanical_tilt_deg: f64,
}

impl Pattern {
    /// Gain against the peak (0 dB or less) towards a bearing and an elevation, degrees; elevation counts
    /// up from the horizon.
    #[must_use]
    pub fn relative_gain(&self, pointing: &Pointing, bearing_deg: f64, elevation_deg: f64) -> Db {
        let (azimuth, elevation) = if pointing.mechanical_tilt_deg == 0.0 {
            (wrap_degrees(bearing_deg - pointing.azimuth_deg), elevation_deg)
        } else {
            tilted(bearing_deg - pointing.azimuth_deg, elevation_deg, pointing.mechanical_tilt_deg)
        };
        let off_beam = elevation + pointing.electrical_tilt_deg;
        Db(match self {
            Self::Omni => 0.0,
            Self::Collinear { vertical_deg, floor_db } => -parabola(off_beam, *vertical_deg, *floor_db),
            Self::Sector(sector) => -sector.attenuation_db(azimuth, off_beam),
            Self::Cuts(cuts) => -cuts.attenuation_db(azimuth, off_beam),
        })
    }
}

impl SectorPattern {
    /// Attenuation in dB at angles from the beam's axis, degrees.
    #[inline]
    #[must_use]
    pub fn attenuation_db(&self, azimuth_deg: f64, elevation_deg: f64) -> f64 {
        (parabola(elevation_deg, self.vertical_deg, self.side_lobe_db)
            + parabola(azimuth_deg, self.horizontal_deg, self.front_to_back_db))
        .min(self.front_to_back_db)
    }
}

#[inline]
fn parabola(angle_deg: f64, width_deg: f64, floor_db: f64) -> f64 {
    let ratio = angle_deg / width_deg;
    (12.0 * ratio * ratio).min(floor_db)
}

/// An angle in −180..180 degrees.
#[inline]
#[must_use]
pub fn wrap_degrees(angle: f64) -> f64 {
    angle - 360.0 * super::fast::round(angle * (1.0 / 360.0))
}

/// A direction in the frame of an antenna turned down by `tilt` degrees (TR 38.901, §7.1.3, with the
/// bearing and slant angles zero).
fn tilted(azimuth_deg: f64, elevation_deg: f64, tilt_deg: f64) -> (f64, f64) {
    let (sin_a, cos_a) = azimuth_deg.to_radians().sin_cos();
    let (sin_e, cos_e) = elevation_deg.to_radians().sin_cos();
    let (sin_t, cos_t) = tilt_deg.to_radians().sin_cos();
    let (x, y, z) = (cos_e * cos_a, cos_e * sin_a, sin_e);
    let forward = x * cos_t - z * sin_t;
    let up = x * sin_t + z * cos_t;
    (y.atan2(forward).to_degrees(), up.clamp(-1.0, 1.0).asin().to_degrees())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn gain(pattern: &Pattern, pointing: Pointing, bearing: f64, elevation: f64) -> f64 {
        pattern.relative_gain(&pointing, bearing, elevation).get()
    }

    /// Points of TR 38.901, Table 7.3-1, by hand: −3 dB at half the width, −30 dB at the back.
    #[test]
    fn element_by_hand() {
        let element = Pattern::Sector(SectorPattern::ELEMENT);
        let north = Pointing::default();
        for (bearing, elevation, want) in [
            (0.0, 0.0, 0.0),
            (32.5, 0.0, -3.0),
            (-32.5, 0.0, -3.0),
            (327.5, 0.0, -3.0),
            (0.0, -32.5, -3.0),
            (65.0, 0.0, -12.0),
            (32.5, 32.5, -6.0),
            (180.0, 0.0, -30.0),
            (120.0, 60.0, -30.0),
        ] {
            assert!((gain(&element, north, bearing, elevation) - want).abs() < 1e-9, "{bearing} {elevation}");
        }
    }

    #[test]
    fn tilts_lower_the_beam() {
        let panel = Pattern::Sector(SectorPattern::panel(17.0));
        let east = |electrical, mechanical| Pointing {
            azimuth_deg: 90.0,
            electrical_tilt_deg: electrical,
            mechanical_tilt_deg: mechanical,
        };
        for pointing in [east(6.0, 0.0), east(0.0, 6.0), east(2.0, 4.0)] {
            assert!(gain(&panel, pointing, 90.0, -6.0).abs() < 1e-9, "{pointing:?}");
            assert!(gain(&panel, pointing, 90.0, 0.0) < -3.0);
        }
        // Behind the antenna electrical tilt still looks down, mechanical tilt looks up.
        let back =
            |p| Pattern::Collinear { vertical_deg: 8.0, floor_db: 20.0 }.relative_gain(&p, 270.0, -6.0);
        assert!(back(east(6.0, 0.0)).get() > -1e-9);
        assert!(back(east(0.0, 6.0)).get() < -15.0);
    }

    #[test]
    fn panels_narrow_with_gain() {
        let width = |gain| SectorPattern::panel(gain).vertical_deg;
        assert!(width(15.0) > width(17.0) && width(17.0) > width(21.0));
        assert!((width(17.6) - 7.2).abs() < 0.1);
    }

    /// The element of TR 38.901 as a maker would measure it: its two cuts, to 0.01 dB.
    fn element_cuts(tilt_deg: f64) -> Cuts {
        let element = SectorPattern::ELEMENT;
        let written = |db: f64| (db * 100.0).round() as f32 / 100.0;
        let horizontal: Vec<f32> =
            (0..360).map(|a| written(element.attenuation_db(wrap_degrees(f64::from(a)), 0.0))).collect();
        // Behind the antenna the azimuth is 180°.
        let vertical: Vec<f32> = (0..360)
            .map(|a| {
                let down = wrap_degrees(f64::from(a));
                let (azimuth, down) =
                    if down.abs() <= 90.0 { (0.0, down) } else { (180.0, wrap_degrees(180.0 - down)) };
                written(element.attenuation_db(azimuth, tilt_deg - down))
            })
            .collect();
        Cuts::new(&horizontal, &vertical).unwrap()
    }

    /// Written as two cuts and read again the element is itself within 0.1 dB, in all directions, tilted or not.
    #[test]
    fn cuts_are_the_formula() {
        let element = Pattern::Sector(SectorPattern::ELEMENT);
        let mut worst = 0.0f64;
        for own_tilt in [0.0, 6.0] {
            let cuts = element_cuts(own_tilt);
            assert!((cuts.tilt_deg() - own_tilt).abs() < 1e-9, "{}", cuts.tilt_deg());
            let cuts = Pattern::Cuts(Arc::new(cuts));
            for (electrical, mechanical) in [(0.0, 0.0), (6.0, 0.0), (3.0, 4.0), (0.0, 10.0)] {
                let pointing = Pointing {
                    azimuth_deg: 30.0,
                    electrical_tilt_deg: electrical,
                    mechanical_tilt_deg: mechanical,
                };
                for bearing in (0..720).map(|b| f64::from(b) * 0.5 + 0.13) {
                    for elevation in (-70..=70).map(|e| f64::from(e) + 0.21) {
                        let want = gain(&element, pointing, bearing, elevation);
                        let got = gain(&cuts, pointing, bearing, elevation);
                        worst = worst.max((got - want).abs());
                    }
                }
            }
        }
        eprintln!("two cuts against the formula: {worst:.3} dB at most");
        assert!(worst <= 0.1, "{worst}");
    }

    /// A cut at the horizon, 2 dB below the beam that looks 8° down: nothing is taken off twice.
    #[test]
    fn cuts_count_from_their_own_least_value() {
        let horizontal: Vec<f32> =
            (0..360).map(|a| 2.0 + (f64::from(a).to_radians().cos() as f32 - 1.0) * -9.0).collect();
        let vertical: Vec<f32> =
            (0..360).map(|a| (wrap_degrees(f64::from(a) - 8.0).abs() * 0.25).min(20.0) as f32).collect();
        let cuts = Cuts::new(&horizontal, &vertical).unwrap();
        assert_eq!(cuts.tilt_deg(), 8.0);
        assert!(cuts.attenuation_db(0.0, 0.0).abs() < 1e-6);
        assert!((cuts.attenuation_db(0.0, 8.0) - 2.0).abs() < 1e-5);
        assert!((cuts.attenuation_db(90.0, 0.0) - 9.0).abs() < 1e-4);
        assert!((cuts.round().attenuation_db(90.0, 0.0)).abs() < 1e-6);
        // 20 and 18 dB add up to no more than the deepest value measured.
        assert_eq!(cuts.attenuation_db(180.0, 100.0), 20.0);
        assert!(Cuts::new(&[], &[0.0]).is_none() && Cuts::new(&[f32::NAN], &[0.0]).is_none());
        // Half-degree steps, and the middle between two equal values.
        let fine: Vec<f32> = (0..720).map(|a| if (10..=12).contains(&a) { 0.0 } else { 5.0 }).collect();
        assert_eq!(Cuts::new(&[0.0], &fine).unwrap().tilt_deg(), 5.5);
    }

    proptest! {
        /// Never above the peak, never below the floor, and turning everything changes nothing.
        #[test]
        fn bounded_and_turnable(
            azimuth in 0.0f64..360.0, bearing in 0.0f64..360.0, elevation in -90.0f64..90.0,
            tilt in -5.0f64..15.0, mechanical in 0.0f64..10.0, turn in 0.0f64..360.0,
        ) {
            let pattern = Pattern::Sector(SectorPattern::panel(15.0));
            let p = Pointing { azimuth_deg: azimuth, electrical_tilt_deg: tilt, mechanical_tilt_deg: mechanical };
            let g = gain(&pattern, p, bearing, elevation);
            prop_assert!((-25.0..=0.0).contains(&g));
            let turned = gain(&pattern, Pointing { azimuth_deg: azimuth + turn, ..p }, bearing + turn, elevation);
            prop_assert!((g - turned).abs() < 1e-6);
        }
    }
}
