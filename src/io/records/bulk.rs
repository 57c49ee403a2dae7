//! Sites and cells: millions of rows, records without a heap of their own.

use super::ids;
use crate::geom::LonLat;
use crate::io::binding::{Binding, Col};
use crate::io::read::{LocalOperators, Reader};
use crate::io::row::Row;
use crate::model::bands::{band_mhz, nrarfcn_mhz};
use crate::model::kinds::{
    CellKind, CellStatus, CoordSource, FirmSize, Indoor5g, LatencyBasis, Rat, ServiceClass, SiteStatus, Wall,
};
use crate::model::operators::{OperatorId, Operators};
use crate::model::records::{Cell, Cells, Origin, Site, Sites};
use crate::model::rules;
use crate::model::settings::Settings;
use crate::model::text::{Known, Text, TextPool};
use crate::units::Dbm;
use std::collections::BTreeMap;

/// Texts of one part: those that differ from row to row, and those that repeat.
#[derive(Default)]
pub(in crate::io) struct Pools {
    unique: TextPool,
    shared: TextPool,
}

/// How handles of a part become handles of the layer.
struct Remap {
    by: u32,
    shared: Vec<Text>,
}

impl Pools {
    fn pour(&mut self, into: &mut TextPool, rows: usize, to_come: usize) -> Remap {
        // As many texts for each row to come as for those of this part.
        let scaled = |n: usize| (n as f64 * 1.02 * (1.0 + to_come as f64 / rows.max(1) as f64)) as usize;
        let (a, b) = (&self.unique, &self.shared);
        into.make_room(a.len() + b.len(), a.bytes() + b.bytes(), scaled);
        let map = Remap { by: into.append(&self.unique), shared: into.intern_all(&self.shared) };
        self.unique.clear();
        self.shared.clear();
        map
    }
}

impl Remap {
    fn unique(&self, t: &mut Text) {
        *t = t.shifted(self.by);
    }

    fn shared(&self, t: &mut Text) {
        if let Some(new) = t.index().and_then(|i| self.shared.get(i)) {
            *t = *new;
        }
    }
}

/// Makes room for a part's records; when there is none left, for those to come as well.
fn make_room<T>(list: &mut Vec<T>, now: usize, to_come: usize) {
    if list.capacity() - list.len() < now {
        list.reserve_exact(now + to_come + to_come / 50);
    }
}

/// Sites of one part.
#[derive(Default)]
pub(in crate::io) struct SitePart {
    list: Vec<Site>,
    pools: Pools,
    to_come: usize,
}

impl SitePart {
    /// Adds the part to the layer.
    pub fn pour(&mut self, sites: &mut Sites) {
        let map = self.pools.pour(&mut sites.text, self.list.len(), self.to_come);
        make_room(&mut sites.list, self.list.len(), self.to_come);
        sites.list.extend(self.list.drain(..).map(|mut s| {
            for t in [&mut s.id, &mut s.name, &mut s.uscc] {
                map.unique(t);
            }
            for t in [
                &mut s.adcode,
                &mut s.city,
                &mut s.park,
                &mut s.industry_code,
                &mut s.sector,
                &mut s.dig_level,
                &mut s.dig_scheme,
                &mut s.factory_scheme,
                &mut s.factory_level,
            ] {
                map.shared(t);
            }
            s
        }));
    }
}

