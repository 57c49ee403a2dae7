//! Commands that answer one question each: read, evaluate, write a folder if asked for, print.

use super::pipeline::{
    Loaded, check_output, digests, finding_exit, out_options, read_sound, refuse_plan, refuse_report,
    say_findings,
};
use crate::cli::args::{Budget, Output, PartyKind, ReadinessArgs, Reading, SchemeArg};
use crate::cli::context::{Context, print, terminal_width};
use crate::cli::exit::{Complaint, Exit};
use crate::coverage::Assessment;
use crate::model::presets::Preset;
use crate::model::progress::Progress;
use crate::model::records::StationCount;
use crate::model::said::{Bilingual, Said, did_you_mean_zh};
use crate::model::settings::Settings;
use crate::optimise::{Effort, Stop, Work};
use crate::plan::{self, Plan};
use crate::policy;
use crate::policy::joint::JointError;
use crate::report::answers::{
    Answer, Readiness, compare_answer, duplicates_answer, earlier_counts, energy_answer, failures_answer,
    joint_answer, kpi_answer, outlook_answer, read_run, readiness_answer, uncertainty_answer,
};
use crate::report::out::file_digest;
use crate::report::{InputFile, Released, RunInfo, text};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Reads a project for a question, with the level of redaction asked for.
pub(super) fn read(
    reading: &Reading,
    output: &Output,
    ctx: &mut Context,
) -> Result<(Loaded, Settings), Complaint> {
    check_output(output)?;
    let mut loaded = read_sound(reading, ctx)?;
    if let Some(level) = output.redact {
        loaded.project.settings.redact.level = level;
    }
    let settings = loaded.project.settings.clone();
    Ok((loaded, settings))
}

/// The state of today.
fn today(loaded: &Loaded, settings: &Settings, ctx: &mut Context) -> Result<Assessment, Complaint> {
    let label = ctx.pick("scoring", "评估").to_owned();
    let progress = Progress::default();
    let work = |_: &Context| plan::today_told(&loaded.inputs, settings, &progress);
    ctx.counted("coverage", &label, &progress, work).map_err(|e| refuse_plan(&e))
}

/// The plan that a question looks at.
pub(super) fn planned(
    loaded: &mut Loaded,
    settings: &Settings,
    effort: Effort,
    ctx: &mut Context,
) -> Result<Plan, Complaint> {
    let (label, seed) = (ctx.pick("planning", "规划").to_owned(), ctx.seed);
    let inputs = &mut loaded.inputs;
    let progress = Progress::default();
    let made = ctx.counted("plan", &label, &progress, |ctx| {
        let asked = || ctx.must_stop();
        let work = Work { effort, seed, gap: 0.0, stop: Stop::when(&asked) };
        plan::run_told(inputs, settings, work, &progress)
    });
    made.map_err(|e| refuse_plan(&e))
}

/// How a command ends that works under a limit.
pub(super) fn worked_exit(reading: &Reading, loaded: &Loaded, stopped: bool, ctx: &Context) -> Exit {
    match (ctx.interrupted(), stopped) {
        (true, _) => Exit::Interrupted,
        (_, true) => Exit::Limit,
        _ => finding_exit(reading, &loaded.inputs.issues),
    }
}

pub(super) fn run_info(
    loaded: &Loaded,
    command: &'static str,
    output: &Output,
    ctx: &Context,
) -> Result<RunInfo, Complaint> {
    Ok(RunInfo {
        command,
        title: loaded.project.name.clone(),
        lang: ctx.lang,
        seed: ctx.seed,
        effort: None,
        inputs: if output.out.is_some() { digests(loaded)? } else { Vec::new() },
    })
}

/// Writes the folder, if asked for, and prints.
fn hand_over(
    answer: &Answer,
    settings: &Settings,
    run: &RunInfo,
    output: &Output,
    stopped_early: bool,
    ctx: &mut Context,
) -> Result<(), Complaint> {
    if let Some(options) = out_options(output) {
        let label = ctx.pick("writing", "写出").to_owned();
        ctx.stage("write", &label, |_| answer.write(settings, run, &options, stopped_early))
            .map_err(|e| refuse_report(&e))?;
    }
    if ctx.json {
        return print(&format!("{:#}\n", answer.json()));
    }
    let folder = output.out.as_ref().map(|f| f.display().to_string());
    print(&text::text(&answer.document, Some(terminal_width()), folder.as_deref()))
}

