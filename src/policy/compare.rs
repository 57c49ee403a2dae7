//! What changed between two runs, and why. Every difference is taken apart item by item, and each item gets
//! one cause by the evidence in the runs themselves, so the parts add up to the whole.

use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Why something differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// Something was built since: a new serving cell, fiber in the building.
    Built,
    /// The inputs say something else: rows added, gone or corrected.
    Data,
    /// Prices and rates.
    Cost,
    /// Model, settings, seed, effort or version.
    Model,
    /// Targets, weights, budget, locks.
    Policy,
    /// No evidence of its own: the best plan moved because something else changed.
    Follows,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Cause; 6] =
        [Cause::Built, Cause::Data, Cause::Cost, Cause::Model, Cause::Policy, Cause::Follows];

    /// Name for people, English and Chinese.
    #[must_use]
    pub const fn label(self) -> (&'static str, &'static str) {
        match self {
            Cause::Built => ("built", "已建成"),
            Cause::Data => ("data corrected", "数据更正"),
            Cause::Cost => ("cost", "造价"),
            Cause::Model => ("model or settings", "模型或设置"),
            Cause::Policy => ("policy", "政策目标"),
            Cause::Follows => ("follows from the others", "随其他变化调整"),
        }
    }
}

/// A run as its folder tells it: `plan.json` or `coverage.json`, and `manifest.json`.
#[derive(Clone, Debug)]
pub struct RunRecord {
    /// Results.
    pub run: Value,
    /// What it was made from.
    pub manifest: Value,
}

impl RunRecord {
    fn list(&self, key: &str) -> &[Value] {
        self.run[key].as_array().map_or(&[], Vec::as_slice)
    }

    fn is_redacted(&self) -> bool {
        self.run["redaction"].as_str() != Some("internal")
    }

    fn has_plan(&self) -> bool {
        self.run["items"].is_array()
    }
}

/// A figure of both runs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// What.
    pub what: &'static str,
    /// Before; none where the run doesn't tell.
    pub before: Option<f64>,
    /// After.
    pub after: Option<f64>,
}

/// A site that is in one run only, or a gap in one of them only.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SiteChange {
    /// `site_id`.
    pub site: String,
    /// Name.
    pub name: Option<String>,
    /// In the earlier run.
    pub was_there: bool,
    /// In the later run.
    pub is_there: bool,
    /// Gap in the earlier run.
    pub was_gap: bool,
    /// Gap in the later run.
    pub is_gap: bool,
    /// Score before and after.
    pub score: [Option<f64>; 2],
    /// Why.
    pub cause: Cause,
    /// What shows it.
    pub evidence: (String, String),
}

/// A setting that differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SettingChange {
    /// Path.
    pub key: String,
    /// Before.
    pub before: Value,
    /// After.
    pub after: Value,
    /// What kind of change it is.
    pub cause: Cause,
}

/// A file that differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InputChange {
    /// Layer; empty for the project file.
    pub layer: String,
    /// `changed`, `added`, `gone`.
    pub change: &'static str,
    /// Files.
    pub files: Vec<String>,
}

/// Money of one kind of thing with one cause.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MoneyPart {
    /// `station`, `fiber`, `lead-in`, `datacenter`; `other` for what a run doesn't itemise.
    pub what: &'static str,
    /// Why.
    pub cause: Cause,
    /// Items behind it.
    pub items: u64,
    /// Capex more or less, yuan.
    pub capex_cny: f64,
}

/// The comparison.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Comparison {
    /// Figures side by side.
    pub figures: Vec<Figure>,
    /// Sites that came, went, or crossed the target.
    pub sites: Vec<SiteChange>,
    /// Gaps more or less by cause.
    pub gaps: BTreeMap<Cause, i64>,
    /// Money by kind and cause.
    pub money: Vec<MoneyPart>,
    /// Settings that differ.
    pub settings: Vec<SettingChange>,
    /// Inputs that differ.
    pub inputs: Vec<InputChange>,
    /// Whether single items could be matched; redacted runs hide their ids, each in its own way.
    pub itemised: bool,
}

impl Comparison {
    /// A figure's values.
    #[must_use]
    pub fn figure(&self, what: &str) -> (Option<f64>, Option<f64>) {
        self.figures.iter().find(|f| f.what == what).map_or((None, None), |f| (f.before, f.after))
    }
}

