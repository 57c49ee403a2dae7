//! Refusals, warnings and ranges; values made by others are in `tests/link.rs`.

use super::*;
use serde_json::json;

fn ask(request: Value) -> Value {
    answer(&request, &LinkOptions { verbose: true, ..LinkOptions::default() })
}

fn code(request: Value) -> String {
    ask(request)["error"]["code"].as_str().unwrap_or("none").to_owned()
}

#[test]
fn refusals_name_their_rule() {
    let good = json!({"id": "a", "model": "tr38901-uma", "freq_mhz": 3500, "distance_2d_m": 300,
                      "tx_height_m": 25, "rx_height_m": 1.5, "los": "nlos"});
    let with = |field: &str, value: Value| {
        let mut request = good.clone();
        request[field] = value;
        code(request)
    };
    assert_eq!(code(good.clone()), "none");
    assert_eq!(with("freq_mhz", json!(120_000)), "R001");
    assert_eq!(with("freq_mhz", json!(499.9)), "R001");
    assert_eq!(with("distance_2d_m", json!(5000.1)), "R001");
    assert_eq!(with("distance_2d_m", json!(-1)), "R001");
    assert_eq!(with("rx_height_m", json!(23)), "R001");
    assert_eq!(with("rx_height_m", Value::Null), "R003");
    assert_eq!(with("rx_height_m", json!("high")), "R004");
    assert_eq!(with("los", json!("maybe")), "R004");
    assert_eq!(with("model", json!("tr38901-urban")), "R005");
    assert_eq!(with("edition", json!("12")), "R006");
    assert_eq!(code(json!([1, 2])), "R008");
    let line = answer_line("{oops", &LinkOptions::default());
    assert!(line.contains("R008"), "{line}");
    let hh = json!({"model": "tr38901-inf-hh", "freq_mhz": 3500, "distance_2d_m": 30, "tx_height_m": 8,
                    "rx_height_m": 8, "los": "nlos"});
    assert_eq!(code(hh), "R002");
}

#[test]
fn answers_carry_id_edition_and_warnings() {
    let near = ask(json!({"id": 7, "model": "tr38901-rma", "edition": 16, "freq_mhz": 29_900,
                          "distance_2d_m": 4000, "tx_height_m": 35, "rx_height_m": 1.5, "los": "los",
                          "colour": "red"}));
    assert_eq!(near["id"], 7);
    assert_eq!(near["edition"], "16");
    let warnings = near["warnings"].to_string();
    assert!(warnings.contains("freq_mhz") && warnings.contains("colour"), "{warnings}");
    assert!(near["intermediates"]["breakpoint_m"].as_f64().unwrap() > 1000.0);
}

fn family(name: &str) -> &str {
    name.split('-').next().unwrap_or(name)
}

/// The registry's ranges are the models' own: the limits answer, a step beyond them is refused.
#[test]
fn registry_ranges_are_the_models_ranges() {
    for model in registry::MODELS.iter().filter(|m| ["tr38901", "p676", "p838"].contains(&family(m.name))) {
        let base = json!({"model": model.name, "freq_mhz": 3500, "distance_2d_m": 100, "tx_height_m": 12,
                          "rx_height_m": 1.6, "los": "los", "indoor_distance_m": 5, "rain_rate_mm_h": 5});
        for range in model.ranges {
            for (limit, beyond) in [(range.min, -1e-6), (range.max, 1e-6)] {
                let mut request = base.clone();
                request[range.input] = json!(limit);
                let at = code(request.clone());
                // A limit on its own can contradict the other values, e.g. clutter below the user.
                assert!(at == "none" || at == "R002", "{}: {request}: {at}", model.name);
                request[range.input] = json!(limit + beyond);
                assert_eq!(code(request.clone()), "R001", "{}: {request}", model.name);
            }
        }
    }
}