/// A preset by name, or from a file.
fn preset(name: &str) -> Result<Preset, Complaint> {
    if let Some(p) = Preset::shipped(name) {
        return Ok(p);
    }
    let path = Path::new(name);
    let is_file = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("toml")) || path.is_file();
    if !is_file {
        let names: Vec<&str> = Preset::names().collect();
        let near = names.iter().max_by(|a, b| {
            strsim::jaro_winkler(a, name).total_cmp(&strsim::jaro_winkler(b, name)).then(b.cmp(a))
        });
        let near = near.copied().filter(|n| strsim::jaro_winkler(n, name) > 0.7);
        let meant = near.map(|n| format!(", did you mean `{n}`?")).unwrap_or_default();
        let said = (
            format!("there is no preset `{name}`{meant}"),
            format!("没有预设 `{name}`{}", did_you_mean_zh(near)),
        );
        return Err(Complaint::usage("C060", said).help((
            format!("shipped are {}; or name a TOML file of the same form", names.join(", ")),
            format!("内置预设有 {}；也可给出同样格式的 TOML 文件", names.join("、")),
        )));
    }
    let text = std::fs::read_to_string(path).map_err(|e| {
        let said = (format!("can't read the preset: {e}"), format!("无法读取预设：{}", e.zh()));
        Complaint::usage("C061", said).at(super::pipeline::place(path))
    })?;
    Preset::parse(&text).map_err(|e| {
        let said = (format!("not a preset: {e}"), format!("不是预设：{}", e.zh()));
        Complaint::usage("C062", said).at(super::pipeline::place(path))
    })
}

/// Regions against a preset.
///
/// # Errors
/// When something can't be read, or outputs can't be written.
pub fn kpi(
    reading: &Reading,
    name: &str,
    before: &[PathBuf],
    output: &Output,
    ctx: &mut Context,
) -> Result<Exit, Complaint> {
    let preset = preset(name)?;
    let mut earlier: BTreeMap<String, Vec<StationCount>> = BTreeMap::new();
    for folder in before {
        let counts = earlier_counts(folder).map_err(|e| Complaint::usage("C063", &e))?;
        for (code, count) in counts {
            earlier.entry(code).or_default().push(count);
        }
    }
    let (loaded, settings) = read(reading, output, ctx)?;
    let found = today(&loaded, &settings, ctx)?;
    let measured = policy::kpi::evaluate(&loaded.inputs, &settings, &found, &preset, &earlier);
    let run = run_info(&loaded, "kpi", output, ctx)?;
    let released = Released::coverage(&loaded.inputs, &settings, &found);
    let answer = kpi_answer(released.view(), &preset, &measured, &run);
    hand_over(&answer, &settings, &run, output, false, ctx)?;
    say_findings(&loaded.inputs.issues, ctx);
    Ok(finding_exit(reading, &loaded.inputs.issues))
}

/// Two runs side by side.
///
/// # Errors
/// When a folder is no run's, or outputs can't be written.
pub fn compare(before: &Path, after: &Path, output: &Output, ctx: &mut Context) -> Result<Exit, Complaint> {
    check_output(output)?;
    let read = |folder: &Path| {
        read_run(folder).map_err(|e| {
            if e.is_broken() {
                Complaint::data("C065", &e)
            } else {
                Complaint::usage("C064", &e).help((
                    "name the folders of two finished runs: covplan compare q2 q3",
                    "请给出两次已完成运行的文件夹：covplan compare q2 q3",
                ))
            }
        })
    };
    let (a, b) = (read(before)?, read(after)?);
    let label = ctx.pick("comparing", "比较").to_owned();
    let found = ctx.stage("compare", &label, |_| policy::compare::compare(&a, &b));
    let answer = compare_answer(&a, &b, &found, ctx.lang);
    let settings =
        Settings::with(&toml::Table::new()).map_err(|e| Complaint::usage("C001", Said::lines(&e)))?;
    let mut inputs = Vec::new();
    if output.out.is_some() {
        for (layer, folder) in [("before", before), ("after", after)] {
            for name in ["plan.json", "coverage.json", "manifest.json"] {
                let path = folder.join(name);
                if path.is_file() {
                    let (sha256, bytes) = file_digest(&path).map_err(|e| refuse_report(&e))?;
                    inputs.push(InputFile { layer: layer.to_owned(), name: name.to_owned(), bytes, sha256 });
                }
            }
        }
    }
    let run = RunInfo {
        command: "compare",
        title: answer.document.title.clone(),
        lang: ctx.lang,
        seed: ctx.seed,
        effort: None,
        inputs,
    };
    hand_over(&answer, &settings, &run, output, false, ctx)?;
    Ok(Exit::Ok)
}

