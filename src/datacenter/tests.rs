//! Layouts against exhaustive enumeration, rules that must hold, and figures by hand.

use super::centers::{Binding, centers};
use super::demand::demands;
use super::exchange::exchange;
use super::places::{edge_rooms, places, same_place};
use super::study::{Layout, Pair, Study, Weights};
use super::tradeoff::{chosen, curve};
use super::transport::Transport;
use super::{Objective, advise, place, planned};
use crate::geom::LonLat;
use crate::model::inputs::Inputs;
use crate::model::kinds::{DcTier, FiberLevel, FiberNodeKind, Lock, ServiceClass};
use crate::model::planned::Certificate;
use crate::model::records::{DataCenter, FiberNode, FiberSegment, Origin, Site, SiteId, Town};
use crate::model::settings::Settings;
use crate::optimise::{Effort, Work};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn settings(text: &str) -> Settings {
    Settings::with(&text.parse().unwrap()).unwrap()
}

fn site(inputs: &mut Inputs, at: LonLat, service: ServiceClass) {
    let id = inputs.sites.text.push(&format!("s{}", inputs.sites.list.len()));
    let mut s = Site::at(id, Default::default(), at);
    s.service = Some(service);
    inputs.sites.list.push(s);
}

fn node(id: &str, owner: &str, kind: FiberNodeKind, at: LonLat) -> FiberNode {
    FiberNode {
        id: id.into(),
        kind,
        owner: owner.into(),
        at,
        fibers_total: None,
        fibers_free: None,
        can_tap: None,
        pon: None,
        ports_free: None,
        rack_free: None,
        power_free_kw: None,
        origin: Origin::default(),
    }
}

fn cable(id: &str, owner: &str, line: &[LonLat], length_m: f64) -> FiberSegment {
    FiberSegment {
        id: id.into(),
        line: line.to_vec(),
        line_made: false,
        from_node: None,
        to_node: None,
        owner: owner.into(),
        level: Some(FiberLevel::Trunk),
        method: None,
        fibers_total: None,
        fibers_free: None,
        length_m: Some(length_m),
        duct_id: None,
        srlg: None,
        status: None,
        origin: Origin::default(),
    }
}

fn center(id: &str, at: LonLat, racks: f64) -> DataCenter {
    DataCenter {
        id: id.into(),
        name: id.into(),
        operator: None,
        tier: Some(DcTier::Regional),
        at,
        city_dot: false,
        racks_std: Some(racks),
        rack_use_pct: Some(0.0),
        it_mw: None,
        pue: Some(1.4),
        pue_basis: None,
        cooling: None,
        origin: Origin::default(),
    }
}

fn p(lon: f64, lat: f64) -> LonLat {
    LonLat::wrapped(lon, lat)
}

/// Exchanges of one owner in a row, 100 km of cable between neighbours; a cabinet lies between the last two.
fn row() -> Inputs {
    let (a, b, m, c) = (p(118.0, 32.0), p(118.5, 32.0), p(118.8, 32.0), p(119.0, 32.0));
    Inputs {
        fiber_nodes: vec![
            node("A", "x", FiberNodeKind::Co, a),
            node("B", "x", FiberNodeKind::Co, b),
            node("M", "x", FiberNodeKind::Fdt, m),
            node("C", "x", FiberNodeKind::Co, c),
        ],
        fiber_segments: vec![
            cable("1", "x", &[a, b], 100_000.0),
            cable("2", "x", &[b, m], 60_000.0),
            cable("3", "x", &[m, c], 40_000.0),
        ],
        ..Inputs::default()
    }
}

#[test]
fn a_way_by_hand() {
    let (inputs, s) = (row(), settings(""));
    let t = Transport::new(&inputs, &s).unwrap();
    let ways = t.from_hall(p(119.0, 32.0), None);
    let from = p(118.0, 32.0);
    let way = ways.to(from, &t.access(from, None), None);
    // 200 km at 4.897 µs, one amplifier on the 100 km, and three switching hops; the cabinet switches nothing.
    assert!((way.one_way_us - (200.0 * 4.897 + 0.1 + 150.0)).abs() < 1e-6, "{way:?}");
    assert!((way.fiber_m - 200_000.0).abs() < 1e-6 && way.over_fiber);
}

