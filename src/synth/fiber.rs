//! Fiber nodes, cables and ducts along the roads.

use super::draw::{Draw, Tag, step};
use super::gazetteer::Gazetteer;
use super::streets::{Hub, Link, Network};
use crate::geom::{LonLat, line_length_m};
use crate::graph::{Dijkstra, Graph, NodeId, Until};
use crate::model::kinds::{FiberLevel, FiberNodeKind, LayMethod, RoadClass};
use crate::model::records::{Duct, FiberNode, FiberSegment, Origin};

/// The fiber network.
#[derive(Default)]
pub(super) struct Fiber {
    pub nodes: Vec<FiberNode>,
    pub segments: Vec<FiberSegment>,
    pub ducts: Vec<Duct>,
}

const OWNERS: [(&str, f64); 3] = [("ct", 0.5), ("cmcc", 0.32), ("cu", 0.18)];

/// Lays fiber: a central office at the seat of every city, backbone between them along the motorways,
/// trunk cables down the shortest roads to the towns, cabinets on street corners. Part of the parks and of
/// the small towns is left without, and part of what is there has no spare fibers.
pub(super) fn fiber(g: &Gazetteer, network: &Network, seed: u64) -> Fiber {
    let mut laid = Laying { g, network, seed, out: Fiber::default(), main: vec![None; network.hubs.len()] };
    laid.main_nodes();
    laid.trunks();
    laid.cabinets();
    laid.ducts();
    laid.exchanges();
    laid.out
}

/// Cities of a province for each exchange point beyond its first.
const CITIES_PER_EXCHANGE: usize = 8;

struct Laying<'a> {
    g: &'a Gazetteer,
    network: &'a Network,
    seed: u64,
    out: Fiber,
    /// Node at the centre of each hub.
    main: Vec<Option<usize>>,
}

