//! What stations that don't stand yet would do for a site's score.

use super::air::NetworkNear;
use super::assess::{Assessor, Desk};
use super::demand::{burden, with_served};
use super::fiber_reach::FiberReach;
use super::reception::{Depth, Spot, at_network};
use super::result::Assessment;
use super::score::{need, score};
use crate::geom::LonLat;
use crate::model::inputs::Inputs;
use crate::model::operators::NetworkId;
use crate::model::records::{Cell, SiteId};
use crate::model::settings::Settings;

/// A station that is only thought of.
#[derive(Clone, Copy, Debug)]
pub struct Thought<'a> {
    /// Network that it joins.
    pub network: NetworkId,
    /// Position.
    pub at: LonLat,
    /// Its cells.
    pub cells: &'a [Cell],
    /// The site whose hall it covers, for an indoor system: it serves that site alone and disturbs nobody.
    pub host: Option<SiteId>,
}

/// A site with a station that is only thought of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judged {
    /// Its score.
    pub score: f64,
    /// What it takes of a cell of that station in the busy hour, down and up, as shares of the whole cell; none
    /// where another serves it, or the cell is its own.
    pub taken: Option<[f64; 2]>,
}

/// Scores sites with one thought-of station at a time set up beside those that stand.
pub struct WhatIf<'a> {
    assessor: Assessor<'a>,
    today: &'a Assessment,
    thoughts: &'a [Thought<'a>],
}

