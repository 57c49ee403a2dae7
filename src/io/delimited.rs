//! Text with separated columns (RFC 4180 and its relatives), cut into blocks at row ends so that many
//! threads can read one file.

use super::source::{self, Fault, Source};
use super::values::{Owned, Value};
use crate::model::rules;
use std::path::Path;

/// Bytes of a block.
const BLOCK: usize = 1 << 20;
/// A row longer than this isn't one: a quote was left open.
const LONGEST_ROW: usize = 64 << 20;

/// A file being read block by block.
pub(super) struct Delimited {
    source: Source<'static>,
    pub delimiter: u8,
    /// Read and not yet handed out.
    rest: Vec<u8>,
    line: u32,
    ended: bool,
    /// Length of the file, where it is read as it is.
    pub bytes: Option<u64>,
}

/// Whole rows of a file, and room for where their fields lie. Blocks are used again, so that reading
/// doesn't ask for fresh memory with every megabyte.
#[derive(Default)]
pub(super) struct Block {
    pub bytes: Vec<u8>,
    /// Line on which it begins.
    pub line: u32,
    spans: Spans,
}

/// Where the fields of a block lie.
#[derive(Default)]
struct Spans {
    /// Fields whose doubled quotes were made single.
    unescaped: String,
    /// Start and end; from the end of the block's text on they lie in `unescaped`.
    ranges: Vec<(u32, u32)>,
    /// First field and line of each row.
    rows: Vec<(u32, u32)>,
}

/// The fields of a block.
pub(super) struct Fields<'b> {
    text: &'b str,
    spans: &'b Spans,
}

impl Delimited {
    /// Opens a file; the separator is told from the first lines unless given.
    pub fn open(path: &Path, encoding: Option<&str>, delimiter: Option<char>) -> Result<Self, Fault> {
        let mut source = source::open(path, encoding)?;
        let mut rest = Vec::new();
        source.fill(&mut rest, BLOCK)?;
        if rest.is_empty() {
            return Err(Fault::new(&rules::FILE_DAMAGED, ("the file is empty", "文件为空")));
        }
        if memchr::memchr(b'\n', &rest).is_none() && memchr::memchr(b'\r', &rest).is_some() {
            let message = (
                "lines end in carriage returns alone; save the file with ordinary line ends",
                "行尾只有回车符；请以普通换行另存",
            );
            return Err(Fault::new(&rules::FILE_DAMAGED, message));
        }
        // Excel's own word for the separator, on a line of its own.
        let told = rest.strip_prefix(b"sep=").and_then(|r| r.first().copied()).filter(u8::is_ascii);
        let tabs =
            path.to_str().is_some_and(|p| p.to_ascii_lowercase().trim_end_matches(".gz").ends_with(".tsv"));
        let delimiter = match delimiter.and_then(|c| u8::try_from(c).ok()) {
            Some(d) => d,
            None if told.is_some() => told.unwrap_or(b','),
            None if tabs => b'\t',
            None => guess_delimiter(&rest),
        };
        let bytes = source.bytes;
        let mut file = Self { source, delimiter, rest, line: 1, ended: false, bytes };
        if told.is_some() {
            file.skip_to_line(2);
        }
        Ok(file)
    }

