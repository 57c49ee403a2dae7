//! How long a signal takes from a site to a hall: over the fiber as it lies, each operator's for itself.
//!
//! A node of the graph is a place of one owner's. Cables of one owner join where their ends name one node or
//! lie within a metre; owners' networks join only at exchange points (`ixp`) and at the nodes of
//! `datacenter.direct_connect`. A way costs what its fiber costs ([`line_us`]) and `latency.hop_us` at every
//! node that switches; cabinets, closures, manholes and poles don't. All times here are **one way**.

use crate::coverage::latency::{HOPS, line_us};
use crate::geom::{LonLat, line_length_m, sphere_m};
use crate::graph::{Dijkstra, Graph, GraphError, NodeId, Until};
use crate::index::PointIndex;
use crate::model::inputs::Inputs;
use crate::model::kinds::{FiberLevel, FiberNodeKind};
use crate::model::operators::operator_code;
use crate::model::settings::{LatencySettings, Settings};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;

/// Nodes of other owners this near to an exchange point are joined there, metres.
pub(super) const EXCHANGE_M: f64 = 5_000.0;

/// Where a point joins one owner's network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Access {
    /// The owner.
    pub owner: u16,
    /// Node of the graph.
    pub node: u32,
    /// Fiber to it, metres.
    pub fiber_m: f64,
}

/// A way from a point to a hall.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Way {
    /// One way, microseconds.
    pub one_way_us: f64,
    /// Fiber, metres.
    pub fiber_m: f64,
    /// Whether it runs over the fiber of the layers, not over the great circle times `latency.detour`.
    pub over_fiber: bool,
}

/// The fiber of all owners.
pub struct Transport<'a> {
    graph: Graph,
    length_m: Vec<f64>,
    at: Vec<LonLat>,
    owner: Vec<u16>,
    hop_us: Vec<f64>,
    owners: Vec<String>,
    by_owner: Vec<PointIndex>,
    by_id: FxHashMap<&'a str, Vec<u32>>,
    latency: &'a LatencySettings,
    attach_m: f64,
    doors: Vec<u32>,
}

fn key(at: LonLat) -> (i64, i64) {
    ((at.lon_deg() * 1e5).round() as i64, (at.lat_deg() * 1e5).round() as i64)
}

pub(super) const fn switches(kind: FiberNodeKind) -> bool {
    use FiberNodeKind::{Agg, BbuPool, City, Co, Ixp, Olt, Upf};
    matches!(kind, Agg | BbuPool | City | Co | Ixp | Olt | Upf)
}

/// Nodes under construction.
#[derive(Default)]
struct Nodes {
    number: FxHashMap<(u16, (i64, i64)), u32>,
    at: Vec<LonLat>,
    owner: Vec<u16>,
    switches: Vec<bool>,
}

impl Nodes {
    fn node(&mut self, owner: u16, at: LonLat) -> u32 {
        *self.number.entry((owner, key(at))).or_insert_with(|| {
            self.at.push(at);
            self.owner.push(owner);
            self.switches.push(false);
            self.at.len() as u32 - 1
        })
    }
}

impl<'a> Transport<'a> {
    /// The fiber of the inputs. Lines drawn between cities, which aren't routes, count `latency.detour` times
    /// their length.
    ///
    /// # Errors
    /// A cable whose length is no number.
    pub fn new(inputs: &'a Inputs, settings: &'a Settings) -> Result<Self, GraphError> {
        Self::build(inputs, settings, true)
    }

