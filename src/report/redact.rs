//! What may leave the house: inputs and results with everything taken out that their level forbids,
//! before any writer sees them.
//!
//! | | inter-agency | public |
//! |---|---|---|
//! | points and lines | moved to the grid (`redact.grid_m`) | the same; firms that stand alone to a coarser one |
//! | ids of firms, cells, towers, nodes | hashed | hashed |
//! | names of firms and halls, credit codes, source rows, file names | dropped | dropped |
//! | cell parameters, servers and their distance | dropped | dropped |
//! | owners, employees, revenue, floor area, hall, terminals, rates asked for, position accuracy | kept | dropped |
//! | parks: names, figures and areas | kept | dropped |
//! | industry codes, region codes of the firm's own row | kept | dropped; sector and city stay |
//! | counts below `redact.min_count` | kept | withheld |
//!
//! A hash is SHA-256 over a salt and the id, cut to 16 digits. The salt is the SHA-256 of all exact site
//! and cell positions, ids and names: no random number and no seed, so runs repeat; yet whoever lacks the
//! inputs can't try ids out. Hashes of one data set therefore don't match those of another.

use super::layers::View;
use super::out::hex;
use crate::coverage::{Assessment, Kpi, KpiGroup};
use crate::geom::LonLat;
use crate::model::inputs::Inputs;
use crate::model::issues::{Issues, Place};
use crate::model::kinds::{Redaction, RegionLevel};
use crate::model::notes::Note;
use crate::model::planned::StationBuild;
use crate::model::records::{Cell, Origin, Region, Roads, Site};
use crate::model::settings::{RedactSettings, Settings};
use crate::model::text::{Known, Text, TextPool};
use crate::plan::Plan;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// Inputs and results as they may be written.
pub struct Released<'a> {
    inputs: Cow<'a, Inputs>,
    settings: Cow<'a, Settings>,
    results: Results<'a>,
    /// Salt of the hashes; none where ids are told as they are.
    salt: Option<[u8; 32]>,
}

enum Results<'a> {
    Coverage(Cow<'a, Assessment>),
    Plan(Cow<'a, Plan>),
}

impl<'a> Released<'a> {
    /// An assessment at the level of the settings.
    #[must_use]
    pub fn coverage(inputs: &'a Inputs, settings: &'a Settings, found: &'a Assessment) -> Self {
        if settings.redact.level == Redaction::Internal {
            return Self {
                inputs: Cow::Borrowed(inputs),
                settings: Cow::Borrowed(settings),
                results: Results::Coverage(Cow::Borrowed(found)),
                salt: None,
            };
        }
        let r = Redactor::new(inputs, &settings.redact, &[found], None);
        Self {
            inputs: Cow::Owned(r.inputs(inputs)),
            settings: Cow::Owned(r.settings(settings)),
            results: Results::Coverage(Cow::Owned(r.assessment(found))),
            salt: Some(r.salt),
        }
    }

    /// A plan at the level of the settings.
    #[must_use]
    pub fn plan(inputs: &'a Inputs, settings: &'a Settings, plan: &'a Plan) -> Self {
        if settings.redact.level == Redaction::Internal {
            return Self {
                inputs: Cow::Borrowed(inputs),
                settings: Cow::Borrowed(settings),
                results: Results::Plan(Cow::Borrowed(plan)),
                salt: None,
            };
        }
        let r = Redactor::new(inputs, &settings.redact, &[&plan.before, &plan.after], Some(plan));
        Self {
            inputs: Cow::Owned(r.inputs(inputs)),
            settings: Cow::Owned(r.settings(settings)),
            results: Results::Plan(Cow::Owned(r.plan(plan))),
            salt: Some(r.salt),
        }
    }

    /// An id as it may be told.
    #[must_use]
    pub fn id(&self, id: &str) -> String {
        self.salt.map_or_else(|| id.to_owned(), |salt| hashed(&salt, id))
    }

    /// A name, where names may be told.
    #[must_use]
    pub fn name<'t>(&self, name: &'t str) -> Option<&'t str> {
        (self.settings.redact.level == Redaction::Internal).then_some(name)
    }

    /// A position as it may be told.
    #[must_use]
    pub fn position(&self, at: LonLat) -> LonLat {
        if self.salt.is_some() { snapped(at, self.settings.redact.grid_m) } else { at }
    }

    /// An owner or applicant, where these may be told.
    #[must_use]
    pub fn party<'t>(&self, party: &'t str) -> Option<&'t str> {
        (self.settings.redact.level != Redaction::Public).then_some(party)
    }

    /// What was read, as it may be told.
    #[must_use]
    pub fn inputs(&self) -> &Inputs {
        &self.inputs
    }

    /// What the writers look at.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        let (found, plan) = match &self.results {
            Results::Coverage(a) => (&**a, None),
            Results::Plan(p) => (&p.before, Some(&**p)),
        };
        let settings = &*self.settings;
        let public = settings.redact.level == Redaction::Public;
        let min_count = if public { u64::from(settings.redact.min_count).max(1) } else { 1 };
        View { inputs: &self.inputs, settings, found, plan, min_count }
    }
}

