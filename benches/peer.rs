//! P.1812 beside crc-covlib: the same profiles, and the same area over the same heights.
//!
//! `COVPLAN_PEER` names the program built of `crc_covlib_peer.cpp` (docs/benchmarks.md tells how); without it
//! only covplan runs. Times are those of the processor, so that other work on the machine disturbs less; of
//! several threads the busiest counts.

use covplan::geom::{LonLat, Terrain};
use covplan::radio::antenna::{Pattern, Pointing};
use covplan::radio::area::{
    Counts, Lattice, Profiles, SHARED_WITHIN_DB, Scene, Sector, Source, TILE, Tile, Window,
};
use covplan::radio::capacity::{RateCurve, Resources, Terminal};
use covplan::radio::p1812::{Link, LocationSpread};
use covplan::radio::polarization::Polarization;
use covplan::radio::servers::Carrier;
use covplan::radio::terrain_path::climate::center_latitude_deg;
use covplan::radio::terrain_path::{Atmosphere, TerrainPath};
use covplan::radio::tr38901::{Scenario, Surroundings};
use covplan::units::{Db, Metres, Mhz};
use rayon::prelude::*;
use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Instant;

type Outcome<T> = Result<T, Box<dyn Error>>;

const REPEATS: usize = 7;

fn main() -> Outcome<()> {
    let peer = std::env::var("COVPLAN_PEER").ok();
    if peer.is_none() {
        println!("COVPLAN_PEER names no peer: covplan alone (docs/benchmarks.md)");
    }
    profiles(peer.as_deref())?;
    area(peer.as_deref())?;
    province()
}

/// Runs the peer: its time in seconds and its losses in dB.
fn ask(peer: &str, arguments: &[&str], input: &str) -> Outcome<(f64, Vec<f64>)> {
    let mut child =
        Command::new(peer).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    child.stdin.take().ok_or("no way into the peer")?.write_all(input.as_bytes())?;
    let answer = child.wait_with_output()?;
    if !answer.status.success() {
        return Err(format!("{peer} ended with {}", answer.status).into());
    }
    let text = String::from_utf8(answer.stdout)?;
    let mut numbers = text.lines().map(str::parse::<f64>);
    let seconds = numbers.next().ok_or("an empty answer")??;
    Ok((seconds, numbers.collect::<Result<_, _>>()?))
}

/// Processor time of every thread of this process so far, s; wall time where the system doesn't tell.
fn busy_s(start: Instant) -> Vec<f64> {
    let thread = |entry: std::io::Result<std::fs::DirEntry>| -> Option<f64> {
        let text = std::fs::read_to_string(entry.ok()?.path().join("schedstat")).ok()?;
        Some(text.split_whitespace().next()?.parse::<f64>().ok()? / 1e9)
    };
    let threads = std::fs::read_dir("/proc/self/task").map(|t| t.filter_map(thread).collect());
    threads.unwrap_or_else(|_| vec![start.elapsed().as_secs_f64()])
}

/// The shortest of several rounds of runs, on the thread that was busiest in it, s a run.
fn fastest<T>(runs: u32, mut run: impl FnMut() -> T) -> (f64, T) {
    let start = Instant::now();
    let mut best_s = f64::INFINITY;
    let mut result = run();
    for _ in 0..REPEATS {
        let before = busy_s(start);
        for _ in 0..runs {
            result = run();
        }
        let took = busy_s(start).iter().zip(&before).map(|(a, b)| a - b).fold(0.0, f64::max);
        best_s = best_s.min(took / f64::from(runs));
    }
    (best_s, result)
}

/// Numbers in [0, 1).
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / (1u64 << 31) as f64
    }
}

const POINTS: usize = 101;
const ENDS: [[f64; 2]; 2] = [[42.5, 1.5], [42.52, 1.58]];

