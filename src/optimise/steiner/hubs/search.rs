//! The search for answers and for their bound.

use super::net::Net;
use super::state::{Field, Maker, Rule, State};
use super::{Frontier, Goal, HubError, HubTree, Hubs};
use crate::graph::NodeId;
use crate::optimise::{Certified, Draw, Ended, Meter, Stop, TOLERANCE, Work, relative_gap};
use rayon::prelude::*;
use std::rc::Rc;

/// Turns of the search for the price of the budget.
const TURNS: usize = 14;
/// The same where many budgets share their bounds.
const FEW_TURNS: usize = 2;

/// Changes tried side by side, each on the same answer.
const BESIDE: usize = 2;

/// The best answer so far.
struct Best {
    state: State,
    gain: f64,
    cost: f64,
}

/// What makes one answer better than another.
#[derive(Clone, Copy)]
struct Judge {
    goal: Goal,
    total: f64,
}

impl Judge {
    fn rule(self) -> Rule {
        match self.goal {
            Goal::Within(budget) => Rule::Within(budget),
            Goal::Everything => Rule::Everything,
        }
    }

    /// An answer that keeps the rule and is better than `best`; of equals the cheaper one.
    fn better(self, maker: &Maker<'_, '_>, state: &State, best: &Best) -> Option<Best> {
        let (gain, cost) = (maker.gain(state), maker.cost(state));
        let least = 1e-9 * self.total.max(1e-300);
        let cheaper = cost < best.cost * (1.0 - 1e-9);
        let fine = match self.goal {
            Goal::Within(budget) => {
                cost <= budget && (gain > best.gain + least || (gain >= best.gain - least && cheaper))
            }
            Goal::Everything => gain >= self.total - least && cheaper,
        };
        fine.then(|| Best { state: state.clone(), gain, cost })
    }

    /// The best that can be made of an answer under the rule, if it is better than `best`.
    fn finish(
        self,
        maker: &mut Maker<'_, '_>,
        mut s: State,
        best: &Best,
        meter: &mut Meter<'_>,
    ) -> Option<Best> {
        let mut found: Option<Best> = None;
        for _ in 0..3 {
            maker.settle(&mut s, meter);
            maker.shrink(&mut s, self.rule(), meter);
            maker.fill(&mut s, self.rule(), &[], meter);
            let Some(better) = self.better(maker, &s, found.as_ref().unwrap_or(best)) else { break };
            found = Some(better);
        }
        found
    }
}

/// Work of a part of the search for one budget among many, in times of the effort.
fn of_many(field: &Field<'_>) -> u64 {
    2_000_000 + 160 * field.size()
}

/// What a budget buys before changes are tried.
struct Step {
    best: Best,
    bound: f64,
    /// Price of the budget that bounds it best.
    factor: f64,
}

/// What the relaxation came to at the price of a budget.
struct Priced {
    budget: f64,
    factor: f64,
    /// No arborescence costs less.
    lower: f64,
    /// Answers that follow it.
    answers: Vec<State>,
}

