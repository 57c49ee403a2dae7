//! What a plan costs year by year: capex, running costs, and both at present value. Every rate and term is a
//! setting (`plan.discount_rate`, `plan.years`, `plan.start`).
//!
//! Capex of phase *p* is paid at the beginning of year *p*, running costs of what then stands at the end of
//! that year and of every later one up to `plan.years` (or the last phase, where that is later):
//! PV = Σₚ Cₚ (1 + r)^(1−p) + Σₜ Oₜ (1 + r)^−t.

use crate::model::planned::Item;
use crate::model::settings::PlanSettings;
use serde::Serialize;

/// One year.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Year {
    /// Year of the plan, from one.
    pub year: u32,
    /// Calendar year, where `plan.start` is a date.
    pub calendar: Option<i32>,
    /// Paid for building at its beginning, yuan.
    pub capex_cny: f64,
    /// Running costs at its end, yuan.
    pub opex_cny: f64,
    /// Both at present value, yuan.
    pub present_cny: f64,
}

/// All years together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CashFlow {
    /// Year by year.
    pub years: Vec<Year>,
    /// Discount rate, share a year.
    pub rate: f64,
    /// Capex, yuan.
    pub capex_cny: f64,
    /// Running costs over all years, yuan.
    pub opex_cny: f64,
    /// Present value of all costs, yuan.
    pub present_cny: f64,
}

impl CashFlow {
    /// Total cost of ownership: capex and running costs, not discounted, yuan.
    #[must_use]
    pub fn tco_cny(&self) -> f64 {
        self.capex_cny + self.opex_cny
    }

    /// What each of so many sites costs at present value, yuan; none without sites.
    #[must_use]
    pub fn each_cny(&self, sites: u64) -> Option<f64> {
        (sites > 0).then(|| self.present_cny / sites as f64)
    }
}

/// The calendar year of a year of the plan.
#[must_use]
pub fn calendar(start: &str, year: u32) -> Option<i32> {
    let first: i32 = start.get(..4)?.parse().ok()?;
    first.checked_add(i32::try_from(year.saturating_sub(1)).ok()?)
}

/// What the items cost year by year.
#[must_use]
pub fn cash_flow(items: &[Item], plan: &PlanSettings) -> CashFlow {
    let last = items.iter().map(|i| i.phase).max().unwrap_or(1);
    let grown = 1.0 + plan.discount_rate;
    let (mut standing_cny, mut flow) = (
        0.0,
        CashFlow {
            years: Vec::new(),
            rate: plan.discount_rate,
            capex_cny: 0.0,
            opex_cny: 0.0,
            present_cny: 0.0,
        },
    );
    for year in 1..=plan.years.max(last) {
        // What has no phase is there from the beginning.
        let of_year = || items.iter().filter(|i| i.phase.max(1) == year);
        let capex_cny: f64 = of_year().map(|i| i.capex_cny).sum();
        standing_cny += of_year().map(|i| i.opex_cny_yr).sum::<f64>();
        let present_cny = capex_cny * grown.powi(1 - year as i32) + standing_cny * grown.powi(-(year as i32));
        flow.years.push(Year {
            year,
            calendar: calendar(&plan.start, year),
            capex_cny,
            opex_cny: standing_cny,
            present_cny,
        });
        flow.capex_cny += capex_cny;
        flow.opex_cny += standing_cny;
        flow.present_cny += present_cny;
    }
    flow
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::planned::ItemKind;
    use crate::model::settings::Settings;
    use proptest::prelude::*;

    fn item(phase: u32, capex_cny: f64, opex_cny_yr: f64) -> Item {
        let (city, payer) = (String::new(), String::new());
        Item {
            kind: ItemKind::Station,
            city,
            payer,
            phase,
            quantity: 1.0,
            unit: "pcs",
            capex_cny,
            opex_cny_yr,
        }
    }

    fn settings(years: u32, rate: f64) -> PlanSettings {
        let text = format!("[plan]\nyears = {years}\ndiscount_rate = {rate:?}\nstart = \"2027-01-01\"");
        Settings::with(&text.parse().unwrap()).unwrap().plan
    }

    #[test]
    fn three_years_by_hand() {
        let flow = cash_flow(&[item(1, 1000.0, 100.0), item(2, 500.0, 50.0)], &settings(3, 0.1));
        let year = |k: usize| (flow.years[k].calendar, flow.years[k].capex_cny, flow.years[k].opex_cny);
        assert_eq!(year(0), (Some(2027), 1000.0, 100.0));
        assert_eq!(year(1), (Some(2028), 500.0, 150.0));
        assert_eq!(year(2), (Some(2029), 0.0, 150.0));
        // 1000 + 100/1.1 = 1090.909…; 500/1.1 + 150/1.21 = 578.512…; 150/1.331 = 112.697…
        for (k, by_hand) in [1_090.909_090_909, 578.512_396_694, 112.697_220_135].into_iter().enumerate() {
            assert!((flow.years[k].present_cny - by_hand).abs() < 1e-8, "{:?}", flow.years[k]);
        }
        assert!((flow.present_cny - 1_782.118_707_738).abs() < 1e-8);
        assert_eq!((flow.capex_cny, flow.opex_cny, flow.tco_cny()), (1500.0, 400.0, 1900.0));
        assert!((flow.each_cny(2).unwrap() - 891.059_353_869).abs() < 1e-8 && flow.each_cny(0).is_none());
    }

    #[test]
    fn a_late_phase_lengthens_the_term_and_a_bad_date_has_no_calendar() {
        let flow = cash_flow(&[item(4, 10.0, 1.0)], &settings(2, 0.0));
        assert_eq!((flow.years.len(), flow.present_cny), (4, 11.0));
        assert_eq!((calendar("soon", 1), calendar("2027-05-01", 3)), (None, Some(2029)));
        assert!(cash_flow(&[], &settings(2, 0.06)).present_cny == 0.0);
    }

    proptest! {
        #[test]
        fn one_phase_is_capex_and_an_annuity(capex in 0.0..1e9f64, opex in 0.0..1e8f64, years in 1u32..50, rate in 0.0..0.5f64) {
            let s = settings(years, rate);
            let flow = cash_flow(&[item(1, capex, opex)], &s);
            let wanted = capex + opex * s.annuity(years);
            prop_assert!((flow.present_cny - wanted).abs() <= 1e-9 * wanted.max(1.0));
            prop_assert!(flow.present_cny <= flow.tco_cny() * (1.0 + 1e-12));
        }
    }
}
