//! The backbone of each owner: what single link or city holds it together, how far its ways stray, and which
//! direct links would save most latency for their money.
//!
//! Links are the segments of level `backbone`, and those between nodes of kind `city`. A straight line between
//! two cities isn't a route: it counts `latency.detour` times its length. Two links between the same cities
//! protect each other. A cut or a link is judged on this drawing; which trenches links share it can't tell.

use crate::coverage::latency::line_us;
use crate::geom::{LonLat, line_length_m, sphere_m};
use crate::graph::{Dijkstra, Graph, NodeId, Until, components, cuts};
use crate::model::inputs::Inputs;
use crate::model::kinds::{FiberLevel, FiberNodeKind};
use crate::model::settings::Settings;
use crate::model::towns::Cities;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;

/// Ways may be this much longer than theory allows (directive on direct links between hubs).
pub const STRETCH: f64 = 1.5;
/// Backbones of more cities than this get no advice on links.
const MAX_CITIES: usize = 600;
/// Pairs of cities tried as links: those whose ways stray most for their distance.
const TRIED: usize = 3_000;
/// Links told.
const TOLD: usize = 10;

/// A city or link whose loss takes the backbone apart.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Weak {
    /// `city` or `link`.
    pub kind: &'static str,
    /// Name of the city, or of both.
    pub names: Vec<String>,
    /// Cities that lose the larger rest.
    pub cut_off: u64,
}

/// A link that could be added.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NewLink {
    /// Its ends.
    pub names: [String; 2],
    /// Length: the great circle times `latency.detour`, km.
    pub length_km: f64,
    /// Trench and cable over that length, yuan.
    pub cost_cny: f64,
    /// One way between its ends today and with it, ms.
    pub now_ms: f64,
    /// With it, ms.
    pub then_ms: f64,
    /// Mean saving over all pairs of cities, one way, ms.
    pub mean_saved_ms: f64,
    /// The same over its cost, microseconds per million yuan.
    pub us_per_million: f64,
    /// Cities and links that stay single points of failure with it.
    pub weak_left: u64,
}

/// One owner's backbone.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Backbone {
    /// Owner.
    pub owner: String,
    /// Cities that a link ends at.
    pub cities: u64,
    /// Links.
    pub links: u64,
    /// Parts that aren't joined.
    pub parts: u64,
    /// Weak cities and links, the worst first.
    pub weak: Vec<Weak>,
    /// Mean one-way latency over all joined pairs of cities, ms.
    pub mean_ms: f64,
    /// Longest one-way latency of a pair, ms.
    pub worst_ms: f64,
    /// Joined pairs.
    pub pairs: u64,
    /// Of them those whose way is more than [`STRETCH`] times as slow as fiber along the great circle.
    pub stretched: u64,
    /// Links worth adding, the most saved per yuan first.
    pub advice: Vec<NewLink>,
    /// Why there is no advice on links, where there is none for its size.
    pub too_large: bool,
    /// By name the city that a place lies in, English and Chinese: of the names that the layers don't give it
    /// is the name itself.
    pub cities_near: BTreeMap<String, (String, String)>,
}

/// The backbones of all owners, by name.
#[must_use]
pub fn backbones(inputs: &Inputs, settings: &Settings) -> Vec<Backbone> {
    let mut places: Vec<(LonLat, String, bool)> = Vec::new();
    let mut number: BTreeMap<(i64, i64), usize> = BTreeMap::new();
    let mut place = |at: LonLat, name: Option<&str>, city: bool| {
        let key = ((at.lon_deg() * 1e5).round() as i64, (at.lat_deg() * 1e5).round() as i64);
        let n = *number.entry(key).or_insert_with(|| {
            places.push((at, name.unwrap_or_default().to_owned(), city));
            places.len() - 1
        });
        places[n].2 |= city;
        n
    };
    let mut by_id: BTreeMap<&str, usize> = BTreeMap::new();
    for f in &inputs.fiber_nodes {
        let n = place(f.at, Some(&f.id), f.kind == FiberNodeKind::City);
        by_id.entry(&f.id).or_insert(n);
    }
    let mut links: BTreeMap<&str, Vec<(usize, usize, f64)>> = BTreeMap::new();
    for s in &inputs.fiber_segments {
        let (Some(first), Some(last)) = (s.line.first(), s.line.last()) else { continue };
        let named = |id: &Option<String>| id.as_deref().and_then(|id| by_id.get(id)).copied();
        let a = named(&s.from_node).unwrap_or_else(|| place(*first, None, false));
        let b = named(&s.to_node).unwrap_or_else(|| place(*last, None, false));
        let stretch = if s.line.len() == 2 { settings.latency.detour } else { 1.0 };
        let metres = s.length_m.unwrap_or_else(|| line_length_m(&s.line) * stretch);
        let backbone = s.level == Some(FiberLevel::Backbone);
        if a != b && metres.is_finite() && metres >= 0.0 {
            links.entry(&s.owner).or_default().push((a, b, if backbone { metres } else { -metres - 1.0 }));
        }
    }
    links
        .into_iter()
        .map(|(owner, list)| {
            // Only here is it known which places are cities.
            let kept: Vec<(usize, usize, f64)> = list
                .into_iter()
                .filter(|&(a, b, m)| m >= 0.0 || (places[a].2 && places[b].2))
                .map(|(a, b, m)| (a, b, if m < 0.0 { -m - 1.0 } else { m }))
                .collect();
            (owner, kept)
        })
        .filter(|(_, list)| !list.is_empty())
        .map(|(owner, list)| backbone(owner, &list, &places, settings))
        .collect()
}

