//! `covplan link`: one JSON request a line, one JSON answer a line, in the same order.

use crate::cli::context::Context;
use crate::cli::exit::{Complaint, Exit};
use crate::model::issues::Place;
use crate::radio::link::{LinkOptions, answer_line};
use rayon::prelude::*;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::path::Path;

/// Lines answered together: enough for all threads, little enough to stream.
const BATCH: usize = 4096;

/// Answers every line of the file (`-`: stdin). A bad line gets an `error` and spoils no other.
///
/// # Errors
/// When the file can't be read or stdout can't be written.
pub fn run(batch: &Path, verbose: bool, ctx: &mut Context) -> Result<Exit, Complaint> {
    let options = LinkOptions { verbose, ..LinkOptions::default() };
    let place = Place { file: batch.display().to_string(), ..Place::default() };
    let unreadable = |e: std::io::Error| {
        Complaint::data("C010", format!("can't read the requests: {e}")).at(place.clone())
    };
    let mut input: Box<dyn BufRead> = if batch.as_os_str() == "-" {
        Box::new(std::io::stdin().lock())
    } else {
        let file = std::fs::File::open(batch).map_err(unreadable)?;
        if file.metadata().is_ok_and(|m| m.is_dir()) {
            return Err(unreadable(std::io::Error::from(ErrorKind::IsADirectory)));
        }
        Box::new(BufReader::with_capacity(1 << 20, file))
    };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut raw = Vec::new();
    loop {
        let mut lines = Vec::with_capacity(BATCH);
        while lines.len() < BATCH {
            raw.clear();
            if input.read_until(b'\n', &mut raw).map_err(unreadable)? == 0 {
                break;
            }
            let line = String::from_utf8_lossy(&raw);
            if !line.trim().is_empty() {
                lines.push(line.trim().to_owned());
            }
        }
        if lines.is_empty() || ctx.interrupted() {
            break;
        }
        let answers: Vec<String> = lines.par_iter().map(|l| answer_line(l, &options)).collect();
        let written = answers.iter().try_for_each(|a| writeln!(out, "{a}")).and_then(|()| out.flush());
        match written {
            Ok(()) => {}
            Err(e) if e.kind() == ErrorKind::BrokenPipe => return Ok(Exit::Ok),
            Err(e) => return Err(Complaint::usage("C004", format!("can't write to stdout: {e}"))),
        }
    }
    Ok(if ctx.interrupted() { Exit::Interrupted } else { Exit::Ok })
}
