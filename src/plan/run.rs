//! The sequence of a plan: state of today, who needs what, stations, fiber, data centers, phases, state after.

use super::build::{Builder, Built};
use super::curve::Person;
use super::edge;
use super::ground::{Ground, with_ground};
use super::radio::{self, Radio, Wanted};
use super::{PlanError, items, phases};
use crate::coverage::{Assessment, FiberDistance, FiberReach, LossModel, Term, assess_told};
use crate::datacenter;
use crate::fiber::{Terminal, wants_two_routes};
use crate::index::{PointIndex, RegionIndex};
use crate::model::clusters::compute_clusters;
use crate::model::inputs::Inputs;
use crate::model::kinds::{RegionLevel, ServiceClass};
use crate::model::notes::Note;
use crate::model::planned::{
    BudgetStep, Center, Certificate, Connection, ConnectionState, PonNode, RouteSegment, Station,
    StationBuild, Structure,
};
use crate::model::progress::Progress;
use crate::model::records::{DataCenter, Origin, SiteId};
use crate::model::settings::{Settings, UnknownGround};
use crate::network::Reach;
use crate::optimise::{Work, relative_gap};
use crate::plan::Plan;
use crate::siting::sectors;
use std::collections::{BTreeMap, BTreeSet};

/// Drive tests this near to a new station no longer tell what is there, metres.
const RETEST_M: f64 = 3000.0;

/// What stations and fiber take of a plan's time, in times of scoring all sites.
const BUILDING_PARTS: u64 = 3;

/// Distances as found once, for scoring again.
struct Cached(Vec<FiberDistance>);

impl FiberReach for Cached {
    fn distance(&self, site: SiteId) -> FiberDistance {
        self.0.get(site.at()).copied().unwrap_or(FiberDistance::UNKNOWN)
    }
}

/// The state of today, with distances to fiber by road.
///
/// # Errors
/// When the roads can't be made a graph.
pub fn today(inputs: &Inputs, settings: &Settings) -> Result<Assessment, PlanError> {
    today_told(inputs, settings, &Progress::default())
}

/// [`today`], telling of every site that is scored.
///
/// # Errors
/// As [`today`].
pub fn today_told(
    inputs: &Inputs,
    settings: &Settings,
    progress: &Progress,
) -> Result<Assessment, PlanError> {
    // The distances outlive the roads, which the assessment has no use for.
    let (reach, notes) = with_ground(inputs, settings, |_, reach, notes| Ok((reach, notes)))?;
    progress.expect(inputs.sites.list.len() as u64);
    let mut now = assess_told(inputs, settings, &*reach, progress);
    check_ground(&now, inputs, settings)?;
    now.notes.extend(notes);
    Ok(now)
}

/// Refuses links over ground without heights, where the settings say so.
fn check_ground(found: &Assessment, inputs: &Inputs, settings: &Settings) -> Result<(), PlanError> {
    keep_ground(inputs)?;
    if settings.radio.terrain.unknown == UnknownGround::Tr38901 {
        return Ok(());
    }
    let networks = found.networks.len().max(1);
    let lost: Vec<usize> = (0..found.at_network.len())
        .filter(|i| found.at_network[*i].model == Some(LossModel::Tr38901UnknownGround))
        .collect();
    let Some(site) = lost.first().and_then(|i| inputs.sites.list.get(i / networks)) else { return Ok(()) };
    let site = inputs.sites.text.get(site.id).to_owned();
    Err(PlanError::UnknownGround { links: lost.len(), site })
}

/// Refuses results for which heights were lost on the way.
fn keep_ground(inputs: &Inputs) -> Result<(), PlanError> {
    let lost = inputs.terrain.as_deref().and_then(crate::geom::Terrain::lost);
    lost.map_or(Ok(()), |file| Err(PlanError::GroundLost { file: file.to_owned() }))
}

/// What the makers have put together, before it is scored again.
struct Draft {
    before: Assessment,
    distances: Vec<FiberDistance>,
    stations: Vec<Station>,
    routes: Vec<RouteSegment>,
    connections: Vec<Connection>,
    pon: Vec<PonNode>,
    centers: Vec<Center>,
    certificates: Vec<Certificate>,
    curve: Vec<BudgetStep>,
    structures: Vec<Structure>,
    notes: Vec<Note>,
    /// Fiber points per connection.
    gains: Vec<f64>,
    /// Lead-in and equipment per connection, yuan.
    lead_in_cny: Vec<f64>,
    /// Points of each center that the budget bought.
    center_gains: Vec<Option<f64>>,
}

