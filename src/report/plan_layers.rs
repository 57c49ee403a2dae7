//! The layers of a plan: stations, fiber, lead-ins, data centers.

use super::center_layers::hall_label;
use super::layer::{Columns, Layer, Shape};
use super::layers::View;
use crate::model::planned::{
    Connection, ConnectionState, ItemKind, Optical, PonKind, Protection, StationBuild,
};
use crate::plan::Plan;

/// Code of a way to build a station.
#[must_use]
pub const fn build_code(build: StationBuild) -> &'static str {
    match build {
        StationBuild::SharedTower => "shared-tower",
        StationBuild::Roof => "roof",
        StationBuild::Pole => "pole",
        StationBuild::NewTower => "new-tower",
        StationBuild::Indoor => "indoor",
        StationBuild::Upgrade => "upgrade",
    }
}

/// Name of a way to build a station for people, English and Chinese.
#[must_use]
pub const fn build_label(build: StationBuild) -> (&'static str, &'static str) {
    match build {
        StationBuild::SharedTower => ("station on an existing tower", "共享铁塔站"),
        StationBuild::Roof => ("station on a roof", "楼面站"),
        StationBuild::Pole => ("station on a pole", "杆站"),
        StationBuild::NewTower => ("station on a new tower", "新建铁塔站"),
        StationBuild::Indoor => ("indoor system", "室分系统"),
        StationBuild::Upgrade => ("another carrier at a station", "存量站扩容"),
    }
}

/// Code of a state of connection.
#[must_use]
pub const fn state_code(state: ConnectionState) -> &'static str {
    match state {
        ConnectionState::Already => "already",
        ConnectionState::Planned => "planned",
        ConnectionState::NoRoad => "no-road",
        ConnectionState::NoFiber => "no-fiber",
        ConnectionState::Closed => "closed",
        ConnectionState::NoSpare => "no-spare",
        ConnectionState::Budget => "budget",
        ConnectionState::Excluded => "excluded",
        ConnectionState::Unknown => "unknown",
    }
}

/// Name of a state of connection for people, English and Chinese.
#[must_use]
pub const fn state_label(state: ConnectionState) -> (&'static str, &'static str) {
    match state {
        ConnectionState::Already => ("has fiber already", "已有光纤"),
        ConnectionState::Planned => ("joined by this plan", "本规划接入"),
        ConnectionState::NoRoad => ("too far from any road", "距道路过远"),
        ConnectionState::NoFiber => ("no joinable fiber within reach", "可达范围内无可接入光纤"),
        ConnectionState::Closed => ("no road open to digging leads there", "无可开挖道路通达"),
        ConnectionState::NoSpare => ("no fibers to spare within reach", "可达节点无空闲纤芯"),
        ConnectionState::Budget => ("beyond the budget", "超出预算"),
        ConnectionState::Excluded => ("excluded by the planner", "规划人员排除"),
        ConnectionState::Unknown => ("not known", "未知"),
    }
}

/// Code and names of a kind of budget item.
#[must_use]
pub const fn item_label(kind: ItemKind) -> (&'static str, &'static str, &'static str) {
    match kind {
        ItemKind::Station => ("station", "radio stations", "基站"),
        ItemKind::Indoor => ("indoor", "indoor systems", "室分系统"),
        ItemKind::Trench => ("trench", "new trench with cable", "新建管道光缆"),
        ItemKind::Crossing => ("crossing", "river and railway crossings", "穿越河流铁路工程"),
        ItemKind::Submarine => ("submarine", "cable under water, with landings", "水底光缆（含登陆点）"),
        ItemKind::Duct => ("duct", "cable in existing ducts and on poles", "利旧管道与杆路光缆"),
        ItemKind::Pon => ("pon", "splitters and OLT ports", "分光器与PON口"),
        ItemKind::LeadIn => ("lead-in", "lead-ins and terminals", "引入与终端"),
        ItemKind::DataCenter => ("data-center", "data centers", "数据中心"),
    }
}

