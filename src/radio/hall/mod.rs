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
//! the answer is the first number with one that serves, so that within the family fewer never do. `budget` is
//! one link's, `trial` puts a layout up and looks whether it serves.

mod budget;
mod layout;
mod trial;

pub use layout::{Floor, Layout, Pattern, family};

use super::capacity::{RateCurve, Resources, Terminal};
use super::refusal::{Refusal, within};
use super::servers::{BuildingEntry, Location};
use super::tr38901::{Clutter, Hall, Prepared, Scenario};
use crate::units::{Metres, Mhz};
use budget::Budget;
use serde::Serialize;
use trial::{Trial, loss};

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
