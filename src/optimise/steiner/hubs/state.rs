//! Answers under construction: what is open and joined, and the tree.

use super::{Goal, Hubs, ends};
use crate::graph::{Dijkstra, EdgeId, Graph, NodeId, Until};
use crate::optimise::Meter;
use crate::optimise::location::Lock;
use crate::optimise::steiner::construct::{Grower, tidy};
use crate::optimise::steiner::exchange::improve;
use crate::optimise::steiner::instance::Instance;
use crate::optimise::steiner::prizes::Branches;
use rustc_hash::{FxHashMap, FxHashSet};

/// Ways that win at least this share of the best one's gain per cost are taken along with it.
const ALONG: f64 = 0.85;

/// Parts beyond the first that are looked at before what could go is weighed anew.
const ALONG_TRIES: usize = 32;

/// A problem as the search sees it. Elements are hubs, then customers.
pub(super) struct Field<'g> {
    pub(super) graph: &'g Graph,
    pub(super) root: NodeId,
    /// Number of hubs: elements from here on are customers.
    pub(super) hubs: usize,
    pub(super) node: Vec<Option<NodeId>>,
    pub(super) price: Vec<f64>,
    pub(super) locked: Vec<bool>,
    /// Whether an element can be chosen and is worth anything.
    pub(super) usable: Vec<bool>,
    /// Prize of each customer.
    pub(super) prize: Vec<f64>,
    /// Per hub its items and gains.
    pub(super) of_hub: Vec<Vec<(u32, f64)>>,
    /// Per item its usable hubs and gains, the greatest first.
    pub(super) of_item: Vec<Vec<(u32, f64)>>,
    /// Usable elements, node by node, and where those of each node begin.
    at: Vec<u32>,
    at_from: Vec<u32>,
    /// Usable elements that need no way.
    free: Vec<u32>,
    /// The most that can be gained.
    pub(super) total: f64,
}

impl<'g> Field<'g> {
    pub(super) fn new(p: &Hubs<'g>, goal: Goal, reached: impl Fn(NodeId) -> bool) -> Self {
        let every = goal == Goal::Everything;
        let hubs = p.hubs.len();
        let worth = |gain: f64| if every { 1.0 } else { gain };
        let mut of_hub: Vec<Vec<(u32, f64)>> = Vec::with_capacity(hubs);
        for h in 0..hubs {
            let mut row: Vec<(u32, f64)> = p.gains.row(h).filter(|g| g.1 > 0.0).collect();
            row.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
            row.dedup_by_key(|g| g.0);
            row.iter_mut().for_each(|g| g.1 = worth(g.1));
            of_hub.push(row);
        }
        let node: Vec<Option<NodeId>> =
            p.hubs.iter().map(|h| h.node).chain(p.customers.iter().map(|c| Some(c.node))).collect();
        let price = p.hubs.iter().map(|h| h.price).chain(p.customers.iter().map(|c| c.own)).collect();
        let near = |n: Option<NodeId>| n.is_none_or(&reached);
        let locked: Vec<bool> = p
            .hubs
            .iter()
            .map(|h| h.lock == Lock::Open && near(h.node))
            .chain(p.customers.iter().map(|c| (c.must || every) && reached(c.node)))
            .collect();
        let prize: Vec<f64> = p.customers.iter().map(|c| worth(c.prize)).collect();
        let usable: Vec<bool> = (0..node.len())
            .map(|e| {
                let wanted = if e < hubs {
                    p.hubs[e].lock != Lock::Shut && !of_hub[e].is_empty()
                } else {
                    prize[e - hubs] > 0.0
                };
                near(node[e]) && (wanted || locked[e])
            })
            .collect();
        let mut of_item: Vec<Vec<(u32, f64)>> = vec![Vec::new(); p.items];
        for h in (0..hubs).filter(|&h| usable[h]) {
            for &(item, gain) in &of_hub[h] {
                of_item[item as usize].push((h as u32, gain));
            }
        }
        for row in &mut of_item {
            row.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        }
        let of_use = |e: &u32| usable[*e as usize];
        let (mut at, free): (Vec<u32>, Vec<u32>) =
            (0..node.len() as u32).filter(of_use).partition(|&e| node[e as usize].is_some());
        at.sort_by_key(|&e| node[e as usize]);
        let mut at_from = vec![0; p.graph.node_count() + 1];
        for v in at.iter().filter_map(|&e| node[e as usize]) {
            at_from[v.index() + 1] += 1;
        }
        for v in 1..at_from.len() {
            at_from[v] += at_from[v - 1];
        }
        let items: f64 = of_item.iter().filter_map(|row| row.first()).map(|g| g.1).sum();
        let won: f64 = (hubs..node.len()).filter(|&e| usable[e]).map(|e| prize[e - hubs]).sum();
        Self {
            graph: p.graph,
            root: p.root,
            hubs,
            node,
            price,
            locked,
            usable,
            prize,
            of_hub,
            of_item,
            at,
            at_from,
            free,
            total: items + won,
        }
    }

