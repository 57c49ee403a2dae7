//! The answer of `covplan energy`: electricity and carbon today and after the plan, PUE limits, sharing.

use super::Answer;
use crate::model::kinds::{DcTier, Lang};
use crate::model::words::counted;
use crate::policy::energy::{Energy, HallUse, Shared, Sharing, Use};
use crate::report::center_words::center_name;
use crate::report::chart::{Chart, Columns};
use crate::report::coverage_document::{MAX_ROWS, banners, headings, say};
use crate::report::document::{Cell, Document, Section, Table, pick, plain};
use crate::report::layers::View;
use crate::report::number::{fixed, grouped_decimal};
use crate::report::redact::Released;
use crate::report::write::RunInfo;
use serde_json::json;

/// The answer.
#[must_use]
pub fn energy_answer(released: &Released, found: &Energy, stopped: bool, run: &RunInfo) -> Answer {
    let lang = run.lang;
    let v = released.view();
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let settings = &v.settings.energy;
    let document = Document {
        lang,
        front: None,
        title: format!("{} – {}", plain(&run.title), t("energy and carbon", "能耗与碳排放")),
        banners: banners(v, lang, stopped),
        headline: headline(v, found, lang),
        sections: vec![Section {
            title: t("Energy and carbon", "能耗与碳排放"),
            text: vec![
                match lang {
                    Lang::En => format!(
                        "Stations: a line from {} kW idle to {} kW at full load a sector, micro and indoor cells {} % of it; \
                         cells without a load are taken at {} %. Grid factors: {} ({}), a region's own where it has one of \
                         that basis; bases are never mixed.",
                        fixed(settings.sector_idle_kw, 2),
                        fixed(settings.sector_full_kw, 2),
                        grouped_decimal(settings.small_cell_share * 100.0, 0),
                        grouped_decimal(v.settings.radio.default_load_pct, 0),
                        pick(lang, "kg CO2 per kWh", ""),
                        settings.ef_basis,
                    ),
                    Lang::Zh => format!(
                        "基站：每扇区空载 {} kW 至满载 {} kW 线性，小站与室分为其 {} %；负荷未知按 {} %。电网因子口径为{}，区域有同口径因子时用区域值，不同口径不混用。",
                        fixed(settings.sector_idle_kw, 2),
                        fixed(settings.sector_full_kw, 2),
                        grouped_decimal(settings.small_cell_share * 100.0, 0),
                        grouped_decimal(v.settings.radio.default_load_pct, 0),
                        if settings.ef_basis == "residual" {
                            "剔除已交易非化石电量"
                        } else {
                            "平均"
                        },
                    ),
                },
                t(
                    "Green power at hand counts solar, wind, hydro and biomass at work near by: an indicator, apart from \
                     what is bought, which these layers don't tell.",
                    "就近绿电为半径内在运光伏、风电、水电、生物质装机，仅作参考，与外购绿电无关（图层未说明外购量）。",
                ),
                t(
                    "Shared today: places with cells of more than one operator; ducts in which another's cable lies, as far as \
                     cables name their ducts. Of the plan: on towers, in ducts and on poles that stand; built for several: \
                     stations of more than one network at one place, new trenches for more than one site or station.",
                    "现状共享：有一家以上运营商小区的站址；有他人光缆的管道（以光缆所填管道编号为准）。规划：利用存量铁塔、管道与杆路；共建为同址多网基站、服务一处以上的新建沟槽。",
                ),
            ],
            tables: vec![
                summary(released, found, lang),
                halls(released, found, lang),
                sharing(released, found, lang),
            ],
        }],
        next: vec!["covplan plan PROJECT.toml -o DIR".to_owned()],
    };
    let mut told = serde_json::to_value(found).unwrap_or_default();
    for h in told["halls"].as_array_mut().into_iter().flatten() {
        let id = h["id"].as_str().map(|id| released.id(id));
        h["id"] = json!(id);
        if h["name"].as_str().and_then(|n| released.name(n)).is_none() {
            h["name"] = json!(null);
        }
    }
    let result = json!({ "energy": told, "today": found.today(), "halls_today": found.halls_today() });
    Answer { name: "energy", document, result }
}

