//! Cells against the demand of the sites that they serve: a full cell is a gap too.
//!
//! A site's traffic in the busy hour is what its class needs, times the terminals of it that are active at the
//! same time ([`traffic_share`]). Of its data server it takes that over the rate of the whole cell at the site.
//! Shares add up over the sites that have the cell on their best network; where they exceed what the cell's
//! own load leaves free, each site gets the same part of what it asks for, and its rates count that much
//! less. Sites that the fuller cell puts below another network go over to that one; the sums are not made
//! anew.

use super::assess::Assessor;
use super::result::{IndoorCover, NetworkAtSite, Score, SiteResult};
use super::score::{Quality, need, score};
use crate::model::operators::NetworkId;
use crate::model::records::{CellId, Site, SiteId};
use crate::model::settings::{RadioSettings, ServiceNeed};
use crate::model::text::{Known, Part};
use std::collections::BTreeMap;

/// Rates down and up, or shares of them.
type DownUp = [f64; 2];

/// Part of its class's need that a site asks for on average in the busy hour: its terminals, one where their
/// number isn't known, that are active at the same time.
#[must_use]
pub fn traffic_share(site: &Site, radio: &RadioSettings) -> f64 {
    site.terminals_5g.get().unwrap_or(1.0) * radio.busy_share
}

/// The share of its data server that a site takes, down and up; `None` where it doesn't burden a cell that
/// others share, or nothing is known of it.
pub(super) fn burden(
    site: &Site,
    need: &ServiceNeed,
    n: &NetworkAtSite,
    free: f64,
    radio: &RadioSettings,
) -> Option<DownUp> {
    // An indoor system is planned for its own site.
    if n.indoor == IndoorCover::System || free <= 0.0 {
        return None;
    }
    let part = traffic_share(site, radio);
    let share = |need: f64, rate: Known| {
        let rate = rate.get().filter(|r| *r > 0.0)?;
        // More than its own rate a site can't take.
        Some(part * need.min(rate) * free / rate)
    };
    Some([share(need.dl_mbps, n.dl_mbps)?, share(need.ul_mbps, n.ul_mbps)?])
}

/// The part of what is asked of a cell that it can carry.
fn carried(asked: DownUp, free: f64) -> DownUp {
    asked.map(|asked| if asked > free { free / asked } else { 1.0 })
}

/// The qualities of a site whose cell carries only part of what is asked of it.
#[must_use]
pub fn with_served(mut qualities: [Quality; 6], served: [Part; 2]) -> [Quality; 6] {
    let [_, _, down, up, ..] = &mut qualities;
    for (quality, served) in [down, up].into_iter().zip(served) {
        let part = served.get().unwrap_or(1.0);
        *quality = Quality {
            known: quality.known.map(|q| q * part),
            low: quality.low * part,
            high: quality.high * part,
        };
    }
    qualities
}

impl Assessor<'_> {
    /// Adds the demand up by cell and takes from rates and scores what full cells can't carry. Both lists are
    /// those of the assessment, whole.
    pub(super) fn serve_demand(&self, sites: &mut [SiteResult], radio: &mut [NetworkAtSite]) {
        let networks = self.inputs.operators.network_count();
        let settings = &self.settings.radio;
        if !settings.cell_demand || networks == 0 {
            return;
        }
        let free = |cell: CellId| {
            let cell = self.inputs.cells.list.get(cell.at())?;
            Some(1.0 - (cell.load_pct.get().unwrap_or(settings.default_load_pct) / 100.0).clamp(0.0, 1.0))
        };
        let asked_by = |site: &Site, n: &NetworkAtSite| {
            let cell = n.data_server?;
            Some((cell, burden(site, &need(site, self.settings), n, free(cell)?, settings)?))
        };
        let list = &self.inputs.sites.list;
        let mut asked: BTreeMap<CellId, DownUp> = BTreeMap::new();
        for ((site, result), of_site) in list.iter().zip(sites.iter()).zip(radio.chunks(networks)) {
            let best = result.best_network.and_then(|b| of_site.get(usize::from(b.0)));
            let Some((cell, share)) = best.and_then(|n| asked_by(site, n)) else { continue };
            let sum = asked.entry(cell).or_insert([0.0; 2]);
            *sum = [sum[0] + share[0], sum[1] + share[1]];
        }
        let full: BTreeMap<CellId, DownUp> = asked
            .into_iter()
            .filter(|(c, sum)| free(*c).is_some_and(|f| sum.iter().any(|s| *s > f)))
            .collect();
        if full.is_empty() {
            return;
        }
        for (i, site) in (0u32..).zip(list) {
            let id = SiteId(i);
            let (Some(result), Some(of_site)) =
                (sites.get_mut(id.at()), radio.get_mut(id.at() * networks..(id.at() + 1) * networks))
            else {
                continue;
            };
            let Some(best) = result.best_network else { continue };
            let mut touched = false;
            for (network, n) in (0u16..).zip(of_site.iter_mut()) {
                let Some((cell, own)) = asked_by(site, n) else { continue };
                let Some(sum) = full.get(&cell) else { continue };
                // Where the site isn't counted yet, it would come on top.
                let own = if network == best.0 { [0.0; 2] } else { own };
                let parts = carried([sum[0] + own[0], sum[1] + own[1]], free(cell).unwrap_or(0.0));
                n.served = parts.map(Part::new);
                touched = true;
            }
            if touched {
                self.score_served(id, site, result, of_site);
            }
        }
    }

    /// Scores a site anew by what its cells can carry.
    fn score_served(&self, id: SiteId, site: &Site, result: &mut SiteResult, of_site: &mut [NetworkAtSite]) {
        let (ground, need) = (self.ground(id, site), need(site, self.settings));
        let mut best: Option<(NetworkId, Score, f64)> = None;
        for (network, n) in (0u16..).zip(of_site.iter_mut()) {
            let qualities = self.qualities(n, &ground, &need);
            let (before, now) =
                (score(&qualities, self.settings), score(&with_served(qualities, n.served), self.settings));
            n.score = now.total;
            let Some(total) = now.total.get() else { continue };
            if best.as_ref().is_none_or(|(_, b, _)| total > b.total.or(0.0)) {
                best = Some((NetworkId(network), now, total - before.total.or(total)));
            }
        }
        let Some((network, mut now, lost)) = best else { return };
        if result.best_network == Some(network) {
            // A range that the position leaves open moves along.
            let moved = |end: Known| Known::from_f64(end.get().map(|v| (v + lost).clamp(0.0, 100.0)));
            now.low = moved(result.score.low);
            now.high = moved(result.score.high);
            // What terrain changed isn't what the demand did.
            result.flat_total = moved(result.flat_total);
        }
        result.best_network = Some(network);
        result.score = now;
    }
}

