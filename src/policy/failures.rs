//! What breaks when one thing fails: a cable, everything in one duct or shared-risk group, a node, a data
//! center. Over the physical fiber of the layers; where they hold none, nothing is claimed.
//!
//! Cables join where their ends name the same node or lie within a metre of each other. A site with fiber
//! hangs on the nearest point of that network within `policy.attach_m`, which is inferred: the layers don't
//! tell who hangs where.

use crate::coverage::latency::{reach_m, round_trip_ms};
use crate::geom::LonLat;
use crate::graph::{NodeId, losses};
use crate::index::{Hit, PointIndex};
use crate::model::inputs::Inputs;
use crate::model::kinds::{LayMethod, ServiceClass};
use crate::model::planned::ConnectionState;
use crate::model::progress::Progress;
use crate::model::records::{FiberSegment, Origin};
use crate::model::settings::Settings;
use crate::network::FiberPlant;
use crate::plan::Plan;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Serialize;
use std::collections::BTreeMap;

/// Failures of which the way around is priced; the others are counted only.
const PRICED: usize = 200;

/// What fails.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "of")]
pub enum Fails {
    /// A cable, by its place in the layer.
    Cable(u32),
    /// Every cable in a duct, or in ducts of one shared-risk group, by its code.
    Group(String),
    /// A fiber node, by its place in the layer.
    Node(u32),
    /// A data center, by its place in the layer.
    Center(u32),
}

/// A failure that costs some site its service.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Failure {
    /// What fails.
    pub fails: Fails,
    /// Cables that fail with it.
    pub cables: u64,
    /// Sites that lose it: fiber to the core, or a center near enough.
    pub sites_lost: u64,
    /// Of them with a service class that gets fibers of its own (`fiber.pon.p2p_services`).
    pub critical_lost: u64,
    /// Length of the shortest straight line between what is cut off and the rest, metres; of the worst
    /// failures only, and not of centers.
    pub gap_m: Option<f64>,
    /// That times `network.infer_detour` as new trench and cable, yuan.
    pub fix_cny: Option<f64>,
}

/// What the layers let one say.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Failures {
    /// Columns and layers without which fiber can't be judged; empty when it can.
    pub lacking: Vec<&'static str>,
    /// Sites with fiber, by the layer.
    pub with_fiber: u64,
    /// Of them those that could be hung on the network and reach its core today.
    pub attached: u64,
    /// Cables looked at.
    pub cables: u64,
    /// Nodes that count as the core.
    pub core: u64,
    /// Sites with a center within `datacenter.edge_max_rtt_ms`.
    pub near_compute: u64,
    /// Failures that cost a site its service, the worst first.
    pub list: Vec<Failure>,
}

impl Failures {
    /// The most sites that one failure of fiber or of a center takes.
    #[must_use]
    pub fn worst(&self, centers: bool) -> Option<&Failure> {
        self.list.iter().find(|f| matches!(f.fails, Fails::Center(_)) == centers)
    }
}

/// Adds what a plan builds to the layers: its cables and lead-ins, and fiber at the sites that it joins. The
/// code of a duct that is reused goes with the cable, so that both fail together.
pub fn build(inputs: &mut Inputs, plan: &Plan) {
    let cable = |id: String, line: &[LonLat], reuses: Option<&str>, method: LayMethod| FiberSegment {
        id,
        line: line.to_vec(),
        line_made: false,
        from_node: None,
        to_node: None,
        owner: String::new(),
        level: None,
        method: Some(method),
        fibers_total: None,
        fibers_free: None,
        length_m: None,
        duct_id: reuses.map(str::to_owned),
        srlg: None,
        status: None,
        origin: Origin::default(),
    };
    for r in plan.routes.iter().filter(|r| r.line.len() > 1) {
        inputs.fiber_segments.push(cable(r.id.clone(), &r.line, r.reuses.as_deref(), r.method));
    }
    let mut joined: FxHashSet<&str> = FxHashSet::default();
    for c in plan.connections.iter().filter(|c| c.state == ConnectionState::Planned) {
        joined.insert(&c.id);
        let second = c.protection.as_ref().map_or(&[][..], |p| &p.lead_in);
        let ways = [(format!("LI-{}", c.id), &c.lead_in[..]), (format!("LI-{}/2", c.id), second)];
        for (id, line) in ways.into_iter().filter(|w| w.1.len() > 1) {
            inputs.fiber_segments.push(cable(id, line, None, LayMethod::Duct));
        }
    }
    for s in &mut inputs.sites.list {
        if joined.contains(inputs.sites.text.get(s.id)) {
            s.has_fiber = Some(true);
        }
    }
}

