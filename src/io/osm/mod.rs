//! OpenStreetMap extracts (PBF, XML, gzipped XML) as what a planner uses: roads to trench along, towers to
//! share, industrial areas to serve, rivers and railways to cross.
//!
//! The file is read in passes, so that memory follows what is kept and not the file: ways and relations of interest
//! first, then the ways that only a relation names (when there are any), then the positions of the nodes that those
//! use.

mod area;
mod scan;

use super::broken::BrokenFile;
use crate::geom::LonLat;
use crate::model::kinds::RoadClass;
use geo::{Centroid, Coord, GeodesicArea, InteriorPoint, MultiPolygon, Polygon};
use scan::{Element, Tags, Wanted, WayMember, scan};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

/// Identity of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OsmId {
    /// A node.
    Node(i64),
    /// A way.
    Way(i64),
    /// A relation.
    Relation(i64),
}

impl fmt::Display for OsmId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(id) => write!(f, "node/{id}"),
            Self::Way(id) => write!(f, "way/{id}"),
            Self::Relation(id) => write!(f, "relation/{id}"),
        }
    }
}

/// A road, street, path or ferry; a way that leaves the extract and returns gives several.
#[derive(Clone, Debug, PartialEq)]
pub struct OsmRoad {
    /// The way.
    pub way: i64,
    /// Class from `highway`, links with their main road; that of ferries from `route`.
    pub class: RoadClass,
    /// `name`, else `ref`; empty when it has neither.
    pub name: String,
    /// On a bridge.
    pub bridge: bool,
    /// In a tunnel.
    pub tunnel: bool,
    /// `surface` as tagged, or empty.
    pub surface: String,
    /// `access` as tagged, or empty.
    pub access: String,
    /// Node ids along the line: roads join where they share one.
    pub nodes: Vec<i64>,
    /// Positions of the nodes, as many.
    pub line: Vec<LonLat>,
}

/// Something that a trench can't simply cross.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BarrierKind {
    /// `waterway=river`.
    River,
    /// `waterway=canal`.
    Canal,
    /// `railway=rail`, `light_rail` or `narrow_gauge`.
    Railway,
}

/// A barrier line. Tunnels are marked, as nothing is to be crossed above them.
#[derive(Clone, Debug, PartialEq)]
pub struct OsmBarrier {
    /// The way.
    pub way: i64,
    /// What it is.
    pub kind: BarrierKind,
    /// `name`, or empty.
    pub name: String,
    /// On a bridge.
    pub bridge: bool,
    /// In a tunnel or culvert.
    pub tunnel: bool,
    /// Its course.
    pub line: Vec<LonLat>,
}

/// A mast or tower for communication.
#[derive(Clone, Debug, PartialEq)]
pub struct OsmTower {
    /// Node, or way around its foot.
    pub id: OsmId,
    /// `man_made` as tagged (`mast`, `tower`, `communications_tower`), or empty.
    pub kind: String,
    /// `operator`, or empty.
    pub operator: String,
    /// `name`, or empty.
    pub name: String,
    /// `height`, metres, where it is a number.
    pub height_m: Option<f64>,
    /// What it carries: the part after `communication:` of every such key, sorted.
    pub services: Vec<String>,
    /// Position.
    pub at: LonLat,
}

/// What makes a place industrial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IndustryKind {
    /// `landuse=industrial`: an estate, often of many firms.
    Estate,
    /// `man_made=works`: one plant.
    Works,
    /// `building=industrial`, `factory` or `manufacture`: one hall.
    Building,
}

/// An industrial place.
#[derive(Clone, Debug, PartialEq)]
pub struct OsmIndustry {
    /// The element.
    pub id: OsmId,
    /// What it is.
    pub kind: IndustryKind,
    /// `name`, or empty.
    pub name: String,
    /// `operator`, or empty.
    pub operator: String,
    /// Outline in degrees, counter-clockwise, holes clockwise; `None` for a node.
    pub outline: Option<MultiPolygon<f64>>,
    /// Area on the ellipsoid, m²; `None` for a node.
    pub area_m2: Option<f64>,
    /// A point inside.
    pub at: LonLat,
}

