//! Fiber routes: the cheapest way to join factories and stations to fiber that is there.
//!
//! [`plan_routes`] finds a tree along the right of way that shares trenches, reuses ducts and poles, obeys
//! digging bans and the planner's exclusions, takes no more from a node than it has to spare, and stays
//! within a budget when there is one. It comes with a proven bound, a price for every segment, each
//! terminal's share of the cost, and an order of building by value per yuan.
//!
//! How a plan comes about, one file each: `ways` matches ducts and pole lines to roads, `across` finds where
//! two ways are one street, `price` says what a stretch of road costs, `web` makes the graph, `tree` finds trees on it, `budget` chooses whom to join,
//! `capacity` minds spare fibers, `pon` groups sites behind splitters (`grouping`) and checks the light from
//! their `office`, `protect` finds two routes for those that are to survive a cut, `bill` cuts all of it into
//! priced segments, `order` and `phasing` put them in order, `remarks` says what is assumed.

mod across;
mod around;
mod bill;
mod budget;
mod cable;
mod capacity;
mod error;
mod grouping;
mod metro;
mod office;
mod order;
mod phasing;
mod pon;
mod price;
mod protect;
mod remarks;
mod survey;
mod tree;
mod ways;
mod web;

pub use cable::{Cables, SIZES, size as cable_size};
pub use capacity::{JoinError, Spare};
pub use error::RouteError;
pub use protect::wants_two_routes;
pub use survey::{End, Survey, survey};
pub use ways::Ways;

use crate::geom::{LonLat, geodesic_m};
use crate::model::inputs::Inputs;
use crate::model::notes::Note;
use crate::model::planned::{
    Certificate, Connection, ConnectionState, PonKind, PonNode, Protection, RouteSegment, Structure,
};
use crate::model::settings::Settings;
use crate::network::{AccessKind, FiberAccess, Reach, Snap, Snapper};
use crate::optimise::{Work, relative_gap};
use bill::{Bill, Member, Site};
use budget::Prize;
use capacity::{Joined, Need, join_all};
use office::{Office, offices};
use pon::Odns;
use price::Pricing;
use protect::{Pair, Protected, Shield, Why};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use web::{Web, lead_in_cny};

/// A factory or station that needs fiber.
#[derive(Clone, Debug)]
pub struct Terminal {
    /// `site_id` or station id.
    pub id: String,
    /// Position.
    pub at: LonLat,
    /// Fibers that it needs when it shares none.
    pub fibers: u32,
    /// Whether it may share a port of a passive optical network.
    pub shared: bool,
    /// What joining it is worth, in the unit of the caller; decides the order, and who is left out when the
    /// budget doesn't reach.
    pub value: f64,
    /// Locked by the planner: joined whatever it is worth.
    pub must: bool,
    /// It is to have two routes to the core that no single failure takes both of, with fibers of its own on
    /// each.
    pub protect: bool,
    /// Equipment at its end, yuan; `fiber.terminal_cny` where none is given.
    pub equipment_cny: Option<f64>,
}

/// What routes are planned for.
pub struct RouteRequest<'a, 'g, 'r> {
    /// The layers.
    pub inputs: &'a Inputs,
    /// The settings.
    pub settings: &'a Settings,
    /// The right of way.
    pub snapper: &'a Snapper<'g, 'r>,
    /// Ducts and pole lines along it.
    pub ways: &'a Ways,
    /// Where fiber can be joined.
    pub access: &'a FiberAccess<'a, 'g, 'r>,
    /// Who needs fiber.
    pub terminals: &'a [Terminal],
    /// Capex that the routes may cost, lead-ins and equipment included, yuan.
    pub budget_cny: Option<f64>,
    /// City (adcode) of a position.
    pub city_of: &'a (dyn Fn(LonLat) -> Option<String> + Sync),
    /// Work that the solver may spend.
    pub work: Work<'a>,
}

/// A step of building: one terminal with what has to be built for it and isn't there yet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BuildStep {
    /// Index of the connection.
    pub connection: u32,
    /// Cost of the step, yuan; all steps add up to the plan's capex.
    pub capex_cny: f64,
    /// Value of the terminal.
    pub value: f64,
}

/// What a node or cable gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessLoad {
    /// Node or cable.
    pub access: AccessKind,
    /// Fibers taken.
    pub fibers: u32,
    /// Terminals joined.
    pub terminals: u32,
    /// What it had to spare.
    pub spare: Spare,
}

