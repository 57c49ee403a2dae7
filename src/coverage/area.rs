//! The project's cells as a map: what [`radio::area`](crate::radio::area) works out for every pixel, with
//! parameters filled from the catalogue and a running account of what was found.

use super::air::{counts, terminal};
use super::antennas::{Antennas, PatternKey, pointing, variant};
use super::fill::{Catalogued, Filled};
use super::scene::{SceneLimits, edition, scenario};
use crate::geom::{LocalFrame, LonLat, Terrain};
use crate::index::PointIndex;
use crate::io::terrain::{MAX_PROPAGATION_POSTING_M, require_posting};
use crate::model::inputs::Inputs;
use crate::model::kinds::CellKind;
use crate::model::notes::Note;
use crate::model::operators::NetworkId;
use crate::model::records::Cell;
use crate::model::said::Bilingual;
use crate::model::settings::{Settings, TerminalKind};
use crate::radio::antenna::Pattern;
use crate::radio::area::{
    Counts, Lattice, NO_LEVEL_DBM, OverTerrain, Profiles, Scene, Sector, Source, TILE, Tile, Window,
};
use crate::radio::capacity::RateCurve;
use crate::radio::itm;
use crate::radio::servers::Carrier;
use crate::radio::tr38901::Scenario;
use crate::units::{Db, Metres, Mhz};
use rayon::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;

/// How far around the cells a map reaches when no box is given, m.
const MARGIN_M: f64 = 5000.0;
/// Reach of a cell over terrain when none is given, m.
const TERRAIN_REACH_M: f64 = 15_000.0;
/// Most pixels of a map.
const MAX_PIXELS: usize = 400_000_000;

/// What is asked of a map.
#[derive(Clone, Debug)]
pub struct AreaRequest {
    /// Side of a pixel, m.
    pub step_m: f64,
    /// West, south, east, north, degrees; without it all cells with some kilometres around.
    pub bounds_deg: Option<[f64; 4]>,
    /// Cells farther from a pixel are left out, m.
    pub reach_m: Option<f64>,
    /// Only this network.
    pub network: Option<NetworkId>,
    /// Even clutter over the ground, m; with land cover, where that isn't known. Without it nothing stands on
    /// the ground, or what the settings give to unknown cover.
    pub clutter_m: Option<f64>,
    /// How profiles are taken over terrain.
    pub profiles: Profiles,
    /// The model over terrain.
    pub model: OverTerrain,
    /// Working memory, bytes.
    pub memory_bytes: usize,
}

/// Why there is no map.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AreaError {
    /// No cell counts.
    #[error("no cell counts: none is on air, outdoors, of a technology that counts, and in a model's range")]
    NoCells,
    /// A box that isn't one.
    #[error("the box {0:?} isn't west, south, east, north in degrees")]
    Bounds([f64; 4]),
    /// Too many pixels.
    #[error(
        "{pixels} pixels are more than {most}: take a larger --step-m, or cut the map with --bbox (its parts \
         fit together)"
    )]
    TooLarge {
        /// Pixels asked.
        pixels: usize,
        /// The most.
        most: usize,
    },
    /// ITM doesn't cover a cell's frequency.
    #[error("ITM covers 20 to 20000 MHz, and a cell has {0} MHz: leave --model out, or choose the network")]
    ItmFrequency(f64),
    /// ITM needs heights.
    #[error("ITM needs a dem layer of 100 m posting or finer")]
    ItmGround,
    /// Not even one tile fits.
    #[error("a tile needs {needed_mb} MB of working memory, more than --memory-mb allows")]
    Memory {
        /// Megabytes needed.
        needed_mb: usize,
    },
}

