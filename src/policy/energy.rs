//! Energy and carbon of the networks and centers, today and after a plan; what is shared.

use crate::coverage::Towers;
use crate::coverage::air::counts;
use crate::geom::{LonLat, line_length_m};
use crate::index::{Hit, PointIndex, RegionIndex};
use crate::model::grid::{Grid, HOURS_PER_YEAR};
use crate::model::inputs::Inputs;
use crate::model::kinds::{CellKind, DcTier, PowerKind, SiteStatus};
use crate::model::operators::{NetworkId, OperatorId, operator_code};
use crate::model::planned::{Center, RouteSegment, Station, StationBuild};
use crate::model::records::{Cell, Duct, TowerId};
use crate::model::settings::Settings;
use crate::plan::Plan;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Electricity of a year and its carbon.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Use {
    /// Electricity, kWh a year.
    pub kwh_yr: f64,
    /// Carbon, tonnes CO2 a year.
    pub carbon_t_yr: f64,
}

impl Use {
    fn add(&mut self, kwh_yr: f64, grid: &Grid) {
        self.kwh_yr += kwh_yr;
        self.carbon_t_yr += grid.carbon_t(kwh_yr);
    }

    fn plus(self, other: Self) -> Self {
        Self { kwh_yr: self.kwh_yr + other.kwh_yr, carbon_t_yr: self.carbon_t_yr + other.carbon_t_yr }
    }
}

/// The cells of a network.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NetworkUse {
    /// Its name.
    pub network: String,
    /// Cells on air.
    pub cells: u64,
    /// Of them those whose load is given; the others are taken at `radio.default_load_pct`.
    pub load_given: u64,
    /// Cells shared with another operator.
    pub shared_cells: u64,
    /// Electricity.
    pub energy: Use,
}

/// A data center.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HallUse {
    /// `dc_id`, or the id of a planned center.
    pub id: String,
    /// Name.
    pub name: String,
    /// Place that a planned center stands at.
    #[serde(skip)]
    pub place: Option<String>,
    /// Whether it stands.
    pub existing: bool,
    /// Tier.
    pub tier: Option<DcTier>,
    /// IT power in use, kW; unknown without racks or power, or without the share in use.
    pub it_kw: Option<f64>,
    /// PUE.
    pub pue: Option<f64>,
    /// `design` or `measured`.
    pub pue_basis: Option<String>,
    /// PUE that it may have.
    pub limit: f64,
    /// Electricity; unknown where power or PUE is.
    pub energy: Option<Use>,
    /// What it would save at its limit, kWh a year.
    pub saving_kwh_yr: Option<f64>,
    /// Solar, wind, hydro and biomass at work within `energy.green_radius_m`, MW; unknown without a power
    /// layer. An indicator: what is bought is another matter.
    pub green_mw: Option<f64>,
    /// Emission factor, kg CO2 per kWh.
    pub kg_kwh: f64,
    /// Whether the factor is its region's.
    pub regional_factor: bool,
}

/// What is shared or built together, by class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shared {
    /// Places with large cells, and new outdoor stations but for those on poles.
    Macro,
    /// Places with small cells, and new stations on poles.
    Micro,
    /// Indoor systems.
    Indoor,
    /// Ducts and pole lines, kilometres; of a plan the routes of its fiber.
    Route,
}

impl Shared {
    /// Every class, in order.
    pub const ALL: [Shared; 4] = [Shared::Macro, Shared::Micro, Shared::Indoor, Shared::Route];

    fn of_cell(kind: Option<CellKind>) -> Self {
        match kind {
            None | Some(CellKind::Macro) => Self::Macro,
            Some(CellKind::Micro) => Self::Micro,
            Some(CellKind::Indoor) => Self::Indoor,
        }
    }

    const fn of_build(build: StationBuild) -> Self {
        match build {
            StationBuild::Indoor => Self::Indoor,
            StationBuild::Pole => Self::Micro,
            _ => Self::Macro,
        }
    }
}

/// Sharing and co-building of a class, in places or kilometres.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Sharing {
    /// The class.
    pub class: Shared,
    /// Today, as far as the layers tell.
    pub today: f64,
    /// Of that used by more than one operator; unknown where the layers can't tell.
    pub today_shared: Option<f64>,
    /// What the plan uses; none without a plan.
    pub planned: Option<f64>,
    /// Of that on or in what stands already: towers and other masts, ducts and pole lines.
    pub on_standing: Option<f64>,
    /// Of that built for more than one: stations of several networks at one place, new trenches for several
    /// sites or stations.
    pub together: Option<f64>,
}

