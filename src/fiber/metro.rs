//! The structure of metropolitan networks as an alternative to the free tree: service areas (综合业务接入区)
//! around cabinets, the cabinets on feeder rings (主干光交环), and from each cabinet a tree of distribution
//! cables (配线) with lead-ins (引入) to the sites.
//!
//! Areas are cut from the free tree: from its ends on, a cabinet stands where the next stretch towards the
//! office would take a site farther than `fiber.metro.area_m`, or where `fiber.metro.area_sites` are
//! together. What is left near the node joined needs no cabinet. The cabinets get two routes to the core as
//! protected sites do; the distribution is planned like any other fiber, from the cabinets as nodes, with the
//! ring's trenches as ducts of one's own.

use super::pon::{Odn, sites_per_fiber};
use super::{
    AccessLoad, RouteError, RoutePlan, RouteRequest, Terminal, Ways, certificate, phasing, plan_tree, remarks,
};
use crate::geom::LonLat;
use crate::model::inputs::Inputs;
use crate::model::kinds::{Basis, FiberLevel, FiberNodeKind, LayMethod};
use crate::model::notes::Note;
use crate::model::planned::{Certificate, Connection, ConnectionState, PonKind, PonNode, Structure};
use crate::model::records::{Duct, FiberNode, FiberSegment, Origin};
use crate::model::settings::Settings;
use crate::network::{AccessKind, FiberAccess};
use std::collections::{BTreeMap, BTreeSet};

/// Owner of what the plan itself builds.
const OWN: &str = "covplan-ring";
/// Times that cabinets which nobody hangs on are left out.
const ROUNDS: usize = 3;
/// Numbers of terminals that are tried within a budget.
const TRIES: usize = 8;
/// Fibers that a new cabinet has to give.
const CABINET_FIBERS: u32 = 576;

/// A service area.
#[derive(Clone, Debug)]
pub(super) struct Area {
    /// Where its cabinet stands.
    pub at: LonLat,
    /// Its terminals, by number.
    pub terminals: Vec<u32>,
}

/// Cuts a tree into areas; tells those, and the terminals that need no cabinet.
pub(super) fn areas(odn: &Odn, settings: &Settings) -> (Vec<Area>, Vec<u32>) {
    let metro = &settings.fiber.metro;
    let stems = &odn.stems;
    let n = stems.parent.len();
    let most = (metro.area_sites as usize).max(1);
    // Terminals that wait at a node, each with its distance from there.
    let mut waiting: Vec<Vec<(u32, f64)>> = vec![Vec::new(); n];
    for e in &odn.ends {
        waiting[e.node as usize].push((e.terminal, e.lead_in_m));
    }
    let mut found = Vec::new();
    for v in (1..n).rev() {
        let mut pool = std::mem::take(&mut waiting[v]);
        pool.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let mut cut = |list: Vec<(u32, f64)>| {
            let terminals = list.into_iter().map(|e| e.0).collect();
            found.push(Area { at: odn.at[v], terminals });
        };
        while pool.len() > most {
            let rest = pool.split_off(most);
            cut(std::mem::replace(&mut pool, rest));
        }
        let (parent, up_m) = (stems.parent[v] as usize, stems.up_m[v]);
        let farthest = pool.iter().map(|e| e.1).fold(0.0, f64::max);
        if !pool.is_empty() && farthest + up_m > metro.area_m {
            cut(pool);
        } else {
            waiting[parent].extend(pool.into_iter().map(|(t, m)| (t, m + up_m)));
        }
    }
    let near = waiting.first().map_or_else(Vec::new, |w| w.iter().map(|e| e.0).collect());
    (found, near)
}

