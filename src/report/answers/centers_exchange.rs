//! What `covplan centers` tells of the points where operators' networks are joined.

use crate::datacenter::Advice;
use crate::datacenter::exchange::{ExchangePoint, WaysBetween};
use crate::model::kinds::Lang;
use crate::report::coverage_document::headings;
use crate::report::document::{Cell, Section, Table, pick, plain};
use crate::report::number::{fixed, grouped_decimal};
use crate::report::plan_document::{money_cell, money_heading};
use crate::report::redact::Released;
use serde_json::{Value, json};

/// An owner's network as it may be told, by its place among [`Advice::owners`].
pub(super) fn network(released: &Released, advice: &Advice, name: &str, lang: Lang) -> String {
    let number = advice.owners.iter().position(|o| o == name).map_or(0, |i| i + 1);
    released.party(name).map_or_else(|| format!("{} {number}", pick(lang, "network", "网络")), plain)
}

fn point(released: &Released, p: &ExchangePoint, lang: Lang) -> String {
    let id = plain(&released.id(&p.node));
    match &p.near {
        Some((en, zh)) => match lang {
            Lang::En => format!("{id} (near {})", plain(en)),
            Lang::Zh => format!("{id}（{}附近）", plain(zh)),
        },
        None => id,
    }
}

fn points(released: &Released, list: &[ExchangePoint], lang: Lang) -> String {
    let names: Vec<String> = list.iter().map(|p| point(released, p, lang)).collect();
    names.join(pick(lang, ", ", "、"))
}

/// One line for the head of the answer; none with fewer than two networks.
pub(super) fn headline(released: &Released, a: &Advice, lang: Lang) -> Option<String> {
    let x = &a.exchange;
    if x.pairs.is_empty() {
        return None;
    }
    let n = a.owners.len();
    let (stand, today) = (x.points.len(), &x.today);
    let km = grouped_decimal(today.detour_km, 0);
    let mut line = match (lang, today.joined > 0.0) {
        (Lang::En, true) => {
            format!(
                "{n} networks are joined at {stand} points; traffic between them detours {km} km on average"
            )
        }
        (Lang::Zh, true) => format!("{n} 张网络在 {stand} 处互通，网间流量平均绕行 {km} 公里"),
        (Lang::En, false) => format!("{n} networks are joined nowhere in these layers"),
        (Lang::Zh, false) => format!("图层中 {n} 张网络无互通点"),
    };
    // The last point that still shortens the ways by a tenth.
    let mut before = if today.joined >= 1.0 - 1e-9 { today.mean_ms } else { f64::INFINITY };
    let mut worth = None;
    for s in &x.steps {
        if s.ways.mean_ms > 0.9 * before {
            break;
        }
        (before, worth) = (s.ways.mean_ms, Some(s));
    }
    if let Some(s) = worth {
        let (names, ms, km) = (
            points(released, &s.points, lang),
            fixed(s.ways.mean_ms, 2),
            grouped_decimal(s.ways.detour_km, 0),
        );
        line += &match lang {
            Lang::En => {
                format!(
                    "; with {} more, {names}, the mean way takes {ms} ms and detours {km} km",
                    s.points.len()
                )
            }
            Lang::Zh => format!("；增设 {} 处（{names}）后平均单向 {ms} ms、绕行 {km} 公里", s.points.len()),
        };
    }
    Some(line)
}

fn ways_cells(w: &WaysBetween) -> Vec<Cell> {
    if w.joined <= 0.0 {
        return vec![Cell::Share(0.0), Cell::Nothing, Cell::Nothing, Cell::Nothing, Cell::Nothing];
    }
    vec![
        Cell::Share(w.joined),
        Cell::Number(w.mean_ms, 2),
        Cell::Number(w.mean_km, 0),
        Cell::Number(w.detour_km, 0),
        Cell::Share(w.stretched),
    ]
}

const WAYS: [(&str, &str); 5] = [
    ("traffic joined", "可互通流量"),
    ("mean one way ms", "平均单向（ms）"),
    ("mean way km", "平均路径（公里）"),
    ("detour km", "绕行（公里）"),
    ("too long", "过度绕行"),
];

