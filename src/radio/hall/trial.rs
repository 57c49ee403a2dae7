//! Layouts tried against a hall: who is near which node, what disturbs whom, whether the cells carry all.

use super::budget::{Budget, greatest};
use super::layout::{Floor, Layout, family};
use super::{Cells, Placed, Requirement, Solution, Task};
use crate::radio::antenna::Pattern as AntennaPattern;
use crate::radio::coverage_probability::{LossDistribution, LossTable};
use crate::radio::refusal::Refusal;
use crate::radio::servers::{
    Air, Antenna, Asked, Location, Mast, Masts, Promise, Reception, Scratch, Sector, Sectors, Terminals,
    receive,
};
use crate::radio::tr38901::Prepared;
use std::cmp::Ordering;

/// A layout set up for [`receive`].
struct Site {
    places: Vec<[f64; 2]>,
    /// Per point of the floor the nearest node, and its distance in metres.
    near: Vec<(u32, f64)>,
    sectors: Sectors,
    cells: Cells,
}

/// A layout that serves.
pub(super) struct Found {
    pub(super) layout: Layout,
    cells: Cells,
    farthest_m: f64,
}

/// What a layout is tried against.
pub(super) struct Trial<'a> {
    task: &'a Task,
    budget: Budget<'a>,
    prepared: Prepared,
    air: Air,
    sector: Sector,
    points: Vec<[f64; 2]>,
    /// Greatest distance from a node by uplink, level, and downlink without interference, metres.
    pub(super) reach_m: [Option<f64>; 3],
    /// Share of a cell, up and down, that the terminals around a point take where nothing disturbs, at steps of
    /// the distance from its node; empty until it is asked for.
    undisturbed: Vec<[f64; 2]>,
    /// The point that was too far from every node of the last layout that failed so.
    missed: usize,
    masts: Vec<Mast>,
    scratch: Scratch,
}

/// Steps of the distance in [`Trial::undisturbed`].
const STEPS: usize = 128;
/// Load beyond the limit at which a layout is turned down without working out its interference: rates fall
/// with distance but for the rounding of their means.
const CLEARLY: f64 = 1.002;

impl<'a> Trial<'a> {
    pub(super) fn new(task: &'a Task, prepared: Prepared, points: Vec<[f64; 2]>) -> Result<Self, Refusal> {
        let budget = Budget::new(task)?;
        let p = task.location_probability;
        let location = Location::new(p);
        let range = prepared.ground_range_m();
        let reach = |requirement| {
            let bears_db = budget.greatest_loss_db(requirement)?;
            // Loss grows with distance: both states' do, and line of sight grows rarer.
            greatest(*range.start(), *range.end(), |d| {
                loss(&prepared, d).quantile_db(p, location.quantile()) <= bears_db
            })
        };
        let reach_m = [Requirement::Uplink, Requirement::Rsrp, Requirement::Downlink].map(reach);
        let omni = Antenna { ssb: AntennaPattern::Omni, traffic: AntennaPattern::Omni };
        let air = Air {
            tables: vec![LossTable::build(prepared, p)],
            carriers: vec![budget.carrier],
            antennas: vec![omni],
            terminal: task.terminal,
            terminal_height_m: task.terminal_height_m,
            downlink: task.downlink,
            uplink: task.uplink,
            location,
        };
        let epre_dbm = (budget.data_dbm - task.node.gain_dbi) as f32;
        let sector = Sector {
            carrier: 0,
            antenna: 0,
            table: 0,
            height_m: task.node.height_m as f32,
            azimuth_deg: 0.0,
            electrical_tilt_deg: 0.0,
            mechanical_tilt_deg: 0.0,
            ssb_epre_dbm: epre_dbm,
            data_epre_dbm: epre_dbm,
            gain_ssb_dbi: task.node.gain_dbi as f32,
            gain_traffic_dbi: task.node.gain_dbi as f32,
            load: task.load as f32,
        };
        Ok(Self {
            task,
            budget,
            prepared,
            air,
            sector,
            points,
            reach_m,
            undisturbed: Vec::new(),
            missed: 0,
            masts: Vec::new(),
            scratch: Scratch::default(),
        })
    }

    /// Per point of the floor its nearest node and the distance to it, metres; `None` when one is beyond a limit.
    fn near(&mut self, places: &[[f64; 2]], limit_m: f64) -> Option<Vec<(u32, f64)>> {
        let limit2 = limit_m * limit_m;
        let nearest = |point: &[f64; 2]| {
            let all = (0u32..).zip(places.iter().map(|place| squared_m(place, point)));
            all.fold((0, f64::INFINITY), |best, next| if next.1 < best.1 { next } else { best })
        };
        // Where one layout fails the next one often does.
        if self.points.get(self.missed).is_some_and(|p| nearest(p).1 > limit2) {
            return None;
        }
        let mut near = Vec::with_capacity(self.points.len());
        for (i, point) in self.points.iter().enumerate() {
            let (node, squared) = nearest(point);
            if squared > limit2 {
                self.missed = i;
                return None;
            }
            near.push((node, squared.sqrt()));
        }
        Some(near)
    }

