//! Requests to the models that need a terrain profile.

use super::{LinkError, LinkOptions, Outcome, Request};
use crate::radio::itm::{self, ItmError};
use crate::radio::profile::{Profile, ProfileError, Zone};
use crate::units::{Metres, Mhz};
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
            Ok(Profile {
                distance_m: numbers("distance_m")?,
                height_m: numbers("height_m")?,
                clutter_m: numbers("clutter_m")?,
                zone,
            })
        }
        Some(_) => Err(wrong("profile has to be an object of columns or the path of a CSV file".into())),
    }
}

fn itm_polarization(request: &Request) -> Result<itm::Polarization, LinkError> {
    let choices = [("h", itm::Polarization::Horizontal), ("v", itm::Polarization::Vertical)];
    request.choice_or("polarization", itm::Polarization::Vertical, &choices)
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
    let link = itm::Link {
        freq: Mhz(request.number("freq_mhz")?),
        height_m: [request.number("tx_height_m")?, request.number("rx_height_m")?],
        polarization: itm_polarization(request)?,
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
    let by_area = match request.get("area") {
        None => false,
        Some(value) => value
            .as_bool()
            .ok_or_else(|| LinkError::new("R004", Some("area"), "area has to be true or false"))?,
    };
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
    outcome.value("loss_db", prediction.loss.get());
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
