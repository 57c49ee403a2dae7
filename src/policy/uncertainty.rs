//! How sure is a plan: its inputs drawn within their ranges, many times over, and one at a time.
//!
//! A run draws a bias of the predicted losses for each scene, factors on each group of prices, on fiber
//! lengths, on what services ask for, and the load of cells that don't tell theirs. The plan stays as it is:
//! today and the state after it are scored again, its items priced again. In some runs it is planned anew.
//! Every run draws from its own number, so neither their order nor the threads matter.

use crate::coverage::{Assessment, FiberDistance, FiberReach, assess};
use crate::model::inputs::Inputs;
use crate::model::planned::ItemKind;
use crate::model::progress::Progress;
use crate::model::records::SiteId;
use crate::model::settings::Settings;
use crate::optimise::{Draw, Effort, Stop, Work};
use crate::plan::{self, Plan, PlanError};
use crate::radio::normal;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::BTreeSet;

/// What may be off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Parameter {
    /// Predicted losses, urban.
    RadioUrban,
    /// Predicted losses, suburban.
    RadioSuburban,
    /// Predicted losses, rural.
    RadioRural,
    /// Load of cells that don't tell theirs.
    Load,
    /// Rates that services ask for.
    Demand,
    /// Prices of stations and indoor systems.
    StationPrices,
    /// Prices of trenches.
    TrenchPrices,
    /// Prices of cables, ducts, lead-ins and terminals.
    CablePrices,
    /// Prices of data centers.
    CenterPrices,
    /// Fiber lengths.
    Lengths,
}

impl Parameter {
    /// Every parameter, in order.
    pub const ALL: [Parameter; 10] = [
        Parameter::RadioUrban,
        Parameter::RadioSuburban,
        Parameter::RadioRural,
        Parameter::Load,
        Parameter::Demand,
        Parameter::StationPrices,
        Parameter::TrenchPrices,
        Parameter::CablePrices,
        Parameter::CenterPrices,
        Parameter::Lengths,
    ];

    /// Whether scores depend on it, not only money.
    #[must_use]
    pub const fn scores(self) -> bool {
        matches!(self, Self::RadioUrban | Self::RadioSuburban | Self::RadioRural | Self::Load | Self::Demand)
    }
}

/// A draw: by parameter how many standard deviations it is off.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Off([f64; Parameter::ALL.len()]);