/// Answers for many budgets: none where the locks cost more. Greed goes on from budget to budget; each has a
/// price of its own; one relaxation, priced anew from step to step, bounds all of them; what a neighbour found
/// is where the search of each begins.
pub(super) fn curve(
    problem: &Hubs<'_>,
    field: &Field<'_>,
    budgets: &[f64],
    known: Option<&HubTree>,
    work: &Work<'_>,
) -> Result<(Vec<Option<Certified<HubTree>>>, Frontier), HubError> {
    let known: Option<State> = known.map(|tree| tree.state(field));
    let greedy = Search::new(field, Goal::Within(0.0), work)?.greedy(budgets);
    let first = |i: usize| -> Result<Option<Step>, HubError> {
        let Some((state, late_price)) = &greedy[i] else { return Ok(None) };
        let mut search = Search::new(field, Goal::Within(budgets[i]), work)?;
        let mut meter = work.meter(of_many(field));
        search.offer(state);
        search.finish(state.clone(), &mut meter);
        search.rich(&mut meter);
        search.maker.late_price = *late_price;
        let factor = search.price(budgets[i], FEW_TURNS, 0, work, &mut meter).map(|priced| priced.1);
        let Search { best, bound, .. } = search;
        Ok(Some(Step { best, bound, factor: factor.unwrap_or(0.0) }))
    };
    let steps: Vec<Option<Step>> =
        (0..budgets.len()).into_par_iter().map(first).collect::<Result<_, HubError>>()?;
    let mut asked: Vec<Asked> = budgets
        .iter()
        .zip(&steps)
        .filter_map(|(&budget, step)| {
            let Step { best, factor, .. } = step.as_ref().filter(|s| s.factor > 0.0)?;
            Some(Asked { factor: *factor, budget, gain: best.gain })
        })
        .collect();
    asked.sort_by(|a, b| a.factor.total_cmp(&b.factor).then(a.budget.total_cmp(&b.budget)));
    // Halves side by side: each begins its relaxation anew, which costs less than waiting.
    let halves: Vec<Vec<Priced>> = asked
        .par_chunks(asked.len().div_ceil(2).max(1))
        .map(|asked| Ok(Search::new(field, Goal::Within(0.0), work)?.sweep(asked, work)))
        .collect::<Result<_, HubError>>()?;
    let priced: Vec<Priced> = halves.into_iter().flatten().collect();
    let frontier = Frontier { total: field.total, at: priced.iter().map(|p| (p.factor, p.lower)).collect() };
    let last = |i: usize| -> Result<Option<Certified<HubTree>>, HubError> {
        let Some(step) = &steps[i] else { return Ok(None) };
        let mut search = Search::new(field, Goal::Within(budgets[i]), work)?;
        search.bound = step.bound.min(frontier.bound(budgets[i]));
        search.offer(&step.best.state);
        let mut meter = work.meter(of_many(field));
        // A little of what costs too much can go; more of it is what neighbours are for.
        if let Some(s) = known.as_ref().filter(|s| search.maker.cost(s) <= 1.1 * budgets[i]) {
            search.finish(s.clone(), &mut meter);
        }
        // What the relaxation uses at prices like this, what less money buys and more on top, what more money
        // buys less what is missing.
        let own = priced.iter().filter(|p| p.budget == budgets[i]).flat_map(|p| &p.answers);
        let beside = [i.checked_sub(1), Some(i + 1)].into_iter().flatten();
        let beside = beside.filter_map(|j| Some(&steps.get(j)?.as_ref()?.best.state));
        for state in own.chain(beside) {
            if !search.done(work) {
                search.finish(state.clone(), &mut meter);
            }
        }
        while meter.open() && !search.done(work) && search.vary(12, &mut meter) {}
        search.answer(problem, &meter).map(Some)
    };
    let found = (0..budgets.len()).into_par_iter().map(last).collect::<Result<Vec<_>, HubError>>()?;
    Ok((found, frontier))
}

pub(super) fn run(
    problem: &Hubs<'_>,
    field: &Field<'_>,
    goal: Goal,
    start: Option<&HubTree>,
    work: &Work<'_>,
) -> Result<Certified<HubTree>, HubError> {
    let mut search = Search::new(field, goal, work)?;
    let mut meter = work.meter(4_000_000 + 200 * field.size());
    search.begin(start, &mut meter)?;
    match goal {
        Goal::Within(budget) => search.within(budget, work, &mut meter),
        Goal::Everything => search.everything(work, &mut meter),
    }
    search.answer(problem, &meter)
}

/// What a budget's price is asked for: the price, the budget, and what is known to be gained with it.
#[derive(Clone, Copy)]
struct Asked {
    factor: f64,
    budget: f64,
    gain: f64,
}

