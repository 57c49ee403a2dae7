//! One request in, one answer out: propagation models by name, over JSON.
//!
//! The field names are the interface of `covplan link`. An answer echoes `id`, `model` and the edition
//! used, and gives what the model yields, or `error` with a rule code, a message and the field at fault.
//!
//! | code | meaning |
//! |---|---|
//! | R001 | a value outside the model's range |
//! | R002 | values that contradict each other |
//! | R003 | a required field is missing |
//! | R004 | a field of the wrong type, or a word that isn't a choice |
//! | R005 | no such model |
//! | R006 | no such edition of the model |
//! | R008 | the line isn't a JSON object |
//! | R009 | a terrain profile that can't be read or used |

mod local;
mod over_terrain;
mod request;
mod terrestrial;

use super::profile::Profile;
use super::refusal::Refusal;
use super::registry::{self, ModelInfo};
use request::Request;
use serde_json::{Map, Value};

/// Reads the terrain profile that a request names; the text says why when it can't.
pub type ReadProfile<'a> = dyn Fn(&str) -> Result<Profile, String> + Sync + 'a;

/// How to answer.
#[derive(Clone, Copy, Default)]
pub struct LinkOptions<'a> {
    /// Adds `intermediates`, the values behind the result.
    pub verbose: bool,
    /// Where profiles named by a path come from; without it only profiles given in the request count.
    pub read_profile: Option<&'a ReadProfile<'a>>,
}

/// Why a request got no value.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct LinkError {
    /// Stable rule code.
    pub code: &'static str,
    /// For people.
    pub message: String,
    /// The field at fault, where it is one.
    pub field: Option<String>,
}

impl LinkError {
    fn new(code: &'static str, field: Option<&str>, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: field.map(Into::into) }
    }
}

impl From<Refusal> for LinkError {
    fn from(refusal: Refusal) -> Self {
        let field = match &refusal {
            Refusal::OutOfRange { quantity, .. } => Some((*quantity).to_owned()),
            Refusal::Inconsistent { .. } => None,
        };
        Self { code: refusal.code(), message: refusal.to_string(), field }
    }
}

/// What a model yields: values for everyone, values behind them, remarks.
#[derive(Default)]
struct Outcome {
    values: Map<String, Value>,
    intermediates: Map<String, Value>,
    warnings: Vec<String>,
}

impl Outcome {
    fn value(&mut self, name: &str, value: impl Into<Value>) {
        self.values.insert(name.into(), value.into());
    }

    fn intermediate(&mut self, name: &str, value: impl Into<Value>) {
        self.intermediates.insert(name.into(), value.into());
    }

    fn warn(&mut self, text: impl Into<String>) {
        self.warnings.push(text.into());
    }
}

/// Answers one line of a batch; what isn't a JSON object becomes an `error` too, with the line's `id` where
/// one can be made out.
///
/// `NaN` and `Infinity`, which many programs write though JSON has no such words, are taken as text, so that
/// the field that holds one is named.
#[must_use]
pub fn answer_line(line: &str, options: &LinkOptions<'_>) -> String {
    let parsed = serde_json::from_str::<Value>(line).or_else(|error| {
        let quoted = quote_non_numbers(line);
        serde_json::from_str::<Value>(&quoted).map_err(|_| error)
    });
    let answered = match parsed {
        Ok(value) => answer(&value, options),
        Err(error) => {
            let mut head = Map::new();
            if let Some(id) = id_of(line) {
                head.insert("id".into(), id);
            }
            failed(head, &LinkError::new("R008", None, format!("not a JSON object: {error}")))
        }
    };
    answered.to_string()
}

/// Puts quotes round the words that stand for no number, outside of texts.
fn quote_non_numbers(line: &str) -> String {
    let mut out = String::with_capacity(line.len() + 16);
    let (mut in_text, mut escaped) = (false, false);
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let words = ["-Infinity", "Infinity", "-NaN", "NaN", "nan", "-inf", "inf"];
        let word = words.into_iter().find(|word| !in_text && rest.starts_with(word));
        if let Some(word) = word {
            out.extend(["\"", word, "\""]);
            rest = &rest[word.len()..];
            continue;
        }
        in_text ^= c == '"' && !escaped;
        escaped = in_text && c == '\\' && !escaped;
        out.push(c);
        rest = &rest[c.len_utf8()..];
    }
    out
}

/// The value of the first `"id"` in a line that isn't JSON as a whole.
fn id_of(line: &str) -> Option<Value> {
    let after = line.split_once("\"id\"")?.1.trim_start().strip_prefix(':')?;
    serde_json::Deserializer::from_str(after).into_iter::<Value>().next()?.ok()
}

