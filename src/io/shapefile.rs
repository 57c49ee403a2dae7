//! ESRI Shapefile (white paper of July 1998): shapes in `.shp`, their places in `.shx`, dBASE attributes in
//! `.dbf`, the system in `.prj`, the encoding in `.cpg`; beside each other, or in one ZIP.

use super::binding::HeaderNames;
use super::features::{Ask, FeatureFormat, PART_BYTES, PART_ROWS, Rows, Take};
use super::packed;
use super::read::OwnedRow;
use super::shape::RawShape;
use super::source::Fault;
use super::values::Owned;
use super::wkb;
use crate::model::rules;
use crate::model::said::{Bilingual, Said};
use crate::model::schema::{Layer, header_key, short_name};
use encoding_rs::{Encoding, UTF_8};
use rayon::prelude::*;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// The format.
pub(super) struct Shapefile;

/// The files of a set, after the first.
const OTHERS: [&str; 4] = ["shx", "dbf", "prj", "cpg"];
/// No part of a sound set is longer: offsets count words of two bytes in 31 bits.
const LONGEST: u64 = 1 << 32;

fn damaged(en: impl Into<String>, zh: impl Into<String>) -> Fault {
    Fault::new(&rules::FILE_DAMAGED, (en, zh))
}

fn archive_damaged(e: &dyn std::fmt::Display) -> Fault {
    damaged(format!("ZIP archive: {e}"), format!("ZIP 压缩包有误：“{e}”"))
}

/// The file of a set with that extension, whatever its case.
fn beside(shp: &Path, extension: &str) -> Option<PathBuf> {
    let plain = shp.with_extension(extension);
    if plain.is_file() {
        return Some(plain);
    }
    let wanted = plain.file_name()?.to_string_lossy().to_lowercase();
    let folder = shp.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(|e| Some(e.ok()?.path()))
        .filter(|p| p.file_name().is_some_and(|n| n.to_string_lossy().to_lowercase() == wanted))
        .collect();
    found.sort();
    found.into_iter().next()
}

fn is_zip(path: &Path) -> bool {
    let mut head = [0u8; 2];
    File::open(path).and_then(|mut f| f.read_exact(&mut head)).is_ok() && head == *b"PK"
}

type Archive = zip::ZipArchive<BufReader<File>>;

fn archive(path: &Path) -> Result<Archive, Fault> {
    zip::ZipArchive::new(BufReader::new(opened(path)?)).map_err(|e| archive_damaged(&e))
}

/// The shapes in an archive, by their names without the extension.
fn stems(archive: &Archive) -> Vec<String> {
    let files = packed::files(archive);
    let mut all: Vec<String> = files.iter().filter_map(|f| f.stem("shp")).map(str::to_owned).collect();
    all.sort();
    all
}

/// Unpacks one set into a folder; gives the path of its shapes.
fn unpack(path: &Path, stem: &str, folder: &Path) -> Result<PathBuf, Fault> {
    let mut archive = archive(path)?;
    let files = packed::files(&archive);
    for extension in std::iter::once("shp").chain(OTHERS) {
        let Some(part) = files.iter().find(|f| f.stem(extension) == Some(stem)) else { continue };
        let name = &part.name;
        let packed = archive.by_index(part.index).map_err(|e| archive_damaged(&e))?;
        let mut out = File::create(folder.join(format!("unpacked.{extension}"))).map_err(|e| {
            Fault::new(
                &rules::FILE_UNREADABLE,
                (format!("temporary folder: {e}"), format!("临时文件夹：{}", e.zh())),
            )
        })?;
        let n = std::io::copy(&mut packed.take(LONGEST + 1), &mut out).map_err(|e| archive_damaged(&e))?;
        if n > LONGEST {
            return Err(damaged(
                format!("{name} is longer than a Shapefile can be"),
                format!("{name} 超出 Shapefile 的长度上限"),
            ));
        }
    }
    Ok(folder.join("unpacked.shp"))
}

fn opened(path: &Path) -> Result<File, Fault> {
    File::open(path).map_err(|e| Fault::new(&rules::FILE_UNREADABLE, Said::from(&e)))
}

