//! One receiver among many cells: who serves it, at which level, against which interference, how fast.
//!
//! A terminal uses its own network, so this is about one network: cells of others neither serve nor
//! disturb. Within the network cells disturb each other on the same carrier only. Two ratios are kept
//! apart: **SS-SINR**, where the synchronised SSBs of all cells collide whatever the load, and the **data
//! SINR**, where a neighbour disturbs for the share of time and band that its load takes.
//!
//! How the numbers come about, for a carrier of a network:
//! - The server is the cell with the highest median SS-RSRP. That the terminal may find a better cell
//!   where the server happens to be shadowed is left out, on the safe side.
//! - Levels are mixtures over LOS and NLOS with shadow fading ([`LossDistribution`]); a reported SS-RSRP or
//!   SS-SINR is met with the location probability.
//! - Cells on one mast share its path and its fading. Those of the server's own mast disturb by a fixed
//!   ratio, that of the antennas' gains; those of another mast add up to one level.
//! - Interference of other masts and noise add up to a log-normal without, and another with a neighbour
//!   in line of sight ([`super::interference`]), their fading correlated with the server's as TR 36.814,
//!   Table A.2.1.1-2 has it. Against drawing everything at random the median SS-SINR comes out within
//!   1 dB and the 5 % quantile within 2.5 dB, without bias (tested).
//! - Beams of neighbours point at their own users; over a sector's users they average to the pattern of
//!   the sector's SSB beam, which is what disturbs. The server's own beam points at the terminal.
//! - Indoors a building takes as much from the interference as from the signal, but not from the noise.
//! - Rates are means over all this, times the share of resources that the server's load leaves free.

use super::antenna::{Pattern, Pointing};
use super::capacity::{self, RateCurve, Resources, Terminal};
use super::coverage_probability::{LN_PER_DB, LossDistribution, LossRow, LossTable, Mixture, Part};
use super::fast;
use super::interference::{FadingLevel, Interference};
use super::link_budget::thermal_noise;
use super::normal;
use super::tr38901::LosState;
use crate::units::Db;

mod sectors;

pub use sectors::Sectors;

/// Correlation of the shadow fading of two masts (TR 36.814, Table A.2.1.1-2).
pub const SHADOW_CORRELATION: f64 = 0.5;
/// Its square root.
const SHADOW_CORRELATION_ROOT: f64 = std::f64::consts::FRAC_1_SQRT_2;

/// The two patterns of an antenna.
#[derive(Clone, Debug, PartialEq)]
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

    /// The standard normal's quantile of it.
    #[must_use]
    pub const fn quantile(&self) -> f64 {
        self.quantile
    }
}

/// A cell, whoever receives it. Indices point into [`Air`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sector {
    /// Index in [`Air::carriers`].
    pub carrier: u16,
    /// Index in [`Air::antennas`].
    pub antenna: u16,
    /// Index in [`Air::tables`], less [`Masts::table_offset`].
    pub table: u32,
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

impl Sector {
    /// Where it points.
    #[must_use]
    pub fn pointing(&self) -> Pointing {
        Pointing {
            azimuth_deg: f64::from(self.azimuth_deg),
            electrical_tilt_deg: f64::from(self.electrical_tilt_deg),
            mechanical_tilt_deg: f64::from(self.mechanical_tilt_deg),
        }
    }
}

/// A mast seen from one receiver.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mast {
    /// Distance along the ground, metres.
    pub distance_m: f64,
    /// Bearing from the mast to the receiver, degrees from north.
    pub bearing_deg: f64,
    /// How much higher the ground at the mast lies than at the receiver, metres; zero where heights aren't
    /// known.
    pub rise_m: f64,
    /// First of its sectors in [`Masts::sectors`].
    pub first: u32,
    /// Number of its sectors.
    pub count: u32,
}

/// The masts of one network around a receiver.
#[derive(Clone, Copy, Debug)]
pub struct Masts<'a> {
    /// The masts.
    pub list: &'a [Mast],
    /// Sectors of all masts.
    pub sectors: &'a Sectors,
    /// Added to the sectors' tables: tables by surroundings stand side by side.
    pub table_offset: u32,
}

