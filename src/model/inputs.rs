//! Everything that was read, with what is known about the reading.

use super::antennas::AntennaFile;
use super::issues::Issues;
use super::operators::Operators;
use super::records::{
    Barrier, Candidate, Cells, DataCenter, Duct, FiberNode, FiberSegment, Measurement, PowerPlant, Region,
    Roads, Sites, Town,
};
use super::submissions::{Answer, Proposal, SupplyLink};
use crate::geom::{LandCover, Terrain};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is known about one layer as it was read.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct LayerInfo {
    /// Files as the project names them.
    pub files: Vec<String>,
    /// Rows or features met.
    pub rows_read: u64,
    /// Rows left out by the layer's filter.
    pub rows_filtered: u64,
    /// Rows dropped because a rule was broken.
    pub rows_dropped: u64,
    /// Rows kept.
    pub rows_kept: u64,
    /// Columns of the layer that the file has, by standard name.
    pub columns: Vec<String>,
    /// Columns of the file that aren't of the layer.
    pub unknown_columns: Vec<String>,
    /// Date of the data, when given.
    pub as_of: Option<String>,
    /// Source, when given.
    pub source: Option<String>,
    /// CRS as declared or detected.
    pub crs: String,
    /// Files in which longitude and latitude were exchanged because they looked swapped.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub turned: Vec<String>,
    /// SHA-256 of the rows as read, where they came from a database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Made by the generator.
    pub synthetic: bool,
}

/// The layers of a project. A layer that wasn't given is empty and has no entry in [`layers`](Self::layers);
/// a layer that was given and is empty has one.
#[derive(Clone, Default)]
pub struct Inputs {
    /// Factory sites.
    pub sites: Sites,
    /// Radio cells.
    pub cells: Cells,
    /// Operators and networks.
    pub operators: Operators,
    /// Fiber nodes.
    pub fiber_nodes: Vec<FiberNode>,
    /// Fiber segments.
    pub fiber_segments: Vec<FiberSegment>,
    /// Ducts.
    pub ducts: Vec<Duct>,
    /// Roads.
    pub roads: Roads,
    /// Places for antennas.
    pub candidates: Vec<Candidate>,
    /// Regions.
    pub regions: Vec<Region>,
    /// Power.
    pub power: Vec<PowerPlant>,
    /// Data centers.
    pub datacenters: Vec<DataCenter>,
    /// Drive tests.
    pub measurements: Vec<Measurement>,
    /// Rivers, railways.
    pub barriers: Vec<Barrier>,
    /// Towns.
    pub towns: Vec<Town>,
    /// Applications to build.
    pub projects: Vec<Proposal>,
    /// Who supplies whom.
    pub supply_links: Vec<SupplyLink>,
    /// Answers for 5G-factory schemes.
    pub questionnaire: Vec<Answer>,
    /// Antenna patterns.
    pub antennas: Vec<AntennaFile>,
    /// Ground heights, when a file gives them.
    pub terrain: Option<Arc<dyn Terrain>>,
    /// What stands on the ground, when a file gives it.
    pub land_cover: Option<Arc<dyn LandCover>>,
    /// What was read, by layer name (`sites`, `cells`, …).
    pub layers: BTreeMap<String, LayerInfo>,
    /// What was wrong.
    pub issues: Issues,
}

impl Inputs {
    /// Whether a layer was given.
    #[must_use]
    pub fn has(&self, layer: &str) -> bool {
        self.layers.contains_key(layer)
    }

    /// Whether any layer is synthetic.
    #[must_use]
    pub fn is_synthetic(&self) -> bool {
        self.layers.values().any(|l| l.synthetic)
    }
}
