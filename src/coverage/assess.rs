//! The assessment: every site on every network, region by region of neighbouring sites.

use super::air::{Air, Gathering, NetworkNear};
use super::fiber_reach::{FiberDistance, FiberReach, fiber_distance, is_backbone};
use super::fill::Catalogued;
use super::gaps::gaps;
use super::kpi::{Places, kpis};
use super::latency::Compute;
use super::measured::{Comparison, Corrections, compare};
use super::notes::{facts, notes};
use super::reception::{Depth, DriveTests, Ear, Hosts, Spot, Surround, at_network};
use super::result::{Assessment, IndoorCover, NetworkAtSite, Score, SiteResult, Towers};
use super::score::{
    Quality, fiber_quality, latency_quality, level_quality, need, rate_quality, score, weights,
};
use super::towers::towers;
use super::weight::Weights;
use super::widen::Open;
use crate::geom::{LocalFrame, LonLat, Xy};
use crate::index::{Hit, PointIndex, hilbert_order};
use crate::model::inputs::Inputs;
use crate::model::kinds::{Basis, SiteStatus};
use crate::model::operators::NetworkId;
use crate::model::progress::Progress;
use crate::model::records::{Cell, Site, SiteId};
use crate::model::settings::{ServiceNeed, Settings};
use crate::model::text::Known;
use rayon::prelude::*;
use smallvec::SmallVec;

/// Sites that one task works on.
const REGION: usize = 2048;
/// Regions worked on before their results are put in place: bounds the memory beside the results.
const BATCH: usize = 16;
/// Most positions of a block.
const BLOCK: usize = 64;
/// Greatest distance of a block's position from its first, metres.
const BLOCK_REACH_M: f64 = 1000.0;

/// Scores every site of the inputs. `fiber` tells distances by road.
#[must_use]
pub fn assess(inputs: &Inputs, settings: &Settings, fiber: &dyn FiberReach) -> Assessment {
    assess_told(inputs, settings, fiber, &Progress::default())
}

/// [`assess`], telling of every site that is scored; the caller has said how many to expect.
#[must_use]
pub fn assess_told(
    inputs: &Inputs,
    settings: &Settings,
    fiber: &dyn FiberReach,
    progress: &Progress,
) -> Assessment {
    let towers = towers(&inputs.cells, settings.siting.cluster_m);
    let assessor = Assessor::new(inputs, settings, &towers, fiber);
    let networks = inputs.operators.network_count();
    // Before the results take their room: sorting takes some too.
    let order = hilbert_order(&inputs.sites.list.iter().map(|s| s.at).collect::<Vec<_>>());
    let mut sites = vec![NOT_SCORED; inputs.sites.list.len()];
    let mut at_network = vec![NetworkAtSite::NOTHING; sites.len() * networks];
    for batch in order.chunks(REGION * BATCH) {
        let done: Vec<(Vec<SiteResult>, Vec<NetworkAtSite>)> = batch
            .par_chunks(REGION)
            .map_init(Desk::default, |desk, region| {
                let done = assessor.region(region, desk);
                progress.add(region.len() as u64);
                done
            })
            .collect();
        for (region, (results, radio)) in batch.chunks(REGION).zip(done) {
            for (i, (site, result)) in region.iter().zip(results).enumerate() {
                let site = *site as usize;
                sites[site] = result;
                let (from, to) = (i * networks, site * networks);
                at_network[to..to + networks].copy_from_slice(&radio[from..from + networks]);
            }
        }
    }
    assessor.serve_demand(&mut sites, &mut at_network);
    let mut result = Assessment {
        networks: inputs.operators.networks().map(|n| inputs.operators.network_name(n)).collect(),
        rats: settings.project.rats.clone(),
        weights: weights(settings),
        gaps: gaps(&sites, settings),
        sites,
        at_network,
        measured: assessor.measured.clone().unwrap_or_else(|| compare(&assessor)),
        ..Assessment::default()
    };
    result.kpis = kpis(inputs, settings, &result, &towers, &assessor.places);
    result.facts = facts(&assessor, &result);
    result.notes = notes(&assessor, &result);
    drop(assessor);
    result.towers = towers;
    result
}