impl FeatureFormat for Shapefile {
    fn layers(&self, ask: &Ask<'_>) -> Result<Vec<String>, Fault> {
        if !is_zip(ask.path) {
            return Ok(Vec::new());
        }
        let all = stems(&archive(ask.path)?);
        if all.is_empty() {
            return Err(Fault::new(
                &rules::FORMAT_UNFIT,
                ("the ZIP archive holds no .shp", "ZIP 压缩包中没有 .shp"),
            ));
        }
        Ok(all)
    }

    fn read(&self, ask: &Ask<'_>, layer: Option<&str>, take: &mut Take<'_>) -> Result<(), Fault> {
        let Some(stem) = layer else { return read_set(ask.path, ask, take) };
        let folder = tempfile::tempdir().map_err(|e| {
            Fault::new(
                &rules::FILE_UNREADABLE,
                (format!("temporary folder: {e}"), format!("临时文件夹：{}", e.zh())),
            )
        })?;
        read_set(&unpack(ask.path, stem, folder.path())?, ask, take)
    }

    fn parts(&self, path: &Path) -> Vec<PathBuf> {
        let others = OTHERS.iter().filter_map(|e| beside(path, e));
        std::iter::once(path.to_path_buf()).chain(others.filter(|_| !is_zip(path))).collect()
    }
}

fn read_set(shp: &Path, ask: &Ask<'_>, take: &mut Take<'_>) -> Result<(), Fault> {
    // The shapes first: a path that is wrong altogether is no missing part.
    let mut shapes = Shapes::open(shp)?;
    let needed = |extension: &str, (what, what_zh): (&str, &str)| {
        beside(shp, extension).ok_or_else(|| {
            let message = (
                format!("the .{extension} beside it is missing ({what}); a Shapefile needs it"),
                format!("缺少同名的 .{extension}（{what_zh}），Shapefile 必须带有该文件"),
            );
            Fault::new(&rules::FILE_UNREADABLE, message)
        })
    };
    shapes.index(&needed("shx", ("places of the shapes", "图形索引"))?)?;
    let mut table = Dbf::open(&needed("dbf", ("attributes", "属性表"))?)?;
    let label = beside(shp, "cpg").map(|p| small_text(&p)).transpose()?;
    let encoding = table.encoding(ask.spec.encoding.as_deref(), label.as_deref())?;
    let crs = beside(shp, "prj").map(|p| small_text(&p)).transpose()?;
    let crs = crs.as_deref().map(str::trim).filter(|t| !t.is_empty());
    if shapes.places.len() as u64 != u64::from(table.count) {
        let (shapes, rows) = (shapes.places.len(), table.count);
        return Err(damaged(
            format!("{shapes} shapes, but {rows} rows of attributes: the files don't belong together"),
            format!("图形 {shapes} 个，属性 {rows} 行：这些文件不是同一套"),
        ));
    }
    let names: Vec<HeaderNames> =
        table.fields.iter().map(|f| header_names(f.name(encoding), f.raw_name.len(), ask.layer)).collect();
    let total = shapes.places.len();
    let mut at = 0;
    while at < total || total == 0 {
        let n = PART_ROWS.min(total - at);
        let mut raw = Vec::with_capacity(n);
        let mut bytes = 0;
        // Large shapes make smaller parts.
        while raw.len() < n && bytes < PART_BYTES {
            let i = at + raw.len();
            let (shape, row) = (shapes.record(i)?, table.record(i)?);
            bytes += shape.len() + row.len();
            raw.push((i, shape, row));
        }
        at += raw.len();
        let fields = &table.fields;
        let rows = raw
            .into_par_iter()
            .filter(|(_, _, row)| row.first() != Some(&b'*'))
            .map(|(i, shape, row)| {
                let number = u32::try_from(i + 1).unwrap_or(u32::MAX);
                let values = fields
                    .iter()
                    .map(|f| f.value(&row, encoding).map_err(|f| Fault { row: Some(number.into()), ..f }))
                    .collect::<Result<_, _>>()?;
                Ok(OwnedRow { number, values, shape: parse(&shape) })
            })
            .collect::<Result<_, Fault>>()?;
        if take(Rows { names: &names, crs, rows })?.is_break() || total == 0 {
            return Ok(());
        }
    }
    Ok(())
}

