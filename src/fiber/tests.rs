use super::*;
use crate::geom::{geodesic_m, line_length_m};
use crate::index::SegmentIndex;
use crate::model::kinds::{Basis, Dig, FiberNodeKind, LayMethod, RoadClass};
use crate::model::records::{Duct, FiberNode, Origin, Road, Roads};
use crate::model::text::{Known, Text};
use crate::network::RoadGraph;
use crate::optimise::Effort;

/// A thousandth of a degree is one.
pub(super) fn p(x: f64, y: f64) -> LonLat {
    LonLat::wrapped(114.0 + x / 1000.0, 22.5 + y / 1000.0)
}

pub(super) fn m(line: &[(f64, f64)]) -> f64 {
    line_length_m(&line.iter().map(|&(x, y)| p(x, y)).collect::<Vec<_>>())
}

fn add_road(roads: &mut Roads, id: &str, line: &[LonLat]) {
    let first = roads.points.len() as u32;
    roads.points.extend(line);
    let id = roads.text.push(id);
    roads.list.push(Road {
        id,
        name: Text::NONE,
        class: RoadClass::Residential,
        bridge: false,
        tunnel: false,
        surface: Text::NONE,
        dig: None,
        no_dig_until: Text::NONE,
        cost_factor: Known::UNKNOWN,
        first,
        count: line.len() as u32,
        origin: Origin::default(),
    });
}

pub(super) fn streets(lines: &[&[(f64, f64)]]) -> Roads {
    let mut roads = Roads::default();
    for (i, line) in lines.iter().enumerate() {
        let line: Vec<LonLat> = line.iter().map(|&(x, y)| p(x, y)).collect();
        add_road(&mut roads, &format!("r{i}"), &line);
    }
    roads
}

pub(super) fn cabinet(id: &str, at: LonLat, fibers_free: u32) -> FiberNode {
    FiberNode {
        id: id.into(),
        kind: FiberNodeKind::Fdt,
        owner: "ct".into(),
        at,
        fibers_total: None,
        fibers_free: Some(fibers_free),
        can_tap: None,
        pon: None,
        ports_free: None,
        rack_free: None,
        power_free_kw: None,
        origin: Origin::default(),
    }
}

pub(super) fn terminal(id: &str, at: LonLat) -> Terminal {
    Terminal {
        id: id.into(),
        at,
        fibers: 2,
        shared: false,
        value: 1.0,
        must: false,
        protect: false,
        equipment_cny: None,
    }
}

pub(super) fn defaults() -> Settings {
    Settings::with(&toml::Table::new()).unwrap()
}

pub(super) fn plan(
    inputs: &Inputs,
    settings: &Settings,
    terminals: &[Terminal],
    budget_cny: Option<f64>,
) -> Result<RoutePlan, RouteError> {
    let factor = if inputs.roads.inferred { settings.network.infer_detour } else { 1.0 };
    let graph = RoadGraph::new(&inputs.roads, factor).unwrap();
    let snapper = Snapper::with_walls(&graph, &inputs.barriers, &settings.network.walls);
    let access = FiberAccess::new(inputs, &settings.fiber, &settings.plan.lock.shut, &snapper).unwrap();
    let found = plan_routes(&RouteRequest {
        inputs,
        settings,
        snapper: &snapper,
        ways: &Ways::new(inputs, settings, &snapper),
        access: &access,
        terminals,
        budget_cny,
        city_of: &|_| Some("4403".into()),
        work: Effort::NORMAL.into(),
    });
    if let Ok(plan) = &found {
        check(inputs, settings, terminals, plan);
    }
    found
}

