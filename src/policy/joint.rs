//! Together or each behind its own border: the same planner plans for every group of parties that is looked
//! at, with what that group has; the bill is split by the Shapley value.

use super::party::{Coalition, Kind, Parties, inputs_of, parties};
use super::shapley::{EXACT_PARTIES, Split, exact, proportional, sampled};
use crate::coverage::Towers;
use crate::model::grid::Grid;
use crate::model::inputs::Inputs;
use crate::model::planned::{Item, ItemKind};
use crate::model::progress::Progress;
use crate::model::said::{Bilingual, Said};
use crate::model::settings::Settings;
use crate::optimise::Work;
use crate::plan::{self, PlanError};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Why there is no comparison.
#[derive(Debug, thiserror::Error)]
pub enum JointError {
    /// Fewer than two parties.
    #[error("{}", .0.en)]
    Parties(Said),
    /// A plan failed.
    #[error(transparent)]
    Plan(#[from] PlanError),
}

impl Bilingual for JointError {
    fn zh(&self) -> String {
        match self {
            Self::Parties(why) => why.zh.clone(),
            Self::Plan(e) => e.zh(),
        }
    }
}

/// What a group's plan comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Outcome {
    /// Capex and running costs over `plan.years` at present value, and what compute comes to, yuan.
    pub cost_cny: f64,
    /// Of that compute: halls, electricity near and far, and what latency is worth, at present value, yuan.
    pub compute_cny: f64,
    /// Of that capex, yuan.
    pub capex_cny: f64,
    /// Stations and indoor systems.
    pub stations: u64,
    /// New trench, metres.
    pub trench_m: f64,
    /// Electricity of new stations and of the data centers' load, kWh a year.
    pub energy_kwh_yr: f64,
    /// Carbon of that electricity, tonnes CO2 a year.
    pub carbon_t_yr: f64,
    /// Standard racks of the plants' compute that its centers host; what no center reaches costs it nothing.
    pub racks: f64,
    /// Sites below target before the plan.
    pub gaps_before: u64,
    /// Sites still below target after it.
    pub gaps_after: u64,
}

/// Together against apart.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Joint {
    /// Codes of the parties.
    pub codes: Vec<String>,
    /// Names for people.
    pub names: Vec<String>,
    /// Each party alone.
    pub alone: Vec<Outcome>,
    /// All together: the best of the plan made for all and of plans of parts side by side.
    pub together: Outcome,
    /// The plan made for all, where plans of parts side by side count instead.
    pub planned_together: Option<Outcome>,
    /// Sites that belong to no party, and are left out.
    pub left_out: u64,
    /// Split by the Shapley value.
    pub split: Split,
    /// Split in proportion to what each would pay alone.
    pub proportional_cny: Vec<f64>,
    /// Groups that were planned for.
    pub planned: u32,
    /// Groups for which the best plan found was worse than the parts' plans side by side, which then count.
    pub side_by_side: u32,
    /// The group that could do most better by itself than by its members' shares, if any could: codes and
    /// yuan. Looked for among the groups planned for.
    pub breaks_away: Option<(Vec<String>, f64)>,
}

impl Joint {
    /// Sum of what the parties would pay alone, yuan.
    #[must_use]
    pub fn apart_cny(&self) -> f64 {
        self.alone.iter().map(|a| a.cost_cny).sum()
    }

    /// Parties that would pay less alone, by place.
    #[must_use]
    pub fn worse_off(&self) -> Vec<usize> {
        let dust = 1e-9 * self.apart_cny().max(1.0);
        let shares = self.split.share_cny.iter().zip(&self.alone);
        shares.enumerate().filter(|(_, (s, a))| **s > a.cost_cny + dust).map(|(i, _)| i).collect()
    }
}

