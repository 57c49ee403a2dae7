//! The propagation models by name: edition, inputs, valid range.

/// A range of an input that a model covers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InputRange {
    /// The input's name in a request, unit included.
    pub input: &'static str,
    /// Lowest value.
    pub min: f64,
    /// Highest value.
    pub max: f64,
}

/// One propagation model that requests can name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ModelInfo {
    /// Name in a request.
    pub name: &'static str,
    /// Where the model is defined.
    pub source: &'static str,
    /// Editions accepted, the default first.
    pub editions: &'static [&'static str],
    /// Inputs without which there is no answer.
    pub required: &'static [&'static str],
    /// Inputs that have a default.
    pub optional: &'static [&'static str],
    /// Ranges that hold whatever the other inputs are.
    pub ranges: &'static [InputRange],
}

const fn range(input: &'static str, min: f64, max: f64) -> InputRange {
    InputRange { input, min, max }
}

const TR_38901: &str = "3GPP TR 38.901";
const TR_EDITIONS: &[&str] = &["19", "16", "17", "18"];
const TR_INPUTS: &[&str] = &["freq_mhz", "distance_2d_m", "tx_height_m", "rx_height_m", "los"];
const INF_INPUTS: &[&str] = &["clutter_density", "clutter_size_m", "clutter_height_m"];
const INF_RANGES: &[InputRange] =
    &[range("freq_mhz", 500.0, 100_000.0), range("clutter_height_m", 0.0, 10.0)];
const RURAL_INPUTS: &[&str] = &["street_width_m", "building_height_m"];
const O2I_INPUTS: &[&str] = &["freq_mhz", "indoor_distance_m"];
const O2I_RANGES: &[InputRange] =
    &[range("freq_mhz", 500.0, 100_000.0), range("indoor_distance_m", 0.0, 100.0)];

const fn tr38901(
    name: &'static str,
    optional: &'static [&'static str],
    ranges: &'static [InputRange],
) -> ModelInfo {
    ModelInfo { name, source: TR_38901, editions: TR_EDITIONS, required: TR_INPUTS, optional, ranges }
}

/// Without `latitude_deg`, the latitude of the path's centre, the positions of both ends are needed.
const PROFILE_INPUTS: &[&str] = &[
    "freq_mhz",
    "tx_height_m",
    "rx_height_m",
    "time_percent",
    "delta_n",
    "n0",
    "tx_lon",
    "tx_lat",
    "rx_lon",
    "rx_lat",
    "profile",
];

