//! Ids: made where a file has none, and unique within a layer.

use crate::geom::LonLat;
use rayon::prelude::*;

/// An id from what identifies a row: the same content gives the same id in every run (FNV-1a, 64 bits).
pub(in crate::io) fn made(prefix: &str, parts: &[&str], at: Option<LonLat>) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    let mut eat = |bytes: &[u8]| {
        for b in bytes.iter().chain(&[0x1f]) {
            hash = (hash ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    };
    for part in parts {
        eat(part.as_bytes());
    }
    if let Some(p) = at {
        // Micro-degrees: a last digit that another export rounds away doesn't change the id.
        eat(format!("{:.6},{:.6}", p.lon_deg(), p.lat_deg()).as_bytes());
    }
    format!("{prefix}-{hash:016x}")
}

/// Ids hashed side by side before the next are.
const PART: usize = 1 << 16;

/// What becomes of a record whose id was met before.
pub(in crate::io) enum Repeat {
    /// The id stands in the file: the record goes.
    Given,
    /// The id was made from content that occurs more than once: it gets this number behind it.
    Made(u32),
}

/// Finds the records whose id occurred before, in order of index. Bulk layers have millions of ids, nearly all
/// of which occur once: a filter of bits tells most of those, and only the others are sorted and compared.
pub(in crate::io) fn repeats<'a>(
    count: usize,
    id: impl Fn(usize) -> &'a str + Sync,
    is_made: impl Fn(usize) -> bool,
) -> Vec<(usize, Repeat)> {
    let hash = |i: usize| {
        use std::hash::Hasher;
        let mut h = rustc_hash::FxHasher::default();
        h.write(id(i).as_bytes());
        h.finish()
    };
    // Places met once, and again: sixteen for each id.
    let bits = (16 * count).next_power_of_two().max(64);
    let (mut once, mut again) = (vec![0u64; bits / 64], vec![0u64; bits / 64]);
    let place = |hash: u64| ((hash >> 32) as usize & (bits / 64 - 1), 1u64 << (hash >> 26 & 63));
    for part in (0..count).step_by(PART) {
        let hashes: Vec<u64> = (part..(part + PART).min(count)).into_par_iter().map(hash).collect();
        for (word, bit) in hashes.into_iter().map(place) {
            if let (Some(once), Some(again)) = (once.get_mut(word), again.get_mut(word)) {
                *again |= *once & bit;
                *once |= bit;
            }
        }
    }
    drop(once);
    let mut hashes: Vec<(u64, u32)> = (0..count)
        .into_par_iter()
        .map(|i| (hash(i), i as u32))
        .filter(|(hash, _)| {
            let (word, bit) = place(*hash);
            again.get(word).is_some_and(|met| met & bit != 0)
        })
        .collect();
    hashes.par_sort_unstable();
    let mut out = Vec::new();
    let mut run = 0;
    while run < hashes.len() {
        let end = run + hashes[run..].iter().take_while(|h| h.0 == hashes[run].0).count();
        if end - run > 1 {
            // Ids of one hash, each with how often it was met.
            let mut seen: Vec<(&str, u32)> = Vec::new();
            for &(_, i) in &hashes[run..end] {
                let i = i as usize;
                let this = id(i);
                match seen.iter_mut().find(|s| s.0 == this) {
                    None => seen.push((this, 1)),
                    Some(s) => {
                        s.1 += 1;
                        out.push((i, if is_made(i) { Repeat::Made(s.1) } else { Repeat::Given }));
                    }
                }
            }
        }
        run = end;
    }
    out.sort_unstable_by_key(|r| r.0);
    out
}

/// Whether an id has the form of a made one: letters, a dash, sixteen hexadecimal digits.
pub(in crate::io) fn is_made(id: &str) -> bool {
    id.rsplit_once('-').is_some_and(|(head, tail)| {
        tail.len() == 16
            && tail.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
            && head.bytes().all(|b| b.is_ascii_uppercase())
            && !head.is_empty()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_stable_and_repeats_found() {
        let at = LonLat::new(118.0, 32.0).ok();
        let id = made("S", &["南京钢铁"], at);
        assert_eq!(id, made("S", &["南京钢铁"], at));
        assert_ne!(id, made("S", &["南京", "钢铁"], at));
        assert!(is_made(&id) && !is_made("GAC-1234"));
        let ids = ["a", "b", "a", "c", "a"];
        let found: Vec<usize> = repeats(5, |i| ids[i], |_| false).iter().map(|r| r.0).collect();
        assert_eq!(found, [2, 4]);
        // Over several parts: every seventh id is that of the one before.
        let many: Vec<String> = (0..200_000).map(|i| format!("c{}", i - usize::from(i % 7 == 6))).collect();
        let found: Vec<usize> = repeats(many.len(), |i| &many[i], |_| false).iter().map(|r| r.0).collect();
        assert_eq!(found, (6..many.len()).step_by(7).collect::<Vec<_>>());
    }
}
