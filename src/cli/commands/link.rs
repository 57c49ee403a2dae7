//! `covplan link`: one JSON request a line, one JSON answer a line, in the same order.

use crate::cli::context::{Context, closed};
use crate::cli::exit::{Complaint, Exit};
use crate::model::issues::Place;
use crate::model::said::Bilingual;
use crate::radio::link::{LinkOptions, answer_line};
use crate::radio::profile::{Profile, Zone};
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
    // Profiles named in requests lie beside the request file.
    let folder = batch.parent().filter(|_| batch.as_os_str() != "-").unwrap_or(Path::new(""));
    let read_profile = |name: &str| read_profile(&folder.join(name));
    let options = LinkOptions { verbose, read_profile: Some(&read_profile) };
    answer_lines(batch, ctx, |line| answer_line(line, &options))
}

/// Answers every line of a file (`-`: stdin) with one line, in the same order.
///
/// # Errors
/// When the file can't be read or stdout can't be written.
pub(super) fn answer_lines(
    batch: &Path,
    ctx: &Context,
    answer: impl Fn(&str) -> String + Sync,
) -> Result<Exit, Complaint> {
    let place = Place { file: batch.display().to_string(), ..Place::default() };
    let unreadable = |e: std::io::Error| {
        let said = (format!("can't read the requests: {e}"), format!("无法读取请求：{}", e.zh()));
        Complaint::data("C010", said).at(place.clone())
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
        let answers: Vec<String> = lines.par_iter().map(|l| answer(l)).collect();
        let written = answers.iter().try_for_each(|a| writeln!(out, "{a}")).and_then(|()| out.flush());
        match written {
            Ok(()) => {}
            Err(e) if e.kind() == ErrorKind::BrokenPipe => return Ok(Exit::Ok),
            Err(e) => return Err(closed(&e)),
        }
    }
    Ok(if ctx.interrupted() { Exit::Interrupted } else { Exit::Ok })
}

/// A terrain profile from a CSV file with the columns `distance_m`, `height_m` and, where known, `clutter_m` or
/// `cover`, and `zone`.
fn read_profile(path: &Path) -> Result<Profile, String> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_path(path)
        .map_err(|e| format!("can't read the profile: {e}"))?;
    let header = reader.headers().map_err(|e| e.to_string())?.clone();
    let mut profile = Profile::default();
    let mut kinds = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| e.to_string())?;
        let row = record.position().map_or(0, csv::Position::line);
        for (column, value) in header.iter().zip(&record) {
            let number =
                || value.parse::<f64>().map_err(|_| format!("line {row}: {column} {value:?} is no number"));
            match column {
                "distance_m" => profile.distance_m.push(number()?),
                "height_m" => profile.height_m.push(number()?),
                "clutter_m" => profile.clutter_m.push(number()?),
                "cover" => kinds.push(value.to_owned()),
                "zone" => profile
                    .zone
                    .push(Zone::from_code(value).ok_or_else(|| {
                        format!("line {row}: zone {value:?} is not inland, coastal or sea")
                    })?),
                _ => {}
            }
        }
    }
    if !kinds.is_empty() {
        let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
        profile.stand(&kinds).map_err(|e| e.to_string())?;
    }
    Ok(profile)
}