/// What a structure comes to.
pub(super) fn summary(name: &'static str, plan: &RoutePlan) -> Structure {
    let sum = |of: fn(&crate::model::planned::RouteSegment) -> f64| plan.segments.iter().map(of).sum::<f64>();
    let joined = || plan.connections.iter().filter(|c| c.state == ConnectionState::Planned);
    let length_m = sum(|s| s.length_m);
    Structure {
        name,
        chosen: false,
        capex_cny: plan.capex_cny,
        opex_cny_yr: plan.opex_cny_yr,
        trench_m: sum(|s| s.trench_m),
        hole_m: sum(|s| s.hole_m),
        cable_m: sum(|s| s.cable_m),
        fiber_m: sum(|s| s.fiber_m),
        cabinets: plan.pon.iter().filter(|n| n.kind == PonKind::Cabinet).count() as u64,
        joined: joined().count() as u64,
        two_ways: joined().filter(|c| c.survives_a_cut() || !c.ring.is_empty()).count() as u64,
        worst_cut: plan.segments.iter().map(|s| u64::from(s.cut_lost)).max().unwrap_or(0),
        mean_cut: sum(|s| s.length_m * f64::from(s.cut_lost)) / length_m.max(f64::MIN_POSITIVE),
    }
}

/// The plan in the structure that the settings ask for, with both compared.
pub(super) fn choose(
    request: &RouteRequest<'_, '_, '_>,
    mut tree: RoutePlan,
    areas: &[Area],
    near: &BTreeSet<String>,
) -> Result<RoutePlan, RouteError> {
    let found = match request.budget_cny {
        Some(budget_cny) => rings_within(request, &tree, budget_cny)?,
        None => rings(request, &tree, areas, near)?,
    };
    let Some(mut metro) = found else {
        let note = if areas.is_empty() || request.budget_cny.is_none() {
            Note::new(
                "N209",
                "no feeder rings are planned: no area lies far enough from the nodes joined to need a cabinet",
                "未规划主干光交环：各接入区距接入节点较近，无需新设光交",
            )
        } else {
            Note::new(
                "N210",
                "no feeder rings are planned: the money doesn't reach for any that would be of use",
                "未规划主干光交环：资金不足以建成有用的环",
            )
        };
        tree.notes.push(note);
        return Ok(tree);
    };
    let mut both = [summary("tree", &tree), summary("metro", &metro)];
    let metro_wins = match request.settings.fiber.structure.as_str() {
        "metro" => true,
        "cheaper" => both[1].joined >= both[0].joined && both[1].capex_cny < both[0].capex_cny,
        _ => false,
    };
    both[usize::from(metro_wins)].chosen = true;
    let plan = if metro_wins { &mut metro } else { &mut tree };
    plan.structures = both.to_vec();
    Ok(if metro_wins { metro } else { tree })
}

/// The plan with feeder rings; none where no cabinet is needed.
fn rings(
    request: &RouteRequest<'_, '_, '_>,
    tree: &RoutePlan,
    areas: &[Area],
    near: &BTreeSet<String>,
) -> Result<Option<RoutePlan>, RouteError> {
    let mut areas: Vec<&Area> = areas.iter().collect();
    for _ in 0..ROUNDS {
        if areas.is_empty() {
            return Ok(None);
        }
        let two = Tiers::new(request, &areas, near)?;
        let used: BTreeSet<usize> = two.cabinet_of.iter().flatten().copied().collect();
        if used.len() == areas.len() {
            return Ok(Some(two.joined(request, tree)));
        }
        areas = used.into_iter().map(|i| areas[i]).collect();
    }
    Ok(None)
}