/// Plans for the parties together, alone, and for the groups that the split needs; `orders` are drawn, by the
/// seed, where there are more than [`EXACT_PARTIES`]. A budget and locks that must be open are set aside: every
/// group closes what it can.
///
/// # Errors
/// [`JointError`].
pub fn joint(
    inputs: &Inputs,
    settings: &Settings,
    towers: &Towers,
    kind: Kind,
    (orders, seed): (u32, u64),
    work: Work<'_>,
    progress: &Progress,
) -> Result<Joint, JointError> {
    let parties = parties(inputs, kind);
    let n = parties.codes.len();
    if !(2..=super::party::MOST).contains(&n) {
        return Err(JointError::Parties(
            match kind {
                Kind::Operators => (
                    format!("{n} radio networks own cells: building together takes two at least"),
                    format!("有小区的无线网络为 {n} 个：共建至少需要两个"),
                ),
                Kind::Cities | Kind::Provinces => {
                    let (en, zh) = if kind == Kind::Cities { ("cities", "城市") } else { ("provinces", "省份") };
                    (
                        format!(
                            "sites lie in {n} {en} of the regions layer: building together takes from 2 to {}",
                            super::party::MOST
                        ),
                        format!("企业分布在区域图层的 {n} 个{zh}：共建需要 2 至 {} 个", super::party::MOST),
                    )
                }
            }
            .into(),
        ));
    }
    let towers: Vec<_> = towers.list.iter().map(|t| (t.id.clone(), t.at)).collect();
    let made = BTreeMap::new();
    let mut groups = Groups { inputs, settings, parties: &parties, towers, work, progress, made, planned: 0 };
    let all = Coalition::all(n);
    let single = |i: usize| Coalition(0).with(i);
    let split = |cost: &mut dyn FnMut(Coalition) -> Result<f64, JointError>| {
        if n <= EXACT_PARTIES { exact(n, cost) } else { sampled(n, orders, seed, cost) }
    };
    // Which groups the split asks for doesn't depend on what they cost: first they are counted, then planned
    // for, and once all of them are known, each counts at the best that it could do.
    let mut asked: BTreeSet<Coalition> = (0..n).map(single).collect();
    split(&mut |c| {
        asked.insert(c);
        Ok(0.0)
    })?;
    progress.expect(asked.len() as u64);
    for i in 0..n {
        groups.made(single(i))?;
    }
    split(&mut |c| groups.made(c).map(|o| o.cost_cny))?;
    let (planned, (best, side_by_side)) = (groups.planned, side_by_side(&groups.made, parties.kind));
    let of = |c: Coalition| best.get(&c).copied().unwrap_or_default();
    let split = split(&mut |c| Ok(of(c).cost_cny))?;
    let alone: Vec<Outcome> = (0..n).map(|i| of(single(i))).collect();
    let (together, own) = (of(all), groups.made(all)?);
    let alone_cny: Vec<f64> = alone.iter().map(|a| a.cost_cny).collect();
    let breaks_away = breaks_away(&best, &split.share_cny, &parties);
    Ok(Joint {
        alone,
        together,
        planned_together: (own != together).then_some(own),
        left_out: super::party::left_out(inputs, kind),
        proportional_cny: proportional(together.cost_cny, &alone_cny),
        split,
        planned,
        side_by_side,
        breaks_away,
        codes: parties.codes.clone(),
        names: parties.names.clone(),
    })
}

