//! The cells as radio sees them: sorted into classes of equal parameters, standing on towers, with the
//! loss tables that they need.

use super::antennas::{Antennas, PatternKey, pointing, variant};
use super::fill::{Catalogued, Filled};
use super::measured::Corrections;
use super::result::{Tower, Towers};
use super::scene::{Scene, SceneLimits, edition, scenario};
use super::terrain::TerrainScoring;
use crate::geom::{LocalFrame, LonLat, Xy};
use crate::index::PointIndex;
use crate::io::terrain::{MAX_PROPAGATION_POSTING_M, require_posting};
use crate::model::inputs::Inputs;
use crate::model::kinds::{CellKind, Rat, Wall};
use crate::model::operators::{NetworkId, OperatorId};
use crate::model::records::{Assumed, Cell, CellId};
use crate::model::settings::{RadioSettings, Settings, TerminalKind};
use crate::radio::capacity::{RateCurve, Terminal};
use crate::radio::coverage_probability::LossTable;
use crate::radio::servers::{self, Antenna, BuildingEntry, Carrier, Sector, Sectors};
use crate::radio::terrain_link::TerrainModel;
use crate::radio::tr38901::o2i::Facade;
use crate::radio::tr38901::{Edition, Prepared};
use crate::units::{Db, Metres, Mhz};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

/// With more distinct combinations of frequency, kind and height than this, heights are rounded to steps of
/// 2 % ([`HEIGHT_STEP`]); the loss then moves by at most 0.15 dB.
const EXACT_TABLES: usize = 600;
/// Relative step of rounded heights.
const HEIGHT_STEP: f64 = 0.02;

/// Cells whose radio parameters are alike but for height, direction and load.
#[derive(Clone, Debug)]
pub struct Class {
    /// Parameters, filled from the catalogue.
    pub filled: Filled,
    /// Networks that it serves: its operator's, and that of the operator it is shared with if another.
    pub networks: [Option<NetworkId>; 2],
    /// Data energy per resource element, dBm.
    pub data_epre_dbm: f64,
    /// Its carrier in the medium's list: cells of the same frequency and width share it.
    pub carrier: u16,
    /// First of its four antennas in the medium's list: by azimuth known (+2) and tilt known (+1).
    antenna: u16,
}

/// What tells classes apart, as bits.
type Key = [u64; 7];

/// Frequency (Hz), kind and height that a loss table is for.
type Shape = (u64, CellKind, u64);

/// Cells that one task sorts.
const PART: usize = 1 << 16;

/// Marks a cell that plays no part as an outdoor server.
const NOT_COUNTED: u32 = u32::MAX;

/// The bit of all networks from the 64th on.
const LAST_BIT: u64 = 1 << 63;

/// The bit of a network among those that a tower carries.
fn bit(network: NetworkId) -> u64 {
    1u64.checked_shl(network.0.into()).unwrap_or(LAST_BIT)
}

/// Cells of one class and one height.
#[derive(Clone, Copy, Debug)]
struct Variety {
    class: u32,
    /// Loss table in the first scene.
    table: u32,
}

/// The cells as radio sees them.
pub struct Air<'a> {
    /// Everything that was read.
    pub inputs: &'a Inputs,
    /// All settings.
    pub settings: &'a Settings,
    /// Towers with their cells.
    pub towers: &'a Towers,
    /// Towers by position.
    pub index: PointIndex,
    /// The classes.
    pub classes: Vec<Class>,
    /// Variety of each entry of `towers.cells`.
    variety_of: Vec<u32>,
    varieties: Vec<Variety>,
    /// By tower the networks that it carries, as bits; the last bit stands for all networks from it on.
    carried: Vec<u64>,
    numbers: FxHashMap<Key, u32>,
    /// Shapes of cells; the loss table of the nth in a scene is the medium's number 3n + scene.
    shapes: FxHashMap<Shape, u32>,
    rounded: bool,
    limits: SceneLimits,
    edition: Edition,
    /// Loss tables, carriers, antennas and the terminal, as the radio room asks for them.
    pub medium: servers::Air,
    /// What measurements add to losses.
    corrections: Corrections,
    /// The ground under the links, where heights are at hand and used.
    pub terrain: Option<TerrainScoring<'a>>,
    /// Building entry by wall (low, high loss) and carrier.
    pub entries: [Vec<BuildingEntry>; 2],
    /// Cells that count: on air, of a technology that counts.
    pub counted: u64,
    /// Counted cells outside the range of the loss models.
    pub out_of_range: u64,
}

