//! Fiber routes: the cheapest way to join factories and stations to fiber that is there.
//!
//! [`plan_routes`] finds a tree along the right of way that shares trenches, reuses ducts and poles, obeys
//! digging bans and the planner's exclusions, takes no more from a node than it has to spare, and stays
//! within a budget when there is one. It comes with a proven bound, a price for every segment, each
//! terminal's share of the cost, and an order of building by value per yuan.
//!
//! How a plan comes about, one file each: `ways` matches ducts and pole lines to roads, `price` says what a
//! stretch of road costs, `web` makes the graph, `tree` finds trees on it, `budget` chooses whom to join,
//! `capacity` minds spare fibers, `pon` groups sites behind splitters (`grouping`) and checks the light from
//! their `office`, `bill` cuts the trees into priced segments, `order` puts them in order.
//! Ring protection can stand beside `tree` and `pon`: they see the same web.

mod bill;
mod budget;
mod cable;
mod capacity;
mod grouping;
mod office;
mod order;
mod pon;
mod price;
mod tree;
mod ways;
mod web;

pub use cable::{Cables, SIZES, size as cable_size};
pub use capacity::{JoinError, Spare};

use crate::geom::LonLat;
use crate::model::inputs::Inputs;
use crate::model::kinds::Basis;
use crate::model::notes::Note;
use crate::model::planned::{Certificate, Connection, ConnectionState, PonKind, PonNode, RouteSegment};
use crate::model::said::Bilingual;
use crate::model::settings::Settings;
use crate::model::words::{listed, yuan};
use crate::model::words::{listed_zh, yuan_zh};
use crate::network::{AccessKind, FiberAccess, Reach, Snap, Snapper};
use crate::optimise::{Work, relative_gap};
use bill::{Bill, Member, Site};
use budget::Prize;
use capacity::{Joined, Need, join_all};
use office::{Office, offices};
use pon::Odns;
use price::Pricing;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use ways::Ways;
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
}

/// What routes are planned for.
pub struct RouteRequest<'a, 'g, 'r> {
    /// The layers.
    pub inputs: &'a Inputs,
    /// The settings.
    pub settings: &'a Settings,
    /// The right of way.
    pub snapper: &'a Snapper<'g, 'r>,
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
    /// What is proven: of the cost, or of the value when the budget leaves terminals out.
    pub certificate: Option<Certificate>,
    /// Assumptions and what limits the plan.
    pub notes: Vec<Note>,
    /// Ended early by the caller.
    pub stopped_early: bool,
}

/// Why no routes can be planned.
#[derive(Debug, thiserror::Error)]
pub enum RouteError {
    /// The graph or the solver refused.
    #[error(transparent)]
    Join(#[from] JoinError),
    /// The class of passive optical network isn't in the catalogue.
    #[error("fiber.pon.class = \"{name}\" is no member of fiber.pon_class, which has {}", listed(known))]
    NoSuchClass {
        /// The name.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// What the planner locked costs more than the budget.
    #[error(
        "{}, locked open, need fiber for {}, more than the budget of {}",
        listed(ids), yuan(*need_cny), yuan(*budget_cny)
    )]
    LockedBeyondBudget {
        /// What is locked.
        ids: Vec<String>,
        /// Cost of what is locked.
        need_cny: f64,
        /// The budget.
        budget_cny: f64,
    },
}

impl Bilingual for RouteError {
    fn zh(&self) -> String {
        match self {
            Self::Join(e) => e.zh(),
            Self::NoSuchClass { name, known } => {
                format!("fiber.pon.class = \"{name}\" 不在 fiber.pon_class 之中，可选 {}", listed_zh(known))
            }
            Self::LockedBeyondBudget { ids, need_cny, budget_cny } => format!(
                "锁定开放的 {} 需要光缆 {}，超过预算 {}",
                listed_zh(ids),
                yuan_zh(*need_cny),
                yuan_zh(*budget_cny)
            ),
        }
    }
}

impl From<crate::graph::GraphError> for RouteError {
    fn from(e: crate::graph::GraphError) -> Self {
        Self::Join(e.into())
    }
}

