//! SQLite's R-tree filled at once: nodes are packed full along a Hilbert curve and written to the tables
//! that the index keeps (sqlite.org/rtree.html, "Shadow tables"), which takes a fraction of the time of
//! putting rows in one by one, and answers sooner.
//!
//! A node is `depth` (of the root; else 0) and `count`, two bytes each, then cells of eight bytes id and four
//! bytes for each bound, all big-endian, filled with zeros to the size of a node.

use rusqlite::{Connection, params};

/// Cells of a node, as SQLite's own at a page of 4096 bytes.
const CELLS: usize = 51;
const CELL_BYTES: usize = 24;
const NODE_BYTES: usize = 4 + CELLS * CELL_BYTES;

/// The root's number.
const ROOT: i64 = 1;

/// A row, or a node one level below.
#[derive(Clone, Copy)]
struct Cell {
    id: i64,
    /// Least and greatest x, least and greatest y.
    bounds: [f32; 4],
}

/// The nearest value of single precision that isn't above.
fn down(v: f64) -> f32 {
    let near = v as f32;
    if f64::from(near) > v { near.next_down() } else { near }
}

/// The nearest value of single precision that isn't below.
fn up(v: f64) -> f32 {
    let near = v as f32;
    if f64::from(near) < v { near.next_up() } else { near }
}

fn around(cells: &[Cell]) -> [f32; 4] {
    let none = [f32::INFINITY, f32::NEG_INFINITY, f32::INFINITY, f32::NEG_INFINITY];
    cells.iter().fold(none, |a, c| {
        let b = c.bounds;
        [a[0].min(b[0]), a[1].max(b[1]), a[2].min(b[2]), a[3].max(b[3])]
    })
}

fn node(depth: u16, cells: &[Cell]) -> Vec<u8> {
    let mut out = Vec::with_capacity(NODE_BYTES);
    out.extend_from_slice(&depth.to_be_bytes());
    out.extend_from_slice(&(cells.len() as u16).to_be_bytes());
    for c in cells {
        out.extend_from_slice(&c.id.to_be_bytes());
        c.bounds.iter().for_each(|b| out.extend_from_slice(&b.to_be_bytes()));
    }
    out.resize(NODE_BYTES, 0);
    out
}

/// Fills the empty index `quoted`, whose tables' names begin with `name`, with the rows that have bounds
/// (west, south, east, north): row `n` of the list by the id `n + 1`, packed in the given order.
pub(super) fn fill(
    c: &Connection,
    name: &str,
    order: &[u32],
    bounds: &[Option<[f64; 4]>],
) -> rusqlite::Result<()> {
    let table = |part: &str| format!("\"{}_{part}\"", name.replace('"', "\"\""));
    let mut cells: Vec<Cell> = order
        .iter()
        .filter_map(|&at| {
            let [w, s, e, n] = bounds.get(at as usize).copied().flatten()?;
            Some(Cell { id: i64::from(at) + 1, bounds: [down(w), up(e), down(s), up(n)] })
        })
        .collect();
    let mut put = c.prepare(&format!("INSERT OR REPLACE INTO {} VALUES (?1, ?2)", table("node")))?;
    let mut of_row = vec![ROOT; bounds.len()];
    let mut parents: Vec<(i64, i64)> = Vec::new();
    let (mut depth, mut next) = (0u16, ROOT + 1);
    while cells.len() > CELLS {
        let mut above = Vec::with_capacity(cells.len().div_ceil(CELLS));
        for children in cells.chunks(CELLS) {
            put.execute(params![next, node(0, children)])?;
            note(depth, children, next, &mut of_row, &mut parents);
            above.push(Cell { id: next, bounds: around(children) });
            next += 1;
        }
        cells = above;
        depth += 1;
    }
    put.execute(params![ROOT, node(depth, &cells)])?;
    note(depth, &cells, ROOT, &mut of_row, &mut parents);
    let mut put = c.prepare(&format!("INSERT INTO {} VALUES (?1, ?2)", table("parent")))?;
    for (child, parent) in parents {
        put.execute(params![child, parent])?;
    }
    // In the order of the ids, so that the table grows at its end alone.
    let mut put = c.prepare(&format!("INSERT INTO {} VALUES (?1, ?2)", table("rowid")))?;
    for (at, node) in (0i64..).zip(of_row).filter(|(at, _)| bounds[*at as usize].is_some()) {
        put.execute(params![at + 1, node])?;
    }
    Ok(())
}

/// Notes which node holds these cells.
fn note(depth: u16, cells: &[Cell], node: i64, of_row: &mut [i64], parents: &mut Vec<(i64, i64)>) {
    if depth > 0 {
        parents.extend(cells.iter().map(|c| (c.id, node)));
        return;
    }
    for c in cells {
        if let Some(of) = of_row.get_mut((c.id - 1) as usize) {
            *of = node;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::hilbert;
    use super::*;

    #[test]
    fn sqlite_finds_it_sound_and_gets_the_same_rows() {
        for n in [0usize, 1, 50, 51, 52, 2601, 2602, 9000] {
            let place = |i: usize| {
                ((i * 7919 % 10_007) as f64 / 61.0 - 80.0, (i * 104_729 % 9_973) as f64 / 57.0 - 85.0)
            };
            let bounds: Vec<Option<[f64; 4]>> = (0..n)
                .map(|i| {
                    let (x, y) = place(i);
                    (i % 97 != 5).then_some([x, y, x + (i % 3) as f64 * 0.1, y + (i % 5) as f64 * 0.1])
                })
                .collect();
            let c = Connection::open_in_memory().unwrap();
            c.execute_batch("CREATE VIRTUAL TABLE t USING rtree(id, minx, maxx, miny, maxy)").unwrap();
            let (order, _) = hilbert::order(&bounds);
            fill(&c, "t", &order, &bounds).unwrap();
            let said: String = c.query_row("SELECT rtreecheck('main', 't')", [], |r| r.get(0)).unwrap();
            assert_eq!(said, "ok", "{n}");
            for window in [[-10.0, -10.0, 20.0, 15.0], [-90.0, -90.0, 90.0, 90.0], [3.0, 3.0, 3.1, 3.1]] {
                let [w, s, e, north] = window;
                let mut q = c
                    .prepare("SELECT id FROM t WHERE maxx >= ?1 AND minx <= ?3 AND maxy >= ?2 AND miny <= ?4 ORDER BY id")
                    .unwrap();
                let found: Vec<i64> =
                    q.query_map(params![w, s, e, north], |r| r.get(0)).unwrap().map(Result::unwrap).collect();
                let meant: Vec<i64> = (0..n)
                    .filter(|&i| {
                        bounds[i].is_some_and(|b| {
                            f64::from(up(b[2])) >= w
                                && f64::from(down(b[0])) <= e
                                && f64::from(up(b[3])) >= s
                                && f64::from(down(b[1])) <= north
                        })
                    })
                    .map(|i| i as i64 + 1)
                    .collect();
                assert_eq!(found, meant, "{n} {window:?}");
            }
            // Other programs may go on with it.
            c.execute_batch("INSERT INTO t VALUES (100000, 1, 2, 3, 4); DELETE FROM t WHERE id = 1").unwrap();
            let said: String = c.query_row("SELECT rtreecheck('main', 't')", [], |r| r.get(0)).unwrap();
            assert_eq!(said, "ok", "{n}, changed");
        }
    }
}
