//! The tables themselves. Ranges are of what can be true, not of what is usual.

use super::Kind::{Code, Coordinate, Date, Flag, Geometry, Number, Text, Whole, Word};
use super::Need::{InCase, Optional, Required};
use super::{Column, Layer, Shape};
use crate::model::kinds as k;

macro_rules! codes {
    ($vocabulary:ident) => {
        Word(super::Vocabulary {
            codes: || k::$vocabulary::ALL.iter().map(|v| v.code()).collect(),
            read: |word| k::$vocabulary::parse(word).map(k::$vocabulary::code),
        })
    };
}

const fn col(name: &'static str, zh: &'static str, kind: super::Kind, need: super::Need) -> Column {
    Column::new(name, zh, kind, need)
}

/// Columns that every layer may have.
pub(super) static EVERY: &[Column] = &[
    col("as_of", "统计截止日期", Date, Optional).aka(&["数据日期", "截止日期"]).doc("Date of the data"),
    col("source", "来源", Text, Optional).aka(&["数据来源"]).doc("Where the data come from"),
];

/// Columns that place a point.
pub(super) static POINT: &[Column] = &[
    col("lon", "经度", Coordinate, InCase)
        .aka(&["东经", "longitude", "lng", "long", "lon_wgs84", "wgs84经度", "经度wgs84"])
        .doc("Longitude in degrees, of the layer's CRS"),
    col("lat", "纬度", Coordinate, InCase)
        .aka(&["北纬", "latitude", "lat_wgs84", "wgs84纬度", "纬度wgs84"])
        .doc("Latitude in degrees, of the layer's CRS"),
    col("x_m", "X坐标", Coordinate, InCase)
        .aka(&["x"])
        .doc("Plane coordinate with a CRS; north in Gauss-Krueger grids"),
    col("y_m", "Y坐标", Coordinate, InCase)
        .aka(&["y"])
        .doc("Plane coordinate with a CRS; east in Gauss-Krueger grids"),
    col("geometry", "坐标", Geometry, InCase)
        .aka(&["经纬度", "wkt", "coordinates", "geom", "latlon"])
        .doc("WKT, or both coordinates in one text"),
];

/// Columns that hold a line or an area.
pub(super) static GEOMETRY: &[Column] = &[col("geometry", "几何", Geometry, InCase)
    .aka(&["wkt", "geom", "坐标"])
    .doc("WKT, where the format has no geometry")];

