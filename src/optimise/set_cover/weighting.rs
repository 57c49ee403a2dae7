//! Local search for covers with weights on the items.
//!
//! A cover loses a set; then, turn after turn, one set goes and as many come as stay below the best cost,
//! while items that stay uncovered gain weight, until all are covered again (Gao, Weise & Li, An efficient
//! local search heuristic with row weighting for the unicost set covering problem, EJOR 246, 2015; here by
//! score per cost).

use crate::optimise::location::{Lock, Service};
use crate::optimise::{Draw, Meter};

struct State<'s> {
    service: &'s Service,
    inside: Vec<bool>,
    list: Vec<u32>,
    place: Vec<u32>,
    times: Vec<u32>,
    weight: Vec<i64>,
    /// Weight of the items that entering would cover, or that only this set covers.
    score: Vec<i64>,
    uncovered: Vec<u32>,
    place_uncovered: Vec<u32>,
    stamp: Vec<u64>,
    /// Whether anything next to a set changed since it left.
    fresh: Vec<bool>,
    cost: f64,
    steps: u64,
}

impl<'s> State<'s> {
    fn new(service: &'s Service, cover: &[bool]) -> Self {
        let (sets, items) = (service.facilities(), service.clients());
        let mut state = Self {
            service,
            inside: vec![false; sets],
            list: Vec::new(),
            place: vec![u32::MAX; sets],
            times: vec![0; items],
            weight: vec![1; items],
            score: (0..sets).map(|s| service.reach(s).len() as i64).collect(),
            uncovered: (0..items as u32).collect(),
            place_uncovered: (0..items as u32).collect(),
            stamp: vec![0; sets],
            fresh: vec![true; sets],
            cost: service.base,
            steps: 0,
        };
        for (s, &chosen) in cover.iter().enumerate() {
            if service.lock[s] == Lock::Open || (chosen && service.lock[s] == Lock::Free) {
                state.add(s);
            }
        }
        state
    }

