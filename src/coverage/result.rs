//! What the coverage stage finds out.

use super::measured::Comparison;
use crate::geom::LonLat;
use crate::model::kinds::{Basis, Rat};
use crate::model::notes::Note;
use crate::model::operators::NetworkId;
use crate::model::records::{CellId, SiteId, TowerId};
use crate::model::text::{Known, Part};
use crate::radio::terrain_link::TerrainModel;
use serde::Serialize;

/// A place with antennas: cells that stand together, of whatever operator.
#[derive(Clone, Debug)]
pub struct Tower {
    /// Code of the file, or one made from the position.
    pub id: String,
    /// Whether the code was made.
    pub id_made: bool,
    /// Position: mean of its cells.
    pub at: LonLat,
    /// First of its cells in [`Towers::cells`].
    pub first: u32,
    /// Number of its cells.
    pub count: u32,
}

impl Tower {
    /// Where its cells stand in [`Towers::cells`].
    #[must_use]
    pub fn places(&self) -> std::ops::Range<usize> {
        self.first as usize..(self.first + self.count) as usize
    }
}

/// All towers, with their cells side by side.
#[derive(Clone, Debug, Default)]
pub struct Towers {
    /// The towers.
    pub list: Vec<Tower>,
    /// Cells grouped by tower.
    pub cells: Vec<CellId>,
}

impl Towers {
    /// The cells of a tower.
    #[must_use]
    pub fn cells_of(&self, tower: TowerId) -> &[CellId] {
        self.list.get(tower.at()).and_then(|t| self.cells.get(t.places())).unwrap_or(&[])
    }
}

/// What is known of coverage inside a site's building.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum IndoorCover {
    /// An indoor system of this network, or one that the site is known to have.
    System,
    /// No indoor system, by the data; outdoor cells seen through the wall.
    OutdoorIn,
    /// Whether there is a system isn't known; outdoor-in is computed, but a weak value is no gap.
    Unknown,
}

/// What a predicted level rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LossModel {
    /// TR 38.901: no heights are at hand.
    Tr38901,
    /// TR 38.901: the link is shorter than the models over terrain allow.
    Tr38901Short,
    /// TR 38.901: some of the ground on the way isn't known.
    Tr38901UnknownGround,
    /// ITU-R P.1812 along the profile.
    P1812,
    /// ITU-R P.452 along the profile, above the frequencies of P.1812.
    P452,
}

impl LossModel {
    /// Of a model over terrain.
    #[must_use]
    pub const fn of(model: &TerrainModel) -> Self {
        match model {
            TerrainModel::P1812(_) => Self::P1812,
            TerrainModel::P452(_) => Self::P452,
        }
    }

    /// Name in files.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Tr38901 => "tr38901",
            Self::Tr38901Short => "tr38901-short",
            Self::Tr38901UnknownGround => "tr38901-unknown-ground",
            Self::P1812 => "p1812",
            Self::P452 => "p452",
        }
    }

    /// Whether the level was predicted along the ground.
    #[must_use]
    pub const fn is_over_terrain(self) -> bool {
        matches!(self, Self::P1812 | Self::P452)
    }
}

/// One radio network at one site.
#[derive(Clone, Copy, Debug)]
pub struct NetworkAtSite {
    /// Best server by SS-RSRP, if any cell is in reach.
    pub server: Option<CellId>,
    /// Distance to it, metres.
    pub distance_m: Known,
    /// Outdoor SS-RSRP that is met with the location probability asked for, dBm.
    pub rsrp_outdoor_dbm: Known,
    /// Indoor SS-RSRP that is met with the location probability asked for, dBm.
    pub rsrp_indoor_dbm: Known,
    /// SINR of the SSBs, which collide whatever the load, dB.
    pub sinr_ssb_db: Known,
    /// SINR of data at the neighbours' load, dB.
    pub sinr_data_db: Known,
    /// Downlink rate to expect at the given load, Mbit/s.
    pub dl_mbps: Known,
    /// Uplink rate to expect, Mbit/s.
    pub ul_mbps: Known,
    /// The cell that data come from: the best on the carrier that promises most. Unknown for one that is
    /// only thought of.
    pub data_server: Option<CellId>,
    /// Part of what the sites of that cell ask for that it can carry, down and up; unknown where it carries
    /// all.
    pub served: [Part; 2],
    /// State of indoor coverage.
    pub indoor: IndoorCover,
    /// What the server's predicted level rests on; `None` without a server.
    pub model: Option<LossModel>,
    /// Predicted, measured or (server values partly of the catalogue) assumed.
    pub basis: Basis,
    /// Score on this network, points 0–100, unknown when too little is known.
    pub score: Known,
}

