//! Does a layer that claims WGS 84 lie like GCJ-02 or BD-09 against another layer?
//!
//! A shifted layer stands some 300–1,300 m beside its counterpart, everywhere by the vector that the shift's
//! formula gives at that place. So the shift is undone and the points that now have a neighbour in the
//! reference are counted. Chance is measured on the same data: the layer as claimed, and the layer moved
//! as far in three wrong directions. Only an excess far above chance is a suspicion; two layers with little in
//! common, or with the same shift, give none.

use super::gcj02;
use crate::geom::{LocalFrame, LonLat, Xy};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

/// Radii within which two points may stand for the same thing, metres: well under the shift.
const MATCH_M: [f64; 3] = [25.0, 50.0, 100.0];
/// Neighbours are looked for up to here, metres; farther ones count as this far.
const REACH_M: f64 = 2_000.0;
/// Points compared at most; beyond, every n-th is taken.
const SAMPLE: usize = 4_000;
/// Distances worked out per comparison, about; and the fewest points compared whatever that takes.
const WORK: usize = 10_000_000;
const FEWEST: usize = 60;
/// Ways in which the points are read: as they are, and for either datum rightly and wrongly three times.
const READINGS: usize = 9;
/// Fewer matches than this prove nothing.
const MIN_MATCHES: usize = 15;
/// Matches needed per match that chance gives.
const OVER_CHANCE: usize = 3;
/// Least excess over chance, in standard deviations of two Poisson counts.
const MIN_SIGMAS: f64 = 6.0;

/// A datum that Chinese web maps use in WGS 84's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WebMapDatum {
    /// GCJ-02.
    Gcj02,
    /// BD-09.
    Bd09,
}

impl WebMapDatum {
    /// The datum as it is written in a configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gcj02 => "gcj02",
            Self::Bd09 => "bd09",
        }
    }

    fn undo(self, p: LonLat) -> LonLat {
        match self {
            Self::Gcj02 => gcj02::gcj02_to_wgs84(p),
            Self::Bd09 => gcj02::bd09_to_wgs84(p),
        }
    }
}

/// How well the layer meets the reference under one reading of its coordinates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// Points with a neighbour within [`DatumEvidence::within_m`].
    pub matched: usize,
    /// The same count by chance: the most that a wrong reading gave. For the reading as claimed,
    /// zero.
    pub chance: usize,
    /// Median distance to the nearest reference point, metres, at most 2,000.
    pub median_m: f64,
}

/// What the comparison of two layers showed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DatumEvidence {
    /// Points compared: inside the GCJ-02 box, with a reference point within 2 km.
    pub compared: usize,
    /// Radius of a match, metres: the one of 25, 50 and 100 m that tells the readings apart best.
    pub within_m: f64,
    /// The coordinates as they are.
    pub as_claimed: Fit,
    /// Read as GCJ-02.
    pub as_gcj02: Fit,
    /// Read as BD-09.
    pub as_bd09: Fit,
    /// The reading that the evidence calls for, if it isn't the claimed one.
    pub suspected: Option<WebMapDatum>,
    /// Where the layer lies from the reference: median metres east over the matches of the best reading.
    pub east_m: f64,
    /// The same, metres north.
    pub north_m: f64,
}

impl DatumEvidence {
    /// The fit of the suspected reading.
    #[must_use]
    pub const fn suspected_fit(&self) -> Option<Fit> {
        match self.suspected {
            Some(WebMapDatum::Gcj02) => Some(self.as_gcj02),
            Some(WebMapDatum::Bd09) => Some(self.as_bd09),
            None => None,
        }
    }
}

/// Compares a layer that claims WGS 84 with a reference that is believed to be in it. To learn
/// whether the reference is the shifted one, swap the two. For more than one pair of layers
/// see [`Places::against`].
#[must_use]
pub fn compare(layer: &[LonLat], reference: &[LonLat]) -> DatumEvidence {
    Places::new(layer.to_vec()).against(&Places::new(reference.to_vec()))
}

impl Places {
    /// Compares this layer, which claims WGS 84, with a reference that is believed to be in it.
    #[must_use]
    pub fn against(&self, reference: &Places) -> DatumEvidence {
        // Amid a dense reference a smaller sample says as much.
        let few = (WORK / (READINGS * reference.effort()).max(1)).max(FEWEST);
        let step = self.sample.len().div_ceil(few).max(1);
        let sampled = self.sample.iter().copied().step_by(step);
        let points: Vec<LonLat> = sampled.filter(|&p| reference.nearest(p).is_some()).collect();
        weigh(&points, reference)
    }
}