impl Bilingual for AreaError {
    fn zh(&self) -> String {
        match self {
            Self::NoCells => "没有可用的小区：须在网、室外、制式计入覆盖且在模型适用范围内".to_owned(),
            Self::Bounds(b) => format!("范围 {b:?} 不是以度表示的西、南、东、北"),
            Self::TooLarge { pixels, most } => {
                format!("{pixels} 个像元超过上限 {most}：请加大 --step-m，或用 --bbox 分块（各块可拼接）")
            }
            Self::ItmFrequency(mhz) => {
                format!("ITM 适用 20 至 20000 MHz，而有小区为 {mhz} MHz：请不用 --model，或指定网络")
            }
            Self::ItmGround => "ITM 需要格距不超过 100 m 的 dem 图层".to_owned(),
            Self::Memory { needed_mb } => format!("一个分块需要 {needed_mb} MB 工作内存，超过 --memory-mb"),
        }
    }
}

/// A map that is ready to be worked out.
pub struct AreaMap<'a> {
    scene: Scene<'a>,
    /// Its pixels.
    pub window: Window,
    tiles_at_once: usize,
    /// RSRP from which a place is served, and from which it is served well, dBm.
    pub tiers_dbm: Vec<f64>,
    min_sinr_db: f64,
    /// Probability with which a level is met at a site.
    pub location_probability: f64,
    /// What readers must know.
    pub notes: Vec<Note>,
    /// Cells on it.
    pub cells: usize,
}

/// What a map holds.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AreaSummary {
    /// Area of all pixels, km².
    pub area_km2: f64,
    /// Area of unknown ground, km².
    pub unknown_km2: f64,
    /// Area that no cell reaches, km².
    pub unreached_km2: f64,
    /// Area with a median level and SINR of the thresholds, km².
    pub served_km2: f64,
    /// Share of the known area that is served.
    pub served_share: f64,
    /// Known area with at least a level as its median, by dBm, km².
    pub level_km2: Vec<(f64, f64)>,
    /// The same levels by place: on average, and with the location probability.
    pub by_place: Vec<LevelByPlace>,
    /// Share of the known area where the land cover isn't known; None without land cover.
    pub cover_unknown_share: Option<f64>,
    /// Links by model.
    pub links: BTreeMap<&'static str, u64>,
    /// How links by shared profiles compare with exact ones; None when profiles aren't shared.
    pub shared: Option<SharedProfiles>,
    /// Whether it was left unfinished.
    pub stopped_early: bool,
}

/// How much of the area has a level, its fading counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct LevelByPlace {
    /// SS-RSRP, dBm.
    pub rsrp_dbm: f64,
    /// Mean area with at least that level, km²: each pixel by the probability that a place in it has it.
    pub mean_km2: f64,
    /// The same as a share of the known area.
    pub mean_share: f64,
    /// Area of pixels where it is met with the location probability asked for at a site, km².
    pub met_km2: f64,
    /// The same as a share of the known area.
    pub met_share: f64,
}

/// What shared profiles gave, measured on the run.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct SharedProfiles {
    /// Links by them.
    pub links: u64,
    /// Of these, links that were worked out exactly too.
    pub checked: u64,
    /// Of these, links farther from exact than 0.1 dB.
    pub beyond: u64,
    /// Largest difference among them, dB.
    pub largest_db: f64,
}