impl<'a> WhatIf<'a> {
    /// Works out what all sites and thoughts share. `today` is the assessment of the inputs.
    #[must_use]
    pub fn new(
        inputs: &'a Inputs,
        settings: &'a Settings,
        today: &'a Assessment,
        fiber: &'a dyn FiberReach,
        thoughts: &'a [Thought<'a>],
    ) -> Self {
        let cells: Vec<&[Cell]> = thoughts.iter().map(|t| t.cells).collect();
        let assessor = Assessor::with_thoughts(inputs, settings, &today.towers, fiber, &cells);
        Self { assessor, today, thoughts }
    }

    /// The best score of a site over all networks: today, and with each of the thoughts tried alone, by
    /// their index. `None` where too little is known for a score.
    ///
    /// The scene around the site stays as it is: a new tower doesn't turn a suburb into a city.
    #[must_use]
    pub fn scores(&self, id: SiteId, tried: &[u32]) -> (Option<f64>, Vec<Option<f64>>) {
        let (now, with) = self.judged(id, tried);
        (now, with.into_iter().map(|j| Some(j?.score)).collect())
    }

    /// [`scores`](Self::scores), and what the site would take of the thought's cell.
    #[must_use]
    pub fn judged(&self, id: SiteId, tried: &[u32]) -> (Option<f64>, Vec<Option<Judged>>) {
        let a = &self.assessor;
        let Some(site) = a.inputs.sites.list.get(id.at()) else { return (None, vec![None; tried.len()]) };
        let mut desk = Desk::default();
        let mut near: Vec<NetworkNear> =
            a.inputs.operators.networks().map(|n| a.around(n, site.at, 0.0, &mut desk)).collect();
        let ground = a.ground(id, site);
        let need = need(site, a.settings);
        a.look_up_tests(site.at, &mut desk);
        let scene = a.air.scene(site.at);
        let spot = Spot { site, id, at: site.at, scene, thought: None };
        let around = a.surround();
        let total = |spot: &Spot, network: NetworkId, n: &mut NetworkNear, load: f64, desk: &mut Desk| {
            let r = at_network(&around, spot, network, Some(n), Depth::Score, desk);
            let qualities = a.qualities(&r, &ground, &need);
            // A cell that stands stays as full as it is; one that is thought of has room.
            let full = self.today.networks_at(id).get(usize::from(network.0));
            let full = full.filter(|n| {
                r.data_server.is_some() && r.data_server == n.data_server && r.indoor == n.indoor
            });
            let qualities = full.map_or(qualities, |n| with_served(qualities, n.served));
            // A cell that is thought of has no number.
            let taken = if r.data_server.is_none() {
                burden(site, &need, &r, 1.0 - load, &a.settings.radio)
            } else {
                None
            };
            Some(Judged { score: score(&qualities, a.settings).total.get()?, taken })
        };
        let today: Vec<Option<f64>> = near
            .iter_mut()
            .enumerate()
            .map(|(i, n)| total(&spot, NetworkId(i as u16), n, 0.0, &mut desk).map(|j| j.score))
            .collect();
        let best = |scores: &mut dyn Iterator<Item = Option<f64>>| scores.flatten().reduce(f64::max);
        let load = |t: &Thought| {
            let given = t.cells.first().and_then(|c| c.load_pct.get());
            (given.unwrap_or(a.settings.radio.default_load_pct) / 100.0).clamp(0.0, 1.0)
        };
        let now = best(&mut today.iter().copied());
        let with = tried
            .iter()
            .map(|&t| {
                let thought = self.thoughts.get(t as usize)?;
                let of = usize::from(thought.network.0);
                let n = near.get_mut(of)?;
                let here = match thought.host {
                    Some(host) if host == id => {
                        let spot = Spot { thought: thought.cells.first(), ..spot };
                        total(&spot, thought.network, n, load(thought), &mut desk)
                    }
                    Some(_) => today.get(of).copied().flatten().map(|score| Judged { score, taken: None }),
                    None => {
                        a.air.stand(n, thought.at, thought.cells);
                        let s = total(&spot, thought.network, n, load(thought), &mut desk);
                        n.fell();
                        s
                    }
                };
                let other = best(&mut today.iter().enumerate().filter(|(i, _)| *i != of).map(|(_, s)| *s));
                match (here, other) {
                    // Better on another network than with this station: it takes nothing of it.
                    (Some(h), Some(o)) if o > h.score => Some(Judged { score: o, taken: None }),
                    (Some(h), _) => Some(h),
                    (None, o) => o.map(|score| Judged { score, taken: None }),
                }
            })
            .collect();
        (now, with)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{NoRoads, assess};
    use super::*;
    use crate::geom::{LocalFrame, Xy};
    use crate::model::kinds::Rat;
    use crate::model::text::Known;
    use crate::synth;

    /// What a thought promises is what the assessment finds once its cells stand in the layer.
    #[test]
    fn promises_are_kept() {
        let settings = Settings::with(&toml::Table::new()).unwrap();
        let mut inputs = synth::demo();
        inputs.measurements.clear();
        let before = assess(&inputs, &settings, &NoRoads);
        let gap =
            before.gaps.iter().find(|g| !before.sites[g.site.at()].score.total.or(99.0).ge(&40.0)).unwrap();
        let site = inputs.sites.list[gap.site.at()];
        let at = LocalFrame::new(site.at).to_lonlat(Xy { x_m: 150.0, y_m: 120.0 });
        let operator = inputs.operators.iter().next().unwrap();
        let mut cell = Cell::at(Default::default(), at, operator, Rat::Nr);
        cell.azimuth_deg = Known::new(230.0);
        let cells = [cell];
        let network = inputs.operators.network(operator);
        let thoughts = [Thought { network, at, cells: &cells, host: None }];
        let (now, with) =
            WhatIf::new(&inputs, &settings, &before, &NoRoads, &thoughts).scores(gap.site, &[0, 7]);
        assert!((now.unwrap() - before.sites[gap.site.at()].score.total.or(0.0)).abs() < 1e-6);
        assert_eq!(with[1], None);
        let promised = with[0].unwrap();
        assert!(promised > now.unwrap() + 10.0, "{now:?} {promised}");
        inputs.cells.list.push(cell);
        let after = assess(&inputs, &settings, &NoRoads);
        let found = after.sites[gap.site.at()].score.total.or(0.0);
        assert!((found - promised).abs() < 1e-4, "{promised} {found}");
    }

    #[test]
    fn an_indoor_system_counts_for_its_host_alone() {
        let settings = Settings::with(&toml::Table::new()).unwrap();
        let inputs = synth::demo();
        let before = assess(&inputs, &settings, &NoRoads);
        let (gap, other) = (before.gaps[0].site, before.gaps[1].site);
        let operator = inputs.operators.iter().next().unwrap();
        let cells = [Cell::at(Default::default(), inputs.sites.list[gap.at()].at, operator, Rat::Nr)];
        let network = inputs.operators.network(operator);
        let thoughts = [Thought { network, at: cells[0].at, cells: &cells, host: Some(gap) }];
        let what_if = WhatIf::new(&inputs, &settings, &before, &NoRoads, &thoughts);
        let (now, with) = what_if.scores(gap, &[0]);
        assert!(with[0].unwrap() > now.unwrap() + 10.0, "{now:?} {with:?}");
        let (now, with) = what_if.scores(other, &[0]);
        assert_eq!(with[0], now);
    }
}
