//! Data-center placement: which halls serve the sites' compute within the latency asked for, existing
//! ones first, at least yearly cost, with a proven bound.
//!
//! The latency is a round trip and includes air interface, transport, user plane and application. Where no
//! fiber route is known, transport runs over the great circle times `latency.detour`.

mod halls;
mod placement;

pub use halls::{Hall, halls};
pub use placement::{DcPlan, PlacementError, place};