/// The plan with feeder rings to those whom the money reaches for: to all that the tree joins, or else to as
/// many as can be had of those that come first where all are joined. None where no cabinet is needed, or where
/// what is locked costs too much over rings.
fn rings_within(
    request: &RouteRequest<'_, '_, '_>,
    tree: &RoutePlan,
    budget_cny: f64,
) -> Result<Option<RoutePlan>, RouteError> {
    let terminals = request.terminals;
    let over_rings = |who: &[u32]| -> Result<Option<RoutePlan>, RouteError> {
        let some: Vec<Terminal> = who.iter().map(|&i| terminals[i as usize].clone()).collect();
        let request = RouteRequest { terminals: &some, budget_cny: None, ..*request };
        let (free, areas, near) = plan_tree(&request, true)?;
        rings(&request, &free, &areas, &near)
    };
    let planned = |c: &Connection| c.state == ConnectionState::Planned;
    let all: Vec<u32> = (0u32..).zip(&tree.connections).filter(|(_, c)| planned(c)).map(|(i, _)| i).collect();
    let Some(whole) = over_rings(&all)? else { return Ok(None) };
    if whole.capex_cny <= budget_cny {
        return Ok(Some(among(whole, &all, terminals, tree)));
    }
    // A ring to a cabinet costs more than who hangs on it: those of one cabinet come one after the other.
    let in_order = || whole.order.iter().map(|step| step.connection as usize);
    let must = |i: &usize| terminals[all[*i] as usize].must;
    let cabinet = |i: usize| whole.connections[i].cabinet.as_deref();
    let mut rank: BTreeMap<Option<&str>, usize> = BTreeMap::new();
    for i in in_order().filter(must).chain(in_order()) {
        let next = rank.len();
        rank.entry(cabinet(i)).or_insert(next);
    }
    let mut first: Vec<usize> = in_order().collect();
    first.sort_by_key(|i| (!must(i), rank.get(&cabinet(*i)).copied()));
    let locked = first.iter().filter(|i| must(i)).count();
    let (mut fits, mut too_many, mut best) = (locked, first.len(), None);
    for _ in 0..TRIES {
        let many = usize::midpoint(fits, too_many);
        if many == 0 || (many == fits && best.is_some()) {
            break;
        }
        let mut who: Vec<u32> = first[..many].iter().map(|&i| all[i]).collect();
        who.sort_unstable();
        match over_rings(&who)? {
            Some(plan) if plan.capex_cny <= budget_cny => best = Some(among(plan, &who, terminals, tree)),
            // So few need no cabinet.
            None => {}
            Some(_) if many == fits => break,
            Some(_) => {
                too_many = many;
                continue;
            }
        }
        fits = many;
    }
    Ok(best)
}

/// A plan for some terminals as one for all of them: the others stay as the tree has them, or are left out for
/// lack of money.
fn among(mut plan: RoutePlan, who: &[u32], terminals: &[Terminal], tree: &RoutePlan) -> RoutePlan {
    let without = |(t, c): (&Terminal, &Connection)| {
        let state = if c.state == ConnectionState::Planned { ConnectionState::Budget } else { c.state };
        Connection::without(&t.id, state)
    };
    let mut connections: Vec<Connection> = terminals.iter().zip(&tree.connections).map(without).collect();
    let mut lead_in_cny = vec![0.0; terminals.len()];
    for ((&i, c), cny) in who.iter().zip(plan.connections).zip(plan.lead_in_cny) {
        connections[i as usize] = c;
        lead_in_cny[i as usize] = cny;
    }
    (plan.connections, plan.lead_in_cny) = (connections, lead_in_cny);
    for step in &mut plan.order {
        step.connection = who[step.connection as usize];
    }
    let value = |plan: &RoutePlan| -> f64 {
        let joined = terminals.iter().zip(&plan.connections);
        joined.filter(|(_, c)| c.state == ConnectionState::Planned).map(|(t, _)| t.value).sum()
    };
    let all = plan.connections.iter().zip(&tree.connections).all(|(a, b)| a.state == b.state);
    let bound = match &tree.certificate {
        // Rings cost no less than a tree to the same terminals: what bounds trees bounds them.
        Some(c) if c.maximise => Some(c.bound),
        _ => (!all).then(|| value(tree)),
    };
    if let Some(bound) = bound {
        let said = ("value of what the budget joins over feeder rings", "预算内经主干光交环接入的价值");
        plan.certificate = Some(certificate(said, "points", value(&plan), bound, true));
    }
    plan
}

