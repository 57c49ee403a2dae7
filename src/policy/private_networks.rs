//! Private 5G networks (5G行业虚拟专网) of industrial clusters by latency class: which sites' round trips the
//! operator's shared user plane keeps, which ask for a user plane of the cluster's own at its edge node or in
//! the plant, and which no place of the user plane helps.
//!
//! Latency decides alone: whether a firm wants its data to stay inside or its traffic apart is in no layer.

use crate::coverage::latency::{beside_transport_ms, line_us, round_trip_ms};
use crate::coverage::score::need;
use crate::datacenter::clusters::Clusters;
use crate::geom::sphere_m;
use crate::index::PointIndex;
use crate::model::inputs::Inputs;
use crate::model::kinds::FiberNodeKind;
use crate::model::records::Site;
use crate::model::settings::{PriceRange, Settings};
use serde::Serialize;

/// Latency class: sites by the round trip that they ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LatencyClass {
    /// Up to `policy.private.fast_ms`.
    Fast,
    /// Above it, up to `policy.private.near_ms`.
    Near,
    /// Above that.
    Slow,
}

impl LatencyClass {
    /// Every class, the shortest round trip first.
    pub const ALL: [LatencyClass; 3] = [LatencyClass::Fast, LatencyClass::Near, LatencyClass::Slow];

    fn of(rtt_ms: f64, settings: &Settings) -> Self {
        let limits = &settings.policy.private;
        if rtt_ms <= limits.fast_ms {
            Self::Fast
        } else if rtt_ms <= limits.near_ms {
            Self::Near
        } else {
            Self::Slow
        }
    }
}

/// What a site's round trip asks for; the first that keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// The operator's shared user plane.
    Shared,
    /// A user plane of the cluster's own at its edge node.
    ClusterEdge,
    /// A user plane in the plant.
    InPlant,
    /// None: air interface, user plane and application take longer by themselves.
    Beyond,
    /// The site doesn't tell what it needs, or no layer tells where a shared user plane stands.
    Unknown,
}

impl Way {
    /// Every way, in the order of [`Asking::by_way`].
    pub const ALL: [Way; 5] = [Way::Shared, Way::ClusterEdge, Way::InPlant, Way::Beyond, Way::Unknown];
}

/// Sites of a cluster in one latency class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Asking {
    /// The class; none: sites that tell neither a service class nor a latency.
    pub class: Option<LatencyClass>,
    /// Sites by way, in the order of [`Way::ALL`].
    pub by_way: [u64; 5],
}

impl Asking {
    /// Sites of the class.
    #[must_use]
    pub fn sites(&self) -> u64 {
        self.by_way.iter().sum()
    }
}

/// Whether a cluster asks for a private network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// A site's round trip asks for one.
    Needed,
    /// Every site's is known and kept without, or isn't to be kept by one.
    NotNeeded,
    /// None that is known asks for one, and some aren't known.
    Unknown,
}

/// What a cluster asks for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PrivateNetwork {
    /// The cluster, by place in the list.
    pub cluster: u32,
    /// Its sites: the latency classes in order, then those that don't tell.
    pub asking: [Asking; 4],
    /// User planes at the cluster's edge node: one where a site asks for it.
    pub edge_user_planes: u64,
    /// User planes in plants, each with a room there: one for each site that asks for it.
    pub plant_user_planes: u64,
    /// What these cost: low, mid, high, yuan.
    pub cost_cny: [f64; 3],
}

impl PrivateNetwork {
    /// Sites that go a way.
    #[must_use]
    pub fn sites(&self, way: Way) -> u64 {
        self.asking.iter().map(|a| a.by_way[way as usize]).sum()
    }

    /// Whether the cluster asks for a private network.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if self.edge_user_planes + self.plant_user_planes > 0 {
            Verdict::Needed
        } else if self.sites(Way::Unknown) > 0 {
            Verdict::Unknown
        } else {
            Verdict::NotNeeded
        }
    }
}

