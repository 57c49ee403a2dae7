//! The fiber network, existing and planned, as the Open Fibre Data Standard has it: version 0.3, nodes and
//! spans as two GeoJSON feature collections, references resolved
//! (<https://open-fibre-data-standard.readthedocs.io/en/0.3/reference/publication_formats/geojson.html>).
//!
//! Planned spans are the stretches of the plan and its lead-ins; where they end on no node of the data, a
//! node is made. What isn't known is left out, as the standard asks.

use super::layers::View;
use super::out::hex;
use super::write::RunInfo;
use crate::geom::{LonLat, line_length_m};
use crate::model::kinds::{CellStatus, FiberNodeKind, Lang, LayMethod};
use crate::model::planned::{ConnectionState, PonKind};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

/// The schema that the files follow.
const SCHEMA: &str = "https://raw.githubusercontent.com/Open-Telecoms-Data/open-fibre-data-standard/0__3__0/schema/network-schema.json";

/// The two collections.
pub struct Ofds {
    nodes: Vec<Value>,
    spans: Vec<Value>,
}

impl Ofds {
    /// Gathers nodes and spans.
    #[must_use]
    pub fn new(v: View, run: &RunInfo) -> Self {
        let mut b = Builder { network: network(run), ..Builder::default() };
        b.existing(v);
        b.planned(v, run.lang);
        let nodes = b.nodes.iter().map(|n| feature(n, "node", "Point", &b.network)).collect();
        let spans = b.spans.iter().map(|s| feature(s, "span", "LineString", &b.network)).collect();
        Self { nodes, spans }
    }

    /// Writes the nodes.
    ///
    /// # Errors
    /// Whatever the output refuses.
    pub fn write_nodes(&self, out: &mut (impl Write + ?Sized)) -> io::Result<()> {
        collection(&self.nodes, out)
    }

    /// Writes the spans.
    ///
    /// # Errors
    /// Whatever the output refuses.
    pub fn write_spans(&self, out: &mut (impl Write + ?Sized)) -> io::Result<()> {
        collection(&self.spans, out)
    }
}

fn collection(features: &[Value], out: &mut (impl Write + ?Sized)) -> io::Result<()> {
    out.write_all(b"{\"type\":\"FeatureCollection\",\"features\":[")?;
    for (i, f) in features.iter().enumerate() {
        out.write_all(if i > 0 { b",\n" } else { b"\n" })?;
        serde_json::to_writer(&mut *out, f)?;
    }
    out.write_all(b"\n]}\n")
}

/// A node or span before it is a feature.
struct Thing {
    properties: Map<String, Value>,
    coordinates: Value,
}

fn feature(t: &Thing, kind: &str, geometry: &str, network: &Value) -> Value {
    let mut properties = t.properties.clone();
    properties.insert("featureType".into(), json!(kind));
    properties.insert("network".into(), network.clone());
    let geometry = match &t.coordinates {
        Value::Null => Value::Null,
        c => json!({ "type": geometry, "coordinates": c }),
    };
    json!({ "type": "Feature", "geometry": geometry, "properties": properties })
}

/// The network that every feature names. Its identifier comes from the title alone (a version 8 UUID), so
/// that runs of one project speak of one network.
fn network(run: &RunInfo) -> Value {
    let mut bytes = Sha256::digest(format!("covplan network {}", run.title)).to_vec();
    bytes.truncate(16);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let h = hex(&bytes);
    json!({
        "id": format!("{}-{}-{}-{}-{}", &h[..8], &h[8..12], &h[12..16], &h[16..20], &h[20..]),
        "name": run.title,
        "crs": {
            "name": "urn:ogc:def:crs:OGC::CRS84",
            "uri": "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
        },
        "links": [{ "href": SCHEMA, "rel": "describedby" }],
    })
}