/// Whether a cell counts as coverage: of a technology of `project.rats`, and on air.
#[must_use]
pub fn counts(cell: &Cell, rats: &[Rat]) -> bool {
    cell.is_on_air() && rats.contains(&cell.rat)
}

fn key(cell: &Cell) -> Key {
    let bits = |v: crate::model::text::Known| u64::from(v.get().map_or(u32::MAX, |v| (v as f32).to_bits()));
    let kind = cell.kind.map_or(3, |k| k as u64);
    let shared = cell.shared_with.map_or(u64::from(u16::MAX), |o| u64::from(o.0));
    [
        bits(cell.freq_mhz) << 32 | bits(cell.bw_mhz),
        bits(cell.power_dbm) << 32 | bits(cell.ssb_epre_dbm),
        bits(cell.gain_ssb_dbi) << 32 | bits(cell.gain_traffic_dbi),
        u64::from(cell.operator.0) << 16 | shared,
        (cell.rat as u64) << 8 | kind,
        u64::from(cell.ports),
        cell.antenna.index().map_or(u64::MAX, |i| i as u64),
    ]
}

/// Classes met, with the first cell of each, and the heights met in each.
type Met = (FxHashMap<Key, Cell>, FxHashSet<(Key, u32)>);

fn meet(met: &mut Met, cell: &Cell) {
    let k = key(cell);
    met.0.entry(k).or_insert(*cell);
    met.1.insert((k, height_bits(cell)));
}

/// The antenna height as it was given, as bits; zero where it wasn't.
fn height_bits(cell: &Cell) -> u32 {
    cell.height_m.get().filter(|h| *h > 0.0).map_or(0, |h| (h as f32).to_bits())
}

