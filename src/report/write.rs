//! Writes a run's folder: every layer and document, and the manifest last.

use super::coverage_document::banners;
use super::document::Table;
use super::formats::{self, Wanted, Writers};
use super::layer::Layer;
use super::layers::{self, Lookups, View};
use super::ofds::Ofds;
use super::out::{FillError, OutFolder, OutputFile, ReportError};
use super::plan_document::plan_document;
use super::qgis::{self, Project, Sheet};
use super::redact::Released;
use super::{
    csv, dictionary, html, manifest, markdown, metadata, plan_json, plan_layers, symbology, tables, xlsx,
};
use crate::coverage::Assessment;
use crate::model::inputs::Inputs;
use crate::model::kinds::Lang;
use crate::model::progress::Progress;
use crate::model::settings::Settings;
use crate::plan::Plan;
use std::io::Write;
use std::path::PathBuf;

/// A file that the run read.
#[derive(Clone, Debug)]
pub struct InputFile {
    /// Layer that it belongs to; empty for the project file.
    pub layer: String,
    /// As the project names it.
    pub name: String,
    /// Length in bytes.
    pub bytes: u64,
    /// SHA-256, hexadecimal (see [`file_digest`](super::out::file_digest)).
    pub sha256: String,
}

/// What the outputs say about the run itself.
#[derive(Clone, Debug)]
pub struct RunInfo {
    /// The command (`coverage`, `plan`, `demo`).
    pub command: &'static str,
    /// Title of the project, for headings.
    pub title: String,
    /// Language of the documents.
    pub lang: Lang,
    /// Seed.
    pub seed: u64,
    /// Effort as asked for.
    pub effort: Option<String>,
    /// Every file that was read.
    pub inputs: Vec<InputFile>,
}

/// Where the outputs go.
#[derive(Clone, Debug)]
pub struct OutOptions {
    /// The folder.
    pub folder: PathBuf,
    /// Whether outputs that are there may be replaced.
    pub overwrite: bool,
    /// Formats of the layers.
    pub wanted: Wanted,
    /// How the characters of CSV tables are written.
    pub csv: csv::Encoding,
    /// Told of every feature that is written.
    pub progress: Progress,
}

/// Writes the folder of `covplan coverage`: `sites`, `gaps`, `towers`, `regions` and the documents.
///
/// # Errors
/// [`ReportError`]; nothing is left behind or changed then.
pub fn write_coverage(
    inputs: &Inputs,
    settings: &Settings,
    run: &RunInfo,
    found: &Assessment,
    options: &OutOptions,
) -> Result<Vec<OutputFile>, ReportError> {
    let mut folder = OutFolder::create(&options.folder, options.overwrite)?;
    let released = Released::coverage(inputs, settings, found);
    let view = released.view();
    let mut files = LayerFiles::new(&options.wanted, run, view.inputs, view.settings)?;
    files.told_by(&options.progress, view);
    assessment_layers(&mut folder, &mut files, view, options.csv)?;
    let fields = files.finish(&mut folder, banners(view, run.lang, false))?;
    finish(folder, view, run, &fields)
}

/// Writes the folder of `covplan plan`.
///
/// # Errors
/// [`ReportError`]; nothing is left behind or changed then.
pub fn write_plan(
    inputs: &Inputs,
    settings: &Settings,
    run: &RunInfo,
    plan: &Plan,
    options: &OutOptions,
) -> Result<Vec<OutputFile>, ReportError> {
    let mut folder = OutFolder::create(&options.folder, options.overwrite)?;
    let released = Released::plan(inputs, settings, plan);
    let view = released.view();
    let mut files = LayerFiles::new(&options.wanted, run, view.inputs, view.settings)?;
    files.told_by(&options.progress, view);
    assessment_layers(&mut folder, &mut files, view, options.csv)?;
    if let Some(plan) = view.plan {
        files.take(&mut folder, &plan_layers::stations(view, plan))?;
        files.take(&mut folder, &plan_layers::fiber_routes(view, plan))?;
        files.take(&mut folder, &plan_layers::lead_ins(plan))?;
        files.take(&mut folder, &plan_layers::pon_nodes(view, plan))?;
        files.take(&mut folder, &plan_layers::datacenters(view, plan))?;
        let open = Ofds::new(view, run);
        folder.file("ofds_nodes.json", |mut out| open.write_nodes(&mut out))?;
        folder.file("ofds_spans.json", |mut out| open.write_spans(&mut out))?;
    }
    let fields = files.finish(&mut folder, banners(view, run.lang, plan.stopped_early))?;
    finish(folder, view, run, &fields)
}

