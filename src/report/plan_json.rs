//! `plan.json` (`covplan/plan/1`) and `coverage.json` (`covplan/coverage/1`): everything that was found
//! and planned, with every term behind every score, so that `covplan explain` needs nothing else.
//!
//! Written piece by piece; the sites, which may be many, are formatted side by side.

use super::coverage_document::coverage_document;
use super::layers::{FULL_DETAIL_SITES, View};
use super::plan_document::plan_document;
use super::tables::{group_code, withheld};
use super::write::RunInfo;
use crate::coverage::latency::HOPS;
use crate::coverage::link_terms::LinkExplainer;
use crate::coverage::score::need;
use crate::coverage::weight::Weights;
use crate::coverage::{Assessment, Kpi, NetworkAtSite, Score, SiteResult, Term, TermWeights};
use crate::geom::LonLat;
use crate::model::kinds::{Basis, Lang, Redaction, ServiceClass};
use crate::model::records::{Origin, SiteId};
use crate::model::settings::Settings;
use crate::model::text::{Known, Part};
use crate::policy::energy;
use rayon::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Writes the document; its schema tells whether there is a plan in it.
///
/// # Errors
/// Whatever the output refuses.
pub fn write(v: View, run: &RunInfo, out: &mut (impl Write + ?Sized)) -> io::Result<()> {
    let mut head = Map::new();
    head.insert(
        "schema".into(),
        json!(if v.plan.is_some() { "covplan/plan/1" } else { "covplan/coverage/1" }),
    );
    head.insert("title".into(), json!(run.title));
    head.insert("version".into(), json!(env!("CARGO_PKG_VERSION")));
    head.insert("command".into(), json!(run.command));
    head.insert("seed".into(), json!(run.seed));
    head.insert("redaction".into(), json!(v.settings.redact.level.code()));
    let said = |lang| {
        let run = RunInfo { lang, ..run.clone() };
        let d = if v.plan.is_some() { plan_document(v, &run) } else { coverage_document(v, &run) };
        (d.banners, d.headline)
    };
    let ((banners_en, headline_en), (banners_zh, headline_zh)) = (said(Lang::En), said(Lang::Zh));
    head.insert("banners".into(), json!({ "en": banners_en, "zh": banners_zh }));
    head.insert("headline".into(), json!({ "en": headline_en, "zh": headline_zh }));
    head.insert("synthetic".into(), json!(v.inputs.is_synthetic()));
    head.insert("roads_inferred".into(), json!(v.roads_inferred()));
    if let Some(plan) = v.plan {
        head.insert("stopped_early".into(), json!(plan.stopped_early));
        head.insert(
            "summary".into(),
            json!({
                "capex_cny": plan.capex_cny(),
                "opex_cny_yr": plan.opex_cny_yr(),
                "stations": plan.stations.len(),
                "fiber_m": plan.routes.iter().map(|r| r.length_m).sum::<f64>(),
                "datacenters_new": plan.centers.iter().filter(|c| !c.existing).count(),
                "gaps_before": shown(v, plan.before.gaps.len() as u64),
                "gaps_after": shown(v, plan.after.gaps.len() as u64),
            }),
        );
        head.insert("certificates".into(), to_json(&plan.certificates)?);
        head.insert("items".into(), to_json(&plan.items)?);
        head.insert("energy".into(), to_json(&energy::lines(v.inputs, v.settings, plan))?);
        head.insert("curve".into(), to_json(&plan.curve)?);
        head.insert("order".into(), to_json(&plan.order)?);
        head.insert("stations".into(), placed(&plan.stations, |s| s.at)?);
        head.insert("fiber_routes".into(), lined(&plan.routes, "line", |r| &r.line)?);
        let mut connections = lined(&plan.connections, "lead_in", |c| &c.lead_in)?;
        for (j, c) in connections.as_array_mut().into_iter().flatten().zip(&plan.connections) {
            if let Some(p) = &c.protection {
                j["protection"]["lead_in"] = p.lead_in.iter().map(|p| json!(position(*p))).collect();
            }
        }
        head.insert("connections".into(), connections);
        head.insert("pon_nodes".into(), placed(&plan.pon, |n| n.at)?);
        head.insert("structures".into(), to_json(&plan.structures)?);
        head.insert("datacenters".into(), placed(&plan.centers, |c| c.at)?);
    }
    head.insert("networks".into(), json!(v.found.networks));
    head.insert("rats".into(), json!(v.found.rats));
    let facts: Map<String, Value> =
        v.found.facts.iter().map(|f| (f.code.to_owned(), shown(v, f.value))).collect();
    head.insert("facts".into(), Value::Object(facts));
    head.insert("measured".into(), measured(v));
    head.insert("kpis".into(), kpis(v, v.found)?);
    if let Some(plan) = v.plan {
        head.insert("kpis_after".into(), kpis(v, &plan.after)?);
    }
    let mut notes = v.found.notes.clone();
    notes.extend(v.plan.iter().flat_map(|p| p.notes.iter().cloned()));
    head.insert("notes".into(), to_json(&notes)?);
    head.insert("layers".into(), to_json(&v.inputs.layers)?);
    head.insert("issues".into(), super::issues::issues_json(&v.inputs.issues));
    head.insert("formulas".into(), formulas(v.settings));
    head.insert("configuration".into(), to_json(v.settings)?);

    out.write_all(b"{")?;
    for (key, value) in &head {
        write!(out, "\n{}:", Value::String(key.clone()))?;
        // A list gets a line per entry, so that versions of a plan compare well.
        match value {
            Value::Array(list) if list.iter().any(Value::is_object) => {
                write_lines(out, list.iter().map(|v| v.to_string().into_bytes()))?;
            }
            v => serde_json::to_writer(&mut *out, v)?,
        }
        out.write_all(b",")?;
    }
    out.write_all(b"\n\"sites\":")?;
    let ranks: BTreeMap<usize, usize> =
        v.found.gaps.iter().enumerate().map(|(n, g)| (g.site.at(), n)).collect();
    let count = v.inputs.sites.list.len();
    // Whoever may not see cells may not see what makes a level of them.
    let of_cells = v.settings.redact.level == Redaction::Internal && count <= FULL_DETAIL_SITES;
    let weights =
        (v.settings.redact.level == Redaction::Internal).then(|| Weights::new(v.inputs, v.settings));
    let links = of_cells.then(|| LinkExplainer::new(v.inputs, v.settings, &v.found.towers));
    let block = 4096;
    out.write_all(b"[")?;
    for from in (0..count).step_by(block) {
        let to = (from + block).min(count);
        let lines: Vec<Vec<u8>> = (from..to)
            .into_par_iter()
            .map(|i| {
                let mut j = site(v, i, ranks.get(&i).copied());
                if let Some((w, s)) = weights.as_ref().zip(v.inputs.sites.list.get(i)) {
                    j["weight_parts"] = json!(w.parts(s));
                }
                if let Some(link) = links.as_ref() {
                    j["link"] = link_terms(v, link, i);
                }
                j.to_string().into_bytes()
            })
            .collect();
        for (n, line) in lines.iter().enumerate() {
            out.write_all(if from + n > 0 { b",\n" } else { b"\n" })?;
            out.write_all(line)?;
        }
    }
    out.write_all(b"\n]}\n")
}