/// What the plan adds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Added {
    /// Stations.
    pub stations: Use,
    /// Load that the plan puts on centers.
    pub centers: Use,
    /// New outdoor stations.
    pub outdoor: u64,
    /// Of them on towers that stand.
    pub on_towers: u64,
    /// Carbon of making and building, tonnes; zero where `energy.embodied_*` are left out.
    pub embodied_t: f64,
}

/// Energy and carbon.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Energy {
    /// Networks, by name.
    pub networks: Vec<NetworkUse>,
    /// Centers: those that stand, then new ones.
    pub halls: Vec<HallUse>,
    /// Towers with cells on air.
    pub towers: u64,
    /// Of them with cells of more than one operator.
    pub shared_towers: u64,
    /// Sharing by class.
    pub sharing: Vec<Sharing>,
    /// What a plan adds.
    pub added: Option<Added>,
}

impl Energy {
    /// All networks of today.
    #[must_use]
    pub fn today(&self) -> Use {
        self.networks.iter().fold(Use::default(), |sum, n| sum.plus(n.energy))
    }

    /// Centers that stand and whose electricity isn't known.
    #[must_use]
    pub fn halls_unknown(&self) -> usize {
        self.halls.iter().filter(|h| h.existing && h.energy.is_none()).count()
    }

    /// What a plan adds to today's electricity, as a share of it; unknown without a plan, and where a part of
    /// today's isn't known.
    #[must_use]
    pub fn added_share(&self) -> Option<f64> {
        let today_kwh = self.today().kwh_yr + self.halls_today().kwh_yr;
        let known = self.halls_unknown() == 0 && today_kwh > 0.0;
        self.added.filter(|_| known).map(|a| (a.stations.kwh_yr + a.centers.kwh_yr) / today_kwh)
    }

    /// The same for stations alone, whose electricity of today is always known.
    #[must_use]
    pub fn added_share_of_stations(&self) -> Option<f64> {
        let today_kwh = self.today().kwh_yr;
        self.added.filter(|_| today_kwh > 0.0).map(|a| a.stations.kwh_yr / today_kwh)
    }

    /// Centers that stand, as far as known.
    #[must_use]
    pub fn halls_today(&self) -> Use {
        self.halls.iter().filter(|h| h.existing).filter_map(|h| h.energy).fold(Use::default(), Use::plus)
    }
}

/// Works out energy and carbon.
#[must_use]
pub fn energy(inputs: &Inputs, settings: &Settings, towers: &Towers, plan: Option<&Plan>) -> Energy {
    let place = Place::new(inputs, settings);
    let networks = inputs.operators.network_count();
    let nothing = |k: usize| NetworkUse {
        network: inputs.operators.network_name(NetworkId(k as u16)),
        cells: 0,
        load_given: 0,
        shared_cells: 0,
        energy: Use::default(),
    };
    let by_tower: Vec<(Vec<NetworkUse>, usize, [usize; 3])> = towers
        .list
        .par_iter()
        .enumerate()
        .map(|(t, tower)| {
            let mut on: Vec<NetworkUse> = (0..networks).map(nothing).collect();
            let mut operators: [BTreeSet<OperatorId>; 3] = Default::default();
            let mut grid = None;
            for id in towers.cells_of(TowerId(t as u32)) {
                let cell = inputs.cells.list.get(id.at());
                let Some(cell) = cell.filter(|c| counts(c, &settings.project.rats)) else { continue };
                let Some(of) = on.get_mut(usize::from(inputs.operators.network(cell.operator).0)) else {
                    continue;
                };
                of.cells += 1;
                of.load_given += u64::from(cell.load_pct.is_known());
                of.shared_cells += u64::from(cell.shared_with.is_some());
                of.energy.add(
                    cell_kw(&cell, settings) * HOURS_PER_YEAR,
                    grid.get_or_insert_with(|| place.grid(tower.at)),
                );
                let of = &mut operators[Shared::of_cell(cell.kind) as usize];
                of.insert(cell.operator);
                of.extend(cell.shared_with);
            }
            let of_all = operators.iter().flatten().collect::<BTreeSet<_>>().len();
            (on, of_all, operators.map(|o| o.len()))
        })
        .collect();
    let mut all: Vec<NetworkUse> = (0..networks).map(nothing).collect();
    for (on, ..) in &by_tower {
        for (sum, part) in all.iter_mut().zip(on) {
            sum.cells += part.cells;
            sum.load_given += part.load_given;
            sum.shared_cells += part.shared_cells;
            sum.energy = sum.energy.plus(part.energy);
        }
    }
    Energy {
        networks: all,
        halls: halls(inputs, settings, plan, &place),
        towers: by_tower.iter().filter(|t| t.1 > 0).count() as u64,
        shared_towers: by_tower.iter().filter(|t| t.1 > 1).count() as u64,
        sharing: sharing(inputs, plan, |class| {
            let at = |more: usize| by_tower.iter().filter(|t| t.2[class as usize] > more).count() as f64;
            [at(0), at(1)]
        }),
        added: plan.map(|p| added(inputs, settings, p)),
    }
}

