//! Local search for location: open, close, and exchange, with the effect of every move kept up to date.
//!
//! For each client the best and second-best open facility are known; from these follow what closing a
//! facility would lose and what opening one would save, and for a pair the correction where both touch
//! the same client (Resende & Werneck, A fast swap-based local search procedure for location problems,
//! Annals of OR 150, 2007; here on sparse rows).

use super::{Lock, Service};
use crate::optimise::{Draw, Meter};

const NOBODY: u32 = u32::MAX;

/// A set of open facilities and the effect of every move from it.
#[derive(Clone, Debug)]
pub(in crate::optimise) struct Openings<'s> {
    service: &'s Service,
    open: Vec<bool>,
    list: Vec<u32>,
    served: Vec<Served>,
    /// What closing would add to the clients' costs.
    loss: Vec<f64>,
    cost: f64,
    spent: f64,
    /// Place of each open facility in the list.
    place: Vec<u32>,
    /// Scratch for one candidate: corrections by open facility, and which ones were touched.
    extra: Vec<f64>,
    touched: Vec<u32>,
    /// The open facility that is missed least, while nothing has changed.
    least: Option<u32>,
    /// What opening each facility would save, net; current for those not waiting.
    net: Vec<f64>,
    /// Facilities whose surroundings changed.
    waiting: Vec<u32>,
    waits: Vec<bool>,
    /// What to take back, last first.
    journal: Vec<Step>,
    noting: bool,
}

/// How a client is served; all in one place, as every weighing of a move reads it.
#[derive(Clone, Copy, Debug)]
struct Served {
    /// Position in the client's row of its best open facility.
    first: u32,
    /// Position of the second best.
    second: u32,
    /// The best open facility.
    who: u32,
    /// What the client pays.
    pays: f64,
    /// What it would pay without its server.
    pays_else: f64,
}

impl Served {
    fn at(service: &Service, client: usize, first: u32, second: u32) -> Self {
        let (who, pays) = service.at(client, first);
        let pays_else = service.at(client, second).1;
        Self { first, second, who: who.unwrap_or(NOBODY), pays, pays_else }
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Opened(u32),
    Closed(u32),
    Net(u32, f64),
}

/// Smaller changes than this, relative to the cost, are noise.
const NOISE: f64 = 1e-12;

impl<'s> Openings<'s> {
    /// Starts from a set of open facilities; locked ones are opened or shut as they must be.
    pub(in crate::optimise) fn new(service: &'s Service, open: &[bool]) -> Self {
        let facilities = service.facilities();
        let open: Vec<bool> = (0..facilities)
            .map(|f| match service.lock[f] {
                Lock::Free => open[f],
                Lock::Open => true,
                Lock::Shut => false,
            })
            .collect();
        let mut out = Self {
            service,
            list: (0..facilities as u32).filter(|&f| open[f as usize]).collect(),
            served: Vec::with_capacity(service.clients()),
            loss: vec![0.0; facilities],
            cost: 0.0,
            spent: 0.0,
            place: vec![NOBODY; facilities],
            extra: vec![0.0; facilities],
            touched: Vec::new(),
            least: None,
            net: vec![f64::NEG_INFINITY; facilities],
            waiting: Vec::new(),
            waits: vec![false; facilities],
            journal: Vec::new(),
            noting: false,
            open,
        };
        for (at, &f) in out.list.iter().enumerate() {
            out.place[f as usize] = at as u32;
        }
        out.cost = service.base + out.list.iter().map(|&f| service.opening[f as usize]).sum::<f64>();
        out.spent = out.list.iter().map(|&f| service.price[f as usize]).sum();
        for client in 0..service.clients() {
            let first = out.next_open(client, 0);
            let second = if first == NOBODY { NOBODY } else { out.next_open(client, first + 1) };
            let served = Served::at(service, client, first, second);
            out.cost += served.pays;
            if served.who != NOBODY {
                out.loss[served.who as usize] += served.pays_else - served.pays;
            }
            out.served.push(served);
        }
        out
    }