/// What holds for every plan.
fn check(inputs: &Inputs, settings: &Settings, terminals: &[Terminal], plan: &RoutePlan) {
    let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-6 * a.abs().max(1.0), "{a} {b}");
    assert_eq!(plan.connections.len(), terminals.len());
    assert!(plan.tree_cny <= plan.one_by_one_cny + 1e-6 && plan.one_by_one_cny <= plan.unshared_cny + 1e-6);
    // Sums reconcile.
    let segments: f64 = plan.segments.iter().map(|s| s.capex_cny).sum();
    let lead_ins: f64 = plan.lead_in_cny.iter().sum();
    let pon: f64 = plan.pon.iter().map(|n| n.capex_cny).sum();
    close(segments + lead_ins + pon, plan.capex_cny);
    close(plan.connections.iter().map(|c| c.cost_cny).sum(), plan.capex_cny);
    close(plan.order.iter().map(|s| s.capex_cny).sum(), plan.capex_cny);
    let certificate = plan.certificate.as_ref().unwrap();
    if certificate.maximise {
        assert!(certificate.objective <= certificate.bound + 1e-6);
    } else {
        close(certificate.objective, plan.capex_cny);
        assert!(certificate.bound <= certificate.objective + 1e-6);
    }
    // Every planned connection leads over touching segments to the node that it names.
    let mut serves = vec![0; plan.segments.len()];
    for (c, t) in plan.connections.iter().zip(terminals) {
        if c.state != ConnectionState::Planned {
            assert!(c.route.is_empty() && c.cost_cny == 0.0 && c.phase == 0 && c.node.is_none());
            continue;
        }
        let second = c.protection.as_ref().filter(|p| p.met);
        let ways = [Some((&c.lead_in, &c.route, &c.node)), second.map(|p| (&p.lead_in, &p.route, &p.node))];
        for (lead_in, route, node) in ways.into_iter().flatten() {
            assert_eq!(lead_in.last(), Some(&t.at));
            let mut at = lead_in[0];
            for &s in route {
                serves[s as usize] += 1;
                let line = &plan.segments[s as usize].line;
                let (first, last) = (line[0], line[line.len() - 1]);
                let (near, far) =
                    if geodesic_m(at, first) < geodesic_m(at, last) { (first, last) } else { (last, first) };
                assert!(geodesic_m(at, near) < 0.05, "{} jumps {} m", c.id, geodesic_m(at, near));
                assert!(plan.segments[s as usize].phase <= c.phase);
                at = far;
            }
            let node = inputs.fiber_nodes.iter().find(|n| Some(&n.id) == node.as_ref()).unwrap();
            assert!(geodesic_m(at, node.at) < 0.05, "{} ends {} m short", c.id, geodesic_m(at, node.at));
        }
        c.ring.iter().for_each(|&s| serves[s as usize] += 1);
        assert_eq!(c.protection.is_some(), t.protect);
        assert!(c.protection.as_ref().is_none_or(|p| p.met != p.reason.is_some()));
        let mut distinct: Vec<u32> = c.segments().collect();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), c.segments().count(), "a way in circles, or two in one trench");
    }
    for (i, s) in plan.segments.iter().enumerate() {
        if plan.connections.iter().any(|c| !c.ring.is_empty()) {
            break;
        }
        let planned = || plan.connections.iter().filter(|c| c.state == ConnectionState::Planned);
        let cut = planned().filter(|c| c.route.contains(&(i as u32)) && !c.survives_a_cut()).count();
        assert_eq!(s.cut_lost as usize, cut);
    }
    for (s, n) in plan.segments.iter().zip(serves) {
        assert!(s.serves == n && n > 0, "{} serves {} but {n} use it", s.id, s.serves);
        assert!(s.cable_fibers >= (f64::from(s.fibers) * settings.fiber.spare_factor) as u32);
        let reused = s.hole_m > 0.0 || matches!(s.method, LayMethod::Aerial | LayMethod::Submarine);
        assert!(reused != (s.trench_m > 0.0), "{s:?}");
    }
    for l in &plan.loads {
        assert!(l.spare.fibers.is_none_or(|f| l.fibers <= f), "{l:?}");
        assert!(l.spare.sites.is_none_or(|n| l.terminals <= n), "{l:?}");
    }
}

fn states(plan: &RoutePlan) -> Vec<ConnectionState> {
    plan.connections.iter().map(|c| c.state).collect()
}

#[test]
fn trenches_are_shared() {
    let inputs = Inputs {
        roads: streets(&[
            &[(0.0, 0.0), (10.0, 1.0)],
            &[(0.0, 0.0), (10.0, -1.0)],
            &[(10.0, 1.0), (10.0, -1.0)],
        ]),
        fiber_nodes: vec![cabinet("fdt", p(0.0, 0.0), 48)],
        ..Inputs::default()
    };
    let settings = defaults();
    let f = &settings.fiber;
    let terminals = [terminal("a", p(10.1, 1.0)), terminal("b", p(10.1, -1.0))];
    let found = plan(&inputs, &settings, &terminals, None).unwrap();
    let (leg, between) = (m(&[(0.0, 0.0), (10.0, 1.0)]), m(&[(10.0, 1.0), (10.0, -1.0)]));
    let per_m = f.trench_cny_m + f.cable_cny_m;
    // Centimetres of snapping on the sphere are worth a few yuan.
    let close = |a: f64, b: f64| assert!((a - b).abs() < 5.0, "{a} {b}");
    close(found.tree_cny, (leg + between) * per_m);
    close(found.one_by_one_cny, 2.0 * leg * per_m);
    close(found.unshared_cny, 2.0 * leg * per_m);
    let lead_in = m(&[(10.0, 1.0), (10.1, 1.0)]) * f.lead_in_cny_m + f.terminal_cny;
    close(found.capex_cny, (leg + between) * per_m + 2.0 * lead_in);
    // Proven best.
    assert!(found.certificate.as_ref().unwrap().gap < 1e-9);
    // One carries the other's fibers; both pay half of what they share.
    let mut loads: Vec<(u32, u32, u32)> =
        found.segments.iter().map(|s| (s.fibers, s.cable_fibers, s.serves)).collect();
    loads.sort_unstable();
    assert_eq!(loads, [(2, 6, 1), (4, 6, 2)]);
    let costs: Vec<f64> = found.connections.iter().map(|c| c.cost_cny).collect();
    close(costs.iter().copied().fold(f64::INFINITY, f64::min), leg * per_m / 2.0 + lead_in);
    assert!(found.connections.iter().all(|c| c.node.as_deref() == Some("fdt")));
    close(found.opex_cny_yr, found.capex_cny * f.opex_share);
}

