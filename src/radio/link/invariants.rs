//! What holds of every model whatever the numbers: an answer is finite, a value outside a range is refused,
//! and losses move the way that physics and the models' texts say.

use super::*;
use proptest::prelude::*;
use serde_json::json;

fn ask(request: &Value) -> Value {
    answer(request, &LinkOptions::default())
}

fn loss(request: &Value) -> f64 {
    let got = ask(request);
    got["loss_db"].as_f64().unwrap_or_else(|| panic!("{request}: {got}"))
}

fn rule(request: &Value) -> String {
    ask(request)["error"]["code"].as_str().unwrap_or("none").to_owned()
}

/// The request with one field changed.
fn with(request: &Value, field: &str, value: impl Into<Value>) -> Value {
    let mut changed = request.clone();
    changed[field] = value.into();
    changed
}

/// One request of every outdoor and indoor scenario of TR 38.901 in range: frequency, distance and heights
/// are shares of their ranges.
fn tr38901() -> impl Strategy<Value = Value> {
    let names = ["uma", "umi", "rma", "sma", "inh", "inf-sl", "inf-dl", "inf-sh", "inf-dh", "inf-hh"];
    let shares = (0.0f64..=1.0, 0.0f64..=1.0, 0.0f64..=1.0, 0.0f64..=1.0);
    (prop::sample::select(names.to_vec()), shares, prop::bool::ANY).prop_map(|(name, (f, d, bs, ut), los)| {
        let between = |share: f64, low: f64, high: f64| low + share * (high - low);
        let top_mhz: f64 = if name == "rma" { 30_000.0 } else { 100_000.0 };
        let (bs, ut, far) = match name {
            "uma" => (between(bs, 10.0, 150.0), between(ut, 1.5, 22.5), 5000.0),
            "umi" => (between(bs, 3.0, 50.0), between(ut, 1.5, 22.5), 5000.0),
            "rma" | "sma" => (between(bs, 11.0, 150.0), between(ut, 1.0, 10.0), 5000.0),
            "inh" => (between(bs, 0.5, 20.0), between(ut, 0.5, 20.0), 145.0),
            // Users below clutter of 3 m below the base station.
            "inf-sh" | "inf-dh" => (between(bs, 3.0, 20.0), between(ut, 0.5, 2.9), 595.0),
            _ => (between(bs, 0.5, 20.0), between(ut, 0.5, 20.0), 595.0),
        };
        let near: f64 = if far > 1000.0 { 10.0 } else { 1.0 };
        json!({
            "model": format!("tr38901-{name}"), "freq_mhz": 500.0 * (top_mhz / 500.0).powf(f),
            "distance_2d_m": near * (far / near).powf(d), "tx_height_m": bs, "rx_height_m": ut,
            "los": if los || name == "inf-hh" { "los" } else { "nlos" }, "clutter_height_m": 3.0,
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn tr38901_is_finite_and_grows(request in tr38901(), farther in 1.0f64..1.3) {
        let got = ask(&request);
        let (d, p_los) = (request["distance_2d_m"].as_f64().unwrap(), got["p_los"].as_f64().unwrap());
        let l = loss(&request);
        prop_assert!((0.0..=1.0).contains(&p_los));
        prop_assert!(l.is_finite() && l > 15.0, "{request}: {got}");
        prop_assert!(got["sigma_db"].as_f64().unwrap() > 0.0);
        // No line of sight never costs less than one.
        if request["model"] != "tr38901-inf-hh" {
            let (los, nlos) = (loss(&with(&request, "los", "los")), loss(&with(&request, "los", "nlos")));
            prop_assert!(nlos >= los, "{request}");
        }
        let next = with(&request, "distance_2d_m", d * farther);
        if rule(&next) == "none" {
            prop_assert!(loss(&next) >= l - 1e-9, "{request} {l} then {}", loss(&next));
            prop_assert!(ask(&next)["p_los"].as_f64().unwrap() <= p_los + 1e-3);
        }
        // Every band above costs more, in every scenario.
        let up = with(&request, "freq_mhz", request["freq_mhz"].as_f64().unwrap() * 1.02);
        if rule(&up) == "none" {
            prop_assert!(loss(&up) > l - 1e-9, "{request} {l} then {}", loss(&up));
        }
    }

    #[test]
    fn tr38901_has_no_jump_at_its_breakpoint(request in tr38901()) {
        let options = LinkOptions { verbose: true, ..LinkOptions::default() };
        let request = with(&request, "los", "los");
        let Some(bend) = answer(&request, &options)["intermediates"]["breakpoint_m"].as_f64() else {
            return Ok(());
        };
        let (before, after) = (with(&request, "distance_2d_m", bend * (1.0 - 1e-9)), with(&request, "distance_2d_m", bend * (1.0 + 1e-9)));
        if rule(&before) == "none" && rule(&after) == "none" {
            let step = loss(&after) - loss(&before);
            // RMa again: exact where the antennas' heights differ by little against the distance.
            let tall = (request["tx_height_m"].as_f64().unwrap() / bend).powi(2) * 20.0;
            let slack = if request["model"] == "tr38901-rma" || request["model"] == "tr38901-sma" { tall } else { 0.0 };
            prop_assert!(step.abs() < 1e-6 + slack, "{request}: {step}");
        }
    }

    #[test]
    fn o2i_grows_with_depth(lg in 2.699f64..5.0, depth in 0.0f64..99.0, high in prop::bool::ANY, old in prop::bool::ANY) {
        let model = if high { "tr38901-o2i-high" } else { "tr38901-o2i-low" };
        let request = json!({"model": model, "edition": if old { "16" } else { "19" },
                             "freq_mhz": 10f64.powf(lg), "indoor_distance_m": depth});
        let l = loss(&request);
        prop_assert!(l.is_finite() && l > 5.0);
        prop_assert!((loss(&with(&request, "indoor_distance_m", depth + 1.0)) - l - 0.5).abs() < 1e-9);
    }

    #[test]
    fn clutter_loss_moves_as_p2108_says(lg in 2.699f64..4.826, km in 0.25f64..20.0, percent in 0.1f64..99.0, h in 0.1f64..19.9) {
        let terrestrial = json!({"model": "p2108", "method": "terrestrial", "freq_mhz": 10f64.powf(lg),
                                 "distance_m": km * 1e3, "location_percent": percent});
        let l = loss(&terrestrial);
        prop_assert!(l.is_finite());
        prop_assert!(loss(&with(&terrestrial, "location_percent", percent + 0.5)) > l);
        let flat = |m: f64| loss(&with(&terrestrial, "distance_m", m));
        // From 2 km on it grows no more (eq. (6): the lower of both distances counts).
        prop_assert!(flat(9000.0) <= flat(2000.0));
        // Height gain falls to nothing at the clutter's top.
        for clutter in ["water-sea", "open-rural", "suburban", "urban", "trees-forest", "dense-urban"] {
            let low = json!({"model": "p2108", "method": "height-gain", "freq_mhz": 10f64.powf(lg).min(3000.0),
                             "height_m": h, "clutter_height_m": 20.0, "clutter": clutter});
            prop_assert!(loss(&low) >= loss(&with(&low, "height_m", h + 0.1)) - 1e-9);
            prop_assert_eq!(loss(&with(&low, "height_m", 20.0)), 0.0);
        }
        let slant = json!({"model": "p2108", "method": "slant", "freq_mhz": 10_000.0 + km * 4500.0,
                           "elevation_deg": h * 4.5, "location_percent": percent});
        prop_assert!(loss(&slant).is_finite());
        prop_assert!(loss(&with(&slant, "location_percent", percent + 0.5)) > loss(&slant) - 1e-9);
    }

    #[test]
    fn entry_gas_and_rain_are_positive_and_monotone(lg in 1.904f64..5.0, elevation in -90.0f64..90.0, percent in 0.5f64..99.0, rain in 0.0f64..200.0) {
        for building in ["traditional", "thermally-efficient"] {
            let entry = json!({"model": "p2109", "freq_mhz": 10f64.powf(lg), "building": building,
                               "elevation_deg": elevation, "probability_percent": percent});
            prop_assert!((loss(&entry) - loss(&with(&entry, "elevation_deg", -elevation))).abs() < 1e-9);
            prop_assert!(loss(&with(&entry, "probability_percent", percent + 0.5)) > loss(&entry));
        }
        let ghz = 10f64.powf(lg) / 1e3 + 1.0;
        let gas = ask(&json!({"model": "p676", "freq_mhz": ghz * 1e3}));
        prop_assert!(gas["oxygen_db_per_km"].as_f64().unwrap() > 0.0 && gas["water_db_per_km"].as_f64().unwrap() > 0.0);
        let wet = |mm: f64| ask(&json!({"model": "p838", "freq_mhz": ghz * 1e3, "rain_rate_mm_h": mm,
                                        "elevation_deg": elevation.abs()}))["rain_db_per_km"].as_f64().unwrap();
        prop_assert!(wet(rain) >= 0.0 && wet(rain + 1.0) > wet(rain));
    }

    #[test]
    fn streets_and_free_space(lg in 2.904f64..4.913, d in 30.0f64..169.0, far in 1.0f64..1e8) {
        for (environment, los) in [("urban-high-rise", "los"), ("urban-high-rise", "nlos"),
                                   ("urban-low-rise-or-suburban", "los"), ("urban-low-rise-or-suburban", "nlos"),
                                   ("residential", "nlos")] {
            let street = json!({"model": "p1411", "freq_mhz": 10f64.powf(lg), "distance_m": d,
                                "environment": environment, "los": los});
            match rule(&street).as_str() {
                "none" => prop_assert!(loss(&street) < loss(&with(&street, "distance_m", d + 1.0))),
                other => prop_assert_eq!(other, "R001"),
            }
        }
        let free = json!({"model": "fspl", "freq_mhz": 10f64.powf(lg), "distance_m": far});
        prop_assert!((loss(&with(&free, "distance_m", 2.0 * far)) - loss(&free) - 6.0206).abs() < 1e-4);
    }

    /// ITM over random hills: finite where it answers, and never below free space by more than its own
    /// damped gain.
    #[test]
    fn itm_is_finite(
        heights in prop::collection::vec(0.0f64..1.0, 12..120), relief in 0.0f64..1500.0, step in 100.0f64..900.0,
        lg in 1.302f64..4.3, tx in 0.5f64..200.0, rx in 0.5f64..200.0, climate in 1u8..8, p in 1.0f64..99.0,
    ) {
        let n = heights.len();
        let request = json!({"model": "itm", "freq_mhz": 10f64.powf(lg), "tx_height_m": tx, "rx_height_m": rx,
            "climate": climate, "time_percent": p, "location_percent": p, "situation_percent": 50.0,
            "profile": {"distance_m": (0..n).map(|i| i as f64 * step).collect::<Vec<_>>(),
                        "height_m": heights.iter().map(|h| h * relief).collect::<Vec<_>>()}});
        let got = ask(&request);
        match got["loss_db"].as_f64() {
            Some(l) => prop_assert!(l.is_finite() && l > 20.0),
            None => prop_assert!(got["error"]["code"].as_str().is_some_and(|c| c == "R001" || c == "R002"), "{got}"),
        }
    }

    /// P.452: every mechanism that goes one way comes the other (their sum but near grazing, where the weight of
    /// the line of sight counts slopes from the transmitter), and a hair's change of frequency moves the loss by
    /// a hair.
    #[test]
    fn p452_is_reciprocal_and_smooth(
        heights in prop::collection::vec((0.0f64..1.0, 0.0f64..30.0), 4..80), relief in 0.0f64..2000.0,
        step in 20.0f64..2000.0, lg in 2.0f64..4.6988, tx in 0.2f64..300.0, rx in 0.2f64..300.0,
        percent in 0.001f64..50.0,
    ) {
        let n = heights.len();
        let request = |mhz: f64, turned: bool| {
            let at = |i: usize| if turned { n - 1 - i } else { i };
            let (tx, rx) = if turned { (rx, tx) } else { (tx, rx) };
            json!({"model": "p452", "freq_mhz": mhz, "tx_height_m": tx, "rx_height_m": rx, "time_percent": percent,
                "delta_n": 45, "n0": 325, "latitude_deg": 40,
                "profile": {"distance_m": (0..n).map(|i| i as f64 * step).collect::<Vec<_>>(),
                            "height_m": (0..n).map(|i| heights[at(i)].0 * relief).collect::<Vec<_>>(),
                            "clutter_m": (0..n).map(|i| heights[at(i)].1).collect::<Vec<_>>()}})
        };
        let mhz = 10f64.powf(lg);
        let options = LinkOptions { verbose: true, ..LinkOptions::default() };
        let [there, back] = [false, true].map(|turned| answer(&request(mhz, turned), &options));
        for name in ["free_space_db", "los_db", "diffraction_median_db", "diffraction_db", "troposcatter_db", "ducting_db"] {
            let of = |a: &Value| a["intermediates"][name].as_f64().unwrap_or_else(|| panic!("{a}"));
            prop_assert!((of(&there) - of(&back)).abs() < 1e-6, "{name}: {there} {back}");
        }
        let l = loss(&request(mhz, false));
        prop_assert!((l - loss(&request(mhz * (1.0 + 1e-7), false))).abs() < 1e-3);
    }

    /// Over smooth ground every model over terrain loses more the farther it goes, from sight through
    /// diffraction to scatter, and never by a leap.
    #[test]
    fn terrain_models_grow_over_smooth_ground(lg in 2.0f64..3.7, tx in 2.0f64..200.0, rx in 1.5f64..30.0, km in 1.5f64..150.0) {
        for model in ["p1812", "p452", "itm"] {
            let at = |km: f64| loss(&json!({"model": model, "freq_mhz": 10f64.powf(lg), "tx_height_m": tx, "rx_height_m": rx,
                "time_percent": 50, "delta_n": 45, "n0": 325, "latitude_deg": 40,
                "profile": {"distance_m": (0..=100).map(|i| f64::from(i) * km * 10.0).collect::<Vec<_>>(),
                            "height_m": vec![20.0; 101]}}));
            let (near, far) = (at(km), at(km * 1.01));
            // Where ITM turns from diffraction to scatter it may fall a little; half as far again costs more.
            let grows = if model == "itm" { at(km * 1.5) > near } else { far > near - 1e-9 };
            prop_assert!(grows && (far - near).abs() < 3.0, "{model} {km} km: {near} then {far}");
        }
    }

    /// A value outside a range that the registry states is refused, however far outside it is.
    #[test]
    fn outside_is_refused(model in 0usize..registry::MODELS.len(), pick in 0usize..8, beyond in 1e-6f64..1e3, below in prop::bool::ANY) {
        let model = &registry::MODELS[model];
        prop_assume!(!model.ranges.is_empty());
        let range = &model.ranges[pick % model.ranges.len()];
        let mut request = json!({"model": model.name, "freq_mhz": 3500, "distance_m": 500, "distance_2d_m": 100,
            "tx_height_m": 12, "rx_height_m": 1.6, "los": "los", "indoor_distance_m": 5, "rain_rate_mm_h": 5,
            "method": "terrestrial", "location_percent": 50, "time_percent": 50, "building": "traditional",
            "probability_percent": 50, "environment": "urban-high-rise", "delta_n": 45, "n0": 325,
            "latitude_deg": 40, "profile": {"distance_m": [0, 300, 600, 900, 1200], "height_m": [1, 20, 3, 40, 5]}});
        if model.name == "p1411" {
            request["method"] = "site-general-below-rooftop".into();
        }
        let value = if below { range.min - beyond * range.min.abs().max(1e-3) } else { range.max + beyond * range.max.abs() };
        request[range.input] = value.into();
        prop_assert_eq!(rule(&request), "R001", "{} {}", model.name, request);
    }

    /// Neither streets nor clutter nor walls nor air know a leap: a hair's change of an input moves the loss
    /// by a hair.
    #[test]
    fn local_models_are_smooth(lg in 2.9f64..4.82, metres in 260.0f64..6000.0, percent in 1.0f64..98.0, deg in 1.0f64..89.0) {
        let mhz = 10f64.powf(lg);
        let smooth = |request: Value, fields: &[&str], what: &str| -> Result<(), TestCaseError> {
            let of = |request: &Value| ask(request)[what].as_f64();
            let Some(here) = of(&request) else { return Ok(()) };
            for field in fields {
                let beside = with(&request, field, request[*field].as_f64().unwrap() * (1.0 + 1e-7));
                if let Some(there) = of(&beside) {
                    prop_assert!((here - there).abs() < 1e-3, "{field} of {request}: {here} {there}");
                }
            }
            Ok(())
        };
        smooth(json!({"model": "p2108", "method": "terrestrial", "freq_mhz": mhz, "distance_m": metres, "location_percent": percent}),
            &["freq_mhz", "distance_m", "location_percent"], "loss_db")?;
        smooth(json!({"model": "p2108", "method": "terrestrial", "freq_mhz": mhz, "distance_m": 2000.0 * (1.0 - 5e-8), "location_percent": percent}),
            &["distance_m"], "loss_db")?;
        smooth(json!({"model": "p2108", "method": "slant", "freq_mhz": mhz, "elevation_deg": deg, "location_percent": percent}),
            &["freq_mhz", "elevation_deg", "location_percent"], "loss_db")?;
        smooth(json!({"model": "p2108", "method": "height-gain", "freq_mhz": mhz, "height_m": metres / 400.0, "clutter": "urban"}),
            &["freq_mhz", "height_m"], "loss_db")?;
        smooth(json!({"model": "p2109", "building": "traditional", "freq_mhz": mhz, "elevation_deg": deg, "probability_percent": percent}),
            &["freq_mhz", "elevation_deg", "probability_percent"], "loss_db")?;
        smooth(json!({"model": "p676", "freq_mhz": mhz, "distance_m": metres}), &["freq_mhz", "distance_m"], "loss_db")?;
        smooth(json!({"model": "p838", "freq_mhz": mhz, "rain_rate_mm_h": percent, "elevation_deg": deg}),
            &["freq_mhz", "rain_rate_mm_h", "elevation_deg"], "rain_db_per_km")?;
        smooth(json!({"model": "fspl", "freq_mhz": mhz, "distance_m": metres}), &["freq_mhz", "distance_m"], "loss_db")?;
        smooth(json!({"model": "p1411", "freq_mhz": mhz, "distance_m": metres / 10.0, "environment": "urban-high-rise", "los": "nlos"}),
            &["freq_mhz", "distance_m"], "loss_db")?;
    }

    /// Any number in any numeric field: an answer or a refusal, never a panic, never NaN.
    #[test]
    fn nothing_breaks_it(model in 0usize..registry::MODELS.len(), field in 0usize..12, value in prop::num::f64::ANY, word in ".{0,12}") {
        let model = &registry::MODELS[model];
        let mut request = json!({"model": model.name, "freq_mhz": 3500, "distance_m": 500, "distance_2d_m": 100,
            "tx_height_m": 12, "rx_height_m": 1.6, "los": "los", "indoor_distance_m": 5, "rain_rate_mm_h": 5,
            "method": "terrestrial", "location_percent": 50, "time_percent": 50, "building": "traditional",
            "probability_percent": 50, "environment": "urban-high-rise", "delta_n": 45, "n0": 325,
            "latitude_deg": 40, "profile": {"distance_m": [0, 300, 600, 900, 1200], "height_m": [1, 20, 3, 40, 5]}});
        let names: Vec<&str> = model.required.iter().chain(model.optional).copied().collect();
        let name = names[field % names.len()];
        for odd in [json!(value), json!(word), json!([value]), json!({"a": value}), json!(null), json!(true)] {
            request[name] = odd;
            let got = ask(&request);
            prop_assert!(got.get("error").is_some() != got.as_object().unwrap().keys().any(|k| k == "loss_db" || k.ends_with("_per_km")), "{got}");
        }
    }
}
