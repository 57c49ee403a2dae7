//! `demo`, `check`, `coverage`, `plan`: read, work, write, print.

use crate::cli::args::{Budget, Output, Reading};
use crate::cli::context::{Context, print, terminal_width};
use crate::cli::exit::{Complaint, Exit};
use crate::fiber::RouteError;
use crate::io::formats::Format;
use crate::io::msi::patterns_in;
use crate::io::terrain::rasters_in;
use crate::io::{LoadError, LoadOptions, Refused, load};
use crate::model::inputs::Inputs;
use crate::model::issues::{Issues, Place, Severity};
use crate::model::kinds::{Lang, Redaction};
use crate::model::progress::Progress;
use crate::model::project::Project;
use crate::model::said::{Bilingual, Said};
use crate::model::words::counted;
use crate::optimise::{Effort, Stop, Work};
use crate::plan::{self, PlanError};
use crate::report::document::{Document, document_json};
use crate::report::formats::Wanted;
use crate::report::issues::{check_text, issues_json, issues_text};
use crate::report::out::file_digest;
use crate::report::redact::Released;
use crate::report::{
    InputFile, OutOptions, ReportError, RunInfo, coverage_document, plan_document, text, write_coverage,
    write_plan,
};
use crate::synth;
use serde_json::{Value, json};
use std::path::Path;

/// A project and what was read of it.
pub struct Loaded {
    /// The project file.
    pub project: Project,
    /// Its layers.
    pub inputs: Inputs,
}

/// Reads a project, whatever its data hold: the inputs, and whether they break a rule of level *error*.
fn read(reading: &Reading, ctx: &mut Context) -> Result<(Loaded, bool), Complaint> {
    let options = LoadOptions { swap_xy: reading.swap_xy, ..LoadOptions::default() };
    let label = ctx.pick("reading", "读取数据").to_owned();
    let (loaded, sound) =
        match ctx.counted("read", &label, &options.progress, |_| load(&reading.project, &options)) {
            Ok((project, inputs)) => (Loaded { project, inputs }, true),
            Err(LoadError::Data(refused)) => {
                let Refused { project, inputs } = *refused;
                (Loaded { project, inputs }, false)
            }
            Err(LoadError::Project(e)) => return Err(super::config::refuse(&e)),
        };
    if !ctx.lang_given {
        ctx.lang = loaded.project.lang;
    }
    if reading.swap_xy {
        say_turned(&loaded.inputs, ctx);
    }
    if loaded.project.layers.is_empty() {
        return Err(Complaint::usage("C006", ("the project names no layers", "项目未列出任何图层"))
            .at(place(&reading.project))
            .help(Said::verbatim("[layers.sites]\n        path = \"sites.csv\"")));
    }
    Ok((loaded, sound))
}

/// Says which files `--swap-xy` turned.
fn say_turned(inputs: &Inputs, ctx: &Context) {
    let turned: Vec<String> = inputs
        .layers
        .iter()
        .flat_map(|(name, l)| l.turned.iter().map(move |f| format!("{f} ({name})")))
        .collect();
    ctx.say(&match (ctx.lang, turned.is_empty()) {
        (Lang::En, true) => "--swap-xy: no file looked swapped, so none was turned".to_owned(),
        (Lang::Zh, true) => "--swap-xy：未发现经纬度颠倒的文件，未作交换".to_owned(),
        (Lang::En, false) => {
            format!("--swap-xy: longitude and latitude exchanged in {}", turned.join(", "))
        }
        (Lang::Zh, false) => format!("--swap-xy：已交换经纬度：{}", turned.join("、")),
    });
}

/// Reads a project whose data must be sound; otherwise all findings are printed and the run ends.
pub(super) fn read_sound(reading: &Reading, ctx: &mut Context) -> Result<Loaded, Complaint> {
    let (loaded, sound) = read(reading, ctx)?;
    if sound {
        return Ok(loaded);
    }
    let found = &loaded.inputs.issues;
    let errors = found.count(Severity::Error);
    let end = match ctx.lang {
        Lang::En => format!("{}; nothing was written", counted(errors, "error")),
        Lang::Zh => format!("{errors} 个错误；未写出任何文件"),
    };
    Err(Complaint::findings(format!("{}{end}", issues_text(found, ctx.lang))))
}

pub(super) fn refuse_report(e: &ReportError) -> Complaint {
    let complaint = Complaint::usage("O001", e);
    match e {
        // Windows keeps a file that another program has open.
        ReportError::Denied { .. } => complaint.help((
            "check the permissions, and close its files in other programs",
            "请检查权限，并在其他程序中关闭其中的文件",
        )),
        _ => complaint,
    }
}