/// Metres of a degree of latitude, for the grid.
const M_PER_DEG: f64 = 111_320.0;

/// Centre of the grid square of a position.
fn snapped(p: LonLat, grid_m: f64) -> LonLat {
    let step = grid_m / M_PER_DEG;
    let lat = ((p.lat_deg() / step).floor() + 0.5) * step;
    let step = grid_m / (M_PER_DEG * lat.to_radians().cos().max(0.01));
    let lon = ((p.lon_deg() / step).floor() + 0.5) * step;
    LonLat::wrapped(lon.clamp(-180.0, 180.0), lat)
}

fn hashed(salt: &[u8; 32], id: &str) -> String {
    let mut h = Sha256::new();
    h.update(salt);
    h.update(id);
    let mut text = hex(&h.finalize());
    text.truncate(16);
    // A letter first keeps spreadsheets from taking one for a number.
    format!("x{text}")
}

struct Redactor {
    public: bool,
    grid_m: f64,
    salt: [u8; 32],
    site_at: Vec<LonLat>,
    /// Where each region stands in the list that is released; parks are none of the public's.
    region_at: Vec<Option<u32>>,
    /// Codes of regions that are parks.
    parks: BTreeSet<String>,
    /// Everything that must not appear in a remark.
    secrets: Vec<String>,
}

impl Redactor {
    fn new(inputs: &Inputs, s: &RedactSettings, found: &[&Assessment], plan: Option<&Plan>) -> Self {
        let public = s.level == Redaction::Public;
        let mut hash = Sha256::new_with_prefix(b"covplan redaction 1");
        let position = |hash: &mut Sha256, p: LonLat, id: &str, name: &str| {
            hash.update(p.lon_deg().to_le_bytes());
            hash.update(p.lat_deg().to_le_bytes());
            for text in [id, name] {
                hash.update((text.len() as u64).to_le_bytes());
                hash.update(text);
            }
        };
        for site in &inputs.sites.list {
            let text = &inputs.sites.text;
            position(&mut hash, site.at, text.get(site.id), text.get(site.name));
        }
        for cell in &inputs.cells.list {
            position(&mut hash, cell.at, inputs.cells.text.get(cell.id), "");
        }
        Self {
            public,
            grid_m: s.grid_m,
            salt: hash.finalize().into(),
            region_at: kept_regions(inputs, public),
            parks: parks(inputs).map(|r| r.adcode.clone()).collect(),
            site_at: site_positions(inputs, s.grid_m, if public { s.min_count as usize } else { 1 }),
            secrets: secrets(inputs, found, plan, public),
        }
    }

    fn hashed(&self, id: &str) -> String {
        hashed(&self.salt, id)
    }

    fn at(&self, p: LonLat) -> LonLat {
        snapped(p, self.grid_m)
    }

    fn line(&self, line: &[LonLat]) -> Vec<LonLat> {
        let mut moved: Vec<LonLat> = line.iter().map(|p| self.at(*p)).collect();
        moved.dedup_by(|a, b| a == b);
        if moved.len() < 2 { Vec::new() } else { moved }
    }

    /// A distance that can't be used to find the exact place again.
    fn coarse(&self, v: Known) -> Known {
        let step = (self.grid_m / 10.0).max(1.0);
        Known::from_f64(v.get().map(|v| (v / step).round() * step))
    }

    fn tells(&self, text: &str) -> bool {
        self.secrets.iter().any(|s| text.contains(s.as_str()))
    }

    fn notes(&self, notes: &[Note]) -> Vec<Note> {
        let one = |n: &Note| match self.tells(&n.en) || self.tells(&n.zh) {
            true => {
                Note::new(n.code, "withheld: it names a firm or an asset", "涉及具体企业或资产，不予公布")
            }
            false => n.clone(),
        };
        notes.iter().map(one).collect()
    }

    fn settings(&self, settings: &Settings) -> Settings {
        let mut s = settings.clone();
        for id in s.plan.lock.open.iter_mut().chain(&mut s.plan.lock.shut) {
            *id = self.hashed(id);
        }
        for id in &mut s.plan.weight.lead_firms {
            *id = self.hashed(id);
        }
        if self.public {
            s.fiber.own_owners.clear();
            s.plan.weight.park.clear();
        }
        s
    }