static SITES: &[Column] = &[
    col("site_id", "企业编号", Code, InCase)
        .aka(&["工厂编号", "厂区编号", "编号", "plant_id", "factory_id", "src_id", "id"])
        .doc("Id of the plant; made from name and place when blank"),
    col("name", "企业名称", Text, Required)
        .aka(&["工厂名称", "厂区名称", "单位名称", "公司名称", "名称", "plant_name", "company", "factory"])
        .doc("Name of the firm or plant"),
    col("uscc", "统一社会信用代码", Code, Optional)
        .aka(&["信用代码", "社会信用代码"])
        .doc("Unified social credit code"),
    col("coord_src", "坐标来源", codes!(CoordSource), Optional).doc("How the position was found"),
    col("pos_acc_m", "定位精度", Number, Optional)
        .within("m", 0.0, 200_000.0)
        .doc("Accuracy of the position"),
    col("adcode", "行政区划代码", Code, Optional).aka(&["区划代码", "行政区代码"]).doc("Administrative code"),
    col("city", "地市", Text, Optional).aka(&["城市", "所在城市", "市"]).doc("City"),
    col("park", "园区", Text, Optional).aka(&["所在园区", "工业园区", "开发区"]).doc("Industrial park"),
    col("industry_code", "行业代码", Code, Optional)
        .aka(&["国民经济行业代码"])
        .doc("Industry code, GB/T 4754"),
    col("sector", "所属行业", Text, Optional)
        .aka(&["行业", "行业名称", "industry", "kind"])
        .doc("Sector in words"),
    col("firm_size", "企业规模", codes!(FirmSize), Optional).aka(&["规模"]).doc("Size of the firm"),
    col("above_scale", "是否规上", Flag, Optional)
        .aka(&["规上", "规上企业"])
        .doc("Above the statistical scale"),
    col("employees", "从业人员", Number, Optional)
        .within("count", 0.0, 2e6)
        .aka(&["从业人数", "职工人数", "员工人数", "人数"])
        .doc("Employees"),
    col("revenue_cny", "营业收入", Number, Optional)
        .within("CNY", -1e13, 1e13)
        .aka(&["营收", "主营业务收入", "年营业收入"])
        .doc("Yearly revenue"),
    col("dig_level", "数字化等级", Text, Optional).aka(&["数字化水平"]).doc("Level of digitisation"),
    col("dig_scheme", "数字化评价体系", Text, Optional).aka(&["评价体系"]).doc("Scheme of that level"),
    col("status", "状态", codes!(SiteStatus), Optional)
        .aka(&["经营状态", "企业状态", "生产状态", "plant_status", "operational_status"])
        .doc("Life cycle"),
    col("service", "业务类型", codes!(ServiceClass), Optional).aka(&["业务场景"]).doc("Service class"),
    col("ul_mbps", "上行速率需求", Number, Optional)
        .within("Mbit/s", 0.0, 1e6)
        .aka(&["上行速率", "上行需求"])
        .doc("Uplink rate needed"),
    col("dl_mbps", "下行速率需求", Number, Optional)
        .within("Mbit/s", 0.0, 1e6)
        .aka(&["下行速率", "下行需求"])
        .doc("Downlink rate needed"),
    col("latency_ms", "时延需求", Number, Optional)
        .within("ms", 0.0, 60_000.0)
        .aka(&["时延"])
        .doc("Latency needed"),
    col("latency_basis", "时延口径", codes!(LatencyBasis), Optional).doc("One way or round trip"),
    col("terminals_5g", "5G终端数", Number, Optional)
        .within("count", 0.0, 1e7)
        .aka(&["5G终端"])
        .doc("5G terminals"),
    col("area_m2", "占地面积", Number, Optional)
        .within("m2", 0.0, 1e9)
        .aka(&["建筑面积", "厂房面积"])
        .doc("Floor area"),
    col("ceiling_m", "层高", Number, Optional)
        .within("m", 1.0, 200.0)
        .aka(&["厂房高度"])
        .doc("Ceiling height"),
    col("wall", "墙体", codes!(Wall), Optional)
        .aka(&["外墙", "墙体类型"])
        .doc("Outer wall: low or high loss"),
    col("indoor_5g", "室内覆盖", codes!(Indoor5g), Optional)
        .aka(&["5G室内覆盖", "室分情况"])
        .doc("Indoor 5G system; blank is unknown"),
    col("has_fiber", "光纤接入", Flag, Optional).aka(&["是否光纤接入", "光纤"]).doc("Fiber in the building"),
    col("protect", "双路由保护", Flag, Optional)
        .aka(&["双路由", "是否双路由", "需双路由"])
        .doc("Needs two routes of fiber that share no trench"),
    col("uses_5g", "是否应用5G", Flag, Optional).aka(&["5G应用"]).doc("Uses 5G in production"),
    col("factory_scheme", "5G工厂评价体系", Text, Optional).aka(&["5G工厂体系"]).doc("5G-factory scheme"),
    col("factory_level", "5G工厂等级", Text, Optional).doc("Level within that scheme"),
    col("weight", "权重", Number, Optional).within("", 0.0, 1e9).doc("Weight in objectives"),
];

