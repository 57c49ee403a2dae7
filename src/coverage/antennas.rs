//! Which pattern a cell radiates with, and where that points: one rule for scores and maps.
//!
//! A cell whose `antenna` a file of the `antennas` layer describes has the pattern measured there. Without
//! one, panels with 16 and more ports steer their beams: the element's pattern is the envelope; passive panels
//! have the width that their gain leaves. Without an azimuth a cell is taken to radiate all around, without a
//! tilt the vertical part of a formula is left out, and a measured pattern keeps its own.

use super::fill::Filled;
use crate::model::inputs::Inputs;
use crate::model::text::Text;
use crate::radio::antenna::{Cuts, Pattern, Pointing, SectorPattern};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Ports from which a panel steers its beams.
const STEERED_FROM: u32 = 16;

/// A measured antenna.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// As it is.
    pub cuts: Arc<Cuts>,
    /// All around alike.
    pub round: Arc<Cuts>,
    /// Peak gain, dBi.
    pub gain_dbi: Option<f64>,
}

/// The measured antennas of a run, by the words that cells have for them.
#[derive(Clone, Debug, Default)]
pub struct Antennas {
    list: Vec<Measured>,
    /// Files by name and stem in lower case.
    named: FxHashMap<String, u16>,
}

impl Antennas {
    /// Those of the inputs; of files with one name the first counts.
    #[must_use]
    pub fn new(inputs: &Inputs) -> Self {
        let mut all = Self::default();
        for file in &inputs.antennas {
            let Some(cuts) = Cuts::new(&file.horizontal_db, &file.vertical_db) else { continue };
            let Ok(number) = u16::try_from(all.list.len()) else { break };
            let round = Arc::new(cuts.round());
            all.list.push(Measured { cuts: Arc::new(cuts), round, gain_dbi: file.gain_dbi });
            for word in file.words() {
                all.named.entry(word).or_insert(number);
            }
        }
        all
    }

    /// The number of the antenna that a cell's word names.
    #[must_use]
    pub fn number(&self, inputs: &Inputs, word: Text) -> Option<u16> {
        if self.list.is_empty() || !word.is_some() {
            return None;
        }
        self.named.get(&crate::model::antennas::plain(inputs.cells.text.get(word))).copied()
    }

    /// An antenna.
    #[must_use]
    pub fn get(&self, number: u16) -> Option<&Measured> {
        self.list.get(usize::from(number))
    }
}

/// What tells the patterns of two cells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PatternKey {
    /// A measured antenna, by number.
    Measured(u16),
    /// A panel that steers its beams.
    Steered,
    /// A passive panel, by the bits of its gain.
    Panel(u64),
}

impl PatternKey {
    /// Of a cell.
    #[must_use]
    pub fn of(f: &Filled) -> Self {
        match f.antenna {
            Some(number) => Self::Measured(number),
            None if f.ports >= STEERED_FROM => Self::Steered,
            None => Self::Panel(f.gain_ssb_dbi.to_bits()),
        }
    }

    /// The four patterns of it: by azimuth known (+2) and tilt known (+1).
    #[must_use]
    pub fn patterns(self, antennas: &Antennas) -> [Pattern; 4] {
        let panel = match self {
            Self::Measured(number) => match antennas.get(number) {
                Some(m) => {
                    let (round, cuts) = (|| Pattern::Cuts(m.round.clone()), || Pattern::Cuts(m.cuts.clone()));
                    return [round(), round(), cuts(), cuts()];
                }
                None => SectorPattern::ELEMENT,
            },
            Self::Steered => SectorPattern::ELEMENT,
            Self::Panel(gain) => SectorPattern::panel(f64::from_bits(gain)),
        };
        let flat = SectorPattern { vertical_deg: f64::INFINITY, ..panel };
        let around = Pattern::Collinear { vertical_deg: panel.vertical_deg, floor_db: panel.side_lobe_db };
        [Pattern::Omni, around, Pattern::Sector(flat), Pattern::Sector(panel)]
    }
}

/// Which of [`PatternKey::patterns`] a cell has.
#[must_use]
pub fn variant(azimuth_deg: Option<f64>, tilt_deg: Option<f64>) -> u16 {
    2 * u16::from(azimuth_deg.is_some()) + u16::from(tilt_deg.is_some())
}

/// Where a cell points: the electrical part of its tilt is what the mechanical one leaves of it; without a
/// tilt, that of the antenna itself (0 for formulas).
#[must_use]
pub fn pointing(
    azimuth_deg: Option<f64>,
    tilt_deg: Option<f64>,
    mtilt_deg: Option<f64>,
    own_deg: f64,
) -> Pointing {
    let mechanical_tilt_deg = mtilt_deg.filter(|_| tilt_deg.is_some()).unwrap_or(0.0);
    Pointing {
        azimuth_deg: azimuth_deg.unwrap_or(0.0),
        electrical_tilt_deg: tilt_deg.map_or(own_deg, |tilt| tilt - mechanical_tilt_deg),
        mechanical_tilt_deg,
    }
}
