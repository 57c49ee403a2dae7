//! The radio part of a plan: what each place would lift, which are chosen, and the stations they become.

use crate::coverage::what_if::{Thought, WhatIf};
use crate::coverage::{Assessment, FiberReach};
use crate::geom::azimuth_deg;
use crate::index::PointIndex;
use crate::model::grid::{Grid, HOURS_PER_YEAR};
use crate::model::inputs::Inputs;
use crate::model::kinds::Lock;
use crate::model::operators::{NetworkId, OperatorId};
use crate::model::planned::{Station, StationBuild};
use crate::model::records::{Cell, SiteId};
use crate::model::settings::Settings;
use crate::network::Reach;
use crate::siting::capacity::{Load, fit, sector_of};
use crate::siting::{
    Choice, Lift, Need, Place, Problem, RadioOption, SECTORS, carrier_name, places, sectors,
};
use rayon::prelude::*;

/// Places considered per site, nearest first.
const NEAREST_PLACES: usize = 48;

/// A site that radio should lift.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// The site.
    pub site: SiteId,
    /// Its weight.
    pub weight: f64,
    /// Points that fiber will add to it by itself.
    pub fiber_points: f64,
}

/// Everything the choice is made from.
pub struct Radio {
    /// Places.
    pub places: Vec<Place>,
    /// Sites, options and lifts.
    pub problem: Problem,
    /// Price of each option without its way to fiber, yuan.
    pub alone_cny: Vec<f64>,
    /// The sites behind [`Problem::sites`].
    pub wanted: Vec<Wanted>,
    /// Places left out because no way leads to fiber that could carry a station's traffic.
    pub cut_off: usize,
}

impl Radio {
    /// Names the places that are locked open.
    pub fn locked_open(&self) -> Vec<String> {
        let open = self.problem.options.iter().filter(|o| o.lock == Lock::Open);
        open.map(|o| self.places[o.place as usize].id.clone()).collect()
    }
}

/// The first operator of a network: whose cells a new station's are.
fn operator_of(inputs: &Inputs, network: NetworkId) -> OperatorId {
    inputs.operators.iter().find(|o| inputs.operators.network(*o) == network).unwrap_or(OperatorId(0))
}

/// Yearly cost of a station: energy, rent, maintenance.
fn opex(place: &Place, settings: &Settings) -> (f64, f64) {
    let kwh = place.kw * HOURS_PER_YEAR;
    let grid = Grid::of([].iter(), &settings.energy);
    (
        kwh,
        kwh * grid.cny_kwh(settings.energy.carbon_cny_t)
            + place.rent_cny_yr
            + place.capex_cny * settings.fiber.opex_share,
    )
}