/// Where the shared user plane is taken to stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SharedPlane {
    /// At the nodes of kind `upf` in the layers.
    Nodes,
    /// At the data centers that exist, as no layer names a user plane: assumed.
    DataCenters,
    /// Neither layer tells.
    Unknown,
}

/// Private networks of all clusters.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PrivateNetworks {
    /// What the shared user plane rests on.
    pub shared_plane: SharedPlane,
    /// The clusters, in their order.
    pub clusters: Vec<PrivateNetwork>,
}

/// What each cluster's sites ask for. O(sites).
#[must_use]
pub fn private_networks(inputs: &Inputs, settings: &Settings, clusters: &Clusters) -> PrivateNetworks {
    let nodes = inputs.fiber_nodes.iter().filter(|n| n.kind == FiberNodeKind::Upf).map(|n| n.at);
    let nodes = PointIndex::of((0u32..).zip(nodes));
    let halls = PointIndex::of((0u32..).zip(inputs.datacenters.iter().map(|d| d.at)));
    let has_nodes = inputs.fiber_nodes.iter().any(|n| n.kind == FiberNodeKind::Upf);
    let (shared_plane, planes) = match (has_nodes, inputs.datacenters.is_empty()) {
        (true, _) => (SharedPlane::Nodes, Some(&nodes)),
        (false, false) => (SharedPlane::DataCenters, Some(&halls)),
        (false, true) => (SharedPlane::Unknown, None),
    };
    let l = &settings.latency;
    let of_cluster = |(i, cluster): (u32, &crate::datacenter::clusters::IndustrialCluster)| {
        let of_nodes = clusters.nodes.iter().filter(|n| n.cluster == i && n.place.is_some());
        let edge_ms = of_nodes.filter_map(|n| n.rtt_ms).reduce(f64::min);
        let mut asking = [Some(LatencyClass::Fast), Some(LatencyClass::Near), Some(LatencyClass::Slow), None]
            .map(|class| Asking { class, by_way: [0; 5] });
        for site in cluster.sites.iter().filter_map(|s| inputs.sites.list.get(s.at())) {
            let Some(asked_ms) = told_rtt_ms(site, settings) else {
                asking[3].by_way[Way::Unknown as usize] += 1;
                continue;
            };
            let shared_ms = planes.and_then(|p| p.nearest(site.at)).map(|h| round_trip_ms(h.distance_m, l));
            // A node's round trip is that from the middle of its cluster.
            let from_middle_ms = 2.0 * line_us(sphere_m(site.at, cluster.at) * l.detour, l) / 1e3;
            let kept = |ms: Option<f64>| ms.is_some_and(|ms| ms <= asked_ms);
            let way = if asked_ms < beside_transport_ms(l) {
                Way::Beyond
            } else if kept(shared_ms) {
                Way::Shared
            } else if shared_ms.is_none() {
                Way::Unknown
            } else if kept(edge_ms.map(|ms| ms + from_middle_ms)) {
                Way::ClusterEdge
            } else {
                Way::InPlant
            };
            asking[LatencyClass::of(asked_ms, settings) as usize].by_way[way as usize] += 1;
        }
        let sum = |way: Way| asking.iter().map(|a| a.by_way[way as usize]).sum::<u64>();
        let edge_user_planes = u64::from(sum(Way::ClusterEdge) > 0);
        let plant_user_planes = sum(Way::InPlant);
        let prices = &settings.policy.private;
        let cost = |of: fn(&PriceRange) -> f64| {
            edge_user_planes as f64 * of(&prices.edge) + plant_user_planes as f64 * of(&prices.plant)
        };
        PrivateNetwork {
            cluster: i,
            asking,
            edge_user_planes,
            plant_user_planes,
            cost_cny: [cost(|p| p.low_cny), cost(|p| p.mid_cny), cost(|p| p.high_cny)],
        }
    };
    PrivateNetworks { shared_plane, clusters: (0u32..).zip(&clusters.list).map(of_cluster).collect() }
}

