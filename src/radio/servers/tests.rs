use super::*;
use crate::radio::antenna::SectorPattern;
use crate::radio::link_budget::reference_power;
use crate::radio::tr38901::{Scenario, States, Surroundings};
use crate::units::{Dbm, Metres, Mhz};
use proptest::prelude::*;

pub(super) fn air() -> Air {
    let table = |scenario: Scenario, mhz: f64| {
        LossTable::build(scenario.prepare(Mhz(mhz), Metres(30.0), Metres(1.5)).unwrap(), 0.95)
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

/// A sector with the mast that it stands on, as seen from the receiver.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    tower: u32,
    distance_m: f64,
    bearing_deg: f64,
    pub(super) sector: Sector,
}

pub(super) fn cell(tower: u32, distance_m: f64, bearing_deg: f64) -> Seen {
    let epre = reference_power(Dbm(53.0), 273).unwrap().get() as f32;
    let sector = Sector {
        carrier: 0,
        table: 0,
        antenna: 0,
        height_m: 30.0,
        azimuth_deg: 0.0,
        electrical_tilt_deg: 6.0,
        mechanical_tilt_deg: 0.0,
        ssb_epre_dbm: epre,
        data_epre_dbm: epre,
        gain_ssb_dbi: 18.0,
        gain_traffic_dbi: 24.0,
        load: 0.5,
    };
    Seen { tower, distance_m, bearing_deg, sector }
}

const WALL: BuildingEntry = BuildingEntry { loss_db: 20.0, sigma_db: 6.5 };

/// Sectors one after the other on the same tower share a mast.
fn received(air: &Air, seen: &[Seen], asked: &Asked) -> Option<Reception> {
    let mut sectors = Sectors::new();
    seen.iter().for_each(|s| sectors.push(s.sector, air));
    let mut first = 0;
    let list: Vec<Mast> = seen
        .chunk_by(|a, b| a.tower == b.tower)
        .map(|m| {
            let mast = Mast {
                distance_m: m[0].distance_m,
                bearing_deg: m[0].bearing_deg,
                rise_m: 0.0,
                first,
                count: m.len() as u32,
            };
            first += mast.count;
            mast
        })
        .collect();
    let masts = Masts { list: &list, sectors: &sectors, table_offset: 0 };
    receive(air, &masts, asked, &mut Scratch::default())
}

fn run(seen: &[Seen]) -> Reception {
    received(&air(), seen, &Asked::indoors(&[WALL, WALL])).unwrap()
}

/// A ground that adds to the tables of some masts, and remembers who was asked.
struct Hills<'a> {
    air: &'a Air,
    distances_m: Vec<f64>,
    extra_db: Vec<Option<f64>>,
    candidates: usize,
    asked: Vec<u32>,
}

impl GroundLoss for Hills<'_> {
    fn candidates(&self) -> usize {
        self.candidates
    }

    fn median_db(&mut self, mast: u32, table: u32) -> Option<[f64; 2]> {
        self.asked.push(mast);
        let states = self.air.tables[table as usize].prepared().states(self.distances_m[mast as usize]);
        self.extra_db[mast as usize].map(|db| [states.los_db + db, states.nlos_db + db])
    }
}

fn over(cells: &[Seen], extra_db: &[Option<f64>], candidates: usize) -> (Reception, Vec<u32>) {
    let air = air();
    let mut sectors = Sectors::new();
    cells.iter().for_each(|s| sectors.push(s.sector, &air));
    let distances_m: Vec<f64> = cells.iter().map(|c| c.distance_m).collect();
    let list: Vec<Mast> = (0u32..)
        .zip(&distances_m)
        .map(|(i, d)| Mast { distance_m: *d, bearing_deg: 0.0, rise_m: 0.0, first: i, count: 1 })
        .collect();
    let masts = Masts { list: &list, sectors: &sectors, table_offset: 0 };
    let mut hills =
        Hills { air: &air, distances_m, extra_db: extra_db.to_vec(), candidates, asked: Vec::new() };
    let asked = Asked::indoors(&[WALL, WALL]);
    let got = receive_over(&air, &masts, &asked, &mut hills, &mut Scratch::default()).unwrap();
    (got, hills.asked)
}

