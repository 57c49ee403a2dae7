//! What was given of sites and regions, under the names that the readers of input layers know: a layer that
//! was written can be read again as what it was made from.
//!
//! Numbers have as many decimals as inputs have. Words that aren't known are `unknown`, which readers take
//! for a blank: so a feature may be known in full (and stand first, for ArcGIS) although nobody has all.

use super::layer::Columns;
use super::layers::View;
use crate::model::records::{Region, Site};
use crate::model::text::{Known, Text};
use rayon::prelude::*;

/// A heading in English and Chinese.
type Heading = (&'static str, &'static str);

/// The columns of the `sites` input layer behind those that say which site it is.
pub(super) fn of_sites<'a>(c: &mut Columns<'a>, v: View<'a>) {
    word(c, v, "park", ("park", "园区"), |s, v| text(v, s.park));
    pooled(c, v, "industry_code", ("industry code", "行业代码"), |s| s.industry_code)
        .about("GB/T 4754", "GB/T 4754");
    c.text("firm_size", ("firm size", "企业规模"), move |i| {
        Some(v.site(i)?.firm_size.map_or(UNKNOWN, |k| k.code()))
    });
    word(c, v, "dig_level", ("digitisation level", "数字化等级"), |s, v| text(v, s.dig_level));
    word(c, v, "dig_scheme", ("scheme of that level", "数字化评价体系"), |s, v| text(v, s.dig_scheme));
    c.text("status", ("status", "状态"), move |i| Some(v.site(i)?.status.map_or(UNKNOWN, |k| k.code())));
    c.text("service", ("service class", "业务类型"), move |i| {
        Some(v.site(i)?.service.map_or(UNKNOWN, |k| k.code()))
    });
    number(c, v, ("employees", 0, ""), ("employees", "从业人员"), |s| s.employees);
    number(c, v, ("revenue_cny", 2, "CNY"), ("yearly revenue", "营业收入"), |s| s.revenue_cny);
    c.flag("above_scale", ("above scale", "是否规上"), move |i| v.site(i)?.above_scale)
        .about("above the statistical scale", "规模以上企业");
    number(c, v, ("area_m2", 2, "m2"), ("floor area", "占地面积"), |s| s.area_m2);
    number(c, v, ("ceiling_m", 2, "m"), ("ceiling height", "层高"), |s| s.ceiling_m);
    word(c, v, "wall", ("outer wall", "墙体"), |s, _| s.wall.map(|k| k.code()));
    word(c, v, "coord_src", ("source of the position", "坐标来源"), |s, _| s.coord_src.map(|k| k.code()));
    number(c, v, ("pos_acc_m", 2, "m"), ("position accuracy", "定位精度"), |s| s.pos_acc_m);
    number(c, v, ("ul_mbps", 3, "Mbit/s"), ("uplink needed", "上行速率需求"), |s| s.ul_mbps);
    number(c, v, ("dl_mbps", 3, "Mbit/s"), ("downlink needed", "下行速率需求"), |s| s.dl_mbps);
    number(c, v, ("latency_ms", 3, "ms"), ("latency needed", "时延需求"), |s| s.latency_ms);
    word(c, v, "latency_basis", ("latency counted", "时延口径"), |s, _| {
        s.latency_basis.map(|k| k.code())
    });
    c.text("indoor_5g", ("indoor system", "室内覆盖"), move |i| {
        Some(v.site(i)?.indoor_5g.map_or(UNKNOWN, |k| k.code()))
    });
    c.flag("has_fiber", ("has fiber", "光纤接入"), move |i| v.site(i)?.has_fiber);
    c.flag("uses_5g", ("uses 5G", "是否应用5G"), move |i| v.site(i)?.uses_5g);
    number(c, v, ("terminals_5g", 0, ""), ("5G terminals", "5G终端数"), |s| s.terminals_5g);
    word(c, v, "factory_scheme", ("5G-factory scheme", "5G工厂评价体系"), |s, v| {
        text(v, s.factory_scheme)
    });
    word(c, v, "factory_level", ("5G-factory level", "5G工厂等级"), |s, v| text(v, s.factory_level));
    c.flag("protect", ("second way asked for", "双路由保护"), move |i| v.site(i)?.protect);
    pooled(c, v, "uscc", ("social credit code", "统一社会信用代码"), |s| s.uscc);
    number(c, v, ("weight", 6, ""), ("weight", "权重"), |s| s.weight).about("as given", "给定值");
}