/// A thousand profiles over hills with clutter, 3 to 10 km long.
fn profiles(peer: Option<&str>) -> Outcome<()> {
    let mut random = Random(1);
    let profiles: Vec<(f64, Vec<(f64, f64)>)> = (0..1000)
        .map(|_| {
            let (step_m, relief) = (30.0 + 70.0 * random.next(), 200.0 * random.next());
            let (phase, pace) = (6.0 * random.next(), 0.2 * random.next());
            let hill = |i: usize| relief * ((i as f64 * pace + phase).sin() + 1.0);
            let points = (0..POINTS).map(|i| (hill(i) + 5.0 * random.next(), 10.0 * random.next()));
            (step_m, points.collect())
        })
        .collect();
    let [tx, rx] = ENDS.map(|[lat, lon]| LonLat::wrapped(lon, lat));
    for time_percent in [50.0, 10.0] {
        let link = |latitude_deg| Link {
            freq: Mhz(3500.0),
            height_m: [30.0, 1.5],
            polarization: Polarization::Vertical,
            time_percent,
            location_percent: 50.0,
            spread: LocationSpread::Within(Metres(50.0)),
            building: None,
            atmosphere: Atmosphere::TEMPERATE,
            latitude_deg,
            coast_km: None,
        };
        let mut path = TerrainPath::default();
        let (seconds, losses) = fastest(40, || -> Outcome<Vec<f64>> {
            let mut losses = Vec::with_capacity(profiles.len());
            for (step_m, heights) in &profiles {
                let length_km = step_m * (POINTS - 1) as f64 / 1e3;
                let prepared = link(center_latitude_deg(tx, rx, length_km)).prepare()?;
                path.refill_inland(*step_m, heights.iter().copied());
                losses.push(prepared.predict(&path)?.loss.get());
            }
            Ok(losses)
        });
        let losses = losses?;
        let rate = profiles.len() as f64 / seconds / 1e3;
        let what = format!("profiles of {POINTS} points, {time_percent} % of time");
        println!("{what}: covplan {rate:.0} k/s on one core");
        let Some(peer) = peer else { continue };
        let mut input = format!("3.5 {time_percent} 30 1.5 ");
        for end in ENDS.iter().flatten() {
            write!(input, "{end} ")?;
        }
        writeln!(input, "45 325 {} {POINTS}", profiles.len())?;
        for (step_m, heights) in &profiles {
            write!(input, "{}", step_m / 1e3)?;
            for (height, clutter) in heights {
                write!(input, " {height} {clutter}")?;
            }
            input.push('\n');
        }
        let (peer_seconds, peer_losses) = ask(peer, &["profiles", &REPEATS.to_string()], &input)?;
        let worst = losses.iter().zip(&peer_losses).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        println!(
            "  peer {:.0} k/s: {:.2} times as fast; largest difference {worst:.1e} dB",
            profiles.len() as f64 / peer_seconds / 1e3,
            peer_seconds / seconds,
        );
        if worst > 1e-6 {
            return Err("the answers differ by more than 1e-6 dB".into());
        }
    }
    Ok(())
}

/// Heights on a lattice of 1/2222°, 50 m along the meridian: hills of several sizes.
struct Ground {
    west: i64,
    south: i64,
    columns: usize,
    heights_m: Vec<f32>,
}

const PER_DEG: f64 = 2222.0;

impl Ground {
    fn new([west, south, east, north]: [f64; 4]) -> Self {
        let index = |deg: f64| (deg * PER_DEG).floor() as i64;
        let (west, south) = (index(west), index(south));
        let (columns, rows) = ((index(east) - west + 2) as usize, (index(north) - south + 2) as usize);
        let height = |i: usize| {
            let (x, y) = ((west + (i % columns) as i64) as f64, (south + (i / columns) as i64) as f64);
            // Octaves of sines across directions that don't repeat.
            let octave = |o: u32| {
                let (turn, pace) = (1.3 * f64::from(o), 0.012 * 1.9f64.powi(o as i32));
                let (u, v) = (x * turn.cos() + y * turn.sin(), y * turn.cos() - x * turn.sin());
                220.0 * 0.55f64.powi(o as i32) * (u * pace + turn).sin() * (v * pace * 1.1).cos()
            };
            (900.0 + (0..7).map(octave).sum::<f64>()) as f32
        };
        Self { west, south, columns, heights_m: (0..columns * rows).map(height).collect() }
    }
}

