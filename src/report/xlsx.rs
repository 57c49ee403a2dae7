//! The report as a workbook: one sheet per table, numbers as numbers, ids as text, nothing that a
//! spreadsheet could take for a formula.

use super::document::{Cell, Document, Table, pick};
use super::out::ReportError;
use super::text::display_width;
use crate::model::kinds::Lang;
use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError,
};
use std::collections::BTreeSet;

/// The workbook as bytes, a sheet a table, those of `more` at the end; the same report gives the same bytes.
///
/// # Errors
/// [`ReportError::Workbook`] when the writer refuses, which no report should cause.
pub fn workbook(document: &Document, more: &[&Table]) -> Result<Vec<u8>, ReportError> {
    build(document, more).map_err(|e| ReportError::Workbook(e.to_string()))
}

fn build(document: &Document, more: &[&Table]) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    // The writer would put in the time of day; a fixed one keeps runs the same.
    let properties = DocProperties::new()
        .set_title(&document.title)
        .set_author("covplan")
        .set_creation_datetime(&ExcelDateTime::from_ymd(2000, 1, 1)?);
    book.set_properties(&properties);
    let style = Style::new();
    overview(&mut book, document, &style)?;
    let mut names = BTreeSet::new();
    for table in document.tables().chain(more.iter().copied()).filter(|t| !t.rows.is_empty()) {
        let sheet = book.add_worksheet();
        sheet.set_name(sheet_name(table, &mut names))?;
        fill(sheet, table, document, &style)?;
    }
    book.save_to_buffer()
}

struct Style {
    title: Format,
    banner: Format,
    head: Format,
    text: Format,
    count: Format,
    decimals: [Format; 7],
    share: Format,
    wrap: Format,
}

impl Style {
    fn new() -> Self {
        let number = |places: usize| {
            let zeros = "0".repeat(places);
            Format::new().set_num_format(if places == 0 {
                "#,##0".to_owned()
            } else {
                format!("#,##0.{zeros}")
            })
        };
        Self {
            title: Format::new().set_bold().set_font_size(14.0),
            banner: Format::new().set_bold().set_background_color(Color::RGB(0xFFF2CC)).set_text_wrap(),
            head: Format::new()
                .set_bold()
                .set_text_wrap()
                .set_align(FormatAlign::VerticalCenter)
                .set_background_color(Color::RGB(0xD9E2F3))
                .set_border_bottom(FormatBorder::Thin),
            // "@" keeps an id that looks like a number a text when the cell is edited.
            text: Format::new().set_num_format("@"),
            count: number(0),
            decimals: std::array::from_fn(number),
            share: Format::new().set_num_format("0.0%"),
            wrap: Format::new().set_text_wrap(),
        }
    }
}

fn overview(book: &mut Workbook, document: &Document, style: &Style) -> Result<(), XlsxError> {
    let sheet = book.add_worksheet();
    sheet.set_name(pick(document.lang, "Overview", "概览"))?;
    sheet.set_column_width(0, 110)?;
    let mut row = 0;
    sheet.write_string_with_format(row, 0, &document.title, &style.title)?;
    row += 2;
    for b in &document.banners {
        sheet.write_string_with_format(row, 0, b, &style.banner)?;
        row += 1;
    }
    for line in &document.headline {
        sheet.write_string_with_format(row, 0, line, &style.wrap)?;
        row += 1;
    }
    if let Some(front) = &document.front {
        row += 1;
        for f in &front.figures {
            let line = format!("{}: {} ({})", f.label, f.value, f.note);
            sheet.write_string_with_format(row, 0, line, &style.wrap)?;
            row += 1;
        }
        if !front.advice.is_empty() {
            row += 1;
            let title = pick(document.lang, "What to decide now", "当前需决策事项");
            sheet.write_string_with_format(row, 0, title, &style.head)?;
            row += 1;
        }
        for (n, a) in front.advice.iter().enumerate() {
            let line = format!("{}. {} – {}. {}", n + 1, a.what, a.price, a.why);
            sheet.write_string_with_format(row, 0, line, &style.wrap)?;
            row += 1;
        }
    }
    for section in document.sections.iter().filter(|s| !s.text.is_empty()) {
        row += 1;
        sheet.write_string_with_format(row, 0, &section.title, &style.head)?;
        row += 1;
        for line in &section.text {
            sheet.write_string_with_format(row, 0, line, &style.wrap)?;
            row += 1;
        }
    }
    sheet.set_freeze_panes(1, 0)?;
    page(sheet, 1, (row.saturating_sub(1), 0))
}

/// A4, as wide as the paper; everything up to a last cell.
fn page(sheet: &mut Worksheet, head_rows: u32, last: (u32, u16)) -> Result<(), XlsxError> {
    sheet.set_print_area(0, 0, last.0, last.1)?;
    sheet.set_paper_size(9).set_landscape().set_print_fit_to_pages(1, 0);
    sheet.set_repeat_rows(0, head_rows.saturating_sub(1))?;
    Ok(())
}

