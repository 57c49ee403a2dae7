//! Local search where service is free, so that clients are covered or not.
//!
//! Kept up to date are what each shut facility would newly cover and what each open one covers alone. One or
//! two open facilities near each other go, and the places that cover most take their turn; what turns out worse
//! is kept now and then at first, ever less later (ruin and recreate: Schrimpf et al., Journal of
//! Computational Physics 159, 2000). Where the number of facilities is the only limit and there is time, single
//! exchanges are tried instead, which need no such accounts.

use super::{Lock, Service};
use crate::optimise::{Draw, Meter};

/// Share of the candidates that are overlooked, so that not the same ones come back again and again.
const BLINK: f64 = 0.1;
/// Facilities that go at once, at most.
const MOST_OUT: usize = 2;
/// What may get lost at the start, as a share of what an open facility covers alone on average, and what is
/// left of it at the end.
const HOT: f64 = 0.03;
const COOL: f64 = 0.05;

struct State<'s> {
    service: &'s Service,
    open: Vec<bool>,
    list: Vec<u32>,
    place: Vec<u32>,
    times: Vec<u32>,
    /// What is gained where a facility changes its state: by a shut one what it would newly cover, net of
    /// opening; by an open one the reverse.
    gain: Vec<f64>,
    spent: f64,
    cost: f64,
    steps: u64,
}

impl<'s> State<'s> {
    fn new(service: &'s Service, start: &[bool]) -> Self {
        let n = service.facilities();
        let covers = |f: usize| service.reach(f).iter().map(|r| service.fallback[r.0 as usize]).sum::<f64>();
        let mut out = Self {
            service,
            open: vec![false; n],
            list: Vec::new(),
            place: vec![u32::MAX; n],
            times: vec![0; service.clients()],
            gain: (0..n).map(|f| covers(f) - service.opening[f]).collect(),
            spent: 0.0,
            cost: service.base + service.fallback.iter().sum::<f64>(),
            steps: 0,
        };
        for (f, &lock) in service.lock.iter().enumerate() {
            if lock == Lock::Open || (start[f] && lock == Lock::Free) {
                out.add(f);
            }
        }
        out
    }

    fn add(&mut self, f: usize) {
        let service = self.service;
        let gained = self.gain[f];
        self.cost -= gained;
        self.open[f] = true;
        self.place[f] = self.list.len() as u32;
        self.list.push(f as u32);
        self.spent += service.price[f];
        for &(client, _, _) in service.reach(f) {
            let i = client as usize;
            self.times[i] += 1;
            let most = service.fallback[i];
            let row = service.by_client.row_indices(i);
            match self.times[i] {
                1 => {
                    self.steps += row.len() as u64;
                    row.iter().for_each(|&g| self.gain[g as usize] -= most);
                }
                2 => {
                    let other = row.iter().find(|&&g| self.open[g as usize] && g as usize != f);
                    if let Some(&g) = other {
                        self.gain[g as usize] += most;
                    }
                }
                _ => {}
            }
        }
        self.gain[f] = -gained;
        self.steps += 4 * service.reach(f).len() as u64;
    }

    fn close(&mut self, f: usize) {
        let service = self.service;
        let gained = self.gain[f];
        self.cost -= gained;
        self.open[f] = false;
        let at = self.place[f] as usize;
        self.list.swap_remove(at);
        if let Some(&moved) = self.list.get(at) {
            self.place[moved as usize] = at as u32;
        }
        self.spent -= service.price[f];
        for &(client, _, _) in service.reach(f) {
            let i = client as usize;
            self.times[i] -= 1;
            let most = service.fallback[i];
            let row = service.by_client.row_indices(i);
            match self.times[i] {
                0 => {
                    self.steps += row.len() as u64;
                    row.iter().for_each(|&g| self.gain[g as usize] += most);
                }
                1 => {
                    if let Some(&g) = row.iter().find(|&&g| self.open[g as usize]) {
                        self.gain[g as usize] -= most;
                    }
                }
                _ => {}
            }
        }
        self.gain[f] = -gained;
        self.steps += 4 * service.reach(f).len() as u64;
    }

