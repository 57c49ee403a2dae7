//! The folder of `covplan area`: rasters of level, SINR and rate, contours of level, and the summary.

use super::contours::{Samples, at_least};
use super::formats::Wanted;
use super::geotiff::Raster;
use super::layer::{Columns, Layer, Shape};
use super::manifest;
use super::out::{FillError, MANIFEST, OutFolder, OutputFile, ReportError};
use super::write::{LayerFiles, OutOptions, RunInfo, pretty};
use crate::coverage::area::{AreaMap, AreaSummary};
use crate::model::inputs::Inputs;
use crate::model::settings::Settings;
use crate::radio::area::{NO_LEVEL_DBM, Pixel, Tile, Window};
use geo_types::MultiPolygon;
use serde_json::{Value, json};
use std::io::{self, Write};

/// Contours are drawn from at most this many samples.
const CONTOUR_SAMPLES: usize = 4_000_000;

/// A folder that takes a map tile by tile.
pub struct AreaFolder {
    folder: OutFolder,
    wanted: Wanted,
    window: Window,
    rasters: [(&'static str, fn(&Pixel) -> f32, Raster); 4],
    /// Levels at every `thinning`-th pixel, for contours.
    thinning: usize,
    levels: Vec<f32>,
}

impl AreaFolder {
    /// Begins a folder.
    ///
    /// # Errors
    /// [`ReportError`].
    pub fn create(options: &OutOptions, window: &Window) -> Result<Self, ReportError> {
        let folder = OutFolder::create(&options.folder, options.overwrite)?;
        let raster = |about, unit| {
            Raster::new(window, about, unit)
                .map_err(|source| ReportError::Failed { path: options.folder.clone(), source })
        };
        let mut thinning = 1;
        while window.columns.div_ceil(thinning) * window.rows.div_ceil(thinning) > CONTOUR_SAMPLES {
            thinning *= 2;
        }
        let samples = window.columns.div_ceil(thinning) * window.rows.div_ceil(thinning);
        Ok(Self {
            folder,
            wanted: options.wanted.clone(),
            window: *window,
            rasters: [
                ("rsrp.tif", |p| p.rsrp_dbm, raster("median SS-RSRP of the best server", "dBm")?),
                ("ss_sinr.tif", |p| p.ss_sinr_db, raster("SS-SINR of the best server", "dB")?),
                (
                    "dl_rate.tif",
                    |p| p.dl_mbps,
                    raster("downlink rate of the best server's network", "Mbit/s")?,
                ),
                (
                    "p_served.tif",
                    |p| p.p_met[0],
                    raster("probability of the threshold SS-RSRP at a place", "")?,
                ),
            ],
            thinning,
            levels: vec![f32::NAN; samples],
        })
    }

    /// Takes the next tile.
    ///
    /// # Errors
    /// [`ReportError`] when the disk refuses.
    pub fn take(&mut self, tile: &Tile) -> Result<(), ReportError> {
        for (name, of, raster) in &mut self.rasters {
            let values: Vec<f32> = tile.pixels.iter().map(*of).collect();
            raster
                .push(&tile.window, &values)
                .map_err(|source| ReportError::Failed { path: (*name).into(), source })?;
        }
        let left = (tile.window.first_column - self.window.first_column) as usize;
        let top = (tile.window.first_row - self.window.first_row) as usize;
        let across = self.window.columns.div_ceil(self.thinning);
        for (i, p) in tile.pixels.iter().enumerate() {
            let (c, r) = (left + i % tile.window.columns, top + i / tile.window.columns);
            if c % self.thinning == 0 && r % self.thinning == 0 {
                self.levels[r / self.thinning * across + c / self.thinning] = p.rsrp_dbm;
            }
        }
        Ok(())
    }

    /// Writes everything and moves it into place.
    ///
    /// # Errors
    /// [`ReportError`]; nothing is left behind or changed then.
    pub fn finish(
        self,
        inputs: &Inputs,
        settings: &Settings,
        run: &RunInfo,
        map: &AreaMap,
        sum: &AreaSummary,
    ) -> Result<Vec<OutputFile>, ReportError> {
        let Self { mut folder, wanted, window, rasters, thinning, levels } = self;
        let columns = window.columns.div_ceil(thinning);
        let samples =
            Samples { columns, rows: levels.len() / columns.max(1), values: &levels, lowest: NO_LEVEL_DBM };
        let place = |c: f64, r: f64| {
            let k = thinning as f64;
            (window.lon_deg(c * k), window.lat_deg(r * k))
        };
        let areas: Vec<(f64, f64, MultiPolygon<f64>)> = sum
            .level_km2
            .iter()
            .map(|(dbm, km2)| (*dbm, *km2, at_least(&samples, *dbm as f32, place)))
            .filter(|(_, _, area)| !area.0.is_empty())
            .collect();
        let layer = contours(&areas, map.model());
        let mut files = LayerFiles::new(&wanted, run, inputs, settings)?;
        files.take(&mut folder, &layer)?;
        let _ = files.finish(&mut folder, Vec::new())?;
        for (name, _, raster) in rasters {
            folder.file(name, |out: &mut (dyn Write + Send)| -> io::Result<()> {
                raster.finish(&mut &mut *out)
            })?;
        }
        let json = area_json(map, sum);
        folder.file("area.json", |out| pretty(out, &json))?;
        let outputs = folder.files().to_vec();
        folder.file(MANIFEST, |out| -> Result<(), FillError> {
            let m =
                manifest::manifest(run, settings, sum.stopped_early, &outputs).map_err(io::Error::from)?;
            Ok(pretty(out, &m)?)
        })?;
        folder.commit()
    }
}

/// The summary as JSON.
#[must_use]
pub fn area_json(map: &AreaMap, sum: &AreaSummary) -> Value {
    let [west, south, east, north] = map.window.bounds_deg();
    json!({
        "schema": "covplan/area/1",
        "bbox": [west, south, east, north],
        "columns": map.window.columns,
        "rows": map.window.rows,
        "lon_step_deg": map.window.lattice.lon_step_deg,
        "lat_step_deg": map.window.lattice.lat_step_deg,
        "cells": map.cells,
        "area_km2": sum.area_km2,
        "unknown_km2": sum.unknown_km2,
        "unreached_km2": sum.unreached_km2,
        "served_km2": sum.served_km2,
        "served_share": sum.served_share,
        "at_least": sum
            .level_km2
            .iter()
            .map(|(dbm, km2)| json!({ "rsrp_dbm": dbm, "area_km2": km2 }))
            .collect::<Vec<_>>(),
        "by_place": sum.by_place,
        "location_probability": map.location_probability,
        "cover_unknown_share": sum.cover_unknown_share,
        "links": sum.links,
        "shared_profiles": sum.shared,
        "stopped_early": sum.stopped_early,
        "notes": map.notes,
    })
}

/// The `contours` layer: level, area in km² and outline of each.
pub(super) fn contours<'a>(areas: &'a [(f64, f64, MultiPolygon<f64>)], model: &'static str) -> Layer<'a> {
    let mut c = Columns::default();
    c.made_text("contour_id", ("contour", "等值线"), |i| Some(format!("rsrp{:.0}", areas[i].0)));
    c.float("rsrp_dbm", 1, "dBm", ("SS-RSRP at least", "SS-RSRP 不低于"), |i| Some(areas[i].0))
        .from("predicted", "unknown")
        .about("median, best server of any network", "中值，任一网络最佳小区");
    c.float("area_km2", 3, "km²", ("area", "面积"), |i| Some(areas[i].1)).from("predicted", "unknown");
    c.text("model", ("model", "模型"), move |_| Some(model));
    Layer {
        name: "contours",
        title: ("Areas by level", "电平等值区"),
        method: (
            "pixels with at least the level, outlined by marching squares; areas overlap, the lower level holds \
             the higher",
            "电平不低于门限的像元，按移动方格法勾边；低电平区包含高电平区",
        ),
        inputs: &["cells", "dem", "clutter"],
        shape: Shape::Areas(Box::new(|i| &areas[i].2)),
        rows: areas.len(),
        columns: c.done(),
    }
}
