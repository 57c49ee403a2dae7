//! Passive optical networks over the planned trees: which sites share a port, where their splitters stand,
//! and whether the light arrives.

use super::Terminal;
use super::bill::{Round, Site};
use super::grouping::{Group, Stems, groups};
use super::office::Office;
use super::protect::Pair;
use super::tree::access_of;
use super::web::Link;
use crate::geom::{LonLat, line_length_m};
use crate::graph::{EdgeId, NodeId};
use crate::model::inputs::Inputs;
use crate::model::kinds::{Basis, FiberNodeKind, LayMethod};
use crate::model::planned::{Optical, PonKind, PonNode};
use crate::model::settings::{FiberSettings, PonClassSettings, Settings};
use crate::network::AccessKind;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;

/// Class of connections with fibers of their own.
const OWN: &str = "p2p";

/// The class that shared connections use; `None` where the settings want none.
///
/// # Errors
/// The name, when it is no member of `fiber.pon_class`.
pub(super) fn class(settings: &FiberSettings) -> Result<Option<(&str, PonClassSettings)>, String> {
    match settings.pon.class.as_str() {
        "none" => Ok(None),
        name => match settings.pon_class.get(name) {
            Some(class) => Ok(Some((name, *class))),
            None => Err(name.to_owned()),
        },
    }
}

/// The largest ratios of the splitter levels, from the office on: `1:4+1:8` is 4 and 8.
pub(super) fn splits(settings: &FiberSettings) -> Vec<u32> {
    let text = settings.pon.splits.split('+');
    text.filter_map(|s| s.trim().strip_prefix("1:")?.parse().ok()).filter(|&r| r > 1).collect()
}

/// Sites that the last level serves: its outputs with the spare share kept free.
fn last_capacity(ratio: u32, settings: &FiberSettings) -> u32 {
    ((f64::from(ratio) / settings.spare_factor).floor() as u32).max(1)
}

/// Sites that one fiber from the office serves at most.
pub(super) fn sites_per_fiber(settings: &FiberSettings) -> u32 {
    match splits(settings)[..] {
        [.., last] => {
            let first: u32 = splits(settings).iter().rev().skip(1).product();
            first.saturating_mul(last_capacity(last, settings))
        }
        [] => 1,
    }
}

/// Loss of a splitter, dB.
fn splitter_db(ratio: u32, settings: &FiberSettings) -> f64 {
    let db = &settings.splitter_db;
    match ratio {
        0 | 1 => 0.0,
        2 => db.r2,
        3..=4 => db.r4,
        5..=8 => db.r8,
        9..=16 => db.r16,
        17..=32 => db.r32,
        _ => db.r64,
    }
}

/// The smallest splitter with so many outputs.
fn size(outputs: u32) -> u32 {
    outputs.next_power_of_two()
}

/// Ever smaller splitters for sites that lie too far for the largest: the first level is halved until it is
/// gone, then the next.
fn ladder(mut splits: Vec<u32>) -> Vec<Vec<u32>> {
    let mut out = vec![splits.clone()];
    while let Some(first) = splits.first_mut() {
        *first /= 2;
        if *first < 2 {
            splits.remove(0);
        }
        out.push(splits.clone());
    }
    out
}

/// Everything planned of passive networks.
#[derive(Default)]
pub(super) struct Odns {
    /// Fibers along every edge in use.
    pub fibers: BTreeMap<EdgeId, u32>,
    /// Ports and splitters.
    pub nodes: Vec<PonNode>,
    /// How light reaches each terminal.
    pub light: BTreeMap<u32, Optical>,
    /// Fibers taken at each access point.
    pub taken: BTreeMap<u32, u32>,
    /// How light reaches terminals with two routes over the second.
    pub second_light: BTreeMap<u32, Optical>,
}

/// How terminals are joined.
pub(super) struct Found<'f> {
    pub rounds: &'f [Round],
    /// Terminals led in directly, and their access points.
    pub direct: &'f BTreeMap<u32, u32>,
    /// Terminals with two routes.
    pub pairs: &'f [Pair],
}

