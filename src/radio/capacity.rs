//! SINR into rate: a bounded Shannon curve, in the downlink and for a power-limited terminal in the uplink.

use super::fast;
use super::link_budget::{SUBCARRIERS_PER_RB, thermal_noise};
use crate::units::{Db, Dbm};

/// A Shannon curve as links reach it: attenuated, cut off below, capped above (TR 36.942, Annex A.1:
/// `α·lb(1 + SINR)` between a lowest SINR and a greatest efficiency).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateCurve {
    /// Share of Shannon's bound that is reached.
    pub alpha: f64,
    /// No rate below this SINR, linear.
    pub min_sinr: f64,
    /// Efficiency of the highest modulation and coding scheme, bit/s/Hz per layer.
    pub max_bit_s_hz: f64,
}

impl RateCurve {
    /// Downlink: α 0.6 from −10 dB (TR 36.942, Table A.2) up to 30 dB (TR 38.803, 256QAM).
    pub const DOWNLINK: Self = Self { alpha: 0.6, min_sinr: 0.1, max_bit_s_hz: 5.980 };
    /// Uplink: α 0.4 from −10 dB (TR 36.942, Table A.2) up to 22 dB (TR 38.803, 64QAM).
    pub const UPLINK: Self = Self { alpha: 0.4, min_sinr: 0.1, max_bit_s_hz: 2.927 };

    /// The curve with another attenuation, its cap moved alike.
    #[must_use]
    pub fn with_alpha(self, alpha: f64) -> Self {
        Self { alpha, max_bit_s_hz: self.max_bit_s_hz * alpha / self.alpha, ..self }
    }

    /// Efficiency of one layer at a linear SINR, bit/s/Hz.
    #[inline]
    #[must_use]
    pub fn efficiency(&self, sinr: f64) -> f64 {
        if sinr < self.min_sinr {
            return 0.0;
        }
        (self.alpha * std::f64::consts::LOG2_E * fast::ln(1.0 + sinr)).min(self.max_bit_s_hz)
    }

    /// Efficiency with up to `layers` layers that share the power, at the rank that gives most: rank *r*
    /// gives *r* layers at SINR/*r*. Independent layers of equal strength are an optimistic limit; the
    /// curve's α is the margin for it.
    #[inline]
    #[must_use]
    pub fn efficiency_layered(&self, sinr: f64, layers: u32) -> f64 {
        let mut best = self.efficiency(sinr);
        for rank in 2..=layers {
            best = best.max(f64::from(rank) * self.efficiency(sinr / f64::from(rank)));
        }
        best
    }
}

impl RateCurve {
    /// [`efficiency_layered`](Self::efficiency_layered) of many SINRs at once, in single precision.
    #[inline]
    #[must_use]
    pub fn efficiencies<const M: usize>(&self, sinr: &[f32; M], layers: u32) -> [f32; M] {
        let scale = (self.alpha * std::f64::consts::LOG2_E) as f32;
        let (lowest, cap) = (self.min_sinr as f32, self.max_bit_s_hz as f32);
        let mut best = [0.0f32; M];
        for rank in 1..=layers.max(1) {
            let (rank, share) = (rank as f32, 1.0 / rank as f32);
            for (best, sinr) in best.iter_mut().zip(sinr) {
                let sinr = sinr * share;
                let rate = scale * fast::ln_f32(1.0 + sinr);
                let rate = rank * if rate < cap { rate } else { cap };
                let rate = if sinr < lowest { 0.0 } else { rate };
                *best = if rate > *best { rate } else { *best };
            }
        }
        best
    }
}

/// Frequency and time that a cell has for data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resources {
    /// Resource blocks.
    pub resource_blocks: u32,
    /// Subcarrier spacing, kHz.
    pub scs_khz: u32,
    /// Share of time for the downlink: 1 in FDD.
    pub dl_share: f64,
    /// Share of time for the uplink: 1 in FDD.
    pub ul_share: f64,
}

impl Resources {
    /// Width of a resource block, Hz.
    #[must_use]
    pub fn block_hz(&self) -> f64 {
        SUBCARRIERS_PER_RB * f64::from(self.scs_khz) * 1e3
    }

    /// Shares of time that a terminal has for the downlink and the uplink.
    #[must_use]
    pub fn shares_for(&self, terminal: &Terminal) -> (f64, f64) {
        match terminal.listening_share {
            Some(share) if self.dl_share + self.ul_share > 1.0 => {
                (self.dl_share * share, self.ul_share * (1.0 - share))
            }
            _ => (self.dl_share, self.ul_share),
        }
    }