/// What readers take for a blank.
const UNKNOWN: &str = "unknown";

fn text<'a>(v: View<'a>, of: Text) -> Option<&'a str> {
    v.inputs.sites.text.opt(of)
}

fn pooled<'c, 'a>(
    c: &'c mut Columns<'a>,
    v: View<'a>,
    name: &'static str,
    heading: Heading,
    pick: fn(&Site) -> Text,
) -> &'c mut super::layer::Column<'a> {
    c.text(name, heading, move |i| v.site_text(i, pick))
}

fn number<'c, 'a>(
    c: &'c mut Columns<'a>,
    v: View<'a>,
    (name, decimals, unit): (&'static str, u8, &'static str),
    heading: Heading,
    pick: fn(&Site) -> Known,
) -> &'c mut super::layer::Column<'a> {
    c.known(name, decimals, unit, heading, move |i| v.site(i).map_or(Known::UNKNOWN, pick))
}

/// A word that is `unknown` where it isn't given, in a column that is left out where it is given nowhere.
fn word<'a>(
    c: &mut Columns<'a>,
    v: View<'a>,
    name: &'static str,
    heading: Heading,
    pick: fn(&Site, View<'a>) -> Option<&'a str>,
) {
    let given = v.inputs.sites.list.par_iter().any(|s| pick(s, v).is_some());
    c.text(name, heading, move |i| pick(v.site(i)?, v).or(given.then_some(UNKNOWN)));
}

/// The columns of the `regions` input layer behind those that say which region it is.
pub(super) fn of_regions<'a>(c: &mut Columns<'a>, regions: &'a [Region]) {
    type Words = fn(&Region) -> Option<&str>;
    let words: [(&str, Heading, Words); 4] = [
        ("party", ("answers for it", "责任主体"), |r| r.party.as_deref()),
        ("code_system", ("system of the code", "代码体系"), |r| r.code_system.as_deref()),
        ("stat_date", ("date of the counts", "统计日期"), |r| r.stat_date.as_deref()),
        ("ef_basis", ("basis of the carbon factor", "碳排放因子口径"), |r| r.ef_basis.as_deref()),
    ];
    for (name, heading, pick) in words {
        c.text(name, heading, move |i| pick(regions.get(i)?));
    }
    type Number = fn(&Region) -> Option<f64>;
    let numbers: [(&str, u8, &'static str, Heading, Number); 6] = [
        ("pop_resident", 2, "", ("residents as given", "常住人口（给定）"), |r| r.pop_resident),
        ("stations_5g_official", 2, "", ("5G stations as reported", "5G基站数（给定）"), |r| {
            r.stations_5g_official
        }),
        ("target_p10k", 4, "1/10k", ("target as given", "每万人目标（给定）"), |r| r.target_p10k),
        ("budget_cny", 2, "CNY", ("budget", "预算"), |r| r.budget_cny),
        ("price_cny_kwh", 6, "CNY/kWh", ("price of electricity", "电价"), |r| r.price_cny_kwh),
        ("ef_kg_kwh", 6, "kg/kWh", ("carbon factor", "碳排放因子"), |r| r.ef_kg_kwh),
    ];
    for (name, decimals, unit, heading, pick) in numbers {
        c.float(name, decimals, unit, heading, move |i| pick(regions.get(i)?));
    }
    c.int("pop_year", "", ("year of the residents", "人口年份"), move |i| {
        regions.get(i)?.pop_year.map(i64::from)
    });
    c.int("ef_year", "", ("year of the carbon factor", "因子年份"), move |i| {
        regions.get(i)?.ef_year.map(i64::from)
    });
}
