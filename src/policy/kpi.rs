//! Regions against the targets of a preset. Stations are the reported ones; what the layers count stands
//! beside them.

use crate::coverage::kpi::Places;
use crate::coverage::{Assessment, KpiGroup};
use crate::index::RegionIndex;
use crate::model::inputs::Inputs;
use crate::model::kinds::{DcTier, FirmSize, RegionLevel};
use crate::model::presets::{Metric, Preset, Target, TargetRule, days};
use crate::model::records::{DataCenter, Region, StationCount};
use crate::model::settings::Settings;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// How far from the day looked for a count may be dated, days: half a quarter.
const NEAR_DAYS: i64 = 46;

/// The level at which regions are compared: cities where there are any, so that nothing counts twice.
#[must_use]
pub fn main_level(regions: &[Region]) -> Option<RegionLevel> {
    let levels = || regions.iter().map(|r| r.level);
    if levels().any(|l| l == RegionLevel::City) { Some(RegionLevel::City) } else { levels().min() }
}

/// Where a region's target comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetFrom {
    /// The preset's figure for all.
    Preset,
    /// The preset's figure for this region or one above it.
    PresetRegion,
    /// `target_p10k` of the regions layer.
    Layer,
}

/// The change of a reported count since an earlier one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// Date of the earlier count.
    pub since: String,
    /// Stations more or less.
    pub stations: f64,
    /// Stations per 10,000 residents more or less, where the earlier row gave residents.
    pub per_10k: Option<f64>,
}

/// What is particular to stations.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StationFigures {
    /// Residents.
    pub residents: Option<f64>,
    /// Stations as reported.
    pub reported: Option<f64>,
    /// Date of that count.
    pub stat_date: Option<String>,
    /// Stations of the cells layer: another count, never the reported one.
    pub layer: Option<u64>,
    /// Since the count a quarter, a year before, and that of the end of the year before.
    pub changes: [Option<Change>; 3],
    /// What the missing stations cost, yuan: all on existing towers, the share of the settings on them,
    /// all on new towers.
    pub cost_cny: Option<[f64; 3]>,
}

/// One region, or the whole, against one target.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Region, by adcode; none for the whole.
    pub region: Option<String>,
    /// What was reached; shares in percent.
    pub value: Option<f64>,
    /// Firms, halls or sites that the value rests on.
    pub known: u64,
    /// Of how many.
    pub of: u64,
    /// The target; none for the whole where regions have different ones.
    pub target: Option<f64>,
    /// Where it comes from.
    pub from: TargetFrom,
    /// Whether it is met; unknown without a value.
    pub met: Option<bool>,
    /// How much of it is done, one being all.
    pub done: Option<f64>,
    /// Stations, firms or sites that are missing.
    pub missing: Option<f64>,
    /// Of stations only.
    pub stations: Option<StationFigures>,
}

/// A target and how far each region is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// The target.
    pub target: Target,
    /// Columns without which nothing could be measured, as `layer.column`.
    pub lacking: Vec<&'static str>,
    /// Regions, in the layer's order.
    pub rows: Vec<Row>,
    /// All of the main level together.
    pub whole: Option<Row>,
}

impl Measured {
    /// Rows of one level.
    pub fn at_level<'a>(
        &'a self,
        regions: &'a [Region],
        level: Option<RegionLevel>,
    ) -> impl Iterator<Item = &'a Row> {
        let codes: BTreeSet<&str> =
            regions.iter().filter(|r| Some(r.level) == level).map(|r| r.adcode.as_str()).collect();
        self.rows.iter().filter(move |r| r.region.as_deref().is_some_and(|c| codes.contains(c)))
    }
}

/// Counts of a region while sites or halls are coming.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    /// What counts, or the weighted sum.
    sum: f64,
    /// What it is a share of.
    base: f64,
    known: u64,
    of: u64,
}

/// Measures every target of a preset. `before` holds counts of earlier runs by adcode.
#[must_use]
pub fn evaluate(
    inputs: &Inputs,
    settings: &Settings,
    found: &Assessment,
    preset: &Preset,
    before: &BTreeMap<String, Vec<StationCount>>,
) -> Vec<Measured> {
    preset.targets.iter().map(|t| measure(inputs, settings, found, t, before)).collect()
}

