//! Sheets to print: A4 and A3 with title, map, legend, scale bar and sources.

use super::layer::paper;
use super::number;
use super::project::MapSystem;
use crate::model::inputs::{Inputs, LayerInfo};
use crate::model::kinds::Lang;
use crate::model::schema::Layer;
use crate::report::text::display_width;
use crate::report::xml::Element;
use std::collections::BTreeMap;

/// What stands around the map of a sheet.
pub struct Sheet {
    /// Heading.
    pub title: String,
    /// Remarks under it: synthetic, redacted, inferred.
    pub lines: Vec<String>,
    /// Where the data come from.
    pub sources: String,
}

impl Sheet {
    /// A sheet that names the inputs that were read.
    #[must_use]
    pub fn new(title: &str, lines: Vec<String>, inputs: &Inputs, lang: Lang) -> Self {
        let from = |info: &LayerInfo| {
            // On paper the folder of a file tells nothing.
            let file = |f: &String| f.rsplit(['/', '\\']).next().unwrap_or(f).to_owned();
            let files = || info.files.iter().map(file).collect::<Vec<_>>().join(", ");
            let source = info.source.clone().unwrap_or_else(files);
            let parts = [source, info.as_of.clone().unwrap_or_default()];
            parts.into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(", ")
        };
        let mut by_source: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (name, info) in &inputs.layers {
            let name = Layer::named(name).map_or(name.as_str(), |l| lang.pick(l.name, l.zh));
            by_source.entry(from(info)).or_default().push(name);
        }
        let list: Vec<String> = by_source
            .iter()
            .map(|(from, names)| match (from.as_str(), names.join(lang.pick(", ", "、"))) {
                ("", names) => names,
                (from, names) => match lang {
                    Lang::En => format!("{names} ({from})"),
                    Lang::Zh => format!("{names}（{from}）"),
                },
            })
            .collect();
        let sources = format!("{}{}", lang.pick("Sources: ", "数据来源："), list.join(lang.pick("; ", "；")));
        Self {
            title: plain(title),
            lines: lines.iter().map(|l| plain(l)).collect(),
            sources: plain(&sources),
        }
    }
}

/// A text that QGIS doesn't take for an expression.
fn plain(text: &str) -> String {
    text.replace("[%", "[ %")
}

/// Lines that a text takes in a width: letters are about half as wide as high, Chinese ones as wide.
fn lines_of(text: &str, size_pt: f64, width_mm: f64) -> f64 {
    let column_mm = size_pt * 25.4 / 72.0 * 0.58;
    text.lines().map(|l| (display_width(l) as f64 * column_mm / width_mm).ceil().max(1.0)).sum()
}

/// Width of the column of the legend, mm, on the smaller sheet.
const LEGEND_MM: f64 = 78.0;
const MARGIN_MM: f64 = 8.0;
const VERSION: &str = env!("CARGO_PKG_VERSION");

struct Paper {
    name: &'static str,
    width_mm: f64,
    height_mm: f64,
    /// Letters and legend grow with the sheet.
    factor: f64,
}

const PAPERS: [Paper; 2] = [
    Paper { name: "A4", width_mm: 297.0, height_mm: 210.0, factor: 1.0 },
    Paper { name: "A3", width_mm: 420.0, height_mm: 297.0, factor: 1.25 },
];

pub(super) fn layouts(sheet: &Sheet, map: &MapSystem, theme: &str, lang: Lang) -> Element {
    Element::new("Layouts").children(PAPERS.iter().map(|paper| layout(paper, sheet, map, theme, lang)))
}

/// Left, top, width and height on the sheet, mm.
type Place = [f64; 4];

fn item(kind: &'static str, id: &'static str, [left, top, width, height]: Place) -> Element {
    let at = format!("{},{},mm", number(left), number(top));
    Element::new("LayoutItem")
        .with("type", kind)
        .with("id", id)
        .with("uuid", format!("{{covplan-{id}}}"))
        .with("templateUuid", format!("{{covplan-{id}}}"))
        .with("position", at.clone())
        .with("positionOnPage", at)
        .with("size", format!("{},{},mm", number(width), number(height)))
        .all(&[("referencePoint", "0"), ("visibility", "1"), ("opacity", "1"), ("itemRotation", "0")])
        .all(&[("excludeFromExports", "0"), ("positionLock", "false")])
}

