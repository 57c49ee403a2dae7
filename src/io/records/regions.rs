//! Regions: areas from one file and figures from another, joined by code or name.

use super::bulk::columns;
use crate::io::binding::{Binding, Col};
use crate::io::read::Reader;
use crate::io::row::Row;
use crate::model::issues::{Issues, Place, Rule};
use crate::model::kinds::RegionLevel;
use crate::model::records::{Origin, Region, StationCount};
use crate::model::rules;
use crate::model::settings::Settings;
use std::collections::BTreeMap;

columns!(RegionColumns {
    adcode,
    code_system,
    name,
    level,
    parent,
    pop_resident,
    pop_year,
    stations_5g_official,
    stat_date,
    target_p10k,
    budget_cny,
    party,
    price_cny_kwh,
    ef_kg_kwh,
    ef_basis,
    ef_year,
});

/// A row of a region file, with or without an area.
#[derive(Debug)]
pub(in crate::io) struct RegionRow {
    adcode: Option<String>,
    name: Option<String>,
    level: Option<RegionLevel>,
    region: Region,
    has_area: bool,
}

/// Reads regions.
pub(in crate::io) struct RegionReader {
    file: u16,
    col: RegionColumns,
}

impl Reader for RegionReader {
    type Part = Vec<RegionRow>;

    fn bind(binding: &Binding, file: u16, _settings: &Settings) -> Self {
        Self { file, col: RegionColumns::bind(binding) }
    }

    fn read(&self, row: &mut Row<'_>, part: &mut Vec<RegionRow>) -> Option<()> {
        let c = &self.col;
        let has_area = row.shape().is_some();
        let shape = if has_area { row.area()? } else { geo::MultiPolygon::new(Vec::new()) };
        let (adcode, name) = (row.code(c.adcode), row.text(c.name));
        let level = row.word(c.level, RegionLevel::parse);
        if adcode.is_none() && name.is_none() {
            return row.blank("adcode");
        }
        let region = Region {
            adcode: String::new(),
            code_system: row.text(c.code_system),
            name: String::new(),
            level: level.unwrap_or(RegionLevel::Park),
            shape,
            parent: row.code(c.parent),
            pop_resident: row.number(c.pop_resident),
            pop_year: row.year(c.pop_year),
            stations_5g_official: row.number(c.stations_5g_official),
            stat_date: row.date(c.stat_date),
            history: Vec::new(),
            target_p10k: row.number(c.target_p10k),
            budget_cny: row.number(c.budget_cny),
            party: row.text(c.party),
            price_cny_kwh: row.number(c.price_cny_kwh),
            ef_kg_kwh: row.number(c.ef_kg_kwh),
            ef_basis: row.text(c.ef_basis),
            ef_year: row.year(c.ef_year),
            origin: Origin { file: self.file, row: row.number },
        };
        part.push(RegionRow { adcode, name, level, region, has_area });
        Some(())
    }
}

fn fill<T>(mine: &mut Option<T>, theirs: Option<T>) {
    if mine.is_none() {
        *mine = theirs;
    }
}

/// The count of a row, with its date.
fn dated(r: &Region) -> Option<StationCount> {
    Some(StationCount {
        stat_date: r.stat_date.clone()?,
        stations: r.stations_5g_official?,
        pop_resident: r.pop_resident,
    })
}

impl RegionRow {
    /// Whether two rows of one region are counts of two dates.
    fn another_date(&self, other: &Self) -> bool {
        dated(&self.region).zip(dated(&other.region)).is_some_and(|(a, b)| a.stat_date != b.stat_date)
    }