#[test]
fn bans_and_locks_close_roads() {
    let lines: &[&[(f64, f64)]] = &[&[(0.0, 0.0), (6.0, 0.0)], &[(0.0, 0.0), (3.0, 3.0), (6.0, 0.0)]];
    let mut inputs = Inputs {
        roads: streets(lines),
        fiber_nodes: vec![cabinet("fdt", p(0.0, 0.0), 8)],
        ..Inputs::default()
    };
    let terminals = [terminal("a", p(6.1, 0.0))];
    let mut settings = defaults();
    let roads_used = |inputs: &Inputs, settings: &Settings| {
        let found = plan(inputs, settings, &terminals, None).unwrap();
        let used: BTreeSet<String> = found.segments.iter().filter_map(|s| s.road_id.clone()).collect();
        (used.into_iter().collect::<Vec<_>>().join("+"), found.capex_cny)
    };
    let (used, free) = roads_used(&inputs, &settings);
    assert_eq!(used, "r0");
    inputs.roads.list[0].dig = Some(Dig::Permit);
    let (used, permit) = roads_used(&inputs, &settings);
    assert_eq!(used, "r0");
    assert!((permit - free - m(lines[0]) * settings.fiber.permit_cny_m).abs() < 0.5);
    let told = plan(&inputs, &settings, &terminals, None).unwrap();
    assert!(told.segments.iter().all(|s| s.permit) && told.notes.iter().any(|n| n.code == "N219"));
    inputs.roads.list[0].dig = Some(Dig::Closed);
    assert_eq!(roads_used(&inputs, &settings).0, "r1");
    inputs.roads.list[0].dig = None;
    for (until, used) in [("2029-05-01", "r1"), ("2026-12-31", "r0"), ("unclear", "r1")] {
        inputs.roads.list[0].no_dig_until = inputs.roads.text.push(until);
        assert_eq!(roads_used(&inputs, &settings).0, used, "{until}");
    }
    inputs.roads.list[0].no_dig_until = Text::NONE;
    settings.plan.lock.shut = vec!["r0".into()];
    assert_eq!(roads_used(&inputs, &settings).0, "r1");
    settings.plan.lock.shut = vec!["r0".into(), "r1".into()];
    assert_eq!(states(&plan(&inputs, &settings, &terminals, None).unwrap()), [ConnectionState::Closed]);
    settings.plan.lock.shut = vec!["a".into()];
    assert_eq!(states(&plan(&inputs, &settings, &terminals, None).unwrap()), [ConnectionState::Excluded]);
    settings.plan.lock.shut = vec!["fdt".into()];
    assert_eq!(states(&plan(&inputs, &settings, &terminals, None).unwrap()), [ConnectionState::NoFiber]);
}

#[test]
fn ducts_are_reused_even_on_a_longer_way() {
    let lines: &[&[(f64, f64)]] = &[&[(0.0, 0.0), (6.0, 0.0)], &[(0.0, 0.0), (3.0, 3.0), (6.0, 0.0)]];
    let duct = Duct {
        id: "d".into(),
        line: vec![p(0.05, 0.12), p(3.0, 3.1), p(5.95, 0.12)],
        owner: "tower".into(),
        holes_total: Some(6),
        holes_free: Some(1),
        shareable: None,
        rent_cny_km_yr: Some(2_000.0),
        srlg: None,
        status: None,
        origin: Origin::default(),
    };
    let mut inputs = Inputs {
        roads: streets(lines),
        fiber_nodes: vec![cabinet("fdt", p(0.0, 0.0), 8)],
        ducts: vec![duct],
        ..Inputs::default()
    };
    // Just where the duct ends.
    let terminals = [terminal("a", p(5.912, 0.088))];
    let mut settings = defaults();
    let found = plan(&inputs, &settings, &terminals, None).unwrap();
    let long = m(&[(0.0, 0.0), (3.0, 3.0), (5.912, 0.088)]);
    let s = &found.segments[0];
    assert_eq!(
        (found.segments.len(), s.trench_m, s.consent, s.owner.as_deref()),
        (1, 0.0, true, Some("tower"))
    );
    assert!((s.hole_m - long).abs() < 0.5);
    let f = &settings.fiber;
    assert!((s.capex_cny - long * (f.duct_reuse_cny_m + f.cable_cny_m)).abs() < 20.0);
    assert!((s.opex_cny_yr - s.capex_cny * f.opex_share - long / 1e3 * 2_000.0).abs() < 2.0);
    assert!(found.notes.iter().any(|n| n.code == "N203"));
    // One's own needs no consent.
    settings.fiber.own_owners = vec!["铁塔".into()];
    let found = plan(&inputs, &settings, &terminals, None).unwrap();
    assert!(!found.segments[0].consent && found.notes.iter().all(|n| n.code != "N203"));
    // Full, unknown, not to be shared, or planned only: not used.
    settings.fiber.own_owners.clear();
    type Change = fn(&mut Duct);
    let changes: [Change; 4] = [
        |d| d.holes_free = Some(0),
        |d| d.holes_free = None,
        |d| d.shareable = Some(false),
        |d| d.status = Some("规划".into()),
    ];
    let original = inputs.ducts[0].clone();
    for change in changes {
        inputs.ducts[0] = original.clone();
        change(&mut inputs.ducts[0]);
        let found = plan(&inputs, &settings, &terminals, None).unwrap();
        assert!(found.segments.iter().all(|s| s.hole_m == 0.0));
        assert!(found.segments.iter().any(|s| s.road_id.as_deref() == Some("r0")));
    }
    // A ban on digging doesn't close the duct.
    inputs.ducts[0] = original;
    inputs.roads.list.iter_mut().for_each(|r| r.dig = Some(Dig::Closed));
    let found = plan(&inputs, &settings, &terminals, None).unwrap();
    assert_eq!(found.segments[0].road_id.as_deref(), Some("r1"));
}