fn profile_request(model: &str) -> Value {
    let n = 21;
    json!({"id": "a", "model": model, "freq_mhz": 3500, "tx_height_m": 30, "rx_height_m": 1.5,
           "time_percent": 50, "delta_n": 45, "n0": 325, "tx_lon": 1.5, "tx_lat": 42.5, "rx_lon": 1.5243,
           "rx_lat": 42.5,
           "profile": {"distance_m": (0..n).map(|i| f64::from(i) * 100.0).collect::<Vec<_>>(),
                       "height_m": (0..n).map(|i| f64::from(i % 7) * 9.0).collect::<Vec<_>>()}})
}

/// Each row: a model, a field, a value that it must refuse, and the rule.
#[test]
fn profile_models_refuse_what_is_outside() {
    let cases: &[(&str, &str, Value, &str)] = &[
        ("p1812", "freq_mhz", json!(29.9), "R001"),
        ("p1812", "freq_mhz", json!(6425), "R001"),
        ("p1812", "time_percent", json!(0.5), "R001"),
        ("p1812", "time_percent", json!(50.1), "R001"),
        ("p1812", "location_percent", json!(0.9), "R001"),
        ("p1812", "location_percent", json!(99.5), "R001"),
        ("p1812", "tx_height_m", json!(0.5), "R001"),
        ("p1812", "rx_height_m", json!(3001), "R001"),
        ("p1812", "tx_lat", json!(80.5), "R001"),
        ("p1812", "rx_lon", json!(181), "R001"),
        ("p1812", "polarization", json!("x"), "R004"),
        ("p1812", "sigma_location_db", json!(-1), "R001"),
        ("p1812", "delta_n", json!("NaN"), "R004"),
        ("p1812", "delta_n", json!(157), "R001"),
        ("p1812", "building", json!("tent"), "R004"),
        ("p452", "freq_mhz", json!(99), "R001"),
        ("p452", "freq_mhz", json!(50_001), "R001"),
        ("p452", "time_percent", json!(0.0005), "R001"),
        ("p452", "time_percent", json!(51), "R001"),
        ("p452", "tx_height_m", json!(-3), "R001"),
        ("p452", "tx_coast_km", json!(-1), "R001"),
        ("p452", "tx_lat", json!(91), "R001"),
        ("p452", "edition", json!("17"), "R006"),
    ];
    for (model, field, value, rule) in cases {
        let mut request = profile_request(model);
        assert_eq!(code(request.clone()), "none", "{model}: {}", ask(request));
        request[*field] = value.clone();
        assert_eq!(code(request.clone()), *rule, "{model} {field} {value}");
        assert_eq!(ask(request)["error"]["field"], *field);
    }
    for field in ["freq_mhz", "tx_height_m", "rx_height_m", "time_percent", "n0", "tx_lat", "profile"] {
        for model in ["p1812", "p452"] {
            let mut request = profile_request(model);
            request.as_object_mut().unwrap().shift_remove(field);
            assert_eq!(code(request), "R003", "{model} without {field}");
        }
    }
}

#[test]
fn bad_profiles_are_refused() {
    let d: Vec<f64> = (0..9).map(|i| f64::from(i) * 50.0).collect();
    let cases = [
        (json!({"distance_m": d, "height_m": [1, 2, 3]}), "R009"),
        (json!({"distance_m": d}), "R009"),
        (json!({"height_m": d}), "R009"),
        (json!({"distance_m": [0, 100, 300], "height_m": [1, 1, 1]}), "R009"),
        (json!({"distance_m": [0, 200, 100, 300, 400], "height_m": [1, 1, 1, 1, 1]}), "R009"),
        (json!({"distance_m": [9, 100, 200, 300, 400], "height_m": [1, 1, 1, 1, 1]}), "R009"),
        (json!({"distance_m": [0, 100, 200, 300, 400], "height_m": [1, "a", 1, 1, 1]}), "R009"),
        (json!({"distance_m": [0, 100, 200, 300, 400], "height_m": [1, null, 1, 1, 1]}), "R009"),
        (
            json!({"distance_m": [0, 100, 200, 300, 400], "height_m": [1, 1, 1, 1, 1], "zone": ["inland", "lake",
               "sea", "sea", "sea"]}),
            "R009",
        ),
        (
            json!({"distance_m": [0, 100, 200, 300, 400], "height_m": [1, 1, 1, 1, 1], "clutter_m": [0, -1, 0, 0,
               0]}),
            "R009",
        ),
        (json!("nowhere.csv"), "R009"),
        (json!(7), "R009"),
        // A good profile, shorter than 250 m.
        (json!({"distance_m": [0, 50, 100, 150, 200], "height_m": [1, 1, 1, 1, 1]}), "R001"),
    ];
    for (profile, rule) in cases {
        let mut request = profile_request("p1812");
        request["profile"] = profile.clone();
        assert_eq!(code(request), rule, "{profile}");
    }
}

