//! What a report rests on: how much is known, assumed or inferred, which settings the project changed, and
//! the prices and rates behind every sum.

use super::coverage_document::headings;
use super::document::{Cell, Section, Table, pick, plain};
use super::layers::View;
use super::number::grouped_decimal;
use crate::model::catalogue::{Catalogue, Trust};
use crate::model::kinds::{Basis, Lang};
use crate::model::records::SiteId;
use serde_json::Value;

/// Shares of the scored sites by what a figure of theirs rests on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shares {
    /// Measured or given.
    pub known: u64,
    /// Predicted from given figures.
    pub predicted: u64,
    /// Predicted from the catalogue's figures.
    pub assumed: u64,
    /// From an inferred or made-up layer.
    pub inferred: u64,
    /// Known to be nothing: no cell of the layer is in reach.
    pub nothing: u64,
    /// Not known.
    pub unknown: u64,
}

impl Shares {
    fn add(&mut self, basis: Option<Basis>) {
        *match basis {
            Some(Basis::Measured | Basis::Given) => &mut self.known,
            Some(Basis::Predicted) => &mut self.predicted,
            Some(Basis::Assumed) => &mut self.assumed,
            Some(Basis::Inferred | Basis::Synthetic) => &mut self.inferred,
            Some(Basis::Unknown) | None => &mut self.unknown,
        } += 1;
    }

    fn parts(&self) -> [u64; 6] {
        [self.known, self.predicted, self.assumed, self.inferred, self.nothing, self.unknown]
    }

    fn all(&self) -> u64 {
        self.parts().iter().sum()
    }

    fn cells(&self) -> [Cell; 6] {
        let all = self.all() as f64;
        self.parts().map(|n| if all > 0.0 { Cell::Share(n as f64 / all) } else { Cell::Unknown })
    }
}

/// What radio, fiber and latency of the scored sites rest on.
pub(super) fn rests_on(v: View) -> [Shares; 3] {
    let mut out = [Shares::default(); 3];
    let has_cells = v.inputs.has("cells") || !v.inputs.cells.list.is_empty();
    for (i, r) in v.found.sites.iter().enumerate().filter(|(_, r)| r.scored) {
        let best = r.best_network.and_then(|n| v.found.networks_at(SiteId(i as u32)).get(usize::from(n.0)));
        match best {
            // A score without a signal: with cells in the layer that is no coverage, not no knowledge.
            Some(n) if n.basis == Basis::Unknown && has_cells => out[0].nothing += 1,
            other => out[0].add(other.map(|n| n.basis)),
        }
        out[1].add(Some(r.fiber_basis));
        // Round trips come from great circles and settings: predicted where there is a center at all.
        out[2].add(r.latency_rtt_ms.is_known().then_some(Basis::Predicted));
    }
    out
}

/// The same as a sentence on radio.
pub(super) fn radio_rests_on(v: View, lang: Lang) -> String {
    let [radio, ..] = rests_on(v);
    let all = radio.all();
    let share =
        |n: u64| if all > 0 { grouped_decimal(n as f64 / all as f64 * 100.0, 0) } else { "0".to_owned() };
    let (measured, predicted) = (share(radio.known), share(radio.predicted));
    let (assumed, unknown) = (share(radio.assumed + radio.inferred), share(radio.unknown));
    let nothing = share(radio.nothing);
    match lang {
        Lang::En => format!(
            "Radio at the sites rests on measurements or given systems for {measured} %, on prediction from known cell \
             parameters for {predicted} %, on assumed ones for {assumed} %; no cell is in reach of {nothing} %; nothing is known for {unknown} %."
        ),
        Lang::Zh => format!(
            "企业无线结果依据：实测或已知室分 {measured} %，已知工参预测 {predicted} %，假设工参 {assumed} %，范围内无小区 {nothing} %，未知 {unknown} %。"
        ),
    }
}

