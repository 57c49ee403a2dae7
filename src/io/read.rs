//! One loop for all formats: rows in parts, parts on all threads, results in the order of the file.

use super::binding::Binding;
use super::delimited::{Block, Delimited};
use super::header::{self, Header};
use super::place::{Locator, Verdict};
use super::row::{Notes, RangeCount, Row};
use super::shape::RawShape;
use super::source::Fault;
use super::values::{Owned, Value};
use crate::model::issues::{Issues, Place};
use crate::model::operators::{OperatorId, Operators};
use crate::model::project::LayerSpec;
use crate::model::quantity;
use crate::model::rules;
use crate::model::said::Said;
use crate::model::schema::{Column, Layer, Shape};
use crate::model::settings::Settings;
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::path::Path;

/// Turns rows of one layer into records.
pub(super) trait Reader: Sync + Sized {
    /// Records of one part of a file. Parts are emptied and used again, as blocks are.
    type Part: Default + Send;

    /// Finds its columns in a file.
    fn bind(binding: &Binding, file: u16, settings: &Settings) -> Self;

    /// Makes room for the records of so many rows.
    fn make_room(_part: &mut Self::Part, _rows: usize) {}

    /// Tells a part how many rows of the file are still to come, about.
    fn expect(_part: &mut Self::Part, _rows: usize) {}

    /// Reads a row into `part`; `None` when the row is dropped, with the reason noted.
    fn read(&self, row: &mut Row<'_>, part: &mut Self::Part) -> Option<()>;
}

/// One file of a layer, and what reading it needs.
pub(super) struct Job<'a> {
    pub layer: &'static Layer,
    pub spec: &'a LayerSpec,
    pub settings: &'a Settings,
    /// Number of the file within the layer.
    pub file: u16,
    /// The file as the project names it.
    pub shown: &'a str,
    pub path: &'a Path,
    /// Exchange longitude and latitude.
    pub swap: bool,
}

/// What reading a file came to.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcome {
    pub read: u64,
    pub filtered: u64,
    pub dropped: u64,
    pub kept: u64,
    pub columns: Vec<String>,
    pub unknown_columns: Vec<String>,
    pub crs: String,
    /// SHA-256 of the rows, where no file holds them.
    pub digest: Option<String>,
    /// Most rows have longitude and latitude exchanged.
    pub swapped: bool,
}

/// A row that owns its cells: of a workbook or a feature.
#[derive(Clone, Debug, Default)]
pub(super) struct OwnedRow {
    pub number: u32,
    pub values: Vec<Owned>,
    pub shape: Option<RawShape>,
}

/// The result of one part.
struct Piece<P> {
    part: P,
    notes: Notes,
    read: u64,
    filtered: u64,
    dropped: u64,
    /// Bytes that it was read from, where that is known.
    bytes: u64,
    fault: Option<Fault>,
}

impl<P: Default> Piece<P> {
    fn new() -> Self {
        Self {
            part: P::default(),
            notes: Notes::default(),
            read: 0,
            filtered: 0,
            dropped: 0,
            bytes: 0,
            fault: None,
        }
    }
}

/// Words that mark a row of totals.
const TOTALS: &[&str] = &[
    "合计",
    "总计",
    "小计",
    "共计",
    "汇总",
    "总和",
    "全市合计",
    "全省合计",
    "total",
    "totals",
    "grand total",
    "subtotal",
    "sum",
];

fn is_total(values: &[Value<'_>]) -> bool {
    let mut label = false;
    for v in values {
        match v.trimmed() {
            Value::Text(s) if super::values::number(Value::Text(s), "").is_some() => {}
            // No word for a total holds a digit, and most ids do.
            Value::Text(s) if s.bytes().any(|b| b.is_ascii_digit()) => return false,
            Value::Text(s) => {
                let word: String =
                    s.chars().filter(|c| !c.is_whitespace() && *c != ':' && *c != '：').collect();
                let word = word.to_lowercase();
                if label || !(TOTALS.contains(&word.as_str()) || TOTALS.contains(&s.to_lowercase().as_str()))
                {
                    return false;
                }
                label = true;
            }
            Value::Blank | Value::Number(_) => {}
            Value::Flag(_) => return false,
        }
    }
    label
}

/// The state of reading one file: what stays while its rows are read, and what they add up to.
pub(super) struct Run<'a, R: Reader> {
    fixed: Fixed<'a, R>,
    tally: Tally,
}

struct Fixed<'a, R: Reader> {
    job: &'a Job<'a>,
    binding: Binding,
    locator: Locator,
    reader: R,
}

#[derive(Default)]
struct Tally {
    notes: Notes,
    outcome: Outcome,
    bytes: u64,
    /// Length of the file, where it is known.
    all_bytes: Option<u64>,
}