fn write_lines(out: &mut (impl Write + ?Sized), lines: impl Iterator<Item = Vec<u8>>) -> io::Result<()> {
    out.write_all(b"[")?;
    for (n, line) in lines.enumerate() {
        out.write_all(if n > 0 { b",\n" } else { b"\n" })?;
        out.write_all(&line)?;
    }
    out.write_all(b"\n]")
}

fn to_json(value: &(impl serde::Serialize + ?Sized)) -> io::Result<Value> {
    Ok(serde_json::to_value(value)?)
}

/// Measurements against prediction. Rows of few measurements are withheld where small counts are.
fn measured(v: View) -> Value {
    let told = v.found.measured.iter().filter(|c| c.count >= v.min_count);
    told.map(|c| {
        let mut j = json!(c);
        round(&mut j);
        j
    })
    .collect()
}

/// A count, or null where it is too small to be told.
fn shown(v: View, n: u64) -> Value {
    if n > 0 && n < v.min_count { Value::Null } else { json!(n) }
}

fn position(p: LonLat) -> [f64; 2] {
    let round = |v: f64| (v * 1e7).round() / 1e7;
    [round(p.lon_deg()), round(p.lat_deg())]
}

fn placed<T: serde::Serialize>(list: &[T], at: impl Fn(&T) -> LonLat) -> io::Result<Value> {
    list.iter()
        .map(|item| {
            let mut j = to_json(item)?;
            j["at"] = json!(position(at(item)));
            Ok(j)
        })
        .collect::<io::Result<Vec<_>>>()
        .map(Value::Array)
}

fn lined<T: serde::Serialize>(
    list: &[T],
    name: &str,
    line: impl Fn(&T) -> &Vec<LonLat>,
) -> io::Result<Value> {
    list.iter()
        .map(|item| {
            let mut j = to_json(item)?;
            j[name] = line(item).iter().map(|p| json!(position(*p))).collect();
            Ok(j)
        })
        .collect::<io::Result<Vec<_>>>()
        .map(Value::Array)
}