struct Search<'f, 'g> {
    f: &'f Field<'g>,
    net: Rc<Net<'f, 'g>>,
    goal: Goal,
    maker: Maker<'f, 'g>,
    /// Makers for changes that are tried side by side.
    beside: Vec<Maker<'f, 'g>>,
    best: Best,
    bound: f64,
    draw: Draw,
}

impl<'f, 'g> Search<'f, 'g> {
    fn new(field: &'f Field<'g>, goal: Goal, work: &Work<'_>) -> Result<Self, HubError> {
        Ok(Self {
            f: field,
            net: Rc::new(Net::new(field, goal != Goal::Everything)?),
            goal,
            maker: Maker::new(field),
            beside: Vec::new(),
            best: Best { state: State::default(), gain: 0.0, cost: f64::INFINITY },
            bound: match goal {
                Goal::Within(_) => field.total,
                Goal::Everything => 0.0,
            },
            draw: Draw::new(work.seed),
        })
    }

    /// The answer with its certificate.
    fn answer(&mut self, problem: &Hubs<'_>, meter: &Meter<'_>) -> Result<Certified<HubTree>, HubError> {
        if let Goal::Within(_) = self.goal {
            // The last of the money is spent whatever the allowance.
            let mut s = self.best.state.clone();
            self.maker.fill(&mut s, self.rule(), &[], &mut Meter::new(u64::MAX, Stop::NEVER));
            self.offer(&s);
        }
        let tree = HubTree::of(self.f, &self.best.state);
        let (objective, bound) = match self.goal {
            Goal::Within(_) => {
                let gain = problem.gain(&tree);
                (gain, self.bound.max(gain))
            }
            Goal::Everything => {
                let cost = problem.cost(&tree);
                (cost, self.bound.min(cost))
            }
        };
        let proven = relative_gap(objective, bound) <= TOLERANCE;
        debug_assert_eq!(problem.verify(&tree), Ok(()));
        Ok(Certified {
            value: tree,
            objective,
            bound: if proven { objective } else { bound },
            ended: match (proven, meter.stopped()) {
                (true, _) => Ended::Proven,
                (_, true) => Ended::Stopped,
                _ => Ended::Worked,
            },
        })
    }

    fn rule(&self) -> Rule {
        self.judge().rule()
    }

    fn objective(&self) -> f64 {
        match self.goal {
            Goal::Within(_) => self.best.gain,
            Goal::Everything => self.best.cost,
        }
    }

    fn done(&self, work: &Work<'_>) -> bool {
        work.close_enough(self.objective(), self.bound)
    }

    /// Keeps an answer that keeps the rule and is better; of equals the cheaper one.
    fn offer(&mut self, state: &State) -> bool {
        let better = self.judge().better(&self.maker, state, &self.best);
        self.keep(better)
    }

    /// Makes the best of an answer under the rule, and offers it.
    fn finish(&mut self, state: State, meter: &mut Meter<'_>) -> bool {
        let better = self.judge().finish(&mut self.maker, state, &self.best, meter);
        self.keep(better)
    }

    fn keep(&mut self, better: Option<Best>) -> bool {
        let fine = better.is_some();
        if let Some(better) = better {
            self.best = better;
        }
        fine
    }

    fn judge(&self) -> Judge {
        Judge { goal: self.goal, total: self.f.total }
    }

