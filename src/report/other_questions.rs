//! The last chapter of a plan's report: questions that have a command of their own.

use super::document::{Cell, Section, Table, pick};
use crate::model::kinds::Lang;

/// Question in English and Chinese, and its command.
pub(crate) const ASKED: [(&str, &str, &str); 11] = [
    (
        "Are we on target, and what changed since last quarter?",
        "达标了吗，与上季度相比如何？",
        "kpi PROJECT --preset set-sail-2027",
    ),
    (
        "Build together or each behind its own border?",
        "联合建设还是各自建设？",
        "joint PROJECT --parties operators",
    ),
    ("Is an application a duplicate?", "申报项目是否重复建设？", "duplicates PROJECT"),
    (
        "Where should compute stand, and where should networks be joined?",
        "算力如何布局，网络在哪里互联？",
        "centers PROJECT",
    ),
    (
        "Ready for which 5G-factory scheme, and who uses 5G?",
        "满足哪种5G工厂评价体系，谁在应用5G？",
        "readiness PROJECT",
    ),
    ("What breaks if an asset fails?", "某处故障影响多大？", "failures PROJECT --planned"),
    ("Energy and carbon, facility by facility?", "各设施的能耗与碳排放？", "energy PROJECT"),
    ("What changed between two runs, and why?", "两次运行的差异及原因？", "compare BEFORE AFTER"),
    ("How sure are we?", "结论有多可靠？", "uncertainty PROJECT"),
    ("5G-A, U6G and 6G?", "5G-A、U6G 与 6G 展望？", "outlook PROJECT"),
    ("What may be published?", "哪些内容可以公开？", "plan PROJECT --redact public"),
];

/// Questions that this report leaves to other commands.
pub(super) fn others(lang: Lang) -> Section {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut table = Table::new(
        "other_questions",
        t("Questions with a command of their own", "另有专门命令的问题"),
        vec![t("question", "问题"), t("command", "命令")],
    )
    .short(t("Other questions", "其他问题"));
    for (en, zh, command) in ASKED {
        table.push(vec![Cell::Text(t(en, zh)), Cell::Text(format!("covplan {command}"))]);
    }
    let text = vec![t(
        "Each of them writes a report like this one with -o DIR.",
        "各命令加 -o DIR 均可生成同样形式的报告。",
    )];
    Section { title: t("Other questions", "其他问题"), text, tables: vec![table] }
}
