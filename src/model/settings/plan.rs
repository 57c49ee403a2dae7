//! Section `plan` of the settings: money, time, weights, payers, locks.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Section `plan`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanSettings {
    /// Budget of the plan; 0: no cap, CNY.
    pub budget_cny: f64,
    /// Years over which cost is counted, yr.
    pub years: u32,
    /// Discount rate, share/yr.
    pub discount_rate: f64,
    /// Number of phases (years) the plan is spread over.
    pub phases: u32,
    /// Capex that each year may spend, the first year first; years beyond the list get as much as its last. Empty: years of about equal money, CNY.
    pub annual_budget_cny: Vec<f64>,
    /// Stations and indoor systems that can be built in a year; 0: no limit, /yr.
    pub annual_stations: u32,
    /// Trench that can be dug in a year; 0: no limit, km/yr.
    pub annual_trench_km: f64,
    /// First day of the plan; digging bans that end later hold.
    pub start: String,
    /// Factor on the weight of small and micro firms.
    pub equity_small: f64,
    /// Section `plan.weight`.
    pub weight: PlanWeightSettings,
    /// Section `plan.payer`.
    pub payer: PlanPayerSettings,
    /// Section `plan.lock`.
    pub lock: PlanLockSettings,
}

/// Section `plan.weight`: factors on the weights of sites; see `coverage::weight`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanWeightSettings {
    /// Factor on large firms.
    pub large: f64,
    /// Factor on medium firms.
    pub medium: f64,
    /// Factor on small firms.
    pub small: f64,
    /// Factor on micro firms.
    pub micro: f64,
    /// Factors by digitisation level as the layer writes it.
    pub dig_level: BTreeMap<String, f64>,
    /// Factors by beginning of the industry code, or by part of the sector's name.
    pub sector: BTreeMap<String, f64>,
    /// Factors by industrial cluster (park).
    pub park: BTreeMap<String, f64>,
    /// Factor on cleantech firms.
    pub cleantech: f64,
    /// Beginnings of industry codes that are cleantech.
    pub cleantech_codes: Vec<String>,
    /// Share of a lead firm's weight that each of its suppliers gets on top, share.
    pub supply: f64,
    /// Links with a smaller known volume don't count, CNY.
    pub supply_min_cny: f64,
    /// Lead firms by `site_id`; empty: large firms that buy.
    pub lead_firms: Vec<String>,
}

/// Section `plan.lock`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanLockSettings {
    /// Ids (candidates, sites, data centers) that must be in the plan.
    pub open: Vec<String>,
    /// Ids (candidates, sites, roads, data centers) that must not be in the plan.
    pub shut: Vec<String>,
}

/// Section `plan.payer`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanPayerSettings {
    /// Who pays for radio equipment.
    pub station: String,
    /// Who pays for new towers.
    pub tower: String,
    /// Who pays for fiber.
    pub fiber: String,
    /// Who pays for indoor systems.
    pub indoor: String,
    /// Who pays for edge nodes.
    pub datacenter: String,
}

impl PlanSettings {
    /// What one yuan at the end of each of so many years is worth at their beginning:
    /// (1 − (1 + r)⁻ⁿ) / r with r = `discount_rate`; n without discounting.
    #[must_use]
    pub fn annuity(&self, years: u32) -> f64 {
        let (r, n) = (self.discount_rate, f64::from(years));
        if r > 0.0 { (1.0 - (1.0 + r).powf(-n)) / r } else { n }
    }
}