/// What couldn't be used, counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OsmProblemKind {
    /// A line names nodes that the file doesn't hold: it was cut there, as extracts are at their edge.
    MissingNodes,
    /// A line has fewer than two positions left.
    NoLine,
    /// An area whose outline isn't closed, or has no extent, within the file.
    NoArea,
    /// Part of an area was left out: an unclosed or missing way, a hole outside the outline.
    PartialArea,
    /// A node off the globe.
    BadPosition,
    /// A `highway` of a kind that isn't a road to trench along (under construction, platform, plaza).
    OtherHighway,
}

impl fmt::Display for OsmProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MissingNodes => "line cut where the file lacks its nodes",
            Self::NoLine => "line with fewer than two positions",
            Self::NoArea => "area without a closed outline in the file",
            Self::PartialArea => "area with unclosed or missing parts",
            Self::BadPosition => "node off the globe",
            Self::OtherHighway => "highway that isn't a road (construction, platform, plaza)",
        })
    }
}

/// Elements that share a problem.
#[derive(Clone, Debug, PartialEq)]
pub struct OsmProblem {
    /// What is wrong.
    pub kind: OsmProblemKind,
    /// With how many elements.
    pub count: u64,
    /// The first of them.
    pub first: Vec<OsmId>,
}

/// Elements listed per problem; beyond that only the count grows.
const LISTED: usize = 20;

/// What an extract holds, each list in file order (areas of relations after those of ways).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OsmExtract {
    /// Roads.
    pub roads: Vec<OsmRoad>,
    /// Rivers, canals, railways.
    pub barriers: Vec<OsmBarrier>,
    /// Communication towers.
    pub towers: Vec<OsmTower>,
    /// Industrial places.
    pub industry: Vec<OsmIndustry>,
}

/// Reads an extract.
///
/// # Errors
/// [`BrokenFile`] with the byte offset when the file is truncated, damaged, or no OSM file.
pub fn read(path: &Path) -> Result<(OsmExtract, Vec<OsmProblem>), BrokenFile> {
    let mut kept = Kept::default();
    scan(path, Wanted { nodes: true, ways: true, relations: true }, &mut |e| kept.take(e))?;
    let lacking = kept.lacking_ways();
    if !lacking.is_empty() {
        scan(path, Wanted { nodes: false, ways: true, relations: false }, &mut |e| {
            if let Element::Way { id, nodes, .. } = e
                && lacking.contains(&id)
            {
                kept.plain_ways.insert(id, nodes.to_vec());
            }
        })?;
    }
    let mut places = Places::new(kept.used_nodes());
    scan(path, Wanted { nodes: true, ways: false, relations: false }, &mut |e| {
        if let Element::Node { id, lon_e7, lat_e7, .. } = e {
            places.note(id, lon_e7, lat_e7);
        }
    })?;
    Ok(kept.build(&places))
}

/// Raw finds of the first passes, before positions are known.
#[derive(Default)]
struct Kept {
    roads: Vec<OsmRoad>,
    barriers: Vec<(OsmBarrier, Vec<i64>)>,
    /// Towers mapped as nodes are complete at once; as ways, they wait for their nodes.
    towers: Vec<(OsmTower, Vec<i64>)>,
    industry_nodes: Vec<OsmIndustry>,
    industry_ways: Vec<(Industry, i64, Vec<i64>)>,
    industry_relations: Vec<(Industry, i64, Vec<WayMember>)>,
    /// Ways known only as parts of relations.
    plain_ways: BTreeMap<i64, Vec<i64>>,
    problems: Problems,
}

/// Tags of an industrial place.
struct Industry {
    kind: IndustryKind,
    name: String,
    operator: String,
}

