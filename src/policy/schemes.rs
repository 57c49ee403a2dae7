//! The three schemes that call a plant a 5G factory. They are kept apart: a grade of one says nothing
//! about another.

use serde::Serialize;

/// A scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// The ministry's directory of 5G factories: application, local recommendation, expert review.
    Directory,
    /// The association standard T/CCIASC 0025—2024: four groups, three grades, thresholds not public.
    Association,
    /// A star certification.
    Star,
}

impl Scheme {
    /// Every scheme.
    pub const ALL: [Scheme; 3] = [Scheme::Directory, Scheme::Association, Scheme::Star];

    /// The scheme that a `factory_scheme` names, where it is one of the three.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let t: String = text.to_lowercase().chars().filter(|c| !c.is_whitespace()).collect();
        let has = |words: &[&str]| words.iter().any(|w| t.contains(w));
        // In this order: a directory of starred factories is a star scheme.
        if has(&["星级", "star"]) {
            Some(Self::Star)
        } else if has(&["cciasc", "0025", "association", "团体标准", "协会"]) {
            Some(Self::Association)
        } else if has(&["名录", "directory", "miit", "工信部", "全连接"]) {
            Some(Self::Directory)
        } else {
            None
        }
    }

    /// Whether it is the ministry's directory.
    #[must_use]
    pub const fn is_directory(self) -> bool {
        matches!(self, Self::Directory)
    }

    /// Name in files.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Directory => "directory",
            Self::Association => "association",
            Self::Star => "star",
        }
    }

    /// Name for people, English and Chinese.
    #[must_use]
    pub const fn label(self) -> (&'static str, &'static str) {
        match self {
            Self::Directory => ("the ministry's 5G factory directory", "工信部5G工厂名录"),
            Self::Association => ("association standard T/CCIASC 0025—2024", "团体标准 T/CCIASC 0025—2024"),
            Self::Star => ("star certification", "星级认证"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_are_told_apart() {
        for (text, scheme) in [
            ("5G工厂名录", Some(Scheme::Directory)),
            ("MIIT directory 2024", Some(Scheme::Directory)),
            ("T/CCIASC 0025—2024", Some(Scheme::Association)),
            ("团体标准", Some(Scheme::Association)),
            ("五星级 5G 工厂", Some(Scheme::Star)),
            ("省级示范", None),
        ] {
            assert_eq!(Scheme::parse(text), scheme, "{text}");
        }
    }
}
