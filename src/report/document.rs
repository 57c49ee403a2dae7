//! The report as a document: what every readable format (text, Markdown, HTML, workbook) renders.

use super::chart::Chart;
use super::number::{grouped, grouped_decimal};
use crate::model::kinds::Lang;
use serde_json::{Value, json};

/// One cell of a table.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing to say here.
    Blank,
    /// Not known; never zero.
    Unknown,
    /// Known to be absent: no cell in reach, no owner.
    Nothing,
    /// Words.
    Text(String),
    /// A count.
    Count(i64),
    /// A number with that many decimals.
    Number(f64, u8),
    /// A share of one, shown in percent.
    Share(f64),
}

impl Cell {
    /// Words without control characters, which could drive a terminal; unknown when there are none.
    #[must_use]
    pub fn words(text: Option<&str>) -> Self {
        match text {
            Some(t) if !t.is_empty() => Cell::Text(plain(t)),
            _ => Cell::Unknown,
        }
    }

    /// A count, unknown where there is none.
    #[must_use]
    pub fn count(n: Option<u64>) -> Self {
        n.and_then(|n| i64::try_from(n).ok()).map_or(Cell::Unknown, Cell::Count)
    }

    /// A number, unknown where there is none.
    #[must_use]
    pub fn number(v: Option<f64>, decimals: u8) -> Self {
        v.filter(|v| v.is_finite()).map_or(Cell::Unknown, |v| Cell::Number(v, decimals))
    }

    /// A share, unknown where there is none.
    #[must_use]
    pub fn share(v: Option<f64>) -> Self {
        v.filter(|v| v.is_finite()).map_or(Cell::Unknown, Cell::Share)
    }

    /// As people read it.
    #[must_use]
    pub fn show(&self, lang: Lang) -> String {
        match self {
            Cell::Blank => String::new(),
            Cell::Unknown => pick(lang, "unknown", "未知").to_owned(),
            Cell::Nothing => pick(lang, "none", "无").to_owned(),
            Cell::Text(t) => t.clone(),
            Cell::Count(n) => grouped(*n),
            Cell::Number(v, d) => grouped_decimal(*v, usize::from(*d)),
            Cell::Share(v) => format!("{} %", grouped_decimal(v * 100.0, 1)),
        }
    }

    /// Whether it stands on the right of its column.
    #[must_use]
    pub fn is_number(&self) -> bool {
        matches!(self, Cell::Count(_) | Cell::Number(..) | Cell::Share(_))
    }
}

/// A text without control characters.
#[must_use]
pub fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A word as a shell takes it for one.
#[must_use]
pub fn quoted(word: &str) -> String {
    let is_bare = |c: char| c.is_alphanumeric() || "-_./:\\,+@%~#".contains(c);
    if !word.is_empty() && word.chars().all(is_bare) && !word.starts_with(['#', '~']) {
        return word.to_owned();
    }
    // Within single quotes a shell takes nothing for a sign; cmd and PowerShell know the double ones.
    match word.contains(['"', '$', '`', '!']) {
        true => format!("'{}'", word.replace('\'', "'\\''")),
        false => format!("\"{word}\""),
    }
}

/// One of two texts.
#[must_use]
pub const fn pick<'a>(lang: Lang, en: &'a str, zh: &'a str) -> &'a str {
    lang.pick(en, zh)
}

/// A table.
#[derive(Clone, Debug)]
pub struct Table {
    /// Stable name (sheet, anchor).
    pub key: &'static str,
    /// Title.
    pub title: String,
    /// Title where there is little room (a sheet's tab), when the whole one is too long for it.
    pub short: Option<String>,
    /// Headings, units included.
    pub headings: Vec<String>,
    /// Rows.
    pub rows: Vec<Vec<Cell>>,
    /// A row of sums.
    pub total: Option<Vec<Cell>>,
    /// Rows that there are, when more than are held here.
    pub all_rows: usize,
    /// Whether the short report on the terminal shows it.
    pub brief: bool,
    /// The same as pictures, for those who would rather look than read.
    pub charts: Vec<Chart>,
}

