//! `centers`: where compute should stand.

use super::answers::{planned, read, run_info, worked_exit};
use super::pipeline::{out_options, refuse_report, say_findings};
use crate::cli::args::{Budget, CenterObjective, Output, Reading};
use crate::cli::context::{Context, print, terminal_width};
use crate::cli::exit::{Complaint, Exit};
use crate::coverage::Assessment;
use crate::datacenter::study::StudyError;
use crate::datacenter::{Objective, advise, joined};
use crate::model::inputs::Inputs;
use crate::model::kinds::SiteStatus;
use crate::model::records::SiteId;
use crate::model::settings::Settings;
use crate::optimise::facility::FacilityError;
use crate::optimise::{Effort, Stop, Work};
use crate::policy::private_networks::private_networks;
use crate::report::answers::{Picture, centers_answer, curve_svg, map_svg, reasons};
use crate::report::center_layers::{CenterTables, assignments, centers, clusters};
use crate::report::{Released, text};

/// Sites that count, as they do in scores.
fn wanted(inputs: &Inputs, settings: &Settings) -> Vec<SiteId> {
    let works = |s: &Option<SiteStatus>| matches!(s, None | Some(SiteStatus::Operating));
    (0u32..)
        .zip(&inputs.sites.list)
        .filter(|(_, s)| !settings.project.require_operating || works(&s.status))
        .map(|(i, _)| SiteId(i))
        .collect()
}

fn refuse(e: &StudyError) -> Complaint {
    let complaint = Complaint { exit: Exit::Infeasible, ..Complaint::usage("C068", e) };
    match e {
        StudyError::Facility(FacilityError::TooFew { .. }) => complaint.help((
            "raise datacenter.max_centers, or set it to 0",
            "提高 datacenter.max_centers，或设为 0",
        )),
        StudyError::Facility(FacilityError::TooSmall { .. } | FacilityError::NotFound { .. }) => complaint
            .help((
                "allow more racks (datacenter.regional.max_racks, datacenter.hubs), or take ids out of plan.lock.shut",
                "放宽机架上限（datacenter.regional.max_racks、datacenter.hubs），或从 plan.lock.shut 中去掉部分编号",
            )),
        _ => complaint,
    }
}

/// Centers, reasons and the curve.
///
/// # Errors
/// When inputs can't be read, nothing can satisfy the settings, or outputs can't be written.
pub fn run(
    reading: &Reading,
    objective: CenterObjective,
    with_plan: bool,
    output: &Output,
    budget: &Budget,
    ctx: &mut Context,
) -> Result<Exit, Complaint> {
    let (mut loaded, settings) = read(reading, output, ctx)?;
    ctx.limit(budget.time_limit);
    let plan = if with_plan {
        Some(planned(&mut loaded, &settings, budget.effort.unwrap_or(Effort::LOW), ctx)?)
    } else {
        None
    };
    // The usual effort of `covplan plan`: by the same way, the same layout.
    let effort = budget.effort.unwrap_or(Effort::NORMAL);
    let inputs = &loaded.inputs;
    let ways = plan.as_ref().map(|p| joined(inputs, &p.connections)).unwrap_or_default();
    let objective = match objective {
        CenterObjective::Mix => Objective::Mix,
        CenterObjective::Cost => Objective::Cost,
        CenterObjective::Latency => Objective::Latency,
        CenterObjective::P95 => Objective::P95,
        CenterObjective::Worst => Objective::Worst,
        CenterObjective::Carbon => Objective::Carbon,
        CenterObjective::Energy => Objective::Energy,
    };
    let sites = wanted(inputs, &settings);
    let (label, seed) = (ctx.pick("placing centers", "布局算力中心").to_owned(), ctx.seed);
    let advice = ctx.stage("centers", &label, |ctx| {
        let asked = || ctx.must_stop();
        let work = Work { effort, seed, gap: 0.0, stop: Stop::when(&asked) };
        advise(inputs, &sites, &ways, objective, &settings, work)
    });
    let advice = advice.map_err(|e| refuse(&e))?;
    let mut run = run_info(&loaded, "centers", output, ctx)?;
    run.effort = Some(effort.to_string());
    let stopped = ctx.must_stop();
    let nothing = Assessment::default();
    let released = Released::coverage(&loaded.inputs, &settings, &nothing);
    let private = private_networks(&loaded.inputs, &settings, &advice.clusters);
    let tables = CenterTables::new(&released, &advice);
    let why = reasons(&released, &advice);
    let answer = centers_answer(&released, &advice, &tables, &why, &private, stopped, &run);
    if let Some(options) = out_options(output) {
        let view = released.view();
        let layers = [
            centers(view, &advice, &tables, &why),
            clusters(view, &released, &advice),
            assignments(view, &advice, &tables),
        ];
        let map = map_svg(released.inputs(), &advice, &tables, ctx.lang);
        let pictures: Vec<Picture> = [
            (map, "map.svg", ctx.pick("Centers and whom they serve", "算力中心与服务关系").to_owned()),
            (
                curve_svg(&advice, ctx.lang),
                "tradeoff.svg",
                ctx.pick("What less latency and less carbon cost", "成本、时延与碳排放的权衡").to_owned(),
            ),
        ]
        .into_iter()
        .filter_map(|(svg, file, title)| Some(Picture { file, title, svg: svg? }))
        .collect();
        let label = ctx.pick("writing", "写出").to_owned();
        ctx.stage("write", &label, |_| {
            answer.write_drawn(&released, &run, &options, stopped, &layers, &pictures)
        })
        .map_err(|e| refuse_report(&e))?;
    }
    if ctx.json {
        print(&format!("{:#}\n", answer.json()))?;
    } else {
        let folder = output.out.as_ref().map(|f| f.display().to_string());
        print(&text::text(&answer.document, Some(terminal_width()), folder.as_deref()))?;
    }
    say_findings(&loaded.inputs.issues, ctx);
    Ok(worked_exit(reading, &loaded, stopped, ctx))
}