/// Every model, in the order in which help and docs list them.
pub const MODELS: &[ModelInfo] = &[
    tr38901(
        "tr38901-uma",
        &[],
        &[
            range("freq_mhz", 500.0, 100_000.0),
            range("distance_2d_m", 10.0, 5000.0),
            range("tx_height_m", 10.0, 150.0),
            range("rx_height_m", 1.5, 22.5),
        ],
    ),
    tr38901(
        "tr38901-umi",
        &[],
        &[
            range("freq_mhz", 500.0, 100_000.0),
            range("distance_2d_m", 10.0, 5000.0),
            range("tx_height_m", 3.0, 50.0),
            range("rx_height_m", 1.5, 22.5),
        ],
    ),
    tr38901(
        "tr38901-rma",
        RURAL_INPUTS,
        &[
            range("freq_mhz", 500.0, 30_000.0),
            range("distance_2d_m", 10.0, 10_000.0),
            range("tx_height_m", 10.0, 150.0),
            range("rx_height_m", 1.0, 10.0),
            range("street_width_m", 5.0, 50.0),
            range("building_height_m", 5.0, 50.0),
        ],
    ),
    ModelInfo {
        editions: &["19"],
        ..tr38901(
            "tr38901-sma",
            &["street_width_m", "building_height_m", "vegetation_density"],
            &[
                range("freq_mhz", 500.0, 100_000.0),
                range("distance_2d_m", 10.0, 5000.0),
                range("tx_height_m", 10.0, 150.0),
                range("rx_height_m", 1.0, 10.0),
                range("street_width_m", 5.0, 50.0),
                range("building_height_m", 5.0, 50.0),
                range("vegetation_density", 0.0, 0.5),
            ],
        )
    },
    tr38901(
        "tr38901-inh",
        &["office"],
        &[
            range("freq_mhz", 500.0, 100_000.0),
            range("tx_height_m", 0.5, 20.0),
            range("rx_height_m", 0.5, 20.0),
        ],
    ),
    tr38901("tr38901-inf-sl", INF_INPUTS, INF_RANGES),
    tr38901("tr38901-inf-dl", INF_INPUTS, INF_RANGES),
    tr38901("tr38901-inf-sh", INF_INPUTS, INF_RANGES),
    tr38901("tr38901-inf-dh", INF_INPUTS, INF_RANGES),
    tr38901("tr38901-inf-hh", INF_INPUTS, INF_RANGES),
    ModelInfo { required: O2I_INPUTS, ..tr38901("tr38901-o2i-low", &[], O2I_RANGES) },
    ModelInfo { required: O2I_INPUTS, ..tr38901("tr38901-o2i-high", &[], O2I_RANGES) },
    ModelInfo {
        name: "fspl",
        source: "ITU-R P.525",
        editions: &["5"],
        required: &["freq_mhz", "distance_m"],
        optional: &[],
        ranges: &[range("freq_mhz", 1.0, 3e6), range("distance_m", 0.0, 1e9)],
    },
    ModelInfo {
        name: "p1812",
        source: "ITU-R P.1812",
        editions: &["8"],
        required: PROFILE_INPUTS,
        optional: &[
            "polarization",
            "location_percent",
            "sigma_location_db",
            "resolution_m",
            "building",
            "latitude_deg",
            "tx_coast_km",
            "rx_coast_km",
            "tx_clutter",
            "rx_clutter",
            "tx_clutter_height_m",
            "rx_clutter_height_m",
            "street_width_m",
        ],
        ranges: &[
            range("freq_mhz", 30.0, 6000.0),
            range("tx_height_m", 1.0, 3000.0),
            range("rx_height_m", 1.0, 3000.0),
        ],
    },
    ModelInfo {
        name: "p452",
        source: "ITU-R P.452",
        editions: &["18"],
        required: PROFILE_INPUTS,
        optional: &[
            "polarization",
            "tx_gain_dbi",
            "rx_gain_dbi",
            "pressure_hpa",
            "temperature_c",
            "latitude_deg",
            "tx_coast_km",
            "rx_coast_km",
            "worst_month",
            "tx_clutter",
            "rx_clutter",
            "tx_clutter_height_m",
            "rx_clutter_height_m",
            "street_width_m",
        ],
        ranges: &[range("freq_mhz", 100.0, 50_000.0)],
    },
    ModelInfo {
        name: "itm",
        source: "NTIA ITM (Longley-Rice)",
        editions: &["1.4"],
        required: &["freq_mhz", "tx_height_m", "rx_height_m", "profile"],
        optional: &[
            "area",
            "distance_m",
            "terrain_irregularity_m",
            "tx_clutter",
            "rx_clutter",
            "tx_clutter_height_m",
            "rx_clutter_height_m",
            "street_width_m",
            "tx_siting",
            "rx_siting",
            "polarization",
            "climate",
            "n0",
            "ground_permittivity",
            "ground_conductivity_s_per_m",
            "variability_mode",
            "time_percent",
            "location_percent",
            "situation_percent",
        ],
        ranges: &[
            range("freq_mhz", 20.0, 20_000.0),
            range("tx_height_m", 0.5, 3000.0),
            range("rx_height_m", 0.5, 3000.0),
        ],
    },
    ModelInfo {
        name: "p1411",
        source: "ITU-R P.1411",
        editions: &["12"],
        required: &["freq_mhz", "distance_m", "environment", "los"],
        optional: &["method"],
        ranges: &[range("freq_mhz", 800.0, 82_000.0), range("distance_m", 5.0, 715.0)],
    },
    ModelInfo {
        name: "p2108",
        source: "ITU-R P.2108",
        editions: &["1"],
        required: &["method", "freq_mhz"],
        optional: &[
            "distance_m",
            "location_percent",
            "elevation_deg",
            "height_m",
            "street_width_m",
            "clutter_height_m",
            "clutter",
        ],
        ranges: &[range("freq_mhz", 30.0, 100_000.0)],
    },
    ModelInfo {
        name: "p2109",
        source: "ITU-R P.2109",
        editions: &["2"],
        required: &["freq_mhz", "building", "probability_percent"],
        optional: &["elevation_deg"],
        ranges: &[range("freq_mhz", 80.0, 100_000.0)],
    },
    ModelInfo {
        name: "p676",
        source: "ITU-R P.676",
        editions: &["13"],
        required: &["freq_mhz"],
        optional: &["pressure_hpa", "temperature_k", "water_vapour_g_m3", "distance_m"],
        ranges: &[
            range("freq_mhz", 1e3, 1e6),
            range("pressure_hpa", 0.0, 1100.0),
            range("temperature_k", 150.0, 350.0),
            range("water_vapour_g_m3", 0.0, 100.0),
        ],
    },
    ModelInfo {
        name: "p838",
        source: "ITU-R P.838",
        editions: &["3"],
        required: &["freq_mhz", "rain_rate_mm_h"],
        optional: &["elevation_deg", "polarization_tilt_deg"],
        ranges: &[range("freq_mhz", 1e3, 1e6), range("rain_rate_mm_h", 0.0, 1000.0)],
    },
];

/// The model of a name.
#[must_use]
pub fn find(name: &str) -> Option<&'static ModelInfo> {
    MODELS.iter().find(|model| model.name == name)
}

/// The known name most like a mistyped one, if any is like it at all.
#[must_use]
pub fn suggest(name: &str) -> Option<&'static str> {
    MODELS
        .iter()
        .map(|model| (strsim::jaro_winkler(model.name, &name.to_ascii_lowercase()), model.name))
        .filter(|(similarity, _)| *similarity > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found() {
        for (i, model) in MODELS.iter().enumerate() {
            assert_eq!(MODELS.iter().position(|m| m.name == model.name), Some(i));
            assert!(!model.editions.is_empty(), "{}", model.name);
        }
        assert_eq!(suggest("tr38901-umma"), Some("tr38901-uma"));
        assert_eq!(suggest("P1812"), Some("p1812"));
        assert_eq!(suggest("zzz"), None);
    }
}
