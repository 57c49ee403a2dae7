//! One receiver among many cells: who serves it, at which level, against which interference, how fast.
//!
//! A terminal uses its own network, so everything is per network: cells of other networks neither serve
//! nor disturb. Within a network cells disturb each other on the same carrier only. Two ratios are kept
//! apart: **SS-SINR**, where the synchronised SSBs of all cells collide whatever the load, and the **data
//! SINR**, where a neighbour disturbs for the share of time and band that its load takes.
//!
//! How the numbers come about, for a carrier of a network:
//! - The server is the cell with the highest median SS-RSRP. That the terminal may find a better cell
//!   where the server happens to be shadowed is left out, on the safe side.
//! - Levels are mixtures over LOS and NLOS with shadow fading ([`LossDistribution`]); a reported SS-RSRP or
//!   SS-SINR is met with the location probability.
//! - Cells on the server's own mast share its path and its fading: they disturb by a fixed ratio, that of
//!   the antennas' gains.
//! - Interference of other masts and noise add up to a log-normal without, and another with a neighbour
//!   in line of sight ([`super::interference`]), their fading correlated with the server's as TR 36.814,
//!   Table A.2.1.1-2 has it. Against drawing everything at random the median SS-SINR comes out within
//!   0.5 dB and the 5 % quantile within 2 dB (tested).
//! - Beams of neighbours point at their own users; over a sector's users they average to the pattern of
//!   the sector's SSB beam, which is what disturbs. The server's own beam points at the terminal.
//! - Indoors a building takes as much from the interference as from the signal, but not from the noise.
//! - Rates are means over all this, times the share of resources that the server's load leaves free.

use super::antenna::{Pattern, Pointing};
use super::capacity::{self, RateCurve, Resources, Terminal};
use super::coverage_probability::{LN_PER_DB, LossDistribution, LossTable, Mixture, Part};
use super::interference::{FadingLevel, Interference};
use super::link_budget::thermal_noise;
use super::normal;
use super::tr38901::LosState;
use crate::units::Db;

/// Correlation of the shadow fading of two masts (TR 36.814, Table A.2.1.1-2).
pub const SHADOW_CORRELATION: f64 = 0.5;

/// The two patterns of an antenna.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Antenna {
    /// Of the SSB beam, over all its sweeps.
    pub ssb: Pattern,
    /// Of the traffic beam: the envelope of where it can be steered.
    pub traffic: Pattern,
}

/// The way into a building: a further loss and its spread.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BuildingEntry {
    /// Median loss, dB.
    pub loss_db: f64,
    /// Standard deviation, dB.
    pub sigma_db: f64,
}

/// A carrier as all cells on it share it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Carrier {
    /// Frequency and time.
    pub resources: Resources,
    /// Noise per resource element at the terminal, dBm.
    pub noise_dbm: f64,
    /// Noise and interference per resource block at the base station, dBm.
    pub uplink_noise_dbm: f64,
}

impl Carrier {
    /// A carrier with thermal noise at both ends, and an uplink disturbed by neighbours of a given load.
    #[must_use]
    pub fn new(resources: Resources, terminal: &Terminal, bs_noise_figure: Db, neighbour_load: f64) -> Self {
        let element_hz = f64::from(resources.scs_khz) * 1e3;
        Self {
            resources,
            noise_dbm: thermal_noise(element_hz, Db(terminal.noise_figure_db)).get(),
            uplink_noise_dbm: capacity::uplink_noise_per_block(&resources, bs_noise_figure, neighbour_load)
                .get(),
        }
    }
}

/// What all receivers of a run have in common.
#[derive(Clone, Debug)]
pub struct Air {
    /// Path loss by scenario, frequency and height.
    pub tables: Vec<LossTable>,
    /// Carriers; equal index means co-channel.
    pub carriers: Vec<Carrier>,
    /// Antenna patterns.
    pub antennas: Vec<Antenna>,
    /// The terminal.
    pub terminal: Terminal,
    /// Height of the terminal above ground, metres.
    pub terminal_height_m: f64,
    /// Downlink rate curve.
    pub downlink: RateCurve,
    /// Uplink rate curve.
    pub uplink: RateCurve,
    /// Location probability of reported levels.
    pub location: Location,
}

