//! `covplan config`: the effective settings, each with unit, range, source and trust.

use crate::cli::context::{Context, print};
use crate::cli::exit::{Complaint, Exit};
use crate::io::project::{ProjectError, read};
use crate::model::catalogue::Catalogue;
use crate::model::kinds::Lang;
use std::fmt::Write as _;
use std::path::Path;
use toml::{Table, Value};

/// Complains about a project file.
pub fn refuse(e: ProjectError) -> Complaint {
    match e {
        ProjectError::Faults(faults) => {
            let lines: Vec<String> = faults
                .iter()
                .map(|f| {
                    let help =
                        if f.help.is_empty() { String::new() } else { format!("\n  help: {}", f.help) };
                    format!("{}\n  --> {}{help}", f.message, f.place)
                })
                .collect();
            Complaint::usage("C005", lines.join("\n"))
        }
        other => Complaint::usage("C005", other.to_string()),
    }
}

/// Prints every key with the value in force.
///
/// # Errors
/// When the project can't be read or stdout can't be written.
pub fn run(project: Option<&Path>, ctx: &mut Context) -> Result<Exit, Complaint> {
    let effective = match project {
        None => Table::new(),
        Some(path) => Table::try_from(&read(path).map_err(refuse)?.settings)
            .map_err(|e| Complaint::usage("C001", e.to_string()))?,
    };
    let catalogue = Catalogue::embedded().map_err(|e| Complaint::usage("C001", e.to_string()))?;
    let value_of = |path: &str| -> Option<&Value> {
        let mut parts = path.split('.');
        let first = effective.get(parts.next()?)?;
        parts.try_fold(first, |at, part| at.get(part))
    };
    if ctx.json {
        let keys: serde_json::Map<String, serde_json::Value> = catalogue
            .iter()
            .map(|(path, e)| {
                let mut entry = serde_json::json!(e);
                entry["default"] = serde_json::json!(e.value);
                entry["value"] = serde_json::json!(value_of(path).unwrap_or(&e.value));
                (path.to_owned(), entry)
            })
            .collect();
        print(&format!("{:#}\n", serde_json::json!({ "schema": "covplan/config/1", "keys": keys })))?;
        return Ok(Exit::Ok);
    }
    let mut out = String::new();
    let mut section = "";
    for (path, entry) in catalogue.iter() {
        let (head, key) = path.rsplit_once('.').unwrap_or(("", path));
        if head != section {
            section = head;
            let _ = writeln!(out, "\n[{head}]");
        }
        let value = value_of(path).unwrap_or(&entry.value);
        let doc = if ctx.lang == Lang::Zh { &entry.zh } else { &entry.doc };
        let range = match (&entry.choices, entry.min, entry.max) {
            (Some(c), _, _) => format!("; one of {}", c.join(", ")),
            (None, Some(min), Some(max)) => format!("; {min}..{max}"),
            _ => String::new(),
        };
        let unit = if entry.unit.is_empty() { String::new() } else { format!(", {}", entry.unit) };
        let _ = writeln!(out, "# {doc}{unit}{range}; {:?}: {}", entry.trust, entry.source);
        let _ = writeln!(out, "{key} = {value}");
    }
    print(out.trim_start())?;
    Ok(Exit::Ok)
}
