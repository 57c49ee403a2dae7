//! What an administration asks of a state or a plan: regions against targets.

pub mod kpi;
pub mod schemes;
