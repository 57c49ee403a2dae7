//! Factory halls: how many indoor nodes a hall needs, and where; and whether the station outside would do.
//!
//! The floor is looked at in a grid of points, walls and corners included. At each of them the class's uplink
//! rate, then the level, then the downlink rate must be met with the location probability, by the nearest
//! node (nodes are alike, so it has the highest median) over TR 38.901's indoor factory: both radio states,
//! their probability and shadow fading ([`hall_class`] picks the table). Nodes are planned for a load: other
//! cells disturb with it, the terminals may fill a cell up to it, and what it leaves free must carry the
//! class for the terminal that stands worst. Nodes make one cell, as long as it can carry all terminals: they
//! send the same and don't disturb each other. Else each is a cell of its own ([`Cells`]).
//!
//! Uplink and level hang on the distance to the nearest node alone: each has a greatest distance, and a layout
//! serves when no point is farther from its nodes. By L. Fejes Tóth (*Lagerungen in der Ebene*, 1953, ch. III)
//! n ≥ 2 equal discs of radius r that cover a rectangle have n·(3√3/2)·r² at least its area: so many nodes does
//! **any** layout need ([`Answer::bound`]). From there up every member of the family in `layout` is tried;
//! the answer is the first number with one that serves, so that within the family fewer never do.

mod layout;

pub use layout::{Floor, Layout, Pattern, family};

use super::antenna::Pattern as AntennaPattern;
use super::capacity::{self, RateCurve, Resources, Terminal};
use super::coverage_probability::{LossDistribution, LossTable};
use super::link_budget::reference_power;
use super::refusal::{Refusal, within};
use super::servers::{
    Air, Antenna, Asked, BuildingEntry, Carrier, Location, Mast, Masts, Promise, Reception, Scratch, Sector,
    Sectors, Terminals, receive,
};
use super::tr38901::{Clutter, Hall, Prepared, Scenario};
use crate::units::{Db, Dbm, Metres, Mhz};
use serde::Serialize;
use std::cmp::Ordering;

const MODEL: &str = "hall";
/// Most points of the floor looked at, but for those that the last row and column add.
const POINTS: f64 = 1600.0;
/// Clutter from this share of the floor on is dense (Table 7.2-4).
const DENSE_FROM: f64 = 0.4;

/// One node: a radio unit under the ceiling that radiates the same all around.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Node {
    /// Carrier frequency.
    pub freq: Mhz,
    /// Frequency and time.
    pub resources: Resources,
    /// Power of the carrier, dBm.
    pub power_dbm: f64,
    /// Gain of the antenna, dBi.
    pub gain_dbi: f64,
    /// Noise figure, dB.
    pub noise_figure_db: f64,
    /// Height above the floor, metres.
    pub height_m: f64,
}

/// What each terminal must get everywhere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wanted {
    /// Uplink, Mbit/s.
    pub ul_mbps: f64,
    /// Downlink, Mbit/s.
    pub dl_mbps: f64,
    /// SS-RSRP, dBm.
    pub rsrp_dbm: f64,
}

/// The station outside, as the hall sees it.
#[derive(Clone, Copy, Debug)]
pub struct Outdoor {
    /// Its scenario, worked out for its height and the terminal's.
    pub prepared: Prepared,
    /// Distance along the ground, metres.
    pub distance_m: f64,
    /// SSB power per resource element with the gain towards the hall, dBm.
    pub ssb_dbm: f64,
    /// Data power per resource element with the gain towards the hall, dBm.
    pub data_dbm: f64,
    /// Gain of the traffic beam towards the hall, dBi: the uplink's.
    pub gain_dbi: f64,
    /// The way through the wall to the place that is hardest to reach.
    pub entry: BuildingEntry,
    /// Frequency and time of its carrier.
    pub resources: Resources,
}

/// A hall and what is asked of radio in it.
#[derive(Clone, Copy, Debug)]
pub struct Task {
    /// The floor.
    pub floor: Floor,
    /// Height of the ceiling, metres.
    pub ceiling_m: f64,
    /// Machines, racks and stores; a density or height of zero is an empty hall.
    pub clutter: Clutter,
    /// Height of the terminals' antennas on the machines, metres.
    pub terminal_height_m: f64,
    /// What nodes are.
    pub node: Node,
    /// What terminals are.
    pub terminal: Terminal,
    /// Terminals that are active at the same time, anywhere on the floor.
    pub terminals: f64,
    /// What each must get.
    pub wanted: Wanted,
    /// Load that nodes are planned for, 0 to 1.
    pub load: f64,
    /// Downlink rate curve.
    pub downlink: RateCurve,
    /// Uplink rate curve.
    pub uplink: RateCurve,
    /// Probability with which levels and rates are met.
    pub location_probability: f64,
    /// Most nodes that are tried.
    pub max_nodes: u32,
    /// The station outside that might serve the hall.
    pub outdoor: Option<Outdoor>,
}