    pub(in crate::optimise) fn open(&self) -> &[bool] {
        &self.open
    }

    pub(in crate::optimise) fn cost(&self) -> f64 {
        self.cost
    }

    pub(in crate::optimise) fn count(&self) -> usize {
        self.list.len()
    }

    /// What a client pays now.
    pub(in crate::optimise) fn pays(&self, client: usize) -> f64 {
        self.served[client].pays
    }

    /// What a client would pay without its server.
    pub(in crate::optimise) fn pays_else(&self, client: usize) -> f64 {
        self.served[client].pays_else
    }

    /// Whether count and budget hold.
    pub(in crate::optimise) fn fits(&self) -> bool {
        self.list.len() >= self.service.limit.at_least && self.within_upper_limits()
    }

    /// Whether not too much is open.
    pub(in crate::optimise) fn within_upper_limits(&self) -> bool {
        self.list.len() <= self.service.limit.at_most && self.within_budget(self.spent)
    }

    /// Closes what is missed least until not too much is open.
    pub(in crate::optimise) fn trim(&mut self) {
        while !self.within_upper_limits() {
            let priced = !self.within_budget(self.spent);
            let missed = |f: usize| {
                let net = self.loss[f] - self.service.opening[f];
                if priced { net / self.service.price[f].max(1e-9) } else { net }
            };
            let least = self
                .list
                .iter()
                .map(|&f| f as usize)
                .filter(|&f| self.service.lock[f] == Lock::Free)
                .min_by(|&a, &b| missed(a).total_cmp(&missed(b)).then(a.cmp(&b)));
            match least {
                Some(f) => self.close(f),
                None => return,
            }
        }
    }

    fn within_budget(&self, spent: f64) -> bool {
        spent <= self.service.limit.budget * (1.0 + 1e-12)
    }

    fn next_open(&self, client: usize, from: u32) -> u32 {
        let rows = &self.service.by_client;
        let start = rows.first[client];
        rows.index[start + from as usize..rows.first[client + 1]]
            .iter()
            .position(|&f| self.open[f as usize])
            .map_or(NOBODY, |p| p as u32 + from)
    }

    pub(in crate::optimise) fn add(&mut self, facility: usize) {
        let service = self.service;
        debug_assert!(!self.open[facility]);
        self.open[facility] = true;
        self.place[facility] = self.list.len() as u32;
        self.list.push(facility as u32);
        self.least = None;
        if self.noting {
            self.journal.push(Step::Opened(facility as u32));
        }
        self.cost += service.opening[facility];
        self.spent += service.price[facility];
        self.loss[facility] = 0.0;
        for &(client, position, c) in service.reach(facility) {
            let client = client as usize;
            let Served { first, second, who, pays, pays_else } = self.served[client];
            if position < first {
                if who != NOBODY {
                    self.loss[who as usize] -= pays_else - pays;
                }
                self.cost += c - pays;
                self.loss[facility] += pays - c;
                self.served[client] =
                    Served { first: position, second: first, who: facility as u32, pays: c, pays_else: pays };
                self.stir(client, second);
            } else if position < second {
                if who != NOBODY {
                    self.loss[who as usize] += c - pays_else;
                }
                (self.served[client].second, self.served[client].pays_else) = (position, c);
                self.stir(client, second);
            }
        }
    }

    /// Lets the facilities up to a position of a client's row wait for a new look.
    fn stir(&mut self, client: usize, up_to: u32) {
        if !self.noting {
            return;
        }
        let rows = &self.service.by_client;
        let row = &rows.index[rows.first[client]..rows.first[client + 1]];
        for &f in &row[..row.len().min(up_to as usize)] {
            if !std::mem::replace(&mut self.waits[f as usize], true) {
                self.waiting.push(f);
            }
        }
    }

