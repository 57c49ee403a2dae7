//! Words of which names are made. None names a real firm, park or road on purpose.

use super::draw::Draw;
use crate::model::kinds::{FirmSize, ServiceClass, Wall};

/// An industry: GB/T 4754 division, its name, words for firms in it, its share of firms, what its halls and
/// its production are like.
pub(super) struct Industry {
    /// Division code with its section letter.
    pub code: &'static str,
    /// Name of the division.
    pub sector: &'static str,
    /// What firms in it call themselves.
    pub trades: &'static [&'static str],
    /// Share among firms.
    pub share: f64,
    /// Usual wall.
    pub wall: Wall,
    /// Ceiling height, least and most, metres.
    pub ceiling_m: (f64, f64),
    /// Floor per employee, square metres.
    pub m2_per_head: f64,
    /// Revenue per employee, yuan.
    pub cny_per_head: f64,
    /// Services its production asks for, most frequent first.
    pub services: [ServiceClass; 3],
}

use ServiceClass::{Ar, Control, Data, Monitoring, Motion, Robots, Video};
use Wall::{HighLoss, LowLoss};

/// The industries, with rough shares of a coastal province.
pub(super) const INDUSTRIES: &[Industry] = &[
    industry(
        "C13",
        "农副食品加工业",
        &["食品", "粮油", "饲料"],
        0.05,
        LowLoss,
        (5.0, 9.0),
        70.0,
        1.1e6,
        [Monitoring, Data, Video],
    ),
    industry(
        "C14",
        "食品制造业",
        &["食品", "乳业", "调味品"],
        0.02,
        LowLoss,
        (5.0, 8.0),
        55.0,
        0.9e6,
        [Monitoring, Video, Data],
    ),
    industry(
        "C17",
        "纺织业",
        &["纺织", "印染", "织造"],
        0.10,
        LowLoss,
        (5.0, 8.0),
        60.0,
        0.7e6,
        [Monitoring, Data, Video],
    ),
    industry(
        "C18",
        "纺织服装、服饰业",
        &["服饰", "制衣", "服装"],
        0.06,
        LowLoss,
        (4.0, 6.0),
        22.0,
        0.5e6,
        [Data, Video, Monitoring],
    ),
    industry(
        "C20",
        "木材加工和木、竹、藤、棕、草制品业",
        &["木业", "板材"],
        0.03,
        HighLoss,
        (5.0, 9.0),
        90.0,
        0.6e6,
        [Monitoring, Data, Video],
    ),
    industry(
        "C22",
        "造纸和纸制品业",
        &["纸业", "包装"],
        0.02,
        HighLoss,
        (7.0, 14.0),
        80.0,
        0.9e6,
        [Monitoring, Control, Robots],
    ),
    industry(
        "C26",
        "化学原料和化学制品制造业",
        &["化工", "新材料", "化学"],
        0.06,
        HighLoss,
        (8.0, 20.0),
        130.0,
        2.0e6,
        [Monitoring, Control, Video],
    ),
    industry(
        "C27",
        "医药制造业",
        &["药业", "生物医药", "制药"],
        0.02,
        LowLoss,
        (5.0, 9.0),
        60.0,
        1.4e6,
        [Monitoring, Video, Robots],
    ),
    industry(
        "C28",
        "化学纤维制造业",
        &["化纤", "纤维"],
        0.01,
        HighLoss,
        (8.0, 16.0),
        110.0,
        2.0e6,
        [Monitoring, Control, Robots],
    ),
    industry(
        "C29",
        "橡胶和塑料制品业",
        &["橡塑", "塑业", "橡胶"],
        0.06,
        HighLoss,
        (6.0, 10.0),
        55.0,
        0.8e6,
        [Monitoring, Data, Video],
    ),
    industry(
        "C30",
        "非金属矿物制品业",
        &["建材", "玻璃", "水泥"],
        0.06,
        HighLoss,
        (8.0, 18.0),
        120.0,
        0.9e6,
        [Monitoring, Control, Video],
    ),
    industry(
        "C31",
        "黑色金属冶炼和压延加工业",
        &["钢铁", "特钢"],
        0.02,
        HighLoss,
        (12.0, 30.0),
        160.0,
        2.4e6,
        [Control, Video, Monitoring],
    ),
    industry(
        "C32",
        "有色金属冶炼和压延加工业",
        &["铝业", "铜业"],
        0.02,
        HighLoss,
        (10.0, 22.0),
        140.0,
        2.4e6,
        [Control, Monitoring, Video],
    ),
    industry(
        "C33",
        "金属制品业",
        &["金属制品", "五金", "钢构"],
        0.10,
        HighLoss,
        (7.0, 13.0),
        75.0,
        0.8e6,
        [Monitoring, Robots, Video],
    ),
    industry(
        "C34",
        "通用设备制造业",
        &["机械", "泵阀", "轴承"],
        0.11,
        HighLoss,
        (8.0, 14.0),
        70.0,
        0.9e6,
        [Robots, Monitoring, Video],
    ),
    industry(
        "C35",
        "专用设备制造业",
        &["装备", "模具", "智能装备"],
        0.08,
        HighLoss,
        (8.0, 15.0),
        65.0,
        0.9e6,
        [Robots, Ar, Monitoring],
    ),
    industry(
        "C36",
        "汽车制造业",
        &["汽车零部件", "汽车", "车业"],
        0.04,
        HighLoss,
        (8.0, 14.0),
        60.0,
        1.3e6,
        [Robots, Motion, Video],
    ),
    industry(
        "C37",
        "铁路、船舶、航空航天和其他运输设备制造业",
        &["船舶", "海工", "轨道装备"],
        0.02,
        HighLoss,
        (12.0, 30.0),
        150.0,
        1.1e6,
        [Ar, Video, Robots],
    ),
    industry(
        "C38",
        "电气机械和器材制造业",
        &["电气", "电缆", "新能源"],
        0.08,
        HighLoss,
        (6.0, 12.0),
        50.0,
        1.3e6,
        [Robots, Video, Monitoring],
    ),
    industry(
        "C39",
        "计算机、通信和其他电子设备制造业",
        &["电子", "半导体", "光电"],
        0.07,
        LowLoss,
        (4.5, 8.0),
        28.0,
        1.1e6,
        [Robots, Video, Motion],
    ),
    industry(
        "C40",
        "仪器仪表制造业",
        &["仪表", "传感技术"],
        0.02,
        LowLoss,
        (4.0, 6.0),
        30.0,
        0.9e6,
        [Motion, Video, Data],
    ),
];

