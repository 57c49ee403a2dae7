use super::*;
use proptest::prelude::*;

/// 100 MHz at 3.5 GHz, nodes of 1 W, as the catalogue has them.
fn task(length_m: f64, width_m: f64) -> Task {
    Task {
        floor: Floor { length_m, width_m },
        ceiling_m: 8.0,
        clutter: Clutter { density: 0.6, size_m: 2.0, height_m: 3.0 },
        terminal_height_m: 1.5,
        node: Node {
            freq: Mhz(3500.0),
            resources: Resources { resource_blocks: 273, scs_khz: 30, dl_share: 0.74, ul_share: 0.23 },
            power_dbm: 30.0,
            gain_dbi: 3.0,
            noise_figure_db: 3.5,
            height_m: 7.0,
        },
        terminal: Terminal::HANDSET,
        terminals: 1.0,
        wanted: Wanted { ul_mbps: 20.0, dl_mbps: 10.0, rsrp_dbm: -105.0 },
        load: 0.5,
        downlink: RateCurve::DOWNLINK,
        uplink: RateCurve::UPLINK,
        location_probability: 0.95,
        max_nodes: 128,
        outdoor: None,
    }
}

/// Table 7.2-4: density at 40 %, and who hangs above the clutter.
#[test]
fn classes_by_the_table() {
    let clutter = |density, height_m| Clutter { density, size_m: 5.0, height_m };
    for (density, clutter_m, node_m, terminal_m, want) in [
        (0.39, 3.0, 6.0, 1.5, Hall::SparseHigh),
        (0.40, 3.0, 6.0, 1.5, Hall::DenseHigh),
        (0.20, 6.0, 6.0, 1.5, Hall::SparseLow),
        (0.60, 8.0, 6.0, 1.5, Hall::DenseLow),
        (0.60, 2.0, 6.0, 2.0, Hall::HighHigh),
        (0.60, 0.0, 6.0, 1.5, Hall::HighHigh),
        (0.0, 3.0, 2.0, 1.5, Hall::HighHigh),
    ] {
        assert_eq!(
            hall_class(&clutter(density, clutter_m), node_m, terminal_m),
            want,
            "{density} {clutter_m}"
        );
    }
}

/// Level in an empty hall by hand: EPRE = 30 − 10 lg 3276 = −5.153 dBm, 3 dBi; −105 dBm bears 102.847 dB.
/// LOS: 31.84 + 21.5 lg d + 19 lg 3.5 and 1.6449 · 4.3 dB of fading leave 21.5 lg d = 53.596: 311.0 m in space,
/// nodes 5.5 m above the terminals.
#[test]
fn reach_of_the_level_by_hand() {
    let mut t = task(400.0, 300.0);
    t.clutter.density = 0.0;
    let a = plan(&t).unwrap();
    assert_eq!(a.class, Hall::HighHigh);
    let space_m = 10f64.powf((102.847 - 31.84 - 19.0 * 3.5f64.log10() - 1.644_854 * 4.3) / 21.5);
    let want_m = (space_m * space_m - 5.5 * 5.5).sqrt();
    let got_m = a.reach_m[1].unwrap();
    assert!((got_m - want_m).abs() < 0.05, "{got_m} {want_m}");
    // Half the diagonal is 250 m: one node in the middle.
    assert_eq!(a.needed[1], Some(1));
    assert_eq!(a.solution.unwrap().nodes.len(), 1);
}

