//! The plan: the only place that sequences stages, and what comes out of them.

pub mod result;

pub use crate::model::planned::{
    BudgetStep, Center, Certificate, Connection, ConnectionState, Item, ItemKind, RouteSegment, Station,
    StationBuild,
};
pub use result::Plan;
