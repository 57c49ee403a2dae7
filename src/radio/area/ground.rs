//! Ground under a tile and the way from its masts: heights on a lattice of whole degrees' parts, and
//! profiles along geodesics over it.

use crate::geom::{LandCover, LocalFrame, LonLat, Terrain, Xy};
use crate::radio::profile::Profile;
use crate::radio::terrain_path::{Spacing, TerrainPath};

const EARTH_RADIUS_M: f64 = crate::geom::EARTH_RADIUS_M;

/// Gaps in the heights up to this wide are bridged, m: radar heights of steep ground have small holes.
pub const BRIDGED_M: f64 = 1000.0;

/// Heights over a box, NaN where the terrain has none.
pub struct Heights {
    per_deg: f64,
    west: i64,
    south: i64,
    columns: usize,
    heights_m: Vec<f32>,
}

impl Heights {
    /// Samples of the terrain per degree: as many as its posting gives, so that data on such a lattice come
    /// through unchanged.
    #[must_use]
    pub fn per_degree(posting_m: f64, latitude_deg: f64) -> f64 {
        let at = LonLat::wrapped(0.0, latitude_deg);
        let up = LocalFrame::new(at).to_xy(LonLat::wrapped(0.0, latitude_deg + 0.01));
        (100.0 * up.y_m / posting_m.max(1.0)).round().max(1.0)
    }

    /// Memory of a box, bytes.
    #[must_use]
    pub fn bytes([west, south, east, north]: [f64; 4], per_deg: f64) -> usize {
        (((east - west) * per_deg + 3.0) * ((north - south) * per_deg + 3.0)) as usize * size_of::<f32>()
    }

    /// Reads the terrain over a box of west, south, east, north, degrees. Samples in a gap of at most
    /// [`BRIDGED_M`] are interpolated from its rims; wider gaps stay unknown.
    #[must_use]
    pub fn read(terrain: &dyn Terrain, [west, south, east, north]: [f64; 4], per_deg: f64) -> Self {
        // Rims may lie beyond the box: what is read around it keeps the samples within independent of it.
        let rim = (BRIDGED_M / terrain.posting_m().max(1.0)).floor() as i64;
        let mut read = Self::sample([west, south, east, north], per_deg, rim, |at| terrain.height_m(at));
        bridge(&mut read.heights_m, read.columns, rim as usize);
        read
    }

    /// Reads the clutter over a box at the same places; NaN where it is unknown.
    #[must_use]
    pub fn of_clutter(cover: &dyn LandCover, bounds_deg: [f64; 4], per_deg: f64) -> Self {
        Self::sample(bounds_deg, per_deg, 0, |at| cover.clutter_m(at))
    }

    fn sample(
        [west, south, east, north]: [f64; 4],
        per_deg: f64,
        rim: i64,
        height_m: impl Fn(LonLat) -> Option<f64>,
    ) -> Self {
        let index = |deg: f64| (deg * per_deg).floor() as i64;
        let (west, south) = (index(west) - rim, index(south) - rim);
        let columns = (index(east) + rim - west + 2).max(2) as usize;
        let rows = (index(north) + rim - south + 2).max(2) as usize;
        let mut heights_m = Vec::with_capacity(columns * rows);
        for r in 0..rows {
            let lat = (south + r as i64) as f64 / per_deg;
            for c in 0..columns {
                let at = LonLat::wrapped((west + c as i64) as f64 / per_deg, lat);
                heights_m.push(height_m(at).map_or(f32::NAN, |h| h as f32));
            }
        }
        Self { per_deg, west, south, columns, heights_m }
    }

    /// Columns and rows from the south-western sample.
    #[inline]
    fn place(&self, lon_deg: f64, lat_deg: f64) -> (f64, f64) {
        let (x, y) = (lon_deg * self.per_deg - self.west as f64, lat_deg * self.per_deg - self.south as f64);
        // The box may lie across the antimeridian.
        let turn = 360.0 * self.per_deg;
        let x = if x < 0.0 {
            x + turn
        } else if x >= turn {
            x - turn
        } else {
            x
        };
        (x, y)
    }

    /// The nearest sample, m; NaN where it is unknown, and outside.
    #[inline]
    #[must_use]
    pub fn nearest(&self, lon_deg: f64, lat_deg: f64) -> f64 {
        let (x, y) = self.place(lon_deg, lat_deg);
        let (column, row) = ((x + 0.5) as usize, (y + 0.5) as usize);
        if x < 0.0 || y < 0.0 || column >= self.columns {
            return f64::NAN;
        }
        self.heights_m.get(row * self.columns + column).map_or(f64::NAN, |h| f64::from(*h))
    }

