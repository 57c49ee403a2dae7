use super::*;
use crate::radio::capacity::Resources;
use crate::radio::tr38901::{Scenario, Surroundings};
use crate::units::Metres;

/// Hills with a hole east of 1.58°.
struct Hills {
    hole: bool,
}

impl Terrain for Hills {
    fn height_m(&self, at: LonLat) -> Option<f64> {
        let (x, y) = (at.lon_deg() * 400.0, at.lat_deg() * 500.0);
        let known = !self.hole || at.lon_deg() < 1.58;
        known.then(|| 1200.0 + 150.0 * x.sin() * y.cos() + 80.0 * (0.3 * x + 0.7 * y).sin())
    }

    fn posting_m(&self) -> f64 {
        92.6
    }
}

/// A plane, which interpolation between samples gives back as it is, with the same hole.
struct Plane;

impl Terrain for Plane {
    fn height_m(&self, at: LonLat) -> Option<f64> {
        let known = at.lon_deg() < 1.58;
        known.then(|| 1200.0 + 3000.0 * (at.lon_deg() - 1.5) + 2000.0 * (at.lat_deg() - 42.5))
    }

    fn posting_m(&self) -> f64 {
        92.6
    }
}

/// Woods of the given height in stripes, nothing between them; unknown north of 42.53°.
struct Woods {
    height_m: f64,
    stripes: bool,
}

impl LandCover for Woods {
    fn clutter_m(&self, at: LonLat) -> Option<f64> {
        let wood = !self.stripes || (at.lon_deg() * 300.0).floor() % 2.0 == 0.0;
        (!self.stripes || at.lat_deg() < 42.53).then_some(if wood { self.height_m } else { 0.0 })
    }

    fn posting_m(&self) -> f64 {
        30.0
    }
}

fn source(lon: f64, lat: f64, azimuths: &[f64], freq_mhz: f64) -> Source {
    let near = Scenario::Rma(Surroundings::RURAL).prepare(Mhz(freq_mhz), Metres(30.0), Metres(1.5)).unwrap();
    let sector = |azimuth_deg: &f64| Sector {
        networks: [Some(0), None],
        carrier: 0,
        ssb: Pattern::Sector(crate::radio::antenna::SectorPattern::panel(17.0)),
        traffic: Pattern::Sector(crate::radio::antenna::SectorPattern::panel(17.0)),
        pointing: Pointing { azimuth_deg: *azimuth_deg, electrical_tilt_deg: 4.0, mechanical_tilt_deg: 0.0 },
        ssb_epre_dbm: 17.8,
        data_epre_dbm: 17.8,
        gain_ssb_dbi: 17.0,
        gain_traffic_dbi: 24.0,
        load: 0.5,
    };
    let at = LonLat::wrapped(lon, lat);
    Source::new(at, Mhz(freq_mhz), 30.0, 1.5, near, azimuths.iter().map(sector).collect())
}

fn scene(terrain: Option<&dyn Terrain>) -> Scene<'_> {
    let resources = Resources { resource_blocks: 273, scs_khz: 30, dl_share: 0.74, ul_share: 0.23 };
    Scene {
        sources: vec![
            source(1.50, 42.50, &[0.0, 120.0, 240.0], 3500.0),
            source(1.56, 42.53, &[60.0, 180.0, 300.0], 3500.0),
            source(1.53, 42.47, &[90.0], 3500.0),
        ],
        carriers: vec![Carrier::new(resources, &Terminal::HANDSET, crate::units::Db(3.5), 0.5)],
        terrain,
        land_cover: None,
        clutter_m: 0.0,
        terminal_height_m: 1.5,
        terminal: Terminal::HANDSET,
        downlink: RateCurve::DOWNLINK,
        reach_m: 6000.0,
        profiles: Profiles::Exact,
        levels_dbm: [-105.0, -90.0],
        model: OverTerrain::ByFrequency,
    }
}

const BOX: [f64; 4] = [1.46, 42.45, 1.62, 42.56];