#[cfg(test)]
mod tests {
    use super::super::{NoRoads, assess};
    use super::*;
    use crate::geom::LonLat;
    use crate::model::inputs::Inputs;
    use crate::model::kinds::{Indoor5g, Rat, ServiceClass};
    use crate::model::records::Cell;
    use crate::model::settings::Settings;
    use crate::model::text::Text;

    /// One cell of 40 % load in the middle of two sites, `terminals` in each.
    fn two_sites(terminals: f32, demand: bool) -> (Inputs, Settings, super::super::Assessment) {
        let mut overrides = toml::Table::new();
        let radio: toml::Table = toml::from_str(&format!("cell_demand = {demand}")).unwrap();
        overrides.insert("radio".into(), radio.into());
        let settings = Settings::with(&overrides).unwrap();
        let mut inputs = Inputs::default();
        let operator = inputs.operators.add("cmcc");
        for (name, lon) in [("a", 118.800), ("b", 118.806)] {
            let id = inputs.sites.text.push(name);
            let mut site = Site::at(id, id, LonLat::wrapped(lon, 32.0));
            site.terminals_5g = Known::new(terminals);
            site.indoor_5g = Some(Indoor5g::None);
            site.service = Some(ServiceClass::Robots);
            site.has_fiber = Some(true);
            inputs.sites.list.push(site);
        }
        let mut cell = Cell::at(Text::NONE, LonLat::wrapped(118.803, 32.0), operator, Rat::Nr);
        cell.load_pct = Known::new(40.0);
        inputs.cells.list.push(cell);
        let found = assess(&inputs, &settings, &NoRoads);
        (inputs, settings, found)
    }

    /// Robots need 10 Mbit/s both ways. With the rate r of the free 60 % of the cell, 100 terminals of which a
    /// tenth is active take 10 · 10 · 0.6 / r of it at each site.
    #[test]
    fn a_full_cell_by_hand() {
        let (_, settings, alone) = two_sites(100.0, false);
        let (_, _, served) = two_sites(100.0, true);
        let n = &alone.at_network[0];
        assert_eq!(n.data_server, Some(CellId::new(0)));
        let (ul, dl) = (n.ul_mbps.or(0.0), n.dl_mbps.or(0.0));
        let share = |rate: f64| 10.0 * 10f64.min(rate) * 0.6 / rate;
        let part = |rate: f64| (0.6 / (2.0 * share(rate))).min(1.0);
        assert!(part(ul) < 0.9, "the uplink must be full for this test: {ul} Mbit/s");
        for n in &served.at_network {
            let [down, up] = n.served;
            assert!((up.get().unwrap_or(1.0) - part(ul)).abs() < 1e-4, "{up:?} {}", part(ul));
            assert!((down.get().unwrap_or(1.0) - part(dl)).abs() < 1e-4, "{down:?} {}", part(dl));
            // Rates of one terminal alone stay what they are.
            assert_eq!((n.ul_mbps.or(0.0), n.dl_mbps.or(0.0)), (ul, dl));
        }
        for (before, after) in alone.sites.iter().zip(&served.sites) {
            let lost = before.score.total.or(0.0) - after.score.total.or(0.0);
            let w = &settings.score.weight;
            let known = 100.0
                / f64::from(after.score.known_share)
                / (w.outdoor_rsrp + w.indoor_rsrp + w.dl_rate + w.ul_rate + w.fiber + w.latency);
            let quality = |rate: f64| (rate / 10.0).min(1.0);
            let want = known
                * (w.ul_rate * quality(ul) * (1.0 - part(ul)) + w.dl_rate * quality(dl) * (1.0 - part(dl)));
            assert!((lost - want).abs() < 1e-2, "{lost} {want}");
        }
    }

    /// More demand never lifts a score, and enough of it makes gaps of sites that had none.
    #[test]
    fn a_full_cell_is_a_gap() {
        let mut last = f64::INFINITY;
        for terminals in [1.0, 100.0, 1000.0, 100_000.0] {
            let (_, _, found) = two_sites(terminals, true);
            let total = found.sites[0].score.total.or(0.0);
            assert!(total <= last + 1e-6, "{terminals} terminals: {total} after {last}");
            last = total;
        }
        let (_, settings, few) = two_sites(1.0, true);
        let (_, _, many) = two_sites(100_000.0, true);
        assert!(few.at_network.iter().all(|n| n.served == [Part::UNKNOWN; 2]));
        assert!(many.gaps.len() > few.gaps.len(), "{} {}", many.gaps.len(), few.gaps.len());
        assert!(many.sites[0].score.total.or(99.0) < settings.score.target);
    }
}