impl NetworkAtSite {
    /// Nothing in reach.
    pub const NOTHING: NetworkAtSite = NetworkAtSite {
        server: None,
        distance_m: Known::UNKNOWN,
        rsrp_outdoor_dbm: Known::UNKNOWN,
        rsrp_indoor_dbm: Known::UNKNOWN,
        sinr_ssb_db: Known::UNKNOWN,
        sinr_data_db: Known::UNKNOWN,
        dl_mbps: Known::UNKNOWN,
        ul_mbps: Known::UNKNOWN,
        data_server: None,
        served: [Part::UNKNOWN; 2],
        indoor: IndoorCover::Unknown,
        model: None,
        basis: Basis::Unknown,
        score: Known::UNKNOWN,
    };
}

/// A term of the score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Term {
    /// Outdoor SS-RSRP.
    OutdoorRsrp,
    /// Indoor SS-RSRP or an indoor system.
    IndoorRsrp,
    /// Downlink rate against the service class.
    DlRate,
    /// Uplink rate against the service class.
    UlRate,
    /// Distance to joinable fiber.
    Fiber,
    /// Latency to compute.
    Latency,
}

impl Term {
    /// Every term, in order.
    pub const ALL: [Term; 6] =
        [Term::OutdoorRsrp, Term::IndoorRsrp, Term::DlRate, Term::UlRate, Term::Fiber, Term::Latency];

    /// Name in files.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Term::OutdoorRsrp => "outdoor_rsrp",
            Term::IndoorRsrp => "indoor_rsrp",
            Term::DlRate => "dl_rate",
            Term::UlRate => "ul_rate",
            Term::Fiber => "fiber",
            Term::Latency => "latency",
        }
    }

    /// Name for people, English and Chinese.
    #[must_use]
    pub const fn label(self) -> (&'static str, &'static str) {
        match self {
            Term::OutdoorRsrp => ("outdoor signal", "室外信号"),
            Term::IndoorRsrp => ("indoor signal", "室内信号"),
            Term::DlRate => ("downlink rate", "下行速率"),
            Term::UlRate => ("uplink rate", "上行速率"),
            Term::Fiber => ("fiber", "光纤"),
            Term::Latency => ("latency", "时延"),
        }
    }
}

/// One term at one site: `points` = 100 · weight · quality / Σ weights of the known terms.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TermScore {
    /// 0 (nothing) to 1 (all that is asked for); unknown when an input is.
    pub quality: Known,
    /// Weight of the term.
    pub weight: f32,
    /// Points that it adds; zero when unknown.
    pub points: f32,
}

/// A score that decomposes: `total` is the sum of the points of its [`terms`](Score::terms).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Score {
    /// Points 0–100; unknown when less than `score.min_known_share` of the weights is known.
    pub total: Known,
    /// Least total that the unknown terms and the position's accuracy allow.
    pub low: Known,
    /// Greatest such total.
    pub high: Known,
    /// Quality of each term, 0 (nothing) to 1 (all that is asked for), in the order of [`Term::ALL`];
    /// unknown when an input is.
    pub quality: [Known; 6],
    /// Share of the weights that is known.
    pub known_share: f32,
}

/// Weights of the terms, in the order of [`Term::ALL`].
pub type TermWeights = [f64; 6];

impl Score {
    /// The terms with their weights and points.
    #[must_use]
    pub fn terms(&self, weights: &TermWeights) -> [TermScore; 6] {
        let known: f64 =
            self.quality.iter().zip(weights).filter(|(q, _)| q.is_known()).map(|(_, weight)| weight).sum();
        std::array::from_fn(|i| {
            let (quality, weight) = (self.quality[i], weights[i]);
            let points = if known > 0.0 { 100.0 * weight * quality.or(0.0) / known } else { 0.0 };
            TermScore { quality, weight: weight as f32, points: points as f32 }
        })
    }
}

/// One site.
#[derive(Clone, Copy, Debug)]
pub struct SiteResult {
    /// Whether the site was scored (`false`: closed, planned …).
    pub scored: bool,
    /// Network with the best score, if there is any.
    pub best_network: Option<NetworkId>,
    /// Score on that network.
    pub score: Score,
    /// Its total when every link is TR 38.901's; unknown where no heights are used.
    pub flat_total: Known,
    /// Distance by road to the nearest fiber that can be joined, metres; unknown without access fiber.
    pub fiber_m: Known,
    /// Index in `Inputs::fiber_nodes` of that fiber, where it is a node.
    pub fiber_node: Option<u32>,
    /// Where the fiber figure comes from (given by `has_fiber`, predicted by road, inferred right of way).
    pub fiber_basis: Basis,
    /// Distance to the nearest backbone city dot, metres: never access fiber.
    pub backbone_m: Known,
    /// Round trip to the nearest compute, milliseconds.
    pub latency_rtt_ms: Known,
    /// Index in `Inputs::datacenters` of that compute.
    pub datacenter: Option<u32>,
    /// Index in `Inputs::regions` of the city that holds the site.
    pub city: Option<u32>,
    /// Weight in objectives.
    pub weight: f32,
}