/// A small text file of a set.
fn small_text(path: &Path) -> Result<String, Fault> {
    let mut bytes = Vec::new();
    opened(path)?.take(1 << 16).read_to_end(&mut bytes).map_err(|e| Fault::reading(&e))?;
    Ok(String::from_utf8_lossy(&bytes).trim_start_matches('\u{feff}').to_owned())
}

/// A field's name, and the column that it means where the name was cut to the ten bytes that it may have: by
/// covplan's own rule, or at its end. `bytes` is its length in the file.
fn header_names(name: String, bytes: usize, layer: Option<&'static Layer>) -> HeaderNames {
    let Some(layer) = layer.filter(|l| l.match_header(&name).is_none()) else { return vec![name] };
    let only = |found: Vec<&'static str>| match found.as_slice() {
        [one] => Some((*one).to_owned()),
        _ => None,
    };
    let columns = || layer.columns().map(|c| c.name);
    let by_rule = only(columns().filter(|c| short_name(c).eq_ignore_ascii_case(&name)).collect());
    let key = header_key(&name).0;
    let by_end = || {
        // A character of two or three bytes may have been the one that didn't fit.
        let cut = bytes >= 8 && !key.is_empty();
        let means = |c: &&'static crate::model::schema::Column| c.keys().any(|k| k.starts_with(&key));
        only(layer.columns().filter(|c| cut && means(c)).map(|c| c.name).collect())
    };
    let alias = by_rule.or_else(by_end);
    std::iter::once(name).chain(alias).collect()
}

/// The shapes and where each begins.
struct Shapes {
    file: BufReader<File>,
    bytes: u64,
    at: u64,
    /// Place and length of each record's content, bytes.
    places: Vec<(u64, usize)>,
}

impl Shapes {
    fn open(path: &Path) -> Result<Self, Fault> {
        let mut file = opened(path)?;
        let bytes = file.metadata().map_err(|e| Fault::reading(&e))?.len();
        let mut head = [0u8; 100];
        file.read_exact(&mut head)
            .map_err(|_| damaged("the .shp ends within its header", ".shp 在文件头内结束"))?;
        if head[..4] != 9994u32.to_be_bytes() {
            return Err(damaged("it isn't a .shp: the file code is wrong", "不是 .shp：文件代码有误"));
        }
        Ok(Self { file: BufReader::with_capacity(1 << 18, file), bytes, at: 100, places: Vec::new() })
    }

    fn index(&mut self, path: &Path) -> Result<(), Fault> {
        let mut index = Vec::new();
        opened(path)?.take(LONGEST).read_to_end(&mut index).map_err(|e| Fault::reading(&e))?;
        let Some(entries) = index.get(100..).filter(|_| index.starts_with(&9994u32.to_be_bytes())) else {
            return Err(damaged("the .shx beside it isn't one", "同名的 .shx 不是 .shx"));
        };
        if entries.len() % 8 != 0 {
            return Err(damaged("the .shx beside it ends within an entry", "同名的 .shx 在一条索引内结束"));
        }
        for (i, entry) in entries.chunks_exact(8).enumerate() {
            let word =
                |k: usize| entry.get(k..k + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_be_bytes);
            // The record's header of eight bytes repeats number and length.
            let (from, length) = (u64::from(word(0)) * 2 + 8, u64::from(word(4)) * 2);
            if from < 108 || from + length > self.bytes {
                let n = i + 1;
                return Err(damaged(
                    format!("the .shp ends before shape {n}, or the .shx isn't its own"),
                    format!(".shp 在第 {n} 个图形之前结束，或 .shx 与之不配套"),
                ));
            }
            self.places.push((from, length as usize));
        }
        Ok(())
    }

    fn record(&mut self, i: usize) -> Result<Vec<u8>, Fault> {
        let Some(&(from, length)) = self.places.get(i) else { return Ok(Vec::new()) };
        let step = from as i64 - self.at as i64;
        let mut out = vec![0; length];
        self.file
            .seek_relative(step)
            .and_then(|()| self.file.read_exact(&mut out))
            .map_err(|e| Fault::reading(&e))?;
        self.at = from + length as u64;
        Ok(out)
    }
}