impl Off {
    fn drawn(seed: u64, run: u32) -> Self {
        let mut draw = Draw::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(u64::from(run)));
        Self(std::array::from_fn(|_| {
            normal::quantile((draw.unit() + 0.5 / 9_007_199_254_740_992.0).min(1.0 - 1e-16))
        }))
    }

    fn one(parameter: Parameter, sigmas: f64) -> Self {
        let mut off = Self::default();
        off.0[parameter as usize] = sigmas;
        off
    }

    fn of(&self, parameter: Parameter) -> f64 {
        self.0[parameter as usize]
    }

    fn factor(&self, parameter: Parameter, spread: f64) -> f64 {
        (self.of(parameter) * spread).exp()
    }

    /// The settings as drawn, prices too.
    fn settings(&self, base: &Settings) -> Settings {
        let mut s = base.clone();
        let u = base.uncertainty;
        s.radio.bias_db.urban += u.radio_bias_db * self.of(Parameter::RadioUrban);
        s.radio.bias_db.suburban += u.radio_bias_db * self.of(Parameter::RadioSuburban);
        s.radio.bias_db.rural += u.radio_bias_db * self.of(Parameter::RadioRural);
        s.radio.default_load_pct =
            (s.radio.default_load_pct + u.load_pct * self.of(Parameter::Load)).clamp(0.0, 100.0);
        let demand = self.factor(Parameter::Demand, u.demand_share);
        for need in s.score.service.values_mut() {
            need.ul_mbps *= demand;
            need.dl_mbps *= demand;
        }
        let stations = self.factor(Parameter::StationPrices, u.cost_share);
        for price in [
            &mut s.siting.new_station_cny,
            &mut s.siting.shared_station_cny,
            &mut s.siting.roof_station_cny,
            &mut s.siting.pole_station_cny,
            &mut s.siting.upgrade_cny,
            &mut s.siting.indoor_system_cny,
            &mut s.siting.indoor_base_cny,
            &mut s.siting.indoor_node_cny,
        ] {
            *price *= stations;
        }
        let lengths = self.factor(Parameter::Lengths, u.length_share);
        let trenches = self.factor(Parameter::TrenchPrices, u.cost_share);
        let cables = self.factor(Parameter::CablePrices, u.cost_share);
        let f = &mut s.fiber;
        // A crossing and a box are no longer where the way is; a metre is.
        for price in [&mut f.crossing_cny, &mut f.rail_crossing_cny, &mut f.landing_cny] {
            *price *= trenches;
        }
        for price in [&mut f.trench_cny_m, &mut f.micro_cny_m, &mut f.permit_cny_m, &mut f.submarine_cny_m] {
            *price *= trenches * lengths;
        }
        for price in [
            &mut f.terminal_cny,
            &mut f.metro.cabinet_cny,
            &mut f.pon.splitter_cny,
            &mut f.pon.splitter_port_cny,
            &mut f.pon.olt_port_cny,
        ] {
            *price *= cables;
        }
        for price in [
            &mut f.cable_cny_m,
            &mut f.cable_fiber_cny_m,
            &mut f.duct_reuse_cny_m,
            &mut f.pole_reuse_cny_m,
            &mut f.aerial_cny_m,
            &mut f.lead_in_cny_m,
        ] {
            *price *= cables * lengths;
        }
        let halls = self.factor(Parameter::CenterPrices, u.cost_share);
        for tier in [&mut s.datacenter.edge, &mut s.datacenter.regional, &mut s.datacenter.hub] {
            tier.base_cny *= halls;
            tier.rack_cny *= halls;
        }
        s
    }

    /// What the plan's items cost as drawn, yuan.
    fn capex_cny(&self, plan: &Plan, base: &Settings) -> f64 {
        let u = base.uncertainty;
        let lengths = self.factor(Parameter::Lengths, u.length_share);
        let of = |kind: ItemKind| match kind {
            ItemKind::Station | ItemKind::Indoor => self.factor(Parameter::StationPrices, u.cost_share),
            ItemKind::Trench | ItemKind::Submarine => {
                self.factor(Parameter::TrenchPrices, u.cost_share) * lengths
            }
            ItemKind::Crossing => self.factor(Parameter::TrenchPrices, u.cost_share),
            ItemKind::Duct => self.factor(Parameter::CablePrices, u.cost_share) * lengths,
            ItemKind::Pon | ItemKind::LeadIn => self.factor(Parameter::CablePrices, u.cost_share),
            ItemKind::DataCenter => self.factor(Parameter::CenterPrices, u.cost_share),
        };
        plan.items.iter().map(|i| i.capex_cny * of(i.kind)).sum()
    }
}

/// What a run came to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Run {
    /// Sites below target today.
    pub gaps_before: u64,
    /// Sites below target after the plan.
    pub gaps_after: u64,
    /// Capex of the plan, yuan.
    pub capex_cny: f64,
    /// Most urgent sites, most urgent first.
    #[serde(skip)]
    pub top: Vec<SiteId>,
}

/// A plan made anew for a run's inputs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Anew {
    /// Its capex, yuan.
    pub capex_cny: f64,
    /// Sites below target after it.
    pub gaps_after: u64,
    /// Share of its stations that the plan has too, by candidate.
    pub stations_kept: f64,
}

/// One parameter by itself.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Swing {
    /// The parameter.
    pub parameter: Parameter,
    /// Its 10 % and 90 % points with all else as planned: sites below target today.
    pub gaps_before: [u64; 2],
    /// Sites below target after the plan.
    pub gaps_after: [u64; 2],
    /// Capex, yuan.
    pub capex_cny: [f64; 2],
}

