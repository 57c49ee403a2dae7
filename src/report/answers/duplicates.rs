//! The answer of `covplan duplicates`: applications against what stands.

use super::Answer;
use crate::coverage::Assessment;
use crate::model::inputs::Inputs;
use crate::model::kinds::Lang;
use crate::model::operators::operator_zh;
use crate::policy::duplicates::{Asset, Checked, Overlap, Redundancy, Verdict};
use crate::report::coverage_document::{banners, headings};
use crate::report::document::{Cell, Document, Section, Table, pick, plain};
use crate::report::number::grouped_decimal;
use crate::report::redact::Released;
use crate::report::write::RunInfo;
use serde_json::{Value, json};

/// What is told of an asset.
struct Told {
    id: String,
    kind: (&'static str, &'static str),
    owner: Option<String>,
    /// Spare fibers, spare duct holes, spare antenna slots.
    spare: (Option<u32>, (&'static str, &'static str)),
}

/// The answer.
#[must_use]
pub fn duplicates_answer(
    released: &Released,
    inputs: &Inputs,
    found: &Assessment,
    checked: &[Checked],
    run: &RunInfo,
) -> Answer {
    let lang = run.lang;
    let v = released.view();
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut table = Table::new(
        "duplicates",
        t("Applications and what they overlap", "申报项目与重叠对象"),
        headings(
            lang,
            &[
                ("project", "项目编号"),
                ("name", "项目名称"),
                ("applicant", "申报单位"),
                ("kind", "类型"),
                ("verdict", "结论"),
                ("length km", "长度（公里）"),
                ("beside what stands", "与存量重叠率"),
                ("overlaps with", "重叠对象"),
                ("which is", "对象类型"),
                ("overlap km", "重叠长度（公里）"),
                ("overlap", "重叠率"),
                ("apart m", "间距（米）"),
                ("owner", "产权单位"),
                ("spare", "空闲"),
                ("needed for redundancy", "是否为冗余所需"),
            ],
        ),
    )
    .short(t("Applications", "申报项目"))
    .brief();
    for c in checked {
        let Some(p) = inputs.projects.get(c.project as usize) else { continue };
        let head = |first: bool| {
            vec![
                Cell::words(Some(&released.id(&p.id))),
                if first {
                    released.name(&p.name).map_or(Cell::Blank, |n| Cell::words(Some(n)))
                } else {
                    Cell::Blank
                },
                if first {
                    p.party
                        .as_deref()
                        .and_then(|x| released.party(x))
                        .map_or(Cell::Blank, |x| Cell::words(Some(x)))
                } else {
                    Cell::Blank
                },
                if first { Cell::words(Some(&p.kind)) } else { Cell::Blank },
                Cell::Text(verdict(c.verdict, lang)),
                if p.at.is_some() { Cell::Blank } else { Cell::Number(c.length_m / 1e3, 3) },
                if p.at.is_some() { Cell::Blank } else { Cell::Share(c.standing_share) },
            ]
        };
        if c.overlaps.is_empty() {
            let mut row = head(true);
            row.resize(15, Cell::Blank);
            table.push(row);
        }
        for (n, o) in c.overlaps.iter().take(OVERLAPS).enumerate() {
            let told = told(released, inputs, found, o.asset);
            let mut row = head(n == 0);
            let place = p.at.is_some();
            row.extend([
                Cell::words(Some(&told.id)),
                Cell::Text(t(told.kind.0, told.kind.1)),
                if place { Cell::Blank } else { Cell::Number(o.length_m / 1e3, 3) },
                if place { Cell::Blank } else { Cell::Share(o.share) },
                Cell::Number(o.apart_m, 0),
                told.owner
                    .as_deref()
                    .map_or(Cell::Unknown, |w| Cell::words(Some(pick(lang, w, operator_zh(w))))),
                spare_cell(&told, lang),
                if place { Cell::Blank } else { redundancy(o.redundancy, lang) },
            ]);
            table.push(row);
        }
    }
    let doubles = checked.iter().filter(|c| c.verdict == Verdict::Duplicate).count();
    let unknown = checked.iter().filter(|c| c.verdict == Verdict::CantTell).count();
    let mut headline = Vec::new();
    if checked.is_empty() {
        headline.push(t(
            "No applications to check: the project has no `projects` layer, or an empty one",
            "没有可查重的申报项目：缺少 projects 图层，或图层为空",
        ));
    } else {
        let all = checked.len();
        headline.push(match lang {
            Lang::En => format!(
                "{doubles} of {all} applications overlap what stands or each other{}",
                if unknown > 0 {
                    format!("; {unknown} can't be told from these layers")
                } else {
                    String::new()
                }
            ),
            Lang::Zh => format!(
                "{all} 个申报项目中 {doubles} 个与存量或其他申报重叠{}",
                if unknown > 0 { format!("；{unknown} 个现有图层无法判断") } else { String::new() }
            ),
        });
        headline.extend(worst(released, inputs, found, checked, lang));
    }
    let m = grouped_decimal(v.settings.policy.overlap_m, 0);
    let text = vec![
        match lang {
            Lang::En => format!(
                "A route overlaps where a duct, a surveyed cable or another application runs within {m} m of it and in \
                 its direction (30°); crossings don't count. A station is held against towers within {} m.",
                grouped_decimal(v.settings.policy.station_overlap_m, 0)
            ),
            Lang::Zh => format!(
                "申报路由与管道、实测光缆或其他申报相距 {m} 米以内且走向一致（30° 内）即为重叠，交叉不计；基站与 {} 米内的既有站址比对。",
                grouped_decimal(v.settings.policy.station_overlap_m, 0)
            ),
        },
        t(
            "Redundancy: a second route is needed where the corridor is the only one between its ends and the \
             application keeps to a trench of its own; in the same trench both fail together.",
            "冗余：既有路由两端无其他通路且申报路由不同沟，方为冗余所需；同沟敷设同时失效。",
        ),
    ];
    let document = Document {
        lang,
        front: None,
        title: format!("{} – {}", plain(&run.title), pick(lang, "duplicate check", "重复建设核查")),
        banners: banners(v, lang, false),
        headline,
        sections: vec![Section {
            title: t("Is it a duplicate?", "是否重复建设"), text, tables: vec![table]
        }],
        next: vec!["covplan joint PROJECT.toml".to_owned()],
    };
    let list: Vec<Value> = checked
        .iter()
        .filter_map(|c| {
            let p = inputs.projects.get(c.project as usize)?;
            let overlap = |o: &Overlap| {
                let told = told(released, inputs, found, o.asset);
                json!({
                    "with": told.id, "kind": told.kind.0, "owner": told.owner, "length_m": o.length_m,
                    "share": o.share, "apart_m": o.apart_m, "redundancy": o.redundancy,
                    "spare": told.spare.0, "spare_of": told.spare.1.0,
                })
            };
            Some(json!({
                "project_id": released.id(&p.id),
                "verdict": c.verdict,
                "length_m": c.length_m,
                "standing_share": c.standing_share,
                "overlaps": c.overlaps.iter().map(overlap).collect::<Vec<_>>(),
            }))
        })
        .collect();
    let result = json!({ "projects": list, "overlap_m": v.settings.policy.overlap_m, "duplicates": doubles, "cannot_tell": unknown });
    Answer { name: "duplicates", document, result }
}