macro_rules! columns {
    ($(#[$doc:meta])* $name:ident { $($field:ident),+ $(,)? }) => {
        $(#[$doc])*
        pub(in crate::io) struct $name { $($field: Col),+ }
        impl $name {
            fn bind(b: &Binding) -> Self {
                Self { $($field: b.col(stringify!($field))),+ }
            }
            #[cfg(test)]
            pub(in crate::io) const NAMES: &'static [&'static str] = &[$(stringify!($field)),+];
        }
    };
}
pub(in crate::io) use columns;

columns!(SiteColumns {
    site_id,
    name,
    uscc,
    coord_src,
    pos_acc_m,
    adcode,
    city,
    park,
    industry_code,
    sector,
    firm_size,
    above_scale,
    employees,
    revenue_cny,
    dig_level,
    dig_scheme,
    status,
    service,
    ul_mbps,
    dl_mbps,
    latency_ms,
    latency_basis,
    terminals_5g,
    area_m2,
    ceiling_m,
    wall,
    indoor_5g,
    has_fiber,
    protect,
    uses_5g,
    factory_scheme,
    factory_level,
    weight,
});

/// Reads sites.
pub(in crate::io) struct SiteReader {
    file: u16,
    col: SiteColumns,
}

impl Reader for SiteReader {
    type Part = SitePart;

    fn make_room(part: &mut SitePart, rows: usize) {
        part.list.reserve(rows);
    }

    fn expect(part: &mut SitePart, rows: usize) {
        part.to_come = rows;
    }

    fn bind(binding: &Binding, file: u16, _settings: &Settings) -> Self {
        Self { file, col: SiteColumns::bind(binding) }
    }

    fn read(&self, row: &mut Row<'_>, part: &mut SitePart) -> Option<()> {
        let c = &self.col;
        let Pools { unique, shared } = &mut part.pools;
        let at = row.point();
        let name = row.unique(c.name, unique);
        if !name.is_some() {
            row.blank::<()>("name");
        }
        let id = row.unique_code(c.site_id, unique);
        let mut site = Site {
            id,
            id_made: false,
            name,
            uscc: row.unique_code(c.uscc, unique),
            at: LonLat::wrapped(0.0, 0.0),
            coord_src: row.word(c.coord_src, CoordSource::parse),
            pos_acc_m: row.known(c.pos_acc_m),
            adcode: row.shared_code(c.adcode, shared),
            city: row.shared(c.city, shared),
            park: row.shared(c.park, shared),
            industry_code: row.shared_code(c.industry_code, shared),
            sector: row.shared(c.sector, shared),
            firm_size: row.word(c.firm_size, FirmSize::parse),
            above_scale: row.flag(c.above_scale),
            employees: row.known(c.employees),
            revenue_cny: row.known(c.revenue_cny),
            dig_level: row.shared(c.dig_level, shared),
            dig_scheme: row.shared(c.dig_scheme, shared),
            status: row.word(c.status, SiteStatus::parse),
            service: row.word(c.service, ServiceClass::parse),
            ul_mbps: row.known(c.ul_mbps),
            dl_mbps: row.known(c.dl_mbps),
            latency_ms: row.known(c.latency_ms),
            latency_basis: row.word(c.latency_basis, LatencyBasis::parse),
            terminals_5g: row.known(c.terminals_5g),
            area_m2: row.known(c.area_m2),
            ceiling_m: row.known(c.ceiling_m),
            wall: row.word(c.wall, Wall::parse),
            indoor_5g: row.word(c.indoor_5g, Indoor5g::parse),
            has_fiber: row.flag(c.has_fiber),
            protect: row.flag(c.protect),
            uses_5g: row.flag(c.uses_5g),
            factory_scheme: row.shared(c.factory_scheme, shared),
            factory_level: row.shared(c.factory_level, shared),
            weight: row.known(c.weight),
            origin: Origin { file: self.file, row: row.number },
        };
        site.at = at?;
        if !name.is_some() {
            return None;
        }
        if !id.is_some() {
            let made = ids::made("S", &[unique.get(name)], at);
            row.note(&rules::ID_MADE, "site_id", &made);
            site.id = unique.push(&made);
            site.id_made = true;
        }
        part.list.push(site);
        Some(())
    }
}

/// Cells of one part.
#[derive(Default)]
pub(in crate::io) struct CellPart {
    list: Vec<Cell>,
    pools: Pools,
    to_come: usize,
    operators: LocalOperators,
}

impl CellPart {
    /// Adds the part to the layer.
    pub fn pour(&mut self, cells: &mut Cells, operators: &mut Operators) {
        let map = self.pools.pour(&mut cells.text, self.list.len(), self.to_come);
        cells.list.make_room(self.list.len(), self.to_come + self.to_come / 50);
        let ids = std::mem::take(&mut self.operators).global(operators);
        let global = |o: OperatorId| ids.get(usize::from(o.0)).copied().unwrap_or(o);
        for mut c in self.list.drain(..) {
            map.unique(&mut c.id);
            for t in [&mut c.station, &mut c.tower, &mut c.host_site, &mut c.antenna] {
                map.shared(t);
            }
            c.operator = global(c.operator);
            c.shared_with = c.shared_with.map(global);
            cells.list.push(c);
        }
    }
}

columns!(CellColumns {
    cell_id,
    station_id,
    tower_id,
    operator,
    shared_with,
    rat,
    band,
    freq_mhz,
    nrarfcn,
    bw_mhz,
    kind,
    host_site_id,
    height_m,
    azimuth_deg,
    etilt_deg,
    mtilt_deg,
    antenna,
    power_dbm,
    power_w,
    ssb_epre_dbm,
    gain_ssb_dbi,
    gain_traffic_dbi,
    ports,
    pci,
    load_pct,
    status,
    on_air,
});

/// Reads cells.
pub(in crate::io) struct CellReader {
    file: u16,
    col: CellColumns,
    /// Frequencies of the carriers that the project or the catalogue names.
    carriers: BTreeMap<String, f64>,
}

impl Reader for CellReader {
    type Part = CellPart;

    fn make_room(part: &mut CellPart, rows: usize) {
        part.list.reserve(rows);
    }

    fn expect(part: &mut CellPart, rows: usize) {
        part.to_come = rows;
    }

    fn bind(binding: &Binding, file: u16, settings: &Settings) -> Self {
        let carriers = settings.radio.carrier.iter().map(|(k, c)| (k.to_lowercase(), c.freq_mhz)).collect();
        Self { file, col: CellColumns::bind(binding), carriers }
    }

    fn read(&self, row: &mut Row<'_>, part: &mut CellPart) -> Option<()> {
        let c = &self.col;
        let CellPart { list, pools: Pools { unique, shared }, operators, .. } = part;
        let at = row.point();
        let id = row.unique_code(c.cell_id, unique);
        let operator = row.with(c.operator, |row, v| match v {
            v if v.is_blank() => row.blank("operator"),
            v => Some(operators.index(&v.text())),
        });
        let shared_with = row.with(c.shared_with, |_, v| (!v.is_blank()).then(|| operators.index(&v.text())));
        let rat = row.required_word(c.rat, "rat", Rat::parse);
        let operator_id = |i: usize| OperatorId(u16::try_from(i).unwrap_or(u16::MAX));
        let placeholder = LonLat::wrapped(0.0, 0.0);
        let mut cell = Cell::at(
            id,
            at.unwrap_or(placeholder),
            operator_id(operator.unwrap_or(0)),
            rat.unwrap_or(Rat::Nr),
        );
        cell.shared_with = shared_with.map(operator_id);
        cell.station = row.shared_code(c.station_id, shared);
        cell.tower = row.shared_code(c.tower_id, shared);
        cell.host_site = row.shared_code(c.host_site_id, shared);
        cell.freq_mhz = Known::from_f64(self.frequency(row));
        cell.bw_mhz = row.known(c.bw_mhz);
        cell.kind = row.word(c.kind, CellKind::parse);
        cell.height_m = row.known(c.height_m);
        cell.azimuth_deg = Known::from_f64(row.number_unless(c.azimuth_deg, OMNI).map(|a| a % 360.0));
        let (etilt, mtilt) = (row.number(c.etilt_deg), row.number(c.mtilt_deg));
        cell.tilt_deg = Known::from_f64(match (etilt, mtilt) {
            (None, None) => None,
            (e, m) => Some(e.unwrap_or(0.0) + m.unwrap_or(0.0)),
        });
        // A lone tilt may be the sum of both, whatever its heading.
        cell.mtilt_deg = Known::from_f64(etilt.and(mtilt));
        cell.antenna = row.shared_code(c.antenna, shared);
        let watts = row.number(c.power_w).filter(|w| *w > 0.0).map(|w| Dbm::from_watts(w).get());
        cell.power_dbm = Known::from_f64(row.number(c.power_dbm).or(watts));
        cell.ssb_epre_dbm = row.known(c.ssb_epre_dbm);
        cell.gain_ssb_dbi = row.known(c.gain_ssb_dbi);
        cell.gain_traffic_dbi = row.known(c.gain_traffic_dbi);
        cell.load_pct = row.known(c.load_pct);
        cell.status = row.word(c.status, CellStatus::parse);
        cell.ports = self.ports(row);
        // Not kept, but checked like everything else.
        row.whole(c.pci);
        row.date(c.on_air);
        cell.origin = Origin { file: self.file, row: row.number };
        let (at, operator, rat) = (at?, operator?, rat?);
        if !id.is_some() {
            let freq = cell.freq_mhz.get().map(|f| f.to_string()).unwrap_or_default();
            let azimuth = cell.azimuth_deg.get().map(|a| a.to_string()).unwrap_or_default();
            let made = ids::made("C", &[operators.name(operator), rat.code(), &freq, &azimuth], Some(at));
            row.note(&rules::ID_MADE, "cell_id", &made);
            cell.id = unique.push(&made);
        }
        list.push(cell);
        Some(())
    }
}

/// Words for an antenna without a direction.
const OMNI: &[&str] = &["全向", "omni", "Omni", "OMNI"];

impl CellReader {
    /// The carrier frequency: as given, of the channel number, of the band.
    fn frequency(&self, row: &mut Row<'_>) -> Option<f64> {
        let c = &self.col;
        let given = row.number(c.freq_mhz);
        let channel = row.whole(c.nrarfcn).filter(|n| *n > 0).and_then(nrarfcn_mhz);
        let band = row.with(c.band, |row, v| {
            if v.is_blank() {
                return None;
            }
            let text = v.text();
            let key = text.trim().to_lowercase();
            let found = self
                .carriers
                .get(&key)
                .copied()
                .or_else(|| band_mhz(&key))
                .or_else(|| crate::io::values::number(v, "MHz").and_then(|n| self.numbered(n)));
            if found.is_none() {
                row.note(&rules::WORD_UNKNOWN, "band", &text);
            }
            found
        });
        given.or(channel).or(band)
    }

    /// A bare number in the band column: a frequency in MHz, in GHz, or the number of a band.
    fn numbered(&self, n: f64) -> Option<f64> {
        if (400.0..=100_000.0).contains(&n) {
            return Some(n);
        }
        if n.fract() != 0.0 {
            return (0.4..=100.0).contains(&n).then_some(n * 1e3);
        }
        let key = format!("n{n}");
        self.carriers.get(&key).copied().or_else(|| band_mhz(&key))
    }

    /// Transmit ports: `64T64R`, `64`.
    fn ports(&self, row: &mut Row<'_>) -> u8 {
        row.with(self.col.ports, |row, v| {
            if v.is_blank() {
                return 0;
            }
            let text = v.text();
            let digits: String = text.trim().chars().take_while(char::is_ascii_digit).collect();
            match digits.parse::<u8>() {
                Ok(n) if n > 0 => n,
                _ => {
                    row.note(&rules::VALUE_UNREADABLE, "ports", &text);
                    0
                }
            }
        })
    }
}
