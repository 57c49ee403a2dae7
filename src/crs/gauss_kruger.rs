//! The Gauss-Krüger zones of CGCS2000: which one, which EPSG code, and which column is north.
//!
//! Chinese tables write X for the northing and Y for the easting, with or without the zone's number before the
//! easting; many say neither. The values themselves tell, because in China the two never overlap.

use super::{Crs, CrsError};

/// Width of a zone in longitude.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ZoneWidth {
    /// Zones 25–45, central meridians every 3°.
    ThreeDegrees,
    /// Zones 13–23, central meridians every 6°.
    SixDegrees,
}

/// One of the zones that cover China.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Zone {
    width: ZoneWidth,
    number: u8,
}

impl Zone {
    /// The zone whose central meridian is nearest to a longitude; `None` outside 72–136.5° E.
    ///
    /// # Example
    /// ```
    /// use covplan::crs::gauss_kruger::{Zone, ZoneWidth};
    /// let zone = Zone::containing(118.8, ZoneWidth::ThreeDegrees).expect("in China");
    /// assert_eq!((zone.number(), zone.central_meridian_deg(), zone.epsg(false)), (40, 120.0, 4549));
    /// ```
    #[must_use]
    pub fn containing(lon_deg: f64, width: ZoneWidth) -> Option<Self> {
        if !lon_deg.is_finite() {
            return None;
        }
        let number = match width {
            ZoneWidth::ThreeDegrees => (lon_deg / 3.0).round(),
            ZoneWidth::SixDegrees => (lon_deg / 6.0).floor() + 1.0,
        };
        let numbers = Self::numbers(width);
        (f64::from(*numbers.start())..=f64::from(*numbers.end()))
            .contains(&number)
            .then_some(Self { width, number: number as u8 })
    }

    /// The zone that a prefix before the easting names; the two widths share no number.
    #[must_use]
    pub fn of_prefix(number: u8) -> Option<Self> {
        [ZoneWidth::ThreeDegrees, ZoneWidth::SixDegrees]
            .into_iter()
            .find(|&w| Self::numbers(w).contains(&number))
            .map(|width| Self { width, number })
    }

    /// The zone of a CGCS2000 code, and whether its eastings carry the prefix.
    #[must_use]
    pub fn of_epsg(code: u32) -> Option<(Self, bool)> {
        let (first, width, prefixed) = match code {
            4491..=4501 => (4491, ZoneWidth::SixDegrees, true),
            4502..=4512 => (4502, ZoneWidth::SixDegrees, false),
            4513..=4533 => (4513, ZoneWidth::ThreeDegrees, true),
            4534..=4554 => (4534, ZoneWidth::ThreeDegrees, false),
            _ => return None,
        };
        let number = *Self::numbers(width).start() + (code - first) as u8;
        Some((Self { width, number }, prefixed))
    }

    const fn numbers(width: ZoneWidth) -> std::ops::RangeInclusive<u8> {
        match width {
            ZoneWidth::ThreeDegrees => 25..=45,
            ZoneWidth::SixDegrees => 13..=23,
        }
    }

    /// The zone's number, which is also its prefix.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.number
    }

    /// The zone's width.
    #[must_use]
    pub const fn width(self) -> ZoneWidth {
        self.width
    }

    /// Central meridian, degrees east.
    #[must_use]
    pub fn central_meridian_deg(self) -> f64 {
        match self.width {
            ZoneWidth::ThreeDegrees => 3.0 * f64::from(self.number),
            ZoneWidth::SixDegrees => 6.0 * f64::from(self.number) - 3.0,
        }
    }

    /// The EPSG code of the zone in CGCS2000, with or without the prefix in its eastings.
    #[must_use]
    pub fn epsg(self, prefixed: bool) -> u32 {
        let (first, prefixed_first) = match self.width {
            ZoneWidth::SixDegrees => (4502, 4491),
            ZoneWidth::ThreeDegrees => (4534, 4513),
        };
        let index = u32::from(self.number - Self::numbers(self.width).start());
        index + if prefixed { prefixed_first } else { first }
    }

    /// The zone as a coordinate system.
    ///
    /// # Errors
    /// [`CrsError::ProjDatabase`] when PROJ's database can't be used.
    pub fn crs(self, prefixed: bool) -> Result<Crs, CrsError> {
        Crs::epsg(self.epsg(prefixed))
    }
}

/// Which of two columns is the easting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AxisOrder {
    /// First east, then north, as GIS files have it.
    EastNorth,
    /// First north, then east, as Chinese surveying tables have it (X north, Y east).
    NorthEast,
}

impl AxisOrder {
    /// The pair as east, north.
    #[must_use]
    pub const fn east_north(self, first: f64, second: f64) -> [f64; 2] {
        match self {
            Self::EastNorth => [first, second],
            Self::NorthEast => [second, first],
        }
    }
}

/// What the values of two columns say about their grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GridGuess {
    /// Which column is the easting.
    pub order: AxisOrder,
    /// The zone, when the eastings carry its prefix. Without one the central meridian can't be told.
    pub zone: Option<Zone>,
}

