//! Messages in both languages: made where something goes wrong, chosen where they are printed.

use super::kinds::Lang;
use crate::geom::LonLatError;
use std::fmt::Display;
use std::io::{Error, ErrorKind};

/// A message in English and Chinese.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// In English.
    pub en: String,
    /// In Chinese.
    pub zh: String,
}

impl Said {
    /// In a language.
    #[must_use]
    pub fn text(&self, lang: Lang) -> &str {
        lang.pick(self.en.as_str(), self.zh.as_str())
    }

    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.en.is_empty()
    }

    /// The same words in both languages: names, paths, what another program said.
    #[must_use]
    pub fn verbatim(text: impl Into<String>) -> Self {
        let en = text.into();
        Self { zh: en.clone(), en }
    }

    /// What another program or library said, which has no Chinese: quoted there.
    #[must_use]
    pub fn foreign(e: &dyn Display) -> Self {
        let en = e.to_string();
        let en = en.trim_end();
        Self { en: en.to_owned(), zh: format!("程序报告（英文）：“{en}”") }
    }

    /// Several messages, each on a line of its own.
    #[must_use]
    pub fn lines<'a, T: Bilingual + 'a>(list: impl IntoIterator<Item = &'a T>) -> Self {
        let (en, zh): (Vec<_>, Vec<_>) = list.into_iter().map(|e| (e.to_string(), e.zh())).unzip();
        Self { en: en.join("\n"), zh: zh.join("\n") }
    }
}

impl<E: Into<String>, Z: Into<String>> From<(E, Z)> for Said {
    fn from((en, zh): (E, Z)) -> Self {
        Self { en: en.into(), zh: zh.into() }
    }
}

impl<T: Bilingual> From<&T> for Said {
    fn from(e: &T) -> Self {
        Self { en: e.to_string(), zh: e.zh() }
    }
}

/// What `Display` says in English, in Chinese too. Every error that reaches a user has it.
pub trait Bilingual: Display {
    /// The message in Chinese.
    fn zh(&self) -> String;
}

impl Bilingual for Error {
    /// Rust and the system speak English; the kinds that users meet have words of ours.
    fn zh(&self) -> String {
        let words = match self.kind() {
            ErrorKind::NotFound => "文件或文件夹不存在",
            ErrorKind::PermissionDenied => "没有访问权限",
            ErrorKind::AlreadyExists => "已存在",
            ErrorKind::IsADirectory => "是文件夹，不是文件",
            ErrorKind::NotADirectory => "不是文件夹",
            ErrorKind::DirectoryNotEmpty => "文件夹不为空",
            ErrorKind::ReadOnlyFilesystem => "文件系统为只读",
            ErrorKind::StorageFull => "磁盘空间不足",
            ErrorKind::QuotaExceeded => "超出磁盘配额",
            ErrorKind::FileTooLarge => "文件过大",
            ErrorKind::ResourceBusy => "文件正被占用",
            ErrorKind::UnexpectedEof => "文件不完整",
            ErrorKind::InvalidFilename => "文件名无效",
            ErrorKind::OutOfMemory => "内存不足",
            _ => return format!("系统报告：{self}"),
        };
        match self.raw_os_error() {
            Some(code) => format!("{words}（系统错误 {code}）"),
            None => words.to_owned(),
        }
    }
}

impl Bilingual for LonLatError {
    fn zh(&self) -> String {
        match self {
            Self::NotFinite { lon, lat } => format!("经度 {lon} / 纬度 {lat} 不是有限数值"),
            Self::OutOfRange { lon, lat } => {
                format!("经度 {lon} / 纬度 {lat} 超出 -180..180 / -90..90")
            }
        }
    }
}

/// `, did you mean X?` in Chinese; nothing without a suggestion.
#[must_use]
pub fn did_you_mean_zh(suggestion: Option<&str>) -> String {
    suggestion.map(|s| format!("，是否应为 `{s}`？")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_two_languages() {
        let said = Said::from(&Error::from(ErrorKind::IsADirectory));
        assert_eq!((said.text(Lang::En), said.text(Lang::Zh)), ("is a directory", "是文件夹，不是文件"));
        let missing = std::fs::read("/no/such/file").unwrap_err();
        assert!(missing.zh().starts_with("文件或文件夹不存在（"), "{}", missing.zh());
        assert_eq!(Said::verbatim("a.csv"), ("a.csv", "a.csv").into());
    }
}