#[test]
fn networks_join_only_at_exchange_points() {
    let mut inputs = row();
    let (d, e) = (p(119.01, 32.0), p(119.5, 32.0));
    inputs.fiber_nodes.push(node("D", "y", FiberNodeKind::Co, d));
    inputs.fiber_nodes.push(node("E", "y", FiberNodeKind::Co, e));
    inputs.fiber_segments.push(cable("4", "y", &[d, e], 50_000.0));
    let from = p(118.0, 32.0);
    let over = |inputs: &Inputs, text: &str| {
        let s = settings(text);
        let t = Transport::new(inputs, &s).unwrap();
        let way = t.from_hall(e, None).to(from, &t.access(from, None), None);
        (way.over_fiber, way.fiber_m)
    };
    let near = "[datacenter]\nattach_m = 1000.0\n";
    assert!(!over(&inputs, near).0, "two owners, no exchange");
    let (found, metres) = over(&inputs, &format!("{near}direct_connect = [\"C\"]"));
    // Between C and D it is a hundredth of a degree, times the detour factor.
    assert!(found && (metres - 250_000.0 - 943.0 * 1.4).abs() < 5.0, "{metres}");
    inputs.fiber_nodes[3].kind = FiberNodeKind::Ixp;
    assert!(over(&inputs, near).0, "an exchange point joins them");
}

#[test]
fn a_hall_of_an_operator_is_reached_over_its_own_fiber() {
    let mut inputs = row();
    let (d, e) = (p(118.0, 32.001), p(119.0, 32.001));
    for (id, at) in [("D", d), ("E", e)] {
        inputs.fiber_nodes.push(node(id, "y", FiberNodeKind::Co, at));
    }
    inputs.fiber_segments.push(cable("4", "y", &[d, e], 95_000.0));
    let s = settings("[datacenter]\nattach_m = 1000.0");
    let t = Transport::new(&inputs, &s).unwrap();
    let (from, to) = (p(118.0, 32.0), p(119.0, 32.0));
    let length = |operator| t.from_hall(to, operator).to(from, &t.access(from, None), None).fiber_m;
    assert!(length(None) < 96_000.0 && length(Some("y")) < 96_000.0);
    assert!((length(Some("x")) - 200_000.0).abs() < 1.0);
}

/// Everything small enough to enumerate: no floor, no second center, no far hubs.
const BARE: &str = "[datacenter]\nuse_floor = 0.0\nstandby = false\nhubs = false\nsite_racks = 4.0\n\
                    regional_town = 1e8\n[datacenter.regional]\nmin_racks = 0.0\n[datacenter.edge]\nmin_racks = 0.0\n";

fn scattered(points: &[(f64, f64)], halls: &[(f64, f64, f64)]) -> Inputs {
    let mut inputs = Inputs::default();
    for &(x, y) in points {
        site(&mut inputs, p(118.0 + x, 32.0 + y), ServiceClass::Video);
    }
    for (i, &(x, y, racks)) in halls.iter().enumerate() {
        inputs.datacenters.push(center(&format!("dc{i}"), p(118.0 + x, 32.0 + y), racks));
    }
    for (i, (x, y)) in [(0.2, 0.1), (0.7, 0.6)].into_iter().enumerate() {
        inputs.towns.push(Town {
            name: format!("town{i}"),
            name_zh: None,
            at: p(118.0 + x, 32.0 + y),
            population: Some(1000.0),
        });
    }
    inputs
}

fn study<'a>(inputs: &'a Inputs, settings: &'a Settings) -> Study<'a> {
    let sites: Vec<SiteId> = (0..inputs.sites.list.len() as u32).map(SiteId).collect();
    let wanted = demands(inputs, &sites, 12.5, settings);
    let places = places(inputs, &wanted, settings);
    Study::new(inputs, settings, wanted, places, &BTreeMap::new()).unwrap()
}

