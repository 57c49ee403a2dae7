//! Coverage as a map: for every pixel the best server's median level, its SINR and rate.
//!
//! Over terrain each link is predicted along its own profile; without terrain by TR 38.901. Pixels don't
//! depend on each other or on how the map is cut ([`lattice`]), and unknown ground stays unknown
//! ([`ground`]).
//!
//! | link | model |
//! |---|---|
//! | over terrain, 250 m and more, 30 MHz–6 GHz | P.1812-8 at 50 % of time and places |
//! | over terrain, 250 m and more, above 6 GHz | P.452-18 at 50 % of time |
//! | over terrain, ITM asked for, from 1 km on | ITM, point to point, 50 % of time, places and situations |
//! | over terrain, nearer than 250 m (ITM 1 km) | TR 38.901, median over both radio states |
//! | without terrain | TR 38.901, median over both radio states |

pub mod ground;
pub mod lattice;
pub mod rays;

use super::antenna::{Pattern, Pointing};
use super::capacity::{self, RateCurve, Terminal};
use super::coverage_probability::{LN_PER_DB, LossDistribution};
use super::itm;
use super::profile::Profile;
use super::servers::Carrier;
use super::terrain_link::{MIN_DISTANCE_M, TerrainModel};
use super::terrain_path::TerrainPath;
use super::tr38901;
use crate::geom::{LandCover, LocalFrame, LonLat, Terrain, Xy};
use crate::units::Mhz;
use ground::{Ground, Heights, Way};
pub use lattice::{Lattice, Window};
use rayon::prelude::*;
use rays::{BLOCK, Rays};

/// Pixels of a tile along one side.
pub const TILE: usize = 256;
/// Level of a pixel that no cell reaches, dBm.
pub const NO_LEVEL_DBM: f32 = -200.0;
/// SINR of a pixel that no cell reaches, dB.
pub const NO_SINR_DB: f32 = -50.0;
/// A cell whose level in free space is this far below the best is left out.
const NEGLIGIBLE_BELOW_BEST_DB: f64 = 40.0;
/// And one this far below the quietest noise.
const NEGLIGIBLE_BELOW_NOISE_DB: f64 = 10.0;
/// How far shared profiles may be from exact ones, dB.
pub const SHARED_WITHIN_DB: f64 = 0.1;
/// Every so many pixels of a block, along both sides, shared profiles must prove themselves.
const PROOF_STRIDE: usize = 8;
/// One of so many links by shared profiles is also worked out exactly, to tell how good they are.
const AUDITED: u64 = 251;

/// An antenna nearer than this to the smooth earth, m, needs it to centimetres, which shared profiles don't give.
const SMOOTH_EARTH_MATTERS_M: f64 = 6.0;

/// How profiles are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profiles {
    /// Each pixel by the points of its own.
    Exact,
    /// Work is shared between neighbouring pixels ([`rays`]), where that proves to be within
    /// [`SHARED_WITHIN_DB`].
    Shared,
}

/// One sector of a source.
#[derive(Clone, Debug, PartialEq)]
pub struct Sector {
    /// Radio networks that it serves.
    pub networks: [Option<u16>; 2],
    /// Index in [`Scene::carriers`]; equal means co-channel.
    pub carrier: u16,
    /// Pattern of all SSB beams.
    pub ssb: Pattern,
    /// Pattern of the traffic beam.
    pub traffic: Pattern,
    /// Where it points.
    pub pointing: Pointing,
    /// Power per resource element of the SSB, dBm.
    pub ssb_epre_dbm: f64,
    /// Power per resource element of data, dBm.
    pub data_epre_dbm: f64,
    /// Peak gain of the SSB beam, dBi.
    pub gain_ssb_dbi: f64,
    /// Peak gain of the traffic beam, dBi.
    pub gain_traffic_dbi: f64,
    /// Share of resources in use.
    pub load: f64,
}

/// Sectors of one frequency at one place and height: they share their path.
#[derive(Clone, Debug)]
pub struct Source {
    at: LonLat,
    frame: LocalFrame,
    height_m: f64,
    freq: Mhz,
    near: tr38901::Prepared,
    far: Option<TerrainModel>,
    sectors: Vec<Sector>,
}