/// All pixels of a window, by global column and row.
fn map(scene: &Scene, window: &Window, size: usize) -> std::collections::BTreeMap<(i64, i64), [u32; 4]> {
    let mut pixels = std::collections::BTreeMap::new();
    for tile in window.tiles(size) {
        let done = scene.tile(&tile);
        for (i, p) in done.pixels.iter().enumerate() {
            let (column, row) = (i % tile.columns, i / tile.columns);
            let at = (tile.first_column + column as i64, tile.first_row + row as i64);
            let bits = [p.rsrp_dbm, p.ss_sinr_db, p.dl_mbps, p.p_met[0]].map(f32::to_bits);
            assert!(pixels.insert(at, bits).is_none());
        }
    }
    assert_eq!(pixels.len(), window.columns * window.rows);
    pixels
}

/// Bit for bit the same however the map is cut: over terrain, with shared profiles too, and without it.
#[test]
fn tiles_dont_change_the_map() {
    let hills = Hills { hole: true };
    let over_hills = Some(&hills as &dyn Terrain);
    let woods = Woods { height_m: 12.0, stripes: true };
    for (terrain, profiles, cover) in [
        (over_hills, Profiles::Exact, None),
        (over_hills, Profiles::Shared, None),
        (over_hills, Profiles::Exact, Some(&woods as &dyn LandCover)),
        (over_hills, Profiles::Shared, Some(&woods as &dyn LandCover)),
        (None, Profiles::Exact, None),
    ] {
        let scene = Scene { profiles, land_cover: cover, clutter_m: 4.0, ..scene(terrain) };
        let lattice = Lattice::new(150.0, 42.5);
        let whole = map(&scene, &lattice.window(BOX), 256);
        assert!(whole == map(&scene, &lattice.window(BOX), 17));
        let middle = 1.5371;
        let mut halves = map(&scene, &lattice.window([BOX[0], BOX[1], middle, BOX[3]]), 64);
        halves.extend(map(&scene, &lattice.window([middle, BOX[1], BOX[2], BOX[3]]), 40));
        assert!(whole == halves);
    }
}

/// ITM asked for: from 1 km on each pixel's level is that of ITM over its own profile, nearer TR 38.901's.
#[test]
fn itm_where_it_is_asked_for() {
    let mut scene = Scene { model: OverTerrain::Itm, clutter_m: 8.0, ..scene(Some(&Plane)) };
    scene.sources.truncate(1);
    scene.sources[0].sectors.truncate(1);
    scene.sources[0].sectors[0].ssb = Pattern::Omni;
    let window = Lattice::new(300.0, 42.5).window(BOX);
    let tile = scene.tile(&window);
    let from = scene.sources[0].at();
    let frame = LocalFrame::new(from);
    let mut far = 0;
    for (i, p) in tile.pixels.iter().enumerate().filter(|(_, p)| p.rsrp_dbm > NO_LEVEL_DBM) {
        let way = Way::new(&frame, from, window.center(i % window.columns, i / window.columns));
        if way.distance_m < 1000.0 {
            continue;
        }
        // The ground anew, from the terrain itself.
        let steps = (way.distance_m / 92.6).ceil() as usize;
        let share = |k: usize| k as f64 / steps as f64;
        let height = |k: usize| {
            Plane.height_m(way.place(&frame, share(k))).unwrap() + if k % steps == 0 { 0.0 } else { 8.0 }
        };
        let profile = Profile {
            distance_m: (0..=steps).map(|k| way.distance_m * share(k)).collect(),
            height_m: (0..=steps).map(height).collect(),
            ..Profile::default()
        };
        let link = itm::Link::median(Mhz(3500.0), [30.0, 1.5]);
        let loss = itm::point_to_point(&link, &profile).unwrap().loss.get();
        let off = 17.8 + 17.0 - loss - f64::from(p.rsrp_dbm);
        assert!(off.abs() < 0.02, "{off} at {} m", way.distance_m);
        far += 1;
    }
    assert!(far > 50 && tile.counts.itm >= far && tile.counts.p1812 == 0 && tile.counts.near > 0);
    assert!(tile.pixels.iter().any(|p| p.rsrp_dbm.is_nan()), "the hole is unknown");
}