    /// What fits and gains most, by unit of budget where there is one; not one of `besides`.
    fn best(&mut self, besides: &[u32], draw: &mut Draw) -> Option<usize> {
        let service = self.service;
        let limit = service.limit;
        if self.list.len() >= limit.at_most {
            return None;
        }
        self.steps += self.gain.len() as u64 / 2;
        let priced = limit.budget.is_finite();
        let left = limit.budget * (1.0 + 1e-12) - self.spent;
        let mut best: Option<usize> = None;
        let mut most = if self.list.len() < limit.at_least { f64::NEG_INFINITY } else { 0.0 };
        for (f, &gain) in self.gain.iter().enumerate() {
            let worth = if priced && gain > 0.0 { gain / service.price[f].max(1e-9) } else { gain };
            if worth > most
                && !self.open[f]
                && service.lock[f] == Lock::Free
                && (!priced || service.price[f] <= left)
                && !besides.contains(&(f as u32))
                && draw.unit() >= BLINK
            {
                (best, most) = (Some(f), worth);
            }
        }
        best
    }

    /// An open facility that may go: near `center` if there is one.
    fn draw_open(&self, center: Option<usize>, draw: &mut Draw) -> Option<usize> {
        let free = |f: &u32| self.service.lock[*f as usize] == Lock::Free;
        if let Some(center) = center {
            let reach = self.service.reach(center);
            for _ in 0..8 {
                let client = reach.get(draw.below(reach.len().max(1)))?.0 as usize;
                let row = self.service.by_client.row_indices(client);
                if let Some(&g) = row.iter().find(|&&g| self.open[g as usize] && free(&g)) {
                    return Some(g as usize);
                }
                // Else a facility of that client leads on.
                let next = row[draw.below(row.len())] as usize;
                let reach = self.service.reach(next);
                let client = reach[draw.below(reach.len())].0 as usize;
                let row = self.service.by_client.row_indices(client);
                if let Some(&g) = row.iter().find(|&&g| self.open[g as usize] && free(&g)) {
                    return Some(g as usize);
                }
            }
        }
        let f = *self.list.get(draw.below(self.list.len().max(1)))?;
        free(&f).then_some(f as usize)
    }
}

/// Searches from a set that keeps to the limits; every set cheaper than all before is `found`, which tells
/// whether to go on.
pub(super) fn search(
    service: &Service,
    start: &[bool],
    steps: u64,
    draw: &mut Draw,
    meter: &mut Meter<'_>,
    mut found: impl FnMut(&[bool]) -> bool,
) {
    let mut state = State::new(service, start);
    if state.list.is_empty() {
        return;
    }
    let usual =
        state.list.iter().map(|&f| (-state.gain[f as usize]).max(0.0)).sum::<f64>() / state.list.len() as f64;
    let mut least = state.cost;
    let began = meter.used();
    let (mut out, mut into): (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::new());
    while meter.open() {
        let done = (meter.used() - began) as f64 / steps.max(1) as f64;
        if done >= 1.0 {
            return;
        }
        let warmth = HOT * usual * COOL.powf(done);
        let before = state.cost;
        out.clear();
        into.clear();
        let many = 1 + draw.below(MOST_OUT);
        let mut center = None;
        for _ in 0..many {
            let Some(f) = state.draw_open(center, draw) else { continue };
            state.close(f);
            out.push(f as u32);
            center = center.or(Some(f));
        }
        // One of them stays away for now, else it would be the first to come back.
        let away = if out.is_empty() { 0 } else { 1 };
        while let Some(f) = state.best(&out[..away], draw) {
            state.add(f);
            into.push(f as u32);
        }
        if !meter.spend(std::mem::take(&mut state.steps) + 50) {
            return;
        }
        if state.cost < least - 1e-9 * least.abs() && state.list.len() >= service.limit.at_least {
            least = state.cost;
            if !found(&state.open) {
                return;
            }
        }
        if state.cost - before > -warmth * draw.unit().max(1e-12).ln() {
            into.iter().for_each(|&f| state.close(f as usize));
            out.iter().for_each(|&f| state.add(f as usize));
        }
    }
}

