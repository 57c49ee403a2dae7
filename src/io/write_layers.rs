//! Layers written as a ready project: `covplan.toml` and one file a layer (a second for the counts of regions at other
//! dates), with the standard column names.
//!
//! Numbers are written with the fewest decimals that read back to the same value, so that what is written
//! and read again is the same records. A column that nobody fills is left out.

mod columns;
mod number;

use crate::geom::LonLat;
use crate::model::inputs::{Inputs, LayerInfo};
use crate::model::said::Bilingual;
use columns::{Column, Table, Value};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Why a project couldn't be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The folder is there already and isn't empty.
    #[error("{} exists already; choose another folder, or pass --overwrite", .0.display())]
    Exists(PathBuf),
    /// A file stands where the folder should.
    #[error("{} is a file, not a folder", .0.display())]
    NotAFolder(PathBuf),
    /// The system refused.
    #[error("writing {} failed: {source}", path.display())]
    Failed {
        /// File or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl Bilingual for WriteError {
    fn zh(&self) -> String {
        match self {
            Self::Exists(path) => format!("{} 已存在；请换一个文件夹，或加 --overwrite", path.display()),
            Self::NotAFolder(path) => format!("{} 是文件，不是文件夹", path.display()),
            Self::Failed { path, source } => format!("写入 {} 失败：{}", path.display(), source.zh()),
        }
    }
}

impl WriteError {
    fn at(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::Failed { path: path.to_path_buf(), source }
    }
}

/// The layers in the order of the project file, each with the file it goes to.
const FILES: &[(&str, &str)] = &[
    ("sites", "sites.csv"),
    ("cells", "cells.csv"),
    ("roads", "roads.geojson"),
    ("ducts", "ducts.geojson"),
    ("fiber_nodes", "fiber_nodes.csv"),
    ("fiber_segments", "fiber_segments.geojson"),
    ("candidates", "candidates.csv"),
    ("regions", "regions.geojson"),
    ("power", "power.csv"),
    ("datacenters", "datacenters.csv"),
    ("measurements", "measurements.csv"),
    ("barriers", "barriers.geojson"),
    ("towns", "towns.csv"),
];

/// Counts of regions at other dates, beside the file with their areas.
const COUNTS_FILE: &str = "station_counts.csv";

/// The regions' counts of other dates; none where the layer isn't written.
fn counts(inputs: &Inputs) -> Vec<columns::Counted<'_>> {
    let regions = inputs.regions.iter().filter(|_| inputs.has("regions"));
    regions.flat_map(|r| r.history.iter().map(move |h| (r, h))).collect()
}

