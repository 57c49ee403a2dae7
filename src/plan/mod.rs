//! The plan: the only place that sequences stages, and what comes out of them.

pub mod result;

pub use result::{
    BudgetStep, Center, Certificate, Connection, ConnectionState, Item, ItemKind, Plan, RouteSegment,
    Station, StationBuild,
};