impl Odns {
    /// Capex of ports and splitters, yuan.
    pub fn capex_cny(&self) -> f64 {
        self.nodes.iter().map(|n| n.capex_cny).sum()
    }
}

/// A terminal on the tree of an access point.
pub(super) struct End {
    pub terminal: u32,
    pub node: u32,
    /// From the tree into the building, metres.
    pub lead_in_m: f64,
}

/// The tree below one access point, cut down to where something branches or ends. Node 0 is the access
/// point.
#[derive(Default)]
pub(super) struct Odn {
    pub access: u32,
    pub stems: Stems,
    pub at: Vec<LonLat>,
    /// Web edges of each stem.
    pub edges: Vec<Vec<EdgeId>>,
    /// Places between the access point and each node, that one included, where the cable divides.
    pub joints: Vec<u32>,
    pub ends: Vec<End>,
}

/// A way of light before its optics are chosen.
#[derive(Clone, Copy)]
struct Way {
    optical_m: f64,
    splices: u32,
}

/// Designs the passive networks of a draft. `lead_in_m` tells how far a terminal is from its road or, led in
/// directly, from its access point.
pub(super) fn design(
    site: &Site<'_, '_>,
    inputs: &Inputs,
    offices: &[Office],
    found: &Found<'_>,
    terminals: &[Terminal],
    lead_in_m: &dyn Fn(u32) -> f64,
) -> Odns {
    let mut odns: BTreeMap<(u32, u32), Odn> = BTreeMap::new();
    for (k, round) in (0u32..).zip(found.rounds) {
        for odn in trees(site, round, lead_in_m) {
            odns.insert((odn.access, k), odn);
        }
    }
    for (&terminal, &access) in found.direct {
        let odn = odns.entry((access, 0)).or_insert_with(|| Odn::at(access, site.access[access as usize].at));
        odn.ends.push(End { terminal, node: 0, lead_in_m: lead_in_m(terminal) });
    }
    let mut made = Odns::default();
    for odn in odns.values() {
        let office = offices.get(odn.access as usize).copied();
        let office = office.unwrap_or(Office { node: None, upstream_m: 0.0, basis: Basis::Assumed });
        Designer { site, inputs, office, odn, settings: site.settings }.design(terminals, &mut made);
    }
    doubled(site, inputs, offices, found.pairs, terminals, &mut made);
    made
}

/// Fibers and light of those with two routes, each with fibers of its own.
fn doubled(
    site: &Site<'_, '_>,
    inputs: &Inputs,
    offices: &[Office],
    pairs: &[Pair],
    terminals: &[Terminal],
    made: &mut Odns,
) {
    for p in pairs {
        let fibers = terminals[p.terminal as usize].fibers;
        for b in &p.branches {
            for &e in &b.edges {
                *made.fibers.entry(e).or_default() += fibers;
            }
            *made.taken.entry(b.access).or_default() += fibers;
        }
    }
    if pairs.is_empty() {
        return;
    }
    // Where the cable divides.
    let mut degree: FxHashMap<NodeId, u32> = FxHashMap::default();
    for v in made.fibers.keys().flat_map(|&e| site.web.graph.ends(e)) {
        *degree.entry(v).or_default() += 1;
    }
    let none = Odn::default();
    for p in pairs {
        for (b, second) in p.branches.iter().zip([false, true]) {
            let mut office = offices.get(b.access as usize).copied();
            if let Some(o) = office.as_mut().filter(|_| !b.cables.is_empty()) {
                let cables = b.cables.iter().filter_map(|&c| inputs.fiber_segments.get(c as usize));
                o.upstream_m = cables.map(|s| s.length_m.unwrap_or_else(|| line_length_m(&s.line))).sum();
                o.basis = Basis::Given;
            }
            let office = office.unwrap_or(Office { node: None, upstream_m: 0.0, basis: Basis::Assumed });
            let designer = Designer { site, inputs, office, odn: &none, settings: site.settings };
            let new_m = b.edges.iter().map(|&e| site.edge_m(e)).sum::<f64>() + b.lead_in_m;
            let mut at = b.start;
            let mut joints = 0;
            for &e in &b.edges {
                joints += u32::from(at != b.start && degree.get(&at).is_some_and(|&d| d > 2));
                at = site.web.graph.opposite(e, at);
            }
            let fiber = &site.settings.fiber;
            let own = PonClassSettings { budget_db: fiber.pon.p2p_budget_db, reach_m: fiber.pon.p2p_reach_m };
            let mut l = designer.light(OWN, own, &[], designer.over(new_m, joints));
            l.reason = (!l.met).then(|| why_not(&l, fiber));
            if second { &mut made.second_light } else { &mut made.light }.insert(p.terminal, l);
        }
    }
}

