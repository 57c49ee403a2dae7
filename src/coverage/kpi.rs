//! Key figures by region, network, sector, firm size, digitisation level and park.

use super::air::counts;
use super::result::{Assessment, Kpi, KpiGroup, NetworkAtSite, SiteResult, Towers};
use crate::index::RegionIndex;
use crate::model::inputs::Inputs;
use crate::model::kinds::{FirmSize, Rat, RegionLevel};
use crate::model::records::{Site, TowerId};
use crate::model::settings::Settings;
use crate::model::text::Text;
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;

/// Sites per parcel of work; fixed, so that sums don't depend on the number of threads.
const PARCEL: usize = 1 << 14;

/// Regions, to be found for a site by position, or by code where no polygon holds it.
pub struct Places<'a> {
    index: RegionIndex,
    by_code: FxHashMap<&'a str, u32>,
    parents: Vec<Option<u32>>,
    levels: Vec<RegionLevel>,
    cities_by_name: FxHashMap<&'a str, u32>,
}

impl<'a> Places<'a> {
    /// Indexes the regions.
    #[must_use]
    pub fn new(inputs: &'a Inputs) -> Self {
        let regions = &inputs.regions;
        let mut by_code = FxHashMap::default();
        let mut cities_by_name = FxHashMap::default();
        for (i, r) in regions.iter().enumerate() {
            by_code.entry(r.adcode.as_str()).or_insert(i as u32);
            if r.level == RegionLevel::City {
                cities_by_name.entry(r.name.as_str()).or_insert(i as u32);
            }
        }
        let parent = |code: &Option<String>| code.as_deref().and_then(|c| by_code.get(c).copied());
        Self {
            index: RegionIndex::of(regions),
            parents: regions.iter().map(|r| parent(&r.parent)).collect(),
            levels: regions.iter().map(|r| r.level).collect(),
            by_code,
            cities_by_name,
        }
    }

    /// Every region that a site lies in, by index into `found` (cleared first). By position; where no
    /// polygon holds the site, by its code or its city's name and their parents; without these the nearest.
    pub fn of_site(&self, site: &Site, inputs: &Inputs, found: &mut Vec<u32>) {
        self.index.around(site.at, found);
        if found.is_empty() {
            let text = &inputs.sites.text;
            let by_code = self.by_code.get(text.get(site.adcode));
            let start = by_code.or_else(|| self.cities_by_name.get(text.get(site.city))).copied();
            let mut at = start;
            while let Some(region) = at.filter(|r| !found.contains(r)) {
                found.push(region);
                at = self.parents.get(region as usize).copied().flatten();
            }
            found.sort_unstable();
        }
        if found.is_empty() {
            self.index.locate(site.at, found);
        }
    }

    /// The city of a site.
    #[must_use]
    pub fn city(&self, site: &Site, inputs: &Inputs, found: &mut Vec<u32>) -> Option<u32> {
        if self.levels.is_empty() {
            return None;
        }
        self.of_site(site, inputs, found);
        found.iter().copied().find(|r| self.levels.get(*r as usize) == Some(&RegionLevel::City))
    }
}

/// Counts while sites are coming.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    sites: u64,
    scored: u64,
    unknown: u64,
    on_target: u64,
    gaps: u64,
    critical: u64,
    sum: f64,
    outdoor: (u64, u64),
    fiber: (u64, u64),
    uses: (u64, u64),
}

/// One site's part in a row.
#[derive(Clone, Copy)]
struct Share {
    scored: bool,
    total: Option<f64>,
    outdoor: Option<bool>,
    fiber: Option<bool>,
    uses: Option<bool>,
}

impl Tally {
    fn add(&mut self, s: &Share, settings: &Settings) {
        self.sites += 1;
        if !s.scored {
            return;
        }
        match s.total {
            None => self.unknown += 1,
            Some(total) => {
                self.scored += 1;
                self.sum += total;
                self.on_target += u64::from(total >= settings.score.target);
                self.gaps += u64::from(total < settings.score.target);
                self.critical += u64::from(total < settings.score.critical);
            }
        }
        let count = |pair: &mut (u64, u64), v: Option<bool>| {
            if let Some(v) = v {
                pair.0 += u64::from(v);
                pair.1 += 1;
            }
        };
        count(&mut self.outdoor, s.outdoor);
        count(&mut self.fiber, s.fiber);
        count(&mut self.uses, s.uses);
    }