/// Sharing by class; `places` tells of a class of stations how many places have it, and how many of these have
/// it of more than one operator.
fn sharing(inputs: &Inputs, plan: Option<&Plan>, places: impl Fn(Shared) -> [f64; 2]) -> Vec<Sharing> {
    Shared::ALL
        .into_iter()
        .map(|class| {
            if class == Shared::Route {
                return routes(inputs, plan);
            }
            let [today, today_shared] = places(class);
            // A carrier more at a station that stands is no new place.
            let new = plan.map(|p| {
                let of =
                    |s: &&Station| s.build != StationBuild::Upgrade && Shared::of_build(s.build) == class;
                p.stations.iter().filter(of).collect::<Vec<_>>()
            });
            let mut networks: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
            for s in new.iter().flatten() {
                networks.entry(&s.candidate).or_default().insert(&s.network);
            }
            let count = |of: &dyn Fn(&Station) -> bool| {
                new.as_ref().map(|n| n.iter().filter(|s| of(s)).count() as f64)
            };
            Sharing {
                class,
                today,
                today_shared: Some(today_shared),
                planned: count(&|_| true),
                on_standing: count(&|s| s.build == StationBuild::SharedTower),
                together: count(&|s| networks.get(s.candidate.as_str()).is_some_and(|n| n.len() > 1)),
            }
        })
        .collect()
}

/// Ducts in which cables of more than one owner lie, the duct's own counted; and of a plan what it lays in
/// ducts and on poles that stand, and which of its trenches serve several.
fn routes(inputs: &Inputs, plan: Option<&Plan>) -> Sharing {
    let mut owners: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for s in &inputs.fiber_segments {
        if let Some(duct) = &s.duct_id {
            owners.entry(duct).or_default().insert(operator_code(&s.owner));
        }
    }
    let km = |m: f64| m / 1e3;
    let length_km = |d: &Duct| km(line_length_m(&d.line));
    let shared = |d: &&Duct| {
        owners.get(d.id.as_str()).is_some_and(|o| o.iter().any(|owner| *owner != operator_code(&d.owner)))
    };
    let planned = |of: &dyn Fn(&RouteSegment) -> bool| {
        plan.map(|p| km(p.routes.iter().filter(|r| of(r)).map(|r| r.length_m).sum::<f64>()))
    };
    Sharing {
        class: Shared::Route,
        today: inputs.ducts.iter().map(length_km).sum(),
        // Cables that don't name their ducts tell nothing.
        today_shared: (!owners.is_empty()).then(|| inputs.ducts.iter().filter(shared).map(length_km).sum()),
        planned: planned(&|_| true),
        on_standing: planned(&|r| r.reuses.is_some()),
        together: planned(&|r| r.reuses.is_none() && r.serves > 1),
    }
}

/// Mean power of a cell: a line from idle to full load.
fn cell_kw(cell: &Cell, settings: &Settings) -> f64 {
    let e = &settings.energy;
    let load = cell.load_pct.or(settings.radio.default_load_pct).clamp(0.0, 100.0) / 100.0;
    let sector = e.sector_idle_kw + (e.sector_full_kw - e.sector_idle_kw) * load;
    match cell.kind {
        Some(CellKind::Micro | CellKind::Indoor) => sector * e.small_cell_share,
        _ => sector,
    }
}

