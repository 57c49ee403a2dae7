//! The settings of a run as types: one struct per section of the catalogue, no defaults of their own.

mod plan;

pub use plan::{PlanLockSettings, PlanPayerSettings, PlanSettings, PlanWeightSettings};

use super::catalogue::{Catalogue, CatalogueError};
use super::kinds::{Rat, Redaction, Wall};
pub use super::land_cover::RadioLandCoverSettings;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

mod datacenter;
mod fiber;

pub use datacenter::{ClusterNodeSettings, DatacenterSettings, FirmFactors, HallKind, NewTier, Workload};
pub use fiber::*;

/// All settings of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Section `project`.
    pub project: ProjectSettings,
    /// Section `radio`.
    pub radio: RadioSettings,
    /// Section `score`.
    pub score: ScoreSettings,
    /// Section `latency`.
    pub latency: LatencySettings,
    /// Section `network`.
    pub network: NetworkSettings,
    /// Section `fiber`.
    pub fiber: FiberSettings,
    /// Section `siting`.
    pub siting: SitingSettings,
    /// Section `datacenter`.
    pub datacenter: DatacenterSettings,
    /// Section `energy`.
    pub energy: EnergySettings,
    /// Section `plan`.
    pub plan: PlanSettings,
    /// Section `policy`.
    pub policy: PolicySettings,
    /// Section `outlook`.
    pub outlook: OutlookSettings,
    /// Section `uncertainty`.
    pub uncertainty: UncertaintySettings,
    /// Section `redact`.
    pub redact: RedactSettings,
}

/// Section `uncertainty`: how far inputs may be off.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UncertaintySettings {
    /// Standard deviation of the bias of predicted losses, drawn for each scene, dB.
    pub radio_bias_db: f64,
    /// Spread (σ of the logarithm) of each group of prices.
    pub cost_share: f64,
    /// Spread (σ of the logarithm) of fiber lengths against the plan.
    pub length_share: f64,
    /// Spread (σ of the logarithm) of the rates that service classes ask for.
    pub demand_share: f64,
    /// Standard deviation of the load of cells whose load isn't given, %.
    pub load_pct: f64,
    /// Most urgent sites whose ranks are watched.
    pub top: u32,
}

/// Section `outlook`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutlookSettings {
    /// Member of `radio.carrier` that new bands are held against.
    pub reference: String,
    /// Where terminals of new bands work: `none` in the open, `low` or `high` behind such a wall.
    pub wall: String,
    /// Sectors of a station.
    pub sectors: u32,
    /// Section `outlook.low`: the case of the smallest radius.
    pub low: OutlookCase,
    /// Section `outlook.mid`.
    pub mid: OutlookCase,
    /// Section `outlook.high`: the case of the greatest radius.
    pub high: OutlookCase,
    /// Section `outlook.band`, by name; a project may add its own.
    pub band: BTreeMap<String, OutlookBand>,
}

/// Sections `outlook.low`, `outlook.mid`, `outlook.high`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutlookCase {
    /// Probability with which the edge rates are met, share.
    pub location_probability: f64,
    /// Uplink at the edge, Mbit/s.
    pub ul_mbps: f64,
    /// Downlink at the edge, Mbit/s.
    pub dl_mbps: f64,
    /// Margin for interference in the downlink, dB.
    pub interference_db: f64,
    /// What equipment may be worse or better than the band's figures, dB.
    pub budget_db: f64,
    /// Rain, for bands above 100 GHz, mm/h.
    pub rain_mm_h: f64,
    /// Busy-hour efficiency of a sector, bit/s/Hz.
    pub efficiency_bit_s_hz: f64,
}

/// Section `outlook.band.NAME`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutlookBand {
    /// Centre frequency, MHz.
    pub freq_mhz: f64,
    /// Bandwidth, MHz.
    pub bw_mhz: f64,
    /// Subcarrier spacing, kHz.
    pub scs_khz: u32,
    /// Carrier power, dBm.
    pub power_dbm: f64,
    /// Gain of the station's traffic beam, dBi.
    pub gain_bs_dbi: f64,
    /// Transmit power of the terminal, dBm.
    pub ue_power_dbm: f64,
    /// Gain of the terminal, dBi.
    pub gain_ue_dbi: f64,
    /// Noise figure beyond that of today's terminals and stations, dB.
    pub noise_extra_db: f64,
}

