//! The score of a site on one network: weighted terms that add up exactly.
//!
//! Each term has a quality between 0 (nothing) and 1 (all that is asked for); `points` = 100 · weight ·
//! quality / Σ weights of the terms that are known, and the score is the sum of the points. A term whose
//! input is unknown takes no part; the range from `low` to `high` is what the unknown terms could make of
//! it. With less than `score.min_known_share` of the weights known there is no score.

use super::result::{Score, Term, TermWeights};
use crate::model::kinds::{LatencyBasis, ServiceClass};
use crate::model::records::Site;
use crate::model::settings::{ScoreSettings, ServiceNeed, Settings};
use crate::model::text::Known;

/// Quality of a term: a value, or the range in which an unknown one must lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quality {
    /// The quality, if it is known.
    pub known: Option<f64>,
    /// Least quality possible.
    pub low: f64,
    /// Greatest quality possible.
    pub high: f64,
}

impl Quality {
    /// Nothing is known.
    pub const UNKNOWN: Quality = Quality { known: None, low: 0.0, high: 1.0 };

    /// A known quality, kept between 0 and 1.
    #[must_use]
    pub fn of(q: f64) -> Self {
        let q = q.clamp(0.0, 1.0);
        Self { known: Some(q), low: q, high: q }
    }

    /// Unknown, but at least `low`.
    #[must_use]
    pub fn at_least(low: f64) -> Self {
        Self { known: None, low: low.clamp(0.0, 1.0), high: 1.0 }
    }
}

/// Quality of a level: 0 at `radio.threshold.rsrp_floor_dbm`, 1 at `rsrp_good_dbm`, a straight line between.
#[must_use]
pub fn level_quality(rsrp_dbm: f64, settings: &Settings) -> f64 {
    let t = &settings.radio.threshold;
    let span = t.rsrp_good_dbm - t.rsrp_floor_dbm;
    let q = if span > 0.0 {
        (rsrp_dbm - t.rsrp_floor_dbm) / span
    } else {
        f64::from(u8::from(rsrp_dbm >= t.rsrp_good_dbm))
    };
    q.clamp(0.0, 1.0)
}

/// Quality of a rate: its share of what is needed, at most 1.
#[must_use]
pub fn rate_quality(mbps: f64, need_mbps: f64) -> f64 {
    if need_mbps > 0.0 { (mbps / need_mbps).clamp(0.0, 1.0) } else { 1.0 }
}

/// Quality of a round trip: what is needed over what there is, at most 1.
#[must_use]
pub fn latency_quality(rtt_ms: f64, need_ms: f64) -> f64 {
    if rtt_ms > 0.0 { (need_ms / rtt_ms).clamp(0.0, 1.0) } else { 1.0 }
}

/// Quality of a distance to fiber: 1 up to `score.fiber_good_m`, 0 from `score.fiber_floor_m` on, a straight
/// line over the logarithm of the distance between.
#[must_use]
pub fn fiber_quality(distance_m: f64, s: &ScoreSettings) -> f64 {
    if distance_m <= s.fiber_good_m {
        return 1.0;
    }
    if distance_m >= s.fiber_floor_m {
        return 0.0;
    }
    // A good distance of nothing would stretch the logarithm without end.
    let good = s.fiber_good_m.max(1.0);
    ((s.fiber_floor_m / distance_m).ln() / (s.fiber_floor_m / good).ln()).clamp(0.0, 1.0)
}

/// What a site's production asks of the network: its own figures first, then those of its service class,
/// then those of ordinary data.
#[must_use]
pub fn need(site: &Site, settings: &Settings) -> ServiceNeed {
    let class = site.service.unwrap_or(ServiceClass::Data);
    let of = |c: ServiceClass| settings.score.service.get(c.code());
    let usual = of(class).or_else(|| of(ServiceClass::Data)).copied();
    let usual = usual.unwrap_or(ServiceNeed { ul_mbps: 0.0, dl_mbps: 0.0, latency_rtt_ms: f64::INFINITY });
    let there_and_back = if site.latency_basis == Some(LatencyBasis::OneWay) { 2.0 } else { 1.0 };
    ServiceNeed {
        ul_mbps: site.ul_mbps.or(usual.ul_mbps),
        dl_mbps: site.dl_mbps.or(usual.dl_mbps),
        latency_rtt_ms: site.latency_ms.get().map_or(usual.latency_rtt_ms, |l| l * there_and_back),
    }
}

/// The weights of the terms.
#[must_use]
pub fn weights(settings: &Settings) -> TermWeights {
    let w = &settings.score.weight;
    Term::ALL.map(|term| match term {
        Term::OutdoorRsrp => w.outdoor_rsrp,
        Term::IndoorRsrp => w.indoor_rsrp,
        Term::DlRate => w.dl_rate,
        Term::UlRate => w.ul_rate,
        Term::Fiber => w.fiber,
        Term::Latency => w.latency,
    })
}

