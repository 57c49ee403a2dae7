//! What a site receives of each network: the radio room's answer, with indoor systems and drive tests put
//! beside it.

use super::air::{Air, Link, NetworkNear, counts, terminal, wall_index};
use super::assess::Desk;
use super::fill::{Catalogued, Filled};
use super::result::{IndoorCover, LossModel, NetworkAtSite};
use super::scene::Scene;
use super::score::need;
use super::terrain::{Paths, TerrainDesk, TerrainScoring};
use crate::geom::{LocalFrame, LonLat, Xy};
use crate::index::{Hit, PointIndex};
use crate::model::inputs::Inputs;
use crate::model::kinds::{Basis, Indoor5g};
use crate::model::operators::NetworkId;
use crate::model::records::{Assumed, Cell, CellId, Site, SiteId};
use crate::model::settings::Settings;
use crate::model::text::Known;
use crate::radio::capacity::{Terminal, downlink_mbps};
use crate::radio::fast;
use crate::radio::servers::{self, Asked, Mast, Masts, Promise, Reception, Scratch, Terminals};
use crate::units::Db;
use rustc_hash::FxHashMap;

/// SINR taken for a terminal that an indoor system of its own hall serves, dB (an assumption).
pub const SYSTEM_SINR_DB: f64 = 20.0;

/// One network's answer at one position.
#[derive(Clone, Copy, Debug)]
pub struct Heard {
    /// The radio room's answer; its indices point into the [`NetworkNear`] that was asked.
    pub radio: Reception,
    /// The best server by SS-RSRP.
    pub server: Link,
    /// The cell that data come from; `None` for one that is only thought of.
    pub data_server: Option<CellId>,
    /// Distance to it along the ground, metres.
    pub distance_m: f64,
    /// What its level rests on.
    pub model: LossModel,
}

/// Buffers that a thread keeps from one position to the next.
#[derive(Default)]
pub struct Ear {
    nearest: Vec<(f64, u32, u32)>,
    masts: Vec<Mast>,
    places: Vec<LonLat>,
    scratch: Scratch,
    terrain: TerrainDesk,
}

impl Ear {
    /// A mast of the position heard last.
    #[must_use]
    pub fn mast(&self, number: u32) -> Option<&Mast> {
        self.masts.get(number as usize)
    }

    /// Where it stands, if the ground counted.
    #[must_use]
    pub fn place(&self, number: u32) -> Option<LonLat> {
        self.places.get(number as usize).copied()
    }
}

/// What a position receives of one network: from its `radio.max_towers` nearest towers within
/// `radio.search_radius_m`, over the ground if it is given. `None` when nothing is in reach.
pub fn hear(
    air: &Air,
    near: &mut NetworkNear,
    at: LonLat,
    scene: Scene,
    asked: &Asked,
    terrain: Option<&TerrainScoring>,
    ear: &mut Ear,
) -> Option<Heard> {
    select(air, near, at, ear);
    let (radio, model) = match terrain {
        None => {
            let masts = Masts { list: &ear.masts, sectors: &near.sectors, table_offset: scene as u32 };
            (servers::receive(&air.medium, &masts, asked, &mut ear.scratch)?, LossModel::Tr38901)
        }
        Some(scoring) => over_terrain(air, near, at, scene, asked, scoring, ear)?,
    };
    let server = *near.links.get(radio.server.sector as usize)?;
    let data_server = near.links.get(radio.rates.server.sector as usize)?.cell;
    let distance_m = ear.masts.get(radio.server.mast as usize)?.distance_m;
    Some(Heard { radio, server, data_server, distance_m, model })
}

/// The radio room's answer with losses along the ground, and what that of the server rests on.
fn over_terrain(
    air: &Air,
    near: &NetworkNear,
    at: LonLat,
    scene: Scene,
    asked: &Asked,
    scoring: &TerrainScoring,
    ear: &mut Ear,
) -> Option<(Reception, LossModel)> {
    let Ear { nearest, masts, places, scratch, terrain } = ear;
    terrain.turn_to(scoring, at, scene);
    places.clear();
    for (mast, &(.., stand)) in masts.iter_mut().zip(nearest.iter()) {
        let stands_at = near.stands.get(stand as usize)?.at;
        mast.rise_m = terrain.rise_m(scoring, stands_at);
        places.push(stands_at);
    }
    let table_offset = scene as u32;
    let seen = Masts { list: masts, sectors: &near.sectors, table_offset };
    let mut paths = Paths { scoring, desk: terrain, masts, places, here: at, scene };
    let radio = servers::receive_over(&air.medium, &seen, asked, &mut paths, scratch)?;
    let sector = near.sectors.get(radio.server.sector)?;
    let mast = *places.get(radio.server.mast as usize)?;
    Some((radio, terrain.model(mast, sector.table + table_offset)))
}

