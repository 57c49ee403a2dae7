//! The parts that a plan is made of. Money is in yuan, capex without tax, opex per year.

use super::kinds::{Basis, DcTier, LayMethod};
use super::settings::{FiberSettings, HallKind};
use crate::geom::LonLat;
use serde::{Deserialize, Serialize};

/// How a planned station is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StationBuild {
    /// On a tower that stands already.
    SharedTower,
    /// On a roof.
    Roof,
    /// On a pole or lamp post.
    Pole,
    /// On a new tower.
    NewTower,
    /// An indoor system in a factory.
    Indoor,
    /// Another carrier at a station that stands.
    Upgrade,
}

/// A planned station.
#[derive(Clone, Debug, Serialize)]
pub struct Station {
    /// `ST-00001`, numbered in the order of choice.
    pub id: String,
    /// Candidate that it stands on (`cand_id`).
    pub candidate: String,
    /// How it is built.
    pub build: StationBuild,
    /// Network that it joins.
    pub network: String,
    /// Position.
    #[serde(skip)]
    pub at: LonLat,
    /// Antenna height, metres.
    pub height_m: f64,
    /// Nodes of an indoor system, where the hall's area is known.
    pub nodes: Option<u32>,
    /// Carrier (`n78`).
    pub carrier: String,
    /// City (adcode), when known.
    pub city: Option<String>,
    /// Sites that it lifts to target, by `site_id`.
    pub sites_lifted: Vec<String>,
    /// Weighted score points that it adds when it is chosen.
    pub gain: f64,
    /// Capex, yuan.
    pub capex_cny: f64,
    /// Opex per year, yuan: rent, energy, maintenance.
    pub opex_cny_yr: f64,
    /// Energy per year, kWh.
    pub energy_kwh_yr: f64,
    /// Who pays the capex.
    pub payer: String,
    /// Year of the plan, from one.
    pub phase: u32,
    /// Locked by the planner.
    pub locked: bool,
    /// Owner of the place, when another's.
    pub owner: Option<String>,
}

/// What a stretch of fiber has to pass on its way, and what that costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Passages {
    /// Rivers and railways passed beneath, on the ground.
    pub crossings: u32,
    /// Railways among them; the rest is drilled beneath.
    pub railways: u32,
    /// Cost of these, yuan; part of the capex.
    pub crossing_cny: f64,
    /// Places where a cable under water comes ashore.
    pub landings: u32,
    /// Cost of these, yuan; part of the capex.
    pub landing_cny: f64,
}

impl Passages {
    /// So many rivers and railways passed beneath, and landings of a cable under water.
    #[must_use]
    pub fn new(rivers: u32, railways: u32, landings: u32, prices: &FiberSettings) -> Self {
        let crossing_cny =
            f64::from(rivers) * prices.crossing_cny + f64::from(railways) * prices.rail_crossing_cny;
        let landing_cny = f64::from(landings) * prices.landing_cny;
        Self { crossings: rivers + railways, railways, crossing_cny, landings, landing_cny }
    }

    /// How rivers and railways are crossed: `none`, `drilled`, `cased`, or `drilled+cased`.
    #[must_use]
    pub const fn crossing_method(&self) -> &'static str {
        match (self.crossings > self.railways, self.railways > 0) {
            (false, false) => "none",
            (true, false) => "drilled",
            (false, true) => "cased",
            (true, true) => "drilled+cased",
        }
    }
}

impl std::ops::AddAssign for Passages {
    fn add_assign(&mut self, more: Self) {
        self.crossings += more.crossings;
        self.railways += more.railways;
        self.crossing_cny += more.crossing_cny;
        self.landings += more.landings;
        self.landing_cny += more.landing_cny;
    }
}