/// What every group could do at best: its own plan, or plans of two parts of it side by side, for whoever
/// builds together can build what the parts would have built. An own plan that leaves more sites below target
/// than the cheapest parts side by side is cheaper only by doing less, and doesn't count. So no group costs
/// more than any parts of it that were planned for, and no party's share is more than it would pay alone.
/// Also: for how many groups parts count.
fn side_by_side(made: &BTreeMap<Coalition, Outcome>, kind: Kind) -> (BTreeMap<Coalition, Outcome>, u32) {
    let mut groups: Vec<Coalition> = made.keys().copied().collect();
    groups.sort_by_key(|c| (c.len(), *c));
    let (mut best, mut count) = (BTreeMap::<Coalition, Outcome>::new(), 0);
    for (k, &group) in groups.iter().enumerate() {
        let own = made[&group];
        let parts = groups[..k].iter().filter(|c| !c.is_empty() && c.0 & group.0 == c.0).filter_map(|c| {
            let rest = Coalition(group.0 ^ c.0);
            (*c < rest).then(|| Some(beside(best.get(c)?, best.get(&rest)?, &own, kind)))?
        });
        let cheapest = parts.min_by(|a, b| a.cost_cny.total_cmp(&b.cost_cny));
        let found = match cheapest {
            Some(parts) if parts.cost_cny < own.cost_cny || own.gaps_after > parts.gaps_after => {
                count += 1;
                parts
            }
            _ => own,
        };
        best.insert(group, found);
    }
    (best, count)
}

/// The known group that pays most more by the shares than by its own plan.
fn breaks_away(
    known: &BTreeMap<Coalition, Outcome>,
    shares: &[f64],
    parties: &Parties,
) -> Option<(Vec<String>, f64)> {
    let members = |c: Coalition| (0..shares.len()).filter(move |i| c.has(*i));
    let scale: f64 = shares.iter().map(|s| s.abs()).sum::<f64>().max(1.0);
    known
        .iter()
        .filter(|(c, _)| !c.is_empty())
        .map(|(c, o)| (*c, members(*c).map(|i| shares[i]).sum::<f64>() - o.cost_cny))
        .filter(|(_, excess)| *excess > 1e-9 * scale)
        .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
        .map(|(c, excess)| (members(c).map(|i| parties.codes[i].clone()).collect(), excess))
}

/// Plans of groups, each made once.
struct Groups<'a> {
    inputs: &'a Inputs,
    settings: &'a Settings,
    parties: &'a Parties,
    towers: Vec<(String, crate::geom::LonLat)>,
    work: Work<'a>,
    /// Told of every group that is known.
    progress: &'a Progress,
    made: BTreeMap<Coalition, Outcome>,
    planned: u32,
}