impl Industry {
    fn of(tags: &Tags<'_>) -> Option<Self> {
        let kind = if tags.get("man_made") == Some("works") {
            IndustryKind::Works
        } else if tags.get("landuse") == Some("industrial") {
            IndustryKind::Estate
        } else if matches!(tags.get("building"), Some("industrial" | "factory" | "manufacture")) {
            IndustryKind::Building
        } else {
            return None;
        };
        Some(Self { kind, name: text(tags, "name"), operator: text(tags, "operator") })
    }

    fn at(&self, id: OsmId, at: LonLat, outline: Option<MultiPolygon<f64>>) -> OsmIndustry {
        let area_m2 = outline.as_ref().map(GeodesicArea::geodesic_area_unsigned);
        OsmIndustry {
            id,
            kind: self.kind,
            name: self.name.clone(),
            operator: self.operator.clone(),
            outline,
            area_m2,
            at,
        }
    }
}

fn text(tags: &Tags<'_>, key: &str) -> String {
    tags.get(key).unwrap_or_default().to_owned()
}

fn yes(tags: &Tags<'_>, key: &str) -> bool {
    tags.get(key).is_some_and(|v| v != "no")
}

fn tower(tags: &Tags<'_>, id: OsmId, at: LonLat) -> Option<OsmTower> {
    let kind = tags.get("man_made").unwrap_or_default();
    let mut services: Vec<String> = tags
        .iter()
        .filter(|(_, v)| *v != "no")
        .filter_map(|(k, _)| k.strip_prefix("communication:"))
        .map(str::to_owned)
        .collect();
    services.sort();
    let by_type = matches!(kind, "mast" | "tower") && tags.get("tower:type") == Some("communication");
    if kind != "communications_tower" && !by_type && services.is_empty() {
        return None;
    }
    let height_m = tags
        .get("height")
        .and_then(|h| h.trim().trim_end_matches('m').trim().parse::<f64>().ok())
        .filter(|h| h.is_finite() && *h > 0.0);
    let (operator, name) = (text(tags, "operator"), text(tags, "name"));
    Some(OsmTower { id, kind: kind.to_owned(), operator, name, height_m, services, at })
}

impl Kept {
    fn take(&mut self, element: Element<'_>) {
        match element {
            Element::Node { id, lon_e7, lat_e7, tags } => {
                if tags.is_empty() {
                    return;
                }
                let industry = Industry::of(&tags);
                let position = lon_lat(lon_e7, lat_e7);
                let id = OsmId::Node(id);
                let Some(at) = position else {
                    if industry.is_some() || tower(&tags, id, LonLat::wrapped(0.0, 0.0)).is_some() {
                        self.problems.add(OsmProblemKind::BadPosition, id);
                    }
                    return;
                };
                if let Some(tower) = tower(&tags, id, at) {
                    self.towers.push((tower, Vec::new()));
                }
                if let Some(industry) = industry {
                    self.industry_nodes.push(industry.at(id, at, None));
                }
            }
            Element::Way { id, nodes, tags } => self.take_way(id, nodes, &tags),
            Element::Relation { id, ways, tags } => {
                if tags.get("type") == Some("multipolygon")
                    && let Some(industry) = Industry::of(&tags)
                {
                    self.industry_relations.push((industry, id, ways.to_vec()));
                }
            }
        }
    }