    fn inputs(&self, inputs: &Inputs) -> Inputs {
        let mut out = Inputs {
            operators: inputs.operators.clone(),
            regions: self.kept(&inputs.regions),
            fiber_nodes: inputs.fiber_nodes.clone(),
            datacenters: inputs.datacenters.clone(),
            roads: Roads { inferred: inputs.roads.inferred, ..Roads::default() },
            layers: inputs.layers.clone(),
            issues: bare(&inputs.issues),
            ..Inputs::default()
        };
        for (i, site) in inputs.sites.list.iter().enumerate() {
            let at = self.site_at.get(i).copied().unwrap_or_else(|| self.at(site.at));
            out.sites.list.push(self.site(site, at, &inputs.sites.text, &mut out.sites.text));
        }
        for cell in &inputs.cells.list {
            let id = out.cells.text.push(&self.hashed(inputs.cells.text.get(cell.id)));
            out.cells.list.push(Cell {
                shared_with: cell.shared_with,
                status: cell.status,
                kind: cell.kind,
                ..Cell::at(id, self.at(cell.at), cell.operator, cell.rat)
            });
        }
        for n in &mut out.fiber_nodes {
            n.id = self.hashed(&n.id);
            n.at = self.at(n.at);
            n.origin = Origin::default();
            n.pon = None;
            if self.public {
                n.owner = String::new();
                (n.fibers_total, n.fibers_free, n.ports_free) = (None, None, None);
                (n.rack_free, n.power_free_kw) = (None, None);
            }
        }
        for d in &mut out.datacenters {
            d.id = self.hashed(&d.id);
            d.name = d.id.clone();
            d.at = self.at(d.at);
            d.origin = Origin::default();
        }
        for r in &mut out.regions {
            r.origin = Origin::default();
            if self.public {
                r.budget_cny = None;
            }
        }
        for l in out.layers.values_mut() {
            l.files.clear();
            l.turned.clear();
            l.columns.clear();
            l.unknown_columns.clear();
            let told = l.source.as_deref().is_some_and(|s| self.tells(s));
            if self.public || told {
                l.source = None;
            }
        }
        out
    }

    fn kept(&self, regions: &[Region]) -> Vec<Region> {
        regions.iter().zip(&self.region_at).filter(|(_, at)| at.is_some()).map(|(r, _)| r.clone()).collect()
    }

    fn site(&self, s: &Site, at: LonLat, from: &TextPool, to: &mut TextPool) -> Site {
        let mut keep = |t: Text| to.intern(from.get(t));
        let mut new = Site {
            adcode: keep(s.adcode),
            city: keep(s.city),
            park: keep(s.park),
            industry_code: keep(s.industry_code),
            sector: keep(s.sector),
            dig_level: keep(s.dig_level),
            dig_scheme: keep(s.dig_scheme),
            factory_scheme: keep(s.factory_scheme),
            factory_level: keep(s.factory_level),
            id: to.push(&self.hashed(from.get(s.id))),
            name: Text::NONE,
            uscc: Text::NONE,
            at,
            origin: Origin::default(),
            ..*s
        };
        if self.public {
            new.employees = Known::UNKNOWN;
            new.revenue_cny = Known::UNKNOWN;
            new.area_m2 = Known::UNKNOWN;
            new.terminals_5g = Known::UNKNOWN;
            new.pos_acc_m = Known::UNKNOWN;
            new.ceiling_m = Known::UNKNOWN;
            // What was asked for and how the hall is built tell firms apart.
            (new.ul_mbps, new.dl_mbps, new.latency_ms) = (Known::UNKNOWN, Known::UNKNOWN, Known::UNKNOWN);
            (new.latency_basis, new.wall, new.coord_src, new.above_scale) = (None, None, None, None);
            (new.dig_scheme, new.factory_scheme, new.factory_level) = (Text::NONE, Text::NONE, Text::NONE);
            new.weight = Known::UNKNOWN;
            new.protect = None;
            new.park = Text::NONE;
            // A village, or the only firm of its trade in a city.
            new.adcode = Text::NONE;
            new.industry_code = Text::NONE;
        }
        new
    }

