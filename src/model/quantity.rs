//! Units as planners write them in headers and cells, and the factor to the unit that a layer stores.

/// Spellings of a stored unit's relatives: lower case, without spaces.
type Spellings = &'static [(&'static str, f64)];

/// A hectare is fifteen mu.
const MU_M2: f64 = 10_000.0 / 15.0;
const FOOT_M: f64 = 0.3048;

const CNY: Spellings = &[
    ("元", 1.0),
    ("人民币元", 1.0),
    ("cny", 1.0),
    ("rmb", 1.0),
    ("yuan", 1.0),
    ("千元", 1e3),
    ("万元", 1e4),
    ("万", 1e4),
    ("百万元", 1e6),
    ("千万元", 1e7),
    ("亿元", 1e8),
    ("亿", 1e8),
    ("mcny", 1e6),
    ("millioncny", 1e6),
];
const LENGTH: Spellings = &[
    ("m", 1.0),
    ("米", 1.0),
    ("metre", 1.0),
    ("metres", 1.0),
    ("meter", 1.0),
    ("meters", 1.0),
    ("km", 1e3),
    ("公里", 1e3),
    ("千米", 1e3),
    ("皮长公里", 1e3),
    ("沟公里", 1e3),
    ("cm", 0.01),
    ("厘米", 0.01),
    ("ft", FOOT_M),
    ("feet", FOOT_M),
    ("英尺", FOOT_M),
];
const AREA: Spellings = &[
    ("m2", 1.0),
    ("m²", 1.0),
    ("㎡", 1.0),
    ("平方米", 1.0),
    ("平米", 1.0),
    ("sqm", 1.0),
    ("亩", MU_M2),
    ("mu", MU_M2),
    ("万平方米", 1e4),
    ("公顷", 1e4),
    ("ha", 1e4),
    ("km2", 1e6),
    ("km²", 1e6),
    ("平方公里", 1e6),
];
const COUNT: Spellings = &[
    ("人", 1.0),
    ("名", 1.0),
    ("个", 1.0),
    ("台", 1.0),
    ("部", 1.0),
    ("座", 1.0),
    ("站", 1.0),
    ("架", 1.0),
    ("芯", 1.0),
    ("孔", 1.0),
    ("户", 1.0),
    ("端", 1.0),
    ("persons", 1.0),
    ("people", 1.0),
    ("千人", 1e3),
    ("千", 1e3),
    ("万人", 1e4),
    ("万", 1e4),
    ("万个", 1e4),
    ("万台", 1e4),
    ("万座", 1e4),
    ("万架", 1e4),
    ("百万", 1e6),
    ("亿", 1e8),
    ("thousand", 1e3),
    ("million", 1e6),
];
const FREQUENCY: Spellings = &[
    ("mhz", 1.0),
    ("兆赫", 1.0),
    ("兆赫兹", 1.0),
    ("兆", 1.0),
    ("m", 1.0),
    ("ghz", 1e3),
    ("吉赫", 1e3),
    ("g", 1e3),
    ("khz", 1e-3),
    ("千赫", 1e-3),
    ("hz", 1e-6),
    ("赫兹", 1e-6),
];
// A milliwatt is nobody's unit for a plant or a rack, so `mw` in any case is a megawatt here.
const POWER_KW: Spellings =
    &[("kw", 1.0), ("千瓦", 1.0), ("w", 1e-3), ("瓦", 1e-3), ("mw", 1e3), ("兆瓦", 1e3)];
const POWER_MW: Spellings = &[
    ("mw", 1.0),
    ("兆瓦", 1.0),
    ("kw", 1e-3),
    ("千瓦", 1e-3),
    ("gw", 1e3),
    ("吉瓦", 1e3),
    ("万千瓦", 10.0),
    ("万kw", 10.0),
];
const POWER_W: Spellings =
    &[("w", 1.0), ("瓦", 1.0), ("watt", 1.0), ("watts", 1.0), ("kw", 1e3), ("千瓦", 1e3)];
const ENERGY_GWH: Spellings = &[
    ("gwh", 1.0),
    ("mwh", 1e-3),
    ("kwh", 1e-6),
    ("千瓦时", 1e-6),
    ("twh", 1e3),
    ("万千瓦时", 0.01),
    ("万度", 0.01),
    ("亿千瓦时", 100.0),
    ("亿度", 100.0),
];
const RATE: Spellings = &[
    ("mbps", 1.0),
    ("mbit/s", 1.0),
    ("mb/s", 1.0),
    ("兆", 1.0),
    ("m", 1.0),
    ("gbps", 1e3),
    ("gbit/s", 1e3),
    ("g", 1e3),
    ("kbps", 1e-3),
    ("kbit/s", 1e-3),
];
const DURATION_MS: Spellings = &[
    ("ms", 1.0),
    ("毫秒", 1.0),
    ("s", 1e3),
    ("秒", 1e3),
    ("us", 1e-3),
    ("μs", 1e-3),
    ("µs", 1e-3),
    ("微秒", 1e-3),
];
const MONTHS: Spellings =
    &[("月", 1.0), ("个月", 1.0), ("months", 1.0), ("month", 1.0), ("年", 12.0), ("years", 12.0)];