/// A location probability with the quantile of the standard normal that belongs to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Location {
    probability: f64,
    quantile: f64,
}

impl Location {
    /// A location probability, kept within 0.5 to 0.999.
    #[must_use]
    pub fn new(probability: f64) -> Self {
        let probability = probability.clamp(0.5, 0.999);
        Self { probability, quantile: normal::quantile(probability) }
    }

    /// The probability.
    #[must_use]
    pub const fn probability(&self) -> f64 {
        self.probability
    }
}

/// A cell seen from one receiver. Indices point into [`Air`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Radio network.
    pub network: u16,
    /// Index in [`Air::carriers`].
    pub carrier: u16,
    /// Index in [`Air::tables`].
    pub table: u32,
    /// Index in [`Air::antennas`].
    pub antenna: u16,
    /// The mast: cells on one mast share their fading.
    pub tower: u32,
    /// Distance along the ground, metres.
    pub distance_m: f32,
    /// Bearing from the mast to the receiver, degrees from north.
    pub bearing_deg: f32,
    /// Height of the antenna above ground, metres.
    pub height_m: f32,
    /// Azimuth of boresight, degrees from north; no matter for an omni.
    pub azimuth_deg: f32,
    /// Electrical downtilt, degrees.
    pub electrical_tilt_deg: f32,
    /// Mechanical downtilt, degrees.
    pub mechanical_tilt_deg: f32,
    /// Power per resource element of the SSB, dBm.
    pub ssb_epre_dbm: f32,
    /// Power per resource element of data, dBm.
    pub data_epre_dbm: f32,
    /// Peak gain of the SSB beam, dBi.
    pub gain_ssb_dbi: f32,
    /// Peak gain of the traffic beam, dBi.
    pub gain_traffic_dbi: f32,
    /// Share of resources in use, 0 to 1.
    pub load: f32,
}

/// What the terminal gets through.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Index of the serving cell: the best on the carrier that promises most, which needn't be the one with
    /// the best level.
    pub server: u32,
    /// Data SINR at the neighbours' load, with all levels at their mean in dB.
    pub sinr_db: f64,
    /// Mean downlink rate, Mbit/s.
    pub dl_mbps: f64,
    /// Mean uplink rate, Mbit/s.
    pub ul_mbps: f64,
}

/// Where the terminal works whose rates are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Terminals {
    /// In the open.
    Outdoors,
    /// Behind the building's wall, where one is given.
    BehindWall,
}

/// What [`receive`] is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The building's loss per carrier, in the order of [`Air::carriers`]; an empty slice leaves the
    /// indoor level out.
    pub entry: &'a [BuildingEntry],
    /// Where rates are meant.
    pub terminals: Terminals,
    /// Whether the SS-SINR is asked for.
    pub ss_sinr: bool,
}

impl<'a> Asked<'a> {
    /// Everything, rates outdoors.
    #[must_use]
    pub const fn outdoors(entry: &'a [BuildingEntry]) -> Self {
        Self { entry, terminals: Terminals::Outdoors, ss_sinr: true }
    }

    /// Everything, rates behind the wall.
    #[must_use]
    pub const fn indoors(entry: &'a [BuildingEntry]) -> Self {
        Self { entry, terminals: Terminals::BehindWall, ss_sinr: true }
    }
}

/// What a network gives at a place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NetworkReception {
    /// The network.
    pub network: u16,
    /// Index of the best server by SS-RSRP: levels are its.
    pub server: u32,
    /// Median SS-RSRP in the open, dBm.
    pub rsrp_median_dbm: f64,
    /// SS-RSRP in the open that is met with the location probability, dBm.
    pub rsrp_dbm: f64,
    /// Likewise behind the building's wall, if one was given.
    pub rsrp_indoor_dbm: Option<f64>,
    /// SS-SINR in the open that is met with the location probability, dB, if it was asked for.
    pub ss_sinr_db: Option<f64>,
    /// Rates of the terminal, where it was asked for.
    pub rates: Rates,
}

