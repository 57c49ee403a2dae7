//! The head of the report on a plan: what it costs and does, what it leaves out, what is proven.

use super::coverage_document::say;
use super::layers::View;
use super::number::{grouped_decimal, money};
use super::plan_document::{fixed_count, zh};
use crate::model::kinds::Lang;
use crate::model::planned::{ConnectionState, StationBuild};
use crate::model::words::counted;
use crate::plan::Plan;
use std::collections::BTreeSet;

/// What is built for how much, and what it does.
pub(super) fn built(v: View, plan: &Plan, lang: Lang) -> String {
    let gaps = |n: usize| say(v, n as u64, lang);
    let (before, after) = (gaps(plan.before.gaps.len()), gaps(plan.after.gaps.len()));
    let km: f64 = plan.routes.iter().map(|r| r.length_m).sum::<f64>() / 1000.0;
    let new_centers = plan.centers.iter().filter(|c| !c.existing).count();
    let capex = money(plan.capex_cny(), zh(lang));
    let opex = money(plan.opex_cny_yr(), zh(lang));
    let indoor = plan.stations.iter().filter(|s| s.build == StationBuild::Indoor).count();
    let some = |n: usize, en: &str, chinese: &str| {
        (n > 0).then(|| match lang {
            Lang::En => counted(n as u64, en),
            Lang::Zh => format!("{} {chinese}", fixed_count(n)),
        })
    };
    let km = grouped_decimal(km, 1);
    let fiber = match lang {
        Lang::En => format!("{km} km of fiber routes"),
        Lang::Zh => format!("{km} km 光缆路由"),
    };
    // What isn't built needs no mention.
    let built: Vec<String> = [
        some(plan.stations.len() - indoor, "station", "个基站"),
        some(indoor, "indoor system", "套室分系统"),
        (!plan.routes.is_empty()).then_some(fiber),
        some(new_centers, "new data center", "个新建数据中心"),
    ]
    .into_iter()
    .flatten()
    .collect();
    match (built.split_last(), lang) {
        (None, Lang::En) => format!("nothing to build: {before} sites below target today, {after} after"),
        (None, Lang::Zh) => format!("无需建设：不达标企业现有 {before} 家，规划后 {after} 家"),
        (Some((last, rest)), Lang::En) => {
            let rest = rest.join(", ");
            let and = if rest.is_empty() { "" } else { " and " };
            format!(
                "{capex} (and {opex} a year) for {rest}{and}{last}: sites below target fall from {before} to {after}"
            )
        }
        (Some(_), Lang::Zh) => format!(
            "总投资 {capex}（年运营 {opex}）：{}；不达标企业由 {before} 家降至 {after} 家",
            built.join("、")
        ),
    }
}

/// Stations away from what stands for which no way to fiber is planned: their money leaves it out.
pub(super) fn without_fiber(plan: &Plan, lang: Lang) -> Option<String> {
    let joined: BTreeSet<&str> = plan
        .connections
        .iter()
        .filter(|c| matches!(c.state, ConnectionState::Already | ConnectionState::Planned))
        .map(|c| c.id.as_str())
        .collect();
    let told: BTreeSet<&str> = plan.connections.iter().map(|c| c.id.as_str()).collect();
    // A tower that carries cells has its fiber; an indoor system hangs on its plant's.
    let own_way = |b: StationBuild| {
        !matches!(b, StationBuild::SharedTower | StationBuild::Upgrade | StationBuild::Indoor)
    };
    let own: Vec<&str> = plan.stations.iter().filter(|s| own_way(s.build)).map(|s| s.id.as_str()).collect();
    let bare = own.iter().filter(|id| told.contains(*id) && !joined.contains(*id)).count();
    (bare > 0).then(|| match lang {
        Lang::En => format!(
            "no way to fiber is planned or priced for {bare} of {} away from towers that stand: these layers show none \
             that they could join",
            counted(own.len() as u64, "new station")
        ),
        Lang::Zh => format!(
            "{} 个新址基站中 {bare} 个未规划也未计入光缆接入费用：图层中无可接入光纤",
            own.len()
        ),
    })
}