/// Feeder rings and distribution, each planned by itself.
struct Tiers {
    /// Cabinets, then the terminals with two routes of their own.
    feeder: RoutePlan,
    distribution: RoutePlan,
    cabinets: Vec<Cabinet>,
    /// Cabinet of each terminal; none where it hangs on an existing node, or isn't joined.
    cabinet_of: Vec<Option<usize>>,
    /// Place of each terminal among those of its tier.
    place: Vec<usize>,
}

struct Cabinet {
    id: String,
    at: LonLat,
}

impl Tiers {
    fn new(
        request: &RouteRequest<'_, '_, '_>,
        areas: &[&Area],
        near: &BTreeSet<String>,
    ) -> Result<Self, RouteError> {
        let RouteRequest { inputs, settings, snapper, terminals, .. } = *request;
        let cabinets: Vec<Cabinet> =
            (1..).zip(areas).map(|(n, a)| Cabinet { id: format!("CAB-{n:05}"), at: a.at }).collect();
        let mut first: Vec<Terminal> = cabinets
            .iter()
            .zip(areas)
            .map(|(c, a)| {
                let of = |shared: bool| {
                    let list = a.terminals.iter().map(|&t| &terminals[t as usize]);
                    list.filter(move |t| t.shared == shared)
                };
                let own: u32 = of(false).map(|t| t.fibers).sum();
                let ports = (of(true).count() as u32).div_ceil(sites_per_fiber(&settings.fiber).max(1));
                Terminal {
                    id: c.id.clone(),
                    at: c.at,
                    fibers: (own + ports).max(1),
                    shared: false,
                    value: a.terminals.iter().map(|&t| terminals[t as usize].value).sum(),
                    must: false,
                    protect: true,
                    equipment_cny: Some(settings.fiber.metro.cabinet_cny),
                }
            })
            .collect();
        let mut second: Vec<Terminal> = Vec::new();
        let place: Vec<usize> = terminals
            .iter()
            .map(|t| {
                let tier = if t.protect { &mut first } else { &mut second };
                tier.push(t.clone());
                tier.len() - 1
            })
            .collect();
        let (feeder, _, _) =
            plan_tree(&RouteRequest { terminals: &first, budget_cny: None, ..*request }, false)?;

        // The cabinets as nodes, fed over the rings; the rings' trenches as ducts.
        let mut settings = settings.clone();
        settings.fiber.own_owners.push(OWN.to_owned());
        let mut below = Inputs {
            fiber_nodes: inputs.fiber_nodes.clone(),
            fiber_segments: inputs.fiber_segments.clone(),
            ducts: inputs.ducts.clone(),
            ..Inputs::default()
        };
        for l in &feeder.loads {
            if let AccessKind::Node(i) = l.access
                && let Some(n) = below.fiber_nodes.get_mut(i as usize)
            {
                n.fibers_free = n.fibers_free.map(|f| f.saturating_sub(l.fibers));
            }
        }
        let existing: BTreeSet<&str> = inputs.fiber_nodes.iter().map(|n| n.id.as_str()).collect();
        let mut shut = settings.plan.lock.shut.clone();
        shut.extend(existing.iter().filter(|id| !near.contains(**id)).map(|id| (*id).to_owned()));
        for (c, joined) in cabinets.iter().zip(&feeder.connections) {
            if joined.state != ConnectionState::Planned {
                continue;
            }
            below.fiber_nodes.push(FiberNode {
                id: c.id.clone(),
                kind: FiberNodeKind::Fdt,
                owner: OWN.to_owned(),
                at: c.at,
                fibers_total: None,
                fibers_free: Some(CABINET_FIBERS),
                can_tap: None,
                pon: None,
                ports_free: None,
                rack_free: None,
                power_free_kw: None,
                origin: Origin::default(),
            });
            below.fiber_segments.push(FiberSegment {
                id: format!("{}-feeder", c.id),
                line: vec![c.at, joined.lead_in.first().copied().unwrap_or(c.at)],
                line_made: true,
                from_node: Some(c.id.clone()),
                to_node: joined.node.clone(),
                owner: OWN.to_owned(),
                level: Some(FiberLevel::Feeder),
                method: None,
                fibers_total: None,
                fibers_free: None,
                length_m: joined.route_m,
                duct_id: None,
                srlg: None,
                status: None,
                origin: Origin::default(),
            });
        }
        // A hole that the ring takes is taken.
        let taken: BTreeSet<&str> = feeder.segments.iter().filter_map(|s| s.reuses.as_deref()).collect();
        for d in below.ducts.iter_mut().filter(|d| taken.contains(d.id.as_str())) {
            d.holes_free = d.holes_free.map(|n| n.saturating_sub(1));
        }
        for s in feeder.segments.iter().filter(|s| s.trench_m > 0.0 && s.method == LayMethod::Duct) {
            below.ducts.push(Duct {
                id: s.id.clone(),
                line: s.line.clone(),
                owner: OWN.to_owned(),
                holes_total: None,
                holes_free: Some(1),
                shareable: None,
                rent_cny_km_yr: None,
                srlg: None,
                status: None,
                origin: Origin::default(),
            });
        }
        let access = FiberAccess::new(&below, &settings.fiber, &shut, snapper)?;
        let ways = Ways::new(&below, &settings, snapper);
        let (distribution, _, _) = plan_tree(
            &RouteRequest {
                inputs: &below,
                settings: &settings,
                ways: &ways,
                access: &access,
                terminals: &second,
                budget_cny: None,
                ..*request
            },
            false,
        )?;
        let number: BTreeMap<&str, usize> = (0..).zip(&cabinets).map(|(i, c)| (c.id.as_str(), i)).collect();
        let cabinet_of = terminals
            .iter()
            .zip(&place)
            .map(|(t, &p)| {
                let c = if t.protect { return None } else { &distribution.connections[p] };
                c.node.as_deref().and_then(|n| number.get(n)).copied()
            })
            .collect();
        Ok(Self { feeder, distribution, cabinets, cabinet_of, place })
    }