/// A name for each place, no two alike: its own, else its city, else its position; and by name the city.
fn names<'a>(
    places: impl Iterator<Item = &'a (LonLat, String, bool)>,
) -> (Vec<String>, BTreeMap<String, (String, String)>) {
    let mut near: BTreeMap<String, (String, String)> = BTreeMap::new();
    let mut taken: BTreeMap<String, u32> = BTreeMap::new();
    let cities = Cities::new();
    let names = places.map(|(at, told, _)| {
        let city = cities.near(*at);
        let own = match city {
            _ if !told.is_empty() => told.clone(),
            Some((en, _)) => en.to_owned(),
            None => format!("{:.3} {:.3}", at.lon_deg(), at.lat_deg()),
        };
        let same = taken.entry(own.clone()).or_insert(0);
        *same += 1;
        let number = if *same > 1 { format!(" {same}") } else { String::new() };
        let name = own + &number;
        if let Some((en, zh)) = city {
            let number = if told.is_empty() { number.as_str() } else { "" };
            near.insert(name.clone(), (format!("{en}{number}"), format!("{zh}{number}")));
        }
        name
    });
    (names.collect(), near)
}

/// The ways between all cities, one way, microseconds.
fn all_ways(graph: &Graph) -> Vec<Vec<f64>> {
    (0..graph.node_count() as u32)
        .into_par_iter()
        .map_init(
            || Dijkstra::new(graph),
            |search, from| {
                search.run([(NodeId(from), 0.0)], Until::Everywhere);
                graph.nodes().map(|n| search.distance(n).unwrap_or(f64::INFINITY)).collect()
            },
        )
        .collect()
}

