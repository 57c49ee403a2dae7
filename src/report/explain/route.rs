//! Why a stretch of fiber lies where it does.

use super::super::document::{Section, pick, plain};
use super::super::number::money;
use crate::model::kinds::Lang;
use crate::model::words::counted;
use serde_json::Value;

/// Why a stretch of fiber lies where it does: who needs it, and what the other ways would cost.
pub(super) fn why_here(run: &Value, item: &Value, lang: Lang) -> Option<Section> {
    let place = run["fiber_routes"].as_array()?.iter().position(|r| r["id"] == item["id"])?;
    let yuan = |v: f64| money(v, lang == Lang::Zh);
    let capex = item["capex_cny"].as_f64()?;
    let mut text = Vec::new();
    let on = |c: &&Value| {
        let has = |list: &Value| {
            list.as_array().is_some_and(|l| l.iter().any(|s| s.as_u64() == Some(place as u64)))
        };
        has(&c["route"]) || has(&c["protection"]["route"]) || has(&c["ring"])
    };
    let users: Vec<&Value> = run["connections"].as_array().into_iter().flatten().filter(on).collect();
    let alone: f64 = users.iter().filter_map(|c| c["alone_cny"].as_f64()).sum();
    let share: f64 = users.iter().filter_map(|c| c["cost_cny"].as_f64()).sum();
    let names: Vec<String> = users.iter().take(12).filter_map(|c| c["id"].as_str().map(plain)).collect();
    let more = users.len().saturating_sub(names.len());
    let names =
        format!("{}{}", names.join(", "), if more > 0 { format!(" … +{more}") } else { String::new() });
    text.push(match lang {
        Lang::En => format!(
            "Used by {}: {names}, which cost {} in this plan; each by its own cheapest way, sharing nothing, would make {}.",
            counted(users.len() as u64, "connection"),
            yuan(share),
            yuan(alone),
        ),
        Lang::Zh => format!(
            "{} 个接入使用本段：{names}。本规划中其造价合计 {}；若各走最省路由且不共享，合计 {}。",
            users.len(),
            yuan(share),
            yuan(alone),
        ),
    });
    let road = item["around_road"].as_str().map(plain);
    text.push(match (item["around_cny"].as_f64(), lang) {
        (Some(around), Lang::En) => format!(
            "This stretch costs {}. Without it, the cheapest other way for those behind it costs {}{}.",
            yuan(capex),
            yuan(around),
            road.map_or_else(String::new, |r| format!(", by road {r}")),
        ),
        (Some(around), Lang::Zh) => format!(
            "本段造价 {}；若不建本段，其后接入点的最省替代路由造价 {}{}。",
            yuan(capex),
            yuan(around),
            road.map_or_else(String::new, |r| format!("（经道路 {r}）")),
        ),
        (None, Lang::En) if item["cut_lost"].as_u64() == Some(0) => format!(
            "This stretch costs {}. It is part of two routes that share no trench: nobody loses service when it is cut.",
            yuan(capex)
        ),
        (None, Lang::Zh) if item["cut_lost"].as_u64() == Some(0) => {
            format!("本段造价 {}；属双路由的一部分，中断不影响业务。", yuan(capex))
        }
        (None, Lang::En) => format!(
            "This stretch costs {}. There is no other way for those behind it, or two routes of others pass it too.",
            yuan(capex)
        ),
        (None, Lang::Zh) => format!("本段造价 {}；其后接入点别无他路，或另有双路由经过本段。", yuan(capex)),
    });
    let yes = |key: &str| item[key].as_u64().filter(|&n| n > 0);
    if let (Some(n), Some(cny)) = (yes("crossings"), item["crossing_cny"].as_f64()) {
        let cased = yes("railways").unwrap_or(0);
        text.push(match lang {
            Lang::En => format!(
                "It passes beneath {} (directional drilling) and {} (cased), for {} of this.",
                counted(n - cased, "river"),
                counted(cased, "railway"),
                yuan(cny)
            ),
            Lang::Zh => format!(
                "其中穿越河流 {} 处（水平定向钻）、铁路 {cased} 处（套管顶进），造价 {}。",
                n - cased,
                yuan(cny)
            ),
        });
    }
    if let (Some(n), Some(cny)) = (yes("landings"), item["landing_cny"].as_f64()) {
        text.push(match lang {
            Lang::En => format!(
                "It lies under water and comes ashore at {}, for {} of this.",
                counted(n, "place"),
                yuan(cny)
            ),
            Lang::Zh => format!("敷设于水底，登陆点 {n} 处，造价 {}。", yuan(cny)),
        });
    }
    Some(Section { title: pick(lang, "Why here", "为何走此处").to_owned(), text, tables: Vec::new() })
}
