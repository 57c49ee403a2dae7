//! Positions, lengths and the shape of the earth. Knows nothing of files or telecoms.
//!
//! [`LonLat`] is degrees on WGS 84 and [`Xy`] is metres in some plane; nothing turns one into the other
//! by accident. Lengths that reach a reader are geodesic ([`geodesic_m`]); [`LocalFrame`] serves the
//! inner loops, within its stated error.

use geo::{Distance, Geodesic, InterpolatePoint, Point};
use std::fmt;

/// Mean earth radius (IUGG), metres.
pub const EARTH_RADIUS_M: f64 = 6_371_008.771_4;

/// A position in degrees on WGS 84: longitude in [−180, 180], latitude in [−90, 90], both finite.
#[derive(Clone, Copy, PartialEq)]
pub struct LonLat {
    lon: f64,
    lat: f64,
}

/// Why two numbers aren't a position.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum LonLatError {
    /// NaN or infinite.
    #[error("longitude {lon} / latitude {lat} is not a finite number")]
    NotFinite {
        /// Longitude as given.
        lon: f64,
        /// Latitude as given.
        lat: f64,
    },
    /// Outside the globe.
    #[error("longitude {lon} / latitude {lat} is outside -180..180 / -90..90")]
    OutOfRange {
        /// Longitude as given.
        lon: f64,
        /// Latitude as given.
        lat: f64,
    },
}

impl LonLat {
    /// Checks and wraps a longitude and a latitude in degrees.
    ///
    /// # Errors
    /// [`LonLatError`] when a number isn't finite or lies off the globe.
    ///
    /// # Example
    /// ```
    /// use covplan::geom::LonLat;
    /// assert!(LonLat::new(118.79, 32.06).is_ok());
    /// assert!(LonLat::new(32.06, 118.79).is_err());
    /// ```
    pub fn new(lon_deg: f64, lat_deg: f64) -> Result<Self, LonLatError> {
        let (lon, lat) = (lon_deg, lat_deg);
        if !lon.is_finite() || !lat.is_finite() {
            return Err(LonLatError::NotFinite { lon, lat });
        }
        if lon.abs() > 180.0 || lat.abs() > 90.0 {
            return Err(LonLatError::OutOfRange { lon, lat });
        }
        Ok(Self { lon, lat })
    }

    /// The nearest valid position: longitude wrapped, latitude clamped, NaN to zero. For results of
    /// arithmetic on valid positions, where a last bit may spill over the edge.
    #[must_use]
    pub fn wrapped(lon_deg: f64, lat_deg: f64) -> Self {
        let lon = if lon_deg.is_finite() { lon_deg } else { 0.0 };
        let lat = if lat_deg.is_finite() { lat_deg } else { 0.0 };
        let lon = if lon.abs() > 180.0 { (lon + 180.0).rem_euclid(360.0) - 180.0 } else { lon };
        Self { lon, lat: lat.clamp(-90.0, 90.0) }
    }

    /// Longitude in degrees, east positive.
    #[must_use]
    pub const fn lon_deg(self) -> f64 {
        self.lon
    }

    /// Latitude in degrees, north positive.
    #[must_use]
    pub const fn lat_deg(self) -> f64 {
        self.lat
    }

    /// The position on the unit sphere. Chord order is great-circle order, so nearest-neighbour search
    /// on these vectors is exact at any latitude and across the antimeridian.
    #[must_use]
    pub fn unit(self) -> [f64; 3] {
        let (sin_lat, cos_lat) = self.lat.to_radians().sin_cos();
        let (sin_lon, cos_lon) = self.lon.to_radians().sin_cos();
        [cos_lat * cos_lon, cos_lat * sin_lon, sin_lat]
    }

    /// The position in the direction of a vector, whatever its length; the null vector gives 0° / 0°.
    #[must_use]
    pub fn from_unit(v: [f64; 3]) -> Self {
        Self::wrapped(v[1].atan2(v[0]).to_degrees(), v[2].atan2(v[0].hypot(v[1])).to_degrees())
    }
}

