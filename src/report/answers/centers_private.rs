//! Private 5G networks of industrial clusters, in the answer of `covplan centers`.

use crate::datacenter::Advice;
use crate::model::kinds::Lang;
use crate::policy::private_networks::{Asking, PrivateNetwork, PrivateNetworks, SharedPlane, Verdict, Way};
use crate::report::coverage_document::{MAX_ROWS, headings, say};
use crate::report::document::{Cell, Section, Table, pick};
use crate::report::number::grouped_decimal;
use crate::report::plan_document::{money_cell, money_heading};
use crate::report::redact::Released;
use serde_json::{Value, json};

/// The section: what each cluster asks for, and all of them by latency class.
pub(super) fn section(released: &Released, a: &Advice, found: &PrivateNetworks, lang: Lang) -> Section {
    let v = released.view();
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let unknown: u64 = found.clusters.iter().map(|c| c.asking[3].sites()).sum();
    let mut text = vec![
        t(
            "By latency alone, the first way that keeps a site's round trip (its own latency_ms, else that of its \
             service class): the operator's shared user plane; a user plane (UPF) of the cluster's own at its edge node; \
             one in the plant. Beyond: air interface, user plane and application take longer by themselves, wherever \
             the user plane stands: another air interface or a wire. The application is taken to stand beside the user \
             plane.",
            "仅按时延判断，依次取首个满足企业往返时延（企业自报 latency_ms，否则按业务类型）的方式：运营商共享 UPF；集群边缘节点的专用 UPF；厂内 UPF。\
             “超出”：空口、UPF 与应用本身已超过要求，与 UPF 位置无关，需改用其他空口或有线。应用与 UPF 同址部署。",
        ),
        match found.shared_plane {
            SharedPlane::Nodes => t(
                "The shared user plane stands at the nodes of kind upf in the layers.",
                "共享 UPF 位置取自图层中的 UPF 节点。",
            ),
            SharedPlane::DataCenters => t(
                "Assumed: no layer names a user plane, so the shared one is taken to stand at the nearest data center that \
                 exists. Add fiber_nodes of kind upf to tell.",
                "假设：图层无 UPF 节点，共享 UPF 按最近的现有数据中心计；补充 kind=upf 的 fiber_nodes 可消除该假设。",
            ),
            SharedPlane::Unknown => t(
                "Unknown: no layer tells where a shared user plane stands (fiber_nodes of kind upf, or datacenters).",
                "未知：图层未说明共享 UPF 位置（缺 kind=upf 的 fiber_nodes 或 datacenters）。",
            ),
        },
        t(
            "Prices are assumptions with a range (policy.private.edge, policy.private.plant); the room at the edge node is \
             that of the cluster's nodes and is priced with them. Left open, as no layer tells: data that must stay in the \
             plant, traffic kept apart, a second user plane for availability, licensed spectrum of one's own. Each of these \
             can ask for a private network where latency doesn't.",
            "价格为带区间的假设（policy.private.edge、policy.private.plant）；边缘节点机房与集群节点共用并计入其成本。\
             图层未说明、故不作判断：数据不出厂、业务隔离、UPF 冗余、专用频率；时延之外，上述要求也可能需要专网。",
        ),
    ];
    if unknown > 0 {
        let n = say(v, unknown, lang);
        text.push(match lang {
            Lang::En => format!(
                "{n} sites in clusters don't tell what they need; columns that would tell: service or latency_ms of sites."
            ),
            Lang::Zh => format!("集群内 {n} 家企业未填时延需求；可补充企业表的业务类型（service）或时延需求（latency_ms）。"),
        });
    }
    Section {
        title: t("Private 5G networks of clusters", "产业集群 5G 专网"),
        text,
        tables: vec![by_cluster(released, a, found, lang), by_class(released, found, lang)],
    }
}

/// Limits of the latency classes, as headings say them.
fn classes(released: &Released, lang: Lang) -> [String; 4] {
    let p = &released.view().settings.policy.private;
    let (fast, near) = (grouped_decimal(p.fast_ms, 0), grouped_decimal(p.near_ms, 0));
    [
        format!("≤ {fast} ms"),
        format!("{fast}–{near} ms"),
        format!("> {near} ms"),
        pick(lang, "not told", "未填").to_owned(),
    ]
}

const WAYS: [(&str, &str); 5] = [
    ("shared UPF", "共享 UPF"),
    ("UPF at edge node", "边缘节点 UPF"),
    ("UPF in plant", "厂内 UPF"),
    ("beyond", "超出"),
    ("unknown", "未知"),
];