    /// Height between the four samples around, m; NaN where one that counts is unknown, and outside.
    #[inline]
    #[must_use]
    pub fn at(&self, lon_deg: f64, lat_deg: f64) -> f64 {
        let (x, y) = self.place(lon_deg, lat_deg);
        if !(x >= 0.0 && y >= 0.0) {
            return f64::NAN;
        }
        let (column, row) = (x as usize, y as usize);
        let first = row * self.columns + column;
        if column + 1 >= self.columns || first + self.columns + 1 >= self.heights_m.len() {
            return f64::NAN;
        }
        let (right, up) = (x - column as f64, y - row as f64);
        let h = |i: usize| f64::from(self.heights_m[i]);
        let (low, high) = (first, first + self.columns);
        // Weights of nil must not bring in an unknown neighbour.
        let along = |i: usize| if right == 0.0 { h(i) } else { h(i) + (h(i + 1) - h(i)) * right };
        if up == 0.0 { along(low) } else { along(low) + (along(high) - along(low)) * up }
    }
}

/// Interpolates unknown samples along rows and columns between known ones that are at most `widest` samples
/// apart; where both directions offer a value the narrower gap weighs more.
fn bridge(heights_m: &mut [f32], columns: usize, widest: usize) {
    let known = heights_m.to_vec();
    let rows = known.len() / columns.max(1);
    for (i, height) in heights_m.iter_mut().enumerate().filter(|(_, h)| h.is_nan()) {
        let (row, column) = (i / columns, i % columns);
        // The nearest known samples before and after, with how many steps away they are.
        let look = |before: usize, after: usize, stride: usize| -> Option<(f32, f32)> {
            let find = |steps: usize, up: bool| {
                (1..=steps.min(widest)).find_map(|n| {
                    let at = if up { i + n * stride } else { i - n * stride };
                    known.get(at).filter(|h| !h.is_nan()).map(|h| (n as f32, *h))
                })
            };
            let ((n0, h0), (n1, h1)) = (find(before, false)?, find(after, true)?);
            let gap = n0 + n1;
            (gap <= widest as f32).then(|| ((h0 * n1 + h1 * n0) / gap, 1.0 / gap))
        };
        let ways = [look(column, columns - 1 - column, 1), look(row, rows - 1 - row, columns)];
        let (sum, weight) =
            ways.into_iter().flatten().fold((0.0, 0.0), |(s, w), (h, weight)| (s + h * weight, w + weight));
        if weight > 0.0 {
            *height = sum / weight;
        }
    }
}

/// The way from a mast to a place: length, bearing and the geodesic between.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    from: LonLat,
    /// Degrees per metre.
    scale: [f64; 2],
    to: Xy,
    /// Bending of the geodesic in the mast's frame, m: x(s) = x·s + bend_x·s(1 − s), y alike.
    bend: Xy,
    /// Length, m.
    pub distance_m: f64,
    /// Bearing at the mast, degrees clockwise from north.
    pub bearing_deg: f64,
}

impl Way {
    /// The way to a place, to second order in its length over the earth's radius: within a metre of the
    /// geodesic over 30 km at latitudes below 60°.
    #[must_use]
    pub fn new(frame: &LocalFrame, from: LonLat, to: LonLat) -> Self {
        let scale = frame.degrees_per_metre();
        let to = frame.to_xy(to);
        let lean = from.lat_deg().to_radians().tan() / EARTH_RADIUS_M;
        // A metre east is fewer degrees at the equator's side: halfway the frame is off by half of it.
        let east_m = to.x_m * (1.0 - 0.5 * to.y_m * lean);
        let bend = Xy { x_m: -to.x_m * to.y_m * lean, y_m: 0.5 * east_m * east_m * lean };
        let heading = Xy { x_m: to.x_m + bend.x_m, y_m: to.y_m + bend.y_m };
        Self {
            from,
            scale,
            to,
            bend,
            distance_m: east_m.hypot(to.y_m),
            bearing_deg: heading.x_m.atan2(heading.y_m).to_degrees(),
        }
    }

    /// The place that lies the given share (0..1) of the way along, in the frame that it was made in.
    #[must_use]
    pub fn place(&self, frame: &LocalFrame, share: f64) -> LonLat {
        let arc = share * (1.0 - share);
        frame.to_lonlat(Xy {
            x_m: self.to.x_m * share + self.bend.x_m * arc,
            y_m: self.to.y_m * share + self.bend.y_m * arc,
        })
    }

