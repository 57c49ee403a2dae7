//! The nearest objects of a tree by branch and bound: without the queue of an open-ended search.

use rstar::{AABB, ParentNode, RTree, RTreeNode, RTreeObject};
use smallvec::SmallVec;

/// Offers the objects that may lie within the bound (a squared distance) of a place, the nearer branches
/// first. Whoever takes an offer may lower the bound.
pub(super) fn descend<'t, T: RTreeObject<Envelope = AABB<[f64; 3]>>>(
    tree: &'t RTree<T>,
    from: &[f64; 3],
    bound: f64,
    mut offer: impl FnMut(&'t T, &mut f64),
) {
    let mut bound = bound;
    visit(tree.root(), from, &mut bound, &mut offer);
}

fn visit<'t, T: RTreeObject<Envelope = AABB<[f64; 3]>>>(
    node: &'t ParentNode<T>,
    from: &[f64; 3],
    bound: &mut f64,
    offer: &mut impl FnMut(&'t T, &mut f64),
) {
    let mut branches: SmallVec<[(f64, &ParentNode<T>); 8]> = SmallVec::new();
    for child in node.children() {
        match child {
            RTreeNode::Leaf(object) => offer(object, bound),
            RTreeNode::Parent(branch) => {
                let distance2 = branch.envelope().distance_2(from);
                if distance2 <= *bound {
                    branches.push((distance2, branch));
                }
            }
        }
    }
    branches.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    for (distance2, branch) in branches {
        if distance2 > *bound {
            break;
        }
        visit(branch, from, bound, offer);
    }
}
