//! What a site counts for in every objective: the one place that turns settings and layers into a weight.
//!
//! weight = own × size × equity × digitisation × sector × cleantech × cluster, and for a supplier of a lead
//! firm `plan.weight.supply` × the weight of the weightiest lead firm that it supplies on top. That weight is
//! the lead firm's own product, so chains of suppliers don't run away and rings do no harm.

use crate::model::inputs::Inputs;
use crate::model::kinds::{FirmSize, SiteStatus};
use crate::model::notes::Note;
use crate::model::records::Site;
use crate::model::settings::{PlanWeightSettings, Settings};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Where a part of a weight comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The row's own weight.
    Own,
    /// Size of the firm.
    Size,
    /// `plan.equity_small`.
    Equity,
    /// Digitisation level.
    Digitisation,
    /// Sector.
    Sector,
    /// Cleantech.
    Cleantech,
    /// Industrial cluster.
    Cluster,
    /// Supplies a lead firm.
    Supply,
}

impl Reason {
    /// Name for people, English and Chinese.
    #[must_use]
    pub const fn label(self) -> (&'static str, &'static str) {
        match self {
            Self::Own => ("the row's own weight", "企业自带权重"),
            Self::Size => ("size of the firm", "企业规模"),
            Self::Equity => ("small or micro firm (plan.equity_small)", "小微企业（plan.equity_small）"),
            Self::Digitisation => ("digitisation level", "数字化等级"),
            Self::Sector => ("sector", "行业"),
            Self::Cleantech => ("cleantech", "清洁技术"),
            Self::Cluster => ("industrial cluster", "产业集群"),
            Self::Supply => ("supplies a lead firm", "链主供应商"),
        }
    }
}

/// A part of a weight.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Part {
    /// Where it comes from.
    pub reason: Reason,
    /// A factor; for [`Reason::Supply`] what is added.
    pub value: f64,
    /// The value of the layer that it hangs on: a size, a code, a cluster, the lead firm's id.
    pub by: String,
}

/// The weights of a project's sites.
pub struct Weights<'a> {
    inputs: &'a Inputs,
    settings: &'a Settings,
    /// By supplier: weight of its weightiest lead firm, and that firm's id.
    leads: HashMap<&'a str, (f64, &'a str)>,
    /// Links: of the layer, and those that count.
    links: (usize, usize),
}

impl<'a> Weights<'a> {
    /// Looks through the supply links once. O(sites + links) where links count, else O(1).
    #[must_use]
    pub fn new(inputs: &'a Inputs, settings: &'a Settings) -> Self {
        let mut weights = Self { inputs, settings, leads: HashMap::new(), links: (0, 0) };
        let w = &settings.plan.weight;
        weights.links.0 = inputs.supply_links.len();
        if w.supply <= 0.0 || inputs.supply_links.is_empty() {
            return weights;
        }
        let text = &inputs.sites.text;
        let buyers: BTreeSet<&str> = inputs.supply_links.iter().map(|l| l.to_site.as_str()).collect();
        let named: BTreeSet<&str> = w.lead_firms.iter().map(String::as_str).collect();
        let leading: HashMap<&str, f64> = inputs
            .sites
            .list
            .iter()
            .filter(|s| s.status != Some(SiteStatus::Closed))
            .filter(|s| {
                let id = text.get(s.id);
                let chosen =
                    if named.is_empty() { s.firm_size == Some(FirmSize::Large) } else { named.contains(id) };
                chosen && buyers.contains(id)
            })
            .map(|s| (text.get(s.id), weights.product(s)))
            .collect();
        for link in &inputs.supply_links {
            let (from, to) = (link.from_site.as_str(), link.to_site.as_str());
            if from == to || link.volume_cny.is_some_and(|v| v < w.supply_min_cny) {
                continue;
            }
            let Some((&id, &weight)) = leading.get_key_value(to) else { continue };
            weights.links.1 += 1;
            let best = weights.leads.entry(from).or_insert((weight, id));
            // The weightiest; of equals the first by id, whatever the order of rows.
            if weight > best.0 || (weight == best.0 && id < best.1) {
                *best = (weight, id);
            }
        }
        weights
    }

    /// The weight of a site.
    #[must_use]
    pub fn of(&self, site: &Site) -> f64 {
        let own = self.product(site);
        if self.leads.is_empty() {
            return own;
        }
        let lead = self.leads.get(self.inputs.sites.text.get(site.id));
        own + lead.map_or(0.0, |(weight, _)| self.settings.plan.weight.supply * weight)
    }

    /// Every part that isn't neutral; the row's own weight always stands first. The product of the factors,
    /// and what is added, make [`of`](Self::of).
    #[must_use]
    pub fn parts(&self, site: &Site) -> Vec<Part> {
        let mut parts = Vec::new();
        self.factors(site, &mut |reason, value, by| {
            if reason == Reason::Own || value != 1.0 {
                parts.push(Part { reason, value, by: by.to_owned() });
            }
        });
        if let Some((weight, id)) = self.leads.get(self.inputs.sites.text.get(site.id)) {
            let value = self.settings.plan.weight.supply * weight;
            parts.push(Part { reason: Reason::Supply, value, by: (*id).to_owned() });
        }
        parts
    }

