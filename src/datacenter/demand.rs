//! What compute the sites ask for, and how soon it must answer.

use crate::coverage::latency::{beside_transport_ms, line_us};
use crate::coverage::score::need;
use crate::geom::{LonLat, sphere_m};
use crate::model::inputs::Inputs;
use crate::model::records::SiteId;
use crate::model::settings::{HallKind, Settings};
use std::collections::BTreeMap;

/// Sites of one cell of this size are served together, degrees: about a kilometre where latency is short,
/// about ten where there is time.
const GROUP_DEG: [f64; 2] = [0.01, 0.1];
/// A limit that leaves transport this long, one way, is a long one, microseconds.
const LONG_US: f64 = 2_000.0;
/// Below this number sites are served one by one.
const UNGROUPED: usize = 1_000;

/// Compute of one workload, asked for at one place.
#[derive(Clone, Debug, PartialEq)]
pub struct Demand {
    /// Where: a site, or the first of several within a kilometre or ten.
    pub at: LonLat,
    /// The sites.
    pub sites: Vec<SiteId>,
    /// Workload, by its place among `datacenter.workload`.
    pub workload: u16,
    /// Standard racks in all.
    pub racks: f64,
    /// Hall that it needs.
    pub hall: HallKind,
    /// Round trip within which it must be served, all parts included, ms.
    pub max_rtt_ms: f64,
    /// What its latency is worth, against `datacenter.ms_value_cny_yr`.
    pub latency_value: f64,
    /// What the limit leaves for transport, **one way**, microseconds, with the distance between `at` and the
    /// farthest of its sites taken off. Negative where the parts beside the transport exceed the limit.
    pub transport_us: f64,
}

/// Racks that a site asks for, all workloads with a share of one together.
#[must_use]
pub fn site_racks(inputs: &Inputs, site: SiteId, settings: &Settings) -> f64 {
    let s = &settings.datacenter;
    let size = inputs.sites.list.get(site.at()).and_then(|s| s.firm_size);
    s.site_racks * s.firm.of(size)
}

/// Demand of the sites by workload: site by site while there are few, else gathered by cells of a kilometre
/// (of ten, where the limit is a long one). No group asks for more than `most_racks`, unless one site does.
#[must_use]
pub fn demands(inputs: &Inputs, sites: &[SiteId], most_racks: f64, settings: &Settings) -> Vec<Demand> {
    let beside_ms = beside_transport_ms(&settings.latency);
    let budget_us = |max_rtt_ms: f64| (max_rtt_ms - beside_ms) * 1e3 / 2.0;
    let gathered = sites.len() > UNGROUPED;
    // Between equals the order decides: it is that of ids, whatever that of the file.
    let mut sites = sites.to_vec();
    sites.sort_by_key(|s| inputs.sites.list.get(s.at()).map(|site| inputs.sites.text.get(site.id)));
    let mut out: Vec<Demand> = Vec::new();
    for (workload, w) in (0u16..).zip(settings.datacenter.workload.values()) {
        if w.share <= 0.0 {
            continue;
        }
        let mut by_cell: BTreeMap<(u64, i64, i64), usize> = BTreeMap::new();
        for &id in &sites {
            let Some(site) = inputs.sites.list.get(id.at()) else { continue };
            let racks = site_racks(inputs, id, settings) * w.share;
            if racks <= 0.0 {
                continue;
            }
            let max_rtt_ms =
                if w.max_rtt_ms > 0.0 { w.max_rtt_ms } else { need(site, settings).latency_rtt_ms };
            let slot = gathered.then(|| {
                let deg = GROUP_DEG[usize::from(budget_us(max_rtt_ms) > LONG_US)];
                let cell = |v: f64| (v / deg).floor() as i64;
                (max_rtt_ms.to_bits(), cell(site.at.lon_deg()), cell(site.at.lat_deg()))
            });
            let full = |d: &Demand| d.racks + racks > most_racks;
            match slot.and_then(|s| by_cell.get(&s)).copied().filter(|&d| !full(&out[d])) {
                Some(d) => {
                    out[d].sites.push(id);
                    out[d].racks += racks;
                }
                None => {
                    if let Some(slot) = slot {
                        by_cell.insert(slot, out.len());
                    }
                    out.push(Demand {
                        at: site.at,
                        sites: vec![id],
                        workload,
                        racks,
                        hall: w.hall,
                        max_rtt_ms,
                        latency_value: w.latency_value,
                        transport_us: budget_us(max_rtt_ms),
                    });
                }
            }
        }
    }
    for d in &mut out {
        let far_m = d.sites.iter().map(|s| sphere_m(inputs.sites.list[s.at()].at, d.at)).fold(0.0, f64::max);
        d.transport_us -= line_us(far_m * settings.latency.detour, &settings.latency);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::kinds::{FirmSize, ServiceClass};
    use crate::model::records::Site;

    fn settings() -> Settings {
        Settings::with(&toml::Table::new()).unwrap()
    }

    fn inputs(n: usize) -> Inputs {
        let mut inputs = Inputs::default();
        for i in 0..n {
            let id = inputs.sites.text.push(&format!("s{i}"));
            let at = LonLat::wrapped(118.0 + (i % 10) as f64 * 1e-3, 32.0);
            let mut site = Site::at(id, Default::default(), at);
            site.service = Some(ServiceClass::Robots);
            site.firm_size = (i == 0).then_some(FirmSize::Large);
            inputs.sites.list.push(site);
        }
        inputs
    }

    #[test]
    fn workloads_share_the_racks_by_hand() {
        let (inputs, s) = (inputs(2), settings());
        let all = demands(&inputs, &[SiteId(0), SiteId(1)], 1.0, &s);
        // Four workloads (archive, business, realtime, training) of two sites.
        assert_eq!(all.len(), 8);
        let of = |name: &str| {
            let w = s.datacenter.workload.keys().position(|k| k == name).unwrap() as u16;
            all.iter().filter(move |d| d.workload == w).collect::<Vec<_>>()
        };
        let realtime = of("realtime");
        // A large firm asks for 5 times 0.02 racks, 0.3 of it in real time; one of unknown size for a fifth.
        assert!((realtime[0].racks - 0.02 * 5.0 * 0.3).abs() < 1e-12);
        assert!((realtime[1].racks - 0.02 * 0.3).abs() < 1e-12);
        // Robots: 20 ms there and back, less 8 + 1 + 2 ms beside the transport; half of that one way.
        assert!((realtime[0].transport_us - 4500.0).abs() < 1e-9 && realtime[0].max_rtt_ms == 20.0);
        assert_eq!(of("training")[0].hall, HallKind::Ai);
    }

    #[test]
    fn many_sites_are_gathered_and_none_is_lost() {
        let (inputs, s) = (inputs(5000), settings());
        let sites: Vec<SiteId> = (0..5000).map(SiteId).collect();
        let all = demands(&inputs, &sites, 2.0, &s);
        assert!(all.len() < 200, "{}", all.len());
        for w in 0..4u16 {
            let mine: Vec<&Demand> = all.iter().filter(|d| d.workload == w).collect();
            assert_eq!(mine.iter().map(|d| d.sites.len()).sum::<usize>(), 5000);
            assert!(mine.iter().all(|d| d.racks <= 2.0 + 1e-9));
        }
        // What is gathered loses the time to its farthest site.
        assert!(all.iter().any(|d| d.transport_us < 4500.0 && d.max_rtt_ms == 20.0));
    }
}