    /// Both tiers as one plan.
    fn joined(mut self, request: &RouteRequest<'_, '_, '_>, tree: &RoutePlan) -> RoutePlan {
        let RouteRequest { settings, terminals, .. } = *request;
        let shift = self.feeder.segments.len() as u32;
        let mut plan = RoutePlan {
            segments: std::mem::take(&mut self.feeder.segments),
            pon: std::mem::take(&mut self.distribution.pon),
            tree_cny: tree.tree_cny,
            one_by_one_cny: tree.one_by_one_cny,
            unshared_cny: tree.unshared_cny,
            protection_cny: self.feeder.protection_cny,
            stopped_early: self.feeder.stopped_early || self.distribution.stopped_early,
            ..RoutePlan::default()
        };
        plan.segments.append(&mut self.distribution.segments);
        let of_ring: BTreeMap<String, u32> =
            (0..shift).zip(&plan.segments).map(|(i, s)| (s.id.clone(), i)).collect();
        // What lies in a trench of the ring fails with it.
        let mut hosts: BTreeMap<u32, u32> = BTreeMap::new();
        for (n, s) in (0u32..).zip(&mut plan.segments) {
            s.id = format!("FR-{:05}", n + 1);
            (s.serves, s.cut_lost) = (0, 0);
            // The ring's trench doesn't stand yet.
            if s.owner.as_deref() == Some(OWN) {
                let host = s.reuses.take().and_then(|id| of_ring.get(&id).copied());
                hosts.extend(host.map(|h| (n, h)));
                s.owner = None;
            }
        }
        let first_cabinet = plan.pon.len() as u32;
        for (i, c) in self.cabinets.iter().enumerate() {
            let capex_cny = self.feeder.lead_in_cny[i];
            plan.pon.push(PonNode {
                id: c.id.clone(),
                kind: PonKind::Cabinet,
                at: c.at,
                level: 0,
                ratio: 1,
                used: 1,
                serves: self.cabinet_of.iter().filter(|o| **o == Some(i)).count() as u32,
                fed_by: None,
                node: self.feeder.connections[i].node.clone(),
                capex_cny,
                opex_cny_yr: capex_cny * settings.fiber.opex_share,
                payer: settings.plan.payer.fiber.clone(),
                city: (request.city_of)(c.at),
                phase: 1,
            });
        }
        for ((t, &p), cabinet) in terminals.iter().zip(&self.place).zip(&self.cabinet_of) {
            if t.protect {
                plan.connections.push(self.feeder.connections[p].clone());
                plan.lead_in_cny.push(self.feeder.lead_in_cny[p]);
                continue;
            }
            let mut c = self.distribution.connections[p].clone();
            for s in &mut c.route {
                *s += shift;
            }
            if let Some(i) = *cabinet {
                let on = &self.feeder.connections[i];
                c.cabinet = Some(self.cabinets[i].id.clone());
                c.node.clone_from(&on.node);
                c.route.extend(&on.route);
                c.route_m = c.route_m.zip(on.route_m).map(|(a, b)| a + b);
                if on.survives_a_cut() {
                    c.ring = on.protection.iter().flat_map(|p| p.route.iter().copied()).collect();
                }
                if let Some(l) = &mut c.optical {
                    l.nodes.push(first_cabinet + i as u32);
                    // The cabinet's own way to the node joined is planned, and part of the route.
                    if l.office_basis == Basis::Given {
                        l.upstream_m = (l.upstream_m - on.route_m.unwrap_or(0.0)).max(0.0);
                    }
                }
            }
            plan.connections.push(c);
            plan.lead_in_cny.push(self.distribution.lead_in_cny[p]);
        }
        // From its cabinet on everything is cheap: what it costs alone is told by the tree.
        for (c, free) in plan.connections.iter_mut().zip(&tree.connections) {
            c.alone_cny = free.alone_cny;
        }
        share(&mut plan, &self.cabinet_of, &self.feeder.connections, shift, &hosts);
        let lead_ins: f64 = plan.lead_in_cny.iter().sum();
        plan.capex_cny = plan.segments.iter().map(|s| s.capex_cny).sum::<f64>()
            + plan.pon.iter().map(|n| n.capex_cny).sum::<f64>()
            + lead_ins;
        plan.opex_cny_yr = plan.segments.iter().map(|s| s.opex_cny_yr).sum::<f64>()
            + plan.pon.iter().map(|n| n.opex_cny_yr).sum::<f64>()
            + lead_ins * settings.fiber.opex_share;
        self.loads(request, &mut plan);
        let mut order: Vec<u32> = (0..terminals.len() as u32)
            .filter(|&i| plan.connections[i as usize].state == ConnectionState::Planned)
            .collect();
        let rate = |i: u32| terminals[i as usize].value / plan.connections[i as usize].cost_cny.max(1.0);
        order.sort_by(|&a, &b| rate(b).total_cmp(&rate(a)).then(a.cmp(&b)));
        phasing::put_in_steps(&mut plan, order, terminals, settings.plan.phases);
        // Whatever joins the same terminals costs no less than the bound of the tree.
        let same = plan.connections.iter().zip(&tree.connections).all(|(a, b)| a.state == b.state);
        let bound =
            tree.certificate.as_ref().filter(|c| same && !c.maximise).map_or(0.0, |c: &Certificate| c.bound);
        plan.certificate = Some(certificate(
            (
                "capex of joining all that can be joined, over feeder rings; the bound is that of any structure",
                "接入全部可接入对象的投资（主干光交环结构；界限适用于任何结构）",
            ),
            "CNY",
            plan.capex_cny,
            bound.min(plan.capex_cny),
            false,
        ));
        // What the tiers count of themselves, the plan counts anew: a cabinet is nobody's connection.
        plan.notes = std::mem::take(&mut self.feeder.notes);
        plan.notes.append(&mut self.distribution.notes);
        plan.notes.retain(|n| !remarks::OF_PLAN.contains(&n.code));
        let mut seen = BTreeSet::new();
        plan.notes.retain(|n| seen.insert((n.code, n.en.clone())));
        plan.notes.extend(remarks::of_plan(&plan));
        plan.notes.extend(self.spurs());
        plan
    }

