//! The style of one layer: legend, names on the map, headings of the fields, and the map tip that explains
//! a feature.

use super::symbol::{colour, symbol};
use super::{DOCTYPE, VERSION, number, options};
use crate::model::kinds::{Lang, RegionLevel};
use crate::report::formats::{GeometryKind, OutField, Table};
use crate::report::layer::{FieldKind, unit_word};
use crate::report::symbology::{Ask, Class, Naming, Rgb, Style, Symbol, Words, codes};
use crate::report::xml::{Element, escaped};
use std::fmt::Write as _;

/// Layers whose features `covplan explain` takes apart.
const EXPLAINED: [&str; 5] = ["sites", "gaps", "stations", "fiber_routes", "datacenters"];

const INK: Rgb = Rgb(0x1b, 0x1f, 0x24);

/// A style file, fitted to the fields of the table.
#[must_use]
pub fn qml(table: &Table, style: &Style) -> String {
    let style = style.clone().fitted(|name| has(table, name));
    let root = Element::new("qgis")
        .with("version", VERSION)
        .with("styleCategories", "Symbology|Labeling|Fields|Forms|MapTips")
        .with("labelsEnabled", if style.naming.is_some() { "1" } else { "0" })
        .children(body(table, &style))
        .child(Element::new("layerGeometryType").text(geometry_code(table.kind)));
    format!("{DOCTYPE}{root}\n")
}

const fn geometry_code(kind: Option<GeometryKind>) -> &'static str {
    match kind {
        Some(GeometryKind::Point) => "0",
        Some(GeometryKind::Line | GeometryKind::Lines) => "1",
        Some(GeometryKind::Areas) => "2",
        None => "4",
    }
}

pub(super) fn has(table: &Table, name: &str) -> bool {
    table.fields.iter().any(|f| f.name == name)
}

/// One of two words.
pub(super) fn said(lang: Lang, words: &Words) -> String {
    lang.pick(&words.0, &words.1).to_owned()
}

/// What style files and projects say alike; `style` must fit the table.
pub(super) fn body(table: &Table, style: &Style) -> Vec<Element> {
    let mut list = vec![renderer(style, table)];
    if let Some(naming) = &style.naming {
        list.push(labeling(naming, table));
    }
    list.push(widgets(table));
    let aliases = |(n, f): (usize, &OutField)| {
        Element::new("alias")
            .with("index", n.to_string())
            .with("field", table.called(f).to_owned())
            .with("name", heading(f, table.lang))
    };
    list.push(Element::new("aliases").children(table.fields.iter().enumerate().map(aliases)));
    list.push(Element::new("mapTip").text(tip(table, style)));
    list
}

/// Heading of a field with its unit.
fn heading(f: &OutField, lang: Lang) -> String {
    match unit_word(f.unit, lang) {
        "" => f.alias.clone(),
        unit => format!("{} [{unit}]", f.alias),
    }
}

/// A field in an expression, as the file calls it.
fn field(table: &Table, name: &str) -> String {
    let called = table.fields.iter().find(|f| f.name == name).map_or(name, |f| table.called(f));
    format!("\"{}\"", called.replace('"', "\"\""))
}

/// A text in an expression.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// Whether a flag is set, or whether it isn't. Older GDAL gives the flags of a Shapefile as texts: T, F and ?.
fn says(table: &Table, name: &str, yes: bool) -> String {
    let f = field(table, name);
    match (table.short_names, yes) {
        (true, yes) => format!("to_string({f}) IN ('{}', '{yes}')", if yes { 'T' } else { 'F' }),
        (false, true) => f,
        (false, false) => format!("NOT {f}"),
    }
}