/// Proposals between two looks at how much is left.
const BATCH: u64 = 256;
/// Warmth of exchanges at the start, as a share of what an open facility covers alone on average, and what is
/// left of it at the end.
const HOT_EXCHANGE: f64 = 0.05;
const COOL_EXCHANGE: f64 = 0.02;
/// Share of exchanges that close one far away.
const FAR: f64 = 0.05;
/// Share of a run before which its answers are too rough to be kept.
const ROUGH: f64 = 0.3;

/// Whether a number of facilities is the only limit, so that each can stand for any other.
pub(super) fn counts_only(service: &Service) -> bool {
    service.plain
        && service.limit.budget.is_infinite()
        && service.opening.iter().all(|&o| o == 0.0)
        && service.lock.iter().all(|&l| l == Lock::Free)
}

/// Open facilities by how often each client is covered, and by whom where that is one alone.
struct Cover<'s> {
    service: &'s Service,
    /// Clients that each facility reaches, from `first` on.
    first: Vec<usize>,
    reach: Vec<u32>,
    list: Vec<u32>,
    place: Vec<u32>,
    times: Vec<u32>,
    /// Sum of the facilities that cover a client: where that is one, its number.
    by: Vec<u32>,
    /// What each open facility covers alone.
    alone: Vec<f64>,
    /// Clients that nobody covers, and where each stands in that list.
    bare: Vec<u32>,
    at: Vec<u32>,
    cost: f64,
}

impl<'s> Cover<'s> {
    fn new(service: &'s Service, start: &[bool]) -> Self {
        let clients = 0..service.clients() as u32;
        let mut first = vec![0];
        let mut reach = Vec::with_capacity(service.by_client.pairs());
        for f in 0..service.facilities() {
            reach.extend(service.reach(f).iter().map(|r| r.0));
            first.push(reach.len());
        }
        let mut out = Self {
            service,
            first,
            reach,
            list: Vec::new(),
            place: vec![u32::MAX; service.facilities()],
            times: vec![0; service.clients()],
            by: vec![0; service.clients()],
            alone: vec![0.0; service.facilities()],
            bare: clients.clone().collect(),
            at: clients.collect(),
            cost: service.base + service.fallback.iter().sum::<f64>(),
        };
        (0..start.len()).filter(|&f| start[f]).for_each(|f| out.add(f));
        out
    }

    fn reach(&self, f: usize) -> &[u32] {
        &self.reach[self.first[f]..self.first[f + 1]]
    }

    fn add(&mut self, f: usize) {
        self.place[f] = self.list.len() as u32;
        self.list.push(f as u32);
        let mut alone = 0.0;
        for k in self.first[f]..self.first[f + 1] {
            let i = self.reach[k] as usize;
            let pays = self.service.fallback[i];
            match self.times[i] {
                0 => {
                    alone += pays;
                    let at = self.at[i] as usize;
                    self.bare.swap_remove(at);
                    if let Some(&moved) = self.bare.get(at) {
                        self.at[moved as usize] = at as u32;
                    }
                }
                1 => self.alone[self.by[i] as usize] -= pays,
                _ => {}
            }
            self.times[i] += 1;
            self.by[i] = self.by[i].wrapping_add(f as u32);
        }
        self.alone[f] = alone;
        self.cost -= alone;
    }

    fn close(&mut self, f: usize) {
        let at = self.place[f] as usize;
        self.list.swap_remove(at);
        if let Some(&moved) = self.list.get(at) {
            self.place[moved as usize] = at as u32;
        }
        self.cost += self.alone[f];
        for k in self.first[f]..self.first[f + 1] {
            let i = self.reach[k] as usize;
            self.times[i] -= 1;
            self.by[i] = self.by[i].wrapping_sub(f as u32);
            match self.times[i] {
                0 => {
                    self.at[i] = self.bare.len() as u32;
                    self.bare.push(i as u32);
                }
                1 => self.alone[self.by[i] as usize] += self.service.fallback[i],
                _ => {}
            }
        }
    }