fn position(p: LonLat) -> [f64; 2] {
    [p.lon_deg(), p.lat_deg()].map(|v| (v * 1e7).round() / 1e7)
}

fn line(points: &[LonLat]) -> Value {
    points.iter().map(|p| json!(position(*p))).collect()
}

/// A place at the precision that files have.
fn key(p: LonLat) -> [i64; 2] {
    [p.lon_deg(), p.lat_deg()].map(|v| (v * 1e7).round() as i64)
}

fn status(text: Option<&str>) -> Option<&'static str> {
    Some(match CellStatus::parse(text?)? {
        CellStatus::OnAir => "operational",
        CellStatus::Building => "underConstruction",
        CellStatus::Planned => "planned",
        CellStatus::Removed => "decommissioned",
    })
}

/// Node types of the standard's codelist; it has none for closures, manholes, poles and cities.
fn node_type(kind: FiberNodeKind) -> Option<&'static str> {
    use FiberNodeKind as K;
    match kind {
        K::Co | K::Olt => Some("exchange"),
        K::Agg => Some("aggregationPoint"),
        K::Fdt | K::Fat => Some("cabinet"),
        K::BbuPool | K::Upf => Some("pop"),
        K::Ixp => Some("ixp"),
        K::Closure | K::Manhole | K::Pole | K::City => None,
    }
}

fn provider(owner: &str) -> Option<Value> {
    (!owner.is_empty())
        .then(|| json!({ "id": owner, "name": owner, "roles": ["physicalInfrastructureProvider"] }))
}

/// How a cable is laid, in the standard's words.
fn laid(method: LayMethod, into: &mut Map<String, Value>) {
    // The standard's closed list has no word for what lies under water.
    if method != LayMethod::Submarine {
        let above = matches!(method, LayMethod::Aerial | LayMethod::Opgw);
        into.insert("deployment".into(), json!([if above { "aboveGround" } else { "belowGround" }]));
    }
    into.insert("deploymentDetails".into(), json!({ "description": method.code() }));
}

#[derive(Default)]
struct Builder {
    network: Value,
    nodes: Vec<Thing>,
    spans: Vec<Thing>,
    by_id: BTreeMap<String, usize>,
    by_place: BTreeMap<[i64; 2], usize>,
    made: u32,
}

impl Builder {
    fn existing(&mut self, v: View) {
        let segments = v.inputs.fiber_segments.iter().filter(|s| s.line.len() > 1);
        let used: BTreeSet<&String> =
            segments.flat_map(|s| [&s.from_node, &s.to_node]).filter_map(Option::as_ref).collect();
        for n in &v.inputs.fiber_nodes {
            // An exchange point in an office, say: where no span leads to it, it is what the node there is too.
            let there = self.by_place.get(&key(n.at)).filter(|_| !used.contains(&n.id)).copied();
            if let Some(at) = there {
                self.by_id.insert(n.id.clone(), at);
                if let Some(word) = node_type(n.kind) {
                    self.also(at, word);
                }
                continue;
            }
            let mut p = Map::new();
            p.insert("id".into(), json!(n.id));
            p.insert("status".into(), json!("operational"));
            if let Some(kind) = node_type(n.kind) {
                p.insert("type".into(), json!([kind]));
            }
            if let Some(tap) = n.can_tap {
                p.insert("accessPoint".into(), json!(tap));
            }
            if let Some(owner) = provider(&n.owner) {
                p.insert("physicalInfrastructureProvider".into(), owner);
            }
            let at = self.nodes.len();
            self.by_id.insert(n.id.clone(), at);
            self.by_place.entry(key(n.at)).or_insert(at);
            self.nodes.push(Thing { properties: p, coordinates: json!(position(n.at)) });
        }
        for s in v.inputs.fiber_segments.iter().filter(|s| s.line.len() > 1) {
            let mut p = Map::new();
            p.insert("id".into(), json!(s.id));
            if let Some(status) = status(s.status.as_deref()) {
                p.insert("status".into(), json!(status));
            }
            if let Some(method) = s.method {
                laid(method, &mut p);
            }
            if let Some(owner) = provider(&s.owner) {
                p.insert("physicalInfrastructureProvider".into(), owner);
            }
            if let Some(n) = s.fibers_total {
                p.insert("fibreCount".into(), json!(n));
            }
            let length_m = s.length_m.unwrap_or_else(|| line_length_m(&s.line));
            let named = |id: &Option<String>| id.as_ref().and_then(|id| self.by_id.get(id)).copied();
            let ends = [named(&s.from_node), named(&s.to_node)];
            // A route that was made from its ends is none.
            let drawn = if s.line_made { &[][..] } else { &s.line[..] };
            let places = [s.line[0], s.line[s.line.len() - 1]];
            let ends = [0, 1].map(|k| ends[k].unwrap_or_else(|| self.node_at(places[k], None)));
            self.span(p, ends, length_m, drawn);
        }
    }

