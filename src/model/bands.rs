//! Frequencies of bands and channel numbers.

/// Middle of the downlink, MHz, of the bands that planners name: NR bands of 3GPP TS 38.104 (V18) tables
/// 5.2-1 and 5.2-2, LTE bands of TS 36.104 table 5.5-1.
const BANDS: &[(&str, f64)] = &[
    ("n1", 2140.0),
    ("n2", 1960.0),
    ("n3", 1842.5),
    ("n5", 881.5),
    ("n7", 2655.0),
    ("n8", 942.5),
    ("n20", 806.0),
    ("n28", 780.5),
    ("n34", 2017.5),
    ("n38", 2595.0),
    ("n39", 1900.0),
    ("n40", 2350.0),
    ("n41", 2593.0),
    ("n48", 3625.0),
    ("n66", 2155.0),
    ("n71", 634.5),
    ("n77", 3750.0),
    ("n78", 3550.0),
    ("n79", 4700.0),
    ("n104", 6775.0),
    ("n257", 28_000.0),
    ("n258", 25_875.0),
    ("n260", 38_500.0),
    ("n261", 27_925.0),
    ("b1", 2140.0),
    ("b2", 1960.0),
    ("b3", 1842.5),
    ("b4", 2132.5),
    ("b5", 881.5),
    ("b7", 2655.0),
    ("b8", 942.5),
    ("b20", 806.0),
    ("b28", 780.5),
    ("b34", 2017.5),
    ("b38", 2595.0),
    ("b39", 1900.0),
    ("b40", 2350.0),
    ("b41", 2593.0),
    ("b66", 2155.0),
];

/// Middle of the downlink of a band such as `n78` or `B3`, MHz.
#[must_use]
pub fn band_mhz(name: &str) -> Option<f64> {
    let name = name.trim().to_lowercase();
    let name = name.strip_prefix("band").map_or_else(|| name.clone(), |n| format!("b{}", n.trim()));
    BANDS.iter().find(|(n, _)| *n == name).map(|(_, f)| *f)
}

/// The frequency of an NR channel number, MHz: the global frequency raster of 3GPP TS 38.104 (V18),
/// 5.4.2.1 and table 5.4.2.1-1, `F = F_offs + dF (N - N_offs)`.
///
/// # Example
/// ```
/// use covplan::model::bands::nrarfcn_mhz;
/// assert_eq!(nrarfcn_mhz(633_984), Some(3509.76));
/// assert_eq!(nrarfcn_mhz(513_000), Some(2565.0));
/// ```
#[must_use]
pub fn nrarfcn_mhz(number: u32) -> Option<f64> {
    let n = f64::from(number);
    match number {
        0..600_000 => Some(0.005 * n),
        600_000..2_016_667 => Some(3000.0 + 0.015 * (n - 600_000.0)),
        2_016_667..=3_279_165 => Some(24_250.08 + 0.06 * (n - 2_016_667.0)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ends of the raster ranges and of bands n78 and n258 (TS 38.104 table 5.4.2.3-1).
    #[test]
    fn channel_numbers() {
        for (n, mhz) in [
            (620_000, 3300.0),
            (653_333, 3799.995),
            (2_016_667, 24_250.08),
            (2_070_832, 27_499.98),
            (3_279_165, 99_999.96),
        ] {
            assert!((nrarfcn_mhz(n).unwrap() - mhz).abs() < 1e-6, "{n}");
        }
        assert_eq!(nrarfcn_mhz(3_279_166), None);
        assert_eq!(band_mhz("Band 3"), Some(1842.5));
        assert_eq!(band_mhz("n999"), None);
    }
}
