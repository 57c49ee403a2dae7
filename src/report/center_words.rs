//! Words for the data centers of a plan.

use super::layers::View;
use crate::model::clusters::compute_clusters;
use crate::model::kinds::Lang;
use crate::model::planned::Center;

/// The name of a center in a language. A plan names new ones in Chinese: after a national cluster or a town,
/// each of which has an English name too.
pub(super) fn center_name(v: View, name: &str, place: &str, lang: Lang) -> String {
    let base = place.strip_prefix("RC-").unwrap_or(place);
    let base = base.strip_suffix("-AI").unwrap_or(base);
    let cluster = || compute_clusters().into_iter().find(|c| c.id == base).map(|c| (c.zh, c.en));
    let town = || {
        let town = v.inputs.towns.iter().find(|t| t.name == base)?;
        Some((town.name_zh.clone()?, town.name.clone()))
    };
    let both = if lang == Lang::Zh { None } else { cluster().or_else(town) };
    match both.as_ref().and_then(|(zh, en)| Some((name.strip_prefix(zh.as_str())?, en))) {
        Some((rest, en)) => format!("{en}{rest}"),
        None => name.to_owned(),
    }
}

/// Where the PUE of a center comes from.
pub(super) fn pue_from(v: View, c: &Center) -> (&'static str, &'static str) {
    let given = v.inputs.datacenters.iter().any(|d| d.id == c.id && d.pue.is_some());
    match (c.existing, given) {
        (false, _) => ("as planned", "规划值"),
        (true, true) => ("given", "数据给定"),
        (true, false) => ("assumed", "假设"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::super::redact::Released;
    use super::*;

    #[test]
    fn names_in_both_languages_and_where_a_pue_comes_from() {
        let (mut inputs, settings, plan) = (fixture::inputs(), fixture::settings(""), fixture::plan());
        let cluster = compute_clusters().remove(0);
        let of_plan = format!("{} (某市)", cluster.zh);
        let mut center = plan.centers[0].clone();
        (center.id, center.existing) = ("DC-X".into(), true);
        let mut hall = crate::synth::demo().datacenters[0].clone();
        (hall.id, hall.pue) = ("DC-X".into(), None);
        inputs.datacenters.push(hall);
        let released = Released::plan(&inputs, &settings, &plan);
        let v = released.view();
        assert_eq!(center_name(v, &of_plan, &cluster.id, Lang::Zh), of_plan);
        assert_eq!(center_name(v, &of_plan, &cluster.id, Lang::En), format!("{} (某市)", cluster.en));
        let dense = format!("{}-AI", cluster.id);
        assert_eq!(center_name(v, &of_plan, &dense, Lang::En), format!("{} (某市)", cluster.en));
        assert_eq!(center_name(v, "五老村", "node-7", Lang::En), "五老村");
        assert_eq!(pue_from(v, &center).0, "assumed");
        center.existing = false;
        assert_eq!(pue_from(v, &center).0, "as planned");
    }
}
