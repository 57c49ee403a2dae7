//! Requests to the models of TR 38.901.

use super::{LinkError, Outcome, Request};
use crate::radio::registry::ModelInfo;
use crate::radio::tr38901::o2i::Facade;
use crate::radio::tr38901::{Clutter, Edition, Hall, LosState, Office, Scenario, Suburb, Surroundings};
use crate::units::{Metres, Mhz};

fn edition_of(text: &str) -> Edition {
    if text == "19" { Edition::V19 } else { Edition::V16 }
}

/// Path loss of a scenario, with `p_los` and σ.
pub(super) fn tr38901(request: &Request, model: &ModelInfo, _edition: &str) -> Result<Outcome, LinkError> {
    let mut outcome = Outcome::default();
    let scenario = match model.name {
        "tr38901-uma" => Scenario::Uma,
        "tr38901-umi" => Scenario::Umi,
        "tr38901-rma" => Scenario::Rma(surroundings(request, Surroundings::RURAL)?),
        "tr38901-sma" => Scenario::Sma(Suburb {
            surroundings: surroundings(request, Suburb::TYPICAL.surroundings)?,
            vegetation_density: request
                .number_or("vegetation_density", Suburb::TYPICAL.vegetation_density)?,
        }),
        "tr38901-inh" => Scenario::Inh(request.choice_or(
            "office",
            Office::Mixed,
            &[("mixed", Office::Mixed), ("open", Office::Open)],
        )?),
        "tr38901-inf-sl" => hall(request, Hall::SparseLow, &mut outcome)?,
        "tr38901-inf-dl" => hall(request, Hall::DenseLow, &mut outcome)?,
        "tr38901-inf-sh" => hall(request, Hall::SparseHigh, &mut outcome)?,
        "tr38901-inf-dh" => hall(request, Hall::DenseHigh, &mut outcome)?,
        _ => hall(request, Hall::HighHigh, &mut outcome)?,
    };
    let freq_mhz = request.number("freq_mhz")?;
    let (bs_m, ut_m) = (request.number("tx_height_m")?, request.number("rx_height_m")?);
    let distance_m = request.number("distance_2d_m")?;
    let state = request.choice("los", &[("los", LosState::Los), ("nlos", LosState::Nlos)])?;
    let prepared = scenario.prepare(Mhz(freq_mhz), Metres(bs_m), Metres(ut_m))?;
    let loss = prepared.path_loss(Metres(distance_m), state)?;

    outcome.value("loss_db", loss.get());
    outcome.value("p_los", prepared.p_los(distance_m));
    outcome.value("sigma_db", prepared.sigma_db(distance_m, state));
    outcome.intermediate("distance_3d_m", prepared.space_distance_m(distance_m));
    if prepared.breakpoint_m().is_finite() {
        outcome.intermediate("breakpoint_m", prepared.breakpoint_m());
    }
    outcome.intermediate("los_loss_db", prepared.loss_db(distance_m, LosState::Los));
    if prepared.check_distance(Metres(distance_m), LosState::Nlos).is_ok() {
        outcome.intermediate("nlos_loss_db", prepared.loss_db(distance_m, LosState::Nlos));
    }
    match scenario {
        Scenario::Uma => {
            if bs_m != 25.0 {
                outcome.warn(format!("UMa is calibrated for tx_height_m 25, not {bs_m}"));
            }
            if ut_m >= 13.0 {
                outcome.warn(
                    "from rx_height_m 13 on UMa draws the effective environment height at random: 1 m, the \
                     most favourable value, is used",
                );
            }
        }
        Scenario::Umi if bs_m != 10.0 => {
            outcome.warn(format!("UMi is calibrated for tx_height_m 10, not {bs_m}"));
        }
        Scenario::Sma(_) if freq_mhz > 37_000.0 => {
            outcome.warn("SMa was studied up to 37 GHz");
        }
        Scenario::Rma(_) if freq_mhz > 7_000.0 => {
            outcome.warn("above 7 GHz RMa rests on a single measurement campaign at 24 GHz");
        }
        _ => {}
    }
    Ok(outcome)
}

fn surroundings(request: &Request, default: Surroundings) -> Result<Surroundings, LinkError> {
    Ok(Surroundings {
        street_width_m: request.number_or("street_width_m", default.street_width_m)?,
        building_height_m: request.number_or("building_height_m", default.building_height_m)?,
    })
}

fn hall(request: &Request, hall: Hall, outcome: &mut Outcome) -> Result<Scenario, LinkError> {
    let default = Clutter::typical(hall);
    let clutter = Clutter {
        density: request.number_or("clutter_density", default.density)?,
        size_m: request.number_or("clutter_size_m", default.size_m)?,
        height_m: request.number_or("clutter_height_m", default.height_m)?,
    };
    let sparse = clutter.density < 0.4;
    match hall {
        Hall::SparseLow | Hall::SparseHigh if !sparse => {
            outcome.warn("sparse clutter means a density below 0.4: the dense hall fits better");
        }
        Hall::DenseLow | Hall::DenseHigh if sparse => {
            outcome.warn("dense clutter means a density of 0.4 or more: the sparse hall fits better");
        }
        _ => {}
    }
    let above_clutter = |end| request.number_given(end).is_some_and(|m| m > clutter.height_m);
    if matches!(hall, Hall::SparseLow | Hall::DenseLow) && above_clutter("tx_height_m") {
        outcome.warn("the base station is above the clutter: InF-SH or InF-DH fits better");
    }
    if hall == Hall::HighHigh && !(above_clutter("tx_height_m") && above_clutter("rx_height_m")) {
        outcome.warn("InF-HH takes both ends to be above the clutter");
    }
    Ok(Scenario::Inf(hall, clutter))
}

/// Loss of the way into a building.
pub(super) fn building_entry(
    request: &Request,
    model: &ModelInfo,
    edition: &str,
) -> Result<Outcome, LinkError> {
    let facade = if model.name == Facade::Low.model() { Facade::Low } else { Facade::High };
    let depth_m = request.number("indoor_distance_m")?;
    let penetration =
        facade.penetration(edition_of(edition), Mhz(request.number("freq_mhz")?), Metres(depth_m))?;
    let mut outcome = Outcome::default();
    outcome.value("loss_db", penetration.loss().get());
    outcome.value("sigma_db", penetration.sigma.get());
    outcome.intermediate("wall_loss_db", penetration.wall.get());
    outcome.intermediate("inside_loss_db", penetration.inside.get());
    if depth_m > 25.0 {
        outcome
            .warn("the TR draws the depth behind the facade from 0 to 25 m; deeper is its formula continued");
    }
    Ok(outcome)
}
