//! Where compute should stand.
//!
//! [`advise`] is the whole question: what compute the sites ask for and how soon it must answer ([`demand`]),
//! how long the fiber takes ([`transport`]), where compute stands and could stand ([`places`]), which of it
//! serves whom at least weighted cost with a proven bound ([`study`]), why ([`centers`]), and what less
//! latency and less carbon would cost ([`tradeoff`]).
//!
//! [`place`] is the short form that a plan uses: one kind of demand, existing halls and edge nodes, transport
//! over the great circle times `latency.detour`.
//!
//! Latencies are round trips with air interface, transport, user plane and application, unless their names say
//! otherwise.

mod advice;
pub mod centers;
pub mod clusters;
pub mod demand;
mod halls;
mod placement;
pub mod places;
pub mod study;
pub mod tradeoff;
pub mod transport;

pub use advice::{Advice, Assignment, Objective, Unmet, advise, first_site_at};
pub use halls::{Hall, halls};
pub use placement::{DcPlan, PlacementError, place};

#[cfg(test)]
mod tests;
