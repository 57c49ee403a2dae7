//! What QGIS reads beside the layers: a style each, and a project that opens them all.
//!
//! Written for QGIS 3.20 and later, by hand: the same plan gives the same bytes, and QGIS needn't be there.

mod layer;
mod layout;
mod project;
mod symbol;

pub use layer::qml;
pub use layout::Sheet;
pub use project::{PROJECT, Project};

use super::xml::Element;

/// The line that QGIS begins its files with.
const DOCTYPE: &str = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n";

/// The oldest version that knows all that is written.
const VERSION: &str = "3.20.0";

fn option(name: &'static str, value: impl Into<std::borrow::Cow<'static, str>>) -> Element {
    Element::new("Option").with("name", name).with("value", value).with("type", "QString")
}

fn options(list: impl IntoIterator<Item = Element>) -> Element {
    Element::new("Option").with("type", "Map").children(list)
}

/// A number without needless digits.
fn number(v: f64) -> String {
    format!("{}", (v * 1e6).round() / 1e6)
}
