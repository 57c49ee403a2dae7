//! Shapes as RFC 7946 wants them: outer rings counter-clockwise, nothing across the antimeridian.

use crate::geom::LonLat;
use geo::{BooleanOps, BoundingRect, Coord, LineString, MultiPolygon, Polygon, Rect};

/// Steps of the file's coordinates per degree: seven decimals, about a centimetre.
const STEPS: f64 = 1e7;

/// Whether the way between two longitudes is shorter across the antimeridian.
fn crosses(a_lon: f64, b_lon: f64) -> bool {
    (a_lon - b_lon).abs() > 180.0
}

/// Whether a line crosses the antimeridian.
#[must_use]
pub fn line_crosses(line: &[LonLat]) -> bool {
    line.windows(2).any(|w| crosses(w[0].lon_deg(), w[1].lon_deg()))
}

/// The parts of a line on either side of the antimeridian (RFC 7946, 3.1.9), each with at least two
/// positions.
#[must_use]
pub fn cut_line(line: &[LonLat]) -> Vec<Vec<LonLat>> {
    let mut parts = Vec::new();
    let mut part: Vec<LonLat> = Vec::new();
    for &p in line {
        if let Some(&q) = part.last()
            && crosses(q.lon_deg(), p.lon_deg())
        {
            let edge = if q.lon_deg() > 0.0 { 180.0 } else { -180.0 };
            let unrolled = p.lon_deg() + 2.0 * edge;
            let run = unrolled - q.lon_deg();
            let share = if run == 0.0 { 0.0 } else { (edge - q.lon_deg()) / run };
            let lat = q.lat_deg() + share * (p.lat_deg() - q.lat_deg());
            part.push(LonLat::wrapped(edge, lat));
            parts.push(std::mem::take(&mut part));
            part.push(LonLat::wrapped(-edge, lat));
        }
        part.push(p);
    }
    parts.push(part);
    for part in &mut parts {
        part.dedup_by(|a, b| a == b);
    }
    parts.retain(|p| p.len() >= 2);
    parts
}

/// The rings of an area, ready to print: cut at the antimeridian, rounded to the file's steps, outer
/// rings counter-clockwise and holes clockwise, closed, without repeated positions; rings that vanish in
/// the rounding are dropped.
#[must_use]
pub fn rings(area: &MultiPolygon<f64>) -> Vec<Vec<Vec<[f64; 2]>>> {
    let mut polygons = Vec::new();
    for polygon in area {
        if crosses_ring(polygon.exterior()) {
            polygons.extend(cut_polygon(polygon));
        } else {
            polygons.push(polygon.clone());
        }
    }
    polygons
        .iter()
        .filter_map(|p| {
            let mut all = vec![ring(p.exterior(), true)?];
            all.extend(p.interiors().iter().filter_map(|r| ring(r, false)));
            Some(all)
        })
        .collect()
}

fn crosses_ring(line: &LineString<f64>) -> bool {
    line.0.windows(2).any(|w| crosses(w[0].x, w[1].x))
}

fn ring(line: &LineString<f64>, counter_clockwise: bool) -> Option<Vec<[f64; 2]>> {
    let mut points: Vec<[i64; 2]> =
        line.0.iter().map(|c| [(c.x * STEPS).round() as i64, (c.y * STEPS).round() as i64]).collect();
    points.dedup();
    if points.first() != points.last() {
        points.push(points[0]);
    }
    let twice_area: i128 = points
        .windows(2)
        .map(|w| i128::from(w[0][0]) * i128::from(w[1][1]) - i128::from(w[1][0]) * i128::from(w[0][1]))
        .sum();
    if points.len() < 4 || twice_area == 0 {
        return None;
    }
    if (twice_area > 0) != counter_clockwise {
        points.reverse();
    }
    Some(points.into_iter().map(|[x, y]| [x as f64 / STEPS, y as f64 / STEPS]).collect())
}

/// Longitudes made continuous, so that a shape across the antimeridian is whole again.
fn unrolled(line: &LineString<f64>, near: f64) -> LineString<f64> {
    let mut last = near;
    line.0
        .iter()
        .map(|c| {
            let x = c.x + ((last - c.x) / 360.0).round() * 360.0;
            last = x;
            Coord { x, y: c.y }
        })
        .collect()
}

fn cut_polygon(polygon: &Polygon<f64>) -> Vec<Polygon<f64>> {
    let start = polygon.exterior().0.first().map_or(0.0, |c| c.x);
    let outer = unrolled(polygon.exterior(), start);
    let closes = outer.0.first().zip(outer.0.last()).is_some_and(|(a, b)| (a.x - b.x).abs() < 1.0);
    let Some(bounds) = outer.bounding_rect().filter(|_| closes) else {
        // A ring about a pole has no inside in the plane; it is left as the source has it.
        return vec![polygon.clone()];
    };
    let middle = bounds.center().x;
    let inner = polygon.interiors().iter().map(|r| unrolled(r, middle)).collect();
    let whole = Polygon::new(outer, inner);
    let mut parts = Vec::new();
    for shift in [-360.0, 0.0, 360.0] {
        let window = Rect::new(Coord { x: -180.0 + shift, y: -90.0 }, Coord { x: 180.0 + shift, y: 90.0 });
        if bounds.min().x < window.max().x && bounds.max().x > window.min().x {
            let clipped = whole.intersection(&window.to_polygon());
            parts.extend(clipped.into_iter().map(|p| shifted(&p, -shift)));
        }
    }
    parts
}