/// Compares two runs.
#[must_use]
pub fn compare(a: &RunRecord, b: &RunRecord) -> Comparison {
    let mut c = Comparison {
        figures: figures(a, b),
        settings: settings(a, b),
        inputs: inputs(a, b),
        itemised: !a.is_redacted() && !b.is_redacted(),
        ..Comparison::default()
    };
    if !c.itemised {
        return c;
    }
    let evidence = Evidence::new(a, b, &c);
    let (changes, causes) = sites(a, b, &evidence);
    for s in &changes {
        let delta = i64::from(s.is_gap) - i64::from(s.was_gap);
        if delta != 0 {
            *c.gaps.entry(s.cause).or_default() += delta;
        }
    }
    c.sites = changes;
    if a.has_plan() && b.has_plan() {
        c.money = money(a, b, &evidence, &causes);
    }
    c
}

fn figures(a: &RunRecord, b: &RunRecord) -> Vec<Figure> {
    type Take = fn(&RunRecord) -> Option<f64>;
    fn kpi(r: &RunRecord, key: &str) -> Option<f64> {
        r.list("kpis").iter().find(|k| k["group"] == "all").and_then(|k| k[key].as_f64())
    }
    let takes: [(&'static str, Take); 9] = [
        ("sites", |r| kpi(r, "sites")),
        ("gaps", |r| kpi(r, "gaps")),
        ("critical", |r| kpi(r, "critical")),
        ("unknown", |r| kpi(r, "unknown")),
        ("gaps_after_plan", |r| r.run["summary"]["gaps_after"].as_f64()),
        ("stations", |r| r.run["summary"]["stations"].as_f64()),
        ("fiber_km", |r| r.run["summary"]["fiber_m"].as_f64().map(|m| m / 1e3)),
        ("capex_cny", |r| r.run["summary"]["capex_cny"].as_f64()),
        ("opex_cny_yr", |r| r.run["summary"]["opex_cny_yr"].as_f64()),
    ];
    takes.into_iter().map(|(what, take)| Figure { what, before: take(a), after: take(b) }).collect()
}

/// What kind of change a setting is.
fn kind_of(key: &str) -> Cause {
    let starts = |p: &[&str]| p.iter().any(|p| key.starts_with(p));
    if starts(&["plan.discount_rate", "plan.years", "energy.price", "siting.station_kw"])
        || starts(&["fiber.opex_share", "fiber.class_factor"])
        || (key.contains("_cny") && !starts(&["plan.", "datacenter.ms_value"]))
    {
        Cause::Cost
    } else if starts(&[
        "plan.",
        "policy.",
        "score.target",
        "score.critical",
        "score.weight",
        "datacenter.ms_value",
    ]) {
        Cause::Policy
    } else {
        Cause::Model
    }
}

fn settings(a: &RunRecord, b: &RunRecord) -> Vec<SettingChange> {
    fn flatten(prefix: &str, v: &Value, out: &mut BTreeMap<String, Value>) {
        match v {
            Value::Object(map) => {
                for (k, v) in map {
                    let path = if prefix.is_empty() { k.clone() } else { format!("{prefix}.{k}") };
                    flatten(&path, v, out);
                }
            }
            other => {
                out.insert(prefix.to_owned(), other.clone());
            }
        }
    }
    let flat = |r: &RunRecord| {
        let mut out = BTreeMap::new();
        flatten("", &r.run["configuration"], &mut out);
        // What the run itself was told, which works as a setting does.
        for key in ["version", "seed"] {
            out.insert(key.to_owned(), r.run[key].clone());
        }
        out.insert("effort".to_owned(), r.manifest["effort"].clone());
        out.retain(|k, _| !k.starts_with("redact."));
        out
    };
    let (before, after) = (flat(a), flat(b));
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    keys.into_iter()
        .filter(|k| before.get(*k) != after.get(*k))
        .map(|k| SettingChange {
            key: k.clone(),
            before: before.get(k).cloned().unwrap_or(Value::Null),
            after: after.get(k).cloned().unwrap_or(Value::Null),
            cause: kind_of(k),
        })
        .collect()
}

fn inputs(a: &RunRecord, b: &RunRecord) -> Vec<InputChange> {
    let by_layer = |r: &RunRecord| {
        let mut layers: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        for i in r.manifest["inputs"].as_array().into_iter().flatten() {
            let text = |k: &str| i[k].as_str().unwrap_or_default().to_owned();
            layers.entry(text("layer")).or_default().insert(text("name"), text("sha256"));
        }
        layers
    };
    let (before, after) = (by_layer(a), by_layer(b));
    let layers: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    layers
        .into_iter()
        .filter_map(|layer| {
            // A file that only has another name holds the same.
            let hashes = |m: Option<&BTreeMap<String, String>>| -> BTreeSet<String> {
                m.into_iter().flat_map(|m| m.values().cloned()).collect()
            };
            let (old, new) = (before.get(layer), after.get(layer));
            if hashes(old) == hashes(new) {
                return None;
            }
            let change = match (old, new) {
                (None, _) => "added",
                (_, None) => "gone",
                _ => "changed",
            };
            let files = new.or(old).map(|m| m.keys().cloned().collect()).unwrap_or_default();
            Some(InputChange { layer: layer.clone(), change, files })
        })
        .collect()
}

/// What is known about the two runs when single items are judged.
struct Evidence {
    /// A layer other than the project file changed.
    data: bool,
    /// Settings of that kind changed.
    cost: bool,
    model: bool,
    policy: bool,
    /// Cells that served any site in the earlier run.
    old_servers: BTreeSet<String>,
}

impl Evidence {
    fn new(a: &RunRecord, b: &RunRecord, c: &Comparison) -> Self {
        let kind = |cause| c.settings.iter().any(|s| s.cause == cause);
        let servers = |r: &RunRecord| {
            r.list("sites")
                .iter()
                .flat_map(|s| s["networks"].as_array().into_iter().flatten())
                .filter_map(|n| n["server"].as_str().map(str::to_owned))
                .collect()
        };
        // Runs without hashes (an embedded study area) are told apart by what they read.
        let known = |r: &RunRecord| r.manifest["inputs"].as_array().is_some_and(|i| !i.is_empty());
        let data = if known(a) && known(b) {
            c.inputs.iter().any(|i| !i.layer.is_empty())
        } else {
            a.run["layers"] != b.run["layers"]
        };
        Self {
            data,
            cost: kind(Cause::Cost),
            model: kind(Cause::Model),
            policy: kind(Cause::Policy),
            old_servers: servers(a),
        }
    }

    /// The cause where an item shows none itself.
    fn remaining(&self, money: bool) -> Cause {
        if self.model {
            Cause::Model
        } else if self.policy {
            Cause::Policy
        } else if self.cost && money {
            Cause::Cost
        } else {
            Cause::Follows
        }
    }
}

/// What a site's own row says.
const OWN: [&str; 8] = ["at", "city", "park", "sector", "firm_size", "service", "status", "pos_acc_m"];

/// Why a site differs, when it does: its cause and what shows it.
fn site_cause(a: &Value, b: &Value, e: &Evidence) -> Option<(Cause, (String, String))> {
    let own_need = |s: &Value| s["need"]["own"].as_array().is_some_and(|o| !o.is_empty());
    if let Some(field) = OWN.iter().find(|f| a[**f] != b[**f]) {
        return Some((Cause::Data, (format!("its row: {field}"), format!("企业数据：{field}"))));
    }
    if (own_need(a) || own_need(b)) && a["need"] != b["need"] {
        return Some((Cause::Data, ("its row: what it needs".into(), "企业数据：业务需求".into())));
    }
    if a["score"] == b["score"] && a["gap"].is_null() == b["gap"].is_null() {
        return None;
    }
    let fiber = |s: &Value| s["fiber"]["basis"] == "given" && s["fiber"]["distance_m"].as_f64() == Some(0.0);
    if !fiber(a) && fiber(b) {
        return Some((Cause::Built, ("fiber is in the building now".into(), "光纤已到厂".into())));
    }
    let pairs = || {
        let of = |s: &Value| s["networks"].as_array().cloned().unwrap_or_default();
        let (old, new) = (of(a), of(b));
        new.into_iter().filter_map(move |n| {
            let before = old.iter().find(|o| o["network"] == n["network"])?.clone();
            Some((before, n))
        })
    };
    let level = |n: &Value| n["rsrp_outdoor_dbm"].as_f64().unwrap_or(f64::NEG_INFINITY);
    for (before, now) in pairs() {
        let server = now["server"].as_str().unwrap_or_default();
        if !server.is_empty()
            && before["server"] != now["server"]
            && level(&now) >= level(&before)
            && !e.old_servers.contains(server)
        {
            return Some((Cause::Built, (format!("new cell {server}"), format!("新开小区 {server}"))));
        }
    }
    if e.data {
        for field in ["fiber", "latency"] {
            if a[field] != b[field] {
                return Some((Cause::Data, (format!("its {field} input"), format!("输入变化：{field}"))));
            }
        }
        let radio = |n: &Value| {
            [
                n["server"].clone(),
                n["rsrp_outdoor_dbm"].clone(),
                n["indoor"].clone(),
                n["ul_mbps"].clone(),
                n["dl_mbps"].clone(),
            ]
        };
        if pairs().any(|(o, n)| radio(&o) != radio(&n)) && !e.model {
            return Some((Cause::Data, ("cells that reach it".into(), "可达小区变化".into())));
        }
    }
    let cause = e.remaining(false);
    Some((cause, (cause.label().0.into(), cause.label().1.into())))
}

type Causes = BTreeMap<String, Cause>;

fn sites(a: &RunRecord, b: &RunRecord, e: &Evidence) -> (Vec<SiteChange>, Causes) {
    let by_id = |r: &RunRecord| -> BTreeMap<String, Value> {
        r.list("sites").iter().filter_map(|s| Some((s["site_id"].as_str()?.to_owned(), s.clone()))).collect()
    };
    let (old, new) = (by_id(a), by_id(b));
    let ids: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let (mut changes, mut causes) = (Vec::new(), Causes::new());
    let gap = |s: Option<&Value>| s.is_some_and(|s| !s["gap"].is_null());
    let score = |s: Option<&Value>| s.and_then(|s| s["score"]["total"].as_f64());
    for id in ids {
        let (was, is) = (old.get(id), new.get(id));
        let found = match (was, is) {
            (Some(x), Some(y)) => site_cause(x, y, e),
            (None, _) => Some((Cause::Data, ("new in the layer".into(), "图层新增".into()))),
            (_, None) => Some((Cause::Data, ("no longer in the layer".into(), "图层已删除".into()))),
        };
        let Some((cause, evidence)) = found else { continue };
        causes.insert(id.clone(), cause);
        if was.is_none() || is.is_none() || gap(was) != gap(is) {
            changes.push(SiteChange {
                site: id.clone(),
                name: is.or(was).and_then(|s| s["name"].as_str()).map(str::to_owned),
                was_there: was.is_some(),
                is_there: is.is_some(),
                was_gap: gap(was),
                is_gap: gap(is),
                score: [score(was), score(is)],
                cause,
                evidence,
            });
        }
    }
    (changes, causes)
}

/// The first cause, in the order of [`Cause`], of any of these sites.
fn first_cause<'a>(sites: impl Iterator<Item = &'a str>, causes: &Causes) -> Option<Cause> {
    sites.filter_map(|s| causes.get(s)).min().copied()
}

