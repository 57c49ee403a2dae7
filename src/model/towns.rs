//! The embedded table of China's towns (GeoNames; `data/README.md`): what regions are made of, and what the place of
//! a point is called whose layer doesn't name it.

use crate::geom::{LonLat, sphere_m};

const JIANGSU: &str = include_str!("../../data/jiangsu/towns.csv");
const CHINA: &str = include_str!("../../data/china/towns.csv");
/// Farther from every city than this a point is in none.
const NEAR_M: f64 = 50_000.0;

/// A town of the table.
#[derive(Clone, Debug)]
pub struct Town {
    /// Latin name.
    pub name: String,
    /// Chinese name, where known.
    pub name_zh: Option<String>,
    /// Position.
    pub at: LonLat,
    /// First four digits of the city's code.
    pub city: u16,
    /// GeoNames feature code ranks it as the seat of a province or prefecture.
    pub is_seat: bool,
    /// Seat of a county or higher.
    pub is_county_seat: bool,
    /// Residents in the table.
    pub listed: Option<f64>,
    /// Residents, with a rough figure by rank where the table has none.
    pub residents: f64,
}

impl Town {
    /// The Chinese name, or the Latin one.
    #[must_use]
    pub fn label(&self) -> &str {
        self.name_zh.as_deref().unwrap_or(&self.name)
    }

    /// Whether it is a seat of a province or prefecture, or as large as one.
    #[must_use]
    pub fn is_city(&self) -> bool {
        self.is_seat || self.residents >= 1e6
    }
}

/// Every town, in the order of the table.
#[must_use]
pub fn all() -> Vec<Town> {
    [JIANGSU, CHINA].iter().flat_map(|table| table.lines().skip(1)).filter_map(parse).collect()
}

fn parse(line: &str) -> Option<Town> {
    let mut field = line.split(',');
    let (name, zh) = (field.next()?, field.next()?);
    let (lon, lat) = (field.next()?.parse().ok()?, field.next()?.parse().ok()?);
    let (city, rank) = (field.next()?.parse().ok()?, field.next()?);
    let listed: Option<f64> = field.next()?.parse().ok();
    let is_seat = matches!(rank, "PPLC" | "PPLA" | "PPLA2");
    let is_county_seat = is_seat || rank == "PPLA3";
    let by_rank = if is_seat {
        800_000.0
    } else if is_county_seat {
        90_000.0
    } else {
        25_000.0
    };
    Some(Town {
        name: name.to_owned(),
        name_zh: (!zh.is_empty()).then(|| zh.to_owned()),
        at: LonLat::new(lon, lat).ok()?,
        city,
        is_seat,
        is_county_seat,
        listed,
        residents: listed.unwrap_or(by_rank),
    })
}

/// The cities among them.
pub struct Cities(Vec<Town>);

impl Cities {
    /// All of China's.
    #[must_use]
    pub fn new() -> Self {
        Self(all().into_iter().filter(Town::is_city).collect())
    }

    /// The nearest within 50 km, English and Chinese.
    #[must_use]
    pub fn near(&self, at: LonLat) -> Option<(&str, &str)> {
        let far = self.0.iter().map(|t| (sphere_m(at, t.at), t));
        let nearest = far.min_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.name.cmp(&b.1.name)))?;
        (nearest.0 <= NEAR_M).then(|| (nearest.1.name.as_str(), nearest.1.label()))
    }
}

impl Default for Cities {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_tables_is_read() {
        let lines = JIANGSU.lines().count() + CHINA.lines().count() - 2;
        assert_eq!(all().len(), lines);
    }

    #[test]
    fn cities_of_a_backbone() {
        let cities = Cities::new();
        let near = |lon, lat| cities.near(LonLat::new(lon, lat).unwrap()).map(|c| c.1);
        assert_eq!(near(116.397, 39.907), Some("北京"));
        assert_eq!(near(114.267, 30.583), Some("武汉"));
        assert_eq!(near(118.78, 32.06), Some("南京"));
        assert_eq!(near(150.0, 10.0), None);
    }
}