#[test]
fn lines_that_are_no_json_keep_their_id() {
    let line = r#"{"id": "q-7", "model": "fspl", "freq_mhz": NaN, "distance_m": 100}"#;
    let got: Value = serde_json::from_str(&answer_line(line, &LinkOptions::default())).unwrap();
    assert_eq!((&got["id"], &got["error"]["code"]), (&json!("q-7"), &json!("R004")), "{got}");
    let line = r#"{"id": "q-8", "model": "fspl", "freq_mhz": -Infinity, "distance_m": 100}"#;
    assert!(answer_line(line, &LinkOptions::default()).contains("\"R004\""));
    let line = r#"{"model": "fspl", "id": 12, "freq_mhz": 900 "distance_m": 100}"#;
    let got: Value = serde_json::from_str(&answer_line(line, &LinkOptions::default())).unwrap();
    assert_eq!((&got["id"], &got["error"]["code"]), (&json!(12), &json!("R008")), "{got}");
    let text = r#"{"id": "NaN, \"inf\"", "x": NaN}"#;
    assert_eq!(quote_non_numbers(text), r#"{"id": "NaN, \"inf\"", "x": "NaN"}"#);
}

#[test]
fn a_building_and_the_places_count() {
    let mut request = profile_request("p1812");
    let loss = |request: &Value| ask(request.clone())["loss_db"].as_f64().unwrap();
    let outdoors = loss(&request);
    request["location_percent"] = json!(95);
    assert!(loss(&request) > outdoors + 3.0);
    request["location_percent"] = json!(50);
    request["building"] = json!("thermally-efficient");
    assert!((loss(&request) - outdoors - 30.0).abs() < 5.0);
}

/// A frequency that a model over terrain refuses comes with the models that take it; above 100 GHz there is
/// free space, gas and rain, and that is said to be an extrapolation.
#[test]
fn refused_frequencies_come_with_a_way_out() {
    let message = |request: &Value| ask(request.clone())["error"]["message"].as_str().unwrap().to_owned();
    let mut request = profile_request("p1812");
    for mhz in [6425, 6700, 7125] {
        request["freq_mhz"] = json!(mhz);
        assert!(
            message(&request).ends_with(&format!("at {mhz} MHz use p452 or itm")),
            "{}",
            message(&request)
        );
        for model in ["p452", "itm"] {
            let mut other = profile_request(model);
            other["freq_mhz"] = json!(mhz);
            assert!(ask(other.clone())["loss_db"].is_f64(), "{}", ask(other));
        }
    }
    request["freq_mhz"] = json!(30_000);
    assert!(message(&request).ends_with("use p452"), "{}", message(&request));
    for model in registry::MODELS.iter().map(|m| m.name) {
        let extrapolates = ["fspl", "p676", "p838"].contains(&model);
        let mut request = profile_request(model);
        for (field, value) in [
            ("freq_mhz", json!(140_000)),
            ("tx_height_m", json!(12)),
            ("distance_m", json!(100)),
            ("distance_2d_m", json!(100)),
            ("indoor_distance_m", json!(5)),
            ("los", json!("los")),
            ("environment", json!("urban-high-rise")),
            ("method", json!("terrestrial")),
            ("location_percent", json!(50)),
            ("building", json!("traditional")),
            ("probability_percent", json!(50)),
            ("rain_rate_mm_h", json!(5)),
        ] {
            request[field] = value;
        }
        if model == "p1411" {
            request.as_object_mut().unwrap().shift_remove("method");
        }
        if extrapolates {
            let got = ask(request);
            assert!(got["warnings"].to_string().contains("extrapolation"), "{model}: {got}");
        } else {
            assert!(message(&request).contains("use fspl or p676 or p838"), "{model}: {}", message(&request));
        }
    }
}

/// Kinds of clutter along a profile are their representative heights, and one without a meaning is refused.
#[test]
fn kinds_of_clutter_are_heights() {
    for model in ["p1812", "p452"] {
        let mut request = profile_request(model);
        let n = request["profile"]["distance_m"].as_array().unwrap().len();
        let word =
            |i: usize| ["trees-forest", "dense-urban", "water-sea", "suburban", "open-rural", "urban"][i % 6];
        let metres = |i: usize| [15.0, 20.0, 0.0, 10.0, 0.0, 15.0][i % 6];
        let bare = ask(request.clone())["loss_db"].as_f64().unwrap();
        request["profile"]["clutter_m"] = (0..n).map(metres).collect::<Vec<_>>().into();
        let by_height = ask(request.clone())["loss_db"].as_f64().unwrap();
        request["profile"]["cover"] = (0..n).map(word).collect::<Vec<_>>().into();
        assert_eq!(code(request.clone()), "R009", "both");
        request["profile"].as_object_mut().unwrap().shift_remove("clutter_m");
        assert_eq!(ask(request.clone())["loss_db"].as_f64(), Some(by_height));
        assert!(by_height > bare, "{by_height} {bare}");
        request["profile"]["cover"][1] = json!("lawn");
        let refused = ask(request);
        assert_eq!(refused["error"]["code"], "R009");
        assert!(refused["error"]["message"].as_str().unwrap().contains("row 2"), "{refused}");
    }
}

/// A terminal in clutter and below its top: predicted from the top, and down by P.2108, § 3.1.
#[test]
fn a_terminal_in_clutter_pays_the_way_down() {
    for model in ["p1812", "p452", "itm"] {
        let mut request = profile_request(model);
        request["freq_mhz"] = json!(700);
        let mut from_top = request.clone();
        from_top["rx_height_m"] = json!(15.0);
        let down = ask(json!({"model": "p2108", "method": "height-gain", "freq_mhz": 700, "height_m": 1.5,
                              "clutter": "urban"}));
        request["rx_height_m"] = json!(1.5);
        request["rx_clutter"] = json!("urban");
        let of = |answer: &Value| answer["loss_db"].as_f64().unwrap_or_else(|| panic!("{model} {answer}"));
        let got = ask(request.clone());
        assert!((of(&got) - of(&ask(from_top)) - of(&down)).abs() < 1e-9, "{model}: {got}");
        assert_eq!(got["intermediates"]["rx_clutter_db"], down["loss_db"]);
        // Above 3 GHz the method doesn't hold.
        request["freq_mhz"] = json!(3500);
        assert_eq!(code(request), "R001");
    }
}

/// The worst month of P.452: a value by hand from § 3.2.1, and more loss in the average year it stands for.
#[test]
fn the_worst_month_is_an_average_years_lesser_share() {
    let mut request = profile_request("p452");
    request["time_percent"] = json!(1.0);
    let year = ask(request.clone());
    request["worst_month"] = json!(true);
    let month = ask(request.clone());
    let annual = month["intermediates"]["annual_time_percent"].as_f64().unwrap();
    let latitude = 42.5f64;
    let factor = (1.1 + (2.0 * latitude.to_radians()).cos().abs().powf(0.7)).sqrt();
    let by_hand = 10f64.powf((factor.log10() - 0.444) / 0.816);
    assert!((annual - by_hand).abs() < 0.01 && annual < 1.0, "{annual} {by_hand}");
    assert!(month["loss_db"].as_f64() <= year["loss_db"].as_f64(), "{month} {year}");
    request["worst_month"] = json!("yes");
    assert_eq!(code(request), "R004");
}
