//! Backbone topologies in GraphML, as the Internet Topology Zoo and yEd-like tools write them.
//!
//! Such a file says which cities are linked, not where a cable lies; its nodes are city dots. Attributes are
//! found by the names their `<key>` elements declare, without regard to case.

use super::broken::BrokenFile;
use super::xml::{UNKNOWN_ENTITY, attribute, cut_off, not_root, required};
use crate::geom::LonLat;
use crate::model::said::Said;
use quick_xml::XmlVersion;
use quick_xml::events::Event;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// A node, usually a city's point of presence.
#[derive(Clone, Debug, PartialEq)]
pub struct TopologyNode {
    /// `id` in the file.
    pub id: String,
    /// `label`, or the id.
    pub label: String,
    /// `Country`, or empty.
    pub country: String,
    /// Position; `None` when the file gives none, or one off the globe.
    pub at: Option<LonLat>,
    /// `Internal`: false for neighbouring networks and clouds that are drawn but not part of the network.
    pub internal: bool,
}

/// A link between two nodes, by their index in [`Topology::nodes`].
#[derive(Clone, Debug, PartialEq)]
pub struct TopologyLink {
    /// One end.
    pub from: usize,
    /// The other end.
    pub to: usize,
    /// `LinkLabel`, or empty.
    pub label: String,
    /// `LinkSpeedRaw`, bit/s.
    pub speed_bps: Option<f64>,
}

/// A network as drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Topology {
    /// `Network` or `label` of the graph, or empty.
    pub name: String,
    /// `Layer` of the graph (`IP`, `Optical` …), or empty.
    pub layer: String,
    /// Nodes in file order.
    pub nodes: Vec<TopologyNode>,
    /// Links in file order; parallel ones are kept.
    pub links: Vec<TopologyLink>,
}

/// Something left out or unknown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TopologyProblem {
    /// Drawn without a place on the map.
    #[error("node {id} ({label}) has no coordinates")]
    NoPosition {
        /// Its id.
        id: String,
        /// Its label.
        label: String,
    },
    /// Latitude or longitude that isn't a position.
    #[error("node {id} ({label}) has no valid coordinates: {value}")]
    BadPosition {
        /// Its id.
        id: String,
        /// Its label.
        label: String,
        /// Longitude and latitude as written.
        value: String,
    },
    /// The same id again; the later node is left out.
    #[error("node {id} appears twice")]
    DoubleNode {
        /// Its id.
        id: String,
    },
    /// A link to a node that isn't there.
    #[error("a link from {from} to {to} ends at an unknown node")]
    UnknownEnd {
        /// Source as written.
        from: String,
        /// Target as written.
        to: String,
    },
    /// A link from a node to itself.
    #[error("a link from {id} to itself")]
    Loop {
        /// The node.
        id: String,
    },
}

/// Reads a GraphML file, gzipped or not.
///
/// # Errors
/// [`BrokenFile`] with the byte offset when it is no GraphML, or truncated.
pub fn read(path: &Path) -> Result<(Topology, Vec<TopologyProblem>), BrokenFile> {
    let open = || File::open(path).map_err(BrokenFile::unreadable(path));
    let mut head = Vec::new();
    open()?.take(2).read_to_end(&mut head).map_err(BrokenFile::unreadable(path))?;
    if head == [0x1f, 0x8b] {
        parse(path, BufReader::new(flate2::read::MultiGzDecoder::new(open()?)))
    } else {
        parse(path, BufReader::new(open()?))
    }
}

/// Attributes of one element, by lower-case name.
type Data = BTreeMap<String, String>;

/// A node's id, or an edge's source and target, with its attributes.
type Item<Id> = (Id, Data);

/// What is read so far, and what stands open.
#[derive(Default)]
struct Draft {
    graph: Data,
    node: Option<Item<String>>,
    edge: Option<Item<[String; 2]>>,
    nodes: Vec<Item<String>>,
    edges: Vec<Item<[String; 2]>>,
}

impl Draft {
    fn close(&mut self, name: &str) {
        match name {
            "node" => self.nodes.extend(self.node.take()),
            "edge" => self.edges.extend(self.edge.take()),
            _ => {}
        }
    }

    /// The attributes of what stands open: a node, an edge, or the graph itself.
    fn owner(&mut self) -> &mut Data {
        match (&mut self.node, &mut self.edge) {
            (Some((_, data)), _) | (None, Some((_, data))) => data,
            (None, None) => &mut self.graph,
        }
    }
}