/// Loss of a path; infinite out of the model's range.
fn path_db(far: &TerrainModel, path: &TerrainPath) -> f64 {
    far.predict(path).map_or(f64::INFINITY, |l| l.0.get())
}

/// Loss along a way by all points of its profile; None over unknown ground.
fn exact_db(far: &TerrainModel, way: &Way, ground: Ground<'_>, path: &mut TerrainPath) -> Option<f64> {
    ground.profile(way, path).then(|| {
        path.open_ends(far.open_m());
        path_db(far, path)
    })
}

/// The same by those points that rays find to decide; None when they can't tell.
fn deciding_db(
    far: &TerrainModel,
    rays: &Rays,
    way: &Way,
    ground: Ground<'_>,
    receiver_m: f64,
    indices: &mut Vec<usize>,
    path: &mut TerrainPath,
) -> Option<Option<f64>> {
    let known = rays.deciding(way, ground, receiver_m.max(1.0), indices, path)?;
    if !known {
        return Some(None);
    }
    path.open_ends(far.open_m());
    let Ok((loss, terms)) = far.predict(path) else { return Some(Some(f64::INFINITY)) };
    terms.analysis.stands_clear(SMOOTH_EARTH_MATTERS_M, path.end_ground_m()).then_some(Some(loss.get()))
}

/// How far two losses are apart, dB: not at all when both are unknown, else without measure.
fn apart_db(a: Option<f64>, b: Option<f64>) -> f64 {
    match (a, b) {
        (Some(a), Some(b)) if a == b => 0.0,
        (Some(a), Some(b)) => (a - b).abs(),
        (None, None) => 0.0,
        _ => f64::INFINITY,
    }
}

impl Source {
    /// A source; `near` is TR 38.901 in its surroundings. Over terrain (`far`) it takes the model that its
    /// frequency allows, with the mean atmosphere of mid-latitudes.
    #[must_use]
    pub fn new(
        at: LonLat,
        freq: Mhz,
        height_m: f64,
        terminal_height_m: f64,
        near: tr38901::Prepared,
        sectors: Vec<Sector>,
    ) -> Self {
        let far = TerrainModel::new(freq, [height_m, terminal_height_m], at.lat_deg());
        Self { at, frame: LocalFrame::new(at), height_m, freq, near, far, sectors }
    }

    /// Where it stands.
    #[must_use]
    pub const fn at(&self) -> LonLat {
        self.at
    }

    /// Its frequency.
    #[must_use]
    pub const fn freq(&self) -> Mhz {
        self.freq
    }

    /// Whether one of its pixels can lie in a box of west, south, east, north, degrees.
    fn reaches(&self, [west, south, east, north]: [f64; 4], reach_m: f64) -> bool {
        let lon = self.at.lon_deg();
        // The box may lie across the antimeridian.
        let lon = if lon + 180.0 < west {
            lon + 360.0
        } else if lon - 180.0 > east {
            lon - 360.0
        } else {
            lon
        };
        let near =
            LonLat::wrapped(lon.clamp(west.min(east), east.max(west)), self.at.lat_deg().clamp(south, north));
        self.frame.to_xy(near).distance_m(Xy::default()) <= reach_m * 1.02 + 100.0
    }
}

/// Everything that the pixels of a map share.
pub struct Scene<'a> {
    /// The sources.
    pub sources: Vec<Source>,
    /// Carriers.
    pub carriers: Vec<Carrier>,
    /// The ground; without it, TR 38.901 alone.
    pub terrain: Option<&'a dyn Terrain>,
    /// What stands on it, by place.
    pub land_cover: Option<&'a dyn LandCover>,
    /// Even clutter over the ground, m: everywhere, or where the land cover isn't known.
    pub clutter_m: f64,
    /// Height of the terminal above ground, m.
    pub terminal_height_m: f64,
    /// The terminal.
    pub terminal: Terminal,
    /// Downlink rate curve.
    pub downlink: RateCurve,
    /// Cells farther away are left out, m.
    pub reach_m: f64,
    /// How profiles are taken.
    pub profiles: Profiles,
    /// Levels whose probability is told at each pixel, dBm.
    pub levels_dbm: [f64; 2],
    /// The model over terrain.
    pub model: OverTerrain,
}

/// Which model predicts links over terrain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OverTerrain {
    /// P.1812, or above its frequencies P.452.
    #[default]
    ByFrequency,
    /// ITM (Longley-Rice), point to point, from 1 km on; profiles are exact.
    Itm,
}

