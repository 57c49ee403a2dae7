//! The order of building: most points per yuan first, spread over the phases by money, and every phase a
//! connected extension of what stands before it.

use crate::model::planned::{Center, Connection, ConnectionState, PonNode, RouteSegment, Station};

/// What a thing to build is worth: weighted points per yuan decide the order.
#[derive(Clone, Copy, Debug)]
struct Job {
    kind: JobKind,
    index: usize,
    gain: f64,
    cost_cny: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum JobKind {
    /// A station, with its own connection if it has one.
    Station,
    /// The connection of a factory.
    Connection,
}

/// Gives every part of a plan its phase, 1 to `phases`. `gain_of` tells the weighted points that joining a
/// site (by its index among `connections`) brings.
///
/// A route segment, splitter or port is built in the earliest phase in which somebody needs it, so each phase hangs together
/// with what is there before. Data centers are spread by sites served.
pub fn assign(
    phases: u32,
    stations: &mut [Station],
    routes: &mut [RouteSegment],
    connections: &mut [Connection],
    pon: &mut [PonNode],
    centers: &mut [Center],
    gain_of: impl Fn(usize) -> f64,
) {
    let own_connection: Vec<Option<usize>> = stations
        .iter()
        .map(|s| connections.iter().position(|c| c.id == s.id && c.state == ConnectionState::Planned))
        .collect();
    let mut of_station = vec![false; connections.len()];
    for &c in own_connection.iter().flatten() {
        of_station[c] = true;
    }
    let mut jobs: Vec<Job> = Vec::new();
    for (index, s) in stations.iter().enumerate() {
        let backhaul = own_connection[index].map_or(0.0, |c| connections[c].cost_cny);
        jobs.push(Job { kind: JobKind::Station, index, gain: s.gain, cost_cny: s.capex_cny + backhaul });
    }
    for (index, c) in connections.iter().enumerate() {
        if c.state == ConnectionState::Planned && !of_station[index] {
            jobs.push(Job { kind: JobKind::Connection, index, gain: gain_of(index), cost_cny: c.cost_cny });
        }
    }
    let rate = |j: &Job| j.gain / j.cost_cny.max(1.0);
    // A stable sort: equals keep the order in which they were chosen.
    jobs.sort_by(|a, b| rate(b).total_cmp(&rate(a)));

    let total: f64 = jobs.iter().map(|j| j.cost_cny).sum();
    let mut spent = 0.0;
    for job in &jobs {
        // The phase in which the middle of the job's money falls.
        let middle = (spent + job.cost_cny / 2.0) / total.max(f64::MIN_POSITIVE);
        let phase = ((middle * f64::from(phases)).floor() as u32 + 1).min(phases.max(1));
        spent += job.cost_cny;
        match job.kind {
            JobKind::Station => {
                stations[job.index].phase = phase;
                if let Some(c) = own_connection[job.index] {
                    connections[c].phase = phase;
                }
            }
            JobKind::Connection => connections[job.index].phase = phase,
        }
    }
    for r in routes.iter_mut() {
        r.phase = phases.max(1);
    }
    for n in pon.iter_mut() {
        n.phase = phases.max(1);
    }
    for c in connections.iter().filter(|c| c.state == ConnectionState::Planned) {
        for &node in c.optical.iter().flat_map(|l| &l.nodes) {
            if let Some(n) = pon.get_mut(node as usize) {
                n.phase = n.phase.min(c.phase);
            }
        }
        for segment in c.segments() {
            if let Some(r) = routes.get_mut(segment as usize) {
                r.phase = r.phase.min(c.phase);
            }
        }
    }
    let mut order: Vec<usize> = (0..centers.len()).filter(|&i| !centers[i].existing).collect();
    order.sort_by(|&a, &b| centers[b].sites.cmp(&centers[a].sites).then(a.cmp(&b)));
    for (rank, &i) in order.iter().enumerate() {
        centers[i].phase = (rank as u32 * phases / order.len() as u32 + 1).min(phases.max(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::kinds::{Basis, LayMethod};

    fn segment() -> RouteSegment {
        RouteSegment {
            id: String::new(),
            line: Vec::new(),
            road_id: None,
            method: LayMethod::Duct,
            basis: Basis::Given,
            trench_m: 1.0,
            hole_m: 0.0,
            cable_m: 1.0,
            fiber_m: 6.0,
            length_m: 1.0,
            fibers: 1,
            cable_fibers: 6,
            serves: 1,
            cut_lost: 1,
            crossings: 0,
            around_cny: None,
            around_road: None,
            reuses: None,
            rent_cny_yr: 0.0,
            owner: None,
            consent: false,
            capex_cny: 1.0,
            opex_cny_yr: 0.0,
            payer: String::new(),
            city: None,
            phase: 0,
        }
    }

    fn connection(id: &str, cost_cny: f64, route: &[u32]) -> Connection {
        Connection {
            id: id.into(),
            state: ConnectionState::Planned,
            node: None,
            route_m: None,
            lead_in_m: None,
            lead_in: Vec::new(),
            cost_cny,
            alone_cny: cost_cny,
            route: route.to_vec(),
            phase: 0,
            optical: None,
            protection: None,
            cabinet: None,
            ring: vec![],
        }
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
        assign(3, &mut [], &mut routes, &mut connections, &mut [], &mut [], |i| gains[i]);
        let phase: Vec<u32> = connections.iter().map(|c| c.phase).collect();
        assert_eq!(phase, [3, 1, 2]);
        let built: Vec<u32> = routes.iter().map(|r| r.phase).collect();
        assert_eq!(built, [1, 2, 3]);
    }
}
