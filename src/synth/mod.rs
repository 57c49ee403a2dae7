//! Made-up study areas: a whole project from a name, two counts and a seed.
//!
//! The towns are real (GeoNames); everything else is drawn: factories around towns and in industrial
//! parks, towers and cells with gaps between them, roads, ducts, fiber, power, data centers and regions.
//! Nothing here describes a real asset, and every layer says so. The same recipe gives the same bytes on
//! any machine of one kind, whatever the number of threads.

mod cells;
mod draw;
mod drive_tests;
mod facilities;
mod fiber;
mod gazetteer;
mod names;
mod plane;
mod regions;
mod sites;
mod streets;

use crate::model::inputs::{Inputs, LayerInfo};
use crate::model::kinds::Lang;
use crate::model::operators::Operators;
use crate::model::records::Town;
use crate::model::said::{Bilingual, did_you_mean_zh};
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

impl Bilingual for SynthError {
    fn zh(&self) -> String {
        match self {
            Self::UnknownRegion { name, suggestion } => {
                format!("内置城镇表中没有区域 `{name}`{}", did_you_mean_zh(*suggestion))
            }
            Self::TooMany(n) => format!("{n} 条记录超出可编号的 4,000,000,000 条"),
        }
    }
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
        let suggestion = provinces(Lang::En)
            .chain(provinces(Lang::Zh))
            .map(|n| (strsim::jaro_winkler(&n.to_lowercase(), &recipe.region.trim().to_lowercase()), n))
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .filter(|(likeness, _)| *likeness > 0.75)
            .map(|(_, n)| n);
        return Err(SynthError::UnknownRegion { name: recipe.region.clone(), suggestion });
    };
    Ok(build(&gazetteer, recipe.sites, recipe.cells, recipe.seed))
}

/// The provinces that a [`Recipe`] may name, in the language given.
pub fn provinces(lang: Lang) -> impl Iterator<Item = &'static str> {
    gazetteer::PROVINCES.iter().map(move |p| lang.pick(p.1, p.2))
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
    let (cells, towers) = cells::cells(g, &plane, &clusters, &sites, cell_count, seed, &mut operators);
    let network = streets::network(g, &plane, &clusters, seed);
    let fiber = fiber::fiber(g, &network, seed);
    let candidates = facilities::candidates(&clusters, &sites, &cells, &towers, &network, seed);
    let tests = (site_count / 2).clamp(500, 20_000);
    let measurements = drive_tests::measurements(&towers, &cells, &operators, tests, seed);
    let towns = g
        .places
        .iter()
        .map(|p| Town { name: p.name.clone(), name_zh: p.name_zh.clone(), at: p.at, population: p.listed })
        .collect();
    let at: Vec<_> = sites.list.iter().map(|s| s.at).collect();
    let roads = streets::roads(&network, &at, seed);
    let mut inputs = Inputs {
        sites,
        cells,
        operators,
        fiber_nodes: fiber.nodes,
        fiber_segments: fiber.segments,
        ducts: fiber.ducts,
        roads,
        candidates,
        regions: regions::regions(g, &plane, seed),
        power: facilities::power(g, seed),
        datacenters: facilities::datacenters(g, seed),
        measurements,
        towns,
        ..Inputs::default()
    };
    describe(&mut inputs, &g.name, seed);
    inputs
}

/// Says of every layer that it is synthetic, and from what; the towns alone are real.
fn describe(inputs: &mut Inputs, region: &str, seed: u64) {
    let source =
        format!("synthetic: covplan synth, region {region}, seed {seed}; towns: GeoNames (CC BY 4.0)");
    let counts = [
        ("sites", "sites.csv", inputs.sites.list.len()),
        ("cells", "cells.csv", inputs.cells.list.len()),
        ("fiber_nodes", "fiber_nodes.csv", inputs.fiber_nodes.len()),
        ("fiber_segments", "fiber_segments.geojson", inputs.fiber_segments.len()),
        ("ducts", "ducts.geojson", inputs.ducts.len()),
        ("roads", "roads.geojson", inputs.roads.list.len()),
        ("candidates", "candidates.csv", inputs.candidates.len()),
        ("regions", "regions.geojson", inputs.regions.len()),
        ("power", "power.csv", inputs.power.len()),
        ("datacenters", "datacenters.csv", inputs.datacenters.len()),
        ("measurements", "measurements.csv", inputs.measurements.len()),
    ];
    for (layer, file, rows) in counts {
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
    }
    let towns = inputs.towns.len() as u64;
    let info = LayerInfo {
        files: vec!["towns.csv".to_owned()],
        rows_read: towns,
        rows_kept: towns,
        source: Some("GeoNames (CC BY 4.0), reduced".to_owned()),
        crs: "EPSG:4326".to_owned(),
        ..LayerInfo::default()
    };
    inputs.layers.insert("towns".to_owned(), info);
}

#[cfg(test)]
mod tests;
