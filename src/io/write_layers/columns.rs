//! Which columns a layer is written with, and where each value comes from.

use super::number;
use crate::model::operators::Operators;
use crate::model::records::{
    Assumed, Barrier, Candidate, Cell, DataCenter, Duct, FiberNode, FiberSegment, Measurement, PowerPlant,
    Region, Road, Roads, Site, Sites, StationCount, Town,
};
use crate::model::text::{Known, Text, TextPool};

/// A value of a row.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    /// Not known.
    Blank,
    /// Text.
    Text(&'a str),
    /// A number of single precision.
    Single(f32),
    /// A number.
    Real(f64),
    /// A longitude or latitude.
    Degrees(f64),
    /// A whole number.
    Whole(u64),
    /// Yes or no.
    Flag(bool),
}

impl Value<'_> {
    /// Appends the value as CSV and JSON both write it; text without quotes.
    pub(super) fn plain(self, out: &mut Vec<u8>) {
        match self {
            Value::Blank => {}
            Value::Text(s) => out.extend_from_slice(s.as_bytes()),
            Value::Single(v) => number::push_single(v, out),
            Value::Real(v) => number::push(v, 4, out),
            Value::Degrees(v) => number::push(v, 7, out),
            Value::Whole(v) => number::push_whole(v, out),
            Value::Flag(b) => out.extend_from_slice(if b { b"true" } else { b"false" }),
        }
    }
}

/// A column: its standard name and its value in a row.
pub(super) struct Column<'a, T> {
    pub(super) name: &'static str,
    /// Written even when every row is blank.
    pub(super) always: bool,
    pub(super) value: Box<dyn Fn(&'a T) -> Value<'a> + 'a>,
}

/// The rows of a layer with its columns.
pub(super) struct Table<'a, T> {
    pub(super) rows: &'a [T],
    pub(super) columns: Vec<Column<'a, T>>,
}

fn key<'a, T>(name: &'static str, value: impl Fn(&'a T) -> Value<'a> + 'a) -> Column<'a, T> {
    Column { name, always: true, value: Box::new(value) }
}

fn col<'a, T>(name: &'static str, value: impl Fn(&'a T) -> Value<'a> + 'a) -> Column<'a, T> {
    Column { name, always: false, value: Box::new(value) }
}

fn pooled(pool: &TextPool, text: Text) -> Value<'_> {
    pool.opt(text).map_or(Value::Blank, Value::Text)
}

fn word(text: Option<&str>) -> Value<'_> {
    text.map_or(Value::Blank, Value::Text)
}

fn known<'a>(v: Known) -> Value<'a> {
    v.get().map_or(Value::Blank, |v| Value::Single(v as f32))
}

/// A value of a cell that its file gave; what the catalogue filled in stays out.
fn given<'a>(cell: &Cell, bit: u16, v: Known) -> Value<'a> {
    if cell.assumed.has(bit) { Value::Blank } else { known(v) }
}

fn real<'a>(v: Option<f64>) -> Value<'a> {
    v.map_or(Value::Blank, Value::Real)
}

fn whole<'a>(v: Option<u32>) -> Value<'a> {
    v.map_or(Value::Blank, |v| Value::Whole(u64::from(v)))
}

fn year<'a>(v: Option<i32>) -> Value<'a> {
    v.and_then(|y| u64::try_from(y).ok()).map_or(Value::Blank, Value::Whole)
}

fn flag<'a>(v: Option<bool>) -> Value<'a> {
    v.map_or(Value::Blank, Value::Flag)
}

