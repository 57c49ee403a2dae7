//! KML 2.2 (OGC 12-007r2), plain or packed as KMZ: placemarks with what they are called, what their extended
//! data say, and their geometry; everything about looks is passed over.

use super::features::{Ask, Feature, FeatureFormat, Keys, PART_ROWS, Rows, Take};
use super::packed;
use super::shape::RawShape;
use super::source::{self, Fault, Stream};
use super::values::Owned;
use super::wkb;
use super::xml::{UNKNOWN_ENTITY, attribute, cut_off, not_root};
use crate::model::rules;
use crate::model::said::Said;
use quick_xml::XmlVersion;
use quick_xml::events::Event;
use std::fs::File;
use std::io::{BufReader, Read};
use std::ops::ControlFlow;

/// The format.
pub(super) struct Kml;

/// What KML is in by its nature.
const CRS: Option<&str> = Some("WGS 84");
/// An archive of a few bytes may hold a file without end.
const LONGEST_PACKED: u64 = 1 << 30;

fn damaged(at: u64, what: impl Into<Said>) -> Fault {
    let Said { en, zh } = what.into();
    Fault::new(&rules::FILE_DAMAGED, (format!("{en} (byte {at})"), format!("第 {at} 字节处：{zh}")))
}

/// Opens the document, or all documents of an archive one after the other, and goes through them.
fn each_document(ask: &Ask<'_>, found: &mut Found<'_>) -> Result<ControlFlow<()>, Fault> {
    let encoding = ask.spec.encoding.as_deref();
    let open = || File::open(ask.path).map_err(|e| Fault::new(&rules::FILE_UNREADABLE, Said::from(&e)));
    let mut magic = Vec::new();
    open()?.take(2).read_to_end(&mut magic).map_err(|e| Fault::reading(&e))?;
    match magic.as_slice() {
        b"PK" => {
            let broken = |e: zip::result::ZipError| {
                Fault::new(&rules::FILE_DAMAGED, (format!("KMZ: {e}"), format!("KMZ 压缩包有误：“{e}”")))
            };
            let mut archive = zip::ZipArchive::new(BufReader::new(open()?)).map_err(broken)?;
            let mut documents = packed::files(&archive);
            documents.retain(|entry| entry.stem("kml").is_some());
            if documents.is_empty() {
                return Err(Fault::new(&rules::FORMAT_UNFIT, ("the KMZ holds no .kml", "KMZ 中没有 .kml")));
            }
            // The main one stands at the top and may link to others in folders.
            documents.sort_by_cached_key(|d| (d.name.matches('/').count(), d.name.clone()));
            let mut left = LONGEST_PACKED;
            for document in documents {
                let packed = archive.by_index(document.index).map_err(broken)?;
                left = left.checked_sub(packed.size()).ok_or_else(|| {
                    Fault::new(
                        &rules::FORMAT_UNFIT,
                        (
                            "the KMZ is larger than 1 GiB unpacked; unpack it",
                            "KMZ 解压后超过 1 GiB；请先解压",
                        ),
                    )
                })?;
                let flow = walk(Box::new(packed.take(LONGEST_PACKED)), encoding, found)?;
                if flow.is_break() {
                    return Ok(flow);
                }
            }
            Ok(ControlFlow::Continue(()))
        }
        [0x1f, 0x8b] => {
            let packed = flate2::read::MultiGzDecoder::new(open()?).take(LONGEST_PACKED);
            walk(Box::new(packed), encoding, found)
        }
        _ => walk(Box::new(open()?), encoding, found),
    }
}

impl FeatureFormat for Kml {
    /// Folders sort what is drawn; all of them have the same columns and the same system.
    fn reads_whole(&self) -> bool {
        true
    }

