//! The drawing of each layer.

use super::*;

/// Sites by score: today, or after the plan.
pub(super) fn by_score(variant: &'static str, settings: &Settings, size: f64) -> Style {
    let (target, critical) = (settings.score.target, settings.score.critical);
    let after = variant == "after";
    let field = if after { "score_after" } else { "score" };
    let point = |mark, mm: f64, colour| marker(mark, mm * size, Some(colour), WHITE, 0.12);
    Style {
        variant,
        title: if after {
            words("Sites after the plan: score (points)", "企业（规划后）：评分（分）")
        } else {
            words("Sites today: score (points)", "企业（现状）：评分（分）")
        },
        group: if after { Group::After } else { Group::Today },
        shown: !after,
        classes: vec![
            class(
                vec![(field, Ask::Below(critical))],
                words(format!("critical (< {critical} points)"), format!("严重（< {critical} 分）")),
                point(Mark::Triangle, 3.4, CRITICAL),
            ),
            class(
                vec![(field, Ask::From(critical, Some(target)))],
                words(
                    format!("below target ({critical}–{target} points)"),
                    format!("不达标（{critical}–{target} 分）"),
                ),
                point(Mark::Square, 2.6, GAP),
            ),
            class(
                vec![(field, Ask::From(target, None))],
                words(format!("on target (≥ {target} points)"), format!("达标（≥ {target} 分）")),
                point(Mark::Circle, 2.4, MET),
            ),
            class(
                vec![(field, Ask::Unknown)],
                words("unknown or not scored", "未知或未评分"),
                marker(Mark::Circle, 2.4 * size, None, UNKNOWN, 0.25),
            ),
        ],
        naming: Some(Naming {
            field: "name",
            before: None,
            size_pt: 7.5,
            from_scale: Some(60_000.0),
            priority: 3,
        }),
        tip: vec![
            "site_id",
            "name",
            "city",
            "sector",
            "firm_size",
            "network",
            "score",
            "score_low",
            "score_high",
            "pts_outdoor_rsrp",
            "pts_indoor_rsrp",
            "pts_dl_rate",
            "pts_ul_rate",
            "pts_fiber",
            "pts_latency",
            "worst_term",
            "fiber_m",
            "latency_rtt_ms",
            "score_after",
            "station",
            "fiber_state",
        ],
        large_first: false,
    }
}

/// Gaps by points missing.
pub(super) fn gaps(settings: &Settings) -> Style {
    let (one, two) = ((settings.score.target / 3.0).round(), (settings.score.target / 1.5).round());
    let ring = |mm, colour| marker(Mark::Circle, mm, None, colour, 0.5);
    Style {
        variant: "",
        title: words("Sites below target: points missing", "不达标企业：差距（分）"),
        group: Group::Today,
        shown: false,
        classes: vec![
            class(
                vec![("deficit", Ask::From(two, None))],
                words(format!("≥ {two} points"), format!("≥ {two} 分")),
                ring(5.0, Rgb(0x7f, 0x27, 0x04)),
            ),
            class(
                vec![("deficit", Ask::From(one, Some(two)))],
                words(format!("{one}–{two} points"), format!("{one}–{two} 分")),
                ring(4.2, CRITICAL),
            ),
            class(
                vec![("deficit", Ask::Below(one))],
                words(format!("< {one} points"), format!("< {one} 分")),
                ring(3.4, GAP),
            ),
        ],
        naming: Some(Naming {
            field: "name",
            before: Some("rank"),
            size_pt: 7.5,
            from_scale: Some(400_000.0),
            priority: 5,
        }),
        tip: vec![
            "site_id",
            "name",
            "city",
            "sector",
            "rank",
            "score",
            "deficit",
            "priority",
            "worst_term",
            "fiber_m",
            "latency_rtt_ms",
            "score_after",
            "station",
        ],
        large_first: false,
    }
}