impl<'a> AreaMap<'a> {
    /// Gathers the cells and lays out the map. A DEM with samples farther apart than 100 m isn't used, and
    /// that is said.
    ///
    /// # Errors
    /// [`AreaError`].
    pub fn new(inputs: &'a Inputs, settings: &Settings, ask: &AreaRequest) -> Result<Self, AreaError> {
        let radio = &settings.radio;
        let mut notes = Vec::new();
        let terrain = usable_terrain(inputs, &mut notes);
        let land_cover = inputs.land_cover.as_deref().filter(|_| terrain.is_some());
        if inputs.land_cover.is_some() && land_cover.is_none() {
            notes.push(Note::new(
                "N115",
                "the clutter layer isn't used: trees and houses stand on heights, and no dem fine enough is at hand",
                "地物图层未使用：树木与建筑需叠加于高程之上，而无可用高程",
            ));
        }
        let (sources, carriers, cells) = sources(inputs, settings, ask.network);
        if sources.is_empty() {
            return Err(AreaError::NoCells);
        }
        if ask.model == OverTerrain::Itm {
            if terrain.is_none() {
                return Err(AreaError::ItmGround);
            }
            let outside = sources.iter().map(|s| s.freq().0).find(|f| !itm::FREQUENCIES_MHZ.contains(f));
            if let Some(mhz) = outside {
                return Err(AreaError::ItmFrequency(mhz));
            }
        }
        let reach_m =
            ask.reach_m.unwrap_or(if terrain.is_some() { TERRAIN_REACH_M } else { radio.search_radius_m });
        let bounds = match ask.bounds_deg {
            Some(b) => b,
            None => around(&sources),
        };
        let [west, south, east, north] = bounds;
        let sound = (-180.0..=180.0).contains(&west) && south >= -85.0 && north <= 85.0;
        if !(sound && west < east && south < north && east <= 540.0) {
            return Err(AreaError::Bounds(bounds));
        }
        // The lattice hangs on the cells, not on the box, so that parts of a map fit together.
        let latitude = sources.iter().map(|s| s.at().lat_deg()).sum::<f64>() / sources.len() as f64;
        let window = Lattice::new(ask.step_m, latitude).window(bounds);
        let pixels = window.columns.saturating_mul(window.rows);
        if pixels > MAX_PIXELS {
            return Err(AreaError::TooLarge { pixels, most: MAX_PIXELS });
        }
        let scene = Scene {
            sources,
            carriers,
            terrain,
            land_cover,
            clutter_m: ask.clutter_m.unwrap_or(if land_cover.is_some() {
                radio.land_cover.unknown_m
            } else {
                0.0
            }),
            terminal_height_m: radio.ue_height_m,
            terminal: terminal(TerminalKind::Full, radio),
            downlink: RateCurve::DOWNLINK.with_alpha(radio.shannon_alpha_dl),
            reach_m,
            profiles: ask.profiles,
            levels_dbm: [radio.threshold.rsrp_dbm, radio.threshold.rsrp_good_dbm],
            model: ask.model,
        };
        let tile_bytes = window.tiles(TILE).map(|t| scene.tile_bytes(&t)).max().unwrap_or(1).max(1);
        if tile_bytes > ask.memory_bytes {
            return Err(AreaError::Memory { needed_mb: tile_bytes.div_ceil(1 << 20) });
        }
        model_notes(&scene, &mut notes);
        let threshold = &radio.threshold;
        let mut tiers_dbm = vec![threshold.rsrp_dbm, threshold.rsrp_good_dbm];
        tiers_dbm.sort_by(f64::total_cmp);
        tiers_dbm.dedup();
        Ok(Self {
            scene,
            window,
            tiles_at_once: (ask.memory_bytes / tile_bytes).clamp(1, 64),
            tiers_dbm,
            min_sinr_db: threshold.sinr_db,
            location_probability: radio.location_probability,
            notes,
            cells,
        })
    }

    /// Whether the ground counts.
    #[must_use]
    pub const fn over_terrain(&self) -> bool {
        self.scene.terrain.is_some()
    }

