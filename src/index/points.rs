//! Points on the unit sphere.

use super::descent::descend;
use crate::geom::{LonLat, chord2_to_m, m_to_chord2};
use rayon::prelude::*;
use rstar::primitives::GeomWithData;
use rstar::{PointDistance, RTree};

/// A point found, with its great-circle distance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// Position of the point among those that the index was made of.
    pub index: u32,
    /// Great-circle distance, metres.
    pub distance_m: f64,
}

/// Points that share one position: `ids[first..first + count]`, in rising order.
type Spot = GeomWithData<[f64; 3], (u32, u32)>;

/// Points to be found by nearness. Points at the same position are kept as one, so that many sites on one
/// town centre cost no more than one.
pub struct PointIndex {
    tree: RTree<Spot>,
    ids: Vec<u32>,
}

impl PointIndex {
    /// An index over `points`; hits name them by their place in the slice.
    #[must_use]
    pub fn new(points: &[LonLat]) -> Self {
        let keyed = points.par_iter().enumerate().map(|(i, p)| (p.unit(), i as u32)).collect();
        Self::build(keyed)
    }

    /// An index over some points only, each with the number that hits name it by.
    #[must_use]
    pub fn of(points: impl IntoIterator<Item = (u32, LonLat)>) -> Self {
        Self::build(points.into_iter().map(|(i, p)| (p.unit(), i)).collect())
    }

    fn build(mut keyed: Vec<([f64; 3], u32)>) -> Self {
        // Adding zero turns −0 into 0, so that equal positions are next to each other.
        let key = |u: &[f64; 3]| u.map(|v| v + 0.0);
        keyed.par_sort_unstable_by(|a, b| {
            let (u, v) = (key(&a.0), key(&b.0));
            u[0].total_cmp(&v[0]).then(u[1].total_cmp(&v[1])).then(u[2].total_cmp(&v[2])).then(a.1.cmp(&b.1))
        });
        let mut spots: Vec<Spot> = Vec::new();
        for (i, (at, _)) in keyed.iter().enumerate() {
            match spots.last_mut() {
                Some(last) if last.geom() == at => last.data.1 += 1,
                _ => spots.push(Spot::new(*at, (i as u32, 1))),
            }
        }
        let ids = keyed.into_iter().map(|k| k.1).collect();
        Self { tree: RTree::bulk_load(spots), ids }
    }

    /// How many points there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    fn ids_of(&self, spot: &Spot) -> &[u32] {
        let (first, count) = spot.data;
        self.ids.get(first as usize..(first + count) as usize).unwrap_or(&[])
    }

    /// The nearest point; of several as near, the one of least index.
    #[must_use]
    pub fn nearest(&self, at: LonLat) -> Option<Hit> {
        let from = at.unit();
        let mut best: Option<(f64, u32)> = None;
        descend(&self.tree, &from, f64::INFINITY, |spot, bound| {
            let chord2 = spot.distance_2(&from);
            // Of equal positions the first has the least index.
            if let Some(&index) = self.ids_of(spot).first()
                && best.is_none_or(|b| (chord2, index) < b)
            {
                best = Some((chord2, index));
                *bound = chord2;
            }
        });
        best.map(|(chord2, index)| Hit { index, distance_m: chord2_to_m(chord2) })
    }

    /// The `k` nearest points within `radius_m`, by distance and then index, into `found` (cleared first).
    pub fn nearest_k(&self, at: LonLat, k: usize, radius_m: f64, found: &mut Vec<Hit>) {
        found.clear();
        if k == 0 {
            return;
        }
        let limit = reach_chord2(radius_m);
        let mut last = f64::NEG_INFINITY;
        for (spot, chord2) in self.tree.nearest_neighbor_iter_with_distance_2(at.unit()) {
            if chord2 > limit || (found.len() >= k && chord2 > last) {
                break;
            }
            last = chord2;
            let distance_m = chord2_to_m(chord2);
            found.extend(self.ids_of(spot).iter().take(k).map(|&index| Hit { index, distance_m }));
        }
        settle(found);
        found.truncate(k);
    }

    /// All points within `radius_m`, by distance and then index, into `found` (cleared first).
    pub fn within(&self, at: LonLat, radius_m: f64, found: &mut Vec<Hit>) {
        found.clear();
        let from = at.unit();
        for spot in self.tree.locate_within_distance(from, reach_chord2(radius_m)) {
            let distance_m = chord2_to_m(chord2(&from, spot.geom()));
            found.extend(self.ids_of(spot).iter().map(|&index| Hit { index, distance_m }));
        }
        settle(found);
    }

    /// All points within `radius_m`, in no fixed order, as indices with unit vectors. For loops that look at
    /// many positions close together and order what they find themselves.
    pub fn gather(&self, at: LonLat, radius_m: f64, found: &mut Vec<(u32, [f64; 3])>) {
        found.clear();
        for spot in self.tree.locate_within_distance(at.unit(), reach_chord2(radius_m)) {
            found.extend(self.ids_of(spot).iter().map(|&index| (index, *spot.geom())));
        }
    }

    /// Whether at least `count` points lie within `radius_m`; stops looking once they are found.
    #[must_use]
    pub fn has_within(&self, at: LonLat, radius_m: f64, count: usize) -> bool {
        let mut seen = 0;
        count == 0
            || self.tree.locate_within_distance(at.unit(), reach_chord2(radius_m)).any(|s| {
                seen += s.data.1 as usize;
                seen >= count
            })
    }

    /// How many points lie within `radius_m`.
    #[must_use]
    pub fn count_within(&self, at: LonLat, radius_m: f64) -> usize {
        let spots = self.tree.locate_within_distance(at.unit(), reach_chord2(radius_m));
        spots.map(|s| s.data.1 as usize).sum()
    }
}