fn filter(class: &Class, table: &Table) -> String {
    let one = |(name, ask): &(&str, Ask)| {
        let f = field(table, name);
        match ask {
            Ask::From(low, None) => format!("{f} >= {low}"),
            Ask::From(low, Some(high)) => format!("{f} >= {low} AND {f} < {high}"),
            Ask::Below(high) => format!("{f} < {high}"),
            Ask::Is(text) => format!("{f} = {}", literal(text)),
            Ask::Yes(wanted) => says(table, name, *wanted),
            Ask::Unknown => format!("{f} IS NULL"),
        }
    };
    class.when.iter().map(one).collect::<Vec<_>>().join(" AND ")
}

fn renderer(style: &Style, table: &Table) -> Element {
    let rules = style.classes.iter().enumerate().map(|(n, class)| {
        let rule = Element::new("rule")
            .with("key", format!("{{class-{n}}}"))
            .with("symbol", n.to_string())
            .with("label", said(table.lang, &class.label));
        match filter(class, table) {
            f if f.is_empty() => rule,
            f => rule.with("filter", f),
        }
    });
    let symbols = style.classes.iter().enumerate().map(|(n, c)| symbol(n.to_string(), &c.symbol));
    let order = Element::new("orderby").child(
        Element::new("orderByClause").with("asc", "0").with("nullsFirst", "0").text("area($geometry)"),
    );
    Element::new("renderer-v2")
        .with("type", "RuleRenderer")
        .with("enableorderby", if style.large_first { "1" } else { "0" })
        .all(&[("symbollevels", "0"), ("forceraster", "0"), ("referencescale", "-1")])
        .child(Element::new("rules").with("key", "{classes}").children(rules))
        .child(Element::new("symbols").children(symbols))
        .children(style.large_first.then_some(order))
}

/// Letters with a halo, for names on the map.
fn text_style(size_pt: f64, expression: String) -> Element {
    Element::new("text-style")
        .with("fontSize", number(size_pt))
        .with("fontSizeUnit", "Point")
        .with("textColor", colour(INK, 1.0))
        .all(&[("textOpacity", "1"), ("isExpression", "1"), ("multilineHeight", "1")])
        .with("fieldName", expression)
        .child(
            Element::new("text-buffer")
                .all(&[("bufferDraw", "1"), ("bufferSizeUnits", "MM"), ("bufferNoFill", "1")])
                .with("bufferSize", "0.7")
                .with("bufferColor", "255,255,255,230")
                .with("bufferOpacity", "0.9"),
        )
}

/// Names that give way to each other; nothing is drawn over another name.
fn labeling(naming: &Naming, table: &Table) -> Element {
    let name = format!("substr({}, 1, 24)", field(table, naming.field));
    let expression = match naming.before {
        Some(before) => format!("concat({}, '. ', {name})", field(table, before)),
        // A province is named where none of its parts can be.
        None if table.name() == "regions" => {
            let (level, province) = (field(table, "level"), literal(RegionLevel::Province.code()));
            format!("if({level} = {province} AND count(1) > 1, '', {name})")
        }
        None => name,
    };
    let areas = table.kind == Some(GeometryKind::Areas);
    let placement = Element::new("placement")
        // Horizontal in areas, around points in the order of cartographers.
        .with("placement", if areas { "4" } else { "6" })
        .with("priority", naming.priority.to_string())
        .with("fitInPolygonOnly", if areas { "1" } else { "0" })
        .all(&[("dist", "0.8"), ("distUnits", "MM"), ("offsetType", "1")])
        .with("predefinedPositionOrder", "TR,TL,BR,BL,R,L,TSR,BSR");
    let rendering = Element::new("rendering")
        .all(&[("drawLabels", "1"), ("displayAll", "0"), ("obstacle", "1"), ("limitNumLabels", "0")])
        .with("obstacleFactor", if areas { "0" } else { "0.6" })
        .with("scaleVisibility", if naming.from_scale.is_some() { "1" } else { "0" })
        .with("scaleMin", "0")
        .with("scaleMax", number(naming.from_scale.unwrap_or(0.0)));
    Element::new("labeling").with("type", "simple").child(
        Element::new("settings")
            .with("calloutType", "simple")
            .child(text_style(naming.size_pt, expression))
            .child(Element::new("text-format").with("wrapChar", "").with("multilineAlign", "3"))
            .child(placement)
            .child(rendering),
    )
}