/// Looks for everything whose failure costs some site its service.
#[must_use]
pub fn failures(inputs: &Inputs, settings: &Settings, progress: &Progress) -> Failures {
    let with_fiber = inputs.sites.list.iter().filter(|s| s.has_fiber == Some(true)).count() as u64;
    let mut found = Failures { with_fiber, ..Failures::default() };
    let net = FiberPlant::new(inputs).ok().filter(|n| !n.cables().is_empty());
    if let Some(n) = &net {
        (found.cables, found.core) = (n.cables().len() as u64, n.roots().len() as u64);
    } else {
        found.lacking.push("fiber_segments");
    }
    if found.core == 0 {
        found.lacking.push("fiber_nodes (co, agg, olt)");
    }
    if found.with_fiber == 0 {
        found.lacking.push("sites.has_fiber");
    }
    if let Some(net) = net.filter(|_| found.lacking.is_empty()) {
        fiber(inputs, settings, &net, &mut found, progress);
    }
    centers(inputs, settings, &mut found);
    found.list.sort_by(|a, b| {
        (b.critical_lost, b.sites_lost)
            .cmp(&(a.critical_lost, a.sites_lost))
            .then_with(|| a.fails.cmp(&b.fails))
    });
    found
}

fn is_critical(service: Option<ServiceClass>, settings: &Settings) -> bool {
    service.is_some_and(|s| settings.fiber.pon.p2p_services.contains(&s))
}

