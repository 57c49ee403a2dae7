//! `covplan init`: a commented project that runs as it is.

use crate::cli::context::{Context, print};
use crate::cli::exit::{Complaint, Exit};
use crate::model::said::Bilingual;
use std::path::Path;

const FILES: [(&str, &str); 4] = [
    ("covplan.toml", include_str!("../../../data/template/covplan.toml")),
    ("sites.csv", include_str!("../../../data/template/sites.csv")),
    ("cells.csv", include_str!("../../../data/template/cells.csv")),
    ("fiber_nodes.csv", include_str!("../../../data/template/fiber_nodes.csv")),
];

/// Writes the template into a folder that doesn't exist or is empty.
///
/// # Errors
/// When the folder holds something or can't be written.
pub fn run(dir: &Path, ctx: &mut Context) -> Result<Exit, Complaint> {
    let fail = |e: std::io::Error| {
        let at = dir.display();
        Complaint::usage(
            "C020",
            (format!("can't write the project into {at}: {e}"), format!("无法把项目写入 {at}：{}", e.zh())),
        )
    };
    let holds_something = match std::fs::read_dir(dir) {
        Ok(mut entries) => entries.next().is_some(),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => false,
        Err(e) => return Err(fail(e)),
    };
    if holds_something {
        return Err(Complaint::usage(
            "C021",
            (format!("{} is not empty", dir.display()), format!("{} 不是空文件夹", dir.display())),
        )
        .help(("name a folder that doesn't exist yet", "请给出一个尚不存在的文件夹")));
    }
    std::fs::create_dir_all(dir).map_err(fail)?;
    for (name, text) in FILES {
        std::fs::write(dir.join(name), text).map_err(fail)?;
    }
    if ctx.json {
        let document = serde_json::json!({
            "schema": "covplan/init/1",
            "folder": dir.display().to_string(),
            "files": FILES.map(|(name, _)| name),
        });
        print(&format!("{document:#}\n"))?;
    }
    let project = dir.join("covplan.toml");
    ctx.next(&format!("covplan plan {} -o out", project.display()));
    Ok(Exit::Ok)
}
