//! How far each plant is for the schemes of 5G factories, as far as layers and questionnaires tell; and who
//! uses 5G. Network layers inform one part of a scheme: no grade is ever given from them.

use super::schemes::Scheme;
use crate::coverage::score::need;
use crate::coverage::{Assessment, IndoorCover, NetworkAtSite, SiteResult};
use crate::model::inputs::Inputs;
use crate::model::kinds::{Basis, FirmSize, Indoor5g};
use crate::model::records::{Site, SiteId};
use crate::model::settings::{ServiceNeed, Settings};
use crate::siting::halls::IndoorSystems;
use serde::Serialize;
use std::collections::BTreeMap;

/// What a network must give a plant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// Outdoor SS-RSRP at or above the threshold.
    Outdoor,
    /// An indoor system, or that level inside.
    Indoor,
    /// Uplink rate of the service.
    Uplink,
    /// Downlink rate of the service.
    Downlink,
    /// Round trip of the service.
    Latency,
    /// Fiber in the building or near.
    Fiber,
}

impl Check {
    /// Every check, in the order of [`Plant::checks`].
    pub const ALL: [Check; 6] =
        [Check::Outdoor, Check::Indoor, Check::Uplink, Check::Downlink, Check::Latency, Check::Fiber];

    /// Name for people, English and Chinese.
    #[must_use]
    pub const fn label(self) -> (&'static str, &'static str) {
        match self {
            Check::Outdoor => ("outdoor", "室外"),
            Check::Indoor => ("indoor", "室内"),
            Check::Uplink => ("uplink", "上行"),
            Check::Downlink => ("downlink", "下行"),
            Check::Latency => ("latency", "时延"),
            Check::Fiber => ("fiber", "光纤"),
        }
    }
}

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Met.
    Met,
    /// Not met.
    Missing,
    /// The layers don't tell.
    Unknown,
}

/// Answers of a plant to the items of one scheme.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Answers {
    /// Items answered yes.
    pub met: u32,
    /// Items answered no.
    pub not_met: u32,
    /// Items whose answer is neither.
    pub unclear: u32,
}

/// One plant.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plant {
    /// Its place in the sites layer.
    pub site: u32,
    /// The network that does most for it, by its place among the networks.
    pub network: Option<u16>,
    /// The checks in the order of [`Check::ALL`].
    pub checks: [State; 6],
    /// What removing what is missing costs, each plant for itself, yuan; unknown where a price is.
    pub cost_cny: Option<f64>,
    /// Answers by scheme, in the order of [`Scheme::ALL`].
    pub answers: [Answers; 3],
    /// The scheme that lists it, by its own row.
    pub listed: Option<Scheme>,
}

impl Plant {
    /// Met where every check is; missing where one is; else unknown.
    #[must_use]
    pub fn network_part(&self) -> State {
        if self.checks.contains(&State::Missing) {
            State::Missing
        } else if self.checks.contains(&State::Unknown) {
            State::Unknown
        } else {
            State::Met
        }
    }
}

impl Plant {
    /// Whether the network part is known to lack something.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.network_part() == State::Missing
    }

    /// What lifting it costs, where that is sure to lift it: what is unknown may be missing too.
    #[must_use]
    pub fn sure_cost_cny(&self) -> Option<f64> {
        self.cost_cny.filter(|_| self.is_blocked() && !self.checks.contains(&State::Unknown))
    }

    /// Whether lifting it has a price that isn't sure to do: what is known to be missing does, something else
    /// is unknown.
    #[must_use]
    pub fn is_unsure(&self) -> bool {
        self.is_blocked() && self.cost_cny.is_some() && self.checks.contains(&State::Unknown)
    }

    /// Whether nothing that is known stands against it in a scheme: no item answered no. True for the
    /// network part alone.
    #[must_use]
    pub fn counts_for(&self, scheme: Option<Scheme>) -> bool {
        let of = |s: Scheme| Scheme::ALL.iter().position(|x| *x == s).and_then(|k| self.answers.get(k));
        scheme.and_then(of).is_none_or(|a| a.not_met == 0)
    }
}

