//! Reading the fields of a request, and remembering which were asked for.

use super::LinkError;
use crate::radio::registry::ModelInfo;
use serde_json::{Map, Value};
use std::cell::RefCell;

/// The fields of one request.
pub(super) struct Request<'a> {
    fields: &'a Map<String, Value>,
    used: RefCell<Vec<&'static str>>,
}

impl<'a> Request<'a> {
    pub fn new(fields: &'a Map<String, Value>) -> Self {
        Self { fields, used: RefCell::new(vec!["id", "model", "edition"]) }
    }

    /// A field's value; null counts as absent.
    pub fn get(&self, name: &'static str) -> Option<&'a Value> {
        self.used.borrow_mut().push(name);
        self.fields.get(name).filter(|value| !value.is_null())
    }

    fn required(&self, name: &'static str) -> Result<&'a Value, LinkError> {
        self.get(name)
            .ok_or_else(|| LinkError::new("R003", Some(name), format!("the field {name} is missing")))
    }

    pub fn text(&self, name: &'static str) -> Result<&'a str, LinkError> {
        self.required(name)?
            .as_str()
            .ok_or_else(|| LinkError::new("R004", Some(name), format!("{name} has to be text")))
    }

    pub fn number(&self, name: &'static str) -> Result<f64, LinkError> {
        as_number(name, self.required(name)?)
    }

    pub fn number_or(&self, name: &'static str, default: f64) -> Result<f64, LinkError> {
        self.get(name).map_or(Ok(default), |value| as_number(name, value))
    }

    /// A number if the field is there and is one, without counting as use.
    pub fn number_given(&self, name: &str) -> Option<f64> {
        self.fields.get(name).and_then(Value::as_f64)
    }

    /// The choice that a word stands for.
    pub fn choice<T: Copy>(&self, name: &'static str, choices: &[(&str, T)]) -> Result<T, LinkError> {
        let word = self.text(name)?;
        choices.iter().find(|(choice, _)| choice.eq_ignore_ascii_case(word)).map(|(_, t)| *t).ok_or_else(
            || {
                let known: Vec<&str> = choices.iter().map(|(choice, _)| *choice).collect();
                LinkError::new(
                    "R004",
                    Some(name),
                    format!("{name} is {word:?}, not one of {}", known.join(", ")),
                )
            },
        )
    }

    pub fn choice_or<T: Copy>(
        &self,
        name: &'static str,
        default: T,
        choices: &[(&str, T)],
    ) -> Result<T, LinkError> {
        if self.get(name).is_none() { Ok(default) } else { self.choice(name, choices) }
    }

    /// The edition asked, or the model's default one.
    pub fn edition(&self, model: &'static ModelInfo) -> Result<&'static str, LinkError> {
        let asked = match self.get("edition") {
            None => return Ok(model.editions[0]),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        // Programs that know only one sort of number write 8 as 8.0.
        let asked = asked.strip_suffix(".0").unwrap_or(&asked);
        model.editions.iter().copied().find(|edition| *edition == asked).ok_or_else(|| {
            LinkError::new(
                "R006",
                Some("edition"),
                format!("{} has edition {}, not {asked}", model.name, model.editions.join(", ")),
            )
        })
    }

    /// Fields that nothing asked for, in the order given.
    pub fn unused(&self) -> Vec<&'a str> {
        let used = self.used.borrow();
        self.fields.keys().map(String::as_str).filter(|name| !used.contains(name)).collect()
    }
}

fn as_number(name: &'static str, value: &Value) -> Result<f64, LinkError> {
    value
        .as_f64()
        .ok_or_else(|| LinkError::new("R004", Some(name), format!("{name} has to be a number, not {value}")))
}
