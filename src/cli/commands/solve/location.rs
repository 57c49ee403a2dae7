//! Location and covering problems of `covplan solve`.

use super::{Answer, NoAnswer, Request, bad_argument};
use crate::cli::args::Problem;

/// Solves a location or covering problem on the file of `request`.
pub(super) fn solve(problem: Problem, request: &Request<'_>) -> Result<Answer, NoAnswer> {
    let Request { file: _, format: _, p: _, radius: _, budget: _, work: _ } = request;
    Err(bad_argument(format!("{} isn't read from files yet", problem.name())).into())
}
