//! What-ifs of a subsidy for firms that lift themselves: who may have it, what share of the cost it pays, up
//! to which sum, and what that brings if firms respond as assumed.
//!
//! Uptake is an assumption, in three cases: of the firms that may have it, `policy.uptake.none` lift
//! themselves without a subsidy and `policy.uptake.full` if everything were paid; between them it grows in
//! proportion to the share of the firm's cost that is paid after the cap. What is paid to firms that would
//! have acted anyway counts in full, so that each further plant carries it.

use super::readiness::Plant;
use super::schemes::Scheme;
use crate::model::inputs::Inputs;
use crate::model::kinds::FirmSize;
use crate::model::settings::UptakeSettings;
use serde::Serialize;
use std::str::FromStr;

/// Who may have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Eligible {
    /// Every plant that can be priced.
    All,
    /// Small and micro firms.
    Small,
    /// Large and medium firms.
    Large,
    /// Firms of that digitisation level, as the layer writes it.
    Level(String),
}

/// A subsidy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Offer {
    /// Share of the cost that is paid.
    pub share: f64,
    /// Most that a plant gets, yuan.
    pub cap_cny: Option<f64>,
    /// Who may have it.
    pub who: Eligible,
}

/// Why a text is no subsidy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a subsidy is SHARE[:CAP[:WHO]], such as 0.3:500000:small; WHO is all, small, large or level=NAME")]
pub struct BadOffer;

impl FromStr for Offer {
    type Err = BadOffer;

    fn from_str(text: &str) -> Result<Self, BadOffer> {
        let mut parts = text.splitn(3, ':').map(str::trim);
        let number = |t: &str| t.parse::<f64>().ok().filter(|v| v.is_finite() && *v >= 0.0).ok_or(BadOffer);
        let share = number(parts.next().unwrap_or_default())?;
        if share > 1.0 {
            return Err(BadOffer);
        }
        let cap_cny = match parts.next() {
            None | Some("") => None,
            Some(t) => Some(number(t)?),
        };
        let who = match parts.next() {
            None | Some("all") => Eligible::All,
            Some("small") => Eligible::Small,
            Some("large") => Eligible::Large,
            Some(t) => match t.strip_prefix("level=") {
                Some(level) if !level.is_empty() => Eligible::Level(level.to_owned()),
                _ => return Err(BadOffer),
            },
        };
        Ok(Self { share, cap_cny, who })
    }
}

/// What an offer brings in one case of uptake; counts are expectations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Outcome {
    /// Plants lifted.
    pub lifted: f64,
    /// Of these, that would have been lifted without it.
    pub anyway: f64,
    /// Paid by the public, yuan.
    pub public_cny: f64,
    /// Paid by the firms, yuan.
    pub private_cny: f64,
}

impl Outcome {
    /// Public money for each plant that the subsidy adds; none where it adds none.
    #[must_use]
    pub fn each_cny(&self) -> Option<f64> {
        let added = self.lifted - self.anyway;
        (added > 1e-9).then(|| self.public_cny / added)
    }
}

/// What an offer brings.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Effect {
    /// The offer.
    pub offer: Offer,
    /// Plants that may have it: blocked, priced, nothing unknown.
    pub eligible: u64,
    /// Blocked plants that the rule would take but that have no price, or something unknown.
    pub unpriced: u64,
    /// In the low, middle and high case of uptake.
    pub cases: [Outcome; 3],
}

/// What an offer brings to plants that count for a scheme (`None`: for the network part alone).
#[must_use]
pub fn effect(
    inputs: &Inputs,
    plants: &[Plant],
    scheme: Option<Scheme>,
    offer: &Offer,
    uptake: &UptakeSettings,
) -> Effect {
    let cases = [
        (uptake.none_low, uptake.full_low),
        (uptake.none_mid, uptake.full_mid),
        (uptake.none_high, uptake.full_high),
    ];
    let mut found = Effect { offer: offer.clone(), eligible: 0, unpriced: 0, cases: Default::default() };
    for p in plants.iter().filter(|p| p.is_blocked() && p.counts_for(scheme) && takes(inputs, p, &offer.who))
    {
        let Some(cost) = p.sure_cost_cny() else {
            found.unpriced += 1;
            continue;
        };
        found.eligible += 1;
        let paid = (offer.share * cost).min(offer.cap_cny.unwrap_or(f64::INFINITY));
        let share = if cost > 0.0 { paid / cost } else { 0.0 };
        for (out, (none, full)) in found.cases.iter_mut().zip(cases) {
            let chance = (none + (full - none) * share).clamp(0.0, 1.0);
            out.lifted += chance;
            out.anyway += none.clamp(0.0, 1.0).min(chance);
            out.public_cny += chance * paid;
            out.private_cny += chance * (cost - paid);
        }
    }
    found
}