    /// The encoding, as its label.
    pub fn encoding(&self) -> &'static str {
        self.source.encoding
    }

    /// The first rows with their line numbers, without taking them.
    pub fn head(&self, rows: usize) -> Result<Vec<(u32, Vec<Owned>)>, Fault> {
        let mut end = 0;
        for _ in 0..rows {
            match row_end(&self.rest[end..], self.delimiter) {
                Some(n) => end += n,
                None => {
                    // The last row of a small file may lack its line end.
                    if end < self.rest.len() && self.rest.len() < BLOCK {
                        end = self.rest.len();
                    }
                    break;
                }
            }
        }
        let mut block = Block { bytes: self.rest[..end].to_vec(), line: self.line, ..Block::default() };
        let fields = block.split(self.delimiter)?;
        let own = |v: Value<'_>| match v {
            Value::Text(s) => Owned::Text(s.to_owned()),
            _ => Owned::Blank,
        };
        let mut out = Vec::new();
        let mut values = Vec::new();
        for i in 0..fields.len() {
            let line = fields.row(i, &mut values);
            out.push((line, values.iter().map(|v| own(*v)).collect()));
        }
        Ok(out)
    }

    /// Passes over everything before a line.
    pub fn skip_to_line(&mut self, line: u32) {
        while self.line < line {
            match memchr::memchr(b'\n', &self.rest) {
                Some(n) => {
                    self.rest.drain(..=n);
                    self.line += 1;
                }
                None => {
                    self.rest.clear();
                    break;
                }
            }
        }
    }

    /// Puts the next rows into a block; false at the end.
    pub fn next_block(&mut self, block: &mut Block) -> Result<bool, Fault> {
        let bytes = &mut block.bytes;
        bytes.clear();
        bytes.reserve(BLOCK + (BLOCK >> 4));
        bytes.append(&mut self.rest);
        block.line = self.line;
        loop {
            if !self.ended && bytes.len() < BLOCK {
                let want = BLOCK - bytes.len();
                let before = bytes.len();
                self.source.fill(bytes, want)?;
                self.ended = bytes.len() == before;
            }
            if self.ended {
                if bytes.is_empty() {
                    return Ok(false);
                }
                if open_quote(bytes, self.delimiter) {
                    let message = (
                        "a quote is opened and never closed: the file is cut off, or a quote is missing",
                        "引号未闭合：文件不完整，或缺少一个引号",
                    );
                    return Err(Fault::at(&rules::FILE_DAMAGED, u64::from(self.line), message));
                }
                self.line += count_lines(bytes);
                return Ok(true);
            }
            let end = last_row_end(bytes, self.delimiter);
            if end > 0 {
                self.rest.extend_from_slice(&bytes[end..]);
                bytes.truncate(end);
                self.line += count_lines(bytes);
                return Ok(true);
            }
            if bytes.len() > LONGEST_ROW {
                let message =
                    ("a row of more than 64 MB: a quote is missing", "一行超过 64 MB：缺少一个引号");
                return Err(Fault::at(&rules::FILE_DAMAGED, u64::from(self.line), message));
            }
            let before = bytes.len();
            self.source.fill(bytes, BLOCK)?;
            self.ended = bytes.len() == before;
        }
    }
}

fn count_lines(bytes: &[u8]) -> u32 {
    u32::try_from(memchr::memchr_iter(b'\n', bytes).count()).unwrap_or(u32::MAX)
}

/// Walks over quoted fields; calls `newline` with the place behind each line end outside them. Returns
/// whether a quote is open at the end.
fn walk(bytes: &[u8], delimiter: u8, mut newline: impl FnMut(usize) -> bool) -> bool {
    let mut i = 0;
    while let Some(n) = memchr::memchr2(b'"', b'\n', &bytes[i..]) {
        let at = i + n;
        i = at + 1;
        if bytes[at] == b'\n' {
            if newline(i) {
                return false;
            }
            continue;
        }
        // A quote opens a field only at its beginning.
        let opens = at == 0 || bytes[at - 1] == delimiter || bytes[at - 1] == b'\n';
        if !opens {
            continue;
        }
        loop {
            match memchr::memchr(b'"', &bytes[i..]) {
                None => return true,
                Some(n) => {
                    i += n + 1;
                    if bytes.get(i) == Some(&b'"') {
                        i += 1;
                    } else {
                        break;
                    }
                }
            }
        }
    }
    false
}

fn row_end(bytes: &[u8], delimiter: u8) -> Option<usize> {
    let mut end = None;
    walk(bytes, delimiter, |n| {
        end = Some(n);
        true
    });
    end
}

fn last_row_end(bytes: &[u8], delimiter: u8) -> usize {
    if memchr::memchr(b'"', bytes).is_none() {
        return memchr::memrchr(b'\n', bytes).map_or(0, |n| n + 1);
    }
    let mut end = 0;
    walk(bytes, delimiter, |n| {
        end = n;
        false
    });
    end
}

fn open_quote(bytes: &[u8], delimiter: u8) -> bool {
    memchr::memchr(b'"', bytes).is_some() && walk(bytes, delimiter, |_| false)
}

