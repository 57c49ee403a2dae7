//! The layers of `covplan centers`: the centers, and who is served from where.

use super::layer::{Columns, Layer, Shape};
use super::layers::View;
use super::redact::Released;
use crate::datacenter::centers::{Binding, CenterOfLayout};
use crate::datacenter::places::FactorSource;
use crate::datacenter::reasons::binding_words;
use crate::datacenter::{Advice, first_site_at};
use crate::geom::LonLat;
use crate::model::settings::HallKind;

/// Code and names of a kind of hall.
#[must_use]
pub const fn hall_label(hall: Option<HallKind>) -> (&'static str, &'static str, &'static str) {
    match hall {
        Some(HallKind::General) => ("general", "general", "通用"),
        Some(HallKind::Ai) => ("ai", "AI", "智算"),
        None => ("both", "general and AI", "通用与智算"),
    }
}

/// Code and names of what keeps a center where it is.
#[must_use]
pub const fn binding_label(binding: Binding) -> (&'static str, &'static str, &'static str) {
    let (en, zh) = binding_words(binding);
    (binding.code(), en, zh)
}

/// Code and names of where an emission factor comes from.
#[must_use]
pub const fn factor_label(factor: FactorSource) -> (&'static str, &'static str, &'static str) {
    match factor {
        FactorSource::Region => ("region", "regions layer", "区域图层"),
        FactorSource::Province => ("province", "province of the cluster, 2023", "集群所在省 2023"),
        FactorSource::Nation => ("nation", "national figure", "全国值"),
    }
}

/// Centers and assignments as they may be told.
pub struct CenterTables {
    ids: Vec<String>,
    names: Vec<(String, String)>,
    at: Vec<LonLat>,
    lines: Vec<[LonLat; 2]>,
    line_of: Vec<usize>,
}

impl CenterTables {
    /// Ids, names and positions at the level of redaction.
    #[must_use]
    pub fn new(released: &Released, advice: &Advice) -> Self {
        let view = released.view();
        let id = |c: &CenterOfLayout| if c.public { c.id.clone() } else { released.id(&c.id) };
        let told = |c: &CenterOfLayout| c.public || released.name(&c.name.0).is_some();
        let name = |c: &CenterOfLayout| if told(c) { c.name.clone() } else { (id(c), id(c)) };
        let at: Vec<LonLat> =
            advice.centers.iter().map(|c| if c.public { c.at } else { released.position(c.at) }).collect();
        let mut lines = Vec::new();
        let mut line_of = Vec::new();
        for (i, a) in advice.assignments.iter().enumerate() {
            if let Some(from) = first_site_at(view.inputs, a) {
                lines.push([from, at[a.center as usize]]);
                line_of.push(i);
            }
        }
        Self {
            ids: advice.centers.iter().map(id).collect(),
            names: advice.centers.iter().map(name).collect(),
            at,
            lines,
            line_of,
        }
    }

    /// Id of a center.
    #[must_use]
    pub fn id(&self, center: u32) -> &str {
        self.ids.get(center as usize).map_or("", String::as_str)
    }

    /// Name of a center, English and Chinese.
    #[must_use]
    pub fn name(&self, center: u32) -> (&str, &str) {
        self.names.get(center as usize).map_or(("", ""), |n| (&n.0, &n.1))
    }

    /// Position of a center.
    #[must_use]
    pub fn at(&self, center: u32) -> Option<LonLat> {
        self.at.get(center as usize).copied()
    }

    /// Lines from the demand to its center, with the assignment that each is.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &[LonLat; 2])> {
        self.line_of.iter().copied().zip(&self.lines)
    }
}