/// Writes the layers that `inputs` has as a project in `folder`, and gives the files' names.
///
/// All files are written to a folder beside it first, which then takes its name. With `overwrite` the new
/// files replace those of the same name in a folder that exists; its other files stay.
///
/// # Errors
/// [`WriteError`] when the folder exists and isn't empty, or the system refuses.
pub fn write_project(
    inputs: &Inputs,
    folder: &Path,
    name: &str,
    overwrite: bool,
) -> Result<Vec<String>, WriteError> {
    let is_there = match fs::read_dir(folder) {
        Ok(mut entries) => {
            if !overwrite && entries.next().is_some() {
                return Err(WriteError::Exists(folder.to_path_buf()));
            }
            true
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => false,
        Err(_) if folder.is_file() => return Err(WriteError::NotAFolder(folder.to_path_buf())),
        Err(e) => return Err(WriteError::at(folder)(e)),
    };
    // Inside a folder that exists, as that may be a mount point which nothing can be renamed over.
    let beside = if is_there { Some(folder) } else { folder.parent() };
    let beside = beside.filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(beside).map_err(WriteError::at(beside))?;
    let fresh =
        tempfile::Builder::new().prefix(".covplan-").tempdir_in(beside).map_err(WriteError::at(beside))?;
    let mut files = Vec::new();
    let mut write = |file: &str, fill: &dyn Fn(&mut dyn Write) -> io::Result<()>| {
        let path = fresh.path().join(file);
        let sink = File::create(&path).map_err(WriteError::at(&path))?;
        let mut out = BufWriter::with_capacity(1 << 16, sink);
        fill(&mut out).and_then(|()| out.flush()).map_err(WriteError::at(&path))?;
        files.push(file.to_owned());
        Ok(())
    };
    for (layer, file) in FILES.iter().filter(|(layer, _)| inputs.has(layer)) {
        write(file, &|out| write_layer(inputs, layer, out))?;
    }
    let counts = counts(inputs);
    if !counts.is_empty() {
        write(COUNTS_FILE, &|out| csv(&columns::station_counts(&counts), out))?;
    }
    let path = fresh.path().join("covplan.toml");
    fs::write(&path, project_text(inputs, name)).map_err(WriteError::at(&path))?;
    // Last, so that a project never points at files that aren't there.
    files.push("covplan.toml".to_owned());
    if is_there {
        for file in &files {
            let target = folder.join(file);
            fs::rename(fresh.path().join(file), &target).map_err(WriteError::at(&target))?;
        }
    } else {
        fs::rename(fresh.path(), folder).map_err(WriteError::at(folder))?;
        // The folder has its name now: there is nothing left to clean up.
        let _ = fresh.keep();
    }
    Ok(files)
}

/// Writes one layer in the format of its file: separated columns for points, GeoJSON for lines and areas.
/// A name that is no such layer writes nothing.
///
/// # Errors
/// Those of the sink.
pub fn write_layer(inputs: &Inputs, layer: &str, out: &mut dyn Write) -> io::Result<()> {
    match layer {
        "sites" => csv(&columns::sites(&inputs.sites), out),
        "cells" => {
            let rows: Vec<crate::model::records::Cell> = inputs.cells.list.iter().collect();
            csv(&columns::cells(&rows, &inputs.cells.text, &inputs.operators), out)
        }
        "fiber_nodes" => csv(&columns::fiber_nodes(&inputs.fiber_nodes), out),
        "candidates" => csv(&columns::candidates(&inputs.candidates), out),
        "power" => csv(&columns::power(&inputs.power), out),
        "datacenters" => csv(&columns::datacenters(&inputs.datacenters), out),
        "measurements" => csv(&columns::measurements(&inputs.measurements, &inputs.operators), out),
        "towns" => csv(&columns::towns(&inputs.towns), out),
        "roads" => {
            let roads = &inputs.roads;
            geojson("roads", &columns::roads(roads), out, |r, o| line(roads.line(r), o))
        }
        "ducts" => geojson("ducts", &columns::ducts(&inputs.ducts), out, |d, o| line(&d.line, o)),
        "fiber_segments" => {
            let table = columns::fiber_segments(&inputs.fiber_segments);
            geojson("fiber_segments", &table, out, |s, o| line(&s.line, o))
        }
        "barriers" => geojson("barriers", &columns::barriers(&inputs.barriers), out, |b, o| line(&b.line, o)),
        "regions" => geojson("regions", &columns::regions(&inputs.regions), out, |r, o| area(&r.shape, o)),
        _ => Ok(()),
    }
}

/// The columns of a table that somebody fills.
fn filled<'t, 'a, T>(table: &'t Table<'a, T>) -> Vec<&'t Column<'a, T>> {
    let is_filled =
        |c: &&Column<'a, T>| c.always || table.rows.iter().any(|r| !matches!((c.value)(r), Value::Blank));
    table.columns.iter().filter(is_filled).collect()
}

fn csv<T>(table: &Table<'_, T>, out: &mut dyn Write) -> io::Result<()> {
    let columns = filled(table);
    let mut buffer: Vec<u8> = Vec::with_capacity(1 << 16);
    let header: Vec<&str> = columns.iter().map(|c| c.name).collect();
    buffer.extend_from_slice(header.join(",").as_bytes());
    buffer.push(b'\n');
    for row in table.rows {
        for (i, column) in columns.iter().enumerate() {
            if i > 0 {
                buffer.push(b',');
            }
            match (column.value)(row) {
                Value::Text(s) => quote(s, &mut buffer),
                v => v.plain(&mut buffer),
            }
        }
        buffer.push(b'\n');
        if buffer.len() > 60_000 {
            out.write_all(&buffer)?;
            buffer.clear();
        }
    }
    out.write_all(&buffer)
}

/// A field of RFC 4180: quoted where it has to be.
fn quote(text: &str, out: &mut Vec<u8>) {
    if !text.bytes().any(|b| matches!(b, b',' | b'"' | b'\n' | b'\r')) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    for b in text.bytes() {
        if b == b'"' {
            out.push(b'"');
        }
        out.push(b);
    }
    out.push(b'"');
}

/// A collection, one feature a line; every feature has the same keys.
fn geojson<T>(
    name: &str,
    table: &Table<'_, T>,
    out: &mut dyn Write,
    geometry: impl Fn(&T, &mut Vec<u8>),
) -> io::Result<()> {
    let columns = filled(table);
    let mut buffer: Vec<u8> = Vec::with_capacity(1 << 16);
    buffer.extend_from_slice(b"{\"type\":\"FeatureCollection\",\"name\":\"");
    buffer.extend_from_slice(name.as_bytes());
    buffer.extend_from_slice(b"\",\"features\":[");
    for (i, row) in table.rows.iter().enumerate() {
        buffer.extend_from_slice(if i == 0 { b"\n" } else { b",\n" });
        buffer.extend_from_slice(b"{\"type\":\"Feature\",\"properties\":{");
        for (k, column) in columns.iter().enumerate() {
            if k > 0 {
                buffer.push(b',');
            }
            buffer.push(b'"');
            buffer.extend_from_slice(column.name.as_bytes());
            buffer.extend_from_slice(b"\":");
            match (column.value)(row) {
                Value::Blank => buffer.extend_from_slice(b"null"),
                Value::Text(s) => json_text(s, &mut buffer),
                v => v.plain(&mut buffer),
            }
        }
        buffer.extend_from_slice(b"},\"geometry\":");
        geometry(row, &mut buffer);
        buffer.push(b'}');
        if buffer.len() > 60_000 {
            out.write_all(&buffer)?;
            buffer.clear();
        }
    }
    buffer.extend_from_slice(b"\n]}\n");
    out.write_all(&buffer)
}

fn json_text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend_from_slice(&[b'\\', c as u8]),
            '\u{0}'..='\u{1f}' => out.extend_from_slice(format!("\\u{:04x}", c as u32).as_bytes()),
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out.push(b'"');
}

