//! Two parts of the answer on readiness: what a subsidy would bring, and which service classes run where.

use super::Readiness;
use crate::model::kinds::{Lang, ServiceClass};
use crate::policy::services::{Class, Services};
use crate::policy::subsidy::{Effect, Eligible};
use crate::report::chart::{Bars, Chart};
use crate::report::coverage_document::{headings, say};
use crate::report::document::{Cell, Section, Table, pick, plain};
use crate::report::layers::View;
use crate::report::number::{grouped_decimal, money};
use crate::report::plan_document::{money_cell, money_heading};

/// Who may have a subsidy, in words.
fn who(e: &Eligible, lang: Lang) -> String {
    match (e, lang) {
        (Eligible::All, Lang::En) => "all plants".into(),
        (Eligible::All, Lang::Zh) => "全部企业".into(),
        (Eligible::Small, Lang::En) => "small and micro firms".into(),
        (Eligible::Small, Lang::Zh) => "小微企业".into(),
        (Eligible::Large, Lang::En) => "large and medium firms".into(),
        (Eligible::Large, Lang::Zh) => "大中型企业".into(),
        (Eligible::Level(l), Lang::En) => format!("firms of digitisation level {}", plain(l)),
        (Eligible::Level(l), Lang::Zh) => format!("数字化等级 {} 的企业", plain(l)),
    }
}

/// An expected number of plants, withheld where it is small.
fn expected(v: View, n: f64, decimals: u8) -> Cell {
    if n > 0.0 && n < v.min_count as f64 && v.min_count > 1 { Cell::Blank } else { Cell::Number(n, decimals) }
}

/// One subsidy in a sentence.
pub(super) fn in_short(v: View, e: &Effect, lang: Lang) -> String {
    let zh = lang == Lang::Zh;
    let share = grouped_decimal(e.offer.share * 100.0, 0);
    let who = who(&e.offer.who, lang);
    let cap = e.offer.cap_cny.map(|c| money(c, zh));
    let [low, mid, high] = e.cases.map(|c| expected(v, c.lifted - c.anyway, 0).show(lang));
    let public = money(e.cases[1].public_cny, zh);
    let cap = match (cap, lang) {
        (None, _) => String::new(),
        (Some(c), Lang::En) => format!(" up to {c}"),
        (Some(c), Lang::Zh) => format!("，上限 {c}"),
    };
    let sites = &v.inputs.sites.list;
    let lacking = match e.offer.who {
        Eligible::Small | Eligible::Large if sites.iter().all(|s| s.firm_size.is_none()) => {
            Some("sites.firm_size")
        }
        Eligible::Level(_) if sites.iter().all(|s| v.inputs.sites.text.opt(s.dig_level).is_none()) => {
            Some("sites.dig_level")
        }
        _ => None,
    };
    if let Some(column) = lacking {
        return match lang {
            Lang::En => format!(
                "subsidy of {share} %{cap} for {who}: can't be answered from these layers; missing: {column}"
            ),
            Lang::Zh => format!("补贴 {share} %{cap}，对象 {who}：现有图层无法回答，缺少 {column}"),
        };
    }
    if e.eligible == 0 {
        let unpriced = say(v, e.unpriced, lang);
        return match (e.unpriced, lang) {
            (0, Lang::En) => format!(
                "subsidy of {share} %{cap} for {who}: no blocked plant of these, so it brings nothing"
            ),
            (0, Lang::Zh) => format!("补贴 {share} %{cap}，对象 {who}：其中没有受阻企业，补贴无效果"),
            (_, Lang::En) => format!(
                "subsidy of {share} %{cap} for {who}: can't be told; all {unpriced} blocked plants of these have something unknown or no price of their own"
            ),
            (_, Lang::Zh) => format!(
                "补贴 {share} %{cap}，对象 {who}：无法测算，其中 {unpriced} 家受阻企业均含未知项或无法单独定价"
            ),
        };
    }
    match lang {
        Lang::En => format!(
            "subsidy of {share} %{cap} for {who}: {mid} plants more ({low}–{high} by the uptake assumed) for {public} of public money"
        ),
        Lang::Zh => format!(
            "补贴 {share} %{cap}，对象 {who}：增加 {mid} 家（按假设响应率 {low}–{high} 家），财政支出 {public}"
        ),
    }
}

