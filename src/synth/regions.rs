//! Regions of the study area: unions of the towns' Voronoi cells, one a city.
//!
//! They follow where towns are, not any boundary in law; the codes are real so that a user's own tables join.

use super::draw::{Draw, Tag, on_grid, step};
use super::gazetteer::{Gazetteer, PROVINCES};
use super::plane::{Plane, distance2};
use crate::model::kinds::RegionLevel;
use crate::model::records::{Origin, Region, StationCount};
use geo::orient::{Direction, Orient};
use geo::{Area, BooleanOps, LineString, MultiPolygon, Polygon, Validation, unary_union};

/// How far the region reaches beyond a town where no other bounds it: a little more than factories lie
/// from their towns. In degrees of the plane.
const REACH: f64 = 0.27;
/// Date of today's counts.
const TODAY: &str = "2026-09-30";
/// Quarters of the year before it, the latest first.
const QUARTERS: [&str; 4] = ["2026-06-30", "2026-03-31", "2025-12-31", "2025-09-30"];

/// Cities, then provinces.
pub(super) fn regions(g: &Gazetteer, plane: &Plane, seed: u64) -> Vec<Region> {
    let cells: Vec<Polygon<f64>> = (0..plane.len()).map(|i| cell(plane, i)).collect();
    let disks: Vec<Polygon<f64>> = (0..plane.len()).map(|i| disk(plane, i)).collect();
    // Holes between towns belong to somebody: the outline has none.
    let filled = unary_union(&disks).into_iter().map(|p| Polygon::new(p.exterior().clone(), Vec::new()));
    let outline = MultiPolygon::new(filled.collect());
    let mut regions = Vec::new();
    let mut provinces: Vec<(u16, Vec<usize>)> = Vec::new();
    for &(code, _) in &g.cities {
        let towns: Vec<usize> = (0..plane.len()).filter(|&i| plane.city(i) == Some(code)).collect();
        let shape = tidy(&unary_union(towns.iter().map(|&i| &cells[i])).intersection(&outline));
        let residents: f64 = towns.iter().map(|&i| g.places[i].residents).sum();
        let mut d = Draw::of(seed, Tag::Regions, u64::from(code));
        let name = g.city_name(code);
        let mut region = blank(format!("{code}00"), name.clone(), RegionLevel::City, shape);
        region.parent = Some(format!("{}0000", code / 100));
        region.party = Some(format!("{name}人民政府"));
        measure(&mut d, &mut region, residents);
        region.history = history(&mut Draw::of(seed, Tag::History, u64::from(code)), &region);
        match provinces.last_mut() {
            Some((p, cities)) if *p == code / 100 => cities.push(regions.len()),
            _ => provinces.push((code / 100, vec![regions.len()])),
        }
        regions.push(region);
    }
    for (code, cities) in provinces {
        let Some(known) = PROVINCES.iter().find(|p| p.0 == code) else { continue };
        let shapes: Vec<&Polygon<f64>> = cities.iter().flat_map(|&c| &regions[c].shape).collect();
        let shape = tidy(&unary_union(shapes));
        let mut region = blank(format!("{code}0000"), known.3.to_owned(), RegionLevel::Province, shape);
        let sum =
            |value: fn(&Region) -> Option<f64>| Some(cities.iter().filter_map(|&c| value(&regions[c])).sum());
        region.pop_resident = sum(|r| r.pop_resident);
        region.pop_year = Some(2025);
        region.stations_5g_official = sum(|r| r.stations_5g_official);
        region.stat_date = Some(TODAY.to_owned());
        region.history = together(cities.iter().map(|&c| regions[c].history.as_slice()));
        region.target_p10k = Some(38.0);
        region.party = Some(format!("{}通信管理局", known.3));
        region.price_cny_kwh = Some(0.64);
        region.ef_kg_kwh = Some(known.4);
        region.ef_basis = Some("average".to_owned());
        region.ef_year = Some(2023);
        for &c in &cities {
            let city = &mut regions[c];
            city.price_cny_kwh = region.price_cny_kwh;
            city.ef_kg_kwh = region.ef_kg_kwh;
            city.ef_basis.clone_from(&region.ef_basis);
            city.ef_year = region.ef_year;
        }
        regions.push(region);
    }
    for (region, row) in regions.iter_mut().zip(1..) {
        region.origin = Origin { file: 0, row };
    }
    regions
}

fn blank(adcode: String, name: String, level: RegionLevel, shape: MultiPolygon<f64>) -> Region {
    Region {
        adcode,
        code_system: Some("GB/T 2260".to_owned()),
        name,
        level,
        shape,
        parent: None,
        pop_resident: None,
        pop_year: None,
        stations_5g_official: None,
        stat_date: None,
        history: Vec::new(),
        target_p10k: None,
        budget_cny: None,
        party: None,
        price_cny_kwh: None,
        ef_kg_kwh: None,
        ef_basis: None,
        ef_year: None,
        origin: Origin::default(),
    }
}

/// Residents, stations and targets; stations a head between well behind and well ahead of the target.
fn measure(d: &mut Draw, region: &mut Region, residents: f64) {
    let people = step(residents * d.between(1.1, 1.3), 100.0);
    let per_10k = d.between(24.0, 44.0);
    region.pop_resident = Some(people);
    region.pop_year = Some(2025);
    region.stations_5g_official = Some((people / 1e4 * per_10k).round());
    region.stat_date = Some(TODAY.to_owned());
    region.target_p10k = Some(38.0);
    region.budget_cny = Some(step(people * d.between(8.0, 16.0), 1e6));
}