fn fill(sheet: &mut Worksheet, table: &Table, document: &Document, style: &Style) -> Result<(), XlsxError> {
    let lang = document.lang;
    let mut widths: Vec<usize> = Vec::new();
    for (at, heading) in table.headings.iter().enumerate() {
        sheet.write_string_with_format(0, column(at), heading, &style.head)?;
        widths.push(display_width(heading).min(18));
    }
    for (n, row) in table.rows.iter().chain(&table.total).enumerate() {
        let line = n as u32 + 1;
        for (at, cell) in row.iter().enumerate() {
            let c = column(at);
            match cell {
                Cell::Blank => {}
                Cell::Unknown | Cell::Nothing => {
                    sheet.write_string_with_format(line, c, cell.show(lang), &style.text)?;
                }
                Cell::Text(t) => {
                    let t: String = t.chars().take(32_000).collect();
                    sheet.write_string_with_format(line, c, t, &style.text)?;
                }
                Cell::Count(v) => {
                    sheet.write_number_with_format(line, c, *v as f64, &style.count)?;
                }
                Cell::Number(v, d) => {
                    let format = style.decimals.get(usize::from(*d)).unwrap_or(&style.decimals[6]);
                    sheet.write_number_with_format(line, c, *v, format)?;
                }
                Cell::Share(v) => {
                    sheet.write_number_with_format(line, c, *v, &style.share)?;
                }
            }
            if n < 200
                && let Some(w) = widths.get_mut(at)
            {
                *w = (*w).max(display_width(&cell.show(lang)));
            }
        }
    }
    for (at, w) in widths.iter().enumerate() {
        sheet.set_column_width(column(at), (*w as f64 + 2.0).clamp(8.0, 60.0))?;
    }
    sheet.set_freeze_panes(1, 0)?;
    if !table.headings.is_empty() {
        sheet.autofilter(0, 0, table.rows.len() as u32, column(table.headings.len() - 1))?;
    }
    let more = table.all_rows.saturating_sub(table.rows.len());
    let mut last = (table.rows.len() + usize::from(table.total.is_some())) as u32;
    if more > 0 {
        let line = (table.rows.len() + 2 + usize::from(table.total.is_some())) as u32;
        let text = match lang {
            Lang::En => format!("… and {more} more rows: see the layers."),
            Lang::Zh => format!("……另有 {more} 行，见各图层。"),
        };
        sheet.write_string_with_format(line, 0, text, &style.wrap)?;
        last = line;
    }
    page(sheet, 1, (last, column(table.headings.len().saturating_sub(1))))
}

fn column(at: usize) -> u16 {
    u16::try_from(at).unwrap_or(u16::MAX)
}

/// A sheet name that Excel takes: at most 31 characters, none of `[]:*?/\`, no two alike.
fn sheet_name(table: &Table, taken: &mut BTreeSet<String>) -> String {
    const MOST: usize = 31;
    let clean = |title: &str| -> String { title.chars().filter(|c| !"[]:*?/\\'".contains(*c)).collect() };
    let fits = |title: &String| !title.is_empty() && title.chars().count() <= MOST;
    let short = [Some(&table.title), table.short.as_ref()]
        .into_iter()
        .flatten()
        .map(|t| clean(t).trim().to_owned())
        .find(fits)
        .unwrap_or_else(|| table.key.to_owned());
    let mut name = short.clone();
    let mut n = 1;
    while !taken.insert(name.to_lowercase()) {
        n += 1;
        // Room for the number, whatever the name.
        name = format!("{} {n}", short.chars().take(MOST - 4).collect::<String>());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::super::plan_document::plan_document;
    use super::super::redact::Released;
    use super::*;
    use calamine::{Data, Reader, Xlsx};
    use std::io::Cursor;

    fn bytes(lang: Lang) -> Vec<u8> {
        let (inputs, settings, plan) = (fixture::inputs(), fixture::settings(""), fixture::plan());
        let released = Released::plan(&inputs, &settings, &plan);
        workbook(&plan_document(released.view(), &fixture::run(lang)), &[]).unwrap()
    }

    #[test]
    fn opens_with_types_and_without_formulas() {
        let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes(Lang::Zh))).unwrap();
        let name = book.sheet_names().into_iter().find(|n| n.starts_with("不达标企业")).unwrap();
        let sheet = book.worksheet_range(&name).unwrap();
        assert_eq!(sheet.get((0, 1)), Some(&Data::String("企业编号".into())));
        assert_eq!(sheet.get((1, 0)), Some(&Data::Float(1.0)));
        assert_eq!(sheet.get((1, 1)), Some(&Data::String("SITE-0007".into())));
        let formula = "=HYPERLINK(\"http://example.org\",\"x\")";
        assert_eq!(sheet.get((1, 2)), Some(&Data::String(formula.into())));
        for name in book.sheet_names() {
            assert!(
                book.worksheet_formula(&name).unwrap().used_cells().all(|(_, _, f)| f.is_empty()),
                "{name}"
            );
        }
    }

    #[test]
    fn every_sheet_has_rows_and_a_whole_title() {
        for lang in [Lang::En, Lang::Zh] {
            let book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes(lang))).unwrap();
            let (inputs, settings, plan) = (fixture::inputs(), fixture::settings(""), fixture::plan());
            let released = Released::plan(&inputs, &settings, &plan);
            let document = plan_document(released.view(), &fixture::run(lang));
            let full: Vec<&Table> = document.tables().filter(|t| !t.rows.is_empty()).collect();
            assert_eq!(book.sheet_names().len(), full.len() + 1, "a sheet per table, and the overview");
            for (name, table) in book.sheet_names().iter().skip(1).zip(full) {
                assert!(name != table.key, "{} needs a short title", table.title);
            }
        }
    }

    #[test]
    fn the_same_report_gives_the_same_bytes() {
        assert!(bytes(Lang::En) == bytes(Lang::En));
    }
}
