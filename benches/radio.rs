//! Speed of the radio room on one core.

use covplan::radio::antenna::{Pattern, SectorPattern};
use covplan::radio::capacity::{RateCurve, Resources, Terminal};
use covplan::radio::coverage_probability::{LossDistribution, LossTable};
use covplan::radio::normal;
use covplan::radio::p1812::{Link, LocationSpread};
use covplan::radio::polarization::Polarization;
use covplan::radio::servers::{
    Air, Antenna, Asked, BuildingEntry, Carrier, Location, Mast, Masts, Scratch, Sector, Sectors, receive,
};
use covplan::radio::terrain_path::{Atmosphere, TerrainPath};
use covplan::radio::tr38901::{LosState, Prepared, Scenario, Surroundings};
use covplan::units::{Db, Metres, Mhz};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;

fn prepare(scenario: Scenario, mhz: f64) -> Prepared {
    scenario.prepare(Mhz(mhz), Metres(30.0), Metres(1.5)).expect("a scenario in range")
}

/// Distances from 20 m to 4.8 km, in an order that no cache or branch predictor knows.
fn distances() -> Vec<f64> {
    (0..4096u64).map(|i| 20.0 + 4780.0 * ((i * 2_654_435_761) % 4096) as f64 / 4096.0).collect()
}

fn tr38901(c: &mut Criterion) {
    let distances = distances();
    let mut group = c.benchmark_group("tr38901");
    group.throughput(Throughput::Elements(distances.len() as u64));
    for (name, scenario) in [("uma", Scenario::Uma), ("rma", Scenario::Rma(Surroundings::RURAL))] {
        let prepared = prepare(scenario, 3500.0);
        group.bench_function(format!("{name} path loss, nlos"), |b| {
            b.iter(|| distances.iter().map(|d| prepared.loss_db(*d, LosState::Nlos)).sum::<f64>());
        });
        group.bench_function(format!("{name} both states and p_los"), |b| {
            b.iter(|| {
                let each = |d: &f64| {
                    let s = prepared.states(*d);
                    s.los_db + s.nlos_db + s.p_los
                };
                distances.iter().map(each).sum::<f64>()
            });
        });
        let chunks = distances.as_chunks::<16>().0;
        group.bench_function(format!("{name} path loss of both states, 16 at once"), |b| {
            let each = |chunk: &[f64; 16]| {
                let (los, nlos) = prepared.losses_of(chunk);
                los.iter().sum::<f64>() + nlos.iter().sum::<f64>()
            };
            b.iter(|| chunks.iter().map(each).sum::<f64>());
        });
        group.bench_function(format!("{name} both states and p_los, 16 at once"), |b| {
            let each = |chunk: &[f64; 16]| {
                let s = prepared.states_of(chunk);
                [s.los_db, s.nlos_db, s.p_los].iter().flatten().sum::<f64>()
            };
            b.iter(|| chunks.iter().map(each).sum::<f64>());
        });
        group.bench_function(format!("{name} exact 95 % level"), |b| {
            let z = normal::quantile(0.95);
            b.iter(|| {
                let each = |d: &f64| LossDistribution::from(prepared.states(*d)).quantile_db(0.95, z);
                distances.iter().map(each).sum::<f64>()
            });
        });
        let table = LossTable::build(prepared, 0.95);
        group.bench_function(format!("{name} tabulated row"), |b| {
            b.iter(|| distances.iter().filter_map(|d| table.at(*d)).map(|r| r.median_db).sum::<f32>());
        });
    }
    group.finish();
    c.bench_function("loss table, build uma", |b| {
        let prepared = prepare(Scenario::Uma, 3500.0);
        b.iter(|| LossTable::build(black_box(prepared), 0.95));
    });
}

