//! Indoor systems: how many nodes a hall needs, and what a factory's system costs by that.
//!
//! One rule for the command `hall`, for plans and for the price of readiness: a [`HallAsk`] with the settings
//! for what it leaves open becomes a [`radio::hall::Task`](Task).

use super::sectors::carrier;
use crate::coverage::air::terminal;
use crate::coverage::demand::traffic_share;
use crate::coverage::fill::{is_nr, resource_blocks};
use crate::coverage::scene::edition;
use crate::coverage::score::need;
use crate::model::kinds::{Rat, Wall};
use crate::model::records::Site;
use crate::model::said::Bilingual;
use crate::model::settings::{Carrier, RadioSettings, Settings, TerminalKind};
use crate::radio::Refusal;
use crate::radio::capacity::{RateCurve, Resources};
use crate::radio::hall::{self, Floor, Node, Outdoor, Task, Wanted};
use crate::radio::link_budget::reference_power;
use crate::radio::normal;
use crate::radio::p2109::{self, Building};
use crate::radio::servers::BuildingEntry;
use crate::radio::tr38901::o2i::Facade;
use crate::radio::tr38901::{Clutter, Scenario, Suburb, Surroundings};
use crate::units::{Dbm, Metres, Mhz};
use rayon::prelude::*;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

/// Floors and numbers of terminals of sites are taken up to the next of these steps (of the logarithm) and
/// ceilings to the metre, so that halls alike are worked out once.
const STEP: f64 = 0.1;
/// Deepest place behind a wall, metres (TR 38.901, §7.4.3.1: 0 to 25 m).
const DEEPEST_M: f64 = 25.0;

/// A hall as a user describes it; what is left out comes from the settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HallAsk {
    /// Echoed in the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Length of the floor, metres.
    pub length_m: f64,
    /// Its width, metres.
    pub width_m: f64,
    /// Height of the ceiling, metres.
    #[serde(default)]
    pub ceiling_m: Option<f64>,
    /// Height of the nodes, metres.
    #[serde(default)]
    pub node_height_m: Option<f64>,
    /// Height of the terminals' antennas, metres.
    #[serde(default)]
    pub ue_height_m: Option<f64>,
    /// Share of the floor that clutter takes.
    #[serde(default)]
    pub clutter_density: Option<f64>,
    /// Typical size of clutter, metres.
    #[serde(default)]
    pub clutter_size_m: Option<f64>,
    /// Height of clutter, metres.
    #[serde(default)]
    pub clutter_height_m: Option<f64>,
    /// Service class: member of `score.service`.
    #[serde(default)]
    pub service: Option<String>,
    /// Uplink of each terminal, Mbit/s.
    #[serde(default)]
    pub ul_mbps: Option<f64>,
    /// Downlink of each terminal, Mbit/s.
    #[serde(default)]
    pub dl_mbps: Option<f64>,
    /// SS-RSRP wanted everywhere, dBm.
    #[serde(default)]
    pub rsrp_dbm: Option<f64>,
    /// Terminals active at the same time.
    #[serde(default)]
    pub terminals: Option<f64>,
    /// Terminal; the class's.
    #[serde(default)]
    pub terminal: Option<TerminalKind>,
    /// Carrier: member of `radio.carrier`.
    #[serde(default)]
    pub carrier: Option<String>,
    /// Carrier power of a node, dBm.
    #[serde(default)]
    pub power_dbm: Option<f64>,
    /// Antenna gain of a node, dBi.
    #[serde(default)]
    pub gain_dbi: Option<f64>,
    /// Load that nodes are planned for, percent.
    #[serde(default)]
    pub load_pct: Option<f64>,
    /// Probability with which levels and rates are met.
    #[serde(default)]
    pub location_probability: Option<f64>,
    /// Most nodes that are tried.
    #[serde(default)]
    pub max_nodes: Option<u32>,
    /// The station outside.
    #[serde(default)]
    pub outdoor: Option<OutdoorAsk>,
}