/// Applications against what stands.
///
/// # Errors
/// When inputs can't be read, or outputs can't be written.
pub fn duplicates(reading: &Reading, output: &Output, ctx: &mut Context) -> Result<Exit, Complaint> {
    let (loaded, settings) = read(reading, output, ctx)?;
    let found = today(&loaded, &settings, ctx)?;
    let towers: Vec<_> = found.towers.list.iter().map(|t| t.at).collect();
    let label = ctx.pick("checking", "查重").to_owned();
    let checked =
        ctx.stage("duplicates", &label, |_| policy::duplicates::check(&loaded.inputs, &settings, &towers));
    let run = run_info(&loaded, "duplicates", output, ctx)?;
    let released = Released::coverage(&loaded.inputs, &settings, &found);
    let answer = duplicates_answer(&released, &loaded.inputs, &found, &checked, &run);
    hand_over(&answer, &settings, &run, output, false, ctx)?;
    say_findings(&loaded.inputs.issues, ctx);
    let any = checked.iter().any(|c| c.verdict == policy::duplicates::Verdict::Duplicate);
    Ok(if any { Exit::Findings } else { finding_exit(reading, &loaded.inputs.issues) })
}

/// Plants against the schemes of 5G factories, and who uses 5G.
///
/// # Errors
/// When inputs can't be read, or outputs can't be written.
pub fn readiness(
    reading: &Reading,
    ask: &ReadinessArgs,
    output: &Output,
    ctx: &mut Context,
) -> Result<Exit, Complaint> {
    let (mut loaded, settings) = read(reading, output, ctx)?;
    let plan = if ask.with_plan { Some(planned(&mut loaded, &settings, Effort::LOW, ctx)?) } else { None };
    let found = match &plan {
        Some(p) => p.before.clone(),
        None => today(&loaded, &settings, ctx)?,
    };
    let inputs = &loaded.inputs;
    let plants = policy::readiness::readiness(inputs, &settings, &found);
    let scheme = ask.scheme.map(SchemeArg::scheme);
    let for_all = || std::iter::once(None).chain(policy::schemes::Scheme::ALL.map(Some));
    let lifts: Vec<_> = ask
        .wanted
        .iter()
        .flat_map(|n| for_all().map(move |s| (*n, s)))
        .map(|(n, s)| policy::readiness::lift(&plants, n, s))
        .collect();
    let uptake = &settings.policy.uptake;
    let subsidies: Vec<_> =
        ask.subsidy.iter().map(|o| policy::subsidy::effect(inputs, &plants, scheme, o, uptake)).collect();
    let services = policy::services::services(inputs, &settings, &found, plan.as_ref().map(|p| &p.after));
    let (usage, by_group) = policy::readiness::usage(inputs, &found, &plants);
    let run = run_info(&loaded, "readiness", output, ctx)?;
    let released = Released::coverage(inputs, &settings, &found);
    let told = Readiness {
        plants: &plants,
        lifts: &lifts,
        scheme,
        subsidies: &subsidies,
        services: &services,
        usage,
        by_group: &by_group,
    };
    let answer = readiness_answer(released.view(), inputs, &told, &run);
    hand_over(&answer, &settings, &run, output, false, ctx)?;
    say_findings(&loaded.inputs.issues, ctx);
    Ok(finding_exit(reading, &loaded.inputs.issues))
}