/// Plans stations, fiber and data centers, and scores the state after.
///
/// Without a budget (`plan.budget_cny = 0`) every gap is closed as far as it can be, at least cost; with
/// one, the most weighted score points are bought. `inputs` is changed while the state after is scored and
/// given back as it was.
///
/// # Errors
/// Locks that name nothing or contradict each other, a budget that they exceed, roads that are no graph.
pub fn run(inputs: &mut Inputs, settings: &Settings, work: Work<'_>) -> Result<Plan, PlanError> {
    run_told(inputs, settings, work, &Progress::default())
}

/// [`run`], telling how far it is: of the sites scored today, and of what comes after by what it takes of
/// the time as a rule.
///
/// # Errors
/// As [`run`].
pub fn run_told(
    inputs: &mut Inputs,
    settings: &Settings,
    work: Work<'_>,
    progress: &Progress,
) -> Result<Plan, PlanError> {
    run_for(inputs, settings, work, progress, true)
}

/// [`run`] without the curve of value against money, for those who compare many plans.
///
/// # Errors
/// As [`run`].
pub fn run_bare(inputs: &mut Inputs, settings: &Settings, work: Work<'_>) -> Result<Plan, PlanError> {
    run_for(inputs, settings, work, &Progress::default(), false)
}

fn run_for(
    inputs: &mut Inputs,
    settings: &Settings,
    work: Work<'_>,
    progress: &Progress,
    with_curve: bool,
) -> Result<Plan, PlanError> {
    let part = inputs.sites.list.len() as u64;
    // Scoring today, stations and fiber, data centers, and scoring the state after.
    progress.expect((BUILDING_PARTS + 3) * part);
    let draft = with_ground(inputs, settings, |ground, reach, notes| {
        draft(inputs, settings, work, ground, &*reach, notes, progress, with_curve)
    })?;
    let distances = Cached(draft.distances.clone());
    let after = standing(inputs, settings, &draft.connections, &draft.stations, &draft.centers, |built| {
        assess_told(built, settings, &distances, progress)
    });
    keep_ground(inputs)?;
    let regions = Cities::new(inputs);
    let positions = positions(inputs, &draft.stations);
    let mut d = draft;
    d.notes.extend(side_effects(&d, &after, inputs, settings));
    for s in &mut d.stations {
        s.city = regions.at(s.at);
    }
    let order = phases::assign(
        &settings.plan,
        &mut phases::Parts {
            stations: &mut d.stations,
            routes: &mut d.routes,
            connections: &mut d.connections,
            pon: &mut d.pon,
            centers: &mut d.centers,
            lead_in_cny: &d.lead_in_cny,
            gains: &d.gains,
            center_gains: &d.center_gains,
        },
    );
    let city_of =
        |c: usize| d.connections.get(c).and_then(|c| positions.get(&c.id)).and_then(|p| regions.at(*p));
    let items = items::gather(
        &d.stations,
        &d.routes,
        &d.connections,
        &d.lead_in_cny,
        &d.pon,
        &d.centers,
        settings,
        city_of,
    );
    d.notes.extend(phases::over_years(&settings.plan, &items, &d.routes));
    Ok(Plan {
        before: d.before,
        after,
        stations: d.stations,
        routes: d.routes,
        connections: d.connections,
        pon: d.pon,
        centers: d.centers,
        items,
        certificates: d.certificates,
        curve: d.curve,
        structures: d.structures,
        order,
        notes: d.notes,
        stopped_early: work.stop.requested(),
    })
}