/// Towers by their 5G cells.
pub(super) fn towers(size: f64) -> Style {
    let square = |mm: f64, fill| marker(Mark::Square, mm * size, fill, UNKNOWN, 0.15);
    Style {
        variant: "",
        title: words("Towers of today: NR cells", "现有站址：5G小区数（个）"),
        group: Group::Today,
        shown: false,
        classes: vec![
            class(
                vec![("nr_cells", Ask::From(7.0, None))],
                words("7 cells or more", "7 个及以上"),
                square(2.0, Some(TOWER)),
            ),
            class(
                vec![("nr_cells", Ask::From(4.0, Some(7.0)))],
                words("4–6 cells", "4–6 个"),
                square(1.5, Some(TOWER)),
            ),
            class(
                vec![("nr_cells", Ask::From(1.0, Some(4.0)))],
                words("1–3 cells", "1–3 个"),
                square(1.1, Some(TOWER)),
            ),
            class(vec![("nr_cells", Ask::Below(1.0))], words("no NR cell", "无5G小区"), square(1.1, None)),
        ],
        naming: None,
        tip: vec!["tower_id", "id_basis", "cells", "nr_cells", "operators", "rats"],
        large_first: false,
    }
}

/// Regions by mean score: the lower, the darker.
pub(super) fn regions(settings: &Settings) -> Style {
    let (target, critical) = (settings.score.target, settings.score.critical);
    let area = |fill| Symbol::Area { fill, opacity: 1.0, edge: OUTLINE, edge_mm: 0.2 };
    let half = ((target + 100.0) / 2.0).round();
    Style {
        variant: "",
        title: words("Regions: mean score of the sites (points)", "行政区：企业平均评分（分）"),
        group: Group::Today,
        shown: true,
        classes: vec![
            class(
                vec![("mean_score", Ask::From(half, None))],
                words(format!("≥ {half} points"), format!("≥ {half} 分")),
                area(Rgb(0xf7, 0xf9, 0xfb)),
            ),
            class(
                vec![("mean_score", Ask::From(target, Some(half)))],
                words(format!("{target}–{half} points"), format!("{target}–{half} 分")),
                area(Rgb(0xe4, 0xea, 0xf0)),
            ),
            class(
                vec![("mean_score", Ask::From(critical, Some(target)))],
                words(format!("{critical}–{target} points"), format!("{critical}–{target} 分")),
                area(Rgb(0xcd, 0xd8, 0xe3)),
            ),
            class(
                vec![("mean_score", Ask::Below(critical))],
                words(format!("< {critical} points"), format!("< {critical} 分")),
                area(Rgb(0xb0, 0xc0, 0xd1)),
            ),
            class(
                vec![("mean_score", Ask::Unknown)],
                words("no score", "无评分"),
                Symbol::Area { fill: GROUND, opacity: 0.4, edge: OUTLINE, edge_mm: 0.2 },
            ),
        ],
        naming: Some(Naming { field: "name", before: None, size_pt: 9.0, from_scale: None, priority: 6 }),
        tip: vec![
            "adcode",
            "name",
            "level",
            "party",
            "sites",
            "gaps",
            "critical",
            "mean_score",
            "on_target_share",
            "fiber_share",
            "stations_official",
            "residents",
            "per_10k",
            "target_per_10k",
        ],
        large_first: true,
    }
}

/// Stations by the way they are built; hollow ones don't hide the site that they are for.
pub(super) fn stations(size: f64) -> Style {
    let of = |build, symbol| {
        let (en, zh) = build_label(build);
        class(vec![("build", Ask::Is(crate::report::plan_layers::build_code(build)))], words(en, zh), symbol)
    };
    let edged = |mark, mm: f64, fill| marker(mark, mm * size, fill, STATION, 0.35);
    Style {
        variant: "",
        title: words("Planned stations: built as", "规划基站：建设方式"),
        group: Group::Plan,
        shown: true,
        classes: vec![
            of(StationBuild::NewTower, edged(Mark::Diamond, 3.6, Some(STATION))),
            of(StationBuild::SharedTower, edged(Mark::Diamond, 3.6, None)),
            of(StationBuild::Roof, edged(Mark::Pentagon, 3.2, None)),
            of(StationBuild::Pole, edged(Mark::Diamond, 2.4, None)),
            of(StationBuild::Indoor, edged(Mark::Square, 3.0, None)),
            of(StationBuild::Upgrade, edged(Mark::Triangle, 3.2, None)),
        ],
        naming: Some(Naming {
            field: "station_id",
            before: None,
            size_pt: 7.0,
            from_scale: Some(150_000.0),
            priority: 7,
        }),
        tip: vec![
            "station_id",
            "build",
            "network",
            "carrier",
            "height_m",
            "city",
            "sites",
            "gain",
            "capex_cny",
            "opex_cny_yr",
            "payer",
            "phase",
            "locked",
        ],
        large_first: false,
    }
}

