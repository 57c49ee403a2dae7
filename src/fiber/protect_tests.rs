//! Two routes: what they may not share, what they cost, and why some have one only.

use super::tests::{cabinet, defaults, m, p, plan, streets, terminal};
use super::*;
use crate::model::kinds::{FiberNodeKind, LayMethod};
use crate::model::records::{Duct, FiberNode, FiberSegment, Origin, Site as Factory};
use crate::model::settings::Disjoint;

fn office(id: &str, at: LonLat) -> FiberNode {
    FiberNode { kind: FiberNodeKind::Co, ..cabinet(id, at, 96) }
}

fn safe(id: &str, at: LonLat) -> Terminal {
    Terminal { protect: true, ..terminal(id, at) }
}

fn cable(id: &str, from: (&str, LonLat), to: (&str, LonLat), duct: Option<&str>) -> FiberSegment {
    FiberSegment {
        id: id.into(),
        line: vec![from.1, to.1],
        line_made: false,
        from_node: Some(from.0.into()),
        to_node: Some(to.0.into()),
        owner: "ct".into(),
        level: None,
        method: None,
        fibers_total: None,
        fibers_free: None,
        length_m: None,
        duct_id: duct.map(str::to_owned),
        srlg: None,
        status: None,
        origin: Origin::default(),
    }
}

fn second(found: &RoutePlan, i: usize) -> &Protection {
    found.connections[i].protection.as_ref().unwrap()
}

fn reason(found: &RoutePlan, i: usize) -> &str {
    &second(found, i).reason.as_ref().unwrap().0
}

/// A block of streets with an office at one corner and a plant opposite.
fn block() -> Inputs {
    Inputs {
        roads: streets(&[&[(0.0, 0.0), (10.0, 0.0), (10.0, 10.0)], &[(0.0, 0.0), (0.0, 10.0), (10.0, 10.0)]]),
        fiber_nodes: vec![office("co", p(0.0, 0.0))],
        ..Inputs::default()
    }
}

#[test]
fn a_ring_round_the_block() {
    let inputs = block();
    let settings = defaults();
    let f = &settings.fiber;
    let found = plan(&inputs, &settings, &[safe("a", p(10.0, 5.0))], None).unwrap();
    let s = second(&found, 0);
    assert!(s.met && s.own_entry && s.node.as_deref() == Some("co"));
    // All around, but for the 20 m between the two entries and beside the office.
    let around = m(&[(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0), (0.0, 0.0)]);
    let trench: f64 = found.segments.iter().map(|s| s.trench_m).sum();
    assert!((trench - (around - 20.0)).abs() < 21.0, "{trench} {around}");
    let c = &found.connections[0];
    assert!(c.route_m.unwrap() < s.route_m.unwrap() && s.route_m.unwrap() > around / 2.0);
    // Fibers of its own both ways.
    assert!(found.segments.iter().all(|s| s.fibers == 2 && s.serves == 1 && s.cut_lost == 0));
    assert_eq!(found.loads[0].fibers, 4);
    let light = s.optical.as_ref().unwrap();
    assert!((light.optical_m - (s.route_m.unwrap() * f.optical_factor + f.slack_m)).abs() < 1e-6);
    // A tree would have cost half, and what is proven includes the ring.
    let one = plan(&inputs, &settings, &[terminal("a", p(10.0, 5.0))], None).unwrap();
    let extra = found.capex_cny - one.capex_cny;
    assert!((found.protection_cny - extra).abs() < 2_000.0, "{} {extra}", found.protection_cny);
    let gap = found.certificate.as_ref().unwrap().gap;
    assert!(gap < 0.03, "{gap}");
}

