//! GCJ-02 and BD-09, the two shifted datums of Chinese web maps, both ways.
//!
//! Neither has a published standard; the formula is the one that public implementations agree on to
//! about a centimetre (Krasovsky 1940 axes, polynomial and sine terms about 105° E, 35° N). The inverse
//! is iterated to the last bit rather than one step, which leaves up to 3 m.
//!
//! **The box.** GCJ-02 is taken as the identity outside 72.004–137.8347° E, 0.8293–55.8271° N, as all
//! public implementations do. The shift of some 600 m begins abruptly at that edge, so within a
//! kilometre of it the map isn't one to one: a shifted point beyond the edge has two originals (the one inside
//! the box is returned), and a strip inside has none (the smooth continuation is returned).

use crate::geom::LonLat;
use std::f64::consts::PI;

/// Semi-major axis of Krasovsky 1940, metres, as the public formula has it.
const A_M: f64 = 6_378_245.0;
/// First eccentricity squared of Krasovsky 1940.
const E2: f64 = 0.006_693_421_622_965_943;
const BOX_LON_DEG: std::ops::RangeInclusive<f64> = 72.004..=137.8347;
const BOX_LAT_DEG: std::ops::RangeInclusive<f64> = 0.8293..=55.8271;
/// Angular frequency of the BD-09 ripple, radians per degree.
const BD_RIPPLE: f64 = PI * 3000.0 / 180.0;
const BD_EAST_DEG: f64 = 0.0065;
const BD_NORTH_DEG: f64 = 0.006;

/// Whether GCJ-02 differs from WGS 84 at this WGS 84 position.
#[must_use]
pub fn shifts_at(p: LonLat) -> bool {
    BOX_LON_DEG.contains(&p.lon_deg()) && BOX_LAT_DEG.contains(&p.lat_deg())
}

/// WGS 84 to GCJ-02.
///
/// # Example
/// ```
/// use covplan::{crs::gcj02, geom::{LonLat, geodesic_m}};
/// let nanjing = LonLat::new(118.79, 32.06)?;
/// let shifted = gcj02::wgs84_to_gcj02(nanjing);
/// assert!((400.0..700.0).contains(&geodesic_m(nanjing, shifted)));
/// assert!(geodesic_m(gcj02::gcj02_to_wgs84(shifted), nanjing) < 1e-6);
/// # Ok::<(), covplan::geom::LonLatError>(())
/// ```
#[must_use]
pub fn wgs84_to_gcj02(p: LonLat) -> LonLat {
    if !shifts_at(p) {
        return p;
    }
    let (lon, lat) = shifted(p.lon_deg(), p.lat_deg());
    LonLat::wrapped(lon, lat)
}

/// GCJ-02 to WGS 84, iterated until the forward shift meets the input.
#[must_use]
pub fn gcj02_to_wgs84(p: LonLat) -> LonLat {
    let (lon, lat) = invert(shifted, p.lon_deg(), p.lat_deg());
    let inside = LonLat::wrapped(lon, lat);
    if shifts_at(inside) || shifts_at(p) { inside } else { p }
}

/// GCJ-02 to BD-09.
#[must_use]
pub fn gcj02_to_bd09(p: LonLat) -> LonLat {
    let (lon, lat) = rippled(p.lon_deg(), p.lat_deg());
    LonLat::wrapped(lon, lat)
}

/// BD-09 to GCJ-02, iterated.
#[must_use]
pub fn bd09_to_gcj02(p: LonLat) -> LonLat {
    let (lon, lat) = invert(rippled, p.lon_deg(), p.lat_deg());
    LonLat::wrapped(lon, lat)
}

/// WGS 84 to BD-09. Outside the box the BD-09 step alone remains.
#[must_use]
pub fn wgs84_to_bd09(p: LonLat) -> LonLat {
    gcj02_to_bd09(wgs84_to_gcj02(p))
}

/// BD-09 to WGS 84, both steps iterated.
#[must_use]
pub fn bd09_to_wgs84(p: LonLat) -> LonLat {
    gcj02_to_wgs84(bd09_to_gcj02(p))
}

