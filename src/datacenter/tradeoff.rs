//! What less latency and less carbon cost: layouts under many weights and limits, each with a proven bound.
//!
//! A weighing of cost, mean latency and carbon gives a layout that no other beats in all three (up to its
//! gap); a limit on the worst latency gives those in between that no weighing finds. Both are swept, and what
//! another point beats in everything is dropped.

use super::study::{Layout, Metrics, Study, StudyError, Weights, percentile};
use crate::optimise::facility::FacilityError;
use crate::optimise::{Effort, Work, relative_gap};
use serde::Serialize;

/// What a point of the curve was looked for with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aim {
    /// The weights that the settings ask for.
    Chosen,
    /// Cost alone.
    Cost,
    /// Latency counts more.
    Latency,
    /// Carbon counts more.
    Carbon,
    /// Cost, and a limit on the worst latency.
    Worst,
}

impl Aim {
    /// Code, and words in English and Chinese.
    #[must_use]
    pub const fn label(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Chosen => ("chosen", "as the settings weigh it", "按设置权重"),
            Self::Cost => ("cost", "least cost", "成本最低"),
            Self::Latency => ("latency", "latency counts", "时延优先"),
            Self::Carbon => ("carbon", "carbon counts", "低碳优先"),
            Self::Worst => ("worst", "worst latency limited", "限制最长时延"),
        }
    }
}

/// A point of the curve.
#[derive(Clone, Debug, Serialize)]
pub struct Point {
    /// What it was looked for with.
    pub aim: Aim,
    /// Yuan per rack and millisecond that it weighs latency at.
    pub ms_cny: f64,
    /// Yuan per tonne of carbon.
    pub carbon_cny_t: f64,
    /// Limit on the worst round trip, ms.
    pub worst_rtt_ms: Option<f64>,
    /// Centers.
    pub centers: u64,
    /// New ones among them.
    pub new: u64,
    /// What it amounts to.
    pub metrics: Metrics,
    /// Weighted sum, yuan a year.
    pub objective: f64,
    /// No layout does better under these weights.
    pub bound: f64,
    /// |objective − bound| / objective.
    pub gap: f64,
}

/// Factors on the worth of a millisecond.
const LATENCY: [f64; 5] = [1.0, 4.0, 16.0, 64.0, 4096.0];
/// Prices of carbon, yuan per tonne.
const CARBON: [f64; 4] = [100.0, 500.0, 2_500.0, 100_000.0];
/// Limits between the least worst latency that can be had and that of the cheapest layout, as shares.
const WORST: [f64; 4] = [0.0, 0.25, 0.5, 0.75];

/// The weights that the settings ask for.
#[must_use]
pub fn chosen(study: &Study) -> Weights {
    Weights {
        ms_cny: study.settings.datacenter.ms_value_cny_yr,
        carbon_cny_t: study.settings.energy.carbon_cny_t,
        ..Weights::COST
    }
}

fn point(study: &Study, aim: Aim, w: Weights, layout: &Layout) -> Point {
    Point {
        aim,
        ms_cny: w.ms_cny,
        carbon_cny_t: w.carbon_cny_t,
        worst_rtt_ms: w.worst_rtt_ms.is_finite().then_some(w.worst_rtt_ms),
        centers: layout.open.len() as u64,
        new: layout.open.iter().filter(|&&p| !study.places[p as usize].existing).count() as u64,
        metrics: layout.metrics,
        objective: layout.objective,
        bound: layout.bound,
        gap: relative_gap(layout.objective, layout.bound),
    }
}

/// The curve, from the cheapest on; `first` is the layout under the chosen weights. Points that another beats
/// in cost, mean and worst latency and carbon are left out.
///
/// # Errors
/// Locks, a number of centers or capacities that nothing can satisfy.
pub fn curve(study: &Study, first: &Layout, work: Work<'_>) -> Result<Vec<Point>, StudyError> {
    let base = chosen(study);
    let work = Work { effort: Effort::LOW, ..work };
    let free = Weights::COST;
    let mut asked = vec![(Aim::Cost, free)];
    let step = if base.ms_cny > 0.0 { base.ms_cny } else { 1_000.0 };
    asked.extend(LATENCY.map(|f| (Aim::Latency, Weights { ms_cny: f * step, ..free })));
    asked.extend(CARBON.map(|c| (Aim::Carbon, Weights { carbon_cny_t: c, ..free })));
    asked.push((Aim::Carbon, Weights { ms_cny: step, carbon_cny_t: CARBON[2], ..free }));
    let mut points = vec![point(study, Aim::Chosen, base, first)];
    let mut slowest = first.metrics.rtt_worst_ms;
    for (aim, w) in asked {
        if work.stop.requested() {
            break;
        }
        let layout = study.layout(&w, work)?;
        if aim == Aim::Cost {
            slowest = slowest.max(layout.metrics.rtt_worst_ms);
        }
        points.push(point(study, aim, w, &layout));
    }
    let fastest = fastest_worst_ms(study);
    for share in WORST {
        let limit = fastest + share * (slowest - fastest);
        if work.stop.requested() || limit >= slowest {
            break;
        }
        let w = Weights { worst_rtt_ms: limit, ..free };
        match study.layout(&w, work) {
            Ok(layout) => points.push(point(study, Aim::Worst, w, &layout)),
            // Capacities or the number of centers don't let everybody be served as fast.
            Err(StudyError::Facility(FacilityError::Malformed(why))) => {
                return Err(FacilityError::Malformed(why).into());
            }
            Err(_) => {}
        }
    }
    Ok(frontier(points))
}

/// The least worst round trip that can be had, ms: nobody can be served faster than at his nearest place.
pub(super) fn fastest_worst_ms(study: &Study) -> f64 {
    (0..study.demands.len())
        .filter(|&d| study.demands[d].latency_value > 0.0)
        .map(|d| study.nearest_ms(d))
        .fold(0.0, f64::max)
}

/// The least 95th percentile that can be had, ms, for the same reason.
pub(super) fn fastest_p95_ms(study: &Study) -> f64 {
    let valued = (0..study.demands.len()).filter(|&d| study.demands[d].latency_value > 0.0);
    let mut slowness: Vec<(f64, f64)> =
        valued.map(|d| (study.nearest_ms(d), study.demands[d].racks)).collect();
    percentile(&mut slowness, 0.95)
}

/// Drops points that another beats or equals in everything; the chosen one always stays.
fn frontier(points: Vec<Point>) -> Vec<Point> {
    let figures = |p: &Point| {
        let m = &p.metrics;
        [m.cost_cny_yr, m.rtt_mean_ms, m.rtt_worst_ms, m.carbon_t_yr]
    };
    let beats = |a: &Point, b: &Point| {
        let (a, b) = (figures(a), figures(b));
        a.iter().zip(&b).all(|(a, b)| *a <= b * (1.0 + 1e-9))
    };
    let kept: Vec<bool> = (0..points.len())
        .map(|i| {
            points[i].aim == Aim::Chosen
                || !points.iter().enumerate().any(|(j, other)| {
                    // Of equals the earlier one stays.
                    i != j && beats(other, &points[i]) && (!beats(&points[i], other) || j < i)
                })
        })
        .collect();
    let mut kept = kept.into_iter();
    let mut list: Vec<Point> = points.into_iter().filter(|_| kept.next().unwrap_or(false)).collect();
    list.sort_by(|a, b| a.metrics.cost_cny_yr.total_cmp(&b.metrics.cost_cny_yr).then(a.aim.cmp(&b.aim)));
    list
}