/// The plants that are scored, in the order of the layer.
#[must_use]
pub fn readiness(inputs: &Inputs, settings: &Settings, found: &Assessment) -> Vec<Plant> {
    let mut answers: BTreeMap<&str, [Answers; 3]> = BTreeMap::new();
    for a in &inputs.questionnaire {
        let scheme = a.scheme.as_deref().and_then(Scheme::parse);
        let Some(at) = scheme.and_then(|s| Scheme::ALL.iter().position(|x| *x == s)) else { continue };
        let slot = &mut answers.entry(a.site.as_str()).or_default()[at];
        match a.met {
            Some(true) => slot.met += 1,
            Some(false) => slot.not_met += 1,
            None => slot.unclear += 1,
        }
    }
    let has_cells = inputs.has("cells") || !inputs.cells.list.is_empty();
    let text = &inputs.sites.text;
    let judged: Vec<_> = inputs
        .sites
        .list
        .iter()
        .zip(&found.sites)
        .zip(0u32..)
        .filter(|((_, r), _)| r.scored)
        .map(|((site, r), i)| {
            let networks = found.networks_at(SiteId(i));
            let best = networks
                .iter()
                .zip(0u16..)
                .map(|(n, k)| (checks(site, r, n, settings, has_cells), Some(k)))
                // Most met, then fewest missing, then the first.
                .min_by_key(|(c, k)| {
                    let count = |s| c.iter().filter(|x| **x == s).count();
                    (6 - count(State::Met), count(State::Missing), *k)
                });
            let (checks, network) =
                best.unwrap_or_else(|| (checks(site, r, &NetworkAtSite::NOTHING, settings, has_cells), None));
            (i, site, r, checks, network)
        })
        .collect();
    let systems = IndoorSystems::new(judged.iter().filter(|j| wants_system(&j.3)).map(|j| j.1), settings);
    judged
        .into_iter()
        .map(|(i, site, r, checks, network)| Plant {
            site: i,
            network,
            checks,
            cost_cny: cost(r, &checks, settings, || systems.of(site).map(|s| s.capex_cny)),
            answers: answers.get(text.get(site.id)).copied().unwrap_or_default(),
            listed: text.opt(site.factory_scheme).and_then(Scheme::parse),
        })
        .collect()
}

fn checks(
    site: &Site,
    r: &SiteResult,
    n: &NetworkAtSite,
    settings: &Settings,
    has_cells: bool,
) -> [State; 6] {
    checks_for(&need(site, settings), site, r, n, settings, has_cells)
}

/// The checks against what a service asks for.
pub(super) fn checks_for(
    need: &ServiceNeed,
    site: &Site,
    r: &SiteResult,
    n: &NetworkAtSite,
    settings: &Settings,
    has_cells: bool,
) -> [State; 6] {
    let threshold = settings.radio.threshold.rsrp_dbm;
    let judge = |met: bool| if met { State::Met } else { State::Missing };
    // With a cells layer, nothing in reach is known to be no coverage.
    let nothing = if has_cells { State::Missing } else { State::Unknown };
    let outdoor = n.rsrp_outdoor_dbm.get().map_or(nothing, |l| judge(l >= threshold));
    let inside = n.rsrp_indoor_dbm.get().map(|l| l >= threshold);
    let indoor = match (n.indoor, inside) {
        (IndoorCover::System, _) | (_, Some(true)) => State::Met,
        (IndoorCover::OutdoorIn, Some(false)) => State::Missing,
        (_, None) if has_cells && site.indoor_5g == Some(Indoor5g::None) => State::Missing,
        // Whether there is a system isn't known: a weak signal from outside is no gap.
        _ => State::Unknown,
    };
    let rate = |have: Option<f64>, asked: f64| match have {
        Some(v) if v >= asked => State::Met,
        Some(_) if indoor == State::Unknown => State::Unknown,
        Some(_) => State::Missing,
        None if indoor == State::Missing => State::Missing,
        None => State::Unknown,
    };
    let latency = r.latency_rtt_ms.get().map_or(State::Unknown, |l| judge(l <= need.latency_rtt_ms));
    let fiber = match (site.has_fiber, r.fiber_m.get()) {
        (Some(true), _) => State::Met,
        (_, Some(m)) => judge(m <= settings.score.fiber_good_m),
        (_, None) if r.fiber_basis != Basis::Unknown => State::Missing,
        _ => State::Unknown,
    };
    [
        outdoor,
        indoor,
        rate(n.ul_mbps.get(), need.ul_mbps),
        rate(n.dl_mbps.get(), need.dl_mbps),
        latency,
        fiber,
    ]
}

