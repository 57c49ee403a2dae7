//! How far it is by road to fiber that can be joined.

use super::snap::{Snap, Snapper};
use super::split::SplitGraph;
use crate::geom::{LonLat, along_geodesic, geodesic_m};
use crate::graph::{Dijkstra, GraphError, NodeId, Until};
use crate::index::PointIndex;
use crate::model::inputs::Inputs;
use crate::model::kinds::{Basis, FiberLevel, FiberNodeKind};
use crate::model::records::{FiberNode, FiberSegment};
use crate::model::settings::FiberSettings;
use std::collections::BTreeMap;

/// Spacing of the places at which a passing cable may be tapped, metres.
const TAP_SPACING_M: f64 = 50.0;

/// Whether a fiber node can be joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joinability {
    /// The data say so: spare fibers, free ports, or marked as open to be tapped.
    Given,
    /// The data say nothing of spare fibers, but nodes of this kind are made for joining.
    Assumed,
    /// By the data or by its kind it can't be.
    No,
}

/// Whether fiber can be joined at a node. A city dot never is access fiber; a closure, manhole or pole only
/// when the data say so; a cabinet, splitter or exchange about whose spare fibers nothing is told only with
/// `assume_spare`.
#[must_use]
pub fn joinability(node: &FiberNode, assume_spare: bool) -> Joinability {
    use FiberNodeKind as K;
    let spare = [node.fibers_free, node.ports_free];
    match node.kind {
        K::City => Joinability::No,
        _ if node.can_tap == Some(false) => Joinability::No,
        _ if node.can_tap == Some(true) || spare.iter().any(|s| s.is_some_and(|n| n > 0)) => {
            Joinability::Given
        }
        _ if spare.iter().any(Option::is_some) => Joinability::No,
        K::Co | K::Agg | K::Olt | K::Fdt | K::Fat if assume_spare => Joinability::Assumed,
        _ => Joinability::No,
    }
}

/// Whether a cable serves access, so that tapping it may be assumed: not a backbone, trunk or unknown one,
/// not one whose route was made from its ends, not one known to be full.
fn may_be_tapped(segment: &FiberSegment) -> bool {
    let access =
        matches!(segment.level, Some(FiberLevel::Feeder | FiberLevel::Distribution | FiberLevel::Drop));
    access && !segment.line_made && segment.fibers_free != Some(0)
}

/// What is joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccessKind {
    /// A node, by index in `Inputs::fiber_nodes`.
    Node(u32),
    /// A passing cable, by index in `Inputs::fiber_segments`; always an assumption.
    Cable(u32),
}

/// A place where fiber can be joined.
#[derive(Clone, Copy, Debug)]
pub struct AccessPoint {
    /// What is joined there.
    pub kind: AccessKind,
    /// Position.
    pub at: LonLat,
    /// Way onto the road; none within `fiber.snap_m`.
    pub snap: Option<Snap>,
    /// [`Basis::Given`] when the data say that it can be joined, else [`Basis::Assumed`].
    pub basis: Basis,
}

/// The answer for one position.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reach {
    /// The data have no fiber that can be joined; how far it is isn't known.
    NoAccessFiber,
    /// No road within `fiber.snap_m`.
    NoRoad,
    /// None within `fiber.join_search_m` by road.
    Beyond,
    /// The nearest.
    Found {
        /// Way to it: lead-in, road, lead-in; metres.
        route_m: f64,
        /// What is joined.
        access: AccessKind,
        /// [`Basis::Inferred`] along an inferred right of way, [`Basis::Assumed`] where joining is an
        /// assumption, otherwise [`Basis::Predicted`].
        basis: Basis,
    },
}

/// The places where fiber can be joined, and the distance to them from anywhere by road: one search from
/// all of them at once, then a look-up per position.
pub struct FiberAccess<'s, 'g, 'r> {
    snapper: &'s Snapper<'g, 'r>,
    snap_m: f64,
    direct_m: f64,
    join_search_m: f64,
    points: Vec<AccessPoint>,
    nearby: PointIndex,
    split: SplitGraph,
    distance_m: Vec<f64>,
    nearest: Vec<u32>,
}