fn shifted(polygon: &Polygon<f64>, by: f64) -> Polygon<f64> {
    let line = |l: &LineString<f64>| l.0.iter().map(|c| Coord { x: c.x + by, y: c.y }).collect();
    Polygon::new(line(polygon.exterior()), polygon.interiors().iter().map(line).collect())
}

/// Bounds of many positions: west, south, east, north, where west is greater than east when the narrower
/// box lies across the antimeridian (RFC 7946, 5.2).
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    // Longitudes as they are, and again with western ones moved up by 360.
    plain: (f64, f64),
    turned: (f64, f64),
    lat: (f64, f64),
}

impl Default for Bounds {
    fn default() -> Self {
        let none = (f64::INFINITY, f64::NEG_INFINITY);
        Self { plain: none, turned: none, lat: none }
    }
}

impl Bounds {
    /// Takes in a position.
    pub fn add(&mut self, lon: f64, lat: f64) {
        let grow = |r: &mut (f64, f64), v: f64| *r = (r.0.min(v), r.1.max(v));
        grow(&mut self.plain, lon);
        // 180 itself belongs to either side; moving −180 alone keeps it next to 179.
        grow(&mut self.turned, if lon < 0.0 { lon + 360.0 } else { lon });
        grow(&mut self.lat, lat);
    }

    /// Takes in other bounds.
    #[must_use]
    pub fn with(self, o: Self) -> Self {
        let join = |a: (f64, f64), b: (f64, f64)| (a.0.min(b.0), a.1.max(b.1));
        Self {
            plain: join(self.plain, o.plain),
            turned: join(self.turned, o.turned),
            lat: join(self.lat, o.lat),
        }
    }

    /// West, south, east, north; `None` without positions.
    #[must_use]
    pub fn corners(&self) -> Option<[f64; 4]> {
        if self.lat.0 > self.lat.1 {
            return None;
        }
        let (plain, turned) = (self.plain.1 - self.plain.0, self.turned.1 - self.turned.0);
        let (west, east) = if turned < plain && self.turned.1 > 180.0 {
            (self.turned.0, self.turned.1 - 360.0)
        } else {
            self.plain
        };
        Some([west, self.lat.0, east, self.lat.1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::polygon;

    fn p(lon: f64, lat: f64) -> LonLat {
        LonLat::new(lon, lat).unwrap()
    }

    #[test]
    fn lines_are_cut_where_they_cross() {
        let parts = cut_line(&[p(179.0, 0.0), p(-179.0, 2.0), p(-178.0, 2.0)]);
        assert_eq!(
            parts,
            [vec![p(179.0, 0.0), p(180.0, 1.0)], vec![p(-180.0, 1.0), p(-179.0, 2.0), p(-178.0, 2.0)]]
        );
        assert_eq!(cut_line(&[p(1.0, 0.0), p(2.0, 0.0)]).len(), 1);
    }

    #[test]
    fn areas_are_cut_and_wound() {
        let fiji = MultiPolygon(vec![polygon![
            (x: 178.0, y: -18.0), (x: 178.0, y: -16.0), (x: -179.0, y: -16.0), (x: -179.0, y: -18.0)
        ]]);
        let r = rings(&fiji);
        assert_eq!(r.len(), 2);
        for outer in r.iter().map(|p| &p[0]) {
            let twice: f64 = outer.windows(2).map(|w| w[0][0] * w[1][1] - w[1][0] * w[0][1]).sum();
            assert!(twice > 0.0);
            let (lo, hi) = outer.iter().fold((f64::MAX, f64::MIN), |a, c| (a.0.min(c[0]), a.1.max(c[0])));
            assert!((-180.0..=180.0).contains(&lo) && hi <= 180.0 && hi - lo <= 2.0, "{lo} {hi}");
        }
    }

    #[test]
    fn bounds_take_the_narrow_way() {
        let mut b = Bounds::default();
        assert_eq!(b.corners(), None);
        b.add(179.0, -17.0);
        b.add(-179.0, -16.0);
        assert_eq!(b.corners(), Some([179.0, -17.0, -179.0, -16.0]));
        let mut c = Bounds::default();
        c.add(-5.0, 1.0);
        c.add(5.0, 2.0);
        assert_eq!(c.corners(), Some([-5.0, 1.0, 5.0, 2.0]));
    }
}
