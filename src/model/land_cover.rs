//! Land cover: the legends of the usual maps, and the representative height of each kind of clutter.

use super::kinds::vocabulary;
use serde::{Deserialize, Serialize};

vocabulary!(
    /// Kinds of clutter that ITU-R P.1812-8 (table 2), P.452-18 and P.2108-1 tell apart.
    ClutterKind {
        /// Water or sea.
        WaterSea = "water-sea", "水面", "water", "sea";
        /// Open or rural ground.
        OpenRural = "open-rural", "开阔地", "open", "rural";
        /// Suburban.
        Suburban = "suburban", "郊区";
        /// Urban.
        Urban = "urban", "城区";
        /// Trees or forest.
        TreesForest = "trees-forest", "林地", "trees", "forest";
        /// Dense urban.
        DenseUrban = "dense-urban", "密集城区";
    }
);

vocabulary!(
    /// What the numbers of a land-cover raster stand for.
    Legend {
        /// ESA WorldCover, 10 m.
        WorldCover = "worldcover", "ESA WorldCover";
        /// Copernicus Global Land Cover, 100 m.
        Lc100 = "lc100", "Copernicus LC100";
        /// GlobeLand30, 30 m.
        GlobeLand30 = "globeland30", "GlobeLand30";
        /// China Land Cover Dataset of Wuhan University, 30 m.
        Clcd = "clcd", "CLCD";
        /// Esri Land Cover, 10 m.
        Esri = "esri", "Esri Land Cover";
        /// Heights of trees and houses in metres instead of classes.
        Heights = "heights", "地物高度（米）";
        /// Only the classes that the layer itself names.
        Own = "own", "自定义";
    }
);

/// Highest clutter that a raster of heights is believed, metres.
pub const MAX_CLUTTER_M: f64 = 300.0;

impl Legend {
    /// The kind of clutter of a class; `None` for a number that the legend doesn't have, or that says "no
    /// data" or "clouds".
    #[must_use]
    pub const fn kind(self, class: u16) -> Option<ClutterKind> {
        use ClutterKind::{OpenRural, TreesForest, Urban, WaterSea};
        Some(match (self, class) {
            (Self::WorldCover, 10 | 95)
            | (Self::Lc100, 111..=116 | 121..=126)
            | (Self::GlobeLand30, 20)
            | (Self::Clcd | Self::Esri, 2) => TreesForest,
            (Self::WorldCover | Self::Lc100, 50)
            | (Self::GlobeLand30, 80)
            | (Self::Clcd, 8)
            | (Self::Esri, 7) => Urban,
            (Self::WorldCover, 80)
            | (Self::Lc100, 80 | 200)
            | (Self::GlobeLand30, 60)
            | (Self::Clcd, 5)
            | (Self::Esri, 1) => WaterSea,
            (Self::WorldCover | Self::Lc100, 20 | 30 | 40 | 60 | 70 | 90 | 100)
            | (Self::GlobeLand30, 10 | 30 | 40 | 50 | 70 | 90 | 100)
            | (Self::Clcd, 1 | 3 | 4 | 6 | 7 | 9)
            | (Self::Esri, 4 | 5 | 8 | 9 | 11) => OpenRural,
            _ => return None,
        })
    }
}

/// What a class stands for in a project: a kind of clutter, or a height of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ClassMeaning {
    /// A kind, with that kind's height.
    Kind(ClutterKind),
    /// Metres.
    Metres(f64),
}

impl ClassMeaning {
    /// The meaning of a text: a kind's word, or a height in metres.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let metres = || text.trim().parse().ok().filter(|m| (0.0..=MAX_CLUTTER_M).contains(m));
        ClutterKind::parse(text).map(Self::Kind).or_else(|| metres().map(Self::Metres))
    }
}

/// Section `radio.land_cover`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RadioLandCoverSettings {
    /// What the numbers of the raster stand for.
    pub legend: Legend,
    /// Height over water, m.
    pub water_m: f64,
    /// Height over open ground, m.
    pub open_m: f64,
    /// Height in suburbs, m.
    pub suburban_m: f64,
    /// Height in towns, m.
    pub urban_m: f64,
    /// Height of woods, m.
    pub forest_m: f64,
    /// Height in dense towns, m.
    pub dense_urban_m: f64,
    /// Height in maps where the layer doesn't tell, m.
    pub unknown_m: f64,
}

impl RadioLandCoverSettings {
    /// Representative height of a kind of clutter, metres.
    #[must_use]
    pub const fn height_m(&self, kind: ClutterKind) -> f64 {
        match kind {
            ClutterKind::WaterSea => self.water_m,
            ClutterKind::OpenRural => self.open_m,
            ClutterKind::Suburban => self.suburban_m,
            ClutterKind::Urban => self.urban_m,
            ClutterKind::TreesForest => self.forest_m,
            ClutterKind::DenseUrban => self.dense_urban_m,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers and names as the makers of the maps publish them.
    #[test]
    fn classes_are_those_of_the_published_legends() {
        use ClutterKind::{OpenRural, TreesForest, Urban, WaterSea};
        for (legend, class, kind) in [
            (Legend::WorldCover, 10, Some(TreesForest)),
            (Legend::WorldCover, 40, Some(OpenRural)),
            (Legend::WorldCover, 50, Some(Urban)),
            (Legend::WorldCover, 80, Some(WaterSea)),
            (Legend::WorldCover, 111, None),
            (Legend::WorldCover, 0, None),
            (Legend::Lc100, 116, Some(TreesForest)),
            (Legend::Lc100, 124, Some(TreesForest)),
            (Legend::Lc100, 117, None),
            (Legend::Lc100, 200, Some(WaterSea)),
            (Legend::Lc100, 0, None),
            (Legend::GlobeLand30, 10, Some(OpenRural)),
            (Legend::GlobeLand30, 80, Some(Urban)),
            (Legend::Clcd, 2, Some(TreesForest)),
            (Legend::Clcd, 8, Some(Urban)),
            (Legend::Clcd, 10, None),
            (Legend::Esri, 7, Some(Urban)),
            (Legend::Esri, 10, None),
            (Legend::Own, 10, None),
            (Legend::Heights, 10, None),
        ] {
            assert_eq!(legend.kind(class), kind, "{legend} {class}");
        }
        assert_eq!(ClassMeaning::parse("dense-urban"), Some(ClassMeaning::Kind(ClutterKind::DenseUrban)));
        assert_eq!(ClassMeaning::parse("12.5"), Some(ClassMeaning::Metres(12.5)));
        assert_eq!(ClassMeaning::parse("-1"), None);
        assert_eq!(ClassMeaning::parse("woods"), None);
    }
}