/// Grids and green power by position.
struct Place<'a> {
    inputs: &'a Inputs,
    settings: &'a Settings,
    regions: RegionIndex,
    green: PointIndex,
}

impl<'a> Place<'a> {
    fn new(inputs: &'a Inputs, settings: &'a Settings) -> Self {
        let green = inputs.power.iter().zip(0u32..).filter(|(p, _)| {
            matches!(p.kind, PowerKind::Solar | PowerKind::Wind | PowerKind::Hydro | PowerKind::Bio)
                && matches!(p.status, None | Some(SiteStatus::Operating))
        });
        Self {
            inputs,
            settings,
            regions: RegionIndex::of(&inputs.regions),
            green: PointIndex::of(green.map(|(p, i)| (i, p.at))),
        }
    }

    fn grid(&self, at: LonLat) -> Grid {
        let mut found = Vec::new();
        self.regions.locate(at, &mut found);
        Grid::of(found.iter().filter_map(|&i| self.inputs.regions.get(i as usize)), &self.settings.energy)
    }

    fn green_mw(&self, at: LonLat) -> Option<f64> {
        if !self.inputs.has("power") && self.inputs.power.is_empty() {
            return None;
        }
        let mut found: Vec<Hit> = Vec::new();
        self.green.within(at, self.settings.energy.green_radius_m, &mut found);
        found.sort_unstable_by_key(|h| h.index);
        Some(found.iter().filter_map(|h| self.inputs.power.get(h.index as usize)?.capacity_mw).sum())
    }
}

fn halls(inputs: &Inputs, settings: &Settings, plan: Option<&Plan>, place: &Place) -> Vec<HallUse> {
    let e = &settings.energy;
    let limit = |tier: Option<DcTier>| if tier == Some(DcTier::Hub) { e.pue_limit_hub } else { e.pue_limit };
    let hall = |id: &str,
                name: &str,
                existing: bool,
                tier,
                at,
                it_kw: Option<f64>,
                pue: Option<f64>,
                basis: Option<&str>| {
        let grid = place.grid(at);
        let limit = limit(tier);
        let energy = it_kw.zip(pue).map(|(it, pue)| {
            let mut energy = Use::default();
            energy.add(it * pue * HOURS_PER_YEAR, &grid);
            energy
        });
        HallUse {
            id: id.to_owned(),
            name: name.to_owned(),
            place: None,
            existing,
            tier,
            it_kw,
            pue,
            pue_basis: basis.map(str::to_owned),
            limit,
            energy,
            saving_kwh_yr: it_kw.zip(pue).map(|(it, pue)| it * (pue - limit).max(0.0) * HOURS_PER_YEAR),
            green_mw: place.green_mw(at),
            kg_kwh: grid.kg_kwh,
            regional_factor: grid.regional,
        }
    };
    let standing = inputs.datacenters.iter().map(|d| {
        let used = d.rack_use_pct.map(|p| p / 100.0);
        let it_kw = d.racks_std.map(|r| r * settings.datacenter.rack_kw).or(d.it_mw.map(|mw| mw * 1e3));
        let it_kw = it_kw.zip(used).map(|(kw, used)| kw * used);
        hall(&d.id, &d.name, true, d.tier, d.at, it_kw, d.pue, d.pue_basis.as_deref())
    });
    let new = plan.into_iter().flat_map(|p| p.centers.iter().filter(|c| !c.existing)).map(|c| {
        let it_kw = Some(c.it_mw * 1e3);
        let mut new = hall(&c.id, &c.name, false, Some(c.tier), c.at, it_kw, Some(c.pue), Some("design"));
        new.place = Some(c.place.clone());
        // What the plan says: a cluster far away has its province's factor, which no region here tells.
        new.energy = Some(Use { kwh_yr: c.energy_kwh_yr, carbon_t_yr: c.carbon_t_yr });
        if c.energy_kwh_yr > 0.0 {
            new.kg_kwh = c.carbon_t_yr * 1e3 / c.energy_kwh_yr;
        }
        new
    });
    standing.chain(new).collect()
}

