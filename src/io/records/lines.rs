//! Fiber, ducts, roads, barriers.

use super::bulk::columns;
use super::ids;
use crate::geom::LonLat;
use crate::io::binding::{Binding, Col};
use crate::io::read::Reader;
use crate::io::row::Row;
use crate::io::shape::RawShape;
use crate::model::kinds::{Dig, FiberLevel, FiberNodeKind, LayMethod, RoadClass};
use crate::model::records::{Barrier, Duct, FiberNode, FiberSegment, Origin, Road, Roads};
use crate::model::rules;
use crate::model::settings::Settings;
use crate::model::text::{Text, TextPool};

/// Nodes and segments of one part; a layer of nodes alone leaves the segments empty.
#[derive(Default)]
pub(in crate::io) struct FiberPart {
    pub nodes: Vec<FiberNode>,
    pub segments: Vec<FiberSegment>,
}

columns!(NodeColumns {
    node_id,
    kind,
    owner,
    fibers_total,
    fibers_free,
    can_tap,
    pon,
    ports_free,
    rack_free,
    power_free_kw,
});
columns!(SegmentColumns {
    segment_id,
    from_node,
    to_node,
    owner,
    level,
    method,
    fibers_total,
    fibers_free,
    length_m,
    duct_id,
    srlg,
    status,
});

/// Reads fiber nodes.
pub(in crate::io) struct NodeReader {
    file: u16,
    col: NodeColumns,
}

/// Reads fiber segments.
pub(in crate::io) struct SegmentReader {
    file: u16,
    col: SegmentColumns,
}

/// Reads nodes and segments from one file, told apart by their geometry.
pub(in crate::io) struct FiberReader {
    nodes: NodeReader,
    segments: SegmentReader,
}

impl Reader for NodeReader {
    type Part = FiberPart;

    fn bind(binding: &Binding, file: u16, _settings: &Settings) -> Self {
        Self { file, col: NodeColumns::bind(binding) }
    }

    fn read(&self, row: &mut Row<'_>, part: &mut FiberPart) -> Option<()> {
        let c = &self.col;
        let at = row.point();
        let kind = row.required_word(c.kind, "kind", FiberNodeKind::parse);
        let owner = row.required_text(c.owner, "owner");
        let id = row.code(c.node_id);
        let mut node = FiberNode {
            id: String::new(),
            kind: kind?,
            owner: owner?,
            at: at?,
            fibers_total: row.whole(c.fibers_total),
            fibers_free: row.whole(c.fibers_free),
            can_tap: row.flag(c.can_tap),
            pon: row.text(c.pon),
            ports_free: row.whole(c.ports_free),
            rack_free: row.number(c.rack_free),
            power_free_kw: row.number(c.power_free_kw),
            origin: Origin { file: self.file, row: row.number },
        };
        node.id = id.unwrap_or_else(|| {
            let made = ids::made("N", &[node.kind.code(), &node.owner], at);
            row.note(&rules::ID_MADE, "node_id", &made);
            made
        });
        part.nodes.push(node);
        Some(())
    }
}

impl Reader for SegmentReader {
    type Part = FiberPart;

    fn bind(binding: &Binding, file: u16, _settings: &Settings) -> Self {
        Self { file, col: SegmentColumns::bind(binding) }
    }

    fn read(&self, row: &mut Row<'_>, part: &mut FiberPart) -> Option<()> {
        let c = &self.col;
        let owner = row.required_text(c.owner, "owner");
        let from_node = row.code(c.from_node);
        let to_node = row.code(c.to_node);
        // Without a geometry the line is drawn between its nodes once all nodes are known.
        let lines = match (row.shape(), &from_node, &to_node) {
            (None, Some(_), Some(_)) => vec![Vec::new()],
            _ => row.lines()?,
        };
        let id = row.code(c.segment_id);
        let mut segment = FiberSegment {
            id: String::new(),
            line: Vec::new(),
            line_made: false,
            from_node,
            to_node,
            owner: owner?,
            level: row.word(c.level, FiberLevel::parse),
            method: row.word(c.method, LayMethod::parse),
            fibers_total: row.whole(c.fibers_total),
            fibers_free: row.whole(c.fibers_free),
            length_m: row.number(c.length_m),
            duct_id: row.code(c.duct_id),
            srlg: row.code(c.srlg),
            status: row.text(c.status),
            origin: Origin { file: self.file, row: row.number },
        };
        segment.id = id.unwrap_or_else(|| {
            let ends =
                [segment.from_node.as_deref(), segment.to_node.as_deref()].map(Option::unwrap_or_default);
            let made = ids::made("F", &[&segment.owner, ends[0], ends[1], &trace(&lines)], None);
            row.note(&rules::ID_MADE, "segment_id", &made);
            made
        });
        split(row, segment.id.clone(), lines, |id, line| {
            // A part of a cable isn't as long as the whole, and only whole cables end at the nodes named.
            let whole = id == segment.id;
            let length_m = segment.length_m.filter(|_| whole);
            let (from_node, to_node) =
                if whole { (segment.from_node.clone(), segment.to_node.clone()) } else { (None, None) };
            part.segments.push(FiberSegment { id, line, length_m, from_node, to_node, ..segment.clone() });
        });
        Some(())
    }
}