impl From<crate::optimise::steiner::SteinerError> for RouteError {
    fn from(e: crate::optimise::steiner::SteinerError) -> Self {
        Self::Join(e.into())
    }
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
    let RouteRequest { inputs, settings, snapper, access, terminals, .. } = *request;
    pon::class(&settings.fiber).map_err(|name| RouteError::NoSuchClass {
        name,
        known: settings.fiber.pon_class.keys().cloned().collect(),
    })?;
    let roads = snapper.roads();
    let ways = Ways::new(inputs, settings, snapper);
    let pricing = Pricing::new(settings, roads, &ways, snapper.edge_crossings());
    let stands: Vec<Stand> = terminals.par_iter().map(|t| stand(request, &pricing, t)).collect();
    let snaps: Vec<(u32, Snap)> = stands
        .iter()
        .enumerate()
        .filter_map(|(i, s)| if let Stand::Road(snap) = s { Some((i as u32, *snap)) } else { None })
        .collect();
    let on_road: Vec<Snap> = snaps.iter().map(|s| s.1).collect();
    let web = Web::new(roads, &pricing, &settings.fiber, &on_road, access.points())?;
    let site = Site {
        settings,
        roads,
        ways: &ways,
        pricing: &pricing,
        web: &web,
        access: access.points(),
        city_of: request.city_of,
    };

    let mut members: Vec<(Member, Prize)> = Vec::new();
    for (&(i, snap), &node) in snaps.iter().zip(&web.terminals) {
        if web.reaches_fiber(node) {
            let t = &terminals[i as usize];
            let own_cny = lead_in_cny(&snap, &settings.fiber) + settings.fiber.terminal_cny;
            let prize = Prize { node, value: t.value, own_cny, must: t.must };
            members.push((Member { terminal: i, node, need: Need::of(t, &settings.fiber) }, prize));
        }
    }
    let offices = offices(inputs, settings, access.points())?;
    let planner = Planner { request, site, stands, members, offices };
    planner.plan()
}

fn stand(request: &RouteRequest<'_, '_, '_>, pricing: &Pricing<'_, '_>, t: &Terminal) -> Stand {
    let settings = request.settings;
    if settings.plan.lock.shut.contains(&t.id) {
        return Stand::Out(ConnectionState::Excluded);
    }
    let snap = request.snapper.snap_to(t.at, settings.fiber.snap_m, |e| pricing.is_open(e));
    if let Some((metres, point)) = request.access.direct(t.at, snap.as_ref()) {
        return Stand::Direct(point, metres);
    }
    match (snap, request.access.reach(t.at)) {
        (None, _) => Stand::Out(ConnectionState::NoRoad),
        (_, Reach::NoAccessFiber | Reach::Beyond) => Stand::Out(ConnectionState::NoFiber),
        (Some(snap), _) => Stand::Road(snap),
    }
}

struct Planner<'a, 'g, 'r> {
    request: &'a RouteRequest<'a, 'g, 'r>,
    site: Site<'a, 'r>,
    stands: Vec<Stand>,
    members: Vec<(Member, Prize)>,
    /// Of each access point.
    offices: Vec<Office>,
}

/// A way to join some of the terminals, priced.
struct Draft {
    joined: Joined,
    odns: Odns,
    bill: Bill,
    /// Terminals led in directly.
    direct: BTreeMap<u32, u32>,
    capex_cny: f64,
}