/// Fills the ear's masts with the nearest towers, nearest first.
fn select(air: &Air, near: &mut NetworkNear, at: LonLat, ear: &mut Ear) {
    let radio = &air.settings.radio;
    let frame = LocalFrame::new(at);
    let k = radio.max_towers as usize;
    let thought = near.stands.len() - usize::from(near.stands.last().is_some_and(|s| s.tower == u32::MAX));
    let (standing, kth_m) = near.around(at, k);
    let standing = standing.min(thought);
    let reach_m = radio.search_radius_m.min(kth_m);
    let reach2 = reach_m * reach_m;
    let nearest = &mut ear.nearest;
    nearest.clear();
    for i in (0..standing).chain(thought..near.stands.len()) {
        let Some(stand) = near.stands.get(i) else { continue };
        let Xy { x_m, y_m } = frame.to_xy(stand.at);
        let d2 = x_m * x_m + y_m * y_m;
        if d2 <= reach2 {
            nearest.push((d2, stand.tower, i as u32));
        }
    }
    let by_distance = |a: &(f64, u32, u32), b: &(f64, u32, u32)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
    if nearest.len() > k && k > 0 {
        nearest.select_nth_unstable_by(k - 1, by_distance);
        nearest.truncate(k);
    }
    nearest.sort_unstable_by(by_distance);
    ear.masts.clear();
    for &(d2, _, i) in nearest.iter() {
        let Some(stand) = near.stands.get(i as usize) else { continue };
        let Xy { x_m, y_m } = frame.to_xy(stand.at);
        let (first, count) = air.cells_of(near, i as usize);
        // From the tower to the receiver.
        let bearing_deg = fast::atan2(-x_m, -y_m).to_degrees();
        ear.masts.push(Mast { distance_m: d2.sqrt(), bearing_deg, rise_m: 0.0, first, count });
    }
}

/// Medians of the drive tests near a position, of one network.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measured {
    /// SS-RSRP in the open, dBm.
    pub outdoor_dbm: Known,
    /// SS-RSRP indoors, dBm.
    pub indoor_dbm: Known,
    /// SS-SINR, dB.
    pub sinr_db: Known,
    /// Downlink rate, Mbit/s.
    pub dl_mbps: Known,
    /// Uplink rate, Mbit/s.
    pub ul_mbps: Known,
    /// Number of measurements.
    pub count: u32,
}

/// Drive tests by position.
pub struct DriveTests<'a> {
    inputs: &'a Inputs,
    index: PointIndex,
    radius_m: f64,
}