impl Tally {
    /// Takes a piece in; gives back its part, emptied.
    fn take<R: Reader>(
        &mut self,
        fixed: &Fixed<'_, R>,
        mut piece: Piece<R::Part>,
        issues: &mut Issues,
        sink: &mut dyn FnMut(&mut R::Part),
    ) -> Result<R::Part, Fault> {
        self.outcome.read += piece.read;
        self.bytes += piece.bytes;
        if let Some(all) = self.all_bytes.filter(|_| self.bytes > 0) {
            let to_come = all.saturating_sub(self.bytes) as f64 / self.bytes as f64;
            R::expect(&mut piece.part, (to_come * self.outcome.read as f64) as usize);
        }
        self.outcome.filtered += piece.filtered;
        self.outcome.dropped += piece.dropped;
        self.notes.add_ranges(&piece.notes.ranges);
        self.notes.places.append(piece.notes.places);
        let header = |name: &str| fixed.binding.header(name);
        piece.notes.findings.pour(issues, fixed.job.layer.name, fixed.job.shown, &header);
        sink(&mut piece.part);
        piece.fault.map_or(Ok(piece.part), Err)
    }
}

impl<R: Reader> Fixed<'_, R> {
    fn read_row(
        &self,
        number: u32,
        values: &[Value<'_>],
        shape: Option<&RawShape>,
        piece: &mut Piece<R::Part>,
    ) {
        piece.read += 1;
        if !self.binding.keeps(values) {
            piece.filtered += 1;
            return;
        }
        let mut row = Row::new(number, values, shape, (&self.binding, &self.locator), &mut piece.notes);
        if let Some(Value::Text(first)) = row.first_value()
            && first.len() <= 40
            && is_total(values)
        {
            row.note(&rules::TOTAL_ROW, "", first);
            piece.dropped += 1;
            return;
        }
        if self.reader.read(&mut row, &mut piece.part).is_none() {
            piece.dropped += 1;
        }
    }

    fn read_owned(&self, rows: &[OwnedRow]) -> Piece<R::Part> {
        let mut piece = Piece::new();
        let mut values = Vec::new();
        for row in rows {
            values.clear();
            values.extend(row.values.iter().map(Owned::borrow));
            self.read_row(row.number, &values, row.shape.as_ref(), &mut piece);
        }
        piece
    }

    fn read_block(&self, block: &mut Block, part: &mut R::Part, delimiter: u8) -> Piece<R::Part> {
        let mut piece = Piece { part: std::mem::take(part), ..Piece::new() };
        piece.bytes = block.bytes.len() as u64;
        let fields = match block.split(delimiter) {
            Ok(f) => f,
            Err(fault) => {
                piece.fault = Some(fault);
                return piece;
            }
        };
        R::make_room(&mut piece.part, fields.len());
        let width = self.binding.width;
        let mut values = Vec::with_capacity(width);
        for i in 0..fields.len() {
            let number = fields.row(i, &mut values);
            if values.len() != width {
                if values.len() > width && values[width..].iter().any(|v| v.trimmed() != Value::Blank) {
                    piece.read += 1;
                    piece.dropped += 1;
                    let value = format!("{} instead of {width}", values.len());
                    piece.notes.findings.add(&rules::ROW_RAGGED, "", number, &value);
                    continue;
                }
                if values.len() < width {
                    let value = format!("{} instead of {width}", values.len());
                    piece.notes.findings.add(&rules::ROW_SHORT, "", number, &value);
                }
            }
            self.read_row(number, &values, None, &mut piece);
        }
        piece
    }
}