    /// The folders that hold placemarks, by name.
    fn layers(&self, ask: &Ask<'_>) -> Result<Vec<String>, Fault> {
        let mut all: Vec<String> = Vec::new();
        let _ = each_document(ask, &mut |_, folder| {
            if !all.iter().any(|l| l == folder) {
                all.push(folder.to_owned());
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(all)
    }

    fn read(&self, ask: &Ask<'_>, layer: Option<&str>, take: &mut Take<'_>) -> Result<(), Fault> {
        let mut keys = Keys::default();
        let mut part = Vec::new();
        let mut number = 1u32;
        let flow = each_document(ask, &mut |feature, folder| {
            if layer.is_none_or(|l| l == folder) {
                part.push(feature);
            }
            if part.len() < PART_ROWS {
                return Ok(ControlFlow::Continue(()));
            }
            let full = std::mem::take(&mut part);
            let first = number;
            number = number.saturating_add(full.len() as u32);
            let rows = keys.rows(full, first);
            take(Rows { names: &keys.names, crs: CRS, rows })
        })?;
        if flow.is_continue() {
            let rows = keys.rows(part, number);
            let _ = take(Rows { names: &keys.names, crs: CRS, rows })?;
        }
        Ok(())
    }
}

/// Takes a placemark and the folder that it stands in.
type Found<'f> = dyn FnMut(Feature, &str) -> Result<ControlFlow<()>, Fault> + 'f;

/// A placemark in the making.
#[derive(Default)]
struct Draft {
    properties: Vec<(String, Owned)>,
    /// What the placemark itself is called and said to be; extended data of that name go first.
    own: Vec<(&'static str, String)>,
    points: Vec<[f64; 2]>,
    lines: Vec<Vec<[f64; 2]>>,
    areas: Vec<Vec<Vec<[f64; 2]>>>,
    other: Option<&'static str>,
    /// The first position that is none.
    broken: Option<String>,
}

/// The positions of a text, which blanks part. Blanks beside a comma don't, though the standard has none there:
/// globes read them so.
fn positions(text: &str) -> Vec<String> {
    let numbers = |piece: &str| piece.split(',').filter(|n| !n.is_empty()).count();
    let mut all: Vec<String> = Vec::new();
    for piece in text.split_ascii_whitespace() {
        let goes_on = |open: &&mut String| {
            // Longitude wants its latitude; a number alone behind both is a height.
            let wants =
                open.ends_with(',') && (numbers(open) < 2 || (numbers(open) < 3 && !piece.contains(',')));
            wants || (piece.starts_with(',') && numbers(open) < 3)
        };
        match all.last_mut().filter(goes_on) {
            Some(open) => open.push_str(piece),
            None => all.push(piece.to_owned()),
        }
    }
    all
}

impl Draft {
    fn feature(mut self) -> Feature {
        for (name, text) in std::mem::take(&mut self.own) {
            if !self.properties.iter().any(|(k, _)| k == name) {
                self.properties.push((name.to_owned(), Owned::Text(text)));
            }
        }
        let shape = match (&self.other, self.points.len(), self.lines.len(), self.areas.len()) {
            _ if self.broken.is_some() => {
                let text: String = self.broken.unwrap_or_default().chars().take(40).collect();
                let (en, zh) = (
                    format!("coordinates that aren't numbers: \"{text}\""),
                    format!("坐标不是数字：“{text}”"),
                );
                Some(RawShape::Broken((en, zh).into()))
            }
            (Some(name), ..) => Some(RawShape::Other((*name).to_owned())),
            (None, 0, 0, 0) => None,
            (None, 1, 0, 0) => self.points.first().copied().map(RawShape::Point),
            (None, _, 0, 0) => Some(RawShape::Points(self.points)),
            (None, 0, _, 0) => wkb::lines(self.lines),
            (None, 0, 0, _) => wkb::areas(self.areas),
            _ => Some(RawShape::Other("MultiGeometry of several kinds".to_owned())),
        };
        Feature { properties: self.properties, shape }
    }

    /// Takes the coordinates of the innermost of the open elements that has any.
    fn coordinates(&mut self, text: &str, open: &[String]) {
        let mut line = Vec::new();
        for position in positions(text) {
            let mut numbers = position.split(',').map(|n| n.trim().parse::<f64>());
            match (numbers.next(), numbers.next()) {
                (Some(Ok(x)), Some(Ok(y))) => line.push([x, y]),
                _ => {
                    self.broken.get_or_insert(position);
                }
            }
        }
        let is_open = |name: &str| open.iter().any(|o| o == name);
        if is_open("Point") {
            self.points.extend(line.first());
        } else if is_open("Polygon") {
            match self.areas.last_mut() {
                Some(area) if is_open("innerBoundaryIs") => area.push(line),
                // The outer ring stands first, wherever the file has it.
                Some(area) => area.insert(0, line),
                None => {}
            }
        } else {
            self.lines.push(line);
        }
    }
}

/// Elements deeper than this aren't KML.
const DEEPEST: usize = 256;
/// Texts that are looked at.
const TEXTS: [&str; 5] = ["name", "description", "SimpleData", "value", "coordinates"];

/// Goes through a document and hands over its placemarks.
fn walk(
    input: Box<dyn Read + Send + '_>,
    encoding: Option<&str>,
    found: &mut Found<'_>,
) -> Result<ControlFlow<()>, Fault> {
    let mut reader = quick_xml::Reader::from_reader(Stream::new(source::decode(input, encoding)?));
    let mut buffer = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut folders: Vec<String> = Vec::new();
    let mut draft: Option<Draft> = None;
    let mut text: Option<String> = None;
    let mut key = String::new();
    let mut closed = false;
    loop {
        let at = reader.buffer_position();
        buffer.clear();
        let event = match reader.read_event_into(&mut buffer) {
            Ok(event) => event,
            Err(e) => {
                let at = reader.error_position();
                return Err(reader.get_mut().fault().unwrap_or_else(|| damaged(at, Said::foreign(&e))));
            }
        };
        match event {
            Event::Start(ref start) | Event::Empty(ref start) => {
                let name = start.name().0.rsplit(':').next().unwrap_or_default().to_owned();
                if open.is_empty() && name != "kml" {
                    return Err(damaged(at, not_root(&name, "kml")));
                }
                if open.len() >= DEEPEST {
                    return Err(damaged(at, ("nested too deeply", "嵌套过深")));
                }
                let is_start = matches!(event, Event::Start(_));
                match (name.as_str(), &mut draft) {
                    ("Folder" | "Document", None) if is_start => folders.push(String::new()),
                    ("Placemark", None) => draft = Some(Draft::default()),
                    ("SimpleData" | "Data", Some(_)) => {
                        key = attribute(start, "name")
                            .map_err(|e| damaged(at, Said::foreign(&e)))?
                            .unwrap_or_default();
                    }
                    ("Polygon", Some(d)) => d.areas.push(Vec::new()),
                    ("Model", Some(d)) => d.other = Some("Model"),
                    ("Track" | "MultiTrack", Some(d)) => d.other = Some("Track"),
                    _ => {}
                }
                if is_start {
                    text = TEXTS.contains(&name.as_str()).then(String::new);
                    open.push(name);
                } else if name == "Placemark"
                    && let Some(d) = draft.take()
                    && found(d.feature(), folders.last().map_or("", String::as_str))?.is_break()
                {
                    return Ok(ControlFlow::Break(()));
                }
            }
            Event::Text(piece) => {
                if let Some(t) = &mut text {
                    t.push_str(&piece.xml_content(XmlVersion::Implicit1_0));
                }
            }
            Event::CData(piece) => {
                if let Some(t) = &mut text {
                    t.push_str(&piece.xml_content(XmlVersion::Implicit1_0));
                }
            }
            Event::GeneralRef(reference) => {
                if let Some(t) = &mut text {
                    let name = reference.xml_content(XmlVersion::Implicit1_0);
                    match (reference.resolve_char_ref(), quick_xml::escape::resolve_predefined_entity(&name))
                    {
                        (Ok(Some(c)), _) => t.push(c),
                        (_, Some(known)) => t.push_str(known),
                        _ => return Err(damaged(at, UNKNOWN_ENTITY)),
                    }
                }
            }
            Event::End(_) => {
                let Some(name) = open.pop() else {
                    return Err(damaged(at, ("an end without a start", "结束标签没有对应的开始标签")));
                };
                let parent = open.last().map_or("", String::as_str);
                let said = text.take();
                match (name.as_str(), &mut draft, said) {
                    ("name", None, Some(t)) if matches!(parent, "Folder" | "Document") => {
                        if let Some(folder) = folders.last_mut() {
                            t.trim().clone_into(folder);
                        }
                    }
                    ("name", Some(d), Some(t)) if parent == "Placemark" => d.own.push(("name", t)),
                    ("description", Some(d), Some(t)) if parent == "Placemark" => {
                        d.own.push(("description", t));
                    }
                    ("SimpleData" | "value", Some(d), Some(t)) if !key.is_empty() => {
                        d.properties.push((std::mem::take(&mut key), Owned::Text(t)));
                    }
                    ("coordinates", Some(d), Some(t)) => d.coordinates(&t, &open),
                    ("Folder" | "Document", None, _) => {
                        folders.pop();
                    }
                    ("Placemark", d, _) => {
                        if let Some(d) = d.take()
                            && found(d.feature(), folders.last().map_or("", String::as_str))?.is_break()
                        {
                            return Ok(ControlFlow::Break(()));
                        }
                    }
                    _ => {}
                }
                closed = open.is_empty();
            }
            Event::Eof if closed => return Ok(ControlFlow::Continue(())),
            Event::Eof => return Err(damaged(at, cut_off("kml"))),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::positions;

    #[test]
    fn blanks_beside_commas_part_no_positions() {
        for (text, wanted) in [
            ("118.7,32.1,0 118.8,32.2,5", vec!["118.7,32.1,0", "118.8,32.2,5"]),
            ("118.7,32.1\n118.8,32.2", vec!["118.7,32.1", "118.8,32.2"]),
            ("118.7, 32.1, 0", vec!["118.7,32.1,0"]),
            ("118.7, 32.1, 0 118.8, 32.2, 5", vec!["118.7,32.1,0", "118.8,32.2,5"]),
            ("118.7 , 32.1 ,0", vec!["118.7,32.1,0"]),
            ("118.7, 32.1 118.8, 32.2", vec!["118.7,32.1", "118.8,32.2"]),
            ("118.7,32.1, 118.8,32.2, 118.9,32.3", vec!["118.7,32.1,", "118.8,32.2,", "118.9,32.3"]),
            ("118.7 32.1", vec!["118.7", "32.1"]),
        ] {
            assert_eq!(positions(text), wanted, "{text}");
        }
    }
}