/// Buffers that a thread keeps between receivers.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    levels: Vec<Level>,
    order: Vec<(u64, u32)>,
}

/// A candidate in reach, worked out.
#[derive(Clone, Copy, Debug)]
struct Level {
    index: u32,
    network: u16,
    carrier: u16,
    tower: u32,
    /// Median SS-RSRP, dBm.
    median_dbm: f64,
    /// SS-RSRP met with the location probability, dBm.
    edge_dbm: f64,
    /// SSB power per resource element towards the receiver, dBm.
    ssb_eirp_dbm: f64,
    /// Share of data elements in use.
    data_share: f64,
    /// Data power per element in use against the SSB's, dB.
    data_over_ssb_db: f64,
    /// Probability of line of sight.
    p_los: f64,
    /// SSB power received in line of sight, dBm.
    los: FadingLevel,
    /// And without.
    nlos: FadingLevel,
}

/// Works out every network at one receiver. `out` is cleared and filled in order of network; networks
/// without a cell in the range of its model are left out.
///
/// No allocation once `scratch` and `out` have grown; the result depends on the order of candidates only
/// where two cells are exactly alike.
pub fn receive(
    air: &Air,
    candidates: &[Candidate],
    asked: &Asked,
    scratch: &mut Scratch,
    out: &mut Vec<NetworkReception>,
) {
    out.clear();
    let Scratch { levels, order } = scratch;
    levels.clear();
    order.clear();
    // Sectors of a mast come one after the other and share their direction.
    let mut direction = Direction::default();
    for (index, c) in candidates.iter().enumerate() {
        if let Some(level) = level(air, index as u32, c, &mut direction) {
            order.push((level.key(), levels.len() as u32));
            levels.push(level);
        }
    }
    order.sort_unstable();
    let cells = Cells { air, candidates, levels };
    for network in order.chunk_by(|a, b| a.0 >> 48 == b.0 >> 48) {
        out.extend(cells.receive_network(asked, network));
    }
}

/// Elevation of the receiver, kept while height and distance stay the same.
#[derive(Clone, Copy, Default)]
struct Direction {
    height_m: f32,
    distance_m: f32,
    elevation_deg: f64,
}

impl Direction {
    fn elevation_deg(&mut self, air: &Air, c: &Candidate) -> f64 {
        if (self.height_m, self.distance_m) != (c.height_m, c.distance_m) {
            *self =
                Self { height_m: c.height_m, distance_m: c.distance_m, elevation_deg: elevation_deg(air, c) };
        }
        self.elevation_deg
    }
}

impl Level {
    /// Orders by network, then carrier, then median level, the strongest first.
    fn key(&self) -> u64 {
        let bits = (-self.median_dbm as f32).to_bits();
        let ascending = if bits >> 31 == 1 { !bits } else { bits | 1 << 31 };
        u64::from(self.network) << 48 | u64::from(self.carrier) << 32 | u64::from(ascending)
    }
}

/// None for what refers to nothing in `air`, or lies out of its model's range.
fn level(air: &Air, index: u32, c: &Candidate, direction: &mut Direction) -> Option<Level> {
    let table = air.tables.get(c.table as usize)?;
    let row = table.at(f64::from(c.distance_m))?;
    let antenna = air.antennas.get(usize::from(c.antenna))?;
    let elevation_deg = direction.elevation_deg(air, c);
    let relative = antenna.ssb.relative_gain(&pointing(c), f64::from(c.bearing_deg), elevation_deg);
    let ssb_eirp_dbm = f64::from(c.ssb_epre_dbm) + f64::from(c.gain_ssb_dbi) + relative.get();
    let distance_m = f64::from(c.distance_m);
    let fading = |loss_db: f32, sigma: f64| FadingLevel {
        mean_db: ssb_eirp_dbm - f64::from(loss_db),
        variance_db2: (1.0 - SHADOW_CORRELATION) * sigma * sigma,
        shared_db: SHADOW_CORRELATION.sqrt() * sigma,
    };
    Some(Level {
        index,
        network: c.network,
        carrier: c.carrier,
        tower: c.tower,
        median_dbm: ssb_eirp_dbm - f64::from(row.median_db),
        edge_dbm: ssb_eirp_dbm - f64::from(row.outdoor_db),
        ssb_eirp_dbm,
        data_share: f64::from(c.load),
        data_over_ssb_db: f64::from(c.data_epre_dbm - c.ssb_epre_dbm),
        p_los: f64::from(row.p_los),
        los: fading(row.los_db, table.prepared().sigma_db(distance_m, LosState::Los)),
        nlos: fading(row.nlos_db, table.prepared().sigma_db(distance_m, LosState::Nlos)),
    })
}