/// A cell that serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Server {
    /// Index of its mast in [`Masts::list`].
    pub mast: u32,
    /// Its index in [`Masts::sectors`].
    pub sector: u32,
}

/// Which rate is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// The mean over fading and line of sight.
    Mean,
    /// The rate that is met with the location probability, as levels are.
    AtLocation,
}

/// What the terminal gets through.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// The serving cell: the best on the carrier that promises most, which needn't be the one with the best
    /// level.
    pub server: Server,
    /// Data SINR at the neighbours' load, with all levels at their mean in dB.
    pub sinr_db: f64,
    /// Downlink rate, Mbit/s.
    pub dl_mbps: f64,
    /// Uplink rate, Mbit/s.
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
    /// Which rates are meant.
    pub promise: Promise,
    /// The terminal whose rates are meant, where it is another than [`Air::terminal`].
    pub terminal: Option<&'a Terminal>,
    /// Whether the SS-SINR is asked for.
    pub ss_sinr: bool,
}

impl<'a> Asked<'a> {
    /// Everything, mean rates outdoors.
    #[must_use]
    pub const fn outdoors(entry: &'a [BuildingEntry]) -> Self {
        Self { entry, terminals: Terminals::Outdoors, promise: Promise::Mean, terminal: None, ss_sinr: true }
    }

    /// Everything, mean rates behind the wall.
    #[must_use]
    pub const fn indoors(entry: &'a [BuildingEntry]) -> Self {
        Self {
            entry,
            terminals: Terminals::BehindWall,
            promise: Promise::Mean,
            terminal: None,
            ss_sinr: true,
        }
    }
}

/// What a network gives at a place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reception {
    /// The best server by SS-RSRP: levels are its.
    pub server: Server,
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

/// Path losses that are known better than by a table: along the ground, where heights are at hand.
pub trait GroundLoss {
    /// Masts of each carrier, the strongest by the tables first, whose path is looked at; a carrier's best
    /// server always is.
    fn candidates(&self) -> usize;

    /// Median loss from a mast of [`Masts::list`] with the parameters of a table: in line of sight among
    /// houses, and behind them, dB. `None` where the table holds.
    fn median_db(&mut self, mast: u32, table: u32) -> Option<[f64; 2]>;
}

/// Buffers that a thread keeps between receivers.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    beams: Vec<Beam>,
    carriers: Vec<Best>,
    order: Vec<(f64, u32)>,
}

/// Where the loss of a beam comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
enum LossBasis {
    /// The table; the ground hasn't been asked.
    Table,
    /// The table, because the ground has no answer.
    TableAlone,
    /// The ground.
    Ground,
}

/// The sectors of a mast on one carrier: they share path and fading, so that their powers simply add.
#[derive(Clone, Copy, Debug)]
struct Beam {
    mast: u32,
    carrier: u16,
    /// Index in [`Air::tables`].
    table: u32,
    /// Loss of the path.
    row: LossRow,
    /// Where it comes from.
    basis: LossBasis,
    /// The strongest sector.
    sector: u32,
    /// SSB power per resource element of the strongest sector towards the receiver, dBm.
    eirp_dbm: f64,
    /// The same, mW.
    best_ssb_mw: f64,
    /// Its data power per resource element, over all elements in use or not, mW.
    best_data_mw: f64,
    /// SSB power of all sectors, mW.
    ssb_mw: f64,
    /// Data power of all sectors, mW.
    data_mw: f64,
}

impl Beam {
    /// Median SS-RSRP of the strongest sector, dBm.
    fn median_dbm(&self) -> f64 {
        self.eirp_dbm - f64::from(self.row.median_db)
    }

    const fn server(&self) -> Server {
        Server { mast: self.mast, sector: self.sector }
    }

    fn mw(&self, purpose: Use) -> f64 {
        match purpose {
            Use::Ssb => self.ssb_mw,
            Use::Data => self.data_mw,
        }
    }
}

/// The strongest beam of a carrier.
#[derive(Clone, Copy, Debug)]
struct Best {
    carrier: u16,
    beam: u32,
    median_dbm: f64,
}

