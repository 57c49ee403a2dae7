//! A forest under change that knows the heaviest item on any path (Sleator & Tarjan 1983, on splay trees).

const NONE: u32 = u32::MAX;

/// Items with keys, linked into trees. Edges of a tree are items too, linked between their two ends.
#[derive(Debug)]
pub(super) struct LinkCut {
    parent: Vec<u32>,
    child: Vec<[u32; 2]>,
    flipped: Vec<bool>,
    key: Vec<f64>,
    /// The item with the largest key in the splay subtree.
    heaviest: Vec<u32>,
}

impl LinkCut {
    pub(super) fn new(keys: Vec<f64>) -> Self {
        let n = keys.len();
        Self {
            parent: vec![NONE; n],
            child: vec![[NONE; 2]; n],
            flipped: vec![false; n],
            key: keys,
            heaviest: (0..n as u32).collect(),
        }
    }

    pub(super) fn set_key(&mut self, x: u32, key: f64) {
        self.splay(x);
        self.key[x as usize] = key;
        self.pull(x);
    }

    fn side(&self, x: u32) -> Option<usize> {
        let p = self.parent[x as usize];
        if p == NONE {
            return None;
        }
        let [l, r] = self.child[p as usize];
        if l == x {
            Some(0)
        } else if r == x {
            Some(1)
        } else {
            None
        }
    }

    fn pull(&mut self, x: u32) {
        let mut best = x;
        for c in self.child[x as usize] {
            if c != NONE {
                let h = self.heaviest[c as usize];
                if self.key[h as usize] > self.key[best as usize] {
                    best = h;
                }
            }
        }
        self.heaviest[x as usize] = best;
    }

    fn push(&mut self, x: u32) {
        if std::mem::take(&mut self.flipped[x as usize]) {
            self.child[x as usize].swap(0, 1);
            for c in self.child[x as usize] {
                if c != NONE {
                    self.flipped[c as usize] ^= true;
                }
            }
        }
    }

    fn rotate(&mut self, x: u32) {
        let p = self.parent[x as usize];
        let Some(s) = self.side(x) else { return };
        let g = self.parent[p as usize];
        if let Some(t) = self.side(p) {
            self.child[g as usize][t] = x;
        }
        self.parent[x as usize] = g;
        let inner = self.child[x as usize][1 - s];
        self.child[p as usize][s] = inner;
        if inner != NONE {
            self.parent[inner as usize] = p;
        }
        self.child[x as usize][1 - s] = p;
        self.parent[p as usize] = x;
        self.pull(p);
        self.pull(x);
    }

    fn splay(&mut self, x: u32) {
        // Flips must come down from the top before anything turns.
        let mut path = vec![x];
        let mut y = x;
        while self.side(y).is_some() {
            y = self.parent[y as usize];
            path.push(y);
        }
        for &y in path.iter().rev() {
            self.push(y);
        }
        while let Some(s) = self.side(x) {
            let p = self.parent[x as usize];
            if let Some(t) = self.side(p) {
                self.rotate(if s == t { p } else { x });
            }
            self.rotate(x);
        }
    }

    fn expose(&mut self, x: u32) {
        let mut below = NONE;
        let mut y = x;
        while y != NONE {
            self.splay(y);
            self.child[y as usize][1] = below;
            self.pull(y);
            below = y;
            y = self.parent[y as usize];
        }
        self.splay(x);
    }

    fn make_root(&mut self, x: u32) {
        self.expose(x);
        self.flipped[x as usize] ^= true;
    }

    /// Joins the trees of `x` and `y`, which must differ.
    pub(super) fn link(&mut self, x: u32, y: u32) {
        self.make_root(x);
        self.parent[x as usize] = y;
    }

    /// Takes apart the adjacent items `x` and `y`.
    pub(super) fn cut(&mut self, x: u32, y: u32) {
        self.make_root(x);
        self.expose(y);
        self.push(y);
        let left = self.child[y as usize][0];
        debug_assert_eq!(left, x);
        if left != NONE {
            self.child[y as usize][0] = NONE;
            self.parent[left as usize] = NONE;
        }
        self.pull(y);
    }

    /// Whether two items are in one tree.
    pub(super) fn connected(&mut self, x: u32, y: u32) -> bool {
        self.make_root(x);
        self.expose(y);
        x == y || self.parent[x as usize] != NONE
    }

    /// The item with the largest key on the path between two items of one tree, and that key.
    pub(super) fn heaviest_between(&mut self, x: u32, y: u32) -> (u32, f64) {
        self.make_root(x);
        self.expose(y);
        let h = self.heaviest[y as usize];
        (h, self.key[h as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn paths_know_their_heaviest_item(
            keys in prop::collection::vec(0u32..1000, 12),
            moves in prop::collection::vec((0usize..12, 0usize..12), 1..60),
        ) {
            let n = keys.len();
            let mut lct = LinkCut::new(keys.iter().map(|&k| f64::from(k)).collect());
            let mut adjacent = vec![vec![false; n]; n];
            for (a, b) in moves {
                // A plain search for the path is the reference.
                let mut came = vec![usize::MAX; n];
                came[a] = a;
                let mut open = vec![a];
                while let Some(v) = open.pop() {
                    for u in 0..n {
                        if adjacent[v][u] && came[u] == usize::MAX {
                            came[u] = v;
                            open.push(u);
                        }
                    }
                }
                prop_assert_eq!(lct.connected(a as u32, b as u32), came[b] != usize::MAX);
                if came[b] == usize::MAX {
                    lct.link(a as u32, b as u32);
                    (adjacent[a][b], adjacent[b][a]) = (true, true);
                    continue;
                }
                let mut heaviest = keys[b];
                let mut at = b;
                while at != a {
                    at = came[at];
                    heaviest = heaviest.max(keys[at]);
                }
                prop_assert_eq!(lct.heaviest_between(a as u32, b as u32).1, f64::from(heaviest));
                if a != b {
                    lct.cut(came[b] as u32, b as u32);
                    (adjacent[came[b]][b], adjacent[b][came[b]]) = (false, false);
                }
            }
        }
    }
}