impl<'s, 'g, 'r> FiberAccess<'s, 'g, 'r> {
    /// Finds the places, snaps them onto the roads and searches from them. Nodes in `shut` (by `node_id`)
    /// are left out.
    ///
    /// # Errors
    /// More nodes or edges than a graph can number.
    pub fn new(
        inputs: &Inputs,
        settings: &FiberSettings,
        shut: &[String],
        snapper: &'s Snapper<'g, 'r>,
    ) -> Result<Self, GraphError> {
        let points = access_points(inputs, settings, shut, snapper);
        let nearby = PointIndex::of(points.iter().enumerate().map(|(i, p)| (i as u32, p.at)));
        let on_road: Vec<u32> =
            (0..points.len() as u32).filter(|&i| points[i as usize].snap.is_some()).collect();
        let snaps: Vec<Snap> = on_road.iter().filter_map(|&i| points[i as usize].snap).collect();
        let split = SplitGraph::new(snapper.roads(), &snaps)?;
        let mut starts: BTreeMap<NodeId, (f64, u32)> = BTreeMap::new();
        for ((&node, snap), &i) in split.nodes_of_snaps().iter().zip(&snaps).zip(&on_road) {
            let start = starts.entry(node).or_insert((f64::INFINITY, i));
            if snap.distance_m < start.0 {
                *start = (snap.distance_m, i);
            }
        }
        let mut search = Dijkstra::new(split.graph());
        search.run(starts.iter().map(|(&v, &(d, _))| (v, d)), Until::Within(settings.join_search_m));
        let reached = |v: NodeId| search.distance(v).zip(search.origin(v).and_then(|o| starts.get(&o)));
        let labels =
            split.graph().nodes().map(|v| reached(v).map_or((f64::INFINITY, u32::MAX), |(d, s)| (d, s.1)));
        let (distance_m, nearest) = labels.unzip();
        Ok(Self {
            snapper,
            snap_m: settings.snap_m,
            direct_m: settings.direct_m,
            join_search_m: settings.join_search_m,
            points,
            nearby,
            split,
            distance_m,
            nearest,
        })
    }

    /// The places where fiber can be joined.
    #[must_use]
    pub fn points(&self) -> &[AccessPoint] {
        &self.points
    }

    /// The way from a position to the nearest of them. One that is nearer in a straight line than any road
    /// (and not behind a barrier) is led in from directly.
    #[must_use]
    pub fn reach(&self, at: LonLat) -> Reach {
        if self.points.is_empty() {
            return Reach::NoAccessFiber;
        }
        let snap = self.snapper.snap(at, self.snap_m);
        if let Some((direct_m, i)) = self.direct(at, snap.as_ref()) {
            return self.found(direct_m, i);
        }
        let Some(snap) = snap else { return Reach::NoRoad };
        let Some((edge, stretch)) = self.split.edge_at(snap.edge, snap.offset_m) else {
            return Reach::NoRoad;
        };
        let factor = self.snapper.roads().route_factor();
        let offsets = [snap.offset_m - stretch.from_m, stretch.to_m - snap.offset_m];
        let ways = self.split.graph().ends(edge).into_iter().zip(offsets).map(|(v, m)| {
            (self.distance_m[v.index()] + m.max(0.0) * factor + snap.distance_m, self.nearest[v.index()])
        });
        match ways.min_by(|a, b| a.0.total_cmp(&b.0)) {
            Some((m, i)) if m <= self.join_search_m => self.found(m, i),
            _ => Reach::Beyond,
        }
    }

    /// The place of joining that is nearer than the road and within `fiber.direct_m`, if there is one: its
    /// distance in metres and its index among [`points`](Self::points).
    pub fn direct(&self, at: LonLat, snap: Option<&Snap>) -> Option<(f64, u32)> {
        let hit = self.nearby.nearest(at)?;
        let to = self.points[hit.index as usize].at;
        let direct_m = geodesic_m(at, to);
        let road_m = snap.map_or(f64::INFINITY, |s| s.distance_m);
        (direct_m <= road_m.min(self.direct_m) && self.snapper.barriers().crossings(at, to) == 0)
            .then_some((direct_m, hit.index))
    }

