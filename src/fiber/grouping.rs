//! Where splitters stand on a tree: groups of at most so many ends, each behind a splitter at or above them,
//! at least cost of splitters and fiber.

/// A tree as parents, the root first and every node after its parent.
#[derive(Clone, Debug, Default)]
pub(super) struct Stems {
    /// Parent of each node; the root is its own.
    pub parent: Vec<u32>,
    /// Length of the stem to the parent, metres.
    pub up_m: Vec<f64>,
}

impl Stems {
    /// Length from the root to each node, metres.
    pub fn depth_m(&self) -> Vec<f64> {
        let mut depth = vec![0.0; self.parent.len()];
        for v in 1..depth.len() {
            depth[v] = depth[self.parent[v] as usize] + self.up_m[v];
        }
        depth
    }
}

/// Ends behind one splitter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    /// Where the splitter stands.
    pub node: u32,
    /// The ends, by number.
    pub members: Vec<u32>,
}

/// What one merge at a node does: `ends` come up the child, and with those at hand `pooled` wait there,
/// of which some are served at once.
#[derive(Clone, Copy, Default)]
struct Choice {
    pooled: u32,
    ends: u32,
}

/// Puts every end (given by its node) behind a splitter of `capacity` outputs so that Σ (splitter price +
/// fiber from the root to it) + Σ fiber from splitters to ends is least, among all ways in which fiber only
/// runs away from the root.
///
/// Exact, by dynamic programming over the number of ends that leave a subtree unserved. That number stays
/// below the capacity: as many as fill a splitter are served where they meet, since one fiber instead of
/// many runs on from there.
pub(super) fn groups(
    stems: &Stems,
    ends: &[u32],
    capacity: u32,
    splitter_cny: f64,
    fiber_cny_m: f64,
) -> Vec<Group> {
    let nodes = stems.parent.len();
    let cap = capacity.max(1) as usize;
    let price: Vec<f64> = stems.depth_m().iter().map(|d| splitter_cny + fiber_cny_m * d).collect();
    let mut own: Vec<Vec<u32>> = vec![Vec::new(); nodes];
    for (i, &v) in ends.iter().enumerate() {
        own[v as usize].push(i as u32);
    }
    let mut children: Vec<Vec<u32>> = vec![Vec::new(); nodes];
    for v in 1..nodes {
        children[stems.parent[v] as usize].push(v as u32);
    }

    // Cost of a subtree by the ends that leave it, and the choices behind it, one list per merge.
    let mut cost: Vec<Vec<f64>> = vec![Vec::new(); nodes];
    let mut choices: Vec<Vec<Vec<Choice>>> = vec![Vec::new(); nodes];
    for v in (0..nodes).rev() {
        let mut at = vec![f64::INFINITY; own[v].len() % cap + 1];
        if let Some(last) = at.last_mut() {
            *last = (own[v].len() / cap) as f64 * price[v];
        }
        let mut steps = Vec::with_capacity(children[v].len() + 1);
        for child in std::iter::once(None).chain(children[v].iter().map(|&c| Some(c as usize))) {
            let (from, up_cny) = match child {
                Some(c) => (std::mem::take(&mut cost[c]), fiber_cny_m * stems.up_m[c]),
                None => (vec![0.0], 0.0),
            };
            let mut pooled = vec![(f64::INFINITY, 0u32); at.len() + from.len() - 1];
            for (a, &x) in at.iter().enumerate() {
                for (b, &y) in from.iter().enumerate() {
                    let sum = x + y + up_cny * b as f64;
                    if sum < pooled[a + b].0 {
                        pooled[a + b] = (sum, b as u32);
                    }
                }
            }
            let left = pooled.len().min(cap);
            let mut next = vec![f64::INFINITY; left];
            let mut chosen = vec![Choice::default(); left];
            for leave in 0..left {
                for (n, &(sum, b)) in pooled.iter().enumerate().skip(leave) {
                    let total = sum + (n - leave).div_ceil(cap) as f64 * price[v];
                    if total < next[leave] {
                        next[leave] = total;
                        chosen[leave] = Choice { pooled: n as u32, ends: b };
                    }
                }
            }
            steps.push(chosen);
            at = next;
        }
        cost[v] = at;
        choices[v] = steps;
    }

    // From the root down: how many leave each node, and how many each merge serves.
    let mut leave = vec![0usize; nodes];
    let mut served: Vec<Vec<u32>> = vec![Vec::new(); nodes];
    for v in 0..nodes {
        let mut left = leave[v];
        let mut here = vec![0; choices[v].len()];
        for (k, step) in choices[v].iter().enumerate().rev() {
            let c = step.get(left).copied().unwrap_or_default();
            here[k] = c.pooled.saturating_sub(left as u32);
            if k > 0 {
                leave[children[v][k - 1] as usize] = c.ends as usize;
            }
            left = c.pooled.saturating_sub(c.ends) as usize;
        }
        served[v] = here;
    }
    // And up again: who they are.
    let mut out: Vec<Group> = Vec::new();
    let mut waiting: Vec<Vec<u32>> = own;
    for v in (0..nodes).rev() {
        let node = v as u32;
        let mut pool = std::mem::take(&mut waiting[v]);
        let mut serve = |pool: &mut Vec<u32>, count: usize| {
            let batch: Vec<u32> = pool.drain(..count.min(pool.len())).collect();
            let splitters = batch.len().div_ceil(cap);
            for k in 0..splitters {
                let part = batch[k * batch.len() / splitters..(k + 1) * batch.len() / splitters].to_vec();
                out.push(Group { node, members: part });
            }
        };
        let full = pool.len() / cap * cap;
        serve(&mut pool, full);
        for (k, &count) in served[v].iter().enumerate() {
            if k > 0 {
                pool.append(&mut waiting[children[v][k - 1] as usize]);
            }
            serve(&mut pool, count as usize);
        }
        waiting[v] = pool;
    }
    out.reverse();
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn above(stems: &Stems, mut v: u32, top: u32) -> bool {
        while v != top && v != 0 {
            v = stems.parent[v as usize];
        }
        v == top
    }

    fn price(stems: &Stems, ends: &[u32], list: &[Group], splitter: f64, fiber: f64) -> f64 {
        let depth = stems.depth_m();
        let one = |g: &Group| {
            let at = depth[g.node as usize];
            let drops: f64 = g.members.iter().map(|&m| depth[ends[m as usize] as usize] - at).sum();
            splitter + fiber * (at + drops)
        };
        list.iter().map(one).sum()
    }

    /// The least cost by trying all partitions, each part at every node above all of its ends.
    fn least(stems: &Stems, ends: &[u32], cap: usize, splitter: f64, fiber: f64) -> f64 {
        fn parts(left: &[u32], cap: usize, made: &mut Vec<Vec<u32>>, each: &mut dyn FnMut(&[Vec<u32>])) {
            let Some((&first, rest)) = left.split_first() else { return each(made) };
            for i in 0..made.len() {
                if made[i].len() < cap {
                    made[i].push(first);
                    parts(rest, cap, made, each);
                    made[i].pop();
                }
            }
            made.push(vec![first]);
            parts(rest, cap, made, each);
            made.pop();
        }
        let all: Vec<u32> = (0..ends.len() as u32).collect();
        let mut best = f64::INFINITY;
        parts(&all, cap, &mut Vec::new(), &mut |made| {
            let total: f64 = made
                .iter()
                .map(|members| {
                    (0..stems.parent.len() as u32)
                        .filter(|&v| members.iter().all(|&m| above(stems, ends[m as usize], v)))
                        .map(|node| {
                            let one = [Group { node, members: members.clone() }];
                            price(stems, ends, &one, splitter, fiber)
                        })
                        .fold(f64::INFINITY, f64::min)
                })
                .sum();
            best = best.min(total);
        });
        best
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn no_placing_is_cheaper(
            tree in prop::collection::vec((0u32..6, 0u8..9), 1..6),
            at in prop::collection::vec(0u32..6, 1..7),
            cap in 1u32..5,
            splitter in 0u8..30,
        ) {
            let mut stems = Stems { parent: vec![0], up_m: vec![0.0] };
            for (i, &(p, m)) in tree.iter().enumerate() {
                stems.parent.push(p.min(i as u32));
                stems.up_m.push(f64::from(m));
            }
            let ends: Vec<u32> = at.iter().map(|&v| v.min(tree.len() as u32)).collect();
            let splitter = f64::from(splitter);
            let found = groups(&stems, &ends, cap, splitter, 1.0);
            let mut seen: Vec<u32> = found.iter().flat_map(|g| g.members.clone()).collect();
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..ends.len() as u32).collect::<Vec<_>>());
            for g in &found {
                prop_assert!(!g.members.is_empty() && g.members.len() <= cap as usize);
                prop_assert!(g.members.iter().all(|&m| above(&stems, ends[m as usize], g.node)));
            }
            let cost = price(&stems, &ends, &found, splitter, 1.0);
            let best = least(&stems, &ends, cap as usize, splitter, 1.0);
            prop_assert!((cost - best).abs() < 1e-9, "{cost} {best}");
        }
    }
}
