//! Millions of cells in little room.
//!
//! What tells one cell from the next is where it stands, where it points and what it is called; band, power,
//! gains and the like repeat from station to station. So a packed cell holds the former, and the number
//! of the cell whose other values it shares.

use super::records::{Cell, Origin};
use super::text::{Known, Text};
use crate::geom::LonLat;
use rayon::prelude::*;
use rustc_hash::FxHashMap;

/// Cells in reading order, handed out by value.
#[derive(Clone, Debug, Default)]
pub struct CellList {
    rows: Vec<Packed>,
    /// The first cell of each combination of shared values.
    alike: Vec<Cell>,
    /// Its number in `alike`.
    numbers: FxHashMap<Shared, u32>,
}

/// The values that many cells share, as bits.
type Shared = [u64; 6];

#[derive(Clone, Copy, Debug)]
struct Packed {
    at: LonLat,
    id: Text,
    station: Text,
    tower: Text,
    host_site: Text,
    height_m: Known,
    azimuth_deg: Known,
    tilt_deg: Known,
    load_pct: Known,
    /// Number in [`CellList::alike`].
    alike: u32,
    row: u32,
}

fn shared(c: &Cell) -> Shared {
    let two = |a: Known, b: Known| u64::from(a.bits()) << 32 | u64::from(b.bits());
    let operators = u64::from(c.operator.0) << 32 | c.shared_with.map_or(1 << 16, |o| u64::from(o.0));
    let kind = c.kind.map_or(u64::from(u8::MAX), |k| k as u64);
    let status = c.status.map_or(u64::from(u8::MAX), |s| s as u64);
    let words = (c.rat as u64) << 24 | kind << 16 | status << 8 | u64::from(c.ports);
    [
        two(c.freq_mhz, c.bw_mhz),
        two(c.power_dbm, c.ssb_epre_dbm),
        two(c.gain_ssb_dbi, c.gain_traffic_dbi),
        operators,
        words << 32 | u64::from(c.assumed.0) << 16 | u64::from(c.origin.file),
        u64::from(c.mtilt_deg.bits()) << 32 | c.antenna.index().map_or(u64::from(u32::MAX), |i| i as u64),
    ]
}

impl CellList {
    /// How many cells there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// A cell.
    #[inline]
    #[must_use]
    pub fn get(&self, i: usize) -> Option<Cell> {
        let r = self.rows.get(i)?;
        let alike = self.alike.get(r.alike as usize)?;
        Some(Cell {
            id: r.id,
            station: r.station,
            tower: r.tower,
            host_site: r.host_site,
            at: r.at,
            height_m: r.height_m,
            azimuth_deg: r.azimuth_deg,
            tilt_deg: r.tilt_deg,
            load_pct: r.load_pct,
            origin: Origin { file: alike.origin.file, row: r.row },
            ..*alike
        })
    }

    /// All cells, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Cell> + '_ {
        self.into_iter()
    }

    /// All cells, for many threads.
    pub fn par_iter(&self) -> impl ParallelIterator<Item = Cell> + '_ {
        (0..self.len()).into_par_iter().filter_map(|i| self.get(i))
    }

    fn pack(&mut self, c: &Cell) -> Packed {
        let key = shared(c);
        // Cells of a station follow each other, and most are alike.
        let last = self.rows.last().map(|r| r.alike);
        let same = last.filter(|&n| self.alike.get(n as usize).is_some_and(|a| shared(a) == key));
        let alike = same.unwrap_or_else(|| {
            *self.numbers.entry(key).or_insert_with(|| {
                self.alike.push(*c);
                self.alike.len() as u32 - 1
            })
        });
        Packed {
            at: c.at,
            id: c.id,
            station: c.station,
            tower: c.tower,
            host_site: c.host_site,
            height_m: c.height_m,
            azimuth_deg: c.azimuth_deg,
            tilt_deg: c.tilt_deg,
            load_pct: c.load_pct,
            alike,
            row: c.origin.row,
        }
    }

    /// Adds a cell.
    pub fn push(&mut self, cell: Cell) {
        let packed = self.pack(&cell);
        self.rows.push(packed);
    }

    /// Puts another cell in a cell's place, if there is one.
    pub fn set(&mut self, i: usize, cell: Cell) {
        let packed = self.pack(&cell);
        if let Some(row) = self.rows.get_mut(i) {
            *row = packed;
        }
    }

    /// Leaves the antenna models out: for when no file describes any.
    pub fn forget_antennas(&mut self) {
        self.alike.iter_mut().for_each(|c| c.antenna = Text::NONE);
        self.numbers.clear();
    }

    /// The id of a cell.
    #[must_use]
    pub fn id(&self, i: usize) -> Text {
        self.rows.get(i).map_or(Text::NONE, |r| r.id)
    }

    /// Gives a cell another id.
    pub fn set_id(&mut self, i: usize, id: Text) {
        if let Some(row) = self.rows.get_mut(i) {
            row.id = id;
        }
    }

    /// Keeps the cells whose place passes, in order.
    pub fn retain(&mut self, mut passes: impl FnMut(usize) -> bool) {
        let mut i = 0;
        self.rows.retain(|_| {
            i += 1;
            passes(i - 1)
        });
    }

    /// Leaves the first cells only.
    pub fn truncate(&mut self, len: usize) {
        self.rows.truncate(len);
    }

    /// Makes room for so many cells; when there is none left, for those to come as well.
    pub fn make_room(&mut self, now: usize, to_come: usize) {
        if self.rows.capacity() - self.rows.len() < now {
            self.rows.reserve_exact(now + to_come);
        }
    }
}