/// Works out a network at one receiver; None without a cell in the range of its model.
///
/// No allocation once `scratch` has grown; the result depends on the order of masts only where two cells
/// are exactly alike.
pub fn receive(air: &Air, masts: &Masts, asked: &Asked, scratch: &mut Scratch) -> Option<Reception> {
    gather(air, masts, &mut scratch.beams);
    choose(air, masts, asked, scratch)
}

/// The same with the losses of the strongest masts taken along the ground.
pub fn receive_over(
    air: &Air,
    masts: &Masts,
    asked: &Asked,
    ground: &mut dyn GroundLoss,
    scratch: &mut Scratch,
) -> Option<Reception> {
    gather(air, masts, &mut scratch.beams);
    refine(air, masts, ground, scratch);
    choose(air, masts, asked, scratch)
}

fn gather(air: &Air, masts: &Masts, beams: &mut Vec<Beam>) {
    beams.clear();
    for (number, mast) in masts.list.iter().enumerate() {
        add_beams(air, masts, number as u32, mast, beams);
    }
}

/// Asks the ground for the strongest beams of each carrier, and on until the best one has been asked.
fn refine(air: &Air, masts: &Masts, ground: &mut dyn GroundLoss, scratch: &mut Scratch) {
    let Scratch { beams, order, .. } = scratch;
    let candidates = ground.candidates();
    let mut ask = |beam: &mut Beam| {
        beam.basis = LossBasis::TableAlone;
        let Some([los_db, nlos_db]) = ground.median_db(beam.mast, beam.table) else { return };
        beam.basis = LossBasis::Ground;
        beam.row.los_db = los_db as f32;
        beam.row.nlos_db = nlos_db as f32;
        let Some(loss) = table_loss(air, masts, beam) else { return };
        beam.row.median_db = loss.quantile_db(0.5, 0.0) as f32;
    };
    order.clear();
    order.extend((0u32..).zip(beams.iter()).map(|(at, b)| (b.median_dbm(), at)));
    order.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    for i in 0..order.len() {
        let Some(beam) = beams.get(order[i].1 as usize) else { continue };
        let carrier = beam.carrier;
        let stronger = &order[..i];
        let of_carrier =
            |(_, at): &&(f64, u32)| beams.get(*at as usize).is_some_and(|b| b.carrier == carrier);
        if stronger.iter().filter(of_carrier).count() < candidates {
            if let Some(beam) = beams.get_mut(order[i].1 as usize) {
                ask(beam);
            }
        }
    }
    // What the tables put behind may now stand in front.
    loop {
        let ahead = (0..beams.len()).find(|&i| {
            beams[i].basis == LossBasis::Table
                && !beams.iter().any(|b| {
                    b.carrier == beams[i].carrier
                        && b.basis != LossBasis::Table
                        && b.median_dbm() >= beams[i].median_dbm()
                })
        });
        match ahead.and_then(|i| beams.get_mut(i)) {
            Some(beam) => ask(beam),
            None => break,
        }
    }
}

fn choose(air: &Air, masts: &Masts, asked: &Asked, scratch: &mut Scratch) -> Option<Reception> {
    let Scratch { beams, carriers, order } = scratch;
    carriers.clear();
    for (at, beam) in beams.iter().enumerate() {
        let best = Best { carrier: beam.carrier, beam: at as u32, median_dbm: beam.median_dbm() };
        match carriers.iter_mut().find(|b| b.carrier == beam.carrier) {
            None => carriers.push(best),
            Some(known) if best.median_dbm > known.median_dbm => *known = best,
            Some(_) => {}
        }
    }
    // On a tie the first carrier counts.
    carriers.sort_unstable_by_key(|b| b.carrier);
    Cells { air, masts, beams }.receive(asked, carriers, order)
}