impl<'a> Air<'a> {
    /// Sorts the cells. `towers` are those of `inputs.cells`; `thought` are cells of stations that don't stand
    /// yet, to be set up by [`stand`](Self::stand). Losses are corrected by `corrections`.
    #[must_use]
    pub fn new(
        inputs: &'a Inputs,
        settings: &'a Settings,
        towers: &'a Towers,
        thought: &[&[Cell]],
        corrections: Corrections,
    ) -> Self {
        let radio = &settings.radio;
        let edition = edition(radio);
        let catalogued = Catalogued::new(inputs, radio);
        let cells = &inputs.cells.list;
        let serves = |id: &CellId| {
            cells.get(id.at()).filter(|c| {
                counts(c, &settings.project.rats)
                    && c.kind != Some(CellKind::Indoor)
                    && !c.host_site.is_some()
            })
        };
        let catalogued = &catalogued;
        // One pass for the distinct classes and shapes, one to number the cells by them.
        let mut met = towers
            .cells
            .par_chunks(PART)
            .map(|chunk| {
                let mut met = Met::default();
                // The cells of a station follow each other, and most are alike.
                let mut last = None;
                for cell in chunk.iter().filter_map(serves) {
                    let alike = Some((key(&cell), height_bits(&cell)));
                    if alike != last {
                        meet(&mut met, &cell);
                        last = alike;
                    }
                }
                met
            })
            .reduce(Default::default, |mut a, b| {
                for (k, c) in b.0 {
                    a.0.entry(k).or_insert(c);
                }
                a.1.extend(b.1);
                a
            });
        thought.iter().flat_map(|cells| cells.iter()).for_each(|cell| meet(&mut met, cell));
        let (keys, shapes) = met;
        let mut sorted: Vec<(Key, Cell)> = keys.into_iter().collect();
        sorted.sort_unstable_by_key(|s| s.0);
        let mut parts = Parts::default();
        let mut numbers: FxHashMap<Key, u32> = FxHashMap::default();
        let mut classes = Vec::with_capacity(sorted.len());
        for (k, cell) in &sorted {
            let filled = catalogued.fill(cell);
            if let Some(class) =
                filled.and_then(|f| parts.class(f, cell, (inputs, catalogued.antennas()), radio, edition))
            {
                numbers.insert(*k, classes.len() as u32);
                classes.push(class);
            }
        }
        let counted = cells.par_iter().filter(|c| counts(c, &settings.project.rats)).count() as u64;
        let mut air = Self {
            inputs,
            settings,
            towers,
            index: PointIndex::new(&towers.list.iter().map(|t| t.at).collect::<Vec<_>>()),
            classes,
            variety_of: Vec::new(),
            varieties: Vec::new(),
            carried: Vec::new(),
            numbers: FxHashMap::default(),
            shapes: FxHashMap::default(),
            rounded: false,
            limits: SceneLimits::new(radio),
            edition,
            medium: servers::Air {
                tables: Vec::new(),
                carriers: parts.carriers.into_iter().map(|c| c.1).collect(),
                antennas: parts.antennas,
                terminal: terminal(TerminalKind::Full, radio),
                terminal_height_m: radio.ue_height_m,
                downlink: RateCurve::DOWNLINK.with_alpha(radio.shannon_alpha_dl),
                uplink: RateCurve::UPLINK.with_alpha(radio.shannon_alpha_ul),
                location: servers::Location::new(radio.location_probability),
            },
            terrain: None,
            corrections,
            entries: parts.entries,
            counted,
            out_of_range: 0,
        };
        let of_shape = |air: &Self| -> Vec<Shape> {
            let mut list: Vec<Shape> = shapes
                .iter()
                .filter_map(|(k, h)| {
                    let class = air.classes.get(*numbers.get(k)? as usize)?;
                    let given = f64::from(f32::from_bits(*h));
                    Some(air.shape(class, if given > 0.0 { given } else { class.filled.height_m }))
                })
                .collect();
            list.sort_unstable();
            list.dedup();
            list
        };
        let mut list = of_shape(&air);
        if list.len() > EXACT_TABLES {
            air.rounded = true;
            list = of_shape(&air);
        }
        // A shape that a scene has no answer for has no part in any.
        let tables: Vec<Option<[LossTable; 3]>> = list
            .par_iter()
            .map(|shape| {
                let table =
                    |scene| Some(LossTable::build(air.prepare(*shape, scene)?, radio.location_probability));
                Some([table(Scene::Urban)?, table(Scene::Suburban)?, table(Scene::Rural)?])
            })
            .collect();
        for (shape, tables) in list.into_iter().zip(tables) {
            if let Some(tables) = tables {
                air.shapes.insert(shape, air.shapes.len() as u32);
                air.medium.tables.extend(tables);
            }
        }
        air.terrain = air.over_terrain();
        let mut met: Vec<(u32, u32)> =
            shapes.iter().filter_map(|(k, h)| Some((*numbers.get(k)?, *h))).collect();
        met.sort_unstable();
        let mut known: FxHashMap<(u32, u32), u32> = FxHashMap::default();
        for (class, height) in met {
            if let Some(table) = air.table(class, f32::from_bits(height)) {
                known.insert((class, height), air.varieties.len() as u32);
                air.varieties.push(Variety { class, table });
            }
        }
        air.variety_of = vec![NOT_COUNTED; towers.cells.len()];
        let parts = towers.cells.par_chunks(PART).zip(air.variety_of.par_chunks_mut(PART));
        air.out_of_range = parts
            .map(|(ids, varieties)| {
                let mut without_class = 0;
                let mut last: Option<((Key, u32), (bool, u32))> = None;
                for (id, variety) in ids.iter().zip(varieties) {
                    let Some(cell) = serves(id) else { continue };
                    let alike = (key(&cell), height_bits(&cell));
                    let found = match last {
                        Some((before, found)) if before == alike => found,
                        _ => {
                            let class = numbers.get(&alike.0).copied();
                            let variety = class.and_then(|class| known.get(&(class, alike.1)));
                            (class.is_none(), variety.copied().unwrap_or(NOT_COUNTED))
                        }
                    };
                    last = Some((alike, found));
                    without_class += u64::from(found.0);
                    *variety = found.1;
                }
                without_class
            })
            .sum();
        air.carried = towers.list.par_iter().map(|t| air.networks_on(t)).collect();
        air.numbers = numbers;
        air
    }

