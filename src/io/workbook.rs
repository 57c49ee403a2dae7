//! Spreadsheets: XLSX, XLS, XLSB, ODS.

use super::binding::Binding;
use super::header::{self, Header};
use super::read::{Job, Outcome, OwnedRow, Reader, Run};
use super::source::Fault;
use super::values::{Owned, Value, date};
use crate::model::issues::Issues;
use crate::model::project::LayerSpec;
use crate::model::rules;
use crate::model::said::Said;
use crate::model::schema::Layer;
use calamine::{Data, Dimensions, Reader as _, SheetType, SheetVisible, Sheets, open_workbook_auto_from_rs};
use std::io::Cursor;
use std::path::Path;

/// An open workbook.
pub(super) struct Workbook {
    sheets: Sheets<Cursor<Vec<u8>>>,
    /// Every worksheet with whether it is visible, in order.
    pub names: Vec<(String, bool)>,
}

/// The cells of one sheet.
pub(super) struct Sheet {
    /// Row number of each row, from one.
    pub numbers: Vec<u32>,
    pub rows: Vec<Vec<Owned>>,
}

impl Workbook {
    /// Opens a workbook; which of the formats it is, its content tells.
    pub fn open(path: &Path) -> Result<Self, Fault> {
        let bytes = std::fs::read(path).map_err(|e| Fault::new(&rules::FILE_UNREADABLE, Said::from(&e)))?;
        let is_packed = bytes.starts_with(b"PK") || bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]);
        if !is_packed {
            let message = (
                "it is no workbook but text with that name: give `format = \"csv\"`, or save it as XLSX",
                "不是工作簿，而是同名文本：请写 `format = \"csv\"`，或另存为 XLSX",
            );
            return Err(Fault::new(&rules::FILE_DAMAGED, message));
        }
        let sheets = open_workbook_auto_from_rs(Cursor::new(bytes)).map_err(|e| {
            Fault::new(
                &rules::FILE_DAMAGED,
                (format!("not a readable workbook: {e}"), format!("工作簿无法读取：“{e}”")),
            )
        })?;
        let names = sheets
            .sheets_metadata()
            .iter()
            .filter(|s| s.typ == SheetType::WorkSheet)
            .map(|s| (s.name.clone(), s.visible == SheetVisible::Visible))
            .collect();
        Ok(Self { sheets, names })
    }

    /// Reads a sheet. Cells merged downwards all take the value of the first.
    pub fn sheet(&mut self, name: &str) -> Result<Sheet, Fault> {
        let damaged = |e: &dyn std::fmt::Display| {
            Fault::new(&rules::FILE_DAMAGED, (format!("sheet {name}: {e}"), format!("工作表 {name}：“{e}”")))
        };
        let range = self.sheets.worksheet_range(name).map_err(|e| damaged(&e))?;
        let merged: Vec<Dimensions> = match &mut self.sheets {
            Sheets::Xlsx(x) => x.merge_cells_by_sheet_name(name).map_err(|e| damaged(&e))?,
            Sheets::Xls(x) => x.merge_cells_by_sheet_name(name).map_err(|e| damaged(&e))?,
            _ => Vec::new(),
        };
        let (top, left) = range.start().unwrap_or((0, 0));
        let mut rows: Vec<Vec<Owned>> = range
            .rows()
            .map(|r| {
                // Columns before the first used one count, so that a column keeps its place in messages.
                let blanks = std::iter::repeat_n(Owned::Blank, left as usize);
                blanks.chain(r.iter().map(own)).collect()
            })
            .collect();
        for d in merged.iter().filter(|d| d.start.1 == d.end.1 && d.end.0 > d.start.0) {
            let column = d.start.1 as usize;
            let Some(from) = d.start.0.checked_sub(top).map(|r| r as usize) else { continue };
            let Some(value) = rows.get(from).and_then(|r| r.get(column)).cloned() else { continue };
            for row in rows.iter_mut().skip(from + 1).take((d.end.0 - d.start.0) as usize) {
                if let Some(cell) = row.get_mut(column) {
                    *cell = value.clone();
                }
            }
        }
        let numbers = (top + 1..).take(rows.len()).collect();
        Ok(Sheet { numbers, rows })
    }

    /// The sheet that a layer means: the one it names, else of the visible ones that whose header has
    /// most columns of the layer, the first of equals.
    pub fn choose(&mut self, layer: &'static Layer, spec: &LayerSpec) -> Result<(Sheet, Header), Fault> {
        if let Some(wanted) = &spec.sheet {
            let found = self.names.iter().find(|(n, _)| n == wanted || n.trim() == wanted.trim());
            let Some((name, _)) = found.cloned() else {
                let all: Vec<&str> = self.names.iter().map(|(n, _)| n.as_str()).collect();
                let message = (
                    format!("no sheet is called `{wanted}`; there are: {}", all.join(", ")),
                    format!("没有名为 `{wanted}` 的工作表；现有：{}", all.join("、")),
                );
                return Err(Fault::new(&rules::SHEET_MISSING, message));
            };
            let sheet = self.sheet(&name)?;
            let header = find_header(&sheet, layer, spec).ok_or_else(|| {
                Fault::new(&rules::HEADER_MISSING, (format!("in sheet {name}"), format!("工作表 {name}")))
            })?;
            return Ok((sheet, header));
        }
        let visible: Vec<String> = self.names.iter().filter(|(_, v)| *v).map(|(n, _)| n.clone()).collect();
        let mut best: Option<(usize, Sheet, Header)> = None;
        for name in visible {
            let sheet = self.sheet(&name)?;
            let Some(header) = find_header(&sheet, layer, spec) else { continue };
            let score = Binding::matches(layer, &header.names, spec);
            if best.as_ref().is_none_or(|b| score > b.0) {
                best = Some((score, sheet, header));
            }
        }
        let (_, sheet, header) = best.ok_or_else(|| {
            Fault::new(&rules::HEADER_MISSING, ("no visible sheet has a table", "可见工作表中没有表格"))
        })?;
        Ok((sheet, header))
    }
}

