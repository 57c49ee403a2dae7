//! Explains what a site counts for.

use super::{cell, heads};
use crate::coverage::weight::Reason;
use crate::model::kinds::Lang;
use crate::report::document::{Cell, Table, pick};
use serde_json::Value;

/// What makes the weight, factor by factor.
pub(super) fn weight(item: &Value, lang: Lang) -> Table {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let head = [("part", "构成"), ("by", "依据"), ("value", "取值"), ("how", "方式")];
    let mut table = Table::new("weight", t("Weight in objectives", "目标中的权重"), heads(lang, &head));
    let parts = item["weight_parts"].as_array().map_or(&[][..], Vec::as_slice);
    for p in parts {
        let reason: Option<Reason> = serde_json::from_value(p["reason"].clone()).ok();
        let label = reason.map_or(("", ""), Reason::label);
        let plus = reason == Some(Reason::Supply);
        table.push(vec![
            Cell::Text(t(label.0, label.1)),
            p["by"].as_str().filter(|b| !b.is_empty()).map_or(Cell::Blank, |b| Cell::words(Some(b))),
            cell(&p["value"], 3),
            Cell::Text(if plus { t("added", "相加") } else { t("times", "相乘") }),
        ]);
    }
    if !parts.is_empty() {
        table.total =
            Some(vec![Cell::Text(t("weight", "权重")), Cell::Blank, cell(&item["weight"], 3), Cell::Blank]);
    }
    table
}