/// What can keep a hall from being served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Requirement {
    /// The class's uplink rate at the place that is hardest to reach.
    Uplink,
    /// The level there.
    Rsrp,
    /// The class's downlink rate, other cells disturbing.
    Downlink,
    /// All terminals together within the design load.
    Capacity,
}

impl Requirement {
    /// All, in the order in which they are looked at.
    pub const ALL: [Self; 4] = [Self::Uplink, Self::Rsrp, Self::Downlink, Self::Capacity];

    /// Name in files.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Uplink => "uplink",
            Self::Rsrp => "rsrp",
            Self::Downlink => "downlink",
            Self::Capacity => "capacity",
        }
    }
}

/// How nodes share cells. Groups in between are not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cells {
    /// All nodes are one cell: no interference, one cell's capacity. That several are heard is no gain, on
    /// the safe side.
    One,
    /// Each node is a cell on the same carrier: all capacity, and interference.
    Each,
}

/// What decides the number of nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// This one alone needs as many as all.
    One(Requirement),
    /// No one alone: they need more together.
    Together,
    /// A single node serves.
    None,
}

/// The hall lies outside what TR 38.901, Table 7.2-4, describes; the formulas are used all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Caution {
    /// Ceilings of 5 to 25 m.
    Ceiling,
    /// Floors of 20 to 160 000 m².
    FloorArea,
}

/// Level and rates that are met with the location probability.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Service {
    /// SS-RSRP, dBm.
    pub rsrp_dbm: f64,
    /// SS-SINR, dB; unknown where no interference was looked at.
    pub ss_sinr_db: Option<f64>,
    /// Uplink rate, Mbit/s.
    pub ul_mbps: f64,
    /// SINR of the uplink on each block used, dB.
    pub ul_sinr_db: f64,
    /// Downlink rate, Mbit/s.
    pub dl_mbps: f64,
}

/// A node of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Placed {
    /// Along the length, metres from a corner.
    pub x_m: f64,
    /// Along the width, metres from the same corner.
    pub y_m: f64,
    /// Share of the floor that it serves.
    pub share: f64,
    /// Share of its cell's uplink that the terminals near it take.
    pub ul_load: f64,
    /// Share of its cell's downlink that they take.
    pub dl_load: f64,
}

/// The fewest nodes found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Solution {
    /// How they stand.
    pub layout: Layout,
    /// How they share cells.
    pub cells: Cells,
    /// Where, and what each carries.
    pub nodes: Vec<Placed>,
    /// Distance of the point that is farthest from its node, metres.
    pub farthest_m: f64,
    /// The least of each over the floor.
    pub worst: Service,
    /// Mean over the floor and over fading of uplink and downlink rate, at what the load leaves free, Mbit/s.
    pub mean_mbps: [f64; 2],
    /// Probability, as a mean over the floor, that uplink and level are met.
    pub area_probability: f64,
}

/// The answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Class of hall that was computed with.
    pub class: Hall,
    /// Where the hall is unlike those of the model's tables.
    pub cautions: Vec<Caution>,
    /// Farthest from a node, metres along the ground, at which uplink, level, and the downlink without any
    /// interference are met with the location probability; `None` where they aren't anywhere.
    pub reach_m: [Option<f64>; 3],
    /// Fewest nodes of the family for each of [`Requirement::ALL`] alone; `None` beyond [`Task::max_nodes`].
    pub needed: [Option<u32>; 4],
    /// No layout at all, regular or not, serves with fewer.
    pub bound: u32,
    /// Layouts tried for all requirements together.
    pub tried: u32,
    /// The fewest nodes of the family that serve.
    pub solution: Option<Solution>,
    /// What decides their number.
    pub limit: Limit,
    /// Service by the station outside, interference left out, where there is one.
    pub outdoor: Option<Service>,
    /// What of the class the station outside doesn't meet; empty: no node is needed.
    pub outdoor_misses: Vec<Requirement>,
    /// Points of the floor that were looked at, and how far apart they lie at most, metres.
    pub points: (u32, f64),
}

impl Answer {
    /// Whether the station outside is known to do.
    #[must_use]
    pub fn outdoor_serves(&self) -> bool {
        self.outdoor.is_some() && self.outdoor_misses.is_empty()
    }
}

/// The class of a hall: high or low by whether nodes hang above the clutter, dense from 40 % of the floor on
/// (Table 7.2-4); both ends above it, or no clutter at all, is InF-HH.
#[must_use]
pub fn hall_class(clutter: &Clutter, node_height_m: f64, terminal_height_m: f64) -> Hall {
    let empty = clutter.density <= 0.0 || clutter.height_m <= 0.0;
    let (node_above, terminal_above) =
        (node_height_m > clutter.height_m, terminal_height_m >= clutter.height_m);
    match (clutter.density >= DENSE_FROM, node_above) {
        _ if empty || node_above && terminal_above => Hall::HighHigh,
        (true, true) => Hall::DenseHigh,
        (true, false) => Hall::DenseLow,
        (false, true) => Hall::SparseHigh,
        (false, false) => Hall::SparseLow,
    }
}