/// Fields of codes show words.
fn widgets(table: &Table) -> Element {
    let zh = table.lang == Lang::Zh;
    let fields = table.fields.iter().filter_map(|f| {
        let list = codes(table.name(), &f.name);
        if list.is_empty() {
            return None;
        }
        let entries = list.into_iter().map(|(code, en, chinese)| {
            let label = if zh { chinese } else { en };
            Element::new("Option")
                .with("type", "Map")
                .child(Element::new("Option").with("name", label).with("value", code).with("type", "QString"))
        });
        let map = Element::new("Option").with("name", "map").with("type", "List").children(entries);
        Some(
            Element::new("field").with("name", table.called(f).to_owned()).child(
                Element::new("editWidget")
                    .with("type", "ValueMap")
                    .child(Element::new("config").child(options([map]))),
            ),
        )
    });
    Element::new("fieldConfiguration").children(fields)
}

/// What a map tip says: every field of the style with its source, then the method.
fn tip(table: &Table, style: &Style) -> String {
    let lang = table.lang;
    let unknown = literal(lang.pick("unknown", "未知"));
    let mut html = String::from("<table>");
    let fields = style.tip.iter().filter_map(|name| table.fields.iter().find(|f| f.name == *name));
    // One reason, in the language of the tip.
    let other_language = lang.pick("reason_zh", "reason_en");
    for f in fields.filter(|f| f.name != other_language) {
        let value = shown(table, f);
        let source = format!("{}_src", f.name);
        let source = if has(table, &source) {
            format!(" <small>[% coalesce({}, '') %]</small>", field(table, &source))
        } else {
            String::new()
        };
        // Writing to a String doesn't fail.
        let _ = write!(
            html,
            "<tr><td>{}</td><td><b>[% coalesce({value}, {unknown}) %]</b>{source}</td></tr>",
            escaped(&f.alias)
        );
    }
    html.push_str("</table>");
    let method = lang.pick(table.layer.method.0, table.layer.method.1);
    let _ = write!(html, "<p><small>{}</small></p>", escaped(method));
    if EXPLAINED.contains(&table.name())
        && let Some(id) = table.fields.first()
    {
        let _ = write!(
            html,
            "<p><small><code>covplan explain . [% {} %]</code></small></p>",
            safe(table, &id.name)
        );
    }
    html
}

/// A text field that can't be taken for markup.
fn safe(table: &Table, name: &str) -> String {
    format!("replace({}, map('&', '&amp;', '<', '&lt;', '>', '&gt;'))", field(table, name))
}

fn shown(table: &Table, f: &OutField) -> String {
    let name = field(table, &f.name);
    let unit = match unit_word(f.unit, table.lang) {
        "" => String::new(),
        unit => format!(" || {}", literal(&format!(" {unit}"))),
    };
    match f.kind {
        FieldKind::Text if codes(table.name(), &f.name).is_empty() => safe(table, &f.name),
        // The words of a code that isn't known are the code.
        FieldKind::Text => format!("represent_value({name})"),
        FieldKind::Flag => format!(
            "CASE WHEN {} THEN {} WHEN {} THEN {} END",
            says(table, &f.name, true),
            literal(table.lang.pick("yes", "是")),
            says(table, &f.name, false),
            literal(table.lang.pick("no", "否"))
        ),
        FieldKind::Int => format!("format_number({name}, 0){unit}"),
        FieldKind::Float(_) if f.unit == "share" => format!("format_number(100 * {name}, 1) || ' %'"),
        FieldKind::Float(decimals) => format!("format_number({name}, {decimals}){unit}"),
    }
}

/// The symbol of a sheet of paper.
pub(super) fn paper() -> Element {
    let white = Rgb(0xff, 0xff, 0xff);
    symbol("", &Symbol::Area { fill: white, opacity: 1.0, edge: white, edge_mm: 0.0 })
}
