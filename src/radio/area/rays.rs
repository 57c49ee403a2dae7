//! Shared work between the profiles of neighbouring pixels.
//!
//! From a mast, rays go out over a block of pixels, as dense at the reach as half the distance between
//! profile points, each with the ground at those distances from the mast at which every profile has its
//! points. The profile of a pixel is then the mean of the two rays beside it: near enough to find *which* of
//! its points decide (horizons, the highest over the line of sight, the nearest to the ray), and for the
//! smooth earth, but not for the levels themselves. So the points that decide, and those beside them, are
//! taken from the ground on the pixel's own way, and the model works on these alone.
//!
//! Azimuths of rays are fixed for each mast, and blocks hang on the lattice: nothing depends on how a map is
//! cut.

use super::ground::{Ground, Way, spacing};
use super::lattice::Window;
use crate::geom::{LocalFrame, LonLat};
use crate::radio::terrain_path::{Atmosphere, TerrainPath, climate};

/// Pixels of a block along one side.
pub const BLOCK: usize = 64;
/// Rays that cost more than this share of the points of all profiles aren't worth it.
const WORTH: f64 = 0.6;
/// Slopes that differ by less may stand for each other, m/km.
const NEARLY: f32 = 1.0;
/// Points next to the receiver that are always the way's own.
const OWN_POINTS: usize = 4;

/// Rays from a mast over a block.
pub struct Rays {
    per_turn: f64,
    first: f64,
    /// Points of a ray.
    columns: usize,
    /// Distance between them, km.
    step_km: f64,
    /// Distances of the points, km.
    km: Vec<f32>,
    /// Height of the ground at the mast, m; all others are relative to it.
    base_m: f64,
    mast_m: f32,
    ground: Layer,
    /// With clutter, where there is any.
    surface: Option<Layer>,
    /// Points of each ray up to the first unknown one.
    known: Vec<u32>,
}

/// Heights along rays, ray by ray, and for each point the steepest one before it as seen from the mast, over
/// the curved and over a flat earth.
struct Layer {
    heights_m: Vec<f32>,
    steepest: Vec<[u16; 2]>,
}

/// The largest of each sort along a profile.
struct Largest {
    rx: usize,
    rx_flat: usize,
    above: usize,
    sum: f64,
    moment: f64,
}

/// Bulge of the earth, m/km².
fn bulge() -> f32 {
    (500.0 / climate::median_radius_km(Atmosphere::TEMPERATE.delta_n)) as f32
}

