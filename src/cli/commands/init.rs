//! `covplan init`: a commented project that runs as it is.

use crate::cli::context::{Context, print};
use crate::cli::exit::{Complaint, Exit};
use crate::model::said::Bilingual;
use std::path::Path;

const PROJECT: &str = "covplan.toml";
/// The project in English and Chinese.
const PROJECT_TEXT: (&str, &str) = (
    include_str!("../../../data/template/covplan.toml"),
    include_str!("../../../data/template/covplan.zh.toml"),
);
const FILES: [(&str, &str); 3] = [
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
    let project = (PROJECT, ctx.pick(PROJECT_TEXT.0, PROJECT_TEXT.1));
    for (name, text) in std::iter::once(project).chain(FILES) {
        std::fs::write(dir.join(name), text).map_err(fail)?;
    }
    if ctx.json {
        let document = serde_json::json!({
            "schema": "covplan/init/1",
            "folder": dir.display().to_string(),
            "files": std::iter::once(PROJECT).chain(FILES.map(|(name, _)| name)).collect::<Vec<_>>(),
        });
        print(&format!("{document:#}\n"))?;
    }
    let project = dir.join(PROJECT);
    ctx.next(&format!("covplan plan {} -o out", project.display()));
    Ok(Exit::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::project::parse;
    use crate::model::kinds::Lang;

    #[test]
    fn both_languages_are_the_same_project() {
        let [en, zh] = [PROJECT_TEXT.0, PROJECT_TEXT.1].map(|text| parse(text, PROJECT).unwrap());
        assert_eq!((en.lang, zh.lang), (Lang::En, Lang::Zh));
        assert_eq!(en.layers, zh.layers);
        let keys = |text: &str| -> Vec<String> {
            let is_key = |l: &&str| l.contains(" = ") || l.contains("[layers.") || l.contains("[plan");
            let bare =
                |l: &str| l.trim_start_matches("# ").split([' ', '=']).next().unwrap_or_default().to_owned();
            text.lines().filter(is_key).filter(|l| !l.contains("columns = {")).map(bare).collect()
        };
        assert_eq!(keys(PROJECT_TEXT.0), keys(PROJECT_TEXT.1));
    }
}
