//! The report on a terminal: the headline, at most five short tables, what to do next.

use super::document::{Cell, Document, Table, pick};
use crate::model::kinds::Lang;
use comfy_table::{CellAlignment, ContentArrangement, presets};

/// Tables of the short report.
const TABLES: usize = 5;
/// Rows of each.
const ROWS: usize = 10;
/// Columns of each that fit a terminal; the files have all.
const COLUMNS: usize = 14;

/// The short report. `width` is the terminal's, if there is one; `folder` takes the place of `DIR` in the
/// commands to go on with. Plain text without colours, so that `NO_COLOR` is kept by itself.
#[must_use]
pub fn text(document: &Document, width: Option<u16>, folder: Option<&str>) -> String {
    let lang = document.lang;
    let mut out = format!("{}\n\n", document.title);
    for b in &document.banners {
        out += &format!("! {b}\n");
    }
    if !document.banners.is_empty() {
        out.push('\n');
    }
    for line in &document.headline {
        out += &format!("{line}\n");
    }
    for table in document.tables().filter(|t| t.brief && !t.rows.is_empty()).take(TABLES) {
        out += &format!("\n{}\n{}\n", table.title, draw(table, lang, width));
        let more = table.all_rows.saturating_sub(ROWS);
        if more > 0 {
            out += &match lang {
                Lang::En => format!("… and {more} more\n"),
                Lang::Zh => format!("……另有 {more} 行\n"),
            };
        }
    }
    let next: Vec<String> = match folder {
        Some(folder) => document.next.iter().map(|n| n.replace("DIR", &quoted(folder))).collect(),
        // Without a folder, only commands that need none can be run.
        None => document.next.iter().filter(|n| !n.contains(" DIR ")).cloned().collect(),
    };
    if !next.is_empty() {
        out += &format!("\n{}\n", pick(lang, "Next:", "下一步:"));
        for n in next {
            out += &format!("  {n}\n");
        }
    }
    out
}

fn quoted(folder: &str) -> String {
    if folder.contains(char::is_whitespace) { format!("\"{folder}\"") } else { folder.to_owned() }
}

fn draw(table: &Table, lang: Lang, width: Option<u16>) -> String {
    let mut t = comfy_table::Table::new();
    t.load_style(presets::UTF8_HORIZONTAL_ONLY).force_no_tty();
    match width {
        Some(w) => {
            t.set_content_arrangement(ContentArrangement::Dynamic).set_width(w.max(40));
        }
        None => {
            t.set_content_arrangement(ContentArrangement::Disabled);
        }
    }
    let columns = table.headings.len().min(COLUMNS);
    t.set_header(table.headings.iter().take(columns));
    let line = |row: &[Cell]| -> Vec<String> { row.iter().take(columns).map(|c| c.show(lang)).collect() };
    for row in table.rows.iter().take(ROWS) {
        t.add_row(line(row));
    }
    if let Some(total) = &table.total {
        t.add_row(line(total));
    }
    for at in 0..columns {
        if table.is_numeric(at)
            && let Some(c) = t.column_mut(at)
        {
            c.set_cell_alignment(CellAlignment::Right);
        }
    }
    t.trim_fmt()
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::super::layers::View;
    use super::super::plan_document::plan_document;
    use super::*;

    fn report(lang: Lang) -> String {
        let (inputs, settings, plan) = (fixture::inputs(), fixture::settings(""), fixture::plan());
        let view = View::of_plan(&inputs, &settings, &plan);
        text(&plan_document(view, &plan, &fixture::run(lang)), None, Some("out dir"))
    }

    #[test]
    fn five_tables_at_most_and_the_way_on() {
        let t = report(Lang::En);
        assert!(t.contains("gaps fall from 2 to 1"), "{t}");
        assert!(
            t.contains("2 of 4 sites (50.0 %) below target on every network; 1 critical; 1 unknown"),
            "{t}"
        );
        assert!(t.contains("covplan explain \"out dir\" ST-00001"), "{t}");
        assert!(!t.contains('\u{1b}'));
        assert_eq!(t.lines().filter(|l| l.starts_with('═')).count(), 5, "{t}");
    }

    #[test]
    fn chinese_money_is_in_ten_thousands() {
        let t = report(Lang::Zh);
        assert!(t.contains("总投资 41.2 万元"), "{t}");
        assert!(t.contains("投资(万元)"), "{t}");
    }
}