pub(super) fn sites<'a>(sites: &'a Sites) -> Table<'a, Site> {
    let text = &sites.text;
    let columns = vec![
        key("site_id", move |r: &'a Site| pooled(text, r.id)),
        key("name", move |r: &'a Site| pooled(text, r.name)),
        col("uscc", move |r: &'a Site| pooled(text, r.uscc)),
        key("lon", |r: &'a Site| Value::Degrees(r.at.lon_deg())),
        key("lat", |r: &'a Site| Value::Degrees(r.at.lat_deg())),
        col("coord_src", |r: &'a Site| word(r.coord_src.map(|v| v.code()))),
        col("pos_acc_m", |r: &'a Site| known(r.pos_acc_m)),
        col("adcode", move |r: &'a Site| pooled(text, r.adcode)),
        col("city", move |r: &'a Site| pooled(text, r.city)),
        col("park", move |r: &'a Site| pooled(text, r.park)),
        col("industry_code", move |r: &'a Site| pooled(text, r.industry_code)),
        col("sector", move |r: &'a Site| pooled(text, r.sector)),
        col("firm_size", |r: &'a Site| word(r.firm_size.map(|v| v.code()))),
        col("above_scale", |r: &'a Site| flag(r.above_scale)),
        col("employees", |r: &'a Site| known(r.employees)),
        col("revenue_cny", |r: &'a Site| known(r.revenue_cny)),
        col("dig_level", move |r: &'a Site| pooled(text, r.dig_level)),
        col("dig_scheme", move |r: &'a Site| pooled(text, r.dig_scheme)),
        col("status", |r: &'a Site| word(r.status.map(|v| v.code()))),
        col("service", |r: &'a Site| word(r.service.map(|v| v.code()))),
        col("ul_mbps", |r: &'a Site| known(r.ul_mbps)),
        col("dl_mbps", |r: &'a Site| known(r.dl_mbps)),
        col("latency_ms", |r: &'a Site| known(r.latency_ms)),
        col("latency_basis", |r: &'a Site| word(r.latency_basis.map(|v| v.code()))),
        col("terminals_5g", |r: &'a Site| known(r.terminals_5g)),
        col("area_m2", |r: &'a Site| known(r.area_m2)),
        col("ceiling_m", |r: &'a Site| known(r.ceiling_m)),
        col("wall", |r: &'a Site| word(r.wall.map(|v| v.code()))),
        col("indoor_5g", |r: &'a Site| word(r.indoor_5g.map(|v| v.code()))),
        col("has_fiber", |r: &'a Site| flag(r.has_fiber)),
        col("protect", |r: &'a Site| flag(r.protect)),
        col("uses_5g", |r: &'a Site| flag(r.uses_5g)),
        col("factory_scheme", move |r: &'a Site| pooled(text, r.factory_scheme)),
        col("factory_level", move |r: &'a Site| pooled(text, r.factory_level)),
        col("weight", |r: &'a Site| known(r.weight)),
    ];
    Table { rows: &sites.list, columns }
}

/// The columns of unpacked cells.
pub(super) fn cells<'a>(rows: &'a [Cell], text: &'a TextPool, operators: &'a Operators) -> Table<'a, Cell> {
    let columns = vec![
        key("cell_id", move |r: &'a Cell| pooled(text, r.id)),
        col("station_id", move |r: &'a Cell| pooled(text, r.station)),
        col("tower_id", move |r: &'a Cell| pooled(text, r.tower)),
        key("operator", move |r: &'a Cell| Value::Text(operators.code(r.operator))),
        col("shared_with", move |r: &'a Cell| word(r.shared_with.map(|o| operators.code(o)))),
        key("rat", |r: &'a Cell| Value::Text(r.rat.code())),
        col("freq_mhz", |r: &'a Cell| given(r, Assumed::FREQ, r.freq_mhz)),
        col("bw_mhz", |r: &'a Cell| given(r, Assumed::BW, r.bw_mhz)),
        col("kind", |r: &'a Cell| word(r.kind.map(|v| v.code()))),
        col("host_site_id", move |r: &'a Cell| pooled(text, r.host_site)),
        key("lon", |r: &'a Cell| Value::Degrees(r.at.lon_deg())),
        key("lat", |r: &'a Cell| Value::Degrees(r.at.lat_deg())),
        col("height_m", |r: &'a Cell| given(r, Assumed::HEIGHT, r.height_m)),
        col("azimuth_deg", |r: &'a Cell| given(r, Assumed::AZIMUTH, r.azimuth_deg)),
        col("etilt_deg", |r: &'a Cell| {
            let electrical = r.tilt_deg.get().map(|t| t - r.mtilt_deg.or(0.0));
            given(r, Assumed::TILT, Known::from_f64(electrical))
        }),
        col("mtilt_deg", |r: &'a Cell| given(r, Assumed::TILT, r.mtilt_deg)),
        col("antenna", move |r: &'a Cell| pooled(text, r.antenna)),
        col("power_dbm", |r: &'a Cell| given(r, Assumed::POWER, r.power_dbm)),
        col("ssb_epre_dbm", |r: &'a Cell| known(r.ssb_epre_dbm)),
        col("gain_ssb_dbi", |r: &'a Cell| given(r, Assumed::GAIN, r.gain_ssb_dbi)),
        col("gain_traffic_dbi", |r: &'a Cell| given(r, Assumed::GAIN, r.gain_traffic_dbi)),
        col("ports", |r: &'a Cell| whole((r.ports > 0).then(|| u32::from(r.ports)))),
        col("load_pct", |r: &'a Cell| given(r, Assumed::LOAD, r.load_pct)),
        col("status", |r: &'a Cell| word(r.status.map(|v| v.code()))),
    ];
    Table { rows, columns }
}

pub(super) fn fiber_nodes<'a>(nodes: &'a [FiberNode]) -> Table<'a, FiberNode> {
    let columns = vec![
        key("node_id", |r: &'a FiberNode| Value::Text(&r.id)),
        key("kind", |r: &'a FiberNode| Value::Text(r.kind.code())),
        key("owner", |r: &'a FiberNode| Value::Text(&r.owner)),
        key("lon", |r: &'a FiberNode| Value::Degrees(r.at.lon_deg())),
        key("lat", |r: &'a FiberNode| Value::Degrees(r.at.lat_deg())),
        col("fibers_total", |r: &'a FiberNode| whole(r.fibers_total)),
        col("fibers_free", |r: &'a FiberNode| whole(r.fibers_free)),
        col("can_tap", |r: &'a FiberNode| flag(r.can_tap)),
        col("pon", |r: &'a FiberNode| word(r.pon.as_deref())),
        col("ports_free", |r: &'a FiberNode| whole(r.ports_free)),
        col("rack_free", |r: &'a FiberNode| real(r.rack_free)),
        col("power_free_kw", |r: &'a FiberNode| real(r.power_free_kw)),
    ];
    Table { rows: nodes, columns }
}

pub(super) fn fiber_segments<'a>(segments: &'a [FiberSegment]) -> Table<'a, FiberSegment> {
    let columns = vec![
        key("segment_id", |r: &'a FiberSegment| Value::Text(&r.id)),
        col("from_node", |r: &'a FiberSegment| word(r.from_node.as_deref())),
        col("to_node", |r: &'a FiberSegment| word(r.to_node.as_deref())),
        key("owner", |r: &'a FiberSegment| Value::Text(&r.owner)),
        col("level", |r: &'a FiberSegment| word(r.level.map(|v| v.code()))),
        col("method", |r: &'a FiberSegment| word(r.method.map(|v| v.code()))),
        col("fibers_total", |r: &'a FiberSegment| whole(r.fibers_total)),
        col("fibers_free", |r: &'a FiberSegment| whole(r.fibers_free)),
        col("length_m", |r: &'a FiberSegment| real(r.length_m)),
        col("duct_id", |r: &'a FiberSegment| word(r.duct_id.as_deref())),
        col("srlg", |r: &'a FiberSegment| word(r.srlg.as_deref())),
        col("status", |r: &'a FiberSegment| word(r.status.as_deref())),
    ];
    Table { rows: segments, columns }
}

pub(super) fn ducts<'a>(ducts: &'a [Duct]) -> Table<'a, Duct> {
    let columns = vec![
        key("duct_id", |r: &'a Duct| Value::Text(&r.id)),
        key("owner", |r: &'a Duct| Value::Text(&r.owner)),
        col("holes_total", |r: &'a Duct| whole(r.holes_total)),
        col("holes_free", |r: &'a Duct| whole(r.holes_free)),
        col("shareable", |r: &'a Duct| flag(r.shareable)),
        col("rent_cny_km_yr", |r: &'a Duct| real(r.rent_cny_km_yr)),
        col("srlg", |r: &'a Duct| word(r.srlg.as_deref())),
        col("status", |r: &'a Duct| word(r.status.as_deref())),
    ];
    Table { rows: ducts, columns }
}

pub(super) fn roads<'a>(roads: &'a Roads) -> Table<'a, Road> {
    let text = &roads.text;
    let columns = vec![
        key("road_id", move |r: &'a Road| pooled(text, r.id)),
        key("class", |r: &'a Road| Value::Text(r.class.code())),
        col("name", move |r: &'a Road| pooled(text, r.name)),
        col("bridge", |r: &'a Road| Value::Flag(r.bridge)),
        col("tunnel", |r: &'a Road| Value::Flag(r.tunnel)),
        col("surface", move |r: &'a Road| pooled(text, r.surface)),
        col("dig", |r: &'a Road| word(r.dig.map(|v| v.code()))),
        col("no_dig_until", move |r: &'a Road| pooled(text, r.no_dig_until)),
        col("cost_factor", |r: &'a Road| known(r.cost_factor)),
    ];
    Table { rows: &roads.list, columns }
}

pub(super) fn candidates<'a>(candidates: &'a [Candidate]) -> Table<'a, Candidate> {
    let columns = vec![
        key("cand_id", |r: &'a Candidate| Value::Text(&r.id)),
        key("kind", |r: &'a Candidate| Value::Text(r.kind.code())),
        col("owner", |r: &'a Candidate| word(r.owner.as_deref())),
        key("lon", |r: &'a Candidate| Value::Degrees(r.at.lon_deg())),
        key("lat", |r: &'a Candidate| Value::Degrees(r.at.lat_deg())),
        col("tower_id", |r: &'a Candidate| word(r.tower_id.as_deref())),
        col("height_m", |r: &'a Candidate| real(r.height_m)),
        col("slots_free", |r: &'a Candidate| whole(r.slots_free)),
        col("power_kw", |r: &'a Candidate| real(r.power_kw)),
        col("capex_cny", |r: &'a Candidate| real(r.capex_cny)),
        col("rent_cny_yr", |r: &'a Candidate| real(r.rent_cny_yr)),
        col("payer", |r: &'a Candidate| word(r.payer.as_deref())),
        col("months", |r: &'a Candidate| real(r.months)),
        key("lock", |r: &'a Candidate| Value::Text(r.lock.code())),
        col("host_site_id", |r: &'a Candidate| word(r.host_site_id.as_deref())),
    ];
    Table { rows: candidates, columns }
}

pub(super) fn regions<'a>(regions: &'a [Region]) -> Table<'a, Region> {
    let columns = vec![
        key("adcode", |r: &'a Region| Value::Text(&r.adcode)),
        col("code_system", |r: &'a Region| word(r.code_system.as_deref())),
        key("name", |r: &'a Region| Value::Text(&r.name)),
        key("level", |r: &'a Region| Value::Text(r.level.code())),
        col("parent", |r: &'a Region| word(r.parent.as_deref())),
        col("pop_resident", |r: &'a Region| real(r.pop_resident)),
        col("pop_year", |r: &'a Region| year(r.pop_year)),
        col("stations_5g_official", |r: &'a Region| real(r.stations_5g_official)),
        col("stat_date", |r: &'a Region| word(r.stat_date.as_deref())),
        col("target_p10k", |r: &'a Region| real(r.target_p10k)),
        col("budget_cny", |r: &'a Region| real(r.budget_cny)),
        col("party", |r: &'a Region| word(r.party.as_deref())),
        col("price_cny_kwh", |r: &'a Region| real(r.price_cny_kwh)),
        col("ef_kg_kwh", |r: &'a Region| real(r.ef_kg_kwh)),
        col("ef_basis", |r: &'a Region| word(r.ef_basis.as_deref())),
        col("ef_year", |r: &'a Region| year(r.ef_year)),
    ];
    Table { rows: regions, columns }
}

/// A region with one of its counts of other dates.
pub(super) type Counted<'a> = (&'a Region, &'a StationCount);

pub(super) fn station_counts<'a>(counts: &'a [Counted<'a>]) -> Table<'a, Counted<'a>> {
    let columns = vec![
        key("adcode", |c: &'a Counted<'a>| Value::Text(&c.0.adcode)),
        key("name", |c: &'a Counted<'a>| Value::Text(&c.0.name)),
        key("level", |c: &'a Counted<'a>| Value::Text(c.0.level.code())),
        col("pop_resident", |c: &'a Counted<'a>| real(c.1.pop_resident)),
        key("stations_5g_official", |c: &'a Counted<'a>| Value::Real(c.1.stations)),
        key("stat_date", |c: &'a Counted<'a>| Value::Text(&c.1.stat_date)),
    ];
    Table { rows: counts, columns }
}

pub(super) fn power<'a>(plants: &'a [PowerPlant]) -> Table<'a, PowerPlant> {
    let columns = vec![
        key("power_id", |r: &'a PowerPlant| Value::Text(&r.id)),
        key("name", |r: &'a PowerPlant| Value::Text(&r.name)),
        key("kind", |r: &'a PowerPlant| Value::Text(r.kind.code())),
        key("lon", |r: &'a PowerPlant| Value::Degrees(r.at.lon_deg())),
        key("lat", |r: &'a PowerPlant| Value::Degrees(r.at.lat_deg())),
        col("capacity_mw", |r: &'a PowerPlant| real(r.capacity_mw)),
        col("voltage_kv", |r: &'a PowerPlant| real(r.voltage_kv)),
        col("free_mva", |r: &'a PowerPlant| real(r.free_mva)),
        col("status", |r: &'a PowerPlant| word(r.status.map(|v| v.code()))),
        col("annual_gwh", |r: &'a PowerPlant| real(r.annual_gwh)),
    ];
    Table { rows: plants, columns }
}

pub(super) fn datacenters<'a>(centers: &'a [DataCenter]) -> Table<'a, DataCenter> {
    let columns = vec![
        key("dc_id", |r: &'a DataCenter| Value::Text(&r.id)),
        key("name", |r: &'a DataCenter| Value::Text(&r.name)),
        col("operator", |r: &'a DataCenter| word(r.operator.as_deref())),
        col("tier", |r: &'a DataCenter| word(r.tier.map(|v| v.code()))),
        key("lon", |r: &'a DataCenter| Value::Degrees(r.at.lon_deg())),
        key("lat", |r: &'a DataCenter| Value::Degrees(r.at.lat_deg())),
        col("city_dot", |r: &'a DataCenter| flag(r.city_dot.then_some(true))),
        col("racks_std", |r: &'a DataCenter| real(r.racks_std)),
        col("rack_use_pct", |r: &'a DataCenter| real(r.rack_use_pct)),
        col("it_mw", |r: &'a DataCenter| real(r.it_mw)),
        col("pue", |r: &'a DataCenter| real(r.pue)),
        col("pue_basis", |r: &'a DataCenter| word(r.pue_basis.as_deref())),
        col("cooling", |r: &'a DataCenter| word(r.cooling.as_deref())),
    ];
    Table { rows: centers, columns }
}

pub(super) fn measurements<'a>(tests: &'a [Measurement], operators: &'a Operators) -> Table<'a, Measurement> {
    let columns = vec![
        key("lon", |r: &'a Measurement| Value::Degrees(r.at.lon_deg())),
        key("lat", |r: &'a Measurement| Value::Degrees(r.at.lat_deg())),
        key("operator", move |r: &'a Measurement| Value::Text(operators.code(r.operator))),
        key("rat", |r: &'a Measurement| Value::Text(r.rat.code())),
        col("ss_rsrp_dbm", |r: &'a Measurement| known(r.ss_rsrp_dbm)),
        col("ss_sinr_db", |r: &'a Measurement| known(r.ss_sinr_db)),
        col("dl_mbps", |r: &'a Measurement| known(r.dl_mbps)),
        col("ul_mbps", |r: &'a Measurement| known(r.ul_mbps)),
        col("time", |r: &'a Measurement| word(r.time.as_deref())),
        col("indoor", |r: &'a Measurement| flag(r.indoor)),
    ];
    Table { rows: tests, columns }
}

pub(super) fn barriers<'a>(barriers: &'a [Barrier]) -> Table<'a, Barrier> {
    let columns = vec![key("kind", |r: &'a Barrier| Value::Text(&r.kind))];
    Table { rows: barriers, columns }
}

pub(super) fn towns<'a>(towns: &'a [Town]) -> Table<'a, Town> {
    let columns = vec![
        key("name", |r: &'a Town| Value::Text(&r.name)),
        col("name_zh", |r: &'a Town| word(r.name_zh.as_deref())),
        key("lon", |r: &'a Town| Value::Degrees(r.at.lon_deg())),
        key("lat", |r: &'a Town| Value::Degrees(r.at.lat_deg())),
        col("population", |r: &'a Town| real(r.population)),
    ];
    Table { rows: towns, columns }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::inputs::Inputs;
    use crate::model::schema::Layer;

    fn check<T>(layer: &str, table: &Table<'_, T>) {
        let layer = Layer::named(layer).unwrap();
        for c in &table.columns {
            assert!(layer.column(c.name).is_some(), "{}.{}", layer.name, c.name);
        }
    }

    #[test]
    fn every_column_is_one_of_the_layer() {
        let i = Inputs::default();
        check("sites", &sites(&i.sites));
        check("cells", &cells(&[], &i.cells.text, &i.operators));
        check("fiber_nodes", &fiber_nodes(&i.fiber_nodes));
        check("fiber_segments", &fiber_segments(&i.fiber_segments));
        check("ducts", &ducts(&i.ducts));
        check("roads", &roads(&i.roads));
        check("candidates", &candidates(&i.candidates));
        check("regions", &regions(&i.regions));
        check("power", &power(&i.power));
        check("datacenters", &datacenters(&i.datacenters));
        check("measurements", &measurements(&i.measurements, &i.operators));
        check("barriers", &barriers(&i.barriers));
        check("towns", &towns(&i.towns));
    }
}