    /// What links rest on, for people.
    #[must_use]
    pub const fn model(&self) -> &'static str {
        match (&self.scene.terrain, self.scene.model) {
            (None, _) => "TR 38.901 without terrain",
            (Some(_), OverTerrain::ByFrequency) => "P.1812-8 over terrain",
            (Some(_), OverTerrain::Itm) => "ITM 1.4 over terrain",
        }
    }

    /// Number of tiles.
    #[must_use]
    pub fn tiles(&self) -> usize {
        self.window.rows.div_ceil(TILE) * self.window.columns.div_ceil(TILE)
    }

    /// Works the map out, tile by tile in order, on all threads and within the memory given. When `stop` says
    /// so the rest stays unknown.
    ///
    /// # Errors
    /// Whatever `take` refuses.
    pub fn run<E>(
        &self,
        stop: impl Fn() -> bool,
        mut take: impl FnMut(&Tile) -> Result<(), E>,
    ) -> Result<AreaSummary, E> {
        let mut sum = AreaSummary {
            level_km2: self.tiers_dbm.iter().map(|dbm| (*dbm, 0.0)).collect(),
            by_place: self
                .scene
                .levels_dbm
                .iter()
                .map(|rsrp_dbm| LevelByPlace { rsrp_dbm: *rsrp_dbm, ..LevelByPlace::default() })
                .collect(),
            ..AreaSummary::default()
        };
        let mut links = Counts::default();
        let windows: Vec<Window> = self.window.tiles(TILE).collect();
        // As many at once as there are threads: the result doesn't depend on it.
        for batch in windows.chunks(self.tiles_at_once.min(2 * rayon::current_num_threads())) {
            if stop() {
                sum.stopped_early = true;
                break;
            }
            let done: Vec<Tile> = batch.par_iter().map(|w| self.scene.tile(w)).collect();
            for tile in &done {
                self.account(tile, &mut sum);
                links += tile.counts;
                take(tile)?;
            }
        }
        let known = sum.area_km2 - sum.unknown_km2;
        sum.cover_unknown_share = self.scene.land_cover.map(|_| {
            let pixels = (links.known_pixels).max(1);
            links.bare as f64 / pixels as f64
        });
        sum.served_share = if known > 0.0 { sum.served_km2 / known } else { 0.0 };
        for level in sum.by_place.iter_mut().filter(|_| known > 0.0) {
            (level.mean_share, level.met_share) = (level.mean_km2 / known, level.met_km2 / known);
        }
        sum.shared =
            (self.scene.profiles == Profiles::Shared && self.over_terrain()).then_some(SharedProfiles {
                links: links.shared,
                checked: links.audited,
                beyond: links.beyond,
                largest_db: links.largest_db,
            });
        sum.links = [
            ("p1812", links.p1812),
            ("p452", links.p452),
            ("itm", links.itm),
            (
                match self.scene.model {
                    OverTerrain::ByFrequency => "tr38901_nearer_than_250_m",
                    OverTerrain::Itm => "tr38901_nearer_than_1_km",
                },
                links.near,
            ),
            ("tr38901_without_terrain", links.flat),
            ("unknown_ground", links.unknown),
        ]
        .into();
        Ok(sum)
    }

    fn account(&self, tile: &Tile, sum: &mut AreaSummary) {
        for (r, row) in tile.pixels.chunks(tile.window.columns).enumerate() {
            let at = tile.window.center(0, r);
            let lattice = tile.window.lattice;
            let corner = LocalFrame::new(at).to_xy(LonLat::wrapped(
                at.lon_deg() + lattice.lon_step_deg,
                at.lat_deg() + lattice.lat_step_deg,
            ));
            let pixel_km2 = corner.x_m.abs() * corner.y_m.abs() / 1e6;
            for p in row {
                sum.area_km2 += pixel_km2;
                if p.rsrp_dbm.is_nan() {
                    sum.unknown_km2 += pixel_km2;
                    continue;
                }
                if p.rsrp_dbm <= NO_LEVEL_DBM {
                    sum.unreached_km2 += pixel_km2;
                }
                let rsrp = f64::from(p.rsrp_dbm);
                if self.tiers_dbm.first().is_some_and(|t| rsrp >= *t)
                    && f64::from(p.ss_sinr_db) >= self.min_sinr_db
                {
                    sum.served_km2 += pixel_km2;
                }
                for (level, p) in sum.by_place.iter_mut().zip(p.p_met.map(f64::from)) {
                    level.mean_km2 += p * pixel_km2;
                    level.met_km2 += if p >= self.location_probability { pixel_km2 } else { 0.0 };
                }
                for (dbm, km2) in &mut sum.level_km2 {
                    if rsrp >= *dbm {
                        *km2 += pixel_km2;
                    }
                }
            }
        }
    }
}

fn usable_terrain<'a>(inputs: &'a Inputs, notes: &mut Vec<Note>) -> Option<&'a dyn Terrain> {
    let terrain = inputs.terrain.as_deref()?;
    match require_posting(terrain, MAX_PROPAGATION_POSTING_M) {
        Ok(()) => Some(terrain),
        Err(coarse) => {
            notes.push(Note::new(
                "N105",
                format!("heights are refused for propagation: {coarse}; TR 38.901 is used, which needs none"),
                format!(
                    "高程不用于传播计算（格距 {:.0} m，上限 {:.0} m）；采用无需地形的 TR 38.901",
                    coarse.posting_m, coarse.limit_m
                ),
            ));
            None
        }
    }
}

