//! Line of sight, ducting and layer reflection, and how the mechanisms of a path combine.

use super::Terms;
use super::analysis::Analysis;
use super::climate::Cover;
use super::diffraction::TimeShare;

/// Multipath and focusing, eqs. (9a), (9b): what a time percentage takes from the loss in line of sight,
/// dB, zero or less.
pub(crate) fn enhancement_db(analysis: &Analysis, percent: f64) -> f64 {
    let horizons = analysis.horizon_km[0] + analysis.horizon_km[1];
    2.6 * (1.0 - (-0.1 * horizons).exp()) * (percent / 50.0).log10()
}

/// Loss between isotropic antennas without gases, eq. (8), for lengths along the ground in km and heights
/// above sea level in m.
pub(crate) fn free_space_db(lg_ghz: f64, total_km: f64, antenna_m: [f64; 2]) -> f64 {
    let rise_km = (antenna_m[0] - antenna_m[1]) / 1e3;
    92.4 + 20.0 * lg_ghz + 10.0 * (total_km * total_km + rise_km * rise_km).log10()
}

/// The air over a path, and for which share of time it is asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Air {
    /// Length of the path, km.
    pub total_km: f64,
    /// Median effective earth radius, km.
    pub radius_km: f64,
    /// β₀, %.
    pub beta0_percent: f64,
    /// p, %.
    pub percent: f64,
}

/// What of the ducting model depends on frequency alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ducting {
    ghz: f64,
    cube_root_ghz: f64,
    /// Terms of Af that only frequency sets: eqs. (47), (47a).
    base_db: f64,
}

impl Ducting {
    pub(crate) fn new(ghz: f64) -> Self {
        let long_wave = if ghz < 0.5 { 45.375 - 137.0 * ghz + 92.5 * ghz * ghz } else { 0.0 };
        Self { ghz, cube_root_ghz: ghz.cbrt(), base_db: 102.45 + 20.0 * ghz.log10() + long_wave }
    }

    /// Basic transmission loss by ducting and layer reflection, § 4.5, eqs. (46) to (56), dB.
    pub(crate) fn loss_db(&self, analysis: &Analysis, cover: &Cover, coast_km: [f64; 2], air: &Air) -> f64 {
        let &Air { total_km, radius_km, beta0_percent, percent } = air;
        let [dlt, dlr] = analysis.horizon_km;
        let mut coupling = self.base_db + 20.0 * (dlt + dlr).log10();
        let mut bent_mrad = 1e3 * total_km / radius_km;
        let horizons = analysis.horizon_km.into_iter().zip(analysis.horizon_mrad);
        let ends = analysis.antenna_m.into_iter().zip(coast_km);
        for ((horizon_km, mrad), (antenna_m, coast)) in horizons.zip(ends) {
            let shielding = mrad - 0.1 * horizon_km;
            if shielding > 0.0 {
                coupling += 20.0 * (1.0 + 0.361 * shielding * (self.ghz * horizon_km).sqrt()).log10()
                    + 0.264 * shielding * self.cube_root_ghz;
            }
            if cover.sea_share >= 0.75 && coast <= horizon_km && coast <= 5.0 {
                coupling -= 3.0 * (-0.25 * coast * coast).exp() * (1.0 + (0.07 * (50.0 - antenna_m)).tanh());
            }
            bent_mrad += mrad.min(0.1 * horizon_km);
        }

        // Eqs. (53) to (56).
        let gap_km = (total_km - dlt - dlr).min(40.0);
        let rough = analysis.roughness_m;
        let mu3 = if rough > 10.0 { (-4.6e-5 * (rough - 10.0) * (43.0 + 6.0 * gap_km)).exp() } else { 1.0 };
        let alpha = (-0.6 - 3.5e-9 * total_km.powf(3.1) * cover.tau()).max(-3.4);
        let [hte, hre] = analysis.ducting_height_m;
        let heights = hte.sqrt() + hre.sqrt();
        let geometry = 500.0 / radius_km * (total_km / heights).powi(2);
        let mu2 = geometry.powf(alpha).min(1.0);
        let beta = beta0_percent * mu2 * mu3;
        let lg_beta = beta.log10();
        let gamma = 1.076 / (2.0058 - lg_beta).powf(1.012)
            * (-(9.51 - 4.8 * lg_beta + 0.198 * lg_beta * lg_beta) * 1e-6 * total_km.powf(1.13)).exp();
        let ratio = percent / beta;
        let over_time = -12.0 + (1.2 + 3.7e-3 * total_km) * ratio.log10() + 12.0 * ratio.powf(gamma);

        coupling + 5e-5 * radius_km * self.cube_root_ghz * bent_mrad + over_time
    }
}

/// What differs between the Recommendations when mechanisms combine.
pub(crate) struct Combination<'a> {
    pub terms: &'a Terms,
    pub time: &'a TimeShare,
    pub total_km: f64,
    pub sea_share: f64,
    /// Median line of sight loss at β₀ %, eq. (11), dB.
    pub los_beta0_db: f64,
    /// Fj: weight of the line of sight against diffraction with ducts.
    pub sight_weight: f64,
}

impl Combination<'_> {
    /// § 4.6, eqs. (57) to (63): basic transmission loss not exceeded for p % of the time, dB.
    pub(crate) fn loss_db(&self) -> f64 {
        let t = self.terms;
        let diffracted = t.los_db + t.diffraction_db;
        let over_land = (1.0 - self.sea_share) * t.diffraction_db;
        let lowest = if self.time.percent >= t.beta0_percent {
            let median = t.free_space_db + t.diffraction_median_db;
            median + (self.los_beta0_db + over_land - median) * self.time.enhanced_weight(t.beta0_percent)
        } else {
            t.los_db + over_land
        };
        let enhanced = soft_max(t.ducting_db, t.los_db);
        let with_ducts = if enhanced <= diffracted {
            enhanced + (diffracted - enhanced) * falling(self.total_km, 20.0, 20.0, 0.5)
        } else {
            diffracted
        };
        let near = with_ducts + (lowest - with_ducts) * self.sight_weight;
        power_sum_min(t.troposcatter_db, near)
    }
}

/// Fj of P.1812, eq. (57): by the angular distance, half at 0.3 mrad.
pub(crate) fn sight_weight_by_distance(angular_mrad: f64) -> f64 {
    falling(angular_mrad, 0.3, 0.3, 0.8)
}

/// Fj of P.452, eq. (58): by how much steeper the ground is than the other antenna, half at grazing.
pub(crate) fn sight_weight_by_obstruction(obstruction_mrad: f64) -> f64 {
    falling(obstruction_mrad, 0.0, 0.3, 0.8)
}

/// The shape of Fj and Fk: one far below `middle`, nil far above.
fn falling(x: f64, middle: f64, width: f64, slope: f64) -> f64 {
    1.0 - 0.5 * (1.0 + (3.0 * slope * (x - middle) / width).tanh())
}

/// η·ln(e^(a/η) + e^(b/η)) with η = 2.5, eq. (60), safe from overflow.
fn soft_max(a: f64, b: f64) -> f64 {
    a.max(b) + 2.5 * (-(a - b).abs() / 2.5).exp().ln_1p()
}

/// −5·lg(10^(−0.2a) + 10^(−0.2b)), eq. (63), safe from underflow.
fn power_sum_min(a: f64, b: f64) -> f64 {
    a.min(b) - 5.0 * (1.0 + 10f64.powf(-0.2 * (a - b).abs())).log10()
}