/// Whether rates or the level inside are too low: an indoor system's business.
fn wants_system(checks: &[State; 6]) -> bool {
    [Check::Indoor, Check::Uplink, Check::Downlink].into_iter().any(|c| checks[c as usize] == State::Missing)
}

/// What removing the blocks of one plant costs by itself: a station on its roof where it is dark outside, an
/// indoor system where rates or the level inside are too low, its own way to fiber. A plant that only an
/// edge node nearer by would help has no price of its own, since others share it.
fn cost(
    r: &SiteResult,
    checks: &[State; 6],
    settings: &Settings,
    indoor_cny: impl Fn() -> Option<f64>,
) -> Option<f64> {
    let missing = |c: Check| checks[c as usize] == State::Missing;
    if missing(Check::Latency) {
        return None;
    }
    let mut cny = 0.0;
    if missing(Check::Outdoor) {
        cny += settings.siting.roof_station_cny;
    }
    if wants_system(checks) {
        cny += indoor_cny()?;
    }
    if missing(Check::Fiber) {
        let f = &settings.fiber;
        cny += r.fiber_m.get()? * (f.trench_cny_m + f.cable_cny_m) + f.terminal_cny;
    }
    Some(cny)
}

/// The cheapest plants to lift.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lift {
    /// The scheme that they are to count for; none: the network part alone.
    pub scheme: Option<Scheme>,
    /// Plants whose network part is met or could be, held back by an item of the scheme answered no.
    pub held: u64,
    /// Plants ready already.
    pub ready: u64,
    /// Plants wanted in all.
    pub wanted: u64,
    /// Places in the list of plants, cheapest first.
    pub chosen: Vec<u32>,
    /// What they cost together, yuan.
    pub cost_cny: f64,
    /// Plants still missing after all that have a price.
    pub short: u64,
}

/// The cheapest way to so many network-ready plants against which nothing known stands in a scheme. Each
/// plant is priced for itself, so the cheapest ones are the best choice (cost equals its lower bound); plants
/// of unknown state aren't counted on.
#[must_use]
pub fn lift(plants: &[Plant], wanted: u64, scheme: Option<Scheme>) -> Lift {
    let open = || plants.iter().zip(0u32..).filter(|(p, _)| p.counts_for(scheme));
    let ready = open().filter(|(p, _)| p.network_part() == State::Met).count() as u64;
    let mut priced: Vec<(f64, u32)> = open().filter_map(|(p, i)| Some((p.sure_cost_cny()?, i))).collect();
    priced.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let more = wanted.saturating_sub(ready);
    let take = usize::try_from(more).unwrap_or(usize::MAX).min(priced.len());
    priced.truncate(take);
    let could = |p: &&Plant| p.network_part() == State::Met || p.sure_cost_cny().is_some();
    Lift {
        scheme,
        held: plants.iter().filter(|p| !p.counts_for(scheme)).filter(could).count() as u64,
        ready,
        wanted,
        cost_cny: priced.iter().map(|p| p.0).sum(),
        chosen: priced.iter().map(|p| p.1).collect(),
        short: more - take as u64,
    }
}