    /// Resource blocks that a terminal limited to `max_bandwidth_mhz` can use.
    #[must_use]
    pub fn blocks_for(&self, max_bandwidth_mhz: f64) -> u32 {
        // About a twentieth of a channel is guard band.
        let fit = (max_bandwidth_mhz * 1e6 * 0.95 / self.block_hz()).floor();
        if fit >= f64::from(self.resource_blocks) { self.resource_blocks } else { (fit as u32).max(1) }
    }
}

/// What a terminal can do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Terminal {
    /// Transmit power, dBm.
    pub power_dbm: f64,
    /// Noise figure, dB.
    pub noise_figure_db: f64,
    /// Layers that it receives at most.
    pub dl_layers: u32,
    /// Widest channel that it uses, MHz.
    pub max_bandwidth_mhz: f64,
    /// Share of time that it receives, if it can't send meanwhile; the rest it sends. TDD carriers share their
    /// time out themselves.
    pub listening_share: Option<f64>,
}

impl Terminal {
    /// An ordinary terminal of power class 3 with two layers.
    pub const HANDSET: Self = Self {
        power_dbm: 23.0,
        noise_figure_db: 8.0,
        dl_layers: 2,
        max_bandwidth_mhz: 400.0,
        listening_share: None,
    };
    /// RedCap (TS 38.101-1, Rel-17, FR1) with one receive antenna: 20 MHz, one layer.
    pub const REDCAP: Self = Self {
        power_dbm: 23.0,
        noise_figure_db: 8.0,
        dl_layers: 1,
        max_bandwidth_mhz: 20.0,
        listening_share: None,
    };
}

/// Downlink resources that a terminal can use, MHz of continuous transmission: bandwidth times share of time.
#[must_use]
pub fn downlink_mhz(cell: &Resources, terminal: &Terminal) -> f64 {
    f64::from(cell.blocks_for(terminal.max_bandwidth_mhz)) * cell.block_hz() * cell.shares_for(terminal).0
        / 1e6
}

/// Downlink rate at a linear SINR over all resources of a cell, Mbit/s.
#[must_use]
pub fn downlink_mbps(curve: &RateCurve, cell: &Resources, terminal: &Terminal, sinr: f64) -> f64 {
    downlink_mhz(cell, terminal) * curve.efficiency_layered(sinr, terminal.dl_layers)
}

/// What a power-limited terminal gets through.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Uplink {
    /// Rate, Mbit/s.
    pub mbps: f64,
    /// Resource blocks used.
    pub blocks: u32,
    /// SINR on each of them, linear.
    pub sinr: f64,
}

/// Uplink rate when the terminal's whole power on one resource block would have the linear SINR
/// `one_block` at the base station.
///
/// The terminal spreads its power over the blocks that it uses. Rate grows with the number of blocks as
/// long as each stays above the curve's lowest SINR, so that number is as large as the power allows.
#[must_use]
pub fn uplink(curve: &RateCurve, cell: &Resources, terminal: &Terminal, one_block: f64) -> Uplink {
    let affordable = (one_block / curve.min_sinr).floor();
    let most = cell.blocks_for(terminal.max_bandwidth_mhz);
    let blocks = if affordable >= f64::from(most) { most } else { affordable as u32 };
    if blocks == 0 {
        return Uplink { mbps: 0.0, blocks: 0, sinr: one_block };
    }
    // Rounding must not push a block below the lowest SINR that it was counted with.
    let sinr = (one_block / f64::from(blocks)).max(curve.min_sinr);
    let bit_s = f64::from(blocks) * cell.block_hz() * cell.shares_for(terminal).1 * curve.efficiency(sinr);
    Uplink { mbps: bit_s / 1e6, blocks, sinr }
}