/// The least weighted sum over every way to serve the demand within the capacities.
fn enumerated(study: &Study, w: &Weights) -> f64 {
    fn go(
        study: &Study,
        w: &Weights,
        d: usize,
        load: &mut Vec<f64>,
        open: &mut Vec<u32>,
        sum: f64,
        best: &mut f64,
    ) {
        if sum >= *best {
            return;
        }
        if d == study.demands.len() {
            *best = sum;
            return;
        }
        let pairs: Vec<Pair> = study.pairs[d].clone();
        for pair in pairs {
            let at = pair.place as usize;
            let room = study.places[at].free_kw.unwrap_or(f64::INFINITY);
            if load[at] + study.kw(d) > room + 1e-9 {
                continue;
            }
            let opening = if open[at] == 0 { study.base_cny_yr(pair.place) } else { 0.0 };
            load[at] += study.kw(d);
            open[at] += 1;
            go(study, w, d + 1, load, open, sum + opening + study.weighted(d, &pair, w), best);
            load[at] -= study.kw(d);
            open[at] -= 1;
        }
    }
    let n = study.places.len();
    let mut best = f64::INFINITY;
    go(study, w, 0, &mut vec![0.0; n], &mut vec![0; n], 0.0, &mut best);
    best
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// One workload, four sites, a few halls: bound ≤ optimum ≤ objective, the optimum is reached, and no hall
    /// is overfull.
    #[test]
    fn layouts_are_as_good_as_enumeration(
        points in prop::collection::vec((0.0..1.0f64, 0.0..1.0f64), 1..5),
        halls in prop::collection::vec((0.0..1.0f64, 0.0..1.0f64, 2.0..20.0f64), 1..3),
        ms_cny in 0.0..20_000.0f64,
        carbon in 0.0..1_000.0f64,
    ) {
        let inputs = scattered(&points, &halls);
        let s = settings(&format!("{BARE}[datacenter.workload.archive]\nshare = 0.0\n[datacenter.workload.training]\nshare = 0.0\n[datacenter.workload.business]\nshare = 0.0\n[datacenter.workload.realtime]\nshare = 1.0"));
        let study = study(&inputs, &s);
        let w = Weights { ms_cny, carbon_cny_t: carbon, ..Weights::COST };
        let best = enumerated(&study, &w);
        let layout = study.layout(&w, Work::from(Effort::NORMAL)).unwrap();
        prop_assert!(layout.bound <= best * (1.0 + 1e-9), "{} > {best}", layout.bound);
        prop_assert!(layout.objective >= best * (1.0 - 1e-9), "{} < {best}", layout.objective);
        prop_assert!(layout.objective <= best * (1.0 + 1e-6), "{} misses {best}", layout.objective);
        let mut load = vec![0.0; study.places.len()];
        for (d, &i) in layout.serves.iter().enumerate() {
            load[study.pairs[d][i as usize].place as usize] += study.kw(d);
        }
        for (place, load) in study.places.iter().zip(&load) {
            prop_assert!(place.free_kw.is_none_or(|c| *load <= c * (1.0 + 1e-6)), "{} overfull", place.id);
        }
    }
}

#[test]
fn energy_and_carbon_by_hand() {
    let mut inputs = scattered(&[(0.0, 0.0)], &[(0.01, 0.0, 100.0)]);
    inputs.towns.clear();
    let s = settings(BARE);
    let sites = [SiteId(0)];
    let work = Work::from(Effort::LOW);
    let a = advise(&inputs, &sites, &BTreeMap::new(), Objective::Mix, &s, work).unwrap();
    let dc = a.centers.iter().find(|c| c.id == "dc0").unwrap();
    // Three general workloads of one share together: 4 racks of 2.5 kW at PUE 1.4, all year.
    assert!((dc.racks_used - 4.0).abs() < 1e-9);
    let kwh = 4.0 * 2.5 * 1.4 * 8760.0;
    assert!((dc.energy_kwh_yr - kwh).abs() < 1e-6);
    assert!((dc.carbon_t_yr - kwh * 0.5306 / 1e3).abs() < 1e-6);
    // Dense racks need a hall that takes them, and there is none: said, not forced upon another.
    let ai = a.unmet.iter().find(|u| u.workload == "training").unwrap();
    assert!((ai.racks - 0.2 * 4.0).abs() < 1e-9 && !ai.beside_transport);
    assert_eq!(dc.binding, Binding::Latency, "nothing else is there");
}

#[test]
fn a_class_that_the_air_interface_alone_breaks_is_said() {
    let mut inputs = scattered(&[(0.0, 0.0)], &[(0.0, 0.0, 100.0)]);
    inputs.sites.list[0].service = Some(ServiceClass::Motion);
    let s = settings(BARE);
    let a =
        advise(&inputs, &[SiteId(0)], &BTreeMap::new(), Objective::Mix, &s, Work::from(Effort::LOW)).unwrap();
    let u = a.unmet.iter().find(|u| u.workload == "realtime").unwrap();
    assert!(u.beside_transport && u.max_rtt_ms == 2.0);
    assert!(a.notes.iter().any(|n| n.code == "N312"));
}