/// Each station is chosen by what it does alone; together they disturb each other and their neighbours.
fn side_effects(d: &Draft, after: &Assessment, inputs: &Inputs, settings: &Settings) -> Option<Note> {
    const NOTICEABLE_POINTS: f64 = 0.5;
    let score = |a: &Assessment, i: usize| a.sites.get(i).and_then(|s| s.score.total.get());
    let lower = (0..after.sites.len())
        .filter(|&i| score(&d.before, i).zip(score(after, i)).is_some_and(|(b, a)| a < b - NOTICEABLE_POINTS))
        .count();
    let promised: BTreeSet<&str> =
        d.stations.iter().flat_map(|s| &s.sites_lifted).map(String::as_str).collect();
    let missed = (0..after.sites.len())
        .filter(|&i| promised.contains(inputs.sites.text.get(inputs.sites.list[i].id)))
        .filter(|&i| score(after, i).is_some_and(|a| a < settings.score.target))
        .count();
    (lower + missed > 0).then(|| {
        Note::new(
            "N215",
            format!("new stations disturb each other and their neighbours: {lower} sites score lower after the plan, and {missed} of {} sites that stations were chosen for stay below target; both are in the figures after the plan", promised.len()),
            format!("新站之间及对邻区有干扰：规划后 {lower} 家企业评分下降，{} 家拟补齐企业中 {missed} 家仍未达标；规划后指标均已计入", promised.len()),
        )
    })
}

