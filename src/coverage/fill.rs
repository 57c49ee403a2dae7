//! What the cells layer leaves open, from the catalogue; every value taken from there is flagged.

use super::antennas::Antennas;
use crate::model::inputs::Inputs;
use crate::model::kinds::{CellKind, Rat};
use crate::model::records::{Assumed, Cell};
use crate::model::settings::{Carrier, RadioSettings};
use crate::radio::capacity::Resources;
use crate::radio::link_budget::Grid;
use crate::units::Mhz;

/// A cell with every parameter that the radio computation needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Filled {
    /// Sort of station; macro when the layer doesn't tell.
    pub kind: CellKind,
    /// Carrier frequency, MHz.
    pub freq_mhz: f64,
    /// Bandwidth, MHz.
    pub bw_mhz: f64,
    /// Subcarrier spacing, kHz.
    pub scs_khz: u32,
    /// Resource blocks in that bandwidth.
    pub resource_blocks: u32,
    /// Time-division duplex.
    pub tdd: bool,
    /// Antenna height above ground, metres.
    pub height_m: f64,
    /// Azimuth of the sector, degrees; `None` for an omnidirectional cell.
    pub azimuth_deg: Option<f64>,
    /// Downtilt, degrees; `None` when unknown.
    pub tilt_deg: Option<f64>,
    /// The mechanical part of it, degrees, where it is told apart.
    pub mtilt_deg: Option<f64>,
    /// Number of the measured antenna among the run's.
    pub antenna: Option<u16>,
    /// Tilt of that antenna by itself, degrees; 0 for formulas.
    pub antenna_tilt_deg: f64,
    /// Carrier power, dBm.
    pub power_dbm: f64,
    /// Energy per resource element of the synchronisation signals, dBm.
    pub epre_dbm: f64,
    /// Gain of the SSB beam, dBi.
    pub gain_ssb_dbi: f64,
    /// Gain of the traffic beam, dBi.
    pub gain_traffic_dbi: f64,
    /// PRB utilisation, 0–1.
    pub load: f64,
    /// Transmit ports.
    pub ports: u32,
    /// What came from the catalogue.
    pub assumed: Assumed,
}

