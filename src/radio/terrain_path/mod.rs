//! What ITU-R P.1812-8 and P.452-18 share: both read the same quantities out of a terrain profile and
//! combine the same mechanisms. [`p1812`](super::p1812) and [`p452`](super::p452) hold what differs.
//!
//! | file | P.1812-8, Annex 1 | P.452-18, Annex 1 |
//! |---|---|---|
//! | [`climate`]: zones, β₀, effective earth radius, path centre | §§ 3.4–3.7, eqs. (1)–(7) | § 3.2, eqs. (2)–(7) |
//! | [`analysis`]: horizons, smooth earth, roughness | Attachment 1, eqs. (76)–(95) | Attachment 2, eqs. (151)–(171) |
//! | [`diffraction`]: Bullington, spherical earth, delta-Bullington | § 4.3, eqs. (12)–(41) | § 4.2, eqs. (13)–(42) |
//! | [`mechanisms`]: line of sight, ducting, combination | §§ 4.2, 4.5, 4.6, eqs. (8)–(11), (46)–(63) | §§ 4.1, 4.4, 4.6, eqs. (8)–(12), (47)–(64) |
//!
//! Equation numbers in the code are those of P.1812-8.

pub mod analysis;
pub mod climate;
pub mod diffraction;
pub mod mechanisms;

use super::profile::{Profile, ProfileError};
use super::refusal::{Refusal, within};
pub use climate::Cover;

/// Earth radius of both Recommendations, km.
pub const EARTH_RADIUS_KM: f64 = 6371.0;

/// Why a terrain model gives no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PathError {
    /// An input outside the model's range.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A profile that can't be used.
    #[error(transparent)]
    Profile(#[from] ProfileError),
}

/// The average atmosphere at the centre of a path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Atmosphere {
    /// ΔN: fall of the refractive index through the lowest kilometre, N-units/km, positive.
    pub delta_n: f64,
    /// N₀: surface refractivity at sea level, N-units.
    pub n0: f64,
}

impl Atmosphere {
    /// A mid-latitude value for planning where no map is at hand: ΔN 45 N-units/km, N₀ 325 N-units.
    pub const TEMPERATE: Self = Self { delta_n: 45.0, n0: 325.0 };

    pub(super) fn check(&self, model: &'static str) -> Result<(), Refusal> {
        within(model, "delta_n", self.delta_n, 0.0..=150.0, " N/km")?;
        within(model, "n0", self.n0, 200.0..=500.0, " N")?;
        Ok(())
    }
}

/// A profile made ready: distances in kilometres, heights of ground and of what stands on it, and all
/// that depends on neither frequency nor antenna heights. Can be refilled without allocating.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TerrainPath {
    km: Vec<f64>,
    /// 1/d and 1/(D − d), per kilometre; of no meaning at the ends.
    from_tx: Vec<f64>,
    from_rx: Vec<f64>,
    ground_m: Vec<f64>,
    /// g: ground and clutter.
    surface_m: Vec<f64>,
    /// hst and hsr, the least-squares smooth earth at both ends, eqs. (87), (88), m above sea level.
    smooth_m: [f64; 2],
    /// Where the points of the whole profile lie, when only some of them are kept.
    whole: Option<Spacing>,
    cover: Cover,
    receiver_clutter_m: f64,
}

/// Distances of the points of a profile: even steps from the transmitter, then a tail.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spacing {
    /// Length of a step, km.
    pub step_km: f64,
    /// Number of whole steps.
    pub steps: usize,
    /// Points after them: one half-way to the receiver or none, and the receiver, km.
    pub tail_km: [f64; 2],
}

impl Spacing {
    /// Number of points.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a profile always has its ends")]
    pub fn len(&self) -> usize {
        self.steps + 2 + usize::from(self.tail_km[0] < self.tail_km[1])
    }

    /// Distance of a point, km.
    #[must_use]
    #[inline]
    pub fn km(&self, i: usize) -> f64 {
        if i <= self.steps { i as f64 * self.step_km } else { self.tail_km[usize::from(i > self.steps + 1)] }
    }
}

impl TerrainPath {
    /// Makes a profile ready; clutter nearer than `open_m` to either end doesn't count, nor that of the
    /// ends themselves.
    ///
    /// # Errors
    /// [`ProfileError`], for less than `need` points too.
    pub fn new(profile: &Profile, open_m: f64, need: usize) -> Result<Self, ProfileError> {
        profile.check(need.max(3))?;
        let mut path = Self::default();
        path.km.extend(profile.distance_m.iter().map(|d| d / 1e3));
        path.ground_m.extend_from_slice(&profile.height_m);
        path.surface_m.extend_from_slice(&profile.height_m);
        let open_km = open_m / 1e3;
        let last_open_km = path.length_km() - open_km;
        for (i, clutter) in profile.clutter_m.iter().enumerate() {
            let end = i == 0 || i + 1 == path.km.len();
            if !end && path.km[i] >= open_km && path.km[i] <= last_open_km {
                path.surface_m[i] += clutter;
            }
        }
        path.receiver_clutter_m = profile.clutter_m.last().copied().unwrap_or(0.0);
        path.finish();
        path.cover = Cover::new(&path.km, &profile.zone);
        Ok(path)
    }