/// The `centers` layer. `why` are the reasons, English and Chinese.
#[must_use]
pub fn centers<'a>(
    v: View<'a>,
    advice: &'a Advice,
    tables: &'a CenterTables,
    why: &'a [(String, String)],
) -> Layer<'a> {
    let d = &advice.centers;
    let min = v.min_count;
    let count = move |n: u64| (n == 0 || n >= min).then(|| i64::try_from(n).unwrap_or(i64::MAX));
    let mut c = Columns::planned();
    c.text("center_id", ("center", "算力中心编号"), move |i| Some(tables.ids[i].as_str()));
    c.text("name", ("name", "名称"), move |i| Some(tables.names[i].0.as_str()));
    c.text("name_zh", ("name in Chinese", "中文名称"), move |i| Some(tables.names[i].1.as_str()));
    c.flag("existing", ("exists", "已有"), move |i| Some(d[i].existing));
    c.text("tier", ("tier", "层级"), move |i| Some(d[i].tier.code()));
    c.text("hall", ("kind of hall", "机房类型"), move |i| Some(hall_label(d[i].hall).0));
    c.text("city", ("city", "地市"), move |i| d[i].city.as_deref().map(|code| v.region_name(code)));
    c.float("racks_used", 2, "racks", ("racks used", "占用机架"), move |i| Some(d[i].racks_used))
        .about("standard racks of 2.5 kW", "2.5 kW 标准机架");
    c.float("racks_kept", 2, "racks", ("racks kept free", "备用机架"), move |i| Some(d[i].racks_kept))
        .about("for what one failed center serves", "供任一中心故障时承接");
    c.float("racks", 1, "racks", ("racks free today, or built", "可用或新建机架"), move |i| {
        d[i].racks
    });
    c.float("use_share", 3, "share", ("use of these racks", "上架率"), move |i| d[i].use_share);
    c.float("it_mw", 4, "MW", ("IT power used", "IT功率"), move |i| Some(d[i].it_mw));
    c.int("sites", "", ("sites served", "服务企业数"), move |i| count(d[i].sites))
        .from("planned", "withheld");
    c.int("standby", "", ("sites it stands by for", "备份企业数"), move |i| count(d[i].standby_sites))
        .from("planned", "withheld");
    c.float("rtt_mean_ms", 3, "ms", ("mean round trip", "平均往返时延"), move |i| d[i].rtt_mean_ms)
        .about("air interface, transport, UPF and application", "含空口、传输、UPF 与应用");
    c.float("rtt_p95_ms", 3, "ms", ("95 % round trip", "95%往返时延"), move |i| d[i].rtt_p95_ms);
    c.float("rtt_max_ms", 3, "ms", ("longest round trip", "最长往返时延"), move |i| d[i].rtt_worst_ms);
    c.float("fiber_p95_km", 1, "km", ("95 % of fiber to its demand", "95%光路长度"), move |i| {
        Some(d[i].fiber_p95_km)
    });
    c.float(
        "over_fiber",
        3,
        "share",
        ("reached over fiber of the layers", "按现有光缆可达占比"),
        move |i| Some(d[i].over_fiber),
    );
    c.float("pue", 3, "", ("PUE", "PUE"), move |i| Some(d[i].pue));
    c.float("energy_kwh", 0, "kWh/yr", ("energy per year", "年用电量"), move |i| {
        Some(d[i].energy_kwh_yr)
    });
    c.float("carbon_t", 1, "tCO2/yr", ("carbon per year", "年碳排放"), move |i| Some(d[i].carbon_t_yr));
    c.float("kg_kwh", 4, "kg/kWh", ("emission factor", "电网排放因子"), move |i| Some(d[i].kg_kwh));
    c.text("factor", ("factor of", "因子来源"), move |i| Some(factor_label(d[i].factor).0));
    c.float("green_mw", 0, "MW", ("green power at hand", "就近绿电"), move |i| d[i].green_mw)
        .about("an indicator; what is bought is another matter", "仅作参考，与外购绿电无关");
    c.float("capex_cny", 0, "CNY", ("capex", "建设投资"), move |i| Some(d[i].capex_cny));
    c.float("cost_cny_yr", 0, "CNY/yr", ("cost per year", "年化成本"), move |i| Some(d[i].cost_cny_yr))
        .about("annuity of the capex, electricity, transport", "投资年金、电费与传输");
    c.text("binding", ("what keeps it here", "决定因素"), move |i| Some(d[i].binding.code()));
    c.float("extra_cny_yr", 0, "CNY/yr", ("next best place costs more", "次优位置多花"), move |i| {
        d[i].next.as_ref().map(|n| n.extra_cny_yr)
    })
    .from("planned", "no other place will do");
    c.text("why", ("why here", "选址理由（英文）"), move |i| why.get(i).map(|w| w.0.as_str()));
    c.text("why_zh", ("why here (Chinese)", "选址理由"), move |i| why.get(i).map(|w| w.1.as_str()));
    Layer {
        name: "centers",
        title: ("Centers of compute", "算力中心"),
        method: (
            "facility location by cost, latency and carbon over the fiber graph, within each demand's latency limit and each hall's capacity; proven bound",
            "按成本、时延与碳排放在光网上选址，满足各业务时延限值与机房容量，给出可证界",
        ),
        inputs: &["sites", "datacenters", "fiber_nodes", "fiber_segments", "towns", "regions", "power"],
        shape: Shape::Points(Box::new(move |i| tables.at[i])),
        rows: d.len(),
        columns: c.done(),
    }
}