    /// The locks, and first answers; they come whatever the allowance.
    fn begin(&mut self, start: Option<&HubTree>, meter: &mut Meter<'_>) -> Result<(), HubError> {
        let f = self.f;
        let mut free = Meter::new(u64::MAX, Stop::NEVER);
        let mut bare = self.maker.locked();
        self.maker.regrow(&mut bare, |e| f.graph.weight(e), &mut free);
        self.maker.settle(&mut bare, meter);
        if let Goal::Within(budget) = self.goal {
            let cost = self.maker.cost(&bare);
            // Sums in another order may differ in the last place.
            if cost > budget * (1.0 + 1e-12) {
                return Err(HubError::LockedBeyondBudget { cost, budget });
            }
            self.best = Best { gain: self.maker.gain(&bare), cost, state: bare.clone() };
        }
        let mut first = bare.clone();
        self.maker.fill(&mut first, self.rule(), &[], &mut free);
        self.offer(&first);
        self.finish(first, meter);
        self.rich(meter);
        if let Some(start) = start {
            let mut s = bare;
            for &h in &start.hubs {
                if f.usable.get(h as usize) == Some(&true) {
                    s.active[h as usize] = true;
                }
            }
            for c in start.customers.iter().map(|&c| f.hubs + c as usize) {
                if f.usable.get(c) == Some(&true) {
                    s.active[c] = true;
                }
            }
            if self.maker.regrow(&mut s, |e| f.graph.weight(e), &mut free) {
                self.finish(s, meter);
            }
        }
        Ok(())
    }

    /// What greed for gain alone comes to within a budget, on small problems, where a dear large gain can be all.
    fn rich(&mut self, meter: &mut Meter<'_>) {
        if matches!(self.goal, Goal::Within(_)) && self.f.size() < 5_000 {
            let f = self.f;
            let mut rich = self.maker.locked();
            self.maker.regrow(&mut rich, |e| f.graph.weight(e), meter);
            self.maker.by_gain = true;
            self.maker.fill(&mut rich, self.rule(), &[], meter);
            self.maker.by_gain = false;
            self.finish(rich, meter);
        }
    }

    /// Greedy answers for budgets, each from that of the next smaller one on, with what the last gain of it cost;
    /// none where the locks cost more.
    fn greedy(&mut self, budgets: &[f64]) -> Vec<Option<(State, f64)>> {
        let f = self.f;
        let mut free = Meter::new(u64::MAX, Stop::NEVER);
        let mut s = self.maker.locked();
        self.maker.regrow(&mut s, |e| f.graph.weight(e), &mut free);
        self.maker.settle(&mut s, &mut free);
        let locked = self.maker.cost(&s);
        let mut order: Vec<usize> = (0..budgets.len()).collect();
        order.sort_by(|a, b| budgets[*a].total_cmp(&budgets[*b]).then(a.cmp(b)));
        let mut found = vec![None; budgets.len()];
        // Sums in another order may differ in the last place.
        for i in order.into_iter().filter(|&i| locked <= budgets[i] * (1.0 + 1e-12)) {
            self.maker.fill(&mut s, Rule::Within(budgets[i]), &[], &mut free);
            found[i] = Some((s.clone(), self.maker.late_price));
        }
        found
    }

    /// Prices the budget: a factor at which the best answers cross it.
    fn within(&mut self, budget: f64, work: &Work<'_>, meter: &mut Meter<'_>) {
        let f = self.f;
        if f.total <= 0.0 {
            self.bound = self.best.gain;
            return;
        }
        // Where the money reaches for all, all there is bounds it.
        if self.best.gain > 0.8 * f.total {
            let mut all = self.best.state.clone();
            self.maker.fill(&mut all, Rule::Everything, &[], meter);
            self.maker.settle(&mut all, meter);
            self.offer(&all);
            if self.done(work) {
                return;
            }
        }
        // More than half is left for the relaxation and for trying changes.
        let reserve = meter.left() * 6 / 10;
        let Some(mut tightest) = self.price(budget, TURNS, reserve, work, meter) else { return };
        self.relax(Some((budget, tightest.1)), &tightest.2, work, meter);
        let mut round = 0;
        while meter.open() && !self.done(work) && round < 100_000 {
            self.vary(12, meter);
            if round % 8 == 7 && round < 80 {
                let near = tightest.1 * (0.97 + 0.06 * self.draw.unit());
                if let Some((bound, found)) = self.priced(near, budget, 2, meter) {
                    if bound < tightest.0 {
                        tightest = (bound, near, found);
                    }
                }
            }
            round += 1;
        }
    }