#[test]
fn a_duct_that_ends_halfway_is_continued_by_a_trench() {
    let duct = Duct {
        id: "d".into(),
        line: vec![p(0.0, 0.1), p(4.0, 0.1)],
        owner: "ct".into(),
        holes_total: None,
        holes_free: Some(2),
        shareable: None,
        rent_cny_km_yr: None,
        srlg: None,
        status: None,
        origin: Origin::default(),
    };
    let inputs = Inputs {
        roads: streets(&[&[(0.0, 0.0), (10.0, 0.0)]]),
        fiber_nodes: vec![cabinet("fdt", p(0.0, 0.0), 8)],
        ducts: vec![duct],
        ..Inputs::default()
    };
    let found = plan(&inputs, &defaults(), &[terminal("a", p(10.0, 0.0))], None).unwrap();
    assert_eq!(found.segments.len(), 2);
    let hole: f64 = found.segments.iter().map(|s| s.hole_m).sum();
    let trench: f64 = found.segments.iter().map(|s| s.trench_m).sum();
    assert!((hole - m(&[(0.0, 0.0), (4.0, 0.0)])).abs() < 10.0, "{hole}");
    assert!((hole + trench - m(&[(0.0, 0.0), (10.0, 0.0)])).abs() < 0.01);
}

#[test]
fn micro_trenches_only_in_sealed_streets() {
    let mut inputs = Inputs {
        roads: streets(&[&[(0.0, 0.0), (5.0, 0.0)]]),
        fiber_nodes: vec![cabinet("fdt", p(0.0, 0.0), 8)],
        ..Inputs::default()
    };
    let terminals = [terminal("a", p(5.0, 0.0))];
    let mut settings = defaults();
    let how = |inputs: &Inputs, settings: &Settings| {
        let found = plan(inputs, settings, &terminals, None).unwrap();
        let s = &found.segments[0];
        (s.method, (s.capex_cny / s.trench_m).round())
    };
    assert_eq!(how(&inputs, &settings), (LayMethod::Duct, 128.0));
    settings.fiber.micro_trench = true;
    assert_eq!(how(&inputs, &settings), (LayMethod::Micro, 38.0));
    for (surface, method) in
        [("asphalt", LayMethod::Micro), ("gravel", LayMethod::Duct), ("unpaved", LayMethod::Duct)]
    {
        inputs.roads.list[0].surface = inputs.roads.text.push(surface);
        assert_eq!(how(&inputs, &settings).0, method);
    }
    inputs.roads.list[0].surface = Text::NONE;
    inputs.barriers = vec![crate::model::records::Barrier {
        kind: "river".into(),
        line: vec![p(2.0, -1.0), p(2.0, 1.0)],
        origin: Origin::default(),
    }];
    assert_eq!(how(&inputs, &settings).0, LayMethod::Duct);
}

