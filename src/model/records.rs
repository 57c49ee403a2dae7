//! One record type per input layer, as `docs/layers.md` defines them. Blank is unknown, never zero.
//!
//! Bulk layers (sites, cells) are small `Copy` records whose texts live in the layer's [`TextPool`], so
//! that a million sites and five million cells fit a laptop.

use super::cell_list::CellList;
use super::kinds::{
    CandidateKind, CellKind, CellStatus, CoordSource, DcTier, Dig, FiberLevel, FiberNodeKind, FirmSize,
    Indoor5g, LatencyBasis, LayMethod, Lock, PowerKind, Rat, RegionLevel, RoadClass, ServiceClass,
    SiteStatus, Wall,
};
use super::operators::{NetworkId, OperatorId};
use super::text::{Known, Text, TextPool};
use crate::geom::LonLat;
use std::num::NonZeroU32;

/// Where a record was read: file number in [`super::inputs::LayerInfo::files`] and line, row or feature
/// number there, from one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// File number.
    pub file: u16,
    /// Row number.
    pub row: u32,
}

macro_rules! index {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);
        impl $name {
            /// As an array index.
            #[must_use]
            pub const fn at(self) -> usize {
                self.0 as usize
            }
        }
    };
}
index!(/// Index of a factory site in [`Sites::list`].
    SiteId);

/// Index of a cell in [`Cells::list`]. One that may be missing takes no more room than one that is there:
/// millions are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CellId(NonZeroU32);

impl CellId {
    /// The cell of an index.
    #[must_use]
    pub const fn new(index: u32) -> Self {
        match NonZeroU32::new(index.saturating_add(1)) {
            Some(next) => Self(next),
            None => Self(NonZeroU32::MAX),
        }
    }

    /// As an array index.
    #[must_use]
    pub const fn at(self) -> usize {
        self.0.get() as usize - 1
    }
}

index!(/// Index of a tower (a place with antennas) in the coverage stage's tower table.
    TowerId);

/// A factory site (plant).
#[derive(Clone, Copy, Debug)]
pub struct Site {
    /// `site_id`; made from stable content when the file has none.
    pub id: Text,
    /// Whether the id was made.
    pub id_made: bool,
    /// Name of the firm.
    pub name: Text,
    /// Unified social credit code.
    pub uscc: Text,
    /// Position.
    pub at: LonLat,
    /// How the position was found.
    pub coord_src: Option<CoordSource>,
    /// Accuracy of the position, metres.
    pub pos_acc_m: Known,
    /// Administrative code.
    pub adcode: Text,
    /// City.
    pub city: Text,
    /// Industrial park.
    pub park: Text,
    /// GB/T 4754 code.
    pub industry_code: Text,
    /// Sector in words.
    pub sector: Text,
    /// Size of the firm.
    pub firm_size: Option<FirmSize>,
    /// Above the statistical scale.
    pub above_scale: Option<bool>,
    /// Employees.
    pub employees: Known,
    /// Yearly revenue, yuan.
    pub revenue_cny: Known,
    /// Digitisation level.
    pub dig_level: Text,
    /// Scheme of that level.
    pub dig_scheme: Text,
    /// Life cycle.
    pub status: Option<SiteStatus>,
    /// Service class.
    pub service: Option<ServiceClass>,
    /// Uplink rate needed, Mbit/s.
    pub ul_mbps: Known,
    /// Downlink rate needed, Mbit/s.
    pub dl_mbps: Known,
    /// Latency needed, milliseconds.
    pub latency_ms: Known,
    /// One way or round trip.
    pub latency_basis: Option<LatencyBasis>,
    /// 5G terminals.
    pub terminals_5g: Known,
    /// Floor area, square metres.
    pub area_m2: Known,
    /// Ceiling height, metres.
    pub ceiling_m: Known,
    /// Outer wall.
    pub wall: Option<Wall>,
    /// Indoor system; `None` is unknown, `Some(Indoor5g::None)` is known to have none.
    pub indoor_5g: Option<Indoor5g>,
    /// Fiber in the building.
    pub has_fiber: Option<bool>,
    /// Needs two routes of fiber that no single failure takes both of.
    pub protect: Option<bool>,
    /// Uses 5G in production.
    pub uses_5g: Option<bool>,
    /// 5G-factory scheme.
    pub factory_scheme: Text,
    /// Level within that scheme.
    pub factory_level: Text,
    /// Weight in objectives; unknown counts as one.
    pub weight: Known,
    /// Where it was read.
    pub origin: Origin,
}