/// The station outside as a user describes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutdoorAsk {
    /// Distance to the wall along the ground, metres.
    pub distance_m: f64,
    /// Scenario of TR 38.901.
    #[serde(default)]
    pub scenario: OutdoorScenario,
    /// Height of its antennas, metres.
    #[serde(default)]
    pub height_m: Option<f64>,
    /// Carrier: member of `radio.carrier`.
    #[serde(default)]
    pub carrier: Option<String>,
    /// Carrier power, dBm.
    #[serde(default)]
    pub power_dbm: Option<f64>,
    /// Gain of the SSB beam towards the hall, dBi.
    #[serde(default)]
    pub gain_ssb_dbi: Option<f64>,
    /// Gain of the traffic beam towards the hall, dBi.
    #[serde(default)]
    pub gain_traffic_dbi: Option<f64>,
    /// The wall.
    #[serde(default)]
    pub wall: Option<WallAsk>,
    /// Depth behind it at which terminals are looked at, metres.
    #[serde(default)]
    pub depth_m: Option<f64>,
}

/// Outdoor scenarios by the word that requests of `link` use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutdoorScenario {
    /// Urban macro.
    #[default]
    Uma,
    /// Urban micro.
    Umi,
    /// Rural macro.
    Rma,
    /// Suburban macro.
    Sma,
}

/// Walls: TR 38.901's two facades, and the two buildings of ITU-R P.2109.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WallAsk {
    /// TR 38.901, low loss.
    Low,
    /// TR 38.901, high loss.
    High,
    /// P.2109, traditional.
    P2109Traditional,
    /// P.2109, thermally efficient.
    P2109Efficient,
}

/// Why a hall can't be worked out.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum HallError {
    /// A word that the settings don't have.
    #[error("{what} {word:?} is not among {}", known.join(", "))]
    Unknown {
        /// `carrier` or `service`.
        what: &'static str,
        /// The word.
        word: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// Outside a model's range.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl Bilingual for HallError {
    fn zh(&self) -> String {
        match self {
            Self::Unknown { what, word, known } => {
                format!("{what} {word:?} 不在可选值之中：{}", known.join("、"))
            }
            Self::Refused(e) => e.to_string(),
        }
    }
}

fn named<'a, T>(
    what: &'static str,
    word: &str,
    all: &'a std::collections::BTreeMap<String, T>,
) -> Result<&'a T, HallError> {
    all.get(word).ok_or_else(|| HallError::Unknown {
        what,
        word: word.to_owned(),
        known: all.keys().cloned().collect(),
    })
}

impl HallAsk {
    /// The task that it is, with the settings for what it leaves open.
    ///
    /// # Errors
    /// [`HallError`] for carriers and classes that the settings don't have, and outside the models' ranges.
    pub fn task(&self, settings: &Settings) -> Result<Task, HallError> {
        let (radio, h) = (&settings.radio, &settings.radio.hall);
        let class = named("service", self.service.as_deref().unwrap_or("data"), &settings.score.service)?;
        let of_carrier = |name: &Option<String>| match name {
            Some(name) => {
                let rat = if is_nr(name) { Rat::Nr } else { Rat::Lte };
                Ok((rat, named("carrier", name, &radio.carrier)?))
            }
            None => carrier(settings).ok_or_else(|| HallError::Unknown {
                what: "carrier",
                word: settings.siting.carrier.clone(),
                known: radio.carrier.keys().cloned().collect(),
            }),
        };
        let (rat, carrier) = of_carrier(&self.carrier)?;
        let ceiling_m = self.ceiling_m.unwrap_or(radio.height_m.indoor + h.drop_m);
        let height_m = self.node_height_m.unwrap_or((ceiling_m - h.drop_m).max(0.5 * ceiling_m));
        let terminal_height_m = self.ue_height_m.unwrap_or(radio.ue_height_m);
        let mut task = Task {
            floor: Floor { length_m: self.length_m, width_m: self.width_m },
            ceiling_m,
            clutter: Clutter {
                density: self.clutter_density.unwrap_or(h.clutter_density),
                size_m: self.clutter_size_m.unwrap_or(h.clutter_size_m),
                height_m: self.clutter_height_m.unwrap_or(h.clutter_height_m.min(ceiling_m)),
            },
            terminal_height_m,
            node: Node {
                freq: Mhz(carrier.freq_mhz),
                resources: resources(rat, carrier, radio),
                power_dbm: self.power_dbm.unwrap_or(h.power_dbm),
                gain_dbi: self.gain_dbi.unwrap_or(h.gain_dbi),
                noise_figure_db: radio.noise_figure_bs_db,
                height_m,
            },
            terminal: terminal(self.terminal.unwrap_or(class.terminal), radio),
            terminals: self.terminals.unwrap_or(1.0),
            wanted: Wanted {
                ul_mbps: self.ul_mbps.unwrap_or(class.ul_mbps),
                dl_mbps: self.dl_mbps.unwrap_or(class.dl_mbps),
                rsrp_dbm: self.rsrp_dbm.unwrap_or(radio.threshold.rsrp_dbm),
            },
            load: self.load_pct.unwrap_or(radio.default_load_pct) / 100.0,
            downlink: RateCurve::DOWNLINK.with_alpha(radio.shannon_alpha_dl),
            uplink: RateCurve::UPLINK.with_alpha(radio.shannon_alpha_ul),
            location_probability: self.location_probability.unwrap_or(radio.location_probability),
            max_nodes: self.max_nodes.unwrap_or(h.max_nodes),
            outdoor: None,
        };
        if let Some(ask) = &self.outdoor {
            let (rat, carrier) = of_carrier(&ask.carrier)?;
            task.outdoor = Some(ask.outdoor(rat, carrier, &task, settings)?);
        }
        Ok(task)
    }
}