/// The GCJ-02 shift without its box: smooth, so that it can be inverted at the edge too.
fn shifted(lon: f64, lat: f64) -> (f64, f64) {
    let (x, y) = (lon - 105.0, lat - 35.0);
    let third = 2.0 / 3.0;
    let root = x.abs().sqrt();
    let common = (20.0 * (6.0 * x * PI).sin() + 20.0 * (2.0 * x * PI).sin()) * third;
    let north_m = -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * root
        + common
        + (20.0 * (y * PI).sin() + 40.0 * (y / 3.0 * PI).sin()) * third
        + (160.0 * (y / 12.0 * PI).sin() + 320.0 * (y / 30.0 * PI).sin()) * third;
    let east_m = 300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * root
        + common
        + (20.0 * (x * PI).sin() + 40.0 * (x / 3.0 * PI).sin()) * third
        + (150.0 * (x / 12.0 * PI).sin() + 300.0 * (x / 30.0 * PI).sin()) * third;
    let (sin, cos) = lat.to_radians().sin_cos();
    let w2 = 1.0 - E2 * sin * sin;
    let meridian_m = A_M * (1.0 - E2) / (w2 * w2.sqrt());
    let normal_m = A_M / w2.sqrt();
    (lon + (east_m / (normal_m * cos)).to_degrees(), lat + (north_m / meridian_m).to_degrees())
}

fn rippled(lon: f64, lat: f64) -> (f64, f64) {
    let z = lon.hypot(lat) + 0.000_02 * (lat * BD_RIPPLE).sin();
    let theta = lat.atan2(lon) + 0.000_003 * (lon * BD_RIPPLE).cos();
    (z * theta.cos() + BD_EAST_DEG, z * theta.sin() + BD_NORTH_DEG)
}