/// Large and medium firms and their use of 5G.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Use {
    /// Large and medium firms.
    pub firms: u64,
    /// With outdoor 5G on some network.
    pub covered: u64,
    /// That use 5G.
    pub using: u64,
    /// That don't.
    pub not_using: u64,
    /// Covered, and known not to use it.
    pub covered_unused: u64,
}

impl Use {
    /// Share of those that tell; unknown when none does.
    #[must_use]
    pub fn share(&self) -> Option<f64> {
        let told = self.using + self.not_using;
        (told > 0).then(|| self.using as f64 / told as f64)
    }
}

/// Use of 5G: together, and by city and sector (keys as the layer has them; empty where it has none).
#[must_use]
pub fn usage<'a>(
    inputs: &'a Inputs,
    found: &Assessment,
    plants: &[Plant],
) -> (Use, BTreeMap<(&'a str, &'a str), Use>) {
    let mut all = Use::default();
    let mut by: BTreeMap<(&str, &str), Use> = BTreeMap::new();
    let text = &inputs.sites.text;
    for p in plants {
        let Some(site) = inputs.sites.list.get(p.site as usize) else { continue };
        if !matches!(site.firm_size, Some(FirmSize::Large | FirmSize::Medium)) {
            continue;
        }
        let own = text.opt(site.city);
        let region = || found.sites.get(p.site as usize)?.city.and_then(|c| inputs.regions.get(c as usize));
        let city = own.or_else(|| region().map(|r| r.name.as_str())).unwrap_or("");
        let covered = p.checks[Check::Outdoor as usize] == State::Met;
        for u in [&mut all, by.entry((city, text.get(site.sector))).or_default()] {
            u.firms += 1;
            u.covered += u64::from(covered);
            u.using += u64::from(site.uses_5g == Some(true));
            u.not_using += u64::from(site.uses_5g == Some(false));
            u.covered_unused += u64::from(covered && site.uses_5g == Some(false));
        }
    }
    (all, by)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::LonLat;
    use crate::model::project::Project;
    use crate::model::text::{Known, Text};

    fn settings() -> Settings {
        Project::empty("t").unwrap().settings
    }

    fn result(fiber_m: Option<f64>, rtt_ms: Option<f64>) -> SiteResult {
        SiteResult {
            scored: true,
            best_network: None,
            score: crate::coverage::Score::default(),
            flat_total: Known::UNKNOWN,
            fiber_m: Known::from_f64(fiber_m),
            fiber_node: None,
            fiber_basis: if fiber_m.is_some() { Basis::Predicted } else { Basis::Unknown },
            backbone_m: Known::UNKNOWN,
            latency_rtt_ms: Known::from_f64(rtt_ms),
            datacenter: None,
            city: None,
            weight: 1.0,
        }
    }

    fn site(indoor: Option<Indoor5g>) -> Site {
        Site {
            indoor_5g: indoor,
            ul_mbps: Known::new(10.0),
            dl_mbps: Known::new(50.0),
            latency_ms: Known::new(20.0),
            ..Site::at(Text::NONE, Text::NONE, LonLat::new(118.0, 32.0).unwrap())
        }
    }

    fn network(outdoor: f32, indoor: f32, cover: IndoorCover, ul: f32) -> NetworkAtSite {
        NetworkAtSite {
            rsrp_outdoor_dbm: Known::new(outdoor),
            rsrp_indoor_dbm: Known::new(indoor),
            ul_mbps: Known::new(ul),
            dl_mbps: Known::new(100.0),
            indoor: cover,
            ..NetworkAtSite::NOTHING
        }
    }

    #[test]
    fn what_is_unknown_is_neither_met_nor_missing() {
        use State::{Met, Missing, Unknown};
        let s = settings();
        let near = result(Some(100.0), Some(12.0));
        let of = |site: &Site, r: &SiteResult, n: &NetworkAtSite, cells| checks(site, r, n, &s, cells);
        let good = network(-90.0, -98.0, IndoorCover::OutdoorIn, 20.0);
        assert_eq!(of(&site(Some(Indoor5g::None)), &near, &good, true), [Met; 6]);
        // Weak inside, and nobody knows whether there is a system: no gap.
        let weak = network(-90.0, -120.0, IndoorCover::Unknown, 2.0);
        assert_eq!(of(&site(None), &near, &weak, true), [Met, Unknown, Unknown, Met, Met, Met]);
        // The same where it is known that there is none.
        let none = network(-90.0, -120.0, IndoorCover::OutdoorIn, 2.0);
        assert_eq!(
            of(&site(Some(Indoor5g::None)), &near, &none, true),
            [Met, Missing, Missing, Met, Met, Met]
        );
        // Without a cells layer nothing is known of radio; without roads or halls neither of the rest.
        let dark = NetworkAtSite::NOTHING;
        assert_eq!(of(&site(None), &result(None, None), &dark, false), [Unknown; 6]);
        assert_eq!(of(&site(None), &result(None, None), &dark, true)[0], Missing);
    }

    fn plant(checks: [State; 6], cost_cny: Option<f64>) -> Plant {
        Plant { site: 0, network: Some(0), checks, cost_cny, answers: Default::default(), listed: None }
    }

    #[test]
    fn costs_add_up_by_hand() {
        use State::{Met, Missing};
        let s = settings();
        let r = result(Some(1000.0), Some(12.0));
        // Roof station 220,000 + indoor system 120,000 + 1 km × (120 + 8) per metre + terminal 6,000.
        let all = [Missing, Missing, Missing, Met, Met, Missing];
        let indoor = || Some(120_000.0);
        assert_eq!(cost(&r, &all, &s, indoor), Some(220_000.0 + 120_000.0 + 128_000.0 + 6_000.0));
        assert_eq!(cost(&r, &[Met; 6], &s, indoor), Some(0.0));
        assert_eq!(cost(&r, &[Met, Met, Met, Met, Missing, Met], &s, indoor), None);
        assert_eq!(cost(&result(None, None), &[Met, Met, Met, Met, Met, Missing], &s, indoor), None);
    }

    #[test]
    fn the_cheapest_are_lifted_as_by_trying_all_sets() {
        use State::{Met, Missing, Unknown};
        let missing = [Met, Missing, Met, Met, Met, Met];
        let costs = [7.0, 3.0, 9.0, 1.0, 4.0];
        let mut plants: Vec<Plant> = costs.iter().map(|c| plant(missing, Some(*c))).collect();
        plants.push(plant([Met; 6], Some(0.0)));
        plants.push(plant([Met, Missing, Unknown, Met, Met, Met], Some(0.5)));
        plants.push(plant(missing, None));
        for wanted in 0..9u64 {
            let found = lift(&plants, wanted, None);
            let more = wanted.saturating_sub(1);
            let best = (0u32..32)
                .filter(|set| u64::from(set.count_ones()) == more.min(5))
                .map(|set| (0..5).filter(|i| set >> i & 1 == 1).map(|i| costs[i]).sum::<f64>())
                .fold(f64::INFINITY, f64::min);
            assert_eq!((found.cost_cny, found.short), (best, more.saturating_sub(5)), "{wanted}");
        }
        let unsure: Vec<bool> = plants.iter().map(Plant::is_unsure).collect();
        assert_eq!(unsure, [false, false, false, false, false, false, true, false]);
        // An item of a scheme answered no holds a plant back there, and nowhere else.
        plants[3].answers[1].not_met = 1;
        let of = |s| lift(&plants, 2, s);
        assert_eq!((of(Some(Scheme::Association)).cost_cny, of(Some(Scheme::Association)).held), (3.0, 1));
        assert_eq!((of(Some(Scheme::Star)).cost_cny, of(None).cost_cny, of(None).held), (1.0, 1.0, 0));
    }
}
