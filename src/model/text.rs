//! Text in bulk: one buffer for all the strings of a layer, handles of four bytes.

use std::hash::Hasher;

/// A handle to a string in a [`TextPool`]; `Text::NONE` stands for "not given".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text(u32);

impl Text {
    /// No text: the cell was blank or the column missing.
    pub const NONE: Text = Text(u32::MAX);

    /// Whether there is a text at all.
    #[must_use]
    pub fn is_some(self) -> bool {
        self != Self::NONE
    }

    /// The handle that many places further on, as after [`TextPool::append`]; none stays none.
    #[must_use]
    pub fn shifted(self, by: u32) -> Self {
        if self.is_some() { Self(self.0.saturating_add(by)) } else { self }
    }

    /// Position among the pool's texts, if there is one.
    #[must_use]
    pub fn index(self) -> Option<usize> {
        self.is_some().then_some(self.0 as usize)
    }
}

impl Default for Text {
    fn default() -> Self {
        Self::NONE
    }
}

/// All strings of a layer in one buffer.
///
/// Repeated values (a city, an operator) go in through [`intern`](Self::intern) and share a handle;
/// unique ones (an id) through [`push`](Self::push), which keeps no look-up table.
#[derive(Clone, Debug, Default)]
pub struct TextPool {
    bytes: String,
    ends: Ends,
    /// Handles of interned strings, each at or behind the place that its hash gives; the rest is free.
    slots: Vec<u32>,
    interned: usize,
}

/// Marks a free slot.
const FREE: u32 = u32::MAX;

impl TextPool {
    /// Adds a string without looking whether it is there already; blank gives [`Text::NONE`].
    pub fn push(&mut self, s: &str) -> Text {
        if s.is_empty() {
            return Text::NONE;
        }
        // More texts than handles cannot happen below 4 G records; the last handle means "none".
        let handle = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
        self.bytes.push_str(s);
        self.ends.push(self.bytes.len());
        Text(handle)
    }

    /// Adds a string once; the same string gives the same handle.
    pub fn intern(&mut self, s: &str) -> Text {
        if s.is_empty() {
            return Text::NONE;
        }
        if 2 * (self.interned + 1) > self.slots.len() {
            self.grow();
        }
        let (slot, known) = self.slot(s);
        if let Some(t) = known {
            return t;
        }
        let t = self.push(s);
        if let Some(slot) = self.slots.get_mut(slot) {
            *slot = t.0;
            self.interned += 1;
        }
        t
    }

    /// The slot of a string: with its handle, or the free one where that belongs.
    fn slot(&self, s: &str) -> (usize, Option<Text>) {
        let mask = self.slots.len().wrapping_sub(1);
        let mut at = hash(s) & mask;
        while let Some(&handle) = self.slots.get(at) {
            if handle == FREE {
                break;
            }
            if self.get(Text(handle)) == s {
                return (at, Some(Text(handle)));
            }
            at = (at + 1) & mask;
        }
        (at, None)
    }

    fn grow(&mut self) {
        let size = (2 * self.slots.len()).max(64);
        let old = std::mem::replace(&mut self.slots, vec![FREE; size]);
        for handle in old.into_iter().filter(|h| *h != FREE) {
            let mut at = hash(self.get(Text(handle))) & (size - 1);
            while self.slots.get(at).is_some_and(|h| *h != FREE) {
                at = (at + 1) & (size - 1);
            }
            if let Some(slot) = self.slots.get_mut(at) {
                *slot = handle;
            }
        }
    }

    /// Adds all strings of another pool behind the ones here, without looking for equal ones. Handles of
    /// that pool are valid here when [shifted](Text::shifted) by the number returned.
    pub fn append(&mut self, other: &TextPool) -> u32 {
        let by = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
        let start = self.bytes.len();
        self.bytes.push_str(&other.bytes);
        (0..other.ends.len()).for_each(|i| self.ends.push(other.ends.get(i) + start));
        by
    }