#[test]
fn surfaces_and_barriers_have_their_prices() {
    let lines: &[&[(f64, f64)]] = &[&[(0.0, 0.0), (6.0, 0.0)], &[(0.0, 0.0), (3.0, 9.0), (6.0, 0.0)]];
    let mut inputs = Inputs {
        roads: streets(lines),
        fiber_nodes: vec![cabinet("fdt", p(0.0, 0.0), 8)],
        ..Inputs::default()
    };
    let terminals = [terminal("a", p(6.1, 0.0))];
    let settings = defaults();
    let f = &settings.fiber;
    let found = |inputs: &Inputs| plan(inputs, &settings, &terminals, None).unwrap();
    let length = m(lines[0]);
    let bare = found(&inputs).segments[0].capex_cny;
    let close = |a: f64, b: f64| assert!((a - b).abs() < 1.0, "{a} {b}");
    close(bare, length * (f.trench_cny_m + f.cable_cny_m));
    let on = &f.surface_factor;
    for (surface, factor) in
        [("asphalt", on.sealed), ("石板路", on.stone), ("gravel", on.soft), ("rock", on.rock), ("?", 1.0)]
    {
        inputs.roads.list[0].surface = inputs.roads.text.push(surface);
        close(found(&inputs).segments[0].capex_cny, length * (f.trench_cny_m * factor + f.cable_cny_m));
    }
    // A track is soft in its class already.
    inputs.roads.list[0].class = RoadClass::Track;
    inputs.roads.list[0].surface = inputs.roads.text.push("ground");
    let track = length * (f.trench_cny_m * f.class_factor.track + f.cable_cny_m);
    close(found(&inputs).segments[0].capex_cny, track);
    inputs.roads.list[0].class = RoadClass::Residential;
    inputs.roads.list[0].surface = Text::NONE;
    for (kind, price) in
        [("river", f.crossing_cny), ("rail", f.rail_crossing_cny), ("铁路", f.rail_crossing_cny)]
    {
        inputs.barriers = vec![crate::model::records::Barrier {
            kind: kind.into(),
            line: vec![p(3.0, -1.0), p(3.0, 1.0)],
            origin: Origin::default(),
        }];
        let plan = found(&inputs);
        let s = plan.segments.iter().find(|s| s.passages.crossings == 1).unwrap();
        close(s.capex_cny, bare + price);
        let cased = kind != "river";
        assert_eq!((s.passages.railways, s.passages.crossing_cny), (u32::from(cased), price));
        assert_eq!(s.passages.crossing_method(), if cased { "cased" } else { "drilled" });
    }
    // Nothing crosses a wall, and nothing is led in across one.
    inputs.barriers[0].kind = "Wall".into();
    let around = found(&inputs);
    assert!(around.segments.iter().all(|s| s.road_id.as_deref() == Some("r1")), "{:?}", around.segments);
    inputs.barriers[0].line = vec![p(-1.0, 0.2), p(9.0, 0.2)];
    inputs.roads = streets(&[lines[0]]);
    let found = plan(&inputs, &settings, &[terminal("b", p(3.0, 0.5))], None).unwrap();
    assert_eq!(states(&found), [ConnectionState::NoRoad]);
}

#[test]
fn one_carriageway_is_dug_and_not_both() {
    // Two carriageways 21 m apart that meet at one end only; sites on both sides, a side street on the far one.
    let lines: [&[(f64, f64)]; 5] = [
        &[(0.0, 0.0), (30.0, 0.0)],
        &[(0.0, 0.0), (0.0, 0.2), (20.0, 0.2)],
        &[(20.0, 0.2), (30.0, 0.2)],
        &[(20.0, 0.2), (20.0, 5.0)],
        &[(-3.0, 0.0), (0.0, 0.0)],
    ];
    let mut inputs = Inputs {
        roads: streets(&lines),
        fiber_nodes: vec![cabinet("node", p(0.0, 0.0), 96)],
        ..Inputs::default()
    };
    let mut settings = defaults();
    let sites = [
        terminal("south", p(29.0, -0.3)),
        terminal("middle", p(15.0, -0.3)),
        terminal("north", p(10.0, 0.5)),
        terminal("side", p(20.1, 4.0)),
    ];
    let dug = |found: &RoutePlan| found.segments.iter().map(|s| s.trench_m).sum::<f64>();
    let found = plan(&inputs, &settings, &sites, None).unwrap();
    let width = m(&[(10.0, 0.0), (10.0, 0.2)]);
    let (along, side) = (m(&[(0.0, 0.0), (29.0, 0.0)]), m(&[(20.0, 0.2), (20.0, 4.0)]));
    assert!((dug(&found) - along - side - 2.0 * width).abs() < 1.0, "{}", dug(&found));
    let across = || found.segments.iter().filter(|s| s.road_id.is_none());
    assert_eq!(across().count(), 2);
    let price = settings.fiber.trench_cny_m + settings.fiber.cable_cny_m;
    // A street of some kilometres along a parallel bends a few centimetres towards the pole.
    assert!(across().all(|s| (s.trench_m - width).abs() < 0.1));
    assert!(across().all(|s| (s.capex_cny - s.trench_m * price).abs() < 1e-6));
    // Asked not to, both are dug; and nothing passes beneath where a barrier lies between, or on a bridge.
    settings.fiber.beside_m = 0.0;
    let both = dug(&plan(&inputs, &settings, &sites, None).unwrap());
    assert!(both > along + side + m(&[(0.0, 0.2), (20.0, 0.2)]), "{both}");
    settings.fiber.beside_m = 30.0;
    inputs.barriers = vec![crate::model::records::Barrier {
        kind: "canal".into(),
        line: vec![p(1.0, 0.1), p(40.0, 0.1)],
        origin: Origin::default(),
    }];
    assert!((dug(&plan(&inputs, &settings, &sites, None).unwrap()) - both).abs() < 1.0);
    inputs.barriers.clear();
    inputs.roads.list[0].bridge = true;
    assert!(plan(&inputs, &settings, &sites, None).unwrap().segments.iter().all(|s| s.road_id.is_some()));
}