    /// Nodes set up, all of them one cell, with the nearest of each point.
    fn site(&self, places: Vec<[f64; 2]>, near: Vec<(u32, f64)>) -> Site {
        let mut sectors = Sectors::new();
        places.iter().for_each(|_| sectors.push(self.sector, &self.air));
        Site { places, near, sectors, cells: Cells::One }
    }

    /// What a point gets, of the node at an index that far away.
    fn at(
        &mut self,
        point: usize,
        site: &Site,
        promise: Promise,
        ss_sinr: bool,
    ) -> Option<(usize, f64, Reception)> {
        let (place, &(nearest, distance_m)) = (self.points.get(point)?, site.near.get(point)?);
        let mast = |(first, distance_m)| Mast { distance_m, bearing_deg: 0.0, rise_m: 0.0, first, count: 1 };
        self.masts.clear();
        match site.cells {
            Cells::One => self.masts.push(mast((nearest, distance_m))),
            Cells::Each => {
                let all = site.places.iter().map(|node| squared_m(node, place).sqrt());
                self.masts.extend((0u32..).zip(all).map(mast));
            }
        }
        let masts = Masts { list: &self.masts, sectors: &site.sectors, table_offset: 0 };
        let asked = Asked { entry: &[], terminals: Terminals::Outdoors, promise, terminal: None, ss_sinr };
        Some((nearest as usize, distance_m, receive(&self.air, &masts, &asked, &mut self.scratch)?))
    }

    /// How hard it is to serve a point of the floor; least is hardest: those are farthest from their node, of those
    /// as far the ones in the middle of the floor, which hear most others: there the downlink fails, if anywhere.
    fn ease(&self, site: &Site, i: usize) -> (f64, f64) {
        let Floor { length_m, width_m } = self.task.floor;
        let middle = [0.5 * length_m, 0.5 * width_m];
        let far = site.near.get(i).map_or(0.0, |n| n.1);
        (-(far * 1e6).round(), self.points.get(i).map_or(0.0, |p| squared_m(p, &middle)))
    }

    /// The point that is hardest to serve.
    fn hardest(&self, site: &Site) -> Option<usize> {
        let keys = (0..self.points.len()).map(|i| (self.ease(site, i), i));
        keys.reduce(|a, b| if by_ease(&b, &a).is_lt() { b } else { a }).map(|k| k.1)
    }

    /// Points of the floor, the hardest first.
    fn hardest_first(&self, site: &Site) -> Vec<usize> {
        let mut order: Vec<Eased> = (0..self.points.len()).map(|i| (self.ease(site, i), i)).collect();
        order.sort_unstable_by(by_ease);
        order.into_iter().map(|o| o.1).collect()
    }

    /// Whether the downlink rate is met at points.
    fn downlink_at(&mut self, site: &Site, points: &[usize]) -> bool {
        let wanted = self.task.wanted.dl_mbps;
        points.iter().all(|&i| {
            self.at(i, site, Promise::AtLocation, false)
                .is_some_and(|(_, _, got)| got.rates.dl_mbps >= wanted)
        })
    }

    /// Nodes with what they carry, and the mean rates over the floor.
    fn loads(&mut self, site: &Site) -> Option<(Vec<Placed>, [f64; 2])> {
        let places = &site.places;
        let mut nodes: Vec<Placed> = places
            .iter()
            .map(|[x, y]| Placed { x_m: *x, y_m: *y, share: 0.0, ul_load: 0.0, dl_load: 0.0 })
            .collect();
        let each = 1.0 / self.points.len() as f64;
        let mut mean = [0.0; 2];
        for i in 0..self.points.len() {
            let (nearest, _, Reception { rates, .. }) = self.at(i, site, Promise::Mean, false)?;
            let node = nodes.get_mut(nearest)?;
            node.share += each;
            let [up, down] = self.taken([rates.ul_mbps, rates.dl_mbps]);
            (node.ul_load, node.dl_load) = (node.ul_load + up, node.dl_load + down);
            mean = [mean[0] + each * rates.ul_mbps, mean[1] + each * rates.dl_mbps];
        }
        Some((nodes, mean))
    }

