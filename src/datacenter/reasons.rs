//! Why a center stands where it stands, in words.

use super::centers::{Binding, CenterOfLayout, NextBest};
use crate::model::kinds::Lang;
use crate::model::words::{yuan, yuan_zh};

/// Words for what keeps a center where it is, English and Chinese.
#[must_use]
pub const fn binding_words(binding: Binding) -> (&'static str, &'static str) {
    match binding {
        Binding::Lock => ("the planner's decision", "人工锁定"),
        Binding::Latency => ("latency: nothing else is near enough", "时延：无其他机房可达"),
        Binding::Standby => ("second center for others", "作为备份机房"),
        Binding::Capacity => ("capacity: it is full", "容量：已满"),
        Binding::Existing => ("it exists and has room", "已建且有余量"),
        Binding::Cost => ("cost: any other place is dearer", "成本：其他位置更贵"),
    }
}

/// Chinese for the workloads and nodes of the catalogue; a project's own keep their names.
#[must_use]
pub fn name_zh(name: &str) -> &str {
    match name {
        "realtime" => "实时控制",
        "business" => "生产管理",
        "archive" => "冷数据",
        "training" => "智算训练",
        "identifier" => "标识解析",
        "platform" => "工业互联网平台",
        _ => name,
    }
}

/// What a difference is made of, English and Chinese: its parts of more than a twentieth of the greatest.
fn parts(list: &[f64; 5]) -> (String, String) {
    const WORDS: [(&str, &str); 5] = [
        ("halls", "机房"),
        ("electricity", "电费"),
        ("transport", "传输"),
        ("latency", "时延"),
        ("carbon", "碳排放"),
    ];
    let most = list.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    let mut told: Vec<(f64, usize)> =
        list.iter().copied().zip(0..).filter(|(v, _)| v.abs() > most / 20.0 && v.abs() >= 1.0).collect();
    told.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()).then(a.1.cmp(&b.1)));
    if told.is_empty() {
        return Default::default();
    }
    let sign = |v: f64| if v < 0.0 { "−" } else { "+" };
    let en: Vec<String> =
        told.iter().map(|(v, i)| format!("{} {}{}", WORDS[*i].0, sign(*v), yuan(v.abs()))).collect();
    let zh: Vec<String> =
        told.iter().map(|(v, i)| format!("{}{}{}", WORDS[*i].1, sign(*v), yuan_zh(v.abs()))).collect();
    (format!(" ({})", en.join(", ")), format!("（{}）", zh.join("、")))
}

/// The reason, English and Chinese. `say` tells a count of sites, `name` the next best place as it may be
/// told.
#[must_use]
pub fn reason(
    c: &CenterOfLayout,
    say: &dyn Fn(u64, Lang) -> String,
    name: &dyn Fn(&NextBest) -> (String, String),
) -> (String, String) {
    let by: Vec<String> = c.workloads.iter().map(|(w, r)| format!("{w} {r:.1}")).collect();
    let by_zh: Vec<String> = c.workloads.iter().map(|(w, r)| format!("{} {r:.1}", name_zh(w))).collect();
    let (mut en, mut zh) = match c.rtt_mean_ms {
        Some(ms) => (
            format!(
                "serves {:.1} racks of {} sites ({}) at {ms:.2} ms mean round trip",
                c.racks_used,
                say(c.sites, Lang::En),
                by.join(", "),
            ),
            format!(
                "服务 {} 家企业 {:.1} 架（{}），平均往返 {ms:.2} ms",
                say(c.sites, Lang::Zh),
                c.racks_used,
                by_zh.join("、"),
            ),
        ),
        None => ("serves nobody as the first center".to_owned(), "不作为主用机房".to_owned()),
    };
    if c.standby_sites > 0 {
        en += &format!("; second center for {} sites", say(c.standby_sites, Lang::En));
        zh += &format!("；为 {} 家企业备份", say(c.standby_sites, Lang::Zh));
        if c.racks_kept > 0.0 {
            en += &format!(", with {:.1} racks kept free", c.racks_kept);
            zh += &format!("，预留 {:.1} 架", c.racks_kept);
        }
    }
    if c.binding != Binding::Standby {
        let (b_en, b_zh) = binding_words(c.binding);
        en += &format!("; {b_en}");
        zh += &format!("；{b_zh}");
    }
    if c.binding == Binding::Latency {
        en += &format!(" ({:.1} racks)", c.only_here_racks);
        zh += &format!("（{:.1} 架）", c.only_here_racks);
    }
    match &c.next {
        Some(n) => {
            let (cost, cost_zh) = (yuan(n.extra_cny_yr.max(0.0)), yuan_zh(n.extra_cny_yr.max(0.0)));
            if n.place.is_some() {
                let (name, name_zh) = name(n);
                en += &format!("; without it the next best place, {name}, costs {cost} a year more");
                zh += &format!("；若不用，次优位置 {name_zh} 每年多 {cost_zh}");
            } else {
                en += &format!("; without it the other centers take over at {cost} a year more");
                zh += &format!("；若不用，其余中心承接每年多 {cost_zh}");
            }
            let (told, told_zh) = parts(&n.extra.list());
            en += &told;
            zh += &told_zh;
        }
        None if c.rtt_mean_ms.is_some() => {
            en += "; no single other place could do all that it does";
            zh += "；无单一位置可替代";
        }
        None => {}
    }
    if c.below_floor {
        en += "; fills less than the floor asks";
        zh += "；上架率低于下限";
    }
    (en, zh)
}