/// Runs of positions that lie close together, as half-open ranges.
pub(super) fn blocks(at: &[LonLat]) -> Vec<(usize, usize)> {
    let mut blocks = Vec::new();
    let mut start = 0;
    let mut frame: Option<LocalFrame> = None;
    for (i, &here) in at.iter().enumerate() {
        let far = |f: &LocalFrame| f.to_xy(here).distance_m(Xy::default()) > BLOCK_REACH_M;
        if i - start >= BLOCK || frame.as_ref().is_some_and(far) {
            blocks.push((start, i));
            start = i;
            frame = None;
        }
        frame.get_or_insert_with(|| LocalFrame::new(here));
    }
    if start < at.len() {
        blocks.push((start, at.len()));
    }
    blocks
}

const NOT_SCORED: SiteResult = SiteResult {
    scored: false,
    best_network: None,
    score: Score {
        total: Known::UNKNOWN,
        low: Known::UNKNOWN,
        high: Known::UNKNOWN,
        quality: [Known::UNKNOWN; 6],
        known_share: 0.0,
    },
    flat_total: Known::UNKNOWN,
    fiber_m: Known::UNKNOWN,
    fiber_node: None,
    fiber_basis: Basis::Unknown,
    backbone_m: Known::UNKNOWN,
    latency_rtt_ms: Known::UNKNOWN,
    datacenter: None,
    city: None,
    weight: 1.0,
};

/// Buffers that a thread keeps from block to block.
#[derive(Default)]
pub struct Desk {
    ear: Ear,
    tests: Vec<Hit>,
    regions: Vec<u32>,
    gathering: Gathering,
}

/// What there is to know of a site beside radio.
#[derive(Clone, Copy, Debug)]
pub struct Ground {
    /// Joinable fiber.
    pub fiber: FiberDistance,
    /// Round trip to compute, milliseconds.
    pub latency_rtt_ms: Known,
    /// That compute.
    pub datacenter: Option<u32>,
}

/// Everything that scoring a site looks at, worked out once for all sites.
pub struct Assessor<'a> {
    /// Everything that was read.
    pub inputs: &'a Inputs,
    /// All settings.
    pub settings: &'a Settings,
    /// The cells as radio sees them.
    pub air: Air<'a>,
    catalogued: Catalogued<'a>,
    tests: DriveTests<'a>,
    hosts: Hosts,
    compute: Compute<'a>,
    backbone: PointIndex,
    /// Regions by position.
    pub places: Places<'a>,
    /// What each site counts for in objectives.
    pub weights: Weights<'a>,
    fiber: &'a dyn FiberReach,
    /// Measurements against the prediction that they corrected.
    measured: Option<Vec<Comparison>>,
}

impl<'a> Assessor<'a> {
    /// Works out what all sites share. `towers` are those of the inputs' cells.
    #[must_use]
    pub fn new(
        inputs: &'a Inputs,
        settings: &'a Settings,
        towers: &'a Towers,
        fiber: &'a dyn FiberReach,
    ) -> Self {
        Self::with_thoughts(inputs, settings, towers, fiber, &[])
    }

