//! Where operators' networks are joined, whether that is enough, and where another exchange point or direct
//! connection would shorten the ways between them most.
//!
//! Traffic between two networks runs from every place where sites join the one to every place where sites join
//! the other, in proportion to both numbers of sites, over the exchange point that makes its way shortest. With
//! a number of points to be open that is a p-median problem whose clients are pairs of places, so every answer
//! has a proven bound. Ways are **one way**, of transport alone.

use super::study::StudyError;
use super::transport::{EXCHANGE_M, Transport, Ways, switches};
use crate::coverage::latency::line_us;
use crate::geom::{LonLat, sphere_m};
use crate::index::PointIndex;
use crate::model::inputs::Inputs;
use crate::model::kinds::FiberNodeKind;
use crate::model::records::{FiberNode, SiteId};
use crate::model::settings::Settings;
use crate::optimise::facility::{self, Count, FacilityError, FacilityProblem, Lock, SparseRows};
use crate::optimise::{Work, relative_gap};
use rayon::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;

/// Places that stand for where the sites join one network.
const PLACES: usize = 40;
/// Places for new points beyond which they are thinned.
const CANDIDATES: usize = 60;
/// New points stand at least this far from each other and from those that stand.
const SPACING_M: f64 = 10_000.0;
/// Points added at most.
const ADDED: usize = 5;
/// A way may be this much longer than fiber along the great circle (directive on direct links between hubs).
const STRETCH: f64 = 1.5;

/// A point where networks are joined, or could be.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExchangePoint {
    /// `node_id`.
    pub node: String,
    /// Nearest town, English and Chinese; none without towns.
    pub near: Option<(String, String)>,
    /// Where.
    #[serde(skip)]
    pub at: LonLat,
    /// Whether it joins networks today.
    pub existing: bool,
}

/// Ways between two networks, or between all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct WaysBetween {
    /// Share of the traffic for which any way leads from one to the other.
    pub joined: f64,
    /// Mean of those, milliseconds.
    pub mean_ms: f64,
    /// Mean of those, km of fiber.
    pub mean_km: f64,
    /// Of it more than the great circle times `latency.detour`, km.
    pub detour_km: f64,
    /// Share of the traffic whose way is more than 1.5 times as slow as fiber along the great circle.
    pub stretched: f64,
}

/// Two networks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NetworkPair {
    /// Their owners.
    pub owners: [String; 2],
    /// Today's ways.
    pub ways: WaysBetween,
}

/// A number of points, and the best places for them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExchangeStep {
    /// Points added to those that stand.
    pub added: u64,
    /// Those added.
    pub points: Vec<ExchangePoint>,
    /// Ways between all networks with them.
    pub ways: WaysBetween,
    /// No choice of so many of the places looked at has a shorter mean way, milliseconds.
    pub bound_ms: f64,
    /// Gap between the mean way and that.
    pub gap: f64,
    /// What they cost, yuan.
    pub cost_cny: f64,
}

/// The answer; empty with fewer than two networks.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Exchange {
    /// Points that stand.
    pub points: Vec<ExchangePoint>,
    /// Pairs of networks with today's ways.
    pub pairs: Vec<NetworkPair>,
    /// Today's ways over all pairs.
    pub today: WaysBetween,
    /// Best places for more points, one more each time.
    pub steps: Vec<ExchangeStep>,
    /// Places looked at for new points.
    pub candidates: u64,
    /// Share of the traffic that no place looked at could join.
    pub beyond: f64,
}

struct Door {
    point: ExchangePoint,
    locked: bool,
    shut: bool,
    /// The owner whose node it is.
    own: usize,
    /// Per owner its ways from here, the time and the length from here to its network.
    sides: Vec<Option<(u32, f64, f64)>>,
}

struct Client {
    owners: [usize; 2],
    share: f64,
    straight_m: f64,
    /// Per door (time, length), where a way leads over it.
    over: Vec<(u32, f64, f64)>,
}