pub(super) fn refuse_plan(e: &PlanError) -> Complaint {
    let exit = match e {
        PlanError::LockOfNothing { .. }
        | PlanError::LockedBothWays { .. }
        | PlanError::Fiber(RouteError::NoSuchClass { .. }) => Exit::Usage,
        PlanError::Roads(_) | PlanError::UnknownGround { .. } | PlanError::GroundLost { .. } => Exit::Data,
        PlanError::Whole(_)
        | PlanError::LockedBeyondBudget { .. }
        | PlanError::Fiber(_)
        | PlanError::Placement(_) => Exit::Infeasible,
    };
    let way_out: Option<Said> = match e {
        PlanError::LockedBeyondBudget { .. } | PlanError::Fiber(RouteError::LockedBeyondBudget { .. }) => Some(
            (
                "raise plan.budget_cny, or take ids out of plan.lock.open",
                "提高 plan.budget_cny，或从 plan.lock.open 中去掉部分编号",
            )
                .into(),
        ),
        PlanError::Fiber(RouteError::NoSuchClass { .. }) => Some(
            (
                "take one of these, or give your own: [fiber.pon_class.NAME] with budget_db and reach_m (the classes of 50G-PON differ by amendment)",
                "请选用其中之一，或自行给出：[fiber.pon_class.名称]，含 budget_db 与 reach_m（50G-PON 的等级因标准修订而异）",
            )
                .into(),
        ),
        _ => None,
    };
    Complaint { exit, help: way_out, ..Complaint::usage("P001", e) }
}

pub(super) fn say_findings(found: &Issues, ctx: &Context) {
    let (rows, warnings) = (found.count(Severity::Row), found.count(Severity::Warning));
    if rows + warnings > 0 {
        ctx.say(&match ctx.lang {
            Lang::En => {
                let (rows, warnings) = (counted(rows, "row"), counted(warnings, "warning"));
                format!("{rows} dropped, {warnings}; `covplan check` lists them")
            }
            Lang::Zh => {
                format!("舍弃 {rows} 行，{warnings} 条警告；用 `covplan check` 查看")
            }
        });
    }
}

pub(super) fn finding_exit(reading: &Reading, found: &Issues) -> Exit {
    if reading.fail_on_findings && !found.is_empty() { Exit::Findings } else { Exit::Ok }
}

/// Validates all inputs and lists what was found.
///
/// # Errors
/// When something can't be read, or stdout can't be written.
pub fn check(reading: &Reading, ctx: &mut Context) -> Result<Exit, Complaint> {
    let (loaded, _) = read(reading, ctx)?;
    let inputs = &loaded.inputs;
    if ctx.json {
        let doc = json!({
            "schema": "covplan/check/1",
            "layers": inputs.layers,
            "findings": issues_json(&inputs.issues),
        });
        print(&format!("{doc:#}\n"))?;
    } else {
        print(&check_text(inputs, ctx.lang))?;
    }
    let project = reading.project.display();
    ctx.next(&match inputs.issues.worst() {
        Some(Severity::Error) => format!("covplan help layers; covplan check {project}"),
        _ => format!("covplan coverage {project} -o out"),
    });
    Ok(match inputs.issues.worst() {
        None => Exit::Ok,
        Some(Severity::Error) => Exit::Data,
        Some(_) => Exit::Findings,
    })
}