fn model_notes(scene: &Scene, notes: &mut Vec<Note>) {
    if scene.terrain.is_none() {
        notes.push(Note::new(
            "N110",
            "no terrain at hand: every link is predicted by TR 38.901, which knows neither hills nor houses",
            "无可用地形：全部链路采用 TR 38.901，不含地形与建筑遮挡",
        ));
        return;
    }
    let (text, zh) = match scene.model {
        OverTerrain::ByFrequency => (
            "over terrain: ITU-R P.1812-8 at 50 % of time and places from 250 m on (P.452-18 above 6 GHz), TR 38.901 \
             nearer; mid-latitude atmosphere (ΔN 45, N0 325)",
            "有地形：250 m 以上采用 ITU-R P.1812-8（50% 时间与地点；6 GHz 以上为 P.452-18），更近采用 TR 38.901；\
             中纬度大气（ΔN 45，N0 325）",
        ),
        OverTerrain::Itm => (
            "over terrain: ITM 1.4, point to point, at 50 % of time, places and situations from 1 km on, TR 38.901 \
             nearer; average ground, continental temperate climate (N0 301)",
            "有地形：1 km 以上采用 ITM 1.4 点对点（50% 时间、地点与情形），更近采用 TR 38.901；平均地面，\
             大陆性温带气候（N0 301）",
        ),
    };
    notes.push(Note::new("N111", text, zh));
    notes.push(Note::new(
        "N113",
        "holes of at most 1 km in the heights are bridged from their rims; what lies behind wider ones is unknown",
        "高程中不超过 1 km 的空洞按边缘内插；更宽空洞之后为未知",
    ));
    if scene.land_cover.is_some() {
        let unknown_m = scene.clutter_m;
        notes.push(Note::new(
            "N114",
            format!(
                "trees and houses on the profiles are those of the clutter layer; where it has no class, or one \
                 without a meaning, they are taken to be {unknown_m} m high"
            ),
            format!("剖面上的树木与建筑取自地物图层；类别缺失或无含义处按 {unknown_m} 米计"),
        ));
    } else if scene.clutter_m == 0.0 {
        notes.push(Note::new(
            "N112",
            "bare ground: trees and houses aren't in the heights, levels behind them are lower (a clutter layer, or \
             --clutter-m)",
            "按裸地计算：未计入树木与建筑，其后方电平更低（提供 clutter 图层，或用 --clutter-m）",
        ));
    }
}

/// The box around all sources with some kilometres to spare.
fn around(sources: &[Source]) -> [f64; 4] {
    let mut b = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
    for s in sources {
        let frame = LocalFrame::new(s.at());
        let corner = frame.to_lonlat(crate::geom::Xy { x_m: MARGIN_M, y_m: MARGIN_M });
        let (lon, lat) = (s.at().lon_deg(), s.at().lat_deg());
        let (dlon, dlat) = ((corner.lon_deg() - lon).abs(), corner.lat_deg() - lat);
        b = [b[0].min(lon - dlon), b[1].min(lat - dlat), b[2].max(lon + dlon), b[3].max(lat + dlat)];
    }
    [b[0].max(-180.0), b[1].max(-85.0), b[2], b[3].min(85.0)]
}

/// Cells that share their path: one place, frequency, height and sort of station, as bits.
type PathKey = (u64, u64, u64, u64, CellKind);

