use super::*;
use crate::graph::components;
use crate::optimise::Effort;
use proptest::prelude::*;

/// A small network of its own.
#[derive(Clone, Debug)]
struct Case {
    graph: Graph,
    terminals: Vec<(NodeId, Need)>,
    groups: Vec<Vec<EdgeId>>,
    nodes_fail: bool,
}

impl Case {
    fn network(&self) -> Network<'_> {
        Network {
            graph: &self.graph,
            root: NodeId(0),
            terminals: &self.terminals,
            groups: &self.groups,
            nodes_fail: self.nodes_fail,
        }
    }

    /// All simple ways from a node to the core over a set of edges, each as what takes it down.
    fn ways(&self, from: NodeId, set: u32) -> Vec<BTreeSet<(u8, u32)>> {
        let mut out = Vec::new();
        let mut open = vec![(from, vec![from], BTreeSet::new())];
        while let Some((v, seen, risks)) = open.pop() {
            if v == NodeId(0) {
                out.push(risks);
                continue;
            }
            for (e, u) in self.graph.arcs(v).filter(|(e, u)| set >> e.0 & 1 == 1 && !seen.contains(u)) {
                let (mut seen, mut risks) = (seen.clone(), risks.clone());
                seen.push(u);
                risks.insert((0, e.0));
                risks.extend((0u32..).zip(&self.groups).filter(|(_, g)| g.contains(&e)).map(|(g, _)| (1, g)));
                if self.nodes_fail && u != NodeId(0) {
                    risks.insert((2, u.0));
                }
                open.push((u, seen, risks));
            }
        }
        out
    }

    /// By trying all pairs of ways.
    fn serves(&self, node: NodeId, need: Need, set: u32) -> bool {
        let ways = self.ways(node, set);
        match need {
            _ if node == NodeId(0) => true,
            Need::One => !ways.is_empty(),
            Need::Two => ways.iter().enumerate().any(|(i, a)| ways[i + 1..].iter().any(|b| a.is_disjoint(b))),
        }
    }

    /// The cheapest set of edges that serves all, by trying every set.
    fn optimum(&self) -> Option<f64> {
        let fits = |set: &u32| self.terminals.iter().all(|&(v, need)| self.serves(v, need, *set));
        let cost = |set: u32| -> f64 {
            self.graph.edges().filter(|e| set >> e.0 & 1 == 1).map(|e| self.graph.weight(e)).sum()
        };
        (0..1u32 << self.graph.edge_count()).filter(fits).map(cost).min_by(f64::total_cmp)
    }
}

fn cases() -> impl Strategy<Value = Case> {
    let edges = prop::collection::vec((0u32..6, 0u32..6, 0u32..9), 5..11);
    let ends = prop::collection::vec((0u32..6, any::<bool>()), 1..5);
    let groups = prop::collection::vec(prop::collection::vec(0usize..11, 2..4), 0..3);
    (edges, ends, groups, any::<bool>()).prop_map(|(edges, ends, groups, nodes_fail)| {
        let list: Vec<_> = edges.iter().map(|&(a, b, w)| (a, b, f64::from(w))).collect();
        let group = |g: &Vec<usize>| g.iter().map(|i| EdgeId((i % list.len()) as u32)).collect();
        let need = |two| if two { Need::Two } else { Need::One };
        Case {
            groups: groups.iter().map(group).collect(),
            graph: Graph::from_edges(6, &list).unwrap(),
            terminals: ends.into_iter().map(|(v, two)| (NodeId(v), need(two))).collect(),
            nodes_fail,
        }
    })
}

/// A ring with spokes and chords: most terminals have two routes.
fn meshes() -> impl Strategy<Value = Case> {
    (prop::collection::vec(1u32..20, 11), any::<bool>(), 1u32..64, 0u32..64).prop_map(
        |(w, nodes_fail, twos, ones)| {
            let ends =
                [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 0), (0, 2), (1, 4), (3, 5), (2, 5), (0, 3)];
            let list: Vec<_> = ends.iter().zip(&w).map(|(&(a, b), &w)| (a, b, f64::from(w))).collect();
            let of = |set: u32, need| {
                (1..6).filter(move |v| set >> v & 1 == 1).map(move |v| (NodeId(v), need)).collect::<Vec<_>>()
            };
            let mut terminals = of(twos, Need::Two);
            terminals.extend(of(ones & !twos, Need::One));
            Case { graph: Graph::from_edges(6, &list).unwrap(), terminals, groups: Vec::new(), nodes_fail }
        },
    )
}

