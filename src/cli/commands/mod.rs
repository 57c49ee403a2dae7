//! One file per command.

mod config;
mod link;

use super::args::Command;
use super::context::Context;
use super::exit::{Complaint, Exit};

/// Runs a command.
///
/// # Errors
/// What kept it from running to its end.
pub fn run(command: Command, ctx: &mut Context) -> Result<Exit, Complaint> {
    match command {
        Command::Link { batch, verbose } => link::run(&batch, verbose, ctx),
        Command::Config { project: None } => config::run(&toml::Table::new(), ctx),
        _ => Err(Complaint::usage("C000", "not yet")),
    }
}