/// A pixel; all NaN where the ground is unknown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pixel {
    /// Median SS-RSRP of the best server, dBm.
    pub rsrp_dbm: f32,
    /// Its SS-SINR with all levels at their median, dB.
    pub ss_sinr_db: f32,
    /// Downlink rate of the best carrier of its network, Mbit/s.
    pub dl_mbps: f32,
    /// Probability that the best server's SS-RSRP is at least each of [`Scene::levels_dbm`] at a place of the
    /// pixel.
    pub p_met: [f32; 2],
}

impl Pixel {
    /// Nothing is known.
    pub const UNKNOWN: Self =
        Self { rsrp_dbm: f32::NAN, ss_sinr_db: f32::NAN, dl_mbps: f32::NAN, p_met: [f32::NAN; 2] };
    /// No cell reaches it.
    pub const NONE: Self =
        Self { rsrp_dbm: NO_LEVEL_DBM, ss_sinr_db: NO_SINR_DB, dl_mbps: 0.0, p_met: [0.0; 2] };
}

/// How many links were predicted by which model.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counts {
    /// P.1812 over terrain.
    pub p1812: u64,
    /// P.452 over terrain.
    pub p452: u64,
    /// ITM over terrain.
    pub itm: u64,
    /// TR 38.901 for links nearer than the terrain models allow.
    pub near: u64,
    /// TR 38.901 for want of terrain.
    pub flat: u64,
    /// Links over unknown ground, not predicted.
    pub unknown: u64,
    /// Pixels on known ground.
    pub known_pixels: u64,
    /// Pixels on known ground whose land cover isn't known.
    pub bare: u64,
    /// Of those by P.1812 and P.452, links by shared profiles.
    pub shared: u64,
    /// Of these, links that were worked out exactly too.
    pub audited: u64,
    /// Of these, links that are farther from exact than [`SHARED_WITHIN_DB`].
    pub beyond: u64,
    /// Largest difference among them, dB.
    pub largest_db: f64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.p1812 += other.p1812;
        self.p452 += other.p452;
        self.itm += other.itm;
        self.near += other.near;
        self.flat += other.flat;
        self.unknown += other.unknown;
        self.known_pixels += other.known_pixels;
        self.bare += other.bare;
        self.shared += other.shared;
        self.audited += other.audited;
        self.beyond += other.beyond;
        self.largest_db = self.largest_db.max(other.largest_db);
    }
}

/// A tile of a map, its pixels row by row from the north-west.
#[derive(Clone, Debug)]
pub struct Tile {
    /// Where it lies.
    pub window: Window,
    /// Its pixels.
    pub pixels: Vec<Pixel>,
    /// How they were predicted.
    pub counts: Counts,
}

/// Buffers that a tile keeps from pixel to pixel.
#[derive(Default)]
struct Desk {
    reached: Vec<Reached>,
    heard: Vec<Heard>,
    indices: Vec<usize>,
    path: TerrainPath,
    profile: Profile,
    counts: Counts,
    /// For each source near the block, once asked for: rays over it, where they are of use.
    rays: Vec<Option<Option<Rays>>>,
}

/// A source in reach of a pixel.
#[derive(Clone, Copy)]
struct Reached {
    source: u32,
    /// Index among the sources near the block.
    slot: u32,
    way: Way,
    elevation_deg: f64,
    free_space_db: f64,
    /// Strongest SSB level in free space, dBm.
    bound_dbm: f64,
}

/// A sector at a pixel.
#[derive(Clone, Copy)]
struct Heard {
    network: u16,
    carrier: u16,
    /// Its source, how far away that is, and the loss to it.
    source: u32,
    distance_m: f64,
    loss_db: f64,
    /// SSB level, dBm.
    ssb_dbm: f64,
    /// Level of a data element in use, in the traffic beam, dBm.
    data_dbm: f64,
    /// Mean disturbance of others' data, mW.
    data_mw: f64,
    load: f64,
    known: bool,
}

/// A pixel's place.
struct Spot {
    at: LonLat,
    /// A number of its own on the lattice.
    number: u64,
    /// The whole block that it belongs to.
    block: Window,
}

