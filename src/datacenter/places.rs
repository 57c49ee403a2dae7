//! Where compute stands, and where it could: existing data centers, rooms for edge nodes at exchanges and
//! aggregation sites (else in towns) and at plants that nothing else is near enough to, regional centers in
//! large towns, and halls in the national clusters.

use super::demand::Demand;
use crate::geom::{LonLat, sphere_m};
use crate::index::{PointIndex, RegionIndex};
use crate::model::clusters::compute_clusters;
use crate::model::grid::Grid;
use crate::model::inputs::Inputs;
use crate::model::kinds::{DcTier, FiberNodeKind, Lock, PowerKind, RegionLevel, SiteStatus};
use crate::model::records::DataCenter;
use crate::model::settings::{HallKind, NewTier, Settings};

/// New rooms stand at least this far from each other; two rooms of one exchange are one place.
const ROOM_SPACING_M: f64 = 2_000.0;
/// New regional centers stand at least this far from each other.
const REGIONAL_SPACING_M: f64 = 30_000.0;
/// Pairs of a demand and a place that are looked at; places for edge nodes are thinned until they keep to it.
const MAX_PAIRS: usize = 2_000_000;
/// Places for edge nodes beyond which they are thinned in any case.
const MAX_ROOMS: usize = 1_500;
/// Towns taken for regional centers where none is as large as the settings ask.
const LARGEST_TOWNS: usize = 5;

/// Where the emission factor of a place comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FactorSource {
    /// The regions layer.
    Region,
    /// The province of a national cluster.
    Province,
    /// The national figure of the settings.
    Nation,
}

/// A hall that exists or could be built.
#[derive(Clone, Debug)]
pub struct Place {
    /// `dc_id`, or the id of the place (`node_id`, town, `site_id`, cluster); of a hall for AI with `-AI`.
    pub id: String,
    /// Name, English and Chinese.
    pub name: (String, String),
    /// Tier.
    pub tier: DcTier,
    /// Whether it exists.
    pub existing: bool,
    /// Racks that it takes: one kind, or both.
    pub hall: Option<HallKind>,
    /// Position.
    pub at: LonLat,
    /// Whether place and name are public: a town or a national cluster.
    pub public: bool,
    /// Operator, where it has one.
    pub operator: Option<String>,
    /// IT power that it can take on, kW; unknown is no limit, and is said.
    pub free_kw: Option<f64>,
    /// Smallest that is built, kW of IT.
    pub least_kw: f64,
    /// Capex whatever its size, yuan.
    pub base_cny: f64,
    /// Capex of each kW of IT, yuan.
    pub kw_cny: f64,
    /// PUE.
    pub pue: f64,
    /// Whether that PUE is told by the layer.
    pub pue_given: bool,
    /// Emission factor and price of its electricity.
    pub grid: Grid,
    /// Where that factor comes from.
    pub factor: FactorSource,
    /// Solar, wind, hydro and biomass at work within `energy.green_radius_m`, MW; unknown without a power
    /// layer, and beyond what it covers. An indicator: what is bought is another matter.
    pub green_mw: Option<f64>,
    /// City (adcode), when known.
    pub city: Option<String>,
    /// The planner's decision.
    pub lock: Lock,
}

impl Place {
    /// Capex of the smallest hall that is built here, yuan.
    #[must_use]
    pub fn least_cny(&self) -> f64 {
        self.base_cny + self.least_kw * self.kw_cny
    }

    /// Whether it takes racks of a kind.
    #[must_use]
    pub fn takes(&self, kind: HallKind) -> bool {
        self.hall.is_none_or(|h| h == kind)
    }
}

/// Yearly mean temperature of a position, °C: 42 − 0.8 per degree of latitude − 4 per kilometre of height,
/// within 3 °C of the records of Harbin, Beijing, Nanjing, Guangzhou, Kunming and Guiyang. An assumption, for
/// comparing places, where the planner knows no PUE of the hall.
#[must_use]
pub fn mean_temperature_c(at: LonLat, height_m: f64) -> f64 {
    42.0 - 0.8 * at.lat_deg().abs() - 0.004 * height_m
}

/// PUE of a new hall in the climate of its place; never below 1.05.
#[must_use]
pub fn climate_pue(pue: f64, temperature_c: f64, settings: &Settings) -> f64 {
    let s = &settings.datacenter;
    (pue + s.pue_per_deg_c * (temperature_c - s.pue_ref_deg_c)).max(1.05)
}