    /// Share of a cell's time and band, up and down, that the terminals around a point take where these are the
    /// rates.
    fn taken(&self, rates_mbps: [f64; 2]) -> [f64; 2] {
        let (w, free) = (&self.task.wanted, self.budget.free());
        let here = self.task.terminals / self.points.len() as f64;
        let taken = |need: f64, mbps: f64| if need > 0.0 { here * need * free / mbps } else { 0.0 };
        [taken(w.ul_mbps, rates_mbps[0]), taken(w.dl_mbps, rates_mbps[1])]
    }

    /// Whether no cell is loaded beyond the design load. Most layouts that fail do so by the uplink, or in the
    /// middle of the floor: both are looked at first.
    fn capacity_serves(&mut self, site: &Site) -> bool {
        let most = self.task.load;
        let Some(light) = self.light_loads(site) else { return false };
        let cell = |node: u32| if site.cells == Cells::One { 0 } else { node as usize };
        if light.iter().flatten().any(|l| *l > most * CLEARLY) {
            return false;
        }
        let mut of_cell: Vec<Vec<usize>> = vec![Vec::new(); light.len()];
        for (i, (node, _)) in site.near.iter().enumerate() {
            of_cell[cell(*node)].push(i);
        }
        let Floor { length_m, width_m } = self.task.floor;
        let middle = [0.5 * length_m, 0.5 * width_m];
        let mut order: Vec<(f64, usize)> =
            (0..light.len()).map(|c| (squared_m(&site.places[c], &middle), c)).collect();
        order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        for (_, c) in order {
            let mut load = [0.0; 2];
            for &i in &of_cell[c] {
                let Some((_, _, got)) = self.at(i, site, Promise::Mean, false) else { return false };
                let [up, down] = self.taken([got.rates.ul_mbps, got.rates.dl_mbps]);
                load = [load[0] + up, load[1] + down];
                if load[0] > most || load[1] > most {
                    return false;
                }
            }
        }
        true
    }

    /// What the load of each cell, up and down, is at least: by rates at the next shorter step of the distance,
    /// and down only where no other cell disturbs.
    fn light_loads(&mut self, site: &Site) -> Option<Vec<[f64; 2]>> {
        let Floor { length_m, width_m } = self.task.floor;
        let step_m = length_m.hypot(width_m) / STEPS as f64;
        if self.undisturbed.is_empty() {
            for i in 0..=STEPS {
                self.masts.clear();
                let distance_m = step_m * i as f64;
                self.masts.push(Mast { distance_m, bearing_deg: 0.0, rise_m: 0.0, first: 0, count: 1 });
                let masts = Masts { list: &self.masts, sectors: &site.sectors, table_offset: 0 };
                let asked = Asked {
                    entry: &[],
                    terminals: Terminals::Outdoors,
                    promise: Promise::Mean,
                    terminal: None,
                    ss_sinr: false,
                };
                let got = receive(&self.air, &masts, &asked, &mut self.scratch);
                // Beyond the model's range nothing is carried.
                let taken =
                    got.map_or([f64::INFINITY; 2], |got| self.taken([got.rates.ul_mbps, got.rates.dl_mbps]));
                self.undisturbed.push(taken);
            }
        }
        let one = site.cells == Cells::One;
        let mut loads = vec![[0.0; 2]; if one { 1 } else { site.places.len() }];
        for &(node, distance_m) in &site.near {
            let step = ((distance_m / step_m) as usize).min(STEPS);
            let [up, down] = *self.undisturbed.get(step)?;
            let load = loads.get_mut(if one { 0 } else { node as usize })?;
            *load = [load[0] + up, load[1] + if one { down } else { 0.0 }];
        }
        Some(loads)
    }

    /// The greatest distance from a node that requirements bear, metres; `None` where one can't be met at all.
    fn limit_m(&self, requirements: &[Requirement]) -> Option<f64> {
        requirements.iter().try_fold(f64::INFINITY, |limit, r| match r {
            Requirement::Uplink => Some(limit.min(self.reach_m[0]?)),
            Requirement::Rsrp => Some(limit.min(self.reach_m[1]?)),
            Requirement::Downlink => Some(limit.min(self.reach_m[2]?)),
            Requirement::Capacity => Some(limit),
        })
    }

