//! Requests to the models that need a terrain profile.

use super::{LinkError, LinkOptions, Outcome, Request};
use crate::geom::{LonLat, geodesic_m};
use crate::radio::itm::{self, ItmError};
use crate::radio::p2108::{self, Clutter};
use crate::radio::p2109::{self, Building};
use crate::radio::polarization::Polarization;
use crate::radio::profile::{Profile, ProfileError, Zone};
use crate::radio::refusal::within;
use crate::radio::terrain_path::{Atmosphere, PathError, Terms, TerrainPath, climate};
use crate::radio::{p452, p1812};
use crate::units::{Db, Metres, Mhz};
use serde_json::Value;

impl From<ProfileError> for LinkError {
    fn from(error: ProfileError) -> Self {
        Self::new("R009", Some("profile"), error.to_string())
    }
}

impl From<ItmError> for LinkError {
    fn from(error: ItmError) -> Self {
        match error {
            ItmError::Refused(refusal) => refusal.into(),
            ItmError::Profile(error) => error.into(),
        }
    }
}

impl From<PathError> for LinkError {
    fn from(error: PathError) -> Self {
        match error {
            PathError::Refused(refusal) => refusal.into(),
            PathError::Profile(error) => error.into(),
        }
    }
}

/// The profile of a request: given in it, or read by its path.
fn profile(request: &Request, options: &LinkOptions<'_>) -> Result<Profile, LinkError> {
    let wrong = |message: String| LinkError::new("R009", Some("profile"), message);
    match request.get("profile") {
        None => Err(LinkError::new("R003", Some("profile"), "the field profile is missing")),
        Some(Value::String(path)) => match options.read_profile {
            Some(read) => read(path).map_err(|why| wrong(format!("{path}: {why}"))),
            None => Err(wrong(format!("{path} can't be read here: give the profile in the request"))),
        },
        Some(Value::Object(columns)) => {
            let numbers = |name: &str| -> Result<Vec<f64>, LinkError> {
                let Some(column) = columns.get(name) else { return Ok(Vec::new()) };
                let values = column.as_array().and_then(|list| list.iter().map(Value::as_f64).collect());
                values.ok_or_else(|| wrong(format!("column {name} has to be a list of numbers")))
            };
            let zone = match columns.get("zone") {
                None => Vec::new(),
                Some(list) => list
                    .as_array()
                    .and_then(|list| list.iter().map(|v| v.as_str().and_then(Zone::from_code)).collect())
                    .ok_or_else(|| wrong("column zone has to be a list of inland, coastal or sea".into()))?,
            };
            let mut profile = Profile {
                distance_m: numbers("distance_m")?,
                height_m: numbers("height_m")?,
                clutter_m: numbers("clutter_m")?,
                zone,
            };
            if let Some(list) = columns.get("cover") {
                let words =
                    list.as_array().and_then(|l| l.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
                let words = words.ok_or_else(|| wrong("column cover has to be a list of words".into()))?;
                profile.stand(&words)?;
            }
            Ok(profile)
        }
        Some(_) => Err(wrong("profile has to be an object of columns or the path of a CSV file".into())),
    }
}

fn polarization(request: &Request) -> Result<Polarization, LinkError> {
    let choices = [
        ("h", Polarization::Horizontal),
        ("v", Polarization::Vertical),
        ("horizontal", Polarization::Horizontal),
        ("vertical", Polarization::Vertical),
    ];
    request.choice_or("polarization", Polarization::Vertical, &choices)
}

/// A whole number that stands for a choice.
fn code<T>(
    request: &Request,
    name: &'static str,
    default: f64,
    of: impl Fn(u64) -> Option<T>,
) -> Result<T, LinkError> {
    let number = request.number_or(name, default)?;
    let whole = (number >= 0.0 && number.fract() == 0.0).then_some(number as u64);
    whole.and_then(of).ok_or_else(|| {
        LinkError::new("R004", Some(name), format!("{name} is {number}, not one of the model's numbers"))
    })
}

/// ITM, point to point or over an area.
pub(super) fn itm(request: &Request, options: &LinkOptions<'_>) -> Result<Outcome, LinkError> {
    let freq = Mhz(request.number("freq_mhz")?);
    let ends = ends(request, freq)?;
    let link = itm::Link {
        freq,
        height_m: ends.height_m,
        polarization: polarization(request)?,
        permittivity: request.number_or("ground_permittivity", 15.0)?,
        conductivity_s_m: request.number_or("ground_conductivity_s_per_m", 0.005)?,
        n0: request.number_or("n0", 301.0)?,
        climate: code(request, "climate", 5.0, itm::Climate::from_number)?,
        mode: code(request, "variability_mode", 12.0, itm::VariabilityMode::from_number)?,
        percentages: itm::Percentages {
            time: request.number_or("time_percent", 50.0)?,
            location: request.number_or("location_percent", 50.0)?,
            situation: request.number_or("situation_percent", 50.0)?,
        },
    };
    let by_area = flag(request, "area")?;
    let prediction = if by_area {
        let sitings = [
            ("random", itm::Siting::Random),
            ("careful", itm::Siting::Careful),
            ("very-careful", itm::Siting::VeryCareful),
        ];
        itm::area(
            &link,
            Metres(request.number("distance_m")?),
            Metres(request.number("terrain_irregularity_m")?),
            [
                request.choice_or("tx_siting", itm::Siting::Random, &sitings)?,
                request.choice_or("rx_siting", itm::Siting::Random, &sitings)?,
            ],
        )?
    } else {
        itm::point_to_point(&link, &profile(request, options)?)?
    };
    let mut outcome = Outcome::default();
    outcome.value("loss_db", prediction.loss.get() + ends.loss_db());
    ends.tell(&mut outcome);
    outcome.value("mode", prediction.mode.code());
    outcome.intermediate("free_space_db", prediction.free_space.get());
    outcome.intermediate("reference_attenuation_db", prediction.reference.get());
    let g = &prediction.geometry;
    outcome.intermediate("distance_m", g.distance_m);
    outcome.intermediate("terrain_irregularity_m", g.delta_h_m);
    for (end, name) in ["tx", "rx"].into_iter().enumerate() {
        outcome.intermediate(&format!("{name}_effective_height_m"), g.effective_height_m[end]);
        outcome.intermediate(&format!("{name}_horizon_m"), g.horizon_m[end]);
        outcome.intermediate(&format!("{name}_horizon_rad"), g.horizon_rad[end]);
    }
    outcome.warnings.extend(prediction.warnings.iter().map(|text| (*text).to_owned()));
    Ok(outcome)
}

/// Both ends: heights above ground, and what clutter around them costs on top.
struct Ends {
    height_m: [f64; 2],
    clutter_db: [f64; 2],
}

impl Ends {
    fn loss_db(&self) -> f64 {
        self.clutter_db[0] + self.clutter_db[1]
    }

    fn tell(&self, outcome: &mut Outcome) {
        for (name, db) in ["tx_clutter_db", "rx_clutter_db"].into_iter().zip(self.clutter_db) {
            if db != 0.0 {
                outcome.intermediate(name, db);
            }
        }
    }
}

/// The heights of both ends. One that is said to stand in clutter and below its top is predicted from the top,
/// and pays the way down by P.2108-1, § 3.1.
fn ends(request: &Request, freq: Mhz) -> Result<Ends, LinkError> {
    let mut ends = Ends {
        height_m: [request.number("tx_height_m")?, request.number("rx_height_m")?],
        clutter_db: [0.0; 2],
    };
    let fields = [("tx_clutter", "tx_clutter_height_m"), ("rx_clutter", "rx_clutter_height_m")];
    for (i, (kind, top)) in fields.into_iter().enumerate() {
        if request.get(kind).is_none() {
            continue;
        }
        let clutter = request.choice(kind, &Clutter::CODES)?;
        let width = Metres(request.number_or("street_width_m", p2108::STREET_WIDTH_M)?);
        let top = Metres(request.number_or(top, clutter.height_m())?);
        let loss = p2108::height_gain(freq, Metres(ends.height_m[i]), width, top, clutter)?;
        ends.clutter_db[i] = loss.get();
        ends.height_m[i] = ends.height_m[i].max(top.0);
    }
    Ok(ends)
}

/// Whether a field says so.
fn flag(request: &Request, name: &'static str) -> Result<bool, LinkError> {
    let Some(value) = request.get(name) else { return Ok(false) };
    value
        .as_bool()
        .ok_or_else(|| LinkError::new("R004", Some(name), format!("{name} has to be true or false")))
}

fn atmosphere(request: &Request) -> Result<Atmosphere, LinkError> {
    Ok(Atmosphere { delta_n: request.number("delta_n")?, n0: request.number("n0")? })
}

/// Latitude of the path's centre: given, or from the positions of both ends, whose distance is held against
/// the profile's length.
fn latitude(
    request: &Request,
    model: &'static str,
    limit_deg: f64,
    path: &TerrainPath,
    outcome: &mut Outcome,
) -> Result<f64, LinkError> {
    if request.get("latitude_deg").is_some() {
        return request.number("latitude_deg");
    }
    let position = |lon: &'static str, lat: &'static str| -> Result<LonLat, LinkError> {
        let lon_deg = within(model, lon, request.number(lon)?, -180.0..=180.0, "°")?;
        let lat_deg = within(model, lat, request.number(lat)?, -limit_deg..=limit_deg, "°")?;
        Ok(LonLat::wrapped(lon_deg, lat_deg))
    };
    let tx = position("tx_lon", "tx_lat")?;
    let rx = position("rx_lon", "rx_lat")?;
    let (apart_m, long_m) = (geodesic_m(tx, rx), path.length_km() * 1e3);
    if (apart_m - long_m).abs() > 0.1 * long_m + 100.0 {
        outcome.warn(format!(
            "the positions are {:.1} km apart, the profile is {:.1} km long: the profile counts",
            apart_m / 1e3,
            long_m / 1e3
        ));
    }
    Ok(climate::center_latitude_deg(tx, rx, path.length_km()))
}

/// Distances to the coast, where both are given; else the zones tell.
fn coast(request: &Request, path: &TerrainPath) -> Result<Option<[f64; 2]>, LinkError> {
    let from_zones = path.cover().coast_km;
    if request.get("tx_coast_km").is_none() && request.get("rx_coast_km").is_none() {
        return Ok(None);
    }
    Ok(Some([
        request.number_or("tx_coast_km", from_zones[0])?,
        request.number_or("rx_coast_km", from_zones[1])?,
    ]))
}

/// A building around the receiver: P.2109's median, and the spread that its 84 % value is above it.
fn building(request: &Request, freq: Mhz) -> Result<Option<p1812::BuildingEntry>, LinkError> {
    let choices = [
        ("none", None),
        ("traditional", Some(Building::Traditional)),
        ("thermally-efficient", Some(Building::ThermallyEfficient)),
    ];
    let Some(building) = request.choice_or("building", None, &choices)? else { return Ok(None) };
    let entry = |percent| p2109::entry_loss(freq, building, 0.0, percent);
    let (median, upper) = (entry(50.0)?, entry(84.134_474_6)?);
    Ok(Some(p1812::BuildingEntry { median, sigma: upper - median }))
}

/// A length within 5 % of a limit still counts, and says so.
fn warn_length(path: &TerrainPath, range: &std::ops::RangeInclusive<f64>, outcome: &mut Outcome) {
    let m = path.length_km() * 1e3;
    if m < range.start() * 1.05 || m > range.end() / 1.05 {
        outcome.warn(format!("the path of {m:.0} m is close to a limit of the model's lengths"));
    }
}

fn terms(outcome: &mut Outcome, terms: &Terms, path: &TerrainPath) {
    let a = &terms.analysis;
    let cover = path.cover();
    let mut set = |name: &str, value: f64| outcome.intermediate(name, value);
    set("distance_m", path.length_km() * 1e3);
    set("effective_radius_km", terms.effective_radius_km);
    set("beta0_percent", terms.beta0_percent);
    set("sea_share", cover.sea_share);
    set("longest_land_km", cover.longest_land_km);
    set("longest_inland_km", cover.longest_inland_km);
    for (end, name) in ["tx", "rx"].into_iter().enumerate() {
        set(&format!("{name}_antenna_m_asl"), a.antenna_m[end]);
        set(&format!("{name}_horizon_km"), a.horizon_km[end]);
        set(&format!("{name}_horizon_mrad"), a.horizon_mrad[end]);
        set(&format!("{name}_diffraction_base_m_asl"), a.diffraction_base_m[end]);
        set(&format!("{name}_ducting_height_m"), a.ducting_height_m[end]);
    }
    set("angular_distance_mrad", a.angular_distance_mrad);
    set("roughness_m", a.roughness_m);
    set("free_space_db", terms.free_space_db);
    set("los_db", terms.los_db);
    set("diffraction_median_db", terms.diffraction_median_db);
    set("diffraction_db", terms.diffraction_db);
    set("troposcatter_db", terms.troposcatter_db);
    set("ducting_db", terms.ducting_db);
    outcome.intermediate("path", if a.line_of_sight { "line-of-sight" } else { "trans-horizon" });
}

/// P.1812 over a profile.
pub(super) fn p1812(request: &Request, options: &LinkOptions<'_>) -> Result<Outcome, LinkError> {
    let mut outcome = Outcome::default();
    let freq = Mhz(request.number("freq_mhz")?);
    within("p1812", "freq_mhz", freq.0, p1812::FREQ_MHZ, " MHz")?;
    let ends = ends(request, freq)?;
    let time_percent = request.number("time_percent")?;
    let atmosphere = atmosphere(request)?;
    let path = p1812::terrain(&profile(request, options)?)?;
    let spread = if request.get("sigma_location_db").is_some() {
        p1812::LocationSpread::Given(Db(request.number("sigma_location_db")?))
    } else {
        p1812::LocationSpread::Within(Metres(request.number_or("resolution_m", 100.0)?))
    };
    let link = p1812::Link {
        freq,
        height_m: ends.height_m,
        polarization: polarization(request)?,
        time_percent,
        location_percent: request.number_or("location_percent", 50.0)?,
        spread,
        building: building(request, freq)?,
        atmosphere,
        latitude_deg: latitude(request, "p1812", 80.0, &path, &mut outcome)?,
        coast_km: coast(request, &path)?,
    };
    let prediction = link.prepare()?.predict(&path)?;
    outcome.value("loss_db", prediction.loss.get() + ends.loss_db());
    ends.tell(&mut outcome);
    outcome.value("sigma_db", prediction.sigma_db);
    outcome.intermediate("median_loss_db", prediction.median_db);
    terms(&mut outcome, &prediction.terms, &path);
    warn_length(&path, &p1812::DISTANCE_M, &mut outcome);
    Ok(outcome)
}

/// P.452 over a profile.
pub(super) fn p452(request: &Request, options: &LinkOptions<'_>) -> Result<Outcome, LinkError> {
    let mut outcome = Outcome::default();
    let freq = Mhz(request.number("freq_mhz")?);
    within("p452", "freq_mhz", freq.0, p452::FREQ_MHZ, " MHz")?;
    let ends = ends(request, freq)?;
    let time_percent = request.number("time_percent")?;
    let atmosphere = atmosphere(request)?;
    let path = p452::terrain(&profile(request, options)?)?;
    let latitude_deg = latitude(request, "p452", 90.0, &path, &mut outcome)?;
    let time_percent = if flag(request, "worst_month")? {
        p452::annual_percent(time_percent, latitude_deg, path.cover().sea_share)?
    } else {
        time_percent
    };
    let link = p452::Link {
        freq,
        height_m: ends.height_m,
        gain_dbi: [request.number_or("tx_gain_dbi", 0.0)?, request.number_or("rx_gain_dbi", 0.0)?],
        polarization: polarization(request)?,
        time_percent,
        atmosphere,
        pressure_hpa: request.number_or("pressure_hpa", 1013.25)?,
        temperature_c: request.number_or("temperature_c", 15.0)?,
        latitude_deg,
        coast_km: coast(request, &path)?,
    };
    let prediction = link.prepare()?.predict(&path)?;
    outcome.value("loss_db", prediction.loss.get() + ends.loss_db());
    ends.tell(&mut outcome);
    outcome.intermediate("annual_time_percent", time_percent);
    terms(&mut outcome, &prediction.terms, &path);
    warn_length(&path, &p452::DISTANCE_M, &mut outcome);
    Ok(outcome)
}