/// A stretch of planned fiber between two junctions of the right of way.
#[derive(Clone, Debug, Serialize)]
pub struct RouteSegment {
    /// `FR-00001`.
    pub id: String,
    /// The line.
    #[serde(skip)]
    pub line: Vec<LonLat>,
    /// Road that it follows (`road_id`), when it follows one.
    pub road_id: Option<String>,
    /// How it is laid.
    pub method: LayMethod,
    /// Whether the right of way is given or inferred.
    pub basis: Basis,
    /// New trench, metres; zero where a duct is reused.
    pub trench_m: f64,
    /// Duct hole used, metres.
    pub hole_m: f64,
    /// Cable, metres: all cables side by side.
    pub cable_m: f64,
    /// Fiber in these cables, metres.
    pub fiber_m: f64,
    /// Geodesic length, metres.
    pub length_m: f64,
    /// Fibers needed.
    pub fibers: u32,
    /// Fibers of the cable chosen.
    pub cable_fibers: u32,
    /// Sites and stations that it serves, by a first or second route.
    pub serves: u32,
    /// Of them those that lose service when it alone is cut.
    pub cut_lost: u32,
    /// It is dug, hung or laid along a road where that needs a permit.
    pub permit: bool,
    /// What it passes.
    #[serde(flatten)]
    pub passages: Passages,
    /// What the cheapest other way would cost to join again what it alone joins, at the price of the
    /// smallest cables, yuan; none where there is no other way, or where two routes pass it.
    pub around_cny: Option<f64>,
    /// Road that the other way takes (`road_id`).
    pub around_road: Option<String>,
    /// Duct (`duct_id`) or pole line (`segment_id`) that is reused.
    pub reuses: Option<String>,
    /// Rent of it, yuan per year; part of the opex.
    pub rent_cny_yr: f64,
    /// Owner of the duct or poles reused.
    pub owner: Option<String>,
    /// Consent of that owner is needed.
    pub consent: bool,
    /// Capex, yuan.
    pub capex_cny: f64,
    /// Opex per year, yuan.
    pub opex_cny_yr: f64,
    /// Who pays.
    pub payer: String,
    /// City (adcode), when known.
    pub city: Option<String>,
    /// Year of the plan, from one.
    pub phase: u32,
}

#[cfg(test)]
impl RouteSegment {
    /// A metre of new duct with one cable that one site uses, for tests to alter.
    pub(crate) fn sample() -> Self {
        Self {
            id: String::new(),
            line: Vec::new(),
            road_id: None,
            method: LayMethod::Duct,
            basis: Basis::Given,
            trench_m: 1.0,
            hole_m: 0.0,
            cable_m: 1.0,
            fiber_m: 6.0,
            length_m: 1.0,
            fibers: 1,
            cable_fibers: 6,
            serves: 1,
            cut_lost: 1,
            permit: false,
            passages: Passages::default(),
            around_cny: None,
            around_road: None,
            reuses: None,
            rent_cny_yr: 0.0,
            owner: None,
            consent: false,
            capex_cny: 1.0,
            opex_cny_yr: 0.0,
            payer: String::new(),
            city: None,
            phase: 1,
        }
    }
}

/// Whether a site or station is joined to the fiber.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConnectionState {
    /// Has fiber already.
    Already,
    /// Joined by this plan.
    Planned,
    /// Too far from any road.
    NoRoad,
    /// No joinable fiber can be reached by road.
    NoFiber,
    /// Only roads that may not be dug up lead to it, or from it to joinable fiber.
    Closed,
    /// The nodes that it can reach have no fibers to spare.
    NoSpare,
    /// Beyond the budget.
    Budget,
    /// Excluded by the planner.
    Excluded,
    /// Whether it has fiber isn't known and it wasn't planned.
    Unknown,
}

