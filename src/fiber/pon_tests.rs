//! Light by hand: every loss here is added up from the catalogue's figures and the drawn lengths.

use super::tests::{cabinet, defaults, m, p, plan, streets, terminal};
use super::*;
use crate::model::kinds::{Basis, FiberNodeKind};
use crate::model::planned::Optical;
use crate::model::records::{FiberNode, FiberSegment, Origin};

fn office(id: &str, at: LonLat) -> FiberNode {
    FiberNode { kind: FiberNodeKind::Olt, ..cabinet(id, at, 96) }
}

fn factory(id: &str, at: LonLat) -> Terminal {
    Terminal { shared: true, ..terminal(id, at) }
}

fn light(found: &RoutePlan, i: usize) -> &Optical {
    found.connections[i].optical.as_ref().unwrap()
}

fn close(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-3, "{a} {b}");
}

/// Optical metres: the route with 5 % and 40 m of slack.
fn optical(route_m: f64) -> f64 {
    route_m * 1.05 + 40.0
}

fn nodes(found: &RoutePlan, kind: PonKind) -> Vec<&PonNode> {
    found.pon.iter().filter(|n| n.kind == kind).collect()
}

#[test]
fn one_site_on_a_small_splitter() {
    let inputs = Inputs {
        roads: streets(&[&[(0.0, 0.0), (10.0, 0.0)]]),
        fiber_nodes: vec![office("olt", p(0.0, 0.0))],
        ..Inputs::default()
    };
    let found = plan(&inputs, &defaults(), &[factory("a", p(10.0, 0.3))], None).unwrap();
    let l = light(&found, 0);
    // 1.03 km and a lead-in of 33 m; a joint at the office; port, frame and outlet, and both sides of 1:2.
    let route = m(&[(0.0, 0.0), (10.0, 0.0), (10.0, 0.3)]);
    close(l.optical_m, optical(route));
    assert_eq!((l.class.as_str(), &l.splits[..], l.splices, l.connectors), ("xgs_n1", &[2][..], 1, 5));
    close(l.loss_db, optical(route) * 0.4e-3 + 0.12 + 5.0 * 0.5 + 3.8);
    close(l.margin_db, 29.0 - l.loss_db);
    assert!(l.met && l.reason.is_none());
    assert_eq!((l.office.as_deref(), l.upstream_m, l.office_basis), (Some("olt"), 0.0, Basis::Given));
    // One fiber instead of a pair, and 600 + 2 × 25 + 3,000 yuan.
    assert_eq!((found.segments[0].fibers, found.segments[0].cable_fibers), (1, 6));
    close(found.pon.iter().map(|n| n.capex_cny).sum(), 3_650.0);
    assert_eq!(found.pon[1].fed_by, None);
    assert_eq!(found.pon[0].fed_by, Some(1));
    // With fibers of its own: no splitter, no port.
    let own = plan(&inputs, &defaults(), &[terminal("a", p(10.0, 0.3))], None).unwrap();
    let l = light(&own, 0);
    close(l.loss_db, optical(route) * 0.4e-3 + 0.12 + 3.0 * 0.5);
    assert_eq!((l.class.as_str(), l.budget_db, own.pon.len(), own.segments[0].fibers), ("p2p", 18.0, 0, 2));
}

#[test]
fn a_park_at_the_end_of_a_road_fills_splitters_there() {
    let inputs = Inputs {
        roads: streets(&[&[(0.0, 0.0), (20.0, 0.0), (23.0, 0.0)]]),
        fiber_nodes: vec![office("olt", p(0.0, 0.0))],
        ..Inputs::default()
    };
    let sites: Vec<Terminal> =
        (0..30).map(|i| factory(&format!("s{i}"), p(20.0 + f64::from(i) / 10.0, 0.1))).collect();
    let found = plan(&inputs, &defaults(), &sites, None).unwrap();
    // 1:32 with a fifth kept free serves 26.
    let splitters = nodes(&found, PonKind::Splitter);
    assert_eq!((splitters.len(), nodes(&found, PonKind::Port).len()), (2, 2));
    assert_eq!(splitters.iter().map(|s| s.serves).sum::<u32>(), 30);
    assert!(splitters.iter().all(|s| s.used <= 26 && s.ratio <= 32 && s.at.lon_deg() > 114.0199));
    // Two fibers on the way out, not sixty.
    let first = found.segments.iter().find(|s| s.serves == 30).unwrap();
    assert_eq!((first.fibers, first.cable_fibers), (2, 6));
    let mut settings = defaults();
    settings.fiber.pon.class = "none".into();
    let own = plan(&inputs, &settings, &sites, None).unwrap();
    assert_eq!(own.segments.iter().find(|s| s.serves == 30).unwrap().fibers, 60);
    assert!(own.pon.is_empty());
}

