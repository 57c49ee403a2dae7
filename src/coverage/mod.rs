//! Scoring of sites: what each radio network, the fiber and the compute at hand give to each factory.
//!
//! [`Assessment`] is the result; every number in it can be taken apart down to its inputs.

pub mod air;
pub mod fill;
pub mod result;
pub mod scene;
pub mod towers;

pub use result::{
    Assessment, Fact, Gap, IndoorCover, Kpi, KpiGroup, NetworkAtSite, Score, SiteResult, Term, TermScore,
    Tower, Towers,
};