fn gwh(kwh: f64) -> String {
    grouped_decimal(kwh / 1e6, 2)
}

fn headline(v: View, found: &Energy, lang: Lang) -> Vec<String> {
    let (networks, halls) = (found.today(), found.halls_today());
    let unknown = found.halls_unknown();
    let mut lines = vec![match lang {
        Lang::En => format!(
            "today: stations {} GWh a year, {} t CO2; data centers {} GWh, {} t{}",
            gwh(networks.kwh_yr),
            grouped_decimal(networks.carbon_t_yr, 0),
            gwh(halls.kwh_yr),
            grouped_decimal(halls.carbon_t_yr, 0),
            if unknown > 0 {
                format!(" ({unknown} unknown: racks, their use or PUE missing)")
            } else {
                String::new()
            }
        ),
        Lang::Zh => format!(
            "现状：基站年用电 {} GWh、碳排放 {} 吨；数据中心 {} GWh、{} 吨{}",
            gwh(networks.kwh_yr),
            grouped_decimal(networks.carbon_t_yr, 0),
            gwh(halls.kwh_yr),
            grouped_decimal(halls.carbon_t_yr, 0),
            if unknown > 0 {
                format!("（{unknown} 个未知：缺机架、上架率或 PUE）")
            } else {
                String::new()
            }
        ),
    }];
    if let Some(a) = &found.added {
        let kwh = a.stations.kwh_yr + a.centers.kwh_yr;
        let carbon = a.stations.carbon_t_yr + a.centers.carbon_t_yr;
        let percent = |share: f64| fixed(share * 100.0, 1);
        let told = found.added_share().map(percent);
        let of_stations = found.added_share_of_stations().map(percent);
        let more = match (told, of_stations, lang) {
            (Some(share), _, Lang::En) => format!(" ({share} %)"),
            (Some(share), _, Lang::Zh) => format!("（{share} %）"),
            (None, Some(share), Lang::En) => format!(
                " (stations +{share} %; no share of the whole, since the use of {} is unknown)",
                counted(unknown as u64, "center")
            ),
            (None, Some(share), Lang::Zh) => {
                format!("（基站增加 {share} %；{unknown} 个数据中心现用电未知，总增幅无法计算）")
            }
            (None, None, _) => String::new(),
        };
        lines.push(match lang {
            Lang::En => {
                format!("plan: +{} GWh a year{more}, +{} t CO2", gwh(kwh), grouped_decimal(carbon, 0))
            }
            Lang::Zh => {
                format!(
                    "规划后：年用电增加 {} GWh{more}，碳排放增加 {} 吨",
                    gwh(kwh),
                    grouped_decimal(carbon, 0)
                )
            }
        });
    }
    let over: Vec<&HallUse> = found.halls.iter().filter(|h| h.pue.is_some_and(|p| p > h.limit)).collect();
    let saving: f64 = over.iter().filter_map(|h| h.saving_kwh_yr).sum();
    if !over.is_empty() {
        lines.push(match lang {
            Lang::En => format!(
                "{} data centers above their PUE limit; at the limit they save {} GWh a year",
                over.len(),
                gwh(saving)
            ),
            Lang::Zh => format!("{} 个数据中心 PUE 超限；达限可年节电 {} GWh", over.len(), gwh(saving)),
        });
    }
    if found.towers > 0 {
        let share = found.shared_towers as f64 / found.towers as f64 * 100.0;
        let new =
            found.added.filter(|a| a.outdoor > 0).map(|a| a.on_towers as f64 / a.outdoor as f64 * 100.0);
        let new = new.map(|n| grouped_decimal(n, 0));
        let target = grouped_decimal(v.settings.policy.shared_tower_share * 100.0, 0);
        lines.push(match (lang, new) {
            (Lang::En, Some(n)) => format!("{} % of today's towers carry more than one operator; {n} % of new outdoor stations stand on existing towers (target {target} %)", grouped_decimal(share, 0)),
            (Lang::En, None) => format!("{} % of today's towers carry more than one operator", grouped_decimal(share, 0)),
            (Lang::Zh, Some(n)) => format!("现有站址共享率 {} %；新建室外站 {n} % 利用存量铁塔（目标 {target} %）", grouped_decimal(share, 0)),
            (Lang::Zh, None) => format!("现有站址共享率 {} %", grouped_decimal(share, 0)),
        });
    }
    lines
}

