//! Is an applied-for project a duplicate? Routes are laid beside what stands and beside each other;
//! stations are held against towers.

use crate::geom::{LonLat, along_geodesic, azimuth_deg, geodesic_m, line_length_m};
use crate::graph::{Graph, cuts};
use crate::index::{PointIndex, SegmentIndex};
use crate::model::inputs::Inputs;
use crate::model::settings::Settings;
use serde::Serialize;
use std::collections::BTreeMap;

/// Length of the pieces in which a route is looked at, metres; longer where a route would have more than
/// [`PIECES`].
const PIECE_M: f64 = 10.0;
/// Pieces of a route at most.
const PIECES: f64 = 20_000.0;
/// Routes that cross at a greater angle don't run beside each other, degrees.
const BESIDE_DEG: f64 = 30.0;

/// What stands, or is applied for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Asset {
    /// A duct, by its place in the layer.
    Duct(u32),
    /// A cable.
    Cable(u32),
    /// Another application.
    Project(u32),
    /// A candidate place that is a tower.
    Candidate(u32),
    /// A tower of the cells layer, by its place among the assessment's towers.
    Tower(u32),
}

/// Whether a second route is needed where an application runs beside an existing one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Redundancy {
    /// The corridor is a single route, and the application keeps to a trench of its own.
    Needed,
    /// The corridor is a single route, but in the same trench both fail together.
    SameTrench,
    /// The ends are joined another way already.
    NotNeeded,
    /// The layers don't join up, so it can't be told.
    Unknown,
}

/// An overlap.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Overlap {
    /// With what.
    pub asset: Asset,
    /// Length that runs beside it, metres; zero for places.
    pub length_m: f64,
    /// Share of the application's length.
    pub share: f64,
    /// Mean distance there, metres.
    pub apart_m: f64,
    /// Whether a second route is needed.
    pub redundancy: Redundancy,
}

/// How an application stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It overlaps with what stands or is applied for.
    Duplicate,
    /// Nothing near, or too little.
    Clear,
    /// The layers have nothing to hold it against.
    CantTell,
}

/// An application and what it overlaps.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Checked {
    /// Its place in the layer.
    pub project: u32,
    /// Its length, metres; zero for a place.
    pub length_m: f64,
    /// Share of the length with anything standing beside it.
    pub standing_share: f64,
    /// Overlaps, greatest first.
    pub overlaps: Vec<Overlap>,
    /// Verdict.
    pub verdict: Verdict,
}

/// Holds every application against what stands. `towers` are places of the cells layer.
#[must_use]
pub fn check(inputs: &Inputs, settings: &Settings, towers: &[LonLat]) -> Vec<Checked> {
    let lines = corridors(inputs);
    let index = SegmentIndex::new((0u32..).zip(lines.iter().map(|(_, l)| *l)));
    let single = single_routes(inputs);
    let places: Vec<(Asset, LonLat)> = inputs
        .candidates
        .iter()
        .zip(0u32..)
        .filter(|(c, _)| c.kind == crate::model::kinds::CandidateKind::Tower)
        .map(|(c, i)| (Asset::Candidate(i), c.at))
        .chain(towers.iter().zip(0u32..).map(|(at, i)| (Asset::Tower(i), *at)))
        .collect();
    let place_index = PointIndex::of((0u32..).zip(places.iter().map(|(_, at)| *at)));
    inputs
        .projects
        .iter()
        .zip(0u32..)
        .map(|(p, i)| match p.at {
            Some(at) => place(i, &p.kind, at, &places, &place_index, settings),
            None => route(i, &p.line, &lines, &index, &single, settings),
        })
        .collect()
}