const ANGLE: Spellings = &[("deg", 1.0), ("°", 1.0), ("度", 1.0), ("degree", 1.0), ("degrees", 1.0)];
const PERCENT: Spellings = &[("%", 1.0), ("％", 1.0), ("percent", 1.0), ("百分比", 1.0), ("‰", 0.1)];
const DBM: Spellings = &[("dbm", 1.0)];
const DB: Spellings = &[("db", 1.0)];
const DBI: Spellings = &[("dbi", 1.0), ("db", 1.0)];
const KV: Spellings = &[("kv", 1.0), ("千伏", 1.0), ("v", 1e-3), ("伏", 1e-3)];
const MVA: Spellings = &[("mva", 1.0), ("兆伏安", 1.0), ("kva", 1e-3), ("千伏安", 1e-3), ("万千伏安", 10.0)];
const CNY_YR: Spellings = &[
    ("元/年", 1.0),
    ("cny/yr", 1.0),
    ("cny/year", 1.0),
    ("元", 1.0),
    ("元/月", 12.0),
    ("万元/年", 1e4),
    ("万元", 1e4),
];
const CNY_KM_YR: Spellings = &[
    ("元/孔公里·年", 1.0),
    ("元/孔公里.年", 1.0),
    ("元/孔公里/年", 1.0),
    ("元/公里·年", 1.0),
    ("元/公里/年", 1.0),
    ("元/km/年", 1.0),
    ("cny/km/yr", 1.0),
    ("万元/孔公里·年", 1e4),
    ("万元/公里/年", 1e4),
];
const CNY_KWH: Spellings =
    &[("元/千瓦时", 1.0), ("元/kwh", 1.0), ("元/度", 1.0), ("cny/kwh", 1.0), ("分/千瓦时", 0.01)];
const KG_KWH: Spellings = &[
    ("kg/kwh", 1.0),
    ("kgco2/kwh", 1.0),
    ("kgco₂/kwh", 1.0),
    ("tco2/mwh", 1.0),
    ("t/mwh", 1.0),
    ("千克/千瓦时", 1.0),
    ("g/kwh", 1e-3),
];

/// The factor that takes a number in the `written` unit to the `stored` one; `None` when the word is no
/// unit of that kind.
///
/// # Example
/// ```
/// use covplan::model::quantity::factor;
/// assert_eq!(factor("CNY", "万元"), Some(1e4));
/// assert_eq!(factor("MHz", "GHz"), Some(1e3));
/// assert_eq!(factor("MHz", "万元"), None);
/// ```
#[must_use]
pub fn factor(stored: &str, written: &str) -> Option<f64> {
    let list = match stored {
        "CNY" => CNY,
        "CNY/yr" => CNY_YR,
        "CNY/km/yr" => CNY_KM_YR,
        "CNY/kWh" => CNY_KWH,
        "m" => LENGTH,
        "m2" => AREA,
        "count" => COUNT,
        "MHz" => FREQUENCY,
        "kW" => POWER_KW,
        "MW" => POWER_MW,
        "W" => POWER_W,
        "GWh" => ENERGY_GWH,
        "Mbit/s" => RATE,
        "ms" => DURATION_MS,
        "months" => MONTHS,
        "deg" => ANGLE,
        "%" => PERCENT,
        "dBm" => DBM,
        "dB" => DB,
        "dBi" => DBI,
        "kV" => KV,
        "MVA" => MVA,
        "kg/kWh" => KG_KWH,
        _ => return None,
    };
    let word: String = written.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
    list.iter().find(|(w, _)| *w == word).map(|(_, f)| *f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_headers_convert() {
        for (stored, written, expected) in [
            ("CNY", "亿元", 1e8),
            ("m2", "亩", 666.666_666_666_666_7),
            ("count", "万人", 1e4),
            ("m", "公里", 1e3),
            ("MW", "万千瓦", 10.0),
            ("CNY/km/yr", "元/孔公里·年", 1.0),
            ("ms", "s", 1e3),
        ] {
            let got = factor(stored, written).unwrap();
            assert!((got / expected - 1.0).abs() < 1e-15, "{written} to {stored}: {got}");
        }
        assert_eq!(factor("dBm", "W"), None);
        assert_eq!(factor("", "m"), None);
    }
}