    /// Interns all strings of another pool; the handle of its `n`th string stands at index `n`.
    pub fn intern_all(&mut self, other: &TextPool) -> Vec<Text> {
        (0..other.len()).map(|i| self.intern(other.get(Text(i as u32)))).collect()
    }

    /// Removes all strings, and keeps the room.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.low.clear();
        self.ends.laps.clear();
        self.slots.fill(FREE);
        self.interned = 0;
    }

    /// Forgets which strings are there; [`intern`](Self::intern) starts anew. For a pool that is complete.
    pub fn seal(&mut self) {
        self.slots = Vec::new();
        self.interned = 0;
        self.ends.low.shrink_to_fit();
        self.bytes.shrink_to_fit();
    }

    /// The handle of a string that was interned, if it was.
    #[must_use]
    pub fn find(&self, s: &str) -> Option<Text> {
        self.slot(s).1
    }

    /// The string behind a handle; empty for [`Text::NONE`] or a handle of another pool that is out of
    /// range here.
    #[must_use]
    pub fn get(&self, t: Text) -> &str {
        let i = t.0 as usize;
        if i >= self.ends.len() {
            return "";
        }
        let start = if i == 0 { 0 } else { self.ends.get(i - 1) };
        &self.bytes[start..self.ends.get(i)]
    }

    /// The string behind a handle, or `None` where there is none.
    #[must_use]
    pub fn opt(&self, t: Text) -> Option<&str> {
        t.is_some().then(|| self.get(t))
    }

    /// How many strings there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.len() == 0
    }

    /// Bytes of all strings.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Makes room for so many strings of so many bytes; when there is none left, for as many as `scaled`
    /// expects in the end.
    pub fn make_room(&mut self, strings: usize, bytes: usize, scaled: impl Fn(usize) -> usize) {
        let ends = &mut self.ends.low;
        if ends.capacity() - ends.len() < strings {
            ends.reserve_exact(scaled(strings).max(strings));
        }
        if self.bytes.capacity() - self.bytes.len() < bytes {
            self.bytes.reserve_exact(scaled(bytes).max(bytes));
        }
    }

    /// Makes room for that many strings and bytes, so that a large layer doesn't grow in doublings.
    pub fn reserve(&mut self, strings: usize, bytes: usize) {
        self.ends.low.reserve(strings);
        self.bytes.reserve(bytes);
    }
}

/// Places in a buffer that never fall, in four bytes each.
#[derive(Clone, Debug, Default)]
struct Ends {
    /// The places' low halves.
    low: Vec<u32>,
    /// For each 4 GiB that the buffer has passed, how many places lie before.
    laps: Vec<usize>,
}

impl Ends {
    fn push(&mut self, end: usize) {
        while self.laps.len() < end >> 32 {
            self.laps.push(self.low.len());
        }
        self.low.push(end as u32);
    }

    /// The place at an index below [`len`](Self::len).
    fn get(&self, i: usize) -> usize {
        let lap = self.laps.partition_point(|&before| before <= i);
        (lap << 32) | self.low[i] as usize
    }

    fn len(&self) -> usize {
        self.low.len()
    }
}

fn hash(s: &str) -> usize {
    let mut h = rustc_hash::FxHasher::default();
    h.write(s.as_bytes());
    h.finish() as usize
}

/// A part of a whole, from 0 to 1 in steps of 1/65,534, that may be unknown: two bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part(u16);

impl Part {
    /// Not known.
    pub const UNKNOWN: Part = Part(u16::MAX);

    /// A known part, kept between 0 and 1; NaN is unknown.
    #[must_use]
    pub fn new(part: f64) -> Self {
        if part.is_nan() { Self::UNKNOWN } else { Self((part.clamp(0.0, 1.0) * 65_534.0).round() as u16) }
    }