/// How one site or station is joined.
#[derive(Clone, Debug, Serialize)]
pub struct Connection {
    /// `site_id` or station id.
    pub id: String,
    /// State.
    pub state: ConnectionState,
    /// Node that it is joined to (`node_id`).
    pub node: Option<String>,
    /// Route length to that node, metres.
    pub route_m: Option<f64>,
    /// Lead-in from the road, metres.
    pub lead_in_m: Option<f64>,
    /// Rivers and railways that the lead-in passes beneath, at `fiber.crossing_cny` each; part of the cost.
    pub lead_in_crossings: u32,
    /// Line of the lead-in, from the road to the building.
    #[serde(skip)]
    pub lead_in: Vec<LonLat>,
    /// Share of the trench cost that falls on it, yuan.
    pub cost_cny: f64,
    /// What its own cheapest way would cost if it shared no trench, yuan; zero when not planned.
    pub alone_cny: f64,
    /// Route segments that it uses, from the building to the node.
    pub route: Vec<u32>,
    /// Year of the plan, from one; zero when not planned.
    pub phase: u32,
    /// Its fiber as light sees it; none when it isn't planned.
    pub optical: Option<Optical>,
    /// Its second route; none where no protection is asked for.
    pub protection: Option<Protection>,
    /// New cabinet that it hangs on (`CAB-00001`), where feeder rings are planned.
    pub cabinet: Option<String>,
    /// The other side of the feeder ring from that cabinet on: segments to a node of the core.
    pub ring: Vec<u32>,
}

impl Connection {
    /// The segments that it uses, on its first route, its second, and the other side of its feeder ring.
    pub fn segments(&self) -> impl Iterator<Item = u32> + '_ {
        self.route.iter().chain(self.protection.iter().flat_map(|p| &p.route)).chain(&self.ring).copied()
    }

    /// Whether it keeps its service when any one segment is cut.
    #[must_use]
    pub fn survives_a_cut(&self) -> bool {
        self.protection.as_ref().is_some_and(|p| p.met)
    }
}

/// The second route of a connection that is to survive any single failure. Between the two no trench, duct,
/// pole line, bridge or tunnel is shared as far as the layers tell.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Protection {
    /// Whether there are two such routes to the core.
    pub met: bool,
    /// Node that the second route is joined to (`node_id`).
    pub node: Option<String>,
    /// Segments of the second route, from the building to that node.
    pub route: Vec<u32>,
    /// Length of the second route, metres.
    pub route_m: Option<f64>,
    /// Its lead-in, metres.
    pub lead_in_m: Option<f64>,
    /// Line of that lead-in, from the road to the building.
    #[serde(skip)]
    pub lead_in: Vec<LonLat>,
    /// It meets the road at a place of its own, so that the two share no hand-hole at the building.
    pub own_entry: bool,
    /// Existing cables from the node joined on to the core, of the first and of the second route
    /// (`segment_id`); empty where the data tell none, or the node is part of the core.
    pub cables: [Vec<String>; 2],
    /// The second route as light sees it.
    pub optical: Option<Optical>,
    /// Why there is none, in English and Chinese.
    pub reason: Option<(String, String)>,
}

impl Connection {
    /// Nothing is laid for this site or station, and why.
    #[must_use]
    pub fn without(id: &str, state: ConnectionState) -> Self {
        Self {
            id: id.to_owned(),
            state,
            node: None,
            route_m: None,
            lead_in_m: None,
            lead_in_crossings: 0,
            lead_in: Vec::new(),
            cost_cny: 0.0,
            alone_cny: 0.0,
            route: Vec::new(),
            phase: 0,
            optical: None,
            protection: None,
            cabinet: None,
            ring: Vec::new(),
        }
    }
}

/// A connection as light sees it: from the office to the building.
#[derive(Clone, Debug, Serialize)]
pub struct Optical {
    /// PON class that it shares (`xgs_n1`), or `p2p` with fibers of its own.
    pub class: String,
    /// Exchange, aggregation room or OLT at the other end (`node_id`), when the data have one.
    pub office: Option<String>,
    /// How the length between that office and the node joined is known: given by existing cables, or
    /// assumed.
    pub office_basis: Basis,
    /// Existing cable between the office and the node joined, metres.
    pub upstream_m: f64,
    /// Fiber from the office to the building, metres: route times `fiber.optical_factor`, and slack.
    pub optical_m: f64,
    /// Longest fiber allowed, metres.
    pub reach_m: f64,
    /// Ratio of each splitter, from the office on.
    pub splits: Vec<u32>,
    /// Splices.
    pub splices: u32,
    /// Connectors.
    pub connectors: u32,
    /// Loss of all of that, dB.
    pub loss_db: f64,
    /// Loss that the optics carry, dB.
    pub budget_db: f64,
    /// What is left of the budget, dB; part of it is kept back for maintenance.
    pub margin_db: f64,
    /// Loss with maintenance margin, and length, are within what the optics carry.
    pub met: bool,
    /// Why it is not met, or why it isn't as the settings ask, in English and Chinese.
    pub reason: Option<(String, String)>,
    /// Splitters and port that it uses, from the building on, by place among the passive nodes.
    pub nodes: Vec<u32>,
}

