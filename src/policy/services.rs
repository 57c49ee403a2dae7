//! Which service classes each plant can run today, after a plan, and never over a public network.
//!
//! A class runs where one network gives its rates and a level (or a system) inside, and some data center its
//! round trip. It never does where its round trip is shorter than the air interface, the user plane and the
//! application take by themselves, wherever the data center stands: that asks for a local network of another
//! kind or a wire, and no plan of stations, fiber and halls changes it.

use super::readiness::{Check, State, checks_for};
use crate::coverage::score::need;
use crate::coverage::{Assessment, NetworkAtSite};
use crate::model::inputs::Inputs;
use crate::model::records::SiteId;
use crate::model::settings::{ServiceNeed, Settings, TerminalKind};
use serde::Serialize;

/// One class over all plants.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Class {
    /// Its name in `score.service`.
    pub name: String,
    /// What it asks for.
    pub need: ServiceNeed,
    /// Whether no plan can give its round trip.
    pub never: bool,
    /// Plants that can, can't, and of which it isn't known, today.
    pub today: [u64; 3],
    /// The same after the plan, where there is one.
    pub after: Option<[u64; 3]>,
}

/// Service classes and plants.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Services {
    /// The classes, in the order of their names.
    pub classes: Vec<Class>,
    /// Places in the sites layer of the plants that count.
    #[serde(skip)]
    pub sites: Vec<u32>,
    /// Plant-major states of today: `sites.len() × classes.len()` entries.
    #[serde(skip)]
    pub today: Vec<State>,
    /// The same after the plan; empty without one.
    #[serde(skip)]
    pub after: Vec<State>,
}

/// Least round trip that any data center allows, milliseconds.
#[must_use]
pub fn least_rtt_ms(settings: &Settings) -> f64 {
    let l = &settings.latency;
    l.air_rtt_ms + l.upf_rtt_ms + l.app_rtt_ms
}

/// The classes of `score.service` at every scored plant. O(plants × classes × networks).
#[must_use]
pub fn services(
    inputs: &Inputs,
    settings: &Settings,
    found: &Assessment,
    after: Option<&Assessment>,
) -> Services {
    let classes: Vec<(&String, &ServiceNeed)> = settings.score.service.iter().collect();
    let sites: Vec<u32> = (0u32..).zip(&found.sites).filter(|(_, r)| r.scored).map(|(i, _)| i).collect();
    let least = least_rtt_ms(settings);
    let states = |a: &Assessment, has_cells: bool| -> Vec<State> {
        let of_site = |i: &u32| {
            classes
                .iter()
                .map(move |(_, n)| (*i, **n))
                .map(|(i, n)| state(inputs, settings, a, i, &n, has_cells))
                .collect::<Vec<_>>()
        };
        sites.iter().flat_map(of_site).collect()
    };
    let has_cells = inputs.has("cells") || !inputs.cells.list.is_empty();
    let today = states(found, has_cells);
    let after = after.map(|a| states(a, true)).unwrap_or_default();
    let count = |of: &[State], k: usize| {
        let mut n = [0; 3];
        for s in of.iter().skip(k).step_by(classes.len().max(1)) {
            n[*s as usize] += 1;
        }
        n
    };
    let classes = classes
        .iter()
        .enumerate()
        .map(|(k, (name, need))| Class {
            name: (*name).clone(),
            need: **need,
            never: need.latency_rtt_ms < least,
            today: count(&today, k),
            after: (!after.is_empty()).then(|| count(&after, k)),
        })
        .collect();
    Services { classes, sites, today, after }
}

/// The state of a class at a plant: that of the network that does most for it.
fn state(
    inputs: &Inputs,
    settings: &Settings,
    found: &Assessment,
    site: u32,
    asked: &ServiceNeed,
    has_cells: bool,
) -> State {
    let (Some(s), Some(r)) = (inputs.sites.list.get(site as usize), found.sites.get(site as usize)) else {
        return State::Unknown;
    };
    // Rates were reckoned for the plant's own kind of terminal; a full one may get more.
    let weaker = need(s, settings).terminal == TerminalKind::Redcap && asked.terminal == TerminalKind::Full;
    let of_network = |n: &NetworkAtSite| {
        let checks = checks_for(asked, s, r, n, settings, has_cells);
        let at = |c: Check| {
            let rate = matches!(c, Check::Uplink | Check::Downlink);
            match checks[c as usize] {
                State::Missing if rate && weaker => State::Unknown,
                other => other,
            }
        };
        let all = [Check::Indoor, Check::Uplink, Check::Downlink, Check::Latency].map(at);
        if all.contains(&State::Missing) {
            State::Missing
        } else if all.contains(&State::Unknown) {
            State::Unknown
        } else {
            State::Met
        }
    };
    let networks = found.networks_at(SiteId(site));
    // Met before unknown before missing.
    let rank = |s: &State| match s {
        State::Met => 0,
        State::Unknown => 1,
        State::Missing => 2,
    };
    networks.iter().map(of_network).min_by_key(rank).unwrap_or_else(|| of_network(&NetworkAtSite::NOTHING))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coverage::NoRoads;
    use crate::optimise::{Effort, Stop, Work};
    use crate::{plan, synth};

    #[test]
    fn every_plant_has_one_state_per_class_and_motion_control_never_runs() {
        let recipe = synth::Recipe { region: "Jiangsu".into(), sites: 40, cells: 200, seed: 2 };
        let mut inputs = synth::generate(&recipe).unwrap();
        let s = crate::model::project::Project::empty("t").unwrap().settings;
        let found = crate::coverage::assess(&inputs, &s, &NoRoads);
        let work = Work { effort: Effort::LOW, seed: 1, gap: 0.0, stop: Stop::NEVER };
        let planned = plan::run(&mut inputs, &s, work).unwrap();
        let all = services(&inputs, &s, &found, Some(&planned.after));
        assert_eq!(all.classes.len(), s.score.service.len());
        for c in &all.classes {
            let n = all.sites.len() as u64;
            assert_eq!((c.today.iter().sum::<u64>(), c.after.unwrap().iter().sum::<u64>()), (n, n), "{c:?}");
            // 8 + 1 + 2 ms of the catalogue: only 2 ms of motion control are shorter.
            assert_eq!(c.never, c.name == "motion", "{c:?}");
            if c.never {
                assert_eq!((c.today[0], c.after.unwrap()[0]), (0, 0));
            }
        }
        let of = |name: &str| all.classes.iter().find(|c| c.name == name).unwrap();
        // What asks for less runs in no fewer places, and the plan takes none away on the whole.
        assert!(of("monitoring").after.unwrap()[0] >= of("video").after.unwrap()[0]);
        assert!(of("data").after.unwrap()[0] > of("data").today[0]);
    }
}