impl Task {
    fn check(&self) -> Result<(), Refusal> {
        within(MODEL, "length_m", self.floor.length_m, 5.0..=1000.0, " m")?;
        within(MODEL, "width_m", self.floor.width_m, 5.0..=1000.0, " m")?;
        within(MODEL, "ceiling_m", self.ceiling_m, 2.0..=50.0, " m")?;
        within(MODEL, "node_height_m", self.node.height_m, 0.5..=self.ceiling_m, " m")?;
        within(MODEL, "ue_height_m", self.terminal_height_m, 0.5..=self.ceiling_m, " m")?;
        within(MODEL, "clutter_density", self.clutter.density, 0.0..=0.999, "")?;
        within(MODEL, "clutter_height_m", self.clutter.height_m, 0.0..=self.ceiling_m, " m")?;
        within(MODEL, "terminals", self.terminals, 1.0..=1e6, "")?;
        within(MODEL, "ul_mbps", self.wanted.ul_mbps, 0.0..=1e6, " Mbit/s")?;
        within(MODEL, "dl_mbps", self.wanted.dl_mbps, 0.0..=1e6, " Mbit/s")?;
        within(MODEL, "rsrp_dbm", self.wanted.rsrp_dbm, -156.0..=0.0, " dBm")?;
        within(MODEL, "load", self.load, 0.01..=0.95, "")?;
        within(MODEL, "location_probability", self.location_probability, 0.5..=0.999, "")?;
        within(MODEL, "max_nodes", f64::from(self.max_nodes), 1.0..=2000.0, "")?;
        Ok(())
    }

    /// The indoor factory that the hall is, with what it is computed with: an empty hall has no clutter that
    /// the formulas could ask for.
    fn prepare(&self) -> Result<(Hall, Prepared), Refusal> {
        let class = hall_class(&self.clutter, self.node.height_m, self.terminal_height_m);
        let clutter = if class == Hall::HighHigh { Clutter::typical(class) } else { self.clutter };
        let heights = (Metres(self.node.height_m), Metres(self.terminal_height_m));
        Ok((class, Scenario::Inf(class, clutter).prepare(self.node.freq, heights.0, heights.1)?))
    }

    fn cautions(&self) -> Vec<Caution> {
        let mut all = Vec::new();
        if !(5.0..=25.0).contains(&self.ceiling_m) {
            all.push(Caution::Ceiling);
        }
        if !(20.0..=160_000.0).contains(&self.floor.area_m2()) {
            all.push(Caution::FloorArea);
        }
        all
    }

    /// Points of the floor and the greatest distance between neighbours, metres.
    fn points(&self) -> (Vec<[f64; 2]>, f64) {
        let Floor { length_m, width_m } = self.floor;
        let step = (self.floor.area_m2() / POINTS).sqrt().max(1.0);
        let (columns, rows) = ((length_m / step).ceil().max(1.0), (width_m / step).ceil().max(1.0));
        let mut all = Vec::with_capacity((columns as usize + 1) * (rows as usize + 1));
        for row in 0..=rows as u32 {
            let y = width_m * f64::from(row) / rows;
            all.extend((0..=columns as u32).map(|c| [length_m * f64::from(c) / columns, y]));
        }
        (all, (length_m / columns).max(width_m / rows))
    }
}

/// One link of the hall, whose only unknown is the loss.
struct Budget<'a> {
    task: &'a Task,
    carrier: Carrier,
    /// SSB and data power per resource element with the gain, dBm.
    ssb_dbm: f64,
    data_dbm: f64,
    /// Gain of the uplink, dBi.
    gain_dbi: f64,
}

impl<'a> Budget<'a> {
    fn new(task: &'a Task) -> Result<Self, Refusal> {
        let node = &task.node;
        let epre = reference_power(Dbm(node.power_dbm), node.resources.resource_blocks)?.get();
        let (ssb_dbm, data_dbm) = (epre + node.gain_dbi, epre + node.gain_dbi);
        Ok(Self { task, carrier: task.carrier(node.resources), ssb_dbm, data_dbm, gain_dbi: node.gain_dbi })
    }

    fn free(&self) -> f64 {
        1.0 - self.task.load
    }

    /// Uplink at a loss over all blocks of the node, whatever its load.
    fn uplink(&self, loss_db: f64) -> capacity::Uplink {
        let t = self.task;
        let one_block = Db(t.terminal.power_dbm + self.gain_dbi - self.carrier.uplink_noise_dbm - loss_db);
        capacity::uplink(&t.uplink, &self.carrier.resources, &t.terminal, one_block.linear())
    }

    /// Likewise the downlink, with noise alone, Mbit/s.
    fn downlink_mbps(&self, loss_db: f64) -> f64 {
        let sinr = Db(self.data_dbm - loss_db - self.carrier.noise_dbm).linear();
        capacity::downlink_mbps(&self.task.downlink, &self.carrier.resources, &self.task.terminal, sinr)
    }

