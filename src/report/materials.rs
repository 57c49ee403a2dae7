//! The bill of materials of the planned fiber: trench, duct holes, cable and fiber told apart.

use super::coverage_document::MAX_ROWS;
use super::document::{Cell, Table, pick};
use super::layers::View;
use super::plan_document::{money_cell, money_heading};
use crate::geom::LonLat;
use crate::model::kinds::{Lang, LayMethod};
use crate::model::planned::{Connection, ConnectionState, ItemKind, PonKind, RouteSegment};
use crate::model::settings::Settings;
use crate::plan::Plan;
use std::collections::{BTreeMap, BTreeSet};

/// Joints of the planned cables: where three or more stretches meet or the cable changes, where a lead-in
/// leaves a cable that runs on, and at every end of a drum (`fiber.pon.reel_m`).
#[must_use]
pub fn joints(routes: &[RouteSegment], connections: &[Connection], reel_m: f64) -> u64 {
    let key = |p: LonLat| [p.lon_deg(), p.lat_deg()].map(|v| (v * 1e7).round() as i64);
    let mut at: BTreeMap<[i64; 2], Vec<u32>> = BTreeMap::new();
    for r in routes {
        if let [first, .., last] = r.line[..] {
            at.entry(key(first)).or_default().push(r.cable_fibers);
            at.entry(key(last)).or_default().push(r.cable_fibers);
        }
    }
    // A lead-in is the end of the cable that it hangs on; a second one there is a branch.
    let mut led_in: BTreeMap<[i64; 2], usize> = BTreeMap::new();
    let second = |c: &'_ Connection| {
        let own = c.protection.as_ref().filter(|p| p.own_entry);
        own.and_then(|p| p.lead_in.first()).copied()
    };
    for c in connections.iter().filter(|c| c.state == ConnectionState::Planned) {
        for p in c.lead_in.first().copied().into_iter().chain(second(c)) {
            *led_in.entry(key(p)).or_default() += 1;
        }
    }
    let divides = |&(place, sizes): &(&[i64; 2], &Vec<u32>)| {
        let changes = sizes.len() == 2 && sizes[0] != sizes[1];
        changes || sizes.len() + led_in.get(place).copied().unwrap_or(0) > 2
    };
    let drums: f64 = routes.iter().map(|r| (r.cable_m / reel_m).floor()).sum();
    at.iter().filter(divides).count() as u64 + drums as u64
}

