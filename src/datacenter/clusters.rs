//! Industrial clusters found in the sites, and the nodes that each has of its own: identifier resolution,
//! industrial-internet platform.

use super::demand::Demand;
use super::places::{Place, places};
use super::study::{Study, StudyError};
use super::tradeoff::chosen;
use crate::coverage::latency::{beside_transport_ms, line_us};
use crate::geom::{LonLat, sphere_m};
use crate::index::{PointIndex, clusters as by_density};
use crate::model::inputs::Inputs;
use crate::model::records::SiteId;
use crate::model::settings::{HallKind, Settings, Workload};
use crate::optimise::{Work, relative_gap};
use std::collections::BTreeMap;

/// An industrial cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct IndustrialCluster {
    /// `IC-001`, the one with most sites first.
    pub id: String,
    /// Named after the nearest town, English and Chinese; after its id where there is none.
    pub name: (String, String),
    /// Its sites, ascending.
    pub sites: Vec<SiteId>,
    /// The site in its middle: that with the least sum of distances to a sample of the others.
    pub at: LonLat,
    /// Distance from there to the farthest site, metres.
    pub radius_m: f64,
    /// The sector that most of its sites tell, and how many do.
    pub sector: Option<(String, u64)>,
}

/// A node of a cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct ClusterNode {
    /// The cluster, by place in the list.
    pub cluster: u32,
    /// What it is: member of `datacenter.node`.
    pub node: String,
    /// Standard racks.
    pub racks: f64,
    /// Id of the place; none where no place is near enough.
    pub place: Option<String>,
    /// Its name, English and Chinese.
    pub place_name: (String, String),
    /// Whether that name is public.
    pub public: bool,
    /// Whether the place exists.
    pub existing: bool,
    /// Where.
    pub at: LonLat,
    /// Round trip from the cluster's middle, all parts included, ms; none without a place.
    pub rtt_ms: Option<f64>,
}

/// Clusters and their nodes.
#[derive(Clone, Debug, Default)]
pub struct Clusters {
    /// The clusters.
    pub list: Vec<IndustrialCluster>,
    /// Nodes, cluster by cluster.
    pub nodes: Vec<ClusterNode>,
    /// Yearly cost of the nodes, yuan, and the bound below it.
    pub cost_cny_yr: (f64, f64),
    /// Gap between them.
    pub gap: f64,
}

/// Members that the middle of a cluster is looked for among.
const SAMPLE: usize = 400;

/// The clusters of the given sites: DBSCAN with `datacenter.cluster_m` and `datacenter.cluster_sites`.
#[must_use]
pub fn find(inputs: &Inputs, sites: &[SiteId], settings: &Settings) -> Vec<IndustrialCluster> {
    let s = &settings.datacenter;
    let position = |s: SiteId| inputs.sites.list[s.at()].at;
    let points: Vec<LonLat> = sites.iter().map(|s| position(*s)).collect();
    let of = by_density(&points, s.cluster_m, s.cluster_sites as usize);
    let mut members: BTreeMap<u32, Vec<SiteId>> = BTreeMap::new();
    for (site, cluster) in sites.iter().zip(of) {
        if let Some(c) = cluster {
            members.entry(c).or_default().push(*site);
        }
    }
    let mut groups: Vec<Vec<SiteId>> = members.into_values().collect();
    groups.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    let towns = PointIndex::of((0u32..).zip(inputs.towns.iter().map(|t| t.at)));
    let mut named: BTreeMap<String, u32> = BTreeMap::new();
    groups
        .into_iter()
        .enumerate()
        .map(|(n, sites)| {
            let id = format!("IC-{:03}", n + 1);
            let step = sites.len().div_ceil(SAMPLE).max(1);
            let sample: Vec<SiteId> = sites.iter().copied().step_by(step).collect();
            let sum = |s: SiteId| sample.iter().map(|o| sphere_m(position(s), position(*o))).sum::<f64>();
            let sums = sample.iter().map(|s| (*s, sum(*s)));
            let middle = sums.min_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0))).map(|m| m.0);
            let at = middle.map_or(points[0], position);
            let radius_m = sites.iter().map(|s| sphere_m(position(*s), at)).fold(0.0, f64::max);
            let town = towns.nearest(at).and_then(|h| inputs.towns.get(h.index as usize));
            let mut name = town.map_or_else(
                || (id.clone(), id.clone()),
                |t| (t.name.clone(), t.name_zh.clone().unwrap_or_else(|| t.name.clone())),
            );
            let same = named.entry(name.0.clone()).or_insert(0);
            *same += 1;
            if *same > 1 {
                name = (format!("{} {same}", name.0), format!("{}{same}", name.1));
            }
            let sector = main_sector(inputs, &sites);
            IndustrialCluster { id, name, sites, at, radius_m, sector }
        })
        .collect()
}

fn main_sector(inputs: &Inputs, sites: &[SiteId]) -> Option<(String, u64)> {
    let mut count: BTreeMap<&str, u64> = BTreeMap::new();
    for s in sites {
        if let Some(sector) = inputs.sites.text.opt(inputs.sites.list[s.at()].sector) {
            *count.entry(sector).or_insert(0) += 1;
        }
    }
    let most = count.into_iter().max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(a.0)))?;
    Some((most.0.to_owned(), most.1))
}

