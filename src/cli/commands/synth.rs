//! `covplan synth`: a synthetic project, seeded by real towns.

use crate::cli::context::Context;
use crate::cli::exit::{Complaint, Exit};
use crate::io::write_layers::{WriteError, write_project};
use crate::synth::{Recipe, generate};
use std::path::Path;

/// Makes the region and writes it as a ready project.
///
/// # Errors
/// When the region isn't known or the folder can't be written.
pub fn run(
    region: &str,
    sites: usize,
    cells: usize,
    out: &Path,
    overwrite: bool,
    ctx: &mut Context,
) -> Result<Exit, Complaint> {
    let recipe = Recipe { region: region.to_owned(), sites, cells, seed: ctx.seed };
    let made = ctx
        .stage("synth", region, |_| generate(&recipe))
        .map_err(|e| Complaint::usage("C030", e.to_string()))?;
    ctx.stage("write", region, |_| write_project(&made, out, region, overwrite))
        .map_err(|e: WriteError| Complaint::usage("O001", e.to_string()))?;
    ctx.say(&format!("next: covplan plan {} -o out", out.join("covplan.toml").display()));
    Ok(Exit::Ok)
}