/// Section `policy`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicySettings {
    /// Share of missing stations that is taken to stand on existing towers, share.
    pub shared_tower_share: f64,
    /// An applied-for route this near to an existing one runs beside it, m.
    pub overlap_m: f64,
    /// Share of an applied-for route that overlaps, from which it is a finding, share.
    pub overlap_share: f64,
    /// A site with fiber hangs on the nearest point of the fiber layers within this distance, m.
    pub attach_m: f64,
    /// An applied-for station this near to an existing tower could stand on it, m.
    pub station_overlap_m: f64,
    /// Section `policy.uptake`.
    pub uptake: UptakeSettings,
    /// Section `policy.private`.
    pub private: PrivateSettings,
}

/// Section `policy.private`: private 5G networks of industrial clusters.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrivateSettings {
    /// Longest round trip of the fastest latency class, ms.
    pub fast_ms: f64,
    /// Longest round trip of the next one, ms.
    pub near_ms: f64,
    /// Section `policy.private.edge`: a user plane at a cluster's edge node.
    pub edge: PriceRange,
    /// Section `policy.private.plant`: a user plane in a plant, with its room.
    pub plant: PriceRange,
}

/// A price as a range.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceRange {
    /// Low, CNY.
    pub low_cny: f64,
    /// Middle, CNY.
    pub mid_cny: f64,
    /// High, CNY.
    pub high_cny: f64,
}

/// Section `policy.uptake`: share of firms that lift themselves, by case.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UptakeSettings {
    /// Without a subsidy, low case, share.
    pub none_low: f64,
    /// Without a subsidy, middle case, share.
    pub none_mid: f64,
    /// Without a subsidy, high case, share.
    pub none_high: f64,
    /// With everything paid, low case, share.
    pub full_low: f64,
    /// With everything paid, middle case, share.
    pub full_mid: f64,
    /// With everything paid, high case, share.
    pub full_high: f64,
}

/// Section `redact`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedactSettings {
    /// How far outputs may travel.
    pub level: Redaction,
    /// Grid to which points are moved, m.
    pub grid_m: f64,
    /// Counts below this are suppressed in public outputs.
    pub min_count: u32,
}

/// Section `energy`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnergySettings {
    /// Grid emission factor when no region gives one, kg/kWh.
    pub ef_kg_kwh: f64,
    /// The same without traded power from non-fossil sources, kg/kWh.
    pub ef_residual_kg_kwh: f64,
    /// Which of the two counts.
    pub ef_basis: String,
    /// Electricity price when no region gives one, CNY/kWh.
    pub price_cny_kwh: f64,
    /// Price of carbon that plans reckon with beside the electricity, CNY/t.
    pub carbon_cny_t: f64,
    /// Power of a sector without traffic, kW.
    pub sector_idle_kw: f64,
    /// Power of a sector at full load, kW.
    pub sector_full_kw: f64,
    /// Power of a micro or indoor cell over that of a sector, share.
    pub small_cell_share: f64,
    /// PUE that a hub may have.
    pub pue_limit_hub: f64,
    /// PUE that another center may have.
    pub pue_limit: f64,
    /// Distance within which green power counts as at hand, m.
    pub green_radius_m: f64,
    /// Carbon of making and building a station, t.
    pub embodied_station_t: f64,
    /// Carbon of a kilometre of new trench with its duct and cable, t/km.
    pub embodied_trench_t_km: f64,
}