/// What a node of a passive optical network is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PonKind {
    /// A port of an OLT.
    Port,
    /// A splitter.
    Splitter,
    /// A cabinet on a feeder ring.
    Cabinet,
}

/// A port, splitter or cabinet of a planned network.
#[derive(Clone, Debug, Serialize)]
pub struct PonNode {
    /// `PON-00001` for a port, `SP-00001` for a splitter, `CAB-00001` for a cabinet.
    pub id: String,
    /// What it is.
    pub kind: PonKind,
    /// Position; a port's is that of the node joined, where the data don't tell its office.
    #[serde(skip)]
    pub at: LonLat,
    /// Level from the office: 0 for a port, 1 for the first splitter.
    pub level: u32,
    /// Outputs of the splitter; 1 for a port.
    pub ratio: u32,
    /// Outputs in use.
    pub used: u32,
    /// Sites behind it.
    pub serves: u32,
    /// Splitter or port that feeds it, by place in the list; none for a port.
    pub fed_by: Option<u32>,
    /// Node of the existing network through which it is fed (`node_id`); a port's is its office.
    pub node: Option<String>,
    /// Capex, yuan.
    pub capex_cny: f64,
    /// Opex per year, yuan.
    pub opex_cny_yr: f64,
    /// Who pays.
    pub payer: String,
    /// City (adcode), when known.
    pub city: Option<String>,
    /// Year of the plan, from one.
    pub phase: u32,
}

/// What the fiber of a plan comes to in one structure: one free tree, or feeder rings with distribution
/// behind cabinets.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Structure {
    /// `tree` or `metro`.
    pub name: &'static str,
    /// Whether it is the plan's.
    pub chosen: bool,
    /// Capex, yuan.
    pub capex_cny: f64,
    /// Opex per year, yuan.
    pub opex_cny_yr: f64,
    /// New trench, metres.
    pub trench_m: f64,
    /// Duct holes used, metres.
    pub hole_m: f64,
    /// Cable, metres.
    pub cable_m: f64,
    /// Fiber, metres.
    pub fiber_m: f64,
    /// New cabinets.
    pub cabinets: u64,
    /// Sites and stations joined.
    pub joined: u64,
    /// Of them those with two ways to the core: from the building, or from their cabinet on.
    pub two_ways: u64,
    /// The most that one cut takes down.
    pub worst_cut: u64,
    /// What a cut at any place takes down on average.
    pub mean_cut: f64,
}

/// A data center of the plan: existing and used, or new.
#[derive(Clone, Debug, Serialize)]
pub struct Center {
    /// `dc_id`, or `DC-00001` for a new one.
    pub id: String,
    /// Name.
    pub name: String,
    /// Whether it exists.
    pub existing: bool,
    /// Tier.
    pub tier: DcTier,
    /// Kind of hall; none where it takes both.
    pub hall: Option<HallKind>,
    /// Position.
    #[serde(skip)]
    pub at: LonLat,
    /// Place that it stands at (`node_id`, town, `site_id` or national cluster).
    pub place: String,
    /// City (adcode), when known.
    pub city: Option<String>,
    /// Racks that the plan uses.
    pub racks_used: f64,
    /// Racks that it has free today, or that are built; none where not known.
    pub racks: Option<f64>,
    /// IT power of the racks used, MW.
    pub it_mw: f64,
    /// PUE.
    pub pue: f64,
    /// Sites served.
    pub sites: u64,
    /// Sites for which it stands by.
    pub standby_sites: u64,
    /// Mean round trip by racks, milliseconds; none where it serves nobody.
    pub rtt_mean_ms: Option<f64>,
    /// 95th percentile of the round trip by racks, milliseconds.
    pub rtt_p95_ms: Option<f64>,
    /// Energy per year, kWh.
    pub energy_kwh_yr: f64,
    /// Carbon per year, tonnes CO2.
    pub carbon_t_yr: f64,
    /// Capex, yuan.
    pub capex_cny: f64,
    /// Opex per year, yuan.
    pub opex_cny_yr: f64,
    /// Who pays.
    pub payer: String,
    /// Year of the plan, from one.
    pub phase: u32,
    /// Why here, in English and Chinese.
    pub reason: (String, String),
}