#[test]
fn neighbours_with_one_route_share_the_ring() {
    let inputs = block();
    let terminals = [safe("a", p(10.0, 5.0)), terminal("b", p(10.0, 2.0)), terminal("c", p(5.0, 10.0))];
    let found = plan(&inputs, &defaults(), &terminals, None).unwrap();
    let alone = plan(&inputs, &defaults(), &terminals[..1], None).unwrap();
    let km = |f: &RoutePlan| f.segments.iter().map(|s| s.trench_m).sum::<f64>();
    // No further trench, but for the stretch between a's entries.
    assert!(km(&found) - km(&alone) < 25.0, "{} {}", km(&found), km(&alone));
    assert!(found.segments.iter().any(|s| s.cut_lost == 1 && s.serves == 2));
    assert!(found.certificate.as_ref().unwrap().gap < 0.05);
}

#[test]
fn a_spur_has_no_second_route_and_says_so() {
    let mut inputs = block();
    inputs.roads = streets(&[&[(0.0, 0.0), (10.0, 0.0)], &[(0.0, 0.0), (0.0, 5.0)]]);
    let found = plan(&inputs, &defaults(), &[safe("a", p(10.0, 0.1))], None).unwrap();
    assert_eq!(found.connections[0].state, ConnectionState::Planned);
    assert!(
        !second(&found, 0).met && reason(&found, 0).contains("every route takes road r0"),
        "{}",
        reason(&found, 0)
    );
    assert!(found.segments.iter().all(|s| s.cut_lost == 1));
}

#[test]
fn two_cables_in_one_duct_fail_together() {
    // Both sides of the block run in ducts of one shared-risk group near the office.
    let mut inputs = block();
    let duct = |id: &str, line: Vec<LonLat>, srlg: Option<&str>| Duct {
        id: id.into(),
        line,
        owner: "ct".into(),
        holes_total: None,
        holes_free: Some(4),
        shareable: None,
        rent_cny_km_yr: None,
        srlg: srlg.map(str::to_owned),
        status: None,
        origin: Origin::default(),
    };
    let (east, north) = (vec![p(0.0, 0.0), p(6.0, 0.0)], vec![p(0.0, 0.0), p(0.0, 6.0)]);
    inputs.ducts = vec![duct("e", east.clone(), None), duct("n", north.clone(), None)];
    let terminals = [safe("a", p(10.0, 9.0))];
    assert!(second(&plan(&inputs, &defaults(), &terminals, None).unwrap(), 0).met);
    inputs.ducts = vec![duct("e", east, Some("bank")), duct("n", north, Some("bank"))];
    let found = plan(&inputs, &defaults(), &terminals, None).unwrap();
    assert!(!second(&found, 0).met && reason(&found, 0).contains("bank"), "{}", reason(&found, 0));
}

#[test]
fn carriageways_of_one_bridge_fail_together() {
    // Two roads cross a river 15 m apart, and a third far away.
    let near: &[&[(f64, f64)]] = &[
        &[(0.0, 0.0), (0.0, 4.0)],
        &[(0.0, 4.0), (0.0, 6.0)],
        &[(0.0, 6.0), (0.0, 10.0)],
        &[(0.0, 0.0), (0.15, 0.0), (0.15, 4.0)],
        &[(0.15, 4.0), (0.15, 6.0)],
        &[(0.15, 6.0), (0.15, 10.0), (0.0, 10.0)],
    ];
    let mut inputs = block();
    inputs.roads = streets(near);
    let terminals = [safe("a", p(0.07, 10.0))];
    let apart = plan(&inputs, &defaults(), &terminals, None).unwrap();
    assert!(second(&apart, 0).met);
    for i in [1, 4] {
        inputs.roads.list[i].bridge = true;
    }
    let found = plan(&inputs, &defaults(), &terminals, None).unwrap();
    assert!(!second(&found, 0).met && reason(&found, 0).contains("bridge"), "{}", reason(&found, 0));
    let mut with_ford = near.to_vec();
    with_ford.push(&[(0.0, 0.0), (20.0, 0.0), (20.0, 10.0), (0.15, 10.0)]);
    inputs.roads = streets(&with_ford);
    for i in [1, 4] {
        inputs.roads.list[i].bridge = true;
    }
    let found = plan(&inputs, &defaults(), &terminals, None).unwrap();
    assert!(second(&found, 0).met);
    assert!(found.segments.iter().any(|s| s.road_id.as_deref() == Some("r6")));
}