/// Together against apart.
///
/// # Errors
/// When inputs can't be read, there are fewer than two parties, a plan fails, or outputs can't be written.
pub fn joint(
    reading: &Reading,
    parties: PartyKind,
    orders: u32,
    output: &Output,
    budget: &Budget,
    ctx: &mut Context,
) -> Result<Exit, Complaint> {
    let (loaded, settings) = read(reading, output, ctx)?;
    ctx.limit(budget.time_limit);
    let effort = budget.effort.unwrap_or(Effort::LOW);
    let found = today(&loaded, &settings, ctx)?;
    let kind = match parties {
        PartyKind::Operators => policy::party::Kind::Operators,
        PartyKind::Cities => policy::party::Kind::Cities,
        PartyKind::Provinces => policy::party::Kind::Provinces,
    };
    let (label, seed) = (ctx.pick("planning for every group", "逐组合规划").to_owned(), ctx.seed);
    let progress = Progress::default();
    let split = ctx.counted("joint", &label, &progress, |ctx| {
        let asked = || ctx.must_stop();
        let work = Work { effort, seed, gap: 0.0, stop: Stop::when(&asked) };
        let drawn = (orders, seed);
        policy::joint::joint(&loaded.inputs, &settings, &found.towers, kind, drawn, work, &progress)
    });
    let split = split.map_err(|e| match e {
        JointError::Parties(why) => Complaint::usage("C066", why),
        JointError::Plan(e) => refuse_plan(&e),
    })?;
    let mut run = run_info(&loaded, "joint", output, ctx)?;
    run.effort = Some(effort.to_string());
    let stopped = ctx.must_stop();
    let released = Released::coverage(&loaded.inputs, &settings, &found);
    let answer = joint_answer(released.view(), &split, kind, stopped, &run);
    hand_over(&answer, &settings, &run, output, stopped, ctx)?;
    say_findings(&loaded.inputs.issues, ctx);
    Ok(worked_exit(reading, &loaded, stopped, ctx))
}

/// Reach, stations and backhaul of new bands.
///
/// # Errors
/// When inputs can't be read, or outputs can't be written.
pub fn outlook(reading: &Reading, output: &Output, ctx: &mut Context) -> Result<Exit, Complaint> {
    let (loaded, settings) = read(reading, output, ctx)?;
    let found = today(&loaded, &settings, ctx)?;
    let label = ctx.pick("looking ahead", "展望").to_owned();
    let seen = ctx.stage("outlook", &label, |ctx| {
        let asked = || ctx.must_stop();
        policy::outlook::outlook(&loaded.inputs, &settings, &found.towers, Stop::when(&asked))
    });
    let Some(seen) = seen else {
        let names: Vec<&str> = settings.radio.carrier.keys().map(String::as_str).collect();
        let asked = &settings.outlook.reference;
        let said = (format!("there is no carrier `{asked}`"), format!("没有载波 `{asked}`"));
        return Err(Complaint::usage("C067", said).help((
            format!("set outlook.reference to one of {}", names.join(", ")),
            format!("请把 outlook.reference 设为以下之一：{}", names.join("、")),
        )));
    };
    let run = run_info(&loaded, "outlook", output, ctx)?;
    let stopped = ctx.must_stop();
    let released = Released::coverage(&loaded.inputs, &settings, &found);
    let answer = outlook_answer(released.view(), &seen, stopped, &run);
    hand_over(&answer, &settings, &run, output, stopped, ctx)?;
    say_findings(&loaded.inputs.issues, ctx);
    Ok(if ctx.interrupted() { Exit::Interrupted } else { finding_exit(reading, &loaded.inputs.issues) })
}

