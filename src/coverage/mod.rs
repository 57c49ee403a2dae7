//! Scoring of sites: what each radio network, the fiber and the compute at hand give to each factory.
//!
//! [`Assessment`] is the result; every number in it can be taken apart down to its inputs.

pub mod air;
pub mod antennas;
pub mod area;
pub mod assess;
pub mod demand;
pub mod fiber_reach;
pub mod fill;
mod gaps;
pub mod kpi;
pub mod latency;
pub mod link_terms;
pub mod measured;
mod notes;
pub mod reception;
pub mod result;
pub mod scene;
pub mod score;
pub mod terrain;
pub mod towers;
pub mod weight;
pub mod what_if;
mod widen;

pub use assess::{Assessor, assess, assess_told};
pub use fiber_reach::{FiberDistance, FiberReach, NoRoads};
pub use result::{
    Assessment, Fact, Gap, IndoorCover, Kpi, KpiGroup, LossModel, NetworkAtSite, Score, SiteResult, Term,
    TermScore, TermWeights, Tower, Towers,
};
pub use what_if::{Judged, Thought, WhatIf};

#[cfg(test)]
mod tests;