fn check_case(case: &Case, effort: Effort) -> Result<Option<f64>, TestCaseError> {
    let network = case.network();
    let every = (1u32 << case.graph.edge_count()) - 1;
    match solve(&network, effort.into()) {
        Ok(found) => {
            prop_assert_eq!(verify(&network, &found.value), Ok(()));
            prop_assert!((case.graph.total_weight(&found.value.edges) - found.objective).abs() < 1e-9);
            let optimum = case.optimum();
            prop_assert!(
                optimum.is_some_and(|o| found.bound <= o + 1e-6 && o <= found.objective + 1e-6),
                "{} {:?} {}",
                found.bound,
                optimum,
                found.objective
            );
            Ok(Some(found.objective - optimum.unwrap_or(0.0)))
        }
        Err(SurvivableError::Lacking(list)) => {
            // Each terminal that is named can't be served by all edges together; the others can.
            for (i, &(v, need)) in case.terminals.iter().enumerate() {
                let named = list.iter().find(|l| l.0 == i);
                prop_assert_eq!(case.serves(v, need, every), named.is_none(), "{:?}", named);
                let Some(&(_, lack)) = named else { continue };
                let without = |gone: &dyn Fn(EdgeId) -> bool| {
                    let parts = components(&case.graph, |e| !gone(e));
                    !parts.connected(v, NodeId(0))
                };
                let true_reason = match lack {
                    Lack::Apart => without(&|_| false),
                    Lack::Edge(e) => without(&|f| f == e),
                    Lack::Node(u) => u != v && without(&|f| case.graph.ends(f).contains(&u)),
                    Lack::Group(g) => without(&|f| case.groups[g as usize].contains(&f)),
                    Lack::NoPair => true,
                    Lack::NotFound => false,
                };
                prop_assert!(true_reason, "{:?}", lack);
            }
            Ok(None)
        }
        Err(e) => Err(TestCaseError::fail(e.to_string())),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn bound_optimum_and_cost_are_in_order(case in cases()) {
        check_case(&case, Effort::LOW)?;
    }

    #[test]
    fn meshes_are_solved_well(case in meshes()) {
        check_case(&case, Effort::LOW)?;
    }
}

/// Single removals are tried one by one, by code that knows no routes.
#[test]
fn a_whole_run_of_meshes_is_nearly_best() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut optima, mut best, mut proven, mut runs) = (0.0, 0usize, 0usize, 0usize);
    let mut excess = 0.0;
    for _ in 0..60 {
        let case = meshes().new_tree(&mut runner).unwrap().current();
        let found = solve(&case.network(), Effort::NORMAL.into()).unwrap();
        let optimum = case.optimum().unwrap();
        runs += 1;
        best += usize::from(found.objective <= optimum + 1e-9);
        proven += usize::from(found.ended == Ended::Proven);
        excess += found.objective - optimum;
        optima += optimum;
        let built = flags(&case.graph, &found.value.edges);
        for &(v, _) in case.terminals.iter().filter(|t| t.1 == Need::Two) {
            for &gone in &found.value.edges {
                let left = components(&case.graph, |e| built[e.index()] && e != gone);
                assert!(left.connected(v, NodeId(0)));
            }
        }
    }
    assert!(best * 20 >= runs * 19, "{best} of {runs}");
    assert!(proven * 10 >= runs * 9, "{proven} of {runs}");
    assert!(excess <= 0.002 * optima);
}

#[test]
fn what_is_in_the_way_is_named() {
    // A core, a ring, and a terminal behind a bridge.
    let g =
        Graph::from_edges(5, &[(0, 1, 1.0), (1, 2, 1.0), (2, 0, 1.0), (2, 3, 1.0), (0, 4, 1.0), (0, 4, 1.0)])
            .unwrap();
    let terminals = [(NodeId(3), Need::Two), (NodeId(1), Need::Two), (NodeId(4), Need::Two)];
    let pair = vec![EdgeId(4), EdgeId(5)];
    let groups = [pair];
    let network =
        Network { graph: &g, root: NodeId(0), terminals: &terminals, groups: &groups, nodes_fail: false };
    assert_eq!(lacking(&network).unwrap(), [(0, Lack::Edge(EdgeId(3))), (2, Lack::Group(0))]);
    assert_eq!(
        solve(&Network { terminals: &[(NodeId(9), Need::One)], ..network }, Effort::LOW.into()),
        Err(SurvivableError::NotThere { what: "node", index: 9 })
    );
}