    /// The fiber of each owner by itself: exchange points are known, and join nothing.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn apart(inputs: &'a Inputs, settings: &'a Settings) -> Result<Self, GraphError> {
        Self::build(inputs, settings, false)
    }

    fn build(inputs: &'a Inputs, settings: &'a Settings, join: bool) -> Result<Self, GraphError> {
        let latency = &settings.latency;
        let mut names: BTreeMap<&str, u16> = BTreeMap::new();
        let segments = inputs.fiber_segments.iter().map(|s| s.owner.as_str());
        for name in segments.chain(inputs.fiber_nodes.iter().map(|n| n.owner.as_str())) {
            names.entry(operator_code(name)).or_insert(0);
        }
        let mut owners = Vec::new();
        for (name, slot) in &mut names {
            *slot = u16::try_from(owners.len()).unwrap_or(u16::MAX);
            owners.push((*name).to_owned());
        }
        let owner_of = |name: &str| names.get(operator_code(name)).copied().unwrap_or(0);
        let mut nodes = Nodes::default();
        let mut place_of: FxHashMap<&str, LonLat> = FxHashMap::default();
        let mut by_id: FxHashMap<&str, Vec<u32>> = FxHashMap::default();
        for f in &inputs.fiber_nodes {
            place_of.entry(&f.id).or_insert(f.at);
        }
        let mut edges = Vec::new();
        for s in &inputs.fiber_segments {
            let (Some(first), Some(last)) = (s.line.first(), s.line.last()) else { continue };
            let named = |id: &Option<String>| id.as_deref().and_then(|id| place_of.get(id)).copied();
            let owner = owner_of(&s.owner);
            let a = nodes.node(owner, named(&s.from_node).unwrap_or(*first));
            let b = nodes.node(owner, named(&s.to_node).unwrap_or(*last));
            if a == b {
                continue;
            }
            let drawn = s.line_made || (s.level == Some(FiberLevel::Backbone) && s.line.len() == 2);
            let stretch = if drawn { latency.detour } else { 1.0 };
            edges.push((a, b, s.length_m.unwrap_or_else(|| line_length_m(&s.line) * stretch)));
        }
        // Only places that a cable ends at are part of a network.
        let wired = nodes.at.len();
        let mut doors: Vec<u32> = Vec::new();
        let direct: FxHashSet<&str> = settings.datacenter.direct_connect.iter().map(String::as_str).collect();
        let here: FxHashMap<(i64, i64), Vec<u32>> = nodes.number.iter().fold(
            FxHashMap::default(),
            |mut all: FxHashMap<(i64, i64), Vec<u32>>, ((_, place), n)| {
                all.entry(*place).or_default().push(*n);
                all
            },
        );
        for f in &inputs.fiber_nodes {
            let mut found = here.get(&key(f.at)).cloned().unwrap_or_default();
            found.sort_unstable();
            for &n in found.iter().filter(|n| nodes.owner[**n as usize] == owner_of(&f.owner)) {
                nodes.switches[n as usize] |= switches(f.kind);
            }
            if f.kind == FiberNodeKind::Ixp || direct.contains(f.id.as_str()) {
                doors.extend(found.first().copied());
            }
            by_id.entry(&f.id).or_insert(found);
        }
        let by_owner: Vec<PointIndex> = (0..owners.len())
            .map(|o| {
                let of = (0u32..).zip(&nodes.at).filter(|(n, _)| usize::from(nodes.owner[*n as usize]) == o);
                PointIndex::of(of.map(|(n, at)| (n, *at)))
            })
            .collect();
        doors.sort_unstable();
        doors.dedup();
        for &door in doors.iter().filter(|_| join) {
            let at = nodes.at[door as usize];
            for (o, index) in by_owner.iter().enumerate() {
                if usize::from(nodes.owner[door as usize]) == o {
                    continue;
                }
                if let Some(hit) = index.nearest(at).filter(|h| h.distance_m <= EXCHANGE_M) {
                    edges.push((door, hit.index, hit.distance_m * latency.detour));
                }
            }
        }
        let hop_us: Vec<f64> = nodes.switches.iter().map(|s| if *s { latency.hop_us } else { 0.0 }).collect();
        let length_m: Vec<f64> = edges.iter().map(|e| e.2).collect();
        // Half the hop of either end: a way then holds each inner node's whole, and half of the outer two's.
        let timed: Vec<(u32, u32, f64)> = edges
            .iter()
            .map(|&(a, b, m)| (a, b, line_us(m, latency) + (hop_us[a as usize] + hop_us[b as usize]) / 2.0))
            .collect();
        let graph = Graph::from_edges(wired, &timed)?;
        Ok(Self {
            graph,
            length_m,
            at: nodes.at,
            owner: nodes.owner,
            hop_us,
            owners,
            by_owner,
            by_id,
            latency,
            attach_m: settings.datacenter.attach_m,
            doors,
        })
    }

    /// Owners of the networks.
    #[must_use]
    pub fn owners(&self) -> &[String] {
        &self.owners
    }

    /// Points where networks are joined.
    #[must_use]
    pub fn exchanges(&self) -> usize {
        self.doors.len()
    }

    /// Nodes of the graph at which networks are joined.
    #[must_use]
    pub fn doors(&self) -> &[u32] {
        &self.doors
    }

    /// Owner and position of a node.
    #[must_use]
    pub fn node(&self, node: u32) -> (u16, LonLat) {
        (self.owner[node as usize], self.at[node as usize])
    }

    /// What a node takes to switch, one way, microseconds.
    #[must_use]
    pub fn switching_us(&self, node: u32) -> f64 {
        self.hop_us[node as usize]
    }

    /// The node of an owner's network next to a position, with the distance in metres.
    #[must_use]
    pub fn nearest(&self, owner: u16, at: LonLat) -> Option<(u32, f64)> {
        self.by_owner.get(usize::from(owner))?.nearest(at).map(|h| (h.index, h.distance_m))
    }

    /// Nodes of the graph that an id names.
    #[must_use]
    pub fn named(&self, id: &str) -> &[u32] {
        self.by_id.get(id).map_or(&[], Vec::as_slice)
    }

    /// The ways from a node of the graph, half of whose switching is counted.
    #[must_use]
    pub fn from_node(&self, node: u32) -> Ways<'_> {
        let half_us = self.hop_us[node as usize] / 2.0;
        self.ways(self.at[node as usize], &[(NodeId(node), half_us, 0.0)])
    }

    /// Whether there is any fiber.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.graph.edge_count() == 0
    }

    /// Where a point joins each owner's network: the nearest node within `datacenter.attach_m`, the great
    /// circle times `latency.detour` away. `known` is a node that it is joined to, with the fiber to it.
    #[must_use]
    pub fn access(&self, at: LonLat, known: Option<(&str, f64)>) -> Vec<Access> {
        let given: Vec<Access> = known
            .and_then(|(id, m)| Some((self.by_id.get(id)?, m)))
            .into_iter()
            .flat_map(|(nodes, fiber_m)| {
                nodes.iter().map(move |&node| Access { owner: self.owner[node as usize], node, fiber_m })
            })
            .collect();
        if !given.is_empty() {
            return given;
        }
        (0u16..)
            .zip(&self.by_owner)
            .filter_map(|(owner, index)| {
                let hit = index.nearest(at).filter(|h| h.distance_m <= self.attach_m)?;
                Some(Access { owner, node: hit.index, fiber_m: hit.distance_m * self.latency.detour })
            })
            .collect()
    }

    /// The ways from a hall to everywhere. A hall of an operator that owns fiber is reached over that
    /// operator's alone; any other over every owner's.
    #[must_use]
    pub fn from_hall(&self, at: LonLat, operator: Option<&str>) -> Ways<'_> {
        let own = operator.and_then(|name| self.owners.iter().position(|o| o == operator_code(name)));
        let start: Vec<(NodeId, f64, f64)> = self
            .access(at, None)
            .into_iter()
            .filter(|a| own.is_none_or(|o| o == usize::from(a.owner)))
            .map(|a| {
                let us = line_us(a.fiber_m, self.latency) + self.hop_us[a.node as usize] / 2.0;
                (NodeId(a.node), us, a.fiber_m)
            })
            .collect();
        self.ways(at, &start)
    }

    /// The ways from nodes, each with what it has taken and how far it is to get there.
    fn ways(&self, at: LonLat, start: &[(NodeId, f64, f64)]) -> Ways<'_> {
        let mut search = Dijkstra::new(&self.graph);
        search.run(start.iter().map(|s| (s.0, s.1)), Until::Everywhere);
        let mut order: Vec<(NodeId, f64)> =
            search.reached().filter_map(|n| Some((n, search.distance(n)?))).collect();
        order.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        let mut us = vec![f64::INFINITY; self.at.len()];
        let mut metres = vec![0.0; self.at.len()];
        let mut pending = Vec::new();
        let mut done = vec![false; self.at.len()];
        for &(n, d) in &order {
            us[n.index()] = d;
            match search.predecessor(n) {
                Some(edge) => pending.push((n, edge)),
                None => {
                    metres[n.index()] = start.iter().find(|s| s.0 == n).map_or(0.0, |s| s.2);
                    done[n.index()] = true;
                }
            }
        }
        // By ascending label a node follows its predecessor, except where an edge costs nothing: those few
        // wait for the next round.
        while !pending.is_empty() {
            pending.retain(|&(n, edge)| {
                let from = self.graph.opposite(edge, n);
                if done[from.index()] {
                    metres[n.index()] = metres[from.index()] + self.length_m[edge.index()];
                    done[n.index()] = true;
                }
                !done[from.index()]
            });
        }
        Ways { transport: self, at, us, metres }
    }
}