/// Planned routes.
#[derive(Clone, Debug, Default)]
pub struct RoutePlan {
    /// The segments.
    pub segments: Vec<RouteSegment>,
    /// How each terminal is joined, in the order given. `cost_cny` is its share of the segments (each split
    /// equally among those that use it), ports and splitters, with its own lead-in and equipment.
    pub connections: Vec<Connection>,
    /// Lead-in and equipment of each connection, yuan; zero where none is planned.
    pub lead_in_cny: Vec<f64>,
    /// Ports and splitters.
    pub pon: Vec<PonNode>,
    /// The order of building: any first steps stand on their own.
    pub order: Vec<BuildStep>,
    /// What each node or cable gives, in order of both.
    pub loads: Vec<AccessLoad>,
    /// Segments, lead-ins, equipment, ports and splitters, yuan.
    pub capex_cny: f64,
    /// Maintenance and rents of all of that, yuan per year.
    pub opex_cny_yr: f64,
    /// The routes to the same terminals as one tree, at the price of the smallest cables, yuan.
    pub tree_cny: f64,
    /// The same if each terminal took its own cheapest way and what runs together were built once, yuan.
    pub one_by_one_cny: f64,
    /// The same if each paid its own way in full, yuan.
    pub unshared_cny: f64,
    /// What second routes cost beyond one tree to the same terminals, at the price of the smallest cables,
    /// yuan.
    pub protection_cny: f64,
    /// What is proven: of the cost, or of the value when the budget leaves terminals out.
    pub certificate: Option<Certificate>,
    /// What the plan comes to as a free tree and with feeder rings, where both were looked at.
    pub structures: Vec<Structure>,
    /// Assumptions and what limits the plan.
    pub notes: Vec<Note>,
    /// Ended early by the caller.
    pub stopped_early: bool,
}

/// How a terminal stands before anything is planned.
enum Stand {
    /// Not to be planned, and why.
    Out(ConnectionState),
    /// Led in straight from an access point, by index, over so many metres.
    Direct(u32, f64),
    /// To be joined from the road.
    Road(Snap),
}

/// Plans routes from fiber that can be joined to the terminals.
///
/// Cost is capex. A terminal within reach of a node nearer than the road is led in from there; the others
/// hang from a Steiner tree over the priced roads, with the existing nodes behind one root. Rents and
/// maintenance are counted, but don't steer the choice.
///
/// # Errors
/// [`RouteError`]: a graph too large, or a budget smaller than what the planner locked.
pub fn plan_routes(request: &RouteRequest<'_, '_, '_>) -> Result<RoutePlan, RouteError> {
    let fiber = &request.settings.fiber;
    let both = fiber.structure != "tree" || fiber.metro.compare;
    let (plan, areas, near) = plan_tree(request, both)?;
    if both { metro::choose(request, plan, &areas, &near) } else { Ok(plan) }
}