/// How sure the plan is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Uncertainty {
    /// The plan as it is.
    pub nominal: Run,
    /// The runs.
    pub runs: Vec<Run>,
    /// Plans made anew, of the first runs.
    pub anew: Vec<Anew>,
    /// Parameters one at a time, in the order of [`Parameter::ALL`].
    pub tornado: Vec<Swing>,
    /// By most urgent site of the plan the share of runs in which it stays among them.
    #[serde(skip)]
    pub stays: Vec<(SiteId, f64)>,
    /// Sites beyond the most urgent ones that are as urgent as the last of these: their order is that of ids.
    pub tied: u64,
}

impl Uncertainty {
    /// Share of the most urgent sites that stay so, in the mean over runs.
    #[must_use]
    pub fn stability(&self) -> Option<f64> {
        (!self.stays.is_empty())
            .then(|| self.stays.iter().map(|s| s.1).sum::<f64>() / self.stays.len() as f64)
    }

    /// 10 %, 50 % and 90 % points of a figure over the runs; the figure as planned without runs.
    #[must_use]
    pub fn points(&self, of: impl Fn(&Run) -> f64) -> [f64; 3] {
        let mut v: Vec<f64> = self.runs.iter().map(&of).collect();
        if v.is_empty() {
            return [of(&self.nominal); 3];
        }
        v.sort_unstable_by(f64::total_cmp);
        // Nearest rank.
        [0.1, 0.5, 0.9].map(|p| v[((p * v.len() as f64).ceil() as usize).clamp(1, v.len()) - 1])
    }
}

/// Fiber distances as an assessment found them.
struct Found<'a>(&'a Assessment);

impl FiberReach for Found<'_> {
    fn distance(&self, site: SiteId) -> FiberDistance {
        self.0.sites.get(site.at()).map_or(FiberDistance::UNKNOWN, |s| FiberDistance {
            distance_m: s.fiber_m,
            node: s.fiber_node,
            basis: s.fiber_basis,
        })
    }
}

/// Standard deviations to the 10 % and 90 % points of a normal distribution.
const TENTH: f64 = 1.281_551_565_544_6;

/// What a plan made anew counts for in `progress`, where scoring all sites once counts one.
const PLAN_STEPS: u64 = 20;