fn two_towns() -> Inputs {
    let mut inputs = scattered(
        &[(0.0, 0.0), (0.05, 0.02), (0.1, 0.0), (0.8, 0.7), (0.75, 0.6)],
        &[(0.3, 0.3, 50.0), (0.9, 0.9, 30.0)],
    );
    for t in &mut inputs.towns {
        t.population = Some(1e6);
    }
    inputs
}

#[test]
fn every_demand_has_a_second_center_where_there_can_be_one() {
    let inputs = two_towns();
    let s = settings("[datacenter]\nsite_racks = 4.0");
    let study = study(&inputs, &s);
    let layout = study.layout(&chosen(&study), Work::from(Effort::LOW)).unwrap();
    for (d, second) in layout.second.iter().enumerate() {
        let first = &study.pairs[d][layout.serves[d] as usize];
        match second {
            Some(i) => {
                let other = &study.pairs[d][*i as usize];
                assert!(other.place != first.place && layout.open.binary_search(&other.place).is_ok());
                assert!(study.rtt_ms(&other.way) <= study.demands[d].max_rtt_ms + 1e-9);
            }
            None => {
                let here = &study.places[first.place as usize];
                let elsewhere = study.pairs[d]
                    .iter()
                    .any(|p| !super::places::same_place(&study.places[p.place as usize], here));
                assert!(!elsewhere, "demand {d} could have one");
            }
        }
    }
}

#[test]
fn a_new_hall_fills_its_floor_or_is_named() {
    let inputs = two_towns();
    for racks in ["0.1", "4.0", "40.0"] {
        let s = settings(&format!("[datacenter]\nsite_racks = {racks}\nstandby = false"));
        let study = study(&inputs, &s);
        let w = Weights { ms_cny: 1e6, ..Weights::COST };
        let layout = study.layout(&w, Work::from(Effort::LOW)).unwrap();
        let mut load = vec![0.0; study.places.len()];
        for (d, &i) in layout.serves.iter().enumerate() {
            load[study.pairs[d][i as usize].place as usize] += study.kw(d);
        }
        for &p in &layout.open {
            let place = &study.places[p as usize];
            let low = !place.existing && load[p as usize] < place.least_kw * 0.6 - 1e-9;
            assert_eq!(low, layout.below_floor.contains(&p), "{racks}: {}", place.id);
        }
        assert!(layout.bound <= layout.objective);
    }
}

#[test]
fn locks_hold() {
    let inputs = two_towns();
    let s = settings("[datacenter]\nsite_racks = 4.0\n[plan.lock]\nopen = [\"town1\"]\nshut = [\"dc0\"]");
    let sites: Vec<SiteId> = (0..5).map(SiteId).collect();
    let a = advise(&inputs, &sites, &BTreeMap::new(), Objective::Mix, &s, Work::from(Effort::LOW)).unwrap();
    assert!(a.centers.iter().all(|c| c.id != "dc0"));
    assert_eq!(a.centers.iter().find(|c| c.id == "town1").map(|c| c.binding), Some(Binding::Lock));
}

#[test]
fn the_next_best_place_is_what_shutting_the_center_gives() {
    let inputs = two_towns();
    let base = "[datacenter]\nsite_racks = 4.0\nstandby = false\nuse_floor = 0.0\n";
    let s = settings(base);
    let all = study(&inputs, &s);
    let w = chosen(&all);
    let layout = all.layout(&w, Work::from(Effort::HIGH)).unwrap();
    let told = centers(&all, &layout, &w);
    for c in told.iter().filter(|c| c.racks_used > 0.0) {
        let shut = settings(&format!("{base}[plan.lock]\nshut = [\"{}\"]", c.id));
        let without = study(&inputs, &shut);
        if without.demands.len() < all.demands.len() {
            assert!(c.next.is_none(), "{}: nothing else serves all", c.id);
            continue;
        }
        let other = without.layout(&w, Work::from(Effort::HIGH)).unwrap();
        let rise = other.objective - layout.objective;
        if let Some(n) = &c.next {
            assert!((n.extra.sum() - n.extra_cny_yr).abs() <= 1e-6 * layout.objective, "{}: {n:?}", c.id);
            // One place in its stead: no less than the best of all layouts without it.
            assert!(
                n.extra_cny_yr >= rise - 1e-6 * layout.objective,
                "{}: {} < {rise}",
                c.id,
                n.extra_cny_yr
            );
        }
    }
}

