//! What a plan holds.

use crate::coverage::Assessment;
use crate::model::notes::Note;
use crate::model::planned::{
    BudgetStep, Center, Certificate, Connection, Item, OrderStep, PonNode, RouteSegment, Station, Structure,
};

/// A whole plan.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// State of today.
    pub before: Assessment,
    /// State after the plan.
    pub after: Assessment,
    /// New stations.
    pub stations: Vec<Station>,
    /// Fiber.
    pub routes: Vec<RouteSegment>,
    /// How each site below target and each station is joined.
    pub connections: Vec<Connection>,
    /// Ports and splitters of passive optical networks.
    pub pon: Vec<PonNode>,
    /// Data centers.
    pub centers: Vec<Center>,
    /// Task table.
    pub items: Vec<Item>,
    /// Bounds.
    pub certificates: Vec<Certificate>,
    /// Value against budget.
    pub curve: Vec<BudgetStep>,
    /// What the fiber comes to as a free tree and with feeder rings, where both were looked at.
    pub structures: Vec<Structure>,
    /// The order of building, with what decides each step's year.
    pub order: Vec<OrderStep>,
    /// Remarks.
    pub notes: Vec<Note>,
    /// Whether a time limit or an interrupt ended the run early.
    pub stopped_early: bool,
}

impl Plan {
    /// Capex of everything, yuan.
    #[must_use]
    pub fn capex_cny(&self) -> f64 {
        self.items.iter().map(|i| i.capex_cny).sum()
    }

    /// Opex per year of everything, yuan.
    #[must_use]
    pub fn opex_cny_yr(&self) -> f64 {
        self.items.iter().map(|i| i.opex_cny_yr).sum()
    }
}