/// Squared chord of a search radius; a radius of half the globe or more takes in everything.
pub(super) fn reach_chord2(radius_m: f64) -> f64 {
    if radius_m >= std::f64::consts::PI * crate::geom::EARTH_RADIUS_M { 5.0 } else { m_to_chord2(radius_m) }
}

pub(super) fn chord2(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2) + (a[2] - b[2]).powi(2)
}

fn settle(found: &mut [Hit]) {
    found.sort_unstable_by(|a, b| a.distance_m.total_cmp(&b.distance_m).then(a.index.cmp(&b.index)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::sphere_m;
    use proptest::prelude::*;

    fn place() -> impl Strategy<Value = LonLat> {
        // A coarse lattice makes equal positions and ties common; poles and the antimeridian included.
        prop_oneof![
            (-180i32..=180, -90i32..=90).prop_map(|(x, y)| LonLat::wrapped(f64::from(x), f64::from(y))),
            (-180.0..180.0f64, -90.0..90.0f64).prop_map(|(x, y)| LonLat::wrapped(x, y)),
            (-5i32..=5, -5i32..=5)
                .prop_map(|(x, y)| LonLat::wrapped(180.0 + f64::from(x) * 0.01, 60.0 + f64::from(y) * 0.01)),
        ]
    }

    fn brute(points: &[LonLat], at: LonLat) -> Vec<Hit> {
        let mut all: Vec<Hit> = points
            .iter()
            .enumerate()
            .map(|(i, p)| Hit { index: i as u32, distance_m: sphere_m(at, *p) })
            .collect();
        settle(&mut all);
        all
    }

    proptest! {
        #[test]
        fn agrees_with_looking_at_every_point(
            points in prop::collection::vec(place(), 1..80), at in place(), k in 1usize..12, radius in 1.0..2.5e7f64
        ) {
            let index = PointIndex::new(&points);
            let all = brute(&points, at);
            prop_assert_eq!(index.nearest(at), all.first().copied());
            let mut found = Vec::new();
            index.nearest_k(at, k, radius, &mut found);
            let expect: Vec<Hit> = all.iter().filter(|h| h.distance_m <= radius).take(k).copied().collect();
            prop_assert_eq!(&found, &expect);
            index.within(at, radius, &mut found);
            let expect: Vec<Hit> = all.iter().filter(|h| h.distance_m <= radius).copied().collect();
            prop_assert_eq!(index.count_within(at, radius), expect.len());
            prop_assert!(index.has_within(at, radius, expect.len()));
            prop_assert!(!index.has_within(at, radius, expect.len() + 1));
            let mut loose = Vec::new();
            index.gather(at, radius, &mut loose);
            prop_assert_eq!(loose.len(), expect.len());
            prop_assert_eq!(found, expect);
        }
    }

    #[test]
    fn nothing_in_an_empty_index() {
        let index = PointIndex::new(&[]);
        assert!(index.is_empty() && index.nearest(LonLat::wrapped(0.0, 0.0)).is_none());
    }
}
