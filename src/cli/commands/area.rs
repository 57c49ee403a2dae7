//! `covplan area`: coverage as rasters and contours.

use super::pipeline::{
    check_output, digests, finding_exit, out_options, read_sound, refuse_report, say_findings,
};
use crate::cli::args::{AreaArgs, AreaModelArg, Output, ProfilesArg, Reading};
use crate::cli::context::{Context, print};
use crate::cli::exit::{Complaint, Exit};
use crate::coverage::area::{AreaMap, AreaRequest, AreaSummary};
use crate::model::inputs::Inputs;
use crate::model::kinds::Redaction;
use crate::model::operators::NetworkId;
use crate::radio::area::{OverTerrain, Profiles, SHARED_WITHIN_DB};
use crate::report::area::{AreaFolder, area_json};
use crate::report::{ReportError, RunInfo};

/// Pixels of maps that leave the house are no smaller, m.
const REDACTED_STEP_M: f64 = 1000.0;

/// Works out and writes a map.
///
/// # Errors
/// When inputs can't be read, there is nothing to map, or outputs can't be written.
pub fn run(reading: &Reading, output: &Output, ask: &AreaArgs, ctx: &mut Context) -> Result<Exit, Complaint> {
    if ask.model == AreaModelArg::Itm && ask.profiles == ProfilesArg::Shared {
        let why = (
            "profiles can't be shared with --model itm: it looks at every point of a profile",
            "--model itm 逐点考察剖面，不能共用剖面",
        );
        return Err(Complaint::usage("A003", why).help(("leave --profiles out", "请去掉 --profiles")));
    }
    check_output(output)?;
    let mut loaded = read_sound(reading, ctx)?;
    if let Some(level) = output.redact {
        loaded.project.settings.redact.level = level;
    }
    let settings = loaded.project.settings.clone();
    let internal = settings.redact.level == Redaction::Internal;
    let step_m = if internal { ask.step_m } else { ask.step_m.max(REDACTED_STEP_M) };
    if step_m > ask.step_m {
        ctx.say(ctx.pick("pixels of 1 km: the map is redacted", "像元取 1 km：已脱敏"));
    }
    let request = AreaRequest {
        step_m,
        bounds_deg: ask.bbox,
        reach_m: ask.reach_km.map(|km| km * 1e3),
        network: ask.network.as_deref().map(|name| network(&loaded.inputs, name)).transpose()?,
        clutter_m: ask.clutter_m,
        profiles: match ask.profiles {
            ProfilesArg::Exact => Profiles::Exact,
            ProfilesArg::Shared => Profiles::Shared,
        },
        model: match ask.model {
            AreaModelArg::Auto => OverTerrain::ByFrequency,
            AreaModelArg::Itm => OverTerrain::Itm,
        },
        memory_bytes: ask.memory_mb as usize * (1 << 20),
    };
    let refuse = |e: crate::coverage::area::AreaError| Complaint::usage("A001", &e);
    let map = AreaMap::new(&loaded.inputs, &settings, &request).map_err(refuse)?;
    let options = out_options(output);
    let inputs_read = if options.is_some() { digests(&loaded)? } else { Vec::new() };
    let run = RunInfo {
        command: "area",
        title: loaded.project.name.clone(),
        lang: ctx.lang,
        seed: ctx.seed,
        effort: None,
        inputs: inputs_read,
    };
    let label = ctx.pick("mapping", "制图").to_owned();
    let sum = ctx.stage("area", &label, |ctx| -> Result<AreaSummary, ReportError> {
        let bar = ctx.progress(map.tiles() as u64, &label);
        let mut folder = options.as_ref().map(|o| AreaFolder::create(o, &map.window)).transpose()?;
        let sum = map.run(
            || ctx.must_stop(),
            |tile| {
                if let Some(bar) = &bar {
                    bar.inc(1);
                }
                folder.as_mut().map_or(Ok(()), |f| f.take(tile))
            },
        )?;
        if let Some(bar) = bar {
            bar.finish_and_clear();
        }
        if let Some(file) = loaded.inputs.terrain.as_deref().and_then(crate::geom::Terrain::lost) {
            let reason = (
                "it could be read at first and can't be any more; put it back and run again",
                "起初可读，运行中无法再次读取；请恢复该文件后重新运行",
            );
            return Err(ReportError::Unreadable { path: file.into(), reason: reason.into() });
        }
        if let Some(folder) = folder {
            folder.finish(&loaded.inputs, &settings, &run, &map, &sum)?;
        }
        Ok(sum)
    });
    let sum = sum.map_err(|e| refuse_report(&e))?;
    say_findings(&loaded.inputs.issues, ctx);
    let json = area_json(&map, &sum);
    if ctx.json {
        print(&format!("{json:#}\n"))?;
    } else {
        print(&text(&map, &sum, output, ctx))?;
    }
    let project = reading.project.display();
    ctx.next(&match &output.out {
        Some(folder) => format!("gdalinfo {}", folder.join("rsrp.tif").display()),
        None => format!("covplan area {project} -o map"),
    });
    Ok(if sum.stopped_early { Exit::Interrupted } else { finding_exit(reading, &loaded.inputs.issues) })
}