fn summary(released: &Released, found: &Energy, lang: Lang) -> Table {
    let v = released.view();
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut table = Table::new(
        "energy",
        t("Electricity and carbon of a year", "年用电与碳排放"),
        headings(
            lang,
            &[
                ("facility", "设施"),
                ("number", "数量"),
                ("MWh/yr", "兆瓦时/年"),
                ("tCO2/yr", "吨CO2/年"),
                ("load given", "负荷已知占比"),
                ("shared with another operator", "共享占比"),
            ],
        ),
    )
    .brief();
    let mut row = |name: String, number: Option<u64>, energy: Use, shares: [Option<f64>; 2]| {
        table.push(vec![
            Cell::Text(name),
            number.map_or(Cell::Blank, |n| Cell::Text(say(v, n, lang))),
            Cell::Number(energy.kwh_yr / 1e3, 1),
            Cell::Number(energy.carbon_t_yr, 1),
            shares[0].map_or(Cell::Blank, Cell::Share),
            shares[1].map_or(Cell::Blank, Cell::Share),
        ]);
    };
    for n in &found.networks {
        let of = |part: u64| (n.cells > 0).then(|| part as f64 / n.cells as f64);
        let name = format!("{} {}", plain(&n.network), pick(lang, "cells", "小区"));
        row(name, Some(n.cells), n.energy, [of(n.load_given), of(n.shared_cells)]);
    }
    let standing = found.halls.iter().filter(|h| h.existing && h.energy.is_some()).count() as u64;
    row(t("data centers that tell", "数据中心（已知）"), Some(standing), found.halls_today(), [None, None]);
    if let Some(a) = found.added {
        row(t("plan: new stations", "规划：新建基站"), None, a.stations, [None, None]);
        row(t("plan: load on centers", "规划：数据中心负荷"), None, a.centers, [None, None]);
        if a.embodied_t > 0.0 {
            let built = Use { kwh_yr: 0.0, carbon_t_yr: a.embodied_t };
            row(
                t("plan: making and building, once (assumed)", "规划：一次性隐含碳（假设）"),
                None,
                built,
                [None, None],
            );
        }
    }
    let today = [found.today().kwh_yr, found.halls_today().kwh_yr].map(|k| k / 1e6);
    let added = found.added.as_ref().map(|a| [a.stations.kwh_yr, a.centers.kwh_yr].map(|k| k / 1e6));
    let mut names = vec![t("today", "现状")];
    names.extend(added.map(|_| t("after the plan", "规划后")));
    let part = |name: String, k: usize| {
        let mut values = vec![today[k]];
        values.extend(added.map(|a| today[k] + a[k]));
        (name, values)
    };
    let parts =
        vec![part(t("stations", "基站"), 0), part(t("data centers that tell", "数据中心（已知）"), 1)];
    table.drawn(Some(Chart::Columns(Columns { up: t("GWh a year", "年用电 GWh"), names, parts })))
}