impl Groups<'_> {
    fn made(&mut self, group: Coalition) -> Result<Outcome, JointError> {
        if let Some(o) = self.made.get(&group) {
            return Ok(*o);
        }
        let found = self.plan(group)?;
        self.made.insert(group, found);
        self.progress.add(1);
        Ok(found)
    }

    fn plan(&mut self, group: Coalition) -> Result<Outcome, JointError> {
        // A group without a site or a radio network of its own has nothing to build.
        let is_network = |code: &String| code != "tower";
        let networks = self.parties.codes.iter().filter(|c| is_network(c)).count();
        let own =
            self.parties.codes.iter().enumerate().filter(|(i, c)| is_network(c) && group.has(*i)).count();
        let by_network = self.parties.kind == Kind::Operators;
        if group.is_empty() || by_network && own == 0 {
            return Ok(Outcome::default());
        }
        let (mut inputs, mut settings) =
            inputs_of(self.inputs, self.settings, self.parties, group, &self.towers);
        settings.plan.budget_cny = 0.0;
        settings.plan.lock.open.clear();
        if by_network {
            // A plant's compute is asked for once, however many networks reach it: each hosts its part.
            settings.datacenter.site_racks *= own as f64 / networks.max(1) as f64;
        }
        let ids = |i: &Inputs| -> BTreeSet<String> {
            let mut all: BTreeSet<String> = i.candidates.iter().map(|c| c.id.clone()).collect();
            all.extend(i.fiber_nodes.iter().map(|n| n.id.clone()));
            all.extend(i.fiber_segments.iter().map(|s| s.id.clone()));
            all.extend(i.ducts.iter().map(|d| d.id.clone()));
            all.extend(i.sites.list.iter().map(|s| i.sites.text.get(s.id).to_owned()));
            all
        };
        // What the group hasn't got can't be locked.
        let (all, own) = (ids(self.inputs), ids(&inputs));
        settings.plan.lock.shut.retain(|id| own.contains(id) || !all.contains(id));
        let plan = plan::run_bare(&mut inputs, &settings, self.work)?;
        self.planned += 1;
        let capex_cny = plan.capex_cny();
        let of_halls = |i: &&Item| i.kind == ItemKind::DataCenter;
        let (halls_cny, halls_cny_yr) = plan
            .items
            .iter()
            .filter(of_halls)
            .fold((0.0, 0.0), |s, i| (s.0 + i.capex_cny, s.1 + i.opex_cny_yr));
        // Whether a hall is built or a far one used is weighed by electricity and latency too: counting only
        // the halls would make those who build none look cheap.
        let placed = plan.certificates.iter().find(|c| c.stage == "datacenters");
        let compute_cny_yr = placed.map_or(0.0, |c| c.objective);
        let compute_cny = present_value(compute_cny_yr, &settings);
        let running_cny_yr = plan.opex_cny_yr() - halls_cny_yr;
        let (mut kwh, mut carbon_t_yr) = (0.0, 0.0);
        for s in &plan.stations {
            let city = inputs.regions.iter().filter(|r| s.city.as_deref() == Some(r.adcode.as_str()));
            kwh += s.energy_kwh_yr;
            carbon_t_yr += Grid::of(city, &settings.energy).carbon_t(s.energy_kwh_yr);
        }
        kwh += plan.centers.iter().map(|c| c.energy_kwh_yr).sum::<f64>();
        carbon_t_yr += plan.centers.iter().map(|c| c.carbon_t_yr).sum::<f64>();
        Ok(Outcome {
            cost_cny: capex_cny - halls_cny + present_value(running_cny_yr, &settings) + compute_cny,
            compute_cny,
            capex_cny,
            stations: plan.stations.len() as u64,
            // A sum of nothing is −0.
            trench_m: plan.routes.iter().map(|r| r.trench_m).sum::<f64>() + 0.0,
            energy_kwh_yr: kwh,
            carbon_t_yr,
            // A sum of nothing is −0.
            racks: plan.centers.iter().map(|c| c.racks_used).sum::<f64>() + 0.0,
            gaps_before: plan.before.gaps.len() as u64,
            gaps_after: plan.after.gaps.len() as u64,
        })
    }
}

/// Two plans side by side, for a group that would itself have planned `own`.
fn beside(a: &Outcome, b: &Outcome, own: &Outcome, kind: Kind) -> Outcome {
    let gaps_after = match kind {
        // Each lifts the same sites, each on its own radio: one is enough. The tower company has none.
        Kind::Operators if a.gaps_before == 0 => b.gaps_after,
        Kind::Operators if b.gaps_before == 0 => a.gaps_after,
        Kind::Operators => a.gaps_after.min(b.gaps_after),
        Kind::Cities | Kind::Provinces => a.gaps_after + b.gaps_after,
    };
    Outcome {
        cost_cny: a.cost_cny + b.cost_cny,
        compute_cny: a.compute_cny + b.compute_cny,
        capex_cny: a.capex_cny + b.capex_cny,
        stations: a.stations + b.stations,
        trench_m: a.trench_m + b.trench_m,
        energy_kwh_yr: a.energy_kwh_yr + b.energy_kwh_yr,
        carbon_t_yr: a.carbon_t_yr + b.carbon_t_yr,
        racks: a.racks + b.racks,
        gaps_before: own.gaps_before,
        gaps_after: gaps_after.min(own.gaps_before),
    }
}