fn measure(
    inputs: &Inputs,
    settings: &Settings,
    found: &Assessment,
    target: &Target,
    before: &BTreeMap<String, Vec<StationCount>>,
) -> Measured {
    let lacking = lacking(inputs, target);
    let mut measured = Measured { target: target.clone(), lacking, rows: Vec::new(), whole: None };
    if target.metric == Metric::Other {
        return measured;
    }
    if target.metric == Metric::StationsPer10k {
        for (i, region) in inputs.regions.iter().enumerate() {
            let goal = goal(inputs, region, target);
            measured.rows.push(station_row(inputs, settings, found, i, goal, target.rule, before));
        }
        measured.whole = whole_stations(inputs, &measured);
        return measured;
    }
    if !measured.lacking.is_empty() {
        return measured;
    }
    let (all, by_region) = tallies(inputs, found, target);
    let share = matches!(
        target.metric,
        Metric::FirmsUsing5g
            | Metric::RackUse
            | Metric::SitesOnTarget
            | Metric::SitesFiber
            | Metric::SitesOutdoor
    );
    let counted = matches!(target.metric, Metric::DirectoryFactories | Metric::EdgeNodes);
    let row = |region: Option<String>, t: &Tally, (goal, from): (f64, TargetFrom)| {
        let scale = if share { 100.0 } else { 1.0 };
        let value = if counted { Some(t.sum) } else { (t.base > 0.0).then(|| scale * t.sum / t.base) };
        // Firms and sites are whole; racks and PUE can't be counted off.
        let missing = match target.metric {
            Metric::FirmsUsing5g | Metric::SitesOnTarget | Metric::SitesFiber | Metric::SitesOutdoor => {
                value.map(|_| whole_up(goal / 100.0 * t.base) - t.sum)
            }
            Metric::DirectoryFactories | Metric::EdgeNodes => Some(whole_up(goal) - t.sum),
            _ => None,
        };
        Row {
            region,
            value,
            known: t.known,
            of: t.of,
            target: Some(goal),
            from,
            met: value.map(|v| target.rule.met(v, goal)),
            done: value.and_then(|v| done(target.rule, v, goal)),
            missing: missing.map(|m| m.max(0.0)),
            stations: None,
        }
    };
    measured.rows = inputs
        .regions
        .iter()
        .zip(&by_region)
        .map(|(region, t)| row(Some(region.adcode.clone()), t, goal(inputs, region, target)))
        .collect();
    measured.whole = Some(row(None, &all, (target.value, TargetFrom::Preset)));
    measured
}

/// Rounded up to a whole number; what is whole but for rounding stays.
fn whole_up(v: f64) -> f64 {
    (v - 1e-9 * v.abs().max(1.0)).ceil()
}

/// How much of a target is done.
fn done(rule: TargetRule, value: f64, target: f64) -> Option<f64> {
    match rule {
        TargetRule::Min | TargetRule::Above => (target > 0.0).then(|| value / target),
        TargetRule::Max => (value > 0.0).then(|| (target / value).min(1.0)),
    }
}

/// The target of a region: the preset's own for it or for one above it, else the layer's, else the preset's.
fn goal(inputs: &Inputs, region: &Region, target: &Target) -> (f64, TargetFrom) {
    let mut code = Some(region.adcode.as_str());
    // A chain of parents can't be longer than there are regions, unless it runs in a ring.
    for _ in 0..=inputs.regions.len() {
        let Some(c) = code else { break };
        if let Some(v) = target.region.get(c) {
            return (*v, TargetFrom::PresetRegion);
        }
        let parent = |r: &Region| r.parent.clone();
        let at =
            if c == region.adcode { Some(region) } else { inputs.regions.iter().find(|r| r.adcode == c) };
        code = match at {
            Some(r) if parent(r).is_some() => r.parent.as_deref(),
            _ => None,
        };
    }
    match region.target_p10k.filter(|_| target.metric == Metric::StationsPer10k) {
        Some(own) => (own, TargetFrom::Layer),
        None => (target.value, TargetFrom::Preset),
    }
}