    fn merge(&mut self, o: &Self) {
        let pair = |a: (u64, u64), b: (u64, u64)| (a.0 + b.0, a.1 + b.1);
        *self = Self {
            sites: self.sites + o.sites,
            scored: self.scored + o.scored,
            unknown: self.unknown + o.unknown,
            on_target: self.on_target + o.on_target,
            gaps: self.gaps + o.gaps,
            critical: self.critical + o.critical,
            sum: self.sum + o.sum,
            outdoor: pair(self.outdoor, o.outdoor),
            fiber: pair(self.fiber, o.fiber),
            uses: pair(self.uses, o.uses),
        };
    }

    fn row(&self, group: KpiGroup, key: &str, name: &str) -> Kpi {
        let share = |(n, of): (u64, u64)| (of > 0).then(|| n as f64 / of as f64);
        Kpi {
            group,
            key: if key.is_empty() { "unknown".into() } else { key.to_owned() },
            name: if name.is_empty() { "unknown".into() } else { name.to_owned() },
            sites: self.sites,
            scored: self.scored,
            unknown: self.unknown,
            on_target: self.on_target,
            gaps: self.gaps,
            critical: self.critical,
            mean_score: (self.scored > 0).then(|| self.sum / self.scored as f64),
            on_target_share: share((self.on_target, self.scored)),
            outdoor_share: share(self.outdoor),
            fiber_share: share(self.fiber),
            uses_5g_share: share(self.uses),
            stations_official: None,
            stat_date: None,
            stations_layer: None,
            residents: None,
            per_10k: None,
            target_per_10k: None,
        }
    }
}

/// Tallies of a parcel of sites.
#[derive(Default)]
struct Tallies {
    all: Tally,
    regions: BTreeMap<u32, Tally>,
    networks: Vec<Tally>,
    sectors: FxHashMap<Text, Tally>,
    sizes: BTreeMap<Option<FirmSize>, Tally>,
    levels: FxHashMap<Text, Tally>,
    parks: FxHashMap<Text, Tally>,
}

/// All rows: the whole, regions in the layer's order, networks, then the others by key.
#[must_use]
pub fn kpis(
    inputs: &Inputs,
    settings: &Settings,
    result: &Assessment,
    towers: &Towers,
    places: &Places,
) -> Vec<Kpi> {
    let networks = result.networks.len();
    let parcels: Vec<Tallies> = result
        .sites
        .par_chunks(PARCEL)
        .enumerate()
        .map(|(i, sites)| {
            let mut t = Tallies { networks: vec![Tally::default(); networks], ..Tallies::default() };
            let mut found = Vec::new();
            for (k, site_result) in sites.iter().enumerate() {
                let at = i * PARCEL + k;
                let Some(site) = inputs.sites.list.get(at) else { continue };
                let radio = result.at_network.get(at * networks..(at + 1) * networks).unwrap_or(&[]);
                t.add(inputs, settings, places, site, site_result, radio, &mut found);
            }
            t
        })
        .collect();
    let text = |t: Text| inputs.sites.text.get(t);
    let mut all = Tally::default();
    let mut regions = vec![Tally::default(); inputs.regions.len()];
    let mut by_network = vec![Tally::default(); networks];
    let mut sizes: BTreeMap<Option<FirmSize>, Tally> = BTreeMap::new();
    let mut texts: [BTreeMap<&str, Tally>; 3] = Default::default();
    for p in &parcels {
        all.merge(&p.all);
        for (r, t) in &p.regions {
            if let Some(slot) = regions.get_mut(*r as usize) {
                slot.merge(t);
            }
        }
        for (slot, t) in by_network.iter_mut().zip(&p.networks) {
            slot.merge(t);
        }
        for (k, t) in &p.sizes {
            sizes.entry(*k).or_default().merge(t);
        }
        for (rows, map) in texts.iter_mut().zip([&p.sectors, &p.levels, &p.parks]) {
            // Two handles may hold the same text; sums of floats must not depend on the map's order.
            let mut sorted: Vec<(&Text, &Tally)> = map.iter().collect();
            sorted.sort_unstable_by_key(|e| *e.0);
            for (k, t) in sorted {
                rows.entry(text(*k)).or_default().merge(t);
            }
        }
    }
    let mut rows = vec![all.row(KpiGroup::All, "all", "all")];
    let stations = stations_by_region(inputs, towers, places);
    for ((region, tally), layer) in inputs.regions.iter().zip(&regions).zip(stations) {
        let mut row = tally.row(KpiGroup::Region, &region.adcode, &region.name);
        row.stations_official = region.stations_5g_official;
        row.stat_date.clone_from(&region.stat_date);
        row.stations_layer = (!inputs.cells.list.is_empty()).then_some(layer);
        row.residents = region.pop_resident;
        row.per_10k = region
            .stations_5g_official
            .zip(region.pop_resident)
            .and_then(|(n, p)| (p > 0.0).then(|| n / p * 1e4));
        row.target_per_10k = region.target_p10k;
        rows.push(row);
    }
    for (name, tally) in result.networks.iter().zip(&by_network) {
        rows.push(tally.row(KpiGroup::Network, name, name));
    }
    let [sectors, levels, parks] = &texts;
    let mut add = |group: &KpiGroup, map: &BTreeMap<&str, Tally>| {
        // A layer without the column has nothing to tell.
        if map.keys().any(|k| !k.is_empty()) {
            rows.extend(map.iter().map(|(k, t)| t.row(group.clone(), k, k)));
        }
    };
    add(&KpiGroup::Sector, sectors);
    let by_size: BTreeMap<&str, Tally> =
        sizes.iter().map(|(k, t)| (k.map_or("", FirmSize::code), *t)).collect();
    add(&KpiGroup::FirmSize, &by_size);
    add(&KpiGroup::DigLevel, levels);
    add(&KpiGroup::Park, parks);
    rows
}