/// What a party buys and builds; the money adds up to the fiber's part of the plan.
#[must_use]
pub fn table(plan: &Plan, settings: &Settings, lang: Lang) -> Table {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut table = Table::new(
        "materials",
        t("Bill of materials: fiber", "光缆工程量与材料清单"),
        vec![
            t("item", "项目"),
            t("size", "规格"),
            t("quantity", "数量"),
            t("unit", "单位"),
            t("trench km", "沟公里"),
            t("hole km", "孔公里"),
            t("cable km", "皮长公里"),
            t("fiber km", "芯公里"),
            money_heading(lang, "capex", "投资"),
            money_heading(lang, "opex/yr", "年运营"),
        ],
    )
    .short(t("Bill of materials", "材料清单"));
    #[derive(Default)]
    struct Sum {
        count: u64,
        metres: [f64; 4],
        capex: f64,
        opex: f64,
    }
    // What is built apart from ducts and poles that stand.
    let mut cables: BTreeMap<(LayMethod, bool, bool, u32), Sum> = BTreeMap::new();
    for r in &plan.routes {
        let kind = (r.method, r.trench_m > 0.0, r.reuses.is_some(), r.cable_fibers);
        let s = cables.entry(kind).or_default();
        s.count += 1;
        for (sum, m) in s.metres.iter_mut().zip([r.trench_m, r.hole_m, r.cable_m, r.fiber_m]) {
            *sum += m;
        }
        // Crossings and landings are items of their own.
        let apart = r.passages.crossing_cny + r.passages.landing_cny;
        s.capex += r.capex_cny - apart;
        s.opex += r.opex_cny_yr - apart * settings.fiber.opex_share;
    }
    let mut all = Sum::default();
    for ((method, dug, stands, fibers), s) in &cables {
        let name = match (method, dug, stands) {
            (LayMethod::Micro, ..) => t("cable, micro-trench", "光缆，微槽"),
            (_, true, _) => t("cable, new trench", "光缆，新建沟槽"),
            (LayMethod::Duct, _, true) => t("cable, existing duct", "光缆，利旧管道"),
            (LayMethod::Duct, ..) => t("cable, duct of a planned ring", "光缆，规划主干环管道"),
            (LayMethod::Aerial, _, true) => t("cable, existing poles", "光缆，利旧杆路"),
            (LayMethod::Aerial, ..) => t("cable, new poles", "光缆，新建杆路"),
            (LayMethod::Submarine, ..) => t("cable, under water", "光缆，水底"),
            (other, ..) => format!("{}: {}", t("cable", "光缆"), t(other.code(), other.zh())),
        };
        let mut row = vec![
            Cell::Text(name),
            Cell::Text(match lang {
                Lang::En => format!("{fibers} fibers"),
                Lang::Zh => format!("{fibers}芯"),
            }),
            Cell::count(Some(s.count)),
            Cell::Text(t("stretches", "段")),
        ];
        row.extend(s.metres.map(|m| Cell::Number(m / 1e3, 3)));
        row.extend([money_cell(lang, s.capex), money_cell(lang, s.opex)]);
        table.push(row);
        for (sum, m) in all.metres.iter_mut().zip(s.metres) {
            *sum += m;
        }
        all.capex += s.capex;
        all.opex += s.opex;
    }
    let mut line = |name: String, size: Cell, quantity: u64, money: Option<(f64, f64)>| {
        let mut row = vec![Cell::Text(name), size, Cell::count(Some(quantity)), Cell::Text(t("pcs", "个"))];
        row.extend([Cell::Blank, Cell::Blank, Cell::Blank, Cell::Blank]);
        match money {
            Some((capex, opex)) => row.extend([money_cell(lang, capex), money_cell(lang, opex)]),
            None => row.extend([Cell::Blank, Cell::Blank]),
        }
        table.push(row);
    };
    line(
        t("joints (within the price of cable)", "接头（含于光缆单价）"),
        Cell::Blank,
        joints(&plan.routes, &plan.connections, settings.fiber.pon.reel_m),
        None,
    );
    let passed = || plan.routes.iter().map(|r| r.passages);
    let railways: u32 = passed().map(|p| p.railways).sum();
    let rivers = passed().map(|p| p.crossings).sum::<u32>() - railways;
    let under = |c: &Connection| if c.state == ConnectionState::Planned { c.lead_in_crossings } else { 0 };
    let led_in: u32 = plan.connections.iter().map(under).sum();
    let rail_cny = f64::from(railways) * settings.fiber.rail_crossing_cny;
    let drilled_cny = passed().map(|p| p.crossing_cny).sum::<f64>() - rail_cny;
    for (en, zh, count, capex) in [
        ("river crossings, directional drilling", "穿越河流，水平定向钻", rivers, drilled_cny),
        ("railway crossings, cased beneath the track", "穿越铁路，套管顶进", railways, rail_cny),
        (
            "landings of cable under water",
            "水底光缆登陆点",
            passed().map(|p| p.landings).sum(),
            passed().map(|p| p.landing_cny).sum(),
        ),
    ] {
        if count > 0 {
            let opex = capex * settings.fiber.opex_share;
            line(t(en, zh), Cell::Blank, count.into(), Some((capex, opex)));
            all.capex += capex;
            all.opex += opex;
        }
    }
    let parts: BTreeSet<(PonKind, u32)> = plan.pon.iter().map(|n| (n.kind, n.ratio)).collect();
    for (kind, ratio) in parts {
        let of = || plan.pon.iter().filter(|n| n.kind == kind && n.ratio == ratio);
        let capex: f64 = of().map(|n| n.capex_cny).sum();
        let opex: f64 = of().map(|n| n.opex_cny_yr).sum();
        let (_, en, zh) = super::plan_layers::pon_label(kind);
        let size = if kind == PonKind::Splitter { Cell::Text(format!("1:{ratio}")) } else { Cell::Blank };
        line(t(en, zh), size, of().count() as u64, Some((capex, opex)));
        all.capex += capex;
        all.opex += opex;
    }
    let lead_ins = || plan.items.iter().filter(|i| i.kind == ItemKind::LeadIn);
    let capex: f64 = lead_ins().map(|i| i.capex_cny).sum();
    let opex: f64 = lead_ins().map(|i| i.opex_cny_yr).sum();
    let count: f64 = lead_ins().map(|i| i.quantity).sum();
    line(t("lead-ins and terminals", "引入与终端"), Cell::Blank, count.round() as u64, Some((capex, opex)));
    let beneath_cny = f64::from(led_in) * settings.fiber.crossing_cny;
    if led_in > 0 {
        let opex = beneath_cny * settings.fiber.opex_share;
        let name = t("crossings of lead-ins, directional drilling", "引入段穿越，水平定向钻");
        line(name, Cell::Blank, led_in.into(), Some((beneath_cny, opex)));
        all.capex += beneath_cny;
        all.opex += opex;
    }
    let mut total = vec![Cell::Text(t("total", "合计")), Cell::Blank, Cell::Blank, Cell::Blank];
    total.extend(all.metres.map(|m| Cell::Number(m / 1e3, 3)));
    total.extend([money_cell(lang, all.capex + capex), money_cell(lang, all.opex + opex)]);
    table.total = Some(total);
    table
}