/// The chapter.
pub(super) fn assumptions(v: View, lang: Lang) -> Section {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut shares = Table::new(
        "basis",
        t("What the sites' figures rest on", "企业指标依据"),
        headings(
            lang,
            &[
                ("figure", "指标"),
                ("known", "已知"),
                ("predicted", "预测"),
                ("assumed", "假设"),
                ("inferred", "推断"),
                ("nothing in reach", "范围内无小区"),
                ("unknown", "未知"),
            ],
        ),
    )
    .short(t("Basis", "依据"));
    let [radio, fiber, latency] = rests_on(v);
    let small = |s: &Shares| s.parts().iter().any(|n| *n > 0 && *n < v.min_count);
    for (name, s) in
        [(t("radio", "无线"), radio), (t("fiber", "光纤"), fiber), (t("latency", "时延"), latency)]
    {
        let mut row = vec![Cell::Text(name)];
        if small(&s) {
            row.push(Cell::Text(t("withheld", "不予公布")));
            row.resize(7, Cell::Blank);
        } else {
            row.extend(s.cells());
        }
        shares.push(row);
    }
    let mut changed = Table::new(
        "settings",
        t("Settings that the project changed", "项目调整的参数"),
        headings(
            lang,
            &[
                ("setting", "参数"),
                ("value", "取值"),
                ("default", "默认值"),
                ("unit", "单位"),
                ("meaning", "含义"),
            ],
        ),
    )
    .short(t("Settings changed", "调整的参数"));
    let mut prices = Table::new(
        "prices",
        t("Prices and rates behind the sums", "价格与费率"),
        headings(
            lang,
            &[
                ("setting", "参数"),
                ("value", "取值"),
                ("unit", "单位"),
                ("trust", "可信度"),
                ("source", "来源"),
                ("meaning", "含义"),
            ],
        ),
    )
    .short(t("Prices and rates", "价格与费率"));
    let configured = serde_json::to_value(v.settings).unwrap_or(Value::Null);
    let mut by_trust = [0u64; 3];
    if let Ok(catalogue) = Catalogue::embedded() {
        for (path, entry) in catalogue.iter() {
            let value = path.split('.').fold(&configured, |v, part| &v[part]);
            let default = serde_json::to_value(&entry.value).unwrap_or(Value::Null);
            let own = *value != default;
            let shown = |v: &Value| match v.as_f64().and_then(|n| Some((n, decimals_of(n)?))) {
                Some((n, decimals)) => Cell::Number(n, decimals),
                None => Cell::Text(plain(v.as_str().map_or_else(|| v.to_string(), str::to_owned).as_str())),
            };
            let meaning = Cell::Text(pick(lang, &entry.doc, &entry.zh).to_owned());
            if own {
                changed.push(vec![
                    Cell::Text(path.to_owned()),
                    shown(value),
                    shown(&default),
                    Cell::Text(entry.unit.clone()),
                    meaning.clone(),
                ]);
            } else {
                by_trust[match entry.trust {
                    Trust::O => 0,
                    Trust::S => 1,
                    Trust::A => 2,
                }] += 1;
            }
            if v.plan.is_some()
                && (entry.unit.contains("CNY") || entry.unit.contains("share/yr") || path == "plan.years")
            {
                prices.push(vec![
                    Cell::Text(path.to_owned()),
                    shown(value),
                    Cell::Text(entry.unit.clone()),
                    if own { Cell::Blank } else { Cell::Text(format!("{:?}", entry.trust)) },
                    Cell::Text(if own { t("the project", "项目设定") } else { entry.source.clone() }),
                    meaning,
                ]);
            }
        }
    }
    let [official, secondary, assumed] = by_trust;
    let n = changed.rows.len();
    let text = vec![match lang {
        Lang::En => format!(
            "The project set {n} settings itself; of the rest {official} come from official or standard text (O), {secondary} from secondary sources (S), \
             {assumed} are engineering assumptions (A). `covplan config PROJECT.toml` lists them all."
        ),
        Lang::Zh => format!(
            "项目自设参数 {n} 项；其余 {official} 项出自官方或标准文本（O），{secondary} 项出自二手来源（S），{assumed} 项为工程假设（A）。全部参数见 `covplan config PROJECT.toml`。"
        ),
    }];
    Section {
        title: t("What it rests on: known, assumed, inferred", "依据与假设：已知、假设、推断"),
        text,
        tables: vec![shares, changed, prices],
    }
}

/// Decimals that a number needs; none for one that a table doesn't show in full, and for a calendar year,
/// which takes no separator.
fn decimals_of(n: f64) -> Option<u8> {
    const MOST: u8 = 6;
    let is_whole = |d: &u8| {
        let scaled = n * 10f64.powi(i32::from(*d));
        (scaled - scaled.round()).abs() <= 1e-12 * scaled.abs()
    };
    let decimals = (0..=MOST).find(is_whole)?;
    (decimals > 0 || !(1900.0..2200.0).contains(&n)).then_some(decimals)
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::super::redact::Released;
    use super::*;

    #[test]
    fn shares_add_up_and_own_settings_are_listed() {
        let (inputs, plan) = (fixture::inputs(), fixture::plan());
        let settings = fixture::settings("[score]\ntarget = 61.0");
        let released = Released::plan(&inputs, &settings, &plan);
        let v = released.view();
        let scored = v.found.sites.iter().filter(|r| r.scored).count() as u64;
        assert!(scored > 0 && rests_on(v).iter().all(|s| s.all() == scored));
        let section = assumptions(v, Lang::En);
        let changed = section.tables.iter().find(|t| t.key == "settings").unwrap();
        assert_eq!(changed.rows.len(), 1);
        assert_eq!(changed.rows[0][0], Cell::Text("score.target".into()));
        assert_eq!(changed.rows[0][1], Cell::Number(61.0, 0));
        assert!(section.tables.iter().any(|t| t.key == "prices" && t.rows.len() > 10));
        let decimals = [1e6, 0.25, 0.07, 0.0, -1.5, 2027.0, 1e-8].map(decimals_of);
        assert_eq!(decimals, [Some(0), Some(2), Some(2), Some(0), Some(1), None, None]);
    }
}