#[test]
fn two_levels_share_a_port() {
    // Four arms of three sites each behind a long common road.
    let inputs = Inputs {
        roads: streets(&[
            &[(0.0, 0.0), (30.0, 0.0)],
            &[(30.0, 0.0), (30.0, 9.0)],
            &[(30.0, 0.0), (30.0, -9.0)],
            &[(30.0, 0.0), (39.0, 0.0)],
            &[(30.0, 0.0), (39.0, 9.0)],
        ]),
        fiber_nodes: vec![office("olt", p(0.0, 0.0))],
        ..Inputs::default()
    };
    let mut settings = defaults();
    settings.fiber.pon.splits = "1:4+1:8".into();
    settings.fiber.pon.splitter_cny = 10.0;
    let arms: [(f64, f64); 4] = [(0.0, 1.0), (0.0, -1.0), (1.0, 0.0), (1.0, 1.0)];
    let sites: Vec<Terminal> = arms
        .iter()
        .enumerate()
        .flat_map(|(a, &(x, y))| {
            (0..3).map(move |k| {
                let d = 8.6 + 0.2 * f64::from(k);
                factory(&format!("s{a}{k}"), p(30.0 + x * d, y * d))
            })
        })
        .collect();
    let found = plan(&inputs, &settings, &sites, None).unwrap();
    let splitters = nodes(&found, PonKind::Splitter);
    let level = |k| splitters.iter().filter(|s| s.level == k).count();
    // At these prices two full splitters where the roads part beat one in every arm.
    assert_eq!((level(1), level(2), nodes(&found, PonKind::Port).len()), (1, 2, 1));
    let l = light(&found, 0);
    assert_eq!((&l.splits[..], l.connectors, l.nodes.len()), (&[2, 8][..], 7, 3));
    // A joint at the office, one where the roads part, and two where drums end.
    let route = m(&[(0.0, 0.0), (30.0, 0.0), (30.0, 8.6)]);
    close(l.loss_db, optical(route) * 0.4e-3 + 4.0 * 0.12 + 7.0 * 0.5 + 3.8 + 10.8);
    assert_eq!(found.segments.iter().find(|s| s.serves == 12).unwrap().fibers, 1);
}