/// Northings of China (15–56° N), metres.
const NORTHING_M: std::ops::RangeInclusive<f64> = 1_600_000.0..=6_300_000.0;
/// Eastings without prefix: 500 km plus up to half a 6° zone and some overlap, metres.
const EASTING_M: std::ops::RangeInclusive<f64> = 100_000.0..=900_000.0;
/// Share of pairs that have to agree.
const AGREEMENT: f64 = 0.95;

/// Tells from the values which column is the easting and, from a prefix, which zone. `None` when fewer than 95 % of
/// the finite pairs agree (several zones in one table, other units, no grid of China).
#[must_use]
pub fn guess_grid(pairs: &[[f64; 2]]) -> Option<GridGuess> {
    let mut votes: Vec<(AxisOrder, Option<Zone>, usize)> = Vec::new();
    let mut finite = 0usize;
    for &[a, b] in pairs.iter().filter(|[a, b]| a.is_finite() && b.is_finite()) {
        finite += 1;
        let guess = if NORTHING_M.contains(&b) {
            easting_zone(a).map(|zone| (AxisOrder::EastNorth, zone))
        } else if NORTHING_M.contains(&a) {
            easting_zone(b).map(|zone| (AxisOrder::NorthEast, zone))
        } else {
            None
        };
        if let Some((order, zone)) = guess {
            match votes.iter_mut().find(|v| v.0 == order && v.1 == zone) {
                Some(vote) => vote.2 += 1,
                None => votes.push((order, zone, 1)),
            }
        }
    }
    let &(order, zone, count) = votes.iter().max_by_key(|v| v.2)?;
    (count as f64 >= AGREEMENT * finite as f64).then_some(GridGuess { order, zone })
}

/// `Some(None)` for an easting without prefix, `Some(Some(zone))` with one, `None` when it's no easting.
fn easting_zone(value: f64) -> Option<Option<Zone>> {
    if EASTING_M.contains(&value) {
        return Some(None);
    }
    let prefix = (value / 1e6).floor();
    if !(0.0..100.0).contains(&prefix) || !EASTING_M.contains(&(value - prefix * 1e6)) {
        return None;
    }
    Zone::of_prefix(prefix as u8).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_prefixes_and_meridians_agree_with_epsg() {
        let mut seen = 0;
        for code in 4491..=4554 {
            let (zone, prefixed) = Zone::of_epsg(code).expect("a CGCS2000 zone");
            assert_eq!(zone.epsg(prefixed), code);
            assert_eq!(Zone::of_prefix(zone.number()), Some(zone));
            let name = Crs::epsg(code).expect("known").name().to_owned();
            let ending = if prefixed {
                format!("zone {}", zone.number())
            } else {
                format!("CM {}E", zone.central_meridian_deg())
            };
            assert!(name.ends_with(&ending), "EPSG:{code} {name} {ending}");
            assert_eq!(name.contains("3-degree"), zone.width() == ZoneWidth::ThreeDegrees, "{name}");
            seen += 1;
        }
        assert_eq!(seen, 64);
        assert!(Zone::of_epsg(4490).is_none() && Zone::of_epsg(4555).is_none());
    }

    #[test]
    fn zone_of_a_longitude() {
        for (lon, three, six) in [
            (73.6, Some(25), Some(13)),
            (113.3, Some(38), Some(19)),
            (118.49, Some(39), Some(20)),
            (118.51, Some(40), Some(20)),
            (135.0, Some(45), Some(23)),
            (139.7, None, None),
            (f64::NAN, None, None),
        ] {
            assert_eq!(Zone::containing(lon, ZoneWidth::ThreeDegrees).map(Zone::number), three, "{lon}");
            assert_eq!(Zone::containing(lon, ZoneWidth::SixDegrees).map(Zone::number), six, "{lon}");
        }
    }

    #[test]
    fn values_tell_which_column_is_north() {
        let guess = |pairs: &[[f64; 2]]| guess_grid(pairs);
        let plain = GridGuess { order: AxisOrder::EastNorth, zone: None };
        assert_eq!(guess(&[[430_798.0, 2_555_771.0], [669_693.0, 3_549_946.0]]), Some(plain));
        let turned = GridGuess { order: AxisOrder::NorthEast, zone: Zone::of_prefix(38) };
        assert_eq!(guess(&[[2_555_771.0, 38_430_798.0], [f64::NAN, 1.0]]), Some(turned));
        assert_eq!(AxisOrder::NorthEast.east_north(2.0, 1.0), [1.0, 2.0]);
        for pairs in [&[[113.3, 23.1]][..], &[], &[[430_798.0, 431_000.0]], &[[2_555_771.0, 3_555_771.0]]] {
            assert_eq!(guess(pairs), None, "{pairs:?}");
        }
        // Two zones in one table: no single answer.
        assert_eq!(guess(&[[2_555_771.0, 38_430_798.0], [2_555_771.0, 39_430_798.0]]), None);
    }
}