/// Lines that a route can double: ducts, cables with a surveyed route, other applications.
fn corridors(inputs: &Inputs) -> Vec<(Asset, &[LonLat])> {
    let ducts = inputs.ducts.iter().zip(0u32..).map(|(d, i)| (Asset::Duct(i), d.line.as_slice()));
    let cables = inputs
        .fiber_segments
        .iter()
        .zip(0u32..)
        .filter(|(s, _)| !s.line_made)
        .map(|(s, i)| (Asset::Cable(i), s.line.as_slice()));
    let projects = inputs
        .projects
        .iter()
        .zip(0u32..)
        .filter(|(p, _)| p.line.len() > 1)
        .map(|(p, i)| (Asset::Project(i), p.line.as_slice()));
    ducts.chain(cables).chain(projects).collect()
}

fn route(
    project: u32,
    line: &[LonLat],
    lines: &[(Asset, &[LonLat])],
    index: &SegmentIndex,
    single: &BTreeMap<Asset, bool>,
    settings: &Settings,
) -> Checked {
    let within = settings.policy.overlap_m;
    let length_m = line_length_m(line);
    let piece = PIECE_M.max(length_m / PIECES);
    let mut by: BTreeMap<Asset, (f64, f64)> = BTreeMap::new();
    let mut standing = 0.0;
    for w in line.windows(2) {
        let part = geodesic_m(w[0], w[1]);
        if part <= 0.0 {
            continue;
        }
        let pieces = (part / piece).ceil().max(1.0) as usize;
        let each = part / pieces as f64;
        let heading = azimuth_deg(w[0], w[1]);
        for k in 0..pieces {
            let at = along_geodesic(w[0], w[1], (k as f64 + 0.5) / pieces as f64);
            let mut any = false;
            for hit in index.within(at, within) {
                let Some((asset, other)) = lines.get(hit.line as usize) else { continue };
                if *asset == Asset::Project(project) {
                    continue;
                }
                let s = hit.segment as usize;
                let Some([a, b]) = other.get(s..s + 2) else { continue };
                if !beside(heading, azimuth_deg(*a, *b)) {
                    continue;
                }
                let slot = by.entry(*asset).or_default();
                slot.0 += each;
                slot.1 += each * hit.distance_m;
                any |= !matches!(asset, Asset::Project(_));
            }
            standing += if any { each } else { 0.0 };
        }
    }
    let mut overlaps: Vec<Overlap> = by
        .into_iter()
        .map(|(asset, (m, weighted))| {
            let apart_m = weighted / m;
            let redundancy = match single.get(&asset) {
                None => Redundancy::Unknown,
                Some(false) => Redundancy::NotNeeded,
                Some(true) if apart_m <= settings.fiber.duct_match_m => Redundancy::SameTrench,
                Some(true) => Redundancy::Needed,
            };
            Overlap { asset, length_m: m, share: m / length_m, apart_m, redundancy }
        })
        .collect();
    overlaps.sort_by(|a, b| b.length_m.total_cmp(&a.length_m).then(a.asset.cmp(&b.asset)));
    let standing_share = if length_m > 0.0 { standing / length_m } else { 0.0 };
    let peers = overlaps
        .iter()
        .any(|o| matches!(o.asset, Asset::Project(_)) && o.share >= settings.policy.overlap_share);
    let verdict = if standing_share >= settings.policy.overlap_share && standing > 0.0 || peers {
        Verdict::Duplicate
    } else if index.is_empty() || lines.iter().all(|(a, _)| *a == Asset::Project(project)) {
        Verdict::CantTell
    } else {
        Verdict::Clear
    };
    Checked { project, length_m, standing_share, overlaps, verdict }
}

/// Whether two headings run alongside, in either sense.
fn beside(a_deg: f64, b_deg: f64) -> bool {
    let turn = (a_deg - b_deg).rem_euclid(180.0);
    turn.min(180.0 - turn) <= BESIDE_DEG
}