static CELLS: &[Column] = &[
    col("cell_id", "小区标识", Code, Required)
        .aka(&["CGI", "NCGI", "ECGI", "小区编号", "小区ID", "小区CGI", "CellID"])
        .doc("Id of the cell; may be composed; made when blank"),
    col("station_id", "基站编号", Code, InCase)
        .aka(&["gNodeB ID", "gNodeBID", "gNBID", "eNodeBID", "基站ID", "基站标识"])
        .doc("Station; grouped by position when missing"),
    col("tower_id", "站址编码", Code, Optional).aka(&["站址编号", "铁塔站址编码"]).doc("Tower code"),
    col("operator", "运营商", Text, Required).aka(&["归属运营商", "所属运营商"]).doc("Operator"),
    col("shared_with", "共享方", Text, Optional)
        .aka(&["共享运营商", "共建共享方"])
        .doc("Operator that shares the cell"),
    col("rat", "制式", codes!(Rat), Required)
        .aka(&["网络制式", "网络类型", "radio", "technology"])
        .doc("Technology"),
    col("band", "频段", Code, InCase)
        .aka(&["工作频段", "频带"])
        .doc("Band such as n78, or a frequency in words"),
    col("freq_mhz", "中心频率", Number, InCase)
        .within("MHz", 100.0, 330_000.0)
        .aka(&["频率", "中心频点频率", "frequency", "下行频率"])
        .doc("Carrier frequency"),
    col("nrarfcn", "频点", Whole, Optional)
        .within("", 0.0, 3_279_165.0)
        .aka(&["NR-ARFCN", "SSB频点", "下行频点", "中心频点", "arfcn"])
        .doc("Channel number, TS 38.104"),
    col("bw_mhz", "带宽", Number, InCase)
        .within("MHz", 0.1, 2_000.0)
        .aka(&["载波带宽", "信道带宽", "bandwidth"])
        .doc("Bandwidth"),
    col("kind", "站型", codes!(CellKind), Optional)
        .aka(&["基站类型", "站点类型", "小区类型", "覆盖类型"])
        .doc("Macro, micro or indoor"),
    col("host_site_id", "所属企业", Code, Optional)
        .aka(&["所属企业编号"])
        .doc("Plant that hosts an indoor cell"),
    col("height_m", "天线挂高", Number, InCase)
        .within("m", 0.5, 600.0)
        .aka(&["挂高", "天线高度", "站高"])
        .doc("Antenna height above ground (not above sea level)"),
    col("azimuth_deg", "方位角", Number, Optional)
        .within("deg", 0.0, 360.0)
        .aka(&["天线方位角"])
        .doc("Azimuth"),
    col("etilt_deg", "电子下倾角", Number, Optional)
        .within("deg", -20.0, 90.0)
        .aka(&["电下倾角", "电下倾", "电子下倾"])
        .doc("Electrical downtilt"),
    col("mtilt_deg", "机械下倾角", Number, Optional)
        .within("deg", -20.0, 90.0)
        .aka(&["下倾角", "机械下倾", "总下倾角", "tilt"])
        .doc("Mechanical downtilt"),
    col("power_dbm", "发射功率", Number, InCase)
        .within("dBm", -30.0, 70.0)
        .aka(&["最大发射功率", "小区功率"])
        .doc("Carrier power"),
    col("power_w", "发射功率瓦", Number, InCase)
        .within("W", 0.0, 2_000.0)
        .aka(&["发射功率", "最大发射功率", "小区功率"])
        .doc("Carrier power in watts"),
    col("ssb_epre_dbm", "SSB功率", Number, Optional)
        .within("dBm", -60.0, 60.0)
        .aka(&["SSB EPRE", "参考信号功率"])
        .doc("SSB energy per resource element"),
    col("gain_ssb_dbi", "SSB波束增益", Number, Optional)
        .within("dBi", -10.0, 40.0)
        .doc("Gain of the SSB beam"),
    col("gain_traffic_dbi", "天线增益", Number, Optional)
        .within("dBi", -10.0, 60.0)
        .aka(&["业务波束增益", "gain"])
        .doc("Gain of the traffic beam"),
    col("ports", "通道数", Code, Optional)
        .aka(&["天线通道数", "收发通道", "mimo"])
        .doc("Transmit ports, such as 64T64R"),
    col("antenna", "天线型号", Text, Optional)
        .aka(&["天线类型"])
        .doc("Antenna model; a file of the `antennas` layer may describe it"),
    col("tdd_frame", "时隙配比", Text, Optional).aka(&["帧结构", "上下行配比"]).doc("TDD frame"),
    col("pci", "物理小区标识", Whole, Optional).within("", 0.0, 1007.0).doc("Physical cell id"),
    col("load_pct", "PRB利用率", Number, Optional)
        .within("%", 0.0, 100.0)
        .aka(&["下行PRB利用率", "负荷"])
        .doc("PRB utilisation"),
    col("status", "状态", codes!(CellStatus), Optional)
        .aka(&["小区状态", "运行状态", "在网状态"])
        .doc("Life cycle"),
    col("on_air", "开通日期", Date, Optional).aka(&["入网日期", "开通时间", "入网时间"]).doc("Date on air"),
];