impl Rays {
    /// Rays over a block, or None when it is better worked out pixel by pixel: near the mast.
    #[must_use]
    pub fn over(
        block: &Window,
        frame: &LocalFrame,
        mast: LonLat,
        mast_m: f64,
        ground: Ground<'_>,
        reach_m: f64,
    ) -> Option<Self> {
        let (last_column, last_row) = (block.columns - 1, block.rows - 1);
        let center = Way::new(frame, mast, block.center(block.columns / 2, block.rows / 2));
        let corners = [(0, 0), (last_column, 0), (0, last_row), (last_column, last_row)]
            .map(|(c, r)| Way::new(frame, mast, block.center(c, r)));
        let turned = |way: &Way| (way.bearing_deg - center.bearing_deg + 540.0).rem_euclid(360.0) - 180.0;
        let from = corners.iter().map(turned).fold(f64::INFINITY, f64::min);
        let to = corners.iter().map(turned).fold(f64::NEG_INFINITY, f64::max);
        let farthest_m = corners.iter().map(|w| w.distance_m).fold(0.0, f64::max).min(reach_m);
        let per_turn = (std::f64::consts::TAU * reach_m / (0.5 * ground.spacing_m)).ceil();
        let ray = |deg: f64| (center.bearing_deg + deg) / 360.0 * per_turn;
        let (first, last) = (ray(from).floor() - 1.0, ray(to).ceil() + 1.0);
        let (rays, columns) = ((last - first) as usize + 1, (farthest_m / ground.spacing_m) as usize + 2);
        let pixels = (block.columns * block.rows) as f64;
        let points = pixels * center.distance_m.min(reach_m) / ground.spacing_m;
        if to - from > 170.0 || (rays * columns) as f64 > WORTH * points || columns > usize::from(u16::MAX) {
            return None;
        }

        let step_km = ground.spacing_m / 1e3;
        let km: Vec<f32> = (0..columns).map(|k| (k as f64 * step_km) as f32).collect();
        let base_m = ground.heights.at(mast.lon_deg(), mast.lat_deg());
        let base_m = if base_m.is_nan() { return None } else { base_m };
        let cluttered = ground.is_cluttered();
        let mut known = Vec::with_capacity(rays);
        let mut layers = [Vec::with_capacity(rays * columns), Vec::new()];
        for i in 0..rays {
            let bearing_deg = (first + i as f64) * 360.0 / per_turn;
            let way = Way::towards(frame, mast, bearing_deg, (columns - 1) as f64 * ground.spacing_m);
            let mut before_unknown = columns;
            for k in 0..columns {
                let (_, height_m, clutter_m) = ground.point(&way, k as f64 * step_km);
                if height_m.is_nan() {
                    before_unknown = before_unknown.min(k);
                }
                layers[0].push((height_m - base_m) as f32);
                if cluttered {
                    layers[1].push((height_m + clutter_m - base_m) as f32);
                }
            }
            known.push(before_unknown as u32);
        }
        let [heights_m, surface_m] = layers;
        let layer = |heights_m| Layer::new(heights_m, &km, mast_m as f32);
        Some(Self {
            per_turn,
            first,
            columns,
            step_km,
            ground: layer(heights_m),
            surface: cluttered.then(|| layer(surface_m)),
            km,
            base_m,
            mast_m: mast_m as f32,
            known,
        })
    }

    /// Fills a path with the points that decide on the way to a receiver. None when these rays can't tell, and
    /// else whether the ground is known there.
    pub fn deciding(
        &self,
        way: &Way,
        ground: Ground<'_>,
        receiver_m: f64,
        indices: &mut Vec<usize>,
        path: &mut TerrainPath,
    ) -> Option<bool> {
        let whole = spacing(way.distance_m, ground.spacing_m);
        let last = whole.steps;
        let place = (way.bearing_deg / 360.0 * self.per_turn - self.first).rem_euclid(self.per_turn);
        let ray = place as usize;
        let even = way.distance_m >= 4.5 * ground.spacing_m;
        if !even || ray + 1 >= self.known.len() || last >= self.columns {
            return None;
        }
        if self.known[ray].min(self.known[ray + 1]) as usize <= last {
            return None;
        }
        let weight = (place - ray as f64) as f32;
        let (total_km, height_m) = {
            let (km, height_m, _) = ground.point(way, way.distance_m / 1e3);
            (km, height_m - self.base_m)
        };
        let profile = Lerp {
            rays: self,
            ray,
            weight,
            last,
            total_km: total_km as f32,
            receiver_m: (height_m + receiver_m) as f32,
        };
        indices.clear();
        indices.extend([1, last - 1, last]);
        let largest = profile.gather(&self.ground, indices);
        if let Some(surface) = &self.surface {
            profile.gather(surface, indices);
        }

        // The smooth earth of the whole profile: its even part from sums, its tail from the ground itself.
        let [first_m, last_m] = [0, last].map(|k| f64::from(profile.height(&self.ground, k)));
        let steps = last as f64;
        let step = self.step_km;
        let mut v1 = step * (2.0 * largest.sum - first_m - last_m);
        let mut v2 = step * step * (6.0 * largest.moment + first_m - (3.0 * steps + 1.0) * last_m);
        let mut before = (whole.km(last), last_m);
        for i in last + 1..whole.len() {
            let (km, height_m, _) = ground.point(way, whole.km(i));
            let now = (km, height_m - self.base_m);
            let gap = now.0 - before.0;
            v1 += gap * (now.1 + before.1);
            v2 += gap * (now.1 * (2.0 * now.0 + before.0) + before.1 * (now.0 + 2.0 * before.0));
            before = now;
        }
        let square = total_km * total_km;
        let smooth_m = [(2.0 * v1 * total_km - v2) / square, (v2 - v1 * total_km) / square];
        profile.rough([smooth_m[0], smooth_m[1].min(height_m)], indices);

        // Beside a point that decides on the mean of two rays may stand the one that does on the way itself.
        let found = indices.len();
        for i in 3..found {
            let k = indices[i];
            indices.extend([k - 1, k + 1]);
        }
        indices.push(0);
        // Next to the receiver the way has its own ground: a metre there is a steep slope.
        indices.extend(last.saturating_sub(OWN_POINTS).max(1)..whole.len());
        indices.sort_unstable();
        indices.dedup();
        let mut known = true;
        let points = indices.iter().filter(|k| **k < whole.len()).map(|k| {
            let point = ground.point(way, whole.km(*k));
            known &= !point.1.is_nan();
            point
        });
        path.refill_deciding(points, whole, smooth_m.map(|h| h + self.base_m));
        Some(known)
    }
}