/// Fiber by trench or duct and by the fibers needed.
pub(super) fn fiber_routes() -> Style {
    let mut classes = Vec::new();
    for (ask, en, zh, dashed) in [
        (Ask::From(0.05, None), "new trench", "新建管道", false),
        (Ask::Below(0.05), "cable in existing duct, on poles or under water", "利旧管道、杆路或水底", true),
    ] {
        for (low, high, span, width_mm) in
            [(48.0, None, "≥ 48", 0.9), (12.0, Some(48.0), "12–47", 0.6), (0.0, Some(12.0), "< 12", 0.35)]
        {
            classes.push(class(
                vec![("trench_m", ask.clone()), ("fibers", Ask::From(low, high))],
                words(format!("{en}, {span} fibers"), format!("{zh}，{span} 芯")),
                line(width_mm, dashed),
            ));
        }
    }
    Style {
        variant: "",
        title: words("Planned fiber: laid as, fibers needed", "规划光缆：敷设方式与需用纤芯（芯）"),
        group: Group::Plan,
        shown: true,
        classes,
        naming: None,
        tip: vec![
            "segment_id",
            "method",
            "basis",
            "length_m",
            "trench_m",
            "hole_m",
            "fibers",
            "cable_size",
            "serves",
            "owner",
            "consent",
            "capex_cny",
            "payer",
            "phase",
        ],
        large_first: false,
    }
}

pub(super) fn lead_ins() -> Style {
    Style {
        variant: "",
        title: words("Lead-ins", "引入光缆"),
        group: Group::Plan,
        shown: true,
        classes: vec![class(vec![], words("lead-in", "引入光缆"), line(0.2, false))],
        naming: None,
        tip: vec![
            "joined_id",
            "node_id",
            "route_m",
            "lead_in_m",
            "cost_cny",
            "protect",
            "optical_m",
            "loss_db",
            "margin_db",
            "optics",
            "split",
            "light_met",
            "phase",
        ],
        large_first: false,
    }
}

pub(super) fn pon_nodes(size: f64) -> Style {
    let of = |kind, mark, fill| {
        let (code, en, zh) = pon_label(kind);
        let symbol = marker(mark, 2.2 * size, fill, ROUTE, 0.3);
        class(vec![("kind", Ask::Is(code))], words(en, zh), symbol)
    };
    Style {
        variant: "",
        title: words("Splitters and OLT ports", "分光器与PON口"),
        group: Group::Plan,
        shown: false,
        classes: vec![
            of(PonKind::Port, Mark::Square, Some(ROUTE)),
            of(PonKind::Splitter, Mark::Triangle, Some(WHITE)),
            of(PonKind::Cabinet, Mark::Square, Some(WHITE)),
        ],
        naming: None,
        tip: vec![
            "pon_id",
            "kind",
            "level",
            "ratio",
            "used",
            "serves",
            "fed_by",
            "node_id",
            "capex_cny",
            "phase",
        ],
        large_first: false,
    }
}

pub(super) fn datacenters() -> Style {
    let star = |fill| marker(Mark::Star, 4.2, Some(fill), CENTER, 0.4);
    Style {
        variant: "",
        title: words("Data centers of the plan", "规划数据中心"),
        group: Group::Plan,
        shown: true,
        classes: vec![
            class(vec![("existing", Ask::Yes(true))], words("exists", "已有"), star(CENTER)),
            class(vec![("existing", Ask::Yes(false))], words("new", "新建"), star(WHITE)),
        ],
        naming: Some(Naming { field: "name", before: None, size_pt: 8.5, from_scale: None, priority: 9 }),
        tip: vec![
            "dc_id",
            "name",
            "tier",
            "place",
            "city",
            "racks_used",
            "racks",
            "it_mw",
            "pue",
            "sites",
            "rtt_mean_ms",
            "rtt_p95_ms",
            "energy_kwh",
            "carbon_t",
            "reason_en",
            "reason_zh",
        ],
        large_first: false,
    }
}

