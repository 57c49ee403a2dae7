//! The report on a terminal: the headline, at most five short tables, what to do next.

use super::document::{Cell, Document, Table, pick, quoted};
use super::number::grouped;
use crate::model::kinds::Lang;
use comfy_table::{CellAlignment, ContentArrangement, LineStyle, presets};

/// Tables of the short report.
const TABLES: usize = 5;
/// Rows of each.
const ROWS: usize = 10;
/// Widest cell of the short report.
const CELL: usize = 28;

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
    for (n, a) in document.front.iter().flat_map(|f| &f.advice).enumerate() {
        out += &format!("{}{}. {}: {}\n", if n == 0 { "\n" } else { "" }, n + 1, a.what, a.price);
    }
    for table in document.tables().filter(|t| t.brief && !t.rows.is_empty()).take(TABLES) {
        let columns = width.map_or(usize::MAX, |w| fitting(table, lang, usize::from(w)));
        out += &format!("\n{}\n{}\n", table.title, draw(table, lang, None, ROWS, columns));
        let more = table.all_rows.saturating_sub(ROWS);
        if more > 0 {
            out += &match lang {
                Lang::En => format!("… and {} more\n", grouped(more as i64)),
                Lang::Zh => format!("……另有 {} 行\n", grouped(more as i64)),
            };
        }
    }
    let next: Vec<String> = match folder {
        Some(folder) => {
            // This run's folder isn't empty any more: what comes next needs one of its own.
            let new = quoted(&format!("{}-plan", folder.trim_end_matches(['/', '\\'])));
            let of_next = |n: &String| {
                n.replace(" -o DIR", &format!(" -o {new}")).replace(" DIR", &format!(" {}", quoted(folder)))
            };
            document.next.iter().map(of_next).collect()
        }
        // Without a folder, only commands that need none can be run.
        None => document.next.iter().filter(|n| !n.contains(" DIR")).cloned().collect(),
    };
    if !next.is_empty() {
        out += &format!("\n{}\n", pick(lang, "Next:", "下一步："));
        for n in next {
            out += &format!("  {n}\n");
        }
    }
    out
}

/// The whole of a document as text, every table with all its rows: for explanations.
#[must_use]
pub fn full_text(document: &Document, width: Option<u16>) -> String {
    let lang = document.lang;
    let mut out = format!("{}\n", document.title);
    for b in &document.banners {
        out += &format!("! {b}\n");
    }
    for line in &document.headline {
        out += &format!("{line}\n");
    }
    for section in &document.sections {
        out += &format!("\n{}\n", section.title);
        for line in &section.text {
            out += &format!("  {line}\n");
        }
        for table in section.tables.iter().filter(|t| !t.rows.is_empty()) {
            out += &format!("\n{}\n{}\n", table.title, draw(table, lang, width, usize::MAX, usize::MAX));
        }
    }
    out
}

/// Columns from the left that stand side by side in a width without breaking a cell.
fn fitting(table: &Table, lang: Lang, width: usize) -> usize {
    let mut used = 0;
    for at in 0..table.headings.len() {
        let cells = table.rows.iter().take(ROWS).chain(&table.total).filter_map(|r| r.get(at));
        let widest = cells.map(|c| display_width(&c.show(lang)).min(CELL)).max().unwrap_or(0);
        used += widest.max(display_width(&table.headings[at])) + 3;
        if used > width {
            return at.max(3);
        }
    }
    table.headings.len()
}

/// Columns that a text takes on a terminal: Chinese characters take two.
#[must_use]
pub fn display_width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

fn char_width(c: char) -> usize {
    if c >= '\u{1100}' && !('\u{2000}'..'\u{2e80}').contains(&c) { 2 } else { 1 }
}

/// A text cut to a width.
fn cut(text: &str, width: usize) -> String {
    if display_width(text) <= width {
        return text.to_owned();
    }
    let mut used = 1;
    let kept = text.chars().take_while(|c| {
        used += char_width(*c);
        used <= width
    });
    kept.collect::<String>() + "…"
}

/// Draws a table: broken into a width, or, without one, cut to its rows and columns.
fn draw(table: &Table, lang: Lang, width: Option<u16>, rows: usize, columns: usize) -> String {
    let mut t = comfy_table::Table::new();
    t.load_style(presets::UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none())).force_no_tty();
    match width {
        Some(w) => {
            t.set_content_arrangement(ContentArrangement::Dynamic).set_width(w.max(40));
        }
        None => {
            t.set_content_arrangement(ContentArrangement::Disabled);
        }
    }
    let columns = table.headings.len().min(columns);
    let all = width.is_some() || columns == table.headings.len();
    t.set_header(table.headings.iter().take(columns));
    let line = |row: &[Cell]| -> Vec<String> {
        let cells = row.iter().take(columns).map(|c| c.show(lang));
        cells.map(|c| if all { c } else { cut(&c, CELL) }).collect()
    };
    for row in table.rows.iter().take(rows) {
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
    use super::super::coverage_document::coverage_document;
    use super::super::fixture;
    use super::super::plan_document::plan_document;
    use super::super::redact::Released;
    use super::*;

    fn report(lang: Lang) -> String {
        let (inputs, settings, plan) = (fixture::inputs(), fixture::settings(""), fixture::plan());
        let released = Released::plan(&inputs, &settings, &plan);
        text(&plan_document(released.view(), &fixture::run(lang)), None, Some("out dir"))
    }

    #[test]
    fn five_tables_at_most_and_the_way_on() {
        let t = report(Lang::En);
        assert!(t.contains("sites below target fall from 2 to 1"), "{t}");
        assert!(
            t.contains("2 of 3 scored sites (66.7 %) below target on every network; 1 critical; 1 unknown"),
            "{t}"
        );
        assert!(t.contains("covplan explain \"out dir\" ST-00001"), "{t}");
        assert!(!t.contains('\u{1b}'));
        assert_eq!(t.lines().filter(|l| l.starts_with('═')).count(), 5, "{t}");
    }

    #[test]
    fn the_next_run_gets_a_folder_of_its_own() {
        let (inputs, settings) = (fixture::inputs(), fixture::settings(""));
        let plan = fixture::plan();
        let released = Released::coverage(&inputs, &settings, &plan.before);
        let document = coverage_document(released.view(), &fixture::run(Lang::En));
        let t = text(&document, None, Some("out/"));
        assert!(t.contains("covplan plan PROJECT.toml -o out-plan\n"), "{t}");
    }

    #[test]
    fn chinese_money_is_in_ten_thousands() {
        let t = report(Lang::Zh);
        assert!(t.contains("总投资 41.2 万元"), "{t}");
        assert!(t.contains("投资（万元）"), "{t}");
    }
}