/// Whether a catalogue carrier is NR's: its name starts with `n` and a digit.
#[must_use]
pub fn is_nr(name: &str) -> bool {
    name.strip_prefix('n').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// The catalogue's carriers, ready to be asked for every cell.
pub struct Catalogued<'a> {
    inputs: &'a Inputs,
    radio: &'a RadioSettings,
    antennas: Antennas,
    /// Carriers of NR, then of older systems, each with the logarithm of its frequency.
    nr: Vec<(f64, &'a Carrier)>,
    older: Vec<(f64, &'a Carrier)>,
    default_nr: Option<&'a Carrier>,
    default_older: Option<&'a Carrier>,
}

impl<'a> Catalogued<'a> {
    /// Sorts the catalogue's carriers.
    #[must_use]
    pub fn new(inputs: &'a Inputs, radio: &'a RadioSettings) -> Self {
        let of = |nr: bool| {
            let some = radio.carrier.iter().filter(|(name, _)| is_nr(name) == nr);
            some.map(|(_, c)| (c.freq_mhz.ln(), c)).collect::<Vec<_>>()
        };
        let (nr, older) = (of(true), of(false));
        let named = |name: &str, list: &[(f64, &'a Carrier)]| {
            radio.carrier.get(name).or_else(|| list.first().map(|c| c.1))
        };
        Self {
            inputs,
            antennas: Antennas::new(inputs),
            radio,
            default_nr: named(&radio.default_carrier.nr, &nr),
            default_older: named(&radio.default_carrier.lte, &older),
            nr,
            older,
        }
    }

    /// The run's measured antennas.
    #[must_use]
    pub const fn antennas(&self) -> &Antennas {
        &self.antennas
    }

    /// The catalogue's carrier that a cell is likest to: the nearest in frequency among those of its
    /// technology, or the default one.
    #[must_use]
    pub fn carrier(&self, rat: Rat, freq_mhz: Option<f64>) -> Option<&'a Carrier> {
        let (list, default) = match rat {
            Rat::Nr => (&self.nr, self.default_nr),
            _ => (&self.older, self.default_older),
        };
        let Some(f) = freq_mhz.filter(|f| *f > 0.0) else { return default };
        let off = |c: &(f64, &Carrier)| (c.0 - f.ln()).abs();
        list.iter().min_by(|a, b| off(a).total_cmp(&off(b))).map(|c| c.1).or(default)
    }

    /// A cell with its gaps filled; `None` only when the catalogue has no carrier at all.
    ///
    /// Assumed power keeps the carrier's density: a narrower cell than the catalogue's radiates less.
    /// Older systems than LTE are taken as LTE: their levels are then densities over 15 kHz, comparable
    /// with each other and with the thresholds for RSRP.
    #[must_use]
    pub fn fill(&self, cell: &Cell) -> Option<Filled> {
        let mut assumed = cell.assumed;
        let mut or = |given: Option<f64>, default: f64, bit: u16| {
            given.unwrap_or_else(|| {
                assumed.set(bit);
                default
            })
        };
        let positive = |v: Option<f64>| v.filter(|v| *v > 0.0);
        let freq = positive(cell.freq_mhz.get());
        let carrier = self.carrier(cell.rat, freq)?;
        let kind = cell.kind.unwrap_or(CellKind::Macro);
        let heights = &self.radio.height_m;
        let usual_height = match kind {
            CellKind::Macro => heights.r#macro,
            CellKind::Micro => heights.micro,
            CellKind::Indoor => heights.indoor,
        };
        let freq_mhz = or(freq, carrier.freq_mhz, Assumed::FREQ);
        let bw_mhz = or(positive(cell.bw_mhz.get()), carrier.bw_mhz, Assumed::BW);
        let height_m = or(positive(cell.height_m.get()), usual_height, Assumed::HEIGHT);
        let narrower = 10.0 * (bw_mhz / carrier.bw_mhz).log10().min(0.0);
        let power_dbm = or(cell.power_dbm.get(), carrier.power_dbm + narrower, Assumed::POWER);
        let antenna = self.antennas.number(self.inputs, cell.antenna);
        let measured = antenna.and_then(|n| self.antennas.get(n));
        // Its maker knows the gain of an antenna better than the catalogue.
        let made = measured.and_then(|m| m.gain_dbi);
        let gain_ssb_dbi = or(cell.gain_ssb_dbi.get().or(made), carrier.gain_ssb_dbi, Assumed::GAIN);
        let gain_traffic_dbi =
            or(cell.gain_traffic_dbi.get().or(made), carrier.gain_traffic_dbi, Assumed::GAIN);
        let load = or(cell.load_pct.get(), self.radio.default_load_pct, Assumed::LOAD) / 100.0;
        let azimuth_deg = cell.azimuth_deg.get();
        let tilt_deg = cell.tilt_deg.get();
        if azimuth_deg.is_none() && kind != CellKind::Indoor {
            assumed.set(Assumed::AZIMUTH);
        }
        if tilt_deg.is_none() && kind != CellKind::Indoor {
            assumed.set(Assumed::TILT);
        }
        let scs_khz = carrier.scs_khz;
        let resource_blocks = resource_blocks(cell.rat, freq_mhz, bw_mhz, scs_khz);
        let per_element = 10.0 * (12.0 * f64::from(resource_blocks)).log10();
        Some(Filled {
            kind,
            freq_mhz,
            bw_mhz,
            scs_khz,
            resource_blocks,
            tdd: carrier.tdd,
            height_m,
            azimuth_deg,
            tilt_deg,
            mtilt_deg: cell.mtilt_deg.get(),
            antenna,
            antenna_tilt_deg: measured.map_or(0.0, |m| m.cuts.tilt_deg()),
            power_dbm,
            epre_dbm: cell.ssb_epre_dbm.get().unwrap_or(power_dbm - per_element),
            gain_ssb_dbi,
            gain_traffic_dbi,
            load: load.clamp(0.0, 1.0),
            ports: if cell.ports > 0 { u32::from(cell.ports) } else { carrier.ports },
            assumed,
        })
    }
}

/// Resource blocks of a channel: of the standard's table, or where it has none of that width 95 % of the
/// band.
#[must_use]
pub fn resource_blocks(rat: Rat, freq_mhz: f64, bw_mhz: f64, scs_khz: u32) -> u32 {
    let grid = if rat == Rat::Nr { Grid::Nr(scs_khz) } else { Grid::Lte };
    grid.resource_blocks(Mhz(freq_mhz), Mhz(bw_mhz)).unwrap_or_else(|_| {
        let block_mhz = 12.0 * f64::from(grid.scs_khz()) / 1e3;
        ((0.95 * bw_mhz / block_mhz).floor() as u32).clamp(1, 1000)
    })
}

impl Filled {
    /// Frequency and time that the cell has for data.
    #[must_use]
    pub fn resources(&self, radio: &RadioSettings) -> Resources {
        let (dl_share, ul_share) =
            if self.tdd { (radio.dl_share_tdd, radio.ul_share_tdd) } else { (1.0, 1.0) };
        Resources { resource_blocks: self.resource_blocks, scs_khz: self.scs_khz, dl_share, ul_share }
    }
}