/// What subsidies would bring.
pub(super) fn subsidies(v: View, found: &Readiness, lang: Lang) -> Section {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut head = headings(
        lang,
        &[
            ("share paid", "补贴比例"),
            ("cap ¥", "上限（元）"),
            ("for", "对象"),
            ("eligible, priced", "可享受且可定价"),
            ("no sure price", "无确定价格"),
            ("uptake", "响应情景"),
            ("lifted", "补齐家数"),
            ("of these anyway", "其中无补贴也会补齐"),
        ],
    );
    head.push(money_heading(lang, "public money", "财政支出"));
    head.push(money_heading(lang, "firms' money", "企业支出"));
    head.push(money_heading(lang, "public per further plant", "每新增一家财政支出"));
    let mut table = Table::new("subsidies", t("What a subsidy would bring", "补贴情景测算"), head)
        .short(t("Subsidies", "补贴测算"))
        .brief();
    for e in found.subsidies {
        for (case, name) in e.cases.iter().zip([("low", "低"), ("middle", "中"), ("high", "高")]) {
            table.push(vec![
                Cell::Share(e.offer.share),
                e.offer.cap_cny.map_or(Cell::Nothing, |c| Cell::Number(c, 0)),
                Cell::Text(who(&e.offer.who, lang)),
                Cell::Text(say(v, e.eligible, lang)),
                Cell::Text(say(v, e.unpriced, lang)),
                Cell::Text(t(name.0, name.1)),
                expected(v, case.lifted, 1),
                expected(v, case.anyway, 1),
                money_cell(lang, case.public_cny),
                money_cell(lang, case.private_cny),
                case.each_cny().map_or(Cell::Nothing, |c| money_cell(lang, c)),
            ]);
        }
    }
    let u = &v.settings.policy.uptake;
    let percent = |s: f64| grouped_decimal(s * 100.0, 0);
    let none = [u.none_low, u.none_mid, u.none_high].map(percent);
    let full = [u.full_low, u.full_mid, u.full_high].map(percent);
    let scheme = found.scheme.map_or_else(
        || t("the network part alone, of no scheme", "仅网络部分，不属任何评价体系"),
        |s| t(s.label().0, s.label().1),
    );
    let text = vec![
        match lang {
            Lang::En => format!(
                "Assumed uptake (policy.uptake): {} / {} / {} % of the eligible firms lift themselves without a subsidy, {} / {} / {} % if everything is paid, in proportion to the share paid in between. These are assumptions, not findings; no survey stands behind them. Plants count for: {scheme}.",
                none[0], none[1], none[2], full[0], full[1], full[2]
            ),
            Lang::Zh => format!(
                "响应率假设（policy.uptake）：无补贴时 {} / {} / {} % 的企业自行补齐，全额补贴时 {} / {} / {} %，其间按实际补贴比例线性变化。此为假设而非调查结论。口径：{scheme}。",
                none[0], none[1], none[2], full[0], full[1], full[2]
            ),
        },
        t(
            "The cost is what unblocks the plant by itself, whoever would pay it otherwise. Money to firms that would have acted anyway counts in full.",
            "费用为单独补齐该企业的全部投资，不论原由谁承担。支付给无补贴也会补齐的企业的部分全额计入。",
        ),
    ];
    Section { title: t("What would a subsidy bring?", "补贴会带来什么"), text, tables: vec![table] }
}