fn pointing(c: &Candidate) -> Pointing {
    Pointing {
        azimuth_deg: f64::from(c.azimuth_deg),
        electrical_tilt_deg: f64::from(c.electrical_tilt_deg),
        mechanical_tilt_deg: f64::from(c.mechanical_tilt_deg),
    }
}

/// Elevation of the receiver seen from the antenna, degrees.
fn elevation_deg(air: &Air, c: &Candidate) -> f64 {
    let down = f64::from(c.height_m) - air.terminal_height_m;
    -down.atan2(f64::from(c.distance_m)).to_degrees()
}

/// Candidates with their levels.
struct Cells<'a> {
    air: &'a Air,
    candidates: &'a [Candidate],
    levels: &'a [Level],
}

/// Keys and levels of one carrier or network, by key.
type Order = [(u64, u32)];

impl Cells<'_> {
    fn level(&self, at: &(u64, u32)) -> Option<&Level> {
        self.levels.get(at.1 as usize)
    }

    fn receive_network(&self, asked: &Asked, network: &Order) -> Option<NetworkReception> {
        // Cells of one carrier stand together, the strongest first; on a tie the first carrier counts.
        let mut carriers = network.chunk_by(|a, b| a.0 >> 32 == b.0 >> 32);
        let first = carriers.next()?;
        let (mut served, mut fastest) = (first, first);
        if first.len() < network.len() {
            let level = |cells: &Order| cells.first().and_then(|at| self.level(at)).map(|l| l.median_dbm);
            let (mut strongest, mut speed) = (level(first)?, self.rough_speed(first)?);
            for cells in carriers {
                let (its_level, its_speed) = (level(cells)?, self.rough_speed(cells)?);
                if its_level > strongest {
                    (served, strongest) = (cells, its_level);
                }
                if its_speed > speed {
                    (fastest, speed) = (cells, its_speed);
                }
            }
        }
        let (best, data_best) = (self.level(served.first()?)?, self.level(fastest.first()?)?);
        let data = self.signal(fastest, Use::Data)?;
        let wall = |carrier: u16| asked.entry.get(usize::from(carrier)).copied();
        let behind = match asked.terminals {
            Terminals::BehindWall => wall(data_best.carrier).unwrap_or(OPEN),
            Terminals::Outdoors => OPEN,
        };
        let location = &self.air.location;
        let (dl_mbps, ul_mbps) = data.rates(self.air, &behind);
        let ss_sinr_db = match asked.ss_sinr {
            true => Some(self.signal(served, Use::Ssb)?.sinr_db(&OPEN, location)),
            false => None,
        };
        Some(NetworkReception {
            network: best.network,
            server: best.index,
            rsrp_median_dbm: best.median_dbm,
            rsrp_dbm: best.edge_dbm,
            rsrp_indoor_dbm: wall(best.carrier).and_then(|wall| self.indoor_dbm(best, &wall)),
            ss_sinr_db,
            rates: Rates { server: data_best.index, sinr_db: data.mean_sinr_db(&behind), dl_mbps, ul_mbps },
        })
    }

    /// SS-RSRP of a cell behind a wall that is met with the location probability, dBm.
    fn indoor_dbm(&self, level: &Level, wall: &BuildingEntry) -> Option<f64> {
        let server = self.candidates.get(level.index as usize)?;
        let table = self.air.tables.get(server.table as usize)?;
        let distance_m = f64::from(server.distance_m).max(*table.prepared().ground_range_m().start());
        let loss = LossDistribution::from(table.prepared().states(distance_m));
        let location = &self.air.location;
        let behind = loss.behind(wall.loss_db, wall.sigma_db);
        Some(level.ssb_eirp_dbm - behind.quantile_db(location.probability, location.quantile))
    }

    /// Rate from medians alone: enough to tell which carrier is worth working out.
    fn rough_speed(&self, cells: &Order) -> Option<f64> {
        let best = self.level(cells.first()?)?;
        let carrier = self.air.carriers.get(usize::from(best.carrier))?;
        let server = self.candidates.get(best.index as usize)?;
        let power = |dbm: f64| (LN_PER_DB * dbm).exp();
        let beam = f64::from(server.gain_traffic_dbi) - f64::from(server.gain_ssb_dbi);
        // Cells far below the second contribute nothing that matters here.
        let second = cells.get(1).and_then(|at| self.level(at)).map_or(f64::NEG_INFINITY, |l| l.median_dbm);
        let disturbance: f64 = cells[1..]
            .iter()
            .filter_map(|at| self.level(at))
            .take_while(|l| l.median_dbm > second - 15.0)
            .map(|l| l.data_share * power(l.median_dbm + l.data_over_ssb_db))
            .sum();
        let sinr = power(best.median_dbm + beam) / (disturbance + power(carrier.noise_dbm));
        let free = 1.0 - f64::from(server.load);
        let efficiency = self.air.downlink.efficiency_layered(sinr, self.air.terminal.dl_layers);
        Some(efficiency * capacity::downlink_mhz(&carrier.resources, &self.air.terminal) * free)
    }

    /// The strongest of a carrier's cells, and what the others do to it.
    fn signal(&self, cells: &Order, purpose: Use) -> Option<Signal> {
        let (best, others) = cells.split_first()?;
        let best = self.level(best)?;
        let server = self.candidates.get(best.index as usize)?;
        let air = self.air;
        let table = air.tables.get(server.table as usize)?;
        let carrier = *air.carriers.get(usize::from(best.carrier))?;
        let distance_m = f64::from(server.distance_m).max(*table.prepared().ground_range_m().start());
        let antenna = air.antennas.get(usize::from(server.antenna))?;
        let (bearing, elevation) = (f64::from(server.bearing_deg), elevation_deg(air, server));
        let relative = antenna.traffic.relative_gain(&pointing(server), bearing, elevation);
        let traffic_gain = f64::from(server.gain_traffic_dbi) + relative.get();
        let eirp_dbm = match purpose {
            Use::Ssb => best.ssb_eirp_dbm,
            Use::Data => f64::from(server.data_epre_dbm) + traffic_gain,
        };
        let mut cosite_ratio = 0.0;
        let mut interference = Interference::NONE;
        // Loads repeat: their logarithm is kept.
        let (mut load, mut load_db) = (1.0, 0.0);
        for other in others.iter().filter_map(|at| self.level(at)) {
            let mut shift = 0.0;
            if purpose == Use::Data {
                if other.data_share <= 0.0 {
                    continue;
                }
                if other.data_share != load {
                    (load, load_db) = (other.data_share, 10.0 * other.data_share.log10());
                }
                shift = other.data_over_ssb_db + load_db;
            }
            if other.tower == best.tower {
                cosite_ratio += (LN_PER_DB * (other.ssb_eirp_dbm + shift - eirp_dbm)).exp();
            } else {
                let shifted = |level: &FadingLevel| FadingLevel { mean_db: level.mean_db + shift, ..*level };
                interference.add(other.p_los, &shifted(&other.los), &shifted(&other.nlos));
            }
        }
        Some(Signal {
            carrier,
            loss: LossDistribution::from(table.prepared().states(distance_m)),
            eirp_dbm,
            uplink_gain_db: traffic_gain,
            cosite_ratio,
            interference,
            free: (1.0 - f64::from(server.load)).clamp(0.0, 1.0),
        })
    }
}

