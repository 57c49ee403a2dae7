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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimise::Draw;

    #[test]
    fn heaviest_links_are_those_of_the_ways() {
        let mut draw = Draw::new(1);
        let n = 40;
        let mut links: Vec<(usize, usize, f64)> =
            (1..n - 1).map(|v| (draw.below(v), v, draw.below(9) as f64)).collect();
        links.sort_by(|a, b| a.2.total_cmp(&b.2));
        let mut merges = Merges::new(n);
        links.iter().for_each(|&(a, b, w)| merges.join(a as u32, b as u32, w));
        // The heaviest link between all pairs, by taking in one link after the other.
        let mut far = vec![vec![f64::INFINITY; n]; n];
        (0..n).for_each(|v| far[v][v] = 0.0);
        for &(a, b, w) in &links {
            for u in 0..n {
                for v in 0..n {
                    far[u][v] =
                        far[u][v].min(far[u][a].max(w).max(far[b][v])).min(far[u][b].max(w).max(far[a][v]));
                }
            }
        }
        for (u, row) in far.iter().enumerate() {
            for (v, &heaviest) in row.iter().enumerate() {
                assert_eq!(merges.heaviest(u as u32, v as u32), heaviest, "{u} {v}");
            }
        }
    }
}