/// Whether an existing hall takes dense racks: by what is told of its cooling.
fn is_dense(d: &DataCenter) -> bool {
    d.cooling.as_deref().is_some_and(|c| c.contains("液冷") || c.to_lowercase().contains("liquid"))
}

struct Surroundings<'a> {
    inputs: &'a Inputs,
    settings: &'a Settings,
    regions: RegionIndex,
    green: PointIndex,
    plants: PointIndex,
}

impl<'a> Surroundings<'a> {
    fn new(inputs: &'a Inputs, settings: &'a Settings) -> Self {
        let green = (0u32..).zip(&inputs.power).filter(|(_, p)| {
            matches!(p.kind, PowerKind::Solar | PowerKind::Wind | PowerKind::Hydro | PowerKind::Bio)
                && matches!(p.status, None | Some(SiteStatus::Operating))
        });
        Self {
            inputs,
            settings,
            regions: RegionIndex::of(&inputs.regions),
            green: PointIndex::of(green.map(|(i, p)| (i, p.at))),
            plants: PointIndex::of((0u32..).zip(inputs.power.iter().map(|p| p.at))),
        }
    }

    fn green_mw(&self, at: LonLat) -> Option<f64> {
        if !self.inputs.has("power") && self.inputs.power.is_empty() {
            return None;
        }
        // Beyond what the layer covers it tells nothing.
        let radius_m = self.settings.energy.green_radius_m;
        if !self.plants.nearest(at).is_some_and(|h| h.distance_m <= 2.0 * radius_m) {
            return None;
        }
        let mut found = Vec::new();
        self.green.within(at, radius_m, &mut found);
        found.sort_unstable_by_key(|h| h.index);
        Some(found.iter().filter_map(|h| self.inputs.power.get(h.index as usize)?.capacity_mw).sum())
    }

    fn pue(&self, pue: f64, at: LonLat) -> f64 {
        let height_m = self.inputs.terrain.as_ref().and_then(|t| t.height_m(at)).unwrap_or(0.0);
        climate_pue(pue, mean_temperature_c(at, height_m), self.settings)
    }

    /// A place with everything that its surroundings tell, and nothing built.
    fn place(&self, id: &str, name: (&str, &str), tier: DcTier, at: LonLat) -> Place {
        let mut found = Vec::new();
        self.regions.locate(at, &mut found);
        let around = found.iter().filter_map(|&i| self.inputs.regions.get(i as usize));
        let grid = Grid::of(around.clone(), &self.settings.energy);
        let lock = &self.settings.plan.lock;
        let named = |list: &[String]| list.iter().any(|x| x == id);
        Place {
            id: id.to_owned(),
            name: (name.0.to_owned(), name.1.to_owned()),
            tier,
            existing: false,
            hall: Some(HallKind::General),
            at,
            public: false,
            operator: None,
            free_kw: None,
            least_kw: 0.0,
            base_cny: 0.0,
            kw_cny: 0.0,
            pue: 1.0,
            pue_given: false,
            grid,
            factor: if grid.regional { FactorSource::Region } else { FactorSource::Nation },
            green_mw: self.green_mw(at),
            city: around.into_iter().find(|r| r.level == RegionLevel::City).map(|r| r.adcode.clone()),
            lock: match (named(&lock.shut), named(&lock.open)) {
                (true, _) => Lock::Shut,
                (_, true) => Lock::Open,
                _ => Lock::Free,
            },
        }
    }

    fn new_hall(&self, mut place: Place, tier: &NewTier) -> Place {
        let rack_kw = self.settings.datacenter.rack_kw;
        place.free_kw = Some(tier.max_racks * rack_kw);
        place.least_kw = tier.min_racks * rack_kw;
        place.base_cny = tier.base_cny;
        place.kw_cny = tier.rack_cny / rack_kw;
        place.pue = self.pue(tier.pue, place.at);
        place
    }
}

/// The same place as a hall for dense racks.
fn for_ai(place: &Place) -> Place {
    Place { id: format!("{}-AI", place.id), hall: Some(HallKind::Ai), ..place.clone() }
}

/// Rooms where edge nodes could be built, in a stable order.
#[must_use]
pub fn edge_rooms(inputs: &Inputs, settings: &Settings) -> Vec<Place> {
    thin(rooms(&Surroundings::new(inputs, settings)), ROOM_SPACING_M, MAX_ROOMS)
}