static FIBER_NODES: &[Column] = &[
    col("node_id", "节点编号", Code, Required)
        .aka(&["编号", "设施编号", "id"])
        .doc("Id of the node; made when blank"),
    col("kind", "类型", codes!(FiberNodeKind), Required)
        .aka(&["节点类型", "设施类型", "type"])
        .doc("Kind of node"),
    col("name", "名称", Text, Optional).aka(&["节点名称", "label"]).doc("Name"),
    col("owner", "产权单位", Text, Required).aka(&["产权", "权属", "权属单位", "operator"]).doc("Owner"),
    col("fibers_total", "纤芯总数", Whole, Optional)
        .within("count", 0.0, 1e6)
        .aka(&["纤芯", "总芯数"])
        .doc("Fibers"),
    col("fibers_free", "空闲纤芯", Whole, Optional)
        .within("count", 0.0, 1e6)
        .aka(&["空闲芯数", "剩余纤芯"])
        .doc("Spare fibers"),
    col("can_tap", "可否接入", Flag, Optional).aka(&["是否可接入"]).doc("May be joined"),
    col("pon", "PON类型", Text, Optional).aka(&["pon制式"]).doc("PON class"),
    col("ports_free", "空闲端口", Whole, Optional)
        .within("count", 0.0, 1e6)
        .aka(&["空闲PON口"])
        .doc("Free PON ports"),
    col("rack_free", "空闲机架", Number, Optional).within("count", 0.0, 1e6).doc("Free racks"),
    col("power_free_kw", "可用电力", Number, Optional)
        .within("kW", 0.0, 1e6)
        .aka(&["剩余电力"])
        .doc("Free power"),
];

static FIBER_SEGMENTS: &[Column] = &[
    col("segment_id", "光缆段编号", Code, Required)
        .aka(&["编号", "光缆编号", "id"])
        .doc("Id; made when blank"),
    col("name", "名称", Text, Optional).aka(&["光缆名称", "光缆段名称", "link"]).doc("Name"),
    col("from_node", "起点", Code, InCase)
        .aka(&["起点节点", "起始节点", "from", "source_node"])
        .doc("Node at the start"),
    col("to_node", "终点", Code, InCase)
        .aka(&["终点节点", "终止节点", "to", "target_node"])
        .doc("Node at the end"),
    col("owner", "产权单位", Text, Required).aka(&["产权", "权属", "权属单位", "operator"]).doc("Owner"),
    col("level", "级别", codes!(FiberLevel), Optional)
        .aka(&["光缆级别", "网络层级"])
        .doc("Level in the network"),
    col("method", "敷设方式", codes!(LayMethod), Optional).doc("How it is laid"),
    col("fibers_total", "纤芯总数", Whole, Optional)
        .within("count", 0.0, 1e5)
        .aka(&["芯数", "纤芯"])
        .doc("Fibers"),
    col("fibers_free", "空闲纤芯", Whole, Optional)
        .within("count", 0.0, 1e5)
        .aka(&["空闲芯数", "剩余纤芯"])
        .doc("Spare fibers"),
    col("length_m", "皮长", Number, Optional)
        .within("m", 0.0, 2e7)
        .aka(&["长度", "光缆长度"])
        .doc("Sheath length"),
    col("duct_id", "管道段编号", Code, Optional).aka(&["所属管道"]).doc("Duct that it lies in"),
    col("srlg", "同路由组", Code, Optional).doc("Shared-risk group"),
    col("status", "状态", Text, Optional).doc("Status"),
];