/// One record; `None` for a null shape.
fn parse(record: &[u8]) -> Option<RawShape> {
    parsed(record)
        .unwrap_or_else(|| Some(RawShape::Broken(("the shape's record is too short", "图形记录过短").into())))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_le_bytes)
}

fn position_at(bytes: &[u8], at: usize) -> Option<[f64; 2]> {
    let number = |at: usize| Some(f64::from_le_bytes(bytes.get(at..at.checked_add(8)?)?.try_into().ok()?));
    Some([number(at)?, number(at.checked_add(8)?)?])
}

/// Positions that stand one behind the other; heights and measures stand behind all of them.
fn positions(bytes: &[u8], from: usize, count: u32) -> Option<Vec<[f64; 2]>> {
    let body = bytes.get(from..from.checked_add((count as usize).checked_mul(16)?)?)?;
    body.chunks_exact(16).map(|b| position_at(b, 0)).collect()
}

/// The inner `None` is a null shape, the outer one a record that is too short.
fn parsed(record: &[u8]) -> Option<Option<RawShape>> {
    Some(match u32_at(record, 0)? {
        0 => None,
        1 | 11 | 21 => Some(RawShape::Point(position_at(record, 4)?)),
        8 | 18 | 28 => Some(RawShape::Points(positions(record, 40, u32_at(record, 36)?)?)),
        kind @ (3 | 13 | 23 | 5 | 15 | 25) => {
            let (parts, count) = (u32_at(record, 36)? as usize, u32_at(record, 40)?);
            let heads = record.get(44..44usize.checked_add(parts.checked_mul(4)?)?)?;
            let all = positions(record, 44 + 4 * parts, count)?;
            let starts: Vec<usize> =
                heads.chunks_exact(4).filter_map(|b| u32_at(b, 0)).map(|s| s as usize).collect();
            let ends = starts.iter().skip(1).copied().chain([all.len()]);
            let lines: Option<Vec<Vec<[f64; 2]>>> =
                starts.iter().zip(ends).map(|(s, e)| Some(all.get(*s..e)?.to_vec())).collect();
            let Some(lines) = lines else {
                return Some(Some(RawShape::Broken(
                    ("the parts of the shape overlap", "图形各部分相互重叠").into(),
                )));
            };
            if matches!(kind, 3 | 13 | 23) { wkb::lines(lines) } else { wkb::areas(areas(lines)) }
        }
        31 => Some(RawShape::Other("MultiPatch".to_owned())),
        kind => Some(RawShape::Broken(
            (format!("unknown shape type {kind}"), format!("未知的图形类型 {kind}")).into(),
        )),
    })
}

/// Twice the signed area: negative for a ring that runs clockwise.
fn turn(ring: &[[f64; 2]]) -> f64 {
    let Some([x0, y0]) = ring.first().copied() else { return 0.0 };
    ring.windows(2).map(|w| (w[0][0] - x0) * (w[1][1] - y0) - (w[1][0] - x0) * (w[0][1] - y0)).sum()
}

fn holds(ring: &[[f64; 2]], [x, y]: [f64; 2]) -> bool {
    let crosses = |w: &[[f64; 2]]| {
        let ([ax, ay], [bx, by]) = (w[0], w[1]);
        (ay > y) != (by > y) && x < (bx - ax) * (y - ay) / (by - ay) + ax
    };
    ring.windows(2).filter(|w| crosses(w)).count() % 2 == 1
}

/// Rings as areas: outer ones run clockwise here, and a hole lies in the one that holds it.
fn areas(rings: Vec<Vec<[f64; 2]>>) -> Vec<Vec<Vec<[f64; 2]>>> {
    let any_outer = rings.iter().any(|r| turn(r) < 0.0);
    let (outer, holes): (Vec<_>, Vec<_>) =
        rings.into_iter().enumerate().partition(|(_, r)| !any_outer || turn(r) <= 0.0);
    let mut out: Vec<(usize, Vec<Vec<[f64; 2]>>)> = outer.into_iter().map(|(i, r)| (i, vec![r])).collect();
    for (i, hole) in holes {
        let first = hole.first().copied();
        // The ring in front of it is where writers put a hole; looked at first.
        let before = out.iter().rposition(|(at, _)| *at < i).unwrap_or(0);
        let inside = |k: usize| {
            let ring = out.get(k).and_then(|(_, a)| a.first());
            first.zip(ring).is_some_and(|(p, ring)| holds(ring, p))
        };
        let home =
            if inside(before) { before } else { (0..out.len()).find(|k| inside(*k)).unwrap_or(before) };
        if let Some((_, area)) = out.get_mut(home) {
            area.push(hole);
        }
    }
    out.into_iter().map(|(_, a)| a).collect()
}

