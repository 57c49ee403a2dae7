//! Edge nodes in the purse: rooms where compute could stand, and what each would add to sites below target.
//!
//! A site's round trip is that to its nearest compute, so of the nodes chosen it takes the best: the same rule
//! as for stations. Racks aren't looked at here, as they aren't in the score.

use crate::coverage::score::{latency_quality, need};
use crate::coverage::{Assessment, Term, latency};
use crate::datacenter::places::Place;
use crate::index::PointIndex;
use crate::model::inputs::Inputs;
use crate::model::kinds::Lock;
use crate::model::records::SiteId;
use crate::model::settings::Settings;

/// A room where an edge node could be opened.
#[derive(Clone, Debug, PartialEq)]
pub struct Edge {
    /// Its id.
    pub id: String,
    /// Capex of the smallest hall that is built there, yuan.
    pub price_cny: f64,
    /// The planner's decision.
    pub lock: Lock,
    /// Weighted points that it adds to a site below target, by the site's place among those.
    pub gains: Vec<(u32, f64)>,
}

/// The rooms that a plan may open: those that would shorten the round trip of a site below target that asks for
/// a shorter one, and those that the planner locked open.
pub fn edges(
    inputs: &Inputs,
    settings: &Settings,
    today: &Assessment,
    gaps: &[SiteId],
    places: &[Place],
) -> Vec<Edge> {
    let rooms: Vec<&Place> = places.iter().filter(|p| !p.existing && p.lock != Lock::Shut).collect();
    let index = PointIndex::of((0u32..).zip(rooms.iter().map(|r| r.at)));
    let mut all: Vec<Edge> = rooms
        .iter()
        .map(|p| Edge { id: p.id.clone(), price_cny: p.least_cny(), lock: p.lock, gains: Vec::new() })
        .collect();
    let latency_at = Term::ALL.iter().position(|t| *t == Term::Latency).unwrap_or(0);
    let beside_ms = latency::beside_transport_ms(&settings.latency);
    let mut near = Vec::new();
    for (gap, &site) in (0u32..).zip(gaps) {
        let (Some(s), Some(result)) = (inputs.sites.list.get(site.at()), today.sites.get(site.at())) else {
            continue;
        };
        let quality = result.score.quality;
        let (Some(now), Some(rtt_ms)) = (quality[latency_at].get(), result.latency_rtt_ms.get()) else {
            continue;
        };
        let weights = quality.iter().zip(&today.weights).filter(|(q, _)| q.is_known());
        let known: f64 = weights.map(|x| x.1).sum();
        let need_ms = need(s, settings).latency_rtt_ms;
        if known <= 0.0 || rtt_ms <= need_ms {
            continue;
        }
        index.within(s.at, latency::reach_m(rtt_ms - beside_ms, &settings.latency), &mut near);
        for hit in &near {
            let then = latency_quality(latency::round_trip_ms(hit.distance_m, &settings.latency), need_ms);
            let points = 100.0 * today.weights[latency_at] * (then - now) / known;
            if points > 0.0
                && let Some(edge) = all.get_mut(hit.index as usize)
            {
                edge.gains.push((gap, points * f64::from(result.weight)));
            }
        }
    }
    all.retain(|e| !e.gains.is_empty() || e.lock == Lock::Open);
    all
}

/// The weighted points that some of them add together, by their place in the list, and of each what it adds as
/// the best for a site.
#[must_use]
pub fn points(edges: &[Edge], chosen: &[u32], gaps: usize) -> (f64, Vec<f64>) {
    let mut best: Vec<(f64, usize)> = vec![(0.0, 0); gaps];
    let mut each = vec![0.0; chosen.len()];
    for (place, edge) in chosen.iter().enumerate().filter_map(|(p, &e)| Some((p, edges.get(e as usize)?))) {
        for &(gap, points) in &edge.gains {
            if let Some(b) = best.get_mut(gap as usize).filter(|b| points > b.0) {
                *b = (points, place);
            }
        }
    }
    for (points, place) in &best {
        if let Some(e) = each.get_mut(*place) {
            *e += points;
        }
    }
    (best.iter().map(|b| b.0).sum(), each)
}
