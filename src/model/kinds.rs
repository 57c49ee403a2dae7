//! The closed vocabularies of the layers, each with its code, its Chinese label and the words that
//! planners write for it.

macro_rules! vocabulary {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal, $zh:literal $(, $alias:literal)*;)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// Every member, in order.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The code that files use.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $($name::$variant => $code),+ }
            }

            /// The Chinese label.
            #[must_use]
            pub const fn zh(self) -> &'static str {
                match self { $($name::$variant => $zh),+ }
            }

            /// The member that a text names: its code, its label or a known alias, whatever the case.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                let t = text.trim();
                $(if t.eq_ignore_ascii_case($code) || t == $zh $(|| t.eq_ignore_ascii_case($alias))* {
                    return Some($name::$variant);
                })+
                None
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.code())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(self.code())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let s = <std::borrow::Cow<'de, str>>::deserialize(d)?;
                Self::parse(&s).ok_or_else(|| serde::de::Error::unknown_variant(&s, &[$($code),+]))
            }
        }
    };
}

pub(crate) use vocabulary;

vocabulary!(
    /// Radio access technology of a cell. Only `Nr` counts as 5G.
    Rat {
        /// 5G New Radio.
        Nr = "nr", "5G", "5g nr", "nr5g", "nr-sa", "nr-nsa";
        /// LTE.
        Lte = "lte", "4G", "lte-fdd", "lte-tdd", "fdd-lte", "td-lte", "e-utra";
        /// UMTS.
        Umts = "umts", "3G", "wcdma", "td-scdma";
        /// GSM.
        Gsm = "gsm", "2G";
    }
);
vocabulary!(
    /// What sort of station a cell belongs to.
    CellKind {
        /// On a tower or a high roof.
        Macro = "macro", "宏站", "宏基站";
        /// On a pole or lamp post, below the roofs.
        Micro = "micro", "微站", "杆站", "small";
        /// Inside a building or hall.
        Indoor = "indoor", "室分", "室内", "das", "pico", "indoor-das";
    }
);
vocabulary!(
    /// Life cycle of a cell.
    CellStatus {
        /// In service.
        OnAir = "on_air", "在网", "on air", "开通", "运行", "active", "operating";
        /// Under construction.
        Building = "building", "在建", "建设中", "construction";
        /// On paper.
        Planned = "planned", "规划", "拟建";
        /// Gone.
        Removed = "removed", "拆除", "退网", "已拆除", "retired";
    }
);
vocabulary!(
    /// Life cycle of a factory site.
    SiteStatus {
        /// Produces.
        Operating = "operating", "在产", "运营", "投产", "正常", "active", "开业", "operational", "operating-pre-retirement", "operating pre-retirement";
        /// Under construction.
        Building = "building", "在建", "construction", "under construction";
        /// Announced or permitted.
        Planned = "planned", "规划", "拟建", "announced", "permitted", "pre-permit", "shelved", "pre-construction";
        /// Closed or given up.
        Closed = "closed", "关闭", "停产", "注销", "retired", "cancelled", "canceled", "mothballed", "operating pre-retirement stopped";
    }
);
vocabulary!(
    /// Size class of a firm (Statistics Bureau classes).
    FirmSize {
        /// 大型
        Large = "large", "大型", "大";
        /// 中型
        Medium = "medium", "中型", "中";
        /// 小型
        Small = "small", "小型", "小";
        /// 微型
        Micro = "micro", "微型", "微";
    }
);
vocabulary!(
    /// How a site's coordinates were found; decides how far they can be trusted.
    CoordSource {
        /// Measured on the spot.
        Gps = "gps", "GPS", "实测";
        /// Map point of interest.
        Poi = "poi", "POI", "兴趣点";
        /// Geocoded address.
        Geocode = "geocode", "地理编码", "地址解析";
        /// Registered office, not the plant.
        Registered = "registered", "注册地", "注册地址";
        /// Centre of an area.
        Centroid = "centroid", "中心点", "质心";
    }
);
vocabulary!(
    /// Indoor 5G system of a site.
    Indoor5g {
        /// Known to have none.
        None = "none", "无", "没有";
        /// Distributed antennas.
        Das = "das", "室分", "传统室分", "dis";
        /// Digital pico cells.
        Pico = "pico", "数字化室分", "微微站", "qcell", "lampsite";
        /// A private network of the firm.
        Private = "private", "专网", "5G专网", "虚拟专网";
    }
);
vocabulary!(
    /// Service class of a site: what its production asks of the network (TS 22.104, TS 22.261).
    ServiceClass {
        /// Sensors and process monitoring.
        Monitoring = "monitoring", "监测", "数据采集", "process-monitoring";
        /// Video surveillance and inspection, uplink heavy.
        Video = "video", "视频", "机器视觉", "视频监控";
        /// Mobile robots and AGVs with video.
        Robots = "robots", "移动机器人", "AGV", "robot";
        /// Control panels and remote operation.
        Control = "control", "远程控制", "控制面板", "remote-control";
        /// AR assistance.
        Ar = "ar", "AR辅助", "增强现实";
        /// Closed-loop motion control.
        Motion = "motion", "运动控制", "motion-control";
        /// Ordinary office and logistics data.
        Data = "data", "普通数据", "办公", "general";
    }
);
vocabulary!(
    /// Whether a latency is one way or there and back.
    LatencyBasis {
        /// One direction.
        OneWay = "one-way", "单向", "oneway", "one_way";
        /// Round trip.
        Rtt = "rtt", "往返", "round-trip", "双向";
    }
);
vocabulary!(
    /// Building type of the outer wall, as TR 38.901 tells low-loss from high-loss buildings.
    Wall {
        /// Standard glass, brick, light cladding.
        LowLoss = "low", "低损耗", "brick", "glass", "砖混", "traditional";
        /// Metal cladding, coated glass, thick concrete.
        HighLoss = "high", "高损耗", "metal", "concrete", "钢结构", "混凝土", "彩钢", "steel";
    }
);
vocabulary!(
    /// Kind of a fiber node.
    FiberNodeKind {
        /// Central office.
        Co = "co", "机房", "局房", "局站";
        /// Aggregation room.
        Agg = "agg", "汇聚", "汇聚机房", "汇聚点";
        /// Optical line terminal.
        Olt = "olt", "OLT";
        /// Fiber distribution cabinet.
        Fdt = "fdt", "光交接箱", "光交", "光交箱", "odc";
        /// Fiber access terminal.
        Fat = "fat", "分纤箱", "分光箱", "odb";
        /// Closure.
        Closure = "closure", "接头", "接头盒";
        /// Manhole.
        Manhole = "manhole", "人井", "人孔", "手孔";
        /// Pole.
        Pole = "pole", "杆", "电杆";
        /// Baseband pool.
        BbuPool = "bbu_pool", "BBU池", "bbu集中机房", "bbu";
        /// User plane function.
        Upf = "upf", "UPF", "用户面";
        /// Exchange point.
        Ixp = "ixp", "交换中心", "互联网交换中心";
        /// A city as a dot: no access fiber.
        City = "city", "城市";
    }
);
vocabulary!(
    /// Level of a fiber segment in the network.
    FiberLevel {
        /// Between cities: not access fiber.
        Backbone = "backbone", "干线", "骨干", "一干", "二干";
        /// Between rooms of a metro network.
        Trunk = "trunk", "主干", "中继";
        /// From the exchange to the cabinets.
        Feeder = "feeder", "馈线", "主干光缆";
        /// From the cabinets on.
        Distribution = "distribution", "配线";
        /// Into the building.
        Drop = "drop", "引入", "入户";
    }
);
vocabulary!(
    /// How a cable is laid.
    LayMethod {
        /// In a duct.
        Duct = "duct", "管道";
        /// On poles.
        Aerial = "aerial", "架空";
        /// Buried directly.
        Buried = "buried", "直埋";
        /// Micro-trench.
        Micro = "micro", "微槽", "微管";
        /// Under water.
        Submarine = "submarine", "水底", "海缆";
        /// On power lines.
        Opgw = "opgw", "OPGW";
    }
);
vocabulary!(
    /// Road class, in falling rank (OSM `highway`, Chinese classes as aliases).
    RoadClass {
        /// Motorway: no trench along it without a permit.
        Motorway = "motorway", "高速", "高速公路", "motorway_link", "expressway";
        /// Trunk road.
        Trunk = "trunk", "国道", "trunk_link", "快速路", "城市快速路";
        /// Primary road.
        Primary = "primary", "省道", "primary_link", "城市主干路", "主干路", "主干道";
        /// Secondary road.
        Secondary = "secondary", "县道", "secondary_link", "次干路", "城市次干路";
        /// Tertiary road.
        Tertiary = "tertiary", "乡道", "tertiary_link", "支路", "村道";
        /// Streets.
        Residential = "residential", "街道", "living_street", "road", "巷";
        /// Unclassified through roads.
        Unclassified = "unclassified", "其他", "其它", "other";
        /// Access ways, yards.
        Service = "service", "内部道路", "厂区道路", "busway";
        /// Farm and forest tracks.
        Track = "track", "机耕路", "土路";
        /// Ways for people on foot or bicycles.
        Path = "path", "小路", "人行道", "footway", "cycleway", "pedestrian", "bridleway", "steps", "步行街";
        /// Over water (OSM `route=ferry`): nobody drives or digs there, but cable can be laid under water.
        Ferry = "ferry", "轮渡", "航线", "轮渡航线", "水底光缆路由", "海缆路由", "submarine";
    }
);
vocabulary!(
    /// Whether a road may be dug up.
    Dig {
        /// Freely.
        Free = "free", "可开挖", "允许";
        /// With a permit.
        Permit = "permit", "需许可", "需审批", "审批";
        /// Not at all.
        Closed = "closed", "禁止", "禁止开挖", "禁挖";
    }
);
vocabulary!(
    /// Kind of a place where an antenna can stand.
    CandidateKind {
        /// An existing tower.
        Tower = "tower", "铁塔", "塔", "mast", "existing";
        /// A roof.
        Roof = "roof", "楼面", "屋顶", "楼顶";
        /// A pole.
        Pole = "pole", "杆", "单管杆";
        /// A lamp post.
        Lamp = "lamp", "灯杆", "智慧灯杆", "路灯杆";
        /// A new tower.
        New = "new", "新建", "拟建";
    }
);
vocabulary!(
    /// A planner's decision about a candidate.
    Lock {
        /// The plan decides.
        Free = "free", "自由", "可选";
        /// Must be used.
        Open = "open", "必选", "锁定", "locked";
        /// Must not be used.
        Shut = "shut", "排除", "禁用", "excluded", "exclude";
    }
);
vocabulary!(
    /// Level of an administrative region.
    RegionLevel {
        /// Province.
        Province = "province", "省", "省级", "adm1";
        /// Prefecture-level city.
        City = "city", "市", "地市", "地级市", "市级", "adm2";
        /// County.
        County = "county", "县", "区县", "区", "县级", "adm3";
        /// Township.
        Town = "town", "乡镇", "镇", "街道", "adm4";
        /// Industrial park.
        Park = "park", "园区", "开发区";
    }
);
vocabulary!(
    /// Kind of a power facility.
    PowerKind {
        /// Solar.
        Solar = "solar", "光伏", "太阳能";
        /// Wind.
        Wind = "wind", "风电", "风力";
        /// Hydro.
        Hydro = "hydro", "水电", "hydropower";
        /// Nuclear.
        Nuclear = "nuclear", "核电";
        /// Biomass.
        Bio = "bio", "生物质", "bioenergy", "biomass";
        /// Coal.
        Coal = "coal", "煤电", "coal_unit";
        /// Gas.
        Gas = "gas", "气电", "natural gas", "天然气";
        /// Substation.
        Substation = "substation", "变电站";
    }
);
vocabulary!(
    /// Tier of a data center.
    DcTier {
        /// National hub.
        Hub = "hub", "枢纽", "国家枢纽";
        /// Regional center.
        Regional = "regional", "区域", "区域中心", "region";
        /// Edge node.
        Edge = "edge", "边缘", "边缘节点";
    }
);
vocabulary!(
    /// How far an output may travel.
    Redaction {
        /// Everything.
        Internal = "internal", "内部";
        /// Between agencies: no cell parameters, points to about a kilometre.
        InterAgency = "inter-agency", "部门间", "interagency";
        /// The public: aggregates, small counts suppressed, ids hashed.
        Public = "public", "公开";
    }
);
vocabulary!(
    /// Language of reports and messages.
    Lang {
        /// English.
        En = "en", "英文", "english";
        /// Simplified Chinese.
        Zh = "zh", "中文", "zh-cn", "chinese", "zh_cn";
    }
);
impl Lang {
    /// The text in this language.
    #[must_use]
    pub const fn pick<'a>(self, en: &'a str, zh: &'a str) -> &'a str {
        match self {
            Self::En => en,
            Self::Zh => zh,
        }
    }
}

vocabulary!(
    /// Where a value comes from; printed beside it.
    Basis {
        /// In the user's data.
        Given = "given", "给定";
        /// Measured.
        Measured = "measured", "实测";
        /// Computed by a model.
        Predicted = "predicted", "预测";
        /// A default of the catalogue.
        Assumed = "assumed", "假定";
        /// Drawn from other layers, such as a right of way without a road layer.
        Inferred = "inferred", "推断";
        /// Made by the generator.
        Synthetic = "synthetic", "合成";
        /// Not known.
        Unknown = "unknown", "未知";
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_planners() {
        assert_eq!(Rat::parse(" 5G "), Some(Rat::Nr));
        assert_eq!(Rat::parse("LTE"), Some(Rat::Lte));
        assert_eq!(RoadClass::parse("国道"), Some(RoadClass::Trunk));
        assert_eq!(SiteStatus::parse("Cancelled"), Some(SiteStatus::Closed));
        assert_eq!(FirmSize::parse("huge"), None);
    }
}
