use proptest::prelude::*;

use super::*;
use crate::optimise::{Effort, Ended};

/// The optimum by dynamic programming over subsets of terminals (Dreyfus & Wagner 1971).
fn optimum(g: &Graph, terminals: &[NodeId]) -> f64 {
    let n = g.node_count();
    let mut d = vec![vec![f64::INFINITY; n]; n];
    for (v, row) in d.iter_mut().enumerate() {
        row[v] = 0.0;
    }
    for e in g.edges() {
        let [a, b] = g.ends(e).map(NodeId::index);
        d[a][b] = d[a][b].min(g.weight(e));
        d[b][a] = d[a][b];
    }
    for k in 0..n {
        for i in 0..n {
            for j in 0..n {
                d[i][j] = d[i][j].min(d[i][k] + d[k][j]);
            }
        }
    }
    let Some((&last, rest)) = terminals.split_last() else { return 0.0 };
    let full = 1usize << rest.len();
    let mut cost = vec![vec![f64::INFINITY; n]; full];
    for (i, t) in rest.iter().enumerate() {
        for v in 0..n {
            cost[1 << i][v] = d[t.index()][v];
        }
    }
    cost[0].fill(0.0);
    for set in 1..full {
        if set.count_ones() < 2 {
            continue;
        }
        let mut here = vec![f64::INFINITY; n];
        for v in 0..n {
            let mut part = (set - 1) & set;
            while part > 0 {
                here[v] = here[v].min(cost[part][v] + cost[set ^ part][v]);
                part = (part - 1) & set;
            }
        }
        for v in 0..n {
            cost[set][v] = (0..n).map(|u| here[u] + d[u][v]).fold(f64::INFINITY, f64::min);
        }
    }
    cost[full - 1][last.index()]
}

pub(super) fn instances() -> impl Strategy<Value = (Graph, Vec<NodeId>)> {
    (2usize..14).prop_flat_map(|n| {
        let edges = prop::collection::vec((0..n as u32, 0..n as u32, 0u32..12), n..4 * n);
        (Just(n), edges, prop::collection::btree_set(0..n as u32, 1..=6.min(n))).prop_map(
            |(n, edges, terminals)| {
                // A spanning path of heavy edges keeps it connected.
                let mut edges: Vec<_> = edges.into_iter().map(|(a, b, w)| (a, b, f64::from(w))).collect();
                edges.extend((1..n as u32).map(|v| (v - 1, v, 9.0)));
                (Graph::from_edges(n, &edges).unwrap(), terminals.into_iter().map(NodeId).collect())
            },
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn bound_optimum_and_cost_are_in_order((g, terminals) in instances()) {
        let best = optimum(&g, &terminals);
        for effort in [Effort::LOW, Effort::NORMAL] {
            let found = solve(&g, &terminals, effort.into()).unwrap();
            prop_assert_eq!(verify(&g, &terminals, &found.value), Ok(()));
            prop_assert_eq!(g.total_weight(&found.value.edges), found.objective);
            prop_assert!(found.bound <= best && best <= found.objective, "{} {} {}", found.bound, best, found.objective);
        }
    }

    #[test]
    fn stopping_at_once_still_answers((g, terminals) in instances()) {
        let now = || true;
        let work = Work::from(Effort::NORMAL).until(crate::optimise::Stop::when(&now));
        let found = solve(&g, &terminals, work).unwrap();
        prop_assert_eq!(verify(&g, &terminals, &found.value), Ok(()));
        prop_assert!(found.bound <= optimum(&g, &terminals));
    }
}

#[test]
fn terminals_apart_are_named() {
    let g = Graph::from_edges(5, &[(0, 1, 1.0), (1, 2, 1.0), (3, 4, 1.0)]).unwrap();
    let terminals = [NodeId(0), NodeId(3), NodeId(2)];
    let error = solve(&g, &terminals, Effort::LOW.into()).unwrap_err();
    assert_eq!(error, SteinerError::Disconnected { cut_off: vec![NodeId(3)] });
    let error = solve(&g, &[NodeId(9)], Effort::LOW.into()).unwrap_err();
    assert_eq!(error, SteinerError::NoSuchNode { terminal: NodeId(9), nodes: 5 });
}

#[test]
fn few_terminals_are_no_trouble() {
    let g = Graph::from_edges(3, &[(0, 1, 0.0), (1, 2, 4.0)]).unwrap();
    for (terminals, cost) in [(&[][..], 0.0), (&[2][..], 0.0), (&[0, 1, 0][..], 0.0), (&[0, 2][..], 4.0)] {
        let terminals: Vec<_> = terminals.iter().copied().map(NodeId).collect();
        let found = solve(&g, &terminals, Effort::LOW.into()).unwrap();
        assert_eq!((found.objective, found.bound, found.ended), (cost, cost, Ended::Proven));
    }
}

/// What bounds take out can be everything, where no better tree exists.
#[test]
fn terminals_without_edges_are_not_reduced_for_ever() {
    let g = Graph::from_edges(3, &[]).unwrap();
    let bare = instance::Instance::new(&g, &[NodeId(0), NodeId(1), NodeId(2)]);
    let mut meter = crate::optimise::Meter::new(u64::MAX, crate::optimise::Stop::NEVER);
    assert_eq!(reduce::reduce(&bare, &mut meter).terminals.len(), 3);
}
