//! The pixels of an area map. Their places depend on step and latitude alone, never on the window that is
//! looked at: maps of neighbouring windows fit together, and a map cut into windows is the same map.

use crate::geom::{LocalFrame, LonLat};

/// Pixels of equal angles, counted from 180° W, 90° N.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lattice {
    /// Width of a pixel, degrees.
    pub lon_step_deg: f64,
    /// Height of a pixel, degrees.
    pub lat_step_deg: f64,
}

impl Lattice {
    /// Pixels that are `step_m` wide and high at a latitude.
    #[must_use]
    pub fn new(step_m: f64, latitude_deg: f64) -> Self {
        let origin = LonLat::wrapped(0.0, latitude_deg.clamp(-85.0, 85.0));
        let corner = LocalFrame::new(origin).to_lonlat(crate::geom::Xy { x_m: step_m, y_m: 0.0 });
        let up = LocalFrame::new(origin).to_xy(LonLat::wrapped(0.0, origin.lat_deg() + 0.01));
        Self { lon_step_deg: corner.lon_deg(), lat_step_deg: 0.01 * step_m / up.y_m }
    }

    /// The window of the pixels that touch a box of west, south, east, north, degrees.
    #[must_use]
    pub fn window(&self, [west, south, east, north]: [f64; 4]) -> Window {
        let column = |lon: f64| (lon + 180.0) / self.lon_step_deg;
        let row = |lat: f64| (90.0 - lat) / self.lat_step_deg;
        let (first_column, first_row) = (column(west).floor() as i64, row(north).floor() as i64);
        let size = |from: i64, to: f64| (to.ceil() as i64 - from).clamp(1, i64::from(u32::MAX)) as usize;
        Window {
            lattice: *self,
            first_column,
            first_row,
            columns: size(first_column, column(east)),
            rows: size(first_row, row(south)),
        }
    }
}

/// A rectangle of pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// The pixels.
    pub lattice: Lattice,
    /// First column, from 180° W.
    pub first_column: i64,
    /// First row, from 90° N.
    pub first_row: i64,
    /// Number of columns.
    pub columns: usize,
    /// Number of rows.
    pub rows: usize,
}

impl Window {
    /// Longitude of the centre of a column of this window, degrees; beyond 180° east of the antimeridian.
    #[must_use]
    pub fn lon_deg(&self, column: f64) -> f64 {
        -180.0 + (self.first_column as f64 + column + 0.5) * self.lattice.lon_step_deg
    }

    /// Latitude of the centre of a row of this window, degrees.
    #[must_use]
    pub fn lat_deg(&self, row: f64) -> f64 {
        90.0 - (self.first_row as f64 + row + 0.5) * self.lattice.lat_step_deg
    }

    /// Centre of a pixel.
    #[must_use]
    pub fn center(&self, column: usize, row: usize) -> LonLat {
        LonLat::wrapped(self.lon_deg(column as f64), self.lat_deg(row as f64))
    }

    /// West, south, east, north edges, degrees.
    #[must_use]
    pub fn bounds_deg(&self) -> [f64; 4] {
        let (c, r) = (self.columns as f64, self.rows as f64);
        [self.lon_deg(-0.5), self.lat_deg(r - 0.5), self.lon_deg(c - 0.5), self.lat_deg(-0.5)]
    }

    /// The whole block of `size` by `size` pixels of the lattice in which a pixel lies.
    #[must_use]
    pub fn block_of(&self, column: i64, row: i64, size: usize) -> Self {
        let from = |i: i64| i.div_euclid(size as i64) * size as i64;
        Self { first_column: from(column), first_row: from(row), columns: size, rows: size, ..*self }
    }

    /// The parts of this window in each block of `size` by `size` pixels of the lattice, row by row.
    pub fn blocks(&self, size: usize) -> impl Iterator<Item = Self> + '_ {
        let cuts = move |first: i64, count: usize| {
            let (end, size) = (first + count as i64, size as i64);
            let starts = (first.div_euclid(size)..=(end - 1).div_euclid(size)).map(move |b| b * size);
            starts.map(move |s| (s.max(first), ((s + size).min(end) - s.max(first)) as usize))
        };
        cuts(self.first_row, self.rows).flat_map(move |(first_row, rows)| {
            cuts(self.first_column, self.columns).map(move |(first_column, columns)| Self {
                first_column,
                first_row,
                columns,
                rows,
                ..*self
            })
        })
    }

    /// The windows of at most `size` by `size` pixels that make up this one, row by row.
    pub fn tiles(&self, size: usize) -> impl Iterator<Item = Window> + '_ {
        let (down, across) = (self.rows.div_ceil(size), self.columns.div_ceil(size));
        (0..down * across).map(move |i| {
            let (row, column) = (i / across * size, i % across * size);
            Window {
                first_column: self.first_column + column as i64,
                first_row: self.first_row + row as i64,
                columns: size.min(self.columns - column),
                rows: size.min(self.rows - row),
                ..*self
            }
        })
    }
}