impl Reader for FiberReader {
    type Part = FiberPart;

    fn bind(b: &Binding, file: u16, _settings: &Settings) -> Self {
        let col = |name: &str| b.col(name);
        let nodes = NodeColumns {
            node_id: col("id"),
            kind: col("kind"),
            owner: col("owner"),
            fibers_total: col("fibers_total"),
            fibers_free: col("fibers_free"),
            can_tap: col("can_tap"),
            pon: col("pon"),
            ports_free: col("ports_free"),
            rack_free: col("rack_free"),
            power_free_kw: col("power_free_kw"),
        };
        let segments = SegmentColumns {
            segment_id: col("id"),
            from_node: col("from_node"),
            to_node: col("to_node"),
            owner: col("owner"),
            level: col("level"),
            method: col("method"),
            fibers_total: col("fibers_total"),
            fibers_free: col("fibers_free"),
            length_m: col("length_m"),
            duct_id: col("duct_id"),
            srlg: col("srlg"),
            status: col("status"),
        };
        Self { nodes: NodeReader { file, col: nodes }, segments: SegmentReader { file, col: segments } }
    }

    fn read(&self, row: &mut Row<'_>, part: &mut FiberPart) -> Option<()> {
        let is_line = match row.shape().as_deref() {
            Some(RawShape::Lines(_)) => true,
            Some(_) => false,
            None => row.code(self.segments.col.from_node).is_some() && !row.has_position(),
        };
        if is_line { self.segments.read(row, part) } else { self.nodes.read(row, part) }
    }
}

/// A line in short, for ids made from content.
fn trace(lines: &[Vec<LonLat>]) -> String {
    let ends = |l: &Vec<LonLat>| [l.first().copied(), l.last().copied()];
    lines.iter().flat_map(ends).flatten().map(|p| format!("{:.6},{:.6} ", p.lon_deg(), p.lat_deg())).collect()
}

/// Hands over the parts of a geometry: a single one under its id, several with a number behind it.
fn split(
    row: &mut Row<'_>,
    id: String,
    mut lines: Vec<Vec<LonLat>>,
    mut put: impl FnMut(String, Vec<LonLat>),
) {
    if lines.len() > 1 {
        row.note(&rules::GEOMETRY_SPLIT, "", &id);
        for (i, line) in lines.into_iter().enumerate() {
            put(format!("{id}-{}", i + 1), line);
        }
    } else if let Some(line) = lines.pop() {
        put(id, line);
    }
}

columns!(DuctColumns { duct_id, owner, holes_total, holes_free, shareable, rent_cny_km_yr, srlg, status });

/// Reads ducts.
pub(in crate::io) struct DuctReader {
    file: u16,
    col: DuctColumns,
}

impl Reader for DuctReader {
    type Part = Vec<Duct>;

    fn bind(binding: &Binding, file: u16, _settings: &Settings) -> Self {
        Self { file, col: DuctColumns::bind(binding) }
    }

