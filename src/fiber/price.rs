//! What a cable along a stretch of road costs, and how it is laid there.

use super::across::Across;
use super::ways::{Run, Ways};
use crate::graph::EdgeId;
use crate::model::kinds::{Dig, LayMethod, RoadClass};
use crate::model::planned::Passages;
use crate::model::records::Road;
use crate::model::settings::{FiberSettings, Settings};
use crate::network::{Crossing, RoadGraph, SplitEdge};
use smallvec::SmallVec;

const NONE: u32 = u32::MAX;

/// A stretch of one road along which the cable is laid in one way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Piece {
    /// Edge of the road graph.
    pub edge: EdgeId,
    /// Start along that edge, geodesic metres.
    pub from_m: f64,
    /// End along that edge, geodesic metres.
    pub to_m: f64,
    /// Index of the road.
    pub road: u32,
    /// Index of the way that is reused; none when something is built.
    way: u32,
    /// How the cable is laid.
    pub method: LayMethod,
    /// Work without the cable, yuan.
    pub work_cny: f64,
    /// Rivers passed beneath.
    pub rivers: u16,
    /// Railways passed beneath.
    pub railways: u16,
    /// Places where a cable under water comes ashore.
    pub landings: u16,
}

impl Piece {
    /// A piece of which nothing but its place is told.
    fn bare(edge: EdgeId, [from_m, to_m]: [f64; 2], road: u32) -> Self {
        let (method, way) = (LayMethod::Duct, NONE);
        Self { edge, from_m, to_m, road, way, method, work_cny: 0.0, rivers: 0, railways: 0, landings: 0 }
    }

    /// The way that is reused, if one is.
    pub fn way(&self) -> Option<usize> {
        (self.way != NONE).then_some(self.way as usize)
    }

    /// Rivers, railways and shores that are passed, with their part of the work.
    pub fn passages(&self, prices: &FiberSettings) -> Passages {
        Passages::new(self.rivers.into(), self.railways.into(), self.landings.into(), prices)
    }

    /// Whether a trench is dug.
    pub fn digs(&self) -> bool {
        self.way == NONE && matches!(self.method, LayMethod::Duct | LayMethod::Micro)
    }
}

/// What a road is made of, as far as digging tells.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Surface {
    Unknown,
    Sealed,
    Stone,
    Soft,
    Rock,
}

/// The pieces of one stretch.
pub(super) type Pieces = SmallVec<[Piece; 1]>;

/// Prices stretches of road.
pub(super) struct Pricing<'a, 'r> {
    settings: &'a Settings,
    roads: &'a RoadGraph<'r>,
    ways: &'a Ways,
    /// Places where a road crosses a barrier on the ground, by edge and offset.
    crossings: Vec<(EdgeId, f64, Crossing)>,
    start: Option<Date>,
    /// Roads that the planner shut, by index.
    shut: Vec<bool>,
}

impl<'a, 'r> Pricing<'a, 'r> {
    pub fn new(
        settings: &'a Settings,
        roads: &'a RoadGraph<'r>,
        ways: &'a Ways,
        crossings: Vec<(EdgeId, f64, Crossing)>,
    ) -> Self {
        let text = &roads.roads().text;
        let shut_ids = &settings.plan.lock.shut;
        let is_shut = |r: &Road| shut_ids.iter().any(|id| text.opt(r.id) == Some(id));
        let list = &roads.roads().list;
        let shut = if shut_ids.is_empty() { Vec::new() } else { list.iter().map(is_shut).collect() };
        Self { settings, roads, ways, crossings, start: date(&settings.plan.start), shut }
    }

    /// Whether something of an edge can be used at all.
    pub fn is_open(&self, edge: EdgeId) -> bool {
        let open = |p: &crate::network::Part| {
            let road = &self.roads.roads().list[p.road as usize];
            !self.is_shut(p.road) && self.dig(road) != Dig::Closed
        };
        let parts = self.roads.parts(edge);
        parts.iter().any(open)
            || (!self.ways.along(edge).is_empty() && parts.iter().any(|p| !self.is_shut(p.road)))
    }

    /// How a cable is laid along a stretch; `None` where it can't be.
    pub fn lay(&self, stretch: SplitEdge) -> Option<Pieces> {
        let mut out = Pieces::new();
        let runs = self.ways.along(stretch.parent);
        for (road, from_m, to_m) in self.roads.stretches(stretch.parent, stretch.from_m, stretch.to_m) {
            if self.is_shut(road) {
                return None;
            }
            let mut at = from_m;
            for run in runs.iter().filter(|r| r.to_m > from_m && r.from_m < to_m) {
                let (a, b) = (run.from_m.max(from_m), run.to_m.min(to_m));
                if a > at {
                    out.push(self.build(stretch.parent, road, at, a)?);
                }
                out.push(self.reuse(stretch.parent, road, a, b, run));
                at = b;
            }
            if to_m > at {
                out.push(self.build(stretch.parent, road, at, to_m)?);
            }
        }
        Some(out)
    }