fn station_row(
    inputs: &Inputs,
    settings: &Settings,
    found: &Assessment,
    index: usize,
    (target, from): (f64, TargetFrom),
    rule: TargetRule,
    before: &BTreeMap<String, Vec<StationCount>>,
) -> Row {
    let region = &inputs.regions[index];
    let kpi = found.kpis.iter().find(|k| k.group == KpiGroup::Region && k.key == region.adcode);
    let residents = region.pop_resident.filter(|p| *p > 0.0);
    let value = region.stations_5g_official.zip(residents).map(|(n, p)| n / p * 1e4);
    let missing =
        region.stations_5g_official.zip(residents).map(|(n, p)| (whole_up(target * p / 1e4) - n).max(0.0));
    let mut history = region.history.clone();
    history.extend(before.get(&region.adcode).into_iter().flatten().cloned());
    history.sort_by(|a, b| a.stat_date.cmp(&b.stat_date));
    Row {
        region: Some(region.adcode.clone()),
        value,
        known: u64::from(value.is_some()),
        of: 1,
        target: Some(target),
        from,
        met: value.map(|v| rule.met(v, target)),
        done: value.and_then(|v| done(rule, v, target)),
        missing,
        stations: Some(StationFigures {
            residents,
            reported: region.stations_5g_official,
            stat_date: region.stat_date.clone(),
            layer: kpi.and_then(|k| k.stations_layer),
            changes: changes(region, &history),
            cost_cny: missing.map(|n| cost(n, settings)),
        }),
    }
}

/// What that many stations cost: on existing towers, mixed, on new towers; radio and tower, no fiber.
fn cost(stations: f64, settings: &Settings) -> [f64; 3] {
    let (s, share) = (&settings.siting, settings.policy.shared_tower_share);
    let mixed = share * s.shared_station_cny + (1.0 - share) * s.new_station_cny;
    [s.shared_station_cny, mixed, s.new_station_cny].map(|each| stations * each)
}

/// Since a quarter before, a year before, and the end of the year before.
fn changes(region: &Region, history: &[StationCount]) -> [Option<Change>; 3] {
    let now = region.stat_date.as_deref().and_then(|d| Some((d, days(d)?)));
    let (Some((date, today)), Some(stations)) = (now, region.stations_5g_official) else {
        return [None, None, None];
    };
    let year: Option<i64> = date.get(..4).and_then(|y| y.parse().ok());
    let year_end = year.and_then(|y| days(&format!("{}-12-31", y - 1)));
    let since = |wanted: i64| {
        history
            .iter()
            .filter_map(|h| Some((days(&h.stat_date)?, h)))
            .filter(|(d, _)| *d < today && (d - wanted).abs() <= NEAR_DAYS)
            .min_by_key(|(d, _)| (d - wanted).abs())
            .map(|(_, h)| Change {
                since: h.stat_date.clone(),
                stations: stations - h.stations,
                per_10k: region
                    .pop_resident
                    .zip(h.pop_resident)
                    .filter(|(now, then)| *now > 0.0 && *then > 0.0)
                    .map(|(now, then)| stations / now * 1e4 - h.stations / then * 1e4),
            })
    };
    [since(today - 91), since(today - 365), year_end.and_then(since)]
}