/// The `clusters` layer: industrial clusters found in the sites.
#[must_use]
pub fn clusters<'a>(v: View<'a>, released: &'a Released, advice: &'a Advice) -> Layer<'a> {
    let list = &advice.clusters.list;
    let min = v.min_count;
    let mut c = Columns::planned();
    c.text("cluster_id", ("cluster", "集群编号"), move |i| Some(list[i].id.as_str()));
    c.text("name", ("nearest town", "邻近城镇"), move |i| Some(list[i].name.0.as_str()));
    c.text("name_zh", ("nearest town in Chinese", "邻近城镇中文名"), move |i| {
        Some(list[i].name.1.as_str())
    });
    c.int("sites", "", ("sites", "企业数"), move |i| {
        let n = list[i].sites.len() as u64;
        (n >= min).then(|| i64::try_from(n).unwrap_or(i64::MAX))
    })
    .from("found", "withheld");
    c.float("radius_m", 0, "m", ("farthest site from the middle", "半径"), move |i| Some(list[i].radius_m));
    c.text("sector", ("main sector", "主要行业"), move |i| list[i].sector.as_ref().map(|s| s.0.as_str()))
        .from("given", "unknown");
    Layer {
        name: "clusters",
        title: ("Industrial clusters", "产业集群"),
        method: (
            "DBSCAN over great-circle distances with datacenter.cluster_m and datacenter.cluster_sites; the point is the site in the middle",
            "按大圆距离的 DBSCAN 聚类（datacenter.cluster_m、datacenter.cluster_sites），点位为居中企业",
        ),
        inputs: &["sites", "towns"],
        shape: Shape::Points(Box::new(move |i| released.position(list[i].at))),
        rows: list.len(),
        columns: c.done(),
    }
}

/// The `assignments` layer: a line from each demand to its center.
#[must_use]
pub fn assignments<'a>(v: View<'a>, advice: &'a Advice, tables: &'a CenterTables) -> Layer<'a> {
    let min = v.min_count;
    let a = move |i: usize| &advice.assignments[tables.line_of[i]];
    let mut c = Columns::planned();
    c.made_text("demand_id", ("demand", "需求编号"), move |i| {
        Some(format!("D-{:06}", tables.line_of[i] + 1))
    });
    c.text("workload", ("workload", "业务类型"), move |i| Some(a(i).workload.as_str()));
    c.text("center_id", ("center", "算力中心"), move |i| Some(tables.ids[a(i).center as usize].as_str()));
    c.text("second_id", ("second center", "备份中心"), move |i| {
        Some(a(i).second.map_or("none", |s| tables.ids[s as usize].as_str()))
    });
    c.int("sites", "", ("sites", "企业数"), move |i| {
        let n = a(i).sites.len() as u64;
        (n >= min).then(|| i64::try_from(n).unwrap_or(i64::MAX))
    })
    .from("planned", "withheld");
    c.float("racks", 4, "racks", ("racks", "机架"), move |i| Some(a(i).racks));
    c.float("rtt_ms", 3, "ms", ("round trip", "往返时延"), move |i| Some(a(i).rtt_ms))
        .about("air interface, transport, UPF and application", "含空口、传输、UPF 与应用");
    c.float("limit_ms", 2, "ms", ("limit, round trip", "往返时延限值"), move |i| Some(a(i).max_rtt_ms));
    c.float("fiber_km", 2, "km", ("fiber", "光路长度"), move |i| Some(a(i).fiber_km));
    c.flag("over_fiber", ("over fiber of the layers", "按现有光缆"), move |i| Some(a(i).over_fiber));
    Layer {
        name: "assignments",
        title: ("Who is served from where", "服务关系"),
        method: (
            "straight lines between demand and center; the way itself follows the fiber",
            "需求与中心间的直线示意，实际沿光缆",
        ),
        inputs: &["sites", "datacenters", "fiber_nodes", "fiber_segments"],
        shape: Shape::Lines(Box::new(move |i| tables.lines[i].as_slice())),
        rows: tables.lines.len(),
        columns: c.done(),
    }
}