    /// What a loss gives.
    fn service(&self, loss_db: f64) -> Service {
        let up = self.uplink(loss_db);
        Service {
            rsrp_dbm: self.ssb_dbm - loss_db,
            ss_sinr_db: None,
            ul_mbps: up.mbps * self.free(),
            ul_sinr_db: Db::from_linear(up.sinr.max(f64::MIN_POSITIVE)).get(),
            dl_mbps: self.downlink_mbps(loss_db) * self.free(),
        }
    }

    fn meets(&self, service: &Service, requirement: Requirement) -> bool {
        let w = &self.task.wanted;
        match requirement {
            Requirement::Uplink => service.ul_mbps >= w.ul_mbps,
            Requirement::Rsrp => service.rsrp_dbm >= w.rsrp_dbm,
            Requirement::Downlink => service.dl_mbps >= w.dl_mbps,
            Requirement::Capacity => true,
        }
    }

    /// The greatest loss in dB that a requirement bears; `None` where it bears none.
    fn greatest_loss_db(&self, requirement: Requirement) -> Option<f64> {
        let bears = |loss_db: f64| self.meets(&self.service(loss_db), requirement);
        greatest(0.0, 300.0, bears)
    }
}

impl Task {
    fn carrier(&self, resources: Resources) -> Carrier {
        Carrier::new(resources, &self.terminal, Db(self.node.noise_figure_db), self.load)
    }
}

/// The greatest value of a range up to which something holds, by bisection; `None` where it never does.
fn greatest(from: f64, to: f64, holds: impl Fn(f64) -> bool) -> Option<f64> {
    if !holds(from) {
        return None;
    }
    if holds(to) {
        return Some(to);
    }
    let (mut yes, mut no) = (from, to);
    for _ in 0..60 {
        let middle = 0.5 * (yes + no);
        if holds(middle) {
            yes = middle;
        } else {
            no = middle;
        }
    }
    Some(yes)
}

/// A layout set up for [`receive`].
struct Site {
    places: Vec<[f64; 2]>,
    /// Per point of the floor the nearest node, and its distance in metres.
    near: Vec<(u32, f64)>,
    sectors: Sectors,
    cells: Cells,
}

/// A layout that serves.
struct Found {
    layout: Layout,
    cells: Cells,
    farthest_m: f64,
}

/// What a layout is tried against.
struct Trial<'a> {
    task: &'a Task,
    budget: Budget<'a>,
    prepared: Prepared,
    air: Air,
    sector: Sector,
    points: Vec<[f64; 2]>,
    /// Greatest distance from a node by uplink, level, and downlink without interference, metres.
    reach_m: [Option<f64>; 3],
    /// Share of a cell, up and down, that the terminals around a point take where nothing disturbs, at steps of
    /// the distance from its node; empty until it is asked for.
    undisturbed: Vec<[f64; 2]>,
    /// The point that was too far from every node of the last layout that failed so.
    missed: usize,
    masts: Vec<Mast>,
    scratch: Scratch,
}

/// Steps of the distance in [`Trial::undisturbed`].
const STEPS: usize = 128;
/// Load beyond the limit at which a layout is turned down without working out its interference: rates fall
/// with distance but for the rounding of their means.
const CLEARLY: f64 = 1.002;

impl<'a> Trial<'a> {
    fn new(task: &'a Task, prepared: Prepared, points: Vec<[f64; 2]>) -> Result<Self, Refusal> {
        let budget = Budget::new(task)?;
        let p = task.location_probability;
        let location = Location::new(p);
        let range = prepared.ground_range_m();
        let reach = |requirement| {
            let bears_db = budget.greatest_loss_db(requirement)?;
            // Loss grows with distance: both states' do, and line of sight grows rarer.
            greatest(*range.start(), *range.end(), |d| {
                loss(&prepared, d).quantile_db(p, location.quantile()) <= bears_db
            })
        };
        let reach_m = [Requirement::Uplink, Requirement::Rsrp, Requirement::Downlink].map(reach);
        let omni = Antenna { ssb: AntennaPattern::Omni, traffic: AntennaPattern::Omni };
        let air = Air {
            tables: vec![LossTable::build(prepared, p)],
            carriers: vec![budget.carrier],
            antennas: vec![omni],
            terminal: task.terminal,
            terminal_height_m: task.terminal_height_m,
            downlink: task.downlink,
            uplink: task.uplink,
            location,
        };
        let epre_dbm = (budget.data_dbm - task.node.gain_dbi) as f32;
        let sector = Sector {
            carrier: 0,
            antenna: 0,
            table: 0,
            height_m: task.node.height_m as f32,
            azimuth_deg: 0.0,
            electrical_tilt_deg: 0.0,
            mechanical_tilt_deg: 0.0,
            ssb_epre_dbm: epre_dbm,
            data_epre_dbm: epre_dbm,
            gain_ssb_dbi: task.node.gain_dbi as f32,
            gain_traffic_dbi: task.node.gain_dbi as f32,
            load: task.load as f32,
        };
        Ok(Self {
            task,
            budget,
            prepared,
            air,
            sector,
            points,
            reach_m,
            undisturbed: Vec::new(),
            missed: 0,
            masts: Vec::new(),
            scratch: Scratch::default(),
        })
    }

