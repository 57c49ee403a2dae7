//! The plane in which "nearest town" is decided, once for factories and for city polygons alike.

use super::draw::on_grid;
use super::gazetteer::Gazetteer;
use crate::geom::LonLat;

const NEIGHBOURS: usize = 48;

/// Towns in a plane: longitude shrunk by the cosine of the region's middle latitude, in degrees.
pub(super) struct Plane {
    shrink: f64,
    /// Towns of the region, then those outside.
    towns: Vec<[f64; 2]>,
    /// City of each town; none outside the region.
    city: Vec<Option<u16>>,
    /// For each town of the region, the nearest others, nearest first.
    near: Vec<Vec<u32>>,
}

impl Plane {
    pub(super) fn new(g: &Gazetteer) -> Self {
        let n = g.places.len().max(1) as f64;
        let middle = g.places.iter().map(|p| p.at.lat_deg()).sum::<f64>() / n;
        let shrink = middle.to_radians().cos().max(0.1);
        let flat = |p: LonLat| [p.lon_deg() * shrink, p.lat_deg()];
        let towns: Vec<[f64; 2]> =
            g.places.iter().map(|p| flat(p.at)).chain(g.outside.iter().map(|&p| flat(p))).collect();
        let city = g.places.iter().map(|p| Some(p.city)).chain(g.outside.iter().map(|_| None)).collect();
        let mut order: Vec<(f64, u32)> = Vec::with_capacity(towns.len());
        let near = (0..g.places.len())
            .map(|i| {
                order.clear();
                order.extend(towns.iter().zip(0u32..).map(|(t, j)| (distance2(towns[i], *t), j)));
                order.retain(|&(_, j)| j as usize != i);
                let k = NEIGHBOURS.min(order.len());
                if k > 0 && k < order.len() {
                    order.select_nth_unstable_by(k - 1, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                }
                let nearest = &mut order[..k];
                nearest.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                nearest.iter().map(|o| o.1).collect()
            })
            .collect();
        Self { shrink, towns, city, near }
    }

    /// A position in the plane.
    pub(super) fn flat(&self, p: LonLat) -> [f64; 2] {
        [p.lon_deg() * self.shrink, p.lat_deg()]
    }

    /// A position of the plane on the globe.
    pub(super) fn globe(&self, [x, y]: [f64; 2]) -> LonLat {
        LonLat::wrapped(x / self.shrink, y)
    }

    /// A town's position in the plane.
    pub(super) fn town(&self, i: usize) -> [f64; 2] {
        self.towns[i]
    }

    /// City of a town; none for towns outside the region.
    pub(super) fn city(&self, i: usize) -> Option<u16> {
        self.city[i]
    }

    /// The nearest other towns of a town of the region, nearest first.
    pub(super) fn near(&self, i: usize) -> &[u32] {
        &self.near[i]
    }

    /// How many towns the region has.
    pub(super) fn len(&self) -> usize {
        self.near.len()
    }

    /// Moves a position toward its town, each time by `factor`, until the town nearest to it is of the
    /// same city, so that factories lie in the polygon of their city.
    pub(super) fn keep_in_city(&self, town: usize, at: LonLat, factor: f64) -> LonLat {
        let (home, mut p) = (self.towns[town], self.flat(at));
        let mut moved = false;
        for _ in 0..40 {
            let (mut kin, mut foreign) = (distance2(home, p), f64::INFINITY);
            for &j in &self.near[town] {
                let to = distance2(self.towns[j as usize], p);
                let nearest = if self.city[j as usize] == self.city[town] { &mut kin } else { &mut foreign };
                *nearest = nearest.min(to);
            }
            // A little inside, so that the written decimals can't put it on the other side.
            if foreign > kin * 1.01 {
                break;
            }
            p = [home[0] + (p[0] - home[0]) * factor, home[1] + (p[1] - home[1]) * factor];
            moved = true;
        }
        if moved { on_grid(self.globe(p)) } else { at }
    }
}

/// Squared distance in the plane.
pub(super) fn distance2(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2)
}
