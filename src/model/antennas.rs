//! Antennas as their makers measured them: two cuts through a pattern.

/// What a pattern file holds.
#[derive(Clone, Debug, PartialEq)]
pub struct AntennaFile {
    /// Model, as the file names it; its file name's stem where it doesn't.
    pub name: String,
    /// Stem of the file's name.
    pub stem: String,
    /// Frequencies that it was measured for, MHz.
    pub freq_mhz: Option<[f64; 2]>,
    /// Peak gain, dBi.
    pub gain_dbi: Option<f64>,
    /// Attenuation around the horizon, dB: the first towards the front, then clockwise in equal steps.
    pub horizontal_db: Vec<f32>,
    /// Attenuation in the vertical plane, dB: the first towards the front, then downwards, over the back, in
    /// equal steps.
    pub vertical_db: Vec<f32>,
}

impl AntennaFile {
    /// The words that name it, as [`plain`] has them: its model, its file with and without the ending.
    pub fn words(&self) -> impl Iterator<Item = String> {
        let stem = plain(&self.stem);
        [plain(&self.name), format!("{stem}.msi"), format!("{stem}.pln"), stem].into_iter()
    }
}

/// A name to compare by: without case and blanks around it.
#[must_use]
pub fn plain(word: &str) -> String {
    word.trim().to_lowercase()
}