    pub(in crate::optimise) fn close(&mut self, facility: usize) {
        let service = self.service;
        debug_assert!(self.open[facility]);
        self.open[facility] = false;
        let at = self.place[facility] as usize;
        self.list.swap_remove(at);
        if let Some(&moved) = self.list.get(at) {
            self.place[moved as usize] = at as u32;
        }
        self.least = None;
        self.net[facility] = f64::NEG_INFINITY;
        if self.noting {
            self.journal.push(Step::Closed(facility as u32));
        }
        self.cost -= service.opening[facility];
        self.spent -= service.price[facility];
        for &(client, position, c) in service.reach(facility) {
            let client = client as usize;
            let Served { first, second, who, pays_else, .. } = self.served[client];
            if position != first && position != second {
                continue;
            }
            let third = if second == NOBODY { NOBODY } else { self.next_open(client, second + 1) };
            if position == first {
                let next = Served::at(service, client, second, third);
                self.cost += pays_else - c;
                if next.who != NOBODY {
                    self.loss[next.who as usize] += next.pays_else - next.pays;
                }
                self.served[client] = next;
            } else {
                let then = service.at(client, third).1;
                (self.served[client].second, self.served[client].pays_else) = (third, then);
                if who != NOBODY {
                    self.loss[who as usize] += then - pays_else;
                }
            }
            self.stir(client, third);
        }
        self.loss[facility] = 0.0;
    }

    /// What opening would save the clients.
    pub(in crate::optimise) fn saving(&self, facility: usize) -> f64 {
        let mut saving = 0.0;
        for &(client, position, c) in self.service.reach(facility) {
            let served = &self.served[client as usize];
            if position < served.first {
                saving += served.pays - c;
            }
        }
        saving
    }

    /// Opens facilities while that pays or is demanded, by saving per price (or plain saving), lazily:
    /// savings only ever fall, so an old value that is beaten needs no refresh.
    pub(in crate::optimise) fn fill(&mut self, per_price: bool, meter: &mut Meter<'_>) {
        #[derive(PartialEq)]
        struct Offer(f64, u32);
        impl Eq for Offer {}
        impl PartialOrd for Offer {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }
        impl Ord for Offer {
            fn cmp(&self, other: &Self) -> std::cmp::Ordering {
                self.0.total_cmp(&other.0).then(other.1.cmp(&self.1))
            }
        }
        let service = self.service;
        let worth = |net: f64, f: usize| {
            if per_price && net > 0.0 { net / service.price[f].max(1e-9) } else { net }
        };
        let limit = service.limit;
        let mut queue: std::collections::BinaryHeap<Offer> = (0..service.facilities())
            .filter(|&f| !self.open[f] && service.lock[f] == Lock::Free)
            .map(|f| Offer(worth(self.saving(f) - service.opening[f], f), f as u32))
            .collect();
        meter.spend(service.reach.len() as u64);
        while let Some(Offer(_, f)) = queue.pop() {
            let f = f as usize;
            if self.list.len() >= limit.at_most {
                return;
            }
            if !self.within_budget(self.spent + service.price[f]) {
                continue;
            }
            let net = self.saving(f) - service.opening[f];
            meter.spend(service.reach(f).len() as u64);
            let fresh = Offer(worth(net, f), f as u32);
            if queue.peek().is_some_and(|next| *next > fresh) {
                queue.push(fresh);
            } else if net > 0.0 || self.list.len() < limit.at_least {
                self.add(f);
            } else {
                return;
            }
        }
    }

    /// Moves to a local optimum: no single opening, closing or exchange makes it cheaper.
    pub(in crate::optimise) fn descend(&mut self, meter: &mut Meter<'_>) {
        let service = self.service;
        let n = service.facilities();
        let mut idle = 0usize;
        let mut f = 0usize;
        while idle < n && meter.open() {
            let noise = NOISE * self.cost.abs().max(1.0);
            let moved = if service.lock[f] != Lock::Free {
                false
            } else if self.open[f] {
                let may = self.list.len() > service.limit.at_least;
                let helps = may && self.loss[f] - service.opening[f] < -noise;
                if helps {
                    self.close(f);
                }
                helps
            } else {
                self.try_in(f, noise, meter)
            };
            idle = if moved { 0 } else { idle + 1 };
            f = if f + 1 == n { 0 } else { f + 1 };
        }
    }

