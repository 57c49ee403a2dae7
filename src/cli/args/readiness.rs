//! What `covplan readiness` is asked.

use super::{BadValue, bad};
use crate::policy::schemes::Scheme;
use crate::policy::subsidy::{BadOffer, Offer};
use clap::{Args, ValueEnum};

/// What `covplan readiness` looks into.
#[derive(Clone, Debug, Args)]
pub struct ReadinessArgs {
    /// Network-ready plants wanted in all: names the cheapest to lift
    #[arg(allow_negative_numbers = true, long, value_name = "N")]
    pub wanted: Option<u64>,
    /// Count only plants against which nothing known stands in this scheme
    #[arg(long, value_name = "SCHEME")]
    pub scheme: Option<SchemeArg>,
    /// What a subsidy would bring: share of the cost, most per plant, for whom (all, small, large, level=NAME); may be repeated
    #[arg(long, value_name = "SHARE[:CAP[:WHO]]", value_parser = parse_subsidy)]
    pub subsidy: Vec<Offer>,
    /// Plan too, and show which service classes run after it
    #[arg(long)]
    pub with_plan: bool,
}

/// A scheme of 5G factories.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemeArg {
    /// The ministry's directory
    Directory,
    /// T/CCIASC 0025—2024
    Association,
    /// A star certification
    Star,
}

impl SchemeArg {
    /// As the evaluation knows it.
    #[must_use]
    pub const fn scheme(self) -> Scheme {
        match self {
            Self::Directory => Scheme::Directory,
            Self::Association => Scheme::Association,
            Self::Star => Scheme::Star,
        }
    }
}

fn parse_subsidy(s: &str) -> Result<Offer, BadValue> {
    s.parse().or_else(|e: BadOffer| {
        bad((
            e.to_string(),
            "应为 比例[:上限[:对象]]，如 0.3:500000:small；对象可为 all、small、large 或 level=等级"
                .to_owned(),
        ))
    })
}