/// Existing ducts and pole lines that the plan uses, the longest use first: how much, whose, at what rent.
#[must_use]
pub fn reused(v: View, plan: &Plan, lang: Lang) -> Option<Table> {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    #[derive(Default)]
    struct Use<'p> {
        poles: bool,
        metres: f64,
        owner: Option<&'p str>,
        consent: bool,
        rent: f64,
        fibers: u32,
    }
    let mut by: BTreeMap<&str, Use<'_>> = BTreeMap::new();
    for r in &plan.routes {
        let Some(id) = r.reuses.as_deref() else { continue };
        let u = by.entry(id).or_default();
        u.poles = r.method == LayMethod::Aerial;
        u.metres += if u.poles { r.cable_m } else { r.hole_m };
        (u.owner, u.consent) = (r.owner.as_deref(), r.consent);
        u.rent += r.rent_cny_yr;
        u.fibers = u.fibers.max(r.fibers);
    }
    let mut table = Table::new(
        "reused",
        t("Existing ducts and poles used", "利旧管道与杆路"),
        vec![
            t("duct or pole line", "管道或杆路"),
            t("kind", "类型"),
            t("owner", "产权单位"),
            t("consent", "需同意"),
            t("spare holes", "空闲管孔"),
            t("length used km", "占用公里"),
            t("most fibers", "最多纤芯"),
            t("rent ¥/yr", "年租金（元）"),
        ],
    )
    .short(t("Ducts and poles used", "利旧管道与杆路"));
    let holes: BTreeMap<&str, Option<u32>> =
        v.inputs.ducts.iter().map(|d| (d.id.as_str(), d.holes_free)).collect();
    let mut order: Vec<_> = by.iter().collect();
    order.sort_by(|a, b| b.1.metres.total_cmp(&a.1.metres).then(a.0.cmp(b.0)));
    for (id, u) in order.iter().take(MAX_ROWS) {
        table.push(vec![
            Cell::words(Some(id)),
            Cell::Text(if u.poles { t("poles", "杆路") } else { t("duct", "管道") }),
            u.owner.map_or(Cell::Unknown, |o| Cell::words(Some(o))),
            Cell::Text(if u.consent { t("yes", "是") } else { t("no", "否") }),
            if u.poles {
                Cell::Nothing
            } else {
                Cell::count(holes.get(**id).copied().flatten().map(u64::from))
            },
            Cell::Number(u.metres / 1e3, 3),
            Cell::Count(i64::from(u.fibers)),
            Cell::Number(u.rent, 0),
        ]);
    }
    table.all_rows = by.len();
    (!by.is_empty()).then_some(table)
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;
    use crate::model::planned::Passages;

    #[test]
    fn kinds_of_kilometres_and_money_add_up() {
        let plan = fixture::plan();
        let table = table(&plan, &fixture::settings(""), Lang::En);
        let total = table.total.clone().unwrap();
        let shown: Vec<String> = total.iter().map(|c| c.show(Lang::En)).collect();
        // 1,850.5 m dug, 14.6 m of hole, 2,066 m of cable, 12,396 m of fiber.
        assert_eq!(shown[4..8], ["1.851", "0.015", "2.066", "12.396"]);
        // Segments 240,400, ports and splitter 3,650, lead-ins 11,280.
        assert_eq!(shown[8], "0.255");
        // Both stretches have the same cable and only two meet: no joint but at the end of a drum.
        let joints = |routes: &[RouteSegment], reel_m| joints(routes, &plan.connections, reel_m);
        assert_eq!((joints(&plan.routes, 5_000.0), joints(&plan.routes, 1_000.0)), (0, 2));
        let mut other = plan.routes.clone();
        other[1].cable_fibers = 12;
        assert_eq!(joints(&other, 5_000.0), 1);
        // A building half way is led in from a joint.
        let mut between = plan.connections.clone();
        between[0].lead_in[0] = plan.routes[1].line[0];
        assert_eq!(super::joints(&plan.routes, &between, 5_000.0), 1);
    }

    #[test]
    fn crossings_and_landings_are_items_of_their_own() {
        let (mut plan, settings) = (fixture::plan(), fixture::settings(""));
        let total = |table: &Table| table.total.clone().unwrap()[8].show(Lang::En);
        let before = total(&table(&plan, &settings, Lang::En));
        // Within the capex of the stretch, so that the sum stays.
        plan.routes[0].passages = Passages::new(1, 1, 0, &settings.fiber);
        plan.routes[1].method = LayMethod::Submarine;
        let found = table(&plan, &settings, Lang::En);
        let row = |name: &str| {
            let all = found.rows.iter().find(|r| r[0].show(Lang::En).starts_with(name));
            all.map(|r| [2, 8].map(|k| r[k].show(Lang::En)))
        };
        let one = |capex: &str| Some(["1".to_owned(), capex.to_owned()]);
        assert_eq!(row("river crossings, directional drilling"), one("0.060"));
        assert_eq!(row("railway crossings"), one("0.090"));
        // 240,000 less both.
        assert_eq!(row("cable, new trench"), one("0.090"));
        assert_eq!((row("cable, under water"), row("landings")), (one("0.000"), None));
        assert_eq!(total(&found), before);
    }
}