/// What is proven of the whole; with a budget data centers but for edge nodes are placed by themselves.
pub(super) fn proven_line(plan: &Plan, lang: Lang) -> Option<String> {
    let of = |stage: &str| plan.certificates.iter().find(|c| c.stage == stage);
    let (whole, compute) = (of("plan")?, of("datacenters"));
    let parts = match (whole.maximise, compute) {
        (true, _) => ("stations, indoor systems, fiber, edge nodes", "基站、室分、光缆与边缘节点"),
        (false, Some(_)) => ("stations, indoor systems, fiber, compute", "基站、室分、光缆与算力"),
        (false, None) => ("stations, indoor systems, fiber", "基站、室分与光缆"),
    };
    let mut line = match (gap_percent(whole.gap), lang) {
        (Some(gap), Lang::En) => format!("proven within {gap} of the optimum ({})", parts.0),
        (Some(gap), Lang::Zh) => format!("已证明与最优解相差不超过 {gap}（{}）", parts.1),
        (None, Lang::En) => {
            "next to nothing can be had for this budget: no gap to the optimum is told".to_owned()
        }
        (None, Lang::Zh) => "该预算几乎无法带来改善，不给出与最优解的差距".to_owned(),
    };
    if let Some(gap) = compute.filter(|_| whole.maximise).and_then(|c| gap_percent(c.gap)) {
        line += &match lang {
            Lang::En => format!("; data centers, placed by themselves, within {gap}"),
            Lang::Zh => format!("；数据中心单独布局，相差不超过 {gap}"),
        };
    }
    Some(line)
}

/// A gap in percent; none where next to nothing was reached, so that a share of it says nothing.
pub(super) fn gap_percent(gap: f64) -> Option<String> {
    (gap.is_finite() && gap < 10.0).then(|| format!("{} %", grouped_decimal(gap * 100.0, 1)))
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    #[test]
    fn stations_without_a_way_to_fiber_are_told() {
        let mut plan = fixture::plan();
        let station = plan.stations[0].clone();
        plan.stations = [StationBuild::Roof, StationBuild::Roof, StationBuild::SharedTower]
            .into_iter()
            .zip(["ST-1", "ST-2", "ST-3"])
            .map(|(build, id)| {
                let mut s = station.clone();
                (s.build, s.id) = (build, id.into());
                s
            })
            .collect();
        let connection = plan.connections[0].clone();
        plan.connections = [("ST-1", ConnectionState::NoFiber), ("ST-2", ConnectionState::Planned)]
            .into_iter()
            .chain([("ST-3", ConnectionState::NoFiber)])
            .map(|(id, state)| {
                let mut c = connection.clone();
                (c.id, c.state) = (id.into(), state);
                c
            })
            .collect();
        let told = without_fiber(&plan, Lang::En).unwrap();
        assert!(told.contains("1 of 2 new stations"), "{told}");
        plan.connections[0].state = ConnectionState::Planned;
        assert_eq!(without_fiber(&plan, Lang::En), None);
    }

    #[test]
    fn a_gap_of_next_to_nothing_is_no_share() {
        assert_eq!(gap_percent(0.0465).as_deref(), Some("4.7 %"));
        assert_eq!(gap_percent(4.68e12), None);
        assert_eq!(gap_percent(f64::NAN), None);
        let mut plan = fixture::plan();
        let mut of_centers = plan.certificates[0].clone();
        (of_centers.stage, of_centers.gap) = ("datacenters", 0.0465);
        plan.certificates.push(of_centers);
        plan.certificates[0].maximise = true;
        let told = proven_line(&plan, Lang::En).unwrap();
        assert!(
            told.contains("2.4 %") && told.contains("data centers, placed by themselves, within 4.7 %"),
            "{told}"
        );
        plan.certificates[0].gap = 4.68e12;
        assert!(proven_line(&plan, Lang::En).unwrap().starts_with("next to nothing"));
    }
}
