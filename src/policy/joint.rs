//! Together or each behind its own border: the same planner plans for every group of parties that is looked
//! at, with what that group has; the bill is split by the Shapley value.

use super::party::{Coalition, Kind, Parties, inputs_of, parties};
use super::shapley::{EXACT_PARTIES, Split, exact, proportional, sampled};
use crate::coverage::Towers;
use crate::model::grid::Grid;
use crate::model::inputs::Inputs;
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
    /// Capex and running costs over `plan.years` at present value, yuan.
    pub cost_cny: f64,
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
    /// All together.
    pub together: Outcome,
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

/// Plans for the parties together, alone, and for the groups that the split needs; `orders` are drawn where
/// there are more than [`EXACT_PARTIES`]. A budget and locks that must be open are set aside: every group
/// closes what it can.
///
/// # Errors
/// [`JointError`].
pub fn joint(
    inputs: &Inputs,
    settings: &Settings,
    towers: &Towers,
    kind: Kind,
    orders: u32,
    seed: u64,
    work: Work<'_>,
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
    let mut groups = Groups {
        inputs,
        settings,
        parties: &parties,
        towers,
        work,
        known: BTreeMap::new(),
        planned: 0,
        side_by_side: 0,
    };
    for i in 0..n {
        groups.outcome(Coalition(0).with(i))?;
    }
    let cost = |c: Coalition| groups.outcome(c).map(|o| o.cost_cny);
    let split = if n <= EXACT_PARTIES { exact(n, cost)? } else { sampled(n, orders, seed, cost)? };
    let alone = (0..n).map(|i| groups.outcome(Coalition(0).with(i))).collect::<Result<Vec<_>, _>>()?;
    let together = groups.outcome(Coalition::all(n))?;
    let alone_cny: Vec<f64> = alone.iter().map(|a| a.cost_cny).collect();
    let breaks_away = breaks_away(&groups.known, &split.share_cny, &parties);
    Ok(Joint {
        alone,
        together,
        proportional_cny: proportional(together.cost_cny, &alone_cny),
        split,
        planned: groups.planned,
        side_by_side: groups.side_by_side,
        breaks_away,
        codes: parties.codes.clone(),
        names: parties.names.clone(),
    })
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
    known: BTreeMap<Coalition, Outcome>,
    planned: u32,
    side_by_side: u32,
}

impl Groups<'_> {
    fn outcome(&mut self, group: Coalition) -> Result<Outcome, JointError> {
        if let Some(o) = self.known.get(&group) {
            return Ok(*o);
        }
        let mut found = self.plan(group)?;
        // Whoever builds together can always build what the parts would have built.
        let parts: Vec<Outcome> = (0..self.parties.codes.len())
            .filter(|i| group.has(*i) && group.len() > 1)
            .filter_map(|i| {
                let rest = self.known.get(&Coalition(group.0 & !(1 << i)))?;
                let one = self.known.get(&Coalition(0).with(i))?;
                Some(side_by_side(rest, one))
            })
            .collect();
        if let Some(best) = parts.into_iter().min_by(|a, b| a.cost_cny.total_cmp(&b.cost_cny))
            && best.cost_cny < found.cost_cny
        {
            let (before, after) = (found.gaps_before, found.gaps_after);
            found = Outcome { gaps_before: before, gaps_after: after, ..best };
            self.side_by_side += 1;
        }
        self.known.insert(group, found);
        Ok(found)
    }

    fn plan(&mut self, group: Coalition) -> Result<Outcome, JointError> {
        // A group without a site or a radio network of its own has nothing to build.
        let idle = group.is_empty()
            || self.parties.kind == Kind::Operators
                && self.parties.codes.iter().enumerate().all(|(i, c)| c == "tower" || !group.has(i));
        if idle {
            return Ok(Outcome::default());
        }
        let (mut inputs, mut settings) =
            inputs_of(self.inputs, self.settings, self.parties, group, &self.towers);
        settings.plan.budget_cny = 0.0;
        settings.plan.lock.open.clear();
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
        let (mut kwh, mut carbon_t_yr) = (0.0, 0.0);
        for s in &plan.stations {
            let city = inputs.regions.iter().filter(|r| s.city.as_deref() == Some(r.adcode.as_str()));
            kwh += s.energy_kwh_yr;
            carbon_t_yr += Grid::of(city, &settings.energy).carbon_t(s.energy_kwh_yr);
        }
        kwh += plan.centers.iter().map(|c| c.energy_kwh_yr).sum::<f64>();
        carbon_t_yr += plan.centers.iter().map(|c| c.carbon_t_yr).sum::<f64>();
        Ok(Outcome {
            cost_cny: capex_cny + present_value(plan.opex_cny_yr(), &settings),
            capex_cny,
            stations: plan.stations.len() as u64,
            trench_m: plan.routes.iter().map(|r| r.trench_m).sum(),
            energy_kwh_yr: kwh,
            carbon_t_yr,
            gaps_before: plan.before.gaps.len() as u64,
            gaps_after: plan.after.gaps.len() as u64,
        })
    }
}

fn side_by_side(a: &Outcome, b: &Outcome) -> Outcome {
    Outcome {
        cost_cny: a.cost_cny + b.cost_cny,
        capex_cny: a.capex_cny + b.capex_cny,
        stations: a.stations + b.stations,
        trench_m: a.trench_m + b.trench_m,
        energy_kwh_yr: a.energy_kwh_yr + b.energy_kwh_yr,
        carbon_t_yr: a.carbon_t_yr + b.carbon_t_yr,
        gaps_before: a.gaps_before + b.gaps_before,
        gaps_after: a.gaps_after + b.gaps_after,
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

    #[test]
    fn building_together_costs_no_more_and_the_shares_add_up() {
        let recipe = synth::Recipe { region: "Jiangsu".into(), sites: 40, cells: 160, seed: 3 };
        let inputs = synth::generate(&recipe).unwrap();
        let s = settings();
        let work = Work { effort: Effort::LOW, seed: 1, gap: 0.0, stop: Stop::NEVER };
        let today = plan::today(&inputs, &s).unwrap();
        let found = joint(&inputs, &s, &today.towers, Kind::Operators, 2, 1, work).unwrap();
        let sum: f64 = found.split.share_cny.iter().sum();
        assert!((sum - found.together.cost_cny).abs() < 1e-6 * sum.abs().max(1.0));
        assert!(found.together.cost_cny <= found.apart_cny() * (1.0 + 1e-12), "{found:?}");
        assert!(found.worse_off().is_empty(), "{found:?}");
        assert!(found.codes.iter().any(|c| c == "cbn+cmcc") && found.codes.iter().any(|c| c == "ct+cu"));
        let again = joint(&inputs, &s, &today.towers, Kind::Operators, 2, 1, work).unwrap();
        assert_eq!(found, again);
    }
}
