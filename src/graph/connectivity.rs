//! Components, minimum spanning forests, and the single edges and nodes whose loss disconnects.

use petgraph::unionfind::UnionFind;

use super::{EdgeId, Graph, NodeId};

/// The connected components of a graph, numbered by their smallest node.
#[derive(Clone, Debug, PartialEq)]
pub struct Components {
    /// Component of each node, addressed by node id.
    pub of: Vec<u32>,
    /// Number of nodes in each component.
    pub sizes: Vec<u32>,
}

impl Components {
    /// Whether two nodes are joined by some path.
    #[must_use]
    pub fn connected(&self, a: NodeId, b: NodeId) -> bool {
        self.of[a.index()] == self.of[b.index()]
    }

    /// The component with most nodes; the first of equals.
    #[must_use]
    pub fn largest(&self) -> Option<u32> {
        (0..self.sizes.len() as u32).rev().max_by_key(|&c| self.sizes[c as usize])
    }
}

/// Finds the connected components, using only the edges that `usable` admits.
pub fn components(graph: &Graph, usable: impl Fn(EdgeId) -> bool) -> Components {
    let mut sets = UnionFind::<u32>::new(graph.node_count());
    for e in graph.edges().filter(|&e| usable(e)) {
        let [a, b] = graph.ends(e);
        sets.union(a.0, b.0);
    }
    let mut number = vec![u32::MAX; graph.node_count()];
    let mut sizes: Vec<u32> = Vec::new();
    let of = graph
        .nodes()
        .map(|v| {
            let slot = &mut number[sets.find_mut(v.0) as usize];
            if *slot == u32::MAX {
                *slot = sizes.len() as u32;
                sizes.push(0);
            }
            sizes[*slot as usize] += 1;
            *slot
        })
        .collect();
    Components { of, sizes }
}

/// The edges of a minimum spanning forest (Kruskal), lightest first; of equal edges the lower id.
///
/// Only the edges in `among` take part.
pub fn minimum_spanning_forest(graph: &Graph, among: impl IntoIterator<Item = EdgeId>) -> Vec<EdgeId> {
    let mut order: Vec<EdgeId> = among.into_iter().collect();
    order.sort_unstable_by(|&a, &b| graph.weight(a).total_cmp(&graph.weight(b)).then(a.cmp(&b)));
    let mut sets = UnionFind::<u32>::new(graph.node_count());
    order.retain(|&e| {
        let [a, b] = graph.ends(e);
        sets.union(a.0, b.0)
    });
    order
}

/// What a single failure can disconnect.
#[derive(Clone, Debug, PartialEq)]
pub struct Cuts {
    /// Edges whose loss disconnects their two ends, in id order.
    pub bridges: Vec<EdgeId>,
    /// Nodes whose loss disconnects some of the others, in id order.
    pub articulation_points: Vec<NodeId>,
}

