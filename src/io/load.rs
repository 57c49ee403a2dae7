//! From a project file to everything it names.

use super::broken::BrokenFile;
use super::formats::{Format, How};
use super::land_cover::{LandCoverStore, MAX_LAND_COVER_POSTING_M};
use super::project::{self, ProjectError};
use super::read::{Job, Outcome, PositionsOnly, Reader, delimited};
use super::records::answers::{AnswerReader, ProposalReader, SupplyReader};
use super::records::bulk::{CellReader, SiteReader};
use super::records::lines::{BarrierReader, DuctReader, FiberReader, NodeReader, RoadReader, SegmentReader};
use super::records::points::{CandidateReader, DataCenterReader, MeasurementReader, PowerReader, TownReader};
use super::records::regions::{self, RegionReader};
use super::source::Fault;
use super::terrain::{MAX_PROPAGATION_POSTING_M, TerrainStore, require_posting};
use super::{features, foreign, msi, settle, workbook};
use crate::model::inputs::{Inputs, LayerInfo};
use crate::model::issues::{Issues, Place, Severity};
use crate::model::operators::Operators;
use crate::model::progress::Progress;
use crate::model::project::{LayerSpec, Project};
use crate::model::rules;
use crate::model::said::Said;
use crate::model::schema::{Layer, Shape};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the command line says about reading.
#[derive(Clone, Debug, Default)]
pub struct LoadOptions {
    /// Exchange longitude and latitude in every file in which they look swapped.
    pub swap_xy: bool,
    /// Told how many bytes there are to read, and of every file that is.
    pub progress: Progress,
}

/// Why a project can't be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The project file itself is refused (exit code 2).
    #[error(transparent)]
    Project(#[from] ProjectError),
    /// The data break a rule of level error (exit code 3). Everything was read and checked all the same.
    #[error("{}", first_error(.0))]
    Data(Box<Refused>),
}

/// Inputs that can't be used, with all that is known about them.
pub struct Refused {
    /// The project.
    pub project: Project,
    /// What was read; its `issues` hold at least one error.
    pub inputs: Inputs,
}

impl std::fmt::Debug for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Refused").field("issues", &self.inputs.issues).finish_non_exhaustive()
    }
}

fn first_error(refused: &Refused) -> String {
    let errors = refused.inputs.issues.count(Severity::Error);
    let found = refused.inputs.issues.iter().find(|(f, _)| f.severity == Severity::Error);
    found.map_or_else(String::new, |(f, rule)| {
        let more = if errors > 1 { format!(" ({} more)", errors - 1) } else { String::new() };
        format!("error[{}]: {}: {} {}{more}; {}", f.code, rule.title, f.place, f.value, rule.help)
    })
}

/// Reads a project file and all layers that it names.
///
/// All rows of all files are checked in one pass. Rows that break a rule are dropped and listed in
/// `inputs.issues`; the counts of every layer stand in `inputs.layers`.
///
/// # Errors
/// [`LoadError::Project`] when the project file is refused; [`LoadError::Data`], with everything that was
/// found, when a rule of level error is broken.
pub fn load(path: &Path, options: &LoadOptions) -> Result<(Project, Inputs), LoadError> {
    let project = project::read(path)?;
    let inputs = load_layers(&project, options);
    if inputs.issues.worst() == Some(Severity::Error) {
        return Err(LoadError::Data(Box::new(Refused { project, inputs })));
    }
    Ok((project, inputs))
}

/// Reads the layers of a project, whatever is wrong with them: see `issues` of the result.
#[must_use]
pub fn load_layers(project: &Project, options: &LoadOptions) -> Inputs {
    let mut inputs =
        Inputs { operators: Operators::new(&project.settings.project.sharing_groups), ..Inputs::default() };
    let layers = project.layers.values();
    layers.flat_map(|s| &s.paths).for_each(|p| options.progress.expect(size(&project.resolve(p))));
    // Regions and nodes come before what refers to them only in `finish`; the order here is that of ids.
    for (name, spec) in &project.layers {
        if let Some(layer) = Layer::named(name) {
            LayerLoad { project, options, layer, spec, info: LayerInfo::default() }.run(&mut inputs);
        }
    }
    settle::finish(&mut inputs);
    inputs
}

/// Length of a file; 0 of a folder, and of what isn't there.
fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |m| if m.is_file() { m.len() } else { 0 })
}

/// More operators than a continent has.
const MOST_OPERATORS: usize = 10_000;

