//! Cities of China by name, to say where a point of a backbone lies whose layer doesn't name it.

use crate::geom::{LonLat, sphere_m};

const TABLES: [&str; 2] =
    [include_str!("../../data/jiangsu/towns.csv"), include_str!("../../data/china/towns.csv")];
/// Farther from every seat than this a point is in no city.
const NEAR_M: f64 = 50_000.0;
/// Residents from which a town that is no seat counts as a city.
const LARGE: f64 = 1e6;

/// The nearest seat of a province or prefecture within 50 km, English and Chinese.
#[must_use]
pub fn city_near(at: LonLat) -> Option<(&'static str, &'static str)> {
    let found = TABLES.into_iter().flat_map(|t| t.lines().skip(1)).filter_map(|line| {
        let mut fields = line.split(',');
        let (name, name_zh) = (fields.next()?, fields.next()?);
        let place = LonLat::new(fields.next()?.parse().ok()?, fields.next()?.parse().ok()?).ok()?;
        let (rank, residents) = (fields.nth(1)?, fields.next()?);
        let seat = matches!(rank, "PPLC" | "PPLA" | "PPLA2");
        let city = seat || residents.parse::<f64>().is_ok_and(|n| n >= LARGE);
        city.then(|| (sphere_m(at, place), name, if name_zh.is_empty() { name } else { name_zh }))
    });
    let nearest = found.min_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(b.1)))?;
    (nearest.0 <= NEAR_M).then_some((nearest.1, nearest.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cities_of_a_backbone() {
        let near = |lon, lat| city_near(LonLat::new(lon, lat).unwrap()).map(|c| c.1);
        assert_eq!(near(116.397, 39.907), Some("北京"));
        assert_eq!(near(114.267, 30.583), Some("武汉"));
        assert_eq!(near(118.78, 32.06), Some("南京"));
        assert_eq!(near(150.0, 10.0), None);
    }
}
