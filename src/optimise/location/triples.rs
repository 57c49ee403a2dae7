//! Three clients of whom no facility serves all need two: cuts for the relaxation of coverage.
//!
//! Of three clients, either one misses, or two facilities are open that serve one or two of them, or one that serves
//! all: counted once and twice, these and the misses sum to 2 at least (the facets with coefficients 0, 1 and 2 of the
//! set covering polytope, Balas & Ng, Mathematical Programming 43, 1989). Shares of a half that serve two clients
//! each are worth 1.5, and so are ruled out.

use std::hash::Hasher;

use rustc_hash::{FxHashSet, FxHasher};

use super::Service;
use crate::optimise::Meter;

/// Clients in ascending order.
pub(super) type Triple = [u32; 3];

/// Shares below this are taken for none.
const LITTLE: f64 = 1e-3;
/// Facilities that are open for more than this leave nothing to cut off.
const OPEN: f64 = 0.9;
/// Clients that miss more, or have more than one by as much, are in no triple.
const SLACK: f64 = 0.3;
/// Least that two of a triple have in common, most that they have, and least by which a triple must be broken.
const COMMON: f64 = 0.1;
const NEARLY_ALL: f64 = 0.97;
const BROKEN: f64 = 0.03;
/// Clients that are looked at for each facility with a share.
const EACH: u32 = 40;
/// Most triples that begin with the same client, and most that any is in.
const FROM: usize = 40;
const WITH: u32 = 6;
/// Facilities with shares that a client may have.
const FACILITIES: usize = 64;

/// Of the clients whom the same shares serve, the one that pays most.
struct Row {
    client: u32,
    /// Facilities with shares, ascending.
    facilities: Vec<u32>,
    had: f64,
}

