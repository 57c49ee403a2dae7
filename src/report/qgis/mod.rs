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

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::super::formats::Table;
    use super::super::layers::{self, Lookups};
    use super::super::redact::Released;
    use super::super::symbology;
    use super::*;
    use crate::model::kinds::Lang;
    use quick_xml::events::Event;

    /// Element names in the order in which they begin; fails where the text isn't well-formed.
    fn elements(text: &str) -> Vec<String> {
        let mut reader = quick_xml::Reader::from_str(text);
        let mut names = Vec::new();
        loop {
            match reader.read_event().unwrap() {
                Event::Start(e) | Event::Empty(e) => {
                    names.push(e.name().as_ref().to_owned());
                }
                Event::Eof => return names,
                _ => {}
            }
        }
    }

    /// The sites after a plan as a layer of a project, and its styles, in a language.
    fn with_sites(lang: Lang, then: impl FnOnce(Table<'_, '_>, &[symbology::Style])) {
        let (inputs, settings, plan) = (fixture::inputs(), fixture::settings(""), fixture::plan());
        let released = Released::plan(&inputs, &settings, &plan);
        let v = released.view();
        let look = Lookups::new(&v);
        let layer = layers::sites(v, &look);
        let layout = layer.layout();
        let styles = symbology::styles(&layer, &settings);
        then(Table::new(&layer, &layout, None, None, lang), &styles);
    }

    #[test]
    fn a_style_is_well_formed_and_speaks_its_language() {
        for (lang, word, other) in [(Lang::En, "critical", "严重"), (Lang::Zh, "严重", "critical")] {
            with_sites(lang, |table, styles| {
                assert_eq!(styles.len(), 2, "today and after the plan");
                let text = qml(&table, &styles[0]);
                let names = elements(&text);
                let count = |name: &str| names.iter().filter(|n| *n == name).count();
                assert_eq!((count("rule"), count("symbol")), (4, 4));
                assert_eq!(count("alias"), table.fields.len());
                assert!(text.contains(word) && !text.contains(other));
            });
        }
    }

    /// All that QGIS asks of a file's fields is in it, under the file's own names.
    #[test]
    fn a_style_for_short_names_asks_for_no_others() {
        with_sites(Lang::En, |mut table, styles| {
            table.short_names = true;
            let text = qml(&table, &styles[1]);
            let score = table.fields.iter().find(|f| f.name == "score_after").unwrap();
            assert!(score.short.len() <= 10 && score.short != score.name);
            assert!(text.contains(&format!("&quot;{}&quot;", score.short)), "{text}");
            for field in table.fields.iter().filter(|f| f.short != f.name) {
                for quote in ["&quot;", "\""] {
                    assert!(!text.contains(&format!("{quote}{}{quote}", field.name)), "{}", field.name);
                }
            }
        });
    }

    #[test]
    fn a_text_is_no_expression() {
        let sheet = Sheet::new("[% env('HOME') %]", vec!["[%1%]".into()], &fixture::inputs(), Lang::En);
        for text in [&sheet.title, &sheet.lines[0], &sheet.sources] {
            assert!(!text.contains("[%"), "{text}");
        }
        assert!(sheet.sources.contains("survey"));
    }
}
