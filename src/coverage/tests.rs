//! The whole assessment on made-up areas.

use super::*;
use crate::model::settings::Settings;
use crate::synth;

fn settings() -> Settings {
    Settings::with(&toml::Table::new()).unwrap()
}

#[test]
fn demo_area_adds_up() {
    let inputs = synth::demo();
    let a = assess(&inputs, &settings(), &NoRoads);
    assert_eq!(a.sites.len(), inputs.sites.list.len());
    assert_eq!(a.at_network.len(), a.sites.len() * a.networks.len());
    let fact = |code: &str| a.facts.iter().find(|f| f.code == code).map(|f| f.value);
    assert_eq!(fact("cells_counted"), fact("nr_cells"));
    for s in a.sites.iter().filter(|s| s.scored) {
        if let Some(total) = s.score.total.get() {
            assert_eq!(total, f64::from(s.score.terms(&a.weights).iter().map(|t| t.points).sum::<f32>()));
            assert!(s.score.low.or(0.0) <= total + 1e-3 && total <= s.score.high.or(100.0) + 1e-3, "{s:?}");
        }
    }
    let all = &a.kpis[0];
    assert_eq!(all.gaps as usize, a.gaps.len());
    assert_eq!(all.scored + all.unknown, fact("sites_scored").unwrap());
    assert!(a.gaps.windows(2).all(|w| w[0].priority >= w[1].priority));
}