#[allow(clippy::too_many_arguments)]
fn draft(
    inputs: &Inputs,
    settings: &Settings,
    work: Work<'_>,
    ground: Option<&Ground>,
    reach: &dyn FiberReach,
    mut notes: Vec<Note>,
    progress: &Progress,
    with_curve: bool,
) -> Result<Draft, PlanError> {
    let part = inputs.sites.list.len() as u64;
    let before = assess_told(inputs, settings, reach, progress);
    check_ground(&before, inputs, settings)?;
    let gaps: Vec<SiteId> = before.gaps.iter().map(|g| g.site).collect();
    let joinable = |site: SiteId| {
        let d = reach.distance(site);
        inputs.sites.list[site.at()].has_fiber != Some(true) && d.distance_m.is_known()
    };
    // Points that fiber in the building would add to a site's score.
    let fiber_points = |site: SiteId| {
        let terms = before.sites[site.at()].score.terms(&before.weights);
        let t = &terms[Term::ALL.iter().position(|t| *t == Term::Fiber).unwrap_or(0)];
        let known: f64 = terms.iter().filter(|t| t.quality.is_known()).map(|t| f64::from(t.weight)).sum();
        match t.quality.get() {
            Some(q) if joinable(site) && known > 0.0 => 100.0 * f64::from(t.weight) * (1.0 - q) / known,
            _ => 0.0,
        }
    };
    let weight = |site: SiteId| f64::from(before.sites[site.at()].weight);

    let terminals: Vec<Terminal> = gaps
        .iter()
        .filter(|s| fiber_points(**s) > 0.0)
        .map(|&site| {
            let s = &inputs.sites.list[site.at()];
            Terminal {
                id: inputs.sites.text.get(s.id).to_owned(),
                at: s.at,
                fibers: settings.fiber.site_fibers,
                shared: !settings.fiber.pon.p2p_services.contains(&s.service.unwrap_or(ServiceClass::Data)),
                value: fiber_points(site) * weight(site),
                must: settings.plan.lock.open.iter().any(|id| id == inputs.sites.text.get(s.id)),
                protect: wants_two_routes(s, inputs.sites.text.get(s.id), &settings.fiber.protect),
                equipment_cny: None,
            }
        })
        .collect();
    let wanted: Vec<Wanted> = gaps
        .iter()
        .filter_map(|&site| {
            let f = fiber_points(site);
            let short = before.sites[site.at()].score.total.or(0.0) + f < settings.score.target;
            // With a budget it isn't sure that fiber comes too.
            let fiber_points = if settings.plan.budget_cny > 0.0 { 0.0 } else { f };
            short.then(|| Wanted { site, weight: weight(site), fiber_points })
        })
        .collect();
    let look = |at| ground.map_or(Reach::NoAccessFiber, |g| g.access.reach(at));
    let mut radio = radio::prepare(inputs, settings, &before, wanted, reach, &look);
    check_locks(inputs, settings, &radio)?;
    progress.add(part);

    let budget = settings.plan.budget_cny;
    if budget > 0.0 {
        // Points add up over radio and fiber only where neither is cut off at the target.
        radio.problem.cap = 100.0;
    }
    let scored: Vec<SiteId> =
        (0u32..).zip(&before.sites).filter(|(_, s)| s.scored).map(|(i, _)| SiteId(i)).collect();
    let edges = if budget > 0.0 {
        let rooms = datacenter::offered(inputs, &scored, settings);
        edge::edges(inputs, settings, &before, &gaps, &rooms)
    } else {
        Vec::new()
    };
    let builder =
        Builder { inputs, settings, ground, sites: &terminals, edges: &edges, gaps: gaps.len(), work };
    let built = builder.build(&mut radio, progress, (BUILDING_PARTS - 1) * part)?;
    let people: Vec<Person> = gaps
        .iter()
        .map(|&site| Person {
            now: before.sites[site.at()].score.total.or(0.0),
            weight: weight(site),
            fiber_points: fiber_points(site),
            id: inputs.sites.text.get(inputs.sites.list[site.at()].id),
            item: radio.wanted.iter().position(|w| w.site == site).map(|i| i as u32),
        })
        .collect();
    // What the purse doesn't hold isn't opened.
    let opened = (budget > 0.0).then(|| -> Vec<String> {
        built.edges.iter().filter_map(|&e| edges.get(e as usize)).map(|e| e.id.clone()).collect()
    });
    // Neither asks for the other.
    let (curve, centers) = rayon::join(
        || if with_curve { built.curve(&radio, &people, settings, work) } else { Ok(Vec::new()) },
        || {
            let lying = &built.fiber.connections;
            datacenter::planned(inputs, &scored, lying, opened.as_deref(), settings, work)
        },
    );
    let (curve, centers) = (curve?, centers?);
    let Built { choice, edges: bought, stations, terminals, fiber, mut certificate, .. } = built;
    if let Some(compute) = centers.certificate.as_ref().filter(|_| !certificate.maximise) {
        with_compute(&mut certificate, compute, radio::annuity_years(settings));
    }
    let mut certificates = vec![certificate];
    if radio.cut_off > 0 {
        notes.push(Note::new(
            "N214",
            format!(
                "{} places for stations were left out: no road open to digging leads from them to fiber with room",
                radio.cut_off
            ),
            format!("{} 处候选站址因无可开挖道路通达、或可接入光缆无余量而未采用", radio.cut_off),
        ));
    }
    if !choice.beyond_reach.is_empty() {
        let n = choice.beyond_reach.len();
        notes.push(Note::new(
            "N211",
            format!("{n} sites can't be lifted by any station considered: other terms hold them back, or no place is near"),
            format!("{n} 家企业无法通过新建基站达标（受其他指标制约或附近无站址）"),
        ));
    }
    if stations.iter().any(|(_, s)| s.build == StationBuild::SharedTower) {
        notes.push(Note::new(
            "N212",
            "towers that carry cells are taken to have fiber and room for another station; check before ordering",
            "现有铁塔默认具备光缆与挂载空间，实施前请核实",
        ));
    }
    notes.extend(fiber.notes);
    certificates.extend(fiber.certificate);
    if fiber.one_by_one_cny > 0.0 {
        let saved = 100.0 * (1.0 - fiber.tree_cny / fiber.one_by_one_cny);
        notes.push(Note::new(
            "N213",
            format!("one shared tree of routes costs {saved:.1} % less than the shortest way of each site, built once where they meet"),
            format!("共享管道树比各自最短路由（重合段只建一次）节省 {saved:.1} %"),
        ));
    }
    let gains: Vec<f64> = terminals.iter().map(|t| t.value).collect();
    if budget > 0.0 {
        for c in certificates.iter_mut().filter(|c| c.stage == "fiber") {
            c.meaning = ("capex of joining what was chosen".into(), "接入所选对象的投资".into());
        }
    }

    notes.extend(edge_note(&edges, bought.len()));
    progress.add(part);
    notes.extend(centers.notes);
    let adds = edge::points(&edges, &bought, gaps.len()).1;
    let center_gains = centers
        .centers
        .iter()
        .map(|c| {
            let of = bought.iter().position(|&e| edges.get(e as usize).is_some_and(|e| e.id == c.place));
            of.and_then(|i| adds.get(i)).copied()
        })
        .collect();
    certificates.extend(centers.certificate);

    let distances = (0..inputs.sites.list.len() as u32).map(|i| reach.distance(SiteId(i))).collect();
    Ok(Draft {
        before,
        distances,
        stations: stations.into_iter().map(|(_, s)| s).collect(),
        routes: fiber.segments,
        connections: fiber.connections,
        pon: fiber.pon,
        lead_in_cny: fiber.lead_in_cny,
        centers: centers.centers,
        certificates,
        curve,
        structures: fiber.structures,
        notes,
        gains,
        center_gains,
    })
}