    /// The models over terrain of all shapes, where heights fine enough are at hand and to be used.
    fn over_terrain(&self) -> Option<TerrainScoring<'a>> {
        let radio = &self.settings.radio;
        let terrain = self.inputs.terrain.as_deref().filter(|_| radio.terrain.r#use)?;
        require_posting(terrain, MAX_PROPAGATION_POSTING_M).ok()?;
        let mut models = vec![None; self.shapes.len()];
        let mut added_db = vec![0.0; 3 * self.shapes.len()];
        for (&(freq_hz, _, height_mm), &at) in &self.shapes {
            let heights_m = [height_mm as f64 / 1e3, radio.ue_height_m];
            if let Some(slot) = models.get_mut(at as usize) {
                *slot = TerrainModel::new(Mhz(freq_hz as f64 / 1e6), heights_m, 0.0);
            }
            for (slot, scene) in added_db.iter_mut().skip(3 * at as usize).zip(Scene::ALL) {
                *slot = self.corrections.loss_db(radio, freq_hz as f64 / 1e6, scene);
            }
        }
        let cover = self.inputs.land_cover.as_deref();
        Some(TerrainScoring::new(terrain, cover, &radio.terrain, models, added_db))
    }

    /// The loss table in the first scene of a class at a height; `0` takes the class's own height.
    fn table(&self, class: u32, given_m: f32) -> Option<u32> {
        let class = self.classes.get(class as usize)?;
        let height_m = if given_m > 0.0 { f64::from(given_m) } else { class.filled.height_m };
        self.shapes.get(&self.shape(class, height_m)).map(|shape| 3 * shape)
    }

    /// The networks whose cells a tower carries, as bits.
    fn networks_on(&self, tower: &Tower) -> u64 {
        let classes = tower.places().filter_map(|place| self.class_at(place));
        let networks = classes.flat_map(|class| class.networks.into_iter().flatten());
        networks.fold(0, |bits, n| bits | bit(n))
    }

    /// Whether a tower carries a cell of a network.
    fn carries(&self, tower: u32, network: NetworkId) -> bool {
        let met = self.carried.get(tower as usize).is_some_and(|bits| bits & bit(network) != 0);
        met && (bit(network) != LAST_BIT || self.carries_by_cell(tower, network))
    }

    fn carries_by_cell(&self, tower: u32, network: NetworkId) -> bool {
        let places = self.towers.list.get(tower as usize).map_or(0..0, Tower::places);
        places.filter_map(|place| self.class_at(place)).any(|class| class.networks.contains(&Some(network)))
    }

    fn class_at(&self, place: usize) -> Option<&Class> {
        self.variety(place).and_then(|v| self.classes.get(v.class as usize))
    }

    fn variety(&self, place: usize) -> Option<Variety> {
        self.varieties.get(*self.variety_of.get(place)? as usize).copied()
    }

    /// Whether antenna heights were rounded to 2 % to share loss tables.
    #[must_use]
    pub const fn heights_rounded(&self) -> bool {
        self.rounded
    }

    fn shape(&self, class: &Class, height_m: f64) -> Shape {
        let h =
            if self.rounded { ((height_m.ln() / HEIGHT_STEP).round() * HEIGHT_STEP).exp() } else { height_m };
        ((class.filled.freq_mhz * 1e6).round() as u64, class.filled.kind, (h * 1e3).round() as u64)
    }

    fn prepare(&self, shape: Shape, scene: Scene) -> Option<Prepared> {
        let (freq_hz, kind, height_mm) = shape;
        let height_m = height_mm as f64 / 1e3;
        let freq_mhz = freq_hz as f64 / 1e6;
        let prepared = prepare(freq_mhz, kind, height_m, scene, &self.settings.radio, self.edition)?;
        Some(prepared.shifted(self.corrections.loss_db(&self.settings.radio, freq_mhz, scene)))
    }