fn halls(released: &Released, found: &Energy, lang: Lang) -> Table {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut table = Table::new(
        "pue",
        t("Data centers against their limits", "数据中心与 PUE 限值"),
        headings(
            lang,
            &[
                ("center", "数据中心"),
                ("name", "名称"),
                ("tier", "层级"),
                ("IT kW in use", "在用IT功率（kW）"),
                ("PUE", "PUE"),
                ("basis", "口径"),
                ("limit", "限值"),
                ("pass", "达标"),
                ("MWh/yr", "兆瓦时/年"),
                ("tCO2/yr", "吨CO2/年"),
                ("kg CO2/kWh", "千克CO2/千瓦时"),
                ("saves at limit, MWh/yr", "达限可节电（兆瓦时/年）"),
                ("green power at hand, MW", "就近绿电（MW）"),
            ],
        ),
    )
    .brief();
    let tier = |tier: Option<DcTier>| tier.map_or(Cell::Unknown, |d| Cell::Text(t(d.code(), d.zh())));
    let mut list: Vec<&HallUse> = found.halls.iter().collect();
    list.sort_by(|a, b| {
        let over = |h: &HallUse| h.saving_kwh_yr.unwrap_or(0.0);
        over(b).total_cmp(&over(a)).then_with(|| a.id.cmp(&b.id))
    });
    for h in list.into_iter().take(MAX_ROWS) {
        table.push(vec![
            Cell::words(Some(&released.id(&h.id))),
            released.name(&h.name).map_or(Cell::Blank, |n| {
                let place = h.place.as_deref().unwrap_or_default();
                Cell::words(Some(&center_name(released.view(), n, place, lang)))
            }),
            tier(h.tier),
            Cell::number(h.it_kw, 0),
            Cell::number(h.pue, 2),
            h.pue_basis.as_deref().map_or(Cell::Unknown, |b| {
                Cell::words(Some(match b {
                    "design" => pick(lang, b, "设计值"),
                    "measured" => pick(lang, b, "实测值"),
                    other => other,
                }))
            }),
            Cell::Number(h.limit, 2),
            h.pue.map_or(Cell::Unknown, |p| {
                Cell::Text(if p <= h.limit { t("yes", "是") } else { t("no", "否") })
            }),
            Cell::number(h.energy.map(|e| e.kwh_yr / 1e3), 1),
            Cell::number(h.energy.map(|e| e.carbon_t_yr), 1),
            Cell::Number(h.kg_kwh, 4),
            Cell::number(h.saving_kwh_yr.map(|k| k / 1e3), 1),
            Cell::number(h.green_mw, 0),
        ]);
    }
    table
}

/// Sharing and co-building by class: today, of the plan, and the target.
fn sharing(released: &Released, found: &Energy, lang: Lang) -> Table {
    let v = released.view();
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let head = [
        ("class", "类别"),
        ("unit", "单位"),
        ("today", "现状"),
        ("of more than one operator", "多家共享"),
        ("sharing %", "共享率"),
        ("plan", "规划"),
        ("on what stands", "利用存量"),
        ("% on what stands", "存量利用率"),
        ("built for several", "共建"),
        ("co-build %", "共建率"),
        ("target", "目标"),
    ];
    let mut table =
        Table::new("sharing", t("What is shared and built together", "共建共享"), headings(lang, &head))
            .brief();
    for s in &found.sharing {
        let Sharing { class, today, today_shared, planned, on_standing, together } = *s;
        let (name, km) = match class {
            Shared::Macro => (t("towers and roofs", "铁塔与楼面站址"), false),
            Shared::Micro => (t("poles and small cells", "杆站与小站"), false),
            Shared::Indoor => (t("indoor systems", "室内分布系统"), false),
            Shared::Route => (t("ducts and pole lines", "管道与杆路"), true),
        };
        let small = |n: f64| !km && n > 0.0 && n < v.min_count as f64;
        let number = |n: Option<f64>| match n {
            None => Cell::Unknown,
            Some(n) if km => Cell::Number(n, 1),
            Some(n) => Cell::Text(say(v, n as u64, lang)),
        };
        // A share would tell a count that is withheld.
        let share = |part: Option<f64>, of: Option<f64>| match part.zip(of) {
            Some((part, of)) if of > 0.0 && !small(part) && !small(of) => Cell::Share(part / of),
            _ => Cell::Blank,
        };
        let of_plan = |n: Option<f64>| if planned.is_none() { Cell::Blank } else { number(n) };
        // An indoor system is new wherever it is built.
        let standing = on_standing.filter(|_| class != Shared::Indoor);
        table.push(vec![
            Cell::Text(name),
            Cell::Text(if km { "km".to_owned() } else { t("places", "处") }),
            number(Some(today)),
            number(today_shared),
            share(today_shared, Some(today)),
            of_plan(planned),
            if standing.is_none() { Cell::Blank } else { number(standing) },
            share(standing, planned),
            of_plan(together),
            share(together, planned),
            if class == Shared::Macro {
                Cell::Share(v.settings.policy.shared_tower_share)
            } else {
                Cell::Blank
            },
        ]);
    }
    table
}
