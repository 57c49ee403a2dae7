//! Spare fibers at the nodes that are joined: a node takes no more than it has.

use super::Terminal;
use super::bill::{Member, Round};
use super::budget::{Prize, build_order};
use super::pon;
use super::price::Pricing;
use super::protect::Pair;
use super::tree::{Hung, OneByOne, Tree, access_of, join};
use super::web::{Link, Web};
use crate::graph::{EdgeId, Graph, GraphError, NodeId, components};
use crate::model::inputs::Inputs;
use crate::model::said::Bilingual;
use crate::model::settings::FiberSettings;
use crate::network::{AccessKind, AccessPoint};
use crate::optimise::Work;
use std::collections::{BTreeMap, BTreeSet};

/// Times that terminals are sent on to other nodes before they are given up.
const ROUNDS: usize = 8;

/// What a terminal takes from a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Need {
    /// Fibers of its own.
    pub fibers: u32,
    /// It shares one fiber with others, up to so many.
    pub share: Option<u32>,
}

impl Need {
    /// So many fibers of its own.
    pub const fn own(fibers: u32) -> Self {
        Self { fibers, share: None }
    }

    pub fn of(terminal: &Terminal, settings: &FiberSettings) -> Self {
        let shares = terminal.shared && matches!(pon::class(settings), Ok(Some(_)));
        Self { fibers: terminal.fibers, share: shares.then(|| pon::sites_per_fiber(settings)) }
    }
}

/// What is left at one node or cable; `None`: not told, so not limited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spare {
    /// Fibers.
    pub fibers: Option<u32>,
    /// Sites, by free PON ports, where no fibers are told.
    pub sites: Option<u32>,
    /// Sites that share fibers taken before.
    shared: u32,
}

impl Spare {
    /// Fibers that one more terminal takes.
    fn more(self, need: Need) -> u32 {
        match need.share {
            Some(each) => u32::from(self.shared.is_multiple_of(each.max(1))),
            None => need.fibers,
        }
    }

    pub(super) fn takes(self, need: Need) -> bool {
        self.fibers.is_none_or(|n| n >= self.more(need)) && self.sites.is_none_or(|n| n >= 1)
    }

    /// Takes what one terminal needs, if it is there.
    pub(super) fn take(&mut self, need: Need) -> bool {
        let takes = self.takes(need);
        if takes {
            let fibers = self.more(need);
            self.shared += u32::from(need.share.is_some());
            self.fibers = self.fibers.map(|n| n.saturating_sub(fibers));
            self.sites = self.sites.map(|n| n.saturating_sub(1));
        }
        takes
    }
}

/// What every node or cable that can be joined has to spare, by the data.
pub(super) fn spare(
    inputs: &Inputs,
    settings: &FiberSettings,
    access: &[AccessPoint],
) -> BTreeMap<AccessKind, Spare> {
    let of = |kind: AccessKind| match kind {
        AccessKind::Node(i) => inputs.fiber_nodes.get(i as usize).map_or(Spare::default(), |n| {
            let sites =
                n.ports_free.filter(|&p| p > 0).map(|p| p.saturating_mul(pon::sites_per_fiber(settings)));
            match n.fibers_free {
                Some(f) if f > 0 => Spare { fibers: Some(f), ..Spare::default() },
                _ => Spare { sites, ..Spare::default() },
            }
        }),
        AccessKind::Cable(i) => inputs
            .fiber_segments
            .get(i as usize)
            .map_or(Spare::default(), |s| Spare { fibers: s.fibers_free, ..Spare::default() }),
    };
    access.iter().map(|a| (a.kind, of(a.kind))).collect()
}

/// How the terminals are joined, with what is proven.
pub(super) struct Joined {
    pub rounds: Vec<Round>,
    /// No way to join the same terminals costs less, whatever the nodes have to spare.
    pub bound_cny: f64,
    pub one_by_one: OneByOne,
    /// The first tree, before anything was sent on.
    pub tree: Tree,
    /// Terminals for which no node that they can reach has anything to spare.
    pub left_over: Vec<u32>,
    pub stopped: bool,
}

/// Why terminals can't be joined.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The graph is too large.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The solver refused.
    #[error(transparent)]
    Steiner(#[from] crate::optimise::steiner::SteinerError),
}

impl Bilingual for JoinError {
    fn zh(&self) -> String {
        match self {
            Self::Graph(e) => e.zh(),
            Self::Steiner(e) => e.zh(),
        }
    }
}

