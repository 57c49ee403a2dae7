//! `covplan inspect`: what a file holds, and a mapping onto a layer to start from.

use crate::cli::context::{Context, print};
use crate::cli::exit::{Complaint, Exit};
use crate::io::inspect::inspect;
use crate::model::kinds::Lang;
use crate::model::words::counted;
use crate::report::issues::{issues_json, issues_text};
use std::fmt::Write as _;
use std::path::Path;

/// Looks into a file.
///
/// # Errors
/// When the file can't be read.
pub fn run(file: &Path, ctx: &mut Context) -> Result<Exit, Complaint> {
    let found =
        inspect(file, ctx.lang).map_err(|issues| Complaint::findings(issues_text(&issues, ctx.lang)))?;
    if ctx.json {
        let mut document = serde_json::json!(found);
        document["schema"] = "covplan/inspect/1".into();
        document["findings"] = issues_json(&found.issues);
        return print(&format!("{document:#}\n")).map(|()| Exit::Ok);
    }
    let words = |en: &'static str, zh: &'static str| if ctx.lang == Lang::Zh { zh } else { en };
    let mut out = format!("{}\n", found.file);
    // Writing to a String doesn't fail.
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(out, "  {name}: {value}");
    };
    line(words("format", "格式"), &found.format);
    if let Some(e) = &found.encoding {
        line(words("encoding", "编码"), e);
    }
    if let Some(d) = found.delimiter {
        line(words("delimiter", "分隔符"), &format!("{d:?}"));
    }
    for s in &found.sheets {
        let hidden = if s.visible { "" } else { words(" (hidden)", "（隐藏）") };
        let rows = match ctx.lang {
            Lang::En => format!(", {}", counted(s.rows as u64, "row")),
            Lang::Zh => format!("，{} 行", s.rows),
        };
        line(words("sheet", "工作表"), &format!("{}{hidden}{rows}", s.name));
    }
    for l in &found.layers {
        let looked = if found.inner_layer.as_ref() == Some(l) && found.layers.len() > 1 {
            words(" (looked at)", "（已查看）")
        } else {
            ""
        };
        line(words("layer in the file", "文件内图层"), &format!("{l}{looked}"));
    }
    if let Some(h) = found.header_row {
        line(words("header row", "表头行"), &h.to_string());
    }
    line(words("rows", "行数"), &found.rows.to_string());
    line(words("CRS", "坐标系"), &found.crs);
    line(words("layer", "图层"), found.layer.as_deref().unwrap_or(words("not recognised", "未识别")));
    for c in &found.columns {
        let feeds = c.feeds.as_ref().map_or(String::new(), |f| format!(" -> {f}"));
        let _ = writeln!(out, "    {}{feeds}   {}", c.name, c.samples.join(" | "));
    }
    for r in &found.remarks {
        let _ = writeln!(out, "  {r}");
    }
    let _ = writeln!(out, "\n# {}\n{}", words("proposed mapping", "建议映射"), found.toml.trim_end());
    if !found.issues.is_empty() {
        let _ = write!(out, "\n{}", issues_text(&found.issues, ctx.lang));
    }
    print(&out)?;
    Ok(Exit::Ok)
}