fn add_beams(air: &Air, masts: &Masts, number: u32, mast: &Mast, beams: &mut Vec<Beam>) {
    let first = beams.len();
    let ln_distance = fast::ln(mast.distance_m.max(1e-3));
    let bearing_deg = mast.bearing_deg as f32;
    let mut direction = Direction::default();
    for ((sector, ray), at) in masts.sectors.of(mast).zip(mast.first..) {
        let elevation_deg = direction.elevation_deg(air, sector, mast) as f32;
        let ssb_mw = ray.ssb_mw(sector, air, bearing_deg, elevation_deg);
        let (ssb_mw, data_mw) = (f64::from(ssb_mw), f64::from(ssb_mw * ray.data_over_ssb));
        let table = sector.table.saturating_add(masts.table_offset);
        let same = |b: &&mut Beam| b.carrier == sector.carrier && b.table == table;
        if let Some(beam) = beams[first..].iter_mut().find(same) {
            beam.ssb_mw += ssb_mw;
            beam.data_mw += data_mw;
            if ssb_mw > beam.best_ssb_mw {
                (beam.sector, beam.best_ssb_mw, beam.best_data_mw) = (at, ssb_mw, data_mw);
            }
            continue;
        }
        let row = air.tables.get(table as usize).and_then(|t| t.at_ln(mast.distance_m, ln_distance));
        beams.extend(row.map(|row| Beam {
            mast: number,
            carrier: sector.carrier,
            table,
            row,
            basis: LossBasis::Table,
            sector: at,
            eirp_dbm: 0.0,
            best_ssb_mw: ssb_mw,
            best_data_mw: data_mw,
            ssb_mw,
            data_mw,
        }));
    }
    for beam in &mut beams[first..] {
        beam.eirp_dbm = dbm(beam.best_ssb_mw);
    }
}

fn milliwatts(dbm: f64) -> f64 {
    fast::exp(LN_PER_DB * dbm)
}

fn dbm(milliwatts: f64) -> f64 {
    fast::ln(milliwatts) / LN_PER_DB
}

/// Elevation of the receiver seen from the antenna, degrees; kept while the height stays the same.
#[derive(Clone, Copy, Default)]
struct Direction {
    height_m: f32,
    elevation_deg: f64,
}

impl Direction {
    fn elevation_deg(&mut self, air: &Air, sector: &Sector, mast: &Mast) -> f64 {
        if self.height_m != sector.height_m {
            let down = f64::from(sector.height_m) - air.terminal_height_m + mast.rise_m;
            *self = Self {
                height_m: sector.height_m,
                elevation_deg: -fast::atan2(down, mast.distance_m).to_degrees(),
            };
        }
        self.elevation_deg
    }
}

/// The distribution that a beam's row stands for, with the spread of its scenario.
fn table_loss(air: &Air, masts: &Masts, beam: &Beam) -> Option<LossDistribution> {
    let prepared = air.tables.get(beam.table as usize)?.prepared();
    let mast = masts.list.get(beam.mast as usize)?;
    let sigma = |state| prepared.sigma_db(mast.distance_m, state);
    Some(LossDistribution {
        p_first: f64::from(beam.row.p_los),
        first: (f64::from(beam.row.los_db), sigma(LosState::Los)),
        second: (f64::from(beam.row.nlos_db), sigma(LosState::Nlos)),
    })
}

/// The cells around a receiver.
struct Cells<'a> {
    air: &'a Air,
    masts: &'a Masts<'a>,
    beams: &'a [Beam],
}

