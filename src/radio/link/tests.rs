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