/// Joins members to the root by a tree. Where a node would have to give more than it has to spare, it keeps
/// what is worth most per yuan and the rest is joined in another round: to nodes that have fiber left, with
/// the trenches of earlier rounds at the price of a cable.
#[allow(clippy::too_many_arguments)]
pub(super) fn join_all(
    web: &Web,
    pricing: &Pricing<'_, '_>,
    settings: &FiberSettings,
    access: &[AccessPoint],
    spare: &mut BTreeMap<AccessKind, Spare>,
    members: &[(Member, Prize)],
    pairs: &[Pair],
    work: Work<'_>,
) -> Result<Joined, JoinError> {
    let nodes: Vec<NodeId> =
        members.iter().map(|m| m.0.node).chain(pairs.iter().map(|p| p.branches[0].start)).collect();
    let (tree, one_by_one) = join(&web.graph, web.root, &nodes, work)?;
    let mut joined = Joined {
        rounds: Vec::new(),
        bound_cny: tree.bound_cny,
        one_by_one,
        stopped: tree.stopped,
        tree: tree.clone(),
        left_over: Vec::new(),
    };
    let mut edges = tree.edges;
    let mut open: Vec<(Member, Prize)> = members.to_vec();
    let mut built: BTreeSet<EdgeId> =
        pairs.iter().flat_map(|p| &p.branches).flat_map(|b| b.edges.iter().copied()).collect();
    if !built.is_empty() && !open.is_empty() {
        // Beside the pairs a cable is all that it costs.
        let needs: Vec<Need> = open.iter().map(|m| m.0.need).collect();
        let (graph, ids) = remaining(web, pricing, settings, access, spare, &built, &needs)?;
        let parts = components(&graph, |_| true);
        let (reach, lost): (Vec<_>, Vec<_>) =
            open.into_iter().partition(|m| parts.connected(m.0.node, web.root));
        joined.left_over.extend(lost.iter().map(|m| m.0.terminal));
        open = reach;
        let nodes: Vec<NodeId> = open.iter().map(|m| m.0.node).collect();
        let (beside, _) = join(&graph, web.root, &nodes, work)?;
        joined.stopped |= beside.stopped;
        edges = beside.edges.iter().map(|e| ids[e.index()]).collect();
    }
    for _ in 0..ROUNDS {
        let hung = Hung::new(&web.graph, &edges, web.root);
        let prizes: Vec<Prize> = open.iter().map(|m| m.1).collect();
        let mut kept: Vec<bool> = vec![false; open.len()];
        let order = build_order(&web.graph, &hung, &prizes);
        // What must be joined chooses first.
        let (must, rest): (Vec<u32>, Vec<u32>) = order.into_iter().partition(|&i| prizes[i as usize].must);
        for i in must.into_iter().chain(rest) {
            let m = open[i as usize].0;
            let kind = access_of(web, &hung, m.node).map(|a| access[a as usize].kind);
            kept[i as usize] = kind.and_then(|k| spare.get_mut(&k)).is_some_and(|s| s.take(m.need));
        }
        let mut keep = kept.iter();
        let stay = |_: &(Member, Prize)| keep.next().copied().unwrap_or(false);
        let (here, on): (Vec<_>, Vec<_>) = open.into_iter().partition(stay);
        built.extend(here.iter().flat_map(|m| hung.way(m.0.node)));
        joined.rounds.push(Round { hung, members: here.into_iter().map(|m| m.0).collect() });
        open = on;
        if open.is_empty() {
            break;
        }
        let needs: Vec<Need> = open.iter().map(|m| m.0.need).collect();
        let (graph, ids) = remaining(web, pricing, settings, access, spare, &built, &needs)?;
        let parts = components(&graph, |_| true);
        let (reach, lost): (Vec<_>, Vec<_>) =
            open.into_iter().partition(|m| parts.connected(m.0.node, web.root));
        joined.left_over.extend(lost.iter().map(|m| m.0.terminal));
        open = reach;
        if open.is_empty() {
            break;
        }
        let nodes: Vec<NodeId> = open.iter().map(|m| m.0.node).collect();
        let (next, _) = join(&graph, web.root, &nodes, work)?;
        joined.stopped |= next.stopped;
        edges = next.edges.iter().map(|e| ids[e.index()]).collect();
    }
    joined.left_over.extend(open.iter().map(|m| m.0.terminal));
    joined.left_over.sort_unstable();
    if !joined.left_over.is_empty() {
        // The bound has to speak of those that are joined.
        let single = joined.rounds.iter().flat_map(|r| r.members.iter().map(|m| m.node));
        let kept: Vec<NodeId> = single.chain(pairs.iter().map(|p| p.branches[0].start)).collect();
        joined.bound_cny = join(&web.graph, web.root, &kept, work)?.0.bound_cny;
    }
    Ok(joined)
}

/// The web without access points that have nothing left, and with what is built already at the price of a
/// cable; each edge with its number in the web.
fn remaining(
    web: &Web,
    pricing: &Pricing<'_, '_>,
    settings: &FiberSettings,
    access: &[AccessPoint],
    spare: &BTreeMap<AccessKind, Spare>,
    built: &BTreeSet<EdgeId>,
    needs: &[Need],
) -> Result<(Graph, Vec<EdgeId>), GraphError> {
    let has_spare = |i: u32| {
        access
            .get(i as usize)
            .and_then(|a| spare.get(&a.kind))
            .is_some_and(|s| needs.iter().any(|&n| s.takes(n)))
    };
    let (mut edges, mut ids) = (Vec::new(), Vec::new());
    for e in web.graph.edges() {
        if matches!(web.link(e), Link::Root(i) if !has_spare(i)) {
            continue;
        }
        let [a, b] = web.graph.ends(e);
        let weight = if built.contains(&e) {
            let along: f64 = web.pieces(e).iter().map(|p| pricing.route_m(p)).sum();
            let beneath = web.across(e).map_or(0.0, |a| a.0.distance_m);
            (along + beneath) * settings.cable_cny_m
        } else {
            web.graph.weight(e)
        };
        edges.push((a.0, b.0, weight));
        ids.push(e);
    }
    Ok((Graph::from_edges(web.graph.node_count(), &edges)?, ids))
}