#[test]
fn the_curve_is_a_frontier_with_bounds() {
    let inputs = two_towns();
    let s = settings("[datacenter]\nsite_racks = 4.0");
    let study = study(&inputs, &s);
    let work = Work::from(Effort::LOW);
    let first = study.layout(&chosen(&study), work).unwrap();
    let points = curve(&study, &first, work).unwrap();
    assert!(points.len() >= 3, "{points:#?}");
    let cheapest = points.iter().map(|p| p.metrics.cost_cny_yr).fold(f64::INFINITY, f64::min);
    let fastest = points.iter().map(|p| p.metrics.rtt_mean_ms).fold(f64::INFINITY, f64::min);
    assert!(points[0].metrics.cost_cny_yr <= cheapest * (1.0 + 1e-12));
    assert!(fastest < points[0].metrics.rtt_mean_ms, "latency can be bought");
    for (i, a) in points.iter().enumerate() {
        assert!(a.bound <= a.objective * (1.0 + 1e-12) && a.gap >= 0.0);
        assert!(a.worst_rtt_ms.is_none_or(|l| a.metrics.rtt_worst_ms <= l + 1e-6));
        for (j, b) in points.iter().enumerate() {
            let figures = |p: &super::tradeoff::Point| {
                let m = p.metrics;
                [m.cost_cny_yr, m.rtt_mean_ms, m.rtt_worst_ms, m.carbon_t_yr]
            };
            let beaten = figures(b).iter().zip(figures(a)).all(|(b, a)| *b < a * (1.0 - 1e-6));
            assert!(i == j || !beaten || a.aim == super::tradeoff::Aim::Chosen, "{a:?} is beaten by {b:?}");
        }
    }
}

#[test]
fn the_same_layout_at_any_number_of_threads() {
    let inputs = two_towns();
    let s = settings("[datacenter]\nsite_racks = 4.0");
    let sites: Vec<SiteId> = (0..5).map(SiteId).collect();
    let told = || {
        let a =
            advise(&inputs, &sites, &BTreeMap::new(), Objective::Mix, &s, Work::from(Effort::LOW)).unwrap();
        format!("{:?} {:?} {:?}", a.centers, a.assignments, a.curve)
    };
    let many = told();
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_eq!(many, one.install(told));
}