/// Adds up the terms, given in the order of [`Term::ALL`].
#[must_use]
pub fn score(qualities: &[Quality; 6], settings: &Settings) -> Score {
    let weights = weights(settings);
    let all: f64 = weights.iter().sum();
    let known: f64 = (0..6).filter(|&i| qualities[i].known.is_some()).map(|i| weights[i]).sum();
    let mut score = Score { quality: qualities.map(|q| Known::from_f64(q.known)), ..Score::default() };
    let known_share = if all > 0.0 { (known / all) as f32 } else { 0.0 };
    let enough = known > 0.0 && f64::from(known_share) >= settings.score.min_known_share - 1e-6;
    let end = |pick: fn(&Quality) -> f64| {
        let sum: f64 = (0..6).map(|i| weights[i] * pick(&qualities[i])).sum();
        if all > 0.0 { Known::new((100.0 * sum / all) as f32) } else { Known::UNKNOWN }
    };
    if enough {
        score.total = Known::new(score.terms(&weights).iter().map(|t| t.points).sum());
    }
    // A term known to be at least so good may lift the lower end above a score that leaves it out.
    let low = end(|q| q.low).get().map(|low| low.min(score.total.or(low)));
    (score.low, score.high, score.known_share) = (Known::from_f64(low), end(|q| q.high), known_share);
    score
}

/// The known term that costs most points: the greatest weight times what its quality lacks; the first of
/// equals, `None` when nothing is lacking.
#[must_use]
pub fn worst_term(score: &Score, weights: &TermWeights) -> Option<Term> {
    let mut worst: Option<(f64, Term)> = None;
    for ((term, q), weight) in Term::ALL.into_iter().zip(score.quality).zip(weights) {
        let lost = q.get().map_or(0.0, |q| weight * (1.0 - q));
        if lost > 0.0 && worst.is_none_or(|(most, _)| lost > most) {
            worst = Some((lost, term));
        }
    }
    worst.map(|(_, term)| term)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn settings() -> Settings {
        Settings::with(&toml::Table::new()).unwrap()
    }

    /// Weights 20, 20, 10, 20, 20, 10 of the catalogue.
    #[test]
    fn by_hand() {
        let s = settings();
        let q = [
            Quality::of(level_quality(-105.0, &s)), // (−105 + 120) / 30 = 0.5
            Quality::UNKNOWN,
            Quality::of(rate_quality(30.0, 25.0)),               // 1
            Quality::of(rate_quality(2.0, 8.0)),                 // 0.25
            Quality::of(fiber_quality(1_414.213_562, &s.score)), // midway between 200 m and 10 km in logarithm: 0.5
            Quality::of(latency_quality(25.0, 20.0)),            // 0.8
        ];
        let r = score(&q, &s);
        // Known weights 80: (20·0.5 + 10 + 20·0.25 + 20·0.5 + 10·0.8) / 80 = 43 / 80.
        assert!((r.total.or(0.0) - 53.75).abs() < 1e-4, "{r:?}");
        assert!((r.known_share - 0.8).abs() < 1e-6);
        assert!((r.low.or(0.0) - 43.0).abs() < 1e-4 && (r.high.or(0.0) - 63.0).abs() < 1e-4);
        assert_eq!(r.terms(&weights(&s))[1].points, 0.0);
        assert!(!r.quality[1].is_known());
        assert_eq!(worst_term(&r, &weights(&s)), Some(Term::UlRate));
    }

    #[test]
    fn too_little_known_is_no_score() {
        let s = settings();
        let mut q = [Quality::UNKNOWN; 6];
        q[4] = Quality::of(1.0);
        let r = score(&q, &s);
        assert!(!r.total.is_known());
        assert!((r.low.or(-1.0) - 20.0).abs() < 1e-5 && (r.high.or(-1.0) - 100.0).abs() < 1e-5);
        assert!(!score(&[Quality::UNKNOWN; 6], &s).total.is_known());
    }

    #[test]
    fn one_way_counts_twice() {
        let s = settings();
        let mut site =
            Site::at(Default::default(), Default::default(), crate::geom::LonLat::wrapped(0.0, 0.0));
        assert_eq!(need(&site, &s).latency_rtt_ms, 50.0);
        site.latency_ms = Known::new(5.0);
        site.latency_basis = Some(LatencyBasis::OneWay);
        assert_eq!(need(&site, &s).latency_rtt_ms, 10.0);
        site.service = Some(ServiceClass::Video);
        assert_eq!(need(&site, &s).ul_mbps, 20.0);
    }

    fn quality() -> impl Strategy<Value = Quality> {
        prop_oneof![
            (0.0..=1.0f64).prop_map(Quality::of),
            Just(Quality::UNKNOWN),
            (0.0..=1.0f64).prop_map(Quality::at_least),
        ]
    }

    proptest! {
        #[test]
        fn points_add_up_and_the_range_holds_every_outcome(
            q in [quality(), quality(), quality(), quality(), quality(), quality()],
            truth in [0.0..=1.0f64, 0.0..=1.0f64, 0.0..=1.0f64, 0.0..=1.0f64, 0.0..=1.0f64, 0.0..=1.0f64],
        ) {
            let s = settings();
            let r = score(&q, &s);
            if let Some(total) = r.total.get() {
                let sum: f32 = r.terms(&weights(&s)).iter().map(|t| t.points).sum();
                prop_assert_eq!(total, f64::from(sum));
                prop_assert!((0.0..=100.001).contains(&total));
            }
            // Whatever the unknown terms turn out to be, the score lies in the range.
            let known = std::array::from_fn(|i| {
                Quality::of(q[i].known.unwrap_or(q[i].low + truth[i] * (q[i].high - q[i].low)))
            });
            let t = score(&known, &s).total.or(-1.0);
            prop_assert!(t >= r.low.or(0.0) - 1e-3 && t <= r.high.or(0.0) + 1e-3);
        }
    }
}
