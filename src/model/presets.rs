//! Targets of a plan of policy: dated, each figure with its source and how far it can be trusted.
//!
//! The shipped ones stand in `data/presets`, one TOML file each; a user's own file has the same form.

use super::catalogue::Trust;
use super::kinds::DcTier;
use super::said::{Bilingual, Said};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The shipped presets: name and text.
const SHIPPED: [(&str, &str); 5] = [
    ("set-sail-2027", include_str!("../../data/presets/set-sail-2027.toml")),
    ("512-upgrade-2027", include_str!("../../data/presets/512-upgrade-2027.toml")),
    ("gigabit-city-2023", include_str!("../../data/presets/gigabit-city-2023.toml")),
    ("computing-power-2025", include_str!("../../data/presets/computing-power-2025.toml")),
    ("east-data-west-compute", include_str!("../../data/presets/east-data-west-compute.toml")),
];

/// What is measured against a target. Shares are in percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Reported 5G stations per 10,000 residents.
    #[serde(rename = "stations_per_10k")]
    StationsPer10k,
    /// Large and medium firms that use 5G, of those where it is known.
    #[serde(rename = "firms_using_5g")]
    FirmsUsing5g,
    /// Factories in the ministry's directory of 5G factories.
    DirectoryFactories,
    /// Data centers of tier edge.
    EdgeNodes,
    /// Racks in use, of those of halls that tell.
    RackUse,
    /// PUE of the halls that tell, mean weighted by racks.
    PueMean,
    /// Scored sites at or above the target score.
    SitesOnTarget,
    /// Sites with fiber in the building or near.
    SitesFiber,
    /// Sites with outdoor 5G.
    SitesOutdoor,
    /// Nothing that a layer holds.
    Other,
}

/// How a value meets a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetRule {
    /// At least.
    Min,
    /// More than.
    Above,
    /// At most.
    Max,
}

impl TargetRule {
    /// Whether a value meets a target.
    #[must_use]
    pub fn met(self, value: f64, target: f64) -> bool {
        match self {
            Self::Min => value >= target,
            Self::Above => value > target,
            Self::Max => value <= target,
        }
    }

    /// As written before a number.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Min => "≥",
            Self::Above => ">",
            Self::Max => "≤",
        }
    }
}

/// For whom a target holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Each region.
    Region,
    /// The country; no split over regions is given, and none is made up.
    Nation,
}

/// One target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// What is measured.
    pub metric: Metric,
    /// The figure; shares in percent.
    pub value: f64,
    /// How it is met.
    pub rule: TargetRule,
    /// For whom.
    pub scope: Scope,
    /// How far the figure can be trusted.
    pub trust: Trust,
    /// Where it comes from.
    pub source: String,
    /// What it is, in English.
    pub en: String,
    /// What it is, in Chinese.
    pub zh: String,
    /// What would answer it, where no layer does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs: Option<String>,
    /// The same in Chinese.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs_zh: Option<String>,
    /// Of data centers those of this tier alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<DcTier>,
    /// Figures of single regions, by adcode; they hold for the regions below them, too.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub region: BTreeMap<String, f64>,
}

/// A set of targets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// Short name.
    pub name: String,
    /// Title in English.
    pub en: String,
    /// Title in Chinese.
    pub zh: String,
    /// When the figures were collected (ISO year and month).
    pub collected: String,
    /// When they are to be met (ISO date).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<String>,
    /// The targets.
    #[serde(rename = "target")]
    pub targets: Vec<Target>,
}

/// Why a preset can't be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PresetError {
    /// Not TOML, or not of this form.
    #[error("{}", .0.en)]
    Form(Said),
    /// A figure is no target.
    #[error("target {number}: {}", what.en)]
    Figure {
        /// Which, from one.
        number: usize,
        /// What is wrong.
        what: Said,
    },
}

impl Bilingual for PresetError {
    fn zh(&self) -> String {
        match self {
            Self::Form(what) => what.zh.clone(),
            Self::Figure { number, what } => format!("第 {number} 项目标：{}", what.zh),
        }
    }
}