    /// Per point of the floor its nearest node and the distance to it, metres; `None` when one is beyond a limit.
    fn near(&mut self, places: &[[f64; 2]], limit_m: f64) -> Option<Vec<(u32, f64)>> {
        let limit2 = limit_m * limit_m;
        let nearest = |point: &[f64; 2]| {
            let all = (0u32..).zip(places.iter().map(|place| squared_m(place, point)));
            all.fold((0, f64::INFINITY), |best, next| if next.1 < best.1 { next } else { best })
        };
        // Where one layout fails the next one often does.
        if self.points.get(self.missed).is_some_and(|p| nearest(p).1 > limit2) {
            return None;
        }
        let mut near = Vec::with_capacity(self.points.len());
        for (i, point) in self.points.iter().enumerate() {
            let (node, squared) = nearest(point);
            if squared > limit2 {
                self.missed = i;
                return None;
            }
            near.push((node, squared.sqrt()));
        }
        Some(near)
    }

    /// Nodes set up, all of them one cell, with the nearest of each point.
    fn site(&self, places: Vec<[f64; 2]>, near: Vec<(u32, f64)>) -> Site {
        let mut sectors = Sectors::new();
        places.iter().for_each(|_| sectors.push(self.sector, &self.air));
        Site { places, near, sectors, cells: Cells::One }
    }

    /// What a point gets, of the node at an index that far away.
    fn at(
        &mut self,
        point: usize,
        site: &Site,
        promise: Promise,
        ss_sinr: bool,
    ) -> Option<(usize, f64, Reception)> {
        let (place, &(nearest, distance_m)) = (self.points.get(point)?, site.near.get(point)?);
        let mast = |(first, distance_m)| Mast { distance_m, bearing_deg: 0.0, rise_m: 0.0, first, count: 1 };
        self.masts.clear();
        match site.cells {
            Cells::One => self.masts.push(mast((nearest, distance_m))),
            Cells::Each => {
                let all = site.places.iter().map(|node| squared_m(node, place).sqrt());
                self.masts.extend((0u32..).zip(all).map(mast));
            }
        }
        let masts = Masts { list: &self.masts, sectors: &site.sectors, table_offset: 0 };
        let asked = Asked { entry: &[], terminals: Terminals::Outdoors, promise, terminal: None, ss_sinr };
        Some((nearest as usize, distance_m, receive(&self.air, &masts, &asked, &mut self.scratch)?))
    }

    /// How hard it is to serve a point of the floor; least is hardest: those are farthest from their node, of those
    /// as far the ones in the middle of the floor, which hear most others: there the downlink fails, if anywhere.
    fn ease(&self, site: &Site, i: usize) -> (f64, f64) {
        let Floor { length_m, width_m } = self.task.floor;
        let middle = [0.5 * length_m, 0.5 * width_m];
        let far = site.near.get(i).map_or(0.0, |n| n.1);
        (-(far * 1e6).round(), self.points.get(i).map_or(0.0, |p| squared_m(p, &middle)))
    }

    /// The point that is hardest to serve.
    fn hardest(&self, site: &Site) -> Option<usize> {
        let keys = (0..self.points.len()).map(|i| (self.ease(site, i), i));
        keys.reduce(|a, b| if by_ease(&b, &a).is_lt() { b } else { a }).map(|k| k.1)
    }

    /// Points of the floor, the hardest first.
    fn hardest_first(&self, site: &Site) -> Vec<usize> {
        let mut order: Vec<Eased> = (0..self.points.len()).map(|i| (self.ease(site, i), i)).collect();
        order.sort_unstable_by(by_ease);
        order.into_iter().map(|o| o.1).collect()
    }

    /// Whether the downlink rate is met at points.
    fn downlink_at(&mut self, site: &Site, points: &[usize]) -> bool {
        let wanted = self.task.wanted.dl_mbps;
        points.iter().all(|&i| {
            self.at(i, site, Promise::AtLocation, false)
                .is_some_and(|(_, _, got)| got.rates.dl_mbps >= wanted)
        })
    }