fn assessment_layers(
    folder: &mut OutFolder,
    files: &mut LayerFiles,
    view: View,
    encoding: csv::Encoding,
) -> Result<(), ReportError> {
    let look = Lookups::new(&view);
    files.take(folder, &layers::sites(view, &look))?;
    files.take(folder, &layers::gaps(view, &look))?;
    files.take(folder, &layers::towers(view))?;
    if view.inputs.has("regions") {
        files.take(folder, &layers::regions(view))?;
    }
    let kpi = tables::kpi(view);
    let layout = kpi.layout();
    dictionary::describe(&mut files.dictionary, &kpi, &layout, files.run.lang);
    folder.file("kpi.csv", |out| csv::write(&kpi, &layout, encoding, out))
}

/// The layers of a folder: each in every format, with its metadata and styles, and a QGIS project that
/// opens them all.
pub(super) struct LayerFiles<'r> {
    wanted: &'r Wanted,
    run: &'r RunInfo,
    inputs: &'r Inputs,
    settings: &'r Settings,
    writers: Writers<'r>,
    project: Project,
    dictionary: Table,
}

impl<'r> LayerFiles<'r> {
    /// Layers of a run; inputs and settings as they may be told.
    pub(super) fn new(
        wanted: &'r Wanted,
        run: &'r RunInfo,
        inputs: &'r Inputs,
        settings: &'r Settings,
    ) -> Result<Self, ReportError> {
        let writers = Writers::new(wanted, run.lang)?;
        let (project, dictionary) = (Project::new(run.lang), dictionary::table(run.lang));
        Ok(Self { wanted, run, inputs, settings, writers, project, dictionary })
    }

    /// Tells of every feature written, and at first how many there are about.
    fn told_by(&mut self, progress: &Progress, view: View) {
        let after = view.plan.map_or(0, |p| {
            p.stations.len() + p.routes.len() + p.connections.len() + p.pon.len() + p.centers.len()
        });
        let now = view.inputs.sites.list.len()
            + view.found.gaps.len()
            + view.found.towers.list.len()
            + view.inputs.regions.len();
        let features = (now + after) * self.wanted.count();
        // Documents and the manifest come behind the layers.
        progress.expect((features + features / 10) as u64);
        self.writers.tell(progress);
    }

    /// Writes a layer.
    pub(super) fn take(&mut self, folder: &mut OutFolder, layer: &Layer) -> Result<(), ReportError> {
        let layout = layer.layout();
        let styles = symbology::styles(layer, self.settings);
        self.writers.layer(folder, layer, &layout, &styles)?;
        dictionary::describe(&mut self.dictionary, layer, &layout, self.run.lang);
        let level = self.settings.redact.level;
        let about = metadata::metadata(layer, &layout, self.inputs, level, self.writers.files(layer.name));
        folder.file(&format!("{}.metadata.json", layer.name), |out| pretty(out, &about))?;
        let source = self.writers.source(layer.name);
        let mut table = formats::Table::new(layer, &layout, None, None, self.run.lang);
        table.short_names = source.short_names;
        for style in &styles {
            let variant = if style.variant.is_empty() { "" } else { "_" };
            let name = format!("{}{variant}{}.qml", layer.name, style.variant);
            folder.file(&name, |out| out.write_all(qgis::qml(&table, style).as_bytes()))?;
        }
        self.project.take(&table, &styles, &source);
        Ok(())
    }

    /// Closes what holds all layers, and writes the project; `remarks` must be known before any map is read.
    /// What every field means comes back.
    pub(super) fn finish(self, folder: &mut OutFolder, remarks: Vec<String>) -> Result<Table, ReportError> {
        let sheet = Sheet::new(&self.run.title, remarks, self.inputs, self.run.lang);
        self.project.write(folder, &sheet, self.wanted.crs(), self.writers.system())?;
        self.writers.finish(folder)?;
        Ok(self.dictionary)
    }
}

/// Beyond this many sites an assessment's folder holds no `coverage.json`; `sites.geojson` has every term.
const JSON_SITES: usize = 100_000;

