//! Land cover from raster files, behind [`LandCover`]: a number of the raster becomes the height of what it
//! stands for.

use super::terrain::TerrainStore;
use crate::geom::{LandCover, LonLat};
use crate::model::land_cover::{ClassMeaning, Legend, MAX_CLUTTER_M};
use crate::model::settings::RadioLandCoverSettings;
use std::collections::BTreeMap;

/// Coarsest posting of land cover that counts on profiles, metres: 100 m maps pass, whole-country overviews
/// don't.
pub const MAX_LAND_COVER_POSTING_M: f64 = 300.0;

/// Rasters of classes, or of heights, with the meaning of their numbers.
#[derive(Debug)]
pub struct LandCoverStore {
    rasters: TerrainStore,
    legend: Legend,
    /// Height of each class, metres, in order of the classes.
    heights_m: Vec<(u16, f64)>,
}

impl LandCoverStore {
    /// Rasters under a legend; what the layer says of single classes goes before it.
    #[must_use]
    pub fn new(
        rasters: TerrainStore,
        settings: &RadioLandCoverSettings,
        own: &BTreeMap<u16, ClassMeaning>,
    ) -> Self {
        let of_legend = |class: u16| settings.legend.kind(class).map(ClassMeaning::Kind);
        let heights_m = (0..=u16::MAX)
            .filter_map(|class| {
                let meaning = own.get(&class).copied().or_else(|| of_legend(class))?;
                Some(match meaning {
                    ClassMeaning::Kind(kind) => (class, settings.height_m(kind)),
                    ClassMeaning::Metres(m) => (class, m),
                })
            })
            .collect();
        Self { rasters, legend: settings.legend, heights_m }
    }
}

impl LandCover for LandCoverStore {
    fn clutter_m(&self, at: LonLat) -> Option<f64> {
        let value = self.rasters.nearest(at)?;
        let class = (value.fract() == 0.0 && (0.0..=65_535.0).contains(&value)).then_some(value as u16);
        let listed = class.and_then(|c| self.heights_m.binary_search_by_key(&c, |h| h.0).ok());
        match listed.and_then(|i| self.heights_m.get(i)) {
            Some((_, height_m)) => Some(*height_m),
            None if self.legend == Legend::Heights => (0.0..=MAX_CLUTTER_M).contains(&value).then_some(value),
            None => None,
        }
    }

    fn posting_m(&self) -> f64 {
        crate::geom::Terrain::posting_m(&self.rasters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crs::Crs;
    use crate::io::terrain::{Lattice, Samples, Tile};
    use crate::model::land_cover::ClutterKind;
    use crate::model::settings::Settings;
    use std::path::Path;

    fn store(values: &[u8; 9], legend: Legend, own: &[(u16, ClassMeaning)]) -> LandCoverStore {
        let lattice = Lattice::north_up(118.0, 33.0, 0.001, 0.001);
        let samples = Samples::U8(values.to_vec().into());
        let tile =
            Tile::new(Path::new("c"), 3, 3, samples, Some(255.0), lattice, Crs::wgs84()).expect("sound");
        let mut settings = Settings::with(&toml::Table::new()).expect("defaults").radio.land_cover;
        settings.legend = legend;
        LandCoverStore::new(TerrainStore::new(vec![tile]), &settings, &own.iter().copied().collect())
    }

    fn at(column: f64, row: f64) -> LonLat {
        LonLat::new(118.0 + 0.001 * column, 33.0 - 0.001 * row).expect("a position")
    }

    /// The nearest class counts, not a mean of classes; what has no meaning and what lies outside is unknown.
    #[test]
    fn classes_become_heights_and_unknown_stays_unknown() {
        let s = store(&[10, 40, 50, 80, 0, 99, 255, 10, 10], Legend::WorldCover, &[]);
        for (column, row, want) in [
            (0.0, 0.0, Some(15.0)),
            (0.4, 0.4, Some(15.0)),
            (0.6, 0.0, Some(0.0)),
            (2.0, 0.0, Some(15.0)),
            (0.0, 1.0, Some(0.0)),
            (1.0, 1.0, None),
            (2.0, 1.0, None),
            (0.0, 2.0, None),
            (-0.45, 0.0, Some(15.0)),
            (-0.6, 0.0, None),
            (5.0, 5.0, None),
        ] {
            assert_eq!(s.clutter_m(at(column, row)), want, "{column} {row}");
        }
        assert!((90.0..115.0).contains(&s.posting_m()));
    }

    #[test]
    fn a_layers_own_classes_go_first() {
        let own = [(99, ClassMeaning::Metres(7.5)), (50, ClassMeaning::Kind(ClutterKind::DenseUrban))];
        let s = store(&[10, 40, 50, 80, 0, 99, 255, 10, 10], Legend::WorldCover, &own);
        assert_eq!((s.clutter_m(at(2.0, 1.0)), s.clutter_m(at(2.0, 0.0))), (Some(7.5), Some(20.0)));
        let s = store(&[10, 40, 50, 80, 0, 99, 255, 10, 10], Legend::Own, &own);
        assert_eq!((s.clutter_m(at(2.0, 1.0)), s.clutter_m(at(0.0, 0.0))), (Some(7.5), None));
    }

    #[test]
    fn a_raster_of_heights_is_taken_as_it_is() {
        let s = store(&[12, 0, 50, 80, 0, 99, 255, 10, 10], Legend::Heights, &[]);
        assert_eq!((s.clutter_m(at(0.0, 0.0)), s.clutter_m(at(1.0, 0.0))), (Some(12.0), Some(0.0)));
        assert_eq!(s.clutter_m(at(0.0, 2.0)), None, "void");
    }
}