/// Plans a free tree, with pairs of routes for those that are to have them. Where `cut` says so, it is also
/// cut into service areas; and the nodes that some terminals join without a cabinet are told.
fn plan_tree(
    request: &RouteRequest<'_, '_, '_>,
    cut: bool,
) -> Result<(RoutePlan, Vec<metro::Area>, BTreeSet<String>), RouteError> {
    let RouteRequest { inputs, settings, snapper, ways, access, terminals, .. } = *request;
    pon::class(&settings.fiber).map_err(|name| RouteError::NoSuchClass {
        name,
        known: settings.fiber.pon_class.keys().cloned().collect(),
    })?;
    let roads = snapper.roads();
    let pricing = Pricing::new(settings, roads, ways, snapper.edge_crossings());
    let stands: Vec<Stand> = terminals.par_iter().map(|t| stand(request, &pricing, t)).collect();
    let snaps: Vec<(u32, Snap)> = stands
        .iter()
        .enumerate()
        .filter_map(|(i, s)| if let Stand::Road(snap) = s { Some((i as u32, *snap)) } else { None })
        .collect();
    let asked = |i: u32| terminals[i as usize].protect;
    let mut on_road: Vec<Snap> = snaps.iter().map(|s| s.1).collect();
    let (entries, more) = second_entries(request, &snaps);
    on_road.extend(entries);
    let across = across::all(request, &on_road);
    let web = Web::new(&pricing, &on_road, access.points(), &more, across)?;
    let site = Site {
        settings,
        roads,
        ways,
        pricing: &pricing,
        web: &web,
        access: access.points(),
        city_of: request.city_of,
    };

    let mut members: Vec<(Member, Prize)> = Vec::new();
    for (&(i, snap), &node) in snaps.iter().zip(&web.terminals) {
        if web.reaches_fiber(node) {
            let t = &terminals[i as usize];
            let own_cny =
                lead_in_cny(&snap, &settings.fiber) + t.equipment_cny.unwrap_or(settings.fiber.terminal_cny);
            let prize = Prize { node, value: t.value, own_cny, must: t.must };
            members.push((Member { terminal: i, node, need: Need::of(t, &settings.fiber) }, prize));
        }
    }
    let offices = offices(inputs, settings, access.points())?;
    let twos: Vec<Member> = members.iter().map(|m| m.0).filter(|m| asked(m.terminal)).collect();
    let shield = if twos.is_empty() { None } else { Some(Shield::new(&site, inputs)?) };
    let lacking = shield.as_ref().map_or_else(|| Ok(BTreeMap::new()), |s| s.lacking(&twos))?;
    let snaps: BTreeMap<u32, Snap> = snaps.into_iter().collect();
    let planner = Planner { request, site: &site, stands, members, offices, shield, lacking, snaps };
    planner.plan(cut)
}

/// Places for second entries, of buildings that are to have two routes and, where there are any, of the nodes
/// that they are joined to (by index of the access point).
fn second_entries(
    request: &RouteRequest<'_, '_, '_>,
    snaps: &[(u32, Snap)],
) -> (Vec<Snap>, Vec<(u32, Snap)>) {
    let RouteRequest { settings, snapper, access, terminals, .. } = *request;
    let (roads, entry_m) = (snapper.roads(), settings.fiber.protect.entry_m);
    let asked: Vec<&Snap> = snaps.iter().filter(|s| terminals[s.0 as usize].protect).map(|s| &s.1).collect();
    if asked.is_empty() {
        return Default::default();
    }
    let of_buildings = asked.into_iter().flat_map(|s| protect::entries(roads, s, entry_m)).collect();
    let mut of_nodes = Vec::new();
    for (i, point) in (0u32..).zip(access.points()) {
        let beside = point.snap.iter().flat_map(|s| protect::entries(roads, s, entry_m));
        of_nodes.extend(
            beside
                .filter(|s| snapper.barriers().crossings(point.at, s.at) == 0)
                .map(|s| (i, Snap { distance_m: geodesic_m(point.at, s.at), ..s })),
        );
    }
    (of_buildings, of_nodes)
}

fn stand(request: &RouteRequest<'_, '_, '_>, pricing: &Pricing<'_, '_>, t: &Terminal) -> Stand {
    let settings = request.settings;
    if settings.plan.lock.shut.contains(&t.id) {
        return Stand::Out(ConnectionState::Excluded);
    }
    let snap = request.snapper.snap_to(t.at, settings.fiber.snap_m, |e| pricing.is_open(e));
    // Two routes leave by the road.
    let by_road = t.protect && snap.is_some();
    if let Some((metres, point)) = request.access.direct(t.at, snap.as_ref()).filter(|_| !by_road) {
        return Stand::Direct(point, metres);
    }
    match (snap, request.access.reach(t.at)) {
        (None, _) => Stand::Out(match request.snapper.snap(t.at, settings.fiber.snap_m) {
            Some(_) => ConnectionState::Closed,
            None => ConnectionState::NoRoad,
        }),
        (_, Reach::NoAccessFiber | Reach::Beyond) => Stand::Out(ConnectionState::NoFiber),
        (Some(snap), _) => Stand::Road(snap),
    }
}

struct Planner<'a, 'g, 'r> {
    request: &'a RouteRequest<'a, 'g, 'r>,
    site: &'a Site<'a, 'r>,
    stands: Vec<Stand>,
    members: Vec<(Member, Prize)>,
    /// Of each access point.
    offices: Vec<Office>,
    /// What fails together; none where nobody is to be protected.
    shield: Option<Shield<'a, 'r>>,
    /// Who can't have two routes, and why.
    lacking: BTreeMap<u32, Why>,
    /// Where terminals meet the road.
    snaps: BTreeMap<u32, Snap>,
}