/// A site below target on every network.
#[derive(Clone, Copy, Debug)]
pub struct Gap {
    /// The site.
    pub site: SiteId,
    /// Points missing to the target.
    pub deficit: f32,
    /// deficit × weight: the rank.
    pub priority: f32,
    /// Term that costs most points.
    pub worst: Term,
    /// Below `score.critical`.
    pub critical: bool,
}

/// What a KPI row is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KpiGroup {
    /// All sites.
    All,
    /// A region, by adcode.
    Region,
    /// A radio network.
    Network,
    /// A sector.
    Sector,
    /// A firm size.
    FirmSize,
    /// A digitisation level.
    DigLevel,
    /// A park.
    Park,
}

/// One row of `kpi.csv`.
#[derive(Clone, Debug, Serialize)]
pub struct Kpi {
    /// What the row is about.
    pub group: KpiGroup,
    /// Key within the group (adcode, network name, sector …); `unknown` for sites without one.
    pub key: String,
    /// Name for people.
    pub name: String,
    /// Sites counted.
    pub sites: u64,
    /// Sites with a score.
    pub scored: u64,
    /// Sites whose score is unknown.
    pub unknown: u64,
    /// Sites at or above target.
    pub on_target: u64,
    /// Sites below target.
    pub gaps: u64,
    /// Sites below `score.critical`.
    pub critical: u64,
    /// Mean score of the scored sites.
    pub mean_score: Option<f64>,
    /// Share of the scored sites at or above target.
    pub on_target_share: Option<f64>,
    /// Share of sites with outdoor SS-RSRP at or above the threshold, of those where it is known.
    pub outdoor_share: Option<f64>,
    /// Share of sites with fiber in the building or within `score.fiber_good_m`, of those where known.
    pub fiber_share: Option<f64>,
    /// Share of firms that use 5G, of those where known.
    pub uses_5g_share: Option<f64>,
    /// 5G stations as reported (regions only).
    pub stations_official: Option<f64>,
    /// Date of that count (ISO).
    pub stat_date: Option<String>,
    /// Stations of the cells layer that radiate NR (regions only); stands beside the reported count.
    pub stations_layer: Option<u64>,
    /// Residents (regions only).
    pub residents: Option<f64>,
    /// Reported stations per 10,000 residents.
    pub per_10k: Option<f64>,
    /// Target, stations per 10,000 residents.
    pub target_per_10k: Option<f64>,
}

/// A counted fact for the report's head, such as the number of NR cells.
#[derive(Clone, Debug, Serialize)]
pub struct Fact {
    /// Name in files (`nr_cells`, `towers`, …).
    pub code: &'static str,
    /// Count.
    pub value: u64,
}

/// Everything that the coverage stage found.
#[derive(Clone, Debug, Default)]
pub struct Assessment {
    /// Networks by name; index = [`NetworkId`].
    pub networks: Vec<String>,
    /// Technologies that counted.
    pub rats: Vec<Rat>,
    /// Weights of the scores' terms.
    pub weights: TermWeights,
    /// One result per site, in the order of the sites layer.
    pub sites: Vec<SiteResult>,
    /// Site-major: `sites.len() × networks.len()` entries.
    pub at_network: Vec<NetworkAtSite>,
    /// Sites below target on every network, most urgent first; ties by site order.
    pub gaps: Vec<Gap>,
    /// KPI rows in a stable order.
    pub kpis: Vec<Kpi>,
    /// The towers that the cells stand on.
    pub towers: Towers,
    /// Measurements against prediction, before any correction: by band, then by band and scene.
    pub measured: Vec<Comparison>,
    /// Counts.
    pub facts: Vec<Fact>,
    /// Remarks: missing layers, refusals, assumptions.
    pub notes: Vec<Note>,
}

impl Assessment {
    /// What each network gives a site.
    #[must_use]
    pub fn networks_at(&self, site: SiteId) -> &[NetworkAtSite] {
        let n = self.networks.len();
        self.at_network.get(site.at() * n..(site.at() + 1) * n).unwrap_or(&[])
    }
}
