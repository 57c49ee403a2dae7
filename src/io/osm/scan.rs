//! OSM elements in file order, from PBF and from XML, with one face.

use crate::io::broken::BrokenFile;
use crate::io::xml::{attribute, cut_off, not_root, required};
use crate::model::said::Said;
use flate2::read::MultiGzDecoder;
use osmpbf::{Blob, BlobDecode, BlobReader, BlobType, PrimitiveBlock, RelMemberType};
use quick_xml::events::{BytesStart, Event};
use rayon::prelude::*;
use smallvec::SmallVec;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Keys and values of one element.
pub(super) struct Tags<'a>(SmallVec<[(&'a str, &'a str); 8]>);

impl<'a> Tags<'a> {
    pub fn get(&self, key: &str) -> Option<&'a str> {
        self.0.iter().find(|(k, _)| *k == key).map(|(_, v)| *v)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().copied()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A way in a relation. Members of other kinds are left out.
#[derive(Clone, Debug)]
pub(super) struct WayMember {
    pub way: i64,
    pub inner: bool,
}

/// One element; positions in units of 1e-7 degree, as OSM itself keeps them.
pub(super) enum Element<'a> {
    Node { id: i64, lon_e7: i64, lat_e7: i64, tags: Tags<'a> },
    Way { id: i64, nodes: &'a [i64], tags: Tags<'a> },
    Relation { id: i64, ways: &'a [WayMember], tags: Tags<'a> },
}

/// Kinds of elements a pass asks for.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    pub nodes: bool,
    pub ways: bool,
    pub relations: bool,
}