/// A class as people call it.
fn class_name(c: &Class, lang: Lang) -> String {
    let (en, zh) = match ServiceClass::parse(&c.name) {
        Some(ServiceClass::Monitoring) => ("monitoring", "监测采集"),
        Some(ServiceClass::Video) => ("video", "视频"),
        Some(ServiceClass::Robots) => ("mobile robots", "移动机器人"),
        Some(ServiceClass::Control) => ("control panels", "远程控制"),
        Some(ServiceClass::Ar) => ("AR", "AR 辅助"),
        Some(ServiceClass::Motion) => ("motion control", "运动控制"),
        Some(ServiceClass::Data) => ("ordinary data", "普通数据"),
        None => return plain(&c.name),
    };
    pick(lang, en, zh).to_owned()
}

/// Which service classes run where.
pub(super) fn services(v: View, found: &Services, lang: Lang) -> Section {
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let planned = found.classes.iter().any(|c| c.after.is_some());
    let mut pairs = vec![
        ("service class", "业务类别"),
        ("UL Mbit/s", "上行 Mbit/s"),
        ("DL Mbit/s", "下行 Mbit/s"),
        ("round trip ms", "往返 ms"),
        ("can run today", "现可承载"),
        ("can't today", "现不可"),
        ("unknown today", "现未知"),
    ];
    if planned {
        pairs.extend([
            ("can run after the plan", "规划后可承载"),
            ("can't after the plan", "规划后不可"),
            ("unknown after", "规划后未知"),
        ]);
    }
    pairs.push(("ever, over a public network", "公网能否承载"));
    let mut table = Table::new(
        "services",
        t("Service classes: today, after the plan, never", "业务承载能力：现状、规划后、无法"),
        headings(lang, &pairs),
    )
    .short(t("Service classes", "业务承载"))
    .brief();
    for c in &found.classes {
        let mut row = vec![
            Cell::Text(class_name(c, lang)),
            Cell::Number(c.need.ul_mbps, 1),
            Cell::Number(c.need.dl_mbps, 1),
            Cell::Number(c.need.latency_rtt_ms, 0),
        ];
        for n in c.today.iter().chain(c.after.iter().flatten()) {
            row.push(if *n > 0 && *n < v.min_count {
                Cell::Text(say(v, *n, lang))
            } else {
                Cell::count(Some(*n))
            });
        }
        row.push(Cell::Text(if c.never { t("never", "无法") } else { t("yes", "可以") }));
        table.push(row);
    }
    let told = |n: u64| (n == 0 || n >= v.min_count).then_some(n as f64);
    let mut series = vec![t("today", "现状")];
    if planned {
        series.push(t("after the plan", "规划后"));
    }
    let rows: Vec<_> = found
        .classes
        .iter()
        .map(|c| {
            let mut bars = vec![told(c.today[0])];
            bars.extend(c.after.map(|a| told(a[0])));
            (class_name(c, lang), bars)
        })
        .collect();
    let mark = Some((t("all plants", "全部企业"), vec![told(found.sites.len() as u64); rows.len()]));
    let table = table.drawn((!found.sites.is_empty()).then(|| {
        Chart::Bars(Bars { across: t("plants that can run it", "可承载企业数"), series, rows, mark })
    }));
    let least = grouped_decimal(crate::policy::services::least_rtt_ms(v.settings), 0);
    let mut text = vec![match lang {
        Lang::En => format!(
            "A class runs where one network gives its rates and a level inside, and a data center its round trip. Air, user plane and application take {least} ms by themselves (section latency of the settings): what asks for less runs over no public network, wherever halls stand, and needs a local network of another kind or a wire."
        ),
        Lang::Zh => format!(
            "某一网络满足其速率与室内电平，且数据中心满足其往返时延，即可承载。空口、用户面与应用合计 {least} ms（配置 latency 节）：要求更短者公网无法承载，与机房位置无关，需专用本地网络或有线。"
        ),
    }];
    if !planned {
        text.push(t(
            "With --with-plan the state after the plan stands beside it.",
            "加 --with-plan 可并列规划后状态。",
        ));
    }
    Section { title: t("Which services run where?", "哪些业务可承载"), text, tables: vec![table] }
}