/// One receiver among sixteen three-sector masts of two carriers, and among five.
fn servers(c: &mut Criterion) {
    let terminal = Terminal::HANDSET;
    let carrier = |resource_blocks, scs_khz, dl_share, ul_share| {
        Carrier::new(Resources { resource_blocks, scs_khz, dl_share, ul_share }, &terminal, Db(3.5), 0.5)
    };
    let air = Air {
        tables: vec![
            LossTable::build(prepare(Scenario::Uma, 3500.0), 0.95),
            LossTable::build(prepare(Scenario::Uma, 763.0), 0.95),
        ],
        carriers: vec![carrier(273, 30, 0.74, 0.23), carrier(160, 15, 1.0, 1.0)],
        antennas: vec![Antenna {
            ssb: Pattern::Sector(SectorPattern::panel(18.0)),
            traffic: Pattern::Sector(SectorPattern::ELEMENT),
        }],
        terminal,
        terminal_height_m: 1.5,
        downlink: RateCurve::DOWNLINK,
        uplink: RateCurve::UPLINK,
        location: Location::new(0.95),
    };
    let sector = |i: u16| Sector {
        carrier: i / 3 % 2,
        table: u32::from(i / 3 % 2),
        antenna: 0,
        height_m: 30.0,
        azimuth_deg: 120.0 * f32::from(i % 3),
        electrical_tilt_deg: 6.0,
        mechanical_tilt_deg: 0.0,
        ssb_epre_dbm: 17.8,
        data_epre_dbm: 17.8,
        gain_ssb_dbi: 18.0,
        gain_traffic_dbi: 24.0,
        load: 0.5,
    };
    let mut sectors = Sectors::new();
    (0..48).for_each(|i| sectors.push(sector(i), &air));
    let mast = |i: u32| Mast {
        distance_m: 180.0 + 217.0 * f64::from(i),
        bearing_deg: 77.0 * f64::from(i),
        rise_m: 0.0,
        first: 3 * i,
        count: 3,
    };
    let masts: Vec<Mast> = (0..16).map(mast).collect();
    let entry =
        [BuildingEntry { loss_db: 25.0, sigma_db: 6.5 }, BuildingEntry { loss_db: 18.0, sigma_db: 6.5 }];
    let mut scratch = Scratch::default();
    let mut group = c.benchmark_group("servers");
    for (name, list) in [("48 cells", &masts[..]), ("15 cells", &masts[..5])] {
        group.throughput(Throughput::Elements(3 * list.len() as u64));
        for (place, entry) in [("outdoor", &[][..]), ("out- and indoor", &entry[..])] {
            group.bench_function(format!("receive {name}, {place}"), |b| {
                let masts = Masts { list, sectors: &sectors, table_offset: 0 };
                b.iter(|| receive(&air, black_box(&masts), &Asked::indoors(entry), &mut scratch));
            });
        }
    }
    group.finish();
}

/// Profiles of 101 points over hills with clutter, 3 to 10 km long: half of an average year and a tenth of
/// it. Making a profile ready counts, sampling it from a map doesn't.
fn p1812(c: &mut Criterion) {
    let mut state = 1u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / (1u64 << 31) as f64
    };
    let profiles: Vec<(f64, Vec<(f64, f64)>)> = (0..1000)
        .map(|_| {
            let (step_m, relief, phase, pace) =
                (30.0 + 70.0 * random(), 200.0 * random(), 6.0 * random(), 0.2 * random());
            let hill = |i: u32| relief * ((f64::from(i) * pace + phase).sin() + 1.0);
            (step_m, (0..101).map(|i| (hill(i) + 5.0 * random(), 10.0 * random())).collect())
        })
        .collect();
    let mut group = c.benchmark_group("p1812");
    group.throughput(Throughput::Elements(profiles.len() as u64));
    for time_percent in [50.0, 10.0] {
        let prepared = Link {
            freq: Mhz(3500.0),
            height_m: [30.0, 1.5],
            polarization: Polarization::Vertical,
            time_percent,
            location_percent: 50.0,
            spread: LocationSpread::Within(Metres(50.0)),
            building: None,
            atmosphere: Atmosphere::TEMPERATE,
            latitude_deg: 42.5,
            coast_km: None,
        }
        .prepare()
        .expect("a link in range");
        let mut path = TerrainPath::default();
        group.bench_function(format!("101 points, {time_percent} % of time"), |b| {
            b.iter(|| {
                let each = |(step_m, heights): &(f64, Vec<(f64, f64)>)| {
                    path.refill_inland(*step_m, heights.iter().copied());
                    prepared.predict(&path).map_or(0.0, |p| p.loss.get())
                };
                profiles.iter().map(each).sum::<f64>()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, tr38901, p1812, servers);
criterion_main!(benches);
