//! The command line: parses, runs a command, prints. Holds no rules of its own.

mod args;
mod commands;
mod context;
mod exit;
mod guide;
mod usage;

pub use exit::{Complaint, Exit};

use crate::model::kinds::Lang;
use clap::FromArgMatches as _;
use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

/// Stack of the thread that runs a command: as much on every system as the main thread has on most. On
/// Windows that one has an eighth of it.
const STACK_BYTES: usize = 8 << 20;

/// Runs the program on the given arguments, the first of which is its own name.
#[must_use]
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
        match thread.spawn_scoped(scope, || run(&args)) {
            Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(_) => run(&args),
        }
    })
}

fn run(args: &[OsString]) -> ExitCode {
    let lang = guide::lang_asked(args).unwrap_or(Lang::En);
    let parsed = guide::command(lang).try_get_matches_from(args);
    let cli = match parsed.and_then(|m| args::Cli::from_arg_matches(&m)) {
        Ok(cli) => cli,
        Err(e) => {
            usage::print(&e, lang);
            return if e.use_stderr() { Exit::Usage } else { Exit::Ok }.into();
        }
    };
    let complain = |complaint: Complaint, lang| {
        // Nothing can be done about a closed terminal.
        let _ = write!(std::io::stderr(), "{}", complaint.render(lang));
        complaint.exit
    };
    let mut ctx = match context::Context::new(&cli.common) {
        Ok(ctx) => ctx,
        Err(complaint) => return complain(complaint, lang).into(),
    };
    let outcome = commands::run(cli.command, &mut ctx).and_then(|exit| ctx.finish().map(|()| exit));
    // By now the project may have said which language it is in.
    outcome.unwrap_or_else(|complaint| complain(complaint, ctx.lang)).into()
}