fn font(size_pt: f64, bold: bool) -> String {
    format!("Open Sans,{},-1,5,{},0,0,0,0,0", number(size_pt), if bold { 75 } else { 50 })
}

fn label(id: &'static str, place: Place, text: &str, size_pt: f64, bold: bool) -> Element {
    item("65641", id, place)
        .with("labelText", text.to_owned())
        .all(&[("htmlState", "0"), ("halign", "1"), ("marginX", "0"), ("marginY", "0")])
        .with("valign", "32")
        .all(&[("frame", "false"), ("background", "false"), ("zValue", "4")])
        .child(Element::new("LabelFont").with("description", font(size_pt, bold)))
        .child(Element::new("FontColor").all(&[
            ("red", "27"),
            ("green", "31"),
            ("blue", "36"),
            ("alpha", "255"),
        ]))
}

fn layout(sheet_of: &Paper, sheet: &Sheet, map: &MapSystem, theme: &str, lang: Lang) -> Element {
    let Paper { name, width_mm, height_mm, factor } = *sheet_of;
    let head = 10.0 * factor;
    let across = width_mm - 2.0 * MARGIN_MM;
    let remark_text = sheet.lines.join("\n");
    // Chinese fonts set their lines wider apart.
    let leading = if lang == Lang::Zh { 1.55 } else { 1.3 };
    let line_mm = |size_pt: f64| size_pt * 25.4 / 72.0 * leading;
    let (remark_pt, source_pt) = (8.5 * factor, 7.0 * factor);
    let remarks = (lines_of(&remark_text, remark_pt, across) * line_mm(remark_pt)).min(height_mm / 5.0);
    let made = match lang {
        Lang::En => format!("Coordinate system: {}. Made with covplan {VERSION}.", map.name),
        Lang::Zh => format!("坐标系：{}。由 covplan {VERSION} 生成。", map.name),
    };
    let source_text = format!("{}\n{made}", sheet.sources);
    // A quarter of the sheet at most; the metadata of the layers say it all.
    let foot = (lines_of(&source_text, source_pt, across) * line_mm(source_pt) + 2.0).min(height_mm / 4.0);
    let legend = LEGEND_MM * factor;
    let top = MARGIN_MM + head + remarks;
    let map_place = [MARGIN_MM, top, width_mm - 3.0 * MARGIN_MM - legend, height_mm - top - MARGIN_MM - foot];
    let beside = map_place[0] + map_place[2] + MARGIN_MM;
    let shown = framed(map.bounds, map_place[2] / map_place[3]);
    let mut items =
        vec![label("title", [MARGIN_MM, MARGIN_MM, across, head], &sheet.title, 17.0 * factor, true)];
    if !remark_text.is_empty() {
        let place = [MARGIN_MM, MARGIN_MM + head, across, remarks];
        items.push(label("remarks", place, &remark_text, remark_pt, false));
    }
    items.push(map_item(map_place, shown, theme));
    items.push(legend_item([beside, top, legend, map_place[3] - 16.0 * factor], factor, lang));
    if map.metres {
        let place = [beside, top + map_place[3] - 13.0 * factor, legend, 13.0 * factor];
        items.push(scale_bar(place, shown[2] - shown[0], map_place[2], legend, factor));
    }
    let place = [MARGIN_MM, height_mm - MARGIN_MM - foot + 1.5, across, foot - 1.5];
    items.push(label("sources", place, &source_text, source_pt, false));
    let page = item("65638", "page", [0.0, 0.0, width_mm, height_mm]).child(paper());
    Element::new("Layout")
        .with("name", name)
        .all(&[("units", "mm"), ("printResolution", "300"), ("worldFileMap", "")])
        .child(Element::new("PageCollection").child(paper()).child(page))
        .children(items)
}

/// Bounds widened to the shape of the frame.
fn framed([w, s, e, n]: [f64; 4], ratio: f64) -> [f64; 4] {
    let (width, height) = (e - w, n - s);
    let (x, y) = ((w + e) / 2.0, (s + n) / 2.0);
    let (width, height) =
        if width / height > ratio { (width, width / ratio) } else { (height * ratio, height) };
    [x - width / 2.0, y - height / 2.0, x + width / 2.0, y + height / 2.0]
}

