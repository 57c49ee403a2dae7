//! Settings of fiber: routes, protection, passive networks.

use crate::model::kinds::{FirmSize, ServiceClass};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Section `fiber`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FiberSettings {
    /// Farthest joinable fiber that is looked for by road, m.
    pub join_search_m: f64,
    /// Farthest road that a site is snapped onto, m.
    pub snap_m: f64,
    /// New trench with duct, CNY/m.
    pub trench_cny_m: f64,
    /// Pulling through a spare hole, without the cable, CNY/m.
    pub duct_reuse_cny_m: f64,
    /// New pole line, without the cable, CNY/m.
    pub aerial_cny_m: f64,
    /// Cable, material and pulling, CNY/m.
    pub cable_cny_m: f64,
    /// Lead-in from the road to the building, CNY/m.
    pub lead_in_cny_m: f64,
    /// Terminal equipment at a site, CNY.
    pub terminal_cny: f64,
    /// Rent of another owner's duct hole, CNY/km/yr.
    pub duct_rent_cny_km_yr: f64,
    /// Yearly maintenance as a share of capex, share/yr.
    pub opex_share: f64,
    /// Optical length of a connection beyond route times factor, m.
    pub slack_m: f64,
    /// Farthest node that a site is led in from without a road, m.
    pub direct_m: f64,
    /// Optical length over route length.
    pub optical_factor: f64,
    /// Farthest that two ways lie from each other to be one street, m; 0: never.
    pub beside_m: f64,
    /// Farthest a duct, pole line or cable lies from the road that it follows, m.
    pub duct_match_m: f64,
    /// Each fiber of a cable beyond the 24 that the cable price covers, CNY/m.
    pub cable_fiber_cny_m: f64,
    /// Fibers needed over fibers used, before rounding up to a cable size.
    pub spare_factor: f64,
    /// Fibers for a site.
    pub site_fibers: u32,
    /// Fibers for a station.
    pub station_fibers: u32,
    /// Permit and traffic management where digging needs a permit, CNY/m.
    pub permit_cny_m: f64,
    /// Crossing a river or railway where no bridge or tunnel carries the road, CNY.
    pub crossing_cny: f64,
    /// Rent of another owner's poles, CNY/km/yr.
    pub pole_rent_cny_km_yr: f64,
    /// Put up new pole lines where that is cheaper than a trench.
    pub new_aerial: bool,
    /// Cut micro-trenches along sealed streets where that is cheaper than a trench.
    pub micro_trench: bool,
    /// Micro-trench, without the cable, CNY/m.
    pub micro_cny_m: f64,
    /// Hanging on existing poles, CNY/m.
    pub pole_reuse_cny_m: f64,
    /// Join cabinets, splitters and exchanges whose spare fibers aren't told (flagged as an assumption).
    pub assume_spare: bool,
    /// Join a passing access cable anywhere (flagged as an assumption).
    pub tap_passing_cable: bool,
    /// Owners whose ducts need no consent or rent; empty: all are taken as another's.
    pub own_owners: Vec<String>,
    /// Crossing a railway where no bridge or tunnel carries the road, CNY.
    pub rail_crossing_cny: f64,
    /// Laying under water along a ferry's course: armour and laying, beside the price of cable, CNY/m.
    pub submarine_cny_m: f64,
    /// Bringing a cable under water ashore at one end, CNY.
    pub landing_cny: f64,
    /// Section `fiber.surface_factor`.
    pub surface_factor: FiberSurfaceFactorSettings,
    /// Section `fiber.class_factor`.
    pub class_factor: FiberClassFactorSettings,
    /// `tree`, `metro` or `cheaper`.
    pub structure: String,
    /// Section `fiber.metro`.
    pub metro: FiberMetroSettings,
    /// Section `fiber.protect`.
    pub protect: FiberProtectSettings,
    /// Section `fiber.pon`.
    pub pon: FiberPonSettings,
    /// Section `fiber.splitter_db`.
    pub splitter_db: FiberSplitterDbSettings,
    /// Section `fiber.pon_class`: classes by name; a project may add its own.
    pub pon_class: BTreeMap<String, PonClassSettings>,
}

