//! From cells to towers: which cells stand together.
//!
//! Cells with the same tower code are one tower. Cells without a code join the nearest tower without one
//! that was founded within `siting.cluster_m` of them, else they found one; so do cells that claim a code
//! from farther away than [`CODE_REACH_M`], where the code can't mean one place. Linear in the number of
//! cells, and decided by the order of the layer alone.

use super::result::{Tower, Towers};
use crate::geom::{EARTH_RADIUS_M, LonLat, m_to_chord2};
use crate::model::records::{CellId, Cells};
use crate::model::text::Text;
use rustc_hash::FxHashMap;

/// Cells with one tower code that are farther apart than this don't stand on one tower: codes are reused
/// between ledgers.
pub const CODE_REACH_M: f64 = 500.0;

/// Square cells of a little more than twice the clustering distance: a neighbour within that distance lies
/// in one of four.
struct Grid {
    rows_per_deg: f64,
    side_m: f64,
    places: FxHashMap<(i32, i32), Vec<u32>>,
}

impl Grid {
    fn new(cluster_m: f64) -> Self {
        let side_m = 2.1 * cluster_m.max(0.5);
        let rows_per_deg = EARTH_RADIUS_M.to_radians() / side_m;
        Self { rows_per_deg, side_m, places: FxHashMap::default() }
    }

    /// Columns in a degree of longitude of a row, and columns around the globe there. Narrowest at the
    /// row's edge nearer to the pole, so that a column is nowhere in the row narrower than the side.
    fn columns(&self, row: i32) -> (f64, i32) {
        let edge = f64::from(row).abs().max(f64::from(row + 1).abs()) / self.rows_per_deg;
        let around = std::f64::consts::TAU * EARTH_RADIUS_M * edge.min(90.0).to_radians().cos() / self.side_m;
        let around = around.floor().max(1.0);
        (around / 360.0, around as i32)
    }

    fn row(&self, lat_deg: f64) -> i32 {
        (lat_deg * self.rows_per_deg).floor() as i32
    }

    fn home(&self, at: LonLat) -> (i32, i32) {
        let row = self.row(at.lat_deg());
        let (per_deg, around) = self.columns(row);
        (row, (((at.lon_deg() + 180.0) * per_deg) as i32).rem_euclid(around))
    }

    /// The grid cells that hold everything within the clustering distance of a position.
    fn near(&self, at: LonLat, reach_m: f64, mut visit: impl FnMut(&[u32])) {
        let reach_deg = (reach_m / EARTH_RADIUS_M).to_degrees();
        let (low, high) = (self.row(at.lat_deg() - reach_deg), self.row(at.lat_deg() + reach_deg));
        for row in low..=high {
            let (per_deg, around) = self.columns(row);
            let x = (at.lon_deg() + 180.0) * per_deg;
            // A column is at least `side_m` wide, so the distance spans less than half of one.
            let reach = reach_m / self.side_m * 1.05;
            let (first, last) = ((x - reach).floor() as i32, (x + reach).floor() as i32);
            let span = (last - first).min(around - 1);
            for column in first..=first + span {
                if let Some(list) = self.places.get(&(row, column.rem_euclid(around))) {
                    visit(list);
                }
            }
        }
    }
}

/// Groups cells into towers.
///
/// A tower stands at the mean position of its cells; its code is the file's or made from
/// the position (`T-<lon>-<lat>` in units of 10⁻⁵ degrees), numbered where two would be alike.
#[must_use]
pub fn towers(cells: &Cells, cluster_m: f64) -> Towers {
    let reach2 = m_to_chord2(cluster_m);
    let mut grid = Grid::new(cluster_m);
    let mut by_code: FxHashMap<&str, u32> = FxHashMap::default();
    let mut by_place: FxHashMap<(u64, u64), u32> = FxHashMap::default();
    let mut founders: Vec<Founder> = Vec::new();
    let mut tower_of: Vec<u32> = Vec::with_capacity(cells.list.len());
    let code_reach2 = m_to_chord2(CODE_REACH_M);
    let mut last: Option<(Text, LonLat, [f64; 3], u32)> = None;
    for cell in &cells.list {
        if let Some((code, at, unit, tower)) = last {
            if at == cell.at && code == cell.tower {
                tower_of.push(tower);
                founders[tower as usize].add(&unit, false);
                continue;
            }
        }
        let new = founders.len() as u32;
        let here = cell.at.unit();
        let code = cells.text.get(cell.tower);
        let by_its_code = (!code.is_empty())
            .then(|| *by_code.entry(code).or_insert(new))
            .filter(|&t| founders.get(t as usize).is_none_or(|f| chord2(&f.unit, &here) <= code_reach2));
        let coded = by_its_code.is_some();
        let tower = by_its_code.unwrap_or_else(|| {
            let key = (cell.at.lon_deg().to_bits(), cell.at.lat_deg().to_bits());
            *by_place.entry(key).or_insert_with(|| {
                let mut best: Option<(f64, u32)> = None;
                grid.near(cell.at, cluster_m, |list| {
                    for &t in list {
                        let d2 = chord2(&here, &founders[t as usize].unit);
                        if d2 <= reach2 && best.is_none_or(|b| (d2, t) < b) {
                            best = Some((d2, t));
                        }
                    }
                });
                best.map_or(new, |b| b.1)
            })
        });
        if tower == new {
            founders.push(Founder::new(cell.at, here, if coded { cell.tower } else { Text::NONE }));
            if !coded {
                grid.places.entry(grid.home(cell.at)).or_default().push(new);
            }
        }
        let founder = &mut founders[tower as usize];
        founder.add(&here, cell.at != founder.at);
        tower_of.push(tower);
        last = Some((cell.tower, cell.at, here, tower));
    }
    gather(cells, &founders, &tower_of)
}

