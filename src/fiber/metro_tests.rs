//! Feeder rings: areas, the rings themselves, and the comparison.

use super::tests::{cabinet, defaults, p, plan, streets, terminal};
use super::*;
use crate::model::kinds::FiberNodeKind;
use crate::model::records::FiberNode;

/// Streets of a town as a grid of 1 km, the office at one corner, factories in its far half.
fn town() -> (Inputs, Vec<Terminal>) {
    let mut lines: Vec<Vec<(f64, f64)>> = Vec::new();
    for i in 0..6 {
        let at = f64::from(i) * 10.0;
        lines.push((0..6).map(|k| (f64::from(k) * 10.0, at)).collect());
        lines.push((0..6).map(|k| (at, f64::from(k) * 10.0)).collect());
    }
    let lines: Vec<&[(f64, f64)]> = lines.iter().map(Vec::as_slice).collect();
    let inputs = Inputs {
        roads: streets(&lines),
        fiber_nodes: vec![FiberNode { kind: FiberNodeKind::Co, ..cabinet("co", p(0.0, 0.0), 288) }],
        ..Inputs::default()
    };
    let sites = (0..40)
        .map(|i| {
            let (x, y) = (30.0 + f64::from(i % 8) * 2.6, 30.1 + f64::from(i / 8) * 4.7);
            Terminal { shared: i % 2 == 0, ..terminal(&format!("s{i:02}"), p(x, y)) }
        })
        .collect();
    (inputs, sites)
}

#[test]
fn cabinets_stand_on_rings_and_both_structures_are_compared() {
    let (inputs, sites) = town();
    let mut settings = defaults();
    settings.fiber.structure = "metro".into();
    let found = plan(&inputs, &settings, &sites, None).unwrap();
    let [tree, metro] = &found.structures[..] else { panic!("{:?}", found.structures) };
    assert!((tree.name, metro.name) == ("tree", "metro") && metro.chosen && !tree.chosen);
    assert_eq!((tree.joined, metro.joined), (40, 40));
    assert!(metro.cabinets >= 2 && tree.cabinets == 0, "{metro:?}");
    assert_eq!(tree.two_ways, 0);
    assert!(metro.two_ways > 30, "{metro:?}");
    assert!(metro.mean_cut < tree.mean_cut && metro.capex_cny > tree.capex_cny, "{metro:?} {tree:?}");
    close(metro.capex_cny, found.capex_cny);
    close(metro.trench_m, found.segments.iter().map(|s| s.trench_m).sum());
    // Distribution lies in the ring's trenches where it runs along them; nobody's consent is asked.
    assert!(metro.hole_m > 0.0 && found.segments.iter().all(|s| s.reuses.is_none() && !s.consent));
    // Other ways are told of as in a tree, and what each site costs alone is no matter of the structure.
    assert!(found.segments.iter().any(|s| s.around_cny.is_some()));
    settings.fiber.structure = "tree".into();
    let alone = plan(&inputs, &settings, &sites, None).unwrap();
    for (a, b) in found.connections.iter().zip(&alone.connections) {
        close(a.alone_cny, b.alone_cny);
    }
    // Whatever one stretch of a ring is cut, its cabinets keep the other side.
    for c in found.connections.iter().filter(|c| !c.ring.is_empty()) {
        assert!(c.cabinet.is_some() && c.ring.iter().all(|s| !c.route.contains(s)));
    }
    // No cabinet has more sites, or farther ones, than the settings allow.
    let mut on: BTreeMap<&str, usize> = BTreeMap::new();
    for c in found.connections.iter().filter_map(|c| c.cabinet.as_deref()) {
        *on.entry(c).or_default() += 1;
    }
    let cabinets = found.pon.iter().filter(|n| n.kind == PonKind::Cabinet);
    for n in cabinets {
        assert_eq!(on.get(n.id.as_str()).copied().unwrap_or(0), n.serves as usize);
    }
    // The free tree again, with the comparison beside it.
    settings.fiber.structure = "cheaper".into();
    let cheap = plan(&inputs, &settings, &sites, None).unwrap();
    assert!(cheap.structures[0].chosen);
    settings.fiber.structure = "tree".into();
    let free = plan(&inputs, &settings, &sites, None).unwrap();
    assert!(free.structures.is_empty());
    close(free.capex_cny, cheap.capex_cny);
    close(free.capex_cny, tree.capex_cny);
}