/// The separator that cuts the first lines into the same number of columns, of those the most.
fn guess_delimiter(bytes: &[u8]) -> u8 {
    let mut best = (0usize, 0usize, b',');
    for d in *b",\t;|" {
        let mut counts = Vec::new();
        let mut at = 0;
        while counts.len() < 30 {
            let Some(n) = row_end(&bytes[at..], d) else {
                if at < bytes.len() && counts.is_empty() {
                    counts.push(count_outside(&bytes[at..], d));
                }
                break;
            };
            counts.push(count_outside(&bytes[at..at + n], d));
            at += n;
        }
        let mut sorted: Vec<usize> = counts.iter().copied().filter(|c| *c > 0).collect();
        sorted.sort_unstable();
        let Some(&median) = sorted.get(sorted.len() / 2) else { continue };
        let agreeing = counts.iter().filter(|c| **c == median).count();
        if (agreeing, median) > (best.0, best.1) {
            best = (agreeing, median, d);
        }
    }
    best.2
}

fn count_outside(row: &[u8], delimiter: u8) -> usize {
    let mut quoted = false;
    let mut n = 0;
    for &b in row {
        if b == b'"' {
            quoted = !quoted;
        } else if b == delimiter && !quoted {
            n += 1;
        }
    }
    n
}

impl Block {
    /// Cuts the block into rows and fields. Rows without any value are left out.
    pub fn split(&mut self, delimiter: u8) -> Result<Fields<'_>, Fault> {
        let Self { bytes, spans: f, .. } = self;
        let text = std::str::from_utf8(bytes).map_err(|e| {
            let line = self.line + count_lines(&bytes[..e.valid_up_to()]);
            Fault::at(
                &rules::ENCODING_UNKNOWN,
                u64::from(line),
                (
                    "bytes that aren't UTF-8 (try encoding = \"gb18030\")",
                    "含非 UTF-8 字节（可试 encoding = \"gb18030\"）",
                ),
            )
        })?;
        let b = text.as_bytes();
        f.unescaped.clear();
        f.ranges.clear();
        f.rows.clear();
        let mut i = 0;
        let mut line = self.line;
        while i < b.len() {
            let row_line = line;
            let first = f.ranges.len();
            let mut any = false;
            loop {
                let (range, next) = if b.get(i) == Some(&b'"') {
                    let (range, next, lines) = f.quoted(text, i, delimiter);
                    line += lines;
                    (range, next)
                } else {
                    let mut j = i;
                    while j < b.len() && b[j] != delimiter && b[j] != b'\n' {
                        j += 1;
                    }
                    let end =
                        if j > i && b.get(j) != Some(&delimiter) && b[j - 1] == b'\r' { j - 1 } else { j };
                    ((i as u32, end as u32), j)
                };
                any |= range.1 > range.0;
                f.ranges.push(range);
                i = next;
                match b.get(i) {
                    Some(c) if *c == delimiter => i += 1,
                    Some(_) => {
                        i += 1;
                        line += 1;
                        break;
                    }
                    None => break,
                }
            }
            if any {
                f.rows.push((first as u32, row_line));
            } else {
                f.ranges.truncate(first);
            }
        }
        Ok(Fields { text, spans: f })
    }
}

impl Spans {
    /// A quoted field that begins at `start`: its range, where it ends, and the line ends within it.
    /// Whatever stands between the closing quote and the separator is kept as it is.
    fn quoted(&mut self, text: &str, start: usize, delimiter: u8) -> ((u32, u32), usize, u32) {
        let b = text.as_bytes();
        let mut i = start + 1;
        let mut doubled = false;
        let end = loop {
            match memchr::memchr(b'"', &b[i..]) {
                None => break b.len(),
                Some(n) => {
                    let at = i + n;
                    if b.get(at + 1) == Some(&b'"') {
                        doubled = true;
                        i = at + 2;
                    } else {
                        break at;
                    }
                }
            }
        };
        let lines = count_lines(&b[start..end]);
        let after = (end + 1).min(b.len());
        let mut next = after;
        while next < b.len() && b[next] != delimiter && b[next] != b'\n' {
            next += 1;
        }
        let tail = text[after..next].trim_end_matches('\r');
        let inner = &text[start + 1..end];
        if !doubled && tail.is_empty() {
            return (((start + 1) as u32, end as u32), next, lines);
        }
        let from = text.len() + self.unescaped.len();
        self.unescaped.push_str(&inner.replace("\"\"", "\""));
        self.unescaped.push_str(tail);
        ((from as u32, (text.len() + self.unescaped.len()) as u32), next, lines)
    }
}