impl Terrain for Ground {
    fn height_m(&self, at: LonLat) -> Option<f64> {
        let (x, y) = (at.lon_deg() * PER_DEG - self.west as f64, at.lat_deg() * PER_DEG - self.south as f64);
        let (column, row) = ((x + 1e-6).floor(), (y + 1e-6).floor());
        let (right, up) = ((x - column).max(0.0), (y - row).max(0.0));
        if column < 0.0 || row < 0.0 || column as usize + 1 >= self.columns {
            return None;
        }
        let first = row as usize * self.columns + column as usize;
        let h = |i: usize| self.heights_m.get(i).copied().map(f64::from);
        let low = h(first)? * (1.0 - right) + h(first + 1)? * right;
        if up == 0.0 {
            return Some(low);
        }
        let high = h(first + self.columns)? * (1.0 - right) + h(first + self.columns + 1)? * right;
        Some(low * (1.0 - up) + high * up)
    }

    fn posting_m(&self) -> f64 {
        50.0
    }
}

const EPRE_DBM: f64 = 100.0;

/// 160,000 pixels of 50 m around a mast of 30 m at 3.5 GHz, profiles of points 50 m apart.
fn area(peer: Option<&str>) -> Outcome<()> {
    let at = LonLat::wrapped(1.5, 42.5);
    let lattice = Lattice::new(50.0, 42.5);
    let half = 199.6;
    let window = lattice.window([
        1.5 - half * lattice.lon_step_deg,
        42.5 - half * lattice.lat_step_deg,
        1.5 + half * lattice.lon_step_deg,
        42.5 + half * lattice.lat_step_deg,
    ]);
    let ground = Ground::new([1.25, 42.25, 1.75, 42.75]);
    let near = Scenario::Rma(Surroundings::RURAL).prepare(Mhz(3500.0), Metres(30.0), Metres(1.5))?;
    let sector = Sector {
        networks: [Some(0), None],
        carrier: 0,
        ssb: Pattern::Omni,
        traffic: Pattern::Omni,
        pointing: Pointing { azimuth_deg: 0.0, electrical_tilt_deg: 0.0, mechanical_tilt_deg: 0.0 },
        // Level and loss are one number, and nothing is too weak to be predicted.
        ssb_epre_dbm: EPRE_DBM,
        data_epre_dbm: 0.0,
        gain_ssb_dbi: 0.0,
        gain_traffic_dbi: 0.0,
        load: 0.5,
    };
    let resources = Resources { resource_blocks: 273, scs_khz: 30, dl_share: 0.74, ul_share: 0.23 };
    let mut scene = Scene {
        levels_dbm: [-105.0, -90.0],
        model: covplan::radio::area::OverTerrain::ByFrequency,
        sources: vec![Source::new(at, Mhz(3500.0), 30.0, 1.5, near, vec![sector])],
        carriers: vec![Carrier::new(resources, &Terminal::HANDSET, Db(3.5), 0.5)],
        terrain: Some(&ground),
        land_cover: None,
        clutter_m: 0.0,
        terminal_height_m: 1.5,
        terminal: Terminal::HANDSET,
        downlink: RateCurve::DOWNLINK,
        reach_m: 15_000.0,
        profiles: Profiles::Exact,
    };
    let pixels = window.columns * window.rows;
    let mut losses = Vec::new();
    let mut times = Vec::new();
    for profiles in [Profiles::Exact, Profiles::Shared] {
        scene.profiles = profiles;
        for threads in [1, 2] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
            let windows: Vec<Window> = window.tiles(TILE).collect();
            let all = || windows.par_iter().map(|w| scene.tile(w)).collect::<Vec<Tile>>();
            let (seconds, tiles) = pool.install(|| fastest(1, all));
            println!("area of {pixels} pixels, {profiles:?}, {threads} threads: {seconds:.3} s");
            times.push(seconds);
            if threads == 1 {
                losses.push(losses_of(&window, &tiles));
                let mut counts = Counts::default();
                tiles.iter().for_each(|t| counts += t.counts);
                println!("  {counts:?}");
            }
        }
    }
    spread("shared against exact", &window, at, &losses[1], &losses[0]);
    let Some(peer) = peer else { return Ok(()) };
    let rows = ground.heights_m.len() / ground.columns;
    let (south, west) = (ground.south as f64 / PER_DEG, ground.west as f64 / PER_DEG);
    let mut input = format!(
        "{south} {west} {} {} {} {rows}\n",
        south + (rows - 1) as f64 / PER_DEG,
        west + (ground.columns - 1) as f64 / PER_DEG,
        ground.columns
    );
    for row in ground.heights_m.chunks(ground.columns) {
        for height in row {
            write!(input, "{height} ")?;
        }
        input.push('\n');
    }
    let last = (window.columns - 1, window.rows - 1);
    let (south_west, north_east) = (window.center(0, last.1), window.center(last.0, 0));
    writeln!(
        input,
        "42.5 1.5 30 3500 {} {} {} {} {} {} 1.5 50",
        south_west.lat_deg(),
        south_west.lon_deg(),
        north_east.lat_deg(),
        north_east.lon_deg(),
        window.columns,
        window.rows
    )?;
    let (peer_seconds, peer_losses) = ask(peer, &["area"], &input)?;
    print!("  peer {peer_seconds:.3} s on one core; times as fast, exact and shared on one and two:");
    for seconds in times {
        print!(" {:.2}", peer_seconds / seconds);
    }
    println!();
    spread("exact against peer", &window, at, &losses[0], &peer_losses);
    Ok(())
}

