//! The task table: what is built, by kind, city, payer and phase. Its sums are the plan's totals.

use crate::model::kinds::LayMethod;
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
        let kind = match r.method {
            LayMethod::Submarine => ItemKind::Submarine,
            _ if r.trench_m > 0.0 => ItemKind::Trench,
            _ => ItemKind::Duct,
        };
        let (km, city) = (r.length_m / 1e3, r.city.as_deref());
        let [capex, opex] = [1.0, settings.fiber.opex_share].map(|share| r.passages.crossing_cny * share);
        add(kind, city, &r.payer, r.phase, km, r.capex_cny - capex, r.opex_cny_yr - opex);
        if r.passages.crossings > 0 {
            let count = f64::from(r.passages.crossings);
            add(ItemKind::Crossing, city, &r.payer, r.phase, count, capex, opex);
        }
    }
    for (i, c) in connections.iter().enumerate().filter(|(_, c)| c.state == ConnectionState::Planned) {
        let (city, payer) = (city_of(i), &settings.plan.payer.fiber);
        let count = f64::from(c.lead_in_crossings);
        let passing = count * settings.fiber.crossing_cny;
        let capex = lead_in_cny.get(i).copied().unwrap_or(0.0) - passing;
        let mut add = |kind, quantity, capex: f64| {
            let opex = capex * settings.fiber.opex_share;
            add(kind, city.as_deref(), payer, c.phase, quantity, capex, opex);
        };
        add(ItemKind::LeadIn, 1.0, capex);
        if count > 0.0 {
            add(ItemKind::Crossing, count, passing);
        }
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
            unit: match kind {
                ItemKind::Trench | ItemKind::Submarine | ItemKind::Duct => "km",
                _ => "pcs",
            },
            capex_cny,
            opex_cny_yr,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::planned::Passages;

    fn laid(method: LayMethod, trench_m: f64, passages: Passages) -> RouteSegment {
        RouteSegment {
            method,
            trench_m,
            cable_m: 1_000.0,
            fiber_m: 6_000.0,
            length_m: 1_000.0,
            passages,
            capex_cny: 500_000.0,
            opex_cny_yr: 15_000.0,
            payer: "operator".into(),
            ..RouteSegment::sample()
        }
    }

    #[test]
    fn crossings_and_cable_under_water_are_rows_of_their_own() {
        let settings = Settings::with(&toml::Table::new()).unwrap();
        let f = &settings.fiber;
        let routes = [
            laid(LayMethod::Duct, 1_000.0, Passages::new(1, 1, 0, f)),
            laid(LayMethod::Submarine, 0.0, Passages::new(0, 0, 2, f)),
            laid(LayMethod::Aerial, 0.0, Passages::default()),
        ];
        let mut led_in = Connection::without("s", ConnectionState::Planned);
        (led_in.lead_in_crossings, led_in.phase) = (1, 1);
        let lead_in_cny = [f.crossing_cny + 9_000.0];
        let items = gather(&[], &routes, &[led_in], &lead_in_cny, &[], &[], &settings, |_| None);
        let of = |kind| items.iter().find(|i| i.kind == kind).unwrap();
        let crossing = of(ItemKind::Crossing);
        let passing = 2.0 * f.crossing_cny + f.rail_crossing_cny;
        assert_eq!((crossing.quantity, crossing.unit, crossing.capex_cny), (3.0, "pcs", passing));
        assert_eq!(of(ItemKind::Trench).capex_cny, 500_000.0 - f.crossing_cny - f.rail_crossing_cny);
        let water = of(ItemKind::Submarine);
        assert_eq!((water.quantity, water.unit, water.capex_cny), (1.0, "km", 500_000.0));
        assert_eq!((of(ItemKind::Duct).quantity, of(ItemKind::LeadIn).capex_cny), (1.0, 9_000.0));
        let opex: f64 = items.iter().map(|i| i.opex_cny_yr).sum();
        assert!((opex - 45_000.0 - lead_in_cny[0] * f.opex_share).abs() < 1e-6);
    }
}