/// Without terrain: half where the median is the level, and elsewhere the two states' own probability, by hand.
#[test]
fn levels_are_met_with_their_probability() {
    let mut flat = scene(None);
    flat.sources.truncate(1);
    let window = Lattice::new(150.0, 42.5).window(BOX);
    let tile = flat.tile(&window);
    let (i, p) = tile.pixels.iter().enumerate().find(|(_, p)| (-100.0..-95.0).contains(&p.rsrp_dbm)).unwrap();
    let at = window.center(i % window.columns, i / window.columns);
    let frame = LocalFrame::new(flat.sources[0].at());
    let states = flat.sources[0].near.states(Way::new(&frame, flat.sources[0].at(), at).distance_m);
    let loss = LossDistribution::from(states);
    // The median pins the power towards the pixel.
    let eirp = f64::from(p.rsrp_dbm) + loss.quantile_db(0.5, 0.0);
    let normal = |x: f64, (mean, sigma): (f64, f64)| crate::radio::normal::cumulative((x - mean) / sigma);
    let want = |level: f64| {
        let x = eirp - level;
        loss.p_first * normal(x, loss.first) + (1.0 - loss.p_first) * normal(x, loss.second)
    };
    assert!((f64::from(p.p_met[0]) - want(-105.0)).abs() < 1e-3 && p.p_met[0] > p.p_met[1], "{p:?}");
    flat.levels_dbm = [f64::from(p.rsrp_dbm), f64::from(p.rsrp_dbm)];
    assert!((flat.tile(&window).pixels[i].p_met[0] - 0.5).abs() < 1e-3);
    // Over terrain the spread is one, about the model's level.
    let hills = Hills { hole: false };
    let mut hilly = Scene { levels_dbm: [-100.0, -100.0 + 1e-9], ..scene(Some(&hills)) };
    hilly.sources.truncate(1);
    let done = hilly.tile(&window);
    for (i, p) in done.pixels.iter().enumerate().filter(|(_, p)| (-103.0..-97.0).contains(&p.rsrp_dbm)) {
        let at = window.center(i % window.columns, i / window.columns);
        let distance = Way::new(&frame, hilly.sources[0].at(), at).distance_m;
        if distance > 400.0 {
            let s = hilly.sources[0].near.states(distance);
            let sigma = (s.p_los * s.sigma_los_db.powi(2) + (1.0 - s.p_los) * s.sigma_nlos_db.powi(2)).sqrt();
            let want = normal(f64::from(p.rsrp_dbm) + 100.0, (0.0, sigma));
            assert!((f64::from(p.p_met[0]) - want).abs() < 1e-4, "{p:?} {want}");
        }
    }
}

#[test]
fn unknown_ground_is_unknown_and_not_sea() {
    let hills = Hills { hole: true };
    let scene = scene(Some(&hills));
    let window = Lattice::new(150.0, 42.5).window(BOX);
    let tile = scene.tile(&window);
    let (mut unknown, mut known) = (0, 0);
    for (i, p) in tile.pixels.iter().enumerate() {
        let at = window.center(i % window.columns, i / window.columns);
        if at.lon_deg() > 1.58 {
            assert!(p.rsrp_dbm.is_nan() && p.ss_sinr_db.is_nan() && p.dl_mbps.is_nan());
            unknown += 1;
        } else if at.lon_deg() < 1.575 {
            assert!(!p.rsrp_dbm.is_nan());
            known += 1;
        }
    }
    assert!(unknown > 100 && known > 100);
}

/// Shared profiles give the map of exact ones to a tenth of a decibel, on bare and on cluttered ground, by
/// both models; and what is counted of it is so.
#[test]
fn shared_profiles_give_the_same_map() {
    let hills = Hills { hole: true };
    for (clutter_m, freq_mhz) in [(0.0, 3500.0), (8.0, 700.0), (0.0, 6700.0)] {
        let maps = [Profiles::Exact, Profiles::Shared].map(|profiles| {
            let mut scene = Scene { profiles, clutter_m, reach_m: 12_000.0, ..scene(Some(&hills)) };
            scene.sources =
                vec![source(1.47, 42.46, &[45.0], freq_mhz), source(1.56, 42.53, &[200.0], freq_mhz)];
            scene.tile(&Lattice::new(60.0, 42.5).window(BOX))
        });
        let [exact, shared] = &maps;
        assert_eq!(exact.counts.shared, 0);
        let counts = shared.counts;
        assert!(counts.shared > (counts.p1812 + counts.p452) / 3, "{counts:?}");
        assert!(counts.audited > 20 && counts.beyond == 0 && counts.largest_db <= SHARED_WITHIN_DB);
        assert_eq!((counts.unknown, counts.near), (exact.counts.unknown, exact.counts.near));
        let mut beyond = 0;
        for (a, b) in exact.pixels.iter().zip(&shared.pixels) {
            assert_eq!(a.rsrp_dbm.is_nan(), b.rsrp_dbm.is_nan());
            let off = f64::from((a.rsrp_dbm - b.rsrp_dbm).abs());
            assert!(!(off > 0.5), "{off}");
            beyond += usize::from(off > SHARED_WITHIN_DB);
        }
        assert!(beyond * 2000 <= exact.pixels.len(), "{clutter_m} {freq_mhz}: {beyond}");
    }
}

