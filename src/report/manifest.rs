//! `manifest.json`: what a run was made from and what it wrote, so that it can be checked and repeated.

use super::out::OutputFile;
use super::write::{InputFile, RunInfo};
use crate::model::kinds::Redaction;
use crate::model::settings::Settings;
use serde_json::{Value, json};

/// The manifest of a run. Holds no date, path or thread count: the same run gives the same bytes.
///
/// # Errors
/// When the settings can't be written as JSON, which no setting causes.
pub fn manifest(
    run: &RunInfo,
    settings: &Settings,
    stopped_early: bool,
    outputs: &[OutputFile],
) -> Result<Value, serde_json::Error> {
    let level = settings.redact.level;
    let mut outputs = outputs.to_vec();
    outputs.sort_by(|a, b| a.name.cmp(&b.name));
    let inputs: Vec<Value> = run.inputs.iter().map(|f| input(f, level)).collect();
    Ok(json!({
        "schema": "covplan/manifest/1",
        "program": "covplan",
        "version": env!("CARGO_PKG_VERSION"),
        "command": run.command,
        "seed": run.seed,
        "effort": run.effort,
        "stopped_early": stopped_early,
        "redaction": level.code(),
        "configuration": serde_json::to_value(settings)?,
        "inputs": inputs,
        "outputs": outputs,
    }))
}

/// Name and hash of an input would tell who supplied what, and let anyone who guesses a file confirm it.
fn input(f: &InputFile, level: Redaction) -> Value {
    match level {
        Redaction::Internal => {
            json!({ "layer": f.layer, "name": f.name, "bytes": f.bytes, "sha256": f.sha256 })
        }
        Redaction::InterAgency | Redaction::Public => json!({ "layer": f.layer }),
    }
}