impl fmt::Debug for LonLat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({:.7}, {:.7})", self.lon, self.lat)
    }
}

impl From<LonLat> for Point {
    fn from(p: LonLat) -> Self {
        Point::new(p.lon, p.lat)
    }
}

/// A position in a plane, metres, x east and y north.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Xy {
    /// Metres east.
    pub x_m: f64,
    /// Metres north.
    pub y_m: f64,
}

impl Xy {
    /// Straight-line distance in the plane.
    #[must_use]
    pub fn distance_m(self, other: Self) -> f64 {
        let (x_m, y_m) = (self.x_m - other.x_m, self.y_m - other.y_m);
        (x_m * x_m + y_m * y_m).sqrt()
    }
}

/// Great-circle length of a chord of the unit sphere given as its squared length, metres.
#[must_use]
pub fn chord2_to_m(chord2: f64) -> f64 {
    2.0 * EARTH_RADIUS_M * (chord2.max(0.0).sqrt() / 2.0).min(1.0).asin()
}

/// Squared chord of the unit sphere that spans a great-circle length in metres (at most half the globe).
#[must_use]
pub fn m_to_chord2(metres: f64) -> f64 {
    let half = (metres / (2.0 * EARTH_RADIUS_M)).clamp(0.0, std::f64::consts::FRAC_PI_2);
    4.0 * half.sin().powi(2)
}

/// Great-circle distance on the mean sphere, metres; within 0.6 % of the geodesic. For ordering and
/// radio distances; lengths that are printed or paid for use [`geodesic_m`].
#[must_use]
pub fn sphere_m(a: LonLat, b: LonLat) -> f64 {
    let (u, v) = (a.unit(), b.unit());
    chord2_to_m((u[0] - v[0]).powi(2) + (u[1] - v[1]).powi(2) + (u[2] - v[2]).powi(2))
}

/// Geodesic distance on the WGS 84 ellipsoid, metres (Karney 2013).
#[must_use]
pub fn geodesic_m(a: LonLat, b: LonLat) -> f64 {
    Geodesic.distance(Point::from(a), Point::from(b))
}

/// Geodesic length of a line, metres.
#[must_use]
pub fn line_length_m(line: &[LonLat]) -> f64 {
    line.windows(2).map(|w| geodesic_m(w[0], w[1])).sum()
}

/// The point that lies the given share (0..1) of the way along the geodesic from `a` to `b`.
#[must_use]
pub fn along_geodesic(a: LonLat, b: LonLat, share: f64) -> LonLat {
    let p = Geodesic.point_at_ratio_between(Point::from(a), Point::from(b), share.clamp(0.0, 1.0));
    LonLat::wrapped(p.x(), p.y())
}

/// Initial azimuth from `a` to `b` on the sphere, degrees clockwise from north in [0, 360).
#[must_use]
pub fn azimuth_deg(a: LonLat, b: LonLat) -> f64 {
    let (la, lb) = (a.lat.to_radians(), b.lat.to_radians());
    let dlon = (b.lon - a.lon).to_radians();
    let y = dlon.sin() * lb.cos();
    let x = la.cos() * lb.sin() - la.sin() * lb.cos() * dlon.cos();
    y.atan2(x).to_degrees().rem_euclid(360.0)
}

/// Metres east and north of an origin, true to scale there (radii of curvature of WGS 84).
///
/// The error of a distance grows with the square of the distance from the origin's parallel: under
/// 0.1 % within 50 km at latitudes below 60°. Longitudes are taken the short way round, so a frame works
/// across the antimeridian.
#[derive(Clone, Copy, Debug)]
pub struct LocalFrame {
    origin: LonLat,
    m_per_deg_lon: f64,
    m_per_deg_lat: f64,
}