/// Reads the points in every way and tells which reading fits the reference best.
fn weigh(points: &[LonLat], reference: &Places) -> DatumEvidence {
    let claimed = Reading::new(reference, points, |p| p);
    let readings = [WebMapDatum::Gcj02, WebMapDatum::Bd09].map(|datum| {
        let right = Reading::new(reference, points, |p| datum.undo(p));
        let wrong =
            [1, 2, 3].map(|quarters| Reading::new(reference, points, |p| turned(p, datum.undo(p), quarters)));
        (datum, right, wrong)
    });
    // A narrow match tells a crowd of neighbours from the thing itself, a wide one forgives poor positions:
    // the radius at which a reading stands out most decides.
    let weighed = MATCH_M.map(|radius_m| {
        let fits = readings.each_ref().map(|(datum, right, wrong)| {
            let chance = wrong.iter().chain([&claimed]).map(|r| r.matched(radius_m)).max().unwrap_or(0);
            let fit = Fit { matched: right.matched(radius_m), chance, median_m: right.median_m };
            (*datum, fit)
        });
        let [(_, gcj), (_, bd)] = fits;
        let (datum, best, other) = if gcj.matched >= bd.matched {
            (WebMapDatum::Gcj02, gcj, bd)
        } else {
            (WebMapDatum::Bd09, bd, gcj)
        };
        let chance = best.chance.max(other.matched);
        let excess = best.matched as f64 - chance as f64;
        let sigmas = excess / ((best.matched + chance) as f64).sqrt().max(1.0);
        let stands_out = best.matched >= MIN_MATCHES
            && best.matched >= OVER_CHANCE * chance
            && sigmas >= MIN_SIGMAS.min(sigmas_of_a_clean_sweep(points.len()))
            && best.median_m <= claimed.median_m;
        (radius_m, gcj, bd, stands_out.then_some(datum), sigmas)
    });
    let mut chosen = weighed[0];
    for &w in &weighed[1..] {
        if (w.3.is_some(), w.4) > (chosen.3.is_some(), chosen.4) {
            chosen = w;
        }
    }
    let (within_m, as_gcj02, as_bd09, suspected, _) = chosen;
    let best = readings.iter().find(|r| Some(r.0) == suspected).map_or(&claimed, |r| &r.1);
    let offset = best.offset(within_m);
    DatumEvidence {
        compared: points.len(),
        within_m,
        as_claimed: Fit { matched: claimed.matched(within_m), chance: 0, median_m: claimed.median_m },
        as_gcj02,
        as_bd09,
        suspected,
        east_m: offset.x_m,
        north_m: offset.y_m,
    }
}

/// The largest excess that so few points can show at all, a little relaxed: twenty points that all match
/// are proof enough although their square root is below six.
fn sigmas_of_a_clean_sweep(points: usize) -> f64 {
    0.8 * (points as f64).sqrt()
}

/// `p` moved as far as from `p` to `q`, in a direction turned by quarters of a circle.
fn turned(p: LonLat, q: LonLat, quarters: u8) -> LonLat {
    let frame = LocalFrame::new(p);
    let Xy { x_m, y_m } = frame.to_xy(q);
    let (x_m, y_m) = match quarters {
        1 => (-y_m, x_m),
        2 => (-x_m, -y_m),
        _ => (y_m, -x_m),
    };
    frame.to_lonlat(Xy { x_m, y_m })
}

/// The layer under one reading of its coordinates, against the reference.
struct Reading {
    /// Distance to the nearest reference point, and where the point as given lies from it.
    found: Vec<(f64, Xy)>,
    median_m: f64,
}

impl Reading {
    fn new(places: &Places, points: &[LonLat], reading: impl Fn(LonLat) -> LonLat) -> Self {
        let found: Vec<(f64, Xy)> = points
            .iter()
            .filter_map(|&p| places.nearest(reading(p)).map(|(r, d)| (d, LocalFrame::new(r).to_xy(p))))
            .collect();
        let mut distances: Vec<f64> = found.iter().map(|f| f.0).collect();
        distances.resize(points.len(), REACH_M);
        Self { found, median_m: median(&mut distances).unwrap_or(REACH_M) }
    }

    fn matched(&self, radius_m: f64) -> usize {
        self.found.iter().filter(|f| f.0 <= radius_m).count()
    }

    fn offset(&self, radius_m: f64) -> Xy {
        let matches = self.found.iter().filter(|f| f.0 <= radius_m);
        let (mut east, mut north): (Vec<f64>, Vec<f64>) = matches.map(|f| (f.1.x_m, f.1.y_m)).unzip();
        Xy { x_m: median(&mut east).unwrap_or(0.0), y_m: median(&mut north).unwrap_or(0.0) }
    }
}

fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// A layer's points, made ready for comparisons: in cells about `REACH_M` wide, so that a neighbour within
/// reach lies in the nine around.
pub struct Places {
    /// Points in the GCJ-02 box, at most [`SAMPLE`], spread over the layer as it was given.
    sample: Vec<LonLat>,
    /// All points by cell, and from south to north within one.
    points: Vec<LonLat>,
    /// Where each cell's points stand.
    cells: FxHashMap<Cell, (u32, u32)>,
}

/// Row and column.
type Cell = (i32, i32);

const CELL_LAT_DEG: f64 = REACH_M / 110_000.0;

impl Places {
    /// Sorts a layer's points into cells.
    #[must_use]
    pub fn new(points: Vec<LonLat>) -> Self {
        let eligible = || points.iter().copied().filter(|&p| gcj02::shifts_at(p));
        let step = eligible().count().div_ceil(SAMPLE).max(1);
        let sample = eligible().step_by(step).collect();
        let mut columns = Columns::default();
        let mut keyed: Vec<(Cell, LonLat)> = points.into_iter().map(|p| (columns.cell(p), p)).collect();
        keyed.par_sort_unstable_by(|(a, p), (b, q)| {
            a.cmp(b).then(p.lat_deg().total_cmp(&q.lat_deg())).then(p.lon_deg().total_cmp(&q.lon_deg()))
        });
        let mut cells = FxHashMap::default();
        let mut first = 0u32;
        for run in keyed.chunk_by(|a, b| a.0 == b.0) {
            let end = first + run.len() as u32;
            cells.insert(run[0].0, (first, end));
            first = end;
        }
        Self { sample, points: keyed.into_iter().map(|k| k.1).collect(), cells }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// Nearest point within reach and its distance in metres. Not across the antimeridian, far from the box.
    fn nearest(&self, p: LonLat) -> Option<(LonLat, f64)> {
        let frame = LocalFrame::new(p);
        let mut best: Option<LonLat> = None;
        let mut least2 = REACH_M * REACH_M;
        // False once a point is too far north or south to be nearer than the best.
        let mut look = |q: LonLat| {
            let Xy { x_m, y_m } = frame.to_xy(q);
            let d2 = x_m * x_m + y_m * y_m;
            if d2 <= least2 {
                (best, least2) = (Some(q), d2);
            }
            y_m * y_m <= least2
        };
        let own = row(p);
        for r in [own, own - 1, own + 1] {
            let column = column(row_width_deg(r), p);
            for c in [column, column - 1, column + 1] {
                let Some(&(first, end)) = self.cells.get(&(r, c)) else { continue };
                let points = self.points.get(first as usize..end as usize).unwrap_or(&[]);
                let (south, north) = points.split_at(points.partition_point(|q| q.lat_deg() < p.lat_deg()));
                let _ = north.iter().all(|q| look(*q)) | south.iter().rev().all(|q| look(*q));
            }
        }
        best.map(|q| (q, least2.sqrt()))
    }

    /// Points around one to find its nearest among, about.
    fn effort(&self) -> usize {
        9 * self.points.len() / self.cells.len().max(1)
    }
}

fn row(p: LonLat) -> i32 {
    (p.lat_deg() / CELL_LAT_DEG).floor() as i32
}

/// Width of a row's cells in degrees: that of the row's poleward edge, so that it is nowhere under the reach.
/// Rows at the poles have one cell.
fn row_width_deg(row: i32) -> f64 {
    let edge = f64::from(row.abs() + 1) * CELL_LAT_DEG;
    CELL_LAT_DEG / edge.min(89.0).to_radians().cos()
}

fn column(width_deg: f64, p: LonLat) -> i32 {
    (p.lon_deg() / width_deg).floor() as i32
}

/// The cells of points of which many follow each other in a row.
#[derive(Default)]
struct Columns {
    last: Option<(i32, f64)>,
}

impl Columns {
    fn cell(&mut self, p: LonLat) -> Cell {
        let row = row(p);
        let width_deg = self.last.filter(|l| l.0 == row).map_or_else(|| row_width_deg(row), |l| l.1);
        self.last = Some((row, width_deg));
        (row, column(width_deg, p))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::{RngExt, SeedableRng};
    use rand_pcg::Pcg64Mcg;

    /// Places in clusters of factory-town size about a Chinese city.
    fn places(rng: &mut Pcg64Mcg, n: usize, lon: f64, lat: f64) -> Vec<LonLat> {
        (0..n)
            .map(|_| {
                let (east, north): (f64, f64) = (rng.random_range(-0.3..0.3), rng.random_range(-0.3..0.3));
                LonLat::wrapped(lon + east * east.abs(), lat + north * north.abs())
            })
            .collect()
    }

    fn noisy(rng: &mut Pcg64Mcg, points: &[LonLat], metres: f64) -> Vec<LonLat> {
        points
            .iter()
            .map(|&p| {
                let x_m = rng.random_range(-metres..metres);
                let y_m = rng.random_range(-metres..metres);
                LocalFrame::new(p).to_lonlat(Xy { x_m, y_m })
            })
            .collect()
    }

    #[test]
    fn a_shifted_layer_is_named_with_its_offset() {
        let mut rng = Pcg64Mcg::seed_from_u64(7);
        let truth = places(&mut rng, 400, 118.8, 32.05);
        for (datum, shift) in [
            (WebMapDatum::Gcj02, gcj02::wgs84_to_gcj02 as fn(LonLat) -> LonLat),
            (WebMapDatum::Bd09, gcj02::wgs84_to_bd09),
        ] {
            let layer: Vec<LonLat> = noisy(&mut rng, &truth, 30.0).into_iter().map(shift).collect();
            let found = compare(&layer, &truth);
            assert_eq!(found.suspected, Some(datum), "{found:?}");
            let expected = LocalFrame::new(truth[0]).to_xy(shift(truth[0]));
            assert!((found.east_m - expected.x_m).abs() < 60.0, "{found:?} {expected:?}");
            assert!((found.north_m - expected.y_m).abs() < 60.0, "{found:?} {expected:?}");
            let fit = found.suspected_fit().expect("suspected");
            assert!(fit.median_m < 40.0 && fit.median_m < found.as_claimed.median_m, "{found:?}");
        }
    }

    #[test]
    fn one_place_in_ten_in_common_is_enough_of_a_large_layer() {
        let mut rng = Pcg64Mcg::seed_from_u64(8);
        let reference = places(&mut rng, 1500, 113.3, 23.1);
        let mut truth = places(&mut rng, 900, 113.3, 23.1);
        truth.extend_from_slice(&reference[..100]);
        let layer: Vec<LonLat> = truth.iter().map(|&p| gcj02::wgs84_to_gcj02(p)).collect();
        let found = compare(&layer, &reference);
        assert_eq!(found.suspected, Some(WebMapDatum::Gcj02), "{found:?}");
        assert!(compare(&truth, &reference).suspected.is_none());
    }

    #[test]
    fn nothing_to_compare_is_no_suspicion() {
        let peru = [LonLat::wrapped(-77.0, -12.0)];
        assert_eq!(compare(&peru, &peru).compared, 0);
        assert!(compare(&[], &peru).suspected.is_none());
        // The same shift in both: undecidable, so silent.
        let mut rng = Pcg64Mcg::seed_from_u64(9);
        let both: Vec<LonLat> =
            places(&mut rng, 300, 121.5, 31.2).into_iter().map(gcj02::wgs84_to_gcj02).collect();
        assert!(compare(&both, &both).suspected.is_none());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(150))]

