//! A Parquet column chunk of few distinct values: a dictionary, and each value as its number there.
//!
//! The parquet crate looks every value up by hash; here what a task has gathered is numbered already, so
//! that a chunk is a renumbering and a run of bits. Pages follow the format's own documents (Encodings.md:
//! `PLAIN` for the dictionary, `RLE` for levels, `RLE_DICTIONARY` for the numbers).

use bytes::Bytes;
use parquet::basic::{Compression, Encoding};
use parquet::column::page::{CompressedPage, Page, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::statistics::Statistics;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;
use rustc_hash::FxHashMap;
use std::hash::Hash;

/// Most entries of a dictionary; with more a plain column is smaller.
const MOST: usize = 1 << 15;
/// Most bytes of a dictionary.
const MOST_BYTES: usize = 1 << 20;

/// A value that a dictionary can hold.
pub(super) trait Entry: Copy + PartialOrd {
    /// By what equal values are told.
    type Key: Copy + Eq + Hash;

    /// The key of a value.
    fn key(self) -> Self::Key;

    /// Appends the value as the encoding `PLAIN` has it.
    fn push(self, out: &mut Vec<u8>);

    /// Statistics of a chunk: least, greatest, and how many are missing.
    fn statistics(least: Self, greatest: Self, missing: u64) -> Statistics;
}

impl<'a> Entry for &'a str {
    type Key = &'a str;

    fn key(self) -> &'a str {
        self
    }

    fn push(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&(self.len() as u32).to_le_bytes());
        out.extend_from_slice(self.as_bytes());
    }

    fn statistics(least: Self, greatest: Self, missing: u64) -> Statistics {
        let bytes = |t: &str| Some(ByteArray::from(t.as_bytes().to_vec()));
        Statistics::byte_array(bytes(least), bytes(greatest), None, Some(missing), false)
    }
}

impl Entry for f64 {
    type Key = u64;

    fn key(self) -> u64 {
        self.to_bits()
    }

    fn push(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_le_bytes());
    }

    fn statistics(least: Self, greatest: Self, missing: u64) -> Statistics {
        Statistics::double(Some(least), Some(greatest), None, Some(missing), false)
    }
}

impl Entry for i64 {
    type Key = i64;

    fn key(self) -> i64 {
        self
    }

    fn push(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_le_bytes());
    }

    fn statistics(least: Self, greatest: Self, missing: u64) -> Statistics {
        Statistics::int64(Some(least), Some(greatest), None, Some(missing), false)
    }
}

/// The known values of a chunk by number.
pub(super) struct Numbered<T: Entry> {
    entries: Vec<T>,
    numbers: Vec<u32>,
    known: FxHashMap<T::Key, u32>,
    bytes: usize,
}

impl<T: Entry> Numbered<T> {
    /// Room for so many values.
    pub(super) fn new(values: usize) -> Self {
        Self {
            entries: Vec::new(),
            numbers: Vec::with_capacity(values),
            known: FxHashMap::default(),
            bytes: 0,
        }
    }

    /// The number of a value; `None` when the dictionary has grown too large to be of use.
    fn number(&mut self, value: T, bytes: usize) -> Option<u32> {
        let next = self.entries.len() as u32;
        let number = *self.known.entry(value.key()).or_insert(next);
        if number == next {
            self.entries.push(value);
            self.bytes += bytes;
            if self.entries.len() > MOST || self.bytes > MOST_BYTES {
                return None;
            }
        }
        Some(number)
    }

    /// Takes the next value.
    pub(super) fn push(&mut self, value: T) -> Option<()> {
        let number = self.number(value, size_of::<T>())?;
        self.numbers.push(number);
        Some(())
    }

    /// Whether a dictionary shortens what was taken so far.
    pub(super) fn pays(&self) -> bool {
        2 * self.entries.len() <= self.numbers.len()
    }

    /// Whether it may still: the first few thousand values don't tell.
    pub(super) fn may_pay(&self) -> bool {
        self.numbers.len() < 8192 || self.pays()
    }
}

impl<'t> Numbered<&'t str> {
    /// Takes the next values, told by their place in a list.
    pub(super) fn push_listed(&mut self, list: impl Iterator<Item = &'t str>, at: &[u32]) -> Option<()> {
        let new: Vec<u32> =
            list.map(|text| self.number(text, text.len() + 4)).collect::<Option<Vec<u32>>>()?;
        self.numbers.extend(at.iter().filter_map(|&i| new.get(i as usize)));
        Some(())
    }
}

