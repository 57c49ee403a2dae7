//! Symbols of the definition as QGIS's symbols.

use super::{number, option, options};
use crate::report::symbology::{Mark, Rgb, Symbol};
use crate::report::xml::Element;
use std::borrow::Cow;

/// A hollow marker hides nothing.
const HOLLOW: (Rgb, f64) = (Rgb(0xff, 0xff, 0xff), 0.0);

pub(super) fn colour(c: Rgb, opacity: f64) -> String {
    format!("{},{},{},{:.0}", c.0, c.1, c.2, opacity * 255.0)
}

const fn shape(mark: Mark) -> &'static str {
    match mark {
        Mark::Circle => "circle",
        Mark::Square => "square",
        Mark::Triangle => "triangle",
        Mark::Diamond => "diamond",
        Mark::Star => "star",
        Mark::Pentagon => "pentagon",
    }
}

/// A symbol under a name.
pub(super) fn symbol(name: impl Into<Cow<'static, str>>, s: &Symbol) -> Element {
    let (kind, class, list) = match *s {
        Symbol::Marker { mark, size_mm, fill, edge, edge_mm } => {
            let (inside, opacity) = fill.map_or(HOLLOW, |f| (f, 1.0));
            let list = vec![
                option("name", shape(mark)),
                option("color", colour(inside, opacity)),
                option("outline_color", colour(edge, 1.0)),
                option("outline_style", "solid"),
                option("outline_width", number(edge_mm)),
                option("outline_width_unit", "MM"),
                option("joinstyle", "bevel"),
                option("size", number(size_mm)),
                option("size_unit", "MM"),
                option("scale_method", "diameter"),
            ];
            ("marker", "SimpleMarker", list)
        }
        Symbol::Line { colour: c, width_mm, dashed } => {
            let list = vec![
                option("line_color", colour(c, 1.0)),
                option("line_style", "solid"),
                option("line_width", number(width_mm)),
                option("line_width_unit", "MM"),
                option("capstyle", if dashed { "flat" } else { "round" }),
                option("joinstyle", "round"),
                option("use_custom_dash", if dashed { "1" } else { "0" }),
                option("customdash", "2.4;1.2"),
                option("customdash_unit", "MM"),
            ];
            ("line", "SimpleLine", list)
        }
        Symbol::Area { fill, opacity, edge, edge_mm } => {
            let list = vec![
                option("color", colour(fill, opacity)),
                option("style", "solid"),
                option("outline_color", colour(edge, 1.0)),
                option("outline_style", "solid"),
                option("outline_width", number(edge_mm)),
                option("outline_width_unit", "MM"),
                option("joinstyle", "bevel"),
            ];
            ("fill", "SimpleFill", list)
        }
    };
    let layer = Element::new("layer")
        .with("class", class)
        .all(&[("enabled", "1"), ("locked", "0"), ("pass", "0")])
        .child(options(list));
    Element::new("symbol")
        .with("name", name)
        .with("type", kind)
        .all(&[("alpha", "1"), ("clip_to_extent", "1"), ("force_rhr", "0")])
        .child(layer)
}