/// A column of the table of attributes.
struct Field {
    raw_name: Vec<u8>,
    kind: u8,
    from: usize,
    length: usize,
}

impl Field {
    fn name(&self, encoding: &'static Encoding) -> String {
        // A name may be cut within its last character.
        let name = encoding.decode_without_bom_handling(&self.raw_name).0;
        name.trim_end_matches('\u{fffd}').trim().to_owned()
    }

    /// Whether a text fills its field, so that its last character may have been cut.
    fn fills(&self, raw: &[u8]) -> bool {
        self.length >= 8 && raw.last().is_some_and(|b| *b >= 0x80)
    }

    fn value(&self, row: &[u8], encoding: &'static Encoding) -> Result<Owned, Fault> {
        let raw = row.get(self.from..self.from + self.length).unwrap_or_default();
        let trimmed = trimmed(raw);
        if trimmed.is_empty() {
            return Ok(Owned::Blank);
        }
        let ascii = || String::from_utf8_lossy(trimmed).into_owned();
        Ok(match self.kind {
            b'C' => Owned::Text(text(trimmed, encoding, self.fills(raw))?),
            b'N' | b'F' => {
                let digits = trimmed.iter().filter(|b| b.is_ascii_digit()).count();
                match ascii().parse::<f64>() {
                    // Whole numbers beyond 2^53 keep their digits as text.
                    Ok(_) if digits > 15 && !trimmed.contains(&b'.') => Owned::Text(ascii()),
                    Ok(n) => Owned::Number(n),
                    // Stars stand where a number had no room.
                    Err(_) if trimmed.iter().all(|b| *b == b'*') => Owned::Blank,
                    Err(_) => Owned::Text(ascii()),
                }
            }
            b'L' => match trimmed {
                [b'T' | b't' | b'Y' | b'y'] => Owned::Flag(true),
                [b'F' | b'f' | b'N' | b'n'] => Owned::Flag(false),
                _ => Owned::Blank,
            },
            b'D' => match ascii().as_str() {
                "00000000" => Owned::Blank,
                date if date.len() == 8 && date.is_ascii() => {
                    Owned::Text(format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..]))
                }
                other => Owned::Text(other.to_owned()),
            },
            b'I' if self.length == 4 => {
                u32_at(raw, 0).map_or(Owned::Blank, |n| Owned::Number(f64::from(n as i32)))
            }
            // Memos and other binary fields live in files that nobody sends along.
            _ => Owned::Blank,
        })
    }
}

/// A text of a table; `full` when it fills its field, so that its last character may have been cut.
fn text(bytes: &[u8], encoding: &'static Encoding, full: bool) -> Result<String, Fault> {
    for cut in 0..=if full { 3 } else { 0 } {
        let head = bytes.get(..bytes.len().saturating_sub(cut)).unwrap_or_default();
        if let Some(text) = encoding.decode_without_bom_handling_and_without_replacement(head) {
            return Ok(text.trim().to_owned());
        }
    }
    let name = encoding.name();
    let message = (
        format!(
            "a text of the .dbf isn't {name}; name its encoding (`encoding = \"...\"`), or correct the .cpg"
        ),
        format!(".dbf 中有文字不是 {name} 编码；请用 encoding 指定其编码，或更正 .cpg"),
    );
    Err(Fault::new(&rules::ENCODING_UNKNOWN, message))
}

/// A value without the blanks around it.
fn trimmed(raw: &[u8]) -> &[u8] {
    let is_blank = |b: &u8| matches!(b, b' ' | 0);
    let end = raw.iter().rposition(|b| !is_blank(b)).map_or(0, |i| i + 1);
    let begin = raw.iter().position(|b| !is_blank(b)).unwrap_or(end);
    raw.get(begin..end).unwrap_or_default()
}

