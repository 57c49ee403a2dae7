//! `covplan completions` and `covplan man`: what shells and manuals know of the command line.

use super::pipeline::refuse_report;
use crate::cli::context::{Context, closed, print};
use crate::cli::exit::{Complaint, Exit};
use crate::cli::guide::{GUIDES, Guide, command};
use crate::report::formats::FORMATS;
use crate::report::out::OutFolder;
use clap::builder::PossibleValuesParser;
use clap_complete::Shell;
use std::path::Path;

/// Prints the completion script of a shell.
///
/// # Errors
/// When stdout can't be written.
pub fn completions(shell: Shell, ctx: &Context) -> Result<Exit, Complaint> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut with_values(command(ctx.lang)), "covplan", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Ok)
}

/// The words that an argument takes, where the parser that checks it doesn't list them.
fn values_of(argument: &str) -> Vec<&'static str> {
    match argument {
        "lang" => vec!["en", "zh"],
        "redact" => vec!["internal", "inter-agency", "public"],
        "formats" => FORMATS.iter().map(|f| f.word).collect(),
        "topic" => {
            let commands = GUIDES.iter().map(|g| g.command).filter(|c| !c.is_empty());
            ["formats", "layers", "crs", "exit-codes"].into_iter().chain(commands).collect()
        }
        _ => Vec::new(),
    }
}

/// A command whose arguments tell a shell what they take.
fn with_values(command: clap::Command) -> clap::Command {
    command
        .mut_args(|argument| match values_of(argument.get_id().as_str()) {
            none if none.is_empty() => argument,
            values => argument.value_parser(PossibleValuesParser::new(values)),
        })
        .mut_subcommands(with_values)
}

/// Writes the manual pages, one a command, or prints the main one.
///
/// # Errors
/// When the folder or stdout can't be written.
pub fn man(out: Option<&Path>, overwrite: bool, ctx: &Context) -> Result<Exit, Complaint> {
    let mut root = command(ctx.lang);
    root.build();
    let page = |c: &clap::Command, guide: &str| -> Result<Vec<u8>, Complaint> {
        let mut page = Vec::new();
        clap_mangen::Man::new(c.clone()).render(&mut page).map_err(|e| closed(&e))?;
        let examples = Guide::of(guide).map(Guide::examples).unwrap_or_default();
        page.extend(
            format!(".SH {}\n.nf\n{}.fi\n", ctx.pick("EXAMPLES", "示例"), verbatim(&examples)).bytes(),
        );
        Ok(page)
    };
    let main = page(&root, "")?;
    let Some(folder) = out else {
        return print(&String::from_utf8_lossy(&main)).map(|()| Exit::Ok);
    };
    let mut pages = vec![("covplan.1".to_owned(), main)];
    for c in root.get_subcommands() {
        let name = c.get_name();
        pages.push((format!("covplan-{name}.1"), page(c, name)?));
    }
    let mut into = OutFolder::create(folder, overwrite).map_err(|e| refuse_report(&e))?;
    for (name, bytes) in &pages {
        into.file(name, |w| w.write_all(bytes)).map_err(|e| refuse_report(&e))?;
    }
    into.commit().map_err(|e| refuse_report(&e))?;
    if ctx.json {
        let names: Vec<&str> = pages.iter().map(|(n, _)| n.as_str()).collect();
        let document = serde_json::json!({
            "schema": "covplan/man/1", "folder": folder.display().to_string(), "files": names,
        });
        print(&format!("{document:#}\n"))?;
    }
    ctx.next(&format!("man {}", folder.join("covplan.1").display()));
    Ok(Exit::Ok)
}

/// Text that roff prints as it stands.
fn verbatim(text: &str) -> String {
    let line = |l: &str| {
        let l = l.replace('\\', "\\e").replace('-', "\\-");
        if l.starts_with(['.', '\'']) { format!("\\&{l}\n") } else { format!("{l}\n") }
    };
    text.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::kinds::{Lang, Redaction};

    #[test]
    fn shells_are_told_the_words_that_options_take() {
        let mut script = Vec::new();
        let mut told = with_values(command(Lang::En));
        clap_complete::generate(Shell::Bash, &mut told, "covplan", &mut script);
        let script = String::from_utf8(script).unwrap();
        for words in ["en zh", "internal inter-agency public", "geojson geojsonl gpkg"] {
            assert!(script.contains(&format!("compgen -W \"{words}")), "{words}");
        }
        let levels = [Redaction::Internal, Redaction::InterAgency, Redaction::Public];
        assert_eq!(values_of("redact"), levels.map(Redaction::code));
    }

    #[test]
    fn roff_takes_nothing_for_a_request() {
        assert_eq!(verbatim(".x\n'y\na\\n --out"), "\\&.x\n\\&'y\na\\en \\-\\-out\n");
    }
}