/// The `stations` layer.
#[must_use]
pub fn stations<'a>(v: View<'a>, plan: &'a Plan) -> Layer<'a> {
    let s = &plan.stations;
    let mut c = Columns::planned();
    c.text("station_id", ("station", "基站编号"), move |i| Some(s[i].id.as_str()));
    c.text("build", ("built as", "建设方式"), move |i| Some(build_code(s[i].build)));
    c.text("network", ("network", "网络"), move |i| Some(s[i].network.as_str()));
    c.text("carrier", ("carrier", "载波"), move |i| Some(s[i].carrier.as_str())).from("assumed", "withheld");
    c.text("candidate", ("candidate", "候选站址"), move |i| Some(s[i].candidate.as_str()));
    c.float("height_m", 1, "m", ("antenna height", "天线挂高"), move |i| {
        Some(s[i].height_m).filter(|h| *h > 0.0)
    })
    .from("given or assumed", "withheld");
    c.int("nodes", "", ("indoor nodes", "室内节点数"), move |i| s[i].nodes.map(i64::from));
    c.text("city", ("city", "地市"), move |i| s[i].city.as_deref().map(|code| v.region_name(code)));
    c.text("adcode", ("region code", "行政区划代码"), move |i| s[i].city.as_deref());
    c.int("sites", "", ("sites lifted", "达标企业数"), move |i| Some(s[i].sites_lifted.len() as i64));
    c.made_text("site_ids", ("lifted sites", "达标企业编号"), move |i| {
        Some(s[i].sites_lifted.join(" "))
    });
    c.float("gain", 2, "points", ("weighted points gained", "加权得分增量"), move |i| Some(s[i].gain));
    c.float("capex_cny", 0, "CNY", ("capex", "建设投资"), move |i| Some(s[i].capex_cny))
        .about("tax excluded", "不含税");
    c.float("opex_cny_yr", 0, "CNY/yr", ("opex per year", "年运营成本"), move |i| {
        Some(s[i].opex_cny_yr)
    });
    c.float("energy_kwh", 0, "kWh/yr", ("energy per year", "年用电量"), move |i| {
        Some(s[i].energy_kwh_yr)
    });
    c.text("payer", ("payer", "出资方"), move |i| Some(s[i].payer.as_str()));
    c.int("phase", "", ("year of the plan", "建设年度"), move |i| Some(i64::from(s[i].phase)));
    c.flag("locked", ("locked by the planner", "人工锁定"), move |i| Some(s[i].locked));
    c.text("owner", ("owner of the place", "产权单位"), move |i| {
        Some(s[i].owner.as_deref().unwrap_or("none"))
    });
    Layer {
        name: "stations",
        title: ("Planned stations", "规划基站"),
        method: (
            "least cost that lifts every site (set cover), or most gain within the budget (maximal cover); each with a proven bound",
            "以最低成本补齐全部企业（集合覆盖），或在预算内增益最大（最大覆盖），均给出可证界",
        ),
        inputs: &["sites", "cells", "candidates"],
        shape: Shape::Points(Box::new(move |i| s[i].at)),
        rows: s.len(),
        columns: c.done(),
    }
}

