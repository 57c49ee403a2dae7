//! The data dictionary: every layer and field that covplan writes, from the definitions that write them.

use super::document::{Cell, Table, pick, plain};
use super::geojson::geometry_name;
use super::layer::{Column, FieldKind, Layer, Layout, unit_word};
use super::symbology::codes;
use crate::model::kinds::Lang;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// The dictionary as Markdown. Of fields that stand once for each network, `slugs` names the networks as
/// field names do.
#[must_use]
pub fn dictionary(layers: &[&Layer], slugs: &[String], lang: Lang) -> String {
    let t = |en: &'static str, zh: &'static str| pick(lang, en, zh);
    let mut out = format!(
        "# {}\n\n{}\n",
        t("Data dictionary", "数据字典"),
        t(
            "Every layer and field that covplan writes, made from the definitions in `src/report` that write \
             them (in Chinese: [data-dictionary.zh.md](data-dictionary.zh.md)). `net_NETWORK_…` stands once \
             for each network. *Source* tells where a value comes from: the layer has a neighbour \
             `<field>_src` where that differs from row to row or a value is missing \
             ([outputs.md](outputs.md#rules-for-the-geojson)). *Short name* is the field's name in a \
             Shapefile.",
            "covplan 输出的全部图层与字段，由 `src/report` 中的定义生成（英文版：[data-dictionary.md](data-dictionary.md)）。\
             `net_NETWORK_…` 每个网络各一组。“来源”指取值出处；逐行不同或有缺失时，另有 `<字段>_src` 字段说明\
             （见 [outputs.md](outputs.md#rules-for-the-geojson)）。“短名”为 Shapefile 中的字段名。"
        )
    );
    for layer in layers {
        // Writing to a String doesn't fail.
        let _ = write!(
            out,
            "\n## `{}`{}{}\n\n{}{}{}{}{}{}{}\n\n| {} |\n|{}\n",
            layer.name,
            t(": ", "："),
            t(layer.title.0, layer.title.1),
            t("Geometry: ", "几何："),
            geometry(layer, lang),
            t(". Made: ", "。方法："),
            t(layer.method.0, layer.method.1),
            t(". Input layers: ", "。输入图层："),
            layer.inputs.iter().map(|i| format!("`{i}`")).collect::<Vec<_>>().join(t(", ", "、")),
            t(".", "。"),
            [
                t("Field", "字段"),
                t("Type", "类型"),
                t("Unit", "单位"),
                t("Meaning", "含义"),
                t("Source", "来源"),
                t("Short name", "短名"),
            ]
            .join(" | "),
            "---|".repeat(6),
        );
        let short = layer.short_names();
        let mut seen = BTreeSet::new();
        for (column, short) in layer.columns.iter().zip(&short) {
            let network = slugs.iter().find_map(|s| column.field.name.strip_prefix(&format!("net_{s}_")));
            let name = network.map_or(column.field.name.to_string(), |rest| format!("net_NETWORK_{rest}"));
            if !seen.insert(name.clone()) {
                continue;
            }
            let cells = [
                format!("`{name}`"),
                kind(column.field.kind, lang).to_owned(),
                unit_word(column.field.unit, lang).to_owned(),
                meaning(layer, column, network.is_some(), lang),
                source(column, &name, lang),
                if network.is_some() { String::new() } else { format!("`{short}`") },
            ];
            let _ = writeln!(out, "| {} |", cells.map(|c| c.replace('|', "\\|")).join(" | "));
        }
    }
    out
}

/// The dictionary of a run as a table, to be filled with [`describe`].
#[must_use]
pub fn table(lang: Lang) -> Table {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    Table::new(
        "dictionary",
        t("Data dictionary", "数据字典"),
        vec![
            t("Layer", "图层"),
            t("Field", "字段"),
            t("Type", "类型"),
            t("Unit", "单位"),
            t("Meaning", "含义"),
            t("Source", "来源"),
            t("Short name (Shapefile)", "短名（Shapefile）"),
        ],
    )
}

/// Adds the fields that a layer of a run has, each as the files show it.
pub fn describe(dictionary: &mut Table, layer: &Layer, layout: &Layout, lang: Lang) {
    let t = |en: &'static str, zh: &'static str| pick(lang, en, zh);
    let short = layer.short_names();
    let mut push = |cells: [String; 6]| {
        let name = format!("{} ({})", t(layer.title.0, layer.title.1), layer.name);
        let cells = std::iter::once(name).chain(cells);
        dictionary
            .push(cells.map(|c| if c.is_empty() { Cell::Blank } else { Cell::Text(plain(&c)) }).collect());
    };
    for (&at, &with_src) in layout.shown.iter().zip(&layout.with_src) {
        let column = &layer.columns[at];
        let name = column.field.name.to_string();
        push([
            name.clone(),
            kind(column.field.kind, lang).to_owned(),
            unit_word(column.field.unit, lang).to_owned(),
            meaning(layer, column, false, lang).replace('`', ""),
            source(column, &name, lang).replace('`', ""),
            short[at].clone(),
        ]);
        if with_src {
            push([
                format!("{name}_src"),
                kind(FieldKind::Text, lang).to_owned(),
                String::new(),
                format!(
                    "{}{}",
                    column.alias(lang == Lang::Zh),
                    t(": where the value comes from", "：取值来源")
                ),
                String::new(),
                short[layer.columns.len() + at].clone(),
            ]);
        }
    }
}

