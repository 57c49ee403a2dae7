//! The road network: a street grid in every town and park, and bent roads between them.

use super::draw::{Draw, Tag, on_grid};
use super::gazetteer::Gazetteer;
use super::names;
use super::plane::{Plane, distance2};
use super::sites::{Cluster, ClusterKind};
use crate::geom::{LocalFrame, LonLat, Xy, sphere_m};
use crate::index::PointIndex;
use crate::model::kinds::{Dig, RoadClass};
use crate::model::records::{Origin, Road, Roads};
use crate::model::text::{Known, Text};
use std::collections::BTreeMap;

/// A town or park with its streets: rows and columns of a turned, slightly uneven grid.
#[derive(Clone, Debug)]
pub(super) struct Hub {
    /// Town that it is or belongs to.
    pub town: usize,
    /// Cluster, for parks.
    pub park: Option<usize>,
    /// Centre, where row zero meets column zero.
    pub at: LonLat,
    /// Rows and columns run from minus this to plus this.
    pub half: i32,
    spacing_m: f64,
    angle: f64,
    number: u64,
    seed: u64,
}

/// A road between two hubs, from an end of a main street of one to an end of a main street of the other.
#[derive(Clone, Debug)]
pub(super) struct Link {
    /// Hubs.
    pub ends: [usize; 2],
    /// Street corners where it starts and ends.
    pub corners: [(i32, i32); 2],
    /// Class.
    pub class: RoadClass,
    /// Vertices, corners included.
    pub line: Vec<LonLat>,
}

/// A street of a hub.
#[derive(Clone, Debug)]
pub(super) struct Street {
    /// Hub.
    pub hub: usize,
    /// Class.
    pub class: RoadClass,
    /// Vertices: every corner on it.
    pub line: Vec<LonLat>,
}

/// All of it.
pub(super) struct Network {
    /// Towns in the gazetteer's order, then parks in the clusters' order.
    pub hubs: Vec<Hub>,
    /// Roads between hubs.
    pub links: Vec<Link>,
    /// Streets.
    pub streets: Vec<Street>,
}

impl Hub {
    /// A street corner. The same numbers give the same bits, which is what joins the streets.
    pub(super) fn corner(&self, column: i32, row: i32) -> LonLat {
        if (column, row) == (0, 0) {
            return self.at;
        }
        let key = self.number << 16 | ((column + 64) as u64) << 8 | (row + 64) as u64;
        let mut d = Draw::of(self.seed, Tag::Streets, key);
        let uneven = 0.12 * self.spacing_m;
        let x = f64::from(column) * self.spacing_m + d.between(-uneven, uneven);
        let y = f64::from(row) * self.spacing_m + d.between(-uneven, uneven);
        let (sin, cos) = self.angle.sin_cos();
        on_grid(LocalFrame::new(self.at).to_lonlat(Xy { x_m: x * cos - y * sin, y_m: x * sin + y * cos }))
    }

    /// Whether a row (or column) has a street; the two main streets always do.
    pub(super) fn has_street(&self, is_row: bool, number: i32) -> bool {
        let key = self.number << 16 | u64::from(is_row) << 15 | 1 << 14 | (number + 64) as u64;
        number == 0 || !Draw::of(self.seed, Tag::Links, key).chance(0.15)
    }

    /// The corners from the centre along a main street to its end, end included.
    pub(super) fn main_street(&self, (column, row): (i32, i32)) -> Vec<LonLat> {
        (0..=self.half).map(|k| self.corner(column.signum() * k, row.signum() * k)).collect()
    }

    /// The end of a main street that looks toward a point.
    fn end_toward(&self, to: LonLat) -> (i32, i32) {
        let ends = [(self.half, 0), (-self.half, 0), (0, self.half), (0, -self.half)];
        let frame = LocalFrame::new(self.at);
        let there = frame.to_xy(to);
        let away = |e: &(i32, i32)| frame.to_xy(self.corner(e.0, e.1)).distance_m(there);
        ends.into_iter().min_by(|a, b| away(a).total_cmp(&away(b))).unwrap_or((self.half, 0))
    }
}