/// Overlaps of one application in the table; the JSON has all.
const OVERLAPS: usize = 5;

/// The greatest overlap in a sentence.
fn worst(
    released: &Released,
    inputs: &Inputs,
    found: &Assessment,
    checked: &[Checked],
    lang: Lang,
) -> Option<String> {
    let c = checked
        .iter()
        .filter(|c| c.verdict == Verdict::Duplicate && c.length_m > 0.0)
        .max_by(|a, b| a.standing_share.total_cmp(&b.standing_share).then(b.project.cmp(&a.project)))?;
    let o = c.overlaps.first()?;
    let id = plain(&released.id(&inputs.projects.get(c.project as usize)?.id));
    let told = told(released, inputs, found, o.asset);
    let share = grouped_decimal(o.share * 100.0, 0);
    let m = grouped_decimal(released.view().settings.policy.overlap_m, 0);
    let with = plain(&told.id);
    let spare = match (told.spare, lang) {
        ((Some(n), of), Lang::En) => format!("; {n} {} there", of.0),
        ((Some(n), of), Lang::Zh) => format!("；该处{} {n}", of.1),
        ((None, of), Lang::En) => format!("; {} there unknown", of.0),
        ((None, of), Lang::Zh) => format!("；该处{}未知", of.1),
    };
    Some(match lang {
        Lang::En => format!("{id}: {share} % overlaps {with} within {m} m{spare}"),
        Lang::Zh => format!("{id}：{share} % 与 {with} 在 {m} 米内重叠{spare}"),
    })
}