/// The `fiber_routes` layer.
#[must_use]
pub fn fiber_routes<'a>(v: View<'a>, plan: &'a Plan) -> Layer<'a> {
    let r = &plan.routes;
    let mut c = Columns::planned();
    c.text("segment_id", ("segment", "光缆段编号"), move |i| Some(r[i].id.as_str()));
    c.text("method", ("laid as", "敷设方式"), move |i| Some(r[i].method.code()));
    c.text("basis", ("right of way", "路由来源"), move |i| Some(r[i].basis.code())).about(
        "inferred: drawn between places, because no road layer was given",
        "inferred：无道路图层，按点位推断",
    );
    c.text("road_id", ("road", "道路编号"), move |i| Some(r[i].road_id.as_deref().unwrap_or("none")));
    c.float("length_m", 1, "m", ("length", "长度"), move |i| Some(r[i].length_m))
        .about("geodesic", "测地线长度");
    c.float("trench_m", 1, "m", ("new trench", "新建沟长"), move |i| Some(r[i].trench_m));
    c.float("hole_m", 1, "m", ("duct hole used", "占用管孔长"), move |i| Some(r[i].hole_m));
    c.float("cable_m", 1, "m", ("cable", "皮长"), move |i| Some(r[i].cable_m));
    c.float("fiber_m", 1, "m", ("fiber", "芯长"), move |i| Some(r[i].fiber_m))
        .about("length of cable times its fibers", "皮长乘芯数");
    c.int("fibers", "", ("fibers needed", "需用纤芯"), move |i| Some(i64::from(r[i].fibers)));
    c.int("cable_size", "", ("fibers of the cable", "光缆芯数"), move |i| {
        Some(i64::from(r[i].cable_fibers))
    });
    c.float("use_pct", 1, "%", ("fibers in use", "纤芯利用率"), move |i| {
        Some(100.0 * f64::from(r[i].fibers) / f64::from(r[i].cable_fibers.max(1)))
    })
    .about("fibers needed over fibers of the cable", "需用纤芯除以光缆芯数");
    c.int("serves", "", ("sites and stations served", "服务点数"), move |i| Some(i64::from(r[i].serves)));
    c.int("cut_lost", "", ("lose service when it is cut", "中断影响点数"), move |i| {
        Some(i64::from(r[i].cut_lost))
    })
    .about("sites and stations without a second route", "无第二路由的接入点");
    c.int("crossings", "", ("rivers and railways crossed", "穿越河流铁路处数"), move |i| {
        Some(i64::from(r[i].passages.crossings))
    });
    c.text("crossing_method", ("crossed by", "穿越方式"), move |i| Some(r[i].passages.crossing_method()))
        .about(
            "drilled: directional drilling beneath a river; cased: pipe pushed beneath a railway",
            "drilled 水平定向钻，cased 套管顶进",
        );
    c.float("crossing_cny", 0, "CNY", ("cost of crossings", "穿越造价"), move |i| {
        Some(r[i].passages.crossing_cny)
    })
    .about("part of the capex", "含于建设投资");
    c.int("landings", "", ("landings of a cable under water", "水底光缆登陆点数"), move |i| {
        Some(i64::from(r[i].passages.landings))
    });
    c.float("landing_cny", 0, "CNY", ("cost of landings", "登陆点造价"), move |i| {
        Some(r[i].passages.landing_cny)
    })
    .about("part of the capex", "含于建设投资");
    c.flag("permit", ("digging permit needed", "需开挖许可"), move |i| Some(r[i].permit));
    c.text("reuses", ("duct or pole line reused", "利旧管道或杆路"), move |i| {
        Some(r[i].reuses.as_deref().unwrap_or("none"))
    })
    .about("duct_id, or segment_id of the cable on the poles", "管道编号，或杆路所属光缆段编号");
    c.float("rent_cny_yr", 0, "CNY/yr", ("rent", "租金"), move |i| Some(r[i].rent_cny_yr))
        .about("part of the opex", "含于年运营成本");
    c.text("owner", ("duct owner", "管道产权单位"), move |i| {
        Some(r[i].owner.as_deref().unwrap_or("none"))
    });
    c.flag("consent", ("consent needed", "需产权方同意"), move |i| Some(r[i].consent));
    c.float("capex_cny", 0, "CNY", ("capex", "建设投资"), move |i| Some(r[i].capex_cny));
    c.float("opex_cny_yr", 0, "CNY/yr", ("opex per year", "年运营成本"), move |i| {
        Some(r[i].opex_cny_yr)
    });
    c.text("payer", ("payer", "出资方"), move |i| Some(r[i].payer.as_str()));
    c.text("city", ("city", "地市"), move |i| r[i].city.as_deref().map(|code| v.region_name(code)));
    c.int("phase", "", ("year of the plan", "建设年度"), move |i| Some(i64::from(r[i].phase)));
    Layer {
        name: "fiber_routes",
        title: ("Planned fiber", "规划光缆"),
        method: (
            "Steiner tree over the right of way, and two routes without a common trench where protection is asked for: trenches are shared, ducts with spare holes come first",
            "沿路由的斯坦纳树（需保护者为两条不共沟路由）：共享沟槽，优先利用空闲管孔",
        ),
        inputs: &["sites", "roads", "fiber", "fiber_nodes", "fiber_segments", "ducts"],
        shape: Shape::Lines(Box::new(move |i| r[i].line.as_slice())),
        rows: r.len(),
        columns: c.done(),
    }
}

