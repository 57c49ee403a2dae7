//! `covplan explain`: every term behind a number of a finished run.

use crate::cli::context::{Context, print, terminal_width};
use crate::cli::exit::{Complaint, Exit};
use crate::report::explain::{ExplainError, explain};
use crate::report::text;
use std::path::Path;

/// Explains one id of a run's folder.
///
/// # Errors
/// When the folder is no run's, or the id isn't in it.
pub fn run(dir: &Path, id: &str, ctx: &mut Context) -> Result<Exit, Complaint> {
    if !dir.exists() {
        let dir = dir.display();
        return Err(Complaint::usage(
            "C040",
            (format!("there is no folder {dir}"), format!("没有文件夹 {dir}")),
        )
        .help((
            "name the folder of a finished run: covplan plan covplan.toml -o out; covplan explain out SITE-1",
            "请给出已完成运行的文件夹：covplan plan covplan.toml -o out；covplan explain out SITE-1",
        )));
    }
    let found = explain(dir, id, ctx.lang).map_err(|e| match e {
        ExplainError::Folder(e) if e.is_broken() => Complaint::data("C041", &e),
        ExplainError::Folder(e) => Complaint::usage("C042", &e),
        e @ ExplainError::UnknownId { .. } => Complaint::usage("C043", &e),
    })?;
    if ctx.json {
        print(&format!("{:#}\n", found.json))?;
    } else {
        print(&text::full_text(&found.document, Some(terminal_width())))?;
    }
    ctx.next(ctx.pick(
        "covplan explain with another id; locks in plan.lock of the project change a plan",
        "用其他编号再次 covplan explain；在项目的 plan.lock 中设置锁定可改变方案",
    ));
    Ok(Exit::Ok)
}