#[test]
fn far_sites_get_smaller_splitters_then_fibers_of_their_own_then_the_reason() {
    let at = |km: f64| p(km / m(&[(0.0, 0.0), (1.0, 0.0)]) * 1e3, 0.0);
    let line: Vec<(f64, f64)> = (0..51).map(|i| (10.0 * f64::from(i), 0.0)).collect();
    let roads = streets(&[&line]);
    let fiber_nodes = vec![office("olt", p(0.0, 0.0))];
    let inputs = Inputs { roads, fiber_nodes, ..Inputs::default() };
    let mut settings = defaults();
    settings.fiber.pon.class = "gpon_b".into();
    settings.fiber.join_search_m = 60_000.0;
    let sites = [
        factory("near", at(5.0)),
        factory("far", at(14.1)),
        factory("out", at(25.0)),
        factory("lost", at(45.0)),
    ];
    let found = plan(&inputs, &settings, &sites, None).unwrap();
    // 14.1 km: 5.9 dB of fiber, 8 joints, 2.5 dB of connectors, 17.5 dB and 2 dB kept back are 28.9 dB.
    let l = light(&found, 1);
    let full = optical(14_100.0) * 0.4e-3 + 8.0 * 0.12 + 2.5 + 17.5;
    assert!(full + 2.0 > 28.0);
    assert_eq!((l.class.as_str(), l.splices, l.met), ("gpon_b", 8, true));
    assert!(l.reason.as_ref().unwrap().0.contains(&format!("{full:.1} dB")), "{:?}", l.reason);
    assert!(light(&found, 0).reason.is_none());
    let l = light(&found, 2);
    assert_eq!((l.class.as_str(), l.met), ("p2p", true));
    assert!(
        l.reason.as_ref().unwrap().0.contains("more than the 20 km of gpon_b; it gets fibers of its own")
    );
    let l = light(&found, 3);
    assert!(!l.met && l.reason.as_ref().unwrap().0.contains("more than the 40 km of p2p"));
    assert!(found.notes.iter().any(|n| n.code == "N207"));
    // A better class carries 1:32 there.
    settings.fiber.pon.class = "gpon_c".into();
    let found = plan(&inputs, &settings, &sites, None).unwrap();
    assert!(light(&found, 1).reason.is_none() && light(&found, 1).budget_db == 32.0);
    settings.fiber.pon.class = "50g".into();
    assert!(matches!(plan(&inputs, &settings, &sites, None), Err(RouteError::NoSuchClass { .. })));
}

#[test]
fn the_way_to_the_office_counts() {
    let mut inputs = Inputs {
        roads: streets(&[&[(0.0, 0.0), (10.0, 0.0)]]),
        fiber_nodes: vec![
            cabinet("fdt", p(0.0, 0.0), 1),
            FiberNode { fibers_free: Some(0), ..office("co", p(-60.0, 0.0)) },
        ],
        fiber_segments: vec![FiberSegment {
            id: "s".into(),
            line: vec![p(-60.0, 0.0), p(0.0, 0.0)],
            line_made: true,
            from_node: Some("co".into()),
            to_node: Some("fdt".into()),
            owner: "ct".into(),
            level: None,
            method: None,
            fibers_total: None,
            fibers_free: None,
            length_m: Some(8_000.0),
            duct_id: None,
            srlg: None,
            status: None,
            origin: Origin::default(),
        }],
        ..Inputs::default()
    };
    // One spare fiber serves both.
    let sites = [factory("a", p(10.0, 0.0)), factory("b", p(5.0, 0.0))];
    let found = plan(&inputs, &defaults(), &sites, None).unwrap();
    let l = light(&found, 0);
    let route = m(&[(0.0, 0.0), (10.0, 0.0)]);
    close(l.optical_m, optical(8_000.0 + route));
    assert_eq!((l.office.as_deref(), l.office_basis, l.upstream_m), (Some("co"), Basis::Given, 8_000.0));
    // Office end and four drums of the old cable, the cabinet.
    assert_eq!(l.splices, 1 + 4 + 1);
    assert!(found.connections.iter().all(|c| c.state == ConnectionState::Planned));
    assert_eq!(found.loads[0].fibers, 1);
    assert_eq!(found.pon.iter().find(|n| n.kind == PonKind::Port).unwrap().node.as_deref(), Some("co"));
    // Without the cable the nearest office is assumed, and said.
    inputs.fiber_segments.clear();
    let found = plan(&inputs, &defaults(), &sites, None).unwrap();
    let l = light(&found, 0);
    close(l.upstream_m, m(&[(-60.0, 0.0), (0.0, 0.0)]) * defaults().network.infer_detour);
    assert_eq!(l.office_basis, Basis::Assumed);
    assert!(found.notes.iter().any(|n| n.code == "N208"));
    // A splitter box: its outputs are joined, nothing is added.
    inputs.fiber_nodes[0].kind = FiberNodeKind::Fat;
    inputs.fiber_nodes[0].fibers_free = None;
    inputs.fiber_nodes[0].ports_free = Some(1);
    let found = plan(&inputs, &defaults(), &sites, None).unwrap();
    assert!(found.pon.is_empty());
    assert_eq!(light(&found, 0).splits, [32]);
}