    fn product(&self, site: &Site) -> f64 {
        let mut product = 1.0;
        self.factors(site, &mut |_, value, _| product *= value);
        product
    }

    fn factors(&self, site: &Site, each: &mut dyn FnMut(Reason, f64, &str)) {
        let (plan, text) = (&self.settings.plan, &self.inputs.sites.text);
        let w = &plan.weight;
        each(Reason::Own, site.weight.or(1.0), "");
        if let Some(size) = site.firm_size {
            let factor = match size {
                FirmSize::Large => w.large,
                FirmSize::Medium => w.medium,
                FirmSize::Small => w.small,
                FirmSize::Micro => w.micro,
            };
            each(Reason::Size, factor, size.code());
            if matches!(size, FirmSize::Small | FirmSize::Micro) {
                each(Reason::Equity, plan.equity_small, size.code());
            }
        }
        if let Some((level, factor)) = text.opt(site.dig_level).and_then(|l| w.dig_level.get_key_value(l)) {
            each(Reason::Digitisation, *factor, level);
        }
        let code = text.opt(site.industry_code).map(bare);
        if let Some((key, factor)) = of_sector(w, code, text.opt(site.sector)) {
            each(Reason::Sector, factor, key);
        }
        if let Some(c) = code.filter(|c| w.cleantech_codes.iter().any(|k| c.starts_with(bare(k)))) {
            each(Reason::Cleantech, w.cleantech, c);
        }
        if let Some((park, factor)) = text.opt(site.park).and_then(|p| w.park.get_key_value(p)) {
            each(Reason::Cluster, *factor, park);
        }
    }

    /// What the reader must know: names of the settings that no site has, and what became of the links.
    #[must_use]
    pub fn notes(&self) -> Vec<Note> {
        let w = &self.settings.plan.weight;
        let text = &self.inputs.sites.text;
        let mut notes = Vec::new();
        if !(w.sector.is_empty() && w.dig_level.is_empty() && w.park.is_empty()) {
            let mut idle: BTreeMap<String, ()> = BTreeMap::new();
            for (group, names) in [("sector", &w.sector), ("dig_level", &w.dig_level), ("park", &w.park)] {
                idle.extend(names.keys().map(|n| (format!("plan.weight.{group}.{n}"), ())));
            }
            for site in &self.inputs.sites.list {
                if idle.is_empty() {
                    break;
                }
                self.factors(site, &mut |reason, _, by| {
                    let group = match reason {
                        Reason::Sector => "sector",
                        Reason::Digitisation => "dig_level",
                        Reason::Cluster => "park",
                        _ => return,
                    };
                    idle.remove(&format!("plan.weight.{group}.{by}"));
                });
            }
            if !idle.is_empty() {
                let names: Vec<&str> = idle.keys().map(String::as_str).collect();
                notes.push(Note::new(
                    "N114",
                    format!(
                        "no site has what these weights are for, so they change nothing: {}",
                        names.join(", ")
                    ),
                    format!("没有企业符合以下权重设置，因而不起作用：{}", names.join("、")),
                ));
            }
        }
        let (links, counted) = self.links;
        if links > 0 && w.supply > 0.0 {
            let known: BTreeSet<&str> = self.inputs.sites.list.iter().map(|s| text.get(s.id)).collect();
            let raised = self.leads.keys().filter(|id| known.contains(*id)).count();
            notes.push(Note::new(
                "N115",
                format!("{counted} of {links} supply links lead to a lead firm; {raised} suppliers count for {} of its weight more", w.supply),
                format!("{links} 条供应关系中 {counted} 条指向链主企业；{raised} 家供应商另计链主权重的 {} 倍", w.supply),
            ));
        } else if links > 0 {
            notes.push(Note::new(
                "N115",
                format!("{links} supply links change no weight, as plan.weight.supply is 0"),
                format!("plan.weight.supply 为 0，{links} 条供应关系不影响权重"),
            ));
        }
        notes
    }
}

/// A GB/T 4754 code without the letter of its section.
fn bare(code: &str) -> &str {
    code.trim_start_matches(|c: char| c.is_ascii_alphabetic())
}