    /// What measurements add to the losses of a frequency in a scene, dB.
    #[must_use]
    pub fn correction_db(&self, freq_mhz: f64, scene: Scene) -> f64 {
        self.corrections.loss_db(&self.settings.radio, freq_mhz, scene)
    }

    /// The scene around a position.
    #[must_use]
    pub fn scene(&self, at: LonLat) -> Scene {
        self.scene_about(at, 0.0).unwrap_or(Scene::Rural)
    }

    /// The scene of every position at most `spread_m` from `at`, when they all share one.
    #[must_use]
    pub fn scene_about(&self, at: LonLat, spread_m: f64) -> Option<Scene> {
        let radius = self.settings.radio.urban_radius_m;
        let (near, far) = ((radius - spread_m).max(0.0), radius + spread_m);
        let least = |r: f64, n: usize| self.index.has_within(at, r, n);
        if least(near, self.limits.urban) {
            return Some(Scene::Urban);
        }
        if !least(far, self.limits.suburban) {
            return Some(Scene::Rural);
        }
        let suburban = least(near, self.limits.suburban) && !least(far, self.limits.urban);
        suburban.then_some(Scene::Suburban)
    }

    /// Towers within `radio.urban_radius_m`.
    #[must_use]
    pub fn towers_around(&self, at: LonLat) -> usize {
        self.index.count_within(at, self.settings.radio.urban_radius_m)
    }
}

/// The scenario worked out for a cell; heights beyond the model's range are taken at its edge.
fn prepare(
    freq_mhz: f64,
    kind: CellKind,
    height_m: f64,
    scene: Scene,
    radio: &RadioSettings,
    edition: Edition,
) -> Option<Prepared> {
    let scenario = scenario(scene, kind, height_m, edition);
    let edge = if scenario == crate::radio::tr38901::Scenario::Umi { (3.0, 50.0) } else { (10.0, 150.0) };
    scenario.prepare(Mhz(freq_mhz), Metres(height_m.clamp(edge.0, edge.1)), Metres(radio.ue_height_m)).ok()
}

/// A terminal of the settings.
#[must_use]
pub fn terminal(kind: TerminalKind, radio: &RadioSettings) -> Terminal {
    let full = Terminal {
        power_dbm: radio.ue_power_dbm,
        noise_figure_db: radio.noise_figure_ue_db,
        dl_layers: radio.dl_layers,
        ..Terminal::HANDSET
    };
    let r = &radio.redcap;
    match kind {
        TerminalKind::Full => full,
        TerminalKind::Redcap => Terminal {
            dl_layers: r.dl_layers.min(radio.dl_layers),
            max_bandwidth_mhz: r.bw_mhz,
            listening_share: r.half_duplex.then_some(r.listening_share),
            ..full
        },
    }
}

/// What classes share, while they are being made.
#[derive(Default)]
struct Parts {
    carriers: Vec<((u64, u64), Carrier)>,
    entries: [Vec<BuildingEntry>; 2],
    antennas: Vec<Antenna>,
    antenna_of: FxHashMap<PatternKey, u16>,
}

impl Parts {
    fn class(
        &mut self,
        filled: Filled,
        cell: &Cell,
        (inputs, antennas): (&Inputs, &Antennas),
        radio: &RadioSettings,
        edition: Edition,
    ) -> Option<Class> {
        // A class outside the models' range has no part in it.
        for scene in Scene::ALL {
            prepare(filled.freq_mhz, filled.kind, filled.height_m, scene, radio, edition)?;
        }
        let network = |o: OperatorId| inputs.operators.network(o);
        let own = network(cell.operator);
        let other = cell.shared_with.map(network).filter(|n| *n != own);
        let per_element = 10.0 * (12.0 * f64::from(filled.resource_blocks)).log10();
        Some(Class {
            networks: [Some(own), other],
            data_epre_dbm: filled.power_dbm - per_element,
            carrier: self.carrier(&filled, radio, edition)?,
            antenna: self.antenna(&filled, antennas),
            filled,
        })
    }

