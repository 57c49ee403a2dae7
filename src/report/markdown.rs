//! The report as Markdown.

use super::document::{Cell, Document, Front, Table, pick};
use crate::model::kinds::Lang;
use std::fmt::Write;

/// Rows of a table; the workbook and the layers have all.
const ROWS: usize = 50;

/// The whole report.
#[must_use]
pub fn markdown(document: &Document) -> String {
    let lang = document.lang;
    let mut out = format!("# {}\n\n", escape(&document.title));
    for b in &document.banners {
        let _ = writeln!(out, "> **{}**\n", escape(b));
    }
    for line in &document.headline {
        let _ = writeln!(out, "**{}**\n", escape(line));
    }
    if let Some(front) = &document.front {
        write_front(&mut out, front, lang);
    }
    for section in &document.sections {
        let _ = writeln!(out, "## {}\n", escape(&section.title));
        for line in &section.text {
            let _ = writeln!(out, "{}\n", escape(line));
        }
        for table in section.tables.iter().filter(|t| !t.rows.is_empty()) {
            write_table(&mut out, table, lang);
        }
    }
    if !document.next.is_empty() {
        let _ = writeln!(out, "## {}\n", pick(lang, "Next", "下一步"));
    }
    for n in &document.next {
        let _ = writeln!(out, "    {n}");
    }
    out
}

fn write_front(out: &mut String, front: &Front, lang: Lang) {
    for f in &front.figures {
        let _ = writeln!(out, "- {}: **{}** ({})", escape(&f.label), escape(&f.value), escape(&f.note));
    }
    out.push('\n');
    if !front.advice.is_empty() {
        let _ = writeln!(out, "## {}\n", pick(lang, "What to decide now", "当前需决策事项"));
        for (n, a) in front.advice.iter().enumerate() {
            let _ = writeln!(
                out,
                "{}. **{}** – {}  \n   {}",
                n + 1,
                escape(&a.what),
                escape(&a.price),
                escape(&a.why)
            );
        }
        out.push('\n');
    }
}

fn write_table(out: &mut String, table: &Table, lang: Lang) {
    let _ = writeln!(out, "### {}\n", escape(&table.title));
    let line = |cells: &mut dyn Iterator<Item = String>| {
        let cells: Vec<String> = cells.collect();
        format!("| {} |\n", cells.join(" | "))
    };
    *out += &line(&mut table.headings.iter().map(|h| escape(h)));
    *out += &line(
        &mut (0..table.headings.len())
            .map(|at| if table.is_numeric(at) { "---:".to_owned() } else { "---".to_owned() }),
    );
    for row in table.rows.iter().take(ROWS) {
        *out += &line(&mut row.iter().map(|c| escape(&c.show(lang))));
    }
    if let Some(total) = &table.total {
        let bold = |c: &Cell| match c {
            Cell::Blank => String::new(),
            c => format!("**{}**", escape(&c.show(lang))),
        };
        *out += &line(&mut total.iter().map(bold));
    }
    let more = table.all_rows.saturating_sub(ROWS);
    if more > 0 {
        let _ = match lang {
            Lang::En => writeln!(out, "\n… and {more} more rows: see report.xlsx and the layers."),
            Lang::Zh => writeln!(out, "\n……另有 {more} 行，见 report.xlsx 与各图层。"),
        };
    }
    out.push('\n');
}

/// Text that no Markdown or HTML reader takes for markup.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '~' | '!' | '$' => out.extend(['\\', c]),
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '&' => out += "&amp;",
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::super::plan_document::plan_document;
    use super::super::redact::Released;
    use super::*;

    #[test]
    fn names_with_markup_stay_names() {
        let (inputs, settings, plan) = (fixture::inputs(), fixture::settings(""), fixture::plan());
        let released = Released::plan(&inputs, &settings, &plan);
        let m = markdown(&plan_document(released.view(), &fixture::run(Lang::Zh)));
        assert!(m.contains("南京&lt;script&gt;alert(1)"), "{m}");
        assert!(!m.contains("<script>"));
        let tables = m.lines().filter(|l| l.starts_with("| ---")).count();
        assert!(tables > 8, "{tables}");
        // Every row of a table has as many cells as its head.
        let mut width = 0;
        for l in m.lines() {
            let cells = l.replace("\\|", "").matches('|').count();
            if !l.starts_with('|') {
                width = 0;
            } else if width == 0 {
                width = cells;
            } else {
                assert_eq!(cells, width, "{l}");
            }
        }
    }
}