/// The `lead_ins` layer: how each planned site and station is joined to the right of way.
#[must_use]
pub fn lead_ins<'a>(plan: &'a Plan) -> Layer<'a> {
    let planned = plan.connections.iter().filter(|c| c.state == ConnectionState::Planned);
    let first =
        planned.clone().filter(|c| c.lead_in.len() > 1).map(|connection| LeadIn { connection, second: None });
    let second = planned.filter_map(|connection| {
        let second = connection.protection.as_ref().filter(|p| p.own_entry && p.lead_in.len() > 1)?;
        Some(LeadIn { connection, second: Some(second) })
    });
    let list: Vec<LeadIn<'a>> = first.chain(second).collect();
    let rows = list.len();
    let list = std::sync::Arc::new(list);
    let l = |pick: fn(&LeadIn<'a>) -> Option<f64>| {
        let list = std::sync::Arc::clone(&list);
        move |i: usize| pick(&list[i])
    };
    let mut c = Columns::planned();
    let ids = std::sync::Arc::clone(&list);
    c.made_text("joined_id", ("site or station", "接入点编号"), move |i| {
        let LeadIn { connection, second } = ids[i];
        Some(format!("{}{}", connection.id, if second.is_some() { "/2" } else { "" }))
    })
    .about("with /2 behind it where its second route is led in", "第二路由引入段加后缀 /2");
    let nodes = std::sync::Arc::clone(&list);
    c.text("node_id", ("joined to", "接入节点"), move |i| match nodes[i].second {
        Some(p) => p.node.as_deref(),
        None => nodes[i].connection.node.as_deref(),
    })
    .from("planned", "unknown");
    c.float(
        "route_m",
        1,
        "m",
        ("route to the node", "路由长度"),
        l(|l| l.second.map_or(l.connection.route_m, |p| p.route_m)),
    )
    .from("planned", "unknown");
    c.float(
        "lead_in_m",
        1,
        "m",
        ("lead-in", "引入长度"),
        l(|l| l.second.map_or(l.connection.lead_in_m, |p| p.lead_in_m)),
    )
    .from("planned", "unknown");
    let beneath = std::sync::Arc::clone(&list);
    c.int("crossings", "", ("rivers and railways crossed", "穿越河流铁路处数"), move |i| {
        let LeadIn { connection, second } = beneath[i];
        Some(if second.is_some() { 0 } else { i64::from(connection.lead_in_crossings) })
    })
    .about("of the lead-in, drilled beneath", "引入段，水平定向钻");
    c.float("cost_cny", 0, "CNY", ("share of the cost", "分摊造价"), l(|l| Some(l.connection.cost_cny)))
        .about("of both routes where there are two", "双路由时为两条路由合计");
    let asked = std::sync::Arc::clone(&list);
    c.text("protect", ("second route", "双路由保护"), move |i| Some(protect_code(asked[i].connection)))
        .about(
            "none: not asked for; two: two routes to the core that share no trench; one: asked for, but there is none",
            "none 未要求；two 已有两条不共沟路由；one 要求而未能满足",
        );
    let why = std::sync::Arc::clone(&list);
    c.text("why_one", ("why no second route (English)", "无第二路由原因（英文）"), move |i| {
        let reason = why[i].connection.protection.as_ref().and_then(|p| p.reason.as_ref());
        Some(reason.map_or("none", |r| r.0.as_str()))
    });
    let light = |pick: fn(&Optical) -> Option<f64>| l_opt(std::sync::Arc::clone(&list), pick);
    c.float("optical_m", 0, "m", ("fiber from the office", "光路长度"), light(|l| Some(l.optical_m))).about(
        "existing cable to the office included; route times fiber.optical_factor, and slack",
        "含至局房的既有光缆；路由乘光程系数加预留",
    );
    c.float("loss_db", 2, "dB", ("optical loss", "光路损耗"), light(|l| Some(l.loss_db)));
    c.float("margin_db", 2, "dB", ("left of the loss budget", "光功率余量"), light(|l| Some(l.margin_db)))
        .about("the margin for maintenance is part of it", "含维护余量");
    let classes = std::sync::Arc::clone(&list);
    c.text("optics", ("optics", "光路等级"), move |i| classes[i].optical().map(|l| l.class.as_str()))
        .about("class of passive optical network, or p2p: fibers of its own", "PON等级；p2p 为点对点光纤");
    let splits = std::sync::Arc::clone(&list);
    c.made_text("split", ("splitters", "分光"), move |i| {
        Some(split_text(&splits[i].optical()?.splits).unwrap_or_else(|| "none".into()))
    })
    .about("from the office on", "自局端起");
    let met = std::sync::Arc::clone(&list);
    c.flag("light_met", ("loss and reach kept", "满足光功率与距离"), move |i| {
        met[i].optical().map(|l| l.met)
    });
    let phases = std::sync::Arc::clone(&list);
    c.int("phase", "", ("year of the plan", "建设年度"), move |i| {
        Some(i64::from(phases[i].connection.phase))
    });
    let lines = std::sync::Arc::clone(&list);
    Layer {
        name: "lead_ins",
        title: ("Lead-ins", "引入光缆"),
        method: ("straight from the road to the building", "自道路至建筑直线引入"),
        inputs: &["sites", "roads"],
        shape: Shape::Lines(Box::new(move |i| match lines[i].second {
            Some(p) => p.lead_in.as_slice(),
            None => lines[i].connection.lead_in.as_slice(),
        })),
        rows,
        columns: c.done(),
    }
}