/// The network of a name, or of one of its operators.
fn network(inputs: &Inputs, name: &str) -> Result<NetworkId, Complaint> {
    let names: Vec<(NetworkId, String)> =
        inputs.operators.networks().map(|n| (n, inputs.operators.network_name(n))).collect();
    let wanted = name.to_lowercase();
    let found = names.iter().find(|(_, n)| *n == wanted || n.split('+').any(|o| o == wanted));
    found.map(|(n, _)| *n).ok_or_else(|| {
        let known: Vec<&str> = names.iter().map(|(_, n)| n.as_str()).collect();
        Complaint::usage(
            "A002",
            (
                format!("no network is called {name:?}; there are {}", known.join(", ")),
                format!("没有名为 {name:?} 的网络；现有 {}", known.join("、")),
            ),
        )
    })
}

fn text(map: &AreaMap, sum: &AreaSummary, output: &Output, ctx: &Context) -> String {
    let mut lines = vec![match ctx.lang {
        crate::model::kinds::Lang::En => format!(
            "{:.1} % of {:.0} km² served by {} cells; {:.1} km² unknown, {:.1} km² without any cell",
            100.0 * sum.served_share,
            sum.area_km2,
            map.cells,
            sum.unknown_km2,
            sum.unreached_km2
        ),
        crate::model::kinds::Lang::Zh => format!(
            "{:.1}% 的面积（共 {:.0} km²）由 {} 个小区覆盖；未知 {:.1} km²，无小区 {:.1} km²",
            100.0 * sum.served_share,
            sum.area_km2,
            map.cells,
            sum.unknown_km2,
            sum.unreached_km2
        ),
    }];
    for (dbm, km2) in &sum.level_km2 {
        lines.push(format!(
            "  SS-RSRP ≥ {dbm:.0} dBm: {km2:.1} km²{}",
            ctx.pick(" by the median", "（中值）")
        ));
    }
    for level in &sum.by_place {
        let (dbm, p) = (level.rsrp_dbm, 100.0 * map.location_probability);
        let (mean, met) = (100.0 * level.mean_share, 100.0 * level.met_share);
        lines.push(match ctx.lang {
            crate::model::kinds::Lang::En => format!(
                "  places with ≥ {dbm:.0} dBm: {mean:.1} % of the known area ({:.1} km²); with {p:.1} % probability at each place: {met:.1} % ({:.1} km²)",
                level.mean_km2, level.met_km2
            ),
            crate::model::kinds::Lang::Zh => format!(
                "  不低于 {dbm:.0} dBm 的地点占已知面积 {mean:.1}%（{:.1} km²）；每处概率达 {p:.1}% 的占 {met:.1}%（{:.1} km²）",
                level.mean_km2, level.met_km2
            ),
        });
    }
    if let Some(share) = sum.cover_unknown_share {
        let share = 100.0 * share;
        lines.push(match ctx.lang {
            crate::model::kinds::Lang::En => {
                format!("  land cover unknown on {share:.1} % of the known area")
            }
            crate::model::kinds::Lang::Zh => format!("  已知面积中 {share:.1}% 地物未知"),
        });
    }
    let links = sum.links.iter().filter(|l| *l.1 > 0).map(|(model, n)| format!("{n} {model}"));
    lines.push(format!("  {}: {}", ctx.pick("links", "链路"), links.collect::<Vec<_>>().join(", ")));
    if let Some(s) = &sum.shared {
        lines.push(match ctx.lang {
            crate::model::kinds::Lang::En => format!(
                "  {} links by shared profiles; {} of them also worked out exactly: largest difference {:.3} dB, {} beyond {SHARED_WITHIN_DB} dB",
                s.links, s.checked, s.largest_db, s.beyond
            ),
            crate::model::kinds::Lang::Zh => format!(
                "  {} 条链路采用共享剖面；其中 {} 条另作精确计算：最大差 {:.3} dB，超过 {SHARED_WITHIN_DB} dB 的 {} 条",
                s.links, s.checked, s.largest_db, s.beyond
            ),
        });
    }
    lines.extend(map.notes.iter().map(|n| format!("  {}: {}", n.code, n.text(ctx.lang))));
    if let Some(folder) = &output.out {
        lines.push(format!("→ {}", folder.display()));
    }
    lines.join("\n") + "\n"
}