impl Tallies {
    #[allow(clippy::too_many_arguments)]
    fn add(
        &mut self,
        inputs: &Inputs,
        settings: &Settings,
        places: &Places,
        site: &Site,
        r: &SiteResult,
        radio: &[NetworkAtSite],
        found: &mut Vec<u32>,
    ) {
        let threshold = settings.radio.threshold.rsrp_dbm;
        // With a cells layer, nothing in reach is known to be no coverage.
        let has_cells = inputs.has("cells") || !inputs.cells.list.is_empty();
        let served = |n: &NetworkAtSite| {
            n.rsrp_outdoor_dbm.get().map_or(has_cells.then_some(false), |l| Some(l >= threshold))
        };
        let any = radio.iter().filter_map(served).reduce(|a, b| a || b);
        let near = |d: f64| d <= settings.score.fiber_good_m;
        let mut share = Share {
            scored: r.scored,
            total: r.score.total.get(),
            outdoor: any.or(has_cells.then_some(false)),
            fiber: r
                .fiber_m
                .get()
                .map(near)
                .or((r.fiber_basis != crate::model::kinds::Basis::Unknown).then_some(false)),
            uses: site.uses_5g,
        };
        self.all.add(&share, settings);
        places.of_site(site, inputs, found);
        for region in found.iter() {
            self.regions.entry(*region).or_default().add(&share, settings);
        }
        self.sectors.entry(site.sector).or_default().add(&share, settings);
        self.sizes.entry(site.firm_size).or_default().add(&share, settings);
        self.levels.entry(site.dig_level).or_default().add(&share, settings);
        self.parks.entry(site.park).or_default().add(&share, settings);
        for (slot, n) in self.networks.iter_mut().zip(radio) {
            share.total = n.score.get();
            share.outdoor = served(n);
            slot.add(&share, settings);
        }
    }
}

/// Stations of the cells layer that radiate NR, by region: on every tower one per operator and station
/// code.
fn stations_by_region(inputs: &Inputs, towers: &Towers, places: &Places) -> Vec<u64> {
    let parcels: Vec<BTreeMap<u32, u64>> = towers
        .list
        .par_chunks(PARCEL)
        .enumerate()
        .map(|(i, list)| {
            let mut counts_here: BTreeMap<u32, u64> = BTreeMap::new();
            let (mut found, mut seen) = (Vec::new(), Vec::new());
            for (k, tower) in list.iter().enumerate() {
                seen.clear();
                for cell in towers.cells_of(TowerId((i * PARCEL + k) as u32)) {
                    if let Some(c) = inputs.cells.list.get(cell.at()).filter(|c| counts(c, &[Rat::Nr])) {
                        seen.push((c.operator, c.station));
                    }
                }
                if seen.is_empty() {
                    continue;
                }
                // The same code under two handles would count twice; codes are compared as texts.
                seen.sort_unstable_by(|a, b| {
                    let text = |t: Text| inputs.cells.text.get(t);
                    a.0.cmp(&b.0).then_with(|| text(a.1).cmp(text(b.1)))
                });
                seen.dedup_by(|a, b| a.0 == b.0 && inputs.cells.text.get(a.1) == inputs.cells.text.get(b.1));
                places.index.locate(tower.at, &mut found);
                for r in &found {
                    *counts_here.entry(*r).or_insert(0) += seen.len() as u64;
                }
            }
            counts_here
        })
        .collect();
    let mut stations = vec![0; inputs.regions.len()];
    for (r, n) in parcels.iter().flatten() {
        if let Some(slot) = stations.get_mut(*r as usize) {
            *slot += n;
        }
    }
    stations
}
