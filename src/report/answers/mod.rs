//! The answers to single questions: each a document, the same as JSON, and a folder of files.

mod centers;
mod centers_drawing;
mod centers_exchange;
mod centers_private;
mod compare;
mod duplicates;
mod energy;
mod failures;
mod hall;
mod joint;
mod kpi;
mod outlook;
mod readiness;
mod uncertainty;

pub use centers::{centers_answer, reasons};
pub use centers_drawing::{curve_svg, map_svg};
pub use compare::{compare_answer, read_run};
pub use duplicates::duplicates_answer;
pub use energy::energy_answer;
pub use failures::failures_answer;
pub use hall::{hall_answer, hall_json, hall_svg};
pub use joint::joint_answer;
pub use kpi::kpi_answer;
pub use outlook::outlook_answer;
pub use readiness::{Readiness, readiness_answer};
pub use uncertainty::uncertainty_answer;

use super::document::{Document, document_json};
use super::explain::read;
use super::layer::Layer;
use super::out::{FillError, MANIFEST, OutFolder, OutputFile, ReportError};
use super::redact::Released;
use super::write::{LayerFiles, OutOptions, RunInfo, pretty};
use super::{csv, html, manifest, markdown, xlsx};
use crate::model::records::StationCount;
use crate::model::said::Said;
use crate::model::settings::Settings;
use crate::report::explain::not_json;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// An answer.
pub struct Answer {
    /// Name: of the command, the JSON file and the schema (`covplan/NAME/1`).
    pub name: &'static str,
    /// For people.
    pub document: Document,
    /// For programs: figures in full, language-independent.
    pub result: Value,
}

impl Answer {
    /// Its schema.
    #[must_use]
    pub fn schema(&self) -> String {
        format!("covplan/{}/1", self.name)
    }

    /// The document that `--json` prints and `NAME.json` holds.
    #[must_use]
    pub fn json(&self) -> Value {
        document_json(&self.schema(), &self.document, self.result.clone())
    }

    /// Writes its folder: `NAME.json`, a CSV of each table, the report in three formats, the manifest.
    ///
    /// # Errors
    /// [`ReportError`]; nothing is left behind or changed then.
    pub fn write(
        &self,
        settings: &Settings,
        run: &RunInfo,
        options: &OutOptions,
        stopped_early: bool,
    ) -> Result<Vec<OutputFile>, ReportError> {
        self.write_with(settings, run, options, stopped_early, &[])
    }

    /// The same, with further files by name.
    ///
    /// # Errors
    /// [`ReportError`]; nothing is left behind or changed then.
    pub fn write_with(
        &self,
        settings: &Settings,
        run: &RunInfo,
        options: &OutOptions,
        stopped_early: bool,
        further: &[(&str, String)],
    ) -> Result<Vec<OutputFile>, ReportError> {
        let mut folder = OutFolder::create(&options.folder, options.overwrite)?;
        self.fill(&mut folder, run, options, &[])?;
        for (name, text) in further {
            folder.file(name, |out| out.write_all(text.as_bytes()))?;
        }
        close(folder, settings, run, stopped_early)
    }

    /// The same, with layers in every format asked for, and pictures: each a file of its own and in the page.
    ///
    /// # Errors
    /// [`ReportError`]; nothing is left behind or changed then.
    pub fn write_drawn(
        &self,
        released: &Released,
        run: &RunInfo,
        options: &OutOptions,
        stopped_early: bool,
        layers: &[Layer],
        pictures: &[Picture],
    ) -> Result<Vec<OutputFile>, ReportError> {
        let mut folder = OutFolder::create(&options.folder, options.overwrite)?;
        let view = released.view();
        let mut files = LayerFiles::new(&options.wanted, run, view.inputs, view.settings)?;
        for layer in layers {
            files.take(&mut folder, layer)?;
        }
        files.finish(&mut folder, self.document.banners.clone())?;
        self.fill(&mut folder, run, options, pictures)?;
        for p in pictures {
            folder.file(p.file, |out| out.write_all(p.svg.as_bytes()))?;
        }
        close(folder, view.settings, run, stopped_early)
    }

    /// Everything but what goes beside it.
    fn fill(
        &self,
        folder: &mut OutFolder,
        run: &RunInfo,
        options: &OutOptions,
        pictures: &[Picture],
    ) -> Result<(), ReportError> {
        let json = self.json();
        folder.file(&format!("{}.json", self.name), |out| pretty(out, &json))?;
        let mut written = BTreeSet::new();
        for table in self.document.tables().filter(|t| written.insert(t.key)) {
            folder.file(&format!("{}.csv", table.key), |out| csv::write_table(table, options.csv, out))?;
        }
        let d = &self.document;
        folder.file("report.md", |out| out.write_all(markdown::markdown(d).as_bytes()))?;
        let page = html::pictured_page(d, run, pictures);
        folder.file("report.html", |out| out.write_all(page.as_bytes()))?;
        let workbook = xlsx::workbook(d, &[])?;
        folder.file("report.xlsx", |out| out.write_all(&workbook))
    }
}

/// A picture of an answer.
pub struct Picture {
    /// Its file.
    pub file: &'static str,
    /// Its title.
    pub title: String,
    /// The picture.
    pub svg: String,
}

/// The manifest last, and the folder is whole.
fn close(
    mut folder: OutFolder,
    settings: &Settings,
    run: &RunInfo,
    stopped_early: bool,
) -> Result<Vec<OutputFile>, ReportError> {
    let outputs = folder.files().to_vec();
    folder.file(MANIFEST, |out| -> Result<(), FillError> {
        let m = manifest::manifest(run, settings, stopped_early, &outputs).map_err(std::io::Error::from)?;
        Ok(pretty(out, &m)?)
    })?;
    folder.commit()
}

/// Dated counts of reported stations by adcode, from the folder of an earlier run of `kpi`, `coverage` or
/// `plan`.
///
/// # Errors
/// When the folder holds none of these, or something else than covplan wrote.
pub fn earlier_counts(folder: &Path) -> Result<BTreeMap<String, StationCount>, ReportError> {
    let own = folder.join("kpi.json");
    let (rows, key) = if own.is_file() {
        let fault = |reason: Said| ReportError::Unreadable { path: own.clone(), reason };
        let bytes = std::fs::read(&own).map_err(|e| fault(Said::from(&e)))?;
        let run: Value = serde_json::from_slice(&bytes).map_err(|e| fault(not_json(&e)))?;
        if run["schema"].as_str() != Some("covplan/kpi/1") {
            return Err(fault(("it isn't of `covplan kpi`", "不是 `covplan kpi` 写出的").into()));
        }
        (run["result"]["regions"].clone(), "adcode")
    } else {
        (read(folder)?["kpis"].clone(), "key")
    };
    let mut counts = BTreeMap::new();
    for row in rows.as_array().into_iter().flatten() {
        let (code, stations) = (row[key].as_str(), row["stations_official"].as_f64());
        if let (Some(code), Some(stations), Some(date)) = (code, stations, row["stat_date"].as_str()) {
            counts.insert(
                code.to_owned(),
                StationCount {
                    stat_date: date.to_owned(),
                    stations,
                    pop_resident: row["residents"].as_f64(),
                },
            );
        }
    }
    Ok(counts)
}
