//! The layers as documentation: what `docs/layers.md` holds.

use super::{Column, LAYERS, Shape};
use std::fmt::Write as _;

/// The columns of all layers as Markdown.
#[must_use]
pub fn markdown() -> String {
    let mut out = String::from(
        "# Input layers\n\n\
         One `[layers.NAME]` table of the project file names each layer. Need: R required, C required in a case \
         (where missing, an id is made or the catalogue's value is taken, and flagged), O optional. Blank is \
         unknown, never zero or \"no\". A header may carry its unit in brackets, such as `营业收入(万元)` or \
         `freq (GHz)`: the values are converted. Values outside the range count as unknown and are listed. \
         Headers are compared without case, blanks and punctuation.\n\n\
         `x_m`, `y_m` need a `crs`; in Gauss-Krueger grids X is north. A row's position may also be the format's \
         own geometry, WKT, or both coordinates in one text.\n",
    );
    for layer in LAYERS {
        let shape = match layer.shape {
            Shape::Point => "points",
            Shape::Line => "lines",
            Shape::Area => "areas",
            Shape::Any => "points or lines",
            Shape::None => "no geometry",
            Shape::Grid => "a grid: GeoTIFF or SRTM tiles, a file, several, or a folder",
            Shape::Patterns => "MSI (Planet) files: one, several, or a folder of `.msi` and `.pln`",
        };
        let _ = write!(out, "\n## {} ({})\n\n{}; {shape}.\n", layer.name, layer.zh, layer.doc);
        if matches!(layer.shape, Shape::Grid | Shape::Patterns) {
            continue;
        }
        out.push_str("\n| Column | 名称 | Type | Unit | Range | Need | Also known as | Meaning |\n|---|---|---|---|---|---|---|---|\n");
        for c in layer.columns() {
            let _ = writeln!(
                out,
                "| `{}` | {} | {} | {} | {} | {} | {} | {} |",
                c.name,
                c.zh,
                kind(c),
                c.unit,
                range(c),
                c.need.letter(),
                c.aliases.join(", "),
                c.doc
            );
        }
    }
    out
}

fn kind(c: &Column) -> String {
    let words = c.words();
    if words.is_empty() { c.kind.word().to_owned() } else { words.join(", ") }
}

fn range(c: &Column) -> String {
    if c.min.is_finite() && c.max.is_finite() { format!("{}–{}", c.min, c.max) } else { String::new() }
}

#[cfg(test)]
mod tests {
    /// Set `COVPLAN_WRITE_DOCS=1` to write the file anew.
    #[test]
    fn the_document_is_up_to_date() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/layers.md");
        let text = super::markdown();
        if std::env::var_os("COVPLAN_WRITE_DOCS").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
        assert!(found == text, "docs/layers.md is stale: run the tests with COVPLAN_WRITE_DOCS=1");
    }
}