/// The table of attributes.
struct Dbf {
    file: BufReader<File>,
    count: u32,
    head: u64,
    length: usize,
    language: u8,
    fields: Vec<Field>,
    at: u64,
}

impl Dbf {
    fn open(path: &Path) -> Result<Self, Fault> {
        let file = opened(path)?;
        let bytes = file.metadata().map_err(|e| Fault::reading(&e))?.len();
        let mut file = BufReader::with_capacity(1 << 18, file);
        let short = |_| damaged("the .dbf beside it ends within its header", "同名的 .dbf 在文件头内结束");
        let mut first = [0u8; 32];
        file.read_exact(&mut first).map_err(short)?;
        let half = |at: usize| u16::from_le_bytes([first[at], first[at + 1]]);
        let count = u32::from_le_bytes([first[4], first[5], first[6], first[7]]);
        let (head, length) = (u64::from(half(8)), usize::from(half(10)));
        if head < 33 || length == 0 {
            return Err(damaged("the .dbf beside it isn't a dBASE table", "同名的 .dbf 不是 dBASE 表"));
        }
        if head + u64::from(count) * length as u64 > bytes {
            return Err(damaged(
                format!("the .dbf ends before its last row ({count} rows)"),
                format!(".dbf 在最后一行之前结束（共 {count} 行）"),
            ));
        }
        let mut rest = vec![0; head as usize - 32];
        file.read_exact(&mut rest).map_err(short)?;
        let mut fields = Vec::new();
        let mut from = 1;
        for d in rest.chunks_exact(32).take_while(|d| d.first() != Some(&b'\r')) {
            let end = d.iter().take(11).position(|b| *b == 0).unwrap_or(11);
            let kind = d[11];
            // Texts longer than a byte can count use the place of the decimals.
            let high = if kind == b'C' { usize::from(d[17]) << 8 } else { 0 };
            let length = usize::from(d[16]) | high;
            fields.push(Field { raw_name: d.get(..end).unwrap_or_default().to_vec(), kind, from, length });
            from += length;
        }
        if from > length {
            return Err(damaged("the fields of the .dbf are longer than its rows", ".dbf 的字段比行还长"));
        }
        Ok(Self { file, count, head, length, language: first[29], fields, at: head })
    }

    /// The encoding: as the project says, as the `.cpg` says, as the table's header says where it says one of
    /// East Asia, else UTF-8 or GB18030 (of which GBK is a part), whichever its texts are.
    fn encoding(&mut self, wanted: Option<&str>, cpg: Option<&str>) -> Result<&'static Encoding, Fault> {
        if let Some(label) = wanted.map(str::trim) {
            return Encoding::for_label(label.as_bytes()).ok_or_else(|| {
                let message = (
                    format!("no encoding is called `{label}`; try utf-8 or gb18030"),
                    format!("没有名为 `{label}` 的编码；可试 utf-8 或 gb18030"),
                );
                Fault::new(&rules::ENCODING_UNKNOWN, message)
            });
        }
        if let Some(label) = cpg.map(str::trim).filter(|l| !l.is_empty()) {
            return of_cpg(label).ok_or_else(|| {
                let shown: String = label.chars().take(40).collect();
                let message = (
                    format!("the .cpg says `{shown}`, which is no known encoding; name it (`encoding`)"),
                    format!(".cpg 写的是 `{shown}`，不是已知编码；请用 `encoding` 指定"),
                );
                Fault::new(&rules::ENCODING_UNKNOWN, message)
            });
        }
        let stated = match self.language {
            0x4d | 0x7a => Some(encoding_rs::GB18030),
            0x4f | 0x78 => Some(encoding_rs::BIG5),
            0x13 | 0x7b => Some(encoding_rs::SHIFT_JIS),
            0x4e | 0x79 => Some(encoding_rs::EUC_KR),
            _ => None,
        };
        if let Some(encoding) = stated {
            return Ok(encoding);
        }
        let mut could_be = vec![UTF_8, encoding_rs::GB18030];
        // ASCII is the same in all of them and proves nothing, however much there is.
        let mut telling = 0;
        let mut look = |bytes: &[u8], full: bool| {
            if !bytes.is_ascii() {
                telling += bytes.len();
                could_be.retain(|e| text(bytes, e, full).is_ok());
            }
            telling
        };
        for f in &self.fields {
            look(&f.raw_name, f.raw_name.len() >= 10);
        }
        let has_text = self.fields.iter().any(|f| f.kind == b'C');
        for i in (0..self.count as usize).take_while(|_| has_text) {
            let row = self.record(i)?;
            let mut seen = 0;
            for f in self.fields.iter().filter(|f| f.kind == b'C') {
                let bytes = row.get(f.from..f.from + f.length).unwrap_or_default();
                seen = look(trimmed(bytes), f.fills(bytes));
            }
            if seen > 1 << 18 {
                break;
            }
        }
        could_be.first().copied().ok_or_else(|| {
            let message = (
                "there is no .cpg, and the texts of the .dbf are neither UTF-8 nor GB18030; name the \
                 encoding (`encoding = \"...\"`)",
                "没有 .cpg，且 .dbf 的文本既不是 UTF-8 也不是 GB18030；请用 `encoding = \"...\"` 指定编码",
            );
            Fault::new(&rules::ENCODING_UNKNOWN, message)
        })
    }

    fn record(&mut self, i: usize) -> Result<Vec<u8>, Fault> {
        let from = self.head + (i * self.length) as u64;
        if from < self.at {
            self.file.seek(SeekFrom::Start(from)).map_err(|e| Fault::reading(&e))?;
        } else {
            self.file.seek_relative((from - self.at) as i64).map_err(|e| Fault::reading(&e))?;
        }
        let mut out = vec![0; self.length];
        self.file.read_exact(&mut out).map_err(|e| Fault::reading(&e))?;
        self.at = from + self.length as u64;
        Ok(out)
    }
}

