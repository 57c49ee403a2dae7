//! Stations, their way to fiber, the fiber of factories and edge nodes as one problem with one purse.
//!
//! **What is decided**: which stations and indoor systems are built, which factories are joined to fiber, and
//! along which roads; within a budget also which edge nodes are opened. Stations and factories share trenches: a
//! trench is paid once, whoever needs it. Edge nodes stand in rooms that have fiber.
//!
//! **What is frozen**: the places that may be built on, what a station by itself would make of a factory's
//! score (a factory takes the best of those chosen), what an edge node would, today's network, the roads and what work along them
//! costs with the smallest cables, lead-ins. Ports and splitters, larger cables and detours for spare fibers
//! only add to the cost: what is proven without them holds with them.

use super::PlanError;
use super::edge::Edge;
use super::ground::Ground;
use super::radio::Radio;
use crate::fiber::{End, RouteRequest, Survey, Terminal, survey};
use crate::graph::{Graph, NodeId};
use crate::model::inputs::Inputs;
use crate::model::kinds;
use crate::model::planned::{ConnectionState, StationBuild};
use crate::model::settings::Settings;
use crate::optimise::Work;
use crate::optimise::cover::{Lock, SparseRows};
use crate::optimise::steiner::hubs::{Customer, Hub, Hubs};
use std::collections::{BTreeMap, BTreeSet};

/// The network of a whole plan, with where factories and places for stations meet it.
pub struct Whole {
    survey: Survey,
    /// Per terminal (a factory that fiber would help) what joining it is worth, and whether it must be.
    sites: Vec<(f64, bool)>,
    /// By place that needs fiber, where it meets the network.
    places: BTreeMap<u32, Result<End, ConnectionState>>,
    /// Edge nodes that compete: the hubs after the options of radio.
    edges: Vec<Edge>,
    /// Number of sites below target: the items after those of radio, where there are edge nodes.
    gaps: usize,
}

/// Whether a way to build needs fiber laid: towers that carry cells have theirs, indoor systems use the factory's.
pub fn needs_fiber(build: StationBuild) -> bool {
    !matches!(build, StationBuild::SharedTower | StationBuild::Upgrade | StationBuild::Indoor)
}

/// What a problem is made for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Want {
    /// Weighted points within a budget.
    Points,
    /// Every site joined and lifted that can be.
    Target,
}

impl Whole {
    /// Surveys the network for the factories and for all places of `radio` that need fiber.
    ///
    /// # Errors
    /// A graph too large.
    pub fn new(
        radio: &Radio,
        sites: &[Terminal],
        edges: (&[Edge], usize),
        ground: Option<&Ground>,
        inputs: &Inputs,
        settings: &Settings,
        work: Work<'_>,
    ) -> Result<Self, PlanError> {
        let (edges, gaps) = (edges.0.to_vec(), if edges.0.is_empty() { 0 } else { edges.1 });
        let useful: BTreeSet<u32> = radio
            .problem
            .options
            .iter()
            .zip(&radio.problem.lifts)
            .filter(|(o, lifts)| !lifts.is_empty() || o.lock == kinds::Lock::Open)
            .map(|(o, _)| o.place)
            .filter(|&p| needs_fiber(radio.places[p as usize].build))
            .collect();
        let mut terminals = sites.to_vec();
        terminals.extend(useful.iter().map(|&p| Terminal {
            id: radio.places[p as usize].id.clone(),
            at: radio.places[p as usize].at,
            fibers: settings.fiber.station_fibers,
            shared: false,
            value: 0.0,
            must: false,
            protect: settings.fiber.protect.stations,
            equipment_cny: None,
        }));
        let values = sites.iter().map(|t| (t.value, t.must)).collect();
        // Where nothing is known of fiber, a way to it has no price.
        let Some(g) = ground.filter(|g| !g.access.points().is_empty()) else {
            let graph = Graph::from_edges(1, &[])?;
            let ends = vec![Err(ConnectionState::NoFiber); sites.len()];
            let survey = Survey { graph, root: NodeId(0), ends };
            return Ok(Self { survey, sites: values, places: BTreeMap::new(), edges, gaps });
        };
        let mut survey = survey(&RouteRequest {
            inputs,
            settings,
            snapper: g.snapper,
            ways: g.ways(inputs, settings),
            access: g.access,
            terminals: &terminals,
            budget_cny: None,
            city_of: &|_| None,
            work,
        })?;
        let places = useful.into_iter().zip(survey.ends.split_off(sites.len())).collect();
        Ok(Self { survey, sites: values, places, edges, gaps })
    }

    /// Why a site can't be joined, if it can't.
    pub fn out(&self, site: usize) -> Option<ConnectionState> {
        self.survey.ends.get(site).and_then(|e| e.as_ref().err().copied())
    }

    /// Sites that can be joined, in the order of [`Hubs::customers`]. `dry` are those for which no fiber is
    /// left.
    pub fn customers(&self, dry: &BTreeSet<u32>) -> Vec<u32> {
        (0u32..).zip(&self.survey.ends).filter(|(i, e)| e.is_ok() && !dry.contains(i)).map(|x| x.0).collect()
    }

    /// The problem. Options of `radio` are the hubs and its sites the items; then come edge nodes, and what they
    /// do for sites below target.
    pub fn problem(&self, radio: &Radio, want: Want, dry: &BTreeSet<u32>) -> Hubs<'_> {
        let customers = self.customers(dry).into_iter().filter_map(|i| {
            let end = self.survey.ends[i as usize].as_ref().ok()?;
            let (prize, must) = self.sites[i as usize];
            Some(Customer { node: end.node, own: end.own_cny, prize, must: must || want == Want::Target })
        });
        let locked = |lock: kinds::Lock| match lock {
            kinds::Lock::Free => Lock::Free,
            kinds::Lock::Open => Lock::Open,
            kinds::Lock::Shut => Lock::Shut,
        };
        let hubs = radio.problem.options.iter().zip(&radio.alone_cny).map(|(o, &alone)| {
            let lock = locked(o.lock);
            match self.places.get(&o.place) {
                None => Hub { node: None, price: alone, lock },
                Some(Ok(end)) => Hub { node: Some(end.node), price: alone + end.own_cny, lock },
                Some(Err(_)) => Hub { node: None, price: alone, lock: Lock::Shut },
            }
        });
        let goals = radio.problem.goals();
        let gains = radio.problem.lifts.iter().map(|row| {
            let worth = |l: &crate::siting::Lift| {
                let need = &radio.problem.sites[l.site as usize];
                match want {
                    Want::Points => need.weight * (l.score - need.now).max(0.0),
                    Want::Target => f64::from(u8::from(goals[l.site as usize].is_some_and(|g| l.score >= g))),
                }
            };
            row.iter().map(move |l| (l.site, worth(l))).collect::<Vec<_>>()
        });
        let sites = radio.problem.sites.len();
        let rooms = self.edges.iter().map(|e| Hub { node: None, price: e.price_cny, lock: locked(e.lock) });
        let shortened = self
            .edges
            .iter()
            .map(|e| e.gains.iter().map(|&(gap, points)| (sites as u32 + gap, points)).collect::<Vec<_>>());
        Hubs {
            graph: &self.survey.graph,
            root: self.survey.root,
            customers: customers.collect(),
            hubs: hubs.chain(rooms).collect(),
            gains: SparseRows::from_rows(gains.chain(shortened)),
            items: sites + self.gaps,
        }
    }
}