impl Site {
    /// A site at a position about which nothing else is known.
    #[must_use]
    pub fn at(id: Text, name: Text, at: LonLat) -> Self {
        Self {
            id,
            id_made: false,
            name,
            uscc: Text::NONE,
            at,
            coord_src: None,
            pos_acc_m: Known::UNKNOWN,
            adcode: Text::NONE,
            city: Text::NONE,
            park: Text::NONE,
            industry_code: Text::NONE,
            sector: Text::NONE,
            firm_size: None,
            above_scale: None,
            employees: Known::UNKNOWN,
            revenue_cny: Known::UNKNOWN,
            dig_level: Text::NONE,
            dig_scheme: Text::NONE,
            status: None,
            service: None,
            ul_mbps: Known::UNKNOWN,
            dl_mbps: Known::UNKNOWN,
            latency_ms: Known::UNKNOWN,
            latency_basis: None,
            terminals_5g: Known::UNKNOWN,
            area_m2: Known::UNKNOWN,
            ceiling_m: Known::UNKNOWN,
            wall: None,
            indoor_5g: None,
            has_fiber: None,
            protect: None,
            uses_5g: None,
            factory_scheme: Text::NONE,
            factory_level: Text::NONE,
            weight: Known::UNKNOWN,
            origin: Origin::default(),
        }
    }
}

/// All sites.
#[derive(Clone, Debug, Default)]
pub struct Sites {
    /// The records, in the order of their ids.
    pub list: Vec<Site>,
    /// Their texts.
    pub text: TextPool,
}

/// Which of a cell's values were taken from the catalogue because the file had none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Assumed(pub u16);

impl Assumed {
    /// Carrier frequency.
    pub const FREQ: u16 = 1;
    /// Bandwidth.
    pub const BW: u16 = 2;
    /// Antenna height.
    pub const HEIGHT: u16 = 4;
    /// Power.
    pub const POWER: u16 = 8;
    /// Sector azimuth unknown: taken as omni.
    pub const AZIMUTH: u16 = 16;
    /// Antenna gain.
    pub const GAIN: u16 = 32;
    /// Load.
    pub const LOAD: u16 = 64;
    /// Station grouping made from position.
    pub const STATION: u16 = 128;
    /// Tilt.
    pub const TILT: u16 = 256;
    /// The whole cell: it belongs to a plan and doesn't stand yet.
    pub const PLANNED: u16 = 512;

    /// Marks a value as assumed.
    pub fn set(&mut self, bit: u16) {
        self.0 |= bit;
    }

    /// Whether a value is assumed.
    #[must_use]
    pub const fn has(self, bit: u16) -> bool {
        self.0 & bit != 0
    }
}

/// A radio cell: one carrier of one sector.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    /// `cell_id`.
    pub id: Text,
    /// Station (gNodeB).
    pub station: Text,
    /// Tower code of the file.
    pub tower: Text,
    /// Factory that hosts an indoor cell.
    pub host_site: Text,
    /// Position.
    pub at: LonLat,
    /// Carrier frequency, MHz.
    pub freq_mhz: Known,
    /// Bandwidth, MHz.
    pub bw_mhz: Known,
    /// Antenna height above ground, metres.
    pub height_m: Known,
    /// Azimuth of the sector, degrees; unknown means omni.
    pub azimuth_deg: Known,
    /// Electrical plus mechanical downtilt, degrees.
    pub tilt_deg: Known,
    /// The mechanical part of it, where both are told, degrees.
    pub mtilt_deg: Known,
    /// Antenna model.
    pub antenna: Text,
    /// Carrier power, dBm.
    pub power_dbm: Known,
    /// SSB energy per resource element, dBm.
    pub ssb_epre_dbm: Known,
    /// Gain of the SSB beam, dBi.
    pub gain_ssb_dbi: Known,
    /// Gain of the traffic beam, dBi.
    pub gain_traffic_dbi: Known,
    /// PRB utilisation, percent.
    pub load_pct: Known,
    /// Operator.
    pub operator: OperatorId,
    /// Operator that shares the cell.
    pub shared_with: Option<OperatorId>,
    /// Technology.
    pub rat: Rat,
    /// Macro, micro, indoor.
    pub kind: Option<CellKind>,
    /// Life cycle; unknown counts as on air.
    pub status: Option<CellStatus>,
    /// Transmit ports.
    pub ports: u8,
    /// What the catalogue filled in.
    pub assumed: Assumed,
    /// Where it was read.
    pub origin: Origin,
}