    /// Cabinets that stand on no ring, with what is in the way of the first.
    fn spurs(&self) -> Option<Note> {
        let of = |(cabinet, c): (&Cabinet, &Connection)| {
            let reason = c.protection.as_ref().filter(|p| !p.met)?.reason.clone()?;
            (c.state == ConnectionState::Planned).then(|| (cabinet.id.clone(), reason))
        };
        let found: Vec<_> = self.cabinets.iter().zip(&self.feeder.connections).filter_map(of).collect();
        let (first, (en, zh)) = found.first()?;
        let (n, all) = (found.len(), self.cabinets.len());
        Some(Note::new(
            "N218",
            format!("{n} of {all} new cabinets have one way to the core and no ring: of {first}, {en}"),
            format!("{all} 个新建光交中 {n} 个仅有单路由、未成环：{first}，{zh}"),
        ))
    }

    /// What existing nodes give to both tiers.
    fn loads(&self, request: &RouteRequest<'_, '_, '_>, plan: &mut RoutePlan) {
        let existing = request.inputs.fiber_nodes.len() as u32;
        let mut loads: BTreeMap<AccessKind, AccessLoad> = BTreeMap::new();
        for l in self.feeder.loads.iter().chain(&self.distribution.loads) {
            if matches!(l.access, AccessKind::Node(i) if i >= existing) {
                continue;
            }
            loads
                .entry(l.access)
                .and_modify(|have| {
                    have.fibers += l.fibers;
                    have.terminals += l.terminals;
                })
                .or_insert(*l);
        }
        plan.loads = loads.into_values().collect();
    }
}

