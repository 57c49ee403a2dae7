//! The cells of a station that doesn't stand yet.

use crate::geom::LonLat;
use crate::model::kinds::{CellKind, Rat};
use crate::model::operators::OperatorId;
use crate::model::planned::StationBuild;
use crate::model::records::{Assumed, Cell};
use crate::model::settings::{Carrier, Settings};
use crate::model::text::{Known, Text};

/// Azimuths of a three-sector station, degrees.
pub const SECTORS: [f64; 3] = [0.0, 120.0, 240.0];

/// The carrier of new cells with its technology: `siting.carrier`, or LTE's default one where NR doesn't count.
#[must_use]
pub fn carrier(settings: &Settings) -> Option<(Rat, &Carrier)> {
    // Where only LTE counts, by the planner's wish, an NR station would lift nobody.
    let (rat, name) = if settings.project.rats.contains(&Rat::Nr) {
        (Rat::Nr, &settings.siting.carrier)
    } else {
        (Rat::Lte, &settings.radio.default_carrier.lte)
    };
    Some((rat, settings.radio.carrier.get(name)?))
}

/// Name of the carrier that a way to build brings.
#[must_use]
pub fn carrier_name(build: StationBuild, settings: &Settings) -> &str {
    match build {
        StationBuild::Upgrade => &settings.siting.upgrade_carrier,
        _ => &settings.siting.carrier,
    }
}

/// The cells of a station of `siting.carrier` (LTE's default carrier where NR doesn't count): three sectors on towers and roofs, one omni cell on poles,
/// one cell inside a hall. Load is the default, so that what is planned isn't judged empty.
#[must_use]
pub fn sectors(
    build: StationBuild,
    at: LonLat,
    height_m: f64,
    operator: OperatorId,
    settings: &Settings,
) -> Vec<Cell> {
    let brought = match build {
        StationBuild::Upgrade => {
            settings.radio.carrier.get(&settings.siting.upgrade_carrier).map(|c| (Rat::Nr, c))
        }
        _ => carrier(settings),
    };
    let Some((rat, carrier)) = brought else { return Vec::new() };
    let mut cell = Cell::at(Text::NONE, at, operator, rat);
    cell.freq_mhz = Known::new(carrier.freq_mhz as f32);
    cell.bw_mhz = Known::new(carrier.bw_mhz as f32);
    cell.height_m = Known::new(height_m as f32);
    cell.load_pct = Known::new(settings.radio.default_load_pct as f32);
    cell.kind = Some(match build {
        StationBuild::Pole => CellKind::Micro,
        StationBuild::Indoor => CellKind::Indoor,
        StationBuild::SharedTower | StationBuild::Roof | StationBuild::NewTower | StationBuild::Upgrade => {
            CellKind::Macro
        }
    });
    cell.assumed = Assumed(Assumed::POWER | Assumed::GAIN | Assumed::LOAD | Assumed::TILT);
    match build {
        StationBuild::Pole | StationBuild::Indoor => vec![cell],
        _ => {
            SECTORS.iter().map(|&azimuth| Cell { azimuth_deg: Known::new(azimuth as f32), ..cell }).collect()
        }
    }
}
