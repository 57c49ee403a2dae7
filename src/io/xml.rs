//! What the XML readers share.

use quick_xml::XmlVersion;
use quick_xml::events::BytesStart;

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
