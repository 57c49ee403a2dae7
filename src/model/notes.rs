//! What a reader must be told beside the numbers: assumptions, missing layers, refusals.

use serde::Serialize;

/// A remark with a stable code, in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// Stable code, such as `N003`.
    pub code: &'static str,
    /// English.
    pub en: String,
    /// Chinese.
    pub zh: String,
}

impl Note {
    /// A remark.
    #[must_use]
    pub fn new(code: &'static str, en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self { code, en: en.into(), zh: zh.into() }
    }

    /// The text in a language.
    #[must_use]
    pub fn text(&self, lang: super::kinds::Lang) -> &str {
        match lang {
            super::kinds::Lang::En => &self.en,
            super::kinds::Lang::Zh => &self.zh,
        }
    }
}