    /// The place that lies the given share (0..1) of the way along: degrees.
    #[inline]
    fn at(&self, share: f64) -> (f64, f64) {
        let arc = share * (1.0 - share);
        (
            self.from.lon_deg() + (self.to.x_m * share + self.bend.x_m * arc) * self.scale[0],
            self.from.lat_deg() + (self.to.y_m * share + self.bend.y_m * arc) * self.scale[1],
        )
    }

    /// The geodesic that leaves a mast at a bearing, as far as `distance_m`, to the same order as
    /// [`Way::new`].
    #[must_use]
    pub fn towards(frame: &LocalFrame, from: LonLat, bearing_deg: f64, distance_m: f64) -> Self {
        let lean = from.lat_deg().to_radians().tan() / EARTH_RADIUS_M;
        let (east, north) = bearing_deg.to_radians().sin_cos();
        let square = lean * distance_m * distance_m;
        let bend = Xy { x_m: -east * north * square, y_m: 0.5 * east * east * square };
        let to = Xy { x_m: east * distance_m - bend.x_m, y_m: north * distance_m - bend.y_m };
        Self { from, scale: frame.degrees_per_metre(), to, bend, distance_m, bearing_deg }
    }
}

/// Where the points of a profile lie: every `spacing_m` from the mast, so that neighbouring profiles have their
/// points side by side, and never nearer to the receiver than half of that, where clutter would stand in its
/// face. No two are farther apart than `spacing_m`, and none are fewer than five.
#[must_use]
pub fn spacing(distance_m: f64, spacing_m: f64) -> Spacing {
    let total_km = distance_m / 1e3;
    if distance_m < 4.5 * spacing_m {
        let gaps = (distance_m / spacing_m).ceil().max(4.0);
        return Spacing { step_km: total_km / gaps, steps: gaps as usize - 1, tail_km: [total_km; 2] };
    }
    let step_km = spacing_m / 1e3;
    let steps = (distance_m / spacing_m - 0.5).floor();
    let rest_km = total_km - steps * step_km;
    let before_km = if rest_km > step_km { total_km - 0.5 * rest_km } else { total_km };
    Spacing { step_km, steps: steps as usize, tail_km: [before_km, total_km] }
}

/// The ground that profiles are taken from.
#[derive(Clone, Copy)]
pub struct Ground<'a> {
    /// Heights.
    pub heights: &'a Heights,
    /// Distance between the points of a profile, m.
    pub spacing_m: f64,
    /// Height of what stands on it, where that is known.
    pub cover: Option<&'a Heights>,
    /// Height of even clutter, m: everywhere, or where the cover isn't known.
    pub clutter_m: f64,
}

