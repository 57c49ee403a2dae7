//! The order of building: most points per yuan of what isn't there yet, spread over the years by money and by
//! what can be built, and every year a connected extension of what stands before it.

use crate::model::notes::Note;
use crate::model::planned::{
    Center, Connection, ConnectionState, Held, Item, ItemKind, OrderStep, PonNode, RouteSegment, Station,
};
use crate::model::settings::PlanSettings;
use crate::model::words::{yuan, yuan_zh};
use std::collections::{BTreeMap, BinaryHeap};

/// The parts of a plan whose years are asked for.
pub struct Parts<'a> {
    /// Stations.
    pub stations: &'a mut [Station],
    /// Stretches of fiber.
    pub routes: &'a mut [RouteSegment],
    /// How sites and stations are joined.
    pub connections: &'a mut [Connection],
    /// Ports and splitters.
    pub pon: &'a mut [PonNode],
    /// Data centers.
    pub centers: &'a mut [Center],
    /// Lead-in and equipment per connection, yuan.
    pub lead_in_cny: &'a [f64],
    /// Weighted points that joining brings, per connection.
    pub gains: &'a [f64],
    /// Weighted points per data center that the budget pays for; none for the others.
    pub center_gains: &'a [Option<f64>],
}

/// Something to build: a station with its own connection if it has one, the connection of a site, or an edge
/// node.
#[derive(Default)]
struct Job {
    station: Option<usize>,
    connection: Option<usize>,
    center: Option<usize>,
    gain: f64,
    /// What it costs by itself, yuan.
    own_cny: f64,
}

/// A job as it stood when it was put in the queue: points per yuan, the earlier job first among equals.
struct Offer {
    rate: f64,
    job: usize,
    version: u32,
}

impl Ord for Offer {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.rate.total_cmp(&other.rate).then(other.job.cmp(&self.job))
    }
}

