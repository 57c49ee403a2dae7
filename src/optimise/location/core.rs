//! A location problem cut down to what is still undecided.

use rustc_hash::FxHashMap;

use super::{Lock, Service, SparseRows};

/// A smaller problem and where its facilities and clients came from.
#[derive(Clone, Debug)]
pub(in crate::optimise) struct Core {
    pub(in crate::optimise) service: Service,
    /// Facility in the core → in the whole.
    pub(in crate::optimise) facility: Vec<u32>,
    /// Client in the core → in the whole.
    pub(in crate::optimise) client: Vec<u32>,
}

impl Core {
    /// What is left of a problem under `lock`: facilities that are shut are gone, rows end at the first
    /// facility that is open for certain, and clients that it serves best are paid for in the base.
    pub(in crate::optimise) fn of(service: &Service, lock: &[Lock]) -> Self {
        let facility: Vec<u32> =
            (0..service.facilities() as u32).filter(|&f| lock[f as usize] != Lock::Shut).collect();
        let mut number = vec![u32::MAX; service.facilities()];
        for (new, &old) in facility.iter().enumerate() {
            number[old as usize] = new as u32;
        }
        let mut rows = SparseRows { first: vec![0], ..SparseRows::default() };
        let (mut client, mut fallback, mut ceiling) = (Vec::new(), Vec::new(), Vec::new());
        let mut base = service.base;
        for i in 0..service.clients() {
            let start = rows.index.len();
            let mut most = service.ceiling[i];
            // Whether a facility that is open for certain serves the client as well as any.
            let mut served = false;
            for (f, c) in service.by_client.row(i) {
                if lock[f as usize] == Lock::Shut {
                    continue;
                }
                rows.index.push(number[f as usize]);
                rows.value.push(c);
                if lock[f as usize] == Lock::Open {
                    served = c <= rows.value[start];
                    most = most.min(c);
                    break;
                }
            }
            if served || rows.index.len() == start {
                base += if served { most.min(rows.value[start]) } else { service.fallback[i] };
                rows.index.truncate(start);
                rows.value.truncate(start);
                continue;
            }
            rows.first.push(rows.index.len());
            client.push(i as u32);
            fallback.push(service.fallback[i]);
            ceiling.push(most);
        }
        let pick = |of: &[f64]| facility.iter().map(|&f| of[f as usize]).collect::<Vec<f64>>();
        let mut small = Service::from_sorted(
            rows,
            fallback,
            ceiling,
            pick(&service.opening),
            pick(&service.price),
            facility.iter().map(|&f| lock[f as usize]).collect(),
            service.limit,
        );
        small.base = base;
        Self { service: small, facility, client }
    }

    /// The same with clients that the same facilities serve for nothing made one, which pays for all of
    /// them; there is no map of clients.
    pub(in crate::optimise) fn merged(service: &Service, lock: &[Lock]) -> Self {
        let mut core = Self::of(service, lock);
        core.client.clear();
        if !core.service.plain {
            return core;
        }
        let of = &core.service;
        let mut known: FxHashMap<&[u32], u32> = FxHashMap::default();
        let mut rows = SparseRows { first: vec![0], ..SparseRows::default() };
        let (mut fallback, mut ceiling) = (Vec::new(), Vec::new());
        for i in 0..of.clients() {
            let k = *known.entry(of.by_client.row_indices(i)).or_insert(fallback.len() as u32) as usize;
            if k == fallback.len() {
                rows.push_row(of.by_client.row(i));
                fallback.push(0.0);
                ceiling.push(0.0);
            }
            fallback[k] += of.fallback[i];
            ceiling[k] += of.ceiling[i];
        }
        let mut small = Service::from_sorted(
            rows,
            fallback,
            ceiling,
            of.opening.clone(),
            of.price.clone(),
            of.lock.clone(),
            of.limit,
        );
        small.base = of.base;
        core.service = small;
        core
    }

    /// The same, of a core: maps lead to the whole again.
    pub(in crate::optimise) fn again(&self) -> Self {
        Self::of(&self.service, &self.service.lock).within(self)
    }

    /// The same where this is a core of another one's problem: maps lead to where those of `outer` do.
    pub(in crate::optimise) fn within(mut self, outer: &Self) -> Self {
        self.facility.iter_mut().for_each(|f| *f = outer.facility[*f as usize]);
        self.client.iter_mut().for_each(|c| *c = outer.client[*c as usize]);
        self
    }

    /// The maps, without the problem.
    pub(in crate::optimise) fn clone_maps(&self) -> Self {
        Self { service: Service::empty(), facility: self.facility.clone(), client: self.client.clone() }
    }

    /// A set of the whole problem's facilities, as far as the core has them.
    pub(in crate::optimise) fn narrow(&self, open: &[bool]) -> Vec<bool> {
        self.facility.iter().map(|&f| open[f as usize]).collect()
    }

    /// A set of the core's facilities in the whole problem.
    pub(in crate::optimise) fn widen(&self, open: &[bool], facilities: usize) -> Vec<bool> {
        let mut out = vec![false; facilities];
        for (&f, &o) in self.facility.iter().zip(open) {
            out[f as usize] = o;
        }
        out
    }
}
