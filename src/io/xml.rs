//! What the XML readers share.

use crate::model::said::Said;
use quick_xml::XmlVersion;
use quick_xml::events::BytesStart;

/// A reference to an entity that isn't XML's own.
pub(super) const UNKNOWN_ENTITY: (&str, &str) = ("an unknown entity", "未知的实体");

/// Another root than the format's.
pub(super) fn not_root(found: &str, root: &str) -> Said {
    (format!("<{found}> where the file has <{root}>"), format!("此处应为 <{root}>，实际为 <{found}>")).into()
}

/// The end of a file that isn't the end of its root.
pub(super) fn cut_off(root: &str) -> Said {
    (format!("the file ends before </{root}>"), format!("文件在 </{root}> 之前结束")).into()
}

/// An attribute's value with its entities resolved, or what is wrong with it.
pub(super) fn attribute(start: &BytesStart, name: &str) -> Result<Option<String>, String> {
    let found = start.try_get_attribute(name).map_err(|e| e.to_string())?;
    let value = found.map(|a| a.normalized_value(XmlVersion::Implicit1_0).map(|v| v.into_owned()));
    value.transpose().map_err(|e| e.to_string())
}

/// The same where it must be there.
pub(super) fn required(start: &BytesStart, name: &str) -> Result<String, String> {
    attribute(start, name)?.ok_or_else(|| format!("<{}> without '{name}'", start.name().0))
}
