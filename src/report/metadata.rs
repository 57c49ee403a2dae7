//! `NAME.metadata.json`: what the fields of a layer mean, where its data come from and how it was made.

use super::geojson::geometry_name;
use super::layer::{Layer, Layout};
use crate::model::inputs::Inputs;
use crate::model::kinds::Redaction;
use serde_json::{Value, json};

/// The metadata of one layer; `files` hold it, all in the system `crs`, or each in its own.
#[must_use]
pub fn metadata(
    layer: &Layer,
    layout: &Layout,
    inputs: &Inputs,
    level: Redaction,
    (files, crs): (Vec<Value>, String),
) -> Value {
    let short = layer.short_names();
    let count = layer.columns.len();
    let field = |at: usize| {
        let f = &layer.columns[at].field;
        let mut v = json!({
            "name": f.name,
            "type": f.kind.name(),
            "unit": f.unit,
            "alias": { "en": f.alias.0, "zh": f.alias.1 },
            "short_name": short[at],
        });
        if !f.about.0.is_empty() {
            v["about"] = json!({ "en": f.about.0, "zh": f.about.1 });
        }
        v
    };
    let fields: Vec<Value> = layout
        .shown
        .iter()
        .zip(&layout.with_src)
        .map(|(&at, &src)| {
            let mut v = field(at);
            if src {
                v["source_field"] = json!(format!("{}_src", layer.columns[at].field.name));
                v["source_short_name"] = json!(short[count + at]);
            }
            v
        })
        .collect();
    let left_out: Vec<Value> = layout.left_out.iter().map(|&at| field(at)).collect();
    let sources: Vec<Value> = layer
        .inputs
        .iter()
        .filter_map(|name| inputs.layers.get_key_value(*name))
        .map(|(name, info)| {
            json!({
                "layer": name,
                "files": info.files,
                "as_of": info.as_of,
                "source": info.source,
                "synthetic": info.synthetic,
            })
        })
        .collect();
    json!({
        "schema": "covplan/layer-metadata/1",
        "layer": layer.name,
        "title": { "en": layer.title.0, "zh": layer.title.1 },
        "geometry": geometry_name(layer),
        "crs": crs,
        "files": files,
        "features": layer.rows,
        "id_field": layer.columns.first().map(|c| c.field.name.as_ref()),
        "fields": fields,
        "fields_known_nowhere": left_out,
        "order": "by id, except that a feature whose every field is known, if there is one, stands first",
        "method": { "en": layer.method.0, "zh": layer.method.1 },
        "sources": sources,
        "redaction": level.code(),
    })
}