/// Section `siting`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SitingSettings {
    /// New tower with a three-sector station, CNY.
    pub new_station_cny: f64,
    /// Station on an existing tower, CNY.
    pub shared_station_cny: f64,
    /// Station on a roof, CNY.
    pub roof_station_cny: f64,
    /// Station on a pole, CNY.
    pub pole_station_cny: f64,
    /// Antenna height of a station on a roof, m.
    pub roof_height_m: f64,
    /// Share of a station's own fiber that counts in its price when stations are chosen.
    pub backhaul_share: f64,
    /// A new station lifts no more sites than its cells can carry in the busy hour.
    pub count_load: bool,
    /// Another carrier at a station that stands, CNY.
    pub upgrade_cny: f64,
    /// Mean power of that carrier's three sectors, kW.
    pub upgrade_kw: f64,
    /// Carrier that stations get beside theirs; empty: none.
    pub upgrade_carrier: String,
    /// Indoor system, without its nodes, CNY.
    pub indoor_base_cny: f64,
    /// Each node of an indoor system, CNY.
    pub indoor_node_cny: f64,
    /// Mean power of an indoor system, without its nodes, kW.
    pub indoor_base_kw: f64,
    /// Mean power of each of its nodes, kW.
    pub indoor_node_kw: f64,
    /// Indoor system for a factory whose area isn't known, CNY.
    pub indoor_system_cny: f64,
    /// Rent of a slot on a shared tower, CNY/yr.
    pub tower_rent_cny_yr: f64,
    /// Mean power of a station, kW.
    pub station_kw: f64,
    /// Carrier of a new station.
    pub carrier: String,
    /// Network that new stations belong to; empty: the one with most gaps to gain.
    pub network: String,
    /// Cells closer than this stand on one tower when the layer has no tower code, m.
    pub cluster_m: f64,
}

/// Section `network`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkSettings {
    /// Route length over straight line along an inferred right of way.
    pub infer_detour: f64,
    /// Gaps between parts of the road network up to this length are bridged, m; zero: none.
    pub repair_m: f64,
    /// Kinds of barriers that nothing crosses.
    pub walls: Vec<String>,
}

/// Section `latency`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LatencySettings {
    /// Air interface, round trip, ms.
    pub air_rtt_ms: f64,
    /// User plane function, round trip, ms.
    pub upf_rtt_ms: f64,
    /// Application, round trip, ms.
    pub app_rtt_ms: f64,
    /// Propagation in fiber, one way, us/km.
    pub fiber_us_per_km: f64,
    /// Switching per hop, one way, us.
    pub hop_us: f64,
    /// Fiber route over great circle where no route is known.
    pub detour: f64,
    /// Optical amplifier, one way, us.
    pub amplifier_us: f64,
    /// Fiber between two amplifiers, km.
    pub amplifier_km: f64,
    /// Regeneration of an optical channel, one way, us.
    pub regenerator_us: f64,
    /// Fiber that a channel crosses before it is regenerated, km.
    pub regenerator_km: f64,
}

/// Section `score`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreSettings {
    /// A site below this score is a gap, points.
    pub target: f64,
    /// A site below this score is critical, points.
    pub critical: f64,
    /// Share of the weights that must be known for a score to be given.
    pub min_known_share: f64,
    /// Position accuracy beyond which a score is a range, m.
    pub pos_acc_range_m: f64,
    /// Distance to joinable fiber that earns the full term, m.
    pub fiber_good_m: f64,
    /// Distance to joinable fiber that earns nothing, m.
    pub fiber_floor_m: f64,
    /// Section `score.weight`.
    pub weight: ScoreWeightSettings,
    /// Section `score.service`, by name.
    pub service: BTreeMap<String, ServiceNeed>,
}

/// Section `score.service.NAME`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceNeed {
    /// Uplink needed, Mbit/s.
    pub ul_mbps: f64,
    /// Downlink needed, Mbit/s.
    pub dl_mbps: f64,
    /// Round trip needed, ms.
    pub latency_rtt_ms: f64,
    /// Terminal of the class.
    pub terminal: TerminalKind,
}

/// What a class's terminals are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TerminalKind {
    /// An ordinary terminal.
    #[default]
    Full,
    /// Reduced capability (Rel-17): section `radio.redcap`.
    Redcap,
}

/// Section `score.weight`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreWeightSettings {
    /// Weight of outdoor SS-RSRP.
    pub outdoor_rsrp: f64,
    /// Weight of indoor SS-RSRP.
    pub indoor_rsrp: f64,
    /// Weight of the downlink rate against the service class.
    pub dl_rate: f64,
    /// Weight of the uplink rate against the service class.
    pub ul_rate: f64,
    /// Weight of the distance to joinable fiber.
    pub fiber: f64,
    /// Weight of the latency to compute.
    pub latency: f64,
}

