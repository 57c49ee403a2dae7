//! The plan: the only place that sequences stages, and what comes out of them.

mod build;
mod curve;
mod edge;
mod ground;
mod items;
mod phases;
mod radio;
mod result;
mod run;
#[cfg(test)]
mod tests;
mod whole;

pub use crate::model::planned::{
    BudgetStep, Center, Certificate, Connection, ConnectionState, Held, Item, ItemKind, Optical, OrderStep,
    PonKind, PonNode, RouteSegment, Station, StationBuild,
};
pub use result::Plan;
pub use run::{run, run_bare, run_told, standing, today, today_told};

use crate::datacenter::study::StudyError;
use crate::fiber::RouteError;
use crate::graph::GraphError;
use crate::model::said::Bilingual;
use crate::model::words::{listed, yuan};
use crate::model::words::{listed_zh, yuan_zh};
use crate::optimise::steiner::hubs::HubError;

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The roads are no graph.
    #[error("the roads can't be made a network: {0}")]
    Roads(#[from] GraphError),
    /// Stations and fiber can't be chosen.
    #[error("stations and fiber can't be chosen: {0}")]
    Whole(HubError),
    /// The stations locked open cost more than the budget.
    #[error(
        "plan.lock.open asks for {}, which cost {} with their way to fiber, more than plan.budget_cny allows ({})",
        listed(ids), yuan(*cost_cny), yuan(*budget_cny)
    )]
    LockedBeyondBudget {
        /// What is locked open, by id.
        ids: Vec<String>,
        /// What they cost.
        cost_cny: f64,
        /// The budget.
        budget_cny: f64,
    },
    /// Fiber can't be planned.
    #[error("fiber can't be planned: {0}")]
    Fiber(#[from] RouteError),
    /// Data centers can't be placed.
    #[error("data centers can't be placed: {0}")]
    Placement(#[from] StudyError),
    /// Links run over ground without heights, and the settings refuse that.
    #[error(
        "{links} links run over ground that the dem layer has no heights for, among them that of site \"{site}\" \
         (radio.terrain.unknown = \"error\")"
    )]
    UnknownGround {
        /// How many.
        links: usize,
        /// The first site concerned.
        site: String,
    },
    /// A file of heights vanished while it was in use.
    #[error(
        "the heights in {file} could be read at first and can't be any more, so that links may lack them; put \
         the file back and run again"
    )]
    GroundLost {
        /// The file.
        file: String,
    },
    /// A lock names something that isn't there.
    #[error(
        "plan.lock names \"{id}\", which is no candidate, site, road, duct, node or data center of the inputs"
    )]
    LockOfNothing {
        /// The id.
        id: String,
    },
    /// A lock is open and shut.
    #[error("plan.lock has \"{id}\" both in open and in shut")]
    LockedBothWays {
        /// The id.
        id: String,
    },
}

impl Bilingual for PlanError {
    fn zh(&self) -> String {
        match self {
            Self::Roads(e) => format!("道路无法构成网络：{}", e.zh()),
            Self::Whole(e) => format!("无法选定基站与光缆：{}", e.zh()),
            Self::LockedBeyondBudget { ids, cost_cny, budget_cny } => format!(
                "plan.lock.open 要求 {}，连同接入光缆费用为 {}，超过 plan.budget_cny（{}）",
                listed_zh(ids),
                yuan_zh(*cost_cny),
                yuan_zh(*budget_cny)
            ),
            Self::Fiber(e) => format!("无法规划光缆：{}", e.zh()),
            Self::Placement(e) => format!("无法布局数据中心：{}", e.zh()),
            Self::UnknownGround { links, site } => format!(
                "{links} 条链路经过 dem 图层没有高程的地面，其中有企业“{site}”的链路（radio.terrain.unknown = \"error\"）"
            ),
            Self::GroundLost { file } => {
                format!(
                    "高程文件 {file} 起初可读，运行中无法再次读取，部分链路可能缺少高程；请恢复该文件后重新运行"
                )
            }
            Self::LockOfNothing { id } => {
                format!("plan.lock 中的“{id}”不是输入中的候选点、企业、道路、管道、节点或数据中心")
            }
            Self::LockedBothWays { id } => format!("plan.lock 的 open 与 shut 中都有“{id}”"),
        }
    }
}
