//! The right of way: roads as a graph, places snapped onto it, distances along it.
//!
//! [`RoadGraph`] joins the lines of a roads layer where they share vertices and contracts what lies between
//! junctions into one edge that keeps its geometry. [`Snapper`] finds the place on a road that a building is
//! led in from, without crossing a river or railway where that can be avoided. [`SplitGraph`] makes those
//! places nodes. [`infer_roads`] stands in for a roads layer; [`FiberAccess`] answers how far it is by road
//! to fiber that can be joined.
//!
//! ```
//! use covplan::geom::LonLat;
//! use covplan::model::records::Town;
//! use covplan::network::{RoadGraph, Snapper, infer_roads};
//! let town = |name: &str, lon, lat| Town {
//!     name: name.into(),
//!     name_zh: None,
//!     at: LonLat::wrapped(lon, lat),
//!     population: None,
//! };
//! let towns = [town("a", 118.0, 32.0), town("b", 118.2, 32.0), town("c", 118.1, 32.1)];
//! let roads = infer_roads(towns.iter().map(|t| t.at));
//! let graph = RoadGraph::new(&roads, 1.4)?;
//! assert_eq!(graph.components().len(), 1);
//! let snap = Snapper::new(&graph, &[]).snap(towns[1].at, 100.0).unwrap();
//! assert!(snap.distance_m < 1e-3);
//! # Ok::<(), covplan::graph::GraphError>(())
//! ```

mod infer;
mod plant;
mod reach;
mod repair;
mod roads;
mod snap;
mod split;

pub use infer::{infer_roads, inference_places};
pub use plant::{FiberPlant, core_kinds, duct_groups, shared_risks};
pub use reach::{AccessKind, AccessPoint, FiberAccess, Joinability, Reach, joinability};
pub use repair::{Gap, repaired, repairs};
pub use roads::{Part, RoadComponent, RoadGraph};
pub use snap::{Barriers, Crossing, Snap, Snapper};
pub use split::{SplitEdge, SplitGraph};
