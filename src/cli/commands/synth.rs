//! `covplan synth`: a synthetic project, seeded by real towns.

use crate::cli::context::{Context, print};
use crate::cli::exit::{Complaint, Exit};
use crate::io::write_layers::{WriteError, write_project};
use crate::model::kinds::Lang;
use crate::synth::{Recipe, SynthError, generate, provinces};
use std::collections::BTreeMap;
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
    let made = ctx.stage("synth", region, |_| generate(&recipe)).map_err(|e| {
        let complaint = Complaint::usage("C030", &e);
        match e {
            SynthError::UnknownRegion { .. } => {
                let all = |lang| provinces(lang).collect::<Vec<_>>();
                complaint.help((
                    format!(
                        "provinces are: {}; a larger city, a GB/T 2260 code and China serve too",
                        all(Lang::En).join(", ")
                    ),
                    format!(
                        "省级区域有：{}；也可用较大城市、GB/T 2260 代码或 China",
                        all(Lang::Zh).join("、")
                    ),
                ))
            }
            SynthError::TooMany(_) => complaint,
        }
    })?;
    let files = ctx
        .stage("write", region, |_| write_project(&made, out, region, overwrite))
        .map_err(|e: WriteError| Complaint::usage("O001", &e))?;
    if ctx.json {
        let rows: BTreeMap<&str, u64> = made.layers.iter().map(|(n, l)| (n.as_str(), l.rows_kept)).collect();
        let document = serde_json::json!({
            "schema": "covplan/synth/1",
            "folder": out.display().to_string(),
            "files": files,
            "region": region,
            "seed": ctx.seed,
            "layers": rows,
        });
        print(&format!("{document:#}\n"))?;
    }
    let project = out.join("covplan.toml");
    ctx.next(&format!("covplan plan {} -o out", project.display()));
    Ok(Exit::Ok)
}
