use super::*;
use crate::radio::antenna::SectorPattern;
use crate::radio::coverage_probability::Quantiles;
use crate::radio::link_budget::reference_power;
use crate::radio::tr38901::{Scenario, Surroundings};
use crate::units::{Dbm, Metres, Mhz};
use proptest::prelude::*;

fn air() -> Air {
    let quantiles = Quantiles { probability: 0.95, sigma_low_db: 4.4, sigma_high_db: 6.5 };
    let table = |scenario: Scenario, mhz: f64| {
        LossTable::build(scenario.prepare(Mhz(mhz), Metres(30.0), Metres(1.5)).unwrap(), &quantiles)
    };
    let terminal = Terminal::HANDSET;
    let carrier = |blocks, scs_khz, dl, ul| {
        let resources = Resources { resource_blocks: blocks, scs_khz, dl_share: dl, ul_share: ul };
        Carrier::new(resources, &terminal, Db(3.5), 0.5)
    };
    Air {
        tables: vec![table(Scenario::Uma, 3500.0), table(Scenario::Rma(Surroundings::RURAL), 700.0)],
        carriers: vec![carrier(273, 30, 0.74, 0.23), carrier(160, 15, 1.0, 1.0)],
        antennas: vec![
            Antenna { ssb: Pattern::Omni, traffic: Pattern::Omni },
            Antenna {
                ssb: Pattern::Sector(SectorPattern::panel(18.0)),
                traffic: Pattern::Sector(SectorPattern::ELEMENT),
            },
        ],
        terminal,
        terminal_height_m: 1.5,
        downlink: RateCurve::DOWNLINK,
        uplink: RateCurve::UPLINK,
        location: Location::new(0.95),
    }
}

fn cell(network: u16, tower: u32, distance_m: f32, bearing_deg: f32) -> Candidate {
    let epre = reference_power(Dbm(53.0), 273).unwrap().get() as f32;
    Candidate {
        network,
        carrier: 0,
        table: 0,
        antenna: 0,
        tower,
        distance_m,
        bearing_deg,
        height_m: 30.0,
        azimuth_deg: 0.0,
        electrical_tilt_deg: 6.0,
        mechanical_tilt_deg: 0.0,
        ssb_epre_dbm: epre,
        data_epre_dbm: epre,
        gain_ssb_dbi: 18.0,
        gain_traffic_dbi: 24.0,
        load: 0.5,
    }
}

const WALL: BuildingEntry = BuildingEntry { loss_db: 20.0, sigma_db: 6.5 };

fn run(candidates: &[Candidate]) -> Vec<NetworkReception> {
    let mut out = Vec::new();
    receive(&air(), candidates, &Asked::indoors(&[WALL, WALL]), &mut Scratch::default(), &mut out);
    out
}

fn alone(air: &Air, entry: &[BuildingEntry]) -> NetworkReception {
    let mut out = Vec::new();
    receive(air, &[cell(0, 0, 300.0, 0.0)], &Asked::indoors(entry), &mut Scratch::default(), &mut out);
    out[0]
}

/// A lone cell, every number by hand.
#[test]
fn alone_by_hand() {
    let air = air();
    let got = run(&[cell(0, 0, 300.0, 0.0)])[0];
    let loss = LossDistribution::from(air.tables[0].prepared().states(300.0));
    let eirp = 53.0 - 35.1527 + 18.0;
    let z = normal::quantile(0.95);
    let rsrp = eirp - loss.quantile_db(0.95, z);
    assert!((got.rsrp_dbm - rsrp).abs() < LossTable::ACCURACY_DB, "{got:?}");
    // Only noise: SINR is RSRP over kTBF of one subcarrier of 30 kHz with 8 dB.
    let noise = thermal_noise(30e3, Db(8.0)).get();
    assert!((got.ss_sinr_db.unwrap() - (rsrp - noise)).abs() < 1e-3);
    // The traffic beam lifts data by its own gain, never the SS-RSRP.
    let open = alone(&air, &[]);
    let data = eirp + 6.0 - loss.parts().mean() - noise;
    assert!((open.rates.sinr_db - data).abs() < 1e-3);
    let indoor_dbm = got.rsrp_indoor_dbm.unwrap();
    let behind = loss.behind(20.0, 6.5).quantile_db(0.95, z);
    assert!((indoor_dbm - (eirp - behind)).abs() < 1e-3);
    assert!(got.rates.dl_mbps < open.rates.dl_mbps && got.rates.ul_mbps < open.rates.ul_mbps);
}