impl<'a> IntoIterator for &'a CellList {
    type Item = Cell;
    type IntoIter = Cells<'a>;

    fn into_iter(self) -> Cells<'a> {
        Cells { list: self, next: 0 }
    }
}

/// Iterator over the cells of a list.
#[derive(Clone, Debug)]
pub struct Cells<'a> {
    list: &'a CellList,
    next: usize,
}

impl Iterator for Cells<'_> {
    type Item = Cell;

    fn next(&mut self) -> Option<Cell> {
        let cell = self.list.get(self.next)?;
        self.next += 1;
        Some(cell)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.list.len() - self.next;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Cells<'_> {}

#[cfg(test)]
mod tests {
    use super::super::kinds::{CellKind, CellStatus, Rat};
    use super::super::operators::OperatorId;
    use super::super::records::Assumed;
    use super::super::text::TextPool;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Every value of every cell comes back, shared or not.
        #[test]
        fn gives_back_what_went_in(
            drawn in prop::collection::vec((0u8..3, 0u8..3, 0u8..3, 0u8..3, 0u32..1000), 1..60), at in 0usize..60,
        ) {
            let mut pool = TextPool::default();
            let cells: Vec<Cell> = drawn.iter().map(|&(a, b, c, d, n)| {
                let id = pool.push(&format!("c{n}"));
                let place = LonLat::wrapped(100.0 + f64::from(n) / 7.0, f64::from(a));
                let rat = [Rat::Nr, Rat::Lte, Rat::Gsm][usize::from(a)];
                let mut cell = Cell::at(id, place, OperatorId(b.into()), rat);
                cell.shared_with = [None, Some(OperatorId(0)), Some(OperatorId(u16::MAX))][usize::from(c)];
                cell.kind = [None, Some(CellKind::Macro), Some(CellKind::Indoor)][usize::from(d)];
                cell.status = [None, Some(CellStatus::OnAir), Some(CellStatus::Planned)][usize::from(b)];
                cell.power_dbm = [Known::UNKNOWN, Known::new(0.0), Known::new(46.02)][usize::from(d)];
                cell.gain_traffic_dbi = Known::new(f32::from(c) * 0.1);
                cell.height_m = Known::new(n as f32 * 0.3);
                cell.ports = a * 32;
                cell.mtilt_deg = [Known::UNKNOWN, Known::new(2.0), Known::new(3.0)][usize::from(a)];
                cell.antenna = [Text::NONE, id, pool.push("A")][usize::from(c)];
                cell.assumed = Assumed(u16::from(b) * 512);
                cell.origin = Origin { file: u16::from(c), row: n };
                cell
            }).collect();
            let mut list = CellList::default();
            cells.iter().for_each(|c| list.push(*c));
            let show = |c: &Cell| format!("{c:?}");
            prop_assert_eq!(list.iter().map(|c| show(&c)).collect::<Vec<_>>(), cells.iter().map(show).collect::<Vec<_>>());
            let at = at % cells.len();
            list.set(at, cells[0]);
            prop_assert_eq!(list.get(at).map(|c| show(&c)), Some(show(&cells[0])));
            list.retain(|i| i != at);
            prop_assert_eq!(list.len(), cells.len() - 1);
            prop_assert!(list.get(list.len()).is_none());
        }
    }

    #[test]
    fn a_packed_cell_is_small() {
        assert_eq!(size_of::<Packed>(), 56);
    }
}
