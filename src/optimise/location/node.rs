//! Nodes of a branching over which facilities or sets are open.

use std::rc::Rc;

use super::Lock;

/// Part of the answers: those that keep to the locks.
pub(in crate::optimise) struct Node {
    pub(in crate::optimise) bound: f64,
    pub(in crate::optimise) depth: u32,
    pub(in crate::optimise) locks: Box<[Lock]>,
    /// Multipliers that the bound comes from, a start for those of the parts.
    pub(in crate::optimise) u: Rc<[f32]>,
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Node {}
impl PartialOrd for Node {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Node {
    /// Lowest bound first out of a heap; of equals the deepest.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        other.bound.total_cmp(&self.bound).then(self.depth.cmp(&other.depth))
    }
}