fn told(released: &Released, inputs: &Inputs, found: &Assessment, asset: Asset) -> Told {
    const FIBERS: (&str, &str) = ("spare fibers", "空闲纤芯");
    const HOLES: (&str, &str) = ("spare duct holes", "空闲管孔");
    const SLOTS: (&str, &str) = ("free antenna slots", "空余挂载位");
    let public = released.party("").is_none();
    let owner = |o: &str| released.party(o).filter(|o| !o.is_empty()).map(str::to_owned);
    let spare = |n: Option<u32>| n.filter(|_| !public);
    let nothing =
        || Told { id: String::new(), kind: ("unknown", "未知"), owner: None, spare: (None, SLOTS) };
    match asset {
        Asset::Duct(i) => inputs.ducts.get(i as usize).map_or_else(nothing, |d| Told {
            id: released.id(&d.id),
            kind: ("duct", "管道"),
            owner: owner(&d.owner),
            spare: (spare(d.holes_free), HOLES),
        }),
        Asset::Cable(i) => inputs.fiber_segments.get(i as usize).map_or_else(nothing, |s| Told {
            id: released.id(&s.id),
            kind: ("cable", "光缆"),
            owner: owner(&s.owner),
            spare: (spare(s.fibers_free), FIBERS),
        }),
        Asset::Project(i) => inputs.projects.get(i as usize).map_or_else(nothing, |p| Told {
            id: released.id(&p.id),
            kind: ("another application", "其他申报"),
            owner: p.party.as_deref().and_then(owner),
            spare: (None, FIBERS),
        }),
        Asset::Candidate(i) => inputs.candidates.get(i as usize).map_or_else(nothing, |c| Told {
            id: released.id(&c.id),
            kind: ("tower open to others", "可共享铁塔"),
            owner: c.owner.as_deref().and_then(owner),
            spare: (spare(c.slots_free), SLOTS),
        }),
        Asset::Tower(i) => found.towers.list.get(i as usize).map_or_else(nothing, |tower| Told {
            id: released.id(&tower.id),
            kind: ("tower in use", "在用站址"),
            owner: None,
            spare: (None, SLOTS),
        }),
    }
}

fn spare_cell(told: &Told, lang: Lang) -> Cell {
    told.spare
        .0
        .map_or(Cell::Unknown, |n| Cell::Text(format!("{n} {}", pick(lang, told.spare.1.0, told.spare.1.1))))
}

fn verdict(v: Verdict, lang: Lang) -> String {
    match v {
        Verdict::Duplicate => pick(lang, "overlaps", "重叠"),
        Verdict::Clear => pick(lang, "clear", "不重叠"),
        Verdict::CantTell => pick(lang, "can't be told", "无法判断"),
    }
    .to_owned()
}

fn redundancy(r: Redundancy, lang: Lang) -> Cell {
    match r {
        Redundancy::Needed => Cell::Text(pick(lang, "yes: only route there", "是：唯一路由").to_owned()),
        Redundancy::SameTrench => Cell::Text(pick(lang, "no: same trench", "否：同沟").to_owned()),
        Redundancy::NotNeeded => {
            Cell::Text(pick(lang, "no: another way exists", "否：已有其他路由").to_owned())
        }
        Redundancy::Unknown => Cell::Unknown,
    }
}