impl Cell {
    /// A cell at a position about which nothing else is known.
    #[must_use]
    pub fn at(id: Text, at: LonLat, operator: OperatorId, rat: Rat) -> Self {
        Self {
            id,
            station: Text::NONE,
            tower: Text::NONE,
            host_site: Text::NONE,
            at,
            freq_mhz: Known::UNKNOWN,
            bw_mhz: Known::UNKNOWN,
            height_m: Known::UNKNOWN,
            azimuth_deg: Known::UNKNOWN,
            tilt_deg: Known::UNKNOWN,
            mtilt_deg: Known::UNKNOWN,
            antenna: Text::NONE,
            power_dbm: Known::UNKNOWN,
            ssb_epre_dbm: Known::UNKNOWN,
            gain_ssb_dbi: Known::UNKNOWN,
            gain_traffic_dbi: Known::UNKNOWN,
            load_pct: Known::UNKNOWN,
            operator,
            shared_with: None,
            rat,
            kind: None,
            status: None,
            ports: 0,
            assumed: Assumed::default(),
            origin: Origin::default(),
        }
    }

    /// Whether the cell radiates today.
    #[must_use]
    pub fn is_on_air(&self) -> bool {
        matches!(self.status, None | Some(CellStatus::OnAir))
    }
}

/// All cells.
#[derive(Clone, Debug, Default)]
pub struct Cells {
    /// The records, in reading order.
    pub list: CellList,
    /// Their texts.
    pub text: TextPool,
}

/// A node of a fiber network.
#[derive(Clone, Debug)]
pub struct FiberNode {
    /// `node_id`.
    pub id: String,
    /// Kind.
    pub kind: FiberNodeKind,
    /// Owner.
    pub owner: String,
    /// Position.
    pub at: LonLat,
    /// Fibers in all.
    pub fibers_total: Option<u32>,
    /// Spare fibers.
    pub fibers_free: Option<u32>,
    /// May be joined.
    pub can_tap: Option<bool>,
    /// PON class in words.
    pub pon: Option<String>,
    /// Free PON ports.
    pub ports_free: Option<u32>,
    /// Free racks.
    pub rack_free: Option<f64>,
    /// Free power, kW.
    pub power_free_kw: Option<f64>,
    /// Where it was read.
    pub origin: Origin,
}

/// A fiber cable between two points.
#[derive(Clone, Debug)]
pub struct FiberSegment {
    /// `segment_id`.
    pub id: String,
    /// Route.
    pub line: Vec<LonLat>,
    /// Whether the route was made from its end nodes.
    pub line_made: bool,
    /// Node at its start.
    pub from_node: Option<String>,
    /// Node at its end.
    pub to_node: Option<String>,
    /// Owner.
    pub owner: String,
    /// Level.
    pub level: Option<FiberLevel>,
    /// How it is laid.
    pub method: Option<LayMethod>,
    /// Fibers in all.
    pub fibers_total: Option<u32>,
    /// Spare fibers.
    pub fibers_free: Option<u32>,
    /// Sheath length, metres; the geodesic length of the line when not given.
    pub length_m: Option<f64>,
    /// Duct that it lies in.
    pub duct_id: Option<String>,
    /// Shared-risk group.
    pub srlg: Option<String>,
    /// Status in words.
    pub status: Option<String>,
    /// Where it was read.
    pub origin: Origin,
}