    fn take_way(&mut self, id: i64, nodes: &[i64], tags: &Tags<'_>) {
        let ferry = tags.get("route").filter(|&route| route == "ferry");
        if let Some(way) = tags.get("highway").or(ferry) {
            match RoadClass::parse(way).filter(|_| tags.get("area") != Some("yes")) {
                Some(class) => {
                    let name = tags.get("name").or_else(|| tags.get("ref")).unwrap_or_default().to_owned();
                    self.roads.push(OsmRoad {
                        way: id,
                        class,
                        name,
                        bridge: yes(tags, "bridge"),
                        tunnel: yes(tags, "tunnel"),
                        surface: text(tags, "surface"),
                        access: text(tags, "access"),
                        nodes: nodes.to_vec(),
                        line: Vec::new(),
                    });
                }
                None => self.problems.add(OsmProblemKind::OtherHighway, OsmId::Way(id)),
            }
        }
        let barrier = match (tags.get("waterway"), tags.get("railway")) {
            (Some("river"), _) => Some(BarrierKind::River),
            (Some("canal"), _) => Some(BarrierKind::Canal),
            (_, Some("rail" | "light_rail" | "narrow_gauge")) => Some(BarrierKind::Railway),
            _ => None,
        };
        if let Some(kind) = barrier {
            let barrier = OsmBarrier {
                way: id,
                kind,
                name: text(tags, "name"),
                bridge: yes(tags, "bridge"),
                tunnel: yes(tags, "tunnel"),
                line: Vec::new(),
            };
            self.barriers.push((barrier, nodes.to_vec()));
        }
        if let Some(tower) = tower(tags, OsmId::Way(id), LonLat::wrapped(0.0, 0.0)) {
            self.towers.push((tower, nodes.to_vec()));
        }
        if let Some(industry) = Industry::of(tags) {
            self.industry_ways.push((industry, id, nodes.to_vec()));
        }
    }

    /// Ways that relations need and the first pass had no reason to keep.
    fn lacking_ways(&self) -> BTreeSet<i64> {
        let members =
            self.industry_relations.iter().flat_map(|(_, _, members)| members.iter().map(|m| m.way));
        let known: BTreeSet<i64> = self.industry_ways.iter().map(|(_, id, _)| *id).collect();
        members.filter(|w| !known.contains(w)).collect()
    }

    fn used_nodes(&self) -> Vec<i64> {
        let mut ids: Vec<i64> = Vec::new();
        ids.extend(self.roads.iter().flat_map(|r| &r.nodes));
        ids.extend(self.barriers.iter().flat_map(|(_, nodes)| nodes));
        ids.extend(self.towers.iter().flat_map(|(_, nodes)| nodes));
        ids.extend(self.industry_ways.iter().flat_map(|(_, _, nodes)| nodes));
        ids.extend(self.plain_ways.values().flatten());
        ids
    }

    fn build(self, places: &Places) -> (OsmExtract, Vec<OsmProblem>) {
        let mut problems = self.problems;
        let mut out = OsmExtract::default();
        for road in self.roads {
            for nodes in pieces(&road.nodes, places, OsmId::Way(road.way), &mut problems) {
                let line = nodes.iter().filter_map(|&n| places.get(n)).collect();
                out.roads.push(OsmRoad { nodes, line, ..road.clone() });
            }
        }
        for (barrier, nodes) in self.barriers {
            for nodes in pieces(&nodes, places, OsmId::Way(barrier.way), &mut problems) {
                let line = nodes.iter().filter_map(|&n| places.get(n)).collect();
                out.barriers.push(OsmBarrier { line, ..barrier.clone() });
            }
        }
        let coord = |node: i64| places.get(node).map(|p| Coord { x: p.lon_deg(), y: p.lat_deg() });
        for (tower, nodes) in self.towers {
            if nodes.is_empty() {
                out.towers.push(tower);
                continue;
            }
            let corners: Vec<Coord<f64>> = nodes.iter().filter_map(|&n| coord(n)).collect();
            match geo::LineString::new(corners).centroid() {
                Some(c) => out.towers.push(OsmTower { at: LonLat::wrapped(c.x(), c.y()), ..tower }),
                None => problems.add(OsmProblemKind::NoArea, tower.id),
            }
        }
        out.industry = self.industry_nodes;
        // An outline that a relation of industry uses is the relation's, holes and all.
        let taken: BTreeSet<i64> = self
            .industry_relations
            .iter()
            .flat_map(|(_, _, members)| members.iter().filter(|m| !m.inner).map(|m| m.way))
            .collect();
        let mut ways = self.plain_ways;
        for (industry, way, nodes) in self.industry_ways {
            if !taken.contains(&way) {
                let outline = area::ring(&nodes, coord).map(|ring| {
                    use geo::algorithm::orient::{Direction, Orient};
                    MultiPolygon::new(vec![Polygon::new(ring, Vec::new()).orient(Direction::Default)])
                });
                place(&mut out, &mut problems, &industry, OsmId::Way(way), outline);
            }
            ways.insert(way, nodes);
        }
        for (industry, relation, members) in self.industry_relations {
            let done = area::assemble(&members, |w| ways.get(&w).map(Vec::as_slice), coord);
            let id = OsmId::Relation(relation);
            if done.left_over > 0 && !done.outline.0.is_empty() {
                problems.add(OsmProblemKind::PartialArea, id);
            }
            place(&mut out, &mut problems, &industry, id, Some(done.outline));
        }
        (out, problems.into_list())
    }
}