/// Section `radio`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RadioSettings {
    /// Noise figure of the terminal, dB.
    pub noise_figure_ue_db: f64,
    /// Noise figure of the station, dB.
    pub noise_figure_bs_db: f64,
    /// Transmit power of the terminal, dBm.
    pub ue_power_dbm: f64,
    /// Antenna height of the terminal, m.
    pub ue_height_m: f64,
    /// Probability with which a level is met at a site.
    pub location_probability: f64,
    /// Edition of TR 38.901.
    pub scenario_edition: String,
    /// Radius in which towers are counted to tell urban from rural, m.
    pub urban_radius_m: f64,
    /// Tower density from which a place counts as urban (UMa), 1/km2.
    pub urban_towers_per_km2: f64,
    /// Tower density below which a place counts as rural (RMa); between the two suburban (SMa), 1/km2.
    pub rural_towers_per_km2: f64,
    /// Cells farther away are not considered, m.
    pub search_radius_m: f64,
    /// Nearest towers considered per site.
    pub max_towers: u32,
    /// Drive tests within this distance take the place of predictions, m.
    pub measured_radius_m: f64,
    /// Fewer measurements of a band in a scene prove nothing about the prediction.
    pub measured_min_samples: u32,
    /// Correct losses by the bias against measurements.
    pub measured_correction: bool,
    /// Depth of the terminal inside the building, m.
    pub indoor_depth_m: f64,
    /// Outer wall of a factory when the layer doesn't tell.
    pub wall: Wall,
    /// PRB utilisation of a cell when the layer doesn't tell, %.
    pub default_load_pct: f64,
    /// Share of time for the downlink in a TDD carrier.
    pub dl_share_tdd: f64,
    /// Share of time for the uplink in a TDD carrier.
    pub ul_share_tdd: f64,
    /// Attenuation of the Shannon bound, downlink.
    pub shannon_alpha_dl: f64,
    /// Attenuation of the Shannon bound, uplink.
    pub shannon_alpha_ul: f64,
    /// Cells must carry the demand of the sites that they serve.
    pub cell_demand: bool,
    /// Share of a site's 5G terminals that are active at the same time.
    pub busy_share: f64,
    /// Spatial layers in the downlink.
    pub dl_layers: u32,
    /// Section `radio.bias_db`.
    pub bias_db: RadioBiasDbSettings,
    /// Section `radio.terrain`.
    pub terrain: RadioTerrainSettings,
    /// Section `radio.land_cover`.
    pub land_cover: RadioLandCoverSettings,
    /// Section `radio.carrier`, by name.
    pub carrier: BTreeMap<String, Carrier>,
    /// Section `radio.default_carrier`.
    pub default_carrier: RadioDefaultCarrierSettings,
    /// Section `radio.height_m`.
    pub height_m: RadioHeightMSettings,
    /// Section `radio.redcap`.
    pub redcap: RadioRedcapSettings,
    /// Section `radio.hall`.
    pub hall: RadioHallSettings,
    /// Section `radio.threshold`.
    pub threshold: RadioThresholdSettings,
}

/// Section `radio.bias_db`: added to every predicted loss, dB.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RadioBiasDbSettings {
    /// Urban.
    pub urban: f64,
    /// Suburban.
    pub suburban: f64,
    /// Rural.
    pub rural: f64,
}

/// Section `radio.redcap`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RadioRedcapSettings {
    /// Widest channel of a RedCap terminal, MHz.
    pub bw_mhz: f64,
    /// Spatial layers in the downlink.
    pub dl_layers: u32,
    /// It can't send and receive at once in FDD.
    pub half_duplex: bool,
    /// Share of time that it receives then; the rest it sends.
    pub listening_share: f64,
}

/// Section `radio.hall`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RadioHallSettings {
    /// Carrier power of an indoor node, dBm.
    pub power_dbm: f64,
    /// Antenna gain of an indoor node, dBi.
    pub gain_dbi: f64,
    /// How far indoor nodes hang below the ceiling, m.
    pub drop_m: f64,
    /// Share of a hall's floor that machines and stores take.
    pub clutter_density: f64,
    /// Typical size of machines and stores, m.
    pub clutter_size_m: f64,
    /// Height of machines and stores, m.
    pub clutter_height_m: f64,
    /// Length over width of a hall of which only the area is known.
    pub aspect: f64,
    /// Largest hall, m2: a larger floor counts as several equal halls.
    pub max_m2: f64,
    /// Most nodes of one hall that are tried.
    pub max_nodes: u32,
}