/// What is proven of stations and fiber, and of where compute stands, as one. Neither asks for the other, so
/// their bounds add up. `years` is the present value of one yuan a year.
fn with_compute(whole: &mut Certificate, compute: &Certificate, years: f64) {
    whole.objective += years * compute.objective;
    whole.bound += years * compute.bound;
    whole.gap = relative_gap(whole.objective, whole.bound);
    let (en, zh) = &mut whole.meaning;
    en.push_str("; yearly cost of compute at present value");
    zh.push_str("；算力年化成本现值");
}

/// How edge nodes did against stations and fiber.
fn edge_note(edges: &[edge::Edge], bought: usize) -> Option<Note> {
    let rate = |e: &edge::Edge| e.gains.iter().map(|g| g.1).sum::<f64>() / e.price_cny.max(1.0) * 1e6;
    let best = edges.iter().map(rate).fold(0.0, f64::max);
    (!edges.is_empty()).then(|| {
        Note::new(
            "N217",
            format!(
                "edge nodes compete for the budget: {bought} of {} rooms are opened; the best of them gains {best:.2} points per million yuan",
                edges.len()
            ),
            format!("边缘节点与其他措施共用预算：{} 处机房中开设 {bought} 处；收益最高者每百万元 {best:.2} 分", edges.len()),
        )
    })
}

/// Locks must name something, and not both ways.
fn check_locks(inputs: &Inputs, settings: &Settings, radio: &Radio) -> Result<(), PlanError> {
    let lock = &settings.plan.lock;
    if let Some(id) = lock.open.iter().find(|id| lock.shut.contains(id)) {
        return Err(PlanError::LockedBothWays { id: id.clone() });
    }
    if lock.open.is_empty() && lock.shut.is_empty() {
        return Ok(());
    }
    let clusters = compute_clusters();
    let mut known: BTreeSet<&str> = BTreeSet::new();
    known.extend(radio.places.iter().map(|p| p.id.as_str()));
    known.extend(inputs.candidates.iter().map(|c| c.id.as_str()));
    known.extend(inputs.sites.list.iter().map(|s| inputs.sites.text.get(s.id)));
    known.extend(inputs.datacenters.iter().map(|d| d.id.as_str()));
    known.extend(inputs.fiber_nodes.iter().map(|n| n.id.as_str()));
    known.extend(inputs.fiber_segments.iter().map(|n| n.id.as_str()));
    known.extend(inputs.ducts.iter().map(|n| n.id.as_str()));
    known.extend(inputs.roads.list.iter().map(|r| inputs.roads.text.get(r.id)));
    known.extend(inputs.towns.iter().map(|t| t.name.as_str()));
    known.extend(clusters.iter().map(|c| c.id.as_str()));
    // Places that the plan makes up appear only where they are useful, or not at all once shut.
    let made = |id: &str| ["T-", "UP-", "IN-", "ROOF-", "NEW-", "RC-"].iter().any(|p| id.starts_with(p));
    match lock
        .open
        .iter()
        .chain(&lock.shut)
        .find(|id| !known.contains(id.trim_end_matches("-AI")) && !known.contains(id.as_str()) && !made(id))
    {
        Some(id) => Err(PlanError::LockOfNothing { id: id.clone() }),
        None => Ok(()),
    }
}