fn place(
    out: &mut OsmExtract,
    problems: &mut Problems,
    industry: &Industry,
    id: OsmId,
    outline: Option<MultiPolygon<f64>>,
) {
    let inside = outline.as_ref().and_then(|o| o.interior_point());
    match (outline, inside) {
        (Some(outline), Some(p)) => {
            let place = industry.at(id, LonLat::wrapped(p.x(), p.y()), Some(outline));
            if place.area_m2.is_some_and(|a| a > 0.0) {
                out.industry.push(place);
            } else {
                problems.add(OsmProblemKind::NoArea, id);
            }
        }
        _ => problems.add(OsmProblemKind::NoArea, id),
    }
}

/// A way's runs of nodes with positions, each of two or more.
fn pieces(nodes: &[i64], places: &Places, id: OsmId, problems: &mut Problems) -> Vec<Vec<i64>> {
    let runs: Vec<Vec<i64>> =
        nodes.split(|&n| places.get(n).is_none()).filter(|run| run.len() >= 2).map(<[i64]>::to_vec).collect();
    if nodes.iter().any(|&n| places.get(n).is_none()) {
        problems.add(OsmProblemKind::MissingNodes, id);
    }
    if runs.is_empty() {
        problems.add(OsmProblemKind::NoLine, id);
    }
    runs
}

/// Positions of the nodes in use, found by bisection; 16 bytes a node.
struct Places {
    ids: Vec<i64>,
    /// Longitude and latitude in 1e-7 degrees.
    at: Vec<[i32; 2]>,
}

const NOWHERE: [i32; 2] = [i32::MIN; 2];

impl Places {
    fn new(mut ids: Vec<i64>) -> Self {
        ids.sort_unstable();
        ids.dedup();
        let at = vec![NOWHERE; ids.len()];
        Self { ids, at }
    }

    fn note(&mut self, id: i64, lon_e7: i64, lat_e7: i64) {
        if let Ok(i) = self.ids.binary_search(&id)
            && lon_lat(lon_e7, lat_e7).is_some()
            && let Some(at) = self.at.get_mut(i)
        {
            *at = [lon_e7 as i32, lat_e7 as i32];
        }
    }

    fn get(&self, id: i64) -> Option<LonLat> {
        let at = self.at.get(self.ids.binary_search(&id).ok()?).filter(|at| **at != NOWHERE)?;
        lon_lat(i64::from(at[0]), i64::from(at[1]))
    }
}

fn lon_lat(lon_e7: i64, lat_e7: i64) -> Option<LonLat> {
    LonLat::new(lon_e7 as f64 / 1e7, lat_e7 as f64 / 1e7).ok()
}

#[derive(Default)]
struct Problems(BTreeMap<OsmProblemKind, OsmProblem>);

impl Problems {
    fn add(&mut self, kind: OsmProblemKind, id: OsmId) {
        let problem = self.0.entry(kind).or_insert_with(|| OsmProblem { kind, count: 0, first: Vec::new() });
        problem.count += 1;
        if problem.first.len() < LISTED {
            problem.first.push(id);
        }
    }

    fn into_list(self) -> Vec<OsmProblem> {
        self.0.into_values().collect()
    }
}

#[cfg(test)]
mod tests;