/// The sources, their carriers, and how many cells they are of.
fn sources(
    inputs: &Inputs,
    settings: &Settings,
    only: Option<NetworkId>,
) -> (Vec<Source>, Vec<Carrier>, usize) {
    let radio = &settings.radio;
    let catalogued = Catalogued::new(inputs, radio);
    let mut carriers: Vec<((u64, u64), Carrier)> = Vec::new();
    let mut groups: BTreeMap<PathKey, (Filled, LonLat, Vec<Sector>)> = BTreeMap::new();
    let mut cells = 0;
    let outdoors = |c: &Cell| {
        counts(c, &settings.project.rats) && c.kind != Some(CellKind::Indoor) && !c.host_site.is_some()
    };
    for cell in inputs.cells.list.iter().filter(outdoors) {
        let own = inputs.operators.network(cell.operator);
        let other = cell.shared_with.map(|o| inputs.operators.network(o)).filter(|n| *n != own);
        let networks = [Some(own), other].map(|n| n.filter(|n| only.is_none_or(|o| o == *n)).map(|n| n.0));
        if networks == [None, None] {
            continue;
        }
        let Some(filled) = catalogued.fill(&cell) else { continue };
        let key = (filled.freq_mhz.to_bits(), filled.bw_mhz.to_bits());
        let known = carriers.iter().position(|c| c.0 == key);
        let carrier = known.unwrap_or_else(|| {
            let load = radio.default_load_pct / 100.0;
            let terminal = terminal(TerminalKind::Full, radio);
            let noise = Db(radio.noise_figure_bs_db);
            carriers.push((key, Carrier::new(filled.resources(radio), &terminal, noise, load)));
            carriers.len() - 1
        });
        let Ok(carrier) = u16::try_from(carrier) else { continue };
        let (lon, lat) = (cell.at.lon_deg().to_bits(), cell.at.lat_deg().to_bits());
        let path = (lon, lat, filled.freq_mhz.to_bits(), filled.height_m.to_bits(), filled.kind);
        let group = groups.entry(path).or_insert_with(|| (filled, cell.at, Vec::new()));
        group.2.push(sector(&filled, catalogued.antennas(), networks, carrier));
        cells += 1;
    }
    let places: Vec<LonLat> = {
        let mut seen: Vec<(u64, u64, LonLat)> = groups.iter().map(|(k, g)| (k.0, k.1, g.1)).collect();
        seen.dedup_by_key(|s| (s.0, s.1));
        seen.into_iter().map(|s| s.2).collect()
    };
    let index = PointIndex::new(&places);
    let limits = SceneLimits::new(radio);
    let sources = groups
        .into_values()
        .filter_map(|(f, at, sectors)| {
            let scene = limits.scene(index.count_within(at, radio.urban_radius_m));
            let scenario = scenario(scene, f.kind, f.height_m, edition(radio));
            // Heights beyond the model's range are taken at its edge, as in scoring.
            let edge = if scenario == Scenario::Umi { (3.0, 50.0) } else { (10.0, 150.0) };
            let height = Metres(f.height_m.clamp(edge.0, edge.1));
            let near = scenario.prepare(Mhz(f.freq_mhz), height, Metres(radio.ue_height_m)).ok()?;
            Some(Source::new(at, Mhz(f.freq_mhz), f.height_m, radio.ue_height_m, near, sectors))
        })
        .collect();
    (sources, carriers.into_iter().map(|c| c.1).collect(), cells)
}

fn sector(f: &Filled, antennas: &Antennas, networks: [Option<u16>; 2], carrier: u16) -> Sector {
    let mut four = PatternKey::of(f).patterns(antennas);
    let own = four.get_mut(usize::from(variant(f.azimuth_deg, f.tilt_deg)));
    let pattern = own.map_or(Pattern::Omni, |p| std::mem::replace(p, Pattern::Omni));
    Sector {
        networks,
        carrier,
        ssb: pattern.clone(),
        traffic: pattern,
        pointing: pointing(f.azimuth_deg, f.tilt_deg, f.mtilt_deg, f.antenna_tilt_deg),
        ssb_epre_dbm: f.epre_dbm,
        data_epre_dbm: f.power_dbm - 10.0 * (12.0 * f64::from(f.resource_blocks)).log10(),
        gain_ssb_dbi: f.gain_ssb_dbi,
        gain_traffic_dbi: f.gain_traffic_dbi,
        load: f.load,
    }
}
