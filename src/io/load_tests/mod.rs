//! Whole projects, read from files made here.
#![expect(clippy::result_large_err, reason = "refused inputs are what the tests look at")]

mod rules;
mod shared;
mod sheets;

use super::{LoadError, LoadOptions, load};
use crate::model::inputs::Inputs;
use crate::model::issues::Issues;
use std::path::Path;

/// Writes files into a folder and reads the project among them; `Err` holds what was found when refused.
pub(super) fn load_files(
    files: &[(&str, &[u8])],
    toml: &str,
    options: LoadOptions,
) -> Result<Inputs, Inputs> {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(dir.path().join(name), bytes).unwrap();
    }
    load_in(dir.path(), toml, options)
}

pub(super) fn load_in(folder: &Path, toml: &str, options: LoadOptions) -> Result<Inputs, Inputs> {
    let path = folder.join("covplan.toml");
    std::fs::write(&path, toml).unwrap();
    match load(&path, &options) {
        Ok((_, inputs)) => Ok(inputs),
        Err(LoadError::Data(refused)) => Err(refused.inputs),
        Err(e) => panic!("{e}"),
    }
}

/// Code, column, count, first row and value of every finding.
pub(super) fn found(issues: &Issues) -> Vec<(String, String, u64, u64, String)> {
    issues
        .iter()
        .map(|(f, _)| {
            let column = f.place.column.clone().unwrap_or_default();
            (f.code.to_owned(), column, f.count, f.place.row.unwrap_or(0), f.value.clone())
        })
        .collect()
}

/// Reads one layer from one CSV text.
pub(super) fn csv(layer: &str, keys: &str, text: &str) -> Result<Inputs, Inputs> {
    let toml = format!("[layers.{layer}]\npath = \"t.csv\"\n{keys}\n");
    load_files(&[("t.csv", text.as_bytes())], &toml, LoadOptions::default())
}

/// Counts of a layer: read, filtered, dropped, kept.
pub(super) fn counts(inputs: &Inputs, layer: &str) -> [u64; 4] {
    let l = &inputs.layers[layer];
    [l.rows_read, l.rows_filtered, l.rows_dropped, l.rows_kept]
}
