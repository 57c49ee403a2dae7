//! What was wrong in the inputs, as people read it and as JSON.

use super::document::{pick, plain};
use super::number::grouped;
use crate::model::inputs::Inputs;
use crate::model::issues::{Issues, Severity};
use crate::model::kinds::Lang;
use crate::model::words::counted;
use serde_json::{Value, json};
use std::fmt::Write;

/// The findings, worst first; `error[D012]: title`, the first place with its value, the way out.
#[must_use]
pub fn issues_text(issues: &Issues, lang: Lang) -> String {
    let mut out = String::new();
    for (f, rule) in sorted(issues) {
        let level = match f.severity {
            Severity::Error => pick(lang, "error", "错误"),
            Severity::Row => pick(lang, "dropped", "剔除"),
            Severity::Warning => pick(lang, "warning", "警告"),
        };
        let _ = writeln!(out, "{level}[{}]: {}", f.code, pick(lang, rule.title, rule.title_zh));
        let _ = write!(out, "  --> {}", plain(&f.place.to_string()));
        if !f.value.is_empty() {
            let value = f.value_zh.as_ref().filter(|_| lang == Lang::Zh).unwrap_or(&f.value);
            let _ = write!(out, "  {}", plain(value));
        }
        let more = i64::try_from(f.count.saturating_sub(1)).unwrap_or(i64::MAX);
        if more > 0 {
            let _ = match (lang, f.place.row.is_some()) {
                (Lang::En, true) => write!(out, "   ({})", counted(f.count - 1, "more row")),
                (Lang::En, false) => write!(out, "   ({} more)", grouped(more)),
                (Lang::Zh, _) => write!(out, "   (另有 {} 行)", grouped(more)),
            };
        }
        let help = pick(lang, rule.help, rule.help_zh);
        let _ = writeln!(out, "\n  {}: {help}", pick(lang, "help", "建议"));
    }
    out
}

/// What was checked, layer by layer, and what was found.
#[must_use]
pub fn check_text(inputs: &Inputs, lang: Lang) -> String {
    let count = |n: u64| grouped(i64::try_from(n).unwrap_or(i64::MAX));
    let mut out = String::new();
    for (name, l) in &inputs.layers {
        let (read, kept) = (count(l.rows_read), count(l.rows_kept));
        let (filtered, dropped) = (count(l.rows_filtered), count(l.rows_dropped));
        let files = plain(&l.files.join(", "));
        let _ = match lang {
            Lang::En => writeln!(
                out,
                "{name}: {} read, {kept} kept, {filtered} filtered out, {dropped} dropped  ({files})",
                counted(l.rows_read, "row"),
            ),
            Lang::Zh => {
                writeln!(
                    out,
                    "{name}：读取 {read} 行，保留 {kept}，筛除 {filtered}，剔除 {dropped}（{files}）"
                )
            }
        };
        if !l.turned.is_empty() {
            let files = plain(&l.turned.join(", "));
            let _ = match lang {
                Lang::En => writeln!(out, "  longitude and latitude exchanged in {files}"),
                Lang::Zh => writeln!(out, "  已交换经纬度：{files}"),
            };
        }
    }
    if inputs.issues.is_empty() {
        out += pick(lang, "nothing found wrong\n", "未发现问题\n");
    } else {
        out.push('\n');
        out += &issues_text(&inputs.issues, lang);
    }
    out
}

/// The findings as JSON, for `--json`.
#[must_use]
pub fn issues_json(issues: &Issues) -> Value {
    sorted(issues)
        .into_iter()
        .map(|(f, rule)| {
            let mut one = json!({
                "code": f.code,
                "severity": f.severity,
                "title": { "en": rule.title, "zh": rule.title_zh },
                "help": { "en": rule.help, "zh": rule.help_zh },
                "layer": f.layer,
                "place": f.place,
                "value": f.value,
                "count": f.count,
                "rows": f.rows,
            });
            if let Some(zh) = &f.value_zh {
                one["value_zh"] = zh.as_str().into();
            }
            one
        })
        .collect()
}

fn sorted(issues: &Issues) -> Vec<(&crate::model::issues::Finding, &'static crate::model::issues::Rule)> {
    let mut list: Vec<_> = issues.iter().collect();
    list.sort_by_key(|(f, _)| (std::cmp::Reverse(f.severity), std::cmp::Reverse(f.count)));
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::issues::Place;
    use crate::model::rules::COORD_SWAPPED;

    #[test]
    fn says_what_where_and_the_way_out() {
        let mut issues = Issues::default();
        for row in 418..810 {
            let place = Place { file: "sites.csv".into(), row: Some(row), column: None };
            issues.add(&COORD_SWAPPED, "sites", place, "lon=23.12 lat=113.31");
        }
        assert_eq!(
            issues_text(&issues, Lang::En),
            "error[D012]: longitude and latitude look swapped\n  \
             --> sites.csv:418  lon=23.12 lat=113.31   (391 more rows)\n  \
             help: rerun with --swap-xy, or rename the columns\n"
        );
        assert!(issues_text(&issues, Lang::Zh).starts_with("错误[D012]: 经纬度疑似颠倒\n"));
        assert_eq!(issues_json(&issues)[0]["count"], 392);
    }
}
