//! `covplan solve`: one problem on one file of a public benchmark format, answered with its proof.

mod location;
mod steiner;

use super::pipeline::place;
use crate::cli::args::{Budget, Format, Problem};
use crate::cli::context::{Context, print};
use crate::cli::exit::{Complaint, Exit};
use crate::model::said::Said;
use crate::optimise::{Effort, Ended, Stop, Work, relative_gap};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// The arguments of `covplan solve`, as typed.
#[derive(Debug)]
pub struct Arguments {
    /// Kind of problem.
    pub problem: Problem,
    /// File to read.
    pub file: PathBuf,
    /// Its format, when told.
    pub format: Option<Format>,
    /// Number of places to open.
    pub p: Option<u32>,
    /// Radius of service, in metres or the file's unit.
    pub radius: Option<f64>,
    /// Money for opening places.
    pub budget: Option<f64>,
    /// Relative gap that is good enough.
    pub gap: f64,
    /// How long to work.
    pub work: Budget,
}

/// What a family of problems gets to work with.
pub(super) struct Request<'a> {
    pub file: &'a Path,
    pub format: Option<Format>,
    pub p: Option<u32>,
    pub radius: Option<f64>,
    pub budget: Option<f64>,
    pub work: Work<'a>,
}

/// An answer on its way out.
pub(super) struct Answer {
    /// Recomputed from the solution and the input.
    pub objective: f64,
    /// Proven; infinite or NaN where there is none, which becomes `null`.
    pub bound: f64,
    /// `Proven` becomes `optimal`, `Stopped` `limit`, `Worked` `feasible`.
    pub ended: Ended,
    /// As the contract of the problem has it.
    pub solution: Value,
}

/// Why there is no answer.
pub(super) enum NoAnswer {
    /// The input or the arguments are at fault.
    Refused(Complaint),
    /// It is proven that nothing meets the constraints; says why.
    Infeasible(Said),
}

impl From<Complaint> for NoAnswer {
    fn from(c: Complaint) -> Self {
        Self::Refused(c)
    }
}

/// Solves a file and prints the answer.
///
/// # Errors
/// When the file can't be read or isn't what the problem needs, or stdout can't be written.
pub fn run(arguments: &Arguments, ctx: &mut Context) -> Result<Exit, Complaint> {
    ctx.limit(arguments.work.time_limit);
    let effort = match (arguments.work.effort, arguments.work.time_limit) {
        (Some(e), _) => e,
        (None, Some(_)) => Effort::UNBOUNDED,
        (None, None) => Effort::NORMAL,
    };
    let seed = ctx.seed;
    let label = ctx.pick("solving", "求解").to_owned();
    let problem = arguments.problem;
    let found = ctx.stage("solve", &label, |ctx| {
        let asked = || ctx.must_stop();
        let request = Request {
            file: &arguments.file,
            format: arguments.format,
            p: arguments.p,
            radius: arguments.radius,
            budget: arguments.budget,
            work: Work { effort, seed, gap: arguments.gap, stop: Stop::when(&asked) },
        };
        match problem {
            Problem::Steiner | Problem::Pcstp | Problem::Rpcstp => steiner::solve(problem, &request),
            _ => location::solve(problem, &request),
        }
    });
    let (status, exit) = match &found {
        Ok(a) => match a.ended {
            Ended::Proven => ("optimal", Exit::Ok),
            Ended::Worked => ("feasible", Exit::Ok),
            Ended::Stopped if ctx.interrupted() => ("limit", Exit::Interrupted),
            Ended::Stopped => ("limit", Exit::Limit),
        },
        Err(NoAnswer::Infeasible(_)) => ("infeasible", Exit::Infeasible),
        Err(NoAnswer::Refused(complaint)) => return Err(complaint.clone()),
    };
    let instance = instance_name(&arguments.file);
    let problem = problem.name();
    match (&found, ctx.json) {
        (found, true) => {
            let mut doc = json!({
                "schema": "covplan/solve/1", "problem": problem, "instance": instance, "status": status,
                "objective": null, "bound": null, "gap": null, "seconds": ctx.seconds(), "solution": null,
            });
            match found {
                Ok(a) => {
                    doc["objective"] = a.objective.into();
                    doc["bound"] = a.bound.into();
                    doc["gap"] = relative_gap(a.objective, a.bound).into();
                    doc["solution"] = a.solution.clone();
                }
                Err(NoAnswer::Infeasible(why)) => doc["message"] = why.text(ctx.lang).into(),
                Err(NoAnswer::Refused(_)) => {}
            }
            print(&format!("{doc}\n"))?;
        }
        (Ok(a), false) => {
            let gap = 100.0 * relative_gap(a.objective, a.bound);
            let (o, b) = (a.objective, a.bound);
            print(&match ctx.lang {
                crate::model::kinds::Lang::En => {
                    format!("{instance} ({problem}): {status}, objective {o}, bound {b}, gap {gap:.4} %\n")
                }
                crate::model::kinds::Lang::Zh => {
                    format!("{instance}（{problem}）：{status}，目标值 {o}，界 {b}，间隙 {gap:.4} %\n")
                }
            })?;
        }
        (Err(NoAnswer::Infeasible(why)), false) => {
            print(&format!("{instance} ({problem}): {status}: {}\n", why.text(ctx.lang)))?
        }
        (Err(NoAnswer::Refused(_)), false) => {}
    }
    Ok(exit)
}

/// The file's name without folder, packing and format.
fn instance_name(file: &Path) -> String {
    let name = file.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let known = [".stp", ".gr", ".txt", ".dat", ".csv", ".tsp"];
    known.iter().find_map(|e| name.strip_suffix(e)).unwrap_or(name).to_owned()
}

/// A fault in the file.
pub(super) fn bad_file(file: &Path, line: Option<u64>, message: impl Into<Said>) -> Complaint {
    let mut at = place(file);
    at.row = line;
    Complaint::data("S001", message).at(at)
}

/// An argument that the problem needs, or can't use.
pub(super) fn bad_argument(message: impl Into<Said>) -> Complaint {
    Complaint::usage("S002", message)
}