#[test]
fn an_island_is_reached_under_water() {
    // A quay, a ferry that forks out on the water, and two islands with streets.
    let lines: [&[(f64, f64)]; 6] = [
        &[(0.0, 0.0), (5.0, 0.0)],
        &[(5.0, 0.0), (10.0, 0.0)],
        &[(10.0, 0.0), (15.0, 5.0)],
        &[(10.0, 0.0), (15.0, -5.0)],
        &[(15.0, 5.0), (15.0, 8.0)],
        &[(15.0, -5.0), (15.0, -8.0)],
    ];
    let mut inputs = Inputs {
        roads: streets(&lines),
        fiber_nodes: vec![cabinet("node", p(0.0, 0.0), 96)],
        barriers: vec![crate::model::records::Barrier {
            kind: "river".into(),
            line: vec![p(7.0, -9.0), p(7.0, 9.0)],
            origin: Origin::default(),
        }],
        ..Inputs::default()
    };
    for r in &mut inputs.roads.list[1..4] {
        r.class = RoadClass::Ferry;
    }
    let settings = defaults();
    let f = &settings.fiber;
    let places = [(15.1, 6.0), (15.1, 7.0), (15.1, 7.9), (15.1, -6.0), (15.1, -7.0), (15.1, -7.9)];
    let shared = |i: usize, (x, y)| Terminal { shared: true, ..terminal(&format!("s{i}"), p(x, y)) };
    let sites: Vec<Terminal> = (0..).zip(places).map(|(i, at)| shared(i, at)).collect();
    let found = plan(&inputs, &settings, &sites, None).unwrap();
    assert!(states(&found).iter().all(|&s| s == ConnectionState::Planned));
    let (water, land): (Vec<_>, Vec<_>) =
        found.segments.iter().partition(|s| s.method == LayMethod::Submarine);
    assert_eq!((water.len(), water.iter().map(|s| s.passages.landings).sum::<u32>()), (3, 3));
    for s in &water {
        assert_eq!((s.trench_m, s.hole_m, s.passages.crossings), (0.0, 0.0, 0));
        let ashore = f64::from(s.passages.landings) * f.landing_cny;
        let want = s.length_m * (f.submarine_cny_m + f.cable_cny_m) + ashore;
        assert!((s.capex_cny - want).abs() < 1.0, "{} {want}", s.capex_cny);
    }
    assert!(land.iter().all(|s| s.trench_m > 0.0 && s.passages == Default::default()));
    // Nothing stands where the cable forks.
    assert!(!found.pon.is_empty() && found.pon.iter().all(|n| geodesic_m(n.at, p(10.0, 0.0)) > 100.0));
    // A site is led in from the shore, and a ban holds on the water too.
    let off = plan(&inputs, &settings, &[terminal("wreck", p(6.5, 0.5))], None).unwrap();
    assert_eq!(off.connections[0].lead_in.first(), Some(&p(5.0, 0.0)));
    inputs.roads.list[1].dig = Some(Dig::Closed);
    assert_eq!(states(&plan(&inputs, &settings, &sites[..1], None).unwrap()), [ConnectionState::Closed]);
}