/// What must hold of any layout: nothing is overfull, neither today nor when any one place fails; locks and the
/// number of centers are kept; figures are those of the layout; what has no second place could have none.
fn holds(study: &Study, layout: &Layout, w: &Weights) -> Result<(), TestCaseError> {
    let s = &study.settings.datacenter;
    let first = |d: usize| study.pairs[d][layout.serves[d] as usize].place;
    let second = |d: usize| layout.second[d].map(|i| study.pairs[d][i as usize].place);
    let all = 0..study.demands.len();
    let room = |p: u32| study.places[p as usize].free_kw.unwrap_or(f64::INFINITY) * (1.0 + 1e-6) + 1e-9;
    let load = |p: u32| all.clone().filter(|&d| first(d) == p).map(|d| study.kw(d)).sum::<f64>();
    let mut cost = 0.0;
    for (&p, &kept_kw) in layout.open.iter().zip(&layout.kept_kw) {
        let place = &study.places[p as usize];
        prop_assert!(place.lock != Lock::Shut, "{} is shut", place.id);
        prop_assert!(load(p) + kept_kw <= room(p), "{} overfull", place.id);
        for &failed in &layout.open {
            let here = |d: &usize| {
                same_place(&study.places[first(*d) as usize], &study.places[failed as usize])
                    && second(*d) == Some(p)
            };
            let more: f64 = all.clone().filter(here).map(|d| study.kw(d) * s.standby_share).sum();
            prop_assert!(more <= kept_kw + 1e-6, "{} keeps {kept_kw} for {more}", place.id);
        }
        let built_kw = if place.existing { 0.0 } else { (load(p) + kept_kw).max(place.least_kw) };
        cost += (place.base_cny + built_kw * place.kw_cny) * study.annuity();
    }
    for (p, place) in (0u32..).zip(&study.places) {
        prop_assert!(place.lock != Lock::Open || layout.open.contains(&p), "{} is locked open", place.id);
    }
    for d in all.clone() {
        let pair = &study.pairs[d][layout.serves[d] as usize];
        let place = &study.places[pair.place as usize];
        prop_assert!(layout.open.contains(&pair.place));
        prop_assert!(study.rtt_ms(&pair.way) <= study.demands[d].max_rtt_ms + 1e-9);
        let kwh = study.kw(d) * place.pue * 8760.0;
        let carbon_t = kwh * place.grid.kg_kwh / 1e3;
        cost += kwh * place.grid.price_cny_kwh
            + study.demands[d].racks * pair.way.fiber_m / 1e3 * s.transport_cny_rack_km_yr
            + w.ms_cny * study.demands[d].racks * study.demands[d].latency_value * study.rtt_ms(&pair.way)
            + w.carbon_cny_t * carbon_t;
        match layout.second[d] {
            Some(i) => {
                let other = &study.pairs[d][i as usize];
                prop_assert!(!same_place(&study.places[other.place as usize], place));
                prop_assert!(layout.open.contains(&other.place));
            }
            None if s.standby && (s.max_centers == 0 || layout.open.len() < s.max_centers as usize) => {
                let could = study.pairs[d].iter().find(|p| {
                    let other = &study.places[p.place as usize];
                    !layout.open.contains(&p.place)
                        && !same_place(other, place)
                        && other.free_kw.is_none_or(|c| study.kw(d) * s.standby_share <= c)
                });
                prop_assert!(could.is_none(), "demand {d} could have {could:?}");
            }
            None => {}
        }
    }
    prop_assert!((cost - layout.objective).abs() <= 1e-6 * cost, "{cost} against {}", layout.objective);
    prop_assert!(layout.bound <= layout.objective * (1.0 + 1e-12));
    prop_assert!(s.max_centers == 0 || layout.open.len() <= s.max_centers as usize);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// Second centers, locks, a number of centers and tight halls together.
    #[test]
    fn layouts_keep_every_rule(
        points in prop::collection::vec((0.0..1.0f64, 0.0..1.0f64), 1..6),
        halls in prop::collection::vec((0.0..1.0f64, 0.0..1.0f64, 1.0..30.0f64), 2..4),
        share in prop::sample::select(vec![0.0, 0.5, 1.0]),
        most in prop::sample::select(vec![0u32, 3, 5]),
        lock in 0..3usize,
        ms_cny in 0.0..20_000.0f64,
    ) {
        let inputs = scattered(&points, &halls);
        let lock = ["", "[plan.lock]\nopen = [\"dc0\"]\n", "[plan.lock]\nshut = [\"dc1\"]\nopen = [\"town1\"]\n"][lock];
        let s = settings(&format!(
            "[datacenter]\nuse_floor = 0.0\nhubs = false\nsite_racks = 4.0\nregional_town = 1e8\nstandby_share = {share}\nmax_centers = {most}\n{lock}[datacenter.workload.archive]\nshare = 0.0\n[datacenter.workload.training]\nshare = 0.0\n[datacenter.workload.business]\nshare = 0.0\n[datacenter.workload.realtime]\nshare = 1.0"
        ));
        let study = study(&inputs, &s);
        let w = Weights { ms_cny, carbon_cny_t: 100.0, ..Weights::COST };
        match study.layout(&w, Work::from(Effort::LOW)) {
            Ok(layout) => holds(&study, &layout, &w)?,
            // So few centers can't hold it all: said, not passed over.
            Err(e) => prop_assert!(most > 0, "{e}"),
        }
    }

    /// The least worst and the least 95th percentile are those of exhaustive search.
    #[test]
    fn fastest_layouts_are_the_fastest(
        points in prop::collection::vec((0.0..1.0f64, 0.0..1.0f64), 1..5),
        halls in prop::collection::vec((0.0..1.0f64, 0.0..1.0f64, 4.0..9.0f64), 1..3),
    ) {
        let inputs = scattered(&points, &halls);
        let s = settings(&format!("{BARE}max_racks = 8.0\n[datacenter.workload.archive]\nshare = 0.0\n[datacenter.workload.training]\nshare = 0.0\n[datacenter.workload.business]\nshare = 0.0\n[datacenter.workload.realtime]\nshare = 1.0"));
        let study = study(&inputs, &s);
        let (mut worst, mut p95) = (f64::INFINITY, f64::INFINITY);
        every_way(&study, 0, &mut vec![0.0; study.places.len()], &mut Vec::new(), &mut |slowness: &[(f64, f64)]| {
            worst = worst.min(slowness.iter().map(|s| s.0).fold(0.0, f64::max));
            p95 = p95.min(super::study::percentile(&mut slowness.to_vec(), 0.95));
        });
        prop_assume!(worst.is_finite());
        let sites: Vec<SiteId> = (0..points.len() as u32).map(SiteId).collect();
        let least = |o| place(&inputs, &sites, &BTreeMap::new(), o, &s, Work::from(Effort::NORMAL)).unwrap().layout.metrics;
        prop_assert!((least(Objective::Worst).rtt_worst_ms - worst).abs() < 1e-9);
        // Limits are raised together, so that with full halls it may miss; it never falls below.
        let found = least(Objective::P95).rtt_p95_ms;
        prop_assert!(found >= p95 - 1e-9);
        let free = study.places.iter().all(|p| p.free_kw.is_none_or(|c| c >= 10.0 * points.len() as f64));
        prop_assert!(!free || (found - p95).abs() < 1e-9, "{found} against {p95}");
    }
}