fn geometry(layer: &Layer, lang: Lang) -> &'static str {
    match geometry_name(layer) {
        "Point" => pick(lang, "point", "点"),
        "LineString" | "MultiLineString" => pick(lang, "line", "线"),
        "MultiPolygon" => pick(lang, "area", "面"),
        _ => pick(lang, "none (a table)", "无（表格）"),
    }
}

const fn kind(kind: FieldKind, lang: Lang) -> &'static str {
    match kind {
        FieldKind::Text => pick(lang, "text", "文本"),
        FieldKind::Flag => pick(lang, "true/false", "是/否"),
        FieldKind::Int => pick(lang, "whole number", "整数"),
        FieldKind::Float(_) => pick(lang, "number", "数值"),
    }
}

/// Heading, explanation, and the codes with their words.
fn meaning(layer: &Layer, column: &Column, of_network: bool, lang: Lang) -> String {
    let zh = lang == Lang::Zh;
    let heading = column.alias(zh);
    // The heading of a network's field begins with the network.
    let heading =
        if of_network { heading.split_once(':').map_or(heading, |(_, h)| h.trim()) } else { heading };
    let mut text = heading.to_owned();
    let about = pick(lang, column.field.about.0, column.field.about.1);
    if !about.is_empty() {
        let _ = write!(text, "{}{about}", pick(lang, ": ", "："));
    }
    let list: Vec<String> = codes(layer.name, &column.field.name)
        .into_iter()
        .map(|(code, en, chinese)| match pick(lang, en, chinese) {
            word if word == code => format!("`{code}`"),
            word => format!("`{code}` {word}"),
        })
        .collect();
    if !list.is_empty() {
        let _ = write!(text, " ({})", list.join(pick(lang, ", ", "、")));
    }
    text
}

fn source(column: &Column, name: &str, lang: Lang) -> String {
    let Some(known) = column.one_source() else {
        return format!("`{name}_src`");
    };
    let words = match known {
        "given" => pick(lang, "your data", "输入数据"),
        "predicted" => pick(lang, "worked out", "计算得出"),
        "assumed" => pick(lang, "a default of the catalogue", "目录默认值"),
        "given or assumed" => pick(lang, "your data, else a default", "输入数据，缺失时取默认值"),
        "planned" => pick(lang, "the plan", "规划结果"),
        other => other,
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::super::layers::{self, Lookups};
    use super::super::redact::Released;
    use super::super::{center_layers, plan_layers, tables};
    use super::*;

    /// Set `COVPLAN_WRITE_DOCS=1` to write the pages anew.
    #[test]
    fn docs_hold_every_layer_and_field() {
        let (inputs, settings, plan) = (fixture::inputs(), fixture::settings(""), fixture::plan());
        let released = Released::plan(&inputs, &settings, &plan);
        let v = released.view();
        let look = Lookups::new(&v);
        let advice = crate::datacenter::Advice::default();
        let told = center_layers::CenterTables::new(&released, &advice);
        let contours = super::super::area::contours(&[], "");
        let all = [
            layers::sites(v, &look),
            layers::gaps(v, &look),
            layers::towers(v),
            layers::regions(v),
            plan_layers::stations(v, &plan),
            plan_layers::fiber_routes(v, &plan),
            plan_layers::lead_ins(&plan),
            plan_layers::pon_nodes(v, &plan),
            plan_layers::datacenters(v, &plan),
            center_layers::centers(v, &advice, &told, &[]),
            center_layers::clusters(v, &released, &advice),
            center_layers::assignments(v, &advice, &told),
            contours,
            tables::kpi(v),
        ];
        let all: Vec<&Layer> = all.iter().collect();
        for (lang, name) in [(Lang::En, "data-dictionary.md"), (Lang::Zh, "data-dictionary.zh.md")] {
            let text = dictionary(&all, &look.slugs, lang);
            let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
            if std::env::var_os("COVPLAN_WRITE_DOCS").is_some() {
                std::fs::write(&path, &text).unwrap();
            }
            let found = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(found == text, "docs/{name} is stale: run the tests with COVPLAN_WRITE_DOCS=1");
        }
    }
}
