//! Parties that could build together, and what a group of them has to work with: its sites, its places,
//! its fiber. The same planner then plans for any group.

use crate::coverage::kpi::Places;
use crate::index::RegionIndex;
use crate::model::inputs::Inputs;
use crate::model::kinds::RegionLevel;
use crate::model::operators::{Operators, operator_code};
use crate::model::records::Sites;
use crate::model::settings::Settings;
use std::collections::{BTreeMap, BTreeSet};

/// A set of parties, one bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Coalition(pub u32);

impl Coalition {
    /// All of `n` parties.
    #[must_use]
    pub const fn all(n: usize) -> Self {
        Self(((1u64 << n) - 1) as u32)
    }

    /// One more.
    #[must_use]
    pub const fn with(self, party: usize) -> Self {
        Self(self.0 | 1 << party)
    }

    /// Whether a party is in it.
    #[must_use]
    pub const fn has(self, party: usize) -> bool {
        self.0 >> party & 1 == 1
    }

    /// How many are in it.
    #[must_use]
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether it is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

/// Who the parties are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Radio networks, and the tower company where it owns places. Alone, a network lifts every site on
    /// its own radio, from its own places, over its own fiber and that of nobody's.
    Operators,
    /// Cities. Alone, a city lifts its own sites from places and fiber within its border.
    Cities,
    /// Provinces, likewise.
    Provinces,
}

impl Kind {
    /// The regions that are parties; none where operators are.
    const fn level(self) -> Option<RegionLevel> {
        match self {
            Self::Operators => None,
            Self::Cities => Some(RegionLevel::City),
            Self::Provinces => Some(RegionLevel::Province),
        }
    }
}

/// Parties: names, and codes that groups are made by.
#[derive(Clone, Debug, PartialEq)]
pub struct Parties {
    /// Who they are.
    pub kind: Kind,
    /// Codes: a network's operators joined by `+`, `tower`, or an adcode.
    pub codes: Vec<String>,
    /// Names for people.
    pub names: Vec<String>,
}

/// Parties at most: coalitions are bits.
pub const MOST: usize = 30;

/// The parties that the inputs show: those with sites or places of their own.
#[must_use]
pub fn parties(inputs: &Inputs, kind: Kind) -> Parties {
    let mut codes = Vec::new();
    let mut names = Vec::new();
    match kind {
        Kind::Operators => {
            let used: BTreeSet<_> =
                inputs.cells.list.iter().map(|c| inputs.operators.network(c.operator)).collect();
            for n in inputs.operators.networks().filter(|n| used.contains(n)) {
                codes.push(inputs.operators.network_name(n));
            }
            if inputs.candidates.iter().any(|c| c.owner.as_deref().map(operator_code) == Some("tower")) {
                codes.push("tower".to_owned());
            }
            names.clone_from(&codes);
        }
        Kind::Cities | Kind::Provinces => {
            let homes = homes(inputs, kind.level());
            let used: BTreeSet<u32> = homes.iter().flatten().copied().collect();
            for (_, r) in (0u32..).zip(&inputs.regions).filter(|(i, _)| used.contains(i)) {
                codes.push(r.adcode.clone());
                names.push(r.name.clone());
            }
        }
    }
    Parties { kind, codes, names }
}

/// The city, or the region of another level, of every site.
pub(super) fn homes(inputs: &Inputs, level: Option<RegionLevel>) -> Vec<Option<u32>> {
    let mut found = Vec::new();
    if level == Some(RegionLevel::City) {
        let places = Places::new(inputs);
        return inputs.sites.list.iter().map(|s| places.city(s, inputs, &mut found)).collect();
    }
    let index = RegionIndex::of(&inputs.regions);
    let of_level = |i: &u32| inputs.regions.get(*i as usize).is_some_and(|r| Some(r.level) == level);
    let mut home = |at| {
        index.locate(at, &mut found);
        found.iter().copied().filter(|i| of_level(i)).min()
    };
    inputs.sites.list.iter().map(|s| home(s.at)).collect()
}

/// Sites that belong to no party: in no region of that level.
#[must_use]
pub fn left_out(inputs: &Inputs, kind: Kind) -> u64 {
    match kind {
        Kind::Operators => 0,
        Kind::Cities | Kind::Provinces => {
            homes(inputs, kind.level()).iter().filter(|h| h.is_none()).count() as u64
        }
    }
}