/// Places the nodes of every cluster by the machinery of [`Study`]: existing centers, those that a layout opens
/// (`opened`, with the room that is left there) and rooms, at least cost, each within the limit of all sites of
/// its cluster.
///
/// # Errors
/// Locks or capacities that nothing can satisfy.
pub fn place_nodes(
    inputs: &Inputs,
    list: Vec<IndustrialCluster>,
    opened: Vec<Place>,
    settings: &Settings,
    work: Work<'_>,
) -> Result<Clusters, StudyError> {
    let mut of_nodes = settings.clone();
    let s = &mut of_nodes.datacenter;
    // A node that clusters share is no idle hall, and it is small: neither floor nor second center.
    (s.use_floor, s.standby) = (0.0, false);
    s.workload = settings
        .datacenter
        .node
        .iter()
        .map(|(name, n)| {
            let w = Workload {
                share: 1.0,
                hall: HallKind::General,
                max_rtt_ms: n.max_rtt_ms,
                latency_value: 1.0,
            };
            (name.clone(), w)
        })
        .collect();
    let l = &settings.latency;
    let mut wanted = Vec::new();
    let mut what = Vec::new();
    for (c, cluster) in (0u32..).zip(&list) {
        for (workload, (name, n)) in (0u16..).zip(&settings.datacenter.node) {
            let racks = n.racks + n.site_racks * cluster.sites.len() as f64;
            let us = (n.max_rtt_ms - beside_transport_ms(l)) * 1e3 / 2.0;
            wanted.push(Demand {
                at: cluster.at,
                sites: cluster.sites.clone(),
                workload,
                racks,
                hall: HallKind::General,
                max_rtt_ms: n.max_rtt_ms,
                latency_value: 1.0,
                transport_us: us - line_us(cluster.radius_m * l.detour, l),
            });
            what.push((c, name.clone(), racks));
        }
    }
    if wanted.is_empty() {
        return Ok(Clusters { list, ..Clusters::default() });
    }
    let key = |d: &Demand| (d.workload, d.sites.first().copied());
    let order: BTreeMap<(u16, Option<SiteId>), usize> =
        wanted.iter().enumerate().map(|(i, d)| (key(d), i)).collect();
    let mut others = places(inputs, &wanted, &of_nodes);
    others.retain(|p| opened.iter().all(|o| o.id != p.id));
    let places = opened.into_iter().chain(others).collect();
    let study = Study::new(inputs, &of_nodes, wanted, places, &BTreeMap::new())?;
    let layout = study.layout(&chosen(&study), work)?;
    let mut nodes: Vec<ClusterNode> = what
        .into_iter()
        .map(|(cluster, node, racks)| ClusterNode {
            at: list[cluster as usize].at,
            cluster,
            node,
            racks,
            place: None,
            place_name: Default::default(),
            public: false,
            existing: false,
            rtt_ms: None,
        })
        .collect();
    for (d, demand) in study.demands.iter().enumerate() {
        let pair = &study.pairs[d][layout.serves[d] as usize];
        let place = &study.places[pair.place as usize];
        if let Some(n) = order.get(&key(demand)).and_then(|i| nodes.get_mut(*i)) {
            n.place = Some(place.id.clone());
            n.place_name.clone_from(&place.name);
            (n.public, n.existing, n.at) = (place.public, place.existing, place.at);
            n.rtt_ms = Some(study.rtt_ms(&pair.way));
        }
    }
    Ok(Clusters {
        list,
        nodes,
        cost_cny_yr: (layout.objective, layout.bound),
        gap: relative_gap(layout.objective, layout.bound),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::records::{Site, Town};
    use crate::optimise::Effort;

    #[test]
    fn clusters_have_names_middles_and_nodes() {
        let mut inputs = Inputs::default();
        let spots = [(0.0, 0.0), (0.01, 0.0), (0.02, 0.0), (0.01, 0.01), (0.01, -0.01), (3.0, 3.0)];
        for (i, (x, y)) in spots.into_iter().enumerate() {
            let id = inputs.sites.text.push(&format!("s{i}"));
            let mut site = Site::at(id, Default::default(), LonLat::wrapped(118.0 + x, 32.0 + y));
            site.sector = inputs.sites.text.intern(if i < 4 { "steel" } else { "cement" });
            inputs.sites.list.push(site);
        }
        inputs.towns.push(Town {
            name: "Near".into(),
            name_zh: Some("近镇".into()),
            at: LonLat::wrapped(118.05, 32.0),
            population: None,
        });
        let s = Settings::with(&toml::Table::new()).unwrap();
        let sites: Vec<SiteId> = (0..6).map(SiteId).collect();
        let list = find(&inputs, &sites, &s);
        assert_eq!(list.len(), 1);
        let c = &list[0];
        assert_eq!((c.id.as_str(), c.name.1.as_str(), c.sites.len()), ("IC-001", "近镇", 5));
        assert_eq!(c.at, inputs.sites.list[1].at, "the middle of the cross");
        assert_eq!(c.sector, Some(("steel".into(), 4)));
        let placed = place_nodes(&inputs, list, Vec::new(), &s, Work::from(Effort::LOW)).unwrap();
        assert_eq!(placed.nodes.len(), 2, "identifier and platform");
        for n in &placed.nodes {
            assert!(n.rtt_ms.is_some_and(|ms| ms <= 20.0), "{n:?}");
            // One place for both: a second hall would cost more than it saves.
            assert_eq!(n.place, placed.nodes[0].place);
        }
        assert!(placed.cost_cny_yr.1 <= placed.cost_cny_yr.0);
    }
}
