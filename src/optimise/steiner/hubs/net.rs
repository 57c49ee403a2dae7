//! The arborescence problem behind a problem with hubs.

use super::state::{Field, State};
use crate::graph::{EdgeId, Graph, NodeId};
use crate::optimise::steiner::SteinerError;
use crate::optimise::steiner::construct::Grower;
use crate::optimise::steiner::dual_ascent::{Ascent, Duals, arc_into, guide};
use crate::optimise::steiner::prizes::Branches;
use crate::optimise::steiner::relaxation::Relaxation;
use crate::optimise::{Draw, Meter};

/// What an edge of the net is; edges of the graph come first, under their own ids.
#[derive(Clone, Copy, Debug)]
enum Role {
    /// Opens a hub or joins a customer.
    Enter(u32),
    /// Serves an item at so much less than its best gain.
    Serve(f64),
    /// Forfeits so much.
    Forfeit(f64),
}

/// The graph with a node for each hub, and a terminal for each item and each customer.
pub(super) struct Net<'f, 'g> {
    f: &'f Field<'g>,
    pub(super) graph: Graph,
    roles: Vec<Role>,
    pub(super) terminals: Vec<NodeId>,
    /// Per item the edge that forfeits it and those that serve it; per customer the edge that forfeits it.
    of_item: Vec<(Option<EdgeId>, Vec<(u32, EdgeId)>)>,
    of_element: Vec<Option<EdgeId>>,
    forfeit: Vec<Option<EdgeId>>,
}

impl<'f, 'g> Net<'f, 'g> {
    /// `forfeits` tells whether anything may be left out.
    pub(super) fn new(f: &'f Field<'g>, forfeits: bool) -> Result<Self, SteinerError> {
        let base = f.graph;
        let mut edges: Vec<(u32, u32, f64)> = base
            .edges()
            .map(|e| {
                let [a, b] = base.ends(e);
                (a.0, b.0, base.weight(e))
            })
            .collect();
        let mut roles = Vec::new();
        let mut next = base.node_count() as u32;
        let mut terminals = Vec::new();
        let count = f.node.len();
        let (mut of_element, mut forfeit) = (vec![None; count], vec![None; count]);
        let mut at = vec![None; count];
        let mut add = |roles: &mut Vec<Role>, from: u32, to: u32, role: Role| {
            let e = EdgeId(edges.len() as u32);
            edges.push((from, to, 0.0));
            roles.push(role);
            e
        };
        for e in (0..count).filter(|&e| f.usable[e]) {
            let from = f.node[e].unwrap_or(f.root).0;
            of_element[e] = Some(add(&mut roles, from, next, Role::Enter(e as u32)));
            at[e] = Some(next);
            if e >= f.hubs || f.locked[e] {
                terminals.push(NodeId(next));
            }
            if e >= f.hubs && forfeits && !f.locked[e] {
                let lost = Role::Forfeit(f.prize[e - f.hubs]);
                forfeit[e] = Some(add(&mut roles, f.root.0, next, lost));
            }
            next += 1;
        }
        let mut of_item = Vec::with_capacity(f.of_item.len());
        for row in &f.of_item {
            let Some(&(_, most)) = row.first() else {
                of_item.push((None, Vec::new()));
                continue;
            };
            terminals.push(NodeId(next));
            let left_out = forfeits.then(|| add(&mut roles, f.root.0, next, Role::Forfeit(most)));
            let mut serve = Vec::with_capacity(row.len());
            for &(h, gain) in row {
                if let Some(hub) = at[h as usize] {
                    serve.push((h, add(&mut roles, hub, next, Role::Serve(most - gain))));
                }
            }
            of_item.push((left_out, serve));
            next += 1;
        }
        let graph = Graph::from_edges(next as usize, &edges)?;
        Ok(Self { f, graph, roles, terminals, of_item, of_element, forfeit })
    }

    /// Costs of the arcs when a unit of gain is worth `factor` of cost.
    pub(super) fn costs(&self, factor: f64) -> Vec<f64> {
        let base = self.f.graph;
        let mut cost: Vec<f64> = base.weights().iter().flat_map(|&w| [w, w]).collect();
        for role in &self.roles {
            let c = match *role {
                Role::Enter(e) => self.f.price[e as usize],
                Role::Serve(short) | Role::Forfeit(short) => short * factor,
            };
            cost.extend([c, f64::INFINITY]);
        }
        cost
    }