        /// Equal datums, whatever the noise and the overlap of the two layers.
        #[test]
        fn no_false_alarm(
            seed in any::<u64>(), n in 5usize..800, m in 5usize..1500,
            noise in 1.0..900.0f64, common in 0.0..1.0f64, lon in 80.0..130.0f64, lat in 20.0..50.0f64,
        ) {
            let mut rng = Pcg64Mcg::seed_from_u64(seed);
            let reference = places(&mut rng, m, lon, lat);
            let shared = ((n as f64 * common) as usize).min(m);
            let mut layer = noisy(&mut rng, &reference[..shared], noise);
            layer.extend(places(&mut rng, n - shared.min(n), lon, lat));
            let found = compare(&layer, &reference);
            prop_assert!(found.suspected.is_none(), "{found:?}");
        }

        /// A constant offset that isn't the datum's must not be taken for it.
        #[test]
        fn another_offset_is_not_a_datum(seed in any::<u64>(), turn in 0.6..5.6f64) {
            let mut rng = Pcg64Mcg::seed_from_u64(seed);
            let reference = places(&mut rng, 300, 118.8, 32.05);
            let layer: Vec<LonLat> = reference.iter().map(|&p| {
                let frame = LocalFrame::new(p);
                let s = frame.to_xy(gcj02::wgs84_to_gcj02(p));
                let (sin, cos) = turn.sin_cos();
                frame.to_lonlat(Xy { x_m: s.x_m * cos - s.y_m * sin, y_m: s.x_m * sin + s.y_m * cos })
            }).collect();
            let found = compare(&layer, &reference);
            prop_assert!(found.suspected.is_none(), "{found:?}");
        }
    }
}