fn takes(inputs: &Inputs, plant: &Plant, who: &Eligible) -> bool {
    let Some(site) = inputs.sites.list.get(plant.site as usize) else { return false };
    match who {
        Eligible::All => true,
        Eligible::Small => matches!(site.firm_size, Some(FirmSize::Small | FirmSize::Micro)),
        Eligible::Large => matches!(site.firm_size, Some(FirmSize::Large | FirmSize::Medium)),
        Eligible::Level(level) => inputs.sites.text.opt(site.dig_level) == Some(level.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::readiness::State;
    use super::*;
    use crate::geom::LonLat;
    use crate::model::records::Site;
    use proptest::prelude::*;

    const UPTAKE: UptakeSettings = UptakeSettings {
        none_low: 0.0,
        none_mid: 0.1,
        none_high: 0.2,
        full_low: 0.5,
        full_mid: 0.7,
        full_high: 1.0,
    };

    fn inputs(sizes: &[FirmSize]) -> Inputs {
        let mut inputs = Inputs::default();
        for (i, size) in sizes.iter().enumerate() {
            let id = inputs.sites.text.push(&format!("S{i}"));
            let mut site = Site::at(id, id, LonLat::new(118.0, 32.0).unwrap());
            site.firm_size = Some(*size);
            site.dig_level = inputs.sites.text.push(if i == 0 { "1" } else { "3" });
            inputs.sites.list.push(site);
        }
        inputs
    }

    fn plants(costs: &[Option<f64>]) -> Vec<Plant> {
        use State::{Met, Missing};
        (0u32..)
            .zip(costs)
            .map(|(site, cost_cny)| Plant {
                site,
                network: Some(0),
                checks: [Met, Missing, Met, Met, Met, Met],
                cost_cny: *cost_cny,
                answers: Default::default(),
                listed: None,
            })
            .collect()
    }

    #[test]
    fn two_firms_by_hand() {
        let i = inputs(&[FirmSize::Small, FirmSize::Large]);
        let p = plants(&[Some(100_000.0), Some(400_000.0)]);
        let found = effect(&i, &p, None, &"0.5:100000".parse().unwrap(), &UPTAKE);
        // Half of 100,000; of 400,000 the cap, a quarter. Middle case: 0.1 + 0.6 × ½ = 0.4, 0.1 + 0.6 × ¼ = 0.25.
        let mid = found.cases[1];
        assert_eq!((found.eligible, found.unpriced), (2, 0));
        assert!((mid.lifted - 0.65).abs() < 1e-12 && (mid.anyway - 0.2).abs() < 1e-12);
        assert!((mid.public_cny - (0.4 * 50_000.0 + 0.25 * 100_000.0)).abs() < 1e-6);
        assert!((mid.private_cny - (0.4 * 50_000.0 + 0.25 * 300_000.0)).abs() < 1e-6);
        assert!((mid.each_cny().unwrap() - 45_000.0 / 0.45).abs() < 1e-6);
        let small = effect(&i, &p, None, &"0.5::small".parse().unwrap(), &UPTAKE);
        assert_eq!((small.eligible, small.cases[0].lifted), (1, 0.25));
        assert_eq!(effect(&i, &p, None, &"1:1:level=3".parse().unwrap(), &UPTAKE).eligible, 1);
        assert_eq!(effect(&i, &plants(&[None, Some(1.0)]), None, &"1".parse().unwrap(), &UPTAKE).unpriced, 1);
    }

    #[test]
    fn what_is_no_subsidy_is_refused() {
        for text in ["", "x", "1.2", "-0.1", "0.5:x", "0.5:1:nobody", "0.5:1:level="] {
            assert_eq!(text.parse::<Offer>(), Err(BadOffer), "{text}");
        }
    }

    proptest! {
        #[test]
        fn more_never_lifts_fewer_and_the_money_adds_up(costs in proptest::collection::vec(1.0..1e7f64, 1..20), share in 0.0..0.9f64, cap in 0.0..1e6f64) {
            let i = inputs(&vec![FirmSize::Small; costs.len()]);
            let p = plants(&costs.iter().map(|c| Some(*c)).collect::<Vec<_>>());
            let of = |share: f64, cap: Option<f64>| effect(&i, &p, None, &Offer { share, cap_cny: cap, who: Eligible::All }, &UPTAKE);
            let (a, b, none) = (of(share, Some(cap)), of(share + 0.1, Some(cap + 1.0)), of(0.0, None));
            for k in 0..3 {
                prop_assert!(b.cases[k].lifted >= a.cases[k].lifted - 1e-9);
                prop_assert!(a.cases[k].public_cny <= cap * a.cases[k].lifted + 1e-6);
                prop_assert!((none.cases[k].lifted - none.cases[k].anyway).abs() < 1e-9 && none.cases[k].public_cny == 0.0);
            }
        }
    }
}