    /// Nodes with what they carry, and the mean rates over the floor.
    fn loads(&mut self, site: &Site) -> Option<(Vec<Placed>, [f64; 2])> {
        let places = &site.places;
        let mut nodes: Vec<Placed> = places
            .iter()
            .map(|[x, y]| Placed { x_m: *x, y_m: *y, share: 0.0, ul_load: 0.0, dl_load: 0.0 })
            .collect();
        let each = 1.0 / self.points.len() as f64;
        let mut mean = [0.0; 2];
        for i in 0..self.points.len() {
            let (nearest, _, Reception { rates, .. }) = self.at(i, site, Promise::Mean, false)?;
            let node = nodes.get_mut(nearest)?;
            node.share += each;
            let [up, down] = self.taken([rates.ul_mbps, rates.dl_mbps]);
            (node.ul_load, node.dl_load) = (node.ul_load + up, node.dl_load + down);
            mean = [mean[0] + each * rates.ul_mbps, mean[1] + each * rates.dl_mbps];
        }
        Some((nodes, mean))
    }

    /// Share of a cell's time and band, up and down, that the terminals around a point take where these are the
    /// rates.
    fn taken(&self, rates_mbps: [f64; 2]) -> [f64; 2] {
        let (w, free) = (&self.task.wanted, self.budget.free());
        let here = self.task.terminals / self.points.len() as f64;
        let taken = |need: f64, mbps: f64| if need > 0.0 { here * need * free / mbps } else { 0.0 };
        [taken(w.ul_mbps, rates_mbps[0]), taken(w.dl_mbps, rates_mbps[1])]
    }

    /// Whether no cell is loaded beyond the design load. Most layouts that fail do so by the uplink, or in the
    /// middle of the floor: both are looked at first.
    fn capacity_serves(&mut self, site: &Site) -> bool {
        let most = self.task.load;
        let Some(light) = self.light_loads(site) else { return false };
        let cell = |node: u32| if site.cells == Cells::One { 0 } else { node as usize };
        if light.iter().flatten().any(|l| *l > most * CLEARLY) {
            return false;
        }
        let mut of_cell: Vec<Vec<usize>> = vec![Vec::new(); light.len()];
        for (i, (node, _)) in site.near.iter().enumerate() {
            of_cell[cell(*node)].push(i);
        }
        let Floor { length_m, width_m } = self.task.floor;
        let middle = [0.5 * length_m, 0.5 * width_m];
        let mut order: Vec<(f64, usize)> =
            (0..light.len()).map(|c| (squared_m(&site.places[c], &middle), c)).collect();
        order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        for (_, c) in order {
            let mut load = [0.0; 2];
            for &i in &of_cell[c] {
                let Some((_, _, got)) = self.at(i, site, Promise::Mean, false) else { return false };
                let [up, down] = self.taken([got.rates.ul_mbps, got.rates.dl_mbps]);
                load = [load[0] + up, load[1] + down];
                if load[0] > most || load[1] > most {
                    return false;
                }
            }
        }
        true
    }

    /// What the load of each cell, up and down, is at least: by rates at the next shorter step of the distance,
    /// and down only where no other cell disturbs.
    fn light_loads(&mut self, site: &Site) -> Option<Vec<[f64; 2]>> {
        let Floor { length_m, width_m } = self.task.floor;
        let step_m = length_m.hypot(width_m) / STEPS as f64;
        if self.undisturbed.is_empty() {
            for i in 0..=STEPS {
                self.masts.clear();
                let distance_m = step_m * i as f64;
                self.masts.push(Mast { distance_m, bearing_deg: 0.0, rise_m: 0.0, first: 0, count: 1 });
                let masts = Masts { list: &self.masts, sectors: &site.sectors, table_offset: 0 };
                let asked = Asked {
                    entry: &[],
                    terminals: Terminals::Outdoors,
                    promise: Promise::Mean,
                    terminal: None,
                    ss_sinr: false,
                };
                let got = receive(&self.air, &masts, &asked, &mut self.scratch);
                // Beyond the model's range nothing is carried.
                let taken =
                    got.map_or([f64::INFINITY; 2], |got| self.taken([got.rates.ul_mbps, got.rates.dl_mbps]));
                self.undisturbed.push(taken);
            }
        }
        let one = site.cells == Cells::One;
        let mut loads = vec![[0.0; 2]; if one { 1 } else { site.places.len() }];
        for &(node, distance_m) in &site.near {
            let step = ((distance_m / step_m) as usize).min(STEPS);
            let [up, down] = *self.undisturbed.get(step)?;
            let load = loads.get_mut(if one { 0 } else { node as usize })?;
            *load = [load[0] + up, load[1] + if one { down } else { 0.0 }];
        }
        Some(loads)
    }

    /// The greatest distance from a node that requirements bear, metres; `None` where one can't be met at all.
    fn limit_m(&self, requirements: &[Requirement]) -> Option<f64> {
        requirements.iter().try_fold(f64::INFINITY, |limit, r| match r {
            Requirement::Uplink => Some(limit.min(self.reach_m[0]?)),
            Requirement::Rsrp => Some(limit.min(self.reach_m[1]?)),
            Requirement::Downlink => Some(limit.min(self.reach_m[2]?)),
            Requirement::Capacity => Some(limit),
        })
    }