/// Sums of the regions of the main level whose stations and residents are known.
fn whole_stations(inputs: &Inputs, measured: &Measured) -> Option<Row> {
    let level = main_level(&inputs.regions);
    let rows: Vec<&Row> = measured.at_level(&inputs.regions, level).collect();
    let told: Vec<(&Row, &StationFigures)> =
        rows.iter().filter(|r| r.value.is_some()).filter_map(|r| Some((*r, r.stations.as_ref()?))).collect();
    let sum =
        |of: &dyn Fn(&StationFigures) -> Option<f64>| told.iter().filter_map(|(_, s)| of(s)).sum::<f64>();
    let (stations, residents) = (sum(&|s| s.reported), sum(&|s| s.residents));
    let value = (residents > 0.0).then(|| stations / residents * 1e4)?;
    let first = told.first()?;
    let one_target = told.iter().all(|(r, _)| r.target == first.0.target).then_some(first.0.target).flatten();
    let one_date = told.iter().all(|(_, s)| s.stat_date == first.1.stat_date);
    let change = |k: usize| -> Option<Change> {
        let since = first.1.changes[k].as_ref()?.since.clone();
        let all: Option<Vec<&Change>> = told.iter().map(|(_, s)| s.changes[k].as_ref()).collect();
        let all = all?;
        let stations = all.iter().map(|c| c.stations).sum();
        all.iter().all(|c| c.since == since).then_some(Change { since, stations, per_10k: None })
    };
    Some(Row {
        region: None,
        value: Some(value),
        known: told.len() as u64,
        of: rows.len() as u64,
        target: one_target,
        from: first.0.from,
        met: one_target.map(|t| measured.target.rule.met(value, t)),
        done: one_target.and_then(|t| done(measured.target.rule, value, t)),
        missing: Some(told.iter().filter_map(|(r, _)| r.missing).sum()),
        stations: Some(StationFigures {
            residents: Some(residents),
            reported: Some(stations),
            stat_date: if one_date { first.1.stat_date.clone() } else { None },
            layer: told.iter().map(|(_, s)| s.layer).sum(),
            changes: [change(0), change(1), change(2)],
            cost_cny: Some([0, 1, 2].map(|k| told.iter().filter_map(|(_, s)| Some(s.cost_cny?[k])).sum())),
        }),
    })
}

/// Columns that a metric needs and no row of the layers gives.
fn lacking(inputs: &Inputs, target: &Target) -> Vec<&'static str> {
    let metric = target.metric;
    let sites = &inputs.sites.list;
    let mut out = Vec::new();
    let mut need = |given: bool, column: &'static str| {
        if !given {
            out.push(column);
        }
    };
    match metric {
        Metric::StationsPer10k => {
            need(inputs.regions.iter().any(|r| r.pop_resident.is_some()), "regions.pop_resident");
            need(
                inputs.regions.iter().any(|r| r.stations_5g_official.is_some()),
                "regions.stations_5g_official",
            );
        }
        Metric::FirmsUsing5g => {
            need(sites.iter().any(|s| s.uses_5g.is_some()), "sites.uses_5g");
            need(sites.iter().any(|s| s.firm_size.is_some()), "sites.firm_size");
        }
        Metric::DirectoryFactories => {
            need(sites.iter().any(|s| s.factory_scheme.is_some()), "sites.factory_scheme");
        }
        Metric::EdgeNodes => need(inputs.datacenters.iter().any(|d| d.tier.is_some()), "datacenters.tier"),
        Metric::RackUse => {
            need(inputs.datacenters.iter().any(|d| d.racks_std.is_some()), "datacenters.racks_std");
            need(inputs.datacenters.iter().any(|d| d.rack_use_pct.is_some()), "datacenters.rack_use_pct");
        }
        Metric::PueMean => {
            need(inputs.datacenters.iter().any(|d| d.racks_std.is_some()), "datacenters.racks_std");
            need(inputs.datacenters.iter().any(|d| d.pue.is_some()), "datacenters.pue");
        }
        Metric::SitesOnTarget | Metric::SitesFiber | Metric::SitesOutdoor => {
            need(!sites.is_empty(), "sites");
        }
        Metric::Other => {}
    }
    if let Some(tier) = target.tier {
        need(inputs.datacenters.iter().any(|d| d.tier == Some(tier)), "datacenters.tier");
    }
    out
}