/// A lead-in of a connection: of its first route, or of its second.
#[derive(Clone, Copy)]
struct LeadIn<'a> {
    connection: &'a Connection,
    second: Option<&'a Protection>,
}

impl<'a> LeadIn<'a> {
    fn optical(&self) -> Option<&'a Optical> {
        self.second.map_or(self.connection.optical.as_ref(), |p| p.optical.as_ref())
    }
}

/// How a connection stands with its second route.
#[must_use]
pub fn protect_code(c: &Connection) -> &'static str {
    match &c.protection {
        None => "none",
        Some(p) if p.met => "two",
        Some(_) => "one",
    }
}

type Joined<'a> = std::sync::Arc<Vec<LeadIn<'a>>>;

fn l_opt<'a>(
    list: Joined<'a>,
    pick: fn(&Optical) -> Option<f64>,
) -> impl Fn(usize) -> Option<f64> + Send + Sync + 'a {
    move |i| pick(list[i].optical()?)
}

/// Splitter levels as people write them: `1:4 + 1:8`; `None` where there are none.
#[must_use]
pub fn split_text(splits: &[u32]) -> Option<String> {
    let each: Vec<String> = splits.iter().map(|r| format!("1:{r}")).collect();
    (!each.is_empty()).then(|| each.join(" + "))
}

/// Code and names of a node of a passive optical network.
#[must_use]
pub const fn pon_label(kind: PonKind) -> (&'static str, &'static str, &'static str) {
    match kind {
        PonKind::Port => ("port", "OLT port", "PON口"),
        PonKind::Splitter => ("splitter", "splitter", "分光器"),
        PonKind::Cabinet => ("cabinet", "cross-connect cabinet", "光交接箱"),
    }
}

/// The `pon_nodes` layer: ports of OLTs and splitters.
#[must_use]
pub fn pon_nodes<'a>(v: View<'a>, plan: &'a Plan) -> Layer<'a> {
    let n = &plan.pon;
    let mut c = Columns::planned();
    c.text("pon_id", ("port or splitter", "编号"), move |i| Some(n[i].id.as_str()));
    c.text("kind", ("kind", "类型"), move |i| Some(pon_label(n[i].kind).0));
    c.int("level", "", ("splitter level", "分光级"), move |i| Some(i64::from(n[i].level)))
        .about("from the office: 0 is the port", "自局端起，0 为PON口");
    c.int("ratio", "", ("outputs", "分光比"), move |i| Some(i64::from(n[i].ratio)));
    c.int("used", "", ("outputs in use", "已用端口"), move |i| Some(i64::from(n[i].used)));
    c.int("serves", "", ("sites served", "服务企业数"), move |i| Some(i64::from(n[i].serves)));
    c.text("fed_by", ("fed by", "上级"), move |i| {
        Some(n[i].fed_by.and_then(|f| n.get(f as usize)).map_or("none", |f| f.id.as_str()))
    });
    c.text("node_id", ("existing node", "现网节点"), move |i| n[i].node.as_deref())
        .about(
            "of a port its office, of a splitter the node through which it is fed",
            "PON口为所在局房，分光器为接入的现网节点",
        )
        .from("given or assumed", "not in the data");
    c.float("capex_cny", 0, "CNY", ("capex", "建设投资"), move |i| Some(n[i].capex_cny));
    c.float("opex_cny_yr", 0, "CNY/yr", ("opex per year", "年运营成本"), move |i| {
        Some(n[i].opex_cny_yr)
    });
    c.text("payer", ("payer", "出资方"), move |i| Some(n[i].payer.as_str()));
    c.text("city", ("city", "地市"), move |i| n[i].city.as_deref().map(|code| v.region_name(code)));
    c.int("phase", "", ("year of the plan", "建设年度"), move |i| Some(i64::from(n[i].phase)));
    Layer {
        name: "pon_nodes",
        title: ("Splitters and OLT ports", "分光器与PON口"),
        method: (
            "splitters along the planned trees so that splitters, ports and fiber cost least; each connection within loss budget and reach",
            "沿规划光缆设置分光器，使分光器、端口与纤芯总成本最低；逐一校验光功率预算与距离",
        ),
        inputs: &["sites", "roads", "fiber", "fiber_nodes", "fiber_segments"],
        shape: Shape::Points(Box::new(move |i| n[i].at)),
        rows: n.len(),
        columns: c.done(),
    }
}

