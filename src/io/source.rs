//! A text file as UTF-8, whatever its packing and encoding.

use crate::model::issues::Rule;
use crate::model::rules;
use crate::model::said::Said;
use encoding_rs::{CoderResult, Decoder, Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// Why a file can't be read on, as a rule with the message that belongs to it.
#[derive(Debug)]
pub(super) struct Fault {
    pub rule: &'static Rule,
    pub row: Option<u64>,
    pub message: Said,
}

/// What is wrong with a file, in both languages.
pub(super) struct Detail(Said);

impl From<Said> for Detail {
    fn from(said: Said) -> Self {
        Self(said)
    }
}

impl<E: Into<String>, Z: Into<String>> From<(E, Z)> for Detail {
    fn from(said: (E, Z)) -> Self {
        Self(said.into())
    }
}

impl Fault {
    pub fn new(rule: &'static Rule, message: impl Into<Detail>) -> Self {
        Self { rule, row: None, message: message.into().0 }
    }

    pub fn at(rule: &'static Rule, row: u64, message: impl Into<Detail>) -> Self {
        Self { rule, row: Some(row), message: message.into().0 }
    }

    /// What an error of reading means: a cut-off archive is a damaged file, not an unreadable one.
    pub fn reading(e: &io::Error) -> Self {
        match e.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                Self::new(&rules::FILE_DAMAGED, Said::from(e))
            }
            _ => Self::new(&rules::FILE_UNREADABLE, Said::from(e)),
        }
    }
}

/// Bytes looked at to tell the encoding.
const PROBE: usize = 256 * 1024;

/// A stream of UTF-8 bytes (checked by whoever cuts it into rows, unless it was decoded here).
pub(super) struct Source<'a> {
    raw: Box<dyn Read + Send + 'a>,
    /// Bytes read from `raw` and not yet handed out.
    pending: Vec<u8>,
    at: usize,
    decoder: Option<Decoder>,
    /// The encoding, as its WHATWG label.
    pub encoding: &'static str,
    /// What an XML declaration says it is.
    declared: Option<&'static Encoding>,
    /// Told by the project, a mark, or bytes beyond ASCII; until then the choice stays open.
    certain: bool,
    broken: bool,
    done: bool,
    /// Length of the file, where it isn't packed.
    pub bytes: Option<u64>,
}

/// Opens a file, unpacking gzip, and tells its encoding.
///
/// `label` is the project's word for the encoding. Without one: a byte-order mark, valid UTF-8, what an XML
/// declaration says, or GB18030 (of which GBK and GB2312 are parts).
pub(super) fn open(path: &Path, label: Option<&str>) -> Result<Source<'static>, Fault> {
    let file = File::open(path).map_err(|e| Fault::new(&rules::FILE_UNREADABLE, Said::from(&e)))?;
    let meta = file.metadata().map_err(|e| Fault::new(&rules::FILE_UNREADABLE, Said::from(&e)))?;
    if meta.is_dir() {
        return Err(Fault::new(&rules::FILE_UNREADABLE, ("it is a folder", "是文件夹，不是文件")));
    }
    let mut raw: Box<dyn Read + Send> = Box::new(BufReader::with_capacity(1 << 18, file));
    let mut magic = Vec::new();
    raw.by_ref().take(2).read_to_end(&mut magic).map_err(|e| Fault::reading(&e))?;
    let packed = matches!(magic.as_slice(), b"PK" | [0x1f, 0x8b]);
    let raw: Box<dyn Read + Send> = match magic.as_slice() {
        b"PK" => Box::new(io::Cursor::new(unzip(path)?)),
        [0x1f, 0x8b] => {
            let packed = MultiGzDecoder::new(io::Cursor::new(magic).chain(raw));
            Box::new(BufReader::with_capacity(1 << 18, packed))
        }
        _ => Box::new(io::Cursor::new(magic).chain(raw)),
    };
    let source = decode(raw, label)?;
    Ok(Source { bytes: (!packed).then_some(meta.len()), ..source })
}

/// The same of bytes that are unpacked already.
pub(super) fn decode<'a>(
    mut raw: Box<dyn Read + Send + 'a>,
    label: Option<&str>,
) -> Result<Source<'a>, Fault> {
    let mut probe = Vec::new();
    let probed = raw.by_ref().take(PROBE as u64).read_to_end(&mut probe);
    if let Err(e) = probed {
        return Err(Fault::reading(&e));
    }
    let whole = probe.len() < PROBE;
    let declared = declared(&probe);
    let (encoding, mark) = match label {
        Some(l) => {
            let e = Encoding::for_label(l.trim().as_bytes()).ok_or_else(|| {
                Fault::new(
                    &rules::ENCODING_UNKNOWN,
                    (
                        format!("no encoding is called `{l}`; try utf-8 or gb18030"),
                        format!("没有名为 `{l}` 的编码；可试 utf-8 或 gb18030"),
                    ),
                )
            })?;
            let mark = Encoding::for_bom(&probe).filter(|(m, _)| *m == e).map_or(0, |(_, n)| n);
            (e, mark)
        }
        None => match Encoding::for_bom(&probe) {
            Some(found) => found,
            None => (guess(&probe, whole, declared)?, 0),
        },
    };
    let certain = label.is_some() || mark > 0 || encoding != UTF_8 || !probe.is_ascii();
    // The standard's GBK and GB2312 labels decode as GB18030 already.
    let decoder = (encoding != UTF_8).then(|| encoding.new_decoder_without_bom_handling());
    Ok(Source {
        raw,
        pending: probe,
        at: mark,
        decoder,
        encoding: encoding.name(),
        declared,
        certain,
        broken: false,
        done: false,
        bytes: None,
    })
}