impl<'a, R: Reader> Run<'a, R> {
    /// Binds columns and coordinate system. `sample` are the first rows of data.
    pub fn new(
        job: &'a Job<'a>,
        binding: Binding,
        file_crs: Option<&str>,
        sample: &[Vec<Value<'_>>],
    ) -> Result<Self, Fault> {
        let locator = Locator::new(&binding, job.spec, file_crs, sample, job.swap)
            .map_err(|e| Fault::new(&rules::CRS_UNUSABLE, Said::from(&e)))?;
        let reader = R::bind(&binding, job.file, job.settings);
        let outcome = Outcome { crs: locator.crs_name(), ..Outcome::default() };
        let tally = Tally { outcome, ..Tally::default() };
        Ok(Self { fixed: Fixed { job, binding, locator, reader }, tally })
    }

    /// Binds anew when a later part of the file brought new columns.
    pub fn rebind(
        &mut self,
        binding: Binding,
        file_crs: Option<&str>,
        sample: &[Vec<Value<'_>>],
    ) -> Result<(), Fault> {
        let fresh = Self::new(self.fixed.job, binding, file_crs, sample)?;
        let old = std::mem::replace(&mut self.fixed, fresh.fixed);
        // Counts stand in the order of the binding.
        let counts = std::mem::take(&mut self.tally.notes.ranges);
        let mut moved = vec![RangeCount::default(); self.fixed.binding.columns.len()];
        for (bound, count) in old.binding.columns.iter().zip(counts) {
            let at = self.fixed.binding.columns.iter().position(|c| c.column.name == bound.column.name);
            if let Some(i) = at {
                moved[i] = count;
            }
        }
        self.tally.notes.ranges = moved;
        Ok(())
    }

    /// Reads rows that own their cells.
    pub fn rows(
        &mut self,
        rows: &[OwnedRow],
        issues: &mut Issues,
        sink: &mut dyn FnMut(&mut R::Part),
    ) -> Result<(), Fault> {
        let Self { fixed, tally } = self;
        let pieces: Vec<Piece<R::Part>> = rows.par_chunks(4096).map(|part| fixed.read_owned(part)).collect();
        pieces.into_iter().try_for_each(|p| tally.take(fixed, p, issues, sink).map(|_| ()))
    }

    /// Reads a file of separated columns, from the current line on. While some threads cut and convert
    /// blocks, one puts the last results together and reads the next blocks.
    pub fn blocks(
        &mut self,
        file: &mut Delimited,
        issues: &mut Issues,
        sink: &mut (dyn FnMut(&mut R::Part) + Send),
    ) -> Result<(), Fault> {
        let Self { fixed, tally } = self;
        let fixed = &*fixed;
        let batch = 2 * rayon::current_num_threads().max(2);
        type Desks<P> = Vec<(Block, P)>;
        let fetch = |file: &mut Delimited, spare: &mut Vec<Block>, parts: &mut Vec<R::Part>| {
            let mut blocks: Desks<R::Part> = Vec::with_capacity(batch);
            while blocks.len() < batch {
                let mut block = spare.pop().unwrap_or_default();
                match file.next_block(&mut block) {
                    Ok(true) => blocks.push((block, parts.pop().unwrap_or_default())),
                    Ok(false) => break,
                    Err(fault) => return (blocks, Some(fault)),
                }
            }
            (blocks, None)
        };
        let delimiter = file.delimiter;
        tally.all_bytes = file.bytes;
        let (mut spare, mut parts) = (Vec::new(), Vec::new());
        let (mut blocks, mut fault) = fetch(file, &mut spare, &mut parts);
        let mut done: Vec<Piece<R::Part>> = Vec::new();
        while !blocks.is_empty() || !done.is_empty() {
            let ready = std::mem::take(&mut done);
            let ended = fault.is_some();
            let (converted, gathered) = rayon::join(
                || -> Vec<Piece<R::Part>> {
                    blocks.par_iter_mut().map(|(b, part)| fixed.read_block(b, part, delimiter)).collect()
                },
                || {
                    for piece in ready {
                        parts.push(tally.take(fixed, piece, issues, &mut *sink)?);
                    }
                    Ok(if ended { (Vec::new(), None) } else { fetch(file, &mut spare, &mut parts) })
                },
            );
            done = converted;
            let (next, problem) = gathered?;
            spare.extend(blocks.into_iter().map(|b| b.0));
            blocks = next;
            fault = fault.or(problem);
        }
        fault.map_or(Ok(()), Err)
    }

    /// Closes the file: what only its whole tells, and the counts. `line` is the header's place.
    pub fn finish(self, issues: &mut Issues, line: Option<u64>, has_geometry: bool) -> Outcome {
        let Self { fixed: Fixed { job, binding, locator, .. }, tally: Tally { notes, mut outcome, .. } } =
            self;
        let (layer, shown) = (job.layer, job.shown);
        let stands_in = |c: &Column| {
            // An id is made from the row's content; a region's facts and its area may come from two files.
            c.name.ends_with("_id") && layer.own.first().is_some_and(|f| f.name == c.name)
                || layer.name == "regions" && matches!(c.name, "level" | "name" | "adcode")
        };
        binding.report(issues, shown, line, &stands_in);
        let needs_place = matches!(layer.shape, Shape::Point);
        if needs_place && !has_geometry && !locator.has_columns() {
            let place = Place { file: shown.to_owned(), row: line, column: Some("lon".to_owned()) };
            issues.add(&rules::COLUMN_MISSING, layer.name, place, "lon (经度), lat (纬度)");
        }
        outcome.swapped = notes.places.verdict() == Verdict::Swapped;
        notes.places.report(issues, layer.name, shown);
        for (bound, count) in binding.columns.iter().zip(&notes.ranges) {
            if count.out < 2 || count.out * 2 <= count.met {
                continue;
            }
            let c = bound.column;
            if let Some(unit) = likely_unit(c, count.first / bound.factor) {
                let place = Place {
                    file: shown.to_owned(),
                    row: Some(count.row.into()),
                    column: Some(bound.header.clone()),
                };
                let value = format!("{} looks like {unit}, not {}", count.first / bound.factor, c.unit);
                issues.add_many(&rules::UNIT_WRONG, layer.name, place, &value, count.out, []);
            }
        }
        outcome.columns = binding.given();
        outcome.unknown_columns = binding.unused();
        outcome.kept = outcome.read - outcome.filtered - outcome.dropped;
        outcome
    }
}

/// A unit in which a value that is out of range would be in range.
fn likely_unit(column: &Column, value: f64) -> Option<&'static str> {
    if column.unit == "dBm" {
        return (value > 0.0 && (0.0..=60.0).contains(&(10.0 * (value * 1e3).log10()))).then_some("W");
    }
    let units: &[&str] = match column.unit {
        "MHz" => &["GHz", "kHz", "Hz"],
        "m" => &["cm", "km"],
        "MW" => &["kW", "GW"],
        "kW" => &["W", "MW"],
        "Mbit/s" => &["kbit/s"],
        "ms" => &["us", "s"],
        "CNY" => &["万元", "亿元"],
        _ => &[],
    };
    units.iter().copied().find(|u| {
        quantity::factor(column.unit, u).is_some_and(|f| {
            let v = value * f;
            v >= column.min && v <= column.max
        })
    })
}

/// Reads a file of separated columns.
pub(super) fn delimited<R: Reader>(
    job: &Job<'_>,
    issues: &mut Issues,
    sink: &mut (dyn FnMut(&mut R::Part) + Send),
) -> Result<Outcome, Fault> {
    let mut file = Delimited::open(job.path, job.spec.encoding.as_deref(), job.spec.delimiter)?;
    let head = file.head(header::HEAD_ROWS + 200)?;
    let (numbers, rows): (Vec<u32>, Vec<Vec<Owned>>) = head.into_iter().unzip();
    let found = header::find(&rows, job.layer, job.spec, &numbers).ok_or_else(|| {
        Fault::new(&rules::HEADER_MISSING, ("no row looks like a header", "没有像表头的行"))
    })?;
    let line = numbers.get(found.first).copied().unwrap_or(1);
    let data_line = numbers.get(found.data()).copied().unwrap_or(u32::MAX);
    let sample = borrowed(&rows, &found);
    let binding = Binding::new(job.layer, &found.names, job.spec);
    let mut run: Run<'_, R> = Run::new(job, binding, None, &sample)?;
    file.skip_to_line(data_line);
    run.blocks(&mut file, issues, sink)?;
    Ok(run.finish(issues, (found.rows > 0).then_some(u64::from(line)), false))
}

/// The rows behind a header, for guesses about the whole.
pub(super) fn borrowed<'r>(rows: &'r [Vec<Owned>], header: &Header) -> Vec<Vec<Value<'r>>> {
    rows.iter().skip(header.data()).map(|r| r.iter().map(Owned::borrow).collect()).collect()
}