#[test]
fn what_lies_behind_a_cabinet_counts() {
    // Two cabinets on the way, both fed from one office.
    let (a, b, co) = (p(0.0, 0.0), p(20.0, 0.0), p(10.0, 50.0));
    let mut inputs = Inputs {
        roads: streets(&[&[(0.0, 0.0), (20.0, 0.0)]]),
        fiber_nodes: vec![cabinet("A", a, 24), cabinet("B", b, 24), office("CO", co)],
        ..Inputs::default()
    };
    inputs.fiber_nodes[2].can_tap = Some(false);
    let terminals = [safe("s", p(8.0, 0.1))];
    inputs.fiber_segments =
        vec![cable("1", ("A", a), ("CO", co), None), cable("2", ("B", b), ("CO", co), None)];
    let found = plan(&inputs, &defaults(), &terminals, None).unwrap();
    let s = second(&found, 0);
    assert!(s.met);
    assert_eq!((found.connections[0].node.as_deref(), s.node.as_deref()), (Some("A"), Some("B")));
    assert_eq!(s.cables, [["1"], ["2"]]);
    let light = s.optical.as_ref().unwrap();
    assert!((light.upstream_m - geodesic_m(b, co)).abs() < 1e-6);
    // In one duct they are one.
    inputs.fiber_segments =
        vec![cable("1", ("A", a), ("CO", co), Some("D")), cable("2", ("B", b), ("CO", co), Some("D"))];
    let found = plan(&inputs, &defaults(), &terminals, None).unwrap();
    assert!(!second(&found, 0).met && reason(&found, 0).contains('D'), "{}", reason(&found, 0));
    // A cabinet that hangs on the other shares its cable.
    inputs.fiber_segments =
        vec![cable("1", ("A", a), ("CO", co), None), cable("2", ("B", b), ("A", a), None)];
    let found = plan(&inputs, &defaults(), &terminals, None).unwrap();
    assert!(!second(&found, 0).met, "{:?}", second(&found, 0));
    // A ring through both leaves a way on either side of each.
    inputs.fiber_segments.push(cable("3", ("B", b), ("CO", co), None));
    assert!(second(&plan(&inputs, &defaults(), &terminals, None).unwrap(), 0).met);
    // Offices that may not be shared either: there is only one.
    let mut settings = defaults();
    settings.fiber.protect.disjoint = Disjoint::Office;
    assert!(!second(&plan(&inputs, &settings, &terminals, None).unwrap(), 0).met);
    inputs.fiber_segments[0] = cable("1", ("A", a), ("CO2", p(-5.0, 0.0)), None);
    inputs.fiber_nodes.push(FiberNode { can_tap: Some(false), ..office("CO2", p(-5.0, 0.0)) });
    inputs.fiber_segments.remove(1);
    assert!(second(&plan(&inputs, &settings, &terminals, None).unwrap(), 0).met);
}