    /// Refills with evenly spaced points over land: heights of the ground and of the clutter on it, from
    /// transmitter to receiver. With fewer than three points nothing can be predicted from it.
    pub fn refill_inland(&mut self, step_m: f64, heights_m: impl IntoIterator<Item = (f64, f64)>) {
        let even = heights_m.into_iter().enumerate();
        self.refill_points(even.map(|(i, (ground, clutter))| (i as f64 * step_m / 1e3, ground, clutter)));
    }

    /// Refills with points over land: distance in km, heights of the ground and of the clutter on it.
    pub fn refill_points(&mut self, points: impl IntoIterator<Item = (f64, f64, f64)>) {
        self.fill(points);
        self.whole = None;
        self.finish();
    }

    /// Refills with those points of a profile over land that decide: every point that is the largest in what
    /// the model looks for must be among them, and both ends. The rest is known by its distances, `whole`,
    /// and by the smooth earth at both ends.
    pub fn refill_deciding(
        &mut self,
        points: impl IntoIterator<Item = (f64, f64, f64)>,
        whole: Spacing,
        smooth_m: [f64; 2],
    ) {
        self.fill(points);
        self.whole = Some(whole);
        self.invert();
        self.smooth_m = smooth_m;
    }

    /// Takes away the clutter nearer than `open_m` to either end.
    pub fn open_ends(&mut self, open_m: f64) {
        let (open_km, total_km) = (open_m / 1e3, self.length_km());
        let near_tx = self.km.iter().take_while(|d| **d < open_km).count();
        let near_rx = self.km.iter().rev().take_while(|d| total_km - **d < open_km).count();
        let n = self.km.len();
        for i in (0..near_tx).chain(n - near_rx..n) {
            self.surface_m[i] = self.ground_m[i];
        }
    }

    fn fill(&mut self, points: impl IntoIterator<Item = (f64, f64, f64)>) {
        self.km.clear();
        self.ground_m.clear();
        self.surface_m.clear();
        let mut last_clutter_m = 0.0;
        for (km, ground, clutter) in points {
            let first = self.km.is_empty();
            self.km.push(km);
            self.ground_m.push(ground);
            self.surface_m.push(if first { ground } else { ground + clutter });
            last_clutter_m = clutter;
        }
        if let (Some(surface), Some(ground)) = (self.surface_m.last_mut(), self.ground_m.last()) {
            *surface = *ground;
        }
        self.receiver_clutter_m = last_clutter_m;
        self.cover = Cover::inland(self.length_km());
    }

    /// Inverse distances and the smooth earth.
    fn finish(&mut self) {
        self.invert();
        self.smooth_m = analysis::smooth_earth(&self.km, &self.ground_m);
    }

    fn invert(&mut self) {
        let total = self.length_km();
        self.from_tx.clear();
        self.from_tx.extend(self.km.iter().map(|d| 1.0 / d));
        self.from_rx.clear();
        self.from_rx.extend(self.km.iter().map(|d| 1.0 / (total - d)));
    }

    /// Number of points.
    #[must_use]
    pub fn len(&self) -> usize {
        self.km.len()
    }

    /// Whether there are no points.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.km.is_empty()
    }

    /// Great-circle length of the path, km.
    #[must_use]
    pub fn length_km(&self) -> f64 {
        self.km.last().copied().unwrap_or(0.0)
    }

    /// Zones along the path.
    #[must_use]
    pub const fn cover(&self) -> &Cover {
        &self.cover
    }

    /// Height of the clutter at the receiver, m.
    #[must_use]
    pub const fn receiver_clutter_m(&self) -> f64 {
        self.receiver_clutter_m
    }

    /// Ground at both ends, m above sea level.
    #[must_use]
    pub fn end_ground_m(&self) -> [f64; 2] {
        let last = self.ground_m.last().copied().unwrap_or(0.0);
        [self.ground_m.first().copied().unwrap_or(0.0), last]
    }
}

/// Values of one prediction that both Recommendations name, for explanation and for tests.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Terms {
    /// Path as the profile shows it.
    pub analysis: analysis::Analysis,
    /// aₑ, median effective earth radius, km.
    pub effective_radius_km: f64,
    /// β₀, time percentage of strong gradients near the ground.
    pub beta0_percent: f64,
    /// Free space (P.452: with gases), dB.
    pub free_space_db: f64,
    /// Line of sight with enhancements, not exceeded for p %, dB.
    pub los_db: f64,
    /// Median diffraction loss, dB.
    pub diffraction_median_db: f64,
    /// Diffraction loss not exceeded for p %, dB.
    pub diffraction_db: f64,
    /// Basic transmission loss by troposcatter, dB.
    pub troposcatter_db: f64,
    /// Basic transmission loss by ducting and layer reflection, dB.
    pub ducting_db: f64,
}