static FIBER: &[Column] = &[
    col("id", "编号", Code, InCase)
        .aka(&["node_id", "segment_id", "节点编号", "光缆段编号"])
        .doc("Id of the node (point) or segment (line); made when blank"),
    col("name", "名称", Text, Optional).aka(&["label", "link"]).doc("Name"),
    col("kind", "类型", codes!(FiberNodeKind), InCase).aka(&["节点类型", "type"]).doc("Kind of node"),
    col("owner", "产权单位", Text, Required).aka(&["产权", "权属", "operator", "net"]).doc("Owner"),
    col("from_node", "起点", Code, InCase).aka(&["from", "u"]).doc("Node at the start of a segment"),
    col("to_node", "终点", Code, InCase).aka(&["to", "v"]).doc("Node at the end of a segment"),
    col("level", "级别", codes!(FiberLevel), Optional).aka(&["光缆级别"]).doc("Level in the network"),
    col("method", "敷设方式", codes!(LayMethod), Optional).doc("How it is laid"),
    col("fibers_total", "纤芯总数", Whole, Optional)
        .within("count", 0.0, 1e6)
        .aka(&["纤芯", "芯数"])
        .doc("Fibers"),
    col("fibers_free", "空闲纤芯", Whole, Optional)
        .within("count", 0.0, 1e6)
        .aka(&["空闲芯数"])
        .doc("Spare fibers"),
    col("can_tap", "可否接入", Flag, Optional).doc("May be joined"),
    col("pon", "PON类型", Text, Optional).doc("PON class"),
    col("ports_free", "空闲端口", Whole, Optional).within("count", 0.0, 1e6).doc("Free PON ports"),
    col("rack_free", "空闲机架", Number, Optional).within("count", 0.0, 1e6).doc("Free racks"),
    col("power_free_kw", "可用电力", Number, Optional).within("kW", 0.0, 1e6).doc("Free power"),
    col("length_m", "皮长", Number, Optional).within("m", 0.0, 2e7).aka(&["长度"]).doc("Sheath length"),
    col("duct_id", "管道段编号", Code, Optional).doc("Duct that it lies in"),
    col("srlg", "同路由组", Code, Optional).doc("Shared-risk group"),
    col("status", "状态", Text, Optional).doc("Status"),
];

static DUCTS: &[Column] = &[
    col("duct_id", "管道段编号", Code, Required).aka(&["编号", "管道编号", "id"]).doc("Id; made when blank"),
    col("owner", "产权单位", Text, Required).aka(&["产权", "权属", "权属单位"]).doc("Owner"),
    col("holes_total", "管孔总数", Whole, Optional)
        .within("count", 0.0, 1e4)
        .aka(&["管孔", "管孔数"])
        .doc("Holes"),
    col("holes_free", "空闲管孔", Whole, Optional)
        .within("count", 0.0, 1e4)
        .aka(&["剩余管孔"])
        .doc("Spare holes"),
    col("shareable", "可否共享", Flag, Optional).aka(&["是否共享"]).doc("Whether others may use it"),
    col("rent_cny_km_yr", "租金", Number, Optional)
        .within("CNY/km/yr", 0.0, 1e7)
        .aka(&["管孔租金"])
        .doc("Rent per hole-kilometre and year"),
    col("srlg", "同路由组", Code, Optional).doc("Shared-risk group"),
    col("status", "状态", Text, Optional).doc("Status"),
];

static ROADS: &[Column] = &[
    col("road_id", "道路编号", Code, Required)
        .aka(&["编号", "osm_id", "way_id", "id"])
        .doc("Id; made when blank"),
    col("class", "道路等级", codes!(RoadClass), Required)
        .aka(&["等级", "道路类型", "highway", "fclass"])
        .doc("Class: OSM `highway` or Chinese class; `ferry`: over water, where cable can be laid under it"),
    col("name", "道路名称", Text, Optional).aka(&["名称", "路名"]).doc("Name"),
    col("bridge", "桥梁", Flag, Optional).doc("On a bridge"),
    col("tunnel", "隧道", Flag, Optional).doc("In a tunnel"),
    col("surface", "路面", Text, Optional).aka(&["路面类型"]).doc("Surface"),
    col("dig", "开挖许可", codes!(Dig), Optional).doc("Permission to dig"),
    col("no_dig_until", "禁挖期至", Date, Optional).aka(&["禁止开挖至"]).doc("Ban on digging until"),
    col("cost_factor", "造价系数", Number, Optional)
        .within("", 0.01, 1000.0)
        .doc("Factor on the cost of a trench"),
];