/// Electricity and carbon that a plan adds: the stations of a city, or a center.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// `stations` or `datacenters`.
    pub what: &'static str,
    /// City (adcode; none where it isn't known), or the center's id.
    pub of: Option<String>,
    /// Electricity and carbon of a year.
    #[serde(flatten)]
    pub energy: Use,
    /// Emission factor, kg CO2 per kWh; none without electricity.
    pub kg_kwh: Option<f64>,
}

/// What a plan adds, line by line: stations by city, then centers. Every sum of a plan's energy is one of these.
#[must_use]
pub fn lines(inputs: &Inputs, settings: &Settings, plan: &Plan) -> Vec<Line> {
    let mut by_city: BTreeMap<Option<&str>, Use> = BTreeMap::new();
    for s in &plan.stations {
        let city = s.city.as_deref();
        let regions = inputs.regions.iter().filter(|r| city == Some(r.adcode.as_str()));
        by_city.entry(city).or_default().add(s.energy_kwh_yr, &Grid::of(regions, &settings.energy));
    }
    let line = |what, of: Option<String>, energy: Use| Line {
        what,
        of,
        energy,
        kg_kwh: (energy.kwh_yr > 0.0).then(|| energy.carbon_t_yr * 1e3 / energy.kwh_yr),
    };
    let of_center = |c: &Center| Use { kwh_yr: c.energy_kwh_yr, carbon_t_yr: c.carbon_t_yr };
    let stations = by_city.into_iter().map(|(city, sum)| line("stations", city.map(str::to_owned), sum));
    stations
        .chain(plan.centers.iter().map(|c| line("datacenters", Some(c.id.clone()), of_center(c))))
        .collect()
}

/// The sum of the lines of one kind.
#[must_use]
pub fn sum_of(lines: &[Line], what: &str) -> Use {
    lines.iter().filter(|l| l.what == what).fold(Use::default(), |sum, l| sum.plus(l.energy))
}