impl Spot {
    fn new(window: &Window, column: usize, row: usize) -> Self {
        let (x, y) = (window.first_column + column as i64, window.first_row + row as i64);
        Self {
            at: window.center(column, row),
            number: (x as u64).wrapping_mul(0x1_0000_0001).wrapping_add((y as u64) << 20),
            block: window.block_of(x, y, BLOCK),
        }
    }
}

fn milliwatts(dbm: f64) -> f64 {
    (LN_PER_DB * dbm).exp()
}

impl Scene<'_> {
    /// Widest box that the ground of a window is read from, degrees.
    fn ground_box(&self, window: &Window) -> [f64; 4] {
        let [west, south, east, north] = window.bounds_deg();
        let lat = south.abs().max(north.abs()).min(89.0);
        let up = 1.05 * self.reach_m / 110_570.0;
        let across = 1.05 * self.reach_m / (111_320.0 * lat.to_radians().cos());
        [west - across, (south - up).max(-90.0), east + across, (north + up).min(90.0)]
    }

    fn per_degree(&self, terrain: &dyn Terrain) -> f64 {
        let latitude = self.sources.first().map_or(0.0, |s| s.at.lat_deg());
        Heights::per_degree(terrain.posting_m(), latitude)
    }

    /// Memory that a tile needs while it is worked out, bytes.
    #[must_use]
    pub fn tile_bytes(&self, window: &Window) -> usize {
        let pixels = window.columns * window.rows * size_of::<Pixel>();
        let layers = 1 + usize::from(self.land_cover.is_some());
        let ground = |t: &dyn Terrain| layers * Heights::bytes(self.ground_box(window), self.per_degree(t));
        pixels + self.terrain.map_or(0, ground)
    }

    /// Works out a tile, on all threads.
    #[must_use]
    pub fn tile(&self, window: &Window) -> Tile {
        let bounds = window.bounds_deg();
        let near: Vec<u32> =
            (0..).zip(&self.sources).filter(|(_, s)| s.reaches(bounds, self.reach_m)).map(|s| s.0).collect();
        // Without a cell in reach the ground is still asked whether it is known.
        let needed = if near.is_empty() { bounds } else { self.ground_box(window) };
        let heights = self.terrain.map(|terrain| Heights::read(terrain, needed, self.per_degree(terrain)));
        let cover = self
            .terrain
            .zip(self.land_cover)
            .map(|(terrain, cover)| Heights::of_clutter(cover, needed, self.per_degree(terrain)));
        let ground = self.terrain.zip(heights.as_ref()).map(|(terrain, heights)| Ground {
            heights,
            cover: cover.as_ref(),
            spacing_m: terrain.posting_m().clamp(10.0, 100.0),
            clutter_m: self.clutter_m,
        });
        let blocks: Vec<Window> = window.blocks(BLOCK).collect();
        let done: Vec<(Vec<Pixel>, Counts)> =
            blocks.par_iter().map(|block| self.block(block, &near, ground)).collect();
        let mut tile = Tile {
            window: *window,
            pixels: vec![Pixel::UNKNOWN; window.columns * window.rows],
            counts: Counts::default(),
        };
        for (block, (pixels, counts)) in blocks.iter().zip(done) {
            let column = (block.first_column - window.first_column) as usize;
            let row = (block.first_row - window.first_row) as usize;
            for (r, pixels) in pixels.chunks(block.columns).enumerate() {
                let first = (row + r) * window.columns + column;
                tile.pixels[first..first + block.columns].copy_from_slice(pixels);
            }
            tile.counts += counts;
        }
        tile
    }

    /// The pixels of a window within one block of the lattice.
    fn block(&self, window: &Window, near: &[u32], ground: Option<Ground<'_>>) -> (Vec<Pixel>, Counts) {
        let bounds = window.bounds_deg();
        let reaches =
            |s: &&u32| self.sources.get(**s as usize).is_some_and(|s| s.reaches(bounds, self.reach_m));
        let near: Vec<u32> = near.iter().filter(reaches).copied().collect();
        let mut desk = Desk::default();
        desk.rays.resize_with(near.len(), || None);
        let mut pixels = Vec::with_capacity(window.columns * window.rows);
        for row in 0..window.rows {
            for column in 0..window.columns {
                pixels.push(self.pixel(Spot::new(window, column, row), &near, ground, &mut desk));
            }
        }
        (pixels, desk.counts)
    }

    fn pixel(&self, spot: Spot, near: &[u32], ground: Option<Ground<'_>>, desk: &mut Desk) -> Pixel {
        let at = spot.at;
        let height_m = ground.map_or(0.0, |g| g.heights.at(at.lon_deg(), at.lat_deg()));
        if height_m.is_nan() {
            return Pixel::UNKNOWN;
        }
        desk.counts.known_pixels += 1;
        let cover = ground.and_then(|g| g.cover);
        desk.counts.bare += u64::from(cover.is_some_and(|c| c.nearest(at.lon_deg(), at.lat_deg()).is_nan()));
        self.find(at, near, ground.map(|g| (g.heights, height_m)), desk);
        let quietest = self.carriers.iter().map(|c| c.noise_dbm).fold(f64::INFINITY, f64::min);
        let mut best_known = f64::NEG_INFINITY;
        let mut best_unknown = f64::NEG_INFINITY;
        desk.heard.clear();
        let reached = std::mem::take(&mut desk.reached);
        for r in &reached {
            let audible = (quietest - NEGLIGIBLE_BELOW_NOISE_DB).max(best_known - NEGLIGIBLE_BELOW_BEST_DB);
            if r.bound_dbm < audible {
                break;
            }
            let Some(source) = self.sources.get(r.source as usize) else { continue };
            let loss = self.loss_db(source, r, &spot, ground, desk);
            let strongest = self.hear(source, r, loss, &mut desk.heard);
            match loss {
                Some(_) => best_known = best_known.max(strongest),
                None => best_unknown = best_unknown.max(strongest),
            }
        }
        desk.reached = reached;
        // What may be served best by a cell behind unknown ground is unknown.
        if best_unknown > best_known {
            return Pixel::UNKNOWN;
        }
        self.judge(&mut desk.heard)
    }

    /// Sources in reach, the strongest in free space first.
    fn find(&self, at: LonLat, near: &[u32], ground: Option<(&Heights, f64)>, desk: &mut Desk) {
        desk.reached.clear();
        for (slot, &number) in (0u32..).zip(near) {
            let Some(source) = self.sources.get(number as usize) else { continue };
            let way = Way::new(&source.frame, source.at, at);
            if way.distance_m > self.reach_m {
                continue;
            }
            // Over unknown ground at the mast the antenna is taken to look at the receiver's height.
            let rise_m = ground.map_or(0.0, |(heights, here_m)| {
                let there_m = heights.at(source.at.lon_deg(), source.at.lat_deg());
                if there_m.is_nan() { 0.0 } else { there_m - here_m }
            });
            let drop_m = rise_m + source.height_m - self.terminal_height_m;
            let slant_m = way.distance_m.hypot(drop_m).max(1.0);
            let elevation_deg = -drop_m.atan2(way.distance_m).to_degrees();
            let free_space_db = 20.0 * (slant_m * source.freq.0).log10() - 27.552_2;
            let eirp = |s: &Sector| {
                let gain = s.ssb.relative_gain(&s.pointing, way.bearing_deg, elevation_deg).get();
                s.ssb_epre_dbm + s.gain_ssb_dbi + gain
            };
            let strongest = source.sectors.iter().map(eirp).fold(f64::NEG_INFINITY, f64::max);
            desk.reached.push(Reached {
                source: number,
                slot,
                way,
                elevation_deg,
                free_space_db,
                bound_dbm: strongest - free_space_db,
            });
        }
        desk.reached
            .sort_by(|a, b| b.bound_dbm.total_cmp(&a.bound_dbm).then_with(|| a.source.cmp(&b.source)));
    }

    /// Median loss; None over unknown ground, infinite out of every model's range.
    fn loss_db(
        &self,
        source: &Source,
        r: &Reached,
        spot: &Spot,
        ground: Option<Ground<'_>>,
        desk: &mut Desk,
    ) -> Option<f64> {
        let statistical = |distance_m: f64| {
            let range = source.near.ground_range_m();
            if distance_m > *range.end() {
                return f64::INFINITY;
            }
            let states = source.near.states(distance_m.max(*range.start()));
            LossDistribution::from(states).quantile_db(0.5, 0.0)
        };
        let Some(ground) = ground else {
            desk.counts.flat += 1;
            return Some(statistical(r.way.distance_m));
        };
        if r.way.distance_m < self.nearest_m() {
            desk.counts.near += 1;
            return Some(statistical(r.way.distance_m));
        }
        if self.model == OverTerrain::Itm {
            let known = ground.even_profile(&r.way, &mut desk.profile);
            *(if known { &mut desk.counts.itm } else { &mut desk.counts.unknown }) += 1;
            let link = itm::Link::median(source.freq, [source.height_m, self.terminal_height_m]);
            // A link outside the model's range reaches nobody.
            let loss = || itm::point_to_point(&link, &desk.profile).map_or(f64::INFINITY, |p| p.loss.get());
            return known.then(loss);
        }
        let Some(far) = &source.far else { return Some(f64::INFINITY) };
        let shared = self.shared_db(source, far, r, spot, ground, desk);
        let loss = shared.unwrap_or_else(|| exact_db(far, &r.way, ground, &mut desk.path));
        *match (far, loss) {
            (_, None) => &mut desk.counts.unknown,
            (TerrainModel::P1812(_), _) => &mut desk.counts.p1812,
            (TerrainModel::P452(_), _) => &mut desk.counts.p452,
        } += 1;
        loss
    }

    /// Loss by shared profiles, as [`exact_db`] has it; None where they are of no use.
    fn shared_db(
        &self,
        source: &Source,
        far: &TerrainModel,
        r: &Reached,
        spot: &Spot,
        ground: Ground<'_>,
        desk: &mut Desk,
    ) -> Option<Option<f64>> {
        if self.profiles == Profiles::Exact {
            return None;
        }
        let Desk { rays, indices, path, counts, .. } = desk;
        let rays = rays.get_mut(r.slot as usize)?;
        let rays = rays
            .get_or_insert_with(|| self.proven_rays(source, far, &spot.block, ground, indices, path))
            .as_ref()?;
        let loss = deciding_db(far, rays, &r.way, ground, self.terminal_height_m, indices, path)?;
        counts.shared += 1;
        if spot.number.wrapping_add(u64::from(r.source)).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32
            < (1 << 32) / AUDITED
        {
            let exact = exact_db(far, &r.way, ground, path);
            let off = apart_db(loss, exact);
            counts.audited += 1;
            counts.beyond += u64::from(off > SHARED_WITHIN_DB);
            counts.largest_db = counts.largest_db.max(off);
        }
        Some(loss)
    }

    /// Rays over a block, if what they give at some of its pixels is near to exact.
    fn proven_rays(
        &self,
        source: &Source,
        far: &TerrainModel,
        block: &Window,
        ground: Ground<'_>,
        indices: &mut Vec<usize>,
        path: &mut TerrainPath,
    ) -> Option<Rays> {
        let mast_m = source.height_m.max(1.0);
        let rays = Rays::over(block, &source.frame, source.at, mast_m, ground, self.reach_m)?;
        let half = PROOF_STRIDE / 2;
        for row in (half..block.rows).step_by(PROOF_STRIDE) {
            for column in (half..block.columns).step_by(PROOF_STRIDE) {
                let way = Way::new(&source.frame, source.at, block.center(column, row));
                if way.distance_m < MIN_DISTANCE_M || way.distance_m > self.reach_m {
                    continue;
                }
                let shared = deciding_db(far, &rays, &way, ground, self.terminal_height_m, indices, path);
                let Some(shared) = shared else { continue };
                if apart_db(shared, exact_db(far, &way, ground, path)) > SHARED_WITHIN_DB {
                    return None;
                }
            }
        }
        Some(rays)
    }

    /// Notes the sectors of a source and tells the strongest's level, dBm; a source behind unknown ground as
    /// strong as in free space.
    fn hear(&self, source: &Source, r: &Reached, loss: Option<f64>, heard: &mut Vec<Heard>) -> f64 {
        let loss_db = loss.unwrap_or(r.free_space_db);
        let mut strongest = f64::NEG_INFINITY;
        if !loss_db.is_finite() {
            return strongest;
        }
        for s in &source.sectors {
            let (bearing, elevation) = (r.way.bearing_deg, r.elevation_deg);
            let ssb_gain =
                s.gain_ssb_dbi + s.ssb.relative_gain(&s.pointing, bearing, elevation).get() - loss_db;
            let traffic_gain =
                s.gain_traffic_dbi + s.traffic.relative_gain(&s.pointing, bearing, elevation).get() - loss_db;
            strongest = strongest.max(s.ssb_epre_dbm + ssb_gain);
            for network in s.networks.into_iter().flatten() {
                heard.push(Heard {
                    network,
                    carrier: s.carrier,
                    source: r.source,
                    distance_m: r.way.distance_m,
                    loss_db,
                    ssb_dbm: s.ssb_epre_dbm + ssb_gain,
                    data_dbm: s.data_epre_dbm + traffic_gain,
                    // Beams of others average to the sector's SSB pattern.
                    data_mw: s.load * milliwatts(s.data_epre_dbm + ssb_gain),
                    load: s.load,
                    known: loss.is_some(),
                });
            }
        }
        strongest
    }

    /// The pixel of the network with the strongest cell.
    fn judge(&self, heard: &mut [Heard]) -> Pixel {
        let strongest = |a: &&Heard, b: &&Heard| a.ssb_dbm.total_cmp(&b.ssb_dbm);
        let Some(&best) = heard.iter().filter(|h| h.known).max_by(strongest) else { return Pixel::NONE };
        heard.sort_by_key(|h| (h.network, h.carrier));
        let mut ss_sinr_db = f64::from(NO_SINR_DB);
        let mut dl_mbps = 0.0f64;
        let own = heard.chunk_by(|a, b| (a.network, a.carrier) == (b.network, b.carrier));
        for cells in own.filter(|cells| cells[0].network == best.network) {
            let Some(server) = cells.iter().filter(|h| h.known).max_by(strongest) else { continue };
            let Some(carrier) = self.carriers.get(usize::from(server.carrier)) else { continue };
            let noise = milliwatts(carrier.noise_dbm);
            if server.carrier == best.carrier {
                let all: f64 = cells.iter().map(|h| milliwatts(h.ssb_dbm)).sum();
                let signal = milliwatts(server.ssb_dbm);
                ss_sinr_db = (signal / ((all - signal).max(0.0) + noise)).ln() / LN_PER_DB;
            }
            let disturbance: f64 = cells.iter().map(|h| h.data_mw).sum::<f64>() - server.data_mw;
            let sinr = milliwatts(server.data_dbm) / (disturbance.max(0.0) + noise);
            let efficiency = self.downlink.efficiency_layered(sinr, self.terminal.dl_layers);
            let free = (1.0 - server.load).clamp(0.0, 1.0);
            dl_mbps =
                dl_mbps.max(efficiency * capacity::downlink_mhz(&carrier.resources, &self.terminal) * free);
        }
        Pixel {
            rsrp_dbm: (best.ssb_dbm as f32).max(NO_LEVEL_DBM),
            ss_sinr_db: (ss_sinr_db as f32).max(NO_SINR_DB),
            dl_mbps: dl_mbps as f32,
            p_met: self.p_met(&best),
        }
    }

    /// Shortest link that is predicted over terrain, m.
    const fn nearest_m(&self) -> f64 {
        match self.model {
            OverTerrain::ByFrequency => MIN_DISTANCE_M,
            OverTerrain::Itm => *itm::DISTANCES_M.start(),
        }
    }

    /// Probability that a cell's level is met, for each of the levels asked for. By TR 38.901 the level has the
    /// distribution of its two radio states; over terrain it scatters about the model's with TR 38.901's
    /// fading of both states, by their probability.
    fn p_met(&self, best: &Heard) -> [f32; 2] {
        let Some(source) = self.sources.get(best.source as usize) else { return [0.0; 2] };
        let range = source.near.ground_range_m();
        let states = source.near.states(best.distance_m.clamp(*range.start(), *range.end()));
        let statistical = self.terrain.is_none() || best.distance_m < self.nearest_m();
        let loss = if statistical {
            LossDistribution::from(states)
        } else {
            let (p, square) = (states.p_los, |sigma: f64| sigma * sigma);
            let sigma = (p * square(states.sigma_los_db) + (1.0 - p) * square(states.sigma_nlos_db)).sqrt();
            LossDistribution { p_first: 1.0, first: (best.loss_db, sigma), second: (best.loss_db, sigma) }
        };
        self.levels_dbm.map(|level| loss.probability_below(best.ssb_dbm + best.loss_db - level) as f32)
    }
}

#[cfg(test)]
mod tests;