fn kpis(v: View, found: &Assessment) -> io::Result<Value> {
    let hidden = withheld(&found.kpis, v.min_count);
    let row = |(i, k): (usize, &Kpi)| {
        if hidden.contains(&i) {
            return Ok(
                json!({ "group": group_code(&k.group), "key": k.key, "name": k.name, "withheld": true }),
            );
        }
        to_json(k)
    };
    found.kpis.iter().enumerate().map(row).collect::<io::Result<Vec<_>>>().map(Value::Array)
}

/// A number of single precision as its shortest decimal, so that 12.3 isn't 12.300000190734863.
fn number(k: Known) -> Value {
    k.get().map_or(Value::Null, |v| single(v as f32))
}

fn part(p: Part) -> Value {
    p.get().map_or(Value::Null, |p| json!((p * 1e4).round() / 1e4))
}

fn single(v: f32) -> Value {
    format!("{v}").parse::<f64>().map_or(Value::Null, |v| json!(v))
}

/// `file:row` of a record of a layer.
fn source(v: View, layer: &str, origin: Origin) -> Value {
    let file = v.inputs.layers.get(layer).and_then(|l| l.files.get(usize::from(origin.file)));
    file.filter(|_| origin.row > 0).map_or(Value::Null, |f| json!(format!("{f}:{}", origin.row)))
}

fn score(s: &Score, weights: &TermWeights) -> Value {
    let terms: Vec<Value> = Term::ALL
        .into_iter()
        .zip(s.terms(weights))
        .map(|(term, t)| {
            json!({
                "term": term.code(),
                "quality": number(t.quality),
                "weight": single(t.weight),
                "points": if t.quality.is_known() { single(t.points) } else { Value::Null },
            })
        })
        .collect();
    json!({
        "total": number(s.total),
        "low": number(s.low),
        "high": number(s.high),
        "known_share": single(s.known_share),
        "terms": terms,
    })
}

fn network(v: View, name: &str, n: &NetworkAtSite) -> Value {
    let server = n.server.and_then(|c| v.inputs.cells.list.get(c.at()));
    json!({
        "network": name,
        "score": number(n.score),
        "basis": n.basis,
        "model": n.model,
        "rsrp_outdoor_dbm": number(n.rsrp_outdoor_dbm),
        "rsrp_indoor_dbm": number(n.rsrp_indoor_dbm),
        "indoor": n.indoor,
        "sinr_ssb_db": number(n.sinr_ssb_db),
        "sinr_data_db": number(n.sinr_data_db),
        "dl_mbps": number(n.dl_mbps),
        "ul_mbps": number(n.ul_mbps),
        "served_dl": part(n.served[0]),
        "served_ul": part(n.served[1]),
        "server": server.and_then(|c| v.inputs.cells.text.opt(c.id)),
        "server_m": number(n.distance_m),
        "server_row": server.map_or(Value::Null, |c| source(v, "cells", c.origin)),
    })
}

fn site(v: View, i: usize, rank: Option<usize>) -> Value {
    let Some(s) = v.inputs.sites.list.get(i) else { return Value::Null };
    let text = &v.inputs.sites.text;
    let mut j = json!({
        "site_id": text.get(s.id),
        "name": text.opt(s.name),
        "at": position(s.at),
        "city": v.site_city(i),
        "park": text.opt(s.park),
        "sector": text.opt(s.sector),
        "firm_size": s.firm_size.map(|k| k.code()),
        "service": s.service.map(|k| k.code()),
        "status": s.status.map(|k| k.code()),
        "pos_acc_m": number(s.pos_acc_m),
        "row": source(v, "sites", s.origin),
    });
    let need = need(s, v.settings);
    let asked = [("ul_mbps", s.ul_mbps), ("dl_mbps", s.dl_mbps), ("latency_rtt_ms", s.latency_ms)];
    let own: Vec<&str> = asked.into_iter().filter(|(_, v)| v.is_known()).map(|(name, _)| name).collect();
    j["need"] = json!({
        "ul_mbps": need.ul_mbps,
        "dl_mbps": need.dl_mbps,
        "latency_rtt_ms": need.latency_rtt_ms,
        "class": s.service.unwrap_or(ServiceClass::Data).code(),
        "class_basis": if s.service.is_some() { Basis::Given } else { Basis::Assumed },
        "own": own,
    });
    let Some(r) = v.found.sites.get(i) else { return j };
    let networks = v.found.networks.iter().zip(v.found.networks_at(SiteId(i as u32)));
    result(v, &mut j, r);
    j["networks"] = networks.map(|(name, n)| network(v, name, n)).collect();
    j["gap"] = rank.and_then(|n| Some((n, v.found.gaps.get(n)?))).map_or(Value::Null, |(n, g)| {
        json!({
            "rank": n + 1,
            "deficit": single(g.deficit),
            "priority": single(g.priority),
            "worst": g.worst,
            "critical": g.critical,
        })
    });
    if let Some(after) = v.plan.and_then(|p| p.after.sites.get(i)) {
        j["after"] = json!({
            "score": score(&after.score, &v.found.weights),
            "fiber_m": number(after.fiber_m),
            "latency_rtt_ms": number(after.latency_rtt_ms),
        });
    }
    j
}