impl Cells<'_> {
    fn receive(&self, asked: &Asked, carriers: &[Best], order: &mut Vec<(f64, u32)>) -> Option<Reception> {
        let first = carriers.first()?;
        let terminal = asked.terminal.unwrap_or(&self.air.terminal);
        let (mut served, mut fastest) = (first, first);
        if carriers.len() > 1 {
            let mut speed = self.rough_speed(first, terminal)?;
            for best in &carriers[1..] {
                let its_speed = self.rough_speed(best, terminal)?;
                if best.median_dbm > served.median_dbm {
                    served = best;
                }
                if its_speed > speed {
                    (fastest, speed) = (best, its_speed);
                }
            }
        }
        let (best, data_best) =
            (self.beams.get(served.beam as usize)?, self.beams.get(fastest.beam as usize)?);
        let loss = self.exact_loss(best)?;
        let covered_db = self.covered_db(best, &loss)?;
        let data_loss = if served.beam == fastest.beam { loss } else { self.exact_loss(data_best)? };
        let data = self.signal(data_best, data_loss, Use::Data, order)?;
        let wall = |carrier: u16| asked.entry.get(usize::from(carrier)).copied();
        let behind = match asked.terminals {
            Terminals::BehindWall => wall(data_best.carrier).unwrap_or(OPEN),
            Terminals::Outdoors => OPEN,
        };
        let location = &self.air.location;
        let (dl_mbps, ul_mbps) = match asked.promise {
            Promise::Mean => data.rates(self.air, terminal, &behind),
            Promise::AtLocation => data.rates_at_location(self.air, terminal, &behind),
        };
        let ss_sinr_db = match asked.ss_sinr {
            true => Some(self.signal(best, loss, Use::Ssb, order)?.sinr_db(&OPEN, location)),
            false => None,
        };
        Some(Reception {
            server: best.server(),
            rsrp_median_dbm: best.median_dbm(),
            rsrp_dbm: best.eirp_dbm - covered_db,
            rsrp_indoor_dbm: wall(best.carrier).map(|wall| {
                let behind = loss.behind(wall.loss_db, wall.sigma_db);
                best.eirp_dbm - behind.quantile_db(location.probability, location.quantile)
            }),
            ss_sinr_db,
            rates: Rates {
                server: data_best.server(),
                sinr_db: data.mean_sinr_db(&behind),
                dl_mbps,
                ul_mbps,
            },
        })
    }

    /// Path loss to a beam, from its table.
    fn loss(&self, beam: &Beam) -> Option<LossDistribution> {
        table_loss(self.air, self.masts, beam)
    }

    /// The same without the table's error, for the one that counts most.
    fn exact_loss(&self, beam: &Beam) -> Option<LossDistribution> {
        if beam.basis == LossBasis::Ground {
            return self.loss(beam);
        }
        let prepared = self.air.tables.get(beam.table as usize)?.prepared();
        let mast = self.masts.list.get(beam.mast as usize)?;
        Some(prepared.states(mast.distance_m.max(*prepared.ground_range_m().start())).into())
    }

    /// Loss to a beam that isn't exceeded with the location probability, dB.
    fn covered_db(&self, beam: &Beam, loss: &LossDistribution) -> Option<f64> {
        if beam.basis == LossBasis::Ground {
            let location = &self.air.location;
            return Some(loss.quantile_db(location.probability, location.quantile));
        }
        let mast = self.masts.list.get(beam.mast as usize)?;
        self.air.tables.get(beam.table as usize)?.covered_db(mast.distance_m)
    }

    /// Rate from medians alone: enough to tell which carrier is worth working out.
    fn rough_speed(&self, best: &Best, terminal: &Terminal) -> Option<f64> {
        let strongest = self.beams.get(best.beam as usize)?;
        let carrier = self.air.carriers.get(usize::from(best.carrier))?;
        let server = self.masts.sectors.get(strongest.sector)?;
        let beam_db = f64::from(server.gain_traffic_dbi) - f64::from(server.gain_ssb_dbi);
        let disturbance: f64 = self
            .beams
            .iter()
            .filter(|b| b.carrier == best.carrier)
            .map(|b| b.data_mw * milliwatts(-f64::from(b.row.median_db)))
            .sum();
        let path = milliwatts(-f64::from(strongest.row.median_db));
        let others = (disturbance - strongest.best_data_mw * path).max(0.0);
        let signal = strongest.best_ssb_mw * path * milliwatts(beam_db);
        let sinr = signal / (others + milliwatts(carrier.noise_dbm));
        let free = 1.0 - f64::from(server.load);
        let efficiency = self.air.downlink.efficiency_layered(sinr, terminal.dl_layers);
        Some(efficiency * capacity::downlink_mhz(&carrier.resources, terminal) * free)
    }

    /// The strongest sector of a beam, and what the others on its carrier do to it.
    fn signal(
        &self,
        best: &Beam,
        loss: LossDistribution,
        purpose: Use,
        order: &mut Vec<(f64, u32)>,
    ) -> Option<Signal> {
        let server = self.masts.sectors.get(best.sector)?;
        let mast = self.masts.list.get(best.mast as usize)?;
        let air = self.air;
        let carrier = *air.carriers.get(usize::from(best.carrier))?;
        let antenna = air.antennas.get(usize::from(server.antenna))?;
        let elevation_deg = Direction::default().elevation_deg(air, server, mast);
        let relative = antenna.traffic.relative_gain(&server.pointing(), mast.bearing_deg, elevation_deg);
        let traffic_gain = f64::from(server.gain_traffic_dbi) + relative.get();
        let (eirp_dbm, own_mw) = match purpose {
            Use::Ssb => (best.eirp_dbm, best.best_ssb_mw),
            Use::Data => (f64::from(server.data_epre_dbm) + traffic_gain, best.best_data_mw),
        };
        let mut cosite_mw = -own_mw;
        order.clear();
        for (at, other) in self.beams.iter().enumerate().filter(|(_, b)| b.carrier == best.carrier) {
            let mw = other.mw(purpose);
            if other.mast == best.mast {
                cosite_mw += mw;
            } else if mw > 0.0 {
                order.push((dbm(mw) - f64::from(other.row.median_db), at as u32));
            }
        }
        // The strongest first, whatever the order of masts.
        order.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
        let mut interference = Interference::NONE;
        for &(median_dbm, at) in order.iter() {
            let Some(other) = self.beams.get(at as usize) else { continue };
            let Some(loss) = self.loss(other) else { continue };
            let eirp_dbm = median_dbm + f64::from(other.row.median_db);
            let fading = |(loss_db, sigma): (f64, f64)| FadingLevel {
                mean_db: eirp_dbm - loss_db,
                variance_db2: (1.0 - SHADOW_CORRELATION) * sigma * sigma,
                shared_db: SHADOW_CORRELATION_ROOT * sigma,
            };
            interference.add(loss.p_first, &fading(loss.first), &fading(loss.second));
        }
        Some(Signal {
            carrier,
            loss,
            eirp_dbm,
            uplink_gain_db: traffic_gain,
            cosite_ratio: (cosite_mw.max(0.0)) / milliwatts(eirp_dbm),
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
            let shared = SHADOW_CORRELATION_ROOT * sigma - total.shared_db;
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
        -dbm(self.cosite_ratio + milliwatts(inverse_sinr_db))
    }

    /// Mean rates down and up, Mbit/s.
    fn rates(&self, air: &Air, terminal: &Terminal, entry: &BuildingEntry) -> (f64, f64) {
        let cell = &self.carrier.resources;
        let inverse = self.inverse_sinr(entry).nodes::<20>();
        let ratio = self.cosite_ratio as f32;
        let sinr = inverse.value_db.map(|db| 1.0 / (ratio + fast::exp_f32(LN_PER_DB as f32 * db)));
        let efficiency = inverse.mean(&air.downlink.efficiencies(&sinr, terminal.dl_layers));
        let down = efficiency * capacity::downlink_mhz(cell, terminal);
        let one_block_db = terminal.power_dbm + self.uplink_gain_db - self.carrier.uplink_noise_dbm;
        let losses = self.loss.behind(entry.loss_db, entry.sigma_db).parts().nodes::<12>();
        let top_db = one_block_db as f32;
        let one_block = losses.value_db.map(|db| fast::exp_f32(LN_PER_DB as f32 * (top_db - db)));
        let up = losses.mean(&capacity::uplink_rates(&air.uplink, cell, terminal, &one_block));
        (down * self.free, up * self.free)
    }

    /// Rates down and up that are met with the location probability, Mbit/s: both grow as SINR grows and
    /// loss falls, so a quantile of these is one of the rate.
    fn rates_at_location(&self, air: &Air, terminal: &Terminal, entry: &BuildingEntry) -> (f64, f64) {
        let cell = &self.carrier.resources;
        let sinr = milliwatts(self.sinr_db(entry, &air.location));
        let down = capacity::downlink_mbps(&air.downlink, cell, terminal, sinr);
        let loss_db = self.loss.behind(entry.loss_db, entry.sigma_db);
        let loss_db = loss_db.quantile_db(air.location.probability, air.location.quantile);
        let top_db = terminal.power_dbm + self.uplink_gain_db - self.carrier.uplink_noise_dbm;
        let up = capacity::uplink(&air.uplink, cell, terminal, milliwatts(top_db - loss_db)).mbps;
        (down * self.free, up * self.free)
    }
}

#[cfg(test)]
mod tests;