fn parse(path: &Path, input: impl BufRead) -> Result<(Topology, Vec<TopologyProblem>), BrokenFile> {
    let mut reader = quick_xml::Reader::from_reader(input);
    let mut buffer = Vec::new();
    // Attribute names by key id, and the name of the <data> being read with its text so far.
    let mut keys: BTreeMap<String, String> = BTreeMap::new();
    let mut data: Option<(String, String)> = None;
    let mut draft = Draft::default();
    let (mut root_open, mut root_closed) = (false, false);
    loop {
        let at = reader.buffer_position();
        let damaged = |what: Said| BrokenFile::damaged(path, Some(at), what);
        buffer.clear();
        let event = match reader.read_event_into(&mut buffer) {
            Ok(event) => event,
            Err(e) => {
                return Err(BrokenFile::damaged(path, Some(reader.error_position()), Said::foreign(&e)));
            }
        };
        let empty = matches!(event, Event::Empty(_));
        match event {
            Event::Start(start) | Event::Empty(start) => {
                let name = start.name().0.rsplit(':').next().unwrap_or_default().to_owned();
                if !root_open && name != "graphml" {
                    return Err(damaged(not_root(&name, "graphml")));
                }
                let get = |key: &str| attribute(&start, key).map_err(|e| damaged(Said::foreign(&e)));
                let need = |key: &str| required(&start, key).map_err(|e| damaged(Said::foreign(&e)));
                match name.as_str() {
                    "graphml" => root_open = true,
                    "key" => {
                        let shown = get("attr.name")?.unwrap_or_default().to_lowercase();
                        keys.insert(need("id")?, shown);
                    }
                    "node" => draft.node = Some((need("id")?, Data::new())),
                    "edge" => draft.edge = Some(([need("source")?, need("target")?], Data::new())),
                    "data" if !empty => {
                        let key = need("key")?;
                        data = Some((keys.get(&key).cloned().unwrap_or(key), String::new()));
                    }
                    _ => {}
                }
                if empty {
                    draft.close(&name);
                }
            }
            Event::Text(text) => {
                if let Some((_, value)) = &mut data {
                    value.push_str(&text.xml_content(XmlVersion::Implicit1_0));
                }
            }
            Event::CData(text) => {
                if let Some((_, value)) = &mut data {
                    value.push_str(&text.xml_content(XmlVersion::Implicit1_0));
                }
            }
            Event::GeneralRef(reference) => {
                if let Some((_, value)) = &mut data {
                    let named = quick_xml::escape::resolve_predefined_entity(
                        &reference.xml_content(XmlVersion::Implicit1_0),
                    );
                    match (reference.resolve_char_ref(), named) {
                        (Ok(Some(c)), _) => value.push(c),
                        (_, Some(text)) => value.push_str(text),
                        _ => return Err(damaged(UNKNOWN_ENTITY.into())),
                    }
                }
            }
            Event::End(end) => {
                let name = end.name().0.rsplit(':').next().unwrap_or_default().to_owned();
                match name.as_str() {
                    "graphml" => root_closed = true,
                    "data" => {
                        if let Some((key, value)) = data.take() {
                            draft.owner().insert(key, value.trim().to_owned());
                        }
                    }
                    _ => draft.close(&name),
                }
            }
            Event::Eof if root_closed => break,
            Event::Eof => return Err(damaged(cut_off("graphml"))),
            _ => {}
        }
    }
    Ok(build(draft))
}