    /// Usable elements at a node.
    fn at(&self, v: NodeId) -> &[u32] {
        &self.at[self.at_from[v.index()] as usize..self.at_from[v.index() + 1] as usize]
    }

    /// Pairs of hubs and items, nodes and edges.
    pub(super) fn size(&self) -> u64 {
        let pairs: usize = self.of_hub.iter().map(Vec::len).sum();
        (pairs + self.graph.node_count() + self.graph.edge_count()) as u64
    }
}

/// What is chosen so far.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub(super) active: Vec<bool>,
    pub(super) edges: Vec<EdgeId>,
}

/// When to stop adding or taking away.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rule {
    /// Cost may not exceed this.
    Within(f64),
    /// A unit of gain pays for so much cost.
    Worth(f64),
    /// All that can be gained is, at any cost.
    Everything,
}

/// The maker of answers, with room that it uses again.
pub(super) struct Maker<'f, 'g> {
    f: &'f Field<'g>,
    search: Dijkstra<'g>,
    grower: Grower<'g>,
    instance: Instance,
    won: Vec<f64>,
    paid: Vec<f64>,
    /// Whether the tree holds a node; all false between calls.
    inside: Vec<bool>,
    /// Where in a list of elements those stand that a node adds to the ways through it.
    bundle: Vec<(u32, u32)>,
    /// Ways are rated by what they gain alone, not by gain per cost: greed passes a dear large gain by.
    pub(super) by_gain: bool,
    /// What a unit of gain cost when the last tenth of a purse was begun.
    pub(super) late_price: f64,
}

impl<'f, 'g> Maker<'f, 'g> {
    pub(super) fn new(f: &'f Field<'g>) -> Self {
        let n = f.graph.node_count();
        Self {
            f,
            search: Dijkstra::new(f.graph),
            grower: Grower::new(f.graph),
            instance: Instance::new(f.graph, &[]),
            won: vec![0.0; n],
            paid: vec![0.0; n],
            inside: vec![false; n],
            bundle: vec![(0, 0); n],
            by_gain: false,
            late_price: 0.0,
        }
    }

    /// Only what is locked.
    pub(super) fn locked(&self) -> State {
        State { active: self.f.locked.clone(), edges: Vec::new() }
    }

    pub(super) fn cost(&self, s: &State) -> f64 {
        let own: f64 = (0..s.active.len()).filter(|&e| s.active[e]).map(|e| self.f.price[e]).sum();
        own + self.f.graph.total_weight(&s.edges)
    }

    /// The gain of each item.
    fn items(&self, s: &State) -> Vec<f64> {
        self.f
            .of_item
            .iter()
            .map(|row| row.iter().find(|g| s.active[g.0 as usize]).map_or(0.0, |g| g.1))
            .collect()
    }

    pub(super) fn gain(&self, s: &State) -> f64 {
        let f = self.f;
        let won = (f.hubs..s.active.len()).filter(|&e| s.active[e]).map(|e| f.prize[e - f.hubs]);
        self.items(s).iter().sum::<f64>() + won.sum::<f64>()
    }