/// No wall.
const OPEN: BuildingEntry = BuildingEntry { loss_db: 0.0, sigma_db: 0.0 };

/// Which power is looked at.
#[derive(Clone, Copy, PartialEq)]
enum Use {
    Ssb,
    Data,
}

/// A carrier's best cell with what disturbs it.
struct Signal {
    carrier: Carrier,
    /// Path loss to the server.
    loss: LossDistribution,
    /// Power per element towards the receiver, dBm.
    eirp_dbm: f64,
    /// Gain of the base station towards the receiver in the uplink, dBi.
    uplink_gain_db: f64,
    /// Power of the server's own mast over the server's.
    cosite_ratio: f64,
    /// Sum of the other masts' powers, dBm.
    interference: Interference,
    /// Share of the server's resources still free.
    free: f64,
}

impl Signal {
    /// Distribution of (other masts' interference + noise) over signal, in dB: SINR upside down, without
    /// the server's own mast.
    fn inverse_sinr(&self, entry: &BuildingEntry) -> Mixture<4> {
        // The wall weakens signal and interference alike: seen from in front of it, the noise is higher.
        let noise = FadingLevel::steady(self.carrier.noise_dbm + entry.loss_db);
        let cases = self.interference.cases();
        let [quiet, loud] = cases.map_or([(1.0, noise, 0.0), (0.0, noise, 0.0)], |cases| {
            [cases.quiet, cases.loud].map(|(p, level)| {
                let (total, share) = noise.plus(&level);
                (p, total, share)
            })
        });
        let part = |weight: f64, (loss, sigma): (f64, f64), (p, total, share): (f64, FadingLevel, f64)| {
            let own = (1.0 - SHADOW_CORRELATION) * sigma * sigma + total.variance_db2;
            let shared = SHADOW_CORRELATION.sqrt() * sigma - total.shared_db;
            let wall = entry.sigma_db * (1.0 - share);
            Part {
                weight: weight * p,
                mean: total.mean_db - (self.eirp_dbm - loss),
                sigma: (own + shared * shared + wall * wall).sqrt(),
            }
        };
        let LossDistribution { p_first, first, second } = self.loss;
        Mixture([
            part(p_first, first, quiet),
            part(1.0 - p_first, second, quiet),
            part(p_first, first, loud),
            part(1.0 - p_first, second, loud),
        ])
    }