/// Calls `sink` with every wanted element, in file order.
pub(super) fn scan(path: &Path, wanted: Wanted, sink: &mut dyn FnMut(Element<'_>)) -> Result<(), BrokenFile> {
    let open = || File::open(path).map_err(BrokenFile::unreadable(path));
    let mut head = Vec::new();
    open()?.take(3).read_to_end(&mut head).map_err(BrokenFile::unreadable(path))?;
    match head.as_slice() {
        [] => Err(BrokenFile::damaged(path, Some(0), ("the file is empty", "文件为空"))),
        [0x1f, 0x8b, ..] => {
            scan_xml(path, BufReader::new(MultiGzDecoder::new(BufReader::new(open()?))), wanted, sink)
        }
        b"BZh" => Err(BrokenFile::unsupported(
            path,
            (
                "compressed by bzip2: unpack it, or use the .pbf of the same extract",
                "以 bzip2 压缩：请解压，或改用同一数据的 .pbf",
            ),
        )),
        // An XML file, perhaps after a byte-order mark or white space. A PBF begins with a length below 64 KiB.
        [b'<' | b' ' | b'\t' | b'\r' | b'\n' | 0xef, ..] => {
            scan_xml(path, BufReader::new(open()?), wanted, sink)
        }
        _ => scan_pbf(path, open()?, wanted, sink),
    }
}

/// Blobs decoded side by side; memory stays at that many times the 32 MiB that a block may have, in practice 1 MiB.
const BLOBS_AT_ONCE: usize = 8;
const READABLE_FEATURES: [&str; 4] = ["OsmSchema-V0.6", "DenseNodes", "Sort.Type_then_ID", "LocationsOnWays"];

struct Counted<R> {
    inner: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.read.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

fn scan_pbf(
    path: &Path,
    file: File,
    wanted: Wanted,
    sink: &mut dyn FnMut(Element<'_>),
) -> Result<(), BrokenFile> {
    let read = Arc::new(AtomicU64::new(0));
    let mut blobs = BlobReader::new(Counted { inner: BufReader::new(file), read: Arc::clone(&read) });
    let mut header_seen = false;
    loop {
        let mut batch: Vec<(u64, Blob)> = Vec::with_capacity(BLOBS_AT_ONCE);
        let mut ended = false;
        while batch.len() < BLOBS_AT_ONCE {
            let start = read.load(Ordering::Relaxed);
            match blobs.next() {
                Some(Ok(blob)) => batch.push((start, blob)),
                Some(Err(e)) => return Err(BrokenFile::damaged(path, Some(start), not_pbf(header_seen, &e))),
                None if read.load(Ordering::Relaxed) != start => {
                    return Err(BrokenFile::damaged(
                        path,
                        Some(start),
                        ("the file ends within a block", "文件在数据块内结束"),
                    ));
                }
                None => {
                    ended = true;
                    break;
                }
            }
            if !header_seen {
                let Some((start, blob)) = batch.last() else { continue };
                check_header(path, *start, blob)?;
                header_seen = true;
            }
        }
        let decoded: Vec<Result<Option<PrimitiveBlock>, BrokenFile>> = batch
            .par_iter()
            .map(|(start, blob)| match blob.get_type() {
                BlobType::OsmData => blob
                    .to_primitiveblock()
                    .map(Some)
                    .map_err(|e| BrokenFile::damaged(path, Some(*start), damaged_block(&e))),
                _ => Ok(None),
            })
            .collect();
        for (block, (start, _)) in decoded.into_iter().zip(&batch) {
            let Some(block) = block? else { continue };
            // The decoder panics on a member of unknown kind, which only a damaged block has.
            catch_unwind(AssertUnwindSafe(|| visit_block(&block, wanted, sink)))
                .unwrap_or(Err("an element that can't be decoded"))
                .map_err(|what| {
                    BrokenFile::damaged(path, Some(*start), (format!("damaged block: {what}"), "数据块有误"))
                })?;
        }
        if ended {
            break;
        }
    }
    if header_seen {
        Ok(())
    } else {
        Err(BrokenFile::damaged(
            path,
            Some(0),
            ("no OSM header: not an OSM PBF file", "没有 OSM 文件头：不是 OSM PBF 文件"),
        ))
    }
}

fn not_pbf(header_seen: bool, error: &osmpbf::Error) -> Said {
    if header_seen {
        (format!("damaged or truncated: {error}"), format!("已损坏或不完整：“{error}”")).into()
    } else {
        (format!("not an OSM PBF or XML file: {error}"), format!("不是 OSM PBF 或 XML 文件：“{error}”"))
            .into()
    }
}

fn damaged_block(error: &osmpbf::Error) -> Said {
    (format!("damaged block: {error}"), format!("数据块有误：“{error}”")).into()
}

fn check_header(path: &Path, start: u64, blob: &Blob) -> Result<(), BrokenFile> {
    let not_osm = |what: String| {
        let said = (format!("not an OSM PBF file: {what}"), "不是 OSM PBF 文件");
        BrokenFile::damaged(path, Some(start), said)
    };
    match blob.decode() {
        Ok(BlobDecode::OsmHeader(header)) => {
            match header.required_features().iter().find(|f| !READABLE_FEATURES.contains(&f.as_str())) {
                None => Ok(()),
                Some(f) => Err(BrokenFile::unsupported(
                    path,
                    (
                        format!("it requires the feature '{f}', which isn't read"),
                        format!("需要特性“{f}”，无法读取"),
                    ),
                )),
            }
        }
        Ok(_) => Err(not_osm("it doesn't begin with a header".into())),
        Err(e) => Err(not_osm(e.to_string())),
    }
}

fn visit_block(
    block: &PrimitiveBlock,
    wanted: Wanted,
    sink: &mut dyn FnMut(Element<'_>),
) -> Result<(), &'static str> {
    let mut nodes = Vec::new();
    let mut members = Vec::new();
    // An index outside the string table leaves the iterator short of its announced length.
    fn tags<'a>(pairs: impl ExactSizeIterator<Item = (&'a str, &'a str)>) -> Result<Tags<'a>, &'static str> {
        let announced = pairs.len();
        let tags = Tags(pairs.collect());
        if tags.0.len() == announced { Ok(tags) } else { Err("a tag outside the table of texts") }
    }
    for group in block.groups() {
        if wanted.nodes {
            for node in group.nodes() {
                let (lon_e7, lat_e7) = (e7(node.nano_lon()), e7(node.nano_lat()));
                sink(Element::Node { id: node.id(), lon_e7, lat_e7, tags: tags(node.tags())? });
            }
            for node in group.dense_nodes() {
                let (lon_e7, lat_e7) = (e7(node.nano_lon()), e7(node.nano_lat()));
                sink(Element::Node { id: node.id(), lon_e7, lat_e7, tags: Tags(node.tags().collect()) });
            }
        }
        if wanted.ways {
            for way in group.ways() {
                nodes.clear();
                nodes.extend(way.refs());
                sink(Element::Way { id: way.id(), nodes: &nodes, tags: tags(way.tags())? });
            }
        }
        if wanted.relations {
            for relation in group.relations() {
                members.clear();
                for m in relation.members() {
                    if m.member_type == RelMemberType::Way {
                        let role = m.role().map_err(|_| "a role outside the table of texts")?;
                        members.push(WayMember { way: m.member_id, inner: role == "inner" });
                    }
                }
                sink(Element::Relation { id: relation.id(), ways: &members, tags: tags(relation.tags())? });
            }
        }
    }
    Ok(())
}

/// Nanodegrees to 1e-7 degrees, to the nearest.
fn e7(nano: i64) -> i64 {
    nano.saturating_add(50 * nano.signum()) / 100
}

/// What stands open while its children are read.
#[derive(Default)]
struct Open {
    kind: Option<Kind>,
    id: i64,
    lon_e7: i64,
    lat_e7: i64,
    nodes: Vec<i64>,
    members: Vec<WayMember>,
    /// Keys and values in turn.
    tags: Vec<(String, String)>,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Node,
    Way,
    Relation,
}

fn scan_xml(
    path: &Path,
    input: impl BufRead,
    wanted: Wanted,
    sink: &mut dyn FnMut(Element<'_>),
) -> Result<(), BrokenFile> {
    let mut reader = quick_xml::Reader::from_reader(input);
    let mut buffer = Vec::new();
    let mut open = Open::default();
    let (mut root_open, mut root_closed) = (false, false);
    loop {
        let at = reader.buffer_position();
        let damaged = |what: Said| BrokenFile::damaged(path, Some(at), what);
        buffer.clear();
        let event = match reader.read_event_into(&mut buffer) {
            Ok(event) => event,
            Err(e) => {
                return Err(BrokenFile::damaged(path, Some(reader.error_position()), Said::foreign(&e)));
            }
        };
        match event {
            Event::Start(start) if !root_open => {
                if start.name().0 != "osm" {
                    return Err(damaged(not_root(start.name().0, "osm")));
                }
                root_open = true;
            }
            Event::Start(start) => {
                begin(&start, &mut open, wanted).map_err(|e| damaged((e, "元素有误").into()))?
            }
            Event::Empty(start) if root_open => {
                let outermost = open.kind.is_none();
                begin(&start, &mut open, wanted).map_err(|e| damaged((e, "元素有误").into()))?;
                if outermost {
                    emit(&mut open, sink);
                }
            }
            Event::End(end) => match end.name().0 {
                "osm" => root_closed = true,
                "node" | "way" | "relation" => emit(&mut open, sink),
                _ => {}
            },
            Event::Eof if root_closed => return Ok(()),
            Event::Eof => return Err(damaged(cut_off("osm"))),
            _ => {}
        }
    }
}

/// Takes in an opening tag: an element, or a child of the open one.
fn begin(start: &BytesStart, open: &mut Open, wanted: Wanted) -> Result<(), String> {
    let name = start.name();
    let kind = match name.0 {
        "node" => Some(Kind::Node).filter(|_| wanted.nodes),
        "way" => Some(Kind::Way).filter(|_| wanted.ways),
        "relation" => Some(Kind::Relation).filter(|_| wanted.relations),
        "nd" if open.kind == Some(Kind::Way) => {
            open.nodes.push(integer(&required(start, "ref")?, "ref")?);
            return Ok(());
        }
        "member" if open.kind == Some(Kind::Relation) => {
            if required(start, "type")? == "way" {
                let inner = attribute(start, "role")?.is_some_and(|r| r == "inner");
                open.members.push(WayMember { way: integer(&required(start, "ref")?, "ref")?, inner });
            }
            return Ok(());
        }
        "tag" if open.kind.is_some() => {
            open.tags.push((required(start, "k")?, required(start, "v")?));
            return Ok(());
        }
        _ => return Ok(()),
    };
    let Some(kind) = kind else { return Ok(()) };
    // A deleted node of a history file has no position and is left out.
    let deleted = attribute(start, "visible")?.is_some_and(|v| v == "false");
    open.kind = Some(kind).filter(|_| !deleted);
    open.nodes.clear();
    open.members.clear();
    open.tags.clear();
    open.id = integer(&required(start, "id")?, "id")?;
    if kind == Kind::Node && !deleted {
        open.lon_e7 = degrees_e7(&required(start, "lon")?, "lon")?;
        open.lat_e7 = degrees_e7(&required(start, "lat")?, "lat")?;
    }
    Ok(())
}

fn emit(open: &mut Open, sink: &mut dyn FnMut(Element<'_>)) {
    let tags = Tags(open.tags.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect());
    match open.kind {
        Some(Kind::Node) => {
            sink(Element::Node { id: open.id, lon_e7: open.lon_e7, lat_e7: open.lat_e7, tags })
        }
        Some(Kind::Way) => sink(Element::Way { id: open.id, nodes: &open.nodes, tags }),
        Some(Kind::Relation) => sink(Element::Relation { id: open.id, ways: &open.members, tags }),
        None => {}
    }
    open.kind = None;
}

fn integer(text: &str, name: &str) -> Result<i64, String> {
    text.trim().parse().map_err(|_| format!("{name}=\"{}\" isn't a whole number", shortened(text)))
}

fn degrees_e7(text: &str, name: &str) -> Result<i64, String> {
    let degrees: f64 =
        text.trim().parse().map_err(|_| format!("{name}=\"{}\" isn't a number", shortened(text)))?;
    if degrees.is_finite() {
        Ok((degrees * 1e7).round() as i64)
    } else {
        Err(format!("{name}=\"{text}\" isn't finite"))
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}