fn build(draft: Draft) -> (Topology, Vec<TopologyProblem>) {
    let Draft { graph, nodes, edges, .. } = draft;
    let mut problems = Vec::new();
    let get = |data: &Data, key: &str| data.get(key).cloned().unwrap_or_default();
    let name = Some(get(&graph, "network")).filter(|n| !n.is_empty()).unwrap_or_else(|| get(&graph, "label"));
    let mut out = Topology { name, layer: get(&graph, "layer"), ..Topology::default() };
    let mut index: BTreeMap<String, usize> = BTreeMap::new();
    for (id, data) in nodes {
        if index.contains_key(&id) {
            problems.push(TopologyProblem::DoubleNode { id });
            continue;
        }
        let label = Some(get(&data, "label")).filter(|l| !l.is_empty()).unwrap_or_else(|| id.clone());
        let (lon, lat) = (get(&data, "longitude"), get(&data, "latitude"));
        let at = match (lon.parse::<f64>(), lat.parse::<f64>()) {
            (Ok(x), Ok(y)) => LonLat::new(x, y).ok(),
            _ => None,
        };
        if lon.is_empty() && lat.is_empty() {
            problems.push(TopologyProblem::NoPosition { id: id.clone(), label: label.clone() });
        } else if at.is_none() {
            let value = format!("{lon}, {lat}");
            problems.push(TopologyProblem::BadPosition { id: id.clone(), label: label.clone(), value });
        }
        index.insert(id.clone(), out.nodes.len());
        let internal = get(&data, "internal") != "0";
        out.nodes.push(TopologyNode { id, label, country: get(&data, "country"), at, internal });
    }
    for ([source, target], data) in edges {
        match (index.get(&source), index.get(&target)) {
            (Some(a), Some(b)) if a == b => problems.push(TopologyProblem::Loop { id: source }),
            (Some(&from), Some(&to)) => {
                let speed = get(&data, "linkspeedraw").parse::<f64>().ok();
                let speed_bps = speed.filter(|v| v.is_finite() && *v > 0.0);
                out.links.push(TopologyLink { from, to, label: get(&data, "linklabel"), speed_bps });
            }
            _ => problems.push(TopologyProblem::UnknownEnd { from: source, to: target }),
        }
    }
    (out, problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts by Python's ElementTree on the same files.
    #[test]
    fn topology_zoo() {
        for (file, name, nodes, links, lost) in [
            ("Chinanet.graphml", "China Telecom", 42, 66, ["10", "11", "20", "21"]),
            ("Cernet.graphml", "Cernet", 41, 59, ["10", "11", "18", "19"]),
        ] {
            let root = std::env::var("COVPLAN_SHARED").unwrap_or_else(|_| "../shared".into());
            let path = Path::new(&root).join("data/fiber_topology_zoo").join(file);
            if !path.exists() {
                eprintln!("skipped: {} not found", path.display());
                return;
            }
            let (net, problems) = read(&path).expect("a sound file");
            assert_eq!((net.nodes.len(), net.links.len()), (nodes, links), "{file}");
            assert!(net.name.starts_with(name), "{}", net.name);
            let without: Vec<&str> =
                net.nodes.iter().filter(|n| n.at.is_none()).map(|n| n.id.as_str()).collect();
            assert_eq!(without, lost, "{file}");
            assert_eq!(problems.len(), lost.len(), "{problems:?}");
            assert!(problems.iter().all(|p| matches!(p, TopologyProblem::NoPosition { .. })));
            let beijing = net.nodes.iter().find(|n| n.label == "Beijing").expect("Beijing is there");
            let at = beijing.at.expect("placed");
            assert!((at.lon_deg() - 116.4).abs() < 0.1 && (at.lat_deg() - 39.9).abs() < 0.1);
        }
    }

    fn parsed(body: &str) -> Result<(Topology, Vec<TopologyProblem>), BrokenFile> {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("t.graphml");
        std::fs::write(&path, body).expect("written");
        read(&path)
    }

    const KEYS: &str = r#"<graphml><key id="a" for="node" attr.name="Latitude"/><key id="b" for="node" attr.name="longitude"/>
        <key id="c" for="node" attr.name="label"/><key id="d" for="edge" attr.name="LinkSpeedRaw"/><graph>"#;

    #[test]
    fn every_problem_is_listed() {
        let (net, problems) = parsed(&format!(
            r#"{KEYS}<node id="1"><data key="a">32</data><data key="b">118.5</data><data key="c">A &amp; &#x5357;京<![CDATA[<b>]]></data></node>
            <node id="2"><data key="a">320</data><data key="b">118</data></node><node id="1"/><node id="3"/>
            <edge source="1" target="2"><data key="d">2.5e9</data></edge><edge source="1" target="9"/><edge source="3" target="3"/>
            </graph></graphml>"#
        ))
        .expect("a sound file");
        assert_eq!(net.nodes.len(), 3);
        assert_eq!(net.nodes[0].label, "A & 南京<b>");
        assert_eq!(
            net.links,
            [TopologyLink { from: 0, to: 1, label: String::new(), speed_bps: Some(2.5e9) }]
        );
        let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "node 2 (2) has no valid coordinates: 118, 320",
                "node 1 appears twice",
                "node 3 (3) has no coordinates",
                "a link from 1 to 9 ends at an unknown node",
                "a link from 3 to itself",
            ]
        );
    }

    #[test]
    fn broken_files_name_the_byte() {
        for body in [
            "",
            "plain text",
            "<osm></osm>",
            "<graphml><graph><node id=\"1\">",
            "<graphml><graph><node/></graph></graphml>",
            "<graphml><graph></graphml>",
            "<graphml><graph><edge source=\"1\"/></graph></graphml>",
            "<graphml><graph><data key=\"x\">&bad;</data></graph></graphml>",
        ] {
            match parsed(body) {
                Err(BrokenFile::Damaged { offset: Some(_), .. }) => {}
                other => panic!("{body}: {other:?}"),
            }
        }
    }
}