/// The factor of a sector: the longest code that begins the site's, else the longest name within its words.
fn of_sector<'w>(
    w: &'w PlanWeightSettings,
    code: Option<&str>,
    words: Option<&str>,
) -> Option<(&'w str, f64)> {
    let digits = |k: &str| !k.is_empty() && k.bytes().all(|b| b.is_ascii_digit());
    let fits = |k: &str| match digits(bare(k)) {
        true => code.is_some_and(|c| c.starts_with(bare(k))),
        false => words.is_some_and(|t| t.contains(k)),
    };
    let found = w.sector.iter().filter(|(k, _)| fits(k));
    // Of equals the first by name: the map is sorted and `max_by_key` keeps the last.
    found.rev().max_by_key(|(k, _)| (digits(bare(k)), k.len())).map(|(k, f)| (k.as_str(), *f))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::LonLat;
    use crate::model::records::Origin;
    use crate::model::submissions::SupplyLink;
    use crate::model::text::Known;

    fn settings(text: &str) -> Settings {
        Settings::with(&text.parse().unwrap()).unwrap()
    }

    /// A large buyer of weight 2, two suppliers, one of them small and of the car trade.
    fn inputs() -> Inputs {
        let mut inputs = Inputs::default();
        let place = LonLat::new(118.8, 32.0).unwrap();
        for (id, size, code, sector, level, park) in [
            ("L", FirmSize::Large, "C3612", "汽车整车制造", "4", "East"),
            ("A", FirmSize::Small, "C3670", "汽车零部件", "1", "East"),
            ("B", FirmSize::Medium, "2211", "纸浆制造", "2", "West"),
        ] {
            let t = &mut inputs.sites.text;
            let (id, name) = (t.push(id), t.push(id));
            let mut site = Site::at(id, name, place);
            site.firm_size = Some(size);
            site.industry_code = t.push(code);
            site.sector = t.push(sector);
            site.dig_level = t.push(level);
            site.park = t.push(park);
            inputs.sites.list.push(site);
        }
        inputs.sites.list[0].weight = Known::new(2.0);
        inputs
    }

    fn link(from: &str, to: &str, volume_cny: Option<f64>) -> SupplyLink {
        let origin = Origin::default();
        SupplyLink { from_site: from.into(), to_site: to.into(), volume_cny, product: None, origin }
    }

    fn weights_of(inputs: &Inputs, text: &str) -> Vec<f64> {
        let s = settings(text);
        let w = Weights::new(inputs, &s);
        for site in &inputs.sites.list {
            // The parts make the weight.
            let parts = w.parts(site);
            let times: f64 = parts.iter().filter(|p| p.reason != Reason::Supply).map(|p| p.value).product();
            let plus: f64 = parts.iter().filter(|p| p.reason == Reason::Supply).map(|p| p.value).sum();
            assert!((times + plus - w.of(site)).abs() < 1e-12, "{parts:?}");
        }
        inputs.sites.list.iter().map(|s| w.of(s)).collect()
    }

    #[test]
    fn factors_multiply() {
        let i = inputs();
        assert_eq!(weights_of(&i, ""), [2.0, 1.0, 1.0]);
        assert_eq!(
            weights_of(&i, "[plan]\nequity_small = 1.5\n[plan.weight]\nsmall = 2.0\nlarge = 0.5"),
            [1.0, 3.0, 1.0]
        );
        assert_eq!(
            weights_of(&i, "[plan.weight]\ncleantech = 3\n[plan.weight.dig_level]\n1 = 1.25"),
            [6.0, 1.25, 1.0]
        );
        assert_eq!(weights_of(&i, "[plan.weight.park]\nEast = 1.1\nNowhere = 9"), [2.2, 1.1, 1.0]);
        // A code goes before a name, the longer before the shorter.
        assert_eq!(
            weights_of(&i, "[plan.weight.sector]\n36 = 2\n3670 = 5\n\"汽车\" = 7\n\"纸\" = 3"),
            [4.0, 5.0, 3.0]
        );
    }

    #[test]
    fn suppliers_count_with_their_lead_firm() {
        let mut i = inputs();
        i.supply_links = vec![
            link("A", "L", Some(5e6)),
            link("B", "A", None),
            link("B", "L", Some(1e3)),
            link("L", "L", None),
        ];
        // Both supply the large firm, of weight 2; A is no lead firm, and nobody supplies himself.
        assert_eq!(weights_of(&i, "[plan.weight]\nsupply = 0.5"), [2.0, 2.0, 2.0]);
        assert_eq!(weights_of(&i, "[plan.weight]\nsupply = 0.5\nsupply_min_cny = 10000"), [2.0, 2.0, 1.0]);
        // Named lead firms take the place of the large ones.
        assert_eq!(weights_of(&i, "[plan.weight]\nsupply = 0.5\nlead_firms = [\"A\"]"), [2.0, 1.0, 1.5]);
        assert_eq!(weights_of(&i, ""), [2.0, 1.0, 1.0]);
        // A ring of suppliers adds once.
        i.supply_links.push(link("L", "A", None));
        assert_eq!(weights_of(&i, "[plan.weight]\nsupply = 1\nlead_firms = [\"A\", \"L\"]"), [3.0, 3.0, 3.0]);
    }

    #[test]
    fn what_changes_nothing_is_told() {
        let i = inputs();
        let s = settings("[plan.weight.park]\nEast = 1.1\nNowhere = 9");
        let notes = Weights::new(&i, &s).notes();
        assert_eq!(notes.len(), 1);
        assert!(notes[0].en.ends_with("plan.weight.park.Nowhere"), "{}", notes[0].en);
    }
}
