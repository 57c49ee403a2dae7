//! Tables of figures that are no layer: the KPI rows, with small counts withheld where they must be.

use super::layer::{Columns, Layer, Shape};
use super::layers::View;
use crate::coverage::{Kpi, KpiGroup};
use std::collections::{BTreeMap, BTreeSet};

/// Code of a KPI group.
#[must_use]
pub const fn group_code(group: &KpiGroup) -> &'static str {
    match group {
        KpiGroup::All => "all",
        KpiGroup::Region => "region",
        KpiGroup::Network => "network",
        KpiGroup::Sector => "sector",
        KpiGroup::FirmSize => "firm_size",
        KpiGroup::DigLevel => "dig_level",
        KpiGroup::Park => "park",
    }
}

/// Which KPI rows are withheld: those in which a count from one to below `min_count` stands, and where
/// that leaves a single row of its group, the smallest other one too, so that no difference gives it away.
#[must_use]
pub fn withheld(kpis: &[Kpi], min_count: u64) -> BTreeSet<usize> {
    let small = |n: u64| n > 0 && n < min_count;
    let mut hidden: BTreeSet<usize> = kpis
        .iter()
        .enumerate()
        .filter(|(_, k)| {
            [k.sites, k.scored, k.unknown, k.on_target, k.gaps, k.critical].into_iter().any(small)
        })
        .map(|(i, _)| i)
        .collect();
    let mut groups: BTreeMap<&KpiGroup, Vec<usize>> = BTreeMap::new();
    for (i, k) in kpis.iter().enumerate() {
        groups.entry(&k.group).or_default().push(i);
    }
    for rows in groups.values() {
        if rows.iter().filter(|i| hidden.contains(i)).count() == 1 {
            let smallest = rows.iter().filter(|i| !hidden.contains(i)).min_by_key(|&&i| (kpis[i].sites, i));
            hidden.extend(smallest.copied());
        }
    }
    hidden
}

/// The figures of KPI rows as columns; a row without KPI has none.
pub fn kpi_columns<'a>(c: &mut Columns<'a>, v: View<'a>, rows: Vec<Option<&'a Kpi>>) {
    let hidden = withheld(&v.found.kpis, v.min_count);
    let shown: Vec<Option<&'a Kpi>> = rows
        .into_iter()
        .map(|k| {
            let at = v.found.kpis.iter().position(|o| k.is_some_and(|k| std::ptr::eq(k, o)));
            k.filter(|_| at.is_none_or(|at| !hidden.contains(&at)))
        })
        .collect();
    let rows = std::sync::Arc::new(shown);
    let missing = if v.min_count > 1 { "withheld" } else { "unknown" };
    type Count = fn(&Kpi) -> u64;
    let counts: [(&str, (&str, &str), Count); 6] = [
        ("sites", ("sites", "企业数"), |k| k.sites),
        ("scored", ("scored", "已评分"), |k| k.scored),
        ("unknown", ("unknown", "未知"), |k| k.unknown),
        ("on_target", ("on target", "达标"), |k| k.on_target),
        ("gaps", ("below target", "不达标"), |k| k.gaps),
        ("critical", ("critical", "严重"), |k| k.critical),
    ];
    for (name, alias, pick) in counts {
        let rows = std::sync::Arc::clone(&rows);
        let known = if name == "sites" { "given" } else { "predicted" };
        c.int(name, "", alias, move |i| i64::try_from(pick(rows[i]?)).ok()).from(known, missing);
    }
    type Share = fn(&Kpi) -> Option<f64>;
    let figures: [(&str, u8, &'static str, (&str, &str), &'static str, Share); 9] = [
        ("mean_score", 2, "points", ("mean score", "平均评分"), "predicted", |k| k.mean_score),
        ("on_target_share", 4, "share", ("share on target", "达标率"), "predicted", |k| k.on_target_share),
        ("outdoor_share", 4, "share", ("share with outdoor signal", "室外覆盖率"), "predicted", |k| {
            k.outdoor_share
        }),
        ("fiber_share", 4, "share", ("share with fiber near", "光纤覆盖率"), "predicted", |k| {
            k.fiber_share
        }),
        ("uses_5g_share", 4, "share", ("share using 5G", "5G应用率"), "given", |k| k.uses_5g_share),
        ("stations_official", 0, "", ("5G stations, reported", "5G基站数（上报）"), "given", |k| {
            k.stations_official
        }),
        ("residents", 0, "", ("residents", "常住人口"), "given", |k| k.residents),
        ("per_10k", 2, "1/10k", ("reported stations per 10k", "每万人基站数"), "given", |k| k.per_10k),
        ("target_per_10k", 2, "1/10k", ("target per 10k", "每万人目标"), "given", |k| k.target_per_10k),
    ];
    for (name, decimals, unit, alias, src, pick) in figures {
        let rows = std::sync::Arc::clone(&rows);
        c.float(name, decimals, unit, alias, move |i| pick(rows[i]?)).from(src, missing);
    }
    c.int("stations_layer", "", ("stations in the cells layer", "图层内5G基站数"), move |i| {
        rows[i]?.stations_layer.and_then(|n| i64::try_from(n).ok())
    })
    .from("given", missing)
    .about("counted in the cells layer; not the reported figure", "按小区图层统计，非上报口径");
}

/// The KPI table.
#[must_use]
pub fn kpi<'a>(v: View<'a>) -> Layer<'a> {
    let kpis = &v.found.kpis;
    let mut c = Columns::default();
    c.made_text("kpi_id", ("row", "行"), move |i| {
        Some(format!("{}:{}", group_code(&kpis[i].group), kpis[i].key))
    });
    c.text("group", ("group", "分组"), move |i| Some(group_code(&kpis[i].group)));
    c.text("key", ("key", "键"), move |i| Some(kpis[i].key.as_str()));
    c.text("name", ("name", "名称"), move |i| Some(kpis[i].name.as_str()));
    kpi_columns(&mut c, v, kpis.iter().map(Some).collect());
    Layer {
        name: "kpi",
        title: ("KPIs", "指标"),
        method: ("counts and shares over the sites of each group", "按组统计企业数与占比"),
        inputs: &["sites", "cells", "regions"],
        shape: Shape::None,
        rows: kpis.len(),
        columns: c.done(),
    }
}