/// Triples that shares `x` break, those that are broken most first; of clients with much `left` to offer.
pub(super) fn broken(service: &Service, x: &[f64], left: &[f64], meter: &mut Meter<'_>) -> Vec<Triple> {
    let rows = rows(service, x, left);
    meter.spend(service.by_client.pairs() as u64);
    let near = neighbours(&rows, x);
    let counted = |r: u32| rows[r as usize].had.max(1.0);
    let mut found: Vec<(f64, Triple)> = Vec::new();
    // Of the row at hand, what each other has in common with it, and which of its facilities.
    let mut with = vec![0.0; rows.len()];
    let mut mask = vec![0u64; rows.len()];
    for a in 0..rows.len() {
        if !meter.spend(near[a].iter().map(|b| near[b.0 as usize].len() as u64).sum()) {
            return Vec::new();
        }
        let own = &rows[a].facilities;
        for &(b, both) in &near[a] {
            with[b as usize] = both;
            let theirs = &rows[b as usize].facilities;
            let shared = own.iter().enumerate().filter(|f| theirs.binary_search(f.1).is_ok());
            mask[b as usize] = shared.map(|f| 1u64 << f.0).sum();
        }
        let start = found.len();
        for &(b, ab) in &near[a] {
            for &(c, bc) in &near[b as usize] {
                let ac = with[c as usize];
                if ac == 0.0 || ab + ac + bc <= 1.0 + BROKEN {
                    continue;
                }
                let mut bits = mask[b as usize] & mask[c as usize];
                let mut all = 0.0;
                while bits != 0 {
                    all += x[own[bits.trailing_zeros() as usize] as usize];
                    bits &= bits - 1;
                }
                let sum = counted(a as u32) + counted(b) + counted(c) - (ab + ac + bc - 2.0 * all);
                if sum < 2.0 - BROKEN {
                    found.push((sum, [a as u32, b, c]));
                }
            }
        }
        if found.len() > start + FROM {
            found[start..].select_nth_unstable_by(FROM, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            found.truncate(start + FROM);
        }
        near[a].iter().for_each(|b| with[b.0 as usize] = 0.0);
    }
    found.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut used = vec![0; rows.len()];
    let mut out = Vec::new();
    for (_, triple) in found {
        if triple.iter().any(|&r| used[r as usize] >= WITH) {
            continue;
        }
        triple.iter().for_each(|&r| used[r as usize] += 1);
        let mut clients = triple.map(|r| rows[r as usize].client);
        clients.sort_unstable();
        out.push(clients);
    }
    out
}

/// Of each row the later ones with which it has much, and not all, in common, and how much.
fn neighbours(rows: &[Row], x: &[f64]) -> Vec<Vec<(u32, f64)>> {
    let mut having = vec![Vec::new(); x.len()];
    for (r, row) in rows.iter().enumerate() {
        row.facilities.iter().for_each(|&f| having[f as usize].push(r as u32));
    }
    let mut common = vec![0.0; rows.len()];
    let mut touched: Vec<u32> = Vec::new();
    let mut of = |a: usize| {
        for &f in &rows[a].facilities {
            let others = &having[f as usize];
            for &b in &others[others.partition_point(|&b| b as usize <= a)..] {
                if common[b as usize] == 0.0 {
                    touched.push(b);
                }
                common[b as usize] += x[f as usize];
            }
        }
        touched.sort_unstable();
        let near = touched.drain(..).map(|b| (b, std::mem::take(&mut common[b as usize])));
        near.filter(|n| n.1 > COMMON && n.1 < NEARLY_ALL).collect()
    };
    (0..rows.len()).map(&mut of).collect()
}

/// Of those clients who nearly have one facility in all, and in parts, one for each way to have it; of many, those
/// that pay most.
fn rows(service: &Service, x: &[f64], left: &[f64]) -> Vec<Row> {
    let mut order: Vec<u32> = (0..service.clients() as u32).collect();
    order.sort_unstable_by(|&a, &b| left[b as usize].total_cmp(&left[a as usize]).then(a.cmp(&b)));
    let mut out: Vec<Row> = Vec::new();
    let mut known: FxHashSet<u64> = FxHashSet::default();
    let mut taken = vec![0; x.len()];
    let mut facilities: Vec<u32> = Vec::new();
    for client in order {
        let row = service.by_client.row_indices(client as usize);
        facilities.clear();
        facilities.extend(row.iter().copied().filter(|&f| x[f as usize] > LITTLE));
        let had: f64 = facilities.iter().map(|&f| x[f as usize]).sum();
        let useful = (2..=FACILITIES).contains(&facilities.len())
            && (had - 1.0).abs() < SLACK
            && facilities.iter().all(|&f| x[f as usize] < OPEN)
            && facilities.iter().any(|&f| taken[f as usize] < EACH);
        if !useful {
            continue;
        }
        facilities.sort_unstable();
        let mut hash = FxHasher::default();
        facilities.iter().for_each(|&f| hash.write_u32(f));
        if known.insert(hash.finish()) {
            facilities.iter().for_each(|&f| taken[f as usize] += 1);
            out.push(Row { client, facilities: facilities.clone(), had });
        }
    }
    out
}

/// The facilities that serve any of a triple's clients: those that serve all count twice.
pub(super) fn counts(service: &Service, triple: &Triple) -> Vec<(u32, f64)> {
    let mut all: Vec<u32> =
        triple.iter().flat_map(|&i| service.by_client.row_indices(i as usize)).copied().collect();
    all.sort_unstable();
    let same = all.chunk_by(|a, b| a == b);
    same.map(|c| (c[0], if c.len() == triple.len() { 2.0 } else { 1.0 })).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Limit, Lock, SparseRows};
    use super::*;
    use crate::optimise::Stop;

    fn service(rows: &[Vec<u32>]) -> Service {
        let free = SparseRows::from_rows(rows.iter().map(|r| r.iter().map(|&f| (f, 0.0))));
        let (n, zeros) = (rows.len(), vec![0.0; 8]);
        Service::new(&free, vec![1.0; n], zeros.clone(), zeros, vec![Lock::Free; 8], Limit::NONE)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn every_whole_answer_keeps_them_and_shares_break_those_found(
            rows in prop::collection::vec(prop::collection::btree_set(0u32..8, 1..5), 3..12),
            shares in prop::collection::vec(0u32..4, 8),
        ) {
            let rows: Vec<Vec<u32>> = rows.into_iter().map(|r| r.into_iter().collect()).collect();
            let service = service(&rows);
            let value = |triple: &Triple, x: &[f64]| {
                let had: f64 = counts(&service, triple).iter().map(|&(f, c)| c * x[f as usize]).sum();
                let got = |i: u32| rows[i as usize].iter().map(|&f| x[f as usize]).sum::<f64>();
                had + triple.iter().map(|&i| (1.0 - got(i)).max(0.0)).sum::<f64>()
            };
            let n = rows.len() as u32;
            for set in 0u32..1 << 8 {
                let x: Vec<f64> = (0..8).map(|f| f64::from(set >> f & 1)).collect();
                let triples = (0..n).flat_map(|a| (0..a).flat_map(move |b| (0..b).map(move |c| [c, b, a])));
                for triple in triples {
                    prop_assert!(value(&triple, &x) >= 2.0, "{triple:?}");
                }
            }
            let x: Vec<f64> = shares.iter().map(|&s| f64::from(s) / 4.0).collect();
            let mut meter = Meter::new(u64::MAX, Stop::NEVER);
            for triple in broken(&service, &x, &vec![1.0; rows.len()], &mut meter) {
                prop_assert!(triple[0] < triple[1] && triple[1] < triple[2]);
                prop_assert!(value(&triple, &x) < 2.0 - BROKEN + 1e-9, "{triple:?}");
            }
        }
    }
}