/// Every place that may serve, in a stable order: existing data centers, rooms for edge nodes, regional
/// centers, national clusters.
#[must_use]
pub fn places(inputs: &Inputs, demands: &[Demand], settings: &Settings) -> Vec<Place> {
    let s = &settings.datacenter;
    let around = Surroundings::new(inputs, settings);
    let mut out: Vec<Place> = inputs.datacenters.iter().map(|d| existing(&around, d)).collect();
    // Between equals the order decides: it is that of ids, whatever that of the file.
    out.sort_by(|a, b| a.id.cmp(&b.id));
    let most_rooms = (MAX_PAIRS / demands.len().max(1)).clamp(50, MAX_ROOMS);
    out.extend(thin(rooms(&around), ROOM_SPACING_M, most_rooms));
    out.extend(at_plants(&around, demands, &out));
    let ai = demands.iter().any(|d| d.hall == HallKind::Ai);
    let mut large: Vec<Place> = regional(&around);
    if s.hubs {
        large.extend(compute_clusters().iter().map(|c| {
            let mut p = around.new_hall(around.place(&c.id, (&c.en, &c.zh), DcTier::Hub, c.at()), &s.hub);
            (p.pue, p.public) = (c.pue_max, true);
            if p.factor == FactorSource::Nation && settings.energy.ef_basis == "average" {
                (p.grid.kg_kwh, p.factor) = (c.ef_kg_kwh, FactorSource::Province);
                p.grid.price_cny_kwh = c.price_cny_kwh;
            }
            p
        }));
    }
    for p in large {
        let dense = ai.then(|| for_ai(&p));
        out.push(p);
        out.extend(dense);
    }
    out
}

fn existing(around: &Surroundings, d: &DataCenter) -> Place {
    let s = &around.settings.datacenter;
    let free = 1.0 - (d.rack_use_pct.unwrap_or(0.0) / 100.0).clamp(0.0, 1.0);
    let by_racks = d.racks_std.map(|r| r * s.rack_kw * free);
    let by_power = d.it_mw.map(|mw| mw * 1e3 * free);
    let mut p = around.place(&d.id, (&d.name, &d.name), d.tier.unwrap_or(DcTier::Regional), d.at);
    p.existing = true;
    p.hall = if is_dense(d) { None } else { Some(HallKind::General) };
    p.operator.clone_from(&d.operator);
    p.free_kw = match (by_racks, by_power) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    p.pue_given = d.pue.is_some();
    p.pue = d.pue.unwrap_or(match p.tier {
        DcTier::Hub => s.hub.pue,
        DcTier::Regional => s.regional.pue,
        DcTier::Edge => s.edge.pue,
    });
    p
}

/// Rooms for edge nodes: exchanges and aggregation sites, else towns, else the cities of the backbone.
fn rooms(around: &Surroundings) -> Vec<Place> {
    use FiberNodeKind::{Agg, BbuPool, City, Co, Ixp, Upf};
    let (inputs, s) = (around.inputs, &around.settings.datacenter);
    let room =
        |id: &str, name: (&str, &str), at| around.new_hall(around.place(id, name, DcTier::Edge, at), &s.edge);
    let of_nodes = |kinds: &[FiberNodeKind]| -> Vec<Place> {
        let nodes = inputs.fiber_nodes.iter().filter(|n| kinds.contains(&n.kind));
        nodes
            .filter(|n| n.rack_free != Some(0.0) && n.power_free_kw != Some(0.0))
            .map(|n| {
                let mut p = room(&n.id, (&n.id, &n.id), n.at);
                let limits = [n.rack_free.map(|r| r * s.rack_kw), n.power_free_kw, p.free_kw];
                p.free_kw = limits.into_iter().flatten().reduce(f64::min);
                p.least_kw = p.least_kw.min(p.free_kw.unwrap_or(p.least_kw));
                p
            })
            .collect()
    };
    let nodes = of_nodes(&[Co, Agg, BbuPool, Upf, Ixp]);
    if !nodes.is_empty() {
        return nodes;
    }
    let towns: Vec<Place> = inputs
        .towns
        .iter()
        .map(|t| Place {
            public: true,
            ..room(&t.name, (&t.name, t.name_zh.as_deref().unwrap_or(&t.name)), t.at)
        })
        .collect();
    if towns.is_empty() { of_nodes(&[City]) } else { towns }
}