    fn planned(&mut self, v: View, lang: Lang) {
        let Some(plan) = v.plan else { return };
        for n in plan.pon.iter().filter(|n| n.kind != PonKind::Port) {
            let at = self.node_at(n.at, Some(n.phase));
            let p = &mut self.nodes[at].properties;
            if p.get("status") == Some(&json!("planned")) {
                p.insert("name".into(), json!(n.id));
                p.insert("type".into(), json!(["cabinet"]));
            }
        }
        let on_land = plan.routes.iter().filter(|r| r.method != LayMethod::Submarine);
        let ashore: BTreeSet<[i64; 2]> =
            on_land.flat_map(|r| [r.line.first(), r.line.last()]).flatten().map(|p| key(*p)).collect();
        for r in plan.routes.iter().filter(|r| r.line.len() > 1) {
            let mut p = Map::new();
            p.insert("id".into(), json!(r.id));
            p.insert("status".into(), json!("planned"));
            p.insert("phase".into(), phase(r.phase, lang));
            laid(r.method, &mut p);
            p.insert("fibreCount".into(), json!(r.cable_fibers));
            if let Some(owner) = r.owner.as_deref().and_then(provider) {
                p.insert("physicalInfrastructureProvider".into(), owner);
            }
            let places = [r.line[0], r.line[r.line.len() - 1]];
            let ends = places.map(|at| self.node_at(at, Some(r.phase)));
            if r.method == LayMethod::Submarine {
                for (end, _) in ends.iter().zip(places).filter(|(_, at)| ashore.contains(&key(*at))) {
                    self.also(*end, "cableLanding");
                }
            }
            self.span(p, ends, r.cable_m, &r.line);
        }
        let joined = plan.connections.iter().filter(|c| c.state == ConnectionState::Planned);
        for c in joined.filter(|c| c.lead_in.len() > 1) {
            let mut p = Map::new();
            p.insert("id".into(), json!(format!("LI-{}", c.id)));
            p.insert("status".into(), json!("planned"));
            p.insert("phase".into(), phase(c.phase, lang));
            let places = [c.lead_in[0], c.lead_in[c.lead_in.len() - 1]];
            let ends = places.map(|at| self.node_at(at, Some(c.phase)));
            self.nodes[ends[1]].properties.insert("name".into(), json!(c.id));
            self.span(p, ends, c.lead_in_m.unwrap_or_else(|| line_length_m(&c.lead_in)), &c.lead_in);
        }
        for c in plan.connections.iter().filter(|c| c.state == ConnectionState::Planned) {
            let Some(second) = c.protection.as_ref().filter(|s| s.own_entry && s.lead_in.len() > 1) else {
                continue;
            };
            let mut p = Map::new();
            p.insert("id".into(), json!(format!("LI-{}/2", c.id)));
            p.insert("status".into(), json!("planned"));
            p.insert("phase".into(), phase(c.phase, lang));
            let places = [second.lead_in[0], second.lead_in[second.lead_in.len() - 1]];
            let ends = places.map(|at| self.node_at(at, Some(c.phase)));
            let length_m = second.lead_in_m.unwrap_or_else(|| line_length_m(&second.lead_in));
            self.span(p, ends, length_m, &second.lead_in);
        }
    }

