//! What the bound leaves open, divided facility by facility.

use std::collections::BinaryHeap;
use std::rc::Rc;

use super::super::core::Core;
use super::super::interchange::Openings;
use super::super::lagrange::{Multipliers, Steps, ascend};
use super::super::node::Node;
use super::super::{Lock, Service};
use super::{Search, Style, settled};
use crate::optimise::set_cover::greedy::greedy;
use crate::optimise::{Meter, relative_gap};

impl Search<'_, '_> {
    /// Branches on facilities, best bound first, in turns with the search around the best answer.
    pub(super) fn branch(&mut self, root: Multipliers, meter: &mut Meter<'_>) {
        let facilities = self.whole.facilities();
        let root_u: Rc<[f32]> = root.u.iter().map(|&v| v as f32).collect();
        let locks: Box<[Lock]> = self.core.service.lock.clone().into();
        let mut heap = BinaryHeap::from([Node { bound: self.bound, depth: 0, locks, u: root_u }]);
        let (mut for_search, mut for_branch) = (0u64, 0u64);
        let pairs = self.core.service.by_client.pairs() as u64;
        // Bounds of nodes that the allowance left unsettled.
        while let Some(node) = heap.pop() {
            self.bound = self.bound.max(node.bound.min(self.best.cost));
            if self.enough(self.bound) {
                return;
            }
            if !meter.open() {
                return;
            }
            let before = meter.used();
            let core = Core::of(&self.core.service, &node.locks);
            meter.spend(2 * core.service.by_client.pairs() as u64 + node.u.len() as u64);
            let u = core
                .client
                .iter()
                .zip(&core.service.ceiling)
                .map(|(&c, most)| f64::from(node.u[c as usize]).clamp(0.0, *most))
                .collect();
            let mut small = core.service.clone();
            let (scale, grain, work, cost, style) =
                (self.scale, self.grain(), self.work, self.best.cost, self.style);
            let start = Multipliers::new(u, small.facilities());
            let steps = Steps {
                rounds: if node.depth == 0 { 400 } else { 60 },
                first: 0.5,
                last: 1e-2,
                patience: 6,
                shrink: 0.6,
                visit_every: u64::MAX,
            };
            let mut last_open: Vec<f64> = Vec::new();
            let result = ascend(
                &mut small,
                start,
                steps,
                meter,
                |_, open, _, _| {
                    last_open = open.to_vec();
                    cost
                },
                |c, b| style.enough(work, scale, c, b),
                grain,
            );
            let bound = node.bound.max(result.bound);
            let finished = meter.open();
            let mut state = if self.style == Style::Service {
                let set: Vec<bool> = result.share.iter().map(|&s| s > 0.5).collect();
                settled(&small, &set, meter)
            } else {
                Openings::new(&small, &greedy(&small, &result.u, meter))
            };
            if self.style == Style::Service && state.cost() < self.best.cost * 1.01 {
                state.descend(meter);
            }
            let whole = Core {
                service: Service::empty(),
                facility: core.facility.iter().map(|&f| self.core.facility[f as usize]).collect(),
                client: Vec::new(),
            };
            self.best.offer_core(&state, &whole, facilities);
            drop(state);
            if !finished {
                // Not settled: its bound holds the whole down.
                heap.push(Node { bound, ..node });
                if let Some(top) = heap.peek() {
                    self.bound = self.bound.max(top.bound.min(self.best.cost));
                }
                return;
            }
            if !(bound >= self.best.cost || self.enough(bound)) {
                // The facility on which the relaxed answers agree least.
                let split =
                    (0..small.facilities()).filter(|&f| small.lock[f] == Lock::Free).max_by(|&a, &b| {
                        let doubt = |f: usize| {
                            let s = result.share[f];
                            s.min(1.0 - s)
                        };
                        doubt(a).total_cmp(&doubt(b)).then(b.cmp(&a))
                    });
                if let Some(split) = split {
                    let mut lock: Vec<Lock> = vec![Lock::Shut; self.core.facility.len()];
                    for (f, &l) in core.facility.iter().zip(&small.lock) {
                        lock[*f as usize] = l;
                    }
                    let mut u: Vec<f32> = node.u.to_vec();
                    for (&c, &v) in core.client.iter().zip(&result.u) {
                        u[c as usize] = v as f32;
                    }
                    let u: Rc<[f32]> = u.into();
                    let at = core.facility[split] as usize;
                    for way in [Lock::Open, Lock::Shut] {
                        let mut lock = lock.clone();
                        lock[at] = way;
                        heap.push(Node { bound, depth: node.depth + 1, locks: lock.into(), u: u.clone() });
                    }
                } else {
                    // All is decided: what is left costs what it costs, unless the locks keep no limit.
                    self.leaf(&small, &whole);
                }
            }
            for_branch += meter.used() - before;
            // Where the bound is far off, branching hardly closes the gap: better answers are worth more.
            let far = relative_gap(self.best.cost, self.bound) > 0.015;
            let share = if far { 3 * for_branch } else { for_branch / 2 };
            if for_search < share && for_branch > 4 * pairs {
                let before = meter.used();
                self.search_around((share - for_search).max(200_000), meter);
                for_search += meter.used() - before;
            }
        }
        // Nothing is left that could be better.
        self.bound = self.best.cost;
    }

    /// Offers the only answer of a problem in which all is decided.
    pub(super) fn leaf(&mut self, service: &Service, whole: &Core) {
        let open: Vec<bool> = service.lock.iter().map(|&l| l == Lock::Open).collect();
        let state = Openings::new(service, &open);
        self.best.offer_core(&state, whole, self.whole.facilities());
    }
}