#[test]
fn junctions_are_shared_only_where_that_is_allowed() {
    // An eight: both rings meet at one junction.
    let mut inputs = Inputs {
        roads: streets(&[
            &[(0.0, 0.0), (5.0, 1.0), (10.0, 0.0)],
            &[(0.0, 0.0), (5.0, -1.0), (10.0, 0.0)],
            &[(10.0, 0.0), (15.0, 1.0), (20.0, 0.0)],
            &[(10.0, 0.0), (15.0, -1.0), (20.0, 0.0)],
        ]),
        fiber_nodes: vec![office("co", p(0.0, 0.0))],
        ..Inputs::default()
    };
    let terminals = [safe("a", p(20.1, 0.0))];
    let mut settings = defaults();
    assert!(second(&plan(&inputs, &settings, &terminals, None).unwrap(), 0).met);
    settings.fiber.protect.disjoint = Disjoint::Node;
    let found = plan(&inputs, &settings, &terminals, None).unwrap();
    assert!(!second(&found, 0).met && reason(&found, 0).contains("junction"), "{}", reason(&found, 0));
    inputs.roads =
        streets(&[&[(0.0, 0.0), (10.0, 1.0), (20.0, 0.0)], &[(0.0, 0.0), (10.0, -1.0), (20.0, 0.0)]]);
    assert!(second(&plan(&inputs, &settings, &terminals, None).unwrap(), 0).met);
}

#[test]
fn a_node_gives_both_routes_no_more_than_it_has() {
    let mut inputs = block();
    inputs.fiber_nodes[0].fibers_free = Some(3);
    let found = plan(&inputs, &defaults(), &[safe("a", p(10.0, 5.0))], None).unwrap();
    assert_eq!(found.connections[0].state, ConnectionState::Planned);
    assert!(!second(&found, 0).met && reason(&found, 0).contains("spare"), "{}", reason(&found, 0));
    // Another office on the way has some.
    inputs.fiber_nodes.push(office("co2", p(0.0, 6.0)));
    let found = plan(&inputs, &defaults(), &[safe("a", p(10.0, 5.0))], None).unwrap();
    assert!(second(&found, 0).met);
}

#[test]
fn budgets_count_second_routes() {
    let inputs = block();
    let terminals = [safe("a", p(10.0, 5.0)), terminal("b", p(5.0, 0.1))];
    let full = plan(&inputs, &defaults(), &terminals, None).unwrap();
    for share in [0.2, 0.5, 0.8, 0.99] {
        let budget = full.capex_cny * share;
        let found = plan(&inputs, &defaults(), &terminals, Some(budget)).unwrap();
        assert!(found.capex_cny <= budget);
        assert!(found.certificate.as_ref().unwrap().maximise);
    }
}

#[test]
fn the_rule_asks_column_class_size_and_id() {
    let mut settings = defaults().fiber.protect;
    let mut site = Factory::at(Default::default(), Default::default(), p(0.0, 0.0));
    assert!(!wants_two_routes(&site, "x", &settings));
    settings.ids = vec!["x".into()];
    assert!(wants_two_routes(&site, "x", &settings) && !wants_two_routes(&site, "y", &settings));
    settings.services = vec![crate::model::kinds::ServiceClass::Motion];
    site.service = Some(crate::model::kinds::ServiceClass::Motion);
    assert!(wants_two_routes(&site, "y", &settings));
    site.protect = Some(false);
    assert!(!wants_two_routes(&site, "x", &settings));
}

#[test]
fn poles_of_a_cable_fail_with_it() {
    // The cable from the cabinet to the office hangs on the poles that the other route would use.
    let (a, co) = (p(10.0, 0.0), p(0.0, 10.0));
    let mut poles = cable("P", ("A", a), ("CO", co), None);
    poles.line = vec![p(10.0, 0.0), p(10.0, 10.0), p(0.0, 10.0)];
    poles.method = Some(LayMethod::Aerial);
    let mut inputs = Inputs {
        roads: streets(&[&[(10.0, -6.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)]]),
        fiber_nodes: vec![cabinet("A", a, 24), office("CO", co)],
        fiber_segments: vec![poles],
        ..Inputs::default()
    };
    let terminals = [safe("s", p(9.9, 2.0))];
    let found = plan(&inputs, &defaults(), &terminals, None).unwrap();
    assert!(!second(&found, 0).met, "{:?}", second(&found, 0));
    inputs.fiber_segments[0].method = Some(LayMethod::Buried);
    assert!(second(&plan(&inputs, &defaults(), &terminals, None).unwrap(), 0).met);
}