/// Answers one request.
///
/// # Example
/// ```
/// use covplan::radio::link::{LinkOptions, answer};
/// let request = serde_json::json!({"id": 1, "model": "tr38901-o2i-high", "freq_mhz": 3500,
///                                  "indoor_distance_m": 10});
/// let answer = answer(&request, &LinkOptions::default());
/// assert_eq!(answer["id"], 1);
/// assert!((answer["loss_db"].as_f64().unwrap() - 33.3).abs() < 1.0);
/// ```
#[must_use]
pub fn answer(request: &Value, options: &LinkOptions<'_>) -> Value {
    let mut head = Map::new();
    let Some(fields) = request.as_object() else {
        return failed(head, &LinkError::new("R008", None, "a request is a JSON object"));
    };
    // Files of reference values wrap each request with the value expected.
    let fields = match fields.get("request").and_then(Value::as_object) {
        Some(inner) if !fields.contains_key("model") => inner,
        _ => fields,
    };
    if let Some(id) = fields.get("id") {
        head.insert("id".into(), id.clone());
    }
    if let Some(model) = fields.get("model") {
        head.insert("model".into(), model.clone());
    }
    let request = Request::new(fields);
    match respond(&request, &mut head, options) {
        Ok(outcome) => {
            head.extend(outcome.values);
            if !outcome.warnings.is_empty() {
                head.insert("warnings".into(), outcome.warnings.into());
            }
            if options.verbose {
                head.insert("intermediates".into(), outcome.intermediates.into());
            }
            Value::Object(head)
        }
        Err(error) => failed(head, &error),
    }
}

fn failed(mut head: Map<String, Value>, error: &LinkError) -> Value {
    let mut told = Map::new();
    told.insert("code".into(), error.code.into());
    told.insert("message".into(), error.message.as_str().into());
    if let Some(field) = &error.field {
        told.insert("field".into(), field.as_str().into());
    }
    head.insert("error".into(), Value::Object(told));
    Value::Object(head)
}

fn respond(
    request: &Request,
    head: &mut Map<String, Value>,
    options: &LinkOptions<'_>,
) -> Result<Outcome, LinkError> {
    let name = request.text("model")?;
    let Some(model) = registry::find(name) else {
        let hint = registry::suggest(name).map(|s| format!(", did you mean {s}?")).unwrap_or_default();
        return Err(LinkError::new("R005", Some("model"), format!("no model is called {name:?}{hint}")));
    };
    let edition = request.edition(model)?;
    head.insert("edition".into(), edition.into());
    let mut outcome = match model.name {
        "tr38901-o2i-low" | "tr38901-o2i-high" => terrestrial::building_entry(request, model, edition),
        "fspl" => local::free_space(request),
        "itm" => over_terrain::itm(request, options),
        "p1812" => over_terrain::p1812(request, options),
        "p452" => over_terrain::p452(request, options),
        "p676" => local::gas(request),
        "p838" => local::rain(request),
        "p1411" => local::street(request),
        "p2108" => local::clutter(request),
        "p2109" => local::building(request),
        _ => terrestrial::tr38901(request, model, edition),
    }
    .map_err(|error| advised(error, request, model))?;
    if request.number_given("freq_mhz").is_some_and(|mhz| mhz > VALIDATED_MHZ) {
        outcome.warn(
            "above 100 GHz no model of a whole path is validated: free space, gas and rain alone are an \
             extrapolation",
        );
    }
    warn_near_limits(request, model, &mut outcome);
    for unused in request.unused() {
        outcome.warn(format!("field {unused} isn't used by {}", model.name));
    }
    Ok(outcome)
}

/// Up to here models of whole paths were compared with measurements, MHz; beyond it only free space, gas and rain
/// answer.
const VALIDATED_MHZ: f64 = 100_000.0;
/// Models that ask for a terrain profile: one may stand in for another where its frequencies end.
const OVER_TERRAIN: [&str; 3] = ["p1812", "p452", "itm"];

/// A refused frequency, with the models that take it.
fn advised(mut error: LinkError, request: &Request, model: &ModelInfo) -> LinkError {
    let Some(mhz) = request.number_given("freq_mhz") else { return error };
    if error.code != "R001" || error.field.as_deref() != Some("freq_mhz") {
        return error;
    }
    let takes = |name: &&str| {
        let ranges = registry::find(name).map_or(&[][..], |m| m.ranges);
        **name != *model.name
            && ranges.iter().any(|r| r.input == "freq_mhz" && (r.min..=r.max).contains(&mhz))
    };
    let others: Vec<&str> = if mhz > VALIDATED_MHZ {
        ["fspl", "p676", "p838"].into_iter().filter(takes).collect()
    } else if OVER_TERRAIN.contains(&model.name) {
        OVER_TERRAIN.into_iter().filter(takes).collect()
    } else {
        Vec::new()
    };
    if !others.is_empty() {
        error.message = format!("{}: at {mhz} MHz use {}", error.message, others.join(" or "));
    }
    error
}

/// A value within 5 % of a limit still counts, and says so.
fn warn_near_limits(request: &Request, model: &ModelInfo, outcome: &mut Outcome) {
    // ITM has warnings of its own, which begin farther from the limits.
    for range in model.ranges.iter().filter(|_| model.name != "itm") {
        let Some(value) = request.number_given(range.input) else { continue };
        let low = range.min > 0.0 && value < range.min * 1.05;
        let high = range.max > 0.0 && value > range.max / 1.05;
        if low || high {
            outcome.warn(format!(
                "{} {value} is close to the {} of {} at {}",
                range.input,
                if low { "lower limit" } else { "upper limit" },
                model.name,
                if low { range.min } else { range.max },
            ));
        }
    }
}

#[cfg(test)]
mod invariants;
#[cfg(test)]
mod tests;