impl Ground<'_> {
    /// A point of a profile: distance in km, height and clutter in m.
    #[inline]
    pub(super) fn point(&self, way: &Way, km: f64) -> (f64, f64, f64) {
        let (lon, lat) = way.at(km * 1e3 / way.distance_m);
        (km, self.heights.at(lon, lat), self.clutter_at(lon, lat))
    }

    /// Height of what stands at a place, m.
    #[inline]
    fn clutter_at(&self, lon_deg: f64, lat_deg: f64) -> f64 {
        let Some(cover) = self.cover else { return self.clutter_m };
        let known = cover.nearest(lon_deg, lat_deg);
        if known.is_nan() { self.clutter_m } else { known }
    }

    /// Whether anything stands on it.
    #[must_use]
    pub const fn is_cluttered(&self) -> bool {
        self.cover.is_some() || self.clutter_m > 0.0
    }

    /// Evenly spaced ground along a way, its ends included, with the clutter on what lies between; false when
    /// some of it is unknown.
    pub fn even_profile(&self, way: &Way, profile: &mut Profile) -> bool {
        let steps = (way.distance_m / self.spacing_m).ceil().max(2.0) as usize;
        let share = |i: usize| i as f64 / steps as f64;
        profile.distance_m.clear();
        profile.distance_m.extend((0..=steps).map(|i| way.distance_m * share(i)));
        profile.height_m.clear();
        profile.height_m.extend((0..=steps).map(|i| {
            let (lon, lat) = way.at(share(i));
            self.heights.at(lon, lat) + if i % steps == 0 { 0.0 } else { self.clutter_at(lon, lat) }
        }));
        profile.height_m.iter().all(|h| !h.is_nan())
    }

    /// Fills a path with the ground along a way; false when some of it is unknown.
    pub fn profile(&self, way: &Way, path: &mut TerrainPath) -> bool {
        let whole = spacing(way.distance_m, self.spacing_m);
        let mut known = true;
        path.refill_points((0..whole.len()).map(|i| {
            let point = self.point(way, whole.km(i));
            known &= !point.1.is_nan();
            point
        }));
        known
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::{along_geodesic, geodesic_m};

    #[test]
    fn ways_are_geodesics() {
        for (lon, lat) in [(1.5, 42.5), (118.8, -32.0), (-70.0, 5.0), (20.0, 58.0)] {
            let from = LonLat::wrapped(lon, lat);
            let frame = LocalFrame::new(from);
            for (dx, dy) in [(30e3, 0.0), (0.0, 30e3), (-20e3, 20e3), (14e3, -25e3), (-300.0, 10.0)] {
                let to = frame.to_lonlat(Xy { x_m: dx, y_m: dy });
                let way = Way::new(&frame, from, to);
                let length = geodesic_m(from, to);
                assert!((way.distance_m - length).abs() < 5e-5 * length + 0.01, "{way:?} {length}");
                let same = Way::towards(&frame, from, way.bearing_deg, way.distance_m);
                for share in [0.25, 0.5, 0.8, 1.0] {
                    for (way, most_m) in [(&way, 1.0), (&same, 2.0)] {
                        let (x, y) = way.at(share);
                        let off = geodesic_m(LonLat::wrapped(x, y), along_geodesic(from, to, share));
                        assert!(off < most_m, "{lat} {dx} {dy} {share}: {off} m off");
                    }
                    let off = geodesic_m(way.place(&frame, share), along_geodesic(from, to, share));
                    assert!(off < 1.0, "{lat} {dx} {dy} {share}: {off} m off");
                }
            }
        }
    }

    #[test]
    fn points_are_even_from_the_mast_and_keep_off_the_receiver() {
        for metres in 250..3000 {
            let (distance_m, step_m) = (f64::from(metres), 92.6);
            let whole = spacing(distance_m, step_m);
            let km: Vec<f64> = (0..whole.len()).map(|i| whole.km(i)).collect();
            assert!(km.len() >= 5 && km[0] == 0.0 && km[km.len() - 1] == distance_m / 1e3);
            let gaps = km.windows(2).map(|w| (w[1] - w[0]) * 1e3);
            for gap in gaps {
                assert!((0.5 * step_m - 1e-6..=step_m + 1e-6).contains(&gap), "{metres}: {gap}");
            }
        }
    }

    struct Slope;

    impl Terrain for Slope {
        fn height_m(&self, at: LonLat) -> Option<f64> {
            (at.lon_deg() < 1.6).then(|| 1000.0 * at.lon_deg() + 500.0 * at.lat_deg())
        }

        fn posting_m(&self) -> f64 {
            92.6
        }
    }

    #[test]
    fn small_holes_are_bridged_and_wide_ones_are_not() {
        let plane = |c: usize, r: usize| (10 * c + 3 * r) as f32;
        let columns = 20;
        let mut h: Vec<f32> = (0..400).map(|i| plane(i % columns, i / columns)).collect();
        for i in [5 * 20 + 5, 5 * 20 + 6, 6 * 20 + 5, 19] {
            h[i] = f32::NAN;
        }
        for (i, h) in h.iter_mut().enumerate() {
            if i / columns >= 12 && (8..18).contains(&(i % columns)) {
                *h = f32::NAN;
            }
        }
        bridge(&mut h, columns, 4);
        for (c, r) in [(5, 5), (6, 5), (5, 6)] {
            assert!((h[r * columns + c] - plane(c, r)).abs() < 1e-3);
        }
        // A corner has rims on one side only.
        assert!(h[19].is_nan() && h[15 * columns + 12].is_nan());
    }

    #[test]
    fn heights_interpolate_and_know_what_they_dont_know() {
        let per_deg = Heights::per_degree(92.6, 42.5);
        assert_eq!(per_deg, 1200.0);
        let heights = Heights::read(&Slope, [1.4, 42.4, 1.7, 42.6], per_deg);
        for (lon, lat) in [(1.45, 42.5), (1.512_34, 42.456_78), (1.4, 42.4)] {
            assert!((heights.at(lon, lat) - (1000.0 * lon + 500.0 * lat)).abs() < 0.01);
        }
        assert!(heights.at(1.65, 42.5).is_nan());
        assert!(heights.at(1.3, 42.5).is_nan() && heights.at(1.5, 42.7).is_nan());
    }
}
