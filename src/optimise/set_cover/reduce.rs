//! What can be told about a cover without search: items that follow from others, sets that another one
//! replaces, sets that an item leaves no choice about (Beasley 1987).

use crate::optimise::location::{Lock, SparseRows};

/// Bits that the tables of items and of sets may take together.
const MOST_BITS: usize = 1 << 31;

/// A table of bits, a row of words per index.
struct Bits {
    words: usize,
    of: Vec<u64>,
}

impl Bits {
    fn new(rows: usize, columns: usize) -> Self {
        let words = columns.div_ceil(64);
        Self { words, of: vec![0; rows * words] }
    }

    fn set(&mut self, row: usize, column: usize) {
        self.of[row * self.words + column / 64] |= 1 << (column % 64);
    }

    fn row(&self, row: usize) -> &[u64] {
        &self.of[row * self.words..(row + 1) * self.words]
    }

    fn drop_column(&mut self, rows: &[u32], column: usize) {
        for &r in rows {
            self.of[r as usize * self.words + column / 64] &= !(1 << (column % 64));
        }
    }
}

fn inside(a: &[u64], b: &[u64]) -> bool {
    a.iter().zip(b).all(|(x, y)| x & !y == 0)
}

/// What remains to be decided.
pub(super) struct Reduced {
    /// Items that still have to be looked at.
    pub(super) items: Vec<bool>,
    /// Locks of the sets: more are shut, or open, than before.
    pub(super) locks: Vec<Lock>,
}

/// Reduces a problem; at least one cover of least cost keeps to the result. Rows must be free of duplicates
/// and of sets that are shut.
pub(super) fn reduce(rows: &SparseRows, costs: &[f64], locks: &[Lock], mut allowance: u64) -> Reduced {
    let (m, n) = (rows.len(), costs.len());
    let mut out = Reduced { items: vec![true; m], locks: locks.to_vec() };
    if m.saturating_mul(n).saturating_mul(2) > MOST_BITS || m == 0 {
        return out;
    }
    let mut of_item: Vec<Vec<u32>> = (0..m).map(|i| rows.row(i).map(|p| p.0).collect()).collect();
    let mut of_set: Vec<Vec<u32>> = vec![Vec::new(); n];
    let (mut item_bits, mut set_bits) = (Bits::new(m, n), Bits::new(n, m));
    for (i, row) in of_item.iter().enumerate() {
        for &s in row {
            of_set[s as usize].push(i as u32);
            item_bits.set(i, s as usize);
            set_bits.set(s as usize, i);
        }
    }
    let mut gone_set: Vec<bool> = locks.iter().map(|l| *l == Lock::Shut).collect();
    let (item_words, set_words) = (item_bits.words as u64, set_bits.words as u64);
    loop {
        let mut changed = false;
        // Items covered for certain.
        for s in 0..n {
            if out.locks[s] == Lock::Open {
                for i in std::mem::take(&mut of_set[s]) {
                    if std::mem::replace(&mut out.items[i as usize], false) {
                        set_bits.drop_column(&of_item[i as usize], i as usize);
                    }
                }
                gone_set[s] = true;
            }
        }
        let refresh =
            |of_item: &mut Vec<Vec<u32>>, of_set: &mut Vec<Vec<u32>>, items: &[bool], gone: &[bool]| {
                for (i, row) in of_item.iter_mut().enumerate() {
                    if items[i] {
                        row.retain(|&s| !gone[s as usize]);
                    } else {
                        row.clear();
                    }
                }
                for (s, column) in of_set.iter_mut().enumerate() {
                    if gone[s] {
                        column.clear();
                    } else {
                        column.retain(|&i| items[i as usize]);
                    }
                }
            };
        refresh(&mut of_item, &mut of_set, &out.items, &gone_set);
        // Sets that reach nothing any more, or that another covers for no more.
        for s in 0..n {
            if gone_set[s] || out.locks[s] != Lock::Free {
                continue;
            }
            let Some(&rarest) = of_set[s].iter().min_by_key(|&&i| of_item[i as usize].len()) else {
                gone_set[s] = true;
                out.locks[s] = Lock::Shut;
                changed = true;
                continue;
            };
            let size = of_set[s].len();
            let replaced = of_item[rarest as usize].iter().any(|&t| {
                let t = t as usize;
                t != s
                    && !gone_set[t]
                    && costs[t] <= costs[s]
                    && of_set[t].len() >= size
                    && (of_set[t].len() > size || costs[t] < costs[s] || t < s)
                    && {
                        allowance = allowance.saturating_sub(set_words);
                        inside(set_bits.row(s), set_bits.row(t))
                    }
            });
            if replaced {
                gone_set[s] = true;
                out.locks[s] = Lock::Shut;
                item_bits.drop_column(&of_set[s], s);
                changed = true;
            }
            if allowance == 0 {
                break;
            }
        }
        refresh(&mut of_item, &mut of_set, &out.items, &gone_set);
        // Items covered whenever another one is.
        for i in 0..m {
            if !out.items[i] {
                continue;
            }
            let Some(&rarest) = of_item[i].iter().min_by_key(|&&s| of_set[s as usize].len()) else {
                continue;
            };
            let size = of_item[i].len();
            if size == 1 {
                out.locks[rarest as usize] = Lock::Open;
                changed = true;
            }
            for k in of_set[rarest as usize].clone() {
                let k = k as usize;
                if k != i
                    && out.items[k]
                    && of_item[k].len() >= size
                    && (of_item[k].len() > size || i < k)
                    && inside(item_bits.row(i), item_bits.row(k))
                {
                    out.items[k] = false;
                    set_bits.drop_column(&of_item[k], k);
                    changed = true;
                }
                allowance = allowance.saturating_sub(item_words);
            }
            if allowance == 0 {
                break;
            }
        }
        if !changed || allowance == 0 {
            return out;
        }
    }
}