    /// Capex of pieces with one cable of the size that the catalogue prices, yuan.
    pub fn capex_cny(&self, pieces: &[Piece]) -> f64 {
        let cable = |p: &Piece| self.route_m(p) * self.settings.fiber.cable_cny_m;
        pieces.iter().map(|p| p.work_cny + cable(p)).sum()
    }

    /// Whether building along a road needs a permit.
    pub fn needs_permit(&self, road: u32) -> bool {
        self.roads.roads().list.get(road as usize).is_some_and(|r| self.dig(r) == Dig::Permit)
    }

    /// The roads and the settings.
    pub fn ground(&self) -> (&'a RoadGraph<'r>, &'a FiberSettings) {
        (self.roads, &self.settings.fiber)
    }

    /// Work of passing beneath the pavement between two ways of one street, yuan; none where nothing may be
    /// dug. Priced as a trench along the dearer of them.
    pub fn across_cny(&self, across: &Across) -> Option<f64> {
        let fiber = &self.settings.fiber;
        let mut dearest = 0.0f64;
        for road in across.roads {
            let record = self.roads.roads().list.get(road as usize)?;
            let permit_cny_m = match self.dig(record) {
                Dig::Closed => return None,
                Dig::Permit => fiber.permit_cny_m,
                Dig::Free => 0.0,
            };
            if self.is_shut(road) {
                return None;
            }
            let each = fiber.trench_cny_m * self.factor(record) * record.cost_factor.or(1.0) + permit_cny_m;
            dearest = dearest.max(each);
        }
        Some(across.distance_m * dearest)
    }

    /// Route length of a piece, metres.
    pub fn route_m(&self, piece: &Piece) -> f64 {
        (piece.to_m - piece.from_m) * self.roads.route_factor()
    }

    fn is_shut(&self, road: u32) -> bool {
        self.shut.get(road as usize).copied().unwrap_or(false)
    }

    fn reuse(&self, edge: EdgeId, road: u32, from_m: f64, to_m: f64, run: &Run) -> Piece {
        let way = &self.ways.list[run.way as usize];
        let work_cny = (to_m - from_m) * self.roads.route_factor() * way.work_cny_m;
        let bare = Piece::bare(edge, [from_m, to_m], road);
        Piece { way: run.way, method: way.method, work_cny, ..bare }
    }

    /// New trench, or new poles or a micro-trench where they are allowed and cheaper; over water a cable under
    /// it, with what it costs to bring it ashore.
    fn build(&self, edge: EdgeId, road: u32, from_m: f64, to_m: f64) -> Option<Piece> {
        let fiber = &self.settings.fiber;
        let record = &self.roads.roads().list[road as usize];
        let permit_cny_m = match self.dig(record) {
            Dig::Closed => return None,
            Dig::Permit => fiber.permit_cny_m,
            Dig::Free => 0.0,
        };
        let user = record.cost_factor.or(1.0);
        let route_m = (to_m - from_m) * self.roads.route_factor();
        let bare = Piece::bare(edge, [from_m, to_m], road);
        if record.class == RoadClass::Ferry {
            let ends = [from_m <= 0.0, to_m >= self.roads.length_m(edge)];
            let ashore = self.roads.shores(edge).into_iter().zip(ends).filter(|&(shore, end)| shore && end);
            let landings = ashore.count() as u16;
            let work_cny = route_m * (fiber.submarine_cny_m * user + permit_cny_m)
                + f64::from(landings) * fiber.landing_cny;
            return Some(Piece { method: LayMethod::Submarine, work_cny, landings, ..bare });
        }
        let start = self.crossings.partition_point(|c| (c.0, c.1) < (edge, from_m));
        let crossed =
            || self.crossings[start..].iter().take_while(|c| (c.0, c.1) < (edge, to_m)).map(|c| c.2);
        if crossed().any(|c| c == Crossing::Wall) {
            return None;
        }
        let count = |of: Crossing| u16::try_from(crossed().filter(|&c| c == of).count()).unwrap_or(u16::MAX);
        let beneath = Piece { rivers: count(Crossing::Water), railways: count(Crossing::Rail), ..bare };
        let trench = route_m * (fiber.trench_cny_m * self.factor(record) * user + permit_cny_m)
            + beneath.passages(fiber).crossing_cny;
        // Poles span a river, but don't stand along motorways or in tunnels.
        let poles = route_m * (fiber.aerial_cny_m * user + permit_cny_m);
        let aerial =
            fiber.new_aerial && record.class != RoadClass::Motorway && !record.tunnel && poles < trench;
        let (mut method, mut work_cny) =
            if aerial { (LayMethod::Aerial, poles) } else { (LayMethod::Duct, trench) };
        // A slot in the surface neither passes a river nor holds in gravel.
        let slot = route_m * (fiber.micro_cny_m * user + permit_cny_m);
        let crosses = beneath.rivers > 0 || beneath.railways > 0;
        if fiber.micro_trench && !crosses && self.is_sealed_street(record) && slot < work_cny {
            (method, work_cny) = (LayMethod::Micro, slot);
        }
        let passing = if method == LayMethod::Aerial { bare } else { beneath };
        Some(Piece { method, work_cny, ..passing })
    }