    fn row(&self, item: usize) -> &'s [u32] {
        self.service.by_client.row_indices(item)
    }

    fn add(&mut self, s: usize) {
        self.inside[s] = true;
        self.place[s] = self.list.len() as u32;
        self.list.push(s as u32);
        self.cost += self.service.opening[s];
        self.score[s] = 0;
        for &(i, _, _) in self.service.reach(s) {
            let i = i as usize;
            self.times[i] += 1;
            let w = self.weight[i];
            match self.times[i] {
                1 => {
                    let at = self.place_uncovered[i] as usize;
                    self.uncovered.swap_remove(at);
                    if let Some(&moved) = self.uncovered.get(at) {
                        self.place_uncovered[moved as usize] = at as u32;
                    }
                    let row = self.row(i);
                    self.steps += row.len() as u64;
                    for &t in row {
                        self.score[t as usize] -= w;
                        self.fresh[t as usize] = true;
                    }
                    // The loop took w from s as well; what s alone covers counts for it.
                    self.score[s] += 2 * w;
                }
                2 => {
                    let row = self.row(i);
                    self.steps += 2;
                    for &t in row {
                        if self.inside[t as usize] && t as usize != s {
                            self.score[t as usize] -= w;
                            break;
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn remove(&mut self, s: usize) {
        self.inside[s] = false;
        let at = self.place[s] as usize;
        self.list.swap_remove(at);
        if let Some(&moved) = self.list.get(at) {
            self.place[moved as usize] = at as u32;
        }
        self.cost -= self.service.opening[s];
        self.fresh[s] = false;
        self.score[s] = 0;
        for &(i, _, _) in self.service.reach(s) {
            let i = i as usize;
            self.times[i] -= 1;
            let w = self.weight[i];
            match self.times[i] {
                0 => {
                    self.place_uncovered[i] = self.uncovered.len() as u32;
                    self.uncovered.push(i as u32);
                    let row = self.row(i);
                    self.steps += row.len() as u64;
                    for &t in row {
                        self.score[t as usize] += w;
                        self.fresh[t as usize] = true;
                    }
                }
                1 => {
                    let row = self.row(i);
                    self.steps += 2;
                    for &t in row {
                        if self.inside[t as usize] {
                            self.score[t as usize] += w;
                            break;
                        }
                    }
                }
                _ => {}
            }
        }
        self.fresh[s] = false;
    }

    /// The set that is missed least per cost, the one longest unchanged of equals; not one that came in at
    /// the turn `besides`.
    fn worst(&self, besides: Option<u64>) -> Option<usize> {
        let mut best: Option<usize> = None;
        for &s in &self.list {
            let s = s as usize;
            if self.service.lock[s] != Lock::Free || Some(self.stamp[s]) == besides {
                continue;
            }
            if best.is_none_or(|b| {
                let (mine, theirs) = (
                    self.score[s] as f64 * self.service.opening[b],
                    self.score[b] as f64 * self.service.opening[s],
                );
                mine < theirs || (mine == theirs && self.stamp[s] < self.stamp[b])
            }) {
                best = Some(s);
            }
        }
        best
    }

    /// The set that covers an item and gains most per cost, the one longest unchanged of equals: of those
    /// around which something changed since they left, or, where there are none, of those that left before
    /// this turn. Else an item whose sets have no neighbours would never be covered again.
    fn wanted(&self, item: usize, turn: u64) -> Option<usize> {
        [false, true].into_iter().find_map(|any| {
            let mut best: Option<usize> = None;
            for &s in self.row(item) {
                let s = s as usize;
                let may = self.fresh[s] || (any && self.stamp[s] != turn);
                if !may || self.service.lock[s] != Lock::Free {
                    continue;
                }
                if best.is_none_or(|b| {
                    let (mine, theirs) = (
                        self.score[s] as f64 * self.service.opening[b],
                        self.score[b] as f64 * self.service.opening[s],
                    );
                    mine > theirs || (mine == theirs && self.stamp[s] < self.stamp[b])
                }) {
                    best = Some(s);
                }
            }
            best
        })
    }
}

/// Searches for covers below the given cost; calls `found` with each, which returns whether to go on.
pub(in crate::optimise) fn search(
    service: &Service,
    start: &[bool],
    mut below: f64,
    steps: u64,
    draw: &mut Draw,
    meter: &mut Meter<'_>,
    mut found: impl FnMut(&[bool], f64) -> bool,
) {
    let mut state = State::new(service, start);
    // Sets that were there from the start bear the stamp 0, which no turn has.
    let mut turn = 2u64;
    let until = meter.used().saturating_add(steps);
    // Costs of covers are compared with some slack for the digits that sums lose.
    let noise = 1e-9 * (1.0 + below.abs().min(1e12));
    while meter.used() < until && meter.open() {
        while state.uncovered.is_empty() {
            if state.cost < below - noise {
                below = state.cost;
                if !found(&state.inside, state.cost) {
                    return;
                }
            }
            let Some(out) = state.worst(None) else { return };
            state.remove(out);
            state.stamp[out] = turn;
        }
        if let Some(out) = state.worst(Some(turn - 1)) {
            state.remove(out);
            state.stamp[out] = turn;
        }
        // As many come in as the cost allows: were it one for one, the number of sets could only ever fall,
        // and a cover by more and cheaper sets would stay out of reach.
        while !state.uncovered.is_empty() {
            let item = state.uncovered[draw.below(state.uncovered.len())] as usize;
            state.steps += state.row(item).len() as u64;
            let Some(s) = state.wanted(item, turn) else { break };
            if state.cost + service.opening[s] >= below - noise {
                break;
            }
            state.add(s);
            state.stamp[s] = turn;
            for k in 0..state.uncovered.len() {
                let i = state.uncovered[k] as usize;
                state.weight[i] += 1;
                for &t in state.row(i) {
                    state.score[t as usize] += 1;
                }
                state.steps += state.row(i).len() as u64;
            }
        }
        state.steps += state.list.len() as u64;
        turn += 1;
        meter.spend(std::mem::take(&mut state.steps) + 10);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::optimise::Stop;
    use crate::optimise::location::{Limit, SparseRows};

    fn service(rows: &[Vec<u32>], costs: &[f64]) -> Service {
        let free = SparseRows::from_rows(rows.iter().map(|r| r.iter().map(|&s| (s, 0.0))));
        let fallback = vec![1.0 + costs.iter().sum::<f64>(); rows.len()];
        let n = costs.len();
        Service::new(&free, fallback, costs.to_vec(), vec![0.0; n], vec![Lock::Free; n], Limit::NONE)
    }

    /// The costs of all covers that the search finds, each checked to be a cover of that cost.
    fn covers(rows: &[Vec<u32>], costs: &[f64], start: &[bool], below: f64) -> Vec<f64> {
        let mut found = Vec::new();
        let mut meter = Meter::new(u64::MAX, Stop::NEVER);
        search(&service(rows, costs), start, below, 100_000, &mut Draw::new(1), &mut meter, |set, cost| {
            assert!(rows.iter().all(|r| r.iter().any(|&s| set[s as usize])));
            assert_eq!((0..set.len()).filter(|&s| set[s]).map(|s| costs[s]).sum::<f64>(), cost);
            found.push(cost);
            true
        });
        found
    }

    #[test]
    fn more_sets_come_in_where_they_cost_less() {
        // One set of all items against four of one item each.
        let rows: Vec<Vec<u32>> = (1..5).map(|s| vec![0, s]).collect();
        let start = [true, false, false, false, false];
        assert_eq!(covers(&rows, &[9.0, 2.0, 2.0, 2.0, 2.0], &start, 9.0), [8.0]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]
        #[test]
        fn small_problems_are_solved_from_any_start(
            rows in prop::collection::vec(prop::collection::btree_set(0u32..8, 1..4), 1..8),
            costs in prop::collection::vec(1u32..7, 8),
            start in prop::collection::vec(any::<bool>(), 8),
        ) {
            let rows: Vec<Vec<u32>> = rows.into_iter().map(|r| r.into_iter().collect()).collect();
            let costs: Vec<f64> = costs.into_iter().map(f64::from).collect();
            let best = (0u32..1 << 8)
                .filter(|set| rows.iter().all(|r| r.iter().any(|s| set >> s & 1 == 1)))
                .map(|set| (0..8).filter(|s| set >> s & 1 == 1).map(|s| costs[s]).sum::<f64>())
                .min_by(f64::total_cmp);
            let found = covers(&rows, &costs, &start, 1.0 + costs.iter().sum::<f64>());
            prop_assert!(found.is_sorted_by(|a, b| a > b));
            prop_assert_eq!(found.last().copied(), best);
        }
    }
}