    fn assessment(&self, found: &Assessment) -> Assessment {
        let mut a = found.clone();
        for n in &mut a.at_network {
            n.server = None;
            n.model = None;
            n.distance_m = Known::UNKNOWN;
        }
        for s in &mut a.sites {
            s.fiber_m = self.coarse(s.fiber_m);
            s.backbone_m = self.coarse(s.backbone_m);
            s.city = s.city.and_then(|c| self.region_at.get(c as usize).copied().flatten());
        }
        if self.public {
            // Of a park: its own row, and that of a region which is one.
            let park = |k: &Kpi| k.group == KpiGroup::Park || self.parks.contains(&k.key);
            a.kpis.retain(|k| !park(k));
        }
        for t in &mut a.towers.list {
            t.id = self.hashed(&t.id);
            t.at = self.at(t.at);
        }
        a.notes = self.notes(&a.notes);
        a
    }

    fn plan(&self, plan: &Plan) -> Plan {
        let mut p = plan.clone();
        p.before = self.assessment(&plan.before);
        p.after = self.assessment(&plan.after);
        p.notes = self.notes(&plan.notes);
        for s in &mut p.stations {
            s.candidate = self.hashed(&s.candidate);
            // An indoor system or a roof is the firm itself; in public it goes to a coarser grid.
            let at_firm = matches!(s.build, StationBuild::Indoor | StationBuild::Roof);
            s.at = snapped(s.at, if self.public && at_firm { 8.0 * self.grid_m } else { self.grid_m });
            s.height_m = 0.0;
            s.carrier = String::new();
            s.sites_lifted.iter_mut().for_each(|id| *id = self.hashed(id));
            if self.public {
                s.owner = None;
            }
        }
        for r in &mut p.routes {
            r.line = self.line(&r.line);
            r.road_id = None;
            r.around_road = None;
            r.reuses = r.reuses.as_deref().map(|d| self.hashed(d));
            if self.public {
                r.owner = None;
            }
        }
        let stations: BTreeSet<&str> = plan.stations.iter().map(|s| s.id.as_str()).collect();
        for c in &mut p.connections {
            if !stations.contains(c.id.as_str()) {
                c.id = self.hashed(&c.id);
            }
            c.node = c.node.as_deref().map(|n| self.hashed(n));
            c.lead_in.clear();
            c.lead_in_m = None;
            c.route_m = self.coarse(Known::from_f64(c.route_m)).get();
            let second = c.protection.as_mut().map(|p| {
                p.node = p.node.as_deref().map(|n| self.hashed(n));
                p.lead_in.clear();
                (p.lead_in_m, p.reason, p.cables) = (None, None, Default::default());
                p.route_m = self.coarse(Known::from_f64(p.route_m)).get();
                &mut p.optical
            });
            for l in [Some(&mut c.optical), second].into_iter().flatten().flatten() {
                l.office = l.office.as_deref().map(|n| self.hashed(n));
                let coarse = |m: f64| self.coarse(Known::from_f64(Some(m))).get().unwrap_or(0.0);
                (l.upstream_m, l.optical_m) = (coarse(l.upstream_m), coarse(l.optical_m));
                (l.loss_db, l.margin_db) = (l.loss_db.round(), l.margin_db.round());
                // It gives exact figures.
                l.reason = None;
            }
        }
        let opened: BTreeSet<&str> =
            plan.centers.iter().filter(|c| !c.existing).map(|c| c.id.as_str()).collect();
        for step in &mut p.order {
            if !stations.contains(step.id.as_str()) && !opened.contains(step.id.as_str()) {
                step.id = self.hashed(&step.id);
            }
        }
        for n in &mut p.pon {
            n.at = self.at(n.at);
            n.node = n.node.as_deref().map(|n| self.hashed(n));
        }
        for c in &mut p.centers {
            if c.existing {
                c.id = self.hashed(&c.id);
            }
            c.name = c.id.clone();
            c.place = String::new();
            c.at = self.at(c.at);
            if self.tells(&c.reason.0) || self.tells(&c.reason.1) {
                c.reason = ("withheld".into(), "不予公布".into());
            }
        }
        p
    }
}

fn parks(inputs: &Inputs) -> impl Iterator<Item = &Region> {
    inputs.regions.iter().filter(|r| r.level == RegionLevel::Park)
}

/// The regions that are released, each with its place in the new list.
fn kept_regions(inputs: &Inputs, public: bool) -> Vec<Option<u32>> {
    let mut next = 0..;
    let keep = |r: &Region| !(public && r.level == RegionLevel::Park);
    inputs.regions.iter().map(|r| if keep(r) { next.next() } else { None }).collect()
}

/// The findings without places and values.
fn bare(issues: &Issues) -> Issues {
    let mut out = Issues::default();
    for (finding, rule) in issues.iter() {
        for _ in 0..finding.count {
            let place = Place { file: String::new(), row: None, column: finding.place.column.clone() };
            out.add(rule, &finding.layer, place, "");
        }
    }
    out
}