fn resources(rat: Rat, carrier: &Carrier, radio: &RadioSettings) -> Resources {
    let (dl_share, ul_share) =
        if carrier.tdd { (radio.dl_share_tdd, radio.ul_share_tdd) } else { (1.0, 1.0) };
    Resources {
        resource_blocks: resource_blocks(rat, carrier.freq_mhz, carrier.bw_mhz, carrier.scs_khz),
        scs_khz: carrier.scs_khz,
        dl_share,
        ul_share,
    }
}

impl OutdoorAsk {
    fn outdoor(
        &self,
        rat: Rat,
        carrier: &Carrier,
        task: &Task,
        settings: &Settings,
    ) -> Result<Outdoor, HallError> {
        let radio = &settings.radio;
        let scenario = match self.scenario {
            OutdoorScenario::Uma => Scenario::Uma,
            OutdoorScenario::Umi => Scenario::Umi,
            OutdoorScenario::Rma => Scenario::Rma(Surroundings::RURAL),
            OutdoorScenario::Sma => Scenario::Sma(Suburb::TYPICAL),
        };
        let micro = self.scenario == OutdoorScenario::Umi;
        let usual_m = if micro { radio.height_m.micro } else { radio.height_m.r#macro };
        let height = Metres(self.height_m.unwrap_or(usual_m));
        // Terminals beyond the scenario's heights are taken at its edge, as scores do with stations.
        let terminal = Metres(task.terminal_height_m.clamp(1.5, 10.0));
        let freq = Mhz(carrier.freq_mhz);
        let resources = resources(rat, carrier, radio);
        let power_dbm = self.power_dbm.unwrap_or(carrier.power_dbm);
        let epre_dbm = reference_power(Dbm(power_dbm), resources.resource_blocks)?.get();
        let gain_dbi = self.gain_traffic_dbi.unwrap_or(carrier.gain_traffic_dbi);
        let floor = &task.floor;
        let middle_m = 0.5 * floor.length_m.min(floor.width_m);
        let depth = Metres(self.depth_m.unwrap_or(middle_m.min(DEEPEST_M)));
        let wall = self.wall.unwrap_or(match radio.wall {
            Wall::LowLoss => WallAsk::Low,
            Wall::HighLoss => WallAsk::High,
        });
        let facade = |f: Facade| -> Result<BuildingEntry, Refusal> {
            let p = f.penetration(edition(radio), freq, depth)?;
            Ok(BuildingEntry { loss_db: p.loss().get(), sigma_db: p.sigma.get() })
        };
        // Median and the value at the location probability, as a normal with both.
        let building = |b: Building| -> Result<BuildingEntry, Refusal> {
            let p = task.location_probability;
            let median = p2109::entry_loss(freq, b, 0.0, 50.0)?.get();
            let z = normal::quantile(p);
            let spread =
                if z > 0.0 { (p2109::entry_loss(freq, b, 0.0, 100.0 * p)?.get() - median) / z } else { 0.0 };
            Ok(BuildingEntry { loss_db: median, sigma_db: spread })
        };
        let entry = match wall {
            WallAsk::Low => facade(Facade::Low)?,
            WallAsk::High => facade(Facade::High)?,
            WallAsk::P2109Traditional => building(Building::Traditional)?,
            WallAsk::P2109Efficient => building(Building::ThermallyEfficient)?,
        };
        Ok(Outdoor {
            prepared: scenario.prepare(freq, height, terminal)?,
            distance_m: self.distance_m,
            ssb_dbm: epre_dbm + self.gain_ssb_dbi.unwrap_or(carrier.gain_ssb_dbi),
            data_dbm: epre_dbm + gain_dbi,
            gain_dbi,
            entry,
            resources,
        })
    }
}

/// A factory's indoor system.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IndoorSystem {
    /// Nodes in all its halls; `None` where its area isn't known.
    pub nodes: Option<u32>,
    /// Capex, yuan.
    pub capex_cny: f64,
    /// Mean power, kW.
    pub kw: f64,
}