/// The ways from one hall.
pub struct Ways<'t> {
    transport: &'t Transport<'t>,
    at: LonLat,
    us: Vec<f64>,
    metres: Vec<f64>,
}

impl Ways<'_> {
    /// To a node of the graph, its switching included: one way, microseconds, and metres of fiber. None where
    /// no fiber leads there.
    #[must_use]
    pub fn to_node(&self, node: u32) -> Option<(f64, f64)> {
        let us = self.us[node as usize];
        us.is_finite().then(|| (us + self.transport.hop_us[node as usize] / 2.0, self.metres[node as usize]))
    }

    /// The shortest way from a point that joins the networks at `access`; over one owner's access only, if
    /// asked for. Where the hall is nearer than the network's own node, the way is straight to it; where no
    /// fiber leads from one to the other, it follows the great circle times `latency.detour` with a switching
    /// hop at either end.
    #[must_use]
    pub fn to(&self, at: LonLat, access: &[Access], owner: Option<u16>) -> Way {
        let t = self.transport;
        let straight_m = sphere_m(at, self.at) * t.latency.detour;
        let straight = Way {
            one_way_us: line_us(straight_m, t.latency) + HOPS * t.latency.hop_us,
            fiber_m: straight_m,
            over_fiber: false,
        };
        let usable = access.iter().filter(|a| owner.is_none_or(|o| o == a.owner));
        let over = usable
            .filter(|a| self.us[a.node as usize].is_finite())
            .map(|a| Way {
                one_way_us: self.us[a.node as usize]
                    + t.hop_us[a.node as usize] / 2.0
                    + line_us(a.fiber_m, t.latency),
                fiber_m: self.metres[a.node as usize] + a.fiber_m,
                over_fiber: true,
            })
            .min_by(|a, b| a.one_way_us.total_cmp(&b.one_way_us));
        let node_m = access.iter().map(|a| a.fiber_m).reduce(f64::min);
        match (over, node_m) {
            (Some(way), Some(m)) if straight_m <= m && straight.one_way_us < way.one_way_us => straight,
            (Some(way), _) => way,
            (None, _) => straight,
        }
    }
}