    fn read(&self, row: &mut Row<'_>, part: &mut Vec<Duct>) -> Option<()> {
        let c = &self.col;
        let lines = row.lines();
        let owner = row.required_text(c.owner, "owner");
        let (lines, owner) = (lines?, owner?);
        let id = row.code(c.duct_id).unwrap_or_else(|| {
            let made = ids::made("U", &[&owner, &trace(&lines)], None);
            row.note(&rules::ID_MADE, "duct_id", &made);
            made
        });
        let duct = Duct {
            id: id.clone(),
            line: Vec::new(),
            owner,
            holes_total: row.whole(c.holes_total),
            holes_free: row.whole(c.holes_free),
            shareable: row.flag(c.shareable),
            rent_cny_km_yr: row.number(c.rent_cny_km_yr),
            srlg: row.code(c.srlg),
            status: row.text(c.status),
            origin: Origin { file: self.file, row: row.number },
        };
        split(row, id, lines, |id, line| part.push(Duct { id, line, ..duct.clone() }));
        Some(())
    }
}

columns!(RoadColumns { road_id, class, name, bridge, tunnel, surface, dig, no_dig_until, cost_factor });

/// Roads of one part.
#[derive(Default)]
pub(in crate::io) struct RoadPart {
    roads: Roads,
    shared: TextPool,
}

impl RoadPart {
    /// Adds the part to the layer.
    pub fn pour(&mut self, roads: &mut Roads) {
        let by = roads.text.append(&self.roads.text);
        let shared = roads.text.intern_all(&self.shared);
        self.roads.text.clear();
        self.shared.clear();
        let again = |t: Text| t.index().and_then(|i| shared.get(i).copied()).unwrap_or(Text::NONE);
        let first = roads.points.len() as u32;
        roads.points.append(&mut self.roads.points);
        roads.list.extend(self.roads.list.drain(..).map(|mut r| {
            r.id = r.id.shifted(by);
            r.first += first;
            for t in [&mut r.name, &mut r.surface, &mut r.no_dig_until] {
                *t = again(*t);
            }
            r
        }));
    }
}

/// Reads roads.
pub(in crate::io) struct RoadReader {
    file: u16,
    col: RoadColumns,
}

impl Reader for RoadReader {
    type Part = RoadPart;

    fn bind(binding: &Binding, file: u16, _settings: &Settings) -> Self {
        Self { file, col: RoadColumns::bind(binding) }
    }

    fn read(&self, row: &mut Row<'_>, part: &mut RoadPart) -> Option<()> {
        let c = &self.col;
        let lines = row.lines();
        let class = row.required_word(c.class, "class", RoadClass::parse);
        let (lines, class) = (lines?, class?);
        let id = row.code(c.road_id).unwrap_or_else(|| {
            let made = ids::made("R", &[class.code(), &trace(&lines)], None);
            row.note(&rules::ID_MADE, "road_id", &made);
            made
        });
        let until = row.date(c.no_dig_until);
        let RoadPart { roads, shared } = part;
        let mut road = Road {
            id: Text::NONE,
            name: row.shared(c.name, shared),
            class,
            bridge: row.flag(c.bridge).unwrap_or(false),
            tunnel: row.flag(c.tunnel).unwrap_or(false),
            surface: row.shared(c.surface, shared),
            dig: row.word(c.dig, Dig::parse),
            no_dig_until: until.map_or(Text::NONE, |d| shared.intern(&d)),
            cost_factor: row.known(c.cost_factor),
            first: 0,
            count: 0,
            origin: Origin { file: self.file, row: row.number },
        };
        split(row, id, lines, |id, line| {
            road.id = roads.text.push(&id);
            road.first = roads.points.len() as u32;
            road.count = line.len() as u32;
            roads.points.extend(line);
            roads.list.push(road);
        });
        Some(())
    }
}

columns!(BarrierColumns { kind });

/// Reads barriers.
pub(in crate::io) struct BarrierReader {
    file: u16,
    col: BarrierColumns,
}

impl Reader for BarrierReader {
    type Part = Vec<Barrier>;

    fn bind(binding: &Binding, file: u16, _settings: &Settings) -> Self {
        Self { file, col: BarrierColumns::bind(binding) }
    }

    fn read(&self, row: &mut Row<'_>, part: &mut Vec<Barrier>) -> Option<()> {
        let lines = row.lines();
        let kind = row.required_text(self.col.kind, "kind");
        let (lines, kind) = (lines?, kind?);
        let origin = Origin { file: self.file, row: row.number };
        part.extend(lines.into_iter().map(|line| Barrier { kind: kind.clone(), line, origin }));
        Some(())
    }
}