fn every_way(
    study: &Study,
    d: usize,
    load: &mut Vec<f64>,
    slowness: &mut Vec<(f64, f64)>,
    look: &mut impl FnMut(&[(f64, f64)]),
) {
    if d == study.demands.len() {
        return look(slowness);
    }
    for pair in &study.pairs[d] {
        let at = pair.place as usize;
        if load[at] + study.kw(d) > study.places[at].free_kw.unwrap_or(f64::INFINITY) + 1e-9 {
            continue;
        }
        load[at] += study.kw(d);
        slowness.push((study.rtt_ms(&pair.way), study.demands[d].racks));
        every_way(study, d + 1, load, slowness, look);
        slowness.pop();
        load[at] -= study.kw(d);
    }
}

#[test]
fn a_failed_center_finds_its_racks_elsewhere() {
    let inputs = two_towns();
    let work = Work::from(Effort::LOW);
    let figures = |share: &str| {
        let s = settings(&format!("[datacenter]\nsite_racks = 20.0\nstandby_share = {share}"));
        let study = study(&inputs, &s);
        let w = chosen(&study);
        let layout = study.layout(&w, work).unwrap();
        holds(&study, &layout, &w).unwrap();
        (layout.kept_kw.iter().sum::<f64>(), layout.standby_cny_yr, layout.bound)
    };
    let (none, all) = (figures("0.0"), figures("1.0"));
    assert!(none.0 == 0.0 && all.0 > 0.0);
    assert!(all.1 > none.1 && (all.2 - none.2).abs() < 1e-6 * all.2, "the same bound, and dearer");
}

#[test]
fn a_plan_has_the_centers_that_are_advised() {
    let inputs = two_towns();
    let s = settings("[datacenter]\nsite_racks = 4.0");
    let sites: Vec<SiteId> = (0..5).map(SiteId).collect();
    let work = Work::from(Effort::LOW);
    let told = advise(&inputs, &sites, &BTreeMap::new(), Objective::Mix, &s, work).unwrap();
    let plan = planned(&inputs, &sites, &[], None, &s, work).unwrap();
    let certified = |c: &Option<Certificate>| c.as_ref().map(|c| (c.objective, c.bound));
    assert_eq!(certified(&told.certificate), certified(&plan.certificate));
    assert_eq!(told.centers.len(), plan.centers.len());
    for (a, b) in told.centers.iter().zip(&plan.centers) {
        assert_eq!(
            (&a.id, a.racks_used, a.racks, a.capex_cny),
            (&b.place, b.racks_used, b.racks, b.capex_cny)
        );
        assert!((a.cost_cny_yr - b.opex_cny_yr) >= -1e-6);
    }
    let capex: f64 = plan.centers.iter().map(|c| c.capex_cny).sum();
    assert!((capex - told.metrics.capex_cny).abs() < 1e-3);
}

/// Two owners' cables side by side, 100 km in two halves; sites at the ends.
fn side_by_side(west: usize, east: usize) -> Inputs {
    let mut inputs = Inputs::default();
    for (owner, lat, ids) in [("x", 32.0, ["A", "B", "C"]), ("y", 32.001, ["D", "E", "F"])] {
        let at = [118.0, 118.5, 119.0].map(|lon| p(lon, lat));
        for (id, at) in ids.iter().zip(at) {
            inputs.fiber_nodes.push(node(id, owner, FiberNodeKind::Co, at));
        }
        for i in 0..2 {
            inputs.fiber_segments.push(cable(&format!("{owner}{i}"), owner, &at[i..i + 2], 50_000.0));
        }
    }
    (0..west).for_each(|_| site(&mut inputs, p(118.0, 32.0), ServiceClass::Video));
    (0..east).for_each(|_| site(&mut inputs, p(119.0, 32.0), ServiceClass::Video));
    inputs
}