/// The ground counts dB for dB, and a ground that says what the tables say changes nothing.
#[test]
fn hills_weaken_what_stands_behind_them() {
    let cells = [cell(0, 300.0, 0.0), cell(1, 500.0, 0.0), cell(2, 900.0, 0.0)];
    let flat = run(&cells);
    let (same, asked) = over(&cells, &[Some(0.0); 3], 3);
    assert_eq!(asked, [0, 1, 2]);
    assert!((same.rsrp_dbm - flat.rsrp_dbm).abs() < LossTable::ACCURACY_DB);
    assert!((same.ss_sinr_db.unwrap() - flat.ss_sinr_db.unwrap()).abs() < 0.1);
    let (alone, _) = over(&cells[..1], &[Some(0.0)], 1);
    let (behind, _) = over(&cells[..1], &[Some(17.0)], 1);
    assert!((alone.rsrp_dbm - behind.rsrp_dbm - 17.0).abs() < 0.01, "{alone:?} {behind:?}");
    assert!((alone.rsrp_indoor_dbm.unwrap() - behind.rsrp_indoor_dbm.unwrap() - 17.0).abs() < 0.01);
    assert!(behind.rates.dl_mbps < alone.rates.dl_mbps && behind.rates.ul_mbps < alone.rates.ul_mbps);
}

/// One candidate: once it is shadowed, the next best are asked until the best has been.
#[test]
fn the_server_has_always_been_asked() {
    let cells = [cell(0, 300.0, 0.0), cell(1, 500.0, 0.0), cell(2, 900.0, 0.0), cell(3, 950.0, 0.0)];
    let (got, asked) = over(&cells, &[Some(40.0), Some(40.0), Some(-3.0), Some(0.0)], 1);
    assert_eq!((got.server.mast, asked), (2, vec![0, 1, 2]));
    // Without an answer the table holds.
    let (got, asked) = over(&cells, &[None; 4], 1);
    assert_eq!((got, asked), (run(&cells), vec![0]));
}

/// A lone cell, every number by hand.
#[test]
fn alone_by_hand() {
    let air = air();
    let got = run(&[cell(0, 300.0, 0.0)]);
    let loss = LossDistribution::from(air.tables[0].prepared().states(300.0));
    let eirp = 53.0 - 35.1527 + 18.0;
    let z = normal::quantile(0.95);
    let rsrp = eirp - loss.quantile_db(0.95, z);
    assert!((got.rsrp_dbm - rsrp).abs() < LossTable::ACCURACY_DB, "{got:?}");
    // Only noise: SINR is RSRP over kTBF of one subcarrier of 30 kHz with 8 dB.
    let noise = thermal_noise(30e3, Db(8.0)).get();
    assert!((got.ss_sinr_db.unwrap() - (rsrp - noise)).abs() < 1e-3);
    // The traffic beam lifts data by its own gain, never the SS-RSRP.
    let open = received(&air, &[cell(0, 300.0, 0.0)], &Asked::outdoors(&[])).unwrap();
    let data = eirp + 6.0 - loss.parts().mean() - noise;
    assert!((open.rates.sinr_db - data).abs() < 1e-3);
    let indoor_dbm = got.rsrp_indoor_dbm.unwrap();
    let behind = loss.behind(20.0, 6.5).quantile_db(0.95, z);
    assert!((indoor_dbm - (eirp - behind)).abs() < 1e-3);
    assert!(got.rates.dl_mbps < open.rates.dl_mbps && got.rates.ul_mbps < open.rates.ul_mbps);
}

#[test]
fn only_the_same_carrier_disturbs() {
    let alone = run(&[cell(0, 300.0, 0.0)]);
    let mut rural = cell(1, 2000.0, 0.0);
    (rural.sector.carrier, rural.sector.table) = (1, 1);
    let two = run(&[cell(0, 300.0, 0.0), rural]);
    assert_eq!(two.rates.sinr_db, alone.rates.sinr_db);
    let clash = run(&[cell(0, 300.0, 0.0), cell(1, 500.0, 0.0)]);
    assert!(clash.ss_sinr_db.unwrap() < alone.ss_sinr_db.unwrap() - 10.0);
}

