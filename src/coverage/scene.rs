//! Which scenario of TR 38.901 a site lies in, told by the density of towers around it.

use crate::model::kinds::CellKind;
use crate::model::settings::RadioSettings;
use crate::radio::tr38901::{Edition, Scenario, Suburb, Surroundings};
use serde::Serialize;

/// The surroundings of a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scene {
    /// As many towers as a city has.
    Urban,
    /// Between the two.
    Suburban,
    /// Few towers.
    Rural,
}

impl Scene {
    /// Every scene, in order.
    pub const ALL: [Scene; 3] = [Scene::Urban, Scene::Suburban, Scene::Rural];

    /// Name in files.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Scene::Urban => "urban",
            Scene::Suburban => "suburban",
            Scene::Rural => "rural",
        }
    }
}

/// From how many towers within `radio.urban_radius_m` on a place is suburban, and from how many urban.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SceneLimits {
    /// Fewer towers than this are rural.
    pub suburban: usize,
    /// This many towers or more are urban.
    pub urban: usize,
}

impl SceneLimits {
    /// The catalogue's densities as counts over the circle.
    #[must_use]
    pub fn new(radio: &RadioSettings) -> Self {
        let km2 = std::f64::consts::PI * (radio.urban_radius_m / 1e3).powi(2);
        let count = |per_km2: f64| (per_km2 * km2).ceil().max(0.0) as usize;
        let suburban = count(radio.rural_towers_per_km2);
        Self { suburban, urban: count(radio.urban_towers_per_km2).max(suburban) }
    }

    /// The scene of a place with that many towers around.
    #[must_use]
    pub const fn scene(self, towers: usize) -> Scene {
        if towers >= self.urban {
            Scene::Urban
        } else if towers >= self.suburban {
            Scene::Suburban
        } else {
            Scene::Rural
        }
    }
}

/// The edition that the settings name.
#[must_use]
pub fn edition(radio: &RadioSettings) -> Edition {
    if radio.scenario_edition == "16" { Edition::V16 } else { Edition::V19 }
}

/// The scenario for a cell seen from a site.
///
/// Micro cells, and macro cells that hang lower than UMa, RMa and SMa allow (10 m), are street cells (UMi).
/// SMa came with V19; earlier editions leave UMa for the suburbs.
#[must_use]
pub fn scenario(scene: Scene, kind: CellKind, height_m: f64, edition: Edition) -> Scenario {
    if kind == CellKind::Micro || height_m < 10.0 {
        return Scenario::Umi;
    }
    match scene {
        Scene::Rural => Scenario::Rma(Surroundings::RURAL),
        Scene::Suburban if edition == Edition::V19 => Scenario::Sma(Suburb::TYPICAL),
        Scene::Suburban | Scene::Urban => Scenario::Uma,
    }
}