    /// As [`new`](Self::new), with cells that don't stand yet but may be set up.
    #[must_use]
    pub fn with_thoughts(
        inputs: &'a Inputs,
        settings: &'a Settings,
        towers: &'a Towers,
        fiber: &'a dyn FiberReach,
        thought: &[&[Cell]],
    ) -> Self {
        let backbone = inputs.fiber_nodes.iter().enumerate().filter(|(_, n)| is_backbone(n));
        let mut assessor = Self {
            inputs,
            settings,
            air: Air::new(inputs, settings, towers, thought, Corrections::default()),
            catalogued: Catalogued::new(inputs, &settings.radio),
            tests: DriveTests::new(inputs, settings),
            hosts: Hosts::new(inputs, settings),
            compute: Compute::new(&inputs.datacenters, &settings.latency),
            backbone: PointIndex::of(backbone.map(|(i, n)| (i as u32, n.at))),
            places: Places::new(inputs),
            weights: Weights::new(inputs, settings),
            fiber,
            measured: None,
        };
        if settings.radio.measured_correction && !inputs.measurements.is_empty() {
            let found = compare(&assessor);
            let corrections = Corrections::of(&found);
            if !corrections.is_empty() {
                assessor.air = Air::new(inputs, settings, towers, thought, corrections);
            }
            assessor.measured = Some(found);
        }
        assessor
    }

    /// Whether a site is scored at all.
    #[must_use]
    pub fn is_scored(&self, site: &Site) -> bool {
        !self.settings.project.require_operating || matches!(site.status, None | Some(SiteStatus::Operating))
    }

    /// One site by itself: its result, and what each network gives it.
    #[must_use]
    pub fn site(&self, id: SiteId) -> (SiteResult, Vec<NetworkAtSite>) {
        let (results, radio) = self.region(&[id.0], &mut Desk::default());
        (results.first().copied().unwrap_or(NOT_SCORED), radio)
    }

    /// What positions at most `spread_m` from `centre` have around them of a network; see [`Air::near`].
    #[must_use]
    pub fn around(&self, network: NetworkId, centre: LonLat, spread_m: f64, desk: &mut Desk) -> NetworkNear {
        self.air.near(network, centre, spread_m, &mut desk.gathering)
    }

    /// A run of neighbouring sites, in their order; radio site by site, network by network.
    fn region(&self, sites: &[u32], desk: &mut Desk) -> (Vec<SiteResult>, Vec<NetworkAtSite>) {
        let networks = self.inputs.operators.network_count();
        let mut radio = vec![NetworkAtSite::NOTHING; sites.len() * networks];
        let mut results = vec![NOT_SCORED; sites.len()];
        let mut open = Vec::new();
        let mut scored: Vec<(usize, SiteId, &Site)> = Vec::with_capacity(sites.len());
        for (i, number) in sites.iter().enumerate() {
            let Some(site) = self.inputs.sites.list.get(*number as usize) else { continue };
            let Some(result) = results.get_mut(i) else { continue };
            result.city = self.places.city(site, self.inputs, &mut desk.regions);
            result.weight = self.weights.of(site) as f32;
            if self.is_scored(site) {
                scored.push((i, SiteId(*number), site));
            }
        }
        let at: Vec<LonLat> = scored.iter().map(|s| s.2.at).collect();
        for (from, to) in blocks(&at) {
            let (centre, spread) = circle(&at[from..to]);
            let mut networks_near: Vec<NetworkNear> = self
                .inputs
                .operators
                .networks()
                .map(|network| self.around(network, centre, spread, desk))
                .collect();
            let scene = self.air.scene_about(centre, spread);
            for &(i, id, site) in &scored[from..to] {
                let scene = scene.unwrap_or_else(|| self.air.scene(site.at));
                let spot = Spot { site, id, at: site.at, scene, thought: None };
                let slots = &mut radio[i * networks..(i + 1) * networks];
                results[i] = self.one(&spot, i, &mut networks_near, desk, slots, &mut open, &results[i]);
            }
        }
        self.widen(&mut open, &results, desk);
        for of_site in open.chunk_by(|a, b| a.at == b.at) {
            let best = best(of_site.iter().map(|o| (o.network, o.score)));
            if let (Some((network, score)), Some(result)) =
                (best, of_site.first().and_then(|o| results.get_mut(o.at)))
            {
                result.best_network = score.total.is_known().then_some(network);
                result.score = score;
            }
        }
        (results, radio)
    }