/// Joins between the networks over which sites could be reached.
///
/// # Errors
/// Fiber that is no graph, or locks that nothing can satisfy.
pub fn exchange(
    inputs: &Inputs,
    sites: &[SiteId],
    settings: &Settings,
    work: Work<'_>,
) -> Result<Exchange, StudyError> {
    let t = Transport::apart(inputs, settings)?;
    let places = joins(inputs, sites, &t);
    if places.iter().filter(|p| !p.is_empty()).count() < 2 {
        return Ok(Exchange::default());
    }
    let doors = doors(inputs, settings, &t);
    let (clients, beyond) = clients(&t, &places, &doors, settings);
    let stands: Vec<u32> = (0u32..).zip(&doors).filter(|(_, d)| d.point.existing).map(|(i, _)| i).collect();
    let owners = t.owners();
    let mut pairs: BTreeMap<[usize; 2], Vec<&Client>> = BTreeMap::new();
    clients.iter().for_each(|c| pairs.entry(c.owners).or_default().push(c));
    let ways = |list: &[&Client], open: &[u32]| ways_between(list, open, settings);
    let all: Vec<&Client> = clients.iter().collect();
    let mut out = Exchange {
        points: stands.iter().map(|&d| doors[d as usize].point.clone()).collect(),
        pairs: pairs
            .iter()
            .map(|(o, list)| NetworkPair { owners: o.map(|o| owners[o].clone()), ways: ways(list, &stands) })
            .collect(),
        today: ways(&all, &stands),
        steps: Vec::new(),
        candidates: (doors.len() - stands.len()) as u64,
        beyond,
    };
    let reached: Vec<&Client> = all.iter().copied().filter(|c| !c.over.is_empty()).collect();
    let total: f64 = reached.iter().map(|c| c.share).sum();
    if total <= 0.0 {
        return Ok(out);
    }
    let locked = doors.iter().filter(|d| d.locked && !d.point.existing).count();
    for added in locked.max(1)..=locked.max(ADDED).min(doors.len() - stands.len()) {
        if work.stop.requested() {
            break;
        }
        let problem = FacilityProblem {
            service: SparseRows::from_rows(
                reached.iter().map(|c| c.over.iter().map(move |&(d, us, _)| (d, us * c.share / total))),
            ),
            opening: vec![0.0; doors.len()],
            locks: doors
                .iter()
                .map(|d| match d {
                    Door { shut: true, .. } => Lock::Shut,
                    Door { locked: true, .. } => Lock::Open,
                    _ => Lock::Free,
                })
                .collect(),
            count: Count::Exactly(stands.len() + added),
            capacity: None,
            beyond: None,
        };
        let found = match facility::solve(&problem, work) {
            Ok(found) => found,
            // So few don't join all that can be joined.
            Err(FacilityError::TooFew { .. }) => continue,
            // There are no more places.
            Err(FacilityError::TooMany { .. }) => break,
            Err(e) => return Err(e.into()),
        };
        let ways = ways(&reached, &found.value.open);
        let new = found.value.open.iter().map(|&d| &doors[d as usize].point).filter(|p| !p.existing);
        let done = out.steps.last().map_or(out.today.detour_km, |s| s.ways.detour_km) <= 1e-9
            && out.steps.last().map_or(out.today.joined, |s| s.ways.joined) >= 1.0 - 1e-9;
        if done {
            break;
        }
        out.steps.push(ExchangeStep {
            added: added as u64,
            points: new.cloned().collect(),
            ways,
            bound_ms: found.bound / 1e3,
            gap: relative_gap(found.objective, found.bound),
            cost_cny: added as f64 * settings.datacenter.exchange_cny,
        });
    }
    Ok(out)
}