/// Lays the network out.
pub(super) fn network(g: &Gazetteer, plane: &Plane, clusters: &[Cluster], seed: u64) -> Network {
    let mut hubs: Vec<Hub> = Vec::new();
    let mut hub = |town: usize, park: Option<usize>, at: LonLat, half: i32, spacing_m: f64| {
        let number = hubs.len() as u64;
        let angle = Draw::of(seed, Tag::Streets, number).between(0.0, std::f64::consts::FRAC_PI_2);
        hubs.push(Hub { town, park, at: on_grid(at), half, spacing_m, angle, number, seed });
    };
    for (i, p) in g.places.iter().enumerate() {
        let (half, spacing_m) = match p.residents {
            r if r >= 3e6 => (7, 700.0),
            r if r >= 1e6 => (6, 600.0),
            r if r >= 3e5 => (4, 500.0),
            r if r >= 8e4 => (3, 400.0),
            _ => (2, 350.0),
        };
        // A district within a larger town's streets keeps to one block around its centre.
        let reach2 = (f64::from(half) * spacing_m / 111_000.0 + 0.04).powi(2);
        let inside = plane.near(i).iter().map(|&j| j as usize).any(|j| {
            j < plane.len()
                && g.places[j].residents > p.residents
                && distance2(plane.town(i), plane.town(j)) < reach2
        });
        hub(i, None, p.at, if inside { 1 } else { half }, spacing_m);
    }
    for (c, cluster) in clusters.iter().enumerate().filter(|(_, c)| c.kind == ClusterKind::Park) {
        hub(cluster.town, Some(c), cluster.at, 2, 450.0);
    }
    let links = links(g, plane, &hubs, seed);
    let streets = hubs.iter().enumerate().flat_map(|(i, h)| streets(i, h)).collect();
    Network { hubs, links, streets }
}

fn streets(number: usize, hub: &Hub) -> Vec<Street> {
    let mut all = Vec::new();
    for k in -hub.half..=hub.half {
        for is_row in [true, false] {
            if !hub.has_street(is_row, k) {
                continue;
            }
            let line = (-hub.half..=hub.half)
                .map(|t| if is_row { hub.corner(t, k) } else { hub.corner(k, t) })
                .collect();
            let class = match (k, hub.park) {
                (0, None) => RoadClass::Primary,
                (0, Some(_)) => RoadClass::Secondary,
                (k, _) if k % 2 == 0 => RoadClass::Tertiary,
                _ => RoadClass::Residential,
            };
            all.push(Street { hub: number, class, line });
        }
    }
    all
}

fn links(g: &Gazetteer, plane: &Plane, hubs: &[Hub], seed: u64) -> Vec<Link> {
    let towns: Vec<usize> = (0..g.places.len()).collect();
    let mut wanted: Vec<(usize, usize, RoadClass)> = Vec::new();
    for (a, b) in gabriel_and_tree(plane, &towns) {
        let rank = |i: usize| g.places[i].is_county_seat || g.places[i].residents >= 3e5;
        let class = match (rank(a), rank(b)) {
            (true, true) => RoadClass::Trunk,
            (true, false) | (false, true) => RoadClass::Primary,
            _ if g.places[a].residents.min(g.places[b].residents) < 3e4 => RoadClass::Tertiary,
            _ => RoadClass::Secondary,
        };
        wanted.push((a, b, class));
    }
    let seats: Vec<usize> = g.cities.iter().map(|c| c.1).collect();
    wanted.extend(gabriel_and_tree(plane, &seats).into_iter().map(|(a, b)| (a, b, RoadClass::Motorway)));
    let mut previous: Option<usize> = None;
    for (i, h) in hubs.iter().enumerate().filter(|(_, h)| h.park.is_some()) {
        wanted.push((h.town, i, RoadClass::Secondary));
        if let Some(p) = previous.filter(|&p| hubs[p].town == h.town)
            && Draw::of(seed, Tag::Links, i as u64).chance(0.5)
        {
            wanted.push((p, i, RoadClass::Tertiary));
        }
        previous = Some(i);
    }
    wanted
        .into_iter()
        .enumerate()
        .map(|(n, (a, b, class))| {
            let corners = [hubs[a].end_toward(hubs[b].at), hubs[b].end_toward(hubs[a].at)];
            let from = hubs[a].corner(corners[0].0, corners[0].1);
            let to = hubs[b].corner(corners[1].0, corners[1].1);
            let mut d = Draw::of(seed, Tag::Links, (n as u64) << 32);
            let mut line = vec![from];
            bend(&mut d, from, to, &mut line);
            Link { ends: [a, b], corners, class, line }
        })
        .collect()
}