/// An item of a plan that costs: what it is known by, how much of it is built, yuan, and the sites that it
/// is for.
struct Costed {
    key: String,
    size: String,
    capex_cny: f64,
    sites: Vec<String>,
}

fn money(a: &RunRecord, b: &RunRecord, e: &Evidence, causes: &Causes) -> Vec<MoneyPart> {
    let mut parts = Vec::new();
    difference("station", &stations(a), &stations(b), e, causes, &mut parts);
    difference("fiber", &fiber(a), &fiber(b), e, causes, &mut parts);
    difference("lead-in", &lead_ins(a), &lead_ins(b), e, causes, &mut parts);
    difference("datacenter", &centers(a), &centers(b), e, causes, &mut parts);
    // What the items don't show (in runs of another version) is told apart; floating-point dust of many sums
    // goes where most is, so that the parts make up the whole to the last digit.
    let capex = |r: &RunRecord| r.run["summary"]["capex_cny"].as_f64().unwrap_or(0.0);
    let rest = capex(b) - capex(a) - parts.iter().map(|p| p.capex_cny).sum::<f64>();
    if rest.abs() > 1e-9 * capex(a).max(capex(b)).max(1.0) {
        parts.push(MoneyPart { what: "other", cause: e.remaining(true), items: 1, capex_cny: rest });
    } else if let Some(most) = parts.iter_mut().max_by(|x, y| x.capex_cny.abs().total_cmp(&y.capex_cny.abs()))
    {
        most.capex_cny += rest;
    }
    parts
}