    /// What opening one and closing another would cost.
    fn change(&self, open: usize, close: usize) -> f64 {
        let gained = |i: usize| self.times[i] == 0 || (self.times[i] == 1 && self.by[i] == close as u32);
        let gains = self.reach(open).iter().map(|&i| i as usize).filter(|&i| gained(i));
        self.alone[close] - gains.map(|i| self.service.fallback[i]).sum::<f64>()
    }

    /// A place that covers a client whom nobody covers: of two such clients, of the one that weighs more.
    fn draw_opening(&self, draw: &mut Draw) -> Option<usize> {
        if self.bare.is_empty() {
            return None;
        }
        let [i, j] = [0; 2].map(|_| self.bare[draw.below(self.bare.len())] as usize);
        let i = if self.service.fallback[j] > self.service.fallback[i] { j } else { i };
        let row = self.service.by_client.row_indices(i);
        (!row.is_empty()).then(|| row[draw.below(row.len())] as usize)
    }

    /// An open facility for another to stand for: mostly one that shares clients with it.
    fn draw_closing(&self, open: usize, draw: &mut Draw) -> Option<usize> {
        if draw.unit() >= FAR {
            let reach = self.reach(open);
            for _ in 0..4 {
                let i = reach[draw.below(reach.len())] as usize;
                if self.times[i] == 1 {
                    return Some(self.by[i] as usize);
                }
            }
        }
        (!self.list.is_empty()).then(|| self.list[draw.below(self.list.len())] as usize)
    }
}