/// The trees of one round, one per access point in use.
pub(super) fn trees(site: &Site<'_, '_>, round: &Round, lead_in_m: &dyn Fn(u32) -> f64) -> Vec<Odn> {
    let hung = &round.hung;
    let mut below: FxHashMap<NodeId, u32> = FxHashMap::default();
    let mut ends: FxHashSet<NodeId> = FxHashSet::default();
    let mut walked: FxHashSet<NodeId> = FxHashSet::default();
    for m in &round.members {
        let mut v = m.node;
        ends.insert(v);
        while let Some((_, u)) = hung.up(v).filter(|_| walked.insert(v)) {
            *below.entry(u).or_default() += 1;
            v = u;
        }
    }
    let branches = |v: NodeId| below.get(&v).is_some_and(|&n| n > 1);
    // No splitter or cabinet stands where cables meet under water: what divides there runs on to the shore.
    let laid_under = |e: EdgeId| site.web.pieces(e).first().is_some_and(|p| p.method == LayMethod::Submarine);
    let afloat = |v: NodeId| site.web.graph.arcs(v).all(|(e, _)| laid_under(e));
    let mut odns: BTreeMap<u32, Odn> = BTreeMap::new();
    // Where each kept node is: access point and number in its tree.
    let mut place: FxHashMap<NodeId, (u32, u32)> = FxHashMap::default();
    for &v in &hung.order {
        let used = below.contains_key(&v) || ends.contains(&v);
        let Some((first, _)) = hung.up(v).filter(|_| used) else { continue };
        if let Link::Root(access) = site.web.link(first) {
            odns.insert(access, Odn::at(access, site.access[access as usize].at));
            place.insert(v, (access, 0));
            continue;
        }
        if (!branches(v) || afloat(v)) && !ends.contains(&v) {
            continue;
        }
        let (mut edges, mut length_m, mut divided) = (Vec::new(), 0.0, u32::from(branches(v)));
        let mut at = v;
        while let Some((e, u)) = hung.up(at) {
            edges.push(e);
            length_m += site.edge_m(e);
            at = u;
            if place.contains_key(&at) {
                break;
            }
            divided += u32::from(branches(at));
        }
        let Some(&(access, parent)) = place.get(&at) else { continue };
        let Some(odn) = odns.get_mut(&access) else { continue };
        place.insert(v, (access, odn.at.len() as u32));
        odn.joints.push(odn.joints[parent as usize] + divided);
        odn.stems.parent.push(parent);
        odn.stems.up_m.push(length_m);
        odn.edges.push(edges);
        odn.at.push(site.position(v, first));
    }
    for m in &round.members {
        if let Some(&(access, node)) = place.get(&m.node)
            && let Some(odn) = odns.get_mut(&access)
        {
            odn.ends.push(End { terminal: m.terminal, node, lead_in_m: lead_in_m(m.terminal) });
        }
    }
    debug_assert!(round.members.iter().all(|m| access_of(site.web, hung, m.node).is_some()));
    odns.into_values().collect()
}

impl Odn {
    fn at(access: u32, at: LonLat) -> Self {
        Self {
            access,
            stems: Stems { parent: vec![0], up_m: vec![0.0] },
            at: vec![at],
            edges: vec![Vec::new()],
            joints: vec![0],
            ends: Vec::new(),
        }
    }

    /// Adds fibers from a node up to another, or to the access point.
    fn lay(&self, mut from: u32, to: u32, fibers: u32, out: &mut BTreeMap<EdgeId, u32>) {
        while from != to && from != 0 {
            for &e in &self.edges[from as usize] {
                *out.entry(e).or_default() += fibers;
            }
            from = self.stems.parent[from as usize];
        }
    }
}