/// Lists the options near the wanted sites and works out what each alone would lift.
///
/// `reach` tells how far joinable fiber is from a place, for the backhaul that a new mast needs.
#[must_use]
pub fn prepare(
    inputs: &Inputs,
    settings: &Settings,
    today: &Assessment,
    wanted: Vec<Wanted>,
    fiber: &dyn FiberReach,
    reach: &(dyn Fn(crate::geom::LonLat) -> Reach + Sync),
) -> Radio {
    let sites: Vec<SiteId> = wanted.iter().map(|w| w.site).collect();
    let places = places(inputs, today, &sites, settings);
    let networks: Vec<NetworkId> = inputs
        .operators
        .networks()
        .filter(|n| {
            let name = inputs.operators.network_name(*n);
            settings.siting.network.is_empty() || settings.siting.network == name
        })
        .collect();
    // A budget is one of capex.
    let years = if settings.plan.budget_cny > 0.0 { 0.0 } else { annuity_years(settings) };
    let mut options = Vec::with_capacity(places.len() * networks.len());
    let mut alone_cny = Vec::with_capacity(options.capacity());
    let mut cells: Vec<Vec<Cell>> = Vec::with_capacity(options.capacity());
    let mut cut_off = vec![false; places.len()];
    for (p, place) in places.iter().enumerate() {
        let way = |to: Reach| match to {
            Reach::Found { route_m, .. } => Some(
                route_m
                    * (settings.fiber.trench_cny_m + settings.fiber.cable_cny_m)
                    * settings.siting.backhaul_share,
            ),
            // Where nothing is known of fiber, its price isn't either.
            Reach::NoAccessFiber => Some(0.0),
            Reach::NoRoad | Reach::Beyond => None,
        };
        let backhaul = match (place.build, place.host) {
            // A tower that carries cells has its fiber.
            (StationBuild::SharedTower | StationBuild::Upgrade, _) => Some(0.0),
            // A factory is joined on its own account, if it can be.
            (StationBuild::Indoor, Some(host)) if inputs.sites.list[host.at()].has_fiber == Some(true) => {
                Some(0.0)
            }
            (StationBuild::Indoor, _) => way(reach(place.at)).map(|_| 0.0),
            _ => way(reach(place.at)),
        };
        cut_off[p] = backhaul.is_none();
        for (n, &network) in networks.iter().enumerate() {
            // A lock names a place, not a network: it holds for the first one.
            let lock = match place.networks.as_slice() {
                [] if n == 0 => place.lock,
                [] => Lock::Free,
                [first, ..] if *first == network => place.lock,
                others if others.contains(&network) => Lock::Free,
                _ => Lock::Shut,
            };
            let alone = place.capex_cny + years * opex(place, settings).1;
            alone_cny.push(alone);
            let price_cny = alone + backhaul.unwrap_or(0.0);
            options.push(RadioOption { place: p as u32, network, price_cny, lock });
            let operator = operator_of(inputs, network);
            cells.push(sectors(place.build, place.at, place.height_m, operator, settings));
        }
    }

    let index = PointIndex::of((0u32..).zip(places.iter().map(|p| p.at)));
    let thoughts: Vec<Thought> = options
        .iter()
        .zip(&cells)
        .map(|(o, cells)| Thought {
            network: o.network,
            at: places[o.place as usize].at,
            cells,
            host: places[o.place as usize]
                .host
                .filter(|_| places[o.place as usize].build == StationBuild::Indoor),
        })
        .collect();
    let what_if = WhatIf::new(inputs, settings, today, fiber, &thoughts);
    let reach_m = settings.radio.search_radius_m;
    let per_place = networks.len() as u32;
    let load = |site: SiteId, option: u32, share: [f64; 2]| {
        let place = &places[options[option as usize].place as usize];
        let bearing = azimuth_deg(place.at, inputs.sites.list[site.at()].at);
        let sector = if cells[option as usize].len() > 1 { sector_of(bearing, &SECTORS) } else { 0 };
        Load { sector, share }
    };
    let per_site: Vec<(f64, Vec<(u32, f64, Option<Load>)>)> = wanted
        .par_iter()
        .map(|w| {
            let mut near = Vec::new();
            index.nearest_k(inputs.sites.list[w.site.at()].at, NEAREST_PLACES, reach_m, &mut near);
            let tried: Vec<u32> = near
                .iter()
                .filter(|h| {
                    let p = &places[h.index as usize];
                    !cut_off[h.index as usize] && (p.build != StationBuild::Indoor || p.host == Some(w.site))
                })
                .flat_map(|h| (0..per_place).map(move |n| h.index * per_place + n))
                .filter(|o| options[*o as usize].lock != Lock::Shut)
                .collect();
            let (now, judged) = what_if.judged(w.site, &tried);
            let now = now.unwrap_or(0.0) + w.fiber_points;
            let lifts = tried
                .into_iter()
                .zip(judged)
                .filter_map(|(o, j)| Some((o, j?)))
                .map(|(o, j)| (o, j.score + w.fiber_points, j.taken.map(|share| load(w.site, o, share))))
                .filter(|(_, s, _)| *s > now + 0.01)
                .collect();
            (now, lifts)
        })
        .collect();
    let mut lifts = vec![Vec::new(); options.len()];
    let mut loads = vec![Vec::new(); options.len()];
    for (site, (_, row)) in per_site.iter().enumerate() {
        for &(option, score, load) in row {
            lifts[option as usize].push(Lift { site: site as u32, score });
            loads[option as usize].push(load);
        }
    }
    let needs =
        per_site.iter().zip(&wanted).map(|((now, _), w)| Need { now: *now, weight: w.weight }).collect();
    let mut problem =
        Problem { sites: needs, options, lifts, target: settings.score.target, cap: settings.score.target };
    // Users' load counts: a place lifts no more sites than its cells can carry.
    if settings.siting.count_load && settings.radio.cell_demand {
        fit(&mut problem, &loads, 1.0 - settings.radio.default_load_pct / 100.0);
    }
    let cut_off = cut_off.into_iter().filter(|c| *c).count();
    Radio { places, problem, alone_cny, wanted, cut_off }
}

/// Years by which yearly costs count beside capex: the present value of one yuan a year.
#[must_use]
pub fn annuity_years(settings: &Settings) -> f64 {
    settings.plan.annuity(settings.plan.years)
}

/// Who builds a station: where operators do, the one whose network it serves.
fn party(payer: &str, network: &str) -> String {
    if payer == "operator" && !network.is_empty() { network.to_owned() } else { payer.to_owned() }
}

/// Turns a choice into stations, most useful first, each with its option.
#[must_use]
pub fn stations(radio: &Radio, choice: &Choice, inputs: &Inputs, settings: &Settings) -> Vec<(u32, Station)> {
    let mut gain = vec![0.0; radio.problem.options.len()];
    let mut lifted: Vec<Vec<String>> = vec![Vec::new(); radio.problem.options.len()];
    for (site, by) in choice.by_site.iter().enumerate() {
        let Some(option) = *by else { continue };
        let Some(lift) = radio.problem.lifts[option as usize].iter().find(|l| l.site as usize == site) else {
            continue;
        };
        gain[option as usize] += radio.problem.gain(lift);
        if lift.score >= radio.problem.target {
            let id = inputs.sites.list[radio.wanted[site].site.at()].id;
            lifted[option as usize].push(inputs.sites.text.get(id).to_owned());
        }
    }
    let mut order = choice.options.clone();
    order.sort_by(|a, b| gain[*b as usize].total_cmp(&gain[*a as usize]).then(a.cmp(b)));
    order
        .iter()
        .enumerate()
        .map(|(n, &o)| {
            let option = &radio.problem.options[o as usize];
            let place = &radio.places[option.place as usize];
            let (kwh, opex_cny_yr) = opex(place, settings);
            let network = inputs.operators.network_name(option.network);
            let station = Station {
                id: format!("ST-{:05}", n + 1),
                candidate: place.id.clone(),
                build: place.build,
                payer: party(&place.payer, &network),
                network,
                at: place.at,
                height_m: place.height_m,
                nodes: place.nodes,
                carrier: carrier_name(place.build, settings).to_owned(),
                city: None,
                sites_lifted: std::mem::take(&mut lifted[o as usize]),
                gain: gain[o as usize],
                capex_cny: place.capex_cny,
                opex_cny_yr,
                energy_kwh_yr: kwh,
                phase: 0,
                locked: place.lock == Lock::Open,
                owner: place.owner.clone(),
            };
            (o, station)
        })
        .collect()
}