#[test]
fn every_stretch_knows_the_way_around_it() {
    // A square with the node at one corner, a site opposite, and a spur beyond it.
    let inputs = Inputs {
        roads: streets(&[
            &[(0.0, 0.0), (10.0, 0.0), (10.0, 10.0)],
            &[(0.0, 0.0), (0.0, 11.0), (10.0, 10.0)],
            &[(10.0, 10.0), (20.0, 10.0)],
        ]),
        fiber_nodes: vec![cabinet("fdt", p(0.0, 0.0), 8)],
        ..Inputs::default()
    };
    let settings = defaults();
    let per_m = settings.fiber.trench_cny_m + settings.fiber.cable_cny_m;
    let terminals = [terminal("corner", p(10.05, 9.95)), terminal("end", p(20.0, 10.0))];
    let found = plan(&inputs, &settings, &terminals, None).unwrap();
    let of = |road: &str| found.segments.iter().find(|s| s.road_id.as_deref() == Some(road)).unwrap();
    let around = m(&[(0.0, 0.0), (0.0, 11.0), (10.0, 10.0)]) * per_m;
    let main = of("r0");
    assert!((main.around_cny.unwrap() - around).abs() < 3_000.0, "{:?} {around}", main.around_cny);
    assert_eq!(main.around_road.as_deref(), Some("r1"));
    assert_eq!(of("r2").around_cny, None);
    let alone = found.connections[1].alone_cny;
    let way = m(&[(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (20.0, 10.0)]) * per_m;
    assert!((alone - way - settings.fiber.terminal_cny).abs() < 100.0, "{alone} {way}");
}

#[test]
fn a_node_gives_no_more_than_it_has() {
    let mut inputs = Inputs {
        roads: streets(&[&[(-20.0, 0.0), (0.0, 0.0), (5.0, 0.0), (6.0, 0.0)]]),
        fiber_nodes: vec![cabinet("near", p(0.0, 0.0), 3), cabinet("far", p(-20.0, 0.0), 48)],
        ..Inputs::default()
    };
    let terminals = [terminal("a", p(5.0, 0.1)), terminal("b", p(6.0, 0.1))];
    let found = plan(&inputs, &defaults(), &terminals, None).unwrap();
    let nodes: Vec<_> = found.connections.iter().map(|c| c.node.as_deref()).collect();
    assert!(nodes.contains(&Some("near")) && nodes.contains(&Some("far")), "{nodes:?}");
    // Still one trench on the common stretch.
    let trench: f64 = found.segments.iter().map(|s| s.trench_m).sum();
    assert!((trench - m(&[(-20.0, 0.0), (6.0, 0.0)])).abs() < 0.1);
    assert!(found.certificate.as_ref().unwrap().gap > 0.1);
    inputs.fiber_nodes.pop();
    let found = plan(&inputs, &defaults(), &terminals, None).unwrap();
    let mut got = states(&found);
    got.sort();
    assert_eq!(got, [ConnectionState::Planned, ConnectionState::NoSpare]);
    assert!(found.notes.iter().any(|n| n.code == "N205"));
    assert!(found.certificate.as_ref().unwrap().gap < 1e-9);
}

#[test]
fn a_budget_joins_the_most_value_and_says_what_could_be_had() {
    let inputs = Inputs {
        roads: streets(&[&[(-8.0, 0.0), (0.0, 0.0), (4.0, 0.0), (12.0, 0.0)]]),
        fiber_nodes: vec![cabinet("fdt", p(0.0, 0.0), 48)],
        ..Inputs::default()
    };
    let settings = defaults();
    let mut terminals =
        [terminal("west", p(-8.0, 0.1)), terminal("mid", p(4.0, 0.1)), terminal("east", p(12.0, 0.1))];
    terminals[0].value = 1.0;
    terminals[1].value = 2.0;
    terminals[2].value = 2.0;
    let full = plan(&inputs, &settings, &terminals, None).unwrap();
    let first = full.order[0];
    assert_eq!(first.connection, 1);
    let one = plan(&inputs, &settings, &terminals, Some(first.capex_cny + 1.0)).unwrap();
    assert_eq!(states(&one), [ConnectionState::Budget, ConnectionState::Planned, ConnectionState::Budget]);
    assert!(one.capex_cny <= first.capex_cny + 1.0);
    assert!(one.certificate.as_ref().unwrap().maximise);
    // What is locked is joined first, or refused with its cost.
    terminals[0].must = true;
    let locked = plan(&inputs, &settings, &terminals, Some(full.capex_cny * 0.5)).unwrap();
    assert_eq!(locked.connections[0].state, ConnectionState::Planned);
    assert!(matches!(
        plan(&inputs, &settings, &terminals, Some(1_000.0)),
        Err(RouteError::LockedBeyondBudget { .. })
    ));
}

#[test]
fn reasons_for_not_being_joined() {
    let mut inputs = Inputs {
        roads: streets(&[&[(0.0, 0.0), (5.0, 0.0)], &[(0.0, 30.0), (5.0, 30.0)]]),
        fiber_nodes: vec![cabinet("fdt", p(0.0, 0.0), 48)],
        ..Inputs::default()
    };
    let settings = defaults();
    let terminals = [
        terminal("beside", p(0.0, -0.001)),
        terminal("island", p(5.0, 30.0)),
        terminal("wild", p(60.0, 60.0)),
    ];
    let found = plan(&inputs, &settings, &terminals, None).unwrap();
    use ConnectionState as S;
    assert_eq!(states(&found), [S::Planned, S::NoFiber, S::NoRoad]);
    assert!(found.segments.is_empty());
    inputs.fiber_nodes[0].kind = FiberNodeKind::City;
    let found = plan(&inputs, &settings, &terminals, None).unwrap();
    assert_eq!(states(&found), [S::NoFiber, S::NoFiber, S::NoRoad]);
    // A road to fiber that may not be dug up is another reason than none.
    inputs.fiber_nodes[0].kind = FiberNodeKind::Fdt;
    inputs.roads = streets(&[&[(0.0, 0.0), (5.0, 0.0)], &[(5.0, 0.0), (5.0, 30.0)]]);
    inputs.roads.list[0].dig = Some(Dig::Closed);
    let shut = plan(&inputs, &settings, &terminals[1..], None).unwrap();
    assert_eq!(states(&shut), [S::Closed, S::NoRoad]);
    let none = plan(&Inputs::default(), &settings, &terminals, None).unwrap();
    assert_eq!(states(&none), [S::NoRoad; 3]);
    assert_eq!(plan(&Inputs::default(), &settings, &[], None).unwrap().capex_cny, 0.0);
}

#[test]
fn an_inferred_right_of_way_is_longer_than_drawn_and_marked() {
    let places = [p(0.0, 0.0), p(100.0, 0.0), p(50.0, 80.0)];
    let inputs = Inputs {
        roads: crate::network::infer_roads(places),
        fiber_nodes: vec![cabinet("co", places[0], 48)],
        ..Inputs::default()
    };
    let settings = defaults();
    let found = plan(&inputs, &settings, &[terminal("a", places[1])], None).unwrap();
    let s = &found.segments[0];
    assert_eq!(s.basis, Basis::Inferred);
    assert!((s.trench_m / s.length_m - settings.network.infer_detour).abs() < 1e-9);
    assert!(found.notes.iter().any(|n| n.code == "N206"));
}

/// Streets of Nanshan and Futian (OpenStreetMap), from GeoJSON.
fn shenzhen() -> Option<Roads> {
    let shared = std::env::var("COVPLAN_SHARED").unwrap_or_else(|_| "../shared".into());
    let path = std::path::Path::new(&shared).join("data/roads_shenzhen_osm/highways.geojson");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: {} not found", path.display());
        return None;
    };
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut roads = Roads::default();
    for f in json["features"].as_array().unwrap() {
        let line: Vec<LonLat> = f["geometry"]["coordinates"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| LonLat::new(c[0].as_f64().unwrap(), c[1].as_f64().unwrap()).unwrap())
            .collect();
        add_road(&mut roads, f["properties"]["osm_id"].as_str().unwrap(), &line);
        if let Some(road) = roads.list.last_mut() {
            let class = f["properties"]["highway"].as_str().and_then(RoadClass::parse);
            road.class = class.unwrap_or(RoadClass::Unclassified);
            let tags = f["properties"]["other_tags"].as_str().unwrap_or("");
            road.bridge = tags.contains("\"bridge\"=>\"yes\"");
            road.tunnel = tags.contains("\"tunnel\"=>\"yes\"");
        }
    }
    Some(roads)
}