/// What tells halls apart, as bits.
type Key = [u64; 7];

/// Indoor systems of factories, halls alike worked out once.
pub struct IndoorSystems<'a> {
    settings: &'a Settings,
    nodes: FxHashMap<Key, Option<u32>>,
}

impl<'a> IndoorSystems<'a> {
    /// Works out the halls of the sites.
    #[must_use]
    pub fn new<'s>(sites: impl Iterator<Item = &'s Site>, settings: &'a Settings) -> Self {
        let mut asks: FxHashMap<Key, HallAsk> = FxHashMap::default();
        for (_, ask) in sites.filter_map(|s| site_halls(s, settings)) {
            asks.entry(key(&ask)).or_insert(ask);
        }
        // A large hall takes as long as many small ones: each is a task, the largest first.
        let mut asks: Vec<(Key, HallAsk)> = asks.into_iter().collect();
        let area = |ask: &HallAsk| ask.length_m * ask.width_m;
        asks.sort_by(|a, b| area(&b.1).total_cmp(&area(&a.1)).then(a.0.cmp(&b.0)));
        let nodes =
            asks.into_par_iter().with_max_len(1).map(|(key, ask)| (key, nodes(&ask, settings))).collect();
        Self { settings, nodes }
    }

    /// The system of a site: by its nodes where its area is known. `None` where no number of nodes serves its
    /// class.
    #[must_use]
    pub fn of(&self, site: &Site) -> Option<IndoorSystem> {
        let s = &self.settings.siting;
        let Some((halls, ask)) = site_halls(site, self.settings) else {
            return Some(IndoorSystem {
                nodes: None,
                capex_cny: s.indoor_system_cny,
                kw: s.station_kw * 0.3,
            });
        };
        let each = self.nodes.get(&key(&ask)).copied().unwrap_or_else(|| nodes(&ask, self.settings))?;
        let (n, halls) = (f64::from(each) * f64::from(halls), f64::from(halls));
        Some(IndoorSystem {
            nodes: Some(n as u32),
            capex_cny: halls * s.indoor_base_cny + n * s.indoor_node_cny,
            kw: halls * s.indoor_base_kw + n * s.indoor_node_kw,
        })
    }
}

/// Nodes of one hall; `None` where none serve or the hall is outside the model's range.
fn nodes(ask: &HallAsk, settings: &Settings) -> Option<u32> {
    hall::fewest_nodes(&ask.task(settings).ok()?).ok()?
}

fn key(ask: &HallAsk) -> Key {
    let bits = |v: Option<f64>| v.map_or(u64::MAX, f64::to_bits);
    let kind = ask.terminal.map(|t| f64::from(t as u8));
    let figures =
        [Some(ask.length_m), Some(ask.width_m), ask.ceiling_m, ask.ul_mbps, ask.dl_mbps, ask.terminals, kind];
    figures.map(bits)
}

/// The next step at or above a number from one on.
fn stepped(v: f64) -> f64 {
    ((v.max(1.0).ln() / STEP - 1e-9).ceil() * STEP).exp()
}

