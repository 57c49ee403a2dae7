//! Ranges of scores where a position isn't known exactly.
//!
//! Radio is worked out anew at eight places, four on the circle of the position's accuracy and four at half
//! of it, and the distance to fiber may be as much more or less. The range holds the scores met there; it
//! is no proof for every place in the circle. The places of neighbouring sites are looked at together, in
//! blocks that share what stands around them.

use super::assess::{Assessor, Desk, Ground, blocks, circle};
use super::fiber_reach::FiberDistance;
use super::reception::{Depth, Spot, at_network};
use super::result::{Score, SiteResult};
use super::score::score;
use crate::geom::{LocalFrame, LonLat, Xy};
use crate::index::hilbert_order;
use crate::model::kinds::Basis;
use crate::model::operators::NetworkId;
use crate::model::records::{Site, SiteId};
use crate::model::settings::ServiceNeed;
use crate::model::text::Known;

/// A score that the accuracy of its site's position leaves open.
pub(super) struct Open<'a> {
    /// Place of the site among those worked on together.
    pub at: usize,
    /// The site's number.
    pub id: SiteId,
    /// The site.
    pub site: &'a Site,
    /// The network.
    pub network: NetworkId,
    /// Accuracy of the position, metres.
    pub radius_m: f64,
    /// What the site asks of the network.
    pub need: ServiceNeed,
    /// The score where the site is taken to stand; widened later.
    pub score: Score,
}

/// A place where a site may stand instead.
struct Place {
    /// Index of what is open.
    of: usize,
    at: LonLat,
    shift_m: f64,
}

impl<'a> Assessor<'a> {
    /// Accuracy of a site's position, metres, where it makes its score a range.
    pub(super) fn blur_m(&self, site: &Site) -> Option<f64> {
        site.pos_acc_m.get().filter(|a| *a > self.settings.score.pos_acc_range_m)
    }

    /// Widens scores to ranges. `results` hold what else is known of the sites.
    pub(super) fn widen(&self, open: &mut [Open<'a>], results: &[SiteResult], desk: &mut Desk) {
        for network in self.inputs.operators.networks() {
            let mut places: Vec<Place> = Vec::new();
            for (of, o) in open.iter().enumerate().filter(|(_, o)| o.network == network) {
                let frame = LocalFrame::new(o.site.at);
                places.extend((0..8u32).map(|i| {
                    let angle = f64::from(i) * std::f64::consts::FRAC_PI_4;
                    let shift_m = if i % 2 == 0 { o.radius_m } else { o.radius_m / 2.0 };
                    let at = frame.to_lonlat(Xy { x_m: shift_m * angle.sin(), y_m: shift_m * angle.cos() });
                    Place { of, at, shift_m }
                }));
            }
            let order = hilbert_order(&places.iter().map(|p| p.at).collect::<Vec<_>>());
            let places: Vec<&Place> = order.iter().filter_map(|&i| places.get(i as usize)).collect();
            let at: Vec<LonLat> = places.iter().map(|p| p.at).collect();
            for (from, to) in blocks(&at) {
                let (centre, spread) = circle(&at[from..to]);
                let mut near = self.around(network, centre, spread, desk);
                let scene = self.air.scene_about(centre, spread);
                for place in &places[from..to] {
                    let Some(o) = open.get_mut(place.of) else { continue };
                    let Some(result) = results.get(o.at) else { continue };
                    let scene = scene.unwrap_or_else(|| self.air.scene(place.at));
                    let spot = Spot { site: o.site, id: o.id, at: place.at, scene, thought: None };
                    // What was measured at the site says nothing about another place.
                    desk.forget_tests();
                    let there =
                        at_network(&self.surround(), &spot, network, Some(&mut near), Depth::Score, desk);
                    for shift_m in [-place.shift_m, place.shift_m] {
                        let ground = shifted(result, shift_m);
                        let s = score(&self.qualities(&there, &ground, &o.need), self.settings);
                        o.score.low = Known::from_f64(Some(o.score.low.or(0.0).min(s.low.or(0.0))));
                        o.score.high = Known::from_f64(Some(o.score.high.or(100.0).max(s.high.or(100.0))));
                    }
                }
            }
        }
    }
}

/// Fiber and compute of a site, joinable fiber so much farther off.
fn shifted(result: &SiteResult, shift_m: f64) -> Ground {
    let distance_m = match result.fiber_basis {
        Basis::Given => result.fiber_m,
        _ => Known::from_f64(result.fiber_m.get().map(|d| (d + shift_m).max(0.0))),
    };
    Ground {
        fiber: FiberDistance { distance_m, node: result.fiber_node, basis: result.fiber_basis },
        latency_rtt_ms: result.latency_rtt_ms,
        datacenter: result.datacenter,
    }
}