/// SSBs collide whatever the load; data doesn't.
#[test]
fn load_moves_data_only() {
    let with_load = |load: f32| {
        let mut other = cell(1, 400.0, 0.0);
        other.sector.load = load;
        run(&[cell(0, 300.0, 0.0), other])
    };
    let (idle, busy) = (with_load(0.0), with_load(1.0));
    assert_eq!(idle.ss_sinr_db, busy.ss_sinr_db);
    assert!(idle.rates.sinr_db > busy.rates.sinr_db + 3.0, "{idle:?} {busy:?}");
    assert!(idle.rates.dl_mbps > busy.rates.dl_mbps);
    assert_eq!(idle.rates.ul_mbps, busy.rates.ul_mbps);
}

/// Two sectors of a neighbour's mast that point the same way are one of twice the power.
#[test]
fn sectors_of_a_neighbour_add_up() {
    let other = cell(1, 400.0, 0.0);
    let mut twice = other;
    twice.sector.ssb_epre_dbm += 10.0 * 2f32.log10();
    twice.sector.data_epre_dbm += 10.0 * 2f32.log10();
    let (two, one) = (run(&[cell(0, 300.0, 0.0), other, other]), run(&[cell(0, 300.0, 0.0), twice]));
    assert!((two.ss_sinr_db.unwrap() - one.ss_sinr_db.unwrap()).abs() < 1e-4);
    assert!((two.rates.sinr_db - one.rates.sinr_db).abs() < 1e-4);
}

/// On the border of two sectors of one mast the SSBs are alike: SS-SINR 0 dB, without any spread.
#[test]
fn sectors_of_one_mast() {
    let sector = |azimuth_deg| {
        let mut seen = cell(7, 200.0, 60.0);
        (seen.sector.antenna, seen.sector.azimuth_deg) = (1, azimuth_deg);
        seen
    };
    let got = run(&[sector(0.0), sector(120.0)]);
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
        let nearest = layout.random_range(60.0..600.0);
        let n = layout.random_range(1..7);
        let mut cells = vec![cell(0, nearest, 0.0)];
        for tower in 1..=n {
            cells.push(cell(tower, nearest * layout.random_range(1.1..4.0), 0.0));
        }
        let got = run(&cells);
        let states: Vec<_> = cells.iter().map(|c| air.tables[0].prepared().states(c.distance_m)).collect();
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
        let got = received(&median_air, &cells, &Asked::outdoors(&[])).unwrap();
        off_median.push(got.ss_sinr_db.unwrap() - sinr[sinr.len() / 2]);
    }
    for (name, off) in [("5 %", off_low), ("median", off_median)] {
        let worst = off.iter().fold(0.0f64, |w, x| w.max(x.abs()));
        let mean = off.iter().sum::<f64>() / off.len() as f64;
        eprintln!("SS-SINR {name}: mean {mean:+.2} dB, worst {worst:.2} dB against drawing");
        let allowed = if name == "median" { 0.5 } else { 2.0 };
        assert!(worst < allowed && mean.abs() < 0.25, "{name} {off:.2?}");
    }
}