static CANDIDATES: &[Column] = &[
    col("cand_id", "候选编号", Code, Required)
        .aka(&["编号", "候选站址编号", "id"])
        .doc("Id; made when blank"),
    col("kind", "站址类型", codes!(CandidateKind), Required).aka(&["类型", "铁塔类型"]).doc("Kind of place"),
    col("owner", "产权单位", Text, InCase).aka(&["产权", "权属"]).doc("Owner"),
    col("tower_id", "站址编码", Code, Optional).aka(&["站址编号"]).doc("Tower code"),
    col("height_m", "高度", Number, Optional).within("m", 0.0, 600.0).aka(&["塔高", "挂高"]).doc("Height"),
    col("slots_free", "空闲平台", Whole, Optional)
        .within("count", 0.0, 100.0)
        .aka(&["剩余平台"])
        .doc("Free slots"),
    col("power_kw", "可用电力", Number, Optional)
        .within("kW", 0.0, 1e4)
        .aka(&["市电容量"])
        .doc("Power at hand"),
    col("capex_cny", "建设费用", Number, Optional)
        .within("CNY", 0.0, 1e9)
        .aka(&["造价", "投资"])
        .doc("Cost to build"),
    col("rent_cny_yr", "年租金", Number, Optional).within("CNY/yr", 0.0, 1e8).aka(&["租金"]).doc("Rent"),
    col("payer", "出资方", Text, Optional).doc("Who pays"),
    col("months", "工期", Number, Optional)
        .within("months", 0.0, 240.0)
        .aka(&["建设周期"])
        .doc("Months to build"),
    col("lock", "锁定", codes!(Lock), Optional).aka(&["决策"]).doc("The planner's decision"),
    col("host_site_id", "所属企业", Code, Optional).aka(&["所属企业编号"]).doc("Plant whose roof it is"),
];

static REGIONS: &[Column] = &[
    col("adcode", "行政区划代码", Code, Required)
        .aka(&["区划代码", "代码", "code", "ad_code"])
        .doc("Code as given"),
    col("code_system", "代码体系", Text, Optional).doc("Code system; GB/T 2260 when blank"),
    col("name", "名称", Text, Required).aka(&["区划名称", "地市", "地区", "行政区"]).doc("Name"),
    col("level", "级别", codes!(RegionLevel), Required).aka(&["行政级别", "层级"]).doc("Level"),
    col("parent", "上级代码", Code, Optional).aka(&["上级区划代码", "上级"]).doc("Code of the parent"),
    col("pop_resident", "常住人口", Number, InCase).within("count", 0.0, 2e9).aka(&["人口"]).doc("Residents"),
    col("pop_year", "人口年份", Whole, InCase)
        .within("", 1949.0, 2100.0)
        .aka(&["人口统计年份"])
        .doc("Year of that count"),
    col("stations_5g_official", "5G基站数", Number, Optional)
        .within("count", 0.0, 2e7)
        .aka(&["5G基站数(上报)", "上报5G基站数", "5G基站"])
        .doc("5G stations as reported"),
    col("stat_date", "统计日期", Date, InCase).aka(&["统计时间"]).doc("Date of that count"),
    col("target_p10k", "每万人目标", Number, Optional)
        .within("", 0.0, 1000.0)
        .aka(&["万人基站数目标", "每万人5G基站目标"])
        .doc("Target, stations per 10,000 residents"),
    col("budget_cny", "预算", Number, Optional).within("CNY", 0.0, 1e13).aka(&["预算金额"]).doc("Budget"),
    col("party", "责任主体", Text, Optional).aka(&["责任单位"]).doc("Who answers for it"),
    col("price_cny_kwh", "电价", Number, Optional).within("CNY/kWh", 0.0, 10.0).doc("Electricity price"),
    col("ef_kg_kwh", "电网排放因子", Number, Optional)
        .within("kg/kWh", 0.0, 3.0)
        .aka(&["排放因子"])
        .doc("Grid emission factor"),
    col("ef_basis", "排放因子口径", Text, Optional).doc("Basis of that factor: average or residual"),
    col("ef_year", "排放因子年份", Whole, Optional).within("", 1990.0, 2100.0).doc("Year of that factor"),
];

static POWER: &[Column] = &[
    col("power_id", "电源编号", Code, Required)
        .aka(&["编号", "电站编号", "power_plant_id", "src_id", "id"])
        .doc("Id; made when blank"),
    col("name", "名称", Text, Required).aka(&["电站名称", "电厂名称", "变电站名称"]).doc("Name"),
    col("kind", "类型", codes!(PowerKind), Required).aka(&["电源类型", "fuel", "type"]).doc("Kind"),
    col("capacity_mw", "装机容量", Number, InCase).within("MW", 0.0, 50_000.0).aka(&["容量"]).doc("Capacity"),
    col("voltage_kv", "电压等级", Number, InCase).within("kV", 0.0, 1500.0).aka(&["电压"]).doc("Voltage"),
    col("free_mva", "可开放容量", Number, InCase)
        .within("MVA", 0.0, 50_000.0)
        .aka(&["剩余容量"])
        .doc("Free capacity"),
    col("status", "状态", codes!(SiteStatus), Optional).aka(&["operational_status"]).doc("Life cycle"),
    col("annual_gwh", "年发电量", Number, Optional)
        .within("GWh", 0.0, 200_000.0)
        .aka(&["annual_generation", "发电量"])
        .doc("Yearly output"),
];