fn fiber(inputs: &Inputs, settings: &Settings, net: &FiberPlant, found: &mut Failures, progress: &Progress) {
    let whole = net.reached(&|_| false, None);
    let joined = (0u32..).zip(net.positions()).filter(|(n, _)| whole[*n as usize]).map(|(n, p)| (n, *p));
    let index = PointIndex::of(joined);
    let (mut on, mut critical) = (vec![0.0; net.positions().len()], vec![0.0; net.positions().len()]);
    for s in inputs.sites.list.iter().filter(|s| s.has_fiber == Some(true)) {
        let Some(hit) = index.nearest(s.at).filter(|h| h.distance_m <= settings.policy.attach_m) else {
            continue;
        };
        on[hit.index as usize] += 1.0;
        critical[hit.index as usize] += f64::from(u8::from(is_critical(s.service, settings)));
        found.attached += 1;
    }
    let all = losses(net.graph(), net.roots(), |v| on[v.index()], |_| true);
    let most = losses(net.graph(), net.roots(), |v| critical[v.index()], |_| true);
    let failure = |fails, cables: usize, sites: f64, critical: f64| Failure {
        fails,
        cables: cables as u64,
        sites_lost: sites as u64,
        critical_lost: critical as u64,
        gap_m: None,
        fix_cny: None,
    };
    let mut list: Vec<Failure> = Vec::new();
    for (e, &cable) in net.cables().iter().enumerate().filter(|(e, _)| all.by_edge[*e] > 0.0) {
        list.push(failure(Fails::Cable(cable), 1, all.by_edge[e], most.by_edge[e]));
    }
    let lost = |seen: &[bool], of: &[f64]| -> f64 {
        of.iter().zip(seen).filter(|(_, s)| !**s).map(|(w, _)| w).sum()
    };
    let is_root: FxHashSet<NodeId> = net.roots().iter().copied().collect();
    let mut nodes: Vec<(&u32, &Vec<u32>)> = net.nodes().iter().collect();
    nodes.sort_unstable_by_key(|(n, _)| **n);
    for (&n, here) in nodes {
        let v = NodeId(n);
        let (sites, critical_sites) = if is_root.contains(&v) {
            let seen = net.reached(&|_| false, Some(v));
            (lost(&seen, &on), lost(&seen, &critical))
        } else {
            (all.by_node[v.index()], most.by_node[v.index()])
        };
        if let Some(&node) = here.first().filter(|_| sites > 0.0) {
            list.push(failure(Fails::Node(node), net.graph().degree(v), sites, critical_sites));
        }
    }
    let groups: Vec<(String, Vec<u32>)> =
        net.groups(inputs).into_iter().filter(|(_, e)| e.len() > 1).collect();
    // One look at the whole network each.
    progress.expect((groups.len() + PRICED) as u64);
    list.par_extend(groups.par_iter().filter_map(|(code, edges)| {
        progress.add(1);
        let seen = net.reached(&|e| edges.binary_search(&e.0).is_ok(), None);
        let (sites, critical_sites) = (lost(&seen, &on), lost(&seen, &critical));
        (sites > 0.0).then(|| failure(Fails::Group(code.clone()), edges.len(), sites, critical_sites))
    }));
    list.sort_by(|a, b| b.sites_lost.cmp(&a.sites_lost).then_with(|| a.fails.cmp(&b.fails)));
    let edges_of: BTreeMap<&str, &[u32]> = groups.iter().map(|(c, e)| (c.as_str(), e.as_slice())).collect();
    let edge_of: FxHashMap<u32, u32> = net.cables().iter().zip(0u32..).map(|(c, e)| (*c, e)).collect();
    let node_of: FxHashMap<u32, u32> =
        net.nodes().iter().filter_map(|(n, here)| Some((*here.first()?, *n))).collect();
    let metre_cny =
        (settings.fiber.trench_cny_m + settings.fiber.cable_cny_m) * settings.network.infer_detour;
    progress.add(PRICED.saturating_sub(list.len()) as u64);
    list.par_iter_mut().take(PRICED).for_each(|f| {
        progress.add(1);
        let seen = match &f.fails {
            Fails::Cable(c) => net.reached(&|e| edge_of.get(c) == Some(&e.0), None),
            Fails::Group(code) => net.reached(
                &|e| edges_of.get(code.as_str()).is_some_and(|l| l.binary_search(&e.0).is_ok()),
                None,
            ),
            // Its neighbours keep their own places, so it is they that need another way.
            Fails::Node(n) => net.reached(&|_| false, node_of.get(n).map(|n| NodeId(*n))),
            Fails::Center(_) => return,
        };
        let rest = PointIndex::of(
            (0u32..).zip(net.positions()).filter(|(n, _)| seen[*n as usize]).map(|(n, p)| (n, *p)),
        );
        let failed = if let Fails::Node(n) = &f.fails { node_of.get(n).copied() } else { None };
        let cut = (0u32..)
            .zip(net.positions())
            .filter(|(n, _)| whole[*n as usize] && !seen[*n as usize] && failed != Some(*n));
        f.gap_m = cut.filter_map(|(_, p)| rest.nearest(*p)).map(|h| h.distance_m).reduce(f64::min);
        f.fix_cny = f.gap_m.map(|m| m * metre_cny);
    });
    found.list = list;
}