/// The same among three-sector masts, each with one path and one fading for all its sectors: a network as
/// dense as a city's and one as wide as the country's.
#[test]
fn sectored_masts_against_drawing() {
    use rand::{RngExt, SeedableRng};
    let air = air();
    let mut layout = rand_pcg::Pcg64::seed_from_u64(5);
    let mut draw = rand_pcg::Pcg64::seed_from_u64(6);
    let (mut off_low, mut off_median) = (Vec::new(), Vec::new());
    for round in 0..40 {
        let spacing = if round % 2 == 0 { 120.0 } else { 600.0 };
        let mut cells = Vec::new();
        for tower in 0..16u32 {
            let distance_m = spacing * (f64::from(tower) / std::f64::consts::PI).sqrt()
                + layout.random_range(0.1..0.9) * spacing;
            let bearing_deg = layout.random_range(0.0..360.0);
            let turn = layout.random_range(0.0..120.0f32);
            for sector in 0..3u16 {
                let mut seen = cell(tower, distance_m, bearing_deg);
                seen.sector.antenna = 1;
                seen.sector.azimuth_deg = turn + 120.0 * f32::from(sector);
                cells.push(seen);
            }
        }
        let got = run(&cells);
        let masts: Vec<(States, Vec<f64>)> = cells
            .chunk_by(|a, b| a.tower == b.tower)
            .map(|m| {
                let eirp = |s: &Seen| {
                    let elevation = -(28.5f64).atan2(s.distance_m).to_degrees();
                    let pattern = &air.antennas[1].ssb;
                    53.0 - 35.1527
                        + 18.0
                        + pattern.relative_gain(&s.sector.pointing(), s.bearing_deg, elevation).get()
                };
                (air.tables[0].prepared().states(m[0].distance_m), m.iter().map(eirp).collect())
            })
            .collect();
        let server = cells[got.server.sector as usize].tower as usize;
        let own = got.server.sector as usize % 3;
        let mut gauss = || normal::quantile(draw.random_range(1e-12..1.0 - 1e-12));
        let mut sinr: Vec<f64> = (0..20_000)
            .map(|_| {
                let shared = gauss();
                let (mut signal, mut others) = (0.0, Dbm(air.carriers[0].noise_dbm).milliwatts());
                for (i, (s, eirp)) in masts.iter().enumerate() {
                    let in_sight = normal::cumulative(gauss()) < s.p_los;
                    let (loss, sigma) =
                        if in_sight { (s.los_db, s.sigma_los_db) } else { (s.nlos_db, s.sigma_nlos_db) };
                    let path = sigma * (shared + gauss()) * 0.5f64.sqrt() - loss;
                    for (k, e) in eirp.iter().enumerate() {
                        let power = Dbm(e + path).milliwatts();
                        *if i == server && k == own { &mut signal } else { &mut others } += power;
                    }
                }
                Db::from_linear(signal / others).get()
            })
            .collect();
        sinr.sort_by(f64::total_cmp);
        let mut median_air = air.clone();
        median_air.location = Location::new(0.5);
        let asked = Asked::outdoors(&[]);
        let m = received(&median_air, &cells, &asked).unwrap();
        off_low.push(got.ss_sinr_db.unwrap() - sinr[sinr.len() / 20]);
        off_median.push(m.ss_sinr_db.unwrap() - sinr[sinr.len() / 2]);
    }
    for (name, off) in [("5 %", off_low), ("median", off_median)] {
        let worst = off.iter().fold(0.0f64, |w, x| w.max(x.abs()));
        let mean = off.iter().sum::<f64>() / off.len() as f64;
        eprintln!("SS-SINR {name}: mean {mean:+.2} dB, worst {worst:.2} dB against drawing");
        let allowed = if name == "median" { 1.0 } else { 2.5 };
        assert!(worst < allowed && mean.abs() < 0.5, "{name} {off:.2?}");
    }
}

#[test]
fn out_of_range_is_no_service() {
    let asked = Asked::outdoors(&[]);
    assert_eq!(received(&air(), &[cell(0, 5001.0, 0.0)], &asked), None);
    assert_eq!(received(&air(), &[], &asked), None);
    let near = run(&[cell(0, 0.0, 0.0)]);
    assert!(near.rsrp_dbm.is_finite() && near.rates.dl_mbps > 0.0);
}

proptest! {
    /// Finite everywhere, and the same whatever the order of masts.
    #[test]
    fn sound(
        places in prop::collection::vec((5.0f64..5000.0, 0.0f64..360.0), 1..12),
        swap in 0usize..12,
    ) {
        let cells: Vec<Seen> = places.iter().enumerate().map(|(tower, (d, b))| {
            let mut seen = cell(tower as u32, *d, *b);
            seen.sector.antenna = 1;
            seen
        }).collect();
        let got = run(&cells);
        prop_assert!(got.rsrp_dbm.is_finite() && got.ss_sinr_db.unwrap().is_finite());
        prop_assert!(got.rates.sinr_db.is_finite() && got.rates.dl_mbps >= 0.0 && got.rates.ul_mbps >= 0.0);
        prop_assert!(got.rsrp_dbm <= got.rsrp_median_dbm);
        prop_assert!(got.rsrp_indoor_dbm.unwrap() < got.rsrp_dbm);
        let mut turned = cells.clone();
        let at = swap % turned.len();
        turned.rotate_left(at);
        let again = run(&turned);
        prop_assert!((got.rsrp_dbm - again.rsrp_dbm).abs() < 1e-9);
        prop_assert!((got.ss_sinr_db.unwrap() - again.ss_sinr_db.unwrap()).abs() < 1e-9);
    }
}