/// A tower while cells are still coming.
struct Founder {
    at: LonLat,
    unit: [f64; 3],
    code: Text,
    sum: [f64; 3],
    moved: bool,
}

impl Founder {
    fn new(at: LonLat, unit: [f64; 3], code: Text) -> Self {
        Self { at, unit, code, sum: [0.0; 3], moved: false }
    }

    fn add(&mut self, unit: &[f64; 3], elsewhere: bool) {
        self.sum = std::array::from_fn(|i| self.sum[i] + unit[i]);
        self.moved |= elsewhere;
    }

    fn place(&self) -> LonLat {
        if self.moved { LonLat::from_unit(self.sum) } else { self.at }
    }
}

fn gather(cells: &Cells, founders: &[Founder], tower_of: &[u32]) -> Towers {
    let mut counts = vec![0u32; founders.len()];
    for &t in tower_of {
        counts[t as usize] += 1;
    }
    let mut names: FxHashMap<String, u32> = FxHashMap::default();
    let mut list = Vec::with_capacity(founders.len());
    let mut first = 0;
    for (f, &count) in founders.iter().zip(&counts) {
        let at = f.place();
        let code = cells.text.get(f.code);
        let id_made = code.is_empty();
        let id = if id_made { made_id(at, &mut names) } else { code.to_owned() };
        list.push(Tower { id, id_made, at, first, count });
        first += count;
    }
    let mut next: Vec<u32> = list.iter().map(|t| t.first).collect();
    let mut order = vec![CellId::new(0); tower_of.len()];
    for (cell, &t) in tower_of.iter().enumerate() {
        order[next[t as usize] as usize] = CellId::new(cell as u32);
        next[t as usize] += 1;
    }
    Towers { list, cells: order }
}

fn made_id(at: LonLat, names: &mut FxHashMap<String, u32>) -> String {
    let id = format!("T-{:.0}-{:.0}", at.lon_deg() * 1e5, at.lat_deg() * 1e5);
    let n = names.entry(id.clone()).or_insert(0);
    *n += 1;
    if *n == 1 { id } else { format!("{id}-{n}") }
}

fn chord2(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2) + (a[2] - b[2]).powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::sphere_m;
    use crate::model::kinds::Rat;
    use crate::model::operators::OperatorId;
    use crate::model::records::Cell;
    use proptest::prelude::*;

    fn cells(places: &[(f64, f64, &str)]) -> Cells {
        let mut cells = Cells::default();
        for (i, (lon, lat, code)) in places.iter().enumerate() {
            let id = cells.text.push(&format!("c{i}"));
            let tower = cells.text.push(code);
            let mut c = Cell::at(id, LonLat::wrapped(*lon, *lat), OperatorId(0), Rat::Nr);
            c.tower = tower;
            cells.list.push(c);
        }
        cells
    }

    fn groups(t: &Towers) -> Vec<Vec<u32>> {
        (0..t.list.len())
            .map(|i| {
                t.cells_of(crate::model::records::TowerId(i as u32)).iter().map(|c| c.at() as u32).collect()
            })
            .collect()
    }

    #[test]
    fn codes_and_places() {
        let t = towers(
            &cells(&[
                (118.0, 32.0, "A"),
                (118.001, 32.0, "A"), // 94 m away, same code
                (118.0, 32.0001, ""), // 11 m from A, but A has a code of its own
                (118.0, 32.0003, ""), // 22 m from the one before
                (118.0, 32.001, ""),  // 78 m on
                (119.0, 32.0, "A"),   // the code can't mean this place
            ]),
            50.0,
        );
        assert_eq!(groups(&t), [vec![0, 1], vec![2, 3], vec![4], vec![5]]);
        assert_eq!(t.list[0].id, "A");
        assert!((t.list[0].at.lon_deg() - 118.0005).abs() < 1e-9);
        assert!(t.list[1].id_made && t.list[3].id_made);
    }

    proptest! {
        #[test]
        fn every_cell_joins_the_nearest_founder_in_reach(
            origin in prop_oneof![Just((180.0, 0.0)), Just((-179.9999, 71.3)), Just((10.0, -89.9)), Just((118.0, 32.0))],
            steps in prop::collection::vec((-300.0..300.0f64, -300.0..300.0f64), 1..60),
        ) {
            let frame = crate::geom::LocalFrame::new(LonLat::wrapped(origin.0, origin.1));
            let at: Vec<LonLat> = steps
                .iter()
                .map(|&(x_m, y_m)| frame.to_lonlat(crate::geom::Xy { x_m, y_m }))
                .collect();
            let list: Vec<(f64, f64, &str)> = at.iter().map(|p| (p.lon_deg(), p.lat_deg(), "")).collect();
            let t = towers(&cells(&list), 50.0);
            let mut founders: Vec<LonLat> = Vec::new();
            let mut expect: Vec<Vec<u32>> = Vec::new();
            for (i, p) in at.iter().enumerate() {
                let near = founders
                    .iter()
                    .enumerate()
                    .map(|(k, f)| (sphere_m(*f, *p), k))
                    .filter(|d| d.0 <= 50.0)
                    .min_by(|a, b| a.0.total_cmp(&b.0));
                match near {
                    Some((_, k)) => expect[k].push(i as u32),
                    None => {
                        founders.push(*p);
                        expect.push(vec![i as u32]);
                    }
                }
            }
            prop_assert_eq!(groups(&t), expect);
        }
    }
}