/// Present value of so much at the end of each year of the plan, yuan: a Σ (1 + r)^−t.
fn present_value(each_year_cny: f64, settings: &Settings) -> f64 {
    each_year_cny * settings.plan.annuity(settings.plan.years)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::project::Project;
    use crate::optimise::{Effort, Stop};
    use crate::synth;
    use proptest::prelude::*;

    fn settings() -> Settings {
        Project::empty("t").unwrap().settings
    }

    #[test]
    fn present_value_by_hand() {
        let mut s = settings();
        s.plan.years = 3;
        s.plan.discount_rate = 0.1;
        // 100/1.1 + 100/1.21 + 100/1.331
        assert!((present_value(100.0, &s) - 248.685_199_098).abs() < 1e-8);
    }

    fn outcome(cost_cny: f64, gaps_after: u64) -> Outcome {
        Outcome { cost_cny, gaps_before: 10, gaps_after, ..Outcome::default() }
    }

    #[test]
    fn a_plan_that_does_less_is_no_saving() {
        let group = |mask: u32| Coalition(mask);
        let made = |together: Outcome| {
            BTreeMap::from([
                (group(0b01), outcome(40.0, 0)),
                (group(0b10), outcome(50.0, 1)),
                (group(0b11), together),
            ])
        };
        let best = |together: Outcome| {
            let (best, parts) = side_by_side(&made(together), Kind::Cities);
            (best[&group(0b11)].cost_cny, best[&group(0b11)].gaps_after, parts)
        };
        assert_eq!(best(outcome(70.0, 1)), (70.0, 1, 0));
        // Dearer than both apart; cheaper, but only for leaving more undone; dearer for doing more.
        assert_eq!(best(outcome(95.0, 1)), (90.0, 1, 1));
        assert_eq!(best(outcome(70.0, 2)), (90.0, 1, 1));
        assert_eq!(best(outcome(95.0, 0)), (90.0, 1, 1));
        // Networks lift the same sites: the better of the two is what both together leave.
        let (best, _) = side_by_side(&made(outcome(95.0, 0)), Kind::Operators);
        assert_eq!(best[&group(0b11)].gaps_after, 0);
    }

    proptest! {
        /// However bad the plan found for a group is, whatever it leaves undone, and however few orders are
        /// drawn, no share is more than alone and the shares add up.
        #[test]
        fn no_party_pays_more_than_alone(
            n in 2usize..8,
            orders in 1u32..6,
            seed in 0u64..1000,
            raw in prop::collection::vec((0.0f64..100.0, 0u64..3), 128),
        ) {
            let made = std::cell::RefCell::new(BTreeMap::new());
            let ask = |c: Coalition| {
                let (cost, gaps) = if c.is_empty() { (0.0, 0) } else { raw[c.0 as usize] };
                made.borrow_mut().insert(c, outcome(cost, gaps));
                Ok::<f64, std::convert::Infallible>(cost)
            };
            (0..n).for_each(|i| { let _ = ask(Coalition(0).with(i)); });
            let exactly = n <= 4;
            if exactly { exact(n, ask).unwrap() } else { sampled(n, orders, seed, ask).unwrap() };
            let made = made.into_inner();
            let (best, _) = side_by_side(&made, Kind::Cities);
            let cost = |c: Coalition| Ok::<f64, std::convert::Infallible>(best[&c].cost_cny);
            let split = if exactly { exact(n, cost).unwrap() } else { sampled(n, orders, seed, cost).unwrap() };
            let whole = best[&Coalition::all(n)].cost_cny;
            prop_assert!((split.share_cny.iter().sum::<f64>() - whole).abs() < 1e-9 * whole.max(1.0));
            for i in 0..n {
                prop_assert!(split.share_cny[i] <= best[&Coalition(0).with(i)].cost_cny + 1e-9);
            }
            for (c, o) in &best {
                prop_assert!(o.cost_cny <= made[c].cost_cny || o.gaps_after < made[c].gaps_after);
            }
        }
    }

    /// Real plans of three cities: the shares are the mean of what each city adds over the six orders of
    /// joining, written out, and no city pays more than alone.
    #[test]
    fn three_cities_share_as_the_six_orders_say() {
        const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
        let s = settings();
        let work = Work { effort: Effort::LOW, seed: 1, gap: 0.0, stop: Stop::NEVER };
        for (seed, region) in [(1, "Jiangsu"), (2, "Guizhou"), (3, "Jiangsu"), (4, "Guizhou")] {
            let recipe = synth::Recipe { region: region.into(), sites: 150, cells: 300, seed };
            let mut inputs = synth::generate(&recipe).unwrap();
            let homes = crate::policy::party::homes(&inputs, Some(crate::model::kinds::RegionLevel::City));
            let mut kept: Vec<u32> = homes.iter().flatten().copied().collect();
            kept.sort_unstable();
            kept.dedup();
            kept.truncate(3);
            let mut home = homes.iter();
            inputs.sites.list.retain(|_| home.next().unwrap().is_some_and(|h| kept.contains(&h)));
            let today = plan::today(&inputs, &s).unwrap();
            let told = Progress::default();
            let found = joint(&inputs, &s, &today.towers, Kind::Cities, (2, 1), work, &told).unwrap();
            assert_eq!(told.share(), Some(1.0));
            assert_eq!((found.codes.len(), found.split.orders, found.left_out), (3, None, 0));
            let parties = parties(&inputs, Kind::Cities);
            let mut groups = Groups {
                inputs: &inputs,
                settings: &s,
                parties: &parties,
                towers: today.towers.list.iter().map(|t| (t.id.clone(), t.at)).collect(),
                work,
                progress: &told,
                made: BTreeMap::new(),
                planned: 0,
            };
            for mask in 0..8 {
                groups.made(Coalition(mask)).unwrap();
            }
            let (best, _) = side_by_side(&groups.made, Kind::Cities);
            let mut by_hand = [0.0; 3];
            for order in ORDERS {
                let mut joined = Coalition(0);
                for party in order {
                    let before = best[&joined].cost_cny;
                    joined = joined.with(party);
                    by_hand[party] += (best[&joined].cost_cny - before) / 6.0;
                }
            }
            let whole = found.together.cost_cny;
            assert!(whole > 0.0 && (found.split.share_cny.iter().sum::<f64>() - whole).abs() < 1e-9 * whole);
            for (share, hand) in found.split.share_cny.iter().zip(by_hand) {
                assert!((share - hand).abs() < 1e-9 * whole, "{region} {seed}: {found:?}");
            }
            assert!(found.worse_off().is_empty() && whole <= found.apart_cny(), "{region} {seed}: {found:?}");
        }
    }

    #[test]
    fn building_together_costs_no_more_and_the_shares_add_up() {
        let recipe = synth::Recipe { region: "Jiangsu".into(), sites: 40, cells: 160, seed: 3 };
        let inputs = synth::generate(&recipe).unwrap();
        let s = settings();
        let work = Work { effort: Effort::LOW, seed: 1, gap: 0.0, stop: Stop::NEVER };
        let today = plan::today(&inputs, &s).unwrap();
        let told = Progress::default();
        let found = joint(&inputs, &s, &today.towers, Kind::Operators, (2, 1), work, &told).unwrap();
        let sum: f64 = found.split.share_cny.iter().sum();
        assert!((sum - found.together.cost_cny).abs() < 1e-6 * sum.abs().max(1.0));
        assert!(found.together.cost_cny <= found.apart_cny() * (1.0 + 1e-12), "{found:?}");
        assert!(found.worse_off().is_empty(), "{found:?}");
        assert!(found.codes.iter().any(|c| c == "cbn+cmcc") && found.codes.iter().any(|c| c == "ct+cu"));
        let again = joint(&inputs, &s, &today.towers, Kind::Operators, (2, 1), work, &told).unwrap();
        assert_eq!(found, again);
    }
}
