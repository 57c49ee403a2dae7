//! One file per command.

mod answers;
mod area;
mod centers;
mod config;
mod convert;
mod doctor;
mod explain;
mod hall;
mod init;
mod inspect;
mod link;
mod pipeline;
mod shell;
mod solve;
mod synth;
mod tiles;
mod topics;

use super::args::{Command, Output};
use super::context::Context;
use super::exit::{Complaint, Exit};

/// Runs a command.
///
/// # Errors
/// What kept it from running to its end.
pub fn run(command: Command, ctx: &mut Context) -> Result<Exit, Complaint> {
    match command {
        Command::Demo { output, budget } => pipeline::demo(&output, &budget, ctx),
        Command::Init { dir } => init::run(&dir, ctx),
        Command::Inspect { file } => inspect::run(&file, ctx),
        Command::Synth { region, sites, cells, out, overwrite } => {
            synth::run(&region, sites as usize, cells as usize, &out, overwrite, ctx)
        }
        Command::Check { reading } => pipeline::check(&reading, ctx),
        Command::Area { reading, output, ask } => area::run(&reading, &output, &ask, ctx),
        Command::Coverage { reading, output } => pipeline::coverage(&reading, &output, ctx),
        Command::Plan { reading, budget_cny, output, budget } => {
            pipeline::plan(&reading, budget_cny, &output, &budget, ctx)
        }
        Command::Kpi { reading, preset, before, output } => {
            answers::kpi(&reading, &preset, &before, &output, ctx)
        }
        Command::Compare { before, after, out, overwrite } => {
            let output = Output {
                out,
                overwrite,
                redact: None,
                formats: Vec::new(),
                simplestyle: false,
                csv_encoding: crate::report::csv::Encoding::default(),
                output_crs: crate::crs::Crs::wgs84(),
            };
            answers::compare(&before, &after, &output, ctx)
        }
        Command::Duplicates { reading, output } => answers::duplicates(&reading, &output, ctx),
        Command::Readiness { reading, ask, output } => answers::readiness(&reading, &ask, &output, ctx),
        Command::Joint { reading, parties, orders, output, budget } => {
            answers::joint(&reading, parties, orders, &output, &budget, ctx)
        }
        Command::Tiles(ask) => tiles::run(&ask, ctx),
        Command::Energy { reading, today, output, budget } => {
            answers::energy(&reading, today, &output, &budget, ctx)
        }
        Command::Centers { reading, objective, planned, output, budget } => {
            centers::run(&reading, objective, planned, &output, &budget, ctx)
        }
        Command::Failures { reading, planned, output, budget } => {
            answers::failures(&reading, planned, &output, &budget, ctx)
        }
        Command::Outlook { reading, output } => answers::outlook(&reading, &output, ctx),
        Command::Uncertainty { reading, runs, anew, output, budget } => {
            answers::uncertainty(&reading, (runs, anew), &output, &budget, ctx)
        }
        Command::Explain { dir, id } => explain::run(&dir, &id, ctx),
        Command::Convert { file, layer, from, to, out, overwrite } => {
            convert::run((&file, layer.as_deref()), &from, &to, out.as_deref(), overwrite, ctx)
        }
        Command::Hall { ask, batch, settings, out, overwrite } => {
            hall::run(&ask, batch.as_deref(), settings.as_deref(), out, overwrite, ctx)
        }
        Command::Link { batch, verbose } => link::run(&batch, verbose, ctx),
        Command::Solve { problem, file, format, p, radius, budget, gap, work } => {
            solve::run(&solve::Arguments { problem, file, format, p, radius, budget, gap, work }, ctx)
        }
        Command::Config { project } => config::run(project.as_deref(), ctx),
        Command::Doctor => doctor::run(ctx),
        Command::Help { topic } => topics::run(&topic, ctx),
        Command::Completions { shell } => shell::completions(shell, ctx),
        Command::Man { out, overwrite } => shell::man(out.as_deref(), overwrite, ctx),
    }
}