fn map_item(place: Place, [w, s, e, n]: [f64; 4], theme: &str) -> Element {
    item("65639", "map", place)
        .with("followPresetName", theme.to_owned())
        .all(&[("followPreset", "true"), ("keepLayerSet", "false"), ("mapRotation", "0"), ("zValue", "1")])
        .all(&[("frame", "true"), ("background", "true"), ("outlineWidthM", "0.2,mm"), ("mapFlags", "0")])
        .child(Element::new("FrameColor").all(&[
            ("red", "140"),
            ("green", "149"),
            ("blue", "159"),
            ("alpha", "255"),
        ]))
        .child(
            Element::new("Extent")
                .with("xmin", number(w))
                .with("ymin", number(s))
                .with("xmax", number(e))
                .with("ymax", number(n)),
        )
}

/// The legend of what the map shows.
fn legend_item(place: Place, factor: f64, lang: Lang) -> Element {
    let style = |name: &'static str, size: f64, bold, top: &'static str| {
        Element::new("style")
            .with("name", name)
            .with("marginTop", top)
            .with("marginLeft", if name == "symbolLabel" { "1.5" } else { "0" })
            .with("marginBottom", if name == "title" { "2" } else { "0.6" })
            .all(&[("alignment", "1"), ("indent", "0")])
            .child(Element::new("styleFont").with("description", font(size * factor, bold)))
    };
    item("65642", "legend", place)
        .with("title", lang.pick("Legend", "图例"))
        .with("map_uuid", "{covplan-map}")
        .with("fontColor", "#1b1f24")
        .with("symbolHeight", number(3.2 * factor))
        .with("symbolWidth", number(6.0 * factor))
        .all(&[("legendFilterByMap", "1"), ("legendFilterByAtlas", "0"), ("resizeToContents", "1")])
        .all(&[("columnCount", "1"), ("splitLayer", "0"), ("equalColumnWidth", "0"), ("boxSpace", "0")])
        .all(&[
            ("columnSpace", "2"),
            ("lineSpacing", "0.6"),
            ("symbolAlignment", "1"),
            ("titleAlignment", "1"),
        ])
        .all(&[("wrapChar", "|"), ("frame", "false"), ("background", "true"), ("zValue", "2")])
        .child(Element::new("styles").children([
            style("title", 11.0, true, "0"),
            style("group", 9.5, true, "1.6"),
            style("subgroup", 8.0, true, "1.4"),
            style("symbol", 7.5, false, "0.8"),
            style("symbolLabel", 7.5, false, "0.6"),
        ]))
}

/// A bar of two segments of a round length that fits the column.
fn scale_bar(place: Place, map_metres: f64, map_mm: f64, room_mm: f64, factor: f64) -> Element {
    let most = map_metres / map_mm * room_mm * 0.35;
    let power = 10f64.powf(most.log10().floor());
    let step = [5.0, 2.0].into_iter().find(|f| power * f <= most).map_or(power, |f| power * f);
    let (unit, word, length) =
        if step >= 1000.0 { ("km", "km", step / 1000.0) } else { ("meters", "m", step) };
    item("65646", "scale", place)
        .with("mapUuid", "{covplan-map}")
        .with("unitType", unit)
        .with("unitLabel", word)
        .with("numUnitsPerSegment", number(length))
        .with("segmentMillimeters", number(step / map_metres * map_mm))
        .with("height", number(2.2 * factor))
        .all(&[("style", "Single Box"), ("numSegments", "2"), ("numSegmentsLeft", "0"), ("zValue", "3")])
        .all(&[("numMapUnitsPerScaleBarUnit", "1"), ("segmentSizeMode", "0"), ("numSubdivisions", "1")])
        .all(&[
            ("boxContentSpace", "0"),
            ("labelBarSpace", "1.5"),
            ("outlineWidth", "0.2"),
            ("alignment", "0"),
        ])
        .all(&[("minBarWidth", "20"), ("maxBarWidth", "150"), ("frame", "false"), ("background", "false")])
        .child(Element::new("text-style").with("fontSize", number(7.5 * factor)).all(&[
            ("fontSizeUnit", "Point"),
            ("textColor", "27,31,36,255"),
            ("textOpacity", "1"),
        ]))
        .child(Element::new("fillColor").all(&[
            ("red", "27"),
            ("green", "31"),
            ("blue", "36"),
            ("alpha", "255"),
        ]))
        .child(Element::new("fillColor2").all(&[
            ("red", "255"),
            ("green", "255"),
            ("blue", "255"),
            ("alpha", "255"),
        ]))
}