/// Finds all bridges and articulation points among the edges that `usable` admits, in linear time
/// (Hopcroft & Tarjan 1973, Algorithm 447).
///
/// Parallel edges protect each other: neither is a bridge. (`petgraph`'s `bridges` takes simple graphs
/// only, so the search is our own.)
pub fn cuts(graph: &Graph, usable: impl Fn(EdgeId) -> bool) -> Cuts {
    const UNSEEN: u32 = u32::MAX;
    let n = graph.node_count();
    let mut entered = vec![UNSEEN; n];
    let mut low = vec![UNSEEN; n];
    let mut is_cut = vec![false; n];
    let mut bridges = Vec::new();
    let mut clock = 0u32;
    for root in graph.nodes() {
        if entered[root.index()] != UNSEEN {
            continue;
        }
        entered[root.index()] = clock;
        low[root.index()] = clock;
        clock += 1;
        let mut root_children = 0usize;
        let mut stack = vec![(root, None, graph.arcs(root))];
        while let Some((node, via, arcs)) = stack.last_mut() {
            let (node, via) = (*node, *via);
            if let Some((edge, next)) = arcs.next() {
                if Some(edge) == via || !usable(edge) {
                    continue;
                }
                if entered[next.index()] == UNSEEN {
                    entered[next.index()] = clock;
                    low[next.index()] = clock;
                    clock += 1;
                    root_children += usize::from(node == root);
                    stack.push((next, Some(edge), graph.arcs(next)));
                } else {
                    low[node.index()] = low[node.index()].min(entered[next.index()]);
                }
                continue;
            }
            stack.pop();
            if let (Some(edge), Some(&(parent, _, _))) = (via, stack.last()) {
                low[parent.index()] = low[parent.index()].min(low[node.index()]);
                if low[node.index()] > entered[parent.index()] {
                    bridges.push(edge);
                }
                if parent != root && low[node.index()] >= entered[parent.index()] {
                    is_cut[parent.index()] = true;
                }
            }
        }
        is_cut[root.index()] = root_children > 1;
    }
    bridges.sort_unstable();
    Cuts { bridges, articulation_points: graph.nodes().filter(|v| is_cut[v.index()]).collect() }
}

/// What is cut off from the roots when one edge or node fails: the sum of the weights of the nodes that no
/// root can reach any longer, and that one could before.
#[derive(Clone, Debug, PartialEq)]
pub struct Losses {
    /// By edge.
    pub by_edge: Vec<f64>,
    /// By node, its own weight included; of a root only its own.
    pub by_node: Vec<f64>,
}