    /// The part, if known.
    #[must_use]
    pub fn get(self) -> Option<f64> {
        (self != Self::UNKNOWN).then(|| f64::from(self.0) / 65_534.0)
    }
}

/// A number that may be unknown, in four bytes; NaN inside, never seen outside.
#[derive(Clone, Copy, Debug)]
pub struct Known(f32);

impl Known {
    /// Not known.
    pub const UNKNOWN: Known = Known(f32::NAN);

    /// A known number; NaN is unknown.
    #[must_use]
    pub const fn new(v: f32) -> Self {
        Self(v)
    }

    /// From double precision.
    #[must_use]
    pub fn from_f64(v: Option<f64>) -> Self {
        Self(v.map_or(f32::NAN, |v| v as f32))
    }

    /// The bits of the number; those of an unknown one are alike.
    #[must_use]
    pub fn bits(self) -> u32 {
        if self.0.is_nan() { f32::NAN.to_bits() } else { self.0.to_bits() }
    }

    /// The number, if known.
    #[must_use]
    pub fn get(self) -> Option<f64> {
        (!self.0.is_nan()).then_some(f64::from(self.0))
    }

    /// The number, or another where unknown.
    #[must_use]
    pub fn or(self, other: f64) -> f64 {
        self.get().unwrap_or(other)
    }

    /// Whether the number is known.
    #[must_use]
    pub fn is_known(self) -> bool {
        !self.0.is_nan()
    }
}

impl Default for Known {
    fn default() -> Self {
        Self::UNKNOWN
    }
}

impl PartialEq for Known {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || (self.0.is_nan() && other.0.is_nan())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pool_gives_back_what_went_in() {
        let mut pool = TextPool::default();
        let a = pool.intern("南京");
        let b = pool.push("S-1");
        assert_eq!(pool.intern("南京"), a);
        assert_eq!((pool.get(a), pool.get(b), pool.get(Text::NONE)), ("南京", "S-1", ""));
        assert_eq!(pool.push(""), Text::NONE);
        assert_eq!(pool.opt(Text::NONE), None);
    }

    #[test]
    fn many_strings_are_found_again() {
        let mut pool = TextPool::default();
        let texts: Vec<String> = (0..5000).map(|i| format!("t{}", i * i)).collect();
        let handles: Vec<Text> = texts.iter().map(|t| pool.intern(t)).collect();
        assert!(texts.iter().zip(&handles).all(|(t, h)| pool.intern(t) == *h && pool.find(t) == Some(*h)));
        assert_eq!((pool.len(), pool.find("t2"), pool.find("t4")), (5000, None, Some(handles[2])));
        pool.seal();
        assert_eq!((pool.find("t4"), pool.get(handles[2])), (None, "t4"));
    }

    #[test]
    fn pools_join() {
        let (mut a, mut b) = (TextPool::default(), TextPool::default());
        a.push("x");
        let (y, z) = (b.push("y"), b.push("z"));
        let by = a.append(&b);
        assert_eq!((a.get(y.shifted(by)), a.get(z.shifted(by))), ("y", "z"));
        assert_eq!(Text::NONE.shifted(by), Text::NONE);
        let map = a.intern_all(&b);
        assert_eq!(a.get(map[1]), "z");
    }

    #[test]
    fn ends_go_on_beyond_four_gigabytes() {
        let mut ends = Ends::default();
        let places = [0, 5, (1 << 32) - 1, 1 << 32, (1 << 32) + 7, (3 << 32) + 1, (3 << 32) + 1];
        places.iter().for_each(|&p| ends.push(p));
        assert_eq!((0..ends.len()).map(|i| ends.get(i)).collect::<Vec<_>>(), places);
    }

    #[test]
    fn unknown_is_not_zero() {
        assert_eq!(Known::UNKNOWN.get(), None);
        assert_eq!(Known::new(0.0).get(), Some(0.0));
    }
}