/// Looks at the inputs as they will be once a plan stands: its stations on air, its fiber joined, its centers
/// open, and drive tests near new stations left out. The inputs are given back as they were.
pub fn standing<T>(
    inputs: &mut Inputs,
    settings: &Settings,
    connections: &[Connection],
    stations: &[Station],
    centers: &[Center],
    look: impl FnOnce(&Inputs) -> T,
) -> T {
    let cells = inputs.cells.list.len();
    let datacenters = inputs.datacenters.len();
    let mut joined = Vec::new();
    let mut indoor = Vec::new();
    let by_id: BTreeMap<&str, usize> = connections
        .iter()
        .filter(|c| c.state == ConnectionState::Planned)
        .enumerate()
        .map(|(i, c)| (c.id.as_str(), i))
        .collect();
    for (i, s) in inputs.sites.list.iter().enumerate() {
        if by_id.contains_key(inputs.sites.text.get(s.id)) {
            joined.push((i, s.has_fiber));
        }
    }
    for &(i, _) in &joined {
        inputs.sites.list[i].has_fiber = Some(true);
    }
    // The first operator of each network: whose cells a new station's are.
    let mut networks = BTreeMap::new();
    for o in inputs.operators.iter() {
        networks.entry(inputs.operators.network_name(inputs.operators.network(o))).or_insert(o);
    }
    let hosts: BTreeMap<String, usize> = inputs
        .sites
        .list
        .iter()
        .enumerate()
        .map(|(i, s)| (format!("IN-{}", inputs.sites.text.get(s.id)), i))
        .collect();
    for s in stations {
        let Some(&operator) = networks.get(&s.network) else { continue };
        for (n, mut cell) in sectors(s.build, s.at, s.height_m, operator, settings).into_iter().enumerate() {
            cell.id = inputs.cells.text.push(&format!("{}-{}", s.id, n + 1));
            cell.station = inputs.cells.text.push(&s.id);
            if let Some(&host) = hosts.get(&s.candidate) {
                cell.host_site = inputs.cells.text.push(inputs.sites.text.get(inputs.sites.list[host].id));
                indoor.push(host);
            }
            inputs.cells.list.push(cell);
        }
    }
    for c in centers.iter().filter(|c| !c.existing) {
        inputs.datacenters.push(DataCenter {
            id: c.id.clone(),
            name: c.name.clone(),
            operator: None,
            tier: Some(c.tier),
            at: c.at,
            city_dot: false,
            racks_std: c.racks,
            rack_use_pct: None,
            it_mw: None,
            pue: Some(c.pue),
            pue_basis: None,
            cooling: None,
            origin: Origin::default(),
        });
    }
    // Drive tests near a new station of their network were made without it.
    let old_tests = inputs.measurements.clone();
    let built: Vec<(String, PointIndex)> = networks
        .keys()
        .map(|name| {
            let of = stations.iter().filter(|s| s.network == *name && s.build != StationBuild::Indoor);
            (name.clone(), PointIndex::of((0u32..).zip(of.map(|s| s.at))))
        })
        .collect();
    let operators = &inputs.operators;
    inputs.measurements.retain(|m| {
        let name = operators.network_name(operators.network(m.operator));
        let near = built.iter().find(|b| b.0 == name).and_then(|b| b.1.nearest(m.at));
        near.is_none_or(|hit| hit.distance_m > RETEST_M)
    });
    let seen = look(inputs);
    inputs.measurements = old_tests;
    inputs.cells.list.truncate(cells);
    inputs.datacenters.truncate(datacenters);
    for (i, had) in joined {
        inputs.sites.list[i].has_fiber = had;
    }
    seen
}

/// Cities by position.
pub(super) struct Cities<'a> {
    inputs: &'a Inputs,
    index: RegionIndex,
}

impl<'a> Cities<'a> {
    pub(super) fn new(inputs: &'a Inputs) -> Self {
        Self { inputs, index: RegionIndex::of(&inputs.regions) }
    }

    pub(super) fn at(&self, at: crate::geom::LonLat) -> Option<String> {
        let mut found = Vec::new();
        self.index.locate(at, &mut found);
        let of = |level| {
            found
                .iter()
                .map(|&i| &self.inputs.regions[i as usize])
                .find(|r| r.level == level)
                .map(|r| r.adcode.clone())
        };
        of(RegionLevel::City).or_else(|| of(RegionLevel::County)).or_else(|| of(RegionLevel::Province))
    }
}

fn positions(inputs: &Inputs, stations: &[Station]) -> BTreeMap<String, crate::geom::LonLat> {
    let sites = inputs.sites.list.iter().map(|s| (inputs.sites.text.get(s.id).to_owned(), s.at));
    sites.chain(stations.iter().map(|s| (s.id.clone(), s.at))).collect()
}
