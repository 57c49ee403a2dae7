//! Location and covering problems of `covplan solve`.

mod problems;

use self::problems::{Extra, Unsolved};
use super::{Answer, NoAnswer, Request, bad_argument, bad_file};
use crate::cli::args::{Format, Problem};
use crate::cli::exit::{Complaint, Exit};
use crate::io::location_files::{self, LocationFileError};
use crate::optimise::{Ended, Work, relative_gap};

/// Relative gap at which an answer on decimal data counts as proven.
const DECIMAL_GAP: f64 = 1e-6;

/// Solves a location or covering problem on the file of `request`.
pub(super) fn solve(problem: Problem, request: &Request<'_>) -> Result<Answer, NoAnswer> {
    let format = match request.format {
        None => None,
        Some(Format::Stp | Format::Gr) => {
            let name = problem.name();
            let said = (format!("stp and gr hold no {name} problem"), format!("stp 与 gr 不含 {name} 问题"));
            return Err(bad_argument(said).into());
        }
        Some(Format::Graph) => Some(location_files::Format::Graph),
        Some(Format::XyFloor) => Some(location_files::Format::XyFloor),
        Some(Format::XyReal) => Some(location_files::Format::XyReal),
        Some(Format::LatlonWeight) => Some(location_files::Format::LatlonWeight),
        Some(Format::XyWeight) => Some(location_files::Format::XyWeight),
        Some(Format::Ufl) => Some(location_files::Format::Ufl),
        Some(Format::Cflp) => Some(location_files::Format::Cflp),
        Some(Format::Scp) => Some(location_files::Format::Scp),
    };
    let points = match problem {
        Problem::PCenter => location_files::Format::XyReal,
        _ => location_files::Format::XyFloor,
    };
    let (_, instance) = location_files::read(request.file, format, points).map_err(|e| {
        let line = match &e {
            LocationFileError::Value { line, .. } => Some(*line as u64),
            _ => None,
        };
        bad_file(request.file, line, &e)
    })?;
    let extra = Extra { p: request.p.map(|p| p as usize), radius: request.radius, budget: request.budget };
    // Shares of customers are fractions, and so are costs then.
    let whole = instance.is_whole() && problem != Problem::Cflp;
    let gap = if whole { request.work.gap } else { request.work.gap.max(0.9 * DECIMAL_GAP) };
    let found = problems::solve(problem, &instance, extra, Work { gap, ..request.work });
    let found = found.map_err(|e| match e {
        Unsolved::Usage(why) => bad_argument(why).into(),
        Unsolved::Infeasible(why) => NoAnswer::Infeasible(why),
        Unsolved::NotFound(why) => Complaint { exit: Exit::Limit, ..bad_argument(why) }.into(),
    })?;
    let close = relative_gap(found.objective, found.bound) <= DECIMAL_GAP;
    let proven = found.ended == Ended::Proven || (!whole && close);
    Ok(Answer {
        objective: found.objective,
        bound: found.bound,
        ended: if proven { Ended::Proven } else { found.ended },
        solution: found.solution,
    })
}