/// A chunk of the values that are known, `1` at their rows; `None` when there is none.
pub(super) fn chunk<T: Entry>(
    values: &Numbered<T>,
    known: &[i16],
    column: ColumnDescPtr,
) -> Result<Option<(Vec<u8>, ColumnCloseResult)>, ParquetError> {
    let Some(&first) = values.entries.first() else { return Ok(None) };
    let mut dictionary = Vec::with_capacity(values.bytes);
    values.entries.iter().for_each(|v| v.push(&mut dictionary));
    let (mut least, mut greatest) = (first, first);
    for &v in &values.entries {
        if v < least {
            least = v;
        }
        if v > greatest {
            greatest = v;
        }
    }
    let missing = (known.len() - values.numbers.len()) as u64;

    let mut page = vec![0; 4];
    let levels: Vec<u32> = known.iter().map(|k| u32::from(*k > 0)).collect();
    hybrid(&levels, 1, &mut page);
    let length = (page.len() - 4) as u32;
    page[..4].copy_from_slice(&length.to_le_bytes());
    // One bit at least, for readers that don't expect none.
    let width = (usize::BITS - (values.entries.len() - 1).leading_zeros()).max(1);
    page.push(width as u8);
    hybrid(&values.numbers, width, &mut page);

    let mut out = TrackedWrite::new(Vec::with_capacity(dictionary.len() + page.len() + 256));
    let mut pages = SerializedPageWriter::new(&mut out);
    let bytes = dictionary.len();
    let first = pages.write_page(CompressedPage::new(
        Page::DictionaryPage {
            buf: Bytes::from(dictionary),
            num_values: values.entries.len() as u32,
            encoding: Encoding::PLAIN,
            is_sorted: false,
        },
        bytes,
    ))?;
    let bytes = page.len();
    let second = pages.write_page(CompressedPage::new(
        Page::DataPage {
            buf: Bytes::from(page),
            num_values: known.len() as u32,
            encoding: Encoding::RLE_DICTIONARY,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        },
        bytes,
    ))?;
    pages.close()?;
    let length = first.bytes_written + second.bytes_written;
    let metadata = ColumnChunkMetaData::builder(column)
        .set_encodings(vec![Encoding::PLAIN, Encoding::RLE, Encoding::RLE_DICTIONARY])
        .set_compression(Compression::UNCOMPRESSED)
        .set_num_values(known.len() as i64)
        .set_total_compressed_size(length as i64)
        .set_total_uncompressed_size(length as i64)
        .set_dictionary_page_offset(Some(0))
        .set_data_page_offset(first.bytes_written as i64)
        .set_statistics(T::statistics(least, greatest, missing))
        .build()?;
    let closed = ColumnCloseResult {
        bytes_written: length,
        rows_written: known.len() as u64,
        metadata,
        bloom_filter: None,
        column_index: None,
        offset_index: None,
    };
    Ok(Some((out.into_inner()?, closed)))
}

/// Appends a number of the format's run headers: seven bits a byte, the low ones first.
fn varint(mut v: u64, out: &mut Vec<u8>) {
    while v >= 0x80 {
        out.push(v as u8 | 0x80);
        v >>= 7;
    }
    out.push(v as u8);
}

/// Appends values of a width in bits as the hybrid of runs and packed bits: a value that stands eight times
/// or more is a run, all else goes in groups of eight.
fn hybrid(values: &[u32], width: u32, out: &mut Vec<u8>) {
    let run_at = |i: usize| values[i..].iter().take_while(|v| **v == values[i]).count();
    let (mut start, mut i) = (0, 0);
    while i < values.len() {
        let run = run_at(i);
        // What stands packed before a run fills its last group from the run.
        let short = (8 - (i - start) % 8) % 8;
        if run >= short + 8 {
            packed(&values[start..i + short], width, out);
            let count = run - short;
            varint((count as u64) << 1, out);
            let bytes = values[i].to_le_bytes();
            out.extend_from_slice(&bytes[..width.div_ceil(8) as usize]);
            i += run;
            start = i;
        } else {
            i += run;
        }
    }
    packed(&values[start..], width, out);
}

/// Appends groups of eight; the last is filled up with zeros.
fn packed(values: &[u32], width: u32, out: &mut Vec<u8>) {
    if values.is_empty() {
        return;
    }
    varint((values.len().div_ceil(8) as u64) << 1 | 1, out);
    let (mut bits, mut held) = (0u64, 0u32);
    let padding = values.len().div_ceil(8) * 8 - values.len();
    for v in values.iter().copied().chain(std::iter::repeat_n(0, padding)) {
        bits |= u64::from(v) << held;
        held += width;
        while held >= 8 {
            out.push(bits as u8);
            bits >>= 8;
            held -= 8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Reads the hybrid as its documents have it.
    fn read(mut bytes: &[u8], width: u32, count: usize) -> Vec<u32> {
        let mut out = Vec::new();
        while out.len() < count {
            let (mut header, mut shift) = (0u64, 0);
            loop {
                let b = bytes[0];
                bytes = &bytes[1..];
                header |= u64::from(b & 0x7f) << shift;
                shift += 7;
                if b < 0x80 {
                    break;
                }
            }
            let wide = width.div_ceil(8) as usize;
            if header & 1 == 0 {
                let mut value = [0; 4];
                value[..wide].copy_from_slice(&bytes[..wide]);
                bytes = &bytes[wide..];
                out.extend(std::iter::repeat_n(u32::from_le_bytes(value), (header >> 1) as usize));
            } else {
                let values = (header >> 1) as usize * 8;
                for k in 0..values * width as usize / width as usize {
                    let v = (0..width as usize).fold(0, |v, b| {
                        let bit = k * width as usize + b;
                        v | u32::from(bytes[bit / 8] >> (bit % 8) & 1) << b
                    });
                    out.push(v);
                }
                bytes = &bytes[values * width as usize / 8..];
            }
        }
        assert!(bytes.is_empty());
        out.truncate(count);
        out
    }

    proptest! {
        #[test]
        fn runs_and_bits_read_back(
            runs in proptest::collection::vec((0u32..700, 1usize..40), 0..40),
            width in 10u32..18,
        ) {
            let values: Vec<u32> = runs.iter().flat_map(|&(v, n)| std::iter::repeat_n(v, n)).collect();
            let mut out = Vec::new();
            hybrid(&values, width, &mut out);
            prop_assert_eq!(read(&out, width, values.len()), values);
        }
    }

    #[test]
    fn a_long_run_is_short() {
        let mut out = Vec::new();
        hybrid(&[1; 1000], 1, &mut out);
        assert_eq!(out, [0xd0, 0x0f, 1]);
    }
}
