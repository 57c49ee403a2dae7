use proptest::prelude::*;

use super::*;
use crate::optimise::Effort;

/// A problem of few nodes: (graph, customers, hubs, gains, items).
type Small = (Vec<(u32, u32, f64)>, Vec<Customer>, Vec<Hub>, Vec<Vec<(u32, f64)>>, usize);

fn small() -> impl Strategy<Value = Small> {
    let nodes = 6u32;
    let items = 4u32;
    let edges = prop::collection::vec((0..nodes, 0..nodes, 0u8..9), 5..10);
    let customers = prop::collection::vec((0..nodes, 0u8..4, 0u8..9, prop::bool::weighted(0.1)), 0..4);
    let lock = prop_oneof![8 => Just(Lock::Free), 1 => Just(Lock::Open), 1 => Just(Lock::Shut)];
    let hub = (
        prop::option::weighted(0.8, 0..nodes),
        0u8..6,
        lock,
        prop::collection::vec((0..items, 0u8..7), 0..4),
    );
    (edges, customers, prop::collection::vec(hub, 0..4)).prop_map(move |(edges, customers, hubs)| {
        let edges = edges.into_iter().filter(|e| e.0 != e.1).map(|(a, b, w)| (a, b, f64::from(w))).collect();
        let customers = customers
            .into_iter()
            .map(|(v, own, prize, must)| Customer {
                node: NodeId(v),
                own: own.into(),
                prize: prize.into(),
                must,
            })
            .collect();
        let gains = hubs.iter().map(|h| h.3.iter().map(|&(i, g)| (i, f64::from(g))).collect()).collect();
        let hubs =
            hubs.into_iter().map(|h| Hub { node: h.0.map(NodeId), price: h.1.into(), lock: h.2 }).collect();
        (edges, customers, hubs, gains, items as usize)
    })
}

/// Every choice with the cheapest tree for it, found by trying every set of edges: what is chosen, cost, gain.
fn all(p: &Hubs<'_>) -> Vec<(Vec<u32>, Vec<u32>, f64, f64)> {
    let graph = p.graph;
    let edges: Vec<EdgeId> = graph.edges().collect();
    // For every set of edges the nodes that it joins to the root, and its weight.
    let sets: Vec<(u32, f64)> = (0u32..1 << edges.len())
        .map(|pick| {
            let parts = components(graph, |e| pick >> e.0 & 1 == 1);
            let joined = graph.nodes().filter(|v| parts.connected(*v, p.root)).fold(0, |s, v| s | 1 << v.0);
            let weight = edges.iter().filter(|e| pick >> e.0 & 1 == 1).map(|e| graph.weight(*e)).sum();
            (joined, weight)
        })
        .collect();
    let mut out = Vec::new();
    for hubs in 0u32..1 << p.hubs.len() {
        for customers in 0u32..1 << p.customers.len() {
            let hubs: Vec<u32> = (0..p.hubs.len() as u32).filter(|h| hubs >> h & 1 == 1).collect();
            let customers: Vec<u32> =
                (0..p.customers.len() as u32).filter(|c| customers >> c & 1 == 1).collect();
            let need = hubs
                .iter()
                .filter_map(|&h| p.hubs[h as usize].node)
                .chain(customers.iter().map(|&c| p.customers[c as usize].node))
                .fold(0u32, |s, v| s | 1 << v.0);
            let way = sets.iter().filter(|s| s.0 & need == need).map(|s| s.1).fold(f64::INFINITY, f64::min);
            let own: f64 = hubs.iter().map(|&h| p.hubs[h as usize].price).sum::<f64>()
                + customers.iter().map(|&c| p.customers[c as usize].own).sum::<f64>();
            let mut gain: f64 = customers.iter().map(|&c| p.customers[c as usize].prize).sum();
            for i in 0..p.items as u32 {
                let of = hubs.iter().flat_map(|&h| p.gains.row(h as usize)).filter(|g| g.0 == i);
                gain += of.map(|g| g.1).fold(0.0, f64::max);
            }
            if way.is_finite() {
                out.push((hubs, customers, way + own, gain));
            }
        }
    }
    out
}