impl Laying<'_> {
    fn node(&mut self, d: &mut Draw, kind: FiberNodeKind, town: usize, at: LonLat) -> usize {
        let prefix = match kind {
            FiberNodeKind::Co => "CO",
            FiberNodeKind::Agg => "AGG",
            FiberNodeKind::Olt => "OLT",
            _ => "FDT",
        };
        let n = self.out.nodes.len();
        let (fibers, pon) = match kind {
            FiberNodeKind::Co => (576, false),
            FiberNodeKind::Agg => (288, true),
            FiberNodeKind::Olt => (144, true),
            _ => (*d.pick(&[96, 144, 288]), false),
        };
        let spare = match d.unit() {
            // Cabinets that are full are what makes the next one matter.
            u if u < 0.18 && kind == FiberNodeKind::Fdt => 0.0,
            _ => d.between(0.08, 0.6),
        };
        let has_rooms = matches!(kind, FiberNodeKind::Co | FiberNodeKind::Agg);
        self.out.nodes.push(FiberNode {
            id: format!("{prefix}-{}-{:05}", self.g.places[town].city, n + 1),
            kind,
            owner: d.weighted(&OWNERS, |o| o.1).0.to_owned(),
            at,
            fibers_total: d.known(0.95, fibers),
            fibers_free: d.known(0.92, (f64::from(fibers) * spare) as u32),
            can_tap: if has_rooms { Some(true) } else { d.known(0.85, spare > 0.0) },
            pon: pon.then(|| (*d.pick(&["gpon", "xgspon", "xgspon"])).to_owned()),
            ports_free: pon.then(|| d.whole(0, 24)),
            rack_free: has_rooms.then(|| f64::from(d.whole(1, 40))),
            power_free_kw: has_rooms.then(|| f64::from(d.whole(2, 60)) * 5.0),
            origin: Origin { file: 0, row: n as u32 + 2 },
        });
        n
    }

    fn main_nodes(&mut self) {
        let seats: Vec<usize> = self.g.cities.iter().map(|c| c.1).collect();
        for (i, hub) in self.network.hubs.iter().enumerate() {
            let mut d = Draw::of(self.seed, Tag::Fiber, i as u64);
            let place = &self.g.places[hub.town];
            let kind = match hub.park {
                None if seats.contains(&i) => FiberNodeKind::Co,
                None if place.is_county_seat || place.residents >= 1.5e5 => FiberNodeKind::Agg,
                None if d.chance(0.88) => FiberNodeKind::Olt,
                Some(_) if d.chance(0.2) => FiberNodeKind::Olt,
                Some(_) if d.chance(0.55) => FiberNodeKind::Fdt,
                _ => continue,
            };
            let at = hub.at;
            self.main[i] = Some(self.node(&mut d, kind, hub.town, at));
        }
    }

    /// Backbone along the motorways; trunk along the tree of shortest roads from the seats, which every
    /// town and lit park joins; some further roads close rings.
    fn trunks(&mut self) {
        let network = self.network;
        let usable: Vec<usize> =
            (0..network.links.len()).filter(|&i| network.links[i].class != RoadClass::Motorway).collect();
        let edges: Vec<(u32, u32, f64)> = usable
            .iter()
            .map(|&i| {
                let l = &network.links[i];
                (l.ends[0] as u32, l.ends[1] as u32, line_length_m(&l.line))
            })
            .collect();
        let mut is_laid = vec![false; network.links.len()];
        if let Ok(graph) = Graph::from_edges(network.hubs.len(), &edges) {
            let mut search = Dijkstra::new(&graph);
            search.run(self.g.cities.iter().map(|c| (NodeId(c.1 as u32), 0.0)), Until::Everywhere);
            for hub in (0..network.hubs.len()).filter(|&h| self.main[h].is_some()) {
                // Up the tree until what is laid already.
                let mut at = NodeId(hub as u32);
                while let Some(edge) = search.predecessor(at) {
                    let link = usable[edge.index()];
                    if std::mem::replace(&mut is_laid[link], true) {
                        break;
                    }
                    at = graph.opposite(edge, at);
                }
            }
        }
        for (i, link) in network.links.iter().enumerate() {
            let mut d = Draw::of(self.seed, Tag::Fiber, 1 << 40 | i as u64);
            let ring = [0, 1].iter().all(|&e| self.main[link.ends[e]].is_some()) && d.chance(0.22);
            let is_park = link.ends.iter().any(|&e| network.hubs[e].park.is_some());
            let level = match link.class {
                RoadClass::Motorway => FiberLevel::Backbone,
                _ if !is_laid[i] && !ring => continue,
                _ if is_park => FiberLevel::Feeder,
                _ => FiberLevel::Trunk,
            };
            let line = through(network, link);
            self.segment(&mut d, line, level, [self.main[link.ends[0]], self.main[link.ends[1]]]);
        }
    }

    fn segment(&mut self, d: &mut Draw, line: Vec<LonLat>, level: FiberLevel, ends: [Option<usize>; 2]) {
        let (sizes, method): (&[u32], _) = match level {
            FiberLevel::Backbone => (&[96, 144], *d.pick(&[LayMethod::Buried, LayMethod::Opgw])),
            FiberLevel::Trunk => {
                (&[96, 144, 288], *d.pick(&[LayMethod::Duct, LayMethod::Aerial, LayMethod::Buried]))
            }
            _ => (&[24, 48, 96], *d.pick(&[LayMethod::Duct, LayMethod::Duct, LayMethod::Aerial])),
        };
        let n = self.out.segments.len() as u32 + 1;
        let fibers = *d.pick(sizes);
        let sheath = step(line_length_m(&line) * d.between(1.01, 1.05), 1.0);
        let node = |e: Option<usize>| e.map(|e| self.out.nodes[e].id.clone());
        let owner = ends
            .iter()
            .flatten()
            .next_back()
            .map_or_else(|| OWNERS[0].0.to_owned(), |&e| self.out.nodes[e].owner.clone());
        self.out.segments.push(FiberSegment {
            id: format!("F{n:06}"),
            line,
            line_made: false,
            from_node: node(ends[0]),
            to_node: node(ends[1]),
            owner,
            level: Some(level),
            method: d.known(0.85, method),
            fibers_total: Some(fibers),
            fibers_free: d.maybe(0.85, |d| (f64::from(fibers) * d.between(0.0, 0.5)) as u32),
            length_m: d.known(0.7, sheath),
            duct_id: None,
            srlg: None,
            status: Some("in_service".to_owned()),
            origin: Origin { file: 0, row: n },
        });
    }

    /// Cabinets on street corners of hubs that are lit, each with a feeder along the streets.
    fn cabinets(&mut self) {
        let network = self.network;
        for (i, hub) in network.hubs.iter().enumerate() {
            let Some(main) = self.main[i] else { continue };
            let mut d = Draw::of(self.seed, Tag::Fiber, 2 << 40 | i as u64);
            let wanted = match hub.park {
                Some(_) => d.whole(0, 3),
                None => (hub.half * hub.half) as u32 / 2 + d.whole(0, 2),
            };
            let mut taken = vec![(0, 0)];
            for _ in 0..wanted {
                let width = 2 * hub.half as usize + 1;
                let corner = (d.below(width) as i32 - hub.half, d.below(width) as i32 - hub.half);
                if taken.contains(&corner) || !hub.has_street(false, corner.0) {
                    continue;
                }
                taken.push(corner);
                let line = along_streets(hub, corner);
                let at = hub.corner(corner.0, corner.1);
                let cabinet = self.node(&mut d, FiberNodeKind::Fdt, hub.town, at);
                self.segment(&mut d, line, FiberLevel::Feeder, [Some(main), Some(cabinet)]);
            }
        }
    }

    /// Ducts under part of the streets of larger towns and parks, and under a few roads between towns.
    fn ducts(&mut self) {
        let network = self.network;
        for (i, street) in network.streets.iter().enumerate() {
            let mut d = Draw::of(self.seed, Tag::Ducts, i as u64);
            let hub = &network.hubs[street.hub];
            let people = self.g.places[hub.town].residents;
            let share = match (hub.park, street.class) {
                (_, RoadClass::Primary) => 0.6,
                (Some(_), _) => 0.45,
                (None, _) if people >= 2e5 => 0.4,
                _ => 0.15,
            };
            if d.chance(share) {
                for piece in pieces(&street.line, 4) {
                    if d.chance(0.9) {
                        self.duct(&mut d, piece.to_vec());
                    }
                }
            }
        }
        for (i, link) in network.links.iter().enumerate() {
            let mut d = Draw::of(self.seed, Tag::Ducts, 1 << 40 | i as u64);
            let share = match link.class {
                RoadClass::Motorway => 0.0,
                RoadClass::Trunk | RoadClass::Primary => 0.15,
                _ => 0.08,
            };
            if d.chance(share) {
                for piece in pieces(&link.line, 8) {
                    self.duct(&mut d, piece.to_vec());
                }
            }
        }
    }

    /// Exchange points beside the offices of each province's largest cities: the owners' networks meet there
    /// and nowhere else. They lend neither fibers nor racks.
    fn exchanges(&mut self) {
        let g = self.g;
        for province in g.cities.chunk_by(|a, b| a.0 / 100 == b.0 / 100) {
            let mut seats: Vec<usize> = province.iter().map(|c| c.1).collect();
            let people = |seat: usize| g.places[seat].residents;
            seats.sort_by(|&a, &b| people(b).total_cmp(&people(a)).then(a.cmp(&b)));
            for &seat in seats.iter().take(1 + province.len() / CITIES_PER_EXCHANGE) {
                let Some(office) = self.main[seat].map(|n| &self.out.nodes[n]) else { continue };
                let n = self.out.nodes.len();
                let point = FiberNode {
                    id: format!("IXP-{}-{:05}", g.places[seat].city, n + 1),
                    kind: FiberNodeKind::Ixp,
                    fibers_total: None,
                    fibers_free: None,
                    can_tap: Some(false),
                    pon: None,
                    ports_free: None,
                    rack_free: Some(0.0),
                    power_free_kw: None,
                    origin: Origin { file: 0, row: n as u32 + 2 },
                    ..office.clone()
                };
                self.out.nodes.push(point);
            }
        }
    }

    fn duct(&mut self, d: &mut Draw, line: Vec<LonLat>) {
        const DUCT_OWNERS: [(&str, f64); 4] =
            [("ct", 0.42), ("cmcc", 0.28), ("cu", 0.15), ("市政管道公司", 0.15)];
        let n = self.out.ducts.len() as u32 + 1;
        let holes = *d.pick(&[4, 6, 8, 12]);
        let owner = d.weighted(&DUCT_OWNERS, |o| o.1).0;
        let is_shareable = d.chance(if owner == "市政管道公司" { 0.95 } else { 0.6 });
        let rent = f64::from(d.whole(10, 30)) * 200.0;
        self.out.ducts.push(Duct {
            id: format!("D{n:06}"),
            line,
            owner: owner.to_owned(),
            holes_total: d.known(0.9, holes),
            holes_free: d.maybe(0.8, |d| d.whole(0, holes / 2)),
            shareable: d.known(0.8, is_shareable),
            rent_cny_km_yr: d.known(0.6, rent),
            srlg: None,
            status: Some("in_service".to_owned()),
            origin: Origin { file: 0, row: n },
        });
    }
}