impl PartialOrd for Offer {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Offer {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Offer {}

/// Gives every part of a plan its year, 1 to `plan.phases`, and tells the order.
///
/// The next job is always the one that gains most per yuan of what isn't built yet: a trench that an earlier
/// job has paid for is free to the later ones, so it is dug once, in the first year in which somebody needs
/// it. A year ends when its money, its stations or its trench are used up; the last year takes what is left.
/// Without annual budgets every year gets about the same money. Data centers beside the budget are spread by
/// sites served.
pub fn assign(plan: &PlanSettings, parts: &mut Parts<'_>) -> Vec<OrderStep> {
    let phases = plan.phases.max(1);
    let jobs = jobs(parts);
    let order = in_order(&jobs, parts);
    let total: f64 = order.iter().map(|s| s.1).sum();
    let mut years = Years::new(plan, total);
    let mut steps = Vec::with_capacity(order.len());
    for (rank, (job, capex_cny, trench_m)) in order.into_iter().enumerate() {
        let job = &jobs[job];
        let (phase, held_by) = years.place(capex_cny, trench_m, job.station.is_some());
        if let Some(s) = job.station {
            parts.stations[s].phase = phase;
        }
        if let Some(c) = job.connection {
            parts.connections[c].phase = phase;
        }
        if let Some(c) = job.center {
            parts.centers[c].phase = phase;
        }
        let id = match (job.station, job.connection, job.center) {
            (Some(s), ..) => parts.stations[s].id.clone(),
            (None, Some(c), _) => parts.connections[c].id.clone(),
            (None, None, Some(c)) => parts.centers[c].id.clone(),
            (None, None, None) => String::new(),
        };
        steps.push(OrderStep {
            rank: rank as u32 + 1,
            id,
            phase,
            gain: job.gain,
            capex_cny,
            trench_m,
            points_per_mcny: job.gain / capex_cny.max(1.0) * 1e6,
            held_by,
        });
    }
    // A stretch, splitter or port is built when somebody first needs it.
    for r in parts.routes.iter_mut() {
        r.phase = phases;
    }
    for n in parts.pon.iter_mut() {
        n.phase = phases;
    }
    for c in parts.connections.iter().filter(|c| c.state == ConnectionState::Planned) {
        for &node in c.optical.iter().flat_map(|l| &l.nodes) {
            if let Some(n) = parts.pon.get_mut(node as usize) {
                n.phase = n.phase.min(c.phase);
            }
        }
        for segment in c.segments() {
            if let Some(r) = parts.routes.get_mut(segment as usize) {
                r.phase = r.phase.min(c.phase);
            }
        }
    }
    let centers = &mut *parts.centers;
    let in_order = |i: usize| parts.center_gains.get(i).is_some_and(Option::is_some);
    let mut order: Vec<usize> =
        (0..centers.len()).filter(|&i| !centers[i].existing && !in_order(i)).collect();
    order.sort_by(|&a, &b| centers[b].sites.cmp(&centers[a].sites).then(a.cmp(&b)));
    for (rank, &i) in order.iter().enumerate() {
        centers[i].phase = (rank as u32 * phases / order.len() as u32 + 1).min(phases);
    }
    steps
}

/// Years that take more than they have: the last one, which takes what is left; one with a job too large for
/// any year; one with data centers beside the budget.
#[must_use]
pub fn over_years(plan: &PlanSettings, items: &[Item], routes: &[RouteSegment]) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut say = |en: String, zh: String| notes.push(Note::new("N216", en, zh));
    for year in 1..=plan.phases.max(1) {
        let of_year = || items.iter().filter(|i| i.phase == year);
        let spent: f64 = of_year().map(|i| i.capex_cny).sum();
        let list = &plan.annual_budget_cny;
        if let Some(has) = list.get(year as usize - 1).or(list.last()).filter(|b| spent > **b * (1.0 + 1e-9))
        {
            say(
                format!(
                    "the annual budgets don't reach: year {year} spends {}, {} more than it has",
                    yuan(spent),
                    yuan(spent - has)
                ),
                format!(
                    "年度额度不足：第 {year} 年投资 {}，超出额度 {}",
                    yuan_zh(spent),
                    yuan_zh(spent - has)
                ),
            );
        }
        let stations: f64 = of_year()
            .filter(|i| matches!(i.kind, ItemKind::Station | ItemKind::Indoor))
            .map(|i| i.quantity)
            .sum();
        let can = f64::from(plan.annual_stations);
        if can > 0.0 && stations > can {
            say(
                format!(
                    "the years don't reach: year {year} builds {stations:.0} stations and indoor systems where \
                     {can:.0} can be built (plan.annual_stations): {:.0} too many",
                    stations - can
                ),
                format!(
                    "年度建设能力不足：第 {year} 年建站 {stations:.0} 个，年建站能力 {can:.0} 个（plan.annual_stations），\
                     超出 {:.0} 个",
                    stations - can
                ),
            );
        }
        let trench_m: f64 = routes.iter().filter(|r| r.phase == year).map(|r| r.trench_m).sum();
        let (km, can) = (trench_m / 1e3, plan.annual_trench_km);
        if can > 0.0 && km > can * (1.0 + 1e-9) {
            say(
                format!(
                    "the years don't reach: year {year} digs {km:.1} km of trench where {can:.1} km can be dug \
                     (plan.annual_trench_km): {:.1} km too much",
                    km - can
                ),
                format!(
                    "年度建设能力不足：第 {year} 年开挖 {km:.1} 公里，年开挖能力 {can:.1} 公里（plan.annual_trench_km），\
                     超出 {:.1} 公里",
                    km - can
                ),
            );
        }
    }
    notes
}

fn jobs(parts: &Parts<'_>) -> Vec<Job> {
    let own = |c: usize| parts.lead_in_cny.get(c).copied().unwrap_or(0.0);
    let planned = |c: &&Connection| c.state == ConnectionState::Planned;
    let by_id: BTreeMap<&str, usize> = parts
        .connections
        .iter()
        .enumerate()
        .filter(|(_, c)| planned(c))
        .map(|(i, c)| (c.id.as_str(), i))
        .collect();
    let mut of_station = vec![false; parts.connections.len()];
    let mut jobs: Vec<Job> = Vec::new();
    for (i, s) in parts.stations.iter().enumerate() {
        let connection = by_id.get(s.id.as_str()).copied();
        connection.into_iter().for_each(|c| of_station[c] = true);
        let own_cny = s.capex_cny + connection.map_or(0.0, own);
        jobs.push(Job { station: Some(i), connection, gain: s.gain, own_cny, ..Job::default() });
    }
    for i in (0..parts.connections.len()).filter(|&i| planned(&&parts.connections[i]) && !of_station[i]) {
        let gain = parts.gains.get(i).copied().unwrap_or(0.0);
        jobs.push(Job { connection: Some(i), gain, own_cny: own(i), ..Job::default() });
    }
    for (i, gain) in parts.center_gains.iter().enumerate().filter_map(|(i, g)| Some((i, (*g)?))) {
        let own_cny = parts.centers.get(i).map_or(0.0, |c| c.capex_cny);
        jobs.push(Job { center: Some(i), gain, own_cny, ..Job::default() });
    }
    jobs
}

/// Jobs in their order, each with the capex (yuan) and trench (metres) of what wasn't there before it.
fn in_order(jobs: &[Job], parts: &Parts<'_>) -> Vec<(usize, f64, f64)> {
    let used: Vec<Vec<u32>> = jobs
        .iter()
        .map(|job| {
            let of = job.connection.map(|c| parts.connections[c].segments());
            let mut list: Vec<u32> = of.into_iter().flatten().collect();
            list.sort_unstable();
            list.dedup();
            list.retain(|&s| (s as usize) < parts.routes.len());
            list
        })
        .collect();
    let nodes = |job: &Job| {
        let light = job.connection.and_then(|c| parts.connections[c].optical.as_ref());
        light.map_or(&[][..], |l| &l.nodes[..])
    };
    let (mut users, mut lit_users) =
        (vec![Vec::new(); parts.routes.len()], vec![Vec::new(); parts.pon.len()]);
    for (j, job) in jobs.iter().enumerate() {
        for &s in &used[j] {
            users[s as usize].push(j);
        }
        for &n in nodes(job) {
            lit_users[n as usize].push(j);
        }
    }
    let (mut built, mut lit) = (vec![false; parts.routes.len()], vec![false; parts.pon.len()]);
    let cost = |j: usize, built: &[bool], lit: &[bool]| {
        let new = || used[j].iter().map(|&s| s as usize).filter(|&s| !built[s]);
        let ports = nodes(&jobs[j]).iter().map(|&n| n as usize).filter(|&n| !lit[n]);
        let capex = jobs[j].own_cny
            + new().map(|s| parts.routes[s].capex_cny).sum::<f64>()
            + ports.map(|n| parts.pon[n].capex_cny).sum::<f64>();
        (capex, new().map(|s| parts.routes[s].trench_m).fold(0.0, |a, b| a + b))
    };
    let mut version = vec![0u32; jobs.len()];
    let offer = |j: usize, version: u32, built: &[bool], lit: &[bool]| Offer {
        rate: jobs[j].gain / cost(j, built, lit).0.max(1.0),
        job: j,
        version,
    };
    let mut queue: BinaryHeap<Offer> = (0..jobs.len()).map(|j| offer(j, 0, &built, &lit)).collect();
    let mut done = vec![false; jobs.len()];
    let mut order = Vec::with_capacity(jobs.len());
    while let Some(next) = queue.pop() {
        let j = next.job;
        if done[j] || next.version != version[j] {
            continue;
        }
        done[j] = true;
        let (capex, trench) = cost(j, &built, &lit);
        order.push((j, capex, trench));
        // Whoever shares what is built now comes cheaper.
        let mut cheaper: Vec<usize> = Vec::new();
        for &s in &used[j] {
            if !std::mem::replace(&mut built[s as usize], true) {
                cheaper.append(&mut users[s as usize]);
            }
        }
        for &n in nodes(&jobs[j]) {
            if !std::mem::replace(&mut lit[n as usize], true) {
                cheaper.append(&mut lit_users[n as usize]);
            }
        }
        cheaper.sort_unstable();
        cheaper.dedup();
        for k in cheaper.into_iter().filter(|&k| !done[k]) {
            version[k] += 1;
            queue.push(offer(k, version[k], &built, &lit));
        }
    }
    order
}

/// The years, filled one after another.
struct Years<'a> {
    plan: &'a PlanSettings,
    total: f64,
    year: u32,
    /// Of all jobs so far.
    spent: f64,
    /// Of the year at hand.
    money: f64,
    stations: u32,
    trench_m: f64,
}