struct LayerLoad<'a> {
    project: &'a Project,
    options: &'a LoadOptions,
    layer: &'static Layer,
    spec: &'a LayerSpec,
    info: LayerInfo,
}

impl LayerLoad<'_> {
    fn run(mut self, inputs: &mut Inputs) {
        self.info.files = self.spec.paths.clone();
        self.info.as_of = self.spec.as_of.clone();
        self.info.source = self.spec.source.clone();
        self.info.synthetic = self.spec.synthetic;
        match self.layer.shape {
            Shape::Grid => self.grid(inputs),
            Shape::Patterns => self.patterns(inputs),
            _ => self.rows(inputs),
        }
        inputs.layers.insert(self.layer.name.to_owned(), self.info);
    }

    fn fault(&self, issues: &mut Issues, file: &str, fault: &Fault) {
        let place = Place { file: file.to_owned(), row: fault.row, column: None };
        issues.add_said(fault.rule, self.layer.name, place, &fault.message);
    }

    fn rows(&mut self, inputs: &mut Inputs) {
        let mut issues = std::mem::take(&mut inputs.issues);
        // The parts go where the layer's records live; a match per layer keeps the types apart.
        match self.layer.name {
            "sites" => self.files::<SiteReader>(&mut issues, &mut |p| p.pour(&mut inputs.sites)),
            "cells" => {
                let (cells, operators) = (&mut inputs.cells, &mut inputs.operators);
                self.files::<CellReader>(&mut issues, &mut |p| p.pour(cells, operators));
                // Ids of operators have two bytes; a column of that many different words is another one.
                let met = operators.iter().count();
                if met > MOST_OPERATORS {
                    let fault = Fault::new(
                        &rules::OPERATOR_LIMIT,
                        (format!("{met} different words"), format!("{met} 个不同的词")),
                    );
                    self.fault(&mut issues, &self.spec.paths.join(", "), &fault);
                }
            }
            "measurements" => {
                let (list, operators) = (&mut inputs.measurements, &mut inputs.operators);
                self.files::<MeasurementReader>(&mut issues, &mut |p| p.pour(list, operators));
            }
            "fiber_nodes" => {
                self.files::<NodeReader>(&mut issues, &mut |p| inputs.fiber_nodes.append(&mut p.nodes))
            }
            "fiber_segments" => {
                self.files::<SegmentReader>(&mut issues, &mut |p| {
                    inputs.fiber_segments.append(&mut p.segments)
                });
            }
            "fiber" => self.files::<FiberReader>(&mut issues, &mut |p| {
                inputs.fiber_nodes.append(&mut p.nodes);
                inputs.fiber_segments.append(&mut p.segments);
            }),
            "ducts" => self.files::<DuctReader>(&mut issues, &mut |p| inputs.ducts.append(p)),
            "roads" => self.files::<RoadReader>(&mut issues, &mut |p| p.pour(&mut inputs.roads)),
            "barriers" => self.files::<BarrierReader>(&mut issues, &mut |p| inputs.barriers.append(p)),
            "candidates" => self.files::<CandidateReader>(&mut issues, &mut |p| inputs.candidates.append(p)),
            "power" => self.files::<PowerReader>(&mut issues, &mut |p| inputs.power.append(p)),
            "datacenters" => {
                self.files::<DataCenterReader>(&mut issues, &mut |p| inputs.datacenters.append(p))
            }
            "towns" => self.files::<TownReader>(&mut issues, &mut |p| inputs.towns.append(p)),
            "projects" => self.files::<ProposalReader>(&mut issues, &mut |p| inputs.projects.append(p)),
            "supply_links" => self.files::<SupplyReader>(&mut issues, &mut |p| inputs.supply_links.append(p)),
            "questionnaire" => {
                self.files::<AnswerReader>(&mut issues, &mut |p| inputs.questionnaire.append(p))
            }
            "regions" => {
                let mut rows = Vec::new();
                self.files::<RegionReader>(&mut issues, &mut |p| rows.append(p));
                let joined = regions::join(rows, &self.info.files, &mut issues, &mut inputs.regions);
                self.info.rows_dropped += joined.dropped;
                self.info.rows_kept = inputs.regions.len() as u64;
            }
            _ => {}
        }
        inputs.issues = issues;
        for (number, shown) in self.spec.paths.iter().enumerate() {
            let path = self.project.resolve(shown);
            let Some(format) = Format::of_file(self.spec, shown, &path) else { continue };
            if matches!(format.how, How::Osm | How::Topology) {
                let file = u16::try_from(number).unwrap_or(u16::MAX);
                let given =
                    foreign::Given { layer: self.layer, spec: self.spec, shown, path: &path, file, format };
                match foreign::read(&given, inputs) {
                    Ok(counts) => {
                        self.info.rows_read += counts.read;
                        self.info.rows_kept += counts.kept;
                        self.info.rows_dropped += counts.read - counts.kept;
                        self.info.crs = "WGS 84".to_owned();
                    }
                    Err(fault) => {
                        let mut issues = std::mem::take(&mut inputs.issues);
                        self.fault(&mut issues, shown, &fault);
                        inputs.issues = issues;
                    }
                }
                self.options.progress.add(size(&path));
            }
        }
    }

    /// Reads every table and feature file of the layer.
    fn files<R: Reader>(&mut self, issues: &mut Issues, sink: &mut (dyn FnMut(&mut R::Part) + Send)) {
        for (number, shown) in self.spec.paths.iter().enumerate() {
            let path = self.project.resolve(shown);
            let mut job = Job {
                layer: self.layer,
                spec: self.spec,
                settings: &self.project.settings,
                file: u16::try_from(number).unwrap_or(u16::MAX),
                shown,
                path: &path,
                swap: self.spec.swap_xy,
            };
            let format = Format::of_file(self.spec, shown, &path);
            if self.options.swap_xy && !job.swap {
                // Looks at the positions alone first, so that files in order stay as they are.
                let mut unheard = Issues::default();
                let looked = read_file::<PositionsOnly>(&job, format, &mut unheard, &mut |_| {});
                job.swap = looked.is_ok_and(|o| o.is_some_and(|o| o.swapped));
                if job.swap {
                    self.info.turned.push(shown.clone());
                }
            }
            match read_file::<R>(&job, format, issues, sink) {
                Ok(Some(o)) => self.count(o),
                // Read elsewhere.
                Ok(None) => continue,
                Err(fault) => self.fault(issues, shown, &fault),
            }
            self.options.progress.add(size(&path));
        }
    }

    fn count(&mut self, o: Outcome) {
        let info = &mut self.info;
        info.rows_read += o.read;
        info.rows_filtered += o.filtered;
        info.rows_dropped += o.dropped;
        info.rows_kept += o.kept;
        info.sha256 = o.digest.or(info.sha256.take());
        for (mine, theirs) in [(&mut info.columns, o.columns), (&mut info.unknown_columns, o.unknown_columns)]
        {
            for c in theirs {
                if !mine.contains(&c) {
                    mine.push(c);
                }
            }
        }
        if info.crs.is_empty() {
            info.crs = o.crs;
        } else if info.crs != o.crs {
            info.crs = format!("{}, {}", info.crs, o.crs);
        }
    }

    /// Reads antenna patterns; a folder stands for the pattern files in it.
    fn patterns(&mut self, inputs: &mut Inputs) {
        for shown in &self.spec.paths {
            let path = self.project.resolve(shown);
            let alone = !path.is_dir();
            let files = if !alone { msi::patterns_in(&path) } else { Ok(vec![path]) };
            let files = match files {
                Ok(files) => files,
                Err(e) => {
                    let fault = Fault::new(&rules::FILE_UNREADABLE, Said::from(&e));
                    self.fault(&mut inputs.issues, shown, &fault);
                    continue;
                }
            };
            for file in files {
                self.info.rows_read += 1;
                match msi::read(&file) {
                    Ok(pattern) => {
                        self.info.rows_kept += 1;
                        inputs.antennas.push(pattern);
                    }
                    Err(fault) => {
                        let inside =
                            file.file_name().map_or_else(String::new, |f| f.to_string_lossy().into_owned());
                        let place = if alone { shown.clone() } else { format!("{shown}/{inside}") };
                        self.fault(&mut inputs.issues, &place, &fault);
                    }
                }
            }
        }
    }

    fn grid(&mut self, inputs: &mut Inputs) {
        let paths: Vec<PathBuf> = self.spec.paths.iter().map(|p| self.project.resolve(p)).collect();
        let shown = self.spec.paths.join(", ");
        let crs = match self.spec.crs.as_deref().map(str::parse).transpose() {
            Ok(crs) => crs,
            Err(e) => {
                let e: crate::crs::CrsError = e;
                let fault = Fault::new(&rules::CRS_UNUSABLE, Said::from(&e));
                return self.fault(&mut inputs.issues, &shown, &fault);
            }
        };
        let budget_bytes = self.project.settings.radio.terrain.cache_mb as usize * (1 << 20);
        match TerrainStore::open(&paths, crs.as_ref(), budget_bytes) {
            Ok(store) => {
                self.info.rows_read = store.len() as u64;
                self.info.rows_kept = self.info.rows_read;
                let dem = self.layer.name == "dem";
                let (limit_m, rule, (what, what_zh)) = if dem {
                    (MAX_PROPAGATION_POSTING_M, &rules::TERRAIN_COARSE, ("heights", "高程点"))
                } else {
                    (MAX_LAND_COVER_POSTING_M, &rules::LAND_COVER_COARSE, ("samples", "像元"))
                };
                let coarse = require_posting(&store, limit_m).err();
                if let Some(coarse) = coarse {
                    let place = Place { file: shown.clone(), ..Place::default() };
                    let posting_m = coarse.posting_m;
                    let value = (
                        format!("{posting_m:.0} m between {what}, at most {limit_m:.0} m"),
                        format!("{what_zh}间距 {posting_m:.0} 米，至多 {limit_m:.0} 米"),
                    );
                    inputs.issues.add_said(rule, self.layer.name, place, &value.into());
                }
                if dem {
                    inputs.terrain = Some(Arc::new(store));
                } else if coarse.is_none() {
                    let settings = &self.project.settings.radio.land_cover;
                    let cover = LandCoverStore::new(store, settings, &self.spec.classes);
                    inputs.land_cover = Some(Arc::new(cover));
                }
            }
            Err(e) => {
                let (path, fault) = broken(e);
                let file = self.spec.paths.iter().find(|p| self.project.resolve(p) == path);
                let file = file.cloned().unwrap_or_else(|| path.display().to_string());
                self.fault(&mut inputs.issues, &file, &fault);
            }
        }
    }
}