/// The encoding of a `.cpg`: a name, or a code page with or without letters in front.
fn of_cpg(label: &str) -> Option<&'static Encoding> {
    if let Some(found) = Encoding::for_label(label.as_bytes()) {
        return Some(found);
    }
    let digits: String = label.chars().filter(char::is_ascii_digit).collect();
    let name = match digits.as_str() {
        "936" | "20936" | "54936" => "gb18030".to_owned(),
        "950" => "big5".to_owned(),
        "932" => "shift_jis".to_owned(),
        "949" => "euc-kr".to_owned(),
        "65001" => "utf-8".to_owned(),
        "88591" | "28591" => "windows-1252".to_owned(),
        n => format!("windows-{n}"),
    };
    Encoding::for_label(name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table of one text field without a word on its encoding: many names in ASCII, then these.
    fn table(plain: usize, last: &[&[u8]]) -> Dbf {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.dbf");
        let mut bytes = vec![3, 70, 1, 1];
        bytes.extend_from_slice(&((plain + last.len()) as u32).to_le_bytes());
        bytes.extend_from_slice(&65u16.to_le_bytes());
        bytes.extend_from_slice(&101u16.to_le_bytes());
        bytes.resize(32, 0);
        bytes.extend_from_slice(b"name\0\0\0\0\0\0\0C\0\0\0\0\x64");
        bytes.resize(64, 0);
        bytes.push(b'\r');
        for name in std::iter::repeat_n(&b"A plant"[..], plain).chain(last.iter().copied()) {
            let row = bytes.len();
            bytes.push(b' ');
            bytes.extend_from_slice(name);
            bytes.resize(row + 101, b' ');
        }
        std::fs::write(&path, bytes).unwrap();
        Dbf::open(&path).unwrap()
    }

    #[test]
    fn chinese_that_comes_late_tells_the_encoding_all_the_same() {
        let (gbk, utf8) = (b"\xb3\xa7\xc7\xf8".as_slice(), "厂区".as_bytes());
        for (last, wanted) in [(vec![gbk], encoding_rs::GB18030), (vec![utf8], UTF_8), (vec![], UTF_8)] {
            let found = table(20_000, &last).encoding(None, None);
            assert_eq!(found.ok(), Some(wanted));
        }
        assert!(table(20_000, &[b"\xff\xff"]).encoding(None, None).is_err());
    }
}