    fn carrier(&mut self, filled: &Filled, radio: &RadioSettings, edition: Edition) -> Option<u16> {
        let key = (filled.freq_mhz.to_bits(), filled.bw_mhz.to_bits());
        if let Some(at) = self.carriers.iter().position(|c| c.0 == key) {
            return u16::try_from(at).ok();
        }
        let at = u16::try_from(self.carriers.len()).ok()?;
        let entry = |facade: Facade| {
            let p = facade.penetration(edition, Mhz(filled.freq_mhz), Metres(radio.indoor_depth_m)).ok()?;
            Some(BuildingEntry { loss_db: p.loss().get(), sigma_db: p.sigma.get() })
        };
        let (low, high) = (entry(Facade::Low)?, entry(Facade::High)?);
        self.entries[0].push(low);
        self.entries[1].push(high);
        let noise_figure = Db(radio.noise_figure_bs_db);
        let load = radio.default_load_pct / 100.0;
        let carrier =
            Carrier::new(filled.resources(radio), &terminal(TerminalKind::Full, radio), noise_figure, load);
        self.carriers.push((key, carrier));
        Some(at)
    }

    /// The first of the four patterns of a cell's antenna.
    fn antenna(&mut self, filled: &Filled, antennas: &Antennas) -> u16 {
        let key = PatternKey::of(filled);
        if let Some(&at) = self.antenna_of.get(&key) {
            return at;
        }
        let at = u16::try_from(self.antennas.len()).unwrap_or(0);
        let four = key.patterns(antennas).into_iter();
        self.antennas.extend(four.map(|p| Antenna { ssb: p.clone(), traffic: p }));
        self.antenna_of.insert(key, at);
        at
    }
}

/// What is known of a cell beside its radio parameters.
#[derive(Clone, Copy, Debug)]
pub struct Link {
    /// The cell; `None` for one that is only thought of.
    pub cell: Option<CellId>,
    /// Its class in [`Air::classes`].
    pub class: u32,
    /// What was assumed of it.
    pub assumed: Assumed,
}

/// A tower with its cells of one network.
#[derive(Clone, Copy, Debug)]
pub struct Stand {
    /// The tower; `u32::MAX` for one that is only thought of.
    pub tower: u32,
    /// Its position.
    pub at: LonLat,
    /// Distance from the middle of what it was gathered for, metres.
    pub from_centre_m: f64,
    /// First cell; [`UNSEEN`] until someone asks for them.
    pub first: u32,
    /// Number of cells.
    pub count: u32,
}

/// Marks a [`Stand`] whose cells haven't been looked up.
pub const UNSEEN: u32 = u32::MAX;

/// The towers and cells of one network that matter to positions close together.
#[derive(Clone, Debug)]
pub struct NetworkNear {
    /// The network.
    pub network: NetworkId,
    /// Plane about the middle of the positions.
    pub frame: LocalFrame,
    /// Towers, the nearest to the centre first; a thought-of one last.
    pub stands: Vec<Stand>,
    /// Radio parameters of cells, those of a tower side by side.
    pub sectors: Sectors,
    /// What else is known of the same cells.
    pub links: Vec<Link>,
}

impl NetworkNear {
    /// Nothing around a centre.
    #[must_use]
    pub fn nothing(network: NetworkId, centre: LonLat) -> Self {
        Self {
            network,
            frame: LocalFrame::new(centre),
            stands: Vec::new(),
            sectors: Sectors::new(),
            links: Vec::new(),
        }
    }

    /// Takes away the station that was set up last.
    pub fn fell(&mut self) {
        if let Some(stand) = self.stands.pop_if(|s| s.tower == u32::MAX) {
            self.links.truncate(stand.first as usize);
            self.sectors.truncate(stand.first as usize);
            for later in self.stands.iter_mut().filter(|s| s.first >= stand.first) {
                later.first = UNSEEN;
            }
        }
    }

