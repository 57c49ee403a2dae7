//! Made-up study areas: a whole project from a name, two counts and a seed.
//!
//! The towns are real (GeoNames); everything else is drawn: factories around towns and in industrial
//! parks, towers and cells with gaps between them, roads, ducts, fiber, power, data centers and regions.
//! Nothing here describes a real asset, and every layer says so. The same recipe gives the same bytes on
//! any machine of one kind, whatever the number of threads.

mod cells;
mod draw;
mod gazetteer;
mod names;
mod plane;
mod sites;

use crate::model::inputs::{Inputs, LayerInfo};
use crate::model::operators::Operators;
use crate::model::records::Town;
use gazetteer::Gazetteer;

/// What to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// Region: a Chinese province or a larger city, in English, Chinese or by GB/T 2260 code, or `China`.
    pub region: String,
    /// Number of factories, met exactly.
    pub sites: usize,
    /// Number of radio cells, met exactly.
    pub cells: usize,
    /// Seed of all draws.
    pub seed: u64,
}

/// Why a recipe can't be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SynthError {
    /// The table of towns has no such region.
    #[error("no region `{name}` in the embedded table of towns{}", suggestion.map(|s| format!(", did you mean `{s}`?")).unwrap_or_default())]
    UnknownRegion {
        /// The name as given.
        name: String,
        /// The nearest name that exists.
        suggestion: Option<&'static str>,
    },
    /// More records than the numbering of rows allows.
    #[error("{0} records are more than the 4,000,000,000 that can be numbered")]
    TooMany(usize),
}

/// Makes a study area.
///
/// # Errors
/// [`SynthError`] when the region isn't known or a count is beyond numbering.
///
/// # Example
/// ```
/// use covplan::synth::{Recipe, generate};
/// let recipe = Recipe { region: "浙江".into(), sites: 200, cells: 600, seed: 7 };
/// let inputs = generate(&recipe)?;
/// assert_eq!((inputs.sites.list.len(), inputs.cells.list.len()), (200, 600));
/// # Ok::<(), covplan::synth::SynthError>(())
/// ```
pub fn generate(recipe: &Recipe) -> Result<Inputs, SynthError> {
    let most = recipe.sites.max(recipe.cells);
    if most > 4_000_000_000 {
        return Err(SynthError::TooMany(most));
    }
    let Some(gazetteer) = Gazetteer::find(&recipe.region) else {
        let suggestion = gazetteer::province_names()
            .map(|n| (strsim::jaro_winkler(&n.to_lowercase(), &recipe.region.trim().to_lowercase()), n))
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .filter(|(likeness, _)| *likeness > 0.75)
            .map(|(_, n)| n);
        return Err(SynthError::UnknownRegion { name: recipe.region.clone(), suggestion });
    };
    Ok(build(&gazetteer, recipe.sites, recipe.cells, recipe.seed))
}

/// The embedded study area: Jiangsu and its thirteen cities, 3,200 factories, 9,600 cells, fixed seed.
#[must_use]
pub fn demo() -> Inputs {
    build(&Gazetteer::jiangsu(), 3_200, 9_600, 20_260_930)
}

fn build(g: &Gazetteer, site_count: usize, cell_count: usize, seed: u64) -> Inputs {
    let plane = plane::Plane::new(g);
    let clusters = sites::clusters(g, &plane, seed);
    let sites = sites::sites(g, &plane, &clusters, site_count, seed);
    // The same sharing groups as the catalogue's default.
    let groups = [["cmcc", "cbn"], ["ct", "cu"]].map(|g| g.map(str::to_owned).to_vec());
    let mut operators = Operators::new(&groups);
    let (cells, _towers) = cells::cells(g, &plane, &clusters, &sites, cell_count, seed, &mut operators);
    let towns = g
        .places
        .iter()
        .map(|p| Town { name: p.name.clone(), name_zh: p.name_zh.clone(), at: p.at, population: p.listed })
        .collect();
    let mut inputs = Inputs { sites, cells, operators, towns, ..Inputs::default() };
    describe(&mut inputs, &g.name, seed);
    inputs
}

/// Says of every layer that it is synthetic, and from what.
fn describe(inputs: &mut Inputs, region: &str, seed: u64) {
    let source =
        format!("synthetic: covplan synth, region {region}, seed {seed}; towns: GeoNames (CC BY 4.0)");
    let mut note = |layer: &str, file: &str, rows: usize| {
        let info = LayerInfo {
            files: vec![file.to_owned()],
            rows_read: rows as u64,
            rows_kept: rows as u64,
            as_of: Some("2026-09-30".to_owned()),
            source: Some(source.clone()),
            crs: "EPSG:4326".to_owned(),
            synthetic: true,
            ..LayerInfo::default()
        };
        inputs.layers.insert(layer.to_owned(), info);
    };
    note("sites", "sites.csv", inputs.sites.list.len());
    note("cells", "cells.csv", inputs.cells.list.len());
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn look() {
        let t = std::time::Instant::now();
        let i = demo();
        eprintln!("{:?} sites {} cells {}", t.elapsed(), i.sites.list.len(), i.cells.list.len());
        let mut city = std::collections::BTreeMap::new();
        for s in &i.sites.list {
            *city.entry(i.sites.text.get(s.city)).or_insert(0) += 1;
        }
        eprintln!("{city:?}");
        let mut ops = std::collections::BTreeMap::new();
        for c in &i.cells.list {
            *ops.entry((i.operators.code(c.operator), c.rat.code(), c.freq_mhz.or(0.0) as i32))
                .or_insert(0) += 1;
        }
        eprintln!("{ops:?}");
        for k in [0, 1, 2, 50, 51, 52, 700, 1500] {
            let s = &i.sites.list[k];
            eprintln!(
                "{} {} {} {:?} {:?} {}",
                i.sites.text.get(s.id),
                i.sites.text.get(s.name),
                i.sites.text.get(s.park),
                s.firm_size,
                s.at,
                i.sites.text.get(s.sector)
            );
        }
        // distance to nearest NR cell
        let ix = crate::index::PointIndex::of(
            i.cells
                .list
                .iter()
                .zip(0..)
                .filter(|(c, _)| c.rat == crate::model::kinds::Rat::Nr)
                .map(|(c, k)| (k, c.at)),
        );
        let mut d: Vec<f64> = i.sites.list.iter().map(|s| ix.nearest(s.at).unwrap().distance_m).collect();
        d.sort_by(f64::total_cmp);
        for q in [0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99] {
            eprint!("{q}:{:.0} ", d[(q * d.len() as f64) as usize]);
        }
        let t = std::time::Instant::now();
        let i = generate(&Recipe { region: "Jiangsu".into(), sites: 1_000_000, cells: 5_000_000, seed: 1 })
            .unwrap();
        eprintln!("\n{:?} sites {} cells {}", t.elapsed(), i.sites.list.len(), i.cells.list.len());
    }
}