    /// What an element that isn't chosen adds.
    fn adds(&self, e: usize, items: &[f64]) -> f64 {
        let f = self.f;
        match f.of_hub.get(e) {
            Some(row) => row.iter().map(|&(i, g)| (g - items[i as usize]).max(0.0)).sum(),
            None => f.prize[e - f.hubs],
        }
    }

    /// What is lost when a chosen element goes and all others stay.
    fn loses(&self, e: usize, s: &State) -> f64 {
        let f = self.f;
        let Some(row) = f.of_hub.get(e) else { return f.prize[e - f.hubs] };
        let mut lost = 0.0;
        for &(item, gain) in row {
            let mut others = f.of_item[item as usize].iter().filter(|g| s.active[g.0 as usize]);
            match others.next() {
                Some(first) if first.0 as usize == e => lost += gain - others.next().map_or(0.0, |g| g.1),
                _ => {}
            }
        }
        lost
    }

    /// Adds what gains most per cost, ways and all, until the rule says stop. `taste` changes what elements
    /// seem to be worth.
    pub(super) fn fill(&mut self, s: &mut State, rule: Rule, taste: &[f64], meter: &mut Meter<'_>) {
        let mut inside: Vec<NodeId> = ends(self.f.graph, &s.edges).into_iter().collect();
        inside.push(self.f.root);
        inside.sort_unstable();
        inside.iter().for_each(|v| self.inside[v.index()] = true);
        self.fill_from(&mut inside, s, rule, taste, meter);
        inside.iter().for_each(|v| self.inside[v.index()] = false);
    }

