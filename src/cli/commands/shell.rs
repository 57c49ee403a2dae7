//! `covplan completions` and `covplan man`: what shells and manuals know of the command line.

use super::pipeline::refuse_report;
use crate::cli::context::{Context, closed, print};
use crate::cli::exit::{Complaint, Exit};
use crate::cli::guide::{Guide, command};
use crate::report::out::OutFolder;
use clap_complete::Shell;
use std::path::Path;

/// Prints the completion script of a shell.
///
/// # Errors
/// When stdout can't be written.
pub fn completions(shell: Shell, ctx: &Context) -> Result<Exit, Complaint> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command(ctx.lang), "covplan", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Ok)
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

    #[test]
    fn roff_takes_nothing_for_a_request() {
        assert_eq!(verbatim(".x\n'y\na\\n --out"), "\\&.x\n\\&'y\na\\en \\-\\-out\n");
    }
}