impl Preset {
    /// Reads a preset.
    ///
    /// # Errors
    /// [`PresetError`].
    pub fn parse(text: &str) -> Result<Self, PresetError> {
        let preset: Preset = toml::from_str(text).map_err(|e| PresetError::Form(Said::foreign(&e)))?;
        if preset.targets.is_empty() {
            return Err(PresetError::Form(("there is no [[target]]", "没有 [[target]]").into()));
        }
        if preset.due.as_deref().is_some_and(|d| days(d).is_none()) {
            return Err(PresetError::Form(
                ("due is a date such as 2027-12-31", "due 应为日期，如 2027-12-31").into(),
            ));
        }
        for (i, t) in preset.targets.iter().enumerate() {
            let fault = |en: &str, zh: &str| PresetError::Figure { number: i + 1, what: (en, zh).into() };
            let mut figures = t.region.values().chain([&t.value]);
            if !figures.all(|v| v.is_finite() && *v >= 0.0) {
                return Err(fault("a figure is a number from 0", "数值应为不小于 0 的数字"));
            }
            if t.metric == Metric::Other && t.needs.is_none() {
                return Err(fault(
                    "metric = \"other\" says in `needs` what would answer it",
                    "metric = \"other\" 须在 `needs` 中说明所需数据",
                ));
            }
            if preset.targets[..i].iter().any(|o| o.metric == t.metric && t.metric != Metric::Other) {
                return Err(fault("its metric has a target already", "该指标已有目标"));
            }
        }
        Ok(preset)
    }

    /// A shipped preset.
    #[must_use]
    pub fn shipped(name: &str) -> Option<Self> {
        let (_, text) = SHIPPED.iter().find(|(n, _)| *n == name)?;
        Self::parse(text).ok()
    }

    /// Names of the shipped presets.
    pub fn names() -> impl Iterator<Item = &'static str> {
        SHIPPED.iter().map(|(n, _)| *n)
    }

    /// The year in which it is due.
    #[must_use]
    pub fn due_year(&self) -> Option<&str> {
        self.due.as_deref().and_then(|d| d.get(..4))
    }
}

/// Days since 1970-01-01 of an ISO date (proleptic Gregorian).
#[must_use]
pub fn days(iso: &str) -> Option<i64> {
    let mut parts = iso.split('-').map(|p| p.parse::<i64>().ok());
    let (y, m, d) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() || !(1..=12).contains(&m) || !(1..=31).contains(&d) {
        return None;
    }
    // Years begin in March, so that the leap day stands last.
    let (y, m) = if m > 2 { (y, m - 3) } else { (y - 1, m + 9) };
    let of_year = (153 * m + 2) / 5 + d - 1;
    Some(365 * y + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400) + of_year - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_presets_are_sound() {
        for name in Preset::names() {
            let text = SHIPPED.iter().find(|(n, _)| *n == name).unwrap().1;
            let p = Preset::parse(text).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(p.name, name);
            assert!(p.targets.iter().all(|t| !t.source.is_empty()), "{name}");
        }
        assert!(Preset::shipped("none").is_none());
    }

    #[test]
    fn faults_are_told() {
        let head = "name='x'\nen='x'\nzh='x'\ncollected='2026-11'\n";
        let target = |more: &str| {
            format!(
                "{head}[[target]]\nrule='min'\nscope='region'\ntrust='A'\nsource='s'\nen='e'\nzh='z'\n{more}"
            )
        };
        let fault = |text: &str| Preset::parse(text).unwrap_err().to_string();
        assert!(fault("name = 1").contains("invalid type"));
        assert!(fault(&target("metric='speed'\nvalue=1.0")).contains("unknown variant `speed`"));
        assert!(fault(&target("metric='other'\nvalue=1.0")).contains("needs"));
        assert!(fault(&target("metric='rack_use'\nvalue=-1.0")).contains("target 1: a figure"));
        assert!(fault(&target("metric='rack_use'\nvalue=1.0\nspeed=2")).contains("unknown field"));
        assert!(Preset::parse(&target("metric='rack_use'\nvalue=1.0")).is_ok());
    }

    #[test]
    fn days_count_leap_years() {
        for (iso, n) in
            [("1970-01-01", 0), ("2000-03-01", 11_017), ("2026-09-30", 20_726), ("1969-12-31", -1)]
        {
            assert_eq!(days(iso), Some(n), "{iso}");
        }
        assert_eq!(days("2026-13-01"), None);
        assert_eq!(days("soon"), None);
    }
}
