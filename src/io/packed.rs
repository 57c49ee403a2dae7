//! ZIP archives: which of their entries are files that someone meant to send, and what these are called.

use encoding_rs::GB18030;
use std::io::{Read, Seek};

/// A file of an archive.
pub(super) struct Entry {
    /// By which the archive opens it.
    pub index: usize,
    /// Name with its folders.
    pub name: String,
}

impl Entry {
    /// The name without the extension, where it has that one.
    pub fn stem(&self, extension: &str) -> Option<&str> {
        let (stem, own) = self.name.rsplit_once('.')?;
        own.eq_ignore_ascii_case(extension).then_some(stem)
    }
}

/// The files of an archive in its order, without folders and without what systems add unasked: the shadow of
/// every file that a Mac packs (`__MACOSX/`, `._name`), and hidden files.
pub(super) fn files<R: Read + Seek>(archive: &zip::ZipArchive<R>) -> Vec<Entry> {
    let named = archive.file_names_raw().enumerate().filter_map(|(index, raw)| {
        let other = || Some(archive.name_for_index(index)?.ok()?.into_owned());
        Some(Entry { index, name: name(raw).or_else(other)? })
    });
    let meant = |entry: &Entry| {
        let mut parts = entry.name.rsplit(['/', '\\']);
        let own = parts.next().unwrap_or_default();
        !own.is_empty() && !own.starts_with('.') && parts.all(|folder| folder != "__MACOSX")
    };
    named.filter(meant).collect()
}

/// A name in UTF-8, or, as Windows packs it in China, in GBK. `None` for one that looks like neither: Western
/// names in code page 437 may decode as GBK too, but hold none of its common characters (those of GB 2312).
fn name(raw: &[u8]) -> Option<String> {
    if let Ok(text) = std::str::from_utf8(raw) {
        return Some(text.to_owned());
    }
    let chinese = raw.windows(2).any(|pair| matches!(pair, [0xb0..=0xf7, 0xa1..=0xfe]));
    let text = GB18030.decode_without_bom_handling_and_without_replacement(raw)?;
    chinese.then(|| text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_in_the_encoding_of_who_packed_them() {
        assert_eq!(name("厂区.shp".as_bytes()).as_deref(), Some("厂区.shp"));
        assert_eq!(name(b"\xb3\xa7\xc7\xf8.shp").as_deref(), Some("厂区.shp"));
        // "Zürich" in code page 437: the two bytes from the umlaut on would be a Chinese character.
        assert_eq!(name(b"Z\x81rich.shp"), None);
    }
}
