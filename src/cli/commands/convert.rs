//! `covplan convert`: the coordinates of a file in another reference system.

use super::pipeline::place;
use crate::cli::context::{Context, print};
use crate::cli::exit::{Complaint, Exit};
use crate::crs::{Crs, CrsError};
use crate::io::convert::{ConvertError, convert};
use crate::model::kinds::Lang;
use crate::model::project::Address;
use crate::model::words::counted;
use crate::report::ReportError;
use crate::report::out::write_file;
use std::path::Path;

/// Converts a file; all other columns and properties stay as they are.
///
/// # Errors
/// When `--json` is asked for without a file to write, a reference system isn't known or has no real datum shift, the file can't be read or a position
/// can't be converted, or the output can't be written.
pub fn run(
    (file, layer): (&Path, Option<&str>),
    from: &str,
    to: &str,
    out: Option<&Path>,
    overwrite: bool,
    ctx: &mut Context,
) -> Result<Exit, Complaint> {
    let crs = |text: &str| -> Result<Crs, Complaint> {
        text.parse().map_err(|e: CrsError| {
            Complaint::usage("C050", format!("{text}: {e}")).help("CRS: EPSG:n, gcj02, bd09")
        })
    };
    // Its address isn't for messages, so it is told apart before anything is said about the file.
    if file.to_str().is_some_and(|f| Address::of_path(f).is_some()) {
        return Err(Complaint::usage("C051", "a database is no file to convert")
            .help("name it as a layer's `path` in a project, or export the table"));
    }
    if ctx.json && out.is_none() {
        return Err(Complaint::usage("C052", "--json sums up on stdout, where the converted file would go")
            .help("name the file to write with -o"));
    }
    let (from_text, to_text) = (from, to);
    let (from, to) = (crs(from)?, crs(to)?);
    let refuse_write = |e: ReportError| Complaint::usage("O001", e.to_string());
    if let Some(path) = out.filter(|p| !overwrite && p.exists()) {
        return Err(refuse_write(ReportError::Exists(path.to_path_buf())));
    }
    let converted = convert(file, layer, &from, &to).map_err(|e| match e {
        ConvertError::Crs(e) => Complaint::usage("C050", format!("--from {from_text} --to {to_text}: {e}")),
        other => Complaint::data("C051", other.to_string()).at(place(file)),
    })?;
    match out {
        Some(path) => write_file(path, overwrite, |w| w.write_all(&converted.bytes)).map_err(refuse_write)?,
        None => print(&String::from_utf8_lossy(&converted.bytes))?,
    }
    if let (true, Some(out)) = (ctx.json, out) {
        let document = serde_json::json!({
            "schema": "covplan/convert/1",
            "file": file.display().to_string(),
            "from": from_text,
            "to": to_text,
            "out": out.display().to_string(),
            "positions": converted.positions,
        });
        print(&format!("{document:#}\n"))?;
    }
    ctx.say(&match ctx.lang {
        Lang::En => format!("{} converted", counted(converted.positions, "position")),
        Lang::Zh => format!("已转换 {} 个坐标", converted.positions),
    });
    Ok(Exit::Ok)
}