    /// One site on every network. Scores that the position's accuracy leaves open are added to `open`.
    #[allow(clippy::too_many_arguments)]
    fn one(
        &self,
        spot: &Spot<'a>,
        i: usize,
        near: &mut [NetworkNear],
        desk: &mut Desk,
        radio: &mut [NetworkAtSite],
        open: &mut Vec<Open<'a>>,
        base: &SiteResult,
    ) -> SiteResult {
        let Spot { site, id, .. } = *spot;
        let ground = self.ground(id, site);
        let need = need(site, self.settings);
        self.look_up_tests(site.at, desk);
        let mut scores: SmallVec<[(NetworkId, Score); 4]> = SmallVec::new();
        let flat_total = self.flat_total(spot, near, desk, &ground, &need);
        for ((network, near), slot) in self.inputs.operators.networks().zip(near).zip(radio) {
            *slot = at_network(&self.surround(), spot, network, Some(near), Depth::Full, desk);
            let s = score(&self.qualities(slot, &ground, &need), self.settings);
            slot.score = s.total;
            scores.push((network, s));
        }
        let best = best(scores.iter().copied());
        if let Some(radius_m) = self.blur_m(site) {
            // Where a score is known its own range is all that counts.
            let known = best.filter(|b| b.1.total.is_known());
            let asked = known.as_slice().iter().chain(if known.is_some() { &[][..] } else { &scores });
            open.extend(asked.map(|&(network, score)| Open {
                at: i,
                id,
                site,
                network,
                radius_m,
                need,
                score,
            }));
        }
        let score = best.map_or_else(
            || score(&self.qualities(&NetworkAtSite::NOTHING, &ground, &need), self.settings),
            |b| b.1,
        );
        let backbone = self.backbone.nearest(site.at);
        SiteResult {
            scored: true,
            best_network: best.filter(|b| b.1.total.is_known()).map(|b| b.0),
            score,
            flat_total,
            fiber_m: ground.fiber.distance_m,
            fiber_node: ground.fiber.node,
            fiber_basis: ground.fiber.basis,
            backbone_m: Known::from_f64(backbone.map(|h| h.distance_m)),
            latency_rtt_ms: ground.latency_rtt_ms,
            datacenter: ground.datacenter,
            ..*base
        }
    }

    /// The site's total by TR 38.901 alone, where its links run over terrain.
    fn flat_total(
        &self,
        spot: &Spot,
        near: &mut [NetworkNear],
        desk: &mut Desk,
        ground: &Ground,
        need: &ServiceNeed,
    ) -> Known {
        if self.air.terrain.is_none() {
            return Known::UNKNOWN;
        }
        let flat = Surround { terrain: None, ..self.surround() };
        let scores = self.inputs.operators.networks().zip(near).map(|(network, near)| {
            let r = at_network(&flat, spot, network, Some(near), Depth::Score, desk);
            (network, score(&self.qualities(&r, ground, need), self.settings))
        });
        best(scores).map_or(Known::UNKNOWN, |b| b.1.total)
    }

    /// The drive tests around a site, for [`at_network`].
    pub fn look_up_tests(&self, at: LonLat, desk: &mut Desk) {
        self.tests.near(at, &mut desk.tests);
    }