fn finish(
    mut folder: OutFolder,
    view: View,
    run: &RunInfo,
    fields: &Table,
) -> Result<Vec<OutputFile>, ReportError> {
    let document = plan_document(view, run);
    folder.file("report.md", |out| out.write_all(markdown::markdown(&document).as_bytes()))?;
    folder.file("report.html", |out| out.write_all(html::page(&document, view, run).as_bytes()))?;
    let workbook = xlsx::workbook(&document, &[fields])?;
    folder.file("report.xlsx", |out| out.write_all(&workbook))?;
    if view.plan.is_some() {
        folder.file("plan.json", |out| plan_json::write(view, run, out))?;
    } else if view.inputs.sites.list.len() <= JSON_SITES {
        folder.file("coverage.json", |out| plan_json::write(view, run, out))?;
    }
    let outputs = folder.files().to_vec();
    folder.file(super::out::MANIFEST, |out| -> Result<(), FillError> {
        let stopped_early = view.plan.is_some_and(|p| p.stopped_early);
        let m =
            manifest::manifest(run, view.settings, stopped_early, &outputs).map_err(std::io::Error::from)?;
        Ok(pretty(out, &m)?)
    })?;
    folder.commit()
}

/// Writes JSON for people and programs alike: indented, with a line end.
pub(super) fn pretty(out: &mut (dyn Write + Send), value: &serde_json::Value) -> std::io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;
    use std::collections::BTreeMap;
    use std::path::Path;
    use std::process::Command;

    pub(crate) fn plan_folder(base: &Path, name: &str, overrides: &str, lang: Lang) -> PathBuf {
        let folder = base.join(name);
        let options = OutOptions {
            folder: folder.clone(),
            overwrite: false,
            wanted: Wanted::default(),
            csv: csv::Encoding::default(),
            progress: Progress::default(),
        };
        let (inputs, settings) = (fixture::inputs(), fixture::settings(overrides));
        write_plan(&inputs, &settings, &fixture::run(lang), &fixture::plan(), &options).unwrap();
        folder
    }

    fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
        std::fs::read_dir(folder)
            .unwrap()
            .map(|e| e.unwrap())
            .map(|e| (e.file_name().into_string().unwrap(), std::fs::read(e.path()).unwrap()))
            .collect()
    }

    fn layers_of(folder: &Path) -> Vec<PathBuf> {
        let files = contents(folder);
        files.keys().filter(|n| n.ends_with(".geojson")).map(|n| folder.join(n)).collect()
    }

    #[test]
    fn two_runs_write_the_same_bytes_whatever_the_threads() {
        let base = tempfile::tempdir().unwrap();
        let a = contents(&plan_folder(base.path(), "a", "", Lang::Zh));
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let b = one.install(|| contents(&plan_folder(base.path(), "b", "", Lang::Zh)));
        assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
        for (name, bytes) in &a {
            assert!(b[name] == *bytes, "{name} differs");
        }
    }

    #[test]
    fn the_manifest_knows_every_other_file() {
        let base = tempfile::tempdir().unwrap();
        let folder = plan_folder(base.path(), "a", "", Lang::En);
        let mut files = contents(&folder);
        let manifest: serde_json::Value =
            serde_json::from_slice(&files.remove("manifest.json").unwrap()).unwrap();
        let listed = manifest["outputs"].as_array().unwrap();
        assert_eq!(listed.len(), files.len());
        for o in listed {
            let name = o["name"].as_str().unwrap();
            let (sha256, bytes) = super::super::out::file_digest(&folder.join(name)).unwrap();
            assert_eq!((o["sha256"].as_str(), o["bytes"].as_u64()), (Some(sha256.as_str()), Some(bytes)));
        }
        assert_eq!(manifest["inputs"][0]["name"], "secret_sites.csv");
    }

    #[test]
    fn a_redacted_folder_gives_nothing_away() {
        let base = tempfile::tempdir().unwrap();
        let inputs = fixture::inputs();
        let mut secrets: Vec<String> = Vec::new();
        for s in &inputs.sites.list {
            let text = |t| inputs.sites.text.get(t).to_owned();
            secrets.extend([text(s.id), text(s.name), text(s.uscc)]);
        }
        secrets.extend(
            fixture::SITES.map(|s| s.1.replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")),
        );
        secrets.extend(["钢铁", "苏州纺织", "HYPERLINK", "Söhne"].map(str::to_owned));
        // Ids of towers, cells, nodes, halls, roads and files; heights, azimuths, powers, row references.
        secrets.extend(
            ["SECRET", "secret", "南京云中心", "37.25", "123.5", "52.75", "nodes.csv", "n78\""]
                .map(str::to_owned),
        );
        for p in
            ["118.7612345", "32.0412345", "118.7701", "32.0423456", "118.7812345", "32.0612345", "118.80023"]
        {
            // As given, and cut to four decimals.
            secrets.push(p.to_owned());
            secrets.push(p.chars().take(p.find('.').unwrap_or(0) + 5).collect());
        }
        secrets.retain(|s| !s.is_empty());
        for level in ["inter-agency", "public"] {
            let folder = plan_folder(base.path(), level, &format!("[redact]\nlevel = \"{level}\""), Lang::Zh);
            let mut files = contents(&folder);
            // The parts of workbook and project are compressed; read them as they are.
            for packed in ["report.xlsx", "project.qgz"] {
                let bytes = files.remove(packed).unwrap();
                let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
                for i in 0..zip.len() {
                    let mut part = zip.by_index(i).unwrap();
                    let mut bytes = Vec::new();
                    std::io::Read::read_to_end(&mut part, &mut bytes).unwrap();
                    files.insert(format!("{packed}/{i}"), bytes);
                }
            }
            for (name, bytes) in &files {
                let mut text = String::from_utf8_lossy(bytes).into_owned();
                if name == "plan.json" || name == "manifest.json" {
                    // The carrier catalogue is public and names n78.
                    let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
                    json.as_object_mut().unwrap().remove("configuration");
                    text = json.to_string();
                }
                for s in &secrets {
                    assert!(!text.contains(s.as_str()), "{level}: {name} tells {s}");
                }
                if level == "public" {
                    assert!(!text.contains("江苏电信秘密分公司"), "{name}");
                }
            }
            let html = String::from_utf8_lossy(&files["report.html"]).into_owned();
            assert!(html.contains("已脱敏"), "the banner is on");
            let manifest = String::from_utf8_lossy(&files["manifest.json"]).into_owned();
            assert!(!manifest.contains(&"ab".repeat(32)), "no input hash");
        }
    }

    #[test]
    fn layers_pass_the_rules_of_the_product() {
        let shared = std::env::var("COVPLAN_SHARED").unwrap_or_else(|_| "../shared".into());
        let checker = Path::new(&shared).join("tools/geojson_check.py");
        if !checker.exists() {
            eprintln!("skipped: no {}", checker.display());
            return;
        }
        let base = tempfile::tempdir().unwrap();
        let mut layers = layers_of(&plan_folder(base.path(), "a", "", Lang::En));
        layers.extend(layers_of(&plan_folder(
            base.path(),
            "public",
            "[redact]\nlevel = \"public\"",
            Lang::En,
        )));
        let out = Command::new("python3").arg(&checker).args(&layers).output().unwrap();
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        // The fixture has no feature whose every field is known, so a null may stand in the first one.
        for line in text.lines() {
            let faults =
                line.split("; ").skip(1).filter(|f| *f != "ok" && !f.starts_with("null in first feature"));
            assert_eq!(faults.collect::<Vec<_>>(), Vec::<&str>::new(), "{text}");
        }
        assert_eq!(text.lines().count(), layers.len(), "{text}");
    }

    #[test]
    fn gdal_reads_every_layer() {
        if Command::new("ogrinfo").arg("--version").output().is_err() {
            eprintln!("skipped: no ogrinfo");
            return;
        }
        let base = tempfile::tempdir().unwrap();
        let folder = plan_folder(base.path(), "a", "", Lang::En);
        let expected = [
            ("datacenters", "Point", 1, "sites: Integer"),
            ("fiber_routes", "Line String", 2, "trench_m: Real"),
            ("gaps", "Point", 2, "score: Real"),
            ("lead_ins", "Line String", 1, "joined_id: String"),
            ("pon_nodes", "Point", 2, "serves: Integer"),
            ("regions", "Multi Polygon", 2, "adcode: String"),
            ("sites", "Point", 4, "net_ct_cu_rsrp_dbm: Real"),
            ("stations", "Point", 1, "capex_cny: Real"),
            ("towers", "Point", 2, "cells: Integer"),
        ];
        for (name, geometry, count, field) in expected {
            let path = folder.join(format!("{name}.geojson"));
            let out = Command::new("ogrinfo").args(["-so", "-al"]).arg(&path).output().unwrap();
            let text = String::from_utf8_lossy(&out.stdout).into_owned();
            assert!(text.contains(&format!("Layer name: {name}\n")), "{text}");
            assert!(text.contains(&format!("Geometry: {geometry}\n")), "{text}");
            assert!(text.contains(&format!("Feature Count: {count}\n")), "{text}");
            assert!(text.contains(field), "{text}");
        }
    }
}