    /// How many of the stands the `k` nearest of a position are surely among, and a distance in metres that
    /// none of those `k` is beyond.
    #[must_use]
    pub fn around(&self, at: LonLat, k: usize) -> (usize, f64) {
        let off_m = self.frame.to_xy(at).distance_m(Xy::default());
        // The frames of the centre and of the position differ by a thousandth over their few kilometres.
        let kth = self.stands.get(k.saturating_sub(1)).map_or(f64::INFINITY, |kth| kth.from_centre_m);
        let reach_m = (kth + 2.0 * off_m) * FRAME_SLACK + 1.0;
        (self.stands.partition_point(|s| s.from_centre_m <= reach_m), (kth + off_m) * FRAME_SLACK + 1.0)
    }
}

/// Ratio of distances in two local frames a few kilometres apart, and of the sphere's distances to the
/// ellipsoid's, with room to spare.
const FRAME_SLACK: f64 = 1.01;

/// What stands around the place that [`Air::near`] looked at last, whatever its networks; and buffers.
#[derive(Default)]
pub struct Gathering {
    found: Vec<(u32, [f64; 3])>,
    /// Middle and radius in metres of what was gathered.
    about: Option<(LonLat, f64)>,
    /// Towers by distance from the middle, metres.
    order: Vec<(f64, u32)>,
    /// Distance to the farthest tower wanted at the last place, metres: a guess for the next.
    kth_m: f64,
}

impl Air<'_> {
    /// Gathers what positions at most `spread_m` from `centre` have around them of a network: at least
    /// the `radio.max_towers` nearest towers of each position, as far as they lie within
    /// `radio.search_radius_m`.
    #[must_use]
    pub fn near(&self, network: NetworkId, centre: LonLat, spread_m: f64, g: &mut Gathering) -> NetworkNear {
        let mut near = NetworkNear::nothing(network, centre);
        let radio = &self.settings.radio;
        let last = (radio.max_towers as usize).saturating_sub(1);
        let all_m = (radio.search_radius_m + spread_m) * FRAME_SLACK;
        // The kth nearest of any position is no farther from the centre than the centre's own kth and
        // twice the spread.
        let reach_m = |kth_m: f64| ((kth_m * FRAME_SLACK + 2.0 * spread_m) * FRAME_SLACK + 1.0).min(all_m);
        let mut radius_m = reach_m(g.kth_m);
        let needed_m = loop {
            let radius = self.gather(&near.frame, centre, radius_m, g);
            let mut carrying = g.order.iter().filter(|(_, tower)| self.carries(*tower, network));
            let kth = carrying.nth(last).map(|kth| kth.0);
            let needed_m = kth.map_or(all_m, reach_m);
            if needed_m <= radius {
                g.kth_m = kth.unwrap_or(g.kth_m);
                break needed_m;
            }
            radius_m = if kth.is_some() { needed_m } else { (2.0 * radius + 500.0).min(all_m) };
        };
        let reached = g.order.iter().take_while(|(from_centre_m, _)| *from_centre_m <= needed_m);
        near.stands.extend(reached.filter_map(|&(from_centre_m, tower)| {
            let at = self.towers.list.get(tower as usize).filter(|_| self.carries(tower, network))?.at;
            Some(Stand { tower, at, from_centre_m, first: UNSEEN, count: 0 })
        }));
        near
    }

    /// Gathers the towers about a place, unless that has been done; returns the radius of what is there.
    fn gather(&self, frame: &LocalFrame, centre: LonLat, radius_m: f64, g: &mut Gathering) -> f64 {
        if let Some((about, radius)) = g.about
            && about == centre
            && radius >= radius_m
        {
            return radius;
        }
        self.index.gather(centre, radius_m, &mut g.found);
        g.order.clear();
        g.order.extend(g.found.iter().filter_map(|&(tower, _)| {
            let t = self.towers.list.get(tower as usize)?;
            Some((frame.to_xy(t.at).distance_m(Xy::default()), tower))
        }));
        g.order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        g.about = Some((centre, radius_m));
        radius_m
    }

    /// First and number of the cells of a stand, looked up when it is the first time.
    pub fn cells_of(&self, near: &mut NetworkNear, stand: usize) -> (u32, u32) {
        let Some(s) = near.stands.get_mut(stand) else { return (0, 0) };
        if s.first == UNSEEN {
            s.first = near.sectors.len() as u32;
            let places = self.towers.list.get(s.tower as usize).map_or(0..0, |t| t.places());
            for place in places {
                let Some(variety) = self.variety(place) else { continue };
                let Some(class) = self.classes.get(variety.class as usize) else { continue };
                if !class.networks.contains(&Some(near.network)) {
                    continue;
                }
                let Some(&id) = self.towers.cells.get(place) else { continue };
                let Some(cell) = self.inputs.cells.list.get(id.at()) else { continue };
                let (sector, link) = link(Some(id), &cell, variety, class);
                near.sectors.push(sector, &self.medium);
                near.links.push(link);
            }
            s.count = near.sectors.len() as u32 - s.first;
        }
        (s.first, s.count)
    }

    /// Sets up a station that doesn't stand yet: its cells join those of a network around a position, on a
    /// tower of their own. [`fell`](NetworkNear::fell) takes it away again.
    pub fn stand(&self, near: &mut NetworkNear, at: LonLat, cells: &[Cell]) {
        let first = near.sectors.len() as u32;
        for cell in cells {
            let Some(&number) = self.numbers.get(&key(cell)) else { continue };
            let Some(class) = self.classes.get(number as usize) else { continue };
            let Some(table) = self.table(number, f32::from_bits(height_bits(cell))) else { continue };
            let (sector, mut link) = link(None, cell, Variety { class: number, table }, class);
            link.assumed.set(Assumed::PLANNED);
            near.sectors.push(sector, &self.medium);
            near.links.push(link);
        }
        let count = near.sectors.len() as u32 - first;
        if count > 0 {
            near.stands.push(Stand { tower: u32::MAX, at, from_centre_m: f64::INFINITY, first, count });
        }
    }
}