    /// Opens `f`, alone or in exchange for the best open one, if that is cheaper.
    fn try_in(&mut self, f: usize, noise: f64, meter: &mut Meter<'_>) -> bool {
        let (change, out) = self.weigh_in(f, meter);
        if change >= -noise {
            return false;
        }
        self.exchange(f, out);
        true
    }

    /// Opens `f` and closes what goes for it.
    pub(in crate::optimise) fn exchange(&mut self, f: usize, out: Option<usize>) {
        if let Some(out) = out {
            self.close(out);
        }
        self.add(f);
    }

    /// What opening `f` changes, alone or with the best open one closed for it, and which that is.
    pub(in crate::optimise) fn weigh_in(&mut self, f: usize, meter: &mut Meter<'_>) -> (f64, Option<usize>) {
        let service = self.service;
        let mut net = -service.opening[f];
        for &(client, position, c) in service.reach(f) {
            let Served { first, second, who, pays, pays_else } = self.served[client as usize];
            if position >= second {
                continue;
            }
            if position < first {
                net += pays - c;
            }
            if who != NOBODY {
                if self.extra[who as usize] == 0.0 {
                    self.touched.push(who);
                }
                self.extra[who as usize] += pays_else - c.max(pays);
            }
        }
        meter.spend(2 * service.reach(f).len() as u64 + 8);
        if self.noting {
            self.journal.push(Step::Net(f as u32, self.net[f]));
        }
        self.net[f] = net;
        let spent = self.spent + service.price[f];
        let may_add = self.list.len() < service.limit.at_most && self.within_budget(spent);
        let mut best = (if may_add { -net } else { f64::INFINITY }, None);
        let weigh = |out: usize, best: &mut (f64, Option<usize>)| {
            if service.lock[out] == Lock::Free && self.within_budget(spent - service.price[out]) {
                let change = self.loss[out] - self.extra[out] - service.opening[out] - net;
                if change < best.0 {
                    *best = (change, Some(out));
                }
            }
        };
        if service.limit.budget.is_finite() {
            self.list.iter().for_each(|&out| weigh(out as usize, &mut best));
            meter.spend(self.list.len() as u64);
        } else {
            self.touched.iter().for_each(|&out| weigh(out as usize, &mut best));
            let least = self.least.or_else(|| self.missed_least());
            if let Some(out) = least {
                weigh(out as usize, &mut best);
            }
            self.least = least;
        }
        for out in self.touched.drain(..) {
            self.extra[out as usize] = 0.0;
        }
        best
    }

    /// A free facility that is shut and would serve a client better than its server, drawn at random.
    pub(in crate::optimise) fn better_for(&self, client: usize, draw: &mut Draw) -> Option<usize> {
        let row = self.service.by_client.row_indices(client);
        let nearer = row.len().min(self.served[client].first as usize);
        let f = *row.get(if nearer == 0 { return None } else { draw.below(nearer) })? as usize;
        (!self.open[f] && self.service.lock[f] == Lock::Free).then_some(f)
    }

    /// The open facility whose closing costs least.
    fn missed_least(&self) -> Option<u32> {
        let net = |f: u32| self.loss[f as usize] - self.service.opening[f as usize];
        self.list
            .iter()
            .copied()
            .filter(|&f| self.service.lock[f as usize] == Lock::Free)
            .min_by(|&a, &b| net(a).total_cmp(&net(b)).then(a.cmp(&b)))
    }

    /// From now on, changes can be taken back.
    pub(in crate::optimise) fn mark(&mut self) {
        self.journal.clear();
        self.noting = true;
    }

    /// Takes back every change since the mark.
    pub(in crate::optimise) fn take_back(&mut self) {
        let mut journal = std::mem::take(&mut self.journal);
        self.noting = false;
        for step in journal.drain(..).rev() {
            match step {
                Step::Opened(f) => self.close(f as usize),
                Step::Closed(f) => self.add(f as usize),
                Step::Net(f, net) => self.net[f as usize] = net,
            }
        }
        self.journal = journal;
        self.noting = true;
        for f in self.waiting.drain(..) {
            self.waits[f as usize] = false;
        }
    }