fn position(lon: f64, lat: f64, out: &mut Vec<u8>) {
    out.push(b'[');
    number::push(lon, 7, out);
    out.push(b',');
    number::push(lat, 7, out);
    out.push(b']');
}

fn line(points: &[LonLat], out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"type\":\"LineString\",\"coordinates\":[");
    for (i, p) in points.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        position(p.lon_deg(), p.lat_deg(), out);
    }
    out.extend_from_slice(b"]}");
}

fn area(shape: &geo::MultiPolygon<f64>, out: &mut Vec<u8>) {
    use geo::orient::{Direction, Orient};
    out.extend_from_slice(b"{\"type\":\"MultiPolygon\",\"coordinates\":[");
    // RFC 7946: outer rings counter-clockwise, holes clockwise.
    for (i, polygon) in shape.orient(Direction::Default).iter().enumerate() {
        out.extend_from_slice(if i > 0 { b",[" } else { b"[" });
        for (k, ring) in std::iter::once(polygon.exterior()).chain(polygon.interiors()).enumerate() {
            out.extend_from_slice(if k > 0 { b",[" } else { b"[" });
            for (n, c) in ring.coords().enumerate() {
                if n > 0 {
                    out.push(b',');
                }
                position(c.x, c.y, out);
            }
            out.push(b']');
        }
        out.push(b']');
    }
    out.extend_from_slice(b"]}");
}