/// Every file that a project names, with its digest; the files are read side by side.
pub(super) fn digests(loaded: &Loaded) -> Result<Vec<InputFile>, Complaint> {
    use rayon::prelude::*;
    let project = &loaded.project;
    let mut databases = Vec::new();
    let mut files = vec![(String::new(), project.path.display().to_string(), project.path.clone())];
    for (layer, spec) in &project.layers {
        for name in &spec.paths {
            if let Some(sha256) = loaded.inputs.layers.get(layer).and_then(|l| l.sha256.clone()) {
                databases.push(InputFile { layer: layer.clone(), name: name.clone(), bytes: 0, sha256 });
                continue;
            }
            let path = project.resolve(name);
            if !path.is_dir() {
                for (n, part) in Format::parts(spec, name, &path).into_iter().enumerate() {
                    let own = part.file_name().filter(|_| n > 0).map(|f| Path::new(name).with_file_name(f));
                    let name = own.map_or_else(|| name.clone(), |p| p.display().to_string());
                    files.push((layer.clone(), name, part));
                }
                continue;
            }
            // A folder stands for the height tiles or antenna patterns in it.
            let inside = if layer == "antennas" { patterns_in(&path) } else { rasters_in(&path) }
                .map_err(|e| refuse_report(&ReportError::Unreadable { path, reason: Said::from(&e) }))?;
            let named = inside.into_iter().map(|file| {
                let tile = file.file_name().map_or_else(String::new, |f| f.to_string_lossy().into_owned());
                (layer.clone(), format!("{}/{tile}", name.trim_end_matches(['/', '\\'])), file)
            });
            files.extend(named);
        }
    }
    let mut all = files
        .into_par_iter()
        .map(|(layer, name, path)| {
            let (sha256, bytes) = file_digest(&path).map_err(|e| refuse_report(&e))?;
            // The project file's own folder is the user's business.
            let name = if layer.is_empty() {
                path.file_name().map_or(name, |f| f.to_string_lossy().into_owned())
            } else {
                name
            };
            Ok(InputFile { layer, name, bytes, sha256 })
        })
        .collect::<Result<Vec<_>, _>>()?;
    all.append(&mut databases);
    Ok(all)
}

pub(super) fn out_options(output: &Output) -> Option<OutOptions> {
    output.out.clone().map(|folder| OutOptions {
        folder,
        overwrite: output.overwrite,
        wanted: Wanted::new(&output.formats, output.output_crs.clone()).with_simplestyle(output.simplestyle),
        csv: output.csv_encoding,
        progress: Progress::default(),
    })
}

/// Fails early where the output can't be written, before any work is done.
pub(super) fn check_output(output: &Output) -> Result<(), Complaint> {
    let Some(options) = out_options(output) else { return Ok(()) };
    crate::report::out::probe(&options.folder, options.overwrite).map_err(|e| refuse_report(&e))?;
    let refused = |e: crate::crs::CrsError| {
        Complaint::usage("C009", (format!("--output-crs: {e}"), format!("--output-crs：{}", e.zh())))
    };
    options.wanted.definition().map(|_| ()).map_err(refused)
}

pub(super) fn show(
    schema: &str,
    document: &Document,
    output: &Output,
    extra: Value,
    ctx: &Context,
) -> Result<(), Complaint> {
    if ctx.json {
        return print(&format!("{:#}\n", document_json(schema, document, extra)));
    }
    let folder = output.out.as_ref().map(|f| f.display().to_string());
    print(&text::text(document, Some(terminal_width()), folder.as_deref()))
}

/// Scores the sites of a project.
///
/// # Errors
/// When inputs can't be read or outputs can't be written.
pub fn coverage(reading: &Reading, output: &Output, ctx: &mut Context) -> Result<Exit, Complaint> {
    check_output(output)?;
    let mut loaded = read_sound(reading, ctx)?;
    if let Some(level) = output.redact {
        loaded.project.settings.redact.level = level;
    }
    let label = ctx.pick("scoring", "评估").to_owned();
    let settings = loaded.project.settings.clone();
    let wants_files = output.out.is_some();
    // An assessment has no use for candidates, of which a country has half a million; redaction must know
    // their ids.
    if settings.redact.level == Redaction::Internal {
        loaded.inputs.candidates = Vec::new();
    }
    let progress = Progress::default();
    let (found, inputs_read) = ctx.counted("coverage", &label, &progress, |_| {
        rayon::join(
            || plan::today_told(&loaded.inputs, &settings, &progress),
            || if wants_files { digests(&loaded) } else { Ok(Vec::new()) },
        )
    });
    let found = found.map_err(|e| refuse_plan(&e))?;
    let run = RunInfo {
        command: "coverage",
        title: loaded.project.name.clone(),
        lang: ctx.lang,
        seed: ctx.seed,
        effort: None,
        inputs: inputs_read?,
    };
    if let Some(options) = out_options(output) {
        let label = ctx.pick("writing", "写出").to_owned();
        let progress = options.progress.clone();
        let write = |_: &Context| write_coverage(&loaded.inputs, &settings, &run, &found, &options);
        ctx.counted("write", &label, &progress, write).map_err(|e| refuse_report(&e))?;
    }
    say_findings(&loaded.inputs.issues, ctx);
    let document = coverage_document(Released::coverage(&loaded.inputs, &settings, &found).view(), &run);
    let extra =
        json!({ "facts": found.facts, "notes": found.notes, "kpis": found.kpis, "gaps": found.gaps.len() });
    show("covplan/coverage/1", &document, output, extra, ctx)?;
    Ok(finding_exit(reading, &loaded.inputs.issues))
}

