//! What a plan of routes assumes, and what limits it.

use super::{Draft, Planner, RoutePlan};
use crate::model::kinds::Basis;
use crate::model::notes::Note;
use crate::model::planned::{Connection, RouteSegment};
use crate::model::words::counted;
use crate::network::AccessKind;
use std::collections::{BTreeMap, BTreeSet};

/// Codes of what a plan tells of itself.
pub(super) const OF_PLAN: [&str; 5] = ["N203", "N206", "N207", "N208", "N219"];

/// What segments and connections tell of themselves, whatever the structure.
pub(super) fn of_plan(plan: &RoutePlan) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut say = |code, count: f64, en: String, zh: String| {
        if count > 0.0 {
            notes.push(Note::new(code, en, zh));
        }
    };
    let km = |want: fn(&RouteSegment) -> bool| -> f64 {
        plan.segments.iter().filter(|s| want(s)).map(|s| s.length_m / 1e3).sum()
    };
    let consent = km(|s| s.consent);
    say(
        "N203",
        consent,
        format!(
            "{consent:.1} km run in ducts or on poles of others: their consent is needed and rent is counted"
        ),
        format!("{consent:.1} 公里使用他方管道或杆路，需产权单位同意并计租金"),
    );
    let permit = km(|s| s.permit);
    say(
        "N219",
        permit,
        format!(
            "{permit:.1} km are built along roads where that needs a permit, which is priced; apply early"
        ),
        format!("{permit:.1} 公里沿需许可方可开挖的道路建设，许可费用已计，须提前申办"),
    );
    let dark = plan.connections.iter().filter(|c| c.optical.as_ref().is_some_and(|l| !l.met)).count();
    say(
        "N207",
        dark as f64,
        format!(
            "loss budget or reach: missed by {}; each says why in its optical data",
            counted(dark as u64, "connection")
        ),
        format!("{dark} 个接入不满足光功率预算或传输距离，原因见各接入的光路数据"),
    );
    let guessed = |c: &&Connection| c.optical.as_ref().is_some_and(|l| l.office_basis == Basis::Assumed);
    let guessed = plan.connections.iter().filter(guessed).count();
    say(
        "N208",
        guessed as f64,
        format!(
            "of {} the data don't tell the cable from the node joined to its office: the nearest office in a straight line, lengthened, is assumed, or, without any, that the OLT stands at the node",
            counted(guessed as u64, "connection")
        ),
        format!(
            "{guessed} 个接入未给出接入点至局房的光缆：假定接至最近局房（直线距离乘迂回系数），无局房数据时假定 OLT 设于接入点"
        ),
    );
    let inferred = km(|s| s.basis == Basis::Inferred);
    say(
        "N206",
        inferred,
        format!("{inferred:.1} km follow an inferred right of way: routes are plausible, not surveyed"),
        format!("{inferred:.1} 公里沿推断路由，仅供估算"),
    );
    notes
}

impl Planner<'_, '_, '_> {
    pub(super) fn notes(&self, plan: &RoutePlan, draft: &Draft, points: &BTreeMap<u32, u32>) -> Vec<Note> {
        let access = self.request.access.points();
        let mut notes = Vec::new();
        let mut say = |code, count: f64, en: String, zh: String| {
            if count > 0.0 {
                notes.push(Note::new(code, en, zh));
            }
        };
        let used: BTreeSet<u32> = points.values().copied().collect();
        let assumed = |cable: bool| {
            let of = |p: &&u32| matches!(access[**p as usize].kind, AccessKind::Cable(_)) == cable;
            used.iter().filter(of).filter(|&&p| access[p as usize].basis == Basis::Assumed).count()
        };
        let (nodes, taps) = (assumed(false), assumed(true));
        say(
            "N201",
            nodes as f64,
            format!(
                "{nodes} nodes are joined whose spare fibers the data don't tell: that they have some is an assumption"
            ),
            format!("{nodes} 个接入节点未给出空闲纤芯，假定可接入"),
        );
        say(
            "N202",
            taps as f64,
            format!("{taps} places tap a passing access cable, which is an assumption"),
            format!("{taps} 处在途经光缆上破缆接入，属假定"),
        );
        let unknown = self.site.ways.unknown_holes;
        say(
            "N204",
            f64::from(unknown),
            format!("{unknown} ducts are not used because their spare holes aren't told"),
            format!("{unknown} 段管道未给出空闲管孔，未予利用"),
        );
        let left = draft.joined.left_over.len();
        say(
            "N205",
            left as f64,
            format!(
                "{left} sites stay without fiber because no node that they can reach has fibers to spare"
            ),
            format!("{left} 个对象因可达节点无空闲纤芯而未接入"),
        );
        notes.extend(of_plan(plan));
        notes
    }
}
