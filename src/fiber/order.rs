//! The order of building: most value per yuan first, where what lies further out needs what lies before it.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// One step of building: what hangs from `parent` (an earlier index), its cost and its value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Job {
    /// Job that must be done before; `None` hangs from what is there.
    pub parent: Option<u32>,
    /// Cost, not negative.
    pub cost: f64,
    /// Value, not negative.
    pub value: f64,
}

/// Jobs to be done one after the other, without anything between them.
#[derive(Clone, Debug)]
struct Block {
    cost: f64,
    value: f64,
    first: u32,
    jobs: Vec<u32>,
}

impl Block {
    /// By value over cost, without dividing by a cost of zero.
    fn denser(&self, other: &Self) -> Ordering {
        (self.value * other.cost).total_cmp(&(other.value * self.cost))
    }
}

impl PartialEq for Block {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Block {}

impl PartialOrd for Block {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Block {
    fn cmp(&self, other: &Self) -> Ordering {
        let free = |b: &Self| b.cost <= 0.0;
        free(self)
            .cmp(&free(other))
            .then_with(|| if free(self) { Ordering::Equal } else { self.denser(other) })
            .then(other.first.cmp(&self.first))
    }
}

/// Puts jobs that hang from each other as a forest into an order in which Σ value × (cost up to and with the
/// job) is least: the best that any order can do (Horn 1972, "Single-machine job sequencing with treelike
/// precedence ordering"). Parents must come before their children in `jobs`.
///
/// Returns the blocks in order; each is done as a whole before the next.
pub(super) fn by_value(jobs: &[Job]) -> Vec<Vec<u32>> {
    let mut below: Vec<BinaryHeap<Block>> = (0..jobs.len()).map(|_| BinaryHeap::new()).collect();
    let mut top: BinaryHeap<Block> = BinaryHeap::new();
    for (i, job) in jobs.iter().enumerate().rev() {
        let mut heap = std::mem::take(&mut below[i]);
        let mut block = Block { cost: job.cost, value: job.value, first: i as u32, jobs: vec![i as u32] };
        // What hangs below and is denser is better done at once.
        while heap.peek().is_some_and(|b| b.cmp(&block) == Ordering::Greater) {
            if let Some(b) = heap.pop() {
                block.cost += b.cost;
                block.value += b.value;
                block.jobs.extend(b.jobs);
            }
        }
        let onto = match job.parent {
            Some(p) if (p as usize) < i => &mut below[p as usize],
            _ => &mut top,
        };
        if onto.len() < heap.len() {
            std::mem::swap(onto, &mut heap);
        }
        onto.append(&mut heap);
        onto.push(block);
    }
    let mut out = Vec::new();
    while let Some(b) = top.pop() {
        out.push(b.jobs);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Σ value × finishing cost.
    fn delay(jobs: &[Job], order: &[u32]) -> f64 {
        let mut spent = 0.0;
        let mut sum = 0.0;
        for &i in order {
            spent += jobs[i as usize].cost;
            sum += jobs[i as usize].value * spent;
        }
        sum
    }

    fn least(jobs: &[Job], done: &mut Vec<u32>) -> f64 {
        if done.len() == jobs.len() {
            return delay(jobs, done);
        }
        let mut best = f64::INFINITY;
        for i in 0..jobs.len() as u32 {
            let ready = jobs[i as usize].parent.is_none_or(|p| done.contains(&p));
            if ready && !done.contains(&i) {
                done.push(i);
                best = best.min(least(jobs, done));
                done.pop();
            }
        }
        best
    }

    proptest! {
        #[test]
        fn no_order_is_better(list in prop::collection::vec((0usize..7, 0u8..5, 0u8..5), 1..7)) {
            let jobs: Vec<Job> = list
                .iter()
                .enumerate()
                .map(|(i, &(p, cost, value))| Job {
                    parent: (p < i).then_some(p as u32),
                    cost: f64::from(cost),
                    value: f64::from(value),
                })
                .collect();
            let order = by_value(&jobs).concat();
            prop_assert_eq!(order.len(), jobs.len());
            for (k, &i) in order.iter().enumerate() {
                prop_assert!(jobs[i as usize].parent.is_none_or(|p| order[..k].contains(&p)));
            }
            prop_assert!(delay(&jobs, &order) <= least(&jobs, &mut Vec::new()) + 1e-9);
        }
    }
}
