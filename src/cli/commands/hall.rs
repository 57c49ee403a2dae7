//! `covplan hall`: indoor nodes of a factory hall.

use super::config::refuse;
use super::link::answer_lines;
use super::pipeline::{check_output, out_options, refuse_report};
use crate::cli::args::{HallArgs, Output};
use crate::cli::context::{Context, print, terminal_width};
use crate::cli::exit::{Complaint, Exit};
use crate::io::project::read;
use crate::model::said::Said;
use crate::model::settings::Settings;
use crate::radio::hall::plan;
use crate::report::answers::{hall_answer, hall_json, hall_svg};
use crate::report::csv::Encoding;
use crate::report::{RunInfo, text};
use crate::siting::halls::{HallAsk, HallError, OutdoorAsk};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Works out one hall, or a file of them.
///
/// # Errors
/// When the settings can't be read, the hall is outside the models' ranges, or outputs can't be written.
pub fn run(
    ask: &HallArgs,
    batch: Option<&Path>,
    project: Option<&Path>,
    out: Option<PathBuf>,
    overwrite: bool,
    ctx: &mut Context,
) -> Result<Exit, Complaint> {
    let settings = match project {
        Some(path) => read(path).map_err(|e| refuse(&e))?.settings,
        None => Settings::with(&toml::Table::new()).map_err(|e| Complaint::usage("C001", Said::lines(&e)))?,
    };
    if let Some(batch) = batch {
        return answer_lines(batch, ctx, |line| answer_line(line, &settings).to_string());
    }
    let output = Output {
        out,
        overwrite,
        redact: None,
        formats: Vec::new(),
        output_crs: crate::crs::Crs::wgs84(),
        csv_encoding: Encoding::default(),
        simplestyle: false,
    };
    check_output(&output)?;
    let ask = typed(ask);
    let refused = |e: HallError| Complaint::usage(code(&e), &e);
    let task = ask.task(&settings).map_err(refused)?;
    let label = ctx.pick("searching layouts", "搜索布局").to_owned();
    let found = ctx.stage("hall", &label, |_| plan(&task)).map_err(|e| refused(e.into()))?;
    let answer = hall_answer(&ask, &task, &found, &settings, ctx.lang);
    if let Some(options) = out_options(&output) {
        let run = RunInfo {
            command: "hall",
            title: answer.document.title.clone(),
            lang: ctx.lang,
            seed: ctx.seed,
            effort: None,
            inputs: Vec::new(),
        };
        let plan = ("plan.svg", hall_svg(&task, &found));
        answer
            .write_with(&settings, &run, &options, false, std::slice::from_ref(&plan))
            .map_err(|e| refuse_report(&e))?;
    }
    if ctx.json {
        print(&format!("{:#}\n", answer.json()))?;
    } else {
        let folder = output.out.as_ref().map(|f| f.display().to_string());
        print(&text::text(&answer.document, Some(terminal_width()), folder.as_deref()))?;
    }
    Ok(if found.solution.is_some() || found.outdoor_serves() { Exit::Ok } else { Exit::Infeasible })
}

/// One line of a batch.
fn answer_line(line: &str, settings: &Settings) -> Value {
    let refused = |id: Value, code: &str, message: String| json!({ "id": id, "error": { "code": code, "message": message } });
    let ask: HallAsk = match serde_json::from_str(line) {
        Ok(ask) => ask,
        Err(e) => {
            let id = serde_json::from_str::<Value>(line).map_or(Value::Null, |v| v["id"].clone());
            return refused(id, "R003", e.to_string());
        }
    };
    let done = ask.task(settings).and_then(|task| Ok((plan(&task)?, task)));
    match done {
        Ok((found, task)) => hall_json(&ask, &task, &found, settings),
        Err(e) => refused(json!(ask.id), code(&e), e.to_string()),
    }
}

fn code(e: &HallError) -> &'static str {
    match e {
        HallError::Unknown { .. } => "R002",
        HallError::Refused(refusal) => refusal.code(),
    }
}

fn typed(a: &HallArgs) -> HallAsk {
    HallAsk {
        // The command line asks for both; without them the range refuses.
        length_m: a.length_m.unwrap_or(0.0),
        width_m: a.width_m.unwrap_or(0.0),
        ceiling_m: a.ceiling_m,
        node_height_m: a.node_height_m,
        ue_height_m: a.ue_height_m,
        clutter_density: a.clutter_density,
        clutter_size_m: a.clutter_size_m,
        clutter_height_m: a.clutter_height_m,
        service: a.service.clone(),
        ul_mbps: a.ul_mbps,
        dl_mbps: a.dl_mbps,
        terminals: a.terminals,
        terminal: a.terminal,
        carrier: a.carrier.clone(),
        max_nodes: a.max_nodes,
        outdoor: a.outdoor_m.map(|distance_m| OutdoorAsk {
            distance_m,
            scenario: a.outdoor_scenario.unwrap_or_default(),
            height_m: a.outdoor_height_m,
            carrier: a.carrier.clone(),
            power_dbm: None,
            gain_ssb_dbi: None,
            gain_traffic_dbi: None,
            wall: a.wall,
            depth_m: None,
        }),
        ..HallAsk::default()
    }
}