static DATACENTERS: &[Column] = &[
    col("dc_id", "数据中心编号", Code, Required).aka(&["编号", "region_id", "id"]).doc("Id; made when blank"),
    col("name", "数据中心名称", Text, Required).aka(&["名称"]).doc("Name"),
    col("operator", "运营单位", Text, Optional).aka(&["运营商", "cloud"]).doc("Operator"),
    col("tier", "层级", codes!(DcTier), Optional).aka(&["级别"]).doc("Tier"),
    col("city_dot", "城市中心点", Flag, Optional).doc("The position is a city centre, not the hall"),
    col("racks_std", "标准机架", Number, Optional)
        .within("count", 0.0, 5e6)
        .aka(&["标准机架数", "机架数"])
        .doc("Racks of 2.5 kW"),
    col("rack_use_pct", "上架率", Number, Optional).within("%", 0.0, 100.0).doc("Racks in use"),
    col("it_mw", "IT功率", Number, Optional).within("MW", 0.0, 20_000.0).aka(&["IT负荷"]).doc("IT power"),
    col("pue", "PUE", Number, Optional)
        .within("", 1.0, 5.0)
        .aka(&["pue_max"])
        .doc("Power usage effectiveness"),
    col("pue_basis", "PUE口径", Text, Optional).doc("design or measured"),
    col("cooling", "制冷方式", Text, Optional).aka(&["冷却方式"]).doc("Cooling"),
];

static MEASUREMENTS: &[Column] = &[
    col("operator", "运营商", Text, Required).doc("Operator"),
    col("rat", "制式", codes!(Rat), Required).aka(&["网络制式", "网络类型"]).doc("Technology"),
    col("ss_rsrp_dbm", "SS-RSRP", Number, InCase).within("dBm", -200.0, 0.0).aka(&["rsrp"]).doc("SS-RSRP"),
    col("ss_sinr_db", "SS-SINR", Number, InCase).within("dB", -60.0, 80.0).aka(&["sinr"]).doc("SS-SINR"),
    col("dl_mbps", "下行速率", Number, InCase)
        .within("Mbit/s", 0.0, 1e5)
        .aka(&["下载速率"])
        .doc("Downlink rate"),
    col("ul_mbps", "上行速率", Number, InCase)
        .within("Mbit/s", 0.0, 1e5)
        .aka(&["上传速率"])
        .doc("Uplink rate"),
    col("time", "时间", Text, Optional).aka(&["测试时间", "timestamp"]).doc("Time"),
    col("indoor", "室内", Flag, Optional).aka(&["是否室内"]).doc("Taken indoors"),
];

static BARRIERS: &[Column] = &[
    col("barrier_id", "障碍编号", Code, Optional).aka(&["编号", "osm_id", "id"]).doc("Id"),
    col("kind", "类型", Text, Required)
        .aka(&["type", "waterway", "railway"])
        .doc("Kind, such as river or rail"),
];

static TOWNS: &[Column] = &[
    col("name", "名称", Text, Required).aka(&["城市", "label"]).doc("Name"),
    col("name_zh", "中文名", Text, Optional)
        .aka(&["alternatenames", "中文名称"])
        .doc("Chinese name, or a list of names"),
    col("population", "人口", Number, Optional)
        .within("count", 0.0, 1e8)
        .aka(&["常住人口"])
        .doc("Residents; 0 is unknown"),
];

static PROJECTS: &[Column] = &[
    col("project_id", "项目编号", Code, Required)
        .aka(&["编号", "id"])
        .doc("Id of the application; made when blank"),
    col("name", "项目名称", Text, Required).aka(&["名称"]).doc("Name"),
    col("kind", "项目类型", Text, Required)
        .aka(&["类型"])
        .doc("What it builds: fiber, duct, station, datacenter"),
    col("party", "申报单位", Text, Optional).aka(&["建设单位", "申请单位"]).doc("Who applies"),
    col("fibers", "纤芯数", Whole, Optional)
        .within("count", 0.0, 1e5)
        .aka(&["芯数"])
        .doc("Fibers to be laid"),
    col("cost_cny", "投资", Number, Optional).within("CNY", 0.0, 1e12).aka(&["总投资", "投资额"]).doc("Cost"),
    col("year", "年度", Whole, Optional).within("", 2000.0, 2100.0).aka(&["建设年度"]).doc("Year"),
    col("status", "状态", Text, Optional).doc("Status"),
];