/// A way to join some of the terminals, priced.
struct Draft {
    joined: Joined,
    odns: Odns,
    bill: Bill,
    /// Terminals led in directly.
    direct: BTreeMap<u32, u32>,
    protected: Protected,
    capex_cny: f64,
}

impl Draft {
    /// Everyone who is joined.
    fn joined_ones(&self) -> impl Iterator<Item = u32> + '_ {
        self.bill.routes.keys().chain(self.direct.keys()).copied()
    }
}

impl Planner<'_, '_, '_> {
    fn plan(self, cut: bool) -> Result<(RoutePlan, Vec<metro::Area>, BTreeSet<String>), RouteError> {
        let all: BTreeSet<u32> = (0..self.stands.len() as u32).collect();
        let draft = self.draft(&all)?;
        let (draft, value_bound) = match self.request.budget_cny {
            Some(budget_cny) if draft.capex_cny > budget_cny => {
                let (draft, bound) = self.within(budget_cny, &draft)?;
                (draft, Some(bound))
            }
            _ => (draft, None),
        };
        let (areas, near) = if cut { self.areas(&draft) } else { Default::default() };
        Ok((self.finish(draft, value_bound), areas, near))
    }

    /// The service areas of a draft, and the nodes that some terminals join without a cabinet.
    fn areas(&self, draft: &Draft) -> (Vec<metro::Area>, BTreeSet<String>) {
        let RouteRequest { inputs, settings, access, .. } = *self.request;
        let lead_in_m = |i: u32| self.lead_in_m(i);
        let mut all = Vec::new();
        let mut near: BTreeSet<u32> = draft.direct.values().copied().collect();
        for odn in draft.joined.rounds.iter().flat_map(|r| pon::trees(self.site, r, &lead_in_m)) {
            let (areas, rest) = metro::areas(&odn, settings);
            all.extend(areas);
            if !rest.is_empty() {
                near.insert(odn.access);
            }
        }
        let id = |&p: &u32| match access.points()[p as usize].kind {
            AccessKind::Node(i) => inputs.fiber_nodes.get(i as usize).map(|n| n.id.clone()),
            AccessKind::Cable(_) => None,
        };
        (all, near.iter().filter_map(id).collect())
    }

    /// Joins those of `chosen` that can be joined.
    fn draft(&self, chosen: &BTreeSet<u32>) -> Result<Draft, RouteError> {
        let RouteRequest { inputs, settings, access, terminals, .. } = *self.request;
        let mut spare = capacity::spare(inputs, &settings.fiber, access.points());
        let mut direct = BTreeMap::new();
        for &i in chosen {
            if let Stand::Direct(point, _) = self.stands[i as usize] {
                let kind = access.points()[point as usize].kind;
                if spare
                    .get_mut(&kind)
                    .is_some_and(|s| s.take(Need::of(&terminals[i as usize], &settings.fiber)))
                {
                    direct.insert(i, point);
                }
            }
        }
        let members: Vec<(Member, Prize)> =
            self.members.iter().filter(|m| chosen.contains(&m.0.terminal)).copied().collect();
        let protected = self.protect(&members, &mut spare)?;
        let done: BTreeSet<u32> = protected.pairs.iter().map(|p| p.terminal).collect();
        let members: Vec<(Member, Prize)> =
            members.into_iter().filter(|m| !done.contains(&m.0.terminal)).collect();
        let joined = join_all(
            self.site.web,
            self.site.pricing,
            &settings.fiber,
            access.points(),
            &mut spare,
            &members,
            &protected.pairs,
            self.request.work,
        )?;
        let lead_in_m = |i: u32| self.lead_in_m(i);
        let found = pon::Found { rounds: &joined.rounds, direct: &direct, pairs: &protected.pairs };
        let odns = pon::design(self.site, inputs, &self.offices, &found, terminals, &lead_in_m);
        let bill = self.site.bill(&joined.rounds, &protected.pairs, &odns.fibers);
        let mut draft = Draft { joined, odns, bill, direct, protected, capex_cny: 0.0 };
        let own: f64 = draft.joined_ones().map(|i| self.own_cny(i)).sum();
        let second: f64 = draft.protected.pairs.iter().map(|p| p.branches[1].lead_in_cny).sum();
        draft.capex_cny = draft.bill.segments.iter().map(|s| s.capex_cny).sum::<f64>()
            + own
            + second
            + draft.odns.capex_cny();
        Ok(draft)
    }

    /// Two routes for those members that are to have them and can.
    fn protect(
        &self,
        members: &[(Member, Prize)],
        spare: &mut BTreeMap<AccessKind, Spare>,
    ) -> Result<Protected, RouteError> {
        let terminals = self.request.terminals;
        let Some(shield) = &self.shield else { return Ok(Protected::default()) };
        let wants = |m: &(Member, Prize)| {
            terminals[m.0.terminal as usize].protect && !self.lacking.contains_key(&m.0.terminal)
        };
        let (mut twos, ones): (Vec<_>, Vec<_>) = members.iter().copied().partition(wants);
        if twos.is_empty() {
            return Ok(Protected::default());
        }
        // What must be joined takes from the nodes first, then what is worth most.
        twos.sort_by(|a, b| {
            b.1.must
                .cmp(&a.1.must)
                .then(b.1.value.total_cmp(&a.1.value))
                .then(a.0.terminal.cmp(&b.0.terminal))
        });
        let own = |m: &(Member, Prize)| {
            let fibers = terminals[m.0.terminal as usize].fibers;
            Member { need: Need::own(fibers), ..m.0 }
        };
        let twos: Vec<Member> = twos.iter().map(own).collect();
        let ones: Vec<Member> = ones.iter().map(|m| m.0).collect();
        let barriers = self.request.snapper.barriers();
        let barred = |from, to| barriers.crossings(from, to) > 0;
        let call = protect::Call { terminals, snaps: &self.snaps, barred: &barred, work: self.request.work };
        Ok(shield.pairs(&twos, &ones, &call, spare)?)
    }

    /// From the road, or from the access point that it is led in from, into the building, metres.
    fn lead_in_m(&self, terminal: u32) -> f64 {
        match &self.stands[terminal as usize] {
            Stand::Direct(_, metres) => *metres,
            Stand::Road(snap) => snap.distance_m,
            Stand::Out(_) => 0.0,
        }
    }

    /// Lead-in and equipment of a terminal, yuan.
    fn own_cny(&self, terminal: u32) -> f64 {
        let fiber = &self.request.settings.fiber;
        self.request.terminals[terminal as usize].equipment_cny.unwrap_or(fiber.terminal_cny)
            + match &self.stands[terminal as usize] {
                Stand::Direct(_, metres) => metres * fiber.lead_in_cny_m,
                Stand::Road(snap) => lead_in_cny(snap, fiber),
                Stand::Out(_) => 0.0,
            }
    }

    /// The best draft found that costs no more than the budget, and what no other can be worth.
    fn within(&self, budget_cny: f64, full: &Draft) -> Result<(Draft, f64), RouteError> {
        let terminals = self.request.terminals;
        let web = self.site.web;
        let must: BTreeSet<u32> =
            (0..terminals.len() as u32).filter(|&i| terminals[i as usize].must).collect();
        let need = self.draft(&must)?;
        if need.capex_cny > budget_cny {
            let ids = must.iter().map(|&i| terminals[i as usize].id.clone()).collect();
            return Err(RouteError::LockedBeyondBudget { ids, need_cny: need.capex_cny, budget_cny });
        }
        // Terminals beside a node cost their lead-in alone: they hang from the root over no edge. Second
        // routes are on top of the tree: each is taken to cost what they cost on average where all are built.
        let second_cny = full.protected.pairs.iter().map(|p| p.branches[1].lead_in_cny).sum::<f64>()
            + (self.pairs_cny(full) - full.joined.tree.cost_cny).max(0.0);
        let each_cny = second_cny / full.protected.pairs.len().max(1) as f64;
        let doubled: BTreeSet<u32> = full.protected.pairs.iter().map(|p| p.terminal).collect();
        let on_top = |i: u32| if doubled.contains(&i) { each_cny } else { 0.0 };
        let mut prizes: Vec<Prize> = self
            .members
            .iter()
            .map(|m| Prize { own_cny: m.1.own_cny + on_top(m.0.terminal), ..m.1 })
            .collect();
        let mut who: Vec<u32> = self.members.iter().map(|m| m.0.terminal).collect();
        for (i, t) in terminals.iter().enumerate() {
            if let Stand::Direct(..) = self.stands[i] {
                let own_cny = self.own_cny(i as u32);
                prizes.push(Prize { node: web.root, value: t.value, own_cny, must: t.must });
                who.push(i as u32);
            }
        }
        let hung = tree::Hung::new(&web.graph, &full.joined.tree.edges, web.root);
        let mut best = need;
        let mut value_bound = f64::INFINITY;
        let mut purse = budget_cny;
        // The choice knows neither cable sizes nor spare fibers: what these cost is saved elsewhere.
        for _ in 0..4 {
            let choice = budget::choose(&web.graph, web.root, &hung, &prizes, purse, self.request.work)?;
            if purse >= budget_cny {
                // What second routes cost can't be told of each alone: the bound leaves them out.
                let cheap: Vec<Prize> = prizes
                    .iter()
                    .zip(&who)
                    .map(|(p, &i)| Prize { own_cny: p.own_cny - on_top(i), ..*p })
                    .collect();
                value_bound = match doubled.is_empty() {
                    true => choice.value_bound,
                    false => budget::value_bound(&web.graph, web.root, &cheap, budget_cny),
                };
            }
            let chosen: BTreeSet<u32> = choice.chosen.iter().map(|&i| who[i as usize]).collect();
            let draft = self.draft(&chosen)?;
            let over = draft.capex_cny - budget_cny;
            if over <= 0.0 {
                if self.value(&draft) >= self.value(&best) {
                    best = draft;
                }
                break;
            }
            purse -= over * 1.1;
        }
        Ok((best, value_bound))
    }

    fn value(&self, draft: &Draft) -> f64 {
        draft.joined_ones().map(|i| self.request.terminals[i as usize].value).sum()
    }

    /// All edges in use at the price of the smallest cables, yuan.
    fn pairs_cny(&self, draft: &Draft) -> f64 {
        let edges: Vec<_> = draft.odns.fibers.keys().copied().collect();
        self.site.web.graph.total_weight(&edges)
    }

    fn finish(&self, mut draft: Draft, value_bound: Option<f64>) -> RoutePlan {
        let RouteRequest { inputs, settings, terminals, access, .. } = *self.request;
        let mut plan = RoutePlan {
            segments: std::mem::take(&mut draft.bill.segments),
            pon: numbered(std::mem::take(&mut draft.odns.nodes)),
            capex_cny: draft.capex_cny,
            tree_cny: draft.joined.tree.cost_cny,
            one_by_one_cny: draft.joined.one_by_one.shared_cny,
            unshared_cny: draft.joined.one_by_one.unshared_cny,
            stopped_early: draft.joined.stopped || draft.protected.stopped,
            ..RoutePlan::default()
        };
        let pairs: BTreeMap<u32, &Pair> = draft.protected.pairs.iter().map(|p| (p.terminal, p)).collect();
        if !pairs.is_empty() {
            let second: f64 = pairs.values().map(|p| p.branches[1].lead_in_cny).sum();
            plan.protection_cny = (self.pairs_cny(&draft) - plan.tree_cny).max(0.0) + second;
        }
        let name = |kind: AccessKind| match kind {
            AccessKind::Node(i) => inputs.fiber_nodes.get(i as usize).map(|n| n.id.clone()),
            AccessKind::Cable(i) => inputs.fiber_segments.get(i as usize).map(|s| s.id.clone()),
        };
        let points = self.joined_points(&draft);
        for (i, t) in terminals.iter().enumerate() {
            let i = i as u32;
            let point = points.get(&i).map(|&p| &access.points()[p as usize]);
            let mut c = Connection {
                id: t.id.clone(),
                state: ConnectionState::Planned,
                node: point.and_then(|p| name(p.kind)),
                route_m: None,
                lead_in_m: None,
                lead_in_crossings: 0,
                lead_in: Vec::new(),
                cost_cny: 0.0,
                alone_cny: 0.0,
                route: draft.bill.routes.get(&i).cloned().unwrap_or_default(),
                phase: 1,
                optical: draft.odns.light.get(&i).cloned(),
                cabinet: None,
                ring: Vec::new(),
                protection: t.protect.then(|| self.protection(i, pairs.get(&i).copied(), &draft, &name)),
            };
            match (&self.stands[i as usize], point) {
                (Stand::Direct(_, metres), Some(p)) => {
                    c.lead_in_m = Some(*metres);
                    c.lead_in = vec![p.at, t.at];
                }
                (Stand::Road(snap), Some(_)) => {
                    c.lead_in_m = Some(snap.distance_m);
                    c.lead_in_crossings = snap.crossings;
                    c.lead_in = vec![snap.at, t.at];
                }
                (stand, _) => {
                    let reachable =
                        matches!(stand, Stand::Direct(..)) || self.members.iter().any(|m| m.0.terminal == i);
                    c.phase = 0;
                    let left_over = draft.joined.left_over.binary_search(&i).is_ok();
                    c.state = match stand {
                        Stand::Out(state) => *state,
                        _ if reachable && value_bound.is_some() && !left_over => ConnectionState::Budget,
                        _ if reachable => ConnectionState::NoSpare,
                        // Roads lead to fiber, but none that is open all the way.
                        _ => ConnectionState::Closed,
                    };
                }
            }
            let mut own = if c.state == ConnectionState::Planned { self.own_cny(i) } else { 0.0 };
            if c.state == ConnectionState::Planned {
                own += pairs.get(&i).map_or(0.0, |p| p.branches[1].lead_in_cny);
                let along = |route: &[u32]| -> f64 {
                    let used = route.iter().filter_map(|&s| plan.segments.get(s as usize));
                    used.map(|s| s.cable_m / f64::from(cables_of(s, settings))).sum()
                };
                c.route_m = Some(along(&c.route) + c.lead_in_m.unwrap_or(0.0));
                if let Some(p) = c.protection.as_mut().filter(|p| p.met) {
                    p.route_m = Some(along(&p.route) + p.lead_in_m.unwrap_or(0.0));
                }
                let used = c.segments().filter_map(|s| plan.segments.get(s as usize));
                c.cost_cny = own
                    + pon_share(&c, &plan.pon)
                    + used.map(|s| s.capex_cny / f64::from(s.serves.max(1))).sum::<f64>();
                if !c.survives_a_cut() {
                    for &s in &c.route {
                        plan.segments[s as usize].cut_lost += 1;
                    }
                }
            }
            plan.lead_in_cny.push(own);
            plan.connections.push(c);
        }
        self.alternatives(&mut plan, &draft);
        let lead_ins: f64 = plan.lead_in_cny.iter().sum();
        plan.opex_cny_yr = plan.segments.iter().map(|s| s.opex_cny_yr).sum::<f64>()
            + plan.pon.iter().map(|n| n.opex_cny_yr).sum::<f64>()
            + lead_ins * settings.fiber.opex_share;
        self.put_in_order(&mut plan, &draft);
        plan.loads = self.loads(&points, &draft);
        plan.certificate = Some(match value_bound {
            Some(bound) => certificate(
                ("value of what the budget joins", "预算内接入的价值"),
                "points",
                self.value(&draft),
                bound,
                true,
            ),
            None => {
                let own: f64 = draft.joined_ones().map(|i| self.own_cny(i)).sum();
                let nobody_left = draft.joined.left_over.is_empty();
                let with_pairs = draft.protected.bound_cny.filter(|_| nobody_left).unwrap_or(0.0);
                let bound = (draft.joined.bound_cny.max(with_pairs) + own).min(draft.capex_cny);
                let said = match pairs.is_empty() {
                    true => ("capex of joining all that can be joined", "接入全部可接入对象的投资"),
                    false => (
                        "capex of joining all that can be joined, with two routes for those to be protected",
                        "接入全部可接入对象的投资（含双路由保护）",
                    ),
                };
                certificate(said, "CNY", draft.capex_cny, bound, false)
            }
        });
        plan.notes = self.notes(&plan, &draft, &points);
        plan
    }

    /// The second route of a terminal that is to have one.
    fn protection(
        &self,
        terminal: u32,
        pair: Option<&Pair>,
        draft: &Draft,
        name: &dyn Fn(AccessKind) -> Option<String>,
    ) -> Protection {
        let RouteRequest { inputs, terminals, access, .. } = *self.request;
        let Some(pair) = pair else {
            let why = self.lacking.get(&terminal).or_else(|| draft.protected.failed.get(&terminal)).cloned();
            let joined = draft.bill.routes.contains_key(&terminal) || draft.direct.contains_key(&terminal);
            let reason = why.unwrap_or_else(|| match joined {
                true => ("no road to lead a second route in from".into(), "附近无道路可引入第二路由".into()),
                false => ("it isn't joined by this plan".into(), "本规划未接入".into()),
            });
            return Protection { reason: Some(reason), ..Protection::default() };
        };
        let second = &pair.branches[1];
        let id = |&c: &u32| inputs.fiber_segments.get(c as usize).map(|s| s.id.clone());
        let at = terminals[terminal as usize].at;
        Protection {
            met: true,
            node: access.points().get(second.access as usize).and_then(|p| name(p.kind)),
            route: draft.bill.seconds.get(&terminal).cloned().unwrap_or_default(),
            route_m: None,
            lead_in_m: Some(second.lead_in_m),
            lead_in: vec![second.at, at],
            own_entry: pair.own_entry,
            cables: [0, 1].map(|k| pair.branches[k].cables.iter().filter_map(id).collect()),
            optical: draft.odns.second_light.get(&terminal).cloned(),
            reason: None,
        }
    }

    /// The access point, by index, of each terminal that is joined.
    fn joined_points(&self, draft: &Draft) -> BTreeMap<u32, u32> {
        let mut points = draft.direct.clone();
        for round in &draft.joined.rounds {
            for m in &round.members {
                if let Some(a) = tree::access_of(self.site.web, &round.hung, m.node) {
                    points.insert(m.terminal, a);
                }
            }
        }
        points.extend(draft.protected.pairs.iter().map(|p| (p.terminal, p.branches[0].access)));
        points
    }

    fn loads(&self, points: &BTreeMap<u32, u32>, draft: &Draft) -> Vec<AccessLoad> {
        let RouteRequest { inputs, settings, access, .. } = *self.request;
        let spare = capacity::spare(inputs, &settings.fiber, access.points());
        let mut loads: BTreeMap<AccessKind, AccessLoad> = BTreeMap::new();
        let seconds = draft.protected.pairs.iter().map(|p| p.branches[1].access);
        for p in points.values().copied().chain(seconds) {
            let kind = access.points()[p as usize].kind;
            let spare = spare.get(&kind).copied().unwrap_or_default();
            let load =
                loads.entry(kind).or_insert(AccessLoad { access: kind, fibers: 0, terminals: 0, spare });
            load.terminals += 1;
        }
        for (&p, &fibers) in &draft.odns.taken {
            if let Some(load) = loads.get_mut(&access.points()[p as usize].kind) {
                load.fibers += fibers;
            }
        }
        loads.into_values().collect()
    }
}