/// The link to the server of the best network, term by term.
fn link_terms(v: View, links: &LinkExplainer, i: usize) -> Value {
    let best = v.found.sites.get(i).and_then(|r| r.best_network);
    let terms = best.and_then(|n| links.terms(SiteId(i as u32), n));
    let mut j = terms.map_or(Value::Null, |t| serde_json::to_value(t).unwrap_or(Value::Null));
    round(&mut j);
    j
}

/// Figures to a thousandth, degrees of place to seven decimals.
fn round(j: &mut Value) {
    for (key, v) in j.as_object_mut().into_iter().flatten() {
        match v.as_f64().filter(|_| v.is_f64()) {
            Some(f) if key == "lon" || key == "lat" => *v = json!((f * 1e7).round() / 1e7),
            Some(f) => *v = json!((f * 1e3).round() / 1e3),
            None => round(v),
        }
    }
}

fn result(v: View, j: &mut Value, r: &SiteResult) {
    let node = r.fiber_node.and_then(|n| v.inputs.fiber_nodes.get(n as usize));
    let dc = r.datacenter.and_then(|d| v.inputs.datacenters.get(d as usize));
    j["scored"] = json!(r.scored);
    j["weight"] = single(r.weight);
    j["network"] = json!(r.best_network.and_then(|n| v.found.networks.get(usize::from(n.0))));
    j["score"] = score(&r.score, &v.found.weights);
    j["score_tr38901"] = number(r.flat_total);
    j["fiber"] = json!({
        "distance_m": number(r.fiber_m),
        "basis": r.fiber_basis,
        "node": node.map(|n| &n.id),
        "node_row": node.map_or(Value::Null, |n| source(v, "fiber_nodes", n.origin)),
        "backbone_m": number(r.backbone_m),
    });
    j["latency"] = json!({
        "rtt_ms": number(r.latency_rtt_ms),
        "datacenter": dc.map(|d| &d.id),
        "datacenter_row": dc.map_or(Value::Null, |d| source(v, "datacenters", d.origin)),
    });
}

/// How each term's quality comes from its input, with the numbers of this run.
fn formulas(s: &Settings) -> Value {
    let t = &s.radio.threshold;
    let share = s.radio.location_probability * 100.0;
    let level = format!(
        "quality = clamp((RSRP - {floor}) / ({good} - {floor}), 0, 1); RSRP in dBm met with {share} % location probability, by the network's `model`",
        floor = t.rsrp_floor_dbm,
        good = t.rsrp_good_dbm,
    );
    let l = &s.latency;
    json!({
        "score": format!(
            "points = 100 x weight x quality / sum of the known terms' weights; score = sum of the points; \
             unknown when less than {} of the weights are known; a gap when below {} on every network",
            s.score.min_known_share, s.score.target
        ),
        "outdoor_rsrp": level,
        "indoor_rsrp": format!("1 with an indoor system; otherwise {level}, behind the wall (TR 38.901 7.4.3)"),
        "dl_rate": "quality = min(1, DL rate / DL rate that the service class asks for)",
        "ul_rate": "quality = min(1, UL rate / UL rate that the service class asks for)",
        "need": "what the site's own row asks for; else its service class; else ordinary data",
        "fiber": format!(
            "quality = clamp(ln({floor} / distance) / ln({floor} / {good}), 0, 1); distance in m by road to joinable fiber",
            floor = s.score.fiber_floor_m,
            good = s.score.fiber_good_m,
        ),
        "latency": format!(
            "quality = min(1, round trip asked for / round trip); round trip = {} air + {} UPF + {} application + \
             2 x (great circle km x {} x {} us + {} hops x {} us), in ms",
            l.air_rtt_ms, l.upf_rtt_ms, l.app_rtt_ms, l.detour, l.fiber_us_per_km, HOPS, l.hop_us
        ),
    })
}
