//! Files of features: rows with named properties and a geometry of their own. What is common to all such
//! formats is here; each format is a [`FeatureFormat`] in a file of its own.

use super::binding::{Binding, HeaderNames};
use super::read::{Job, Outcome, OwnedRow, Reader, Run};
use super::shape::RawShape;
use super::source::Fault;
use super::values::Owned;
use crate::model::issues::Issues;
use crate::model::project::LayerSpec;
use crate::model::rules;
use crate::model::schema::{Layer, header_key};
use rustc_hash::FxHashMap;
use sha2::{Digest, Sha256};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// What is wanted from a file.
#[derive(Clone, Copy)]
pub(super) struct Ask<'a> {
    pub path: &'a Path,
    pub spec: &'a LayerSpec,
    /// The layer that it is read for; none while it is only looked at.
    pub layer: Option<&'static Layer>,
}

/// Some rows of a layer, in the order of the file.
pub(super) struct Rows<'r> {
    /// The columns met so far; later parts may add some at the end.
    pub names: &'r [HeaderNames],
    /// The coordinate system that the file states.
    pub crs: Option<&'r str>,
    pub rows: Vec<OwnedRow>,
}

/// Takes parts; tells whether more are wanted.
pub(super) type Take<'t> = dyn FnMut(Rows<'_>) -> Result<ControlFlow<()>, Fault> + 't;

/// A format whose rows are features.
pub(super) trait FeatureFormat: Sync {
    /// The layers in a file, of formats that may hold several of them.
    ///
    /// # Errors
    /// When the file can't be read.
    fn layers(&self, _ask: &Ask<'_>) -> Result<Vec<String>, Fault> {
        Ok(Vec::new())
    }

    /// Whether all layers of a file may be read as one, by [`read`](Self::read) of none.
    fn reads_whole(&self) -> bool {
        false
    }

    /// Hands over the rows of a layer (one of [`layers`](Self::layers), where there are any), part by part.
    /// A file without rows may hand over none, or one part without rows.
    ///
    /// # Errors
    /// When the file can't be read on.
    fn read(&self, ask: &Ask<'_>, layer: Option<&str>, take: &mut Take<'_>) -> Result<(), Fault>;

    /// The files that make up one: more than one where a format is spread over several, none for a database.
    fn parts(&self, path: &Path) -> Vec<PathBuf> {
        vec![path.to_path_buf()]
    }
}

/// Rows of one part: enough to share the work, few enough to stay small.
pub(super) const PART_ROWS: usize = 32_768;
/// Bytes from which on a part is full, however few its rows.
pub(super) const PART_BYTES: usize = 64 << 20;

/// Features as rows: the names of columns are the union of their properties, in order of first appearance.
#[derive(Default)]
pub(super) struct Keys {
    pub names: Vec<HeaderNames>,
    index: FxHashMap<String, usize>,
}

/// A feature as read.
#[derive(Default)]
pub(super) struct Feature {
    pub properties: Vec<(String, Owned)>,
    pub shape: Option<RawShape>,
}

impl Keys {
    /// Features as rows of all keys met so far, theirs included; `first` is the number of the first.
    pub fn rows(&mut self, features: Vec<Feature>, first: u32) -> Vec<OwnedRow> {
        for (key, _) in features.iter().flat_map(|f| &f.properties) {
            if !self.index.contains_key(key) {
                self.index.insert(key.clone(), self.names.len());
                self.names.push(vec![key.clone()]);
            }
        }
        let row = |(f, number): (Feature, u32)| {
            let mut values = vec![Owned::Blank; self.names.len()];
            for (key, value) in f.properties {
                if let Some(i) = self.index.get(&key) {
                    values[*i] = value;
                }
            }
            OwnedRow { number, values, shape: f.shape }
        };
        features.into_iter().zip(first..).map(row).collect()
    }
}

/// What a project says to have all layers of a file read as one.
const ALL_LAYERS: &str = "*";