/// Electricity and carbon, today and after the plan.
///
/// # Errors
/// When inputs can't be read, the plan fails, or outputs can't be written.
pub fn energy(
    reading: &Reading,
    today_only: bool,
    output: &Output,
    budget: &Budget,
    ctx: &mut Context,
) -> Result<Exit, Complaint> {
    let (mut loaded, settings) = read(reading, output, ctx)?;
    ctx.limit(budget.time_limit);
    let effort = budget.effort.unwrap_or(Effort::LOW);
    let after = if today_only { None } else { Some(planned(&mut loaded, &settings, effort, ctx)?) };
    let mut run = run_info(&loaded, "energy", output, ctx)?;
    run.effort = after.as_ref().map(|_| effort.to_string());
    let stopped = ctx.must_stop();
    let answer = match &after {
        Some(p) => {
            let seen = policy::energy::energy(&loaded.inputs, &settings, &p.before.towers, Some(p));
            energy_answer(&Released::plan(&loaded.inputs, &settings, p), &seen, stopped, &run)
        }
        None => {
            let found = today(&loaded, &settings, ctx)?;
            let seen = policy::energy::energy(&loaded.inputs, &settings, &found.towers, None);
            energy_answer(&Released::coverage(&loaded.inputs, &settings, &found), &seen, stopped, &run)
        }
    };
    hand_over(&answer, &settings, &run, output, stopped, ctx)?;
    say_findings(&loaded.inputs.issues, ctx);
    Ok(worked_exit(reading, &loaded, stopped, ctx))
}

/// What one failure takes down, today or once the plan is built.
///
/// # Errors
/// When inputs can't be read, the plan fails, or outputs can't be written.
pub fn failures(
    reading: &Reading,
    after_plan: bool,
    output: &Output,
    budget: &Budget,
    ctx: &mut Context,
) -> Result<Exit, Complaint> {
    let (mut loaded, settings) = read(reading, output, ctx)?;
    ctx.limit(budget.time_limit);
    let effort = budget.effort.unwrap_or(Effort::LOW);
    if after_plan {
        let plan = planned(&mut loaded, &settings, effort, ctx)?;
        policy::failures::build(&mut loaded.inputs, &plan);
    }
    let stopped = ctx.must_stop();
    let label = ctx.pick("failing one thing after another", "逐一失效分析").to_owned();
    let progress = Progress::default();
    let (seen, backbones) = ctx.counted("failures", &label, &progress, |_| {
        let backbones = policy::backbone::backbones(&loaded.inputs, &settings);
        (policy::failures::failures(&loaded.inputs, &settings, &progress), backbones)
    });
    let found = Assessment::default();
    let mut run = run_info(&loaded, "failures", output, ctx)?;
    run.effort = after_plan.then(|| effort.to_string());
    let released = Released::coverage(&loaded.inputs, &settings, &found);
    let answer = failures_answer(&released, &loaded.inputs, &seen, &backbones, &run);
    hand_over(&answer, &settings, &run, output, stopped, ctx)?;
    say_findings(&loaded.inputs.issues, ctx);
    Ok(worked_exit(reading, &loaded, stopped, ctx))
}

/// How sure the plan is.
///
/// # Errors
/// When inputs can't be read, a plan fails, or outputs can't be written.
pub fn uncertainty(
    reading: &Reading,
    draws: (u32, u32),
    output: &Output,
    budget: &Budget,
    ctx: &mut Context,
) -> Result<Exit, Complaint> {
    let (mut loaded, settings) = read(reading, output, ctx)?;
    ctx.limit(budget.time_limit);
    let effort = budget.effort.unwrap_or(Effort::LOW);
    let made = planned(&mut loaded, &settings, effort, ctx)?;
    let (inputs, seed) = (&mut loaded.inputs, ctx.seed);
    let label = ctx.pick("drawing", "抽样").to_owned();
    let progress = Progress::default();
    let seen = ctx.counted("uncertainty", &label, &progress, |ctx| {
        let asked = || ctx.must_stop();
        let stop = Stop::when(&asked);
        policy::uncertainty::uncertainty(inputs, &settings, &made, draws, seed, stop, &progress)
    });
    let seen = seen.map_err(|e| refuse_plan(&e))?;
    let mut run = run_info(&loaded, "uncertainty", output, ctx)?;
    run.effort = Some(effort.to_string());
    let stopped = ctx.must_stop();
    let released = Released::plan(&loaded.inputs, &settings, &made);
    let answer = uncertainty_answer(&released, &loaded.inputs, &seen, stopped, &run);
    hand_over(&answer, &settings, &run, output, stopped, ctx)?;
    say_findings(&loaded.inputs.issues, ctx);
    Ok(worked_exit(reading, &loaded, stopped, ctx))
}