fn added(inputs: &Inputs, settings: &Settings, plan: &Plan) -> Added {
    let e = &settings.energy;
    let lines = lines(inputs, settings, plan);
    let mut sum = Added {
        stations: sum_of(&lines, "stations"),
        centers: sum_of(&lines, "datacenters"),
        ..Added::default()
    };
    let outdoor =
        || plan.stations.iter().filter(|s| !matches!(s.build, StationBuild::Indoor | StationBuild::Upgrade));
    sum.outdoor = outdoor().count() as u64;
    sum.on_towers = outdoor().filter(|s| s.build == StationBuild::SharedTower).count() as u64;
    let trench_km: f64 = plan.routes.iter().map(|r| r.trench_m).sum::<f64>() / 1e3;
    sum.embodied_t = e.embodied_station_t * plan.stations.len() as f64 + e.embodied_trench_t_km * trench_km;
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coverage::towers::towers;
    use crate::model::text::Text;
    use crate::optimise::{Effort, Stop, Work};
    use crate::synth;

    fn settings() -> Settings {
        Settings::with(&toml::Table::new()).unwrap()
    }

    #[test]
    fn bases_are_not_mixed() {
        let mut s = settings().energy;
        let mut city = synth::demo().regions[0].clone();
        city.ef_kg_kwh = Some(0.62);
        city.ef_basis = Some("average".into());
        city.price_cny_kwh = Some(0.5);
        let g = Grid::of([&city].into_iter(), &s);
        assert_eq!((g.kg_kwh, g.price_cny_kwh, g.regional), (0.62, 0.5, true));
        s.ef_basis = "residual".into();
        let g = Grid::of([&city].into_iter(), &s);
        assert_eq!((g.kg_kwh, g.regional), (0.6096, false));
        // 0.5 CNY + 0.6096 kg at 100 CNY/t.
        assert!((g.cny_kwh(100.0) - 0.560_96).abs() < 1e-12);
        assert!((g.carbon_t(1e6) - 609.6).abs() < 1e-9);
    }

    #[test]
    fn power_by_load() {
        let s = settings();
        let inputs = synth::demo();
        let mut cell = inputs.cells.list.iter().next().unwrap();
        cell.kind = Some(CellKind::Macro);
        cell.load_pct = crate::model::text::Known::new(50.0);
        // Half way between 0.65 and 1.48 kW; three of them are the 3.2 kW of a new station.
        assert!((cell_kw(&cell, &s) - 1.065).abs() < 1e-9);
        assert!((3.0 * cell_kw(&cell, &s) - s.siting.station_kw).abs() < 0.01);
        cell.kind = Some(CellKind::Indoor);
        assert!((cell_kw(&cell, &s) - 0.1065).abs() < 1e-9);
    }

    /// 400 racks of 2.5 kW, 60 % in use, at 1.6: 600 kW, 8.4096 GWh; at 1.5 it would be 0.5256 GWh less.
    #[test]
    fn halls_by_hand() {
        let s = settings();
        let mut inputs = synth::demo();
        inputs.power.clear();
        let mut hall = inputs.datacenters[0].clone();
        hall.tier = None;
        (hall.racks_std, hall.rack_use_pct, hall.pue) = (Some(400.0), Some(60.0), Some(1.6));
        let mut dark = hall.clone();
        dark.rack_use_pct = None;
        inputs.datacenters = vec![hall, dark];
        let towers = towers(&inputs.cells, s.siting.cluster_m);
        let found = energy(&inputs, &s, &towers, None);
        let h = &found.halls[0];
        assert!((h.energy.unwrap().kwh_yr - 8_409_600.0).abs() < 1e-3);
        assert!((h.saving_kwh_yr.unwrap() - 525_600.0).abs() < 1e-3);
        assert!(found.halls[1].energy.is_none() && found.halls[1].saving_kwh_yr.is_none());
        let cells: u64 = found.networks.iter().map(|n| n.cells).sum();
        let on_air = inputs.cells.list.iter().filter(|c| counts(c, &s.project.rats)).count() as u64;
        assert_eq!(cells, on_air);
        assert!(found.shared_towers <= found.towers && found.added.is_none());
    }

    /// Three places: a mast of two operators, a roof of one that shares its radio, a hall of one. Two ducts,
    /// 1 and 3 km: in the longer one another's cable lies.
    #[test]
    fn sharing_by_hand() {
        let s = settings();
        let mut inputs = synth::demo();
        let one = inputs.cells.list.iter().next().unwrap();
        let (a, b) = (inputs.operators.add("cmcc"), inputs.operators.add("ct"));
        inputs.cells.list.truncate(0);
        let mut put = |lon: f64, operator, shared_with, kind| {
            let mut cell = one;
            cell.at = LonLat::new(lon, 32.0).unwrap();
            (cell.operator, cell.shared_with, cell.kind) = (operator, shared_with, Some(kind));
            (cell.tower, cell.station) = (Text::NONE, Text::NONE);
            inputs.cells.list.push(cell);
        };
        put(118.0, a, None, CellKind::Macro);
        put(118.0, b, None, CellKind::Macro);
        put(118.2, a, Some(b), CellKind::Macro);
        put(118.4, a, None, CellKind::Macro);
        put(118.6, a, None, CellKind::Indoor);
        let line = |m: f64| {
            let start = LonLat::new(118.0, 32.0).unwrap();
            vec![start, LonLat::new(118.0, 32.0 + m / 110_870.0).unwrap()]
        };
        let duct = |id: &str, m: f64| {
            let mut d = inputs.ducts[0].clone();
            (d.id, d.line, d.owner) = (id.into(), line(m), "cmcc".into());
            d
        };
        let ducts = vec![duct("D1", 1000.0), duct("D3", 3000.0)];
        let mut cable = inputs.fiber_segments[0].clone();
        (cable.duct_id, cable.owner) = (Some("D3".into()), "中国电信".into());
        let mut own = cable.clone();
        (own.duct_id, own.owner) = (Some("D1".into()), "中国移动".into());
        (inputs.ducts, inputs.fiber_segments) = (ducts, vec![cable, own]);
        let towers = towers(&inputs.cells, s.siting.cluster_m);
        let found = energy(&inputs, &s, &towers, None).sharing;
        let of = |class: Shared| found.iter().find(|x| x.class == class).copied().unwrap();
        let places = |class: Shared| (of(class).today, of(class).today_shared, of(class).planned);
        assert_eq!(places(Shared::Macro), (3.0, Some(2.0), None));
        assert_eq!(places(Shared::Micro), (0.0, Some(0.0), None));
        assert_eq!(places(Shared::Indoor), (1.0, Some(0.0), None));
        let route = of(Shared::Route);
        assert!((route.today - 4.0).abs() < 0.01 && (route.today_shared.unwrap() - 3.0).abs() < 0.01);
        for c in &mut inputs.fiber_segments {
            c.duct_id = None;
        }
        assert_eq!(energy(&inputs, &s, &towers, None).sharing[3].today_shared, None);
    }

    /// A center's carbon is the plan's own figure, whatever factor its surroundings here would give; and what
    /// the plan adds is no share of a base in which a center's electricity is missing.
    #[test]
    fn planned_centers_have_one_figure() {
        let (mut inputs, s) = (synth::demo(), settings());
        inputs.sites.list.truncate(40);
        let work = Work { effort: Effort::LOW, seed: 1, gap: 0.0, stop: Stop::NEVER };
        let mut plan = crate::plan::run(&mut inputs, &s, work).unwrap();
        let mut center = plan.centers[0].clone();
        (center.id, center.existing) = ("DC-FAR".into(), false);
        (center.it_mw, center.pue) = (0.2, 1.2);
        (center.energy_kwh_yr, center.carbon_t_yr) = (2_102_400.0, 1_362.1);
        plan.centers = vec![center];
        let towers = towers(&inputs.cells, s.siting.cluster_m);
        let mut found = energy(&inputs, &s, &towers, Some(&plan));
        let of_table = found.halls.iter().find(|h| h.id == "DC-FAR").unwrap();
        assert_eq!(of_table.energy, found.added.map(|a| a.centers));
        assert!((of_table.kg_kwh - 0.647_88).abs() < 1e-4);

        found.halls.retain(|h| !h.existing);
        let today_kwh = found.today().kwh_yr;
        let added = found.added.unwrap();
        let more = (added.stations.kwh_yr + 2_102_400.0) / today_kwh;
        assert!((found.added_share().unwrap() - more).abs() < 1e-12);
        let mut dark = found.halls[0].clone();
        (dark.existing, dark.energy) = (true, None);
        found.halls.push(dark);
        assert_eq!((found.halls_unknown(), found.added_share()), (1, None));
        assert_eq!(found.added_share_of_stations(), Some(added.stations.kwh_yr / today_kwh));
    }

    /// Two networks on one mast, one of them on another, a roof and a carrier more; 2 km in a duct, 3 km of
    /// new trench for two and 5 km for one.
    #[test]
    fn co_building_by_hand() {
        let (mut inputs, s) = (synth::demo(), settings());
        inputs.sites.list.truncate(40);
        let work = Work { effort: Effort::LOW, seed: 1, gap: 0.0, stop: Stop::NEVER };
        let mut plan = crate::plan::run(&mut inputs, &s, work).unwrap();
        let (one, route) = (plan.stations[0].clone(), plan.routes[0].clone());
        let station = |candidate: &str, network: &str, build| {
            let mut x = one.clone();
            (x.candidate, x.network, x.build) = (candidate.into(), network.into(), build);
            x
        };
        plan.stations = vec![
            station("T-1", "cmcc", StationBuild::SharedTower),
            station("T-1", "ct+cu", StationBuild::SharedTower),
            station("T-2", "cmcc", StationBuild::SharedTower),
            station("ROOF-1", "cmcc", StationBuild::Roof),
            station("UP-1", "cmcc", StationBuild::Upgrade),
            station("IN-1", "cmcc", StationBuild::Indoor),
        ];
        plan.routes = [(2e3, 0.0, 1), (3e3, 3e3, 2), (5e3, 5e3, 1)]
            .map(|(length_m, trench_m, serves)| {
                let mut x = route.clone();
                (x.length_m, x.trench_m, x.serves) = (length_m, trench_m, serves);
                x.reuses = (trench_m == 0.0).then(|| "D-1".to_owned());
                x
            })
            .to_vec();
        let found = sharing(&inputs, Some(&plan), |_| [0.0, 0.0]);
        let planned: Vec<_> = found.iter().map(|x| (x.planned, x.on_standing, x.together)).collect();
        assert_eq!(planned[0], (Some(4.0), Some(3.0), Some(2.0)));
        assert_eq!(planned[1], (Some(0.0), Some(0.0), Some(0.0)));
        assert_eq!(planned[2], (Some(1.0), Some(0.0), Some(0.0)));
        assert_eq!(planned[3], (Some(10.0), Some(2.0), Some(3.0)));
    }
}