fn by_cluster(released: &Released, a: &Advice, found: &PrivateNetworks, lang: Lang) -> Table {
    let v = released.view();
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let of_sites = |name: &str| format!("{}{name}", t("sites ", "企业："));
    let mut columns =
        headings(lang, &[("cluster", "集群编号"), ("near", "邻近城镇"), ("private network", "5G 专网")]);
    columns.extend(classes(released, lang).iter().map(|c| of_sites(c)));
    columns.extend(WAYS.map(|w| of_sites(pick(lang, w.0, w.1))));
    columns.extend([t("UPFs at edge node", "边缘节点 UPF 数"), t("UPF rooms in plants", "厂内 UPF 机房数")]);
    columns
        .extend([("low", "低"), ("mid", "中"), ("high", "高")].map(|(en, zh)| money_heading(lang, en, zh)));
    let title = t("Private 5G networks by cluster (prices assumed)", "各集群 5G 专网需求（价格为假设）");
    let mut table = Table::new("private_networks", title, columns).brief();
    for (c, of) in a.clusters.list.iter().zip(&found.clusters).take(MAX_ROWS) {
        let count = |n: u64| Cell::Text(say(v, n, lang));
        let mut row = vec![
            Cell::Text(c.id.clone()),
            Cell::words(Some(pick(lang, &c.name.0, &c.name.1))),
            match of.verdict() {
                Verdict::Needed => Cell::Text(t("yes", "需要")),
                Verdict::NotNeeded => Cell::Text(t("no", "不需要")),
                Verdict::Unknown => Cell::Unknown,
            },
        ];
        row.extend(of.asking.iter().map(|x| count(x.sites())));
        row.extend(Way::ALL.map(|w| count(of.sites(w))));
        row.extend([Cell::count(Some(of.edge_user_planes)), count(of.plant_user_planes)]);
        // A price would tell a number of plants that is withheld.
        row.extend(
            of.cost_cny.map(|cny| if told(released, of) { money_cell(lang, cny) } else { Cell::Unknown }),
        );
        table.push(row);
    }
    table.all_rows = found.clusters.len();
    table
}

fn by_class(released: &Released, found: &PrivateNetworks, lang: Lang) -> Table {
    let v = released.view();
    let t = |en: &str, zh: &str| pick(lang, en, zh).to_owned();
    let mut columns = headings(lang, &[("latency class", "时延等级"), ("sites", "企业数")]);
    columns.extend(WAYS.map(|w| pick(lang, w.0, w.1).to_owned()));
    let title = t("Sites in clusters by latency class", "集群内企业按时延等级");
    let mut table = Table::new("private_network_classes", title, columns);
    for (k, name) in classes(released, lang).into_iter().enumerate() {
        let of = |w: Way| found.clusters.iter().map(|c| c.asking[k].by_way[w as usize]).sum::<u64>();
        let sites: u64 = found.clusters.iter().map(|c| c.asking[k].sites()).sum();
        let mut row = vec![Cell::Text(name), Cell::Text(say(v, sites, lang))];
        row.extend(Way::ALL.map(|w| Cell::Text(say(v, of(w), lang))));
        table.push(row);
    }
    table
}

/// Whether the number of plants may be told.
fn told(released: &Released, of: &PrivateNetwork) -> bool {
    of.plant_user_planes == 0 || of.plant_user_planes >= released.view().min_count
}

/// The same as JSON, cluster by cluster.
pub(super) fn result(released: &Released, a: &Advice, found: &PrivateNetworks) -> Value {
    let least = released.view().min_count;
    let count = |n: u64| (n == 0 || n >= least).then_some(n);
    let asking = |x: &Asking| {
        let by_way: serde_json::Map<String, Value> = Way::ALL
            .into_iter()
            .map(|w| {
                let key = match w {
                    Way::Shared => "shared",
                    Way::ClusterEdge => "cluster_edge",
                    Way::InPlant => "in_plant",
                    Way::Beyond => "beyond",
                    Way::Unknown => "unknown",
                };
                (key.to_owned(), json!(count(x.by_way[w as usize])))
            })
            .collect();
        json!({ "class": x.class, "sites": count(x.sites()), "by_way": by_way })
    };
    let clusters: Vec<Value> = a
        .clusters
        .list
        .iter()
        .zip(&found.clusters)
        .map(|(c, of)| {
            json!({
                "cluster": c.id,
                "private_network": of.verdict(),
                "latency_classes": of.asking.iter().map(asking).collect::<Vec<_>>(),
                "edge_user_planes": of.edge_user_planes,
                "plant_user_planes": count(of.plant_user_planes),
                "cost_cny": told(released, of).then_some(of.cost_cny),
            })
        })
        .collect();
    json!({ "shared_user_plane": found.shared_plane, "prices": "assumed", "clusters": clusters })
}

/// One line for the headline; none without clusters.
pub(super) fn headline(released: &Released, found: &PrivateNetworks, lang: Lang) -> Option<String> {
    if found.clusters.is_empty() {
        return None;
    }
    let of = |verdict: Verdict| found.clusters.iter().filter(|c| c.verdict() == verdict).count();
    let (needed, unknown, all) = (of(Verdict::Needed), of(Verdict::Unknown), found.clusters.len());
    let edge: u64 = found.clusters.iter().map(|c| c.edge_user_planes).sum();
    let plant: u64 = found.clusters.iter().map(|c| c.plant_user_planes).sum();
    let plant = say(released.view(), plant, lang);
    let price = found.clusters.iter().all(|c| told(released, c)).then(|| {
        let sum = |k: usize| found.clusters.iter().map(|c| c.cost_cny[k]).sum::<f64>() / 1e6;
        [sum(0), sum(2)].map(|m| grouped_decimal(m, 1))
    });
    let price = match (price.filter(|_| needed > 0), lang) {
        (Some([low, high]), Lang::En) => format!(", assumed at {low} to {high} million yuan"),
        (Some([low, high]), Lang::Zh) => format!("，假设投资 {low}～{high} 百万元"),
        (None, _) => String::new(),
    };
    Some(match lang {
        Lang::En => format!(
            "{needed} of {all} clusters need a private 5G network by latency ({edge} UPFs at edge nodes, {plant} in \
             plants{price}); of {unknown} the layers don't tell"
        ),
        Lang::Zh => format!(
            "按时延，{all} 个集群中 {needed} 个需要 5G 专网（边缘节点 UPF {edge} 套、厂内 UPF {plant} 套{price}）；{unknown} 个未知"
        ),
    })
}