/// Losses of all pixels, row by row.
fn losses_of(window: &Window, tiles: &[Tile]) -> Vec<f64> {
    let mut losses = vec![f64::NAN; window.columns * window.rows];
    for tile in tiles {
        let top = (tile.window.first_row - window.first_row) as usize;
        let left = (tile.window.first_column - window.first_column) as usize;
        for (i, p) in tile.pixels.iter().enumerate() {
            let (row, column) = (top + i / tile.window.columns, left + i % tile.window.columns);
            losses[row * window.columns + column] = EPRE_DBM - f64::from(p.rsrp_dbm);
        }
    }
    losses
}

/// Says how far two maps are apart where P.1812 is used.
fn spread(what: &str, window: &Window, mast: LonLat, a: &[f64], b: &[f64]) {
    let far = |i: &usize| {
        let at = window.center(i % window.columns, i / window.columns);
        covplan::geom::geodesic_m(mast, at) > 251.0
    };
    let mut off: Vec<f64> = (0..a.len()).filter(far).map(|i| (a[i] - b[i]).abs()).collect();
    off.sort_by(f64::total_cmp);
    let quantile = |q: f64| off[((off.len() - 1) as f64 * q) as usize];
    let [half, most, nearly, all] = [0.5, 0.95, 0.999, 1.0].map(quantile);
    println!("  {what}: median {half:.4} dB, 95 % {most:.4}, 99.9 % {nearly:.4}, all within {all:.3} dB");
    let beyond = off.iter().filter(|d| **d > SHARED_WITHIN_DB).count();
    println!("  {beyond} of {} pixels beyond {SHARED_WITHIN_DB} dB", off.len());
}

/// The same ground as a DEM of three seconds of arc gives it.
struct Coarse<'a>(&'a Ground);

impl Terrain for Coarse<'_> {
    fn height_m(&self, at: LonLat) -> Option<f64> {
        self.0.height_m(at)
    }

    fn posting_m(&self) -> f64 {
        92.6
    }
}