/// Exchanges one for one at random, ever less that makes it worse (simulated annealing), where
/// [`counts_only`]; many more steps in a second than [`search`] has, each of less use. The best of the run's
/// own answers, once it has cooled a bit, and its cost; none when work ran out before.
pub(super) fn exchange(
    service: &Service,
    start: &[bool],
    steps: u64,
    draw: &mut Draw,
    meter: &mut Meter<'_>,
) -> Option<(f64, Vec<bool>)> {
    let mut state = Cover::new(service, start);
    let (mut least, mut best) = (f64::INFINITY, Vec::new());
    let alone = state.list.iter().map(|&f| state.alone[f as usize]).sum::<f64>();
    let hot = HOT_EXCHANGE * alone / state.list.len().max(1) as f64;
    let reach = service.by_client.pairs() as u64 / service.facilities().max(1) as u64;
    let began = meter.used();
    loop {
        let done = (meter.used() - began) as f64 / steps.max(1) as f64;
        if done >= 1.0 || !meter.spend(BATCH * (reach / 2 + 16)) {
            break;
        }
        let warmth = hot * COOL_EXCHANGE.powf(done);
        for _ in 0..BATCH {
            let Some(open) = state.draw_opening(draw) else { break };
            if state.list.len() < service.limit.at_most {
                state.add(open);
            } else {
                let Some(close) = state.draw_closing(open, draw) else { break };
                if state.change(open, close) > -warmth * draw.unit().max(1e-12).ln() {
                    continue;
                }
                state.add(open);
                state.close(close);
            }
            if done >= ROUGH && state.cost < least - 1e-9 * state.cost.abs() {
                least = state.cost;
                best.clone_from(&state.list);
            }
        }
    }
    let mut open = vec![false; service.facilities()];
    best.iter().for_each(|&f| open[f as usize] = true);
    least.is_finite().then_some((least, open))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Limit, SparseRows};
    use super::*;
    use crate::optimise::Stop;

    fn service(rows: &[(Vec<u32>, u32)], at_most: usize) -> Service {
        let free = SparseRows::from_rows(rows.iter().map(|r| r.0.iter().map(|&f| (f, 0.0))));
        let most = rows.iter().map(|r| f64::from(r.1)).collect();
        let limit = Limit { at_most, ..Limit::NONE };
        Service::new(&free, most, vec![0.0; 8], vec![1.0; 8], vec![Lock::Free; 8], limit)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]
        #[test]
        fn what_is_kept_up_to_date_is_so(
            rows in prop::collection::vec((prop::collection::btree_set(0u32..8, 1..5), 1u32..9), 1..12),
            moves in prop::collection::vec(0usize..8, 0..30),
            at_most in 1usize..5,
        ) {
            let rows: Vec<_> = rows.into_iter().map(|r| (r.0.into_iter().collect(), r.1)).collect();
            let service = service(&rows, at_most);
            let mut state = State::new(&service, &[false; 8]);
            for f in moves {
                let was = state.cost;
                if state.open[f] { state.close(f) } else { state.add(f) }
                prop_assert_eq!(state.cost, service.evaluate(&state.open).0);
                // A move and its return gain the reverse.
                prop_assert_eq!(state.gain[f], state.cost - was);
                for g in 0..8 {
                    let mut open = state.open.clone();
                    open[g] = !open[g];
                    prop_assert_eq!(state.gain[g], state.cost - service.evaluate(&open).0);
                }
            }
        }

        #[test]
        fn exchanges_count_right(
            rows in prop::collection::vec((prop::collection::btree_set(0u32..8, 1..5), 1u32..9), 1..12),
            moves in prop::collection::vec((0usize..8, 0usize..8), 0..30),
        ) {
            let rows: Vec<_> = rows.into_iter().map(|r| (r.0.into_iter().collect(), r.1)).collect();
            let service = service(&rows, 8);
            let mut state = Cover::new(&service, &[false; 8]);
            let mut open = [false; 8];
            for (a, b) in moves {
                if !open[a] && open[b] {
                    let was = state.cost;
                    let change = state.change(a, b);
                    state.add(a);
                    state.close(b);
                    (open[a], open[b]) = (true, false);
                    prop_assert_eq!(state.cost - was, change);
                } else if !open[a] {
                    state.add(a);
                    open[a] = true;
                }
                prop_assert_eq!(state.cost, service.evaluate(&open).0);
                let bare = (0..service.clients())
                    .filter(|&i| !service.by_client.row_indices(i).iter().any(|&f| open[f as usize]));
                prop_assert_eq!(state.bare.len(), bare.clone().count());
                bare.for_each(|i| assert_eq!(state.bare[state.at[i] as usize], i as u32));
            }
        }

        #[test]
        fn exchanges_keep_to_the_limit_and_cost_what_they_say(
            rows in prop::collection::vec((prop::collection::btree_set(0u32..8, 1..5), 1u32..9), 1..12),
            at_most in 1usize..5,
        ) {
            let rows: Vec<_> = rows.into_iter().map(|r| (r.0.into_iter().collect(), r.1)).collect();
            let service = service(&rows, at_most);
            prop_assert!(counts_only(&service));
            let mut start = [false; 8];
            start[0] = true;
            let mut meter = Meter::new(u64::MAX, Stop::NEVER);
            if let Some((cost, set)) = exchange(&service, &start, 1_000_000, &mut Draw::new(1), &mut meter) {
                prop_assert!(set.iter().filter(|o| **o).count() <= at_most);
                prop_assert_eq!(service.evaluate(&set).0, cost);
            }
        }

        #[test]
        fn what_is_found_keeps_to_the_limit_and_is_ever_better(
            rows in prop::collection::vec((prop::collection::btree_set(0u32..8, 1..5), 1u32..9), 1..12),
            at_most in 1usize..5,
        ) {
            let rows: Vec<_> = rows.into_iter().map(|r| (r.0.into_iter().collect(), r.1)).collect();
            let service = service(&rows, at_most);
            let sets = (0u32..1 << 8).filter(|set| set.count_ones() as usize <= at_most);
            let cost = |set: u32| service.evaluate(&(0..8).map(|f| set >> f & 1 == 1).collect::<Vec<_>>()).0;
            let best = sets.map(cost).fold(f64::INFINITY, f64::min);
            let mut start = [false; 8];
            start[0] = true;
            let mut least = service.evaluate(&start).0;
            let mut meter = Meter::new(u64::MAX, Stop::NEVER);
            search(&service, &start, 1_000_000, &mut Draw::new(1), &mut meter, |set| {
                assert!(set.iter().filter(|o| **o).count() <= at_most);
                let cost = service.evaluate(set).0;
                assert!(cost < least);
                least = cost;
                true
            });
            prop_assert!(least >= best);
        }
    }
}
