//! What only all files together tell: ids that repeat, lines drawn between their nodes, plants at the very
//! same position.

use super::datum;
use super::records::ids::{self, Repeat};
use crate::geom::LonLat;
use crate::model::cell_list::CellList;
use crate::model::inputs::Inputs;
use crate::model::issues::{Issues, Place, Rule};
use crate::model::records::{Origin, Road, Site};
use crate::model::rules;
use crate::model::text::{Text, TextPool};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

/// Where findings about a layer's records go.
struct Desk<'a> {
    issues: &'a mut Issues,
    layer: &'static str,
    files: &'a [String],
}

impl Desk<'_> {
    fn note(&mut self, rule: &'static Rule, column: &str, origin: Origin, value: &str) {
        let file = self.files.get(usize::from(origin.file)).cloned().unwrap_or_default();
        let place = Place { file, row: Some(origin.row.into()), column: Some(column.to_owned()) };
        self.issues.add(rule, self.layer, place, value);
    }
}

/// Closes the inputs once all layers are read.
pub(super) fn finish(inputs: &mut Inputs) {
    let mut issues = std::mem::take(&mut inputs.issues);
    draw_segments(inputs, &mut issues);
    if inputs.antennas.is_empty() {
        inputs.cells.list.forget_antennas();
    }
    macro_rules! settle {
        ($layer:literal, $column:literal, $run:expr) => {{
            let name = if inputs.layers.contains_key($layer) || !$layer.starts_with("fiber") {
                $layer
            } else {
                "fiber"
            };
            let files = inputs.layers.get(name).map(|l| l.files.clone()).unwrap_or_default();
            let mut desk = Desk { issues: &mut issues, layer: name, files: &files };
            let run: &mut dyn FnMut(&mut Inputs, &mut dyn FnMut(Origin, &str)) -> u64 = &mut $run;
            let dropped = run(inputs, &mut |origin, id| desk.note(&rules::ID_DUPLICATE, $column, origin, id));
            if let Some(info) = inputs.layers.get_mut(name) {
                info.rows_dropped += dropped;
                info.rows_kept -= dropped.min(info.rows_kept);
            }
        }};
    }
    settle!("sites", "site_id", |i: &mut Inputs, note: &mut dyn FnMut(Origin, &str)| {
        texts(&mut i.sites.list, &mut i.sites.text, note)
    });
    settle!("cells", "cell_id", |i: &mut Inputs, note: &mut dyn FnMut(Origin, &str)| {
        texts(&mut i.cells.list, &mut i.cells.text, note)
    });
    settle!("roads", "road_id", |i: &mut Inputs, note: &mut dyn FnMut(Origin, &str)| {
        texts(&mut i.roads.list, &mut i.roads.text, note)
    });
    macro_rules! owned {
        ($layer:literal, $column:literal, $list:ident) => {
            settle!($layer, $column, |i: &mut Inputs, note: &mut dyn FnMut(Origin, &str)| {
                strings(&mut i.$list, |r| &r.id, |r, id| r.id = id, |r| r.origin, note)
            })
        };
    }
    owned!("fiber_nodes", "node_id", fiber_nodes);
    owned!("fiber_segments", "segment_id", fiber_segments);
    owned!("ducts", "duct_id", ducts);
    owned!("candidates", "cand_id", candidates);
    owned!("power", "power_id", power);
    owned!("datacenters", "dc_id", datacenters);
    owned!("projects", "project_id", projects);
    same_position(inputs, &mut issues);
    datum::suspect(inputs, &mut issues);
    for text in [&mut inputs.sites.text, &mut inputs.cells.text, &mut inputs.roads.text] {
        text.seal();
    }
    inputs.issues = issues;
    // Whatever the order of the file, the same sites make the same plan.
    let text = &inputs.sites.text;
    inputs.sites.list.par_sort_by(|a, b| text.get(a.id).cmp(text.get(b.id)));
}

/// Drops records of a layer whose id was met before, and numbers those whose id was made. Returns how many
/// were dropped.
fn strings<T: Sync>(
    list: &mut Vec<T>,
    id: fn(&T) -> &String,
    set: fn(&mut T, String),
    origin: fn(&T) -> Origin,
    note: &mut dyn FnMut(Origin, &str),
) -> u64 {
    let found = ids::repeats(list.len(), |i| id(&list[i]), |i| ids::is_made(id(&list[i])));
    let mut gone = Vec::new();
    for (i, repeat) in found {
        match repeat {
            Repeat::Made(n) => {
                let new = format!("{}-{n}", id(&list[i]));
                set(&mut list[i], new);
            }
            Repeat::Given => {
                note(origin(&list[i]), id(&list[i]));
                gone.push(i);
            }
        }
    }
    remove(list, &gone);
    gone.len() as u64
}

/// Records whose ids lie in a pool.
trait Named: Sync {
    fn count(&self) -> usize;
    fn id(&self, i: usize) -> Text;
    fn set_id(&mut self, i: usize, id: Text);
    fn origin(&self, i: usize) -> Origin;
    /// Removes the records at indices that ascend.
    fn remove(&mut self, gone: &[usize]);
}