/// Items in both runs that are built alike differ by price; those of another size, and items in one run only,
/// have the cause of their sites.
fn difference(
    what: &'static str,
    old: &[Costed],
    new: &[Costed],
    e: &Evidence,
    causes: &Causes,
    parts: &mut Vec<MoneyPart>,
) {
    let mut by: BTreeMap<Cause, (u64, f64)> = BTreeMap::new();
    let mut add = |cause: Cause, capex: f64| {
        if capex != 0.0 {
            let p = by.entry(cause).or_default();
            p.0 += 1;
            p.1 += capex;
        }
    };
    let mut left: BTreeMap<&str, Vec<&Costed>> = BTreeMap::new();
    for o in old {
        left.entry(&o.key).or_default().push(o);
    }
    let judged =
        |c: &Costed| first_cause(c.sites.iter().map(String::as_str), causes).unwrap_or(e.remaining(true));
    for n in new {
        match left.get_mut(n.key.as_str()).and_then(Vec::pop) {
            Some(o) => add(
                match (o.size == n.size, e.cost, e.data) {
                    (true, true, _) => Cause::Cost,
                    // A price of a row of its own.
                    (true, false, true) => Cause::Data,
                    _ => judged(n),
                },
                n.capex_cny - o.capex_cny,
            ),
            None => add(judged(n), n.capex_cny),
        }
    }
    for o in left.values().flatten() {
        add(judged(o), -o.capex_cny);
    }
    parts.extend(by.into_iter().map(|(cause, (items, capex_cny))| MoneyPart {
        what,
        cause,
        items,
        capex_cny,
    }));
}