/// Uplink by hand: the reach that `plan` tells gives just the rate wanted, by the formulas written anew.
#[test]
fn reach_of_the_uplink_by_hand() {
    let mut t = task(100.0, 60.0);
    t.wanted.ul_mbps = 25.0;
    let a = plan(&t).unwrap();
    assert_eq!(a.class, Hall::DenseHigh);
    let ground_m = a.reach_m[0].unwrap();
    let d = ground_m.hypot(5.5);
    // Table 7.4.2-1: clutter 1.5 m above the terminal, the node 5.5 m: 2.183 m · 5.5 / 1.5.
    let p_los = (-ground_m / (-2.0 / 0.4f64.ln() * 5.5 / 1.5)).exp();
    let (f, lg) = (3.5f64.log10(), d.log10());
    let los = 31.84 + 21.5 * lg + 19.0 * f;
    let nlos = los.max(33.63 + 21.9 * lg + 20.0 * f);
    let below = |x: f64| {
        p_los * crate::radio::normal::cumulative((x - los) / 4.3)
            + (1.0 - p_los) * crate::radio::normal::cumulative((x - nlos) / 4.0)
    };
    let (mut low, mut high) = (nlos - 20.0, nlos + 40.0);
    for _ in 0..80 {
        let m = 0.5 * (low + high);
        if below(m) < 0.95 { low = m } else { high = m }
    }
    // Noise of a block of 360 kHz: −173.975 + 55.563 + 3.5, lifted by 1/(1 − 0.25).
    let noise = -173.975 + 10.0 * 360e3f64.log10() + 3.5 + 10.0 * (1.0 / 0.75f64).log10();
    let one_block = 10f64.powf((23.0 + 3.0 - noise - low) / 10.0);
    let rate = |m: f64| m * 0.36 * 0.23 * (0.4 * (1.0 + one_block / m).log2()).min(2.927);
    let best = (1..=273).map(|m| if one_block / f64::from(m) >= 0.1 { rate(f64::from(m)) } else { 0.0 });
    let ul = 0.5 * best.fold(0.0, f64::max);
    assert!((ul - 25.0).abs() < 0.1, "{ul} at {ground_m} m");
}

/// The family has no member with fewer nodes that serves: looked at anew, point by point.
#[test]
fn fewer_never_serve() {
    let mut t = task(240.0, 90.0);
    t.wanted.rsrp_dbm = -85.0;
    let a = plan(&t).unwrap();
    let s = a.solution.as_ref().unwrap();
    let n = s.nodes.len() as u32;
    assert!(n > 3, "{n}");
    let reach_m = a.reach_m.iter().flatten().copied().fold(f64::INFINITY, f64::min);
    assert!(s.farthest_m <= reach_m);
    let (points, _) = t.points();
    for fewer in 1..n {
        for layout in family(fewer) {
            let places = layout.places(&t.floor);
            let uncovered =
                points.iter().any(|q| places.iter().all(|p| (p[0] - q[0]).hypot(p[1] - q[1]) > reach_m));
            assert!(uncovered, "{layout:?} serves with {fewer} instead of {n}");
        }
    }
    // And by area no layout at all.
    assert!(a.bound <= n && a.bound >= 2, "{} {n}", a.bound);
    let area_bound = 240.0 * 90.0 / (1.5 * 3f64.sqrt() * reach_m * reach_m);
    assert!(f64::from(a.bound) <= area_bound.ceil());
    assert_eq!(a.limit, Limit::One(Requirement::Rsrp));
}

/// 60 terminals of 8 Mbit/s: at the uplink's cap a cell carries 273 · 0.36 · 0.23 · 2.927 = 66.16 Mbit/s, half
/// of it planned for: 480 / 33.08 = 14.5 cells.
#[test]
fn many_terminals_need_many_cells() {
    let mut t = task(60.0, 40.0);
    t.terminals = 60.0;
    t.wanted = Wanted { ul_mbps: 8.0, dl_mbps: 0.0, rsrp_dbm: -105.0 };
    let a = plan(&t).unwrap();
    assert!(a.bound >= 15, "{}", a.bound);
    let s = a.solution.unwrap();
    assert_eq!((s.cells, a.limit), (Cells::Each, Limit::One(Requirement::Capacity)));
    assert!(s.nodes.len() >= 15 && s.nodes.iter().all(|n| n.ul_load <= 0.5));
    assert!((s.nodes.iter().map(|n| n.share).sum::<f64>() - 1.0).abs() < 1e-9);
    // Fewer terminals fit one cell, which needs one node here.
    t.terminals = 4.0;
    let a = plan(&t).unwrap();
    let s = a.solution.unwrap();
    assert_eq!((s.cells, s.nodes.len(), a.limit), (Cells::One, 1, Limit::None));
    assert!((s.nodes[0].ul_load - 4.0 * 8.0 / 66.16).abs() < 0.01, "{}", s.nodes[0].ul_load);
}