#[test]
fn other_networks_neither_serve_nor_disturb() {
    let alone = run(&[cell(0, 0, 300.0, 0.0)]);
    let crowded = run(&[cell(1, 1, 100.0, 0.0), cell(0, 0, 300.0, 0.0), cell(1, 2, 120.0, 0.0)]);
    assert_eq!(crowded.iter().map(|n| n.network).collect::<Vec<_>>(), [0, 1]);
    assert_eq!((crowded[0].rsrp_dbm, crowded[0].ss_sinr_db), (alone[0].rsrp_dbm, alone[0].ss_sinr_db));
    assert_eq!(crowded[0].server, 1);
}

#[test]
fn only_the_same_carrier_disturbs() {
    let alone = run(&[cell(0, 0, 300.0, 0.0)]);
    let rural = Candidate { carrier: 1, table: 1, ..cell(0, 1, 2000.0, 0.0) };
    let two = run(&[cell(0, 0, 300.0, 0.0), rural]);
    assert_eq!(two[0].rates.sinr_db, alone[0].rates.sinr_db);
    let clash = run(&[cell(0, 0, 300.0, 0.0), cell(0, 1, 500.0, 0.0)]);
    assert!(clash[0].ss_sinr_db.unwrap() < alone[0].ss_sinr_db.unwrap() - 10.0);
}

/// SSBs collide whatever the load; data doesn't.
#[test]
fn load_moves_data_only() {
    let with_load =
        |load: f32| run(&[cell(0, 0, 300.0, 0.0), Candidate { load, ..cell(0, 1, 400.0, 0.0) }])[0];
    let (idle, busy) = (with_load(0.0), with_load(1.0));
    assert_eq!(idle.ss_sinr_db.unwrap(), busy.ss_sinr_db.unwrap());
    assert!(idle.rates.sinr_db > busy.rates.sinr_db + 3.0, "{idle:?} {busy:?}");
    assert!(idle.rates.dl_mbps > busy.rates.dl_mbps);
    assert_eq!(idle.rates.ul_mbps, busy.rates.ul_mbps);
}

/// On the border of two sectors of one mast the SSBs are alike: SS-SINR 0 dB, without any spread.
#[test]
fn sectors_of_one_mast() {
    let sector = |azimuth_deg| Candidate { antenna: 1, azimuth_deg, ..cell(0, 7, 200.0, 60.0) };
    let got = run(&[sector(0.0), sector(120.0)])[0];
    assert!((-0.2..=0.0).contains(&got.ss_sinr_db.unwrap()), "{got:?}");
}