/// A duct section.
#[derive(Clone, Debug)]
pub struct Duct {
    /// `duct_id`.
    pub id: String,
    /// Route.
    pub line: Vec<LonLat>,
    /// Owner.
    pub owner: String,
    /// Holes in all.
    pub holes_total: Option<u32>,
    /// Spare holes.
    pub holes_free: Option<u32>,
    /// Whether others may use it.
    pub shareable: Option<bool>,
    /// Rent, yuan per hole-kilometre and year.
    pub rent_cny_km_yr: Option<f64>,
    /// Shared-risk group.
    pub srlg: Option<String>,
    /// Status in words.
    pub status: Option<String>,
    /// Where it was read.
    pub origin: Origin,
}

/// A road: a line and what digging along it means.
#[derive(Clone, Copy, Debug)]
pub struct Road {
    /// `road_id`.
    pub id: Text,
    /// Name.
    pub name: Text,
    /// Class.
    pub class: RoadClass,
    /// On a bridge.
    pub bridge: bool,
    /// In a tunnel.
    pub tunnel: bool,
    /// Surface in words.
    pub surface: Text,
    /// Digging permission.
    pub dig: Option<Dig>,
    /// Digging ban until (ISO date).
    pub no_dig_until: Text,
    /// Cost factor of the user.
    pub cost_factor: Known,
    /// First vertex in [`Roads::points`].
    pub first: u32,
    /// Number of vertices.
    pub count: u32,
    /// Where it was read.
    pub origin: Origin,
}

/// All roads; their vertices in one array.
#[derive(Clone, Debug, Default)]
pub struct Roads {
    /// The records.
    pub list: Vec<Road>,
    /// Vertices of all roads.
    pub points: Vec<LonLat>,
    /// Node identity of each vertex where the source has one (OSM node id): roads join only where
    /// identities are equal. Empty when the source has none; then roads join where vertices coincide.
    pub node_ids: Vec<i64>,
    /// Their texts.
    pub text: TextPool,
    /// Whether the network was inferred from places rather than read.
    pub inferred: bool,
}

impl Roads {
    /// The vertices of a road.
    #[must_use]
    pub fn line(&self, road: &Road) -> &[LonLat] {
        let first = road.first as usize;
        self.points.get(first..first + road.count as usize).unwrap_or(&[])
    }
}

/// A place where an antenna can stand.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// `cand_id`.
    pub id: String,
    /// Kind.
    pub kind: CandidateKind,
    /// Position.
    pub at: LonLat,
    /// Owner.
    pub owner: Option<String>,
    /// Tower code, when it stands on a known tower.
    pub tower_id: Option<String>,
    /// Height above ground, metres.
    pub height_m: Option<f64>,
    /// Free antenna slots.
    pub slots_free: Option<u32>,
    /// Power at hand, kW.
    pub power_kw: Option<f64>,
    /// Cost to build, yuan.
    pub capex_cny: Option<f64>,
    /// Rent, yuan per year.
    pub rent_cny_yr: Option<f64>,
    /// Who pays.
    pub payer: Option<String>,
    /// Months to build.
    pub months: Option<f64>,
    /// The planner's decision.
    pub lock: Lock,
    /// Factory whose roof it is.
    pub host_site_id: Option<String>,
    /// Whether it was made from cells or sites rather than read.
    pub made: bool,
    /// Where it was read.
    pub origin: Origin,
}

/// A dated count of 5G stations as reported.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct StationCount {
    /// Date (ISO).
    pub stat_date: String,
    /// 5G stations.
    pub stations: f64,
    /// Residents that the same row gives.
    pub pop_resident: Option<f64>,
}