/// The round trip that a site asks for, where the site tells it: by its own figure or by its service class.
fn told_rtt_ms(site: &Site, settings: &Settings) -> Option<f64> {
    let told = site.service.is_some() || site.latency_ms.is_known();
    told.then(|| need(site, settings).latency_rtt_ms).filter(|ms| ms.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datacenter::clusters::{ClusterNode, IndustrialCluster};
    use crate::geom::LonLat;
    use crate::model::records::SiteId;
    use crate::model::text::{Known, Text};

    /// A cluster at one point, its edge node there (11.2 ms), a data center 300 km off: 11 + 2 × (300 × 1.4 ×
    /// 4.897 + 2 × 50) µs = 15.3 ms. Round trips asked for: 2, 11.1, 12, 15, 16, 40 ms, and one not told.
    #[test]
    fn by_hand() {
        let s = Settings::with(&toml::Table::new()).unwrap();
        let at = LonLat::new(118.0, 32.0).unwrap();
        let mut inputs = Inputs::default();
        for ms in [Some(2.0), Some(11.1), Some(12.0), Some(15.0), Some(16.0), Some(40.0), None] {
            let mut site = Site::at(Text::NONE, Text::NONE, at);
            site.latency_ms = Known::from_f64(ms);
            inputs.sites.list.push(site);
        }
        let node = |rtt_ms: Option<f64>| ClusterNode {
            cluster: 0,
            node: "platform".into(),
            racks: 2.0,
            place: rtt_ms.map(|_| "room".into()),
            place_name: Default::default(),
            public: true,
            existing: false,
            at,
            rtt_ms,
        };
        let mut clusters = Clusters {
            list: vec![IndustrialCluster {
                id: "IC-001".into(),
                name: ("Near".into(), "近镇".into()),
                sites: (0..7).map(SiteId).collect(),
                at,
                radius_m: 0.0,
                sector: None,
            }],
            nodes: vec![node(Some(11.2)), node(None)],
            ..Clusters::default()
        };
        let found = private_networks(&inputs, &s, &clusters);
        assert_eq!(found.shared_plane, SharedPlane::Unknown);
        assert_eq!(found.clusters[0].verdict(), Verdict::Unknown);

        let mut hall = crate::synth::demo().datacenters[0].clone();
        hall.at = LonLat::new(118.0, 32.0 + 300.0 / 111.19).unwrap();
        inputs.datacenters = vec![hall];
        let found = private_networks(&inputs, &s, &clusters);
        assert_eq!(found.shared_plane, SharedPlane::DataCenters);
        let c = &found.clusters[0];
        // Shared, at the cluster's edge, in the plant, beyond, unknown.
        assert_eq!(c.asking[0].by_way, [0, 0, 0, 1, 0], "up to 10 ms");
        assert_eq!(c.asking[1].by_way, [1, 2, 1, 0, 0], "up to 20 ms");
        assert_eq!(c.asking[2].by_way, [1, 0, 0, 0, 0], "slower");
        assert_eq!(c.asking[3].by_way, [0, 0, 0, 0, 1], "not told");
        assert_eq!((c.edge_user_planes, c.plant_user_planes, c.verdict()), (1, 1, Verdict::Needed));
        let p = &s.policy.private;
        assert_eq!(c.cost_cny[1], p.edge.mid_cny + p.plant.mid_cny);
        assert!(c.cost_cny[0] < c.cost_cny[1] && c.cost_cny[1] < c.cost_cny[2]);

        // Without a node of its own each site that the shared plane is too far for needs one in the plant.
        clusters.nodes.clear();
        let found = private_networks(&inputs, &s, &clusters);
        assert_eq!((found.clusters[0].edge_user_planes, found.clusters[0].plant_user_planes), (0, 3));
        // Those that the shared plane serves need none.
        clusters.list[0].sites = vec![SiteId(4), SiteId(5)];
        assert_eq!(private_networks(&inputs, &s, &clusters).clusters[0].verdict(), Verdict::NotNeeded);
    }
}