/// Reads nothing but positions: tells whether a file has longitude and latitude exchanged.
pub(super) struct PositionsOnly {
    shape: Shape,
}

impl Reader for PositionsOnly {
    type Part = ();

    fn bind(binding: &Binding, _file: u16, _settings: &Settings) -> Self {
        Self { shape: binding.layer.shape }
    }

    fn read(&self, row: &mut Row<'_>, _part: &mut ()) -> Option<()> {
        match self.shape {
            Shape::Point => row.point().map(|_| ()),
            Shape::Line => row.lines().map(|_| ()),
            Shape::Area => row.area().map(|_| ()),
            Shape::Any | Shape::None | Shape::Grid | Shape::Patterns => Some(()),
        }
    }
}

/// Operators as a part met them; ids in its records are indices into the list.
#[derive(Default)]
pub(super) struct LocalOperators {
    names: Vec<String>,
    index: FxHashMap<String, usize>,
}

impl LocalOperators {
    /// Index of a name, added when new.
    pub fn index(&mut self, name: &str) -> usize {
        if let Some(&i) = self.index.get(name) {
            return i;
        }
        let i = self.names.len();
        self.names.push(name.to_owned());
        self.index.insert(name.to_owned(), i);
        i
    }

    /// The name at an index.
    pub fn name(&self, index: usize) -> &str {
        self.names.get(index).map_or("", String::as_str)
    }

    /// The run's ids of the names, in order.
    pub fn global(&self, operators: &mut Operators) -> Vec<OperatorId> {
        self.names.iter().map(|n| operators.add(n)).collect()
    }
}
