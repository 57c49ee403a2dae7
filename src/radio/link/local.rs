//! Requests to the models of free space, gas, rain, clutter, streets and building entry.

use super::{LinkError, Outcome, Request};
use crate::radio::tr38901::LosState;
use crate::radio::{fspl, p676, p838, p1411, p2108, p2109};
use crate::units::{Metres, Mhz};

fn freq(request: &Request) -> Result<Mhz, LinkError> {
    Ok(Mhz(request.number("freq_mhz")?))
}

fn loss(db: crate::units::Db) -> Outcome {
    let mut outcome = Outcome::default();
    outcome.value("loss_db", db.get());
    outcome
}

pub(super) fn free_space(request: &Request) -> Result<Outcome, LinkError> {
    let distance = Metres(request.number("distance_m")?);
    Ok(loss(fspl::free_space_loss(freq(request)?, distance)?))
}

pub(super) fn gas(request: &Request) -> Result<Outcome, LinkError> {
    let reference = p676::Air::REFERENCE;
    let air = p676::Air {
        pressure_hpa: request.number_or("pressure_hpa", reference.pressure_hpa)?,
        temperature_k: request.number_or("temperature_k", reference.temperature_k)?,
        water_vapour_g_m3: request.number_or("water_vapour_g_m3", reference.water_vapour_g_m3)?,
    };
    let gases = p676::gas_attenuation(freq(request)?, &air)?;
    let mut outcome = Outcome::default();
    outcome.value("oxygen_db_per_km", gases.oxygen_db_per_km);
    outcome.value("water_db_per_km", gases.water_db_per_km);
    if request.get("distance_m").is_some() {
        outcome.value("loss_db", gases.db_per_km() * request.number("distance_m")? / 1e3);
    }
    Ok(outcome)
}

pub(super) fn rain(request: &Request) -> Result<Outcome, LinkError> {
    let rain = p838::rain_attenuation(
        freq(request)?,
        request.number_or("elevation_deg", 0.0)?,
        request.number_or("polarization_tilt_deg", 0.0)?,
        request.number("rain_rate_mm_h")?,
    )?;
    let mut outcome = Outcome::default();
    outcome.value("rain_db_per_km", rain.db_per_km);
    outcome.value("k", rain.k);
    outcome.value("alpha", rain.alpha);
    Ok(outcome)
}

pub(super) fn street(request: &Request) -> Result<Outcome, LinkError> {
    request.choice_or("method", (), &[("site-general-below-rooftop", ())])?;
    let environment = request.choice(
        "environment",
        &[
            ("urban-high-rise", p1411::Environment::UrbanHighRise),
            ("urban-low-rise-or-suburban", p1411::Environment::UrbanLowRise),
            ("residential", p1411::Environment::Residential),
        ],
    )?;
    let state = request.choice("los", &[("los", LosState::Los), ("nlos", LosState::Nlos)])?;
    let distance = Metres(request.number("distance_m")?);
    let mut outcome = loss(p1411::below_rooftop(freq(request)?, distance, environment, state)?);
    if let Some(row) = p1411::row(environment, state) {
        outcome.value("sigma_db", row.sigma_db);
    }
    Ok(outcome)
}

#[derive(Clone, Copy)]
enum ClutterMethod {
    HeightGain,
    Terrestrial,
    Slant,
}

pub(super) fn clutter(request: &Request) -> Result<Outcome, LinkError> {
    use p2108::Clutter;
    let method = request.choice(
        "method",
        &[
            ("height-gain", ClutterMethod::HeightGain),
            ("terrestrial", ClutterMethod::Terrestrial),
            ("slant", ClutterMethod::Slant),
        ],
    )?;
    let freq = freq(request)?;
    Ok(loss(match method {
        ClutterMethod::HeightGain => {
            let clutter = request.choice("clutter", &Clutter::CODES)?;
            p2108::height_gain(
                freq,
                Metres(request.number("height_m")?),
                Metres(request.number_or("street_width_m", p2108::STREET_WIDTH_M)?),
                Metres(request.number_or("clutter_height_m", clutter.height_m())?),
                clutter,
            )?
        }
        ClutterMethod::Terrestrial => p2108::terrestrial(
            freq,
            Metres(request.number("distance_m")?),
            request.number("location_percent")?,
        )?,
        ClutterMethod::Slant => {
            p2108::slant(freq, request.number("elevation_deg")?, request.number("location_percent")?)?
        }
    }))
}

pub(super) fn building(request: &Request) -> Result<Outcome, LinkError> {
    let building = request.choice(
        "building",
        &[
            ("traditional", p2109::Building::Traditional),
            ("thermally-efficient", p2109::Building::ThermallyEfficient),
        ],
    )?;
    let elevation = request.number_or("elevation_deg", 0.0)?;
    let probability = request.number("probability_percent")?;
    Ok(loss(p2109::entry_loss(freq(request)?, building, elevation, probability)?))
}
