//! How layers are drawn: one definition of classes, colours and words, from which the QGIS styles, the QGIS
//! project and simplestyle properties are made. The map of the HTML report has the same colours and shapes,
//! which a test holds.
//!
//! Colours are those of Okabe and Ito ("Color Universal Design", 2008), which colour-blind readers tell
//! apart; shapes or sizes differ as well, so that no one depends on colour alone.

use super::center_layers::{binding_label, factor_label, hall_label};
use super::layer::{FieldKind, Layer, Value};
use super::plan_layers::{build_label, pon_label, state_code, state_label};
use crate::coverage::Term;
use crate::datacenter::centers::Binding;
use crate::datacenter::places::FactorSource;
use crate::model::kinds::{
    CoordSource, DcTier, FirmSize, Indoor5g, LatencyBasis, LayMethod, RegionLevel, ServiceClass, SiteStatus,
    Wall,
};
use crate::model::planned::{ConnectionState, PonKind, StationBuild};
use crate::model::settings::{HallKind, Settings};
use std::borrow::Cow;

mod drawings;

use drawings::{
    assignments, by_score, centers, clusters, contours, datacenters, fiber_routes, gaps, lead_ins, pon_nodes,
    regions, stations, towers,
};

/// English and Chinese.
pub type Words = (Cow<'static, str>, Cow<'static, str>);

/// A colour: red, green, blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rgb(pub u8, pub u8, pub u8);

impl Rgb {
    /// As HTML and simplestyle write it.
    #[must_use]
    pub fn hex(self) -> String {
        format!("#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

/// Sites far below target.
pub const CRITICAL: Rgb = Rgb(0xd5, 0x5e, 0x00);
/// Sites below target.
pub const GAP: Rgb = Rgb(0xe6, 0x9f, 0x00);
/// Sites on target.
pub const MET: Rgb = Rgb(0x00, 0x72, 0xb2);
/// What isn't known.
pub const UNKNOWN: Rgb = Rgb(0x6e, 0x77, 0x81);
/// Planned stations.
pub const STATION: Rgb = Rgb(0x00, 0x9e, 0x73);
/// Data centers.
pub const CENTER: Rgb = Rgb(0x11, 0x11, 0x11);
/// Planned fiber.
pub const ROUTE: Rgb = Rgb(0xaa, 0x33, 0x77);
/// Towers of today.
pub const TOWER: Rgb = Rgb(0xb6, 0xbe, 0xc7);
/// Outlines of regions.
pub const OUTLINE: Rgb = Rgb(0x8c, 0x95, 0x9f);
/// Regions.
pub const GROUND: Rgb = Rgb(0xee, 0xf2, 0xf5);
const WHITE: Rgb = Rgb(0xff, 0xff, 0xff);

/// When a layer tells its story.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// What the plan does.
    Plan,
    /// The state after it.
    After,
    /// The state of today.
    Today,
}

impl Group {
    /// From the top of a legend down.
    pub const ALL: [Self; 3] = [Self::Plan, Self::After, Self::Today];

    /// Name, English and Chinese.
    #[must_use]
    pub const fn label(self) -> (&'static str, &'static str) {
        match self {
            Self::Plan => ("Plan", "规划"),
            Self::After => ("After the plan", "规划后"),
            Self::Today => ("Today", "现状"),
        }
    }
}

/// What a class asks of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    /// At least this, and below that where there is an end.
    From(f64, Option<f64>),
    /// Below this.
    Below(f64),
    /// This text.
    Is(&'static str),
    /// True or false.
    Yes(bool),
    /// No value.
    Unknown,
}

impl Ask {
    fn holds(&self, value: &Value) -> bool {
        let number = match value {
            Value::Float(v) => Some(*v),
            Value::Int(v) => Some(*v as f64),
            _ => None,
        };
        match self {
            Self::From(low, high) => number.is_some_and(|v| v >= *low && high.is_none_or(|h| v < h)),
            Self::Below(high) => number.is_some_and(|v| v < *high),
            Self::Is(text) => matches!(value, Value::Text(t) if t == text),
            Self::Yes(wanted) => matches!(value, Value::Flag(v) if v == wanted),
            Self::Unknown => !value.is_known(),
        }
    }
}

/// Outline of a marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A circle.
    Circle,
    /// A square.
    Square,
    /// A triangle that stands.
    Triangle,
    /// A square on its corner.
    Diamond,
    /// A star.
    Star,
    /// A pentagon.
    Pentagon,
}

/// How a class is drawn. Sizes are millimetres on paper.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Symbol {
    /// A marker; hollow without a fill.
    Marker {
        /// Outline.
        mark: Mark,
        /// Size, mm.
        size_mm: f64,
        /// Inside.
        fill: Option<Rgb>,
        /// Edge.
        edge: Rgb,
        /// Width of the edge, mm.
        edge_mm: f64,
    },
    /// A line.
    Line {
        /// Colour.
        colour: Rgb,
        /// Width, mm.
        width_mm: f64,
        /// Whether it is broken.
        dashed: bool,
    },
    /// An area.
    Area {
        /// Inside.
        fill: Rgb,
        /// Share of it that hides what lies below.
        opacity: f64,
        /// Outline.
        edge: Rgb,
        /// Width of the outline, mm.
        edge_mm: f64,
    },
}