    /// [`Maker::fill`] where the tree holds the nodes `inside`; those that come are added.
    fn fill_from(
        &mut self,
        inside: &mut Vec<NodeId>,
        s: &mut State,
        rule: Rule,
        taste: &[f64],
        meter: &mut Meter<'_>,
    ) {
        let f = self.f;
        let mut items = self.items(s);
        let mut cost = self.cost(s);
        let liking = |e: usize| taste.get(e).copied().unwrap_or(1.0);
        let by_gain = self.by_gain;
        let rated = |gain: f64, cost: f64| if by_gain { gain } else { gain / cost.max(1e-300) };
        // Elements that nodes add to the ways through them, one list for all; and the ways.
        let (mut bundled, mut ways): (Vec<u32>, Vec<(f64, Option<NodeId>, u32)>) = Default::default();
        let (mut here, mut reached): (Vec<(f64, f64, u32)>, Vec<NodeId>) = Default::default();
        let mut known = 0;
        while meter.open() {
            let left = match rule {
                Rule::Within(budget) => budget - cost,
                _ => f64::INFINITY,
            };
            if left <= 0.0 {
                return;
            }
            if known == 0 {
                self.search.run(inside.iter().map(|&v| (v, 0.0)), Until::Within(left));
            } else {
                self.search.extend(inside[known..].iter().copied(), left);
            }
            known = inside.len();
            let length = |v: &NodeId| self.search.distance(*v).unwrap_or(0.0);
            reached.clear();
            reached.extend(self.search.reached().filter(|v| length(v) <= left));
            reached.sort_by(|a, b| length(a).total_cmp(&length(b)).then(a.cmp(b)));
            reached.dedup();
            // Counted as if the search had begun anew.
            meter.spend(3 * reached.len() as u64 + f.size() / 8);
            ways.clear();
            bundled.clear();
            for v in &reached {
                (self.won[v.index()], self.paid[v.index()]) = (0.0, 0.0);
                self.bundle[v.index()] = (0, 0);
            }
            // Along each way what has been won and paid for elements, and the elements of each node.
            for &v in &reached {
                let d = length(&v);
                let before = self.search.predecessor(v).map(|e| f.graph.opposite(e, v));
                let (mut won, mut paid) = match before {
                    Some(b) if !self.inside[v.index()] && !self.inside[b.index()] => {
                        (self.won[b.index()], self.paid[b.index()])
                    }
                    _ => (0.0, 0.0),
                };
                here.clear();
                for &e in f.at(v) {
                    if !s.active[e as usize] {
                        let a = self.adds(e as usize, &items) * liking(e as usize);
                        // What the purse can't reach by itself mustn't stand before what it can.
                        if a > 0.0 && d + f.price[e as usize] <= left {
                            here.push((a, f.price[e as usize], e));
                        }
                    }
                }
                here.sort_by(|a, b| (b.0 * a.1).total_cmp(&(a.0 * b.1)).then(a.2.cmp(&b.2)));
                let from = bundled.len();
                let mut hub = false;
                for &(a, price, e) in &here {
                    let is_hub = (e as usize) < f.hubs;
                    // Two hubs at one node do much the same: the second waits for the next round.
                    if (is_hub && hub) || (won > 0.0 && a * (paid + d) < won * price) {
                        continue;
                    }
                    hub |= is_hub;
                    won += a;
                    paid += price;
                    bundled.push(e);
                }
                (self.won[v.index()], self.paid[v.index()]) = (won, paid);
                if bundled.len() > from {
                    self.bundle[v.index()] = (from as u32, bundled.len() as u32);
                    ways.push((rated(won, paid + d), Some(v), 0));
                }
            }
            for &e in f.free.iter().filter(|e| !s.active[**e as usize]) {
                let a = self.adds(e as usize, &items) * liking(e as usize);
                if a > 0.0 {
                    ways.push((rated(a, f.price[e as usize]), None, e));
                }
            }
            ways.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
            let bundle = |v: NodeId| {
                let (from, to) = self.bundle[v.index()];
                &bundled[from as usize..to as usize]
            };
            let mut first: Option<f64> = None;
            for &(rate, to, e) in &ways {
                if first.is_some_and(|most| rate < ALONG * most) {
                    break;
                }
                let mut edges = Vec::new();
                let mut chosen: Vec<u32> = Vec::new();
                match to {
                    None => chosen.push(e),
                    Some(to) => {
                        let mut at = to;
                        chosen.extend(bundle(at));
                        while !self.inside[at.index()] {
                            let Some(edge) = self.search.predecessor(at) else { break };
                            edges.push(edge);
                            at = f.graph.opposite(edge, at);
                            if !self.inside[at.index()] {
                                chosen.extend(bundle(at));
                            }
                        }
                    }
                }
                chosen.retain(|&e| !s.active[e as usize]);
                let way = f.graph.total_weight(&edges);
                let (mut after, mut adds, mut price);
                // What lies on the way is taken along if the purse allows.
                loop {
                    (after, adds, price) = (items.clone(), 0.0, way);
                    for &e in &chosen {
                        let e = e as usize;
                        adds += self.adds(e, &after) * liking(e);
                        price += f.price[e];
                        for &(i, g) in f.of_hub.get(e).map_or(&[][..], Vec::as_slice) {
                            after[i as usize] = after[i as usize].max(g);
                        }
                    }
                    meter.spend(edges.len() as u64 + items.len() as u64 / 4);
                    match rule {
                        Rule::Within(budget) if cost + price > budget && chosen.len() > 1 => chosen.pop(),
                        _ => break,
                    };
                }
                let now = rated(adds, price);
                if adds <= 0.0 || (first.is_some() && now < ALONG * first.unwrap_or(rate)) {
                    continue;
                }
                let fits = match rule {
                    Rule::Within(budget) => cost + price <= budget,
                    Rule::Worth(factor) => adds * factor > price,
                    Rule::Everything => true,
                };
                if !fits {
                    continue;
                }
                first.get_or_insert(rate);
                items = after;
                cost += price;
                if taste.is_empty() && matches!(rule, Rule::Within(budget) if cost <= 0.9 * budget) {
                    self.late_price = price / adds;
                }
                for e in chosen {
                    s.active[e as usize] = true;
                }
                for v in edges.iter().flat_map(|&e| f.graph.ends(e)) {
                    if !std::mem::replace(&mut self.inside[v.index()], true) {
                        inside.push(v);
                    }
                }
                s.edges.extend(edges);
            }
            if first.is_none() {
                return;
            }
        }
    }