/// Works out [`Losses`] in linear time: a depth-first search from all roots at once, as if one node joined
/// them, that sums the weights under each edge and node whose subtree has no way around it.
///
/// `usable` tells the edges that are there to begin with.
pub fn losses(
    graph: &Graph,
    roots: &[NodeId],
    weight: impl Fn(NodeId) -> f64,
    usable: impl Fn(EdgeId) -> bool,
) -> Losses {
    const UNSEEN: u32 = u32::MAX;
    let n = graph.node_count();
    let (mut entered, mut low) = (vec![UNSEEN; n], vec![UNSEEN; n]);
    let mut under = vec![0.0; n];
    let mut found = Losses { by_edge: vec![0.0; graph.edge_count()], by_node: vec![0.0; n] };
    // All roots are the one node that was entered first.
    let mut is_root = vec![false; n];
    for root in roots {
        (is_root[root.index()], entered[root.index()], low[root.index()]) = (true, 0, 0);
    }
    let mut clock = 1u32;
    for &root in roots {
        found.by_node[root.index()] = weight(root);
        let mut stack = vec![(root, None, graph.arcs(root))];
        while let Some((node, via, arcs)) = stack.last_mut() {
            let (node, via) = (*node, *via);
            if let Some((edge, next)) = arcs.next() {
                if Some(edge) == via || !usable(edge) {
                    continue;
                }
                if entered[next.index()] == UNSEEN {
                    (entered[next.index()], low[next.index()]) = (clock, clock);
                    clock += 1;
                    under[next.index()] = weight(next);
                    found.by_node[next.index()] = weight(next);
                    stack.push((next, Some(edge), graph.arcs(next)));
                } else {
                    low[node.index()] = low[node.index()].min(entered[next.index()]);
                }
                continue;
            }
            stack.pop();
            if let (Some(edge), Some(&(parent, _, _))) = (via, stack.last()) {
                let (below, of) = (node.index(), parent.index());
                low[of] = low[of].min(low[below]);
                under[of] += under[below];
                if low[below] > entered[of] {
                    found.by_edge[edge.index()] = under[below];
                }
                if !is_root[of] && low[below] >= entered[of] {
                    found.by_node[of] += under[below];
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn graphs() -> impl Strategy<Value = Graph> {
        (1usize..10)
            .prop_flat_map(|n| (Just(n), prop::collection::vec((0..n as u32, 0..n as u32, 0u32..4), 0..16)))
            .prop_map(|(n, edges)| {
                let edges: Vec<_> = edges.into_iter().map(|(a, b, w)| (a, b, f64::from(w))).collect();
                Graph::from_edges(n, &edges).unwrap()
            })
    }

    proptest! {
        #[test]
        fn losses_are_what_removal_shows(g in graphs(), roots in prop::collection::vec(any::<prop::sample::Index>(), 1..3)) {
            let mut roots: Vec<NodeId> = roots.iter().map(|r| NodeId(r.index(g.node_count()) as u32)).collect();
            roots.sort_unstable();
            roots.dedup();
            let weight = |v: NodeId| f64::from(v.0 + 1);
            let found = losses(&g, &roots, weight, |_| true);
            let reached = |gone: Option<NodeId>, usable: &dyn Fn(EdgeId) -> bool| -> f64 {
                let parts = components(&g, |e| usable(e) && !g.ends(e).iter().any(|v| Some(*v) == gone));
                g.nodes()
                    .filter(|v| Some(*v) != gone)
                    .filter(|v| roots.iter().any(|r| Some(*r) != gone && parts.connected(*r, *v)))
                    .map(weight)
                    .sum()
            };
            let all = reached(None, &|_| true);
            for e in g.edges() {
                prop_assert_eq!(found.by_edge[e.index()], all - reached(None, &|f| f != e));
            }
            for v in g.nodes().filter(|v| !roots.contains(v)) {
                prop_assert_eq!(found.by_node[v.index()], all - reached(Some(v), &|_| true));
            }
        }

        #[test]
        fn a_cut_is_what_removal_shows(g in graphs()) {
            let whole = components(&g, |_| true);
            let found = cuts(&g, |_| true);
            let bridges: Vec<_> =
                g.edges().filter(|&e| components(&g, |f| f != e).sizes.len() > whole.sizes.len()).collect();
            prop_assert_eq!(&found.bridges, &bridges);
            let points: Vec<_> = g
                .nodes()
                .filter(|&v| {
                    let without = components(&g, |f| !g.ends(f).contains(&v));
                    // The node itself becomes a component of its own, unless it was alone already.
                    let alone = whole.sizes[whole.of[v.index()] as usize] == 1;
                    without.sizes.len() - usize::from(!alone) > whole.sizes.len()
                })
                .collect();
            prop_assert_eq!(found.articulation_points, points);
        }

        #[test]
        fn a_forest_spans_at_the_weight_petgraph_finds(g in graphs()) {
            let forest = minimum_spanning_forest(&g, g.edges());
            let whole = components(&g, |_| true);
            prop_assert_eq!(&components(&g, |e| forest.contains(&e)), &whole);
            prop_assert_eq!(forest.len(), g.node_count() - whole.sizes.len());
            let theirs: f64 = petgraph::algo::min_spanning_tree(&g)
                .filter_map(|el| match el {
                    petgraph::data::Element::Edge { weight, .. } => Some(weight),
                    petgraph::data::Element::Node { .. } => None,
                })
                .sum();
            prop_assert!((g.total_weight(&forest) - theirs).abs() < 1e-9);
            prop_assert_eq!(petgraph::algo::connected_components(&g), whole.sizes.len());
        }
    }

    #[test]
    fn a_long_chain_overflows_no_stack() {
        let n = 300_000u32;
        let edges: Vec<_> = (1..n).map(|v| (v - 1, v, 1.0)).collect();
        let g = Graph::from_edges(n as usize, &edges).unwrap();
        let found = cuts(&g, |_| true);
        assert_eq!(found.bridges.len(), n as usize - 1);
        assert_eq!(found.articulation_points.len(), n as usize - 2);
    }

    #[test]
    fn the_largest_component_is_the_first_of_equals() {
        let g = Graph::from_edges(5, &[(1, 2, 1.0), (3, 4, 1.0)]).unwrap();
        assert_eq!(components(&g, |_| true).largest(), Some(1));
    }
}