impl<'a> DriveTests<'a> {
    /// The measurements of technologies that count.
    #[must_use]
    pub fn new(inputs: &'a Inputs, settings: &Settings) -> Self {
        let counted = |i: &usize| settings.project.rats.contains(&inputs.measurements[*i].rat);
        let of = (0..inputs.measurements.len()).filter(counted);
        let index = PointIndex::of(of.map(|i| (i as u32, inputs.measurements[i].at)));
        Self { inputs, index, radius_m: settings.radio.measured_radius_m }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// The measurements within `radio.measured_radius_m` of a position.
    pub fn near(&self, at: LonLat, found: &mut Vec<Hit>) {
        found.clear();
        if !self.is_empty() {
            self.index.within(at, self.radius_m, found);
        }
    }

    /// Medians of one network among measurements found by [`near`](Self::near).
    #[must_use]
    pub fn of_network(&self, found: &[Hit], network: NetworkId) -> Option<Measured> {
        let all = || {
            found
                .iter()
                .filter_map(|h| self.inputs.measurements.get(h.index as usize))
                .filter(|m| self.inputs.operators.network(m.operator) == network)
        };
        let count = all().count() as u32;
        (count > 0).then(|| Measured {
            outdoor_dbm: median(all().filter(|m| m.indoor != Some(true)).map(|m| m.ss_rsrp_dbm)),
            indoor_dbm: median(all().filter(|m| m.indoor == Some(true)).map(|m| m.ss_rsrp_dbm)),
            sinr_db: median(all().map(|m| m.ss_sinr_db)),
            dl_mbps: median(all().map(|m| m.dl_mbps)),
            ul_mbps: median(all().map(|m| m.ul_mbps)),
            count,
        })
    }
}

fn median(values: impl Iterator<Item = Known>) -> Known {
    let mut v: Vec<f64> = values.filter_map(Known::get).collect();
    v.sort_unstable_by(f64::total_cmp);
    let n = v.len();
    Known::from_f64((n > 0).then(|| 0.5 * (v[(n - 1) / 2] + v[n / 2])))
}

/// Indoor systems that the cells layer knows, by the site that hosts them.
pub struct Hosts {
    cells: FxHashMap<(SiteId, NetworkId), CellId>,
    sites: FxHashMap<SiteId, u32>,
}

impl Hosts {
    /// Cells that count and name a host. Of several in one network the widest stands for all.
    #[must_use]
    pub fn new(inputs: &Inputs, settings: &Settings) -> Self {
        let text = &inputs.cells.text;
        let hosted = || {
            let all = inputs.cells.list.iter().enumerate();
            all.filter(|(_, c)| c.host_site.is_some() && counts(c, &settings.project.rats))
        };
        let mut named: FxHashMap<&str, Option<SiteId>> =
            hosted().map(|(_, c)| (text.get(c.host_site), None)).collect();
        if !named.is_empty() {
            for (i, site) in inputs.sites.list.iter().enumerate() {
                if let Some(slot) = named.get_mut(inputs.sites.text.get(site.id)) {
                    slot.get_or_insert(SiteId(i as u32));
                }
            }
        }
        let mut cells: FxHashMap<(SiteId, NetworkId), CellId> = FxHashMap::default();
        let mut sites: FxHashMap<SiteId, u32> = FxHashMap::default();
        for (i, cell) in hosted() {
            let Some(Some(site)) = named.get(text.get(cell.host_site)) else { continue };
            *sites.entry(*site).or_insert(0) += 1;
            for operator in [Some(cell.operator), cell.shared_with].into_iter().flatten() {
                let slot = cells.entry((*site, inputs.operators.network(operator)));
                let best = slot.or_insert(CellId::new(i as u32));
                let width = |id: CellId| inputs.cells.list.get(id.at()).map_or(0.0, |c| c.bw_mhz.or(0.0));
                if width(CellId::new(i as u32)) > width(*best) {
                    *best = CellId::new(i as u32);
                }
            }
        }
        Self { cells, sites }
    }

    /// The cell that stands for a network's indoor system at a site.
    #[must_use]
    pub fn cell(&self, site: SiteId, network: NetworkId) -> Option<CellId> {
        self.cells.get(&(site, network)).copied()
    }

    /// What is known of indoor coverage. A system in the sites layer is whoever's, so it counts for every
    /// network; one in the cells layer counts for the networks that it serves.
    #[must_use]
    pub fn indoor(&self, site: &Site, id: SiteId, network: NetworkId) -> IndoorCover {
        if self.cell(id, network).is_some() {
            return IndoorCover::System;
        }
        match site.indoor_5g {
            Some(Indoor5g::None) => IndoorCover::OutdoorIn,
            Some(_) if !self.sites.contains_key(&id) => IndoorCover::System,
            // The site's system is the hosted one, and not of this network.
            Some(_) => IndoorCover::OutdoorIn,
            None => IndoorCover::Unknown,
        }
    }
}

/// Rates that an indoor system gives, down and up, Mbit/s: all its resources that the load leaves free, at
/// [`SYSTEM_SINR_DB`].
#[must_use]
pub fn system_rates(air: &Air, terminal: &Terminal, filled: &Filled) -> (f64, f64) {
    let r = filled.resources(&air.settings.radio);
    let sinr = Db(SYSTEM_SINR_DB).linear();
    let free = 1.0 - filled.load;
    let down = downlink_mbps(&air.medium.downlink, &r, terminal, sinr);
    let blocks = f64::from(r.blocks_for(terminal.max_bandwidth_mhz));
    let up = blocks * r.block_hz() * r.shares_for(terminal).1 * air.medium.uplink.efficiency(sinr) / 1e6;
    (down * free, up * free)
}

/// Everything that [`at_network`] looks at beside the position.
pub struct Surround<'a> {
    /// The cells.
    pub air: &'a Air<'a>,
    /// Fills cells of indoor systems.
    pub catalogued: &'a Catalogued<'a>,
    /// Drive tests.
    pub tests: &'a DriveTests<'a>,
    /// Indoor systems.
    pub hosts: &'a Hosts,
    /// The ground that links run over, where it counts.
    pub terrain: Option<&'a TerrainScoring<'a>>,
}

/// Where a network is looked at.
#[derive(Clone, Copy)]
pub struct Spot<'a> {
    /// The site.
    pub site: &'a Site,
    /// Its number.
    pub id: SiteId,
    /// Where it is taken to stand.
    pub at: LonLat,
    /// The scene there.
    pub scene: Scene,
    /// A cell of an indoor system that doesn't stand yet.
    pub thought: Option<&'a Cell>,
}