    /// Looks for the price of the budget at which the best answers cross it; two turns come whatever is to be
    /// left of the work. The tightest bound, its price, and the best answer at that price.
    fn price(
        &mut self,
        budget: f64,
        turns: usize,
        reserve: u64,
        work: &Work<'_>,
        meter: &mut Meter<'_>,
    ) -> Option<(f64, f64, State)> {
        let f = self.f;
        if f.total <= 0.0 {
            return None;
        }
        // What the last gain of the greedy answer cost, but for what filled the rest of the purse.
        let mean = (self.best.cost.max(1e-9) / self.best.gain.max(1e-9 * f.total)).max(1e-12);
        let guess = self.maker.late_price.clamp(mean, 1e3 * mean);
        let (mut low, mut high) = (0.0, f64::INFINITY);
        let mut factor = guess;
        let mut tightest = (f64::INFINITY, guess, self.best.state.clone());
        for turn in 0..turns {
            if (meter.left() < reserve && turn > 1) || !meter.open() || self.done(work) || high < low * 1.003
            {
                break;
            }
            let Some((bound, found)) = self.priced(factor, budget, 1, meter) else { break };
            let over = self.maker.cost(&found) > budget;
            if bound < tightest.0 {
                tightest = (bound, factor, found);
            }
            if over {
                high = factor;
            } else {
                low = factor;
            }
            factor = match (low > 0.0, high.is_finite()) {
                (true, true) => (low * high).sqrt(),
                (true, false) => 3.0 * low,
                _ => high / 3.0,
            };
        }
        Some(tightest)
    }

    /// The relaxation over directed cuts, at prices of the budget where it spends what there is, or without a
    /// budget; with answers that follow it. Takes half of the work that is left.
    fn relax(&mut self, priced: Option<(f64, f64)>, good: &State, work: &Work<'_>, meter: &mut Meter<'_>) {
        let steps = meter.left() / 2;
        let mut part = meter.part(steps);
        let m = &mut part;
        let (budget, mut factor) = priced.unwrap_or((0.0, 0.0));
        let (mut low, mut high) = (factor / 1.3, factor * 1.3);
        let mut cost = self.net.costs(factor);
        let guide = self.net.guide(good);
        let net = Rc::clone(&self.net);
        if let Some((mut relaxation, first)) = net.relaxation(&cost, &guide, &mut self.draw, m) {
            self.prove(first, budget, factor);
            for turn in 0..if priced.is_some() { 9 } else { 1 } {
                if turn > 0 {
                    cost = net.costs(factor);
                    relaxation.reprice(cost.clone());
                }
                let (mut idle, mut before) = (0, f64::NEG_INFINITY);
                while idle < 3 && m.open() && !self.done(work) {
                    relaxation.solve(6, f64::INFINITY, m);
                    let Some(ascent) = relaxation.completed(&guide, m) else { break };
                    self.prove(ascent.bound, budget, factor);
                    let slow = ascent.bound <= before + 2e-4 * before.abs();
                    before = before.max(ascent.bound);
                    idle = if slow { idle + 1 } else { 0 };
                    if let Some(mut s) = net.follow(&cost, relaxation.usage(), m) {
                        if priced.is_none() {
                            self.maker.fill(&mut s, Rule::Everything, &[], m);
                        }
                        self.finish(s, m);
                    }
                    if relaxation.separate(m) == 0 {
                        idle += 1;
                    }
                    relaxation.forget();
                }
                if !m.open() || self.done(work) || high / low < 1.004 {
                    break;
                }
                if net.spent(relaxation.usage()) > budget {
                    high = factor;
                } else {
                    low = factor;
                }
                factor = (low * high).sqrt();
            }
        }
        meter.settle(steps, &part);
    }

