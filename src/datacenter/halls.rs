//! Where compute stands or could stand.

use crate::geom::LonLat;
use crate::index::PointIndex;
use crate::model::inputs::Inputs;
use crate::model::kinds::{DcTier, FiberNodeKind, Lock};
use crate::model::settings::Settings;

/// A hall that exists, or a room where an edge node could stand.
#[derive(Clone, Debug)]
pub struct Hall {
    /// `dc_id`, or the id of the place (`node_id`, town).
    pub id: String,
    /// Name.
    pub name: String,
    /// Whether it exists.
    pub existing: bool,
    /// Tier.
    pub tier: DcTier,
    /// Position.
    pub at: LonLat,
    /// Whether the position is a city centre.
    pub city_dot: bool,
    /// Racks free; unknown is no limit for an existing hall, and is said.
    pub racks_free: Option<f64>,
    /// PUE.
    pub pue: f64,
    /// Capex to open it, yuan.
    pub capex_cny: f64,
    /// The planner's decision.
    pub lock: Lock,
}

/// New rooms stand at least this far from each other; two rooms of one exchange are one place.
const ROOM_SPACING_M: f64 = 2000.0;
/// More places than this are thinned: a region has fewer sensible rooms.
const MAX_ROOMS: usize = 1500;

/// Existing data centers, then rooms for edge nodes: aggregation sites and exchanges, else towns, else the
/// cities of the backbone. In a stable order.
#[must_use]
pub fn halls(inputs: &Inputs, settings: &Settings) -> Vec<Hall> {
    let s = &settings.datacenter;
    let lock_of = |id: &str| {
        if settings.plan.lock.shut.iter().any(|x| x == id) {
            Lock::Shut
        } else if settings.plan.lock.open.iter().any(|x| x == id) {
            Lock::Open
        } else {
            Lock::Free
        }
    };
    let mut out: Vec<Hall> = inputs
        .datacenters
        .iter()
        .map(|d| Hall {
            id: d.id.clone(),
            name: d.name.clone(),
            existing: true,
            tier: d.tier.unwrap_or(DcTier::Regional),
            at: d.at,
            city_dot: d.city_dot,
            racks_free: d.racks_std.map(|r| r * (1.0 - d.rack_use_pct.unwrap_or(0.0) / 100.0).max(0.0)),
            pue: d.pue.unwrap_or(s.pue),
            capex_cny: 0.0,
            lock: lock_of(&d.id),
        })
        .collect();

    let room = |id: &str, name: &str, at: LonLat, city_dot: bool, racks: Option<f64>| Hall {
        id: id.to_owned(),
        name: name.to_owned(),
        existing: false,
        tier: DcTier::Edge,
        at,
        city_dot,
        racks_free: Some(racks.unwrap_or(s.edge_racks).min(s.edge_racks)),
        pue: s.pue,
        capex_cny: s.edge_capex_cny,
        lock: lock_of(id),
    };
    let of_nodes = |kinds: &[FiberNodeKind]| -> Vec<Hall> {
        inputs
            .fiber_nodes
            .iter()
            .filter(|n| kinds.contains(&n.kind) && n.rack_free != Some(0.0))
            .map(|n| room(&n.id, &n.id, n.at, n.kind == FiberNodeKind::City, n.rack_free))
            .collect()
    };
    let rooms = [
        of_nodes(&[
            FiberNodeKind::Co,
            FiberNodeKind::Agg,
            FiberNodeKind::BbuPool,
            FiberNodeKind::Upf,
            FiberNodeKind::Ixp,
        ]),
        inputs
            .towns
            .iter()
            .map(|t| room(&t.name, t.name_zh.as_deref().unwrap_or(&t.name), t.at, true, None))
            .collect(),
        of_nodes(&[FiberNodeKind::City]),
    ];
    let rooms = rooms.into_iter().find(|r: &Vec<Hall>| !r.is_empty()).unwrap_or_default();
    out.extend(thin(rooms));
    out
}

/// Leaves out rooms close to one that is kept; locked ones always stay.
fn thin(rooms: Vec<Hall>) -> Vec<Hall> {
    let index = PointIndex::of((0u32..).zip(rooms.iter().map(|r| r.at)));
    let mut spacing_m = ROOM_SPACING_M;
    loop {
        let mut kept = vec![false; rooms.len()];
        let mut near = Vec::new();
        for (i, r) in rooms.iter().enumerate() {
            index.within(r.at, spacing_m, &mut near);
            kept[i] = r.lock != Lock::Free || !near.iter().any(|h| kept[h.index as usize]);
        }
        if kept.iter().filter(|k| **k).count() <= MAX_ROOMS || spacing_m > 1e6 {
            let mut kept = kept.into_iter();
            return rooms.into_iter().filter(|_| kept.next().unwrap_or(false)).collect();
        }
        spacing_m *= 1.5;
    }
}