/// Adds the way from `a` to `b` without `a`: the middle is moved aside, then each half in turn.
fn bend(d: &mut Draw, a: LonLat, b: LonLat, line: &mut Vec<LonLat>) {
    let middle = LonLat::wrapped((a.lon_deg() + b.lon_deg()) / 2.0, (a.lat_deg() + b.lat_deg()) / 2.0);
    let frame = LocalFrame::new(middle);
    let (p, q) = (frame.to_xy(a), frame.to_xy(b));
    let length = p.distance_m(q);
    if length < 900.0 {
        line.push(b);
        return;
    }
    let aside = (0.06 * d.normal()).clamp(-0.14, 0.14);
    let moved = on_grid(frame.to_lonlat(Xy { x_m: aside * (q.y_m - p.y_m), y_m: aside * (p.x_m - q.x_m) }));
    bend(d, a, moved, line);
    bend(d, moved, b, line);
}

/// The Gabriel graph among some towns (limited to their listed neighbours) with a spanning tree, which
/// keeps it connected: pairs of town numbers, the smaller first, sorted.
fn gabriel_and_tree(plane: &Plane, towns: &[usize]) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    // Prim's algorithm on the full graph.
    let mut nearest: Vec<(f64, usize)> = vec![(f64::INFINITY, 0); towns.len()];
    let mut is_in = vec![false; towns.len()];
    let mut latest = 0;
    for _ in 1..towns.len() {
        is_in[latest] = true;
        let mut next = (f64::INFINITY, latest);
        for i in (0..towns.len()).filter(|&i| !is_in[i]) {
            let d = distance2(plane.town(towns[i]), plane.town(towns[latest]));
            if d < nearest[i].0 {
                nearest[i] = (d, latest);
            }
            if nearest[i].0 < next.0 || next.0.is_infinite() {
                next = (nearest[i].0, i);
            }
        }
        let (a, b) = (towns[next.1], towns[nearest[next.1].1]);
        pairs.push((a.min(b), a.max(b)));
        latest = next.1;
    }
    let mut is_asked = vec![false; plane.len()];
    towns.iter().for_each(|&t| is_asked[t] = true);
    let all_asked = towns.len() == plane.len();
    for &a in towns {
        // Few towns (the seats) aren't each other's listed neighbours: then all pairs are tried.
        let others: Vec<usize> = if all_asked {
            plane.near(a).iter().map(|&j| j as usize).filter(|&j| j < plane.len()).collect()
        } else {
            towns.to_vec()
        };
        for &b in others.iter().filter(|&&b| b > a) {
            let (p, q) = (plane.town(a), plane.town(b));
            let long = distance2(p, q);
            let blocked = others
                .iter()
                .filter(|&&k| k != a && k != b)
                .any(|&k| distance2(p, plane.town(k)) + distance2(q, plane.town(k)) < long);
            if !blocked {
                pairs.push((a, b));
            }
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

/// The network as the layer of roads. Long roads are cut into sections, some of them bridges; lanes lead to
/// the factories that stand far from any.
pub(super) fn roads(network: &Network, sites: &[LonLat], seed: u64) -> Roads {
    let mut roads = Roads::default();
    for (i, street) in network.streets.iter().enumerate() {
        let mut d = Draw::of(seed, Tag::Streets, 1 << 48 | i as u64);
        let name = names::street(&mut d, network.hubs[street.hub].park.is_some());
        add(&mut roads, &mut d, &name, street.class, false, &street.line);
    }
    for (i, link) in network.links.iter().enumerate() {
        let mut d = Draw::of(seed, Tag::Links, 1 << 48 | i as u64);
        let number = d.whole(1, 899);
        let name = match link.class {
            RoadClass::Motorway => format!("G{}高速", number % 99 + 1),
            RoadClass::Trunk => format!("G{}国道", 200 + number % 130),
            RoadClass::Primary => format!("S{}省道", 100 + number % 290),
            RoadClass::Secondary => format!("X{:03}县道", number),
            _ => format!("Y{:03}乡道", number),
        };
        let mut from = 0;
        while from + 1 < link.line.len() {
            let is_bridge = d.chance(0.07);
            let pieces = if is_bridge { 1 } else { d.whole(3, 9) as usize };
            let to = (from + pieces).min(link.line.len() - 1);
            add(&mut roads, &mut d, &name, link.class, is_bridge, &link.line[from..=to]);
            from = to;
        }
    }
    lanes(&mut roads, sites, seed);
    roads
}

/// Farther than this from the vertices of all roads a factory gets a lane of its own, metres.
const LANE_FROM_M: f64 = 400.0;
/// A lane ends this far from the factory, metres.
const GATE_M: f64 = 40.0;
/// Factories within cells of this size share the way out of the country, degrees.
const HAMLET_DEG: f64 = 0.02;

/// Lanes to the factories in the country. Those of one hamlet go from lane to lane, so that only the first
/// of them has the whole way.
fn lanes(roads: &mut Roads, sites: &[LonLat], seed: u64) {
    let index = PointIndex::new(&roads.points);
    let mut hamlets: BTreeMap<(i64, i64), Vec<LonLat>> = BTreeMap::new();
    for &at in sites {
        if index.nearest(at).is_some_and(|h| h.distance_m > LANE_FROM_M) {
            let cell = |deg: f64| (deg / HAMLET_DEG).floor() as i64;
            hamlets.entry((cell(at.lon_deg()), cell(at.lat_deg()))).or_default().push(at);
        }
    }
    let mut number = 0;
    for places in hamlets.into_values() {
        let mut known: Vec<LonLat> = Vec::new();
        for at in places {
            let near = known.iter().map(|&v| (sphere_m(v, at), v)).min_by(|a, b| a.0.total_cmp(&b.0));
            let from = match near {
                Some((distance_m, _)) if distance_m <= LANE_FROM_M => continue,
                Some((_, vertex)) => vertex,
                None => match index.nearest(at).and_then(|h| roads.points.get(h.index as usize)) {
                    Some(&vertex) => vertex,
                    None => continue,
                },
            };
            let frame = LocalFrame::new(from);
            let to = frame.to_xy(at);
            let share = (1.0 - GATE_M / to.distance_m(Xy::default())).max(0.5);
            let gate = on_grid(frame.to_lonlat(Xy { x_m: to.x_m * share, y_m: to.y_m * share }));
            let mut d = Draw::of(seed, Tag::Links, 1 << 49 | number);
            number += 1;
            let mut line = vec![from];
            bend(&mut d, from, gate, &mut line);
            known.extend(&line[1..]);
            let name = format!("Y{:03}乡道", d.whole(1, 899));
            add(roads, &mut d, &name, RoadClass::Unclassified, false, &line);
        }
    }
}

fn add(roads: &mut Roads, d: &mut Draw, name: &str, class: RoadClass, bridge: bool, line: &[LonLat]) {
    let n = roads.list.len() as u32 + 1;
    let (closed, permit, free) = match class {
        RoadClass::Motorway => (0.95, 0.05, 0.0),
        RoadClass::Trunk => (0.05, 0.75, 0.0),
        RoadClass::Primary => (0.03, 0.6, 0.1),
        _ => (0.01, 0.25, 0.35),
    };
    let dig = match d.unit() {
        u if u < closed => Some(Dig::Closed),
        u if u < closed + permit => Some(Dig::Permit),
        u if u < closed + permit + free => Some(Dig::Free),
        _ => None,
    };
    let is_fresh = !matches!(class, RoadClass::Motorway | RoadClass::Tertiary) && d.chance(0.06);
    let until = format!("20{}-{:02}-30", d.whole(27, 30), d.whole(3, 12));
    let first = roads.points.len() as u32;
    roads.points.extend_from_slice(line);
    let text = &mut roads.text;
    let road = Road {
        id: text.push(&format!("R{n:06}")),
        name: text.intern(name),
        class,
        bridge,
        tunnel: false,
        surface: if d.chance(0.7) { text.intern("asphalt") } else { Text::NONE },
        dig,
        no_dig_until: if is_fresh { text.intern(&until) } else { Text::NONE },
        cost_factor: Known::UNKNOWN,
        first,
        count: line.len() as u32,
        origin: Origin { file: 0, row: n },
    };
    roads.list.push(road);
}
