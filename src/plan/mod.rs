//! The plan: the only place that sequences stages, and what comes out of them.

mod budget;
mod ground;
mod items;
mod phases;
mod radio;
mod result;
mod run;

pub use crate::model::planned::{
    BudgetStep, Center, Certificate, Connection, ConnectionState, Item, ItemKind, Optical, PonKind, PonNode,
    RouteSegment, Station, StationBuild,
};
pub use result::Plan;
pub use run::{run, standing, today};

use crate::datacenter::PlacementError;
use crate::fiber::RouteError;
use crate::graph::GraphError;
use crate::model::words::{listed, yuan};
use crate::siting::SitingError;

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The roads are no graph.
    #[error("the roads can't be made a network: {0}")]
    Roads(#[from] GraphError),
    /// Stations can't be chosen.
    #[error("stations can't be chosen: {0}")]
    Siting(SitingError),
    /// The stations locked open cost more than the budget.
    #[error(
        "plan.lock.open asks for {}, which cost {} with their way to fiber, more than plan.budget_cny allows ({})",
        listed(ids), yuan(*cost_cny), yuan(*budget_cny)
    )]
    LockedBeyondBudget {
        /// What is locked open, by id.
        ids: Vec<String>,
        /// What they cost.
        cost_cny: f64,
        /// The budget.
        budget_cny: f64,
    },
    /// Fiber can't be planned.
    #[error("fiber can't be planned: {0}")]
    Fiber(#[from] RouteError),
    /// Data centers can't be placed.
    #[error("data centers can't be placed: {0}")]
    Placement(#[from] PlacementError),
    /// Links run over ground without heights, and the settings refuse that.
    #[error(
        "{links} links run over ground that the dem layer has no heights for, among them that of site \"{site}\" \
         (radio.terrain.unknown = \"error\")"
    )]
    UnknownGround {
        /// How many.
        links: usize,
        /// The first site concerned.
        site: String,
    },
    /// A lock names something that isn't there.
    #[error(
        "plan.lock names \"{id}\", which is no candidate, site, road, duct, node or data center of the inputs"
    )]
    LockOfNothing {
        /// The id.
        id: String,
    },
    /// A lock is open and shut.
    #[error("plan.lock has \"{id}\" both in open and in shut")]
    LockedBothWays {
        /// The id.
        id: String,
    },
}