/// Draws `runs` times around a finished plan and plans anew for the first `anew` of them. Stops early, with
/// the runs that are done, when asked to.
///
/// # Errors
/// When a plan made anew fails.
pub fn uncertainty(
    inputs: &mut Inputs,
    settings: &Settings,
    plan: &Plan,
    (runs, anew): (u32, u32),
    seed: u64,
    stop: Stop<'_>,
    progress: &Progress,
) -> Result<Uncertainty, PlanError> {
    let reach = Found(&plan.before);
    let off: Vec<Off> = (0..runs).map(|run| Off::drawn(seed, run)).collect();
    let single: Vec<(Parameter, Off)> = Parameter::ALL
        .into_iter()
        .flat_map(|p| [-TENTH, TENTH].map(|sigmas| (p, Off::one(p, sigmas))))
        .collect();
    let top = settings.uncertainty.top as usize;
    // What scores don't depend on needs no scoring.
    let scored: Vec<&Off> = off.iter().chain(single.iter().filter(|s| s.0.scores()).map(|s| &s.1)).collect();
    let some = &off[..off.len().min(anew as usize)];
    progress.expect(2 * scored.len() as u64 + PLAN_STEPS * some.len() as u64);
    let state = |inputs: &Inputs| -> Vec<Option<(u64, Vec<SiteId>)>> {
        scored
            .par_iter()
            .map(|off| {
                if stop.requested() {
                    return None;
                }
                let found = assess(inputs, &off.settings(settings), &reach);
                progress.add(1);
                Some((found.gaps.len() as u64, found.gaps.iter().take(top).map(|g| g.site).collect()))
            })
            .collect()
    };
    let before = state(inputs);
    let after = plan::standing(inputs, settings, &plan.connections, &plan.stations, &plan.centers, state);
    let nominal = Run {
        gaps_before: plan.before.gaps.len() as u64,
        gaps_after: plan.after.gaps.len() as u64,
        capex_cny: plan.capex_cny(),
        top: plan.before.gaps.iter().take(top).map(|g| g.site).collect(),
    };
    let run = |(off, (before, after)): (&Off, (&Option<(u64, Vec<SiteId>)>, &Option<(u64, Vec<SiteId>)>))| {
        let ((gaps_before, top), (gaps_after, _)) = (before.clone()?, after.clone()?);
        Some(Run { gaps_before, gaps_after, capex_cny: off.capex_cny(plan, settings), top })
    };
    let both = || before.iter().zip(&after);
    let done: Vec<Run> = off.iter().zip(both()).filter_map(run).collect();
    let mut swings = both().skip(off.len());
    let mut tornado = Vec::new();
    for pair in single.chunks_exact(2) {
        let parameter = pair[0].0;
        let mut counts = || -> Option<(u64, u64)> {
            if !parameter.scores() {
                return Some((nominal.gaps_before, nominal.gaps_after));
            }
            let (before, after) = swings.next()?;
            Some((before.as_ref()?.0, after.as_ref()?.0))
        };
        let (Some(low), Some(high)) = (counts(), counts()) else { continue };
        tornado.push(Swing {
            parameter,
            gaps_before: [low.0, high.0],
            gaps_after: [low.1, high.1],
            capex_cny: [pair[0].1.capex_cny(plan, settings), pair[1].1.capex_cny(plan, settings)],
        });
    }
    let kept: BTreeSet<&str> = plan.stations.iter().map(|s| s.candidate.as_str()).collect();
    // A plan looks at the inputs as they will be: each task has its own.
    let again = |inputs: &mut Inputs, off: &Off| -> Result<Option<Anew>, PlanError> {
        if stop.requested() {
            return Ok(None);
        }
        let work = Work { effort: Effort::LOW, seed, gap: 0.0, stop };
        let new = plan::run_bare(inputs, &off.settings(settings), work)?;
        progress.add(PLAN_STEPS);
        let same = new.stations.iter().filter(|s| kept.contains(s.candidate.as_str())).count();
        let all = new.stations.len();
        Ok(Some(Anew {
            capex_cny: new.capex_cny(),
            gaps_after: new.after.gaps.len() as u64,
            stations_kept: if all == 0 { 1.0 } else { same as f64 / all as f64 },
        }))
    };
    let tasks = some.len().div_ceil(rayon::current_num_threads().max(1)).max(1);
    let base = &*inputs;
    let plans: Vec<Vec<Option<Anew>>> = some
        .par_chunks(tasks)
        .map(|offs| {
            let mut inputs = base.clone();
            offs.iter().map(|off| again(&mut inputs, off)).collect::<Result<_, _>>()
        })
        .collect::<Result<_, PlanError>>()?;
    let plans: Vec<Anew> = plans.into_iter().flatten().flatten().collect();
    let stays = nominal
        .top
        .iter()
        .map(|site| {
            let n = done.iter().filter(|r| r.top.contains(site)).count();
            (*site, n as f64 / done.len().max(1) as f64)
        })
        .collect();
    let (first, rest) = plan.before.gaps.split_at(nominal.top.len());
    let tied = rest.iter().take_while(|g| first.last().is_some_and(|l| l.priority == g.priority)).count();
    Ok(Uncertainty { nominal, runs: done, anew: plans, tornado, stays, tied: tied as u64 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth;

    fn small() -> (Inputs, Settings) {
        let mut inputs = synth::demo();
        inputs.sites.list.truncate(150);
        inputs.measurements.clear();
        (inputs, Settings::with(&toml::Table::new()).unwrap())
    }

    #[test]
    fn draws_are_normal_and_each_run_has_its_own() {
        let n = 4000;
        let all: Vec<f64> = (0..n).flat_map(|run| Off::drawn(7, run).0).collect();
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        let var = all.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / all.len() as f64;
        assert!(mean.abs() < 0.02 && (var - 1.0).abs() < 0.03, "{mean} {var}");
        assert!(Off::drawn(7, 0) != Off::drawn(7, 1) && Off::drawn(7, 0) != Off::drawn(8, 0));
    }

    /// A price one tenth-point up is e^(1.2816 · 0.25) dearer, and only its items.
    #[test]
    fn money_by_hand() {
        let (mut inputs, s) = small();
        let work = Work { effort: Effort::LOW, seed: 1, gap: 0.0, stop: Stop::NEVER };
        let plan = plan::run(&mut inputs, &s, work).unwrap();
        let stations: f64 = plan
            .items
            .iter()
            .filter(|i| matches!(i.kind, ItemKind::Station | ItemKind::Indoor))
            .map(|i| i.capex_cny)
            .sum();
        let dearer = Off::one(Parameter::StationPrices, TENTH).capex_cny(&plan, &s);
        let expect = plan.capex_cny() + stations * ((0.25 * TENTH).exp() - 1.0);
        assert!(stations > 0.0 && (dearer - expect).abs() < 1e-6 * expect);
        assert_eq!(Off::default().settings(&s), s);
        // A plan made anew draws every price of the group, not the most usual ones alone.
        let anew = Off::one(Parameter::StationPrices, TENTH).settings(&s).siting;
        for (new, old) in [
            (anew.roof_station_cny, s.siting.roof_station_cny),
            (anew.upgrade_cny, s.siting.upgrade_cny),
            (anew.indoor_base_cny, s.siting.indoor_base_cny),
            (anew.indoor_node_cny, s.siting.indoor_node_cny),
        ] {
            assert!((new / old - (0.25 * TENTH).exp()).abs() < 1e-12, "{new} {old}");
        }
        let anew = Off::one(Parameter::CablePrices, TENTH).settings(&s).fiber;
        let boxes = anew.pon.splitter_cny / s.fiber.pon.splitter_cny;
        assert!((boxes - (0.25 * TENTH).exp()).abs() < 1e-12);
        assert_eq!(anew.trench_cny_m, s.fiber.trench_cny_m);
    }

    #[test]
    fn threads_change_nothing_and_no_spread_is_no_change() {
        let (mut inputs, mut s) = small();
        let work = Work { effort: Effort::LOW, seed: 1, gap: 0.0, stop: Stop::NEVER };
        let plan = plan::run(&mut inputs, &s, work).unwrap();
        let with = |threads: usize, inputs: &mut Inputs, s: &Settings| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                uncertainty(inputs, s, &plan, (12, 1), 3, Stop::NEVER, &Progress::default()).unwrap()
            })
        };
        let (one, two) = (with(1, &mut inputs, &s), with(2, &mut inputs, &s));
        assert_eq!(one, two);
        assert_eq!((one.runs.len(), one.anew.len(), one.tornado.len()), (12, 1, 10));
        let [low, mid, high] = one.points(|r| r.capex_cny);
        assert!(low <= mid && mid <= high && low < high);
        // More loss, more gaps.
        let radio = |p: Parameter| one.tornado.iter().find(|t| t.parameter == p).unwrap().gaps_before;
        for p in [Parameter::RadioUrban, Parameter::RadioSuburban, Parameter::RadioRural] {
            assert!(radio(p)[0] <= radio(p)[1], "{p:?}");
        }
        let u = &mut s.uncertainty;
        (u.radio_bias_db, u.cost_share, u.length_share, u.demand_share, u.load_pct) =
            (0.0, 0.0, 0.0, 0.0, 0.0);
        let still = with(2, &mut inputs, &s);
        assert!(still.runs.iter().all(|r| r.gaps_before == still.nominal.gaps_before
            && r.gaps_after == still.nominal.gaps_after
            && (r.capex_cny - still.nominal.capex_cny).abs() < 1e-6 * still.nominal.capex_cny));
        assert_eq!(still.stability(), Some(1.0));

        // Twins of the last of the most urgent are as urgent as it is.
        let last = *still.nominal.top.last().unwrap();
        let twin = inputs.sites.list[last.at()];
        inputs.sites.list.extend([twin, twin]);
        let plan = plan::run(&mut inputs, &s, work).unwrap();
        let told = Progress::default();
        let twins = uncertainty(&mut inputs, &s, &plan, (1, 0), 3, Stop::NEVER, &told).unwrap();
        assert_eq!(twins.tied, still.tied + 2);
        assert_eq!(told.share(), Some(1.0));
    }
}