    /// The arcs of an answer, as an ascent wants them for guidance.
    pub(super) fn guide(&self, s: &State) -> Vec<bool> {
        let f = self.f;
        let mut edges = s.edges.clone();
        for e in (0..s.active.len()).filter(|&e| f.usable[e]) {
            let edge = if s.active[e] { self.of_element[e] } else { self.forfeit[e] };
            edges.extend(edge);
        }
        for (forfeit, serve) in &self.of_item {
            let by = serve.iter().find(|(h, _)| s.active[*h as usize]).map(|x| x.1);
            edges.extend(by.or(*forfeit));
        }
        guide(&self.graph, f.root, &edges)
    }

    /// A dual ascent, in the order of `terminals`; none if some terminal can't be reached.
    pub(super) fn ascend(
        &self,
        cost: Vec<f64>,
        terminals: &[NodeId],
        guide: &[bool],
        meter: &mut Meter<'_>,
    ) -> Option<Ascent> {
        let mut duals = Duals::new(&self.graph, cost, self.f.root, false);
        duals.raise(terminals, guide, meter).then(|| duals.ascent())
    }

    /// The relaxation at some costs, from an ascent that has been bettered; and that ascent's bound.
    pub(super) fn relaxation(
        &self,
        cost: &[f64],
        guide: &[bool],
        draw: &mut Draw,
        meter: &mut Meter<'_>,
    ) -> Option<(Relaxation<'_>, f64)> {
        let mut duals = Duals::new(&self.graph, cost.to_vec(), self.f.root, true);
        if !duals.raise(&self.terminals, guide, meter) {
            return None;
        }
        if !guide.is_empty() {
            duals.better(&self.terminals, guide, draw, 12, f64::INFINITY, meter);
        }
        let bound = duals.bound();
        let root = self.f.root;
        Some((Relaxation::new(&self.graph, cost.to_vec(), root, &self.terminals, &duals.cuts, meter), bound))
    }

    /// Cost of the arcs used, but for what is forfeited or missed.
    pub(super) fn spent(&self, usage: &[f64]) -> f64 {
        let base = self.f.graph;
        let roads = base.edges().map(|e| base.weight(e) * (usage[2 * e.index()] + usage[2 * e.index() + 1]));
        let own = base.edge_count();
        let entered = self.roles.iter().enumerate().map(|(i, role)| match *role {
            Role::Enter(e) => self.f.price[e as usize] * usage[2 * (own + i)],
            _ => 0.0,
        });
        roads.sum::<f64>() + entered.sum::<f64>()
    }

    /// The answer that follows what a relaxation uses.
    pub(super) fn follow(&self, cost: &[f64], usage: &[f64], meter: &mut Meter<'_>) -> Option<State> {
        self.grown(|arc| cost[arc] * (1.001 - usage[arc].clamp(0.0, 1.0)), meter)
    }

    /// The answer that lies along the arcs that an ascent has used up.
    pub(super) fn along(&self, cost: &[f64], ascent: &Ascent, meter: &mut Meter<'_>) -> Option<State> {
        self.grown(|arc| if ascent.reduced[arc] <= 0.0 { cost[arc] } else { f64::INFINITY }, meter)
    }

    /// The answer of an arborescence grown by lengths of arcs.
    fn grown(&self, length: impl Fn(usize) -> f64, meter: &mut Meter<'_>) -> Option<State> {
        let mut wanted = vec![false; self.graph.node_count()];
        wanted[self.f.root.index()] = true;
        for t in &self.terminals {
            wanted[t.index()] = true;
        }
        let count = wanted.iter().filter(|w| **w).count();
        let length = |e: EdgeId, to: NodeId| length(arc_into(&self.graph, e, to));
        let edges = Grower::new(&self.graph).grow(self.f.root, &wanted, count, length, meter)?;
        Some(self.answer(&edges))
    }

    /// The answer that edges of the net stand for.
    fn answer(&self, edges: &[EdgeId]) -> State {
        let f = self.f;
        let own = f.graph.edge_count();
        let mut s = State { active: f.locked.clone(), edges: Vec::new() };
        for &e in edges {
            match e.index().checked_sub(own).map(|i| self.roles[i]) {
                None => s.edges.push(e),
                Some(Role::Enter(element)) => s.active[element as usize] = true,
                Some(_) => {}
            }
        }
        // What doesn't hang from the root in the graph itself is no part of the tree.
        s.edges = Branches::of(f.graph, f.root, &s.edges).order.into_iter().filter_map(|o| o.1).collect();
        s
    }
}