impl Table {
    /// An empty table.
    #[must_use]
    pub fn new(key: &'static str, title: impl Into<String>, headings: Vec<String>) -> Self {
        let (title, rows) = (title.into(), Vec::new());
        Self {
            key,
            title,
            short: None,
            headings,
            rows,
            total: None,
            all_rows: 0,
            brief: false,
            charts: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn push(&mut self, row: Vec<Cell>) {
        self.rows.push(row);
        self.all_rows = self.all_rows.max(self.rows.len());
    }

    /// Gives it a short title.
    #[must_use]
    pub fn short(mut self, title: impl Into<String>) -> Self {
        self.short = Some(title.into());
        self
    }

    /// Marks it for the short report.
    #[must_use]
    pub fn brief(mut self) -> Self {
        self.brief = true;
        self
    }

    /// Adds pictures of it; none where there is nothing to draw.
    #[must_use]
    pub fn drawn(mut self, charts: impl IntoIterator<Item = Chart>) -> Self {
        self.charts.extend(charts);
        self
    }

    /// Whether a column holds numbers only.
    #[must_use]
    pub fn is_numeric(&self, column: usize) -> bool {
        let cells = || self.rows.iter().filter_map(|r| r.get(column));
        cells().any(Cell::is_number)
            && cells().all(|c| c.is_number() || matches!(c, Cell::Unknown | Cell::Nothing | Cell::Blank))
    }
}

/// A chapter.
#[derive(Clone, Debug, Default)]
pub struct Section {
    /// Title.
    pub title: String,
    /// The answer in a sentence or two.
    pub text: Vec<String>,
    /// Tables.
    pub tables: Vec<Table>,
}

/// A number of the first page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// What it is.
    pub label: String,
    /// The number with its unit.
    pub value: String,
    /// What it is measured against, in a few words.
    pub note: String,
}

/// Something to decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// What to do.
    pub what: String,
    /// What follows from it.
    pub why: String,
    /// What it costs.
    pub price: String,
}

/// The first page, for whoever reads no other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Front {
    /// Five numbers at most.
    pub figures: Vec<Figure>,
    /// Three recommendations at most.
    pub advice: Vec<Advice>,
}

/// A report.
#[derive(Clone, Debug)]
pub struct Document {
    /// Language.
    pub lang: Lang,
    /// The first page; answers to single questions have none.
    pub front: Option<Front>,
    /// Title.
    pub title: String,
    /// What must be known before any number is read: synthetic, inferred, redacted, stopped early.
    pub banners: Vec<String>,
    /// The answer in a few sentences.
    pub headline: Vec<String>,
    /// Chapters.
    pub sections: Vec<Section>,
    /// Commands to go on with; `DIR` stands for the folder of the run.
    pub next: Vec<String>,
}

impl Document {
    /// All tables in order.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.sections.iter().flat_map(|s| &s.tables)
    }
}

/// The document as JSON: headline, remarks and tables.
#[must_use]
pub fn document_json(schema: &str, document: &Document, result: Value) -> Value {
    let table = |t: &Table| {
        let rows: Vec<Vec<String>> =
            t.rows.iter().map(|r| r.iter().map(|c| c.show(document.lang)).collect()).collect();
        json!({ "key": t.key, "title": t.title, "headings": t.headings, "rows": rows, "all_rows": t.all_rows })
    };
    json!({
        "schema": schema,
        "title": document.title,
        "banners": document.banners,
        "headline": document.headline,
        "front": document.front.as_ref().map(|f| json!({
            "figures": f.figures.iter().map(|x| json!({ "label": x.label, "value": x.value, "note": x.note })).collect::<Vec<_>>(),
            "recommendations": f.advice.iter().map(|a| json!({ "what": a.what, "why": a.why, "price": a.price })).collect::<Vec<_>>(),
        })),
        "tables": document.tables().map(table).collect::<Vec<_>>(),
        "result": result,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_read_well() {
        let show = |c: Cell| c.show(Lang::En);
        assert_eq!(show(Cell::Share(0.0213)), "2.1 %");
        assert_eq!(show(Cell::number(Some(1234.56), 1)), "1,234.6");
        assert_eq!(show(Cell::number(None, 1)), "unknown");
        assert_eq!(Cell::Unknown.show(Lang::Zh), "未知");
        assert_eq!(Cell::words(Some("a\u{1b}[31mb")), Cell::Text("a [31mb".into()));
    }
}