    /// Whether a slot can be cut into a road: a street on the ground whose surface is sealed, or not told.
    fn is_sealed_street(&self, road: &Road) -> bool {
        use RoadClass as C;
        let street = matches!(
            road.class,
            C::Primary | C::Secondary | C::Tertiary | C::Residential | C::Unclassified | C::Service
        );
        let told = self.roads.roads().text.opt(road.surface).is_some();
        let sealed = !told || self.surface(road) == Surface::Sealed;
        street && sealed && !road.bridge && !road.tunnel
    }

    fn factor(&self, road: &Road) -> f64 {
        let f = &self.settings.fiber.class_factor;
        let class = match road.class {
            RoadClass::Motorway => f.motorway,
            RoadClass::Trunk => f.trunk,
            RoadClass::Primary => f.primary,
            RoadClass::Secondary => f.secondary,
            RoadClass::Track | RoadClass::Path => f.track,
            // Nothing is dug over water.
            RoadClass::Ferry => 1.0,
            RoadClass::Tertiary | RoadClass::Residential | RoadClass::Unclassified | RoadClass::Service => {
                f.minor
            }
        };
        let soft_class = matches!(road.class, RoadClass::Track | RoadClass::Path);
        let on = &self.settings.fiber.surface_factor;
        let surface = match self.surface(road) {
            _ if road.bridge || road.tunnel => 1.0,
            Surface::Unknown => 1.0,
            Surface::Sealed => on.sealed,
            Surface::Stone => on.stone,
            // Soft ground is in the factor of tracks already.
            Surface::Soft if soft_class => 1.0,
            Surface::Soft => on.soft,
            Surface::Rock => on.rock,
        };
        class * surface * if road.bridge { f.bridge } else { 1.0 } * if road.tunnel { f.tunnel } else { 1.0 }
    }

    /// What a road is made of, by its words in OSM's and in Chinese usage.
    fn surface(&self, road: &Road) -> Surface {
        let Some(text) = self.roads.roads().text.opt(road.surface) else { return Surface::Unknown };
        let of = |words: &[&str]| words.iter().any(|w| text.starts_with(w));
        match () {
            () if of(&["asphalt", "concrete", "paved", "chipseal", "沥青", "水泥", "混凝土", "柏油"]) => {
                Surface::Sealed
            }
            () if of(&["paving_stones", "sett", "cobblestone", "unhewn", "bricks", "石板", "砖", "石材"]) => {
                Surface::Stone
            }
            () if of(&["rock", "岩"]) => Surface::Rock,
            () if of(&[
                "unpaved",
                "gravel",
                "fine_gravel",
                "compacted",
                "dirt",
                "earth",
                "ground",
                "grass",
                "sand",
                "mud",
                "pebblestone",
                "土",
                "砂",
                "碎石",
                "泥",
                "草",
            ]) =>
            {
                Surface::Soft
            }
            () => Surface::Unknown,
        }
    }

    /// Whether a road may be dug up when the plan starts. A motorway needs a permit unless the data say
    /// otherwise; a ban whose end can't be read holds.
    fn dig(&self, road: &Road) -> Dig {
        if let Some(until) = self.roads.roads().text.opt(road.no_dig_until) {
            let over = date(until).zip(self.start).is_some_and(|(end, start)| end < start);
            if !over {
                return Dig::Closed;
            }
        }
        let usual = if road.class == RoadClass::Motorway { Dig::Permit } else { Dig::Free };
        road.dig.unwrap_or(usual)
    }
}

/// Year, month, day.
type Date = [u32; 3];

/// A date as planners write it: `2028-06-30`, `2028/6`, `2028年6月`. What is left out counts as the last day.
fn date(text: &str) -> Option<Date> {
    let numbers: Vec<&str> = text.split(|c: char| !c.is_ascii_digit()).filter(|s| !s.is_empty()).collect();
    // 20280630
    if let [one] = numbers[..]
        && one.len() == 8
    {
        return Some([one[..4].parse().ok()?, one[4..6].parse().ok()?, one[6..].parse().ok()?]);
    }
    let year = numbers.first().filter(|y| y.len() == 4)?.parse().ok()?;
    let at = |i: usize, last: u32| numbers.get(i).map_or(Some(last), |n| n.parse().ok());
    Some([year, at(1, 12)?, at(2, 31)?])
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn dates_as_planners_write_them() {
        assert_eq!(date("2028-06-30"), Some([2028, 6, 30]));
        assert_eq!(date("2028/6/3"), Some([2028, 6, 3]));
        assert_eq!(date("2028年6月"), Some([2028, 6, 31]));
        assert_eq!(date("20280630"), Some([2028, 6, 30]));
        assert_eq!(date("2028-06-30T00:00:00"), Some([2028, 6, 30]));
        assert_eq!(date("2028"), Some([2028, 12, 31]));
        assert_eq!(date("soon"), None);
    }
}
