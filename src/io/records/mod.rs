//! From rows to records, one reader per layer.

pub(super) mod answers;
pub(super) mod bulk;
pub(super) mod ids;
pub(super) mod lines;
pub(super) mod points;
pub(super) mod regions;
