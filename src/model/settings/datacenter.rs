//! Section `datacenter`.

use crate::model::kinds::FirmSize;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Section `datacenter`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatacenterSettings {
    /// Round trip within which a site is well served, ms.
    pub edge_max_rtt_ms: f64,
    /// What one millisecond of round trip is worth per rack and year, against the cost of a nearer hall, CNY/rack/ms/yr.
    pub ms_value_cny_yr: f64,
    /// IT power of a standard rack, kW.
    pub rack_kw: f64,
    /// IT power of a rack in an AI hall, kW.
    pub ai_rack_kw: f64,
    /// PUE that a degree of yearly mean temperature above `pue_ref_deg_c` adds, below it takes away, 1/°C.
    pub pue_per_deg_c: f64,
    /// Yearly mean temperature that the PUE of new halls is told for, °C.
    pub pue_ref_deg_c: f64,
    /// Compute demand of a site when nothing else is known, racks.
    pub site_racks: f64,
    /// Number of centers; 0: as many as pay for themselves.
    pub max_centers: u32,
    /// Racks that a new hall must fill, of the smallest that is built, share.
    pub use_floor: f64,
    /// Each demand must reach a second center within its limit that keeps room for it.
    pub standby: bool,
    /// What second centers keep free of the racks that any one center serves, share.
    pub standby_share: f64,
    /// Transport of a rack's traffic over a kilometre of route, CNY/rack/km/yr.
    pub transport_cny_rack_km_yr: f64,
    /// Farthest fiber node over which a site or a hall joins an operator's network, m.
    pub attach_m: f64,
    /// Nodes (`node_id`) where operators' networks are joined beside the exchange points.
    pub direct_connect: Vec<String>,
    /// Exchange point or direct connection between networks, CNY.
    pub exchange_cny: f64,
    /// Whether halls in the national clusters may serve.
    pub hubs: bool,
    /// Residents of a town from which a regional center may stand there.
    pub regional_town: f64,
    /// Sites this near to each other are of one industrial cluster, m.
    pub cluster_m: f64,
    /// Sites within that distance, itself counted, that make a site the core of a cluster.
    pub cluster_sites: u32,
    /// Section `datacenter.node`, by name: what each industrial cluster has of its own.
    pub node: BTreeMap<String, ClusterNodeSettings>,
    /// Section `datacenter.firm`.
    pub firm: FirmFactors,
    /// Section `datacenter.edge`.
    pub edge: NewTier,
    /// Section `datacenter.regional`.
    pub regional: NewTier,
    /// Section `datacenter.hub`.
    pub hub: NewTier,
    /// Section `datacenter.workload`, by name; a project may add its own.
    pub workload: BTreeMap<String, Workload>,
}

/// Section `datacenter.firm`: demand by firm size, against `datacenter.site_racks`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirmFactors {
    /// Large firms.
    pub large: f64,
    /// Medium firms.
    pub medium: f64,
    /// Small firms.
    pub small: f64,
    /// Micro firms.
    pub micro: f64,
    /// Firms whose size isn't known.
    pub unknown: f64,
}

impl FirmFactors {
    /// The factor of a firm.
    #[must_use]
    pub const fn of(&self, size: Option<FirmSize>) -> f64 {
        match size {
            Some(FirmSize::Large) => self.large,
            Some(FirmSize::Medium) => self.medium,
            Some(FirmSize::Small) => self.small,
            Some(FirmSize::Micro) => self.micro,
            None => self.unknown,
        }
    }
}

/// Sections `datacenter.edge`, `datacenter.regional`, `datacenter.hub`: what a new hall of a tier is like.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewTier {
    /// Smallest that is built, standard racks.
    pub min_racks: f64,
    /// Largest that is built, standard racks.
    pub max_racks: f64,
    /// Building, power feed and network of a hall, whatever its size, CNY.
    pub base_cny: f64,
    /// Each standard rack of it, CNY.
    pub rack_cny: f64,
    /// PUE at `datacenter.pue_ref_deg_c`.
    pub pue: f64,
}

/// Section `datacenter.node.NAME`: a node that each industrial cluster has.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClusterNodeSettings {
    /// Standard racks of it, whatever the cluster's size.
    pub racks: f64,
    /// Standard racks more for each site of the cluster.
    pub site_racks: f64,
    /// Round trip within which every site of the cluster must reach it, all parts included, ms.
    pub max_rtt_ms: f64,
}

/// What a rack is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HallKind {
    /// General compute and storage.
    General,
    /// Dense racks for training and inference (智算).
    Ai,
}

/// Section `datacenter.workload.NAME`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// Standard racks of it per rack of the site's demand.
    pub share: f64,
    /// Hall that it needs.
    pub hall: HallKind,
    /// Round trip within which it must be served, all parts included; 0: that of the site's service class, ms.
    pub max_rtt_ms: f64,
    /// What its latency is worth, against `datacenter.ms_value_cny_yr`, share.
    pub latency_value: f64,
}