#[allow(clippy::too_many_arguments)] // A row of the table above.
const fn industry(
    code: &'static str,
    sector: &'static str,
    trades: &'static [&'static str],
    share: f64,
    wall: Wall,
    ceiling_m: (f64, f64),
    m2_per_head: f64,
    cny_per_head: f64,
    services: [ServiceClass; 3],
) -> Industry {
    Industry { code, sector, trades, share, wall, ceiling_m, m2_per_head, cny_per_head, services }
}

const FIRST: &[&str] = &[
    "华", "新", "恒", "金", "天", "东", "海", "宏", "瑞", "永", "盛", "德", "泰", "通", "嘉", "鑫", "远",
    "安", "博", "科", "联", "中", "正", "亿", "兴", "创", "凯", "苏", "长", "锦", "万", "百", "三", "龙",
    "春", "明",
];
const SECOND: &[&str] = &[
    "达", "盛", "昌", "源", "丰", "力", "诚", "隆", "信", "祥", "康", "宇", "泽", "晟", "业", "腾", "辉",
    "润", "顺", "邦", "元", "博", "峰", "杰", "利", "茂", "庆", "荣", "森", "涛", "维", "翔", "星", "阳",
    "禾", "川",
];

/// Name of a firm.
pub(super) fn firm(d: &mut Draw, town: &str, industry: &Industry, size: FirmSize) -> String {
    let form = match size {
        FirmSize::Large => *d.pick(&["股份有限公司", "集团有限公司", "股份有限公司"]),
        FirmSize::Medium => *d.pick(&["有限公司", "股份有限公司", "科技有限公司"]),
        FirmSize::Small => *d.pick(&["有限公司", "科技有限公司", "制造有限公司"]),
        FirmSize::Micro => *d.pick(&["有限公司", "加工厂", "厂", "经营部"]),
    };
    format!("{town}{}{}{}{form}", d.pick(FIRST), d.pick(SECOND), d.pick(industry.trades))
}

/// Name of an industrial park, the `nth` of its town.
pub(super) fn park(d: &mut Draw, town: &str, nth: usize) -> String {
    const SIDES: &[&str] =
        &["", "城东", "城南", "城西", "城北", "滨江", "临港", "空港", "沿河", "新城", "高铁", "北部"];
    const KINDS: &[&str] =
        &["工业园区", "经济开发区", "高新技术产业园", "工业集中区", "智能制造产业园", "产业园"];
    let side = SIDES.get(nth).copied().unwrap_or("");
    let number = if nth >= SIDES.len() { format!("{}号", nth + 1) } else { String::new() };
    format!("{town}{side}{number}{}", d.pick(KINDS))
}

/// Name of a street.
pub(super) fn street(d: &mut Draw, is_park: bool) -> String {
    const TOWN: &[&str] =
        &["人民", "解放", "建设", "中山", "和平", "新华", "文化", "健康", "青年", "胜利", "团结", "光明"];
    const PARK: &[&str] =
        &["工业", "创业", "科技", "发展", "兴业", "经纬", "纬", "经", "振兴", "创新", "富民", "华山"];
    let numeral = d.pick(&["", "", "一", "二", "三", "四", "五", "六"]);
    let side = d.pick(&["", "", "东", "西", "南", "北", "中"]);
    format!("{}{numeral}{side}路", d.pick(if is_park { PARK } else { TOWN }))
}