fn place(
    project: u32,
    kind: &str,
    at: LonLat,
    places: &[(Asset, LonLat)],
    index: &PointIndex,
    settings: &Settings,
) -> Checked {
    let kind = kind.to_lowercase();
    let is_station = ["station", "tower", "基站", "铁塔", "站址"].iter().any(|w| kind.contains(w));
    let mut checked = Checked {
        project,
        length_m: 0.0,
        standing_share: 0.0,
        overlaps: Vec::new(),
        verdict: Verdict::CantTell,
    };
    if !is_station || places.is_empty() {
        return checked;
    }
    let mut near = Vec::new();
    index.within(at, settings.policy.station_overlap_m, &mut near);
    checked.overlaps = near
        .iter()
        .filter_map(|hit| {
            let (asset, _) = places.get(hit.index as usize)?;
            Some(Overlap {
                asset: *asset,
                length_m: 0.0,
                share: 1.0,
                apart_m: hit.distance_m,
                redundancy: Redundancy::NotNeeded,
            })
        })
        .collect();
    checked.overlaps.sort_by(|a, b| a.apart_m.total_cmp(&b.apart_m).then(a.asset.cmp(&b.asset)));
    checked.verdict = if checked.overlaps.is_empty() { Verdict::Clear } else { Verdict::Duplicate };
    checked
}