fn texts(v: &Value) -> Vec<String> {
    v.as_array().into_iter().flatten().filter_map(|t| t.as_str().map(str::to_owned)).collect()
}

fn stations(r: &RunRecord) -> Vec<Costed> {
    r.list("stations")
        .iter()
        .map(|s| Costed {
            key: format!("{}|{}|{}", s["candidate"], s["build"], s["network"]),
            size: format!("{}|{}", s["carrier"], s["nodes"]),
            capex_cny: s["capex_cny"].as_f64().unwrap_or(0.0),
            sites: texts(&s["sites_lifted"]),
        })
        .collect()
}

/// Sites behind a connection: its own, or those that its station lifts.
fn served(r: &RunRecord) -> BTreeMap<String, Vec<String>> {
    r.list("stations")
        .iter()
        .filter_map(|s| Some((s["id"].as_str()?.to_owned(), texts(&s["sites_lifted"]))))
        .collect()
}

/// Routes, and the splitters and ports at their ends.
fn fiber(r: &RunRecord) -> Vec<Costed> {
    let mut all = routes(r);
    all.extend(r.list("pon_nodes").iter().map(|n| Costed {
        key: format!("{}|{}|{}", n["kind"], n["level"], n["at"]),
        size: n["ratio"].to_string(),
        capex_cny: n["capex_cny"].as_f64().unwrap_or(0.0),
        sites: Vec::new(),
    }));
    all
}

fn routes(r: &RunRecord) -> Vec<Costed> {
    let lifted = served(r);
    let routes = r.list("fiber_routes");
    let mut sites: Vec<Vec<String>> = vec![Vec::new(); routes.len()];
    for c in r.list("connections").iter().filter(|c| c["state"] == "planned") {
        let Some(id) = c["id"].as_str() else { continue };
        for segment in c["route"].as_array().into_iter().flatten().filter_map(Value::as_u64) {
            if let Some(list) = usize::try_from(segment).ok().and_then(|s| sites.get_mut(s)) {
                match lifted.get(id) {
                    Some(of) => list.extend(of.iter().cloned()),
                    None => list.push(id.to_owned()),
                }
            }
        }
    }
    routes
        .iter()
        .zip(sites)
        .map(|(s, sites)| {
            let line = s["line"].as_array().map_or(&[][..], Vec::as_slice);
            // The same stretch may be drawn from either end.
            let mut ends =
                [line.first(), line.last()].map(|p| p.map(ToString::to_string).unwrap_or_default());
            ends.sort();
            Costed {
                key: format!("{}|{}|{}", s["road_id"], s["method"], ends.join("|")),
                size: format!("{}|{}|{}", s["trench_m"], s["cable_m"], s["cable_fibers"]),
                capex_cny: s["capex_cny"].as_f64().unwrap_or(0.0),
                sites,
            }
        })
        .collect()
}