struct Designer<'a, 's, 'r> {
    site: &'a Site<'s, 'r>,
    inputs: &'a Inputs,
    office: Office,
    odn: &'a Odn,
    settings: &'a Settings,
}

impl Designer<'_, '_, '_> {
    fn design(&self, terminals: &[Terminal], made: &mut Odns) {
        let fiber = &self.settings.fiber;
        let depth = self.odn.stems.depth_m();
        let shared = class(fiber).ok().flatten();
        let steps = match self.splitter_stands() {
            true => vec![splits(fiber)],
            false => ladder(splits(fiber)),
        };
        let mut by_step: Vec<Vec<u32>> = vec![Vec::new(); steps.len()];
        let mut light: Vec<Optical> = Vec::new();
        for (i, end) in (0u32..).zip(&self.odn.ends) {
            let way = self.way(end, &depth);
            let asked = shared.filter(|_| terminals[end.terminal as usize].shared);
            let own = PonClassSettings { budget_db: fiber.pon.p2p_budget_db, reach_m: fiber.pon.p2p_reach_m };
            light.push(match asked {
                None => {
                    let mut l = self.light(OWN, own, &[], way);
                    l.reason = (!l.met).then(|| why_not(&l, fiber));
                    l
                }
                Some((name, class)) => {
                    let fits = steps.iter().position(|s| self.light(name, class, s, way).met);
                    match fits {
                        Some(k) => {
                            by_step[k].push(i);
                            let mut l = self.light(name, class, &steps[k], way);
                            l.reason =
                                (k > 0).then(|| smaller(&self.light(name, class, &steps[0], way), &steps));
                            l
                        }
                        None => {
                            let tried = steps.last().map_or(&[][..], Vec::as_slice);
                            let failed = self.light(name, class, tried, way);
                            let why = why_not(&failed, fiber);
                            let mut l = self.light(OWN, own, &[], way);
                            l.reason = Some(if l.met {
                                (
                                    format!("{}; it gets fibers of its own", why.0),
                                    format!("{}；改用点对点光纤", why.1),
                                )
                            } else {
                                let too = why_not(&l, fiber);
                                (format!("{}; {}", why.0, too.0), format!("{}；{}", why.1, too.1))
                            });
                            l
                        }
                    }
                }
            });
        }
        let mut taken = 0;
        for (end, l) in self.odn.ends.iter().zip(&light).filter(|(_, l)| l.class == OWN) {
            debug_assert!(l.splits.is_empty());
            let fibers = terminals[end.terminal as usize].fibers;
            self.odn.lay(end.node, 0, fibers, &mut made.fibers);
            taken += fibers;
        }
        for (step, members) in steps.iter().zip(&by_step) {
            if members.is_empty() {
                continue;
            }
            taken += if self.splitter_stands() {
                for &m in members {
                    self.odn.lay(self.odn.ends[m as usize].node, 0, 1, &mut made.fibers);
                }
                members.len() as u32
            } else {
                self.network(step, members, &mut light, made)
            };
        }
        *made.taken.entry(self.odn.access).or_default() += taken;
        for (end, mut l) in self.odn.ends.iter().zip(light) {
            // The splitters that are built may be smaller than the largest allowed.
            if !l.nodes.is_empty() {
                let class = shared.map_or((OWN, None), |(name, c)| (name, Some(c)));
                let ratios = l.nodes.iter().rev().filter_map(|&n| made.nodes.get(n as usize));
                let ratios: Vec<u32> =
                    ratios.filter(|n| n.kind == PonKind::Splitter).map(|n| n.ratio).collect();
                if let (name, Some(c)) = class {
                    let built = self.light(name, c, &ratios, self.way(end, &depth));
                    l = Optical { reason: l.reason, nodes: l.nodes, ..built };
                }
            }
            made.light.insert(end.terminal, l);
        }
    }

    /// Splitters and ports for sites that all bear the same splitting; tells how many fibers reach the
    /// access point.
    fn network(&self, step: &[u32], members: &[u32], light: &mut [Optical], made: &mut Odns) -> u32 {
        let fiber = &self.settings.fiber;
        let fiber_cny_m = fiber.cable_fiber_cny_m;
        let odn = self.odn;
        let price = |outputs: u32| fiber.pon.splitter_cny + f64::from(outputs) * fiber.pon.splitter_port_cny;
        // What feeders come from, going up: at first the sites themselves.
        struct Fed {
            node: u32,
            sites: Vec<u32>,
            splitter: Option<u32>,
        }
        let mut fed: Vec<Fed> = members
            .iter()
            .map(|&m| Fed { node: odn.ends[m as usize].node, sites: vec![m], splitter: None })
            .collect();
        for (k, &ratio) in step.iter().enumerate().rev() {
            let last = k + 1 == step.len();
            let capacity = if last { last_capacity(ratio, fiber) } else { ratio };
            let above: u32 = step[..k].iter().product();
            let splitter_cny = price(ratio) + fiber.pon.olt_port_cny / f64::from(above.max(1));
            let at: Vec<u32> = fed.iter().map(|f| f.node).collect();
            let found: Vec<Group> = groups(&odn.stems, &at, capacity, splitter_cny, fiber_cny_m);
            let mut next = Vec::with_capacity(found.len());
            for g in found {
                let used = g.members.len() as u32;
                for &m in &g.members {
                    odn.lay(fed[m as usize].node, g.node, 1, &mut made.fibers);
                }
                let sites: Vec<u32> =
                    g.members.iter().flat_map(|&m| fed[m as usize].sites.iter().copied()).collect();
                let wanted = if last { (f64::from(used) * fiber.spare_factor).ceil() as u32 } else { used };
                let ratio = size(wanted).min(ratio);
                // One splitter behind one output needs none.
                if ratio < 2 {
                    let splitter = g.members.first().and_then(|&m| fed[m as usize].splitter);
                    next.push(Fed { node: g.node, sites, splitter });
                    continue;
                }
                let id = made.nodes.len() as u32;
                made.nodes.push(self.node(
                    PonKind::Splitter,
                    k as u32 + 1,
                    ratio,
                    used,
                    &sites,
                    g.node,
                    price(ratio),
                ));
                for &m in &g.members {
                    if let Some(s) = fed[m as usize].splitter {
                        made.nodes[s as usize].fed_by = Some(id);
                    }
                }
                for &s in &sites {
                    light[s as usize].nodes.push(id);
                }
                next.push(Fed { node: g.node, sites, splitter: Some(id) });
            }
            fed = next;
        }
        for f in &fed {
            odn.lay(f.node, 0, 1, &mut made.fibers);
            let id = made.nodes.len() as u32;
            made.nodes.push(self.node(PonKind::Port, 0, 1, 1, &f.sites, 0, fiber.pon.olt_port_cny));
            if let Some(s) = f.splitter {
                made.nodes[s as usize].fed_by = Some(id);
            }
            for &s in &f.sites {
                light[s as usize].nodes.push(id);
            }
        }
        fed.len() as u32
    }

    #[allow(clippy::too_many_arguments)]
    fn node(
        &self,
        kind: PonKind,
        level: u32,
        ratio: u32,
        used: u32,
        sites: &[u32],
        at: u32,
        capex_cny: f64,
    ) -> PonNode {
        let office = self.office.node.and_then(|n| self.inputs.fiber_nodes.get(n as usize));
        let (at, node) = match (kind, office) {
            (PonKind::Port, Some(o)) => (o.at, Some(o.id.clone())),
            _ => (self.odn.at[at as usize], self.access_id()),
        };
        PonNode {
            id: String::new(),
            kind,
            at,
            level,
            ratio,
            used,
            serves: sites.len() as u32,
            fed_by: None,
            node,
            capex_cny,
            opex_cny_yr: capex_cny * self.settings.fiber.opex_share,
            payer: self.settings.plan.payer.fiber.clone(),
            city: (self.site.city_of)(at),
            phase: 1,
        }
    }

    /// Whether the node joined is a splitter box without fibers to spare: its outputs are what is joined.
    fn splitter_stands(&self) -> bool {
        let AccessKind::Node(i) = self.site.access[self.odn.access as usize].kind else { return false };
        let node = self.inputs.fiber_nodes.get(i as usize);
        node.is_some_and(|n| n.kind == FiberNodeKind::Fat && n.fibers_free.unwrap_or(0) == 0)
    }

    fn access_id(&self) -> Option<String> {
        match self.site.access[self.odn.access as usize].kind {
            AccessKind::Node(i) => self.inputs.fiber_nodes.get(i as usize).map(|n| n.id.clone()),
            AccessKind::Cable(i) => self.inputs.fiber_segments.get(i as usize).map(|s| s.id.clone()),
        }
    }

    /// A joint where the plan's cable meets the node, where it divides, and wherever a drum ends.
    fn way(&self, end: &End, depth_m: &[f64]) -> Way {
        self.over(depth_m[end.node as usize] + end.lead_in_m, self.odn.joints[end.node as usize])
    }

    /// Over so many metres of the plan's cable that divides so many times.
    fn over(&self, new_m: f64, joints: u32) -> Way {
        let fiber = &self.settings.fiber;
        let drums = |m: f64| (m / fiber.pon.reel_m).floor() as u32;
        let upstream = if self.office.upstream_m > 0.0 { 1 + drums(self.office.upstream_m) } else { 0 };
        Way {
            optical_m: (self.office.upstream_m + new_m) * fiber.optical_factor + fiber.slack_m,
            splices: 1 + joints + drums(new_m) + upstream,
        }
    }

    fn light(&self, name: &str, class: PonClassSettings, splits: &[u32], way: Way) -> Optical {
        let pon = &self.settings.fiber.pon;
        let connectors = pon.end_connectors + 2 * splits.len() as u32;
        let loss_db = way.optical_m / 1e3 * pon.fiber_db_km
            + f64::from(way.splices) * pon.splice_db
            + f64::from(connectors) * pon.connector_db
            + splits.iter().map(|&r| splitter_db(r, &self.settings.fiber)).sum::<f64>();
        let office = self.office.node.and_then(|n| self.inputs.fiber_nodes.get(n as usize));
        Optical {
            class: name.to_owned(),
            office: office.map(|n| n.id.clone()),
            office_basis: self.office.basis,
            upstream_m: self.office.upstream_m,
            optical_m: way.optical_m,
            reach_m: class.reach_m,
            splits: splits.to_vec(),
            splices: way.splices,
            connectors,
            loss_db,
            budget_db: class.budget_db,
            margin_db: class.budget_db - loss_db,
            met: loss_db + pon.margin_db <= class.budget_db && way.optical_m <= class.reach_m,
            reason: None,
            nodes: Vec::new(),
        }
    }
}