impl Layer {
    fn new(heights_m: Vec<f32>, km: &[f32], mast_m: f32) -> Self {
        let mut steepest = Vec::with_capacity(heights_m.len());
        let bulge = bulge();
        for ray in heights_m.chunks(km.len()) {
            let mut top = [f32::NEG_INFINITY; 2];
            let mut at = [1u16; 2];
            // That of the ray's first point is never asked for.
            steepest.push(at);
            for (k, (h, d)) in (1u16..).zip(ray.iter().zip(km).skip(1)) {
                let slope = (h - mast_m) / d;
                for (i, slope) in [slope - bulge * d, slope].into_iter().enumerate() {
                    if slope > top[i] {
                        (top[i], at[i]) = (slope, k);
                    }
                }
                steepest.push(at);
            }
        }
        Self { heights_m, steepest }
    }
}

/// A profile between two rays.
struct Lerp<'a> {
    rays: &'a Rays,
    ray: usize,
    weight: f32,
    /// Last point on the rays.
    last: usize,
    total_km: f32,
    /// Height of the receiver's antenna, m.
    receiver_m: f32,
}

impl Lerp<'_> {
    fn pair<'b>(&self, layer: &'b Layer) -> [&'b [f32]; 2] {
        let first = self.ray * self.rays.columns;
        let second = first + self.rays.columns;
        [&layer.heights_m[first..=first + self.last], &layer.heights_m[second..=second + self.last]]
    }

    fn height(&self, layer: &Layer, k: usize) -> f32 {
        let [a, b] = self.pair(layer);
        a[k] + self.weight * (b[k] - a[k])
    }

    /// Slope of the straight line from the mast to the receiver, m/km.
    fn line(&self) -> f32 {
        (self.receiver_m - self.rays.mast_m) / self.total_km
    }

    /// Notes the points that decide.
    fn gather(&self, layer: &Layer, indices: &mut Vec<usize>) -> Largest {
        let largest = self.largest(layer);
        let at = self.ray * self.rays.columns + self.last;
        let seen = [layer.steepest[at], layer.steepest[at + self.rays.columns]];
        let tops = seen.as_flattened().iter().map(|k| usize::from(*k));
        let top = tops.clone().map(|k| self.slope_from_mast(layer, k)).fold(f32::NEG_INFINITY, f32::max);
        indices.extend(tops);
        indices.extend([largest.rx, largest.rx_flat, largest.above]);
        // In line of sight, or nearly, the point nearest to the ray decides too.
        if top < self.line() - bulge() * self.total_km + NEARLY {
            indices.push(self.nearest(layer));
        }
        largest
    }

    fn slope_from_mast(&self, layer: &Layer, k: usize) -> f32 {
        let d = self.rays.km[k];
        (self.height(layer, k) - self.rays.mast_m) / d - bulge() * d
    }

    /// The steepest seen from the receiver, over the curved and a flat earth, and the highest over the straight
    /// line between the antennas; with the sums of heights and of heights times their number.
    fn largest(&self, layer: &Layer) -> Largest {
        let [a, b] = self.pair(layer);
        let (a, b, km) = (&a[1..], &b[1..], &self.rays.km[1..=self.last]);
        let (line, bulge) = (self.line(), bulge());
        let value = |a: f32, b: f32, d: f32| {
            let h = a + self.weight * (b - a);
            let left = self.total_km - d;
            let flat = (h - self.receiver_m) / left;
            (h, [flat - bulge * left, flat, h - line * d])
        };
        let mut top = [[f32::NEG_INFINITY; 8]; 3];
        let mut at = [[0u32; 8]; 3];
        let (mut sum, mut moment) = ([0f32; 8], [0f32; 8]);
        let chunks = a.chunks_exact(8).zip(b.chunks_exact(8)).zip(km.chunks_exact(8));
        for (c, ((a, b), km)) in (0u32..).zip(chunks) {
            for l in 0..8 {
                let (h, values) = value(a[l], b[l], km[l]);
                sum[l] += h;
                moment[l] += h * km[l];
                for q in 0..3 {
                    let larger = values[q] > top[q][l];
                    top[q][l] = if larger { values[q] } else { top[q][l] };
                    at[q][l] = if larger { c } else { at[q][l] };
                }
            }
        }
        let mut best = [(f32::NEG_INFINITY, 0usize); 3];
        for q in 0..3 {
            for l in 0..8 {
                if top[q][l] > best[q].0 {
                    best[q] = (top[q][l], 8 * at[q][l] as usize + l);
                }
            }
        }
        let first = f64::from(self.height(layer, 0));
        let mut sum = first + sum.iter().map(|s| f64::from(*s)).sum::<f64>();
        let mut moment = moment.iter().map(|s| f64::from(*s)).sum::<f64>();
        for i in km.len() / 8 * 8..km.len() {
            let (h, values) = value(a[i], b[i], km[i]);
            sum += f64::from(h);
            moment += f64::from(h) * f64::from(km[i]);
            for q in 0..3 {
                if values[q] > best[q].0 {
                    best[q] = (values[q], i);
                }
            }
        }
        let [rx, rx_flat, above] = best.map(|b| b.1 + 1);
        Largest { rx, rx_flat, above, sum, moment: moment / self.rays.step_km }
    }

    /// The point with the largest diffraction parameter.
    fn nearest(&self, layer: &Layer) -> usize {
        let [a, b] = self.pair(layer);
        let (line, bulge) = (self.line(), bulge());
        let mut best = (f32::NEG_INFINITY, 1);
        for (k, (a, b)) in a.iter().zip(b).enumerate().skip(1) {
            let d = self.rays.km[k];
            let both = d * (self.total_km - d);
            let over = a + self.weight * (b - a) + bulge * both - (self.rays.mast_m + line * d);
            let rank = over * over.abs() / both;
            if rank > best.0 {
                best = (rank, k);
            }
        }
        best.1
    }

    /// Notes the point that stands highest over the smooth earth between the horizons.
    fn rough(&self, smooth_m: [f64; 2], indices: &mut Vec<usize>) {
        let layer = &self.rays.ground;
        let slope = (smooth_m[1] - smooth_m[0].min(0.0)) as f32 / self.total_km;
        let [a, b] = self.pair(layer);
        let (from, to) = indices[3..].iter().fold((usize::MAX, 0), |(f, t), k| (f.min(*k), t.max(*k)));
        let mut best = (f32::NEG_INFINITY, from);
        for k in from..=to {
            let over = a[k] + self.weight * (b[k] - a[k]) - slope * self.rays.km[k];
            if over > best.0 {
                best = (over, k);
            }
        }
        indices.push(best.1);
    }
}
