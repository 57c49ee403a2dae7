//! Drive tests: what terminals outdoors met near the towers.
//!
//! Levels follow the scenario of TR 38.901 that the density of towers makes a place, the one that scores are
//! made with: each mast is in line of sight or not by its probability there, and fades by the σ of that
//! state, half of it common to all masts. A terminal takes the best cell that it happens to find, and the
//! ground takes [`GROUND_DB`] more than the model says. So the tests spread about a prediction as real ones
//! do, are off it by a few dB, and aren't it.

use super::cells::Tower;
use super::draw::{Draw, Tag, step};
use crate::geom::{LonLat, azimuth_deg};
use crate::index::{Hit, PointIndex};
use crate::model::kinds::{CellKind, Rat};
use crate::model::operators::Operators;
use crate::model::records::{Cell, Cells, Measurement, Origin};
use crate::model::settings::{RadioSettings, Settings};
use crate::model::text::Known;
use crate::radio::antenna::{Pattern, Pointing, SectorPattern};
use crate::radio::tr38901::{Scenario, Suburb, Surroundings};
use crate::units::{Metres, Mhz};

/// Loss of houses, trees and vehicles near the terminal that the scenarios don't know, dB.
const GROUND_DB: f64 = 3.0;
/// Ports from which a panel steers its beams.
const STEERED_FROM: u8 = 16;
/// Noise in a resource element of 30 kHz at the terminal, dBm.
const NOISE_DBM: f64 = -117.0;

/// Tests near towers that are drawn from all.
pub(super) fn measurements(
    towers: &[Tower],
    cells: &Cells,
    operators: &Operators,
    count: usize,
    seed: u64,
) -> Vec<Measurement> {
    let mut all = Vec::new();
    let Ok(settings) = Settings::with(&toml::Table::new()) else { return all };
    if towers.is_empty() {
        return all;
    }
    let radio = &settings.radio;
    // Indoor systems stand by themselves, and count as places like towers.
    let lonely = cells.list.iter().filter(|c| !c.tower.is_some()).map(|c| c.at);
    let places = PointIndex::new(&towers.iter().map(|t| t.at).chain(lonely).collect::<Vec<_>>());
    let mut near: Vec<Hit> = Vec::new();
    for i in 0..count as u64 * 3 {
        if all.len() == count {
            break;
        }
        let mut d = Draw::of(seed, Tag::Measurements, i);
        let pick = d.below(towers.len());
        let at = {
            let metres = d.log_between(40.0, 1_800.0);
            d.around(towers[pick].at, metres)
        };
        let nr_cells = |t: &Tower| {
            let first = t.first_cell as usize;
            let of = (first..first + t.cells as usize).filter_map(|i| cells.list.get(i));
            of.filter(|c| c.rat == Rat::Nr && c.is_on_air()).collect::<Vec<_>>()
        };
        let Some(lead) = nr_cells(&towers[pick]).first().copied() else { continue };
        let network = operators.network(lead.operator);
        let place = Setting::at(&places, at, radio);
        let mut fading = Draw::of(seed, Tag::Fading, i);
        let common = fading.normal();
        let mut levels: Vec<(f64, Cell)> = Vec::new();
        places.within(at, radio.search_radius_m, &mut near);
        for hit in &near {
            let Some(tower) = towers.get(hit.index as usize) else { continue };
            // One mast, one path: its cells are in sight or not, and fade, together.
            let path = Path {
                at,
                distance_m: hit.distance_m.max(10.0),
                luck: fading.unit(),
                fade: std::f64::consts::FRAC_1_SQRT_2 * (common + fading.normal()),
            };
            let own = nr_cells(tower).into_iter().filter(|c| operators.network(c.operator) == network);
            levels.extend(own.filter_map(|c| Some((path.level_dbm(&c, place, radio)?, c))));
        }
        levels.sort_by(|a, b| b.0.total_cmp(&a.0));
        let Some(&(rsrp, server)) = levels.first() else { continue };
        let noise_mw = 10f64.powf(NOISE_DBM / 10.0);
        let co_channel = levels[1..].iter().filter(|l| l.1.freq_mhz == server.freq_mhz);
        let others: f64 = co_channel.map(|l| 10f64.powf(l.0 / 10.0) * 0.3).sum();
        let sinr = (10f64.powf(rsrp / 10.0) / (noise_mw + others)).log10() * 10.0;
        let sinr = sinr.clamp(-12.0, 32.0);
        let bits =
            |share: f64, alpha: f64, mhz: f64| share * alpha * mhz * (1.0 + 10f64.powf(sinr / 10.0)).log2();
        let width = server.bw_mhz.or(100.0);
        let dl = step(bits(0.7, 0.9, width) * d.between(0.5, 1.0), 0.1);
        let ul = step(bits(0.2, 0.5, width) * d.between(0.2, 0.8), 0.1);
        let n = all.len() as u32 + 1;
        all.push(Measurement {
            at,
            operator: lead.operator,
            rat: Rat::Nr,
            ss_rsrp_dbm: Known::new(step(rsrp.clamp(-140.0, -44.0), 0.1) as f32),
            ss_sinr_db: Known::new(step(sinr, 0.1) as f32),
            dl_mbps: Known::from_f64(d.known(0.5, dl)),
            ul_mbps: Known::from_f64(d.known(0.5, ul)),
            time: Some(format!(
                "2026-{:02}-{:02}T{:02}:{:02}:00+08:00",
                d.whole(6, 9),
                d.whole(1, 28),
                d.whole(8, 18),
                d.whole(0, 59)
            )),
            indoor: Some(false),
            origin: Origin { file: 0, row: n + 1 },
        });
    }
    all
}