/// An entry of the legend and the features that it stands for.
#[derive(Clone, Debug)]
pub struct Class {
    /// All must hold.
    pub when: Vec<(&'static str, Ask)>,
    /// Words in the legend, with the unit.
    pub label: Words,
    /// How it looks.
    pub symbol: Symbol,
}

/// Names on the map.
#[derive(Clone, Debug)]
pub struct Naming {
    /// Field.
    pub field: &'static str,
    /// Field that stands before it, such as a rank.
    pub before: Option<&'static str>,
    /// Size of the letters, points.
    pub size_pt: f64,
    /// Not shown where the map is smaller than one to this.
    pub from_scale: Option<f64>,
    /// Who gives way where two meet, 0 to 10: the lower.
    pub priority: u8,
}

/// How a layer is drawn.
#[derive(Clone, Debug)]
pub struct Style {
    /// What tells it from the layer's first style; empty for that one.
    pub variant: &'static str,
    /// Title in the legend, with what is shown and its unit.
    pub title: Words,
    /// Where it stands in the legend.
    pub group: Group,
    /// Whether a map shows it at first.
    pub shown: bool,
    /// Classes, in the order of the legend; the first one that fits counts.
    pub classes: Vec<Class>,
    /// Names on the map.
    pub naming: Option<Naming>,
    /// Fields that a map tip explains the feature with.
    pub tip: Vec<&'static str>,
    /// Whether large features come first, so that they don't hide small ones.
    pub large_first: bool,
}

impl Style {
    /// The style without what asks for fields that aren't there.
    #[must_use]
    pub fn fitted(mut self, has: impl Fn(&str) -> bool) -> Self {
        self.classes.retain(|c| c.when.iter().all(|(field, ask)| *ask == Ask::Unknown || has(field)));
        for class in &mut self.classes {
            class.when.retain(|(field, _)| has(field));
        }
        self.naming = self.naming.filter(|n| has(n.field));
        if let Some(naming) = &mut self.naming {
            naming.before = naming.before.filter(|b| has(b));
        }
        self
    }

    /// The class of a row.
    #[must_use]
    pub fn class_of<'a>(&self, value: impl Fn(&str) -> Value<'a>) -> Option<usize> {
        self.classes.iter().position(|c| c.when.iter().all(|(field, ask)| ask.holds(&value(field))))
    }
}

fn words(en: impl Into<Cow<'static, str>>, zh: impl Into<Cow<'static, str>>) -> Words {
    (en.into(), zh.into())
}