fn backbone(
    owner: &str,
    list: &[(usize, usize, f64)],
    places: &[(LonLat, String, bool)],
    settings: &Settings,
) -> Backbone {
    let l = &settings.latency;
    let mut used: Vec<usize> = list.iter().flat_map(|(a, b, _)| [*a, *b]).collect();
    used.sort_unstable();
    used.dedup();
    let at = |n: u32| places[used[n as usize]].0;
    let (names, cities_near) = names(used.iter().map(|n| &places[*n]));
    let name = |n: u32| names[n as usize].clone();
    let number = |n: usize| used.binary_search(&n).map_or(0, |i| i as u32);
    // A hop at either end of every link: inner cities of a way switch once, its ends half as well.
    let edges: Vec<(u32, u32, f64)> =
        list.iter().map(|&(a, b, m)| (number(a), number(b), line_us(m, l) + l.hop_us)).collect();
    let Ok(graph) = Graph::from_edges(used.len(), &edges) else { return Backbone::default() };
    let weak = weak_points(&graph, &name);
    let mut out = Backbone {
        owner: owner.to_owned(),
        cities: used.len() as u64,
        links: edges.len() as u64,
        parts: components(&graph, |_| true).sizes.len() as u64,
        too_large: used.len() > MAX_CITIES,
        weak,
        cities_near,
        ..Backbone::default()
    };
    if out.too_large {
        return out;
    }
    let ways = all_ways(&graph);
    let n = used.len() as u32;
    let (mut sum, mut stray) = (0.0, Vec::new());
    for (i, row) in (0..n).zip(&ways) {
        for (j, us) in (0..n).zip(row).filter(|(j, us)| i < *j && us.is_finite()) {
            // What is switched at both ends together counts once more.
            let us = us + l.hop_us;
            let straight_m = sphere_m(at(i), at(j));
            out.pairs += 1;
            sum += us;
            out.worst_ms = out.worst_ms.max(us / 1e3);
            out.stretched += u64::from(us > STRETCH * straight_m / 1e3 * l.fiber_us_per_km);
            let direct = line_us(straight_m * l.detour, l) + 2.0 * l.hop_us;
            if us > direct + 1e-6 {
                stray.push((us - direct, i, j));
            }
        }
    }
    out.mean_ms = if out.pairs > 0 { sum / out.pairs as f64 / 1e3 } else { 0.0 };
    stray.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    stray.truncate(TRIED);
    let metre_cny = settings.fiber.trench_cny_m + settings.fiber.cable_cny_m;
    let mut advice: Vec<NewLink> = stray
        .par_iter()
        .map(|&(_, a, b)| {
            let length_m = sphere_m(at(a), at(b)) * l.detour;
            let link = line_us(length_m, l) + l.hop_us;
            let mut saved = 0.0;
            let (from_a, from_b) = (&ways[a as usize], &ways[b as usize]);
            for (i, row) in ways.iter().enumerate() {
                let (to_a, to_b) = (row[a as usize], row[b as usize]);
                for ((us, a_on), b_on) in row.iter().zip(from_a).zip(from_b).skip(i + 1) {
                    if us.is_finite() {
                        saved += (us - (to_a + link + b_on).min(to_b + link + a_on)).max(0.0);
                    }
                }
            }
            let mean_us = saved / out.pairs.max(1) as f64;
            let cost_cny = length_m * metre_cny;
            NewLink {
                names: [name(a), name(b)],
                length_km: length_m / 1e3,
                cost_cny,
                now_ms: (ways[a as usize][b as usize] + l.hop_us) / 1e3,
                then_ms: (link + l.hop_us) / 1e3,
                mean_saved_ms: mean_us / 1e3,
                us_per_million: mean_us / (cost_cny / 1e6).max(1e-9),
                weak_left: 0,
            }
        })
        .collect();
    advice.sort_by(|a, b| b.us_per_million.total_cmp(&a.us_per_million).then_with(|| a.names.cmp(&b.names)));
    advice.truncate(TOLD);
    for link in &mut advice {
        let end = |told: &str| (0..n).find(|i| name(*i) == told).unwrap_or(0);
        let mut more = edges.clone();
        more.push((end(&link.names[0]), end(&link.names[1]), 1.0));
        if let Ok(g) = Graph::from_edges(used.len(), &more) {
            let c = cuts(&g, |_| true);
            link.weak_left = (c.bridges.len() + c.articulation_points.len()) as u64;
        }
    }
    out.advice = advice;
    out
}