const PROVINCE_KM2: f64 = 100_000.0;
const PROVINCE_MASTS: f64 = 16_700.0;

/// One tile of a map of a province of 100,000 km² by 50,100 cells on 16,700 masts, half of each network, pixels of
/// 100 m, and what follows for all of it: tiles are independent.
fn province() -> Outcome<()> {
    let ground = Ground::new([1.0, 42.0, 2.0, 43.0]);
    let ground = Coarse(&ground);
    let mut random = Random(9);
    let (west, south, side_deg) = (1.05, 42.05, 0.9);
    let box_km2 = side_deg * side_deg * 111.32 * 111.1 * 42.5f64.to_radians().cos();
    let masts = (PROVINCE_MASTS / PROVINCE_KM2 * box_km2).round() as usize;
    let sources = (0..masts).map(|i| -> Outcome<Source> {
        let at = LonLat::wrapped(west + side_deg * random.next(), south + side_deg * random.next());
        let mhz = [700.0, 3500.0][i % 2];
        let near = Scenario::Rma(Surroundings::RURAL).prepare(Mhz(mhz), Metres(30.0), Metres(1.5))?;
        let pattern = || Pattern::Sector(covplan::radio::antenna::SectorPattern::panel(17.0));
        let sector = |azimuth_deg: f64| Sector {
            networks: [Some((i % 2) as u16), None],
            carrier: (i % 2) as u16,
            ssb: pattern(),
            traffic: pattern(),
            pointing: Pointing { azimuth_deg, electrical_tilt_deg: 4.0, mechanical_tilt_deg: 0.0 },
            ssb_epre_dbm: 17.8,
            data_epre_dbm: 17.8,
            gain_ssb_dbi: 17.0,
            gain_traffic_dbi: 24.0,
            load: 0.5,
        };
        Ok(Source::new(at, Mhz(mhz), 30.0, 1.5, near, [0.0, 120.0, 240.0].map(sector).to_vec()))
    });
    let resources = Resources { resource_blocks: 273, scs_khz: 30, dl_share: 0.74, ul_share: 0.23 };
    let carrier = || Carrier::new(resources, &Terminal::HANDSET, Db(3.5), 0.5);
    let mut scene = Scene {
        levels_dbm: [-105.0, -90.0],
        model: covplan::radio::area::OverTerrain::ByFrequency,
        sources: sources.collect::<Outcome<_>>()?,
        carriers: vec![carrier(), carrier()],
        terrain: Some(&ground),
        land_cover: None,
        clutter_m: 0.0,
        terminal_height_m: 1.5,
        terminal: Terminal::HANDSET,
        downlink: RateCurve::DOWNLINK,
        reach_m: 15_000.0,
        profiles: Profiles::Exact,
    };
    let lattice = Lattice::new(100.0, 42.5);
    let window = lattice.window([1.44, 42.44, 1.56, 42.56]);
    let pixels = (window.columns * window.rows) as f64;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    for profiles in [Profiles::Exact, Profiles::Shared] {
        scene.profiles = profiles;
        let start = Instant::now();
        let before = pool.install(|| busy_s(start));
        let tile = pool.install(|| scene.tile(&window));
        let seconds = busy_s(start).iter().zip(&before).map(|(a, b)| a - b).fold(0.0, f64::max);
        let c = tile.counts;
        let links = (c.p1812 + c.near) as f64;
        let core_hours = seconds / pixels * PROVINCE_KM2 * 100.0 / 3600.0;
        println!(
            "province, {profiles:?}: {pixels:.0} pixels, {:.1} links each, {:.2} µs a link; 100,000 km² in {core_hours:.2} \
             hours of one core, {:.2} of two; {:.1} MB a tile",
            links / pixels,
            seconds / links * 1e6,
            core_hours / 2.0,
            scene.tile_bytes(&window) as f64 / 1e6,
        );
        println!("  {c:?}");
    }
    Ok(())
}