/// What a place is built like, told by the towers around it.
#[derive(Clone, Copy)]
enum Setting {
    Urban,
    Suburban,
    Rural,
}

impl Setting {
    fn at(places: &PointIndex, at: LonLat, radio: &RadioSettings) -> Self {
        let km2 = std::f64::consts::PI * (radio.urban_radius_m / 1e3).powi(2);
        let density = places.count_within(at, radio.urban_radius_m) as f64 / km2;
        if density >= radio.urban_towers_per_km2 {
            Self::Urban
        } else if density >= radio.rural_towers_per_km2 {
            Self::Suburban
        } else {
            Self::Rural
        }
    }

    fn scenario(self, cell: &Cell, height_m: f64) -> Scenario {
        match self {
            _ if cell.kind == Some(CellKind::Micro) || height_m < 10.0 => Scenario::Umi,
            Self::Urban => Scenario::Uma,
            Self::Suburban => Scenario::Sma(Suburb::TYPICAL),
            Self::Rural => Scenario::Rma(Surroundings::RURAL),
        }
    }
}

/// The way from a mast to a terminal.
struct Path {
    at: LonLat,
    distance_m: f64,
    /// Uniform in 0..1: in line of sight where it is below the probability of that.
    luck: f64,
    /// Shadow fading in units of its σ.
    fade: f64,
}

impl Path {
    /// SS-RSRP of a cell, dBm; none where the scenario doesn't know such a cell.
    fn level_dbm(&self, cell: &Cell, place: Setting, radio: &RadioSettings) -> Option<f64> {
        let (mhz, height_m) = (cell.freq_mhz.or(3500.0), cell.height_m.or(30.0));
        let scenario = place.scenario(cell, height_m);
        let loss = scenario.prepare(Mhz(mhz), Metres(height_m), Metres(radio.ue_height_m)).ok()?;
        let states = loss.states(self.distance_m);
        let (median_db, sigma_db) = if self.luck < states.p_los {
            (states.los_db, states.sigma_los_db)
        } else {
            (states.nlos_db, states.sigma_nlos_db)
        };
        // 12 subcarriers a resource block; blocks of 0.36 MHz (30 kHz) from 40 MHz on, of 0.18 MHz below.
        let width = cell.bw_mhz.or(100.0);
        let blocks = if width >= 40.0 { width * 2.73 } else { width * 5.33 };
        let epre = cell.power_dbm.or(53.0) - 10.0 * (12.0 * blocks).log10();
        let gain_dbi = cell.gain_ssb_dbi.or(17.0);
        let panel =
            if cell.ports >= STEERED_FROM { SectorPattern::ELEMENT } else { SectorPattern::panel(gain_dbi) };
        let pointing = Pointing {
            azimuth_deg: cell.azimuth_deg.or(0.0),
            electrical_tilt_deg: cell.tilt_deg.or(0.0),
            mechanical_tilt_deg: 0.0,
        };
        let elevation_deg = -((height_m - radio.ue_height_m) / self.distance_m).atan().to_degrees();
        let off =
            Pattern::Sector(panel).relative_gain(&pointing, azimuth_deg(cell.at, self.at), elevation_deg);
        Some(epre + gain_dbi + off.get() - median_db - sigma_db * self.fade - GROUND_DB)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::demo;

    /// A level along one path is the link budget by hand: 53 dBm over 3,276 elements, 18 dBi, at boresight.
    #[test]
    fn a_level_by_hand() {
        let inputs = demo();
        let mut cell = inputs.cells.list.get(0).unwrap();
        cell.kind = Some(CellKind::Macro);
        cell.freq_mhz = Known::new(3500.0);
        cell.bw_mhz = Known::new(100.0);
        cell.power_dbm = Known::new(53.0);
        cell.gain_ssb_dbi = Known::new(18.0);
        cell.ports = 64;
        cell.height_m = Known::new(35.0);
        cell.tilt_deg = Known::new(0.0);
        let radio = Settings::with(&toml::Table::new()).unwrap().radio;
        let at = crate::synth::draw::polar(cell.at, 1_000.0, 0.0);
        cell.azimuth_deg = Known::from_f64(Some(azimuth_deg(cell.at, at)));
        let level = |luck| {
            let path = Path { at, distance_m: 1_000.0, luck, fade: 0.0 };
            path.level_dbm(&cell, Setting::Rural, &radio).unwrap()
        };
        let loss = Setting::Rural.scenario(&cell, 35.0);
        let states = loss.prepare(Mhz(3500.0), Metres(35.0), Metres(1.5)).unwrap().states(1_000.0);
        // 17.8 dBm an element and 18 dBi; 1.9° off the beam's axis cost 0.01 dB.
        for (luck, loss_db) in [(0.0, states.los_db), (1.0, states.nlos_db)] {
            assert!((level(luck) - (17.85 + 18.0 - loss_db - GROUND_DB)).abs() < 0.1, "{}", level(luck));
        }
    }
}