/// The project file.
fn project_text(inputs: &Inputs, name: &str) -> String {
    let text = |s: &str| toml::Value::String(s.to_owned()).to_string();
    let mut out = String::from(
        "# Layers are relative to this file. Every default can be seen with: covplan config\n\n",
    );
    let _ = writeln!(out, "[project]\nname = {}", text(name));
    for (layer, file) in FILES {
        let Some(info) = inputs.layers.get(*layer) else { continue };
        let LayerInfo { as_of, source, synthetic, .. } = info;
        let path = match *layer {
            "regions" if !counts(inputs).is_empty() => format!("[{}, {}]", text(file), text(COUNTS_FILE)),
            _ => text(file),
        };
        let _ = writeln!(out, "\n[layers.{layer}]\npath = {path}\ncrs = \"EPSG:4326\"");
        if let Some(date) = as_of {
            let _ = writeln!(out, "as_of = {}", text(date));
        }
        if let Some(source) = source {
            let _ = writeln!(out, "source = {}", text(source));
        }
        if *synthetic {
            let _ = writeln!(out, "synthetic = true");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::operators::Operators;
    use crate::model::records::{Cell, Duct, Origin, Site};
    use crate::model::text::{Known, Text};

    fn small() -> Inputs {
        let mut inputs = Inputs { operators: Operators::new(&[]), ..Inputs::default() };
        let at = LonLat::new(118.5, 32.25).unwrap();
        let text = &mut inputs.sites.text;
        let mut site = Site::at(text.push("S1"), text.push("甲,\"乙\"公司"), at);
        site.employees = Known::new(12.0);
        site.has_fiber = Some(false);
        inputs.sites.list.push(site);
        let operator = inputs.operators.add("移动");
        let mut cell = Cell::at(inputs.cells.text.push("C1"), at, operator, crate::model::kinds::Rat::Nr);
        cell.tower = Text::NONE;
        inputs.cells.list.push(cell);
        inputs.ducts.push(Duct {
            id: "D1".into(),
            line: vec![at, LonLat::new(118.5000001, 32.0).unwrap()],
            owner: "ct".into(),
            holes_total: Some(6),
            holes_free: None,
            shareable: None,
            rent_cny_km_yr: Some(4000.0),
            srlg: None,
            status: None,
            origin: Origin::default(),
        });
        for layer in ["sites", "cells", "ducts", "power"] {
            inputs.layers.insert(layer.to_owned(), LayerInfo { synthetic: true, ..LayerInfo::default() });
        }
        inputs
    }

    fn written(inputs: &Inputs, layer: &str) -> String {
        let mut out = Vec::new();
        write_layer(inputs, layer, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn only_filled_columns_and_quotes_where_needed() {
        let i = small();
        let expected =
            "site_id,name,lon,lat,employees,has_fiber\nS1,\"甲,\"\"乙\"\"公司\",118.5,32.25,12.0,false\n";
        assert_eq!(written(&i, "sites"), expected);
        assert_eq!(written(&i, "cells"), "cell_id,operator,rat,lon,lat\nC1,cmcc,nr,118.5,32.25\n");
        assert_eq!(written(&i, "power"), "power_id,name,kind,lon,lat\n");
    }

    #[test]
    fn lines_are_geojson() {
        let json: serde_json::Value = serde_json::from_str(&written(&small(), "ducts")).unwrap();
        let feature = &json["features"][0];
        assert_eq!(feature["properties"]["holes_total"], 6);
        assert_eq!(feature["properties"]["rent_cny_km_yr"], 4000.0);
        assert_eq!(feature["geometry"]["coordinates"][1], serde_json::json!([118.5000001, 32.0]));
        let empty: serde_json::Value = serde_json::from_str(&written(&small(), "roads")).unwrap();
        assert_eq!(empty["features"], serde_json::json!([]));
    }

    #[test]
    fn a_folder_is_never_overwritten_unasked() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("a/b");
        let files = write_project(&small(), &folder, "试", false).unwrap();
        assert_eq!(files, ["sites.csv", "cells.csv", "ducts.geojson", "power.csv", "covplan.toml"]);
        let project = crate::io::project::read(&folder.join("covplan.toml")).unwrap();
        assert_eq!(project.name, "试");
        assert!(project.layers["ducts"].synthetic);
        assert!(matches!(write_project(&small(), &folder, "x", false), Err(WriteError::Exists(_))));
        fs::write(folder.join("notes.txt"), "mine").unwrap();
        write_project(&small(), &folder, "x", true).unwrap();
        let mut names: Vec<String> =
            fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        assert_eq!(
            names,
            ["cells.csv", "covplan.toml", "ducts.geojson", "notes.txt", "power.csv", "sites.csv"]
        );
        let beside: Vec<_> = fs::read_dir(folder.parent().unwrap()).unwrap().collect();
        assert_eq!(beside.len(), 1, "no temporary folder is left");
        let file = folder.join("sites.csv");
        assert!(matches!(write_project(&small(), &file, "x", true), Err(WriteError::NotAFolder(_))));
    }
}
