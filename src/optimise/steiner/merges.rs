//! The heaviest link on ways through a spanning tree that grows from the lightest link on.

/// A spanning forest as its merges: each group hangs below the one that it was joined to.
pub(super) struct Merges {
    /// What an item hangs below, and the weight that joined them.
    up: Vec<(u32, f64)>,
    size: Vec<u32>,
}

impl Merges {
    /// Items that nothing joins yet.
    pub(super) fn new(items: usize) -> Self {
        Self { up: (0..items as u32).map(|v| (v, f64::INFINITY)).collect(), size: vec![1; items] }
    }

    fn top(&self, mut v: u32) -> u32 {
        while self.up[v as usize].0 != v {
            v = self.up[v as usize].0;
        }
        v
    }

    /// Joins two items by a link that is no lighter than the links before it, unless they are joined.
    pub(super) fn join(&mut self, a: u32, b: u32, weight: f64) {
        let (a, b) = (self.top(a), self.top(b));
        if a != b {
            let (low, high) = if self.size[a as usize] < self.size[b as usize] { (a, b) } else { (b, a) };
            self.up[low as usize] = (high, weight);
            self.size[high as usize] += self.size[low as usize];
        }
    }

    /// The heaviest link on the way between two items; infinite if there is none. At most a step up per doubling.
    pub(super) fn heaviest(&self, a: u32, b: u32) -> f64 {
        let (mut a, mut b, mut heaviest) = (a, b, 0.0f64);
        while a != b {
            // Merges get heavier towards the top, so the lighter one is the one to climb.
            let low = if self.up[a as usize].1 <= self.up[b as usize].1 { &mut a } else { &mut b };
            let (next, link) = self.up[*low as usize];
            if link == f64::INFINITY {
                return link;
            }
            heaviest = heaviest.max(link);
            *low = next;
        }
        heaviest
    }
}