/// The layer of a file that is meant: the one that the project names, else the only one, else the one called
/// as the project's layer.
///
/// # Errors
/// When there is none, or no telling which.
pub(super) fn choose(format: &dyn FeatureFormat, ask: &Ask<'_>) -> Result<Option<String>, Fault> {
    let all = format.layers(ask)?;
    let list = all.join(", ");
    if format.reads_whole() && ask.spec.layer.as_deref() == Some(ALL_LAYERS) {
        return Ok(None);
    }
    if let Some(wanted) = &ask.spec.layer {
        let key = header_key(wanted).0;
        let found = all.iter().find(|l| *l == wanted).or_else(|| all.iter().find(|l| header_key(l).0 == key));
        return match found {
            Some(name) => Ok(Some(name.clone())),
            None if all.is_empty() => Err(Fault::new(
                &rules::LAYER_MISSING,
                ("a file of this format has no layers to choose from", "该格式的文件没有可选图层"),
            )),
            None => {
                let message = (
                    format!("no layer is called `{wanted}`; there are: {list}"),
                    format!("没有名为 `{wanted}` 的图层；现有：{list}"),
                );
                Err(Fault::new(&rules::LAYER_MISSING, message))
            }
        };
    }
    if let [] | [_] = all.as_slice() {
        return Ok(all.into_iter().next());
    }
    let named = ask.layer.and_then(|layer| {
        let keys = [layer.name, layer.zh].map(|n| header_key(n).0);
        all.iter().find(|l| keys.contains(&header_key(l).0))
    });
    match named {
        Some(name) => Ok(Some(name.clone())),
        None => {
            let (or_all, or_all_zh) = match format.reads_whole() {
                true => (", or take all with `layer = \"*\"`", "，或用 `layer = \"*\"` 全部读入"),
                false => ("", ""),
            };
            let message = (
                format!("it holds several layers; name one with `layer = \"...\"`{or_all}: {list}"),
                format!("含多个图层；请用 `layer = \"...\"` 指定其一{or_all_zh}：{list}"),
            );
            Err(Fault::new(&rules::LAYER_MISSING, message))
        }
    }
}

/// Reads a file of features into a layer.
pub(super) fn read<R: Reader>(
    format: &dyn FeatureFormat,
    job: &Job<'_>,
    issues: &mut Issues,
    sink: &mut (dyn FnMut(&mut R::Part) + Send),
) -> Result<Outcome, Fault> {
    let ask = Ask { path: job.path, spec: job.spec, layer: Some(job.layer) };
    let chosen = choose(format, &ask)?;
    let mut run: Option<Run<'_, R>> = None;
    let mut known = 0;
    let mut has_geometry = false;
    let mut crs = None;
    let mut digest = format.parts(job.path).is_empty().then(Sha256::new);
    format.read(&ask, chosen.as_deref(), &mut |part| {
        if let Some(d) = &mut digest {
            part.rows.iter().for_each(|r| d.update(format!("{:?}{:?}\n", r.values, r.shape)));
        }
        if part.rows.is_empty() {
            crs = crs.take().or_else(|| part.crs.map(str::to_owned));
            return Ok(ControlFlow::Continue(()));
        }
        has_geometry |= part.rows.iter().any(|r| r.shape.is_some());
        if run.is_none() || part.names.len() > known {
            known = part.names.len();
            let sample: Vec<Vec<_>> =
                part.rows.iter().take(200).map(|r| r.values.iter().map(Owned::borrow).collect()).collect();
            let binding = Binding::new(job.layer, part.names, job.spec);
            match &mut run {
                None => run = Some(Run::new(job, binding, part.crs, &sample)?),
                Some(r) => r.rebind(binding, part.crs, &sample)?,
            }
        }
        if let Some(r) = &mut run {
            r.rows(&part.rows, issues, sink)?;
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let mut outcome = match run {
        Some(r) => r.finish(issues, None, has_geometry),
        // A file without features is a valid, empty layer.
        None => Outcome { crs: crs.unwrap_or_else(|| "WGS 84".to_owned()), ..Outcome::default() },
    };
    outcome.digest = digest.map(|d| d.finalize().iter().map(|b| format!("{b:02x}")).collect());
    Ok(outcome)
}
