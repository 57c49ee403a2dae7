//! The command line: parses, runs a command, prints. Holds no rules of its own.

mod args;
mod commands;
mod context;
mod exit;

pub use exit::{Complaint, Exit};

use clap::Parser;
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
    let cli = match args::Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(e) => {
            let code = if e.use_stderr() { Exit::Usage } else { Exit::Ok };
            // Nothing can be done about a closed terminal.
            let _ = e.print();
            return code.into();
        }
    };
    let lang = cli.common.lang.unwrap_or(crate::model::kinds::Lang::En);
    let outcome = context::Context::new(&cli.common).and_then(|mut ctx| {
        let exit = commands::run(cli.command, &mut ctx)?;
        ctx.finish()?;
        Ok(exit)
    });
    match outcome {
        Ok(exit) => exit.into(),
        Err(complaint) => {
            let _ = write!(std::io::stderr(), "{}", complaint.render(lang));
            complaint.exit.into()
        }
    }
}
