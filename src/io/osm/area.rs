//! Rings from ways, areas from rings.

use super::scan::WayMember;
use geo::algorithm::orient::{Direction, Orient};
use geo::{Contains, Coord, LineString, MultiPolygon, Point, Polygon};
use std::collections::BTreeMap;

/// Joins ways end to end into closed rings of node ids. Returns the rings and how many ways were left open.
pub(super) fn join_rings(ways: &[&[i64]]) -> (Vec<Vec<i64>>, usize) {
    let mut by_end: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    let mut rings = Vec::new();
    let mut used = vec![false; ways.len()];
    let mut left_open = 0;
    for (i, way) in ways.iter().enumerate() {
        match way {
            [first, .., last] if first == last => {
                rings.push(way.to_vec());
                used[i] = true;
            }
            [first, .., last] => {
                by_end.entry(*first).or_default().push(i);
                by_end.entry(*last).or_default().push(i);
            }
            _ => {
                used[i] = true;
                left_open += 1;
            }
        }
    }
    for i in 0..ways.len() {
        if used[i] {
            continue;
        }
        used[i] = true;
        let mut ring = ways[i].to_vec();
        let mut parts = 1;
        while ring.first() != ring.last() {
            let Some(&end) = ring.last() else { break };
            let next = by_end.get(&end).and_then(|c| c.iter().copied().find(|&j| !used[j]));
            let Some(j) = next else { break };
            used[j] = true;
            parts += 1;
            if ways[j].first() == Some(&end) {
                ring.extend(ways[j].iter().skip(1));
            } else {
                ring.extend(ways[j].iter().rev().skip(1));
            }
        }
        if ring.first() == ring.last() { rings.push(ring) } else { left_open += parts }
    }
    (rings, left_open)
}

/// What became of a multipolygon.
pub(super) struct Assembled {
    pub outline: MultiPolygon<f64>,
    /// Ways that close no ring, and holes that lie in no outline.
    pub left_over: usize,
}

/// Polygons from the member ways of a multipolygon; `ring` gives a node's position.
pub(super) fn assemble<'a>(
    members: &[WayMember],
    nodes_of: impl Fn(i64) -> Option<&'a [i64]>,
    position: impl Fn(i64) -> Option<Coord<f64>>,
) -> Assembled {
    let mut left_over = 0;
    let mut rings_of = |inner: bool| -> Vec<LineString<f64>> {
        let ways: Vec<&[i64]> =
            members.iter().filter(|m| m.inner == inner).filter_map(|m| nodes_of(m.way)).collect();
        let missing = members.iter().filter(|m| m.inner == inner).count() - ways.len();
        let (rings, open) = join_rings(&ways);
        left_over += missing + open;
        let mut lines = Vec::new();
        for nodes in rings {
            match ring(&nodes, &position) {
                Some(line) => lines.push(line),
                None => left_over += 1,
            }
        }
        lines
    };
    let outer = rings_of(false);
    let inner = rings_of(true);
    let mut polygons: Vec<Polygon<f64>> = outer.into_iter().map(|r| Polygon::new(r, Vec::new())).collect();
    let shells = polygons.clone();
    for hole in inner {
        // Inside by most of its corners, for a hole may touch its outline.
        let corners: Vec<Point<f64>> = hole.points().collect();
        let home = shells
            .iter()
            .position(|shell| 2 * corners.iter().filter(|p| shell.contains(*p)).count() > corners.len());
        match home.and_then(|i| polygons.get_mut(i)) {
            Some(polygon) => polygon.interiors_push(hole),
            None => left_over += 1,
        }
    }
    Assembled { outline: MultiPolygon::new(polygons).orient(Direction::Default), left_over }
}

/// A closed line through at least three different nodes; `None` when too few of them have a position.
pub(super) fn ring(nodes: &[i64], position: impl Fn(i64) -> Option<Coord<f64>>) -> Option<LineString<f64>> {
    if nodes.len() < 4 || nodes.first() != nodes.last() {
        return None;
    }
    let mut line: Vec<Coord<f64>> = Vec::with_capacity(nodes.len());
    for &node in nodes {
        let c = position(node)?;
        if line.last() != Some(&c) {
            line.push(c);
        }
    }
    (line.len() >= 4).then(|| LineString::new(line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::{Area, Winding};

    #[test]
    fn ways_join_in_any_order_and_direction() {
        let (rings, open) = join_rings(&[&[1, 2, 3], &[5, 4, 3], &[5, 6, 1], &[7, 8, 9, 7], &[10, 11]]);
        assert_eq!(open, 1);
        assert_eq!(rings, vec![vec![7, 8, 9, 7], vec![1, 2, 3, 4, 5, 6, 1]]);
    }

    #[test]
    fn holes_find_their_outline() {
        let at = |id: i64| {
            let (square, corner) = (id / 10, id % 10);
            let (west, size) = match square {
                1 => (0.0, 10.0),
                2 => (20.0, 10.0),
                _ => (23.0, 2.0),
            };
            let (x, y) = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)][corner as usize];
            let south = if square == 3 { 4.0 } else { 0.0 };
            Some(Coord { x: west + size * x, y: south + size * y })
        };
        let ways: BTreeMap<i64, Vec<i64>> = [
            (1, vec![10, 13, 12, 11, 10]),
            (2, vec![20, 21, 22]),
            (3, vec![20, 23, 22]),
            (4, vec![30, 31, 32, 33, 30]),
        ]
        .into();
        let member = |way, inner| WayMember { way, inner };
        let members =
            [member(1, false), member(2, false), member(3, false), member(4, true), member(5, true)];
        let done = assemble(&members, |w| ways.get(&w).map(Vec::as_slice), at);
        assert_eq!(done.left_over, 1, "way 5 isn't there");
        assert_eq!(done.outline.0.len(), 2);
        assert!((done.outline.unsigned_area() - 196.0).abs() < 1e-9);
        assert!(done.outline.0.iter().all(|p| p.exterior().is_ccw()));
        assert_eq!(done.outline.0[1].interiors().len(), 1);
    }
}