/// Fixed-point inverse of a map that is the identity plus a small, slowly varying shift. Each step
/// shrinks the error by the slope of the shift (under 0.02 in both maps), so ten steps reach the last
/// bit; twenty bound the loop where rounding keeps it from settling.
fn invert(map: fn(f64, f64) -> (f64, f64), lon: f64, lat: f64) -> (f64, f64) {
    let (mut x, mut y) = (lon, lat);
    for _ in 0..20 {
        let (u, v) = map(x, y);
        let (dx, dy) = (u - lon, v - lat);
        x -= dx;
        y -= dy;
        if dx.abs().max(dy.abs()) < 1e-13 {
            break;
        }
    }
    (x, y)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::geodesic_m;
    use proptest::prelude::*;

    fn at(lon: f64, lat: f64) -> LonLat {
        LonLat::new(lon, lat).expect("test position")
    }

    /// Columns of the vector file, by name.
    fn vectors() -> Option<Vec<std::collections::BTreeMap<String, String>>> {
        let shared = std::env::var("COVPLAN_SHARED").unwrap_or_else(|_| "../shared".into());
        let path = std::path::Path::new(&shared).join("data/gcj02_vectors/multi_impl_vectors.csv");
        let Ok(mut reader) = csv::Reader::from_path(&path) else {
            eprintln!("skipped: {} not found", path.display());
            return None;
        };
        Some(reader.deserialize().map(|row| row.expect("a row of the vector file")).collect())
    }

    /// Largest distance in metres between `ours` and the named columns, over all points.
    fn worst(
        rows: &[std::collections::BTreeMap<String, String>],
        column: &str,
        ours: fn(LonLat) -> LonLat,
    ) -> f64 {
        let mut worst = 0.0f64;
        let mut seen = 0;
        for row in rows {
            let number = |name: &str| row[name].parse::<f64>().ok();
            let (Some(lon), Some(lat)) = (number(&format!("{column}_lon")), number(&format!("{column}_lat")))
            else {
                continue;
            };
            let p = at(number("lon").expect("lon"), number("lat").expect("lat"));
            worst = worst.max(geodesic_m(ours(p), at(lon, lat)));
            seen += 1;
        }
        assert!(seen >= 40, "{column}: only {seen} points compared");
        worst
    }

    #[test]
    fn agrees_with_every_public_implementation() {
        let Some(rows) = vectors() else { return };
        for name in ["eviltransform_py", "coord_convert", "prcoords", "coordtransform_js", "gcoord_js"] {
            let off = worst(&rows, &format!("{name}_gcj"), wgs84_to_gcj02);
            assert!(off < 0.02, "{name} forward GCJ-02: {off} m");
        }
        for name in ["coordtransform_js", "gcoord_js", "coord_convert"] {
            let off = worst(&rows, &format!("{name}_bd"), wgs84_to_bd09);
            assert!(off < 0.02, "{name} forward BD-09: {off} m");
        }
        let off = worst(&rows, "inv_gcoord_js", gcj02_to_wgs84);
        assert!(off < 0.15, "gcoord inverse: {off} m");
        let off = worst(&rows, "inv_eviltransform_exact", gcj02_to_wgs84);
        assert!(off < 0.2, "eviltransform inverse: {off} m");
        for row in &rows {
            let p = at(row["lon"].parse().expect("lon"), row["lat"].parse().expect("lat"));
            assert!(geodesic_m(wgs84_to_gcj02(gcj02_to_wgs84(p)), p) < 1e-6, "{p:?}");
            assert!(geodesic_m(wgs84_to_bd09(bd09_to_wgs84(p)), p) < 1e-6, "{p:?}");
        }
    }

    #[test]
    fn outside_the_box_gcj02_is_the_identity() {
        for p in [at(-77.0, -12.0), at(1.5, 42.5), at(139.7, 35.7), at(72.0, 30.0), at(110.0, 0.8)] {
            assert_eq!(wgs84_to_gcj02(p), p);
            assert_eq!(gcj02_to_wgs84(p), p);
        }
    }

    #[test]
    fn a_shifted_point_beyond_the_edge_still_comes_home() {
        // At 137.8340° E the shift of over 600 m east carries the point out of the box.
        let p = at(137.8340, 40.0);
        let q = wgs84_to_gcj02(p);
        assert!(!shifts_at(q));
        assert!(geodesic_m(gcj02_to_wgs84(q), p) < 1e-6);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn round_trip_inside(lon in 72.02..137.82f64, lat in 0.84..55.81f64) {
            let p = at(lon, lat);
            prop_assert!(geodesic_m(gcj02_to_wgs84(wgs84_to_gcj02(p)), p) < 1e-6);
            prop_assert!(geodesic_m(bd09_to_wgs84(wgs84_to_bd09(p)), p) < 1e-6);
            prop_assert!(geodesic_m(wgs84_to_gcj02(gcj02_to_wgs84(p)), p) < 1e-6);
        }

        /// Across the edge the inverse may pick another original, but never one that shifts elsewhere.
        #[test]
        fn round_trip_at_the_edge(east in -0.02..0.02f64, lat in 0.81..55.85f64, west in any::<bool>()) {
            let p = at(if west { 72.004 } else { 137.8347 } + east, lat);
            let q = wgs84_to_gcj02(p);
            prop_assert!(geodesic_m(wgs84_to_gcj02(gcj02_to_wgs84(q)), q) < 1e-6);
        }

        #[test]
        fn round_trip_at_the_north_and_south_edge(north in -0.02..0.02f64, lon in 71.99..137.85f64, top in any::<bool>()) {
            let p = at(lon, if top { 55.8271 } else { 0.8293 } + north);
            let q = wgs84_to_gcj02(p);
            prop_assert!(geodesic_m(wgs84_to_gcj02(gcj02_to_wgs84(q)), q) < 1e-6);
        }

        #[test]
        fn anywhere_on_earth_is_a_position(lon in -180.0..=180.0f64, lat in -90.0..=90.0f64) {
            for f in [wgs84_to_gcj02, gcj02_to_wgs84, wgs84_to_bd09, bd09_to_wgs84] {
                let q = f(at(lon, lat));
                prop_assert!(LonLat::new(q.lon_deg(), q.lat_deg()).is_ok());
            }
        }
    }
}