/// Lead-ins, with the crossings that are none of the routes', stand in the task table as sums; each connection
/// takes the mean.
fn lead_ins(r: &RunRecord) -> Vec<Costed> {
    let lifted = served(r);
    let planned: Vec<&Value> = r.list("connections").iter().filter(|c| c["state"] == "planned").collect();
    let of_kind = |kind: &str| -> f64 {
        r.list("items").iter().filter(|i| i["kind"] == kind).filter_map(|i| i["capex_cny"].as_f64()).sum()
    };
    let of_routes: f64 = r.list("fiber_routes").iter().filter_map(|s| s["crossing_cny"].as_f64()).sum();
    let whole = of_kind("lead-in") + of_kind("crossing") - of_routes;
    let each = if planned.is_empty() { 0.0 } else { whole / planned.len() as f64 };
    let planned_number = planned.len().to_string();
    planned
        .into_iter()
        .filter_map(|c| {
            let id = c["id"].as_str()?;
            let station = r.list("stations").iter().find(|s| s["id"] == *id);
            Some(Costed {
                key: station.map_or_else(|| id.to_owned(), |s| format!("at {}", s["candidate"])),
                // A mean changes with what it is a mean of.
                size: planned_number.clone(),
                capex_cny: each,
                sites: lifted.get(id).cloned().unwrap_or_else(|| vec![id.to_owned()]),
            })
        })
        .collect()
}

