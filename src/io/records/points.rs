//! Candidates, power, data centers, measurements, towns.

use super::bulk::columns;
use super::ids;
use crate::io::binding::{Binding, Col};
use crate::io::read::{LocalOperators, Reader};
use crate::io::row::Row;
use crate::model::kinds::{CandidateKind, DcTier, Lock, PowerKind, Rat, SiteStatus};
use crate::model::operators::{OperatorId, Operators};
use crate::model::records::{Candidate, DataCenter, Measurement, Origin, PowerPlant, Town};
use crate::model::rules;
use crate::model::settings::Settings;

columns!(CandidateColumns {
    cand_id,
    kind,
    owner,
    tower_id,
    height_m,
    slots_free,
    power_kw,
    capex_cny,
    rent_cny_yr,
    payer,
    months,
    lock,
    host_site_id,
});

/// Reads candidates.
pub(in crate::io) struct CandidateReader {
    file: u16,
    col: CandidateColumns,
}

impl Reader for CandidateReader {
    type Part = Vec<Candidate>;

    fn bind(binding: &Binding, file: u16, _settings: &Settings) -> Self {
        Self { file, col: CandidateColumns::bind(binding) }
    }

    fn read(&self, row: &mut Row<'_>, part: &mut Vec<Candidate>) -> Option<()> {
        let c = &self.col;
        let at = row.point();
        let kind = row.required_word(c.kind, "kind", CandidateKind::parse);
        let id = row.code(c.cand_id);
        let mut candidate = Candidate {
            id: String::new(),
            kind: kind?,
            at: at?,
            owner: row.text(c.owner),
            tower_id: row.code(c.tower_id),
            height_m: row.number(c.height_m),
            slots_free: row.whole(c.slots_free),
            power_kw: row.number(c.power_kw),
            capex_cny: row.number(c.capex_cny),
            rent_cny_yr: row.number(c.rent_cny_yr),
            payer: row.text(c.payer),
            months: row.number(c.months),
            lock: row.word(c.lock, Lock::parse).unwrap_or(Lock::Free),
            host_site_id: row.code(c.host_site_id),
            made: false,
            origin: Origin { file: self.file, row: row.number },
        };
        candidate.id = id.unwrap_or_else(|| {
            let made = ids::made("K", &[candidate.kind.code()], at);
            row.note(&rules::ID_MADE, "cand_id", &made);
            made
        });
        part.push(candidate);
        Some(())
    }
}

columns!(PowerColumns { power_id, name, kind, capacity_mw, voltage_kv, free_mva, status, annual_gwh });

/// Reads power plants and substations.
pub(in crate::io) struct PowerReader {
    file: u16,
    col: PowerColumns,
}

impl Reader for PowerReader {
    type Part = Vec<PowerPlant>;

    fn bind(binding: &Binding, file: u16, _settings: &Settings) -> Self {
        Self { file, col: PowerColumns::bind(binding) }
    }

    fn read(&self, row: &mut Row<'_>, part: &mut Vec<PowerPlant>) -> Option<()> {
        let c = &self.col;
        let at = row.point();
        let name = row.required_text(c.name, "name");
        let kind = row.required_word(c.kind, "kind", PowerKind::parse);
        let id = row.code(c.power_id);
        let mut plant = PowerPlant {
            id: String::new(),
            name: name?,
            kind: kind?,
            at: at?,
            capacity_mw: row.number(c.capacity_mw),
            voltage_kv: row.number(c.voltage_kv),
            free_mva: row.number(c.free_mva),
            annual_gwh: row.number(c.annual_gwh),
            status: row.word(c.status, SiteStatus::parse),
            origin: Origin { file: self.file, row: row.number },
        };
        plant.id = id.unwrap_or_else(|| {
            let made = ids::made("E", &[&plant.name, plant.kind.code()], at);
            row.note(&rules::ID_MADE, "power_id", &made);
            made
        });
        part.push(plant);
        Some(())
    }
}

columns!(DataCenterColumns {
    dc_id,
    name,
    operator,
    tier,
    city_dot,
    racks_std,
    rack_use_pct,
    it_mw,
    pue,
    pue_basis,
    cooling,
});

/// Reads data centers.
pub(in crate::io) struct DataCenterReader {
    file: u16,
    col: DataCenterColumns,
}

impl Reader for DataCenterReader {
    type Part = Vec<DataCenter>;

    fn bind(binding: &Binding, file: u16, _settings: &Settings) -> Self {
        Self { file, col: DataCenterColumns::bind(binding) }
    }