    /// The fewest nodes from `from` on with a layout that meets requirements: of those with as few the one
    /// whose farthest point is nearest. Counts the layouts tried.
    pub(super) fn fewest(
        &mut self,
        requirements: &[Requirement],
        from: u32,
        tried: &mut u32,
    ) -> Option<Found> {
        let limit_m = self.limit_m(requirements)?;
        let has = |r| requirements.contains(&r);
        let floor = self.task.floor;
        for nodes in from..=self.task.max_nodes {
            let mut fit = Vec::new();
            for (order, layout) in family(nodes).enumerate() {
                *tried += 1;
                let places = layout.places(&floor);
                let Some(near) = self.near(&places, limit_m) else { continue };
                let farthest_m = near.iter().map(|n| n.1).fold(0.0, f64::max);
                fit.push((farthest_m, order, layout, places, near));
            }
            fit.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            for (farthest_m, _, layout, places, near) in fit {
                let mut site = self.site(places, near);
                // In one cell the downlink hangs on distance alone, which was looked at.
                if !has(Requirement::Capacity) || self.capacity_serves(&site) {
                    return Some(Found { layout, cells: Cells::One, farthest_m });
                }
                site.cells = Cells::Each;
                let down = has(Requirement::Downlink);
                let first = if down { self.hardest(&site) } else { None };
                if self.downlink_at(&site, first.as_slice())
                    && self.capacity_serves(&site)
                    && (!down || {
                        let order = self.hardest_first(&site);
                        self.downlink_at(&site, order.get(1..).unwrap_or(&[]))
                    })
                {
                    return Some(Found { layout, cells: Cells::Each, farthest_m });
                }
            }
        }
        None
    }

    /// No layout has fewer nodes: by area for what hangs on distance, by the rate right under a node for
    /// capacity. Beyond [`Task::max_nodes`] there is one more than that.
    pub(super) fn bound(&self, requirements: &[Requirement], spacing_m: f64) -> u32 {
        let most = self.task.max_nodes.saturating_add(1);
        let count = |n: f64| if n < f64::from(most) { (n.max(1.0)) as u32 } else { most };
        let Some(limit_m) = self.limit_m(requirements) else { return most };
        // Between points of the grid nobody looked: half a diagonal of it farther away may still be served.
        let radius_m = limit_m + std::f64::consts::FRAC_1_SQRT_2 * spacing_m;
        let floor = &self.task.floor;
        let by_area = if floor.half_diagonal_m() <= radius_m {
            1
        } else {
            count((floor.area_m2() / (1.5 * 3f64.sqrt() * radius_m * radius_m)).ceil()).max(2)
        };
        if !requirements.contains(&Requirement::Capacity) {
            return by_area;
        }
        // No rate is above that without any loss, which is the cap.
        let (up, down) = (self.budget.uplink(0.0).mbps, self.budget.downlink_mbps(0.0));
        let busy = |need: f64, mbps: f64| if need > 0.0 { self.task.terminals * need / mbps } else { 0.0 };
        let w = &self.task.wanted;
        let cells = busy(w.ul_mbps, up).max(busy(w.dl_mbps, down)) / self.task.load;
        by_area.max(count((cells - 1e-9).ceil()))
    }

    pub(super) fn solution(&mut self, found: &Found) -> Option<Solution> {
        let Found { layout, cells, farthest_m } = *found;
        let places = layout.places(&self.task.floor);
        let near = self.near(&places, f64::INFINITY)?;
        let site = Site { cells, ..self.site(places, near) };
        let (nodes, mean_mbps) = self.loads(&site)?;
        let p = self.task.location_probability;
        let z = self.air.location.quantile();
        let bears_db = [Requirement::Uplink, Requirement::Rsrp].map(|r| self.budget.greatest_loss_db(r));
        let bears_db = bears_db.into_iter().flatten().fold(f64::INFINITY, f64::min);
        let mut worst = self.budget.service(loss(&self.prepared, farthest_m).quantile_db(p, z));
        (worst.dl_mbps, worst.ss_sinr_db) = (f64::INFINITY, None);
        let mut probability = 0.0;
        for i in 0..self.points.len() {
            let (_, nearest_m, got) = self.at(i, &site, Promise::AtLocation, true)?;
            worst.dl_mbps = worst.dl_mbps.min(got.rates.dl_mbps);
            worst.ss_sinr_db = got.ss_sinr_db.into_iter().chain(worst.ss_sinr_db).reduce(f64::min);
            probability += loss(&self.prepared, nearest_m).probability_below(bears_db);
        }
        let area_probability = probability / self.points.len() as f64;
        Some(Solution { layout, cells, nodes, farthest_m, worst, mean_mbps, area_probability })
    }
}

/// A point of the floor with what orders it.
type Eased = ((f64, f64), usize);

fn by_ease(a: &Eased, b: &Eased) -> Ordering {
    a.0.0.total_cmp(&b.0.0).then(a.0.1.total_cmp(&b.0.1)).then(a.1.cmp(&b.1))
}

/// The loss at a distance along the ground; nearer than the model's shortest it is the one there.
pub(super) fn loss(prepared: &Prepared, distance_m: f64) -> LossDistribution {
    prepared.states(distance_m.max(*prepared.ground_range_m().start())).into()
}

fn squared_m(a: &[f64; 2], b: &[f64; 2]) -> f64 {
    let (x, y) = (a[0] - b[0], a[1] - b[1]);
    x * x + y * y
}