fn centers(r: &RunRecord) -> Vec<Costed> {
    r.list("datacenters")
        .iter()
        .filter(|c| c["existing"] == false)
        .map(|c| Costed {
            key: format!("{}|{}", c["place"], c["tier"]),
            size: c["racks"].to_string(),
            capex_cny: c["capex_cny"].as_f64().unwrap_or(0.0),
            sites: Vec::new(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn site(id: &str, score: f64, server: &str) -> Value {
        json!({
            "site_id": id, "name": id, "at": [118.0, 32.0], "need": { "own": [] },
            "score": { "total": score }, "gap": if score < 60.0 { json!({ "rank": 1 }) } else { Value::Null },
            "fiber": { "basis": "predicted", "distance_m": 500.0 },
            "networks": [{ "network": "cmcc", "server": server, "rsrp_outdoor_dbm": score - 160.0 }],
        })
    }

    fn run(sites: Vec<Value>, stations: &[(&str, f64, &[&str])], config: Value, sha: &str) -> RunRecord {
        let capex: f64 = stations.iter().map(|s| s.1).sum();
        let gaps = sites.iter().filter(|s| !s["gap"].is_null()).count();
        RunRecord {
            run: json!({
                "redaction": "internal", "version": "1", "seed": 1, "configuration": config,
                "kpis": [{ "group": "all", "sites": sites.len(), "gaps": gaps }],
                "summary": { "capex_cny": capex, "stations": stations.len() },
                "items": [], "sites": sites,
                "stations": stations.iter().map(|(c, cny, lifted)| json!({
                    "id": format!("ST-{c}"), "candidate": c, "build": "roof", "network": "cmcc",
                    "capex_cny": cny, "sites_lifted": lifted,
                })).collect::<Vec<_>>(),
            }),
            manifest: json!({ "effort": "normal", "inputs": [{ "layer": "cells", "name": "c.csv", "sha256": sha }] }),
        }
    }

    fn sum(c: &Comparison, cause: Cause) -> f64 {
        c.money.iter().filter(|p| p.cause == cause).map(|p| p.capex_cny).sum()
    }

    #[test]
    fn a_station_that_was_built_leaves_the_plan() {
        let config = json!({ "siting": { "roof_station_cny": 220 } });
        let a = run(
            vec![site("S1", 40.0, "C1"), site("S2", 40.0, "C1")],
            &[("R1", 220.0, &["S1"]), ("R2", 220.0, &["S2"])],
            config.clone(),
            "x",
        );
        let b =
            run(vec![site("S1", 80.0, "C9"), site("S2", 40.0, "C1")], &[("R2", 220.0, &["S2"])], config, "y");
        let c = compare(&a, &b);
        assert_eq!(c.gaps, BTreeMap::from([(Cause::Built, -1)]));
        assert_eq!((sum(&c, Cause::Built), c.money.len()), (-220.0, 1));
        assert_eq!(c.inputs[0].layer, "cells");
        assert_eq!(c.sites[0].evidence.0, "new cell C9");
    }

    #[test]
    fn prices_targets_and_rows_are_told_apart() {
        let config = |price: f64, target: f64| json!({ "siting": { "roof_station_cny": price }, "score": { "target": target } });
        let a = run(vec![site("S1", 40.0, "C1")], &[("R1", 220.0, &["S1"])], config(220.0, 60.0), "x");
        let dearer = run(vec![site("S1", 40.0, "C1")], &[("R1", 250.0, &["S1"])], config(250.0, 60.0), "x");
        let c = compare(&a, &dearer);
        assert_eq!((sum(&c, Cause::Cost), c.gaps.len()), (30.0, 0));
        assert_eq!(
            (c.settings[0].key.as_str(), c.settings[0].cause),
            ("siting.roof_station_cny", Cause::Cost)
        );

        let mut stricter = site("S2", 65.0, "C1");
        stricter["gap"] = json!({ "rank": 2 });
        let before = run(
            vec![site("S1", 40.0, "C1"), site("S2", 65.0, "C1")],
            &[("R1", 220.0, &["S1"])],
            config(220.0, 60.0),
            "x",
        );
        let after = run(
            vec![site("S1", 40.0, "C1"), stricter],
            &[("R1", 220.0, &["S1"]), ("R2", 220.0, &["S2"])],
            config(220.0, 70.0),
            "x",
        );
        let c = compare(&before, &after);
        assert_eq!((sum(&c, Cause::Policy), c.gaps.get(&Cause::Policy)), (220.0, Some(&1)));

        let gone = run(vec![], &[], config(220.0, 60.0), "x");
        let c = compare(&a, &gone);
        assert_eq!((sum(&c, Cause::Data), c.gaps.get(&Cause::Data)), (-220.0, Some(&-1)));
    }

    /// Every cause in one comparison, each with the money and the gaps that are its own.
    #[test]
    fn causes_by_hand() {
        let config = |roof: f64, target: f64, power: f64| {
            json!({
                "siting": { "roof_station_cny": roof }, "score": { "target": target },
                "radio": { "ue_power_dbm": power },
            })
        };
        let with = |mut r: RunRecord, cable: u32, route_cny: f64, pon_cny: f64| {
            let route = json!({
                "road_id": "R", "method": "duct", "line": [[118.0, 32.0], [118.1, 32.0]], "trench_m": 100.0,
                "cable_m": 100.0, "cable_fibers": cable, "capex_cny": route_cny,
            });
            let port =
                json!({ "kind": "port", "level": 0, "at": [118.0, 32.0], "ratio": 1, "capex_cny": pon_cny });
            let whole = r.run["summary"]["capex_cny"].as_f64().unwrap() + route_cny + pon_cny;
            r.run["fiber_routes"] = json!([route]);
            r.run["pon_nodes"] = json!([port]);
            r.run["summary"]["capex_cny"] = json!(whole);
            r
        };
        let sites = || vec![site("S1", 40.0, "C1"), site("S2", 40.0, "C1")];
        let stations: [(&str, f64, &[&str]); 2] = [("R1", 220.0, &["S1"]), ("R2", 220.0, &["S2"])];
        let before = with(run(sites(), &stations, config(220.0, 60.0, 23.0), "x"), 12, 1000.0, 10.0);
        let parts = |c: &Comparison| -> Vec<(&'static str, Cause, f64)> {
            c.money.iter().map(|p| (p.what, p.cause, p.capex_cny)).collect()
        };

        // Only the target moved: the same trench takes a bigger cable, which is no matter of prices.
        let bigger = with(run(sites(), &stations, config(220.0, 70.0, 23.0), "x"), 24, 1100.0, 10.0);
        assert_eq!(parts(&compare(&before, &bigger)), [("fiber", Cause::Policy, 100.0)]);

        // Roofs dearer by 30 each; fiber and ports cost what they did.
        let dearer: Vec<_> = stations.iter().map(|s| (s.0, 250.0, s.2)).collect();
        let after = with(run(sites(), &dearer, config(250.0, 60.0, 23.0), "x"), 12, 1000.0, 10.0);
        assert_eq!(parts(&compare(&before, &after)), [("station", Cause::Cost, 60.0)]);

        // Ports dearer by a row of their own, with no setting changed: the data say so.
        let after = with(run(sites(), &stations, config(220.0, 60.0, 23.0), "y"), 12, 1000.0, 12.0);
        assert_eq!(parts(&compare(&before, &after)), [("fiber", Cause::Data, 2.0)]);

        // Prices and the model: what stays is a matter of price, what goes one of the model.
        let one = [("R1", 250.0, &["S1"][..])];
        let after = with(run(sites(), &one, config(250.0, 60.0, 26.0), "x"), 12, 1000.0, 10.0);
        let mut found = parts(&compare(&before, &after));
        found.sort_by_key(|p| p.1);
        assert_eq!(found, [("station", Cause::Cost, 30.0), ("station", Cause::Model, -220.0)]);

        // Built, corrected, and the rest: S1 has its station, S3 is new, nothing else moved.
        let sites = vec![site("S1", 80.0, "C9"), site("S2", 40.0, "C1"), site("S3", 10.0, "C1")];
        let stations: [(&str, f64, &[&str]); 2] = [("R2", 220.0, &["S2"]), ("R3", 220.0, &["S3"])];
        let after = with(run(sites, &stations, config(220.0, 60.0, 23.0), "y"), 12, 1000.0, 10.0);
        let c = compare(&before, &after);
        let mut found = parts(&c);
        found.sort_by_key(|p| p.1);
        assert_eq!(found, [("station", Cause::Built, -220.0), ("station", Cause::Data, 220.0)]);
        assert_eq!(c.gaps, BTreeMap::from([(Cause::Built, -1), (Cause::Data, 1)]));

        // What a run doesn't itemise isn't laid at the door of what it does.
        let mut odd = before.clone();
        odd.run["summary"]["capex_cny"] = json!(1500.0);
        assert_eq!(parts(&compare(&before, &odd)), [("other", Cause::Follows, 50.0)]);
    }

    #[test]
    fn the_parts_make_up_the_whole() {
        let config = json!({ "radio": { "ue_power_dbm": 23 }, "siting": { "roof_station_cny": 0.1 } });
        let other = json!({ "radio": { "ue_power_dbm": 26 }, "siting": { "roof_station_cny": 0.3 } });
        let a = run(
            vec![site("S1", 40.0, "C1"), site("S2", 50.0, "C1"), site("S3", 70.0, "C1")],
            &[("R1", 0.1, &["S1"]), ("R2", 0.2, &["S2"])],
            config,
            "x",
        );
        let b = run(
            vec![site("S1", 45.0, "C1"), site("S2", 61.0, "C1"), site("S4", 10.0, "C1")],
            &[("R1", 0.3, &["S1"]), ("R4", 0.7, &["S4"])],
            other,
            "x",
        );
        let c = compare(&a, &b);
        let parts: f64 = c.money.iter().map(|p| p.capex_cny).sum();
        assert_eq!(parts, (0.3 + 0.7) - (0.1 + 0.2));
        let (before, after) = c.figure("gaps");
        assert_eq!(c.gaps.values().sum::<i64>() as f64, after.unwrap() - before.unwrap());
        assert_eq!((sum(&c, Cause::Cost) * 10.0).round(), 2.0);
        assert_eq!(sum(&c, Cause::Model), -0.2);
        assert_eq!(sum(&c, Cause::Data), 0.7);
    }

    #[test]
    fn redacted_runs_are_compared_in_sums_only() {
        let a = run(vec![site("S1", 40.0, "C1")], &[("R1", 220.0, &["S1"])], json!({}), "x");
        let mut b = a.clone();
        b.run["redaction"] = json!("public");
        let c = compare(&a, &b);
        assert!(!c.itemised && c.money.is_empty() && c.sites.is_empty());
        assert_eq!(c.figure("sites"), (Some(1.0), Some(1.0)));
    }
}