    /// The fewest nodes from `from` on with a layout that meets requirements: of those with as few the one
    /// whose farthest point is nearest. Counts the layouts tried.
    fn fewest(&mut self, requirements: &[Requirement], from: u32, tried: &mut u32) -> Option<Found> {
        let limit_m = self.limit_m(requirements)?;
        let has = |r| requirements.contains(&r);
        let floor = self.task.floor;
        for nodes in from..=self.task.max_nodes {
            let mut fit = Vec::new();
            for (order, layout) in family(nodes).enumerate() {
                *tried += 1;
                let places = layout.places(&floor);
                let Some(near) = self.near(&places, limit_m) else { continue };
                let farthest_m = near.iter().map(|n| n.1).fold(0.0, f64::max);
                fit.push((farthest_m, order, layout, places, near));
            }
            fit.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            for (farthest_m, _, layout, places, near) in fit {
                let mut site = self.site(places, near);
                // In one cell the downlink hangs on distance alone, which was looked at.
                if !has(Requirement::Capacity) || self.capacity_serves(&site) {
                    return Some(Found { layout, cells: Cells::One, farthest_m });
                }
                site.cells = Cells::Each;
                let down = has(Requirement::Downlink);
                let first = if down { self.hardest(&site) } else { None };
                if self.downlink_at(&site, first.as_slice())
                    && self.capacity_serves(&site)
                    && (!down || {
                        let order = self.hardest_first(&site);
                        self.downlink_at(&site, order.get(1..).unwrap_or(&[]))
                    })
                {
                    return Some(Found { layout, cells: Cells::Each, farthest_m });
                }
            }
        }
        None
    }

    /// No layout has fewer nodes: by area for what hangs on distance, by the rate right under a node for
    /// capacity. Beyond [`Task::max_nodes`] there is one more than that.
    fn bound(&self, requirements: &[Requirement], spacing_m: f64) -> u32 {
        let most = self.task.max_nodes.saturating_add(1);
        let count = |n: f64| if n < f64::from(most) { (n.max(1.0)) as u32 } else { most };
        let Some(limit_m) = self.limit_m(requirements) else { return most };
        // Between points of the grid nobody looked: half a diagonal of it farther away may still be served.
        let radius_m = limit_m + std::f64::consts::FRAC_1_SQRT_2 * spacing_m;
        let floor = &self.task.floor;
        let by_area = if floor.half_diagonal_m() <= radius_m {
            1
        } else {
            count((floor.area_m2() / (1.5 * 3f64.sqrt() * radius_m * radius_m)).ceil()).max(2)
        };
        if !requirements.contains(&Requirement::Capacity) {
            return by_area;
        }
        // No rate is above that without any loss, which is the cap.
        let (up, down) = (self.budget.uplink(0.0).mbps, self.budget.downlink_mbps(0.0));
        let busy = |need: f64, mbps: f64| if need > 0.0 { self.task.terminals * need / mbps } else { 0.0 };
        let w = &self.task.wanted;
        let cells = busy(w.ul_mbps, up).max(busy(w.dl_mbps, down)) / self.task.load;
        by_area.max(count((cells - 1e-9).ceil()))
    }

    fn solution(&mut self, found: &Found) -> Option<Solution> {
        let Found { layout, cells, farthest_m } = *found;
        let places = layout.places(&self.task.floor);
        let near = self.near(&places, f64::INFINITY)?;
        let site = Site { cells, ..self.site(places, near) };
        let (nodes, mean_mbps) = self.loads(&site)?;
        let p = self.task.location_probability;
        let z = self.air.location.quantile();
        let bears_db = [Requirement::Uplink, Requirement::Rsrp].map(|r| self.budget.greatest_loss_db(r));
        let bears_db = bears_db.into_iter().flatten().fold(f64::INFINITY, f64::min);
        let mut worst = self.budget.service(loss(&self.prepared, farthest_m).quantile_db(p, z));
        (worst.dl_mbps, worst.ss_sinr_db) = (f64::INFINITY, None);
        let mut probability = 0.0;
        for i in 0..self.points.len() {
            let (_, nearest_m, got) = self.at(i, &site, Promise::AtLocation, true)?;
            worst.dl_mbps = worst.dl_mbps.min(got.rates.dl_mbps);
            worst.ss_sinr_db = got.ss_sinr_db.into_iter().chain(worst.ss_sinr_db).reduce(f64::min);
            probability += loss(&self.prepared, nearest_m).probability_below(bears_db);
        }
        let area_probability = probability / self.points.len() as f64;
        Some(Solution { layout, cells, nodes, farthest_m, worst, mean_mbps, area_probability })
    }
}

/// A point of the floor with what orders it.
type Eased = ((f64, f64), usize);

fn by_ease(a: &Eased, b: &Eased) -> Ordering {
    a.0.0.total_cmp(&b.0.0).then(a.0.1.total_cmp(&b.0.1)).then(a.1.cmp(&b.1))
}