    fn read(&self, row: &mut Row<'_>, part: &mut Vec<DataCenter>) -> Option<()> {
        let c = &self.col;
        let at = row.point();
        let name = row.required_text(c.name, "name");
        let id = row.code(c.dc_id);
        let mut center = DataCenter {
            id: String::new(),
            name: name?,
            operator: row.text(c.operator),
            tier: row.word(c.tier, DcTier::parse),
            at: at?,
            city_dot: row.flag(c.city_dot).unwrap_or(false),
            racks_std: row.number(c.racks_std),
            rack_use_pct: row.number(c.rack_use_pct),
            it_mw: row.number(c.it_mw),
            pue: row.number(c.pue),
            pue_basis: row.text(c.pue_basis),
            cooling: row.text(c.cooling),
            origin: Origin { file: self.file, row: row.number },
        };
        center.id = id.unwrap_or_else(|| {
            let made = ids::made("D", &[&center.name], at);
            row.note(&rules::ID_MADE, "dc_id", &made);
            made
        });
        part.push(center);
        Some(())
    }
}

/// Measurements of one part.
#[derive(Default)]
pub(in crate::io) struct MeasurementPart {
    list: Vec<Measurement>,
    operators: LocalOperators,
}

impl MeasurementPart {
    /// Adds the part to the layer.
    pub fn pour(&mut self, list: &mut Vec<Measurement>, operators: &mut Operators) {
        let ids = std::mem::take(&mut self.operators).global(operators);
        list.extend(self.list.drain(..).map(|mut m| {
            m.operator = ids.get(usize::from(m.operator.0)).copied().unwrap_or(m.operator);
            m
        }));
    }
}

columns!(MeasurementColumns { operator, rat, ss_rsrp_dbm, ss_sinr_db, dl_mbps, ul_mbps, time, indoor });

/// Reads drive tests.
pub(in crate::io) struct MeasurementReader {
    file: u16,
    col: MeasurementColumns,
}

impl Reader for MeasurementReader {
    type Part = MeasurementPart;

    fn bind(binding: &Binding, file: u16, _settings: &Settings) -> Self {
        Self { file, col: MeasurementColumns::bind(binding) }
    }

    fn read(&self, row: &mut Row<'_>, part: &mut MeasurementPart) -> Option<()> {
        let c = &self.col;
        let at = row.point();
        let operator = row.with(c.operator, |row, v| match v {
            v if v.is_blank() => row.blank("operator"),
            v => Some(part.operators.index(&v.text())),
        });
        let rat = row.required_word(c.rat, "rat", Rat::parse);
        part.list.push(Measurement {
            at: at?,
            operator: OperatorId(u16::try_from(operator?).unwrap_or(u16::MAX)),
            rat: rat?,
            ss_rsrp_dbm: row.known(c.ss_rsrp_dbm),
            ss_sinr_db: row.known(c.ss_sinr_db),
            dl_mbps: row.known(c.dl_mbps),
            ul_mbps: row.known(c.ul_mbps),
            time: row.text(c.time),
            indoor: row.flag(c.indoor),
            origin: Origin { file: self.file, row: row.number },
        });
        Some(())
    }
}

columns!(TownColumns { name, name_zh, population });

/// Reads towns.
pub(in crate::io) struct TownReader {
    col: TownColumns,
}

impl Reader for TownReader {
    type Part = Vec<Town>;

    fn bind(binding: &Binding, _file: u16, _settings: &Settings) -> Self {
        Self { col: TownColumns::bind(binding) }
    }

    fn read(&self, row: &mut Row<'_>, part: &mut Vec<Town>) -> Option<()> {
        let c = &self.col;
        let at = row.point();
        let name = row.required_text(c.name, "name");
        part.push(Town {
            name: name?,
            name_zh: row.text(c.name_zh).and_then(|t| chinese_name(&t)),
            at: at?,
            // City files write zero where they have no count.
            population: row.number(c.population).filter(|p| *p > 0.0),
        });
        Some(())
    }
}

/// Of a list of names, the one in Chinese characters; of several the one that names a city (市).
fn chinese_name(names: &str) -> Option<String> {
    let han = |s: &&str| !s.is_empty() && s.chars().all(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    let chinese: Vec<&str> = names.split([',', ';', '，', '；']).map(str::trim).filter(han).collect();
    let pick = chinese.iter().find(|n| n.ends_with('市')).or_else(|| chinese.first())?;
    Some((*pick).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chinese_name_of_a_list() {
        assert_eq!(chinese_name("Zhaoqing,肇庆,肇庆市,자오칭 시").as_deref(), Some("肇庆市"));
        assert_eq!(chinese_name("Lima"), None);
    }
}