/// Section `fiber.metro`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FiberMetroSettings {
    /// Compare both structures where the free tree is planned.
    pub compare: bool,
    /// Farthest that a site is from its cabinet along the cable, m.
    pub area_m: f64,
    /// Most sites on one cabinet.
    pub area_sites: u32,
    /// Cabinet with installation, CNY.
    pub cabinet_cny: f64,
}

/// Section `fiber.protect`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FiberProtectSettings {
    /// Service classes whose sites get two routes.
    pub services: Vec<ServiceClass>,
    /// Firm sizes whose sites get two routes.
    pub sizes: Vec<FirmSize>,
    /// Sites and stations that get two routes, by id.
    pub ids: Vec<String>,
    /// Planned stations get two routes.
    pub stations: bool,
    /// What the two routes may not share.
    pub disjoint: Disjoint,
    /// Distance between the places where the two routes leave the road, m.
    pub entry_m: f64,
}

/// What two routes of one site may not share, besides trenches and shared-risk groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disjoint {
    /// Nothing more: they may meet at a junction, a cabinet or an office.
    Trench,
    /// Junctions, manholes and cabinets on the way to the core.
    Node,
    /// These, and the office.
    Office,
}

/// Section `fiber.pon`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FiberPonSettings {
    /// Member of `fiber.pon_class` for sites that share fiber, or `none`.
    pub class: String,
    /// Splitter levels from the office to the site, and the largest ratio of each (`1:4+1:8`).
    pub splits: String,
    /// Service classes whose sites get fibers of their own.
    pub p2p_services: Vec<ServiceClass>,
    /// Loss that point-to-point optics carry, dB.
    pub p2p_budget_db: f64,
    /// Longest fiber of point-to-point optics, m.
    pub p2p_reach_m: f64,
    /// Loss of fiber, dB/km.
    pub fiber_db_km: f64,
    /// Loss of a splice, dB.
    pub splice_db: f64,
    /// Loss of a connector, dB.
    pub connector_db: f64,
    /// Connectors of a connection, besides two at each splitter.
    pub end_connectors: u32,
    /// Part of the loss budget that is kept back for maintenance, dB.
    pub margin_db: f64,
    /// Length of cable on a drum, m.
    pub reel_m: f64,
    /// Splitter, without its ports, CNY.
    pub splitter_cny: f64,
    /// Each output of a splitter, CNY.
    pub splitter_port_cny: f64,
    /// Port of an OLT, CNY.
    pub olt_port_cny: f64,
}

/// Section `fiber.splitter_db`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FiberSplitterDbSettings {
    /// Loss of a splitter 1:2, dB.
    pub r2: f64,
    /// Loss of a splitter 1:4, dB.
    pub r4: f64,
    /// Loss of a splitter 1:8, dB.
    pub r8: f64,
    /// Loss of a splitter 1:16, dB.
    pub r16: f64,
    /// Loss of a splitter 1:32, dB.
    pub r32: f64,
    /// Loss of a splitter 1:64, dB.
    pub r64: f64,
}

/// A member of `fiber.pon_class`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PonClassSettings {
    /// Loss that it carries between OLT and site, dB.
    pub budget_db: f64,
    /// Longest fiber, m.
    pub reach_m: f64,
}

/// Section `fiber.class_factor`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FiberClassFactorSettings {
    /// Cost factor along motorways.
    pub motorway: f64,
    /// Cost factor along trunk roads.
    pub trunk: f64,
    /// Cost factor along primary roads.
    pub primary: f64,
    /// Cost factor along secondary roads.
    pub secondary: f64,
    /// Cost factor along minor roads.
    pub minor: f64,
    /// Cost factor along tracks.
    pub track: f64,
    /// Cost factor on bridges.
    pub bridge: f64,
    /// Cost factor in tunnels.
    pub tunnel: f64,
}

/// Section `fiber.surface_factor`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FiberSurfaceFactorSettings {
    /// Cost factor under asphalt or concrete.
    pub sealed: f64,
    /// Cost factor under slabs, setts and bricks.
    pub stone: f64,
    /// Cost factor in earth, gravel and sand.
    pub soft: f64,
    /// Cost factor in rock.
    pub rock: f64,
}