/// The encoding in the declaration with which an XML file may begin.
fn declared(probe: &[u8]) -> Option<&'static Encoding> {
    let end = probe.iter().take(256).position(|b| *b == b'>')?;
    let text = std::str::from_utf8(probe.get(..end)?).ok()?.strip_prefix("<?xml")?;
    let value = text.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    Encoding::for_label(value.get(1..)?.split(quote).next()?.as_bytes())
}

/// The one file in a ZIP archive.
fn unzip(path: &Path) -> Result<Vec<u8>, Fault> {
    let damaged = |e: &dyn std::fmt::Display| {
        Fault::new(&rules::FILE_DAMAGED, (format!("ZIP archive: {e}"), format!("ZIP 压缩包有误：“{e}”")))
    };
    let file = File::open(path).map_err(|e| Fault::new(&rules::FILE_UNREADABLE, Said::from(&e)))?;
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(|e| damaged(&e))?;
    let files = super::packed::files(&archive);
    let [one] = files.as_slice() else {
        let n = files.len();
        let what = (
            format!("it holds {n} files; unpack it and name the one that is meant"),
            format!("压缩包内有 {n} 个文件；请解压后指定其中之一"),
        );
        return Err(Fault::new(&rules::FORMAT_UNFIT, what));
    };
    let mut out = Vec::new();
    archive.by_index(one.index).map_err(|e| damaged(&e))?.read_to_end(&mut out).map_err(|e| damaged(&e))?;
    Ok(out)
}

fn guess(probe: &[u8], whole: bool, declared: Option<&'static Encoding>) -> Result<&'static Encoding, Fault> {
    match std::str::from_utf8(probe) {
        Ok(_) => return Ok(UTF_8),
        // A character cut by the end of the probe is no sign of another encoding.
        Err(e) if !whole && e.error_len().is_none() => return Ok(UTF_8),
        Err(_) => {}
    }
    let zeros = |odd: usize| probe.iter().skip(odd).step_by(2).take(2000).filter(|b| **b == 0).count();
    let half = probe.len().min(4000) / 2;
    if zeros(1) * 3 > half && zeros(0) == 0 {
        return Ok(UTF_16LE);
    }
    if zeros(0) * 3 > half && zeros(1) == 0 {
        return Ok(UTF_16BE);
    }
    if probe.contains(&0) {
        return Err(Fault::new(&rules::ENCODING_UNKNOWN, ("it holds binary data", "含二进制数据")));
    }
    // Bytes that aren't UTF-8 prove a declaration of it wrong, and one of UTF-16 that has no zeros.
    if let Some(e) = declared.filter(|e| ![UTF_8, UTF_16LE, UTF_16BE].contains(e)) {
        return Ok(e);
    }
    let mut decoder = GB18030.new_decoder_without_bom_handling();
    let mut out = String::with_capacity(probe.len() * 3 + 16);
    let (_, _, bad) = decoder.decode_to_string(probe, &mut out, whole);
    if bad {
        return Err(Fault::new(
            &rules::ENCODING_UNKNOWN,
            ("it is neither UTF-8 nor GB18030", "既不是 UTF-8 也不是 GB18030"),
        ));
    }
    Ok(GB18030)
}

impl Source<'_> {
    /// Appends about `want` bytes of UTF-8 to `out`; nothing more at the end of the file.
    pub fn fill(&mut self, out: &mut Vec<u8>, want: usize) -> Result<(), Fault> {
        let goal = out.len() + want;
        while out.len() < goal && !self.done {
            if self.at >= self.pending.len() {
                self.pending.clear();
                self.at = 0;
                if self.decoder.is_none() && self.certain {
                    let need = (goal - out.len()) as u64;
                    let n = self.raw.by_ref().take(need).read_to_end(out).map_err(|e| Fault::reading(&e))?;
                    self.done = (n as u64) < need;
                    continue;
                }
                let n = self
                    .raw
                    .by_ref()
                    .take(1 << 18)
                    .read_to_end(&mut self.pending)
                    .map_err(|e| Fault::reading(&e))?;
                if n == 0 {
                    self.finish(out)?;
                    continue;
                }
                if !self.certain && !self.pending.is_ascii() {
                    // ASCII up to here is the same in all encodings, so the choice can be made now.
                    let found = guess(&self.pending, false, self.declared)?;
                    self.certain = true;
                    self.encoding = found.name();
                    self.decoder = (found != UTF_8).then(|| found.new_decoder_without_bom_handling());
                }
            }
            match &mut self.decoder {
                None => {
                    out.extend_from_slice(&self.pending[self.at..]);
                    self.at = self.pending.len();
                }
                Some(d) => {
                    let input = &self.pending[self.at..];
                    let room = d.max_utf8_buffer_length(input.len()).unwrap_or(input.len() * 3 + 16);
                    let start = out.len();
                    out.resize(start + room, 0);
                    let (result, read, written, bad) = d.decode_to_utf8(input, &mut out[start..], false);
                    out.truncate(start + written);
                    self.at += read;
                    self.broken |= bad;
                    debug_assert_eq!(result, CoderResult::InputEmpty);
                }
            }
        }
        if self.broken {
            let name = self.encoding;
            let message = (format!("some bytes aren't {name}"), format!("部分字节不是 {name} 编码"));
            return Err(Fault::new(&rules::ENCODING_UNKNOWN, message));
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), Fault> {
        self.done = true;
        if let Some(d) = &mut self.decoder {
            let mut tail = [0u8; 64];
            let (_, _, written, bad) = d.decode_to_utf8(&[], &mut tail, true);
            out.extend_from_slice(&tail[..written]);
            self.broken |= bad;
        }
        Ok(())
    }
}

/// A source as a stream; what stops it waits in `fault`.
pub(super) struct Stream<'a> {
    source: Source<'a>,
    ready: Vec<u8>,
    at: usize,
    fault: Option<Fault>,
}