/// Rooms at plants whose limit no room in a town or exchange keeps, as far as the straight way tells.
fn at_plants(around: &Surroundings, demands: &[Demand], others: &[Place]) -> Vec<Place> {
    let (inputs, settings) = (around.inputs, around.settings);
    let near = PointIndex::of((0u32..).zip(others.iter().map(|p| p.at)));
    let l = &settings.latency;
    let hops_us = crate::coverage::latency::HOPS * l.hop_us;
    let lonely = demands.iter().filter(|d| d.hall == HallKind::General && d.transport_us >= hops_us);
    let lonely = lonely.filter(|d| {
        near.nearest(d.at).is_none_or(|h| {
            crate::coverage::latency::line_us(h.distance_m * l.detour, l) + hops_us > d.transport_us
        })
    });
    let mut out: Vec<Place> = Vec::new();
    for site in lonely.filter_map(|d| d.sites.first()) {
        let Some(record) = inputs.sites.list.get(site.at()) else { continue };
        let (id, name) = (inputs.sites.text.get(record.id), inputs.sites.text.get(record.name));
        if out.iter().any(|p| p.id == id) {
            continue;
        }
        let place = around.place(id, (name, name), DcTier::Edge, record.at);
        out.push(around.new_hall(place, &settings.datacenter.edge));
    }
    thin(out, ROOM_SPACING_M, MAX_ROOMS)
}

/// Towns of `datacenter.regional_town` residents; the largest few where none is as large, and the cities of
/// the backbone where there is no town.
fn regional(around: &Surroundings) -> Vec<Place> {
    let (inputs, s) = (around.inputs, &around.settings.datacenter);
    let center = |id: &str, name: (&str, &str), at| {
        around.new_hall(around.place(id, name, DcTier::Regional, at), &s.regional)
    };
    let mut towns: Vec<_> = inputs.towns.iter().filter_map(|t| Some((t, t.population?))).collect();
    towns.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.name.cmp(&b.0.name)));
    let large = towns.iter().filter(|t| t.1 >= s.regional_town).count().max(LARGEST_TOWNS);
    let list: Vec<Place> = if towns.is_empty() {
        let cities = inputs.fiber_nodes.iter().filter(|n| n.kind == FiberNodeKind::City);
        cities.map(|n| center(&format!("RC-{}", n.id), (&n.id, &n.id), n.at)).collect()
    } else {
        let name_zh = |t: &crate::model::records::Town| t.name_zh.clone().unwrap_or_else(|| t.name.clone());
        towns
            .iter()
            .take(large)
            .map(|(t, _)| Place {
                public: true,
                ..center(&format!("RC-{}", t.name), (&t.name, &name_zh(t)), t.at)
            })
            .collect()
    };
    thin(list, REGIONAL_SPACING_M, MAX_ROOMS)
}

/// Leaves out places close to one that is kept, the earlier ones first; locked ones always stay.
fn thin(places: Vec<Place>, spacing_m: f64, most: usize) -> Vec<Place> {
    let index = PointIndex::of((0u32..).zip(places.iter().map(|r| r.at)));
    let mut spacing_m = spacing_m;
    loop {
        let mut kept = vec![false; places.len()];
        let mut near = Vec::new();
        for (i, p) in places.iter().enumerate() {
            index.within(p.at, spacing_m, &mut near);
            kept[i] = p.lock != Lock::Free || !near.iter().any(|h| kept[h.index as usize]);
        }
        if kept.iter().filter(|k| **k).count() <= most || spacing_m > 1e6 {
            let mut kept = kept.into_iter();
            return places.into_iter().filter(|_| kept.next().unwrap_or(false)).collect();
        }
        spacing_m *= 1.5;
    }
}

/// Whether two halls are one place, so that what takes one takes the other.
#[must_use]
pub fn same_place(a: &Place, b: &Place) -> bool {
    sphere_m(a.at, b.at) < 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temperatures_are_near_the_records() {
        // City, latitude, height, mean of 1991–2020.
        for (lat, height, record) in [
            (45.75, 142.0, 4.9),
            (39.90, 44.0, 12.9),
            (32.06, 15.0, 16.4),
            (23.13, 21.0, 22.4),
            (25.04, 1892.0, 15.9),
            (26.65, 1100.0, 15.4),
        ] {
            let t = mean_temperature_c(LonLat::wrapped(110.0, lat), height);
            assert!((t - record).abs() < 3.1, "{lat}: {t} against {record}");
        }
    }

    #[test]
    fn heat_costs_and_cold_saves() {
        let s = Settings::with(&toml::Table::new()).unwrap();
        assert!((climate_pue(1.3, 15.0, &s) - 1.3).abs() < 1e-12);
        assert!((climate_pue(1.3, 25.0, &s) - 1.38).abs() < 1e-12);
        assert!((climate_pue(1.06, -10.0, &s) - 1.05).abs() < 1e-12);
    }
}
