//! The distance to joinable fiber, as the score asks for it. The answer by road comes from a higher room
//! through [`FiberReach`]; without one only what the sites layer says is known.

use crate::model::inputs::Inputs;
use crate::model::kinds::{Basis, FiberLevel, FiberNodeKind};
use crate::model::records::{FiberNode, Site, SiteId};
use crate::model::text::Known;

/// Distance to the nearest fiber that can be joined.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FiberDistance {
    /// Metres. Unknown with [`Basis::Unknown`] means that nothing can be said; unknown with another basis
    /// means that it was looked for, and none lies within `fiber.join_search_m`.
    pub distance_m: Known,
    /// Index in `Inputs::fiber_nodes`, where it is a node.
    pub node: Option<u32>,
    /// Where the figure comes from.
    pub basis: Basis,
}

impl FiberDistance {
    /// Nothing can be said.
    pub const UNKNOWN: Self = Self { distance_m: Known::UNKNOWN, node: None, basis: Basis::Unknown };
    /// Fiber in the building, by the sites layer.
    pub const IN_BUILDING: Self = Self { distance_m: Known::new(0.0), node: None, basis: Basis::Given };
}

/// Tells how far joinable fiber is from a site.
pub trait FiberReach: Sync {
    /// The distance by road from a site. Asked only for sites that aren't known to have fiber.
    fn distance(&self, site: SiteId) -> FiberDistance;
}

/// No roads, so no distances.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoRoads;

impl FiberReach for NoRoads {
    fn distance(&self, _: SiteId) -> FiberDistance {
        FiberDistance::UNKNOWN
    }
}

/// The distance for a site: zero where the sites layer says that it has fiber, else what `reach` finds.
#[must_use]
pub fn fiber_distance(site: &Site, id: SiteId, reach: &dyn FiberReach) -> FiberDistance {
    if site.has_fiber == Some(true) { FiberDistance::IN_BUILDING } else { reach.distance(id) }
}

/// Whether fiber can be joined at a node: it has spare fibers or free ports, or may be tapped. A city as a
/// dot is never access fiber, and a node about which nothing is known can't be counted on.
#[must_use]
pub fn is_joinable(node: &FiberNode) -> bool {
    let spare = |n: Option<u32>| n.is_some_and(|n| n > 0);
    node.kind != FiberNodeKind::City
        && (node.can_tap == Some(true)
            || (node.can_tap != Some(false) && (spare(node.fibers_free) || spare(node.ports_free))))
}

/// Whether a node is a backbone's: a city dot. Its distance is told as such, never as access fiber's.
#[must_use]
pub fn is_backbone(node: &FiberNode) -> bool {
    node.kind == FiberNodeKind::City
}

/// Whether the layers hold any access fiber: a joinable node, or a cable below the backbone.
#[must_use]
pub fn has_access_fiber(inputs: &Inputs) -> bool {
    let access = |level: Option<FiberLevel>| !matches!(level, None | Some(FiberLevel::Backbone));
    inputs.fiber_nodes.iter().any(is_joinable) || inputs.fiber_segments.iter().any(|s| access(s.level))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::LonLat;
    use crate::model::records::Origin;

    fn node(kind: FiberNodeKind, free: Option<u32>, tap: Option<bool>) -> FiberNode {
        FiberNode {
            id: "n".into(),
            kind,
            owner: "o".into(),
            at: LonLat::wrapped(118.0, 32.0),
            fibers_total: None,
            fibers_free: free,
            can_tap: tap,
            pon: None,
            ports_free: None,
            rack_free: None,
            power_free_kw: None,
            origin: Origin::default(),
        }
    }

    #[test]
    fn a_city_dot_is_no_access_fiber() {
        assert!(!is_joinable(&node(FiberNodeKind::City, Some(48), Some(true))));
        assert!(is_joinable(&node(FiberNodeKind::Fdt, Some(12), None)));
        assert!(is_joinable(&node(FiberNodeKind::Manhole, None, Some(true))));
        assert!(!is_joinable(&node(FiberNodeKind::Fdt, Some(0), None)));
        assert!(!is_joinable(&node(FiberNodeKind::Fdt, None, None)));
        assert!(!is_joinable(&node(FiberNodeKind::Fdt, Some(12), Some(false))));
    }
}