/// Per owner the places where sites join its network: node, position, number of sites. Many are gathered by
/// cells; the node with most sites stands for its cell.
fn joins(inputs: &Inputs, sites: &[SiteId], t: &Transport) -> Vec<Vec<(u32, f64)>> {
    let mut count: Vec<BTreeMap<u32, f64>> = vec![BTreeMap::new(); t.owners().len()];
    for site in sites.iter().filter_map(|s| inputs.sites.list.get(s.at())) {
        for a in t.access(site.at, None) {
            *count[usize::from(a.owner)].entry(a.node).or_insert(0.0) += 1.0;
        }
    }
    let gathered = |nodes: BTreeMap<u32, f64>| {
        let mut deg = 0.05;
        let mut kept: Vec<(u32, f64)> = nodes.iter().map(|(n, w)| (*n, *w)).collect();
        while kept.len() > PLACES {
            let mut cells: BTreeMap<(i64, i64), (u32, f64, f64)> = BTreeMap::new();
            for (&n, &w) in &nodes {
                let at = t.node(n).1;
                let cell = |v: f64| (v / deg).floor() as i64;
                let slot = cells.entry((cell(at.lon_deg()), cell(at.lat_deg()))).or_insert((n, w, 0.0));
                slot.2 += w;
                if w > slot.1 {
                    (slot.0, slot.1) = (n, w);
                }
            }
            kept = cells.into_values().map(|(n, _, w)| (n, w)).collect();
            deg *= 1.5;
        }
        kept
    };
    count.into_iter().map(gathered).collect()
}

/// Points that stand, and places where networks come so near to each other that a point could join them.
fn doors(inputs: &Inputs, settings: &Settings, t: &Transport) -> Vec<Door> {
    use FiberNodeKind::{City, Ixp};
    let lock = &settings.plan.lock;
    let towns = PointIndex::of((0u32..).zip(inputs.towns.iter().map(|t| t.at)));
    let near = |at: LonLat| {
        let town = inputs.towns.get(towns.nearest(at)?.index as usize)?;
        Some((town.name.clone(), town.name_zh.clone().unwrap_or_else(|| town.name.clone())))
    };
    let stands = |n: &u32| t.doors().binary_search(n).is_ok();
    let mut taken: Vec<u32> = Vec::new();
    let mut out: Vec<Door> = Vec::new();
    let door = |id: &str, node: u32, existing: bool| {
        let at = t.node(node).1;
        let named = |list: &[String]| list.iter().any(|x| x == id);
        let own = t.node(node).0;
        let side = |o: u16| {
            if o == own {
                return Some((node, 0.0, 0.0));
            }
            let (other, m) = t.nearest(o, at).filter(|n| n.1 <= EXCHANGE_M)?;
            let metres = m * settings.latency.detour;
            Some((other, line_us(metres, &settings.latency), metres))
        };
        Door {
            point: ExchangePoint { node: id.to_owned(), near: near(at), at, existing },
            locked: existing || named(&lock.open),
            shut: !existing && named(&lock.shut),
            own: usize::from(own),
            sides: (0..t.owners().len() as u16).map(side).collect(),
        }
    };
    // An office beside an exchange point stands at the same node of the graph, and isn't what joins it.
    let joins = |f: &&FiberNode| f.kind == Ixp || settings.datacenter.direct_connect.contains(&f.id);
    for f in inputs.fiber_nodes.iter().filter(joins) {
        if let Some(&n) = t.named(&f.id).iter().find(|n| stands(n) && !taken.contains(n)) {
            taken.push(n);
            out.push(door(&f.id, n, true));
        }
    }
    // Cities and exchanges first: a place that two networks share is first a place of either.
    let mut wanted: Vec<(u8, &str, u32)> = inputs
        .fiber_nodes
        .iter()
        .filter(|f| switches(f.kind))
        .filter_map(|f| {
            let rank = if matches!(f.kind, City | Ixp) { 0 } else { 1 };
            Some((rank, f.id.as_str(), *t.named(&f.id).iter().find(|n| !stands(n))?))
        })
        .collect();
    wanted.sort_by_key(|w| w.0);
    let standing = out.len();
    let mut spacing_m = SPACING_M;
    loop {
        out.truncate(standing);
        for &(_, id, node) in &wanted {
            let at = t.node(node).1;
            let asked = lock.open.iter().any(|x| x == id);
            if !asked && out.iter().any(|d| sphere_m(d.point.at, at) < spacing_m) {
                continue;
            }
            let d = door(id, node, false);
            if d.sides.iter().flatten().count() >= 2 {
                out.push(d);
            }
        }
        if out.len() - standing <= CANDIDATES || spacing_m > 1e6 {
            return out;
        }
        spacing_m *= 1.5;
    }
}