/// Centers of compute by tier and by whether they exist.
pub(super) fn centers() -> Style {
    let tier = |code, en: &'static str, zh: &'static str, mm| {
        [(true, CENTER, "exists", "已有"), (false, WHITE, "new", "新建")].map(
            |(existing, fill, is, is_zh)| {
                class(
                    vec![("tier", Ask::Is(code)), ("existing", Ask::Yes(existing))],
                    words(format!("{en}, {is}"), format!("{zh}（{is_zh}）")),
                    marker(Mark::Star, mm, Some(fill), CENTER, 0.4),
                )
            },
        )
    };
    let mut classes = Vec::new();
    classes.extend(tier(DcTier::Hub.code(), "national hub", DcTier::Hub.zh(), 5.4));
    classes.extend(tier(DcTier::Regional.code(), "regional center", DcTier::Regional.zh(), 4.6));
    classes.extend(tier(DcTier::Edge.code(), "edge node", DcTier::Edge.zh(), 3.6));
    Style {
        variant: "",
        title: words("Centers of compute", "算力中心"),
        group: Group::Plan,
        shown: true,
        classes,
        naming: Some(Naming { field: "name", before: None, size_pt: 8.5, from_scale: None, priority: 9 }),
        tip: vec![
            "center_id",
            "name",
            "name_zh",
            "tier",
            "hall",
            "city",
            "racks_used",
            "racks",
            "it_mw",
            "sites",
            "standby",
            "rtt_mean_ms",
            "rtt_p95_ms",
            "pue",
            "energy_kwh",
            "carbon_t",
            "binding",
            "why",
            "why_zh",
        ],
        large_first: false,
    }
}

/// Industrial clusters.
pub(super) fn clusters() -> Style {
    let ring = marker(Mark::Circle, 7.0, None, ROUTE, 0.6);
    Style {
        variant: "",
        title: words("Industrial clusters", "产业集群"),
        group: Group::Today,
        shown: true,
        classes: vec![class(vec![], words("cluster", "集群"), ring)],
        naming: Some(Naming { field: "name", before: None, size_pt: 8.0, from_scale: None, priority: 4 }),
        tip: vec!["cluster_id", "name", "name_zh", "sites", "radius_m", "sector"],
        large_first: false,
    }
}

/// Who is served from where.
pub(super) fn assignments() -> Style {
    Style {
        variant: "",
        title: words("Who is served from where", "服务关系"),
        group: Group::Plan,
        shown: true,
        classes: vec![class(vec![], words("served by", "服务于"), line(0.2, true))],
        naming: None,
        tip: vec![
            "demand_id",
            "workload",
            "center_id",
            "second_id",
            "sites",
            "racks",
            "rtt_ms",
            "limit_ms",
            "fiber_km",
            "over_fiber",
        ],
        large_first: false,
    }
}

/// Areas by level, along the lightness of cividis (Nuñez, Anderton and Renslow, PLOS ONE 13(7), 2018).
pub(super) fn contours() -> Style {
    let steps = [
        (Ask::From(-70.0, None), "≥ −70 dBm", Rgb(0xfe, 0xe8, 0x38)),
        (Ask::From(-80.0, Some(-70.0)), "≥ −80 dBm", Rgb(0xd3, 0xc1, 0x64)),
        (Ask::From(-90.0, Some(-80.0)), "≥ −90 dBm", Rgb(0xa5, 0x9c, 0x74)),
        (Ask::From(-100.0, Some(-90.0)), "≥ −100 dBm", Rgb(0x7c, 0x7b, 0x78)),
        (Ask::From(-110.0, Some(-100.0)), "≥ −110 dBm", Rgb(0x4b, 0x54, 0x6c)),
        (Ask::Below(-110.0), "< −110 dBm", Rgb(0x00, 0x22, 0x4d)),
    ];
    Style {
        variant: "",
        title: words("Areas by level: SS-RSRP at least (dBm)", "电平等值区：SS-RSRP 不低于（dBm）"),
        group: Group::Today,
        shown: true,
        classes: steps
            .into_iter()
            .map(|(ask, text, fill)| {
                let symbol = Symbol::Area { fill, opacity: 0.75, edge: fill, edge_mm: 0.1 };
                class(vec![("rsrp_dbm", ask)], words(text, text), symbol)
            })
            .collect(),
        naming: None,
        tip: vec!["contour_id", "rsrp_dbm", "area_km2", "model"],
        large_first: true,
    }
}