/// Sites for which one center is the only one near enough.
fn centers(inputs: &Inputs, settings: &Settings, found: &mut Failures) {
    let index = PointIndex::of((0u32..).zip(inputs.datacenters.iter().map(|d| d.at)));
    if index.is_empty() {
        return;
    }
    let limit_ms = settings.datacenter.edge_max_rtt_ms;
    let transport_ms = limit_ms - round_trip_ms(0.0, &settings.latency)
        + crate::coverage::latency::transport_rtt_ms(0.0, &settings.latency);
    let radius_m = reach_m(transport_ms, &settings.latency);
    let only: Vec<Option<(Option<u32>, bool)>> = inputs
        .sites
        .list
        .par_iter()
        .map_init(Vec::<Hit>::new, |near, s| {
            index.nearest_k(s.at, 2, radius_m, near);
            let first = near.first()?;
            Some(((near.len() == 1).then_some(first.index), is_critical(s.service, settings)))
        })
        .collect();
    let mut by_center: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
    for (center, critical) in only.into_iter().flatten() {
        found.near_compute += 1;
        if let Some(center) = center {
            let slot = by_center.entry(center).or_default();
            slot.0 += 1;
            slot.1 += u64::from(critical);
        }
    }
    found.list.extend(by_center.into_iter().map(|(center, (sites_lost, critical_lost))| Failure {
        fails: Fails::Center(center),
        cables: 0,
        sites_lost,
        critical_lost,
        gap_m: None,
        fix_cny: None,
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::kinds::{FiberLevel, FiberNodeKind};
    use crate::model::planned::{Connection, Protection, RouteSegment};
    use crate::model::records::{FiberNode, Site};

    fn at(x: f64, y: f64) -> LonLat {
        LonLat::wrapped(118.0 + x / 100.0, 32.0 + y / 100.0)
    }

    fn node(id: &str, kind: FiberNodeKind, p: LonLat) -> FiberNode {
        FiberNode {
            id: id.into(),
            kind,
            owner: "o".into(),
            at: p,
            fibers_total: None,
            fibers_free: None,
            can_tap: None,
            pon: None,
            ports_free: None,
            rack_free: None,
            power_free_kw: None,
            origin: Origin::default(),
        }
    }

    fn cable(id: &str, from: (&str, LonLat), to: (&str, LonLat), duct: Option<&str>) -> FiberSegment {
        FiberSegment {
            id: id.into(),
            line: vec![from.1, to.1],
            line_made: false,
            from_node: Some(from.0.into()),
            to_node: Some(to.0.into()),
            owner: "o".into(),
            level: None,
            method: None,
            fibers_total: None,
            fibers_free: None,
            length_m: None,
            duct_id: duct.map(str::to_owned),
            srlg: None,
            status: None,
            origin: Origin::default(),
        }
    }

    /// An office with a ring over two cabinets, both sides of which leave the office in one duct, and a spur
    /// to a third.
    ///
    /// ```text
    ///  CO ══ A ── C
    ///   ╚═══ B ───┘      A–B closes the ring; C hangs on A alone
    /// ```
    fn inputs() -> Inputs {
        let (co, a, b, c) = (at(0.0, 0.0), at(1.0, 0.0), at(1.0, 1.0), at(2.0, 0.0));
        let mut inputs = Inputs {
            fiber_nodes: vec![
                node("CO", FiberNodeKind::Co, co),
                node("A", FiberNodeKind::Fdt, a),
                node("B", FiberNodeKind::Fdt, b),
                node("C", FiberNodeKind::Fat, c),
            ],
            fiber_segments: vec![
                cable("1", ("CO", co), ("A", a), Some("D")),
                cable("2", ("CO", co), ("B", b), Some("D")),
                cable("3", ("A", a), ("B", b), None),
                cable("4", ("A", a), ("C", c), None),
            ],
            ..Inputs::default()
        };
        for (i, p) in [a, b, b, c].into_iter().enumerate() {
            let id = inputs.sites.text.push(&format!("s{i}"));
            let mut site = Site::at(id, Default::default(), p);
            site.has_fiber = Some(true);
            site.service = (i == 3).then_some(ServiceClass::Motion);
            inputs.sites.list.push(site);
        }
        inputs
    }

    fn settings() -> Settings {
        Settings::with(&toml::Table::new()).unwrap()
    }

    #[test]
    fn a_ring_in_one_duct_is_no_ring() {
        let found = failures(&inputs(), &settings(), &Progress::default());
        assert!(found.lacking.is_empty());
        assert_eq!((found.with_fiber, found.attached, found.cables, found.core), (4, 4, 4, 1));
        let lost = |fails: Fails| {
            found.list.iter().find(|f| f.fails == fails).map(|f| (f.sites_lost, f.critical_lost))
        };
        assert_eq!(lost(Fails::Group("D".into())), Some((4, 1)));
        assert_eq!(lost(Fails::Cable(3)), Some((1, 1)));
        assert_eq!(lost(Fails::Cable(0)), None, "the ring holds");
        assert_eq!(lost(Fails::Node(1)), Some((2, 1)), "A takes its own site and C");
        assert_eq!(lost(Fails::Node(2)), Some((2, 0)));
        assert_eq!(lost(Fails::Node(0)), Some((4, 1)));
        let spur = found.list.iter().find(|f| f.fails == Fails::Cable(3)).unwrap();
        // From C to A is one hundredth of a degree of longitude at 32°.
        assert!((spur.gap_m.unwrap() - 943.0).abs() < 5.0, "{spur:?}");
        let s = settings();
        let metre = (s.fiber.trench_cny_m + s.fiber.cable_cny_m) * s.network.infer_detour;
        assert!((spur.fix_cny.unwrap() - spur.gap_m.unwrap() * metre).abs() < 1e-6);
    }

    fn laid(id: &str, line: Vec<LonLat>) -> RouteSegment {
        RouteSegment { id: id.into(), line, ..RouteSegment::sample() }
    }

    #[test]
    fn what_a_plan_builds_fails_too() {
        let (a, b) = (at(1.0, 0.0), at(1.0, 1.0));
        let (first, second, home) = (at(3.0, 2.9), at(2.9, 3.0), at(3.0, 3.0));
        let found = |met: bool| {
            let mut inputs = inputs();
            let id = inputs.sites.text.push("new");
            inputs.sites.list.push(Site::at(id, Default::default(), home));
            let protection = Protection { met: true, lead_in: vec![second, home], ..Protection::default() };
            let plan = Plan {
                routes: vec![laid("FR-1", vec![first, a]), laid("FR-2", vec![second, b])],
                connections: vec![Connection {
                    id: "new".into(),
                    state: ConnectionState::Planned,
                    node: None,
                    route_m: None,
                    lead_in_m: None,
                    lead_in_crossings: 0,
                    lead_in: vec![first, home],
                    cost_cny: 0.0,
                    alone_cny: 0.0,
                    route: vec![0],
                    phase: 1,
                    optical: None,
                    protection: met.then_some(protection),
                    cabinet: None,
                    ring: vec![],
                }],
                ..Plan::default()
            };
            build(&mut inputs, &plan);
            let found = failures(&inputs, &settings(), &Progress::default());
            assert_eq!((found.with_fiber, found.attached), (5, 5));
            let lost = |id: &str| {
                let cable = inputs.fiber_segments.iter().position(|s| s.id == id).unwrap() as u32;
                found.list.iter().find(|f| f.fails == Fails::Cable(cable)).map_or(0, |f| f.sites_lost)
            };
            (lost("FR-1"), lost("LI-new"))
        };
        assert_eq!(found(true), (0, 0));
        assert_eq!(found(false), (1, 1));
    }

    #[test]
    fn without_physical_fiber_nothing_is_claimed() {
        let mut inputs = inputs();
        for s in &mut inputs.fiber_segments {
            s.line_made = true;
            s.level = Some(FiberLevel::Backbone);
        }
        let found = failures(&inputs, &settings(), &Progress::default());
        assert_eq!(found.lacking, ["fiber_segments", "fiber_nodes (co, agg, olt)"]);
        assert!(found.list.is_empty());
    }
}
