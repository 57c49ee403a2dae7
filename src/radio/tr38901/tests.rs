use super::*;
use proptest::prelude::*;

fn scenarios() -> Vec<Scenario> {
    let mut all = vec![
        Scenario::Uma,
        Scenario::Umi,
        Scenario::Rma(Surroundings::RURAL),
        Scenario::Sma(Suburb::TYPICAL),
        Scenario::Inh(Office::Mixed),
        Scenario::Inh(Office::Open),
    ];
    for hall in [Hall::SparseLow, Hall::DenseLow, Hall::SparseHigh, Hall::DenseHigh, Hall::HighHigh] {
        all.push(Scenario::Inf(hall, Clutter::typical(hall)));
    }
    all
}

proptest! {
    /// Loss grows with distance in every scenario and state, also across the breakpoint, and nothing is NaN.
    #[test]
    fn loss_grows_with_distance(
        which in 0usize..11, freq in 500.0f64..30_000.0, bs in 10.0f64..20.0, ut in 1.5f64..2.9,
        a in 0.0f64..1.0, b in 0.0f64..1.0,
    ) {
        let prepared = scenarios()[which].prepare(Mhz(freq), Metres(bs), Metres(ut)).unwrap();
        let range = prepared.ground_range_m();
        let at = |x: f64| range.start() + (range.end() - range.start()) * x * x;
        let (near, far) = (prepared.states(at(a.min(b))), prepared.states(at(a.max(b))));
        for s in [near, far] {
            prop_assert!(s.los_db.is_finite() && s.nlos_db.is_finite());
            prop_assert!((0.0..=1.0).contains(&s.p_los));
            prop_assert!(s.nlos_db >= s.los_db);
        }
        // RMa's and SMa's breakpoint lies in the ground distance, its line in the space distance.
        prop_assert!(far.los_db >= near.los_db - 0.3, "{near:?} {far:?}");
        prop_assert!(far.nlos_db >= near.nlos_db - 0.3);
    }

    /// Many at once are each by itself, in every scenario, also beside the bends and for high receivers.
    #[test]
    fn many_at_once_are_each_by_itself(
        which in 0usize..11, freq in 500.0f64..30_000.0, bs in 10.0f64..20.0, high in 0.0f64..1.0,
        shares in prop::array::uniform16(0.0f64..1.0),
    ) {
        let scenario = scenarios()[which];
        // Only UMa's probability knows how high the receiver is; halls want it below the clutter.
        let ut = if scenario == Scenario::Uma { 1.5 + 21.0 * high } else { 1.5 };
        let prepared = scenario.prepare(Mhz(freq), Metres(bs), Metres(ut)).unwrap();
        let range = prepared.ground_range_m();
        let mut at = shares.map(|s| range.start() + (range.end() - range.start()) * s * s);
        for (at, bend) in at.iter_mut().zip(prepared.bends_m()) {
            *at = if bend.is_finite() { bend } else { *at };
        }
        let many = prepared.states_of(&at);
        for (i, d) in at.into_iter().enumerate() {
            let one = prepared.states(d);
            prop_assert!((many.los_db[i] - one.los_db).abs() < 1e-8, "{d}: {many:?} {one:?}");
            prop_assert!((many.nlos_db[i] - one.nlos_db).abs() < 1e-8, "{d}: {many:?} {one:?}");
            prop_assert!((many.p_los[i] - one.p_los).abs() < 1e-9, "{d}: {many:?} {one:?}");
        }
    }

    /// Crossing the breakpoint costs no visible step.
    #[test]
    fn continuous_at_breakpoint(which in 0usize..4, freq in 500.0f64..6000.0, bs in 10.0f64..50.0) {
        let prepared = scenarios()[which].prepare(Mhz(freq), Metres(bs), Metres(1.5)).unwrap();
        let d = prepared.breakpoint_m();
        let (before, after) = (prepared.states(d * (1.0 - 1e-9)), prepared.states(d * (1.0 + 1e-9)));
        prop_assert!((before.los_db - after.los_db).abs() < 0.3, "{before:?} {after:?}");
    }
}

#[test]
fn suburbs_block_more_with_trees() {
    let at = |density: f64| {
        let suburb = Suburb { vegetation_density: density, ..Suburb::TYPICAL };
        Scenario::Sma(suburb).prepare(Mhz(3500.0), Metres(35.0), Metres(1.5)).unwrap().p_los(500.0)
    };
    assert!(at(0.0) > at(0.1) && at(0.1) > at(0.2));
    // Without trees: exp(−500·(−ln 0.98·18.5 − ln 0.82·6.5)/(30·33.5)), by hand.
    assert!((at(0.0) - 0.437).abs() < 1e-3, "{}", at(0.0));
}

#[test]
fn halls_need_their_heights() {
    let hall = Scenario::Inf(Hall::SparseHigh, Clutter { density: 0.2, size_m: 10.0, height_m: 1.0 });
    let refused = hall.prepare(Mhz(3500.0), Metres(8.0), Metres(1.5));
    assert!(matches!(refused, Err(Refusal::Inconsistent { .. })), "{refused:?}");
}