    fn found(&self, route_m: f64, point: u32) -> Reach {
        let p = &self.points[point as usize];
        let basis = match (self.snapper.roads().basis(), p.basis) {
            (Basis::Inferred, _) => Basis::Inferred,
            (_, Basis::Assumed) => Basis::Assumed,
            _ => Basis::Predicted,
        };
        Reach::Found { route_m, access: p.kind, basis }
    }
}

fn access_points(
    inputs: &Inputs,
    settings: &FiberSettings,
    shut: &[String],
    snapper: &Snapper<'_, '_>,
) -> Vec<AccessPoint> {
    let mut points = Vec::new();
    for (i, node) in inputs.fiber_nodes.iter().enumerate() {
        let basis = match joinability(node, settings.assume_spare) {
            Joinability::No => continue,
            _ if shut.contains(&node.id) => continue,
            Joinability::Given => Basis::Given,
            Joinability::Assumed => Basis::Assumed,
        };
        let snap = snapper.snap(node.at, settings.snap_m);
        points.push(AccessPoint { kind: AccessKind::Node(i as u32), at: node.at, snap, basis });
    }
    if settings.tap_passing_cable {
        for (i, cable) in inputs.fiber_segments.iter().enumerate().filter(|(_, s)| may_be_tapped(s)) {
            for w in cable.line.windows(2) {
                let steps = (geodesic_m(w[0], w[1]) / TAP_SPACING_M).ceil().clamp(1.0, 10_000.0);
                for k in 0..=steps as u32 {
                    let at = along_geodesic(w[0], w[1], f64::from(k) / steps);
                    // Only where the cable lies along a road; elsewhere it can't be got at.
                    let Some(snap) = snapper.snap(at, settings.duct_match_m) else { continue };
                    let kind = AccessKind::Cable(i as u32);
                    points.push(AccessPoint { kind, at, snap: Some(snap), basis: Basis::Assumed });
                }
            }
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use super::super::roads::RoadGraph;
    use super::super::roads::sample::{p, roads};
    use super::*;
    use crate::model::records::Origin;
    use crate::model::settings::Settings;

    pub(crate) fn node(id: &str, kind: FiberNodeKind, at: LonLat, free: Option<u32>) -> FiberNode {
        FiberNode {
            id: id.into(),
            kind,
            owner: "cmcc".into(),
            at,
            fibers_total: None,
            fibers_free: free,
            can_tap: None,
            pon: None,
            ports_free: None,
            rack_free: None,
            power_free_kw: None,
            origin: Origin::default(),
        }
    }

    fn cable(level: Option<FiberLevel>, line: Vec<LonLat>) -> FiberSegment {
        FiberSegment {
            id: "c".into(),
            line,
            line_made: false,
            from_node: None,
            to_node: None,
            owner: "cmcc".into(),
            level,
            method: None,
            fibers_total: None,
            fibers_free: None,
            length_m: None,
            duct_id: None,
            srlg: None,
            status: None,
            origin: Origin::default(),
        }
    }

    #[test]
    fn only_nodes_with_something_to_give_are_joined() {
        use FiberNodeKind as K;
        let case = |kind, free, ports, tap| {
            let mut n = node("n", kind, p(0.0, 0.0), free);
            (n.ports_free, n.can_tap) = (ports, tap);
            joinability(&n, true)
        };
        assert_eq!(case(K::City, Some(9), None, Some(true)), Joinability::No);
        assert_eq!(case(K::Manhole, None, None, None), Joinability::No);
        assert_eq!(case(K::Closure, Some(4), None, None), Joinability::Given);
        assert_eq!(case(K::Pole, None, None, Some(true)), Joinability::Given);
        assert_eq!(case(K::Fdt, None, None, None), Joinability::Assumed);
        assert_eq!(case(K::Fdt, Some(0), None, None), Joinability::No);
        assert_eq!(case(K::Olt, Some(0), Some(2), None), Joinability::Given);
        assert_eq!(case(K::Co, Some(9), None, Some(false)), Joinability::No);
    }

    #[test]
    fn distance_goes_by_road_from_the_nearest_node() {
        let r = roads(&[&[(0.0, 0.0), (10.0, 0.0), (10.0, 10.0)]]);
        let g = RoadGraph::new(&r, 1.0).unwrap();
        let snapper = Snapper::new(&g, &[]);
        let mut inputs = Inputs::default();
        let mut settings = Settings::with(&toml::Table::new()).unwrap().fiber;
        let reach = |inputs: &Inputs, settings: &FiberSettings, x, y| {
            FiberAccess::new(inputs, settings, &[], &snapper).unwrap().reach(p(x, y))
        };
        assert_eq!(reach(&inputs, &settings, 1.0, 1.0), Reach::NoAccessFiber);
        inputs.fiber_nodes = vec![
            node("full", FiberNodeKind::Fdt, p(9.0, 9.0), Some(0)),
            node("far", FiberNodeKind::Fdt, p(10.0, 9.0), Some(4)),
            node("near", FiberNodeKind::Fdt, p(1.0, -0.5), Some(4)),
        ];
        // From the same stretch of road: straight along it, not round by a junction.
        let want = |legs: &[&[LonLat]]| legs.iter().map(|l| crate::geom::line_length_m(l)).sum::<f64>();
        let Reach::Found { route_m, access, basis } = reach(&inputs, &settings, 3.0, 1.0) else { panic!() };
        assert_eq!((access, basis), (AccessKind::Node(2), Basis::Predicted));
        assert!((route_m - want(&[&[p(3.0, 1.0), p(3.0, 0.0), p(1.0, 0.0), p(1.0, -0.5)]])).abs() < 0.05);
        let Reach::Found { access, .. } = reach(&inputs, &settings, 9.0, 6.0) else { panic!() };
        assert_eq!(access, AccessKind::Node(1));
        // Nearer than the road: led in directly.
        let Reach::Found { route_m, .. } = reach(&inputs, &settings, 1.0, -1.0) else { panic!() };
        assert!((route_m - want(&[&[p(1.0, -1.0), p(1.0, -0.5)]])).abs() < 0.05);
        assert_eq!(reach(&inputs, &settings, 50.0, 50.0), Reach::NoRoad);
        settings.join_search_m = 300.0;
        assert_eq!(reach(&inputs, &settings, 6.0, 0.0), Reach::Beyond);
        let all: Vec<String> = vec!["near".into(), "far".into()];
        let none = FiberAccess::new(&inputs, &settings, &all, &snapper).unwrap();
        assert_eq!(none.reach(p(1.0, 1.0)), Reach::NoAccessFiber);
    }

    #[test]
    fn a_passing_cable_is_tapped_only_when_asked_and_only_access_cable() {
        let r = roads(&[&[(0.0, 0.0), (10.0, 0.0)]]);
        let g = RoadGraph::new(&r, 1.0).unwrap();
        let snapper = Snapper::new(&g, &[]);
        let line = vec![p(5.0, 0.1), p(8.0, 0.1)];
        let mut inputs = Inputs::default();
        let mut settings = Settings::with(&toml::Table::new()).unwrap().fiber;
        inputs.fiber_segments = vec![cable(Some(FiberLevel::Feeder), line.clone())];
        let reach = |inputs: &Inputs, settings: &FiberSettings| {
            FiberAccess::new(inputs, settings, &[], &snapper).unwrap().reach(p(4.0, 0.0))
        };
        assert_eq!(reach(&inputs, &settings), Reach::NoAccessFiber);
        settings.tap_passing_cable = true;
        let Reach::Found { route_m, access, basis } = reach(&inputs, &settings) else { panic!() };
        assert_eq!((access, basis), (AccessKind::Cable(0), Basis::Assumed));
        assert!((route_m - 102.9 - 11.1).abs() < 1.0, "{route_m}");
        for level in [None, Some(FiberLevel::Backbone), Some(FiberLevel::Trunk)] {
            inputs.fiber_segments = vec![cable(level, line.clone())];
            assert_eq!(reach(&inputs, &settings), Reach::NoAccessFiber);
        }
    }
}