/// A rate above what the carrier can do is told as that, not as a number of nodes.
#[test]
fn what_cannot_be_is_told() {
    let mut t = task(60.0, 40.0);
    t.wanted.ul_mbps = 40.0;
    t.terminal = Terminal::REDCAP;
    let a = plan(&t).unwrap();
    assert_eq!((a.needed[0], a.limit), (None, Limit::One(Requirement::Uplink)));
    assert!(a.solution.is_none() && a.reach_m[0].is_none());
    let refused = |change: fn(&mut Task)| {
        let mut t = task(60.0, 40.0);
        change(&mut t);
        plan(&t).is_err()
    };
    assert!(refused(|t| t.floor.length_m = f64::NAN));
    assert!(refused(|t| t.node.height_m = 9.0));
    assert!(refused(|t| t.clutter.height_m = 12.0));
    assert!(refused(|t| t.node.freq = Mhz(120_000.0)));
    assert!(refused(|t| t.terminals = 0.0));
}

/// From outside by hand: UMi in sight at 100 m, 20 dB of wall with 6 dB of spread.
#[test]
fn from_outside_by_hand() {
    let mut t = task(60.0, 40.0);
    let prepared = Scenario::Umi.prepare(Mhz(3500.0), Metres(10.0), Metres(1.5)).unwrap();
    t.outdoor = Some(Outdoor {
        prepared,
        distance_m: 18.0,
        ssb_dbm: 20.0,
        data_dbm: 25.0,
        gain_dbi: 24.0,
        entry: BuildingEntry { loss_db: 20.0, sigma_db: 6.0 },
        resources: t.node.resources,
    });
    // Up to 18 m UMi is always in sight: 32.4 + 21 lg d3D + 20 lg f, σ 4 dB.
    let d = 18.0f64.hypot(8.5);
    let loss = 32.4 + 21.0 * d.log10() + 20.0 * 3.5f64.log10() + 20.0 + 1.644_854 * 4f64.hypot(6.0);
    let a = plan(&t).unwrap();
    let outside = a.outdoor.unwrap();
    assert!((outside.rsrp_dbm - (20.0 - loss)).abs() < 2e-3, "{} {}", outside.rsrp_dbm, 20.0 - loss);
    assert!(a.outdoor_serves());
    // The wall of a bunker: everything is missed.
    if let Some(o) = &mut t.outdoor {
        o.entry.loss_db = 90.0;
    }
    let a = plan(&t).unwrap();
    assert_eq!(a.outdoor_misses[..2], [Requirement::Uplink, Requirement::Rsrp]);
    assert!(!a.outdoor_serves());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Whatever the hall: what is promised holds at the farthest point, the bound is kept, and asking for less
    /// never takes more nodes.
    #[test]
    fn promises_hold(
        length_m in 20.0f64..300.0, width_m in 10.0f64..120.0, density in 0.0f64..0.9, size_m in 1.0f64..15.0,
        height_m in 0.5f64..5.0, ul_mbps in 0.5f64..30.0, rsrp_dbm in -110.0f64..-80.0,
        terminals in 1.0f64..25.0,
    ) {
        let mut t = task(length_m, width_m);
        t.clutter = Clutter { density, size_m, height_m };
        t.wanted = Wanted { ul_mbps, dl_mbps: 5.0, rsrp_dbm };
        t.terminals = terminals;
        t.max_nodes = 40;
        let a = plan(&t).unwrap();
        let nodes = a.solution.as_ref().map(|s| s.nodes.len() as u32);
        prop_assert_eq!(fewest_nodes(&t), Ok(nodes));
        if let Some(s) = &a.solution {
            prop_assert!(s.worst.ul_mbps >= ul_mbps * (1.0 - 1e-6) && s.worst.rsrp_dbm >= rsrp_dbm - 1e-6);
            prop_assert!(s.worst.dl_mbps >= 5.0 * (1.0 - 1e-3));
            prop_assert!(a.bound as usize <= s.nodes.len());
            prop_assert!(s.area_probability >= 0.95 - 1e-3);
            let loads = |of: fn(&Placed) -> f64| {
                let each = s.nodes.iter().map(of);
                if s.cells == Cells::One { each.sum() } else { each.fold(0.0, f64::max) }
            };
            prop_assert!(loads(|n| n.ul_load).max(loads(|n| n.dl_load)) <= t.load * (1.0 + 1e-9));
            let mut less = t;
            less.wanted.rsrp_dbm = rsrp_dbm - 6.0;
            let easier = plan(&less).unwrap();
            prop_assert!(easier.solution.is_some_and(|e| e.nodes.len() <= s.nodes.len()));
        }
    }
}