/// The whole, and each region.
fn tallies(inputs: &Inputs, found: &Assessment, target: &Target) -> (Tally, Vec<Tally>) {
    let metric = target.metric;
    let mut all = Tally::default();
    let mut by_region = vec![Tally::default(); inputs.regions.len()];
    let mut add = |regions: &[u32], counts: Option<(f64, f64)>| {
        let places = regions.iter().map(|r| *r as usize);
        let put = |t: &mut Tally| {
            t.of += 1;
            if let Some((sum, base)) = counts {
                t.sum += sum;
                t.base += base;
                t.known += 1;
            }
        };
        put(&mut all);
        for r in places {
            if let Some(t) = by_region.get_mut(r) {
                put(t);
            }
        }
    };
    let mut at = Vec::new();
    match metric {
        Metric::FirmsUsing5g | Metric::DirectoryFactories => {
            let places = Places::new(inputs);
            for (site, _) in inputs.sites.list.iter().zip(&found.sites).filter(|(_, r)| r.scored) {
                let counts = if metric == Metric::FirmsUsing5g {
                    if !matches!(site.firm_size, Some(FirmSize::Large | FirmSize::Medium)) {
                        continue;
                    }
                    site.uses_5g.map(|u| (f64::from(u8::from(u)), 1.0))
                } else {
                    let scheme = inputs.sites.text.opt(site.factory_scheme);
                    scheme.map(|s| {
                        (
                            f64::from(u8::from(
                                super::schemes::Scheme::parse(s).is_some_and(|s| s.is_directory()),
                            )),
                            1.0,
                        )
                    })
                };
                places.of_site(site, inputs, &mut at);
                add(&at, counts);
            }
        }
        Metric::EdgeNodes | Metric::RackUse | Metric::PueMean => {
            let index = RegionIndex::of(&inputs.regions);
            // A target of one tier leaves the others out; a hall that doesn't tell its own is unknown.
            let of_tier =
                |d: &&DataCenter| target.tier.is_none() || d.tier.is_none() || d.tier == target.tier;
            for d in inputs.datacenters.iter().filter(of_tier) {
                let racks = d.racks_std.filter(|_| target.tier.is_none() || d.tier.is_some());
                let counts = match metric {
                    Metric::EdgeNodes => d.tier.map(|t| (f64::from(u8::from(t == DcTier::Edge)), 1.0)),
                    Metric::RackUse => racks.zip(d.rack_use_pct).map(|(n, p)| (n * p / 100.0, n)),
                    _ => racks.zip(d.pue).map(|(n, p)| (n * p, n)),
                };
                index.locate(d.at, &mut at);
                add(&at, counts);
            }
        }
        _ => {
            // Counted already: the key figures of the assessment.
            for k in &found.kpis {
                let slot = match k.group {
                    KpiGroup::All => &mut all,
                    KpiGroup::Region => {
                        let at = inputs.regions.iter().position(|r| r.adcode == k.key);
                        match at.and_then(|i| by_region.get_mut(i)) {
                            Some(t) => t,
                            None => continue,
                        }
                    }
                    _ => continue,
                };
                let share = match metric {
                    Metric::SitesOnTarget => k.on_target_share,
                    Metric::SitesFiber => k.fiber_share,
                    _ => k.outdoor_share,
                };
                let base = if metric == Metric::SitesOnTarget { k.scored } else { k.scored + k.unknown };
                slot.of = k.scored + k.unknown;
                if let Some(share) = share {
                    slot.known = base;
                    slot.base = base as f64;
                    slot.sum = share * base as f64;
                }
            }
        }
    }
    (all, by_region)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hub at 1.2, an edge hall at 1.8 and one that doesn't tell its tier: only the hub counts for hubs.
    #[test]
    fn a_target_of_one_tier_leaves_the_others_out() {
        let mut inputs = crate::synth::demo();
        let one = inputs.datacenters[0].clone();
        inputs.datacenters = [(Some(DcTier::Hub), 1.2), (Some(DcTier::Edge), 1.8), (None, 1.6)]
            .map(|(tier, pue)| DataCenter { tier, pue: Some(pue), racks_std: Some(100.0), ..one.clone() })
            .to_vec();
        let preset = Preset::shipped("east-data-west-compute").unwrap();
        let mut target = preset.targets[0].clone();
        assert_eq!((target.metric, target.tier), (Metric::PueMean, Some(DcTier::Hub)));
        let mean = |target: &Target, inputs: &Inputs| {
            let all = tallies(inputs, &Assessment::default(), target).0;
            (all.sum / all.base, all.known, all.of)
        };
        assert_eq!(mean(&target, &inputs), (1.2, 1, 2));
        assert!(lacking(&inputs, &target).is_empty());
        target.tier = None;
        let (all, known, of) = mean(&target, &inputs);
        assert!((all - 4.6 / 3.0).abs() < 1e-12 && (known, of) == (3, 3));
        target.tier = Some(DcTier::Regional);
        assert_eq!(lacking(&inputs, &target), ["datacenters.tier"]);
    }
}