/// The header of a sheet.
fn find_header(sheet: &Sheet, layer: &'static Layer, spec: &LayerSpec) -> Option<Header> {
    header::find(&sheet.rows, layer, spec, &sheet.numbers)
}

fn own(cell: &Data) -> Owned {
    match cell {
        Data::Empty => Owned::Blank,
        Data::String(s) => Owned::Text(s.clone()),
        Data::Int(i) => Owned::Number(*i as f64),
        Data::Float(f) => Owned::Number(*f),
        Data::Bool(b) => Owned::Flag(*b),
        Data::DateTime(d) if d.is_datetime() => {
            let (year, month, day, hour, minute, second, _) = d.to_ymd_hms_milli();
            let time = if (hour, minute, second) == (0, 0, 0) {
                String::new()
            } else {
                format!(" {hour:02}:{minute:02}:{second:02}")
            };
            Owned::Text(format!("{year:04}-{month:02}-{day:02}{time}"))
        }
        Data::DateTime(d) => Owned::Number(d.as_f64()),
        Data::DateTimeIso(s) => Owned::Text(date(Value::Text(s)).unwrap_or_else(|| s.clone())),
        Data::DurationIso(s) => Owned::Text(s.clone()),
        // A formula that failed has no value; its error text shows in messages.
        Data::Error(e) => Owned::Text(e.to_string()),
    }
}

/// Reads a workbook.
pub(super) fn workbook<R: Reader>(
    job: &Job<'_>,
    issues: &mut Issues,
    sink: &mut (dyn FnMut(&mut R::Part) + Send),
) -> Result<Outcome, Fault> {
    let mut book = Workbook::open(job.path)?;
    let (sheet, found) = book.choose(job.layer, job.spec)?;
    let line = sheet.numbers.get(found.first).copied();
    let sample = super::read::borrowed(&sheet.rows, &found);
    let sample: Vec<_> = sample.into_iter().take(200).collect();
    let binding = Binding::new(job.layer, &found.names, job.spec);
    let mut run: Run<'_, R> = Run::new(job, binding, None, &sample)?;
    drop(sample);
    let rows: Vec<OwnedRow> = sheet
        .rows
        .into_iter()
        .zip(sheet.numbers)
        .skip(found.data())
        .filter(|(values, _)| values.iter().any(|v| v.borrow().trimmed() != Value::Blank))
        .map(|(values, number)| OwnedRow { number, values, shape: None })
        .collect();
    run.rows(&rows, issues, sink)?;
    Ok(run.finish(issues, line.filter(|_| found.rows > 0).map(u64::from), false))
}
