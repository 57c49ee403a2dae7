//! The ten national data-center clusters of East Data West Compute, as shipped in `data/china`.

use crate::geom::LonLat;
use serde::Deserialize;

const SHIPPED: &str = include_str!("../../data/china/compute_clusters.toml");

/// A national cluster.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComputeCluster {
    /// Stable id (`HUB-GUA`).
    pub id: String,
    /// English name.
    pub en: String,
    /// Chinese name.
    pub zh: String,
    /// Hub that it belongs to.
    pub hub: String,
    /// Longitude of a seat of its start area, approximate, degrees.
    lon: f64,
    /// Latitude, degrees.
    lat: f64,
    /// PUE that its halls may have.
    pub pue_max: f64,
    /// Emission factor of its province's grid, kg CO2 per kWh, average basis, 2023.
    pub ef_kg_kwh: f64,
    /// Price of electricity, yuan per kWh: an assumption.
    pub price_cny_kwh: f64,
}

impl ComputeCluster {
    /// Position, approximate.
    #[must_use]
    pub fn at(&self) -> LonLat {
        LonLat::wrapped(self.lon, self.lat)
    }
}

#[derive(Deserialize)]
struct Shipped {
    cluster: Vec<ComputeCluster>,
}

/// The clusters in the order of their file. The file is part of the program; a test reads it.
#[must_use]
pub fn compute_clusters() -> Vec<ComputeCluster> {
    toml::from_str::<Shipped>(SHIPPED).map_or_else(|_| Vec::new(), |s| s.cluster)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn ten_clusters_in_eight_hubs() {
        let all = compute_clusters();
        assert_eq!(all.len(), 10);
        assert_eq!(all.iter().map(|c| &c.hub).collect::<BTreeSet<_>>().len(), 8);
        assert_eq!(all.iter().map(|c| &c.id).collect::<BTreeSet<_>>().len(), 10);
        for c in &all {
            assert!((1.0..=1.25).contains(&c.pue_max) && (0.1..1.0).contains(&c.ef_kg_kwh), "{c:?}");
            assert!((73.0..135.0).contains(&c.at().lon_deg()) && (18.0..54.0).contains(&c.at().lat_deg()));
        }
    }
}
