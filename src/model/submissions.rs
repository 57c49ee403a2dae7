//! What firms and applicants hand in: applications to build, who supplies whom, answers to questionnaires.

use super::records::Origin;
use crate::geom::LonLat;

/// An application to build something.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// `project_id`.
    pub id: String,
    /// Name.
    pub name: String,
    /// What it builds, in words (`fiber`, `duct`, `station`, `datacenter`).
    pub kind: String,
    /// Who applies.
    pub party: Option<String>,
    /// Position, when it is one place.
    pub at: Option<LonLat>,
    /// Route, when it is one.
    pub line: Vec<LonLat>,
    /// Fibers to be laid.
    pub fibers: Option<u32>,
    /// Cost, yuan.
    pub cost_cny: Option<f64>,
    /// Year.
    pub year: Option<i32>,
    /// Status in words.
    pub status: Option<String>,
    /// Where it was read.
    pub origin: Origin,
}

/// A supplier and a buyer.
#[derive(Clone, Debug)]
pub struct SupplyLink {
    /// `site_id` of the supplier.
    pub from_site: String,
    /// `site_id` of the buyer.
    pub to_site: String,
    /// Yearly volume, yuan.
    pub volume_cny: Option<f64>,
    /// What is supplied.
    pub product: Option<String>,
    /// Where it was read.
    pub origin: Origin,
}

/// An answer of a firm to one item of a 5G-factory scheme.
#[derive(Clone, Debug)]
pub struct Answer {
    /// `site_id` of the plant.
    pub site: String,
    /// Scheme that asks.
    pub scheme: Option<String>,
    /// Clause or question.
    pub item: String,
    /// Answer as given.
    pub answer: String,
    /// The answer as yes or no, where it is one.
    pub met: Option<bool>,
    /// Where it was read.
    pub origin: Origin,
}
