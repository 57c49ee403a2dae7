//! The Open Fibre Data Standard 0.3: nodes and spans, as its JSON (a package of networks, or one network) or
//! as its GeoJSON. `fiber` takes both, `fiber_nodes` and `fiber_segments` one of them each
//! (<https://open-fibre-data-standard.readthedocs.io/en/0.3/reference/schema.html>).

use super::features::{Ask, Feature, FeatureFormat, Keys, PART_ROWS, Rows, Take};
use super::geojson::{FeatureFile, own, shape_of_json};
use super::source::{self, Fault};
use super::values::Owned;
use crate::model::kinds::LayMethod;
use crate::model::rules;
use serde_json::{Map, Value};

/// The format.
pub(super) struct Ofds;

/// Whether a file that begins so is the standard's: GeoJSON of another kind has no such features.
pub(super) fn begins(head: &[u8]) -> bool {
    let has = |word: &[u8]| memchr::memmem::find(head, word).is_some();
    head.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'{')
        && (has(b"open-fibre-data-standard") || has(b"\"featureType\"") && has(b"\"network\""))
}

/// What a feature of the standard is.
#[derive(Clone, Copy, PartialEq)]
enum What {
    Node,
    Span,
}

impl FeatureFormat for Ofds {
    fn read(&self, ask: &Ask<'_>, _layer: Option<&str>, take: &mut Take<'_>) -> Result<(), Fault> {
        let wanted = |what: What| match ask.layer.map(|l| l.name) {
            Some("fiber_nodes") => what == What::Node,
            Some("fiber_segments") => what == What::Span,
            _ => true,
        };
        if let Some(layer) = ask.layer.filter(|l| !l.name.starts_with("fiber")) {
            let message = (
                format!("ofds feeds fiber, fiber_nodes and fiber_segments, not {}", layer.name),
                format!("ofds 用于 fiber、fiber_nodes 与 fiber_segments，不能用于 {}", layer.name),
            );
            return Err(Fault::new(&rules::FORMAT_UNFIT, message));
        }
        let mut keys = Keys::default();
        let mut number = 1u32;
        if !is_geojson(ask)? {
            let mut found = Vec::new();
            let (document, crs) = document(ask)?;
            for network in networks(&document)? {
                for (list, what) in [("nodes", What::Node), ("spans", What::Span)] {
                    let things = network[list].as_array().into_iter().flatten().filter(|_| wanted(what));
                    for thing in things {
                        let Some(properties) = thing.as_object() else { continue };
                        let geometry = match what {
                            What::Node => properties.get("location"),
                            What::Span => properties.get("route"),
                        };
                        let shape = geometry.filter(|g| g.is_object()).map(shape_of_json);
                        let mut feature = feature(properties, what);
                        feature.shape = shape;
                        found.push(feature);
                    }
                }
            }
            let rows = keys.rows(found, number);
            let _ = take(Rows { names: &keys.names, crs: crs.as_deref(), rows })?;
            return Ok(());
        }
        let mut file = FeatureFile::open(ask.path, ask.spec.encoding.as_deref())?;
        let mut crs = None;
        while let Some(batch) = file.next_batch()? {
            let mut found = Vec::new();
            for f in batch.parse()? {
                let properties: Map<String, Value> =
                    f.properties.into_iter().map(|(k, v)| (k, json(v))).collect();
                let is_span = match properties.get("featureType").and_then(Value::as_str) {
                    Some(word) => word == "span",
                    None => properties.contains_key("start") || properties.contains_key("end"),
                };
                let what = if is_span { What::Span } else { What::Node };
                if crs.is_none() {
                    crs = properties.get("network").and_then(system);
                }
                if wanted(what) {
                    let mut feature = feature(&properties, what);
                    feature.shape = f.shape;
                    found.push(feature);
                }
            }
            for part in parts(found) {
                let n = part.len() as u32;
                let rows = keys.rows(part, number);
                number = number.saturating_add(n);
                if take(Rows { names: &keys.names, crs: crs.as_deref(), rows })?.is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

fn parts(mut features: Vec<Feature>) -> Vec<Vec<Feature>> {
    let mut out = Vec::new();
    while features.len() > PART_ROWS {
        let rest = features.split_off(PART_ROWS);
        out.push(std::mem::replace(&mut features, rest));
    }
    out.push(features);
    out
}

/// GeoJSON names its features within the first of them.
fn is_geojson(ask: &Ask<'_>) -> Result<bool, Fault> {
    let mut source = source::open(ask.path, ask.spec.encoding.as_deref())?;
    let mut head = Vec::new();
    source.fill(&mut head, 1 << 16)?;
    Ok(memchr::memmem::find(&head, b"\"Feature").is_some())
}

/// The whole document, and the system that its first network states.
fn document(ask: &Ask<'_>) -> Result<(Value, Option<String>), Fault> {
    let mut source = source::open(ask.path, ask.spec.encoding.as_deref())?;
    let mut text = Vec::new();
    loop {
        let before = text.len();
        source.fill(&mut text, 1 << 20)?;
        if text.len() == before {
            break;
        }
    }
    let document: Value = serde_json::from_slice(&text).map_err(|e| {
        let said = (format!("not JSON: {e}"), format!("不是 JSON：“{e}”"));
        Fault::at(&rules::FILE_DAMAGED, e.line() as u64, said)
    })?;
    let crs = networks(&document)?.first().and_then(|n| system(n));
    Ok((document, crs))
}

fn networks(document: &Value) -> Result<Vec<&Value>, Fault> {
    match document.get("networks") {
        Some(Value::Array(list)) => Ok(list.iter().collect()),
        None if document["nodes"].is_array() || document["spans"].is_array() => Ok(vec![document]),
        _ => Err(Fault::new(
            &rules::FORMAT_UNFIT,
            (
                "no `networks`, `nodes` or `spans`: it isn't OFDS",
                "没有 `networks`、`nodes` 或 `spans`：不是 OFDS",
            ),
        )),
    }
}

fn system(network: &Value) -> Option<String> {
    network["crs"]["name"].as_str().map(str::to_owned)
}

/// A property as GeoJSON's reader gives it, as JSON again: lists and objects come as their text.
fn json(value: Owned) -> Value {
    match value {
        Owned::Text(t) if t.starts_with(['{', '[']) => serde_json::from_str(&t).unwrap_or(Value::String(t)),
        Owned::Text(t) => Value::String(t),
        Owned::Number(n) => n.into(),
        Owned::Flag(b) => b.into(),
        Owned::Blank => Value::Null,
    }
}

/// The kind of a node, in this program's words; what it has no word for stays as it is, to be listed.
fn node_kind(word: &str) -> &str {
    match word {
        "exchange" | "pop" => "co",
        "aggregationPoint" => "agg",
        "cabinet" => "fdt",
        other => other,
    }
}

/// The state of a node or span, in this program's words.
fn status(word: &str) -> &str {
    match word {
        "operational" => "on_air",
        "underConstruction" => "building",
        "planned" | "proposed" => "planned",
        "decommissioned" | "inactive" => "removed",
        other => other,
    }
}

/// A node or span under the names of the layers' columns.
fn feature(p: &Map<String, Value>, what: What) -> Feature {
    let mut properties: Vec<(String, Owned)> = Vec::new();
    let mut put = |name: &str, value: Owned| {
        if value != Owned::Blank {
            properties.push((name.to_owned(), value));
        }
    };
    let text = |v: Option<&str>| v.map_or(Owned::Blank, |t| Owned::Text(t.to_owned()));
    let plain = |name: &str| {
        p.get(name).filter(|v| !v.is_object() && !v.is_array()).cloned().map_or(Owned::Blank, own)
    };
    put("id", plain("id"));
    put("name", plain("name"));
    // The publisher's name of an organisation is its id where it has no other.
    let owner = p.get("physicalInfrastructureProvider").map(|o| o["name"].as_str().or(o["id"].as_str()));
    put("owner", text(owner.flatten()));
    put("status", text(p.get("status").and_then(Value::as_str).map(status)));
    match what {
        What::Node => {
            let kind = p.get("type").and_then(|t| t.as_str().or(t[0].as_str()));
            put("kind", text(kind.map(node_kind)));
            put("can_tap", plain("accessPoint"));
        }
        What::Span => {
            let end = |name: &str| p.get(name).and_then(|n| n["id"].as_str().or(n.as_str()));
            put("from_node", text(end("start")));
            put("to_node", text(end("end")));
            put("fibers_total", plain("fibreCount"));
            if let Some(km) = p.get("fibreLength").and_then(Value::as_f64) {
                put("length_m", Owned::Number((km * 1e6).round() / 1e3));
            }
            // The standard tells above from below ground; its description may tell more.
            let described = p.get("deploymentDetails").and_then(|d| d["description"].as_str());
            let above = p.get("deployment").is_some_and(|d| d[0] == "aboveGround" || d == "aboveGround");
            let method = described.filter(|d| LayMethod::parse(d).is_some());
            put("method", text(method.or(above.then_some("aerial"))));
        }
    }
    Feature { properties, shape: None }
}