impl Planner<'_, '_, '_> {
    fn plan(self) -> Result<RoutePlan, RouteError> {
        let all: BTreeSet<u32> = (0..self.stands.len() as u32).collect();
        let draft = self.draft(&all)?;
        match self.request.budget_cny {
            Some(budget_cny) if draft.capex_cny > budget_cny => {
                let (draft, value_bound) = self.within(budget_cny, &draft)?;
                Ok(self.finish(draft, Some(value_bound)))
            }
            _ => Ok(self.finish(draft, None)),
        }
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
        let joined = join_all(
            self.site.web,
            self.site.pricing,
            &settings.fiber,
            access.points(),
            &mut spare,
            &members,
            self.request.work,
        )?;
        let lead_in_m = |i: u32| self.lead_in_m(i);
        let odns =
            pon::design(&self.site, inputs, &self.offices, &joined.rounds, &direct, terminals, &lead_in_m);
        let bill = self.site.bill(&joined.rounds, &odns.fibers);
        let own: f64 = bill.routes.keys().chain(direct.keys()).map(|&i| self.own_cny(i)).sum();
        let capex_cny = bill.segments.iter().map(|s| s.capex_cny).sum::<f64>() + own + odns.capex_cny();
        Ok(Draft { joined, odns, bill, direct, capex_cny })
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
        fiber.terminal_cny
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
        // Terminals beside a node cost their lead-in alone: they hang from the root over no edge.
        let mut prizes: Vec<Prize> = self.members.iter().map(|m| m.1).collect();
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
                value_bound = choice.value_bound;
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
        let joined = draft.bill.routes.keys().chain(draft.direct.keys());
        joined.map(|&i| self.request.terminals[i as usize].value).sum()
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
            stopped_early: draft.joined.stopped,
            ..RoutePlan::default()
        };
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
                lead_in: Vec::new(),
                cost_cny: 0.0,
                route: draft.bill.routes.get(&i).cloned().unwrap_or_default(),
                phase: 1,
                optical: draft.odns.light.get(&i).cloned(),
            };
            match (&self.stands[i as usize], point) {
                (Stand::Direct(_, metres), Some(p)) => {
                    c.lead_in_m = Some(*metres);
                    c.lead_in = vec![p.at, t.at];
                }
                (Stand::Road(snap), Some(_)) => {
                    c.lead_in_m = Some(snap.distance_m);
                    c.lead_in = vec![snap.at, t.at];
                }
                (stand, _) => {
                    let reachable =
                        matches!(stand, Stand::Direct(..)) || self.members.iter().any(|m| m.0.terminal == i);
                    c.phase = 0;
                    c.state = match stand {
                        Stand::Out(state) => *state,
                        _ if reachable && value_bound.is_some() => ConnectionState::Budget,
                        _ => ConnectionState::NoFiber,
                    };
                }
            }
            let own = if c.state == ConnectionState::Planned { self.own_cny(i) } else { 0.0 };
            if c.state == ConnectionState::Planned {
                let used = c.route.iter().filter_map(|&s| plan.segments.get(s as usize));
                let along: f64 = used.clone().map(|s| s.cable_m / f64::from(cables_of(s, settings))).sum();
                c.route_m = Some(along + c.lead_in_m.unwrap_or(0.0));
                c.cost_cny = own
                    + pon_share(&c, &plan.pon)
                    + used.map(|s| s.capex_cny / f64::from(s.serves.max(1))).sum::<f64>();
            }
            plan.lead_in_cny.push(own);
            plan.connections.push(c);
        }
        let lead_ins: f64 = plan.lead_in_cny.iter().sum();
        plan.opex_cny_yr = plan.segments.iter().map(|s| s.opex_cny_yr).sum::<f64>()
            + plan.pon.iter().map(|n| n.opex_cny_yr).sum::<f64>()
            + lead_ins * settings.fiber.opex_share;
        self.put_in_order(&mut plan, &draft);
        plan.loads = self.loads(&points, &draft.odns);
        plan.certificate = Some(match value_bound {
            Some(bound) => certificate(
                ("value of what the budget joins", "预算内接入的价值"),
                "points",
                self.value(&draft),
                bound,
                true,
            ),
            None => {
                let joined = draft.bill.routes.keys().chain(draft.direct.keys());
                let own: f64 = joined.map(|&i| self.own_cny(i)).sum();
                let bound = draft.joined.bound_cny + own;
                certificate(
                    ("capex of joining all that can be joined", "接入全部可接入对象的投资"),
                    "CNY",
                    draft.capex_cny,
                    bound,
                    false,
                )
            }
        });
        plan.notes = self.notes(&plan, &draft, &points);
        plan
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
        points
    }

    fn loads(&self, points: &BTreeMap<u32, u32>, odns: &Odns) -> Vec<AccessLoad> {
        let RouteRequest { inputs, settings, access, .. } = *self.request;
        let spare = capacity::spare(inputs, &settings.fiber, access.points());
        let mut loads: BTreeMap<AccessKind, AccessLoad> = BTreeMap::new();
        for &p in points.values() {
            let kind = access.points()[p as usize].kind;
            let spare = spare.get(&kind).copied().unwrap_or_default();
            let load =
                loads.entry(kind).or_insert(AccessLoad { access: kind, fibers: 0, terminals: 0, spare });
            load.terminals += 1;
        }
        for (&p, &fibers) in &odns.taken {
            if let Some(load) = loads.get_mut(&access.points()[p as usize].kind) {
                load.fibers += fibers;
            }
        }
        loads.into_values().collect()
    }

    /// Order of building and phases of about equal money.
    fn put_in_order(&self, plan: &mut RoutePlan, draft: &Draft) {
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
        let phases = self.request.settings.plan.phases.max(1);
        let mut built = vec![false; plan.segments.len()];
        let mut lit = vec![false; plan.pon.len()];
        let mut spent = 0.0;
        for i in order {
            let c = &mut plan.connections[i as usize];
            let mut capex_cny = plan.lead_in_cny[i as usize];
            let fresh: Vec<usize> = c
                .route
                .iter()
                .map(|&s| s as usize)
                .filter(|&s| !std::mem::replace(&mut built[s], true))
                .collect();
            capex_cny += fresh.iter().map(|&s| plan.segments[s].capex_cny).sum::<f64>();
            let nodes = c.optical.as_ref().map_or(&[][..], |l| &l.nodes);
            let new: Vec<usize> = nodes
                .iter()
                .map(|&n| n as usize)
                .filter(|&n| !std::mem::replace(&mut lit[n], true))
                .collect();
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

    fn notes(&self, plan: &RoutePlan, draft: &Draft, points: &BTreeMap<u32, u32>) -> Vec<Note> {
        let access = self.request.access.points();
        let mut notes = Vec::new();
        let mut say = |code, count: f64, en: String, zh: String| {
            if count > 0.0 {
                notes.push(Note::new(code, en, zh));
            }
        };
        let used: BTreeSet<u32> = points.values().copied().collect();
        let assumed = |cable: bool| {
            let of = |p: &&u32| matches!(access[**p as usize].kind, AccessKind::Cable(_)) == cable;
            used.iter().filter(of).filter(|&&p| access[p as usize].basis == Basis::Assumed).count()
        };
        let (nodes, taps) = (assumed(false), assumed(true));
        say(
            "N201",
            nodes as f64,
            format!(
                "{nodes} nodes are joined whose spare fibers the data don't tell: that they have some is an assumption"
            ),
            format!("{nodes} 个接入节点未给出空闲纤芯，假定可接入"),
        );
        say(
            "N202",
            taps as f64,
            format!("{taps} places tap a passing access cable, which is an assumption"),
            format!("{taps} 处在途经光缆上破缆接入，属假定"),
        );
        let km = |want: fn(&RouteSegment) -> bool| -> f64 {
            plan.segments.iter().filter(|s| want(s)).map(|s| s.length_m / 1e3).sum()
        };
        let consent = km(|s| s.consent);
        say(
            "N203",
            consent,
            format!(
                "{consent:.1} km run in ducts or on poles of others: their consent is needed and rent is counted"
            ),
            format!("{consent:.1} 公里使用他方管道或杆路，需产权单位同意并计租金"),
        );
        let unknown = self.site.ways.unknown_holes;
        say(
            "N204",
            f64::from(unknown),
            format!("{unknown} ducts are not used because their spare holes aren't told"),
            format!("{unknown} 段管道未给出空闲管孔，未予利用"),
        );
        let left = draft.joined.left_over.len();
        say(
            "N205",
            left as f64,
            format!(
                "{left} sites stay without fiber because no node that they can reach has fibers to spare"
            ),
            format!("{left} 个对象因可达节点无空闲纤芯而未接入"),
        );
        let dark = plan.connections.iter().filter(|c| c.optical.as_ref().is_some_and(|l| !l.met)).count();
        say(
            "N207",
            dark as f64,
            format!(
                "{dark} connections don't meet their loss budget or reach; each says why in its optical data"
            ),
            format!("{dark} 个接入不满足光功率预算或传输距离，原因见各接入的光路数据"),
        );
        let guessed = |c: &&Connection| c.optical.as_ref().is_some_and(|l| l.office_basis == Basis::Assumed);
        let guessed = plan.connections.iter().filter(guessed).count();
        say(
            "N208",
            guessed as f64,
            format!(
                "of {guessed} connections the data don't tell the cable from the node joined to its office: the nearest office in a straight line, lengthened, is assumed, or, without any, that the OLT stands at the node"
            ),
            format!(
                "{guessed} 个接入未给出接入点至局房的光缆：假定接至最近局房（直线距离乘迂回系数），无局房数据时假定 OLT 设于接入点"
            ),
        );
        let inferred = km(|s| s.basis == Basis::Inferred);
        say(
            "N206",
            inferred,
            format!("{inferred:.1} km follow an inferred right of way: routes are plausible, not surveyed"),
            format!("{inferred:.1} 公里沿推断路由，仅供估算"),
        );
        notes
    }
}

/// Names ports and splitters, each kind by itself.
fn numbered(mut nodes: Vec<PonNode>) -> Vec<PonNode> {
    let (mut ports, mut splitters) = (0, 0);
    for n in &mut nodes {
        let (prefix, count) = match n.kind {
            PonKind::Port => ("PON", &mut ports),
            PonKind::Splitter => ("SP", &mut splitters),
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
mod pon_tests;
#[cfg(test)]
mod tests;