    /// Notes a bound of the arborescence problem at a price of the budget.
    fn prove(&mut self, lower: f64, budget: f64, factor: f64) {
        match self.goal {
            Goal::Within(_) => {
                self.bound = self.bound.min(self.f.total - (lower - budget) / factor);
            }
            Goal::Everything => self.bound = self.bound.max(lower),
        }
    }

    /// Ascents at one price of the budget; the bound found there, and the best answer at that price.
    fn priced(
        &mut self,
        factor: f64,
        budget: f64,
        rounds: usize,
        meter: &mut Meter<'_>,
    ) -> Option<(f64, State)> {
        let f = self.f;
        let cost = self.net.costs(factor);
        let mut terminals = self.net.terminals.clone();
        let mut guided: Option<(f64, State)> = None;
        let mut bound = f64::INFINITY;
        for round in 0..rounds {
            let guide = guided.as_ref().map_or(Vec::new(), |g| self.net.guide(&g.1));
            let ascent = self.net.ascend(cost.clone(), &terminals, &guide, meter)?;
            bound = bound.min(f.total - (ascent.bound - budget) / factor);
            self.bound = self.bound.min(bound);
            if let Some(mut s) = self.net.along(&cost, &ascent, meter) {
                self.maker.shrink(&mut s, Rule::Worth(factor), meter);
                self.maker.settle(&mut s, meter);
                self.maker.fill(&mut s, Rule::Worth(factor), &[], meter);
                self.maker.settle(&mut s, meter);
                self.maker.shrink(&mut s, Rule::Worth(factor), meter);
                let value = self.maker.cost(&s) + factor * (f.total - self.maker.gain(&s));
                if guided.as_ref().is_none_or(|g| value < g.0) {
                    guided = Some((value, s.clone()));
                }
                self.finish(s, meter);
            }
            if round + 1 < rounds {
                self.shuffle(&mut terminals);
            }
        }
        Some((bound, guided?.1))
    }

    fn everything(&mut self, work: &Work<'_>, meter: &mut Meter<'_>) {
        let cost = self.net.costs(0.0);
        let mut terminals = self.net.terminals.clone();
        for round in 0..100_000 {
            if !meter.open() || self.done(work) {
                return;
            }
            if round < 12 || (round % 8 == 0 && round < 200) {
                let guide = if round == 0 { Vec::new() } else { self.net.guide(&self.best.state) };
                let Some(ascent) = self.net.ascend(cost.clone(), &terminals, &guide, meter) else { return };
                self.bound = self.bound.max(ascent.bound);
                if let Some(mut s) = self.net.along(&cost, &ascent, meter) {
                    self.maker.fill(&mut s, Rule::Everything, &[], meter);
                    self.finish(s, meter);
                }
                self.shuffle(&mut terminals);
            }
            if round == 4 {
                let good = self.best.state.clone();
                self.relax(None, &good, work, meter);
            }
            self.vary(12, meter);
        }
    }

    fn shuffle(&mut self, terminals: &mut [NodeId]) {
        for i in (1..terminals.len()).rev() {
            terminals.swap(i, self.draw.below(i + 1));
        }
    }