/// Where the sites are shown: on the grid, or on one doubled as often as it takes (at most six times) for
/// a square to hold `min_count` of them.
fn site_positions(inputs: &Inputs, grid_m: f64, min_count: usize) -> Vec<LonLat> {
    let sites = &inputs.sites.list;
    let mut at: Vec<LonLat> = sites.iter().map(|s| snapped(s.at, grid_m)).collect();
    let mut alone: Vec<usize> = (0..sites.len()).collect();
    for doubling in 0..=6 {
        let grid = grid_m * f64::from(1 << doubling);
        let key = |p: LonLat| (p.lon_deg().to_bits(), p.lat_deg().to_bits());
        let mut counts: BTreeMap<(u64, u64), usize> = BTreeMap::new();
        for s in sites {
            *counts.entry(key(snapped(s.at, grid))).or_default() += 1;
        }
        for &i in &alone {
            at[i] = snapped(sites[i].at, grid);
        }
        alone.retain(|&i| counts.get(&key(at[i])).is_none_or(|n| *n < min_count));
        if alone.is_empty() {
            break;
        }
    }
    at
}

fn secrets(inputs: &Inputs, found: &[&Assessment], plan: Option<&Plan>, public: bool) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let text = &inputs.sites.text;
    for s in &inputs.sites.list {
        all.extend([s.id, s.name, s.uscc].map(|t| text.get(t).to_owned()));
    }
    let text = &inputs.cells.text;
    for c in &inputs.cells.list {
        all.extend([c.id, c.station, c.tower].map(|t| text.get(t).to_owned()));
    }
    all.extend(inputs.fiber_nodes.iter().map(|n| n.id.clone()));
    all.extend(inputs.fiber_segments.iter().map(|s| s.id.clone()));
    all.extend(inputs.ducts.iter().map(|d| d.id.clone()));
    all.extend(inputs.candidates.iter().map(|c| c.id.clone()));
    all.extend(inputs.datacenters.iter().flat_map(|d| [d.id.clone(), d.name.clone()]));
    all.extend(inputs.layers.values().flat_map(|l| l.files.iter().cloned()));
    all.extend(found.iter().flat_map(|a| a.towers.list.iter().map(|t| t.id.clone())));
    if let Some(plan) = plan {
        all.extend(plan.stations.iter().map(|s| s.candidate.clone()));
        all.extend(plan.centers.iter().filter(|c| c.existing).flat_map(|c| [c.id.clone(), c.name.clone()]));
    }
    if public {
        let text = &inputs.sites.text;
        all.extend(inputs.sites.list.iter().map(|s| text.get(s.park).to_owned()));
        all.extend(parks(inputs).map(|r| r.name.clone()));
        all.extend(inputs.fiber_nodes.iter().map(|n| n.owner.clone()));
        all.extend(inputs.ducts.iter().map(|d| d.owner.clone()));
    }
    // Shorter ones would turn up in any text by chance.
    all.retain(|s| s.chars().count() >= 3);
    all.sort_unstable();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;
    use crate::geom::geodesic_m;

    #[test]
    fn points_move_to_the_grid() {
        for (lon, lat) in [(118.7612345, 32.0412345), (-179.9999, 89.0), (0.0, 0.0), (180.0, -60.0)] {
            let p = LonLat::new(lon, lat).unwrap();
            let q = snapped(p, 1000.0);
            assert!(geodesic_m(p, q) < 760.0, "{p:?} {q:?}");
            assert_eq!(q, snapped(q, 1000.0));
        }
    }

    #[test]
    fn lonely_firms_go_to_a_coarser_grid_in_public() {
        let inputs = fixture::inputs();
        let at = site_positions(&inputs, 1000.0, 2);
        assert_eq!(at[0], at[1], "4 km apart: one square of the doubled grid holds both");
        let fine = site_positions(&inputs, 1000.0, 1);
        assert_ne!(fine[0], fine[1]);
    }

    #[test]
    fn hashes_hang_on_the_data_and_nothing_else() {
        let inputs = fixture::inputs();
        let s = fixture::settings("[redact]\nlevel = \"public\"").redact;
        let a = Redactor::new(&inputs, &s, &[], None).hashed("SITE-0412");
        assert_eq!(a, Redactor::new(&inputs, &s, &[], None).hashed("SITE-0412"));
        assert_eq!(a.len(), 17);
        let mut other = inputs.clone();
        other.sites.list[0].at = fixture::p(118.7, 32.0);
        assert_ne!(a, Redactor::new(&other, &s, &[], None).hashed("SITE-0412"));
    }
}
