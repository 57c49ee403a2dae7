//! Layers that claim WGS 84 and lie as GCJ-02 or BD-09 would, by the places that they share with another layer.

use crate::crs::suspicion::{DatumEvidence, Places};
use crate::geom::LonLat;
use crate::model::inputs::Inputs;
use crate::model::issues::{Issues, Place};
use crate::model::rules;
use rayon::prelude::*;

/// Positions of the layers that may share places: sites stand where indoor cells, cabinets and candidates
/// stand, cells where the tower ledger has them, cabinets at the ends of ducts.
fn positions(inputs: &Inputs) -> Vec<(&'static str, Places)> {
    let fiber = |name: &'static str| if inputs.layers.contains_key(name) { name } else { "fiber" };
    // Cells of a tower stand one after the other.
    let mut towers: Vec<LonLat> = Vec::new();
    for cell in &inputs.cells.list {
        if towers.last() != Some(&cell.at) {
            towers.push(cell.at);
        }
    }
    let mut all: Vec<(&'static str, Vec<LonLat>)> = vec![
        ("sites", inputs.sites.list.iter().map(|s| s.at).collect()),
        ("cells", towers),
        (fiber("fiber_nodes"), inputs.fiber_nodes.iter().map(|n| n.at).collect()),
        (fiber("fiber_segments"), inputs.fiber_segments.iter().flat_map(|s| s.line.clone()).collect()),
        ("ducts", inputs.ducts.iter().flat_map(|d| d.line.clone()).collect()),
        ("candidates", inputs.candidates.iter().map(|c| c.at).collect()),
        ("datacenters", inputs.datacenters.iter().map(|d| d.at).collect()),
    ];
    all.retain(|(name, at)| !at.is_empty() && inputs.layers.contains_key(*name));
    all.into_iter().map(|(name, at)| (name, Places::new(at))).collect()
}

/// Warns, with the evidence, of each layer that seems to be in another datum than it claims.
pub(super) fn suspect(inputs: &Inputs, issues: &mut Issues) {
    let all = positions(inputs);
    let claims = |name: &str| inputs.layers.get(name).is_some_and(|l| l.crs == "WGS 84");
    for (name, layer) in all.iter().filter(|(name, _)| claims(name)) {
        let against = |reference: &str, at: &Places| -> Option<(String, DatumEvidence)> {
            let found = layer.against(at);
            found.suspected.map(|_| (reference.to_owned(), found))
        };
        let found: Vec<_> =
            all.par_iter().filter(|r| r.0 != *name).filter_map(|(r, at)| against(r, at)).collect();
        let matched = |e: &DatumEvidence| e.suspected_fit().map_or(0, |f| f.matched);
        // The first of equals.
        let best = found.into_iter().reduce(|a, b| if matched(&b.1) > matched(&a.1) { b } else { a });
        let Some((reference, e)) = best else { continue };
        let (Some(datum), Some(fit)) = (e.suspected, e.suspected_fit()) else { continue };
        let value = format!(
            "against {reference}, {} of {} places meet within {:.0} m when read as {}, {} as given; it lies {:.0} m east and {:.0} m north",
            fit.matched,
            e.compared,
            e.within_m,
            datum.as_str(),
            e.as_claimed.matched,
            e.east_m,
            e.north_m
        );
        let file = inputs.layers.get(*name).and_then(|l| l.files.first().cloned()).unwrap_or_default();
        issues.add(&rules::DATUM_SUSPECT, name, Place { file, ..Place::default() }, &value);
    }
}