impl<'a> Stream<'a> {
    pub fn new(source: Source<'a>) -> Self {
        Self { source, ready: Vec::new(), at: 0, fault: None }
    }

    /// Why the last read failed.
    pub fn fault(&mut self) -> Option<Fault> {
        self.fault.take()
    }
}

impl Read for Stream<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let ready = self.fill_buf()?;
        let n = ready.len().min(out.len());
        out[..n].copy_from_slice(&ready[..n]);
        self.consume(n);
        Ok(n)
    }
}

impl BufRead for Stream<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at >= self.ready.len() {
            self.ready.clear();
            self.at = 0;
            if let Err(fault) = self.source.fill(&mut self.ready, 1 << 16) {
                let e = io::Error::new(io::ErrorKind::InvalidData, fault.message.en.clone());
                self.fault = Some(fault);
                return Err(e);
            }
        }
        Ok(self.ready.get(self.at..).unwrap_or_default())
    }

    fn consume(&mut self, n: usize) {
        self.at += n;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], label: Option<&str>) -> Result<(String, &'static str), &'static str> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t");
        std::fs::write(&path, bytes).unwrap();
        let mut s = open(&path, label).map_err(|f| f.rule.code)?;
        let mut out = Vec::new();
        loop {
            let before = out.len();
            s.fill(&mut out, 1000).map_err(|f| f.rule.code)?;
            if out.len() == before {
                break;
            }
        }
        Ok((String::from_utf8(out).unwrap(), s.encoding))
    }

    #[test]
    fn encodings_are_told_apart() {
        let text = "企业名称,经度\n南京钢铁,118.7\n".repeat(30_000);
        let (gb, _, _) = GB18030.encode(&text);
        assert_eq!(read(&gb, None), Ok((text.clone(), "gb18030")));
        assert_eq!(read(text.as_bytes(), None), Ok((text.clone(), "UTF-8")));
        let marked = [&b"\xef\xbb\xbf"[..], text.as_bytes()].concat();
        assert_eq!(read(&marked, None), Ok((text.clone(), "UTF-8")));
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(read(&[&b"\xff\xfe"[..], &wide].concat(), None), Ok((text.clone(), "UTF-16LE")));
        let late = format!("{}{text}", "a,b\n".repeat(100_000));
        let (gb, _, _) = GB18030.encode(&late);
        assert_eq!(read(&gb, None), Ok((late.clone(), "gb18030")));
        assert_eq!(read(late.as_bytes(), None), Ok((late.clone(), "UTF-8")));
        assert_eq!(read(b"\x81\x00\x00\xff\xff", None), Err("D003"));
        assert_eq!(read(b"abc", Some("klingon")), Err("D003"));
        // A declaration is believed where the bytes don't speak against it.
        let big5 = b"<?xml version='1.0' encoding='big5'?><a>\xa5_</a>";
        assert_eq!(
            read(big5, None).unwrap(),
            ("<?xml version='1.0' encoding='big5'?><a>北</a>".into(), "Big5")
        );
        assert_eq!(read("<?xml encoding=\"GBK\"?>北".as_bytes(), None).unwrap().1, "UTF-8");
        assert_eq!(read(b"<?xml encoding=\"UTF-8\"?>\xb1\xb1", None).unwrap().1, "gb18030");
    }

    #[test]
    fn gzip_is_unpacked_and_a_cut_one_is_damaged() {
        use std::io::Write;
        let mut z = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        z.write_all(&b"a,b\n1,2\n".repeat(100_000)).unwrap();
        let z = z.finish().unwrap();
        assert_eq!(read(&z, None).unwrap().0.len(), 800_000);
        assert_eq!(read(&z[..z.len() / 2], None), Err("D002"));
    }
}