/// Rates of [`uplink`] at many SINRs at once, Mbit/s, in single precision.
#[inline]
#[must_use]
pub fn uplink_rates<const M: usize>(
    curve: &RateCurve,
    cell: &Resources,
    terminal: &Terminal,
    one_block: &[f32; M],
) -> [f32; M] {
    let (scale, cap) = ((curve.alpha * std::f64::consts::LOG2_E) as f32, curve.max_bit_s_hz as f32);
    let (lowest, most) = (curve.min_sinr as f32, cell.blocks_for(terminal.max_bandwidth_mhz) as f32);
    let mbps_per_bit = (cell.block_hz() * cell.shares_for(terminal).1 / 1e6) as f32;
    let mut rates = [0.0f32; M];
    for (mbps, one_block) in rates.iter_mut().zip(one_block) {
        let affordable = one_block * (1.0 / lowest);
        let affordable = if affordable < most { affordable } else { most };
        let near = fast::round_f32(affordable);
        let blocks = if near > affordable { near - 1.0 } else { near };
        let sinr = one_block / if blocks > 1.0 { blocks } else { 1.0 };
        let sinr = if sinr > lowest { sinr } else { lowest };
        let rate = scale * fast::ln_f32(1.0 + sinr);
        *mbps = blocks * mbps_per_bit * if rate < cap { rate } else { cap };
    }
    rates
}

/// Noise plus interference per resource block at a base station: thermal noise lifted by the noise rise
/// that a load η of neighbouring uplinks causes, 1/(1 − η/2), half of the neighbours' power arriving.
#[must_use]
pub fn uplink_noise_per_block(cell: &Resources, noise_figure: Db, neighbour_load: f64) -> Dbm {
    let rise = 1.0 / (1.0 - 0.5 * neighbour_load.clamp(0.0, 0.99));
    thermal_noise(cell.block_hz(), noise_figure) + Db::from_linear(rise)
}

