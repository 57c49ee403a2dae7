//! Regular layouts of nodes on a rectangular floor: all that the search of [`super`] looks at.

use serde::Serialize;

/// A rectangular floor.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Floor {
    /// Length, metres: x runs along it.
    pub length_m: f64,
    /// Width, metres: y runs along it.
    pub width_m: f64,
}

impl Floor {
    /// Its area, square metres.
    #[must_use]
    pub fn area_m2(&self) -> f64 {
        self.length_m * self.width_m
    }

    /// Distance from the middle to a corner, metres.
    #[must_use]
    pub fn half_diagonal_m(&self) -> f64 {
        0.5 * self.length_m.hypot(self.width_m)
    }

    const fn turned(&self) -> Self {
        Self { length_m: self.width_m, width_m: self.length_m }
    }
}

/// How the nodes of neighbouring rows stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pattern {
    /// One behind the other: an `n1 × n2` lattice, each node in the middle of its share of the floor.
    Lattice,
    /// Rows of equal number, moved by a quarter of the pitch to either side in turn.
    Zigzag,
    /// Rows of n and n − 1 nodes in turn, the longer first: each node over a gap of the next row.
    Staggered,
    /// The same, the shorter row first.
    StaggeredShortFirst,
}

/// A regular layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Layout {
    /// How rows stand to each other.
    pub pattern: Pattern,
    /// Rows.
    pub rows: u32,
    /// Nodes in the longest row.
    pub per_row: u32,
    /// Whether rows run along the width instead of the length.
    pub along_width: bool,
}

impl Layout {
    /// Nodes in a row, counted from zero.
    const fn in_row(&self, row: u32) -> u32 {
        let short = match self.pattern {
            Pattern::Lattice | Pattern::Zigzag => false,
            Pattern::Staggered => row % 2 == 1,
            Pattern::StaggeredShortFirst => row % 2 == 0,
        };
        if short { self.per_row - 1 } else { self.per_row }
    }

    /// Nodes in all.
    #[must_use]
    pub fn nodes(&self) -> u32 {
        (0..self.rows).map(|row| self.in_row(row)).sum()
    }

    /// Where they stand, metres along length and width from a corner of the floor.
    #[must_use]
    pub fn places(&self, floor: &Floor) -> Vec<[f64; 2]> {
        let f = if self.along_width { floor.turned() } else { *floor };
        let pitch_m = f.length_m / f64::from(self.per_row);
        let mut places = Vec::with_capacity(self.nodes() as usize);
        for row in 0..self.rows {
            let y = (f64::from(row) + 0.5) * f.width_m / f64::from(self.rows);
            let n = self.in_row(row);
            let shift = match self.pattern {
                Pattern::Zigzag if row % 2 == 0 => 0.25,
                Pattern::Zigzag => 0.75,
                _ if n < self.per_row => 1.0,
                _ => 0.5,
            };
            places.extend((0..n).map(|i| {
                let x = (f64::from(i) + shift) * pitch_m;
                if self.along_width { [y, x] } else { [x, y] }
            }));
        }
        places
    }
}

/// Every layout of the family with so many nodes, in a fixed order: lattices, zigzags and staggered rows
/// along either side.
pub fn family(nodes: u32) -> impl Iterator<Item = Layout> {
    let patterns = [Pattern::Lattice, Pattern::Zigzag, Pattern::Staggered, Pattern::StaggeredShortFirst];
    (1..=nodes).flat_map(move |rows| {
        patterns.into_iter().flat_map(move |pattern| {
            [false, true].into_iter().filter_map(move |along_width| {
                // The rows that are one node shorter.
                let short = match pattern {
                    Pattern::Lattice | Pattern::Zigzag => 0,
                    Pattern::Staggered => rows / 2,
                    Pattern::StaggeredShortFirst => rows.div_ceil(2),
                };
                let fits = (nodes + short).is_multiple_of(rows);
                let per_row = (nodes + short) / rows;
                // A lattice turned is a lattice; one row has no neighbour; a row of none is no row; of an even
                // number of rows either order is the other's mirror image.
                let proper = match pattern {
                    Pattern::Lattice => !along_width,
                    // An even number of rows along one side is one along the other.
                    Pattern::Zigzag => rows > 1 && !(along_width && rows % 2 == 0),
                    Pattern::Staggered => rows > 1 && per_row > 1,
                    Pattern::StaggeredShortFirst => rows % 2 == 1 && rows > 1 && per_row > 1,
                };
                (fits && proper).then_some(Layout { pattern, rows, per_row, along_width })
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLOOR: Floor = Floor { length_m: 60.0, width_m: 40.0 };

    #[test]
    fn places_by_hand() {
        let places = |pattern, rows, per_row, along_width| {
            Layout { pattern, rows, per_row, along_width }.places(&FLOOR)
        };
        assert_eq!(
            places(Pattern::Lattice, 2, 3, false),
            [[10.0, 10.0], [30.0, 10.0], [50.0, 10.0], [10.0, 30.0], [30.0, 30.0], [50.0, 30.0]]
        );
        assert_eq!(places(Pattern::Zigzag, 2, 1, false), [[15.0, 10.0], [45.0, 30.0]]);
        assert_eq!(places(Pattern::Staggered, 2, 2, false), [[15.0, 10.0], [45.0, 10.0], [30.0, 30.0]]);
        assert_eq!(
            places(Pattern::StaggeredShortFirst, 2, 2, true),
            [[15.0, 20.0], [45.0, 10.0], [45.0, 30.0]]
        );
    }

    /// Every member has the number asked for, stands inside, and no two are alike.
    #[test]
    fn the_family_is_whole() {
        for nodes in 1..=40 {
            let all: Vec<Layout> = family(nodes).collect();
            let mut seen = Vec::new();
            for layout in &all {
                let places = layout.places(&FLOOR);
                assert_eq!(places.len(), nodes as usize, "{layout:?}");
                assert_eq!(layout.nodes(), nodes);
                assert!(places.iter().all(|[x, y]| (0.0..=60.0).contains(x) && (0.0..=40.0).contains(y)));
                let mut sorted: Vec<[i64; 2]> =
                    places.iter().map(|p| p.map(|m| (m * 1e6).round() as i64)).collect();
                sorted.sort_unstable();
                assert!(!seen.contains(&sorted), "{layout:?} twice");
                seen.push(sorted);
            }
            let divisors = (1..=nodes).filter(|d| nodes % d == 0).count();
            assert_eq!(all.iter().filter(|l| l.pattern == Pattern::Lattice).count(), divisors);
        }
        // The lattices 1 × 3 and 3 × 1; rows of 2 and 1, and three zigzag rows of 1, along either side.
        assert_eq!(family(3).count(), 6);
    }
}