impl<'a> Years<'a> {
    fn new(plan: &'a PlanSettings, total: f64) -> Self {
        Self { plan, total, year: 1, spent: 0.0, money: 0.0, stations: 0, trench_m: 0.0 }
    }

    /// What the year at hand may spend, if that is given.
    fn budget(&self) -> Option<f64> {
        let list = &self.plan.annual_budget_cny;
        list.get(self.year as usize - 1).or(list.last()).copied()
    }

    /// What keeps a job out of the year at hand. A job too large for any year by itself gets one of its own.
    fn holds(&self, capex: f64, trench_m: f64, station: bool) -> Option<Held> {
        let plan = self.plan;
        if self.budget().is_some_and(|b| self.money > 0.0 && self.money + capex > b * (1.0 + 1e-12)) {
            return Some(Held::Budget);
        }
        if station && plan.annual_stations > 0 && self.stations >= plan.annual_stations {
            return Some(Held::Stations);
        }
        let limit_m = plan.annual_trench_km * 1e3;
        if limit_m > 0.0 && trench_m > 0.0 && self.trench_m > 0.0 && self.trench_m + trench_m > limit_m {
            return Some(Held::Trench);
        }
        None
    }

    fn place(&mut self, capex: f64, trench_m: f64, station: bool) -> (u32, Option<Held>) {
        let phases = self.plan.phases.max(1);
        let mut why = None;
        let next = |years: &mut Self| {
            years.year += 1;
            (years.money, years.stations, years.trench_m) = (0.0, 0, 0.0);
        };
        if self.plan.annual_budget_cny.is_empty() {
            // The year in which the middle of the job's money falls.
            let middle = (self.spent + capex / 2.0) / self.total.max(f64::MIN_POSITIVE);
            let due = ((middle * f64::from(phases)).floor() as u32 + 1).min(phases);
            while self.year < due {
                next(self);
            }
        }
        while self.year < phases {
            let Some(held) = self.holds(capex, trench_m, station) else { break };
            why = Some(held);
            next(self);
        }
        self.spent += capex;
        self.money += capex;
        self.stations += u32::from(station);
        self.trench_m += trench_m;
        (self.year, why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::settings::Settings;

    /// Two years: the first within everything, the second beyond its money, its stations and its trench.
    #[test]
    fn years_that_take_too_much_are_told() {
        let mut plan = Settings::with(&toml::Table::new()).unwrap().plan;
        plan.phases = 2;
        let item = |kind, phase, quantity, capex_cny| Item {
            kind,
            city: String::new(),
            payer: String::new(),
            phase,
            quantity,
            unit: "pcs",
            capex_cny,
            opex_cny_yr: 0.0,
        };
        let items = [
            item(ItemKind::Station, 1, 2.0, 5e6),
            item(ItemKind::Station, 2, 3.0, 6e6),
            item(ItemKind::Indoor, 2, 4.0, 1e6),
            item(ItemKind::DataCenter, 2, 1.0, 4e6),
        ];
        let route = |phase, trench_m| RouteSegment { phase, trench_m, ..segment() };
        let routes = [route(1, 2e3), route(2, 2e3), route(2, 1.5e3)];
        assert!(over_years(&plan, &items, &routes).is_empty(), "no limits");
        (plan.annual_budget_cny, plan.annual_stations, plan.annual_trench_km) = (vec![10e6], 2, 2.0);
        let notes = over_years(&plan, &items, &routes);
        assert_eq!(notes.len(), 3, "{notes:?}");
        assert!(notes[0].en.contains("year 2 spends 11,000,000 yuan, 1,000,000 yuan more"), "{notes:?}");
        assert!(notes[1].en.contains("year 2 builds 7 stations"), "{notes:?}");
        assert!(notes[1].zh.contains("超出 5 个"), "{notes:?}");
        assert!(
            notes[2].en.contains("year 2 digs 3.5 km") && notes[2].en.contains("1.5 km too much"),
            "{notes:?}"
        );
    }

    fn segment() -> RouteSegment {
        RouteSegment { phase: 0, ..RouteSegment::sample() }
    }

    fn connection(id: &str, cost_cny: f64, route: &[u32]) -> Connection {
        Connection { cost_cny, route: route.to_vec(), ..Connection::without(id, ConnectionState::Planned) }
    }

    #[test]
    fn each_phase_hangs_together() {
        let mut routes = vec![segment(), segment(), segment()];
        let mut connections = vec![
            connection("far", 100.0, &[2, 1, 0]),
            connection("near", 100.0, &[0]),
            connection("mid", 100.0, &[1, 0]),
        ];
        let gains = [1.0, 3.0, 2.0];
        let settings = Settings::with(&toml::Table::new()).unwrap().plan;
        let steps = assigned(&settings, &mut routes, &mut connections, &gains);
        let phase: Vec<u32> = connections.iter().map(|c| c.phase).collect();
        assert_eq!(phase, [3, 1, 2]);
        let built: Vec<u32> = routes.iter().map(|r| r.phase).collect();
        assert_eq!(built, [1, 2, 3]);
        // Each step pays for what is new only.
        let costs: Vec<f64> = steps.iter().map(|s| s.capex_cny).collect();
        assert_eq!(costs, [101.0, 101.0, 101.0]);
        assert_eq!(steps.iter().map(|s| s.id.as_str()).collect::<Vec<_>>(), ["near", "mid", "far"]);
    }

    fn assigned(
        settings: &PlanSettings,
        routes: &mut [RouteSegment],
        connections: &mut [Connection],
        gains: &[f64],
    ) -> Vec<OrderStep> {
        let lead_in_cny = vec![100.0; connections.len()];
        let mut parts = Parts {
            stations: &mut [],
            routes,
            connections,
            pon: &mut [],
            centers: &mut [],
            lead_in_cny: &lead_in_cny,
            gains,
            center_gains: &[],
        };
        assign(settings, &mut parts)
    }

    /// A trench that an early job pays for makes a later one worth more than one that was ahead of it.
    #[test]
    fn what_is_dug_is_free_to_the_next() {
        let mut routes = vec![segment(), segment(), segment()];
        routes[0].capex_cny = 1000.0;
        routes[2].capex_cny = 200.0;
        let mut connections = vec![
            connection("rich", 0.0, &[0]),
            connection("behind", 0.0, &[1, 0]),
            connection("aside", 0.0, &[2]),
        ];
        let settings = Settings::with(&toml::Table::new()).unwrap().plan;
        let steps = assigned(&settings, &mut routes, &mut connections, &[11.0, 1.0, 2.9]);
        // rich 11 / 1100 = 0.0100, aside 2.9 / 300 = 0.0097, behind 1 / 1101, then 1 / 101 = 0.0099.
        assert_eq!(steps.iter().map(|s| s.id.as_str()).collect::<Vec<_>>(), ["rich", "behind", "aside"]);
        assert_eq!(steps.iter().map(|s| s.capex_cny).sum::<f64>(), 1501.0);
    }

    /// Money and diggers of a year are kept; the last year takes the rest.
    #[test]
    fn years_keep_to_budgets_and_capacity() {
        let mut settings = Settings::with(&toml::Table::new()).unwrap().plan;
        settings.annual_budget_cny = vec![101.0, 250.0];
        let make = || {
            let routes: Vec<RouteSegment> = (0..5).map(|_| segment()).collect();
            let connections: Vec<Connection> =
                (0..5).map(|i| connection(&format!("c{i}"), 0.0, &[i])).collect();
            (routes, connections)
        };
        let gains = [5.0, 4.0, 3.0, 2.0, 1.0];
        let (mut routes, mut connections) = make();
        let steps = assigned(&settings, &mut routes, &mut connections, &gains);
        assert_eq!(steps.iter().map(|s| s.phase).collect::<Vec<_>>(), [1, 2, 2, 3, 3]);
        assert_eq!(steps[1].held_by, Some(Held::Budget));
        settings.annual_budget_cny = vec![1e9];
        settings.annual_trench_km = 0.002;
        let (mut routes, mut connections) = make();
        let steps = assigned(&settings, &mut routes, &mut connections, &gains);
        assert_eq!(steps.iter().map(|s| s.phase).collect::<Vec<_>>(), [1, 1, 2, 2, 3]);
        assert_eq!(steps[2].held_by, Some(Held::Trench));
    }
}