#[test]
fn exchange_points_by_hand() {
    let mut inputs = side_by_side(3, 1);
    let sites: Vec<SiteId> = (0..4).map(SiteId).collect();
    let s = settings("");
    let work = Work::from(Effort::NORMAL);
    let x = exchange(&inputs, &sites, &s, work).unwrap();
    assert_eq!((x.points.len(), x.pairs.len(), x.candidates, x.today.joined), (0, 1, 3, 0.0));
    let at: Vec<Vec<&str>> =
        x.steps.iter().map(|s| s.points.iter().map(|p| p.node.as_str()).collect()).collect();
    assert_eq!(at, [vec!["A"], vec!["A", "C"]], "where most sites are; then nothing strays any more");
    // 9/16 of the traffic stays in the west, 6/16 crosses once, 1/16 from east to east comes and goes.
    let km = 0.375 * 100.0 + 0.0625 * 200.0;
    assert!((x.steps[0].ways.mean_km - km - 0.156).abs() < 1e-3, "{:?}", x.steps[0].ways);
    for s in &x.steps {
        assert!(s.bound_ms <= s.ways.mean_ms + 1e-12 && s.gap < 1e-9 && s.ways.joined == 1.0);
    }
    // With a point in the middle everything goes 100 km, as the joined graph has it too.
    inputs.fiber_nodes[1].kind = FiberNodeKind::Ixp;
    let y = exchange(&inputs, &sites, &s, work).unwrap();
    assert_eq!(y.points[0].node, "B");
    assert!(y.today.joined == 1.0 && (y.today.mean_km - 100.156).abs() < 1e-3);
    let t = Transport::new(&inputs, &s).unwrap();
    let (a, f) = (t.named("A")[0], t.named("F")[0]);
    let (us, metres) = t.from_node(a).to_node(f).unwrap();
    assert!((us / 1e3 - y.today.mean_ms).abs() < 1e-9 && (metres / 1e3 - y.today.mean_km).abs() < 1e-9);
    assert!(y.steps[0].ways.mean_ms < y.today.mean_ms);
}

#[test]
fn one_network_needs_no_exchange() {
    let inputs = row();
    let x = exchange(&inputs, &[], &settings(""), Work::from(Effort::LOW)).unwrap();
    assert!(x.pairs.is_empty() && x.steps.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// The place advised for one point is the best of all places, one after the other.
    #[test]
    fn exchange_points_are_as_good_as_enumeration(west in 1..6usize, east in 1..6usize) {
        let inputs = side_by_side(west, east);
        let sites: Vec<SiteId> = (0..(west + east) as u32).map(SiteId).collect();
        let at = |text: &str| exchange(&inputs, &sites, &settings(text), Work::from(Effort::NORMAL)).unwrap();
        let best = at("").steps[0].ways.mean_ms;
        let each = ["A", "B", "C", "D", "E", "F"]
            .map(|n| at(&format!("[datacenter]\ndirect_connect = [\"{n}\"]")).today.mean_ms);
        let least = each.into_iter().fold(f64::INFINITY, f64::min);
        prop_assert!((best - least).abs() < 1e-9, "{best} against {least}");
    }
}

#[test]
fn a_purse_opens_what_it_bought_and_nothing_else() {
    let inputs = two_towns();
    let s = settings("[datacenter]\nsite_racks = 40.0");
    let sites: Vec<SiteId> = (0..5).map(SiteId).collect();
    let plan =
        |bought: &[String]| planned(&inputs, &sites, &[], Some(bought), &s, Work::from(Effort::LOW)).unwrap();
    let none = plan(&[]);
    assert!(none.centers.iter().all(|c| c.existing));
    // 80 racks are free in both halls, none of them dense; 200 general ones are asked for.
    assert!(none.notes.iter().any(|n| n.code == "N318"), "{:?}", none.notes);
    for c in &none.centers {
        assert!(c.racks.is_none_or(|r| c.racks_used <= r + 1e-6), "{c:?}");
    }
    let one = plan(&["town1".to_owned()]);
    let new: Vec<&str> = one.centers.iter().filter(|c| !c.existing).map(|c| c.place.as_str()).collect();
    assert_eq!(new, ["town1"]);
    // Ten racks and a room: what a budget prices an edge node at.
    let capex: f64 = one.centers.iter().map(|c| c.capex_cny).sum();
    assert!((capex - 3e6).abs() < 1e-6 && edge_rooms(&inputs, &s)[1].least_cny() == 3e6, "{capex}");
}
