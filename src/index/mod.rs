//! Spatial look-up: which points, lines and regions lie near a position. The only room that names `rstar`.
//!
//! Points and lines are indexed on the unit sphere, where chord order is great-circle order: neighbours are
//! exact at any latitude and across the antimeridian. Every answer comes in a fixed order, by distance and
//! then by index, whatever order the tree was built in. Distances are great-circle metres on the mean
//! sphere ([`crate::geom::EARTH_RADIUS_M`]), within 0.6 % of the geodesic.
//!
//! [`PointIndex`] answers nearest, k nearest and all within a radius; [`SegmentIndex`] the nearest place on
//! a set of lines; [`RegionIndex`] the polygons around a position. [`hilbert_order`] visits places so that
//! neighbours follow each other; [`clusters`] gathers points by density.

mod density;
mod descent;
mod order;
mod points;
mod regions;
mod segments;

pub use density::clusters;
pub use order::hilbert_order;
pub use points::{Hit, PointIndex};
pub use regions::RegionIndex;
pub use segments::{LineHit, SegmentIndex};
