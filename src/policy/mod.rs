//! What an administration asks of a state or a plan: regions against targets, what changed and why, doubles
//! among applications, readiness for the schemes of 5G factories, what building together saves.

pub mod backbone;
pub mod compare;
pub mod duplicates;
pub mod energy;
pub mod failures;
pub mod finance;
pub mod joint;
pub mod kpi;
pub mod outlook;
pub mod party;
pub mod private_networks;
pub mod readiness;
pub mod schemes;
pub mod services;
pub mod shapley;
pub mod subsidy;
pub mod uncertainty;