    /// Notes what else a node is.
    fn also(&mut self, at: usize, word: &str) {
        let word = Value::from(word);
        let types = self.nodes[at].properties.entry("type").or_insert_with(|| json!([]));
        if let Some(list) = types.as_array_mut().filter(|list| !list.contains(&word)) {
            list.push(word);
        }
    }

    /// The node at a place; made, and planned for a phase, where there is none.
    fn node_at(&mut self, place: LonLat, planned: Option<u32>) -> usize {
        if let Some(&at) = self.by_place.get(&key(place)) {
            return at;
        }
        self.made += 1;
        let mut p = Map::new();
        p.insert("id".into(), json!(format!("NODE-{:05}", self.made)));
        if planned.is_some() {
            p.insert("status".into(), json!("planned"));
        }
        let at = self.nodes.len();
        self.by_place.insert(key(place), at);
        self.nodes.push(Thing { properties: p, coordinates: json!(position(place)) });
        at
    }

    fn span(&mut self, mut p: Map<String, Value>, ends: [usize; 2], length_m: f64, route: &[LonLat]) {
        for (name, at) in ["start", "end"].into_iter().zip(ends) {
            let node = &self.nodes[at];
            let mut n = node.properties.clone();
            n.insert("location".into(), json!({ "type": "Point", "coordinates": node.coordinates }));
            p.insert(name.into(), Value::Object(n));
        }
        p.insert("directed".into(), json!(false));
        p.insert("transmissionMedium".into(), json!(["fibre"]));
        p.insert("fibreLength".into(), json!((length_m * 10.0).round() / 1e4));
        let coordinates = if route.len() > 1 { line(route) } else { Value::Null };
        self.spans.push(Thing { properties: p, coordinates });
    }
}