/// What a group of parties has to work with, and the settings that keep it off the others' towers.
#[must_use]
pub fn inputs_of(
    inputs: &Inputs,
    settings: &Settings,
    parties: &Parties,
    group: Coalition,
    towers: &[(String, crate::geom::LonLat)],
) -> (Inputs, Settings) {
    let inside: BTreeSet<&str> =
        parties.codes.iter().enumerate().filter(|(i, _)| group.has(*i)).map(|(_, c)| c.as_str()).collect();
    match parties.kind {
        Kind::Operators => (of_operators(inputs, parties, &inside), settings.clone()),
        Kind::Cities | Kind::Provinces => of_regions(inputs, settings, parties.kind, &inside, towers),
    }
}

fn of_operators(inputs: &Inputs, parties: &Parties, inside: &BTreeSet<&str>) -> Inputs {
    let members = |code: &str| code.split('+').map(str::to_owned).collect::<Vec<_>>();
    let own: BTreeSet<String> = inside.iter().flat_map(|c| members(c)).collect();
    let theirs: BTreeSet<String> =
        parties.codes.iter().flat_map(|c| members(c)).filter(|c| !own.contains(c)).collect();
    // What belongs to no party (a city's ducts, an owner that isn't told) is open to all.
    let open = |owner: &str| !theirs.contains(operator_code(owner));
    let mut out = inputs.clone();
    // Those who build together share their radio: their cells serve each other's terminals.
    let mut operators = Operators::new(&[own.iter().cloned().collect()]);
    for id in inputs.operators.iter() {
        operators.add(inputs.operators.code(id));
    }
    out.operators = operators;
    let is_own =
        |i: usize| inputs.cells.list.get(i).is_some_and(|c| own.contains(inputs.operators.code(c.operator)));
    out.cells.list.retain(is_own);
    out.measurements.retain(|m| own.contains(inputs.operators.code(m.operator)));
    out.candidates.retain(|c| c.owner.as_deref().is_none_or(open));
    out.fiber_nodes.retain(|n| open(&n.owner));
    out.fiber_segments.retain(|s| open(&s.owner));
    out.ducts.retain(|d| open(&d.owner));
    out
}

fn of_regions(
    inputs: &Inputs,
    settings: &Settings,
    kind: Kind,
    inside: &BTreeSet<&str>,
    towers: &[(String, crate::geom::LonLat)],
) -> (Inputs, Settings) {
    let homes = homes(inputs, kind.level());
    let code = |r: u32| inputs.regions.get(r as usize).map(|r| r.adcode.as_str());
    let mut out = inputs.clone();
    let mut kept = Sites { list: Vec::new(), text: inputs.sites.text.clone() };
    for (s, home) in inputs.sites.list.iter().zip(homes) {
        if home.and_then(code).is_some_and(|c| inside.contains(c)) {
            kept.list.push(*s);
        }
    }
    out.sites = kept;
    let cities: Vec<(usize, &str)> = inputs
        .regions
        .iter()
        .enumerate()
        .filter(|(_, r)| Some(r.level) == kind.level())
        .map(|(i, r)| (i, r.adcode.as_str()))
        .collect();
    let by_index: BTreeMap<usize, &str> = cities.into_iter().collect();
    let index = RegionIndex::of(&inputs.regions);
    let mut found = Vec::new();
    // What stands in none of them is nobody's, and open to all.
    let mut open = |at| {
        index.locate(at, &mut found);
        found.iter().filter_map(|r| by_index.get(&(*r as usize))).all(|c| inside.contains(c))
    };
    out.candidates.retain(|c| open(c.at));
    out.fiber_nodes.retain(|n| open(n.at));
    out.fiber_segments
        .retain(|s| s.line.first().is_none_or(|p| open(*p)) && s.line.last().is_none_or(|p| open(*p)));
    out.ducts.retain(|d| d.line.first().is_none_or(|p| open(*p)) && d.line.last().is_none_or(|p| open(*p)));
    // Signals cross borders, so all cells stay; the others' towers carry no new station, and no new hall
    // stands in their towns. Halls that exist serve whoever is near.
    let mut settings = settings.clone();
    let shut = &mut settings.plan.lock.shut;
    shut.extend(towers.iter().filter(|(_, at)| !open(*at)).map(|(id, _)| format!("T-{id}")));
    let (own, others): (Vec<_>, Vec<_>) = inputs.towns.iter().partition(|t| open(t.at));
    let own: BTreeSet<&str> = own.iter().map(|t| t.name.as_str()).collect();
    let others: BTreeSet<&str> = others.iter().map(|t| t.name.as_str()).collect();
    shut.extend(others.difference(&own).map(|name| (*name).to_owned()));
    (out, settings)
}
