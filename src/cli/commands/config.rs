//! `covplan config`: the effective settings, each with unit, range, source and trust.

use crate::cli::context::{Context, print};
use crate::cli::exit::{Complaint, Exit};
use crate::io::project::{ProjectError, read};
use crate::model::catalogue::{Catalogue, Entry};
use crate::model::kinds::Lang;
use crate::model::said::Said;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use toml::{Table, Value};

/// Complains about a project file.
pub fn refuse(e: &ProjectError) -> Complaint {
    let ProjectError::Faults(faults) = e else { return Complaint::usage("C005", e) };
    let lines = |lang: Lang| {
        let told = faults.iter().map(|f| {
            let help = match f.help.text(lang) {
                "" => String::new(),
                help => format!("\n  {}: {help}", lang.pick("help", "处理办法")),
            };
            format!("{}\n  --> {}{help}", f.message.text(lang), f.place)
        });
        told.collect::<Vec<_>>().join("\n")
    };
    Complaint::usage("C005", (lines(Lang::En), lines(Lang::Zh)))
}

/// Prints every key with the value in force.
///
/// # Errors
/// When the project can't be read or stdout can't be written.
pub fn run(project: Option<&Path>, ctx: &mut Context) -> Result<Exit, Complaint> {
    let catalogue = Catalogue::embedded().map_err(|e| Complaint::usage("C001", &e))?;
    let effective = match project {
        None => catalogue.merged(&Table::new()).map_err(|e| Complaint::usage("C001", Said::lines(&e)))?,
        Some(path) => Table::try_from(&read(path).map_err(|e| refuse(&e))?.settings)
            .map_err(|e| Complaint::usage("C001", Said::verbatim(e.to_string())))?,
    };
    let described = catalogue.described(&effective);
    if ctx.json {
        let keys: serde_json::Map<String, serde_json::Value> = described
            .iter()
            .map(|(path, e, value)| {
                let mut entry = serde_json::json!(e);
                // A member that the project added has no default.
                entry["default"] = serde_json::json!(catalogue.get(path).map(|e| &e.value));
                entry["value"] = serde_json::json!(value);
                (path.clone(), entry)
            })
            .collect();
        print(&format!("{:#}\n", serde_json::json!({ "schema": "covplan/config/1", "keys": keys })))?;
        return Ok(Exit::Ok);
    }
    print(&as_toml(&described, ctx.lang))?;
    ctx.next(ctx.pick("put what differs into covplan.toml", "把需要改动的项写入 covplan.toml"));
    Ok(Exit::Ok)
}

/// The settings as a project file has them, each below a comment. A table opens once, with all keys of its
/// own; its sub-tables have headers of their own.
fn as_toml(described: &[(String, &Entry, Value)], lang: Lang) -> String {
    let mut tables: BTreeMap<&str, Vec<(&str, &Entry, &Value)>> = BTreeMap::new();
    for (path, entry, value) in described {
        let (head, key) = path.rsplit_once('.').unwrap_or(("", path));
        tables.entry(head).or_default().push((key, entry, value));
    }
    let mut out = String::new();
    for (head, keys) in tables {
        let name: Vec<String> = head.split('.').map(quoted).collect();
        // Writing to a String doesn't fail.
        let _ = writeln!(out, "\n[{}]", name.join("."));
        for (key, entry, value) in keys {
            let doc = if lang == Lang::Zh { &entry.zh } else { &entry.doc };
            let range = match (&entry.choices, entry.min, entry.max) {
                (Some(c), _, _) => format!("; one of {}", c.join(", ")),
                (None, Some(min), Some(max)) => format!("; {min}..{max}"),
                _ => String::new(),
            };
            let unit = if entry.unit.is_empty() { String::new() } else { format!(", {}", entry.unit) };
            let _ = writeln!(out, "# {doc}{unit}{range}; {:?}: {}", entry.trust, entry.source);
            let _ = writeln!(out, "{} = {value}", quoted(key));
        }
    }
    out.trim_start().to_owned()
}

/// A key, in quotes where TOML asks for them.
fn quoted(key: &str) -> String {
    let bare = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    if bare { key.to_owned() } else { Value::String(key.to_owned()).to_string() }
}