/// Section `radio.terrain`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RadioTerrainSettings {
    /// Score along terrain profiles where a DEM fine enough is at hand.
    pub r#use: bool,
    /// Memory for height tiles, MB.
    pub cache_mb: u32,
    /// Masts of each carrier, strongest by TR 38.901 first, whose profile is looked at.
    pub candidates: u32,
    /// What a link over ground without heights gets.
    pub unknown: UnknownGround,
    /// Height of houses and trees on the path without line of sight, urban, m.
    pub clutter_urban_m: f64,
    /// The same, suburban, m.
    pub clutter_suburban_m: f64,
    /// The same, rural, m.
    pub clutter_rural_m: f64,
}

/// What a link over ground without heights gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnknownGround {
    /// TR 38.901, counted.
    Tr38901,
    /// No result at all.
    Error,
}

/// Section `radio.threshold`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RadioThresholdSettings {
    /// SS-RSRP from which a place is served, dBm.
    pub rsrp_dbm: f64,
    /// SS-RSRP that earns the full term, dBm.
    pub rsrp_good_dbm: f64,
    /// SS-RSRP that earns nothing, dBm.
    pub rsrp_floor_dbm: f64,
    /// SS-SINR from which a place is served, dB.
    pub sinr_db: f64,
}

/// Section `radio.height_m`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RadioHeightMSettings {
    /// Antenna height of a macro cell, m.
    pub r#macro: f64,
    /// Antenna height of a micro cell, m.
    pub micro: f64,
    /// Antenna height of an indoor cell, m.
    pub indoor: f64,
}

/// Section `radio.default_carrier`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RadioDefaultCarrierSettings {
    /// Carrier assumed for an NR cell without band and frequency.
    pub nr: String,
    /// Carrier assumed for an LTE cell without band and frequency.
    pub lte: String,
}

/// Section `radio.carrier.NAME`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Carrier {
    /// Centre frequency, MHz.
    pub freq_mhz: f64,
    /// Bandwidth, MHz.
    pub bw_mhz: f64,
    /// Subcarrier spacing, kHz.
    pub scs_khz: u32,
    /// Time-division duplex.
    pub tdd: bool,
    /// Carrier power, dBm.
    pub power_dbm: f64,
    /// Gain of the SSB beam, dBi.
    pub gain_ssb_dbi: f64,
    /// Gain of the traffic beam, dBi.
    pub gain_traffic_dbi: f64,
    /// Transmit ports.
    pub ports: u32,
}

/// Section `project`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectSettings {
    /// Technologies that count as coverage.
    pub rats: Vec<Rat>,
    /// Operators that share one radio network.
    pub sharing_groups: Vec<Vec<String>>,
    /// Right of way: the roads layer, or inferred from towns and sites.
    pub roads: String,
    /// Score only sites whose status is operating or unknown.
    pub require_operating: bool,
}

impl Settings {
    /// The defaults with a project's values over them.
    ///
    /// # Errors
    /// Every value that can't be taken; see [`Catalogue::merged`].
    pub fn with(overrides: &toml::Table) -> Result<Self, Vec<CatalogueError>> {
        let catalogue = Catalogue::embedded().map_err(|e| vec![e])?;
        let table = catalogue.merged(overrides)?;
        table.try_into().map_err(|e: toml::de::Error| vec![CatalogueError::Broken(e.to_string())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn catalogue_and_types_agree() {
        let s = Settings::with(&toml::Table::new()).unwrap();
        assert_eq!(s.project.rats, [Rat::Nr]);
        let back = toml::Table::try_from(&s).unwrap();
        let c = Catalogue::embedded().unwrap();
        for (path, entry) in c.iter() {
            let mut at = &toml::Value::Table(back.clone());
            for part in path.split('.') {
                at = &at[part];
            }
            assert_eq!(at, &entry.value, "{path}");
        }
    }
}
