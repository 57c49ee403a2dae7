//! The electricity of a place: what it costs and what carbon it stands for.

use super::records::Region;
use super::settings::EnergySettings;
use serde::Serialize;

/// Hours in a year.
pub const HOURS_PER_YEAR: f64 = 8760.0;

/// Price and emission factor of a place.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Grid {
    /// Emission factor, kg CO2 per kWh.
    pub kg_kwh: f64,
    /// Price, yuan per kWh.
    pub price_cny_kwh: f64,
    /// Whether the factor is a region's, not the national one.
    pub regional: bool,
}

impl Grid {
    /// The grid of a place, from the regions around it, the nearest fit first.
    ///
    /// Factors of one basis only are used (`energy.ef_basis`): a region's of another basis gives way to the
    /// national one. A region that doesn't tell its basis is taken to mean the average.
    #[must_use]
    pub fn of<'a>(regions: impl Iterator<Item = &'a Region> + Clone, settings: &EnergySettings) -> Self {
        let basis = settings.ef_basis.as_str();
        let factor = regions.clone().filter(|r| r.ef_basis.as_deref().unwrap_or("average") == basis);
        let given = factor.filter_map(|r| r.ef_kg_kwh).next();
        let national = if basis == "residual" { settings.ef_residual_kg_kwh } else { settings.ef_kg_kwh };
        Self {
            kg_kwh: given.unwrap_or(national),
            price_cny_kwh: regions.filter_map(|r| r.price_cny_kwh).next().unwrap_or(settings.price_cny_kwh),
            regional: given.is_some(),
        }
    }

    /// What a kilowatt-hour costs with its carbon at a price, yuan.
    #[must_use]
    pub fn cny_kwh(&self, carbon_cny_t: f64) -> f64 {
        self.price_cny_kwh + self.kg_kwh / 1e3 * carbon_cny_t
    }

    /// Carbon of an amount of electricity, tonnes.
    #[must_use]
    pub fn carbon_t(&self, kwh: f64) -> f64 {
        kwh * self.kg_kwh / 1e3
    }
}