    /// Moves to an optimum among the moves near what changed since the mark, and the best pair of moves
    /// apart from each other.
    pub(in crate::optimise) fn descend_nearby(&mut self, meter: &mut Meter<'_>) {
        let service = self.service;
        let mut next = 0usize;
        loop {
            while next < self.waiting.len() && meter.open() {
                let f = self.waiting[next] as usize;
                next += 1;
                self.waits[f] = false;
                let noise = NOISE * self.cost.abs().max(1.0);
                if service.lock[f] != Lock::Free {
                } else if self.open[f] {
                    let may = self.list.len() > service.limit.at_least;
                    if may && self.loss[f] - service.opening[f] < -noise {
                        self.close(f);
                    }
                } else {
                    self.try_in(f, noise, meter);
                }
                if next > 4096 {
                    self.waiting.drain(..next);
                    next = 0;
                }
            }
            self.waiting.drain(..next.min(self.waiting.len()));
            next = 0;
            if !meter.open() {
                return;
            }
            meter.spend(service.facilities() as u64 / 2);
            let priced = service.limit.budget.is_finite();
            let worth =
                |f: usize| if priced { self.net[f] / service.price[f].max(1e-9) } else { self.net[f] };
            let best = (0..service.facilities())
                .filter(|&f| !self.open[f] && service.lock[f] == Lock::Free)
                .max_by(|&a, &b| worth(a).total_cmp(&worth(b)).then(b.cmp(&a)));
            let noise = NOISE * self.cost.abs().max(1.0);
            if !best.is_some_and(|f| self.try_in(f, noise, meter)) {
                return;
            }
        }
    }

    /// Brings the net savings of all closed facilities up to date.
    pub(in crate::optimise) fn look_around(&mut self, meter: &mut Meter<'_>) {
        for f in 0..self.service.facilities() {
            if !self.open[f] {
                self.net[f] = self.saving(f) - self.service.opening[f];
            }
        }
        meter.spend(self.service.reach.len() as u64);
    }

    /// Exchanges a few facilities at random, near one another most of the time, within the limits.
    pub(in crate::optimise) fn shake(&mut self, strength: usize, draw: &mut Draw) {
        let service = self.service;
        if self.list.is_empty() || service.clients() == 0 {
            return;
        }
        let rows = &service.by_client;
        let center = draw.below(service.clients());
        let row = &rows.index[rows.first[center]..rows.first[center + 1]];
        let mut seen = 0;
        let reach = row
            .iter()
            .position(|&f| {
                seen += usize::from(self.open[f as usize]);
                seen > strength
            })
            .unwrap_or(row.len());
        let nearby = draw.below(8) > 0;
        for turn in 0..strength {
            let out = if nearby && turn < 2 * strength {
                let open = row[..reach].iter().copied().filter(|&f| self.open[f as usize]);
                let open: smallvec::SmallVec<[u32; 16]> = open.take(16).collect();
                if open.is_empty() { None } else { Some(open[draw.below(open.len())]) }
            } else {
                None
            };
            if self.list.is_empty() {
                return;
            }
            let out = out.unwrap_or_else(|| self.list[draw.below(self.list.len())]) as usize;
            // A facility near the one that goes, or near the center.
            let next = if nearby && reach > 0 {
                row[draw.below(reach.max(2).min(row.len()))] as usize
            } else {
                let clients = service.reach(out);
                if clients.is_empty() {
                    draw.below(service.facilities())
                } else {
                    let client = clients[draw.below(clients.len())].0 as usize;
                    let near = rows.first[client + 1] - rows.first[client];
                    rows.index[rows.first[client] + draw.below(near.min(40))] as usize
                }
            };
            let fits = self.within_budget(self.spent - service.price[out] + service.price[next]);
            if fits && !self.open[next] && service.lock[next] == Lock::Free && service.lock[out] == Lock::Free
            {
                self.close(out);
                self.add(next);
            }
        }
    }
}