    /// Takes a part of the best answer away and builds it again with other preferences, some times over; false
    /// when there is no part to take or no work left.
    fn vary(&mut self, times: usize, meter: &mut Meter<'_>) -> bool {
        let (f, judge) = (self.f, self.judge());
        for _ in 0..times.div_ceil(BESIDE) {
            let chosen: Vec<usize> =
                (0..f.node.len()).filter(|&e| self.best.state.active[e] && !f.locked[e]).collect();
            // However small the problem, a try costs something.
            if chosen.is_empty() || !meter.spend(BESIDE as u64 * (4_000 + 2 * f.node.len() as u64)) {
                return false;
            }
            let steps = meter.left() / BESIDE as u64;
            let mut tries: Vec<(Draw, Meter<'_>, Option<Best>)> =
                (0..BESIDE).map(|_| (Draw::new(self.draw.next()), meter.part(steps), None)).collect();
            let best = &self.best;
            self.beside.resize_with(BESIDE, || Maker::new(f));
            self.beside.par_iter_mut().zip(&mut tries).for_each(|(maker, (draw, meter, found))| {
                let s = varied(f, maker, judge.rule(), &best.state, &chosen, draw, meter);
                *found = judge.finish(maker, s, best, meter);
            });
            for (_, part, found) in tries {
                meter.settle(steps, &part);
                if let Some(found) = found {
                    self.offer(&found.state);
                }
            }
        }
        true
    }

    /// Bounds of the arborescence problem at prices of budgets, one after the other, each with its price; a price
    /// is left as soon as what it proves of its budget is near enough to what is known to be gained.
    fn sweep(&mut self, asked: &[Asked], work: &Work<'_>) -> Vec<Priced> {
        let total = self.f.total;
        let each = 1_000_000 + 50 * self.f.size();
        let mut meter = work.meter(each.saturating_mul(asked.len() as u64));
        let net = Rc::clone(&self.net);
        let mut found = Vec::with_capacity(asked.len());
        let mut relaxation = None;
        for (i, &Asked { factor, budget, gain }) in asked.iter().enumerate() {
            if work.stop.requested() {
                break;
            }
            let steps = meter.left() / (asked.len() - i) as u64;
            let mut part = meter.part(steps);
            let m = &mut part;
            let near = |lower: f64| work.close_enough(gain, total - (lower - budget) / factor);
            let cost = net.costs(factor);
            let mut lower = f64::NEG_INFINITY;
            if let Some(ascent) = net.ascend(cost.clone(), &net.terminals, &[], m) {
                lower = lower.max(ascent.bound);
            }
            let relaxation = match &mut relaxation {
                None => {
                    let Some((r, bound)) = net.relaxation(&cost, &[], &mut self.draw, m) else { break };
                    lower = lower.max(bound);
                    relaxation.insert(r)
                }
                Some(r) => {
                    r.reprice(cost.clone());
                    r
                }
            };
            let mut before = lower;
            let mut answers = Vec::new();
            for _ in 0..8 {
                if !m.open() || near(lower) {
                    break;
                }
                relaxation.solve(4, f64::INFINITY, m);
                let Some(ascent) = relaxation.completed(&[], m) else { break };
                lower = lower.max(ascent.bound);
                // The last of them is the best informed.
                answers = net.follow(&cost, relaxation.usage(), m).map_or(answers, |s| vec![s]);
                if relaxation.separate(m) == 0 || lower <= before + 1e-3 * before.abs() {
                    break;
                }
                before = lower;
                relaxation.forget();
            }
            meter.settle(steps, &part);
            if lower.is_finite() {
                found.push(Priced { budget, factor, lower, answers });
            }
        }
        found
    }
}

/// An answer with a part taken away and built again with other preferences.
fn varied(
    f: &Field<'_>,
    maker: &mut Maker<'_, '_>,
    rule: Rule,
    best: &State,
    chosen: &[usize],
    draw: &mut Draw,
    meter: &mut Meter<'_>,
) -> State {
    let mut s = best.clone();
    let center = f.node[chosen[draw.below(chosen.len())]].unwrap_or(f.root);
    let most = (chosen.len() / 4).clamp(3, 40);
    let many = 1 + draw.below(most);
    maker.destroy(&mut s, center, many, meter);
    for &e in chosen {
        if f.node[e].is_none() && draw.unit() < 0.15 {
            s.active[e] = false;
        }
    }
    // Mostly near to what pays best, now and then far from it.
    let strength = draw.unit().powi(2);
    let taste: Vec<f64> = (0..f.node.len()).map(|_| (4.0 * strength * (draw.unit() - 0.5)).exp()).collect();
    maker.by_gain = draw.below(8) == 0;
    maker.fill(&mut s, rule, &taste, meter);
    maker.by_gain = false;
    s
}