/// The `datacenters` layer: existing centers that the plan uses, and new ones.
#[must_use]
pub fn datacenters<'a>(v: View<'a>, plan: &'a Plan) -> Layer<'a> {
    let d = &plan.centers;
    let mut c = Columns::planned();
    c.text("dc_id", ("data center", "数据中心编号"), move |i| Some(d[i].id.as_str()));
    c.text("name", ("name", "名称"), move |i| Some(d[i].name.as_str()));
    c.flag("existing", ("exists", "已有"), move |i| Some(d[i].existing));
    c.text("tier", ("tier", "层级"), move |i| Some(d[i].tier.code()));
    c.text("hall", ("kind of hall", "机房类型"), move |i| Some(hall_label(d[i].hall).0));
    c.text("place", ("stands at", "所在位置"), move |i| Some(d[i].place.as_str()));
    c.text("city", ("city", "地市"), move |i| d[i].city.as_deref().map(|code| v.region_name(code)));
    c.float("racks_used", 2, "racks", ("racks used", "占用机架"), move |i| Some(d[i].racks_used));
    c.float("racks", 1, "racks", ("racks free today, or built", "可用或新建机架"), move |i| {
        d[i].racks
    })
    .about("standard racks of 2.5 kW", "2.5 kW 标准机架");
    c.float("it_mw", 3, "MW", ("IT power used", "IT功率"), move |i| Some(d[i].it_mw));
    c.float("pue", 2, "", ("PUE", "PUE"), move |i| Some(d[i].pue));
    c.int("sites", "", ("sites served", "服务企业数"), move |i| i64::try_from(d[i].sites).ok());
    c.int("standby", "", ("sites it stands by for", "备份企业数"), move |i| {
        i64::try_from(d[i].standby_sites).ok()
    });
    c.float("rtt_mean_ms", 2, "ms", ("mean round trip", "平均往返时延"), move |i| d[i].rtt_mean_ms)
        .from("planned", "second center only");
    c.float("rtt_p95_ms", 2, "ms", ("95 % round trip", "95%往返时延"), move |i| d[i].rtt_p95_ms)
        .from("planned", "second center only");
    c.float("energy_kwh", 0, "kWh/yr", ("energy per year", "年用电量"), move |i| {
        Some(d[i].energy_kwh_yr)
    });
    c.float("carbon_t", 1, "tCO2/yr", ("carbon per year", "年碳排放"), move |i| Some(d[i].carbon_t_yr));
    c.float("capex_cny", 0, "CNY", ("capex", "建设投资"), move |i| Some(d[i].capex_cny));
    c.float("opex_cny_yr", 0, "CNY/yr", ("opex per year", "年运营成本"), move |i| {
        Some(d[i].opex_cny_yr)
    });
    c.text("payer", ("payer", "出资方"), move |i| {
        Some(if d[i].payer.is_empty() { "none" } else { &d[i].payer })
    });
    c.int("phase", "", ("year of the plan", "建设年度"), move |i| Some(i64::from(d[i].phase)));
    c.text("reason_en", ("why here", "选址理由（英文）"), move |i| Some(d[i].reason.0.as_str()));
    c.text("reason_zh", ("why here (Chinese)", "选址理由"), move |i| Some(d[i].reason.1.as_str()));
    Layer {
        name: "datacenters",
        title: ("Data centers of the plan", "规划数据中心"),
        method: (
            "facility location by cost, latency and carbon over the fiber graph with the plan's fiber, within each demand's latency limit and each hall's capacity; proven bound",
            "按成本、时延与碳排放在光网（含规划光缆）上选址，满足各业务时延限值与机房容量，给出可证界",
        ),
        inputs: &["sites", "datacenters", "fiber_nodes", "fiber_segments", "towns", "regions"],
        shape: Shape::Points(Box::new(move |i| d[i].at)),
        rows: d.len(),
        columns: c.done(),
    }
}