/// For every duct and cable whether it is the only way between its ends. Ends join where they lie within a
/// metre of each other; an asset that joins nothing at either end says nothing, and is left out.
fn single_routes(inputs: &Inputs) -> BTreeMap<Asset, bool> {
    let key = |p: LonLat| ((p.lon_deg() * 1e5).round() as i64, (p.lat_deg() * 1e5).round() as i64);
    let mut nodes: BTreeMap<(i64, i64), u32> = BTreeMap::new();
    let mut degree: Vec<u32> = Vec::new();
    let mut edges: Vec<(u32, u32, f64)> = Vec::new();
    let mut of: Vec<Asset> = Vec::new();
    for (asset, line) in corridors(inputs) {
        let (Some(a), Some(b), false) = (line.first(), line.last(), matches!(asset, Asset::Project(_)))
        else {
            continue;
        };
        let mut node = |p: LonLat| {
            let next = nodes.len() as u32;
            let n = *nodes.entry(key(p)).or_insert(next);
            if n as usize == degree.len() {
                degree.push(0);
            }
            degree[n as usize] += 1;
            n
        };
        edges.push((node(*a), node(*b), line_length_m(line)));
        of.push(asset);
    }
    let Ok(graph) = Graph::from_edges(degree.len(), &edges) else { return BTreeMap::new() };
    let mut single = vec![false; edges.len()];
    for e in cuts(&graph, |_| true).bridges {
        single[e.0 as usize] = true;
    }
    let joined = |e: &(u32, u32, f64)| degree[e.0 as usize] > 1 || degree[e.1 as usize] > 1;
    of.into_iter().zip(&edges).zip(single).filter(|((_, e), _)| joined(e)).map(|((a, _), s)| (a, s)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::project::Project;
    use crate::model::records::{Duct, Origin};
    use crate::model::submissions::Proposal;

    /// A point so many metres east and north of a place at 32° N.
    fn p(east_m: f64, north_m: f64) -> LonLat {
        let lat = 32.0 + north_m / 110_880.0;
        LonLat::new(118.0 + east_m / (111_320.0 * 32.0_f64.to_radians().cos()), lat).unwrap()
    }

    fn duct(id: &str, line: Vec<LonLat>) -> Duct {
        Duct {
            id: id.into(),
            line,
            owner: "cmcc".into(),
            holes_total: Some(6),
            holes_free: Some(2),
            shareable: None,
            rent_cny_km_yr: None,
            srlg: None,
            status: None,
            origin: Origin::default(),
        }
    }

    fn proposal(id: &str, kind: &str, at: Option<LonLat>, line: Vec<LonLat>) -> Proposal {
        Proposal {
            id: id.into(),
            name: id.into(),
            kind: kind.into(),
            party: None,
            at,
            line,
            fibers: None,
            cost_cny: None,
            year: None,
            status: None,
            origin: Origin::default(),
        }
    }

    fn checked(ducts: Vec<Duct>, projects: Vec<Proposal>, towers: &[LonLat]) -> Vec<Checked> {
        let inputs = Inputs { ducts, projects, ..Inputs::default() };
        check(&inputs, &Project::empty("t").unwrap().settings, towers)
    }

    #[test]
    fn a_route_beside_a_duct_overlaps_by_its_length() {
        // The duct runs 1 km; the application runs beside its whole length 100 m off, then 1 km onwards.
        let ducts = vec![duct("D1", vec![p(0.0, 0.0), p(1000.0, 0.0)])];
        let line = vec![p(0.0, 100.0), p(2000.0, 100.0)];
        let found = checked(ducts, vec![proposal("P1", "fiber", None, line)], &[]);
        let o = &found[0].overlaps[0];
        // Beyond its end the duct stays within 200 m for √(200² − 100²) = 173.2 m.
        assert!((o.length_m - 1173.2).abs() < 12.0, "{o:?}");
        assert!((found[0].standing_share - 0.5866).abs() < 0.01);
        assert_eq!((found[0].verdict, o.redundancy), (Verdict::Duplicate, Redundancy::Unknown));
        assert!((o.apart_m - 104.0).abs() < 6.0, "{o:?}");
    }

    #[test]
    fn a_crossing_is_no_overlap() {
        let ducts = vec![duct("D1", vec![p(-500.0, 0.0), p(500.0, 0.0)])];
        let found =
            checked(ducts, vec![proposal("P1", "fiber", None, vec![p(0.0, -500.0), p(0.0, 500.0)])], &[]);
        assert_eq!((found[0].overlaps.len(), found[0].verdict), (0, Verdict::Clear));
    }

    #[test]
    fn redundancy_looks_at_what_joins_the_ends() {
        // A ring of four ducts and a spur: sides of the ring have a second way, the spur has none.
        let corner = [p(0.0, 0.0), p(1000.0, 0.0), p(1000.0, 1000.0), p(0.0, 1000.0)];
        let mut ducts: Vec<Duct> =
            (0..4).map(|i| duct(&format!("D{i}"), vec![corner[i], corner[(i + 1) % 4]])).collect();
        ducts.push(duct("D4", vec![corner[1], p(2000.0, 0.0)]));
        let along = |e: f64, n: f64| vec![p(e, n), p(e + 900.0, n)];
        let projects = vec![
            proposal("ring", "fiber", None, along(50.0, -50.0)),
            proposal("spur", "fiber", None, along(1050.0, -150.0)),
            proposal("trench", "fiber", None, along(1050.0, 5.0)),
        ];
        let found = checked(ducts, projects, &[]);
        let of = |i: usize, d: u32| {
            found[i].overlaps.iter().find(|o| o.asset == Asset::Duct(d)).map(|o| o.redundancy)
        };
        assert_eq!(of(0, 0), Some(Redundancy::NotNeeded));
        assert_eq!(of(1, 4), Some(Redundancy::Needed));
        assert_eq!(of(2, 4), Some(Redundancy::SameTrench));
        // The two applications on the spur double each other as well.
        assert!(found[1].overlaps.iter().any(|o| o.asset == Asset::Project(2)));
    }

    #[test]
    fn stations_are_held_against_towers() {
        let projects = vec![
            proposal("A", "5G基站", Some(p(0.0, 60.0)), Vec::new()),
            proposal("B", "station", Some(p(0.0, 600.0)), Vec::new()),
            proposal("C", "datacenter", Some(p(0.0, 0.0)), Vec::new()),
        ];
        let found = checked(Vec::new(), projects, &[p(0.0, 0.0)]);
        let verdicts: Vec<Verdict> = found.iter().map(|c| c.verdict).collect();
        assert_eq!(verdicts, [Verdict::Duplicate, Verdict::Clear, Verdict::CantTell]);
        assert!((found[0].overlaps[0].apart_m - 60.0).abs() < 0.5);
    }
}