static SUPPLY_LINKS: &[Column] = &[
    col("from_site", "供方企业", Code, Required)
        .aka(&["from", "供应商编号"])
        .doc("`site_id` of the supplier"),
    col("to_site", "需方企业", Code, Required).aka(&["to", "采购方编号"]).doc("`site_id` of the buyer"),
    col("volume_cny", "交易额", Number, Optional)
        .within("CNY", 0.0, 1e13)
        .aka(&["采购额"])
        .doc("Yearly volume"),
    col("product", "产品", Text, Optional).doc("What is supplied"),
];

static QUESTIONNAIRE: &[Column] = &[
    col("site_id", "企业编号", Code, Required).aka(&["工厂编号"]).doc("`site_id` of the plant"),
    col("scheme", "评价体系", Text, Optional).aka(&["体系"]).doc("Scheme that asks"),
    col("item", "条款", Text, Required).aka(&["题目", "指标"]).doc("Clause or question"),
    col("answer", "回答", Text, Required).aka(&["结果", "是否满足"]).doc("Answer as given"),
];

/// All layers.
pub static LAYERS: &[Layer] = &[
    Layer { name: "sites", zh: "厂区", doc: "Factories", shape: Shape::Point, own: SITES },
    Layer { name: "cells", zh: "小区", doc: "Radio cells", shape: Shape::Point, own: CELLS },
    Layer {
        name: "fiber_nodes", zh: "光纤节点", doc: "Fiber nodes", shape: Shape::Point, own: FIBER_NODES
    },
    Layer {
        name: "fiber_segments",
        zh: "光缆段",
        doc: "Fiber cables",
        shape: Shape::Line,
        own: FIBER_SEGMENTS,
    },
    Layer {
        name: "fiber", zh: "光纤网", doc: "Nodes and cables in one file", shape: Shape::Any, own: FIBER
    },
    Layer { name: "ducts", zh: "管道段", doc: "Duct sections", shape: Shape::Line, own: DUCTS },
    Layer { name: "roads", zh: "道路", doc: "Roads", shape: Shape::Line, own: ROADS },
    Layer {
        name: "candidates",
        zh: "候选站址",
        doc: "Places for antennas",
        shape: Shape::Point,
        own: CANDIDATES,
    },
    Layer { name: "regions", zh: "行政区", doc: "Regions and parks", shape: Shape::Area, own: REGIONS },
    Layer {
        name: "power", zh: "电源", doc: "Power plants and substations", shape: Shape::Point, own: POWER
    },
    Layer {
        name: "datacenters", zh: "数据中心", doc: "Data centers", shape: Shape::Point, own: DATACENTERS
    },
    Layer {
        name: "measurements",
        zh: "路测",
        doc: "Drive tests and probes",
        shape: Shape::Point,
        own: MEASUREMENTS,
    },
    Layer { name: "barriers", zh: "障碍", doc: "Rivers, railways", shape: Shape::Line, own: BARRIERS },
    Layer { name: "towns", zh: "城镇", doc: "Towns with residents", shape: Shape::Point, own: TOWNS },
    Layer {
        name: "projects",
        zh: "申报项目",
        doc: "Applications to build",
        shape: Shape::Any,
        own: PROJECTS,
    },
    Layer {
        name: "supply_links",
        zh: "供应关系",
        doc: "Who supplies whom",
        shape: Shape::None,
        own: SUPPLY_LINKS,
    },
    Layer {
        name: "questionnaire",
        zh: "问卷",
        doc: "Answers for a 5G-factory scheme",
        shape: Shape::None,
        own: QUESTIONNAIRE,
    },
    Layer { name: "dem", zh: "地形", doc: "Ground heights", shape: Shape::Grid, own: &[] },
    Layer { name: "clutter", zh: "地物", doc: "Land cover", shape: Shape::Grid, own: &[] },
    Layer {
        name: "antennas",
        zh: "天线方向图",
        doc: "Antenna patterns; cells name theirs in `antenna`, by the file's `NAME` or its own name",
        shape: Shape::Patterns,
        own: &[],
    },
];