/// A mast on the antimeridian serves both sides of it.
#[test]
fn the_antimeridian_is_no_edge() {
    struct Turned;
    impl Terrain for Turned {
        fn height_m(&self, at: LonLat) -> Option<f64> {
            Hills { hole: false }.height_m(LonLat::wrapped(at.lon_deg() - 178.5, at.lat_deg()))
        }
        fn posting_m(&self) -> f64 {
            92.6
        }
    }
    let mut scene = scene(Some(&Turned));
    scene.sources = vec![source(1.50 + 178.5, 42.50, &[0.0, 120.0, 240.0], 3500.0)];
    let window = Lattice::new(150.0, 42.5).window([179.94, 42.47, 180.06, 42.53]);
    let tile = scene.tile(&window);
    let unknown = tile.pixels.iter().filter(|p| p.rsrp_dbm.is_nan()).count();
    assert_eq!((unknown, tile.counts.unknown), (0, 0));
    assert!(tile.pixels.iter().all(|p| p.rsrp_dbm > NO_LEVEL_DBM));
}

/// A pixel of a single cell is what the model says of its profile.
#[test]
fn a_pixel_is_its_link() {
    let hills = Hills { hole: false };
    let mut scene = scene(Some(&hills));
    scene.sources.truncate(1);
    scene.sources[0].sectors.truncate(1);
    let window = Lattice::new(150.0, 42.5).window(BOX);
    let tile = scene.tile(&window);
    assert!(tile.counts.p1812 > 1000 && tile.counts.near > 3 && tile.counts.unknown == 0);
    let source = &scene.sources[0];
    let heights = Heights::read(&hills, [1.4, 42.4, 1.7, 42.6], Heights::per_degree(92.6, 42.5));
    for i in (0..tile.pixels.len()).step_by(97) {
        let at = window.center(i % window.columns, i / window.columns);
        let d = crate::geom::geodesic_m(source.at, at);
        if !(300.0..5900.0).contains(&d) {
            continue;
        }
        let points = ground::spacing(d, 92.6);
        let mut profile = crate::radio::profile::Profile::default();
        for k in 0..points.len() {
            let share = points.km(k) * 1e3 / d;
            profile.distance_m.push(d * share);
            let p = crate::geom::along_geodesic(source.at, at, share);
            profile.height_m.push(heights.at(p.lon_deg(), p.lat_deg()));
        }
        let Some(TerrainModel::P1812(prepared)) = source.far else { panic!("P.1812 covers 3.5 GHz") };
        let prediction = prepared.predict(&crate::radio::p1812::terrain(&profile).unwrap()).unwrap();
        let drop = profile.height_m[0] + 30.0 - profile.height_m[profile.height_m.len() - 1] - 1.5;
        let s = &source.sectors[0];
        let bearing = crate::geom::azimuth_deg(source.at, at);
        let gain = s.ssb.relative_gain(&s.pointing, bearing, -drop.atan2(d).to_degrees()).get();
        let want = 17.8 + 17.0 + gain - prediction.loss.get();
        let got = f64::from(tile.pixels[i].rsrp_dbm);
        // Ways are geodesics to a metre.
        assert!((got - want).abs() < 0.5, "{at:?}: {got} {want}");
    }
}

#[test]
fn above_six_gigahertz_p452_serves() {
    let hills = Hills { hole: false };
    let mut scene = scene(Some(&hills));
    scene.sources = vec![source(1.50, 42.50, &[0.0], 6700.0)];
    let tile = scene.tile(&Lattice::new(300.0, 42.5).window(BOX));
    assert!(tile.counts.p1812 == 0 && tile.counts.p452 > 100);
}