    /// Takes away, branch by branch or one by one, what isn't worth its cost under the rule.
    pub(super) fn shrink(&mut self, s: &mut State, rule: Rule, meter: &mut Meter<'_>) {
        let f = self.f;
        let mut refused: FxHashSet<(Option<NodeId>, u32)> = FxHashSet::default();
        while meter.open() {
            self.prune(s);
            let cost = self.cost(s);
            if matches!(rule, Rule::Within(budget) if cost <= budget) {
                return;
            }
            meter.spend(f.size() / 4 + 4 * s.edges.len() as u64);
            let order = Branches::of(f.graph, f.root, &s.edges).order;
            let mut lost: FxHashMap<NodeId, f64> = FxHashMap::default();
            let mut saved: FxHashMap<NodeId, f64> = FxHashMap::default();
            // What could go: a branch by its upper node, or an element by itself.
            let mut parts: Vec<(f64, f64, Option<NodeId>, u32)> = Vec::new();
            for e in (0..s.active.len()).filter(|&e| s.active[e]) {
                let l = if f.locked[e] { f64::INFINITY } else { self.loses(e, s) };
                if let Some(v) = f.node[e] {
                    *lost.entry(v).or_default() += l;
                    *saved.entry(v).or_default() += f.price[e];
                }
                if l.is_finite() {
                    parts.push((l, f.price[e], None, e as u32));
                }
            }
            for &(v, up) in order.iter().rev() {
                let Some(edge) = up else { continue };
                let above = f.graph.opposite(edge, v);
                let l = lost.get(&v).copied().unwrap_or(0.0);
                let c = saved.get(&v).copied().unwrap_or(0.0) + f.graph.weight(edge);
                *lost.entry(above).or_default() += l;
                *saved.entry(above).or_default() += c;
                if l.is_finite() {
                    parts.push((l, c, Some(v), 0));
                }
            }
            let good = |p: &(f64, f64, Option<NodeId>, u32)| match rule {
                Rule::Within(_) => true,
                Rule::Worth(factor) => p.0 * factor < p.1,
                Rule::Everything => p.0 <= 0.0 && p.1 > 0.0,
            };
            parts.retain(|p| good(p) && !refused.contains(&(p.2, p.3)));
            match rule {
                // Least lost per cost saved; of equals the larger saving.
                Rule::Within(_) => parts.sort_by(|a, b| {
                    (a.0 * b.1)
                        .total_cmp(&(b.0 * a.1))
                        .then(b.1.total_cmp(&a.1))
                        .then(a.2.cmp(&b.2))
                        .then(a.3.cmp(&b.3))
                }),
                Rule::Worth(factor) => parts.sort_by(|a, b| {
                    (b.1 - b.0 * factor)
                        .total_cmp(&(a.1 - a.0 * factor))
                        .then(a.2.cmp(&b.2))
                        .then(a.3.cmp(&b.3))
                }),
                Rule::Everything => {
                    parts.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.2.cmp(&b.2)).then(a.3.cmp(&b.3)));
                }
            }
            let mut gain = self.gain(s);
            let mut cost = cost;
            let mut first: Option<(f64, f64)> = None;
            let mut tries = 0;
            for part in parts {
                // Parts that go at nearly the price of the first go along with it.
                let along = |l: f64, c: f64| match (rule, first) {
                    (Rule::Within(_), Some((l1, c1))) => ALONG * l * c1 <= l1 * c,
                    _ => true,
                };
                if first.is_some() && (tries == ALONG_TRIES || !along(part.0, part.1)) {
                    break;
                }
                tries += usize::from(first.is_some());
                let mut next = s.clone();
                match part.2 {
                    None if !s.active[part.3 as usize] => continue,
                    None => next.active[part.3 as usize] = false,
                    Some(v) => {
                        let below = self.below(&order, v);
                        next.edges.retain(|&e| !f.graph.ends(e).iter().any(|u| below.contains(u)));
                        for e in 0..next.active.len() {
                            next.active[e] &= !f.node[e].is_some_and(|u| below.contains(&u));
                        }
                    }
                }
                meter.spend(order.len() as u64 + s.active.len() as u64);
                let (after, saved) = (self.gain(&next), cost - self.cost(&next));
                let lost = gain - after;
                // Hubs that stand in for each other lose more together than one by one.
                if lost > part.0 + 1e-9 * gain.abs() && !good(&(lost, saved, None, 0)) {
                    refused.insert((part.2, part.3));
                    continue;
                }
                if first.is_some() {
                    if saved <= 0.0 || !good(&(lost, saved, None, 0)) || !along(lost, saved) {
                        continue;
                    }
                    // Counted as if it had been found in a round of its own.
                    meter.spend(f.size() / 4 + 4 * s.edges.len() as u64);
                }
                first.get_or_insert((lost.max(0.0), saved));
                *s = next;
                (gain, cost) = (after, cost - saved);
                if matches!(rule, Rule::Within(budget) if cost <= budget) {
                    break;
                }
            }
            if first.is_none() {
                return;
            }
            refused.clear();
        }
    }

    /// The nodes of a branch, its upper one first.
    fn below(&self, order: &[(NodeId, Option<EdgeId>)], top: NodeId) -> FxHashSet<NodeId> {
        let mut below = FxHashSet::default();
        below.insert(top);
        let start = order.iter().position(|o| o.0 == top).unwrap_or(order.len());
        for &(v, up) in &order[start..] {
            if up.is_some_and(|e| below.contains(&self.f.graph.opposite(e, v))) && v != top {
                below.insert(v);
            }
        }
        below
    }

    /// Nodes that the tree must reach.
    fn wanted(&self, s: &State) -> (Vec<bool>, usize) {
        let f = self.f;
        let mut wanted = vec![false; f.graph.node_count()];
        wanted[f.root.index()] = true;
        for v in (0..s.active.len()).filter(|&e| s.active[e]).filter_map(|e| f.node[e]) {
            wanted[v.index()] = true;
        }
        let count = wanted.iter().filter(|w| **w).count();
        (wanted, count)
    }

    /// Cuts off branches without elements.
    fn prune(&mut self, s: &mut State) {
        let (wanted, _) = self.wanted(s);
        s.edges =
            crate::optimise::steiner::construct::prune(self.f.graph, &wanted, std::mem::take(&mut s.edges));
    }

    /// Makes the tree of what is chosen cheaper.
    pub(super) fn settle(&mut self, s: &mut State, meter: &mut Meter<'_>) {
        let (wanted, _) = self.wanted(s);
        let tree = tidy(self.f.graph, &wanted, std::mem::take(&mut s.edges));
        self.instance.terminals = self.f.graph.nodes().filter(|v| wanted[v.index()]).collect();
        self.instance.is_terminal = wanted;
        s.edges = if tree.is_empty() { tree } else { improve(&self.instance, tree, 1e-6, meter) };
    }

    /// A fresh tree for what is chosen; false if the meter ran out.
    pub(super) fn regrow(
        &mut self,
        s: &mut State,
        length: impl Fn(EdgeId) -> f64,
        meter: &mut Meter<'_>,
    ) -> bool {
        let (wanted, count) = self.wanted(s);
        match self.grower.grow(self.f.root, &wanted, count, |e, _| length(e), meter) {
            Some(edges) => {
                s.edges = edges;
                true
            }
            None => false,
        }
    }

    /// Takes out the elements nearest to a node that are chosen, `many` of them, with branches that serve
    /// nobody then.
    pub(super) fn destroy(&mut self, s: &mut State, center: NodeId, many: usize, meter: &mut Meter<'_>) {
        let f = self.f;
        self.search.run([(center, 0.0)], Until::Everywhere);
        meter.spend(3 * self.search.settled() as u64);
        let mut near: Vec<(f64, usize)> = (0..s.active.len())
            .filter(|&e| s.active[e] && !f.locked[e])
            .filter_map(|e| Some((self.search.distance(f.node[e]?)?, e)))
            .collect();
        near.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        for &(_, e) in near.iter().take(many) {
            s.active[e] = false;
        }
        self.prune(s);
    }
}