    /// Takes what this row doesn't know from another row of the same region.
    fn complete(&mut self, other: RegionRow) {
        fill(&mut self.adcode, other.adcode);
        fill(&mut self.name, other.name);
        fill(&mut self.level, other.level);
        let (r, mut o) = (&mut self.region, other.region);
        r.history.append(&mut o.history);
        if let Some((mine, theirs)) = dated(r).zip(dated(&o)).filter(|(a, b)| a.stat_date != b.stat_date) {
            // The newest count is the one of today.
            if theirs.stat_date > mine.stat_date {
                r.stations_5g_official = Some(theirs.stations);
                r.stat_date = Some(theirs.stat_date);
                if o.pop_resident.is_some() {
                    (r.pop_resident, r.pop_year) = (o.pop_resident, o.pop_year);
                }
                r.history.push(mine);
            } else {
                r.history.push(theirs);
            }
            r.history.sort_by(|a, b| a.stat_date.cmp(&b.stat_date));
            r.history.dedup_by(|a, b| a.stat_date == b.stat_date);
        }
        fill(&mut r.code_system, o.code_system);
        fill(&mut r.parent, o.parent);
        // A figure and what dates it go together.
        if r.pop_resident.is_none() {
            (r.pop_resident, r.pop_year) = (o.pop_resident, o.pop_year);
        }
        if r.stations_5g_official.is_none() {
            (r.stations_5g_official, r.stat_date) = (o.stations_5g_official, o.stat_date);
        }
        fill(&mut r.target_p10k, o.target_p10k);
        fill(&mut r.budget_cny, o.budget_cny);
        fill(&mut r.party, o.party);
        fill(&mut r.price_cny_kwh, o.price_cny_kwh);
        if r.ef_kg_kwh.is_none() {
            (r.ef_kg_kwh, r.ef_basis, r.ef_year) = (o.ef_kg_kwh, o.ef_basis, o.ef_year);
        }
    }
}

/// What joining did to the counts of the layer.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::io) struct Joined {
    /// Rows that broke a rule.
    pub dropped: u64,
    /// Rows that went into another.
    pub merged: u64,
}

/// Joins rows of the same region: rows with an area stand, rows without one fill in what those don't know,
/// found by code, else by name where only one region has it. Rows that fit nowhere stay as regions without
/// an area. Rows of several dates (`stat_date`) make a history: the newest count is the region's own.
pub(in crate::io) fn join(
    rows: Vec<RegionRow>,
    files: &[String],
    issues: &mut Issues,
    out: &mut Vec<Region>,
) -> Joined {
    let mut joined = Joined::default();
    let mut note = |rule: &'static Rule, origin: Origin, column: &str, value: &str| {
        let file = files.get(usize::from(origin.file)).cloned().unwrap_or_default();
        let place = Place { file, row: Some(origin.row.into()), column: Some(column.to_owned()) };
        issues.add(rule, "regions", place, value);
    };
    let mut list: Vec<RegionRow> = Vec::new();
    let mut by_code: BTreeMap<String, usize> = BTreeMap::new();
    let mut by_name: BTreeMap<String, Option<usize>> = BTreeMap::new();
    let (areas, figures): (Vec<RegionRow>, Vec<RegionRow>) = rows.into_iter().partition(|r| r.has_area);
    for row in areas.into_iter().chain(figures) {
        let same_code = row.adcode.as_ref().and_then(|c| by_code.get(c).copied());
        if let Some(i) = same_code {
            if row.has_area && !list[i].another_date(&row) {
                note(
                    &rules::ID_DUPLICATE,
                    row.region.origin,
                    "adcode",
                    row.adcode.as_deref().unwrap_or_default(),
                );
                joined.dropped += 1;
            } else {
                list[i].complete(row);
                joined.merged += 1;
            }
            continue;
        }
        let same_name = row.name.as_ref().and_then(|n| by_name.get(n).copied().flatten());
        if !row.has_area
            && let Some(i) = same_name
        {
            list[i].complete(row);
            joined.merged += 1;
            continue;
        }
        let i = list.len();
        if let Some(code) = &row.adcode {
            by_code.insert(code.clone(), i);
        }
        if let Some(name) = &row.name {
            by_name.entry(name.clone()).and_modify(|e| *e = None).or_insert(Some(i));
        }
        list.push(row);
    }
    for row in list {
        let origin = row.region.origin;
        let missing =
            [("adcode", row.adcode.is_none()), ("name", row.name.is_none()), ("level", row.level.is_none())];
        if let Some((column, _)) = missing.iter().find(|m| m.1) {
            note(&rules::REQUIRED_BLANK, origin, column, "");
            joined.dropped += 1;
            continue;
        }
        let (Some(adcode), Some(name), Some(level)) = (row.adcode, row.name, row.level) else { continue };
        if !row.has_area {
            note(&rules::POLYGON_MISSING, origin, "geometry", &name);
        }
        out.push(Region { adcode, name, level, ..row.region });
    }
    joined
}