/// What a file of heights, an OSM extract or a topology that can't be read breaks.
pub(super) fn broken(e: BrokenFile) -> (PathBuf, Fault) {
    let path = e.path().to_path_buf();
    let fault = match e {
        BrokenFile::Unreadable { source, .. } => Fault::new(&rules::FILE_UNREADABLE, Said::from(&source)),
        BrokenFile::Damaged { offset, what, .. } => {
            let at = |before: &str, after: &str| {
                offset.map_or_else(String::new, |o| format!("{before}{o}{after}"))
            };
            let said = (what.en + &at(" (byte ", ")"), what.zh + &at("（第 ", " 字节处）"));
            Fault::new(&rules::FILE_DAMAGED, said)
        }
        BrokenFile::Unsupported { what, .. } => Fault::new(&rules::FORMAT_UNFIT, what),
        BrokenFile::Crs { source, .. } => Fault::new(&rules::CRS_UNUSABLE, Said::from(&source)),
    };
    (path, fault)
}

/// Reads one file; `None` for formats that other code reads.
fn read_file<R: Reader>(
    job: &Job<'_>,
    format: Option<&'static Format>,
    issues: &mut Issues,
    sink: &mut (dyn FnMut(&mut R::Part) + Send),
) -> Result<Option<Outcome>, Fault> {
    let Some(format) = format else {
        return Err(Fault::new(
            &rules::FORMAT_UNKNOWN,
            ("the file name doesn't tell the format", "文件名看不出格式"),
        ));
    };
    match format.how {
        How::Delimited | How::Workbook if job.spec.layer.is_some() => {
            let message = (
                "tables have no layers to choose from; a workbook's sheet is named by `sheet`",
                "表格没有可选图层；工作簿的工作表用 `sheet` 指定",
            );
            Err(Fault::new(&rules::LAYER_MISSING, message))
        }
        How::Delimited => delimited::<R>(job, issues, sink).map(Some),
        How::Workbook => workbook::workbook::<R>(job, issues, sink).map(Some),
        How::Features(f) => features::read::<R>(f, job, issues, sink).map(Some),
        How::Osm | How::Topology => Ok(None),
        How::Grid => {
            let (word, layer) = (format.word(), job.layer.name);
            let message = (
                format!("{word} holds a grid, and {layer} has rows"),
                format!("{word} 是栅格，而 {layer} 需要逐行数据"),
            );
            Err(Fault::new(&rules::FORMAT_UNFIT, message))
        }
    }
}