/// Pairs of places on two networks with their ways over the doors, and the share of the traffic that none joins.
fn clients(
    t: &Transport,
    places: &[Vec<(u32, f64)>],
    doors: &[Door],
    settings: &Settings,
) -> (Vec<Client>, f64) {
    let ways: Vec<Vec<Option<Ways<'_>>>> = doors
        .par_iter()
        .map(|d| {
            let usable = !d.shut || d.point.existing;
            d.sides.iter().map(|s| s.filter(|_| usable).map(|s| t.from_node(s.0))).collect()
        })
        .collect();
    let mut pairs = Vec::new();
    for (a, from) in places.iter().enumerate() {
        for (b, to) in places.iter().enumerate().skip(a + 1) {
            for x in from {
                pairs.extend(to.iter().map(move |y| ([a, b], *x, *y)));
            }
        }
    }
    let total: f64 = pairs.iter().map(|(_, x, y)| x.1 * y.1).sum();
    let list: Vec<Client> = pairs
        .into_par_iter()
        .map(|(owners, x, y)| {
            let [a, b] = owners;
            let over = (0u32..).zip(doors).filter_map(|(i, d)| {
                let side = |o: usize, node: u32| {
                    let (us, m) = ways[i as usize][o].as_ref()?.to_node(node)?;
                    let s = d.sides[o]?;
                    Some((us + s.1, m + s.2))
                };
                let (x_us, x_m) = side(a, x.0)?;
                let (y_us, y_m) = side(b, y.0)?;
                // A point of a third network switches too.
                let third = d.sides[d.own].filter(|_| d.own != a && d.own != b);
                let third_us = third.map_or(0.0, |s| t.switching_us(s.0));
                Some((i, x_us + y_us + third_us, x_m + y_m))
            });
            Client {
                owners,
                share: x.1 * y.1 / total,
                straight_m: sphere_m(t.node(x.0).1, t.node(y.0).1) * settings.latency.detour,
                over: over.collect(),
            }
        })
        .collect();
    let beyond = list.iter().filter(|c| c.over.is_empty()).map(|c| c.share).sum();
    (list, beyond)
}

/// The ways of clients over the open doors, each over the one that makes it shortest.
fn ways_between(list: &[&Client], open: &[u32], settings: &Settings) -> WaysBetween {
    let (mut out, mut all) = (WaysBetween::default(), 0.0);
    for c in list {
        all += c.share;
        let usable = c.over.iter().filter(|o| open.binary_search(&o.0).is_ok());
        let Some(&(_, us, metres)) = usable.min_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0))) else {
            continue;
        };
        out.joined += c.share;
        out.mean_ms += c.share * us / 1e3;
        out.mean_km += c.share * metres / 1e3;
        out.detour_km += c.share * (metres - c.straight_m).max(0.0) / 1e3;
        // One switching at either end is due in any case.
        let due_us = line_us(c.straight_m / settings.latency.detour, &settings.latency) * STRETCH
            + 2.0 * settings.latency.hop_us;
        out.stretched += if us > due_us { c.share } else { 0.0 };
    }
    if out.joined > 0.0 {
        for v in [&mut out.mean_ms, &mut out.mean_km, &mut out.detour_km, &mut out.stretched] {
            *v /= out.joined;
        }
    }
    out.joined /= if all > 0.0 { all } else { 1.0 };
    out
}