fn class(when: Vec<(&'static str, Ask)>, label: Words, symbol: Symbol) -> Class {
    Class { when, label, symbol }
}

const fn marker(mark: Mark, size_mm: f64, fill: Option<Rgb>, edge: Rgb, edge_mm: f64) -> Symbol {
    Symbol::Marker { mark, size_mm, fill, edge, edge_mm }
}

const fn line(width_mm: f64, dashed: bool) -> Symbol {
    Symbol::Line { colour: ROUTE, width_mm, dashed }
}

/// The more points, the smaller each, so that a province isn't all markers: full size up to two hundred,
/// half from three thousand on.
fn size_of(points: usize) -> f64 {
    (200.0 / points.max(1) as f64).powf(0.25).clamp(0.5, 1.0)
}

/// The styles of a layer, the usual one first; none for a layer that isn't known here.
#[must_use]
pub fn styles(layer: &Layer, settings: &Settings) -> Vec<Style> {
    let size = size_of(layer.rows);
    let mut list = match layer.name {
        "sites" => vec![by_score("", settings, size), by_score("after", settings, size)],
        "gaps" => vec![gaps(settings)],
        "towers" => vec![towers(size)],
        "regions" => vec![regions(settings)],
        "stations" => vec![stations(size)],
        "fiber_routes" => vec![fiber_routes()],
        "lead_ins" => vec![lead_ins()],
        "pon_nodes" => vec![pon_nodes(size)],
        "datacenters" => vec![datacenters()],
        "centers" => vec![centers()],
        "clusters" => vec![clusters()],
        "assignments" => vec![assignments()],
        "contours" => vec![contours()],
        _ => Vec::new(),
    };
    // A state after the plan needs a plan.
    list.retain(|s| s.variant.is_empty() || layer.columns.iter().any(|c| c.field.name == "score_after"));
    list
}

/// The words behind the codes of a field, where it holds codes: code, English, Chinese.
#[must_use]
pub fn codes(layer: &str, field: &str) -> Vec<(&'static str, &'static str, &'static str)> {
    let own = |(en, zh), code| (code, en, zh);
    match (layer, field) {
        (_, "worst_term") => {
            let mut list: Vec<_> = Term::ALL.iter().map(|t| own(t.label(), t.code())).collect();
            list.push(("none", "none", "无"));
            list
        }
        (_, "build") => [
            StationBuild::NewTower,
            StationBuild::SharedTower,
            StationBuild::Roof,
            StationBuild::Pole,
            StationBuild::Indoor,
            StationBuild::Upgrade,
        ]
        .map(|b| own(build_label(b), super::plan_layers::build_code(b)))
        .to_vec(),
        ("pon_nodes", "kind") => {
            vec![pon_label(PonKind::Port), pon_label(PonKind::Splitter), pon_label(PonKind::Cabinet)]
        }
        (_, "fiber_state") => {
            let states = [
                ConnectionState::Already,
                ConnectionState::Planned,
                ConnectionState::NoRoad,
                ConnectionState::NoFiber,
                ConnectionState::Closed,
                ConnectionState::NoSpare,
                ConnectionState::Budget,
                ConnectionState::Excluded,
                ConnectionState::Unknown,
            ];
            let mut list: Vec<_> = states.iter().map(|s| own(state_label(*s), state_code(*s))).collect();
            list.push(("not-planned", "not planned", "未规划"));
            list
        }
        (_, "firm_size") => vocabulary(FirmSize::ALL.iter().map(|k| (k.code(), k.zh()))),
        ("sites", "service") => vocabulary(ServiceClass::ALL.iter().map(|k| (k.code(), k.zh()))),
        ("sites", "indoor_5g") => vocabulary(Indoor5g::ALL.iter().map(|k| (k.code(), k.zh()))),
        ("sites", "wall") => vocabulary(Wall::ALL.iter().map(|k| (k.code(), k.zh()))),
        ("sites", "coord_src") => vocabulary(CoordSource::ALL.iter().map(|k| (k.code(), k.zh()))),
        ("sites", "latency_basis") => vocabulary(LatencyBasis::ALL.iter().map(|k| (k.code(), k.zh()))),
        (_, "status") => vocabulary(SiteStatus::ALL.iter().map(|k| (k.code(), k.zh()))),
        ("centers" | "datacenters", "hall") => {
            [Some(HallKind::General), Some(HallKind::Ai), None].map(hall_label).to_vec()
        }
        ("centers", "binding") => Binding::ALL.map(binding_label).to_vec(),
        ("centers", "factor") => {
            [FactorSource::Region, FactorSource::Province, FactorSource::Nation].map(factor_label).to_vec()
        }
        (_, "tier") => vocabulary(DcTier::ALL.iter().map(|k| (k.code(), k.zh()))),
        ("regions", "level") => vocabulary(RegionLevel::ALL.iter().map(|k| (k.code(), k.zh()))),
        (_, "method") => vocabulary(LayMethod::ALL.iter().map(|k| (k.code(), k.zh()))),
        _ => Vec::new(),
    }
}

fn vocabulary(
    members: impl Iterator<Item = (&'static str, &'static str)>,
) -> Vec<(&'static str, &'static str, &'static str)> {
    members.map(|(code, zh)| (code, code, zh)).chain([("unknown", "unknown", "未知")]).collect()
}

/// The properties of simplestyle 1.1 (github.com/mapbox/simplestyle-spec) of a symbol.
#[must_use]
pub fn simplestyle(symbol: &Symbol) -> Vec<(&'static str, Value<'static>, FieldKind)> {
    let text = |v: String| Value::Text(Cow::Owned(v));
    // A pixel of CSS is a 96th of an inch.
    let pixels = |mm: f64| Value::Float(mm / 25.4 * 96.0);
    match *symbol {
        Symbol::Marker { size_mm, fill, edge, .. } => {
            let size = if size_mm >= 3.5 {
                "large"
            } else if size_mm >= 2.5 {
                "medium"
            } else {
                "small"
            };
            vec![
                ("marker-color", text(fill.filter(|f| *f != WHITE).unwrap_or(edge).hex()), FieldKind::Text),
                ("marker-size", Value::Text(Cow::Borrowed(size)), FieldKind::Text),
            ]
        }
        Symbol::Line { colour, width_mm, .. } => vec![
            ("stroke", text(colour.hex()), FieldKind::Text),
            ("stroke-width", pixels(width_mm), FieldKind::Float(2)),
        ],
        Symbol::Area { fill, opacity, edge, edge_mm } => vec![
            ("fill", text(fill.hex()), FieldKind::Text),
            ("fill-opacity", Value::Float(opacity), FieldKind::Float(2)),
            ("stroke", text(edge.hex()), FieldKind::Text),
            ("stroke-width", pixels(edge_mm), FieldKind::Float(2)),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::super::layers::{self, Lookups};
    use super::super::plan_layers;
    use super::super::redact::Released;
    use super::*;

    /// Looks at every layer of the fixture's plan.
    fn each(mut look_at: impl FnMut(&Layer, &[Style])) {
        let (inputs, settings, plan) = (fixture::inputs(), fixture::settings(""), fixture::plan());
        let released = Released::plan(&inputs, &settings, &plan);
        let v = released.view();
        let look = Lookups::new(&v);
        for layer in [
            layers::sites(v, &look),
            layers::gaps(v, &look),
            layers::towers(v),
            layers::regions(v),
            plan_layers::stations(v, &plan),
            plan_layers::fiber_routes(v, &plan),
            plan_layers::lead_ins(&plan),
            plan_layers::pon_nodes(v, &plan),
            plan_layers::datacenters(v, &plan),
        ] {
            look_at(&layer, &styles(&layer, &settings));
        }
    }

    #[test]
    fn every_feature_has_a_class_and_every_field_is_there() {
        each(|layer, styles| {
            assert!(!styles.is_empty(), "{} has no style", layer.name);
            let at = |name: &str| layer.columns.iter().position(|c| c.field.name == name);
            for style in styles {
                let asked = style.classes.iter().flat_map(|c| &c.when).map(|(f, _)| *f);
                for field in
                    asked.chain(style.tip.iter().copied()).chain(style.naming.iter().map(|n| n.field))
                {
                    assert!(at(field).is_some(), "{} has no field {field}", layer.name);
                }
                for row in 0..layer.rows {
                    let value = |name: &str| layer.columns[at(name).unwrap()].value(row);
                    assert!(style.class_of(value).is_some(), "{} row {row} has no class", layer.name);
                }
            }
        });
    }

    #[test]
    fn a_style_does_without_fields_that_are_not_there() {
        let settings = fixture::settings("");
        let bare = by_score("", &settings, 1.0).fitted(|f| f != "score" && f != "name");
        assert_eq!(bare.classes.len(), 1, "only the unknown are left");
        assert!(bare.classes[0].when.is_empty() && bare.naming.is_none());
    }

    #[test]
    fn the_map_of_the_report_has_the_same_colours() {
        let map = include_str!("page/map.js");
        for (word, colour) in [
            ("critical", CRITICAL),
            ("gap", GAP),
            ("met", MET),
            ("unknown", UNKNOWN),
            ("station", STATION),
            ("center", CENTER),
            ("route", ROUTE),
            ("tower", TOWER),
            ("region", OUTLINE),
        ] {
            let wanted = format!("{word}: \"{}\"", colour.hex());
            assert!(map.contains(&wanted), "map.js has no `{wanted}`");
        }
        assert!(map.contains(&GROUND.hex()));
    }

    /// What someone without red or green cones sees, in linear light (Viénot, Brettel and Mollon, Color
    /// Research and Application 24(4), 1999), as an sRGB-like triple from 0 to 1.
    fn dichromat(c: Rgb, red_less: bool) -> [f64; 3] {
        let linear = [c.0, c.1, c.2].map(|v| (f64::from(v) / 255.0).powf(2.2));
        let [r, g, b] = linear;
        // Both kinds see red and green as one; they differ in how bright red is.
        let yellow = if red_less { 0.11238 * r + 0.88762 * g } else { 0.29275 * r + 0.70725 * g };
        let blue = if red_less { 0.004 * r - 0.004 * g + b } else { -0.02234 * r + 0.02234 * g + b };
        [yellow, yellow, blue.max(0.0)].map(|v| v.powf(1.0 / 2.2))
    }

    #[test]
    fn classes_differ_for_colour_blind_readers() {
        let face = |s: &Symbol| match *s {
            Symbol::Marker { mark, size_mm, fill, edge, .. } => {
                (format!("{mark:?} {size_mm} {}", fill.is_some()), fill.unwrap_or(edge))
            }
            Symbol::Line { colour, width_mm, dashed } => (format!("{width_mm} {dashed}"), colour),
            Symbol::Area { fill, opacity, .. } => (format!("{opacity}"), fill),
        };
        each(|layer, styles| {
            for style in styles {
                for (n, a) in style.classes.iter().enumerate() {
                    for b in &style.classes[..n] {
                        let ((shape_a, a), (shape_b, b)) = (face(&a.symbol), face(&b.symbol));
                        if shape_a != shape_b {
                            continue;
                        }
                        for red_less in [true, false] {
                            let (x, y) = (dichromat(a, red_less), dichromat(b, red_less));
                            let d: f64 = x.iter().zip(y).map(|(p, q)| (p - q).powi(2)).sum::<f64>().sqrt();
                            assert!(d > 0.05, "{}: {a:?} and {b:?} look alike ({d:.3})", layer.name);
                        }
                    }
                }
            }
        });
    }
}