fn phase(n: u32, lang: Lang) -> Value {
    json!({ "id": n.to_string(), "name": match lang {
        Lang::En => format!("Phase {n}"),
        Lang::Zh => format!("第{n}期"),
    } })
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::super::redact::Released;
    use super::*;

    fn made() -> (Vec<Value>, Vec<Value>) {
        let (mut inputs, settings, plan) = (fixture::inputs(), fixture::settings(""), fixture::plan());
        let node = inputs.fiber_nodes[0].clone();
        inputs.fiber_nodes.push(crate::model::records::FiberNode {
            id: "IXP-1".into(),
            kind: FiberNodeKind::Ixp,
            ..node.clone()
        });
        inputs.fiber_segments.push(crate::model::records::FiberSegment {
            id: "SEG-1".into(),
            line: vec![node.at, LonLat::wrapped(118.9, 32.1)],
            line_made: false,
            from_node: Some(node.id),
            to_node: None,
            owner: "ct".into(),
            level: None,
            method: Some(LayMethod::Aerial),
            fibers_total: Some(48),
            fibers_free: None,
            length_m: Some(12_345.0),
            duct_id: None,
            srlg: None,
            status: Some("在建".into()),
            origin: Default::default(),
        });
        let released = Released::plan(&inputs, &settings, &plan);
        let ofds = Ofds::new(released.view(), &fixture::run(Lang::En));
        let read = |write: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = Vec::new();
            write(&mut bytes);
            let v: Value = serde_json::from_slice(&bytes).unwrap();
            assert_eq!(v["type"], "FeatureCollection");
            v["features"].as_array().unwrap().clone()
        };
        (read(&|b| ofds.write_nodes(b).unwrap()), read(&|b| ofds.write_spans(b).unwrap()))
    }

    /// What version 0.3 of the schema requires and its closed codelists.
    #[test]
    fn has_what_the_schema_requires() {
        const STATUS: [&str; 6] =
            ["proposed", "planned", "underConstruction", "operational", "decommissioned", "inactive"];
        const NODE_TYPES: [&str; 6] = ["exchange", "aggregationPoint", "cabinet", "pop", "ixp", "dataCentre"];
        let (nodes, spans) = made();
        let mut ids: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (kind, geometry, f) in
            nodes.iter().map(|f| ("node", "Point", f)).chain(spans.iter().map(|f| ("span", "LineString", f)))
        {
            let p = &f["properties"];
            assert_eq!((&f["type"], &p["featureType"]), (&json!("Feature"), &json!(kind)));
            let id = p["id"].as_str().filter(|id| !id.is_empty()).unwrap();
            assert!(ids.entry(kind).or_default().insert(id), "{id} repeats");
            assert_eq!(f["geometry"]["type"], geometry);
            // Network: id (UUID) and links, the first of them to the schema.
            let network = p["network"]["id"].as_str().unwrap();
            let groups: Vec<usize> = network.split('-').map(str::len).collect();
            assert_eq!(groups, [8, 4, 4, 4, 12]);
            assert!(network.chars().all(|c| c == '-' || c.is_ascii_hexdigit()));
            assert_eq!(
                (&p["network"]["links"][0]["rel"], &p["network"]["links"][0]["href"]),
                (&json!("describedby"), &json!(SCHEMA))
            );
            assert!(p.get("status").is_none_or(|s| STATUS.contains(&s.as_str().unwrap())));
            for (key, allowed) in [
                ("type", &NODE_TYPES[..]),
                ("deployment", &["aboveGround", "belowGround"]),
                ("transmissionMedium", &["fibre"]),
            ] {
                for word in p[key].as_array().into_iter().flatten() {
                    assert!(allowed.contains(&word.as_str().unwrap()), "{key}: {word}");
                }
            }
            if let Some(owner) = p.get("physicalInfrastructureProvider") {
                assert!(owner["id"].is_string());
            }
            assert!(!p.as_object().unwrap().values().any(Value::is_null));
        }
        for s in &spans {
            for end in ["start", "end"] {
                let n = &s["properties"][end];
                assert!(ids["node"].contains(n["id"].as_str().unwrap()));
                assert_eq!(n["location"]["type"], "Point");
            }
            assert!(s["properties"]["fibreLength"].is_number());
        }
    }

    #[test]
    fn existing_and_planned_stand_side_by_side() {
        let (nodes, spans) = made();
        let by = |id: &str| spans.iter().map(|s| &s["properties"]).find(|p| p["id"] == id).unwrap();
        let old = by("SEG-1");
        assert_eq!((&old["status"], &old["fibreLength"]), (&json!("underConstruction"), &json!(12.345)));
        assert_eq!((&old["deployment"][0], &old["fibreCount"]), (&json!("aboveGround"), &json!(48)));
        // The exchange point at the place of its start is that node.
        assert!(old["start"]["type"].as_array().unwrap().contains(&json!("ixp")));
        assert!(nodes.iter().all(|n| n["properties"]["id"] != "IXP-1"));
        let new = by("FR-00001");
        assert_eq!((&new["status"], &new["phase"]["id"]), (&json!("planned"), &json!("1")));
        assert_eq!((&new["fibreLength"], &new["deployment"][0]), (&json!(2.05), &json!("belowGround")));
        // Segments that meet share a node, where the splitter stands; the site is the end of its lead-in.
        assert_eq!(new["end"]["id"], by("FR-00002")["start"]["id"]);
        assert_eq!(new["end"]["name"], "SP-00001");
        assert_eq!(by("LI-SITE-0007")["end"]["name"], "SITE-0007");
        assert!(nodes.len() >= 5);
    }
}
