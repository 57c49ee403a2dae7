//! Where compute should stand.
//!
//! [`advise`] is the whole question: what compute the sites ask for and how soon it must answer ([`demand`]),
//! how long the fiber takes ([`transport`]), where compute stands and could stand ([`places`]), which of it
//! serves whom at least weighted cost with a proven bound ([`study`]), why ([`centers`]), and what less
//! latency and less carbon would cost ([`tradeoff`]).
//!
//! A plan takes the same layout ([`planned`]), with the fiber that it lays counted as lying.
//!
//! Latencies are round trips with air interface, transport, user plane and application, unless their names say
//! otherwise.

mod advice;
pub mod centers;
pub mod clusters;
pub mod demand;
pub mod exchange;
mod placement;
pub mod places;
pub mod reasons;
pub mod study;
pub mod tradeoff;
pub mod transport;

pub use advice::{Advice, Assignment, Objective, Placed, Unmet, advise, first_site_at, place};
pub use placement::{DcPlan, joined, offered, planned};

#[cfg(test)]
mod tests;