/// The section; none with fewer than two networks.
pub(super) fn section(released: &Released, a: &Advice, lang: Lang) -> Option<Section> {
    let x = &a.exchange;
    if x.pairs.is_empty() {
        return None;
    }
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut columns = headings(lang, &[("networks", "网络")]);
    columns.extend(headings(lang, &WAYS));
    let mut pairs =
        Table::new("exchange_pairs", t("Between networks, as they are joined", "网间互通现状"), columns);
    for p in &x.pairs {
        let names = p.owners.each_ref().map(|o| network(released, a, o, lang));
        let mut row = vec![Cell::Text(names.join(" – "))];
        row.extend(ways_cells(&p.ways));
        pairs.push(row);
    }
    let mut columns = headings(lang, &[("points added", "新增处数"), ("where", "位置")]);
    columns.extend(headings(lang, &WAYS));
    columns.extend(headings(lang, &[("no choice beats ms", "最优界（ms）"), ("gap", "差距")]));
    columns.push(money_heading(lang, "capex", "投资"));
    let mut steps =
        Table::new("exchange_points", t("Where more points help most", "新增互通点的最佳位置"), columns);
    for s in &x.steps {
        let mut row = vec![Cell::count(Some(s.added)), Cell::Text(points(released, &s.points, lang))];
        row.extend(ways_cells(&s.ways));
        row.extend([Cell::Number(s.bound_ms, 3), Cell::Share(s.gap), money_cell(lang, s.cost_cny)]);
        steps.push(row);
    }
    let standing = points(released, &x.points, lang);
    let mut text = vec![match lang {
        Lang::En => format!(
            "Networks are joined today at: {}. Traffic runs between all places where sites join two networks, in \
             proportion to the numbers of sites, over the point that makes its way shortest; ways are of transport alone, \
             one way. Detour: km of fiber beyond the great circle times latency.detour; too long: more than 1.5 times fiber \
             along the great circle. {} places were looked at where nodes of two networks lie within 5 km.",
            if standing.is_empty() { "nowhere in these layers" } else { &standing },
            x.candidates
        ),
        Lang::Zh => format!(
            "现有互通点：{}。网间流量按企业数加权，取经各互通点最短的路径，仅计单向传输。绕行指光路超出大圆距离乘 latency.detour 的部分；过度绕行指时延超过大圆光纤的 1.5 倍。候选为两网节点相距 5 公里以内的 {} 处。",
            if standing.is_empty() { "图层中无" } else { &standing },
            x.candidates
        ),
    }];
    if x.beyond > 0.0 {
        let share = grouped_decimal(100.0 * x.beyond, 1);
        text.push(match lang {
            Lang::En => format!("{share} % of the traffic can't be joined at any of these places: its networks don't come near to each other in these layers."),
            Lang::Zh => format!("{share} % 的流量无法经任何候选点互通：图层中相应网络不相邻。"),
        });
    }
    let mut tables = vec![pairs];
    if !x.steps.is_empty() {
        tables.push(steps);
    }
    Some(Section { title: t("Where networks are joined", "网络互通点"), text, tables })
}

/// For `--json`.
pub(super) fn result(released: &Released, a: &Advice) -> Value {
    let x = &a.exchange;
    let points = |list: &[ExchangePoint]| -> Vec<Value> {
        let told = list.iter().map(|p| {
            let at = released.position(p.at);
            json!({
                "node": released.id(&p.node), "near": p.near.as_ref().map(|n| &n.0),
                "near_zh": p.near.as_ref().map(|n| &n.1), "existing": p.existing,
                "lon": at.lon_deg(), "lat": at.lat_deg(),
            })
        });
        told.collect()
    };
    let pairs = x.pairs.iter().map(|p| {
        let owners = p.owners.each_ref().map(|o| network(released, a, o, Lang::En));
        json!({ "networks": owners, "today": p.ways })
    });
    let steps = x.steps.iter().map(|s| {
        json!({
            "added": s.added, "points": points(&s.points), "ways": s.ways, "bound_ms": s.bound_ms,
            "gap": s.gap, "cost_cny": s.cost_cny,
        })
    });
    json!({
        "points": points(&x.points), "today": x.today, "pairs": pairs.collect::<Vec<_>>(),
        "steps": steps.collect::<Vec<_>>(), "candidates": x.candidates, "beyond": x.beyond,
    })
}
