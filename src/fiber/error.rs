//! Why no routes can be planned.

use super::capacity::JoinError;
use crate::model::said::Bilingual;
use crate::model::words::{listed, listed_zh, yuan, yuan_zh};

/// Why no routes can be planned.
#[derive(Debug, thiserror::Error)]
pub enum RouteError {
    /// The graph or the solver refused.
    #[error(transparent)]
    Join(#[from] JoinError),
    /// The class of passive optical network isn't in the catalogue.
    #[error("fiber.pon.class = \"{name}\" is no member of fiber.pon_class, which has {}", listed(known))]
    NoSuchClass {
        /// The name.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// What the planner locked costs more than the budget.
    #[error(
        "{}, locked open, need fiber for {}, more than the budget of {}",
        listed(ids), yuan(*need_cny), yuan(*budget_cny)
    )]
    LockedBeyondBudget {
        /// What is locked.
        ids: Vec<String>,
        /// Cost of what is locked.
        need_cny: f64,
        /// The budget.
        budget_cny: f64,
    },
}

impl Bilingual for RouteError {
    fn zh(&self) -> String {
        match self {
            Self::Join(e) => e.zh(),
            Self::NoSuchClass { name, known } => {
                format!("fiber.pon.class = \"{name}\" 不在 fiber.pon_class 之中，可选 {}", listed_zh(known))
            }
            Self::LockedBeyondBudget { ids, need_cny, budget_cny } => format!(
                "锁定开放的 {} 需要光缆 {}，超过预算 {}",
                listed_zh(ids),
                yuan_zh(*need_cny),
                yuan_zh(*budget_cny)
            ),
        }
    }
}

impl From<crate::graph::GraphError> for RouteError {
    fn from(e: crate::graph::GraphError) -> Self {
        Self::Join(e.into())
    }
}

impl From<crate::optimise::steiner::SteinerError> for RouteError {
    fn from(e: crate::optimise::steiner::SteinerError) -> Self {
        Self::Join(e.into())
    }
}