#[test]
fn within_a_budget_rings_reach_for_those_worth_most() {
    let (inputs, mut sites) = town();
    let mut settings = defaults();
    settings.fiber.structure = "metro".into();
    let whole = plan(&inputs, &settings, &sites, None).unwrap();
    sites[39].must = true;
    let budget = whole.capex_cny * 0.7;
    let found = plan(&inputs, &settings, &sites, Some(budget)).unwrap();
    let metro = &found.structures[1];
    assert!(metro.chosen && metro.cabinets > 0 && metro.two_ways > 0, "{metro:?}");
    assert!(metro.joined > 10 && metro.joined < 40 && found.capex_cny <= budget, "{metro:?}");
    assert_eq!(found.connections[39].state, ConnectionState::Planned);
    let left = found.connections.iter().filter(|c| c.state == ConnectionState::Budget).count();
    assert_eq!(left as u64, 40 - metro.joined);
    assert!(found.certificate.unwrap().maximise);
    // No money for any ring: the tree, and why.
    let poor = plan(&inputs, &settings, &sites[39..], Some(tree_alone(&inputs, &sites[39..]))).unwrap();
    assert!(poor.structures.is_empty() && poor.notes.iter().any(|n| n.code == "N210"));
}

/// What the free tree to some sites costs.
fn tree_alone(inputs: &Inputs, sites: &[Terminal]) -> f64 {
    plan(inputs, &defaults(), sites, None).unwrap().capex_cny
}

#[test]
fn a_cabinet_at_the_end_of_the_only_road_says_why_it_has_no_ring() {
    let (mut inputs, _) = town();
    inputs.roads = streets(&[&[(0.0, 0.0), (40.0, 0.0)]]);
    let mut settings = defaults();
    settings.fiber.structure = "metro".into();
    let sites: Vec<Terminal> =
        (0..4).map(|i| terminal(&format!("s{i}"), p(38.0 + f64::from(i) * 0.5, 0.1))).collect();
    let found = plan(&inputs, &settings, &sites, None).unwrap();
    assert!(found.connections.iter().all(|c| c.cabinet.is_some() && c.ring.is_empty()));
    let told = found.notes.iter().find(|n| n.code == "N218").unwrap();
    assert!(told.en.contains("of CAB-") && told.en.contains("every route"), "{}", told.en);
    // Of the plan as a whole once, not of its tiers.
    let codes: Vec<&str> = found.notes.iter().map(|n| n.code).collect();
    let mut once = codes.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), codes.len(), "{codes:?}");
}

#[test]
fn near_the_office_no_ring_is_needed() {
    let (inputs, _) = town();
    let mut settings = defaults();
    settings.fiber.structure = "metro".into();
    let sites = [terminal("a", p(5.0, 0.1)), terminal("b", p(0.1, 6.0))];
    let found = plan(&inputs, &settings, &sites, None).unwrap();
    assert!(found.structures.is_empty() && found.notes.iter().any(|n| n.code == "N209"));
}

#[test]
fn those_with_two_routes_of_their_own_keep_them() {
    let (inputs, mut sites) = town();
    sites[3].protect = true;
    let mut settings = defaults();
    settings.fiber.structure = "metro".into();
    let found = plan(&inputs, &settings, &sites, None).unwrap();
    let c = &found.connections[3];
    assert!(c.survives_a_cut() && c.cabinet.is_none() && c.ring.is_empty());
    assert!(found.connections[4].cabinet.is_some());
}

#[test]
fn areas_keep_to_their_size_and_reach() {
    use super::grouping::Stems;
    let mut settings = defaults();
    settings.fiber.metro.area_sites = 3;
    settings.fiber.metro.area_m = 1_000.0;
    // A line of ten sites, 400 m apart.
    let odn = pon::Odn {
        stems: Stems { parent: (0..11u32).map(|v| v.saturating_sub(1)).collect(), up_m: vec![400.0; 11] },
        at: (0..11).map(|i| p(f64::from(i) * 4.0, 0.0)).collect(),
        ends: (1..11).map(|node| pon::End { terminal: node - 1, node, lead_in_m: 0.0 }).collect(),
        access: 0,
        edges: vec![Vec::new(); 11],
        joints: vec![0; 11],
    };
    let (areas, near) = metro::areas(&odn, &settings);
    let mut all: Vec<u32> = areas.iter().flat_map(|a| a.terminals.clone()).chain(near.clone()).collect();
    all.sort_unstable();
    assert_eq!(all, (0..10).collect::<Vec<_>>());
    assert!(areas.iter().all(|a| a.terminals.len() <= 3));
    assert_eq!((areas.len(), near), (3, vec![0]));
}

fn close(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-6 * a.abs().max(1.0), "{a} {b}");
}
