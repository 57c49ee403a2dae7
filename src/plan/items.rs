//! The task table: what is built, by kind, city, payer and phase. Its sums are the plan's totals.

use crate::model::planned::{
    Center, Connection, ConnectionState, Item, ItemKind, PonNode, RouteSegment, Station, StationBuild,
};
use crate::model::settings::Settings;
use std::collections::BTreeMap;

/// What the parts of a plan cost, gathered. `lead_in_cny` is lead-in and equipment per connection; `city_of` names the city of a connection (by its index).
#[must_use]
#[allow(clippy::too_many_arguments)]
pub fn gather(
    stations: &[Station],
    routes: &[RouteSegment],
    connections: &[Connection],
    lead_in_cny: &[f64],
    pon: &[PonNode],
    centers: &[Center],
    settings: &Settings,
    city_of: impl Fn(usize) -> Option<String>,
) -> Vec<Item> {
    type Key = (ItemKind, String, String, u32);
    let mut table: BTreeMap<Key, (f64, f64, f64)> = BTreeMap::new();
    let mut add = |kind, city: Option<&str>, payer: &str, phase, quantity: f64, capex: f64, opex: f64| {
        let row =
            table.entry((kind, city.unwrap_or("unknown").to_owned(), payer.to_owned(), phase)).or_default();
        row.0 += quantity;
        row.1 += capex;
        row.2 += opex;
    };
    for s in stations {
        let kind = if s.build == StationBuild::Indoor { ItemKind::Indoor } else { ItemKind::Station };
        add(kind, s.city.as_deref(), &s.payer, s.phase, 1.0, s.capex_cny, s.opex_cny_yr);
    }
    for r in routes {
        let kind = if r.trench_m > 0.0 { ItemKind::Trench } else { ItemKind::Duct };
        let km = r.length_m / 1e3;
        add(kind, r.city.as_deref(), &r.payer, r.phase, km, r.capex_cny, r.opex_cny_yr);
    }
    for (i, c) in connections.iter().enumerate().filter(|(_, c)| c.state == ConnectionState::Planned) {
        let capex = lead_in_cny.get(i).copied().unwrap_or(0.0);
        let opex = capex * settings.fiber.opex_share;
        let city = city_of(i);
        add(ItemKind::LeadIn, city.as_deref(), &settings.plan.payer.fiber, c.phase, 1.0, capex, opex);
    }
    for n in pon {
        add(ItemKind::Pon, n.city.as_deref(), &n.payer, n.phase, 1.0, n.capex_cny, n.opex_cny_yr);
    }
    // Halls that stand aren't built, but run on what the plan puts there, from the first year on.
    for c in centers.iter().filter(|c| !c.existing || c.opex_cny_yr > 0.0) {
        let (built, phase) = if c.existing { (0.0, 1) } else { (1.0, c.phase) };
        let payer = &settings.plan.payer.datacenter;
        add(ItemKind::DataCenter, c.city.as_deref(), payer, phase, built, c.capex_cny, c.opex_cny_yr);
    }
    table
        .into_iter()
        .map(|((kind, city, payer, phase), (quantity, capex_cny, opex_cny_yr))| Item {
            kind,
            city,
            payer,
            phase,
            quantity,
            unit: if matches!(kind, ItemKind::Trench | ItemKind::Duct) { "km" } else { "pcs" },
            capex_cny,
            opex_cny_yr,
        })
        .collect()
}