    /// What radio is worked out from.
    #[must_use]
    pub fn surround(&self) -> Surround<'_> {
        Surround {
            air: &self.air,
            catalogued: &self.catalogued,
            tests: &self.tests,
            hosts: &self.hosts,
            terrain: self.air.terrain.as_ref(),
        }
    }

    /// Fiber and compute of a site.
    #[must_use]
    pub fn ground(&self, id: SiteId, site: &Site) -> Ground {
        let trip = self.compute.round_trip(site.at);
        Ground {
            fiber: fiber_distance(site, id, self.fiber),
            latency_rtt_ms: Known::from_f64(trip.map(|t| t.total_ms())),
            datacenter: trip.map(|t| t.datacenter),
        }
    }

    /// The six qualities of a site on a network, in the order of [`super::Term::ALL`].
    #[must_use]
    pub fn qualities(&self, r: &NetworkAtSite, ground: &Ground, need: &ServiceNeed) -> [Quality; 6] {
        let s = self.settings;
        // A cells layer without a cell that counts means no coverage; without the layer nothing is known.
        let nothing = if self.inputs.has("cells") || !self.inputs.cells.list.is_empty() {
            Quality::of(0.0)
        } else {
            Quality::UNKNOWN
        };
        let level = |v: Known| v.get().map_or(nothing, |v| Quality::of(level_quality(v, s)));
        let rate = |v: Known, need: f64| v.get().map_or(nothing, |v| Quality::of(rate_quality(v, need)));
        let outdoor_in = level(r.rsrp_indoor_dbm);
        let indoor = match r.indoor {
            IndoorCover::System => Quality::of(1.0),
            IndoorCover::OutdoorIn => outdoor_in,
            // Served through the wall is served, whatever stands inside; a weak level may be one that a
            // system makes up for.
            IndoorCover::Unknown if r.rsrp_indoor_dbm.or(f64::MIN) >= s.radio.threshold.rsrp_dbm => {
                outdoor_in
            }
            IndoorCover::Unknown => Quality::at_least(outdoor_in.low),
        };
        let fiber = match (ground.fiber.distance_m.get(), ground.fiber.basis) {
            (Some(d), _) => Quality::of(fiber_quality(d, &s.score)),
            (None, Basis::Unknown) => Quality::UNKNOWN,
            (None, _) => Quality::of(fiber_quality(s.fiber.join_search_m, &s.score)),
        };
        let trip = ground.latency_rtt_ms.get();
        let latency = trip.map_or(Quality::UNKNOWN, |t| Quality::of(latency_quality(t, need.latency_rtt_ms)));
        [
            level(r.rsrp_outdoor_dbm),
            indoor,
            rate(r.dl_mbps, need.dl_mbps),
            rate(r.ul_mbps, need.ul_mbps),
            fiber,
            latency,
        ]
    }
}

/// The best of a site's scores: of those with a total the highest, of those without the one that may be
/// best; the first of equals.
fn best(scores: impl Iterator<Item = (NetworkId, Score)>) -> Option<(NetworkId, Score)> {
    let rank = |s: &Score| (s.total.is_known(), s.total.or(s.high.or(0.0)));
    scores.reduce(|best, next| if rank(&next.1) > rank(&best.1) { next } else { best })
}

/// A circle around positions close together: the middle of their frame's box and the farthest of them.
pub(super) fn circle(places: &[LonLat]) -> (LonLat, f64) {
    let frame = LocalFrame::new(places.first().copied().unwrap_or(LonLat::wrapped(0.0, 0.0)));
    let at = || places.iter().map(|p| frame.to_xy(*p));
    let fold = |pick: fn(&Xy) -> f64| {
        at().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), p| (l.min(pick(&p)), h.max(pick(&p))))
    };
    let ((west, east), (south, north)) = (fold(|p| p.x_m), fold(|p| p.y_m));
    let centre = frame.to_lonlat(Xy { x_m: 0.5 * (west + east), y_m: 0.5 * (south + north) });
    let around = LocalFrame::new(centre);
    let spread = places.iter().map(|p| around.to_xy(*p).distance_m(Xy::default())).fold(0.0, f64::max);
    (centre, spread * 1.001 + 0.01)
}

impl Desk {
    /// Leaves out the drive tests that were found last.
    pub(super) fn forget_tests(&mut self) {
        self.tests.clear();
    }

    /// The drive tests found for the site at hand, and the ear.
    pub(super) fn parts(&mut self) -> (&[Hit], &mut Ear) {
        (&self.tests, &mut self.ear)
    }
}