/// The counts of the quarters before, oldest first: back from today's by what a network grows in a quarter.
/// Residents are counted at the end of a year and told in the next.
fn history(d: &mut Draw, region: &Region) -> Vec<StationCount> {
    let (Some(mut stations), Some(people)) = (region.stations_5g_official, region.pop_resident) else {
        return Vec::new();
    };
    let people_before = step(people * d.between(0.994, 1.002), 100.0);
    let mut counts: Vec<StationCount> = QUARTERS
        .iter()
        .map(|date| {
            stations = (stations / (1.0 + d.between(0.012, 0.04))).round();
            let told = if date.starts_with("2026") { people } else { people_before };
            StationCount { stat_date: (*date).to_owned(), stations, pop_resident: Some(told) }
        })
        .collect();
    counts.reverse();
    counts
}

/// The counts of a province: the sums of its cities'.
fn together<'a>(cities: impl Iterator<Item = &'a [StationCount]>) -> Vec<StationCount> {
    let mut sums: Vec<StationCount> = Vec::new();
    for counts in cities {
        if sums.is_empty() {
            sums = counts.to_vec();
            continue;
        }
        for (sum, count) in sums.iter_mut().zip(counts) {
            sum.stations += count.stations;
            sum.pop_resident = sum.pop_resident.zip(count.pop_resident).map(|(a, b)| a + b);
        }
    }
    sums
}

/// The Voronoi cell of a town in the plane, cut from a square by the bisectors with its neighbours.
fn cell(plane: &Plane, town: usize) -> Polygon<f64> {
    let [x, y] = plane.town(town);
    let far = 2.0 * REACH;
    let mut ring = vec![[x - far, y - far], [x + far, y - far], [x + far, y + far], [x - far, y + far]];
    let mut cut = Vec::with_capacity(12);
    for &j in plane.near(town) {
        let other = plane.town(j as usize);
        let gap2 = distance2([x, y], other);
        let reach2 = ring.iter().map(|&v| distance2([x, y], v)).fold(0.0, f64::max);
        if gap2 > 4.0 * reach2 {
            break;
        }
        if gap2 < 1e-12 {
            continue;
        }
        // Keep what is nearer to this town: (v − middle) · (other − town) ≤ 0.
        let side = |v: [f64; 2]| {
            (v[0] - (x + other[0]) / 2.0) * (other[0] - x) + (v[1] - (y + other[1]) / 2.0) * (other[1] - y)
        };
        cut.clear();
        for (k, &a) in ring.iter().enumerate() {
            let b = ring[(k + 1) % ring.len()];
            let (sa, sb) = (side(a), side(b));
            if sa <= 0.0 {
                cut.push(a);
            }
            if (sa < 0.0 && sb > 0.0) || (sa > 0.0 && sb < 0.0) {
                let t = sa / (sa - sb);
                cut.push([a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])]);
            }
        }
        std::mem::swap(&mut ring, &mut cut);
    }
    polygon(plane, &ring)
}

fn disk(plane: &Plane, town: usize) -> Polygon<f64> {
    let [x, y] = plane.town(town);
    let ring: Vec<[f64; 2]> = (0..32)
        .map(|k| {
            let (sin, cos) = (std::f64::consts::TAU * f64::from(k) / 32.0).sin_cos();
            [x + REACH * cos, y + REACH * sin]
        })
        .collect();
    polygon(plane, &ring)
}

/// A ring of the plane in degrees. Corners that cells share come out as the same bits, so that unions leave
/// no slivers.
fn polygon(plane: &Plane, ring: &[[f64; 2]]) -> Polygon<f64> {
    let mut points: Vec<(f64, f64)> = ring
        .iter()
        .map(|&v| {
            let p = on_grid(plane.globe(v));
            (p.lon_deg(), p.lat_deg())
        })
        .collect();
    points.dedup();
    Polygon::new(LineString::from(points), Vec::new())
}

/// The shape on the written grid, valid there. Rounding may pinch a thin neck into a crossing; a union of
/// the rounded shape resolves it, on a coarser grid if the first doesn't hold.
fn tidy(shape: &MultiPolygon<f64>) -> MultiPolygon<f64> {
    let mut tidied = rounded(shape, 1e7);
    for per_degree in [1e7, 1e7, 1e6, 1e5] {
        if tidied.is_valid() {
            break;
        }
        tidied = rounded(&rounded(&unary_union(&tidied), per_degree), 1e7);
    }
    // RFC 7946: outer rings counter-clockwise.
    tidied.orient(Direction::Default)
}

/// Without rings too small to be anything but rounding.
fn rounded(shape: &MultiPolygon<f64>, per_degree: f64) -> MultiPolygon<f64> {
    const LEAST_DEG2: f64 = 1e-7;
    let ring = |r: &LineString<f64>| -> Option<LineString<f64>> {
        let mut points: Vec<(f64, f64)> = r
            .coords()
            .map(|c| ((c.x * per_degree).round() / per_degree, (c.y * per_degree).round() / per_degree))
            .collect();
        points.dedup();
        let r = LineString::from(points);
        (r.0.len() >= 4 && Polygon::new(r.clone(), Vec::new()).unsigned_area() > LEAST_DEG2).then_some(r)
    };
    shape
        .iter()
        .filter_map(|p| {
            Some(Polygon::new(ring(p.exterior())?, p.interiors().iter().filter_map(ring).collect()))
        })
        .collect()
}