/// What a budget item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ItemKind {
    /// Radio station.
    Station,
    /// Indoor system.
    Indoor,
    /// New trench.
    Trench,
    /// River and railway crossings on the ground.
    Crossing,
    /// Cable under water, with its landings.
    Submarine,
    /// Cable in existing duct.
    Duct,
    /// Splitters and OLT ports.
    Pon,
    /// Lead-in and terminal.
    LeadIn,
    /// Data center.
    DataCenter,
}

/// A line of the task table: kind × city × payer × phase. Sums of these are the plan's totals.
#[derive(Clone, Debug, Serialize)]
pub struct Item {
    /// What.
    pub kind: ItemKind,
    /// City (adcode), `unknown` when not known.
    pub city: String,
    /// Who pays.
    pub payer: String,
    /// Year of the plan, from one.
    pub phase: u32,
    /// How many or how long.
    pub quantity: f64,
    /// `pcs` or `km`.
    pub unit: &'static str,
    /// Capex, yuan.
    pub capex_cny: f64,
    /// Opex per year, yuan.
    pub opex_cny_yr: f64,
}

/// What is proven about one optimisation.
#[derive(Clone, Debug, Serialize)]
pub struct Certificate {
    /// Stage: `stations`, `fiber`, `datacenters`, `plan`.
    pub stage: &'static str,
    /// What the objective is, English and Chinese.
    pub meaning: (String, String),
    /// Unit of the objective.
    pub unit: &'static str,
    /// Value reached.
    pub objective: f64,
    /// Proven bound: no plan under the same assumptions does better.
    pub bound: f64,
    /// |objective − bound| / max(|objective|, tiny).
    pub gap: f64,
    /// Whether more is better.
    pub maximise: bool,
}

/// What decides in which year a step of building falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Held {
    /// The year before had no money left for it.
    Budget,
    /// The year before could build no more stations.
    Stations,
    /// The year before could dig no more.
    Trench,
}

/// A step of building: a station with its way to fiber, the connection of a site, or an edge node that the
/// budget buys, with whatever it needs that isn't there yet.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OrderStep {
    /// From 1, in the order of building.
    pub rank: u32,
    /// `st_id` of the station, `site_id` of the connection, or `dc_id` of the edge node.
    pub id: String,
    /// Year, from 1.
    pub phase: u32,
    /// Weighted points gained.
    pub gain: f64,
    /// Capex of what it needs and isn't there yet; all steps add up to the capex of stations, fiber and
    /// edge nodes bought, yuan.
    pub capex_cny: f64,
    /// Trench that it needs and isn't there yet, metres.
    pub trench_m: f64,
    /// Points per million yuan, which decides the order.
    pub points_per_mcny: f64,
    /// Why it isn't in an earlier year, if something but the order holds it.
    pub held_by: Option<Held>,
}

/// A point of the value-against-budget curve.
#[derive(Clone, Debug, Serialize)]
pub struct BudgetStep {
    /// What the stations so far cost: capex, the way to fiber and, without
    /// a budget, running costs at present value; yuan.
    pub cost_cny: f64,
    /// Sites lifted to target.
    pub sites: u64,
    /// Weighted score points gained.
    pub gain: f64,
    /// Upper bound on that gain at this budget.
    pub gain_bound: f64,
    /// Cost of the next step, yuan.
    pub next_cny: Option<f64>,
    /// Who pays how much of the cost, yuan; by name.
    pub payers: Vec<(String, f64)>,
}