#[test]
fn routes_stay_on_the_streets_of_shenzhen() {
    let Some(roads) = shenzhen() else { return };
    let mut seed = 5u64;
    let mut draw = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 11) as f64 / (1u64 << 53) as f64
    };
    let mut somewhere = || {
        let v = roads.points[(draw() * roads.points.len() as f64) as usize];
        LonLat::wrapped(v.lon_deg() + 0.002 * (draw() - 0.5), v.lat_deg() + 0.002 * (draw() - 0.5))
    };
    let nodes = (0..6).map(|i| cabinet(&format!("fdt{i}"), somewhere(), 40)).collect();
    let terminals: Vec<Terminal> = (0..80).map(|i| terminal(&format!("s{i}"), somewhere())).collect();
    let inputs = Inputs { roads, fiber_nodes: nodes, ..Inputs::default() };
    let settings = defaults();
    let found = plan(&inputs, &settings, &terminals, None).unwrap();
    let planned = found.connections.iter().filter(|c| c.state == ConnectionState::Planned).count();
    assert!(planned >= 72, "{planned}");
    eprintln!(
        "{planned} joined; tree {:.0}, one by one {:.0}, unshared {:.0}; gap {:.4}",
        found.tree_cny,
        found.one_by_one_cny,
        found.unshared_cny,
        found.certificate.as_ref().unwrap().gap
    );
    // No vertex of a route leaves its road.
    let id = |r: &Road| inputs.roads.text.get(r.id).to_owned();
    let by_id: BTreeMap<String, &Road> = inputs.roads.list.iter().map(|r| (id(r), r)).collect();
    for s in found.segments.iter().filter(|s| s.road_id.is_some()) {
        let road = by_id[s.road_id.as_ref().unwrap()];
        let index = SegmentIndex::new([(0, inputs.roads.line(road))]);
        for &v in &s.line {
            assert!(index.nearest(v, 0.5).is_some(), "{} leaves {:?} at {v:?}", s.id, s.road_id);
        }
    }
    let half = plan(&inputs, &settings, &terminals, Some(found.capex_cny / 2.0)).unwrap();
    assert!(half.capex_cny <= found.capex_cny / 2.0);
    let certificate = half.certificate.as_ref().unwrap();
    eprintln!("half the money: {} of {planned}, at most {:.1}", certificate.objective, certificate.bound);
    assert!(certificate.objective > planned as f64 / 2.0);
}