impl LocalFrame {
    /// A frame about `origin`. Not usable at the poles themselves, where longitude has no length.
    #[must_use]
    pub fn new(origin: LonLat) -> Self {
        const A: f64 = 6_378_137.0;
        const E2: f64 = 6.694_379_990_141_316e-3;
        let (sin, cos) = origin.lat.to_radians().sin_cos();
        let w2 = 1.0 - E2 * sin * sin;
        let normal = A / w2.sqrt();
        let meridian = normal * (1.0 - E2) / w2;
        Self {
            origin,
            m_per_deg_lon: (normal * cos.max(1e-9)).to_radians(),
            m_per_deg_lat: meridian.to_radians(),
        }
    }

    /// Degrees to metres in this frame.
    #[must_use]
    pub fn to_xy(&self, p: LonLat) -> Xy {
        let mut dlon = p.lon - self.origin.lon;
        if dlon > 180.0 {
            dlon -= 360.0;
        } else if dlon < -180.0 {
            dlon += 360.0;
        }
        Xy { x_m: dlon * self.m_per_deg_lon, y_m: (p.lat - self.origin.lat) * self.m_per_deg_lat }
    }

    /// Degrees of longitude and of latitude in a metre.
    #[must_use]
    pub fn degrees_per_metre(&self) -> [f64; 2] {
        [1.0 / self.m_per_deg_lon, 1.0 / self.m_per_deg_lat]
    }

    /// Metres in this frame back to degrees.
    #[must_use]
    pub fn to_lonlat(&self, p: Xy) -> LonLat {
        LonLat::wrapped(
            self.origin.lon + p.x_m / self.m_per_deg_lon,
            self.origin.lat + p.y_m / self.m_per_deg_lat,
        )
    }
}

/// Ground heights, as the radio models ask for them. Implemented by whatever reads a height file.
pub trait Terrain: Send + Sync {
    /// Height above mean sea level in metres, or `None` where the data have no value (a missing tile is
    /// never sea level).
    fn height_m(&self, at: LonLat) -> Option<f64>;

    /// Distance between neighbouring samples, metres; the coarser axis.
    fn posting_m(&self) -> f64;

    /// The name of heights that were there at first and could not be had again: answers since then may
    /// lack them.
    fn lost(&self) -> Option<&str> {
        None
    }
}

/// What stands on the ground, as the radio models ask for it. Implemented by whatever reads land cover.
pub trait LandCover: Send + Sync {
    /// Representative height of trees and houses in metres; `None` outside the data and where they hold a
    /// class without a meaning, which is never open ground.
    fn clutter_m(&self, at: LonLat) -> Option<f64>;

    /// Distance between neighbouring samples, metres; the coarser axis.
    fn posting_m(&self) -> f64;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn p(lon: f64, lat: f64) -> LonLat {
        LonLat::new(lon, lat).expect("test position")
    }

    #[test]
    fn geodesic_agrees_with_geographiclib() {
        use geographiclib_rs::{Geodesic as Lib, InverseGeodesic};
        let g = Lib::wgs84();
        for (a, b) in [
            (p(118.79, 32.06), p(120.62, 31.31)),
            (p(179.9, -17.0), p(-179.9, -17.2)),
            (p(0.0, 89.9), p(170.0, 89.0)),
        ] {
            let s: f64 = g.inverse(a.lat, a.lon, b.lat, b.lon);
            assert!((geodesic_m(a, b) - s).abs() < 1e-6, "{a:?} {b:?}");
        }
    }

    #[test]
    fn local_frame_is_true_to_scale_and_crosses_the_antimeridian() {
        let frame = LocalFrame::new(p(179.99, 45.0));
        let q = p(-179.9, 45.05);
        let d = frame.to_xy(q).distance_m(Xy::default());
        assert!((d / geodesic_m(p(179.99, 45.0), q) - 1.0).abs() < 1e-3);
        let back = frame.to_lonlat(frame.to_xy(q));
        assert!(geodesic_m(back, q) < 1e-6);
    }

    #[test]
    fn chords_and_arcs() {
        for m in [1.0, 1e3, 1e6, 2e7] {
            assert!((chord2_to_m(m_to_chord2(m)) / m - 1.0).abs() < 1e-9);
        }
    }
}