/// Shares of downlink and uplink time in a TDD frame written as slots, `DDDSU` or `7D1S2U` or `7:3`; a
/// special slot counts as 10:2:2 symbols. None when it isn't such a text.
#[must_use]
pub fn tdd_shares(frame: &str) -> Option<(f64, f64)> {
    let text = frame.trim().to_ascii_uppercase();
    if let Some((down, up)) = text.split_once(':') {
        let (down, up): (f64, f64) = (down.trim().parse().ok()?, up.trim().parse().ok()?);
        return (down >= 0.0 && up >= 0.0 && down + up > 0.0).then(|| (down / (down + up), up / (down + up)));
    }
    let (mut down, mut up, mut slots, mut count) = (0.0, 0.0, 0.0, None::<u32>);
    for c in text.chars().filter(|c| !c.is_whitespace()) {
        if let Some(digit) = c.to_digit(10) {
            count = Some(count.unwrap_or(0).checked_mul(10)?.checked_add(digit)?);
            continue;
        }
        let n = f64::from(count.take().unwrap_or(1));
        match c {
            'D' => down += n,
            'U' => up += n,
            'S' => {
                down += n * 10.0 / 14.0;
                up += n * 2.0 / 14.0;
            }
            _ => return None,
        }
        slots += n;
    }
    (slots > 0.0 && count.is_none()).then(|| (down / slots, up / slots))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CELL: Resources = Resources { resource_blocks: 273, scs_khz: 30, dl_share: 0.74, ul_share: 0.23 };

    #[test]
    fn curve_by_hand() {
        let c = RateCurve::DOWNLINK;
        assert_eq!(c.efficiency(0.099), 0.0);
        assert!((c.efficiency(1.0) - 0.6).abs() < 1e-12);
        assert!((c.efficiency(1e3) - c.max_bit_s_hz).abs() < 1e-3);
        assert_eq!(c.efficiency(1e6), c.max_bit_s_hz);
        assert!((RateCurve::UPLINK.efficiency(Db(22.0).linear()) - 2.927).abs() < 1e-3);
        // Two layers at 3 dB less each beat one from some SINR on, and never lose.
        assert!(c.efficiency_layered(100.0, 2) > c.efficiency(100.0));
        assert_eq!(c.efficiency_layered(0.15, 2), c.efficiency(0.15));
    }

    #[test]
    fn redcap_is_slower() {
        let rate = |t: &Terminal| downlink_mbps(&RateCurve::DOWNLINK, &CELL, t, 1e3);
        // 20 MHz, one layer, 256QAM: of the order of the 85 Mbit/s quoted for RedCap in a TDD carrier.
        assert!((70.0..95.0).contains(&rate(&Terminal::REDCAP)), "{}", rate(&Terminal::REDCAP));
        assert!(rate(&Terminal::HANDSET) > 500.0);
    }

    /// 20 MHz of 15 kHz blocks: 95 % of it are 105 blocks of 180 kHz, 18.9 MHz. In FDD a half-duplex terminal
    /// has half of that time each way; in TDD the frame stays.
    #[test]
    fn half_duplex_by_hand() {
        let half = Terminal { listening_share: Some(0.5), ..Terminal::REDCAP };
        let fdd = Resources { resource_blocks: 160, scs_khz: 15, dl_share: 1.0, ul_share: 1.0 };
        let down = |t: &Terminal, cell: &Resources| downlink_mbps(&RateCurve::DOWNLINK, cell, t, 1e6);
        assert!((down(&Terminal::REDCAP, &fdd) - 18.9 * 5.98).abs() < 1e-9);
        assert!((down(&half, &fdd) - 9.45 * 5.98).abs() < 1e-9);
        assert_eq!(down(&half, &CELL), down(&Terminal::REDCAP, &CELL));
        let up = |t: &Terminal, cell: &Resources| uplink(&RateCurve::UPLINK, cell, t, 1e6).mbps;
        assert!((up(&half, &fdd) - 9.45 * 2.927).abs() < 1e-9);
        assert_eq!(up(&half, &CELL), up(&Terminal::REDCAP, &CELL));
        let many = uplink_rates(&RateCurve::UPLINK, &fdd, &half, &[1e6f32; 4]);
        assert!((f64::from(many[0]) - 9.45 * 2.927).abs() < 1e-3);
        let third = Terminal { listening_share: Some(0.3), ..half };
        assert!((down(&third, &fdd) / down(&half, &fdd) - 0.6).abs() < 1e-12);
        assert!((up(&third, &fdd) / up(&half, &fdd) - 1.4).abs() < 1e-12);
    }

    #[test]
    fn uplink_spends_its_power_well() {
        let noise = uplink_noise_per_block(&CELL, Db(3.5), 0.0);
        let at = |received: f64| {
            uplink(&RateCurve::UPLINK, &CELL, &Terminal::HANDSET, (Dbm(received) - noise).linear())
        };
        let mut last = 0.0;
        for received in [-140.0, -130.0, -120.0, -110.0, -100.0, -90.0, -70.0] {
            let link = at(received);
            assert!(link.mbps >= last);
            last = link.mbps;
            if link.blocks > 0 {
                // No other number of blocks gives more.
                let one = (Dbm(received) - noise).linear();
                for n in 1..=273u32 {
                    let rate = f64::from(n) * CELL.block_hz() * 0.23 / 1e6
                        * RateCurve::UPLINK.efficiency(one / f64::from(n));
                    assert!(
                        rate <= link.mbps * (1.0 + 1e-9),
                        "{n} blocks beat {} at {received}",
                        link.blocks
                    );
                }
            }
        }
        assert_eq!(at(-140.0).blocks, 0);
        assert_eq!(at(-70.0).blocks, 273);
    }

    /// Many at once are each by itself, but for the last digits of single precision.
    #[test]
    fn many_at_once_are_each_by_itself() {
        let sinr: [f32; 24] = std::array::from_fn(|i| Db(-13.3 + 2.1 * i as f64).linear() as f32);
        for layers in [1, 2, 4] {
            let many = RateCurve::DOWNLINK.efficiencies(&sinr, layers);
            for (got, sinr) in many.iter().zip(sinr) {
                let want = RateCurve::DOWNLINK.efficiency_layered(f64::from(sinr), layers);
                assert!((f64::from(*got) - want).abs() < 1e-5, "{layers} layers at {sinr}: {got} {want}");
            }
        }
        let many = uplink_rates(&RateCurve::UPLINK, &CELL, &Terminal::HANDSET, &sinr);
        for (got, sinr) in many.iter().zip(sinr) {
            let want = uplink(&RateCurve::UPLINK, &CELL, &Terminal::HANDSET, f64::from(sinr)).mbps;
            assert!((f64::from(*got) - want).abs() < 1e-4 * want.max(1.0), "at {sinr}: {got} {want}");
        }
    }

    #[test]
    fn frames() {
        let near = |frame: &str, dl: f64, ul: f64| {
            let (d, u) = tdd_shares(frame).unwrap();
            assert!((d - dl).abs() < 1e-9 && (u - ul).abs() < 1e-9, "{frame} {d} {u}");
        };
        near("DDDSU", (3.0 + 10.0 / 14.0) / 5.0, (1.0 + 2.0 / 14.0) / 5.0);
        near("7D1S2U", (7.0 + 10.0 / 14.0) / 10.0, (2.0 + 2.0 / 14.0) / 10.0);
        near("7:3", 0.7, 0.3);
        for bad in ["", "7", "DDX", "0:0", "-1:2", "9999999999D"] {
            assert_eq!(tdd_shares(bad), None, "{bad}");
        }
    }
}