/// What stands against a connection.
fn why_not(l: &Optical, settings: &FiberSettings) -> (String, String) {
    if l.optical_m > l.reach_m {
        let (km, reach) = (l.optical_m / 1e3, l.reach_m / 1e3);
        return (
            format!("{km:.1} km of fiber, more than the {reach:.0} km of {}", l.class),
            format!("光纤长 {km:.1} km，超过 {} 的 {reach:.0} km", l.class),
        );
    }
    let kept = settings.pon.margin_db;
    (
        format!(
            "loss of {:.1} dB and {kept:.1} dB kept back exceed the {:.1} dB of {}",
            l.loss_db, l.budget_db, l.class
        ),
        format!("损耗 {:.1} dB 加维护余量 {kept:.1} dB 超过 {} 的 {:.1} dB", l.loss_db, l.class, l.budget_db),
    )
}

/// Why a smaller splitter is used.
fn smaller(full: &Optical, steps: &[Vec<u32>]) -> (String, String) {
    let asked: u32 = steps.first().map_or(1, |s| s.iter().product());
    (
        format!(
            "too far for 1:{asked}, which would lose {:.1} dB: it hangs from smaller splitters",
            full.loss_db
        ),
        format!("距离过远，1:{asked} 分光损耗达 {:.1} dB，改用较小分光比", full.loss_db),
    )
}