impl Fields<'_> {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.spans.rows.len()
    }

    /// Puts the fields of a row into `values` and returns its line.
    pub fn row<'s>(&'s self, i: usize, values: &mut Vec<Value<'s>>) -> u32 {
        values.clear();
        let (first, line) = self.spans.rows[i];
        let last = self.spans.rows.get(i + 1).map_or(self.spans.ranges.len(), |r| r.0 as usize);
        let here = self.text.len();
        values.extend(self.spans.ranges[first as usize..last].iter().map(|&(a, b)| {
            let (a, b) = (a as usize, b as usize);
            if a == b {
                Value::Blank
            } else if a < here {
                Value::Text(&self.text[a..b])
            } else {
                Value::Text(&self.spans.unescaped[a - here..b - here])
            }
        }));
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(bytes: &[u8]) -> Vec<(u32, Vec<String>)> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.csv");
        std::fs::write(&path, bytes).unwrap();
        let mut d = Delimited::open(&path, None, None).unwrap();
        let mut out = Vec::new();
        let mut block = Block::default();
        while d.next_block(&mut block).unwrap() {
            let fields = block.split(d.delimiter).unwrap();
            let mut values = Vec::new();
            for i in 0..fields.len() {
                let line = fields.row(i, &mut values);
                out.push((line, values.iter().map(|v| v.text().into_owned()).collect()));
            }
        }
        out
    }

    fn strings(row: &[&str]) -> Vec<String> {
        row.iter().map(|s| (*s).to_owned()).collect()
    }

    #[test]
    fn quotes_newlines_and_stray_quotes() {
        let rows = all(b"a,b\r\n\"x, \"\"y\"\"\nz\",2\r\n\r\n5\" pipe,\"q\"t\nlast,");
        assert_eq!(
            rows,
            [
                (1, strings(&["a", "b"])),
                (2, strings(&["x, \"y\"\nz", "2"])),
                (5, strings(&["5\" pipe", "qt"])),
                (6, strings(&["last", ""])),
            ]
        );
    }

    #[test]
    fn separators_are_guessed() {
        for (text, d) in [
            ("a;b;c\n1,5;2,5;3,5\n1,5;2;3\n", b';'),
            ("a\tb, c\td\n1\t2\t3\n", b'\t'),
            ("name,note\n\"a;b;c\",x\n\"d;e;f\",y\n", b','),
            ("one\ntwo\n", b','),
        ] {
            assert_eq!(guess_delimiter(text.as_bytes()), d, "{text}");
        }
    }

    #[test]
    fn an_open_quote_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.csv");
        std::fs::write(&path, "a,b\n1,\"2\n3,4\n").unwrap();
        let mut d = Delimited::open(&path, None, None).unwrap();
        assert!(d.next_block(&mut Block::default()).is_err_and(|f| f.rule.code == "D002"));
    }

    proptest! {
        /// The csv crate reads the same rows, whatever is quoted, over several blocks.
        #[test]
        fn agrees_with_the_csv_crate(rows in prop::collection::vec(prop::collection::vec("[a-z0-9\",\n 中文]{0,12}", 2..5), 1..30), copies in 1usize..4) {
            let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
            for _ in 0..copies {
                for row in &rows {
                    writer.write_record(row).unwrap();
                }
            }
            let bytes = writer.into_inner().unwrap();
            let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(&bytes[..]);
            let expected: Vec<Vec<String>> = reader
                .records()
                .map(|r| r.unwrap().iter().map(str::to_owned).collect::<Vec<_>>())
                .filter(|r| r.iter().any(|f| !f.is_empty()))
                .collect();
            let mut block = Block { bytes, line: 1, ..Block::default() };
            let fields = block.split(b',').unwrap();
            let mut values = Vec::new();
            let found: Vec<Vec<String>> = (0..fields.len())
                .map(|i| {
                    fields.row(i, &mut values);
                    values.iter().map(|v| v.text().into_owned()).collect()
                })
                .collect();
            prop_assert_eq!(found, expected);
        }
    }
}