/// Who uses each segment, what a cut of it takes down, and everyone's share of the cost. `hosts` are the
/// segments of a ring in whose trenches others lie.
fn share(
    plan: &mut RoutePlan,
    cabinet_of: &[Option<usize>],
    feeder: &[Connection],
    shift: u32,
    hosts: &BTreeMap<u32, u32>,
) {
    let joined: Vec<usize> = (0..plan.connections.len())
        .filter(|&i| plan.connections[i].state == ConnectionState::Planned)
        .collect();
    for &i in &joined {
        let c = &plan.connections[i];
        for s in c.segments() {
            plan.segments[s as usize].serves += 1;
        }
        if c.survives_a_cut() {
            continue;
        }
        // From a cabinet on a ring only the way to the cabinet can take it down.
        let ringed = cabinet_of[i].is_some_and(|k| feeder[k].survives_a_cut());
        let own = c.route.iter().filter(|s| !ringed || **s >= shift);
        let cut: BTreeSet<u32> = own.flat_map(|s| [Some(s), hosts.get(s)]).flatten().copied().collect();
        for s in cut {
            plan.segments[s as usize].cut_lost += 1;
        }
    }
    let cost = |c: &Connection| -> f64 {
        c.segments()
            .map(|s| {
                let s = &plan.segments[s as usize];
                s.capex_cny / f64::from(s.serves.max(1))
            })
            .sum()
    };
    let costs: Vec<f64> = joined
        .iter()
        .map(|&i| {
            let c = &plan.connections[i];
            cost(c) + super::pon_share(c, &plan.pon) + plan.lead_in_cny[i]
        })
        .collect();
    for (i, cost_cny) in joined.into_iter().zip(costs) {
        plan.connections[i].cost_cny = cost_cny;
    }
}