/// An administrative region or park.
#[derive(Clone, Debug)]
pub struct Region {
    /// Code as given.
    pub adcode: String,
    /// Code system, `GB/T 2260` unless told otherwise.
    pub code_system: Option<String>,
    /// Name.
    pub name: String,
    /// Level.
    pub level: RegionLevel,
    /// Area, WGS 84 degrees.
    pub shape: geo::MultiPolygon<f64>,
    /// Code of the parent.
    pub parent: Option<String>,
    /// Residents.
    pub pop_resident: Option<f64>,
    /// Year of that count.
    pub pop_year: Option<i32>,
    /// 5G stations as reported.
    pub stations_5g_official: Option<f64>,
    /// Date of that count (ISO).
    pub stat_date: Option<String>,
    /// Counts of other dates, oldest first.
    pub history: Vec<StationCount>,
    /// Target, stations per 10,000 residents.
    pub target_p10k: Option<f64>,
    /// Budget, yuan.
    pub budget_cny: Option<f64>,
    /// Who answers for it.
    pub party: Option<String>,
    /// Electricity price, yuan per kWh.
    pub price_cny_kwh: Option<f64>,
    /// Grid emission factor, kg CO2 per kWh.
    pub ef_kg_kwh: Option<f64>,
    /// Basis of that factor (`average`, `residual`).
    pub ef_basis: Option<String>,
    /// Year of that factor.
    pub ef_year: Option<i32>,
    /// Where it was read.
    pub origin: Origin,
}

/// A power plant or substation.
#[derive(Clone, Debug)]
pub struct PowerPlant {
    /// `power_id`.
    pub id: String,
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: PowerKind,
    /// Position.
    pub at: LonLat,
    /// Capacity, MW.
    pub capacity_mw: Option<f64>,
    /// Voltage, kV.
    pub voltage_kv: Option<f64>,
    /// Free transformer capacity, MVA.
    pub free_mva: Option<f64>,
    /// Yearly output, GWh.
    pub annual_gwh: Option<f64>,
    /// Life cycle.
    pub status: Option<SiteStatus>,
    /// Where it was read.
    pub origin: Origin,
}

/// A data center that exists.
#[derive(Clone, Debug)]
pub struct DataCenter {
    /// `dc_id`.
    pub id: String,
    /// Name.
    pub name: String,
    /// Operator.
    pub operator: Option<String>,
    /// Tier.
    pub tier: Option<DcTier>,
    /// Position.
    pub at: LonLat,
    /// Whether the position is a city centre rather than the hall.
    pub city_dot: bool,
    /// Standard racks (2.5 kW).
    pub racks_std: Option<f64>,
    /// Racks in use, percent.
    pub rack_use_pct: Option<f64>,
    /// IT power, MW.
    pub it_mw: Option<f64>,
    /// Power usage effectiveness.
    pub pue: Option<f64>,
    /// `design` or `measured`.
    pub pue_basis: Option<String>,
    /// Cooling in words.
    pub cooling: Option<String>,
    /// Where it was read.
    pub origin: Origin,
}

/// A drive test or probe.
#[derive(Clone, Debug)]
pub struct Measurement {
    /// Position.
    pub at: LonLat,
    /// Operator.
    pub operator: OperatorId,
    /// Technology.
    pub rat: Rat,
    /// SS-RSRP (or RSRP), dBm.
    pub ss_rsrp_dbm: Known,
    /// SS-SINR, dB.
    pub ss_sinr_db: Known,
    /// Downlink rate, Mbit/s.
    pub dl_mbps: Known,
    /// Uplink rate, Mbit/s.
    pub ul_mbps: Known,
    /// Time as given.
    pub time: Option<String>,
    /// Taken indoors.
    pub indoor: Option<bool>,
    /// Where it was read.
    pub origin: Origin,
}

/// An obstacle that a trench can't simply cross: a river, a railway.
#[derive(Clone, Debug)]
pub struct Barrier {
    /// Kind in words (`river`, `rail`, …).
    pub kind: String,
    /// Its line.
    pub line: Vec<LonLat>,
    /// Where it was read.
    pub origin: Origin,
}

/// A town: seeds right-of-way inference and names clusters. Not a layer of the contract; comes from the
/// embedded table or a city file.
#[derive(Clone, Debug)]
pub struct Town {
    /// Name.
    pub name: String,
    /// Chinese name, when known.
    pub name_zh: Option<String>,
    /// Position.
    pub at: LonLat,
    /// Residents, when known.
    pub population: Option<f64>,
}

/// A radio network of today, for outputs that need its name beside its index.
#[derive(Clone, Debug)]
pub struct NetworkName {
    /// Index.
    pub id: NetworkId,
    /// Name.
    pub name: String,
}