macro_rules! named {
    ($($record:ty),*) => {$(
        impl Named for Vec<$record> {
            fn count(&self) -> usize {
                self.len()
            }
            fn id(&self, i: usize) -> Text {
                self[i].id
            }
            fn set_id(&mut self, i: usize, id: Text) {
                self[i].id = id;
            }
            fn origin(&self, i: usize) -> Origin {
                self[i].origin
            }
            fn remove(&mut self, gone: &[usize]) {
                remove(self, gone);
            }
        }
    )*};
}
named!(Site, Road);

impl Named for CellList {
    fn count(&self) -> usize {
        self.len()
    }
    fn id(&self, i: usize) -> Text {
        CellList::id(self, i)
    }
    fn set_id(&mut self, i: usize, id: Text) {
        CellList::set_id(self, i, id);
    }
    fn origin(&self, i: usize) -> Origin {
        self.get(i).map_or_else(Origin::default, |c| c.origin)
    }
    fn remove(&mut self, gone: &[usize]) {
        let mut next = gone.iter().copied().peekable();
        self.retain(|i| next.next_if_eq(&i).is_none());
    }
}

/// The same for records whose ids lie in a pool.
fn texts(list: &mut impl Named, pool: &mut TextPool, note: &mut dyn FnMut(Origin, &str)) -> u64 {
    let found = {
        let (list, pool) = (&*list, &*pool);
        ids::repeats(list.count(), |i| pool.get(list.id(i)), |i| ids::is_made(pool.get(list.id(i))))
    };
    let mut gone = Vec::new();
    for (i, repeat) in found {
        match repeat {
            Repeat::Made(n) => {
                let new = format!("{}-{n}", pool.get(list.id(i)));
                let new = pool.push(&new);
                list.set_id(i, new);
            }
            Repeat::Given => {
                note(list.origin(i), pool.get(list.id(i)));
                gone.push(i);
            }
        }
    }
    if !gone.is_empty() {
        list.remove(&gone);
    }
    gone.len() as u64
}

/// Removes the records at the given indices, which ascend.
fn remove<T>(list: &mut Vec<T>, gone: &[usize]) {
    let mut next = gone.iter().copied().peekable();
    let mut i = 0;
    if gone.is_empty() {
        return;
    }
    list.retain(|_| {
        let drop = next.next_if_eq(&i).is_some();
        i += 1;
        !drop
    });
}

/// Draws segments without a line straight between their nodes.
fn draw_segments(inputs: &mut Inputs, issues: &mut Issues) {
    if inputs.fiber_segments.iter().all(|s| !s.line.is_empty()) {
        return;
    }
    let layer = if inputs.layers.contains_key("fiber_segments") { "fiber_segments" } else { "fiber" };
    let files = inputs.layers.get(layer).map(|l| l.files.clone()).unwrap_or_default();
    let mut desk = Desk { issues, layer, files: &files };
    let nodes: FxHashMap<&str, LonLat> = inputs.fiber_nodes.iter().map(|n| (n.id.as_str(), n.at)).collect();
    let before = inputs.fiber_segments.len();
    inputs.fiber_segments.retain_mut(|s| {
        if !s.line.is_empty() {
            return true;
        }
        let find = |id: &Option<String>| id.as_deref().and_then(|id| nodes.get(id).copied());
        match (find(&s.from_node), find(&s.to_node)) {
            (Some(a), Some(b)) if a != b => {
                s.line = vec![a, b];
                s.line_made = true;
                desk.note(&rules::LINE_INFERRED, "geometry", s.origin, &s.id);
                true
            }
            (Some(_), Some(_)) => {
                desk.note(&rules::LINE_TOO_SHORT, "geometry", s.origin, &s.id);
                false
            }
            (a, _) => {
                let (column, id) =
                    if a.is_none() { ("from_node", &s.from_node) } else { ("to_node", &s.to_node) };
                desk.note(&rules::NODE_UNKNOWN, column, s.origin, id.as_deref().unwrap_or_default());
                false
            }
        }
    });
    let gone = (before - inputs.fiber_segments.len()) as u64;
    if let Some(info) = inputs.layers.get_mut(layer) {
        info.rows_dropped += gone;
        info.rows_kept -= gone.min(info.rows_kept);
    }
}

/// Notes plants that share their position with an earlier one to the last digit.
fn same_position(inputs: &mut Inputs, issues: &mut Issues) {
    let files = inputs.layers.get("sites").map(|l| l.files.clone()).unwrap_or_default();
    let mut desk = Desk { issues, layer: "sites", files: &files };
    let mut order: Vec<(u64, u64, u32)> = (0u32..)
        .zip(&inputs.sites.list)
        .map(|(i, s)| (s.at.lon_deg().to_bits(), s.at.lat_deg().to_bits(), i))
        .collect();
    order.sort_unstable();
    let mut later: Vec<u32> =
        order.windows(2).filter(|w| (w[0].0, w[0].1) == (w[1].0, w[1].1)).map(|w| w[1].2).collect();
    later.sort_unstable();
    for i in later {
        let site = &inputs.sites.list[i as usize];
        let value = format!("lon={} lat={}", site.at.lon_deg(), site.at.lat_deg());
        desk.note(&rules::COORD_DUPLICATE, "lon", site.origin, &value);
    }
}