/// A link with the main streets at both ends, from centre to centre.
fn through(network: &Network, link: &Link) -> Vec<LonLat> {
    let mut line = network.hubs[link.ends[0]].main_street(link.corners[0]);
    line.extend_from_slice(&link.line[1..]);
    let arrival = network.hubs[link.ends[1]].main_street(link.corners[1]);
    line.extend(arrival.iter().rev().skip(1));
    line
}

/// Along the main row to a column, then along that column.
fn along_streets(hub: &Hub, (column, row): (i32, i32)) -> Vec<LonLat> {
    let mut line: Vec<LonLat> = (0..=column.abs()).map(|k| hub.corner(k * column.signum(), 0)).collect();
    line.extend((1..=row.abs()).map(|k| hub.corner(column, k * row.signum())));
    line
}

/// A line in pieces of so many vertices, each starting where the last ended.
fn pieces(line: &[LonLat], vertices: usize) -> impl Iterator<Item = &[LonLat]> {
    let last = line.len().saturating_sub(1);
    (0..last).step_by(vertices - 1).map(move |from| &line[from..=(from + vertices - 1).min(last)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_meet_and_cover() {
        let line: Vec<LonLat> = (0..8).map(|i| LonLat::wrapped(f64::from(i), 0.0)).collect();
        let cut: Vec<&[LonLat]> = pieces(&line, 4).collect();
        assert_eq!(cut.iter().map(|p| p.len()).collect::<Vec<_>>(), [4, 4, 2]);
        assert!(cut.windows(2).all(|w| w[0].last() == w[1].first()));
        assert_eq!(cut.last().and_then(|p| p.last()), line.last());
    }
}
