//! Exit codes, and the form in which a command complains.

use crate::model::issues::Place;
use crate::model::kinds::Lang;
use std::fmt::Write as _;
use std::process::ExitCode;

/// The documented exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done; a plan that found gaps is done.
    Ok = 0,
    /// Findings: `check`, or any command with `--fail-on-findings`.
    Findings = 1,
    /// Usage or configuration.
    Usage = 2,
    /// Invalid data.
    Data = 3,
    /// A constraint can't be met.
    Infeasible = 4,
    /// A limit was reached; the best plan so far is written.
    Limit = 5,
    /// Interrupted; the best plan so far is written.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(e: Exit) -> Self {
        ExitCode::from(e as u8)
    }
}

/// Why a command gave up: what, where, and the way out.
#[derive(Clone, Debug)]
pub struct Complaint {
    /// Exit code.
    pub exit: Exit,
    /// Stable code, such as `C001`.
    pub code: String,
    /// What happened.
    pub message: String,
    /// Where, if in a file.
    pub place: Option<Place>,
    /// The way out.
    pub help: Option<String>,
}

impl Complaint {
    /// A complaint about usage or configuration.
    #[must_use]
    pub fn usage(code: &str, message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, code: code.into(), message: message.into(), place: None, help: None }
    }

    /// A complaint about data.
    #[must_use]
    pub fn data(code: &str, message: impl Into<String>) -> Self {
        Self { exit: Exit::Data, ..Self::usage(code, message) }
    }

    /// Data that break a rule of level *error*: the findings as rendered, each with its way out.
    #[must_use]
    pub fn findings(rendered: String) -> Self {
        Self { exit: Exit::Data, code: String::new(), message: rendered, place: None, help: None }
    }

    /// Names the file.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// Names the way out.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// As printed on stderr.
    #[must_use]
    pub fn render(&self, lang: Lang) -> String {
        let (error, help) = match lang {
            Lang::En => ("error", "help"),
            Lang::Zh => ("错误", "处理办法"),
        };
        // Findings come rendered, each with its own code.
        let mut out = if self.code.is_empty() {
            format!("{}\n", self.message.trim_end())
        } else {
            format!("{error}[{}]: {}\n", self.code, self.message)
        };
        // Writing to a String doesn't fail.
        if let Some(place) = &self.place {
            let _ = writeln!(out, "  --> {place}");
        }
        if let Some(way_out) = &self.help {
            let _ = writeln!(out, "  {help}: {way_out}");
        }
        out
    }
}