/// Plans a project, for a budget of capex other than the project's where one is given.
///
/// # Errors
/// When inputs can't be read, a constraint can't be met, or outputs can't be written.
pub fn plan(
    reading: &Reading,
    budget_cny: Option<f64>,
    output: &Output,
    budget: &Budget,
    ctx: &mut Context,
) -> Result<Exit, Complaint> {
    check_output(output)?;
    let mut loaded = read_sound(reading, ctx)?;
    if let Some(cny) = budget_cny {
        loaded.project.settings.plan.budget_cny = cny;
    }
    let exit = work_out(loaded, "plan", output, budget, ctx)?;
    Ok(match exit {
        (Exit::Ok, found) => finding_exit(reading, &found),
        (other, _) => other,
    })
}

/// Plans the embedded study area.
///
/// # Errors
/// When outputs can't be written.
pub fn demo(output: &Output, budget: &Budget, ctx: &mut Context) -> Result<Exit, Complaint> {
    check_output(output)?;
    let label = ctx.pick("making the study area", "生成示例区域").to_owned();
    let inputs = ctx.stage("synth", &label, |_| synth::demo());
    let mut project = Project::empty(ctx.pick("Jiangsu, synthetic study area", "江苏（合成示例）"))
        .map_err(|e| Complaint::usage("C001", Said::lines(&e)))?;
    project.lang = ctx.lang;
    Ok(work_out(Loaded { project, inputs }, "demo", output, budget, ctx)?.0)
}

fn work_out(
    mut loaded: Loaded,
    command: &'static str,
    output: &Output,
    budget: &Budget,
    ctx: &mut Context,
) -> Result<(Exit, Issues), Complaint> {
    if let Some(level) = output.redact {
        loaded.project.settings.redact.level = level;
    }
    let settings = loaded.project.settings.clone();
    ctx.limit(budget.time_limit);
    let effort = match (budget.effort, budget.time_limit) {
        (Some(e), _) => e,
        (None, Some(_)) => Effort::UNBOUNDED,
        (None, None) => Effort::NORMAL,
    };
    let inputs_read = if output.out.is_some() && command != "demo" { digests(&loaded)? } else { Vec::new() };
    let label = ctx.pick("planning", "规划").to_owned();
    let seed = ctx.seed;
    let inputs = &mut loaded.inputs;
    let progress = Progress::default();
    let found = ctx.counted("plan", &label, &progress, |ctx| {
        let asked = || ctx.must_stop();
        let work = Work { effort, seed, gap: 0.0, stop: Stop::when(&asked) };
        plan::run_told(inputs, &settings, work, &progress)
    });
    let found = found.map_err(|e| refuse_plan(&e))?;
    let run = RunInfo {
        command,
        title: loaded.project.name.clone(),
        lang: ctx.lang,
        seed: ctx.seed,
        effort: Some(effort.to_string()),
        inputs: inputs_read,
    };
    if let Some(options) = out_options(output) {
        let label = ctx.pick("writing", "写出").to_owned();
        let progress = options.progress.clone();
        let write = |_: &Context| write_plan(&loaded.inputs, &settings, &run, &found, &options);
        ctx.counted("write", &label, &progress, write).map_err(|e| refuse_report(&e))?;
    }
    say_findings(&loaded.inputs.issues, ctx);
    let document = plan_document(Released::plan(&loaded.inputs, &settings, &found).view(), &run);
    let extra = json!({
        "facts": found.before.facts,
        "certificates": found.certificates,
        "capex_cny": found.capex_cny(),
        "opex_cny_yr": found.opex_cny_yr(),
        "items": found.items,
        "gaps_before": found.before.gaps.len(),
        "gaps_after": found.after.gaps.len(),
        "stations": found.stations.len(),
        "route_segments": found.routes.len(),
        "notes": found.notes,
        "stopped_early": found.stopped_early,
    });
    show(&format!("covplan/{command}/1"), &document, output, extra, ctx)?;
    let exit = if ctx.interrupted() {
        Exit::Interrupted
    } else if found.stopped_early {
        Exit::Limit
    } else {
        Exit::Ok
    };
    Ok((exit, loaded.inputs.issues))
}

/// Where a file stands that isn't part of a layer.
#[must_use]
pub fn place(file: &std::path::Path) -> Place {
    Place { file: file.display().to_string(), ..Place::default() }
}