/// Names ports and splitters, each kind by itself.
fn numbered(mut nodes: Vec<PonNode>) -> Vec<PonNode> {
    let (mut ports, mut splitters, mut cabinets) = (0, 0, 0);
    for n in &mut nodes {
        let (prefix, count) = match n.kind {
            PonKind::Port => ("PON", &mut ports),
            PonKind::Splitter => ("SP", &mut splitters),
            PonKind::Cabinet => ("CAB", &mut cabinets),
        };
        *count += 1;
        n.id = format!("{prefix}-{count:05}");
    }
    nodes
}

/// A connection's part in the ports and splitters that it uses, each shared equally, yuan.
fn pon_share(c: &Connection, nodes: &[PonNode]) -> f64 {
    let used = c.optical.iter().flat_map(|l| &l.nodes).filter_map(|&n| nodes.get(n as usize));
    used.map(|n| n.capex_cny / f64::from(n.serves.max(1))).sum()
}

fn cables_of(segment: &RouteSegment, settings: &Settings) -> u32 {
    cable::size(segment.fibers, settings.fiber.spare_factor).count
}

fn certificate(
    (en, zh): (&str, &str),
    unit: &'static str,
    objective: f64,
    bound: f64,
    maximise: bool,
) -> Certificate {
    Certificate {
        stage: "fiber",
        meaning: (en.into(), zh.into()),
        unit,
        objective,
        bound,
        gap: relative_gap(objective, bound),
        maximise,
    }
}

#[cfg(test)]
mod metro_tests;
#[cfg(test)]
mod pon_tests;
#[cfg(test)]
mod protect_tests;
#[cfg(test)]
mod tests;