/// A hub that costs more than there is doesn't keep a customer at its node from being joined.
#[test]
fn what_is_too_dear_hides_nothing() {
    let graph = Graph::from_edges(1, &[]).unwrap();
    let p = Hubs {
        graph: &graph,
        root: NodeId(0),
        customers: vec![Customer { node: NodeId(0), own: 1.0, prize: 1.0, must: false }],
        hubs: vec![Hub { node: Some(NodeId(0)), price: 2.0, lock: Lock::Free }],
        gains: SparseRows::from_rows(vec![vec![(0, 3.0)]]),
        items: 1,
    };
    let found = solve(&p, Goal::Within(1.0), None, Effort::LOW.into()).unwrap();
    assert_eq!((found.objective, found.value.customers), (1.0, vec![0]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Answer ≤ optimum ≤ bound, the answer is what it says, and the gap says how far off it can be.
    #[test]
    fn a_budget_buys_what_is_said(
        (edges, customers, hubs, gains, items) in small(), budget in 0u8..30,
    ) {
        let graph = Graph::from_edges(6, &edges).unwrap();
        let parts = components(&graph, |_| true);
        let root = NodeId(0);
        let p = Hubs { graph: &graph, root, customers, hubs, gains: SparseRows::from_rows(gains), items };
        let budget = f64::from(budget);
        let near = |v: NodeId| parts.connected(v, root);
        // Locks out of reach are no locks.
        let legal = |hubs: &[u32], customers: &[u32]| {
            (0..p.hubs.len() as u32).all(|h| match p.hubs[h as usize].lock {
                Lock::Open => hubs.contains(&h) || !p.hubs[h as usize].node.is_none_or(near),
                Lock::Shut => !hubs.contains(&h),
                Lock::Free => true,
            }) && (0..p.customers.len() as u32).all(|c| {
                let who = &p.customers[c as usize];
                !who.must || customers.contains(&c) || !near(who.node)
            })
        };
        let every = all(&p);
        let most = |budget: f64| {
            let affordable = every.iter().filter(|(h, c, cost, _)| *cost <= budget && legal(h, c));
            affordable.map(|x| x.3).fold(f64::NEG_INFINITY, f64::max)
        };
        let best = most(budget);
        let budgets = [0.5 * budget, budget, 1.5 * budget];
        let (steps, frontier) = curve(&p, &budgets, None, Effort::LOW.into()).unwrap();
        for (budget, step) in budgets.into_iter().zip(steps) {
            let best = most(budget);
            prop_assert!(best <= frontier.bound(budget) + 1e-9, "{best} {}", frontier.bound(budget));
            let Some(step) = step else {
                prop_assert_eq!(best, f64::NEG_INFINITY);
                continue;
            };
            prop_assert_eq!(p.verify(&step.value), Ok(()));
            prop_assert!(p.cost(&step.value) <= budget + 1e-9 && legal(&step.value.hubs, &step.value.customers));
            prop_assert!((p.gain(&step.value) - step.objective).abs() < 1e-9);
            prop_assert!(step.objective <= best + 1e-9 && best <= step.bound + 1e-9);
            prop_assert!(step.objective >= 0.5 * best, "poor: {} of {best}", step.objective);
        }
        match solve(&p, Goal::Within(budget), None, Effort::LOW.into()) {
            Err(HubError::LockedBeyondBudget { cost, .. }) => prop_assert!(cost > budget && best == f64::NEG_INFINITY, "{cost} {best}"),
            Err(e) => prop_assert!(false, "{e}"),
            Ok(found) => {
                prop_assert_eq!(p.verify(&found.value), Ok(()));
                prop_assert!(p.cost(&found.value) <= budget + 1e-9 && legal(&found.value.hubs, &found.value.customers));
                prop_assert!((p.gain(&found.value) - found.objective).abs() < 1e-9);
                prop_assert!(found.objective <= best + 1e-9 && best <= found.bound + 1e-9, "{} {best} {}", found.objective, found.bound);
                prop_assert!(found.objective == 0.0 || best - found.objective <= found.gap() * found.objective + 1e-9);
                prop_assert!(found.objective >= 0.5 * best, "poor: {} of {best}", found.objective);
            }
        }
    }

    /// The same for all that can be had at least cost.
    #[test]
    fn everything_costs_what_is_said((edges, customers, hubs, gains, items) in small()) {
        let graph = Graph::from_edges(6, &edges).unwrap();
        let parts = components(&graph, |_| true);
        let root = NodeId(0);
        let p = Hubs { graph: &graph, root, customers, hubs, gains: SparseRows::from_rows(gains), items };
        let near = |v: NodeId| parts.connected(v, root);
        let can = |h: u32| p.hubs[h as usize].lock != Lock::Shut && p.hubs[h as usize].node.is_none_or(near);
        let serves = |h: u32, i: u32| p.gains.row(h as usize).any(|g| g.0 == i && g.1 > 0.0);
        let all_hubs: Vec<u32> = (0..p.hubs.len() as u32).collect();
        let best = all(&p)
            .into_iter()
            .filter(|(hubs, customers, ..)| {
                hubs.iter().all(|&h| can(h))
                    && all_hubs.iter().all(|&h| p.hubs[h as usize].lock != Lock::Open || !can(h) || hubs.contains(&h))
                    && (0..p.customers.len() as u32).all(|c| customers.contains(&c) || !near(p.customers[c as usize].node))
                    && (0..p.items as u32).all(|i| {
                        !all_hubs.iter().any(|&h| can(h) && serves(h, i)) || hubs.iter().any(|&h| serves(h, i))
                    })
            })
            .map(|x| x.2)
            .fold(f64::INFINITY, f64::min);
        let found = solve(&p, Goal::Everything, None, Effort::LOW.into()).unwrap();
        prop_assert_eq!(p.verify(&found.value), Ok(()));
        prop_assert!((p.cost(&found.value) - found.objective).abs() < 1e-9);
        prop_assert!(found.bound <= best + 1e-9 && best <= found.objective + 1e-9, "{} {best} {}", found.bound, found.objective);
        prop_assert!(found.objective <= 1.2 * best + 1e-9, "poor: {} for {best}", found.objective);
    }
}
