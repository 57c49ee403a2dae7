//! Order of building and phases of a plan.

use super::bill::Member;
use super::budget::{self, Prize};
use super::{BuildStep, Draft, Planner, RoutePlan, Terminal};
use std::collections::BTreeMap;

impl Planner<'_, '_, '_> {
    /// Order of building and phases of about equal money.
    pub(super) fn put_in_order(&self, plan: &mut RoutePlan, draft: &Draft) {
        let terminals = self.request.terminals;
        let prize_of: BTreeMap<u32, Prize> = self.members.iter().map(|m| (m.0.terminal, m.1)).collect();
        let mut order: Vec<u32> = Vec::new();
        for (k, round) in draft.joined.rounds.iter().enumerate() {
            let prize = |m: &Member| prize_of.get(&m.terminal).copied();
            let mut who: Vec<u32> = round.members.iter().map(|m| m.terminal).collect();
            let mut prizes: Vec<Prize> = round.members.iter().filter_map(prize).collect();
            if k == 0 {
                for &i in draft.direct.keys() {
                    let value = terminals[i as usize].value;
                    prizes.push(Prize {
                        node: self.site.web.root,
                        value,
                        own_cny: self.own_cny(i),
                        must: false,
                    });
                    who.push(i);
                }
            }
            let ranked = budget::build_order(&self.site.web.graph, &round.hung, &prizes);
            order.extend(ranked.into_iter().map(|p| who[p as usize]));
        }
        // Those with two routes come among the others by value per yuan of their share.
        let rate = |i: u32| terminals[i as usize].value / plan.connections[i as usize].cost_cny.max(1.0);
        let mut pairs: Vec<u32> = draft.protected.pairs.iter().map(|p| p.terminal).collect();
        pairs.sort_by(|&a, &b| rate(b).total_cmp(&rate(a)).then(a.cmp(&b)));
        let mut pairs = pairs.into_iter().peekable();
        let mut merged = Vec::with_capacity(order.len());
        for i in order {
            while let Some(p) = pairs.next_if(|&p| rate(p) >= rate(i)) {
                merged.push(p);
            }
            merged.push(i);
        }
        merged.extend(pairs);
        put_in_steps(plan, merged, terminals, self.request.settings.plan.phases);
    }
}

/// Builds connections in an order: each step with what isn't there yet, in phases of about equal money.
pub(super) fn put_in_steps(plan: &mut RoutePlan, order: Vec<u32>, terminals: &[Terminal], phases: u32) {
    let phases = phases.max(1);
    let mut built = vec![false; plan.segments.len()];
    let mut lit = vec![false; plan.pon.len()];
    let mut spent = 0.0;
    for i in order {
        let c = &mut plan.connections[i as usize];
        let mut capex_cny = plan.lead_in_cny[i as usize];
        let fresh: Vec<usize> =
            c.segments().map(|s| s as usize).filter(|&s| !std::mem::replace(&mut built[s], true)).collect();
        capex_cny += fresh.iter().map(|&s| plan.segments[s].capex_cny).sum::<f64>();
        let nodes = c.optical.as_ref().map_or(&[][..], |l| &l.nodes);
        let new: Vec<usize> =
            nodes.iter().map(|&n| n as usize).filter(|&n| !std::mem::replace(&mut lit[n], true)).collect();
        capex_cny += new.iter().map(|&n| plan.pon[n].capex_cny).sum::<f64>();
        let middle = (spent + capex_cny / 2.0) / plan.capex_cny.max(f64::MIN_POSITIVE);
        c.phase = ((middle * f64::from(phases)) as u32 + 1).min(phases);
        for s in fresh {
            plan.segments[s].phase = c.phase;
        }
        for n in new {
            plan.pon[n].phase = c.phase;
        }
        spent += capex_cny;
        plan.order.push(BuildStep { connection: i, capex_cny, value: terminals[i as usize].value });
    }
}