    /// SINR that is met with the location probability, dB.
    fn sinr_db(&self, entry: &BuildingEntry, location: &Location) -> f64 {
        self.with_own_mast_db(self.inverse_sinr(entry).quantile(location.probability, location.quantile))
    }

    /// SINR with all levels at their mean in dB.
    fn mean_sinr_db(&self, entry: &BuildingEntry) -> f64 {
        self.with_own_mast_db(self.inverse_sinr(entry).mean())
    }

    fn with_own_mast_db(&self, inverse_sinr_db: f64) -> f64 {
        -(self.cosite_ratio + (LN_PER_DB * inverse_sinr_db).exp()).ln() / LN_PER_DB
    }

    /// Mean rates down and up, Mbit/s.
    fn rates(&self, air: &Air, entry: &BuildingEntry) -> (f64, f64) {
        let cell = &self.carrier.resources;
        let down = self.inverse_sinr(entry).mean_of(|inverse_db| {
            let sinr = 1.0 / (self.cosite_ratio + (LN_PER_DB * inverse_db).exp());
            air.downlink.efficiency_layered(sinr, air.terminal.dl_layers)
        });
        let down = down * capacity::downlink_mhz(cell, &air.terminal);
        let one_block_db = air.terminal.power_dbm + self.uplink_gain_db - self.carrier.uplink_noise_dbm;
        let up = self.loss.behind(entry.loss_db, entry.sigma_db).parts().mean_of(|loss_db| {
            let one_block = (LN_PER_DB * (one_block_db - loss_db)).exp();
            capacity::uplink(&air.uplink, cell, &air.terminal, one_block).mbps
        });
        (down * self.free, up * self.free)
    }
}

#[cfg(test)]
mod tests;
