//! Clusters of points by density: DBSCAN (Ester, Kriegel, Sander and Xu, KDD 1996) over great-circle distances.
//!
//! A point with enough others around it is a core; cores within the radius of each other are of one cluster,
//! and a point that is none but lies within the radius of one belongs to the cluster of its nearest core (of
//! two as near, the one with the lower number), so that the order of the points changes nothing but the
//! numbering. Clusters are numbered by their first core.

use super::points::{Hit, PointIndex};
use crate::geom::LonLat;
use rayon::prelude::*;

/// The cluster of each point; none for points that stand alone. A core has at least `least` points within
/// `radius_m`, itself among them.
///
/// Takes time in proportion to the pairs of points within the radius, and memory to the points.
#[must_use]
pub fn clusters(points: &[LonLat], radius_m: f64, least: usize) -> Vec<Option<u32>> {
    let index = PointIndex::new(points);
    let core: Vec<bool> = points.par_iter().map(|p| index.has_within(*p, radius_m, least)).collect();
    let cores = PointIndex::of((0u32..).zip(points).filter(|(i, _)| core[*i as usize]).map(|(i, p)| (i, *p)));
    // Each root is the lowest number of its set.
    let mut root: Vec<u32> = (0..points.len() as u32).collect();
    fn find(root: &mut [u32], mut i: u32) -> u32 {
        while root[i as usize] != i {
            root[i as usize] = root[root[i as usize] as usize];
            i = root[i as usize];
        }
        i
    }
    let mut near: Vec<Hit> = Vec::new();
    for (i, p) in (0u32..).zip(points).filter(|(i, _)| core[*i as usize]) {
        cores.within(*p, radius_m, &mut near);
        for hit in near.iter().filter(|h| h.index < i) {
            let (a, b) = (find(&mut root, i), find(&mut root, hit.index));
            root[a.max(b) as usize] = a.min(b);
        }
    }
    let mut number: Vec<Option<u32>> = vec![None; points.len()];
    let mut count = 0;
    let mut of: Vec<Option<u32>> = vec![None; points.len()];
    for i in (0..points.len() as u32).filter(|i| core[*i as usize]) {
        let r = find(&mut root, i) as usize;
        let n = *number[r].get_or_insert_with(|| {
            count += 1;
            count - 1
        });
        of[i as usize] = Some(n);
    }
    for (i, p) in points.iter().enumerate().filter(|(i, _)| !core[*i]) {
        cores.within(*p, radius_m, &mut near);
        let nearest =
            near.iter().min_by(|a, b| a.distance_m.total_cmp(&b.distance_m).then(a.index.cmp(&b.index)));
        of[i] = nearest.and_then(|h| of[h.index as usize]);
    }
    of
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::sphere_m;
    use proptest::prelude::*;

    fn p(x: f64, y: f64) -> LonLat {
        LonLat::wrapped(118.0 + x, 32.0 + y)
    }

    #[test]
    fn two_crowds_a_chain_and_a_stranger() {
        let mut points: Vec<LonLat> = (0..6).map(|i| p(f64::from(i) * 0.005, 0.0)).collect();
        points.extend((0..4).map(|i| p(1.0, f64::from(i) * 0.001)));
        points.push(p(2.0, 2.0));
        // Half a hundredth of a degree is 470 m here: with 500 m each of the chain has its neighbours.
        let of = clusters(&points, 500.0, 3);
        assert_eq!(&of[..6], &[Some(0); 6]);
        assert_eq!(&of[6..10], &[Some(1); 4]);
        assert_eq!(of[10], None);
        // Where four are asked for, the chain has no core.
        assert!(clusters(&points, 500.0, 4)[..6].iter().all(Option::is_none));
        assert!(clusters(&[], 500.0, 3).is_empty());
    }

    /// By the definition, one pair after another.
    fn by_definition(points: &[LonLat], radius_m: f64, least: usize) -> Vec<Option<usize>> {
        let close = |a: usize, b: usize| sphere_m(points[a], points[b]) <= radius_m;
        let n = points.len();
        let core: Vec<bool> = (0..n).map(|i| (0..n).filter(|&j| close(i, j)).count() >= least).collect();
        let mut group: Vec<usize> = (0..n).collect();
        loop {
            let mut changed = false;
            for i in (0..n).filter(|&i| core[i]) {
                for j in (0..n).filter(|&j| core[j]) {
                    if close(i, j) && group[j] < group[i] {
                        group[i] = group[j];
                        changed = true;
                    }
                }
            }
            if !changed {
                break;
            }
        }
        (0..n)
            .map(|i| {
                if core[i] {
                    return Some(group[i]);
                }
                let near = (0..n).filter(|&j| core[j] && close(i, j));
                near.min_by(|a, b| {
                    sphere_m(points[i], points[*a]).total_cmp(&sphere_m(points[i], points[*b])).then(a.cmp(b))
                })
                .map(|j| group[j])
            })
            .collect()
    }

    proptest! {
        #[test]
        fn as_the_definition_says(
            spots in prop::collection::vec((0.0..0.2f64, 0.0..0.2f64), 0..60),
            radius_m in 500.0..6000.0f64,
            least in 1usize..6,
        ) {
            let points: Vec<LonLat> = spots.iter().map(|(x, y)| p(*x, *y)).collect();
            let (ours, told) = (clusters(&points, radius_m, least), by_definition(&points, radius_m, least));
            for i in 0..points.len() {
                prop_assert_eq!(ours[i].is_some(), told[i].is_some());
                for j in 0..points.len() {
                    prop_assert_eq!(ours[i].is_some() && ours[i] == ours[j], told[i].is_some() && told[i] == told[j]);
                }
            }
        }
    }
}
