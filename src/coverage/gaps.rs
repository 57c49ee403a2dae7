//! Sites below target on every network, most urgent first.

use super::result::{Gap, SiteResult, Term};
use super::score::{weights, worst_term};
use crate::model::records::SiteId;
use crate::model::settings::Settings;

/// The gaps: sites whose best score is below `score.target`, by deficit × weight. A site without a score
/// is unknown, not a gap.
#[must_use]
pub fn gaps(sites: &[SiteResult], settings: &Settings) -> Vec<Gap> {
    let (target, critical) = (settings.score.target, settings.score.critical);
    let weights = weights(settings);
    let mut gaps: Vec<Gap> = sites
        .iter()
        .enumerate()
        .filter(|(_, r)| r.scored)
        .filter_map(|(i, r)| {
            let total = r.score.total.get().filter(|t| *t < target)?;
            let deficit = (target - total) as f32;
            Some(Gap {
                site: SiteId(i as u32),
                deficit,
                priority: deficit * r.weight,
                worst: worst_term(&r.score, &weights).unwrap_or(Term::OutdoorRsrp),
                critical: total < critical,
            })
        })
        .collect();
    gaps.sort_by(|a, b| b.priority.total_cmp(&a.priority).then(a.site.cmp(&b.site)));
    gaps
}