fn link(id: Option<CellId>, cell: &Cell, variety: Variety, class: &Class) -> (Sector, Link) {
    let f = &class.filled;
    let given = cell.height_m.get().filter(|h| *h > 0.0);
    let (azimuth, tilt) = (cell.azimuth_deg.get(), cell.tilt_deg.get());
    let mut assumed = f.assumed;
    for (bit, known) in [
        (Assumed::HEIGHT, given.is_some()),
        (Assumed::AZIMUTH, azimuth.is_some()),
        (Assumed::TILT, tilt.is_some()),
        (Assumed::LOAD, cell.load_pct.is_known()),
        (Assumed::PLANNED, !cell.assumed.has(Assumed::PLANNED)),
    ] {
        assumed.0 = if known { assumed.0 & !bit } else { assumed.0 | bit };
    }
    let points = pointing(azimuth, tilt, cell.mtilt_deg.get(), f.antenna_tilt_deg);
    let sector = Sector {
        carrier: class.carrier,
        table: variety.table,
        antenna: class.antenna + variant(azimuth, tilt),
        height_m: given.unwrap_or(f.height_m) as f32,
        azimuth_deg: points.azimuth_deg as f32,
        electrical_tilt_deg: points.electrical_tilt_deg as f32,
        mechanical_tilt_deg: points.mechanical_tilt_deg as f32,
        ssb_epre_dbm: f.epre_dbm as f32,
        data_epre_dbm: class.data_epre_dbm as f32,
        gain_ssb_dbi: f.gain_ssb_dbi as f32,
        gain_traffic_dbi: f.gain_traffic_dbi as f32,
        load: cell.load_pct.get().map_or(f.load, |l| (l / 100.0).clamp(0.0, 1.0)) as f32,
    };
    (sector, Link { cell: id, class: variety.class, assumed })
}

/// The wall of a site as an index into [`Air::entries`].
#[must_use]
pub fn wall_index(wall: Option<Wall>, radio: &RadioSettings) -> usize {
    match wall.unwrap_or(radio.wall) {
        Wall::LowLoss => 0,
        Wall::HighLoss => 1,
    }
}