/// No terrain: equal distances in the beam's direction give falling levels.
#[test]
fn without_terrain_levels_fall_with_distance() {
    let mut scene = scene(None);
    scene.sources = vec![source(1.50, 42.50, &[0.0], 3500.0)];
    let lattice = Lattice::new(50.0, 42.5);
    let window = lattice.window([1.4999, 42.503, 1.5, 42.545]);
    let tile = scene.tile(&window);
    let column: Vec<f32> = (0..window.rows).rev().map(|r| tile.pixels[r * window.columns].rsrp_dbm).collect();
    let far = &column[20..];
    assert!(far.windows(2).all(|w| w[1] < w[0]), "{far:?}");
    assert_eq!(tile.counts.flat, tile.pixels.len() as u64);
}

/// Land cover that is the same everywhere is even clutter, bit for bit, in every model; where it isn't known the
/// height for that is taken, and counted; woods take level and never give it.
#[test]
fn land_cover_stands_on_the_profiles() {
    let hills = Hills { hole: false };
    let woods = Woods { height_m: 8.0, stripes: false };
    let window = Lattice::new(150.0, 42.5).window(BOX);
    for model in [OverTerrain::ByFrequency, OverTerrain::Itm] {
        let even = Scene { clutter_m: 8.0, model, ..scene(Some(&hills)) };
        let cover = Scene { land_cover: Some(&woods), clutter_m: 99.0, model, ..scene(Some(&hills)) };
        assert!(map(&even, &window, 64) == map(&cover, &window, 64));
    }
    let striped = Woods { height_m: 15.0, stripes: true };
    let bare = scene(Some(&hills)).tile(&window);
    let wooded = Scene { land_cover: Some(&striped), clutter_m: 15.0, ..scene(Some(&hills)) }.tile(&window);
    let north = (0..window.rows).filter(|r| window.center(0, *r).lat_deg() >= 42.53).count();
    // The nearest sample of the ground's lattice tells, half a sample of it at most away.
    let counted = wooded.counts.bare as f64 / window.columns as f64;
    assert!((counted - north as f64).abs() <= 1.0, "{counted} of {north} rows");
    assert_eq!((bare.counts.bare, wooded.counts.known_pixels), (0, (window.columns * window.rows) as u64));
    let off: Vec<f32> =
        bare.pixels.iter().zip(&wooded.pixels).map(|(b, w)| b.rsrp_dbm - w.rsrp_dbm).collect();
    assert!(off.iter().all(|d| *d > -0.5), "{:?}", off.iter().copied().fold(f32::INFINITY, f32::min));
    let lost = [0.1, 1.0, 6.0].map(|db| off.iter().filter(|d| **d > db).count());
    assert!(lost[1] * 4 > off.len() && lost[2] * 50 > off.len(), "{lost:?} of {}", off.len());
}

/// P.452 leaves clutter within 50 m of an antenna out of account, on maps as in single links.
#[test]
fn clutter_in_the_antennas_face_does_not_count_above_six_gigahertz() {
    struct Fine;
    impl Terrain for Fine {
        fn height_m(&self, at: LonLat) -> Option<f64> {
            Hills { hole: false }.height_m(at)
        }
        fn posting_m(&self) -> f64 {
            30.0
        }
    }
    let from = LonLat::wrapped(1.50, 42.50);
    let frame = LocalFrame::new(from);
    let to = frame.to_lonlat(Xy { x_m: 1800.0, y_m: 900.0 });
    let per_deg = Heights::per_degree(30.0, 42.5);
    let heights = Heights::read(&Fine, [1.49, 42.49, 1.53, 42.52], per_deg);
    let ground = Ground { heights: &heights, cover: None, spacing_m: 30.0, clutter_m: 20.0 };
    let far = TerrainModel::new(Mhz(6700.0), [30.0, 1.5], 42.5).unwrap();
    let way = Way::new(&frame, from, to);
    let mut path = TerrainPath::default();
    let got = exact_db(&far, &way, ground, &mut path).unwrap();
    let whole = ground::spacing(way.distance_m, 30.0);
    let mut profile = Profile::default();
    for k in 0..whole.len() {
        let at = way.place(&frame, whole.km(k) * 1e3 / way.distance_m);
        profile.distance_m.push(whole.km(k) * 1e3);
        profile.height_m.push(heights.at(at.lon_deg(), at.lat_deg()));
        profile.clutter_m.push(20.0);
    }
    let path = crate::radio::p452::terrain(&profile).unwrap();
    let want = far.predict(&path).unwrap().0.get();
    assert!((got - want).abs() < 1e-3, "{got} {want}");
}