/// The approximations together against drawing everything at random, over many layouts: quantile and
/// median of the SS-SINR.
#[test]
fn interference_against_drawing() {
    use rand::{RngExt, SeedableRng};
    let air = air();
    let mut layout = rand_pcg::Pcg64::seed_from_u64(11);
    let mut draw = rand_pcg::Pcg64::seed_from_u64(7);
    let eirp = 53.0 - 35.1527 + 18.0;
    let (mut off_low, mut off_median) = (Vec::new(), Vec::new());
    for _ in 0..40 {
        let nearest = layout.random_range(60.0..600.0f32);
        let n = layout.random_range(1..7);
        let mut cells = vec![cell(0, 0, nearest, 0.0)];
        for tower in 1..=n {
            cells.push(cell(0, tower, nearest * layout.random_range(1.1..4.0f32), 0.0));
        }
        let got = run(&cells)[0];
        let states: Vec<_> =
            cells.iter().map(|c| air.tables[0].prepared().states(f64::from(c.distance_m))).collect();
        let mut gauss = || normal::quantile(draw.random_range(1e-12..1.0 - 1e-12));
        let mut sinr: Vec<f64> = (0..20_000)
            .map(|_| {
                let shared = gauss();
                let mut power = states.iter().map(|s| {
                    let in_sight = normal::cumulative(gauss()) < s.p_los;
                    let (loss, sigma) =
                        if in_sight { (s.los_db, s.sigma_los_db) } else { (s.nlos_db, s.sigma_nlos_db) };
                    let fading = (shared + gauss()) * 0.5f64.sqrt();
                    Dbm(eirp - loss + sigma * fading).milliwatts()
                });
                let signal = power.next().unwrap();
                Db::from_linear(signal / (power.sum::<f64>() + Dbm(air.carriers[0].noise_dbm).milliwatts()))
                    .get()
            })
            .collect();
        sinr.sort_by(f64::total_cmp);
        off_low.push(got.ss_sinr_db.unwrap() - sinr[sinr.len() / 20]);
        let mut median_air = air.clone();
        median_air.location = Location::new(0.5);
        let mut out = Vec::new();
        receive(&median_air, &cells, &Asked::outdoors(&[]), &mut Scratch::default(), &mut out);
        off_median.push(out[0].ss_sinr_db.unwrap() - sinr[sinr.len() / 2]);
    }
    for (name, off) in [("5 %", off_low), ("median", off_median)] {
        let worst = off.iter().fold(0.0f64, |w, x| w.max(x.abs()));
        let mean = off.iter().sum::<f64>() / off.len() as f64;
        eprintln!("SS-SINR {name}: mean {mean:+.2} dB, worst {worst:.2} dB against drawing");
        let allowed = if name == "median" { 0.5 } else { 2.0 };
        assert!(worst < allowed && mean.abs() < 0.25, "{name} {off:.2?}");
    }
}

#[test]
fn out_of_range_is_no_service() {
    assert!(run(&[cell(0, 0, 5001.0, 0.0)]).is_empty());
    assert!(run(&[]).is_empty());
    let near = run(&[cell(0, 0, 0.0, 0.0)])[0];
    assert!(near.rsrp_dbm.is_finite() && near.rates.dl_mbps > 0.0);
}

proptest! {
    /// Finite everywhere, the same whatever the order, and never better for one more cell of the network.
    #[test]
    fn sound(
        places in prop::collection::vec((0u16..2, 0u32..4, 5.0f32..5000.0, 0.0f32..360.0), 1..12),
        swap in 0usize..12,
    ) {
        let cells: Vec<Candidate> = places.iter().map(|(n, tower, d, b)| {
            Candidate { antenna: 1, ..cell(*n, *tower, *d, *b) }
        }).collect();
        let got = run(&cells);
        for n in &got {
            prop_assert!(n.rsrp_dbm.is_finite() && n.ss_sinr_db.unwrap().is_finite());
            prop_assert!(n.rates.sinr_db.is_finite() && n.rates.dl_mbps >= 0.0 && n.rates.ul_mbps >= 0.0);
            prop_assert!(n.rsrp_dbm <= n.rsrp_median_dbm);
            prop_assert!(n.rsrp_indoor_dbm.unwrap() < n.rsrp_dbm);
        }
        let mut turned = cells.clone();
        let at = swap % turned.len();
        turned.rotate_left(at);
        for (a, b) in got.iter().zip(&run(&turned)) {
            prop_assert!((a.rsrp_dbm - b.rsrp_dbm).abs() < 1e-9);
            prop_assert!((a.ss_sinr_db.unwrap() - b.ss_sinr_db.unwrap()).abs() < 1e-9);
        }
    }
}
