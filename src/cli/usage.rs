//! Complaints about what was typed: clap's own words in English, ours in Chinese.

use super::args::BadValue;
use crate::model::kinds::Lang;
use clap::error::{ContextKind, ErrorKind};
use std::error::Error as _;
use std::fmt::Write as _;
use std::io::Write as _;

/// Prints help where it was asked for, else what is wrong with the arguments.
pub fn print(e: &clap::Error, lang: Lang) {
    // Nothing can be done about a closed terminal.
    let _ = match in_chinese(e).filter(|_| lang == Lang::Zh) {
        Some(text) => write!(std::io::stderr(), "{text}"),
        None => e.print(),
    };
}

/// The complaint in Chinese; nothing for help and the version, which are no complaints.
fn in_chinese(e: &clap::Error) -> Option<String> {
    let of = |kind| e.get(kind).map(ToString::to_string).unwrap_or_default();
    let (argument, value) = (of(ContextKind::InvalidArg), of(ContextKind::InvalidValue));
    let what = match e.kind() {
        ErrorKind::UnknownArgument => format!("未知选项 {argument}"),
        ErrorKind::InvalidSubcommand => format!("未知命令 {}", of(ContextKind::InvalidSubcommand)),
        ErrorKind::MissingSubcommand => "缺少命令".to_owned(),
        ErrorKind::MissingRequiredArgument => format!("缺少参数：{argument}"),
        ErrorKind::ArgumentConflict => {
            format!("{argument} 不能与 {} 同时或重复使用", of(ContextKind::PriorArg))
        }
        ErrorKind::InvalidValue if value.is_empty() => format!("{argument} 需要一个值"),
        ErrorKind::InvalidValue => format!("{argument} 的值“{value}”无效"),
        ErrorKind::ValueValidation => {
            let why = e.source().map_or_else(String::new, |s| match s.downcast_ref::<BadValue>() {
                Some(bad) => format!("：{}", bad.0.zh),
                None => format!("：“{s}”"),
            });
            format!("{argument} 的值“{value}”无效{why}")
        }
        ErrorKind::TooManyValues | ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            format!("{argument} 的值个数不对")
        }
        ErrorKind::NoEquals => format!("{argument} 须写成 选项=值"),
        ErrorKind::InvalidUtf8 => "参数不是 UTF-8 文本".to_owned(),
        _ => return None,
    };
    let mut out = format!("错误：{what}\n");
    let valid = of(ContextKind::ValidValue);
    // Writing to a String doesn't fail.
    if !valid.is_empty() {
        let _ = writeln!(out, "  可选值：{valid}");
    }
    for kind in [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue] {
        let suggestion = of(kind);
        if !suggestion.is_empty() {
            let _ = writeln!(out, "  是否应为：{suggestion}");
        }
    }
    let usage = of(ContextKind::Usage).replace("Usage: ", "用法：");
    if !usage.is_empty() {
        let _ = writeln!(out, "\n{}", usage.trim());
    }
    out.push_str("\n更多说明见 --help\n");
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::guide::command;

    #[test]
    fn complaints_are_chinese_where_asked() {
        let said = |line: &str| {
            let e = command(Lang::Zh).try_get_matches_from(line.split(' ')).unwrap_err();
            in_chinese(&e).unwrap_or_default()
        };
        for (line, words) in [
            ("covplan plann", "未知命令 plann\n  是否应为：explain, plan"),
            ("covplan plan", "缺少参数：<PROJECT.toml>"),
            ("covplan plan p.toml --outt x", "未知选项 --outt\n  是否应为：--out"),
            ("covplan plan p.toml --effort much", "“much”不是计算量"),
            ("covplan plan p.toml --time-limit -1", "应为大于 0 的秒数"),
            ("covplan plan p.toml --budget 两千万", "应为大于 0 且不超过 10 万亿元的金额"),
            ("covplan area p.toml --bbox 1,2", "应为以度表示的西,南,东,北"),
            ("covplan solve steinr x", "可选值：steiner, pcstp"),
            ("covplan demo --threads 0", "的值“0”无效"),
        ] {
            let text = said(line);
            assert!(text.contains(words) && text.starts_with("错误："), "{line}: {text}");
        }
        assert!(said("covplan --help").is_empty());
    }
}