/// How much of [`NetworkAtSite`] is worked out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Everything.
    Full,
    /// What the score looks at: everything but the SS-SINR.
    Score,
}

/// Parameters whose assumption makes a prediction "assumed".
const DECISIVE: u16 = Assumed::FREQ | Assumed::HEIGHT | Assumed::POWER;

/// One network at one site, from the cells near it.
///
/// Rates are those of a terminal where it works: at the indoor system where there is one, behind the wall
/// where there is known to be none, in the open where it isn't known. Drive tests near by take the place
/// of predictions.
pub fn at_network(
    around: &Surround,
    spot: &Spot,
    network: NetworkId,
    near: Option<&mut NetworkNear>,
    depth: Depth,
    desk: &mut Desk,
) -> NetworkAtSite {
    let (tests, ear) = desk.parts();
    let Spot { site, id, at, scene, thought } = *spot;
    let air = around.air;
    let mut r = NetworkAtSite::NOTHING;
    r.indoor = if thought.is_some() { IndoorCover::System } else { around.hosts.indoor(site, id, network) };
    let wall = wall_index(site.wall, &air.settings.radio);
    let terminal = terminal(need(site, air.settings).terminal, &air.settings.radio);
    let asked = Asked {
        entry: air.entries.get(wall).map_or(&[][..], Vec::as_slice),
        terminals: match r.indoor {
            IndoorCover::OutdoorIn => Terminals::BehindWall,
            _ => Terminals::Outdoors,
        },
        promise: Promise::Mean,
        terminal: Some(&terminal),
        ss_sinr: depth == Depth::Full,
    };
    let mut planned = thought.is_some();
    if let Some(h) = near.and_then(|n| hear(air, n, at, scene, &asked, around.terrain, ear)) {
        planned |= h.server.assumed.has(Assumed::PLANNED);
        let rates = h.radio.rates;
        r.server = h.server.cell;
        r.distance_m = known(h.distance_m);
        r.model = Some(h.model);
        r.rsrp_outdoor_dbm = known(h.radio.rsrp_dbm);
        r.rsrp_indoor_dbm = Known::from_f64(h.radio.rsrp_indoor_dbm);
        r.sinr_ssb_db = Known::from_f64(h.radio.ss_sinr_db);
        r.sinr_data_db = known(rates.sinr_db);
        r.dl_mbps = known(rates.dl_mbps);
        r.ul_mbps = known(rates.ul_mbps);
        r.data_server = h.data_server;
        r.basis = if h.server.assumed.has(DECISIVE) { Basis::Assumed } else { Basis::Predicted };
    }
    if r.indoor == IndoorCover::System {
        let hosted = around.hosts.cell(id, network).and_then(|c| air.inputs.cells.list.get(c.at()));
        planned |= hosted.is_some_and(|c| c.assumed.has(Assumed::PLANNED));
        let cell = thought.copied().or(hosted);
        let generic = Cell::at(
            Default::default(),
            at,
            crate::model::operators::OperatorId(0),
            air.settings.project.rats.first().copied().unwrap_or(crate::model::kinds::Rat::Nr),
        );
        if let Some(filled) = around.catalogued.fill(&cell.unwrap_or(generic)) {
            let (down, up) = system_rates(air, &terminal, &filled);
            r.dl_mbps = known(down);
            r.ul_mbps = known(up);
            r.sinr_data_db = known(SYSTEM_SINR_DB);
        }
        // Its level depends on where in the hall one stands; that the hall is covered is what counts.
        r.rsrp_indoor_dbm = Known::UNKNOWN;
        if r.basis == Basis::Unknown {
            r.basis = Basis::Given;
        }
    }
    if let Some(m) = around.tests.of_network(tests, network) {
        // What was measured before a planned station stands is the least that there will be.
        let mut over = |value: &mut Known, measured: Known| {
            if measured.is_known() && !(planned && value.or(f64::MIN) > measured.or(f64::MIN)) {
                *value = measured;
                r.basis = Basis::Measured;
            }
        };
        over(&mut r.rsrp_outdoor_dbm, m.outdoor_dbm);
        over(&mut r.rsrp_indoor_dbm, m.indoor_dbm);
        over(&mut r.sinr_ssb_db, m.sinr_db);
        over(&mut r.dl_mbps, m.dl_mbps);
        over(&mut r.ul_mbps, m.ul_mbps);
    }
    r
}

fn known(v: f64) -> Known {
    Known::new(v as f32)
}