/// Bridges and articulation points, with the cities that each cuts off from the largest rest.
fn weak_points(graph: &Graph, name: &dyn Fn(u32) -> String) -> Vec<Weak> {
    let found = cuts(graph, |_| true);
    // Cities without the lost one, less the largest part that hung on it.
    let cut_off = |gone_edge: Option<u32>, gone_node: Option<NodeId>, start: &[NodeId]| {
        let mut seen = vec![false; graph.node_count()];
        if let Some(g) = gone_node {
            seen[g.index()] = true;
        }
        let mut sizes: Vec<u64> = Vec::new();
        for &s in start {
            if seen[s.index()] {
                continue;
            }
            seen[s.index()] = true;
            let (mut stack, mut size) = (vec![s], 0);
            while let Some(v) = stack.pop() {
                size += 1;
                for (edge, next) in graph.arcs(v) {
                    if !seen[next.index()] && Some(edge.0) != gone_edge {
                        seen[next.index()] = true;
                        stack.push(next);
                    }
                }
            }
            sizes.push(size);
        }
        sizes.iter().sum::<u64>() - sizes.iter().max().copied().unwrap_or(0)
    };
    let mut weak: Vec<Weak> = Vec::new();
    for node in found.articulation_points {
        let around: Vec<NodeId> = graph.arcs(node).map(|(_, n)| n).collect();
        weak.push(Weak {
            kind: "city",
            names: vec![name(node.0)],
            cut_off: cut_off(None, Some(node), &around),
        });
    }
    for edge in found.bridges {
        let ends = graph.ends(edge);
        weak.push(Weak {
            kind: "link",
            names: ends.iter().map(|n| name(n.0)).collect(),
            cut_off: cut_off(Some(edge.0), None, &ends),
        });
    }
    weak.sort_by(|a, b| b.cut_off.cmp(&a.cut_off).then_with(|| (a.kind, &a.names).cmp(&(b.kind, &b.names))));
    weak
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::records::{FiberNode, FiberSegment, Origin};

    /// Cities on the equator, a degree apart, in two rings that share one city, with a spur.
    ///
    /// ```text
    ///  0 ─ 1 ─ 2 ─ 3 ─ 4
    ///  └───────┘└──────┘   4 ─ 5 (spur)
    /// ```
    fn inputs() -> Inputs {
        let at = |i: u32| LonLat::wrapped(f64::from(i), 0.0);
        let mut inputs = Inputs::default();
        for i in 0..6 {
            inputs.fiber_nodes.push(FiberNode {
                id: format!("c{i}"),
                kind: FiberNodeKind::City,
                owner: "o".into(),
                at: at(i),
                fibers_total: None,
                fibers_free: None,
                can_tap: None,
                pon: None,
                ports_free: None,
                rack_free: None,
                power_free_kw: None,
                origin: Origin::default(),
            });
        }
        for (n, (a, b)) in [(0, 1), (1, 2), (0, 2), (2, 3), (3, 4), (2, 4), (4, 5)].into_iter().enumerate() {
            inputs.fiber_segments.push(FiberSegment {
                id: n.to_string(),
                line: vec![at(a), at(b)],
                line_made: false,
                from_node: None,
                to_node: None,
                owner: "o".into(),
                level: Some(FiberLevel::Backbone),
                method: None,
                fibers_total: None,
                fibers_free: None,
                length_m: None,
                duct_id: None,
                srlg: None,
                status: None,
                origin: Origin::default(),
            });
        }
        inputs
    }

    #[test]
    fn rings_spurs_and_the_link_that_helps() {
        let settings = Settings::with(&toml::Table::new()).unwrap();
        let all = backbones(&inputs(), &settings);
        assert_eq!(all.len(), 1);
        let b = &all[0];
        assert_eq!((b.cities, b.links, b.parts, b.pairs), (6, 7, 1, 15));
        let told: Vec<(&str, u64)> = b.weak.iter().map(|w| (w.kind, w.cut_off)).collect();
        // City 2 leaves 0, 1 on one side and 3, 4, 5 on the other; city 4 and the link to it leave 5 alone.
        assert_eq!(told, [("city", 2), ("city", 1), ("link", 1)]);
        assert_eq!(b.weak[0].names, ["c2"]);
        for link in &b.advice {
            assert!(link.then_ms < link.now_ms && link.mean_saved_ms > 0.0);
        }
        assert!(b.advice.windows(2).all(|w| w[0].us_per_million >= w[1].us_per_million));
        // From 5 to 3: over 4 two links and three cities, directly one link of two degrees.
        let l = &settings.latency;
        let degree_m = sphere_m(LonLat::wrapped(0.0, 0.0), LonLat::wrapped(1.0, 0.0));
        let link = b.advice.iter().find(|a| a.names == ["c3", "c5"]).unwrap();
        let direct = line_us(2.0 * degree_m * l.detour, l) + 2.0 * l.hop_us;
        assert!((link.then_ms - direct / 1e3).abs() < 1e-9, "{link:?}");
        assert_eq!(link.weak_left, 1, "the spur is closed; city 2 still holds the rings together");
    }

    #[test]
    fn places_without_a_name_are_called_by_their_city() {
        let place = |lon, lat, name: &str| (LonLat::wrapped(lon, lat), name.to_owned(), true);
        let places = [
            place(114.267, 30.583, ""),
            place(114.3, 30.6, ""),
            place(116.4, 39.9, "14"),
            place(150.0, 10.0, ""),
        ];
        let (names, near) = names(places.iter());
        assert_eq!(names, ["Wuhan", "Wuhan 2", "14", "150.000 10.000"]);
        assert_eq!(near["Wuhan 2"].1, "武汉 2");
        assert_eq!(near["14"].0, "Beijing");
        assert!(!near.contains_key("150.000 10.000"));
    }

    #[test]
    fn without_a_backbone_nothing_is_said() {
        let settings = Settings::with(&toml::Table::new()).unwrap();
        assert!(backbones(&Inputs::default(), &settings).is_empty());
        let mut access = inputs();
        for s in &mut access.fiber_segments {
            s.level = Some(FiberLevel::Feeder);
        }
        for n in &mut access.fiber_nodes {
            n.kind = FiberNodeKind::Co;
        }
        assert!(backbones(&access, &settings).is_empty());
    }
}