/// A site's halls: how many, and one of them, with the class's needs; `None` where its area isn't known.
fn site_halls(site: &Site, settings: &Settings) -> Option<(u32, HallAsk)> {
    let h = &settings.radio.hall;
    let area_m2 = stepped(site.area_m2.get().filter(|a| *a > 0.0)?.max(50.0));
    let halls = (area_m2 / h.max_m2).ceil().max(1.0);
    let width_m = (area_m2 / halls / h.aspect).sqrt();
    let need = need(site, settings);
    let terminals = traffic_share(site, &settings.radio) / halls;
    let ask = HallAsk {
        length_m: width_m * h.aspect,
        width_m,
        ceiling_m: site.ceiling_m.get().map(|c| c.clamp(2.0, 50.0).round()),
        ul_mbps: Some(need.ul_mbps),
        dl_mbps: Some(need.dl_mbps),
        terminals: Some(stepped(terminals)),
        terminal: Some(need.terminal),
        ..HallAsk::default()
    };
    Some((halls as u32, ask))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::LonLat;
    use crate::model::text::Known;

    fn settings() -> Settings {
        Settings::with(&toml::Table::new()).unwrap()
    }

    fn site(area_m2: f32) -> Site {
        let mut site = Site::at(Default::default(), Default::default(), LonLat::wrapped(118.0, 32.0));
        site.area_m2 = Known::new(area_m2);
        site
    }

    #[test]
    fn a_system_is_priced_by_its_nodes() {
        let s = settings();
        let of = |site: &Site| IndoorSystems::new([site].into_iter(), &s).of(site).unwrap();
        let unknown = of(&Site::at(Default::default(), Default::default(), LonLat::wrapped(118.0, 32.0)));
        assert_eq!((unknown.nodes, unknown.capex_cny), (None, 120_000.0));
        let mut last = 0;
        for area in [500.0, 5_000.0, 20_000.0, 60_000.0, 200_000.0] {
            let mut large = site(area);
            large.ceiling_m = Known::new(9.0);
            let system = of(&large);
            let nodes = system.nodes.unwrap();
            assert!(nodes >= last, "{area} m²: {nodes} nodes");
            last = nodes;
            let halls = (stepped(f64::from(area)) / 40_000.0).ceil();
            assert_eq!(system.capex_cny, halls * 40_000.0 + f64::from(nodes) * 12_000.0);
        }
        assert!(last > 5);
    }

    /// What the site asks for can't be had of the carrier: no system is offered.
    #[test]
    fn what_cannot_be_served_is_not_offered() {
        let s = settings();
        let mut greedy = site(5_000.0);
        greedy.ul_mbps = Known::new(5_000.0);
        assert_eq!(IndoorSystems::new([&greedy].into_iter(), &s).of(&greedy), None);
    }

    #[test]
    fn asks_are_filled_from_the_settings() {
        let s = settings();
        let ask: HallAsk = serde_json::from_str(r#"{"length_m":80,"width_m":40,"service":"video"}"#).unwrap();
        let t = ask.task(&s).unwrap();
        assert_eq!((t.wanted.ul_mbps, t.wanted.dl_mbps, t.wanted.rsrp_dbm), (20.0, 10.0, -105.0));
        assert_eq!((t.ceiling_m, t.node.height_m, t.terminal_height_m), (7.0, 6.0, 1.5));
        assert!(serde_json::from_str::<HallAsk>(r#"{"length_m":80,"width_m":40,"ceiling":9}"#).is_err());
        let no = HallAsk { service: Some("dance".into()), ..ask.clone() }.task(&s).unwrap_err();
        assert!(no.to_string().contains("dance") && no.to_string().contains("video"), "{no}");
        let no = HallAsk { carrier: Some("n999".into()), ..ask }.task(&s).unwrap_err();
        assert!(no.to_string().contains("n78"), "{no}");
    }

    /// P.2109's loss at the location probability comes out as it is.
    #[test]
    fn the_wall_of_p2109() {
        let s = settings();
        let outdoor = OutdoorAsk {
            distance_m: 200.0,
            scenario: OutdoorScenario::Uma,
            height_m: None,
            carrier: None,
            power_dbm: None,
            gain_ssb_dbi: None,
            gain_traffic_dbi: None,
            wall: Some(WallAsk::P2109Efficient),
            depth_m: None,
        };
        let ask = HallAsk { length_m: 80.0, width_m: 40.0, outdoor: Some(outdoor), ..HallAsk::default() };
        let entry = ask.task(&s).unwrap().outdoor.unwrap().entry;
        let at = |p| p2109::entry_loss(Mhz(3500.0), Building::ThermallyEfficient, 0.0, p).unwrap().get();
        assert!((entry.loss_db + 1.644_854 * entry.sigma_db - at(95.0)).abs() < 1e-4);
        assert_eq!(entry.loss_db, at(50.0));
    }
}