/// The loss at a distance along the ground; nearer than the model's shortest it is the one there.
fn loss(prepared: &Prepared, distance_m: f64) -> LossDistribution {
    prepared.states(distance_m.max(*prepared.ground_range_m().start())).into()
}

fn squared_m(a: &[f64; 2], b: &[f64; 2]) -> f64 {
    let (x, y) = (a[0] - b[0], a[1] - b[1]);
    x * x + y * y
}

/// The level and rates that the station outside gives in the hall, and what of the class they don't meet.
fn outdoor_in(task: &Task, outdoor: &Outdoor) -> Result<(Service, Vec<Requirement>), Refusal> {
    let range = outdoor.prepared.ground_range_m();
    within(outdoor.prepared.model(), "distance_m", outdoor.distance_m, 0.0..=*range.end(), " m")?;
    let budget = Budget {
        task,
        carrier: task.carrier(outdoor.resources),
        ssb_dbm: outdoor.ssb_dbm,
        data_dbm: outdoor.data_dbm,
        gain_dbi: outdoor.gain_dbi,
    };
    let (p, z) = (task.location_probability, Location::new(task.location_probability).quantile());
    let inside =
        loss(&outdoor.prepared, outdoor.distance_m).behind(outdoor.entry.loss_db, outdoor.entry.sigma_db);
    let service = budget.service(inside.quantile_db(p, z));
    let mut misses: Vec<Requirement> =
        Requirement::ALL.into_iter().filter(|r| !budget.meets(&service, *r)).collect();
    // All terminals stand as badly as the worst: on the safe side, as nobody knows where they do.
    let w = &task.wanted;
    let busy = |need: f64, rate: f64| task.terminals * need * budget.free() > rate * task.load && need > 0.0;
    if misses.is_empty() && (busy(w.ul_mbps, service.ul_mbps) || busy(w.dl_mbps, service.dl_mbps)) {
        misses.push(Requirement::Capacity);
    }
    Ok((service, misses))
}

/// Works out a hall.
///
/// # Errors
/// [`Refusal`] outside the ranges: floors of 5 to 1000 m a side, ceilings of 2 to 50 m, nodes and terminals
/// from 0.5 m up to the ceiling, clutter of up to 10 m, frequencies of TR 38.901.
pub fn plan(task: &Task) -> Result<Answer, Refusal> {
    task.check()?;
    let (class, prepared) = task.prepare()?;
    let (points, spacing_m) = task.points();
    let count = points.len() as u32;
    let mut trial = Trial::new(task, prepared, points)?;
    let alone = Requirement::ALL.map(|r| {
        let from = trial.bound(&[r], spacing_m);
        trial.fewest(&[r], from, &mut 0).map(|found| found.layout.nodes())
    });
    let bound = trial.bound(&Requirement::ALL, spacing_m);
    // What one of them needs, all together need too.
    let from = alone.iter().flatten().copied().fold(bound, u32::max);
    let mut tried = 0;
    let found = if alone.iter().all(Option::is_some) {
        trial.fewest(&Requirement::ALL, from, &mut tried)
    } else {
        None
    };
    let solution = found.and_then(|found| trial.solution(&found));
    let missed = Requirement::ALL.into_iter().zip(alone).find(|(_, n)| n.is_none());
    let limit = match (&solution, missed) {
        (_, Some((requirement, _))) => Limit::One(requirement),
        (Some(s), None) if s.nodes.len() == 1 => Limit::None,
        (Some(s), None) => Requirement::ALL
            .into_iter()
            .zip(alone)
            .find(|(_, n)| *n == Some(s.nodes.len() as u32))
            .map_or(Limit::Together, |(requirement, _)| Limit::One(requirement)),
        (None, None) => Limit::Together,
    };
    let outdoor = task.outdoor.map(|o| outdoor_in(task, &o)).transpose()?;
    let reach_m = trial.reach_m;
    let (outdoor, outdoor_misses) = outdoor.map_or((None, Vec::new()), |(s, m)| (Some(s), m));
    Ok(Answer {
        class,
        cautions: task.cautions(),
        reach_m,
        needed: alone,
        bound,
        tried,
        solution,
        limit,
        outdoor,
        outdoor_misses,
        points: (count, spacing_m),
    })
}

/// The number of nodes that [`plan`] finds for a hall, without what else it tells; none where up to
/// [`Task::max_nodes`] don't serve.
///
/// # Errors
/// As [`plan`].
pub fn fewest_nodes(task: &Task) -> Result<Option<u32>, Refusal> {
    task.check()?;
    let (_, prepared) = task.prepare()?;
    let (points, spacing_m) = task.points();
    let mut trial = Trial::new(task, prepared, points)?;
    let from = trial.bound(&Requirement::ALL, spacing_m);
    Ok(trial.fewest(&Requirement::ALL, from, &mut 0).map(|found| found.layout.nodes()))
}

#[cfg(test)]
mod tests;
